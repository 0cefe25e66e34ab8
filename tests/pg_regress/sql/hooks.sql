-- Hook history: contexts compressed and back, lists, retention, statistics.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'hooks';
SET TimeZone = 'UTC';
-- an empty tenant has zeros and empty objects
SELECT * FROM llmspell.get_hook_history_stats();
SELECT context_size, stored_size < context_size AS smaller, correlation_id = execution_id AS own, at <= clock_timestamp() AS now FROM llmspell.hook_record('audit', 'before_tool_execution',
    context_json => '{"point": "before_tool_execution", "component_id": {"component_type": "Tool", "name": "tool-7"}, "data": {"tool": "web_search", "parameters": {"query": "x", "max_results": 10}}, "metadata": {}}', duration_ms => 4, tags => ARRAY['a', 'b']);
SELECT context_size, stored_size FROM llmspell.hook_record('audit', 'after', context => '\x00ff', execution_id => '00000000-0000-7000-8000-000000000001', correlation_id => '00000000-0000-7000-8000-0000000000c1', at => '2026-11-02', duration_ms => 6, retention_priority => 7);
SELECT context_size FROM llmspell.hook_record('other', 'after', context => '', execution_id => '00000000-0000-7000-8000-000000000002', correlation_id => '00000000-0000-7000-8000-0000000000c1', at => '2026-11-01', result => '{"r": 1}', metadata => '{"m": 1}');
INSERT INTO llmspell.hook_history (tenant_id, execution_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size, tags)
VALUES ('hooks', '00000000-0000-7000-8000-000000000003', 'other', 'raw', '00000000-0000-7000-8000-0000000000c1', '\x0102030405', '{}', '2026-11-03', 0, 'c', 'i', 5, NULL);
SELECT codec, context, context_json, result, metadata, tags FROM llmspell.hook_get('00000000-0000-7000-8000-000000000001')
UNION ALL SELECT codec, context, context_json, result, metadata, tags FROM llmspell.hook_get('00000000-0000-7000-8000-000000000002')
UNION ALL SELECT codec, context, context_json, result, metadata, tags FROM llmspell.hook_get('00000000-0000-7000-8000-000000000003');
SELECT codec, context_json -> 'data' ->> 'tool' AS tool, convert_from(context, 'UTF8')::jsonb = context_json AS same, tags FROM llmspell.hook_list(hook_type => 'before_tool_execution');
SELECT count(*) FROM llmspell.hook_get('00000000-0000-7000-8000-000000000009');
-- orders and pages
SELECT at::date, hook_id FROM llmspell.hook_list(correlation_id => '00000000-0000-7000-8000-0000000000c1', newest_first => false);
SELECT at::date FROM llmspell.hook_list(hook_id => 'other');
SELECT at::date FROM llmspell.hook_list('other', 'raw', '00000000-0000-7000-8000-0000000000c1');
SELECT at::date FROM llmspell.hook_list(since => '2026-11-02', until => '2026-11-03');
SELECT count(*) FROM llmspell.hook_list(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT total_executions, total_size_bytes > 0 AS size, executions_by_hook, executions_by_type, oldest_execution, round(avg_duration_ms, 1) FROM llmspell.get_hook_history_stats();
-- 200 contexts of all kinds come back byte by byte
SELECT bool_and(h.context = c.context) AS same, count(*) FROM (
    SELECT n, decode(repeat(md5(n::text), n), 'hex') || set_byte('\x00', 0, n) AS context FROM generate_series(0, 199) n) c
CROSS JOIN LATERAL llmspell.hook_record('bytes', 'bytes', context => c.context) r CROSS JOIN LATERAL (SELECT llmspell_internal._hook_unpack(llmspell_internal._hook_pack(c.context)) AS context) h;
-- a damaged context is said to be
UPDATE llmspell.hook_history SET hook_context = set_byte(hook_context, 12, get_byte(hook_context, 12) # 255) WHERE hook_type = 'before_tool_execution';
SELECT regress.try('SELECT FROM llmspell.hook_list(hook_type => ''before_tool_execution'')');
-- priorities at most the argument go
SELECT llmspell.cleanup_old_hook_executions('2026-11-10', 0);
SELECT llmspell.cleanup_old_hook_executions('2026-11-10', 6);
SELECT llmspell.cleanup_old_hook_executions(before_date => '2026-11-10', min_retention_priority => 7);
-- retention as data
SELECT count(*) FROM generate_series(1, 5) n CROSS JOIN LATERAL llmspell.hook_record('old', 'old', context => '', at => now() - n * interval '10 days', retention_priority => n);
SELECT llmspell.hook_retention_set('15 days', 3), llmspell.hook_sweep(1), llmspell.hook_sweep();
SELECT retention_priority FROM llmspell.hook_list('old');
SELECT * FROM llmspell.hook_retention_get();
SELECT llmspell.hook_retention_set(NULL), llmspell.hook_sweep();
-- refused, nothing deleted
SELECT v, regress.try(format('SELECT llmspell.cleanup_old_hook_executions(%L, 100)', v)) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 00:00:00+00']) v;
SELECT v, regress.try(format('SELECT llmspell.hook_retention_set(%L)', v)) FROM unnest(ARRAY['-1 day', '0', 'infinity', '1000000 years', '-12 months 361 days']) v;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT FROM llmspell.hook_record(''h'', ''t'')', 'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', ''{}'')', 'SELECT FROM llmspell.hook_record(NULL, ''t'', ''x'')', 'SELECT FROM llmspell.hook_record(''h'', repeat(''t'', 256), ''x'')',
    'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', duration_ms => -1)', 'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', at => ''infinity'')',
    'SELECT FROM llmspell.hook_get(NULL)', 'SELECT FROM llmspell.hook_list(repeat(''h'', 256))', 'SELECT FROM llmspell.hook_list(max_rows => -1)', 'SELECT FROM llmspell.hook_list(after => ''x'')', 'SELECT FROM llmspell.hook_list(after => ''0/x'')',
    'SELECT llmspell.hook_sweep(-1)']) s;
