#!/usr/bin/env -S python3 -m pytest
"""Random sequences of all writing functions in one transaction, 4 sessions at a time: only documented errors, and no deadlock.

A function is drawn by its line in CALLS (one key) or BATCHES (several keys). Add a line for a function that writes.
"""

import collections
import random
import threading
import time
import uuid

import psycopg
from psycopg.types.json import Jsonb
from lib import A, B, SOAK, app, equal, one, rows, server, test

SESSIONS = 4
SECONDS = 10 if SOAK else 0.8  # for each of the six tests
VECTOR = "[" + ",".join(["0.5"] * 384) + "]"


def ident(kind, key):
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {key}")


# What each function needs is a parameter by name; see arguments(). A later line never waits for an earlier one's key.
CALLS = {
    "kv_set": "SELECT llmspell.kv_set(%(key)s, 'x'::bytea)",
    "storage_set": "SELECT llmspell.storage_set('own:' || %(key)s, 'x'::bytea)",
    "agent_state_save": "SELECT llmspell.agent_state_save(%(key)s, 'agent', %(json)s)",
    "workflow_save": "SELECT llmspell.workflow_save(%(key)s, 'workflow', %(json)s)",
    "session_update": "SELECT llmspell.session_update(%(session)s, state => %(json)s)",
    "pattern_record": "SELECT llmspell.pattern_record('global', %(key)s, 'v')",
    "event_append": "SELECT llmspell.event_append('sequence.one', %(json)s, event_id => %(event)s)",
    "stream_append": "SELECT llmspell.stream_append(%(key)s, jsonb_build_array(jsonb_build_object('event_type', 't', 'payload', %(json)s)))",
    "hook_record": "SELECT llmspell.hook_record(%(key)s, 'before', context_json => %(json)s)",
    "artifact_put": "SELECT llmspell.artifact_put(%(session)s, %(key)s, convert_to(%(text)s, 'UTF8'))",
    "episode_add": "SELECT llmspell.episode_add(%(key)s, 'user', %(text)s)",
    "vector_add": "SELECT llmspell.vector_add(%(vector)s, content => %(text)s)",
    "entity_upsert": "SELECT llmspell.entity_upsert(%(entity)s, 'node', %(key)s, %(json)s, '2026-01-01Z')",
    "entity_patch": "SELECT llmspell.entity_patch(%(entity)s, %(json)s, '2026-02-01Z', '2026-03-01Z')",
    "relationship_put": "SELECT llmspell.relationship_put(%(edge)s, %(entity)s, %(entity)s, 'edge', %(json)s, '2026-01-01Z', on_missing => 'clip')",
    "relationship_patch": "SELECT llmspell.relationship_patch(%(edge)s, %(json)s, '2026-02-01Z')",
    "relationship_erase": "SELECT llmspell.relationship_erase(%(edge)s)",
    "entity_retract": "SELECT llmspell.entity_retract(%(entity)s, '2026-06-01Z', '2026-07-01Z')",
    "entity_erase": "SELECT llmspell.entity_erase(%(entity)s, find_copies => false)",
    "kv_delete": "SELECT llmspell.kv_delete(%(key)s)",
}
BATCHES = {
    "kv_set_many": ("SELECT llmspell.kv_set_many(%(keys)s, array_fill('x'::bytea, ARRAY[cardinality(%(keys)s::text[])]))", None),
    "event_append_many": ("SELECT llmspell.event_append_many(%(entries)s)", lambda k: {"event_type": "sequence.many", "payload": {}, "event_id": ident("event", k)}),
    "entity_upsert_many": ("SELECT llmspell.entity_upsert_many(%(entries)s)", lambda k: {"entity_id": ident("entity", k), "entity_type": "node", "name": str(k), "valid_from": "2026-01-01Z"}),
    "entity_retract_many": ("SELECT llmspell.entity_retract_many(%(entries)s)", lambda k: {"entity_id": ident("entity", k), "valid_from": "2026-08-01Z", "valid_to": "2026-09-01Z"}),
    "relationship_put_many": ("SELECT llmspell.relationship_put_many(%(entries)s)",
                              lambda k: {"relationship_id": ident("edge", k), "from_entity": ident("entity", k), "to_entity": ident("entity", k), "relationship_type": "edge",
                                         "valid_from": "2026-01-01Z", "on_missing": "clip"}),
}
ORDER = {name: n for n, name in enumerate(CALLS)}


def arguments(chance, key):
    return {"key": str(key), "json": Jsonb({f"n{chance.randrange(10)}": chance.randrange(10)}), "text": f"text {chance.randrange(1000)}", "vector": VECTOR,
            **{kind: ident(kind, key) for kind in ("session", "event", "entity", "edge")}}


def batch(chance, keys):
    name = chance.choice(list(BATCHES))
    statement, entry = BATCHES[name]
    plain = lambda value: {k: str(v) if isinstance(v, uuid.UUID) else v for k, v in value.items()}
    return name, statement, {"keys": [str(k) for k in keys], **({"entries": Jsonb([plain(entry(k)) for k in keys])} if entry else {})}


