-- Artifacts that come in parts.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'artifacts-upload';
CREATE TEMP TABLE s AS SELECT session_id FROM llmspell.session_create('00000000-0000-0000-0000-0000000000a1', '{}');
CREATE TEMP TABLE big AS SELECT string_agg(sha256(convert_to(i::text, 'UTF8')), '' ORDER BY i) AS data FROM generate_series(1, 10000) AS i;
CREATE TEMP TABLE up AS SELECT llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'big', 'x/y', 'video', '{"a": 1}', '{t}') AS id;
SELECT llmspell.artifact_upload_append(id, 0, substring(data FROM 1 FOR 100001)) FROM up, big;
-- the same part again, parts of it, and none
SELECT llmspell.artifact_upload_append(id, 0, substring(data FROM 1 FOR 100001)) FROM up, big;
SELECT llmspell.artifact_upload_append(id, 99990, substring(data FROM 99991 FOR 11)) FROM up, big;
SELECT llmspell.artifact_upload_append(id, 100001, ''), llmspell.artifact_upload_append(id, 5, '') FROM up;
-- other bytes, a gap, an overlap, before the beginning
SELECT llmspell.artifact_upload_append(id, 100000, 'x') FROM up;
SELECT llmspell.artifact_upload_append(id, 100002, 'x') FROM up;
SELECT llmspell.artifact_upload_append(id, 100000, 'xy') FROM up;
SELECT llmspell.artifact_upload_append(id, -1, 'x') FROM up;
SELECT * FROM llmspell.artifact_verify('data');
SELECT llmspell.artifact_upload_append(id, 100001, substring(data FROM 100002 FOR 7)) FROM up, big;
SELECT llmspell.artifact_upload_append(id, 100008, substring(data FROM 100009)) FROM up, big;
-- another hash is refused, and the upload stays
SELECT llmspell.artifact_upload_finish(id, 'ff') FROM up;
SELECT f.created, f.version, f.size_bytes, f.stored_bytes, f.content_hash = encode(llmspell.blake3(data), 'hex') AS hashed
FROM up, big, llmspell.artifact_upload_finish(id, encode(llmspell.blake3(data), 'hex')) AS f;
SELECT llmspell.artifact_get(artifact_id) = data AS same FROM big, llmspell.artifact_list();
SELECT name, mime_type, artifact_type, metadata, tags FROM llmspell.artifact_list();
SELECT left(regress.try(format('SELECT llmspell.artifact_upload_finish(%L)', id)), 5) FROM up;
-- the cuts are those of the whole: nothing new is stored
SELECT stored_bytes, version FROM big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'whole', data);
SELECT count(*) = count(DISTINCT chunk_hash) AS once FROM llmspell.artifact_chunk;
-- an upload of what the newest version holds makes nothing
UPDATE up SET id = llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'whole');
SELECT llmspell.artifact_upload_append(id, 0, data) FROM up, big;
SELECT created, version, stored_bytes FROM up, llmspell.artifact_upload_finish(id);
-- nor does an empty one take chunks
SELECT created, size_bytes, stored_bytes, content_hash = encode(llmspell.blake3(''), 'hex') AS hashed
FROM llmspell.artifact_upload_finish(llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'empty'));
-- aborting gives back what was stored
CREATE TEMP TABLE before AS SELECT chunks, stored_bytes FROM llmspell.artifact_stats();
UPDATE up SET id = llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'other');
SELECT llmspell.artifact_upload_append(id, 0, overlay(data placing 'other' FROM 50000)) FROM up, big;
SELECT s.chunks > b.chunks AS more FROM llmspell.artifact_stats() s, before b;
SELECT llmspell.artifact_upload_abort(id), llmspell.artifact_upload_abort(id) FROM up;
SELECT s.chunks = b.chunks AND s.stored_bytes = b.stored_bytes AS as_before FROM llmspell.artifact_stats() s, before b;
SELECT * FROM llmspell.artifact_verify('data');
-- expiry
UPDATE up SET id = llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'late', ttl => '0.2 seconds');
SELECT llmspell.artifact_upload_append(id, 0, 'late') FROM up;
SELECT pg_sleep(0.3);
SELECT left(regress.try(format('SELECT llmspell.artifact_upload_append(%L, 4, %L)', id, 'later')), 5), left(regress.try(format('SELECT llmspell.artifact_upload_finish(%L)', id)), 5) FROM up;
SELECT uploads FROM llmspell.artifact_gc();
SELECT llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'n', ttl => '-1 day');
SELECT llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000ff', 'n');
-- of another tenant
UPDATE up SET id = llmspell.artifact_upload_begin('00000000-0000-0000-0000-0000000000a1', 'walled');
SET app.current_tenant_id = 'artifacts-other';
SELECT left(regress.try(format('SELECT llmspell.artifact_upload_append(%L, 0, %L)', id, 'x')), 5), llmspell.artifact_upload_abort(id) FROM up;
