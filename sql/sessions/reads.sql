CREATE OR REPLACE FUNCTION llmspell.session_get(session_id uuid DEFAULT NULL, include_expired boolean DEFAULT false, name text DEFAULT NULL)
RETURNS TABLE (session_id uuid, name text, state jsonb, status text, version bigint, subject text, title text, artifact_count int,
               created_at timestamptz, last_accessed_at timestamptz, updated_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT s.session_id, s.name, s.session_data, s.status, s.version, s.subject, s.title, s.artifact_count, s.created_at,
        s.last_accessed_at, s.updated_at, s.expires_at
    FROM llmspell.sessions s
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND s.tenant_id = llmspell.current_tenant() AND s.session_id = llmspell_internal._session_id(session_get.session_id, session_get.name)
      AND (session_get.include_expired OR s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp()));
END;
COMMENT ON FUNCTION llmspell.session_get(uuid, boolean, text) IS 'Returns a session by id or name: one row, or none where it does not exist or has expired; records no access.
Errors: 42501 no tenant, 22004 neither session_id nor name, 22023 both.
Example: SELECT state FROM llmspell.session_get(name => ''chat-42'');';

CREATE OR REPLACE FUNCTION llmspell.session_list(status text DEFAULT NULL, subject text DEFAULT NULL, title text DEFAULT NULL,
    max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.session_row
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
    v_status constant text := _session_status(session_list.status);
    v_rows constant int := _max_rows(coalesce(session_list.max_rows, 100));
    v_at constant timestamptz := coalesce(_cursor_at(session_list.after), 'infinity');
    v_id constant uuid := coalesce(_cursor_uuid(session_list.after), 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    IF session_list.subject IS NOT NULL THEN
        RETURN QUERY
        SELECT r.* FROM sessions s CROSS JOIN LATERAL _session_row(s) r
        WHERE s.tenant_id = v_tenant AND s.subject = session_list.subject
          AND (s.created_at, s.session_id) < (v_at, v_id)
          AND CASE WHEN session_list.title IS NULL THEN true ELSE s.title = session_list.title END
          AND _session_is_shown(s.status, s.expires_at, v_status)
        ORDER BY s.created_at DESC, s.session_id DESC
        LIMIT v_rows;
    ELSIF session_list.title IS NOT NULL THEN
        RETURN QUERY
        SELECT r.* FROM sessions s CROSS JOIN LATERAL _session_row(s) r
        WHERE s.tenant_id = v_tenant AND s.title = session_list.title
          AND (s.created_at, s.session_id) < (v_at, v_id)
          AND _session_is_shown(s.status, s.expires_at, v_status)
        ORDER BY s.created_at DESC, s.session_id DESC
        LIMIT v_rows;
    ELSIF v_status IS NULL OR v_status = 'expired' THEN
        RETURN QUERY
        SELECT r.* FROM sessions s CROSS JOIN LATERAL _session_row(s) r
        WHERE s.tenant_id = v_tenant AND (s.created_at, s.session_id) < (v_at, v_id)
          AND _session_is_shown(s.status, s.expires_at, v_status)
        ORDER BY s.created_at DESC, s.session_id DESC
        LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT r.* FROM sessions s CROSS JOIN LATERAL _session_row(s) r
        WHERE s.tenant_id = v_tenant AND s.status = v_status AND (s.created_at, s.session_id) < (v_at, v_id)
          AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp())
        ORDER BY s.created_at DESC, s.session_id DESC
        LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.session_list(text, text, text, integer, text) IS 'Lists sessions, newest first, without their states: those that have not expired, or those in one status.
Errors: 42501 no tenant, 22023 max_rows, after or unknown status.
Example: SELECT session_id, title FROM llmspell.session_list(''active'', subject => ''ada'');';

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
COMMENT ON FUNCTION llmspell.session_stats() IS 'Counts sessions and their artifacts by status.
Errors: 42501 no tenant.
Example: SELECT * FROM llmspell.session_stats();';
