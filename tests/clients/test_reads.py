#!/usr/bin/env -S python3 -m pytest
"""Reads and claims of the state stores and of the graph go by their index: the statements that the functions run, as generic plans."""

import json

from lib import ROLE, server, test

TENANT = "reads-1"
ROWS = 20000  # of four tenants
FILL = [
    """INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, name, subject, title, status, created_at, expires_at)
    SELECT 'reads-' || n % 4, md5('s' || n)::uuid, '{}', 'session ' || n, 'user ' || n % 100, 'title ' || n % 1000, (ARRAY['active', 'archived', 'expired', 'active'])[1 + n / 4 % 4],
        now() - n * interval '1 second', CASE WHEN n % 10 < 2 THEN now() + (n - 1000) * interval '1 minute' END FROM generate_series(0, 19999) n""",
    "INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) SELECT 'reads-' || n % 4, 'agent ' || n, 'type ' || n / 4 % 20, '{}', '' FROM generate_series(0, 19999) n",
    """INSERT INTO llmspell.agent_state_history (tenant_id, agent_id, version, agent_type, schema_version, checksum, saved_at, replaced_at, size_bytes, packed, label)
    SELECT 'reads-' || n % 4, 'agent ' || n % 40, 1 + n / 40, 't', 1, '', now() - (20000 - n) * interval '1 minute', now() - (19960 - n) * interval '1 minute', 2, p.packed, 'label ' || n / 40
    FROM generate_series(0, 19999) n, llmspell_internal._text_pack('{}', NULL) p""",
    """INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data, status, created_at, lease_expires_at)
    SELECT 'reads-' || n % 4, 'workflow ' || n, '{}', (ARRAY['pending', 'running', 'completed', 'failed', 'cancelled'])[1 + n / 4 % 5],
        now() - n * interval '1 second', CASE WHEN n / 4 % 5 = 1 THEN now() + n * interval '1 second' END FROM generate_series(0, 19999) n""",
    """INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, frequency)
    SELECT 'reads-' || n % 4, 'user:' || n / 400, 'after:' || n / 40 % 10, 'open:' || n, 1 + n / 4 % 10 / 8 * (n % 50) FROM generate_series(0, 19999) n""",
    """INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, transaction_time_start, transaction_time_end)
    SELECT 'reads-' || n % 4, md5('n' || n)::uuid, 'type ' || n / 4 % 20, 'name ' || n, jsonb_build_object('n', n), '2020-01-01Z', '2025-01-01Z'::timestamptz + v * interval '1 day',
        CASE WHEN v < 4 THEN '2025-01-02Z'::timestamptz + v * interval '1 day' ELSE 'infinity' END FROM generate_series(0, 3999) n, generate_series(0, 4) v""",
    """INSERT INTO llmspell.relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, valid_time_start, transaction_time_start)
    SELECT 'reads-' || n % 4, md5('r' || n)::uuid, md5('n' || n % 4000)::uuid, md5('n' || (n * 4 + n) % 4000)::uuid, 'type ' || n % 3, '2020-01-01Z', '2025-01-01Z' FROM generate_series(0, 19999) n""",
]
TABLES = "sessions, agent_states, agent_state_history, workflow_states, procedural_patterns, entities, relationships"
NODE = "md5('n1')::uuid"
# Both hold the current versions of an id; the planner takes either.
CURRENT = {"idx_entities_current", "entities_current_excl"}

