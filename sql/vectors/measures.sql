-- What searches cost and how good they are: measuring, and keeping what was measured. For llmspell_admin.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_calibration_store(space text, exact_us double precision, ann_us double precision, exact_rows int, efs int[],
    recalls double precision[])
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- By the statistics, which tell nothing of a single tenant: how many rows the one has that was measured is its own affair.
    INSERT INTO vector_calibrations (space, exact_us, ann_us, exact_rows, efs, recalls, space_rows)
    SELECT s.name, exact_us, ann_us, exact_rows, efs, recalls,
        coalesce((SELECT greatest(c.reltuples, 0)::bigint FROM pg_class c WHERE c.relname = s.table_name AND c.relnamespace = 'llmspell'::regnamespace), 0)
    FROM vector_spaces s WHERE s.name = _vector_calibration_store.space
    ON CONFLICT (space) DO UPDATE SET exact_us = EXCLUDED.exact_us, ann_us = EXCLUDED.ann_us, exact_rows = EXCLUDED.exact_rows, efs = EXCLUDED.efs,
        recalls = EXCLUDED.recalls, space_rows = EXCLUDED.space_rows, calibrated_at = now()
$$;
COMMENT ON FUNCTION llmspell_internal._vector_calibration_store IS 'Keeps what vector_calibrate measured.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_calibration_store TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_samples(space llmspell.vector_spaces, count int) RETURNS SETOF @extschema:vector@.vector
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- Near a row and not the row itself, which an index finds more easily than what is not stored.
    RETURN QUERY EXECUTE format($sql$
        WITH chosen AS MATERIALIZED (
            SELECT s.id, row_number() OVER () AS n FROM (SELECT id FROM llmspell.%1$I WHERE tenant_id = $1 ORDER BY random() LIMIT $2 + 1) AS s
        )
        SELECT (a.embedding OPERATOR(@extschema:vector@.*) array_fill(0.8, ARRAY[%2$s])::@extschema:vector@.vector)
            OPERATOR(@extschema:vector@.+) (b.embedding OPERATOR(@extschema:vector@.*) array_fill(0.2, ARRAY[%2$s])::@extschema:vector@.vector)
        FROM chosen x JOIN chosen y ON y.n = x.n + 1
        JOIN llmspell.%1$I a ON a.tenant_id = $1 AND a.id = x.id JOIN llmspell.%1$I b ON b.tenant_id = $1 AND b.id = y.id$sql$, (space).table_name, (space).dims)
    USING _require_tenant(), count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_samples(llmspell.vector_spaces, integer) IS 'Vectors to ask for, made of the tenant''s rows.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_samples(llmspell.vector_spaces, integer) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_calibrate(only_space text, samples int)
