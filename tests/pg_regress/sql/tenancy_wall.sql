-- Another tenant's rows: not seen, changed, counted or blocked; no privilege beyond the four.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'wall-a';
SELECT version FROM llmspell.kv_set('k', 'of a');
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('wall-a', '00000000-0000-0000-0000-00000000000a', '{}');
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('wall-a', 'h', 'bytea', 'x', 1);
SET app.current_tenant_id = 'wall-b';
SELECT count(*) FROM llmspell.kv_get('k');
SELECT count(*) FROM llmspell.sessions;
SELECT regress.try($$UPDATE llmspell.kv_store SET value = 'stolen'$$), regress.try($$DELETE FROM llmspell.kv_store WHERE tenant_id = 'wall-a'$$);
-- the same keys are free
SELECT version, created FROM llmspell.kv_set('k', 'of b', expected_version => 0);
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('wall-b', '00000000-0000-0000-0000-00000000000a', '{}');
-- moving, forging, upserting
SELECT regress.try($$UPDATE llmspell.kv_store SET tenant_id = 'wall-a'$$);
SELECT regress.try($$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('wall-a', 'k2', 'v')$$);
SELECT regress.try($$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('wall-a', 'k', 'v')
    ON CONFLICT (tenant_id, key) DO UPDATE SET value = EXCLUDED.value$$);
SELECT regress.try($$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('wall-a', 'k', 'v') ON CONFLICT DO NOTHING$$);
SELECT regress.try($$MERGE INTO llmspell.kv_store k USING (VALUES ('wall-a', 'k')) v (t, k) ON k.tenant_id = v.t AND k.key = v.k
    WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (tenant_id, key, value) VALUES (v.t, v.k, 'v')$$);
-- a foreign key to another tenant's row looks like one to nothing
SELECT regress.try($$INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
    VALUES ('wall-b', 'x', '00000000-0000-0000-0000-00000000000a', 0, 'h', '{}', 'n', 't', 'm/m', 1)$$);
-- a permissive policy added later opens nothing
RESET SESSION AUTHORIZATION;
CREATE POLICY careless ON llmspell.kv_store USING (true) WITH CHECK (true);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'wall-b';
SELECT convert_from(value, 'UTF8') FROM llmspell.kv_store;
RESET SESSION AUTHORIZATION;
DROP POLICY careless ON llmspell.kv_store;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'wall-a';
-- privileges
SELECT regress.try(s) FROM unnest(ARRAY[
    'TRUNCATE llmspell.kv_store', 'ALTER TABLE llmspell.kv_store DISABLE ROW LEVEL SECURITY', 'DROP TABLE llmspell.kv_store',
    'CREATE TRIGGER t BEFORE INSERT ON llmspell.kv_store FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_updated_at()',
    'CREATE TABLE regress.probe (t varchar(255), i uuid, FOREIGN KEY (t, i) REFERENCES llmspell.sessions)',
    'CREATE TABLE llmspell.mine ()', 'CREATE FUNCTION llmspell.mine() RETURNS int LANGUAGE sql AS ''SELECT 1''',
    'CREATE POLICY p ON llmspell.kv_store USING (true)', 'INSERT INTO llmspell._index_ledger VALUES (''i'', ''d'')',
    'INSERT INTO llmspell.refinery_schema_history VALUES (16)', 'SELECT llmspell_internal._apply_security()',
    'SELECT * FROM llmspell_internal._tenants()', 'SELECT * FROM llmspell.tenant_list()', 'SELECT * FROM llmspell.tenant_erase(''wall-b'', false)',
    'SELECT llmspell.protect_table(''llmspell.kv_store'')', 'SELECT llmspell_internal._event_log_make_month(''2026-01-01'', true)',
    'SELECT llmspell_internal._wall_build(''llmspell.kv_store'')', 'SET ROLE llmspell_owner']) AS s;
SELECT llmspell.ensure_future_event_log_partitions() IS NOT NULL AS months;
SELECT DISTINCT regexp_replace(regress.try(format('SELECT * FROM %s', inhrelid::regclass)), '\d{4}_\d\d', 'YYYY_MM')
FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass;
SET row_security = off;
SELECT regress.try('SELECT * FROM llmspell.kv_store');
RESET row_security;
-- a role with no grants
SET SESSION AUTHORIZATION regress_nobody;
SELECT regress.try('SELECT llmspell.current_tenant()'), regress.try('SELECT * FROM llmspell.kv_store');
RESET SESSION AUTHORIZATION;
SELECT count(*) AS executable_by_public FROM pg_proc WHERE pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND has_function_privilege('regress_nobody', oid, 'EXECUTE');
SET SESSION AUTHORIZATION regress_app;
-- a's data is as it was
SET app.current_tenant_id = 'wall-a';
SELECT convert_from(value, 'UTF8'), version FROM llmspell.kv_get('k');
