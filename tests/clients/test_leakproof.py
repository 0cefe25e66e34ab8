#!/usr/bin/env -S python3 -m pytest
"""Leakproof operators stand before the wall: nothing that they say may depend on another tenant's rows."""

import psycopg
from functions import functions
from lib import A, B, ROLE, app, equal, one, fill, rows, server, test

# As text, since Python's json gives up before the server does.
NESTED = {f"{kind}, {depth} deep": form(depth) for depth in (1, 999, 1000, 1001, 3000)
          for kind, form in {"objects": lambda n: '{"a":' * n + "1" + "}" * n, "arrays": lambda n: '{"a":' + "[" * (n - 1) + "1" + "]" * (n - 1) + "}"}.items()}
FITTING = {name: text for name, text in NESTED.items() if "1001" not in name and "3000" not in name}
COLUMNS = """SELECT a.attrelid::regclass::text, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'jsonb'::regtype
      AND has_column_privilege('llmspell_app', a.attrelid, a.attnum, 'SELECT') ORDER BY 1, 2"""


def outcomes(columns, found):
    """What each statement with each filter ends with, for a tenant that has no documents: its rows or its error."""
    seen = {}
    with app(B, options="-c plan_cache_mode=force_custom_plan") as connection:
        connection.execute("SET enable_seqscan = off")
        for name, text in NESTED.items():
            statements = {f"{table}.{column}": f"SELECT count(*) FROM {table} WHERE {column} OPERATOR(llmspell.@>) %s::jsonb" for table, column in columns}
            statements |= {f"{table}.{column}, contained": f"SELECT count(*) FROM {table} WHERE %s::jsonb OPERATOR(llmspell.@>) {column}" for table, column in columns}
            for what, statement in statements.items():
                try:
                    seen[what, name] = rows(connection, statement, [text])
                except psycopg.Error as error:
                    seen[what, name] = error.sqlstate, str(error)
            for function, i in found:
                try:
                    seen[function.name, name] = function.call(connection, {**function.required(), i: text})
                except psycopg.Error as error:
                    seen[function.name, name] = error.sqlstate, str(error)
    return seen


@test
def containment():
    """jsonb @> with filters up to and beyond the allowed depth: the same rows and errors whether or not another tenant has documents of any depth"""
    with server() as owner:
        columns = rows(owner, COLUMNS)
        found = [(f, f.names.index("filter")) for f in functions(owner, role=ROLE) if "filter" in f.names]
    equal((len(columns) > 10, len(found) > 5), (True, True), f"{columns} {found}")
    before = outcomes(columns, found)
    with app(A) as connection:
        fill(connection, A)
        connection.execute("SELECT llmspell.session_create('20000000-0000-0000-0000-000000000001')")
        for n, text in enumerate(FITTING.values()):
            connection.execute("SELECT llmspell.entity_put(uuidv7(), 'deep', 'd', %s)", [text])
            connection.execute("SELECT llmspell.relationship_put(uuidv7(), e.entity_id, e.entity_id, 'deep', %s) FROM llmspell.entities e WHERE e.entity_type = 'deep' LIMIT 1", [text])
            connection.execute("SELECT llmspell.event_append('deep', %s)", [text])
            connection.execute("SELECT llmspell.kv_set('deep ' || %s, 'x', metadata => %s)", [n, text])
            connection.execute("SELECT llmspell.agent_state_save('deep ' || %s, 'deep', %s)", [n, text])
            connection.execute("SELECT llmspell.artifact_put('20000000-0000-0000-0000-000000000001', 'deep ' || %s, convert_to(%s::text, 'UTF8'), metadata => %s)", [n, n, text])
            connection.execute("SELECT llmspell.vector_add(array_fill(1, ARRAY[384])::vector, metadata => %s)", [text])
            connection.execute("SELECT llmspell.episode_add('deep', 'user', 'deep', metadata => %s)", [text])
    after = outcomes(columns, found)
    equal({key: (value, after[key]) for key, value in before.items() if value != after[key]}, {}, "it depends on another tenant's rows")
    # The tenant that has them finds them.
    with app(A) as connection:
        for name, text in FITTING.items():
            equal(rows(connection, "SELECT count(*) FROM llmspell.entities WHERE entity_type = 'deep' AND properties OPERATOR(llmspell.@>) %s::jsonb", [text])[0][0] > 0, True, name)


