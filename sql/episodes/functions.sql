CREATE OR REPLACE TRIGGER episodes_words BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.episodes
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_vector_words();

-- Triggers and not a foreign key: pg_restore -j loads tables of an extension in no order.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_episodes_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_table text;
BEGIN
    IF TG_OP = 'TRUNCATE' AND _is_restoring() THEN
        RETURN NULL;
    END IF;
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = 'episodes' ORDER BY s.name LOOP
        EXECUTE format(CASE TG_OP WHEN 'TRUNCATE' THEN 'TRUNCATE llmspell.%I'
            ELSE 'DELETE FROM llmspell.%I v USING gone g WHERE v.tenant_id = g.tenant_id AND v.id = g.id' END, v_table);
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_episodes_delete() IS 'The vectors of an episode go with it.';
CREATE OR REPLACE TRIGGER episodes_delete AFTER DELETE ON llmspell.episodes
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_episodes_delete();
CREATE OR REPLACE TRIGGER episodes_truncate AFTER TRUNCATE ON llmspell.episodes
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_episodes_delete();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_episodes_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = 'episodes' ORDER BY s.name LOOP
        EXECUTE format('UPDATE llmspell.%I SET tenant_id = $3, id = $4, scope = $5, metadata = $6, created_at = $7, updated_at = now()
                        WHERE tenant_id = $1 AND id = $2', v_table)
        USING OLD.tenant_id, OLD.id, NEW.tenant_id, NEW.id, 'session:' || NEW.session_id, NEW.metadata, NEW.occurred_at;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_episodes_update() IS 'The vectors of an episode have what searches narrow by, too, and keep it as it is.';
-- The columns are named, so that a claim compares nothing.
CREATE OR REPLACE TRIGGER episodes_update AFTER UPDATE OF tenant_id, id, session_id, metadata, occurred_at ON llmspell.episodes
    FOR EACH ROW WHEN ((OLD.tenant_id, OLD.id, OLD.session_id, OLD.metadata, OLD.occurred_at) IS DISTINCT FROM (NEW.tenant_id, NEW.id, NEW.session_id, NEW.metadata, NEW.occurred_at))
    EXECUTE FUNCTION llmspell_internal._tg_episodes_update();

-- A vector without its episode would take a place among the k that a search finds.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_episode_embedding() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF _is_restoring() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.tenant_id, OLD.id) = (NEW.tenant_id, NEW.id) THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM FROM episodes e WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no episode "%" for its embedding', NEW.id USING ERRCODE = 'foreign_key_violation',
            HINT = 'Add the episode first, or both by llmspell.episode_add.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_episode_embedding() IS 'An embedding is that of an episode, which stays until the transaction ends; 23503 where there is none.';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_add(session_id text, role text, content text, embedding @extschema:vector@.vector, metadata jsonb, occurred_at timestamptz,
    wanted_id uuid, idempotency_key text, language text)
