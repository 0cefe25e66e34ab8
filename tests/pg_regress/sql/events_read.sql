-- Reading events: patterns, pages, half-open times, and only the months that are asked for.
\i `echo $PG_ABS_SRCDIR/begin.psql`
RESET SESSION AUTHORIZATION;
SET TimeZone = 'UTC';
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'events-read';
SELECT count(llmspell.create_event_log_partition(date_trunc('month', now()) - make_interval(months => n), date_trunc('month', now()) - make_interval(months => n - 1))) FROM generate_series(0, 5) n;
INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
SELECT 'events-read', md5(m || '/' || n)::uuid, (ARRAY['agent.started', 'agent.failed', 'agentXstarted', 'tool%done', 'tool_done', E'tool\\done'])[n % 6 + 1], md5((n % 7)::text)::uuid,
    date_trunc('month', now()) - make_interval(months => m) + n * interval '1 minute', n, 'sql', jsonb_build_object('m', m, 'n', n, 'even', n % 2 = 0)
FROM generate_series(0, 5) m, generate_series(0, 59) n;
-- patterns: only * and ? are wild
SELECT p, count(*), array_agg(DISTINCT event_type) FROM unnest(ARRAY['agent.started', 'agent.*', 'agent?started', '*done', 'tool%done', 'tool_done', 'tool?done', E'tool\\*', '*', '', 'agent', '**a**']) p
LEFT JOIN LATERAL llmspell.event_list(p, max_rows => 1000) ON true GROUP BY p ORDER BY p COLLATE "C";
-- half-open, newest and oldest first
SELECT count(*), min((payload ->> 'n')::int), max((payload ->> 'n')::int) FROM llmspell.event_list(since => date_trunc('month', now()) + interval '10 minutes', until => date_trunc('month', now()) + interval '20 minutes');
SELECT array_agg(payload ->> 'n') FROM llmspell.event_list(since => date_trunc('month', now()), until => date_trunc('month', now()) + interval '5 minutes');
SELECT array_agg(payload ->> 'n') FROM llmspell.event_list(since => date_trunc('month', now()), until => date_trunc('month', now()) + interval '5 minutes', newest_first => false);
SELECT count(*) FROM llmspell.event_list(since => 'infinity', until => '-infinity');
-- pages meet without gap or overlap, both ways, by every index and filter
DO $$
DECLARE
    v_way text; v_filters text; v_seen int; v_distinct int; v_ordered boolean; v_cursor text; v_all uuid[]; v_times timestamptz[]; r record;
BEGIN
    FOR v_filters, v_way IN SELECT f, w FROM unnest(ARRAY['', 'pattern => ''agent*'', ', 'pattern => ''agent.started'', ', 'filter => ''{"even": true}'', ', 'correlation_id => md5(''3'')::uuid, ',
        'correlation_id => md5(''3'')::uuid, pattern => ''agent?started'', filter => ''{"even": false}'', ', 'since => ''-infinity'', until => now() - interval ''40 days'', pattern => ''*'', ']) f, unnest(ARRAY['true', 'false']) w LOOP
        v_all := '{}'; v_times := '{}'; v_cursor := NULL;
        LOOP
            v_seen := 0;
            FOR r IN EXECUTE format('SELECT * FROM llmspell.event_list(%s newest_first => %s, max_rows => 7, after => %L)', v_filters, v_way, v_cursor) LOOP
                v_all := v_all || r.event_id; v_times := v_times || r.at; v_cursor := r.cursor; v_seen := v_seen + 1;
            END LOOP;
            EXIT WHEN v_seen < 7;
        END LOOP;
        SELECT count(DISTINCT e) INTO v_distinct FROM unnest(v_all) e;
        v_ordered := v_times = (SELECT array_agg(t ORDER BY CASE WHEN v_way = 'true' THEN extract(epoch FROM -(t - 'epoch')) ELSE extract(epoch FROM t - 'epoch') END) FROM unnest(v_times) t);
        RAISE INFO '% newest first %: % rows, % distinct, in order %', v_filters, v_way, cardinality(v_all), v_distinct, v_ordered;
    END LOOP;
