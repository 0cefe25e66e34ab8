-- Registrations of operate itself.

CREATE OR REPLACE FUNCTION llmspell_internal._operate_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('_index_ledger'::regclass, NULL::text, 'WHERE false', NULL::boolean, NULL::text), ('_maintenance', NULL, 'WHERE false', NULL, NULL) $$;
COMMENT ON FUNCTION llmspell_internal._operate_table_rules() IS 'The tables of operate belong to the installation, and no dump takes their rows.';

CREATE OR REPLACE FUNCTION llmspell_internal._operate_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('indexes', 70, 'SELECT * FROM _maintain_index($1)', NULL),
           ('statistics', 80, 'SELECT * FROM _maintain_statistics($1)', NULL)
$$;
COMMENT ON FUNCTION llmspell_internal._operate_tasks() IS 'Builds missing indexes, and analyses tables whose statistics are old.';
