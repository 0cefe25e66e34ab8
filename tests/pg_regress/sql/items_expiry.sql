-- An expired item does not exist, at once; reading does not write, so item_touch gives it its life anew.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'items-expiry';
SELECT version FROM llmspell.item_put('{a}', 'k', '{"x": 1}', ttl => '1 hour', index_text => 'words', embedding => '[1,2]');
SELECT version FROM llmspell.item_put('{b}', 'k', '{"x": 1}');
SELECT ttl, expires_at > now() + interval '59 minutes' AS later FROM llmspell.item_get('{a}', 'k');
UPDATE llmspell.items SET expires_at = now() + interval '1 minute' WHERE ttl IS NOT NULL;
SELECT llmspell.item_touch('{a}', 'k'), llmspell.item_touch('{a}', 'x'), llmspell.item_touch('{b}', 'k');
SELECT version, ttl, expires_at > now() + interval '59 minutes' AS later, updated_at = created_at AS unchanged FROM llmspell.item_get('{a}', 'k');
SELECT ttl, expires_at FROM llmspell.item_get('{b}', 'k');
SELECT llmspell.item_touch('{a}', 'k', '2 hours');
SELECT ttl, expires_at > now() + interval '119 minutes' AS later FROM llmspell.item_get('{a}', 'k');
SELECT llmspell.item_touch_many('[{"namespace": ["a"], "key": "k"}, {"namespace": ["b"], "key": "k"}, {"namespace": ["c"], "key": "k"}]');
UPDATE llmspell.items SET expires_at = now() - interval '1 second' WHERE ttl IS NOT NULL;
SELECT (SELECT count(*) FROM llmspell.item_get('{a}', 'k')) AS get, (SELECT count(*) FROM llmspell.item_get_many('[{"namespace": ["a"], "key": "k"}]')) AS get_many, llmspell.item_count() AS count,
    (SELECT count(*) FROM llmspell.item_list()) AS list, (SELECT count(*) FROM llmspell.item_list(filter => '{"x": 1}')) AS filtered, (SELECT count(*) FROM llmspell.namespace_list()) AS namespaces,
    (SELECT count(*) FROM llmspell.item_search(query_text => 'words')) AS words, (SELECT count(*) FROM llmspell.item_search(query_embedding => '[1,2]')) AS vectors, (SELECT count(*) FROM llmspell.items) AS in_table;
-- it counts as absent
SELECT llmspell.item_touch('{a}', 'k'), llmspell.item_touch_many('[{"namespace": ["a"], "key": "k"}]'), llmspell.item_rename('{a}', 'k', '{a}', 'l');
SELECT regress.try($$SELECT llmspell.item_put('{a}', 'k', '2', expected_version => 1)$$), regress.try($$SELECT llmspell.item_delete('{a}', 'k', 1)$$);
SELECT llmspell.item_rename('{b}', 'k', '{a}', 'k') AS onto_one_that_expired;
SELECT * FROM llmspell.item_put('{a}', 'due', '1', ttl => '1 hour');
UPDATE llmspell.items SET expires_at = now() - interval '1 second', created_at = '2000-01-01' WHERE ttl IS NOT NULL;
SELECT * FROM llmspell.item_put('{a}', 'due', '2', expected_version => 0);
SELECT version, created_at > '2020-01-01' AS new FROM llmspell.items WHERE key = 'due';
SELECT * FROM llmspell.item_put_many('[{"namespace": ["z"], "key": "1", "value": 1, "ttl": "1 hour"}, {"namespace": ["z"], "key": "2", "value": 1, "ttl": "1 hour"}, {"namespace": ["z"], "key": "3", "value": 1, "ttl": "1 hour"}]');
UPDATE llmspell.items SET expires_at = now() - interval '1 second' WHERE ttl IS NOT NULL;
SELECT llmspell.namespace_delete('{z}') AS existed, count(*) FROM llmspell.items GROUP BY 1;
SELECT * FROM llmspell.item_put('{z}', '1', '1', ttl => '1 hour');
SELECT * FROM llmspell.item_put('{z}', '2', '1', ttl => '1 hour');
UPDATE llmspell.items SET expires_at = now() - interval '1 second' WHERE ttl IS NOT NULL;
SELECT llmspell.item_sweep(1), llmspell.item_sweep(), llmspell.item_sweep(), regress.try($$SELECT llmspell.item_sweep(-1)$$);
-- and by maintenance
SELECT * FROM llmspell.item_put('{z}', '1', '1', ttl => '1 hour');
UPDATE llmspell.items SET expires_at = now() - interval '1 second' WHERE ttl IS NOT NULL;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_admin;
SELECT task, detail FROM llmspell.maintenance_run() WHERE task = 'items';
SET app.current_tenant_id = 'items-expiry';
SELECT count(*) FROM llmspell.verify() WHERE component = 'items';
-- which finds what raw writers leave
UPDATE llmspell.items SET embeddings = '{"[1]","[1,2]"}' WHERE namespace = '' OR key = 'due';
SELECT component, object, fault FROM llmspell.verify() WHERE component = 'items';