END
$$;
-- null is not given
SELECT count(*) FROM llmspell.event_list(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- by id and correlation
SELECT event_type, payload FROM llmspell.event_get(md5('2/5')::uuid);
SELECT count(*) FROM llmspell.event_get(md5('2/5')::uuid, since => now());
SELECT count(*), array_agg(DISTINCT (payload ->> 'n')::int % 7) FROM llmspell.event_list(correlation_id => md5('3')::uuid);
SELECT count(*) FROM llmspell.event_list(correlation_id => md5('3')::uuid, until => date_trunc('month', now()) - interval '2 months');
SELECT events, last_at - first_at < interval '6 months' AS span, payload_bytes > 0 AS bytes, by_type FROM llmspell.event_stats();
SELECT events FROM llmspell.event_stats(date_trunc('month', now()), date_trunc('month', now()) + interval '1 hour');
SELECT * FROM llmspell.event_stats('infinity');
-- another tenant sees nothing
BEGIN;
SET LOCAL app.current_tenant_id = 'events-read-2';
SELECT (SELECT count(*) FROM llmspell.event_list()), (SELECT count(*) FROM llmspell.event_list('*')), (SELECT count(*) FROM llmspell.event_get(md5('2/5')::uuid)),
    (SELECT count(*) FROM llmspell.event_list(correlation_id => md5('3')::uuid)), (SELECT count(*) FROM llmspell.event_list(filter => '{}')), (SELECT count(*) FROM llmspell.event_feed()),
    (SELECT events FROM llmspell.event_stats());
ROLLBACK;
-- refused
SELECT regress.try(s) FROM unnest(ARRAY['SELECT FROM llmspell.event_list(repeat(''x'', 256))', 'SELECT FROM llmspell.event_list(max_rows => -1)', 'SELECT FROM llmspell.event_list(after => ''x'')',
    'SELECT FROM llmspell.event_list(after => ''0/x'')', 'SELECT FROM llmspell.event_list(after => ''0000000001/00000000000000000001/0000000000000000001'')', 'SELECT FROM llmspell.event_list(filter => ''[]'')', 'SELECT FROM llmspell.event_list(filter => ''null'')',
    'SELECT FROM llmspell.event_get(NULL)', 'SELECT FROM llmspell.stream_read(NULL)', 'SELECT FROM llmspell.stream_read(repeat(''s'', 256))', 'SELECT FROM llmspell.stream_read(''s'', after => ''01'')',
    'SELECT FROM llmspell.stream_read(''s'', after => ''-1'')', 'SELECT FROM llmspell.stream_read(''s'', after => ''9999999999999999999'')', 'SELECT FROM llmspell.stream_read(''s'', -1)']) s;
-- every read works in a transaction that may not write
BEGIN READ ONLY;
SELECT (SELECT count(*) FROM llmspell.event_list()) > 0 AS t, (SELECT count(*) FROM llmspell.event_feed()) > 0 AS f, (SELECT held_events FROM llmspell.event_feed_lag()), (SELECT count(*) FROM llmspell.stream_read('s'));
COMMIT;
-- plans: within a month its index alone, whatever the plan is made for
RESET SESSION AUTHORIZATION;
INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
SELECT 'events-read-others', md5('other' || n)::uuid, 'agent.' || n, md5('other' || n)::uuid, date_trunc('month', now()) + n * interval '1 second', n, 'sql', '{}' FROM generate_series(1, 5000) n;
VACUUM ANALYZE llmspell.event_log;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'events-read';
-- the statements inside the functions: which indexes of how many months they open, and how many entries they read
CREATE FUNCTION regress.month_relations() RETURNS TABLE (oid oid, kind text, scans bigint, entries bigint) LANGUAGE sql AS $$
    SELECT c.oid, CASE c.relkind WHEN 'r' THEN 'no index' ELSE substring(c.relname, '_(feed_idx|id_idx|type_idx|correlation_idx|stream_idx|pkey)$') END,
        pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_returned(c.oid)
    FROM pg_inherits h JOIN LATERAL (SELECT h.inhrelid AS id UNION ALL SELECT x.indexrelid FROM pg_index x WHERE x.indrelid = h.inhrelid) r ON true JOIN pg_class c ON c.oid = r.id
    WHERE h.inhparent = 'llmspell.event_log'::regclass $$;
CREATE FUNCTION regress.probes(statement text) RETURNS TABLE (kind text, months bigint, entries bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_before jsonb := (SELECT jsonb_object_agg(p.oid, ARRAY[p.scans, p.entries]) FROM regress.month_relations() p);
BEGIN
    EXECUTE statement;
    RETURN QUERY
    SELECT p.kind, count(*), sum(p.entries - (v_before -> p.oid::text ->> 1)::bigint)::bigint FROM regress.month_relations() p
    WHERE p.scans > (v_before -> p.oid::text ->> 0)::bigint GROUP BY p.kind ORDER BY p.kind;
END
$$;
SELECT f AS filters, w AS newest_first, p.* FROM unnest(ARRAY['pattern => ''agent.failed''', 'pattern => ''agent.*''', 'correlation_id => md5(''3'')::uuid', 'filter => NULL', 'filter => ''{"even": true}''']) f, unnest(ARRAY['true', 'false']) w,
    LATERAL regress.probes(format('SELECT count(*) FROM llmspell.event_list(%s, since => date_trunc(''month'', now()), newest_first => %s, max_rows => 5)', f, w)) p;
-- a next page begins where the last one ended; without times the first month that fills the page is enough
SELECT p.* FROM llmspell.event_list(max_rows => 50) l, LATERAL regress.probes(format('SELECT count(*) FROM llmspell.event_list(max_rows => 5, after => %L)', l.cursor)) p WHERE l.payload @> '{"n": 20, "m": 0}';
SELECT p.* FROM regress.probes('SELECT count(*) FROM llmspell.event_get(md5(''0/1'')::uuid, since => date_trunc(''month'', now()))') p;
SELECT p.kind, p.months > 5 AS all_months FROM regress.probes('SELECT count(*) FROM llmspell.event_feed(10)') p;
