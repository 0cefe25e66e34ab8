-- Words: BM25 over the rows that may be found, the same whichever way they are found; phrases, exclusions, languages.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'words';
-- the formula, by SQL, over the texts themselves
CREATE FUNCTION regress.bm25(words text[], narrow text DEFAULT 'true') RETURNS TABLE (id uuid, score double precision) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH t AS (SELECT e.id, u.lexeme, cardinality(u.positions) AS tf, sum(cardinality(u.positions)) OVER (PARTITION BY e.id) AS length
                   FROM llmspell.episodes e LEFT JOIN LATERAL unnest(e.fts) u ON true WHERE e.tenant_id = llmspell.current_tenant() AND %s),
             c AS (SELECT count(DISTINCT t.id)::float8 AS n, coalesce(sum(tf), 0)::float8 / count(DISTINCT t.id) AS mean FROM t),
             f AS (SELECT lexeme, count(*)::float8 AS df FROM t WHERE lexeme = ANY ($1) GROUP BY lexeme)
        SELECT t.id, sum(ln(1 + (c.n - f.df + 0.5) / (f.df + 0.5)) * tf / (tf + 1.2 * (0.25 + 0.75 * length / c.mean)))
        FROM t JOIN f USING (lexeme) CROSS JOIN c GROUP BY t.id$q$, narrow) USING words;
END $$;
-- 400 texts of 4 to 13 words: w0 in all, w1 in half of them, w2 in a third, and so on
SELECT count(e.id) FROM generate_series(1, 400) AS n CROSS JOIN LATERAL llmspell.episode_add('s' || n / 20, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'tool' END,
    (SELECT string_agg('w' || w, ' ' ORDER BY w) FROM generate_series(0, 60) AS w WHERE n % (w + 1) = 0) || repeat(' w7', n % 3), at => '2026-01-01+00'::timestamptz + n * interval '1 minute',
    id => regress.id(n), language => 'simple') AS e;
SELECT count(*) AS found, count(*) FILTER (WHERE abs(s.text_score - b.score) < 1e-12) AS right, bool_and(s.score = s.own_score) AS alone
FROM llmspell.episode_search('w3 w7 w12 w40', max_rows => 200, context => 0) s JOIN regress.bm25('{w3,w7,w12,w40}') b USING (id);
SELECT count(*) FROM regress.bm25('{w3,w7,w12,w40}');
-- counted among the rows that the conditions leave
SELECT count(*) AS found, count(*) FILTER (WHERE abs(s.text_score - b.score) < 1e-12) AS right
FROM llmspell.episode_search('w3 w7 w12 w40', max_rows => 200, context => 0, role => 'user', since => '2026-01-01 02:00+00') s
JOIN regress.bm25('{w3,w7,w12,w40}', $$role = 'user' AND occurred_at >= '2026-01-01 02:00+00'$$) b USING (id);
-- ties by id; equal texts share a rank
SELECT right(id::text, 3) AS id, text_rank FROM llmspell.episode_search('w19', context => 0, max_rows => 4);
-- expired rows take no place and are not counted
UPDATE llmspell.episodes SET expires_at = now() - interval '1 s' WHERE metadata = '{}' AND right(id::text, 1) = '9';
SELECT count(*) AS found, count(*) FILTER (WHERE abs(s.text_score - b.score) < 1e-12) AS right
FROM llmspell.episode_search('w3 w7 w12 w40', max_rows => 200, context => 0) s JOIN regress.bm25('{w3,w7,w12,w40}', 'expires_at IS NULL') b USING (id);
UPDATE llmspell.episodes SET expires_at = NULL;

-- another tenant's rows change nothing, to the last digit
CREATE TEMP TABLE before AS SELECT id, score, text_score, text_rank FROM llmspell.episode_search('w3 w7 w12 w40', max_rows => 50);
SET app.current_tenant_id = 'words-2';
SELECT count(e.id) FROM generate_series(1, 300) AS n CROSS JOIN LATERAL llmspell.episode_add('s', 'user', 'w3 w7 w12 other words of w40', language => 'simple') AS e;
SET app.current_tenant_id = 'words';
SELECT count(*) AS other FROM (SELECT id, score, text_score, text_rank FROM llmspell.episode_search('w3 w7 w12 w40', max_rows => 50) EXCEPT SELECT * FROM before) AS o;

-- many rows: words of most rows are not looked up, and the result is the same
SET app.current_tenant_id = 'many';
INSERT INTO llmspell.episodes (tenant_id, id, session_id, role, content, language, occurred_at)
SELECT 'many', regress.id(n), 's' || n / 30, 'user', (SELECT string_agg('w' || w, ' ' ORDER BY w) FROM generate_series(0, 90) AS w WHERE (n * 7919 + w * 31) % (w * w / 4 + 1) = 0), 'simple',
    '2026-01-01+00'::timestamptz + n * interval '1 second' FROM generate_series(1, 5000) AS n;
