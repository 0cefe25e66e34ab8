CREATE OR REPLACE FUNCTION llmspell_internal._workflow_spent_reason(attempt int, lease_expires_at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('gave up after %s attempts%s', attempt, CASE WHEN lease_expires_at IS NOT NULL THEN ', the last one lost its lease' ELSE '' END);
COMMENT ON FUNCTION llmspell_internal._workflow_spent_reason(integer, timestamptz) IS 'Why a workflow failed that has used up its attempts.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_spent_reason(integer, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.workflow_claim(statuses text[] DEFAULT '{pending}', max_rows int DEFAULT 1, lease interval DEFAULT '5 minutes',
    queue text DEFAULT 'default', name text DEFAULT NULL)
RETURNS SETOF llmspell_internal.workflow_claimed
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- In the order of the index: else a claim may read all that waits and sort it.
SET enable_bitmapscan = off
SET enable_sort = off
-- Planning the statements takes as long as the rest of a claim, and the plan is the same each time.
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := clock_timestamp();
    v_lease constant interval := _positive(coalesce(workflow_claim.lease, '5 minutes'), 'lease');
    v_queue constant text := _short_text(coalesce(workflow_claim.queue, 'default'), 'queue', 100);
    v_name constant text := CASE WHEN workflow_claim.name IS NOT NULL THEN _short_text(workflow_claim.name, 'name', 500) END;
    v_key constant text := _name_key(v_name);
    v_left int := _max_rows(coalesce(workflow_claim.max_rows, 1));
    v_statuses text[] := coalesce(workflow_claim.statuses, '{pending}');
    v_status text;
    v_found bigint;
    v_more boolean;
    v_ids text[];
    v_spent text[];
BEGIN
    IF v_statuses <> '{pending}' THEN
        v_statuses := ARRAY(SELECT u.status FROM (
            SELECT _workflow_status(_given(s.status, 'statuses')) AS status, min(s.n) AS n
            FROM unnest(v_statuses) WITH ORDINALITY AS s (status, n) GROUP BY 1) AS u ORDER BY u.n);
    END IF;
    -- Status by status, each from the index: in one query a claim would read every workflow that has ended.
    FOREACH v_status IN ARRAY v_statuses LOOP
        LOOP
            EXIT WHEN v_left = 0;
            -- SKIP LOCKED, so that claims never wait for each other. Twice, as each of the two orders has its own index.
            IF v_name IS NULL THEN
                SELECT count(*), array_agg(d.workflow_id) FILTER (WHERE NOT d.spent), array_agg(d.workflow_id) FILTER (WHERE d.spent)
                INTO v_found, v_ids, v_spent
                FROM (SELECT w.workflow_id, coalesce(w.attempt >= w.max_attempts, false) AS spent FROM workflow_states w
                      WHERE w.tenant_id = v_tenant AND w.queue = v_queue AND w.run_at <= v_now
                        AND CASE WHEN w.lease_expires_at IS NOT NULL THEN 'pending'
                                 WHEN w.status = 'pending' OR w.status = 'running' OR w.max_attempts IS NULL OR w.attempt < w.max_attempts THEN w.status END = v_status
                        AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= v_now)
                      ORDER BY w.run_at, w.workflow_id
                      LIMIT v_left
                      FOR NO KEY UPDATE SKIP LOCKED) AS d;
            ELSE
                SELECT count(*), array_agg(d.workflow_id) FILTER (WHERE NOT d.spent), array_agg(d.workflow_id) FILTER (WHERE d.spent)
                INTO v_found, v_ids, v_spent
                FROM (SELECT w.workflow_id, coalesce(w.attempt >= w.max_attempts, false) AS spent FROM workflow_states w
                      WHERE w.tenant_id = v_tenant AND w.queue = v_queue AND w.run_at <= v_now
                        AND _name_key(w.workflow_name) COLLATE "C" = v_key AND w.workflow_name = v_name
                        AND CASE WHEN w.lease_expires_at IS NOT NULL THEN 'pending'
                                 WHEN w.status = 'pending' OR w.status = 'running' OR w.max_attempts IS NULL OR w.attempt < w.max_attempts THEN w.status END = v_status
                        AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= v_now)
                      ORDER BY w.run_at
                      LIMIT v_left
                      FOR NO KEY UPDATE SKIP LOCKED) AS d;
            END IF;
            IF v_spent IS NOT NULL THEN
                UPDATE workflow_states w
                SET status = 'failed', failure_reason = _workflow_spent_reason(w.attempt, w.lease_expires_at)
                WHERE w.tenant_id = v_tenant AND w.workflow_id = ANY (v_spent);
            END IF;
            IF v_ids IS NOT NULL THEN
                RETURN QUERY
                UPDATE workflow_states w
                SET status = 'running', attempt = w.attempt + 1, fence = w.fence + 1, lease_expires_at = v_now + v_lease
                WHERE w.tenant_id = v_tenant AND w.workflow_id = ANY (v_ids)
                RETURNING w.workflow_id::text, w.workflow_name::text, w.state_data, w.current_step, w.version, w.attempt, w.fence, w.lease_expires_at;
            END IF;
            v_more := v_found = v_left;
            v_left := v_left - coalesce(cardinality(v_ids), 0);
            EXIT WHEN NOT v_more;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_claim(text[], integer, interval, text, text) IS 'Claims workflows of a queue, all or those of a name, until the lease ends, in the order in which they became due.
