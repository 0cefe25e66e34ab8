CREATE OR REPLACE FUNCTION llmspell_internal._episode_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('episodes'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'occurred_at, processed_at, lease_expires_at, expires_at') $$;
COMMENT ON FUNCTION llmspell_internal._episode_table_rules() IS 'Maintenance finds the tenants that have expired episodes, workers those that have unprocessed ones.';

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
COMMENT ON TRIGGER episodes_queue ON llmspell.episodes IS 'Restore: does nothing, as the dump has the queue.';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_work() RETURNS SETOF llmspell_internal._work
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('episodes', 'SELECT * FROM _episode_waiting($1, $2)') $$;
COMMENT ON FUNCTION llmspell_internal._episode_work() IS 'Unprocessed episodes.';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_waiting(first_tenant text, max_rows int) RETURNS SETOF llmspell_internal._waiting
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now constant timestamptz := clock_timestamp();
    v_tenant text := first_tenant;
    v_left int := max_rows;
BEGIN
    LOOP
        v_tenant := (SELECT e.tenant_id FROM episodes e WHERE e.processed_at IS NULL AND e.tenant_id >= v_tenant ORDER BY e.tenant_id LIMIT 1);
        EXIT WHEN v_tenant IS NULL OR v_left <= 0;
        RETURN QUERY
        SELECT v_tenant, NULL::text, NULL::text, count(*), min(d.occurred_at)
        FROM (SELECT e.occurred_at FROM episodes e
              WHERE e.tenant_id = v_tenant AND e.processed_at IS NULL AND (e.lease_expires_at IS NULL OR e.lease_expires_at <= v_now)
              ORDER BY e.occurred_at LIMIT 1000) AS d
        HAVING count(*) > 0;
        v_left := v_left - CASE WHEN FOUND AND v_tenant <> first_tenant THEN 1 ELSE 0 END;
        -- The next text in byte order.
        v_tenant := v_tenant || chr(1);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_waiting(text, integer) IS 'Unprocessed episodes that nobody has claimed, by tenant, at most 1,000 of each.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_waiting(text, integer) TO llmspell_tenants;
