-- Rows of the tenant in force in every table with a tenant_id, as the app role writes them: through
-- the functions where there are some, else with raw statements. A new table gets its rows here.

SELECT llmspell.ensure_future_event_log_partitions();

SELECT llmspell.kv_set('plain', 'value');
SELECT llmspell.kv_set('versions', 'one'), llmspell.kv_set('versions', 'two', '{"n": 2}');
SELECT llmspell.kv_set('expiring', 'soon', ttl => '1 day');
SELECT llmspell.kv_set('all bytes', (SELECT string_agg(set_byte('\x00', 0, i), '' ORDER BY i) FROM generate_series(0, 255) AS i));
SELECT llmspell.kv_set('', '');
SELECT llmspell.kv_set(E'quote '' back \\ tab \t line \n é 名 𝄞', 'x', '{"text": "é \\ \u0001", "list": [1, null, 2.50]}');

INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum)
SELECT llmspell.current_tenant(), 'agent-' || i, 'type-' || i % 2, jsonb_build_object('n', i), repeat('ab', 32) FROM generate_series(1, 3) AS i;
UPDATE llmspell.agent_states SET state_data = '{"n": 100}' WHERE agent_id = 'agent-1';

INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, workflow_name, state_data, current_step)
SELECT llmspell.current_tenant(), 'workflow-' || i, 'name', '{}', i FROM generate_series(0, 2) AS i;
UPDATE llmspell.workflow_states SET status = 'running' WHERE workflow_id <> 'workflow-0';
UPDATE llmspell.workflow_states SET status = 'completed' WHERE workflow_id = 'workflow-2';

INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, frequency)
VALUES (llmspell.current_tenant(), 'global', 'k', 'v', 3), (llmspell.current_tenant(), 'user:1', 'k', E'v\n2', 1);

INSERT INTO llmspell.vector_embeddings_384 (tenant_id, scope, embedding, metadata, content)
SELECT llmspell.current_tenant(), 'global', array_agg(sin(i * g) ORDER BY i)::real[], jsonb_build_object('g', g), 'text ' || g
FROM generate_series(1, 384) AS i, generate_series(1, 5) AS g GROUP BY g;
INSERT INTO llmspell.vector_embeddings_768 (tenant_id, scope, embedding)
SELECT llmspell.current_tenant(), 'session:1', array_agg(cos(i) ORDER BY i)::real[] FROM generate_series(1, 768) AS i;
INSERT INTO llmspell.vector_embeddings_1536 (tenant_id, scope, embedding)
SELECT llmspell.current_tenant(), 'user:1', array_agg(1.0 / i ORDER BY i)::real[] FROM generate_series(1, 1536) AS i;
INSERT INTO llmspell.vector_embeddings_3072 (tenant_id, scope, embedding, metadata)
SELECT llmspell.current_tenant(), 'agent:1', array_agg(i ORDER BY i)::real[], '{"a": [1, 2]}' FROM generate_series(1, 3072) AS i;

-- A superseded version, a current one, and one that ends.
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties,
    valid_time_start, valid_time_end, transaction_time_start, transaction_time_end)
VALUES
    (llmspell.current_tenant(), '00000000-0000-0000-0000-000000000001', 'person', 'Ada', '{"v": 1}', '-infinity', 'infinity', '2020-01-01+00', '2021-01-01+00'),
    (llmspell.current_tenant(), '00000000-0000-0000-0000-000000000001', 'person', 'Ada', '{"v": 2}', '2000-01-01+00', 'infinity', '2021-01-01+00', 'infinity'),
    (llmspell.current_tenant(), '00000000-0000-0000-0000-000000000002', 'place', 'Bath', '{}', '2000-01-01 00:00:00.123456+00', '2010-01-01+00', '2021-01-01+00', 'infinity');
INSERT INTO llmspell.relationships (tenant_id, from_entity, to_entity, relationship_type, valid_time_start)
VALUES (llmspell.current_tenant(), '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 'lives in', '2000-01-01+00');

-- The same by functions: a version split in three, an edge with a source, and the trace of an erased entity.
SELECT llmspell.entity_put('00000000-0000-0000-0000-000000000003', 'person', 'Mary', '{"n": 1}', '2000-01-01+00');
SELECT llmspell.entity_patch('00000000-0000-0000-0000-000000000003', '{"n": 2.50, "é": null}', '2005-01-01+00', '2006-01-01+00', source_type => 'event', source_id => 'e1');
SELECT llmspell.relationship_put('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000003', 'knows', valid_from => '2001-01-01+00',
    source_type => 'episode', source_id => 'é 1');
SELECT llmspell.entity_put('00000000-0000-0000-0000-000000000004', 'person', 'gone', '{}', '2000-01-01+00'), llmspell.entity_erase('00000000-0000-0000-0000-000000000004', false);

-- Counts that must survive: content with 1 + 3, 1 + 1 and 1 + 0 references, sessions with 3, 1 and 0 artifacts.
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, expires_at)
SELECT llmspell.current_tenant(), format('10000000-0000-0000-0000-00000000000%s', i)::uuid, '{"a": 1}', CASE i WHEN 1 THEN 'infinity'::timestamptz END
FROM generate_series(1, 3) AS i;
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes)
SELECT llmspell.current_tenant(), repeat(i::text, 64), 'bytea', decode(repeat('00ff', i), 'hex'), 2 * i FROM generate_series(1, 3) AS i;
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes, tags)
SELECT llmspell.current_tenant(), format('%s:%s', s, n), format('10000000-0000-0000-0000-00000000000%s', s)::uuid, n, repeat(h::text, 64),
    '{}', 'file', 'text', 'text/plain', 2, ARRAY['t', NULL, 'a,"b"']
