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
    $$SELECT llmspell.session_create('00000000-0000-0000-0000-000000000001')$$, $$SELECT llmspell.session_create(state => NULL)$$,
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
SELECT count(*) FROM llmspell.session_list(after => '00000000-0000-0000-0000-000000000001');
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
SELECT llmspell.session_retention_set(NULL), regress.try('SELECT llmspell.session_retention_set(''-1 day'')'), regress.try('SELECT llmspell.session_retention_set(''1000000 years'')');
-- an end without an expiry is one for retention too, and a later expiry undoes it
SELECT count(*) FROM llmspell.session_create('00000000-0000-0000-0000-000000000002');
SELECT count(*) FROM llmspell.session_update('00000000-0000-0000-0000-000000000002', status => 'expired');
SELECT status, expires_at IS NOT NULL AS ended FROM llmspell.session_get('00000000-0000-0000-0000-000000000002', true);
SELECT llmspell.session_archive('00000000-0000-0000-0000-000000000002') AS archived;
SELECT count(*) FROM llmspell.session_update('00000000-0000-0000-0000-000000000002', ttl => '1 hour');
SELECT status FROM llmspell.session_get('00000000-0000-0000-0000-000000000002');
SELECT llmspell.session_delete(session_id), llmspell.session_delete(session_id) FROM llmspell.session_list();
SELECT count(*) FROM llmspell.sessions;
