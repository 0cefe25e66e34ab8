-- Reads of items. An expired item does not exist.

CREATE OR REPLACE FUNCTION llmspell.item_get(namespace text[], key text)
RETURNS TABLE (value jsonb, version bigint, created_at timestamptz, updated_at timestamptz, ttl interval, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT i.value, i.version, i.created_at, i.updated_at, i.ttl, i.expires_at
    FROM llmspell.items i
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND i.tenant_id = llmspell.current_tenant()
      AND i.namespace = llmspell_internal._item_path(item_get.namespace, 'namespace') AND i.key = llmspell_internal._given(item_get.key, 'key')
      AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.item_get(text[], text) IS 'Returns the document under a key of a namespace with version, times and life; no row where there is none.
Errors: 42501 no tenant, 22004 null, 22023 namespace, 54000 namespace over 1,500 bytes.
Example: SELECT value FROM llmspell.item_get(''{users,42}'', ''name'');';

CREATE OR REPLACE FUNCTION llmspell.item_get_many(items jsonb)
RETURNS TABLE (namespace text[], key text, value jsonb, version bigint, created_at timestamptz, updated_at timestamptz, ttl interval, expires_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Each place finds its row by the index, also by a plan that was made for an empty table.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT _item_segments(i.namespace), i.key::text, i.value, i.version, i.created_at, i.updated_at, i.ttl, i.expires_at
    FROM (SELECT DISTINCT p.namespace COLLATE "C" AS namespace, p.key COLLATE "C" AS key FROM _item_places(item_get_many.items) p) AS p
    CROSS JOIN LATERAL (SELECT * FROM items i WHERE i.tenant_id = v_tenant AND i.namespace = p.namespace AND i.key = p.key OFFSET 0) AS i
    WHERE i.expires_at IS NULL OR i.expires_at > statement_timestamp()
    ORDER BY p.namespace, p.key;
END
$$;
COMMENT ON FUNCTION llmspell.item_get_many(jsonb) IS 'Returns those of the items, given as an array of {"namespace", "key"}, that exist, in order, each once.
Errors: as item_get, 22023 no array of objects, or a namespace that is no array of strings.
Example: SELECT key, value FROM llmspell.item_get_many(''[{"namespace": ["users", "42"], "key": "name"}]'');';

-- The rows of a range of namespaces from a place on, in order; with a filter those that meet it, among the first scan_rows.
CREATE OR REPLACE FUNCTION llmspell_internal._item_walk(first_namespace text, first_key text, end_namespace text, contained jsonb, operators jsonb, max_rows int, scan_rows bigint)
RETURNS SETOF llmspell_internal.item_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- In the order of the key, which a plan for an empty table or for many rows would not do.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT _item_segments(i.namespace), i.key::text, i.value, i.version, i.created_at, i.updated_at, i.ttl, i.expires_at, _item_cursor(i.namespace, i.key)
    FROM (SELECT * FROM items i
          WHERE i.tenant_id = v_tenant AND (i.namespace, i.key) >= (_item_walk.first_namespace, _item_walk.first_key) AND i.namespace < _item_walk.end_namespace
          ORDER BY i.namespace, i.key LIMIT _item_walk.scan_rows) AS i
    WHERE (i.expires_at IS NULL OR i.expires_at > statement_timestamp())
      AND CASE WHEN _item_walk.contained IS NULL THEN true ELSE i.value OPERATOR(llmspell.@>) _item_walk.contained END
      AND CASE WHEN _item_walk.operators IS NULL THEN true ELSE _filter_matches(i.value, _item_walk.operators) END
    LIMIT _item_walk.max_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._item_walk IS 'Items of a range of namespaces in order, by their key.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_walk TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_match(first_namespace text, first_key text, end_namespace text, contained jsonb, operators jsonb, max_rows int)
RETURNS SETOF llmspell_internal.item_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
SET enable_indexscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT _item_segments(i.namespace), i.key::text, i.value, i.version, i.created_at, i.updated_at, i.ttl, i.expires_at, _item_cursor(i.namespace, i.key)
    FROM (SELECT * FROM items i WHERE i.tenant_id = v_tenant AND i.value OPERATOR(llmspell.@>) _item_match.contained OFFSET 0) AS i
    WHERE (i.namespace, i.key) >= (_item_match.first_namespace, _item_match.first_key) AND i.namespace < _item_match.end_namespace
      AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp())
      AND CASE WHEN _item_match.operators IS NULL THEN true ELSE _filter_matches(i.value, _item_match.operators) END
    ORDER BY i.namespace, i.key
    LIMIT _item_match.max_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._item_match IS 'Items of a range of namespaces in order, by what they contain.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_match TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.item_list(namespace_prefix text[] DEFAULT '{}', filter jsonb DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.item_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_prefix constant text := _item_path(coalesce(item_list.namespace_prefix, '{}'), 'namespace_prefix');
    v_end constant text := _item_subtree_end(v_prefix);
    v_rows constant int := _max_rows(coalesce(item_list.max_rows, 100));
    v_contained constant jsonb := _filter_contains(item_list.filter);
    v_operators constant jsonb := _filter_operators(item_list.filter);
    v_place constant text[] := _item_place(item_list.after, true);
    -- A cursor from outside of the prefix begins with its first row.
    v_first constant text := greatest(v_prefix COLLATE "C", v_place[1]);
    v_key constant text := CASE WHEN v_place[1] >= v_prefix COLLATE "C" THEN v_place[2] || U&'\0001' ELSE '' END;
    v_scanned constant int := 500;
    v_found bigint;
    v_next record;
BEGIN
    IF item_list.filter IS NULL THEN
        RETURN QUERY SELECT w.* FROM _item_walk(v_first, v_key, v_end, NULL, NULL, v_rows, NULL) w;
        RETURN;
    END IF;
    -- The first rows tell how rare those are that meet the filter.
    RETURN QUERY SELECT w.* FROM _item_walk(v_first, v_key, v_end, v_contained, v_operators, v_rows, v_scanned) w;
    GET DIAGNOSTICS v_found = ROW_COUNT;
    IF v_found >= v_rows THEN
        RETURN;
    END IF;
    SELECT i.namespace, i.key INTO v_next FROM items i
    WHERE i.tenant_id = v_tenant AND (i.namespace, i.key) >= (v_first, v_key) AND i.namespace < v_end
    ORDER BY i.namespace, i.key OFFSET v_scanned LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Rare ones are found by what they contain; of others the next rows have some.
    IF v_contained IS NOT NULL AND v_found < 5 THEN
        RETURN QUERY SELECT m.* FROM _item_match(v_next.namespace, v_next.key, v_end, v_contained, v_operators, (v_rows - v_found)::int) m;
    ELSE
        RETURN QUERY SELECT w.* FROM _item_walk(v_next.namespace, v_next.key, v_end, v_contained, v_operators, (v_rows - v_found)::int, NULL) w;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.item_list(text[], jsonb, integer, text) IS 'The items of the namespaces that begin with some segments, in the order of namespace and key.
Errors: 42501 no tenant, 22023 namespace_prefix, max_rows or after, 54000 namespace_prefix too large. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT key, value FROM llmspell.item_list(''{users,42}'', max_rows => 10);';

CREATE OR REPLACE FUNCTION llmspell.namespace_list(namespace_prefix text[] DEFAULT '{}', namespace_suffix text[] DEFAULT '{}', max_depth int DEFAULT NULL,
    max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (namespace text[], cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_depth constant int := namespace_list.max_depth;
    v_first constant text := _namespace_first(namespace_list.namespace_prefix, namespace_list.namespace_suffix, v_depth);
    v_end constant text := _item_subtree_end(v_first);
    v_after constant text := (_item_place(namespace_list.after, false))[1];
    v_rows constant int := _max_rows(coalesce(namespace_list.max_rows, 100));
BEGIN
    RETURN QUERY
    -- A loose index scan: as many probes as namespaces, or as many as are listed where nothing but their depth is asked.
    WITH RECURSIVE n AS (
        SELECT f.namespace, f.namespace IS NOT NULL AND _namespace_matches(f.namespace, namespace_list.namespace_prefix, namespace_list.namespace_suffix) AS is_listed
        FROM (SELECT (SELECT i.namespace FROM items i
                      WHERE i.tenant_id = v_tenant AND i.namespace >= greatest(v_first COLLATE "C", _namespace_next(v_after, v_depth, true)) AND i.namespace < v_end
                        AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp())
                      ORDER BY i.namespace, i.key LIMIT 1) AS namespace) AS f
        UNION ALL
        SELECT f.namespace, f.namespace IS NOT NULL AND _namespace_matches(f.namespace, namespace_list.namespace_prefix, namespace_list.namespace_suffix)
        FROM n
        CROSS JOIN LATERAL (SELECT (SELECT i.namespace FROM items i
                      WHERE i.tenant_id = v_tenant AND i.namespace >= _namespace_next(n.namespace, v_depth, n.is_listed) AND i.namespace < v_end
                        AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp())
                      ORDER BY i.namespace, i.key LIMIT 1) AS namespace) AS f
        WHERE n.namespace IS NOT NULL
    )
    SELECT _item_segments(c.namespace), _item_cursor(c.namespace, NULL)
    FROM n CROSS JOIN LATERAL (SELECT _namespace_cut(n.namespace, v_depth) AS namespace) AS c
    WHERE n.is_listed
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.namespace_list(text[], text[], integer, integer, text) IS 'Namespaces with items that begin and end with some segments (* is any), cut to max_depth, in order, each once.
Errors: 42501 no tenant, 22023 namespace_prefix, namespace_suffix, max_depth, max_rows or after.
Example: SELECT namespace FROM llmspell.namespace_list(''{users,*}'', max_depth => 2);';

CREATE OR REPLACE FUNCTION llmspell.item_count(namespace_prefix text[] DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_prefix constant text := _item_path(coalesce(item_count.namespace_prefix, '{}'), 'namespace_prefix');
    v_end constant text := _item_subtree_end(v_prefix);
BEGIN
    RETURN (SELECT count(*) FROM items i WHERE i.tenant_id = v_tenant AND i.namespace >= v_prefix AND i.namespace < v_end
            AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp()));
END
$$;
COMMENT ON FUNCTION llmspell.item_count(text[]) IS 'Returns how many items are in the namespaces that begin with some segments.
Errors: 42501 no tenant, 22023 or 54000 namespace_prefix.
Example: SELECT llmspell.item_count(''{users}'');';
