-- Life cycle of tenants, for llmspell_admin.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
RESET SESSION AUTHORIZATION;
SET app.current_tenant_id = 'life-keep';
INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('life-keep', 'k', 'v');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'life-gone';
SELECT llmspell.ensure_future_event_log_partitions() IS NOT NULL AS months;
SELECT count(*) FROM llmspell.kv_set_many(ARRAY['a', 'b'], ARRAY['1', '2']::bytea[]);
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('life-gone', '00000000-0000-0000-0000-000000000001', '{}');
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('life-gone', 'h', 'bytea', 'x', 1);
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
SELECT 'life-gone', n::text, '00000000-0000-0000-0000-000000000001', n, 'h', '{}', 'n', 't', 'm/m', 1 FROM generate_series(0, 2) n;
INSERT INTO llmspell.event_log VALUES ('life-gone', gen_random_uuid(), 'e', gen_random_uuid(), now(), 1, 'sql', '{}');
SET SESSION AUTHORIZATION regress_admin;
SELECT tenant_id FROM llmspell.tenant_list() WHERE tenant_id LIKE 'life-%';
SELECT tenant_id FROM llmspell.tenant_list(1, after => 'life-gone');
SELECT regexp_replace(table_name, '\d{4}_\d\d', 'YYYY_MM') AS table_name, row_count FROM llmspell.tenant_stats('life-gone') WHERE row_count > 0 ORDER BY 1;
SELECT sum(row_count) AS would_go FROM llmspell.tenant_erase('life-gone');
SELECT regexp_replace(table_name, '\d{4}_\d\d', 'YYYY_MM') AS table_name, row_count FROM llmspell.tenant_erase('life-gone', dry_run => false) WHERE row_count > 0;
SELECT sum(row_count) AS remains FROM llmspell.tenant_stats('life-gone');
SELECT tenant_id FROM llmspell.tenant_list() WHERE tenant_id LIKE 'life-%';
SELECT llmspell.current_tenant() AS as_before;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT * FROM llmspell.tenant_erase(NULL)', 'SELECT * FROM llmspell.tenant_erase('''', false)',
    'SELECT * FROM llmspell.tenant_stats(NULL)', 'SELECT * FROM llmspell.tenant_list(-1)']) s;
-- the admin is behind the wall too
SELECT count(*) FROM llmspell.kv_store;
SELECT row_count FROM llmspell.tenant_erase('life-keep', false) WHERE table_name LIKE '%kv_store';
-- a name that nobody has: nothing would go, and to erase it is an error
SELECT sum(row_count) AS would_go FROM llmspell.tenant_erase('life-mistyped');
SELECT regress.try('SELECT llmspell.tenant_erase(''life-mistyped'', dry_run => false)');
