-- Versions, the caller, and the status.

CREATE OR REPLACE FUNCTION llmspell.version() RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'version_wrapper';
COMMENT ON FUNCTION llmspell.version() IS 'Returns the version of the loaded library.
Example: SELECT llmspell.version();';

CREATE OR REPLACE FUNCTION llmspell_internal._tenant_source() RETURNS text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '_tenant_source_wrapper';
COMMENT ON FUNCTION llmspell_internal._tenant_source() IS 'The origin of the tenant in force: transaction, session, connection option, role, database or server; NULL if never set.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_source() TO llmspell_app;

-- The extension's own row, under whatever name it was installed.
CREATE OR REPLACE FUNCTION llmspell_internal._extension() RETURNS pg_catalog.pg_extension
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT e.* FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_namespace'::regclass AND d.objid = 'llmspell'::regnamespace
      AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
$$;
COMMENT ON FUNCTION llmspell_internal._extension() IS 'The row of pg_extension that schema llmspell belongs to.';
GRANT EXECUTE ON FUNCTION llmspell_internal._extension() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.whoami()
RETURNS TABLE (role name, session_role name, superuser boolean, bypassrls boolean, row_security boolean,
               tenant text, tenant_source text, hint text)
LANGUAGE sql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT w.role, session_user, w.superuser, w.bypassrls, w.row_security, w.tenant,
        CASE WHEN w.tenant IS NOT NULL THEN _tenant_source() END,
        CASE
            WHEN w.superuser OR w.bypassrls THEN
                format('Role %I bypasses row level security: through the tables it sees every tenant. Connect as a member of llmspell_app.', w.role)
            WHEN NOT w.row_security THEN
                'row_security is off: reading a protected table fails. Run: SET row_security = on;'
            WHEN w.tenant IS NULL THEN
                'No tenant is set: no row is visible and every function refuses. Inside a transaction run: SELECT llmspell.tenant_set(''<tenant>'');'
        END
    FROM (
        SELECT r.rolname AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypassrls,
            current_setting('row_security')::boolean AS row_security, current_tenant() AS tenant
        FROM pg_roles r WHERE r.rolname = current_user
    ) AS w
$$;
COMMENT ON FUNCTION llmspell.whoami() IS 'Tells the caller''s role and tenant, where the tenant comes from, and why rows may be missing or too many.
Example: SELECT * FROM llmspell.whoami();';

CREATE OR REPLACE FUNCTION llmspell.status() RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    -- An operator may ask without a tenant.
    v_tenant constant text := CASE WHEN pg_has_role(current_user, 'llmspell_admin', 'USAGE') THEN current_tenant() ELSE _require_tenant() END;
    v_rows jsonb;
    v_tables jsonb;
BEGIN
    -- Counted through the partitioned parent: the months are closed to the app role.
    SELECT jsonb_object_agg(c.component, _count_rows(format('llmspell.%I', c.component)::regclass, v_tenant) ORDER BY c.component)
    INTO v_rows
    FROM (SELECT DISTINCT t.component FROM _tenant_tables() t WHERE t.component IS NOT NULL
          UNION SELECT p.relname::text FROM pg_class p WHERE p.relnamespace = 'llmspell'::regnamespace AND p.relkind = 'p') AS c
    WHERE v_tenant IS NOT NULL AND has_table_privilege(format('llmspell.%I', c.component), 'SELECT');
    IF pg_has_role(current_user, 'llmspell_admin', 'USAGE') THEN
        SELECT jsonb_object_agg(c.relname, jsonb_build_object(
            'bytes', pg_total_relation_size(c.oid), 'estimated_rows', greatest(c.reltuples, 0)::bigint) ORDER BY c.relname)
        INTO v_tables
        FROM _tenant_tables() t JOIN pg_class c ON c.oid = t.relation;
    END IF;
    RETURN jsonb_build_object(
        'tenant', v_tenant,
        'rows', v_rows,
        'versions', jsonb_build_object(
            'library', llmspell.version(),
            'extension', (_extension()).extversion,
            'postgresql', current_setting('server_version'),
            'pgvector', (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
            'vchord', (SELECT extversion FROM pg_extension WHERE extname = 'vchord'),
            'pgcrypto', (SELECT extversion FROM pg_extension WHERE extname = 'pgcrypto'),
            'migration', migration_version()),
        'settings', (SELECT jsonb_object_agg(s.name, s.setting ORDER BY s.name) FROM pg_settings s WHERE s.name LIKE 'llmspell.%'),
        'tables', v_tables);
END
$$;
COMMENT ON FUNCTION llmspell.status() IS 'Returns the own rows by table, versions and settings; for llmspell_admin also the sizes of tables.
Errors: 42501 no tenant, unless the caller is a member of llmspell_admin.
Example: BEGIN; SELECT llmspell.tenant_set(''acme''); SELECT jsonb_pretty(llmspell.status());';
