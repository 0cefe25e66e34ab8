-- Choosing the method of an index by measurement.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_trial(space text, methods text[], max_rows int DEFAULT 10000, samples int DEFAULT 20)
RETURNS TABLE (method text, build_ms double precision, search_ms double precision, recall double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
-- A small table is sooner read than searched by its index.
SET enable_seqscan = off
SET client_min_messages = warning
AS $$
#variable_conflict use_column
DECLARE
    v_space constant vector_spaces := _vector_space_named(_vector_index_trial.space);
    v_tenant constant text := _vector_large_tenant(v_space.table_name, 1000);
    v_operator constant text := format('OPERATOR(@extschema:vector@.%s)', CASE v_space.metric WHEN 'cosine' THEN '<=>' WHEN 'l2' THEN '<->' ELSE '<#>' END);
    v_default record;
    v_queries @extschema:vector@.vector[];
    v_bounds double precision[] := '{}';
    v_halves boolean;
    v_value text;
    v_start timestamptz;
    v_found bigint;
BEGIN
    IF v_tenant IS NULL OR _vector_halves(v_space.dims, v_space.metric) THEN
        RETURN;
    END IF;
    SELECT * INTO v_default FROM _vector_index_defaults(v_space.dims, v_space.metric);
    PERFORM set_config('app.current_tenant_id', v_tenant, true);
    v_queries := ARRAY(SELECT q FROM _vector_samples(v_space, samples) AS q);
    EXECUTE format('CREATE TEMP TABLE llmspell_vector_trial AS SELECT embedding FROM llmspell.%I WHERE tenant_id = %L ORDER BY random() LIMIT %s', v_space.table_name, v_tenant, max_rows);
    FOR i IN 1 .. cardinality(v_queries) LOOP
        EXECUTE format('SELECT $2 || max(d) FROM (SELECT embedding %s $1 AS d FROM pg_temp.llmspell_vector_trial ORDER BY d LIMIT 10) AS n', v_operator) INTO v_bounds USING v_queries[i], v_bounds;
    END LOOP;
    FOREACH method IN ARRAY methods LOOP
        CONTINUE WHEN v_space.dims > _vector_max_dims(method) OR NOT EXISTS (SELECT FROM pg_am a WHERE a.amname = replace(method, '_halfvec', ''));
        v_start := clock_timestamp();
        EXECUTE replace(_vector_index_ddl('llmspell_vector_trial', v_space.dims, v_space.metric, method, v_default.m, v_default.ef_construction, NULL, 'llmspell_vector_trial_index', 'CREATE INDEX'),
            ' ON llmspell.', ' ON pg_temp.');
        build_ms := extract(epoch FROM clock_timestamp() - v_start) * 1000;
        v_halves := method = 'hnsw_halfvec';
        v_value := CASE WHEN NOT v_halves THEN '%s' WHEN v_space.metric = 'cosine' THEN '@extschema:vector@.l2_normalize(%s)' ELSE '%s' END
            || CASE WHEN v_halves THEN format('::@extschema:vector@.halfvec(%s)', v_space.dims) ELSE '' END;
        v_found := 0;
        search_ms := NULL;
        -- The first round fills the caches.
        FOR v_round IN 1 .. 2 LOOP
            v_start := clock_timestamp();
            FOR i IN 1 .. cardinality(v_queries) LOOP
                EXECUTE format('SELECT $2 + least(count(*), 10) FROM (SELECT embedding %1$s $1 AS d FROM pg_temp.llmspell_vector_trial ORDER BY %2$s %1$s %3$s LIMIT 40) AS n WHERE n.d <= $3',
                    v_operator, format(v_value, 'embedding'), format(v_value, '$1')) INTO v_found
                USING v_queries[i], CASE WHEN v_round = 1 THEN 0 ELSE v_found END, v_bounds[i] + 1e-6 * (1 + abs(v_bounds[i]));
            END LOOP;
            search_ms := extract(epoch FROM clock_timestamp() - v_start) * 1000 / cardinality(v_queries);
        END LOOP;
        recall := v_found::double precision / (10 * cardinality(v_queries));
        DROP INDEX pg_temp.llmspell_vector_trial_index;
        RETURN NEXT;
    END LOOP;
    DROP TABLE pg_temp.llmspell_vector_trial;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_trial IS 'Builds indexes over a copy of some rows and measures them; no rows where no tenant has 1,000 vectors.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_trial TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_index_auto(space text) RETURNS TABLE (method text, lists int[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_space constant vector_spaces := _vector_space_named(_vector_index_auto.space);
    v_default constant text := (SELECT d.method FROM _vector_index_defaults(v_space.dims, v_space.metric) d);
    v_other record;
    v_rows double precision;
BEGIN
    method := 'auto';
    -- Its settings are there where the library is loaded; without it each statement on such an index fails.
    IF v_default = 'none' OR current_setting('vchordrq.probes', true) IS NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    -- A choice that is built stands: measured anew, noise would turn it back and forth.
    SELECT c.method, c.lists INTO method, lists
    FROM vector_index_config c JOIN pg_class x ON x.relname = c.index_name AND x.relnamespace = 'llmspell'::regnamespace JOIN pg_index i ON i.indexrelid = x.oid AND i.indisvalid
    WHERE c.space = v_space.name AND c.method = 'vchordrq';
    IF FOUND THEN
        RETURN NEXT;
        RETURN;
    END IF;
    method := 'auto';
    SELECT max(t.recall) FILTER (WHERE t.method = 'vchordrq') AS recall, max(t.search_ms) FILTER (WHERE t.method = 'vchordrq') AS search_ms,
        max(t.recall) FILTER (WHERE t.method <> 'vchordrq') AS default_recall, max(t.search_ms) FILTER (WHERE t.method <> 'vchordrq') AS default_ms
    INTO v_other FROM _vector_index_trial(v_space.name, ARRAY['vchordrq', v_default]) t;
    IF v_other.recall >= 0.9 AND v_other.recall >= v_other.default_recall - 0.01 AND v_other.search_ms <= 1.1 * v_other.default_ms THEN
        method := 'vchordrq';
        v_rows := (SELECT c.reltuples FROM pg_class c WHERE c.relname = v_space.table_name AND c.relnamespace = 'llmspell'::regnamespace);
        lists := CASE WHEN v_rows >= 100000 THEN ARRAY[sqrt(v_rows)::int] END;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_index_auto(text) IS 'The method of auto: vchordrq where it is loaded and measured to be as good and as fast, else auto.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_index_auto(text) TO llmspell_admin;
