-- The guide's own schema after its 15 migrations, in a schema `guide`, as the
-- yardstick of the benches. Tables, keys, indexes, triggers and policies are
-- the guide's; uuid_generate_v4() became gen_random_uuid(), and vchord,
-- uuid-ossp and pgcrypto are not needed. Run as a superuser, as the guide runs
-- its migrations. Expects pgvector in the search_path.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
DO $$ BEGIN CREATE ROLE llmspell_app NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DROP SCHEMA IF EXISTS guide CASCADE;
CREATE SCHEMA guide;

CREATE TABLE guide.test_data (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  varchar(255) NOT NULL,
    value      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_test_data_tenant ON guide.test_data (tenant_id);

-- Vectors: four tables that differ in dimension and HNSW parameters; 3072
-- dimensions are beyond what pgvector's HNSW takes, so that one has no ANN index.
DO $$
DECLARE
    d record;
    t text;
BEGIN
    FOR d IN SELECT * FROM (VALUES (384, 16, 64), (768, 16, 128), (1536, 24, 256), (3072, NULL, NULL)) AS v (dims, m, ef)
    LOOP
        t := format('guide.vector_embeddings_%s', d.dims);
        EXECUTE format($ddl$
            CREATE TABLE %s (
                id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                tenant_id  varchar(255) NOT NULL,
                scope      varchar(255) NOT NULL,
                embedding  vector(%s) NOT NULL,
                metadata   jsonb NOT NULL DEFAULT '{}',
                created_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now()
            )$ddl$, t, d.dims);
        EXECUTE format('CREATE INDEX idx_vector_%s_tenant ON %s (tenant_id)', d.dims, t);
        EXECUTE format('CREATE INDEX idx_vector_%s_scope ON %s (scope)', d.dims, t);
        EXECUTE format('CREATE INDEX idx_vector_%s_created ON %s (created_at)', d.dims, t);
        IF d.m IS NOT NULL THEN
            EXECUTE format('CREATE INDEX idx_vector_%s_hnsw ON %s USING hnsw (embedding vector_cosine_ops) WITH (m = %s, ef_construction = %s)',
                d.dims, t, d.m, d.ef);
        END IF;
    END LOOP;
END $$;

CREATE TABLE guide.entities (
    entity_id              uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id              varchar(255) NOT NULL,
    entity_type            varchar(255) NOT NULL,
    name                   varchar(500) NOT NULL,
    properties             jsonb NOT NULL DEFAULT '{}',
    valid_time_start       timestamptz NOT NULL,
    valid_time_end         timestamptz NOT NULL DEFAULT 'infinity',
    transaction_time_start timestamptz NOT NULL DEFAULT now(),
    transaction_time_end   timestamptz NOT NULL DEFAULT 'infinity',
    created_at             timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entity_id, transaction_time_start),
    CONSTRAINT valid_time_range CHECK (valid_time_start < valid_time_end),
    CONSTRAINT tx_time_range CHECK (transaction_time_start < transaction_time_end)
);
CREATE INDEX idx_entities_tenant     ON guide.entities (tenant_id);
CREATE INDEX idx_entities_type       ON guide.entities (entity_type);
CREATE INDEX idx_entities_name       ON guide.entities (name);
CREATE INDEX idx_entities_valid_time ON guide.entities USING gist (tstzrange(valid_time_start, valid_time_end));
CREATE INDEX idx_entities_tx_time    ON guide.entities USING gist (tstzrange(transaction_time_start, transaction_time_end));
CREATE INDEX idx_entities_properties ON guide.entities USING gin (properties);
CREATE INDEX idx_entities_id_lookup  ON guide.entities (entity_id);

