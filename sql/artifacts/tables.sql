-- Artifacts: content under its hash, and what refers to it.

CREATE TABLE llmspell.artifact_content (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    content_hash varchar(64) COLLATE "C" NOT NULL,
    storage_type varchar(20) COLLATE "C" NOT NULL,
    data bytea,
    large_object_oid oid,
    size_bytes bigint NOT NULL,
    is_compressed boolean NOT NULL DEFAULT false,
    original_size_bytes bigint,
    reference_count int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_accessed_at timestamptz NOT NULL DEFAULT now(),
    manifest bytea,
    PRIMARY KEY (tenant_id, content_hash),
    CONSTRAINT valid_storage_type CHECK (storage_type IN ('bytea', 'chunked', 'large_object')),
    CONSTRAINT positive_reference_count CHECK (reference_count > 0),
    CONSTRAINT bytea_storage_valid CHECK (
        (storage_type = 'bytea') = (data IS NOT NULL)
        AND (storage_type = 'chunked') = (manifest IS NOT NULL)
        AND (storage_type = 'large_object') = (large_object_oid IS NOT NULL)),
    CONSTRAINT max_artifact_size CHECK (size_bytes <= 536870912),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(data, 'data') AND llmspell_internal._storable(manifest, 'manifest'))
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000, fillfactor = 80);
-- Chunk hashes do not compress.
ALTER TABLE llmspell.artifact_content ALTER COLUMN manifest SET STORAGE EXTERNAL;

COMMENT ON TABLE llmspell.artifact_content IS 'Content of artifacts, each once for a tenant.';
COMMENT ON COLUMN llmspell.artifact_content.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.artifact_content.content_hash IS 'Hash of the uncompressed content in lower-case hex: BLAKE3, or SHA-256 of older clients until artifact_migrate.';
COMMENT ON COLUMN llmspell.artifact_content.storage_type IS 'Where the content is: bytea (data), chunked (manifest) or large_object (of an older client).';
COMMENT ON COLUMN llmspell.artifact_content.data IS 'The content, for storage_type bytea.';
COMMENT ON COLUMN llmspell.artifact_content.large_object_oid IS 'Large object of an older client; never written here: row level security does not cover large objects.';
COMMENT ON COLUMN llmspell.artifact_content.size_bytes IS 'Size of what a client reads, bytes; of chunked content the whole content.';
COMMENT ON COLUMN llmspell.artifact_content.is_compressed IS 'Whether the client compressed the content; false for chunked content.';
COMMENT ON COLUMN llmspell.artifact_content.original_size_bytes IS 'Size before the client''s compression, bytes; of chunked content size_bytes.';
COMMENT ON COLUMN llmspell.artifact_content.reference_count IS '1 and one more for each artifact with this content; kept by triggers, whatever an INSERT says.';
COMMENT ON COLUMN llmspell.artifact_content.created_at IS 'When the content was first stored.';
COMMENT ON COLUMN llmspell.artifact_content.last_accessed_at IS 'When the content was last used, as clients record it.';
COMMENT ON COLUMN llmspell.artifact_content.manifest IS 'For storage_type chunked: each chunk''s BLAKE3 hash (32 bytes) and length (4 bytes, little endian), in order.';

