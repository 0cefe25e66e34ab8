-- Life cycle of tenants, for llmspell_admin.

-- The first of three functions that see over the wall: they belong to llmspell_tenants, which bypasses row level
-- security and may read tenant_id and the columns that say what is due. A loose index scan: as many probes as tenants.
CREATE OR REPLACE FUNCTION llmspell_internal._tenants(after text DEFAULT NULL, max_rows int DEFAULT NULL, only_table text DEFAULT NULL) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_table text;
    v_query text;
BEGIN
    FOR v_table IN SELECT DISTINCT format('llmspell.%I', t.component) FROM _tenant_tables() t
        WHERE t.component IS NOT NULL AND (only_table IS NULL OR t.component = only_table)
    LOOP
        v_query := concat_ws(' UNION ', v_query, format(
            '(WITH RECURSIVE t AS (
                (SELECT tenant_id, 1 AS n FROM %1$s WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1)
                UNION ALL
                SELECT (SELECT n.tenant_id FROM %1$s n WHERE n.tenant_id > t.tenant_id ORDER BY n.tenant_id LIMIT 1), t.n + 1
                FROM t WHERE t.tenant_id IS NOT NULL AND ($2 IS NULL OR t.n < $2)
              ) SELECT tenant_id::text COLLATE "C" AS tenant FROM t WHERE tenant_id IS NOT NULL)', v_table));
    END LOOP;
    -- No tenant is called ''.
    RETURN QUERY EXECUTE v_query || ' ORDER BY tenant LIMIT $2' USING coalesce(after, ''), max_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tenants(text, integer, text) IS 'The tenants that have a row in any table, or in only_table, in byte order.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenants(text, integer, text) TO llmspell_admin;
ALTER FUNCTION llmspell_internal._tenants(text, integer, text) OWNER TO llmspell_tenants;

-- The second function that sees over the wall, by columns that say what is due. The query is what a domain registered.
CREATE OR REPLACE FUNCTION llmspell_internal._tenants_due(task text, after text, max_rows int) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_due constant text := (SELECT t.due FROM _maintenance_tasks() t WHERE t.task = _tenants_due.task);
BEGIN
    IF v_due IS NULL THEN
        RAISE EXCEPTION 'no task "%" is done tenant by tenant', task
            USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.maintenance_status().';
    END IF;
    RETURN QUERY EXECUTE format('SELECT t.tenant_id::text FROM (SELECT DISTINCT d.tenant_id FROM (%s) AS d (tenant_id) WHERE d.tenant_id > $1 ORDER BY d.tenant_id LIMIT $2) AS t',
        v_due) USING coalesce(after, ''), max_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tenants_due(text, text, integer) IS 'The tenants for which a task of maintenance has work, in byte order.
Errors: 22023 no such task.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenants_due(text, text, integer) TO llmspell_admin;
ALTER FUNCTION llmspell_internal._tenants_due(text, text, integer) OWNER TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell.tenant_list(max_rows int DEFAULT 100, after text DEFAULT NULL) RETURNS TABLE (tenant_id text, cursor text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT t, t FROM _tenants(after, _max_rows(coalesce(max_rows, 100))) AS t
$$;
COMMENT ON FUNCTION llmspell.tenant_list(integer, text) IS 'Lists the tenants that have a row anywhere, in byte order. For llmspell_admin.
Errors: 22023 max_rows.
Example: SELECT tenant_id FROM llmspell.tenant_list(1000);';
GRANT EXECUTE ON FUNCTION llmspell.tenant_list(integer, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._tenant_check(tenant text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _given(tenant, 'tenant');
    IF tenant = '' THEN
        RAISE EXCEPTION 'a tenant id must not be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tenant_check(text) IS 'Refuses an argument that names no tenant.
Errors: 22004 null; 22023 empty.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_check(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.tenant_stats(tenant text) RETURNS TABLE (table_name text, row_count bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT e.table_name, e.row_count FROM tenant_erase(tenant, true) e;
END
$$;
COMMENT ON FUNCTION llmspell.tenant_stats(text) IS 'Counts the rows of a tenant, table by table. For llmspell_admin.
Errors: 22004 null; 22023 empty.
Example: SELECT table_name, row_count FROM llmspell.tenant_stats(''acme'') WHERE row_count > 0;';
GRANT EXECUTE ON FUNCTION llmspell.tenant_stats(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.tenant_erase(tenant text, dry_run boolean DEFAULT true) RETURNS TABLE (table_name text, row_count bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_table record;
    v_function regproc;
    v_total bigint := 0;
BEGIN
    PERFORM _tenant_check(tenant);
    dry_run := coalesce(dry_run, true);
    -- The wall stands here too: without the tenant set, the owner sees nothing.
    PERFORM set_config('app.current_tenant_id', tenant, true);
    FOR v_table IN
        SELECT t.relation, t.fk_depth FROM _tenant_tables() t ORDER BY t.fk_depth, t.relation::text COLLATE "C"
    LOOP
        IF dry_run THEN
            row_count := _count_rows(v_table.relation, tenant);
        ELSE
            EXECUTE format('DELETE FROM %s tenant_id = $1', _rows_of(v_table.relation)) USING tenant;
            GET DIAGNOSTICS row_count = ROW_COUNT;
        END IF;
        table_name := v_table.relation::text;
        v_total := v_total + row_count;
        RETURN NEXT;
    END LOOP;
    IF v_total = 0 AND NOT dry_run THEN
        RAISE EXCEPTION 'tenant "%" has no rows', left(tenant, 100) USING ERRCODE = 'no_data_found', HINT = 'See llmspell.tenant_list().';
    END IF;
    -- Last, since readers of what is dropped wait from here on.
    IF NOT dry_run THEN
        FOR v_function IN SELECT f FROM _registered('_erased', 1) AS f LOOP
            EXECUTE format('SELECT FROM %s($1)', v_function) USING tenant;
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.tenant_erase(text, boolean) IS 'Deletes every row of a tenant in one transaction, or counts them (dry_run); numbers by table. For llmspell_admin.
Errors: 22004 null; 22023 empty; P0002 nothing to delete; 55P03 an index of its own is in use for more than 5 s.
Example: SELECT * FROM llmspell.tenant_erase(''acme'', dry_run => false) WHERE row_count > 0;';
GRANT EXECUTE ON FUNCTION llmspell.tenant_erase(text, boolean) TO llmspell_admin;