RETURNS TABLE (space text, row_count bigint, exact_us double precision, ann_us double precision, ef_search int, recall double precision, exact_rows int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_queries @extschema:vector@.vector[];
    v_bounds double precision[] := '{}';
    v_times double precision[] := '{}';
    v_start timestamptz;
    v_distances double precision[];
    v_steps constant int[] := '{40,60,80,100,130,160,200,250,320,400,500,640,800,1000}';
    v_efs int[] := '{}';
    v_recalls double precision[] := '{}';
    v_ann_us double precision;
    v_recall double precision;
    v_found bigint;
    v_wanted bigint;
    v_space_rows bigint;
    v_ef int;
BEGIN
    IF samples IS NULL OR samples NOT BETWEEN 10 AND 1000 THEN
        RAISE EXCEPTION 'samples must be between 10 and 1000, got %', samples USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.* INTO v_space FROM vector_spaces s WHERE s.name = only_space;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no space "%"', left(only_space, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    EXECUTE format('SELECT count(*) FROM llmspell.%I WHERE tenant_id = $1', v_space.table_name) INTO row_count USING v_tenant;
    IF row_count < 1000 OR NOT EXISTS (SELECT FROM _vector_index_in_force(v_space.name)) THEN
        RAISE EXCEPTION 'there is nothing to measure in space "%"', v_space.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('tenant "%s" has %s rows', left(v_tenant, 100), row_count),
            HINT = 'It takes an index, and a tenant of 1,000 rows or more, better one of many.';
    END IF;
    SELECT array_agg(q) INTO v_queries FROM _vector_samples(v_space, samples) AS q;
    FOR i IN 1 .. cardinality(v_queries) LOOP
        -- The way that auto goes, which need not be that of mode exact.
        v_start := clock_timestamp();
        SELECT array_agg(v.distance ORDER BY v.distance) INTO v_distances
        FROM vector_search(v_queries[i], 10, recall => 1, include_expired => true, space => v_space.name) v;
        v_times := v_times || extract(epoch FROM clock_timestamp() - v_start)::double precision * 1e6;
        v_bounds := v_bounds || v_distances[10];
    END LOOP;
    exact_us := (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(v_times) AS t) / row_count;
    FOR v_step IN 1 .. cardinality(v_steps) LOOP
        v_ef := v_steps[v_step];
        v_times := '{}';
        v_found := 0;
        v_wanted := 0;
        FOR i IN 1 .. cardinality(v_queries) LOOP
            v_start := clock_timestamp();
            SELECT array_agg(v.distance) INTO v_distances
            FROM vector_search(v_queries[i], 10, mode => 'ann', ef_search => v_ef, include_expired => true, space => v_space.name) v;
            v_times := v_times || extract(epoch FROM clock_timestamp() - v_start)::double precision * 1e6;
            -- As near as the tenth is as good as the tenth.
            v_found := v_found + (SELECT count(*) FROM unnest(v_distances) AS d WHERE d <= v_bounds[i] + 1e-6);
            v_wanted := v_wanted + 10;
        END LOOP;
        -- A step more than the samples need, as they are few, and data grows.
        v_efs := v_efs || coalesce(v_steps[v_step + 1], 1000);
        -- What is asked for in earnest is farther from every row than the samples are, and misses half as much again.
        v_recall := greatest(1 - 1.5 * (1 - v_found::double precision / v_wanted), 0);
        v_recalls := v_recalls || v_recall;
        v_ann_us := (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(v_times) AS t);
        IF ef_search IS NULL AND v_recall >= 0.99 THEN
            ef_search := v_efs[v_step];
            recall := v_recall;
            ann_us := v_ann_us;
        END IF;
        EXIT WHEN v_recall >= 0.999;
    END LOOP;
    v_space_rows := greatest(row_count, (SELECT c.reltuples::bigint FROM pg_class c WHERE c.relname = v_space.table_name AND c.relnamespace = 'llmspell'::regnamespace));
    recall := coalesce(recall, v_recalls[cardinality(v_recalls)]);
    ef_search := coalesce(ef_search, v_efs[cardinality(v_efs)]);
    ann_us := coalesce(ann_us, v_ann_us) / greatest(ef_search, 30.0 * v_space_rows / row_count);
    exact_rows := _vector_break_even(exact_us, ann_us, ef_search, 10, v_space_rows);
    space := v_space.name;
    PERFORM _vector_calibration_store(v_space.name, exact_us, ann_us, exact_rows, v_efs, v_recalls);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_calibrate IS 'What vector_calibrate does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_calibrate TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_calibrate(space text DEFAULT 'vectors_384', samples int DEFAULT 150)
RETURNS TABLE (space text, row_count bigint, exact_us double precision, ann_us double precision, ef_search int, recall double precision, exact_rows int)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT * FROM _vector_calibrate(vector_calibrate.space, vector_calibrate.samples) $$;
COMMENT ON FUNCTION llmspell.vector_calibrate(text, integer) IS 'Measures, on the rows of the session''s tenant, what an exact scan takes for a row and the index for a candidate (microseconds), and the ef_search for a recall of 0.99, and keeps them for all searches of the space, with exact_rows, up to which an exact scan is faster. Call it with the largest tenant, after loading and ANALYZE, and again when the space has doubled. Some seconds. llmspell_admin only. Errors: 42501 no tenant, 22023 no such space, samples not 10 to 1000, 55000 fewer than 1000 rows, or no index. Example: SELECT * FROM llmspell.vector_calibrate(''vectors_384'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_calibrate(text, integer) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_recall_audit(only_space text, sample int)
RETURNS TABLE (bucket text, tenants bigint, queries bigint, recall double precision, complete double precision, exact double precision,
    p50_ms double precision, p95_ms double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
    v_space vector_spaces;
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
    IF sample IS NULL OR sample NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'sample must be between 1 and 1000, got %', sample USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT s.* INTO v_space FROM vector_spaces s WHERE s.name = only_space;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no space "%"', left(only_space, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    -- All of them, as a few large ones among many small ones are not found by chance.
    FOR v_tenant IN SELECT t FROM _tenants(only_table => v_space.table_name) AS t ORDER BY random() LOOP
        EXIT WHEN 20 <= ALL (v_tenants);
        PERFORM set_config('app.current_tenant_id', v_tenant, true);
        EXECUTE format('SELECT count(*) FROM (SELECT FROM llmspell.%I WHERE tenant_id = $1 LIMIT 10000) AS r', v_space.table_name) INTO v_rows USING v_tenant;
        CONTINUE WHEN v_rows = 0;
        v_bucket := least(length(v_rows::text), 5);
        CONTINUE WHEN v_tenants[v_bucket] >= 20;
        v_tenants[v_bucket] := v_tenants[v_bucket] + 1;
        FOR v_query IN SELECT q FROM _vector_samples(v_space, sample) AS q UNION ALL
            SELECT q FROM _vector_own(v_space) AS q WHERE v_rows = 1
        LOOP
            v_start := clock_timestamp();
            SELECT array_agg(v.distance ORDER BY v.distance), bool_and(v.exact) INTO v_got, v_exact FROM vector_search(v_query, 10, include_expired => true, space => v_space.name) v;
            v_ms := extract(epoch FROM clock_timestamp() - v_start)::double precision * 1e3;
            SELECT array_agg(v.distance ORDER BY v.distance) INTO v_wanted FROM vector_search(v_query, 10, mode => 'exact', include_expired => true, space => v_space.name) v;
            v_results := v_results || jsonb_build_object('b', v_bucket, 'ms', v_ms, 'e', v_exact::int, 'c', (cardinality(v_got) = cardinality(v_wanted))::int,
                'r', (SELECT count(*) FROM unnest(v_got) AS d WHERE d <= v_wanted[cardinality(v_wanted)] + 1e-6)::double precision / cardinality(v_wanted));
        END LOOP;
    END LOOP;
    PERFORM set_config('app.current_tenant_id', v_before, true);
    RETURN QUERY
    SELECT CASE r.b WHEN 1 THEN '1 to 9' WHEN 2 THEN '10 to 99' WHEN 3 THEN '100 to 999' WHEN 4 THEN '1000 to 9999' ELSE '10000 or more' END,
        v_tenants[r.b]::bigint, count(*), avg(r.r), avg(r.c)::double precision, avg(r.e)::double precision,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY r.ms)
    FROM jsonb_to_recordset(v_results) AS r (b int, ms double precision, e int, c int, r double precision)
    GROUP BY r.b ORDER BY r.b;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_recall_audit IS 'What vector_recall_audit does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_recall_audit TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_own(space llmspell.vector_spaces) RETURNS SETOF @extschema:vector@.vector
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT embedding FROM llmspell.%I WHERE tenant_id = $1 LIMIT 1', (space).table_name) USING _require_tenant();
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_own(llmspell.vector_spaces) IS 'One vector of the tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_own(llmspell.vector_spaces) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_recall_audit(space text DEFAULT 'vectors_384', sample int DEFAULT 10)
RETURNS TABLE (bucket text, tenants bigint, queries bigint, recall double precision, complete double precision, exact double precision,
    p50_ms double precision, p95_ms double precision)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT * FROM _vector_recall_audit(vector_recall_audit.space, vector_recall_audit.sample) $$;
COMMENT ON FUNCTION llmspell.vector_recall_audit(text, integer) IS 'How good searches of a space are, by how many rows a tenant has in it: of at most 20 tenants of each size, and sample searches each, the share of the true 10 nearest found (recall), the share of searches with as many rows as exist (complete) and of those that looked at every row (exact), and how long they took. Counts every tenant of the space, which takes some seconds where there are 100,000. Tells no tenant''s name. llmspell_admin only. Errors: 22023 no such space, sample not 1 to 1000. Example: SELECT bucket, recall, p95_ms FROM llmspell.vector_recall_audit(''vectors_384'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_recall_audit(text, integer) TO llmspell_admin;
