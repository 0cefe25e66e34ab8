-- Episodes change as a whole, text and vector together; they expire, and are swept, pruned and deleted.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'episodes-c';
SELECT created FROM llmspell.episode_add('s1', 'user', 'two', array_fill(0.1, ARRAY[384])::vector, '{"n": 2}', '2026-02-01+00', lpad('48', 32, '0')::uuid);
SELECT llmspell.episode_update(lpad('48', 32, '0')::uuid, content => 'deux', embedding => array_fill(0.2, ARRAY[768])::vector, metadata => '{"n": 3}', role => 'tool', at => '2026-02-02+00');
SELECT role, content, metadata, at AT TIME ZONE 'UTC' AS at FROM llmspell.episode_get(lpad('48', 32, '0')::uuid);
SELECT (SELECT count(*) FROM llmspell.episode_embeddings_384) AS old, metadata, created_at AT TIME ZONE 'UTC' AS created_at FROM llmspell.episode_embeddings_768;
SELECT content, text_rank FROM llmspell.episode_search('deux');
-- the vector alone, the text alone
SELECT llmspell.episode_update(lpad('48', 32, '0')::uuid, embedding => array_fill(-0.2, ARRAY[768])::vector);
SELECT content, round(distance::numeric, 3) AS distance FROM llmspell.episode_search(query_embedding => array_fill(-1, ARRAY[768])::vector);
SELECT llmspell.episode_update(lpad('48', 32, '0')::uuid, content => 'zwei');
SELECT count(*) FROM llmspell.episode_embeddings_768;
SELECT llmspell.episode_update(gen_random_uuid(), content => 'x') AS none, regress.try($$SELECT llmspell.episode_update(NULL)$$), regress.try($$SELECT llmspell.episode_update(gen_random_uuid(), embedding => '[1]')$$) AS dims,
    regress.try($$SELECT llmspell.episode_update(gen_random_uuid(), at => 'infinity')$$) AS at;
SET app.current_tenant_id = 'episodes-d';
SELECT llmspell.episode_update(lpad('48', 32, '0')::uuid, content => 'mine') AS of_another;
SET app.current_tenant_id = 'episodes-c';

-- what has expired is not read, and is swept
SELECT created FROM llmspell.episode_add('s5', 'user', 'fleeting', array_fill(0.1, ARRAY[384])::vector, ttl => '1 hour', id => lpad('51', 32, '0')::uuid);
SELECT created FROM llmspell.episode_add('s5', 'user', 'lasting', array_fill(0.1, ARRAY[384])::vector, expires_at => 'infinity', id => lpad('52', 32, '0')::uuid);
SELECT content, expires_at > now() AS later FROM llmspell.episode_list('s5');
SELECT llmspell.episode_update(lpad('51', 32, '0')::uuid, expires_at => now() - interval '1 s');
SELECT content FROM llmspell.episode_list('s5');
SELECT count(*) FROM llmspell.episode_get(lpad('51', 32, '0')::uuid);
SELECT content FROM llmspell.episode_search('fleeting', array_fill(0.1, ARRAY[384])::vector);
SELECT count(*) FROM llmspell.episode_search('fleeting');
SELECT llmspell.episode_sweep(0) AS none, llmspell.episode_sweep() AS one, llmspell.episode_sweep(NULL) AS again;
SELECT right(id::text, 2) AS id, expires_at FROM llmspell.episode_embeddings_384;
SELECT llmspell.episode_delete(ARRAY[lpad('52', 32, '0')::uuid, gen_random_uuid()]) AS one;
SELECT count(*) AS vectors FROM llmspell.episode_embeddings_384;
SELECT regress.try(format('SELECT llmspell.episode_prune(%s)', a)) FROM unnest(ARRAY['', $$'1 day', now()$$, $$'-12 months 361 days'$$, $$'0'$$, $$'infinity'$$, $$older_than => '1 day'$$, $$before => now(), only_processed => NULL$$]) AS a;
SELECT regress.try(format('SELECT llmspell.episode_mark_processed(%s)', a)) FROM unnest(ARRAY['NULL', $$'{}'$$, $$'{}', '{1}'$$, $$ARRAY[regress.id(1)], '{1}'$$]) AS a;
