-- As llmspell_app, reads of items have their index, also in a generic plan.
\i `echo $PG_ABS_SRCDIR/begin.psql`
INSERT INTO llmspell.items (tenant_id, namespace, key, value)
SELECT 'items-plans-' || n % 4, llmspell_internal._item_path(ARRAY['users', lpad((n / 40)::text, 4, '0')], 'n'), 'key ' || n, jsonb_build_object('n', n) FROM generate_series(0, 19999) n;
ANALYZE llmspell.items;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'items-plans-1';
SELECT regress.plan($$SELECT * FROM llmspell.item_get('{users,0001}', 'key 41')$$);
SELECT regress.plan($$SELECT key FROM llmspell.items WHERE namespace >= llmspell_internal._item_path('{users,0001}', 'n') AND namespace < llmspell_internal._item_subtree_end(llmspell_internal._item_path('{users,0001}', 'n'))$$);
SELECT regress.plan($$SELECT key FROM llmspell.items WHERE value OPERATOR(llmspell.@>) '{"n": 41}'$$);
SET plan_cache_mode = force_generic_plan;
PREPARE get(text[], text) AS SELECT version FROM llmspell.item_get($1, $2);
SELECT regress.plan('EXECUTE get(''{users,0001}'', ''key 41'')');
EXECUTE get('{users,0001}', 'key 41');
SELECT key FROM llmspell.item_list('{users,0001}', max_rows => 2);
-- of 5,000 items one that meets the filter, the last; a half of them; none
SELECT key FROM llmspell.item_list('{users}', '{"n": 19997}');
SELECT key FROM llmspell.item_list('{users}', '{"n": {"$gte": 10001}}', 2);
SELECT key FROM llmspell.item_list('{users}', '{"n": 19997}', after => '["users","0499","key 19997"]');
SELECT key FROM llmspell.item_list('{users,0499}', '{"n": {"$gt": 19990}}');
SELECT count(*) FROM llmspell.item_list('{users}', '{"n": {"$gte": 1}}', 10000);
-- a plan made for one tenant serves the next one right
SET app.current_tenant_id = 'items-plans-2';
UPDATE llmspell.items SET version = 7 WHERE key = 'key 42';
EXECUTE get('{users,0001}', 'key 42');
EXECUTE get('{users,0001}', 'key 41');
SELECT key FROM llmspell.item_list('{users,0001}', max_rows => 2);
RESET app.current_tenant_id;
EXECUTE get('{users,0001}', 'key 41');