CREATE TABLE llmspell.artifacts (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    artifact_id varchar(512) COLLATE "C" NOT NULL,
    session_id uuid NOT NULL,
    sequence bigint NOT NULL,
    content_hash varchar(64) COLLATE "C" NOT NULL,
    metadata jsonb NOT NULL,
    name varchar(255) COLLATE "C" NOT NULL,
    artifact_type varchar(50) COLLATE "C" NOT NULL,
    mime_type varchar(255) NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by varchar(255),
    version int NOT NULL DEFAULT 1,
    parent_artifact_id varchar(512) COLLATE "C",
    tags text[],
    stored_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, artifact_id),
    CONSTRAINT artifacts_content_fkey FOREIGN KEY (tenant_id, content_hash)
        REFERENCES llmspell.artifact_content (tenant_id, content_hash) ON DELETE RESTRICT,
    CONSTRAINT artifacts_session_fkey FOREIGN KEY (tenant_id, session_id)
        REFERENCES llmspell.sessions (tenant_id, session_id) ON DELETE CASCADE,
    CONSTRAINT unique_session_sequence UNIQUE (tenant_id, session_id, sequence),
    CONSTRAINT positive_version CHECK (version > 0),
    CONSTRAINT non_negative_sequence CHECK (sequence >= 0),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(metadata, 'metadata') AND llmspell_internal._storable(tags, 'tags')),
    -- An index entry has at most 2,704 bytes, and the tenant up to 1,020 of them.
    CONSTRAINT fits_its_indexes CHECK (octet_length(artifact_id) <= 1024 AND llmspell_internal._storable_tags(tags))
);
-- Statistics of one session's rows, or one content's, would make foreign keys and triggers scan the table.
ALTER TABLE llmspell.artifacts ALTER COLUMN session_id SET (n_distinct = -0.05), ALTER COLUMN content_hash SET (n_distinct = -0.05);
CREATE INDEX idx_artifacts_content ON llmspell.artifacts (tenant_id, content_hash);
CREATE INDEX idx_artifacts_name ON llmspell.artifacts (tenant_id, session_id, name, version);
CREATE INDEX idx_artifacts_tenant_type ON llmspell.artifacts (tenant_id, artifact_type, created_at DESC);
CREATE INDEX idx_artifacts_tags ON llmspell.artifacts
    USING gin (tenant_id, tags llmspell.text_array_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_artifacts_metadata ON llmspell.artifacts
    USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);

COMMENT ON TABLE llmspell.artifacts IS 'Artifacts of sessions: a name, what it is, and the hash of its content.';
COMMENT ON COLUMN llmspell.artifacts.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.artifacts.artifact_id IS '{session_id}:{sequence}:{content_hash}.';
COMMENT ON COLUMN llmspell.artifacts.session_id IS 'The session; deleting it deletes the artifact.';
COMMENT ON COLUMN llmspell.artifacts.sequence IS 'Number within the session, from 0.';
COMMENT ON COLUMN llmspell.artifacts.content_hash IS 'The content.';
COMMENT ON COLUMN llmspell.artifacts.metadata IS 'The client''s metadata.';
COMMENT ON COLUMN llmspell.artifacts.name IS 'Name within the session; versions share it.';
COMMENT ON COLUMN llmspell.artifacts.artifact_type IS 'Kind of artifact.';
COMMENT ON COLUMN llmspell.artifacts.mime_type IS 'Media type.';
COMMENT ON COLUMN llmspell.artifacts.size_bytes IS 'Size of the content, bytes.';
COMMENT ON COLUMN llmspell.artifacts.created_at IS 'When the artifact was made.';
COMMENT ON COLUMN llmspell.artifacts.created_by IS 'Name of the maker, as the client gave it.';
COMMENT ON COLUMN llmspell.artifacts.version IS 'Version of the name within the session, from 1.';
COMMENT ON COLUMN llmspell.artifacts.parent_artifact_id IS 'The version before.';
COMMENT ON COLUMN llmspell.artifacts.tags IS 'Tags.';
COMMENT ON COLUMN llmspell.artifacts.stored_at IS 'When the row was stored.';
COMMENT ON COLUMN llmspell.artifacts.updated_at IS 'When the row was last written.';
COMMENT ON INDEX llmspell.idx_artifacts_content IS 'For the artifacts of a content, and its foreign key.';
COMMENT ON INDEX llmspell.idx_artifacts_name IS 'For the versions of a name.';
COMMENT ON INDEX llmspell.idx_artifacts_tenant_type IS 'For artifacts of a type, newest first.';
COMMENT ON INDEX llmspell.idx_artifacts_tags IS 'For tags OPERATOR(llmspell.@>).';
COMMENT ON INDEX llmspell.idx_artifacts_metadata IS 'For metadata OPERATOR(llmspell.@>).';

-- Only our functions write here: a CHECK would cost time and catch nothing. No foreign keys: refs guards a chunk,
-- and a restore loads tables in any order.
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
-- Room for the next version of a row in its page, as refs change.
) WITH (fillfactor = 90);
-- Compressed already; and out of line an update of refs does not touch it.
ALTER TABLE llmspell.artifact_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX idx_artifact_chunk_base ON llmspell.artifact_chunk (tenant_id, base_hash) WHERE base_hash IS NOT NULL;

