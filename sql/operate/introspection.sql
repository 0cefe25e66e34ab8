-- What the extension says of itself and of its health.

CREATE OR REPLACE FUNCTION llmspell.version() RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'version_wrapper';
COMMENT ON FUNCTION llmspell.version() IS 'Version of the loaded library, for instance 0.1.0. Example: SELECT llmspell.version();';

CREATE OR REPLACE FUNCTION llmspell_internal._tenant_source() RETURNS text
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '_tenant_source_wrapper';
COMMENT ON FUNCTION llmspell_internal._tenant_source() IS 'Where the tenant in force comes from: transaction, session, connection option, role, database or server; NULL where none was ever set.';
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

CREATE OR REPLACE FUNCTION llmspell.backend_type() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT 'postgresql' $$;
COMMENT ON FUNCTION llmspell.backend_type() IS 'The kind of backend, as clients of several backends ask for it: postgresql. Example: SELECT llmspell.backend_type();';

CREATE OR REPLACE FUNCTION llmspell.characteristics() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT jsonb_build_object('persistent', true, 'transactional', true, 'prefix_scan', true,
        'atomic_ops', true, 'multi_tenant', true, 'versions', true)
$$;
COMMENT ON FUNCTION llmspell.characteristics() IS 'What the backend can do, all booleans: persistent, transactional, prefix_scan, atomic_ops, multi_tenant, versions. Example: SELECT llmspell.characteristics();';

CREATE OR REPLACE FUNCTION llmspell.migration_version() RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT coalesce(max(version), 0) FROM refinery_schema_history $$;
COMMENT ON FUNCTION llmspell.migration_version() IS 'The newest migration of the guide whose work is done: 15. Example: SELECT llmspell.migration_version();';

CREATE OR REPLACE FUNCTION llmspell.whoami()
RETURNS TABLE (role name, session_role name, superuser boolean, bypassrls boolean, row_security boolean,
               tenant text, tenant_source text, hint text)
LANGUAGE sql STABLE
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
COMMENT ON FUNCTION llmspell.whoami() IS 'Why do I see no rows, or all tenants? One row: the role, the one that logged in, superuser, BYPASSRLS, row_security, the tenant in force, where it came from (transaction, session, connection option, role, database, server), and a hint where something stands in the way. Example: SELECT * FROM llmspell.whoami();';

-- The tables that hold tenants' rows: the schema's own and event months, wherever, not their partitioned
-- parents. fk_depth is 0 for tables that nothing refers to: deleting in its order breaks no foreign key.
CREATE OR REPLACE FUNCTION llmspell_internal._tenant_tables() RETURNS TABLE (relation regclass, component text, fk_depth int)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    WITH RECURSIVE t AS (
        SELECT c.oid, c.relname, c.relispartition,
            NOT c.relispartition AND (c.relnamespace <> 'llmspell'::regnamespace OR c.oid IN (SELECT k.relation FROM _event_log_detached() k)) AS is_kept
        FROM pg_class c
        WHERE (c.relnamespace = 'llmspell'::regnamespace OR c.oid IN (SELECT p.relid FROM pg_partition_tree('llmspell.event_log') p)
               OR c.relnamespace = 'llmspell_archive'::regnamespace AND c.relowner = 'llmspell_owner'::regrole)
          AND c.relkind = 'r'
          AND EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    ), depth AS (
        SELECT t.oid, 0 AS n FROM t
        UNION
        SELECT k.confrelid, d.n + 1 FROM depth d JOIN pg_constraint k ON k.conrelid = d.oid
        WHERE k.contype = 'f' AND k.confrelid <> k.conrelid AND d.n < 32
    )
    SELECT t.oid::regclass,
        CASE WHEN t.is_kept THEN NULL
             WHEN t.relispartition THEN (SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = t.oid)
             ELSE t.relname::text END,
        max(d.n)
    FROM t JOIN depth d ON d.oid = t.oid
    GROUP BY t.oid, t.relname, t.relispartition, t.is_kept
$$;
COMMENT ON FUNCTION llmspell_internal._tenant_tables() IS 'Every table with tenants'' rows, the component it belongs to (NULL for months that are detached or archived), and its depth in the order of foreign keys.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_tables() TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_tables() TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._rows_of(relation regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE WHEN c.relnamespace IN ('llmspell'::regnamespace, 'llmspell_archive'::regnamespace) THEN format('%s WHERE', c.oid::regclass)
                ELSE format('llmspell.event_log WHERE tableoid = %s AND', c.oid) END
    FROM pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION llmspell_internal._rows_of(regclass) IS 'How the rows of a table of _tenant_tables() are reached, up to its first condition: a month in another schema may belong to anybody, and is reached through the log.';
GRANT EXECUTE ON FUNCTION llmspell_internal._rows_of(regclass) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._count_rows(relation regclass, tenant text) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_count bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s tenant_id = $1', _rows_of(relation)) INTO v_count USING tenant;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._count_rows(regclass, text) IS 'Rows of a tenant in a table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._count_rows(regclass, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.status() RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows jsonb;
    v_tables jsonb;
BEGIN
    -- Counted through the partitioned parent: the months are closed to the app role.
    SELECT jsonb_object_agg(c.component, _count_rows(format('llmspell.%I', c.component)::regclass, v_tenant) ORDER BY c.component)
    INTO v_rows
    FROM (SELECT DISTINCT t.component FROM _tenant_tables() t WHERE t.component IS NOT NULL
          UNION SELECT 'event_log') AS c
    WHERE has_table_privilege(format('llmspell.%I', c.component), 'SELECT');
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
COMMENT ON FUNCTION llmspell.status() IS 'One JSON object: tenant, rows (own rows by table), versions (library, extension, postgresql, pgvector, vchord, pgcrypto, migration; null where not installed), settings, and for llmspell_admin tables (bytes and estimated rows over all tenants; else null). Error: 42501 no tenant. Example: SELECT jsonb_pretty(llmspell.status());';
