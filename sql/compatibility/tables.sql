-- Objects that existing clients look for: the table that isolation checks run on, and the history that tells
-- a client which migrates on connect that its work is done.

CREATE TABLE llmspell.test_data (
    id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    value text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT storable CHECK (llmspell_internal._storable(value, 'value'))
);
COMMENT ON TABLE llmspell.test_data IS 'For verify_isolation() and clients'' own checks.';
COMMENT ON COLUMN llmspell.test_data.id IS 'Names the row within the tenant.';
COMMENT ON COLUMN llmspell.test_data.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.test_data.value IS 'Anything.';
COMMENT ON COLUMN llmspell.test_data.created_at IS 'When the row was made.';

CREATE TABLE llmspell.refinery_schema_history (
    version int4 PRIMARY KEY,
    name varchar(255),
    applied_on varchar(255),
    checksum varchar(255)
);
COMMENT ON TABLE llmspell.refinery_schema_history IS 'Migrations of the guide, as its client records them: their work is done by this extension.';
COMMENT ON COLUMN llmspell.refinery_schema_history.version IS 'Number of the migration.';
COMMENT ON COLUMN llmspell.refinery_schema_history.name IS 'Name of the migration.';
COMMENT ON COLUMN llmspell.refinery_schema_history.applied_on IS 'When it was applied, RFC 3339.';
COMMENT ON COLUMN llmspell.refinery_schema_history.checksum IS 'The client''s checksum of the migration, decimal.';

INSERT INTO llmspell.refinery_schema_history (version, name, applied_on, checksum)
SELECT m.version, m.name, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), m.checksum
FROM (VALUES
    (1, 'initial_setup', '10633395055752187010'),
    (2, 'test_table_rls', '14415551228878554269'),
    (3, 'vector_embeddings', '6228827525744230765'),
    (4, 'temporal_graph', '31043255606996361'),
    (5, 'procedural_memory', '11337335665949998599'),
    (6, 'agent_state', '9447698611512643152'),
    (7, 'kv_store', '289475347170600365'),
    (8, 'workflow_states', '462442701860161972'),
    (9, 'sessions', '1790236131585020207'),
    (10, 'artifacts', '11469054877453137480'),
    (11, 'event_log', '17573940960005087169'),
    (12, 'application_role_rls_enforcement', '10480178401781481943'),
    (13, 'hook_history', '4582817238075973910'),
    (14, 'api_keys', '14044377471973127751'),
    (15, 'bitemporal_composite_keys', '11052579462769259573')
) AS m (version, name, checksum);
