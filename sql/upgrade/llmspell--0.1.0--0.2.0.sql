-- From 0.1.0 to 0.2.0: what scripts/upgrade-script cannot derive from the install script.

ALTER TABLE llmspell.kv_store
    DROP CONSTRAINT positive_version,
    DROP CONSTRAINT max_value_size,
    ADD CONSTRAINT valid_version_and_size CHECK (version > 0 AND octet_length(value) <= 134217728);

ALTER TABLE llmspell.agent_states
    ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN own_checksum bytea,
    SET (fillfactor = 80);
-- A state was last known to change when its row was last written.
ALTER TABLE llmspell.agent_states DISABLE TRIGGER USER;
UPDATE llmspell.agent_states SET state_since = updated_at;
ALTER TABLE llmspell.agent_states ENABLE TRIGGER USER;

CREATE TABLE llmspell.agent_state_history (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    agent_id varchar(255) COLLATE "C" NOT NULL,
    version int NOT NULL,
    agent_type varchar(100) COLLATE "C" NOT NULL,
    schema_version int NOT NULL,
    checksum varchar(64) NOT NULL,
    saved_at timestamptz NOT NULL,
    replaced_at timestamptz NOT NULL,
    size_bytes int NOT NULL,
    base_version int,
    packed bytea NOT NULL,
    PRIMARY KEY (tenant_id, agent_id, version),
    CONSTRAINT agent_state_history_base_check CHECK (base_version < version)
);
ALTER TABLE llmspell.agent_state_history ALTER COLUMN packed SET STORAGE EXTERNAL;

ALTER TABLE llmspell.workflow_states
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN attempt int NOT NULL DEFAULT 0,
    ADD COLUMN fence bigint NOT NULL DEFAULT 0,
    ADD COLUMN lease_expires_at timestamptz,
    SET (fillfactor = 80);
CREATE INDEX idx_workflow_states_created ON llmspell.workflow_states (tenant_id, created_at DESC, workflow_id);
CREATE INDEX idx_workflow_states_lease ON llmspell.workflow_states (tenant_id, lease_expires_at) WHERE lease_expires_at IS NOT NULL;
-- What the lifecycle would have set.
ALTER TABLE llmspell.workflow_states DISABLE TRIGGER USER;
UPDATE llmspell.workflow_states
SET started_at = CASE WHEN status = 'running' THEN coalesce(started_at, last_updated) ELSE started_at END,
    completed_at = CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN coalesce(completed_at, last_updated) END
WHERE status = 'running' AND started_at IS NULL
   OR (status IN ('completed', 'failed', 'cancelled')) <> (completed_at IS NOT NULL);
ALTER TABLE llmspell.workflow_states ENABLE TRIGGER USER;
DROP TRIGGER workflow_states_update ON llmspell.workflow_states;
DROP FUNCTION llmspell._tg_workflow_states_update();

ALTER TABLE llmspell.sessions
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    SET (fillfactor = 80);
CREATE INDEX idx_sessions_created ON llmspell.sessions (tenant_id, created_at DESC, session_id);

CREATE TABLE llmspell.session_retention (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    keep interval NOT NULL CHECK (keep >= '0'),
    PRIMARY KEY (tenant_id)
);