# Columns whose figures plans need, for the reason that docs/tenancy.md gives: the tenant, kinds, and ids made at random.
SHOWN = {"tenant_id", "entity_type", "relationship_type", "event_type", "artifact_type", "agent_type", "hook_type", "status", "role", "scope", "language", "mime_type", "session_id",
         "source_kind", "value_type", "storage_type", "queue", "schema_version", "codec", "triggering_component", "processing_status", "space", "index_name", "id", "current_step",
         "service", "blob_type", "write_type", "history", "state"}
# How many there are is what plans need.
KEYS = {"key", "value", "name", "subject", "agent_id", "workflow_id", "consumer", "stream", "source_id", "content_hash", "artifact_id", "parent_artifact_id", "idempotency_key", "hook_id",
        "component_id", "namespace", "text_id", "thread_id", "checkpoint_id", "parent_id", "run_id", "message_id", "task_id", "channel", "entity_hash", "key_id", "rotated_from"}
TEXTS = """SELECT a.attrelid::regclass::text, a.attname, a.atttypid::regtype::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('jsonb'::regtype, 'bytea'::regtype, 'text[]'::regtype, 'text'::regtype, 'varchar'::regtype) AND has_column_privilege('llmspell_app', a.attrelid, a.attnum, 'SELECT')
      AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = a.attrelid AND t.attname = 'tenant_id') ORDER BY 1, 2"""
PROBES = {"jsonb": ["{}", '{"a": 1}', '{"z": [1, 2, 3]}', '"k5"', "[]"], "bytea": [b"", b"a", b"k5", b"z"], "text[]": [[], ["a"], ["k5"], ["z"]]}


@test
def estimates():
    """EXPLAIN shows another tenant the same estimate whatever a content is compared with; of keys the statistics hold two values at most"""
    with server() as owner:
        owner.execute("""INSERT INTO llmspell.kv_store (tenant_id, key, value, metadata) SELECT %s, 'k' || n, ('k' || n)::bytea, jsonb_build_object('k' || n, n) FROM generate_series(1, 3000) AS n""", [A])
        owner.execute("""INSERT INTO llmspell.entities (tenant_id, entity_type, name, properties, valid_time_start) SELECT %s, 'estimate', 'k' || n, jsonb_build_object('k' || n, n), now() FROM generate_series(1, 3000) AS n""", [A])
        owner.execute("""INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value) SELECT %s, 'global', 'k' || n, 'v' || n FROM generate_series(1, 3000) AS n""", [A])
        owner.execute("SELECT set_config('app.current_tenant_id', %s, false)", [A])
        owner.execute("SELECT count(*) FROM generate_series(1, 500) AS n, llmspell.agent_state_save('k' || n, 'estimate', jsonb_build_object('k' || n, n))")
        owner.execute("SELECT llmspell.event_append_many((SELECT jsonb_agg(jsonb_build_object('event_type', 'estimate', 'payload', jsonb_build_object('k' || n, n))) FROM generate_series(1, 3000) AS n))")
        owner.execute("ANALYZE")
        columns = rows(owner, TEXTS)
        # Whether the test has rows of it or not.
        equal([(table, column) for table, column, _ in columns if column not in SHOWN and one(owner, "SELECT coalesce(attstattarget, 100) > 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s", [table, column])],
              [], "columns with all figures that no list names")
        kept = rows(owner, """SELECT tablename, attname, cardinality(histogram_bounds::text::text[]), cardinality(most_common_vals::text::text[]) FROM pg_stats
            WHERE schemaname IN ('llmspell') AND (tablename LIKE 'idx\\_%%' OR attname = ANY(%s)
                AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = format('llmspell.%%I', tablename)::regclass AND t.attname = 'tenant_id'))""", [sorted(KEYS)])
        equal(len([k for k in kept if k[2]]) >= 4, True, f"{kept}")
        equal([k for k in kept if (k[2] or 0) > 2 or (k[3] or 0) > 1], [], "more than two values of keys")
    told, compared = [], 0
    with app(B) as connection:
        for table, column, kind in [c for c in columns if c[1] not in SHOWN | KEYS]:
            for operator in ("<", "="):
                shown = set()
                for value in PROBES.get(kind, ["", "a", "k1", "k1500", "k2999", "k5", "v7", "z"]):
                    plan = rows(connection, f"EXPLAIN (FORMAT JSON) SELECT FROM {table} WHERE {column} {operator} %s::{kind}", [value])[0][0]
                    shown.add(plan[0]["Plan"]["Plan Rows"])
                compared += 1
                if len(shown) > 1:
                    told.append(f"{table}.{column} {operator}: {sorted(shown)}")
    equal(told, [], "estimates that tell of values")
    equal(compared > 20, True, f"{compared}")
