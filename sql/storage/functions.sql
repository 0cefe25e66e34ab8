-- One key space over the stores, as clients with several backends use it. Keys lead, by the first that fits:
--   agent:<type>:<id>            agent_states
--   custom:workflow_<id>:state   workflow_states
--   session:<uuid>               sessions
--   everything else              kv_store
-- Values are bytes; those of the routed stores are JSON text, and come back as jsonb writes it.

CREATE OR REPLACE FUNCTION llmspell_internal._storage_route(key text) RETURNS TABLE (store text, id text, agent_type text)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_storage_route_wrapper';
COMMENT ON FUNCTION llmspell_internal._storage_route(text) IS 'Where a storage key leads: (store, id, agent_type). Errors: 22004 null, 22023 a malformed agent or workflow key.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_route(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.storage_get(key text) RETURNS bytea
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
    v_session uuid;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_get.key);
    CASE v_route.store
        WHEN 'agent' THEN
            RETURN (SELECT convert_to(a.state_data::text, 'UTF8') FROM agent_states a
                    WHERE a.tenant_id = v_tenant AND a.agent_id = v_route.id AND a.agent_type = v_route.agent_type);
        WHEN 'workflow' THEN
            RETURN (SELECT convert_to(w.state_data::text, 'UTF8') FROM workflow_states w
                    WHERE w.tenant_id = v_tenant AND w.workflow_id = v_route.id);
        WHEN 'session' THEN
            v_session := v_route.id;
            RETURN (SELECT convert_to(s.state::text, 'UTF8') FROM session_get(v_session) s);
        ELSE
            RETURN (SELECT k.value FROM kv_get(storage_get.key) k);
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.storage_get(text) IS 'The value under a storage key, NULL where there is none: agent:<type>:<id> (of that type), custom:workflow_<id>:state and session:<uuid> (not expired) give their state as JSON text in UTF-8, every other key its bytes. Errors: 42501 no tenant, 22004 null, 22023 a malformed agent or workflow key. Example: SELECT llmspell.storage_get(''agent:chat:planner'');';

CREATE OR REPLACE FUNCTION llmspell_internal._storage_json(value bytea) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF octet_length(value) > 67108864 THEN
        RAISE EXCEPTION 'a JSON document has at most 67108864 bytes, this one has %', octet_length(value)
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Store it as an artifact, or in parts.';
    END IF;
    RETURN convert_from(value, 'UTF8')::jsonb;
