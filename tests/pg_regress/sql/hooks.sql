-- Hook history: contexts compressed and back, lists, retention, statistics.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'hooks';
SET TimeZone = 'UTC';
-- an empty tenant has zeros and empty objects
SELECT * FROM llmspell.get_hook_history_stats();
SELECT context_size, stored_size < context_size AS smaller, correlation_id = execution_id AS own, ts <= clock_timestamp() AS now FROM llmspell.hook_record('audit', 'before_tool_execution',
    context_json => '{"point": "before_tool_execution", "component_id": {"component_type": "Tool", "name": "tool-7"}, "data": {"tool": "web_search", "parameters": {"query": "x", "max_results": 10}}, "metadata": {}}', duration_ms => 4, tags => ARRAY['a', 'b']);
SELECT context_size, stored_size FROM llmspell.hook_record('audit', 'after', context => '\x00ff', execution_id => '00000000-0000-7000-8000-000000000001', correlation_id => '00000000-0000-7000-8000-0000000000c1', ts => '2026-11-02', duration_ms => 6, retention_priority => 7);
SELECT context_size FROM llmspell.hook_record('other', 'after', context => '', execution_id => '00000000-0000-7000-8000-000000000002', correlation_id => '00000000-0000-7000-8000-0000000000c1', ts => '2026-11-01', result => '{"r": 1}', metadata => '{"m": 1}');
INSERT INTO llmspell.hook_history (tenant_id, execution_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size, tags)
VALUES ('hooks', '00000000-0000-7000-8000-000000000003', 'other', 'raw', '00000000-0000-7000-8000-0000000000c1', '\x0102030405', '{}', '2026-11-03', 0, 'c', 'i', 5, NULL);
SELECT codec, context, context_json, result, metadata, tags FROM llmspell.hook_get('00000000-0000-7000-8000-000000000001')
UNION ALL SELECT codec, context, context_json, result, metadata, tags FROM llmspell.hook_get('00000000-0000-7000-8000-000000000002')
UNION ALL SELECT codec, context, context_json, result, metadata, tags FROM llmspell.hook_get('00000000-0000-7000-8000-000000000003');
SELECT codec, context_json -> 'data' ->> 'tool' AS tool, convert_from(context, 'UTF8')::jsonb = context_json AS same, tags FROM llmspell.hooks_by_type('before_tool_execution');
SELECT count(*) FROM llmspell.hook_get('00000000-0000-7000-8000-000000000009');
-- orders and pages
SELECT ts::date, hook_id FROM llmspell.hooks_by_correlation('00000000-0000-7000-8000-0000000000c1');
SELECT ts::date FROM llmspell.hooks_by_correlation('00000000-0000-7000-8000-0000000000c1', 10, '2026-11-01', '00000000-0000-7000-8000-000000000002');
SELECT ts::date FROM llmspell.hooks_by_hook('other');
SELECT ts::date FROM llmspell.hooks_by_hook('other', 10, '2026-11-03', '00000000-0000-7000-8000-000000000003');
SELECT hook_id FROM llmspell.hooks_by_type('after', 1);
SELECT total_executions, total_size_bytes > 0 AS size, executions_by_hook, executions_by_type, oldest_execution, round(avg_duration_ms, 1) FROM llmspell.get_hook_history_stats();
-- 200 contexts of all kinds come back byte by byte
SELECT bool_and(h.context = c.context) AS same, count(*) FROM (
    SELECT n, decode(repeat(md5(n::text), n), 'hex') || set_byte('\x00', 0, n) AS context FROM generate_series(0, 199) n) c
CROSS JOIN LATERAL llmspell.hook_record('bytes', 'bytes', context => c.context) r CROSS JOIN LATERAL (SELECT llmspell_internal._hook_unpack(llmspell_internal._hook_pack(c.context)) AS context) h;
-- a damaged context is said to be
UPDATE llmspell.hook_history SET hook_context = set_byte(hook_context, 12, get_byte(hook_context, 12) # 255) WHERE hook_type = 'before_tool_execution';
SELECT regress.try('SELECT FROM llmspell.hooks_by_type(''before_tool_execution'')');
-- priorities at most the argument go
SELECT llmspell.cleanup_old_hook_executions('2026-11-10', 0);
SELECT llmspell.cleanup_old_hook_executions('2026-11-10', 6);
SELECT llmspell.cleanup_old_hook_executions(before => '2026-11-10', min_retention_priority => 7);
-- retention as data
SELECT count(*) FROM generate_series(1, 5) n CROSS JOIN LATERAL llmspell.hook_record('old', 'old', context => '', ts => now() - n * interval '10 days', retention_priority => n);
SELECT llmspell.hook_retention_set('15 days', 3), llmspell.hook_sweep(1), llmspell.hook_sweep();
SELECT retention_priority FROM llmspell.hooks_by_hook('old');
SELECT llmspell.hook_retention_set(NULL), llmspell.hook_sweep();
-- refused, nothing deleted
SELECT v, regress.try(format('SELECT llmspell.cleanup_old_hook_executions(%L, 100)', v)) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 00:00:00+00']) v;
SELECT v, regress.try(format('SELECT llmspell.hook_retention_set(%L)', v)) FROM unnest(ARRAY['-1 day', '0', 'infinity', '1000000 years', '-12 months 361 days']) v;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT FROM llmspell.hook_record(''h'', ''t'')', 'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', ''{}'')', 'SELECT FROM llmspell.hook_record(NULL, ''t'', ''x'')', 'SELECT FROM llmspell.hook_record(''h'', repeat(''t'', 256), ''x'')',
    'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', duration_ms => -1)', 'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', ts => ''infinity'')', 'SELECT FROM llmspell.hook_record(''h'', ''t'', ''x'', result => NULL)',
    'SELECT FROM llmspell.hook_get(NULL)', 'SELECT FROM llmspell.hooks_by_hook(NULL)', 'SELECT FROM llmspell.hooks_by_type(''t'', -1)', 'SELECT FROM llmspell.hooks_by_correlation(NULL)', 'SELECT FROM llmspell.hooks_by_hook(''h'', 1, now())',
    'SELECT llmspell.hook_sweep(-1)', 'SELECT llmspell.hook_retention_set(''1 year'', NULL)', 'SELECT llmspell.cleanup_old_hook_executions(now(), NULL)']) s;
SELECT total_executions FROM llmspell.get_hook_history_stats();
BEGIN;
SET LOCAL app.current_tenant_id = 'hooks-2';
SELECT (SELECT count(*) FROM llmspell.hooks_by_hook('old')), (SELECT total_executions FROM llmspell.get_hook_history_stats()), llmspell.cleanup_old_hook_executions(now(), 100);
ROLLBACK;
