-- Counts and queues of artifacts, kept by triggers for whoever writes.

CREATE OR REPLACE TRIGGER artifacts_update BEFORE UPDATE ON llmspell.artifacts
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_updated_at();

-- reference_count and sessions.artifact_count, by the triggers below alone: right after raw writes,
-- cascades as any role, and a restore, which loads parents and artifacts in any order.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.reference_count := 1;
    IF _is_restoring() THEN
        NEW.reference_count := 1 + (SELECT count(*) FROM artifacts a
                                    WHERE a.tenant_id = NEW.tenant_id AND a.content_hash = NEW.content_hash);
    ELSE
        PERFORM _artifact_size_check(greatest(NEW.size_bytes, octet_length(NEW.data)));
        IF NEW.manifest IS NOT NULL AND current_user <> 'llmspell_owner' AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
            RAISE EXCEPTION 'contents in chunks are written by functions alone' USING ERRCODE = 'insufficient_privilege',
                HINT = 'Use llmspell.artifact_put(), or storage_type bytea.';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_insert() IS 'Starts reference_count at 1, in a restore with the artifacts that came before.
Errors: 54000 content too large, 42501 chunks that our functions did not write.';
CREATE OR REPLACE TRIGGER artifact_content_insert BEFORE INSERT ON llmspell.artifact_content
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_artifact_content_insert();

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_size_check(size_bytes bigint) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF size_bytes > _artifact_max_bytes() THEN
        RAISE EXCEPTION 'an artifact has at most % bytes, this one has %', _artifact_max_bytes(), size_bytes
            USING ERRCODE = 'program_limit_exceeded', HINT = 'The setting llmspell.artifact_max_bytes is the limit, up to 512 MB.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_size_check(bigint) IS 'Refuses a content larger than llmspell.artifact_max_bytes.
Errors: 54000.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_size_check(bigint) TO llmspell_app;

-- A client that writes the tables stores the content first, and may never store the artifact. BEFORE INSERT, so that
-- its ON CONFLICT DO NOTHING renews the grace too. Our own functions run as the owner and store both.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_queue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET row_security = on
SET app.current_tenant_id = ''
AS $$
BEGIN
    PERFORM set_config('app.current_tenant_id', NEW.tenant_id, true);
    INSERT INTO artifact_gc_queue (tenant_id, content_hash) VALUES (NEW.tenant_id, NEW.content_hash)
    ON CONFLICT (tenant_id, content_hash) DO UPDATE SET zero_since = now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_queue() IS 'Queues a content that comes without an artifact.';
CREATE OR REPLACE TRIGGER artifact_content_queue BEFORE INSERT ON llmspell.artifact_content
    FOR EACH ROW WHEN (current_user <> 'llmspell_owner' AND NOT llmspell_internal._is_restoring())
    EXECUTE FUNCTION llmspell_internal._tg_artifact_content_queue();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_unqueue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET row_security = on
SET app.current_tenant_id = ''
AS $$
BEGIN
    PERFORM set_config('app.current_tenant_id', OLD.tenant_id, true);
    DELETE FROM artifact_gc_queue q WHERE q.tenant_id = OLD.tenant_id AND q.content_hash = OLD.content_hash;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_unqueue() IS 'Takes a content that is deleted from the queue.';
CREATE OR REPLACE TRIGGER artifact_content_unqueue AFTER DELETE ON llmspell.artifact_content
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_artifact_content_unqueue();

-- For a raw DELETE; our functions release the chunks themselves and report how many.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET row_security = on
SET app.current_tenant_id = ''
AS $$
BEGIN
    PERFORM set_config('app.current_tenant_id', OLD.tenant_id, true);
    PERFORM _artifact_take_turn(OLD.tenant_id);
    PERFORM _artifact_release(OLD.tenant_id, _artifact_chunks(OLD.manifest));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_release() IS 'Releases the chunks of a content that is deleted.';
