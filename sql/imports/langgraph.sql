-- Threads and items from the tables of LangGraph's savers and stores for Postgres, those of Python and of JavaScript.

CREATE OR REPLACE FUNCTION llmspell.import_langgraph(source_schema text, tenant text DEFAULT NULL, dry_run boolean DEFAULT true, thread_ids text[] DEFAULT NULL)
RETURNS TABLE (kind text, total bigint, imported bigint, present bigint, skipped bigint)
LANGUAGE plpgsql VOLATILE ROWS 4
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _import_begin(import_langgraph.tenant);
    v_dry constant boolean := coalesce(import_langgraph.dry_run, true);
    v_checkpoints constant regclass := _import_table(_given(import_langgraph.source_schema, 'source_schema'), 'checkpoints');
    v_store constant regclass := _import_table(import_langgraph.source_schema, 'store');
BEGIN
    IF v_checkpoints IS NULL AND (v_store IS NULL OR import_langgraph.thread_ids IS NOT NULL) THEN
        RAISE EXCEPTION 'schema "%" has no table of LangGraph', left(import_langgraph.source_schema, 100) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'A saver has the table checkpoints, a store the table store. Give the schema that they are in.';
    END IF;
    IF v_checkpoints IS NOT NULL THEN
        RETURN QUERY SELECT * FROM _import_threads(import_langgraph.source_schema, v_checkpoints, v_dry, import_langgraph.thread_ids);
    END IF;
    IF v_store IS NOT NULL AND import_langgraph.thread_ids IS NULL THEN
        RETURN QUERY SELECT * FROM _import_items(import_langgraph.source_schema, v_store, v_dry);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.import_langgraph(text, text, boolean, text[]) IS 'Copies the threads and items of LangGraph''s tables in a schema; only counts unless dry_run is false.
Errors: 42501 no tenant, or no SELECT on a table, 22023 no such tables or columns, 42804 other types, 0A000 not READ COMMITTED, those of checkpoint_put and item_put.
Example: SELECT * FROM llmspell.import_langgraph(''public'', ''acme'', dry_run => false);';

