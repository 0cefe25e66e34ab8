-- Contents that come in parts.

CREATE OR REPLACE FUNCTION llmspell.artifact_upload_begin(
    session_id uuid DEFAULT NULL, name text DEFAULT NULL, mime_type text DEFAULT NULL, artifact_type text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, tags text[] DEFAULT NULL, parent_artifact_id text DEFAULT NULL, ttl interval DEFAULT '1 day',
    session_name text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_session constant uuid := _session_of(session_id, session_name);
    v_id uuid;
BEGIN
    PERFORM _positive(ttl, 'ttl'), _artifact_check(v_session, name, mime_type, artifact_type, metadata, tags);
    ttl := coalesce(ttl, '1 day');
    IF NOT EXISTS (SELECT FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = v_session) THEN
        PERFORM _raise_missing('session', v_session::text);
    END IF;
    IF parent_artifact_id IS NOT NULL AND NOT EXISTS (SELECT FROM _artifact_named(v_tenant, parent_artifact_id)) THEN
        PERFORM _raise_missing('artifact', parent_artifact_id);
    END IF;
    INSERT INTO artifact_upload (tenant_id, meta, expires_at)
    VALUES (v_tenant, _artifact_meta(v_session, name, mime_type, artifact_type, metadata, tags, parent_artifact_id) || jsonb_build_object('ttl', ttl),
            _expiry(NULL, ttl))
    RETURNING upload_id INTO v_id;
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_upload_begin(uuid, text, text, text, jsonb, text[], text, interval, text) IS 'Begins a content that comes in parts and returns the id of the upload, which lives for ttl after the last part.
Errors: as artifact_put, 22023 ttl not positive.
Example: SELECT llmspell.artifact_upload_begin(uuidv7(), ''video.mp4'', ''video/mp4'');';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_upload_lock(tenant text, upload_id uuid) RETURNS llmspell.artifact_upload
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_upload artifact_upload;
BEGIN
    PERFORM _given(upload_id, 'upload_id');
    SELECT u.* INTO v_upload FROM artifact_upload u
    WHERE u.tenant_id = tenant AND u.upload_id = _artifact_upload_lock.upload_id AND u.expires_at > statement_timestamp()
    FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM _raise_missing('upload', _artifact_upload_lock.upload_id::text);
    END IF;
    RETURN v_upload;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_upload_lock(text, uuid) IS 'Locks and returns an upload.
Errors: P0002 no such upload, or it has expired.';

CREATE OR REPLACE FUNCTION llmspell.artifact_upload_append(upload_id uuid, byte_offset bigint, part bytea) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_end bigint;
    v_upload artifact_upload;
    v_stored record;
BEGIN
    PERFORM _given(byte_offset, 'byte_offset'), _given(octet_length(part), 'part');
    PERFORM _artifact_size_check(byte_offset);
    v_end := byte_offset + octet_length(part);
    PERFORM _artifact_size_check(v_end);
    PERFORM _artifact_take_turn(v_tenant);
    v_upload := _artifact_upload_lock(v_tenant, upload_id);
    IF byte_offset < 0 OR byte_offset > v_upload.next_offset OR byte_offset < v_upload.next_offset AND v_end > v_upload.next_offset THEN
        RAISE EXCEPTION 'byte_offset % is not where the next part begins', byte_offset USING ERRCODE = 'invalid_parameter_value',
            HINT = format('The next part begins at %s; to repeat a part, send the same bytes with the same byte_offset.', v_upload.next_offset);
    END IF;
    IF v_end <= v_upload.next_offset THEN
        IF part <> _artifact_upload_part(v_upload, byte_offset, v_end) THEN
            RAISE EXCEPTION 'the part at byte_offset % differs from what was stored there', byte_offset USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Abort the upload and begin another.';
        END IF;
        RETURN v_upload.next_offset;
    END IF;
    SELECT s.* INTO v_stored FROM _artifact_store(v_upload.tail || part, v_upload.manifest, _artifact_upload_parent(v_upload), false) AS s;
    UPDATE artifact_upload u
    SET next_offset = v_end, tail = v_stored.tail, manifest = v_stored.manifest, stored_bytes = u.stored_bytes + v_stored.stored_bytes,
        expires_at = greatest(u.expires_at, _expiry(NULL, (v_upload.meta ->> 'ttl')::interval))
    WHERE u.tenant_id = v_tenant AND u.upload_id = artifact_upload_append.upload_id;
    RETURN v_end;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_upload_append(uuid, bigint, bytea) IS 'Stores the part of an upload that begins at byte_offset and returns where the next one begins.
Errors: 42501 no tenant, P0002 no such upload or expired, 22004 null, 22023 a gap, an overlap, or other bytes than before, 54000 over llmspell.artifact_max_bytes.
Example: SELECT llmspell.artifact_upload_append(uuidv7(), 0, ''first part'');';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_upload_parent(upload llmspell.artifact_upload) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT coalesce((SELECT n.manifest FROM _artifact_named(upload.tenant_id, upload.meta ->> 'parent_artifact_id') AS n),
                    (SELECT n.manifest FROM _artifact_newest(upload.tenant_id, (upload.meta ->> 'session_id')::uuid, upload.meta ->> 'name') AS n))
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_upload_parent(llmspell.artifact_upload) IS 'The manifest of the content beside which an upload is stored.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_upload_part(upload llmspell.artifact_upload, since bigint, until bigint) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT _artifact_read(upload.manifest, since, until - since)
        || substring(upload.tail FROM greatest(since - m.size, 0)::int + 1 FOR greatest(until - greatest(since, m.size), 0)::int)
    FROM (SELECT upload.next_offset - octet_length(upload.tail) AS size) AS m
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_upload_part(llmspell.artifact_upload, bigint, bigint) IS 'Bytes of an upload between two offsets.';

