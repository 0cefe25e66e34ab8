-- What belongs in a prompt: episodes, documents, facts and patterns under one score, packed into a budget.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'recall';
SELECT count(e.id) FROM (VALUES (1, 's1', 'user', 'where did we put the parser'), (2, 's1', 'assistant', 'in the core next to the lexer'), (3, 's1', 'user', 'thank you'),
    (4, 's2', 'user', 'parsers  are parsed by parsers'), (5, 's2', 'user', 'parsers are parsed by parsers')) AS v (n, session, role, content)
CROSS JOIN LATERAL llmspell.episode_add(session, role, content, id => regress.id(n), language => 'english', at => '2026-01-01+00'::timestamptz + n * interval '1 minute') AS e;
SELECT count(*) FROM (VALUES (11, 'global', 'the parser of the manual', '{"source": "manual.md"}'), (12, 'user:1', 'how to build the parser', '{"tokens": 3}'), (13, 'global', NULL, '{}')) AS v (n, scope, content, metadata)
CROSS JOIN LATERAL llmspell.vector_add(regress.ramp(384, n), scope, metadata::jsonb, id => regress.id(n), content => content, language => 'english');
SET default_text_search_config = 'english';
SELECT added FROM llmspell.entity_put(regress.id(21), 'person', 'Ada', '{"job": "writes parsers", "lives_in": {"city": "Paris"}, "tags": ["a", 2]}', '2020-01-01Z', source_type => 'episode', source_id => '7');
SELECT added FROM llmspell.entity_put(regress.id(22), 'company', 'Acme', '{}', '2020-01-01Z');
SELECT added FROM llmspell.relationship_put(regress.id(31), regress.id(21), regress.id(22), 'works_at', '{"since": 2020}', '2021-01-01Z', '2024-01-01Z');
SELECT max(llmspell.pattern_record('global', 'after:parser', 'open:lexer')) FROM generate_series(1, 3);
SELECT max(llmspell.pattern_record('global', 'after:parser', 'once')) FROM generate_series(1, 2);
CREATE FUNCTION regress.recalled(call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE format($q$SELECT concat_ws(' | ', kind, CASE WHEN kind <> 'pattern' THEN right(id::text, 2) END, content, tokens, round(score::numeric, 3) || ' = ' || round(own_score::numeric, 3) || ' + ' || round(context_score::numeric, 3),
    (SELECT string_agg(key || ' ' || (value ->> 'rows') || ' ' || round((value ->> 'best_score')::numeric, 3), ', ' ORDER BY key) FROM jsonb_each(left_out))) FROM llmspell.recall(%s)$q$, call); END $$;
-- all kinds; a text that is there twice comes once; the vector without a text and the pattern seen twice do not
SELECT regress.recalled($$'Where is the parser?', valid_at => '2022-01-01Z'$$);
-- neighbours of what has the words; the edge is a sentence with the names of its ends
SELECT regress.recalled($$'Where does Ada work?', kinds => '{facts}', valid_at => '2022-01-01Z'$$);
SELECT regress.recalled($$'Where does Ada work?', kinds => '{facts}', valid_at => '2025-01-01Z'$$);
SELECT regress.recalled($$'Acme', kinds => '{relationships}', valid_at => '2022-01-01Z'$$);
-- the budget; smaller ones fill the rest, and the last row says what does not fit
SELECT regress.recalled($$'Where is the parser?', max_tokens => 16, valid_at => '2022-01-01Z'$$);
SELECT regress.recalled($$'Where is the parser?', max_tokens => 3, valid_at => '2022-01-01Z'$$);
SELECT regress.recalled($$'Where is the parser?', max_tokens => 0$$);
SELECT regress.recalled($$'Where is the parser?', max_rows => 1$$);
SELECT regress.recalled($$'nothing has this'$$);
-- kinds, scope, session, filter, weights, bounds
SELECT regress.recalled($$'parser', kinds => '{episode,documents}', session_id => 's1', scope => 'global'$$);
SELECT regress.recalled($$'parser', filter => '{"source": "manual.md"}'$$);
SELECT regress.recalled($$'parser', kinds => '{entities}', filter => '{"tags": [2]}'$$);
SELECT regress.recalled($$'parser', filter => '{"$or": [{"source": {"$like": "manual%"}}, {"job": {"$exists": true}}]}'$$);
SELECT regress.recalled($$'parser', kind_weights => '{"facts": 0, "documents": 2, "pattern": 0.5}', context => 0$$);
SELECT regress.recalled($$'parser', min_score => 0.7, context => 0$$);
SELECT regress.recalled($$'parser', mmr_lambda => 0.3, max_rows => 3$$);
SELECT regress.recalled($$NULL, regress.ramp(384, 11), max_rows => 2$$);
SELECT regress.recalled($$'lexer', regress.ramp(384, 12), weights => '{0,1}', max_rows => 2$$);
SELECT regress.recalled($$'lexer', regress.ramp(384, 12), weights => '{1,0}', max_rows => 2$$);
SELECT regress.recalled($$'-lexer "the parser"', kinds => '{episodes,documents}'$$);
-- every column
SELECT kind, right(id::text, 2) AS id, CASE WHEN kind <> 'document' THEN at AT TIME ZONE 'UTC' END AS at, valid_from AT TIME ZONE 'UTC' AS valid_from, valid_to AT TIME ZONE 'UTC' AS valid_to, source, session_id, role, scope, space, metadata
FROM llmspell.recall('parser works', valid_at => '2022-01-01Z') WHERE kind IN ('episode', 'entity', 'relationship') OR metadata ? 'source' ORDER BY kind, id;
-- an expired row, and one of a session that has ended
UPDATE llmspell.episodes SET expires_at = now() - interval '1 s' WHERE id = regress.id(4);
SELECT session_id IS NOT NULL AS made FROM llmspell.session_create(name => 's2', expires_at => now() + interval '1 hour');
SELECT regress.recalled($$'parsers', kinds => '{episodes}'$$);
UPDATE llmspell.sessions SET expires_at = now() - interval '1 s';
SELECT regress.recalled($$'parsers', kinds => '{episodes}'$$);
-- nothing of another tenant
SET app.current_tenant_id = 'recall-2';
SELECT regress.recalled($$'Where is the parser?'$$);
SELECT count(e.id) FROM llmspell.episode_add('s1', 'user', 'my own parser', id => regress.id(6)) AS e;
SELECT regress.recalled($$'Where is the parser?'$$);
-- refusals
SELECT regress.try($$SELECT * FROM llmspell.recall()$$), regress.try($$SELECT * FROM llmspell.recall('x', max_tokens => -1)$$), regress.try($$SELECT * FROM llmspell.recall('x', max_rows => 1001)$$);
SELECT regress.try($$SELECT * FROM llmspell.recall('x', kinds => '{episode,thing}')$$), regress.try($$SELECT * FROM llmspell.recall('x', kinds => '{NULL}')$$), regress.try($$SELECT * FROM llmspell.recall('x', min_score => 'NaN')$$);
SELECT regress.try($$SELECT * FROM llmspell.recall('x', mmr_lambda => 1.5)$$), regress.try($$SELECT * FROM llmspell.recall('x', context => -1)$$), regress.try($$SELECT * FROM llmspell.recall('x', weights => '{1}')$$);
SELECT regress.try($$SELECT * FROM llmspell.recall('x', kind_weights => '{"thing": 1}')$$), regress.try($$SELECT * FROM llmspell.recall('x', kind_weights => '[1]')$$), regress.try($$SELECT * FROM llmspell.recall('x', kind_weights => '{"fact": -1}')$$);
SELECT regress.try($$SELECT * FROM llmspell.recall('x', kind_weights => '{"fact": {"a": 1}}')$$), regress.try($$SELECT * FROM llmspell.recall('x', language => 'none')$$), regress.try($$SELECT * FROM llmspell.recall('x', filter => '[]')$$);
SELECT regress.try($$SELECT * FROM llmspell.recall('x', '[1,2,3]')$$), regress.try($$SELECT * FROM llmspell.recall('x', array_fill(0, ARRAY[384])::vector)$$), regress.try($$SELECT * FROM llmspell.recall('x', space => 'none')$$);
RESET app.current_tenant_id;
SELECT regress.try($$SELECT * FROM llmspell.recall('x')$$), regress.try($$SELECT * FROM llmspell.recall_record('x')$$), regress.try($$SELECT * FROM llmspell.recall_replay(regress.id(1))$$);
-- the estimate
SELECT llmspell.token_estimate(t) FROM unnest('{"",a,"Where did we put the parser?","Где ключи?","钥匙在哪里?","{\"a\": 12}"}'::text[]) AS t;