CREATE OR REPLACE TRIGGER artifact_content_release AFTER DELETE ON llmspell.artifact_content
    FOR EACH ROW WHEN (OLD.manifest IS NOT NULL AND current_user <> 'llmspell_owner')
    EXECUTE FUNCTION llmspell_internal._tg_artifact_content_release();

-- The turn comes before the contents' rows.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET row_security = on
AS $$
BEGIN
    PERFORM _artifact_take_turn(current_tenant());
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_turn() IS 'Takes the tenant''s turn before contents are deleted.';
CREATE OR REPLACE TRIGGER artifact_content_turn BEFORE DELETE ON llmspell.artifact_content
    FOR EACH STATEMENT WHEN (current_user <> 'llmspell_owner' AND llmspell.current_tenant() IS NOT NULL)
    EXECUTE FUNCTION llmspell_internal._tg_artifact_content_turn();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'contents in chunks are written by functions alone' USING ERRCODE = 'insufficient_privilege',
        HINT = 'Use llmspell.artifact_put(), or delete the content.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_guard() IS 'Refuses to change a content in chunks: its chunks are counted.
Errors: 42501.';
CREATE OR REPLACE TRIGGER artifact_content_guard BEFORE UPDATE OF tenant_id, content_hash, storage_type, data, large_object_oid, size_bytes, manifest ON llmspell.artifact_content
    FOR EACH ROW WHEN (current_user <> 'llmspell_owner' AND (OLD.manifest IS NOT NULL OR NEW.manifest IS NOT NULL)
        AND (OLD.tenant_id, OLD.content_hash, OLD.storage_type, OLD.manifest, OLD.size_bytes)
            IS DISTINCT FROM (NEW.tenant_id, NEW.content_hash, NEW.storage_type, NEW.manifest, NEW.size_bytes))
    EXECUTE FUNCTION llmspell_internal._tg_artifact_content_guard();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifact_content_count() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.reference_count := OLD.reference_count;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifact_content_count() IS 'Undoes a direct UPDATE of reference_count.';
CREATE OR REPLACE TRIGGER artifact_content_count BEFORE UPDATE OF reference_count ON llmspell.artifact_content
    FOR EACH ROW WHEN (current_user <> 'llmspell_owner') EXECUTE FUNCTION llmspell_internal._tg_artifact_content_count();

