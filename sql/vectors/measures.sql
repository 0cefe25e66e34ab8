-- Measuring how much room vectors take, how long searches take, and how good they are.

CREATE OR REPLACE FUNCTION llmspell.vector_stats(scope text DEFAULT NULL)
RETURNS TABLE (space text, dims int, row_count bigint, with_content bigint, expired bigint, bytes bigint, oldest timestamptz, newest timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
BEGIN
    FOR v_space IN
        SELECT s.* FROM vector_spaces s WHERE s.purpose = 'vectors'
        UNION ALL
        SELECT o.* FROM vector_small_spaces s CROSS JOIN LATERAL _vector_small_space(s.name) o WHERE s.tenant_id = v_tenant
        ORDER BY dims, name
    LOOP
        -- A value out of line leaves a pointer of 18 bytes in its row and chunks of 1,996 bytes, four to a page, in the TOAST
        -- table. 24: header of a row, 8: its bitmap of nulls, 6: alignment of its columns, 4: its line pointer.
        RETURN QUERY EXECUTE format(
            'SELECT $1, $2, count(*), count(content), count(*) FILTER (WHERE expires_at <= now()),
                 sum(8192 / floor(8168.0 / least(4 + 8 * ceil((r.bytes + 24 + 6 + CASE WHEN num_nulls(content, event_time, expires_at, fts) > 0 THEN 8 ELSE 0 END
                         + 16 + CASE WHEN event_time IS NULL THEN 0 ELSE 8 END + CASE WHEN expires_at IS NULL THEN 0 ELSE 8 END) / 8.0), 8168))
                     + r.toasted)::bigint, min(created_at), max(created_at)
             FROM llmspell.%I CROSS JOIN LATERAL (
                 SELECT sum(CASE WHEN v.chunk IS NULL THEN v.size ELSE 18 END) AS bytes,
                     sum(CASE WHEN v.chunk IS NULL THEN 0 ELSE v.size / 1996 * 2048 + CASE WHEN v.size %% 1996 < 980 THEN 1536 ELSE 2048 END END) AS toasted
                 FROM (VALUES (pg_column_size(id), NULL::oid), (pg_column_size(tenant_id), NULL), (pg_column_size(scope), NULL), (pg_column_size(language), NULL),
                     (pg_column_size(embedding), pg_column_toast_chunk_id(embedding)), (pg_column_size(metadata), pg_column_toast_chunk_id(metadata)),
                     (pg_column_size(content), pg_column_toast_chunk_id(content)), (pg_column_size(fts), pg_column_toast_chunk_id(fts)),
                     (%s, NULL)) AS v (size, chunk)) AS r
             WHERE tenant_id = $3 %s HAVING count(*) > 0',
            v_space.table_name, CASE WHEN _vector_halves(v_space.dims, v_space.metric) THEN 'pg_column_size(embedding_half)' ELSE '0' END,
            CASE WHEN vector_stats.scope IS NOT NULL THEN 'AND scope = $4' END)
        USING v_space.name, v_space.dims, v_tenant, vector_stats.scope;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.vector_stats(text) IS 'Rows and bytes of the tenant''s vectors, of one scope or all, for each space that has some.
Errors: 42501 no tenant.
Example: SELECT space, row_count, bytes FROM llmspell.vector_stats();';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_calibration_store(space text, exact_us double precision, ann_us double precision, exact_rows int, efs int[],
    recalls double precision[])
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Everybody may read this table, so it has the rows of the space by the statistics, not those of the tenant.
    INSERT INTO vector_calibrations (space, exact_us, ann_us, exact_rows, efs, recalls, space_rows)
    SELECT s.name, exact_us, ann_us, exact_rows, efs, recalls,
        coalesce((SELECT greatest(c.reltuples, 0)::bigint FROM pg_class c WHERE c.relname = s.table_name AND c.relnamespace = 'llmspell'::regnamespace), 0)
    FROM vector_spaces s WHERE s.name = _vector_calibration_store.space
    ON CONFLICT (space) DO UPDATE SET exact_us = EXCLUDED.exact_us, ann_us = EXCLUDED.ann_us, exact_rows = EXCLUDED.exact_rows, efs = EXCLUDED.efs,
        recalls = EXCLUDED.recalls, space_rows = EXCLUDED.space_rows, calibrated_at = now()
