-- Comparing what an index finds with exact searches, before searches rely on it.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_large_tenant(table_name text, at_least bigint) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_tenant text;
    v_largest text;
    v_rows bigint;
    v_most bigint := 0;
BEGIN
    -- Of some tenants, as an index returns more rows of a large one.
    FOR v_tenant IN SELECT t FROM _tenants(max_rows => 20, only_table => _vector_large_tenant.table_name) AS t LOOP
        PERFORM set_config('app.current_tenant_id', v_tenant, true);
        EXECUTE format('SELECT count(*) FROM (SELECT FROM llmspell.%I WHERE tenant_id = $1 LIMIT 10000) AS r', _vector_large_tenant.table_name) INTO v_rows USING v_tenant;
        IF v_rows > v_most THEN
            v_largest := v_tenant;
            v_most := v_rows;
        END IF;
    END LOOP;
    RETURN CASE WHEN v_most >= at_least THEN v_largest END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_large_tenant(text, bigint) IS 'The tenant with most rows in a table, among some; NULL where none has at_least so many.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_large_tenant(text, bigint) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_measure(space text, samples int) RETURNS double precision
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_space constant vector_spaces := _vector_space_named(_vector_index_measure.space);
    v_tenant text;
    v_query @extschema:vector@.vector;
    v_true double precision[];
    v_got double precision[];
    v_found bigint := 0;
    v_wanted bigint := 0;
BEGIN
    v_tenant := _vector_large_tenant(v_space.table_name, 2);
    IF v_tenant IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('app.current_tenant_id', v_tenant, true);
    FOR v_query IN SELECT q FROM _vector_samples(v_space, _vector_index_measure.samples) AS q LOOP
        SELECT array_agg(v.distance ORDER BY v.distance) INTO v_true
        FROM vector_search(v_query, 10, mode => 'exact', include_expired => true, space => v_space.name) v;
        SELECT array_agg(v.distance) INTO v_got
        FROM vector_search(v_query, 10, mode => 'ann', ef_search => 400, include_expired => true, space => v_space.name) v;
        v_wanted := v_wanted + cardinality(v_true);
        v_found := v_found + (SELECT count(*) FROM unnest(v_got) AS d WHERE d <= v_true[cardinality(v_true)] + 1e-6 * (1 + abs(v_true[cardinality(v_true)])));
    END LOOP;
    RETURN v_found::double precision / NULLIF(v_wanted, 0);
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_measure IS 'The share of the true neighbours that the index of a space finds; NULL where there are too few rows.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_measure TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_record(space text, index_name text, library text, recall double precision) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    UPDATE vector_spaces s SET checked_index = _vector_index_record.index_name, checked_library = _vector_index_record.library,
        checked_recall = _vector_index_record.recall, checked_at = now()
    WHERE s.name = _vector_index_record.space
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_record IS 'Stores the result of a check of an index.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_record TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_checked(made llmspell_internal.vector_index_row) RETURNS llmspell_internal.vector_index_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_row vector_index_row := _vector_index_checked.made;
    v_library constant text := _vector_index_library(CASE WHEN v_row.method LIKE 'vchord%' THEN 'vchordrq' ELSE 'hnsw' END);
    v_recall double precision;
    v_is_known boolean;
BEGIN
    IF v_row.state NOT IN ('present', 'built') THEN
        RETURN v_row;
    END IF;
    SELECT v_row.state = 'present' AND s.checked_index = v_row.index_name AND s.checked_library = v_library AND s.checked_recall IS NOT NULL, s.checked_recall
    INTO v_is_known, v_recall FROM vector_spaces s WHERE s.name = v_row.space;
    IF v_is_known IS NOT TRUE THEN
        -- Recorded first, as searches of the check use no other index.
        PERFORM _vector_index_record(v_row.space, v_row.index_name, v_library, NULL);
        v_recall := _vector_index_measure(v_row.space, 20);
        PERFORM _vector_index_record(v_row.space, v_row.index_name, v_library, v_recall);
    END IF;
    IF v_recall < 0.9 THEN
        v_row.state := 'bad';
        v_row.reason := format('index %s finds %s of the nearest, not 0.9, and is not used', v_row.index_name, round(v_recall::numeric, 3));
    END IF;
    RETURN v_row;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_checked IS 'Checks an index that has not been checked with the present version of its library.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_checked TO llmspell_admin;
