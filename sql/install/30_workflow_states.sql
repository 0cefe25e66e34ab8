-- Workflow state: where each workflow stands.

CREATE TABLE llmspell.workflow_states (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    workflow_id varchar(255) COLLATE "C" NOT NULL,
    workflow_name varchar(500),
    state_data jsonb NOT NULL,
    current_step int NOT NULL DEFAULT 0,
    status varchar(20) COLLATE "C" NOT NULL DEFAULT 'pending',
    started_at timestamptz,
    completed_at timestamptz,
    last_updated timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, workflow_id),
    CONSTRAINT valid_workflow_status CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT positive_step_index CHECK (current_step >= 0)
);
CREATE INDEX idx_workflow_states_tenant_status ON llmspell.workflow_states (tenant_id, status, created_at DESC, workflow_id);

COMMENT ON TABLE llmspell.workflow_states IS 'The current state of each workflow.';
COMMENT ON COLUMN llmspell.workflow_states.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.workflow_states.workflow_id IS 'Names the workflow within the tenant.';
COMMENT ON COLUMN llmspell.workflow_states.workflow_name IS 'Human-readable name.';
COMMENT ON COLUMN llmspell.workflow_states.state_data IS 'The state.';
COMMENT ON COLUMN llmspell.workflow_states.current_step IS 'Index of the current step, from 0.';
COMMENT ON COLUMN llmspell.workflow_states.status IS 'pending, running, completed, failed or cancelled.';
COMMENT ON COLUMN llmspell.workflow_states.started_at IS 'When it first ran.';
COMMENT ON COLUMN llmspell.workflow_states.completed_at IS 'When it reached a terminal status.';
COMMENT ON COLUMN llmspell.workflow_states.last_updated IS 'When the row was last written.';
COMMENT ON COLUMN llmspell.workflow_states.created_at IS 'When the workflow was first saved.';
COMMENT ON INDEX llmspell.idx_workflow_states_tenant_status IS 'For listing workflows by status, newest first.';

CREATE FUNCTION llmspell._tg_workflow_states_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    NEW.last_updated := now();
    IF NEW.status IN ('completed', 'failed', 'cancelled')
        AND OLD.status NOT IN ('completed', 'failed', 'cancelled')
    THEN
        NEW.completed_at := now();
    END IF;
    IF NEW.status = 'running' AND OLD.status = 'pending' AND NEW.started_at IS NULL THEN
        NEW.started_at := now();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell._tg_workflow_states_update() IS 'last_updated and the lifecycle times.';
CREATE TRIGGER workflow_states_update BEFORE UPDATE ON llmspell.workflow_states
    FOR EACH ROW EXECUTE FUNCTION llmspell._tg_workflow_states_update();
