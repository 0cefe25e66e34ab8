-- An expired key does not exist, at once; sweeping only gives space back.
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
-- sweep
SELECT count(*) FROM llmspell.kv_set_many(ARRAY['a', 'b', 'c', 'd'], ARRAY['1', '2', '3', '4']::bytea[], ttl => '1 hour');
SELECT llmspell.kv_sweep();
UPDATE llmspell.kv_store SET expires_at = now() - interval '1 second' WHERE key < 'd';
SELECT llmspell.kv_sweep(2), llmspell.kv_sweep(), llmspell.kv_sweep();
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.kv_set('k', 'v', ttl => '0')$$, $$SELECT llmspell.kv_set('k', 'v', ttl => '-1 day')$$,
    $$SELECT llmspell.kv_set('k', 'v', ttl => '1000000 years')$$, $$SELECT llmspell.kv_sweep(-1)$$, $$SELECT llmspell.kv_sweep(NULL)$$]) s;
SELECT version FROM llmspell.kv_set('k', 'v', ttl => 'infinity');
SELECT expires_at FROM llmspell.kv_get('k');
SELECT llmspell.kv_count();
SELECT llmspell.kv_clear();
