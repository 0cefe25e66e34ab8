-- Calls by name: arguments and rows as JSON, for a tenant, with the caller's rights.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
-- the tenant is that of the call, to the end of its transaction
SELECT * FROM llmspell.call('kv_set_text', '{"key": "k", "value": "Ada"}', 'call-a') AS r (row), LATERAL (SELECT row - 'kv_id' AS shown) s \gset
\echo :shown
SELECT llmspell.current_tenant();
SELECT * FROM llmspell.call('kv_get_text', '{"key": "k"}', 'call-a');
SELECT * FROM llmspell.call('kv_get_text', '{"key": "k"}', 'call-b');
SELECT regress.try($$SELECT llmspell.call('kv_get_text', '{"key": "k"}')$$);
BEGIN;
SELECT count(*) FROM llmspell.call('kv_get_text', '{"key": "k"}', 'call-a');
SELECT llmspell.current_tenant(), count(*) FROM llmspell.kv_get_text('k');
COMMIT;
SET app.current_tenant_id = 'call-a';
-- scalars, rows, none, nothing
SELECT * FROM llmspell.call('kv_count');
SELECT * FROM llmspell.call('kv_count', '{"prefix": null}');
SELECT * FROM llmspell.call('kv_get_text', '{"key": "none"}');
SELECT jsonb_object_keys(r) FROM llmspell.call('kv_list', '{"max_rows": 1}') AS r;
SELECT * FROM llmspell.call('session_retention_set', '{"keep": "30 days"}');
SELECT * FROM llmspell.call('session_retention_get');
-- bytes as base64, times as text in UTC, NULL for an open end, intervals, JSON, arrays
SET timezone = 'Asia/Tokyo';
SELECT count(*) FROM llmspell.call('kv_set', jsonb_build_object('key', 'bytes', 'value', encode(convert_to(repeat('x', 60), 'UTF8'), 'base64'), 'metadata', '{"a": [1, null]}'::jsonb, 'ttl', '1 hour'));
SELECT r - 'expires_at', r ->> 'expires_at' ~ '\+00:00$' AS utc FROM llmspell.call('kv_get', '{"key": "bytes"}') AS r;
SELECT * FROM llmspell.call('kv_set_many', '{"keys": ["b", "a"], "data": ["AAE=", "/w=="], "metadata": [{"n": 1}, null]}');
SELECT * FROM llmspell.call('kv_get_many', '{"keys": ["a", "b"]}');
SELECT * FROM llmspell.call('item_put', '{"namespace": ["a", "b"], "key": "k", "value": {"x": [1, "2"]}, "embedding": [1, 0.5], "index_text": "words"}');
SELECT r - '{created_at,updated_at}'::text[] FROM llmspell.call('item_list', '{"namespace_prefix": ["a"]}') AS r;
SELECT r -> 'key', r -> 'distance' FROM llmspell.call('item_search', '{"query_embedding": [1, 0.5], "namespace_prefix": []}') AS r;
SELECT count(*) FROM llmspell.call('item_put', '{"namespace": ["a"], "key": "many", "value": 1, "embeddings": [[1, 0], [0, 1]]}');
SELECT cardinality(embeddings) FROM llmspell.items WHERE key = 'many';
SELECT count(*) FROM llmspell.call('entity_put', '{"entity_id": "00000000-0000-0000-0000-000000000001", "entity_type": "person", "name": "Ada", "valid_from": "2026-01-01 00:00:00"}');
SELECT r - '{known_from,created_at}'::text[] FROM llmspell.call('entity_as_of', '{"entity_id": "00000000-0000-0000-0000-000000000001"}') AS r;
RESET timezone;
-- what a call did is seen by the next one, and all of them fail together
SELECT place, CASE place WHEN 1 THEN '…' ELSE result_rows::text END FROM llmspell.call_many('[{"name": "kv_set_text", "arguments": {"key": "many", "value": "1"}}, {"name": "kv_get_text", "arguments": {"key": "many"}}, {"name": "kv_get_text", "arguments": {"key": "none"}}, {"name": "kv_count"}]', 'call-c');
SELECT regress.try($$SELECT llmspell.call_many('[{"name": "kv_set_text", "arguments": {"key": "lost", "value": "1"}}, {"name": "kv_delete", "arguments": {"key": "many", "expected_version": 7}}]', 'call-c')$$);
SELECT * FROM llmspell.call('kv_list', '{"prefix": "lost"}', 'call-c');
RESET app.current_tenant_id;
-- refused
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.call('kv_gte', '{}', 'call-a')$$, $$SELECT llmspell.call('nothing like it', '{}', 'call-a')$$, $$SELECT llmspell.call('call', '{"name": "kv_count"}', 'call-a')$$, $$SELECT llmspell.call('_kv_check', '{}', 'call-a')$$,
    $$SELECT llmspell.call('kv_get', '{"kye": "k"}', 'call-a')$$, $$SELECT llmspell.call('kv_get', '{"key": "k", "$1; DROP TABLE x": 1}', 'call-a')$$, $$SELECT llmspell.call('kv_get', '{}', 'call-a')$$, $$SELECT llmspell.call('session_retention_get', '{"x": 1}', 'call-a')$$,
    $$SELECT llmspell.call('kv_get', '{"key": null}', 'call-a')$$, $$SELECT llmspell.call('kv_list', '{"max_rows": "many"}', 'call-a')$$, $$SELECT llmspell.call('kv_set', '{"key": "k", "value": "***"}', 'call-a')$$,
    $$SELECT llmspell.call('kv_get_many', '{"keys": 1}', 'call-a')$$, $$SELECT llmspell.call('item_search', '{"query_embedding": ["x"]}', 'call-a')$$,
    $$SELECT llmspell.call('kv_count', '[]', 'call-a')$$, $$SELECT llmspell.call(NULL, '{}', 'call-a')$$, $$SELECT llmspell.call('kv_count', '{}', '')$$, $$SELECT llmspell.call('kv_count', '{}', E'a\tb')$$,
    $$SELECT llmspell.call('tenant_list')$$, $$SELECT llmspell.call('tenant_erase', '{"tenant": "call-a", "dry_run": false}')$$,
    $$SELECT llmspell.call_many('{}')$$, $$SELECT llmspell.call_many('[1]')$$, $$SELECT llmspell.call_many('[{"name": "kv_count", "tenant": "call-b"}]')$$, $$SELECT llmspell.call_many(NULL)$$]) s;
