-- A second model for the same rows: its space is filled, searches switch over to it in one statement, and back.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'one';
SELECT count(*) FROM (SELECT llmspell.episode_add('s', 'user', 'text ' || n, CASE WHEN n < 4 THEN regress.ramp(384, n) END, id => regress.id(n)) FROM generate_series(1, 4) AS n) AS e;
SET app.current_tenant_id = 'two';
SELECT created FROM llmspell.episode_add('s', 'user', 'of another', regress.ramp(384, 9), id => regress.id(1));
SELECT space, state, row_count, missing FROM llmspell.embedding_coverage();

-- an operator makes the space; what is there is queued, for every tenant, and what comes later
SET SESSION AUTHORIZATION regress_admin;
RESET app.current_tenant_id;
SELECT llmspell.vector_space_create('said_b', 3, model => 'b', replaces => 'episodes_384');
SELECT name, purpose, state, line FROM llmspell.vector_space_list() WHERE line = 'episodes_384';
SELECT tenant_id, kind, queue, waiting FROM llmspell.work_pending('{embeddings}');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_space_create('x', 3, replaces => 'nothing')$$,
    $$SELECT llmspell.vector_space_activate('nothing')$$, $$SELECT llmspell.vector_space_activate(NULL)$$,
    $$SELECT llmspell.vector_space_activate('said_b')$$]) AS s;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'one';
SELECT created FROM llmspell.episode_add('s', 'user', 'text 5', regress.ramp(384, 5), id => regress.id(5));
SELECT created FROM llmspell.episode_add('s', 'user', 'text 6', '[1,6,0]', id => regress.id(6), space => 'said_b');
SELECT space, model, state, row_count, missing, queued, claimed FROM llmspell.embedding_coverage();
-- until it is active, searches use the other; the new one only by name
SELECT e.content FROM llmspell.episode_search(query_embedding => regress.ramp(384, 5), max_rows => 1, context => 0) e;
SELECT e.content FROM llmspell.episode_search(query_embedding => '[1,6,0]', max_rows => 1, context => 0, space => 'said_b') e;
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.episode_search(query_embedding => '[1,6,0]')$$,
    $$SELECT llmspell.episode_add('s', 'user', 'x', '[1,6,0]')$$,
    $$SELECT llmspell.episode_search(query_embedding => '[1,6,0]', space => 'episodes_384')$$,
    $$SELECT llmspell.vector_space_activate('said_b')$$]) AS s;

-- a worker claims rows with their texts; another one gets others
SELECT id, content, attempt, fence AS fence1, lease_expires_at > now() AS is_leased FROM llmspell.embedding_pending('said_b', 1, '1 hour') \gset
SELECT :'id' AS id, :'content' AS content, :'attempt' AS attempt, :'is_leased' AS is_leased;
SELECT id, content FROM llmspell.embedding_pending('said_b', 2, '1 hour');
SELECT space, queued, claimed FROM llmspell.embedding_coverage() WHERE state = 'building';
-- the claim holds while nobody else has it and the text is the same
SELECT llmspell.embedding_put('said_b', ARRAY[:'id']::uuid[], ARRAY['[1,1,0]']::vector[], ARRAY[:fence1]) AS stored;
SELECT regress.try(format($$SELECT llmspell.embedding_put('said_b', ARRAY[%L]::uuid[], ARRAY['[1,1,0]']::vector[], ARRAY[%s])$$, :'id', :'fence1'))
    LIKE 'LS409 | the claim of 1 rows is lost | lost: 00000000-0000-0000-0000-000000000001 |%' AS twice;
