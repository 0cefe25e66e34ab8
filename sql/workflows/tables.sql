-- Workflow state: where each workflow stands, and who works on it.
-- Locks: a write locks the workflow's row; a claim skips what is locked.

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
    version bigint NOT NULL DEFAULT 1,
    attempt int NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    queue varchar(100) COLLATE "C" NOT NULL DEFAULT 'default',
    run_at timestamptz NOT NULL DEFAULT now(),
    max_attempts int,
    backoff interval,
    failure_reason varchar(1000),
    PRIMARY KEY (tenant_id, workflow_id),
    CONSTRAINT valid_workflow_status CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT positive_step_index CHECK (current_step >= 0),
    CONSTRAINT positive_max_attempts CHECK (max_attempts > 0),
    CONSTRAINT positive_backoff CHECK (backoff > '0')
-- Room for the next version of a row in its page.
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX idx_workflow_states_tenant_status ON llmspell.workflow_states (tenant_id, status, created_at DESC, workflow_id DESC);
CREATE INDEX idx_workflow_states_created ON llmspell.workflow_states (tenant_id, created_at DESC, workflow_id DESC);
-- The status under which workflow_claim, which repeats the expression, finds a workflow: one whose lease ran out is
-- among the pending ones; one that has ended and used up its attempts is under none.
CREATE INDEX idx_workflow_states_claim ON llmspell.workflow_states (tenant_id, queue, (CASE WHEN lease_expires_at IS NOT NULL THEN 'pending'
    WHEN status = 'pending' OR status = 'running' OR max_attempts IS NULL OR attempt < max_attempts THEN status END), run_at, workflow_id);

-- The key of a name, as the longest name does not fit beside the longest tenant.
CREATE INDEX idx_workflow_states_claim_name ON llmspell.workflow_states (tenant_id, queue, llmspell_internal._name_key(workflow_name) COLLATE "C", (CASE WHEN lease_expires_at IS NOT NULL THEN 'pending'
    WHEN status = 'pending' OR status = 'running' OR max_attempts IS NULL OR attempt < max_attempts THEN status END), run_at)
    WHERE workflow_name IS NOT NULL;
-- Time first, for work_pending: what is due of all tenants, without a look at those that have nothing to do. An
-- expression, so that no other query takes it.
CREATE INDEX idx_workflow_states_due ON llmspell.workflow_states ((CASE WHEN lease_expires_at IS NOT NULL OR status = 'pending' THEN run_at END), tenant_id)
    WHERE lease_expires_at IS NOT NULL OR status = 'pending';
CREATE INDEX idx_workflow_states_spent ON llmspell.workflow_states (tenant_id, run_at) WHERE attempt >= max_attempts AND (lease_expires_at IS NOT NULL OR status = 'pending');

COMMENT ON TABLE llmspell.workflow_states IS 'The current state of each workflow.';
COMMENT ON COLUMN llmspell.workflow_states.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.workflow_states.workflow_id IS 'Names the workflow within the tenant.';
COMMENT ON COLUMN llmspell.workflow_states.workflow_name IS 'Human-readable name.';
COMMENT ON COLUMN llmspell.workflow_states.state_data IS 'The state.';
COMMENT ON COLUMN llmspell.workflow_states.current_step IS 'Index of the current step, from 0.';
COMMENT ON COLUMN llmspell.workflow_states.status IS 'pending, running, completed, failed or cancelled.';
COMMENT ON COLUMN llmspell.workflow_states.started_at IS 'When it first ran.';
COMMENT ON COLUMN llmspell.workflow_states.completed_at IS 'When it reached its terminal status; NULL in any other.';
COMMENT ON COLUMN llmspell.workflow_states.last_updated IS 'When the row was last written.';
COMMENT ON COLUMN llmspell.workflow_states.created_at IS 'When the workflow was first saved.';
COMMENT ON COLUMN llmspell.workflow_states.version IS 'From 1; one more with each write, whoever writes.';
COMMENT ON COLUMN llmspell.workflow_states.attempt IS 'How often it was claimed, or taken up again after a terminal status.';
COMMENT ON COLUMN llmspell.workflow_states.fence IS 'Fencing number: one more with each claim.';
COMMENT ON COLUMN llmspell.workflow_states.lease_expires_at IS 'When the claim ends; NULL where nobody holds one.';
COMMENT ON COLUMN llmspell.workflow_states.queue IS 'The queue that workflow_claim takes it from.';
COMMENT ON COLUMN llmspell.workflow_states.run_at IS 'It is claimed no earlier, and in this order.';
COMMENT ON COLUMN llmspell.workflow_states.max_attempts IS 'After so many attempts it fails; NULL for any number.';
COMMENT ON COLUMN llmspell.workflow_states.backoff IS 'Pause after the first attempt, doubled after each further one to at most a day; NULL for none.';
COMMENT ON COLUMN llmspell.workflow_states.failure_reason IS 'Why it failed; NULL in any other status.';
COMMENT ON INDEX llmspell.idx_workflow_states_created IS 'Lists workflows, newest first.';
COMMENT ON INDEX llmspell.idx_workflow_states_claim IS 'Finds what can be claimed from a queue, in the order of run_at.';
COMMENT ON INDEX llmspell.idx_workflow_states_claim_name IS 'Finds what can be claimed from a queue by its name, in the order of run_at.';
COMMENT ON INDEX llmspell.idx_workflow_states_due IS 'Finds what is due of all tenants, for work_pending.';
COMMENT ON INDEX llmspell.idx_workflow_states_spent IS 'Finds what has used up its attempts, for maintenance.';
COMMENT ON INDEX llmspell.idx_workflow_states_tenant_status IS 'Lists workflows by status, newest first.';

CREATE TYPE llmspell_internal.workflow_row AS (
    workflow_id text, name text, status text, reason text, queue text, current_step int, version bigint, attempt int,
    run_at timestamptz, created_at timestamptz, updated_at timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.workflow_row IS 'A workflow in a list.';

CREATE TYPE llmspell_internal.workflow_claimed AS (
    workflow_id text, name text, state jsonb, current_step int, version bigint, attempt int, fence bigint, lease_expires_at timestamptz
);
COMMENT ON TYPE llmspell_internal.workflow_claimed IS 'A workflow that was claimed.';
