-- Episodes and their vectors: triggers that keep them together.

CREATE OR REPLACE TRIGGER episodes_words BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.episodes
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_vector_words();

-- Triggers in place of a foreign key, as pg_restore -j loads the tables of an extension in any order.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_episodes_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_table text;
    v_gone record;
BEGIN
    IF TG_OP = 'TRUNCATE' AND _is_restoring() THEN
        RETURN NULL;
    END IF;
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = 'episodes' ORDER BY s.name LOOP
        IF TG_OP = 'TRUNCATE' THEN
            EXECUTE format('TRUNCATE llmspell.%I', v_table);
            CONTINUE;
        END IF;
        -- Arrays, so that stale statistics cannot make a nested loop of it.
        FOR v_gone IN SELECT g.tenant_id, array_agg(g.id) AS ids FROM gone g GROUP BY g.tenant_id LOOP
            EXECUTE format('DELETE FROM llmspell.%I WHERE tenant_id = $1 AND id = ANY ($2)', v_table) USING v_gone.tenant_id, v_gone.ids;
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_episodes_delete() IS 'Deletes the vectors of deleted episodes.';
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
        EXECUTE format('UPDATE llmspell.%I SET tenant_id = $3, id = $4, scope = $5, metadata = $6, created_at = $7, expires_at = $8, updated_at = now()
                        WHERE tenant_id = $1 AND id = $2', v_table)
        USING OLD.tenant_id, OLD.id, NEW.tenant_id, NEW.id, 'session:' || NEW.session_id, NEW.metadata, NEW.occurred_at, NEW.expires_at;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_episodes_update() IS 'Copies the columns that searches filter by to the vectors of an episode.';
-- The columns are named, so that claims do not fire it.
CREATE OR REPLACE TRIGGER episodes_update AFTER UPDATE OF tenant_id, id, session_id, metadata, occurred_at, expires_at ON llmspell.episodes
    FOR EACH ROW WHEN ((OLD.tenant_id, OLD.id, OLD.session_id, OLD.metadata, OLD.occurred_at, OLD.expires_at) IS DISTINCT FROM (NEW.tenant_id, NEW.id, NEW.session_id, NEW.metadata, NEW.occurred_at, NEW.expires_at))
    EXECUTE FUNCTION llmspell_internal._tg_episodes_update();

CREATE OR REPLACE TRIGGER episodes_queue AFTER INSERT ON llmspell.episodes
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_embedding_queue('episodes', 'id');
CREATE OR REPLACE TRIGGER episodes_content AFTER UPDATE OF content ON llmspell.episodes
    FOR EACH ROW WHEN (OLD.content <> NEW.content) EXECUTE FUNCTION llmspell_internal._tg_embedding_queue('episodes', 'id');

CREATE OR REPLACE FUNCTION llmspell_internal._episode_embedding_sources(space text) RETURNS SETOF llmspell_internal._embedding_source
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'llmspell.episodes', 'r.id', 'r.content', '(r.expires_at IS NULL OR r.expires_at > statement_timestamp())',
        'scope, metadata, created_at, expires_at', '''session:'' || r.session_id, r.metadata, r.occurred_at, r.expires_at'
    FROM vector_spaces s WHERE s.name = space AND s.purpose = 'episodes'
$$;
COMMENT ON FUNCTION llmspell_internal._episode_embedding_sources(text) IS 'Every episode is to have a vector in a space for episodes.';
GRANT EXECUTE ON FUNCTION llmspell_internal._episode_embedding_sources(text) TO llmspell_app;

-- A vector without its episode would take the place of a hit.
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
COMMENT ON FUNCTION llmspell_internal._tg_episode_embedding() IS 'Refuses a vector without its episode, and locks the episode.
Errors: 23503 no such episode.';

CREATE OR REPLACE FUNCTION llmspell_internal._tg_episodes_of_sessions() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_gone record;
BEGIN
    FOR v_gone IN SELECT g.tenant_id, array_agg(g.session_id::text) || array_agg(g.name::text) FILTER (WHERE g.name IS NOT NULL) AS sessions FROM gone g GROUP BY g.tenant_id LOOP
        DELETE FROM episodes e WHERE e.tenant_id = v_gone.tenant_id AND e.session_id = ANY (v_gone.sessions);
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_episodes_of_sessions() IS 'Deletes the episodes of deleted sessions.';
CREATE OR REPLACE TRIGGER episodes_of_sessions AFTER DELETE ON llmspell.sessions
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_episodes_of_sessions();
