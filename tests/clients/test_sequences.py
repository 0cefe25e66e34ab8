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
from lib import A, B, SOAK, app, equal, one, raises, rows, server, test

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
    "workflow_save": "SELECT llmspell.workflow_save(%(key)s, 'workflow', %(json)s, queue => %(key)s)",
    "session_update": "SELECT llmspell.session_update(%(session)s, state => %(json)s)",
    "pattern_record": "SELECT llmspell.pattern_record('global', %(key)s, 'v')",
    "event_append": "SELECT llmspell.event_append('sequence.one', %(json)s, event_id => %(event)s)",
    "stream_append": "SELECT llmspell.stream_append(%(key)s, jsonb_build_array(jsonb_build_object('event_type', 't', 'payload', %(json)s)))",
    "hook_record": "SELECT llmspell.hook_record(%(key)s, 'before', context_json => %(json)s)",
    "artifact_put": "SELECT llmspell.artifact_put(%(session)s, %(key)s, convert_to(%(text)s, 'UTF8'))",
    "episode_add": "SELECT llmspell.episode_add(%(key)s, 'user', %(text)s)",
    "vector_add": "SELECT llmspell.vector_add(%(vector)s, content => %(text)s)",
    "vector_put": "SELECT llmspell.vector_put(%(vector)s, 'one ' || %(key)s, content => %(text)s)",
    "entity_upsert": "SELECT llmspell.entity_upsert(%(entity)s, 'node', %(key)s, %(json)s, '2026-01-01Z')",
    "entity_patch": "SELECT llmspell.entity_patch(%(entity)s, %(json)s, '2026-02-01Z', '2026-03-01Z')",
    "relationship_put": "SELECT llmspell.relationship_put(%(edge)s, %(entity)s, %(entity)s, 'edge', %(json)s, '2026-01-01Z', on_missing => 'clip')",
    "relationship_patch": "SELECT llmspell.relationship_patch(%(edge)s, %(json)s, '2026-02-01Z')",
    "relationship_erase": "SELECT llmspell.relationship_erase(%(edge)s)",
    "entity_retract": "SELECT llmspell.entity_retract(%(entity)s, '2026-06-01Z', '2026-07-01Z')",
    "entity_erase": "SELECT llmspell.entity_erase(%(entity)s, find_copies => false)",
    "kv_delete": "SELECT llmspell.kv_delete(%(key)s)",
    "kv_set_text": "SELECT llmspell.kv_set_text(%(key)s, %(text)s)",
    "kv_set_json": "SELECT llmspell.kv_set_json(%(key)s, %(json)s)",
    "storage_set_text": "SELECT llmspell.storage_set_text('own:' || %(key)s, %(text)s)",
    "storage_set_json": "SELECT llmspell.storage_set_json('own:' || %(key)s, %(json)s)",
    "storage_delete": "SELECT llmspell.storage_delete('own:' || %(key)s)",
    "agent_state_restore": "SELECT llmspell.agent_state_restore(%(key)s, 1)",
    "agent_state_prune": "SELECT llmspell.agent_state_prune(%(key)s, keep_last => 1)",
    "agent_state_delete": "SELECT llmspell.agent_state_delete(%(key)s)",
    "workflow_extend": "SELECT llmspell.workflow_extend(c.workflow_id, c.fence) FROM llmspell.workflow_claim(queue => %(key)s) AS c",
    "workflow_release": "SELECT llmspell.workflow_release(c.workflow_id, c.fence) FROM llmspell.workflow_claim(queue => %(key)s) AS c",
    "workflow_claim": "SELECT llmspell.workflow_claim(queue => %(key)s)",
    "workflow_update_status": "SELECT llmspell.workflow_update_status(%(key)s, 'cancelled')",
    "workflow_delete": "SELECT llmspell.workflow_delete(%(key)s)",
    "session_touch": "SELECT llmspell.session_touch(%(session)s)",
    "session_archive": "SELECT llmspell.session_archive(%(session)s)",
    "session_create": "SELECT llmspell.session_create(name => %(key)s || ' ' || %(unique)s)",
    "session_delete": "SELECT llmspell.session_delete(name => %(key)s)",
    "event_store": "SELECT llmspell.event_store(jsonb_build_object('id', %(event)s::uuid, 'event_type', 'store', 'metadata', jsonb_build_object('correlation_id', %(event)s::uuid), 'timestamp', now(), 'sequence', 1, 'language', 'rust'))",
    "event_subscribe": "SELECT llmspell.event_subscribe(%(key)s)",
    "event_seek": "SELECT llmspell.event_seek(%(key)s)",
    "event_unsubscribe": "SELECT llmspell.event_unsubscribe(%(key)s)",
    "artifact_upload_finish": "SELECT f FROM llmspell.artifact_upload_begin(%(session)s, %(key)s) AS u, LATERAL llmspell.artifact_upload_append(u, 0, convert_to(%(text)s, 'UTF8')) AS n, LATERAL llmspell.artifact_upload_finish(u) AS f",
    "artifact_upload_abort": "SELECT llmspell.artifact_upload_abort(llmspell.artifact_upload_begin(%(session)s, %(key)s))",
    "artifact_put_text": "SELECT llmspell.artifact_put_text(%(session)s, %(key)s, %(text)s)",
    "artifact_delete": "SELECT llmspell.artifact_delete(artifact_id) FROM llmspell.artifact_put(%(session)s, %(key)s, 'x')",
    "episode_update": "SELECT llmspell.episode_update(e.id, %(text)s) FROM llmspell.episode_add(%(key)s, 'user', %(text)s) AS e",
    "episode_mark_processed": "SELECT llmspell.episode_mark_processed(ARRAY(SELECT c.id FROM llmspell.episode_claim(%(key)s) AS c))",
    "episode_delete": "SELECT llmspell.episode_delete(ARRAY(SELECT e.id FROM llmspell.episode_list(%(key)s, max_rows => 3) AS e))",
    "vector_update_metadata": "SELECT llmspell.vector_update_metadata(v, %(json)s) FROM llmspell.vector_add(%(vector)s) AS v",
    "vector_delete": "SELECT llmspell.vector_delete(ARRAY[v]) FROM llmspell.vector_add(%(vector)s) AS v",
    "vector_delete_scope": "SELECT llmspell.vector_delete_scope('user:' || %(key)s) FROM llmspell.vector_add(%(vector)s, 'user:' || %(key)s)",
    "vector_add_half": "SELECT llmspell.vector_add_half(decode(repeat('003c', 384), 'hex'))",
    # Each session has edges of its own to the entity, and then wants its existence for itself.
    "relationship_put, another edge": "SELECT llmspell.relationship_put(%(unique)s, %(entity)s, %(entity)s, 'edge', valid_from => '2026-01-01Z', on_missing => 'clip')",
    "relationship_retract": "SELECT llmspell.relationship_retract(%(edge)s, '2026-04-01Z', '2026-05-01Z')",
    "entity_put": "SELECT llmspell.entity_put(%(entity)s, 'node', %(key)s, %(json)s, '2026-03-01Z', '2026-04-01Z')",
    "entity_insert": "SELECT llmspell.entity_insert(%(unique)s, 'node', %(key)s, %(json)s)",
    "entity_correct": "SELECT llmspell.entity_correct(%(entity)s, '2026-03-02Z', %(json)s)",
    "entity_retract, at last": "SELECT llmspell.entity_retract(%(entity)s, '2026-06-01Z', '2026-07-01Z')",
    "kv_delete_prefix": "SELECT llmspell.kv_delete_prefix(%(key)s || '-')",
    "item_put": "SELECT llmspell.item_put(ARRAY['sequence', %(key)s], 'item', %(json)s, index_text => %(text)s)",
    "item_touch": "SELECT llmspell.item_touch(ARRAY['sequence', %(key)s], 'item', '1 day')",
    "item_delete": "SELECT llmspell.item_delete(ARRAY['sequence', %(key)s], 'item')",
    "memory_tool": "SELECT llmspell.memory_tool(jsonb_build_object('command', 'create', 'path', '/memories/' || %(unique)s || '.txt', 'file_text', %(text)s::text))",
    "message_append": "SELECT llmspell.message_append(%(key)s, jsonb_build_array(%(json)s))",
    "checkpoint_put": "SELECT llmspell.checkpoint_put(%(key)s, '', (%(unique)s::uuid)::text, NULL, %(json)s, channels => '{a}', channel_types => '{text}', channel_values => ARRAY[convert_to(%(text)s, 'UTF8')])",
    "recall_record": "SELECT count(*) FROM llmspell.recall_record(%(text)s)",
    "call": "SELECT llmspell.call('kv_set_text', jsonb_build_object('key', 'call ' || %(key)s, 'value', %(text)s::text))",
}
# What a call may say of its arguments: what it is about is not there, or the workflow cannot go from its status to this one.
REFUSED = {
    "agent_state_restore": {"P0002"}, "workflow_update_status": {"P0002", "22023"}, "workflow_save": {"22023"}, "event_seek": {"P0002"}, "entity_correct": {"P0002"},
    "session_update": {"P0002", "22023"}, "artifact_put": {"23503", "P0002"}, "artifact_put_text": {"23503", "P0002"}, "artifact_delete": {"23503", "P0002"}, "artifact_upload_finish": {"23503", "P0002"},
    "artifact_upload_abort": {"23503", "P0002"}, "relationship_put": {"23503"},
}
# Functions that change data and are not drawn.
NOT_DRAWN = {
    "artifact_upload_append": "inside of artifact_upload_finish", "artifact_upload_begin": "inside of artifact_upload_finish", "episode_claim": "inside of episode_mark_processed",
    **dict.fromkeys(["kv_sweep", "vector_sweep", "episode_sweep", "session_sweep", "hook_sweep", "artifact_gc", "artifact_migrate", "pattern_prune", "entity_prune", "episode_prune",
                     "cleanup_old_hook_executions", "storage_clear", "tenant_clear"], "touches keys of all sessions: tests of their own, tests/isolation"),
    **dict.fromkeys(["agent_history_set", "hook_retention_set", "session_retention_set"], "a setting of the tenant"),
    **dict.fromkeys(["create_event_log_partition", "ensure_future_event_log_partitions"], "makes months, which belong to all: tests/isolation/specs/events_months.spec"),
    **dict.fromkeys(["tenant_set", "verify", "verify_isolation"], "keeps nothing"),
    **dict.fromkeys(["item_rename", "item_sweep", "namespace_rename", "namespace_delete", "mcp_memory"], "touches keys of all sessions, or by names: tests of their own, tests/isolation/specs/items_batches.spec"),
    **dict.fromkeys(["checkpoint_writes_put", "message_clear", "message_pop", "message_update", "thread_copy", "thread_delete", "thread_delete_runs", "thread_gc", "thread_prune"],
                    "wants what the others made, or takes whole threads: test_threads"),
    **dict.fromkeys(["embedding_pending", "embedding_put", "entity_vector_set", "relationship_vector_set", "vector_space_delete"],
                    "wants a space that an operator or the tenant made: test_embedding_generations, test_vectors_put"),
    **dict.fromkeys(["import_langchain", "import_langgraph"], "reads tables of other systems, and writes as vector_put_many, checkpoint_put and item_put do: tests/frameworks/test_imports"),
    "call_many": "as call, several times",
    "event_ack": "wants a cursor that event_fetch served: test_events", "graph_repair": "repairs what only raw statements break: test_graph",
}
BATCHES = {
    "kv_set_many": ("SELECT llmspell.kv_set_many(%(keys)s, array_fill('x'::bytea, ARRAY[cardinality(%(keys)s::text[])]))", None),
    "event_append_many": ("SELECT llmspell.event_append_many(%(entries)s)", lambda k: {"event_type": "sequence.many", "payload": {}, "event_id": ident("event", k)}),
    "entity_upsert_many": ("SELECT llmspell.entity_upsert_many(%(entries)s)", lambda k: {"entity_id": ident("entity", k), "entity_type": "node", "name": str(k), "valid_from": "2026-01-01Z"}),
    "entity_retract_many": ("SELECT llmspell.entity_retract_many(%(entries)s)", lambda k: {"entity_id": ident("entity", k), "valid_from": "2026-08-01Z", "valid_to": "2026-09-01Z"}),
    "item_put_many": ("SELECT count(*) FROM llmspell.item_put_many(%(entries)s)", lambda k: {"namespace": ["sequence", "many"], "key": f"item {k}", "value": 1}),
    "item_touch_many": ("SELECT llmspell.item_touch_many(%(entries)s)", lambda k: {"namespace": ["sequence", "many"], "key": f"item {k}"}),
    "item_delete_many": ("SELECT llmspell.item_delete_many(%(entries)s)", lambda k: {"namespace": ["sequence", "many"], "key": f"item {k}"}),
    "kv_delete_many": ("SELECT llmspell.kv_delete_many(%(keys)s)", None),
    "storage_set_many": ("SELECT llmspell.storage_set_many(ARRAY(SELECT 'own:' || k FROM unnest(%(keys)s::text[]) AS k), array_fill('x'::bytea, ARRAY[cardinality(%(keys)s::text[])]))", None),
    "storage_delete_many": ("SELECT llmspell.storage_delete_many(ARRAY(SELECT 'own:' || k FROM unnest(%(keys)s::text[]) AS k))", None),
    "vector_add_many": ("SELECT llmspell.vector_add_many(ARRAY(SELECT array_fill(1, ARRAY[384])::vector FROM unnest(%(keys)s::text[])))", None),
    "vector_put_many": ("SELECT llmspell.vector_put_many(ARRAY(SELECT array_fill(1, ARRAY[384])::vector FROM unnest(%(keys)s::text[])), ARRAY(SELECT 'many ' || k FROM unnest(%(keys)s::text[]) AS k))", None),
    "pattern_record_many": ("SELECT llmspell.pattern_record_many(%(entries)s)", lambda k: {"scope": "global", "key": f"many {k}", "value": "v"}),
    "episode_add_many": ("SELECT llmspell.episode_add_many(%(entries)s)", lambda k: {"session_id": str(k), "role": "user", "content": "text"}),
    "entity_put_many": ("SELECT llmspell.entity_put_many(%(entries)s)", lambda k: {"entity_id": ident("entity", k), "entity_type": "node", "name": str(k), "valid_from": "2026-02-01Z"}),
    "entity_insert_many": ("SELECT llmspell.entity_insert_many(%(entries)s)", lambda k: {"entity_id": uuid.uuid4(), "entity_type": "node", "name": str(k)}),
    "entity_patch_many": ("SELECT llmspell.entity_patch_many(%(entries)s)", lambda k: {"entity_id": ident("entity", k), "properties": {"many": 1}, "valid_from": "2026-02-01Z"}),
    "relationship_patch_many": ("SELECT llmspell.relationship_patch_many(%(entries)s)", lambda k: {"relationship_id": ident("edge", k), "properties": {"many": 1}, "valid_from": "2026-02-01Z"}),
    "relationship_retract_many": ("SELECT llmspell.relationship_retract_many(%(entries)s)", lambda k: {"relationship_id": ident("edge", k), "valid_from": "2026-10-01Z", "valid_to": "2026-11-01Z"}),
    "relationship_put_many": ("SELECT llmspell.relationship_put_many(%(entries)s)",
                              lambda k: {"relationship_id": ident("edge", k), "from_entity": ident("entity", k), "to_entity": ident("entity", k), "relationship_type": "edge",
                                         "valid_from": "2026-01-01Z", "on_missing": "clip"}),
}
ORDER = {name: n for n, name in enumerate(CALLS)}


