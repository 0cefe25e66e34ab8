-- Artifacts: storing, versions, reading, listing.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'artifacts-store';
CREATE TEMP TABLE s AS SELECT session_id FROM llmspell.session_create('00000000-0000-0000-0000-0000000000a1', '{}');
-- sequence from 0, version from 1, the id names both and the hash
SELECT artifact_id, sequence, version, created, size_bytes, stored_bytes FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'a.txt', 'one', 'text/plain');
-- the same again makes nothing, under another name an artifact of the same content
SELECT right(artifact_id, 8) AS id, sequence, version, created, size_bytes, stored_bytes FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'a.txt', 'one', 'text/plain', metadata => '{"other": 1}');
SELECT sequence, version, created, stored_bytes FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'b.txt', 'one');
-- the next version has the former as parent; going back to an older content is a version too
SELECT sequence, version, created FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'a.txt', 'two', metadata => '{"k": [1, 2]}', tags => '{x,y}');
SELECT sequence, version, created, stored_bytes FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'a.txt', 'one');
SELECT version, sequence, split_part(parent_artifact_id, ':', 2) AS parent, size_bytes FROM llmspell.artifact_list('00000000-0000-0000-0000-0000000000a1', 'a.txt', newest_first => true);
-- a parent of one's choice
SELECT version FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'c', 'three', parent_artifact_id => (SELECT artifact_id FROM llmspell.artifact_list('00000000-0000-0000-0000-0000000000a1', 'b.txt', newest_first => true)));
SELECT name, split_part(parent_artifact_id, ':', 2) AS parent FROM llmspell.artifact_list(name => 'c');
-- sequences are not used again
SELECT llmspell.artifact_delete(artifact_id) FROM llmspell.artifact_list(name => 'c');
SELECT sequence, version FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'd', '');
-- nor that which a raw client took
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
SELECT 'artifacts-store', 'raw', session_id, 41, content_hash, '{}', 'raw', 't', 'm/m', 3 FROM llmspell.artifact_list(name => 'b.txt');
SELECT sequence FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'e', '\x00ff');
UPDATE llmspell.sessions SET artifact_sequence = 0;
SELECT artifact_count, artifact_sequence FROM llmspell.sessions;
-- reading
SELECT sequence, name, llmspell.artifact_get(artifact_id), llmspell.artifact_get_by_hash(upper(content_hash)) = llmspell.artifact_get(artifact_id) AS by_hash FROM llmspell.artifact_list();
SELECT llmspell.artifact_get('none') IS NULL AS absent, llmspell.artifact_get_by_hash('none') IS NULL AS no_hash, llmspell.artifact_get_range('none', 0, 1) IS NULL AS no_range;
SELECT count(*) FROM llmspell.artifact_info('none');
-- by session and name: the newest version, one of them, none; text; neither or both is refused
SELECT count(*) FILTER (WHERE p.created) FROM unnest(ARRAY['eins', 'zwei', 'drei']) t, llmspell.artifact_put((SELECT session_id FROM llmspell.artifact_list() LIMIT 1), 'named', convert_to(t, 'UTF8')) p;
SELECT v, llmspell.artifact_get_text(session_id => s, name => 'named', version => v), convert_from(llmspell.artifact_get(session_id => s, name => 'named', version => v), 'UTF8') AS bytes,
    (SELECT i.version FROM llmspell.artifact_info(session_id => s, name => 'named', version => v) i) AS version
