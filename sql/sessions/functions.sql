-- artifact_count is kept by the triggers of artifacts alone: it starts at 0 whatever an INSERT says
-- (a restored session gets its count back with its artifacts), and an UPDATE of it by anybody but those,
-- which run as the owner, has no effect. Counting is no access: it leaves the times alone.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_sessions_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.artifact_count := 0;
    IF _is_restoring() THEN
        NEW.artifact_count := (SELECT count(*) FROM artifacts a
                               WHERE a.tenant_id = NEW.tenant_id AND a.session_id = NEW.session_id);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_sessions_insert() IS 'Starts artifact_count at 0; in a restore, at the artifacts that came before.';
CREATE OR REPLACE TRIGGER sessions_insert BEFORE INSERT ON llmspell.sessions
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_sessions_insert();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_sessions_count() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.artifact_count := OLD.artifact_count;
    NEW.artifact_sequence := OLD.artifact_sequence;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_sessions_count() IS 'Undoes a direct UPDATE of artifact_count and artifact_sequence.';
CREATE OR REPLACE TRIGGER sessions_count BEFORE UPDATE OF artifact_count, artifact_sequence ON llmspell.sessions
    FOR EACH ROW WHEN (current_user <> 'llmspell_owner') EXECUTE FUNCTION llmspell_internal._tg_sessions_count();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_sessions_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    NEW.version := OLD.version + 1;
    -- To a minute: repeated access need not write.
    IF NEW.last_accessed_at < now() - interval '1 minute' THEN
        NEW.last_accessed_at := now();
    END IF;
    -- Retention counts from here.
    IF NEW.status = 'expired' THEN
        NEW.expires_at := coalesce(NEW.expires_at, now());
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_sessions_update() IS 'Version, updated_at, and last_accessed_at to a minute.';
CREATE OR REPLACE TRIGGER sessions_update
    BEFORE UPDATE OF session_id, session_data, status, created_at, last_accessed_at, expires_at, updated_at, version ON llmspell.sessions
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_sessions_update();

CREATE OR REPLACE TRIGGER sessions_restore BEFORE INSERT ON llmspell.sessions
    FOR EACH STATEMENT WHEN (llmspell_internal._is_restoring()) EXECUTE FUNCTION llmspell_internal._tg_restore_begin('parent');