RETURNS TABLE (id uuid, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_session text := _short_text(_episode_add.session_id, 'session_id', 247);
    v_id uuid;
    v_first record;
    v_metadata jsonb := coalesce(_episode_add.metadata, '{}');
    v_time timestamptz := coalesce(_episode_add.occurred_at, now());
BEGIN
    PERFORM _check_scope('session:' || v_session), _short_text(_episode_add.role, 'role', 255), _required(_episode_add.content, 'content'),
        _short_text(coalesce(_episode_add.idempotency_key, ''), 'idempotency_key', 255), _json_check(v_metadata), _vector_language(_episode_add.language);
    IF NOT isfinite(v_time) THEN
        RAISE EXCEPTION 'occurred_at must be finite, got %', v_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF _episode_add.idempotency_key = '' THEN
        RAISE EXCEPTION 'idempotency_key must not be empty' USING ERRCODE = 'invalid_parameter_value', HINT = 'Without a key give NULL.';
    END IF;
    IF _episode_add.embedding IS NOT NULL THEN
        v_space := _vector_space(NULL, @extschema:vector@.vector_dims(_episode_add.embedding), 'episodes');
        PERFORM _vector_check_nonzero(_episode_add.embedding, v_space.metric);
    END IF;
    LOOP
        INSERT INTO episodes AS e (tenant_id, id, session_id, role, content, metadata, occurred_at, idempotency_key, language)
        VALUES (v_tenant, coalesce(wanted_id, uuidv7()), v_session, _episode_add.role, _episode_add.content, v_metadata,
                v_time, _episode_add.idempotency_key, _episode_add.language)
        ON CONFLICT DO NOTHING
        RETURNING e.id INTO v_id;
        created := FOUND;
        EXIT WHEN created;
        -- The key decides; without one, the id.
        SELECT e.id INTO v_id FROM episodes e
        WHERE e.tenant_id = v_tenant AND (e.idempotency_key = _episode_add.idempotency_key OR _episode_add.idempotency_key IS NULL AND e.id = wanted_id);
        IF FOUND THEN
            EXIT WHEN _episode_add.embedding IS NULL;
            -- Its vector may come later, and is stored with what the episode has; it stays until then.
            SELECT e.session_id, e.content, e.metadata, e.occurred_at INTO v_first
            FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = v_id FOR KEY SHARE;
            EXIT WHEN FOUND;
        ELSIF EXISTS (SELECT FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = wanted_id) THEN
            RAISE EXCEPTION 'episode "%" exists, with another idempotency_key', wanted_id USING ERRCODE = 'unique_violation';
        ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'episode was added by a transaction that this one does not see' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
        END IF;
        -- The other one was deleted in between: once more.
    END LOOP;
    id := v_id;
    IF _episode_add.embedding IS NOT NULL THEN
        IF NOT created THEN
            -- A vector of another text is none of this episode's.
            IF v_first.content <> _episode_add.content THEN
                RETURN NEXT;
                RETURN;
            END IF;
            v_session := v_first.session_id;
            v_metadata := v_first.metadata;
            v_time := v_first.occurred_at;
        END IF;
        -- created_at, by which searches are bounded, is when it took place.
        EXECUTE format('INSERT INTO llmspell.%I (tenant_id, id, scope, embedding, metadata, created_at) VALUES ($1, $2, $3, $4, $5, $6) %s', v_space.table_name,
            CASE WHEN NOT created THEN 'ON CONFLICT DO NOTHING' END)
        USING v_tenant, v_id, 'session:' || v_session, _episode_add.embedding, v_metadata, v_time;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_add IS 'What episode_add does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_add TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episode_add(session_id text, role text, content text, embedding @extschema:vector@.vector DEFAULT NULL, metadata jsonb DEFAULT '{}',
    occurred_at timestamptz DEFAULT NULL, id uuid DEFAULT NULL, idempotency_key text DEFAULT NULL, language text DEFAULT 'simple')
RETURNS TABLE (id uuid, created boolean)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT * FROM _episode_add(episode_add.session_id, episode_add.role, episode_add.content, episode_add.embedding, episode_add.metadata,
        episode_add.occurred_at, episode_add.id, episode_add.idempotency_key, episode_add.language)
$$;
COMMENT ON FUNCTION llmspell.episode_add IS 'Stores an episode, with its vector where one is given, and returns (id, created). occurred_at: now by default. Added again with the same idempotency_key, or without one with the same id, the first one stays as it is, whatever else is given, and its id comes back with created false; but where the content is the same and the episode has no vector of these dimensions, the vector is stored now. language: text search configuration of content. Errors: 42501 no tenant, 22004 null session_id, role or content, 22001 session_id over 247, role or idempotency_key over 255 characters, 22023 session_id empty or with control characters, idempotency_key empty, no space for the dimensions, a vector of zeros, language, occurred_at infinite, 23505 the id is taken under another key, 54000 metadata too large or too deep. Example: SELECT id, created FROM llmspell.episode_add(''s1'', ''user'', ''where did we put the parser?'');';

CREATE OR REPLACE FUNCTION llmspell.episode_get(id uuid)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, recorded_at timestamptz, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at
    FROM llmspell.episodes e
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND e.tenant_id = llmspell.current_tenant() AND e.id = llmspell_internal._required(episode_get.id, 'id');
END;
COMMENT ON FUNCTION llmspell.episode_get(uuid) IS 'An episode: one row, or none. Errors: 42501 no tenant, 22004 null. Example: SELECT role, content FROM llmspell.episode_get(''00000000-0000-0000-0000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell_internal._episodes_by_session(wanted_session text, max_rows int, after uuid)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, recorded_at timestamptz, processed_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_session constant text := _required(wanted_session, 'session_id');
    v_after timestamptz := '-infinity';
    v_id uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF _episodes_by_session.after IS NOT NULL THEN
        SELECT e.occurred_at, e.id INTO v_after, v_id FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = _episodes_by_session.after;
        IF NOT FOUND THEN
            PERFORM _raise_missing('episode', _episodes_by_session.after::text);
        END IF;
    END IF;
    RETURN QUERY
    SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at
    FROM episodes e
    WHERE e.tenant_id = v_tenant AND e.session_id = v_session AND (e.occurred_at, e.id) > (v_after, v_id)
    ORDER BY e.occurred_at, e.id
    LIMIT _max_rows(_episodes_by_session.max_rows);
