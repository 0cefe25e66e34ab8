-- Only the triggers of artifacts, which run as the owner, change artifact_count: it starts at 0 whatever an INSERT
-- says (a restored session gets its count back with its artifacts), and any other UPDATE of it has no effect.
-- Counting is no access: it leaves the times alone.
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
    -- Episodes are stored under either.
    IF NEW.session_id <> OLD.session_id OR OLD.name IS NOT NULL AND NEW.name IS DISTINCT FROM OLD.name THEN
        RAISE EXCEPTION 'session "%" keeps its id and its name', coalesce(OLD.name, OLD.session_id::text) USING ERRCODE = 'insufficient_privilege',
            HINT = 'Delete it, and create another one; a session without a name may be given one.';
    END IF;
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
COMMENT ON FUNCTION llmspell_internal._tg_sessions_update() IS 'Keeps version, updated_at, and last_accessed_at to a minute, and refuses another id or name.
Errors: 42501.';
CREATE OR REPLACE TRIGGER sessions_update
    BEFORE UPDATE OF session_id, session_data, status, created_at, last_accessed_at, expires_at, updated_at, version, name, subject, title ON llmspell.sessions
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_sessions_update();

CREATE OR REPLACE TRIGGER sessions_restore BEFORE INSERT ON llmspell.sessions
    FOR EACH STATEMENT WHEN (llmspell_internal._is_restoring()) EXECUTE FUNCTION llmspell_internal._tg_restore_begin('parent');

