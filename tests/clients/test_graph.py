#!/usr/bin/env -S python3 -m pytest
"""The graph from outside, over TCP, as a login role of llmspell_app: many writers, walks of any shape, a standby."""

import random
import threading
import time
import uuid

import psycopg
from psycopg.types.json import Jsonb
from lib import A, B, SOAK, app, equal, hot_standby, one, raises, rows, server, test

CLIENTS, PATCHES, KEYS = 8, 40, 3
PATCH = "SELECT closed, added FROM llmspell.entity_patch(%s, %s, %s, %s)"


def ident(n):
    return uuid.UUID(int=n)


def clear(connection):
    for table in ("entities", "relationships", "entity_erasures"):
        connection.execute(f"DELETE FROM llmspell.{table}")


def day(n):
    return f"2026-{1 + n // 28:02}-{1 + n % 28:02} 00:00:00+00"


def together(jobs):
    """Runs the jobs at once; what went wrong in any of them is raised."""
    errors, gate = [], threading.Barrier(len(jobs))

    def guarded(job):
        gate.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def sound(connection, table="entities", key="entity_id"):
    """No overlap on both axes, nothing that says two things, times that rise."""
    equal(rows(connection, "SELECT * FROM llmspell.graph_check()"), [])
    equal(one(connection, f"SELECT count(*) FROM llmspell.{table} WHERE transaction_time_start >= transaction_time_end OR valid_time_start >= valid_time_end"), 0)
    equal(one(connection, f"""SELECT count(*) FROM llmspell.{table} a JOIN llmspell.{table} b USING (tenant_id, {key})
        WHERE a.ctid <> b.ctid AND a.valid_time_start < b.valid_time_end AND b.valid_time_start < a.valid_time_end
          AND a.transaction_time_start < b.transaction_time_end AND b.transaction_time_start < a.transaction_time_end"""), 0)


@test
def nobody_loses_a_patch():
    """8 clients, 40 patches each on 3 keys, READ COMMITTED: every one is applied, no hole, no overlap"""
    with app(A) as connection:
        clear(connection)
        for key in range(KEYS):
            connection.execute("SELECT llmspell.entity_put(%s, 't', 'n', '{}', %s)", [ident(key), day(0)])

    def client(number):
        def run():
            chance = random.Random(number)
            with app(A) as own:
                for n in range(PATCHES):
                    start, end = sorted(chance.sample(range(1, 300), 2))
                    closed, _ = own.execute(PATCH, [ident(n % KEYS), Jsonb({f"c{number}n{n}": [start, end]}), day(start), day(end)]).fetchone()
                    assert closed >= 1, "a patch found nothing"
        return run

    together([client(n) for n in range(CLIENTS)])
    with app(A) as connection:
        sound(connection)
        applied = 0
        for number in range(CLIENTS):
            chance = random.Random(number)
            for n in range(PATCHES):
                start, end = sorted(chance.sample(range(1, 300), 2))
                name = f"c{number}n{n}"
                found = rows(connection, """SELECT min(valid_from) = %s AND max(valid_to) = %s AND range_agg(tstzrange(valid_from, valid_to)) = tstzmultirange(tstzrange(%s, %s))
                    FROM llmspell.entity_timeline(%s) WHERE properties ->> %s IS NOT NULL""", [day(start), day(end), day(start), day(end), ident(n % KEYS), name])
                applied += found == [(True,)]
        equal(applied, CLIENTS * PATCHES)
        equal(rows(connection, "SELECT id FROM unnest(%s::uuid[]) AS id WHERE (SELECT count(*) FROM llmspell.entity_timeline(id, include_gaps => true) t WHERE t.name IS NULL) <> 1",
                   [[ident(key) for key in range(KEYS)]]), [], "holes")


@test
def a_kept_snapshot_is_told():
    """the same under REPEATABLE READ: 40001 or 23P01 and nothing else, and what was acknowledged is there"""
    with app(A) as connection:
        clear(connection)
        for key in range(KEYS):
            connection.execute("SELECT llmspell.entity_put(%s, 't', 'n', '{}', %s)", [ident(key), day(0)])
    done, refused = [], []

    def client(number):
        def run():
            with app(A) as own:
                own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                for n in range(10 if not SOAK else PATCHES):
                    try:
                        with own.transaction():
                            own.execute("SELECT 1")
                            time.sleep(0.001)
                            own.execute(PATCH, [ident(n % KEYS), Jsonb({f"c{number}n{n}": 1}), day(number * 10), day(number * 10 + 30)])
                        done.append((n % KEYS, f"c{number}n{n}"))
                    except psycopg.Error as error:
                        refused.append(error.sqlstate)
        return run

    together([client(n) for n in range(CLIENTS)])
    assert set(refused) <= {"40001", "23P01"}, set(refused)
    assert refused and done, f"{len(done)} done, {len(refused)} refused"
    with app(A) as connection:
        sound(connection)
        for key, name in done:
            assert one(connection, "SELECT count(*) FROM llmspell.entity_timeline(%s) WHERE properties ? %s", [ident(key), name]), f"{name} is lost"