$$;
COMMENT ON FUNCTION llmspell_internal._vector_calibration_store IS 'Stores the measurements of vector_calibrate.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_calibration_store TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_samples(space llmspell.vector_spaces, samples int) RETURNS SETOF @extschema:vector@.vector
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- Between two rows, as an index finds a stored vector more easily than another one.
    RETURN QUERY EXECUTE format($sql$
        WITH chosen AS MATERIALIZED (
            SELECT s.id, row_number() OVER () AS n FROM (SELECT id FROM llmspell.%1$I WHERE tenant_id = $1 ORDER BY random() LIMIT $2 + 1) AS s
        )
        SELECT (a.embedding OPERATOR(@extschema:vector@.*) array_fill(0.8, ARRAY[%2$s])::@extschema:vector@.vector)
            OPERATOR(@extschema:vector@.+) (b.embedding OPERATOR(@extschema:vector@.*) array_fill(0.2, ARRAY[%2$s])::@extschema:vector@.vector)
        FROM chosen x JOIN chosen y ON y.n = x.n + 1
        JOIN llmspell.%1$I a ON a.tenant_id = $1 AND a.id = x.id JOIN llmspell.%1$I b ON b.tenant_id = $1 AND b.id = y.id$sql$, (space).table_name, (space).dims)
    USING _require_tenant(), samples;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_samples(llmspell.vector_spaces, integer) IS 'Query vectors for measurements, made of the tenant''s rows; none where it has one row.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_samples(llmspell.vector_spaces, integer) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_calibrate(space text DEFAULT 'vectors_384', samples int DEFAULT 150)
