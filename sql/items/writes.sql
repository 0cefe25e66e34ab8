-- Writes of items. A write locks the rows that it writes in the order of namespace and key, so that two batches with the
-- same items wait for each other and do not deadlock.

CREATE OR REPLACE FUNCTION llmspell.item_put(namespace text[], key text, value jsonb, ttl interval DEFAULT NULL, index_text text DEFAULT NULL,
    embedding @extschema:vector@.vector DEFAULT NULL, embeddings @extschema:vector@.vector[] DEFAULT NULL, language text DEFAULT NULL, expected_version bigint DEFAULT NULL)
RETURNS TABLE (version bigint, created boolean)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_namespace constant text := _item_path(item_put.namespace, 'namespace');
    v_key constant text := _item_key(v_namespace, item_put.key);
    v_expires_at constant timestamptz := CASE WHEN item_put.ttl IS NOT NULL THEN _expiry(NULL, item_put.ttl) END;
    v_embeddings constant @extschema:vector@.vector[] := CASE WHEN num_nonnulls(item_put.embedding, item_put.embeddings) > 0
        THEN _item_embeddings(item_put.embedding, item_put.embeddings) END;
    v_language constant text := coalesce(item_put.language, get_current_ts_config()::text);
    v_actual bigint;
BEGIN
    IF item_put.value IS NULL OR item_put.expected_version < 0 THEN
        PERFORM _given(item_put.value, 'value'), _check_expected(item_put.expected_version);
    END IF;
    IF item_put.language IS NOT NULL THEN
        PERFORM _vector_language(item_put.language);
    END IF;
    IF item_put.expected_version > 0 THEN
        UPDATE items i
        SET value = item_put.value, ttl = item_put.ttl, expires_at = v_expires_at, content = item_put.index_text, language = v_language, fts = NULL,
            embeddings = v_embeddings, version = i.version + 1, updated_at = now()
        WHERE i.tenant_id = v_tenant AND i.namespace = v_namespace AND i.key = v_key AND i.version = item_put.expected_version
          AND (i.expires_at IS NULL OR i.expires_at > v_now)
        RETURNING i.version INTO version;
    ELSE
        INSERT INTO items AS i (tenant_id, namespace, key, value, ttl, expires_at, content, language, embeddings)
        VALUES (v_tenant, v_namespace, v_key, item_put.value, item_put.ttl, v_expires_at, item_put.index_text, v_language, v_embeddings)
        ON CONFLICT (tenant_id, namespace, key) DO UPDATE
        SET value = EXCLUDED.value, ttl = EXCLUDED.ttl, expires_at = EXCLUDED.expires_at, content = EXCLUDED.content, language = EXCLUDED.language,
            fts = NULL, embeddings = EXCLUDED.embeddings, updated_at = now(),
            version = CASE WHEN i.expires_at <= v_now THEN 1 ELSE i.version + 1 END, created_at = CASE WHEN i.expires_at <= v_now THEN now() ELSE i.created_at END
        WHERE item_put.expected_version IS NULL OR i.expires_at <= v_now
        RETURNING i.version INTO version;
    END IF;
    IF version IS NULL THEN
        SELECT g.version INTO v_actual FROM item_get(item_put.namespace, v_key) g;
        PERFORM _raise_conflict('item', v_key, item_put.expected_version, coalesce(v_actual, 0));
    END IF;
    created := version = 1;
    IF created AND current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _raise_unseen('item', i.key) FROM items i
        WHERE i.tenant_id = v_tenant AND i.namespace = v_namespace AND i.key = v_key GROUP BY i.key HAVING count(*) > 1;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.item_put IS 'Stores a document under a key of a namespace, with a text and vectors to be found by; its version and whether it is new.
Errors: 42501 no tenant, 22004 null, 22001 key too long, 54000 too large or too deep, 22023 namespace, ttl, language, expected_version, a vector of zeros, 22008 ttl, LS409 another version.
Example: SELECT version FROM llmspell.item_put(''{users,42}'', ''name'', ''{"text": "Ada"}'', ttl => ''30 days'', index_text => ''Ada'');';

