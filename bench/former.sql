-- The search that bench/search compares with: ts_rank over any of the words, and reciprocal ranks. It is a caller's
-- own function over the same tables, and its statement is planned at each call.
DROP SCHEMA IF EXISTS former CASCADE;
CREATE SCHEMA former;
GRANT USAGE ON SCHEMA former TO llmspell_app;

CREATE FUNCTION former.words_query(language text, query_text text) RETURNS tsquery
LANGUAGE sql STABLE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT string_agg('''' || replace(replace(w.lexeme, '\', '\\'), '''', '''''') || '''', ' | ' ORDER BY w.place, w.lexeme COLLATE "C")::tsquery
    FROM (
        SELECT l.lexeme, l.positions[1] AS place
        FROM unnest(to_tsvector(_vector_language(words_query.language), left(words_query.query_text, 10000))) AS l
        ORDER BY 2, l.lexeme COLLATE "C" LIMIT 64
    ) AS w
$$;

CREATE FUNCTION former.ranks(vector_rank bigint, text_rank bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN coalesce(1.0 / (60 + vector_rank), 0) + coalesce(1.0 / (60 + text_rank), 0);

CREATE FUNCTION former.episode_search(query_text text, query_embedding vector, max_rows int, language text)
RETURNS TABLE (id uuid, score double precision, content text)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, llmspell, llmspell_internal, public, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_pool constant int := least(greatest(4 * max_rows, 60), 1000);
    v_query constant tsquery := former.words_query(language, query_text);
BEGIN
    RETURN QUERY EXECUTE $sql$
        WITH near AS MATERIALIZED (
            SELECT v.id, v.distance, row_number() OVER (ORDER BY v.distance, v.id) AS vector_rank
            FROM llmspell.vector_search($1, $2, space => CASE WHEN $1 IS NOT NULL THEN 'episodes_384' END) v WHERE $1 IS NOT NULL
        ), words AS (
            SELECT w.id, w.text_rank
            FROM (
                SELECT m.id, rank() OVER (ORDER BY m.relevance DESC) AS text_rank, row_number() OVER (ORDER BY m.relevance DESC, m.id) AS place
                FROM (
                    SELECT t.id, pg_catalog.ts_rank(t.fts, $3, 1) AS relevance
                    FROM llmspell.episodes t
                    WHERE t.tenant_id = $4 AND t.fts OPERATOR(llmspell.@@) $3 AND (t.expires_at IS NULL OR t.expires_at > now())
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
        ), best AS (
            SELECT b.id, s.score FROM both_lists b CROSS JOIN LATERAL (
                SELECT former.ranks(b.vector_rank, b.text_rank) AS score
                FROM llmspell.episodes t WHERE t.tenant_id = $4 AND t.id = b.id OFFSET 0
            ) AS s
            ORDER BY s.score DESC, b.distance, b.id LIMIT $5
        )
        SELECT e.id, b.score, e.content FROM best b
        CROSS JOIN LATERAL (SELECT * FROM llmspell.episodes e WHERE e.tenant_id = $4 AND e.id = b.id OFFSET 0) AS e
        ORDER BY b.score DESC, e.id$sql$
    USING query_embedding, v_pool, v_query, v_tenant, max_rows;
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA former TO llmspell_app;