END
$$;
COMMENT ON FUNCTION llmspell_internal._episodes_by_session IS 'What episodes_by_session does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episodes_by_session TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episodes_by_session(session_id text, max_rows int DEFAULT 100, after uuid DEFAULT NULL)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, recorded_at timestamptz, processed_at timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT * FROM _episodes_by_session(episodes_by_session.session_id, max_rows, after) $$;
COMMENT ON FUNCTION llmspell.episodes_by_session(text, integer, uuid) IS 'The episodes of a session, oldest first; for the next page give the id of the last one as after. Errors: 42501 no tenant, 22004 null, 22023 max_rows, P0002 no episode after. Example: SELECT role, content FROM llmspell.episodes_by_session(''s1'');';

CREATE OR REPLACE FUNCTION llmspell_internal._episode_search(query_text text, query_embedding @extschema:vector@.vector, k int, only_session text, filter jsonb, since timestamptz, until timestamptz,
    weights double precision[], rrf_k int, half_life interval, mmr_lambda double precision, language text)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, recorded_at timestamptz, processed_at timestamptz,
    score double precision, distance double precision, vector_rank bigint, text_rank bigint)
LANGUAGE plpgsql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
BEGIN
    IF num_nonnulls(_episode_search.query_text, _episode_search.query_embedding) = 0 THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF _episode_search.query_embedding IS NOT NULL THEN
        v_space := _vector_space(NULL, @extschema:vector@.vector_dims(_episode_search.query_embedding), 'episodes');
    ELSIF mmr_lambda IS NOT NULL THEN
        RAISE EXCEPTION 'mmr_lambda needs query_embedding' USING ERRCODE = 'invalid_parameter_value', HINT = 'Its dimensions tell by which vectors the episodes are compared.';
    END IF;
    RETURN QUERY
    SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.recorded_at, e.processed_at,
        f.score, f.distance, f.vector_rank, f.text_rank
    FROM _fused(v_space, _episode_search.query_embedding, _episode_search.query_text, _episode_search.k, _episode_search.filter,
        _episode_search.since, _episode_search.until, only_session, true,
        weights, rrf_k, half_life, mmr_lambda, language, false) f
    CROSS JOIN LATERAL (SELECT * FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = f.id OFFSET 0) AS e
    ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episode_search IS 'What episode_search does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_search TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episode_search(query_text text DEFAULT NULL, query_embedding @extschema:vector@.vector DEFAULT NULL, k int DEFAULT 10, session_id text DEFAULT NULL,
    filter jsonb DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, weights double precision[] DEFAULT '{1,1}', rrf_k int DEFAULT 60,
    half_life interval DEFAULT NULL, mmr_lambda double precision DEFAULT NULL, language text DEFAULT 'simple')
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, recorded_at timestamptz, processed_at timestamptz,
    score double precision, distance double precision, vector_rank bigint, text_rank bigint)
LANGUAGE sql STABLE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT * FROM _episode_search(episode_search.query_text, episode_search.query_embedding, episode_search.k, episode_search.session_id, episode_search.filter,
        episode_search.since, episode_search.until, episode_search.weights, episode_search.rrf_k, episode_search.half_life, episode_search.mmr_lambda,
        episode_search.language)
$$;
COMMENT ON FUNCTION llmspell.episode_search IS 'The k (1 to 1000) best episodes, whole, by meaning (query_embedding), by words (query_text), or both, fused as by hybrid_search. By meaning, or both, there are always k where k episodes with a vector of these dimensions fit; by words alone those that match. session_id, filter (metadata contains it), since <= occurred_at < until narrow it. mmr_lambda takes a query_embedding. Errors: 42501 no tenant, 22004 both queries null, 22023 as for hybrid_search, mmr_lambda without query_embedding. Example: SELECT role, content, score FROM llmspell.episode_search(''parser'', k => 5);';

CREATE OR REPLACE FUNCTION llmspell_internal._episodes_unprocessed(only_session text, max_rows int, lease interval)
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, attempt int, lease_expires_at timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := clock_timestamp();
    v_rows constant int := _max_rows(_episodes_unprocessed.max_rows);
    v_until timestamptz;
    -- The condition stands in the text, as each of the two orders has its own index.
    v_free constant text := concat('FROM llmspell.episodes e WHERE e.tenant_id = $1 AND e.processed_at IS NULL',
        CASE WHEN only_session IS NOT NULL THEN ' AND e.session_id = $2' END,
        ' AND (e.lease_expires_at IS NULL OR e.lease_expires_at <= $3) ORDER BY e.occurred_at, e.id LIMIT $4');
