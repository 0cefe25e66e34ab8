-- Writes of the key-value store. A write locks the one row that it writes; the batch forms lock rows in key order, so
-- that two batches with the same keys wait for each other and do not deadlock.

CREATE OR REPLACE FUNCTION llmspell_internal._tg_kv_store_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- A client that knows nothing of types writes bytes.
    IF NEW.version = OLD.version AND NEW.value_type = OLD.value_type AND NEW.value_type <> 'bytes' AND NEW.value <> OLD.value THEN
        NEW.value_type := 'bytes';
    END IF;
    IF OLD.expires_at <= statement_timestamp() THEN
        -- A plain UPDATE of an expired key revives it; otherwise kv_sweep would delete the new value.
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
COMMENT ON FUNCTION llmspell_internal._tg_kv_store_update() IS 'Keeps version, updated_at and value_type, and makes an expired key a new one, for raw writers too.';
-- kv_set counts itself where the row has no expiry; all other writes are counted here.
CREATE OR REPLACE TRIGGER kv_store_update BEFORE UPDATE ON llmspell.kv_store
    FOR EACH ROW WHEN (NEW.version IS DISTINCT FROM OLD.version + 1
        OR NEW.updated_at IS DISTINCT FROM now() OR OLD.expires_at IS NOT NULL)
    EXECUTE FUNCTION llmspell_internal._tg_kv_store_update();

