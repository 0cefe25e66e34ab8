-- Triggers for raw writers: times and versions.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'raw';
INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum, updated_at) VALUES ('raw', 'a', 't', '{"x": 1}', 'c', '2020-01-01');
UPDATE llmspell.agent_states SET state_data = '{"x": 1.0}';
SELECT data_version, updated_at > '2020-01-01' AS touched FROM llmspell.agent_states;
UPDATE llmspell.agent_states SET state_data = '{"x": 2}', data_version = 50;
SELECT data_version FROM llmspell.agent_states;
INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data) VALUES ('raw', 'w', '{}');
UPDATE llmspell.workflow_states SET status = 'running';
SELECT started_at IS NOT NULL AS started, completed_at IS NOT NULL AS completed FROM llmspell.workflow_states;
UPDATE llmspell.workflow_states SET status = 'failed';
SELECT started_at IS NOT NULL AS started, completed_at IS NOT NULL AS completed FROM llmspell.workflow_states;
INSERT INTO llmspell.sessions (tenant_id, session_data, last_accessed_at, updated_at) VALUES ('raw', '{}', '2020-01-01', '2020-01-01');
UPDATE llmspell.sessions SET session_data = '{"a": 1}';
SELECT last_accessed_at > now() - interval '1 hour' AS accessed, updated_at > now() - interval '1 hour' AS updated FROM llmspell.sessions;
INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, updated_at) VALUES ('raw', 'global', 'k', 'v', '2020-01-01')
ON CONFLICT (tenant_id, scope, key, value) DO UPDATE SET frequency = procedural_patterns.frequency + 1;
UPDATE llmspell.procedural_patterns SET frequency = frequency + 1;
SELECT frequency, updated_at > '2020-01-01' AS touched FROM llmspell.procedural_patterns;
-- ids default to uuidv7
SELECT uuid_extract_version(state_id) AS v FROM llmspell.agent_states;
-- two current versions of an entity cannot overlap in valid time; a split may share its transaction time
INSERT INTO llmspell.entities (entity_id, tenant_id, entity_type, name, valid_time_start, valid_time_end)
VALUES ('00000000-0000-0000-0000-000000000001', 'raw', 't', 'n', '2026-01-01', '2026-02-01'), ('00000000-0000-0000-0000-000000000001', 'raw', 't', 'n', '2026-02-01', '2026-03-01');
SELECT split_part(regress.try($$INSERT INTO llmspell.entities (entity_id, tenant_id, entity_type, name, valid_time_start) VALUES ('00000000-0000-0000-0000-000000000001', 'raw', 't', 'n', '2026-01-15')$$), ' | ', 2);
-- one active key for a service, and any number of retired ones
INSERT INTO llmspell.api_keys (key_id, tenant_id, service, encrypted_key, is_active) VALUES ('1', 'raw', 's', 'x', false), ('2', 'raw', 's', 'x', false), ('3', 'raw', 's', 'x', true);
SELECT split_part(regress.try($$INSERT INTO llmspell.api_keys (key_id, tenant_id, service, encrypted_key) VALUES ('4', 'raw', 's', 'x')$$), ' | ', 2);
SELECT regress.try(format('DELETE FROM llmspell.%I', t)) FROM unnest(ARRAY['agent_states', 'workflow_states', 'sessions', 'procedural_patterns', 'entities', 'api_keys']) t;
