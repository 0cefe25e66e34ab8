CREATE OR REPLACE FUNCTION llmspell_internal._hook_pack(context bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_hook_pack_wrapper';
COMMENT ON FUNCTION llmspell_internal._hook_pack(bytea) IS 'A context, compressed with the built-in dictionary. Error: 54000 over 128 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_pack(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._hook_unpack(packed bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_hook_unpack_wrapper';
COMMENT ON FUNCTION llmspell_internal._hook_unpack(bytea) IS 'Undoes _hook_pack. Error: XX001 damaged.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_unpack(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._hook_context(codec text, stored bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE WHEN codec IN ('bytes.v1', 'json.v1') THEN _hook_unpack(stored) ELSE stored END
$$;
COMMENT ON FUNCTION llmspell_internal._hook_context(text, bytea) IS 'A stored context as it was given; as it is stored where another client wrote it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_context(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._hook_record(hook_id text, hook_type text, context bytea, context_json jsonb, result jsonb, correlation_id uuid,
    ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
    retention_priority int, contains_sensitive_data boolean, metadata jsonb, execution_id uuid)
RETURNS TABLE (new_id uuid, new_correlation uuid, new_ts timestamptz, context_size int, stored_size int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_context bytea;
    v_stored bytea;
BEGIN
    PERFORM _short_text(_hook_record.hook_id, 'hook_id', 255), _short_text(_hook_record.hook_type, 'hook_type', 255),
        _short_text(_hook_record.triggering_component, 'triggering_component', 255), _short_text(_hook_record.component_id, 'component_id', 255),
        _required(_hook_record.result, 'result'), _required(_hook_record.duration_ms, 'duration_ms'),
        _required(_hook_record.modified_operation, 'modified_operation'), _required(_hook_record.retention_priority, 'retention_priority'),
        _required(_hook_record.contains_sensitive_data, 'contains_sensitive_data'), _required(_hook_record.metadata, 'metadata');
    IF (_hook_record.context IS NULL) = (_hook_record.context_json IS NULL) THEN
        RAISE EXCEPTION 'one of context and context_json must be given' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give bytes as context, or JSON as context_json.';
    END IF;
    IF _hook_record.duration_ms < 0 THEN
        RAISE EXCEPTION 'duration_ms must not be negative, got %', _hook_record.duration_ms USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT isfinite(_hook_record.ts) THEN
        RAISE EXCEPTION 'an execution must have a finite time, got %', _hook_record.ts USING ERRCODE = 'datetime_field_overflow';
    END IF;
    v_context := coalesce(_hook_record.context, convert_to(_hook_record.context_json::text, 'UTF8'));
    v_stored := _hook_pack(v_context);
    new_id := coalesce(_hook_record.execution_id, uuidv7());
    new_correlation := coalesce(_hook_record.correlation_id, new_id);
    new_ts := coalesce(_hook_record.ts, clock_timestamp());
    context_size := octet_length(v_context);
    stored_size := octet_length(v_stored);
    INSERT INTO hook_history (execution_id, tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms,
        triggering_component, component_id, modified_operation, tags, retention_priority, context_size, contains_sensitive_data, metadata, codec)
    VALUES (new_id, v_tenant, _hook_record.hook_id, _hook_record.hook_type, new_correlation, v_stored, _hook_record.result, new_ts,
        _hook_record.duration_ms, _hook_record.triggering_component, _hook_record.component_id, _hook_record.modified_operation,
        coalesce(_hook_record.tags, '{}'), _hook_record.retention_priority, context_size, _hook_record.contains_sensitive_data,
        _hook_record.metadata, CASE WHEN _hook_record.context IS NULL THEN 'json.v1' ELSE 'bytes.v1' END);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._hook_record(text, text, bytea, jsonb, jsonb, uuid, timestamptz, integer, text, text, boolean, text[], integer, boolean, jsonb, uuid) IS 'What hook_record does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_record(text, text, bytea, jsonb, jsonb, uuid, timestamptz, integer, text, text, boolean, text[], integer, boolean, jsonb, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hook_record(hook_id text, hook_type text, context bytea DEFAULT NULL, context_json jsonb DEFAULT NULL, result jsonb DEFAULT '{}',
    correlation_id uuid DEFAULT NULL, ts timestamptz DEFAULT NULL, duration_ms int DEFAULT 0, triggering_component text DEFAULT 'unknown',
    component_id text DEFAULT 'unknown', modified_operation boolean DEFAULT false, tags text[] DEFAULT '{}', retention_priority int DEFAULT 0,
    contains_sensitive_data boolean DEFAULT false, metadata jsonb DEFAULT '{}', execution_id uuid DEFAULT NULL)
