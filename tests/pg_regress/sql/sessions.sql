-- Sessions: expiry, versions, retention; reads write nothing.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'sessions';
SELECT session_id IS NOT NULL AS has_id, version, created FROM llmspell.session_create();
SELECT session_id, version, created FROM llmspell.session_create('00000000-0000-0000-0000-000000000001', '{"a": 1}', ttl => '1 hour');
SELECT state, status, version, artifact_count, expires_at > now() AS lives FROM llmspell.session_get('00000000-0000-0000-0000-000000000001');
SELECT * FROM llmspell.session_update('00000000-0000-0000-0000-000000000001', '{"a": 2}', expected_version => 1);
SELECT * FROM llmspell.session_update('00000000-0000-0000-0000-000000000001', status => 'Archived', expires_at => 'infinity');
SELECT state, status, version, expires_at FROM llmspell.session_get('00000000-0000-0000-0000-000000000001');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.session_create('00000000-0000-0000-0000-000000000001')$$, 
    $$SELECT llmspell.session_create(ttl => '1 hour', expires_at => now())$$, $$SELECT llmspell.session_create(ttl => '-1 hour')$$, $$SELECT llmspell.session_create(ttl => '1000000 years')$$,
    $$SELECT llmspell.session_update('00000000-0000-0000-0000-000000000001', expected_version => 1)$$, $$SELECT llmspell.session_update('00000000-0000-0000-0000-000000000001', status => 'x')$$,
    $$SELECT llmspell.session_update('00000000-0000-0000-0000-00000000ffff')$$, $$SELECT llmspell.session_update('00000000-0000-0000-0000-00000000ffff', expected_version => 3)$$,
    $$SELECT llmspell.session_get(NULL)$$, $$SELECT llmspell.session_update(NULL)$$, $$SELECT llmspell.session_list(after => '00000000-0000-0000-0000-00000000ffff')$$]) s;
SELECT llmspell.session_archive('00000000-0000-0000-0000-000000000001') AS again, llmspell.session_archive('00000000-0000-0000-0000-00000000ffff') AS absent;
-- an access is recorded to a minute
SELECT llmspell.session_touch('00000000-0000-0000-0000-000000000001');
SELECT version FROM llmspell.session_get('00000000-0000-0000-0000-000000000001');
UPDATE llmspell.sessions SET created_at = '2026-01-01', last_accessed_at = '2026-01-01' WHERE session_id = '00000000-0000-0000-0000-000000000001';
SELECT llmspell.session_touch('00000000-0000-0000-0000-000000000001', '2 hours');
SELECT last_accessed_at > now() - interval '1 minute' AS accessed, expires_at > now() + interval '1 hour' AS longer FROM llmspell.session_get('00000000-0000-0000-0000-000000000001');
-- lists
SELECT count(*) FROM llmspell.session_list();
SELECT session_id, status FROM llmspell.session_list('ARCHIVED');
SELECT cursor FROM llmspell.session_list() ORDER BY created_at LIMIT 1 \gset
SELECT count(*) FROM llmspell.session_list(after => :'cursor');
-- a cursor of a session that has gone
SELECT count(*) FROM generate_series(1, 3) n CROSS JOIN LATERAL llmspell.session_create(regress.id(100 + n), to_jsonb(n));
UPDATE llmspell.sessions SET created_at = '2025-06-01' WHERE session_id IN (regress.id(101), regress.id(102), regress.id(103));
SELECT cursor FROM llmspell.session_list() WHERE session_id = regress.id(102) \gset
SELECT llmspell.session_delete(regress.id(102)), llmspell.session_delete(regress.id(103));
SELECT session_id FROM llmspell.session_list(after => :'cursor');
SELECT llmspell.session_delete(regress.id(101));
-- expiry: invisible at once, marked by session_sweep, deleted as the tenant says
UPDATE llmspell.sessions SET expires_at = now() - interval '1 day' WHERE session_id = '00000000-0000-0000-0000-000000000001';
SELECT (SELECT count(*) FROM llmspell.session_get('00000000-0000-0000-0000-000000000001')) AS get, (SELECT count(*) FROM llmspell.session_get('00000000-0000-0000-0000-000000000001', true)) AS asked,
    (SELECT count(*) FROM llmspell.session_list()) AS list, (SELECT count(*) FROM llmspell.session_list('expired')) AS expired, llmspell.session_touch('00000000-0000-0000-0000-000000000001') AS touch;
SELECT status, sessions FROM llmspell.session_stats();
SELECT * FROM llmspell.session_sweep();
SELECT * FROM llmspell.session_sweep();
SELECT status FROM llmspell.session_get('00000000-0000-0000-0000-000000000001', true);
SELECT llmspell.session_retention_set('2 days');
SELECT * FROM llmspell.session_sweep();
SELECT llmspell.session_retention_set('1 hour');
SELECT * FROM llmspell.session_sweep();
SELECT llmspell.session_retention_get();
SELECT llmspell.session_retention_set(NULL);
SELECT llmspell.session_retention_get();
SELECT i, left(regress.try(format('SELECT llmspell.session_retention_set(%L)', i)), 40) AS keep, left(regress.try(format('SELECT llmspell.session_touch(regress.id(1), ttl => %L)', i)), 5) AS touch,
    left(regress.try(format('SELECT llmspell.session_create(ttl => %L)', i)), 5) AS create, left(regress.try(format('SELECT llmspell.session_update(regress.id(1), ttl => %L)', i)), 5) AS update