@test
def no_dangling_edge():
    """ends are retracted and put back while edges are put: no edge ever lacks an end"""
    with app(A) as connection:
        clear(connection)
        for key in range(4):
            connection.execute("SELECT llmspell.entity_put(%s, 't', 'n', '{}', %s)", [ident(key), day(0)])
    until = time.monotonic() + (20 if SOAK else 2)
    counts = {"put": 0, "retract": 0}

    def putter(number):
        def run():
            chance = random.Random(number)
            with app(A) as own:
                n = 0
                while time.monotonic() < until:
                    n += 1
                    try:
                        own.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'r', '{}', %s, on_missing => %s)",
                                    [ident(1000 * number + n % 20), ident(chance.randrange(4)), ident(chance.randrange(4)), day(chance.randrange(100)), chance.choice(["error", "clip"])])
                        counts["put"] += 1
                    except psycopg.Error as error:
                        assert error.sqlstate in ("23503", "40P01"), error
        return run

    def retracter(number):
        def run():
            chance = random.Random(-number)
            with app(A) as own:
                while time.monotonic() < until:
                    start, end = sorted(chance.sample(range(100), 2))
                    entity = ident(chance.randrange(4))
                    own.execute("SELECT llmspell.entity_retract(%s, %s, %s)", [entity, day(start), day(end)])
                    own.execute("SELECT llmspell.entity_put(%s, 't', 'n', '{}', %s)", [entity, day(0)])
                    counts["retract"] += 1
        return run

    together([putter(n) for n in range(1, 6)] + [retracter(n) for n in range(1, 4)])
    assert counts["put"] > 20 and counts["retract"] > 20, counts
    with app(A) as connection:
        sound(connection, "relationships", "relationship_id")


