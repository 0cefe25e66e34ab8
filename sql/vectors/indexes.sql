-- Indexes for nearest neighbours: choosing and building. For llmspell_admin, as an index is every tenant's.

-- By the owner, who sees what other sessions build.
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
COMMENT ON FUNCTION llmspell_internal._vector_indexes(text) IS 'The indexes for nearest neighbours that a table has: present, building (a running CREATE INDEX CONCURRENTLY) or invalid; the predicate of those of single tenants.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_indexes(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_predicate(tenant text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '((tenant_id)::text = ''' || replace(tenant, '''', '''''') || '''::text)';
COMMENT ON FUNCTION llmspell_internal._vector_tenant_predicate(text) IS 'The predicate of a tenant''s own index as the catalog shows it.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_suffix(method text, m int, ef_construction int, lists int[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE method
    WHEN 'none' THEN NULL
    WHEN 'vchordrq' THEN '_vchordrq' || coalesce('_' || left(md5(NULLIF(lists, '{}')::text), 6), '')
    ELSE '_' || CASE method WHEN 'hnsw_halfvec' THEN 'half' ELSE method END || '_m' || m || '_e' || ef_construction END;
COMMENT ON FUNCTION llmspell_internal._vector_index_suffix(text, integer, integer, integer[]) IS 'Method and parameters as the name of an index tells them; NULL for none.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_wanted(space text)
RETURNS TABLE (method text, m int, ef_construction int, lists int[], index_name text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT coalesce(c.method, d.method), CASE WHEN c.method IS NULL THEN d.m ELSE c.m END,
        CASE WHEN c.method IS NULL THEN d.ef_construction ELSE c.ef_construction END, c.lists,
        CASE WHEN c.method IS NOT NULL THEN c.index_name WHEN d.method <> 'none' THEN _vector_index_prefix(s.table_name) || '_hnsw' END
    FROM vector_spaces s CROSS JOIN LATERAL _vector_index_defaults(s.dims) d LEFT JOIN vector_index_config c ON c.space = s.name
    WHERE s.name = _vector_index_wanted.space
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_wanted(text) IS 'The index that a space should have: the one chosen, else the one it began with.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_wanted(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_in_force(space text) RETURNS TABLE (method text, lists int[], beside_vchordrq boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE WHEN a.amname <> 'hnsw' THEN a.amname WHEN k.attname = 'embedding' THEN 'hnsw' ELSE 'hnsw_halfvec' END,
        (SELECT string_to_array(NULLIF(replace(o.found[1], ' ', ''), ''), ',')::int[]
         FROM regexp_match(array_to_string(x.reloptions, E'\n'), 'lists = \[([0-9, ]*)\]') AS o (found)),
        a.amname <> 'vchordrq' AND EXISTS (
            SELECT FROM pg_index n JOIN pg_class y ON y.oid = n.indexrelid JOIN pg_am b ON b.oid = y.relam
            WHERE n.indrelid = t.oid AND b.amname = 'vchordrq')
    FROM vector_spaces s
    CROSS JOIN LATERAL _vector_index_wanted(s.name) w
    JOIN pg_class t ON t.relname = s.table_name AND t.relnamespace = 'llmspell'::regnamespace
    JOIN pg_index i ON i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_am a ON a.oid = x.relam AND a.amname IN ('hnsw', 'vchordrq', 'vchordg')
    LEFT JOIN pg_attribute k ON k.attrelid = t.oid AND k.attnum = i.indkey[0]
    WHERE s.name = _vector_index_in_force.space AND w.method <> 'none'
    ORDER BY x.relname <> w.index_name, x.relname
    LIMIT 1
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_in_force(text) IS 'The index that searches of a space take: the chosen one where it is built, else another one over the whole table; no row where there is none, or none is wanted. lists: its partitions, for vchordrq. beside_vchordrq: whether the table has an index of that method besides.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_in_force(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_choose(only_space text, method text, m int, ef_construction int, lists int[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_space vector_spaces;
    v_default record;
    v_method text := _vector_index_choose.method;
    v_m int;
    v_ef int;
BEGIN
    SELECT s.* INTO v_space FROM vector_spaces s WHERE s.name = only_space;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no space "%"', left(only_space, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    SELECT * INTO v_default FROM _vector_index_defaults(v_space.dims);
    IF v_method IS NULL OR v_method NOT IN ('auto', 'hnsw', 'hnsw_halfvec', 'vchordrq', 'vchordg', 'none') THEN
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
    IF v_method = 'hnsw' AND v_space.dims > 1900 OR v_method = 'hnsw_halfvec' AND v_space.dims > 3900 THEN
        RAISE EXCEPTION 'method % cannot index % dimensions', v_method, v_space.dims USING ERRCODE = 'invalid_parameter_value',
            HINT = 'hnsw goes to 1900 dimensions, hnsw_halfvec to 3900.';
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
        RAISE EXCEPTION 'm and ef_construction are not for method %', v_method USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF _vector_index_choose.lists IS NOT NULL AND v_method <> 'vchordrq' THEN
        RAISE EXCEPTION 'lists are for method vchordrq, not %', v_method USING ERRCODE = 'invalid_parameter_value';
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
COMMENT ON FUNCTION llmspell_internal._vector_index_choose IS 'Records the index of a space. Errors: 22023 no such space, method, parameters or dimensions, 0A000 the method is not installed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_choose TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_make(only_space text, tenant text, blocking boolean)
RETURNS TABLE (method text, index_name text, state text, drop_first text[], statement text, superseded text[], reason text, is_lost boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Who waits for a lock on a table keeps all others of the table waiting; an autovacuum gives way after deadlock_timeout, 1 s.
SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    v_predicate constant text := _vector_tenant_predicate(_vector_index_make.tenant);
    v_space vector_spaces;
    v_wanted record;
    v_method text;
    v_name text;
    v_first text[];
    v_rest text[];
    v_other text;
BEGIN
    SELECT s.* INTO STRICT v_space FROM vector_spaces s WHERE s.name = only_space;
    SELECT * INTO v_wanted FROM _vector_index_wanted(v_space.name);
    v_method := v_wanted.method;
    IF _vector_index_make.tenant IS NULL THEN
        v_name := v_wanted.index_name;
    ELSIF v_wanted.method = 'vchordrq' THEN
        v_method := 'none';
        reason := 'a table has one vchordrq index, that of all tenants';
    ELSE
        v_name := _vector_index_name(v_space.table_name, '_t_' || left(md5(_vector_index_make.tenant), 16)
            || _vector_index_suffix(v_wanted.method, v_wanted.m, v_wanted.ef_construction, v_wanted.lists));
    END IF;
    method := v_method;
    index_name := v_name;
    -- Number of probes and levels must fit, or no query of the table is planned: so there is one vchordrq index.
    SELECT array_agg(i.index_name ORDER BY i.index_name) FILTER (WHERE i.is_first AND i.state <> 'building'),
        array_agg(i.index_name ORDER BY i.index_name) FILTER (WHERE i.is_old AND NOT i.is_first AND i.state <> 'building'),
        min(i.index_name) FILTER (WHERE i.is_first AND i.state = 'building'),
        coalesce(min(i.state) FILTER (WHERE i.index_name = v_name), CASE v_method WHEN 'none' THEN 'none' ELSE 'missing' END),
        coalesce(bool_and(i.state = 'invalid') FILTER (WHERE i.is_ours), true)
    INTO v_first, v_rest, v_other, state, is_lost
    FROM (SELECT x.*, x.predicate IS NOT DISTINCT FROM v_predicate AS is_ours,
              x.predicate IS NOT DISTINCT FROM v_predicate AND x.index_name IS DISTINCT FROM v_name AS is_old,
              x.index_name = v_name AND x.state = 'invalid' OR x.index_name <> v_name AND x.method = 'vchordrq' AND v_wanted.method = 'vchordrq' AS is_first
          FROM _vector_indexes(v_space.table_name) x) AS i;
    IF v_other IS NOT NULL THEN
        state := 'building';
        reason := format('index %s is being built', v_other);
    ELSIF state IN ('missing', 'invalid') THEN
        IF NOT EXISTS (SELECT FROM pg_am a WHERE a.amname = CASE v_method WHEN 'hnsw_halfvec' THEN 'hnsw' ELSE v_method END) THEN
            state := 'failed';
            reason := format('index method %s is not installed', v_method);
            RETURN NEXT;
            RETURN;
        END IF;
        IF blocking THEN
            FOREACH v_other IN ARRAY coalesce(v_first, '{}') LOOP
                EXECUTE format('DROP INDEX llmspell.%I', v_other);
            END LOOP;
            EXECUTE _vector_index_ddl(v_space.table_name, v_space.dims, v_space.metric, v_method, v_wanted.m, v_wanted.ef_construction, v_wanted.lists,
                v_name, 'CREATE INDEX', _vector_index_make.tenant);
            EXECUTE format('COMMENT ON INDEX llmspell.%I IS %L', v_name,
                CASE WHEN _vector_index_make.tenant IS NULL THEN 'Approximate nearest neighbours, over all tenants.' ELSE 'Approximate nearest neighbours of one tenant.' END);
            v_first := NULL;
            state := 'built';
        ELSE
            statement := _vector_index_ddl(v_space.table_name, v_space.dims, v_space.metric, v_method, v_wanted.m, v_wanted.ef_construction, v_wanted.lists,
                v_name, 'CREATE INDEX CONCURRENTLY', _vector_index_make.tenant) || ';';
        END IF;
    END IF;
    drop_first := (SELECT array_agg(format('DROP INDEX CONCURRENTLY llmspell.%I;', n)) FROM unnest(v_first) AS n);
    superseded := (SELECT array_agg(format('DROP INDEX CONCURRENTLY llmspell.%I;', n)) FROM unnest(v_rest) AS n);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_make IS 'What is left to do for the index that a space, or a tenant in it, should have; blocking: does it. is_lost: there is none at all that could be used. 55P03: another session holds the table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_make TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_ensure(only_space text, wanted_method text, m int, ef_construction int, lists int[], blocking boolean)
RETURNS TABLE (space text, tenant text, method text, index_name text, state text, drop_first text[], statement text, superseded text[], reason text, is_lost boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
    v_index record;
    v_made record;
BEGIN
    IF only_space IS NULL AND (wanted_method IS DISTINCT FROM 'auto' OR num_nonnulls(_vector_index_ensure.m, _vector_index_ensure.ef_construction, _vector_index_ensure.lists) > 0) THEN
        RAISE EXCEPTION 'name the space whose index is chosen' USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    IF only_space IS NOT NULL THEN
        PERFORM _vector_index_choose(only_space, wanted_method, _vector_index_ensure.m, _vector_index_ensure.ef_construction, _vector_index_ensure.lists);
        RETURN QUERY SELECT only_space, NULL::text, i.* FROM _vector_index_make(only_space, NULL, coalesce(_vector_index_ensure.blocking, false)) i;
        RETURN;
    END IF;
    FOR v_index IN
        SELECT s.name, NULL::text AS tenant, row_number() OVER (ORDER BY s.purpose DESC, s.dims, s.name) AS place FROM vector_spaces s
        UNION ALL
        SELECT NULL, t, 1000000 + row_number() OVER (ORDER BY t COLLATE "C") FROM _tenants(only_table => 'vector_tenant_indexes') AS t
        ORDER BY place
    LOOP
        PERFORM set_config('app.current_tenant_id', coalesce(v_index.tenant, v_before), true);
        FOR space IN
            SELECT v_index.name WHERE v_index.tenant IS NULL
            UNION ALL
            SELECT r.space FROM vector_tenant_indexes r JOIN vector_spaces s ON s.name = r.space WHERE r.tenant_id = v_index.tenant
        LOOP
            tenant := v_index.tenant;
            -- One that fails does not keep the others from being built; without a space all are, as after a restore.
            BEGIN
                SELECT * INTO v_made FROM _vector_index_make(space, v_index.tenant, coalesce(_vector_index_ensure.blocking, true));
                method := v_made.method; index_name := v_made.index_name; state := v_made.state; drop_first := v_made.drop_first;
                statement := v_made.statement; superseded := v_made.superseded; reason := v_made.reason;
                is_lost := v_made.is_lost AND v_made.state IN ('missing', 'invalid');
                IF state = 'built' AND v_index.tenant IS NOT NULL THEN
                    PERFORM _vector_tenant_record(v_index.tenant, space, index_name);
                END IF;
            EXCEPTION WHEN OTHERS THEN
                SELECT w.method, w.index_name INTO method, index_name FROM _vector_index_wanted(space) w;
                IF v_index.tenant IS NOT NULL THEN
                    index_name := (SELECT r.index_name FROM vector_tenant_indexes r WHERE r.tenant_id = v_index.tenant AND r.space = _vector_index_ensure.space);
                END IF;
                state := 'failed';
                drop_first := NULL; statement := NULL; superseded := NULL;
                reason := SQLSTATE || ': ' || SQLERRM;
                is_lost := false;
            END;
            -- What was chosen less than an hour ago is about to be built by who chose it.
            is_lost := is_lost AND NOT EXISTS (SELECT FROM vector_index_config c WHERE c.space = _vector_index_ensure.space AND c.recorded_at > now() - interval '1 hour')
                AND NOT EXISTS (SELECT FROM vector_tenant_indexes r WHERE r.tenant_id = v_index.tenant AND r.space = _vector_index_ensure.space AND r.created_at > now() - interval '1 hour');
            RETURN NEXT;
        END LOOP;
    END LOOP;
    PERFORM set_config('app.current_tenant_id', v_before, true);
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_ensure IS 'What vector_index_ensure does; is_lost: no index is there or under way, and the choice is older than an hour, which is what maintenance builds.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_ensure TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_index_ensure(space text DEFAULT NULL, method text DEFAULT 'auto', m int DEFAULT NULL, ef_construction int DEFAULT NULL,
    lists int[] DEFAULT NULL, blocking boolean DEFAULT NULL)
RETURNS TABLE (space text, tenant text, method text, index_name text, state text, drop_first text[], statement text, superseded text[], reason text)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT e.space, e.tenant, e.method, e.index_name, e.state, e.drop_first, e.statement, e.superseded, e.reason
    FROM _vector_index_ensure(vector_index_ensure.space, vector_index_ensure.method, vector_index_ensure.m, vector_index_ensure.ef_construction,
        vector_index_ensure.lists, vector_index_ensure.blocking) e
$$;
COMMENT ON FUNCTION llmspell.vector_index_ensure IS 'Chooses the index of a space, records the choice, and returns what is left to do, for a superuser outside a transaction, in this order: drop_first, the DROP statements without which it cannot be built (an invalid one of its name; for vchordrq, of which a table has one, any other); statement, which builds it while others write; superseded, the DROP statements of what it replaces. state: present, building (a CREATE INDEX CONCURRENTLY runs, leave it alone), missing, invalid, built, none, failed, with the reason. method: auto (hnsw below 768 dimensions, hnsw_halfvec to 3900, else none), hnsw, hnsw_halfvec (half the size), vchordrq, vchordg (VectorChord), none. m, ef_construction: of the graph; lists: partitions of vchordrq for each level, none by default. blocking => true drops and builds now, writers of the table wait. Without a space: all spaces, and the tenants that have an index of their own; builds what is recorded and missing, as after a restore, unless blocking => false; one that fails does not stop the others. llmspell_admin only. Errors: 22023 unknown space or method, parameters out of range, 0A000 the method is not installed, 55P03 another session holds the table (3 s). Example: SELECT statement FROM llmspell.vector_index_ensure(''vectors_384'', ''hnsw_halfvec'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_index_ensure TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_index_estimate(n bigint, dims int, m int DEFAULT 16)
RETURNS TABLE (method text, index_bytes bigint, build_bytes bigint)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_vector int;
    v_tuple int;
BEGIN
    IF num_nulls(n, vector_index_estimate.dims, vector_index_estimate.m) > 0 THEN
        RAISE EXCEPTION 'arguments must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF n < 0 OR n > 1000000000000 OR vector_index_estimate.dims NOT BETWEEN 1 AND 16000 OR vector_index_estimate.m NOT BETWEEN 2 AND 100 THEN
        RAISE EXCEPTION 'n must be between 0 and 1000000000000, dims between 1 and 16000, m between 2 and 100' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOREACH method IN ARRAY ARRAY['hnsw', 'hnsw_halfvec'] LOOP
        CONTINUE WHEN vector_index_estimate.dims > CASE method WHEN 'hnsw' THEN 2000 ELSE 4000 END;
        v_vector := 8 + vector_index_estimate.dims * CASE method WHEN 'hnsw' THEN 4 ELSE 2 END;
        -- In a page: the element (vector, 10 heap pointers, level) and its links, 6 bytes each, 2 m of them on
        -- the ground and on average m / (m - 1) above, each with a line pointer.
        v_tuple := ceil((v_vector + 72) / 8.0) * 8 + ceil((4 + 6 * (2 * vector_index_estimate.m + vector_index_estimate.m / (vector_index_estimate.m - 1.0))) / 8) * 8 + 8;
        index_bytes := ceil(n / floor(greatest(8160.0 / v_tuple, 1))) * 8192 + 8192;
        -- While building: the same in memory, with a pointer and a distance for each link.
        build_bytes := n * (v_vector + 128 + 16 * 2 * (vector_index_estimate.m + 1));
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.vector_index_estimate(bigint, integer, integer) IS 'About how many bytes an HNSW index over n vectors takes: on disk and, to be fast, in shared_buffers (index_bytes), and in maintenance_work_mem while it is built (build_bytes); a row for each method that can index so many dimensions. Needs no tenant. Errors: 22004 null, 22023 out of range. Example: SELECT method, pg_size_pretty(index_bytes) FROM llmspell.vector_index_estimate(1000000, 768);';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_record(tenant text, space text, index_name text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    INSERT INTO vector_tenant_indexes AS r (tenant_id, space, index_name) VALUES (tenant, space, index_name)
    ON CONFLICT (tenant_id, space) DO UPDATE SET index_name = EXCLUDED.index_name, created_at = now() WHERE r.index_name <> EXCLUDED.index_name
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_record(text, text, text) IS 'Records an index of the tenant in force.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_record(text, text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_drop(tenant text, only_space text, blocking boolean) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
    v_name text;
BEGIN
    DELETE FROM vector_tenant_indexes r WHERE r.tenant_id = tenant AND r.space = only_space;
    FOR v_name IN
        SELECT i.index_name FROM vector_spaces s CROSS JOIN LATERAL _vector_indexes(s.table_name) i
        WHERE s.name = only_space AND i.predicate = _vector_tenant_predicate(tenant) ORDER BY i.index_name
    LOOP
        IF blocking THEN
            EXECUTE format('DROP INDEX llmspell.%I', v_name);
        ELSE
            RETURN NEXT format('DROP INDEX CONCURRENTLY llmspell.%I;', v_name);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_drop(text, text, boolean) IS 'Forgets the index of the tenant in force in a space; blocking: drops it, else returns the statements that do. 55P03: another session holds the table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_drop(text, text, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_promote(tenant text, only_space text, blocking boolean)
RETURNS TABLE (space text, index_name text, state text, drop_first text[], statement text, superseded text[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
    v_space record;
    v_rows bigint;
    v_most bigint := 0;
    v_made record;
BEGIN
    PERFORM _tenant_check(tenant);
    IF only_space IS NOT NULL AND NOT EXISTS (SELECT FROM vector_spaces s WHERE s.name = only_space) THEN
        RAISE EXCEPTION 'there is no space "%"', left(only_space, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    PERFORM set_config('app.current_tenant_id', tenant, true);
    FOR v_space IN SELECT s.name, s.table_name FROM vector_spaces s WHERE only_space IS NULL OR s.name = only_space ORDER BY s.name LOOP
        EXECUTE format('SELECT count(*) FROM llmspell.%I WHERE tenant_id = $1', v_space.table_name) INTO v_rows USING tenant;
        IF v_rows > v_most THEN
            space := v_space.name;
            v_most := v_rows;
        END IF;
    END LOOP;
    IF space IS NULL THEN
        RAISE EXCEPTION 'tenant "%" has no vectors%', left(tenant, 100), coalesce(' in space "' || only_space || '"', '') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO v_made FROM _vector_index_make(space, tenant, blocking);
    IF v_made.method = 'none' THEN
        RAISE EXCEPTION 'in space "%" no tenant can have an index of its own', space USING ERRCODE = 'invalid_parameter_value',
            DETAIL = coalesce(v_made.reason, 'the space has no index'), HINT = 'Choose another one by llmspell.vector_index_ensure(…).';
    ELSIF v_made.state = 'failed' THEN
        RAISE EXCEPTION '%', v_made.reason USING ERRCODE = 'feature_not_supported', HINT = 'Choose another one by llmspell.vector_index_ensure(…).';
    END IF;
    PERFORM _vector_tenant_record(tenant, space, v_made.index_name);
    PERFORM set_config('app.current_tenant_id', v_before, true);
    RETURN QUERY SELECT space, v_made.index_name, v_made.state, v_made.drop_first, v_made.statement, v_made.superseded;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_promote IS 'What vector_tenant_promote does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_promote TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_tenant_promote(tenant text, space text DEFAULT NULL, blocking boolean DEFAULT false)
RETURNS TABLE (space text, index_name text, state text, drop_first text[], statement text, superseded text[])
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT * FROM _vector_tenant_promote(vector_tenant_promote.tenant, vector_tenant_promote.space, coalesce(vector_tenant_promote.blocking, false)) $$;
COMMENT ON FUNCTION llmspell.vector_tenant_promote(text, text, boolean) IS 'Gives a tenant that outgrew the shared index one of its own, over its rows alone, by the method that the space has, in a space (NULL: the one in which it has most rows): records it, so that its searches name the tenant and the planner may take that index, and returns what is left to do, as vector_index_ensure does: drop_first, statement and superseded, for a superuser outside a transaction, in this order; blocking => true builds it now, writers of the table wait. The tenant''s id stands in the definition of the index, which every role can read. llmspell_admin only. Errors: 22004, 22023 tenant, no vectors, no such space, or a space without index or with vchordrq, 0A000 the method is not installed, 55P03 another session holds the table (3 s). Example: SELECT statement FROM llmspell.vector_tenant_promote(''acme'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_tenant_promote(text, text, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_tenant_demote(tenant text, space text, blocking boolean DEFAULT false) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
BEGIN
    PERFORM _tenant_check(tenant);
    IF vector_tenant_demote.space IS NULL THEN
        RAISE EXCEPTION 'argument "space" must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT EXISTS (SELECT FROM vector_spaces s WHERE s.name = vector_tenant_demote.space) THEN
        RAISE EXCEPTION 'there is no space "%"', left(vector_tenant_demote.space, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    PERFORM set_config('app.current_tenant_id', tenant, true);
    RETURN QUERY SELECT d FROM _vector_tenant_drop(tenant, vector_tenant_demote.space, coalesce(blocking, false)) AS d;
    PERFORM set_config('app.current_tenant_id', v_before, true);
END
$$;
COMMENT ON FUNCTION llmspell.vector_tenant_demote(text, text, boolean) IS 'Takes the index of its own away from a tenant in a space: forgets it, and returns the statements that drop it while others read and write, for a superuser outside a transaction, none where there is no index; blocking => true drops it now, readers and writers of the table wait until the transaction ends. llmspell_admin only. Errors: 22004 null, 22023 tenant, no such space, 55P03 another session holds the table (5 s). Example: SELECT * FROM llmspell.vector_tenant_demote(''acme'', ''vectors_384'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_tenant_demote(text, text, boolean) TO llmspell_admin;
