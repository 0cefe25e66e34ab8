-- Indexes of tenants that maintenance decides by their cost. The background worker starts a builder, a process of its own,
-- that runs one statement at a time outside of transactions (src/vectors/builder.rs).

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_costs(row_count bigint, space_rows double precision, dims int, exact_us double precision, ann_us double precision)
RETURNS double precision[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_tenant_costs_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_tenant_costs IS 'Milliseconds of a search of a tenant of so many rows: without an index of its own, and with one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_costs TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_candidates() RETURNS SETOF llmspell_internal._vector_candidate
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_tenant text;
BEGIN
    FOR v_tenant IN
        SELECT t FROM _tenants(only_table => 'vector_tenant_sizes') AS t UNION SELECT t FROM _tenants(only_table => 'vector_tenant_indexes') AS t
    LOOP
        PERFORM set_config('app.current_tenant_id', v_tenant, true);
        RETURN QUERY
        SELECT v_tenant, space, s.row_count, r.state, r.is_automatic
        FROM (SELECT x.* FROM vector_tenant_sizes x WHERE x.tenant_id = v_tenant) AS s
        FULL JOIN (SELECT x.* FROM vector_tenant_indexes x WHERE x.tenant_id = v_tenant) AS r USING (space);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_candidates() IS 'The larger tenants and those with an index of their own, by space.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_candidates() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_decide(tenant text, space text, promote boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF promote THEN
        INSERT INTO vector_tenant_indexes (tenant_id, space, index_name, is_automatic)
        SELECT tenant, m.space, m.index_name, true FROM _vector_index_make(_vector_tenant_decide.space, tenant, false) m WHERE m.index_name IS NOT NULL
        ON CONFLICT (tenant_id, space) DO NOTHING;
    ELSE
        UPDATE vector_tenant_indexes r SET state = 'dropping'
        WHERE r.tenant_id = tenant AND r.space = _vector_tenant_decide.space AND r.is_automatic;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_decide(text, text, boolean) IS 'Records that the current tenant is to get an index of its own in a space, or to lose it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_decide(text, text, boolean) TO llmspell_admin;

-- An index of its own is decided for a tenant whose searches it makes 1.5 times as fast and a millisecond faster, and kept
-- as long as it makes them 1.2 times as fast; where more want one than may have one, those that gain most, and what is there
-- stays until another gains half as much again.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_maintain_tenants(progress text) RETURNS llmspell_internal._step
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_limit constant int := coalesce(current_setting('llmspell.vector_tenant_indexes', true)::int, 0);
    v_change record;
    v_promoted int := 0;
    v_demoted int := 0;
    v_builds bigint;
BEGIN
    FOR v_change IN
        WITH spaces AS MATERIALIZED (
            SELECT s.name, s.dims, _vector_space_rows(s.table_name, s.dims) AS space_rows, k.exact_us, k.ann_us
            FROM vector_spaces s CROSS JOIN LATERAL _vector_index_wanted(s.name) w LEFT JOIN vector_calibrations k ON k.space = s.name
            WHERE w.method IN ('hnsw', 'hnsw_halfvec')
        ), ranked AS (
            SELECT c.*, g.pays, row_number() OVER (PARTITION BY g.pays ORDER BY g.gain DESC, c.tenant COLLATE "C", c.space) <= v_limit AS wanted
            FROM _vector_candidates() c
            LEFT JOIN spaces s ON s.name = c.space
            CROSS JOIN LATERAL _vector_tenant_costs(c.row_count, s.space_rows, s.dims, s.exact_us, s.ann_us) AS m (ms)
            CROSS JOIN LATERAL (SELECT
                coalesce(m.ms[1] >= m.ms[2] * CASE WHEN c.state IS NULL THEN 1.5 ELSE 1.2 END AND (c.state IS NOT NULL OR m.ms[1] >= m.ms[2] + 1), false) AS pays,
                (m.ms[1] - m.ms[2]) * CASE WHEN c.state IS NULL THEN 1 ELSE 1.5 END AS gain) AS g
            WHERE c.state IS NULL OR c.state = 'kept' AND c.is_automatic
        )
        SELECT r.tenant, r.space, r.pays AND r.wanted AS promote FROM ranked r WHERE (r.pays AND r.wanted) <> (r.state IS NOT NULL)
    LOOP
        PERFORM set_config('app.current_tenant_id', v_change.tenant, true);
        PERFORM _vector_tenant_decide(v_change.tenant, v_change.space, v_change.promote);
        v_promoted := v_promoted + v_change.promote::int;
        v_demoted := v_demoted + (NOT v_change.promote)::int;
    END LOOP;
    v_builds := (SELECT count(*) FROM vector_tenant_index_list() l WHERE l.automatic AND l.statement IS NOT NULL);
    RETURN ROW(NULL, true, NULLIF(concat_ws(', ', CASE WHEN v_promoted > 0 THEN format('%s promoted', v_promoted) END,
        CASE WHEN v_demoted > 0 THEN format('%s demoted', v_demoted) END,
        CASE WHEN v_builds > 0 THEN format('%s to build or drop, see llmspell.vector_tenant_index_list()', v_builds) END), ''), NULL)::llmspell_internal._step;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_maintain_tenants(text) IS 'Decides which tenants get an index of their own, and which lose it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_maintain_tenants(text) TO llmspell_admin;

-- As the owner, who sees what other sessions build.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_records(tenant text) RETURNS SETOF llmspell_internal.vector_tenant_index_row
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_record record;
    v_make vector_index_row;
    v_row vector_tenant_index_row;
    v_there text;
BEGIN
    FOR v_record IN
        SELECT r.*, s.table_name, (SELECT z.row_count FROM vector_tenant_sizes z WHERE z.tenant_id = r.tenant_id AND z.space = r.space) AS row_count
        FROM vector_tenant_indexes r JOIN vector_spaces s ON s.name = r.space WHERE r.tenant_id = tenant
    LOOP
        v_row := (tenant, v_record.space, v_record.index_name, v_record.row_count, v_record.is_automatic, v_record.state, NULL, v_record.attempts, v_record.retry_at,
            v_record.last_error, NULL, v_record.space || ' ' || tenant);
        v_there := (SELECT min(i.index_name) FROM _vector_indexes(v_record.table_name) i WHERE i.predicate = _vector_tenant_predicate(tenant) AND i.state <> 'building');
        IF v_record.state <> 'kept' THEN
            v_there := coalesce(v_there, CASE v_record.state WHEN 'dropping' THEN NULLIF(v_record.index_name, '') END);
            v_row.statement := CASE WHEN v_there IS NOT NULL THEN format('DROP INDEX CONCURRENTLY IF EXISTS llmspell.%I;', v_there) END;
        ELSE
            v_make := _vector_index_make(v_record.space, tenant, false);
            v_row.index_name := coalesce(v_make.index_name, v_row.index_name);
            v_row.state := v_make.state;
            v_row.statement := coalesce(v_make.drop_first[1], v_make.statement, v_make.superseded[1]);
        END IF;
        v_row.progress := (SELECT round((p.tuples_done::numeric / NULLIF(p.tuples_total, 0)), 3)
            FROM pg_stat_progress_create_index p JOIN pg_class c ON c.oid = p.index_relid
            WHERE p.datname = current_database() AND c.relname = v_row.index_name);
        RETURN NEXT v_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_records(text) IS 'The indexes that the current tenant has of its own, or is to get or lose, with the statement that is next.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_records(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_tenant_index_list(max_rows int DEFAULT 100, after text DEFAULT NULL) RETURNS SETOF llmspell_internal.vector_tenant_index_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_max_rows constant int := _max_rows(coalesce(vector_tenant_index_list.max_rows, 100));
    v_tenant text;
    v_found llmspell_internal.vector_tenant_index_row[] := '{}';
BEGIN
    FOR v_tenant IN SELECT t FROM _tenants(only_table => 'vector_tenant_indexes') AS t LOOP
        PERFORM set_config('app.current_tenant_id', v_tenant, true);
        v_found := v_found || ARRAY(SELECT r FROM _vector_tenant_records(v_tenant) r);
    END LOOP;
    RETURN QUERY SELECT f.* FROM unnest(v_found) f WHERE vector_tenant_index_list.after IS NULL OR f.cursor COLLATE "C" > vector_tenant_index_list.after
        ORDER BY f.cursor COLLATE "C" LIMIT v_max_rows;
END
$$;
COMMENT ON FUNCTION llmspell.vector_tenant_index_list(integer, text) IS 'Tenants with an index of their own, decided by operators or by maintenance: its state and the next statement.
Errors: 22023 negative max_rows.
Example: SELECT tenant, space, state, progress FROM llmspell.vector_tenant_index_list();';
GRANT EXECUTE ON FUNCTION llmspell.vector_tenant_index_list(integer, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_build_begin(tenant text, space text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Until the end of the build is recorded it counts as failed, as after a crash.
    UPDATE vector_tenant_indexes r
    SET attempts = r.attempts + 1, retry_at = clock_timestamp() + least(interval '5 minutes' * 2 ^ least(r.attempts, 9), interval '1 day'),
        last_error = 'the build did not come to its end'
    WHERE r.tenant_id = tenant AND r.space = _vector_build_begin.space
$$;
COMMENT ON FUNCTION llmspell_internal._vector_build_begin(text, text) IS 'Records that a build for the current tenant begins.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_build_begin(text, text) TO llmspell_admin;

-- An invalid index is dropped at once; a failed one is built again after a while.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_build_next(only_look boolean) RETURNS TABLE (statement text, tenant text, space text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
#variable_conflict use_column
DECLARE
    v_next record;
BEGIN
    FOR v_next IN
        SELECT l.* FROM vector_tenant_index_list() l WHERE l.automatic AND l.statement IS NOT NULL
            AND (l.statement NOT LIKE 'CREATE%' OR l.retry_at IS NULL OR l.retry_at <= clock_timestamp())
        ORDER BY l.statement LIKE 'CREATE%', l.row_count LIMIT 1
    LOOP
        IF NOT only_look THEN
            PERFORM set_config('app.current_tenant_id', v_next.tenant, true);
            IF v_next.statement LIKE 'CREATE%' THEN
                PERFORM _vector_build_begin(v_next.tenant, v_next.space);
            END IF;
        END IF;
        RETURN QUERY SELECT v_next.statement, v_next.tenant, v_next.space;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_build_next(boolean) IS 'The next statement for indexes of tenants; only_look: without recording that it begins.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_build_next(boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_build_record(tenant text, space text, statement text, error text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF _vector_build_record.error IS NOT NULL THEN
        UPDATE vector_tenant_indexes r SET last_error = left(_vector_build_record.error, 500)
        WHERE r.tenant_id = tenant AND r.space = _vector_build_record.space;
    ELSIF statement LIKE 'CREATE%' THEN
        -- A record that was deleted meanwhile comes back until its index is dropped.
        INSERT INTO vector_tenant_indexes AS r (tenant_id, space, index_name, is_automatic, state) VALUES (tenant, _vector_build_record.space, '', true, 'dropping')
        ON CONFLICT (tenant_id, space) DO UPDATE SET attempts = 0, retry_at = NULL, last_error = NULL;
        EXECUTE format('COMMENT ON INDEX llmspell.%I IS %L', (regexp_match(statement, '^CREATE INDEX CONCURRENTLY ([a-z0-9_]+) ON'))[1], 'Approximate nearest neighbours of one tenant.');
        UPDATE vector_tenant_indexes r SET index_name = (regexp_match(statement, '^CREATE INDEX CONCURRENTLY ([a-z0-9_]+) ON'))[1]
        WHERE r.tenant_id = tenant AND r.space = _vector_build_record.space;
    ELSE
        DELETE FROM vector_tenant_indexes r
        WHERE r.tenant_id = tenant AND r.space = _vector_build_record.space AND r.state = 'dropping'
          AND NOT EXISTS (SELECT FROM vector_spaces s CROSS JOIN LATERAL _vector_indexes(s.table_name) i
                          WHERE s.name = r.space AND i.predicate = _vector_tenant_predicate(tenant));
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_build_record(text, text, text, text) IS 'Records how a statement for an index of the current tenant ended.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_build_record(text, text, text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_build_ended(tenant text, space text, statement text, error text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
BEGIN
    PERFORM set_config('app.current_tenant_id', tenant, true);
    PERFORM _vector_build_record(tenant, space, statement, error);
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_build_ended(text, text, text, text) IS 'Records how a statement of the builder ended, as the tenant whose index it is.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_build_ended(text, text, text, text) TO llmspell_admin;
