-- Owners, row security, grants and dump registration of everything, by one function that the install
-- and every upgrade script call last, and that mends what somebody changed when it is called later.

-- Inside an extension script a GRANT records all rights of the table in pg_init_privs, a user's own too, and pg_dump then
-- omits the user's: so the recorded rights are restored afterwards.
CREATE OR REPLACE FUNCTION llmspell_internal._grant_maintain(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_owner constant oid := (SELECT relowner FROM pg_class WHERE oid = target);
    v_theirs constant oid[] := ARRAY(
        SELECT a.grantee FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = target
        UNION SELECT a.grantee FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE t.attrelid = target
        EXCEPT SELECT oid FROM pg_roles WHERE oid = v_owner OR rolname IN ('llmspell_app', 'llmspell_admin', 'llmspell_tenants', 'llmspell_worker'));
    v_table aclitem[];
    v_columns int[];
    v_column_rights text[];
BEGIN
    -- The owner calls it outside of scripts.
    IF v_theirs = '{}' OR current_user = 'llmspell_owner' THEN
        EXECUTE format('GRANT MAINTAIN ON %s TO llmspell_admin', target);
        RETURN;
    END IF;
    SELECT initprivs INTO v_table FROM pg_init_privs WHERE classoid = 'pg_class'::regclass AND objoid = target AND objsubid = 0;
    SELECT array_agg(objsubid ORDER BY objsubid), array_agg(initprivs::text ORDER BY objsubid) INTO v_columns, v_column_rights
    FROM pg_init_privs WHERE classoid = 'pg_class'::regclass AND objoid = target AND objsubid > 0;
    EXECUTE format('GRANT MAINTAIN ON %s TO llmspell_admin', target);
    PERFORM set_config('allow_system_table_mods', 'on', true);
    UPDATE pg_init_privs SET initprivs = v_table || makeaclitem('llmspell_admin'::regrole, v_owner, 'MAINTAIN', false)
    WHERE classoid = 'pg_class'::regclass AND objoid = target AND objsubid = 0;
    DELETE FROM pg_init_privs
    WHERE classoid = 'pg_class'::regclass AND objoid = target AND objsubid > 0 AND NOT objsubid = ANY (coalesce(v_columns, '{}'));
    UPDATE pg_init_privs i SET initprivs = c.rights::aclitem[]
    FROM unnest(v_columns, v_column_rights) AS c (number, rights)
    WHERE i.classoid = 'pg_class'::regclass AND i.objoid = target AND i.objsubid = c.number;
    DELETE FROM pg_shdepend
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = 'pg_class'::regclass AND objid = target
      AND deptype = 'i' AND refobjid = ANY (v_theirs);
    PERFORM set_config('allow_system_table_mods', 'off', true);
END
$$;
COMMENT ON FUNCTION llmspell_internal._grant_maintain(regclass) IS 'Grants MAINTAIN on a table to llmspell_admin, and keeps the grants of users out of pg_init_privs.';

-- EXPLAIN shows anybody estimates that the server draws from the rows of all tenants, and a histogram holds values of theirs:
-- a search by halves finds them. Plans need none of what is only stored, and of a key how many there are: a target of 1 keeps
-- two values in place of a hundred. They do need the figures of the tenant, and of kinds that rows are found by.
CREATE OR REPLACE FUNCTION llmspell_internal._statistics_hide(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_changes text;
    v_index record;
BEGIN
    SELECT string_agg(format('ALTER COLUMN %I SET STATISTICS %s', a.attname, w.figures), ', ' ORDER BY a.attnum) INTO v_changes
    FROM pg_attribute a
    CROSS JOIN LATERAL (SELECT CASE
        WHEN a.atttypid IN ('jsonb'::regtype, 'bytea'::regtype, 'text[]'::regtype, 'tsvector'::regtype) OR a.attname IN ('content', 'title', 'label', 'checkpoint_label', 'reason', 'failure_reason', 'last_error', 'created_by',
                           'erased_by', 'task_path', 'checksum') THEN 0
        WHEN a.attname IN ('namespace', 'key', 'value', 'name', 'subject', 'agent_id', 'workflow_id', 'workflow_name', 'consumer', 'stream', 'source_id', 'content_hash', 'artifact_id', 'parent_artifact_id',
                           'idempotency_key', 'hook_id', 'component_id', 'text_id', 'thread_id', 'checkpoint_id', 'parent_id', 'run_id', 'message_id', 'task_id', 'channel', 'entity_hash', 'key_id',
                           'rotated_from') THEN 1 END AS figures) AS w
    WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget IS DISTINCT FROM w.figures AND w.figures IS NOT NULL;
    IF v_changes IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %s %s', target, v_changes);
    END IF;
    -- What an index computes of them has figures of its own.
    FOR v_index IN
        SELECT i.indexrelid::regclass AS name, a.attnum
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND i.indkey[a.attnum - 1] = 0
        WHERE i.indrelid = target AND a.attstattarget IS DISTINCT FROM 1
    LOOP
        EXECUTE format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS 1', v_index.name, v_index.attnum);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._statistics_hide(regclass) IS 'Keeps the planner from figures of a table that plans do not need and whose values EXPLAIN would let others find.';

-- A table is ordinary unless a rule says otherwise: rows of tenants, which llmspell_app reads and writes under the wall, and
-- which a dump takes along. A name that begins with _ is for functions alone. Columns of a rule:
--   app_rights   rights of llmspell_app, in alphabetical order; NULL for none
--   dump         condition of the rows that a dump takes along; NULL for all
--   is_listed    false: tenant_list() does not look here
--   due_columns  columns, besides tenant_id, by which maintenance and workers find the tenants that have work
CREATE OR REPLACE FUNCTION llmspell_internal._table_secure(target regclass, rules llmspell_internal._table_rule[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_ours constant oid[] := ARRAY[0, 'llmspell_app'::regrole, 'llmspell_admin'::regrole, 'llmspell_tenants'::regrole, 'llmspell_worker'::regrole]::oid[];
    v_has_tenant constant boolean := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = target AND a.attname = 'tenant_id' AND NOT a.attisdropped);
    v_rule llmspell_internal._table_rule;
    v_table record;
    v_app_rights text;
    v_rights text;
    v_columns text[] := '{}';
    v_column text;
BEGIN
    SELECT * INTO v_rule FROM unnest(coalesce(rules, ARRAY(SELECT r::llmspell_internal._table_rule FROM _table_rules() r))) r WHERE r.relation = target;
    SELECT c.relname, c.relacl, c.relispartition INTO v_table FROM pg_class c WHERE c.oid = target;
    IF NOT v_has_tenant AND v_rule.relation IS NULL THEN
        RAISE EXCEPTION 'table % has no tenant_id and no rule', target
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Add the column, or a row for the table to the function of its domain that returns llmspell_internal._table_rule.';
    END IF;
    EXECUTE format('ALTER TABLE %s OWNER TO llmspell_owner', target);
    IF v_has_tenant THEN
        PERFORM _wall_build(target), _statistics_hide(target);
    END IF;
    IF v_rule.relation IS NOT NULL THEN
        v_app_rights := v_rule.app_rights;
    ELSIF NOT v_table.relispartition AND v_table.relname NOT LIKE '\_%' THEN
        v_app_rights := 'DELETE, INSERT, SELECT, UPDATE';
    END IF;
    -- Partitions are read through their parent.
    IF v_has_tenant AND NOT v_table.relispartition AND v_rule.is_listed IS DISTINCT FROM false THEN
        v_columns := ARRAY['tenant_id'] || coalesce(string_to_array(v_rule.due_columns, ', '), '{}');
    END IF;
    SELECT string_agg(r.right_text, ', ' ORDER BY r.right_text) INTO v_rights
    FROM (SELECT a.privilege_type AS right_text FROM aclexplode(v_table.relacl) a WHERE a.grantee = 'llmspell_app'::regrole
          UNION ALL
          SELECT format('%s (%s)', a.privilege_type, string_agg(t.attname, ', ' ORDER BY t.attnum))
          FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a
          WHERE t.attrelid = target AND a.grantee = 'llmspell_app'::regrole GROUP BY a.privilege_type) AS r;
    -- Only where something differs, for the reason given above.
    IF v_rights IS DISTINCT FROM v_app_rights
        OR EXISTS (SELECT FROM aclexplode(v_table.relacl) a
                   WHERE a.grantee = ANY (v_ours) AND a.grantee <> 'llmspell_app'::regrole
                     AND (a.grantee <> 'llmspell_admin'::regrole OR a.privilege_type <> 'MAINTAIN'))
        OR EXISTS (SELECT FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a
                   WHERE t.attrelid = target AND a.grantee = 'llmspell_tenants'::regrole AND t.attname <> ALL (v_columns))
    THEN
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, llmspell_app, llmspell_admin, llmspell_tenants, llmspell_worker', target);
        IF v_app_rights IS NOT NULL THEN
            EXECUTE format('GRANT %s ON %s TO llmspell_app', v_app_rights, target);
        END IF;
    END IF;
    IF NOT has_table_privilege('llmspell_admin', target, 'MAINTAIN') THEN
        PERFORM _grant_maintain(target);
    END IF;
    FOREACH v_column IN ARRAY v_columns LOOP
        IF NOT has_column_privilege('llmspell_tenants', target, v_column, 'SELECT') THEN
            EXECUTE format('GRANT SELECT (%I) ON %s TO llmspell_tenants', v_column, target);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._table_secure(regclass, llmspell_internal._table_rule[]) IS 'Gives a table its owner, its wall where it has tenants, and its grants.
Errors: 55000 a table without tenant_id that no rule names.';

CREATE OR REPLACE FUNCTION llmspell_internal._apply_security(in_script boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_schema constant oid := 'llmspell'::regnamespace;
    v_rules constant llmspell_internal._table_rule[] := ARRAY(SELECT r::llmspell_internal._table_rule FROM _table_rules() r);
    -- Internal functions that run as their owner and that llmspell_app may call, each looked at by a person.
    v_reviewed constant text[] := ARRAY['_artifact_collect', '_artifact_collectable_objects', '_artifact_data_faults', '_artifact_forget_object', '_artifact_rechunk', '_artifact_structure_faults', '_event_claim', '_event_log_cover', '_feed_end', '_feed_epoch_claim', '_index_faults', '_table_rules', '_vector_indexes'];
    v_relation record;
    v_function record;
BEGIN
    FOR v_relation IN
        SELECT c.oid, c.relkind, c.relname, c.relacl, c.relpersistence, c.oid::regclass AS name,
            EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS is_member
        FROM pg_class c
        WHERE c.relnamespace = v_schema AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        ORDER BY c.relname
    LOOP
        IF v_relation.relkind = 'v' AND v_relation.relname LIKE 'health\_%' THEN
            EXECUTE format('ALTER VIEW %s OWNER TO llmspell_owner', v_relation.name);
            IF v_relation.relacl IS NULL OR NOT has_table_privilege('llmspell_admin', v_relation.oid, 'SELECT') THEN
                EXECUTE format('GRANT SELECT ON %s TO llmspell_admin', v_relation.name);
            END IF;
            CONTINUE;
        END IF;
        IF v_relation.relkind NOT IN ('r', 'p') THEN
            RAISE EXCEPTION 'relation % is of kind "%", which this schema does not have', v_relation.name, v_relation.relkind
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        PERFORM _table_secure(v_relation.oid, v_rules);
        -- An unlogged table is not for keeping, and cannot be read on a standby.
        IF in_script AND v_relation.is_member AND v_relation.relkind = 'r' AND v_relation.relpersistence = 'p' THEN
            PERFORM pg_extension_config_dump(v_relation.oid, coalesce((SELECT r.dump FROM unnest(v_rules) r WHERE r.relation = v_relation.oid), ''));
        END IF;
    END LOOP;

    -- PUBLIC gets nothing; what a function grants to llmspell_app or llmspell_admin stands under it, and a public
    -- name that grants nothing is for llmspell_app. Later, what the script granted is in pg_init_privs.
    FOR v_function IN
        SELECT p.oid::regprocedure AS signature, p.proname::text, p.prosecdef, p.pronamespace <> v_schema AS is_internal,
            p.proowner = 'llmspell_tenants'::regrole AS is_over_wall,
            EXISTS (SELECT FROM aclexplode(g.acl) a WHERE a.grantee = 'llmspell_app'::regrole) AS for_app,
            EXISTS (SELECT FROM aclexplode(g.acl) a WHERE a.grantee = 'llmspell_admin'::regrole) AS for_admin,
            EXISTS (SELECT FROM aclexplode(g.acl) a WHERE a.grantee = 'llmspell_tenants'::regrole) AS for_tenants,
            EXISTS (SELECT FROM aclexplode(g.acl) a WHERE a.grantee = 'llmspell_worker'::regrole) AS for_worker
        FROM pg_proc p
        LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid AND NOT in_script
        CROSS JOIN LATERAL (SELECT coalesce(i.initprivs, p.proacl) AS acl) AS g
        WHERE p.pronamespace IN (v_schema, 'llmspell_internal'::regnamespace)
    LOOP
        IF v_function.for_app AND v_function.is_internal AND v_function.prosecdef AND v_function.proname <> ALL (v_reviewed) THEN
            RAISE EXCEPTION 'function % runs as its owner, is granted to llmspell_app and has not been reviewed', v_function.signature
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'Look at what a caller can make it do, then add it to the list in _apply_security().';
        END IF;
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, llmspell_app, llmspell_admin, llmspell_tenants, llmspell_worker', v_function.signature);
        -- The owner runs what policies, triggers and definer functions call, but does not see over the wall.
        IF v_function.is_over_wall THEN
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM llmspell_owner', v_function.signature);
        ELSE
            IF v_function.prosecdef THEN
                EXECUTE format('ALTER FUNCTION %s OWNER TO llmspell_owner', v_function.signature);
            END IF;
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_owner', v_function.signature);
        END IF;
        IF v_function.for_tenants THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_tenants', v_function.signature);
        END IF;
        IF v_function.for_worker THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_worker', v_function.signature);
        END IF;
        IF v_function.for_admin THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_admin', v_function.signature);
        ELSIF v_function.for_app OR NOT v_function.is_internal THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_app', v_function.signature);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._apply_security(boolean) IS 'Sets owner, wall and grants of tables, owner and grants of functions; in_script: also what a dump takes along.
Errors: 55000 a table without tenant_id and rule, or a definer function granted to llmspell_app that is not reviewed.';

SELECT llmspell_internal._apply_security(in_script => true);

DELETE FROM llmspell._index_ledger;
INSERT INTO llmspell._index_ledger (index_name, definition)
SELECT index_name, definition FROM llmspell_internal._index_definitions();
