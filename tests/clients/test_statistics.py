#!/usr/bin/env -S python3 -m pytest
"""No statement turns quadratic on statistics of a small table, as every table has in its first minute."""

import json

from lib import ROLE, SOAK, app, equal, server, test

FEW, MANY = 30, 20000 if SOAK else 5000
# How many rows all nodes of all plans may produce or discard, for each row of the table.
EACH = 60

# Tables and how to fill them with rows of the tenant, numbered by n; then what touches many of their rows.
KV = "INSERT INTO llmspell.kv_store (tenant_id, key, value, expires_at) SELECT %(tenant)s, 'k' || n, 'v', now() - interval '1 second' FROM generate_series(%(first)s::int, %(last)s::int) n"
PATTERNS = "INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, last_seen) SELECT %(tenant)s, 'global', 'k' || n, 'v', now() - interval '1 year' FROM generate_series(%(first)s::int, %(last)s::int) n"
AGENTS = "INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) SELECT %(tenant)s, 'a' || n, 'chat', '{}', '' FROM generate_series(%(first)s::int, %(last)s::int) n"
WORKFLOWS = "INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data) SELECT %(tenant)s, 'w' || n, '{}' FROM generate_series(%(first)s::int, %(last)s::int) n"
SESSIONS = "INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) SELECT %(tenant)s, ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, '{}' FROM generate_series(%(first)s::int, %(last)s::int) n"
KEYS = f"ARRAY(SELECT 'k' || n FROM generate_series(1, {MANY}) n)"
CASES = {
    "kv_delete_prefix": ([KV], "SELECT llmspell.kv_delete_prefix('k')"),
    "kv_delete_many": ([KV], f"SELECT llmspell.kv_delete_many({KEYS})"),
    "kv_get_many": ([KV], f"SELECT count(*) FROM llmspell.kv_get_many({KEYS})"),
    "kv_set_many": ([KV], f"SELECT count(*) FROM llmspell.kv_set_many({KEYS}, array_fill('v'::bytea, ARRAY[{MANY}]))"),
    "kv_sweep": ([KV], f"SELECT llmspell.kv_sweep({MANY})"),
    "pattern_prune": ([PATTERNS], "SELECT llmspell.pattern_prune('1 day')"),
    "pattern_list": ([PATTERNS], "SELECT count(*) FROM llmspell.pattern_list(min_frequency => 1, max_rows => 100000)"),
    "storage_clear": ([KV, AGENTS, WORKFLOWS, SESSIONS], "SELECT sum(deleted) FROM llmspell.storage_clear()"),
}


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def visited(messages):
    """The rows that all nodes of the logged plans produced or discarded."""
    total = 0
    for message in messages:
        _, _, text = message.partition("plan:\n")
        if not text:
            continue
        for node in nodes(json.loads(text)["Plan"]):
            each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
            total += each * max(node["Actual Loops"], 1)
    return total


def measure(fills, call):
    tenant, values = "statistics", {"first": 1, "last": FEW}
    messages = []
    with server() as connection, app(tenant) as client:
        tables = [fill.split()[2] for fill in fills]
        for fill, table in zip(fills, tables, strict=True):
            connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            client.execute(f"DELETE FROM {table}")
            client.execute(fill, {**values, "tenant": tenant})
            connection.execute(f"ANALYZE {table}")
        for fill in fills:
            client.execute(fill, {"first": FEW + 1, "last": MANY, "tenant": tenant})
        connection.execute("LOAD 'auto_explain'")
        for setting, value in {"log_min_duration": "0", "log_analyze": "on", "log_timing": "off", "log_nested_statements": "on", "log_format": "json"}.items():
            connection.execute(f"SET auto_explain.{setting} = '{value}'")
        connection.execute(f"SET SESSION AUTHORIZATION {ROLE}")
        connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [tenant])
        connection.add_notice_handler(lambda notice: messages.append(notice.message_primary))
        connection.execute("SET client_min_messages = log")
        connection.execute("BEGIN")
        for mode in ("force_custom_plan", "force_generic_plan"):
            connection.execute(f"SET plan_cache_mode = {mode}")
            messages.clear()
            connection.execute("SAVEPOINT before")
            connection.execute(call)
            yield mode, visited(messages)
            connection.execute("ROLLBACK TO before")
        connection.execute("ROLLBACK")
        connection.execute("RESET SESSION AUTHORIZATION")
        connection.execute("SET client_min_messages = notice")
        for table in tables:
            client.execute(f"DELETE FROM {table}")
            connection.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")


@test
def work_grows_with_the_rows():
    """every function that touches many rows visits each a few times, on statistics of 30 rows"""
    wrong = []
    for name, (fills, call) in CASES.items():
        for mode, count in measure(fills, call):
            if not MANY <= count <= EACH * MANY * len(fills):
                wrong.append(f"{name}, {mode}: {count} rows visited of {MANY * len(fills)}")
    equal(wrong, [])
