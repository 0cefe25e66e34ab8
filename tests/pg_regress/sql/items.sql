-- Items: documents under a key in a namespace, whose segments are matched whole.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'items';
SELECT * FROM llmspell.item_put('{users,42}', 'name', '{"text": "Ada"}');
SELECT * FROM llmspell.item_put('{users,42}', 'name', '{"text": "Ada L."}', expected_version => 1);
SELECT regress.try($$SELECT llmspell.item_put('{users,42}', 'name', '1', expected_version => 1)$$), regress.try($$SELECT llmspell.item_put('{users,42}', 'other', '1', expected_version => 1)$$);
SELECT * FROM llmspell.item_put('{users,42}', 'other', 'null', expected_version => 0);
SELECT value, version, created_at = updated_at AS untouched, ttl, expires_at FROM llmspell.item_get('{users,42}', 'name');
SELECT count(*) FROM llmspell.item_get('{users}', 'name');
-- in batches, in the order of namespace and key; a is no prefix of ab
SELECT * FROM llmspell.item_put_many('[{"namespace": ["ab"], "key": "k", "value": 1}, {"namespace": ["a"], "key": "k", "value": [2], "index_text": "two", "embeddings": [[1, 0], [0, 1]]},
    {"namespace": ["a", "b"], "key": "", "value": {"n": 3}, "ttl": "1 day", "embedding": [1, 2, 3], "language": "english"}, {"namespace": [], "key": "root", "value": "4"},
    {"namespace": ["a", "c", "b"], "key": "k", "value": {"n": 4}}, {"namespace": ["é 名", "\"", "*"], "key": "\\ \n", "value": false}]');
