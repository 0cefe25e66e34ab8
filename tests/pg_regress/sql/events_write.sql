-- Appending: defaults, idempotency, batches, whole event objects, streams, and what is refused.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'events-write';
SET TimeZone = 'UTC';
-- defaults
SELECT substr(event_id::text, 15, 1) AS uuid_version, sequence = (extract(epoch FROM at) * 1000000)::bigint AS sequence_is_time, created,
    at BETWEEN now() AND clock_timestamp() AS at_is_now
FROM llmspell.event_append('a.b', '{"n": 1}');
SELECT event_type, correlation_id = event_id AS own_correlation, language, payload, feed_epoch > 0 AS has_epoch, feed_pos, stream FROM llmspell.event_log;
-- a given id is written once; the first one is returned
SELECT created FROM llmspell.event_append('a.b', '1', event_id => '00000000-0000-7000-8000-000000000001', sequence => 5);
SELECT event_id, sequence, created FROM llmspell.event_append('x.y', '2', event_id => '00000000-0000-7000-8000-000000000001', sequence => 6);
SELECT count(*), min(payload::text) FROM llmspell.event_log WHERE event_id = '00000000-0000-7000-8000-000000000001';
-- beyond the window it is another event; raw clients are unique by id and time only
SELECT created FROM llmspell.event_append('a.b', '3', event_id => '00000000-0000-7000-8000-000000000001', at => now() - interval '8 days');
SET llmspell.event_dedup_window = '30d';
SELECT created, payload FROM llmspell.event_append('a.b', '4', event_id => '00000000-0000-7000-8000-000000000001', at => now() - interval '20 days') a
JOIN llmspell.event_log l ON l.event_id = a.event_id AND l.timestamp = a.at;
RESET llmspell.event_dedup_window;
INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
VALUES ('events-write', '00000000-0000-7000-8000-000000000002', 'raw', gen_random_uuid(), now(), 1, 'rust', '{}'),
       ('events-write', '00000000-0000-7000-8000-000000000002', 'raw', gen_random_uuid(), now() + interval '1 second', 1, 'rust', '{}');
SELECT regress.try($$SELECT FROM llmspell.event_append('raw', '{}', event_id => '00000000-0000-7000-8000-000000000002', at => '$$ || timestamp || $$')$$) FROM llmspell.event_log WHERE event_type = 'raw' ORDER BY timestamp LIMIT 1;
-- another tenant may use the same id
BEGIN;
SET LOCAL app.current_tenant_id = 'events-write-2';
SELECT created FROM llmspell.event_append('a.b', '1', event_id => '00000000-0000-7000-8000-000000000001');
ROLLBACK;
-- batches: order kept, repeats within and against what is there, one transaction
SELECT substr(event_id::text, 1, 8) = '00000000' AS given, created FROM llmspell.event_append_many('[
    {"event_type": "m.1", "payload": {"n": 1}, "event_id": "00000000-0000-7000-8000-000000000011"},
    {"event_type": "m.2", "payload": {}, "sequence": 7, "language": "lua"},
    {"event_type": "m.3", "payload": [], "event_id": "00000000-0000-7000-8000-000000000011"},
    {"event_type": "m.4", "payload": 0, "event_id": "00000000-0000-7000-8000-000000000001"}]');
SELECT event_type, payload, sequence = 7 AS seven, language FROM llmspell.event_log WHERE event_type LIKE 'm.%' ORDER BY event_type;
SELECT count(*), count(DISTINCT event_id), bool_and(created), count(DISTINCT at) > 1 AS clock FROM llmspell.event_append_many((SELECT jsonb_agg(jsonb_build_object('event_type', 'big', 'payload', n)) FROM generate_series(1, 1000) n));
SELECT array_agg(payload::int ORDER BY feed_pos) = array_agg(payload::int ORDER BY payload::int) AS in_order, min(feed_pos), max(feed_pos) FROM llmspell.event_log WHERE event_type = 'big';
SELECT count(*) FROM llmspell.event_append_many('[]');
-- many given ids take one lock
SELECT count(*) FILTER (WHERE created) FROM llmspell.event_append_many((SELECT jsonb_agg(jsonb_build_object('event_type', 'ids', 'payload', n, 'event_id', md5(n::text)::uuid)) FROM generate_series(1, 500) n));
SELECT count(*) FILTER (WHERE created) FROM llmspell.event_append_many((SELECT jsonb_agg(jsonb_build_object('event_type', 'ids', 'payload', n, 'event_id', md5(n::text)::uuid)) FROM generate_series(400, 600) n));
-- whole objects
SELECT event_id, sequence, at, created FROM llmspell.event_store(jsonb_build_object('id', '00000000-0000-7000-8000-000000000021', 'event_type', 'guide.event', 'sequence', 9,
    'timestamp', date_trunc('month', now()), 'language', 'rust', 'metadata', '{"correlation_id": "00000000-0000-7000-8000-000000000022"}'::jsonb, 'more', true)) AS s (event_id, sequence, at, created)