@test
def batches_do_not_deadlock():
    """batches over the same keys in other orders wait for each other; the locks of a transaction are bounded"""
    with app(A) as connection:
        clear(connection)

    def client(number):
        def run():
            with app(A) as own:
                for n in range(5):
                    keys = list(range(60))
                    random.Random(number * 100 + n).shuffle(keys)
                    own.execute("SELECT count(*) FROM llmspell.entity_upsert_many(%s)",
                                [Jsonb([{"entity_id": str(ident(k)), "entity_type": "t", "name": "n", "valid_from": day(0), "properties": {f"c{number}": n}} for k in keys])])
        return run

    together([client(n) for n in range(4)])
    with app(A) as connection:
        equal(one(connection, "SELECT count(*) FROM llmspell.entity_list(valid_at => %s, filter => '{\"c0\": 4, \"c1\": 4, \"c2\": 4, \"c3\": 4}')", [day(1)]), 60)
        sound(connection)
        # A transaction takes a quarter of the server's table of locks at most, and says so.
        most = one(connection, "SELECT current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int / 4")
        many = lambda count: [Jsonb([{"entity_id": str(ident(1000 + k)), "entity_type": "many", "name": "n"} for k in range(count)])]
        with connection.transaction():
            connection.execute("SELECT count(*) FROM llmspell.entity_put_many(%s)", many(most))
            equal(one(connection, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"), most)
        with raises("54000"):
            connection.execute("SELECT count(*) FROM llmspell.entity_put_many(%s)", many(most + 1))
        with raises("54000"):
            connection.execute("SELECT llmspell.entity_put(format('00000000-0000-0000-0001-%%s', lpad(n::text, 12, '0'))::uuid, 'single', 'n') FROM generate_series(1, %s) n", [most + 1])
        equal(one(connection, "SELECT count(*) FROM llmspell.entities WHERE entity_type IN ('many', 'single')"), most)
        # What a savepoint gave back, and what an earlier transaction of the same message took, does not count.
        part = most * 9 // 16
        put = lambda first: f"SELECT count(*) FROM llmspell.entity_put_many((SELECT jsonb_agg(jsonb_build_object('entity_id', lpad(to_hex(n), 32, '0'), 'entity_type', 'part', 'name', 'n')) FROM generate_series({first}, {first + part - 1}) n))"
        with connection.transaction():
            for first in (10_000, 20_000, 10_000):
                connection.execute("SAVEPOINT s")
                connection.execute(put(first))
                connection.execute("ROLLBACK TO s")
            connection.execute(put(30_000))
            with raises("54000"), connection.transaction():
                connection.execute(put(40_000))
        connection.execute("; ".join(f"BEGIN; {put(first)}; COMMIT" for first in (50_000, 60_000, 70_000)))
        with raises("54000"):
            connection.execute(f"BEGIN; {put(80_000)}; {put(90_000)}; COMMIT")
        connection.execute("ROLLBACK")
        equal(one(connection, "SELECT count(*) FROM llmspell.entities WHERE entity_type = 'part'"), 4 * part)
        # An entity with more relationships than that is retracted and erased all the same.
        with server() as admin:
            admin.execute("INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start)"
                          " SELECT %s, %s, %s, 'r', now() FROM generate_series(1, %s)", [A, ident(1000), ident(1001), most + 100])
        equal(one(connection, "SELECT closed FROM llmspell.entity_retract(%s)", [ident(1000)]), most + 101)
        equal(one(connection, "SELECT relationship_rows FROM llmspell.entity_erase(%s, false)", [ident(1001)]), 2 * (most + 100))


@test
def walks_of_any_shape():
    """a chain of 100,000, a self-loop, a cycle, an empty graph, an absent start: bounded and right; and it can be cancelled"""
    with app(A) as connection:
        clear(connection)
        equal(rows(connection, "SELECT * FROM llmspell.graph_traverse(%s, 100)", [ident(1)]), [], "empty graph")
        count = 100_000
        with server() as admin:
            admin.execute("INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start) SELECT %s, lpad(to_hex(n), 32, '0')::uuid, 't', n::text, '2026-01-01Z' FROM generate_series(1, %s) n", [A, count])
            admin.execute("INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start)"
                          " SELECT %s, lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n + 1), 32, '0')::uuid, 'next', '2026-01-01Z' FROM generate_series(1, %s) n", [A, count - 1])
            # The tables were empty when they were last vacuumed: without figures a plan may read whole indexes.
            admin.execute("ANALYZE llmspell.entities, llmspell.relationships")
        walk = "SELECT count(*), max(depth), count(DISTINCT entity_id), count(*) FILTER (WHERE name::int <> depth + 1) FROM llmspell.graph_traverse(%s, %s, max_nodes => %s, with_names => true)"
        equal(rows(connection, walk, [ident(1), count, count]), [(count - 1, count - 1, count - 1, 0)], "chain")
        with raises("54000"):
            connection.execute(walk, [ident(1), count, 1000])
        with raises("54000"):
            connection.execute("SELECT * FROM llmspell.graph_traverse(%s, 5000, with_path => true)", [ident(1)])
        equal(rows(connection, "SELECT length, cardinality(entities) FROM llmspell.graph_shortest_path(%s, %s, %s)", [ident(1), ident(2000), count]), [(1999, 2000)])
        equal(rows(connection, "SELECT length FROM llmspell.graph_shortest_path(%s, %s, 100)", [ident(1), ident(2000)]), [])
        connection.execute("SET statement_timeout = '100ms'")
        started = time.monotonic()
        with raises("57014"):
            connection.execute(walk, [ident(1), count, count])
        assert time.monotonic() - started < 5, "it cannot be cancelled"
        connection.execute("RESET statement_timeout")
        # the end leads back to the beginning, and to itself
        connection.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'next', '{}', '2026-06-01Z')", [ident(1), ident(count), ident(1)])
        connection.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'next', '{}', '2026-06-01Z')", [ident(2), ident(count), ident(count)])
        equal(rows(connection, "SELECT depth, entity_id FROM llmspell.graph_traverse(%s, 3)", [ident(count)]), [(1, ident(1)), (2, ident(2)), (3, ident(3))])
        equal(rows(connection, "SELECT length FROM llmspell.graph_shortest_path(%s, %s)", [ident(count), ident(5)]), [(5,)])
        equal(rows(connection, "SELECT * FROM llmspell.graph_traverse(%s)", [uuid.uuid4()]), [], "absent start")
        clear(connection)
    with app(B) as connection:
        equal(rows(connection, "SELECT * FROM llmspell.graph_traverse(%s, 10)", [ident(1)]), [], "another tenant")


