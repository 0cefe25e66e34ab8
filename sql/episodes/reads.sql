-- Reading and searching episodes.

-- The order of a session is that of occurred_at, then of adding.
CREATE OR REPLACE FUNCTION llmspell_internal._episode_cursor(at timestamptz, recorded_at timestamptz, id uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN llmspell_internal._cursor_of_times(at, recorded_at, id);
COMMENT ON FUNCTION llmspell_internal._episode_cursor(timestamptz, timestamptz, uuid) IS 'The cursor of an episode.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_cursor(timestamptz, timestamptz, uuid) TO llmspell_app;

-- One statement for the sessions of a result, as their number is small, and one for all of the tenant.
CREATE OR REPLACE FUNCTION llmspell_internal._episode_ended_sessions(sessions text[]) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_ids uuid[];
BEGIN
    IF _episode_ended_sessions.sessions IS NULL THEN
        RETURN (SELECT array_agg(k) FROM sessions s CROSS JOIN unnest(ARRAY[s.session_id::text, s.name]) AS k
                WHERE s.tenant_id = v_tenant AND (s.status = 'expired' OR s.expires_at <= now()) AND k IS NOT NULL);
    END IF;
    v_ids := ARRAY(SELECT x::uuid FROM unnest(_episode_ended_sessions.sessions) AS x WHERE _session_is_id(x));
    RETURN (SELECT array_agg(k) FROM sessions s CROSS JOIN unnest(ARRAY[s.session_id::text, s.name]) AS k
            WHERE s.tenant_id = v_tenant AND (s.session_id = ANY (v_ids) OR s.name = ANY (_episode_ended_sessions.sessions))
              AND (s.status = 'expired' OR s.expires_at <= now()) AND k IS NOT NULL);
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_ended_sessions(text[]) IS 'Ids and names of those of some sessions, or all of the tenant''s, that have expired; NULL for none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_ended_sessions(text[]) TO llmspell_app;

-- Mostly one, which keeps the order of its index; two where episodes came under the id and under the name.
CREATE OR REPLACE FUNCTION llmspell_internal._episode_keys(session_id text) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_keys constant text[] := _session_keys(_episode_keys.session_id);
BEGIN
    IF cardinality(v_keys) = 2 THEN
        IF NOT EXISTS (SELECT FROM episodes e WHERE e.tenant_id = v_tenant AND e.session_id = v_keys[2]) THEN
            RETURN v_keys[:1];
        ELSIF NOT EXISTS (SELECT FROM episodes e WHERE e.tenant_id = v_tenant AND e.session_id = v_keys[1]) THEN
            RETURN v_keys[2:];
        END IF;
    END IF;
    RETURN v_keys;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_keys(text) IS 'Returns the texts under which a session has episodes, at least one; NULL for NULL.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_keys(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episode_get(id uuid)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, at timestamptz, recorded_at timestamptz, processed_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.id, llmspell_internal._session_key(e.session_id), e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at
    FROM llmspell.episodes e
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND e.tenant_id = llmspell.current_tenant() AND e.id = llmspell_internal._given(episode_get.id, 'id')
      AND (e.expires_at IS NULL OR e.expires_at > statement_timestamp());
END;
COMMENT ON FUNCTION llmspell.episode_get(uuid) IS 'An episode: one row, or none where it does not exist or has expired.
Errors: 42501 no tenant, 22004 null.
Example: SELECT role, content FROM llmspell.episode_get(''00000000-0000-0000-0000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.episode_list(session_id text DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, newest_first boolean DEFAULT false,
    max_rows int DEFAULT 100, after text DEFAULT NULL, include_expired boolean DEFAULT false)
RETURNS SETOF llmspell_internal.episode_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_newest constant boolean := coalesce(episode_list.newest_first, false);
    v_expired constant boolean := coalesce(episode_list.include_expired, false);
    v_rows constant int := _max_rows(coalesce(episode_list.max_rows, 100));
    v_session record;
    v_key text;
BEGIN
    v_session := _session_found(episode_list.session_id);
    IF v_session.has_ended AND NOT v_expired THEN
        RETURN;
    END IF;
    -- The most frequent call, the first page of a session, has plans of its own, which are kept.
    IF num_nonnulls(episode_list.since, episode_list.until, episode_list.after) = 0 AND cardinality(v_session.keys) = 1 AND NOT v_expired THEN
        v_key := v_session.shown;
        IF v_newest THEN
            RETURN QUERY
            SELECT e.id, v_key, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
                _episode_cursor(e.occurred_at, e.recorded_at, e.id)
            FROM episodes e
            WHERE e.tenant_id = v_tenant AND e.session_id = v_key AND (e.expires_at IS NULL OR e.expires_at > now())
            ORDER BY e.occurred_at DESC, e.recorded_at DESC, e.id DESC LIMIT v_rows;
        ELSE
            RETURN QUERY
            SELECT e.id, v_key, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
                _episode_cursor(e.occurred_at, e.recorded_at, e.id)
            FROM episodes e
            WHERE e.tenant_id = v_tenant AND e.session_id = v_key AND (e.expires_at IS NULL OR e.expires_at > now())
            ORDER BY e.occurred_at, e.recorded_at, e.id LIMIT v_rows;
        END IF;
        RETURN;
    END IF;
    DECLARE
        v_keys constant text[] := CASE WHEN cardinality(v_session.keys) = 2 THEN _episode_keys(episode_list.session_id) ELSE v_session.keys END;
        v_ended constant text[] := CASE WHEN episode_list.session_id IS NULL AND NOT v_expired THEN _episode_ended_sessions(NULL) END;
        v_order constant text := format(' ORDER BY e.occurred_at %1$s, e.recorded_at %1$s, e.id %1$s LIMIT $8', CASE WHEN v_newest THEN 'DESC' ELSE 'ASC' END);
    BEGIN
        -- The conditions stand in the text, as each of the two orders has its own index; a page of each key, and of these one.
        RETURN QUERY EXECUTE concat(
            'SELECT e.id, coalesce($10, llmspell_internal._session_key(e.session_id)), e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
                 llmspell_internal._episode_cursor(e.occurred_at, e.recorded_at, e.id) FROM ',
            CASE WHEN v_keys IS NOT NULL THEN 'unnest($2) AS k (key) CROSS JOIN LATERAL ' END,
            '(SELECT e.* FROM llmspell.episodes e WHERE e.tenant_id = $1',
            CASE WHEN NOT v_expired THEN ' AND (e.expires_at IS NULL OR e.expires_at > now())' END,
            CASE WHEN v_ended IS NOT NULL THEN ' AND e.session_id <> ALL ($9)' END,
            CASE WHEN v_keys IS NOT NULL THEN ' AND e.session_id = k.key' END,
            CASE WHEN episode_list.since IS NOT NULL THEN ' AND e.occurred_at >= $3' END,
            CASE WHEN episode_list.until IS NOT NULL THEN ' AND e.occurred_at < $4' END,
            CASE WHEN episode_list.after IS NOT NULL THEN format(' AND (e.occurred_at, e.recorded_at, e.id) %s ($5, $6, $7)', CASE WHEN v_newest THEN '<' ELSE '>' END) END,
            v_order, ') AS e', v_order)
        USING v_tenant, v_keys, episode_list.since, episode_list.until, _cursor_at(episode_list.after),
            _cursor_at(_cursor_id(episode_list.after)), _cursor_uuid(_cursor_id(episode_list.after)), v_rows, v_ended, v_session.shown;
    END;
END
$$;
COMMENT ON FUNCTION llmspell.episode_list IS 'The episodes of a session, or of all, in order or newest first.
Errors: 42501 no tenant, 22023 max_rows, after.
Example: SELECT role, content FROM llmspell.episode_list(''s1'', newest_first => true, max_rows => 10);';

CREATE OR REPLACE FUNCTION llmspell.episode_around(id uuid, max_rows int DEFAULT 2)
RETURNS SETOF llmspell_internal.episode_row
LANGUAGE plpgsql STABLE ROWS 5
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_max_rows constant int := _max_rows(coalesce(episode_around.max_rows, 2));
    v_hit record;
    v_keys text[];
BEGIN
    SELECT e.session_id, e.occurred_at, e.recorded_at, e.id INTO v_hit FROM episodes e
    WHERE e.tenant_id = v_tenant AND e.id = _given(episode_around.id, 'id') AND (e.expires_at IS NULL OR e.expires_at > now());
    IF NOT FOUND OR _episode_ended_sessions(ARRAY[v_hit.session_id::text]) IS NOT NULL THEN
        RETURN;
    END IF;
    v_keys := _episode_keys(v_hit.session_id);
    RETURN QUERY
    SELECT e.id, _session_key(e.session_id), e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
        _episode_cursor(e.occurred_at, e.recorded_at, e.id)
    FROM (
        (SELECT b.* FROM unnest(v_keys) AS k (key) CROSS JOIN LATERAL (
             SELECT e.* FROM episodes e
             WHERE e.tenant_id = v_tenant AND e.session_id = k.key AND (e.expires_at IS NULL OR e.expires_at > now())
               AND (e.occurred_at, e.recorded_at, e.id) < (v_hit.occurred_at, v_hit.recorded_at, v_hit.id)
             ORDER BY e.occurred_at DESC, e.recorded_at DESC, e.id DESC LIMIT v_max_rows) AS b
         ORDER BY b.occurred_at DESC, b.recorded_at DESC, b.id DESC LIMIT v_max_rows)
        UNION ALL
        (SELECT a.* FROM unnest(v_keys) AS k (key) CROSS JOIN LATERAL (
             SELECT e.* FROM episodes e
             WHERE e.tenant_id = v_tenant AND e.session_id = k.key AND (e.expires_at IS NULL OR e.expires_at > now())
               AND (e.occurred_at, e.recorded_at, e.id) >= (v_hit.occurred_at, v_hit.recorded_at, v_hit.id)
             ORDER BY e.occurred_at, e.recorded_at, e.id LIMIT v_max_rows::bigint + 1) AS a
         ORDER BY a.occurred_at, a.recorded_at, a.id LIMIT v_max_rows::bigint + 1)
    ) AS e
    ORDER BY e.occurred_at, e.recorded_at, e.id;
END
$$;
COMMENT ON FUNCTION llmspell.episode_around(uuid, integer) IS 'An episode with those before and after it in its session, max_rows on each side, in order.
Errors: 42501 no tenant, 22004 null, 22023 max_rows.
Example: SELECT role, content FROM llmspell.episode_around(''00000000-0000-0000-0000-000000000001'', 3);';

CREATE OR REPLACE FUNCTION llmspell.episode_search(query_text text DEFAULT NULL, query_embedding @extschema:vector@.vector DEFAULT NULL, max_rows int DEFAULT 10,
    session_id text DEFAULT NULL, filter jsonb DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    weights double precision[] DEFAULT '{1,1}', rrf_k int DEFAULT 60, half_life interval DEFAULT NULL, mmr_lambda double precision DEFAULT NULL,
    language text DEFAULT NULL, role text DEFAULT NULL, exclude_session text DEFAULT NULL, max_distance double precision DEFAULT NULL,
    min_score double precision DEFAULT NULL, half_life_at timestamptz DEFAULT NULL, half_life_floor double precision DEFAULT NULL,
    include_expired boolean DEFAULT false, fusion text DEFAULT 'convex', context double precision DEFAULT 0.5, space text DEFAULT NULL)
RETURNS SETOF llmspell_internal.episode_hit
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_expired constant boolean := coalesce(episode_search.include_expired, false);
    v_excluded text[] := CASE WHEN episode_search.exclude_session IS NOT NULL THEN _session_keys(episode_search.exclude_session) END;
    v_ended text[];
    v_keys constant text[] := coalesce(_episode_keys(episode_search.session_id), ARRAY[NULL::text]);
    v_half_life constant double precision := extract(epoch FROM _positive(episode_search.half_life, 'half_life'));
    v_hits episode_hit[];
    v_space vector_spaces;
BEGIN
    IF num_nonnulls(episode_search.query_text, episode_search.query_embedding) = 0 THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF episode_search.query_embedding IS NOT NULL THEN
        v_space := _vector_space(episode_search.space, @extschema:vector@.vector_dims(episode_search.query_embedding), 'episodes');
    ELSIF episode_search.mmr_lambda IS NOT NULL THEN
        RAISE EXCEPTION 'mmr_lambda needs query_embedding' USING ERRCODE = 'invalid_parameter_value', HINT = 'Its dimensions tell by which vectors the episodes are compared.';
    END IF;
    IF episode_search.language IS NOT NULL THEN
        PERFORM _vector_language(episode_search.language);
    END IF;
    -- Under each key of the session, and by score where these are two.
    -- Sessions that have ended are excluded when they are seen among the hits; if that finds others, all of them are.
    FOR v_round IN 1 .. 3 LOOP
        SELECT array_agg(ROW(e.id, _session_key(e.session_id), e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at, e.expires_at,
            f.score, f.distance, f.vector_rank, f.text_rank, f.own_score, f.context_score, f.vector_score, f.text_score, f.complete)::llmspell_internal.episode_hit
            ORDER BY CASE WHEN v_keys[2] IS NOT NULL THEN f.score END DESC, CASE WHEN v_keys[2] IS NOT NULL THEN f.distance END, f.place)
        INTO v_hits
        FROM unnest(v_keys) AS k (key)
        CROSS JOIN LATERAL _search(episode_search.query_embedding, episode_search.query_text, v_space.name, NULL, episode_search.max_rows, k.key,
            episode_search.filter, episode_search.since, episode_search.until, v_excluded, episode_search.role, v_expired, episode_search.max_distance,
            episode_search.language, episode_search.fusion, episode_search.weights, episode_search.rrf_k, episode_search.context, v_half_life,
            coalesce(episode_search.half_life_at, statement_timestamp()), episode_search.half_life_floor, episode_search.mmr_lambda, episode_search.min_score) f
        CROSS JOIN LATERAL (SELECT * FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = f.id OFFSET 0) AS e;
        EXIT WHEN v_expired OR v_hits IS NULL;
        v_ended := _episode_ended_sessions(ARRAY(SELECT DISTINCT h.session_id FROM unnest(v_hits) AS h));
        EXIT WHEN v_ended IS NULL;
        v_excluded := v_excluded || CASE v_round WHEN 1 THEN v_ended ELSE _episode_ended_sessions(NULL) END;
    END LOOP;
    RETURN QUERY SELECT h.* FROM unnest(v_hits[:coalesce(episode_search.max_rows, 10)]) AS h;
END
$$;
COMMENT ON FUNCTION llmspell.episode_search IS 'The best episodes, whole, by meaning, by words, or by both.
Errors: 42501 no tenant, 22004 both queries null, 22023 mmr_lambda without query_embedding, and as for hybrid_search. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT role, content, score FROM llmspell.episode_search(''parser'', max_rows => 5);';
