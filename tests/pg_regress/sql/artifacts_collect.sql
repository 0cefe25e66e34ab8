-- Artifacts: deleting and collecting; nothing is left over, nothing is lost.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'artifacts-collect';
CREATE TEMP TABLE s AS SELECT session_id FROM llmspell.session_create('00000000-0000-0000-0000-0000000000a1', '{}');
CREATE TEMP TABLE big AS SELECT string_agg(sha256(convert_to(i::text, 'UTF8')), '' ORDER BY i) AS data FROM generate_series(1, 3000) AS i;
CREATE TEMP VIEW rest AS SELECT artifacts, contents, chunks, raw_bytes, unique_bytes, stored_bytes FROM llmspell.artifact_stats();
-- six versions, each beside the one before: bases behind one another to the depth that is allowed
SELECT bool_and(created) FROM generate_series(1, 6) AS v, big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'v', overlay(data placing convert_to('version ' || v, 'UTF8') FROM 40000 + 10 * v));
SELECT max(depth) AS depth, bool_and(refs > 0) AS referred FROM llmspell.artifact_chunk;
SELECT llmspell.artifact_delete(artifact_id) FROM llmspell.artifact_list('00000000-0000-0000-0000-0000000000a1', 'v', newest_first => true) WHERE version < 6;
SELECT llmspell.artifact_delete('none');
-- grace
SELECT * FROM llmspell.artifact_gc();
SELECT contents FROM llmspell.artifact_gc(2, '0');
SELECT contents FROM llmspell.artifact_gc(1000, '0');
SELECT * FROM llmspell.artifact_gc(1000, '0');
-- what the last version needs is still there
SELECT version, llmspell.artifact_get(artifact_id) = overlay(data placing 'version 6' FROM 40060) AS same FROM big, llmspell.artifact_list('00000000-0000-0000-0000-0000000000a1', 'v', newest_first => true);
SELECT * FROM llmspell.artifact_verify('data');
-- stored again while it waits: kept
SELECT count(llmspell.artifact_delete(artifact_id)) FROM llmspell.artifact_list();
SELECT created, stored_bytes FROM big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'again', overlay(data placing 'version 6' FROM 40060));
SELECT contents FROM llmspell.artifact_gc(1000, '0');
SELECT * FROM llmspell.artifact_verify('data');
-- deleted and stored again in one transaction
BEGIN;
SELECT count(llmspell.artifact_delete(artifact_id)) FROM llmspell.artifact_list();
SELECT contents FROM llmspell.artifact_gc(1000, '0');
SELECT created FROM big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'back', data);
ROLLBACK;
SELECT name FROM llmspell.artifact_list();
SELECT * FROM llmspell.artifact_verify('data');
-- a session takes its artifacts along, and its contents are collected
SELECT created FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'small', 'small');
DELETE FROM llmspell.sessions;
SELECT contents FROM llmspell.artifact_gc(1000, '0');
SELECT * FROM rest;
-- a content that a raw client left without an artifact, and one that it came back to
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('artifacts-collect', 'left', 'bytea', 'left', 4), ('artifacts-collect', 'used', 'bytea', 'used', 4);
SELECT count(*) FROM llmspell.session_create('00000000-0000-0000-0000-0000000000a2', '{}');
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
VALUES ('artifacts-collect', 'used', '00000000-0000-0000-0000-0000000000a2', 0, 'used', '{}', 'n', 't', 'm/m', 4);
SELECT * FROM llmspell.artifact_gc(1000, '0');
SELECT content_hash, reference_count FROM llmspell.artifact_content;
-- a superuser's delete, with no tenant set
RESET SESSION AUTHORIZATION;
RESET app.current_tenant_id;
DELETE FROM llmspell.artifacts WHERE tenant_id = 'artifacts-collect';
SELECT content_hash FROM llmspell.artifact_gc_queue WHERE tenant_id = 'artifacts-collect';
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'artifacts-collect';
SELECT * FROM llmspell.artifact_gc(1000, '0');
SELECT * FROM rest;
-- errors
SELECT llmspell.artifact_gc(-1);
SELECT llmspell.artifact_gc(1, '-1 second');
SELECT * FROM llmspell.artifact_gc(1, 'infinity');
SELECT * FROM llmspell.artifact_gc(0);
-- a raw client's own DELETE takes the chunks along, and it cannot write what is counted
SELECT created FROM big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a2', 'deleted', data);
DELETE FROM llmspell.artifacts;
UPDATE llmspell.artifact_content SET manifest = '';
UPDATE llmspell.artifact_content SET storage_type = 'bytea', manifest = NULL, data = '';
UPDATE llmspell.artifact_content SET last_accessed_at = now(), size_bytes = size_bytes;
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, manifest, size_bytes) VALUES ('artifacts-collect', 'forged', 'chunked', '', 0);
DELETE FROM llmspell.artifact_content;
SELECT * FROM rest;
SELECT * FROM llmspell.artifact_verify('data');
