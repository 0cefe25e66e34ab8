-- Small spaces, which an application makes itself: by the first vector, exact, bounded in number and in rows.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'small';
-- six dimensions, as the first vector has; before it the space is empty
SELECT count(*) FROM llmspell.vector_search('[1,0,0,0,0,0]', space => 'small:lab');
SELECT count(*) FROM llmspell.vector_get(text_ids => '{a}', space => 'small:lab');
SELECT created FROM llmspell.vector_put('[1,0,0,0,0,0]', 'a', content => 'red apples', metadata => '{"n": 1}', language => 'english', space => 'small:lab');
SELECT text_id, created FROM llmspell.vector_put_many(ARRAY['[0,1,0,0,0,0]', '[1,1,0,0,0,0]']::vector[], '{b,a}', contents => '{pears,apples}', space => 'small:lab');
SELECT llmspell.vector_add('[0,0,1,0,0,0]', 'user:1', space => 'small:lab') IS NOT NULL AS added;
SELECT name, number, dims FROM llmspell.vector_small_spaces;
SELECT text_id, content, distance::numeric(4,3), exact, complete FROM llmspell.vector_search('[1,0,0,0,0,0]', 2, space => 'small:lab');
SELECT text_id FROM llmspell.vector_search('[1,0,0,0,0,0]', 9, filter => '{"n": 1}', space => 'small:lab');
SELECT text_id FROM llmspell.hybrid_search('pears', '[1,0,0,0,0,0]', 1, space => 'small:lab');
SELECT text_id FROM llmspell.hybrid_search('pears', NULL, 1, space => 'small:lab');
SELECT route, reason, index_method FROM llmspell.vector_explain('[1,0,0,0,0,0]', space => 'small:lab');
SELECT space, text_id FROM llmspell.vector_get(text_ids => '{b}');
SELECT space, dims, row_count, with_content FROM llmspell.vector_stats();
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_put('[1,0]', 'x', space => 'small:lab')$$,
    $$SELECT llmspell.vector_search('[1,0]', space => 'small:lab')$$,
    $$SELECT llmspell.vector_put('[0,0,0,0,0,0]', 'x', space => 'small:lab')$$,
    $$SELECT llmspell.vector_put('[1,0,0,0,0,0]', 'x')$$,
    $$SELECT llmspell.vector_put('[1,0]', 'x', space => 'small:')$$,
    $$SELECT llmspell.vector_put('[1,0]', 'x', space => 'small:' || repeat('x', 95))$$,
    $$SELECT llmspell.vector_put(array_fill(1, ARRAY[1901])::vector, 'x', space => 'small:wide')$$,
    $$SELECT llmspell.episode_add('s', 'user', 'x', '[1,0]', space => 'small:lab')$$,
    $$SELECT llmspell.embedding_pending('small:lab')$$,
    $$INSERT INTO llmspell.vector_small_1 (tenant_id, scope, embedding) VALUES ('small', 'global', '[1,2]')$$,
    $$UPDATE llmspell.vector_small_1 SET embedding = '[1,2]'$$,
    $$INSERT INTO llmspell.vector_small_5 (tenant_id, scope, embedding) VALUES ('small', 'global', '[1,2]')$$,
    $$INSERT INTO llmspell.vector_small_spaces (tenant_id, name, number, dims) VALUES ('small', 'small:nine', 9, 2)$$,
    $$INSERT INTO llmspell.vector_small_spaces (tenant_id, name, number, dims) VALUES ('small', 'large', 2, 2)$$]) AS s;
-- the same name is another space for another tenant
SET app.current_tenant_id = 'other';
SELECT created FROM llmspell.vector_put('[1,0]', 'first', space => 'small:more');
SELECT created FROM llmspell.vector_put('[1,0]', 'a', space => 'small:lab');
SELECT name, number, dims FROM llmspell.vector_small_spaces;
SELECT text_id FROM llmspell.vector_search('[1,0]', 9, space => 'small:lab');
SET app.current_tenant_id = 'small';
SELECT text_id FROM llmspell.vector_search('[0,1,0,0,0,0]', 1, space => 'small:lab');
-- so many spaces, and no more
SELECT count(p.id) FROM generate_series(2, 8) AS n CROSS JOIN LATERAL llmspell.vector_put('[1,0]', 'x', space => 'small:' || n) p;
SELECT regress.try($$SELECT llmspell.vector_put('[1,0]', 'x', space => 'small:9')$$);
SELECT regress.try($$SELECT llmspell.vector_search('[1,0]', space => 'small:9')$$);
SELECT llmspell.vector_space_delete('small:3') AS deleted, llmspell.vector_space_delete('small:3') AS again, llmspell.vector_space_delete('small:none') AS none;
SELECT created FROM llmspell.vector_put('[1,0,0]', 'x', space => 'small:9');
SELECT number, dims FROM llmspell.vector_small_spaces WHERE name = 'small:9';
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.vector_space_delete('vectors_384')$$, $$SELECT llmspell.vector_space_delete(NULL)$$]) AS s;
-- so many rows, and no more, for every way to add them
SELECT count(*) FROM llmspell.vector_put_many((SELECT array_agg(ARRAY[n, 1]::real[]::vector ORDER BY n) FROM generate_series(1, 9999) AS n), space => 'small:8');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_put('[1,0]', 'y', space => 'small:8')$$, $$SELECT llmspell.vector_add('[1,0]', space => 'small:8')$$,
    $$INSERT INTO llmspell.vector_small_8 (tenant_id, scope, embedding) VALUES ('small', 'global', '[1,2]')$$]) AS s;
SELECT created FROM llmspell.vector_put('[1,5]', 'x', space => 'small:8');
SELECT llmspell.vector_delete(text_ids => '{x}', space => 'small:8');
SELECT created FROM llmspell.vector_put('[1,5]', 'y', space => 'small:8');
-- expiry, metadata, scopes, as in every space
SELECT llmspell.vector_update_metadata(id, '{"n": 2}', 'small:lab') FROM llmspell.vector_get(text_ids => '{b}', space => 'small:lab');
SELECT created FROM llmspell.vector_put('[1,5,0]', 'gone', expires_at => '2000-01-01+00', space => 'small:9');
SELECT llmspell.vector_sweep() AS swept, llmspell.vector_delete_scope('user:1') AS by_scope, llmspell.vector_delete(text_ids => '{a,b}') AS by_id;
SELECT count(*) FROM llmspell.verify();
-- a tenant that is erased takes them along
SET SESSION AUTHORIZATION regress_admin;
SELECT count(*) > 0 AS erased FROM llmspell.tenant_erase('small', false);
RESET SESSION AUTHORIZATION;
SELECT (SELECT count(*) FROM llmspell.vector_small_8 WHERE tenant_id = 'small') + (SELECT count(*) FROM llmspell.vector_small_spaces WHERE tenant_id = 'small') AS left_over;
SET SESSION AUTHORIZATION regress_app;
RESET app.current_tenant_id;
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.vector_put('[1,0]', space => 'small:x')$$, $$SELECT llmspell.vector_search('[1,0]', space => 'small:x')$$, $$SELECT llmspell.vector_space_delete('small:x')$$]) AS s;
