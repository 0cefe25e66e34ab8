-- The tenant in force, and the wall around a table.

-- The wall: the one definition of row security, for every table of the schema that has a tenant_id
-- column, for its months, and for users' own tables through protect_table.
CREATE OR REPLACE FUNCTION llmspell_internal._wall_policies()
RETURNS TABLE (name name, command text, polcmd "char", permissive boolean, has_using boolean, has_check boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES
        ('tenant_isolation_select'::name, 'SELECT', 'r'::"char", true, true, false),
        ('tenant_isolation_insert', 'INSERT', 'a', true, false, true),
        ('tenant_isolation_update', 'UPDATE', 'w', true, true, true),
        ('tenant_isolation_delete', 'DELETE', 'd', true, true, false),
        -- Holds whatever permissive policy somebody adds later.
        ('tenant_wall', 'ALL', '*', false, true, true)
$$;
COMMENT ON FUNCTION llmspell_internal._wall_policies() IS 'Returns the policies of the wall: one for each command, and a restrictive one over them.';
GRANT EXECUTE ON FUNCTION llmspell_internal._wall_policies() TO llmspell_app;

-- The policies call current_tenant() directly, not in a sub-select: the planner then knows how large
-- the tenant is, and Citus refuses sub-selects in policies.
CREATE OR REPLACE FUNCTION llmspell_internal._wall_build(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_rule constant text := '(tenant_id = llmspell.current_tenant())';
    v_policy record;
BEGIN
    IF NOT EXISTS (SELECT FROM _wall_faults(target)) THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
    FOR v_policy IN SELECT * FROM _wall_policies() LOOP
        IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = target AND p.polname = v_policy.name) THEN
            EXECUTE format('DROP POLICY %I ON %s', v_policy.name, target);
        END IF;
        EXECUTE format('CREATE POLICY %I ON %s AS %s FOR %s %s %s', v_policy.name, target,
            CASE WHEN v_policy.permissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, v_policy.command,
            CASE WHEN v_policy.has_using THEN 'USING ' || v_rule END,
            CASE WHEN v_policy.has_check THEN 'WITH CHECK ' || v_rule END);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._wall_build(regclass) IS 'Gives a table with a tenant_id column forced row level security and the policies of the wall, where they are missing.';
GRANT EXECUTE ON FUNCTION llmspell_internal._wall_build(regclass) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._wall_faults(target regclass) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT f.fault
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT 'row level security is not enabled' WHERE NOT c.relrowsecurity
        UNION ALL
        SELECT 'row level security is not forced' WHERE NOT c.relforcerowsecurity
        UNION ALL
        SELECT format('policy %s is missing or altered', w.name)
        FROM _wall_policies() w
        WHERE NOT EXISTS (
            SELECT FROM pg_policy p
            WHERE p.polrelid = c.oid AND p.polname = w.name
              AND p.polcmd = w.polcmd AND p.polpermissive = w.permissive AND p.polroles = '{0}'
              AND _is_wall_rule(pg_get_expr(p.polqual, p.polrelid)) IS NOT DISTINCT FROM CASE WHEN w.has_using THEN true END
              AND _is_wall_rule(pg_get_expr(p.polwithcheck, p.polrelid)) IS NOT DISTINCT FROM CASE WHEN w.has_check THEN true END)
    ) AS f (fault)
    WHERE c.oid = _wall_faults.target
$$;
COMMENT ON FUNCTION llmspell_internal._wall_faults(regclass) IS 'Returns what is missing of the wall on a table; no row where it is complete.';
GRANT EXECUTE ON FUNCTION llmspell_internal._wall_faults(regclass) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._is_wall_rule(expression text) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- varchar columns come back as (tenant_id)::text
    SELECT replace(replace(replace(expression, '(tenant_id)::text', 'tenant_id'), '(', ''), ')', '')
        IN ('tenant_id = llmspell.current_tenant', 'tenant_id = current_tenant')
