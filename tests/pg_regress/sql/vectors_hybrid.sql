-- By meaning and by words: fused, aged, diversified, the same each time, from the tenant's rows alone.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'hybrid';
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, content, language, metadata, created_at)
SELECT 'hybrid', lpad(n::text, 32, '0')::uuid, 'user:' || n % 2, ARRAY[cosd(n), sind(n), 0, 0]::real[], w, 'english', jsonb_build_object('n', n), now() - n * interval '1 day'
FROM (VALUES (1, 'red apples'), (2, 'green pears'), (3, 'a red car and a red bus'), (40, 'the apple of his eye'), (41, 'nothing of interest'), (80, 'red red red apples')) AS v (n, w);
SELECT right(id::text, 2) AS id, round(score::numeric, 6) AS score, vector_rank, text_rank, content FROM llmspell.hybrid_search('red apple', regress.at(0), 10, language => 'english');
-- one list alone
SELECT right(id::text, 2) AS id, vector_rank, text_rank FROM llmspell.hybrid_search(NULL, regress.at(41), 3);
SELECT right(id::text, 2) AS id, vector_rank, text_rank FROM llmspell.hybrid_search('apples', NULL, 3, space => 'circle', language => 'english');
SELECT count(*) FROM llmspell.hybrid_search('the and of', NULL, 3, space => 'circle', language => 'english');
-- weights, conditions, age
SELECT string_agg(right(id::text, 2), ' ' ORDER BY score DESC, id) FROM llmspell.hybrid_search('red apple', regress.at(0), 4, weights => '{0,1}', language => 'english');
SELECT string_agg(right(id::text, 2), ' ' ORDER BY score DESC, id) FROM llmspell.hybrid_search('red apple', regress.at(0), 4, weights => '{1,0}', language => 'english');
SELECT string_agg(right(id::text, 2), ' ' ORDER BY score DESC, id) FROM llmspell.hybrid_search('red apple', regress.at(0), 4, scope => 'user:0', language => 'english');
SELECT string_agg(right(id::text, 2), ' ' ORDER BY score DESC, id) FROM llmspell.hybrid_search('red apple', regress.at(0), 4, filter => '{"n": 80}', language => 'english');
SELECT right(id::text, 2) AS id, round(score::numeric, 3) AS score FROM llmspell.hybrid_search('red apple', regress.at(0), 3, half_life => '10 days', language => 'english');
-- diversity: of the neighbours 1, 2 and 3 one, then others
SELECT string_agg(right(id::text, 2), ' ') FROM (SELECT id FROM llmspell.hybrid_search(NULL, regress.at(2), 3, mmr_lambda => 0.3)) AS r;
SELECT string_agg(right(id::text, 2), ' ') FROM (SELECT id FROM llmspell.hybrid_search(NULL, regress.at(2), 3, mmr_lambda => 1)) AS r;
SELECT count(*) FROM llmspell.hybrid_search('red', regress.ramp(3072, 1), 5, mmr_lambda => 0.5);
-- another tenant's words change nothing of the order
CREATE TEMPORARY TABLE before AS SELECT id, score FROM llmspell.hybrid_search('red apple', regress.at(0), 10, language => 'english');
SET app.current_tenant_id = 'hybrid-2';
SELECT llmspell.vector_add(regress.at(0), content => 'red apple', language => 'english') IS NOT NULL AS added FROM generate_series(1, 50) \g /dev/null
SELECT count(*) FROM llmspell.hybrid_search('red apple', regress.at(0), 100, language => 'english');
SET app.current_tenant_id = 'hybrid';
SELECT count(*) AS same FROM llmspell.hybrid_search('red apple', regress.at(0), 10, language => 'english') r JOIN before b USING (id, score);
