CREATE OR REPLACE FUNCTION llmspell_internal._kv_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('kv_store'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'expires_at') $$;
COMMENT ON FUNCTION llmspell_internal._kv_table_rules() IS 'Maintenance finds the tenants that have expired keys.';

CREATE OR REPLACE FUNCTION llmspell_internal._kv_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('keys', 30, 'SELECT kv_sweep($1)', 'SELECT k.tenant_id FROM kv_store k WHERE k.expires_at <= statement_timestamp()') $$;
COMMENT ON FUNCTION llmspell_internal._kv_tasks() IS 'Deletes expired keys.';
