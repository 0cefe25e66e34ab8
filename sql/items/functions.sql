-- Namespaces and keys of items: src/items/namespace.rs says how they are stored.

CREATE OR REPLACE FUNCTION llmspell_internal._item_path(segments text[], argument text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_item_path_wrapper';
COMMENT ON FUNCTION llmspell_internal._item_path(text[], text) IS 'A namespace as it is stored.
Errors: 22004 null, or a null segment, 22023 a segment empty or with control characters, 2202E two dimensions, 54000 over 1,500 bytes.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_path(text[], text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_segments(namespace text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Not STRICT, or it would not become part of the statements that call it.
RETURN string_to_array(left(namespace, -1), U&'\0001');
COMMENT ON FUNCTION llmspell_internal._item_segments(text) IS 'The segments of a namespace as it is stored.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_segments(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_subtree_end(namespace text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_item_subtree_end_wrapper';
COMMENT ON FUNCTION llmspell_internal._item_subtree_end(text) IS 'The exclusive upper bound, in COLLATE "C", of the namespaces that begin with the segments of one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_subtree_end(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_key(namespace text, key text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_item_key_wrapper';
COMMENT ON FUNCTION llmspell_internal._item_key(text, text) IS 'Returns a key unchanged.
Errors: 22004 null, 22001 over 500 characters, 54000 over 1,500 bytes with its namespace.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_key(text, text) TO llmspell_app;

-- COST is over 10, so that a list that sorts makes cursors of the rows of its page alone.
CREATE OR REPLACE FUNCTION llmspell_internal._item_cursor(namespace text, key text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', '_item_cursor_wrapper';
COMMENT ON FUNCTION llmspell_internal._item_cursor(text, text) IS 'The cursor of an item, or with key NULL of a namespace: its segments and its key as JSON.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_cursor(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_place(after text, has_key boolean) RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_item_place_wrapper';
COMMENT ON FUNCTION llmspell_internal._item_place(text, boolean) IS 'The namespace, as it is stored, and the key of a cursor; NULL of NULL.
Errors: 22023 not a cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_place(text, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._namespace_first(prefix text[], suffix text[], max_depth int) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_namespace_first_wrapper';
COMMENT ON FUNCTION llmspell_internal._namespace_first(text[], text[], integer) IS 'The namespace, as it is stored, of the segments of a prefix before its first *.
Errors: as for _item_path, 22023 max_depth below 1.';
GRANT EXECUTE ON FUNCTION llmspell_internal._namespace_first(text[], text[], integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._namespace_matches(namespace text, prefix text[], suffix text[]) RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_namespace_matches_wrapper';
COMMENT ON FUNCTION llmspell_internal._namespace_matches(text, text[], text[]) IS 'Whether a namespace begins and ends with some segments, where * stands for any one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._namespace_matches(text, text[], text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._namespace_next(namespace text, max_depth int, is_listed boolean) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_namespace_next_wrapper';
COMMENT ON FUNCTION llmspell_internal._namespace_next(text, integer, boolean) IS 'Where a list of namespaces goes on after one of them: behind what begins with it at max_depth where it is listed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._namespace_next(text, integer, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._namespace_cut(namespace text, max_depth int) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_namespace_cut_wrapper';
COMMENT ON FUNCTION llmspell_internal._namespace_cut(text, integer) IS 'The first max_depth segments of a namespace, all for NULL, as they are stored.';
GRANT EXECUTE ON FUNCTION llmspell_internal._namespace_cut(text, integer) TO llmspell_app;

CREATE OR REPLACE TRIGGER items_words BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.items
    FOR EACH ROW WHEN (NEW.content IS NOT NULL OR NEW.fts IS NOT NULL)
    EXECUTE FUNCTION llmspell_internal._tg_vector_words();
COMMENT ON TRIGGER items_words ON llmspell.items IS 'Restore: leaves the words as the dump has them.';

CREATE OR REPLACE FUNCTION llmspell_internal._item_elements(items jsonb) RETURNS SETOF jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_other text;
BEGIN
    IF jsonb_typeof(_given(_item_elements.items, 'items')) <> 'array' THEN
        RAISE EXCEPTION 'items must be an array of objects, not %', jsonb_typeof(_item_elements.items) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For instance [{"namespace": ["users", "42"], "key": "name", "value": "Ada"}].';
    END IF;
    SELECT jsonb_typeof(i) INTO v_other FROM jsonb_array_elements(_item_elements.items) AS i WHERE jsonb_typeof(i) <> 'object' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'items must be objects, not %', v_other USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT i FROM jsonb_array_elements(_item_elements.items) AS i;
END
$$;
COMMENT ON FUNCTION llmspell_internal._item_elements(jsonb) IS 'The objects of an array of objects.
Errors: 22004 null, 22023 no array of objects.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_elements(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_array(value jsonb, argument text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(_given(NULLIF(_item_array.value, 'null'), argument)) <> 'array'
        OR EXISTS (SELECT FROM jsonb_array_elements(_item_array.value) AS e WHERE jsonb_typeof(e) <> 'string')
    THEN
        RAISE EXCEPTION '% must be an array of strings, got %', argument, left(_item_array.value::text, 60) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN ARRAY(SELECT e FROM jsonb_array_elements_text(_item_array.value) AS e);
END
$$;
COMMENT ON FUNCTION llmspell_internal._item_array(jsonb, text) IS 'A JSON array of strings as such.
Errors: 22004 null, 22023 no array of strings.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_array(jsonb, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_places(items jsonb) RETURNS TABLE (namespace text, key text, item jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_item jsonb;
BEGIN
    FOR v_item IN SELECT i FROM _item_elements(_item_places.items) AS i LOOP
        namespace := _item_path(_item_array(v_item -> 'namespace', 'namespace'), 'namespace');
        key := _item_key(namespace, v_item ->> 'key');
        item := v_item;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._item_places(jsonb) IS 'Namespaces, as they are stored, and keys of an array of objects.
Errors: those of _item_elements, _item_array, _item_path and _item_key.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_places(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._item_embeddings(embedding @extschema:vector@.vector, embeddings @extschema:vector@.vector[]) RETURNS @extschema:vector@.vector[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_embeddings constant @extschema:vector@.vector[] := coalesce(embeddings, ARRAY[embedding]);
    v_least int;
    v_most int;
BEGIN
    IF num_nonnulls(embedding, embeddings) = 0 OR cardinality(v_embeddings) = 0 THEN
        RETURN NULL;
    END IF;
    IF num_nonnulls(embedding, embeddings) = 2 THEN
        RAISE EXCEPTION 'embedding and embeddings must not both be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF array_ndims(v_embeddings) > 1 OR cardinality(v_embeddings) > 64 THEN
        RAISE EXCEPTION 'embeddings must be at most 64 vectors in one dimension, got %', cardinality(v_embeddings) USING ERRCODE = 'array_subscript_error';
    END IF;
    IF array_position(v_embeddings, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'embedding % must not be null', array_position(v_embeddings, NULL) USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT min(@extschema:vector@.vector_dims(e)), max(@extschema:vector@.vector_dims(e)) INTO v_least, v_most FROM unnest(v_embeddings) AS e;
    IF v_least <> v_most THEN
        RAISE EXCEPTION 'embeddings of an item must have the same dimensions, found % and %', v_least, v_most USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM _vector_check_length(e, 'cosine') FROM unnest(v_embeddings) AS e;
    RETURN v_embeddings;
END
$$;
COMMENT ON FUNCTION llmspell_internal._item_embeddings IS 'The vectors of an item, from one or several; NULL for none.
Errors: 22023 both, several dimensions, or a vector of zeros, 22004 a null among them, 2202E over 64.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_embeddings TO llmspell_app;
