-- Old executions go: by a time, or by what the tenant keeps.

CREATE OR REPLACE FUNCTION llmspell.cleanup_old_hook_executions(before_date timestamptz, min_retention_priority int DEFAULT 0) RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant timestamptz := _retention_before(before_date, 'before_date');
    v_deleted int;
BEGIN
    DELETE FROM hook_history h
    WHERE h.tenant_id = v_tenant AND h.timestamp < v_before AND h.retention_priority <= coalesce(min_retention_priority, 0);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    RETURN v_deleted;
END
$$;
COMMENT ON FUNCTION llmspell.cleanup_old_hook_executions(timestamptz, integer) IS 'Deletes the own hook executions before a time whose retention_priority is at most min_retention_priority; how many.
Errors: 42501 no tenant, 22004 before_date null, 22008 before_date infinite, before 1970 or in the future.
Example: SELECT llmspell.cleanup_old_hook_executions(now() - interval ''90 days'', 5);';

CREATE OR REPLACE FUNCTION llmspell.hook_retention_set(keep interval, max_priority int DEFAULT 0) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _retention_keep(hook_retention_set.keep);
    IF hook_retention_set.keep IS NULL THEN
        DELETE FROM hook_retention r WHERE r.tenant_id = v_tenant;
    ELSE
        INSERT INTO hook_retention (tenant_id, keep, max_priority) VALUES (v_tenant, hook_retention_set.keep, coalesce(hook_retention_set.max_priority, 0))
        ON CONFLICT (tenant_id) DO UPDATE SET keep = EXCLUDED.keep, max_priority = EXCLUDED.max_priority;
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM _raise_unseen('retention of', 'hooks') FROM hook_retention r WHERE r.tenant_id = v_tenant HAVING count(*) > 1;
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.hook_retention_set(interval, integer) IS 'How long the tenant keeps executions whose retention_priority is at most max_priority; keep NULL for ever.
Errors: 42501 no tenant, 22023 keep less than an hour, infinite or reaching back beyond 1970, 22008 beyond the first timestamp.
Example: SELECT llmspell.hook_retention_set(''90 days'', 5);';

CREATE OR REPLACE FUNCTION llmspell.hook_retention_get() RETURNS TABLE (keep interval, max_priority int)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY SELECT r.keep, r.max_priority FROM hook_retention r WHERE r.tenant_id = v_tenant;
END
$$;
COMMENT ON FUNCTION llmspell.hook_retention_get() IS 'Returns the settings of hook_retention_set; no row: executions are kept for ever.
Errors: 42501 no tenant.
Example: SELECT keep, max_priority FROM llmspell.hook_retention_get();';

CREATE OR REPLACE FUNCTION llmspell.hook_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(hook_sweep.max_rows, 1000));
    v_keep record;
    v_due uuid[];
    v_deleted bigint := 0;
BEGIN
    SELECT now() - r.keep AS before, r.max_priority INTO v_keep FROM hook_retention r WHERE r.tenant_id = v_tenant;
    IF FOUND THEN
        -- As an array: a join is planned by statistics, which may be those of a small table.
        v_due := ARRAY(
            SELECT h.execution_id FROM hook_history h
            WHERE h.tenant_id = v_tenant AND h.timestamp < v_keep.before AND h.retention_priority <= v_keep.max_priority
            ORDER BY h.timestamp
            LIMIT v_rows
            FOR UPDATE SKIP LOCKED);
        DELETE FROM hook_history h WHERE h.tenant_id = v_tenant AND h.execution_id = ANY (v_due);
        GET DIAGNOSTICS v_deleted = ROW_COUNT;
    END IF;
    RETURN v_deleted;
END
$$;
COMMENT ON FUNCTION llmspell.hook_sweep(integer) IS 'Deletes up to max_rows own executions that hook_retention_set no longer keeps, oldest first; how many.
Errors: 42501 no tenant, 22023 max_rows.
Example: SELECT llmspell.hook_sweep(1000);';
