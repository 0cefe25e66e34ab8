-- Reading and searching episodes.

-- The order of a session is that of occurred_at, then of adding.
CREATE OR REPLACE FUNCTION llmspell_internal._episode_cursor(at timestamptz, recorded_at timestamptz, id uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN llmspell_internal._cursor(at, llmspell_internal._cursor(recorded_at, id::text));
COMMENT ON FUNCTION llmspell_internal._episode_cursor(timestamptz, timestamptz, uuid) IS 'The cursor of an episode.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_cursor(timestamptz, timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episode_get(id uuid)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, at timestamptz, recorded_at timestamptz, processed_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at
    FROM llmspell.episodes e
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND e.tenant_id = llmspell.current_tenant() AND e.id = llmspell_internal._given(episode_get.id, 'id')
      AND (e.expires_at IS NULL OR e.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.episode_get(uuid) IS 'An episode: one row, or none where it does not exist or has expired.
Errors: 42501 no tenant, 22004 null.
Example: SELECT role, content FROM llmspell.episode_get(''00000000-0000-0000-0000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.episode_list(session_id text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, newest_first boolean DEFAULT false,
    max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.episode_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_newest constant boolean := coalesce(episode_list.newest_first, false);
    v_order constant text := CASE WHEN v_newest THEN 'DESC' ELSE 'ASC' END;
BEGIN
    -- The conditions stand in the text, as each of the two orders has its own index.
    RETURN QUERY EXECUTE concat(
        'SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
             llmspell_internal._episode_cursor(e.occurred_at, e.recorded_at, e.id)
         FROM llmspell.episodes e WHERE e.tenant_id = $1 AND (e.expires_at IS NULL OR e.expires_at > now())',
        CASE WHEN episode_list.session_id IS NOT NULL THEN ' AND e.session_id = $2' END,
        CASE WHEN episode_list.since IS NOT NULL THEN ' AND e.occurred_at >= $3' END,
        CASE WHEN episode_list.until IS NOT NULL THEN ' AND e.occurred_at < $4' END,
        CASE WHEN episode_list.after IS NOT NULL THEN format(' AND (e.occurred_at, e.recorded_at, e.id) %s ($5, $6, $7)', CASE WHEN v_newest THEN '<' ELSE '>' END) END,
        format(' ORDER BY e.occurred_at %1$s, e.recorded_at %1$s, e.id %1$s LIMIT $8', v_order))
    USING v_tenant, episode_list.session_id, episode_list.since, episode_list.until, _cursor_at(episode_list.after),
        _cursor_at(_cursor_id(episode_list.after)), _cursor_uuid(_cursor_id(episode_list.after)), _max_rows(coalesce(episode_list.max_rows, 100));
END
$$;
COMMENT ON FUNCTION llmspell.episode_list IS 'The episodes of a session, or of all, in order or newest first.
Errors: 42501 no tenant, 22023 max_rows, after.
Example: SELECT role, content FROM llmspell.episode_list(''s1'', newest_first => true, max_rows => 10);';

CREATE OR REPLACE FUNCTION llmspell.episode_search(query_text text DEFAULT NULL, query_embedding @extschema:vector@.vector DEFAULT NULL, max_rows int DEFAULT 10,
    session_id text DEFAULT NULL, filter jsonb DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    weights double precision[] DEFAULT '{1,1}', rrf_k int DEFAULT 60, half_life interval DEFAULT NULL, mmr_lambda double precision DEFAULT NULL,
    language text DEFAULT 'simple')
RETURNS SETOF llmspell_internal.episode_hit
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
BEGIN
    IF num_nonnulls(episode_search.query_text, episode_search.query_embedding) = 0 THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF episode_search.query_embedding IS NOT NULL THEN
        v_space := _vector_space(NULL, @extschema:vector@.vector_dims(episode_search.query_embedding), 'episodes');
    ELSIF episode_search.mmr_lambda IS NOT NULL THEN
        RAISE EXCEPTION 'mmr_lambda needs query_embedding' USING ERRCODE = 'invalid_parameter_value', HINT = 'Its dimensions tell by which vectors the episodes are compared.';
    END IF;
    RETURN QUERY
    SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
        f.score, f.distance, f.vector_rank, f.text_rank
    FROM _fused(v_space, episode_search.query_embedding, episode_search.query_text, episode_search.max_rows, episode_search.filter,
        episode_search.since, episode_search.until, episode_search.session_id, true,
        episode_search.weights, episode_search.rrf_k, episode_search.half_life, episode_search.mmr_lambda, episode_search.language, false) f
    CROSS JOIN LATERAL (SELECT * FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = f.id OFFSET 0) AS e
    ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION llmspell.episode_search IS 'The best episodes, whole, by meaning, by words, or by both.
Errors: 42501 no tenant, 22004 both queries null, 22023 mmr_lambda without query_embedding, and as for hybrid_search.
Example: SELECT role, content, score FROM llmspell.episode_search(''parser'', max_rows => 5);';
