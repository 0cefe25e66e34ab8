-- Something to back up, in every kind of table.
SET llmspell.event_log_months_back = 1200;
SELECT llmspell.create_event_log_partition('2026-01-01 00:00+00', '2026-02-01 00:00+00') \g /dev/null
INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
SELECT t, uuidv7(), 'e', uuidv7(), '2026-01-15 00:00+00', 1, 'sql', '{}' FROM unnest(ARRAY['acme', 'globex']) AS t;
INSERT INTO llmspell.kv_store (tenant_id, key, value) SELECT 'acme', 'k' || n, 'v' FROM generate_series(1, 100) AS n;
INSERT INTO llmspell.vector_embeddings_384 (tenant_id, scope, embedding)
SELECT 'acme', 'global', array_fill(sin(n)::real, ARRAY[384])::public.vector FROM generate_series(1, 20) AS n;
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) SELECT 'acme', md5(n::text)::uuid, '{}' FROM generate_series(1, 10) AS n;
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('acme', 'h', 'bytea', 'x', 1);
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
SELECT 'acme', n::text, md5(n::text)::uuid, 0, 'h', '{}', 'a', 'file', 'text/plain', 1 FROM generate_series(1, 10) AS n;
