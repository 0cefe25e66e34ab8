-- Episodes of one time keep the order in which they were added, whatever their ids.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'episodes-o';
BEGIN;
SELECT count(e.created) FROM generate_series(1, 6) AS n CROSS JOIN LATERAL llmspell.episode_add('s1', 'user', 'turn ' || n, id => lpad((70 - n * 9 % 7)::text, 32, '0')::uuid) AS e;
SELECT created FROM llmspell.episode_add('s1', 'user', 'turn 7', id => lpad('1', 32, '0')::uuid);
SELECT created FROM llmspell.episode_add('s1', 'user', 'turn 8', id => lpad('0', 32, '0')::uuid);
COMMIT;
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_list('s1')) AS r;
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_list('s1', newest_first => true, max_rows => 3)) AS r;
-- page by page, both ways, past rows of one time
SELECT cursor AS after FROM (SELECT * FROM llmspell.episode_list('s1', max_rows => 3)) AS r ORDER BY recorded_at DESC LIMIT 1 \gset
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_list('s1', max_rows => 3, after => :'after')) AS r;
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_list('s1', newest_first => true, after => :'after')) AS r;
-- claims, too
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_claim('s1', 3)) AS r;
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_claim(max_rows => 3)) AS r;
-- one time of the client for several
SELECT count(*) FROM (SELECT llmspell.episode_add('s2', 'user', c, at => '2026-01-01+00', id => lpad(i::text, 32, '0')::uuid) FROM (VALUES ('a', 33), ('b', 32), ('c', 31)) AS v (c, i)) AS r;
SELECT string_agg(content, ', ') FROM (SELECT content FROM llmspell.episode_list('s2')) AS r;

-- many in one call: their order, all or none, vectors, keys
SELECT right(id::text, 2) AS id, created FROM llmspell.episode_add_many(jsonb_build_array(
    '{"session_id": "s3", "role": "user", "content": "one", "id": "00000000-0000-0000-0000-000000000049", "at": "2026-02-01T00:00:00Z", "idempotency_key": "k1"}'::jsonb,
    jsonb_build_object('session_id', 's3', 'role', 'assistant', 'content', 'two', 'id', '00000000-0000-0000-0000-000000000048', 'at', '2026-02-01T00:00:00Z', 'embedding', array_fill(0.1, ARRAY[384]), 'metadata', '{"n": 2}'::jsonb),
    '{"session_id": "s3", "role": "user", "content": "three", "id": "00000000-0000-0000-0000-000000000047", "at": "2026-02-01T00:00:00Z", "embedding": null, "metadata": null, "language": "english"}'::jsonb,
    '{"session_id": "s3", "role": "user", "content": "again", "idempotency_key": "k1"}'::jsonb));
SELECT role, content, metadata FROM llmspell.episode_list('s3');
SELECT right(id::text, 2) AS id, scope, metadata, created_at AT TIME ZONE 'UTC' AS created_at FROM llmspell.episode_embeddings_384;
SELECT regress.try(format('SELECT llmspell.episode_add_many(%L)', i)) FROM unnest(ARRAY[NULL, '{}', '[1]', '[{}]', '[{"session_id": "s4", "role": "user", "content": "x"}, {"session_id": "s4", "role": "user"}]',
    '[{"session_id": "s4", "role": "user", "content": "x", "ttl": "-12 months 361 days"}]', '[{"session_id": "s4", "role": "user", "content": "x", "embedding": [1]}]']) AS i;
SELECT count(*) FROM llmspell.episode_add_many('[]');
SELECT count(*) FROM llmspell.episode_list('s4');
