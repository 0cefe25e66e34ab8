-- Vector spaces: a table for each number of dimensions that the extension brings along, and for each space that an
-- operator adds.
--
-- An embedding is stored inline (PLAIN) up to 1,900 dimensions: out of line it triples the cost of an exact scan.
-- PLAIN alone would push tenant_id and scope out instead, hence toast_tuple_target. A wider vector does not fit into
-- a page; where distances are angles, a copy of half the precision and length 1 is inline in its place.

-- Shared by all tenants: the kinds of vectors tell nothing about a tenant's own.
CREATE TABLE llmspell.vector_spaces (
    name text COLLATE "C" PRIMARY KEY,
    table_name text COLLATE "C" NOT NULL UNIQUE,
    dims int NOT NULL,
    metric text COLLATE "C" NOT NULL CHECK (metric IN ('cosine', 'l2', 'ip')),
    model text,
    purpose text COLLATE "C" NOT NULL DEFAULT 'vectors' CHECK (purpose IN ('vectors', 'episodes', 'entities', 'relationships')),
    builtin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    checked_index text COLLATE "C",
    checked_recall double precision,
    checked_library text COLLATE "C",
    checked_at timestamptz
);
CREATE INDEX idx_vector_spaces_dims ON llmspell.vector_spaces (dims, purpose);
COMMENT ON TABLE llmspell.vector_spaces IS 'The vector spaces, each with a table of its own.';
COMMENT ON COLUMN llmspell.vector_spaces.name IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_spaces.table_name IS 'Its table in schema llmspell.';
COMMENT ON COLUMN llmspell.vector_spaces.dims IS 'Dimensions of its vectors.';
COMMENT ON COLUMN llmspell.vector_spaces.metric IS 'Distance of two vectors: cosine, l2 or ip (negative inner product).';
COMMENT ON COLUMN llmspell.vector_spaces.model IS 'The model that makes the vectors; informative only.';
COMMENT ON COLUMN llmspell.vector_spaces.purpose IS 'vectors, or episodes, entities, relationships for the embeddings of these.';
COMMENT ON COLUMN llmspell.vector_spaces.builtin IS 'Whether it is part of the extension.';
COMMENT ON COLUMN llmspell.vector_spaces.created_at IS 'When it was made; -infinity where it is part of the extension.';
COMMENT ON COLUMN llmspell.vector_spaces.checked_index IS 'Name of the index that was last compared with exact searches; NULL before.';
COMMENT ON COLUMN llmspell.vector_spaces.checked_recall IS 'Share of the true neighbours that it found; NULL where the space had no rows.';
COMMENT ON COLUMN llmspell.vector_spaces.checked_library IS 'The extension of its method, with the version, at that time.';
COMMENT ON COLUMN llmspell.vector_spaces.checked_at IS 'When it was compared.';
COMMENT ON INDEX llmspell.idx_vector_spaces_dims IS 'For the space of a vector by its dimensions.';

-- A table of its own, as a dump leaves out the rows of vector_spaces that are part of the extension.
CREATE TABLE llmspell.vector_generations (
    space text COLLATE "C" PRIMARY KEY,
    line text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'building', 'former')),
    is_tracked boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz
);
CREATE UNIQUE INDEX idx_vector_generations_active ON llmspell.vector_generations (line) WHERE state = 'active';
COMMENT ON TABLE llmspell.vector_generations IS 'Spaces that hold vectors of the same rows by several models; one without a row here is active.';
COMMENT ON COLUMN llmspell.vector_generations.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_generations.line IS 'Name of the first space of the same rows.';
COMMENT ON COLUMN llmspell.vector_generations.state IS 'active: searches use it; building: it is being filled; former: searches used it before.';
COMMENT ON COLUMN llmspell.vector_generations.is_tracked IS 'Whether rows without a vector of the space are queued.';
COMMENT ON COLUMN llmspell.vector_generations.created_at IS 'When it was recorded.';
COMMENT ON COLUMN llmspell.vector_generations.activated_at IS 'When it last became the active one; NULL where that never was.';
COMMENT ON INDEX llmspell.idx_vector_generations_active IS 'One space of a line is active.';

