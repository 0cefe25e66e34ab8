COMMENT ON TRIGGER workflow_states_write ON llmspell.workflow_states IS 'Restore: leaves a row as the dump has it.';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('workflow_states'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean,
        'workflow_name, status, attempt, lease_expires_at, queue, run_at, max_attempts')
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_table_rules() IS 'Maintenance and workers find the tenants that have workflows to do.';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('workflows', 45, 'SELECT _workflow_fail_spent($1)',
        'SELECT w.tenant_id FROM workflow_states w
         WHERE w.attempt >= w.max_attempts AND (w.lease_expires_at IS NOT NULL OR w.status = ''pending'')
           AND w.run_at <= statement_timestamp() AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= statement_timestamp())')
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_tasks() IS 'Sets workflows failed that have used up their attempts.';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_work() RETURNS SETOF llmspell_internal._work
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('workflows', 'SELECT * FROM _workflow_waiting($1, $2)') $$;
COMMENT ON FUNCTION llmspell_internal._workflow_work() IS 'Workflows that can be claimed.';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_waiting(first_tenant text, max_rows int) RETURNS SETOF llmspell_internal._waiting
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now constant timestamptz := clock_timestamp();
    v_groups _waiting[];
    v_tenant text := first_tenant;
    v_rows int;
    v_left int := max_rows;
BEGIN
    -- In the order in which they became due, whoever owns them.
    SELECT array_agg(ROW(g.tenant_id, g.queue, g.name, g.waiting, g.oldest)::_waiting), coalesce(sum(g.waiting), 0) INTO v_groups, v_rows
    FROM (SELECT d.tenant_id, d.queue, d.name, count(*) AS waiting, min(d.run_at) AS oldest
          FROM (SELECT w.tenant_id, w.queue, NULLIF(w.workflow_name, '') AS name, w.run_at FROM workflow_states w
                WHERE (w.lease_expires_at IS NOT NULL OR w.status = 'pending')
                  AND CASE WHEN w.lease_expires_at IS NOT NULL OR w.status = 'pending' THEN w.run_at END <= v_now
                  AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= v_now) AND (w.max_attempts IS NULL OR w.attempt < w.max_attempts)
                ORDER BY CASE WHEN w.lease_expires_at IS NOT NULL OR w.status = 'pending' THEN w.run_at END
                LIMIT 10001) AS d
          GROUP BY d.tenant_id, d.queue, d.name) AS g;
    IF v_rows <= 10000 THEN
        RETURN QUERY SELECT g.* FROM unnest(v_groups) AS g WHERE g.tenant_id COLLATE "C" >= first_tenant;
        RETURN;
    END IF;
    -- More wait than one call counts. One tenant's must not hide the others', so tenant by tenant, queue by queue.
    LOOP
        v_tenant := (SELECT w.tenant_id FROM workflow_states w WHERE w.tenant_id >= v_tenant ORDER BY w.tenant_id LIMIT 1);
        EXIT WHEN v_tenant IS NULL OR v_left <= 0;
        RETURN QUERY
        WITH RECURSIVE q AS (
            (SELECT w.queue FROM workflow_states w WHERE w.tenant_id = v_tenant ORDER BY w.queue LIMIT 1)
            UNION ALL
            SELECT (SELECT w.queue FROM workflow_states w WHERE w.tenant_id = v_tenant AND w.queue > q.queue ORDER BY w.queue LIMIT 1)
            FROM q WHERE q.queue IS NOT NULL
        )
        SELECT v_tenant, d.queue::text, d.name, count(*), min(d.run_at)
        FROM q CROSS JOIN LATERAL (
            SELECT w.queue, NULLIF(w.workflow_name, '') AS name, w.run_at FROM workflow_states w
            WHERE w.tenant_id = v_tenant AND w.queue = q.queue AND w.run_at <= v_now
              AND CASE WHEN w.lease_expires_at IS NOT NULL THEN 'pending'
                       WHEN w.status = 'pending' OR w.status = 'running' OR w.max_attempts IS NULL OR w.attempt < w.max_attempts THEN w.status END = 'pending'
              AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= v_now) AND (w.max_attempts IS NULL OR w.attempt < w.max_attempts)
            ORDER BY w.run_at
            LIMIT 1000) AS d
        GROUP BY d.queue, d.name;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        -- Part of the first tenant may be before the page.
        v_left := v_left - CASE WHEN v_tenant = first_tenant THEN 0 ELSE v_rows END;
        -- The next text in byte order.
        v_tenant := v_tenant || chr(1);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_waiting(text, integer) IS 'Workflows that can be claimed, by tenant, queue and name: all while at most 10,000 wait, else 1,000 of each queue.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_waiting(text, integer) TO llmspell_tenants;
