-- As llmspell_app, every kv read has its index, also in a generic plan.
\i `echo $PG_ABS_SRCDIR/begin.psql`
INSERT INTO llmspell.kv_store (tenant_id, key, value)
SELECT 'kv-plans-' || n % 4, 'key:' || lpad((n / 4)::text, 6, '0'), 'v' FROM generate_series(0, 19999) n;
ANALYZE llmspell.kv_store;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-plans-1';
SELECT regress.plan($$SELECT * FROM llmspell.kv_get('key:000001')$$);
SELECT regress.plan($$SELECT * FROM llmspell.kv_list('key:0000')$$);
SELECT regress.plan($$SELECT * FROM llmspell.kv_list('key:', 10, after => 'key:000100')$$);
SELECT regress.plan($$SELECT key FROM llmspell.kv_store WHERE key >= 'key:0000' AND key < llmspell_internal._prefix_end('key:0000')$$);
SET plan_cache_mode = force_generic_plan;
PREPARE list(text, int) AS SELECT key FROM llmspell.kv_list($1, $2);
SELECT regress.plan('EXECUTE list(''key:00000'', 3)');
EXECUTE list('key:00000', 3);
PREPARE get(text) AS SELECT version FROM llmspell.kv_get($1);
SELECT regress.plan('EXECUTE get(''key:000001'')');
-- a plan made for one tenant serves the next one right
SET app.current_tenant_id = 'kv-plans-2';
UPDATE llmspell.kv_store SET value = 'changed' WHERE key = 'key:000001';
EXECUTE get('key:000001');
SET app.current_tenant_id = 'kv-plans-3';
EXECUTE get('key:000001');
RESET app.current_tenant_id;
EXECUTE get('key:000001');
