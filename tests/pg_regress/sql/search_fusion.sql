-- One score out of two: scaled, weighted, with an arm that is empty, weak or alone; ties; what the row says.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'fusion';
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, content, language)
SELECT 'fusion', regress.id(n), 'global', regress.at(at), content, 'english'
FROM (VALUES (1, 0, 'red apples'), (2, 20, 'green pears'), (3, 40, 'a red car'), (4, 60, NULL), (5, 90, 'the apple of his eye')) AS v (n, at, content);
CREATE FUNCTION regress.shown(call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN RETURN QUERY EXECUTE format('SELECT concat_ws('' '', right(id::text, 1), round(score::numeric, 4), coalesce(round(vector_score::numeric, 4)::text, ''-''), coalesce(round(text_score::numeric, 4)::text, ''-''),
    coalesce(vector_rank::text, ''-''), coalesce(text_rank::text, ''-''), complete) FROM llmspell.hybrid_search(%s)', call); END $$;
-- id, score, scores and ranks of both arms
SELECT regress.shown($$'red apple', regress.at(0)$$);
-- the weight of an arm that was not asked, or found nothing, goes to the other
SELECT regress.shown($$'red apple', NULL, space => 'circle'$$);
SELECT regress.shown($$NULL, regress.at(0)$$);
SELECT regress.shown($$'nowhere', regress.at(0)$$);
SELECT regress.shown($$'the of', regress.at(0), 2$$);
-- weights, a single arm by weight, ranks
SELECT regress.shown($$'red apple', regress.at(0), weights => '{3,1}'$$);
SELECT regress.shown($$'red apple', regress.at(0), weights => '{0,5}'$$);
SELECT regress.shown($$'red apple', regress.at(0), fusion => 'rrf'$$);
SELECT regress.shown($$'red apple', regress.at(0), fusion => 'rrf', rrf_k => 1, weights => '{1,2}'$$);
-- the first of many are those of few
SELECT array_agg(id) = (SELECT array_agg(id) FROM (SELECT id FROM llmspell.hybrid_search('red apple', regress.at(0), 15) LIMIT 3) AS a) AS same FROM llmspell.hybrid_search('red apple', regress.at(0), 3);
-- what is farther than max_distance has no score by vector; min_score bounds the whole
SELECT regress.shown($$'red apple', regress.at(0), max_distance => 0.1$$);
SELECT regress.shown($$'red apple', regress.at(0), min_score => 0.5$$);
-- a half-life and diversity act on the whole score
UPDATE llmspell.vector_space_circle SET created_at = now() - interval '10 days' WHERE id = regress.id(1);
SELECT regress.shown($$'red apple', regress.at(0), 2, half_life => '10 days'$$);
SELECT string_agg(right(id::text, 1), ' ') FROM (SELECT id FROM llmspell.hybrid_search('red apple', regress.at(0), 3, mmr_lambda => 0.2)) AS r;
-- equal rows: each the best, by id
SET app.current_tenant_id = 'equal';
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, content, language)
SELECT 'equal', regress.id(100 - n), 'global', regress.at(5), 'the same', 'simple' FROM generate_series(1, 90) AS n;
SELECT regress.shown($$'same', regress.at(0), 3$$);
SELECT regress.shown($$'same', regress.at(0), 3, fusion => 'rrf'$$);
SELECT regress.shown($$NULL, regress.at(0), 2$$);
-- none at all
SET app.current_tenant_id = 'nothing';
SELECT regress.shown($$'same', regress.at(0)$$), regress.shown($$'same', NULL, space => 'circle'$$);
SELECT regress.try(format('SELECT * FROM llmspell.hybrid_search(''a'', ''[1,0,0,0]'', %s)', a)) FROM unnest(ARRAY[$$fusion => 'sum'$$, $$fusion => NULL$$, 'context => 1.5', 'context => -0.1', $$context => 'NaN'$$, 'context => NULL', 'rrf_k => 0',
    'mmr_lambda => 2', 'half_life_floor => -1', $$weights => '{1,NULL}'$$]) AS a;
