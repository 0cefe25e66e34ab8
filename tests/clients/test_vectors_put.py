#!/usr/bin/env -S python3 -m pytest
"""Vectors under the client's own ids, as frameworks store them: put, get, delete, from several sessions at a time."""

import random
import threading

import psycopg
from lib import A, B, ROLE, SOAK, app, drop_role, equal, one, raises, rows, server, test

ADMIN = f"{ROLE}_admin"
ROUNDS = 200 if SOAK else 25


@test
def setup():
    """a space of 6 dimensions, made by an operator"""
    with server() as connection:
        connection.execute(f"CREATE ROLE {ADMIN} LOGIN IN ROLE llmspell_admin")
    with app(role=ADMIN) as connection:
        connection.execute("SELECT llmspell.vector_space_create('six', 6)")


def vector(seed):
    chance = random.Random(seed)
    return "[" + ",".join(f"{chance.gauss(0, 1):.4f}" for _ in range(6)) + "]"


def at_once(count, body):
    """Runs body(n) in so many threads that begin together; their failures."""
    barrier, failures = threading.Barrier(count), []

    def run(n):
        try:
            body(n, barrier)
        except Exception as error:  # noqa: BLE001
            failures.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(failures, [], "failures")


@test
def as_a_vector_store():
    """add with ids, replace, read by ids in order, delete; unknown ids are no error; nothing of another tenant"""
    with app(A) as mine, app(B) as other:
        put = "SELECT text_id, created FROM llmspell.vector_put_many(%s::text[]::vector[], %s, contents => %s, metadatas => %s::jsonb[])"
        equal(rows(mine, put, [[vector(1), vector(2)], ["1", "foo"], ["one", "foo"], ['{"n": 1}', "{}"]]), [("1", True), ("foo", True)])
        equal(rows(mine, put, [[vector(1), vector(3)], ["1", "foo"], ["one", "bar"], ['{"n": 1}', "{}"]]), [("1", False), ("foo", False)])
        equal(one(mine, "SELECT count(*) FROM llmspell.vector_space_six"), 2)
        get = "SELECT text_id, content FROM llmspell.vector_get(text_ids => %s)"
        equal(rows(mine, get, [["foo", "2", "1"]]), [("foo", "bar"), ("1", "one")])
        equal(rows(mine, get, [[]]), [])
        equal(rows(other, get, [["foo", "1"]]), [])
        equal(one(other, "SELECT created FROM llmspell.vector_put(%s::vector, 'foo')", [vector(9)]), True)
        equal(one(mine, "SELECT llmspell.vector_delete(text_ids => %s)", [["foo", "nothing"]]), 1)
        equal(one(other, "SELECT count(*) FROM llmspell.vector_get(text_ids => '{foo}')"), 1)
        equal(rows(mine, "SELECT text_id FROM llmspell.vector_search(%s::vector, 5)", [vector(1)]), [("1",)])
        # Several calls in one transaction: the later sees the earlier, and a rollback takes all back.
        with mine.transaction(force_rollback=True):
            equal(one(mine, "SELECT created FROM llmspell.vector_put(%s::vector, 'x')", [vector(4)]), True)
            equal(one(mine, "SELECT created FROM llmspell.vector_put(%s::vector, 'x')", [vector(5)]), False)
            equal(one(mine, "SELECT llmspell.vector_delete(text_ids => '{x,1}')"), 2)
        equal(rows(mine, "SELECT text_id FROM llmspell.vector_get(text_ids => '{x,1}')"), [("1",)])
    with app() as nobody, raises("42501"):
        nobody.execute("SELECT llmspell.vector_put(%s::vector, 'x')", [vector(1)])


@test
def one_row_for_a_text_id():
    """4 sessions that put the same new text ids at once make one row of each, the ids agree, and one of them made it"""
    made = {}

    def body(_, barrier):
        with app("same") as connection:
            for n in range(ROUNDS):
                barrier.wait()
                found = connection.execute("SELECT id, created FROM llmspell.vector_put(%s::vector, %s)", [vector(n), f"id {n}"]).fetchone()
                made.setdefault(n, []).append(found)

    at_once(4, body)
    for n, found in made.items():
        equal((len({i for i, _ in found}), [c for _, c in found].count(True)), (1, 1), f"id {n}")
    with app("same") as connection:
        equal(one(connection, "SELECT count(*) FROM llmspell.vector_space_six"), ROUNDS)