# Each call, and the indexes that its statements may use: none beside them, and no other way to a table.
CASES = {
    "session_get(md5('s5')::uuid)": {"sessions_pkey"},
    "session_get(name => 'session 5')": {"unique_session_name", "sessions_pkey"},
    "session_list(max_rows => 10)": {"idx_sessions_created"},
    "session_list(status => 'active', max_rows => 10)": {"idx_sessions_tenant_status"},
    "session_list(subject => 'user 1', max_rows => 10)": {"idx_sessions_subject"},
    "session_list(title => 'title 1', max_rows => 10)": {"idx_sessions_title"},
    "session_sweep(10)": {"idx_sessions_tenant_expires", "sessions_pkey", "session_retention_pkey"},
    "agent_state_get('agent 1')": {"unique_agent_state"},
    "agent_state_list(max_rows => 10)": {"unique_agent_state"},
    "agent_state_list(agent_type => 'type 1', max_rows => 10)": {"idx_agent_states_type"},
    "agent_state_history('agent 1', max_rows => 10)": {"agent_state_history_pkey", "unique_agent_state"},
    "agent_state_at('agent 1', version => 7)": {"unique_agent_state", "agent_state_history_pkey"},
    "agent_state_at('agent 1', label => 'label 5')": {"unique_agent_state", "agent_state_history_pkey", "idx_agent_state_history_label"},
    "agent_state_at('agent 1', at => now() - interval '5 hours')": {"unique_agent_state", "agent_state_history_pkey"},
    "workflow_get('workflow 1')": {"workflow_states_pkey"},
    "workflow_list(max_rows => 10)": {"idx_workflow_states_created"},
    "workflow_list(status => 'failed', max_rows => 10)": {"idx_workflow_states_tenant_status"},
    "workflow_claim(max_rows => 1)": {"idx_workflow_states_claim", "workflow_states_pkey"},
    "pattern_list(max_rows => 10)": {"idx_procedural_patterns_lookup"},
    "pattern_predict('user:1', 'after:1')": {"unique_procedural_pattern"},
    f"entity_as_of({NODE})": CURRENT,
    f"entity_as_of({NODE}, now(), '2025-01-03Z')": {"entities_pkey"},
    f"entity_history({NODE})": {"entities_pkey"},
    "entity_list(entity_type => 'type 1', max_rows => 10)": {"idx_entities_type_current"},
    "entity_list(filter => '{\"n\": 5}', max_rows => 10)": {"idx_entities_properties"},
    "entity_find('name 5')": {"idx_entities_name"},
    f"graph_neighbors({NODE})": {"idx_relationships_from_current", "idx_relationships_from"} | CURRENT,
    "graph_traverse(md5('n5')::uuid, 1, direction => 'in')": {"idx_relationships_to_current", "idx_relationships_to"} | CURRENT,
    f"entity_patch({NODE}, '{{}}')": {"entities_pkey", "idx_entities_closed"} | CURRENT,
}


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def logged(messages):
    """The nodes of all plans that auto_explain logged."""
    for message in messages:
        _, _, text = message.partition("plan:\n")
        if text:
            yield from nodes(json.loads(text)["Plan"])


@test
def reads_go_by_their_index():
    """each read and claim goes by its index, needs no sort of many rows, and visits a few rows for each that it returns"""
    wrong, messages = [], []
    with server() as connection:
        for statement in FILL:
            connection.execute(statement)
        connection.execute("SET search_path = llmspell")
        connection.execute(f"VACUUM (ANALYZE) {TABLES}")
        connection.execute("LOAD 'auto_explain'")
        for setting, value in {"log_min_duration": "0", "log_analyze": "on", "log_timing": "off", "log_nested_statements": "on", "log_format": "json"}.items():
            connection.execute(f"SET auto_explain.{setting} = '{value}'")
        connection.execute(f"SET SESSION AUTHORIZATION {ROLE}")
        connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [TENANT])
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.add_notice_handler(lambda notice: messages.append(notice.message_primary))
        for call, indexes in CASES.items():
            connection.execute("BEGIN")
            connection.execute("SET LOCAL client_min_messages = log")
            messages.clear()
            returned = len(connection.execute(f"SELECT * FROM llmspell.{call}").fetchall())
            connection.execute("ROLLBACK")
            found = list(logged(messages))
            used = {node["Index Name"] for node in found if "Index Name" in node}
            whole = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}
            visited = max((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * max(node["Actual Loops"], 1) for node in found)
            if returned == 0 or whole or not used or used - indexes or visited > 30 + 12 * returned:
                wrong.append(f"{call}: {returned} rows, {visited:.0f} visited, by {sorted(used)}, whole {sorted(whole)}")
    assert not wrong, '\n'.join(wrong)
