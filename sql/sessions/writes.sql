CREATE OR REPLACE FUNCTION llmspell.session_create(session_id uuid DEFAULT NULL, state jsonb DEFAULT '{}', expires_at timestamptz DEFAULT NULL,
    ttl interval DEFAULT NULL, name text DEFAULT NULL, subject text DEFAULT NULL, title text DEFAULT NULL)
RETURNS SETOF llmspell_internal.session_created
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_state constant jsonb := coalesce(session_create.state, '{}');
    v_session llmspell_internal.session_created;
    v_actual bigint;
    v_id text;
BEGIN
    PERFORM _json_check(v_state), _short_text(coalesce(session_create.name, ''), 'name', 255),
        _short_text(coalesce(session_create.subject, ''), 'subject', 255), _short_text(coalesce(session_create.title, ''), 'title', 255);
    IF _session_is_id(session_create.name) THEN
        RAISE EXCEPTION 'a session cannot be named "%", which is an id', session_create.name USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give it as session_id.';
    END IF;
    INSERT INTO sessions AS s (tenant_id, session_id, session_data, expires_at, name, subject, title)
    VALUES (v_tenant, coalesce(session_create.session_id, uuidv7()), v_state, _expiry(session_create.expires_at, session_create.ttl),
            session_create.name, session_create.subject, session_create.title)
    ON CONFLICT DO NOTHING
    RETURNING s.session_id, s.version, true INTO v_session;
    IF NOT FOUND THEN
        SELECT s.version, CASE WHEN s.session_id = session_create.session_id THEN s.session_id::text END INTO v_actual, v_id
        FROM sessions s
        WHERE s.tenant_id = v_tenant AND s.session_id IN (session_create.session_id, _session_named(NULL, session_create.name))
        ORDER BY s.session_id = session_create.session_id DESC
        LIMIT 1;
        PERFORM _raise_conflict('session', coalesce(v_id, session_create.name, session_create.session_id::text), 0, coalesce(v_actual, 1));
    END IF;
    IF num_nonnulls(session_create.session_id, session_create.name) > 0 AND current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _raise_unseen('session', coalesce(session_create.name, session_create.session_id::text)) FROM sessions s
        WHERE s.tenant_id = v_tenant AND (s.session_id = session_create.session_id OR s.name = session_create.name) HAVING count(*) > 1;
    END IF;
    RETURN NEXT v_session;
END
$$;
COMMENT ON FUNCTION llmspell.session_create(uuid, jsonb, timestamptz, interval, text, text, text) IS 'Begins a session, with a new id unless one is given, that expires at expires_at, ttl from now, or never.
Errors: 42501 no tenant, LS409 the id or the name exists, 22023 both expires_at and ttl, ttl not positive, or a name like an id, 22008 ttl beyond the last timestamp, 22001 name, subject or title over 255 characters, 54000 state too large or too deep.
Example: SELECT session_id FROM llmspell.session_create(name => ''chat-42'', subject => ''ada'', ttl => ''1 day'');';

CREATE OR REPLACE FUNCTION llmspell.session_update(session_id uuid DEFAULT NULL, state jsonb DEFAULT NULL, status text DEFAULT NULL,
    expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL, expected_version bigint DEFAULT NULL, name text DEFAULT NULL,
    subject text DEFAULT NULL, title text DEFAULT NULL)
