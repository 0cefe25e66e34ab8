-- From 0.2.0 to 0.3.0: what scripts/upgrade-script cannot derive from the install script.

-- Vectors and episodes. The functions below are those of the install script, which the rest of this
-- upgrade makes again; they are needed here to make tables.

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

CREATE TABLE llmspell.vector_index_config (
    space text COLLATE "C" PRIMARY KEY,
    method text COLLATE "C" NOT NULL CHECK (method IN ('hnsw', 'hnsw_halfvec', 'vchordrq', 'vchordg', 'none')),
    m int,
    ef_construction int,
    lists int[],
    index_name text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now()
);

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

CREATE TABLE llmspell.vector_tenant_indexes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    space text COLLATE "C" NOT NULL,
    index_name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, space)
);

CREATE FUNCTION llmspell._vector_spaces_changed(spaces oid) RETURNS void
STRICT LANGUAGE c AS 'MODULE_PATHNAME', '_vector_spaces_changed_wrapper';

CREATE FUNCTION llmspell._tg_vector_config() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    PERFORM _vector_spaces_changed('llmspell.vector_spaces'::regclass);
    RETURN NULL;
END
$$;

CREATE FUNCTION llmspell._vector_halves(dims int) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN dims > 1900 AND dims <= 3900;

CREATE FUNCTION llmspell._vector_index_defaults(dims int) RETURNS TABLE (method text, m int, ef_construction int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- The guide's parameters for its dimensions. Of half the precision from 768 on, where it takes half the room
    -- and less time; of 384 it takes as long. pgvector indexes 2,000 dimensions of a vector, 4,000 of a halfvec.
    SELECT CASE WHEN dims < 768 THEN 'hnsw' WHEN dims <= 3900 THEN 'hnsw_halfvec' ELSE 'none' END,
        CASE WHEN dims < 1536 THEN 16 ELSE 24 END,
        CASE WHEN dims < 768 THEN 64 WHEN dims < 1536 THEN 128 ELSE 256 END;
END;

CREATE FUNCTION llmspell._vector_index_prefix(table_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'idx_' || regexp_replace(table_name, '^(vector|episode)_embeddings_', '\1_');

CREATE FUNCTION llmspell._vector_index_ddl(table_name text, dims int, metric text, method text, m int, ef_construction int, lists int[],
                                           index_name text, how text, tenant text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
DECLARE
    v_halves constant boolean := method = 'hnsw_halfvec' OR _vector_halves(dims);
    v_key constant text := CASE
        WHEN _vector_halves(dims) THEN 'embedding_half'
        -- Of length 1, so that no vector is too long or too short for half the precision.
        WHEN v_halves AND metric = 'cosine' THEN format('((@extschema:vector@.l2_normalize(embedding))::@extschema:vector@.halfvec(%s))', dims)
        WHEN v_halves THEN format('(embedding::@extschema:vector@.halfvec(%s))', dims)
        ELSE 'embedding' END;
    v_class constant text := format('@extschema:vector@.%s_%s_ops', CASE WHEN v_halves THEN 'halfvec' ELSE 'vector' END, metric);
    v_options text;
BEGIN
    v_options := CASE
        WHEN method IN ('hnsw', 'hnsw_halfvec') THEN format('m = %s, ef_construction = %s', m, ef_construction)
        WHEN method = 'vchordg' THEN format(E'options = $options$\nbits = 2\nm = %s\nef_construction = %s\n$options$', m, ef_construction)
        ELSE format(E'options = $options$\nresidual_quantization = %s\n[build.internal]\nlists = %s\nspherical_centroids = %s\n$options$',
            -- TOML knows true and false, not t and f.
            CASE WHEN metric = 'ip' THEN 'false' ELSE 'true' END,
            '[' || coalesce((SELECT string_agg(l.value::text, ', ' ORDER BY l.n) FROM unnest(lists) WITH ORDINALITY AS l (value, n)), '') || ']',
            CASE WHEN metric = 'cosine' THEN 'true' ELSE 'false' END) END;
    RETURN concat_ws(' ', how, format('%I ON llmspell.%I USING %I (%s %s) WITH (%s)', index_name, table_name,
        CASE WHEN method = 'hnsw_halfvec' THEN 'hnsw' ELSE method END, v_key, v_class, v_options),
        'WHERE tenant_id = ' || quote_literal(tenant));
END
$$;

CREATE FUNCTION llmspell._tg_vector_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
DECLARE
    v_chars int := 200000;
BEGIN
    -- A dump brings the words along, and the configuration may be another by now.
    IF TG_OP = 'INSERT' AND NEW.fts IS NOT NULL AND _is_restoring() THEN
        RETURN NEW;
    END IF;
    IF length(NEW.content) <= 60000 THEN
        NEW.fts := to_tsvector(NEW.language::regconfig, NEW.content);
        RETURN NEW;
    END IF;
    -- A tsvector ends at 1 MB, which so many characters reach where each word counts several times.
    LOOP
        BEGIN
            NEW.fts := to_tsvector(NEW.language::regconfig, left(NEW.content, v_chars));
            RETURN NEW;
        EXCEPTION WHEN program_limit_exceeded THEN
            v_chars := v_chars / 2;
        END;
    END LOOP;
END
$$;

CREATE FUNCTION llmspell._vector_table_comment(table_name text, dims int, metric text, purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
DECLARE
    v_prefix constant text := _vector_index_prefix(table_name);
    v_comment record;
BEGIN
    EXECUTE format('COMMENT ON TABLE llmspell.%I IS %L', table_name,
        format(CASE purpose WHEN 'episodes' THEN 'Embeddings of episodes, of %s dimensions.' ELSE 'Embeddings of %s dimensions.' END, dims));
    FOR v_comment IN
        SELECT * FROM (VALUES
            ('id', CASE purpose WHEN 'episodes' THEN 'The episode.' ELSE 'Names the embedding within the tenant.' END),
            ('tenant_id', 'Owner of the row.'),
            ('scope', 'global, or <kind>:<id>.'),
            ('embedding', 'The embedding.'),
            ('metadata', 'What to filter by and to give back.'),
            ('created_at', CASE purpose WHEN 'episodes' THEN 'When the episode took place.' ELSE 'When the row was made.' END),
            ('updated_at', 'When the row was last written by its client.'),
            ('content', 'The text that was embedded, optional.'),
            ('event_time', 'When that happened which the text tells of, optional.'),
            ('expires_at', 'From when on no search finds it; NULL for never.'),
            ('language', 'Text search configuration of content.'),
            ('fts', 'The words of content, kept by a trigger; NULL where there is none.'),
            ('embedding_half', CASE metric WHEN 'cosine' THEN 'The embedding, of length 1, with half the precision.' ELSE 'The embedding with half the precision.' END)
        ) AS c (name, comment)
        WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('llmspell.%I', table_name)::regclass AND a.attname = c.name)
    LOOP
        EXECUTE format('COMMENT ON COLUMN llmspell.%I.%I IS %L', table_name, v_comment.name, v_comment.comment);
    END LOOP;
    FOR v_comment IN
        SELECT * FROM (VALUES ('_scope', 'For one scope, for counting, and for exact search.'), ('_created', 'For the newest, and for a span of time.'),
            ('_expires', 'For what has expired.'), ('_metadata', 'For metadata OPERATOR(llmspell.@>).'), ('_fts', 'For fts OPERATOR(llmspell.@@).'),
            ('_hnsw', 'Approximate nearest neighbours, over all tenants.')) AS c (suffix, comment)
        WHERE to_regclass(format('llmspell.%I', v_prefix || c.suffix)) IS NOT NULL
    LOOP
        EXECUTE format('COMMENT ON INDEX llmspell.%I IS %L', v_prefix || v_comment.suffix, v_comment.comment);
    END LOOP;
END
$$;

CREATE FUNCTION llmspell._vector_table_create(space text, table_name text, dims int, metric text, model text, purpose text, is_builtin boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
DECLARE
    v_prefix constant text := _vector_index_prefix(table_name);
    v_inline constant boolean := dims <= 1900;
    v_default record;
BEGIN
    EXECUTE format($sql$
        CREATE TABLE llmspell.%1$I (
            id uuid NOT NULL DEFAULT uuidv7(),
            tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
            scope varchar(255) COLLATE "C" NOT NULL,
            embedding @extschema:vector@.vector(%2$s) NOT NULL,
            metadata jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            content text,
            event_time timestamptz,
            expires_at timestamptz,
            language text NOT NULL DEFAULT 'simple',
            fts tsvector,
            PRIMARY KEY (tenant_id, id)
        )
        WITH (toast_tuple_target = 8160)$sql$, table_name, dims);
    -- pgvector multiplies in single precision: beyond these lengths a distance is none.
    EXECUTE format('ALTER TABLE llmspell.%I ADD CONSTRAINT nonzero_embedding CHECK (@extschema:vector@.vector_norm(embedding) %s)', table_name,
        CASE metric WHEN 'cosine' THEN 'BETWEEN 1e-15 AND 1e15' ELSE '<= 1e15' END);
    IF v_inline THEN
        EXECUTE format('ALTER TABLE llmspell.%I ALTER COLUMN embedding SET STORAGE PLAIN', table_name);
    ELSIF _vector_halves(dims) THEN
        -- Of length 1, so that no vector is too long or too short for half the precision.
        EXECUTE format('ALTER TABLE llmspell.%1$I ADD COLUMN embedding_half @extschema:vector@.halfvec(%2$s) GENERATED ALWAYS AS (%3$s) STORED, ALTER COLUMN embedding_half SET STORAGE PLAIN',
            table_name, dims, CASE WHEN metric = 'cosine' THEN format('@extschema:vector@.l2_normalize(embedding)::@extschema:vector@.halfvec(%s)', dims)
                                   ELSE format('embedding::@extschema:vector@.halfvec(%s)', dims) END);
    END IF;
    EXECUTE format('CREATE INDEX %I ON llmspell.%I (tenant_id, scope, id)', v_prefix || '_scope', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I (tenant_id, created_at, id)', v_prefix || '_created', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I (tenant_id, expires_at) WHERE expires_at IS NOT NULL', v_prefix || '_expires', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off)',
        v_prefix || '_metadata', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (fastupdate = off) WHERE fts IS NOT NULL',
        v_prefix || '_fts', table_name);
    SELECT * INTO v_default FROM _vector_index_defaults(dims);
    IF v_default.method <> 'none' THEN
        EXECUTE _vector_index_ddl(table_name, dims, metric, v_default.method, v_default.m, v_default.ef_construction, NULL, v_prefix || '_hnsw', 'CREATE INDEX');
    END IF;
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.%I FOR EACH ROW WHEN (NEW.content IS NOT NULL OR NEW.fts IS NOT NULL) EXECUTE FUNCTION llmspell._tg_vector_words()',
        table_name || '_words', table_name);
    IF purpose = 'episodes' THEN
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OF tenant_id, id ON llmspell.%I FOR EACH ROW EXECUTE FUNCTION llmspell._tg_episode_embedding()',
            table_name || '_episode', table_name);
    END IF;
    PERFORM _vector_table_comment(table_name, dims, metric, purpose);
    INSERT INTO vector_spaces (name, table_name, dims, metric, model, purpose, builtin, created_at)
    VALUES (space, _vector_table_create.table_name, _vector_table_create.dims, _vector_table_create.metric,
            _vector_table_create.model, _vector_table_create.purpose, is_builtin, CASE WHEN is_builtin THEN '-infinity' ELSE now() END);
END
$$;

DO $vectors$
DECLARE
    v_dims int;
    v_table text;
    v_rows bigint;
BEGIN
    FOREACH v_dims IN ARRAY ARRAY[384, 768, 1536, 3072] LOOP
        v_table := 'vector_embeddings_' || v_dims;
        EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM llmspell.%I WHERE NOT @extschema:vector@.vector_norm(embedding) BETWEEN 1e-15 AND 1e15', v_table) INTO v_rows;
        IF v_rows > 0 THEN
            RAISE EXCEPTION 'llmspell.% has % vectors of zeros, or too long or short for a distance', v_table, v_rows
                USING ERRCODE = 'check_violation', HINT = pg_catalog.format('Delete them: DELETE FROM llmspell.%I WHERE NOT vector_norm(embedding) BETWEEN 1e-15 AND 1e15;', v_table);
        END IF;
        EXECUTE pg_catalog.format($sql$
            ALTER TABLE llmspell.%1$I
                ADD COLUMN event_time timestamptz,
                ADD COLUMN expires_at timestamptz,
                ADD COLUMN language text NOT NULL DEFAULT 'simple',
                ADD COLUMN fts tsvector,
                ADD CONSTRAINT nonzero_embedding CHECK (@extschema:vector@.vector_norm(embedding) BETWEEN 1e-15 AND 1e15);
            ALTER TABLE llmspell.%1$I SET (toast_tuple_target = 8160);
            CREATE INDEX idx_vector_%2$s_expires ON llmspell.%1$I (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
            CREATE TRIGGER %1$s_words BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.%1$I
                FOR EACH ROW WHEN (NEW.content IS NOT NULL OR NEW.fts IS NOT NULL) EXECUTE FUNCTION llmspell._tg_vector_words();
            $sql$, v_table, v_dims);
        IF v_dims > 384 THEN
            EXECUTE pg_catalog.format('DROP INDEX llmspell.idx_vector_%s_hnsw', v_dims);
        END IF;
        IF v_dims = 3072 THEN
            ALTER TABLE llmspell.vector_embeddings_3072
                ADD COLUMN embedding_half @extschema:vector@.halfvec(3072) GENERATED ALWAYS AS (@extschema:vector@.l2_normalize(embedding)::@extschema:vector@.halfvec(3072)) STORED,
                ALTER COLUMN embedding_half SET STORAGE PLAIN;
        END IF;
        -- Words of what is there already; touching content calls the trigger.
        EXECUTE pg_catalog.format('UPDATE llmspell.%I SET content = content WHERE content IS NOT NULL', v_table);
        IF v_dims > 384 THEN
            EXECUTE (SELECT llmspell._vector_index_ddl(v_table, v_dims, 'cosine', d.method, d.m, d.ef_construction, NULL, pg_catalog.format('idx_vector_%s_hnsw', v_dims), 'CREATE INDEX')
                     FROM llmspell._vector_index_defaults(v_dims) d);
        END IF;
        EXECUTE pg_catalog.format('CREATE INDEX idx_vector_%2$s_fts ON llmspell.%1$I USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (fastupdate = off) WHERE fts IS NOT NULL', v_table, v_dims);
        PERFORM llmspell._vector_table_comment(v_table, v_dims, 'cosine', 'vectors');
        INSERT INTO llmspell.vector_spaces (name, table_name, dims, metric, purpose, builtin, created_at) VALUES ('vectors_' || v_dims, v_table, v_dims, 'cosine', 'vectors', true, '-infinity');
    END LOOP;
END
$vectors$;

CREATE TABLE llmspell.episodes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    id uuid NOT NULL DEFAULT uuidv7(),
    session_id varchar(247) COLLATE "C" NOT NULL,
    role varchar(255) COLLATE "C" NOT NULL,
    content text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    idempotency_key varchar(255) COLLATE "C",
    attempt int NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    language text NOT NULL DEFAULT 'simple',
    fts tsvector,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT finite_occurred_at CHECK (isfinite(occurred_at))
);

CREATE UNIQUE INDEX idx_episodes_key ON llmspell.episodes (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE INDEX idx_episodes_session ON llmspell.episodes (tenant_id, session_id, occurred_at, id);

CREATE INDEX idx_episodes_unprocessed ON llmspell.episodes (tenant_id, session_id, occurred_at, id) WHERE processed_at IS NULL;

CREATE INDEX idx_episodes_unprocessed_oldest ON llmspell.episodes (tenant_id, occurred_at, id) WHERE processed_at IS NULL;

CREATE INDEX idx_episodes_occurred ON llmspell.episodes (tenant_id, occurred_at, id);

CREATE INDEX idx_episodes_metadata ON llmspell.episodes USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);

CREATE INDEX idx_episodes_fts ON llmspell.episodes USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (fastupdate = off) WHERE fts IS NOT NULL;

CREATE FUNCTION llmspell._tg_episode_embedding() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    IF _is_restoring() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.tenant_id, OLD.id) = (NEW.tenant_id, NEW.id) THEN
            RETURN NULL;
        END IF;
    END IF;
    PERFORM FROM episodes e WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no episode "%" for its embedding', NEW.id USING ERRCODE = 'foreign_key_violation',
            HINT = 'Add the episode first, or both by llmspell.episode_add.';
    END IF;
    RETURN NULL;
END
$$;

SELECT llmspell._vector_table_create('episodes_' || d, 'episode_embeddings_' || d, d, 'cosine', NULL, 'episodes', true)
FROM unnest(ARRAY[384, 768, 1536, 3072]) AS d;
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
