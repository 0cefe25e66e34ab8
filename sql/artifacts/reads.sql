-- Reading artifacts, all with the rights of the caller: large objects have owners of their own.

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_of_name(artifact_id text, session_id uuid, name text, version int, session_name text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_least constant int := coalesce(_artifact_of_name.version, 1);
    v_most constant int := coalesce(_artifact_of_name.version, 2147483647);
BEGIN
    IF _artifact_of_name.artifact_id IS NOT NULL THEN
        RAISE EXCEPTION 'artifact_id does not go with session_id, name or version' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the id, or the session and the name, with a version or without.';
    END IF;
    RETURN (SELECT a.artifact_id FROM artifacts a
            WHERE a.tenant_id = v_tenant AND a.session_id = _given(_session_of(_artifact_of_name.session_id, _artifact_of_name.session_name), 'session_id') AND a.name = _given(_artifact_of_name.name, 'name')
              AND a.version BETWEEN v_least AND v_most
            ORDER BY a.version DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_of_name(text, uuid, text, integer, text) IS 'The id of an artifact that is given by session, name and version (the newest); NULL where there is none.
Errors: 42501 no tenant, 22004 no session or no name, 22023 an id is given, too, P0002 no session has the name.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_of_name(text, uuid, text, integer, text) TO llmspell_app;

-- The inner CASE keeps the planner, which evaluates stable functions for its estimates, from refusing a null id that
-- no one asks for.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_id(artifact_id text, session_id uuid, name text, version int, session_name text) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN num_nonnulls(session_id, name, version, session_name) = 0
    THEN llmspell_internal._tenant_given(CASE WHEN num_nonnulls(session_id, name, version, session_name) = 0 THEN artifact_id END, 'artifact_id')
    ELSE llmspell_internal._artifact_of_name(artifact_id, session_id, name, version, session_name) END;
COMMENT ON FUNCTION llmspell_internal._artifact_id(text, uuid, text, integer, text) IS 'The id of an artifact that is given by it, or by session, name and version (the newest); NULL where there is none.
Errors: 42501 no tenant, 22004 neither, 22023 both, P0002 no session has the name.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_id(text, uuid, text, integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_get(artifact_id text DEFAULT NULL, session_id uuid DEFAULT NULL, name text DEFAULT NULL, version int DEFAULT NULL,
    session_name text DEFAULT NULL) RETURNS bytea
    STABLE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
    LANGUAGE c AS 'MODULE_PATHNAME', 'artifact_get_wrapper';
COMMENT ON FUNCTION llmspell.artifact_get(text, uuid, text, integer, text) IS 'The content of an artifact, by its id or by session, name and version (the newest); NULL where there is none.
Errors: 42501 no tenant, 22004 neither, 22023 both, P0002 no session has the name, XX001 damaged content, 42704 a large object of an older client is missing.
Example: SELECT llmspell.artifact_get(session_id => ''0198a5f0-0000-7000-8000-000000000001'', name => ''notes.txt'');';

CREATE OR REPLACE FUNCTION llmspell.artifact_get_text(artifact_id text DEFAULT NULL, session_id uuid DEFAULT NULL, name text DEFAULT NULL, version int DEFAULT NULL,
    session_name text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT convert_from(llmspell.artifact_get(artifact_get_text.artifact_id, artifact_get_text.session_id, artifact_get_text.name, artifact_get_text.version, artifact_get_text.session_name), 'UTF8');
END;
COMMENT ON FUNCTION llmspell.artifact_get_text(text, uuid, text, integer, text) IS 'The content of an artifact as text, found as by artifact_get; NULL where there is none.
Errors: as artifact_get; 22021 the content is no UTF-8 text.
Example: SELECT llmspell.artifact_get_text(session_id => ''0198a5f0-0000-7000-8000-000000000001'', name => ''notes.txt'', version => 1);';

CREATE OR REPLACE FUNCTION llmspell.artifact_get_by_hash(content_hash text) RETURNS bytea
    STABLE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
    LANGUAGE c AS 'MODULE_PATHNAME', 'artifact_get_by_hash_wrapper';
COMMENT ON FUNCTION llmspell.artifact_get_by_hash(text) IS 'A content of the tenant by its hash in hex; NULL where there is none.
Errors: 42501 no tenant, 22004 null, XX001 damaged content.
Example: SELECT llmspell.artifact_get_by_hash(encode(llmspell.blake3(''hello''), ''hex''));';

CREATE OR REPLACE FUNCTION llmspell.artifact_get_range(artifact_id text, byte_offset bigint, length bigint) RETURNS bytea
    STABLE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
    LANGUAGE c AS 'MODULE_PATHNAME', 'artifact_get_range_wrapper';
COMMENT ON FUNCTION llmspell.artifact_get_range(text, bigint, bigint) IS 'Up to length bytes of an artifact from byte_offset (0 is the first); NULL where there is no such artifact.
Errors: 42501 no tenant, 22004 null, 22023 negative, XX001 damaged content.
Example: SELECT llmspell.artifact_get_range(''0198…:0:9f86…'', 0, 100);';

CREATE OR REPLACE FUNCTION llmspell.blake3(data bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'blake3_wrapper';
COMMENT ON FUNCTION llmspell.blake3(bytea) IS 'The BLAKE3 hash, 32 bytes (O''Connor et al., 2020); NULL for NULL.
Example: SELECT encode(llmspell.blake3(''hello''), ''hex'');';

CREATE OR REPLACE FUNCTION llmspell.blake3_keyed(data bytea, key bytea) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'blake3_keyed_wrapper';
COMMENT ON FUNCTION llmspell.blake3_keyed(bytea, bytea) IS 'The keyed BLAKE3 hash, 32 bytes, for a key of 32 bytes; NULL for NULL.
Errors: 22023 a key of another length.
Example: SELECT llmspell.blake3_keyed(''hello'', decode(repeat(''00'', 32), ''hex''));';

CREATE OR REPLACE FUNCTION llmspell.compress(data bytea, codec text DEFAULT 'zstd') RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'compress_wrapper';
COMMENT ON FUNCTION llmspell.compress(bytea, text) IS 'Compresses by codec zstd (a frame with checksum) or lz4 (4-byte length and a block); NULL for NULL.
Errors: 22023 another codec.
Example: SELECT octet_length(llmspell.compress(convert_to(repeat(''a'', 1000), ''UTF8'')));';

CREATE OR REPLACE FUNCTION llmspell.decompress(data bytea, codec text DEFAULT NULL) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'decompress_wrapper';
COMMENT ON FUNCTION llmspell.decompress(bytea, text) IS 'Undoes compress; the bytes tell the codec unless one is given; NULL for NULL.
Errors: 22P03 damaged data, 54000 a result over llmspell.artifact_max_bytes, 22023 another codec.
Example: SELECT llmspell.decompress(llmspell.compress(''hello''));';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_store(data bytea, so_far bytea, parent bytea, is_last boolean)
    RETURNS TABLE (manifest bytea, tail bytea, stored_bytes bigint)
    VOLATILE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp SET plan_cache_mode = force_generic_plan
    LANGUAGE c AS 'MODULE_PATHNAME', '_artifact_store_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_store(bytea, bytea, bytea, boolean) IS 'Stores the chunks of a content, or of a part, beside those of its parent; returns the manifest and what is left over.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_read(packed bytea, byte_offset bigint, length bigint) RETURNS bytea
    STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
    LANGUAGE c AS 'MODULE_PATHNAME', '_artifact_read_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_read(bytea, bigint, bigint) IS 'Bytes of a content by its manifest.
Errors: XX001 damaged content.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_read(bytea, bigint, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_hash(packed bytea) RETURNS bytea
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', '_artifact_hash_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_hash(bytea) IS 'The BLAKE3 hash of a content, read from its chunks.
Errors: XX001 damaged content.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_manifest(packed bytea) RETURNS TABLE (chunk_hash bytea, byte_offset bigint, raw_len int)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_artifact_manifest_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_manifest(bytea) IS 'The chunks of a manifest in order.
Errors: XX001 no manifest.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_manifest(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_manifest_fault(packed bytea) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_artifact_manifest_fault_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_manifest_fault(bytea) IS 'Why bytes are no manifest; NULL where they are one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_manifest_fault(bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_chunk_fault(chunk_hash bytea) RETURNS text
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', '_artifact_chunk_fault_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_chunk_fault(bytea) IS 'Why a chunk cannot be read; NULL where it can, or where only its base is damaged.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_max_bytes() RETURNS int
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_artifact_max_bytes_wrapper';
COMMENT ON FUNCTION llmspell_internal._artifact_max_bytes() IS 'The setting llmspell.artifact_max_bytes, bytes.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_max_bytes() TO llmspell_app;

-- artifact_get and artifact_get_range (src/artifacts/sql.rs) call this for a content that is not in chunks.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_legacy(content llmspell.artifact_content, byte_offset bigint, length bigint) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE (content).storage_type
        -- substring takes an int; no content is longer.
        WHEN 'bytea' THEN substring((content).data FROM least(byte_offset, 2147483646)::int + 1 FOR least(length, 1073741823)::int)
        WHEN 'large_object' THEN CASE WHEN byte_offset >= (content).size_bytes THEN ''
            ELSE lo_get((content).large_object_oid, byte_offset, least(length, 1073741823)::int) END END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_legacy(llmspell.artifact_content, bigint, bigint) IS 'Bytes of a content that is not in chunks, from byte_offset on, at most length.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_legacy(llmspell.artifact_content, bigint, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_check_parts(byte_offset bigint, part_bytes int) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    IF byte_offset < 0 THEN
        RAISE EXCEPTION 'byte_offset must not be negative, got %', byte_offset USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF part_bytes <= 0 THEN
        RAISE EXCEPTION 'part_bytes must be positive, got %', part_bytes USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_check_parts(bigint, integer) IS 'Checks offset and size of the parts in which a content is read.
Errors: 42501 no tenant, 22023 negative or not positive.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_check_parts(bigint, integer) TO llmspell_app;

-- No SET clause, so that it is inlined and a cursor gets one part after the other.
CREATE OR REPLACE FUNCTION llmspell.artifact_read_chunks(artifact_id text, byte_offset bigint DEFAULT 0, part_bytes int DEFAULT 1048576)
RETURNS TABLE (byte_offset bigint, part bytea)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT o.at, CASE c.storage_type WHEN 'chunked' THEN llmspell_internal._artifact_read(c.manifest, o.at, COALESCE(artifact_read_chunks.part_bytes, 1048576))
        ELSE llmspell_internal._artifact_legacy(c, o.at, COALESCE(artifact_read_chunks.part_bytes, 1048576)) END
    FROM llmspell.artifacts a
    JOIN llmspell.artifact_content c ON c.tenant_id = a.tenant_id AND c.content_hash = a.content_hash
    CROSS JOIN LATERAL generate_series(COALESCE(artifact_read_chunks.byte_offset, 0), COALESCE(octet_length(c.data), c.size_bytes) - 1,
        COALESCE(artifact_read_chunks.part_bytes, 1048576)::bigint) AS o (at)
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND (SELECT llmspell_internal._artifact_check_parts(COALESCE(artifact_read_chunks.byte_offset, 0), COALESCE(artifact_read_chunks.part_bytes, 1048576)) IS NOT NULL)
      AND a.tenant_id = llmspell.current_tenant() AND a.artifact_id = llmspell_internal._given(artifact_read_chunks.artifact_id, 'artifact_id');
END;
COMMENT ON FUNCTION llmspell.artifact_read_chunks(text, bigint, integer) IS 'The content of an artifact from byte_offset on, in parts of part_bytes; through a cursor, a part at a time.
Errors: 42501 no tenant, 22004 null, 22023 byte_offset negative or part_bytes not positive, XX001 damaged content.
Example: SELECT byte_offset, octet_length(part) FROM llmspell.artifact_read_chunks(''0198…:0:9f86…'');';

CREATE OR REPLACE FUNCTION llmspell.artifact_info(artifact_id text DEFAULT NULL, session_id uuid DEFAULT NULL, name text DEFAULT NULL, version int DEFAULT NULL,
    session_name text DEFAULT NULL)
RETURNS SETOF llmspell_internal.artifact_description
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT a.artifact_id, a.session_id, a.sequence, a.name, a.version, a.content_hash, a.size_bytes, a.mime_type,
        a.artifact_type, a.metadata, a.tags, a.parent_artifact_id, a.created_by, a.created_at
    FROM llmspell.artifacts a
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND a.tenant_id = llmspell.current_tenant()
      AND a.artifact_id = llmspell_internal._artifact_id(artifact_info.artifact_id, artifact_info.session_id, artifact_info.name, artifact_info.version, artifact_info.session_name);
END;
COMMENT ON FUNCTION llmspell.artifact_info(text, uuid, text, integer, text) IS 'The description of an artifact, found as by artifact_get: one row, or none. size_bytes is that of the content.
Errors: 42501 no tenant, 22004 neither, 22023 both, P0002 no session has the name.
Example: SELECT name, version, size_bytes FROM llmspell.artifact_info(''0198…:0:9f86…'');';

CREATE OR REPLACE FUNCTION llmspell.artifact_exists(hashes text[]) RETURNS TABLE (content_hash text, found boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT h.content_hash, EXISTS (SELECT FROM llmspell.artifact_content c
                                   WHERE c.tenant_id = llmspell.current_tenant() AND c.content_hash = lower(h.content_hash))
    FROM unnest(llmspell_internal._given(artifact_exists.hashes, 'hashes')) WITH ORDINALITY AS h (content_hash, n)
    WHERE llmspell_internal._require_tenant() IS NOT NULL
    ORDER BY h.n;
END;
COMMENT ON FUNCTION llmspell.artifact_exists(text[]) IS 'For each hash in hex, in order, whether the tenant has that content.
Errors: 42501 no tenant, 22004 null.
Example: SELECT content_hash FROM llmspell.artifact_exists(ARRAY[''9f86…'']) WHERE NOT found;';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_cursor(after text, OUT session_id uuid, OUT sequence bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_parts constant text[] := regexp_match(after, '^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,18})$');
BEGIN
    IF after IS NOT NULL AND v_parts IS NULL THEN
        RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(after, 60)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the cursor of the last row of the page before, or NULL for the first page.';
    END IF;
    session_id := v_parts[1];
    sequence := v_parts[2];
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_cursor(text) IS 'Session and sequence that a cursor of artifact_list names; NULL for NULL.
Errors: 22023 no such cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_cursor(text) TO llmspell_app;

-- Inlined, so that it costs nothing: no SET, not STRICT.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_row(a llmspell.artifacts) RETURNS SETOF llmspell_internal.artifact_row
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT a.artifact_id::text, a.session_id, a.sequence, a.name::text, a.version, a.content_hash::text, a.size_bytes, a.mime_type::text,
        a.artifact_type::text, a.metadata, a.tags, a.parent_artifact_id::text, a.created_by::text, a.created_at, llmspell_internal._cursor_of_number(a.session_id, a.sequence);
END;
COMMENT ON FUNCTION llmspell_internal._artifact_row(llmspell.artifacts) IS 'A row of artifacts as artifact_list shows it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_row(llmspell.artifacts) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_list(
    session_id uuid DEFAULT NULL, name text DEFAULT NULL, tag text DEFAULT NULL, artifact_type text DEFAULT NULL, filter jsonb DEFAULT NULL,
    newest_first boolean DEFAULT false, max_rows int DEFAULT 100, after text DEFAULT NULL, session_name text DEFAULT NULL)
RETURNS SETOF llmspell_internal.artifact_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_session constant uuid := _session_of(artifact_list.session_id, artifact_list.session_name);
    v_newest constant boolean := coalesce(artifact_list.newest_first, false);
    v_last_session uuid := CASE WHEN v_newest THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE '00000000-0000-0000-0000-000000000000' END;
    v_last bigint := CASE WHEN v_newest THEN 9223372036854775807 ELSE -1 END;
    v_contains constant jsonb := _filter_contains(artifact_list.filter);
    v_operators constant jsonb := _filter_operators(artifact_list.filter);
    v_rows int;
BEGIN
    IF artifact_list.after IS NOT NULL THEN
        SELECT c.session_id, c.sequence INTO v_last_session, v_last FROM _artifact_cursor(artifact_list.after) c;
    END IF;
    v_rows := _max_rows(coalesce(artifact_list.max_rows, 100));
    -- One statement for each direction where the order is that of an index.
    IF num_nonnulls(artifact_list.name, artifact_list.tag, artifact_list.artifact_type, artifact_list.filter) = 0 THEN
        IF v_session IS NOT NULL AND v_newest THEN
            RETURN QUERY SELECT r.* FROM artifacts a CROSS JOIN LATERAL _artifact_row(a) r
            WHERE a.tenant_id = v_tenant AND a.session_id = v_session AND (a.session_id, a.sequence) < (v_last_session, v_last)
            ORDER BY r.sequence DESC LIMIT v_rows;
        ELSIF v_session IS NOT NULL THEN
            RETURN QUERY SELECT r.* FROM artifacts a CROSS JOIN LATERAL _artifact_row(a) r
            WHERE a.tenant_id = v_tenant AND a.session_id = v_session AND (a.session_id, a.sequence) > (v_last_session, v_last)
            ORDER BY r.sequence LIMIT v_rows;
        ELSIF v_newest THEN
            RETURN QUERY SELECT r.* FROM artifacts a CROSS JOIN LATERAL _artifact_row(a) r
            WHERE a.tenant_id = v_tenant AND (a.session_id, a.sequence) < (v_last_session, v_last)
            ORDER BY r.session_id DESC, r.sequence DESC LIMIT v_rows;
        ELSE
            RETURN QUERY SELECT r.* FROM artifacts a CROSS JOIN LATERAL _artifact_row(a) r
            WHERE a.tenant_id = v_tenant AND (a.session_id, a.sequence) > (v_last_session, v_last)
            ORDER BY r.session_id, r.sequence LIMIT v_rows;
        END IF;
        RETURN;
    END IF;
    -- Only constant texts are put together: the conditions that are given decide which index serves.
    RETURN QUERY EXECUTE concat_ws(' AND ',
        'SELECT r.* FROM artifacts a CROSS JOIN LATERAL _artifact_row(a) r WHERE a.tenant_id = $1',
        CASE WHEN artifact_list.after IS NOT NULL THEN format('(a.session_id, a.sequence) %s ($2, $3)', CASE WHEN v_newest THEN '<' ELSE '>' END) END,
        CASE WHEN v_session IS NOT NULL THEN 'a.session_id = $4' END,
        CASE WHEN artifact_list.name IS NOT NULL THEN 'a.name = $5' END,
        CASE WHEN artifact_list.tag IS NOT NULL THEN 'a.tags OPERATOR(llmspell.@>) ARRAY[$6]' END,
        CASE WHEN artifact_list.artifact_type IS NOT NULL THEN 'a.artifact_type = $7' END,
        CASE WHEN v_contains IS NOT NULL THEN 'a.metadata OPERATOR(llmspell.@>) $8' END,
        CASE WHEN v_operators IS NOT NULL THEN '_filter_matches(a.metadata, $10)' END)
        || format(' ORDER BY r.session_id %1$s, r.sequence %1$s LIMIT $9', CASE WHEN v_newest THEN 'DESC' ELSE 'ASC' END)
    USING v_tenant, v_last_session, v_last, v_session, artifact_list.name, artifact_list.tag, artifact_list.artifact_type, v_contains, v_rows, v_operators;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_list(uuid, text, text, text, jsonb, boolean, integer, text, text) IS 'Artifacts without their content, by session and sequence; each argument that is given narrows them.
Errors: 42501 no tenant, 22023 negative max_rows, after is no cursor, both session_id and session_name, P0002 no session has the name. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT artifact_id, version FROM llmspell.artifact_list(tag => ''report'', newest_first => true);';

CREATE OR REPLACE FUNCTION llmspell.artifact_stats()
RETURNS TABLE (artifacts bigint, contents bigint, chunks bigint, raw_bytes bigint, unique_bytes bigint, stored_bytes bigint, dedup_ratio numeric, compression_ratio numeric)
LANGUAGE sql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT a.artifacts, c.contents, k.chunks, a.bytes, u.bytes, s.bytes,
        coalesce(round(a.bytes / nullif(u.bytes, 0)::numeric, 2), 1), coalesce(round(u.bytes / nullif(s.bytes, 0)::numeric, 2), 1)
    FROM (SELECT count(*), coalesce(sum(c.size_bytes), 0)::bigint
          FROM artifacts a JOIN artifact_content c ON c.tenant_id = a.tenant_id AND c.content_hash = a.content_hash
          WHERE a.tenant_id = _require_tenant()) AS a (artifacts, bytes)
    CROSS JOIN (SELECT count(*), coalesce(sum(octet_length(c.manifest)), 0)::bigint,
                       coalesce(sum(coalesce(octet_length(c.data), c.size_bytes)) FILTER (WHERE c.storage_type <> 'chunked'), 0)::bigint
                FROM artifact_content c WHERE c.tenant_id = _require_tenant()) AS c (contents, manifests, others)
    CROSS JOIN (SELECT count(*), coalesce(sum(k.raw_len), 0)::bigint, coalesce(sum(octet_length(k.data)), 0)::bigint
                FROM artifact_chunk k WHERE k.tenant_id = _require_tenant()) AS k (chunks, raw_bytes, stored_bytes)
    CROSS JOIN LATERAL (SELECT k.raw_bytes + c.others) AS u (bytes)
    CROSS JOIN LATERAL (SELECT k.stored_bytes + c.manifests + c.others) AS s (bytes)
$$;
COMMENT ON FUNCTION llmspell.artifact_stats() IS 'Counts and bytes of the tenant''s artifacts: of all artifacts, of different chunks, and as stored.
Errors: 42501 no tenant.
Example: SELECT raw_bytes, stored_bytes, dedup_ratio FROM llmspell.artifact_stats();';
