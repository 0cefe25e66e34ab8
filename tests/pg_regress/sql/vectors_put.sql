-- Vectors under the client's own ids: inserted or replaced, read and deleted by either id.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('three', 3), llmspell.vector_space_create('other', 3), llmspell.vector_space_create('long', 2, metric => 'l2');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'put';
-- by text id: made once, replaced after that, with every column
SELECT id AS doc, created FROM llmspell.vector_put('[1,0,0]', 'doc-1', 'user:1', '{"n": 1}', 'red apples', at => '2026-01-01 00:00:00+00', language => 'english', space => 'three') \gset
SELECT :'created'::boolean AS created;
SELECT id = :'doc' AS same, created FROM llmspell.vector_put('[0,1,0]', 'doc-1', 'user:2', '{"n": 2}', 'green pears', ttl => '1 day', language => 'simple', space => 'three');
SELECT id = :'doc' AS same, text_id, scope, embedding, metadata, content, fts, event_time, expires_at > now() AS expires, updated_at >= created_at AS touched
FROM llmspell.vector_space_three WHERE tenant_id = 'put';
-- what changes nothing is not written
SELECT llmspell.vector_put('[1,2,3]', 'still', space => 'three') IS NOT NULL AS made;
SELECT xmin AS before FROM llmspell.vector_space_three WHERE text_id = 'still' \gset
SELECT created FROM llmspell.vector_put('[1,2,3]', 'still', space => 'three');
SELECT xmin = :'before' AS not_written FROM llmspell.vector_space_three WHERE text_id = 'still';
-- by id, which keeps its text id, gets one, and does not take another's
SELECT created FROM llmspell.vector_put('[1,1,0]', id => regress.id(1), space => 'three');
SELECT created FROM llmspell.vector_put('[1,1,1]', 'one', id => regress.id(1), space => 'three');
SELECT created FROM llmspell.vector_put('[1,1,2]', id => regress.id(1), content => 'first', space => 'three');
SELECT text_id, embedding, content FROM llmspell.vector_space_three WHERE id = regress.id(1);
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_put('[1,1,0]', 'doc-1', id => regress.id(1), space => 'three')$$,
    $$SELECT llmspell.vector_put('[1,1,0]', '', space => 'three')$$,
    $$SELECT llmspell.vector_put('[1,1,0]', repeat('x', 256), space => 'three')$$,
    $$SELECT llmspell.vector_put('[1,1,0]', 'x')$$,
    $$SELECT llmspell.vector_put(NULL, 'x')$$,
    $$SELECT llmspell.vector_put('[0,0,0]', 'x', space => 'three')$$,
    $$SELECT llmspell.vector_put('[1,1,0]', 'x', 'nobody:1', space => 'three')$$,
    $$SELECT llmspell.vector_put('[1,1,0]', 'x', ttl => '-1 s', space => 'three')$$,
    $$SELECT llmspell.vector_put('[1,1,0]', 'x', language => 'none', space => 'three')$$]) AS s;