SELECT total_executions FROM llmspell.get_hook_history_stats();
BEGIN;
SET LOCAL app.current_tenant_id = 'hooks-2';
SELECT (SELECT count(*) FROM llmspell.hook_list('old')), (SELECT total_executions FROM llmspell.get_hook_history_stats()), llmspell.cleanup_old_hook_executions(now(), 100);
ROLLBACK;
-- what COPY could not write again is refused at once, however it comes
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT FROM llmspell.hook_record('h', 't', context => '', result => (SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000)))$$,
    $$SELECT FROM llmspell.hook_record('h', 't', context => '', metadata => (repeat('[', 1001) || repeat(']', 1001))::jsonb)$$,
    $$SELECT FROM llmspell.hook_record('h', 't', context_json => (SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000)))$$,
    $$SELECT FROM llmspell.hook_record('h', 't', context => '', tags => ARRAY[repeat('\', 70000000)])$$]) s;
-- pages meet without gap or overlap, both ways, by every index, and read what they return
SET app.current_tenant_id = 'hooks-pages';
SELECT count(*) FROM generate_series(1, 400) n CROSS JOIN LATERAL llmspell.hook_record('h' || n % 2, 't' || n % 3, context => '', at => '2026-11-01'::timestamptz + n / 5 * interval '1 minute', correlation_id => md5((n % 8)::text)::uuid, execution_id => md5(n::text)::uuid);
RESET SESSION AUTHORIZATION;
INSERT INTO llmspell.hook_history (tenant_id, execution_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size)
SELECT 'hooks-others', md5(n::text)::uuid, 'h1', 't1', md5('3')::uuid, '', '{}', '2026-11-01', 0, '', '', 0 FROM generate_series(1, 5000) n;
VACUUM ANALYZE llmspell.hook_history;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'hooks-pages';
SET plan_cache_mode = force_generic_plan;
DO $$
DECLARE
    v_filters text; v_way text; v_seen int; v_cursor text; v_all uuid[]; v_times timestamptz[]; v_index text; v_before jsonb; r record;
BEGIN
    FOR v_filters, v_way IN SELECT f, w FROM unnest(ARRAY['', 'hook_id => ''h1'', ', 'hook_type => ''t1'', ', 'correlation_id => md5(''3'')::uuid, ', 'hook_id => ''h1'', hook_type => ''t1'', ']) f, unnest(ARRAY['true', 'false']) w LOOP
        v_all := '{}'; v_times := '{}'; v_cursor := NULL;
        LOOP
            v_seen := 0;
            v_before := (SELECT jsonb_object_agg(x.indexrelid, pg_stat_get_xact_numscans(x.indexrelid)) FROM pg_index x WHERE x.indrelid = 'llmspell.hook_history'::regclass);
            FOR r IN EXECUTE format('SELECT * FROM llmspell.hook_list(%s newest_first => %s, max_rows => 7, after => %L)', v_filters, v_way, v_cursor) LOOP
                v_all := v_all || r.execution_id; v_times := v_times || r.at; v_cursor := r.cursor; v_seen := v_seen + 1;
            END LOOP;
            v_index := (SELECT string_agg(x.indexrelid::regclass::text, ' ') FROM pg_index x WHERE x.indrelid = 'llmspell.hook_history'::regclass AND pg_stat_get_xact_numscans(x.indexrelid) > (v_before ->> x.indexrelid::text)::bigint);
            EXIT WHEN v_seen < 7;
        END LOOP;
        RAISE INFO '% newest first %: % rows, % distinct, in order %, %', v_filters, v_way, cardinality(v_all), (SELECT count(DISTINCT e) FROM unnest(v_all) e),
            v_times = (SELECT array_agg(t ORDER BY CASE WHEN v_way = 'true' THEN extract(epoch FROM -(t - 'epoch')) ELSE extract(epoch FROM t - 'epoch') END) FROM unnest(v_times) t), v_index;
    END LOOP;
END
$$;
