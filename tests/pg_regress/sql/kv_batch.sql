-- Batches are one statement and all or nothing.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-batch';
SELECT * FROM llmspell.kv_set_many(ARRAY['b', 'a'], ARRAY['2', '1']::bytea[], ARRAY['{"n": 2}', NULL]::jsonb[]);
SELECT * FROM llmspell.kv_set_many(ARRAY['c', 'a'], ARRAY['3', '1']::bytea[]);
SELECT key, convert_from(value, 'UTF8') AS value, metadata, version FROM llmspell.kv_get_many(ARRAY['c', 'a', 'absent', 'a', NULL, 'b']);
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.kv_set_many(NULL, NULL)$$, $$SELECT llmspell.kv_set_many(ARRAY['x'], NULL)$$,
    $$SELECT llmspell.kv_set_many(ARRAY['x', 'y'], ARRAY['1']::bytea[])$$,
    $$SELECT llmspell.kv_set_many(ARRAY['x'], ARRAY['1']::bytea[], ARRAY[]::jsonb[])$$,
    $$SELECT llmspell.kv_set_many(ARRAY['x', 'x'], ARRAY['1', '2']::bytea[])$$,
    $$SELECT llmspell.kv_set_many(ARRAY['x', NULL], ARRAY['1', '2']::bytea[])$$,
    $$SELECT llmspell.kv_set_many(ARRAY['x', repeat('y', 501)], ARRAY['1', '2']::bytea[])$$,
    $$SELECT llmspell.kv_set_many(ARRAY['x'], ARRAY['1']::bytea[], ttl => '-1 s')$$]) s;
SELECT llmspell.kv_exists('x') AS anything_kept;
SELECT count(*) FROM llmspell.kv_set_many('{}', '{}');
SELECT llmspell.kv_delete_many(ARRAY['a', 'absent', 'b', 'a']), llmspell.kv_delete_many('{}');
SELECT llmspell.kv_count();
SELECT llmspell.kv_delete_prefix('');