@test
def never_a_deadlock():
    """batches over the same text ids in random orders, and over disjoint ones several times in a transaction, never deadlock"""
    with server() as operator:
        before = one(operator, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")

    def body(number, _):
        chance = random.Random(number)
        with app("batches") as connection:
            for _ in range(ROUNDS):
                ids = chance.sample(range(20), 10)
                connection.execute("SELECT llmspell.vector_put_many(%s::text[]::vector[], %s, space => 'six')", [[vector(chance.random()) for _ in ids], [f"shared {i}" for i in ids]])
                with connection.transaction():
                    for _ in range(3):
                        own = [f"{number} {i}" for i in chance.sample(range(20), 5)]
                        connection.execute("SELECT llmspell.vector_put_many(%s::text[]::vector[], %s, space => 'six')", [[vector(chance.random()) for _ in own], own])

    at_once(4, body)
    with server() as operator:
        operator.execute("SELECT pg_stat_clear_snapshot()")
        equal(one(operator, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), before)


@test
def all_or_nothing():
    """a batch with one bad row stores nothing, however large, and the session goes on"""
    with app("whole") as connection:
        count = 2000
        vectors, ids = [vector(n) for n in range(count)], [f"row {n}" for n in range(count)]
        with raises("22023"):
            connection.execute("SELECT llmspell.vector_put_many(%s::text[]::vector[], %s)", [vectors[:-1] + ["[0,0,0,0,0,0]"], ids])
        with raises("22023"):
            connection.execute("SELECT llmspell.vector_put_many(%s::text[]::vector[], %s)", [vectors, ids[:-1] + ["row 0"]])
        equal(one(connection, "SELECT count(*) FROM llmspell.vector_space_six"), 0)
        equal(one(connection, "SELECT count(*) FILTER (WHERE created) FROM llmspell.vector_put_many(%s::text[]::vector[], %s)", [vectors, ids]), count)
        equal(one(connection, "SELECT count(*) FILTER (WHERE created) FROM llmspell.vector_put_many(%s::text[]::vector[], %s)", [vectors, ids]), 0)
        equal(one(connection, "SELECT count(*) FROM llmspell.vector_get(text_ids => %s)", [ids]), count)
        equal(one(connection, "SELECT llmspell.vector_delete(text_ids => %s)", [ids]), count)


@test
def small_spaces_are_bounded():
    """sessions that make and fill small spaces at once stay within 8 spaces and 10,000 rows to the row, whatever the isolation level, and never deadlock"""
    made, refused, added = [], [], []

    def make(number, barrier):
        with app("small") as connection:
            barrier.wait()
            for n in range(4):
                try:
                    connection.execute("SELECT llmspell.vector_put(%s::vector, 'first', space => %s)", [vector(n), f"small:{number} {n}"])
                    made.append((number, n))
                except psycopg.Error as error:
                    assert error.sqlstate == "54000", error
                    refused.append((number, n))

    at_once(4, make)
    with app("small") as connection:
        equal((len(made), len(refused)), (8, 8))
        equal(rows(connection, "SELECT count(*), count(DISTINCT number), max(number) FROM llmspell.vector_small_spaces"), [(8, 8, 8)])
        name = "small:{} {}".format(*made[0])
        connection.execute("SELECT count(*) FROM llmspell.vector_put_many((SELECT array_agg(ARRAY[n, 1, 1, 1, 1, 1]::real[]::vector) FROM generate_series(1, 9899) AS n), space => %s)", [name])

    def fill(number, barrier):
        with app("small") as connection:
            connection.execute(f"SET default_transaction_isolation = '{('read committed', 'repeatable read')[number % 2]}'")
            barrier.wait()
            full = 0
            while full < 3:
                try:
                    with connection.transaction():
                        for _ in range(3):
                            connection.execute("SELECT llmspell.vector_add(%s::vector, space => %s)", [vector(number), name])
                    added.append(3)
                except psycopg.Error as error:
                    assert error.sqlstate in ("54000", "40001"), error
                    full += error.sqlstate == "54000"

    at_once(4, fill)
    with app("small") as connection:
        equal(one(connection, "SELECT row_count FROM llmspell.vector_stats() WHERE space = %s", [name]), 9900 + sum(added))
        assert 9998 <= 9900 + sum(added) <= 10000, sum(added)

    # Several spaces in opposite orders, each transaction with other calls beside.
    def cross(number, _):
        with app("small") as connection:
            names = ["small:{} {}".format(*made[n]) for n in (1, 2, 3)]
            for n in range(ROUNDS):
                with connection.transaction():
                    for space in names if number % 2 else reversed(names):
                        connection.execute("SELECT llmspell.vector_put(%s::vector, %s, space => %s)", [vector(n), f"{number} {n}", space])
                        connection.execute("SELECT llmspell.kv_set(%s, 'x')", [f"{number} {n}"])

    at_once(4, cross)
    with app("stranger") as other:
        equal(rows(other, "SELECT * FROM llmspell.vector_search(%s::vector, space => %s)", [vector(1), name]), [])
        equal(rows(other, "SELECT * FROM llmspell.vector_small_spaces"), [])


@test
def many_queries():
    """50 queries in one call give what 50 calls give, also in a small space, in a READ ONLY transaction"""
    with app("whole") as connection:
        for space in ("six", "small:six"):
            connection.execute("SELECT llmspell.vector_put_many(%s::text[]::vector[], %s, space => %s)", [[vector(n) for n in range(300)], [str(n) for n in range(300)], space])
            with connection.transaction():
                connection.execute("SET TRANSACTION READ ONLY")
                queries = [vector(1000 + n) for n in range(50)]
                many = rows(connection, "SELECT query_number, text_id, distance FROM llmspell.vector_search_many(%s::text[]::vector[], 7, space => %s)", [queries, space])
                single = [(n, *row) for n, query in enumerate(queries, 1)
                          for row in rows(connection, "SELECT text_id, distance FROM llmspell.vector_search(%s::vector, 7, space => %s)", [query, space])]
                equal(many, single)


@test
def read_only():
    """reading by ids works in a READ ONLY transaction"""
    with app(A) as connection, connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        equal(rows(connection, "SELECT text_id FROM llmspell.vector_get(text_ids => '{1}')"), [("1",)])
        with raises("25006"), connection.transaction():
            connection.execute("SELECT llmspell.vector_put(%s::vector, '1')", [vector(8)])


@test
def clean_up():
    """the role of the test is gone"""
    drop_role(ADMIN)
