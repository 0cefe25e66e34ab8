#!/usr/bin/env -S python3 -m pytest
"""No statement turns quadratic on statistics of a small table, as every table has in its first minute."""

import collections

from lib import ROLE, SOAK, equal, rows, server, test
from plans import log_plans, logged

MEMBER_OF = "llmspell_admin"
TENANT = "statistics"
FEW, MANY = 30, 20000 if SOAK else 1000
BATCH = 500
# How many rows all nodes of all plans may produce or discard, for each row of each table that a call works on.
EACH = 30

ID = "('00000000-0000-0000-%s-' || lpad(n::text, 12, '0'))::uuid"
SESSION, EPISODE, ENTITY, EDGE, VECTOR = (ID % f"{kind:04}" for kind in range(1, 6))
# The rows that the statistics know are all of one session, content or entity.
OF_SESSION, OF_ENTITY = (name.replace("n::", "(CASE WHEN n <= {few} THEN 1 ELSE n END)::") for name in (SESSION, ENTITY))
# Rows of the tenant, numbered by n.
FILLS = [
    "INSERT INTO llmspell.kv_store (tenant_id, key, value, expires_at) SELECT {t}, 'k' || n, 'v', now() - interval '1 second' FROM {n}",
    "INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, last_seen) SELECT {t}, 'global', 'k' || n, 'v', now() - interval '1 year' FROM {n}",
    "INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum) SELECT {t}, 'a' || n, 'chat', '{{}}', '' FROM {n}",
    "SELECT llmspell.agent_state_save('kept', 'chat', jsonb_build_object('n', n), keep_history => true) FROM {n}",
    "INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data) SELECT {t}, 'w' || n, '{{}}' FROM {n}",
    "INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, expires_at, name) SELECT {t}, " + SESSION + ", '{{}}', now() - interval '1 year', 's' || n FROM {n}",
    """INSERT INTO llmspell.episodes (tenant_id, id, session_id, role, content, occurred_at, expires_at)
       SELECT {t}, """ + EPISODE + ", (" + OF_SESSION + ")::text, 'user', 'text', now() - interval '1 year', now() - interval '1 second' FROM {n}",
    "INSERT INTO llmspell.episode_embeddings_3 (tenant_id, id, scope, embedding) SELECT {t}, " + EPISODE + ", 'session:' || " + OF_SESSION + ", ARRAY[n, 1, 1]::real[] FROM {n}",
    "INSERT INTO llmspell.vector_space_small (tenant_id, id, scope, embedding, expires_at) SELECT {t}, " + VECTOR + ", 'global', ARRAY[n, 1, 1]::real[], now() - interval '1 second' FROM {n}",
    "INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start) SELECT {t}, " + ENTITY + ", 'person', 'p' || n, '2020-01-01' FROM {n}",
    """INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, transaction_time_start, transaction_time_end)
       SELECT {t}, """ + ENTITY + ", 'person', 'old', '2020-01-01', '2020-01-01', '2021-01-01' FROM {n}",
    # Entity 1 is a hub.
    """INSERT INTO llmspell.relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, valid_time_start)
       SELECT {t}, """ + EDGE + ", '00000000-0000-0000-0003-000000000001', " + OF_ENTITY + ", 'knows', '2020-01-01' FROM {n}",
    """INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
       SELECT {t}, uuidv7(), 'e', uuidv7(), date_trunc('month', now(), 'UTC') - interval '1 hour', n, 'sql', '{{}}' FROM {n}""",
    """INSERT INTO llmspell.hook_history (tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size)
       SELECT {t}, 'h' || n, 'before', uuidv7(), '', '{{}}', now() - interval '1 year', 1, 'c', 'c', 0 FROM {n}""",
    """INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes)
       SELECT {t}, encode(llmspell.blake3(convert_to('raw ' || n, 'UTF8')), 'hex'), 'bytea', convert_to('raw ' || n, 'UTF8'), 5 FROM {n}""",
    """INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
       SELECT {t}, 'a' || n, """ + OF_SESSION + """, n, encode(llmspell.blake3(convert_to('raw ' || CASE WHEN n <= {few} THEN 1 ELSE n END, 'UTF8')), 'hex'), '{{}}', 'raw', 'file', 'text/plain', 5 FROM {n}""",
    "SELECT llmspell.artifact_put(" + SESSION + ", 'file', convert_to('content ' || n, 'UTF8')) FROM {n} WHERE n % 2 = 0",
    "INSERT INTO llmspell.items (tenant_id, namespace, key, value, expires_at, ttl) SELECT {t}, 'a' || chr(1) || 'n' || n % 7 || chr(1), 'k' || n, '{{}}', now() + interval '1 day', '1 day' FROM {n}",
    "INSERT INTO llmspell.items (tenant_id, namespace, key, value, expires_at) SELECT {t}, 'due' || chr(1), 'k' || n, '{{}}', now() - interval '1 second' FROM {n}",
    """SELECT llmspell.checkpoint_put('long', '', lpad(n::text, 6, '0'), CASE WHEN n > 1 THEN lpad((n - 1)::text, 6, '0') END, '{{}}', jsonb_build_object('run_id', 'r' || n % 3),
       '{{messages}}', '{{text}}', ARRAY[convert_to('value ' || n, 'UTF8')]) FROM {n} WHERE n % 4 = 0""",
    "SELECT llmspell.message_append('long', jsonb_build_array(n)) FROM {n} WHERE n % 4 = 0",
    "INSERT INTO llmspell.artifact_upload (tenant_id, meta, expires_at) SELECT {t}, '{{}}', now() - interval '1 day' FROM {n}",
]
N = f"generate_series(1, {MANY}) n"
KEYS = f"ARRAY(SELECT 'k' || n FROM {N})"
STATES = f"ARRAY(SELECT p || n FROM {N}, unnest(ARRAY['agent:chat:a', 'workflow:w', 'k']) p)"
VALUES = f"array_fill('v'::bytea, ARRAY[{MANY}])"


