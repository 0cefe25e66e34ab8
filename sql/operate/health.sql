-- Health: the monitoring queries of the guide, with thresholds. For llmspell_admin.

-- Through the owner, who may read the statistics of other sessions; of this database only.
CREATE OR REPLACE FUNCTION llmspell_internal._health_sessions()
RETURNS TABLE (pid int, role name, application text, state text, transaction_seconds double precision, query_seconds double precision, writes boolean, query text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT a.pid, a.usename, a.application_name, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::double precision,
        CASE WHEN a.state = 'active' THEN extract(epoch FROM clock_timestamp() - a.query_start)::double precision END,
        a.backend_xid IS NOT NULL, CASE WHEN NOT coalesce(r.rolsuper, true) THEN left(a.query, 200) END
    FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
$$;
COMMENT ON FUNCTION llmspell_internal._health_sessions() IS 'The other sessions of this database: ages of transaction and query, and the beginning of the query, superusers'' aside.';
GRANT EXECUTE ON FUNCTION llmspell_internal._health_sessions() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._health_is_operation(query text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT query ~* '^\s*(create|alter|drop|reindex|vacuum|analyze|copy)\M' OR query ~ 'health_[a-z]' OR EXISTS (
        SELECT FROM pg_proc p WHERE p.pronamespace = 'llmspell'::regnamespace AND query ~ ('\m' || p.proname || '\M')
          AND NOT has_function_privilege('llmspell_app', p.oid, 'EXECUTE'))
$$;
COMMENT ON FUNCTION llmspell_internal._health_is_operation(text) IS 'Whether a statement is an operator''s, who expects it to take its time, and not an application''s.';
GRANT EXECUTE ON FUNCTION llmspell_internal._health_is_operation(text) TO llmspell_admin;

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
COMMENT ON FUNCTION llmspell_internal._health_statements() IS 'The figures of pg_stat_statements on statements that name llmspell; no rows where it is not installed.';
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
COMMENT ON VIEW llmspell.health_cache IS 'The share of the blocks of tables that was found in the cache, percent. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_unused_indexes WITH (security_invoker = true) AS
SELECT s.relname::text AS table_name, s.indexrelname::text AS index_name, pg_relation_size(s.indexrelid) AS bytes
FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
WHERE s.schemaname = 'llmspell' AND s.idx_scan = 0 AND NOT i.indisunique;
COMMENT ON VIEW llmspell.health_unused_indexes IS 'Indexes that no query has used since the statistics began, keys aside. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_sizes WITH (security_invoker = true) AS
SELECT c.oid::regclass::text AS table_name, pg_total_relation_size(c.oid) AS total_bytes, pg_table_size(c.oid) AS table_bytes,
    pg_indexes_size(c.oid) AS index_bytes, greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::bigint AS estimated_rows
FROM pg_class c WHERE c.relnamespace IN (SELECT s FROM llmspell_internal._schemas() AS s) AND c.relkind = 'r';
COMMENT ON VIEW llmspell.health_sizes IS 'Sizes of tables and months, bytes. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_bloat WITH (security_invoker = true) AS
SELECT s.relid::regclass::text AS table_name, s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows,
    round(100.0 * s.n_dead_tup / NULLIF(s.n_live_tup + s.n_dead_tup, 0), 1) AS dead_percent,
    (pg_relation_size(s.relid)::numeric * s.n_dead_tup / greatest(s.n_live_tup + s.n_dead_tup, 1))::bigint AS dead_bytes,
    greatest(s.last_vacuum, s.last_autovacuum) AS last_vacuum
FROM pg_stat_user_tables s WHERE s.schemaname = 'llmspell';
COMMENT ON VIEW llmspell.health_bloat IS 'Dead rows of tables by the statistics, and the bytes that they take, estimated. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_transactions WITH (security_invoker = true) AS
SELECT s.pid, s.role, s.application, s.state, s.transaction_seconds AS seconds, s.writes, s.query
FROM llmspell_internal._health_sessions() s WHERE s.transaction_seconds IS NOT NULL;
COMMENT ON VIEW llmspell.health_transactions IS 'Open transactions of this database with their ages, seconds. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_long_queries WITH (security_invoker = true) AS
SELECT s.pid, s.role, s.application, s.query_seconds AS seconds, s.query
FROM llmspell_internal._health_sessions() s WHERE s.query_seconds > 5;
COMMENT ON VIEW llmspell.health_long_queries IS 'Queries of this database that have been running for more than 5 seconds. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_slow_statements WITH (security_invoker = true) AS
SELECT s.query, s.calls, s.mean_ms, s.max_ms, s.total_ms FROM llmspell_internal._health_statements() s
WHERE s.mean_ms > 100 AND NOT llmspell_internal._health_is_operation(s.query);
COMMENT ON VIEW llmspell.health_slow_statements IS 'Statements that name llmspell and take more than 100 ms on average. For llmspell_admin.';

CREATE OR REPLACE VIEW llmspell.health_connections WITH (security_invoker = true) AS
SELECT c.used, c.max_connections, round(100.0 * c.used / c.max_connections, 1) AS used_percent FROM llmspell_internal._health_connections() c;
COMMENT ON VIEW llmspell.health_connections IS 'Connections of the server, and how many there may be. For llmspell_admin.';

CREATE OR REPLACE FUNCTION llmspell_internal._operate_health() RETURNS SETOF llmspell_internal._health_item
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 10, 'cache hits', coalesce(hit_percent || ' %', 'none yet'), '>= 95 %',
        coalesce(hit_percent >= 95, true), 'Raise shared_buffers, or give the server more memory.'
    FROM health_cache
    UNION ALL
    SELECT 30, 'oldest transaction', coalesce(round(max(seconds)::numeric) || ' s', 'none'), '< 300 s', coalesce(max(seconds) < 300, true),
        'Vacuum and the event feed wait for it; llmspell.health_transactions shows it, pg_terminate_backend(pid) ends it.'
    FROM health_transactions
    UNION ALL
    SELECT 40, 'queries over 5 s', count(*)::text, '0', count(*) = 0, 'llmspell.health_long_queries shows them.'
    FROM health_long_queries
    UNION ALL
    SELECT 50, 'connections', used || ' of ' || max_connections, '< 80 %', used_percent < 80, 'Use a pool, or raise max_connections.'
    FROM health_connections
    UNION ALL
    SELECT 60, 'dead rows', coalesce(string_agg(table_name || ' ' || dead_percent || ' %', ', ' ORDER BY dead_percent DESC), 'none'),
        '< 30 % of a table of 10,000 rows', count(*) = 0, 'Run VACUUM on the table, and see whether an old transaction keeps it from working.'
    FROM health_bloat WHERE dead_percent >= 30 AND live_rows + dead_rows >= 10000
    UNION ALL
    SELECT 70, 'unused indexes', count(*) || ' of ' || coalesce(sum(bytes), 0) || ' bytes', '< 1 GB', coalesce(sum(bytes), 0) < 1000000000,
        'llmspell.health_unused_indexes shows them; on a replica they may be in use.'
    FROM health_unused_indexes
    UNION ALL
    SELECT 80, 'slow statements', count(*)::text, '0', count(*) = 0, 'llmspell.health_slow_statements shows them.'
    FROM health_slow_statements
    UNION ALL
    SELECT 90, 'maintenance', coalesce(max(last_run)::text, 'never'), 'within a day, without errors since',
        coalesce(max(last_run) > now() - interval '1 day' AND NOT coalesce(max(last_error_at) > now() - interval '1 day', false), false),
        'Preload the background worker, or call llmspell.maintenance_run() by pg_cron; llmspell.maintenance_status() shows errors.'
    FROM maintenance_status() WHERE task <> 'background worker'
    UNION ALL
    -- Before the library is loaded SET takes any tenant, and SHOW knows no setting of llmspell.
    SELECT 110, 'library loaded', CASE WHEN p.at_login THEN 'at login' ELSE 'at the first call' END, 'at login', p.at_login,
        format('Run as superuser: ALTER DATABASE %I SET session_preload_libraries = ''llmspell_ext'';', current_database())
    FROM (SELECT EXISTS (SELECT FROM pg_db_role_setting d CROSS JOIN LATERAL unnest(d.setconfig) AS c (setting)
                         WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) AND d.setrole = 0
                           AND c.setting ~ '^session_preload_libraries=.*\mllmspell_ext\M')
              -- The background worker exists only where the server preloads it.
              OR EXISTS (SELECT FROM maintenance_status() m WHERE m.task = 'background worker' AND m.last_detail = 'running') AS at_login) AS p
$$;
COMMENT ON FUNCTION llmspell_internal._operate_health() IS 'The server, its sessions, and maintenance.';
GRANT EXECUTE ON FUNCTION llmspell_internal._operate_health() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._health_items()
RETURNS TABLE (place int, item text, value text, threshold text, ok boolean, advice text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_health_item') AS f LOOP
        RETURN QUERY EXECUTE format('SELECT h.* FROM %s() AS h', v_function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._health_items() IS 'The items of all domains.';
GRANT EXECUTE ON FUNCTION llmspell_internal._health_items() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.health_check() RETURNS TABLE (item text, value text, threshold text, ok boolean, advice text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT h.item, h.value, h.threshold, h.ok, CASE WHEN NOT h.ok THEN h.advice END FROM _health_items() h ORDER BY h.place
$$;
COMMENT ON FUNCTION llmspell.health_check() IS 'Compares the health views with thresholds; a row per item, with advice where it is not ok. For llmspell_admin.
Example: SELECT item, value, advice FROM llmspell.health_check() WHERE NOT ok;';
GRANT EXECUTE ON FUNCTION llmspell.health_check() TO llmspell_admin;