-- Parents are updated in key order, sessions before contents, as where a session is deleted. The trigger runs as the
-- owner under forced row security, perhaps with no tenant set (a superuser's DELETE), so each row's tenant is set
-- around its update.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_artifacts_count() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET row_security = on
AS $$
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
    v_changes refcursor;
    v_change record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        OPEN v_changes FOR
            SELECT r.tenant_id, NULL AS content_hash, r.session_id, count(*) AS delta, max(r.sequence) AS sequence
            FROM new_rows r GROUP BY 1, 3
            UNION ALL
            SELECT r.tenant_id, r.content_hash, NULL, count(*), NULL FROM new_rows r GROUP BY 1, 2
            ORDER BY 1, 2 NULLS FIRST, 3;
    ELSIF TG_OP = 'DELETE' THEN
        -- A cascade fires for sessions without artifacts, too.
        IF NOT EXISTS (SELECT FROM old_rows) THEN
            RETURN NULL;
        END IF;
        OPEN v_changes FOR
            SELECT r.tenant_id, NULL AS content_hash, r.session_id, -count(*) AS delta, NULL::bigint AS sequence
            FROM old_rows r GROUP BY 1, 3
            UNION ALL
            SELECT r.tenant_id, r.content_hash, NULL, -count(*), NULL FROM old_rows r GROUP BY 1, 2
            ORDER BY 1, 2 NULLS FIRST, 3;
    ELSE
        OPEN v_changes FOR
            WITH r AS (
                SELECT o.tenant_id, o.content_hash, o.session_id, -1 AS delta, o.sequence AS before, NULL::bigint AS sequence
                FROM old_rows o
                UNION ALL
                SELECT n.tenant_id, n.content_hash, n.session_id, 1, NULL, n.sequence FROM new_rows n
            )
            SELECT r.tenant_id, NULL AS content_hash, r.session_id, sum(r.delta) AS delta, max(r.sequence) AS sequence
            FROM r GROUP BY 1, 3 HAVING sum(r.delta) <> 0 OR max(r.sequence) > max(r.before)
            UNION ALL
            SELECT r.tenant_id, r.content_hash, NULL, sum(r.delta), NULL FROM r GROUP BY 1, 2 HAVING sum(r.delta) <> 0
            ORDER BY 1, 2 NULLS FIRST, 3;
    END IF;
    LOOP
        FETCH v_changes INTO v_change;
        EXIT WHEN NOT FOUND;
        IF v_change.tenant_id IS DISTINCT FROM current_tenant() THEN
            PERFORM set_config('app.current_tenant_id', v_change.tenant_id, true);
        END IF;
        IF v_change.content_hash IS NULL THEN
            UPDATE sessions s
            SET artifact_count = s.artifact_count + v_change.delta,
                artifact_sequence = greatest(s.artifact_sequence, v_change.sequence + 1)
            WHERE s.tenant_id = v_change.tenant_id AND s.session_id = v_change.session_id;
        ELSE
            -- The queue before the content, as where a client stores it; artifact_gc looks whether it is unused.
            IF v_change.delta < 0 THEN
                INSERT INTO artifact_gc_queue (tenant_id, content_hash) VALUES (v_change.tenant_id, v_change.content_hash)
                ON CONFLICT (tenant_id, content_hash) DO UPDATE SET zero_since = now();
            END IF;
            UPDATE artifact_content c SET reference_count = c.reference_count + v_change.delta
            WHERE c.tenant_id = v_change.tenant_id AND c.content_hash = v_change.content_hash;
        END IF;
    END LOOP;
    CLOSE v_changes;
    IF v_before IS DISTINCT FROM coalesce(current_tenant(), '') THEN
        PERFORM set_config('app.current_tenant_id', v_before, true);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_artifacts_count() IS 'Keeps artifact_count, artifact_sequence and reference_count, and queues contents that lost an artifact.';
CREATE OR REPLACE TRIGGER artifacts_count_insert AFTER INSERT ON llmspell.artifacts
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_artifacts_count();
CREATE OR REPLACE TRIGGER artifacts_count_delete AFTER DELETE ON llmspell.artifacts
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_artifacts_count();
CREATE OR REPLACE TRIGGER artifacts_count_update AFTER UPDATE ON llmspell.artifacts
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_artifacts_count();

CREATE OR REPLACE TRIGGER artifact_content_restore BEFORE INSERT ON llmspell.artifact_content
    FOR EACH STATEMENT WHEN (llmspell_internal._is_restoring()) EXECUTE FUNCTION llmspell_internal._tg_restore_begin('parent');
CREATE OR REPLACE TRIGGER artifacts_restore BEFORE INSERT ON llmspell.artifacts
    FOR EACH STATEMENT WHEN (llmspell_internal._is_restoring()) EXECUTE FUNCTION llmspell_internal._tg_restore_begin('child');
-- While a child is restored the session is a replica, in which only these two fire. In any other replica, as of a
-- logical subscriber, the counts come with the parents' rows.
CREATE OR REPLACE TRIGGER artifacts_restore_count AFTER INSERT ON llmspell.artifacts
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT WHEN (current_setting('llmspell.restoring', true) = 'on') EXECUTE FUNCTION llmspell_internal._tg_artifacts_count();
CREATE OR REPLACE TRIGGER artifacts_restore_end AFTER INSERT ON llmspell.artifacts
    FOR EACH STATEMENT WHEN (current_setting('llmspell.restoring', true) = 'on') EXECUTE FUNCTION llmspell_internal._tg_restore_end();
ALTER TABLE llmspell.artifacts ENABLE REPLICA TRIGGER artifacts_restore_count, ENABLE REPLICA TRIGGER artifacts_restore_end;