def ids(kind, count=MANY):
    return f"ARRAY(SELECT {kind} FROM generate_series(1, {count}) n)"


def batch(members, count=BATCH):
    return f"(SELECT jsonb_agg(jsonb_build_object({members})) FROM generate_series(1, {count}) n)"


# Tables of LangGraph and LangChain as they are made, without statistics: one long thread, its writes, items with vectors.
LANG = f"""CREATE SCHEMA lang;
    CREATE TABLE lang.checkpoints (thread_id text, checkpoint_ns text, checkpoint_id text, parent_checkpoint_id text, checkpoint jsonb, metadata jsonb, PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id));
    CREATE TABLE lang.checkpoint_blobs (thread_id text, checkpoint_ns text, channel text, version text, type text, blob bytea, PRIMARY KEY (thread_id, checkpoint_ns, channel, version));
    CREATE TABLE lang.checkpoint_writes (thread_id text, checkpoint_ns text, checkpoint_id text, task_id text, idx int, channel text, type text, blob bytea, task_path text,
        PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx));
    CREATE INDEX ON lang.checkpoints (thread_id); CREATE INDEX ON lang.checkpoint_blobs (thread_id); CREATE INDEX ON lang.checkpoint_writes (thread_id);
    CREATE TABLE lang.store (prefix text, key text, value jsonb, created_at timestamptz, updated_at timestamptz, expires_at timestamptz, PRIMARY KEY (prefix, key));
    CREATE TABLE lang.store_vectors (prefix text, key text, field_name text, embedding vector, PRIMARY KEY (prefix, key, field_name));
    CREATE TABLE lang.vectors (langchain_id text PRIMARY KEY, content text, embedding vector, langchain_metadata json);
    INSERT INTO lang.checkpoints SELECT 't', '', lpad(n::text, 6, '0'), lpad((n - 1)::text, 6, '0'), jsonb_build_object('channel_versions', jsonb_build_object('a', n)), '{{}}' FROM {N};
    INSERT INTO lang.checkpoint_blobs SELECT 't', '', 'a', n, 'text', 'value' FROM {N};
    INSERT INTO lang.checkpoint_writes SELECT 't', '', lpad(n::text, 6, '0'), 'task', 0, 'a', 'text', 'value', '' FROM {N};
    INSERT INTO lang.store SELECT 'p' || n % 7, 'k' || n, '{{}}', now(), now(), NULL FROM {N};
    INSERT INTO lang.store_vectors SELECT 'p' || n % 7, 'k' || n, 'f', '[1,2,3]' FROM {N};
    INSERT INTO lang.vectors SELECT 'v' || n, '', '[1,2,3]', '{{}}' FROM {N};
    GRANT USAGE ON SCHEMA lang TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA lang TO PUBLIC"""

