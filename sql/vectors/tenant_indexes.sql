-- Indexes for nearest neighbours over the rows of one tenant.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_predicate(tenant text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '(md5((tenant_id)::text) = ''' || md5(tenant) || '''::text)';
COMMENT ON FUNCTION llmspell_internal._vector_tenant_predicate(text) IS 'The predicate of a tenant''s own index as the catalog shows it: everybody reads it, so that it has a hash of the id.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_record(tenant text, space text, index_name text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    INSERT INTO vector_tenant_indexes AS r (tenant_id, space, index_name) VALUES (tenant, space, index_name)
    ON CONFLICT (tenant_id, space) DO UPDATE SET index_name = EXCLUDED.index_name, created_at = now(), is_automatic = false, state = 'kept', attempts = 0,
        retry_at = NULL, last_error = NULL
        WHERE r.index_name <> EXCLUDED.index_name OR r.is_automatic OR r.state <> 'kept'
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_record(text, text, text) IS 'Records an index of the current tenant, as an operator wants it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_record(text, text, text) TO llmspell_admin;

-- The record stays, or maintenance would give the tenant another one.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_decline(tenant text, only_space text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    INSERT INTO vector_tenant_indexes AS r (tenant_id, space, index_name, state) VALUES (tenant, only_space, '', 'declined')
    ON CONFLICT (tenant_id, space) DO UPDATE SET state = 'declined', is_automatic = false, attempts = 0, retry_at = NULL, last_error = NULL
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tenant_decline(text, text) IS 'Records that an operator wants no index of the current tenant in a space.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_decline(text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tenant_drop(tenant text, only_space text, blocking boolean) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
    v_name text;
BEGIN
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
COMMENT ON FUNCTION llmspell_internal._vector_tenant_drop(text, text, boolean) IS 'Drops the indexes of the current tenant in a space, or returns the statements that do.
Errors: 55P03 another session holds the table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tenant_drop(text, text, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_tenant_promote(tenant text, space text DEFAULT NULL, blocking boolean DEFAULT false)
RETURNS SETOF llmspell_internal.vector_index_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := vector_tenant_promote.tenant;
    v_only constant text := CASE WHEN vector_tenant_promote.space IS NOT NULL THEN (_vector_space_named(vector_tenant_promote.space)).name END;
    v_space record;
    v_rows bigint;
    v_most bigint := 0;
    v_name text;
    v_row vector_index_row;
BEGIN
    PERFORM _tenant_check(v_tenant);
    PERFORM set_config('app.current_tenant_id', v_tenant, true);
    FOR v_space IN SELECT s.name, s.table_name FROM vector_spaces s WHERE v_only IS NULL OR s.name = v_only ORDER BY s.name LOOP
        EXECUTE format('SELECT count(*) FROM llmspell.%I WHERE tenant_id = $1', v_space.table_name) INTO v_rows USING v_tenant;
        IF v_rows > v_most THEN
            v_name := v_space.name;
            v_most := v_rows;
        END IF;
    END LOOP;
    IF v_name IS NULL THEN
        RAISE EXCEPTION 'tenant "%" has no vectors%', left(v_tenant, 100), coalesce(' in space "' || v_only || '"', '') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_row := _vector_index_make(v_name, v_tenant, coalesce(vector_tenant_promote.blocking, false));
    IF v_row.method = 'none' THEN
        RAISE EXCEPTION 'in space "%" no tenant can have an index of its own', v_name USING ERRCODE = 'invalid_parameter_value',
            DETAIL = coalesce(v_row.reason, 'the space has no index'), HINT = 'Choose another one by llmspell.vector_index_ensure(…).';
    ELSIF v_row.state = 'failed' THEN
        RAISE EXCEPTION '%', v_row.reason USING ERRCODE = 'feature_not_supported', HINT = 'Choose another one by llmspell.vector_index_ensure(…).';
    END IF;
    PERFORM _vector_tenant_record(v_tenant, v_name, v_row.index_name), _vector_index_tell(v_row.drop_first || v_row.statement || v_row.superseded);
    RETURN NEXT v_row;
END
$$;
COMMENT ON FUNCTION llmspell.vector_tenant_promote(text, text, boolean) IS 'Gives a tenant an index of its own, over its rows alone, or tells how to build it.
Errors: 22004 null, 22023 tenant, no vectors, no such space, or no index possible, 0A000 the method is not installed, 55P03 another session holds the table.
Example: SELECT statement FROM llmspell.vector_tenant_promote(''acme'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_tenant_promote(text, text, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.vector_tenant_demote(tenant text, space text, blocking boolean DEFAULT false) RETURNS SETOF text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_space constant vector_spaces := _vector_space_named(vector_tenant_demote.space);
    v_statements text[];
BEGIN
    PERFORM _tenant_check(vector_tenant_demote.tenant);
    PERFORM set_config('app.current_tenant_id', vector_tenant_demote.tenant, true);
    PERFORM _vector_tenant_decline(vector_tenant_demote.tenant, v_space.name);
    v_statements := ARRAY(SELECT d FROM _vector_tenant_drop(vector_tenant_demote.tenant, v_space.name, coalesce(vector_tenant_demote.blocking, false)) AS d);
    PERFORM _vector_index_tell(v_statements);
    RETURN QUERY SELECT d FROM unnest(v_statements) AS d;
END
$$;
COMMENT ON FUNCTION llmspell.vector_tenant_demote(text, text, boolean) IS 'Takes a tenant''s own index away, for as long as nobody promotes it: drops it, or returns the statements that do.
Errors: 22004 null, 22023 tenant, no such space, 55P03 another session holds the table.
Example: SELECT * FROM llmspell.vector_tenant_demote(''acme'', ''vectors_384'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_tenant_demote(text, text, boolean) TO llmspell_admin;
