-- A database of the guide with rows of two tenants in every table, the faults of old clients among them.
CREATE EXTENSION vector;
SET client_min_messages = warning;
\i bench/guide.sql
SET search_path = guide, public;
CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
INSERT INTO refinery_schema_history (version) SELECT generate_series(1, 15);

CREATE TABLE public.seed AS
SELECT t AS tenant_id, n, md5(t || n)::uuid AS id FROM unnest(ARRAY['acme', 'globex']) AS t, generate_series(1, 50) AS n;
INSERT INTO test_data (tenant_id, value) SELECT tenant_id, n::text FROM public.seed;
DO $$
DECLARE v_dims int;
BEGIN
  FOREACH v_dims IN ARRAY ARRAY[384, 768, 1536, 3072] LOOP
    EXECUTE format('INSERT INTO vector_embeddings_%s (tenant_id, scope, embedding)
      SELECT tenant_id, ''global'', array_fill(sin(n)::real, ARRAY[%1$s])::vector FROM public.seed', v_dims);
  END LOOP;
END
$$;
INSERT INTO entities (entity_id, tenant_id, entity_type, name, properties, valid_time_start, transaction_time_start, transaction_time_end)
SELECT id, tenant_id, 'thing', 'thing ' || n, '{"a": [1, 2]}', '2024-01-01', '2024-02-01', CASE WHEN n % 2 = 0 THEN 'infinity' ELSE '2024-03-01'::timestamptz END
FROM public.seed;
-- Two versions at once, which the guide accepts.
INSERT INTO entities (entity_id, tenant_id, entity_type, name, valid_time_start, transaction_time_start)
SELECT id, tenant_id, 'thing', 'again', '2024-05-01', '2024-06-01' FROM public.seed WHERE n <= 10;
INSERT INTO relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start) SELECT tenant_id, id, id, 'self', '2024-01-01' FROM public.seed;
INSERT INTO procedural_patterns (tenant_id, scope, key, value, frequency) SELECT tenant_id, 'global', 'k' || n, 'v', n FROM public.seed;
INSERT INTO agent_states (tenant_id, agent_id, agent_type, state_data, checksum, data_version) SELECT tenant_id, 'a' || n, 'chat', '{}', repeat('0', 64), n FROM public.seed;
INSERT INTO kv_store (tenant_id, key, value, metadata) SELECT tenant_id, 'k' || n, sha256(n::text::bytea), NULLIF(n, 7)::text::jsonb FROM public.seed;
INSERT INTO kv_store (tenant_id, key, value) VALUES ('', 'of nobody', 'x');
INSERT INTO workflow_states (tenant_id, workflow_id, state_data, status) SELECT tenant_id, 'w' || n, '{}', 'running' FROM public.seed;
INSERT INTO sessions (tenant_id, session_id, session_data, artifact_count) SELECT tenant_id, id, '{}', 7 FROM public.seed;
INSERT INTO artifact_content (tenant_id, content_hash, storage_type, data, size_bytes)
SELECT tenant_id, encode(sha256(n::text::bytea), 'hex'), 'bytea', n::text::bytea, 2 FROM public.seed WHERE n <= 20;
INSERT INTO artifact_content (tenant_id, content_hash, storage_type, large_object_oid, size_bytes)
VALUES ('acme', repeat('f', 64), 'large_object', lo_from_bytea(0, 'a large content'), 15);
INSERT INTO artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes, tags)
SELECT tenant_id, id || ':0', id, 0, encode(sha256((1 + n % 20)::text::bytea), 'hex'), '{}', 'f' || n, 'file', 'text/plain', 2, ARRAY['x', 'y,z'] FROM public.seed;
-- A count that an import has doubled.
UPDATE artifact_content SET reference_count = 9 WHERE content_hash = encode(sha256('1'), 'hex');
SELECT create_event_log_partition('2023-11-01', '2023-12-01'), create_event_log_partition('2023-12-01', '2024-01-01') \g /dev/null
INSERT INTO event_log SELECT tenant_id, id, 'e', id, '2023-11-30 20:00+00'::timestamptz + n * interval '10 minutes', n, 'rust', '{}' FROM public.seed;
INSERT INTO event_log SELECT tenant_id, id, 'e', id, now(), n, 'rust', '{}' FROM public.seed;
INSERT INTO hook_history (execution_id, tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size)
SELECT id, tenant_id, 'h', 't', id, '\x00', '{}', now(), 1, 'c', 'c', 1 FROM public.seed;
INSERT INTO api_keys (key_id, tenant_id, service, encrypted_key) SELECT id::text, tenant_id, 's' || n, '\x00' FROM public.seed;
DROP TABLE public.seed;
RESET search_path;
ALTER SCHEMA guide RENAME TO llmspell;