CREATE OR REPLACE FUNCTION llmspell_internal._session_status(status text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF lower(status) NOT IN ('active', 'archived', 'expired') THEN
        RAISE EXCEPTION 'unknown session status "%"', left(status, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use active, archived or expired.';
    END IF;
    RETURN lower(status);
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_status(text) IS 'A status in lower case; 22023 where it is none of the three. NULL stays NULL.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_status(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_create(new_id uuid, state jsonb, expires_at timestamptz, ttl interval)
RETURNS TABLE (session_id uuid, version bigint, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_actual bigint;
BEGIN
    PERFORM _required(_session_create.state, 'state');
    PERFORM _json_check(_session_create.state);
    INSERT INTO sessions AS s (tenant_id, session_id, session_data, expires_at)
    VALUES (v_tenant, coalesce(_session_create.new_id, uuidv7()), _session_create.state,
            _expiry(_session_create.expires_at, _session_create.ttl))
    ON CONFLICT (tenant_id, session_id) DO NOTHING
    RETURNING s.session_id, s.version, true INTO session_id, version, created;
    IF NOT FOUND THEN
        SELECT s.version INTO v_actual FROM sessions s
        WHERE s.tenant_id = v_tenant AND s.session_id = _session_create.new_id;
        PERFORM _raise_conflict('session', _session_create.new_id::text, 0, coalesce(v_actual, 1));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_create IS 'What session_create does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_create TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.session_create(session_id uuid DEFAULT NULL, state jsonb DEFAULT '{}',
                                        expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL)
RETURNS TABLE (session_id uuid, version bigint, created boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._session_create(session_create.session_id, session_create.state, session_create.expires_at, session_create.ttl);
END;
COMMENT ON FUNCTION llmspell.session_create(uuid, jsonb, timestamptz, interval) IS 'Begins a session (session_id defaults to uuidv7()) and returns (session_id, version, created). It expires at expires_at, or ttl from now, or never. Errors: 42501 no tenant, LS409 it exists, 22004 null state, 22023 both expires_at and ttl, or ttl not positive, 22008 ttl beyond the last timestamp, 54000 state too large or too deep. Example: SELECT session_id FROM llmspell.session_create(state => ''{"user": 42}'', ttl => ''1 day'');';

CREATE OR REPLACE FUNCTION llmspell.session_get(session_id uuid, include_expired boolean DEFAULT false)
RETURNS TABLE (session_id uuid, state jsonb, status text, version bigint, artifact_count int, created_at timestamptz,
               last_accessed_at timestamptz, updated_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.session_id, s.session_data, s.status, s.version, s.artifact_count, s.created_at, s.last_accessed_at, s.updated_at, s.expires_at
    FROM llmspell.sessions s
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND s.tenant_id = llmspell.current_tenant() AND s.session_id = llmspell_internal._required(session_get.session_id, 'session_id')
      AND (session_get.include_expired OR s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp()));
END;
COMMENT ON FUNCTION llmspell.session_get(uuid, boolean) IS 'A session: one row, or none where it does not exist, or has expired and include_expired is false. Writes nothing: call session_touch to record the access. Errors: 42501 no tenant, 22004 null session_id. Example: SELECT state FROM llmspell.session_get(''0198a5f0-0000-7000-8000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.session_update(session_id uuid, state jsonb DEFAULT NULL, status text DEFAULT NULL,
                                        expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL, expected_version bigint DEFAULT NULL)
RETURNS TABLE (version bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_expires_at constant timestamptz := _expiry(session_update.expires_at, session_update.ttl);
    v_actual bigint;
BEGIN
    PERFORM _required(session_update.session_id, 'session_id'), _check_expected(session_update.expected_version);
    IF session_update.state IS NOT NULL THEN
        PERFORM _json_check(session_update.state);
    END IF;
    UPDATE sessions s
    SET session_data = coalesce(session_update.state, s.session_data),
        status = CASE WHEN session_update.status IS NOT NULL THEN _session_status(session_update.status)
                      WHEN s.status = 'expired' AND coalesce(v_expires_at, session_update.expires_at) > statement_timestamp() THEN 'active' ELSE s.status END,
        expires_at = CASE WHEN session_update.expires_at = 'infinity' THEN NULL ELSE coalesce(v_expires_at, s.expires_at) END, last_accessed_at = now()
    WHERE s.tenant_id = v_tenant AND s.session_id = session_update.session_id
      AND (session_update.expected_version IS NULL OR s.version = session_update.expected_version)
    RETURNING s.version INTO version;
    IF NOT FOUND THEN
        SELECT s.version INTO v_actual FROM sessions s
        WHERE s.tenant_id = v_tenant AND s.session_id = session_update.session_id;
        IF NOT FOUND AND coalesce(session_update.expected_version, 0) = 0 THEN
            PERFORM _raise_missing('session', session_update.session_id::text);
        END IF;
        PERFORM _raise_conflict('session', session_update.session_id::text, session_update.expected_version, coalesce(v_actual, 0));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.session_update(uuid, jsonb, text, timestamptz, interval, bigint) IS 'Changes state, status (in any case: active, archived, expired) and expiry of a session, where not NULL, and returns its version; expires_at ''infinity'' takes the expiry away, and a later expiry brings an expired session back as active. Errors: 42501 no tenant, 22004 null session_id, P0002 no such session, LS409 another version, 22023 unknown status, both expires_at and ttl, ttl not positive, 22008 ttl beyond the last timestamp, 54000 state too large or too deep. Example: SELECT version FROM llmspell.session_update(''0198a5f0-0000-7000-8000-000000000001'', state => ''{"user": 42}'', ttl => ''1 day'');';

CREATE OR REPLACE FUNCTION llmspell.session_touch(session_id uuid, ttl interval DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_expires_at constant timestamptz := _expiry(NULL, session_touch.ttl);
    v_row record;
BEGIN
    SELECT s.last_accessed_at INTO v_row FROM sessions s
    WHERE s.tenant_id = v_tenant AND s.session_id = _required(session_touch.session_id, 'session_id')
      AND s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > v_now);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- To a minute: repeated access need not write.
    IF v_row.last_accessed_at < v_now - interval '1 minute' OR v_expires_at IS NOT NULL THEN
        -- Once more whether it lives: who was waited for may have ended it.
        UPDATE sessions s SET last_accessed_at = v_now, expires_at = coalesce(v_expires_at, s.expires_at)
        WHERE s.tenant_id = v_tenant AND s.session_id = session_touch.session_id
          AND s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp());
        RETURN FOUND;
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.session_touch(uuid, interval) IS 'Records an access (to a minute) and, with ttl, puts the expiry ttl from now; true where the session exists and has not expired. Errors: 42501 no tenant, 22004 null session_id, 22023 ttl not positive, 22008 ttl beyond the last timestamp. Example: SELECT llmspell.session_touch(''0198a5f0-0000-7000-8000-000000000001'', ttl => ''30 minutes'');';

CREATE OR REPLACE FUNCTION llmspell_internal._session_list(wanted_status text, max_rows int, after uuid)
RETURNS TABLE (session_id uuid, status text, version bigint, artifact_count int, created_at timestamptz, last_accessed_at timestamptz,
               expires_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_status constant text := _session_status(_session_list.wanted_status);
    v_now constant timestamptz := statement_timestamp();
    v_before timestamptz := 'infinity';
BEGIN
    IF _session_list.after IS NOT NULL THEN
        SELECT s.created_at INTO v_before FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = _session_list.after;
        IF NOT FOUND THEN
            PERFORM _raise_missing('session', _session_list.after::text);
        END IF;
    END IF;
    IF v_status IS NULL OR v_status = 'expired' THEN
        RETURN QUERY
        SELECT s.session_id, s.status::text, s.version, s.artifact_count, s.created_at, s.last_accessed_at, s.expires_at
        FROM sessions s
        WHERE s.tenant_id = v_tenant AND s.created_at <= v_before
          AND (s.created_at < v_before OR s.session_id > _session_list.after)
          AND (s.status = 'expired' OR coalesce(s.expires_at <= v_now, false)) = (v_status IS NOT NULL)
        ORDER BY s.created_at DESC, s.session_id
        LIMIT _max_rows(_session_list.max_rows);
    ELSE
        RETURN QUERY
        SELECT s.session_id, s.status::text, s.version, s.artifact_count, s.created_at, s.last_accessed_at, s.expires_at
        FROM sessions s
        WHERE s.tenant_id = v_tenant AND s.status = v_status AND s.created_at <= v_before
          AND (s.created_at < v_before OR s.session_id > _session_list.after)
          AND (s.expires_at IS NULL OR s.expires_at > v_now)
        ORDER BY s.created_at DESC, s.session_id
        LIMIT _max_rows(_session_list.max_rows);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_list IS 'What session_list does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_list TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.session_list(status text DEFAULT NULL, max_rows int DEFAULT 100, after uuid DEFAULT NULL)
RETURNS TABLE (session_id uuid, status text, version bigint, artifact_count int, created_at timestamptz, last_accessed_at timestamptz,
               expires_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._session_list(session_list.status, session_list.max_rows, session_list.after);
END;
COMMENT ON FUNCTION llmspell.session_list(text, integer, uuid) IS 'Sessions, newest first, without their states: those that have not expired, or those in one status; expired also lists those whose time is over and that nothing has marked yet. For the next page give the last session_id as after. Errors: 42501 no tenant, 22004, 22023 max_rows or unknown status, P0002 the session named by after has gone. Example: SELECT session_id FROM llmspell.session_list(''active'', 100);';

CREATE OR REPLACE FUNCTION llmspell.session_archive(session_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    UPDATE sessions s SET status = 'archived'
    WHERE s.tenant_id = v_tenant AND s.session_id = _required(session_archive.session_id, 'session_id') AND s.status = 'active'
      AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp());
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.session_archive(uuid) IS 'Archives a session; true where it was active and had not expired. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.session_archive(''0198a5f0-0000-7000-8000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.session_delete(session_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    DELETE FROM sessions s
    WHERE s.tenant_id = v_tenant AND s.session_id = _required(session_delete.session_id, 'session_id');
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.session_delete(uuid) IS 'Deletes a session and its artifacts; true where it existed. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.session_delete(''0198a5f0-0000-7000-8000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.session_retention_set(keep interval) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF session_retention_set.keep < '0' THEN
        RAISE EXCEPTION 'keep must not be negative, got %', session_retention_set.keep USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Reaches back beyond the first timestamp: better said now than at every expiry.
    PERFORM statement_timestamp() - session_retention_set.keep;
    IF session_retention_set.keep IS NULL THEN
        DELETE FROM session_retention r WHERE r.tenant_id = v_tenant;
    ELSE
        INSERT INTO session_retention (tenant_id, keep) VALUES (v_tenant, session_retention_set.keep)
        ON CONFLICT (tenant_id) DO UPDATE SET keep = EXCLUDED.keep;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.session_retention_set(interval) IS 'How long the own tenant keeps sessions after their expiry; NULL, as at first, for ever. session_sweep acts on it. Errors: 42501 no tenant, 22023 negative, 22008 beyond the first timestamp. Example: SELECT llmspell.session_retention_set(''30 days'');';

CREATE OR REPLACE FUNCTION llmspell.session_sweep(max_rows int DEFAULT 1000) RETURNS TABLE (expired bigint, deleted bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_keep interval;
BEGIN
    WITH due AS (
        SELECT s.session_id FROM sessions s
        WHERE s.tenant_id = v_tenant AND s.expires_at <= v_now AND s.status <> 'expired'
        ORDER BY s.expires_at
        LIMIT _max_rows(session_sweep.max_rows)
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE sessions s SET status = 'expired' FROM due d WHERE s.tenant_id = v_tenant AND s.session_id = d.session_id;
    GET DIAGNOSTICS expired = ROW_COUNT;
    SELECT r.keep INTO v_keep FROM session_retention r WHERE r.tenant_id = v_tenant;
    deleted := 0;
    IF FOUND THEN
        WITH due AS (
            SELECT s.session_id FROM sessions s
            WHERE s.tenant_id = v_tenant AND s.expires_at <= v_now - v_keep AND s.status = 'expired'
            ORDER BY s.expires_at
            LIMIT _max_rows(session_sweep.max_rows)
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM sessions s USING due d WHERE s.tenant_id = v_tenant AND s.session_id = d.session_id;
        GET DIAGNOSTICS deleted = ROW_COUNT;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.session_sweep(integer) IS 'Marks up to max_rows sessions whose time is over as expired, deletes up to max_rows that session_retention_set no longer keeps, and returns how many of each. Never needed for correctness. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT expired, deleted FROM llmspell.session_sweep(1000);';

CREATE OR REPLACE FUNCTION llmspell.session_stats()
RETURNS TABLE (status text, sessions bigint, artifacts bigint, oldest timestamptz, newest timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN s.expires_at <= statement_timestamp() THEN 'expired' ELSE s.status END, count(*), sum(s.artifact_count),
        min(s.created_at), max(s.created_at)
    FROM llmspell.sessions s
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND s.tenant_id = llmspell.current_tenant()
    GROUP BY 1
    ORDER BY 1;
END;
COMMENT ON FUNCTION llmspell.session_stats() IS 'One row for each status that occurs: how many sessions, their artifacts, the oldest and the newest. Error: 42501 no tenant. Example: SELECT * FROM llmspell.session_stats();';