Errors: 42501 no tenant, 22004 a null status, 22023 max_rows, lease or an unknown status, 22001 queue over 100 or name over 500 characters, 22008 lease beyond the last timestamp.
Example: SELECT workflow_id, fence FROM llmspell.workflow_claim(max_rows => 10, lease => ''1 minute'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_extend(workflow_id text, fence bigint, lease interval DEFAULT '5 minutes') RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_until constant timestamptz := clock_timestamp() + _positive(coalesce(workflow_extend.lease, '5 minutes'), 'lease');
BEGIN
    LOOP
        -- A CASE, so that no index of what is leased looks better than the primary key.
        UPDATE workflow_states w SET lease_expires_at = v_until
        WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_extend.workflow_id
          AND CASE WHEN w.lease_expires_at IS NOT NULL THEN w.fence END = workflow_extend.fence;
        EXIT WHEN FOUND;
        -- It says why.
        PERFORM _workflow_lock_claim(workflow_extend.workflow_id, workflow_extend.fence);
    END LOOP;
    RETURN v_until;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_extend(text, bigint, interval) IS 'Prolongs a claim, the lease counting from now, also one that ran out and that nobody else has taken; returns its end.
Errors: 42501 no tenant, 22004 null, 22023 lease, 22008 lease beyond the last timestamp, P0002 no such workflow, LS409 the claim is lost.
Example: SELECT llmspell.workflow_extend(''import'', fence => 1, lease => ''5 minutes'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_release(workflow_id text, fence bigint, status text DEFAULT 'pending', reason text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(coalesce(workflow_release.status, 'pending'));
    v_reason constant text := _workflow_reason(workflow_release.reason, v_status);
    v_version bigint;
BEGIN
    IF v_status = 'running' THEN
        RAISE EXCEPTION 'a workflow that nobody holds cannot stay running' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Release it as pending, completed, failed or cancelled; to go on, call workflow_extend.';
    END IF;
    PERFORM _workflow_lock_claim(workflow_release.workflow_id, workflow_release.fence);
    UPDATE workflow_states w
    SET status = CASE WHEN v_status = 'pending' AND w.attempt >= w.max_attempts THEN 'failed' ELSE v_status END,
        failure_reason = CASE WHEN v_status = 'pending' AND w.attempt >= w.max_attempts THEN _workflow_spent_reason(w.attempt, NULL) ELSE v_reason END,
        lease_expires_at = NULL, run_at = coalesce(workflow_release.run_at, w.run_at)
    WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_release.workflow_id
    RETURNING w.version INTO v_version;
    RETURN v_version;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_release(text, bigint, text, text, timestamptz) IS 'Ends a claim with a status: pending lets others claim it, completed, failed and cancelled end the work.
Errors: 42501 no tenant, 22004 null, 22023 unknown status, running, or a reason for no failure, 22001 reason over 1,000 characters, P0002 no such workflow, LS409 the claim is lost.
Example: SELECT llmspell.workflow_release(''import'', fence => 1, status => ''completed'');';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_fail_spent(max_rows int) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := clock_timestamp();
    v_ids text[];
    v_rows bigint;
BEGIN
    v_ids := ARRAY(
        SELECT w.workflow_id FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.run_at <= v_now AND w.attempt >= w.max_attempts AND (w.lease_expires_at IS NOT NULL OR w.status = 'pending')
          AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= v_now)
        ORDER BY w.run_at LIMIT _workflow_fail_spent.max_rows
        FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE workflow_states w
    SET status = 'failed', failure_reason = _workflow_spent_reason(w.attempt, w.lease_expires_at)
    WHERE w.tenant_id = v_tenant AND w.workflow_id = ANY (v_ids);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_fail_spent(integer) IS 'Sets workflows failed that a claim would, as they have used up their attempts; returns how many.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_fail_spent(integer) TO llmspell_app;
