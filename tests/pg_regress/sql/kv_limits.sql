-- Limits of keys and values.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-limits';
SELECT version FROM llmspell.kv_set(repeat('é', 500), 'v');
SELECT version FROM llmspell.kv_set('1MiB', decode(repeat('ab', 1048576), 'hex'));
SELECT octet_length(value), sha256(value) = sha256(decode(repeat('ab', 1048576), 'hex')) AS same FROM llmspell.kv_get('1MiB');
SELECT size_bytes FROM llmspell.kv_list('1MiB');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.kv_set(repeat('é', 501), 'v')$$,
    $$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('kv-limits', repeat('x', 501), 'v')$$]) s;
SELECT llmspell.kv_delete_prefix('');
