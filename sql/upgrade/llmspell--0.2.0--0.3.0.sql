-- From 0.2.0 to 0.3.0: what scripts/upgrade-script cannot derive from the install script.

-- The graph.
ALTER TABLE llmspell.entities
    ADD COLUMN source_kind text COLLATE "C",
    ADD COLUMN source_id text COLLATE "C",
    ADD COLUMN changed_at timestamptz;
ALTER TABLE llmspell.relationships
    ADD COLUMN source_kind text COLLATE "C",
    ADD COLUMN source_id text COLLATE "C",
    ADD COLUMN changed_at timestamptz;
DROP INDEX llmspell.idx_entities_name, llmspell.idx_entities_properties;
CREATE INDEX idx_entities_type_current ON llmspell.entities (tenant_id, entity_type, entity_id) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_entities_current ON llmspell.entities (tenant_id, entity_id, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_entities_closed ON llmspell.entities (tenant_id, entity_id, transaction_time_end) WHERE transaction_time_end < 'infinity';
CREATE INDEX idx_entities_source ON llmspell.entities (tenant_id, source_kind, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX idx_entities_name ON llmspell.entities (tenant_id, name, entity_id) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_entities_properties ON llmspell.entities
    USING gin (tenant_id, properties llmspell.jsonb_path_lp_ops) WITH (fastupdate = off) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_from_current ON llmspell.relationships (tenant_id, from_entity)
    INCLUDE (to_entity, relationship_id, relationship_type, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_to_current ON llmspell.relationships (tenant_id, to_entity)
    INCLUDE (from_entity, relationship_id, relationship_type, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_current ON llmspell.relationships (tenant_id, relationship_id, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_closed ON llmspell.relationships (tenant_id, relationship_id, transaction_time_end) WHERE transaction_time_end < 'infinity';
CREATE INDEX idx_relationships_source ON llmspell.relationships (tenant_id, source_kind, source_id) WHERE source_id IS NOT NULL;
CREATE TABLE llmspell.entity_erasures (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    erasure_id uuid NOT NULL DEFAULT uuidv7(),
    entity_hash text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    erased_by text NOT NULL DEFAULT session_user,
    entity_rows bigint NOT NULL,
    relationship_rows bigint NOT NULL,
    PRIMARY KEY (tenant_id, erasure_id)
);
ALTER TABLE llmspell.artifact_content
    DROP CONSTRAINT max_artifact_size,
    ADD CONSTRAINT max_artifact_size CHECK (size_bytes <= 536870912),
    ALTER COLUMN manifest SET STORAGE EXTERNAL;

CREATE TABLE llmspell.artifact_chunk (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    chunk_hash bytea NOT NULL CHECK (octet_length(chunk_hash) = 32),
    refs int NOT NULL CHECK (refs >= 0),
    codec smallint NOT NULL,
    raw_len int NOT NULL,
    depth smallint NOT NULL DEFAULT 0,
    base_hash bytea,
    data bytea NOT NULL,
    PRIMARY KEY (tenant_id, chunk_hash)
) WITH (fillfactor = 90);
ALTER TABLE llmspell.artifact_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX idx_artifact_chunk_base ON llmspell.artifact_chunk (tenant_id, base_hash) WHERE base_hash IS NOT NULL;

CREATE TABLE llmspell.artifact_upload (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    upload_id uuid NOT NULL DEFAULT uuidv7(),
    next_offset bigint NOT NULL DEFAULT 0,
    tail bytea NOT NULL DEFAULT '',
    manifest bytea NOT NULL DEFAULT '',
    meta jsonb NOT NULL,
    stored_bytes bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, upload_id)
);
ALTER TABLE llmspell.artifact_upload ALTER COLUMN tail SET STORAGE EXTERNAL, ALTER COLUMN manifest SET STORAGE EXTERNAL;
CREATE INDEX idx_artifact_upload_expires ON llmspell.artifact_upload (tenant_id, expires_at);

CREATE TABLE llmspell.artifact_gc_queue (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    content_hash varchar(64) COLLATE "C" NOT NULL,
    zero_since timestamptz NOT NULL DEFAULT now(),
    large_object_oid oid,
    PRIMARY KEY (tenant_id, content_hash)
);

CREATE TABLE llmspell.artifact_turn (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    turns bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id)
) WITH (fillfactor = 10);

-- Contents that clients left without an artifact were never collected.
INSERT INTO llmspell.artifact_gc_queue (tenant_id, content_hash)
SELECT c.tenant_id, c.content_hash FROM llmspell.artifact_content c WHERE c.reference_count = 1;

ALTER TABLE llmspell.sessions ADD COLUMN artifact_sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE llmspell.sessions DISABLE TRIGGER USER;
UPDATE llmspell.sessions s SET artifact_sequence = a.next
FROM (SELECT tenant_id, session_id, max(sequence) + 1 AS next FROM llmspell.artifacts GROUP BY 1, 2) AS a
WHERE s.tenant_id = a.tenant_id AND s.session_id = a.session_id;
ALTER TABLE llmspell.sessions ENABLE TRIGGER USER;
-- Event log, hook history, maintenance -----------------------------------------------------------

-- What the new columns and the months below need before the functions are made again.
CREATE OR REPLACE FUNCTION llmspell._feed_pos() RETURNS bigint
    VOLATILE STRICT PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '_feed_pos_wrapper';
CREATE OR REPLACE FUNCTION llmspell._feed_epoch() RETURNS int
    VOLATILE STRICT PARALLEL UNSAFE LANGUAGE c AS 'MODULE_PATHNAME', '_feed_epoch_wrapper';

-- Rows from before the feed come first in it, in the order in which they are stored.
ALTER TABLE llmspell.event_log
    ADD COLUMN feed_epoch int NOT NULL DEFAULT 0,
    ADD COLUMN feed_xid xid8 NOT NULL DEFAULT '3',
    ADD COLUMN feed_pos bigint NOT NULL DEFAULT llmspell._feed_pos(),
    ADD COLUMN stream varchar(255) COLLATE "C",
    ADD COLUMN stream_version bigint;
ALTER TABLE llmspell.event_log
    ALTER COLUMN feed_epoch SET DEFAULT llmspell._feed_epoch(),
    ALTER COLUMN feed_xid SET DEFAULT pg_current_xact_id();

CREATE TABLE llmspell.event_streams (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    stream varchar(255) COLLATE "C" NOT NULL CHECK (stream <> ''),
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, stream)
) WITH (fillfactor = 80);

CREATE TABLE llmspell._feed_epochs (
    epoch int NOT NULL,
    system_identifier text NOT NULL,
    timeline int NOT NULL,
    added_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (epoch, system_identifier, timeline, added_by)
);

CREATE TABLE llmspell.event_consumers (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    consumer varchar(255) COLLATE "C" NOT NULL CHECK (consumer <> ''),
    epoch int NOT NULL,
    xid xid8 NOT NULL,
    pos bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    acked_at timestamptz,
    PRIMARY KEY (tenant_id, consumer)
) WITH (fillfactor = 50);

-- The page on backups told operators to make this schema.
DO $archive$
DECLARE
    v_owner pg_catalog.regrole := (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'llmspell_archive');
BEGIN
    IF v_owner IS NULL THEN
        CREATE SCHEMA llmspell_archive;
    ELSIF v_owner = 'llmspell_owner'::regrole OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE oid = v_owner) THEN
        EXECUTE pg_catalog.format('ALTER EXTENSION %I ADD SCHEMA llmspell_archive', (llmspell._extension()).extname);
    ELSE
        RAISE EXCEPTION 'schema "llmspell_archive" belongs to %', v_owner
            USING ERRCODE = 'duplicate_schema', HINT = 'Give it to a superuser, or rename it, then update again.';
    END IF;
END
$archive$;
GRANT USAGE, CREATE ON SCHEMA llmspell_archive TO llmspell_owner;
GRANT USAGE ON SCHEMA llmspell_archive TO llmspell_admin;
COMMENT ON SCHEMA llmspell_archive IS 'Archived months of llmspell.event_log.';

CREATE TABLE llmspell._event_log_retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    keep interval NOT NULL,
    mode text NOT NULL CHECK (mode IN ('drop', 'detach', 'archive')),
    changed_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE llmspell.hook_history ADD COLUMN codec varchar(20);

CREATE TABLE llmspell.hook_retention (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    keep interval NOT NULL,
    max_priority int NOT NULL,
    PRIMARY KEY (tenant_id)
);

DROP FUNCTION llmspell._tenants();

CREATE TABLE llmspell._maintenance (
    task text PRIMARY KEY,
    place int NOT NULL,
    is_pending boolean NOT NULL DEFAULT false,
    progress text NOT NULL DEFAULT '',
    last_run timestamptz,
    last_detail text,
    last_error text,
    last_error_at timestamptz
) WITH (fillfactor = 50);

ALTER TABLE llmspell.kv_store SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE llmspell.agent_states SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE llmspell.workflow_states SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE llmspell.sessions SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE llmspell.procedural_patterns SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE llmspell.artifact_content SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000, fillfactor = 80);
ALTER TABLE llmspell.event_streams SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE llmspell.hook_history SET (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000);
