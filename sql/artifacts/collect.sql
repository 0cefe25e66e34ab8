-- Collecting contents without artifacts, and turning contents of older clients into chunks.

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_collect(max_rows int, grace interval)
RETURNS TABLE (contents bigint, chunks bigint, bytes bigint, uploads bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Chunks by their hash, one content after the other: a scan for each would read them all.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_row record;
    v_content artifact_content;
    v_freed record;
BEGIN
    contents := 0; chunks := 0; bytes := 0; uploads := 0;
    -- With nothing to do, take no turn: others would wait for it.
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
          -- Large objects are left to artifact_gc, which runs with the rights of their owner.
          AND (c.storage_type = 'large_object' AND c.reference_count = 1) IS NOT TRUE
        ORDER BY q.content_hash LIMIT _max_rows(max_rows)
        -- An entry that an older client renews meanwhile must stay: its content is not visible yet.
        FOR UPDATE OF q SKIP LOCKED
    LOOP
        -- An older client that refers to the content meanwhile holds its row.
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
COMMENT ON FUNCTION llmspell_internal._artifact_collect(integer, interval) IS 'The part of artifact_gc that runs as the owner: all but large objects.';
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
COMMENT ON FUNCTION llmspell_internal._artifact_collectable_objects(interval) IS 'Large objects of contents without artifacts, and those whose content was turned into chunks.';
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
COMMENT ON FUNCTION llmspell_internal._artifact_forget_object(text) IS 'Drops the content, or the note, of a large object that is gone; false where it is not.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_forget_object(text) TO llmspell_app;

-- A tenant can name any large object in a row. So only objects of an application's role go, with the rights of a
-- caller that is no superuser.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_unlink(large_object_oid oid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_owner constant oid := (SELECT m.lomowner FROM pg_largeobject_metadata m WHERE m.oid = large_object_oid);
BEGIN
    IF v_owner IS NULL THEN
        RETURN true;
    END IF;
    IF (SELECT bool_or(r.rolsuper) FROM pg_roles r WHERE r.oid IN (v_owner, current_user::regrole))
        OR NOT pg_has_role(v_owner, 'llmspell_app', 'MEMBER') OR NOT pg_has_role(v_owner, 'USAGE')
    THEN
        RETURN false;
    END IF;
    PERFORM lo_unlink(large_object_oid);
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_unlink(oid) IS 'Unlinks a large object of the caller; false where it belongs to another role.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_unlink(oid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_gc(max_rows int DEFAULT 1000, grace interval DEFAULT '10 minutes')
RETURNS TABLE (contents bigint, chunks bigint, bytes bigint, uploads bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_object record;
    v_left int;
BEGIN
    PERFORM _require_tenant();
    max_rows := coalesce(max_rows, 1000);
    grace := coalesce(grace, '10 minutes');
    -- 0 is allowed: at once.
    IF grace <> interval '0' THEN
        PERFORM _positive(grace, 'grace');
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
COMMENT ON FUNCTION llmspell.artifact_gc(integer, interval) IS 'Drops contents that had no artifact for longer than grace, chunks that nothing needs, and expired uploads.
Errors: 42501 no tenant, 22023 max_rows negative, or grace neither 0 nor positive, 40001 artifacts changed after the snapshot.
Example: SELECT contents, bytes FROM llmspell.artifact_gc(1000);';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_is_hash(content_hash text, data bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT encode(blake3(data), 'hex') = content_hash OR encode(sha256(data), 'hex') = content_hash
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_is_hash(text, bytea) IS 'Whether a content has the hash, by BLAKE3 or by the SHA-256 of older clients.';
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
COMMENT ON FUNCTION llmspell_internal._artifact_uncompressed(text, bytea) IS 'The content that has the hash: the data, or what it decompresses to; NULL where neither has it.';
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
    -- The transaction that had the turn before may have done it, or collected the content.
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
COMMENT ON FUNCTION llmspell_internal._artifact_rechunk(text, bytea) IS 'Turns a content into chunks under its BLAKE3 hash and returns that; NULL where the data has another hash.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_rechunk(text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_migrate(max_rows int DEFAULT 100) RETURNS TABLE (content_hash text, new_content_hash text, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_left int := _max_rows(coalesce(max_rows, 100));
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
            -- Another transaction may have had the turn before.
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
COMMENT ON FUNCTION llmspell.artifact_migrate(integer) IS 'Turns contents that older clients wrote into chunks, at most max_rows, with one row for each that it looked at.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT content_hash, detail FROM llmspell.artifact_migrate(100);';
