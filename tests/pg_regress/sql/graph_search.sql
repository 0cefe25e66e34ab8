-- Entities by words, by meaning and by both; their vectors follow the current version.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('people', 4, purpose => 'entities'), llmspell.vector_space_create('edges', 4, purpose => 'relationships');
SELECT regress.try($$SELECT llmspell.vector_space_create('x', 4, purpose => 'things')$$), regress.try($$SELECT llmspell.vector_space_create('x', 4, for_episodes => true, purpose => 'entities')$$);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'facts';
SET default_text_search_config = 'english';
SELECT sum(p.added) FROM (VALUES (1, 'person', 'Ada', '{"job": "engineer", "city": "Paris"}'), (2, 'person', 'Bob', '{"job": "baker"}'), (3, 'city', 'Paris', '{}'), (4, 'person', 'Cleo', '{"likes": "engineers"}')) AS v (n, kind, name, properties)
CROSS JOIN LATERAL llmspell.entity_put(regress.id(n), kind, name, properties::jsonb, '2020-01-01Z') p;
SELECT added FROM llmspell.relationship_put(regress.id(11), regress.id(2), regress.id(3), 'lives_in', '{}', '2020-01-01Z');
CREATE FUNCTION regress.hits(call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE format('SELECT concat_ws('' '', right(entity_id::text, 1), name, round(own_score::numeric, 3), ''+'', round(context_score::numeric, 3), properties) FROM llmspell.entity_search(%s)', call); END $$;
SELECT regress.hits($$'engineer in Paris'$$);
SELECT regress.hits($$'engineer in Paris', context => 0, max_rows => 2$$);
SELECT regress.hits($$'paris', entity_type => 'person', context => 0$$);
SELECT regress.hits($$'paris', filter => '{"job": "engineer"}', context => 0$$);
SELECT llmspell.entity_vector_set(regress.id(n), regress.at(n * 10)) FROM generate_series(1, 3) AS n;
SELECT llmspell.relationship_vector_set(regress.id(11), regress.at(70));
SELECT regress.hits($$query_embedding => regress.at(21), context => 0$$);
SELECT regress.hits($$'engineer', regress.at(21), context => 0$$);
SELECT regress.hits($$query_embedding => regress.at(21), entity_type => 'city'$$);
SELECT kind, right(id::text, 2) AS id, content, round(vector_score::numeric, 3) AS near FROM llmspell.recall(NULL, regress.at(70), kinds => '{facts}', max_rows => 1);
-- a vector follows the current version, and the past is asked with what was there
SELECT clock_timestamp() AS past, pg_sleep(0.01) IS NULL AS slept \gset
SELECT closed FROM llmspell.entity_put(regress.id(2), 'robot', 'Bob II', '{"job": "engineer"}', '2020-01-01Z');
SELECT scope, metadata FROM llmspell.entity_space_people WHERE id = regress.id(2);
SELECT regress.hits($$query_embedding => regress.at(20), max_rows => 1, context => 0$$);
SELECT regress.hits(format($$query_embedding => regress.at(20), max_rows => 1, context => 0, known_at => %L$$, :'past'));
SELECT llmspell.entity_vector_set(regress.id(2), regress.at(25));
SELECT regress.hits(format($$query_embedding => regress.at(20), context => 0, known_at => %L$$, :'past'));
SELECT closed FROM llmspell.entity_retract(regress.id(1), '2020-01-01Z');
SELECT regress.hits($$query_embedding => regress.at(10), context => 0$$);
SELECT regress.hits(format($$query_embedding => regress.at(10), max_rows => 1, context => 0, known_at => %L$$, :'past'));
-- erasing takes vectors along
SELECT entity_rows, relationship_rows FROM llmspell.entity_erase(regress.id(2));
SELECT string_agg(right(id::text, 1), ' ' ORDER BY id) FROM llmspell.entity_space_people;
SELECT count(*) FROM llmspell.relationship_space_edges;
DELETE FROM llmspell.entities WHERE entity_id = regress.id(1) AND transaction_time_end < 'infinity';
SELECT string_agg(right(id::text, 1), ' ' ORDER BY id) FROM llmspell.entity_space_people;
SELECT * FROM llmspell.verify() WHERE component = 'graph';
-- none without a fact, none of another tenant
SELECT regress.try($$INSERT INTO llmspell.entity_space_people (tenant_id, id, scope, embedding) VALUES ('facts', regress.id(9), 'person', regress.at(1))$$);
SELECT regress.try($$INSERT INTO llmspell.relationship_space_edges (tenant_id, id, scope, embedding) VALUES ('facts', regress.id(9), 'knows', regress.at(1))$$);
SELECT llmspell.entity_vector_set(regress.id(9), regress.at(1)), llmspell.relationship_vector_set(regress.id(9), regress.at(1));
SELECT regress.try($$SELECT llmspell.entity_vector_set(regress.id(3), '[1,2]')$$), regress.try($$SELECT llmspell.entity_vector_set(NULL, '[1,2]')$$), regress.try($$SELECT llmspell.relationship_vector_set(regress.id(3), NULL)$$), regress.try($$SELECT llmspell.entity_vector_set(regress.id(3), '[0,0,0,0]')$$);
SELECT regress.try($$SELECT * FROM llmspell.entity_search()$$), regress.try($$SELECT * FROM llmspell.entity_search('x', '[1,2]')$$), regress.try($$SELECT * FROM llmspell.entity_search('x', max_rows => 0)$$), regress.try($$SELECT * FROM llmspell.entity_search('x', language => 'none')$$);
SET app.current_tenant_id = 'facts-2';
SELECT regress.hits($$'engineer in Paris', regress.at(20)$$);
SELECT llmspell.entity_vector_set(regress.id(3), regress.at(1));
RESET app.current_tenant_id;
SELECT regress.try($$SELECT * FROM llmspell.entity_search('x')$$), regress.try($$SELECT llmspell.entity_vector_set(regress.id(3), regress.at(1))$$);
