-- Health: the monitoring queries of the guide, with thresholds. For llmspell_admin.

-- Through the owner, who may read the statistics of other sessions; of this database only.
CREATE OR REPLACE FUNCTION llmspell_internal._health_sessions()
RETURNS TABLE (pid int, role name, application text, state text, transaction_seconds double precision, query_seconds double precision, writes boolean, query text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT a.pid, a.usename, a.application_name, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::double precision,
        CASE WHEN a.state = 'active' THEN extract(epoch FROM clock_timestamp() - a.query_start)::double precision END,
        a.backend_xid IS NOT NULL, left(a.query, 200)
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
$$;
COMMENT ON FUNCTION llmspell_internal._health_sessions() IS 'The other sessions of this database: ages of transaction and query in seconds, and the first 200 characters of the query.';
GRANT EXECUTE ON FUNCTION llmspell_internal._health_sessions() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._health_statements()
RETURNS TABLE (query text, calls bigint, mean_ms double precision, max_ms double precision, total_ms double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_schema constant text := (SELECT e.extnamespace::regnamespace FROM pg_extension e WHERE e.extname = 'pg_stat_statements');
BEGIN
    IF v_schema IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('SELECT left(s.query, 200), s.calls, s.mean_exec_time, s.max_exec_time, s.total_exec_time
        FROM %s.pg_stat_statements s
        WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND s.query LIKE ''%%llmspell%%''', v_schema);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    -- It is created, and not preloaded.
    RETURN;
END
$$;
COMMENT ON FUNCTION llmspell_internal._health_statements() IS 'What pg_stat_statements has on statements that name llmspell; no rows where it is not there.';
GRANT EXECUTE ON FUNCTION llmspell_internal._health_statements() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._health_connections() RETURNS TABLE (used bigint, max_connections int)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT (SELECT count(*) FROM pg_stat_activity a WHERE a.backend_type = 'client backend'), current_setting('max_connections')::int
$$;
COMMENT ON FUNCTION llmspell_internal._health_connections() IS 'Connections of the whole server.';
GRANT EXECUTE ON FUNCTION llmspell_internal._health_connections() TO llmspell_admin;

CREATE OR REPLACE VIEW llmspell.health_cache WITH (security_invoker = true) AS
SELECT coalesce(sum(s.heap_blks_read), 0)::bigint AS heap_read, coalesce(sum(s.heap_blks_hit), 0)::bigint AS heap_hit,
    round(100.0 * sum(s.heap_blks_hit) / NULLIF(sum(s.heap_blks_hit) + sum(s.heap_blks_read), 0), 2) AS hit_percent
FROM pg_statio_user_tables s WHERE s.schemaname = 'llmspell';
COMMENT ON VIEW llmspell.health_cache IS 'Share of the blocks of tables that were found in the cache, percent; below 95 the cache is too small. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_unused_indexes WITH (security_invoker = true) AS
SELECT s.relname::text AS table_name, s.indexrelname::text AS index_name, pg_relation_size(s.indexrelid) AS bytes
FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
WHERE s.schemaname = 'llmspell' AND s.idx_scan = 0 AND NOT i.indisunique;
COMMENT ON VIEW llmspell.health_unused_indexes IS 'Indexes that no query has used since the statistics began, keys aside. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_sizes WITH (security_invoker = true) AS
SELECT c.oid::regclass::text AS table_name, pg_total_relation_size(c.oid) AS total_bytes, pg_table_size(c.oid) AS table_bytes,
    pg_indexes_size(c.oid) AS index_bytes, greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::bigint AS estimated_rows
FROM pg_class c WHERE c.relnamespace IN ('llmspell'::regnamespace, 'llmspell_archive'::regnamespace) AND c.relkind = 'r';
COMMENT ON VIEW llmspell.health_sizes IS 'Tables and months with their sizes, bytes. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_bloat WITH (security_invoker = true) AS
SELECT s.relid::regclass::text AS table_name, s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows,
    round(100.0 * s.n_dead_tup / NULLIF(s.n_live_tup + s.n_dead_tup, 0), 1) AS dead_percent,
    (pg_relation_size(s.relid)::numeric * s.n_dead_tup / greatest(s.n_live_tup + s.n_dead_tup, 1))::bigint AS dead_bytes,
    greatest(s.last_vacuum, s.last_autovacuum) AS last_vacuum
FROM pg_stat_user_tables s WHERE s.schemaname = 'llmspell';
COMMENT ON VIEW llmspell.health_bloat IS 'Dead rows of tables, by the statistics, and about how many bytes they take. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_transactions WITH (security_invoker = true) AS
SELECT s.pid, s.role, s.application, s.state, s.transaction_seconds AS seconds, s.writes, s.query
FROM llmspell_internal._health_sessions() s WHERE s.transaction_seconds IS NOT NULL;
COMMENT ON VIEW llmspell.health_transactions IS 'Open transactions of this database and their ages, seconds; those that write hold the event feed. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_long_queries WITH (security_invoker = true) AS
SELECT s.pid, s.role, s.application, s.query_seconds AS seconds, s.query
FROM llmspell_internal._health_sessions() s WHERE s.query_seconds > 5;
COMMENT ON VIEW llmspell.health_long_queries IS 'Queries that have been running for more than 5 seconds in this database. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_slow_statements WITH (security_invoker = true) AS
SELECT s.query, s.calls, s.mean_ms, s.max_ms, s.total_ms FROM llmspell_internal._health_statements() s WHERE s.mean_ms > 100;
COMMENT ON VIEW llmspell.health_slow_statements IS 'Statements on llmspell that take more than 100 ms on average, by pg_stat_statements; empty where that extension is not there. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_connections WITH (security_invoker = true) AS
SELECT c.used, c.max_connections, round(100.0 * c.used / c.max_connections, 1) AS used_percent FROM llmspell_internal._health_connections() c;
COMMENT ON VIEW llmspell.health_connections IS 'Connections of the server and how many there may be. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_partitions WITH (security_invoker = true) AS
SELECT count(*) FILTER (WHERE p.state = 'attached' AND p.month > t.this) AS months_ahead,
    count(*) FILTER (WHERE p.state = 'missing') AS missing,
    count(*) FILTER (WHERE p.misaligned) AS misaligned,
    (min(p.month) FILTER (WHERE p.state = 'missing' AND p.month >= t.this) - (now() AT TIME ZONE 'UTC')::date) AS days_to_missing
FROM llmspell.event_log_partition_list(max_rows => 100000) p CROSS JOIN (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS this) AS t;
COMMENT ON VIEW llmspell.health_partitions IS 'Months of the event log ahead of the current one, gaps, months with other bounds, and days until the first missing month. llmspell_admin only.';

CREATE OR REPLACE VIEW llmspell.health_vector_indexes WITH (security_invoker = true) AS
SELECT e.space, e.tenant, e.method, e.index_name, e.state, e.reason FROM llmspell.vector_index_ensure(blocking => false) e;
COMMENT ON VIEW llmspell.health_vector_indexes IS 'The index for nearest neighbours that each space should have, and each tenant with one of its own, and its state: present, building, missing, invalid, none or failed. llmspell_admin only.';

CREATE OR REPLACE FUNCTION llmspell.health_check() RETURNS TABLE (item text, value text, threshold text, ok boolean, advice text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT c.item, c.value, c.threshold, c.ok, CASE WHEN NOT c.ok THEN c.advice END
    FROM (
        SELECT 1 AS n, 'cache hits' AS item, coalesce(hit_percent || ' %', 'none yet') AS value, '>= 95 %' AS threshold,
            coalesce(hit_percent >= 95, true) AS ok, 'Raise shared_buffers, or give the server more memory.' AS advice
        FROM health_cache
        UNION ALL
        SELECT 2, 'months ahead', months_ahead || ' ahead, ' || missing || ' missing, ' || misaligned || ' misaligned',
            '>= 3 ahead, none missing or misaligned', months_ahead >= 3 AND missing = 0 AND misaligned = 0,
            'Run llmspell.ensure_future_event_log_partitions() or maintenance; llmspell.event_log_partition_list() shows gaps, llmspell.create_event_log_partition() fills them.'
        FROM health_partitions
        UNION ALL
        SELECT 3, 'oldest transaction', coalesce(round(max(seconds)::numeric) || ' s', 'none'), '< 300 s', coalesce(max(seconds) < 300, true),
            'Vacuum and the event feed wait for it; llmspell.health_transactions shows it, pg_terminate_backend(pid) ends it.'
        FROM health_transactions
        UNION ALL
        SELECT 4, 'queries over 5 s', count(*)::text, '0', count(*) = 0, 'llmspell.health_long_queries shows them.'
        FROM health_long_queries
        UNION ALL
        SELECT 5, 'connections', used || ' of ' || max_connections, '< 80 %', used_percent < 80, 'Use a pool, or raise max_connections.'
        FROM health_connections
        UNION ALL
        SELECT 6, 'dead rows', coalesce(string_agg(table_name || ' ' || dead_percent || ' %', ', ' ORDER BY dead_percent DESC), 'none'),
            '< 30 % of a table of 10,000 rows', count(*) = 0, 'Run VACUUM on the table, and see whether an old transaction keeps it from working.'
        FROM health_bloat WHERE dead_percent >= 30 AND live_rows + dead_rows >= 10000
        UNION ALL
        SELECT 7, 'unused indexes', count(*) || ' of ' || coalesce(sum(bytes), 0) || ' bytes', '< 1 GB', coalesce(sum(bytes), 0) < 1000000000,
            'llmspell.health_unused_indexes shows them; on a replica they may be in use.'
        FROM health_unused_indexes
        UNION ALL
        SELECT 8, 'slow statements', count(*)::text, '0', count(*) = 0, 'llmspell.health_slow_statements shows them.'
        FROM health_slow_statements
        UNION ALL
        SELECT 9, 'maintenance', coalesce(max(last_run)::text, 'never'), 'within a day, without errors since',
            coalesce(max(last_run) > now() - interval '1 day' AND NOT coalesce(max(last_error_at) > now() - interval '1 day', false), false),
            'Preload the background worker, or call llmspell.maintenance_run() by pg_cron; llmspell.maintenance_status() shows errors.'
        FROM maintenance_status() WHERE task <> 'background worker'
        UNION ALL
        SELECT 10, 'vector indexes', count(*) FILTER (WHERE state IN ('missing', 'invalid', 'failed')) || ' not there', '0',
            count(*) FILTER (WHERE state IN ('missing', 'invalid', 'failed')) = 0,
            'llmspell.health_vector_indexes shows them; llmspell.vector_index_ensure() builds them.'
        FROM health_vector_indexes
    ) AS c
    ORDER BY c.n
$$;
COMMENT ON FUNCTION llmspell.health_check() IS 'What the health views say, with thresholds: item, value, threshold, ok, and advice where it is not ok. llmspell_admin only. Example: SELECT item, value, advice FROM llmspell.health_check() WHERE NOT ok;';
GRANT EXECUTE ON FUNCTION llmspell.health_check() TO llmspell_admin;