CREATE OR REPLACE FUNCTION llmspell_internal._session_status(status text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
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
COMMENT ON FUNCTION llmspell_internal._session_status(text) IS 'Returns a status in lower case; NULL for NULL.
Errors: 22023 unknown.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_status(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_named(session_id uuid, name text) RETURNS uuid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF _session_named.session_id IS NOT NULL THEN
        RAISE EXCEPTION 'session_id and name must not both be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN (SELECT s.session_id FROM sessions s WHERE s.tenant_id = v_tenant AND s.name = _session_named.name);
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_named(uuid, text) IS 'Returns the id of the session with a name; NULL where there is none.
Errors: 22023 an id is given, too.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_named(uuid, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_id(session_id uuid, name text) RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN name IS NULL THEN llmspell_internal._given(session_id, 'session_id') ELSE llmspell_internal._session_named(session_id, name) END;
COMMENT ON FUNCTION llmspell_internal._session_id(uuid, text) IS 'Returns the id of a session that is given by id or by name; NULL where no session has the name.
Errors: 22004 neither, 22023 both.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_id(uuid, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_of_name(session_id uuid, session_name text) RETURNS uuid
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id uuid;
BEGIN
    IF _session_of_name.session_id IS NOT NULL THEN
        RAISE EXCEPTION 'session_id and session_name must not both be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.session_id INTO v_id FROM sessions s WHERE s.tenant_id = v_tenant AND s.name = _session_of_name.session_name;
    IF NOT FOUND THEN
        PERFORM _raise_missing('session', _session_of_name.session_name);
    END IF;
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_of_name(uuid, text) IS 'Returns the id of the session with a name, for functions of other domains.
Errors: 22023 an id is given, too, P0002 no session has the name.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_of_name(uuid, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_of(session_id uuid, session_name text) RETURNS uuid
LANGUAGE sql STABLE
RETURN CASE WHEN session_name IS NULL THEN session_id ELSE llmspell_internal._session_of_name(session_id, session_name) END;
COMMENT ON FUNCTION llmspell_internal._session_of(uuid, text) IS 'Returns the id of a session for functions of other domains, which is given by id or by name.
Errors: 22023 both, P0002 no session has the name.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_of(uuid, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_key_of_id(session_id text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF _session_is_id(_session_key_of_id.session_id) THEN
        RETURN coalesce((SELECT s.name FROM sessions s WHERE s.tenant_id = _require_tenant() AND s.session_id = _session_key_of_id.session_id::uuid
                           AND char_length(s.name) <= 247), lower(_session_key_of_id.session_id));
    END IF;
    RETURN _session_key_of_id.session_id;
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_key_of_id(text) IS 'Returns what _session_key does, for a text as long as an id.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_key_of_id(text) TO llmspell_app;

-- A caller's own text needs no look-up; inlined, as results call it for each row.
CREATE OR REPLACE FUNCTION llmspell_internal._session_key(session_id text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(session_id) = 36 THEN llmspell_internal._session_key_of_id(session_id) ELSE session_id END;
COMMENT ON FUNCTION llmspell_internal._session_key(text) IS 'Returns the text under which the episodes of a session are stored: its name, for the id of a session that has one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_key(text) TO llmspell_app;

-- Episodes may have come before their session, or before its name. One look-up tells all.
CREATE OR REPLACE FUNCTION llmspell_internal._session_found(session_id text, OUT keys text[], OUT shown text, OUT has_ended boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_is_id constant boolean := _session_is_id(_session_found.session_id);
    v_id text;
    v_name text;
BEGIN
    IF v_is_id THEN
        v_id := lower(_session_found.session_id);
        SELECT s.name, s.status = 'expired' OR coalesce(s.expires_at <= now(), false) INTO v_name, has_ended
        FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = v_id::uuid;
    ELSIF NOT v_is_id THEN
        v_name := _session_found.session_id;
        SELECT s.session_id::text, s.status = 'expired' OR coalesce(s.expires_at <= now(), false) INTO v_id, has_ended
        FROM sessions s WHERE s.tenant_id = v_tenant AND s.name = v_name;
    ELSE
        RETURN;
    END IF;
    -- A longer name is not that of an episode's session.
    keys := CASE WHEN v_name IS NULL OR char_length(v_name) > 247 AND v_id IS NOT NULL THEN ARRAY[v_id] WHEN v_id IS NULL THEN ARRAY[v_name] ELSE ARRAY[v_name, v_id] END;
    shown := keys[1];
    has_ended := coalesce(has_ended, false);
END
$$;
COMMENT ON FUNCTION llmspell_internal._session_found(text) IS 'Looks a session up: the texts under which it may have episodes, that which results show, whether it has expired.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_found(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_keys(session_id text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (llmspell_internal._session_found(session_id)).keys;
COMMENT ON FUNCTION llmspell_internal._session_keys(text) IS 'Returns the texts under which a session may have episodes: its name and its id, the one that results show first.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_keys(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_is_shown(status text, expires_at timestamptz, wanted_status text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN status = 'expired' OR expires_at <= statement_timestamp() THEN wanted_status IS NOT NULL AND wanted_status = 'expired'
            ELSE wanted_status IS NULL OR status = wanted_status END;
COMMENT ON FUNCTION llmspell_internal._session_is_shown(text, timestamptz, text) IS 'Returns whether session_list shows a session under a status; NULL: whether it has not expired.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_is_shown(text, timestamptz, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._session_row(s llmspell.sessions) RETURNS SETOF llmspell_internal.session_row
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.session_id, s.name::text, s.subject::text, s.title::text, s.status::text, s.version, s.artifact_count, s.created_at,
        s.last_accessed_at, s.expires_at, llmspell_internal._cursor_of_uuid(s.created_at, s.session_id);
END;
COMMENT ON FUNCTION llmspell_internal._session_row(llmspell.sessions) IS 'Returns a session as session_list shows it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._session_row(llmspell.sessions) TO llmspell_app;

-- In a trigger of writes of the document, not a CHECK: that would read it again when only a lease, an access or a
-- count is written. The condition of the trigger makes the check, as a call of the function would take longer.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_sessions_storable() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _storable(NEW.session_data, 'session_data');
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_sessions_storable() IS 'Refuses a document, also of a raw writer, that is too large as text or too deep for a dump.
Errors: 54000.';
CREATE OR REPLACE TRIGGER sessions_storable BEFORE INSERT OR UPDATE OF session_data ON llmspell.sessions
    FOR EACH ROW WHEN (NOT llmspell_internal._storable(NEW.session_data, 'session_data')) EXECUTE FUNCTION llmspell_internal._tg_sessions_storable();
COMMENT ON TRIGGER sessions_storable ON llmspell.sessions IS 'Restore: checks the document as any other.';