$$;
COMMENT ON FUNCTION llmspell_internal._is_wall_rule(text) IS 'Returns whether a policy expression is the rule of the wall, tenant_id = llmspell.current_tenant().';
GRANT EXECUTE ON FUNCTION llmspell_internal._is_wall_rule(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tenant_given(value anyelement, argument text) RETURNS anyelement
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_tenant_given_wrapper';
COMMENT ON FUNCTION llmspell_internal._tenant_given(anyelement, text) IS 'Returns an argument unchanged, as _given does, after a look whether a tenant is set.
Errors: 42501 no tenant, 22004 null.';
GRANT EXECUTE ON FUNCTION llmspell_internal._tenant_given(anyelement, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.protect_table(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_column record;
    v_part regclass;
BEGIN
    PERFORM _given(target, 'target');
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = target AND relkind IN ('r', 'p')) THEN
        RAISE EXCEPTION '"%" is not a table', target USING ERRCODE = 'wrong_object_type',
            HINT = 'Row level security exists for ordinary and partitioned tables only.';
    END IF;
    IF EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE i.inhparent = target AND c.relkind = 'r') THEN
        RAISE EXCEPTION '"%" has tables that inherit from it', target USING ERRCODE = 'wrong_object_type',
            HINT = 'They have rows of their own, which a policy of their parent does not hold: take the inheritance away, or use partitions.';
    END IF;
    SELECT a.attnotnull, t.typname, coalesce(l.collisdeterministic, true) AS deterministic INTO v_column
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE a.attrelid = target AND a.attname = 'tenant_id' AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" has no column tenant_id', target USING ERRCODE = 'undefined_column',
            HINT = format('Run: ALTER TABLE %s ADD COLUMN tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> '''');', target);
    END IF;
    IF v_column.typname NOT IN ('text', 'varchar') OR NOT v_column.attnotnull OR NOT v_column.deterministic THEN
        RAISE EXCEPTION 'column tenant_id of "%" must be text or varchar, NOT NULL, with a deterministic collation', target
            USING ERRCODE = 'invalid_table_definition',
                  HINT = format('Run: ALTER TABLE %s ALTER COLUMN tenant_id TYPE varchar(255) COLLATE "C", ALTER COLUMN tenant_id SET NOT NULL;', target);
    END IF;
    -- A policy of a partitioned table does not hold for a statement that names a partition.
    FOR v_part IN SELECT relid FROM pg_partition_tree(target) UNION SELECT target LOOP
        PERFORM _wall_build(v_part);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.protect_table(regclass) IS 'Puts the wall around a table of your own with a column tenant_id, and around each partition that it has now.
Errors: 22004 null, 42703 no such column, 42P16 column of another shape, 42809 not a table, or others inherit from it, 42501 not the owner.
Example: SELECT llmspell.protect_table(''public.notes'');';
GRANT EXECUTE ON FUNCTION llmspell.protect_table(regclass) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.current_tenant() RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'current_tenant_wrapper';
COMMENT ON FUNCTION llmspell.current_tenant() IS 'Returns the tenant in force (app.current_tenant_id), NULL where none is set.
Example: SELECT llmspell.current_tenant();';

CREATE OR REPLACE FUNCTION llmspell_internal._require_tenant() RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_require_tenant_wrapper';
COMMENT ON FUNCTION llmspell_internal._require_tenant() IS 'Returns the tenant in force.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._require_tenant() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.tenant_set(tenant text, is_local boolean DEFAULT true) RETURNS text
LANGUAGE c VOLATILE
AS 'MODULE_PATHNAME', 'tenant_set_wrapper';
COMMENT ON FUNCTION llmspell.tenant_set(text, boolean) IS 'Sets the tenant for the transaction, or for the session (is_local => false), and returns it.
Errors: 22004 null, 22023 empty, longer than 255 characters, or with control characters.
Example: BEGIN; SELECT llmspell.tenant_set(''acme''); … COMMIT;';

CREATE OR REPLACE FUNCTION llmspell.tenant_clear() RETURNS void
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', 'tenant_clear_wrapper';
COMMENT ON FUNCTION llmspell.tenant_clear() IS 'Clears the tenant for the session.
Example: SELECT llmspell.tenant_clear();';

CREATE OR REPLACE FUNCTION llmspell_internal._check_scope(scope text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_check_scope_wrapper';
COMMENT ON FUNCTION llmspell_internal._check_scope(text) IS 'Returns a scope unchanged: global, or agent:, custom:, hook:, session:, tool:, user: or workflow: and an id.
Errors: 22004 null, 22023 any other form, over 255 characters, control characters.';
GRANT EXECUTE ON FUNCTION llmspell_internal._check_scope(text) TO llmspell_app;
