-- Search: what the library says of itself, and search by meaning and by words together.

CREATE OR REPLACE FUNCTION llmspell.vector_search(query @extschema:vector@.vector, k int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', created_from timestamptz DEFAULT NULL, created_to timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (id uuid, distance double precision, score double precision, scope text, metadata jsonb, content text, created_at timestamptz,
    exact boolean, complete boolean)
STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_search_wrapper';
COMMENT ON FUNCTION llmspell.vector_search IS 'The k (1 to 1000) nearest vectors of the tenant, nearest first, ties by id: always k where the tenant has as many that fit. Conditions: scope, filter (metadata contains it), max_distance, created_from <= created_at < created_to; expired ones only with include_expired. mode: auto looks at every row where they are few and takes the index over all tenants where they are many, and looks at every row again where that comes back short; exact and ann insist. ef_search (1 to 1000), or a recall above 0 to 1, widens the index search (who names a recall below 1 is content with that share within max_distance, too); else hnsw.ef_search where the session set it, else a recall of 0.99. space: where several have the query''s dimensions. distance: by the metric of the space; score: larger is nearer (cosine: 1 - distance). exact: every row was looked at and the order is certain; complete: there are k rows, or none that fits is missing for want of looking. Errors: 42501 no tenant, 22004 null, 22023 k, mode, ef_search, recall, max_distance NaN, filter no object, a vector of zeros, no space of the dimensions or of that name, 54000 filter too large or too deep. Example: SELECT id, distance, content FROM llmspell.vector_search(array_fill(0.1, ARRAY[384])::vector, 5, scope => ''user:1'');';

