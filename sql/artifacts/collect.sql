-- Collecting what no artifact has any more, and bringing over what clients of the guide stored.

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_collect(max_rows int, grace interval)
RETURNS TABLE (contents bigint, chunks bigint, bytes bigint, uploads bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_row record;
    v_content artifact_content;
    v_freed record;
BEGIN
    contents := 0; chunks := 0; bytes := 0; uploads := 0;
    -- Without anything to do nobody need wait.
    IF NOT EXISTS (SELECT FROM artifact_upload u WHERE u.tenant_id = v_tenant AND u.expires_at <= statement_timestamp())
        AND NOT EXISTS (SELECT FROM artifact_gc_queue q WHERE q.tenant_id = v_tenant AND q.zero_since <= statement_timestamp() - grace)
    THEN
        PERFORM _max_rows(max_rows);
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM _artifact_take_turn(v_tenant);
    FOR v_row IN
        DELETE FROM artifact_upload u
        WHERE u.tenant_id = v_tenant AND u.upload_id IN (
            SELECT e.upload_id FROM artifact_upload e
            WHERE e.tenant_id = v_tenant AND e.expires_at <= statement_timestamp() ORDER BY e.expires_at LIMIT _max_rows(max_rows))
        RETURNING u.manifest
    LOOP
        SELECT r.* INTO v_freed FROM _artifact_release(v_tenant, _artifact_chunks(v_row.manifest)) AS r;
        uploads := _artifact_collect.uploads + 1;
        chunks := _artifact_collect.chunks + v_freed.chunks;
        bytes := _artifact_collect.bytes + v_freed.bytes;
    END LOOP;
    FOR v_row IN
        SELECT q.content_hash FROM artifact_gc_queue q
        LEFT JOIN artifact_content c ON c.tenant_id = q.tenant_id AND c.content_hash = q.content_hash
        WHERE q.tenant_id = v_tenant AND q.zero_since <= statement_timestamp() - grace AND q.large_object_oid IS NULL
          -- Those are the client's own, see artifact_gc.
          AND (c.storage_type = 'large_object' AND c.reference_count = 1) IS NOT TRUE
        ORDER BY q.content_hash LIMIT _max_rows(max_rows)
        -- An entry that a client of the guide renews must outlive this: its content is not to be seen yet.
        FOR UPDATE OF q SKIP LOCKED
    LOOP
        -- A client of the guide that refers to the content meanwhile holds its row.
        SELECT c.* INTO v_content FROM artifact_content c
        WHERE c.tenant_id = v_tenant AND c.content_hash = v_row.content_hash
        FOR UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (SELECT FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = v_row.content_hash) THEN
            CONTINUE;
        END IF;
        IF v_content.reference_count = 1 THEN
            DELETE FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = v_row.content_hash;
            contents := _artifact_collect.contents + 1;
            IF v_content.manifest IS NULL THEN
                bytes := _artifact_collect.bytes + coalesce(octet_length(v_content.data), 0);
            ELSE
                SELECT r.* INTO v_freed FROM _artifact_release(v_tenant, _artifact_chunks(v_content.manifest)) AS r;
                chunks := _artifact_collect.chunks + v_freed.chunks;
                bytes := _artifact_collect.bytes + v_freed.bytes;
            END IF;
        END IF;
        DELETE FROM artifact_gc_queue q WHERE q.tenant_id = v_tenant AND q.content_hash = v_row.content_hash;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_collect(integer, interval) IS 'What artifact_gc does but for large objects.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_collect(integer, interval) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_collectable_objects(grace interval) RETURNS TABLE (content_hash text, large_object_oid oid)
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT q.content_hash, coalesce(q.large_object_oid, c.large_object_oid)
    FROM artifact_gc_queue q LEFT JOIN artifact_content c ON c.tenant_id = q.tenant_id AND c.content_hash = q.content_hash
    WHERE q.tenant_id = _require_tenant() AND q.zero_since <= statement_timestamp() - grace
      AND (q.large_object_oid IS NOT NULL OR c.storage_type = 'large_object' AND c.reference_count = 1)
      -- No other content may be in the same object.
      AND NOT EXISTS (SELECT FROM artifact_content o
                      WHERE o.tenant_id = q.tenant_id AND o.large_object_oid = coalesce(q.large_object_oid, c.large_object_oid)
                        AND o.content_hash <> q.content_hash)
    ORDER BY 1
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_collectable_objects(interval) IS 'Large objects of contents without artifacts, and those that were turned into chunks.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_collectable_objects(interval) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_forget_object(content_hash text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_queued artifact_gc_queue;
BEGIN
    SELECT q.* INTO v_queued FROM artifact_gc_queue q WHERE q.tenant_id = v_tenant AND q.content_hash = _artifact_forget_object.content_hash;
    IF v_queued.large_object_oid IS NULL THEN
        DELETE FROM artifact_content c
        WHERE c.tenant_id = v_tenant AND c.content_hash = _artifact_forget_object.content_hash AND c.storage_type = 'large_object' AND c.reference_count = 1
          AND NOT EXISTS (SELECT FROM pg_largeobject_metadata m WHERE m.oid = c.large_object_oid);
        RETURN FOUND;
    END IF;
    DELETE FROM artifact_gc_queue q
    WHERE q.tenant_id = v_tenant AND q.content_hash = v_queued.content_hash
      AND NOT EXISTS (SELECT FROM pg_largeobject_metadata m WHERE m.oid = q.large_object_oid);
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_forget_object(text) IS 'Drops a content without artifacts whose large object is gone, or the note of a large object that is gone; false where it is not so.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_forget_object(text) TO llmspell_app;

-- Large objects are unlinked with the rights of the caller, and only its own: a tenant can name any in a
-- row, and a superuser could unlink all.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_unlink(large_object_oid oid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_owner oid := (SELECT m.lomowner FROM pg_largeobject_metadata m WHERE m.oid = large_object_oid);
BEGIN
    IF v_owner IS NOT NULL THEN
        IF v_owner <> current_user::regrole AND (NOT pg_has_role(v_owner, 'USAGE') OR (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user)) THEN
            RETURN false;
        END IF;
        PERFORM lo_unlink(large_object_oid);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_unlink(oid) IS 'Unlinks a large object of the caller; false where it is another''s.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_unlink(oid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_gc(max_rows int DEFAULT 1000, grace interval DEFAULT '10 minutes')
RETURNS TABLE (contents bigint, chunks bigint, bytes bigint, uploads bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_object record;
    v_left int;
BEGIN
    PERFORM _required(grace, 'grace');
    IF grace < '0' THEN
        RAISE EXCEPTION 'grace must not be negative, got %', grace USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.* INTO contents, chunks, bytes, uploads FROM _artifact_collect(max_rows, grace) AS c;
    v_left := max_rows - artifact_gc.contents;
    FOR v_object IN SELECT * FROM _artifact_collectable_objects(grace) LOOP
        EXIT WHEN v_left <= 0;
        IF _artifact_unlink(v_object.large_object_oid) AND _artifact_forget_object(v_object.content_hash) THEN
            contents := artifact_gc.contents + 1;
            v_left := v_left - 1;
        END IF;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_gc(integer, interval) IS 'Drops contents that have had no artifact for longer than grace, with the chunks that nothing else has, and expired uploads; at most max_rows of each. Returns how many contents, chunks, stored bytes and uploads went. Large objects of other roles, and their contents, stay. Grace is for clients that write the tables: they store the content first and the artifact in a later transaction. Errors: 42501 no tenant, 22004, 22023 negative arguments, 40001 above READ COMMITTED. Example: SELECT * FROM llmspell.artifact_gc(1000);';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_is_hash(content_hash text, data bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT encode(blake3(data), 'hex') = content_hash OR encode(sha256(data), 'hex') = content_hash
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_is_hash(text, bytea) IS 'Whether a content has the hash, by BLAKE3 or, as clients of the guide have it, SHA-256.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_is_hash(text, bytea) TO llmspell_app;

-- The hash is of the uncompressed content.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_uncompressed(content_hash text, data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_data bytea;
BEGIN
    IF _artifact_is_hash(content_hash, data) THEN
        RETURN data;
    END IF;
    v_data := decompress(data);
    RETURN CASE WHEN _artifact_is_hash(content_hash, v_data) THEN v_data END;
EXCEPTION WHEN invalid_binary_representation OR program_limit_exceeded THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_uncompressed(text, bytea) IS 'The content that has the hash: the data, or what it decompresses to; NULL where neither has.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_uncompressed(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_rechunk(content_hash text, data bytea) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_data constant bytea := _artifact_uncompressed(_artifact_rechunk.content_hash, _artifact_rechunk.data);
    v_hash constant text := encode(blake3(v_data), 'hex');
    v_object oid;
    v_manifest bytea;
BEGIN
    IF v_data IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _artifact_size_check(octet_length(v_data));
    PERFORM _artifact_take_turn(v_tenant);
    -- Whoever had the turn before may have done it, or collected the content.
    SELECT c.large_object_oid INTO v_object FROM artifact_content c
    WHERE c.tenant_id = v_tenant AND c.content_hash = _artifact_rechunk.content_hash AND c.storage_type <> 'chunked' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = v_hash AND c.storage_type = 'chunked' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        v_manifest := (SELECT s.manifest FROM _artifact_store(v_data, NULL, NULL, true) AS s);
        PERFORM _artifact_content_add(v_tenant, v_hash, v_manifest, octet_length(v_data));
    END IF;
    IF v_hash <> _artifact_rechunk.content_hash THEN
        UPDATE artifacts a SET content_hash = v_hash WHERE a.tenant_id = v_tenant AND a.content_hash = _artifact_rechunk.content_hash;
        -- Without an artifact it is still to be collected.
        IF NOT FOUND THEN
            INSERT INTO artifact_gc_queue (tenant_id, content_hash) VALUES (v_tenant, v_hash) ON CONFLICT DO NOTHING;
        END IF;
        DELETE FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = _artifact_rechunk.content_hash;
        IF v_object IS NOT NULL THEN
            INSERT INTO artifact_gc_queue (tenant_id, content_hash, large_object_oid) VALUES (v_tenant, 'large object ' || v_object, v_object)
            ON CONFLICT (tenant_id, content_hash) DO NOTHING;
        END IF;
    END IF;
    RETURN v_hash;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_rechunk(text, bytea) IS 'Turns a content, of which this is the data, into chunks under its BLAKE3 hash, and returns that; NULL, and nothing done, where the data has another hash, or the content is not there or in chunks already. Its large object is noted for artifact_gc.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_rechunk(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_migrate(max_rows int DEFAULT 100) RETURNS TABLE (content_hash text, new_content_hash text, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_left int := _max_rows(max_rows);
    v_content record;
BEGIN
    FOR v_content IN
        SELECT c.content_hash, c.storage_type, c.large_object_oid FROM artifact_content c
        WHERE c.tenant_id = v_tenant AND c.storage_type <> 'chunked' ORDER BY c.content_hash
    LOOP
        EXIT WHEN v_left = 0;
        content_hash := v_content.content_hash;
        new_content_hash := NULL;
        IF v_content.storage_type = 'large_object' AND NOT EXISTS (
            SELECT FROM pg_largeobject_metadata m WHERE m.oid = v_content.large_object_oid AND has_largeobject_privilege(m.oid, 'SELECT'))
        THEN
            detail := format('left as it is: large object %s is missing, or may not be read', v_content.large_object_oid);
        ELSE
            new_content_hash := _artifact_rechunk(v_content.content_hash, artifact_get_by_hash(v_content.content_hash));
            -- Somebody else's turn may have come before.
            CONTINUE WHEN artifact_migrate.new_content_hash IS NULL AND NOT EXISTS (
                SELECT FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = v_content.content_hash AND c.storage_type <> 'chunked');
            detail := CASE WHEN artifact_migrate.new_content_hash IS NULL THEN 'left as it is: it has neither the BLAKE3 nor the SHA-256 hash that it is stored under' END;
            IF artifact_migrate.new_content_hash IS NOT NULL THEN
                v_left := v_left - 1;
                IF v_content.storage_type = 'large_object' THEN
                    IF NOT EXISTS (SELECT FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.large_object_oid = v_content.large_object_oid)
                        AND _artifact_unlink(v_content.large_object_oid)
                    THEN
                        PERFORM _artifact_forget_object('large object ' || v_content.large_object_oid);
                    ELSE
                        detail := format('large object %s stays: let its owner run artifact_gc', v_content.large_object_oid);
                    END IF;
                END IF;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_migrate(integer) IS 'Turns contents that clients of the guide wrote (bytea, large objects; uncompressed, or compressed by LZ4 or zstd) into chunks, at most max_rows of them; a large object is unlinked in the same transaction where the caller owns it, else by artifact_gc of its owner. Each is held against its hash first; one stored under SHA-256 moves to its BLAKE3 hash, artifacts along, whose ids stay. One row per content looked at: its hash, the new one (NULL where it was left), and why. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT * FROM llmspell.artifact_migrate(100);';