CREATE TABLE guide.relationships (
    relationship_id        uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id              varchar(255) NOT NULL,
    from_entity            uuid NOT NULL,
    to_entity              uuid NOT NULL,
    relationship_type      varchar(255) NOT NULL,
    properties             jsonb NOT NULL DEFAULT '{}',
    valid_time_start       timestamptz NOT NULL,
    valid_time_end         timestamptz NOT NULL DEFAULT 'infinity',
    transaction_time_start timestamptz NOT NULL DEFAULT now(),
    transaction_time_end   timestamptz NOT NULL DEFAULT 'infinity',
    created_at             timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (relationship_id, transaction_time_start),
    CONSTRAINT valid_time_range CHECK (valid_time_start < valid_time_end),
    CONSTRAINT tx_time_range CHECK (transaction_time_start < transaction_time_end)
);
CREATE INDEX idx_relationships_tenant     ON guide.relationships (tenant_id);
CREATE INDEX idx_relationships_from       ON guide.relationships (from_entity);
CREATE INDEX idx_relationships_to         ON guide.relationships (to_entity);
CREATE INDEX idx_relationships_type       ON guide.relationships (relationship_type);
CREATE INDEX idx_relationships_from_type  ON guide.relationships (from_entity, relationship_type);
CREATE INDEX idx_relationships_valid_time ON guide.relationships USING gist (tstzrange(valid_time_start, valid_time_end));
CREATE INDEX idx_relationships_tx_time    ON guide.relationships USING gist (tstzrange(transaction_time_start, transaction_time_end));
CREATE INDEX idx_relationships_properties ON guide.relationships USING gin (properties);
CREATE INDEX idx_relationships_id_lookup  ON guide.relationships (relationship_id);

CREATE TABLE guide.procedural_patterns (
    pattern_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  varchar(255) NOT NULL,
    scope      varchar(500) NOT NULL,
    key        varchar(500) NOT NULL,
    value      text NOT NULL,
    frequency  integer NOT NULL DEFAULT 1,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen  timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unique_procedural_pattern UNIQUE (tenant_id, scope, key, value),
    CONSTRAINT positive_frequency CHECK (frequency > 0)
);
CREATE INDEX idx_procedural_patterns_tenant    ON guide.procedural_patterns (tenant_id);
CREATE INDEX idx_procedural_patterns_scope_key ON guide.procedural_patterns (scope, key);
CREATE INDEX idx_procedural_patterns_frequency ON guide.procedural_patterns (frequency DESC);
CREATE INDEX idx_procedural_patterns_last_seen ON guide.procedural_patterns (last_seen DESC);
CREATE INDEX idx_procedural_patterns_lookup    ON guide.procedural_patterns (tenant_id, scope, key, value) WHERE frequency >= 3;

CREATE TABLE guide.agent_states (
    state_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id      varchar(255) NOT NULL,
    agent_id       varchar(255) NOT NULL,
    agent_type     varchar(100) NOT NULL,
    state_data     jsonb NOT NULL,
    schema_version integer NOT NULL DEFAULT 1,
    data_version   integer NOT NULL DEFAULT 1,
    checksum       varchar(64) NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unique_agent_state UNIQUE (tenant_id, agent_id),
    CONSTRAINT positive_schema_version CHECK (schema_version > 0),
    CONSTRAINT positive_data_version CHECK (data_version > 0)
);
CREATE INDEX idx_agent_states_tenant          ON guide.agent_states (tenant_id);
CREATE INDEX idx_agent_states_type            ON guide.agent_states (agent_type);
CREATE INDEX idx_agent_states_updated         ON guide.agent_states (updated_at DESC);
CREATE INDEX idx_agent_states_data_gin        ON guide.agent_states USING gin (state_data);
CREATE INDEX idx_agent_states_execution_state ON guide.agent_states ((state_data -> 'state' ->> 'execution_state'));
CREATE INDEX idx_agent_states_metadata_name   ON guide.agent_states ((state_data -> 'metadata' ->> 'name'));

CREATE TABLE guide.kv_store (
    kv_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id  varchar(255) NOT NULL,
    key        varchar(500) NOT NULL,
    value      bytea NOT NULL,
    metadata   jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unique_kv_key UNIQUE (tenant_id, key)
);
CREATE INDEX idx_kv_store_tenant       ON guide.kv_store (tenant_id);
CREATE INDEX idx_kv_store_key_prefix   ON guide.kv_store (tenant_id, key text_pattern_ops);
CREATE INDEX idx_kv_store_updated      ON guide.kv_store (updated_at DESC);
CREATE INDEX idx_kv_store_metadata_gin ON guide.kv_store USING gin (metadata) WHERE metadata IS NOT NULL;