FROM (SELECT session_id FROM llmspell.artifact_list() LIMIT 1) AS l (s), unnest(ARRAY[NULL, 1, 3, 4, 0, -1]) WITH ORDINALITY AS u (v, n) ORDER BY n;
SELECT llmspell.artifact_get_text(session_id => uuidv7(), name => 'named') IS NULL AS no_session, llmspell.artifact_get_text(session_id => session_id, name => 'Named') IS NULL AS no_name FROM llmspell.artifact_list() LIMIT 1;
SELECT f, regress.try(format('SELECT llmspell.%s(%s)', f, a)) FROM unnest('{artifact_get,artifact_get_text,artifact_info}'::text[]) f, unnest(ARRAY['', 'session_id => uuidv7()', $$name => 'n'$$, 'version => 1', $$'a', version => 1$$, $$'a', uuidv7(), 'n'$$]) WITH ORDINALITY u (a, n) ORDER BY 1, n;
SELECT p.created FROM llmspell.artifact_put((SELECT session_id FROM llmspell.artifact_list() LIMIT 1), 'named', '\xff00') p;
SELECT regress.try($$SELECT llmspell.artifact_get_text(session_id => (SELECT session_id FROM llmspell.artifact_list() LIMIT 1), name => 'named')$$);
SELECT convert_from(llmspell.artifact_get_range('raw', n, 2), 'UTF8') AS part FROM generate_series(0, 4) AS n;
SELECT llmspell.artifact_get_range('raw', 9223372036854775807, 9223372036854775807) AS beyond;
SELECT found FROM llmspell.artifact_exists(ARRAY[encode(llmspell.blake3('one'), 'hex'), 'nothing', NULL, upper(encode(llmspell.blake3('two'), 'hex'))]);
SELECT sequence, name, version, mime_type, artifact_type, metadata, tags FROM llmspell.artifact_info((SELECT artifact_id FROM llmspell.artifact_list(tag => 'x')));
-- listing, page by page and narrowed
SELECT sequence FROM llmspell.artifact_list(max_rows => 2);
SELECT sequence FROM llmspell.artifact_list(max_rows => 2, after => (SELECT cursor FROM llmspell.artifact_list(max_rows => 1)));
SELECT sequence FROM llmspell.artifact_list(session_id => '00000000-0000-0000-0000-0000000000a1', name => 'a.txt', after => '00000000-0000-0000-0000-0000000000a1:0');
SELECT sequence FROM llmspell.artifact_list(filter => '{"k": [2]}', artifact_type => 'file');
SELECT count(*) FROM llmspell.artifact_list(session_id => '00000000-0000-0000-0000-0000000000a2');
-- one large enough for several chunks: cuts, parts, ranges
CREATE TEMP TABLE big AS SELECT string_agg(sha256(convert_to(i::text, 'UTF8')), '' ORDER BY i) AS data FROM generate_series(1, 10000) AS i;
CREATE TEMP TABLE stored AS SELECT p.* FROM big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'big', data) AS p;
SELECT created, size_bytes, stored_bytes, content_hash = encode(llmspell.blake3(data), 'hex') AS hashed, llmspell.artifact_get(artifact_id) = data AS same FROM stored, big;
SELECT count(*) AS parts, bool_and(part = substring(data FROM byte_offset::int + 1 FOR 100000)) AS same, string_agg(part, '' ORDER BY byte_offset) = data AS whole
FROM big, stored, llmspell.artifact_read_chunks(artifact_id, part_bytes => 100000) AS p GROUP BY data;
SELECT byte_offset, octet_length(part) FROM stored, llmspell.artifact_read_chunks(artifact_id, 250001, 50000);
SELECT bool_and(llmspell.artifact_get_range(artifact_id, n, 5000) = substring(data FROM n + 1 FOR 5000)) AS ranges FROM big, stored, generate_series(0, 320000, 3777) AS n;
-- a version like it is stored beside it
SELECT stored_bytes < 2000 AS small FROM big, llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'big', overlay(data placing 'edited' FROM 150000 FOR 6));
SELECT llmspell.artifact_get(artifact_id) = overlay(data placing 'edited' FROM 150000 FOR 6) AS same FROM big, llmspell.artifact_list('00000000-0000-0000-0000-0000000000a1', 'big', newest_first => true) AS v WHERE v.version = 2;
SELECT artifacts, contents, raw_bytes, unique_bytes < 400000 AS deduplicated, stored_bytes < unique_bytes AS compressed, dedup_ratio > 1.5 AS ratio FROM llmspell.artifact_stats();
SELECT * FROM llmspell.artifact_verify('data');
-- the hash is the server's
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'h', 'x', expected_hash => encode(llmspell.blake3('y'), 'hex'));
SELECT created FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'h', 'x', expected_hash => upper(encode(llmspell.blake3('x'), 'hex')));
-- errors
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000ff', 'n', 'x');
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'n', 'x', parent_artifact_id => 'none');
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', '', 'x');
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'n', NULL);
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', repeat('n', 256), 'x');
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'n', 'x', mime_type => 'text');
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'n', 'x', tags => ARRAY[repeat('t', 65)]);
SELECT llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'n', 'x', tags => ARRAY[NULL]);
SELECT llmspell.artifact_get_range('raw', -1, 1);
SELECT llmspell.artifact_get_range('raw', 0, -1);
SELECT llmspell.artifact_read_chunks('raw', 0, 0);
SELECT llmspell.artifact_read_chunks('raw', -1);
SELECT llmspell.artifact_list(max_rows => -1);
SELECT llmspell.artifact_list(after => 'none');
SET llmspell.artifact_max_bytes = 1;
-- in a read-only transaction
BEGIN READ ONLY;
SELECT octet_length(llmspell.artifact_get(artifact_id)), octet_length(llmspell.artifact_get_range(artifact_id, 300000, 4096)) FROM stored;
SELECT count(*) FROM llmspell.artifact_verify('data');
COMMIT;
-- chunks are for reading alone, the rest is internal
INSERT INTO llmspell.artifact_chunk (tenant_id, chunk_hash, refs, codec, raw_len, data) VALUES ('artifacts-store', sha256(''), 1, 0, 1, 'x');
UPDATE llmspell.artifact_chunk SET data = 'x';
SELECT count(*) FROM llmspell.artifact_gc_queue;
SELECT llmspell_internal._artifact_store('x', NULL, NULL, true);
-- another tenant
SET app.current_tenant_id = 'artifacts-other';
SELECT llmspell.artifact_get(artifact_id) IS NULL AS walled, llmspell.artifact_get_by_hash(content_hash) IS NULL AS by_hash FROM stored;
SELECT count(*) FROM llmspell.artifact_chunk;
SELECT * FROM llmspell.artifact_stats();
SET app.current_tenant_id = 'artifacts-store';
-- the newest content again: what is given of its description replaces what it has, the rest stays
SELECT created, updated FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'described', 'x', 'text/plain', 'note', '{"a": 1}', '{one}');
SELECT created, updated FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'described', 'x');
SELECT created, updated FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'described', 'x', metadata => '{"b": 2}', tags => '{two,three}');
SELECT mime_type, artifact_type, metadata, tags, version FROM llmspell.artifact_list('00000000-0000-0000-0000-0000000000a1', 'described');
SELECT created, updated FROM llmspell.artifact_put('00000000-0000-0000-0000-0000000000a1', 'described', 'x', 'text/csv', 'note', '{"b": 2}', '{two,three}');