CREATE OR REPLACE FUNCTION llmspell.vector_explain(query @extschema:vector@.vector, k int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_distance double precision DEFAULT NULL, mode text DEFAULT 'auto', created_from timestamptz DEFAULT NULL, created_to timestamptz DEFAULT NULL,
    include_expired boolean DEFAULT false, ef_search int DEFAULT NULL, recall double precision DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (space text, route text, reason text, row_count bigint, more boolean, exact_rows bigint, index_method text, ef_search int,
    candidates bigint, max_scan_tuples bigint, exact_ms double precision, ann_ms double precision)
STABLE PARALLEL RESTRICTED ROWS 1 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'vector_explain_wrapper';
COMMENT ON FUNCTION llmspell.vector_explain IS 'Which way vector_search would go with the same arguments, and why: space, route (exact or ann), reason, row_count (the rows that fit, expired ones too, counted to 20,000 at most and remembered for 30 s by the session; more: there are more), exact_rows (up to so many an exact scan is taken), index_method (of the index that the table has, or none), ef_search, candidates and max_scan_tuples of the index search, and what either way is expected to take (exact_ms, ann_ms; NULL where nothing was counted). Errors: those of vector_search. Example: SELECT route, reason, row_count FROM llmspell.vector_explain(array_fill(0.1, ARRAY[384])::vector);';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_from_halves(embedding bytea) RETURNS @extschema:vector@.vector
    IMMUTABLE STRICT PARALLEL SAFE LANGUAGE c AS 'MODULE_PATHNAME', '_vector_from_halves_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_from_halves(bytea) IS 'A vector of little-endian half-precision numbers; 22023 where they are none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_from_halves(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_score(vector_rank bigint, text_rank bigint, vector_weight double precision, text_weight double precision, constant double precision, age double precision, half_life double precision) RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_fusion_score_wrapper';
COMMENT ON FUNCTION llmspell_internal._fusion_score(bigint, bigint, double precision, double precision, double precision, double precision, double precision) IS 'weight / (constant + rank) of two lists, halved for each half_life of age (both in seconds).';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_score(bigint, bigint, double precision, double precision, double precision, double precision, double precision) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_order(vector_rank bigint, text_rank bigint, vector_weight double precision, text_weight double precision, constant double precision, age double precision, half_life double precision) RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_fusion_order_wrapper';
COMMENT ON FUNCTION llmspell_internal._fusion_order(bigint, bigint, double precision, double precision, double precision, double precision, double precision) IS 'The logarithm of _fusion_score, which still tells two rows apart where both scores have become 0.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_order(bigint, bigint, double precision, double precision, double precision, double precision, double precision) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_diversify(orders double precision[], embeddings anyarray, lambda double precision, k int) RETURNS int[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_fusion_diversify_wrapper';
COMMENT ON FUNCTION llmspell_internal._fusion_diversify(double precision[], anyarray, double precision, integer) IS 'Maximal marginal relevance: positions, from 1, of k items, whose relevance is given by its logarithm; lambda 1 is relevance alone, 0 unlikeness alone. 22023 lambda outside 0 to 1.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_diversify(double precision[], anyarray, double precision, integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_break_even(exact_us double precision, ann_us double precision, ef_search int, k int, space_rows double precision) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_break_even_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_break_even(double precision, double precision, integer, integer, double precision) IS 'Rows at which an exact scan takes as long as the index, by microseconds a row and a candidate.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_break_even(double precision, double precision, integer, integer, double precision) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_k(k int) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_check_k_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_check_k(integer) IS 'Returns a number of neighbours unchanged. Errors: 22004 null, 22023 not 1 to 1000.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_k(integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._words_query(language text, query_text text) RETURNS tsquery
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Any of the words: who asks in a sentence wants the texts that have most of them, not all.
    SELECT string_agg('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''', ' | ' ORDER BY w.place, w.lexeme COLLATE "C")::tsquery
    FROM (
        SELECT l.lexeme, l.positions[1] AS place
        FROM unnest(to_tsvector(_vector_language(_words_query.language), left(_words_query.query_text, 10000))) AS l
        ORDER BY 2, l.lexeme COLLATE "C" LIMIT 64
    ) AS w
$$;
COMMENT ON FUNCTION llmspell_internal._words_query(text, text) IS 'Matches texts with any of the first 64 words of a query; NULL where it has none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._words_query(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._fusion_check(weights double precision[], rrf_k int, half_life interval, mmr_lambda double precision) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- NaN is more than every number.
    IF (array_ndims(weights) = 1 AND array_lower(weights, 1) = 1 AND cardinality(weights) = 2
        AND weights[1] BETWEEN 0 AND 1000000 AND weights[2] BETWEEN 0 AND 1000000 AND weights[1] + weights[2] > 0) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'weights must be two numbers of 0 to 1000000, not both 0, got %', left(weights::text, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The first is for the vector, the second for the words: ARRAY[1, 1].';
    END IF;
    IF rrf_k IS NULL OR rrf_k NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION 'rrf_k must be between 1 and 1000000, got %', rrf_k USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- By its seconds: '-12 months 361 days' is more than nothing to Postgres, and reaches back.
    IF NOT isfinite(half_life) OR extract(epoch FROM half_life) <= 0 THEN
        RAISE EXCEPTION 'half_life must be positive and finite, got %', half_life USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT mmr_lambda BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'mmr_lambda must be between 0 and 1, got %', mmr_lambda USING ERRCODE = 'invalid_parameter_value',
            HINT = '1 is relevance alone, 0 difference alone; 0.7 is usual.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._fusion_check(double precision[], integer, interval, double precision) IS 'Raises 22023 where an argument of a fused search is out of its range.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fusion_check(double precision[], integer, interval, double precision) TO llmspell_app;

-- Both kinds of memory are searched by this: words come from one table, vectors from that of the space.
CREATE OR REPLACE FUNCTION llmspell_internal._fused(space llmspell.vector_spaces, query_embedding @extschema:vector@.vector, query_text text, k int, filter jsonb,
    created_from timestamptz, created_to timestamptz, only_scope text, for_episodes boolean,
    weights double precision[], rrf_k int, half_life interval, mmr_lambda double precision, language text, include_expired boolean)
RETURNS TABLE (place bigint, id uuid, score double precision, vector_rank bigint, text_rank bigint, distance double precision)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A common word makes the statement look long, and compiling it takes longer.
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_k constant int := _vector_check_k(_fused.k);
    -- Beyond what is wanted, as a row that is second in both lists may beat the first of either.
    v_pool constant int := least(greatest(4 * v_k, 60), 1000);
    -- The words of episodes are with the episodes.
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
    PERFORM _fusion_check(weights, rrf_k, half_life, mmr_lambda);
    IF _fused.include_expired IS NULL THEN
        RAISE EXCEPTION 'argument "include_expired" must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF jsonb_typeof(_fused.filter) <> 'object' THEN
        RAISE EXCEPTION 'filter must be a JSON object, not %', jsonb_typeof(_fused.filter) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF _fused.filter IS NOT NULL THEN
        PERFORM _json_check(_fused.filter);
    END IF;
    IF _fused.query_text IS NOT NULL THEN
        v_query := _words_query(_fused.language, _fused.query_text);
    END IF;

    -- Equal texts share a rank, so that vectors decide between them; and a row that is near has its true rank
    -- among all that match, however many do. LATERAL with OFFSET: a few rows are fetched by their keys, and no
    -- plan reads the table for them.
    EXECUTE format($sql$
        WITH near AS MATERIALIZED (
            SELECT v.id, v.distance, row_number() OVER (ORDER BY v.distance, v.id) AS vector_rank
            FROM llmspell.vector_search($1, $2, scope => $3, filter => $4, created_from => $5, created_to => $6, include_expired => $7, space => $8) v
            WHERE $1 IS NOT NULL
        ), words AS (
            SELECT w.id, w.text_rank
            FROM (
                SELECT m.id, rank() OVER (ORDER BY m.relevance DESC) AS text_rank, row_number() OVER (ORDER BY m.relevance DESC, m.id) AS place
                FROM (
                    -- 1: long texts have each word more often. No figure of the whole table enters: it would tell of other tenants.
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
            SELECT b.*, llmspell_internal._fusion_order(b.vector_rank, b.text_rank, $12, $13, $14, a.age, $15) AS key,
                llmspell_internal._fusion_score(b.vector_rank, b.text_rank, $12, $13, $14, a.age, $15) AS score
            FROM both_lists b CROSS JOIN LATERAL (
                SELECT extract(epoch FROM statement_timestamp() - t.%3$I)::double precision AS age
                FROM llmspell.%1$I t WHERE t.tenant_id = $10 AND t.id = b.id OFFSET 0
            ) AS a
        ), best AS (
            SELECT f.*, row_number() OVER (ORDER BY f.key DESC, f.score DESC, f.distance, f.id) AS place FROM fused f
        )
        SELECT array_agg(id ORDER BY place), array_agg(key ORDER BY place), array_agg(score ORDER BY place), array_agg(vector_rank ORDER BY place),
            array_agg(text_rank ORDER BY place), array_agg(distance ORDER BY place)
        FROM best WHERE place <= $16$sql$, v_words,
        concat(CASE WHEN only_scope IS NOT NULL THEN CASE WHEN for_episodes THEN ' AND t.session_id = $11' ELSE ' AND t.scope = $11' END END,
            CASE WHEN _fused.filter IS NOT NULL THEN ' AND t.metadata OPERATOR(llmspell.@>) $4' END,
            CASE WHEN _fused.created_from IS NOT NULL THEN format(' AND t.%I >= $5', v_time) END,
            CASE WHEN _fused.created_to IS NOT NULL THEN format(' AND t.%I < $6', v_time) END,
            CASE WHEN NOT for_episodes AND NOT _fused.include_expired THEN ' AND (t.expires_at IS NULL OR t.expires_at > now())' END),
        v_time)
    INTO v_ids, v_orders, v_scores, v_ranks, v_word_ranks, v_distances
    USING _fused.query_embedding, v_pool, CASE WHEN for_episodes THEN 'session:' || only_scope ELSE only_scope END, _fused.filter, _fused.created_from, _fused.created_to, _fused.include_expired, _fused.space.name,
        v_query, v_tenant, only_scope, weights[1], weights[2], rrf_k::double precision, extract(epoch FROM half_life)::double precision,
        CASE WHEN mmr_lambda IS NULL THEN v_k ELSE v_pool END;

    IF mmr_lambda IS NOT NULL AND v_ids IS NOT NULL AND _fused.space.table_name IS NOT NULL THEN
        EXECUTE format('SELECT llmspell_internal._fusion_diversify($1, array_agg(t.e ORDER BY i.n), $2, $3)
                        FROM unnest($4) WITH ORDINALITY AS i (id, n)
                        LEFT JOIN LATERAL (SELECT t.%I AS e FROM llmspell.%I t WHERE t.tenant_id = $5 AND t.id = i.id OFFSET 0) AS t ON true',
            CASE WHEN _vector_halves(_fused.space.dims) THEN 'embedding_half' ELSE 'embedding' END, _fused.space.table_name)
        INTO v_order USING v_orders, mmr_lambda, v_k, v_ids, v_tenant;
    ELSE
        v_order := ARRAY(SELECT n FROM generate_series(1, least(coalesce(cardinality(v_ids), 0), v_k)) AS n);
    END IF;
    RETURN QUERY SELECT o.place, v_ids[o.n], v_scores[o.n], v_ranks[o.n], v_word_ranks[o.n], v_distances[o.n] FROM unnest(v_order) WITH ORDINALITY AS o (n, place);
END
$$;
COMMENT ON FUNCTION llmspell_internal._fused IS 'The k best rows by vector and words, fused by reciprocal rank, aged and diversified, in order. only_scope: for episodes the session.';
GRANT EXECUTE ON FUNCTION llmspell_internal._fused TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._hybrid_search(query_text text, query_embedding @extschema:vector@.vector, k int, only_scope text, filter jsonb,
    weights double precision[], rrf_k int, half_life interval, mmr_lambda double precision, language text, space text, include_expired boolean)
RETURNS TABLE (id uuid, score double precision, vector_rank bigint, text_rank bigint, distance double precision, scope text, metadata jsonb,
    content text, created_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_other vector_spaces;
    v_has boolean;
    v_found text[] := '{}';
BEGIN
    IF _hybrid_search.query_embedding IS NOT NULL THEN
        v_space := _vector_space(_hybrid_search.space, @extschema:vector@.vector_dims(_hybrid_search.query_embedding), 'vectors');
    ELSIF _hybrid_search.query_text IS NULL THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    ELSIF _vector_check_space(_hybrid_search.space, 'vectors') IS NOT NULL THEN
        SELECT s.* INTO v_space FROM vector_spaces s WHERE s.name = _hybrid_search.space;
    ELSE
        FOR v_other IN SELECT s.* FROM vector_spaces s WHERE s.purpose = 'vectors' ORDER BY NOT s.builtin, s.dims, s.name LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM llmspell.%I WHERE tenant_id = $1 AND fts IS NOT NULL)', v_other.table_name) INTO v_has USING v_tenant;
            IF v_has THEN
                v_found := v_found || v_other.name;
            END IF;
            -- Without any text the first will do: it has nothing to find, and arguments are checked all the same.
            IF v_space.name IS NULL OR v_has AND cardinality(v_found) = 1 THEN
                v_space := v_other;
            END IF;
        END LOOP;
        IF cardinality(v_found) > 1 THEN
            RAISE EXCEPTION 'texts are in several spaces: %', array_to_string(v_found, ', ') USING ERRCODE = 'invalid_parameter_value', HINT = 'Name one: space => ''…''.';
        END IF;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT f.id, f.score, f.vector_rank, f.text_rank, f.distance, t.scope::text, t.metadata, t.content, t.created_at
         FROM llmspell_internal._fused($1, $2, $3, $4, $5, NULL, NULL, $6, false, $7, $8, $9, $10, $11, $12) f
         CROSS JOIN LATERAL (SELECT * FROM llmspell.%I t WHERE t.tenant_id = $13 AND t.id = f.id OFFSET 0) AS t ORDER BY f.place', v_space.table_name)
    USING v_space, _hybrid_search.query_embedding, _hybrid_search.query_text, _hybrid_search.k, _hybrid_search.filter, only_scope,
        weights, rrf_k, half_life, mmr_lambda, language, _hybrid_search.include_expired, v_tenant;
END
$$;
COMMENT ON FUNCTION llmspell_internal._hybrid_search IS 'What hybrid_search does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._hybrid_search TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.hybrid_search(query_text text, query_embedding @extschema:vector@.vector, k int DEFAULT 10, scope text DEFAULT NULL, filter jsonb DEFAULT NULL,
    weights double precision[] DEFAULT '{1,1}', rrf_k int DEFAULT 60, half_life interval DEFAULT NULL, mmr_lambda double precision DEFAULT NULL,
    language text DEFAULT 'simple', space text DEFAULT NULL, include_expired boolean DEFAULT false)
RETURNS TABLE (id uuid, score double precision, vector_rank bigint, text_rank bigint, distance double precision, scope text, metadata jsonb,
    content text, created_at timestamptz)
LANGUAGE sql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT * FROM _hybrid_search(hybrid_search.query_text, hybrid_search.query_embedding, hybrid_search.k, hybrid_search.scope, hybrid_search.filter,
        hybrid_search.weights, hybrid_search.rrf_k, hybrid_search.half_life, hybrid_search.mmr_lambda, hybrid_search.language, hybrid_search.space,
        hybrid_search.include_expired)
$$;
COMMENT ON FUNCTION llmspell.hybrid_search IS 'The k (1 to 1000) best vectors of the tenant by meaning and by words: each list ranks rows, and a row scores weights[1] / (rrf_k + vector_rank) + weights[2] / (rrf_k + text_rank). By meaning there are always k where k rows fit; by words alone those that match. A text matches with any of the first 64 words of query_text, taken by the text search configuration language, which should be that of the rows; its rank comes from the tenant''s rows alone, and texts that match equally well share one. weights: two numbers of 0 to 1000000. half_life halves a score for each such time since created_at. mmr_lambda (0 to 1): of the best, choose rows unlike one another, 1 by relevance alone, 0.7 usual; NULL: as they are. Either query may be NULL; without an embedding and without space it is the one space in which the tenant has texts, and no rows where there is none. Other arguments as for vector_search. The order is the same each time; ties by distance, then by id. Errors: 42501 no tenant, 22004 both queries null, or a null argument, 22023 k, weights, rrf_k, half_life, mmr_lambda, language, texts in several spaces, and those of vector_search. Example: SELECT id, score, content FROM llmspell.hybrid_search(''broken pipe'', array_fill(0.1, ARRAY[384])::vector, 5);';