CREATE OR REPLACE FUNCTION llmspell_internal._kv_check(key text, value bytea) RETURNS void
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_kv_check_wrapper';
COMMENT ON FUNCTION llmspell_internal._kv_check(text, bytea) IS 'Checks a key and a value.
Errors: 22004 null, 22001 key over 500 characters, 54000 value over 128 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._kv_check(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._kv_check_type(value bytea, value_type text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    CASE _given(value_type, 'value_type')
        WHEN 'bytes' THEN NULL;
        WHEN 'text' THEN PERFORM convert_from(value, 'UTF8');
        WHEN 'json' THEN PERFORM _storage_json(value);
        ELSE
            RAISE EXCEPTION 'value_type must be bytes, text or json, got "%"', left(value_type, 100)
                USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell_internal._kv_check_type(bytea, text) IS 'Checks that bytes are a value of the type.
Errors: 22004 null type, 22023 unknown type, 22021 no UTF-8, 22P02 or 22P05 no JSON, 54000 too large or too deep JSON.';
GRANT EXECUTE ON FUNCTION llmspell_internal._kv_check_type(bytea, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._kv_check_made(keys text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _raise_unseen('key', k.key) FROM kv_store k WHERE k.tenant_id = v_tenant AND k.key = ANY (keys) GROUP BY k.key HAVING count(*) > 1;
END
$$;
COMMENT ON FUNCTION llmspell_internal._kv_check_made(text[]) IS 'Refuses keys that a transaction with a kept snapshot has made while it still sees those that another has deleted.
Errors: 40001.';
GRANT EXECUTE ON FUNCTION llmspell_internal._kv_check_made(text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.kv_set(key text, value bytea, metadata jsonb DEFAULT NULL,
                                expected_version bigint DEFAULT NULL, ttl interval DEFAULT NULL, value_type text DEFAULT 'bytes')
RETURNS TABLE (kv_id uuid, version bigint, created boolean)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_expires_at constant timestamptz := CASE WHEN kv_set.ttl IS NOT NULL THEN _expiry(NULL, kv_set.ttl) END;
    v_type constant text := coalesce(kv_set.value_type, 'bytes');
    v_actual bigint;
BEGIN
    PERFORM _kv_check(kv_set.key, kv_set.value), _check_expected(kv_set.expected_version);
    IF v_type <> 'bytes' THEN
        PERFORM _kv_check_type(kv_set.value, v_type);
    END IF;
    IF kv_set.expected_version > 0 THEN
        UPDATE kv_store k
        SET value = kv_set.value, value_type = v_type, metadata = kv_set.metadata, expires_at = v_expires_at,
            version = k.version + 1, updated_at = now()
        WHERE k.tenant_id = v_tenant AND k.key = kv_set.key AND k.version = kv_set.expected_version
          AND (k.expires_at IS NULL OR k.expires_at > v_now)
        RETURNING k.kv_id, k.version INTO kv_id, version;
    ELSE
        INSERT INTO kv_store AS k (tenant_id, key, value, value_type, metadata, expires_at)
        VALUES (v_tenant, kv_set.key, kv_set.value, v_type, kv_set.metadata, v_expires_at)
        ON CONFLICT (tenant_id, key) DO UPDATE
        SET value = EXCLUDED.value, value_type = EXCLUDED.value_type, metadata = EXCLUDED.metadata, expires_at = EXCLUDED.expires_at,
            version = k.version + 1, updated_at = now()
        WHERE kv_set.expected_version IS NULL OR k.expires_at <= v_now
        RETURNING k.kv_id, k.version INTO kv_id, version;
    END IF;
    IF kv_id IS NULL THEN
        SELECT k.version INTO v_actual FROM kv_get(kv_set.key) k;
        PERFORM _raise_conflict('key', kv_set.key, kv_set.expected_version, coalesce(v_actual, 0));
    END IF;
    created := version = 1;
    IF created AND current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _kv_check_made(ARRAY[kv_set.key]);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.kv_set(text, bytea, jsonb, bigint, interval, text) IS 'Stores bytes and metadata under a key, and returns its id, its version and whether it is new.
Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 ttl, value_type or expected_version, 22008 ttl, LS409 another version, 22021, 22P02, 22P05 bytes that are not of value_type.
Example: SELECT version FROM llmspell.kv_set(''avatar:42'', ''\x89504e47'', ttl => ''1 hour'');';

CREATE OR REPLACE FUNCTION llmspell.kv_set_text(key text, value text, metadata jsonb DEFAULT NULL,
                                expected_version bigint DEFAULT NULL, ttl interval DEFAULT NULL)
RETURNS TABLE (kv_id uuid, version bigint, created boolean)
LANGUAGE sql VOLATILE ROWS 1
BEGIN ATOMIC
    SELECT s.kv_id, s.version, s.created
    FROM llmspell.kv_set(kv_set_text.key, convert_to(kv_set_text.value, 'UTF8'), kv_set_text.metadata,
        kv_set_text.expected_version, kv_set_text.ttl, 'text') s;
END;
COMMENT ON FUNCTION llmspell.kv_set_text(text, text, jsonb, bigint, interval) IS 'Stores a text and metadata under a key, and returns its id, its version and whether it is new.
Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 ttl or expected_version, 22008 ttl, LS409 another version.
Example: SELECT version FROM llmspell.kv_set_text(''user:42'', ''Ada'', ttl => ''1 hour'');';

CREATE OR REPLACE FUNCTION llmspell.kv_set_json(key text, value jsonb, metadata jsonb DEFAULT NULL,
                                expected_version bigint DEFAULT NULL, ttl interval DEFAULT NULL)
RETURNS TABLE (kv_id uuid, version bigint, created boolean)
LANGUAGE sql VOLATILE ROWS 1
BEGIN ATOMIC
    SELECT s.kv_id, s.version, s.created
    FROM llmspell.kv_set(kv_set_json.key,
        CASE WHEN llmspell_internal._storable(kv_set_json.value, 'value') THEN convert_to(kv_set_json.value::text, 'UTF8') END,
        kv_set_json.metadata, kv_set_json.expected_version, kv_set_json.ttl, 'json') s;
END;
COMMENT ON FUNCTION llmspell.kv_set_json(text, jsonb, jsonb, bigint, interval) IS 'Stores a JSON document and metadata under a key, and returns its id, its version and whether it is new.
Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 ttl or expected_version, 22008 ttl, LS409 another version.
Example: SELECT version FROM llmspell.kv_set_json(''user:42'', ''{"name": "Ada"}'');';

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
    PERFORM _given(kv_set_many.keys, 'keys'), _given(kv_set_many.data, 'data');
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
    RETURN QUERY
    INSERT INTO kv_store AS k (tenant_id, key, value, metadata, expires_at)
    SELECT v_tenant, i.key, i.value, i.metadata, v_expires_at
    FROM unnest(kv_set_many.keys, kv_set_many.data, kv_set_many.metadata) AS i (key, value, metadata)
    ORDER BY i.key COLLATE "C"
    ON CONFLICT (tenant_id, key) DO UPDATE
    SET value = EXCLUDED.value, value_type = EXCLUDED.value_type, metadata = EXCLUDED.metadata, expires_at = EXCLUDED.expires_at,
        version = k.version + 1, updated_at = now()
    RETURNING k.key::text, k.version, k.version = 1;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _kv_check_made(kv_set_many.keys);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.kv_set_many(text[], bytea[], jsonb[], interval) IS 'Stores data[i] and metadata[i] under keys[i], all or nothing, and returns each key in order with its version.
Errors: as kv_set, 2202E arrays of different length, 22023 a key given twice.
Example: SELECT * FROM llmspell.kv_set_many(ARRAY[''a'', ''b''], ARRAY[''1'', ''2'']::bytea[]);';

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
    PERFORM _given(kv_delete.key, 'key'), _check_expected(kv_delete.expected_version);
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
COMMENT ON FUNCTION llmspell.kv_delete(text, bigint) IS 'Deletes a key, and returns whether it existed.
Errors: 42501 no tenant, 22004 null, 22023 negative expected_version, LS409 another version.
Example: SELECT llmspell.kv_delete(''user:42'');';

-- Rows that a function deletes in numbers are locked in key order first and then deleted by their place (ctid): a
-- locked row does not move, and no join can turn quadratic on statistics of a small table.
CREATE OR REPLACE FUNCTION llmspell.kv_delete_many(keys text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- The key finds its row by the index, also by a plan that was made for an empty table.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_places tid[];
    v_count bigint;
BEGIN
    PERFORM _given(kv_delete_many.keys, 'keys');
    SELECT array_agg(l.ctid), count(*) FILTER (WHERE l.expires_at IS NULL OR l.expires_at > v_now) INTO v_places, v_count
    FROM (SELECT k.ctid, k.expires_at FROM kv_store k
          WHERE k.tenant_id = v_tenant AND k.key = ANY (kv_delete_many.keys)
          ORDER BY k.key
          FOR UPDATE) AS l;
    DELETE FROM kv_store k WHERE k.tenant_id = v_tenant AND k.ctid = ANY (v_places);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.kv_delete_many(text[]) IS 'Deletes the given keys, all or nothing, and returns how many of them existed.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.kv_delete_many(ARRAY[''user:42'', ''user:43'']);';

CREATE OR REPLACE FUNCTION llmspell.kv_delete_prefix(prefix text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_end constant text := _prefix_end(_given(kv_delete_prefix.prefix, 'prefix'));
    v_now constant timestamptz := statement_timestamp();
    v_places tid[];
    v_count bigint;
BEGIN
    SELECT array_agg(l.ctid), count(*) FILTER (WHERE l.expires_at IS NULL OR l.expires_at > v_now) INTO v_places, v_count
    FROM (SELECT k.ctid, k.expires_at FROM kv_store k
          WHERE k.tenant_id = v_tenant AND k.key >= kv_delete_prefix.prefix AND k.key < v_end
          ORDER BY k.key
          FOR UPDATE) AS l;
    DELETE FROM kv_store k WHERE k.tenant_id = v_tenant AND k.ctid = ANY (v_places);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.kv_delete_prefix(text) IS 'Deletes every key that begins with prefix, all keys for an empty one, and returns how many existed.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.kv_delete_prefix(''user:'');';

CREATE OR REPLACE FUNCTION llmspell.kv_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_places tid[];
    v_count bigint;
BEGIN
    -- SKIP LOCKED: a sweep never waits for a writer, who brings the key back to life anyway.
    v_places := ARRAY(
        SELECT k.ctid FROM kv_store k
        WHERE k.tenant_id = v_tenant AND k.expires_at <= v_now
        ORDER BY k.expires_at
        LIMIT _max_rows(coalesce(kv_sweep.max_rows, 1000))
        FOR UPDATE SKIP LOCKED);
    DELETE FROM kv_store k WHERE k.tenant_id = v_tenant AND k.ctid = ANY (v_places);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.kv_sweep(integer) IS 'Removes up to max_rows expired keys from the table, and returns how many.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT llmspell.kv_sweep(1000);';
