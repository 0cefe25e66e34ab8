CREATE OR REPLACE FUNCTION llmspell_internal._index_definitions() RETURNS TABLE (index_name name, definition text, is_valid boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.relname, pg_get_indexdef(c.oid), i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relnamespace = 'llmspell'::regnamespace AND t.relkind = 'r' AND NOT t.relispartition
$$;
COMMENT ON FUNCTION llmspell_internal._index_definitions() IS 'The indexes of the schema now, months aside.';

-- Those of other access methods than the server's own are their domain's affair.
CREATE OR REPLACE FUNCTION llmspell_internal._index_is_ours(definition text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_am a WHERE a.amname = substring(definition FROM ' USING (\w+) ') AND a.amhandler::oid < 16384)
$$;
COMMENT ON FUNCTION llmspell_internal._index_is_ours(text) IS 'Whether an index is of an access method of the server itself.';

CREATE OR REPLACE FUNCTION llmspell_internal._index_faults() RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'indexes', l.index_name::text, CASE WHEN d.index_name IS NULL THEN 'is missing: ' ELSE 'is invalid or altered: ' END || l.definition
    FROM _index_ledger l LEFT JOIN _index_definitions() d USING (index_name)
    WHERE (d.definition IS DISTINCT FROM l.definition OR NOT d.is_valid) AND _index_is_ours(l.definition)
$$;
COMMENT ON FUNCTION llmspell_internal._index_faults() IS 'Indexes of the installation that are missing, invalid or altered.';
GRANT EXECUTE ON FUNCTION llmspell_internal._index_faults() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._schema_faults() RETURNS TABLE (component text, object text, fault text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_fault') AS f LOOP
        RETURN QUERY EXECUTE format('SELECT f.* FROM %s() AS f', v_function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._schema_faults() IS 'The faults of the schema that the domains find.';
GRANT EXECUTE ON FUNCTION llmspell_internal._schema_faults() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tenant_faults(tenant text) RETURNS TABLE (component text, object text, fault text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_fault', 1) AS f LOOP
        RETURN QUERY EXECUTE format('SELECT f.* FROM %s($1) AS f', v_function) USING tenant;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tenant_faults(text) IS 'The faults in the rows of the tenant in force that the domains find.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_faults(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._security_faults() RETURNS TABLE (component text, object text, fault text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- A partition may have been attached from anywhere.
    WITH walled AS (
        SELECT c.* FROM pg_class c
        WHERE c.relkind IN ('r', 'p') AND (c.relnamespace IN (SELECT s FROM _schemas() AS s) OR c.oid IN (SELECT p FROM _partitions() AS p))
    ), granted AS (
        SELECT c.oid, c.relowner, c.relispartition, a.grantee, a.privilege_type
        FROM walled c CROSS JOIN LATERAL aclexplode(c.relacl) a
        UNION
        SELECT c.oid, c.relowner, c.relispartition, a.grantee, a.privilege_type
        FROM walled c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN LATERAL aclexplode(t.attacl) a
    )
    SELECT 'isolation', c.oid::regclass::text, f.fault
    FROM walled c CROSS JOIN LATERAL _wall_faults(c.oid) AS f (fault)
    WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    UNION ALL
    SELECT 'isolation', c.oid::regclass::text, 'is a partition outside the schema llmspell'
    FROM walled c WHERE c.relispartition AND c.relnamespace <> 'llmspell'::regnamespace
    UNION ALL
    SELECT 'isolation', c.oid::regclass::text, format('owner is %s, not llmspell_owner', c.relowner::regrole)
    FROM walled c WHERE c.relowner <> 'llmspell_owner'::regrole
    UNION ALL
    SELECT 'isolation', a.oid::regclass::text, format('%s is granted to %s', a.privilege_type, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM granted a
    WHERE a.grantee <> a.relowner
      AND (a.grantee = 0 OR a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')
           OR a.relispartition AND a.privilege_type <> 'MAINTAIN')
    UNION ALL
    SELECT 'isolation', t.tgrelid::regclass::text, format('trigger %s is disabled', t.tgname)
    FROM pg_trigger t JOIN walled c ON c.oid = t.tgrelid
    WHERE t.tgenabled = 'D'
    UNION ALL
    SELECT 'isolation', p.oid::regprocedure::text, 'EXECUTE is granted to PUBLIC'
    FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND a.grantee = 0
    UNION ALL
    SELECT 'isolation', p.oid::regprocedure::text, format('runs as %s', p.proowner::regrole)
    FROM pg_proc p
    WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND p.prosecdef
      AND p.proowner NOT IN ('llmspell_owner'::regrole, 'llmspell_tenants'::regrole)
    UNION ALL
    SELECT 'isolation', m.member::regrole::text, format('is a member of %s', m.roleid::regrole)
    FROM pg_auth_members m
    WHERE m.roleid IN ('llmspell_owner'::regrole, 'llmspell_tenants'::regrole) OR m.member = 'llmspell_worker'::regrole
    UNION ALL
    SELECT 'isolation', r.rolname, format('can become %s, which row level security does not hold', g.rolname)
    FROM pg_roles r JOIN pg_roles g ON g.oid <> r.oid AND (g.rolsuper OR g.rolbypassrls) AND NOT r.rolsuper AND pg_has_role(r.oid, g.oid, 'MEMBER')
    WHERE r.rolname IN ('llmspell_owner', 'llmspell_app', 'llmspell_admin', 'llmspell_tenants', 'llmspell_worker')
    UNION ALL
    SELECT 'isolation', r.rolname, concat_ws(', ', CASE WHEN r.rolsuper THEN 'is superuser' END,
        CASE WHEN r.rolbypassrls AND r.rolname <> 'llmspell_tenants' THEN 'bypasses row level security' END,
        CASE WHEN r.rolcanlogin AND r.rolname <> 'llmspell_app' THEN 'can log in' END)
    FROM pg_roles r
    WHERE r.rolname IN ('llmspell_owner', 'llmspell_app', 'llmspell_admin', 'llmspell_tenants', 'llmspell_worker')
      AND (r.rolsuper OR r.rolbypassrls AND r.rolname <> 'llmspell_tenants' OR r.rolcanlogin AND r.rolname <> 'llmspell_app')
    UNION ALL
    SELECT 'isolation', 'llmspell_tenants', 'does not bypass row level security: tenant_list() stays empty'
    FROM pg_roles r WHERE r.rolname = 'llmspell_tenants' AND NOT r.rolbypassrls
$$;
COMMENT ON FUNCTION llmspell_internal._security_faults() IS 'Entries of the catalog that contradict the wall: row security, policies, owners, grants, roles.';
GRANT EXECUTE ON FUNCTION llmspell_internal._security_faults() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.verify_isolation() RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_a constant text := 'verify-isolation-a-' || gen_random_uuid();
    v_b constant text := 'verify-isolation-b-' || gen_random_uuid();
    v_id_a uuid;
    v_seen bigint;
    v_found text[] := '{}';
    v_state text;
BEGIN
    SELECT format('role %s is %s', r.rolname, CASE WHEN r.rolsuper THEN 'superuser' ELSE 'BYPASSRLS' END)
    INTO detail FROM pg_roles r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls);
    check_name := 'caller is subject to row level security';
    ok := detail IS NULL;
    RETURN NEXT;

    check_name := 'catalog: walls, owners, grants and roles as installed';
    SELECT string_agg(f.object || ': ' || f.fault, '; ' ORDER BY f.object, f.fault) INTO detail FROM _security_faults() f;
    ok := detail IS NULL;
    RETURN NEXT;

    -- The rows below are never kept: the block ends in an error that undoes it, tenant included.
    BEGIN
        PERFORM set_config('app.current_tenant_id', v_a, true);
        INSERT INTO test_data (tenant_id, value) VALUES (v_a, 'a') RETURNING id INTO v_id_a;
        PERFORM set_config('app.current_tenant_id', v_b, true);
        INSERT INTO test_data (tenant_id, value) VALUES (v_b, 'b');

        SELECT count(*) INTO v_seen FROM test_data t WHERE t.tenant_id <> v_b;
        v_found := v_found || format('another tenant''s rows cannot be read=%s rows', v_seen);
        SELECT count(*) INTO v_seen FROM test_data t WHERE t.tenant_id = v_b;
        v_found := v_found || format('own rows can be read=%s rows', v_seen - 1);
        UPDATE test_data t SET value = 'changed' WHERE t.id = v_id_a;
        GET DIAGNOSTICS v_seen = ROW_COUNT;
        v_found := v_found || format('another tenant''s rows cannot be updated=%s rows', v_seen);
        BEGIN
            INSERT INTO test_data (tenant_id, value) VALUES (v_a, 'forged');
            v_state := '1 row';
        EXCEPTION WHEN insufficient_privilege THEN
            v_state := '0 rows';
        END;
        v_found := v_found || format('a row cannot be inserted for another tenant=%s', v_state);
        BEGIN
            UPDATE test_data t SET tenant_id = v_a WHERE t.tenant_id = v_b;
            v_state := '1 row';
        EXCEPTION WHEN insufficient_privilege THEN
            v_state := '0 rows';
        END;
        v_found := v_found || format('a row cannot be moved to another tenant=%s', v_state);
        DELETE FROM test_data t WHERE t.id = v_id_a;
        GET DIAGNOSTICS v_seen = ROW_COUNT;
        v_found := v_found || format('another tenant''s rows cannot be deleted=%s rows', v_seen);
        PERFORM set_config('app.current_tenant_id', '', true);
        SELECT count(*) INTO v_seen FROM test_data;
        v_found := v_found || format('without a tenant no row can be read=%s rows', v_seen);
        BEGIN
            INSERT INTO test_data (tenant_id, value) VALUES (v_a, 'nobody''s');
            v_state := '1 row';
        EXCEPTION WHEN insufficient_privilege THEN
            v_state := '0 rows';
        END;
        v_found := v_found || format('without a tenant no row can be inserted=%s', v_state);
        RAISE SQLSTATE 'LS000';
    EXCEPTION WHEN SQLSTATE 'LS000' THEN
        NULL;
    END;
    RETURN QUERY SELECT split_part(f, '=', 1), split_part(f, '=', 2) = '0 rows', NULLIF(split_part(f, '=', 2), '0 rows')
    FROM unnest(v_found) AS f;
END
$$;
COMMENT ON FUNCTION llmspell.verify_isolation() IS 'Tries the wall as the caller with two made-up tenants, keeps nothing, checks the catalog; one row per check.
Errors: 25006 in a read-only transaction.
Example: SELECT * FROM llmspell.verify_isolation() WHERE NOT ok;';

CREATE OR REPLACE FUNCTION llmspell.verify() RETURNS TABLE (component text, object text, fault text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_bypass text;
BEGIN
    IF llmspell.version() <> (_extension()).extversion THEN
        RETURN QUERY SELECT 'version', 'library', format('library is %s, extension is %s: run ALTER EXTENSION %I UPDATE, or reconnect after an upgrade',
            llmspell.version(), (_extension()).extversion, (_extension()).extname);
    END IF;
    -- A caller whom the wall does not hold cannot try it.
    v_bypass := (SELECT CASE WHEN r.rolsuper THEN 'is superuser' WHEN r.rolbypassrls THEN 'has BYPASSRLS' END FROM pg_roles r WHERE r.rolname = current_user);
    IF v_bypass IS NOT NULL THEN
        RETURN QUERY SELECT 'isolation', 'caller', format('role %s %s: the wall was not tried, call verify() as a member of llmspell_app', current_user, v_bypass);
    END IF;
    -- Reads only where the transaction may not write: on a standby the catalog must do.
    IF v_bypass IS NOT NULL OR current_setting('transaction_read_only')::boolean THEN
        RETURN QUERY SELECT f.component, f.object, f.fault FROM _security_faults() f;
    ELSE
        RETURN QUERY SELECT 'isolation', v.check_name, coalesce(v.detail, 'failed') FROM verify_isolation() v WHERE NOT v.ok;
    END IF;
    RETURN QUERY SELECT f.component, f.object, f.fault FROM _schema_faults() f;
    IF current_tenant() IS NOT NULL THEN
        RETURN QUERY SELECT f.component, f.object, f.fault FROM _tenant_faults(current_tenant()) f;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.verify() IS 'Runs every self-check and returns a row per fault; with a tenant set, also of the tenant''s rows.
Example: SELECT * FROM llmspell.verify();';
