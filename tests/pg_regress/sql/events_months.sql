-- Months of the event log: UTC whatever the TimeZone, made once, inside the window, behind the wall.
\i `echo $PG_ABS_SRCDIR/begin.psql`
CREATE TEMP TABLE bounds (zone text, name text, bound text);
GRANT ALL ON bounds TO regress_app;
CREATE TEMP VIEW months AS
    SELECT c.relname::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'llmspell.event_log'::regclass;
GRANT SELECT ON months TO regress_app;
SET SESSION AUTHORIZATION regress_app;
-- the same months, made from each TimeZone
BEGIN;
SET LOCAL TimeZone = 'Pacific/Kiritimati';
SELECT cardinality(llmspell.ensure_future_event_log_partitions());
SET LOCAL TimeZone = 'America/New_York';
SELECT bool_and(t LIKE 'SKIPPED: Partition event_log_% already exists') AS skipped, count(*) FROM unnest(llmspell.ensure_future_event_log_partitions()) t;
SET LOCAL DateStyle = 'German';
SELECT bool_and(t LIKE 'SKIPPED: %') AS skipped FROM unnest(llmspell.ensure_future_event_log_partitions()) t;
SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO';
SELECT count(*), bool_and(bound ~ '^FOR VALUES FROM \(''\d{4}-\d\d-01 00:00:00\+00''\) TO \(''\d{4}-\d\d-01 00:00:00\+00''\)$') AS aligned FROM months
WHERE name >= to_char(now() AT TIME ZONE 'UTC', '"event_log_"YYYY_MM');
COMMIT;
DO $$
DECLARE
    v_zone text;
    v_first date := date_trunc('month', now() AT TIME ZONE 'UTC') - interval '20 months';
BEGIN
    FOREACH v_zone IN ARRAY ARRAY['UTC', 'America/New_York', 'Asia/Tokyo', 'Asia/Kathmandu', 'Pacific/Kiritimati'] LOOP
        BEGIN
            PERFORM set_config('TimeZone', v_zone, true);
            PERFORM llmspell.create_event_log_partition(v_first, (v_first + interval '1 month')::date);
            PERFORM llmspell.create_event_log_partition((v_first + interval '1 month') AT TIME ZONE 'UTC', (v_first + interval '2 months') AT TIME ZONE 'UTC');
            PERFORM set_config('TimeZone', 'UTC', true);
            INSERT INTO bounds SELECT v_zone, name, bound FROM months WHERE name IN (to_char(v_first, '"event_log_"YYYY_MM'), to_char(v_first + interval '1 month', '"event_log_"YYYY_MM'));
            RAISE SQLSTATE 'RG000';
        EXCEPTION WHEN SQLSTATE 'RG000' THEN NULL;
        END;
    END LOOP;
END
$$;
SELECT name <> '' AS two_months, count(DISTINCT bound) AS bounds, count(*) AS zones, min(bound) LIKE 'FOR VALUES FROM (''____-__-01 00:00:00+00'') TO (''____-__-01 00:00:00+00'')' AS aligned FROM bounds GROUP BY name;
SET TimeZone = 'UTC';
SELECT regexp_replace(llmspell.create_event_log_partition(date_trunc('month', now()), date_trunc('month', now()) + interval '1 month'), '\d{4}_\d\d', 'YYYY_MM');
-- not a month, and outside the window
SELECT regress.try(format('SELECT llmspell.create_event_log_partition(%L, %L)', a, b)) FROM (VALUES
    (NULL, '2026-01-01'), ('2026-01-01', NULL), ('2026-01-02', '2026-02-01'), ('2026-01-01', '2026-03-01'), ('2026-02-01', '2026-01-01'),
    ('infinity', 'infinity'), ('-infinity', '2026-01-01'), ('1999-01-01', '1999-02-01'), ('9999-01-01', '9999-02-01')) AS v (a, b);
SET llmspell.event_log_months_back = 1200;
-- each month has its own keys, indexes and wall, and is closed to the app role
RESET SESSION AUTHORIZATION;
SELECT DISTINCT replace(i.indexdef, c.relname, 'M') FROM pg_class c JOIN pg_inherits h ON h.inhrelid = c.oid JOIN pg_indexes i ON i.tablename = c.relname
WHERE h.inhparent = 'llmspell.event_log'::regclass ORDER BY 1;
SELECT DISTINCT c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.relacl, (SELECT count(*) FROM llmspell_internal._wall_faults(c.oid)) AS faults
FROM pg_class c JOIN pg_inherits h ON h.inhrelid = c.oid WHERE h.inhparent = 'llmspell.event_log'::regclass;
SELECT count(*) AS members FROM pg_inherits h JOIN pg_depend d ON d.objid = h.inhrelid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass WHERE h.inhparent = 'llmspell.event_log'::regclass;
SELECT count(*) AS indexes_of_parent FROM pg_index WHERE indrelid = 'llmspell.event_log'::regclass;
-- a relation in the way is said, not overwritten, and keeps no month from being made
BEGIN;
SET LOCAL client_min_messages = error;
DO $$
DECLARE
    v_month date := date_trunc('month', now() AT TIME ZONE 'UTC') - interval '23 months';
BEGIN
    EXECUTE format('CREATE TABLE llmspell.%I ()', to_char(v_month, '"event_log_"YYYY_MM'));
    RAISE INFO '%', regexp_replace(llmspell.create_event_log_partition(v_month, (v_month + interval '1 month')::date), '\d{4}_\d\d(.*) \[.*', 'YYYY_MM\1');
    RAISE INFO '%', (SELECT count(*) FROM llmspell_internal._event_log_months() m WHERE m.month = v_month);
END
$$;
ROLLBACK;
