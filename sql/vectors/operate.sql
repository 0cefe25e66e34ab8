CREATE OR REPLACE FUNCTION llmspell_internal._vector_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'vector_spaces'::regclass, 'SELECT', 'WHERE NOT builtin', NULL::boolean, NULL::text
    UNION ALL
    SELECT 'vector_index_config', 'SELECT', NULL, NULL, NULL
    UNION ALL
    SELECT 'vector_generations', 'SELECT', NULL, NULL, NULL
    UNION ALL
    SELECT 'embedding_queue', 'DELETE, INSERT, SELECT, UPDATE', NULL, NULL, 'space, id, queued_at, lease_expires_at'
    UNION ALL
    -- The number of rows of all tenants stays hidden.
    SELECT 'vector_calibrations', 'SELECT (space, exact_us, ann_us, exact_rows, efs, recalls, calibrated_at)', NULL, NULL, NULL
    UNION ALL
    SELECT 'vector_tenant_indexes', 'SELECT', NULL, NULL, NULL
    UNION ALL
    SELECT 'vector_tenant_sizes', 'SELECT', NULL, NULL, 'space, row_count'
    UNION ALL
    SELECT format('llmspell.%I', s.table_name)::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL, NULL, 'expires_at' FROM vector_spaces s WHERE s.purpose = 'vectors'
    UNION ALL
    SELECT format('llmspell.vector_small_%s', n)::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL, NULL, 'expires_at' FROM generate_series(1, (_vector_small_limits()).max_spaces) AS n
$$;
COMMENT ON FUNCTION llmspell_internal._vector_table_rules() IS 'Rules of the tables of spaces: the description is shared; maintenance finds the tenants that have expired vectors.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'vectors', 50, 'SELECT vector_sweep($1)',
        string_agg(format('SELECT v.tenant_id FROM llmspell.%I v WHERE v.expires_at <= statement_timestamp()', s.table_name), ' UNION ALL ' ORDER BY s.name)
    FROM (SELECT s.name, s.table_name FROM vector_spaces s WHERE s.purpose = 'vectors'
          UNION ALL SELECT 'small:' || n, 'vector_small_' || n FROM generate_series(1, (_vector_small_limits()).max_spaces) AS n) AS s
    UNION ALL
    SELECT 'vector sizes', 72, 'SELECT _vector_sizes_count($1)', _vector_sizes_due()
    UNION ALL
    SELECT 'vector indexes', 75, 'SELECT * FROM _vector_maintain_indexes($1)', NULL
    UNION ALL
    SELECT 'tenant indexes', 76, 'SELECT * FROM _vector_maintain_tenants($1)', NULL
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tasks() IS 'Deletes expired vectors, keeps sizes of tenants, builds lost indexes, decides which tenants get their own.';

-- Only where searches have no index at all, as after a restore: another build is an operator's decision, since it keeps writers waiting.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_maintain_indexes(progress text) RETURNS llmspell_internal._step
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_index vector_index_row;
    v_over boolean := true;
    v_done text[] := '{}';
    v_failed text[] := '{}';
