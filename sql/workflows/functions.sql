CREATE OR REPLACE FUNCTION llmspell_internal._workflow_is_terminal(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('completed', 'failed', 'cancelled');
COMMENT ON FUNCTION llmspell_internal._workflow_is_terminal(text) IS 'Whether a workflow in this status has ended.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_is_terminal(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_workflow_states_write() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' AND _is_restoring() THEN
        RETURN NEW;
    END IF;
    IF NEW.status = 'running' THEN
        NEW.started_at := coalesce(NEW.started_at, now());
    END IF;
    IF NOT _workflow_is_terminal(NEW.status) THEN
        NEW.completed_at := NULL;
    ELSIF TG_OP = 'INSERT' OR NOT _workflow_is_terminal(OLD.status) THEN
        NEW.completed_at := CASE WHEN TG_OP = 'INSERT' THEN coalesce(NEW.completed_at, now()) ELSE now() END;
    ELSE
        NEW.completed_at := coalesce(NEW.completed_at, OLD.completed_at, now());
    END IF;
    IF NEW.status <> 'running' THEN
        NEW.lease_expires_at := NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.last_updated := now();
        NEW.version := OLD.version + 1;
        IF _workflow_is_terminal(OLD.status) AND NOT _workflow_is_terminal(NEW.status) AND NEW.attempt = OLD.attempt THEN
            NEW.attempt := OLD.attempt + 1;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_workflow_states_write() IS 'Version, last_updated and the lifecycle: running sets started_at once, a terminal status sets completed_at, leaving it clears that and counts an attempt.';
CREATE OR REPLACE TRIGGER workflow_states_write BEFORE INSERT OR UPDATE ON llmspell.workflow_states
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_workflow_states_write();

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_status(status text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF lower(status) NOT IN ('pending', 'running', 'completed', 'failed', 'cancelled') THEN
        RAISE EXCEPTION 'unknown workflow status "%"', left(status, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use pending, running, completed, failed or cancelled.';
    END IF;
    RETURN lower(status);
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_status(text) IS 'A status in lower case; 22023 where it is none of the five. NULL stays NULL.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_status(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_check_transition(workflow_id text, old_status text, new_status text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF _workflow_is_terminal(old_status) AND new_status NOT IN (old_status, 'running') THEN
        RAISE EXCEPTION 'workflow "%" cannot go from % to %', left(workflow_id, 100), old_status, new_status
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A workflow that has ended can only be run again (running).';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_check_transition(text, text, text) IS 'Raises 22023 for an impossible transition: from a terminal status to anything but itself and running.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_check_transition(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.workflow_save(workflow_id text, name text, state jsonb, status text DEFAULT NULL,
                                       current_step int DEFAULT NULL, expected_version bigint DEFAULT NULL, fence bigint DEFAULT NULL)
RETURNS TABLE (version bigint, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(workflow_save.status);
    v_old record;
BEGIN
    PERFORM _short_text(workflow_save.workflow_id, 'workflow_id', 255), _json_check(workflow_save.state),
        _short_text(coalesce(workflow_save.name, ''), 'name', 500), _check_expected(workflow_save.expected_version);
    IF workflow_save.fence IS NOT NULL THEN
        PERFORM _workflow_lock_claim(workflow_save.workflow_id, workflow_save.fence);
    END IF;
    created := false;
    LOOP
        SELECT w.version, w.status INTO v_old FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_save.workflow_id;
        IF workflow_save.expected_version <> coalesce(v_old.version, 0) THEN
            PERFORM _raise_conflict('workflow', workflow_save.workflow_id, workflow_save.expected_version, coalesce(v_old.version, 0));
        END IF;
        IF v_old.version IS NULL THEN
            INSERT INTO workflow_states AS w (tenant_id, workflow_id, workflow_name, state_data, current_step, status)
            VALUES (v_tenant, workflow_save.workflow_id, workflow_save.name, workflow_save.state,
                    coalesce(workflow_save.current_step, 0), coalesce(v_status, 'pending'))
            ON CONFLICT (tenant_id, workflow_id) DO NOTHING
            RETURNING w.version, true INTO version, created;
        ELSE
            PERFORM _workflow_check_transition(workflow_save.workflow_id, v_old.status, v_status);
            UPDATE workflow_states w
            SET workflow_name = coalesce(workflow_save.name, w.workflow_name), state_data = workflow_save.state,
                current_step = coalesce(workflow_save.current_step, w.current_step), status = coalesce(v_status, w.status)
            WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_save.workflow_id
              AND (w.status = v_old.status AND workflow_save.expected_version IS NULL OR w.version = v_old.version)
            RETURNING w.version INTO version;
        END IF;
        -- Not found: somebody was faster, so what was read no longer holds.
        EXIT WHEN FOUND;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_save(text, text, jsonb, text, integer, bigint, bigint) IS 'Saves a workflow and returns (version, created). status (in any case: pending, running, completed, failed, cancelled), name and current_step: NULL keeps what is there, or pending, none and 0. expected_version: NULL any, 0 must not exist, n exactly that version, else LS409. fence: only while that claim holds (see workflow_claim), else LS409, or P0002 where the workflow has gone. Errors: 42501 no tenant, 22004 null, 22023 unknown status or impossible transition, 22001 workflow_id over 255 or name over 500 characters, 54000 state too large or too deep, 23514 negative step. Example: SELECT version FROM llmspell.workflow_save(''w1'', ''import'', ''{}'', ''Running'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_get(workflow_id text)
RETURNS TABLE (workflow_id text, name text, state jsonb, status text, current_step int, version bigint, attempt int, fence bigint,
               lease_expires_at timestamptz, started_at timestamptz, completed_at timestamptz, created_at timestamptz, last_updated timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT w.workflow_id, w.workflow_name, w.state_data, w.status, w.current_step, w.version, w.attempt, w.fence,
        w.lease_expires_at, w.started_at, w.completed_at, w.created_at, w.last_updated
    FROM llmspell.workflow_states w
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND w.tenant_id = llmspell.current_tenant() AND w.workflow_id = llmspell_internal._required(workflow_get.workflow_id, 'workflow_id');
END;
COMMENT ON FUNCTION llmspell.workflow_get(text) IS 'A workflow with its state: one row, or none. Errors: 42501 no tenant, 22004 null. Example: SELECT state, status FROM llmspell.workflow_get(''w1'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_update_status(workflow_id text, status text, expected_status text DEFAULT NULL, fence bigint DEFAULT NULL)
RETURNS TABLE (version bigint, previous_status text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(_required(workflow_update_status.status, 'status'));
    v_expected constant text := _workflow_status(workflow_update_status.expected_status);
    v_old text;
BEGIN
    IF workflow_update_status.fence IS NOT NULL THEN
        PERFORM _workflow_lock_claim(workflow_update_status.workflow_id, workflow_update_status.fence);
    END IF;
    SELECT w.status INTO v_old FROM workflow_states w
    WHERE w.tenant_id = v_tenant AND w.workflow_id = _required(workflow_update_status.workflow_id, 'workflow_id')
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM _raise_missing('workflow', workflow_update_status.workflow_id);
    END IF;
    IF v_old <> v_expected THEN
        RAISE EXCEPTION 'workflow "%" was changed by somebody else', left(workflow_update_status.workflow_id, 100)
            USING ERRCODE = 'LS409', DETAIL = format('expected status %s, current status %s', v_expected, v_old);
    END IF;
    PERFORM _workflow_check_transition(workflow_update_status.workflow_id, v_old, v_status);
    UPDATE workflow_states w SET status = v_status
    WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_update_status.workflow_id
    RETURNING w.version INTO version;
    previous_status := v_old;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_update_status(text, text, text, bigint) IS 'Moves a workflow to a status (in any case), where it is in expected_status and claimed with this fence if those are given, and returns (version, previous_status). Errors: 42501 no tenant, 22004 null, P0002 no such workflow, 22023 unknown status or impossible transition, LS409 another status, or the claim is lost. Example: SELECT version FROM llmspell.workflow_update_status(''import'', ''completed'', expected_status => ''running'');';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_list(wanted_status text, max_rows int, after text)
RETURNS TABLE (workflow_id text, name text, status text, current_step int, version bigint, attempt int,
               created_at timestamptz, last_updated timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(_workflow_list.wanted_status);
    v_before timestamptz := 'infinity';
BEGIN
    IF _workflow_list.after IS NOT NULL THEN
        SELECT w.created_at INTO v_before FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.workflow_id = _workflow_list.after;
        IF NOT FOUND THEN
            PERFORM _raise_missing('workflow', _workflow_list.after);
        END IF;
    END IF;
    IF v_status IS NULL THEN
        RETURN QUERY
        SELECT w.workflow_id::text, w.workflow_name::text, w.status::text, w.current_step, w.version, w.attempt, w.created_at, w.last_updated
        FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.created_at <= v_before
          AND (w.created_at < v_before OR w.workflow_id > _workflow_list.after)
        ORDER BY w.created_at DESC, w.workflow_id
        LIMIT _max_rows(_workflow_list.max_rows);
    ELSE
        RETURN QUERY
        SELECT w.workflow_id::text, w.workflow_name::text, w.status::text, w.current_step, w.version, w.attempt, w.created_at, w.last_updated
        FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.status = v_status AND w.created_at <= v_before
          AND (w.created_at < v_before OR w.workflow_id > _workflow_list.after)
        ORDER BY w.created_at DESC, w.workflow_id
        LIMIT _max_rows(_workflow_list.max_rows);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_list IS 'What workflow_list does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_list TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.workflow_list(status text DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (workflow_id text, name text, status text, current_step int, version bigint, attempt int,
               created_at timestamptz, last_updated timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._workflow_list(workflow_list.status, workflow_list.max_rows, workflow_list.after);
END;
COMMENT ON FUNCTION llmspell.workflow_list(text, integer, text) IS 'Workflows, newest first, in one status or in all, without their states. For the next page give the last workflow_id as after. Errors: 42501 no tenant, 22004, 22023 max_rows or unknown status, P0002 the workflow named by after has gone. Example: SELECT workflow_id FROM llmspell.workflow_list(''failed'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_delete(workflow_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    DELETE FROM workflow_states w
    WHERE w.tenant_id = v_tenant AND w.workflow_id = _required(workflow_delete.workflow_id, 'workflow_id');
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_delete(text) IS 'Deletes a workflow; true where it existed. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.workflow_delete(''import'');';

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
COMMENT ON FUNCTION llmspell.workflow_stats() IS 'One row for each status that occurs: how many workflows, how many of them were run again, and the average time from start to completion. Error: 42501 no tenant. Example: SELECT * FROM llmspell.workflow_stats();';

CREATE OR REPLACE FUNCTION llmspell.workflow_claim(statuses text[] DEFAULT '{pending}', max_rows int DEFAULT 1, lease interval DEFAULT '5 minutes')
RETURNS TABLE (workflow_id text, name text, state jsonb, current_step int, version bigint, attempt int, fence bigint, lease_expires_at timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := clock_timestamp();
    v_statuses text[];
    v_left int := _max_rows(workflow_claim.max_rows);
    v_ids text[];
    v_status text;
BEGIN
    v_statuses := ARRAY(SELECT u.status FROM (
        SELECT _workflow_status(_required(s.status, 'statuses')) AS status, min(s.n) AS n
        FROM unnest(_required(workflow_claim.statuses, 'statuses')) WITH ORDINALITY AS s (status, n) GROUP BY 1) AS u ORDER BY u.n);
    IF workflow_claim.lease IS NULL OR workflow_claim.lease <= '0' THEN
        RAISE EXCEPTION 'lease must be positive, got %', coalesce(workflow_claim.lease::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- First what somebody let drop, then what nobody holds; SKIP LOCKED, so that claims never wait.
    SELECT array_agg(d.workflow_id), v_left - count(*) INTO v_ids, v_left
    FROM (SELECT w.workflow_id FROM workflow_states w
          WHERE w.tenant_id = v_tenant AND w.lease_expires_at <= v_now
          ORDER BY w.lease_expires_at
          LIMIT v_left
          FOR NO KEY UPDATE SKIP LOCKED) AS d;
    -- Status by status, each from the index: in one query a claim would read every workflow that has ended.
    FOREACH v_status IN ARRAY v_statuses LOOP
        EXIT WHEN v_left = 0;
        SELECT v_ids || array_agg(d.workflow_id), v_left - count(*) INTO v_ids, v_left
        FROM (SELECT w.workflow_id FROM workflow_states w
              WHERE w.tenant_id = v_tenant AND w.status = v_status AND w.lease_expires_at IS NULL
              ORDER BY w.created_at
              LIMIT v_left
              FOR NO KEY UPDATE SKIP LOCKED) AS d;
    END LOOP;
    RETURN QUERY
    UPDATE workflow_states w
    SET status = 'running', attempt = w.attempt + 1, fence = w.fence + 1, lease_expires_at = v_now + workflow_claim.lease
    WHERE w.tenant_id = v_tenant AND w.workflow_id = ANY (v_ids)
    RETURNING w.workflow_id::text, w.workflow_name::text, w.state_data, w.current_step, w.version, w.attempt, w.fence, w.lease_expires_at;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_claim(text[], integer, interval) IS 'Claims up to max_rows workflows for the length of the lease: those whose lease ran out, then the oldest that nobody holds, status by status in the order given. Sets them running, with attempt and fence one more. No two claims give the same workflow within one lease; give the fence to workflow_extend, workflow_release and to whatever the work writes. Errors: 42501 no tenant, 22004 null, 22023 max_rows, lease or an unknown status, 22008 lease beyond the last timestamp. Example: SELECT workflow_id, fence FROM llmspell.workflow_claim(max_rows => 10, lease => ''1 minute'');';

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_lock_claim(workflow_id text, fence bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_row record;
BEGIN
    PERFORM _required(_workflow_lock_claim.fence, 'fence');
    SELECT w.fence, w.lease_expires_at INTO v_row FROM workflow_states w
    WHERE w.tenant_id = v_tenant AND w.workflow_id = _required(_workflow_lock_claim.workflow_id, 'workflow_id')
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM _raise_missing('workflow', _workflow_lock_claim.workflow_id);
    END IF;
    IF v_row.fence <> _workflow_lock_claim.fence OR v_row.lease_expires_at IS NULL THEN
        RAISE EXCEPTION 'the claim on workflow "%" is lost', left(_workflow_lock_claim.workflow_id, 100)
            USING ERRCODE = 'LS409',
                  DETAIL = format('expected fence %s, current fence %s, %s', _workflow_lock_claim.fence, v_row.fence,
                                  coalesce('leased until ' || v_row.lease_expires_at, 'not leased')),
                  HINT = 'Stop working on it: somebody else has claimed it, or it was released.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_lock_claim(text, bigint) IS 'Locks a workflow that is claimed with this fence. Errors: 22004 null, P0002 no such workflow, LS409 the claim is lost.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_lock_claim(text, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.workflow_extend(workflow_id text, fence bigint, lease interval DEFAULT '5 minutes') RETURNS timestamptz
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_until constant timestamptz := clock_timestamp() + workflow_extend.lease;
BEGIN
    IF workflow_extend.lease IS NULL OR workflow_extend.lease <= '0' THEN
        RAISE EXCEPTION 'lease must be positive, got %', coalesce(workflow_extend.lease::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM _workflow_lock_claim(workflow_extend.workflow_id, workflow_extend.fence);
    UPDATE workflow_states w SET lease_expires_at = v_until
    WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_extend.workflow_id;
    RETURN v_until;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_extend(text, bigint, interval) IS 'Prolongs a claim, also one that ran out and that nobody else has taken: the lease counts from now. Returns its end. Errors: 42501 no tenant, 22004 null, 22023 lease, 22008 lease beyond the last timestamp, P0002 no such workflow, LS409 the claim is lost. Example: SELECT llmspell.workflow_extend(''import'', fence => 1, lease => ''5 minutes'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_release(workflow_id text, fence bigint, status text DEFAULT 'pending') RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(_required(workflow_release.status, 'status'));
    v_version bigint;
BEGIN
    IF v_status = 'running' THEN
        RAISE EXCEPTION 'a workflow that nobody holds cannot stay running' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Release it as pending, completed, failed or cancelled; to go on, call workflow_extend.';
    END IF;
    PERFORM _workflow_lock_claim(workflow_release.workflow_id, workflow_release.fence);
    UPDATE workflow_states w SET status = v_status, lease_expires_at = NULL
    WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_release.workflow_id
    RETURNING w.version INTO v_version;
    RETURN v_version;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_release(text, bigint, text) IS 'Ends a claim with a status: pending (the default) lets others claim it, completed, failed or cancelled ends the work. Returns the version. Errors: 42501 no tenant, 22004 null, 22023 unknown status or running, P0002 no such workflow, LS409 the claim is lost. Example: SELECT llmspell.workflow_release(''import'', fence => 1, status => ''completed'');';
