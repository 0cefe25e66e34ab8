-- reference_count and artifact_count: exact whatever is written, by whom, and however deleted.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'counts-a';
CREATE TEMP VIEW counts AS
    SELECT 'content' AS kind, content_hash AS name, reference_count AS n FROM llmspell.artifact_content
    UNION ALL SELECT 'session', right(session_id::text, 1), artifact_count FROM llmspell.sessions ORDER BY 1, 2;
ALTER VIEW counts SET (security_invoker = true);
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, artifact_count, updated_at, last_accessed_at)
SELECT 'counts-a', ('00000000-0000-0000-0000-00000000000' || n)::uuid, '{}', 77, '2020-01-01', '2020-01-01' FROM generate_series(1, 2) n;
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes, reference_count)
VALUES ('counts-a', 'x', 'bytea', 'x', 1, 55), ('counts-a', 'y', 'bytea', 'y', 1, 5);
SELECT * FROM counts;
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
SELECT 'counts-a', 'a' || n, ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, n, CASE WHEN n < 4 THEN 'x' ELSE 'y' END, '{}', 'n', 't', 'm/m', 1
FROM generate_series(0, 5) n;
SELECT * FROM counts;
-- counting is no access
SELECT bool_and(updated_at = '2020-01-01' AND last_accessed_at = '2020-01-01') AS times_untouched FROM llmspell.sessions;
-- moving artifacts to another content and another session
UPDATE llmspell.artifacts SET content_hash = 'y' WHERE artifact_id = 'a0';
UPDATE llmspell.artifacts SET session_id = '00000000-0000-0000-0000-000000000002' WHERE artifact_id = 'a2';
UPDATE llmspell.artifacts SET name = 'renamed';
SELECT * FROM counts;
-- direct writes of the counts have no effect
UPDATE llmspell.sessions SET artifact_count = 99, status = 'archived';
UPDATE llmspell.artifact_content SET reference_count = 99;
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('counts-a', '00000000-0000-0000-0000-000000000001', '{"v": 2}')
ON CONFLICT (tenant_id, session_id) DO UPDATE SET session_data = EXCLUDED.session_data, artifact_count = EXCLUDED.artifact_count;
SELECT * FROM counts;
SELECT bool_and(updated_at > '2020-01-01') AS written FROM llmspell.sessions;
-- a cascade as the app role
DELETE FROM llmspell.artifacts WHERE artifact_id = 'a5';
SELECT * FROM counts;
DELETE FROM llmspell.sessions WHERE session_id = '00000000-0000-0000-0000-000000000001';
SELECT * FROM counts;
-- a cascade as a superuser, with no tenant set, over two tenants
SET app.current_tenant_id = 'counts-b';
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('counts-b', '00000000-0000-0000-0000-000000000002', '{}');
INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES ('counts-b', 'x', 'bytea', 'x', 1);
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
VALUES ('counts-b', 'a', '00000000-0000-0000-0000-000000000002', 0, 'x', '{}', 'n', 't', 'm/m', 1);
RESET SESSION AUTHORIZATION;
RESET app.current_tenant_id;
DELETE FROM llmspell.sessions WHERE session_id = '00000000-0000-0000-0000-000000000002';
SELECT tenant_id, content_hash, reference_count FROM llmspell.artifact_content WHERE tenant_id LIKE 'counts-%' ORDER BY 1, 2;
SELECT llmspell.current_tenant() IS NULL AS tenant_as_before;
-- as the admin, for a tenant of its choice
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = 'counts-b';
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data) VALUES ('counts-b', '00000000-0000-0000-0000-000000000002', '{}');
INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
VALUES ('counts-b', 'a', '00000000-0000-0000-0000-000000000002', 0, 'x', '{}', 'n', 't', 'm/m', 1);
SELECT reference_count FROM llmspell.artifact_content;
DELETE FROM llmspell.sessions;
SELECT reference_count FROM llmspell.artifact_content;
