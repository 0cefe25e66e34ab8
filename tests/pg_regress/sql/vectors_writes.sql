-- Writing vectors: routed by dimension, in batches, as halves, with expiry; changed and deleted.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('three', 3, model => 'toy');
SELECT llmspell.vector_space_create('two_a', 2, metric => 'l2'), llmspell.vector_space_create('two_b', 2, metric => 'ip');
SELECT name, dims, metric, model, purpose, index_method, builtin FROM llmspell.vector_space_list();
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'writes';
-- by dimension
SELECT llmspell.vector_add(regress.ramp(d, 1), 'user:' || d, jsonb_build_object('d', d), 'text', id => lpad(d::text, 32, '0')::uuid)
FROM unnest(ARRAY[384, 768, 1536, 3072, 3]) AS d;
SELECT 384 AS d, scope, metadata, content, language, fts FROM llmspell.vector_embeddings_384
UNION ALL SELECT 768, scope, metadata, content, language, fts FROM llmspell.vector_embeddings_768
UNION ALL SELECT 1536, scope, metadata, content, language, fts FROM llmspell.vector_embeddings_1536
UNION ALL SELECT 3072, scope, metadata, content, language, fts FROM llmspell.vector_embeddings_3072
UNION ALL SELECT 3, scope, metadata, content, language, fts FROM llmspell.vector_space_three;
SELECT uuid_extract_version(llmspell.vector_add('[1,2,3]')) AS made;
SELECT regress.try($$SELECT llmspell.vector_add('[1,2,3,4]')$$);
SELECT regress.try($$SELECT llmspell.vector_add('[1,2]')$$);
SELECT llmspell.vector_add('[1,2]', space => 'two_b') IS NOT NULL AS named, llmspell.vector_add('[0,0]', space => 'two_a') IS NOT NULL AS zeros_have_a_place;
SELECT regress.try($$SELECT llmspell.vector_add('[1,2]', space => 'three')$$);
SELECT regress.try($$SELECT llmspell.vector_add('[1,2]', space => 'nowhere')$$);
SELECT regress.try($$SELECT llmspell.vector_add(regress.ramp(384, 1), space => 'episodes_384')$$);
-- the id is the caller's once
SELECT regress.try($$SELECT llmspell.vector_add(regress.ramp(3, 1), id => lpad('3', 32, '0')::uuid)$$);
-- words of the content by its language, again when either changes
SELECT llmspell.vector_add('[1,1,1]', content => 'the running dogs', language => 'english', id => '00000000-0000-0000-0000-0000000000aa') IS NOT NULL AS added;
SELECT fts FROM llmspell.vector_space_three WHERE content LIKE 'the running%';
UPDATE llmspell.vector_space_three SET content = 'cats', language = 'simple' WHERE content LIKE 'the running%';
SELECT fts FROM llmspell.vector_space_three WHERE content = 'cats';
UPDATE llmspell.vector_space_three SET content = NULL WHERE content = 'cats';
SELECT fts FROM llmspell.vector_space_three WHERE id = '00000000-0000-0000-0000-0000000000aa';
SELECT llmspell.vector_add('[1,1,1]', content => (SELECT string_agg(md5(i::text), ' ') FROM generate_series(1, 100000) AS i)) AS long \gset
SELECT length(fts) BETWEEN 5000 AND 10000 AS long_text_has_words FROM llmspell.vector_space_three WHERE id = :'long';
SELECT llmspell.vector_delete(ARRAY[:'long']::uuid[]);
-- batches: arrays, or items; ids in the same order; one statement
SELECT cardinality(llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[])) AS ids;
SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ARRAY['user:a', NULL], ARRAY['{"n": 1}', NULL]::jsonb[], ARRAY['one', NULL],
    ARRAY['00000000-0000-0000-0000-0000000000b1', '00000000-0000-0000-0000-0000000000b2']::uuid[]);
SELECT llmspell.vector_add_many(items => '[{"embedding": [0.5, 1, 2e-1], "scope": "user:c", "metadata": {"n": 2}, "content": "due", "id": "00000000-0000-0000-0000-0000000000c1", "at": "2026-01-01 00:00:00+00", "expires_at": "2000-01-01 00:00:00+00", "language": "italian"}, {"embedding": [1, 2, 3], "id": "00000000-0000-0000-0000-0000000000c2"}]');
SELECT id, scope, embedding, metadata, content, language, event_time AT TIME ZONE 'UTC' AS event_time, expires_at IS NOT NULL AS expires
FROM llmspell.vector_space_three WHERE id::text ~ '0000000000[bc]' ORDER BY id;
SELECT llmspell.vector_add_many(ARRAY[]::vector[]), llmspell.vector_add_many(items => '[]');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_add_many()$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]']::vector[], items => '[]')$$,
    $$SELECT llmspell.vector_add_many(items => '{}')$$,
    $$SELECT llmspell.vector_add_many(items => '[{}]')$$,
    $$SELECT llmspell.vector_add_many(items => '[{"embedding": [1, 2, null]}]')$$,
    $$SELECT llmspell.vector_add_many(items => '[{"embedding": [1, 2, "NaN"]}]')$$,
    $$SELECT llmspell.vector_add_many(items => '[{"embedding": [1, 2, 3]}, {"embedding": [0, 0, 0]}]')$$,
    $$SELECT llmspell.vector_add_many(items => '[1]')$$,
    $$SELECT llmspell.vector_add_many(items => '[]', ids => '{}')$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', NULL]::vector[])$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[1,0]']::vector[])$$,
    $$SELECT llmspell.vector_add_many(ARRAY[['[1,0,0]'], ['[1,0,0]']]::vector[])$$,
    $$SELECT llmspell.vector_add_many('[0:1]={"[1,0,0]","[0,1,0]"}'::vector[])$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], scopes => '[2:3]={user:a,user:b}', ids => '[5:6]={00000000-0000-0000-0000-0000000000f1,00000000-0000-0000-0000-0000000000f2}')$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], metadatas => ARRAY[['{}'], ['{}']]::jsonb[], contents => '[0:1]={a,b}')$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ARRAY['user:a'])$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ARRAY['user:a', 'nobody:b'])$$,
    $$SELECT llmspell.vector_add_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ids => ARRAY[id, id]) FROM gen_random_uuid() AS id$$]) AS s;
