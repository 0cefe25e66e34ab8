CREATE OR REPLACE FUNCTION llmspell.session_retention_set(keep interval) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_keep constant interval := _positive(session_retention_set.keep, 'keep');
BEGIN
    -- An interval that reaches back beyond the first timestamp is refused here, not at every sweep.
    PERFORM statement_timestamp() - v_keep;
    IF v_keep IS NULL THEN
        DELETE FROM session_retention r WHERE r.tenant_id = v_tenant;
    ELSE
        INSERT INTO session_retention (tenant_id, keep) VALUES (v_tenant, v_keep)
        ON CONFLICT (tenant_id) DO UPDATE SET keep = EXCLUDED.keep;
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM _raise_unseen('retention of', 'sessions') FROM session_retention r WHERE r.tenant_id = v_tenant HAVING count(*) > 1;
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.session_retention_set(interval) IS 'Sets how long the own tenant keeps sessions after their expiry; NULL, the default, keeps them for ever.
Errors: 42501 no tenant, 22023 keep not positive, 22008 keep beyond the range of timestamps.
Example: SELECT llmspell.session_retention_set(''30 days'');';

CREATE OR REPLACE FUNCTION llmspell.session_retention_get() RETURNS interval
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (SELECT r.keep FROM llmspell.session_retention r WHERE r.tenant_id = llmspell.current_tenant())
    WHERE llmspell_internal._require_tenant() IS NOT NULL;
END;
COMMENT ON FUNCTION llmspell.session_retention_get() IS 'Returns how long the own tenant keeps sessions after their expiry; NULL for ever.
Errors: 42501 no tenant.
Example: SELECT llmspell.session_retention_get();';

CREATE OR REPLACE FUNCTION llmspell.session_sweep(max_rows int DEFAULT 1000) RETURNS TABLE (expired bigint, deleted bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_rows constant int := _max_rows(coalesce(session_sweep.max_rows, 1000));
    v_keep constant interval := (SELECT r.keep FROM session_retention r WHERE r.tenant_id = v_tenant);
    v_ids uuid[];
BEGIN
    -- The ids first, then the rows by their keys: a join of the two turns quadratic on stale statistics.
    v_ids := ARRAY(SELECT s.session_id FROM sessions s
                   WHERE s.tenant_id = v_tenant AND s.expires_at <= v_now AND s.status <> 'expired'
                   ORDER BY s.expires_at
                   LIMIT v_rows
                   FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE sessions s SET status = 'expired' WHERE s.tenant_id = v_tenant AND s.session_id = ANY (v_ids);
    GET DIAGNOSTICS expired = ROW_COUNT;
    deleted := 0;
    IF v_keep IS NOT NULL THEN
        v_ids := ARRAY(SELECT s.session_id FROM sessions s
                       WHERE s.tenant_id = v_tenant AND s.expires_at <= v_now - v_keep AND s.status = 'expired'
                       ORDER BY s.expires_at
                       LIMIT v_rows
                       FOR UPDATE SKIP LOCKED);
        DELETE FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = ANY (v_ids);
        GET DIAGNOSTICS deleted = ROW_COUNT;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.session_sweep(integer) IS 'Marks sessions whose time is over as expired, and deletes those kept no longer; never needed for correctness.
Errors: 42501 no tenant, 22023 max_rows.
Example: SELECT expired, deleted FROM llmspell.session_sweep(1000);';