RETURNS TABLE (execution_id uuid, correlation_id uuid, ts timestamptz, context_size int, stored_size int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT r.new_id, r.new_correlation, r.new_ts, r.context_size, r.stored_size
    FROM llmspell_internal._hook_record(hook_record.hook_id, hook_record.hook_type, hook_record.context, hook_record.context_json, hook_record.result,
        hook_record.correlation_id, hook_record.ts, hook_record.duration_ms, hook_record.triggering_component, hook_record.component_id,
        hook_record.modified_operation, hook_record.tags, hook_record.retention_priority, hook_record.contains_sensitive_data,
        hook_record.metadata, hook_record.execution_id) r;
END;
COMMENT ON FUNCTION llmspell.hook_record(text, text, bytea, jsonb, jsonb, uuid, timestamptz, integer, text, text, boolean, text[], integer, boolean, jsonb, uuid) IS 'Stores what a hook did, its context compressed, and returns (execution_id, correlation_id, ts, context_size and stored_size in bytes). The context is bytes (context) or JSON (context_json), one of both, to 128 MiB. Defaults: execution_id a new UUID of version 7, correlation_id the execution_id, ts the time of the clock. Errors: 42501 no tenant, 22004 null, 22001 a text over 255 characters, 22023 no or two contexts, negative duration_ms, 22008 infinite ts, 54000 context too large, 23505 the execution_id exists. Example: SELECT execution_id, stored_size FROM llmspell.hook_record(''audit'', ''before_tool_execution'', context_json => ''{"tool": "web_search"}'', duration_ms => 3);';

CREATE OR REPLACE FUNCTION llmspell_internal._hook_get(execution_id uuid)
RETURNS TABLE (id uuid, hook_id text, hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _required(_hook_get.execution_id, 'execution_id');
    RETURN QUERY
    SELECT h.execution_id, h.hook_id::text, h.hook_type::text, h.correlation_id, _hook_context(h.codec, h.hook_context),
        CASE WHEN h.codec = 'json.v1' THEN convert_from(_hook_context(h.codec, h.hook_context), 'UTF8')::jsonb END, h.result_data,
        h.timestamp, h.duration_ms, h.triggering_component::text, h.component_id::text, h.modified_operation, h.tags,
        h.retention_priority, h.context_size, h.contains_sensitive_data, h.metadata, h.codec::text
    FROM hook_history h
    WHERE h.tenant_id = v_tenant AND h.execution_id = _hook_get.execution_id;
END
$$;
COMMENT ON FUNCTION llmspell_internal._hook_get(uuid) IS 'What hook_get does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_get(uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hook_get(execution_id uuid)
RETURNS TABLE (execution_id uuid, hook_id text, hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._hook_get(hook_get.execution_id);
END;
COMMENT ON FUNCTION llmspell.hook_get(uuid) IS 'An execution of a hook: one row, or none. context is what hook_record was given, decompressed, and context_json the same as JSON where it was JSON; where codec is NULL another client wrote it, and context is as that client stored it. Errors: 42501 no tenant, 22004 null, XX001 the stored context is damaged. Example: SELECT hook_id, context_json FROM llmspell.hook_get(''0198c0de-0000-7000-8000-000000000003'');';

CREATE OR REPLACE FUNCTION llmspell_internal._hooks_by_correlation(correlation_id uuid, max_rows int, after_ts timestamptz, after_id uuid)
RETURNS TABLE (execution_id uuid, hook_id text, hook_type text, same_correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _event_page(max_rows, after_ts, after_id);
    v_after_ts constant timestamptz := coalesce(after_ts, '-infinity');
    v_after_id constant uuid := coalesce(after_id, '00000000-0000-0000-0000-000000000000');
BEGIN
    PERFORM _required(_hooks_by_correlation.correlation_id, 'correlation_id');
    RETURN QUERY
    SELECT h.execution_id, h.hook_id::text, h.hook_type::text, h.correlation_id, _hook_context(h.codec, h.hook_context),
        CASE WHEN h.codec = 'json.v1' THEN convert_from(_hook_context(h.codec, h.hook_context), 'UTF8')::jsonb END, h.result_data,
        h.timestamp, h.duration_ms, h.triggering_component::text, h.component_id::text, h.modified_operation, h.tags,
        h.retention_priority, h.context_size, h.contains_sensitive_data, h.metadata, h.codec::text
    FROM hook_history h
    WHERE h.tenant_id = v_tenant AND h.correlation_id = _hooks_by_correlation.correlation_id AND h.timestamp >= v_after_ts
      AND (h.timestamp, h.execution_id) > (v_after_ts, v_after_id)
    ORDER BY h.timestamp, h.execution_id
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._hooks_by_correlation(uuid, integer, timestamptz, uuid) IS 'What hooks_by_correlation does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hooks_by_correlation(uuid, integer, timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hooks_by_correlation(correlation_id uuid, max_rows int DEFAULT 100, after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS TABLE (execution_id uuid, hook_id text, hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._hooks_by_correlation(hooks_by_correlation.correlation_id, hooks_by_correlation.max_rows, hooks_by_correlation.after_ts, hooks_by_correlation.after_id);
END;
COMMENT ON FUNCTION llmspell.hooks_by_correlation(uuid, integer, timestamptz, uuid) IS 'Executions that belong together, oldest first. Columns are those of hook_get. For the next page give ts and execution_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004 null, 22023 max_rows, half a key, XX001 a stored context is damaged. Example: SELECT ts, hook_id FROM llmspell.hooks_by_correlation(''0198c0de-0000-7000-8000-000000000003'');';

CREATE OR REPLACE FUNCTION llmspell_internal._hooks_by_hook(hook_id text, max_rows int, after_ts timestamptz, after_id uuid)
RETURNS TABLE (execution_id uuid, same_hook_id text, hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _event_page(max_rows, after_ts, after_id);
    v_after_ts constant timestamptz := coalesce(after_ts, 'infinity');
    v_after_id constant uuid := coalesce(after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    PERFORM _short_text(_hooks_by_hook.hook_id, 'hook_id', 255);
    RETURN QUERY
    SELECT h.execution_id, h.hook_id::text, h.hook_type::text, h.correlation_id, _hook_context(h.codec, h.hook_context),
        CASE WHEN h.codec = 'json.v1' THEN convert_from(_hook_context(h.codec, h.hook_context), 'UTF8')::jsonb END, h.result_data,
        h.timestamp, h.duration_ms, h.triggering_component::text, h.component_id::text, h.modified_operation, h.tags,
        h.retention_priority, h.context_size, h.contains_sensitive_data, h.metadata, h.codec::text
    FROM hook_history h
    WHERE h.tenant_id = v_tenant AND h.hook_id = _hooks_by_hook.hook_id AND h.timestamp <= v_after_ts
      AND (h.timestamp, h.execution_id) < (v_after_ts, v_after_id)
    ORDER BY h.timestamp DESC, h.execution_id DESC
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._hooks_by_hook(text, integer, timestamptz, uuid) IS 'What hooks_by_hook does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hooks_by_hook(text, integer, timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hooks_by_hook(hook_id text, max_rows int DEFAULT 100, after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS TABLE (execution_id uuid, hook_id text, hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._hooks_by_hook(hooks_by_hook.hook_id, hooks_by_hook.max_rows, hooks_by_hook.after_ts, hooks_by_hook.after_id);
END;
COMMENT ON FUNCTION llmspell.hooks_by_hook(text, integer, timestamptz, uuid) IS 'Executions of a hook, newest first. Columns are those of hook_get. For the next page give ts and execution_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004 null, 22001 a text over 255 characters, 22023 max_rows, half a key, XX001 a stored context is damaged. Example: SELECT ts, duration_ms FROM llmspell.hooks_by_hook(''audit'', 10);';

CREATE OR REPLACE FUNCTION llmspell_internal._hooks_by_type(hook_type text, max_rows int, after_ts timestamptz, after_id uuid)
RETURNS TABLE (execution_id uuid, hook_id text, same_hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _event_page(max_rows, after_ts, after_id);
    v_after_ts constant timestamptz := coalesce(after_ts, 'infinity');
    v_after_id constant uuid := coalesce(after_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    PERFORM _short_text(_hooks_by_type.hook_type, 'hook_type', 255);
    RETURN QUERY
    SELECT h.execution_id, h.hook_id::text, h.hook_type::text, h.correlation_id, _hook_context(h.codec, h.hook_context),
        CASE WHEN h.codec = 'json.v1' THEN convert_from(_hook_context(h.codec, h.hook_context), 'UTF8')::jsonb END, h.result_data,
        h.timestamp, h.duration_ms, h.triggering_component::text, h.component_id::text, h.modified_operation, h.tags,
        h.retention_priority, h.context_size, h.contains_sensitive_data, h.metadata, h.codec::text
    FROM hook_history h
    WHERE h.tenant_id = v_tenant AND h.hook_type = _hooks_by_type.hook_type AND h.timestamp <= v_after_ts
      AND (h.timestamp, h.execution_id) < (v_after_ts, v_after_id)
    ORDER BY h.timestamp DESC, h.execution_id DESC
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._hooks_by_type(text, integer, timestamptz, uuid) IS 'What hooks_by_type does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hooks_by_type(text, integer, timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hooks_by_type(hook_type text, max_rows int DEFAULT 100, after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS TABLE (execution_id uuid, hook_id text, hook_type text, correlation_id uuid, context bytea, context_json jsonb, result jsonb,
               ts timestamptz, duration_ms int, triggering_component text, component_id text, modified_operation boolean, tags text[],
               retention_priority int, context_size int, contains_sensitive_data boolean, metadata jsonb, codec text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._hooks_by_type(hooks_by_type.hook_type, hooks_by_type.max_rows, hooks_by_type.after_ts, hooks_by_type.after_id);
END;
COMMENT ON FUNCTION llmspell.hooks_by_type(text, integer, timestamptz, uuid) IS 'Executions of a kind of hook, newest first. Columns are those of hook_get. For the next page give ts and execution_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004 null, 22001 a text over 255 characters, 22023 max_rows, half a key, XX001 a stored context is damaged. Example: SELECT ts, hook_id FROM llmspell.hooks_by_type(''before_tool_execution'', 10);';

CREATE OR REPLACE FUNCTION llmspell.cleanup_old_hook_executions(before timestamptz, min_retention_priority int DEFAULT 0) RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant timestamptz := _retention_before(before);
    v_deleted int;
BEGIN
    PERFORM _required(min_retention_priority, 'min_retention_priority');
    DELETE FROM hook_history h
    WHERE h.tenant_id = v_tenant AND h.timestamp < v_before AND h.retention_priority <= min_retention_priority;
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    RETURN v_deleted;
END
$$;
COMMENT ON FUNCTION llmspell.cleanup_old_hook_executions(timestamptz, integer) IS 'Deletes the own hook executions from before a time whose retention_priority is at most min_retention_priority, and returns how many. Errors: 42501 no tenant, 22004 null, 22008 before infinite, before 1970 or in the future. Example: SELECT llmspell.cleanup_old_hook_executions(now() - interval ''90 days'', 5);';

CREATE OR REPLACE FUNCTION llmspell.get_hook_history_stats()
RETURNS TABLE (total_executions bigint, total_size_bytes bigint, executions_by_hook jsonb, executions_by_type jsonb,
               oldest_execution timestamptz, newest_execution timestamptz, avg_duration_ms numeric)
LANGUAGE plpgsql STABLE
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
COMMENT ON FUNCTION llmspell.get_hook_history_stats() IS 'The own hook executions: how many, bytes of their contexts (uncompressed) and results, how many of each hook and kind, times of the oldest and newest (NULL where there is none), mean duration in ms. Error: 42501 no tenant. Example: SELECT total_executions, executions_by_type FROM llmspell.get_hook_history_stats();';

CREATE OR REPLACE FUNCTION llmspell.hook_retention_set(keep interval, max_priority int DEFAULT 0) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _retention_keep(hook_retention_set.keep), _required(hook_retention_set.max_priority, 'max_priority');
    IF hook_retention_set.keep IS NULL THEN
        DELETE FROM hook_retention r WHERE r.tenant_id = v_tenant;
    ELSE
        INSERT INTO hook_retention (tenant_id, keep, max_priority) VALUES (v_tenant, hook_retention_set.keep, hook_retention_set.max_priority)
        ON CONFLICT (tenant_id) DO UPDATE SET keep = EXCLUDED.keep, max_priority = EXCLUDED.max_priority;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.hook_retention_set(interval, integer) IS 'How long the own tenant keeps hook executions whose retention_priority is at most max_priority; keep NULL, as at first, for ever. hook_sweep and maintenance act on it. Errors: 42501 no tenant, 22004 null max_priority, 22023 keep less than an hour, infinite or reaching back beyond 1970, 22008. Example: SELECT llmspell.hook_retention_set(''90 days'', 5);';

CREATE OR REPLACE FUNCTION llmspell.hook_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(hook_sweep.max_rows);
    v_keep record;
    v_deleted bigint := 0;
BEGIN
    SELECT now() - r.keep AS before, r.max_priority INTO v_keep FROM hook_retention r WHERE r.tenant_id = v_tenant;
    IF FOUND THEN
        WITH due AS (
            SELECT h.execution_id FROM hook_history h
            WHERE h.tenant_id = v_tenant AND h.timestamp < v_keep.before AND h.retention_priority <= v_keep.max_priority
            ORDER BY h.timestamp
            LIMIT v_rows
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM hook_history h USING due d WHERE h.tenant_id = v_tenant AND h.execution_id = d.execution_id;
        GET DIAGNOSTICS v_deleted = ROW_COUNT;
    END IF;
    RETURN v_deleted;
END
$$;
COMMENT ON FUNCTION llmspell.hook_sweep(integer) IS 'Deletes up to max_rows own hook executions that hook_retention_set no longer keeps, oldest first, and returns how many. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT llmspell.hook_sweep(1000);';
