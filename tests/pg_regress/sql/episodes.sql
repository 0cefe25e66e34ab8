-- Episodes: added once, read in order, found by meaning and words, claimed, marked, forgotten.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'episodes';
CREATE FUNCTION regress.unit(n int) RETURNS vector LANGUAGE sql IMMUTABLE AS
$$ SELECT array_agg((i = n)::int + 0.001 ORDER BY i)::real[]::vector FROM generate_series(1, 384) AS i $$;
SELECT right(e.id::text, 1) AS id, e.created FROM generate_series(1, 6) AS n
CROSS JOIN LATERAL llmspell.episode_add('s' || n % 2, CASE n % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, 'message ' || n || ' about parsers', regress.unit(n),
    jsonb_build_object('n', n), '2026-01-01+00'::timestamptz + n * interval '1 minute', lpad(n::text, 32, '0')::uuid, 'key-' || n, 'english') AS e;
-- the same key adds nothing, whatever else is given; nor does the same id without a key
SELECT right(id::text, 1) AS id, created FROM llmspell.episode_add('s9', 'tool', 'again', idempotency_key => 'key-3');
SELECT right(id::text, 1) AS id, created FROM llmspell.episode_add('s9', 'tool', 'again', id => lpad('4', 32, '0')::uuid);
SELECT regress.try($$SELECT * FROM llmspell.episode_add('s9', 'tool', 'again', id => lpad('4', 32, '0')::uuid, idempotency_key => 'new')$$);
SELECT created FROM llmspell.episode_add('s1', 'user', 'without a vector', at => '2026-01-02+00', id => lpad('7', 32, '0')::uuid);
SELECT regress.try(format('SELECT * FROM llmspell.episode_add(%s)', a)) FROM unnest(ARRAY[
    $$NULL, 'user', 'x'$$, $$'s', NULL, 'x'$$, $$'s', 'user', NULL$$, $$repeat('s', 248), 'user', 'x'$$, $$'s', repeat('r', 256), 'x'$$, $$'s', 'user', 'x', '[1,2,3]'$$,
    $$'s', 'user', 'x', array_fill(0, ARRAY[384])::vector$$, $$'s', 'user', 'x', at => 'infinity'$$, $$'s', 'user', 'x', language => 'klingon'$$,
    $$'s', 'user', 'x', idempotency_key => repeat('k', 256)$$]) AS a;
