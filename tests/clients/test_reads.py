#!/usr/bin/env -S python3 -m pytest
"""Reads and claims of the state stores and of the graph go by their index: the statements that the functions run, as generic plans."""

from lib import ROLE, equal, rows, server, test
from plans import log_plans, logged

TENANT = "reads-1"
FILL = [
    """INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, name, subject, title, status, created_at, expires_at)
    SELECT 'reads-' || n % 4, md5('s' || n)::uuid, '{}', 'session ' || n, 'user ' || n % 100, 'title ' || n % 1000, (ARRAY['active', 'archived', 'expired', 'active'])[1 + n / 4 % 4],
        now() - n * interval '1 second', CASE WHEN n % 10 < 2 THEN now() + (n - 1000) * interval '1 minute' END FROM generate_series(0, 19999) n""",
    "INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) SELECT 'reads-' || n % 4, 'agent ' || n, 'type ' || n / 4 % 20, '{}', '' FROM generate_series(0, 19999) n",
    """INSERT INTO llmspell.agent_state_history (tenant_id, agent_id, version, agent_type, schema_version, checksum, saved_at, replaced_at, size_bytes, packed, label)
    SELECT 'reads-' || n % 4, 'agent ' || n % 40, 1 + n / 40, 't', 1, '', now() - (20000 - n) * interval '1 minute', now() - (19960 - n) * interval '1 minute', 2, p.packed, 'label ' || n / 40
    FROM generate_series(0, 19999) n, llmspell_internal._text_pack('{}', NULL) p""",
    """INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, workflow_name, state_data, status, created_at, lease_expires_at)
    SELECT 'reads-' || n % 4, 'workflow ' || n, 'name ' || n / 4 % 50, '{}', (ARRAY['pending', 'running', 'completed', 'failed', 'cancelled'])[1 + n / 4 % 5],
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
    "workflow_claim(max_rows => 1, name => 'name 5')": {"idx_workflow_states_claim_name", "workflow_states_pkey"},
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

# Pages of every list over MANY rows of one tenant, all of one session, type or day.
FEW, MANY = 30, 3000
SESSION = "'00000000-0000-0000-0000-0000000000aa'"
PAGED = {
    "kv_store": "INSERT INTO llmspell.kv_store (tenant_id, key, value) SELECT current_setting('app.current_tenant_id'), 'k' || n, 'v'",
    "agent_states": "INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) SELECT current_setting('app.current_tenant_id'), 'a' || n, 'chat', '{}', ''",
    "workflow_states": "INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data) SELECT current_setting('app.current_tenant_id'), 'w' || n, '{}'",
    "sessions": f"INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, subject, title) SELECT current_setting('app.current_tenant_id'), CASE n WHEN 1 THEN {SESSION}::uuid ELSE uuidv7() END, '{{}}', 'ann', 'talk'",
    "procedural_patterns": "INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, frequency) SELECT current_setting('app.current_tenant_id'), 'global', 'k', 'v' || n, 5",
    "episodes": f"INSERT INTO llmspell.episodes (tenant_id, session_id, role, content) SELECT current_setting('app.current_tenant_id'), {SESSION}, 'user', 'turn ' || n",
    "hook_history": "INSERT INTO llmspell.hook_history (tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size) SELECT current_setting('app.current_tenant_id'), 'h', 'before', '00000000-0000-0000-0000-0000000000cc', '', '{}', now() - n * interval '1 second', 1, 'agent', 'a', 0",
    "event_log": "INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload) SELECT current_setting('app.current_tenant_id'), uuidv7(), 'chat.turn', '00000000-0000-0000-0000-0000000000cc', now() - n * interval '1 millisecond', n, 'sql', '{}'",
    "artifact_content": "INSERT INTO llmspell.artifact_content (tenant_id, content_hash, size_bytes, storage_type, data) SELECT current_setting('app.current_tenant_id'), encode(llmspell.blake3(n::text::bytea), 'hex'), length(n::text), 'bytea', n::text::bytea",
    "artifacts": f"INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes, tags) SELECT current_setting('app.current_tenant_id'), 'a' || n, {SESSION}, n, encode(llmspell.blake3(n::text::bytea), 'hex'), '{{}}', 'report', 'file', 'text/plain', length(n::text), '{{}}'",
    "entities": "INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, transaction_time_start) SELECT current_setting('app.current_tenant_id'), uuidv7(), 'city', 'name ' || n, '{}', '2020-01-01Z', '2025-01-01Z'",
    "threads": "INSERT INTO llmspell.threads (tenant_id, thread_id, message_count) SELECT current_setting('app.current_tenant_id'), CASE n WHEN 1 THEN 't' ELSE 't' || n END, n",
    "thread_checkpoints": "INSERT INTO llmspell.thread_checkpoints (tenant_id, thread_id, namespace, checkpoint_id, checkpoint) SELECT current_setting('app.current_tenant_id'), 't', '', 'c' || n, '{}'",
    "thread_messages": "INSERT INTO llmspell.thread_messages (tenant_id, thread_id, sequence, message_id, message) SELECT current_setting('app.current_tenant_id'), 't', n, 'm' || n, '1'",
    "items": "INSERT INTO llmspell.items (tenant_id, namespace, key, value) SELECT current_setting('app.current_tenant_id'), llmspell_internal._item_path(ARRAY['a', 'n' || n], 'n'), 'k', '{\"kind\": \"note\"}'",
}
# The arguments of each list.
PAGES = {
    "thread_list": [""],
    "checkpoint_list": ["", "thread_id => 't', namespace => ''"],
    "message_list": ["thread_id => 't'", "thread_id => 't', newest => 20"],
    "kv_list": ["", "'k'"],
    "storage_list": ["'k'"],
    "agent_state_list": ["", "agent_type => 'chat'"],
    "workflow_list": ["", "status => 'pending'"],
    "session_list": ["", "status => 'active'", "subject => 'ann'", "title => 'talk'"],
    "pattern_list": ["", "scope => 'global'"],
    "episode_list": ["", f"session_id => {SESSION}", f"session_id => {SESSION}, newest_first => true"],
    "hook_list": [f"{by}newest_first => {order}" for by in ("", "hook_id => 'h', ", "hook_type => 'before', ", "correlation_id => '00000000-0000-0000-0000-0000000000cc', ") for order in ("true", "false")],
    "event_list": [f"{by}newest_first => {order}" for by in ("", "pattern => 'chat.turn', ", "correlation_id => '00000000-0000-0000-0000-0000000000cc', ") for order in ("true", "false")],
    "artifact_list": [f"session_id => {SESSION}", f"session_id => {SESSION}, newest_first => true", f"session_id => {SESSION}, name => 'report'", "artifact_type => 'file'"],
    "entity_list": ["", "entity_type => 'city'"],
    "item_list": ["", "'{a}'", "filter => '{\"kind\": \"note\"}'"],
    "namespace_list": ["", "'{a,*}'", "max_depth => 2"],
}
# These read all that match, and sort: a pattern of several types by time, agents and workflows by their storage key.
# entity_list may do so while the statistics are those of a small table.
SORTED = ["event_list(pattern => 'chat.*', max_rows => 10)", "storage_list('agent:', max_rows => 10)", "storage_list('custom:workflow_', max_rows => 10)"]

# Walks, from a node with four edges of many, and the indexes of relationships that they may use now and as known then.
OUT, INTO = ({f"idx_relationships_{way}", f"idx_relationships_{way}_current"} for way in ("from", "to"))
WALKS = {
    "graph_traverse(md5('n1')::uuid, 2{})": OUT,
    "graph_traverse(md5('n1')::uuid, 2, direction => 'in', with_names => true{})": INTO,
    "graph_traverse(md5('n1')::uuid, 2, relationship_types => ARRAY['type 1'], direction => 'both'{})": OUT | INTO,
    "graph_neighbors(md5('n1')::uuid, 'both'{})": OUT | INTO,
    "graph_subgraph(ARRAY[md5('n1')::uuid, md5('n2')::uuid]{})": OUT | INTO,
    "graph_shortest_path(md5('n1')::uuid, md5('n1001')::uuid{})": OUT | INTO,
}


def watch(connection, tenant):
    """Logs the plans of a member of llmspell_app, generic ones; returns the list that takes the messages."""
    messages = log_plans(connection)
    connection.execute(f"SET SESSION AUTHORIZATION {ROLE}")
    connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [tenant])
    connection.execute("SET plan_cache_mode = force_generic_plan")
    return messages


def run(connection, messages, call):
    """How many rows the call returns, the nodes of all its plans, and the most rows that a node visits."""
    connection.execute("BEGIN")
    connection.execute("SET LOCAL client_min_messages = log")
    messages.clear()
    returned = len(connection.execute(f"SELECT * FROM llmspell.{call}").fetchall())
    connection.execute("ROLLBACK")
    found = [node for _, node in logged(messages)]
    visited = max((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * max(node["Actual Loops"], 1) for node in found)
    return returned, found, visited


@test
def reads_go_by_their_index():
    """each read and claim goes by its index, needs no sort of many rows, and visits a few rows for each that it returns"""
    wrong = []
    with server() as connection:
        for statement in FILL:
            connection.execute(statement)
        connection.execute("SET search_path = llmspell")
        connection.execute(f"VACUUM (ANALYZE) {TABLES}")
        messages = watch(connection, TENANT)
        for call, indexes in CASES.items():
            returned, found, visited = run(connection, messages, call)
            used = {node["Index Name"] for node in found if "Index Name" in node}
            whole = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}
            if returned == 0 or whole or not used or used - indexes or visited > 30 + 12 * returned:
                wrong.append(f"{call}: {returned} rows, {visited:.0f} visited, by {sorted(used)}, whole {sorted(whole)}")
    assert not wrong, "\n".join(wrong)


def paged(connection, name, arguments):
    """What is wrong with the pages to the last one, by the cursor that each row has."""
    seen, after = [], None
    while True:
        page = rows(connection, f"SELECT cursor, to_jsonb(l)::text FROM llmspell.{name}({arguments}{', ' if arguments else ''}max_rows => {MANY // 3 + 1}, after => %s) l", [after])
        seen += [row for _, row in page]
        if len(page) <= MANY // 3 or len(seen) > MANY:
            break
        after = page[-1][0]
    return None if len(seen) == len(set(seen)) == MANY else f"{len(seen)} rows, {len(set(seen))} of them different, of {MANY}"


@test
def a_page_does_not_grow():
    """a page of any list visits a few rows for each that it returns, of 3,000 that match, first or last, on statistics of 30 rows and on good ones"""
    wrong = []
    with server() as connection:
        lists = rows(connection, """SELECT proname FROM pg_proc WHERE pronamespace = 'llmspell'::regnamespace AND proname ~ '_list$'
            AND has_function_privilege('llmspell_app', oid, 'EXECUTE') ORDER BY 1""")
        # Spaces are few.
        equal([name for (name,) in lists if name not in PAGES], ["vector_space_list"])
        connection.execute("SELECT llmspell.ensure_future_event_log_partitions()")
        connection.execute("SELECT set_config('app.current_tenant_id', 'pages', false)")
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            for table, statement in PAGED.items():
                connection.execute(f"{statement} FROM generate_series({first}, {last}) n")
                if first == 1:
                    connection.execute(f"ANALYZE llmspell.{table}")
        for statistics in ("of 30 rows", "good"):
            if statistics == "good":
                connection.execute("RESET SESSION AUTHORIZATION")
                connection.execute("ANALYZE")
            messages = watch(connection, "pages")
            for name, variants in PAGES.items():
                for arguments in variants:
                    call = f"{name}({arguments}{', ' if arguments else ''}max_rows => 10)"
                    returned, found, visited = run(connection, messages, call)
                    most = MANY if name == "entity_list" and statistics != "good" else 200
                    cursor = rows(connection, f"SELECT cursor FROM llmspell.{name}({arguments}{', ' if arguments else ''}max_rows => {MANY - 100}) OFFSET {MANY - 101}")[0][0]
                    later, _, visited_later = run(connection, messages, call.replace("max_rows", f"after => {cursor!r}, max_rows"))
                    if (returned, later) != (10, 10) or max(visited, visited_later) > most:
                        wrong.append(f"{call}, statistics {statistics}: {returned} rows, {visited:.0f} and later {visited_later:.0f} visited by {[node['Node Type'] for node in found]}")
            if statistics == "good":
                wrong += [f"{name}({arguments}): {fault}" for name, variants in PAGES.items() for arguments in variants if (fault := paged(connection, name, arguments))]
            for call in SORTED:
                returned, _, visited = run(connection, messages, call)
                if returned != 10 or visited > MANY:
                    wrong.append(f"{call}, statistics {statistics}: {returned} rows, {visited:.0f} visited")
    assert not wrong, "\n".join(wrong)


@test
def walks_on_old_statistics():
    """each walk goes by the indexes of the ids, now and as known then, on statistics of 30 rows and on good ones; no plan is one that nothing but a disabled scan was left for"""
    few, many = 30, 20_000
    wrong = []
    with server() as connection:
        connection.execute("TRUNCATE llmspell.entities, llmspell.relationships")
        connection.execute("SET search_path = llmspell")
        for first, last in ((1, few), (few + 1, many)):
            connection.execute(f"""INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, transaction_time_start)
                SELECT '{TENANT}', md5('n' || n)::uuid, 'type', 'name ' || n, '2020-01-01Z', '2025-01-01Z' FROM generate_series({first}, {last}) n""")
            connection.execute(f"""INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start, transaction_time_start)
                SELECT '{TENANT}', md5('n' || n)::uuid, md5('n' || 1 + (n - 1 + 10 ^ e)::int % {many})::uuid, 'type ' || e % 3, '2020-01-01Z', '2025-01-01Z'
                FROM generate_series({first}, {last}) n, generate_series(0, 3) e""")
            if first == 1:
                for table in ("entities", "relationships"):
                    connection.execute(f"ALTER TABLE llmspell.{table} SET (autovacuum_enabled = off)")
                connection.execute("ANALYZE llmspell.entities, llmspell.relationships")
        for statistics in ("of 30 rows", "good"):
            if statistics == "good":
                connection.execute("RESET SESSION AUTHORIZATION")
                connection.execute("VACUUM (ANALYZE) llmspell.entities, llmspell.relationships")
            messages = watch(connection, TENANT)
            for form, edges in WALKS.items():
                for known, entities in (("", CURRENT), (", known_at => now()", {"entities_pkey"})):
                    call = form.format(known)
                    returned, found, visited = run(connection, messages, call)
                    used = {node["Index Name"] for node in found if "Index Name" in node}
                    whole = sorted({node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"})
                    disabled = [node["Node Type"] for node in found if node.get("Disabled")]
                    if returned == 0 or whole or disabled or not used & edges or not used & entities or used - edges - entities or visited > 300:
                        wrong.append(f"{call}, statistics {statistics}: {returned} rows, {visited:.0f} visited, by {sorted(used)}, whole {whole}, disabled {disabled}")
        connection.execute("RESET SESSION AUTHORIZATION")
        for table in ("entities", "relationships"):
            connection.execute(f"ALTER TABLE llmspell.{table} RESET (autovacuum_enabled)")
    assert not wrong, "\n".join(wrong)