CREATE TABLE llmspell.vector_small_spaces (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    name varchar(100) COLLATE "C" NOT NULL CHECK (name LIKE 'small:%'),
    number int NOT NULL CHECK (number BETWEEN 1 AND 8),
    dims int NOT NULL CHECK (dims BETWEEN 1 AND 1900),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name),
    UNIQUE (tenant_id, number)
) WITH (fillfactor = 50);
COMMENT ON TABLE llmspell.vector_small_spaces IS 'The spaces that tenants made themselves; the vectors of number n are in vector_small_n.';
COMMENT ON COLUMN llmspell.vector_small_spaces.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.vector_small_spaces.name IS 'Name of the space, after small:.';
COMMENT ON COLUMN llmspell.vector_small_spaces.number IS 'Number of its table.';
COMMENT ON COLUMN llmspell.vector_small_spaces.dims IS 'Dimensions of its vectors, those of the first one.';
COMMENT ON COLUMN llmspell.vector_small_spaces.created_at IS 'When it was made.';
COMMENT ON COLUMN llmspell.vector_small_spaces.updated_at IS 'When rows were last stored in a small space, kept in that of the least number.';

CREATE TABLE llmspell.embedding_queue (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    space text COLLATE "C" NOT NULL CHECK (octet_length(space) <= 255),
    id uuid NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now(),
    attempt int NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    lease_expires_at timestamptz,
    content_hash bytea CHECK (octet_length(content_hash) = 32),
    PRIMARY KEY (tenant_id, space, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE llmspell.embedding_queue IS 'Rows that lack a vector of a space that is kept complete.';
COMMENT ON COLUMN llmspell.embedding_queue.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.embedding_queue.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.embedding_queue.id IS 'The row that lacks a vector.';
COMMENT ON COLUMN llmspell.embedding_queue.queued_at IS 'Since when it is queued.';
COMMENT ON COLUMN llmspell.embedding_queue.attempt IS 'How often it was claimed.';
COMMENT ON COLUMN llmspell.embedding_queue.fence IS 'Fencing number: one more with each claim; begins with the time, so that none comes twice.';
COMMENT ON COLUMN llmspell.embedding_queue.lease_expires_at IS 'End of the current claim; NULL where there is none.';
COMMENT ON COLUMN llmspell.embedding_queue.content_hash IS 'SHA-256 of the text that was claimed.';

CREATE TABLE llmspell.vector_index_config (
    space text COLLATE "C" PRIMARY KEY,
    method text COLLATE "C" NOT NULL CHECK (method IN ('hnsw', 'hnsw_halfvec', 'vchordrq', 'vchordg', 'none')),
    m int,
    ef_construction int,
    lists int[],
    index_name text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE llmspell.vector_index_config IS 'The index chosen for a space; without a row, the default of its dimensions.';
COMMENT ON COLUMN llmspell.vector_index_config.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_index_config.method IS 'hnsw, hnsw_halfvec, vchordrq, vchordg or none.';
COMMENT ON COLUMN llmspell.vector_index_config.m IS 'Links of a node of the graph; NULL for vchordrq.';
COMMENT ON COLUMN llmspell.vector_index_config.ef_construction IS 'Candidates considered while building the graph; NULL for vchordrq.';
COMMENT ON COLUMN llmspell.vector_index_config.lists IS 'Partitions of vchordrq, a number for each level; NULL or empty: none.';
COMMENT ON COLUMN llmspell.vector_index_config.index_name IS 'Name of the index; NULL for none.';
COMMENT ON COLUMN llmspell.vector_index_config.recorded_at IS 'When it was chosen.';

CREATE TABLE llmspell.vector_calibrations (
    space text COLLATE "C" PRIMARY KEY,
    exact_us double precision NOT NULL,
    ann_us double precision NOT NULL,
    exact_rows int NOT NULL,
    efs int[] NOT NULL,
    recalls double precision[] NOT NULL,
    space_rows bigint NOT NULL,
    calibrated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE llmspell.vector_calibrations IS 'Measurements of vector_calibrate; without a row searches use defaults.';
COMMENT ON COLUMN llmspell.vector_calibrations.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_calibrations.exact_us IS 'Microseconds that an exact scan takes for a row.';
COMMENT ON COLUMN llmspell.vector_calibrations.ann_us IS 'Microseconds that the index takes for a candidate.';
COMMENT ON COLUMN llmspell.vector_calibrations.exact_rows IS 'Number of rows up to which an exact scan is faster than the index.';
COMMENT ON COLUMN llmspell.vector_calibrations.efs IS 'Values of ef_search, ascending.';
COMMENT ON COLUMN llmspell.vector_calibrations.recalls IS 'Share of the 10 nearest neighbours that each value of efs finds, estimated cautiously.';
COMMENT ON COLUMN llmspell.vector_calibrations.space_rows IS 'Estimated rows of the space, of all tenants, at the time of the measurement.';
COMMENT ON COLUMN llmspell.vector_calibrations.calibrated_at IS 'When it was measured.';

CREATE TABLE llmspell.vector_tenant_indexes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    space text COLLATE "C" NOT NULL,
    index_name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    is_automatic boolean NOT NULL DEFAULT false,
    state text COLLATE "C" NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'dropping', 'declined')),
    attempts int NOT NULL DEFAULT 0,
    retry_at timestamptz,
    last_error text,
    PRIMARY KEY (tenant_id, space)
);
COMMENT ON TABLE llmspell.vector_tenant_indexes IS 'Tenants with an index of their own; their searches name the tenant, so that the planner can use it.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.index_name IS 'Name of the partial index.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.created_at IS 'When it was requested.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.is_automatic IS 'Whether maintenance decided it, which also builds and drops it.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.state IS 'kept, dropping, or declined: an operator wants none, and maintenance decides no other.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.attempts IS 'Builds that failed one after the other.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.retry_at IS 'When the next build may begin; NULL at once.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.last_error IS 'Why the last build failed; NULL after one that did not.';

CREATE TABLE llmspell.vector_tenant_sizes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    space text COLLATE "C" NOT NULL,
    row_count bigint NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, space)
);
COMMENT ON TABLE llmspell.vector_tenant_sizes IS 'How many vectors a larger tenant has in a space, kept by maintenance, so that searches need not count them.';
COMMENT ON COLUMN llmspell.vector_tenant_sizes.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.vector_tenant_sizes.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_tenant_sizes.row_count IS 'Rows, estimated from a sample where they are more than 100,000.';
COMMENT ON COLUMN llmspell.vector_tenant_sizes.counted_at IS 'When they were counted.';

