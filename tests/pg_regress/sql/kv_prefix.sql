-- Prefixes: every character literal, byte order, paging by key.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-prefix';
SELECT count(*) FROM llmspell.kv_set_many(ARRAY['my_app:1', 'myXapp:1', 'my_app:2', 'a%b', 'a%c', 'aXb', 'B', 'b', 'é1', 'é2', 'f', U&'\+10FFFFx', '', U&'z\D7FF', U&'z\E000'],
    array_fill('v'::bytea, ARRAY[15]));
SELECT key FROM llmspell.kv_list('my_app:');
SELECT key FROM llmspell.kv_list('a%');
SELECT key FROM llmspell.kv_list('é');
SELECT count(*) FROM llmspell.kv_list(U&'\+10FFFF');
SELECT count(*) FROM llmspell.kv_list(U&'z\D7FF');
SELECT count(*) FROM llmspell.kv_list();
SELECT key FROM llmspell.kv_list(max_rows => 3);
SELECT key FROM llmspell.kv_list(max_rows => 3, after => 'a%b');
SELECT key FROM llmspell.kv_list('my', 10, after => 'my_app:1');
SELECT count(*) FROM llmspell.kv_list('my', 10, after => 'zzz'), llmspell.kv_count('my') c WHERE c = 3;
SELECT count(*) FROM llmspell.kv_list('my', 10, after => 'a');
SELECT count(*) FROM llmspell.kv_list(max_rows => 0);
SELECT regress.try(s) FROM unnest(ARRAY['SELECT * FROM llmspell.kv_list(max_rows => -1)']) s;
SELECT llmspell.kv_delete_prefix('my_');
SELECT llmspell.kv_count();
SELECT regress.try('SELECT llmspell.kv_delete_prefix(NULL)');
SELECT llmspell.kv_delete_prefix('');