CREATE TABLE guide.workflow_states (
    tenant_id     varchar(255) NOT NULL,
    workflow_id   varchar(255) NOT NULL,
    workflow_name varchar(500),
    state_data    jsonb NOT NULL,
    current_step  integer NOT NULL DEFAULT 0,
    status        varchar(20) NOT NULL DEFAULT 'pending',
    started_at    timestamptz,
    completed_at  timestamptz,
    last_updated  timestamptz NOT NULL DEFAULT now(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, workflow_id),
    CONSTRAINT valid_workflow_status CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT positive_step_index CHECK (current_step >= 0)
);
CREATE INDEX idx_workflow_states_tenant          ON guide.workflow_states (tenant_id);
CREATE INDEX idx_workflow_states_tenant_workflow ON guide.workflow_states (tenant_id, workflow_id);
CREATE INDEX idx_workflow_states_status          ON guide.workflow_states (status);
CREATE INDEX idx_workflow_states_started         ON guide.workflow_states (started_at DESC);
CREATE INDEX idx_workflow_states_completed       ON guide.workflow_states (completed_at DESC) WHERE completed_at IS NOT NULL;
CREATE INDEX idx_workflow_states_data_gin        ON guide.workflow_states USING gin (state_data);
CREATE INDEX idx_workflow_states_execution_stats ON guide.workflow_states ((state_data -> 'execution_stats'));
CREATE INDEX idx_workflow_states_tenant_status   ON guide.workflow_states (tenant_id, status);

CREATE TABLE guide.sessions (
    tenant_id        varchar(255) NOT NULL,
    session_id       uuid NOT NULL,
    session_data     jsonb NOT NULL,
    status           varchar(20) NOT NULL DEFAULT 'active',
    created_at       timestamptz NOT NULL DEFAULT now(),
    last_accessed_at timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz,
    artifact_count   integer NOT NULL DEFAULT 0,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, session_id),
    CONSTRAINT valid_session_status CHECK (status IN ('active', 'archived', 'expired')),
    CONSTRAINT non_negative_artifact_count CHECK (artifact_count >= 0)
);
CREATE INDEX idx_sessions_tenant         ON guide.sessions (tenant_id);
CREATE INDEX idx_sessions_tenant_session ON guide.sessions (tenant_id, session_id);
CREATE INDEX idx_sessions_status         ON guide.sessions (status);
CREATE INDEX idx_sessions_expires        ON guide.sessions (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_sessions_created        ON guide.sessions (created_at DESC);
CREATE INDEX idx_sessions_accessed       ON guide.sessions (last_accessed_at DESC);
CREATE INDEX idx_sessions_data_gin       ON guide.sessions USING gin (session_data);
CREATE INDEX idx_sessions_tenant_status  ON guide.sessions (tenant_id, status);
CREATE INDEX idx_sessions_tenant_expires ON guide.sessions (tenant_id, expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE guide.artifact_content (
    tenant_id           varchar(255) NOT NULL,
    content_hash        varchar(64) NOT NULL,
    storage_type        varchar(20) NOT NULL,
    data                bytea,
    large_object_oid    oid,
    size_bytes          bigint NOT NULL,
    is_compressed       boolean NOT NULL DEFAULT false,
    original_size_bytes bigint,
    reference_count     integer NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL DEFAULT now(),
    last_accessed_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, content_hash),
    CONSTRAINT valid_storage_type CHECK (storage_type IN ('bytea', 'large_object')),
    CONSTRAINT positive_reference_count CHECK (reference_count > 0),
    CONSTRAINT bytea_storage_valid CHECK (
        (storage_type = 'bytea' AND data IS NOT NULL AND large_object_oid IS NULL)
        OR (storage_type = 'large_object' AND large_object_oid IS NOT NULL AND data IS NULL)),
    CONSTRAINT max_artifact_size CHECK (size_bytes <= 104857600)
);
CREATE INDEX idx_artifact_content_tenant        ON guide.artifact_content (tenant_id);
CREATE INDEX idx_artifact_content_refcount      ON guide.artifact_content (reference_count) WHERE reference_count = 0;
CREATE INDEX idx_artifact_content_large_objects ON guide.artifact_content (large_object_oid) WHERE large_object_oid IS NOT NULL;
CREATE INDEX idx_artifact_content_accessed      ON guide.artifact_content (last_accessed_at DESC);

CREATE TABLE guide.artifacts (
    tenant_id          varchar(255) NOT NULL,
    artifact_id        varchar(512) NOT NULL,
    session_id         uuid NOT NULL,
    sequence           bigint NOT NULL,
    content_hash       varchar(64) NOT NULL,
    metadata           jsonb NOT NULL,
    name               varchar(255) NOT NULL,
    artifact_type      varchar(50) NOT NULL,
    mime_type          varchar(255) NOT NULL,
    size_bytes         bigint NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    created_by         varchar(255),
    version            integer NOT NULL DEFAULT 1,
    parent_artifact_id varchar(512),
    tags               text[],
    stored_at          timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, artifact_id),
    FOREIGN KEY (tenant_id, content_hash) REFERENCES guide.artifact_content (tenant_id, content_hash) ON DELETE RESTRICT,
    FOREIGN KEY (tenant_id, session_id) REFERENCES guide.sessions (tenant_id, session_id) ON DELETE CASCADE,
    CONSTRAINT unique_session_sequence UNIQUE (tenant_id, session_id, sequence),
    CONSTRAINT positive_version CHECK (version > 0),
    CONSTRAINT non_negative_sequence CHECK (sequence >= 0)
);
CREATE INDEX idx_artifacts_session     ON guide.artifacts (tenant_id, session_id, created_at DESC);
CREATE INDEX idx_artifacts_type        ON guide.artifacts (artifact_type, created_at DESC);
CREATE INDEX idx_artifacts_content     ON guide.artifacts (tenant_id, content_hash);
CREATE INDEX idx_artifacts_name        ON guide.artifacts (name);
CREATE INDEX idx_artifacts_created     ON guide.artifacts (created_at DESC);
CREATE INDEX idx_artifacts_size        ON guide.artifacts (size_bytes DESC);
CREATE INDEX idx_artifacts_tags        ON guide.artifacts USING gin (tags);
CREATE INDEX idx_artifacts_metadata    ON guide.artifacts USING gin (metadata);
CREATE INDEX idx_artifacts_tenant_type ON guide.artifacts (tenant_id, artifact_type, created_at DESC);

