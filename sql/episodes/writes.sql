-- Adding, changing and deleting episodes.

CREATE OR REPLACE FUNCTION llmspell_internal._episode_moment() RETURNS timestamptz
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '_episode_moment_wrapper';
COMMENT ON FUNCTION llmspell_internal._episode_moment() IS 'The current time, later than at every call before in the session, even if the clock is set back.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_moment() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._episode_check_at(at timestamptz) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF NOT isfinite(at) THEN
        RAISE EXCEPTION 'at must be finite, got %', at USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_check_at(timestamptz) IS 'Checks the time of an episode.
Errors: 22023 infinite.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_check_at(timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episode_add(session_id text, role text, content text, embedding @extschema:vector@.vector DEFAULT NULL, metadata jsonb DEFAULT '{}',
    at timestamptz DEFAULT NULL, id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL, language text DEFAULT NULL,
    expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL, space text DEFAULT NULL)
RETURNS llmspell_internal.episode_added
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_key constant text := episode_add.idempotency_key;
    v_session constant text := _session_key(episode_add.session_id);
    v_language constant text := _search_language(episode_add.language);
    v_space vector_spaces;
    v_episode record;
    v_added episode_added;
BEGIN
    PERFORM _short_text(v_session, 'session_id', 247), _check_scope('session:' || v_session), _short_text(episode_add.role, 'role', 255),
        _given(episode_add.content, 'content'), _short_text(coalesce(v_key, ''), 'idempotency_key', 255), _json_check(coalesce(episode_add.metadata, '{}')),
        _vector_language(v_language), _episode_check_at(episode_add.at);
    IF v_key = '' THEN
        RAISE EXCEPTION 'idempotency_key must not be empty' USING ERRCODE = 'invalid_parameter_value', HINT = 'Without a key give NULL.';
    END IF;
    IF episode_add.embedding IS NOT NULL THEN
        v_space := _vector_space(episode_add.space, @extschema:vector@.vector_dims(episode_add.embedding), 'episodes', true);
        PERFORM _vector_check_length(episode_add.embedding, v_space.metric);
    END IF;
    LOOP
        INSERT INTO episodes AS e (tenant_id, id, session_id, role, content, metadata, occurred_at, recorded_at, idempotency_key, language, expires_at)
        VALUES (v_tenant, coalesce(episode_add.id, uuidv7()), v_session, episode_add.role, episode_add.content, coalesce(episode_add.metadata, '{}'),
                coalesce(episode_add.at, now()), _episode_moment(), v_key, v_language, _expiry(episode_add.expires_at, episode_add.ttl))
        ON CONFLICT DO NOTHING
        RETURNING e.id, e.session_id, e.content, e.metadata, e.occurred_at, e.expires_at INTO v_episode;
        v_added.created := FOUND;
        IF v_added.created AND num_nonnulls(v_key, episode_add.id) > 0 AND current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM _raise_unseen('episode', coalesce(v_key, v_episode.id::text)) FROM episodes e
            WHERE e.tenant_id = v_tenant AND (e.id = episode_add.id OR e.idempotency_key = v_key) HAVING count(*) > 1;
        END IF;
        EXIT WHEN v_added.created;
        -- The key decides; without one, the id.
        SELECT e.id, e.session_id, e.content, e.metadata, e.occurred_at, e.expires_at INTO v_episode FROM episodes e
        WHERE e.tenant_id = v_tenant AND (e.idempotency_key = v_key OR v_key IS NULL AND e.id = episode_add.id);
        IF FOUND THEN
            EXIT WHEN episode_add.embedding IS NULL;
            -- Its vector may come later; the episode stays and keeps its values until that is stored.
            SELECT e.id, e.session_id, e.content, e.metadata, e.occurred_at, e.expires_at INTO v_episode
            FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = v_episode.id FOR KEY SHARE;
            EXIT WHEN FOUND;
        ELSIF EXISTS (SELECT FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = episode_add.id) THEN
            RAISE EXCEPTION 'episode "%" exists, with another idempotency_key', episode_add.id USING ERRCODE = 'unique_violation';
        ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'episode was added by a transaction that this one does not see' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
        END IF;
        -- The other one was deleted meanwhile: try again.
    END LOOP;
    v_added.id := v_episode.id;
    -- A vector of another text is not stored.
    IF episode_add.embedding IS NOT NULL AND v_episode.content = episode_add.content THEN
        PERFORM _episode_embed(v_space, v_tenant, v_episode.id, episode_add.embedding, v_episode.session_id, v_episode.metadata, v_episode.occurred_at,
            v_episode.expires_at, false);
    END IF;
    RETURN v_added;
END
$$;
COMMENT ON FUNCTION llmspell.episode_add IS 'Stores an episode, with its vector where one is given, once for an idempotency_key or an id.
Errors: 42501 no tenant, 22004 null, 22001 session_id over 247, role or key over 255 characters, 22023 session_id, key, dimensions, a vector of zeros, language, at, ttl, 23505 the id is taken under another key, 54000 metadata too large or too deep.
Example: SELECT id, created FROM llmspell.episode_add(''s1'', ''user'', ''where did we put the parser?'');';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_embed(space llmspell.vector_spaces, tenant text, id uuid, embedding @extschema:vector@.vector, session_id text,
    metadata jsonb, at timestamptz, expires_at timestamptz, replace boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- Searches bound created_at, which is the time of the episode.
    EXECUTE format('INSERT INTO llmspell.%I (tenant_id, id, scope, embedding, metadata, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
                    ON CONFLICT (tenant_id, id) %s', (_episode_embed.space).table_name,
        CASE WHEN _episode_embed.replace THEN 'DO UPDATE SET embedding = EXCLUDED.embedding, updated_at = now()' ELSE 'DO NOTHING' END)
    USING _episode_embed.tenant, _episode_embed.id, 'session:' || _episode_embed.session_id, _episode_embed.embedding, _episode_embed.metadata,
        _episode_embed.at, _episode_embed.expires_at;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _vector_check_made(_episode_embed.space, ARRAY[_episode_embed.id]);
    END IF;
    PERFORM _embedding_dequeue((_episode_embed.space).name, ARRAY[_episode_embed.id]);
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_embed IS 'Stores the vector of an episode, in place of one of the same dimensions or not.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_embed TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episode_add_many(items jsonb) RETURNS SETOF llmspell_internal.episode_added
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
DECLARE
    v_item jsonb;
BEGIN
    PERFORM _require_tenant(), _given(episode_add_many.items, 'items');
    IF jsonb_typeof(episode_add_many.items) <> 'array' THEN
        RAISE EXCEPTION 'items must be an array of objects, not %', jsonb_typeof(episode_add_many.items) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For instance [{"session_id": "s1", "role": "user", "content": "…"}].';
    END IF;
    -- In their order, which is that of adding.
    FOR v_item IN SELECT i FROM jsonb_array_elements(episode_add_many.items) AS i LOOP
        IF jsonb_typeof(v_item) <> 'object' THEN
            RAISE EXCEPTION 'items must be objects, not %', jsonb_typeof(v_item) USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN NEXT episode_add(v_item ->> 'session_id', v_item ->> 'role', v_item ->> 'content',
            (NULLIF(v_item -> 'embedding', 'null')::text)::@extschema:vector@.vector, NULLIF(v_item -> 'metadata', 'null'),
            (v_item ->> 'at')::timestamptz, (v_item ->> 'id')::uuid, v_item ->> 'idempotency_key', v_item ->> 'language',
            (v_item ->> 'expires_at')::timestamptz, (v_item ->> 'ttl')::interval, v_item ->> 'space');
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.episode_add_many(jsonb) IS 'Stores episodes in the order of an array of objects with the arguments of episode_add, all or none.
Errors: those of episode_add, 22023 no array of objects.
Example: SELECT id, created FROM llmspell.episode_add_many(''[{"session_id": "s1", "role": "user", "content": "hello"}]'');';

CREATE OR REPLACE FUNCTION llmspell.episode_update(id uuid, content text DEFAULT NULL, embedding @extschema:vector@.vector DEFAULT NULL, role text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, language text DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    space text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _given(episode_update.id, 'id');
    v_expiry constant timestamptz := _expiry(episode_update.expires_at, episode_update.ttl);
    v_space vector_spaces;
    v_old text;
    v_episode record;
    v_table text;
BEGIN
    PERFORM _short_text(coalesce(episode_update.role, ''), 'role', 255), _json_check(coalesce(episode_update.metadata, '{}')), _episode_check_at(episode_update.at),
        _vector_language(_search_language(episode_update.language));
    IF episode_update.embedding IS NOT NULL THEN
        v_space := _vector_space(episode_update.space, @extschema:vector@.vector_dims(episode_update.embedding), 'episodes', true);
        PERFORM _vector_check_length(episode_update.embedding, v_space.metric);
    END IF;
    SELECT e.content INTO v_old FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = v_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE episodes e SET content = coalesce(episode_update.content, e.content), role = coalesce(episode_update.role, e.role),
        metadata = coalesce(episode_update.metadata, e.metadata), occurred_at = coalesce(episode_update.at, e.occurred_at),
        language = coalesce(episode_update.language, e.language), expires_at = CASE WHEN episode_update.expires_at = 'infinity' THEN NULL ELSE coalesce(v_expiry, e.expires_at) END
    WHERE e.tenant_id = v_tenant AND e.id = v_id
    RETURNING e.session_id, e.content, e.metadata, e.occurred_at, e.expires_at INTO v_episode;
    -- The vectors of another text go.
    IF v_episode.content <> v_old THEN
        FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = 'episodes' AND s.name IS DISTINCT FROM v_space.name ORDER BY s.name LOOP
            EXECUTE format('DELETE FROM llmspell.%I WHERE tenant_id = $1 AND id = $2', v_table) USING v_tenant, v_id;
        END LOOP;
    END IF;
    IF episode_update.embedding IS NOT NULL THEN
        PERFORM _episode_embed(v_space, v_tenant, v_id, episode_update.embedding, v_episode.session_id, v_episode.metadata, v_episode.occurred_at, v_episode.expires_at, true);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.episode_update IS 'Changes what is given of an episode; new content takes the old vectors away. Returns whether it exists.
Errors: those of episode_add.
Example: SELECT llmspell.episode_update(''00000000-0000-0000-0000-000000000001'', content => ''corrected'');';

CREATE OR REPLACE FUNCTION llmspell.episode_prune(older_than interval DEFAULT NULL, before timestamptz DEFAULT NULL, only_processed boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant timestamptz := coalesce(episode_prune.before, statement_timestamp() - _positive(episode_prune.older_than, 'older_than'));
    v_rows bigint;
BEGIN
    IF num_nonnulls(episode_prune.older_than, episode_prune.before) <> 1 THEN
        RAISE EXCEPTION 'give either older_than or before' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM episodes e WHERE e.tenant_id = v_tenant AND e.occurred_at < v_before AND (NOT coalesce(only_processed, false) OR e.processed_at IS NOT NULL);
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.episode_prune(interval, timestamptz, boolean) IS 'Deletes the episodes before a moment, or only the processed ones, with their vectors, and returns how many.
Errors: 42501 no tenant, 22023 neither or both of older_than and before, older_than not positive.
Example: SELECT llmspell.episode_prune(older_than => ''1 year'');';

CREATE OR REPLACE FUNCTION llmspell.episode_delete(ids uuid[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_rows bigint;
BEGIN
    DELETE FROM episodes e WHERE e.tenant_id = _require_tenant() AND e.id = ANY (_given(episode_delete.ids, 'ids'));
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.episode_delete(uuid[]) IS 'Deletes episodes by id, with their vectors, and returns how many.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.episode_delete(ARRAY[''00000000-0000-0000-0000-000000000001'']::uuid[]);';

CREATE OR REPLACE FUNCTION llmspell.episode_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows bigint;
BEGIN
    -- An array, so that stale statistics cannot make a nested loop of it.
    DELETE FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = ANY (ARRAY(
        SELECT x.id FROM episodes x WHERE x.tenant_id = v_tenant AND x.expires_at <= now() ORDER BY x.expires_at
        LIMIT _max_rows(coalesce(episode_sweep.max_rows, 1000))));
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.episode_sweep(integer) IS 'Deletes expired episodes, oldest first, with their vectors, and returns how many.
Errors: 42501 no tenant, 22023 max_rows.
Example: SELECT llmspell.episode_sweep();';
