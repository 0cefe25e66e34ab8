-- How two lists become one: ranks that are shared, scores that vanish, words, weights, the space of texts.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'fusion';
-- "same" is a stop word of others
SET default_text_search_config = 'pg_catalog.simple';
-- equal texts: the vectors decide, whatever the ids
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, content)
SELECT 'fusion', lpad((200 - n)::text, 32, '0')::uuid, 'user:same', ARRAY[cosd(n / 2.0), sind(n / 2.0), 0, 0]::real[], 'the same text' FROM generate_series(0, 199) AS n;
SELECT right(id::text, 3) AS id, vector_rank, text_rank FROM llmspell.hybrid_search('same text', regress.at(0), 5);
SELECT array_agg(id ORDER BY n) = (SELECT array_agg(id ORDER BY distance, id) FROM llmspell.vector_search(regress.at(50), 40)) AS order_of_vectors
FROM (SELECT id, row_number() OVER () AS n FROM llmspell.hybrid_search('text', regress.at(50), 40)) AS r;
-- a text that is near has its true rank, behind those that match better and are beyond the list of words
INSERT INTO llmspell.vector_space_circle (tenant_id, scope, embedding, content) SELECT 'fusion', 'user:same', '[-1,0,0,0]', 'same same same' FROM generate_series(1, 100);
SELECT DISTINCT text_rank FROM llmspell.hybrid_search('same', regress.at(0), 10, language => 'simple', fusion => 'rrf') WHERE vector_rank IS NOT NULL;
-- the first rows in the order of ties, and the same order each time
SELECT string_agg(right(id::text, 3), ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM llmspell.hybrid_search('text', NULL, 4)) AS r;
-- episodes, too
SELECT count(e.id) FROM generate_series(1, 200) AS n
CROSS JOIN LATERAL llmspell.episode_add('s', 'user', 'the same text', (ARRAY[cosd(n / 3.0), sind(n / 3.0)]::real[] || array_fill(0, ARRAY[382])::real[])::vector, id => lpad((300 - n)::text, 32, '0')::uuid) AS e;
SELECT string_agg(right(id::text, 3), ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n
    FROM llmspell.episode_search('same text', (ARRAY[1, 0]::real[] || array_fill(0, ARRAY[382])::real[])::vector, 5)) AS r;

-- a score that has become 0 still has its place in the order, with and without diversity
SET app.current_tenant_id = 'fusion-old';
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, content, created_at)
SELECT 'fusion-old', lpad(n::text, 32, '0')::uuid, 'global', ARRAY[cosd(n), sind(n), 0, 0]::real[], 'old words', now() - (10 - n) * interval '1 day' FROM generate_series(1, 5) AS n;
SELECT right(id::text, 1) AS id, score FROM llmspell.hybrid_search('old', regress.at(0), 5, half_life => '1 minute');
SELECT string_agg(right(id::text, 1), ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM llmspell.hybrid_search('old', regress.at(0), 5, half_life => '1 minute', mmr_lambda => 1)) AS r;
SELECT string_agg(right(id::text, 1), ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM llmspell.hybrid_search('old', regress.at(0), 5, weights => '{1,0}')) AS r;
UPDATE llmspell.vector_space_circle SET created_at = CASE WHEN right(id::text, 1) = '1' THEN '-infinity' WHEN right(id::text, 1) = '2' THEN 'infinity' ELSE created_at END::timestamptz;
SELECT right(id::text, 1) AS id FROM llmspell.hybrid_search('old', regress.at(0), 5, half_life => '1 minute');
SELECT regress.try(format('SELECT * FROM llmspell.hybrid_search(''old'', ''[1,0,0,0]'', half_life => %L)', h)) FROM unnest(ARRAY['-12 months 361 days', '-1 s', '-infinity', '1 us']) AS h;
SELECT regress.try(format('SELECT * FROM llmspell.hybrid_search(''old'', ''[1,0,0,0]'', weights => %L)', w))
FROM unnest(ARRAY['{}', '{{1,1}}', '{{1},{1}}', '[0:1]={1,1}', '{Infinity,1}', '{1,1000001}', '{1e-300,1000000}', '{1,1,1}']) AS w;
SELECT regress.try($$SELECT * FROM llmspell.hybrid_search('old', '[1,0,0,0]', weights => NULL)$$);

-- words: any of them, the first 64, quoted, and none where there are none
SELECT array_agg(lexeme ORDER BY place) AS terms FROM llmspell_internal._search_terms('english', 'the Apples, apples and a pear''s \ tree');
SELECT count(*) AS terms, max(place) AS first_ones FROM llmspell_internal._search_terms('simple', (SELECT string_agg('w' || n, ' ' ORDER BY n) FROM generate_series(1, 500) AS n));
SELECT count(id) FROM llmspell.episode_add('s', 'user', E'it''s http://a.b/c''d\\e & ! | ( x:* <-> y');
SELECT content FROM llmspell.episode_search(E'http://a.b/c''d\\e & ! | ( x:* <-> y');
SET client_min_messages = notice;
SELECT count(*) FROM llmspell.episode_search('the and of', language => 'english');
SELECT text_rank IS NULL AS no_words FROM llmspell.hybrid_search('the and of', regress.at(0), 2, language => 'english');
SET client_min_messages = warning;

-- without an embedding, the one space in which the tenant has texts
SELECT right(id::text, 1) AS id, text_rank FROM llmspell.hybrid_search('old', NULL, 2);
SET app.current_tenant_id = 'fusion-none';
SELECT llmspell.vector_add(regress.at(0)) IS NOT NULL AS no_text;
SELECT regress.try($$SELECT * FROM llmspell.hybrid_search('old', NULL)$$), regress.try($$SELECT * FROM llmspell.hybrid_search('old', NULL, max_rows => 0)$$), regress.try($$SELECT * FROM llmspell.hybrid_search('old', NULL, space => 'episodes_384')$$);
SELECT llmspell.vector_add(array_fill(0.1, ARRAY[768])::vector, content => 'old') IS NOT NULL AS a_text;
SELECT regress.try($$SELECT * FROM llmspell.hybrid_search('old', NULL)$$);
SELECT llmspell.vector_add(regress.at(0), content => 'old') IS NOT NULL AS another;
SELECT regress.try($$SELECT * FROM llmspell.hybrid_search('old', NULL)$$), regress.try($$SELECT * FROM llmspell.hybrid_search('old', NULL, space => 'circle')$$);

-- words that fill more than a tsvector holds
SELECT string_agg(chr(19968 + n % 20000) || '-' || chr(19968 + (n * 7 + n / 20000) % 20000) || chr(19968 + n / 7 % 20000) || chr(19968 + n / 11 % 20000), ' ' ORDER BY n) AS many FROM generate_series(1, 33000) AS n \gset
SELECT length(:'many') AS characters, regress.try(format('SELECT to_tsvector(''simple'', %L)', :'many')) LIKE '54000%' AS too_many;
SELECT llmspell.vector_add(regress.at(10), content => 'start ' || :'many') IS NOT NULL AS added;
SELECT llmspell.episode_add('s', 'user', 'start ' || :'many') IS NOT NULL AS added;
SELECT count(*) FROM llmspell.episode_search('start');
SELECT text_rank FROM llmspell.hybrid_search('start', regress.at(10), 1);
