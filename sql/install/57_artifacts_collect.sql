-- Collecting what no artifact has any more, and bringing over what clients of the guide stored.

CREATE FUNCTION llmspell._artifact_collect(max_rows int, grace interval)
RETURNS TABLE (contents bigint, chunks bigint, bytes bigint, uploads bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_row record;
    v_content artifact_content;
    v_freed record;
BEGIN
    contents := 0; chunks := 0; bytes := 0; uploads := 0;
    PERFORM _artifact_lock(v_tenant);
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
        WHERE q.tenant_id = v_tenant AND q.zero_since <= statement_timestamp() - grace
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
COMMENT ON FUNCTION llmspell._artifact_collect(integer, interval) IS 'What artifact_gc does but for large objects.';

CREATE FUNCTION llmspell._artifact_collectable_objects(max_rows bigint, grace interval) RETURNS TABLE (content_hash text, large_object_oid oid, size_bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT c.content_hash::text, c.large_object_oid, c.size_bytes
    FROM artifact_gc_queue q JOIN artifact_content c ON c.tenant_id = q.tenant_id AND c.content_hash = q.content_hash
    WHERE q.tenant_id = v_tenant AND q.zero_since <= statement_timestamp() - grace
      AND c.storage_type = 'large_object' AND c.reference_count = 1
    ORDER BY c.content_hash LIMIT max_rows
    FOR UPDATE OF c SKIP LOCKED;
END
$$;
COMMENT ON FUNCTION llmspell._artifact_collectable_objects(bigint, interval) IS 'Locks and returns contents without artifacts that are large objects.';

-- Large objects are unlinked with the rights of the caller: they have an owner of their own.
CREATE FUNCTION llmspell.artifact_gc(max_rows int DEFAULT 1000, grace interval DEFAULT '10 minutes')
RETURNS TABLE (contents bigint, chunks bigint, bytes bigint, uploads bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_object record;
BEGIN
    PERFORM _required(grace, 'grace');
    IF grace < '0' THEN
        RAISE EXCEPTION 'grace must not be negative, got %', grace USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.* INTO contents, chunks, bytes, uploads FROM _artifact_collect(max_rows, grace) AS c;
    FOR v_object IN SELECT * FROM _artifact_collectable_objects(max_rows - artifact_gc.contents, grace) LOOP
        BEGIN
            IF EXISTS (SELECT FROM pg_largeobject_metadata m WHERE m.oid = v_object.large_object_oid) THEN
                PERFORM lo_unlink(v_object.large_object_oid);
            END IF;
            DELETE FROM artifact_content c WHERE c.tenant_id = current_tenant() AND c.content_hash = v_object.content_hash;
            contents := artifact_gc.contents + 1;
            bytes := artifact_gc.bytes + v_object.size_bytes;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'large object % of content % belongs to another role', v_object.large_object_oid, v_object.content_hash
                USING HINT = 'Let its owner or a superuser run artifact_gc.';
        END;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_gc(integer, interval) IS 'Drops contents that have had no artifact for longer than grace, with the chunks that nothing else has, and expired uploads; at most max_rows of each. Returns how many contents, chunks, stored bytes and uploads went. Grace is for clients that write the tables: they store the content first and the artifact in a later transaction. Errors: 42501 no tenant, 22004, 22023 negative arguments. Example: SELECT * FROM llmspell.artifact_gc(1000);';

CREATE FUNCTION llmspell._artifact_is_hash(content_hash text, data bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
    SELECT encode(blake3(data), 'hex') = content_hash OR encode(sha256(data), 'hex') = content_hash
$$;
COMMENT ON FUNCTION llmspell._artifact_is_hash(text, bytea) IS 'Whether a content has the hash, by BLAKE3 or, as clients of the guide have it, SHA-256.';

-- The hash is of the uncompressed content.
CREATE FUNCTION llmspell._artifact_uncompressed(content_hash text, data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, pg_temp
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
COMMENT ON FUNCTION llmspell._artifact_uncompressed(text, bytea) IS 'The content that has the hash: the data, or what it decompresses to; NULL where neither has.';

CREATE FUNCTION llmspell._artifact_rechunk(content_hash text, data bytea) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_data constant bytea := _artifact_uncompressed(_artifact_rechunk.content_hash, _artifact_rechunk.data);
    v_hash constant text := encode(blake3(v_data), 'hex');
    v_manifest bytea;
BEGIN
    IF v_data IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _artifact_lock(v_tenant);
    PERFORM FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = v_hash AND c.storage_type = 'chunked' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        v_manifest := (SELECT s.manifest FROM _artifact_store(v_data, NULL, NULL, true) AS s);
        IF v_hash = _artifact_rechunk.content_hash THEN
            UPDATE artifact_content c
            SET storage_type = 'chunked', manifest = v_manifest, data = NULL, large_object_oid = NULL, is_compressed = false,
                size_bytes = octet_length(v_data), original_size_bytes = octet_length(v_data)
            WHERE c.tenant_id = v_tenant AND c.content_hash = v_hash;
        ELSE
            PERFORM _artifact_content_add(v_tenant, v_hash, v_manifest, octet_length(v_data));
        END IF;
    END IF;
    IF v_hash <> _artifact_rechunk.content_hash THEN
        UPDATE artifacts a SET content_hash = v_hash WHERE a.tenant_id = v_tenant AND a.content_hash = _artifact_rechunk.content_hash;
        -- Without an artifact it is still to be collected.
        IF NOT FOUND THEN
            INSERT INTO artifact_gc_queue (tenant_id, content_hash) VALUES (v_tenant, v_hash) ON CONFLICT DO NOTHING;
        END IF;
        DELETE FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = _artifact_rechunk.content_hash;
    END IF;
    RETURN v_hash;
END
$$;
COMMENT ON FUNCTION llmspell._artifact_rechunk(text, bytea) IS 'Turns a content, of which this is the data, into chunks under its BLAKE3 hash, and returns that; NULL, and nothing done, where the data has another hash.';

CREATE FUNCTION llmspell.artifact_migrate(max_rows int DEFAULT 100) RETURNS TABLE (content_hash text, new_content_hash text, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
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
        BEGIN
            new_content_hash := _artifact_rechunk(v_content.content_hash, artifact_get_by_hash(v_content.content_hash));
            detail := CASE WHEN artifact_migrate.new_content_hash IS NULL THEN 'left as it is: it has neither the BLAKE3 nor the SHA-256 hash that it is stored under' END;
            IF artifact_migrate.new_content_hash IS NOT NULL AND v_content.storage_type = 'large_object' THEN
                PERFORM lo_unlink(v_content.large_object_oid);
            END IF;
            v_left := v_left - (artifact_migrate.new_content_hash IS NOT NULL)::int;
        EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
            new_content_hash := NULL;
            detail := 'left as it is: ' || SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_migrate(integer) IS 'Turns contents that clients of the guide wrote (bytea, large objects; uncompressed, or compressed by LZ4 or zstd) into chunks, at most max_rows of them; a large object is unlinked in the same transaction, for which the caller must own it. Each is held against its hash first; one stored under SHA-256 moves to its BLAKE3 hash, artifacts along, whose ids stay. One row per content looked at: its hash, the new one (NULL where it was left), and why. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT * FROM llmspell.artifact_migrate(100);';
