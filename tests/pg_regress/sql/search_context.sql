-- What stands around a hit: the turns beside it in a session, the chunks beside it in a source.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'context';
SELECT count(e.id) FROM (VALUES (1, 's1', 'user', 'where is the parser'), (2, 's1', 'assistant', 'in the core'), (3, 's1', 'user', 'thank you'), (4, 's1', 'assistant', 'you are welcome'),
    (5, 's2', 'user', 'parser parser parser'), (6, 's3', 'user', 'a lexer'), (7, 's3', 'user', 'and the parser'), (8, 's3', 'assistant', 'next to the lexer')) AS v (n, session, role, content)
CROSS JOIN LATERAL llmspell.episode_add(session, role, content, id => regress.id(n), language => 'english', at => '2026-01-01+00'::timestamptz + n * interval '1 minute') AS e;
CREATE FUNCTION regress.around(call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE format('SELECT concat_ws('' '', right(id::text, 1), round(own_score::numeric, 3), ''+'', round(context_score::numeric, 3), ''='', round(score::numeric, 3), content) FROM llmspell.episode_search(%s)', call); END $$;
-- the answers are found beside their questions, and the turn between two hits by the better
SELECT regress.around($$'parser'$$);
SELECT regress.around($$'parser', context => 0$$);
SELECT regress.around($$'lexer', context => 1$$);
SELECT regress.around($$'lexer parser', context => 0.2, max_rows => 4$$);
-- a row beside a hit fulfils the conditions, too; the turn beside stays the turn beside
SELECT regress.around($$'parser', role => 'assistant'$$);
SELECT regress.around($$'parser', role => 'user'$$);
SELECT regress.around($$'lexer -core'$$);
UPDATE llmspell.episodes SET expires_at = now() - interval '1 s' WHERE id = regress.id(2);
SELECT regress.around($$'parser', session_id => 's1'$$);
UPDATE llmspell.episodes SET expires_at = NULL;
SELECT regress.around($$'parser', session_id => 's1', half_life => '1 minute', half_life_at => '2026-01-01 00:02+00'$$);
SELECT regress.around($$'parser', session_id => 's1', fusion => 'rrf'$$);
-- another tenant's turns of the same session are not beside
SET app.current_tenant_id = 'context-2';
SELECT count(e.id) FROM llmspell.episode_add('s2', 'user', 'another tenant', at => '2026-01-01 00:06+00') e;
SET app.current_tenant_id = 'context';
SELECT regress.around($$'parser', session_id => 's2'$$);
-- the turns around one
SELECT right(id::text, 1) AS id, content FROM llmspell.episode_around(regress.id(2), 1);
SELECT string_agg(right(id::text, 1), ' ') FROM llmspell.episode_around(regress.id(1));
SELECT string_agg(right(id::text, 1), ' ') FROM llmspell.episode_around(regress.id(3), 0);
SELECT count(*) FROM llmspell.episode_around(regress.id(99));
SELECT regress.try('SELECT * FROM llmspell.episode_around(NULL)'), regress.try('SELECT * FROM llmspell.episode_around(regress.id(1), -1)');
-- chunks that name a source and a place
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, content, language, metadata)
SELECT 'context', regress.id(n), scope, regress.at(n * 9), content, 'english', metadata::jsonb
FROM (VALUES (1, 'a', 'how to install it', '{"source": "manual", "place": 1}'), (2, 'a', 'run make', '{"source": "manual", "place": 2}'), (3, 'a', 'then restart', '{"source": "manual", "place": 3}'),
    (4, 'b', 'in another scope', '{"source": "manual", "place": 2}'), (5, 'a', 'in another source', '{"source": "guide", "place": 2}'), (6, 'a', 'to install what has no place', '{"source": "manual"}'),
    (7, 'a', 'no number', '{"source": "manual", "place": "2"}'), (8, 'a', 'none', '{}'), (9, 'a', 'run make again', '{"source": "manual", "place": 2.0, "v": 2}')) AS v (n, scope, content, metadata);
SELECT right(id::text, 1) AS id, round(own_score::numeric, 3) AS own, round(context_score::numeric, 3) AS context, content FROM llmspell.hybrid_search('install', NULL, space => 'circle');
SELECT right(id::text, 1) AS id, round(own_score::numeric, 3) AS own, round(context_score::numeric, 3) AS context FROM llmspell.hybrid_search('install', regress.at(0), 4, filter => '{"source": "manual"}');
SELECT right(id::text, 1) AS id FROM llmspell.hybrid_search('install', NULL, space => 'circle', context => 0);