UPDATE llmspell.embedding_queue SET lease_expires_at = now() - interval '1 second' WHERE id = regress.id(2);
SELECT id AS again, attempt, fence AS fence2 FROM llmspell.embedding_pending('said_b', 1, '1 hour') \gset
SELECT :'again' AS again, :'attempt' AS attempt;
SELECT regress.try(format($$SELECT llmspell.embedding_put('said_b', ARRAY[%L]::uuid[], ARRAY['[1,2,0]']::vector[], ARRAY[%s])$$, :'again', :fence2 - 1)) LIKE 'LS409%' AS former_worker;
SELECT llmspell.episode_update(regress.id(2), content => 'text two');
SELECT regress.try(format($$SELECT llmspell.embedding_put('said_b', ARRAY[%L]::uuid[], ARRAY['[1,2,0]']::vector[], ARRAY[%s])$$, :'again', :fence2)) LIKE 'LS409%' AS changed;
SELECT count(*) AS of_the_old_text FROM llmspell.episode_embeddings_3 WHERE id = regress.id(2);
UPDATE llmspell.embedding_queue SET lease_expires_at = NULL;
-- what is gone is not handed out
SELECT llmspell.episode_delete(ARRAY[regress.id(3)]);
SELECT array_agg(p.content ORDER BY p.id) AS contents, llmspell.embedding_put('said_b', array_agg(p.id), array_agg(('[1,' || right(p.id::text, 1) || ',0]')::vector), array_agg(p.fence)) AS stored
FROM llmspell.embedding_pending('said_b') p;
SELECT count(*) FROM llmspell.embedding_pending('said_b');
SELECT scope, metadata, created_at = (SELECT occurred_at FROM llmspell.episodes e WHERE e.id = v.id) AS same_time, embedding FROM llmspell.episode_embeddings_3 v WHERE id = regress.id(2);
SELECT space, state, row_count, missing, queued FROM llmspell.embedding_coverage();
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.embedding_put('said_b', ARRAY[regress.id(1)], ARRAY['[1,1]']::vector[])$$,
    $$SELECT llmspell.embedding_put('said_b', ARRAY[regress.id(1)], ARRAY['[0,0,0]']::vector[])$$,
    $$SELECT llmspell.embedding_put('said_b', ARRAY[regress.id(1), regress.id(1)], ARRAY['[1,1,1]', '[1,1,1]']::vector[])$$,
    $$SELECT llmspell.embedding_put('said_b', ARRAY[regress.id(1)], ARRAY['[1,1,1]']::vector[], '{}')$$,
    $$SELECT llmspell.embedding_put('said_b', ARRAY[NULL]::uuid[], ARRAY['[1,1,1]']::vector[])$$,
    $$SELECT llmspell.embedding_put('said_b', NULL, NULL)$$, $$SELECT llmspell.embedding_put('nothing', '{}', '{}')$$,
    $$SELECT llmspell.embedding_pending('nothing')$$, $$SELECT llmspell.embedding_pending('said_b', lease => '-1 s')$$, $$SELECT llmspell.embedding_pending('said_b', -1)$$]) AS s;
SELECT llmspell.embedding_put('said_b', ARRAY[regress.id(99)], ARRAY['[1,1,1]']::vector[]) AS not_there;

-- not while a row of any tenant lacks a vector
SET SESSION AUTHORIZATION regress_admin;
SELECT regress.try($$SELECT llmspell.vector_space_activate('said_b')$$);
SET app.current_tenant_id = 'two';
SELECT llmspell.embedding_put('said_b', array_agg(p.id), array_agg('[1,1,1]'::vector)) FROM llmspell.embedding_pending('said_b') p;
SELECT * FROM llmspell.vector_space_activate('said_b');
SELECT current_setting('app.current_tenant_id') AS tenant_is_kept;
SELECT * FROM llmspell.vector_space_activate('said_b');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'one';
SELECT e.content FROM llmspell.episode_search(query_embedding => '[1,6,0]', max_rows => 1, context => 0) e;
SELECT regress.try($$SELECT llmspell.episode_search(query_embedding => regress.ramp(384, 5))$$);
SELECT e.content FROM llmspell.episode_search(query_embedding => regress.ramp(384, 5), max_rows => 1, context => 0, space => 'episodes_384') e;
-- who has not heard of it loses nothing: the vector stays with its model, and the row waits for one of the new model
SELECT created FROM llmspell.episode_add('s', 'user', 'text 7', regress.ramp(384, 7), id => regress.id(7));
SELECT created FROM llmspell.episode_add('s', 'user', 'text 8', '[1,8,0]', id => regress.id(8));
SELECT space, state, row_count, missing, queued FROM llmspell.embedding_coverage();
-- back again in one statement, which says how many rows lack a vector there; they are queued
SET SESSION AUTHORIZATION regress_admin;
SELECT regress.try($$SELECT llmspell.vector_space_activate('episodes_384')$$);
SELECT * FROM llmspell.vector_space_activate('episodes_384', force => true);
SET SESSION AUTHORIZATION regress_app;
SELECT array_agg(p.content ORDER BY p.id) FROM llmspell.embedding_pending('episodes_384') p;
SELECT e.content FROM llmspell.episode_search(query_embedding => regress.ramp(384, 5), max_rows => 1, context => 0) e;
SELECT count(*) FROM llmspell.verify();

