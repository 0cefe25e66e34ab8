-- The check of stored values: a value that can be dumped and restored with the rest of its row.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
CREATE FUNCTION regress.numbers(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, n) $$;
CREATE FUNCTION regress.deep(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT (repeat('[', n) || repeat(']', n))::jsonb $$;
CREATE FUNCTION regress.deep_object(n int) RETURNS jsonb LANGUAGE sql AS $$ SELECT (repeat('{"a": ', n) || '1' || repeat('}', n))::jsonb $$;
SELECT llmspell_internal._storable('{}'::jsonb, 'a'), llmspell_internal._storable('x'::text, 'a'), llmspell_internal._storable('x'::varchar(9), 'a'), llmspell_internal._storable('x'::bytea, 'a'),
    llmspell_internal._storable(ARRAY['x', NULL], 'a'), llmspell_internal._storable(NULL::jsonb, 'a') IS NULL AS "null";
SELECT s, regress.try('SELECT llmspell_internal._storable(' || s || ', ''payload'')') FROM unnest(ARRAY['regress.numbers(1000)', 'regress.numbers(1025)', 'regress.numbers(100000)',
    'regress.deep(1000)', 'regress.deep(1001)', 'regress.deep(12000)', 'regress.deep_object(1000)', 'regress.deep_object(1001)',
    'to_jsonb(repeat(''x'', 134217730))', 'to_jsonb(repeat(E''\x01'', 20000000))',
    'repeat(''x'', 134217728)', 'repeat(''x'', 134217729)', 'repeat(''\'', 67108864)', 'repeat(''\'', 67108865)',
    'repeat(''x'', 134217729)::bytea', 'ARRAY[repeat(''\'', 34000000)]']) s;
-- in the tables too, at once and whoever writes
SET app.current_tenant_id = 'storable';
SELECT s, regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.kv_set('k', 'v', regress.numbers(9000))$$, $$SELECT llmspell.kv_set('k', 'v', regress.deep(2000))$$, $$SELECT llmspell.kv_set_many(ARRAY['k'], ARRAY['v']::bytea[], ARRAY[regress.deep(2000)])$$,
    $$SELECT llmspell.kv_set_json('k', regress.numbers(9000))$$, $$SELECT llmspell.kv_set_json('k', regress.deep(2000))$$, $$SELECT llmspell.kv_set('k', convert_to(regress.deep(2000)::text, 'UTF8'), value_type => 'json')$$,
    $$SELECT llmspell.storage_set_json('k', regress.deep(2000))$$, $$SELECT llmspell.storage_set('agent:a:b', convert_to(regress.deep(2000)::text, 'UTF8'))$$,
    $$INSERT INTO llmspell.kv_store (tenant_id, key, value, metadata) VALUES ('storable', 'k', 'v', regress.numbers(9000))$$,
    $$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES ('storable', 'k', repeat('x', 134217729)::bytea)$$]) s;
-- a document out of line in another table is no exception
CREATE TABLE regress.own (d jsonb);
ALTER TABLE regress.own ALTER d SET STORAGE external;
INSERT INTO regress.own SELECT regress.deep(2000);
SELECT regress.try($$INSERT INTO llmspell.kv_store (tenant_id, key, value, metadata) SELECT 'storable', 'k', 'v', d FROM regress.own$$);
-- one in this table was checked before, and is not read again
INSERT INTO llmspell.kv_store (tenant_id, key, value, metadata) SELECT 'storable', 'k', 'v', jsonb_agg(md5(n::text)) FROM generate_series(1, 2000) n;
UPDATE llmspell.kv_store SET value = 'w' WHERE key = 'k' RETURNING version, jsonb_array_length(metadata);
