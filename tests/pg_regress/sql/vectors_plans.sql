-- Under row level security: filters have their index, an exact scan is one, words have theirs.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
INSERT INTO llmspell.vector_space_circle (tenant_id, scope, embedding, metadata, content)
SELECT 'plans-' || n % 2, 'user:' || n % 10, ARRAY[cosd(n / 100.0), sind(n / 100.0), 0, 0.001]::real[], jsonb_build_object('n', n), 'word' || n FROM generate_series(1, 6000) AS n;
ANALYZE llmspell.vector_space_circle;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'plans-1';
SELECT regress.plan($$SELECT id FROM llmspell.vector_space_circle WHERE tenant_id = 'plans-1' AND metadata OPERATOR(llmspell.@>) '{"n": 4321}'$$);
SELECT regress.plan($$SELECT id FROM llmspell.vector_space_circle WHERE tenant_id = 'plans-1' AND fts OPERATOR(llmspell.@@) 'word4321'::tsquery$$);
SELECT regress.plan($$SELECT id FROM llmspell.vector_space_circle WHERE tenant_id = 'plans-1' AND expires_at <= now()$$);
-- the fence: no index for neighbours inside it, whatever the planner thinks
SET enable_sort = off;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FILTER (WHERE line ~ '_hnsw') AS hnsw, count(*) > 0 AS lines FROM regress.plan($$SELECT s.id FROM (SELECT id, embedding <=> '[1,0,0,0]' AS distance FROM llmspell.vector_space_circle WHERE tenant_id = 'plans-1' OFFSET 0) s ORDER BY s.distance + 0 LIMIT 5$$) AS line;
SELECT count(*) FILTER (WHERE line ~ '_hnsw') AS hnsw FROM regress.plan($$SELECT id FROM llmspell.vector_space_circle WHERE tenant_id = 'plans-1' ORDER BY embedding <=> '[1,0,0,0]' LIMIT 5$$) AS line;
RESET enable_sort;
RESET enable_seqscan;
RESET enable_bitmapscan;
-- a search with a rare filter, of a tenant of 1,500 rows: found through the filter's index, to count and to rank
SELECT idx_scan AS before FROM pg_stat_user_indexes WHERE indexrelname = 'idx_vector_space_circle_metadata' \gset
SELECT count(*) FROM llmspell.vector_search('[1,0,0,0]', 5, filter => '{"n": 4321}');
SELECT pg_stat_force_next_flush();
SELECT idx_scan - :before AS scans FROM pg_stat_user_indexes WHERE indexrelname = 'idx_vector_space_circle_metadata';
-- once a session has counted the tenant's rows: a hybrid search for a rare word, and one whose vectors are narrowed down; the tenant is not read
SELECT count(*) FROM llmspell.hybrid_search('word1234', NULL, 10, space => 'circle');
SELECT pg_stat_force_next_flush();
SELECT seq_tup_read + idx_tup_fetch AS before FROM pg_stat_user_tables WHERE relid = 'llmspell.vector_space_circle'::regclass \gset
SELECT count(*) FROM llmspell.hybrid_search('word4321', NULL, 10, space => 'circle');
SELECT count(*) FROM llmspell.hybrid_search('word4321', '[1,0,0,0]', 10, filter => '{"n": 4321}', mmr_lambda => 0.5);
SELECT pg_stat_force_next_flush();
SELECT seq_tup_read + idx_tup_fetch - :before < 100 AS few FROM pg_stat_user_tables WHERE relid = 'llmspell.vector_space_circle'::regclass;
