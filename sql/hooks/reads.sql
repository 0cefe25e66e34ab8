-- Reading the hook history.

-- Inlined, so that it costs nothing: no SET, not STRICT.
CREATE OR REPLACE FUNCTION llmspell_internal._hook_row(h llmspell.hook_history) RETURNS SETOF llmspell_internal.hook_row
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT h.execution_id, h.hook_id::text, h.hook_type::text, h.correlation_id, llmspell_internal._hook_context(h.codec, h.hook_context),
        CASE WHEN h.codec = 'json.v1' THEN convert_from(llmspell_internal._hook_context(h.codec, h.hook_context), 'UTF8')::jsonb END, h.result_data,
        h.timestamp, h.duration_ms, h.triggering_component::text, h.component_id::text, h.modified_operation, h.tags,
        h.retention_priority, h.context_size, h.contains_sensitive_data, h.metadata, h.codec::text,
        llmspell_internal._cursor_of_uuid(h.timestamp, h.execution_id);
END;
COMMENT ON FUNCTION llmspell_internal._hook_row(llmspell.hook_history) IS 'An execution as functions return it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_row(llmspell.hook_history) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hook_get(execution_id uuid) RETURNS SETOF llmspell_internal.hook_row
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _given(hook_get.execution_id, 'execution_id');
    RETURN QUERY
    SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
    WHERE h.tenant_id = v_tenant AND h.execution_id = hook_get.execution_id;
END
$$;
COMMENT ON FUNCTION llmspell.hook_get(uuid) IS 'An execution of a hook, or no row; codec is NULL where a client wrote the context in a form of its own.
Errors: 42501 no tenant, 22004 execution_id null, XX001 the stored context is damaged.
Example: SELECT hook_id, context_json FROM llmspell.hook_get(''0198c0de-0000-7000-8000-000000000003'');';

-- One statement for each index and direction. A CASE keeps what is not asked for out of the planner's estimates.
CREATE OR REPLACE FUNCTION llmspell.hook_list(hook_id text DEFAULT NULL, hook_type text DEFAULT NULL, correlation_id uuid DEFAULT NULL,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, newest_first boolean DEFAULT true, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.hook_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(hook_list.max_rows, 100));
    v_newest constant boolean := coalesce(hook_list.newest_first, true);
    v_far constant timestamptz := CASE WHEN v_newest THEN 'infinity' ELSE '-infinity' END;
    v_at constant timestamptz := coalesce(_cursor_at(hook_list.after), v_far);
    v_id constant uuid := coalesce(_cursor_uuid(hook_list.after), '00000000-0000-0000-0000-000000000000');
    v_since constant timestamptz := greatest(hook_list.since, CASE WHEN v_newest THEN '-infinity' ELSE v_at END);
    v_until constant timestamptz := least(hook_list.until, CASE WHEN v_newest THEN v_at + interval '1 microsecond' ELSE 'infinity' END);
    v_hook constant text := CASE WHEN hook_list.hook_id IS NOT NULL THEN _short_text(hook_list.hook_id, 'hook_id', 255) END;
    v_type constant text := CASE WHEN hook_list.hook_type IS NOT NULL THEN _short_text(hook_list.hook_type, 'hook_type', 255) END;
    v_correlation constant uuid := hook_list.correlation_id;
BEGIN
    IF v_correlation IS NOT NULL AND v_newest THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.correlation_id = v_correlation AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) < (v_at, v_id)
          AND CASE WHEN v_hook IS NULL THEN true ELSE h.hook_id = v_hook END
          AND CASE WHEN v_type IS NULL THEN true ELSE h.hook_type = v_type END
        ORDER BY h.timestamp DESC, h.execution_id DESC LIMIT v_rows;
    ELSIF v_correlation IS NOT NULL THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.correlation_id = v_correlation AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) > (v_at, v_id)
          AND CASE WHEN v_hook IS NULL THEN true ELSE h.hook_id = v_hook END
          AND CASE WHEN v_type IS NULL THEN true ELSE h.hook_type = v_type END
        ORDER BY h.timestamp, h.execution_id LIMIT v_rows;
    ELSIF v_hook IS NOT NULL AND v_newest THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.hook_id = v_hook AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) < (v_at, v_id)
          AND CASE WHEN v_type IS NULL THEN true ELSE h.hook_type = v_type END
        ORDER BY h.timestamp DESC, h.execution_id DESC LIMIT v_rows;
    ELSIF v_hook IS NOT NULL THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.hook_id = v_hook AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) > (v_at, v_id)
          AND CASE WHEN v_type IS NULL THEN true ELSE h.hook_type = v_type END
        ORDER BY h.timestamp, h.execution_id LIMIT v_rows;
    ELSIF v_type IS NOT NULL AND v_newest THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.hook_type = v_type AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) < (v_at, v_id)
        ORDER BY h.timestamp DESC, h.execution_id DESC LIMIT v_rows;
    ELSIF v_type IS NOT NULL THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.hook_type = v_type AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) > (v_at, v_id)
        ORDER BY h.timestamp, h.execution_id LIMIT v_rows;
    ELSIF v_newest THEN
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) < (v_at, v_id)
        ORDER BY h.timestamp DESC, h.execution_id DESC LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT r.* FROM hook_history h CROSS JOIN LATERAL _hook_row(h) r
        WHERE h.tenant_id = v_tenant AND h.timestamp >= v_since AND h.timestamp < v_until
          AND (h.timestamp, h.execution_id) > (v_at, v_id)
        ORDER BY h.timestamp, h.execution_id LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.hook_list(text, text, uuid, timestamptz, timestamptz, boolean, integer, text) IS 'Executions by hook, kind, correlation and time (since <= at < until), newest first unless told otherwise.
Errors: 42501 no tenant, 22001 a text over 255 characters, 22023 max_rows, after, XX001 a stored context is damaged.
Example: SELECT at, duration_ms, cursor FROM llmspell.hook_list(hook_id => ''audit'', max_rows => 10);';

CREATE OR REPLACE FUNCTION llmspell.get_hook_history_stats()
RETURNS TABLE (total_executions bigint, total_size_bytes bigint, executions_by_hook jsonb, executions_by_type jsonb,
               oldest_execution timestamptz, newest_execution timestamptz, avg_duration_ms numeric)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT count(*), coalesce(sum(h.context_size::bigint + pg_column_size(h.result_data)), 0)::bigint,
        coalesce((SELECT jsonb_object_agg(c.hook_id, c.n) FROM (
            SELECT i.hook_id, count(*) AS n FROM hook_history i WHERE i.tenant_id = v_tenant GROUP BY i.hook_id) AS c), '{}'),
        coalesce((SELECT jsonb_object_agg(c.hook_type, c.n) FROM (
            SELECT i.hook_type, count(*) AS n FROM hook_history i WHERE i.tenant_id = v_tenant GROUP BY i.hook_type) AS c), '{}'),
        min(h.timestamp), max(h.timestamp), coalesce(avg(h.duration_ms), 0)
    FROM hook_history h WHERE h.tenant_id = v_tenant;
END
$$;
COMMENT ON FUNCTION llmspell.get_hook_history_stats() IS 'Number, bytes, hooks, kinds, times and mean duration of the own hook executions.
Errors: 42501 no tenant.
Example: SELECT total_executions, executions_by_type FROM llmspell.get_hook_history_stats();';
