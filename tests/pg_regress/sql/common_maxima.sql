-- Every documented maximum works together with the longest tenant id, in characters of 4 bytes.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
-- incompressible, since an index may compress what repeats
CREATE FUNCTION regress.long(chars int, seed text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(chr(65536 + ('x' || substr(md5(seed || n), 1, 4))::bit(16)::int), '') FROM generate_series(1, chars) n $$;
SELECT octet_length(set_config('app.current_tenant_id', regress.long(255, 't'), false));
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.kv_set_text(regress.long(375, 'k'), 'v')$$, $$SELECT llmspell.kv_set_many(ARRAY[regress.long(375, 'l')], ARRAY['v']::bytea[], ttl => '1 hour')$$,
    $$SELECT llmspell.kv_list(regress.long(375, 'k'))$$, $$SELECT llmspell.storage_set_text(regress.long(375, 'm'), 'v')$$, $$SELECT llmspell.kv_delete_prefix('')$$,
    $$SELECT llmspell.kv_set_text(regress.long(376, 'k'), 'v')$$, $$SELECT llmspell.kv_set_text(repeat('k', 501), 'v')$$,
    $$INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES (llmspell.current_tenant(), regress.long(376, 'k'), 'v')$$,
    $$SELECT llmspell.pattern_record('user:' || regress.long(100, 's'), regress.long(100, 'k'), regress.long(193, 'v'))$$,
    $$SELECT llmspell.pattern_record('user:' || regress.long(100, 's'), regress.long(100, 'k'), regress.long(194, 'v'))$$,
    $$SELECT llmspell.pattern_record('global', 'k', regress.long(30, 'v')) FROM generate_series(1, 4)$$,
    $$INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value) VALUES (llmspell.current_tenant(), 'global', 'k', regress.long(700, 'v'))$$]) s;
-- no index refuses the longest values that a tenant may write into its columns: what an entry takes at most. The graph cuts
-- names and sources to fit, artifacts are found by hashes.
SELECT i.indexrelid::regclass AS index, sum(l.bytes) AS bytes
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
CROSS JOIN LATERAL (SELECT min(b) AS bytes FROM (
    SELECT CASE WHEN a.attlen > 0 THEN a.attlen WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 0 THEN (a.atttypmod - 4) * 4 + 4 ELSE 100000 END
    UNION ALL SELECT (regexp_match(pg_get_constraintdef(k.oid), format('octet_length\(\(*%s\)*(?:::text\))? *<= *(\d+)', a.attname)))[1]::int + 4
    FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.contype = 'c' AND pg_get_constraintdef(k.oid) !~ '\+') AS u (b)) AS l
WHERE has_table_privilege('llmspell_app', i.indrelid, 'INSERT') AND i.indrelid::regclass::text !~ '\.(entit|relationships|artifact)' AND c.relnamespace = 'llmspell'::regnamespace AND m.amname = 'btree' AND k.n <= i.indnkeyatts AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = i.indrelid AND f.contype = 'c' AND pg_get_constraintdef(f.oid) ~ '\+.*<= 2600')
GROUP BY 1 HAVING sum(l.bytes) > 2680 ORDER BY 1::text COLLATE "C";