FROM unnest(ARRAY['-12 months 361 days', '0', '-1 day', 'infinity', '200000 years', '1000000 years']) WITH ORDINALITY u (i, n) ORDER BY n;
-- an end without an expiry is one for retention too, and a later expiry undoes it
SELECT count(*) FROM llmspell.session_create('00000000-0000-0000-0000-000000000002');
SELECT count(*) FROM llmspell.session_update('00000000-0000-0000-0000-000000000002', status => 'expired');
SELECT status, expires_at IS NOT NULL AS ended FROM llmspell.session_get('00000000-0000-0000-0000-000000000002', true);
SELECT llmspell.session_archive('00000000-0000-0000-0000-000000000002') AS archived;
SELECT count(*) FROM llmspell.session_update('00000000-0000-0000-0000-000000000002', ttl => '1 hour');
SELECT status FROM llmspell.session_get('00000000-0000-0000-0000-000000000002');
SELECT llmspell.session_delete(session_id), llmspell.session_delete(session_id) FROM llmspell.session_list();
SELECT count(*) FROM llmspell.sessions;
-- names, subjects, titles
SELECT version, created FROM llmspell.session_create(name => 'chat 42', subject => 'ada', title => 'Trip', state => '{"n": 1}');
SELECT name, state, subject, title FROM llmspell.session_get(name => 'chat 42');
SELECT version FROM llmspell.session_update(name => 'chat 42', state => '{"n": 2}', title => 'Trip to Rome', expected_version => 1);
SELECT state, title, subject, version FROM llmspell.session_get(name => 'chat 42');
SELECT llmspell.session_touch(name => 'chat 42', ttl => '1 hour'), llmspell.session_touch(name => 'absent');
SELECT session_id IS NOT NULL AS made, created FROM generate_series(1, 3) n CROSS JOIN LATERAL llmspell.session_create(regress.id(n), name => 'bob ' || n, subject => 'bob', title => 'Trip to Rome', ttl => CASE n WHEN 3 THEN interval '1 hour' END);
UPDATE llmspell.sessions SET created_at = now() - interval '1 hour' * right(name, 1)::int, expires_at = CASE WHEN session_id = regress.id(3) THEN now() END WHERE subject = 'bob';
SELECT name FROM llmspell.session_list(subject => 'bob');
SELECT name FROM llmspell.session_list('expired', subject => 'bob');
SELECT name FROM llmspell.session_list(subject => 'bob', max_rows => 1, after => (SELECT cursor FROM llmspell.session_list(subject => 'bob', max_rows => 1)));
SELECT name, subject FROM llmspell.session_list(title => 'Trip to Rome');
SELECT name FROM llmspell.session_list(subject => 'ada', title => 'Trip');
SELECT name FROM llmspell.session_list('active', 'ada', 'Trip to Rome');
SELECT llmspell.session_archive(name => 'bob 1');
SELECT name FROM llmspell.session_list('archived');
SELECT regress.try('SELECT llmspell.' || f) FROM unnest(ARRAY[
    $$session_create(name => 'chat 42')$$, $$session_create(regress.id(1), name => 'other')$$, $$session_create(regress.id(9), name => 'bob 1')$$, $$session_create(name => repeat('x', 256))$$, $$session_create(subject => repeat('x', 256))$$,
    $$session_create(title => repeat('x', 256))$$, $$session_update(name => 'absent')$$, $$session_update(name => 'absent', expected_version => 2)$$, $$session_update(name => 'chat 42', expected_version => 1)$$,
    $$session_update(name => 'chat 42', title => repeat('x', 256))$$, $$session_get()$$, $$session_get(regress.id(1), name => 'bob 1')$$, $$session_delete(regress.id(1), 'bob 1')$$, $$session_touch()$$, $$session_archive()$$, $$session_delete()$$]) f;
SELECT llmspell.session_delete(name => 'chat 42'), llmspell.session_delete(name => 'chat 42');
SELECT count(*) FROM llmspell.session_get(name => 'chat 42');
-- what a sweep reads grows with what it does, also on statistics of a small table
DELETE FROM llmspell.sessions;
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, expires_at) SELECT 'sessions', regress.id(n), '{}', now() - interval '1 day' FROM generate_series(1, 30) n;
RESET SESSION AUTHORIZATION;
ALTER TABLE llmspell.sessions SET (autovacuum_enabled = false);
ANALYZE llmspell.sessions;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'sessions';
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, expires_at) SELECT 'sessions', regress.id(n), '{}', now() - interval '1 day' FROM generate_series(31, 20000) n;
SELECT llmspell.session_retention_set('1 hour');
SELECT pg_stat_force_next_flush();
SELECT idx_tup_fetch + seq_tup_read AS read FROM pg_stat_user_tables WHERE relid = 'llmspell.sessions'::regclass \gset
SELECT sum(expired) AS expired, sum(deleted) AS deleted FROM generate_series(1, 10) n CROSS JOIN LATERAL llmspell.session_sweep(1000 + n * 0);
SELECT * FROM llmspell.session_sweep(20000);
SELECT pg_stat_force_next_flush();
SELECT idx_tup_fetch + seq_tup_read - :read < 20 * 20000 AS linear FROM pg_stat_user_tables WHERE relid = 'llmspell.sessions'::regclass;
