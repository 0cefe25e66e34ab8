CREATE OR REPLACE FUNCTION llmspell_internal._episode_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('episodes'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'expires_at') $$;
COMMENT ON FUNCTION llmspell_internal._episode_table_rules() IS 'Maintenance finds the tenants that have expired episodes.';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('episodes', 55, 'SELECT episode_sweep($1)', 'SELECT e.tenant_id FROM episodes e WHERE e.expires_at <= statement_timestamp()') $$;
COMMENT ON FUNCTION llmspell_internal._episode_tasks() IS 'Deletes expired episodes.';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = 'episodes' ORDER BY s.dims, s.name LOOP
        RETURN QUERY EXECUTE format(
            'SELECT ''episodes'', $1, format(''%%s embeddings without an episode'', count(*)) FROM llmspell.%I v
             WHERE v.tenant_id = $2 AND NOT EXISTS (SELECT FROM llmspell.episodes e WHERE e.tenant_id = $2 AND e.id = v.id) HAVING count(*) > 0', v_table)
        USING v_table, tenant;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_faults(text) IS 'The number of embeddings that belong to no episode, for each table that has some.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_faults(text) TO llmspell_app;

COMMENT ON TRIGGER episodes_words ON llmspell.episodes IS 'Restore: leaves the words as the dump has them.';