-- without any id each call makes one
SELECT a.id <> b.id AS two, a.created, b.created FROM llmspell.vector_put('[1,0,1]', space => 'three') a, llmspell.vector_put('[1,0,1]', space => 'three') b;
-- a text id is unique for the tenant and the space
SELECT created FROM llmspell.vector_put('[1,0,0]', 'doc-1', content => 'elsewhere', space => 'other');
BEGIN;
SET LOCAL app.current_tenant_id = 'somebody';
SELECT created FROM llmspell.vector_put('[1,0,0]', 'doc-1', space => 'three');
SELECT count(*) FROM llmspell.vector_get(text_ids => '{doc-1,one}');
SELECT llmspell.vector_delete(text_ids => '{one}'), llmspell.vector_delete(ARRAY[regress.id(1)]);
COMMIT;
-- many: arrays or items, a row for each in order, in one statement
SELECT id = :'doc' AS same, text_id, created
FROM llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,1,0]', '[0,0,1]', '[1,1,1]']::vector[], ARRAY['b', 'doc-1', NULL, 'a'], contents => ARRAY['b', 'red apples', 'c', 'a'], space => 'three');
SELECT text_id, created FROM llmspell.vector_put_many(space => 'three', items => format('[{"embedding": [1,0,0], "text_id": "b", "content": "b"}, {"embedding": [1,0,0], "text_id": "c"},
    {"embedding": [1,2,0], "id": "%s"}, {"embedding": [1,2,0], "id": "%s", "text_id": "two"}, {"embedding": [1,2,0]}]', regress.id(1), regress.id(2))::jsonb);
SELECT text_id, content FROM llmspell.vector_space_three WHERE tenant_id = 'put' AND text_id IS NOT NULL ORDER BY text_id;
SELECT count(*) FROM llmspell.vector_put_many(items => '[]');
SELECT created FROM llmspell.vector_put_many(space => 'three', items => '[{"embedding": [1,0,1], "text_id": "ttl", "ttl": "1 day"}]');
SELECT expires_at > now() + interval '23 hours' AS in_a_day FROM llmspell.vector_space_three WHERE text_id = 'ttl';
SELECT llmspell.vector_delete(text_ids => '{ttl}');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ARRAY['d', 'd'], space => 'three')$$,
    $$SELECT llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ids => ARRAY[regress.id(3), regress.id(3)], space => 'three')$$,
    $$SELECT llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ARRAY['d'], space => 'three')$$,
    $$SELECT llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,0,0]']::vector[], ARRAY['d', 'e'], space => 'three')$$,
    $$SELECT llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], ARRAY['d', ''], space => 'three')$$,
    $$SELECT llmspell.vector_put_many(ARRAY['[1,0,0]', '[0,1,0]']::vector[], '[0:1]={d,e}', space => 'three')$$,
    $$SELECT llmspell.vector_put_many(space => 'three', items => '[{"embedding": [1,0,1], "text_id": "d", "ttl": "-1 day"}]')$$,
    $$SELECT llmspell.vector_put_many(space => 'three', items => '[{"embedding": [1,0,1], "text_id": "d", "ttl": "1 day", "expires_at": "2100-01-01Z"}]')$$,
    $$SELECT llmspell.vector_put_many()$$]) AS s;
SELECT count(*) AS none FROM llmspell.vector_space_three WHERE text_id IN ('d', 'e');
-- read by either id, in the order of the ids; unknown ids are no error, what has expired is gone
SELECT text_id, space, scope, content, embedding, at FROM llmspell.vector_get(text_ids => '{a,nothing,doc-1,NULL,a}');
SELECT g.id = regress.id(1) AS first, g.text_id FROM llmspell.vector_get(ARRAY[regress.id(1), regress.id(9)], '{c}', space => 'three') g;
SELECT created FROM llmspell.vector_put('[1,0,0]', 'old', expires_at => '2000-01-01 00:00:00+00', space => 'three');
SELECT count(*) FROM llmspell.vector_get(text_ids => '{old}');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_get()$$, $$SELECT llmspell.vector_get(text_ids => '{a}', space => 'nowhere')$$, $$SELECT llmspell.vector_delete()$$]) AS s;
-- searches tell the text id
SELECT text_id, distance::numeric(4,3) FROM llmspell.vector_search('[1,1,1]', 2, space => 'three');
SELECT text_id FROM llmspell.hybrid_search('apples', NULL, space => 'three');
-- deleted by either id, in every space or one
SELECT llmspell.vector_delete(text_ids => '{doc-1,nothing}', space => 'other') AS one, llmspell.vector_delete(text_ids => '{doc-1,a,a}') AS two,
    llmspell.vector_delete(ARRAY[regress.id(1), regress.id(9)], '{b,c}') AS three;
SELECT text_id FROM llmspell.vector_space_three WHERE tenant_id = 'put' AND text_id IS NOT NULL ORDER BY text_id;
-- raw writers meet the same bounds
SELECT regress.try(s) FROM unnest(ARRAY[
    $$INSERT INTO llmspell.vector_space_three (tenant_id, scope, embedding, text_id) VALUES ('put', 'global', '[1,0,0]', '')$$,
    $$INSERT INTO llmspell.vector_space_three (tenant_id, scope, embedding, text_id) VALUES ('put', 'global', '[1,0,0]', 'two')$$]) AS s;
-- each space has the index, the built-in ones and those for episodes, too
SELECT s.name FROM llmspell.vector_spaces s
WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = format('llmspell.%I', s.table_name)::regclass AND i.indisunique
                  AND pg_get_indexdef(i.indexrelid) LIKE '%(tenant_id, text_id) WHERE (text_id IS NOT NULL)');
-- no tenant
RESET app.current_tenant_id;
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.vector_put('[1,0,0]', 'x')$$, $$SELECT llmspell.vector_put_many(items => '[]')$$,
    $$SELECT llmspell.vector_get(text_ids => '{x}')$$, $$SELECT llmspell.vector_delete(text_ids => '{x}')$$]) AS s;
