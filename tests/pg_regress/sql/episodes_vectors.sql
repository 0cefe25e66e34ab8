-- The vectors of an episode: none without it, they have what it has, come later, and go with it.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('said', 5, for_episodes => true);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'episodes-v';
SELECT right(e.id::text, 1) AS id, e.created FROM generate_series(1, 4) AS n
CROSS JOIN LATERAL llmspell.episode_add('s1', 'user', 'text ' || n, ARRAY[1, n, 0, 0, 0]::real[]::vector, '{"n": 0}', '2026-01-01+00', lpad(n::text, 32, '0')::uuid, 'key-' || n) AS e;
SELECT llmspell.episode_add('s1', 'user', 'wide', array_fill(0.1, ARRAY[384])::vector, id => lpad('9', 32, '0')::uuid) \g /dev/null

-- a raw UPDATE of what searches narrow by; the vectors know at once
UPDATE llmspell.episodes SET session_id = 's2' WHERE id = lpad('1', 32, '0')::uuid;
UPDATE llmspell.episodes SET metadata = '{"n": 2}' WHERE id = lpad('2', 32, '0')::uuid;
UPDATE llmspell.episodes SET occurred_at = '2026-01-03+00' WHERE id = lpad('3', 32, '0')::uuid;
UPDATE llmspell.episodes SET id = lpad('5', 32, '0')::uuid WHERE id = lpad('4', 32, '0')::uuid;
UPDATE llmspell.episodes SET session_id = 's2', occurred_at = '2026-01-03+00' WHERE id = lpad('9', 32, '0')::uuid;
SELECT right(id::text, 1) AS id FROM llmspell.episode_search(query_embedding => '[1,1,0,0,0]', session_id => 's2', context => 0);
SELECT count(*) AS others FROM llmspell.episode_search(query_embedding => '[1,1,0,0,0]', max_rows => 3, session_id => 's1');
SELECT right(id::text, 1) AS id FROM llmspell.episode_search(query_embedding => '[1,1,0,0,0]', filter => '{"n": 2}');
SELECT right(id::text, 1) AS id FROM llmspell.episode_search(query_embedding => '[1,1,0,0,0]', since => '2026-01-02+00');
SELECT right(id::text, 1) AS id, vector_rank FROM llmspell.episode_search(query_embedding => '[1,4,0,0,0]', max_rows => 2) ORDER BY vector_rank;
SELECT count(*) AS all_of_them FROM llmspell.episode_search(query_embedding => '[1,1,0,0,0]', max_rows => 4);
SELECT right(id::text, 1) AS id, scope, created_at AT TIME ZONE 'UTC' AS created_at FROM llmspell.episode_embeddings_384;
-- claims, marks, and an UPDATE that changes nothing leave the vectors alone
SELECT array_agg(xmin::text ORDER BY id) AS before FROM llmspell.episode_embeddings_5 \gset
SELECT count(*) AS claimed FROM llmspell.episode_claim();
SELECT llmspell.episode_mark_processed(ARRAY(SELECT id FROM llmspell.episodes)) AS marked;
UPDATE llmspell.episodes SET session_id = session_id, metadata = metadata;
SELECT array_agg(xmin::text ORDER BY id) = :'before' AS untouched FROM llmspell.episode_embeddings_5;