-- halves: 1, -2, 0.5
SELECT llmspell.vector_add_half('\x003c00c00038', 'user:half') AS half \gset
SELECT embedding, scope FROM llmspell.vector_space_three WHERE id = :'half';
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_add_half('\x')$$, $$SELECT llmspell.vector_add_half('\x003c00')$$,
    $$SELECT llmspell.vector_add_half('\x003c00c0007c')$$, $$SELECT llmspell.vector_add_half('\x003c00c0007e')$$,
    $$SELECT llmspell.vector_add_half('\x000000000000')$$, $$SELECT llmspell.vector_add_half(NULL)$$]) AS s;
-- metadata
SELECT llmspell.vector_update_metadata('00000000-0000-0000-0000-0000000000b1', '{"n": 3}'), llmspell.vector_update_metadata(gen_random_uuid(), '{}');
SELECT metadata, updated_at > created_at AS touched FROM llmspell.vector_space_three WHERE id = '00000000-0000-0000-0000-0000000000b1';
SELECT xmin AS before FROM llmspell.vector_space_three WHERE id = '00000000-0000-0000-0000-0000000000b1' \gset
SELECT llmspell.vector_update_metadata('00000000-0000-0000-0000-0000000000b1', '{"n": 3}') AS found;
SELECT xmin = :'before' AS not_written FROM llmspell.vector_space_three WHERE id = '00000000-0000-0000-0000-0000000000b1';
-- raw writers meet the same bounds
SELECT regress.try(s) FROM unnest(ARRAY[
    $$INSERT INTO llmspell.vector_space_three (tenant_id, scope, embedding) VALUES ('writes', 'global', '[0,0,0]')$$,
    $$INSERT INTO llmspell.vector_embeddings_3072 (tenant_id, scope, embedding) VALUES ('writes', 'global', array_fill(0, ARRAY[3072])::vector)$$,
    $$INSERT INTO llmspell.vector_space_three (tenant_id, scope, embedding) VALUES ('writes', 'global', '[1,2]')$$,
    $$INSERT INTO llmspell.vector_space_three (tenant_id, scope, embedding) VALUES ('other', 'global', '[1,2,3]')$$,
    $$INSERT INTO llmspell.vector_space_three (tenant_id, scope, embedding) VALUES ('writes', 'global', '[1e30,1e38,1e-30]')$$]) AS s;
-- extremes: of 3072 dimensions the copy of half the precision has length 1
SELECT regress.try(format('SELECT llmspell.vector_add(array_fill(%s, ARRAY[3072])::vector)', x)) FROM unnest(ARRAY['1e13', '1e-16', '-1', '3e36', '1e-40']) AS x;
SELECT round(l2_norm(embedding_half)::numeric, 2) AS length FROM llmspell.vector_embeddings_3072;
-- what there is, and deleting
SELECT space, row_count, with_content, expired, bytes > row_count * dims * 4 AND bytes < row_count * (dims * 6 + 300) + 4000000 AS plausible FROM llmspell.vector_stats();
SELECT space, row_count FROM llmspell.vector_stats('user:a');
SELECT llmspell.vector_sweep(0) AS none, llmspell.vector_sweep() AS one, llmspell.vector_sweep() AS none_left;
SELECT llmspell.vector_delete(ARRAY['00000000-0000-0000-0000-0000000000b1', '00000000-0000-0000-0000-000000000384', '00000000-0000-0000-0000-000000000384', NULL]::uuid[]) AS two;
SELECT count(*) FROM llmspell.vector_space_three WHERE id = '00000000-0000-0000-0000-0000000000b1';
SELECT llmspell.vector_delete(ARRAY['00000000-0000-0000-0000-0000000000b2']::uuid[], space => 'two_a') AS not_there, llmspell.vector_delete('{}') AS none;
SELECT llmspell.vector_delete_scope('user:768'), llmspell.vector_delete_scope('user:') AS not_a_prefix;
-- another tenant has nothing of it, may have the same id, and changes nothing
SET app.current_tenant_id = 'writes-2';
SELECT count(*) FROM llmspell.vector_stats();
SELECT llmspell.vector_add('[1,1,1]', id => '00000000-0000-0000-0000-0000000000b2');
SELECT llmspell.vector_delete_scope('global'), llmspell.vector_update_metadata('00000000-0000-0000-0000-0000000000c2', '{"mine": 1}');
SET app.current_tenant_id = 'writes';
SELECT metadata FROM llmspell.vector_space_three WHERE id IN ('00000000-0000-0000-0000-0000000000b2', '00000000-0000-0000-0000-0000000000c2') ORDER BY id;
