-- Search by meaning, and by meaning and words together.

CREATE OR REPLACE FUNCTION llmspell.vector_search(query_embedding @extschema:vector@.vector, max_rows int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (id uuid, distance double precision, score double precision, scope text, metadata jsonb, content text, created_at timestamptz,
    exact boolean, complete boolean)
STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_search_wrapper';
COMMENT ON FUNCTION llmspell.vector_search IS 'The nearest vectors of the tenant, nearest first, ties by id: max_rows of them wherever as many fit.
Errors: 42501 no tenant, 22004 null, 22023 max_rows, mode, ef_search, recall, max_distance, filter, a vector of zeros, no such space, 54000 filter too large or too deep, or over 100 elements of arrays.
Example: SELECT id, distance, content FROM llmspell.vector_search(array_fill(0.1, ARRAY[384])::vector, 5, scope => ''user:1'');';

CREATE OR REPLACE FUNCTION llmspell.vector_explain(query_embedding @extschema:vector@.vector, max_rows int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (space text, route text, reason text, row_count bigint, estimated boolean, exact_rows bigint, index_method text, ef_search int,
    candidates bigint, max_scan_tuples bigint, exact_ms double precision, ann_ms double precision, own_index boolean)
STABLE PARALLEL RESTRICTED ROWS 1 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_explain_wrapper';
COMMENT ON FUNCTION llmspell.vector_explain IS 'Explains the way that vector_search goes with the same arguments, and why.
Errors: those of vector_search.
Example: SELECT route, reason, row_count FROM llmspell.vector_explain(array_fill(0.1, ARRAY[384])::vector);';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_near(query_embedding @extschema:vector@.vector, max_rows int, scope text, filter jsonb,
    max_distance double precision, mode text, since timestamptz, until timestamptz, include_expired boolean, ef_search int, recall double precision,
    space text, excluded_scopes text[], episode_role text)
RETURNS TABLE (id uuid, distance double precision, score double precision, found_scope text, metadata jsonb, content text, created_at timestamptz,
    exact boolean, complete boolean)
STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', '_vector_near_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_near IS 'vector_search without some scopes, and of episodes of one role.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_near TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_from_halves(embedding bytea) RETURNS @extschema:vector@.vector
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_from_halves_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_from_halves(bytea) IS 'A vector of little-endian half-precision numbers.
Errors: 22023 no such numbers.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_from_halves(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_max_rows(max_rows int) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_max_rows_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_max_rows(integer) IS 'Returns the max_rows of a search unchanged, or its default for NULL.
Errors: 22023 not 1 to 1000.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_max_rows(integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_score(vector_rank bigint, text_rank bigint, vector_weight double precision, text_weight double precision,
    constant double precision, age double precision, half_life double precision, floor double precision)
RETURNS double precision[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_fusion_score_wrapper';
COMMENT ON FUNCTION llmspell_internal._fusion_score IS 'The score of a row by its ranks, halved for each half_life of its age down to a floor, and its logarithm.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_score TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_diversify(orders double precision[], embeddings anyarray, lambda double precision, max_rows int) RETURNS int[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_fusion_diversify_wrapper';
COMMENT ON FUNCTION llmspell_internal._fusion_diversify(double precision[], anyarray, double precision, integer) IS 'Maximal marginal relevance: positions, from 1, of items by the logarithms of their scores and their vectors.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_diversify(double precision[], anyarray, double precision, integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_break_even(exact_us double precision, ann_us double precision, ef_search int, max_rows int, space_rows double precision) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_break_even_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_break_even(double precision, double precision, integer, integer, double precision) IS 'Number of rows at which both ways of searching take equally long.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_break_even(double precision, double precision, integer, integer, double precision) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._words_query(language text, query_text text) RETURNS tsquery
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Any of the words, as few texts have every word of a sentence.
    SELECT string_agg('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''', ' | ' ORDER BY w.place, w.lexeme COLLATE "C")::tsquery
    FROM (
        SELECT l.lexeme, l.positions[1] AS place
        FROM unnest(to_tsvector(_vector_language(_words_query.language), left(_words_query.query_text, 10000))) AS l
        ORDER BY 2, l.lexeme COLLATE "C" LIMIT 64
    ) AS w
$$;
COMMENT ON FUNCTION llmspell_internal._words_query(text, text) IS 'Matches texts with any of the first 64 words of a query; NULL where it has none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._words_query(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_check(weights double precision[], rrf_k int, mmr_lambda double precision, half_life_floor double precision, max_distance double precision,
    min_score double precision)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- NaN is greater than every number.
    IF (array_ndims(weights) = 1 AND array_lower(weights, 1) = 1 AND cardinality(weights) = 2
        AND weights[1] BETWEEN 0 AND 1000000 AND weights[2] BETWEEN 0 AND 1000000 AND weights[1] + weights[2] > 0) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'weights must be two numbers of 0 to 1000000, not both 0, got %', left(weights::text, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The first weighs the vector, the second the words: ARRAY[1, 1].';
    END IF;
    IF rrf_k NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION 'rrf_k must be between 1 and 1000000, got %', rrf_k USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT mmr_lambda BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'mmr_lambda must be between 0 and 1, got %', mmr_lambda USING ERRCODE = 'invalid_parameter_value',
            HINT = '1 ranks by relevance only, 0 by difference only; 0.7 is usual.';
    END IF;
    IF NOT half_life_floor BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'half_life_floor must be between 0 and 1, got %', half_life_floor USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF max_distance = 'NaN' THEN
        RAISE EXCEPTION 'max_distance must be a number, got NaN' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF min_score = 'NaN' THEN
        RAISE EXCEPTION 'min_score must be a number, got NaN' USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._fusion_check IS 'Checks the arguments of a fused search.
Errors: 22023 out of range.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_check TO llmspell_app;

-- Searches vectors and episodes: the words of vectors are in the table of the space, those of episodes with the episodes.
CREATE OR REPLACE FUNCTION llmspell_internal._fused(space llmspell.vector_spaces, query_embedding @extschema:vector@.vector, query_text text, max_rows int, filter jsonb,
    since timestamptz, until timestamptz, only_scope text, for_episodes boolean, excluded text[], episode_role text,
    weights double precision[], rrf_k int, half_life interval, age_at timestamptz, half_life_floor double precision, mmr_lambda double precision,
    language text, include_expired boolean, max_distance double precision, min_score double precision)
RETURNS TABLE (place bigint, id uuid, score double precision, vector_rank bigint, text_rank bigint, distance double precision)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- The estimate of a common word is high, and compiling takes longer than running.
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_max_rows constant int := _vector_max_rows(_fused.max_rows);
    -- More than wanted, as a row that is second in both lists may beat the first of either.
    v_pool constant int := least(greatest(4 * v_max_rows, 60), 1000);
    v_weights constant double precision[] := coalesce(_fused.weights, '{1,1}');
    v_constant constant double precision := coalesce(_fused.rrf_k, 60);
    v_half_life constant double precision := extract(epoch FROM _positive(_fused.half_life, 'half_life'));
    v_expired constant boolean := coalesce(_fused.include_expired, false);
    v_age_at constant timestamptz := coalesce(_fused.age_at, statement_timestamp());
    v_prefix constant text := CASE WHEN for_episodes THEN 'session:' ELSE '' END;
    v_words constant text := CASE WHEN for_episodes THEN 'episodes' ELSE (_fused.space).table_name END;
    v_time constant text := CASE WHEN for_episodes THEN 'occurred_at' ELSE 'created_at' END;
    v_query tsquery;
    v_ids uuid[];
    v_orders double precision[];
    v_scores double precision[];
    v_ranks bigint[];
    v_word_ranks bigint[];
    v_distances double precision[];
    v_order int[];
BEGIN
    PERFORM _fusion_check(v_weights, _fused.rrf_k, mmr_lambda, half_life_floor, _fused.max_distance, min_score), _filter(_fused.filter);
    IF _fused.query_text IS NOT NULL THEN
        v_query := _words_query(coalesce(_fused.language, 'simple'), _fused.query_text);
    END IF;

    -- Equal texts share a rank, so that vectors decide between them; a row that is near has its rank among all texts
    -- that match. LATERAL with OFFSET fetches a few rows by their keys, whatever the planner thinks of the table.
    EXECUTE format($sql$
        WITH near AS MATERIALIZED (
            SELECT v.id, v.distance, row_number() OVER (ORDER BY v.distance, v.id) AS vector_rank
            FROM llmspell_internal._vector_near($1, $2, $3, $4, $17, 'auto', $5, $6, $7, NULL, NULL, $8, $18, $19) v
            WHERE $1 IS NOT NULL
        ), words AS (
            SELECT w.id, w.text_rank
            FROM (
                SELECT m.id, rank() OVER (ORDER BY m.relevance DESC) AS text_rank, row_number() OVER (ORDER BY m.relevance DESC, m.id) AS place
                FROM (
                    -- 1 divides by the logarithm of the length. Figures of the whole table would tell of other tenants.
                    SELECT t.id, pg_catalog.ts_rank(t.fts, $9, 1) AS relevance
                    FROM llmspell.%1$I t
                    WHERE t.tenant_id = $10 AND t.fts OPERATOR(llmspell.@@) $9 %2$s
                ) AS m
            ) AS w
            WHERE w.place <= $2 OR w.id IN (SELECT n.id FROM near n)
        ), both_lists AS (
            SELECT u.id, min(u.distance) AS distance, min(u.vector_rank) AS vector_rank, min(u.text_rank) AS text_rank
            FROM (
                SELECT n.id, n.distance, n.vector_rank, NULL::bigint AS text_rank FROM near n
                UNION ALL
                SELECT w.id, NULL, NULL, w.text_rank FROM words w
            ) AS u
            GROUP BY u.id
        ), fused AS (
            SELECT b.*, s.score[1] AS score, s.score[2] AS key
            FROM both_lists b CROSS JOIN LATERAL (
                SELECT llmspell_internal._fusion_score(b.vector_rank, b.text_rank, $12, $13, $14,
                    extract(epoch FROM $20 - t.%3$I)::double precision, $15, $21) AS score
                FROM llmspell.%1$I t WHERE t.tenant_id = $10 AND t.id = b.id OFFSET 0
            ) AS s
        ), best AS (
            SELECT f.*, row_number() OVER (ORDER BY f.key DESC, f.score DESC, f.distance, f.id) AS place FROM fused f
            WHERE f.score >= $22
        )
        SELECT array_agg(id ORDER BY place), array_agg(key ORDER BY place), array_agg(score ORDER BY place), array_agg(vector_rank ORDER BY place),
            array_agg(text_rank ORDER BY place), array_agg(distance ORDER BY place)
        FROM best WHERE place <= $16$sql$, v_words,
        concat(CASE WHEN only_scope IS NOT NULL THEN CASE WHEN for_episodes THEN ' AND t.session_id = $11' ELSE ' AND t.scope = $11' END END,
            CASE WHEN _fused.filter IS NOT NULL THEN ' AND t.metadata OPERATOR(llmspell.@>) $4' END,
            CASE WHEN _fused.since IS NOT NULL THEN format(' AND t.%I >= $5', v_time) END,
            CASE WHEN _fused.until IS NOT NULL THEN format(' AND t.%I < $6', v_time) END,
            CASE WHEN NOT v_expired THEN ' AND (t.expires_at IS NULL OR t.expires_at > now())' END,
            CASE WHEN excluded IS NOT NULL THEN format(' AND t.%I <> ALL ($23)', CASE WHEN for_episodes THEN 'session_id' ELSE 'scope' END) END,
            CASE WHEN episode_role IS NOT NULL THEN ' AND t.role = $19' END),
        v_time)
    INTO v_ids, v_orders, v_scores, v_ranks, v_word_ranks, v_distances
    USING _fused.query_embedding, v_pool, v_prefix || only_scope, _fused.filter, _fused.since, _fused.until, v_expired, _fused.space.name,
        v_query, v_tenant, only_scope, v_weights[1], v_weights[2], v_constant, v_half_life, CASE WHEN mmr_lambda IS NULL THEN v_max_rows ELSE v_pool END,
        _fused.max_distance, (SELECT array_agg(v_prefix || x) FROM unnest(excluded) AS x), episode_role, v_age_at, coalesce(half_life_floor, 0),
        coalesce(min_score, '-infinity'), excluded;

    IF mmr_lambda IS NOT NULL AND v_ids IS NOT NULL AND _fused.space.table_name IS NOT NULL THEN
        EXECUTE format('SELECT llmspell_internal._fusion_diversify($1, array_agg(t.e ORDER BY i.n), $2, $3)
                        FROM unnest($4) WITH ORDINALITY AS i (id, n)
                        LEFT JOIN LATERAL (SELECT t.%I AS e FROM llmspell.%I t WHERE t.tenant_id = $5 AND t.id = i.id OFFSET 0) AS t ON true',
            CASE WHEN _vector_halves(_fused.space.dims, _fused.space.metric) THEN 'embedding_half' ELSE 'embedding' END, _fused.space.table_name)
        INTO v_order USING v_orders, mmr_lambda, v_max_rows, v_ids, v_tenant;
    ELSE
        v_order := ARRAY(SELECT n FROM generate_series(1, least(coalesce(cardinality(v_ids), 0), v_max_rows)) AS n);
    END IF;
    RETURN QUERY SELECT o.place, v_ids[o.n], v_scores[o.n], v_ranks[o.n], v_word_ranks[o.n], v_distances[o.n] FROM unnest(v_order) WITH ORDINALITY AS o (n, place);
END
$$;
COMMENT ON FUNCTION llmspell_internal._fused IS 'The best rows by vector and by words in order; only_scope and excluded: for episodes sessions.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fused TO llmspell_app;

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
    FOR v_other IN SELECT s.* FROM vector_spaces s WHERE s.purpose = 'vectors' ORDER BY NOT s.builtin, s.dims, s.name LOOP
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
    mmr_lambda double precision DEFAULT NULL, language text DEFAULT 'simple', space text DEFAULT NULL, include_expired boolean DEFAULT false,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, max_distance double precision DEFAULT NULL, min_score double precision DEFAULT NULL,
    half_life_at timestamptz DEFAULT NULL, half_life_floor double precision DEFAULT NULL)
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
    RETURN QUERY EXECUTE format(
        'SELECT f.id, f.score, f.vector_rank, f.text_rank, f.distance, t.scope::text, t.metadata, t.content, t.created_at
         FROM llmspell_internal._fused($1, $2, $3, $4, $5, $14, $15, $6, false, NULL, NULL, $7, $8, $9, $18, $19, $10, $11, $12, $16, $17) f
         CROSS JOIN LATERAL (SELECT * FROM llmspell.%I t WHERE t.tenant_id = $13 AND t.id = f.id OFFSET 0) AS t ORDER BY f.place', v_space.table_name)
    USING v_space, hybrid_search.query_embedding, hybrid_search.query_text, hybrid_search.max_rows, hybrid_search.filter, hybrid_search.scope,
        hybrid_search.weights, hybrid_search.rrf_k, hybrid_search.half_life, hybrid_search.mmr_lambda, hybrid_search.language,
        hybrid_search.include_expired, v_tenant, hybrid_search.since, hybrid_search.until, hybrid_search.max_distance, hybrid_search.min_score,
        hybrid_search.half_life_at, hybrid_search.half_life_floor;
END
$$;
COMMENT ON FUNCTION llmspell.hybrid_search IS 'The best vectors of the tenant by meaning and by words, fused by reciprocal rank.
Errors: 42501 no tenant, 22004 both queries null, 22023 max_rows, weights, rrf_k, half_life, mmr_lambda, language, texts in several spaces, and those of vector_search.
Example: SELECT id, score, content FROM llmspell.hybrid_search(''broken pipe'', array_fill(0.1, ARRAY[384])::vector, 5);';
