CREATE OR REPLACE FUNCTION llmspell_internal._compatibility_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('refinery_schema_history'::regclass, 'SELECT', 'WHERE version > 15', NULL::boolean, NULL) $$;
COMMENT ON FUNCTION llmspell_internal._compatibility_table_rules() IS 'The history of migrations is shared; a dump takes only what a client added.';