CREATE TYPE llmspell_internal.vector_index_row AS (
    space text, tenant text, method text, index_name text, state text, drop_first text[], statement text, superseded text[], reason text, is_lost boolean
);
COMMENT ON TYPE llmspell_internal.vector_index_row IS 'Rows of vector_index_ensure and vector_tenant_promote.';

CREATE TYPE llmspell_internal.vector_tenant_index_row AS (
    tenant text, space text, index_name text, row_count bigint, automatic boolean, state text, progress double precision, attempts int, retry_at timestamptz,
    last_error text, statement text, cursor text
);
COMMENT ON TYPE llmspell_internal.vector_tenant_index_row IS 'Rows of vector_tenant_index_list.';

CREATE TYPE llmspell_internal._vector_candidate AS (tenant text, space text, row_count bigint, state text, is_automatic boolean);
COMMENT ON TYPE llmspell_internal._vector_candidate IS 'A tenant that may get an index of its own, or lose it.';

CREATE TYPE llmspell_internal.hybrid_row AS (
    id uuid, score double precision, vector_rank bigint, text_rank bigint, distance double precision, scope text, metadata jsonb, content text,
    created_at timestamptz, own_score double precision, context_score double precision, vector_score double precision, text_score double precision,
    complete boolean, text_id text
);
COMMENT ON TYPE llmspell_internal.hybrid_row IS 'Rows of hybrid_search.';

CREATE TYPE llmspell_internal.vector_put_row AS (id uuid, created boolean);
COMMENT ON TYPE llmspell_internal.vector_put_row IS 'Rows of vector_put.';

CREATE TYPE llmspell_internal.vector_row AS (
    id uuid, text_id text, space text, scope text, metadata jsonb, content text, embedding @extschema:vector@.vector, at timestamptz, created_at timestamptz,
    updated_at timestamptz, expires_at timestamptz
);
COMMENT ON TYPE llmspell_internal.vector_row IS 'Rows of vector_get.';

CREATE TYPE llmspell_internal._embedding_source AS (relation text, id text, content text, condition text, columns text, expressions text);
COMMENT ON TYPE llmspell_internal._embedding_source IS 'Where rows of a space come from, of functions of one argument, the space; r is the row.';