SELECT namespace, key, value, ttl FROM llmspell.item_list();
SELECT namespace, key, cursor FROM llmspell.item_list('{a}');
SELECT namespace, key FROM llmspell.item_list('{a}', '{"n": 4}');
SELECT namespace, key FROM llmspell.item_list(filter => '{"n": {"$gte": 3, "$lt": 4}}');
SELECT namespace, key FROM llmspell.item_list('{a}', '{"n": {"$in": [4, 5]}}');
SELECT regress.try($$SELECT llmspell.item_list(filter => '{"n": {"$near": 1}}')$$);
SELECT namespace, key, value FROM llmspell.item_get_many('[{"namespace": ["ab"], "key": "k"}, {"namespace": ["a", "b"], "key": ""}, {"namespace": ["ab"], "key": "k"}, {"namespace": ["x"], "key": "k"}]');
SELECT llmspell.item_count(), llmspell.item_count('{a}'), llmspell.item_count('{a,b}'), llmspell.item_count('{x}');
-- pages, the last row's cursor first
SELECT namespace, key FROM llmspell.item_list(max_rows => 2);
SELECT namespace, key FROM llmspell.item_list(max_rows => 2, after => '["a","k"]');
SELECT namespace, key FROM llmspell.item_list('{users}', after => '["a","k"]');
SELECT count(*) FROM llmspell.item_list('{a}', after => '["users","42","name"]');
-- namespaces
SELECT * FROM llmspell.namespace_list();
SELECT namespace FROM llmspell.namespace_list(max_depth => 1);
SELECT namespace FROM llmspell.namespace_list('{a}', max_depth => 2);
SELECT namespace FROM llmspell.namespace_list('{a,*}');
SELECT namespace FROM llmspell.namespace_list(namespace_suffix => '{b}');
SELECT namespace FROM llmspell.namespace_list(namespace_suffix => '{b}', max_depth => 2, max_rows => 1);
SELECT namespace FROM llmspell.namespace_list(namespace_suffix => '{b}', max_depth => 2, after => '["a","b"]');
SELECT namespace FROM llmspell.namespace_list('{*,*}', '{*}');
SELECT namespace FROM llmspell.namespace_list(max_rows => 2, after => '["a","b"]');
-- moved, one and many
SELECT llmspell.item_rename('{ab}', 'k', '{a}', 'k2'), llmspell.item_rename('{ab}', 'k', '{a}', 'k3'), llmspell.item_rename('{a}', 'k', '{a}', 'k');
SELECT regress.try($$SELECT llmspell.item_rename('{a}', 'k', '{a}', 'k2')$$);
SELECT value, version FROM llmspell.item_get('{a}', 'k2');
SELECT llmspell.namespace_rename('{a}', '{z,y}'), llmspell.namespace_rename('{a}', '{z,y}'), llmspell.namespace_rename('{z,y}', '{z,y}');
SELECT namespace FROM llmspell.namespace_list();
SELECT * FROM llmspell.item_put('{q,b}', '', '1');
SELECT regress.try($$SELECT llmspell.namespace_rename('{z,y}', '{q}')$$), regress.try($$SELECT llmspell.namespace_rename('{z,y}', '{z,y,x}')$$), regress.try($$SELECT llmspell.namespace_rename('{z,y}', '{z}')$$);
-- deleted
SELECT llmspell.item_delete('{q,b}', ''), llmspell.item_delete('{q,b}', ''), llmspell.item_delete('{q,b}', '', 0);
SELECT regress.try($$SELECT llmspell.item_delete('{users,42}', 'name', 1)$$);
SELECT llmspell.item_delete('{users,42}', 'name', 2);
SELECT llmspell.item_delete_many('[{"namespace": ["users", "42"], "key": "other"}, {"namespace": ["users", "42"], "key": "other"}, {"namespace": ["users"], "key": "x"}]');
SELECT llmspell.namespace_delete('{z}'), llmspell.namespace_delete('{}');
SELECT llmspell.item_count();
-- refused
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.item_put('{a,NULL}', 'k', '1')$$, $$SELECT llmspell.item_put('{a,""}', 'k', '1')$$, $$SELECT llmspell.item_put(ARRAY[E'a\x01'], 'k', '1')$$, $$SELECT llmspell.item_put('{{a}}', 'k', '1')$$,
    $$SELECT llmspell.item_put(NULL, 'k', '1')$$, $$SELECT llmspell.item_put('{a}', NULL, '1')$$, $$SELECT llmspell.item_put('{a}', 'k', NULL)$$,
    $$SELECT llmspell.item_put('{a}', repeat('k', 501), '1')$$, $$SELECT llmspell.item_put(ARRAY[repeat('a', 1001)], repeat('k', 500), '1')$$, $$SELECT llmspell.item_put(ARRAY[repeat('a', 1500)], 'k', '1')$$,
    $$SELECT llmspell.item_put('{a}', 'k', '1', ttl => '-1 day')$$, $$SELECT llmspell.item_put('{a}', 'k', '1', language => 'klingon')$$, $$SELECT llmspell.item_put('{a}', 'k', '1', embedding => '[0,0]')$$,
    $$SELECT llmspell.item_put('{a}', 'k', '1', embeddings => '{"[1,2]","[1]"}')$$, $$SELECT llmspell.item_put('{a}', 'k', '1', embeddings => '{NULL}')$$, $$SELECT llmspell.item_put('{a}', 'k', '1', embedding => '[1]', embeddings => '{"[1]"}')$$,
    $$SELECT llmspell.item_put('{a}', 'k', '1', embeddings => array_fill('[1]'::vector, ARRAY[65]))$$, $$SELECT llmspell.item_put('{a}', 'k', '1', expected_version => -1)$$,
    $$SELECT llmspell.item_put_many('{}')$$, $$SELECT llmspell.item_put_many('[1]')$$, $$SELECT llmspell.item_put_many('[{"namespace": "a", "key": "k", "value": 1}]')$$, $$SELECT llmspell.item_put_many('[{"namespace": ["a"], "value": 1}]')$$,
    $$SELECT llmspell.item_put_many('[{"namespace": ["a"], "key": "k"}]')$$, $$SELECT llmspell.item_put_many('[{"namespace": ["a"], "key": "k", "value": 1}, {"namespace": ["a"], "key": "k", "value": 2}]')$$,
    $$SELECT llmspell.item_list(after => 'x')$$, $$SELECT llmspell.item_list(max_rows => -1)$$, $$SELECT llmspell.item_list(filter => '[1]')$$,
    $$SELECT llmspell.namespace_list(max_depth => 0)$$, $$SELECT llmspell.namespace_list('{""}')$$, $$SELECT llmspell.namespace_list(after => '["a",""]')$$, $$SELECT llmspell.namespace_delete(NULL)$$,
    $$INSERT INTO llmspell.items (tenant_id, namespace, key, value) VALUES ('items', 'a', 'k', '1')$$, $$INSERT INTO llmspell.items (tenant_id, namespace, key, value) VALUES ('other', '', 'k', '1')$$]) s;
SELECT llmspell.item_count();
-- a batch is all or nothing
SELECT regress.try($$SELECT llmspell.item_put_many('[{"namespace": ["a"], "key": "k", "value": 1}, {"namespace": ["b"], "key": "k", "value": 2, "ttl": "0"}]')$$);
SELECT llmspell.item_count();
RESET app.current_tenant_id;
SELECT regress.try($$SELECT llmspell.item_get('{a}', 'k')$$), regress.try($$SELECT llmspell.item_put('{a}', 'k', '1')$$), regress.try($$SELECT llmspell.namespace_list()$$);