BEGIN
    FOR v_index IN SELECT e.* FROM vector_index_ensure(blocking => false) e
        -- Those of VectorChord, as its library may have changed; they are checked once for each version.
        WHERE e.state IN ('missing', 'invalid', 'failed') OR e.state = 'present' AND e.tenant IS NULL AND e.method LIKE 'vchord%' LOOP
        IF v_index.state = 'failed' THEN
            v_failed := v_failed || format('%s: %s', v_index.index_name, v_index.reason);
        ELSIF v_index.state = 'present' THEN
            BEGIN
                v_index := _vector_index_checked(v_index);
                IF v_index.state = 'bad' THEN
                    v_failed := v_failed || v_index.reason;
                END IF;
            EXCEPTION WHEN OTHERS THEN
                v_failed := v_failed || format('%s: %s: %s', v_index.index_name, SQLSTATE, SQLERRM);
            END;
        ELSIF NOT v_index.is_lost THEN
            v_done := v_done || format('pending: %s', v_index.index_name);
        ELSIF v_over THEN
            BEGIN
                PERFORM set_config('app.current_tenant_id', coalesce(v_index.tenant, ''), true);
                PERFORM _vector_index_make(v_index.space, v_index.tenant, true);
                IF v_index.tenant IS NOT NULL THEN
                    PERFORM _vector_tenant_record(v_index.tenant, v_index.space, v_index.index_name);
                END IF;
                v_done := v_done || format('built: %s', v_index.index_name);
                v_over := false;
            EXCEPTION WHEN OTHERS THEN
                v_failed := v_failed || format('%s: %s: %s', v_index.index_name, SQLSTATE, SQLERRM);
            END;
        END IF;
    END LOOP;
    RETURN ROW(NULL, v_over, NULLIF(array_to_string(v_done, ', '), ''), NULLIF(array_to_string(v_failed, ', '), ''))::llmspell_internal._step;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_maintain_indexes(text) IS 'Builds the next index for nearest neighbours that is lost, and names those that are chosen but not built.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_maintain_indexes(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_schema_faults() RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'indexes', w.index_name, format('is missing or invalid, chosen for space %s: run llmspell.vector_index_ensure()', s.name)
    FROM vector_spaces s CROSS JOIN LATERAL _vector_index_wanted(s.name) w
    WHERE w.method <> 'none'
      AND NOT EXISTS (SELECT FROM _vector_indexes(s.table_name) i WHERE i.index_name = w.index_name AND i.state <> 'invalid')
    UNION ALL
    SELECT 'indexes', i.index_name, CASE
        WHEN s.checked_index IS DISTINCT FROM i.index_name OR s.checked_library IS DISTINCT FROM _vector_index_library(i.method::name)
            THEN format('is not used until it is checked with %s: run llmspell.vector_index_ensure()', _vector_index_library(i.method::name))
        ELSE format('is not used, as it finds %s of the nearest: choose another by llmspell.vector_index_ensure(%L, …)', round(s.checked_recall::numeric, 3), s.name) END
    FROM vector_spaces s CROSS JOIN LATERAL _vector_indexes(s.table_name) i
    WHERE i.state = 'present' AND i.predicate IS NULL AND i.method <> 'ivfflat'
      AND CASE WHEN s.checked_index = i.index_name AND s.checked_library = _vector_index_library(i.method::name) THEN s.checked_recall < 0.9 ELSE i.method LIKE 'vchord%' END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_schema_faults() IS 'Indexes for nearest neighbours that are missing, or that searches do not use.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_schema_faults() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'indexes', r.index_name, format('is missing or invalid, the tenant''s own in space %s: run llmspell.vector_index_ensure()', r.space)
    FROM vector_tenant_indexes r JOIN vector_spaces s ON s.name = r.space
    WHERE r.tenant_id = tenant AND r.state = 'kept' AND NOT r.is_automatic
      AND NOT EXISTS (SELECT FROM _vector_indexes(s.table_name) i WHERE i.index_name = r.index_name AND i.state <> 'invalid')
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_faults(text) IS 'Indexes of its own that the tenant should have and does not.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_faults(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_erase(tenant text) RETURNS SETOF llmspell_internal._erased
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT d FROM vector_spaces s CROSS JOIN LATERAL _vector_tenant_drop(tenant, s.name, true) AS d $$;
COMMENT ON FUNCTION llmspell_internal._vector_erase(text) IS 'Drops the tenant''s own indexes, whose definitions contain its id.';

CREATE OR REPLACE VIEW llmspell.health_vector_indexes WITH (security_invoker = true) AS
SELECT e.space, e.tenant, e.method, e.index_name, e.state, e.reason FROM llmspell.vector_index_ensure(blocking => false) e;
COMMENT ON VIEW llmspell.health_vector_indexes IS 'The index for nearest neighbours of each space, and of tenants with one of their own. For llmspell_admin.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_health() RETURNS SETOF llmspell_internal._health_item
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 100, 'vector indexes', count(*) FILTER (WHERE state IN ('missing', 'invalid', 'failed')) || ' not there', '0',
        count(*) FILTER (WHERE state IN ('missing', 'invalid', 'failed')) = 0,
        'llmspell.health_vector_indexes shows them; llmspell.vector_index_ensure() builds them.'
    FROM health_vector_indexes
    UNION ALL
    SELECT 101, 'tenant indexes', count(*) || ' failed three times', '0', count(*) = 0, 'llmspell.vector_tenant_index_list() shows last_error.'
    FROM vector_tenant_index_list(100000) l WHERE l.attempts >= 3
$$;
COMMENT ON FUNCTION llmspell_internal._vector_health() IS 'Whether the indexes for nearest neighbours are there, and those of tenants get built.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_health() TO llmspell_admin;

COMMENT ON TRIGGER vector_spaces_changed ON llmspell.vector_spaces IS 'Restore: other sessions look the spaces up again.';
COMMENT ON TRIGGER vector_generations_changed ON llmspell.vector_generations IS 'Restore: other sessions look the spaces up again.';
COMMENT ON TRIGGER vector_index_config_changed ON llmspell.vector_index_config IS 'Restore: other sessions look the spaces up again.';
COMMENT ON TRIGGER vector_calibrations_changed ON llmspell.vector_calibrations IS 'Restore: other sessions look the spaces up again.';
