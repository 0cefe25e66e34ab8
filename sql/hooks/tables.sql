-- Hook history: what each hook did.

CREATE TABLE llmspell.hook_history (
    execution_id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    hook_id varchar(255) COLLATE "C" NOT NULL,
    hook_type varchar(255) COLLATE "C" NOT NULL,
    correlation_id uuid NOT NULL,
    hook_context bytea NOT NULL,
    result_data jsonb NOT NULL,
    timestamp timestamptz NOT NULL,
    duration_ms int NOT NULL,
    triggering_component varchar(255) NOT NULL,
    component_id varchar(255) NOT NULL,
    modified_operation boolean NOT NULL DEFAULT false,
    tags text[] DEFAULT ARRAY[]::text[],
    retention_priority int NOT NULL DEFAULT 0,
    context_size int NOT NULL,
    contains_sensitive_data boolean NOT NULL DEFAULT false,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    codec varchar(20),
    PRIMARY KEY (tenant_id, execution_id),
    -- A packed context of 128 MiB is a little longer than the context.
    CONSTRAINT storable CHECK (octet_length(hook_context) <= 134221824 AND llmspell_internal._storable(result_data, 'result_data')
        AND llmspell_internal._storable(metadata, 'metadata') AND llmspell_internal._storable(tags, 'tags'))
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX idx_hook_history_hook_time ON llmspell.hook_history (tenant_id, hook_id, timestamp DESC);
CREATE INDEX idx_hook_history_type ON llmspell.hook_history (tenant_id, hook_type, timestamp DESC);
CREATE INDEX idx_hook_history_correlation ON llmspell.hook_history (tenant_id, correlation_id, timestamp);
CREATE INDEX idx_hook_history_retention ON llmspell.hook_history (tenant_id, timestamp, retention_priority);

COMMENT ON TABLE llmspell.hook_history IS 'Executions of hooks.';
COMMENT ON COLUMN llmspell.hook_history.execution_id IS 'Names the execution within the tenant.';
COMMENT ON COLUMN llmspell.hook_history.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.hook_history.hook_id IS 'Name of the hook.';
COMMENT ON COLUMN llmspell.hook_history.hook_type IS 'Kind of hook.';
COMMENT ON COLUMN llmspell.hook_history.correlation_id IS 'Shared by executions that belong together.';
COMMENT ON COLUMN llmspell.hook_history.hook_context IS 'The context, as the client serialised and perhaps compressed it.';
COMMENT ON COLUMN llmspell.hook_history.result_data IS 'Result of the hook.';
COMMENT ON COLUMN llmspell.hook_history.timestamp IS 'When it ran.';
COMMENT ON COLUMN llmspell.hook_history.duration_ms IS 'How long it ran, milliseconds.';
COMMENT ON COLUMN llmspell.hook_history.triggering_component IS 'Kind of component that triggered it.';
COMMENT ON COLUMN llmspell.hook_history.component_id IS 'Component that triggered it.';
COMMENT ON COLUMN llmspell.hook_history.modified_operation IS 'Whether it changed the operation.';
COMMENT ON COLUMN llmspell.hook_history.tags IS 'Tags.';
COMMENT ON COLUMN llmspell.hook_history.retention_priority IS 'The higher, the longer it is kept.';
COMMENT ON COLUMN llmspell.hook_history.context_size IS 'Size of the context, bytes, as the client counts it.';
COMMENT ON COLUMN llmspell.hook_history.contains_sensitive_data IS 'Whether the client marked it as sensitive.';
COMMENT ON COLUMN llmspell.hook_history.metadata IS 'The client''s metadata.';
COMMENT ON COLUMN llmspell.hook_history.created_at IS 'When the row was made.';
COMMENT ON COLUMN llmspell.hook_history.codec IS 'How hook_record wrote the context: bytes.v1 or json.v1; NULL where another client wrote it, in a form of its own.';
COMMENT ON INDEX llmspell.idx_hook_history_hook_time IS 'For the executions of a hook, newest first.';
COMMENT ON INDEX llmspell.idx_hook_history_type IS 'For the executions of a kind, newest first.';
COMMENT ON INDEX llmspell.idx_hook_history_correlation IS 'For what belongs together.';
COMMENT ON INDEX llmspell.idx_hook_history_retention IS 'For retention.';

CREATE TYPE llmspell_internal.hook_row AS (
    execution_id uuid,
    hook_id text,
    hook_type text,
    correlation_id uuid,
    context bytea,
    context_json jsonb,
    result jsonb,
    at timestamptz,
    duration_ms int,
    triggering_component text,
    component_id text,
    modified_operation boolean,
    tags text[],
    retention_priority int,
    context_size int,
    contains_sensitive_data boolean,
    metadata jsonb,
    codec text,
    cursor text
);
COMMENT ON TYPE llmspell_internal.hook_row IS 'An execution of a hook as functions return it, with the place after it in the list.';

CREATE TYPE llmspell_internal.hook_recorded AS (
    execution_id uuid,
    correlation_id uuid,
    at timestamptz,
    context_size int,
    stored_size int
);
COMMENT ON TYPE llmspell_internal.hook_recorded IS 'Row type of the result of hook_record.';

CREATE TABLE llmspell.hook_retention (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    keep interval NOT NULL,
    max_priority int NOT NULL,
    PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE llmspell.hook_retention IS 'How long tenants keep hook executions; no row: for ever.';
COMMENT ON COLUMN llmspell.hook_retention.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.hook_retention.keep IS 'Older executions go.';
COMMENT ON COLUMN llmspell.hook_retention.max_priority IS 'Only those whose retention_priority is at most this.';