-- vectors with a text; a model of the same dimensions
SET SESSION AUTHORIZATION regress_admin;
RESET app.current_tenant_id;
SELECT llmspell.vector_space_create('docs', 2, model => 'a');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'one';
SELECT count(*) FROM llmspell.vector_put_many(ARRAY['[1,1]', '[1,2]', '[1,3]']::vector[], '{a,b,c}', contents => '{apples,pears,NULL}', scopes => '{user:1,user:2,user:3}');
SET SESSION AUTHORIZATION regress_admin;
RESET app.current_tenant_id;
SELECT llmspell.vector_space_create('docs_b', 2, model => 'b', replaces => 'docs');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'one';
SELECT count(*) AS two, count(llmspell.embedding_put('docs_b', ARRAY[p.id], ARRAY['[2,1]']::vector[], ARRAY[p.fence])) FROM llmspell.embedding_pending('docs_b') p;
SELECT v.text_id, v.scope, v.content, v.fts, v.embedding FROM llmspell.vector_space_docs_b v ORDER BY v.text_id;
-- a text that changes takes its other vector away, what else changes is copied, what is deleted is deleted in both
SELECT created FROM llmspell.vector_put('[1,9]', 'b', content => 'plums');
SELECT created FROM llmspell.vector_put('[1,8]', 'a', 'user:9', '{"seen": 1}', 'apples');
SELECT created FROM llmspell.vector_put('[1,7]', 'd', content => 'figs');
SELECT llmspell.vector_update_metadata(id, '{"seen": 2}', 'docs') FROM llmspell.vector_get(text_ids => '{a}');
SELECT v.text_id, v.scope, v.metadata, v.embedding FROM llmspell.vector_space_docs_b v ORDER BY v.text_id;
SELECT space, state, row_count, missing, queued FROM llmspell.embedding_coverage() WHERE purpose = 'vectors';
SELECT g.space, g.text_id, g.embedding FROM llmspell.vector_get(text_ids => '{a}') g;
SELECT s.text_id, s.distance::numeric(4,3) FROM llmspell.vector_search('[1,8]', 1) s;
SELECT h.text_id FROM llmspell.hybrid_search('plums', NULL) h;
SELECT llmspell.vector_delete(text_ids => '{a}', space => 'docs') AS in_both;
SELECT array_agg(p.content ORDER BY p.content) AS contents, llmspell.embedding_put('docs_b', array_agg(p.id), array_agg('[2,1]'::vector), array_agg(p.fence)) FROM llmspell.embedding_pending('docs_b') p;
-- a row without a text is nobody's to embed: its client stores the vector, under the same id
SET SESSION AUTHORIZATION regress_admin;
SELECT regress.try($$SELECT * FROM llmspell.vector_space_activate('docs_b')$$);
SET SESSION AUTHORIZATION regress_app;
SELECT space, missing, without_text FROM llmspell.embedding_coverage() WHERE purpose = 'vectors';
SELECT p.created FROM llmspell.vector_get(text_ids => '{c}') g CROSS JOIN LATERAL llmspell.vector_put('[3,1]', g.text_id, g.scope, id => g.id, space => 'docs_b') p;
SET SESSION AUTHORIZATION regress_admin;
SELECT * FROM llmspell.vector_space_activate('docs_b');
SET SESSION AUTHORIZATION regress_app;
SELECT s.text_id, s.content, s.distance::numeric(4,3) FROM llmspell.vector_search('[2,1]', 5) s ORDER BY s.text_id;
SELECT g.space, g.text_id, g.embedding FROM llmspell.vector_get(text_ids => '{b}') g;
SELECT h.text_id FROM llmspell.hybrid_search('plums', NULL) h;
SELECT created FROM llmspell.vector_put('[2,7]', 'e', content => 'nuts');
SET SESSION AUTHORIZATION regress_admin;
SELECT * FROM llmspell.vector_space_activate('docs', force => true);
SET SESSION AUTHORIZATION regress_app;
SELECT p.content FROM llmspell.embedding_pending('docs') p;
-- what raw statements wrote is found when the queue is empty; a former space can be kept ready
INSERT INTO llmspell.vector_space_docs (tenant_id, scope, embedding, content) VALUES ('one', 'global', '[5,1]', 'raw');
SELECT p.content, llmspell.embedding_put('docs_b', ARRAY[p.id], ARRAY['[5,2]']::vector[], ARRAY[p.fence]) FROM llmspell.embedding_pending('docs_b') p;
SELECT count(*) FROM llmspell.embedding_pending('docs_b');
-- a second one for episodes of the same dimensions has a name of its own
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('said_c', 3, replaces => 'said_b');
SELECT regress.try($$SELECT llmspell.vector_space_create('said_d', 3, for_episodes => true)$$);
SELECT name, state, line FROM llmspell.vector_space_list() WHERE purpose = 'episodes' AND dims = 3;
SET SESSION AUTHORIZATION regress_app;
-- no tenant, and not for an application
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.vector_space_activate('docs')$$, $$SELECT llmspell_internal._vector_generation_switch('docs')$$,
    $$UPDATE llmspell.vector_generations SET state = 'former'$$]) AS s;
RESET app.current_tenant_id;
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT * FROM llmspell.embedding_coverage()$$, $$SELECT * FROM llmspell.embedding_pending('docs')$$, $$SELECT llmspell.embedding_put('docs', '{}', '{}')$$]) AS s;
