CREATE OR REPLACE FUNCTION llmspell.workflow_get(workflow_id text)
RETURNS TABLE (workflow_id text, name text, state jsonb, status text, reason text, current_step int, version bigint, attempt int, fence bigint,
               lease_expires_at timestamptz, queue text, run_at timestamptz, max_attempts int, backoff interval,
               started_at timestamptz, completed_at timestamptz, created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT w.workflow_id, w.workflow_name, w.state_data, w.status, w.failure_reason, w.current_step, w.version, w.attempt, w.fence,
        w.lease_expires_at, w.queue, w.run_at, w.max_attempts, w.backoff, w.started_at, w.completed_at, w.created_at, w.last_updated
    FROM llmspell.workflow_states w
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND w.tenant_id = llmspell.current_tenant() AND w.workflow_id = llmspell_internal._given(workflow_get.workflow_id, 'workflow_id');
END;
COMMENT ON FUNCTION llmspell.workflow_get(text) IS 'Returns a workflow with its state: one row, or none.
Errors: 42501 no tenant, 22004 null.
Example: SELECT state, status FROM llmspell.workflow_get(''w1'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_list(status text DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.workflow_row
LANGUAGE plpgsql STABLE
-- Each order is that of an index: a page never reads and sorts all that match, whatever the statistics say.
SET enable_sort = off
-- A plan for each call would take longer than the page.
SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(workflow_list.status);
    v_rows constant int := _max_rows(coalesce(workflow_list.max_rows, 100));
    v_at constant timestamptz := coalesce(_cursor_at(workflow_list.after), 'infinity');
    v_id constant text := coalesce(_cursor_id(workflow_list.after), '');
BEGIN
    IF v_status IS NULL THEN
        RETURN QUERY
        SELECT w.workflow_id::text, w.workflow_name::text, w.status::text, w.failure_reason::text, w.queue::text, w.current_step, w.version,
            w.attempt, w.run_at, w.created_at, w.last_updated, _cursor(w.created_at, w.workflow_id)
        FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND (w.created_at, w.workflow_id) < (v_at, v_id)
        ORDER BY w.created_at DESC, w.workflow_id DESC
        LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT w.workflow_id::text, w.workflow_name::text, w.status::text, w.failure_reason::text, w.queue::text, w.current_step, w.version,
            w.attempt, w.run_at, w.created_at, w.last_updated, _cursor(w.created_at, w.workflow_id)
        FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.status = v_status AND (w.created_at, w.workflow_id) < (v_at, v_id)
        ORDER BY w.created_at DESC, w.workflow_id DESC
        LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_list(text, integer, text) IS 'Lists workflows, newest first, in one status or in all, without their states.
Errors: 42501 no tenant, 22023 max_rows, after or unknown status.
Example: SELECT workflow_id, reason FROM llmspell.workflow_list(''failed'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_stats()
RETURNS TABLE (status text, workflows bigint, retried bigint, average_duration interval)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT w.status, count(*), count(*) FILTER (WHERE w.attempt > 1 OR w.attempt = 1 AND w.fence = 0), avg(w.completed_at - w.started_at)
    FROM llmspell.workflow_states w
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND w.tenant_id = llmspell.current_tenant()
    GROUP BY w.status
    ORDER BY w.status;
END;
COMMENT ON FUNCTION llmspell.workflow_stats() IS 'Counts workflows by status, with those run again and the average time from start to completion.
Errors: 42501 no tenant.
Example: SELECT * FROM llmspell.workflow_stats();';
