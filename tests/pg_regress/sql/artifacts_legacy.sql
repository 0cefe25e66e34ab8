-- Artifacts that clients of the guide wrote: read as they are, verified, turned into chunks.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'artifacts-legacy';
SELECT count(*) FROM llmspell.session_create('00000000-0000-0000-0000-0000000000a1', '{}');
CREATE TEMP VIEW held AS SELECT artifact_id, storage_type, is_compressed, c.size_bytes, original_size_bytes, reference_count, llmspell.artifact_get(artifact_id)
FROM llmspell.artifacts a JOIN llmspell.artifact_content c USING (tenant_id, content_hash) ORDER BY 1;
ALTER VIEW held SET (security_invoker = true);
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes, is_compressed, original_size_bytes) VALUES
    ('artifacts-legacy', encode(sha256('by sha'), 'hex'), 'bytea', 'by sha', 6, false, NULL),
    ('artifacts-legacy', encode(llmspell.blake3('by blake'), 'hex'), 'bytea', 'by blake', 8, false, NULL),
    ('artifacts-legacy', encode(sha256('packed packed packed packed packed'), 'hex'), 'bytea', llmspell.compress('packed packed packed packed packed', 'lz4'), 20, true, 34),
    ('artifacts-legacy', repeat('f', 64), 'bytea', 'unverifiable', 12, false, NULL),
    ('artifacts-legacy', encode(sha256('already there'), 'hex'), 'bytea', 'already there', 13, false, NULL);
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, large_object_oid, size_bytes)
VALUES ('artifacts-legacy', encode(sha256('large object'), 'hex'), 'large_object', lo_from_bytea(0, 'large object'), 12);
CREATE TEMP TABLE object AS SELECT large_object_oid AS id FROM llmspell.artifact_content WHERE storage_type = 'large_object';
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
SELECT 'artifacts-legacy', 'a' || n, '00000000-0000-0000-0000-0000000000a1', n, content_hash, '{}', 'n' || n, 't', 'm/m', 4
FROM (SELECT content_hash, row_number() OVER (ORDER BY content_hash) AS n FROM llmspell.artifact_content) AS c;
SELECT created FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'put', 'already there');
SELECT split_part(artifact_id, ':', 2) AS sequence, artifact_id LIKE 'a%' AS raw, storage_type, is_compressed, size_bytes, original_size_bytes, reference_count, artifact_get FROM held;
SELECT artifact_id, llmspell.artifact_get_range(artifact_id, 3, 4), (SELECT string_agg(part::text, ' ') FROM llmspell.artifact_read_chunks(artifact_id, 1, 5)) AS parts FROM held WHERE artifact_id LIKE 'a%';
SELECT * FROM llmspell.artifact_verify('data');
-- so many at a time
SELECT content_hash, left(new_content_hash, 8) AS new, detail FROM llmspell.artifact_migrate(1);
SELECT content_hash, left(new_content_hash, 8) AS new, detail FROM llmspell.artifact_migrate();
SELECT content_hash, new_content_hash IS NULL AS left_alone FROM llmspell.artifact_migrate();
SELECT artifact_id LIKE 'a%' AS raw, storage_type, is_compressed, size_bytes, original_size_bytes, reference_count, artifact_get FROM held;
SELECT bool_and(storage_type = 'chunked') AS chunked, bool_and(content_hash = encode(llmspell.blake3(llmspell.artifact_get(artifact_id)), 'hex')) AS hashed
FROM llmspell.artifacts JOIN llmspell.artifact_content USING (tenant_id, content_hash) WHERE content_hash <> repeat('f', 64);
SELECT count(*) AS objects FROM pg_largeobject_metadata JOIN object ON id = oid;
SELECT code, object, detail FROM llmspell.artifact_verify('data');
-- a put of the same bytes turns a raw row into chunks, too
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('artifacts-legacy', encode(llmspell.blake3('taken over'), 'hex'), 'bytea', 'other bytes!', 12);
SELECT created FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'taken', 'taken over');
SELECT llmspell.artifact_get(artifact_id) FROM llmspell.artifact_list(name => 'taken');
-- collecting unlinks large objects
UPDATE object SET id = lo_from_bytea(0, 'to go');
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, large_object_oid, size_bytes) SELECT 'artifacts-legacy', 'to go', 'large_object', id, 5 FROM object;
SELECT contents, bytes FROM llmspell.artifact_gc(1000, '0') WHERE contents > 0;
SELECT count(*) AS objects FROM pg_largeobject_metadata JOIN object ON id = oid;
SELECT code FROM llmspell.artifact_verify();
-- compression by itself
SELECT octet_length(llmspell.compress(convert_to(repeat('a', 10000), 'UTF8'))) < 50 AS zstd, octet_length(llmspell.compress(convert_to(repeat('a', 10000), 'UTF8'), 'lz4')) < 100 AS lz4;
SELECT llmspell.decompress(llmspell.compress('zstd')), llmspell.decompress(llmspell.compress('lz4', 'lz4')), llmspell.decompress(llmspell.compress('named', 'lz4'), 'lz4'), llmspell.decompress(NULL) IS NULL AS null_stays;
SELECT convert_from(llmspell.decompress('\x1d0000006e68656c6c6f2006005068656c6c6f'), 'UTF8') AS rust_client;
SELECT llmspell.decompress('');
SELECT llmspell.decompress('\xffffffff00');
SELECT llmspell.decompress('\x28b52ffd00');
SELECT llmspell.decompress(llmspell.compress('x'), 'lz4');
SELECT llmspell.compress('x', 'gzip');
SELECT encode(llmspell.blake3(''), 'hex') AS of_nothing;
SELECT encode(llmspell.blake3_keyed('', convert_to('whats the Elvish word for friend', 'UTF8')), 'hex') AS keyed;
SELECT llmspell.blake3_keyed('', 'short');