SELECT session_id, role, content, metadata, at AT TIME ZONE 'UTC' AS at, recorded_at <= clock_timestamp() AS recorded, processed_at FROM llmspell.episode_get(lpad('2', 32, '0')::uuid);
SELECT count(*) FROM llmspell.episode_get(gen_random_uuid());
-- oldest first, page by page
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.episode_list('s1')) AS r;
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.episode_list('s1', max_rows => 2)) AS r;
SELECT cursor AS after FROM llmspell.episode_list('s1', max_rows => 2) ORDER BY at DESC LIMIT 1 \gset
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.episode_list('s1', max_rows => 2, after => :'after')) AS r;
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.episode_list('s1', newest_first => true, after => :'after')) AS r;
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.episode_list('s1', newest_first => true, max_rows => 3)) AS r;
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.episode_list(since => '2026-01-01 00:02+00', until => '2026-01-01 00:05+00')) AS r;
SELECT count(*) FROM llmspell.episode_list('s1', newest_first => NULL, max_rows => NULL, after => NULL);
SELECT regress.try(format('SELECT * FROM llmspell.episode_list(after => %L)', c)) FROM unnest(ARRAY['', 'x', '1/2', '1/1/x', lpad('3', 32, '0')::uuid::text]) AS c;
SELECT regress.try($$SELECT * FROM llmspell.episode_list('s1', max_rows => -1)$$);
-- whole rows by vector, by words, by both; always k of those with vectors
SELECT right(id::text, 1) AS id, session_id, role, content, vector_rank, text_rank FROM llmspell.episode_search(query_embedding => regress.unit(5), max_rows => 2);
SELECT count(*) FROM llmspell.episode_search(query_embedding => regress.unit(5), max_rows => 6);
SELECT right(id::text, 1) AS id, vector_rank, text_rank FROM llmspell.episode_search('vector', max_rows => 2);
SELECT right(id::text, 1) AS id, vector_rank, text_rank FROM llmspell.episode_search('message 2', regress.unit(4), 3, language => 'english');
SELECT string_agg(right(id::text, 1), ' ' ORDER BY score DESC, id) FROM llmspell.episode_search('parser', regress.unit(1), 5, session_id => 's0', language => 'english');
SELECT string_agg(right(id::text, 1), ' ' ORDER BY score DESC, id) FROM llmspell.episode_search('parser', regress.unit(1), 5, filter => '{"n": 3}', language => 'english');
SELECT string_agg(right(id::text, 1), ' ' ORDER BY score DESC, id) FROM llmspell.episode_search('parser', regress.unit(1), 9, since => '2026-01-01 00:02+00', until => '2026-01-01 00:04+00', language => 'english');
SELECT count(*) FROM llmspell.episode_search('parser', regress.unit(1), 3, mmr_lambda => 0.5, half_life => '1 day', language => 'english');
SELECT regress.try($$SELECT * FROM llmspell.episode_search()$$), regress.try($$SELECT * FROM llmspell.episode_search('x', max_rows => 0)$$);
-- episodes and other vectors do not mix
SELECT count(*) FROM llmspell.vector_search(regress.unit(1));
SELECT llmspell.vector_add(regress.unit(1), content => 'parser') IS NOT NULL AS added;
SELECT count(*) FROM llmspell.episode_search('parser', regress.unit(1), 100);
-- claiming: nobody else gets them, then marked
SELECT right(id::text, 1) AS id, attempt, fence, lease_expires_at > now() AS leased FROM llmspell.episode_claim('s1', 2);
SELECT string_agg(right(id::text, 1), ' ' ORDER BY id) FROM llmspell.episode_claim(lease => '1 ms');
SELECT pg_sleep(0.01);
SELECT id::text AS n, attempt FROM llmspell.episode_claim(max_rows => 1);
SELECT regress.try($$SELECT * FROM llmspell.episode_claim(lease => '-1 s')$$), regress.try($$SELECT * FROM llmspell.episode_claim(max_rows => -1)$$);
SELECT session_id, unprocessed, oldest AT TIME ZONE 'UTC' AS oldest FROM llmspell.episode_backlog();
SELECT session_id FROM llmspell.episode_backlog(1, after => 's0');
SELECT llmspell.episode_mark_processed(ARRAY(SELECT id FROM llmspell.episodes WHERE session_id = 's1')) AS marked, llmspell.episode_mark_processed(ARRAY[gen_random_uuid(), NULL]) AS none;
SELECT llmspell.episode_mark_processed(ARRAY(SELECT id FROM llmspell.episodes WHERE session_id = 's1')) AS again;
SELECT session_id, unprocessed FROM llmspell.episode_backlog(10);
-- deleting takes the vectors along, by function and by statement
SELECT count(*) FROM llmspell.episode_embeddings_384;
SELECT llmspell.episode_prune(before => '2026-01-01 00:04+00', only_processed => true) AS two, llmspell.episode_prune(before => '2026-01-01 00:04+00') AS one;
DELETE FROM llmspell.episodes WHERE id = lpad('6', 32, '0')::uuid;
SELECT string_agg(right(id::text, 1), ' ' ORDER BY id) AS left_over FROM llmspell.episode_embeddings_384;
SET app.current_tenant_id = 'episodes-2';
SELECT count(*) FROM llmspell.episode_get(lpad('5', 32, '0')::uuid);
SELECT llmspell.episode_prune(before => 'infinity'), llmspell.episode_mark_processed(ARRAY[lpad('5', 32, '0')::uuid]);
SELECT created FROM llmspell.episode_add('s1', 'user', 'mine', id => lpad('5', 32, '0')::uuid, idempotency_key => 'key-5');
RESET SESSION AUTHORIZATION;
-- a superuser without a tenant, too
DELETE FROM llmspell.episodes WHERE tenant_id = 'episodes';
SELECT count(*) FROM llmspell.episode_embeddings_384 WHERE tenant_id = 'episodes';
