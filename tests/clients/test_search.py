#!/usr/bin/env -S python3 -m pytest
"""Search from outside, over TCP, as a login role of llmspell_app: the same answer everywhere, whatever others store."""

import random
import threading
import uuid

import psycopg
from lib import A, B, SOAK, app, equal, hot_standby, one, rows, server, test

WORDS = [f"w{n}" for n in range(400)]
QUESTIONS = ["w1 w2 w30 w45", "w0 w1", "w200 w201 w202", '"w1 w2" w30', "w3 -w1"]
SEARCH = "SELECT id, score, own_score, context_score, text_score, text_rank, vector_rank, distance, complete FROM llmspell.episode_search(%s, %s::vector, 20)"
VECTOR = "[" + ",".join(str(n % 7 - 3) for n in range(384)) + "]"


def said(connection, tenant, count, seed):
    """Turns of a tenant, the same for the same seed, a third of them with a vector."""
    chance = random.Random(seed)
    with connection.cursor() as cursor:
        for n in range(count):
            words = " ".join(WORDS[min(int(chance.paretovariate(0.6)) - 1, 399)] for _ in range(12))
            vector = None if n % 3 else "[" + ",".join(str(round(chance.uniform(-1, 1), 3)) for _ in range(384)) + "]"
            cursor.execute("SELECT FROM llmspell.episode_add(%s, 'user', %s, %s::vector, id => %s, at => %s::timestamptz, language => 'simple')",
                           [f"s{n // 20}", words, vector, uuid.UUID(int=n + 1), f"2026-01-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}+00"])


def answers(connection):
    return [rows(connection, SEARCH, [question, vector]) for question in QUESTIONS for vector in (None, VECTOR)]


@test
def one_answer_everywhere():
    """scores, order and ties are the same twice, in a read-only transaction, under generic plans, on a standby, after VACUUM and REINDEX, and while another tenant stores"""
    with app(A) as connection:
        with connection.transaction():
            said(connection, A, 400, 1)
        wanted = answers(connection)
        assert all(wanted), "a question finds nothing"
        equal(answers(connection), wanted, "again")
    with app(A) as connection:
        for mode in ("force_generic_plan", "force_custom_plan"):
            connection.execute(f"SET plan_cache_mode = {mode}")
            for _ in range(2):
                equal(answers(connection), wanted, mode)
        connection.execute("SET default_transaction_read_only = on")
        equal(answers(connection), wanted, "read only")
    with server() as connection:
        connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [B])
        connection.execute("INSERT INTO llmspell.episodes (tenant_id, session_id, role, content, language) "
                           "SELECT %s, 's1', 'user', 'w1 w30 w' || n %% 50, 'simple' FROM generate_series(1, %s) AS n", [B, 100_000 if SOAK else 5_000])
    with app(A) as connection:
        equal(answers(connection), wanted, "beside another tenant's rows")
    with server() as connection:
        connection.execute("REINDEX TABLE llmspell.episodes")
        connection.execute("VACUUM (FULL, ANALYZE) llmspell.episodes")
    with app(A) as connection:
        equal(answers(connection), wanted, "after REINDEX and VACUUM")
    with hot_standby("search-standby") as port, app(A, host="127.0.0.1", port=port) as standby:
        equal(one(standby, "SELECT pg_is_in_recovery()"), True)
        equal(answers(standby), wanted, "on a standby")


@test
def two_databases():
    """two databases that differ in other tenants' rows alone give equal scores, to the last digit"""
    with server() as connection:
        base = connection.info.dbname
        for name in (f"{base}_plain", f"{base}_full"):
            connection.execute(f"CREATE DATABASE {name}")
    found = []
    for name in (f"{base}_plain", f"{base}_full"):
        with server(name) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute("CREATE EXTENSION llmspell CASCADE")
            if name.endswith("_full"):
                connection.execute("INSERT INTO llmspell.episodes (tenant_id, session_id, role, content, language) "
                                   "SELECT 'other' || n %% 9, 's1', 'user', 'w1 w2 w30 w' || n %% 300, 'simple' FROM generate_series(1, 4000) AS n", [])
        with app(A, name) as connection:
            with connection.transaction():
                said(connection, A, 150, 2)
        with server(name) as connection:
            connection.execute("ANALYZE llmspell.episodes")
        with app(A, name) as connection:
            found.append(answers(connection))
    equal(found[1], found[0])
    with server() as connection:
        for name in (f"{base}_plain", f"{base}_full"):
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@test
def added_and_searched_at_once():
    """eight clients add and search at once without an error, and find what they added"""
    errors = []

    def client(number):
        try:
            with app(f"at-once-{number % 2}") as connection:
                for n in range(60 if SOAK else 12):
                    own = f"own{number}x{n}"
                    with connection.transaction():
                        connection.execute("SELECT FROM llmspell.episode_add(%s, 'user', %s, language => 'simple')", [f"s{number}", f"common {own}"])
                        found = rows(connection, "SELECT content FROM llmspell.episode_search(%s, max_rows => 1)", [f"common {own}"])
                        assert found == [(f"common {own}",)], found
        except (psycopg.Error, AssertionError) as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(errors, [])


@test
def a_tenant_without_rows_and_no_tenant():
    """a search counts anew after the tenant's first rows; the tenant of a connection may change"""
    with app("fresh") as connection:
        equal(rows(connection, "SELECT id FROM llmspell.episode_search('apple')"), [])
        for n in range(5):
            connection.execute("SELECT FROM llmspell.episode_add('s', 'user', %s, language => 'english')", [f"apples {n}"])
        equal(one(connection, "SELECT count(*) FROM llmspell.episode_search('apple')"), 5)
        connection.execute("SELECT set_config('app.current_tenant_id', 'fresh-2', false)")
        equal(rows(connection, "SELECT id FROM llmspell.episode_search('apple')"), [])