-- a role that may not call it, after one that may has made the plan; an administrator
RESET SESSION AUTHORIZATION;
SET ROLE regress_app;
SELECT count(*) FROM llmspell.call('kv_get_text', '{"key": "k"}', 'call-a');
SET ROLE regress_admin;
SELECT count(*) > 0 AS many FROM llmspell.call('tenant_list');
SET ROLE regress_app;
SELECT regress.try($$SELECT llmspell.call('tenant_list')$$);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION llmspell.kv_get_text FROM llmspell_app;
SET ROLE regress_app;
SELECT regress.try($$SELECT llmspell.call('kv_get_text', '{"key": "k"}', 'call-a')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION llmspell.kv_get_text TO llmspell_app;
-- it writes nothing where the function writes nothing
SET ROLE regress_app;
BEGIN READ ONLY;
SELECT count(*) FROM llmspell.call('kv_get_text', '{"key": "k"}', 'call-a'), pg_current_xact_id_if_assigned() AS x;
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_id;
SELECT regress.try($$SELECT llmspell.call('kv_set_text', '{"key": "k", "value": "x"}')$$);
COMMIT;
-- every public function has a statement that the server takes, with all of its arguments
RESET ROLE;
CREATE FUNCTION pg_temp.taken(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'PREPARE p (jsonb) AS ' || statement;
    DEALLOCATE p;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;
SELECT p.proname, pg_temp.taken(s.statement) FROM llmspell_internal._call_functions() p
CROSS JOIN LATERAL llmspell_internal._call_statement(p.proname::text, coalesce(p.proargnames[:p.pronargs]::text[], '{}')) s
WHERE pg_temp.taken(s.statement) IS NOT NULL ORDER BY 1;
