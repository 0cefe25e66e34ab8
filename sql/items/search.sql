-- Searches of items, by the code that vectors and episodes are searched by.

CREATE OR REPLACE FUNCTION llmspell.item_search(namespace_prefix text[] DEFAULT '{}', filter jsonb DEFAULT NULL, query_text text DEFAULT NULL,
    query_embedding @extschema:vector@.vector DEFAULT NULL, max_rows int DEFAULT 10, after text DEFAULT NULL, weights double precision[] DEFAULT '{1,1}',
    max_distance double precision DEFAULT NULL, min_score double precision DEFAULT NULL, language text DEFAULT NULL, fusion text DEFAULT 'convex')
RETURNS SETOF llmspell_internal.item_hit
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_prefix constant text := _item_path(coalesce(item_search.namespace_prefix, '{}'), 'namespace_prefix');
    v_rows constant int := _max_rows(coalesce(item_search.max_rows, 10));
    v_before int := 0;
BEGIN
    IF num_nonnulls(item_search.query_text, item_search.query_embedding) = 0 THEN
        RETURN QUERY SELECT l.namespace, l.key, l.value, l.version, l.created_at, l.updated_at, l.ttl, l.expires_at,
            NULL::double precision, NULL::double precision, NULL::double precision, NULL::double precision, true, l.cursor
        FROM item_list(item_search.namespace_prefix, item_search.filter, v_rows, item_search.after) l;
        RETURN;
    END IF;
    IF item_search.after IS NOT NULL THEN
        -- The place of the row among all that were found.
        IF item_search.after !~ '^[1-9][0-9]{0,3}$' THEN
            RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(item_search.after, 60) USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Give the cursor of the last row of a page, or NULL for the first page.';
        END IF;
        v_before := item_search.after::int;
    END IF;
    IF v_before + v_rows > 1000 THEN
        RAISE EXCEPTION 'a search finds at most 1000 items, asked for % after %', v_rows, v_before USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Ask for fewer, or narrow the search by namespace_prefix and filter.';
    END IF;
    IF item_search.language IS NOT NULL THEN
        PERFORM _vector_language(item_search.language);
    END IF;
    RETURN QUERY
    SELECT _item_segments(i.namespace), i.key::text, i.value, i.version, i.created_at, i.updated_at, i.ttl, i.expires_at,
        f.score, f.distance, f.vector_score, f.text_score, f.complete, f.place::text
    FROM _search(item_search.query_embedding, item_search.query_text, NULL, 'items', v_before + v_rows, NULLIF(v_prefix, ''), item_search.filter, NULL, NULL, NULL, NULL, false,
        item_search.max_distance, item_search.language, item_search.fusion, item_search.weights, NULL, 0, NULL, NULL, NULL, NULL, item_search.min_score) f
    CROSS JOIN LATERAL (SELECT * FROM items i WHERE i.tenant_id = v_tenant AND i.id = f.id AND (i.content IS NOT NULL OR i.embeddings IS NOT NULL) OFFSET 0) AS i
    WHERE f.place > v_before
    ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION llmspell.item_search IS 'The best items of the namespaces that begin with some segments, by words, meaning or both; without a query as item_list.
Errors: 42501 no tenant, 22023 an argument out of range, over 1000 rows. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT key, score FROM llmspell.item_search(''{users,42}'', query_text => ''ada'');';
