-- A value knows its type, and reads back as what it was.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'kv-types';
-- texts that the input of bytea would change or refuse
CREATE TABLE regress.texts AS SELECT t, n FROM unnest(ARRAY['', '\x4142', '{"path": "C:\\new"}', E'a\nb\t"\\u0041"', 'né😀']) WITH ORDINALITY AS u (t, n);
SELECT count(*) FROM regress.texts, LATERAL llmspell.kv_set_text('k' || n, t);
SELECT n, t = g.value AS same, (SELECT value_type FROM llmspell.kv_get('k' || n)) FROM regress.texts, LATERAL llmspell.kv_get_text('k' || n) g ORDER BY n;
CREATE TABLE regress.documents AS SELECT j, n FROM unnest(ARRAY['{"path": "C:\\new"}', '"text"', 'null', '12345678901234567890.50', '[]']::jsonb[]) WITH ORDINALITY AS u (j, n);
SELECT count(*) FROM regress.documents, LATERAL llmspell.kv_set_json('j' || n, j);
SELECT n, g.value::text = j::text AS same FROM regress.documents, LATERAL llmspell.kv_get_json('j' || n) g ORDER BY n;
-- metadata, versions and expiry as in kv_set
SELECT version, created FROM llmspell.kv_set_text('k1', 'new', '{"a": 1}', 1, '1 hour');
SELECT value, metadata, version, expires_at > now() AS expires FROM llmspell.kv_get_text('k1');
SELECT version, created FROM llmspell.kv_set_json('k1', '{"b": 2}', expected_version => 2);
SELECT * FROM llmspell.kv_get_json('k1');
SELECT key, version, value_type, size_bytes, cursor FROM llmspell.kv_list('k1');
SELECT key, value_type FROM llmspell.kv_get_many(ARRAY['k1', 'k2']);
-- one type is not read as another
SELECT version FROM llmspell.kv_set('b', '\xff00');
SELECT s, regress.try(s) FROM unnest(ARRAY[$$SELECT * FROM llmspell.kv_get_text('k1')$$, $$SELECT * FROM llmspell.kv_get_json('k2')$$,
    $$SELECT * FROM llmspell.kv_get_text('b')$$, $$SELECT * FROM llmspell.kv_get_json('b')$$, $$SELECT * FROM llmspell.kv_get_text('absent')$$]) s;
-- a batch and a client that knows nothing of types write bytes
SELECT version FROM llmspell.kv_set_many(ARRAY['k2'], ARRAY['x']::bytea[]);
UPDATE llmspell.kv_store SET value = 'raw' WHERE key = 'k3';
UPDATE llmspell.kv_store SET metadata = '{}' WHERE key = 'k4';
SELECT key, value_type, version FROM llmspell.kv_list('k');
-- bytes with a type
SELECT version FROM llmspell.kv_set('t', 'x', value_type => 'text');
SELECT value FROM llmspell.kv_get_text('t');
SELECT s, regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.kv_set('t', '\xff', value_type => 'text')$$, $$SELECT llmspell.kv_set('t', 'x', value_type => 'json')$$,
    $$SELECT llmspell.kv_set('t', 'x', value_type => 'xml')$$,
    $$SELECT llmspell.kv_set_text('t', NULL)$$, $$SELECT llmspell.kv_set_json(NULL, '1')$$, $$SELECT llmspell.kv_set_json('t', NULL)$$,
    $$UPDATE llmspell.kv_store SET value_type = 'xml'$$]) s;
-- the same through the one key space
SELECT llmspell.storage_set_text('s:1', E'a\\b'), llmspell.storage_set_json('s:2', '{"a": "\\n"}'), llmspell.storage_set_json('agent:chat:a', '{"step": 1}');
SELECT llmspell.storage_get_text('s:1'), llmspell.storage_get_json('s:2'), llmspell.storage_get_json('agent:chat:a'), llmspell.storage_get('agent:chat:a'),
    llmspell.storage_get_text('absent') IS NULL AS no_text, llmspell.storage_get_json('agent:chat:b') IS NULL AS no_json, llmspell.storage_get_text('agent:chat:b') IS NULL AS no_agent;
SELECT s, regress.try(s) FROM unnest(ARRAY[$$SELECT llmspell.storage_get_json('s:1')$$, $$SELECT llmspell.storage_get_text('s:2')$$, $$SELECT llmspell.storage_get_text('agent:chat:a')$$,
    $$SELECT llmspell.storage_set_text('agent:chat:a', 'x')$$, $$SELECT llmspell.storage_set_text(NULL, 'x')$$, $$SELECT llmspell.storage_set_json('s:2', NULL)$$]) s;
