-- Artifacts are found by index, also under row level security and for tenants of any size.
\i `echo $PG_ABS_SRCDIR/begin.psql`
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data)
SELECT t, format('00000000-0000-0000-0000-%s', lpad(n::text, 12, '0'))::uuid, '{}' FROM unnest(ARRAY['artifacts-plans', 'artifacts-plans-b']) AS t, generate_series(1, 20) AS n;
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes)
SELECT t, 'h', 'bytea', '', 0 FROM unnest(ARRAY['artifacts-plans', 'artifacts-plans-b']) AS t;
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes, tags)
SELECT t, 'a' || n, format('00000000-0000-0000-0000-%s', lpad((1 + n % 20)::text, 12, '0'))::uuid, n, 'h', jsonb_build_object('n', n), 'n' || n % 100, 't', 'm/m', 0, ARRAY['tag' || n]
FROM unnest(ARRAY['artifacts-plans', 'artifacts-plans-b']) AS t, generate_series(1, 5000) AS n;
VACUUM ANALYZE llmspell.artifacts;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'artifacts-plans';
SELECT count(*) FROM llmspell.artifact_list(tag => 'tag77');
-- The statements of artifact_list, with its values.
SELECT plan FROM (VALUES ('tag', $$tags OPERATOR(llmspell.@>) ARRAY['tag77']$$), ('filter', $$metadata OPERATOR(llmspell.@>) '{"n": 77}'$$),
    ('page', $$(session_id, sequence) > ('00000000-0000-0000-0000-000000000003', 5)$$), ('name', $$session_id = '00000000-0000-0000-0000-000000000003' AND name = 'n2'$$)) AS q (what, condition),
    LATERAL (SELECT what || ': ' || string_agg(DISTINCT substring(line FROM 'idx_artifacts_\w+|unique_session_sequence|artifacts_pkey|Seq Scan'), ' ') AS plan
             FROM regress.plan(format('SELECT artifact_id FROM llmspell.artifacts WHERE tenant_id = %L AND %s ORDER BY session_id, sequence LIMIT 10', 'artifacts-plans', condition)) AS line) AS p;
-- The statement of artifact_get by session, name and version.
SET plan_cache_mode = force_generic_plan;
PREPARE named(text, uuid, text, int, int) AS
    SELECT a.artifact_id FROM llmspell.artifacts a WHERE a.tenant_id = $1 AND a.session_id = $2 AND a.name = $3 AND a.version BETWEEN $4 AND $5
    ORDER BY a.version DESC LIMIT 1;
SELECT regress.plan($$EXECUTE named('artifacts-plans', '00000000-0000-0000-0000-000000000003', 'n2', 1, 2147483647)$$);
-- A page in either direction.
RESET plan_cache_mode;
SELECT sequence FROM llmspell.artifact_list('00000000-0000-0000-0000-000000000003', 'n2', newest_first => true, max_rows => 2);
SELECT sequence FROM llmspell.artifact_list('00000000-0000-0000-0000-000000000003', newest_first => NULL, max_rows => 2);
