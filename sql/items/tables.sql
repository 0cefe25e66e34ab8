-- Items: JSON documents under a key in a namespace, found by namespace, by what they contain, by words and by meaning.
-- Locks: a write locks the rows that it writes, in the order of namespace and key.

CREATE TABLE llmspell.items (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    namespace text COLLATE "C" NOT NULL,
    key varchar(500) COLLATE "C" NOT NULL,
    id uuid NOT NULL DEFAULT uuidv7(),
    value jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    ttl interval,
    expires_at timestamptz,
    content text,
    language text NOT NULL DEFAULT get_current_ts_config()::text CHECK (octet_length(language) <= 255),
    fts tsvector,
    embeddings @extschema:vector@.vector[],
    PRIMARY KEY (tenant_id, namespace, key),
    -- Mostly one call, as each node of an expression costs each statement.
    CONSTRAINT valid_item CHECK (octet_length(namespace) <= 1500 AND llmspell_internal._item_valid(namespace, key, version, value, content)),
    CONSTRAINT place_fits CHECK (octet_length(tenant_id) + octet_length(namespace) + octet_length(key) <= 2600),
    CONSTRAINT few_embeddings CHECK (cardinality(embeddings) BETWEEN 1 AND 64)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
CREATE UNIQUE INDEX idx_items_id ON llmspell.items (tenant_id, id) WHERE content IS NOT NULL OR embeddings IS NOT NULL;
CREATE INDEX idx_items_expires ON llmspell.items (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_items_value ON llmspell.items USING gin (tenant_id, value llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_items_fts ON llmspell.items USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (gin_pending_list_limit = 64) WHERE fts IS NOT NULL;
-- As in security.sql: EXPLAIN must not tell of vectors.
ALTER TABLE llmspell.items ALTER COLUMN embeddings SET STATISTICS 0, ALTER COLUMN embeddings SET STORAGE EXTERNAL;

COMMENT ON TABLE llmspell.items IS 'JSON documents under a key in a namespace. Rows whose expires_at has passed do not exist for the functions.';
COMMENT ON COLUMN llmspell.items.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.items.namespace IS 'The segments of the namespace, each followed by U+0001; with the key up to 1,500 bytes.';
COMMENT ON COLUMN llmspell.items.key IS 'Key in the namespace, 0 to 500 characters, compared by bytes.';
COMMENT ON COLUMN llmspell.items.id IS 'Surrogate id, by which searches name the row; unique among rows with a content or embeddings.';
COMMENT ON COLUMN llmspell.items.value IS 'The document.';
COMMENT ON COLUMN llmspell.items.version IS 'From 1; one more with each write of the value.';
COMMENT ON COLUMN llmspell.items.created_at IS 'When the item came into being (again, after expiry).';
COMMENT ON COLUMN llmspell.items.updated_at IS 'When the value was last written.';
COMMENT ON COLUMN llmspell.items.ttl IS 'The life that item_touch gives it again; NULL for none.';
COMMENT ON COLUMN llmspell.items.expires_at IS 'When the item ceases to exist; NULL for never.';
COMMENT ON COLUMN llmspell.items.content IS 'The text that searches by words look at; NULL for none.';
COMMENT ON COLUMN llmspell.items.language IS 'Text search configuration of content.';
COMMENT ON COLUMN llmspell.items.fts IS 'The words of content, kept by a trigger; NULL where there is none.';
COMMENT ON COLUMN llmspell.items.embeddings IS 'Vectors of one length by which searches find it, the nearest of which counts; NULL for none.';
COMMENT ON INDEX llmspell.idx_items_id IS 'For the rows that a search has found.';
COMMENT ON INDEX llmspell.idx_items_expires IS 'For item_sweep.';
COMMENT ON INDEX llmspell.idx_items_value IS 'For value OPERATOR(llmspell.@>).';
COMMENT ON INDEX llmspell.idx_items_fts IS 'For fts OPERATOR(llmspell.@@).';

CREATE TYPE llmspell_internal.item_row AS (
    namespace text[], key text, value jsonb, version bigint, created_at timestamptz, updated_at timestamptz, ttl interval, expires_at timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.item_row IS 'Rows of item_list.';

CREATE TYPE llmspell_internal.item_hit AS (
    namespace text[], key text, value jsonb, version bigint, created_at timestamptz, updated_at timestamptz, ttl interval, expires_at timestamptz,
    score double precision, distance double precision, vector_score double precision, text_score double precision, complete boolean, cursor text
);
COMMENT ON TYPE llmspell_internal.item_hit IS 'Rows of item_search.';

CREATE TYPE llmspell_internal.item_written AS (namespace text[], key text, version bigint, created boolean);
COMMENT ON TYPE llmspell_internal.item_written IS 'Rows of item_put and item_put_many.';
