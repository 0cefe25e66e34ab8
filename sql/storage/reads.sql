-- One key space over the stores, as clients with several backends use it. Keys lead, by the first that fits:
--   agent:<type>:<id>            agent_states
--   custom:workflow_<id>:state   workflow_states
--   session:<uuid>               sessions
--   everything else              kv_store
-- Values of the routed stores are JSON; those of the key-value store are bytes, text or JSON.

CREATE OR REPLACE FUNCTION llmspell_internal._storage_route(key text) RETURNS TABLE (store text, id text, agent_type text)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_storage_route_wrapper';
COMMENT ON FUNCTION llmspell_internal._storage_route(text) IS 'Returns the store, the id and the agent type that a storage key leads to.
Errors: 22004 null, 22023 a malformed agent or workflow key.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_route(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._storage_state(store text, id text, agent_type text) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    CASE _storage_state.store
        WHEN 'agent' THEN
            RETURN (SELECT a.state FROM agent_state_get(_storage_state.id) a WHERE a.agent_type = _storage_state.agent_type);
        WHEN 'workflow' THEN
            RETURN (SELECT w.state_data FROM workflow_states w
                    WHERE w.tenant_id = v_tenant AND w.workflow_id = _storage_state.id);
        WHEN 'session' THEN
            RETURN (SELECT s.state FROM session_get(_storage_state.id::uuid) s);
        ELSE
            PERFORM _given(_storage_state.store, 'store');
            RETURN NULL;
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell_internal._storage_state(text, text, text) IS 'Returns the document of an agent of a type, a workflow or a session that has not expired; NULL where there is none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._storage_state(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.storage_get(key text) RETURNS bytea
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_get.key);
    -- The most frequent ones, without a further call.
    IF v_route.store = 'kv' THEN
        RETURN (SELECT k.value FROM kv_get(storage_get.key) k);
    ELSIF v_route.store = 'agent' THEN
        RETURN (SELECT convert_to(a.state::text, 'UTF8') FROM agent_state_get(v_route.id) a WHERE a.agent_type = v_route.agent_type);
    END IF;
    RETURN convert_to(_storage_state(v_route.store, v_route.id, v_route.agent_type)::text, 'UTF8');
END
$$;
COMMENT ON FUNCTION llmspell.storage_get(text) IS 'Returns the bytes under a storage key, the state of an agent, a workflow or a session as JSON text; NULL for none.
Errors: 42501 no tenant, 22004 null, 22023 malformed key.
Example: SELECT llmspell.storage_get(''agent:chat:planner'');';

CREATE OR REPLACE FUNCTION llmspell.storage_get_text(key text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_get_text.key);
    IF v_route.store = 'kv' THEN
        RETURN (SELECT k.value FROM kv_get_text(storage_get_text.key) k);
    END IF;
    IF _storage_state(v_route.store, v_route.id, v_route.agent_type) IS NOT NULL THEN
        PERFORM _kv_mistyped(storage_get_text.key, 'json', 'text');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell.storage_get_text(text) IS 'Returns the text under a storage key; NULL where there is none.
Errors: 42501 no tenant, 22004 null, 22023 malformed key, or the value is JSON or bytes.
Example: SELECT llmspell.storage_get_text(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.storage_get_json(key text) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_route record;
BEGIN
    SELECT * INTO v_route FROM _storage_route(storage_get_json.key);
    IF v_route.store = 'kv' THEN
        RETURN (SELECT k.value FROM kv_get_json(storage_get_json.key) k);
    END IF;
    RETURN _storage_state(v_route.store, v_route.id, v_route.agent_type);
END
$$;
COMMENT ON FUNCTION llmspell.storage_get_json(text) IS 'Returns the JSON document under a storage key; NULL where there is none.
Errors: 42501 no tenant, 22004 null, 22023 malformed key, or the value is text or bytes.
Example: SELECT llmspell.storage_get_json(''agent:chat:planner'');';

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
COMMENT ON FUNCTION llmspell.storage_exists(text) IS 'Returns whether there is a value under a storage key.
Errors: 42501 no tenant, 22004 null, 22023 malformed key.
Example: SELECT llmspell.storage_exists(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.storage_list(prefix text DEFAULT '', max_rows int DEFAULT 100, after text DEFAULT NULL) RETURNS TABLE (key text, cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_prefix constant text := coalesce(storage_list.prefix, '');
    v_rows constant int := _max_rows(coalesce(storage_list.max_rows, 100));
    -- The bounds that prefix and after set on session ids, for their index; v_exact where they set no other.
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
        SELECT u.key, u.key FROM (
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
        RETURN QUERY SELECT k.key, k.cursor FROM kv_list(v_prefix, v_rows, storage_list.after) k;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.storage_list(text, integer, text) IS 'Returns the storage keys that begin with prefix, in byte order.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT key FROM llmspell.storage_list(''agent:chat:'', 100);';

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
          FROM (SELECT DISTINCT u.key COLLATE "C" AS key FROM unnest(_given(storage_get_many.keys, 'keys')) AS u (key)) AS k) AS g
    WHERE g.value IS NOT NULL
    ORDER BY g.key;
END
$$;
COMMENT ON FUNCTION llmspell.storage_get_many(text[]) IS 'Returns those of the given storage keys that exist with their bytes, in byte order, each once.
Errors: 42501 no tenant, 22004 null, 22023 malformed key.
Example: SELECT key, value FROM llmspell.storage_get_many(ARRAY[''user:42'', ''agent:chat:planner'']);';