# Each call, how many tables it works on, and what comes before it unmeasured.
CASES = {
    "kv_delete_prefix": ("SELECT llmspell.kv_delete_prefix('k')", 1),
    "kv_delete_many": (f"SELECT llmspell.kv_delete_many({KEYS})", 1),
    "kv_get_many": (f"SELECT count(*) FROM llmspell.kv_get_many({KEYS})", 1),
    "kv_set_many": (f"SELECT count(*) FROM llmspell.kv_set_many({KEYS}, {VALUES})", 1),
    "kv_sweep": (f"SELECT llmspell.kv_sweep({MANY})", 1),
    "storage_set_many": (f"SELECT count(*) FROM llmspell.storage_set_many({KEYS}, {VALUES})", 1),
    "storage_delete_many": (f"SELECT llmspell.storage_delete_many({STATES})", 4),
    "storage_clear": ("SELECT sum(deleted) FROM llmspell.storage_clear()", 8),
    "pattern_prune": ("SELECT llmspell.pattern_prune('1 day')", 1),
    "pattern_list": ("SELECT count(*) FROM llmspell.pattern_list(min_frequency => 1, max_rows => 100000)", 1),
    "pattern_record_many": ("SELECT count(*) FROM llmspell.pattern_record_many(" + batch("'scope', 'global', 'key', 'k' || n, 'value', 'v'") + ")", 1),
    "agent_state_prune": ("SELECT llmspell.agent_state_prune('kept', keep_last => 1)", 1),
    "agent_state_delete": ("SELECT llmspell.agent_state_delete('kept')", 1),
    "workflow_claim": (f"SELECT count(*) FROM llmspell.workflow_claim(max_rows => {MANY})", 1),
    "workflow_list": (f"SELECT count(*) FROM llmspell.workflow_list(max_rows => {MANY})", 1),
    "session_sweep": (f"SELECT * FROM llmspell.session_sweep({MANY})", 5, "SELECT llmspell.session_retention_set('1 day')"),
    "session_delete": ("SELECT llmspell.session_delete('00000000-0000-0000-0001-000000000001')", 1),
    "episode_claim": (f"SELECT count(*) FROM llmspell.episode_claim(max_rows => {MANY})", 1),
    "episode_mark_processed": (f"SELECT llmspell.episode_mark_processed({ids(EPISODE)}, array_fill(1, ARRAY[{MANY}])::bigint[])", 1, f"SELECT count(*) FROM llmspell.episode_claim(max_rows => {MANY})"),
    "episode_add_many": ("SELECT count(*) FROM llmspell.episode_add_many(" + batch("'session_id', 's', 'role', 'user', 'content', 'x', 'embedding', '[1,2,3]'::jsonb") + ")", 1),
    "episode_prune": ("SELECT llmspell.episode_prune('1 day')", 2),
    "episode_delete": (f"SELECT llmspell.episode_delete({ids(EPISODE)})", 2),
    "episode_sweep": (f"SELECT llmspell.episode_sweep({MANY})", 2),
    "episode_list": (f"SELECT count(*) FROM llmspell.episode_list(max_rows => {MANY}, include_expired => true)", 1),
    "episode_search": ("SELECT count(*) FROM llmspell.episode_search('text', '[1,2,3]', max_rows => 100, include_expired => true)", 2),
    "vector_add_many": (f"SELECT cardinality(llmspell.vector_add_many(array_fill('[1,2,3]'::public.vector, ARRAY[{MANY}])))", 1),
    "vector_put_many": (f"SELECT count(*) FROM llmspell.vector_put_many(array_fill('[1,2,3]'::public.vector, ARRAY[{MANY}]), ids => {ids(VECTOR)})", 3),
    "vector_get": (f"SELECT count(*) FROM llmspell.vector_get({ids(VECTOR)}, space => 'small')", 2),
    "embedding_pending": (f"SELECT count(*) FROM llmspell.embedding_pending('turns_b', {MANY})", 6, "UPDATE llmspell.episodes SET expires_at = NULL"),
    "embedding_put": (f"SELECT llmspell.embedding_put('turns_b', {ids(EPISODE)}, array_fill('[1,2,3]'::public.vector, ARRAY[{MANY}]), ARRAY(SELECT q.fence FROM llmspell.embedding_queue q ORDER BY q.id))", 6,
                      f"UPDATE llmspell.episodes SET expires_at = NULL; SELECT count(*) FROM llmspell.embedding_pending('turns_b', {MANY})"),
    "embedding_coverage": ("SELECT count(*) FROM llmspell.embedding_coverage()", 12),
    "vector_space_activate": ("SELECT * FROM llmspell.vector_space_activate('turns_b', force => true)", 30, "UPDATE llmspell.episodes SET expires_at = NULL"),
    "vector_delete": (f"SELECT llmspell.vector_delete({ids(VECTOR)})", 1),
    "vector_delete_scope": ("SELECT llmspell.vector_delete_scope('global')", 1),
    "vector_sweep": (f"SELECT llmspell.vector_sweep({MANY})", 1),
    "vector_search_many": ("SELECT count(*) FROM llmspell.vector_search_many(array_fill('[1,2,3]'::public.vector, ARRAY[5]), 100, include_expired => true)", 2),
    "vector_space_delete": ("SELECT llmspell.vector_space_delete('small:x')", 3, f"SELECT count(*) FROM llmspell.vector_put_many(array_fill('[1,2,3]'::public.vector, ARRAY[{MANY}]), space => 'small:x')"),
    "vector_search": ("SELECT count(*) FROM llmspell.vector_search('[1,2,3]', 100, include_expired => true)", 1),
    "entity_put_many": ("SELECT llmspell.entity_put_many(" + batch(f"'entity_id', {ENTITY}, 'entity_type', 'person', 'name', 'new'") + ")", 1),
    "entity_insert_many": ("SELECT llmspell.entity_insert_many(" + batch("'entity_id', uuidv7(), 'entity_type', 'person', 'name', 'new'") + ")", 1),
    "entity_patch_many": ("SELECT llmspell.entity_patch_many(" + batch(f"'entity_id', {ENTITY}, 'properties', '{{\"a\": 1}}'::jsonb") + ")", 1),
    "entity_upsert_many": ("SELECT llmspell.entity_upsert_many(" + batch(f"'entity_id', {ENTITY}, 'entity_type', 'person', 'name', 'new'") + ")", 1),
    "entity_retract_many": ("SELECT llmspell.entity_retract_many(" + batch(f"'entity_id', {ENTITY}") + ")", 2),
    "entity_retract": ("SELECT llmspell.entity_retract('00000000-0000-0000-0003-000000000001')", 2),
    "entity_erase": ("SELECT llmspell.entity_erase('00000000-0000-0000-0003-000000000001')", 20),
    "entity_prune": ("SELECT llmspell.entity_prune('1 day')", 2),
    "relationship_put_many": ("SELECT llmspell.relationship_put_many(" + batch(f"'relationship_id', {EDGE}, 'from_entity', {ENTITY}, 'to_entity', {ENTITY}, 'relationship_type', 'likes'") + ")", 2),
    "relationship_patch_many": ("SELECT llmspell.relationship_patch_many(" + batch(f"'relationship_id', {EDGE}, 'properties', '{{\"a\": 1}}'::jsonb") + ")", 1),
    "relationship_retract_many": ("SELECT llmspell.relationship_retract_many(" + batch(f"'relationship_id', {EDGE}") + ")", 1),
    "graph_traverse": ("SELECT count(*) FROM llmspell.graph_traverse('00000000-0000-0000-0003-000000000001', 2)", 2),
    "event_append_many": ("SELECT count(*) FROM llmspell.event_append_many(" + batch("'event_type', 'e', 'payload', n, 'event_id', uuidv7()") + ")", 1),
    "event_import": ("SELECT llmspell.event_import(" + batch("'event_type', 'e', 'payload', n, 'event_id', uuidv7(), 'at', now()") + ")", 1),
    "stream_append": ("SELECT llmspell.stream_append('s', " + batch("'event_type', 'e', 'payload', n, 'event_id', uuidv7()") + ")", 1),
    "event_feed": (f"SELECT count(*) FROM llmspell.event_feed({MANY})", 1),
    "event_log_archive": ("SELECT llmspell.event_log_archive((date_trunc('month', now(), 'UTC') - interval '1 hour')::date)", 1),
    "cleanup_old_hook_executions": ("SELECT * FROM llmspell.cleanup_old_hook_executions(now())", 1),
    "hook_sweep": (f"SELECT llmspell.hook_sweep({MANY})", 1, "SELECT llmspell.hook_retention_set('1 day')"),
    # Some thousand chunks are sooner read in one scan than found by the index.
    "artifact_gc": (f"SELECT * FROM llmspell.artifact_gc({2 * MANY}, '0')", 20, "DELETE FROM llmspell.artifacts"),
    "artifact_migrate": (f"SELECT count(*) FROM llmspell.artifact_migrate({BATCH})", 20),
    "artifact_delete": (f"SELECT count(llmspell.artifact_delete(artifact_id)) FROM (SELECT artifact_id FROM llmspell.artifacts LIMIT {BATCH}) a", 4),
    "item_put_many": ("SELECT count(*) FROM llmspell.item_put_many(" + batch("'namespace', '{a,n1}'::text[], 'key', 'k' || n, 'value', n") + ")", 1),
    "item_touch_many": ("SELECT llmspell.item_touch_many(" + batch("'namespace', ARRAY['a', 'n' || n % 7], 'key', 'k' || n") + ")", 1),
    "item_delete_many": ("SELECT llmspell.item_delete_many(" + batch("'namespace', ARRAY['a', 'n' || n % 7], 'key', 'k' || n") + ")", 1),
    "item_sweep": (f"SELECT llmspell.item_sweep({MANY})", 2),
    "item_list": (f"SELECT count(*) FROM llmspell.item_list('{{a}}', max_rows => {MANY})", 1),
    "namespace_rename": ("SELECT llmspell.namespace_rename('{a}', '{b}')", 2),
    "namespace_delete": ("SELECT llmspell.namespace_delete('{a}')", 1),
    "memory_tool": ("SELECT llmspell.memory_tool('{\"command\": \"view\", \"path\": \"/memories\"}')", 1, "INSERT INTO llmspell.items (tenant_id, namespace, key, value) "
                    f"SELECT '{TENANT}', 'memories' || chr(1), 'f' || n, '{{\"text\": \"\"}}' FROM {N}"),
    "message_append": (f"SELECT count(*) FROM llmspell.message_append('long', (SELECT jsonb_agg(n) FROM {N}))", 1),
    "message_pop": (f"SELECT count(*) FROM llmspell.message_pop('long', {MANY})", 1),
    "message_clear": ("SELECT llmspell.message_clear('long')", 1),
    # Some hundred values are sooner read in one scan than found by the index.
    "checkpoint_list": (f"SELECT count(*) FROM llmspell.checkpoint_list('long', max_rows => {MANY})", 10),
    "thread_copy": ("SELECT llmspell.thread_copy('long', 'copy')", 4),
    "thread_delete": ("SELECT llmspell.thread_delete('long')", 4),
    "thread_delete_runs": ("SELECT llmspell.thread_delete_runs('{r0,r1}')", 4),
    "thread_prune": ("SELECT llmspell.thread_prune('{long}')", 4),
    "thread_gc": (f"SELECT * FROM llmspell.thread_gc({MANY})", 4, "SELECT llmspell.thread_delete('long')"),
    "import_langgraph": ("SELECT count(*) FROM llmspell.import_langgraph('lang', dry_run => false)", 8, LANG),
    "import_langchain": ("SELECT count(*) FROM llmspell.import_langchain('lang', 'vectors', dry_run => false, space => 'small')", 2, LANG),
    "tenant_stats": (f"SELECT count(*) FROM llmspell.tenant_stats('{TENANT}')", 20),
    "tenant_erase": (f"SELECT count(*) FROM llmspell.tenant_erase('{TENANT}', false)", 20),
    "verify": ("SELECT count(*) FROM llmspell.verify()", 10),
    # Raw statements, which fire our triggers and foreign keys.
    "DELETE FROM sessions": ("DELETE FROM llmspell.sessions", 5),
    "DELETE FROM episodes": ("DELETE FROM llmspell.episodes", 2),
    "UPDATE episodes": ("UPDATE llmspell.episodes SET metadata = '{\"a\": 1}'", 2),
    "DELETE FROM artifacts": ("DELETE FROM llmspell.artifacts", 3),
    "UPDATE artifacts": ("UPDATE llmspell.artifacts SET content_hash = (SELECT min(content_hash) FROM llmspell.artifact_content)", 3),
    "DELETE FROM entities": ("DELETE FROM llmspell.entities", 2),
    # Last, as they analyze.
    "maintenance_run": ("SELECT count(*) FROM llmspell.maintenance_run('1 minute')", 20, "SELECT llmspell.session_retention_set('1 day'), llmspell.hook_retention_set('1 day')"),
}
FEW_ROWS = {
    "one row of one table": "kv_set kv_set_text kv_set_json kv_delete storage_set storage_set_text storage_set_json storage_delete pattern_record agent_history_set agent_state_save "
    "agent_state_restore workflow_save workflow_update_status workflow_delete workflow_extend workflow_release session_create session_update session_touch session_archive "
    "session_retention_set event_append event_store event_subscribe event_ack event_seek event_unsubscribe hook_record hook_retention_set vector_add vector_add_half vector_put",
    "one row in each space": "episode_add episode_update vector_update_metadata entity_vector_set relationship_vector_set",
    "what recall reads, and one event": "recall_record",
    "the versions of one entity or relationship, by its key": "entity_put entity_insert entity_patch entity_upsert entity_correct relationship_put relationship_patch relationship_retract relationship_erase graph_repair",
    "the versions of the keys that are given, at most 1,000": "entity_import relationship_import",
    "the indexes of tenants, which are few": "vector_tenant_index_list",
    "one content, whose chunks artifact_gc and artifact_migrate touch alike": "artifact_put artifact_put_text artifact_upload_begin artifact_upload_append artifact_upload_finish artifact_upload_abort",
    "the catalog, and rows only as ALTER TABLE does": "create_event_log_partition ensure_future_event_log_partitions event_log_retention_set event_log_attach cleanup_old_event_log_partitions protect_table vector_space_create "
    "vector_index_ensure vector_tenant_promote vector_tenant_demote verify_isolation",
    "one item, checkpoint or message": "item_put item_touch item_delete item_rename checkpoint_put checkpoint_writes_put message_update",
    "what the functions do that it calls": "call call_many mcp_memory",
    "no table": "tenant_set tenant_clear",
    "as many exact searches as samples are asked for": "vector_calibrate vector_recall_audit",
    "a part of what maintenance_run does": "maintenance_step",
}


