-- Entities by meaning and by words.

CREATE OR REPLACE FUNCTION llmspell.entity_search(query_text text DEFAULT NULL, query_embedding @extschema:vector@.vector DEFAULT NULL, max_rows int DEFAULT 10,
    entity_type text DEFAULT NULL, filter jsonb DEFAULT NULL, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL,
    weights double precision[] DEFAULT '{1,1}', max_distance double precision DEFAULT NULL, min_score double precision DEFAULT NULL, language text DEFAULT NULL,
    context double precision DEFAULT 0.5, space text DEFAULT NULL)
RETURNS SETOF llmspell_internal.entity_hit
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_valid_at constant timestamptz := coalesce(entity_search.valid_at, now());
    v_known_at constant timestamptz := NULLIF(entity_search.known_at, 'infinity');
    v_space vector_spaces;
BEGIN
    IF entity_search.query_embedding IS NOT NULL THEN
        v_space := _vector_space(entity_search.space, @extschema:vector@.vector_dims(entity_search.query_embedding), 'entities');
    ELSIF entity_search.query_text IS NULL THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF entity_search.language IS NOT NULL THEN
        PERFORM _vector_language(entity_search.language);
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, ''-infinity''), NULLIF(e.valid_time_end, ''infinity''),
             e.transaction_time_start, NULLIF(e.transaction_time_end, ''infinity''), f.score, f.distance, f.vector_rank, f.text_rank, f.own_score, f.context_score,
             f.vector_score, f.text_score, f.complete
         FROM llmspell_internal._search($4, $5, $6, ''entities'', $7, $8, $9, NULL, NULL, NULL, NULL, NULL, $10, $11, NULL, $12, NULL, $13, NULL, NULL, NULL, NULL, $14,
             valid_at => $2, known_at => $3) f
         CROSS JOIN LATERAL (SELECT * FROM llmspell.entities e WHERE %s AND e.entity_id = f.id ORDER BY e.transaction_time_start DESC LIMIT 1) AS e
         ORDER BY f.place', _graph_at('e', v_known_at))
    USING v_tenant, v_valid_at, v_known_at, entity_search.query_embedding, entity_search.query_text, v_space.name, entity_search.max_rows, entity_search.entity_type,
        entity_search.filter, entity_search.max_distance, entity_search.language, entity_search.weights, entity_search.context, entity_search.min_score;
END
$$;
COMMENT ON FUNCTION llmspell.entity_search IS 'The best entities at a moment of both times by meaning, by words, or by both; neighbours get a share of the score.
Errors: 42501 no tenant, 22004 both queries null, 22023 no space for entities of these dimensions, and as for hybrid_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT entity_id, name, score FROM llmspell.entity_search(''engineer in Paris'', max_rows => 5);';
