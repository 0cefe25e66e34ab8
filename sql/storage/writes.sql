-- Writes of the one key space over the stores.

CREATE OR REPLACE FUNCTION llmspell_internal._storage_json(value bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_document jsonb;
BEGIN
    IF octet_length(value) > 67108864 THEN
        RAISE EXCEPTION 'a JSON document has at most 67108864 bytes, this one has %', octet_length(value)
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Store it as an artifact, or in parts.';
    END IF;
    v_document := convert_from(value, 'UTF8');
    RETURN CASE WHEN _storable(v_document, 'value') THEN v_document END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._storage_json(bytea) IS 'Returns the JSON document in bytes.
Errors: 22021 not UTF-8, 22P02 not JSON, 22P05 what jsonb cannot hold, 54000 over 64 MiB, or too large or too deep.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_json(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storage_set_session(session_id uuid, data jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_created_at constant timestamptz := (data #>> '{metadata,created_at}')::timestamptz;
    v_accessed_at constant timestamptz := coalesce((data #>> '{metadata,updated_at}')::timestamptz, now());
    v_keep constant interval := make_interval(days => (data #>> '{config,retention_days}')::int);
    v_status constant text := CASE WHEN lower(data #>> '{metadata,status}') IN ('completed', 'failed', 'archived') THEN 'archived' ELSE 'active' END;
BEGIN
    PERFORM _json_check(data);
    UPDATE sessions s
    SET session_data = _storage_set_session.data, status = v_status, last_accessed_at = v_accessed_at, expires_at = s.created_at + v_keep
    WHERE s.tenant_id = v_tenant AND s.session_id = _storage_set_session.session_id;
    IF NOT FOUND THEN
        INSERT INTO sessions AS s (tenant_id, session_id, session_data, status, created_at, last_accessed_at, expires_at)
        VALUES (v_tenant, _storage_set_session.session_id, _storage_set_session.data, v_status, coalesce(v_created_at, now()),
                v_accessed_at, coalesce(v_created_at, now()) + v_keep)
        ON CONFLICT (tenant_id, session_id) DO UPDATE
        SET session_data = EXCLUDED.session_data, status = EXCLUDED.status, last_accessed_at = EXCLUDED.last_accessed_at,
            expires_at = s.created_at + v_keep;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._storage_set_session(uuid, jsonb) IS 'Stores a session, with status, times and expiry from its document.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_set_session(uuid, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storage_set_workflow(workflow_id text, state jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM workflow_save(_storage_set_workflow.workflow_id, NULL, _storage_set_workflow.state, coalesce(_storage_set_workflow.state ->> 'status', 'pending'),
        coalesce((_storage_set_workflow.state #>> '{workflow_state,current_step}')::int, 0));
END
$$;
COMMENT ON FUNCTION llmspell_internal._storage_set_workflow(text, jsonb) IS 'Stores a workflow, with status and step from its document.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_set_workflow(text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storage_set_agent(agent_id text, agent_type text, state jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_type text;
BEGIN
    LOOP
        SELECT a.agent_type INTO v_type FROM agent_states a
        WHERE a.tenant_id = v_tenant AND a.agent_id = _storage_set_agent.agent_id FOR NO KEY UPDATE;
        IF v_type = _storage_set_agent.agent_type THEN
            PERFORM agent_state_save(_storage_set_agent.agent_id, _storage_set_agent.agent_type, _storage_set_agent.state);
            RETURN;
        ELSIF FOUND THEN
            RAISE EXCEPTION 'agent "%" is of type "%", not "%"', left(_storage_set_agent.agent_id, 100), v_type, left(_storage_set_agent.agent_type, 100)
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Agent ids are unique within a tenant, whatever the type.';
        END IF;
        BEGIN
            PERFORM agent_state_save(_storage_set_agent.agent_id, _storage_set_agent.agent_type, _storage_set_agent.state, expected_version => 0);
            RETURN;
        EXCEPTION WHEN SQLSTATE 'LS409' THEN
            -- Another transaction made the agent meanwhile: look at its type again.
            NULL;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._storage_set_agent(text, text, jsonb) IS 'Stores the state of an agent of a type.
Errors: 22023 it is of another type.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_set_agent(text, text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.storage_set(key text, value bytea) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_set.key);
    PERFORM _given(storage_set.value, 'value');
    CASE v_route.store
        WHEN 'session' THEN PERFORM _storage_set_session(v_route.id::uuid, _storage_json(storage_set.value));
        WHEN 'agent' THEN PERFORM _storage_set_agent(v_route.id, v_route.agent_type, _storage_json(storage_set.value));
        WHEN 'workflow' THEN PERFORM _storage_set_workflow(v_route.id, _storage_json(storage_set.value));
        ELSE PERFORM kv_set(storage_set.key, storage_set.value, (SELECT k.metadata FROM kv_get(storage_set.key) k));
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.storage_set(text, bytea) IS 'Stores bytes under a storage key; for an agent, a workflow or a session JSON text in UTF-8.
Errors: as storage_set_json, 22P02 and 22P05 no JSON, 22021 no UTF-8, and those of kv_set.
Example: SELECT llmspell.storage_set(''avatar:42'', ''\x89504e47'');';

CREATE OR REPLACE FUNCTION llmspell.storage_set_text(key text, value text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF (SELECT r.store FROM _storage_route(storage_set_text.key) r) <> 'kv' THEN
        RAISE EXCEPTION 'a text cannot be stored under key "%", which takes a JSON document', left(storage_set_text.key, 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Store it with storage_set_json.';
    END IF;
    PERFORM kv_set_text(storage_set_text.key, storage_set_text.value, (SELECT k.metadata FROM kv_get(storage_set_text.key) k));
END
$$;
COMMENT ON FUNCTION llmspell.storage_set_text(text, text) IS 'Stores a text under a storage key.
Errors: 42501 no tenant, 22004 null, 22023 malformed key, or one of an agent, a workflow or a session, and those of kv_set_text.
Example: SELECT llmspell.storage_set_text(''user:42'', ''Ada'');';

CREATE OR REPLACE FUNCTION llmspell.storage_set_json(key text, value jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_set_json.key);
    PERFORM _storable(_given(storage_set_json.value, 'value'), 'value');
    CASE v_route.store
        WHEN 'session' THEN PERFORM _storage_set_session(v_route.id::uuid, storage_set_json.value);
        WHEN 'agent' THEN PERFORM _storage_set_agent(v_route.id, v_route.agent_type, storage_set_json.value);
        WHEN 'workflow' THEN PERFORM _storage_set_workflow(v_route.id, storage_set_json.value);
        ELSE PERFORM kv_set_json(storage_set_json.key, storage_set_json.value, (SELECT k.metadata FROM kv_get(storage_set_json.key) k));
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.storage_set_json(text, jsonb) IS 'Stores a JSON document under a storage key: the state of an agent, a workflow or a session, or a value.
Errors: 42501 no tenant, 22004 null, 22023 malformed key, another agent type or status, 22007, 22008, 22003, 22P02, 23514 times, days or a step, 54000 too large or too deep.
Example: SELECT llmspell.storage_set_json(''agent:chat:planner'', ''{"step": 1}'');';

CREATE OR REPLACE FUNCTION llmspell.storage_delete(key text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_delete.key);
    CASE v_route.store
        WHEN 'agent' THEN
            DELETE FROM agent_states a WHERE a.tenant_id = v_tenant AND a.agent_id = v_route.id AND a.agent_type = v_route.agent_type;
            RETURN FOUND;
        WHEN 'workflow' THEN RETURN workflow_delete(v_route.id);
        WHEN 'session' THEN RETURN session_delete(v_route.id::uuid);
        ELSE RETURN kv_delete(storage_delete.key);
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.storage_delete(text) IS 'Deletes what is under a storage key, and returns whether it existed.
Errors: 42501 no tenant, 22004 null, 22023 malformed key.
Example: SELECT llmspell.storage_delete(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.storage_set_many(keys text[], data bytea[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_entry record;
    v_before text;
BEGIN
    PERFORM _given(storage_set_many.keys, 'keys'), _given(storage_set_many.data, 'data');
    IF cardinality(storage_set_many.data) <> cardinality(storage_set_many.keys) THEN
        RAISE EXCEPTION 'keys and data must have the same length, got % and %', cardinality(storage_set_many.keys), cardinality(storage_set_many.data)
            USING ERRCODE = 'array_subscript_error';
    END IF;
    -- Store by store and in key order: two batches with the same keys wait for each other, and do not deadlock.
    FOR v_entry IN
        SELECT i.key, i.value, r.store || ':' || coalesce(r.id, i.key) AS place
        FROM unnest(storage_set_many.keys, storage_set_many.data) AS i (key, value)
        CROSS JOIN LATERAL _storage_route(i.key) AS r
        ORDER BY r.store COLLATE "C", coalesce(r.id, i.key) COLLATE "C"
    LOOP
        IF v_entry.place = v_before THEN
            RAISE EXCEPTION 'key "%" is given twice', left(v_entry.key, 100)
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Give each key once in a batch.';
        END IF;
        PERFORM storage_set(v_entry.key, v_entry.value);
        v_before := v_entry.place;
    END LOOP;
    RETURN cardinality(storage_set_many.keys);
END
$$;
COMMENT ON FUNCTION llmspell.storage_set_many(text[], bytea[]) IS 'Stores data[i] under keys[i], all or nothing over all stores, and returns how many.
Errors: as storage_set, 2202E arrays of different length, 22023 a key given twice.
Example: SELECT llmspell.storage_set_many(ARRAY[''user:42'', ''user:43''], ARRAY[''Ada'', ''Bob'']::bytea[]);';

CREATE OR REPLACE FUNCTION llmspell.storage_delete_many(keys text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_key text;
    v_count bigint := 0;
BEGIN
    FOR v_key IN
        SELECT u.key FROM (SELECT DISTINCT k.key FROM unnest(_given(storage_delete_many.keys, 'keys')) AS k (key)) AS u
        CROSS JOIN LATERAL _storage_route(u.key) AS r
        ORDER BY r.store COLLATE "C", coalesce(r.id, u.key) COLLATE "C"
    LOOP
        v_count := v_count + storage_delete(v_key)::int;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.storage_delete_many(text[]) IS 'Deletes what is under the given storage keys, all or nothing, and returns how many existed.
Errors: 42501 no tenant, 22004 null, 22023 malformed key.
Example: SELECT llmspell.storage_delete_many(ARRAY[''user:42'', ''user:43'']);';

CREATE OR REPLACE FUNCTION llmspell.storage_clear() RETURNS TABLE (store text, deleted bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_places tid[];
BEGIN
    -- Store by store and in key order, as storage_set_many locks; then by their place, as kv_delete_many explains.
    v_places := ARRAY(SELECT a.ctid FROM agent_states a WHERE a.tenant_id = v_tenant ORDER BY a.agent_id FOR UPDATE);
    DELETE FROM agent_states a WHERE a.tenant_id = v_tenant AND a.ctid = ANY (v_places);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'agent';
    RETURN NEXT;
    v_places := ARRAY(SELECT k.ctid FROM kv_store k WHERE k.tenant_id = v_tenant ORDER BY k.key FOR UPDATE);
    DELETE FROM kv_store k WHERE k.tenant_id = v_tenant AND k.ctid = ANY (v_places);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'kv';
    RETURN NEXT;
    v_places := ARRAY(SELECT s.ctid FROM sessions s WHERE s.tenant_id = v_tenant ORDER BY s.session_id FOR UPDATE);
    DELETE FROM sessions s WHERE s.tenant_id = v_tenant AND s.ctid = ANY (v_places);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'session';
    RETURN NEXT;
    v_places := ARRAY(SELECT w.ctid FROM workflow_states w WHERE w.tenant_id = v_tenant ORDER BY w.workflow_id FOR UPDATE);
    DELETE FROM workflow_states w WHERE w.tenant_id = v_tenant AND w.ctid = ANY (v_places);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'workflow';
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.storage_clear() IS 'Deletes all rows of the own tenant in the four stores, sessions with their artifacts; returns how many of each.
Errors: 42501 no tenant.
Example: SELECT store, deleted FROM llmspell.storage_clear();';
