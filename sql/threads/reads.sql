-- Reading checkpoints with the values of their channels and their pending writes.

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_cursor(checkpoint_id text, thread_id text, namespace text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 20
RETURN pg_catalog.jsonb_build_array(checkpoint_id, thread_id, namespace)::text;
COMMENT ON FUNCTION llmspell_internal._checkpoint_cursor(text, text, text) IS 'The cursor of a checkpoint.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_cursor(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_after(after text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- Above every id, where there is no cursor.
    IF after IS NULL THEN
        RETURN array_fill(repeat(chr(1114111), 256), ARRAY[3]);
    END IF;
    IF after IS JSON ARRAY AND octet_length(after) <= 16384 THEN
        IF jsonb_array_length(after::jsonb) = 3 AND NOT jsonb_path_exists(after::jsonb, '$[*] ? (@.type() <> "string")') THEN
            RETURN ARRAY(SELECT jsonb_array_elements_text(after::jsonb));
        END IF;
    END IF;
    -- Arguments are evaluated before the function asks for the tenant, whose lack is told first.
    PERFORM _require_tenant();
    RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(after, 60)
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the cursor of the last row that you got.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_after(text) IS 'The ids of a cursor: checkpoint, thread, namespace; ids above all others of NULL.
Errors: 22023 not a cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_after(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_of_thread(thread_id text, checkpoint_id text, contains jsonb, operators jsonb, before text, max_rows int, after text[])
RETURNS SETOF llmspell.thread_checkpoints
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    -- All namespaces of a thread are sorted.
    RETURN QUERY
    SELECT c.* FROM thread_checkpoints c
    WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoint_of_thread.thread_id AND c.checkpoint_id < coalesce(before, after[1] || E'\x01')
      AND (c.checkpoint_id, c.namespace) < (after[1], after[3])
      AND (_checkpoint_of_thread.checkpoint_id IS NULL OR c.checkpoint_id = _checkpoint_of_thread.checkpoint_id)
      AND (contains IS NULL OR c.metadata OPERATOR(llmspell.@>) contains) AND (operators IS NULL OR _filter_matches(c.metadata, operators))
    ORDER BY c.checkpoint_id DESC, c.namespace DESC
    LIMIT _checkpoint_of_thread.max_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_of_thread(text, text, jsonb, jsonb, text, int, text[]) IS 'The part of _checkpoint_find for all namespaces of a thread.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_of_thread(text, text, jsonb, jsonb, text, int, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_find(thread_id text, namespace text, checkpoint_id text, filter jsonb, before text, max_rows int, after text[])
RETURNS SETOF llmspell.thread_checkpoints
LANGUAGE plpgsql STABLE
-- In the order of an index, whatever statistics say: a page of a thread that has grown since is else read with all of it.
SET enable_sort = off
SET enable_bitmapscan = off
SET enable_seqscan = off
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant text := least(coalesce(before, after[1]), after[1]);
    v_contains constant jsonb := _filter_contains(_checkpoint_find.filter);
    v_operators constant jsonb := _filter_operators(_checkpoint_find.filter);
BEGIN
    IF checkpoint_id IS NOT NULL AND thread_id IS NOT NULL AND namespace IS NOT NULL THEN
        RETURN QUERY
        SELECT c.* FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoint_find.thread_id AND c.namespace = _checkpoint_find.namespace
          AND c.checkpoint_id = _checkpoint_find.checkpoint_id AND c.checkpoint_id < v_before
          AND (v_contains IS NULL OR c.metadata OPERATOR(llmspell.@>) v_contains) AND (v_operators IS NULL OR _filter_matches(c.metadata, v_operators))
        LIMIT _checkpoint_find.max_rows;
    ELSIF thread_id IS NOT NULL AND namespace IS NOT NULL THEN
        RETURN QUERY
        SELECT c.* FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoint_find.thread_id AND c.namespace = _checkpoint_find.namespace AND c.checkpoint_id < v_before
          AND (v_contains IS NULL OR c.metadata OPERATOR(llmspell.@>) v_contains) AND (v_operators IS NULL OR _filter_matches(c.metadata, v_operators))
        ORDER BY c.checkpoint_id DESC
        LIMIT _checkpoint_find.max_rows;
    ELSIF thread_id IS NOT NULL THEN
        RETURN QUERY
        SELECT c.* FROM _checkpoint_of_thread(_checkpoint_find.thread_id, _checkpoint_find.checkpoint_id, v_contains, v_operators, before,
                                              _checkpoint_find.max_rows, after) AS c;
    ELSE
        RETURN QUERY
        SELECT c.* FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.checkpoint_id < coalesce(before, v_before || E'\x01')
          AND (c.checkpoint_id, c.thread_id, c.namespace) < (after[1], after[2], after[3])
          AND (_checkpoint_find.namespace IS NULL OR c.namespace = _checkpoint_find.namespace)
          AND (_checkpoint_find.checkpoint_id IS NULL OR c.checkpoint_id = _checkpoint_find.checkpoint_id)
          AND (v_contains IS NULL OR c.metadata OPERATOR(llmspell.@>) v_contains) AND (v_operators IS NULL OR _filter_matches(c.metadata, v_operators))
        ORDER BY c.checkpoint_id DESC, c.thread_id DESC, c.namespace DESC
        LIMIT _checkpoint_find.max_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_find(text, text, text, jsonb, text, int, text[]) IS 'Checkpoints by what is given of them, newest first.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_find(text, text, text, jsonb, text, int, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_rows(thread_id text, namespace text, checkpoint_id text, filter jsonb, before text, with_values boolean,
                                                   max_rows int, after text)
RETURNS SETOF llmspell_internal.checkpoint_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(_checkpoint_rows.max_rows, 100));
    v_after constant text[] := _checkpoint_after(_checkpoint_rows.after);
