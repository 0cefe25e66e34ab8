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
