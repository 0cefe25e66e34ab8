-- Vector spaces: their tables, and how they are named and looked up.

-- Sessions cache the rows of these three tables.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_vector_config() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _vector_spaces_changed('llmspell.vector_spaces'::regclass);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_vector_config() IS 'Tells every session that spaces, their indexes or their costs changed.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_spaces_changed(spaces oid) RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', '_vector_spaces_changed_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_spaces_changed(oid) IS 'Makes every session look spaces up again.';
CREATE OR REPLACE FUNCTION llmspell_internal._vector_has_space(purpose text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '_vector_has_space_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_has_space(text) IS 'Whether there is a space of a purpose; a session looks once, until spaces change.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_has_space(text) TO llmspell_app;

CREATE OR REPLACE TRIGGER vector_spaces_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON llmspell.vector_spaces
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_vector_config();
CREATE OR REPLACE TRIGGER vector_index_config_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON llmspell.vector_index_config
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_vector_config();
CREATE OR REPLACE TRIGGER vector_calibrations_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON llmspell.vector_calibrations
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_vector_config();

CREATE OR REPLACE FUNCTION llmspell_internal._vector_max_dims(method text) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_max_dims_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_max_dims(text) IS 'The most dimensions that an index method takes; for other methods those of a vector.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_max_dims(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_halves(dims int, metric text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_halves_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_halves(integer, text) IS 'Whether vectors of so many dimensions have an inline copy of half the precision.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_halves(integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_half(embedding @extschema:vector@.vector) RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_check_half_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_check_half IS 'Refuses a vector that half precision cannot hold.
Errors: 22023 a number beyond 65504.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_half TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_lengths(metric text) RETURNS double precision[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_lengths_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_lengths(text) IS 'The least and the greatest length of a stored vector.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_length(embedding @extschema:vector@.vector, metric text) RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_check_length_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_check_length IS 'Refuses a vector whose distances cannot be computed.
Errors: 22023 a length outside of _vector_lengths.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_length TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_defaults(dims int, metric text) RETURNS TABLE (method text, m int, ef_construction int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Half precision from 768 dimensions on, where it takes half the space and less time; at 384 it is no faster. Only
    -- where distances are angles: half precision ends at 65,504, and is too coarse for long vectors that are close.
    SELECT CASE WHEN dims < 768 OR metric <> 'cosine' AND dims <= llmspell_internal._vector_max_dims('hnsw') THEN 'hnsw'
                WHEN metric = 'cosine' AND dims <= llmspell_internal._vector_max_dims('hnsw_halfvec') THEN 'hnsw_halfvec' ELSE 'none' END,
        CASE WHEN dims < 1536 THEN 16 ELSE 24 END,
        CASE WHEN dims < 768 THEN 64 WHEN dims < 1536 THEN 128 ELSE 256 END;
END;
COMMENT ON FUNCTION llmspell_internal._vector_index_defaults(integer, text) IS 'The default index of a space of so many dimensions.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_defaults(integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_prefix(table_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'idx_' || regexp_replace(table_name, '^(vector|episode)_embeddings_', '\1_');
COMMENT ON FUNCTION llmspell_internal._vector_index_prefix(text) IS 'The prefix of the names of the indexes of a vector table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_prefix(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_name(table_name text, suffix text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- The server would cut a name of more than 63 bytes, and it would not be found again.
    SELECT CASE WHEN length(p.prefix || suffix) <= 63 THEN p.prefix || suffix
                ELSE left(p.prefix, 54 - length(suffix)) || '_' || left(md5(p.prefix), 8) || suffix END
    FROM (SELECT llmspell_internal._vector_index_prefix(table_name) AS prefix) AS p;
END;
COMMENT ON FUNCTION llmspell_internal._vector_index_name(text, text) IS 'The name of an index of a vector table; a suffix of up to 54 bytes is kept whole.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_ddl(table_name text, dims int, metric text, method text, m int, ef_construction int, lists int[],
                                           index_name text, how text, tenant text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_halves constant boolean := method = 'hnsw_halfvec' OR _vector_halves(dims, metric);
    v_key constant text := CASE
        WHEN _vector_halves(dims, metric) THEN 'embedding_half'
        -- Normalised, as a long or a short vector does not fit into half precision.
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
            -- From VectorChord 1.0 on a spherical centroid of residuals can be NaN, and nothing is found.
            'false') END;
    RETURN concat_ws(' ', how, format('%I ON llmspell.%I USING %I (%s %s) WITH (%s)', index_name, table_name,
        CASE WHEN method = 'hnsw_halfvec' THEN 'hnsw' ELSE method END, v_key, v_class, v_options),
        'WHERE md5(tenant_id) = ' || quote_literal(md5(tenant)));
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_ddl(text, integer, text, text, integer, integer, integer[], text, text, text) IS 'The statement that builds an index for nearest neighbours; how: its first words; tenant: over the rows of one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_ddl(text, integer, text, text, integer, integer, integer[], text, text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_vector_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_chars int := 200000;
BEGIN
    -- A restore brings the words along; the text search configuration may have changed since.
    IF TG_OP = 'INSERT' AND NEW.fts IS NOT NULL AND _is_restoring() THEN
        RETURN NEW;
    END IF;
    IF length(NEW.content) <= 60000 THEN
        NEW.fts := to_tsvector(NEW.language::regconfig, NEW.content);
        RETURN NEW;
    END IF;
    -- A tsvector holds 1 MB, and compound words are stored several times.
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
COMMENT ON FUNCTION llmspell_internal._tg_vector_words() IS 'Keeps fts, the words of at most the first 200,000 characters of content.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_table_comment(table_name text, dims int, metric text, purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_prefix constant text := _vector_index_prefix(table_name);
    v_comment record;
BEGIN
    EXECUTE format('COMMENT ON TABLE llmspell.%I IS %L', table_name,
        format(CASE WHEN purpose <> 'vectors' THEN 'Embeddings of ' || purpose || ', of %s dimensions.' ELSE coalesce('Embeddings of ' || dims || ' dimensions.', 'Embeddings of small spaces, one of each tenant.') END, dims));
    FOR v_comment IN
        SELECT * FROM (VALUES
            ('id', CASE purpose WHEN 'episodes' THEN 'The episode.' WHEN 'entities' THEN 'The entity.' WHEN 'relationships' THEN 'The relationship.' ELSE 'Identifies the embedding within the tenant.' END),
            ('tenant_id', 'Owner of the row.'),
            ('scope', 'global, or <kind>:<id>.'),
            ('embedding', 'The embedding.'),
            ('metadata', 'Data of the client, which searches can filter by.'),
            ('created_at', CASE purpose WHEN 'episodes' THEN 'When the episode took place.' WHEN 'vectors' THEN 'When the row was made.' ELSE 'When the embedding was stored.' END),
            ('updated_at', 'When the row was last written by its client.'),
            ('content', 'The text that was embedded, optional.'),
            ('event_time', 'When the event that the text describes took place, optional.'),
            ('expires_at', 'The time from which searches no longer find it; NULL for never.'),
            ('language', 'Text search configuration of content.'),
            ('fts', 'The words of content, kept by a trigger; NULL where there is none.'),
            ('text_id', 'Id of the client, unique for the tenant; NULL where it has none.'),
            ('embedding_half', 'The embedding in half precision, normalised.')
        ) AS c (name, comment)
        WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('llmspell.%I', table_name)::regclass AND a.attname = c.name)
    LOOP
        EXECUTE format('COMMENT ON COLUMN llmspell.%I.%I IS %L', table_name, v_comment.name, v_comment.comment);
    END LOOP;
    FOR v_comment IN
        SELECT * FROM (VALUES ('_text_id', 'For text_id.'), ('_scope', 'For one scope, for counting, and for exact search.'), ('_created', 'For the newest, and for a span of time.'),
            ('_expires', 'For what has expired.'), ('_metadata', 'For metadata OPERATOR(llmspell.@>).'), ('_fts', 'For fts OPERATOR(llmspell.@@).'),
            ('_hnsw', 'Approximate nearest neighbours, over all tenants.')) AS c (suffix, comment)
        WHERE to_regclass(format('llmspell.%I', v_prefix || c.suffix)) IS NOT NULL
    LOOP
        EXECUTE format('COMMENT ON INDEX llmspell.%I IS %L', v_prefix || v_comment.suffix, v_comment.comment);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_table_comment(text, integer, text, text) IS 'Describes a vector table, its columns and its indexes.';

-- The one shape of a vector table; those of episodes share it.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_table_create(space text, table_name text, dims int, metric text, model text, purpose text, is_builtin boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_prefix constant text := _vector_index_prefix(table_name);
    v_inline constant boolean := coalesce(dims <= _vector_max_dims('hnsw'), true);
    v_lengths constant double precision[] := _vector_lengths(metric);
    v_default record;
BEGIN
    EXECUTE format($sql$
        CREATE TABLE llmspell.%1$I (
            id uuid NOT NULL DEFAULT uuidv7(),
            tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
            scope varchar(255) COLLATE "C" NOT NULL,
            embedding @extschema:vector@.vector%2$s NOT NULL,
            metadata jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            content text,
            event_time timestamptz,
            expires_at timestamptz,
            language text NOT NULL DEFAULT get_current_ts_config()::text,
            fts tsvector,
            text_id varchar(255) COLLATE "C" CHECK (text_id <> ''),
            PRIMARY KEY (tenant_id, id),
            CONSTRAINT dumpable CHECK (llmspell_internal._storable(metadata, 'metadata') AND llmspell_internal._storable(content, 'content') AND llmspell_internal._storable(language, 'language'))
        )
        WITH (toast_tuple_target = 8160)$sql$, table_name, coalesce('(' || dims || ')', ''));
    -- Outside this range pgvector's distance is NaN or 0.
    EXECUTE format('ALTER TABLE llmspell.%I ADD CONSTRAINT embedding_length CHECK (@extschema:vector@.vector_norm(embedding) BETWEEN %s AND %s)', table_name,
        v_lengths[1], v_lengths[2]);
    IF v_inline THEN
        EXECUTE format('ALTER TABLE llmspell.%I ALTER COLUMN embedding SET STORAGE PLAIN', table_name);
    ELSIF _vector_halves(dims, metric) THEN
        -- Normalised, as a long or a short vector does not fit into half precision.
        EXECUTE format('ALTER TABLE llmspell.%1$I ADD COLUMN embedding_half @extschema:vector@.halfvec(%2$s) GENERATED ALWAYS AS (%3$s) STORED, ALTER COLUMN embedding_half SET STORAGE PLAIN',
            table_name, dims, format('@extschema:vector@.l2_normalize(embedding)::@extschema:vector@.halfvec(%s)', dims));
    END IF;
    EXECUTE format('CREATE UNIQUE INDEX %I ON llmspell.%I (tenant_id, text_id) WHERE text_id IS NOT NULL', v_prefix || '_text_id', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I (tenant_id, scope, id)', v_prefix || '_scope', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I (tenant_id, created_at, id)', v_prefix || '_created', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I (tenant_id, expires_at) WHERE expires_at IS NOT NULL', v_prefix || '_expires', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off)',
        v_prefix || '_metadata', table_name);
    EXECUTE format('CREATE INDEX %I ON llmspell.%I USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (gin_pending_list_limit = 64) WHERE fts IS NOT NULL',
        v_prefix || '_fts', table_name);
    SELECT * INTO v_default FROM _vector_index_defaults(dims, metric);
    IF v_default.method <> 'none' THEN
        EXECUTE _vector_index_ddl(table_name, dims, metric, v_default.method, v_default.m, v_default.ef_construction, NULL, v_prefix || '_hnsw', 'CREATE INDEX');
    END IF;
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE OF content, language, fts ON llmspell.%I FOR EACH ROW WHEN (NEW.content IS NOT NULL OR NEW.fts IS NOT NULL) EXECUTE FUNCTION llmspell_internal._tg_vector_words()',
        table_name || '_words', table_name);
    EXECUTE format('COMMENT ON TRIGGER %I ON llmspell.%I IS %L', table_name || '_words', table_name, 'Restore: leaves the words as the dump has them.');
    IF purpose = 'episodes' THEN
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OF tenant_id, id ON llmspell.%I FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_episode_embedding()',
            table_name || '_episode', table_name);
        EXECUTE format('COMMENT ON TRIGGER %I ON llmspell.%I IS %L', table_name || '_episode', table_name, 'Restore: does nothing, since the episode may come later.');
    END IF;
    IF purpose IN ('entities', 'relationships') THEN
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OF tenant_id, id ON llmspell.%I FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_graph_embedding(%L)',
            table_name || '_fact', table_name, purpose);
        EXECUTE format('COMMENT ON TRIGGER %I ON llmspell.%I IS %L', table_name || '_fact', table_name, 'Restore: does nothing, since the fact may come later.');
    END IF;
    PERFORM _vector_table_comment(table_name, dims, metric, purpose);
    IF dims IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO vector_spaces (name, table_name, dims, metric, model, purpose, builtin, created_at)
    VALUES (space, _vector_table_create.table_name, _vector_table_create.dims, _vector_table_create.metric,
            _vector_table_create.model, _vector_table_create.purpose, is_builtin, CASE WHEN is_builtin THEN '-infinity' ELSE now() END);
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_table_create(text, text, integer, text, text, text, boolean) IS 'Makes the table of a vector space and records the space; the caller secures it.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_metric(metric text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF metric IS NULL OR metric NOT IN ('cosine', 'l2', 'ip') THEN
        RAISE EXCEPTION 'unknown metric "%"', left(metric, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'Use cosine, l2 or ip.';
    END IF;
    RETURN metric;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_check_metric(text) IS 'Returns a metric unchanged.
Errors: 22023 unknown.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space_make(name text, dims int, metric text, model text, purpose text, is_other_model boolean)
RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_metric constant text := _vector_check_metric(coalesce(_vector_space_make.metric, 'cosine'));
    v_table text;
    v_taken text;
BEGIN
    PERFORM _given(_vector_space_make.name, 'name'), _given(_vector_space_make.dims, 'dims');
    IF _vector_space_make.name !~ '^[a-z][a-z0-9_]{0,27}$' THEN
        RAISE EXCEPTION 'a space cannot be named "%"', left(_vector_space_make.name, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use at most 28 lower-case letters, digits and underscores, a letter first.';
    END IF;
    IF _vector_space_make.dims NOT BETWEEN 1 AND _vector_max_dims('none') THEN
        RAISE EXCEPTION 'dims must be between 1 and %, got %', _vector_max_dims('none'), _vector_space_make.dims USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Serialised, so that two calls cannot take one name.
    LOCK TABLE vector_spaces IN SHARE ROW EXCLUSIVE MODE;
    -- The first of its dimensions for episodes is named after them.
    v_table := CASE WHEN _vector_space_make.purpose = 'vectors' THEN 'vector_space_' || _vector_space_make.name
                    WHEN _vector_space_make.purpose = 'episodes' AND NOT (is_other_model AND EXISTS (SELECT FROM vector_spaces s WHERE s.table_name = 'episode_embeddings_' || _vector_space_make.dims))
                    THEN 'episode_embeddings_' || _vector_space_make.dims
                    WHEN _vector_space_make.purpose = 'entities' THEN 'entity_space_' || _vector_space_make.name
                    ELSE left(_vector_space_make.purpose, -1) || '_space_' || _vector_space_make.name END;
    IF EXISTS (SELECT FROM vector_spaces s WHERE s.name = _vector_space_make.name OR s.table_name = v_table) THEN
        RAISE EXCEPTION 'there is already a space "%"%', _vector_space_make.name,
            CASE WHEN v_table LIKE 'episode\_embeddings\_%' THEN format(', or one of %s dimensions for episodes', _vector_space_make.dims) ELSE '' END
            USING ERRCODE = 'duplicate_object', HINT = 'See llmspell.vector_space_list().';
    END IF;
    -- A relation of another space, or of one that is newer than the snapshot.
    SELECT n INTO v_taken
    FROM unnest(ARRAY[v_table, v_table || '_pkey']
        || ARRAY(SELECT _vector_index_prefix(v_table) || s FROM unnest(ARRAY['_text_id', '_scope', '_created', '_expires', '_metadata', '_fts', '_hnsw']) AS s)) AS n
    WHERE to_regclass(format('llmspell.%I', n)) IS NOT NULL LIMIT 1;
    IF v_taken IS NOT NULL THEN
        RAISE EXCEPTION 'a space "%" would have a relation "%", which there is already', _vector_space_make.name, v_taken
            USING ERRCODE = 'duplicate_object', HINT = 'Choose another name.';
    END IF;
    BEGIN
        PERFORM _vector_table_create(_vector_space_make.name, v_table, _vector_space_make.dims, v_metric, _vector_space_make.model,
            _vector_space_make.purpose, false);
    EXCEPTION WHEN unique_violation THEN
        RAISE EXCEPTION 'there is already a space "%"', _vector_space_make.name USING ERRCODE = 'duplicate_object', HINT = 'See llmspell.vector_space_list().';
    END;
    PERFORM _table_secure(format('llmspell.%I', v_table)::regclass);
    RETURN v_table;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space_make(text, integer, text, text, text, boolean) IS 'Makes a space for the vectors of a purpose and returns the name of its table.
Errors: those of vector_space_create.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space_make(text, integer, text, text, text, boolean) TO llmspell_admin;

-- With the caller's rights, as it looks into each tenant under the wall.
CREATE OR REPLACE FUNCTION llmspell.vector_space_create(name text, dims int, metric text DEFAULT 'cosine', model text DEFAULT NULL, for_episodes boolean DEFAULT false,
    replaces text DEFAULT NULL, purpose text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_former vector_spaces;
    v_table text;
    v_tenant text;
BEGIN
    IF vector_space_create.purpose NOT IN ('vectors', 'episodes', 'entities', 'relationships') OR vector_space_create.for_episodes AND vector_space_create.purpose <> 'episodes' THEN
        RAISE EXCEPTION 'a space cannot be for "%"', left(vector_space_create.purpose, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use vectors, episodes, entities or relationships.';
    END IF;
    IF vector_space_create.replaces IS NOT NULL THEN
        v_former := _vector_space_named(vector_space_create.replaces);
    END IF;
    v_table := _vector_space_make(vector_space_create.name, vector_space_create.dims, vector_space_create.metric, vector_space_create.model,
        CASE WHEN v_former.name IS NOT NULL THEN v_former.purpose WHEN vector_space_create.for_episodes THEN 'episodes' ELSE coalesce(vector_space_create.purpose, 'vectors') END, v_former.name IS NOT NULL);
    IF v_former.name IS NOT NULL THEN
        PERFORM _vector_generation_add(vector_space_create.name, v_former.name);
        FOR v_tenant IN SELECT t FROM _tenants() AS t LOOP
            PERFORM set_config('app.current_tenant_id', v_tenant, true), _embedding_fill(vector_space_create.name);
        END LOOP;
    END IF;
    RETURN v_table;
END
$$;
COMMENT ON FUNCTION llmspell.vector_space_create IS 'Makes a space for the vectors of another model, to replace one or beside it; returns the name of its table.
Errors: 22004 null, 22023 name, dims, metric, purpose or replaces, 42710 the space or a relation of its name exists.
Example: SELECT llmspell.vector_space_create(''bge_m3'', 1024, model => ''bge-m3'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_space_create TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_space_list(max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (name text, dims int, metric text, model text, purpose text, table_name text, index_method text, index_state text, builtin boolean,
    ef_search int, exact_rows int, calibrated_at timestamptz, index_recall double precision, index_checked_at timestamptz,
    state text, line text, cursor text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT s.name, s.dims, s.metric, s.model, s.purpose, s.table_name, w.method,
        CASE WHEN w.method = 'none' THEN 'none' ELSE coalesce((SELECT i.state FROM _vector_indexes(s.table_name) i WHERE i.index_name = w.index_name), 'missing') END, s.builtin,
        (SELECT e FROM unnest(k.efs, k.recalls) AS u (e, r) WHERE r >= 0.99 ORDER BY e LIMIT 1), k.exact_rows, k.calibrated_at,
        CASE WHEN s.checked_index = w.index_name THEN s.checked_recall END, CASE WHEN s.checked_index = w.index_name THEN s.checked_at END,
        coalesce(g.state, 'active'), coalesce(g.line, s.name), s.name
    FROM vector_spaces s LEFT JOIN vector_generations g ON g.space = s.name CROSS JOIN LATERAL _vector_index_wanted(s.name) w
    LEFT JOIN vector_calibrations k ON k.space = s.name
    WHERE s.name > coalesce(vector_space_list.after, '')
    ORDER BY s.name
    LIMIT _max_rows(coalesce(vector_space_list.max_rows, 100))
$$;
COMMENT ON FUNCTION llmspell.vector_space_list(integer, text) IS 'The vector spaces by name, with their index, its state and what was measured.
Errors: 22023 max_rows.
Example: SELECT name, dims, metric FROM llmspell.vector_space_list();';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space_named(space text, purpose text DEFAULT NULL) RETURNS llmspell.vector_spaces
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_space vector_spaces;
BEGIN
    IF starts_with(_vector_space_named.space, 'small:') AND _vector_space_named.purpose = 'vectors' THEN
        RETURN _vector_small_space(_vector_space_named.space);
    END IF;
    SELECT s.* INTO v_space FROM vector_spaces s
    WHERE s.name = _given(_vector_space_named.space, 'space') AND (_vector_space_named.purpose IS NULL OR s.purpose = _vector_space_named.purpose);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no space "%"%', left(_vector_space_named.space, 60), coalesce(' for ' || _vector_space_named.purpose, '')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_space_list().';
    END IF;
    RETURN v_space;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space_named(text, text) IS 'The space of a name, for vectors, episodes or either.
Errors: 22004 null, 22023 none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space_named(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space(space text, dims int, purpose text, writes boolean DEFAULT false) RETURNS llmspell.vector_spaces
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_space vector_spaces;
    v_spaces vector_spaces[];
BEGIN
    IF starts_with(_vector_space.space, 'small:') AND _vector_space.purpose = 'vectors' THEN
        RETURN _vector_small_space(_vector_space.space, _vector_space.dims, _vector_space.writes);
    ELSIF _vector_space.space IS NOT NULL THEN
        v_space := _vector_space_named(_vector_space.space, _vector_space.purpose);
        IF v_space.dims <> _vector_space.dims THEN
            RAISE EXCEPTION 'space "%" has % dimensions, this vector has %', v_space.name, v_space.dims, _vector_space.dims
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN v_space;
    END IF;
    -- Without a name searches use the active space. A vector is still stored by those who have not heard of the new model.
    SELECT array_agg(s ORDER BY NOT s.builtin, s.name) INTO v_spaces
    FROM vector_spaces s LEFT JOIN vector_generations g ON g.space = s.name
    WHERE s.dims = _vector_space.dims AND s.purpose = _vector_space.purpose AND coalesce(g.state, 'active') = 'active';
    IF v_spaces IS NULL AND _vector_space.writes THEN
        SELECT array_agg(s ORDER BY NOT s.builtin, s.name) INTO v_spaces
        FROM vector_spaces s JOIN vector_generations g ON g.space = s.name
        WHERE s.dims = _vector_space.dims AND s.purpose = _vector_space.purpose AND g.state = 'former';
    END IF;
    IF v_spaces IS NULL THEN
        PERFORM _vector_space_refuse(_vector_space.dims, _vector_space.purpose);
    END IF;
    -- With two spaces of these dimensions the caller names one, unless one of them is the extension's own.
    IF cardinality(v_spaces) > 1 AND NOT (v_spaces[1]).builtin THEN
        RAISE EXCEPTION 'several spaces have % dimensions: %', _vector_space.dims, (SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM unnest(v_spaces) s)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name one: space => ''…''.';
    END IF;
    RETURN v_spaces[1];
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space(text, integer, text, boolean) IS 'The space of a vector: the named one, else the active one of its dimensions; for a write also a former one.
Errors: 22023 none, several, or one of other dimensions.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space(text, integer, text, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space_refuse(dims int, purpose text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_other record;
BEGIN
    SELECT s.name, g.state, a.name AS active, a.dims, a.model INTO v_other
    FROM vector_spaces s JOIN vector_generations g ON g.space = s.name
    JOIN vector_generations o ON o.line = g.line AND o.state = 'active' JOIN vector_spaces a ON a.name = o.space
    WHERE s.dims = _vector_space_refuse.dims AND s.purpose = _vector_space_refuse.purpose ORDER BY s.name LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'space "%" of % dimensions is % one: searches use "%" of % dimensions', v_other.name, _vector_space_refuse.dims,
            CASE v_other.state WHEN 'building' THEN 'not yet the active' ELSE 'a former' END, v_other.active, v_other.dims
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('Give a vector of the model of "%s"%s, or name the other: space => ''%s''.', v_other.active, coalesce(' (' || v_other.model || ')', ''), v_other.name);
    END IF;
    RAISE EXCEPTION 'no space for vectors of % dimensions, there are spaces of %', _vector_space_refuse.dims,
        (SELECT string_agg(d.dims::text, ', ' ORDER BY d.dims) FROM (SELECT DISTINCT s.dims FROM vector_spaces s WHERE s.purpose = _vector_space_refuse.purpose) AS d)
        USING ERRCODE = 'invalid_parameter_value', HINT = 'An operator makes another one: SELECT llmspell.vector_space_create(…).';
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space_refuse(integer, text) IS 'Says why no space takes a vector of so many dimensions.
Errors: 22023 always.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space_refuse(integer, text) TO llmspell_app;
