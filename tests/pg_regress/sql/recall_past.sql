-- A recall of the past, and recalls that are written down.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'past';
SET default_text_search_config = 'english';
SELECT count(e.id) FROM llmspell.episode_add('s1', 'user', 'Ada likes the red parser', id => regress.id(1)) AS e;
SELECT llmspell.vector_add(regress.at(10), 'global', id => regress.id(11), content => 'a parser of old', space => 'circle') = regress.id(11) AS stored;
SELECT added FROM llmspell.entity_put(regress.id(21), 'person', 'Ada', '{"parser": "red"}', '2020-01-01Z');
SELECT added FROM llmspell.entity_put(regress.id(22), 'company', 'Acme', '{}', '2020-01-01Z');
SELECT added FROM llmspell.relationship_put(regress.id(31), regress.id(21), regress.id(22), 'works_at', '{}', '2020-01-01Z');
SELECT max(llmspell.pattern_record('global', 'ada', 'parser')) FROM generate_series(1, 3);
SELECT pg_sleep(0.01);
SELECT clock_timestamp() AS past \gset
SELECT pg_sleep(0.01);
SELECT count(e.id) FROM llmspell.episode_add('s1', 'user', 'Ada likes the blue parser', id => regress.id(2), at => '2020-01-01Z') AS e;
SELECT llmspell.vector_add(regress.at(11), 'global', id => regress.id(12), content => 'a new parser', space => 'circle') = regress.id(12) AS stored;
SELECT closed, added FROM llmspell.entity_put(regress.id(21), 'person', 'Ada Lovelace', '{"parser": "blue"}', '2020-01-01Z');
SELECT added FROM llmspell.entity_put(regress.id(23), 'person', 'Ada the second', '{}', '2020-01-01Z');
SELECT closed FROM llmspell.relationship_retract(regress.id(31), '2020-01-01Z');
SELECT max(llmspell.pattern_record('global', 'ada', 'later')) FROM generate_series(1, 3);
SELECT kind, right(id::text, 2) AS id, content FROM llmspell.recall('Ada parser', regress.at(10), space => 'circle', known_at => :'past') WHERE kind <> 'pattern' ORDER BY kind, id;
SELECT kind, right(id::text, 2) AS id, content FROM llmspell.recall('Ada parser', regress.at(10), space => 'circle') WHERE kind <> 'pattern' ORDER BY kind, id;
SELECT content FROM llmspell.recall('ada', kinds => '{patterns}', known_at => :'past');
SELECT count(*) FROM llmspell.recall('Ada parser', known_at => '2020-01-01Z');
SELECT count(*) = (SELECT count(*) FROM llmspell.recall('Ada parser')) AS infinity_is_now FROM llmspell.recall('Ada parser', known_at => 'infinity');
-- written down, and given again after unrelated writes
CREATE TEMP TABLE first AS SELECT * FROM llmspell.recall_record('Ada parser', regress.at(10), space => 'circle', max_tokens => 40, correlation_id => regress.id(99));
SELECT count(DISTINCT event_id), count(*) FROM first;
SELECT event_type, correlation_id = regress.id(99) AS correlated, payload -> 'query' ->> 'query_text' AS query_text, jsonb_array_length(payload -> 'rows') = (SELECT count(*) FROM first) AS all_rows, payload ->> 'snapshot' IS NOT NULL AS snapshot
FROM llmspell.event_list('recall.recorded');
SELECT count(e.id) FROM generate_series(1, 50) AS n CROSS JOIN LATERAL llmspell.episode_add('s9', 'user', 'Ada parser ' || n) AS e;
SELECT added FROM llmspell.entity_put(regress.id(24), 'person', 'Ada the third', '{}', '2020-01-01Z');
SELECT * FROM (SELECT kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, at, valid_from, valid_to, source, session_id, role, scope, space, metadata, left_out FROM first) AS a
EXCEPT SELECT kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, at, valid_from, valid_to, source, session_id, role, scope, space, metadata, left_out
FROM llmspell.recall_replay((SELECT max(event_id::text)::uuid FROM first)) WHERE state = 'same';
-- three rows are erased, one is changed
SELECT llmspell.episode_delete(ARRAY[regress.id(1)]), llmspell.vector_delete(ARRAY[regress.id(11)]), entity_rows FROM llmspell.entity_erase(regress.id(23));
SELECT llmspell.episode_update(regress.id(2), content => 'Ada likes no parser');
SELECT closed FROM llmspell.entity_put(regress.id(21), 'person', 'Ada King', '{}', '2020-01-01Z');
SELECT state, kind, CASE WHEN kind <> 'pattern' THEN right(id::text, 2) END AS id FROM llmspell.recall_replay((SELECT max(event_id::text)::uuid FROM first)) WHERE kind <> 'left_out' ORDER BY state, kind, id;
-- a recall is undone with its transaction; another tenant's is not there
BEGIN;
SELECT count(*) > 0 AS rows FROM llmspell.recall_record('Ada');
ROLLBACK;
SELECT count(*) FROM llmspell.event_list('recall.recorded');
SELECT regress.try(format('SELECT * FROM llmspell.recall_replay(%L)', (SELECT e.event_id FROM llmspell.event_append('other.type', '{}') e))) ~ '^22023 \| there is no recorded recall' AS refused,
    regress.try('SELECT * FROM llmspell.recall_replay(NULL)');
SELECT max(event_id::text) AS event FROM first \gset
SET app.current_tenant_id = 'past-2';
SELECT regress.try(format('SELECT * FROM llmspell.recall_replay(%L)', :'event')) ~ '^22023' AS refused;
BEGIN READ ONLY;
SET LOCAL app.current_tenant_id = 'past';
SELECT count(*) > 0 AS rows FROM llmspell.recall('Ada');
SELECT count(*) > 0 AS rows FROM llmspell.recall_replay(:'event');
SELECT regress.try('SELECT * FROM llmspell.recall_record(''Ada'')') ~ '^25006' AS refused;
COMMIT;
