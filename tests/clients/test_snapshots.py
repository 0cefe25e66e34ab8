#!/usr/bin/env -S python3 -m pytest
"""A transaction that keeps its snapshot writes a key that another has deleted since: 40001, never two rows of one key."""

import contextlib
import random

import psycopg
from lib import A, ROLE, SOAK, app, equal, one, rows, server, test
from psycopg.types.json import Jsonb
from test_sequences import BATCHES, CALLS, REFUSED, arguments

KEY = "kept"
LEVELS = ("REPEATABLE READ", "SERIALIZABLE") if SOAK else ("REPEATABLE READ",)
# What the others need.
FIRST = ("SELECT llmspell.session_create(%(session)s)", "SELECT llmspell.entity_upsert(%(entity)s, 'node', %(key)s, '{}', '2026-01-01Z')")
# Keys that test_sequences does not draw, or draws otherwise.
MORE = {
    "agent_history_set": "SELECT llmspell.agent_history_set(%(key)s, 'all')",
    "session_retention_set": "SELECT llmspell.session_retention_set('1 year')",
    "hook_retention_set": "SELECT llmspell.hook_retention_set('1 year')",
    "session_create, by id": "SELECT llmspell.session_create(%(edge)s)",
    "session_create, by name": "SELECT llmspell.session_create(name => %(key)s)",
    "storage_set, an agent": "SELECT llmspell.storage_set('agent:type:' || %(key)s, '{}')",
    "storage_set, a workflow": "SELECT llmspell.storage_set('workflow:' || %(key)s, '{\"a\": 1}')",
    "storage_set, a session": "SELECT llmspell.storage_set('session:' || %(edge)s::uuid, '{}')",
    "episode_add, by key": "SELECT llmspell.episode_add(%(key)s, 'user', %(text)s, %(vector)s, idempotency_key => %(key)s)",
    "episode_add, by id": "SELECT llmspell.episode_add(%(key)s, 'user', %(text)s, %(vector)s, id => %(edge)s)",
    "vector_add_many, by id": "SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object('id', %(edge)s::uuid, 'embedding', '[1,2,3]'::jsonb)), space => 'small:kept')",
    "vector_put_many, by id": "SELECT llmspell.vector_put_many(ARRAY[%(vector)s::vector], ids => ARRAY[%(edge)s::uuid])",
    "vector_put, a small space": "SELECT llmspell.vector_put('[1,2,3]', %(key)s, space => 'small:kept')",
    "checkpoint_writes_put": "SELECT llmspell.checkpoint_writes_put(%(key)s, '', c, 'task', '{a}', '{t}', '{x}') FROM llmspell.checkpoint_put(%(key)s, '', 'one', NULL, '{}'), (VALUES ('one')) AS v (c)",
    "thread_copy": "SELECT llmspell.thread_copy(%(key)s || ' source', %(key)s)",
    "message_append, by id": "SELECT llmspell.message_append(%(key)s, '[1]', message_ids => ARRAY[%(key)s])",
    "item_rename": "SELECT llmspell.item_rename('{kept}', 'source', '{kept}', 'target')",
    "memory_tool": "SELECT llmspell.memory_tool(jsonb_build_object('command', 'create', 'path', '/memories/kept.txt', 'file_text', %(text)s::text))",
}
# What a call may say of what the snapshot shows.
SAID = {**REFUSED, "memory_tool": {"23505"}}
# What a call needs besides, and what deletes it in another session; by default all of the tenant's goes.
NEEDS = {"thread_copy": "SELECT llmspell.checkpoint_put('kept source', '', 'one', NULL, '{}')", "item_rename": "SELECT llmspell.item_put('{kept}', 'source', '1')"}
GOES = {"thread_copy": "SELECT llmspell.thread_delete('kept')", "item_rename": "SELECT llmspell.item_delete('{kept}', 'target')"}


def cases():
    """Statements by name, as test_sequences draws them, and more."""
    found = {**CALLS, **MORE}
    values = arguments(random.Random(1), KEY)
    for name, (statement, entry) in BATCHES.items():
        plain = {k: str(v) if not isinstance(v, (int, dict, list)) else v for k, v in entry(KEY).items()} if entry else None
        found[f"{name}, a batch"] = statement
        values[f"{name}, a batch"] = {"keys": [KEY], **({"entries": Jsonb([plain])} if entry else {})}
    return {name: (statement, values.get(name, values)) for name, statement in found.items()}