def arguments(chance, key):
    return {"key": str(key), "json": Jsonb({f"n{chance.randrange(10)}": chance.randrange(10)}), "text": f"text {chance.randrange(1000)}", "vector": VECTOR, "unique": uuid.uuid4(),
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
    # The artifacts of a tenant are one key, which comes before all others.
    if any(names[n].startswith("artifact_") for _, n in drawn):
        drawn.insert(0, (drawn[0][0], ORDER["artifact_put"]))
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
                    if error.sqlstate not in accepted and error.sqlstate not in REFUSED.get(name, ()):
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


@test
def every_function():
    """each function that llmspell_app may write with is drawn, or named with the reason why not"""
    with server() as owner:
        volatile = {r[0] for r in rows(owner, """SELECT p.proname FROM pg_proc p
            WHERE p.pronamespace = 'llmspell'::regnamespace AND p.provolatile = 'v' AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype AND has_function_privilege('llmspell_app', p.oid, 'EXECUTE')""")}
    drawn = {name.split(",")[0] for name in CALLS} | set(BATCHES)
    equal(sorted(volatile - drawn - set(NOT_DRAWN)), [], "neither drawn nor named")
    equal(sorted((drawn | set(NOT_DRAWN)) - volatile), [], "no functions")
    equal(sorted(drawn & set(NOT_DRAWN)), [], "both")


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
    """READ COMMITTED, common keys in one order: 40001 or 23P01 at most"""
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
def edges_and_the_end_of_their_entity():
    """two transactions put an edge to one entity each, and both retract it: the second is told to run again at once, and does"""
    entity = uuid.uuid4()
    put = "SELECT llmspell.relationship_put(uuidv7(), %s, %s, 'edge')"
    for ending in ("SELECT llmspell.entity_retract(%s)", "SELECT llmspell.entity_erase(%s)", "SELECT llmspell.entity_retract_many(jsonb_build_array(jsonb_build_object('entity_id', %s::text)))"):
        with app(A, autocommit=False) as first, app(A, autocommit=False) as second:
            first.execute("SELECT llmspell.entity_upsert(%s, 'node', 'n')", [entity])
            first.commit()
            for own in (first, second):
                own.execute("SET lock_timeout = '20s'")
                own.execute(put, [entity, entity])
            waiting = threading.Thread(target=first.execute, args=[ending, [entity]])
            waiting.start()
            with server() as admin:
                while not one(admin, "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted", [first.info.backend_pid]):
                    time.sleep(0.01)
            with raises("40001", what=ending):
                second.execute(ending, [entity])
            second.rollback()
            waiting.join()
            first.commit()
            second.execute("SELECT llmspell.entity_upsert(%s, 'node', 'n')", [entity])
            second.execute(put, [entity, entity])
            second.execute(ending, [entity])
            second.commit()


@test
def nothing_is_damaged():
    """verify() finds nothing afterwards, and another tenant has nothing"""
    with app(A) as connection:
        equal(rows(connection, "SELECT * FROM llmspell.graph_check()"), [])
    with app(B) as connection:
        equal(one(connection, "SELECT count(*) FROM llmspell.entities"), 0)
    with server() as admin:
        equal(rows(admin, "SELECT * FROM llmspell.verify() WHERE component <> 'isolation'"), [])
