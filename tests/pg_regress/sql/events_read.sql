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
LEFT JOIN LATERAL llmspell.events_by_type(p, max_rows => 1000) ON true GROUP BY p ORDER BY p COLLATE "C";
-- half-open, newest and oldest first
SELECT count(*), min((payload ->> 'n')::int), max((payload ->> 'n')::int) FROM llmspell.events_by_time(date_trunc('month', now()) + interval '10 minutes', date_trunc('month', now()) + interval '20 minutes');
SELECT array_agg(payload ->> 'n') FROM llmspell.events_by_time(date_trunc('month', now()), date_trunc('month', now()) + interval '5 minutes');
SELECT array_agg(payload ->> 'n') FROM llmspell.events_by_time(date_trunc('month', now()), date_trunc('month', now()) + interval '5 minutes', newest_first => false);
SELECT count(*) FROM llmspell.events_by_time('infinity', '-infinity');
-- pages meet without gap or overlap, both ways, through every function
DO $$
DECLARE
    v_way text; v_function text; v_seen int; v_distinct int; v_ordered boolean; v_ts timestamptz; v_id uuid; v_all uuid[]; v_times timestamptz[]; r record;
BEGIN
    FOR v_function, v_way IN SELECT f, w FROM unnest(ARRAY['events_by_time(', 'events_by_type(''agent*'', ', 'events_by_type(''agent.started'', ', 'events_search(''{"even": true}'', ', 'events_by_correlation(md5(''3'')::uuid, ']) f, unnest(ARRAY['true', 'false']) w LOOP
        v_all := '{}'; v_times := '{}'; v_ts := NULL; v_id := NULL;
        LOOP
            v_seen := 0;
            FOR r IN EXECUTE format('SELECT * FROM llmspell.%s ''-infinity'', ''infinity'', 7, %L, %L, %s)', v_function, v_ts, v_id, v_way) LOOP
                v_all := v_all || r.event_id; v_times := v_times || r.ts; v_ts := r.ts; v_id := r.event_id; v_seen := v_seen + 1;
            END LOOP;
            EXIT WHEN v_seen < 7;
        END LOOP;
        SELECT count(DISTINCT e) INTO v_distinct FROM unnest(v_all) e;
        v_ordered := v_times = (SELECT array_agg(t ORDER BY CASE WHEN v_way = 'true' THEN extract(epoch FROM -(t - 'epoch')) ELSE extract(epoch FROM t - 'epoch') END) FROM unnest(v_times) t);
        RAISE INFO '% newest first %: % rows, % distinct, in order %', v_function, v_way, cardinality(v_all), v_distinct, v_ordered;
    END LOOP;
END
$$;
-- by id and correlation
SELECT event_type, payload FROM llmspell.event_get(md5('2/5')::uuid);
SELECT count(*) FROM llmspell.event_get(md5('2/5')::uuid, since => now());
SELECT count(*), array_agg(DISTINCT (payload ->> 'n')::int % 7) FROM llmspell.events_by_correlation(md5('3')::uuid);
SELECT count(*) FROM llmspell.events_by_correlation(md5('3')::uuid, until => date_trunc('month', now()) - interval '2 months');
SELECT events, last_at - first_at < interval '6 months' AS span, payload_bytes > 0 AS bytes, by_type FROM llmspell.event_stats();
SELECT events FROM llmspell.event_stats(date_trunc('month', now()), date_trunc('month', now()) + interval '1 hour');
SELECT * FROM llmspell.event_stats('infinity');
-- another tenant sees nothing
BEGIN;
SET LOCAL app.current_tenant_id = 'events-read-2';
SELECT (SELECT count(*) FROM llmspell.events_by_time()), (SELECT count(*) FROM llmspell.events_by_type('*')), (SELECT count(*) FROM llmspell.event_get(md5('2/5')::uuid)),
    (SELECT count(*) FROM llmspell.events_by_correlation(md5('3')::uuid)), (SELECT count(*) FROM llmspell.events_search('{}', '-infinity', 'infinity')), (SELECT count(*) FROM llmspell.events_after()),
    (SELECT events FROM llmspell.event_stats());