@test
def every_function_is_known():
    """each volatile public function is measured, or named with the reason why it touches few rows"""
    with server() as connection:
        found = {r[0] for r in rows(connection, "SELECT proname FROM pg_proc WHERE pronamespace = 'llmspell'::regnamespace AND provolatile = 'v' AND prorettype <> 'trigger'::regtype")}
    named = {name for names in FEW_ROWS.values() for name in names.split()}
    equal(sorted(found - named - set(CASES)), [], "neither measured nor named")
    equal(sorted(named - found), [], "named, but not there")
    equal(sorted(named & set(CASES)), [], "measured and named")


def visited(messages):
    """The rows that all nodes of the logged plans produced or discarded, and the statement with most of them."""
    each = collections.Counter()
    for statement, node in logged(messages):
        found = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
        each[" ".join(statement.split())[:200]] += found * max(node["Actual Loops"], 1)
    return each.total(), (each.most_common(1) or [("", 0)])[0][0]


def fill(connection):
    """Rows in every table: few, ANALYZE, then many, which no statistics know."""
    connection.execute("SELECT llmspell.vector_space_create('small', 3), llmspell.vector_space_create('turns', 3, for_episodes => true), llmspell.vector_space_create('turns_b', 3, replaces => 'turns')")
    # Entering rows into them would take most of the time.
    for (statement,) in rows(connection, "SELECT unnest(superseded) FROM llmspell.vector_index_ensure('small', 'none') UNION ALL SELECT unnest(superseded) FROM llmspell.vector_index_ensure('turns', 'none')"):
        connection.execute(statement)
    connection.execute("SELECT llmspell.ensure_future_event_log_partitions()")
    connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [TENANT])
    connection.execute("SELECT llmspell.event_append('e', '1', at => date_trunc('month', now(), 'UTC') - interval '1 hour')")
    tables = [r[0] for r in rows(connection, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace AND relkind = 'r'")]
    for table in tables:
        connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    for first, last in ((1, FEW), (FEW + 1, MANY)):
        for statement in FILLS:
            connection.execute(statement.format(t=f"'{TENANT}'", few=FEW, n=f"generate_series({first}, {last}) n"))
        if first == 1:
            connection.execute(f"ANALYZE {', '.join(tables)}")


def measure(connection, messages, before, call, mode):
    """What the call visits, as an operator, after what it needs; all is rolled back."""
    connection.execute(f"SET plan_cache_mode = {mode}")
    connection.execute("BEGIN")
    if before:
        connection.execute(before)
    messages.clear()
    connection.execute(f"SET LOCAL SESSION AUTHORIZATION {ROLE}")
    connection.execute(call)
    connection.execute("ROLLBACK")
    return visited(messages)


@test
def work_grows_with_the_rows():
    """every function that touches many rows visits each a few times, on statistics of 30 rows"""
    wrong = []
    with server() as connection:
        fill(connection)
        messages = log_plans(connection)
        connection.execute("SET client_min_messages = log")
        for name, (call, tables, *before) in CASES.items():
            for mode in ("force_custom_plan", "force_generic_plan"):
                count, worst = measure(connection, messages, before[0] if before else None, call, mode)
                if not 0 < count <= EACH * MANY * tables:
                    wrong.append(f"{name}, {mode}: {count} rows visited of {MANY * tables}, most by {worst}")
    equal(wrong, [])