CREATE OR REPLACE FUNCTION llmspell_internal._import_threads(source_schema text, checkpoints regclass, dry_run boolean, thread_ids text[])
RETURNS TABLE (kind text, total bigint, imported bigint, present bigint, skipped bigint)
LANGUAGE plpgsql VOLATILE ROWS 3
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off -- of tables that are being filled
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_texts constant regtype[] := (_import_types()).texts;
    v_blobs constant regclass := _import_table(source_schema, 'checkpoint_blobs');
    v_writes constant regclass := _import_table(source_schema, 'checkpoint_writes');
    v_path text;
    v_thread text;
    v_total bigint[] := '{0,0,0}';
    v_imported bigint[] := '{0,0,0}';
    v_row record;
    v_values record;
    v_place text;
    v_state text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    IF v_blobs IS NULL OR v_writes IS NULL THEN
        RAISE EXCEPTION 'schema "%" has no table "%"', left(source_schema, 100), CASE WHEN v_blobs IS NULL THEN 'checkpoint_blobs' ELSE 'checkpoint_writes' END
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Let the saver run its setup() first, so that its tables have their newest form.';
    END IF;
    PERFORM _import_column(c.source, c.name, c.types, true) FROM (VALUES
        (checkpoints, 'thread_id', v_texts), (checkpoints, 'checkpoint_ns', v_texts), (checkpoints, 'checkpoint_id', v_texts), (checkpoints, 'parent_checkpoint_id', v_texts),
        (checkpoints, 'checkpoint', '{jsonb}'), (checkpoints, 'metadata', '{jsonb}'),
        (v_blobs, 'thread_id', v_texts), (v_blobs, 'checkpoint_ns', v_texts), (v_blobs, 'channel', v_texts), (v_blobs, 'version', v_texts), (v_blobs, 'type', v_texts), (v_blobs, 'blob', '{bytea}'),
        (v_writes, 'thread_id', v_texts), (v_writes, 'checkpoint_ns', v_texts), (v_writes, 'checkpoint_id', v_texts), (v_writes, 'task_id', v_texts), (v_writes, 'idx', '{integer}'),
        (v_writes, 'channel', v_texts), (v_writes, 'type', v_texts), (v_writes, 'blob', '{bytea}')) AS c (source, name, types);
    v_path := coalesce('w.' || _import_column(v_writes, 'task_path', v_texts, false), quote_literal(''));
    LOOP
        -- One thread after the other by the index, however many there are.
        EXECUTE format('SELECT c.thread_id::text FROM %s c WHERE ($1 IS NULL OR c.thread_id > $1) AND ($2 IS NULL OR c.thread_id = ANY ($2)) ORDER BY c.thread_id LIMIT 1', checkpoints)
        INTO v_thread USING v_thread, thread_ids;
        EXIT WHEN v_thread IS NULL;
        v_place := format('thread "%s"', v_thread);
        v_total[1] := v_total[1] + 1;
        v_imported[1] := v_imported[1] + (NOT EXISTS (SELECT FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread))::int;
        -- In the order of their ids, so that each comes after its parent and is packed against it.
        FOR v_row IN EXECUTE format('SELECT c.checkpoint_ns::text AS namespace, c.checkpoint_id::text AS checkpoint_id, c.parent_checkpoint_id::text AS parent_id, c.checkpoint, c.metadata,
                (SELECT p.checkpoint -> ''channel_versions'' FROM %1$s p WHERE p.thread_id = $1 AND p.checkpoint_ns = c.checkpoint_ns AND p.checkpoint_id = c.parent_checkpoint_id
                    AND p.checkpoint_id COLLATE "C" < c.checkpoint_id COLLATE "C") AS parent_versions
            FROM %1$s c WHERE c.thread_id = $1 ORDER BY c.checkpoint_ns COLLATE "C", c.checkpoint_id COLLATE "C"', checkpoints) USING v_thread
        LOOP
            v_place := format('checkpoint "%s" of thread "%s"', v_row.checkpoint_id, v_thread);
            v_total[2] := v_total[2] + 1;
            PERFORM _thread_key(v_thread, v_row.namespace, v_row.checkpoint_id);
            CONTINUE WHEN EXISTS (SELECT FROM thread_checkpoints t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread AND t.namespace = v_row.namespace AND t.checkpoint_id = v_row.checkpoint_id);
            v_imported[2] := v_imported[2] + 1;
            CONTINUE WHEN dry_run;
            -- The values that its parent has not; each is found by its key.
            EXECUTE format('SELECT array_agg(v.key ORDER BY v.n) AS channels, array_agg(b.type ORDER BY v.n) AS types, array_agg(b.blob ORDER BY v.n) AS blobs
                FROM jsonb_each_text(CASE WHEN jsonb_typeof($1) = ''object'' THEN $1 END) WITH ORDINALITY AS v (key, value, n)
                CROSS JOIN LATERAL (SELECT b.type::text AS type, b.blob FROM %s b WHERE b.thread_id = $2 AND b.checkpoint_ns = $3 AND b.channel = v.key AND b.version = v.value OFFSET 0) AS b
                WHERE v.value IS DISTINCT FROM $4 ->> v.key', v_blobs)
            INTO v_values USING v_row.checkpoint -> 'channel_versions', v_thread, v_row.namespace, v_row.parent_versions;
            PERFORM checkpoint_put(v_thread, v_row.namespace, v_row.checkpoint_id, v_row.parent_id, v_row.checkpoint, v_row.metadata, v_values.channels, v_values.types, v_values.blobs);
        END LOOP;
        -- One by one in one pass: a look-up of those of a task may go by the index of the thread alone.
        FOR v_row IN EXECUTE format('SELECT w.checkpoint_ns::text AS namespace, w.checkpoint_id::text AS checkpoint_id, w.task_id::text AS task_id, w.idx, w.channel::text AS channel,
                coalesce(w.type::text, '''') AS type, %s AS blob, %s::text AS path
            FROM %s w WHERE w.thread_id = $1 ORDER BY 1, 2, 3, 4', CASE WHEN dry_run THEN 'NULL' ELSE 'w.blob' END, v_path, v_writes) USING v_thread
        LOOP
            v_place := format('write %s of task "%s" of checkpoint "%s" of thread "%s"', v_row.idx, v_row.task_id, v_row.checkpoint_id, v_thread);
            v_total[3] := v_total[3] + 1;
            PERFORM _thread_key(v_thread, v_row.namespace, v_row.checkpoint_id, v_row.task_id);
            CONTINUE WHEN EXISTS (SELECT FROM thread_writes t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread AND t.namespace = v_row.namespace
                                  AND t.checkpoint_id = v_row.checkpoint_id AND t.task_id = v_row.task_id AND t.idx = v_row.idx);
            v_imported[3] := v_imported[3] + 1;
            CONTINUE WHEN dry_run;
            PERFORM checkpoint_writes_put(v_thread, v_row.namespace, v_row.checkpoint_id, v_row.task_id, ARRAY[v_row.channel], ARRAY[v_row.type], ARRAY[v_row.blob], ARRAY[v_row.idx], v_row.path);
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT k.kind, k.total, k.imported, k.total - k.imported, 0::bigint
    FROM unnest('{threads,checkpoints,writes}'::text[], v_total, v_imported) AS k (kind, total, imported);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    IF v_place IS NULL THEN
        RAISE;
    END IF;
    RAISE EXCEPTION USING ERRCODE = v_state, MESSAGE = v_message, DETAIL = concat_ws(E'\n', NULLIF(v_detail, ''), 'while importing ' || left(v_place, 500)),
        HINT = coalesce(NULLIF(v_hint, ''), 'Nothing was imported.');
END
$$;
COMMENT ON FUNCTION llmspell_internal._import_threads(text, regclass, boolean, text[]) IS 'Copies the threads of LangGraph''s saver in a schema, all or some, and counts them.
Errors: as import_langgraph.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_threads(text, regclass, boolean, text[]) TO llmspell_app;

-- The store of JavaScript has other columns, joins segments with a colon instead of a dot, and keeps the texts that it embeds.
CREATE OR REPLACE FUNCTION llmspell_internal._import_items(source_schema text, store regclass, dry_run boolean)
RETURNS TABLE (kind text, total bigint, imported bigint, present bigint, skipped bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := statement_timestamp();
    v_types record := _import_types();
    v_vectors constant regclass := _import_table(source_schema, 'store_vectors');
    v_prefix text := _import_column(store, 'prefix', v_types.texts, false);
    v_dot constant text := CASE WHEN v_prefix IS NULL THEN ':' ELSE '.' END;
    v_ttl text;
    v_embeddings text := 'NULL::@extschema:vector@.vector[]';
    v_words text := 'NULL::text';
    v_row record;
    v_namespace text;
    v_place text;
    v_state text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    kind := 'items';
    total := 0;
    imported := 0;
    present := 0;
    skipped := 0;
    v_prefix := coalesce(v_prefix, _import_column(store, 'namespace_path', v_types.texts, true));
    PERFORM _import_column(store, c.name, c.types, true) FROM (VALUES ('key', v_types.texts), ('value', '{jsonb}'), ('created_at', v_types.times), ('updated_at', v_types.times),
        ('expires_at', v_types.times)) AS c (name, types);
    v_ttl := _import_column(store, 'ttl_minutes', '{integer}', false);
    IF v_vectors IS NOT NULL THEN
        PERFORM _import_column(v_vectors, c.name, c.types, true) FROM (VALUES (CASE WHEN v_dot = '.' THEN 'prefix' ELSE 'namespace_path' END, v_types.texts), ('key', v_types.texts),
            ('embedding', v_types.vectors), (CASE WHEN v_dot = '.' THEN 'field_name' ELSE 'field_path' END, v_types.texts)) AS c (name, types);
        v_embeddings := format('(SELECT array_agg(v.embedding::@extschema:vector@.vector ORDER BY v.%s) FROM %s v WHERE v.%s = s.%3$s AND v.key = s.key)',
            CASE WHEN v_dot = '.' THEN 'field_name' ELSE 'field_path' END, v_vectors, v_prefix);
        v_words := format('(SELECT string_agg(%s, E''\n'' ORDER BY v.%s) FROM %s v WHERE v.%s = s.%4$s AND v.key = s.key)',
            CASE WHEN v_dot = ':' THEN 'v.' || _import_column(v_vectors, 'text_content', v_types.texts, true)
                 ELSE 'CASE WHEN v.field_name = ''$'' THEN s.value::text ELSE s.value #>> string_to_array(v.field_name, ''.'') END' END,
            CASE WHEN v_dot = '.' THEN 'field_name' ELSE 'field_path' END, v_vectors, v_prefix);
    END IF;
    FOR v_row IN EXECUTE format('SELECT s.%s::text AS prefix, s.key::text AS key, s.value, s.created_at, s.updated_at, s.expires_at, make_interval(mins => %s) AS ttl, %s AS embeddings, %s AS words
        FROM %s s ORDER BY s.%1$s, s.key', v_prefix, coalesce('s.' || v_ttl, 'NULL'), v_embeddings, v_words, store)
    LOOP
        v_place := format('item "%s" of namespace "%s"', v_row.key, v_row.prefix);
        total := total + 1;
        IF v_row.expires_at <= v_now THEN
            skipped := skipped + 1;
            CONTINUE;
        END IF;
        v_namespace := _item_path(string_to_array(v_row.prefix, v_dot), 'namespace');
        PERFORM _item_key(v_namespace, v_row.key);
        IF dry_run THEN
            PERFORM FROM items i WHERE i.tenant_id = v_tenant AND i.namespace = v_namespace AND i.key = v_row.key
                AND (i.expires_at IS NULL OR i.expires_at > v_now) AND (i.updated_at < v_row.updated_at) IS NOT TRUE;
            present := present + FOUND::int;
            imported := imported + (NOT FOUND)::int;
            CONTINUE;
        END IF;
        -- An item that changed at its source since the last import comes again; one that was written here later stays.
        INSERT INTO items AS i (tenant_id, namespace, key, value, created_at, updated_at, ttl, expires_at, content, embeddings)
        VALUES (v_tenant, v_namespace, v_row.key, v_row.value, coalesce(v_row.created_at, v_now), coalesce(v_row.updated_at, v_row.created_at, v_now),
            CASE WHEN v_row.expires_at IS NOT NULL THEN coalesce(v_row.ttl, v_row.expires_at - v_now) END, v_row.expires_at, v_row.words,
            CASE WHEN v_row.embeddings IS NOT NULL THEN _item_embeddings(NULL, v_row.embeddings) END)
        ON CONFLICT (tenant_id, namespace, key) DO UPDATE
        SET value = EXCLUDED.value, created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at, ttl = EXCLUDED.ttl, expires_at = EXCLUDED.expires_at,
            content = EXCLUDED.content, language = EXCLUDED.language, fts = NULL, embeddings = EXCLUDED.embeddings, version = i.version + 1
        WHERE i.updated_at < v_row.updated_at OR i.expires_at <= v_now;
        present := present + (NOT FOUND)::int;
        imported := imported + FOUND::int;
    END LOOP;
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    IF v_place IS NULL THEN
        RAISE;
    END IF;
    RAISE EXCEPTION USING ERRCODE = v_state, MESSAGE = v_message, DETAIL = concat_ws(E'\n', NULLIF(v_detail, ''), 'while importing ' || left(v_place, 500)),
        HINT = coalesce(NULLIF(v_hint, ''), 'Nothing was imported.');
END
$$;
COMMENT ON FUNCTION llmspell_internal._import_items(text, regclass, boolean) IS 'Copies the items of LangGraph''s store in a schema, with their times and vectors, and counts them.
Errors: as import_langgraph.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_items(text, regclass, boolean) TO llmspell_app;
