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
    -- The guide's for its dimensions; pgvector indexes 2,000 of a vector and 4,000 of a halfvec.
    SELECT CASE WHEN dims <= 1900 THEN 'hnsw' WHEN dims <= 3900 THEN 'hnsw_halfvec' ELSE 'none' END,
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
        WHEN v_halves THEN format('(embedding::@extschema:vector@.halfvec(%s))', dims)
        ELSE 'embedding' END;
    v_class constant text := format('@extschema:vector@.%s_%s_ops', CASE WHEN v_halves THEN 'halfvec' ELSE 'vector' END, metric);
    v_options text;
BEGIN
    v_options := CASE
        WHEN method IN ('hnsw', 'hnsw_halfvec') THEN format('m = %s, ef_construction = %s', m, ef_construction)
        WHEN method = 'vchordg' THEN format(E'options = $options$\nbits = 2\nm = %s\nef_construction = %s\n$options$', m, ef_construction)
        ELSE format(E'options = $options$\nresidual_quantization = %s\n[build.internal]\nlists = %s\nspherical_centroids = %s\n$options$',
            metric <> 'ip', replace(replace(coalesce(lists, '{}')::text, '{', '['), '}', ']'), metric = 'cosine') END;
    RETURN concat_ws(' ', how, format('%I ON llmspell.%I USING %I (%s %s) WITH (%s)', index_name, table_name,
        CASE WHEN method = 'hnsw_halfvec' THEN 'hnsw' ELSE method END, v_key, v_class, v_options),
        'WHERE tenant_id = ' || quote_literal(tenant));
END
$$;

CREATE FUNCTION llmspell._tg_vector_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    -- A dump brings the words along, and the configuration may be another by now.
    IF TG_OP = 'INSERT' AND NEW.fts IS NOT NULL AND _is_restoring() THEN
        RETURN NEW;
    END IF;
    -- A tsvector ends at 1 MB, which 200,000 characters do not reach.
    NEW.fts := to_tsvector(NEW.language::regconfig, left(NEW.content, 200000));
    RETURN NEW;
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
    IF metric = 'cosine' THEN
        EXECUTE format('ALTER TABLE llmspell.%I ADD CONSTRAINT nonzero_embedding CHECK (@extschema:vector@.vector_norm(embedding) > 0)', table_name);
    END IF;
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
        EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM llmspell.%I WHERE NOT @extschema:vector@.vector_norm(embedding) > 0', v_table) INTO v_rows;
        IF v_rows > 0 THEN
            RAISE EXCEPTION 'llmspell.% has % vectors of zeros, which no search can find', v_table, v_rows
                USING ERRCODE = 'check_violation', HINT = pg_catalog.format('Delete them: DELETE FROM llmspell.%I WHERE vector_norm(embedding) = 0;', v_table);
        END IF;
        EXECUTE pg_catalog.format($sql$
            ALTER TABLE llmspell.%1$I
                ADD COLUMN event_time timestamptz,
                ADD COLUMN expires_at timestamptz,
                ADD COLUMN language text NOT NULL DEFAULT 'simple',
                ADD COLUMN fts tsvector,
                ADD CONSTRAINT nonzero_embedding CHECK (@extschema:vector@.vector_norm(embedding) > 0);
            ALTER TABLE llmspell.%1$I SET (toast_tuple_target = 8160);
            CREATE INDEX idx_vector_%2$s_expires ON llmspell.%1$I (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
            CREATE TRIGGER %1$s_words BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.%1$I
                FOR EACH ROW WHEN (NEW.content IS NOT NULL OR NEW.fts IS NOT NULL) EXECUTE FUNCTION llmspell._tg_vector_words();
            $sql$, v_table, v_dims);
        IF v_dims = 3072 THEN
            DROP INDEX llmspell.idx_vector_3072_hnsw;
            ALTER TABLE llmspell.vector_embeddings_3072
                ADD COLUMN embedding_half @extschema:vector@.halfvec(3072) GENERATED ALWAYS AS (@extschema:vector@.l2_normalize(embedding)::@extschema:vector@.halfvec(3072)) STORED,
                ALTER COLUMN embedding_half SET STORAGE PLAIN;
            EXECUTE llmspell._vector_index_ddl(v_table, v_dims, 'cosine', 'hnsw_halfvec', 24, 256, NULL, 'idx_vector_3072_hnsw', 'CREATE INDEX');
        END IF;
        -- Words of what is there already; touching content calls the trigger.
        EXECUTE pg_catalog.format('UPDATE llmspell.%I SET content = content WHERE content IS NOT NULL', v_table);
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

CREATE INDEX idx_episodes_occurred ON llmspell.episodes (tenant_id, occurred_at, id);

CREATE INDEX idx_episodes_metadata ON llmspell.episodes USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);

CREATE INDEX idx_episodes_fts ON llmspell.episodes USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (fastupdate = off) WHERE fts IS NOT NULL;

SELECT llmspell._vector_table_create('episodes_' || d, 'episode_embeddings_' || d, d, 'cosine', NULL, 'episodes', true)
FROM unnest(ARRAY[384, 768, 1536, 3072]) AS d;