BEGIN
    RETURN QUERY
    SELECT c.thread_id::text, c.namespace::text, c.checkpoint_id::text, c.parent_id::text, c.checkpoint, c.metadata, c.created_at,
        c.channels, b.blob_types, b.blob_values, w.task_ids, w.channels, w.types, w.data, _checkpoint_cursor(c.checkpoint_id, c.thread_id, c.namespace)
    FROM _checkpoint_find(_checkpoint_rows.thread_id, _checkpoint_rows.namespace, _checkpoint_rows.checkpoint_id, _checkpoint_rows.filter,
                          _checkpoint_rows.before, v_rows, v_after) AS c
    CROSS JOIN LATERAL (
        SELECT t.family_id FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = c.thread_id OFFSET 0) AS t
    LEFT JOIN LATERAL _thread_blobs_get(t.family_id, c.blob_ids) AS b ON with_values
    LEFT JOIN LATERAL (
        SELECT array_agg(w.task_id::text ORDER BY w.task_path, w.task_id, w.idx) AS task_ids, array_agg(w.channel ORDER BY w.task_path, w.task_id, w.idx) AS channels,
            array_agg(w.write_type ORDER BY w.task_path, w.task_id, w.idx) AS types,
            array_agg(coalesce(w.value, _thread_blob_get(t.family_id, w.blob_id)) ORDER BY w.task_path, w.task_id, w.idx) AS data
        FROM thread_writes w
        WHERE w.tenant_id = v_tenant AND w.thread_id = c.thread_id AND w.namespace = c.namespace AND w.checkpoint_id = c.checkpoint_id) AS w ON with_values;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_rows(text, text, text, jsonb, text, boolean, int, text) IS 'Checkpoints with the values of their channels and their writes.
Errors: 42501 no tenant, 22023 max_rows or after, XX001 a value is damaged, 54000 values of over 256 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_rows(text, text, text, jsonb, text, boolean, int, text) TO llmspell_app;

-- These two are inlined, or the values of a page would be copied once more. The other arguments are checked behind the tenant.
CREATE OR REPLACE FUNCTION llmspell.checkpoint_get(thread_id text, namespace text DEFAULT '', checkpoint_id text DEFAULT NULL)
RETURNS SETOF llmspell_internal.checkpoint_row
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT r.* FROM llmspell_internal._checkpoint_rows(llmspell_internal._given(checkpoint_get.thread_id, 'thread_id'), coalesce(checkpoint_get.namespace, ''),
                                                       checkpoint_get.checkpoint_id, NULL, NULL, true, 1, NULL) AS r;