END
$$;
COMMENT ON FUNCTION llmspell_internal._storage_json(bytea) IS 'The JSON document in bytes. Errors: 22021 not UTF-8, 22P02 not JSON, 22P05 what jsonb cannot hold, 54000 over 64 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_json(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storage_set_session(session_id uuid, data jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
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
COMMENT ON FUNCTION llmspell_internal._storage_set_session(uuid, jsonb) IS 'Stores a session snapshot, with status, times and expiry as the guide''s client takes them from it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_set_session(uuid, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.storage_set(key text, value bytea) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
    v_type text;
    v_state jsonb;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_set.key);
    PERFORM _required(storage_set.value, 'value');
    IF v_route.store = 'kv' THEN
        PERFORM kv_set(storage_set.key, storage_set.value, (SELECT k.metadata FROM kv_get(storage_set.key) k));
        RETURN;
    END IF;
    v_state := _storage_json(storage_set.value);
    CASE v_route.store
        WHEN 'agent' THEN
            LOOP
                SELECT a.agent_type INTO v_type FROM agent_states a
                WHERE a.tenant_id = v_tenant AND a.agent_id = v_route.id FOR NO KEY UPDATE;
                IF v_type <> v_route.agent_type THEN
                    RAISE EXCEPTION 'agent "%" is of type "%", not "%"', left(v_route.id, 100), v_type, left(v_route.agent_type, 100)
                        USING ERRCODE = 'invalid_parameter_value', HINT = 'Agent ids are unique within a tenant, whatever the type.';
                END IF;
                BEGIN
                    PERFORM agent_state_save(v_route.id, v_route.agent_type, v_state, expected_version => CASE WHEN v_type IS NULL THEN 0 END);
                    RETURN;
                EXCEPTION WHEN SQLSTATE 'LS409' THEN
                    -- Somebody else made the agent meanwhile: look at its type again.
                    NULL;
                END;
            END LOOP;
        WHEN 'workflow' THEN
            PERFORM workflow_save(v_route.id, NULL, v_state, coalesce(v_state ->> 'status', 'pending'),
                coalesce((v_state #>> '{workflow_state,current_step}')::int, 0));
        WHEN 'session' THEN
            PERFORM _storage_set_session(v_route.id::uuid, v_state);
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.storage_set(text, bytea) IS 'Stores a value under a storage key. agent:, custom:workflow_ and session: keys take JSON text in UTF-8; a workflow''s status and step and a session''s status, times and expiry are taken from it as the guide''s client does. Errors: 42501 no tenant, 22004 null, 22023 malformed key, another agent type or an impossible status, 22P02 and 22P05 no JSON, 22021 no UTF-8, 22007, 22008, 22003, 22P02, 23514 times, days or a step that cannot be, 54000 too large or too deep, and those of kv_set. Example: SELECT llmspell.storage_set(''user:42'', ''Ada'');';

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
COMMENT ON FUNCTION llmspell.storage_delete(text) IS 'Deletes what is under a storage key; true where it existed. Errors: 42501 no tenant, 22004 null, 22023 malformed key. Example: SELECT llmspell.storage_delete(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.storage_exists(key text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
    v_session uuid;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_exists.key);
    CASE v_route.store
        WHEN 'agent' THEN
            RETURN EXISTS (SELECT FROM agent_states a
                           WHERE a.tenant_id = v_tenant AND a.agent_id = v_route.id AND a.agent_type = v_route.agent_type);
        WHEN 'workflow' THEN
            RETURN EXISTS (SELECT FROM workflow_states w WHERE w.tenant_id = v_tenant AND w.workflow_id = v_route.id);
        WHEN 'session' THEN
            v_session := v_route.id;
            RETURN EXISTS (SELECT FROM session_get(v_session));
        ELSE
            RETURN kv_exists(storage_exists.key);
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.storage_exists(text) IS 'Whether there is anything under a storage key. Errors: 42501 no tenant, 22004 null, 22023 malformed key. Example: SELECT llmspell.storage_exists(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.storage_list(prefix text DEFAULT '', max_rows int DEFAULT 100, after text DEFAULT NULL) RETURNS TABLE (key text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_prefix constant text := _required(storage_list.prefix, 'prefix');
    v_rows constant int := _max_rows(storage_list.max_rows);
    -- What prefix and after say about session ids, for their index; where that is all they say, v_exact.
    v_from constant text := greatest(v_prefix COLLATE "C", storage_list.after);
    v_whole constant boolean := v_from ~ '^session:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$';
    v_first constant uuid := CASE WHEN v_whole THEN substr(v_from, 9)
        ELSE rpad(substring(substr(v_from, 9) FROM '^[0-9a-f]{0,8}'), 8, '0') || '-0000-0000-0000-000000000000' END;
    v_exact constant boolean := (v_whole OR v_from ~ '^session:[0-9a-f]{0,8}$') AND v_prefix ~ '^session:[0-9a-f]{0,8}$';
    v_done constant uuid := CASE WHEN v_whole AND v_from = storage_list.after THEN v_first END;
    v_last constant uuid := rpad(substring(substr(v_prefix, 9) FROM '^[0-9a-f]{0,8}'), 8, 'f') || '-ffff-ffff-ffff-ffffffffffff';
BEGIN
    IF starts_with(v_prefix, 'agent:') OR starts_with(v_prefix, 'custom:workflow_') OR starts_with(v_prefix, 'session:') THEN
        RETURN QUERY
        SELECT u.key FROM (
            -- Only keys that lead back: ids and types with a colon, or empty, have none.
            SELECT 'agent:' || a.agent_type || ':' || a.agent_id FROM agent_states a
            WHERE starts_with(v_prefix, 'agent:') AND a.tenant_id = v_tenant
              AND a.agent_type ~ '^[^:]+$' AND a.agent_id ~ '^[^:]+$'
            UNION ALL
            SELECT 'custom:workflow_' || w.workflow_id || ':state' FROM workflow_states w
            WHERE starts_with(v_prefix, 'custom:workflow_') AND w.tenant_id = v_tenant AND w.workflow_id ~ '^[^:]+$'
            UNION ALL
            (SELECT 'session:' || s.session_id FROM sessions s
             WHERE starts_with(v_prefix, 'session:') AND s.tenant_id = v_tenant AND s.session_id BETWEEN v_first AND v_last
               AND s.status <> 'expired' AND (s.expires_at IS NULL OR s.expires_at > statement_timestamp())
               AND s.session_id IS DISTINCT FROM v_done
               AND (v_exact OR starts_with('session:' || s.session_id, v_prefix)
                    AND (storage_list.after IS NULL OR ('session:' || s.session_id) COLLATE "C" > storage_list.after))
             ORDER BY s.session_id
             LIMIT v_rows)
            UNION ALL
            (SELECT k.key FROM kv_list(v_prefix, 2147483647, storage_list.after) k
             CROSS JOIN LATERAL (SELECT k.key WHERE starts_with(v_prefix, 'session:')) AS o (key)
             CROSS JOIN LATERAL _storage_route(o.key) r
             WHERE r.store = 'kv'
             ORDER BY k.key COLLATE "C"
             LIMIT v_rows)
        ) AS u (key)
        WHERE starts_with(u.key, v_prefix) AND (storage_list.after IS NULL OR u.key COLLATE "C" > storage_list.after)
        ORDER BY u.key COLLATE "C"
        LIMIT v_rows;
    ELSE
        RETURN QUERY SELECT k.key FROM kv_list(v_prefix, v_rows, storage_list.after) k;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.storage_list(text, integer, text) IS 'Storage keys that begin with prefix, in byte order; for the next page give the last key as after. A prefix that begins with agent:, custom:workflow_ or session: lists those stores too, any other the key-value store alone. Errors: 42501 no tenant, 22004 null, 22023 negative max_rows. Example: SELECT key FROM llmspell.storage_list(''agent:chat:'', 100);';

CREATE OR REPLACE FUNCTION llmspell.storage_get_many(keys text[]) RETURNS TABLE (key text, value bytea)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT g.key, g.value
    FROM (SELECT k.key, storage_get(k.key) AS value
          FROM (SELECT DISTINCT u.key COLLATE "C" AS key FROM unnest(_required(storage_get_many.keys, 'keys')) AS u (key)) AS k) AS g
    WHERE g.value IS NOT NULL
    ORDER BY g.key;
END
$$;
COMMENT ON FUNCTION llmspell.storage_get_many(text[]) IS 'The existing ones of the given storage keys, in byte order, each once. Errors: 42501 no tenant, 22004 null, 22023 a malformed key. Example: SELECT key, value FROM llmspell.storage_get_many(ARRAY[''user:42'', ''agent:chat:planner'']);';

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
    PERFORM _required(storage_set_many.keys, 'keys'), _required(storage_set_many.data, 'data');
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
COMMENT ON FUNCTION llmspell.storage_set_many(text[], bytea[]) IS 'Stores data[i] under keys[i], all or nothing over all stores, and returns how many. Errors: as storage_set, 2202E arrays of different length, 22023 a key given twice. Example: SELECT llmspell.storage_set_many(ARRAY[''user:42'', ''user:43''], ARRAY[''Ada'', ''Bob'']::bytea[]);';

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
        SELECT u.key FROM (SELECT DISTINCT k.key FROM unnest(_required(storage_delete_many.keys, 'keys')) AS k (key)) AS u
        CROSS JOIN LATERAL _storage_route(u.key) AS r
        ORDER BY r.store COLLATE "C", coalesce(r.id, u.key) COLLATE "C"
    LOOP
        v_count := v_count + storage_delete(v_key)::int;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.storage_delete_many(text[]) IS 'Deletes what is under the given storage keys, all or nothing, and returns how many existed. Errors: 42501 no tenant, 22004 null, 22023 a malformed key. Example: SELECT llmspell.storage_delete_many(ARRAY[''user:42'', ''user:43'']);';

CREATE OR REPLACE FUNCTION llmspell.storage_clear() RETURNS TABLE (store text, deleted bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    -- Store by store and in key order, as storage_set_many locks.
    WITH due AS (SELECT a.agent_id FROM agent_states a WHERE a.tenant_id = v_tenant ORDER BY a.agent_id FOR UPDATE)
    DELETE FROM agent_states a USING due d WHERE a.tenant_id = v_tenant AND a.agent_id = d.agent_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'agent';
    RETURN NEXT;
    WITH due AS (SELECT k.key FROM kv_store k WHERE k.tenant_id = v_tenant ORDER BY k.key FOR UPDATE)
    DELETE FROM kv_store k USING due d WHERE k.tenant_id = v_tenant AND k.key = d.key;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'kv';
    RETURN NEXT;
    WITH due AS (SELECT s.session_id FROM sessions s WHERE s.tenant_id = v_tenant ORDER BY s.session_id FOR UPDATE)
    DELETE FROM sessions s USING due d WHERE s.tenant_id = v_tenant AND s.session_id = d.session_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'session';
    RETURN NEXT;
    WITH due AS (SELECT w.workflow_id FROM workflow_states w WHERE w.tenant_id = v_tenant ORDER BY w.workflow_id FOR UPDATE)
    DELETE FROM workflow_states w USING due d WHERE w.tenant_id = v_tenant AND w.workflow_id = d.workflow_id;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    store := 'workflow';
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.storage_clear() IS 'Deletes everything of the own tenant in the four routed stores, sessions with their artifacts, all or nothing, and returns how many rows of each. Error: 42501 no tenant. Example: SELECT store, deleted FROM llmspell.storage_clear();';
