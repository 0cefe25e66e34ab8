CREATE OR REPLACE FUNCTION llmspell_internal._workflow_is_terminal(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('completed', 'failed', 'cancelled');
COMMENT ON FUNCTION llmspell_internal._workflow_is_terminal(text) IS 'Returns whether a workflow in this status has ended.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_is_terminal(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_pause(backoff interval, attempt int) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN backoff IS NULL THEN '0' WHEN backoff >= '1 day' THEN backoff
            ELSE make_interval(secs => least(extract(epoch FROM backoff)::double precision * 2 ^ least(greatest(attempt, 1) - 1, 60), 86400)) END;
COMMENT ON FUNCTION llmspell_internal._workflow_pause(interval, integer) IS 'Returns the pause after an attempt: the back-off, doubled with each attempt to at most a day.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_pause(interval, integer) TO llmspell_app;

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
    IF NEW.status <> 'failed' THEN
        NEW.failure_reason := NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.last_updated := now();
        NEW.version := OLD.version + 1;
        IF _workflow_is_terminal(OLD.status) AND NOT _workflow_is_terminal(NEW.status) AND NEW.attempt = OLD.attempt THEN
            NEW.attempt := OLD.attempt + 1;
        END IF;
        IF NEW.run_at = OLD.run_at AND NEW.lease_expires_at IS DISTINCT FROM OLD.lease_expires_at THEN
            NEW.run_at := coalesce(NEW.lease_expires_at, now());
            -- Apart, as setting up the expression takes longer than the rest of the trigger.
            IF NEW.backoff IS NOT NULL THEN
                NEW.run_at := NEW.run_at + _workflow_pause(NEW.backoff, NEW.attempt);
            END IF;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_workflow_states_write() IS 'Keeps version, times, attempts and the moment of the next claim, whoever writes.';
CREATE OR REPLACE TRIGGER workflow_states_write BEFORE INSERT OR UPDATE ON llmspell.workflow_states
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_workflow_states_write();

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_status(status text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
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
COMMENT ON FUNCTION llmspell_internal._workflow_status(text) IS 'Returns a status in lower case; NULL for NULL.
Errors: 22023 unknown.';
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
COMMENT ON FUNCTION llmspell_internal._workflow_check_transition(text, text, text) IS 'Refuses a transition from a terminal status to any but itself and running.
Errors: 22023.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_check_transition(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_lock_claim(workflow_id text, fence bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_row record;
BEGIN
    PERFORM _given(_workflow_lock_claim.fence, 'fence');
    SELECT w.fence, w.lease_expires_at INTO v_row FROM workflow_states w
    WHERE w.tenant_id = v_tenant AND w.workflow_id = _given(_workflow_lock_claim.workflow_id, 'workflow_id')
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
COMMENT ON FUNCTION llmspell_internal._workflow_lock_claim(text, bigint) IS 'Locks a workflow that is claimed with this fence.
Errors: 22004 null, P0002 no such workflow, LS409 the claim is lost.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_lock_claim(text, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._workflow_reason(reason text, status text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF reason IS NULL THEN
        RETURN NULL;
    END IF;
    IF status <> 'failed' THEN
        RAISE EXCEPTION 'a workflow that is % has no reason', status USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give a reason with the status failed.';
    END IF;
    RETURN _short_text(reason, 'reason', 1000);
END
$$;
COMMENT ON FUNCTION llmspell_internal._workflow_reason(text, text) IS 'Returns the reason of a failure; NULL for NULL.
Errors: 22023 another status, 22001 over 1,000 characters.';
GRANT EXECUTE ON FUNCTION llmspell_internal._workflow_reason(text, text) TO llmspell_app;

-- In a trigger of writes of the document, not a CHECK: that would read it again when only a lease, an access or a
-- count is written. The condition of the trigger makes the check, as a call of the function would take longer.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_workflow_states_storable() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _storable(NEW.state_data, 'state_data');
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_workflow_states_storable() IS 'Refuses a document, also of a raw writer, that is too large as text or too deep for a dump.
Errors: 54000.';
CREATE OR REPLACE TRIGGER workflow_states_storable BEFORE INSERT OR UPDATE OF state_data ON llmspell.workflow_states
    FOR EACH ROW WHEN (NOT llmspell_internal._storable(NEW.state_data, 'state_data')) EXECUTE FUNCTION llmspell_internal._tg_workflow_states_storable();
COMMENT ON TRIGGER workflow_states_storable ON llmspell.workflow_states IS 'Restore: checks the document as any other.';
