-- Maintenance: rounds of steps, each tenant by its own settings, errors told and survived.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET client_min_messages = error;
SET SESSION AUTHORIZATION regress_app;
DO $$
DECLARE
    v_tenant text;
BEGIN
    FOR v_tenant IN SELECT 'maintain-' || n FROM generate_series(1, 60) n LOOP
        PERFORM set_config('app.current_tenant_id', v_tenant, false);
        PERFORM llmspell.kv_set('k', 'v', ttl => '1 millisecond'), llmspell.kv_set('stays', 'v');
        PERFORM llmspell.session_create(expires_at => now() - interval '1 day');
        PERFORM llmspell.hook_record('h', 't', context => '', at => now() - interval '10 days');
    END LOOP;
    PERFORM llmspell.hook_retention_set('5 days');
    PERFORM llmspell.event_append('e', '1');
END
$$;
SELECT pg_stat_force_next_flush();
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = 'mine';
-- fifty tenants a step, and only those for whom something is due
SELECT task, done, detail FROM llmspell.maintenance_run() WHERE task IN ('sessions', 'keys', 'hooks', 'vectors', 'artifacts');
SELECT llmspell.current_tenant();
SELECT task, pending, last_error FROM llmspell.maintenance_status() WHERE task <> 'background worker' AND (pending OR last_error IS NOT NULL);
RESET SESSION AUTHORIZATION;
SELECT count(*) FILTER (WHERE key = 'k') AS expired_keys, count(*) AS keys FROM llmspell.kv_store WHERE tenant_id LIKE 'maintain-%';
SELECT status, count(*) FROM llmspell.sessions WHERE tenant_id LIKE 'maintain-%' GROUP BY 1;
SELECT count(*) AS kept_for_ever FROM llmspell.hook_history WHERE tenant_id LIKE 'maintain-%';
-- an index that is gone is built again
DO $$ BEGIN EXECUTE format('DROP INDEX llmspell.event_log_%s_type_idx', to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')); DROP INDEX llmspell.idx_hook_history_type; END $$;
SELECT count(*) FROM llmspell_internal._schema_faults();
SET SESSION AUTHORIZATION regress_admin;
SELECT count(*) FROM llmspell.maintenance_run() WHERE detail LIKE 'built: %';
SELECT count(*) FROM llmspell_internal._schema_faults();
-- statistics of the log itself
SET SESSION AUTHORIZATION regress_admin;
SELECT pg_stat_get_last_analyze_time('llmspell.event_log'::regclass) IS NOT NULL AS analysed;
-- an error of a task is told, the others are done
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'mine';
DO $$ BEGIN PERFORM llmspell.kv_set('k', 'v', ttl => '1 microsecond'); END $$;
RESET SESSION AUTHORIZATION;
ALTER FUNCTION llmspell.kv_sweep(int) RENAME TO kv_sweep_away;
SET SESSION AUTHORIZATION regress_admin;
SELECT task, done, split_part(detail, ':', 1) AS detail FROM llmspell.maintenance_run() WHERE detail LIKE 'error%' OR done;
SELECT task FROM llmspell.maintenance_status() WHERE last_error IS NOT NULL;
SELECT ok, advice FROM llmspell.health_check() WHERE item = 'maintenance';
RESET SESSION AUTHORIZATION;
ALTER FUNCTION llmspell.kv_sweep_away(int) RENAME TO kv_sweep;
UPDATE llmspell._maintenance SET last_error = NULL, last_error_at = NULL;
SET SESSION AUTHORIZATION regress_admin;
-- a run that has no time goes on where it stopped
SELECT count(*), bool_or(done) FROM llmspell.maintenance_run('1 microsecond');
SELECT count(*) FILTER (WHERE pending) > 0 AS pending FROM llmspell.maintenance_status();
SELECT bool_or(done) FROM llmspell.maintenance_run();
SELECT v, regress.try(format('SELECT FROM llmspell.maintenance_run(%L)', v)) FROM unnest(ARRAY['0', '-1 second', 'infinity', '-infinity', '1000000 years', '2 days']) v;
SELECT regress.try($$SELECT FROM llmspell_internal._tenants_due('nothing', NULL, 1)$$);
-- MAINTAIN is enough for what no function can do
SELECT regress.try('ANALYZE llmspell.event_log'), regress.try('REINDEX INDEX llmspell.idx_kv_store_expires');
SELECT bool_and(has_table_privilege('llmspell_admin', c.oid, 'MAINTAIN')) AS maintain, count(*) FILTER (WHERE c.relispartition) > 0 AS months FROM pg_class c WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p');
-- health
SELECT item, ok FROM llmspell.health_check() WHERE item NOT IN ('cache hits', 'unused indexes', 'oldest transaction', 'dead rows');
SELECT count(*) > 0 AS sizes FROM llmspell.health_sizes;
SELECT (SELECT count(*) FROM llmspell.health_cache) AS cache, (SELECT count(*) > 0 FROM llmspell.health_unused_indexes) AS unused, (SELECT count(*) > 0 FROM llmspell.health_bloat) AS bloat,
    (SELECT count(*) FROM llmspell.health_transactions WHERE pid = pg_backend_pid()) AS own, (SELECT count(*) FROM llmspell.health_slow_statements) AS slow, (SELECT used <= max_connections FROM llmspell.health_connections) AS connections,
    (SELECT months_ahead >= 3 FROM llmspell.health_partitions) AS ahead;
-- an operator's statement is not a slow one of an application
SELECT q, llmspell_internal._health_is_operation(q) FROM unnest(ARRAY['SELECT * FROM llmspell.health_check()', 'SELECT count(*) FROM llmspell.maintenance_run($1)', 'CREATE EXTENSION llmspell', 'SELECT * FROM llmspell.kv_get($1)',
    'SELECT * FROM llmspell.event_log WHERE event_type = ''create''']) q;
-- where the library is loaded at login, a session knows its settings and refuses a tenant that is none from the start
RESET SESSION AUTHORIZATION;
SELECT current_database() AS own \gset
ALTER DATABASE :"own" SET session_preload_libraries = 'llmspell_ext';
SELECT item, value, ok FROM llmspell.health_check() WHERE item = 'library loaded';
\c -
SHOW llmspell.event_log_months_back;
SET app.current_tenant_id = E'two\nlines';
