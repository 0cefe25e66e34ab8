-- An expired key does not exist, at once; sweeping only gives space back.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-expiry';
SELECT version, created FROM llmspell.kv_set('k', 'v', ttl => '1 hour');
SELECT version FROM llmspell.kv_set('k', 'v', ttl => '1 hour');
SELECT expires_at > now() + interval '59 minutes' AS later FROM llmspell.kv_get('k');
UPDATE llmspell.kv_store SET expires_at = now() - interval '1 second';
SELECT (SELECT count(*) FROM llmspell.kv_get('k')) AS get, (SELECT count(*) FROM llmspell.kv_get_many(ARRAY['k'])) AS get_many,
    llmspell.kv_exists('k') AS "exists", (SELECT count(*) FROM llmspell.kv_list()) AS list, llmspell.kv_count() AS count,
    (SELECT count(*) FROM llmspell.kv_store) AS in_table;
-- it counts as absent
SELECT regress.try($$SELECT llmspell.kv_set('k', 'x', expected_version => 3)$$), regress.try($$SELECT llmspell.kv_delete('k', 3)$$);
SELECT version, created FROM llmspell.kv_set('k', 'again', expected_version => 0);
UPDATE llmspell.kv_store SET expires_at = now() - interval '1 second';
SELECT version, created FROM llmspell.kv_set('k', 'again, with life');
SELECT expires_at FROM llmspell.kv_get('k');
UPDATE llmspell.kv_store SET expires_at = now() - interval '1 second';
SELECT llmspell.kv_delete('k') AS deleting_what_expired;
-- an upsert that knows nothing of expiry writes a key that lives; other changes do not revive it
SELECT count(*) FROM llmspell.kv_set_many(ARRAY['k', 'l'], ARRAY['1', '2']::bytea[], ttl => '1 hour');
UPDATE llmspell.kv_store SET expires_at = now() - interval '1 second';
INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES (llmspell.current_tenant(), 'k', 'new')
ON CONFLICT (tenant_id, key) DO UPDATE SET value = EXCLUDED.value, updated_at = now() RETURNING version, expires_at;
UPDATE llmspell.kv_store SET metadata = '{}' WHERE key = 'l';
SELECT llmspell.kv_sweep() AS swept, (SELECT value FROM llmspell.kv_get('k')) AS value;
UPDATE llmspell.kv_store SET version = version + 1, updated_at = '1999-01-01' RETURNING updated_at = now() AS kept;
SELECT llmspell.kv_delete_prefix('');
-- sweep
SELECT count(*) FROM llmspell.kv_set_many(ARRAY['a', 'b', 'c', 'd'], ARRAY['1', '2', '3', '4']::bytea[], ttl => '1 hour');
SELECT llmspell.kv_sweep();
UPDATE llmspell.kv_store SET expires_at = now() - interval '1 second' WHERE key < 'd';
SELECT llmspell.kv_sweep(2), llmspell.kv_sweep(), llmspell.kv_sweep();
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.kv_set('k', 'v', ttl => '0')$$, $$SELECT llmspell.kv_set('k', 'v', ttl => '-1 day')$$,
    $$SELECT llmspell.kv_set('k', 'v', ttl => '-12 months 361 days')$$,
    $$SELECT llmspell.kv_set('k', 'v', ttl => '1000000 years')$$, $$SELECT llmspell.kv_sweep(-1)$$]) s;
SELECT regress.try($$SELECT llmspell.kv_set('k', 'v', ttl => 'infinity')$$);
SELECT expires_at FROM llmspell.kv_get('k');
SELECT llmspell.kv_count();
SELECT llmspell.kv_delete_prefix('');
