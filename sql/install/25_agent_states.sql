-- Agent state: one current state for each agent.

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
    CONSTRAINT unique_agent_state PRIMARY KEY (tenant_id, agent_id),
    CONSTRAINT positive_schema_version CHECK (schema_version > 0),
    CONSTRAINT positive_data_version CHECK (data_version > 0)
);
CREATE INDEX idx_agent_states_type ON llmspell.agent_states (tenant_id, agent_type, agent_id);

COMMENT ON TABLE llmspell.agent_states IS 'The current state of each agent.';
COMMENT ON COLUMN llmspell.agent_states.state_id IS 'Surrogate id of the guide; not unique by constraint.';
COMMENT ON COLUMN llmspell.agent_states.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.agent_states.agent_id IS 'Names the agent within the tenant.';
COMMENT ON COLUMN llmspell.agent_states.agent_type IS 'Kind of agent.';
COMMENT ON COLUMN llmspell.agent_states.state_data IS 'The state.';
COMMENT ON COLUMN llmspell.agent_states.schema_version IS 'Version of the form of state_data, from 1; the client''s.';
COMMENT ON COLUMN llmspell.agent_states.data_version IS 'From 1; one more each time state_data changes.';
COMMENT ON COLUMN llmspell.agent_states.checksum IS 'SHA-256 of the state, lower-case hex, as the writer computed it.';
COMMENT ON COLUMN llmspell.agent_states.created_at IS 'When the agent was first saved.';
COMMENT ON COLUMN llmspell.agent_states.updated_at IS 'When the row was last written.';
COMMENT ON INDEX llmspell.idx_agent_states_type IS 'For listing agents by type.';

CREATE FUNCTION llmspell._tg_agent_states_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    IF NEW.state_data IS DISTINCT FROM OLD.state_data THEN
        NEW.data_version := OLD.data_version + 1;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell._tg_agent_states_update() IS 'updated_at, and one version more where the state differs.';
CREATE TRIGGER agent_states_update BEFORE UPDATE ON llmspell.agent_states
    FOR EACH ROW EXECUTE FUNCTION llmspell._tg_agent_states_update();