WHERE at <> date_trunc('month', now());
SELECT correlation_id, sequence, language, payload ->> 'more' AS whole FROM llmspell.event_log WHERE event_type = 'guide.event';
SELECT f, regress.try(format('SELECT FROM llmspell.event_store(%L)', '{"id": "00000000-0000-7000-8000-000000000023", "event_type": "t", "sequence": 1, "timestamp": "2026-11-01T00:00:00Z", "language": "rust", "metadata": {"correlation_id": "00000000-0000-7000-8000-000000000022"}}'::jsonb #- f))
FROM (VALUES ('{id}'::text[]), ('{event_type}'), ('{metadata,correlation_id}'), ('{metadata}'), ('{timestamp}'), ('{sequence}'), ('{language}')) AS v (f);
SELECT regress.try($$SELECT FROM llmspell.event_store('{"id": "x", "event_type": "t", "sequence": 1, "timestamp": "now", "language": "rust", "metadata": {"correlation_id": "y"}}')$$);
SELECT regress.try($$SELECT FROM llmspell.event_store('[]')$$);
-- streams
SELECT llmspell.stream_append('s', '[{"event_type": "s.1", "payload": 1}, {"event_type": "s.2", "payload": 2}]', 0);
SELECT regress.try($$SELECT llmspell.stream_append('s', '[{"event_type": "s.3", "payload": 3}]', 0)$$);
SELECT regress.try($$SELECT llmspell.stream_append('s', '[{"event_type": "s.3", "payload": 3}]', 1)$$);
SELECT regress.try($$SELECT llmspell.stream_append('new', '[{"event_type": "s.3", "payload": 3}]', 1)$$);
SELECT regress.try($$SELECT llmspell.stream_append('s', '[]', 1)$$), llmspell.stream_append('s', '[]', 2), llmspell.stream_append('none', '[]'), llmspell.stream_append('none', '[]', 0);
SELECT llmspell.stream_append('s', '[{"event_type": "s.3", "payload": 3, "event_id": "00000000-0000-7000-8000-000000000031"}]', 2), llmspell.stream_append('s', '[{"event_type": "s.4", "payload": 4}]');
-- the same append again, after an answer that was lost, gives the same version; anything else that repeats an id does not
SELECT llmspell.stream_append('again', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "b", "payload": 2, "event_id": "00000000-0000-7000-8000-000000000042"}]', 0),
    llmspell.stream_append('again', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "b", "payload": 2, "event_id": "00000000-0000-7000-8000-000000000042"}]', 0),
    llmspell.stream_append('again', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "b", "payload": 2, "event_id": "00000000-0000-7000-8000-000000000042"}]');
SELECT s, e, regress.try(format('SELECT llmspell.stream_append(%L, %L, %L)', s, events, e)) FROM (VALUES
    ('again', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "c", "payload": 3, "event_id": "00000000-0000-7000-8000-000000000043"}]', NULL),
    ('again', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "c", "payload": 3}]', NULL),
    ('again', '[{"event_type": "b", "payload": 2, "event_id": "00000000-0000-7000-8000-000000000042"}, {"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}]', NULL),
    ('again', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "b", "payload": 2, "event_id": "00000000-0000-7000-8000-000000000042"}]', 1),
    ('other', '[{"event_type": "a", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000041"}, {"event_type": "b", "payload": 2, "event_id": "00000000-0000-7000-8000-000000000042"}]', NULL)) AS v (s, events, e);