def own_sequence(chance, number):
    """Some calls on keys that no other session uses, batches of any size among them."""
    key = lambda: f"{number}-{chance.randrange(12)}"
    calls = []
    for _ in range(chance.randrange(1, 7)):
        if chance.random() < 0.25:
            calls.append(batch(chance, [f"{number}-{n}" for n in chance.sample(range(200), chance.choice([2, 40, 120]))]))
        else:
            name = chance.choice(list(CALLS))
            calls.append((name, CALLS[name], arguments(chance, key())))
    return calls


def common_sequence(chance, _):
    """Calls on few keys of all sessions, in one order; or one batch, in any."""
    if chance.random() < 0.3:
        return [batch(chance, chance.sample([f"c-{n}" for n in range(8)], chance.randrange(2, 8)))]
    drawn = sorted({(chance.randrange(8), ORDER[chance.choice(list(CALLS))]) for _ in range(chance.randrange(1, 6))})
    names = list(CALLS)
    return [(names[n], CALLS[names[n]], arguments(chance, f"c-{key}")) for key, n in drawn]


def run(isolation, sequence, accepted):
    """Runs sequences in all sessions; returns how often each call was committed, by name and key."""
    with app(A) as connection, server() as admin:
        for key in [f"c-{n}" for n in range(8)] + [f"{s}-{n}" for s in range(SESSIONS) for n in range(12)]:
            if not one(connection, "SELECT count(*) FROM llmspell.sessions WHERE session_id = %s", [ident("session", key)]):
                connection.execute("SELECT llmspell.session_create(%s)", [ident("session", key)])
        admin.execute("SELECT set_config('app.current_tenant_id', %s, false)", [A])
    committed, refused, wrong = collections.Counter(), collections.Counter(), []
    until = time.monotonic() + SECONDS

    def session(number):
        chance = random.Random(f"{isolation} {number} {time.time()}")
        with app(A, autocommit=False) as own:
            own.isolation_level = isolation
            own.execute("SET lock_timeout = '30s'")
            own.commit()
            while time.monotonic() < until and not wrong:
                calls = sequence(chance, number)
                done, name = [], None
                try:
                    for name, statement, values in calls:
                        own.execute(statement, values)
                        done += [(name, key) for key in values.get("keys", [values.get("key")])]
                    name = "commit"
                    if chance.random() < 0.1:
                        own.rollback()
                    else:
                        own.commit()
                        committed.update(done)
                except psycopg.Error as error:
                    own.rollback()
                    refused[f"{error.sqlstate} {name}"] += 1
                    if error.sqlstate not in accepted:
                        wrong.append(f"{error.sqlstate} in {name} of {[c[0] for c in calls]}: {error}")

    threads = [threading.Thread(target=session, args=[n]) for n in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(wrong, [])
    assert sum(committed.values()) > SESSIONS, f"nothing was committed: {refused}"
    return committed


def sound(committed, before):
    """Each acknowledged write is there: counts of patterns, and the graph without a contradiction."""
    with app(A) as connection:
        equal(rows(connection, "SELECT * FROM llmspell.graph_check()"), [])
        counts = dict(rows(connection, "SELECT key, frequency FROM llmspell.procedural_patterns"))
        for (name, key), times in committed.items():
            if name == "pattern_record":
                equal(counts.get(key, 0) - before.get(key, 0), times, f"pattern {key}")


def check(isolation, sequence, accepted):
    with app(A) as connection:
        before = dict(rows(connection, "SELECT key, frequency FROM llmspell.procedural_patterns"))
    sound(run(isolation, sequence, accepted), before)


SERIALIZATION = {"40001", "23P01"}
LEVEL = psycopg.IsolationLevel


@test
def own_keys_read_committed():
    """READ COMMITTED, keys of one's own: no error at all"""
    check(LEVEL.READ_COMMITTED, own_sequence, set())


@test
def own_keys_repeatable_read():
    """REPEATABLE READ, keys of one's own: no error but 40001"""
    check(LEVEL.REPEATABLE_READ, own_sequence, {"40001"})


@test
def own_keys_serializable():
    """SERIALIZABLE, keys of one's own: no error but 40001"""
    check(LEVEL.SERIALIZABLE, own_sequence, {"40001"})


@test
def common_keys_read_committed():
    """READ COMMITTED, common keys in one order: 40001 at most"""
    check(LEVEL.READ_COMMITTED, common_sequence, SERIALIZATION)


@test
def common_keys_repeatable_read():
    """REPEATABLE READ, common keys in one order: 40001 or 23P01"""
    check(LEVEL.REPEATABLE_READ, common_sequence, SERIALIZATION)


@test
def common_keys_serializable():
    """SERIALIZABLE, common keys in one order: 40001 or 23P01"""
    check(LEVEL.SERIALIZABLE, common_sequence, SERIALIZATION)


@test
def nothing_is_damaged():
    """verify() finds nothing afterwards, and another tenant has nothing"""
    with app(A) as connection:
        equal(rows(connection, "SELECT * FROM llmspell.graph_check()"), [])
    with app(B) as connection:
        equal(one(connection, "SELECT count(*) FROM llmspell.entities"), 0)
    with server() as admin:
        equal(rows(admin, "SELECT * FROM llmspell.verify() WHERE component <> 'isolation'"), [])
