-- With no tenant: functions and INSERT 42501; SELECT, UPDATE and DELETE touch no row.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT * FROM llmspell.kv_get('k')$$, $$SELECT * FROM llmspell.kv_get_many(ARRAY['k'])$$,
    $$SELECT llmspell.kv_exists('k')$$, $$SELECT * FROM llmspell.kv_list()$$, $$SELECT llmspell.kv_count()$$,
    $$SELECT * FROM llmspell.kv_set('k', 'v')$$, $$SELECT * FROM llmspell.kv_set_many(ARRAY['k'], ARRAY['v']::bytea[])$$,
    $$SELECT llmspell.kv_delete('k')$$, $$SELECT llmspell.kv_delete_many(ARRAY['k'])$$, $$SELECT llmspell.kv_delete_prefix('')$$,
    $$SELECT llmspell.kv_sweep()$$, $$SELECT * FROM llmspell.kv_get(NULL)$$, $$SELECT * FROM llmspell.kv_get_many(NULL)$$, $$SELECT * FROM llmspell.kv_list(NULL)$$,
    $$SELECT llmspell.kv_exists(NULL)$$, $$SELECT llmspell.kv_count(NULL)$$, $$SELECT llmspell.status()$$]) AS s;
-- on an empty table and on a filled one alike
SET app.current_tenant_id = 'no-tenant-test';
SELECT version FROM llmspell.kv_set('k', 'v');
RESET app.current_tenant_id;
SELECT regress.try($$SELECT * FROM llmspell.kv_get('k')$$);
-- every table of the schema: those where a row is touched, or the error is another
RESET SESSION AUTHORIZATION;
CREATE TEMP TABLE tables AS SELECT oid::regclass AS t FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace
    AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT LIKE '\_%' AND relname NOT IN ('refinery_schema_history', 'vector_spaces', 'vector_index_config', 'vector_calibrations', 'vector_generations') ORDER BY relname;
GRANT SELECT ON tables TO regress_app;
SET SESSION AUTHORIZATION regress_app;
SELECT count(*) > 20 AS tables FROM tables;
SELECT * FROM (SELECT t, regress.try(format('SELECT * FROM %s', t)) AS "select", regress.try(format('UPDATE %s SET tenant_id = ''x''', t)) AS "update",
    regress.try(format('DELETE FROM %s', t)) AS "delete" FROM tables) AS x WHERE ("select", "update", "delete") <> ('0 rows', '0 rows', '0 rows');
SELECT regress.try($$INSERT INTO llmspell.test_data (tenant_id, value) VALUES ('', 'v')$$),
    regress.try($$INSERT INTO llmspell.test_data (tenant_id, value) VALUES ('x', 'v')$$),
    regress.try($$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('x', 'k', 'v')$$);
COPY llmspell.test_data (tenant_id, value) FROM STDIN;
SET app.current_tenant_id = 'no-tenant-test';
SELECT llmspell.kv_delete_prefix('');
