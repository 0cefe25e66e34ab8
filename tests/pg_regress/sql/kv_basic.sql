-- Reading and writing keys; versions; LS409.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-basic';
SELECT kv_id IS NOT NULL AS has_id, version, created FROM llmspell.kv_set('k', '\x00ff', '{"a": 1}');
SELECT * FROM llmspell.kv_get('k');
SELECT version, created FROM llmspell.kv_set('k', '');
SELECT * FROM llmspell.kv_get('k');
SELECT count(*) FROM llmspell.kv_get('absent');
SELECT llmspell.kv_exists('k'), llmspell.kv_exists('absent');
-- the empty key is a key
SELECT version, created FROM llmspell.kv_set('', 'empty');
SELECT convert_from(value, 'UTF8') FROM llmspell.kv_get('');
-- optimistic concurrency
SELECT version, created FROM llmspell.kv_set('k', 'x', expected_version => 2);
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.kv_set('k', 'x', expected_version => 2)$$, $$SELECT llmspell.kv_set('k', 'x', expected_version => 0)$$,
    $$SELECT llmspell.kv_set('new', 'x', expected_version => 1)$$, $$SELECT llmspell.kv_set('k', 'x', expected_version => -1)$$,
    $$SELECT llmspell.kv_delete('k', 2)$$, $$SELECT llmspell.kv_delete('new', 1)$$, $$SELECT llmspell.kv_delete('new', 0)$$]) s;
SELECT version, created FROM llmspell.kv_set('new', 'x', expected_version => 0);
-- deleting starts anew
SELECT llmspell.kv_delete('k', 3), llmspell.kv_delete('k');
SELECT version, created FROM llmspell.kv_set('k', 'x');
-- raw writers get versions and times too, and cannot set them
UPDATE llmspell.kv_store SET value = 'raw', version = 99 WHERE key = 'k';
SELECT version FROM llmspell.kv_get('k');
INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('kv-basic', 'k', 'raw2')
ON CONFLICT (tenant_id, key) DO UPDATE SET value = EXCLUDED.value, updated_at = now();
SELECT version, convert_from(value, 'UTF8') FROM llmspell.kv_get('k');
-- nulls
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.kv_set(NULL, 'x')$$, $$SELECT llmspell.kv_set('k', NULL)$$,
    $$SELECT * FROM llmspell.kv_get(NULL)$$, $$SELECT llmspell.kv_exists(NULL)$$, $$SELECT llmspell.kv_delete(NULL)$$,
    $$SELECT * FROM llmspell.kv_get_many(NULL)$$, $$SELECT llmspell.kv_delete_many(NULL)$$]) s;
SELECT llmspell.kv_count();
SELECT llmspell.kv_delete_prefix('');
SELECT llmspell.kv_count();
