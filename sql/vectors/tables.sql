-- Vector spaces: one table for each dimension of the guide, and for each space that somebody adds.
--
-- An embedding is stored inline (PLAIN) up to 1,900 dimensions: out of line it triples the cost of an
-- exact scan. PLAIN alone would push tenant_id and scope out instead, hence toast_tuple_target. From
-- there on a page has no room, and a copy of half the precision, of length 1, is inline in its place.

-- Shared by all tenants: what kinds of vectors there are tells nothing about anybody's.
CREATE TABLE llmspell.vector_spaces (
    name text COLLATE "C" PRIMARY KEY,
    table_name text COLLATE "C" NOT NULL UNIQUE,
    dims int NOT NULL,
    metric text COLLATE "C" NOT NULL CHECK (metric IN ('cosine', 'l2', 'ip')),
    model text,
    purpose text COLLATE "C" NOT NULL DEFAULT 'vectors' CHECK (purpose IN ('vectors', 'episodes')),
    builtin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_vector_spaces_dims ON llmspell.vector_spaces (dims, purpose);
COMMENT ON TABLE llmspell.vector_spaces IS 'The vector spaces, each with a table of its own.';
COMMENT ON COLUMN llmspell.vector_spaces.name IS 'Names the space.';
COMMENT ON COLUMN llmspell.vector_spaces.table_name IS 'Its table in schema llmspell.';
COMMENT ON COLUMN llmspell.vector_spaces.dims IS 'Dimensions of its vectors.';
COMMENT ON COLUMN llmspell.vector_spaces.metric IS 'How far two vectors are apart: cosine, l2 or ip (negative inner product).';
COMMENT ON COLUMN llmspell.vector_spaces.model IS 'The model that makes the vectors, for people.';
COMMENT ON COLUMN llmspell.vector_spaces.purpose IS 'vectors, or episodes for what episode_add writes.';
COMMENT ON COLUMN llmspell.vector_spaces.builtin IS 'Whether the extension brings it along.';
COMMENT ON COLUMN llmspell.vector_spaces.created_at IS 'When it was made; -infinity for what the extension brings along.';
COMMENT ON INDEX llmspell.idx_vector_spaces_dims IS 'For the space of a vector by its dimensions.';

CREATE TABLE llmspell.vector_index_config (
    space text COLLATE "C" PRIMARY KEY,
    method text COLLATE "C" NOT NULL CHECK (method IN ('hnsw', 'hnsw_halfvec', 'vchordrq', 'vchordg', 'none')),
    m int,
    ef_construction int,
    lists int[],
    index_name text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE llmspell.vector_index_config IS 'The index that somebody chose for a space; without a row it is the one that the space began with.';
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
COMMENT ON TABLE llmspell.vector_calibrations IS 'What vector_calibrate measured; without a row the search uses its defaults.';
COMMENT ON COLUMN llmspell.vector_calibrations.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_calibrations.exact_us IS 'Microseconds that an exact scan takes for a row.';
COMMENT ON COLUMN llmspell.vector_calibrations.ann_us IS 'Microseconds that the index takes for a candidate.';
COMMENT ON COLUMN llmspell.vector_calibrations.exact_rows IS 'Up to so many rows an exact scan is faster.';
COMMENT ON COLUMN llmspell.vector_calibrations.efs IS 'Values of ef_search, ascending.';
COMMENT ON COLUMN llmspell.vector_calibrations.recalls IS 'The share of the 10 nearest neighbours that each of them finds, carefully.';
COMMENT ON COLUMN llmspell.vector_calibrations.space_rows IS 'Rows of the space by the statistics, of all tenants, when it was measured; 0 where there were none.';
COMMENT ON COLUMN llmspell.vector_calibrations.calibrated_at IS 'When it was measured.';

CREATE TABLE llmspell.vector_tenant_indexes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    space text COLLATE "C" NOT NULL,
    index_name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, space)
);
COMMENT ON TABLE llmspell.vector_tenant_indexes IS 'Tenants with an index of their own: where a row stands, the search names the tenant in its text, so that the planner may take that index.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.space IS 'Name of the space.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.index_name IS 'Name of the partial index.';
COMMENT ON COLUMN llmspell.vector_tenant_indexes.created_at IS 'When it was asked for.';