ROLLBACK;
-- refused
SELECT regress.try(s) FROM unnest(ARRAY['SELECT FROM llmspell.events_by_type(NULL)', 'SELECT FROM llmspell.events_by_type(repeat(''x'', 256))', 'SELECT FROM llmspell.events_by_time(max_rows => -1)',
    'SELECT FROM llmspell.events_by_time(max_rows => NULL)', 'SELECT FROM llmspell.events_by_time(after_ts => now())', 'SELECT FROM llmspell.events_by_time(newest_first => NULL)', 'SELECT FROM llmspell.events_search(NULL, now(), now())',
    'SELECT FROM llmspell.events_search(''{}'', NULL, now())', 'SELECT FROM llmspell.event_get(NULL)', 'SELECT FROM llmspell.events_by_correlation(NULL)', 'SELECT FROM llmspell.events_by_correlation(gen_random_uuid(), max_rows => -1)',
    'SELECT FROM llmspell.stream_read(NULL)', 'SELECT FROM llmspell.stream_read(''s'', NULL)']) s;
-- every read works in a transaction that may not write
BEGIN READ ONLY;
SELECT (SELECT count(*) FROM llmspell.events_by_time()) > 0 AS t, (SELECT count(*) FROM llmspell.events_after()) > 0 AS f, (SELECT held_events FROM llmspell.event_feed_lag()), (SELECT count(*) FROM llmspell.stream_read('s'));
COMMIT;
-- plans: within a month its index alone, whatever the plan is made for
RESET SESSION AUTHORIZATION;
INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
SELECT 'events-read-others', md5('other' || n)::uuid, 'agent.' || n, md5('other' || n)::uuid, date_trunc('month', now()) + n * interval '1 second', n, 'sql', '{}' FROM generate_series(1, 5000) n;
VACUUM ANALYZE llmspell.event_log;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'events-read';
CREATE FUNCTION regress.months(statement text) RETURNS TABLE (kind text, months bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_line text;
    v_lines text[];
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || statement LOOP
        v_lines := v_lines || v_line;
    END LOOP;
    RETURN QUERY SELECT coalesce(substring(l, '_(feed_idx|id_idx|type_idx|correlation_idx|stream_idx|pkey) '), 'no index'), count(*)
    FROM unnest(v_lines) l WHERE l LIKE '%Scan%on event_log_%' AND l NOT LIKE '%never executed%' GROUP BY 1;
END
$$;
SET plan_cache_mode = force_generic_plan;
PREPARE by_type(text, text, timestamptz, timestamptz) AS SELECT * FROM llmspell.event_log l WHERE l.tenant_id = $1 AND l.event_type = $2 AND l.timestamp >= $3 AND l.timestamp < $4 ORDER BY l.timestamp DESC, l.event_id DESC LIMIT 10;
PREPARE by_time(text, timestamptz, timestamptz) AS SELECT * FROM llmspell.event_log l WHERE l.tenant_id = $1 AND l.timestamp >= $2 AND l.timestamp < $3 ORDER BY l.timestamp DESC, l.event_id DESC LIMIT 10;
PREPARE by_id(text, uuid, timestamptz, timestamptz) AS SELECT * FROM llmspell.event_log l WHERE l.tenant_id = $1 AND l.event_id = $2 AND l.timestamp >= $3 AND l.timestamp < $4 ORDER BY l.timestamp LIMIT 1;
PREPARE feed(text, int, xid8, bigint, int, xid8) AS SELECT * FROM llmspell.event_log l WHERE l.tenant_id = $1 AND (l.feed_epoch, l.feed_xid, l.feed_pos) > ($2, $3, $4) AND (l.feed_epoch, l.feed_xid) < ($5, $6) ORDER BY l.feed_epoch, l.feed_xid, l.feed_pos LIMIT 10;
SELECT * FROM regress.months(format('EXECUTE by_type(''events-read'', ''agent.failed'', %L, %L)', date_trunc('month', now()), now()));
SELECT * FROM regress.months(format('EXECUTE by_time(''events-read'', %L, %L)', date_trunc('month', now()), now()));
SELECT * FROM regress.months(format('EXECUTE by_id(''events-read'', %L, %L, %L)', md5('0/1'), date_trunc('month', now()), now()));
SELECT kind, months > 5 AS all_months FROM regress.months('EXECUTE feed(''events-read'', 0, ''3'', 0, 99, ''99999999'')');
