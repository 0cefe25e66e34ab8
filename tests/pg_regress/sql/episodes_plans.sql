-- Under row level security: what is claimed and found is fetched by index, and the rest of the tenant is not read.
\i `echo $PG_ABS_SRCDIR/begin.psql`
-- The newest are left to process.
INSERT INTO llmspell.episodes (tenant_id, id, session_id, role, content, occurred_at, processed_at)
SELECT 'plans-e' || n % 2, lpad(n::text, 32, '0')::uuid, 's' || n % 20, 'user', 'word' || n, '2026-01-01+00'::timestamptz + n * interval '1 s', CASE WHEN n <= 7800 THEN now() END
FROM generate_series(1, 8000) AS n;
ANALYZE llmspell.episodes;
CREATE VIEW regress.rows_read AS SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_user_tables WHERE relid = 'llmspell.episodes'::regclass;
GRANT SELECT ON regress.rows_read TO PUBLIC;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'plans-e1';
SELECT count(*) AS by_index FROM regress.plan($$SELECT id FROM llmspell.episodes WHERE tenant_id = 'plans-e1' AND processed_at IS NULL ORDER BY occurred_at, recorded_at, id LIMIT 5$$) AS line WHERE line ~ 'idx_episodes_unprocessed_oldest ';
SELECT count(*) AS by_index FROM regress.plan($$SELECT id FROM llmspell.episodes WHERE tenant_id = 'plans-e1' AND processed_at IS NULL AND session_id = 's1' ORDER BY occurred_at, recorded_at, id LIMIT 5$$) AS line WHERE line ~ 'idx_episodes_unprocessed( |$)';
SELECT pg_stat_force_next_flush();
SELECT n AS before FROM regress.rows_read \gset
SELECT count(*) FROM llmspell.episode_list(max_rows => 5);
SELECT count(*) FROM llmspell.episode_list('s3', newest_first => true, max_rows => 5);
SELECT cursor AS after FROM llmspell.episode_list('s3', max_rows => 1) \gset
SELECT count(*) FROM llmspell.episode_list('s3', max_rows => 5, after => :'after');
SELECT count(*) FROM llmspell.episode_claim(max_rows => 5);
SELECT count(*) FROM llmspell.episode_claim('s3', 5);
SELECT pg_stat_force_next_flush();
SELECT n - :before < 100 AS few FROM regress.rows_read;
-- once a session has counted the tenant's rows
SELECT count(*) FROM llmspell.episode_search('word1234');
SELECT pg_stat_force_next_flush();
SELECT n AS before FROM regress.rows_read \gset
SELECT count(*) FROM llmspell.episode_search('word4321');
SELECT pg_stat_force_next_flush();
SELECT n - :before < 100 AS few FROM regress.rows_read;
