CREATE OR REPLACE FUNCTION llmspell_internal._tg_kv_store_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF OLD.expires_at <= statement_timestamp() THEN
        -- Who writes a value and knows nothing of expiry means a key that lives: kv_sweep would take it away.
        IF NEW.expires_at = OLD.expires_at AND (NEW.value <> OLD.value OR NEW.updated_at IS DISTINCT FROM OLD.updated_at) THEN
            NEW.expires_at := NULL;
        END IF;
        NEW.version := 1;
        NEW.created_at := now();
        NEW.kv_id := uuidv7();
    ELSE
        NEW.version := OLD.version + 1;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_kv_store_update() IS 'Version, updated_at and rebirth after expiry, for raw writers too.';
-- kv_set counts itself where the row has no expiry; everybody else is counted here.
CREATE OR REPLACE TRIGGER kv_store_update BEFORE UPDATE ON llmspell.kv_store
    FOR EACH ROW WHEN (NEW.version IS DISTINCT FROM OLD.version + 1
        OR NEW.updated_at IS DISTINCT FROM now() OR OLD.expires_at IS NOT NULL)
    EXECUTE FUNCTION llmspell_internal._tg_kv_store_update();

CREATE OR REPLACE FUNCTION llmspell_internal._kv_check(key text, value bytea) RETURNS void
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_kv_check_wrapper';
COMMENT ON FUNCTION llmspell_internal._kv_check(text, bytea) IS 'Raises what is wrong with a key or a value: 22004 null, 22001 key over 500 characters, 54000 value over 128 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._kv_check(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.kv_get(key text)
RETURNS TABLE (value bytea, metadata jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT k.value, k.metadata, k.version, k.expires_at
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant() AND k.key = llmspell_internal._required(kv_get.key, 'key')
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.kv_get(text) IS 'The value under a key: one row (value, metadata, version, expires_at), or none where the key does not exist or has expired. Errors: 42501 no tenant, 22004 null. Example: SELECT value FROM llmspell.kv_get(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_get_many(keys text[])
RETURNS TABLE (key text, value bytea, metadata jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT k.key, k.value, k.metadata, k.version, k.expires_at
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant() AND k.key = ANY (llmspell_internal._required(kv_get_many.keys, 'keys'))
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
    ORDER BY k.key;
END;
COMMENT ON FUNCTION llmspell.kv_get_many(text[]) IS 'The existing ones of the given keys, in key order, each once. Errors: 42501 no tenant, 22004 null. Example: SELECT key, value FROM llmspell.kv_get_many(ARRAY[''a'', ''b'']);';

CREATE OR REPLACE FUNCTION llmspell.kv_exists(key text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM llmspell.kv_get(kv_exists.key));
END;
COMMENT ON FUNCTION llmspell.kv_exists(text) IS 'Whether a key exists and has not expired. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.kv_exists(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_list(prefix text DEFAULT '', max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (key text, version bigint, size_bytes int, metadata jsonb,
               created_at timestamptz, updated_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- U&'\0001' after a key gives the least text above it. Sub-selects, or a prepared call would be
    -- planned anew each time, for the sake of a better estimate: 266 against 117 microseconds.
    SELECT k.key, k.version, octet_length(k.value), k.metadata, k.created_at, k.updated_at, k.expires_at
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant()
      AND k.key >= (SELECT GREATEST(llmspell_internal._required(kv_list.prefix, 'prefix') COLLATE "C", kv_list.after || U&'\0001'))
      AND k.key < (SELECT llmspell_internal._prefix_end(llmspell_internal._required(kv_list.prefix, 'prefix')))
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
    ORDER BY k.key
    LIMIT (SELECT llmspell_internal._max_rows(kv_list.max_rows));
END;
COMMENT ON FUNCTION llmspell.kv_list(text, integer, text) IS 'Keys that begin with prefix (every character literal, % and _ too), in byte order, without values; size_bytes is the length of the value. For the next page give the last key as after. Errors: 42501 no tenant, 22004 null prefix or max_rows, 22023 negative max_rows. Example: SELECT key FROM llmspell.kv_list(''user:'', 100, after => ''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_count(prefix text DEFAULT '') RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM llmspell.kv_store k
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND k.tenant_id = llmspell.current_tenant()
      AND k.key >= (SELECT llmspell_internal._required(kv_count.prefix, 'prefix'))
      AND k.key < (SELECT llmspell_internal._prefix_end(llmspell_internal._required(kv_count.prefix, 'prefix')))
      AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.kv_count(text) IS 'How many keys begin with prefix. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.kv_count(''user:'');';

CREATE OR REPLACE FUNCTION llmspell.kv_set(key text, value bytea, metadata jsonb DEFAULT NULL,
                                expected_version bigint DEFAULT NULL, ttl interval DEFAULT NULL)
RETURNS TABLE (kv_id uuid, version bigint, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_expires_at constant timestamptz := CASE WHEN kv_set.ttl IS NOT NULL THEN _expiry(NULL, kv_set.ttl) END;
    v_actual bigint;
BEGIN
    PERFORM _kv_check(kv_set.key, kv_set.value), _check_expected(kv_set.expected_version);
    IF kv_set.expected_version > 0 THEN
        UPDATE kv_store k
        SET value = kv_set.value, metadata = kv_set.metadata, expires_at = v_expires_at,
            version = k.version + 1, updated_at = now()
        WHERE k.tenant_id = v_tenant AND k.key = kv_set.key AND k.version = kv_set.expected_version
          AND (k.expires_at IS NULL OR k.expires_at > v_now)
        RETURNING k.kv_id, k.version INTO kv_id, version;
    ELSE
        INSERT INTO kv_store AS k (tenant_id, key, value, metadata, expires_at)
        VALUES (v_tenant, kv_set.key, kv_set.value, kv_set.metadata, v_expires_at)
        ON CONFLICT (tenant_id, key) DO UPDATE
        SET value = EXCLUDED.value, metadata = EXCLUDED.metadata, expires_at = EXCLUDED.expires_at,
            version = k.version + 1, updated_at = now()
        WHERE kv_set.expected_version IS NULL OR k.expires_at <= v_now
        RETURNING k.kv_id, k.version INTO kv_id, version;
    END IF;
    IF kv_id IS NULL THEN
        SELECT k.version INTO v_actual FROM kv_get(kv_set.key) k;
        PERFORM _raise_conflict('key', kv_set.key, kv_set.expected_version, coalesce(v_actual, 0));
    END IF;
    created := version = 1;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.kv_set(text, bytea, jsonb, bigint, interval) IS 'Writes value and metadata under key (0 to 500 characters; value to 128 MiB) and returns (kv_id, version, created). expected_version: NULL any, 0 must not exist, n exactly that version, else LS409. ttl: positive, from now on; without it the key lives for ever. Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 value too large, 22023 ttl or expected_version, 22008 ttl beyond the last timestamp. Example: SELECT version FROM llmspell.kv_set(''user:42'', ''Ada'', ttl => ''1 hour'');';

CREATE OR REPLACE FUNCTION llmspell.kv_set_many(keys text[], data bytea[], metadata jsonb[] DEFAULT NULL, ttl interval DEFAULT NULL)
RETURNS TABLE (key text, version bigint, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_expires_at constant timestamptz := _expiry(NULL, kv_set_many.ttl);
    v_twice text;
BEGIN
    PERFORM _required(kv_set_many.keys, 'keys'), _required(kv_set_many.data, 'data');
    IF cardinality(kv_set_many.data) <> cardinality(kv_set_many.keys)
        OR cardinality(kv_set_many.metadata) <> cardinality(kv_set_many.keys)
    THEN
        RAISE EXCEPTION 'keys, data and metadata must have the same length, got %, % and %', cardinality(kv_set_many.keys),
            cardinality(kv_set_many.data), coalesce(cardinality(kv_set_many.metadata)::text, 'null')
            USING ERRCODE = 'array_subscript_error';
    END IF;
    PERFORM _kv_check(i.key, i.value)
    FROM unnest(kv_set_many.keys, kv_set_many.data) AS i (key, value);
    SELECT i.key INTO v_twice FROM unnest(kv_set_many.keys) AS i (key) GROUP BY i.key HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'key "%" is given twice', left(v_twice, 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give each key once in a batch.';
    END IF;
    -- One statement, in key order: two batches with the same keys wait for each other, and do not deadlock.
    RETURN QUERY
    INSERT INTO kv_store AS k (tenant_id, key, value, metadata, expires_at)
    SELECT v_tenant, i.key, i.value, i.metadata, v_expires_at
    FROM unnest(kv_set_many.keys, kv_set_many.data, kv_set_many.metadata) AS i (key, value, metadata)
    ORDER BY i.key COLLATE "C"
    ON CONFLICT (tenant_id, key) DO UPDATE
    SET value = EXCLUDED.value, metadata = EXCLUDED.metadata, expires_at = EXCLUDED.expires_at,
        version = k.version + 1, updated_at = now()
    RETURNING k.key::text, k.version, k.version = 1;
END
$$;
COMMENT ON FUNCTION llmspell.kv_set_many(text[], bytea[], jsonb[], interval) IS 'Writes data[i] (and metadata[i]) under keys[i], all or nothing, and returns (key, version, created) in key order. Errors: as kv_set, 2202E arrays of different length, 22023 a key given twice. Example: SELECT * FROM llmspell.kv_set_many(ARRAY[''a'', ''b''], ARRAY[''1'', ''2'']::bytea[]);';

CREATE OR REPLACE FUNCTION llmspell.kv_delete(key text, expected_version bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_live boolean;
    v_actual bigint;
BEGIN
    PERFORM _required(kv_delete.key, 'key'), _check_expected(kv_delete.expected_version);
    DELETE FROM kv_store k
    WHERE k.tenant_id = v_tenant AND k.key = kv_delete.key
      AND (kv_delete.expected_version IS NULL
           OR k.version = kv_delete.expected_version AND (k.expires_at IS NULL OR k.expires_at > v_now))
    RETURNING k.expires_at IS NULL OR k.expires_at > v_now INTO v_live;
    IF v_live IS NULL AND kv_delete.expected_version IS NOT NULL THEN
        SELECT k.version INTO v_actual FROM kv_get(kv_delete.key) k;
        IF kv_delete.expected_version <> coalesce(v_actual, 0) THEN
            PERFORM _raise_conflict('key', kv_delete.key, kv_delete.expected_version, coalesce(v_actual, 0));
        END IF;
    END IF;
    RETURN coalesce(v_live, false);
END
$$;
COMMENT ON FUNCTION llmspell.kv_delete(text, bigint) IS 'Deletes a key; true where it existed. expected_version as in kv_set. Errors: 42501 no tenant, 22004 null, 22023 negative expected_version, LS409 another version. Example: SELECT llmspell.kv_delete(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.kv_delete_many(keys text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_count bigint;
BEGIN
    PERFORM _required(kv_delete_many.keys, 'keys');
    WITH locked AS (
        SELECT k.key FROM kv_store k
        WHERE k.tenant_id = v_tenant AND k.key = ANY (kv_delete_many.keys)
        ORDER BY k.key
        FOR UPDATE
    ), deleted AS (
        DELETE FROM kv_store k USING locked l
        WHERE k.tenant_id = v_tenant AND k.key = l.key
        RETURNING k.expires_at
    )
    SELECT count(*) FILTER (WHERE d.expires_at IS NULL OR d.expires_at > v_now) INTO v_count FROM deleted d;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.kv_delete_many(text[]) IS 'Deletes the given keys, all or nothing, and returns how many of them existed. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.kv_delete_many(ARRAY[''user:42'', ''user:43'']);';

CREATE OR REPLACE FUNCTION llmspell.kv_clear(prefix text DEFAULT '') RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_end constant text := _prefix_end(_required(kv_clear.prefix, 'prefix'));
    v_now constant timestamptz := statement_timestamp();
    v_count bigint;
BEGIN
    -- In key order, as the batches lock.
    WITH locked AS (
        SELECT k.key FROM kv_store k
        WHERE k.tenant_id = v_tenant AND k.key >= kv_clear.prefix AND k.key < v_end
        ORDER BY k.key
        FOR UPDATE
    ), deleted AS (
        DELETE FROM kv_store k USING locked l
        WHERE k.tenant_id = v_tenant AND k.key = l.key
        RETURNING k.expires_at
    )
    SELECT count(*) FILTER (WHERE d.expires_at IS NULL OR d.expires_at > v_now) INTO v_count FROM deleted d;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.kv_clear(text) IS 'Deletes every key of the own tenant that begins with prefix (default: all) and returns how many existed. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.kv_clear(''user:'');';

CREATE OR REPLACE FUNCTION llmspell.kv_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_count bigint;
BEGIN
    -- SKIP LOCKED: a sweep never waits for a writer, who brings the key back to life anyway.
    WITH due AS (
        SELECT k.key FROM kv_store k
        WHERE k.tenant_id = v_tenant AND k.expires_at <= v_now
        ORDER BY k.expires_at
        LIMIT _max_rows(kv_sweep.max_rows)
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM kv_store k USING due d WHERE k.tenant_id = v_tenant AND k.key = d.key;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.kv_sweep(integer) IS 'Removes up to max_rows expired keys of the own tenant from the table and returns how many. Never needed for correctness. Errors: 42501 no tenant, 22004 null, 22023 negative max_rows. Example: SELECT llmspell.kv_sweep(1000);';