-- no vector without an episode, in a space of the extension or a later one
SELECT regress.try($$INSERT INTO llmspell.episode_embeddings_5 (tenant_id, id, scope, embedding) VALUES ('episodes-v', lpad('8', 32, '0')::uuid, 'session:s1', '[1,2,3,4,5]')$$);
SELECT regress.try($$INSERT INTO llmspell.episode_embeddings_384 (tenant_id, id, scope, embedding) VALUES ('episodes-v', lpad('8', 32, '0')::uuid, 'session:s1', array_fill(0.1, ARRAY[384])::real[])$$);
SELECT regress.try($$UPDATE llmspell.episode_embeddings_5 SET id = lpad('8', 32, '0')::uuid WHERE id = lpad('1', 32, '0')::uuid$$);
SELECT regress.try($$UPDATE llmspell.episode_embeddings_5 SET metadata = metadata, id = id$$);
RESET SESSION AUTHORIZATION;
RESET app.current_tenant_id;
SELECT regress.try($$INSERT INTO llmspell.episode_embeddings_384 (tenant_id, id, scope, embedding) VALUES ('other', lpad('1', 32, '0')::uuid, 'session:s1', array_fill(0.1, ARRAY[384])::real[])$$);
-- another owner, by a superuser: the vectors come along
UPDATE llmspell.episodes SET tenant_id = 'episodes-w' WHERE tenant_id = 'episodes-v' AND id = lpad('9', 32, '0')::uuid;
SELECT tenant_id FROM llmspell.episode_embeddings_384 WHERE tenant_id LIKE 'episodes-_' AND id = lpad('9', 32, '0')::uuid;
DELETE FROM llmspell.episodes WHERE tenant_id = 'episodes-w';
-- a restore brings rows in any order; verify finds what is left over
BEGIN;
SET LOCAL row_security = off;
SET LOCAL check_function_bodies = off;
INSERT INTO llmspell.episode_embeddings_5 (tenant_id, id, scope, embedding) SELECT 'episodes-v', lpad(n::text, 32, '0')::uuid, 'session:s1', '[1,2,3,4,5]' FROM generate_series(6, 8) AS n;
SET LOCAL row_security = on;
SET LOCAL app.current_tenant_id = 'episodes-v';
SET LOCAL ROLE regress_app;
SELECT * FROM llmspell.verify() WHERE component = 'episodes';
ROLLBACK;
BEGIN;
TRUNCATE llmspell.episodes;
SELECT count(*) AS left_over FROM llmspell.episode_embeddings_5;
ROLLBACK;

-- a vector that comes later, by the key or the id, is stored with what the episode has; one of another text is not
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'episodes-v';
SELECT created FROM llmspell.episode_add('s3', 'user', 'later', metadata => '{"m": 1}', at => '2026-02-01+00', id => lpad('a', 32, '0')::uuid, idempotency_key => 'later');
SELECT created FROM llmspell.episode_add('s3', 'user', 'another', '[0,0,0,0,1]', idempotency_key => 'later');
SELECT count(*) AS none FROM llmspell.episode_embeddings_5 WHERE id = lpad('a', 32, '0')::uuid;
SELECT right(id::text, 1) AS id, created FROM llmspell.episode_add('s4', 'tool', 'later', '[0,0,0,0,1]', '{"m": 2}', now(), idempotency_key => 'later');
SELECT right(id::text, 1) AS id, created FROM llmspell.episode_add('s4', 'tool', 'later', '[0,0,0,1,1]', idempotency_key => 'later');
SELECT right(id::text, 1) AS id, created FROM llmspell.episode_add('s4', 'tool', 'later', array_fill(0.1, ARRAY[384])::vector, id => lpad('a', 32, '0')::uuid);
SELECT embedding, scope, metadata, created_at AT TIME ZONE 'UTC' AS created_at FROM llmspell.episode_embeddings_5 WHERE id = lpad('a', 32, '0')::uuid;
SELECT right(id::text, 1) AS id, session_id, role, content FROM llmspell.episode_search(query_embedding => '[0,0,0,0,1]', max_rows => 1);
SELECT count(*) AS wide FROM llmspell.episode_search(query_embedding => array_fill(0.1, ARRAY[384])::vector);

-- what is refused
SELECT regress.try(format('SELECT * FROM llmspell.episode_add(%s)', a)) FROM unnest(ARRAY[
    $$'', 'user', 'x'$$, $$E'a\nb', 'user', 'x'$$, $$'s', 'user', 'x', idempotency_key => ''$$]) AS a;
SELECT regress.try(format('SELECT * FROM llmspell.episode_search(%s)', a)) FROM unnest(ARRAY[
    $$'x', mmr_lambda => 0.5$$, $$'x', mmr_lambda => 2$$, $$'x', weights => '{1,2000000}'$$]) AS a;
SELECT regress.try(format('SELECT * FROM llmspell.episode_claim(lease => %L)', l))
FROM unnest(ARRAY['178000000 years', '300000 years', '0', '-12 months 361 days', '-infinity']) AS l;
SELECT llmspell.episode_prune(before => 'infinity') AS deleted;
SELECT count(*) AS vectors FROM llmspell.episode_embeddings_5;