COMMENT ON TABLE llmspell.artifact_chunk IS 'Pieces of contents, each once for a tenant.';
COMMENT ON COLUMN llmspell.artifact_chunk.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.artifact_chunk.chunk_hash IS 'BLAKE3 hash of the decoded bytes.';
COMMENT ON COLUMN llmspell.artifact_chunk.refs IS 'Contents and uploads that have the chunk; 0 where it is only the base of others.';
COMMENT ON COLUMN llmspell.artifact_chunk.codec IS 'How data is encoded: 0 as it is, 1 zstd, 2 zstd with the base as raw-content dictionary.';
COMMENT ON COLUMN llmspell.artifact_chunk.raw_len IS 'Length of the decoded bytes.';
COMMENT ON COLUMN llmspell.artifact_chunk.depth IS 'Length of the chain of bases, at most 4.';
COMMENT ON COLUMN llmspell.artifact_chunk.base_hash IS 'For codec 2, the chunk that this one is encoded against.';
COMMENT ON COLUMN llmspell.artifact_chunk.data IS 'The encoded bytes.';
COMMENT ON INDEX llmspell.idx_artifact_chunk_base IS 'For the chunks that need a base.';

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

COMMENT ON TABLE llmspell.artifact_upload IS 'Contents that come in parts.';
COMMENT ON COLUMN llmspell.artifact_upload.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.artifact_upload.upload_id IS 'Id of the upload.';
COMMENT ON COLUMN llmspell.artifact_upload.next_offset IS 'Bytes received so far.';
COMMENT ON COLUMN llmspell.artifact_upload.tail IS 'The last bytes, not in a chunk yet; less than 64 KiB.';
COMMENT ON COLUMN llmspell.artifact_upload.manifest IS 'The chunks of the bytes before, in the form of artifact_content.manifest.';
COMMENT ON COLUMN llmspell.artifact_upload.meta IS 'The arguments of artifact_upload_begin.';
COMMENT ON COLUMN llmspell.artifact_upload.stored_bytes IS 'Bytes that its chunks took beyond what the tenant had.';
COMMENT ON COLUMN llmspell.artifact_upload.expires_at IS 'When artifact_gc may drop it.';
COMMENT ON INDEX llmspell.idx_artifact_upload_expires IS 'For finding what has expired.';

-- Not an advisory lock: any session can take one by number, and a transaction with an older snapshot would not
-- notice what others did before it got its turn. With a row it gets 40001.
CREATE TABLE llmspell.artifact_turn (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    taken_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (tenant_id)
) WITH (fillfactor = 10);
COMMENT ON TABLE llmspell.artifact_turn IS 'One row a tenant, locked by the transaction that stores, deletes or collects its artifacts.';
COMMENT ON COLUMN llmspell.artifact_turn.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.artifact_turn.taken_by IS 'The transaction that took it last.';

-- An index on reference_count would make every count a new index entry.
CREATE TABLE llmspell.artifact_gc_queue (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    content_hash varchar(64) COLLATE "C" NOT NULL,
    zero_since timestamptz NOT NULL DEFAULT now(),
    large_object_oid oid,
    PRIMARY KEY (tenant_id, content_hash)
);
COMMENT ON TABLE llmspell.artifact_gc_queue IS 'Contents that came without an artifact or lost one, for artifact_gc to look at.';
COMMENT ON COLUMN llmspell.artifact_gc_queue.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.artifact_gc_queue.content_hash IS 'The content, or a name for a large object that was turned into chunks.';
COMMENT ON COLUMN llmspell.artifact_gc_queue.large_object_oid IS 'A large object that no content uses any more; its owner may unlink it.';
COMMENT ON COLUMN llmspell.artifact_gc_queue.zero_since IS 'When the reference count last became 0.';

CREATE TYPE llmspell_internal.artifact_row AS (
    artifact_id text,
    session_id uuid,
    sequence bigint,
    name text,
    version int,
    content_hash text,
    size_bytes bigint,
    mime_type text,
    artifact_type text,
    metadata jsonb,
    tags text[],
    parent_artifact_id text,
    created_by text,
    created_at timestamptz,
    cursor text
);
COMMENT ON TYPE llmspell_internal.artifact_row IS 'A row of artifact_list.';

CREATE TYPE llmspell_internal.artifact_description AS (
    artifact_id text, session_id uuid, sequence bigint, name text, version int, content_hash text, size_bytes bigint, mime_type text,
    artifact_type text, metadata jsonb, tags text[], parent_artifact_id text, created_by text, created_at timestamptz
);
COMMENT ON TYPE llmspell_internal.artifact_description IS 'The row of artifact_info.';
