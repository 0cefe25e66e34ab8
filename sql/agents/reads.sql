CREATE OR REPLACE FUNCTION llmspell.agent_state_get(agent_id text)
RETURNS TABLE (state_id uuid, agent_type text, state jsonb, version bigint, schema_version int, checksum text,
               created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT a.state_id, a.agent_type, a.state_data, a.data_version, a.schema_version, a.checksum, a.created_at, a.updated_at
    FROM llmspell.agent_states a
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND a.tenant_id = llmspell.current_tenant() AND a.agent_id = llmspell_internal._given(agent_state_get.agent_id, 'agent_id');
END;
COMMENT ON FUNCTION llmspell.agent_state_get(text) IS 'Returns the current state of an agent: one row, or none.
Errors: 42501 no tenant, 22004 null.
Example: SELECT state, version FROM llmspell.agent_state_get(''a1'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_list(agent_type text DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.agent_state_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(agent_state_list.max_rows, 100));
    -- In a variable: under row level security an expression in the query is not used with the index.
    v_from constant text := coalesce(agent_state_list.after || E'\x01', '');
BEGIN
    IF agent_state_list.agent_type IS NULL THEN
        RETURN QUERY
        SELECT a.agent_id::text, a.agent_type::text, a.data_version::bigint, a.schema_version, a.updated_at, a.agent_id::text
        FROM agent_states a
        WHERE a.tenant_id = v_tenant AND a.agent_id >= v_from
        ORDER BY a.agent_id
        LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT a.agent_id::text, a.agent_type::text, a.data_version::bigint, a.schema_version, a.updated_at, a.agent_id::text
        FROM agent_states a
        WHERE a.tenant_id = v_tenant AND a.agent_type = agent_state_list.agent_type AND a.agent_id >= v_from
        ORDER BY a.agent_id
        LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_list(text, integer, text) IS 'Lists agents by id in byte order, of one type or of all, without their states.
Errors: 42501 no tenant, 22023 max_rows.
Example: SELECT agent_id FROM llmspell.agent_state_list(''chat'', 100, after => ''planner'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_history(agent_id text, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (version bigint, label text, agent_type text, schema_version int, checksum text, saved_at timestamptz, replaced_at timestamptz,
               size_bytes int, stored_bytes int, cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows int := _max_rows(coalesce(agent_state_history.max_rows, 100));
    v_before bigint := 9223372036854775807;
    v_current bigint;
BEGIN
    PERFORM _given(agent_state_history.agent_id, 'agent_id');
    IF agent_state_history.after IS NOT NULL THEN
        IF agent_state_history.after !~ '^[1-9]\d{0,17}$' THEN
            RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(agent_state_history.after, 60)
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the cursor of the last row that you got.';
        END IF;
        v_before := agent_state_history.after;
    END IF;
    IF v_rows > 0 THEN
        RETURN QUERY
        SELECT a.data_version::bigint, a.checkpoint_label::text, a.agent_type::text, a.schema_version, a.checksum::text, a.state_since,
            NULL::timestamptz, octet_length(a.state_data::text), NULL::int, a.data_version::text
        FROM agent_states a
        WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_history.agent_id
          AND a.checkpoint_version = a.data_version AND a.data_version < v_before;
        GET DIAGNOSTICS v_current = ROW_COUNT;
        v_rows := v_rows - v_current;
    END IF;
    RETURN QUERY
    SELECT h.version::bigint, h.label::text, h.agent_type::text, h.schema_version, h.checksum::text, h.saved_at,
        h.replaced_at, h.size_bytes, octet_length(h.packed), h.version::text
    FROM agent_state_history h
    WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_history.agent_id AND h.version < v_before
    ORDER BY h.version DESC
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_history(text, integer, text) IS 'Lists the checkpoints of an agent, newest first, without their states.
Errors: 42501 no tenant, 22004 null agent_id, 22023 max_rows, after.
Example: SELECT version, label, saved_at FROM llmspell.agent_state_history(''planner'', 10);';

CREATE OR REPLACE FUNCTION llmspell.agent_state_at(agent_id text, version bigint DEFAULT NULL, at timestamptz DEFAULT NULL, label text DEFAULT NULL)
RETURNS SETOF llmspell_internal.agent_state_kept
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_version bigint := agent_state_at.version;
BEGIN
    PERFORM _given(agent_state_at.agent_id, 'agent_id');
    IF num_nonnulls(agent_state_at.version, agent_state_at.at, agent_state_at.label) <> 1 THEN
        RAISE EXCEPTION 'one of version, at and label must be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT a.data_version::bigint, a.state_data, a.agent_type::text, a.schema_version, a.checksum::text, a.state_since,
        CASE WHEN a.checkpoint_version = a.data_version THEN a.checkpoint_label::text END
    FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_at.agent_id
      AND (a.data_version = agent_state_at.version OR a.state_since <= agent_state_at.at
           OR a.checkpoint_version = a.data_version AND a.checkpoint_label = agent_state_at.label);
    IF FOUND THEN
        RETURN;
    END IF;
    IF agent_state_at.at IS NOT NULL THEN
        SELECT h.version INTO v_version
        FROM agent_state_history h
        WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_at.agent_id
          AND agent_state_at.at >= h.saved_at AND agent_state_at.at < h.replaced_at
        ORDER BY h.version DESC
        LIMIT 1;
    ELSIF agent_state_at.label IS NOT NULL THEN
        SELECT h.version INTO v_version
        FROM agent_state_history h
        WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_at.agent_id AND h.label = agent_state_at.label
        ORDER BY h.version DESC
        LIMIT 1;
    END IF;
    RETURN QUERY
    SELECT h.version::bigint, _agent_state_unpack(v_tenant, h.agent_id, h.version)::jsonb, h.agent_type::text,
        h.schema_version, h.checksum::text, h.saved_at, h.label::text
    FROM agent_state_history h
    WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_at.agent_id AND h.version = v_version;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_at(text, bigint, timestamptz, text) IS 'Returns an agent''s state of a version, a moment or a label, current or kept: one row, or none.
Errors: 42501 no tenant, 22004 null agent_id, 22023 not exactly one of version, at and label.
Example: SELECT state FROM llmspell.agent_state_at(''a1'', at => now() - interval ''1 hour'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_verify() RETURNS TABLE (agent_id text, stored_checksum text, computed_checksum text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_foreign bigint;
BEGIN
    RETURN QUERY
    SELECT a.agent_id::text, a.checksum::text, encode(_json_checksum(a.state_data), 'hex')
    FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.checksum = encode(a.own_checksum, 'hex')
      AND a.own_checksum <> _json_checksum(a.state_data)
    ORDER BY a.agent_id;
    SELECT count(*) INTO v_foreign FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.checksum IS DISTINCT FROM encode(a.own_checksum, 'hex');
    IF v_foreign > 0 THEN
        RAISE NOTICE '% agent states carry a checksum that another client computed, and were not checked', v_foreign;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_verify() IS 'Lists agents whose state does not match the checksum that agent_state_save wrote.
Errors: 42501 no tenant.
Example: SELECT * FROM llmspell.agent_state_verify();';
