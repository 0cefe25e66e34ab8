-- Search by meaning, and by meaning and words together.

CREATE OR REPLACE FUNCTION llmspell.vector_search(query_embedding @extschema:vector@.vector, max_rows int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (id uuid, distance double precision, score double precision, scope text, metadata jsonb, content text, created_at timestamptz,
    exact boolean, complete boolean, text_id text)
STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_search_wrapper';
COMMENT ON FUNCTION llmspell.vector_search IS 'The nearest vectors of the tenant, nearest first, ties by id: max_rows of them wherever as many fit.
Errors: 42501 no tenant, 22004 null, 22023 max_rows, mode, ef_search, recall, max_distance, a vector of zeros, no such space. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT id, distance, content FROM llmspell.vector_search(array_fill(0.1, ARRAY[384])::vector, 5, scope => ''user:1'');';

CREATE OR REPLACE FUNCTION llmspell.vector_search_many(query_embeddings @extschema:vector@.vector[], max_rows int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (query_number int, id uuid, distance double precision, score double precision, scope text, metadata jsonb, content text, created_at timestamptz,
    exact boolean, complete boolean, text_id text)
STABLE PARALLEL RESTRICTED ROWS 100 COST 100000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_search_many_wrapper';
COMMENT ON FUNCTION llmspell.vector_search_many IS 'The nearest vectors of the tenant for each of many queries, by the number of the query, nearest first.
Errors: those of vector_search, 22004 a null among the queries, 22023 queries of several dimensions, 2202E a nested array, 54000 more than 1000 queries. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT query_number, id, distance FROM llmspell.vector_search_many(ARRAY[array_fill(0.1, ARRAY[384])]::vector[], 5);';

CREATE OR REPLACE FUNCTION llmspell.vector_explain(query_embedding @extschema:vector@.vector, max_rows int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (space text, route text, reason text, row_count bigint, estimated boolean, exact_rows bigint, index_method text, ef_search int,
    candidates bigint, max_scan_tuples bigint, exact_ms double precision, ann_ms double precision, own_index boolean)
STABLE PARALLEL RESTRICTED ROWS 1 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_explain_wrapper';
COMMENT ON FUNCTION llmspell.vector_explain IS 'Explains the way that vector_search goes with the same arguments, and why.
Errors: those of vector_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT route, reason, row_count FROM llmspell.vector_explain(array_fill(0.1, ARRAY[384])::vector);';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_from_halves(embedding bytea) RETURNS @extschema:vector@.vector
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_from_halves_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_from_halves(bytea) IS 'A vector of little-endian half-precision numbers.
Errors: 22023 no such numbers.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_from_halves(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_break_even(exact_us double precision, ann_us double precision, ef_search int, max_rows int, space_rows double precision) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_break_even_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_break_even(double precision, double precision, integer, integer, double precision) IS 'Number of rows at which both ways of searching take equally long.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_break_even(double precision, double precision, integer, integer, double precision) TO llmspell_app;

-- The space for a search by words alone: the one in which the tenant has texts.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_space_of_texts() RETURNS llmspell.vector_spaces
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_other vector_spaces;
    v_has boolean;
    v_found text[] := '{}';
BEGIN
    FOR v_other IN SELECT s.* FROM vector_spaces s WHERE s.purpose = 'vectors' AND _vector_state(s.name) = 'active' ORDER BY NOT s.builtin, s.dims, s.name LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM llmspell.%I WHERE tenant_id = $1 AND fts IS NOT NULL)', v_other.table_name) INTO v_has USING v_tenant;
        IF v_has THEN
            v_found := v_found || v_other.name;
        END IF;
        -- Without any text the first will do: nothing is found in it, and arguments are checked all the same.
        IF v_space.name IS NULL OR v_has AND cardinality(v_found) = 1 THEN
            v_space := v_other;
        END IF;
    END LOOP;
    IF cardinality(v_found) > 1 THEN
        RAISE EXCEPTION 'texts are in several spaces: %', array_to_string(v_found, ', ') USING ERRCODE = 'invalid_parameter_value', HINT = 'Name one: space => ''…''.';
    END IF;
    RETURN v_space;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space_of_texts() IS 'The one space in which the tenant has texts.
Errors: 22023 several.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space_of_texts() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hybrid_search(query_text text, query_embedding @extschema:vector@.vector, max_rows int DEFAULT 10, scope text DEFAULT NULL,
    filter jsonb DEFAULT NULL, weights double precision[] DEFAULT '{1,1}', rrf_k int DEFAULT 60, half_life interval DEFAULT NULL,
    mmr_lambda double precision DEFAULT NULL, language text DEFAULT NULL, space text DEFAULT NULL, include_expired boolean DEFAULT false,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, max_distance double precision DEFAULT NULL, min_score double precision DEFAULT NULL,
    half_life_at timestamptz DEFAULT NULL, half_life_floor double precision DEFAULT NULL, fusion text DEFAULT 'convex', context double precision DEFAULT 0.5)
RETURNS SETOF llmspell_internal.hybrid_row
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
BEGIN
    IF hybrid_search.query_embedding IS NOT NULL THEN
        v_space := _vector_space(hybrid_search.space, @extschema:vector@.vector_dims(hybrid_search.query_embedding), 'vectors');
    ELSIF hybrid_search.query_text IS NULL THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    ELSIF hybrid_search.space IS NOT NULL THEN
        v_space := _vector_space_named(hybrid_search.space, 'vectors');
    ELSE
        v_space := _vector_space_of_texts();
    END IF;
    IF hybrid_search.language IS NOT NULL THEN
        PERFORM _vector_language(hybrid_search.language);
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT f.id, f.score, f.vector_rank, f.text_rank, f.distance, t.scope::text, t.metadata, t.content, t.created_at, f.own_score, f.context_score,
             f.vector_score, f.text_score, f.complete, t.text_id::text
         FROM llmspell_internal._search($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) f
         CROSS JOIN LATERAL (SELECT * FROM llmspell.%I t WHERE t.tenant_id = $22 AND t.id = f.id OFFSET 0) AS t ORDER BY f.place', v_space.table_name)
    USING hybrid_search.query_embedding, hybrid_search.query_text, v_space.name, v_space.table_name, hybrid_search.max_rows, hybrid_search.scope,
        hybrid_search.filter, hybrid_search.since, hybrid_search.until, hybrid_search.include_expired, hybrid_search.max_distance, hybrid_search.language,
        hybrid_search.fusion, hybrid_search.weights, hybrid_search.rrf_k, hybrid_search.context,
        extract(epoch FROM _positive(hybrid_search.half_life, 'half_life'))::double precision, coalesce(hybrid_search.half_life_at, statement_timestamp()),
        hybrid_search.half_life_floor, hybrid_search.mmr_lambda, hybrid_search.min_score, v_tenant;
END
$$;
COMMENT ON FUNCTION llmspell.hybrid_search IS 'The best vectors of the tenant by meaning and by words, as one score.
Errors: 42501 no tenant, 22004 both queries null, 22023 max_rows, fusion, weights, rrf_k, context, half_life, mmr_lambda, language, texts in several spaces, and those of vector_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT id, score, content FROM llmspell.hybrid_search(''broken pipe'', array_fill(0.1, ARRAY[384])::vector, 5);';
