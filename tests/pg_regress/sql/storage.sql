-- One key space over the stores.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'storage';
SELECT llmspell.storage_set_many(ARRAY['agent:chat:x', 'custom:workflow_q:state', 'session:00000000-0000-0000-0000-000000000009', 'other', 'session:notauuid'],
    ARRAY['{"a": 1}', '{"status": "Running", "workflow_state": {"current_step": 3}}', '{"metadata": {"status": "Completed", "created_at": "2026-11-01T00:00:00Z"}, "config": {"retention_days": 36500}}', '\x00ff', 'kv']::bytea[]);
SELECT key, encode(value, 'escape') AS value FROM llmspell.storage_get_many(ARRAY['agent:chat:x', 'agent:talk:x', 'custom:workflow_q:state', 'session:00000000-0000-0000-0000-000000000009', 'other', 'other', 'absent']);
SELECT agent_type, version FROM llmspell.agent_state_get('x');
SELECT status, current_step FROM llmspell.workflow_get('q');
SELECT status, created_at = '2026-11-01T00:00:00Z' AS created, expires_at > now() AS lives FROM llmspell.session_get('00000000-0000-0000-0000-000000000009');
SELECT key FROM llmspell.kv_list();
-- a wrong agent type finds nothing
SELECT llmspell.storage_get('agent:talk:x') IS NULL AS get, llmspell.storage_exists('agent:talk:x'), llmspell.storage_delete('agent:talk:x');
SELECT regress.try(format('SELECT llmspell.storage_get(%L)', k)) FROM unnest(ARRAY[NULL, 'agent:chat', 'agent:chat:x:y', 'custom:workflow_q', 'custom:workflow_q:checkpoint']) WITH ORDINALITY u (k, n) ORDER BY n;
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.storage_set('agent:talk:x', '{}')$$, $$SELECT llmspell.storage_set('agent:chat:x', 'no json')$$, $$SELECT llmspell.storage_set('agent:chat:x', '\xff')$$,
    $$SELECT llmspell.storage_set('agent:chat:x', '"\u0000"')$$, $$SELECT llmspell.storage_set('k', NULL)$$,
    $$SELECT llmspell.storage_set_many(ARRAY['fine', 'agent:bad'], ARRAY['1', '2']::bytea[])$$, $$SELECT llmspell.storage_set_many(ARRAY['a', 'a'], ARRAY['1', '2']::bytea[])$$,
    $$SELECT llmspell.storage_set_many(ARRAY['a'], ARRAY['1', '2']::bytea[])$$]) s;
SELECT llmspell.storage_exists('fine') AS anything_kept;
-- metadata stays when a value is set anew
SELECT version FROM llmspell.kv_set('other', 'x', '{"m": 1}');
SELECT llmspell.storage_set('other', 'y');
SELECT metadata FROM llmspell.kv_get('other');
-- rows that no key leads to are not listed
SELECT count(*) FROM llmspell.agent_state_save('a:b', 'chat', '{}');
SELECT count(*) FROM llmspell.kv_set('agent:chat:x', 'shadow');
SELECT key FROM llmspell.storage_list('agent:');
SELECT key FROM llmspell.storage_list('session:');
SELECT key FROM llmspell.storage_list('session:', 1, after => 'session:00000000-0000-0000-0000-000000000009');
SELECT key FROM llmspell.storage_list('custom:workflow_');
SELECT key FROM llmspell.storage_list();
SELECT llmspell.storage_delete_many(ARRAY['agent:chat:x', 'other', 'absent']);
SELECT * FROM llmspell.storage_clear() ORDER BY 1;