FROM (VALUES (1, 0, 1), (1, 1, 1), (1, 2, 2), (2, 0, 1)) AS a (s, n, h);

INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
SELECT llmspell.current_tenant(), uuidv7(), 'test.event', gen_random_uuid(), now() + make_interval(months => i), i, 'sql', jsonb_build_object('i', i)
FROM generate_series(0, 2) AS i;

INSERT INTO llmspell.hook_history (tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp,
    duration_ms, triggering_component, component_id, context_size, tags)
VALUES (llmspell.current_tenant(), 'hook', 'before', gen_random_uuid(), '\x00ff', '{}', '-infinity', 5, 'agent', 'agent-1', 2, ARRAY['x']);

INSERT INTO llmspell.api_keys (tenant_id, key_id, service, encrypted_key, is_active)
VALUES (llmspell.current_tenant(), 'k1', 'openai', '\x01', false), (llmspell.current_tenant(), 'k2', 'openai', '\x02', true);

INSERT INTO llmspell.test_data (tenant_id, value) VALUES (llmspell.current_tenant(), 'own');

-- Checkpoints whole and beside one another, a lease that holds, a retention.
SELECT count(*) FROM generate_series(1, 5) AS i
CROSS JOIN LATERAL llmspell.agent_state_save('kept', 'chat', jsonb_build_object('i', i, 'text', repeat(md5('x'), 50)), keep_history => true);
SELECT llmspell.agent_history_set('logged', 'all');
SELECT count(*) FROM llmspell.workflow_claim(max_rows => 1, lease => '100 years');
SELECT llmspell.session_retention_set('1 year');

-- Spaces for episodes, what expires, words.
SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object('embedding', array_fill(0.5, ARRAY[384]), 'scope', 'user:1', 'metadata', '{"due": true}'::jsonb,
    'content', 'the red fox', 'expires_at', 'infinity', 'at', '2026-01-01+00', 'language', 'english')));
SELECT count(e.id) FROM generate_series(1, 3) AS n
CROSS JOIN LATERAL llmspell.episode_add('s1', 'user', 'said, number ' || n, NULL, '{"d": 1}', '2026-01-01+00'::timestamptz + n * interval '1 s', NULL, 'key ' || n, 'english') AS e;
INSERT INTO llmspell.episode_embeddings_384 (tenant_id, id, scope, embedding) SELECT llmspell.current_tenant(), id, 'session:s1', array_fill(0.5, ARRAY[384])::real[] FROM llmspell.episode_list('s1', max_rows => 1) ON CONFLICT DO NOTHING;
INSERT INTO llmspell.episode_embeddings_768 (tenant_id, id, scope, embedding) SELECT llmspell.current_tenant(), id, 'session:s1', array_fill(0.5, ARRAY[768])::real[] FROM llmspell.episode_list('s1', max_rows => 1) ON CONFLICT DO NOTHING;
INSERT INTO llmspell.episode_embeddings_1536 (tenant_id, id, scope, embedding) SELECT llmspell.current_tenant(), id, 'session:s1', array_fill(0.5, ARRAY[1536])::real[] FROM llmspell.episode_list('s1', max_rows => 1) ON CONFLICT DO NOTHING;
INSERT INTO llmspell.episode_embeddings_3072 (tenant_id, id, scope, embedding) SELECT llmspell.current_tenant(), id, 'session:s1', array_fill(0.5, ARRAY[3072])::real[] FROM llmspell.episode_list('s1', max_rows => 1) ON CONFLICT DO NOTHING;
SELECT count(*) FROM llmspell.episode_claim(max_rows => 1, lease => '100 years');
SELECT llmspell.episode_mark_processed(ARRAY(SELECT id FROM llmspell.episode_list('s1', max_rows => 2)));
-- Chunks of two versions, the second beside the first; an upload; a content that waits to be collected.
SELECT llmspell.artifact_put('10000000-0000-0000-0000-000000000002', 'versions',
    (SELECT string_agg(sha256(convert_to(i || CASE WHEN i = 700 * v THEN 'x' ELSE '' END, 'UTF8')), '' ORDER BY i) FROM generate_series(1, 1400) AS i))
