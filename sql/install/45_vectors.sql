-- Vector embeddings: one table for each dimension of the guide.
--
-- The embedding is stored inline (PLAIN): out of line it triples the cost of an exact scan. PLAIN alone
-- would push tenant_id and scope out instead, hence toast_tuple_target.

CREATE TABLE llmspell.vector_embeddings_384 (
    id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    scope varchar(255) COLLATE "C" NOT NULL,
    embedding @extschema:vector@.vector(384) NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    content text,
    PRIMARY KEY (tenant_id, id)
)
WITH (toast_tuple_target = 8160);
ALTER TABLE llmspell.vector_embeddings_384 ALTER COLUMN embedding SET STORAGE PLAIN;
CREATE INDEX idx_vector_384_scope ON llmspell.vector_embeddings_384 (tenant_id, scope, id);
CREATE INDEX idx_vector_384_created ON llmspell.vector_embeddings_384 (tenant_id, created_at, id);
CREATE INDEX idx_vector_384_metadata ON llmspell.vector_embeddings_384
    USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_vector_384_hnsw ON llmspell.vector_embeddings_384
    USING hnsw (embedding @extschema:vector@.vector_cosine_ops) WITH (m = 16, ef_construction = 64);

CREATE TABLE llmspell.vector_embeddings_768 (
    id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    scope varchar(255) COLLATE "C" NOT NULL,
    embedding @extschema:vector@.vector(768) NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    content text,
    PRIMARY KEY (tenant_id, id)
)
WITH (toast_tuple_target = 8160);
ALTER TABLE llmspell.vector_embeddings_768 ALTER COLUMN embedding SET STORAGE PLAIN;
CREATE INDEX idx_vector_768_scope ON llmspell.vector_embeddings_768 (tenant_id, scope, id);
CREATE INDEX idx_vector_768_created ON llmspell.vector_embeddings_768 (tenant_id, created_at, id);
CREATE INDEX idx_vector_768_metadata ON llmspell.vector_embeddings_768
    USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_vector_768_hnsw ON llmspell.vector_embeddings_768
    USING hnsw (embedding @extschema:vector@.vector_cosine_ops) WITH (m = 16, ef_construction = 128);

CREATE TABLE llmspell.vector_embeddings_1536 (
    id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    scope varchar(255) COLLATE "C" NOT NULL,
    embedding @extschema:vector@.vector(1536) NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    content text,
    PRIMARY KEY (tenant_id, id)
)
WITH (toast_tuple_target = 8160);
ALTER TABLE llmspell.vector_embeddings_1536 ALTER COLUMN embedding SET STORAGE PLAIN;
CREATE INDEX idx_vector_1536_scope ON llmspell.vector_embeddings_1536 (tenant_id, scope, id);
CREATE INDEX idx_vector_1536_created ON llmspell.vector_embeddings_1536 (tenant_id, created_at, id);
CREATE INDEX idx_vector_1536_metadata ON llmspell.vector_embeddings_1536
    USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_vector_1536_hnsw ON llmspell.vector_embeddings_1536
    USING hnsw (embedding @extschema:vector@.vector_cosine_ops) WITH (m = 24, ef_construction = 256);

CREATE TABLE llmspell.vector_embeddings_3072 (
    id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    scope varchar(255) COLLATE "C" NOT NULL,
    embedding @extschema:vector@.vector(3072) NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    content text,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX idx_vector_3072_scope ON llmspell.vector_embeddings_3072 (tenant_id, scope, id);
CREATE INDEX idx_vector_3072_created ON llmspell.vector_embeddings_3072 (tenant_id, created_at, id);
CREATE INDEX idx_vector_3072_metadata ON llmspell.vector_embeddings_3072
    USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
-- hnsw takes 2,000 dimensions as vector, 4,000 as halfvec.
CREATE INDEX idx_vector_3072_hnsw ON llmspell.vector_embeddings_3072
    USING hnsw ((embedding::@extschema:vector@.halfvec(3072)) @extschema:vector@.halfvec_cosine_ops) WITH (m = 24, ef_construction = 256);

DO $comments$
DECLARE
    v_dims int;
BEGIN
    FOREACH v_dims IN ARRAY ARRAY[384, 768, 1536, 3072] LOOP
        EXECUTE format($sql$
            COMMENT ON TABLE llmspell.vector_embeddings_%1$s IS 'Embeddings of %1$s dimensions.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.id IS 'Names the embedding within the tenant.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.tenant_id IS 'Owner of the row.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.scope IS 'global, or <kind>:<id>.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.embedding IS 'The embedding.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.metadata IS 'What to filter by and to give back.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.created_at IS 'When the row was made.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.updated_at IS 'When the row was last written by its client.';
            COMMENT ON COLUMN llmspell.vector_embeddings_%1$s.content IS 'The text that was embedded, optional.';
            COMMENT ON INDEX llmspell.idx_vector_%1$s_scope IS 'For one scope, and paging through it.';
            COMMENT ON INDEX llmspell.idx_vector_%1$s_created IS 'For the newest.';
            COMMENT ON INDEX llmspell.idx_vector_%1$s_metadata IS 'For metadata OPERATOR(llmspell.@>).';
            COMMENT ON INDEX llmspell.idx_vector_%1$s_hnsw IS 'Approximate nearest neighbours by cosine distance, over all tenants.';
            $sql$, v_dims);
    END LOOP;
END
$comments$;
