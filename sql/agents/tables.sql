-- Agent state: one current state for each agent, and the checkpoints that were kept.
-- Locks: a write locks the agent's row; its checkpoints are written under that lock.

CREATE TABLE llmspell.agent_states (
    state_id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    agent_id varchar(255) COLLATE "C" NOT NULL,
    agent_type varchar(100) COLLATE "C" NOT NULL,
    state_data jsonb NOT NULL,
    schema_version int NOT NULL DEFAULT 1,
    data_version int NOT NULL DEFAULT 1,
    checksum varchar(64) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    state_since timestamptz NOT NULL DEFAULT now(),
    own_checksum bytea,
    checkpoint_version int,
    checkpoint_label varchar(100) COLLATE "C",
    CONSTRAINT unique_agent_state PRIMARY KEY (tenant_id, agent_id),
    CONSTRAINT positive_schema_version CHECK (schema_version > 0),
    CONSTRAINT positive_data_version CHECK (data_version > 0),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable_state(state_data, own_checksum))
-- Room for the next version of a row in its page: an update then touches no index.
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX idx_agent_states_type ON llmspell.agent_states (tenant_id, agent_type, agent_id);

COMMENT ON TABLE llmspell.agent_states IS 'The current state of each agent.';
COMMENT ON COLUMN llmspell.agent_states.state_id IS 'Surrogate id of the guide; not unique by constraint.';
COMMENT ON COLUMN llmspell.agent_states.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.agent_states.agent_id IS 'Names the agent within the tenant.';
COMMENT ON COLUMN llmspell.agent_states.agent_type IS 'Kind of agent.';
COMMENT ON COLUMN llmspell.agent_states.state_data IS 'The state.';
COMMENT ON COLUMN llmspell.agent_states.schema_version IS 'Version of the form of state_data, from 1; the client''s.';
COMMENT ON COLUMN llmspell.agent_states.data_version IS 'From 1; one more each time state_data changes, whoever writes.';
COMMENT ON COLUMN llmspell.agent_states.checksum IS 'SHA-256, lower-case hex, of the canonical JSON, or what another client computed.';
COMMENT ON COLUMN llmspell.agent_states.created_at IS 'When the agent was first saved.';
COMMENT ON COLUMN llmspell.agent_states.updated_at IS 'When the row was last written.';
COMMENT ON COLUMN llmspell.agent_states.state_since IS 'When state_data last changed.';
COMMENT ON COLUMN llmspell.agent_states.own_checksum IS 'The checksum that agent_state_save computed; agent_state_verify checks the row where it equals checksum.';
COMMENT ON COLUMN llmspell.agent_states.checkpoint_version IS 'The last version saved as a checkpoint; where it equals data_version, the current state is one.';
COMMENT ON COLUMN llmspell.agent_states.checkpoint_label IS 'Label of the checkpoint in checkpoint_version.';
COMMENT ON INDEX llmspell.idx_agent_states_type IS 'Lists agents by type.';

-- A kept state is packed whole, or as its difference from a base: the last whole one before it.
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
    label varchar(100) COLLATE "C",
    PRIMARY KEY (tenant_id, agent_id, version),
    CONSTRAINT agent_state_history_base_check CHECK (base_version < version),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(packed, 'packed'))
);
ALTER TABLE llmspell.agent_state_history ALTER COLUMN packed SET STORAGE EXTERNAL;
-- Statistics of one agent's rows would make the trigger that deletes by agent scan the table.
ALTER TABLE llmspell.agent_state_history ALTER COLUMN agent_id SET (n_distinct = -0.01);
CREATE INDEX idx_agent_state_history_label ON llmspell.agent_state_history (tenant_id, agent_id, label, version DESC) WHERE label IS NOT NULL;

COMMENT ON TABLE llmspell.agent_state_history IS 'Checkpoints of agents that have been replaced; agent_state_at reads them.';
COMMENT ON COLUMN llmspell.agent_state_history.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.agent_state_history.agent_id IS 'The agent; deleting it deletes its history.';
COMMENT ON COLUMN llmspell.agent_state_history.version IS 'The data_version that the state had.';
COMMENT ON COLUMN llmspell.agent_state_history.agent_type IS 'Kind of agent, then.';
COMMENT ON COLUMN llmspell.agent_state_history.schema_version IS 'Version of the form of the state, then.';
COMMENT ON COLUMN llmspell.agent_state_history.checksum IS 'Checksum of the state, then.';
COMMENT ON COLUMN llmspell.agent_state_history.saved_at IS 'When the state became current.';
COMMENT ON COLUMN llmspell.agent_state_history.replaced_at IS 'When another state replaced it.';
COMMENT ON COLUMN llmspell.agent_state_history.size_bytes IS 'Length of the state as JSON text, bytes.';
COMMENT ON COLUMN llmspell.agent_state_history.base_version IS 'The version that the state is packed against; NULL where it is packed whole.';
COMMENT ON COLUMN llmspell.agent_state_history.packed IS 'The state as JSON text, compressed with zstd.';
COMMENT ON COLUMN llmspell.agent_state_history.label IS 'Label given when it was saved.';
COMMENT ON INDEX llmspell.idx_agent_state_history_label IS 'Finds a checkpoint by its label.';

CREATE TABLE llmspell.agent_history_policies (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    agent_type varchar(100) COLLATE "C" NOT NULL,
    history varchar(20) COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, agent_type),
    CONSTRAINT valid_agent_history CHECK (history IN ('all', 'checkpoints', 'none'))
);
COMMENT ON TABLE llmspell.agent_history_policies IS 'The rule for a type of agents: which saved states are kept; without a row, checkpoints.';
COMMENT ON COLUMN llmspell.agent_history_policies.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.agent_history_policies.agent_type IS 'Kind of agent.';
COMMENT ON COLUMN llmspell.agent_history_policies.history IS 'all, checkpoints or none.';

CREATE TYPE llmspell_internal.agent_state_row AS (
    agent_id text, agent_type text, version bigint, schema_version int, updated_at timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.agent_state_row IS 'An agent in a list.';
CREATE TYPE llmspell_internal.agent_state_saved AS (
    state_id uuid, version bigint, created boolean, changed boolean, checkpoint boolean
);
COMMENT ON TYPE llmspell_internal.agent_state_saved IS 'The outcome of a save.';
CREATE TYPE llmspell_internal.agent_state_kept AS (
    version bigint, state jsonb, agent_type text, schema_version int, checksum text, saved_at timestamptz, label text
);
COMMENT ON TYPE llmspell_internal.agent_state_kept IS 'A state of an agent, current or kept.';