RETURNS TABLE (version bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _session_id(session_update.session_id, session_update.name);
    v_expires_at constant timestamptz := _expiry(session_update.expires_at, session_update.ttl);
    v_actual bigint;
BEGIN
    PERFORM _check_expected(session_update.expected_version),
        _short_text(coalesce(session_update.subject, ''), 'subject', 255), _short_text(coalesce(session_update.title, ''), 'title', 255);
    IF session_update.state IS NOT NULL THEN
        PERFORM _json_check(session_update.state);
    END IF;
    UPDATE sessions s
    SET session_data = coalesce(session_update.state, s.session_data),
        status = CASE WHEN session_update.status IS NOT NULL THEN _session_status(session_update.status)
                      WHEN s.status = 'expired' AND coalesce(v_expires_at, session_update.expires_at) > statement_timestamp() THEN 'active' ELSE s.status END,
        expires_at = CASE WHEN session_update.expires_at = 'infinity' THEN NULL ELSE coalesce(v_expires_at, s.expires_at) END, last_accessed_at = now(),
        subject = coalesce(session_update.subject, s.subject), title = coalesce(session_update.title, s.title)
    WHERE s.tenant_id = v_tenant AND s.session_id = v_id
      AND (session_update.expected_version IS NULL OR s.version = session_update.expected_version)
    RETURNING s.version INTO version;
    IF NOT FOUND THEN
        SELECT s.version INTO v_actual FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = v_id;
        IF NOT FOUND AND coalesce(session_update.expected_version, 0) = 0 THEN
            PERFORM _raise_missing('session', coalesce(session_update.name, session_update.session_id::text));
        END IF;
        PERFORM _raise_conflict('session', coalesce(session_update.name, session_update.session_id::text), session_update.expected_version, coalesce(v_actual, 0));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.session_update(uuid, jsonb, text, timestamptz, interval, bigint, text, text, text) IS 'Changes what is given of a session, named by id or name; a later expiry brings an expired one back as active.
Errors: 42501 no tenant, 22004 neither session_id nor name, P0002 no such session, LS409 another version, 22023 both session_id and name, unknown status, both expires_at and ttl, or ttl not positive, 22008 ttl beyond the last timestamp, 22001 subject or title over 255 characters, 54000 state too large or too deep.
Example: SELECT version FROM llmspell.session_update(name => ''chat-42'', state => ''{"user": 42}'', ttl => ''1 day'');';

CREATE OR REPLACE FUNCTION llmspell.session_touch(session_id uuid DEFAULT NULL, ttl interval DEFAULT NULL, name text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _session_id(session_touch.session_id, session_touch.name);
    v_now constant timestamptz := statement_timestamp();
    v_expires_at constant timestamptz := _expiry(NULL, session_touch.ttl);
    v_accessed_at timestamptz;
BEGIN
    SELECT s.last_accessed_at INTO v_accessed_at FROM sessions s
    WHERE s.tenant_id = v_tenant AND s.session_id = v_id
      AND s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > v_now);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- To a minute: repeated access need not write.
    IF v_accessed_at < v_now - interval '1 minute' OR v_expires_at IS NOT NULL THEN
        -- Whether it lives is asked again: another transaction that held the row may have ended it.
        UPDATE sessions s SET last_accessed_at = v_now, expires_at = coalesce(v_expires_at, s.expires_at)
        WHERE s.tenant_id = v_tenant AND s.session_id = v_id
          AND s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp());
        RETURN FOUND;
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.session_touch(uuid, interval, text) IS 'Records an access, to a minute, and with ttl prolongs the session; returns whether it exists and has not expired.
Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both, or ttl not positive, 22008 ttl beyond the last timestamp.
Example: SELECT llmspell.session_touch(name => ''chat-42'', ttl => ''30 minutes'');';

CREATE OR REPLACE FUNCTION llmspell.session_archive(session_id uuid DEFAULT NULL, name text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _session_id(session_archive.session_id, session_archive.name);
BEGIN
    UPDATE sessions s SET status = 'archived'
    WHERE s.tenant_id = v_tenant AND s.session_id = v_id AND s.status = 'active'
      AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp());
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.session_archive(uuid, text) IS 'Archives a session; returns whether it was active and had not expired.
Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both.
Example: SELECT llmspell.session_archive(name => ''chat-42'');';

CREATE OR REPLACE FUNCTION llmspell.session_delete(session_id uuid DEFAULT NULL, name text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _session_id(session_delete.session_id, session_delete.name);
BEGIN
    DELETE FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = v_id;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.session_delete(uuid, text) IS 'Deletes a session and its artifacts; returns whether it existed.
Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both.
Example: SELECT llmspell.session_delete(name => ''chat-42'');';
