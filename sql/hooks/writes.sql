CREATE OR REPLACE FUNCTION llmspell_internal._hook_pack(context bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_hook_pack_wrapper';
COMMENT ON FUNCTION llmspell_internal._hook_pack(bytea) IS 'A context, compressed with the built-in dictionary.
Errors: 54000 over 128 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_pack(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._hook_unpack(packed bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_hook_unpack_wrapper';
COMMENT ON FUNCTION llmspell_internal._hook_unpack(bytea) IS 'The context that _hook_pack was given.
Errors: XX001 damaged.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_unpack(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._hook_context(codec text, stored bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE WHEN codec IN ('bytes.v1', 'json.v1') THEN _hook_unpack(stored) ELSE stored END
$$;
COMMENT ON FUNCTION llmspell_internal._hook_context(text, bytea) IS 'A stored context as it was given; as it is stored where another client wrote it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hook_context(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hook_record(hook_id text, hook_type text, context bytea DEFAULT NULL, context_json jsonb DEFAULT NULL, result jsonb DEFAULT '{}',
    correlation_id uuid DEFAULT NULL, at timestamptz DEFAULT NULL, duration_ms int DEFAULT 0, triggering_component text DEFAULT 'unknown',
    component_id text DEFAULT 'unknown', modified_operation boolean DEFAULT false, tags text[] DEFAULT '{}', retention_priority int DEFAULT 0,
    contains_sensitive_data boolean DEFAULT false, metadata jsonb DEFAULT '{}', execution_id uuid DEFAULT NULL)
RETURNS SETOF llmspell_internal.hook_recorded
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_component constant text := _short_text(coalesce(hook_record.triggering_component, 'unknown'), 'triggering_component', 255);
    v_component_id constant text := _short_text(coalesce(hook_record.component_id, 'unknown'), 'component_id', 255);
    v_duration constant int := coalesce(hook_record.duration_ms, 0);
    v_id constant uuid := coalesce(hook_record.execution_id, uuidv7());
    v_correlation constant uuid := coalesce(hook_record.correlation_id, v_id);
    v_at constant timestamptz := coalesce(hook_record.at, clock_timestamp());
    v_context bytea;
    v_stored bytea;
BEGIN
    PERFORM _short_text(hook_record.hook_id, 'hook_id', 255), _short_text(hook_record.hook_type, 'hook_type', 255);
    IF (hook_record.context IS NULL) = (hook_record.context_json IS NULL) THEN
        RAISE EXCEPTION 'one of context and context_json must be given' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give bytes as context, or JSON as context_json.';
    END IF;
    IF v_duration < 0 THEN
        RAISE EXCEPTION 'duration_ms must not be negative, got %', v_duration USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT isfinite(v_at) THEN
        RAISE EXCEPTION 'an execution must have a finite time, got %', v_at USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM _storable(hook_record.context_json, 'context_json');
    v_context := coalesce(hook_record.context, convert_to(hook_record.context_json::text, 'UTF8'));
    v_stored := _hook_pack(v_context);
    INSERT INTO hook_history (execution_id, tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms,
        triggering_component, component_id, modified_operation, tags, retention_priority, context_size, contains_sensitive_data, metadata, codec)
    VALUES (v_id, v_tenant, hook_record.hook_id, hook_record.hook_type, v_correlation, v_stored, coalesce(hook_record.result, '{}'), v_at,
        v_duration, v_component, v_component_id, coalesce(hook_record.modified_operation, false), coalesce(hook_record.tags, '{}'),
        coalesce(hook_record.retention_priority, 0), octet_length(v_context), coalesce(hook_record.contains_sensitive_data, false),
        coalesce(hook_record.metadata, '{}'), CASE WHEN hook_record.context IS NULL THEN 'json.v1' ELSE 'bytes.v1' END);
    RETURN QUERY SELECT v_id, v_correlation, v_at, octet_length(v_context), octet_length(v_stored);
END
$$;
COMMENT ON FUNCTION llmspell.hook_record(text, text, bytea, jsonb, jsonb, uuid, timestamptz, integer, text, text, boolean, text[], integer, boolean, jsonb, uuid) IS 'Stores what a hook did, with its context (bytes, or JSON as context_json) compressed.
Errors: 42501 no tenant, 22004 null, 22001 a text over 255 characters, 22023 no or two contexts, negative duration_ms, 22008 infinite at, 54000 context over 128 MiB, 23505 the execution_id exists.
Example: SELECT execution_id, stored_size FROM llmspell.hook_record(''audit'', ''before_tool_execution'', context_json => ''{"tool": "web_search"}'', duration_ms => 3);';