CREATE OR REPLACE FUNCTION llmspell.artifact_upload_finish(upload_id uuid, expected_hash text DEFAULT NULL)
RETURNS TABLE (artifact_id text, content_hash text, sequence bigint, version int, created boolean, updated boolean, size_bytes bigint, stored_bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_upload artifact_upload;
    v_session uuid;
    v_sequence bigint;
    v_former record;
    v_stored record;
    v_hash bytea;
BEGIN
    v_session := (SELECT u.meta ->> 'session_id' FROM artifact_upload u
                  WHERE u.tenant_id = v_tenant AND u.upload_id = artifact_upload_finish.upload_id);
    IF v_session IS NOT NULL THEN
        v_sequence := _artifact_enter(v_tenant, v_session);
    END IF;
    v_upload := _artifact_upload_lock(v_tenant, upload_id);
    SELECT n.* INTO v_former FROM _artifact_newest(v_tenant, v_session, v_upload.meta ->> 'name') AS n;
    SELECT s.* INTO v_stored FROM _artifact_store(v_upload.tail, v_upload.manifest, _artifact_upload_parent(v_upload), true) AS s;
    v_hash := _artifact_hash(v_stored.manifest);
    PERFORM _artifact_check_hash(expected_hash, v_hash);
    content_hash := encode(v_hash, 'hex');
    size_bytes := v_upload.next_offset;
    stored_bytes := v_upload.stored_bytes + v_stored.stored_bytes;
    DELETE FROM artifact_upload u WHERE u.tenant_id = v_tenant AND u.upload_id = artifact_upload_finish.upload_id;

    PERFORM FROM artifact_content c
    WHERE c.tenant_id = v_tenant AND c.content_hash = artifact_upload_finish.content_hash AND c.storage_type = 'chunked'
    FOR NO KEY UPDATE;
    IF FOUND THEN
        PERFORM _artifact_release(v_tenant, _artifact_chunks(v_stored.manifest));
        stored_bytes := 0;
    ELSE
        PERFORM _artifact_content_add(v_tenant, artifact_upload_finish.content_hash, v_stored.manifest, artifact_upload_finish.size_bytes);
    END IF;
    IF v_former.content_hash = artifact_upload_finish.content_hash THEN
        updated := _artifact_describe(v_tenant, v_former.artifact_id, v_upload.meta);
        RETURN QUERY
        SELECT a.artifact_id::text, a.content_hash::text, a.sequence, a.version, false, artifact_upload_finish.updated, a.size_bytes, 0::bigint
        FROM artifacts a WHERE a.tenant_id = v_tenant AND a.artifact_id = v_former.artifact_id;
        RETURN;
    END IF;
    SELECT a.artifact_id, a.sequence, a.version, true, false INTO artifact_id, sequence, version, created, updated
    FROM _artifact_add(v_tenant, v_upload.meta, v_sequence, v_former.artifact_id, v_former.version, artifact_upload_finish.content_hash,
        artifact_upload_finish.size_bytes) AS a;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_upload_finish(uuid, text) IS 'Makes an artifact of the parts of an upload, as artifact_put does of a whole content.
Errors: 42501 no tenant, P0002 no such upload or session, or expired, 22023 another content than expected_hash (the upload stays), 40001 artifacts changed after the snapshot.
Example: SELECT artifact_id FROM llmspell.artifact_upload_finish(uuidv7());';

CREATE OR REPLACE FUNCTION llmspell.artifact_upload_abort(upload_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_manifest bytea;
BEGIN
    PERFORM _given(upload_id, 'upload_id');
    PERFORM _artifact_take_turn(v_tenant);
    DELETE FROM artifact_upload u WHERE u.tenant_id = v_tenant AND u.upload_id = artifact_upload_abort.upload_id
    RETURNING u.manifest INTO v_manifest;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM _artifact_release(v_tenant, _artifact_chunks(v_manifest));
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_upload_abort(uuid) IS 'Drops an upload and what it stored; true where there was one.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.artifact_upload_abort(uuidv7());';
