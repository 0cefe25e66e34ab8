-- Indexes for nearest neighbours over the rows of all tenants: choosing and building them.

-- With the owner's rights, which show what other sessions build.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_indexes(table_name text) RETURNS TABLE (index_name text, method text, state text, predicate text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT c.relname::text, a.amname::text,
        CASE WHEN i.indisvalid THEN 'present'
             WHEN EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.datname = current_database() AND p.index_relid = i.indexrelid) THEN 'building'
             ELSE 'invalid' END,
        pg_get_expr(i.indpred, i.indrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relnamespace = 'llmspell'::regnamespace AND t.relname = table_name AND a.amname IN ('hnsw', 'ivfflat', 'vchordrq', 'vchordg')
$$;
COMMENT ON FUNCTION llmspell_internal._vector_indexes(text) IS 'Indexes for nearest neighbours of a table: present, building or invalid; predicate: of one tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_indexes(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_suffix(method text, m int, ef_construction int, lists int[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE method
    WHEN 'none' THEN NULL
    WHEN 'vchordrq' THEN '_vchordrq' || coalesce('_' || left(md5(NULLIF(lists, '{}')::text), 6), '')
    ELSE '_' || CASE method WHEN 'hnsw_halfvec' THEN 'half' ELSE method END || '_m' || m || '_e' || ef_construction END;
COMMENT ON FUNCTION llmspell_internal._vector_index_suffix(text, integer, integer, integer[]) IS 'Method and parameters as the end of the name of an index; NULL for method none.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_wanted(space text)
RETURNS TABLE (method text, m int, ef_construction int, lists int[], index_name text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT coalesce(c.method, d.method), CASE WHEN c.method IS NULL THEN d.m ELSE c.m END,
        CASE WHEN c.method IS NULL THEN d.ef_construction ELSE c.ef_construction END, c.lists,
        CASE WHEN c.method IS NOT NULL THEN c.index_name WHEN d.method <> 'none' THEN _vector_index_prefix(s.table_name) || '_hnsw' END
    FROM vector_spaces s CROSS JOIN LATERAL _vector_index_defaults(s.dims, s.metric) d LEFT JOIN vector_index_config c ON c.space = s.name
    WHERE s.name = _vector_index_wanted.space
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_wanted(text) IS 'The index that a space should have: the chosen one, else the default.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_wanted(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_library(access_method name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT format('%s %s', e.extname, e.extversion) FROM pg_extension e WHERE e.extname = CASE WHEN access_method LIKE 'vchord%' THEN 'vchord' ELSE 'vector' END $$;
COMMENT ON FUNCTION llmspell_internal._vector_index_library(name) IS 'The extension that brings an access method, with its version.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_library(name) TO llmspell_app;

-- By the server's caches: a query of the catalog takes most of the first search of a session.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_whole_indexes(table_name text)
RETURNS TABLE (index_oid oid, index_name text, access_method text, key_column text, beside_vchordrq boolean)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 2
AS 'MODULE_PATHNAME', '_vector_whole_indexes_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_whole_indexes(text) IS 'The valid indexes for nearest neighbours over all rows of a table, and whether it has one of vchordrq.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_whole_indexes(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_lists(index_oid oid) RETURNS int[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT string_to_array(NULLIF(replace(o.found[1], ' ', ''), ''), ',')::int[]
    FROM pg_class x CROSS JOIN LATERAL regexp_match(array_to_string(x.reloptions, E'\n'), 'lists = \[([0-9, ]*)\]') AS o (found)
    WHERE x.oid = index_oid
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_lists(oid) IS 'The lists of an index of vchordrq; NULL for none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_lists(oid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_in_force(space text) RETURNS TABLE (method text, lists int[], beside_vchordrq boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN x.access_method <> 'hnsw' THEN x.access_method WHEN x.key_column = 'embedding' THEN 'hnsw' ELSE 'hnsw_halfvec' END,
        CASE x.access_method WHEN 'vchordrq' THEN llmspell_internal._vector_index_lists(x.index_oid) END,
        x.access_method <> 'vchordrq' AND x.beside_vchordrq
    FROM llmspell.vector_spaces s
    LEFT JOIN llmspell.vector_index_config c ON c.space = s.name
    CROSS JOIN LATERAL llmspell_internal._vector_index_defaults(s.dims, s.metric) d
    CROSS JOIN LATERAL llmspell_internal._vector_whole_indexes(s.table_name) x
    WHERE s.name = _vector_index_in_force.space AND coalesce(c.method, d.method) <> 'none'
      -- One that was found to be bad is not used, and VectorChord's only after a check with the present version.
      AND CASE WHEN s.checked_index = x.index_name AND s.checked_library = llmspell_internal._vector_index_library(x.access_method::name)
                   THEN coalesce(s.checked_recall, 1) >= 0.9
               ELSE x.access_method = 'hnsw' END
    ORDER BY x.index_name <> CASE WHEN c.method IS NOT NULL THEN c.index_name ELSE llmspell_internal._vector_index_prefix(s.table_name) || '_hnsw' END, x.index_name
    LIMIT 1;
END;
COMMENT ON FUNCTION llmspell_internal._vector_index_in_force(text) IS 'The index that searches of a space use: the chosen one if built, else another over the whole table; or no row.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_in_force(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_choose(space text, method text, m int, ef_construction int, lists int[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_space constant vector_spaces := _vector_space_named(_vector_index_choose.space);
    v_default record;
    v_method text := coalesce(_vector_index_choose.method, 'auto');
    v_m int;
    v_ef int;
BEGIN
    SELECT * INTO v_default FROM _vector_index_defaults(v_space.dims, v_space.metric);
    IF v_method NOT IN ('auto', 'hnsw', 'hnsw_halfvec', 'vchordrq', 'vchordg', 'none') THEN
        RAISE EXCEPTION 'unknown index method "%"', left(v_method, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use auto, hnsw, hnsw_halfvec, vchordrq, vchordg or none.';
    END IF;
    IF v_method = 'auto' THEN
        v_method := v_default.method;
    END IF;
    IF v_method IN ('vchordrq', 'vchordg') AND NOT EXISTS (SELECT FROM pg_am a WHERE a.amname = v_method) THEN
        RAISE EXCEPTION 'index method % is not installed', v_method USING ERRCODE = 'feature_not_supported',
            HINT = 'VectorChord brings it: put vchord into shared_preload_libraries, restart, and run CREATE EXTENSION vchord; or use hnsw.';
    END IF;
    IF v_space.dims > _vector_max_dims(v_method) THEN
        RAISE EXCEPTION 'method % cannot index % dimensions', v_method, v_space.dims USING ERRCODE = 'invalid_parameter_value',
            HINT = format('hnsw takes at most %s dimensions, hnsw_halfvec %s.', _vector_max_dims('hnsw'), _vector_max_dims('hnsw_halfvec'));
    END IF;
    IF v_method IN ('hnsw', 'hnsw_halfvec', 'vchordg') THEN
        v_m := coalesce(_vector_index_choose.m, v_default.m);
        v_ef := coalesce(_vector_index_choose.ef_construction, greatest(v_default.ef_construction, 2 * v_m));
        IF v_m NOT BETWEEN 2 AND 100 THEN
            RAISE EXCEPTION 'm must be between 2 and 100, got %', v_m USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF v_ef NOT BETWEEN 4 AND 1000 OR v_ef < 2 * v_m THEN
            RAISE EXCEPTION 'ef_construction must be between 4 and 1000 and at least twice m, got % with m %', v_ef, v_m USING ERRCODE = 'invalid_parameter_value';
        END IF;
    ELSIF num_nonnulls(_vector_index_choose.m, _vector_index_choose.ef_construction) > 0 THEN
        RAISE EXCEPTION 'm and ef_construction do not apply to method %', v_method USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF _vector_index_choose.lists IS NOT NULL AND v_method <> 'vchordrq' THEN
        RAISE EXCEPTION 'lists apply to method vchordrq, not to %', v_method USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF array_ndims(_vector_index_choose.lists) > 1 OR array_lower(_vector_index_choose.lists, 1) <> 1 THEN
        RAISE EXCEPTION 'lists must have one dimension and begin at 1, got %', left(_vector_index_choose.lists::text, 60) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM unnest(_vector_index_choose.lists) AS l WHERE l IS NULL OR l < 1) OR cardinality(_vector_index_choose.lists) > 4 THEN
        RAISE EXCEPTION 'lists must be at most 4 numbers above 0, got %', left(_vector_index_choose.lists::text, 60) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO vector_index_config AS c (space, method, m, ef_construction, lists, index_name)
    VALUES (v_space.name, v_method, v_m, v_ef, _vector_index_choose.lists,
            _vector_index_name(v_space.table_name, CASE
                WHEN v_method = v_default.method AND v_m = v_default.m AND v_ef = v_default.ef_construction THEN '_hnsw'
                ELSE _vector_index_suffix(v_method, v_m, v_ef, _vector_index_choose.lists) END))
    ON CONFLICT (space) DO UPDATE SET method = EXCLUDED.method, m = EXCLUDED.m, ef_construction = EXCLUDED.ef_construction,
        lists = EXCLUDED.lists, index_name = EXCLUDED.index_name, recorded_at = now();
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_choose IS 'Records the index of a space.
Errors: 22023 no such space, method, parameters or dimensions, 0A000 the method is not installed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_choose TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_make(space text, tenant text, blocking boolean, drop_old boolean DEFAULT false) RETURNS llmspell_internal.vector_index_row
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A session that waits for a table lock blocks all later ones; an autovacuum gives way after deadlock_timeout, 1 s.
SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    v_predicate constant text := _vector_tenant_predicate(_vector_index_make.tenant);
    v_space constant vector_spaces := _vector_space_named(_vector_index_make.space);
    v_wanted record;
    v_row vector_index_row;
    v_first text[];
    v_rest text[];
    v_other text;
BEGIN
    SELECT * INTO v_wanted FROM _vector_index_wanted(v_space.name);
    v_row.space := v_space.name;
    v_row.tenant := _vector_index_make.tenant;
    v_row.method := v_wanted.method;
    IF _vector_index_make.tenant IS NULL THEN
        v_row.index_name := v_wanted.index_name;
    ELSIF v_wanted.method = 'vchordrq' THEN
        v_row.method := 'none';
        v_row.reason := 'a table has one vchordrq index, that of all tenants';
    ELSE
        v_row.index_name := _vector_index_name(v_space.table_name, '_t_' || left(md5(_vector_index_make.tenant), 16)
            || _vector_index_suffix(v_wanted.method, v_wanted.m, v_wanted.ef_construction, v_wanted.lists));
    END IF;
    -- The probes of a session must fit the levels of every vchordrq index, or no query of the table is planned: so a table has one.
    SELECT array_agg(i.index_name ORDER BY i.index_name) FILTER (WHERE i.is_first AND i.state <> 'building'),
        array_agg(i.index_name ORDER BY i.index_name) FILTER (WHERE i.is_old AND NOT i.is_first AND i.state <> 'building'),
        min(i.index_name) FILTER (WHERE i.is_first AND i.state = 'building'),
        coalesce(min(i.state) FILTER (WHERE i.index_name = v_row.index_name), CASE v_row.method WHEN 'none' THEN 'none' ELSE 'missing' END),
        coalesce(bool_and(i.state = 'invalid') FILTER (WHERE i.is_ours), true)
    INTO v_first, v_rest, v_other, v_row.state, v_row.is_lost
    FROM (SELECT x.*, x.predicate IS NOT DISTINCT FROM v_predicate AS is_ours,
              x.predicate IS NOT DISTINCT FROM v_predicate AND x.index_name IS DISTINCT FROM v_row.index_name AS is_old,
              x.index_name = v_row.index_name AND x.state = 'invalid' OR x.index_name <> v_row.index_name AND x.method = 'vchordrq' AND v_wanted.method = 'vchordrq' AS is_first
          FROM _vector_indexes(v_space.table_name) x) AS i;
    IF v_other IS NOT NULL THEN
        v_row.state := 'building';
        v_row.reason := format('index %s is being built', v_other);
    ELSIF v_row.state IN ('missing', 'invalid') THEN
        IF NOT EXISTS (SELECT FROM pg_am a WHERE a.amname = CASE v_row.method WHEN 'hnsw_halfvec' THEN 'hnsw' ELSE v_row.method END) THEN
            v_row.state := 'failed';
            v_row.reason := format('index method %s is not installed', v_row.method);
            RETURN v_row;
        END IF;
        IF blocking THEN
            FOREACH v_other IN ARRAY coalesce(v_first, '{}') LOOP
                EXECUTE format('DROP INDEX llmspell.%I', v_other);
            END LOOP;
            EXECUTE _vector_index_ddl(v_space.table_name, v_space.dims, v_space.metric, v_row.method, v_wanted.m, v_wanted.ef_construction, v_wanted.lists,
                v_row.index_name, 'CREATE INDEX', _vector_index_make.tenant);
            EXECUTE format('COMMENT ON INDEX llmspell.%I IS %L', v_row.index_name,
                CASE WHEN _vector_index_make.tenant IS NULL THEN 'Approximate nearest neighbours, over all tenants.' ELSE 'Approximate nearest neighbours of one tenant.' END);
            v_first := NULL;
            v_row.state := 'built';
        ELSE
            v_row.statement := _vector_index_ddl(v_space.table_name, v_space.dims, v_space.metric, v_row.method, v_wanted.m, v_wanted.ef_construction, v_wanted.lists,
                v_row.index_name, 'CREATE INDEX CONCURRENTLY', _vector_index_make.tenant) || ';';
        END IF;
    END IF;
    -- Before a load: an operator who owns nothing drops the index by this.
    IF blocking AND drop_old THEN
        FOREACH v_other IN ARRAY coalesce(v_rest, '{}') LOOP
            EXECUTE format('DROP INDEX llmspell.%I', v_other);
        END LOOP;
        v_rest := NULL;
    END IF;
    v_row.drop_first := (SELECT array_agg(format('DROP INDEX CONCURRENTLY llmspell.%I;', n)) FROM unnest(v_first) AS n);
    v_row.superseded := (SELECT array_agg(format('DROP INDEX CONCURRENTLY llmspell.%I;', n)) FROM unnest(v_rest) AS n);
    v_row.is_lost := v_row.is_lost AND v_row.state IN ('missing', 'invalid');
    RETURN v_row;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_make IS 'Builds the index that a space, or a tenant in it, should have, or tells how to.
Errors: 55P03 another session holds the table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_make TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_tell(statements text[]) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- The tables belong to llmspell_owner, which nobody may become.
    IF cardinality(array_remove(statements, NULL)) > 0 AND NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE NOTICE 'the statements are for a superuser, as role "%" owns no table', current_user
            USING HINT = 'Give them to a superuser, who runs them outside a transaction while others read and write. Or call the function with blocking => true, which does it now, while writers of the table wait.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_tell(text[]) IS 'Tells a caller who is no superuser that statements which were returned are for one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_tell(text[]) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_index_ensure(space text DEFAULT NULL, method text DEFAULT 'auto', m int DEFAULT NULL, ef_construction int DEFAULT NULL,
    lists int[] DEFAULT NULL, blocking boolean DEFAULT NULL)
RETURNS SETOF llmspell_internal.vector_index_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
#variable_conflict use_column
DECLARE
    v_index record;
    v_space text;
    v_row vector_index_row;
BEGIN
    IF vector_index_ensure.space IS NOT NULL THEN
        IF coalesce(vector_index_ensure.method, 'auto') = 'auto' AND num_nonnulls(vector_index_ensure.m, vector_index_ensure.ef_construction, vector_index_ensure.lists) = 0 THEN
            SELECT a.method, a.lists INTO vector_index_ensure.method, vector_index_ensure.lists FROM _vector_index_auto(vector_index_ensure.space) a;
        END IF;
        PERFORM _vector_index_choose(vector_index_ensure.space, vector_index_ensure.method, vector_index_ensure.m, vector_index_ensure.ef_construction, vector_index_ensure.lists);
        v_row := _vector_index_checked(_vector_index_make(vector_index_ensure.space, NULL, coalesce(vector_index_ensure.blocking, false), vector_index_ensure.method = 'none'));
        IF v_row.state = 'bad' AND coalesce(vector_index_ensure.blocking, false) THEN
            RAISE EXCEPTION '%', v_row.reason USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Choose another method, or scale the vectors.';
        END IF;
        PERFORM _vector_index_tell(v_row.drop_first || v_row.statement || v_row.superseded);
        RETURN NEXT v_row;
        RETURN;
    END IF;
    IF coalesce(vector_index_ensure.method, 'auto') <> 'auto' OR num_nonnulls(vector_index_ensure.m, vector_index_ensure.ef_construction, vector_index_ensure.lists) > 0 THEN
        RAISE EXCEPTION 'name the space whose index is chosen' USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_space_list().';
    END IF;
    FOR v_index IN
        SELECT s.name, NULL::text AS tenant, row_number() OVER (ORDER BY s.purpose DESC, s.dims, s.name) AS place FROM vector_spaces s
        UNION ALL
        SELECT NULL, t, 1000000 + row_number() OVER (ORDER BY t COLLATE "C") FROM _tenants(only_table => 'vector_tenant_indexes') AS t
        ORDER BY place
    LOOP
        PERFORM set_config('app.current_tenant_id', coalesce(v_index.tenant, ''), true);
        FOR v_space IN
            SELECT v_index.name WHERE v_index.tenant IS NULL
            UNION ALL
            SELECT r.space FROM vector_tenant_indexes r JOIN vector_spaces s ON s.name = r.space
            WHERE r.tenant_id = v_index.tenant AND r.state = 'kept' AND NOT r.is_automatic
        LOOP
            -- A failure does not keep the other indexes from being built, as after a restore.
            BEGIN
                v_row := _vector_index_make(v_space, v_index.tenant, coalesce(vector_index_ensure.blocking, true));
                IF v_row.state = 'built' AND v_index.tenant IS NOT NULL THEN
                    PERFORM _vector_tenant_record(v_index.tenant, v_space, v_row.index_name);
                ELSIF v_index.tenant IS NULL AND coalesce(vector_index_ensure.blocking, true) THEN
                    v_row := _vector_index_checked(v_row);
                END IF;
            EXCEPTION WHEN OTHERS THEN
                v_row := NULL;
                v_row.space := v_space;
                v_row.tenant := v_index.tenant;
                SELECT w.method, w.index_name INTO v_row.method, v_row.index_name FROM _vector_index_wanted(v_space) w;
                IF v_index.tenant IS NOT NULL THEN
                    v_row.index_name := (SELECT r.index_name FROM vector_tenant_indexes r WHERE r.tenant_id = v_index.tenant AND r.space = v_space);
                END IF;
                v_row.state := 'failed';
                v_row.reason := SQLSTATE || ': ' || SQLERRM;
                v_row.is_lost := false;
            END;
            -- Within an hour of the choice the operator may be about to build it.
            v_row.is_lost := v_row.is_lost AND NOT EXISTS (SELECT FROM vector_index_config c WHERE c.space = v_space AND c.recorded_at > now() - interval '1 hour')
                AND NOT EXISTS (SELECT FROM vector_tenant_indexes r WHERE r.tenant_id = v_index.tenant AND r.space = v_space AND r.created_at > now() - interval '1 hour');
            RETURN NEXT v_row;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.vector_index_ensure IS 'Chooses the index of a space, or builds all that are missing, and returns the statements left to run.
Errors: 22023 no such space or method, parameters out of range, 0A000 the method is not installed, 55000 the index finds less than 0.9 of the nearest, 55P03 another session holds the table.
Example: SELECT statement FROM llmspell.vector_index_ensure(''vectors_384'', ''hnsw_halfvec'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_index_ensure TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_index_estimate(row_count bigint, dims int, m int DEFAULT 16)
RETURNS TABLE (method text, index_bytes bigint, build_bytes bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_rows constant bigint := _given(vector_index_estimate.row_count, 'row_count');
    v_dims constant int := _given(vector_index_estimate.dims, 'dims');
    v_m constant int := coalesce(vector_index_estimate.m, 16);
    v_vector int;
    v_tuple int;
BEGIN
    IF v_rows NOT BETWEEN 0 AND 1000000000000 THEN
        RAISE EXCEPTION 'row_count must be between 0 and 1000000000000, got %', v_rows USING ERRCODE = 'invalid_parameter_value';
    ELSIF v_dims NOT BETWEEN 1 AND _vector_max_dims('none') THEN
        RAISE EXCEPTION 'dims must be between 1 and %, got %', _vector_max_dims('none'), v_dims USING ERRCODE = 'invalid_parameter_value';
    ELSIF v_m NOT BETWEEN 2 AND 100 THEN
        RAISE EXCEPTION 'm must be between 2 and 100, got %', v_m USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH method IN ARRAY ARRAY['hnsw', 'hnsw_halfvec'] LOOP
        CONTINUE WHEN v_dims > _vector_max_dims(method);
        v_vector := 8 + v_dims * CASE method WHEN 'hnsw' THEN 4 ELSE 2 END;
        -- In a page: the element (vector, 10 heap pointers, level) and its links of 6 bytes, 2 m on the lowest layer
        -- and on average m / (m - 1) above, each with a line pointer.
        v_tuple := ceil((v_vector + 72) / 8.0) * 8 + ceil((4 + 6 * (2 * v_m + v_m / (v_m - 1.0))) / 8) * 8 + 8;
        index_bytes := ceil(v_rows / floor(greatest(8160.0 / v_tuple, 1))) * 8192 + 8192;
        -- While building: the same in memory, with a pointer and a distance for each link.
        build_bytes := v_rows * (v_vector + 128 + 16 * 2 * (v_m + 1));
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.vector_index_estimate(bigint, integer, integer) IS 'About how many bytes an HNSW index takes, on disk and in memory while it is built.
Errors: 22004 null, 22023 out of range.
Example: SELECT method, pg_size_pretty(index_bytes) FROM llmspell.vector_index_estimate(1000000, 768);';
