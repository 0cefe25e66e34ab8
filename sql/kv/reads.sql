-- Reads of the key-value store. An expired key does not exist.

CREATE OR REPLACE FUNCTION llmspell_internal._kv_mistyped(key text, value_type text, wanted text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the value under key "%" is %, not %', left(key, 100), value_type, wanted
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'Read it as what it was stored as: with _get (bytes), _get_text or _get_json.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._kv_mistyped(text, text, text) IS 'Raises 22023: a value is of another type than it is read as.';
GRANT EXECUTE ON FUNCTION llmspell_internal._kv_mistyped(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.kv_get(key text)
RETURNS TABLE (value bytea, metadata jsonb, version bigint, expires_at timestamptz, value_type text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT k.value, k.metadata, k.version, k.expires_at, k.value_type::text
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant() AND k.key = llmspell_internal._given(kv_get.key, 'key')
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.kv_get(text) IS 'Returns the bytes under a key with metadata, version, expiry and type; no row where there is none.
Errors: 42501 no tenant, 22004 null.
Example: SELECT value FROM llmspell.kv_get(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_get_text(key text)
RETURNS TABLE (value text, metadata jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT CASE k.value_type WHEN 'text' THEN convert_from(k.value, 'UTF8')
                             ELSE llmspell_internal._kv_mistyped(kv_get_text.key, k.value_type, 'text') END,
        k.metadata, k.version, k.expires_at
    FROM llmspell.kv_get(kv_get_text.key) k;
END;
COMMENT ON FUNCTION llmspell.kv_get_text(text) IS 'Returns the text under a key, as kv_set_text stored it; no row where there is none.
Errors: 42501 no tenant, 22004 null, 22023 the value is JSON or bytes.
Example: SELECT value FROM llmspell.kv_get_text(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_get_json(key text)
RETURNS TABLE (value jsonb, metadata jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT CASE k.value_type WHEN 'json' THEN convert_from(k.value, 'UTF8')
                             ELSE llmspell_internal._kv_mistyped(kv_get_json.key, k.value_type, 'json') END::jsonb,
        k.metadata, k.version, k.expires_at
    FROM llmspell.kv_get(kv_get_json.key) k;
END;
COMMENT ON FUNCTION llmspell.kv_get_json(text) IS 'Returns the JSON document under a key, as kv_set_json stored it; no row where there is none.
Errors: 42501 no tenant, 22004 null, 22023 the value is text or bytes.
Example: SELECT value FROM llmspell.kv_get_json(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_get_many(keys text[])
RETURNS TABLE (key text, value bytea, metadata jsonb, version bigint, expires_at timestamptz, value_type text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT k.key, k.value, k.metadata, k.version, k.expires_at, k.value_type::text
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant() AND k.key = ANY (llmspell_internal._given(kv_get_many.keys, 'keys'))
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
    ORDER BY k.key;
END;
COMMENT ON FUNCTION llmspell.kv_get_many(text[]) IS 'Returns those of the given keys that exist, in key order, each once.
Errors: 42501 no tenant, 22004 null.
Example: SELECT key, value FROM llmspell.kv_get_many(ARRAY[''a'', ''b'']);';

CREATE OR REPLACE FUNCTION llmspell.kv_exists(key text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM llmspell.kv_get(kv_exists.key));
END;
COMMENT ON FUNCTION llmspell.kv_exists(text) IS 'Returns whether a key exists.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.kv_exists(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_list(prefix text DEFAULT '', max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (key text, version bigint, value_type text, size_bytes int, metadata jsonb,
               created_at timestamptz, updated_at timestamptz, expires_at timestamptz, cursor text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- U&'\0001' after a key gives the least text above it. Sub-selects, or a prepared call would be
    -- planned anew each time, for the sake of a better estimate: 266 against 117 microseconds.
    SELECT k.key, k.version, k.value_type::text, octet_length(k.value), k.metadata, k.created_at, k.updated_at, k.expires_at, k.key
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant()
      AND k.key >= (SELECT GREATEST(COALESCE(kv_list.prefix, '') COLLATE "C", kv_list.after || U&'\0001'))
      AND k.key < (SELECT llmspell_internal._prefix_end(COALESCE(kv_list.prefix, '')))
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
    ORDER BY k.key
    LIMIT (SELECT llmspell_internal._max_rows(COALESCE(kv_list.max_rows, 100)));
END;
COMMENT ON FUNCTION llmspell.kv_list(text, integer, text) IS 'Returns the keys that begin with prefix, in byte order, without their values.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT key FROM llmspell.kv_list(''user:'', 100, after => ''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_count(prefix text DEFAULT '') RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant()
      AND k.key >= COALESCE(kv_count.prefix, '')
      AND k.key < (SELECT llmspell_internal._prefix_end(COALESCE(kv_count.prefix, '')))
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.kv_count(text) IS 'Returns how many keys begin with prefix.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.kv_count(''user:'');';