SELECT count(*) FILTER (WHERE fts @@ 'w1') > 500 AS common, count(*) FILTER (WHERE fts @@ 'w2') > 500 AS common, count(*) FILTER (WHERE fts @@ 'w30') AS rare FROM llmspell.episodes WHERE tenant_id = 'many';
CREATE FUNCTION regress.best(words text, call text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text; BEGIN
    EXECUTE format('SELECT string_agg(right(id::text, 4) || '' '' || score || '' '' || text_score || '' '' || text_rank, '','') FROM (SELECT * FROM llmspell.episode_search(%L, context => 0, max_rows => 30%s)) AS r', words, call) INTO v;
    RETURN v; END $$;
-- counted now, and then known: the second and the third search leave out what the first had to look up
CREATE TEMP TABLE ways AS SELECT n, w AS words, regress.best(w) AS best FROM (VALUES ('w1 w2 w30 w45'), ('w0 w1 w2 w3'), ('w30 w31 w32'), ('w1 w2 w4 w60'), ('w0')) AS q (w) CROSS JOIN generate_series(1, 3) AS n;
SELECT words, count(DISTINCT best) AS ways, count(*) AS times FROM ways GROUP BY words ORDER BY words;
SELECT count(*) AS found, count(*) FILTER (WHERE abs(s.text_score - b.score) < 1e-12) AS right
FROM llmspell.episode_search('w1 w2 w30 w45', context => 0, max_rows => 60) s JOIN regress.bm25('{w1,w2,w30,w45}') b USING (id);
SELECT (SELECT array_agg(id ORDER BY round(score::numeric, 9) DESC, id) FROM (SELECT * FROM regress.bm25('{w1,w2,w30,w45}') ORDER BY round(score::numeric, 9) DESC, id LIMIT 40) AS r)
    = (SELECT array_agg(id ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM llmspell.episode_search('w1 w2 w30 w45', context => 0, max_rows => 40)) AS r) AS the_best;
-- plans that are custom or generic, after REINDEX and VACUUM
SET plan_cache_mode = force_generic_plan;
SELECT count(*) AS same FROM ways WHERE best = regress.best(words);
RESET plan_cache_mode;
RESET SESSION AUTHORIZATION;
REINDEX TABLE llmspell.episodes;
VACUUM (FULL, ANALYZE) llmspell.episodes;
SET SESSION AUTHORIZATION regress_app;
SELECT count(*) AS same FROM ways WHERE best = regress.best(words);
SET default_transaction_read_only = on;
SELECT count(*) AS same FROM ways WHERE best = regress.best(words);
RESET default_transaction_read_only;

-- words of all rows only: the newest 20,000, and said so
SET app.current_tenant_id = 'common';
RESET SESSION AUTHORIZATION;
SET session_replication_role = replica;
INSERT INTO llmspell.episodes (tenant_id, id, session_id, role, content, language, fts, occurred_at)
SELECT 'common', regress.id(n), 's', 'user', 'each word', 'simple', '''each'':1 ''word'':2'::tsvector, '2026-01-01+00'::timestamptz + n * interval '1 second' FROM generate_series(1, 20100) AS n;
RESET session_replication_role;
SET SESSION AUTHORIZATION regress_app;
SELECT right(id::text, 5) AS id, complete FROM llmspell.episode_search('each', context => 0, max_rows => 1);
SELECT right(id::text, 5) AS id, complete FROM llmspell.episode_search('each', context => 0, max_rows => 1);

-- phrases, exclusions, alternatives; vectors do not bring back what is excluded
SET app.current_tenant_id = 'phrases';
SELECT count(e.id) FROM unnest(ARRAY['the red apple', 'an apple that is red', 'a green pear', 'red car', 'nothing of the kind']) WITH ORDINALITY AS t (content, n)
CROSS JOIN LATERAL llmspell.episode_add('s' || n, 'user', content, (ARRAY[cosd(n), sind(n)]::real[] || array_fill(0, ARRAY[382])::real[])::vector, id => regress.id(n::int), language => 'english') AS e;
CREATE FUNCTION regress.found(words text, vector vector DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(right(id::text, 1), ' ' ORDER BY id) FROM llmspell.episode_search(words, vector) $$;
SELECT w AS query, regress.found(w) AS words, regress.found(w, (ARRAY[1, 0]::real[] || array_fill(0, ARRAY[382])::real[])::vector) AS both
FROM unnest(ARRAY['red apple', '"red apple"', 'red -apple', 'apples -"red apple"', '"red apple" or "green pear"', '-red', '"the of"', 'red - apple', '"red apple', '']) AS w;

-- languages: the default of the server, a row's own, one for all
SHOW default_text_search_config;
SET app.current_tenant_id = 'languages';
SELECT language FROM llmspell.episodes e JOIN llmspell.episode_add('s1', 'user', 'Apples are red') a ON false;
SELECT count(e.id) FROM (VALUES (1, 'Apples are red', NULL), (2, 'Les pommes sont rouges', 'french'), (3, 'apples apples', 'simple')) AS v (n, content, language)
CROSS JOIN LATERAL llmspell.episode_add('s' || n, 'user', content, id => regress.id(n), language => v.language) AS e;
SELECT right(id::text, 1) AS id, language FROM llmspell.episodes WHERE tenant_id = 'languages' AND id < regress.id(9) ORDER BY id;
SELECT w AS query, regress.found(w) FROM unnest(ARRAY['apple', 'apples', 'pomme rouge', 'the apples of les', 'la']) AS w;
SELECT string_agg(right(id::text, 1), ' ' ORDER BY id) AS simple FROM llmspell.episode_search('apples', language => 'simple');
SET default_text_search_config = 'french';
SELECT llmspell.vector_add(array_fill(0.1, ARRAY[384])::vector, content => 'pommes') IS NOT NULL AS added;
INSERT INTO llmspell.vector_embeddings_384 (tenant_id, scope, embedding, content) VALUES ('languages', 'global', array_fill(0.1, ARRAY[384])::vector, 'des poires');
SELECT content, language FROM llmspell.vector_embeddings_384 WHERE tenant_id = 'languages' ORDER BY content;
SELECT content FROM llmspell.hybrid_search('poire', NULL, space => 'vectors_384');
SELECT regress.try($$SELECT * FROM llmspell.episode_search('x', language => 'klingon')$$), regress.try($$SELECT * FROM llmspell.hybrid_search('x', NULL, language => 'klingon', space => 'vectors_384')$$);
