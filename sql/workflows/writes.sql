CREATE OR REPLACE FUNCTION llmspell.workflow_save(workflow_id text, name text, state jsonb, status text DEFAULT NULL,
    current_step int DEFAULT NULL, expected_version bigint DEFAULT NULL, fence bigint DEFAULT NULL, queue text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, max_attempts int DEFAULT NULL, backoff interval DEFAULT NULL, lease interval DEFAULT NULL)
RETURNS TABLE (version bigint, created boolean, lease_expires_at timestamptz)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(workflow_save.status);
    v_queue constant text := CASE WHEN workflow_save.queue IS NOT NULL THEN _short_text(workflow_save.queue, 'queue', 100) END;
    v_backoff constant interval := _positive(workflow_save.backoff, 'backoff');
    v_until constant timestamptz := clock_timestamp() + _positive(workflow_save.lease, 'lease');
    v_old record;
BEGIN
    PERFORM _short_text(workflow_save.workflow_id, 'workflow_id', 255), _json_check(workflow_save.state),
        _short_text(coalesce(workflow_save.name, ''), 'name', 500), _check_expected(workflow_save.expected_version);
    IF workflow_save.max_attempts < 1 THEN
        RAISE EXCEPTION 'max_attempts must be positive, got %', workflow_save.max_attempts USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF v_until IS NOT NULL AND workflow_save.fence IS NULL THEN
        RAISE EXCEPTION 'lease needs a fence' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the fence that workflow_claim returned.';
    END IF;
    created := false;
    LOOP
        SELECT w.version, w.status, CASE WHEN w.lease_expires_at IS NOT NULL THEN w.fence END AS fence INTO v_old FROM workflow_states w
        WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_save.workflow_id;
        IF workflow_save.fence IS NOT NULL AND v_old.fence IS DISTINCT FROM workflow_save.fence THEN
            -- It says why.
            PERFORM _workflow_lock_claim(workflow_save.workflow_id, workflow_save.fence);
            CONTINUE;
        END IF;
        IF workflow_save.expected_version <> coalesce(v_old.version, 0) THEN
            PERFORM _raise_conflict('workflow', workflow_save.workflow_id, workflow_save.expected_version, coalesce(v_old.version, 0));
        END IF;
        IF v_old.version IS NULL THEN
            INSERT INTO workflow_states AS w (tenant_id, workflow_id, workflow_name, state_data, current_step, status, queue, run_at, max_attempts, backoff)
            VALUES (v_tenant, workflow_save.workflow_id, workflow_save.name, workflow_save.state,
                    coalesce(workflow_save.current_step, 0), coalesce(v_status, 'pending'), coalesce(v_queue, 'default'),
                    coalesce(workflow_save.run_at, now()), workflow_save.max_attempts, v_backoff)
            ON CONFLICT (tenant_id, workflow_id) DO NOTHING
            RETURNING w.version, true INTO version, created;
        ELSE
            IF _workflow_is_terminal(v_old.status) THEN
                PERFORM _workflow_check_transition(workflow_save.workflow_id, v_old.status, v_status);
            END IF;
            UPDATE workflow_states w
            SET workflow_name = coalesce(workflow_save.name, w.workflow_name), state_data = workflow_save.state,
                current_step = coalesce(workflow_save.current_step, w.current_step), status = coalesce(v_status, w.status),
                queue = coalesce(v_queue, w.queue), run_at = coalesce(workflow_save.run_at, w.run_at),
                max_attempts = coalesce(workflow_save.max_attempts, w.max_attempts), backoff = coalesce(v_backoff, w.backoff),
                lease_expires_at = coalesce(v_until, w.lease_expires_at)
            WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_save.workflow_id
              AND (w.status = v_old.status AND workflow_save.expected_version IS NULL OR w.version = v_old.version)
              AND (workflow_save.fence IS NULL OR CASE WHEN w.lease_expires_at IS NOT NULL THEN w.fence END = workflow_save.fence)
            RETURNING w.version, w.lease_expires_at INTO version, lease_expires_at;
        END IF;
        -- Not found: another session was faster, so what was read no longer holds.
        EXIT WHEN FOUND;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_save(text, text, jsonb, text, integer, bigint, bigint, text, timestamptz, integer, interval, interval) IS 'Saves a workflow; a null argument keeps what is there. With fence and lease it also prolongs the claim.
Errors: 42501 no tenant, LS409 another version or a lost claim, P0002 claimed, but gone, 22004 null, 22023 unknown status, impossible transition, max_attempts, backoff or lease, 22008 lease beyond the last timestamp, 22001 workflow_id over 255, name over 500 or queue over 100 characters, 54000 state too large or too deep, 23514 negative step.
Example: SELECT version FROM llmspell.workflow_save(''w1'', ''import'', ''{}'', queue => ''nightly'', max_attempts => 5);';

CREATE OR REPLACE FUNCTION llmspell.workflow_update_status(workflow_id text, status text, expected_status text DEFAULT NULL,
    fence bigint DEFAULT NULL, reason text DEFAULT NULL)
RETURNS TABLE (version bigint, previous_status text)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _workflow_status(_given(workflow_update_status.status, 'status'));
    v_expected constant text := _workflow_status(workflow_update_status.expected_status);
    v_reason constant text := _workflow_reason(workflow_update_status.reason, v_status);
    v_old text;
BEGIN
    IF workflow_update_status.fence IS NOT NULL THEN
        PERFORM _workflow_lock_claim(workflow_update_status.workflow_id, workflow_update_status.fence);
    END IF;
    SELECT w.status INTO v_old FROM workflow_states w
    WHERE w.tenant_id = v_tenant AND w.workflow_id = _given(workflow_update_status.workflow_id, 'workflow_id')
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM _raise_missing('workflow', workflow_update_status.workflow_id);
    END IF;
    IF v_old <> v_expected THEN
        RAISE EXCEPTION 'workflow "%" was changed by somebody else', left(workflow_update_status.workflow_id, 100)
            USING ERRCODE = 'LS409', DETAIL = format('expected status %s, current status %s', v_expected, v_old),
                  HINT = 'Read it again and decide anew.';
    END IF;
    PERFORM _workflow_check_transition(workflow_update_status.workflow_id, v_old, v_status);
    UPDATE workflow_states w SET status = v_status, failure_reason = coalesce(v_reason, w.failure_reason)
    WHERE w.tenant_id = v_tenant AND w.workflow_id = workflow_update_status.workflow_id
    RETURNING w.version INTO version;
    previous_status := v_old;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_update_status(text, text, text, bigint, text) IS 'Moves a workflow to a status, where expected_status and the claim, if given, still hold.
Errors: 42501 no tenant, 22004 null, P0002 no such workflow, 22023 unknown status, impossible transition or a reason for no failure, 22001 reason over 1,000 characters, LS409 another status, or the claim is lost.
Example: SELECT version FROM llmspell.workflow_update_status(''import'', ''failed'', reason => ''no such file'');';

CREATE OR REPLACE FUNCTION llmspell.workflow_delete(workflow_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    DELETE FROM workflow_states w
    WHERE w.tenant_id = v_tenant AND w.workflow_id = _given(workflow_delete.workflow_id, 'workflow_id');
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.workflow_delete(text) IS 'Deletes a workflow; returns whether it existed.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.workflow_delete(''import'');';
