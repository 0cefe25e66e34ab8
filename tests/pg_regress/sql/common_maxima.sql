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
-- one after the other, as each is the longest
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.session_create('00000000-0000-0000-0000-000000000001', name => regress.long(255, 'n'), subject => regress.long(255, 's'), title => regress.long(255, 't'))$$,
    $$SELECT llmspell.artifact_put('00000000-0000-0000-0000-000000000001', regress.long(255, 'n'), 'x', 'x/' || repeat('m', 253), regress.long(50, 't'),
        tags => ARRAY[regress.long(64, 'a'), regress.long(64, 'b')], metadata => jsonb_build_object(regress.long(2000, 'k'), regress.long(2000, 'v')))$$,
    $$SELECT llmspell.artifact_list('00000000-0000-0000-0000-000000000001', tag => regress.long(64, 'b'))$$,
    $$UPDATE llmspell.artifacts SET artifact_id = regress.long(256, 'i'), tags = ARRAY[regress.long(256, 't')], content_hash = content_hash$$,
    $$UPDATE llmspell.artifacts SET artifact_id = regress.long(257, 'i')$$, $$UPDATE llmspell.artifacts SET tags = ARRAY['t', NULL, regress.long(257, 't')]$$,
    $$INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES (llmspell.current_tenant(), regress.long(64, 'h'), 'bytea', '', 0)$$,
    $$SELECT llmspell.entity_put('00000000-0000-0000-0000-000000000001', regress.long(255, 't'), regress.long(500, 'n'), jsonb_build_object(regress.long(2000, 'k'), regress.long(2000, 'v')),
        source_type => 'event', source_id => regress.long(255, 's'))$$,
    $$SELECT llmspell.relationship_put('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', regress.long(255, 't'),
        source_type => 'event', source_id => regress.long(255, 's'))$$,
    $$UPDATE llmspell.entities SET source_kind = regress.long(63, 'k'), source_id = regress.long(255, 'i')$$,
    $$UPDATE llmspell.entities SET source_kind = regress.long(64, 'k')$$, $$UPDATE llmspell.relationships SET source_id = regress.long(256, 'i')$$,
    $$SELECT llmspell.episode_add(regress.long(247, 's'), regress.long(255, 'r'), regress.long(2000, 'c'), idempotency_key => regress.long(255, 'k'))$$,
    $$SELECT llmspell.item_put(ARRAY[regress.long(100, 'a'), regress.long(100, 'b')], regress.long(174, 'k'), jsonb_build_object(regress.long(2000, 'k'), regress.long(2000, 'v')), index_text => regress.long(2000, 'c'))$$,
    $$SELECT llmspell.item_put(ARRAY[regress.long(100, 'a'), regress.long(100, 'b')], regress.long(175, 'k'), '1')$$,
    $$SELECT llmspell.item_list(ARRAY[regress.long(100, 'a')])$$, $$SELECT llmspell.namespace_list(ARRAY[regress.long(100, 'a')])$$, $$SELECT llmspell.namespace_rename(ARRAY[regress.long(100, 'a')], ARRAY[regress.long(101, 'c')])$$,
    $$SELECT llmspell.event_append(regress.long(255, 'e'), '1')$$, $$SELECT llmspell.stream_append(regress.long(255, 's'), '[{"event_type": "e", "payload": 1}]')$$,
    $$SELECT llmspell.event_subscribe(regress.long(255, 'c'))$$,
    $$SELECT llmspell.hook_record(regress.long(255, 'h'), regress.long(255, 't'), context_json => '{}', triggering_component => regress.long(255, 'c'), component_id => regress.long(255, 'i'))$$,
    $$SELECT llmspell.agent_state_save(regress.long(255, 'a'), regress.long(100, 't'), jsonb_build_object('n', n), keep_history => true, label => regress.long(100, 'l')) FROM generate_series(1, 2) n$$,
    $$SELECT llmspell.agent_history_set(regress.long(100, 't'), 'all')$$,
    $$SELECT llmspell.workflow_save(regress.long(255, 'w'), regress.long(500, 'n'), '{}', queue => regress.long(100, 'q'))$$,
    $$SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object('embedding', array_fill(0.5, ARRAY[384]), 'scope', 'user:' || regress.long(245, 's'), 'content', regress.long(2000, 'c'))))$$,
    $$SELECT llmspell.vector_put('[1,2,3]', regress.long(255, 'i'), scope => 'user:' || regress.long(245, 's'), space => 'small:' || regress.long(94, 's'))$$,
    $$SELECT llmspell.checkpoint_put(regress.long(255, 't'), regress.long(60, 'n'), regress.long(60, 'c'), regress.long(60, 'p'), '{}', jsonb_build_object('run_id', regress.long(255, 'r')),
        ARRAY[regress.long(255, 'c')], ARRAY[regress.long(255, 't')], ARRAY['x'::bytea])$$,
    $$SELECT llmspell.checkpoint_writes_put(regress.long(255, 't'), '', regress.long(60, 'c'), regress.long(60, 'k'), ARRAY[regress.long(255, 'c')], ARRAY[regress.long(255, 't')], ARRAY['x'::bytea],
        task_path => regress.long(255, 'p'))$$,
    $$SELECT llmspell.checkpoint_writes_put(regress.long(255, 't'), '', regress.long(60, 'c'), regress.long(61, 'k'), ARRAY['c'], ARRAY['t'], ARRAY['x'::bytea])$$,
    $$SELECT llmspell.message_append(regress.long(255, 't'), '[1]', message_ids => ARRAY[regress.long(120, 'm')])$$,
    $$SELECT llmspell.message_append(regress.long(255, 't'), '[1]', message_ids => ARRAY[regress.long(121, 'm')])$$,
    $$SELECT llmspell.thread_copy(regress.long(255, 't'), regress.long(255, 'u'))$$,
    $$SELECT llmspell.memory_tool(jsonb_build_object('command', 'create', 'path', '/memories/' || regress.long(100, 'a') || '/' || regress.long(200, 'b'), 'file_text', regress.long(2000, 'c')))$$,
    $$SELECT llmspell.mcp_memory('create_entities', jsonb_build_object('entities', jsonb_build_array(jsonb_build_object('name', regress.long(500, 'n'), 'entityType', regress.long(255, 't'), 'observations', '[]'::jsonb))))$$,
    $$SELECT count(*) FROM llmspell.recall_record(regress.long(2000, 'q'), session_id => regress.long(247, 's'))$$]) s;
