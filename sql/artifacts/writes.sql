-- Storing artifacts, and deleting them.
--
-- Transactions of a tenant that store, delete or collect artifacts take turns (artifact_turn) until they
-- end, so that those that store the same contents in another order cannot deadlock. Below the turn come
-- the contents' rows, then the chunks'.

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_take_turn(tenant text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Locked each time, but written once in a transaction: the next call would walk along all its versions.
    INSERT INTO artifact_turn AS t (tenant_id) VALUES (tenant)
    ON CONFLICT (tenant_id) DO UPDATE SET taken_by = EXCLUDED.taken_by WHERE t.taken_by <> EXCLUDED.taken_by
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
    PERFORM _given(session_id, 'session_id'), _short_text(name, 'name', 255), _short_text(coalesce(mime_type, ''), 'mime_type', 255),
        _short_text(coalesce(artifact_type, ' '), 'artifact_type', 50);
    IF name = '' OR artifact_type = '' THEN
        RAISE EXCEPTION 'argument "%" must not be empty', CASE WHEN name = '' THEN 'name' ELSE 'artifact_type' END
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF mime_type NOT LIKE '_%/_%' OR mime_type ~ '[[:cntrl:]]' THEN
        RAISE EXCEPTION 'malformed mime_type "%"', left(mime_type, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give a type and a subtype, for example text/plain.';
    END IF;
    PERFORM _json_check(coalesce(metadata, '{}'));
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
        coalesce(nullif(meta -> 'metadata', 'null'), '{}'), meta ->> 'name', coalesce(meta ->> 'artifact_type', 'file'),
        coalesce(meta ->> 'mime_type', 'application/octet-stream'), size_bytes,
        coalesce(former_version, 0) + 1, coalesce(meta ->> 'parent_artifact_id', former_id),
        (SELECT array_agg(t ORDER BY n) FROM jsonb_array_elements_text(nullif(meta -> 'tags', 'null')) WITH ORDINALITY AS t (t, n)))
    RETURNING artifact_id, sequence, version
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_add(text, jsonb, bigint, text, integer, text, bigint) IS 'Adds the next version of a name, for a content that is stored.';

-- The content of the newest version again: what is given of its description replaces what it has.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_describe(tenant text, artifact_id text, meta jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE artifacts a SET metadata = d.metadata, artifact_type = d.artifact_type, mime_type = d.mime_type, tags = d.tags
    FROM (SELECT coalesce(nullif(_artifact_describe.meta -> 'metadata', 'null'), o.metadata) AS metadata,
                 coalesce(_artifact_describe.meta ->> 'artifact_type', o.artifact_type) AS artifact_type,
                 coalesce(_artifact_describe.meta ->> 'mime_type', o.mime_type) AS mime_type,
                 CASE WHEN _artifact_describe.meta -> 'tags' = 'null' THEN o.tags
                      ELSE (SELECT array_agg(t ORDER BY n) FROM jsonb_array_elements_text(_artifact_describe.meta -> 'tags') WITH ORDINALITY AS t (t, n)) END AS tags
          FROM artifacts o WHERE o.tenant_id = _artifact_describe.tenant AND o.artifact_id = _artifact_describe.artifact_id) AS d
    WHERE a.tenant_id = _artifact_describe.tenant AND a.artifact_id = _artifact_describe.artifact_id
      AND (a.metadata, a.artifact_type, a.mime_type, a.tags) IS DISTINCT FROM (d.metadata, d.artifact_type, d.mime_type, d.tags);
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_describe(text, text, jsonb) IS 'Replaces those parts of an artifact''s description that are given; true where one differed.';

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
    session_id uuid DEFAULT NULL, name text DEFAULT NULL, data bytea DEFAULT NULL, mime_type text DEFAULT NULL, artifact_type text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, tags text[] DEFAULT NULL, parent_artifact_id text DEFAULT NULL, expected_hash text DEFAULT NULL,
    session_name text DEFAULT NULL)
RETURNS TABLE (artifact_id text, content_hash text, sequence bigint, version int, created boolean, updated boolean, size_bytes bigint, stored_bytes bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Another plan would hold a copy of the data.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_session constant uuid := _session_of(artifact_put.session_id, artifact_put.session_name);
    v_meta constant jsonb := _artifact_meta(v_session, artifact_put.name, artifact_put.mime_type, artifact_put.artifact_type,
        artifact_put.metadata, artifact_put.tags, artifact_put.parent_artifact_id);
    v_hash bytea;
    v_sequence bigint;
    v_former record;
    v_parent record;
    v_manifest bytea;
BEGIN
    PERFORM _artifact_check(v_session, artifact_put.name, artifact_put.mime_type, artifact_put.artifact_type, artifact_put.metadata, artifact_put.tags);
    -- Not _given(data): that would copy it.
    size_bytes := _given(octet_length(artifact_put.data), 'data');
    PERFORM _artifact_size_check(artifact_put.size_bytes);
    v_hash := blake3(artifact_put.data);
    PERFORM _artifact_check_hash(artifact_put.expected_hash, v_hash);
    content_hash := encode(v_hash, 'hex');
    stored_bytes := 0;

    v_sequence := _artifact_enter(v_tenant, v_session);
    SELECT n.* INTO v_former FROM _artifact_newest(v_tenant, v_session, artifact_put.name) AS n;
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
        updated := _artifact_describe(v_tenant, v_former.artifact_id, v_meta);
        SELECT a.artifact_id, a.sequence, a.version, false INTO artifact_id, sequence, version, created
        FROM artifacts a WHERE a.tenant_id = v_tenant AND a.artifact_id = v_former.artifact_id;
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT a.artifact_id, a.sequence, a.version, true, false INTO artifact_id, sequence, version, created, updated
    FROM _artifact_add(v_tenant, v_meta, v_sequence, v_former.artifact_id, v_former.version,
        artifact_put.content_hash, artifact_put.size_bytes) AS a;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_put(uuid, text, bytea, text, text, jsonb, text[], text, text, text) IS 'Stores a content as the next version of a name in a session; the newest content again updates its description.
Errors: 42501 no tenant, P0002 no such session or parent, 22004 null, 22001 name over 255, artifact_type over 50 or tag over 64 characters, 22023 mime_type, empty name, both session_id and session_name, or another content than expected_hash, 54000 over llmspell.artifact_max_bytes, 40001 artifacts changed after the snapshot.
Example: SELECT artifact_id, version FROM llmspell.artifact_put(uuidv7(), ''notes.txt'', convert_to(''hello'', ''UTF8''), ''text/plain'');';

CREATE OR REPLACE FUNCTION llmspell.artifact_put_text(
    session_id uuid DEFAULT NULL, name text DEFAULT NULL, content text DEFAULT NULL, mime_type text DEFAULT NULL, artifact_type text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, tags text[] DEFAULT NULL, parent_artifact_id text DEFAULT NULL, expected_hash text DEFAULT NULL,
    session_name text DEFAULT NULL)
RETURNS TABLE (artifact_id text, content_hash text, sequence bigint, version int, created boolean, updated boolean, size_bytes bigint, stored_bytes bigint)
LANGUAGE sql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT p.* FROM artifact_put(artifact_put_text.session_id, artifact_put_text.name, convert_to(_given(artifact_put_text.content, 'content'), 'UTF8'),
        artifact_put_text.mime_type, artifact_put_text.artifact_type, artifact_put_text.metadata, artifact_put_text.tags,
        artifact_put_text.parent_artifact_id, artifact_put_text.expected_hash, artifact_put_text.session_name) AS p;
$$;
COMMENT ON FUNCTION llmspell.artifact_put_text(uuid, text, text, text, text, jsonb, text[], text, text, text) IS 'Stores a text in UTF-8, as artifact_put stores bytes.
Errors: as artifact_put.
Example: SELECT artifact_id, version FROM llmspell.artifact_put_text(uuidv7(), ''notes.txt'', ''hello'', ''text/plain'');';

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