END;
COMMENT ON FUNCTION llmspell.checkpoint_get(text, text, text) IS 'Returns a checkpoint, or the latest of its namespace, with the values of its channels and its writes: one row, or none.
Errors: 42501 no tenant, 22004 null thread_id, XX001 a value is damaged, 54000 values of over 256 MiB.
Example: SELECT checkpoint_id, checkpoint FROM llmspell.checkpoint_get(''t1'');';

CREATE OR REPLACE FUNCTION llmspell.checkpoint_list(thread_id text DEFAULT NULL, namespace text DEFAULT NULL, checkpoint_id text DEFAULT NULL, filter jsonb DEFAULT NULL,
                                         before text DEFAULT NULL, with_values boolean DEFAULT true, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.checkpoint_row
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.* FROM llmspell_internal._checkpoint_rows(checkpoint_list.thread_id, checkpoint_list.namespace, checkpoint_list.checkpoint_id, checkpoint_list.filter,
        checkpoint_list.before, coalesce(checkpoint_list.with_values, true), checkpoint_list.max_rows, checkpoint_list.after) AS r;
END;
COMMENT ON FUNCTION llmspell.checkpoint_list(text, text, text, jsonb, text, boolean, int, text) IS 'Lists checkpoints, newest first, with what checkpoint_get returns of each, or without values and writes.
Errors: 42501 no tenant, 22023 max_rows or after, XX001 a value is damaged, 54000 values of over 256 MiB. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT checkpoint_id, metadata FROM llmspell.checkpoint_list(''t1'', '''', filter => ''{"source": "loop"}'', with_values => false);';

CREATE OR REPLACE FUNCTION llmspell.thread_list(max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (thread_id text, message_count bigint, created_at timestamptz, updated_at timestamptz, cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(thread_list.max_rows, 100));
    v_from constant text := coalesce(thread_list.after || E'\x01', '');
BEGIN
    RETURN QUERY
    SELECT t.thread_id::text, t.message_count, t.created_at, t.updated_at, t.thread_id::text FROM threads t
    WHERE t.tenant_id = v_tenant AND t.thread_id >= v_from
    ORDER BY t.thread_id
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.thread_list(integer, text) IS 'Lists threads by id in byte order.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT thread_id, message_count FROM llmspell.thread_list(100);';

CREATE OR REPLACE FUNCTION llmspell.thread_stats(thread_id text)
RETURNS TABLE (checkpoints bigint, namespaces bigint, writes bigint, messages bigint, blobs bigint, size_bytes bigint, stored_bytes bigint,
               first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_thread constant text := _given(thread_stats.thread_id, 'thread_id');
    v_family uuid;
    v_blobs uuid[];
    v_short bigint;
BEGIN
    SELECT t.family_id, t.message_count INTO v_family, messages FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT count(*), count(DISTINCT c.namespace), min(c.created_at), max(c.created_at) INTO checkpoints, namespaces, first_at, last_at
    FROM thread_checkpoints c WHERE c.tenant_id = v_tenant AND c.thread_id = v_thread;
    SELECT count(*), coalesce(sum(octet_length(w.value)), 0) INTO writes, v_short
    FROM thread_writes w WHERE w.tenant_id = v_tenant AND w.thread_id = v_thread;
    v_blobs := ARRAY(SELECT u.blob_id FROM thread_checkpoints c CROSS JOIN LATERAL unnest(c.blob_ids) AS u (blob_id)
                     WHERE c.tenant_id = v_tenant AND c.thread_id = v_thread
                     UNION
                     SELECT w.blob_id FROM thread_writes w WHERE w.tenant_id = v_tenant AND w.thread_id = v_thread AND w.blob_id IS NOT NULL);
    SELECT cardinality(v_blobs), v_short + coalesce(sum(b.size_bytes), 0), v_short + coalesce(sum(octet_length(b.packed)), 0)
    INTO blobs, size_bytes, stored_bytes
    FROM thread_blobs b WHERE b.tenant_id = v_tenant AND b.family_id = v_family AND b.blob_id = ANY (v_blobs);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.thread_stats(text) IS 'Counts what a thread has, with the bytes of its values and as they are stored; none where there is no such thread.
Errors: 42501 no tenant, 22004 null.
Example: SELECT checkpoints, size_bytes, stored_bytes FROM llmspell.thread_stats(''t1'');';