-- no index refuses the longest values that a tenant may write into its columns: what a btree entry takes at most
SELECT i.indexrelid::regclass AS index, sum(l.bytes) AS bytes
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
CROSS JOIN LATERAL (SELECT min(b) AS bytes FROM (
    SELECT CASE WHEN a.attlen > 0 THEN a.attlen WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 0 THEN (a.atttypmod - 4) * 4 + 4 ELSE 100000 END
    UNION ALL SELECT (regexp_match(pg_get_constraintdef(k.oid), format('octet_length\(\(*%s\)*(?:::text\))? *<= *(\d+)', a.attname)))[1]::int + 4
    FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.contype = 'c' AND pg_get_constraintdef(k.oid) !~ '\+') AS u (b)) AS l
WHERE has_table_privilege('llmspell_app', i.indrelid, 'INSERT') AND c.relnamespace = 'llmspell'::regnamespace AND m.amname = 'btree' AND k.n <= i.indnkeyatts AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = i.indrelid AND f.contype = 'c' AND pg_get_constraintdef(f.oid) ~ '\+.*<= 2600')
GROUP BY 1 HAVING sum(l.bytes) > 2680 ORDER BY 1::text COLLATE "C";
-- GIN keys are hashes, words, which the text search cuts, or tags
SELECT i.indexrelid::regclass AS index, a.attname, o.opcname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
CROSS JOIN LATERAL unnest(i.indkey::int[], i.indclass::oid[]) AS k (attnum, class) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_opclass o ON o.oid = k.class
WHERE c.relnamespace = 'llmspell'::regnamespace AND m.amname = 'gin' AND o.opcname NOT IN ('jsonb_path_lp_ops', 'tsvector_lp_ops') AND a.attname <> 'tenant_id' ORDER BY 1::text COLLATE "C";