RETURNS TABLE (row_count bigint, exact_us double precision, ann_us double precision, ef_search int, recall double precision, exact_rows int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space constant vector_spaces := _vector_space_named(coalesce(vector_calibrate.space, 'vectors_384'));
    v_samples constant int := coalesce(vector_calibrate.samples, 150);
    v_queries @extschema:vector@.vector[];
    v_bounds double precision[] := '{}';
    v_times double precision[] := '{}';
    v_start timestamptz;
    v_distances double precision[];
    v_steps constant int[] := '{40,60,80,100,130,160,200,250,320,400,500,640,800,1000}';
    v_efs int[] := '{}';
    v_recalls double precision[] := '{}';
    v_recall double precision;
    v_found bigint;
    v_wanted bigint;
    v_space_rows bigint;
    v_ef int;
BEGIN
    IF v_samples NOT BETWEEN 10 AND 1000 THEN
        RAISE EXCEPTION 'samples must be between 10 and 1000, got %', v_samples USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('SELECT count(*) FROM llmspell.%I WHERE tenant_id = $1', v_space.table_name) INTO row_count USING v_tenant;
    IF row_count < 1000 OR NOT EXISTS (SELECT FROM _vector_index_in_force(v_space.name)) THEN
        RAISE EXCEPTION 'there is nothing to measure in space "%"', v_space.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('tenant "%s" has %s rows', left(v_tenant, 100), row_count),
            HINT = 'It takes an index, and a tenant of 1,000 rows or more, better one of many.';
    END IF;
    SELECT array_agg(q) INTO v_queries FROM _vector_samples(v_space, v_samples) AS q;
    FOR i IN 1 .. cardinality(v_queries) LOOP
        -- By mode auto, whose exact scan may differ from that of mode exact.
        v_start := clock_timestamp();
        SELECT array_agg(v.distance ORDER BY v.distance) INTO v_distances
        FROM vector_search(v_queries[i], 10, recall => 1, include_expired => true, space => v_space.name) v;
        v_times := v_times || extract(epoch FROM clock_timestamp() - v_start)::double precision * 1e6;
        v_bounds := v_bounds || v_distances[10];
    END LOOP;
    exact_us := (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(v_times) AS t) / row_count;
    FOR v_step IN 1 .. cardinality(v_steps) LOOP
        v_ef := v_steps[v_step];
        v_found := 0;
        v_wanted := 0;
        FOR i IN 1 .. cardinality(v_queries) LOOP
            SELECT array_agg(v.distance) INTO v_distances
            FROM vector_search(v_queries[i], 10, mode => 'ann', ef_search => v_ef, include_expired => true, space => v_space.name) v;
            -- A row at the distance of the tenth counts as found.
            v_found := v_found + (SELECT count(*) FROM unnest(v_distances) AS d WHERE d <= v_bounds[i] + 1e-6);
            v_wanted := v_wanted + 10;
        END LOOP;
        -- One step more than the samples need, as they are few and data grows.
        v_efs := v_efs || coalesce(v_steps[v_step + 1], 1000);
        -- Real queries are farther from every row than the samples, and miss half as many again.
        v_recall := greatest(1 - 1.5 * (1 - v_found::double precision / v_wanted), 0);
        v_recalls := v_recalls || v_recall;
        IF ef_search IS NULL AND v_recall >= 0.99 THEN
            ef_search := v_efs[v_step];
            recall := v_recall;
        END IF;
        EXIT WHEN v_recall >= 0.999;
    END LOOP;
    IF v_recalls[cardinality(v_recalls)] < 0.9 THEN
        RAISE EXCEPTION 'the index of space "%" finds too few of the nearest', v_space.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('its recall is %s at ef_search %s', round(v_recalls[cardinality(v_recalls)]::numeric, 3), v_efs[cardinality(v_efs)]),
            HINT = 'Choose another one by llmspell.vector_index_ensure(…).';
    END IF;
    v_space_rows := greatest(row_count, (SELECT c.reltuples::bigint FROM pg_class c WHERE c.relname = v_space.table_name AND c.relnamespace = 'llmspell'::regnamespace));
    recall := coalesce(recall, v_recalls[cardinality(v_recalls)]);
    ef_search := coalesce(ef_search, v_efs[cardinality(v_efs)]);
    -- By a wide pass, as what a search costs besides would count as that of few candidates.
    v_times := '{}';
    FOR i IN 1 .. cardinality(v_queries) LOOP
        v_start := clock_timestamp();
        PERFORM FROM vector_search(v_queries[i], 10, mode => 'ann', ef_search => 400, include_expired => true, space => v_space.name);
        v_times := v_times || extract(epoch FROM clock_timestamp() - v_start)::double precision * 1e6;
    END LOOP;
    ann_us := (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(v_times) AS t) / greatest(least(400, v_space_rows), 30.0 * v_space_rows / row_count);
    exact_rows := _vector_break_even(exact_us, ann_us, ef_search, 10, v_space_rows);
    PERFORM _vector_calibration_store(v_space.name, exact_us, ann_us, exact_rows, v_efs, v_recalls);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.vector_calibrate(text, integer) IS 'Measures both ways of searching a space with the tenant''s rows, and sets the threshold between them.
Errors: 42501 no tenant, 22023 no such space, samples not 10 to 1000, 55000 fewer than 1000 rows, no index, or one that finds too little.
Example: SELECT * FROM llmspell.vector_calibrate(''vectors_384'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_calibrate(text, integer) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_sample(space llmspell.vector_spaces) RETURNS SETOF @extschema:vector@.vector
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT embedding FROM llmspell.%I WHERE tenant_id = $1 LIMIT 1', (space).table_name) USING _require_tenant();
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_sample(llmspell.vector_spaces) IS 'A vector of the tenant, the query for one that has no other.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_sample(llmspell.vector_spaces) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_recall_audit(space text DEFAULT 'vectors_384', samples int DEFAULT 10)
RETURNS TABLE (bucket text, tenants bigint, queries bigint, recall double precision, complete double precision, exact double precision,
    p50_ms double precision, p95_ms double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
#variable_conflict use_column
DECLARE
    v_space constant vector_spaces := _vector_space_named(coalesce(vector_recall_audit.space, 'vectors_384'));
    v_samples constant int := coalesce(vector_recall_audit.samples, 10);
    v_tenant text;
    v_rows bigint;
    v_bucket int;
    v_tenants int[] := '{0,0,0,0,0}';
    v_results jsonb := '[]';
    v_query @extschema:vector@.vector;
    v_start timestamptz;
    v_ms double precision;
    v_wanted double precision[];
    v_got double precision[];
    v_exact boolean;
BEGIN
    IF v_samples NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'samples must be between 1 and 1000, got %', v_samples USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- All tenants, as a random choice misses a few large ones among many small ones.
    FOR v_tenant IN SELECT t FROM _tenants(only_table => v_space.table_name) AS t ORDER BY random() LOOP
        EXIT WHEN 20 <= ALL (v_tenants);
        PERFORM set_config('app.current_tenant_id', v_tenant, true);
        EXECUTE format('SELECT count(*) FROM (SELECT FROM llmspell.%I WHERE tenant_id = $1 LIMIT 10000) AS r', v_space.table_name) INTO v_rows USING v_tenant;
        CONTINUE WHEN v_rows = 0;
        v_bucket := least(length(v_rows::text), 5);
        CONTINUE WHEN v_tenants[v_bucket] >= 20;
        v_tenants[v_bucket] := v_tenants[v_bucket] + 1;
        FOR v_query IN SELECT q FROM _vector_samples(v_space, v_samples) AS q UNION ALL
            SELECT q FROM _vector_sample(v_space) AS q WHERE v_rows = 1
        LOOP
            v_start := clock_timestamp();
            SELECT array_agg(v.distance ORDER BY v.distance), bool_and(v.exact) INTO v_got, v_exact FROM vector_search(v_query, 10, include_expired => true, space => v_space.name) v;
            v_ms := extract(epoch FROM clock_timestamp() - v_start)::double precision * 1e3;
            SELECT array_agg(v.distance ORDER BY v.distance) INTO v_wanted FROM vector_search(v_query, 10, mode => 'exact', include_expired => true, space => v_space.name) v;
            v_results := v_results || jsonb_build_object('b', v_bucket, 'ms', v_ms, 'e', v_exact::int, 'c', (cardinality(v_got) = cardinality(v_wanted))::int,
                'r', (SELECT count(*) FROM unnest(v_got) AS d WHERE d <= v_wanted[cardinality(v_wanted)] + 1e-6)::double precision / cardinality(v_wanted));
        END LOOP;
    END LOOP;
    RETURN QUERY
    SELECT CASE r.b WHEN 1 THEN '1 to 9' WHEN 2 THEN '10 to 99' WHEN 3 THEN '100 to 999' WHEN 4 THEN '1000 to 9999' ELSE '10000 or more' END,
        v_tenants[r.b]::bigint, count(*), avg(r.r), avg(r.c)::double precision, avg(r.e)::double precision,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY r.ms)
    FROM jsonb_to_recordset(v_results) AS r (b int, ms double precision, e int, c int, r double precision)
    GROUP BY r.b ORDER BY r.b;
END
$$;
COMMENT ON FUNCTION llmspell.vector_recall_audit(text, integer) IS 'How good and how fast searches of a space are, by how many rows a tenant has in it.
Errors: 22023 no such space, samples not 1 to 1000.
Example: SELECT bucket, recall, p95_ms FROM llmspell.vector_recall_audit(''vectors_384'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_recall_audit(text, integer) TO llmspell_admin;
