#!/usr/bin/env -S python3 -m pytest
"""Recall from outside, over TCP, as a login role of llmspell_app: the budget, the same answer everywhere, nothing of others."""

import random
import threading
import uuid

import psycopg
from lib import A, B, app, equal, hot_standby, one, raises, rows, server, test

WORDS = [f"w{n}" for n in range(300)]
QUESTIONS = ["w1 w2 w30 w45", "w0 w1", "w200 w201 w202", '"w1 w2" w30', "w3 -w1"]
COLUMNS = "kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, at, valid_from, source, session_id, role, scope, space, metadata, left_out"
RECALL = f"SELECT {COLUMNS} FROM llmspell.recall(%s, %s::vector, max_tokens => %s, valid_at => '2026-06-01Z')"


def vector(chance):
    return "[" + ",".join(str(round(chance.uniform(-1, 1), 3)) for _ in range(384)) + "]"


VECTOR = vector(random.Random(7))


def known(connection, seed, count=120):
    """What a tenant knows, of every kind, the same for the same seed."""
    chance = random.Random(seed)
    text = lambda: " ".join(WORDS[min(int(chance.paretovariate(0.6)) - 1, 299)] for _ in range(chance.randint(2, 20)))
    with connection.transaction():
        connection.execute("SET LOCAL default_text_search_config = 'simple'")
        for n in range(count):
            connection.execute("SELECT FROM llmspell.episode_add(%s, 'user', %s, %s::vector, id => %s, at => %s::timestamptz)",
                               [f"s{n // 20}", text(), vector(chance) if n % 3 == 0 else None, uuid.UUID(int=n + 1), f"2026-01-01 00:{n // 60:02}:{n % 60:02}+00"])
            connection.execute("SELECT llmspell.vector_add(%s::vector, 'global', content => %s, id => %s)", [vector(chance), text(), uuid.UUID(int=1000 + n)])
            connection.execute("SELECT llmspell.entity_put(%s, 'thing', %s, jsonb_build_object('note', %s::text), '2020-01-01Z')", [uuid.UUID(int=2000 + n), f"name {n}", text()])
            if n:
                connection.execute("SELECT llmspell.relationship_put(%s, %s, %s, 'beside', jsonb_build_object('note', %s::text), '2020-01-01Z')",
                                   [uuid.UUID(int=3000 + n), uuid.UUID(int=2000 + n), uuid.UUID(int=2000 + n // 2), text()])
            connection.execute("SELECT llmspell.pattern_record_many(%s)",
                               [psycopg.types.json.Jsonb([{"scope": "global", "key": f"after w{n % 7}", "value": f"w{n % 11}"}] * 3)])


def answers(connection):
    return [rows(connection, RECALL, [question, given, tokens]) for question in QUESTIONS for given in (None, VECTOR) for tokens in (40, 400)]


def without_times(found):
    """Documents, patterns and their ids come by the clock."""
    return [[row[:1] + row[2:9] for row in answer] for answer in found]


@test
def the_budget_is_kept_to_the_token():
    """whatever the budget, the tokens of the rows are at most as many, none that is left out would still fit, and the tokens are those of the estimate"""
    with app(A) as connection:
        known(connection, 1)
        for budget in [0, 1, 2, 3, 5, 8, 13, 21, 50, 99, 100, 101, 1000, 5000]:
            found = rows(connection, RECALL, [QUESTIONS[0], VECTOR, budget])
            taken = [row for row in found if row[0] != "left_out"]
            assert sum(row[3] for row in taken) <= budget, budget
            equal([one(connection, "SELECT llmspell.token_estimate(%s)", [row[2]]) for row in taken], [row[3] for row in taken], budget)
            equal(len({row[2] for row in taken}), len(taken), "texts")
            if budget == 5000:
                assert len(taken) > 60, len(taken)
                assert {row[0] for row in taken} >= {"episode", "document", "entity", "relationship"}, "a kind is missing"
            if found and found[-1][0] == "left_out":
                best = max(kind["best_score"] for kind in found[-1][-1].values())
                equal(found[-1][4], best, "the best that is left out")
                equal([row[0] for row in found[:-1]].count("left_out"), 0, "one last row")


@test
def one_answer_everywhere():
    """the same rows twice, in another session, under generic plans, in a read-only transaction, on a standby, after VACUUM and REINDEX, and while another tenant stores and recalls"""
    with app("recall-same") as connection:
        known(connection, 1)
        wanted = answers(connection)
        assert all(wanted), "a question finds nothing"
        equal(answers(connection), wanted, "again")
    stop, failed = threading.Event(), []

    def other():
        try:
            with app(B) as connection:
                known(connection, 2, 40)
                while not stop.is_set():
                    answers(connection)
                    connection.execute("SELECT FROM llmspell.episode_add('s1', 'user', 'w1 w2 w30')")
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        with app("recall-same") as connection:
            for mode in ("force_generic_plan", "force_custom_plan"):
                connection.execute(f"SET plan_cache_mode = {mode}")
                equal(answers(connection), wanted, mode)
            connection.execute("SET default_transaction_read_only = on")
            equal(answers(connection), wanted, "read only")
    finally:
        stop.set()
        thread.join()
    assert not failed, failed
    with server() as connection:
        connection.execute("REINDEX TABLE llmspell.entities")
        connection.execute("VACUUM (FULL, ANALYZE) llmspell.entities, llmspell.relationships, llmspell.episodes, llmspell.procedural_patterns")
    with app("recall-same") as connection:
        equal(answers(connection), wanted, "after REINDEX and VACUUM")
    with hot_standby("recall-standby") as port, app("recall-same", host="127.0.0.1", port=port) as standby:
        equal(one(standby, "SELECT pg_is_in_recovery()"), True)
        equal(answers(standby), wanted, "on a standby")
        with raises("25006"):
            standby.execute("SELECT * FROM llmspell.recall_record('w1')")


@test
def nothing_of_others():
    """a tenant with the same rows gets the same texts and scores, whatever others have, and none of their rows"""
    with app("recall-alone") as connection:
        known(connection, 3, 60)
        alone = without_times(answers(connection))
    with app("recall-beside") as connection:
        known(connection, 4, 60)
    with app("recall-twin") as connection:
        known(connection, 3, 60)
        equal(without_times(answers(connection)), alone, "beside others")
        mine = {row[0] for row in rows(connection, "SELECT pattern_id FROM llmspell.procedural_patterns")}
        for answer in answers(connection):
            assert all(row[1] in mine for row in answer if row[0] == "pattern"), "a pattern of another tenant"


@test
def a_record_is_of_its_transaction():
    """several recalls in one transaction are recorded with it, and give again what they gave after unrelated writes; three rows that are erased are named"""
    with app("recall-record") as connection:
        known(connection, 5, 60)
        with connection.transaction():
            first = rows(connection, f"SELECT event_id, {COLUMNS} FROM llmspell.recall_record(%s, %s::vector)", [QUESTIONS[0], VECTOR])
            second = rows(connection, f"SELECT event_id, {COLUMNS} FROM llmspell.recall_record(%s, max_tokens => 60)", [QUESTIONS[1]])
        assert first[0][0] != second[0][0]
    with app("recall-record") as connection:
        known(connection, 6, 0)
        for n in range(30):
            connection.execute("SELECT FROM llmspell.episode_add('other', 'user', 'w1 w2 w30 w45')")
            connection.execute("SELECT llmspell.entity_put(%s, 'thing', 'new', '{\"note\": \"w1 w30\"}', '2020-01-01Z')", [uuid.uuid4()])
        for recorded in (first, second):
            again = rows(connection, f"SELECT state, {COLUMNS} FROM llmspell.recall_replay(%s)", [recorded[0][0]])
            equal([row[1:] for row in again], [row[1:] for row in recorded], "given again")
            equal({row[0] for row in again}, {"same"}, "states")
        kinds = {kind: [row[2] for row in first if row[1] == kind] for kind in ("episode", "document", "entity")}
        connection.execute("SELECT llmspell.episode_delete(%s)", [kinds["episode"][:1]])
        connection.execute("SELECT llmspell.vector_delete(%s)", [kinds["document"][:1]])
        connection.execute("SELECT FROM llmspell.entity_erase(%s)", [kinds["entity"][0]])
        gone = rows(connection, "SELECT id FROM llmspell.recall_replay(%s) WHERE state = 'missing' AND kind <> 'relationship'", [first[0][0]])
        equal({row[0] for row in gone}, {kinds[kind][0] for kind in kinds}, "the three rows erased")
        equal(len(rows(connection, "SELECT FROM llmspell.recall_replay(%s)", [first[0][0]])), len(first), "rows")
    with app(B) as connection, raises("22023"):
        connection.execute("SELECT * FROM llmspell.recall_replay(%s)", [first[0][0]])
