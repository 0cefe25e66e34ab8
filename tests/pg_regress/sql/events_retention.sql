-- Months leave and come back: drop, detach, archive, attach; never the current one; only for the operator.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET client_min_messages = error;
CREATE FUNCTION regress.month(back int) RETURNS date LANGUAGE sql STABLE AS $$ SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => back))::date $$;
CREATE FUNCTION regress.tidy(answer text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT replace(replace(replace(replace(answer, to_char(regress.month(10), 'YYYY_MM'), 'M10'), to_char(regress.month(11), 'YYYY_MM'), 'M11'), to_char(regress.month(12), 'YYYY_MM'), 'M12'), to_char(regress.month(11), 'YYYY-MM'), 'M-11') $$;
CREATE FUNCTION regress.log() RETURNS TABLE (ago int, state text, partition text, misaligned boolean) LANGUAGE sql STABLE AS $$
    SELECT b, p.state, regress.tidy(p.partition), p.misaligned FROM llmspell.event_log_partition_list() p JOIN generate_series(10, 12) b ON regress.month(b) = p.month ORDER BY 1, 2, 3 $$;
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = 'events-retention';
SET TimeZone = 'Asia/Kathmandu';
SELECT count(*) FROM llmspell.event_append_many((SELECT jsonb_agg(jsonb_build_object('event_type', 'old', 'payload', b, 'at', regress.month(b) + interval '10 days')) FROM generate_series(10, 12) b));
SELECT * FROM regress.log();
-- archive and attach: the rows are not read meanwhile, and come back; nothing is lost on the way
SELECT regress.tidy(llmspell.event_log_archive(regress.month(11) + 3));
SELECT payload FROM llmspell.event_list('old', newest_first => false);
SELECT ago, state, partition FROM regress.log();
SELECT relowner::regrole, relrowsecurity, relforcerowsecurity, relacl, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes, (SELECT count(*) FROM llmspell_internal._wall_faults(c.oid)) AS faults
FROM pg_class c WHERE relnamespace = 'llmspell_archive'::regnamespace AND relkind = 'r';
SELECT * FROM llmspell.verify() WHERE component <> 'isolation';
SELECT row_count FROM llmspell.tenant_stats('events-retention') WHERE table_name LIKE 'llmspell_archive.%';
SELECT regress.tidy(llmspell.event_log_attach(regress.month(11)));
SELECT payload FROM llmspell.event_list('old', newest_first => false);
SELECT relowner::regrole, relrowsecurity, relforcerowsecurity, relacl, relispartition, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes, (SELECT count(*) FROM llmspell_internal._wall_faults(c.oid)) AS faults
FROM pg_class c WHERE oid = format('llmspell.event_log_%s', to_char(regress.month(11), 'YYYY_MM'))::regclass;
-- an archived or detached month does not keep the month from being made again; then it cannot come back, and is said to be there
SELECT regress.tidy(llmspell.event_log_archive(regress.month(11)));
SELECT created FROM llmspell.event_append('old', '111', at => regress.month(11) + interval '1 day');
SELECT regress.tidy(regress.try(format('SELECT llmspell.event_log_attach(%L)', regress.month(11))));
SELECT regress.tidy(llmspell.event_log_archive(regress.month(11)));
SELECT ago, state, partition FROM regress.log();
SELECT regress.tidy(llmspell.event_log_attach(regress.month(11)));
-- retention as data
SELECT llmspell.event_log_retention_set('10 months 20 days', 'detach');
SELECT keep, mode, updated_at <= now() AS updated FROM llmspell.event_log_retention_get();
SELECT regress.tidy(detail) FROM llmspell.maintenance_run() WHERE task = 'event retention';
SELECT ago, state, partition FROM regress.log();
SELECT created FROM llmspell.event_append('old', '112', at => regress.month(12) + interval '1 day');
SELECT ago, state, partition FROM regress.log();
SELECT llmspell.event_log_retention_set('10 months 20 days');
SELECT regress.tidy(detail) FROM llmspell.maintenance_run() WHERE task = 'event retention';
SELECT ago, state, partition FROM regress.log();
SELECT llmspell.event_log_retention_set(NULL);
SELECT count(*) FROM llmspell.event_log_retention_get();
-- the guide's clean-up: a line for each month, never the current one
SELECT regress.tidy(llmspell.cleanup_old_event_log_partitions(regress.month(9) + interval '5 days')::text);
SELECT llmspell.cleanup_old_event_log_partitions(regress.month(9) + interval '5 days');
SELECT count(*) FROM llmspell.event_log_partition_list() p WHERE p.month >= regress.month(0) AND p.state = 'attached' AND regress.try(format('SELECT llmspell.event_log_archive(%L)', p.month)) LIKE '22008 |%';
BEGIN;
SELECT cardinality(llmspell.cleanup_old_event_log_partitions(now())) >= 1 AS answered, count(*) FROM llmspell.event_log_partition_list() p WHERE p.month = regress.month(0) AND p.state = 'attached';
ROLLBACK;
-- pages
WITH RECURSIVE pages AS (
    SELECT 0 AS n, NULL::text AS after, NULL::text AS partition
    UNION ALL SELECT n + 1, l.cursor, l.partition FROM pages p CROSS JOIN LATERAL llmspell.event_log_partition_list(1, p.after) l)
SELECT (SELECT array_agg(partition ORDER BY n) FROM pages WHERE n > 0) = (SELECT array_agg(partition) FROM llmspell.event_log_partition_list()) AS same;
SELECT regress.try('SELECT FROM llmspell.event_log_partition_list(-1)'), regress.try('SELECT FROM llmspell.event_log_partition_list(after => ''x'')');
-- past events are imported into months outside the window; only by the operator
SELECT count(*) FILTER (WHERE created) FROM llmspell.event_import('[{"event_type": "past", "payload": 1, "at": "2009-05-31T23:59:59Z", "event_id": "00000000-0000-7000-8000-000000000051"}, {"event_type": "past", "payload": 2, "at": "2009-06-01T00:00:00Z"}]');
SELECT count(*) FILTER (WHERE created) FROM llmspell.event_import('[{"event_type": "past", "payload": 1, "at": "2009-05-31T23:59:59Z", "event_id": "00000000-0000-7000-8000-000000000051"}]');
SELECT payload, at AT TIME ZONE 'UTC' AS at FROM llmspell.event_list('past');
SELECT month, state, misaligned FROM llmspell.event_log_partition_list(3);
SELECT v, regress.try(format('SELECT FROM llmspell.event_import(%L)', v)) FROM unnest(ARRAY[NULL, '{}', '[{"event_type": "x", "payload": 1}]', '[{"event_type": "x", "payload": 1, "at": "1969-12-31T23:59:59Z"}]', '[{"event_type": "x", "payload": 1, "at": "infinity"}]',
    '[{"event_type": "x", "payload": 1, "at": "2999-01-01"}]', '[{"event_type": "x", "at": "2009-05-01"}]', '[1]']) v;
-- a view of a month, which anybody can make, keeps that month alone, and the report says whose it is
SET SESSION AUTHORIZATION regress_app;
SELECT regress.try('CREATE TEMP VIEW holds AS SELECT 1 AS n FROM llmspell.event_log_2009_05');
SET SESSION AUTHORIZATION regress_admin;
SELECT regexp_replace(llmspell.cleanup_old_event_log_partitions('2009-07-01')::text, 'pg_temp_\d+', 'pg_temp');
SELECT llmspell.event_log_retention_set('10 years');
SELECT regexp_replace(detail, 'pg_temp_\d+', 'pg_temp') FROM llmspell.maintenance_run() WHERE task = 'event retention';
SELECT llmspell.event_log_retention_set(NULL);
SET SESSION AUTHORIZATION regress_app;
DROP VIEW holds;
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.cleanup_old_event_log_partitions('2009-07-01');
-- bad values: nothing is dropped, nothing is set
CREATE TEMP TABLE before AS SELECT month, partition, state FROM llmspell.event_log_partition_list();
SELECT v, regress.try(format('SELECT llmspell.cleanup_old_event_log_partitions(%L)', v)) FROM unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 00:00:00+00', '9999-01-01 00:00:00+00']) v;
SELECT v, regress.try(format('SELECT llmspell.event_log_retention_set(%L)', v)) FROM unnest(ARRAY['-1 day', '0', 'infinity', '-infinity', '1000000 years', '-12 months 361 days', '-178000000 years', '1 minute', '100 years']) v;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT llmspell.event_log_retention_set(''1 year'', ''shred'')']) s;
SELECT f, v, regress.try(format('SELECT llmspell.%s(%L)', f, v)) FROM unnest(ARRAY['event_log_archive', 'event_log_attach']) f, unnest(ARRAY[NULL, 'infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '1980-05-05']) v;
SELECT count(*) FROM (TABLE before EXCEPT SELECT month, partition, state FROM llmspell.event_log_partition_list()) AS lost;
-- not for the application
SET SESSION AUTHORIZATION regress_app;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT llmspell.event_log_retention_set(''1 year'')', 'SELECT llmspell.event_log_archive(''2026-01-01'')', 'SELECT llmspell.event_log_attach(''2026-01-01'')',
    'SELECT llmspell.cleanup_old_event_log_partitions(now())', 'SELECT FROM llmspell.event_log_partition_list()', 'SELECT FROM llmspell.event_log_retention_get()', 'SELECT FROM llmspell.event_import(''[]'')', 'SELECT FROM llmspell.maintenance_run()', 'SELECT FROM llmspell.maintenance_step()', 'SELECT FROM llmspell.maintenance_status()',
    'SELECT FROM llmspell.health_check()', 'SELECT FROM llmspell.health_transactions', 'SELECT llmspell_internal._event_log_retain(1)', 'SELECT llmspell_internal._event_log_alter(''x'')']) s;
RESET SESSION AUTHORIZATION;
-- a month attached by hand with bounds of its own, and gaps
CREATE TABLE llmspell.event_log_by_hand (LIKE llmspell.event_log INCLUDING ALL);
ALTER TABLE llmspell.event_log ATTACH PARTITION llmspell.event_log_by_hand FOR VALUES FROM ('2020-03-02 05:00:00+00') TO ('2020-04-02 05:00:00+00');
SELECT month, partition, state, misaligned FROM llmspell.event_log_partition_list(1000) WHERE month BETWEEN '2020-01-01' AND '2020-05-01';
SELECT regexp_replace(value, '\d+ missing', 'N missing'), ok FROM llmspell.health_check() WHERE item = 'months ahead';