CREATE TABLE guide.event_log (
    tenant_id      varchar(255) NOT NULL,
    event_id       uuid NOT NULL,
    event_type     varchar(255) NOT NULL,
    correlation_id uuid NOT NULL,
    timestamp      timestamptz NOT NULL,
    sequence       bigint NOT NULL,
    language       varchar(50) NOT NULL,
    payload        jsonb NOT NULL,
    PRIMARY KEY (tenant_id, timestamp, event_id)
) PARTITION BY RANGE (timestamp);
CREATE INDEX idx_event_log_correlation ON guide.event_log (correlation_id, timestamp DESC);
CREATE INDEX idx_event_log_type        ON guide.event_log (event_type, timestamp DESC);
CREATE INDEX idx_event_log_sequence    ON guide.event_log (sequence DESC);
CREATE INDEX idx_event_log_tenant_time ON guide.event_log (tenant_id, timestamp DESC);
CREATE INDEX idx_event_log_payload     ON guide.event_log USING gin (payload);

CREATE TABLE guide.hook_history (
    execution_id            uuid PRIMARY KEY,
    tenant_id               varchar(255) NOT NULL,
    hook_id                 varchar(255) NOT NULL,
    hook_type               varchar(255) NOT NULL,
    correlation_id          uuid NOT NULL,
    hook_context            bytea NOT NULL,
    result_data             jsonb NOT NULL,
    timestamp               timestamptz NOT NULL,
    duration_ms             integer NOT NULL,
    triggering_component    varchar(255) NOT NULL,
    component_id            varchar(255) NOT NULL,
    modified_operation      boolean NOT NULL DEFAULT false,
    tags                    text[] DEFAULT ARRAY[]::text[],
    retention_priority      integer NOT NULL DEFAULT 0,
    context_size            integer NOT NULL,
    contains_sensitive_data boolean NOT NULL DEFAULT false,
    metadata                jsonb NOT NULL DEFAULT '{}',
    created_at              timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_hook_history_hook_time   ON guide.hook_history (hook_id, timestamp DESC);
CREATE INDEX idx_hook_history_correlation ON guide.hook_history (correlation_id);
CREATE INDEX idx_hook_history_type        ON guide.hook_history (hook_type);
CREATE INDEX idx_hook_history_tenant_time ON guide.hook_history (tenant_id, timestamp DESC);
CREATE INDEX idx_hook_history_retention   ON guide.hook_history (retention_priority, timestamp);
CREATE INDEX idx_hook_history_metadata    ON guide.hook_history USING gin (metadata);
CREATE INDEX idx_hook_history_tags        ON guide.hook_history USING gin (tags);

CREATE TABLE guide.api_keys (
    key_id         varchar(255) PRIMARY KEY,
    tenant_id      varchar(255) NOT NULL,
    service        varchar(255) NOT NULL,
    encrypted_key  bytea NOT NULL,
    key_metadata   jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_used_at   timestamptz,
    expires_at     timestamptz,
    is_active      boolean NOT NULL DEFAULT true,
    usage_count    bigint NOT NULL DEFAULT 0,
    rotated_from   varchar(255),
    deactivated_at timestamptz,
    UNIQUE (tenant_id, service, is_active)
);
CREATE INDEX idx_api_keys_tenant_service ON guide.api_keys (tenant_id, service);
CREATE INDEX idx_api_keys_expiration     ON guide.api_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_api_keys_active         ON guide.api_keys (is_active) WHERE is_active = true;
CREATE INDEX idx_api_keys_metadata       ON guide.api_keys USING gin (key_metadata);

-- Triggers. The guide writes one function per table; so does this file, because
-- a shared one would be compiled once per session instead of once per table.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['procedural_patterns', 'agent_states', 'kv_store', 'workflow_states', 'sessions', 'artifacts']
    LOOP
        EXECUTE format(
            'CREATE FUNCTION guide.update_%1$s_updated_at() RETURNS trigger LANGUAGE plpgsql AS
             $body$ BEGIN NEW.%2$I = now(); RETURN NEW; END; $body$;
             CREATE TRIGGER trigger_%1$s_updated_at BEFORE UPDATE ON guide.%1$I
             FOR EACH ROW EXECUTE FUNCTION guide.update_%1$s_updated_at()',
            t, CASE t WHEN 'workflow_states' THEN 'last_updated' ELSE 'updated_at' END);
    END LOOP;
END $$;

CREATE FUNCTION guide.increment_agent_state_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state_data IS DISTINCT FROM OLD.state_data THEN
        NEW.data_version = OLD.data_version + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trigger_agent_state_version BEFORE UPDATE ON guide.agent_states
    FOR EACH ROW EXECUTE FUNCTION guide.increment_agent_state_version();

CREATE FUNCTION guide.update_workflow_completed_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IN ('completed', 'failed', 'cancelled') AND OLD.status NOT IN ('completed', 'failed', 'cancelled') THEN
        NEW.completed_at = now();
    END IF;
    IF NEW.status = 'running' AND OLD.status = 'pending' AND NEW.started_at IS NULL THEN
        NEW.started_at = now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trigger_workflow_lifecycle BEFORE UPDATE ON guide.workflow_states
    FOR EACH ROW EXECUTE FUNCTION guide.update_workflow_completed_at();

CREATE FUNCTION guide.update_sessions_accessed_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.last_accessed_at IS NULL OR NEW.last_accessed_at < (now() - interval '1 minute') THEN
        NEW.last_accessed_at = now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trigger_sessions_accessed_at BEFORE UPDATE ON guide.sessions
    FOR EACH ROW EXECUTE FUNCTION guide.update_sessions_accessed_at();

CREATE FUNCTION guide.update_content_accessed_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.last_accessed_at IS NULL OR NEW.last_accessed_at < (now() - interval '1 minute') THEN
        NEW.last_accessed_at = now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trigger_content_accessed_at BEFORE UPDATE ON guide.artifact_content
    FOR EACH ROW EXECUTE FUNCTION guide.update_content_accessed_at();

CREATE FUNCTION guide.increment_content_refcount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE guide.artifact_content SET reference_count = reference_count + 1, last_accessed_at = now()
    WHERE tenant_id = NEW.tenant_id AND content_hash = NEW.content_hash;
    RETURN NEW;
END $$;
CREATE TRIGGER trigger_increment_refcount AFTER INSERT ON guide.artifacts
    FOR EACH ROW EXECUTE FUNCTION guide.increment_content_refcount();

CREATE FUNCTION guide.decrement_content_refcount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE guide.artifact_content SET reference_count = reference_count - 1
    WHERE tenant_id = OLD.tenant_id AND content_hash = OLD.content_hash;
    RETURN OLD;
END $$;
CREATE TRIGGER trigger_decrement_refcount AFTER DELETE ON guide.artifacts
    FOR EACH ROW EXECUTE FUNCTION guide.decrement_content_refcount();

-- The guide's client calls ensure_future_… before every event, so its cost is
-- part of what is compared.
CREATE FUNCTION guide.create_event_log_partition(partition_start timestamptz, partition_end timestamptz)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    partition_name   text;
    partition_exists boolean;
BEGIN
    partition_name := 'event_log_' || to_char(partition_start, 'YYYY_MM');
    SELECT EXISTS (
        SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'guide' AND c.relname = partition_name
    ) INTO partition_exists;
    IF partition_exists THEN
        RETURN 'SKIPPED: Partition ' || partition_name || ' already exists';
    END IF;
    EXECUTE format('CREATE TABLE IF NOT EXISTS guide.%I PARTITION OF guide.event_log FOR VALUES FROM (%L) TO (%L)',
        partition_name, partition_start, partition_end);
    RETURN 'CREATED: Partition ' || partition_name || ' [' || partition_start || ' to ' || partition_end || ')';
END $$;

CREATE FUNCTION guide.ensure_future_event_log_partitions() RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    current_month   timestamptz;
    partition_start timestamptz;
    partition_end   timestamptz;
    results         text[] := ARRAY[]::text[];
    result          text;
    i               integer;
BEGIN
    current_month := date_trunc('month', CURRENT_TIMESTAMP);
    FOR i IN 0..3 LOOP
        partition_start := current_month + (i || ' months')::interval;
        partition_end := partition_start + '1 month'::interval;
        result := guide.create_event_log_partition(partition_start, partition_end);
        results := array_append(results, result);
    END LOOP;
    RETURN results;
END $$;
SELECT guide.ensure_future_event_log_partitions() \g /dev/null

-- FORCE and policies on the 17 tables, none on the partitions, as in the guide.
DO $$
DECLARE
    r    record;
    stem text;
    mine text := 'tenant_id = current_setting(''app.current_tenant_id'', true)';
BEGIN
    FOR r IN SELECT c.oid::regclass AS tab, c.relname FROM pg_class c
             WHERE c.relnamespace = 'guide'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        stem := CASE WHEN r.relname IN ('hook_history', 'api_keys') THEN r.relname || '_tenant' ELSE 'tenant_isolation' END;
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', r.tab);
        EXECUTE format('CREATE POLICY %I ON %s FOR SELECT USING (%s)', stem || '_select', r.tab, mine);
        EXECUTE format('CREATE POLICY %I ON %s FOR INSERT WITH CHECK (%s)', stem || '_insert', r.tab, mine);
        EXECUTE format('CREATE POLICY %I ON %s FOR UPDATE USING (%s) WITH CHECK (%s)', stem || '_update', r.tab, mine, mine);
        EXECUTE format('CREATE POLICY %I ON %s FOR DELETE USING (%s)', stem || '_delete', r.tab, mine);
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA guide TO llmspell_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA guide TO llmspell_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA guide TO llmspell_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA guide GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO llmspell_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA guide GRANT EXECUTE ON FUNCTIONS TO llmspell_app;
