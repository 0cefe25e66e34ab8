-- How many vectors tenants have, kept where they are many.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space_rows_of(analyzed_rows double precision, analyzed_pages double precision, pages double precision, dims int)
RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_vector_space_rows_of_wrapper';
COMMENT ON FUNCTION llmspell_internal._vector_space_rows_of(double precision, double precision, double precision, integer) IS 'Rows of a table by its pages, as dense as it was when it was analyzed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space_rows_of(double precision, double precision, double precision, integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space_rows(table_name text, dims int) RETURNS double precision
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT _vector_space_rows_of(c.reltuples::double precision, c.relpages::double precision,
        (pg_relation_size(c.oid) / current_setting('block_size')::int)::double precision, dims)
    FROM pg_class c WHERE c.relname = _vector_space_rows.table_name AND c.relnamespace = 'llmspell'::regnamespace
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space_rows(text, integer) IS 'About how many rows the table of a space has, of all tenants.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space_rows(text, integer) TO llmspell_app;

-- Over the wall, by tenant_id and what is kept alone: a sample of some 10,000 rows of each space. A tenant is due where the
-- sample says another size than what is kept, by more than chance explains where rows of a tenant share their pages.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_sizes_due() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT string_agg(format($sql$
        SELECT coalesce(h.tenant_id, k.tenant_id)
        FROM (SELECT v.tenant_id, count(*) * %2$s::double precision AS found FROM llmspell.%1$I v TABLESAMPLE SYSTEM (%3$s) GROUP BY v.tenant_id) AS h
        FULL JOIN (SELECT s.tenant_id, s.row_count FROM vector_tenant_sizes s WHERE s.space = %4$L) AS k USING (tenant_id)
        WHERE greatest(h.found, k.row_count) >= 1000
          AND (abs(coalesce(h.found, 0) - k.row_count) <= 0.2 * k.row_count + 3 * sqrt(4 * k.row_count * (%2$s - 1))) IS NOT TRUE$sql$,
        s.table_name, r.factor, 100 / r.factor, s.name), ' UNION ALL ' ORDER BY s.name)
    FROM vector_spaces s CROSS JOIN LATERAL (SELECT greatest(_vector_space_rows(s.table_name, s.dims) / 10000, 1) AS factor) AS r
$$;
COMMENT ON FUNCTION llmspell_internal._vector_sizes_due() IS 'The query for tenants whose kept size is missing or wrong.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_size_record(tenant text, space text, row_count bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_changed bigint;
BEGIN
    IF _vector_size_record.row_count < 1000 THEN
        DELETE FROM vector_tenant_sizes s WHERE s.tenant_id = tenant AND s.space = _vector_size_record.space;
    ELSE
        INSERT INTO vector_tenant_sizes AS s (tenant_id, space, row_count) VALUES (tenant, _vector_size_record.space, _vector_size_record.row_count)
        ON CONFLICT (tenant_id, space) DO UPDATE SET row_count = EXCLUDED.row_count, counted_at = now() WHERE s.row_count <> EXCLUDED.row_count;
    END IF;
    GET DIAGNOSTICS v_changed = ROW_COUNT;
    RETURN v_changed;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_size_record(text, text, bigint) IS 'Keeps the size of the current tenant in a space, from 1,000 rows on; returns whether it changed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_size_record(text, text, bigint) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_sizes_count(max_rows int) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_space record;
    v_rows bigint;
    v_hits bigint;
    v_changed bigint := 0;
BEGIN
    FOR v_space IN SELECT s.name, s.table_name, greatest(_vector_space_rows(s.table_name, s.dims) / 10000, 1) AS factor FROM vector_spaces s LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT FROM llmspell.%I WHERE tenant_id = $1 LIMIT 100000) AS r', v_space.table_name) INTO v_rows USING v_tenant;
        IF v_rows = 100000 THEN
            EXECUTE format('SELECT count(*) FROM llmspell.%I TABLESAMPLE SYSTEM ($2) WHERE tenant_id = $1', v_space.table_name)
            INTO v_hits USING v_tenant, 100 / v_space.factor;
            v_rows := greatest(v_rows, v_hits * v_space.factor);
        END IF;
        v_changed := v_changed + _vector_size_record(v_tenant, v_space.name, v_rows);
    END LOOP;
    RETURN v_changed;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_sizes_count(integer) IS 'Counts the tenant''s vectors in each space, by a sample beyond 100,000; returns how many sizes changed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_sizes_count(integer) TO llmspell_admin;