FROM generate_series(1, 2) AS v ORDER BY v;
SELECT llmspell.artifact_put('10000000-0000-0000-0000-000000000002', 'empty', '', tags => '{t}', metadata => '{"a": 1}');
SELECT llmspell.artifact_upload_append(llmspell.artifact_upload_begin('10000000-0000-0000-0000-000000000002', 'upload', ttl => '100 years'), 0,
    (SELECT string_agg(sha256(convert_to('part ' || i, 'UTF8')), '') FROM generate_series(1, 1000) AS i));
SELECT llmspell.artifact_delete(artifact_id) FROM llmspell.artifact_put('10000000-0000-0000-0000-000000000002', 'deleted', 'deleted');
-- Events by the functions, a stream, a consumer; hook executions of both kinds and a retention.
SELECT count(*) FROM llmspell.event_append('fill.event', '{"n": 1}', at => now() + interval '1 month');
SELECT llmspell.stream_append('fill', '[{"event_type": "fill.1", "payload": 1}, {"event_type": "fill.2", "payload": 2}]');
SELECT llmspell.event_subscribe('fill'), llmspell.event_ack('fill', '0000000001/00000000000000000003/0000000000000000001');
SELECT count(*) FROM llmspell.hook_record('fill', 'before', context => '\x00ff');
SELECT count(*) FROM llmspell.hook_record('fill', 'after', context_json => '{"a": [1, null, "é"]}');
SELECT llmspell.hook_retention_set('20 years', 3);
INSERT INTO llmspell.embedding_queue (tenant_id, space, id) SELECT tenant_id, 'episodes_384', id FROM llmspell.episodes LIMIT 1 ON CONFLICT DO NOTHING;
SELECT count(*) FROM generate_series(1, 8) AS n CROSS JOIN LATERAL llmspell.vector_put('[1,2,3,4,5,6]', 'doc', content => 'a small thing', space => 'small:' || n);

-- Items: with words and vectors, with a life, in the root, with what must be escaped; and what the tools for agents store.
SELECT count(*) FROM llmspell.item_put_many('[
    {"namespace": ["users", "42"], "key": "name", "value": {"text": "Ada", "n": [1, null, 2.50]}, "index_text": "Ada Lovelace", "embeddings": [[1, 0.5], [0, 1]], "language": "english"},
    {"namespace": ["users", "42", "notes"], "key": "soon gone", "value": null, "ttl": "1 day", "embedding": [1, 2, 3]},
    {"namespace": [], "key": "", "value": "root"},
    {"namespace": ["quote \u0027 \" back \\", "é 名 𝄞", "*"], "key": "tab \t line \n", "value": {"text": "é \\ \u0001"}}]');
SELECT llmspell.memory_tool('{"command": "create", "path": "/memories/a/b.txt", "file_text": "one\ntwo\n"}')
WHERE NOT EXISTS (SELECT FROM llmspell.item_get('{memories,a}', 'b.txt'));
SELECT llmspell.mcp_memory('create_entities', '{"entities": [{"name": "Ada", "entityType": "person", "observations": ["writes notes"]}, {"name": "Engine", "entityType": "machine", "observations": []}]}');
SELECT llmspell.mcp_memory('create_relations', '{"relations": [{"from": "Ada", "to": "Engine", "relationType": "programs"}]}');
-- Checkpoints whose values are packed beside one another, a fork, a copy, writes short and long, and messages.
SELECT llmspell.checkpoint_put('thread-1', '', 'c' || n, CASE WHEN n > 1 THEN 'c' || n - 1 END, jsonb_build_object('channel_versions', jsonb_build_object('messages', n)),
    jsonb_build_object('run_id', 'run-' || n), '{messages,é}', '{text,bytes}', ARRAY[convert_to((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 10 + n) AS i), 'UTF8'), '\x00ff'])
FROM generate_series(1, 5) AS n;
SELECT llmspell.checkpoint_put('thread-1', 'child:1', 'c1', NULL, '{}');
SELECT llmspell.checkpoint_writes_put('thread-1', '', 'c5', 'task', '{a,b}', '{text,text}', ARRAY['short'::bytea, decode(repeat('00ff', 1000), 'hex')]);
SELECT llmspell.message_append('thread-1', '[{"role": "user", "content": "é \\ 𝄞"}, 2.50, null]', message_ids => '{a,b,c}') WHERE NOT EXISTS (SELECT FROM llmspell.message_list('thread-1'));
SELECT llmspell.thread_copy('thread-1', 'thread-2'), llmspell.thread_prune('{thread-2}', keep_last => 2) WHERE NOT EXISTS (SELECT FROM llmspell.thread_list() t WHERE t.thread_id = 'thread-2');
