-- The bi-temporal knowledge graph: entities and relationships, valid time and transaction time.
-- Intervals are half-open; 'infinity' is the open end. A version is current while transaction_time_end is 'infinity'.

CREATE TABLE llmspell.entities (
    entity_id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    entity_type varchar(255) COLLATE "C" NOT NULL,
    name varchar(500) COLLATE "C" NOT NULL,
    properties jsonb NOT NULL DEFAULT '{}',
    valid_time_start timestamptz NOT NULL,
    valid_time_end timestamptz NOT NULL DEFAULT 'infinity',
    transaction_time_start timestamptz NOT NULL DEFAULT now(),
    transaction_time_end timestamptz NOT NULL DEFAULT 'infinity',
    created_at timestamptz NOT NULL DEFAULT now(),
    source_kind text COLLATE "C",
    source_id text COLLATE "C",
    changed_at timestamptz,
    language text NOT NULL DEFAULT get_current_ts_config()::text,
    fts tsvector,
    PRIMARY KEY (tenant_id, entity_id, transaction_time_start, valid_time_start),
    CONSTRAINT valid_time_range CHECK (valid_time_start < valid_time_end),
    CONSTRAINT tx_time_range CHECK (transaction_time_start < transaction_time_end),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(properties, 'properties') AND llmspell_internal._storable(language, 'language')),
    -- An index entry has at most 2,704 bytes, and the tenant up to 1,020 of them.
    CONSTRAINT source_fits CHECK (octet_length(source_kind) <= 255 AND octet_length(source_id) <= 1020),
    -- Entity first: led by the tenant, which discriminates little, GiST takes 17 times as long to build.
    CONSTRAINT entities_current_excl EXCLUDE USING gist (
        entity_id WITH =, tenant_id WITH =, tstzrange(valid_time_start, valid_time_end) WITH &&
    ) WHERE (transaction_time_end = 'infinity')
);
CREATE INDEX idx_entities_type ON llmspell.entities (tenant_id, entity_type, entity_id);
CREATE INDEX idx_entities_type_current ON llmspell.entities (tenant_id, entity_type, entity_id) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_entities_current ON llmspell.entities (tenant_id, entity_id, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_entities_closed ON llmspell.entities (tenant_id, entity_id, transaction_time_end) WHERE transaction_time_end < 'infinity';
CREATE INDEX idx_entities_source ON llmspell.entities (tenant_id, source_kind, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX idx_entities_name ON llmspell.entities (tenant_id, llmspell_internal._name_key(name) COLLATE "C", entity_id) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_entities_properties ON llmspell.entities
    USING gin (tenant_id, properties llmspell.jsonb_path_lp_ops) WITH (fastupdate = off) WHERE transaction_time_end >= 'infinity';
CREATE INDEX idx_entities_fts ON llmspell.entities
    USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (gin_pending_list_limit = 64) WHERE fts IS NOT NULL AND transaction_time_end = 'infinity';

COMMENT ON TABLE llmspell.entities IS 'Versions of the nodes of the knowledge graph, on both time axes.';
COMMENT ON COLUMN llmspell.entities.entity_id IS 'Id of the entity, unique within the tenant.';
COMMENT ON COLUMN llmspell.entities.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.entities.entity_type IS 'Kind of entity.';
COMMENT ON COLUMN llmspell.entities.name IS 'Name of the entity.';
COMMENT ON COLUMN llmspell.entities.properties IS 'Its properties, a JSON object.';
COMMENT ON COLUMN llmspell.entities.valid_time_start IS 'Start of the period in which it holds in the world.';
COMMENT ON COLUMN llmspell.entities.valid_time_end IS 'End of that period, exclusive; infinity where it is open.';
COMMENT ON COLUMN llmspell.entities.transaction_time_start IS 'When the version was recorded.';
COMMENT ON COLUMN llmspell.entities.transaction_time_end IS 'When it was closed, exclusive; infinity for a current version.';
COMMENT ON COLUMN llmspell.entities.created_at IS 'When the entity was first recorded.';
COMMENT ON COLUMN llmspell.entities.source_kind IS 'Kind of source of the version: event, episode or artifact; NULL where it is not given.';
COMMENT ON COLUMN llmspell.entities.source_id IS 'Id of the source within source_kind.';
COMMENT ON COLUMN llmspell.entities.changed_at IS 'When a raw statement last changed the version; NULL where none did. Set by a trigger.';
COMMENT ON COLUMN llmspell.entities.language IS 'Text search configuration of name and properties.';
COMMENT ON COLUMN llmspell.entities.fts IS 'The words of name, type and properties, kept by a trigger.';
COMMENT ON INDEX llmspell.idx_entities_fts IS 'For fts OPERATOR(llmspell.@@) of current entities.';
COMMENT ON INDEX llmspell.idx_entities_type IS 'For entities of a type.';
COMMENT ON INDEX llmspell.idx_entities_type_current IS 'For current entities of a type, in the order of their ids.';
COMMENT ON INDEX llmspell.idx_entities_current IS 'For the current versions of an entity.';
COMMENT ON INDEX llmspell.idx_entities_closed IS 'For the versions of an entity that were closed after a time.';
COMMENT ON INDEX llmspell.idx_entities_source IS 'For the versions that were taken from a source.';
COMMENT ON INDEX llmspell.idx_entities_name IS 'For current entities by name or its beginning, case folded and cut to fit.';
COMMENT ON INDEX llmspell.idx_entities_properties IS 'For properties OPERATOR(llmspell.@>) of current entities.';

CREATE TABLE llmspell.relationships (
    relationship_id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    from_entity uuid NOT NULL,
    to_entity uuid NOT NULL,
    relationship_type varchar(255) COLLATE "C" NOT NULL,
    properties jsonb NOT NULL DEFAULT '{}',
    valid_time_start timestamptz NOT NULL,
    valid_time_end timestamptz NOT NULL DEFAULT 'infinity',
    transaction_time_start timestamptz NOT NULL DEFAULT now(),
    transaction_time_end timestamptz NOT NULL DEFAULT 'infinity',
    created_at timestamptz NOT NULL DEFAULT now(),
    source_kind text COLLATE "C",
    source_id text COLLATE "C",
    changed_at timestamptz,
    language text NOT NULL DEFAULT get_current_ts_config()::text,
    fts tsvector,
    PRIMARY KEY (tenant_id, relationship_id, transaction_time_start, valid_time_start),
    CONSTRAINT valid_time_range CHECK (valid_time_start < valid_time_end),
    CONSTRAINT tx_time_range CHECK (transaction_time_start < transaction_time_end),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(properties, 'properties') AND llmspell_internal._storable(language, 'language')),
    -- An index entry has at most 2,704 bytes, and the tenant up to 1,020 of them.
    CONSTRAINT source_fits CHECK (octet_length(source_kind) <= 255 AND octet_length(source_id) <= 1020),
    CONSTRAINT relationships_current_excl EXCLUDE USING gist (
        relationship_id WITH =, tenant_id WITH =, tstzrange(valid_time_start, valid_time_end) WITH &&
    ) WHERE (transaction_time_end = 'infinity')
);
-- Statistics of one entity's edges would make what asks for those of many scan the table for each.
ALTER TABLE llmspell.relationships ALTER COLUMN from_entity SET (n_distinct = -0.05), ALTER COLUMN to_entity SET (n_distinct = -0.05);
CREATE INDEX idx_relationships_from ON llmspell.relationships (tenant_id, from_entity, relationship_type);
CREATE INDEX idx_relationships_to ON llmspell.relationships (tenant_id, to_entity, relationship_type);
CREATE INDEX idx_relationships_from_current ON llmspell.relationships (tenant_id, from_entity)
    INCLUDE (to_entity, relationship_id, relationship_type, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_to_current ON llmspell.relationships (tenant_id, to_entity)
    INCLUDE (from_entity, relationship_id, relationship_type, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_current ON llmspell.relationships (tenant_id, relationship_id, valid_time_start, valid_time_end) WHERE transaction_time_end = 'infinity';
CREATE INDEX idx_relationships_closed ON llmspell.relationships (tenant_id, relationship_id, transaction_time_end) WHERE transaction_time_end < 'infinity';
CREATE INDEX idx_relationships_source ON llmspell.relationships (tenant_id, source_kind, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX idx_relationships_fts ON llmspell.relationships
    USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (gin_pending_list_limit = 64) WHERE fts IS NOT NULL AND transaction_time_end = 'infinity';

COMMENT ON TABLE llmspell.relationships IS 'Versions of the edges of the knowledge graph, on both time axes.';
COMMENT ON COLUMN llmspell.relationships.relationship_id IS 'Id of the relationship, unique within the tenant.';
COMMENT ON COLUMN llmspell.relationships.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.relationships.from_entity IS 'Source entity.';
COMMENT ON COLUMN llmspell.relationships.to_entity IS 'Target entity.';
COMMENT ON COLUMN llmspell.relationships.relationship_type IS 'Kind of relationship.';
COMMENT ON COLUMN llmspell.relationships.properties IS 'Its properties, a JSON object.';
COMMENT ON COLUMN llmspell.relationships.valid_time_start IS 'Start of the period in which it holds in the world.';
COMMENT ON COLUMN llmspell.relationships.valid_time_end IS 'End of that period, exclusive; infinity where it is open.';
COMMENT ON COLUMN llmspell.relationships.transaction_time_start IS 'When the version was recorded.';
COMMENT ON COLUMN llmspell.relationships.transaction_time_end IS 'When it was closed, exclusive; infinity for a current version.';
COMMENT ON COLUMN llmspell.relationships.created_at IS 'When the relationship was first recorded.';
COMMENT ON COLUMN llmspell.relationships.source_kind IS 'Kind of source of the version: event, episode or artifact; NULL where it is not given.';
COMMENT ON COLUMN llmspell.relationships.source_id IS 'Id of the source within source_kind.';
COMMENT ON COLUMN llmspell.relationships.changed_at IS 'When a raw statement last changed the version; NULL where none did. Set by a trigger.';
COMMENT ON COLUMN llmspell.relationships.language IS 'Text search configuration of type and properties.';
COMMENT ON COLUMN llmspell.relationships.fts IS 'The words of type and properties, kept by a trigger.';
COMMENT ON INDEX llmspell.idx_relationships_fts IS 'For fts OPERATOR(llmspell.@@) of current relationships.';
COMMENT ON INDEX llmspell.idx_relationships_from IS 'For edges that leave an entity.';
COMMENT ON INDEX llmspell.idx_relationships_to IS 'For edges that reach an entity.';
COMMENT ON INDEX llmspell.idx_relationships_from_current IS 'For walks along current edges.';
COMMENT ON INDEX llmspell.idx_relationships_to_current IS 'For walks against current edges.';
COMMENT ON INDEX llmspell.idx_relationships_current IS 'For the current versions of a relationship.';
COMMENT ON INDEX llmspell.idx_relationships_closed IS 'For the versions of a relationship that were closed after a time.';
COMMENT ON INDEX llmspell.idx_relationships_source IS 'For the versions that were taken from a source.';

CREATE TABLE llmspell.entity_erasures (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    erasure_id uuid NOT NULL DEFAULT uuidv7(),
    entity_hash text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    erased_by text NOT NULL DEFAULT session_user,
    entity_rows bigint NOT NULL,
    relationship_rows bigint NOT NULL,
    PRIMARY KEY (tenant_id, erasure_id),
    CONSTRAINT dumpable CHECK (octet_length(entity_hash) <= 64 AND llmspell_internal._storable(erased_by, 'erased_by'))
);
CREATE INDEX idx_entity_erasures_hash ON llmspell.entity_erasures (tenant_id, entity_hash);
COMMENT ON INDEX llmspell.idx_entity_erasures_hash IS 'For whether an entity was erased.';
COMMENT ON TABLE llmspell.entity_erasures IS 'Erasures of entities: that and when one was erased, without its content.';
COMMENT ON COLUMN llmspell.entity_erasures.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.entity_erasures.erasure_id IS 'Id of the erasure.';
COMMENT ON COLUMN llmspell.entity_erasures.entity_hash IS 'SHA-256 of the entity''s id, lower-case hex: a known id can be looked up, an unknown one not read.';
COMMENT ON COLUMN llmspell.entity_erasures.erased_at IS 'When it was erased.';
COMMENT ON COLUMN llmspell.entity_erasures.erased_by IS 'The role that was logged in.';
COMMENT ON COLUMN llmspell.entity_erasures.entity_rows IS 'Number of versions of the entity that were deleted.';
COMMENT ON COLUMN llmspell.entity_erasures.relationship_rows IS 'Number of versions of its relationships that were deleted.';

CREATE TYPE llmspell_internal.entity_row AS (
    entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.entity_row IS 'A row of a list of entities; the open ends of periods are NULL.';

CREATE TYPE llmspell_internal.graph_version AS (
    n bigint, id uuid, kind text, name text, from_entity uuid, to_entity uuid, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_type text, source_id text, created_at timestamptz
);
COMMENT ON TYPE llmspell_internal.graph_version IS 'A version of an entity or relationship: n is its place in an import, 0 where it is stored.';

CREATE TYPE llmspell_internal.entity_hit AS (
    entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz,
    score double precision, distance double precision, vector_rank bigint, text_rank bigint, own_score double precision, context_score double precision,
    vector_score double precision, text_score double precision, complete boolean
);
COMMENT ON TYPE llmspell_internal.entity_hit IS 'Rows of entity_search.';
