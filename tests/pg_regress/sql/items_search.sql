-- Items by words, by meaning and by what they contain, within the namespaces that begin with some segments.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'items-search';
SELECT count(*) FROM llmspell.item_put_many('[
    {"namespace": ["docs", "a"], "key": "1", "value": {"kind": "note"}, "index_text": "the red apple", "embedding": [1, 0, 0], "language": "english"},
    {"namespace": ["docs", "a"], "key": "2", "value": {"kind": "note"}, "index_text": "green apples and pears", "embedding": [0.8, 0.6, 0], "language": "english"},
    {"namespace": ["docs", "b"], "key": "3", "value": {"kind": "fact"}, "index_text": "a pear", "embeddings": [[0, 1, 0], [0, 0, 1]], "language": "english"},
    {"namespace": ["docsx"], "key": "4", "value": {"kind": "note"}, "index_text": "apple apple apple", "embedding": [1, 0, 0], "language": "english"},
    {"namespace": ["docs", "b"], "key": "5", "value": {"kind": "note"}, "embedding": [1, 0]},
    {"namespace": ["docs", "b"], "key": "6", "value": {"kind": "fact"}}]');
SELECT namespace, key, round(score::numeric, 3) AS score, round(text_score::numeric, 3) AS text_score, distance, complete, cursor FROM llmspell.item_search('{docs}', query_text => 'apple');
SELECT key, round(score::numeric, 3) AS score, round(distance::numeric, 3) AS distance, round(vector_score::numeric, 3) AS vector_score FROM llmspell.item_search('{docs}', query_embedding => '[1,0,0]');
-- the nearest of several vectors counts; vectors of another length are another kind
SELECT key, round(distance::numeric, 3) AS distance FROM llmspell.item_search('{docs}', query_embedding => '[0,0,1]', max_distance => 0.5);
SELECT key FROM llmspell.item_search(query_embedding => '[1,0]');
SELECT key, round(score::numeric, 3) AS score FROM llmspell.item_search('{docs}', query_text => 'pear', query_embedding => '[1,0,0]');
SELECT key FROM llmspell.item_search('{docs}', query_text => 'pear', query_embedding => '[1,0,0]', weights => '{0,1}', max_rows => 1);
SELECT key FROM llmspell.item_search('{docs}', '{"kind": "note"}', 'pear', '[0,1,0]');
SELECT key FROM llmspell.item_search('{docs}', '{"kind": {"$ne": "note"}}', 'pear', '[0,1,0]');
SELECT key FROM llmspell.item_search('{docs}', query_text => 'pear -green');
SELECT key FROM llmspell.item_search(query_text => 'apple', max_rows => 2);
-- pages are cut from one order
SELECT string_agg(key, ' ' ORDER BY n) FROM (SELECT key, row_number() OVER () AS n FROM llmspell.item_search(query_text => 'apple pear', query_embedding => '[1,0,0]')) AS h;
SELECT key, cursor FROM llmspell.item_search(query_text => 'apple pear', query_embedding => '[1,0,0]', max_rows => 2);
SELECT key, cursor FROM llmspell.item_search(query_text => 'apple pear', query_embedding => '[1,0,0]', max_rows => 2, after => '2');
-- without a query as a list
SELECT key, score, complete, cursor FROM llmspell.item_search('{docs}', '{"kind": "fact"}');
SELECT key FROM llmspell.item_search('{docs}', max_rows => 1, after => '["docs","a","1"]');
-- a write takes the old words and vectors away
SELECT * FROM llmspell.item_put('{docs,a}', '1', '{"kind": "note"}', index_text => 'plums');
SELECT key FROM llmspell.item_search('{docs}', query_text => 'red');
SELECT key FROM llmspell.item_search('{docs,a}', query_embedding => '[1,0,0]');
SELECT key FROM llmspell.item_search(query_text => 'plums');
SELECT * FROM llmspell.item_put('{docs,a}', '1', '{"kind": "note"}');
SELECT count(*) FROM llmspell.item_search(query_text => 'plums');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.item_search(query_text => 'a', after => 'x')$$, $$SELECT llmspell.item_search(query_text => 'a', max_rows => 1001)$$, $$SELECT llmspell.item_search(query_text => 'a', after => '999', max_rows => 2)$$,
    $$SELECT llmspell.item_search(query_text => 'a', language => 'klingon')$$, $$SELECT llmspell.item_search(query_text => 'a', weights => '{0,0}')$$, $$SELECT llmspell.item_search(query_text => 'a', fusion => 'x')$$,
    $$SELECT llmspell.item_search('{""}', query_text => 'a')$$, $$SELECT llmspell.item_search(filter => '1', query_text => 'a')$$, $$SELECT llmspell.item_search(query_text => 'a', max_rows => -1)$$]) s;
-- another tenant finds nothing of it
SET app.current_tenant_id = 'items-other';
SELECT (SELECT count(*) FROM llmspell.item_search(query_text => 'apple')) AS words, (SELECT count(*) FROM llmspell.item_search(query_embedding => '[1,0,0]')) AS vectors;
