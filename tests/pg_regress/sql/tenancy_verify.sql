-- verify_isolation and verify: all is well, and what they find when it is not.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'verify-test';
SELECT llmspell.ensure_future_event_log_partitions() IS NOT NULL AS months;
SELECT * FROM llmspell.verify_isolation();
SELECT * FROM llmspell.verify();
SELECT count(*) AS rows_kept FROM llmspell.test_data;
SELECT llmspell.current_tenant();
-- without a tenant, and where nothing may be written
RESET app.current_tenant_id;
SELECT count(*) FROM llmspell.verify_isolation() WHERE NOT ok;
BEGIN READ ONLY;
SELECT * FROM llmspell.verify();
COMMIT;
-- a caller that bypasses row level security
RESET SESSION AUTHORIZATION;
SELECT check_name, ok, replace(detail, current_user, 'X') AS detail FROM llmspell.verify_isolation() WHERE NOT ok;
-- one fault, the caller, instead of all that such a role may do
SELECT component, object, replace(fault, current_user, 'X') AS fault FROM llmspell.verify();
-- each breach is found
SET SESSION AUTHORIZATION regress_app;
RESET SESSION AUTHORIZATION;
BEGIN;
DO $$ BEGIN EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', (SELECT min(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass)); END $$;
DROP POLICY tenant_wall ON llmspell.kv_store;
ALTER POLICY tenant_isolation_select ON llmspell.sessions USING (true);
ALTER TABLE llmspell.entities NO FORCE ROW LEVEL SECURITY;
GRANT TRUNCATE ON llmspell.api_keys TO llmspell_app;
GRANT SELECT ON llmspell.artifacts TO PUBLIC;
ALTER TABLE llmspell.test_data OWNER TO regress_nobody;
GRANT SELECT (payload) ON llmspell.event_log TO PUBLIC;
ALTER TABLE llmspell.artifacts DISABLE TRIGGER artifacts_count_insert;
GRANT EXECUTE ON FUNCTION llmspell.tenant_erase(text, boolean) TO PUBLIC;
ALTER FUNCTION llmspell.tenant_erase(text, boolean) OWNER TO regress_nobody;
GRANT llmspell_tenants TO regress_nobody;
DO $$ BEGIN EXECUTE format('DROP INDEX %s_type_idx', (SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass)); END $$;
DROP INDEX llmspell.idx_kv_store_expires;
SET LOCAL ROLE regress_app;
SELECT component, regexp_replace(object, '\d{4}_\d\d', 'YYYY_MM') AS object, regexp_replace(fault, '\d{4}_\d\d', 'YYYY_MM', 'g') AS fault
FROM llmspell.verify() ORDER BY 1, 2, 3;
ROLLBACK;
-- counts and checksums in the rows of the tenant
BEGIN;
SET LOCAL app.current_tenant_id = 'verify-test';
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('verify-test', '00000000-0000-0000-0000-000000000001', '{}');
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('verify-test', 'h', 'bytea', 'x', 1);
SELECT version FROM llmspell.agent_state_save('a', 't', '{}');
ALTER TABLE llmspell.sessions DISABLE TRIGGER USER;
ALTER TABLE llmspell.artifact_content DISABLE TRIGGER USER;
UPDATE llmspell.sessions SET artifact_count = 3;
UPDATE llmspell.artifact_content SET reference_count = 3;
UPDATE llmspell.agent_states SET state_data = '{"n": 1}';
ALTER TABLE llmspell.sessions ENABLE TRIGGER USER;
ALTER TABLE llmspell.artifact_content ENABLE TRIGGER USER;
SET LOCAL ROLE regress_app;
SELECT * FROM llmspell.verify();
ROLLBACK;
-- _apply_security mends rights, and refuses a table that nobody classified
BEGIN;
DROP POLICY tenant_wall ON llmspell.kv_store;
ALTER TABLE llmspell.entities NO FORCE ROW LEVEL SECURITY;
GRANT TRUNCATE ON llmspell.api_keys TO llmspell_app;
SELECT llmspell_internal._apply_security();
SELECT * FROM llmspell_internal._security_faults();
CREATE TABLE llmspell.forgotten (id int);
SELECT regress.try('SELECT llmspell_internal._apply_security()');
ROLLBACK;
-- it gives functions and tables the rights that the script gave them, whatever was granted or revoked by hand
BEGIN;
CREATE TEMP TABLE rights AS
SELECT p.oid, (SELECT array_agg(a::text ORDER BY a::text) FROM aclexplode(p.proacl) a) AS acl FROM pg_proc p WHERE p.pronamespace::regnamespace::text LIKE 'llmspell%'
UNION ALL
SELECT c.oid, (SELECT array_agg(a::text ORDER BY a::text) FROM aclexplode(c.relacl) a) FROM pg_class c WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p', 'v')
UNION ALL
SELECT a.attrelid, array_agg(x::text ORDER BY a.attnum, x::text) FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace) GROUP BY 1;
REVOKE EXECUTE ON FUNCTION llmspell.kv_get(text) FROM llmspell_app;
REVOKE EXECUTE ON FUNCTION llmspell_internal._require_tenant() FROM llmspell_app, llmspell_owner;
REVOKE EXECUTE ON FUNCTION llmspell.maintenance_run(interval) FROM llmspell_admin;
REVOKE EXECUTE ON FUNCTION llmspell_internal._tenant_tables() FROM llmspell_tenants;
GRANT EXECUTE ON FUNCTION llmspell.tenant_erase(text, boolean) TO llmspell_app, PUBLIC;
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_index(text) TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._apply_security(boolean) TO llmspell_admin;
GRANT SELECT (value) ON llmspell.kv_store TO llmspell_tenants;
REVOKE SELECT (expires_at) ON llmspell.sessions FROM llmspell_tenants;
GRANT INSERT ON llmspell.vector_spaces TO llmspell_app;
REVOKE DELETE ON llmspell.kv_store FROM llmspell_app;
SELECT llmspell_internal._apply_security();
SELECT p.oid::regprocedure, p.proacl FROM rights r JOIN pg_proc p USING (oid) WHERE r.acl IS DISTINCT FROM (SELECT array_agg(a::text ORDER BY a::text) FROM aclexplode(p.proacl) a);
SELECT c.oid::regclass FROM rights r JOIN pg_class c USING (oid) WHERE r.acl IS DISTINCT FROM (SELECT array_agg(a::text ORDER BY a::text) FROM aclexplode(c.relacl) a)
    AND r.acl IS DISTINCT FROM (SELECT array_agg(x::text ORDER BY a.attnum, x::text) FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = c.oid);
ROLLBACK;
-- a month from elsewhere is found, counted and erased
BEGIN;
CREATE TABLE public.a_month (LIKE llmspell.event_log INCLUDING ALL);
INSERT INTO public.a_month VALUES ('verify-test', gen_random_uuid(), 't', gen_random_uuid(), '2001-01-15', 1, 'sql', '{}');
ALTER TABLE llmspell.event_log ATTACH PARTITION public.a_month FOR VALUES FROM ('2001-01-01+00') TO ('2001-02-01+00');
SELECT replace(fault, current_user, 'X') AS fault FROM llmspell_internal._security_faults() WHERE object LIKE '%a_month' ORDER BY fault COLLATE "C";
SELECT table_name, row_count FROM llmspell.tenant_stats('verify-test') WHERE row_count > 0;
SELECT table_name, row_count FROM llmspell.tenant_erase('verify-test', dry_run => false) WHERE row_count > 0;
SELECT count(*) FROM public.a_month;
ROLLBACK;