def unique_keys(connection):
    """The tables that the role reads, and the columns of each unique key."""
    return rows(connection, """
        SELECT x.indrelid::regclass::text, ARRAY(SELECT quote_ident(attname) FROM unnest(x.indkey::int2[]) AS k JOIN pg_attribute ON attrelid = x.indrelid AND attnum = k)
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
        WHERE x.indisunique AND x.indexprs IS NULL AND t.relnamespace = 'llmspell'::regnamespace AND NOT t.relispartition AND has_table_privilege(%s, t.oid, 'SELECT')
        UNION ALL SELECT 'llmspell.event_log', '{tenant_id,event_id}'""", [ROLE])


def erase(operator):
    with contextlib.suppress(psycopg.errors.NoDataFound):
        operator.execute("SELECT count(*) FROM llmspell.tenant_erase(%s, false)", [A])


def twice(connection, keys):
    """The unique keys of which the transaction sees two rows, and what is wrong with the graph."""
    counts = " UNION ALL ".join(
        f"SELECT '{table}({', '.join(columns)})' FROM {table} WHERE num_nulls({', '.join(columns)}) = 0 GROUP BY {', '.join(columns)} HAVING count(*) > 1" for table, columns in keys)
    found = [r[0] for r in rows(connection, counts)]
    return found + [str(r) for r in rows(connection, """
        SELECT 'current twice', entity_id FROM llmspell.entities WHERE transaction_time_end = 'infinity' GROUP BY entity_id, valid_time_start HAVING count(*) > 1
        UNION ALL SELECT 'current twice', relationship_id FROM llmspell.relationships WHERE transaction_time_end = 'infinity' GROUP BY relationship_id, valid_time_start HAVING count(*) > 1""")]


@test
def every_writing_function():
    """each call of test_sequences, and more, on what another session deleted: done without a second row, or 40001 or 23P01"""
    wrong, refused = [], 0
    with server() as operator, app(A) as other:
        keys = unique_keys(operator)
        for name, (statement, values) in cases().items():
            for level in LEVELS:
                accepted = SAID.get(name.split(",")[0], set())
                erase(operator)
                all_values = {**arguments(random.Random(1), KEY), **values}
                for first in (*FIRST, NEEDS.get(name, "SELECT 1"), statement):
                    try:
                        other.execute(first, all_values)
                    except psycopg.Error as error:
                        if error.sqlstate not in accepted:
                            wrong.append(f"{name}: {error}")
                with app(A) as kept:
                    kept.execute(f"BEGIN ISOLATION LEVEL {level}")
                    kept.execute("SELECT count(*) FROM llmspell.kv_store")
                    if name in GOES:
                        other.execute(GOES[name])
                    else:
                        erase(operator)
                    try:
                        kept.execute(statement, {**all_values, "json": Jsonb({"other": 1})})
                        wrong += [f"{name}, {level}: {found}" for found in twice(kept, keys)]
                        kept.execute("COMMIT")
                    except psycopg.Error as error:
                        refused += error.sqlstate == "40001"
                        if error.sqlstate not in {"40001", "23P01"} | accepted:
                            wrong.append(f"{name}, {level}: {error.sqlstate} {str(error).splitlines()[0][:200]}")
    equal(wrong, [], "\n".join(wrong))
    assert refused > 40 * len(LEVELS), f"{refused} refused"


@test
def without_a_kept_snapshot():
    """READ COMMITTED makes each of them anew"""
    with server() as operator, app(A) as other:
        for name, (statement, values) in cases().items():
            erase(operator)
            all_values = {**arguments(random.Random(1), KEY), **values}
            for first in (*FIRST, NEEDS.get(name, "SELECT 1"), statement):
                try:
                    other.execute(first, all_values)
                except psycopg.Error as error:
                    assert error.sqlstate in SAID.get(name.split(",")[0], set()), f"{name}: {error}"
        equal(one(other, "SELECT count(*) FROM llmspell.verify()"), 0)
