-- Finds what the domains register, and the tables that hold tenants' rows.

CREATE OR REPLACE FUNCTION llmspell_internal._registered(row_type regtype, argument_count int DEFAULT 0) RETURNS SETOF regproc
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Only superusers can create a function in that schema. Maintenance asks at each step: OFFSET 0 keeps one look-up for each
    -- function that depends on the type, whatever the statistics of the catalog.
    SELECT p.oid::regproc
    FROM (SELECT d.classid, d.objid FROM pg_depend d WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid = row_type OFFSET 0) d
    CROSS JOIN LATERAL (SELECT p.* FROM pg_proc p WHERE p.oid = d.objid OFFSET 0) p
    WHERE d.classid = 'pg_proc'::regclass AND p.pronamespace = 'llmspell_internal'::regnamespace
      AND p.prorettype = row_type AND p.pronargs = argument_count
    ORDER BY p.proname COLLATE "C"
$$;
COMMENT ON FUNCTION llmspell_internal._registered(regtype, integer) IS 'The functions that a domain registered, by the type of row that they return.';
GRANT EXECUTE ON FUNCTION llmspell_internal._registered(regtype, integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._schemas() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT d.objid FROM pg_depend o JOIN pg_depend d USING (classid, refclassid, refobjid, deptype)
    WHERE o.classid = 'pg_namespace'::regclass AND o.objid = 'llmspell'::regnamespace AND o.refclassid = 'pg_extension'::regclass AND o.deptype = 'e'
$$;
COMMENT ON FUNCTION llmspell_internal._schemas() IS 'The schemas of the extension.';
GRANT EXECUTE ON FUNCTION llmspell_internal._schemas() TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._schemas() TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._partitions() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT p.relid FROM pg_partitioned_table t JOIN pg_class c ON c.oid = t.partrelid CROSS JOIN LATERAL pg_partition_tree(c.oid) p
    WHERE c.relnamespace = 'llmspell'::regnamespace
$$;
COMMENT ON FUNCTION llmspell_internal._partitions() IS 'The partitioned tables of schema llmspell, and their partitions in any schema.';
GRANT EXECUTE ON FUNCTION llmspell_internal._partitions() TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._partitions() TO llmspell_tenants;

-- As the owner, who may call what the domains registered, so that a rule needs no grants.
CREATE OR REPLACE FUNCTION llmspell_internal._table_rules()
RETURNS TABLE (relation regclass, app_rights text, dump text, is_listed boolean, due_columns text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_table_rule') AS f LOOP
        RETURN QUERY EXECUTE format('SELECT r.relation, r.app_rights, coalesce(r.dump, ''''), coalesce(r.is_listed, true), r.due_columns FROM %s() r', v_function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._table_rules() IS 'How tables differ from the ordinary one, by the rules of all domains.';
GRANT EXECUTE ON FUNCTION llmspell_internal._table_rules() TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._table_rules() TO llmspell_tenants;

-- The tables that hold tenants' rows: those of the schemas, and partitions in any schema, but not their partitioned
-- parents. fk_depth is 0 for tables that nothing refers to: deleting in its order breaks no foreign key.
CREATE OR REPLACE FUNCTION llmspell_internal._tenant_tables() RETURNS TABLE (relation regclass, component text, fk_depth int)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    WITH RECURSIVE t AS (
        SELECT c.oid, c.relname, c.relispartition,
            NOT c.relispartition AND (c.relnamespace <> 'llmspell'::regnamespace OR c.oid IN (SELECT r.relation FROM _table_rules() r WHERE NOT r.is_listed)) AS is_kept
        FROM pg_class c
        WHERE (c.relnamespace = 'llmspell'::regnamespace OR c.oid IN (SELECT p FROM _partitions() AS p)
               OR c.relnamespace IN (SELECT s FROM _schemas() AS s) AND c.relowner = 'llmspell_owner'::regrole)
          AND c.relkind = 'r' AND c.relpersistence = 'p'
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
COMMENT ON FUNCTION llmspell_internal._tenant_tables() IS 'Every table with tenants'' rows; component: NULL where tenant_list() does not look; fk_depth: order of foreign keys.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_tables() TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_tables() TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._rows_of(relation regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- A partition in another schema may belong to anybody.
    SELECT CASE WHEN c.relnamespace IN (SELECT s FROM _schemas() AS s) THEN format('%s WHERE', c.oid::regclass)
                ELSE format('%s WHERE tableoid = %s AND', i.inhparent::regclass, c.oid) END
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.oid = relation
$$;
COMMENT ON FUNCTION llmspell_internal._rows_of(regclass) IS 'The text after FROM that reaches the rows of a table of _tenant_tables(), up to the first condition.';
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
COMMENT ON FUNCTION llmspell_internal._count_rows(regclass, text) IS 'The number of rows that a tenant has in a table.';
GRANT EXECUTE ON FUNCTION llmspell_internal._count_rows(regclass, text) TO llmspell_app;