@test
def one_snapshot_for_a_walk():
    """in READ COMMITTED all hops see one snapshot, while edges are moved by others"""
    with app(A) as connection:
        clear(connection)
        for key in range(1, 5):
            connection.execute("SELECT llmspell.entity_put(%s, 't', 'n', '{}', %s)", [ident(key), day(0)])
        for edge, (start, end) in enumerate(((1, 2), (2, 3)), 101):
            connection.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'r', '{}', %s)", [ident(edge), ident(start), ident(end), day(0)])
    until, wrong = time.monotonic() + (10 if SOAK else 1), []

    def mover():
        with app(A) as own:
            place = 2
            while time.monotonic() < until:
                # 1 -> x -> 3 at all times, but x changes, both edges in one transaction
                place = 6 - place
                with own.transaction():
                    own.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'r', '{}', %s)", [ident(101), ident(1), ident(place), day(0)])
                    own.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'r', '{}', %s)", [ident(102), ident(place), ident(3), day(0)])

    def reader():
        with app(A) as own:
            while time.monotonic() < until:
                found = rows(own, "SELECT depth FROM llmspell.graph_traverse(%s, 3)", [ident(1)])
                if found != [(1,), (2,)]:
                    wrong.append(found)

    together([mover, reader, reader])
    equal(wrong, [])


@test
def the_horizon():
    """answers as known at the horizon never change: it stays before every open transaction, prepared ones too"""
    with app(A) as connection, app(A, autocommit=False) as open_one:
        clear(connection)
        open_one.execute("SELECT 1")
        began = one(open_one, "SELECT now()")
        assert one(connection, "SELECT llmspell.tx_horizon()") < began
        open_one.execute("SELECT llmspell.entity_put(%s, 't', 'late', '{}', %s)", [ident(1), day(0)])
        horizon = one(connection, "SELECT llmspell.tx_horizon()")
        before = rows(connection, "SELECT * FROM llmspell.entity_as_of(%s, %s, %s)", [ident(1), day(1), horizon])
        open_one.commit()
        equal(rows(connection, "SELECT * FROM llmspell.entity_as_of(%s, %s, %s)", [ident(1), day(1), horizon]), before)
        assert one(connection, "SELECT llmspell.tx_horizon()") > began
        open_one.execute("SELECT llmspell.entity_put(%s, 't', 'prepared', '{}', %s)", [ident(2), day(0)])
        open_one.execute("PREPARE TRANSACTION 'graph-horizon'")
        equal(one(connection, "SELECT llmspell.tx_horizon()"), None)
        connection.execute("ROLLBACK PREPARED 'graph-horizon'")
        equal(one(connection, "SELECT llmspell.tx_horizon() > now() - interval '1 minute'"), True)


@test
def reads_on_a_standby():
    """every read works on a hot standby"""
    with app(A) as connection:
        clear(connection)
        connection.execute("SELECT count(*) FROM llmspell.entity_put_many(%s)", [Jsonb([{"entity_id": str(ident(n)), "entity_type": "t", "name": f"n{n}", "valid_from": day(0)} for n in range(1, 4)])])
        for n in (1, 2):
            connection.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'r', '{}', %s)", [ident(n), ident(n), ident(n + 1), day(0)])
    with hot_standby("graph-standby") as port:
        with app(A, host="127.0.0.1", port=port) as standby:
            equal(one(standby, "SELECT pg_is_in_recovery()"), True)
            equal(rows(standby, "SELECT name, depth FROM llmspell.graph_traverse(%s, 5, with_names => true)", [ident(1)]), [("n2", 1), ("n3", 2)])
            equal(rows(standby, "SELECT length FROM llmspell.graph_shortest_path(%s, %s)", [ident(1), ident(3)]), [(2,)])
            for query in ("entity_as_of(%s)", "entity_as_of(%s, now(), now())", "entity_history(%s)", "entity_timeline(%s)", "entity_knowledge(%s)",
                          "graph_neighbors(%s)", "relationship_as_of(%s)", "relationship_history(%s)", "graph_subgraph(ARRAY[%s::uuid])"):
                assert one(standby, f"SELECT count(*) FROM llmspell.{query}", [ident(1)]), query
            equal(one(standby, "SELECT count(*) FROM llmspell.entity_list('t')"), 3)
            equal(one(standby, "SELECT count(*) FROM llmspell.entity_list(name_prefix => 'n')"), 3)
            equal(one(standby, "SELECT count(*) FROM llmspell.graph_diff(from_known_at => '-infinity')"), 5)
            equal(rows(standby, "SELECT * FROM llmspell.graph_check()"), [])
            equal(rows(standby, "SELECT * FROM llmspell.graph_by_source('event', 'x')"), [])
            equal(one(standby, "SELECT llmspell.tx_horizon()"), None)
            with raises("25006"):
                standby.execute("SELECT llmspell.entity_put(%s, 't', 'n')", [ident(9)])