CREATE OR REPLACE FUNCTION llmspell.item_put_many(items jsonb) RETURNS SETOF llmspell_internal.item_written
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_namespaces text[];
    v_keys text[];
    v_items jsonb[];
    v_language constant text := get_current_ts_config()::text;
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_twice record;
BEGIN
    SELECT array_agg(p.namespace), array_agg(p.key), array_agg(p.item) INTO v_namespaces, v_keys, v_items FROM _item_places(item_put_many.items) p;
    SELECT n.namespace, n.key INTO v_twice FROM unnest(v_namespaces, v_keys) AS n (namespace, key) GROUP BY n.namespace, n.key HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'item % is given twice', left(_item_cursor(v_twice.namespace, v_twice.key), 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give each item once in a batch.';
    END IF;
    PERFORM _given(n.item -> 'value', 'value'), CASE WHEN n.item ->> 'language' IS NOT NULL THEN _vector_language(n.item ->> 'language') END FROM unnest(v_items) AS n (item);
    RETURN QUERY
    INSERT INTO items AS i (tenant_id, namespace, key, value, ttl, expires_at, content, language, embeddings)
    SELECT v_tenant, n.namespace, n.key, n.item -> 'value', t.ttl, CASE WHEN t.ttl IS NOT NULL THEN _expiry(NULL, t.ttl) END, n.item ->> 'index_text',
        coalesce(n.item ->> 'language', v_language), CASE WHEN n.item ?| '{embedding,embeddings}' THEN _item_embeddings(
            (NULLIF(n.item -> 'embedding', 'null')::text)::@extschema:vector@.vector,
            CASE WHEN NULLIF(n.item -> 'embeddings', 'null') IS NOT NULL
                 THEN ARRAY(SELECT (e::text)::@extschema:vector@.vector FROM jsonb_array_elements(n.item -> 'embeddings') AS e) END) END
    FROM unnest(v_namespaces, v_keys, v_items) AS n (namespace, key, item)
    CROSS JOIN LATERAL (SELECT (n.item ->> 'ttl')::interval AS ttl) AS t
    ORDER BY n.namespace COLLATE "C", n.key COLLATE "C"
    ON CONFLICT (tenant_id, namespace, key) DO UPDATE
    SET value = EXCLUDED.value, ttl = EXCLUDED.ttl, expires_at = EXCLUDED.expires_at, content = EXCLUDED.content, language = EXCLUDED.language,
        fts = NULL, embeddings = EXCLUDED.embeddings, updated_at = now(),
        version = CASE WHEN i.expires_at <= v_now THEN 1 ELSE i.version + 1 END, created_at = CASE WHEN i.expires_at <= v_now THEN now() ELSE i.created_at END
    RETURNING _item_segments(i.namespace), i.key::text, i.version, i.version = 1;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        -- Counted one by one: a join by a unique key stops at the first row.
        PERFORM _raise_unseen('item', n.key) FROM unnest(v_namespaces, v_keys) AS n (namespace, key)
        WHERE (SELECT count(*) FROM items i WHERE i.tenant_id = v_tenant AND i.namespace = n.namespace AND i.key = n.key) > 1;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.item_put_many(jsonb) IS 'Stores items, an array of objects with the arguments of item_put but expected_version, all or none, in order.
Errors: as item_put, 22023 no array of objects, a namespace that is no array of strings, or an item given twice.
Example: SELECT key, version FROM llmspell.item_put_many(''[{"namespace": ["users", "42"], "key": "name", "value": "Ada"}]'');';

CREATE OR REPLACE FUNCTION llmspell.item_touch(namespace text[], key text, ttl interval DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_namespace constant text := _item_path(item_touch.namespace, 'namespace');
BEGIN
    IF item_touch.ttl IS NOT NULL THEN
        PERFORM _expiry(NULL, item_touch.ttl);
    END IF;
    UPDATE items i SET ttl = coalesce(item_touch.ttl, i.ttl), expires_at = CASE WHEN coalesce(item_touch.ttl, i.ttl) IS NOT NULL THEN _expiry(NULL, coalesce(item_touch.ttl, i.ttl)) END
    WHERE i.tenant_id = v_tenant AND i.namespace = v_namespace AND i.key = _given(item_touch.key, 'key')
      AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp());
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.item_touch(text[], text, interval) IS 'Gives an item its life anew, or another one; returns whether it exists. Value and version stay.
Errors: 42501 no tenant, 22004 null, 22023 namespace or ttl, 22008 ttl.
Example: SELECT llmspell.item_touch(''{users,42}'', ''name'');';

CREATE OR REPLACE FUNCTION llmspell.item_touch_many(items jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_places tid[];
    v_count bigint;
BEGIN
    SELECT array_agg(l.ctid) INTO v_places
    FROM (SELECT i.ctid FROM (SELECT DISTINCT p.namespace COLLATE "C" AS namespace, p.key COLLATE "C" AS key FROM _item_places(item_touch_many.items) p) AS p
          CROSS JOIN items i
          WHERE i.tenant_id = v_tenant AND i.namespace = p.namespace AND i.key = p.key AND i.expires_at > statement_timestamp() AND i.ttl IS NOT NULL
          ORDER BY i.namespace, i.key
          FOR UPDATE OF i) AS l;
    -- Rows that are locked do not move.
    UPDATE items i SET expires_at = _expiry(NULL, i.ttl) WHERE i.tenant_id = v_tenant AND i.ctid = ANY (v_places);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.item_touch_many(jsonb) IS 'Gives items, an array of {"namespace", "key"}, their lives anew, and returns how many have one.
Errors: as item_get_many.
Example: SELECT llmspell.item_touch_many(''[{"namespace": ["users", "42"], "key": "name"}]'');';

CREATE OR REPLACE FUNCTION llmspell.item_delete(namespace text[], key text, expected_version bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_namespace constant text := _item_path(item_delete.namespace, 'namespace');
    v_now constant timestamptz := statement_timestamp();
    v_live boolean;
    v_actual bigint;
BEGIN
    PERFORM _given(item_delete.key, 'key'), _check_expected(item_delete.expected_version);
    DELETE FROM items i
    WHERE i.tenant_id = v_tenant AND i.namespace = v_namespace AND i.key = item_delete.key
      AND (item_delete.expected_version IS NULL OR i.version = item_delete.expected_version AND (i.expires_at IS NULL OR i.expires_at > v_now))
    RETURNING i.expires_at IS NULL OR i.expires_at > v_now INTO v_live;
    IF v_live IS NULL AND item_delete.expected_version IS NOT NULL THEN
        SELECT g.version INTO v_actual FROM item_get(item_delete.namespace, item_delete.key) g;
        IF item_delete.expected_version <> coalesce(v_actual, 0) THEN
            PERFORM _raise_conflict('item', item_delete.key, item_delete.expected_version, coalesce(v_actual, 0));
        END IF;
    END IF;
    RETURN coalesce(v_live, false);
END
$$;
COMMENT ON FUNCTION llmspell.item_delete(text[], text, bigint) IS 'Deletes an item, and returns whether it existed.
Errors: 42501 no tenant, 22004 null, 22023 namespace or negative expected_version, LS409 another version.
Example: SELECT llmspell.item_delete(''{users,42}'', ''name'');';

CREATE OR REPLACE FUNCTION llmspell.item_delete_many(items jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_places tid[];
    v_count bigint;
BEGIN
    SELECT array_agg(l.ctid), count(*) FILTER (WHERE l.expires_at IS NULL OR l.expires_at > v_now) INTO v_places, v_count
    FROM (SELECT i.ctid, i.expires_at FROM (SELECT DISTINCT p.namespace COLLATE "C" AS namespace, p.key COLLATE "C" AS key FROM _item_places(item_delete_many.items) p) AS p
          CROSS JOIN items i
          WHERE i.tenant_id = v_tenant AND i.namespace = p.namespace AND i.key = p.key
          ORDER BY i.namespace, i.key
          FOR UPDATE OF i) AS l;
    DELETE FROM items i WHERE i.tenant_id = v_tenant AND i.ctid = ANY (v_places);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.item_delete_many(jsonb) IS 'Deletes items, an array of {"namespace", "key"}, all or nothing, and returns how many of them existed.
Errors: as item_get_many.
Example: SELECT llmspell.item_delete_many(''[{"namespace": ["users", "42"], "key": "name"}]'');';

CREATE OR REPLACE FUNCTION llmspell.item_rename(namespace text[], key text, new_namespace text[], new_key text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_old constant text := _item_path(item_rename.namespace, 'namespace');
    v_new constant text := _item_path(item_rename.new_namespace, 'new_namespace');
    v_key constant text := _item_key(v_new, item_rename.new_key);
    v_live boolean;
BEGIN
    -- Both rows in order, as every write locks them.
    PERFORM FROM items i
    WHERE i.tenant_id = v_tenant AND (i.namespace = v_old AND i.key = _given(item_rename.key, 'key') OR i.namespace = v_new AND i.key = v_key)
    ORDER BY i.namespace, i.key FOR UPDATE;
    IF (v_old, item_rename.key) = (v_new, v_key) THEN
        RETURN EXISTS (SELECT FROM item_get(item_rename.namespace, item_rename.key));
    END IF;
    SELECT i.expires_at IS NULL OR i.expires_at > v_now INTO v_live FROM items i WHERE i.tenant_id = v_tenant AND i.namespace = v_old AND i.key = item_rename.key;
    IF v_live IS NOT TRUE THEN
        RETURN false;
    END IF;
    DELETE FROM items i WHERE i.tenant_id = v_tenant AND i.namespace = v_new AND i.key = v_key AND i.expires_at <= v_now;
    BEGIN
        UPDATE items i SET namespace = v_new, key = v_key WHERE i.tenant_id = v_tenant AND i.namespace = v_old AND i.key = item_rename.key;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'item % exists', left(_item_cursor(v_new, v_key), 100) USING ERRCODE = 'unique_violation', HINT = 'Delete it first, or choose another name.';
    END;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.item_rename(text[], text, text[], text) IS 'Moves an item to another namespace, key or both, and returns whether it existed; its version stays.
Errors: 42501 no tenant, 22004 null, 22001 new_key too long, 22023 a namespace, 54000 too large, 23505 there is an item.
Example: SELECT llmspell.item_rename(''{users,42}'', ''name'', ''{users,42}'', ''full name'');';

CREATE OR REPLACE FUNCTION llmspell.namespace_rename(namespace_prefix text[], new_prefix text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_old constant text := _item_path(namespace_rename.namespace_prefix, 'namespace_prefix');
    v_new constant text := _item_path(namespace_rename.new_prefix, 'new_prefix');
    v_old_end constant text := _item_subtree_end(v_old);
    v_new_end constant text := _item_subtree_end(v_new);
    v_places tid[];
    v_count bigint;
BEGIN
    IF v_old = v_new THEN
        RETURN item_count(namespace_rename.namespace_prefix);
    END IF;
    IF starts_with(v_new, v_old) OR starts_with(v_old, v_new) THEN
        RAISE EXCEPTION 'a namespace cannot be moved into itself or into one that it is part of: %, %', left(_item_cursor(v_old, NULL), 100), left(_item_cursor(v_new, NULL), 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Move it to a third namespace first.';
    END IF;
    -- All rows of both in order, as every write locks them; those that have expired go.
    SELECT array_agg(l.ctid) FILTER (WHERE l.expires_at <= v_now) INTO v_places
    FROM (SELECT i.ctid, i.expires_at FROM items i
          WHERE i.tenant_id = v_tenant AND (i.namespace >= v_old AND i.namespace < v_old_end OR i.namespace >= v_new AND i.namespace < v_new_end)
          ORDER BY i.namespace, i.key FOR UPDATE) AS l;
    DELETE FROM items i WHERE i.tenant_id = v_tenant AND i.ctid = ANY (v_places);
    BEGIN
        UPDATE items i SET namespace = v_new || substr(i.namespace, length(v_old) + 1)
        WHERE i.tenant_id = v_tenant AND i.namespace >= v_old AND i.namespace < v_old_end;
        GET DIAGNOSTICS v_count = ROW_COUNT;
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'namespace % has an item with the name of one that would be moved', left(_item_cursor(v_new, NULL), 100)
            USING ERRCODE = 'unique_violation', HINT = 'Delete it first, or choose another namespace.';
    WHEN check_violation THEN
        RAISE EXCEPTION 'a namespace and a key have at most 1500 bytes together, some of those moved would have more'
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Choose a shorter namespace.';
    END;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.namespace_rename(text[], text[]) IS 'Moves the items of all namespaces that begin with some segments to others in place of these; returns how many.
Errors: 42501 no tenant, 22004 null, 22023 a namespace, or one within the other, 54000 too long, 23505 there is an item.
Example: SELECT llmspell.namespace_rename(''{users,42}'', ''{former,42}'');';

CREATE OR REPLACE FUNCTION llmspell.namespace_delete(namespace_prefix text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_prefix constant text := _item_path(namespace_delete.namespace_prefix, 'namespace_prefix');
    v_end constant text := _item_subtree_end(v_prefix);
    v_now constant timestamptz := statement_timestamp();
    v_places tid[];
    v_count bigint;
BEGIN
    SELECT array_agg(l.ctid), count(*) FILTER (WHERE l.expires_at IS NULL OR l.expires_at > v_now) INTO v_places, v_count
    FROM (SELECT i.ctid, i.expires_at FROM items i
          WHERE i.tenant_id = v_tenant AND i.namespace >= v_prefix AND i.namespace < v_end
          ORDER BY i.namespace, i.key
          FOR UPDATE) AS l;
    DELETE FROM items i WHERE i.tenant_id = v_tenant AND i.ctid = ANY (v_places);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.namespace_delete(text[]) IS 'Deletes the items of all namespaces that begin with some segments, all of them for none; returns how many existed.
Errors: 42501 no tenant, 22004 null, 22023 or 54000 namespace_prefix.
Example: SELECT llmspell.namespace_delete(''{users,42}'');';

CREATE OR REPLACE FUNCTION llmspell.item_sweep(max_rows int DEFAULT 1000) RETURNS bigint
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
    -- SKIP LOCKED: a sweep never waits for a writer, who brings the item back to life anyway.
    v_places := ARRAY(
        SELECT i.ctid FROM items i
        WHERE i.tenant_id = v_tenant AND i.expires_at <= v_now
        ORDER BY i.expires_at
        LIMIT _max_rows(coalesce(item_sweep.max_rows, 1000))
        FOR UPDATE SKIP LOCKED);
    DELETE FROM items i WHERE i.tenant_id = v_tenant AND i.ctid = ANY (v_places);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.item_sweep(integer) IS 'Removes up to max_rows expired items from the table, and returns how many.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT llmspell.item_sweep(1000);';