BEGIN
    BEGIN
        v_until := v_now + _episodes_unprocessed.lease;
    EXCEPTION WHEN datetime_field_overflow THEN
        RAISE EXCEPTION 'lease must end before the last timestamp, got %', _episodes_unprocessed.lease USING ERRCODE = 'invalid_parameter_value';
    END;
    IF _episodes_unprocessed.lease <= '0' OR v_until <= v_now THEN
        RAISE EXCEPTION 'lease must be positive, got %', _episodes_unprocessed.lease USING ERRCODE = 'invalid_parameter_value', HINT = 'To look without claiming, give NULL.';
    END IF;
    IF _episodes_unprocessed.lease IS NULL THEN
        RETURN QUERY EXECUTE concat('SELECT e.id, e.session_id::text, e.role::text, e.content, e.metadata, e.occurred_at, e.attempt, e.lease_expires_at ', v_free)
        USING v_tenant, only_session, v_now, v_rows;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($sql$
        WITH free AS MATERIALIZED (
            SELECT e.id %s FOR NO KEY UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE llmspell.episodes e SET attempt = e.attempt + 1, lease_expires_at = $5
            FROM free f WHERE e.tenant_id = $1 AND e.id = f.id
            RETURNING e.*
        )
        SELECT c.id, c.session_id::text, c.role::text, c.content, c.metadata, c.occurred_at, c.attempt, c.lease_expires_at
        FROM claimed c ORDER BY c.occurred_at, c.id$sql$, v_free)
    USING v_tenant, only_session, v_now, v_rows, v_until;
END
$$;
COMMENT ON FUNCTION llmspell_internal._episodes_unprocessed IS 'What episodes_unprocessed does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episodes_unprocessed TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.episodes_unprocessed(session_id text DEFAULT NULL, max_rows int DEFAULT 100, lease interval DEFAULT '5 minutes')
RETURNS TABLE (id uuid, session_id text, role text, content text, metadata jsonb, occurred_at timestamptz, attempt int, lease_expires_at timestamptz)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT * FROM _episodes_unprocessed(episodes_unprocessed.session_id, max_rows, lease) $$;
COMMENT ON FUNCTION llmspell.episodes_unprocessed(text, integer, interval) IS 'Claims episodes that are not processed yet, of a session or of all, oldest first: no other caller gets them until the lease has run out, and none waits for another. attempt counts the claims. Tell by episode_mark_processed when they are done. lease => NULL only looks, at what nobody has claimed. Errors: 42501 no tenant, 22004, 22023 max_rows, lease not positive or beyond the last timestamp. Example: SELECT id, content FROM llmspell.episodes_unprocessed(''s1'', 10);';

CREATE OR REPLACE FUNCTION llmspell.episode_mark_processed(ids uuid[]) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    WITH marked AS (
        UPDATE episodes e SET processed_at = now(), lease_expires_at = NULL
        FROM (SELECT DISTINCT i FROM unnest(_required(episode_mark_processed.ids, 'ids')) AS i) AS i
        WHERE e.tenant_id = current_tenant() AND e.id = i.i AND e.processed_at IS NULL
        RETURNING 1
    )
    SELECT count(*) FROM marked
$$;
COMMENT ON FUNCTION llmspell.episode_mark_processed(uuid[]) IS 'Marks episodes as processed, and returns how many were not before. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.episode_mark_processed(ARRAY[''00000000-0000-0000-0000-000000000001'']::uuid[]);';

CREATE OR REPLACE FUNCTION llmspell.sessions_with_unprocessed(max_rows int DEFAULT 100)
RETURNS TABLE (session_id text, unprocessed bigint, last_activity timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT u.session_id::text, u.n, l.occurred_at
    FROM (SELECT e.session_id, count(*) AS n FROM episodes e WHERE e.tenant_id = v_tenant AND e.processed_at IS NULL GROUP BY e.session_id) AS u
    CROSS JOIN LATERAL (
        SELECT e.occurred_at FROM episodes e
        WHERE e.tenant_id = v_tenant AND e.session_id = u.session_id
        ORDER BY e.occurred_at DESC LIMIT 1
    ) AS l
    ORDER BY l.occurred_at DESC, u.session_id
    LIMIT _max_rows(sessions_with_unprocessed.max_rows);
END
$$;
COMMENT ON FUNCTION llmspell.sessions_with_unprocessed(integer) IS 'Sessions with episodes that are not processed, claimed ones too: how many, and when the session''s newest episode took place; latest activity first. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT session_id, unprocessed FROM llmspell.sessions_with_unprocessed(10);';

CREATE OR REPLACE FUNCTION llmspell.episodes_delete_before(ts timestamptz, only_processed boolean DEFAULT false) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM episodes e
        WHERE e.tenant_id = current_tenant() AND e.occurred_at < _required(ts, 'ts') AND (NOT _required(only_processed, 'only_processed') OR e.processed_at IS NOT NULL)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION llmspell.episodes_delete_before(timestamptz, boolean) IS 'Deletes the episodes that took place before a moment, with their vectors, and returns how many; only_processed leaves those that are not processed. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.episodes_delete_before(now() - interval ''1 year'');';