SELECT stream_version, event_type, payload FROM llmspell.stream_read('again');
SELECT stream_version, event_type, payload FROM llmspell.stream_read('s');
-- a transaction takes no lock for an id, whatever it appends
BEGIN;
SELECT count(*) AS locks FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'tuple');
DO $$ BEGIN FOR n IN 1..1500 LOOP PERFORM llmspell.event_append('lock', '1', event_id => md5('lock' || n)::uuid); END LOOP; END $$;
SELECT count(*) FILTER (WHERE created) FROM llmspell.event_append_many((SELECT jsonb_agg(jsonb_build_object('event_type', 'lock', 'payload', n, 'event_id', md5('lock' || n))) FROM generate_series(1001, 3000) n));
SELECT count(*) AS locks FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('advisory', 'tuple');
SELECT count(*) < 1000 AS few FROM pg_locks WHERE pid = pg_backend_pid();
ROLLBACK;
-- what COPY could not write again is refused at once, however it comes
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT FROM llmspell.event_append('bomb', (SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000)))$$,
    $$SELECT FROM llmspell.event_append_many(jsonb_build_array(jsonb_build_object('event_type', 'bomb', 'payload', (SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000)))))$$,
    $$SELECT llmspell.stream_append('bomb', jsonb_build_array(jsonb_build_object('event_type', 'bomb', 'payload', (SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000)))))$$,
    $$SELECT FROM llmspell.event_append('bomb', (repeat('[', 1001) || repeat(']', 1001))::jsonb)$$,
    $$SELECT FROM llmspell.event_list(filter => (repeat('{"a":', 1001) || '1' || repeat('}', 1001))::jsonb)$$,
    $$INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload) VALUES (llmspell.current_tenant(), uuidv7(), 'bomb', uuidv7(), now(), 1, 'sql', (repeat('[', 1001) || repeat(']', 1001))::jsonb)$$]) s;
SELECT regress.try($$SELECT FROM llmspell.event_append('t', '{}')$$) FROM (SELECT set_config('transaction_read_only', 'on', true)) r;
SELECT stream_version, cursor FROM llmspell.stream_read('s', 1, '2');
-- bad values: nothing is stored, no month is made
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM llmspell.event_log) AS n, (SELECT count(*) FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass) AS months;
SELECT at, regress.try(format('SELECT FROM llmspell.event_append(''t'', ''{}'', at => %L)', at)) FROM unnest(ARRAY['infinity', '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59+00', '1970-01-01', '9999-12-31']) at;
SELECT at, regress.try(format('SELECT FROM llmspell.event_append_many(%L)', jsonb_build_array(jsonb_build_object('event_type', 't', 'payload', 1, 'at', at)))) FROM unnest(ARRAY['infinity', '-infinity', '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59+00', 'soon']) at;
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT FROM llmspell.event_append(NULL, '{}')$$, $$SELECT FROM llmspell.event_append('', '{}')$$, $$SELECT FROM llmspell.event_append('t', NULL)$$,
    $$SELECT FROM llmspell.event_append(repeat('t', 256), '{}')$$, $$SELECT FROM llmspell.event_append('t', '{}', language => repeat('t', 51))$$, 
    $$SELECT FROM llmspell.event_append_many(NULL)$$, $$SELECT FROM llmspell.event_append_many('{}')$$, $$SELECT FROM llmspell.event_append_many('[1]')$$,
    $$SELECT FROM llmspell.event_append_many('[{"event_type": "t", "payload": 1}, {"payload": 1}]')$$, $$SELECT FROM llmspell.event_append_many('[{"event_type": "t"}]')$$, $$SELECT FROM llmspell.event_append_many('[{"event_type": "t", "payload": null}]')$$,
    $$SELECT FROM llmspell.event_append_many('[{"event_type": "t", "payload": 1, "event_id": "00000000-0000-7000-8000-000000000001"}, {"event_type": "", "payload": 1}]')$$,
    $$SELECT FROM llmspell.event_append_many('[{"event_type": "", "payload": 1}]')$$, $$SELECT FROM llmspell.event_append_many('[{"event_type": "t", "payload": 1, "event_id": "x"}]')$$,
    $$SELECT FROM llmspell.event_append_many('[{"event_type": "t", "payload": 1, "language": ""}]')$$, $$SELECT FROM llmspell.event_store(NULL)$$,
    $$SELECT llmspell.stream_append(NULL, '[]')$$, $$SELECT llmspell.stream_append('', '[]')$$, $$SELECT llmspell.stream_append('s', NULL)$$, $$SELECT llmspell.stream_append('s', '{}')$$,
    $$SELECT llmspell.stream_append('s', '[]', -1)$$, $$SELECT llmspell.stream_append(repeat('s', 256), '[]')$$]) s;
SELECT n = (SELECT count(*) FROM llmspell.event_log) AS same_rows, months = (SELECT count(*) FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass) AS same_months FROM before;
