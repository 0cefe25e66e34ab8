-- Checking stored artifacts.

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_structure_faults() RETURNS TABLE (code text, object text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- The server cannot know how many chunks manifests have: a loop over both took 500 times as long.
SET enable_nestloop = off
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    SELECT 'reference_count', c.content_hash::text, format('reference_count is %s, its artifacts are %s', c.reference_count, coalesce(a.n, 0))
    FROM artifact_content c
    LEFT JOIN (SELECT a.content_hash, count(*) AS n FROM artifacts a WHERE a.tenant_id = v_tenant GROUP BY 1) AS a USING (content_hash)
    WHERE c.tenant_id = v_tenant AND c.reference_count <> 1 + coalesce(a.n, 0)
    UNION ALL
    SELECT 'artifact_count', s.session_id::text, format('artifact_count is %s, its artifacts are %s', s.artifact_count, coalesce(a.n, 0))
    FROM sessions s
    LEFT JOIN (SELECT a.session_id, count(*) AS n FROM artifacts a WHERE a.tenant_id = v_tenant GROUP BY 1) AS a USING (session_id)
    WHERE s.tenant_id = v_tenant AND s.artifact_count <> coalesce(a.n, 0)
    UNION ALL
    SELECT 'artifact_sequence', s.session_id::text, format('artifact_sequence is %s, its last artifact has %s', s.artifact_sequence, a.last)
    FROM sessions s
    JOIN (SELECT a.session_id, max(a.sequence) AS last FROM artifacts a WHERE a.tenant_id = v_tenant GROUP BY 1) AS a USING (session_id)
    WHERE s.tenant_id = v_tenant AND s.artifact_sequence <= a.last
    UNION ALL
    SELECT 'content_queue', c.content_hash::text, 'has no artifact and is not queued to be collected'
    FROM artifact_content c
    WHERE c.tenant_id = v_tenant AND c.reference_count = 1
      AND NOT EXISTS (SELECT FROM artifact_gc_queue q WHERE q.tenant_id = v_tenant AND q.content_hash = c.content_hash);

    RETURN QUERY
    WITH holder AS MATERIALIZED (
        SELECT 'content ' || c.content_hash AS name, c.manifest, c.size_bytes
        FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.storage_type = 'chunked'
        UNION ALL
        SELECT 'upload ' || u.upload_id, u.manifest, u.next_offset - octet_length(u.tail) FROM artifact_upload u WHERE u.tenant_id = v_tenant
    ), part AS MATERIALIZED (
        SELECT h.name, m.chunk_hash, m.byte_offset, m.raw_len
        FROM holder h CROSS JOIN LATERAL _artifact_manifest(CASE WHEN _artifact_manifest_fault(h.manifest) IS NULL THEN h.manifest END) AS m
    ), sized AS (
        SELECT p.name, sum(p.raw_len) AS size FROM part p GROUP BY 1
    ), counted AS (
        SELECT u.chunk_hash, count(*) AS n FROM (SELECT DISTINCT p.name, p.chunk_hash FROM part p) AS u GROUP BY 1
    )
    SELECT 'manifest', h.name, coalesce(_artifact_manifest_fault(h.manifest), format('its chunks have %s bytes, not %s', coalesce(p.size, 0), h.size_bytes))
    FROM holder h LEFT JOIN sized p USING (name)
    WHERE _artifact_manifest_fault(h.manifest) IS NOT NULL OR coalesce(p.size, 0) <> h.size_bytes
    UNION ALL
    SELECT 'chunk_missing', encode(p.chunk_hash, 'hex'), format('%s has it at byte %s', p.name, p.byte_offset)
    FROM part p
    WHERE NOT EXISTS (SELECT FROM artifact_chunk k WHERE k.tenant_id = v_tenant AND k.chunk_hash = p.chunk_hash)
    UNION ALL
    SELECT 'chunk_length', encode(p.chunk_hash, 'hex'), format('has %s bytes, %s has it with %s at byte %s', k.raw_len, p.name, p.raw_len, p.byte_offset)
    FROM part p JOIN artifact_chunk k ON k.tenant_id = v_tenant AND k.chunk_hash = p.chunk_hash
    WHERE k.raw_len <> p.raw_len
    UNION ALL
    SELECT 'chunk_refs', encode(k.chunk_hash, 'hex'), format('refs is %s, its references are %s', k.refs, coalesce(c.n, 0))
    FROM artifact_chunk k LEFT JOIN counted c USING (chunk_hash)
    WHERE k.tenant_id = v_tenant AND k.refs <> coalesce(c.n, 0)
    UNION ALL
    SELECT 'chunk_orphan', encode(k.chunk_hash, 'hex'), 'nothing needs it'
    FROM artifact_chunk k
    WHERE k.tenant_id = v_tenant AND k.refs = 0
      AND NOT EXISTS (SELECT FROM artifact_chunk c WHERE c.tenant_id = v_tenant AND c.base_hash = k.chunk_hash)
    UNION ALL
    SELECT 'chunk_base', encode(k.chunk_hash, 'hex'), format('its base %s %s', encode(k.base_hash, 'hex'),
        coalesce('has depth ' || b.depth || ', itself ' || k.depth, 'is missing'))
    FROM artifact_chunk k LEFT JOIN artifact_chunk b ON b.tenant_id = v_tenant AND b.chunk_hash = k.base_hash
    WHERE k.tenant_id = v_tenant AND k.depth <> coalesce(b.depth + 1, CASE WHEN k.base_hash IS NULL THEN 0 ELSE -1 END);
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_structure_faults() IS 'Contradictions in the tenant''s artifacts, found without reading contents: counts, manifests, references.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_structure_faults() TO llmspell_app;

-- STABLE, as artifact_verify is: all of it sees one snapshot, whatever is stored and collected meanwhile.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_data_faults(samples int) RETURNS TABLE (code text, object text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_damaged bytea[] := '{}';
    v_row record;
BEGIN
    FOR v_row IN
        WITH content AS MATERIALIZED (
            SELECT c.content_hash, c.storage_type, CASE WHEN _artifact_manifest_fault(c.manifest) IS NULL THEN c.manifest END AS manifest
            FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.storage_type <> 'large_object'
            ORDER BY CASE WHEN samples IS NOT NULL THEN random() END, c.content_hash LIMIT samples
        ), chunk AS (
            SELECT k.chunk_hash FROM artifact_chunk k
            WHERE k.tenant_id = v_tenant
              AND (samples IS NULL OR k.chunk_hash IN (SELECT m.chunk_hash FROM content c, _artifact_manifest(c.manifest) AS m))
        )
        SELECT k.chunk_hash, NULL AS content_hash, NULL::bytea AS manifest, NULL AS storage_type FROM chunk k
        UNION ALL
        SELECT NULL, c.content_hash, c.manifest, c.storage_type FROM content c
        -- Chunks first: a content with a damaged one need not be read.
        ORDER BY 1 NULLS LAST, 2
    LOOP
        object := coalesce(encode(v_row.chunk_hash, 'hex'), v_row.content_hash);
        IF v_row.chunk_hash IS NOT NULL THEN
            detail := _artifact_chunk_fault(v_row.chunk_hash);
            CONTINUE WHEN _artifact_data_faults.detail IS NULL;
            v_damaged := v_damaged || v_row.chunk_hash;
            code := 'chunk_damaged';
            detail := concat_ws('; ', _artifact_data_faults.detail, _artifact_chunk_places(v_tenant, v_row.chunk_hash));
            RETURN NEXT;
        ELSIF v_row.storage_type = 'bytea' THEN
            CONTINUE WHEN (SELECT _artifact_uncompressed(c.content_hash, c.data) IS NOT NULL
                           FROM artifact_content c WHERE c.tenant_id = v_tenant AND c.content_hash = v_row.content_hash);
            code := 'content_hash';
            detail := 'its bytes have another hash';
            RETURN NEXT;
        ELSE
            CONTINUE WHEN NOT _artifact_is_readable(v_tenant, v_row.manifest, v_damaged)
                OR encode(_artifact_hash(v_row.manifest), 'hex') = v_row.content_hash;
            code := 'content_hash';
            detail := 'its chunks make another content';
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_data_faults(integer) IS 'Chunks and contents that do not have their hash: of all, or of so many contents chosen at random.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_data_faults(integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_chunk_places(tenant text, chunk_hash bytea) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT string_agg(format('at byte %s of content %s', p.byte_offset, p.content_hash), ', ')
    FROM (SELECT c.content_hash, m.byte_offset
          FROM artifact_content c
          CROSS JOIN LATERAL _artifact_manifest(CASE WHEN _artifact_manifest_fault(c.manifest) IS NULL THEN c.manifest END) AS m
          WHERE c.tenant_id = tenant AND m.chunk_hash = _artifact_chunk_places.chunk_hash
          ORDER BY 1, 2 LIMIT 10) AS p
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_chunk_places(text, bytea) IS 'Where contents have a chunk, at most ten places.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_is_readable(tenant text, manifest bytea, damaged bytea[]) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    WITH RECURSIVE chunk AS (
        SELECT m.chunk_hash FROM _artifact_manifest(manifest) AS m
        UNION
        SELECT k.base_hash FROM chunk c JOIN artifact_chunk k ON k.tenant_id = tenant AND k.chunk_hash = c.chunk_hash WHERE k.base_hash IS NOT NULL
    )
    SELECT manifest IS NOT NULL AND NOT EXISTS (
        SELECT FROM chunk c LEFT JOIN artifact_chunk k ON k.tenant_id = tenant AND k.chunk_hash = c.chunk_hash
        WHERE k.chunk_hash IS NULL OR k.chunk_hash = ANY (damaged))
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_is_readable(text, bytea, bytea[]) IS 'Whether all chunks of a manifest and their bases are there and none is among the damaged.';

-- With the rights of the caller: the owner of an object must let it be read.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_object_faults(check_data boolean) RETURNS TABLE (code text, object text, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'large_object', c.content_hash, f.fault
    FROM artifact_content c
    CROSS JOIN LATERAL (SELECT CASE
        WHEN NOT EXISTS (SELECT FROM pg_largeobject_metadata m WHERE m.oid = c.large_object_oid)
            THEN format('large object %s is missing', c.large_object_oid)
        WHEN NOT has_largeobject_privilege(c.large_object_oid, 'SELECT')
            THEN format('large object %s may not be read by %s', c.large_object_oid, current_user)
        WHEN check_data AND _artifact_uncompressed(c.content_hash, lo_get(c.large_object_oid)) IS NULL
            THEN format('large object %s has another hash', c.large_object_oid) END) AS f (fault)
    WHERE c.tenant_id = _require_tenant() AND c.storage_type = 'large_object' AND f.fault IS NOT NULL
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_object_faults(boolean) IS 'Faults of contents that are large objects, as far as the caller may read them.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_object_faults(boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.artifact_verify(level text DEFAULT 'structure', samples int DEFAULT NULL)
RETURNS TABLE (code text, object text, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    level := coalesce(level, 'structure');
    IF level NOT IN ('structure', 'data') THEN
        RAISE EXCEPTION 'unknown level "%"', left(level, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'Use structure or data.';
    END IF;
    IF samples < 0 OR samples IS NOT NULL AND level = 'structure' THEN
        RAISE EXCEPTION 'samples must not be %', CASE WHEN samples < 0 THEN 'negative, got ' || samples ELSE 'given with level structure' END
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is the number of contents to read with level data.';
    END IF;
    RETURN QUERY SELECT f.* FROM _artifact_structure_faults() AS f;
    RETURN QUERY SELECT f.* FROM _artifact_object_faults(level = 'data') AS f;
    IF level = 'data' THEN
        RETURN QUERY SELECT f.* FROM _artifact_data_faults(samples) AS f;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.artifact_verify(text, integer) IS 'Checks the tenant''s artifacts; one row for each fault, none where all is well.
Errors: 42501 no tenant, 22023 unknown level, or samples with level structure.
Example: SELECT code, object, detail FROM llmspell.artifact_verify(''data'');';
