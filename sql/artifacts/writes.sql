-- Storing artifacts: whole or in parts, and deleting them.
--
-- Transactions of a tenant that store, delete or collect artifacts take turns (artifact_turn) until they
-- end, so that those that store the same contents in another order cannot deadlock. Below the turn come
-- the contents' rows, then the chunks'.

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_take_turn(tenant text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    INSERT INTO artifact_turn AS t (tenant_id) VALUES (tenant)
    ON CONFLICT (tenant_id) DO UPDATE SET turns = t.turns + 1
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_take_turn(text) IS 'Waits for the tenant''s other transactions that store, delete or collect artifacts.
Errors: 40001 one of them ended after the snapshot of this transaction.';

-- A transaction may already hold the session's row, since it changed the session first, or the turn. To avoid
-- deadlock never wait for one while holding the other: try NOWAIT, and start over.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_enter(tenant text, session_id uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_sequence bigint;
BEGIN
    LOOP
        BEGIN
            SELECT s.artifact_sequence INTO v_sequence
            FROM sessions s WHERE s.tenant_id = tenant AND s.session_id = _artifact_enter.session_id FOR NO KEY UPDATE;
            IF NOT FOUND THEN
                PERFORM _raise_missing('session', _artifact_enter.session_id::text);
            END IF;
            PERFORM FROM artifact_turn t WHERE t.tenant_id = tenant FOR UPDATE NOWAIT;
            PERFORM _artifact_take_turn(tenant);
            RETURN v_sequence;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
        BEGIN
            PERFORM _artifact_take_turn(tenant);
            SELECT s.artifact_sequence INTO v_sequence
            FROM sessions s WHERE s.tenant_id = tenant AND s.session_id = _artifact_enter.session_id FOR NO KEY UPDATE NOWAIT;
            IF FOUND THEN
                RETURN v_sequence;
            END IF;
            PERFORM _raise_missing('session', _artifact_enter.session_id::text);
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_enter(text, uuid) IS 'Takes the tenant''s turn and the session''s row, and returns the number of its next artifact.
Errors: P0002 no such session, 40001 artifacts changed after the snapshot.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_check(
    session_id uuid, name text, mime_type text, artifact_type text, metadata jsonb, tags text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tag text;
BEGIN
    PERFORM _given(session_id, 'session_id'), _given(metadata, 'metadata'), _short_text(name, 'name', 255), _short_text(mime_type, 'mime_type', 255),
        _short_text(artifact_type, 'artifact_type', 50);
    IF name = '' OR artifact_type = '' THEN
        RAISE EXCEPTION 'argument "%" must not be empty', CASE WHEN name = '' THEN 'name' ELSE 'artifact_type' END
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF mime_type NOT LIKE '_%/_%' OR mime_type ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'malformed mime_type "%"', left(mime_type, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give a type and a subtype, for example text/plain.';
    END IF;
    PERFORM _json_check(metadata);
    IF array_ndims(tags) > 1 THEN
        RAISE EXCEPTION 'tags must have one dimension, got %', array_ndims(tags) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH v_tag IN ARRAY coalesce(tags, '{}') LOOP
        PERFORM _short_text(v_tag, 'tags', 64);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_check(uuid, text, text, text, jsonb, text[]) IS 'Checks the description of an artifact.
Errors: 22004, 22001, 22023 or 54000 by argument.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_check_hash(expected_hash text, content_hash bytea) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF lower(expected_hash) <> encode(content_hash, 'hex') THEN
        RAISE EXCEPTION 'the content has the hash %, not the expected %', encode(content_hash, 'hex'), left(expected_hash, 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'expected_hash is the BLAKE3 hash of the content in hex; send the content again.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_check_hash(text, bytea) IS 'Refuses a content that does not have the hash which its sender gave; NULL expects none.
Errors: 22023 another hash.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_newest(tenant text, session_id uuid, name text)
RETURNS TABLE (artifact_id text, version int, content_hash text, manifest bytea)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT a.artifact_id, a.version, a.content_hash, c.manifest
    FROM artifacts a JOIN artifact_content c ON c.tenant_id = a.tenant_id AND c.content_hash = a.content_hash
    WHERE a.tenant_id = tenant AND a.session_id = _artifact_newest.session_id AND a.name = _artifact_newest.name
    ORDER BY a.version DESC, a.sequence DESC LIMIT 1
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_newest(text, uuid, text) IS 'The newest version of a name, with the manifest of its content.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_named(tenant text, artifact_id text) RETURNS TABLE (manifest bytea)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT c.manifest
    FROM artifacts a JOIN artifact_content c ON c.tenant_id = a.tenant_id AND c.content_hash = a.content_hash
    WHERE a.tenant_id = tenant AND a.artifact_id = _artifact_named.artifact_id
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_named(text, text) IS 'The manifest of an artifact''s content: one row, or none where there is no such artifact.';

-- The caller holds the locks under which it read the number and the former version.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_add(tenant text, meta jsonb, number bigint, former_id text, former_version int, content_hash text, size_bytes bigint)
RETURNS TABLE (artifact_id text, sequence bigint, version int)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    INSERT INTO artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes,
        version, parent_artifact_id, tags)
    VALUES (tenant, format('%s:%s:%s', meta ->> 'session_id', number, content_hash), (meta ->> 'session_id')::uuid, number, content_hash,
        meta -> 'metadata', meta ->> 'name', meta ->> 'artifact_type', meta ->> 'mime_type', size_bytes,
        coalesce(former_version, 0) + 1, coalesce(meta ->> 'parent_artifact_id', former_id),
        (SELECT array_agg(t ORDER BY n) FROM jsonb_array_elements_text(nullif(meta -> 'tags', 'null')) WITH ORDINALITY AS t (t, n)))
    RETURNING artifact_id, sequence, version
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_add(text, jsonb, bigint, text, integer, text, bigint) IS 'Adds the next version of a name, for a content that is stored.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_meta(
    session_id uuid, name text, mime_type text, artifact_type text, metadata jsonb, tags text[], parent_artifact_id text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT jsonb_build_object('session_id', session_id, 'name', name, 'mime_type', mime_type, 'artifact_type', artifact_type,
        'metadata', metadata, 'tags', tags, 'parent_artifact_id', parent_artifact_id)
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_meta(uuid, text, text, text, jsonb, text[], text) IS 'The description of an artifact as artifact_upload.meta keeps it.';

-- A row that an older client wrote with this hash becomes chunks too, as its bytes were never checked. Its large
-- object is left for its owner to unlink.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_content_add(tenant text, content_hash text, manifest bytea, size_bytes bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_object oid;
BEGIN
    INSERT INTO artifact_content AS c (tenant_id, content_hash, storage_type, manifest, size_bytes, original_size_bytes)
    VALUES (tenant, _artifact_content_add.content_hash, 'chunked', _artifact_content_add.manifest,
            _artifact_content_add.size_bytes, _artifact_content_add.size_bytes)
    ON CONFLICT (tenant_id, content_hash) DO UPDATE
    SET storage_type = 'chunked', manifest = EXCLUDED.manifest, data = NULL, large_object_oid = NULL, is_compressed = false,
        size_bytes = EXCLUDED.size_bytes, original_size_bytes = EXCLUDED.original_size_bytes
    RETURNING old.large_object_oid INTO v_object;
    IF v_object IS NOT NULL THEN
        INSERT INTO artifact_gc_queue (tenant_id, content_hash, large_object_oid) VALUES (tenant, 'large object ' || v_object, v_object)
        ON CONFLICT (tenant_id, content_hash) DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_content_add(text, text, bytea, bigint) IS 'Records a content whose chunks are stored, in place of what another client stored under its hash.';

CREATE OR REPLACE FUNCTION llmspell.artifact_put(
    session_id uuid, name text, data bytea, mime_type text DEFAULT 'application/octet-stream', artifact_type text DEFAULT 'file',
    metadata jsonb DEFAULT '{}', tags text[] DEFAULT NULL, parent_artifact_id text DEFAULT NULL, expected_hash text DEFAULT NULL)
RETURNS TABLE (artifact_id text, content_hash text, sequence bigint, version int, created boolean, size_bytes bigint, stored_bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Another plan would hold a copy of the data.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_hash bytea;
    v_sequence bigint;
    v_former record;
    v_parent record;
    v_manifest bytea;
BEGIN
    PERFORM _artifact_check(artifact_put.session_id, artifact_put.name, artifact_put.mime_type, artifact_put.artifact_type, artifact_put.metadata, artifact_put.tags);
    -- Not _given(data): that would copy it.
    size_bytes := _given(octet_length(artifact_put.data), 'data');
    PERFORM _artifact_size_check(artifact_put.size_bytes);
    v_hash := blake3(artifact_put.data);
    PERFORM _artifact_check_hash(artifact_put.expected_hash, v_hash);
    content_hash := encode(v_hash, 'hex');
    stored_bytes := 0;

    v_sequence := _artifact_enter(v_tenant, artifact_put.session_id);
    SELECT n.* INTO v_former FROM _artifact_newest(v_tenant, artifact_put.session_id, artifact_put.name) AS n;
    IF artifact_put.parent_artifact_id IS NULL THEN
        v_parent := v_former;
    ELSE
        SELECT n.manifest INTO v_parent FROM _artifact_named(v_tenant, artifact_put.parent_artifact_id) AS n;
        IF NOT FOUND THEN
            PERFORM _raise_missing('artifact', artifact_put.parent_artifact_id);
        END IF;
    END IF;
    PERFORM FROM artifact_content c
    WHERE c.tenant_id = v_tenant AND c.content_hash = artifact_put.content_hash AND c.storage_type = 'chunked'
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        SELECT s.manifest, s.stored_bytes INTO v_manifest, stored_bytes FROM _artifact_store(artifact_put.data, NULL, v_parent.manifest, true) AS s;
        PERFORM _artifact_content_add(v_tenant, artifact_put.content_hash, v_manifest, artifact_put.size_bytes);
    END IF;
    IF v_former.content_hash = artifact_put.content_hash THEN
        SELECT a.artifact_id, a.sequence, a.version, false INTO artifact_id, sequence, version, created
        FROM artifacts a WHERE a.tenant_id = v_tenant AND a.artifact_id = v_former.artifact_id;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT a.artifact_id, a.sequence, a.version, true INTO artifact_id, sequence, version, created
    FROM _artifact_add(v_tenant, _artifact_meta(artifact_put.session_id, artifact_put.name, artifact_put.mime_type, artifact_put.artifact_type,
        artifact_put.metadata, artifact_put.tags, artifact_put.parent_artifact_id), v_sequence, v_former.artifact_id, v_former.version,
        artifact_put.content_hash, artifact_put.size_bytes) AS a;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_put(uuid, text, bytea, text, text, jsonb, text[], text, text) IS 'Stores a content as the next version of a name in a session; the newest content again changes nothing.
Errors: 42501 no tenant, P0002 no such session or parent, 22004 null, 22001 name over 255, artifact_type over 50 or tag over 64 characters, 22023 mime_type, empty name, or another content than expected_hash, 54000 over llmspell.artifact_max_bytes, 40001 artifacts changed after the snapshot.
Example: SELECT artifact_id, version FROM llmspell.artifact_put(uuidv7(), ''notes.txt'', convert_to(''hello'', ''UTF8''), ''text/plain'');';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_release(tenant text, hashes bytea[]) RETURNS TABLE (chunks bigint, bytes bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_hashes bytea[] := hashes;
    v_refs int := 1;
    v_chunks bigint;
    v_bytes bigint;
BEGIN
    chunks := 0;
    bytes := 0;
    -- First the chunks with their last reference; then, round by round, bases that no chunk needs any more.
    WHILE cardinality(v_hashes) > 0 LOOP
        WITH gone AS (
            DELETE FROM artifact_chunk k
            WHERE k.tenant_id = tenant AND k.chunk_hash = ANY (v_hashes) AND k.refs = v_refs
              AND NOT EXISTS (SELECT FROM artifact_chunk c WHERE c.tenant_id = tenant AND c.base_hash = k.chunk_hash)
            RETURNING k.base_hash, octet_length(k.data) AS bytes
        ), kept AS (
            UPDATE artifact_chunk k SET refs = k.refs - 1
            WHERE v_refs = 1 AND k.tenant_id = tenant AND k.chunk_hash = ANY (v_hashes)
              AND (k.refs <> 1 OR EXISTS (SELECT FROM artifact_chunk c WHERE c.tenant_id = tenant AND c.base_hash = k.chunk_hash))
        )
        SELECT count(*), coalesce(sum(g.bytes), 0), array_agg(DISTINCT g.base_hash) FILTER (WHERE g.base_hash IS NOT NULL)
        INTO v_chunks, v_bytes, v_hashes
        FROM gone g;
        chunks := _artifact_release.chunks + v_chunks;
        bytes := _artifact_release.bytes + v_bytes;
        v_refs := 0;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_release(text, bytea[]) IS 'Takes one reference from each chunk and drops those that nothing needs; returns how many and their bytes.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_chunks(manifest bytea) RETURNS bytea[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT m.chunk_hash), '{}') FROM _artifact_manifest(manifest) AS m
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_chunks(bytea) IS 'The chunks of a manifest, each once.';

CREATE OR REPLACE FUNCTION llmspell.artifact_upload_begin(
    session_id uuid, name text, mime_type text DEFAULT 'application/octet-stream', artifact_type text DEFAULT 'file',
    metadata jsonb DEFAULT '{}', tags text[] DEFAULT NULL, parent_artifact_id text DEFAULT NULL, ttl interval DEFAULT '1 day')
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_id uuid;
BEGIN
    PERFORM _artifact_check(session_id, name, mime_type, artifact_type, metadata, tags), _given(ttl, 'ttl');
    IF NOT EXISTS (SELECT FROM sessions s WHERE s.tenant_id = v_tenant AND s.session_id = artifact_upload_begin.session_id) THEN
        PERFORM _raise_missing('session', session_id::text);
    END IF;
    IF parent_artifact_id IS NOT NULL AND NOT EXISTS (SELECT FROM _artifact_named(v_tenant, parent_artifact_id)) THEN
        PERFORM _raise_missing('artifact', parent_artifact_id);
    END IF;
    INSERT INTO artifact_upload (tenant_id, meta, expires_at)
    VALUES (v_tenant, _artifact_meta(session_id, name, mime_type, artifact_type, metadata, tags, parent_artifact_id) || jsonb_build_object('ttl', ttl),
            _expiry(NULL, ttl))
    RETURNING upload_id INTO v_id;
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_upload_begin(uuid, text, text, text, jsonb, text[], text, interval) IS 'Begins a content that comes in parts and returns the id of the upload, which lives for ttl after the last part.
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
RETURNS TABLE (artifact_id text, content_hash text, sequence bigint, version int, created boolean, size_bytes bigint, stored_bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
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
        RETURN QUERY
        SELECT a.artifact_id::text, a.content_hash::text, a.sequence, a.version, false, a.size_bytes, 0::bigint
        FROM artifacts a WHERE a.tenant_id = v_tenant AND a.artifact_id = v_former.artifact_id;
        RETURN;
    END IF;
    SELECT a.artifact_id, a.sequence, a.version, true INTO artifact_id, sequence, version, created
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

CREATE OR REPLACE FUNCTION llmspell.artifact_delete(artifact_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_session uuid;
BEGIN
    v_session := (SELECT a.session_id FROM artifacts a
                  WHERE a.tenant_id = v_tenant AND a.artifact_id = _given(artifact_delete.artifact_id, 'artifact_id'));
    IF v_session IS NULL THEN
        RETURN false;
    END IF;
    PERFORM _artifact_enter(v_tenant, v_session);
    DELETE FROM artifacts a WHERE a.tenant_id = v_tenant AND a.artifact_id = artifact_delete.artifact_id;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_delete(text) IS 'Deletes an artifact; true where it existed. artifact_gc removes contents without artifacts.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.artifact_delete(''0198…:0:9f86…'');';
