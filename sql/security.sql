-- Owners, row security, grants and dump registration of everything, by one function that the install
-- and every upgrade script call last.
--
-- Triggers that fire during a restore (BEFORE or AFTER INSERT), by design: sessions_insert and
-- artifact_content_insert start the counts, artifacts_count_insert counts up (artifacts_restore_count
-- in its place while restoring), artifact_content_queue does nothing then; workflow_states_write, the …_words of each vector table and episodes_words leave it as it is, the …_episode of the tables of
-- episodes' vectors look at nothing; vector_…_changed tell sessions; sessions_restore, artifact_content_restore, artifacts_restore and
-- artifacts_restore_end see to the order.

-- A GRANT inside an extension script makes all rights of the table, a user's own too, those that the
-- extension brings along, and a dump would leave the user's out: so what it brings along is put right after it.
CREATE OR REPLACE FUNCTION llmspell_internal._grant_maintain(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_owner constant oid := (SELECT relowner FROM pg_class WHERE oid = target);
    v_theirs constant oid[] := ARRAY(
        SELECT a.grantee FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = target
        UNION SELECT a.grantee FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a WHERE t.attrelid = target
        EXCEPT SELECT oid FROM pg_roles WHERE oid = v_owner OR rolname IN ('llmspell_app', 'llmspell_admin', 'llmspell_tenants'));
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
COMMENT ON FUNCTION llmspell_internal._grant_maintain(regclass) IS 'Grants MAINTAIN on a table to llmspell_admin, and keeps what others were granted out of what the extension brings along.';

CREATE OR REPLACE FUNCTION llmspell_internal._table_secure(target regclass, app_rights text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_ours constant oid[] := ARRAY[0, 'llmspell_app'::regrole, 'llmspell_admin'::regrole, 'llmspell_tenants'::regrole]::oid[];
    v_has_tenant constant boolean := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = target AND a.attname = 'tenant_id' AND NOT a.attisdropped);
    v_is_kept constant boolean := target IN (SELECT k.relation FROM _event_log_detached() k);
    v_table record;
    v_rights text;
BEGIN
    EXECUTE format('ALTER TABLE %s OWNER TO llmspell_owner', target);
    IF v_has_tenant THEN
        PERFORM _wall_build(target);
    END IF;
    SELECT c.relacl, c.relispartition INTO v_table FROM pg_class c WHERE c.oid = target;
    SELECT string_agg(r.right_text, ', ' ORDER BY r.right_text) INTO v_rights
    FROM (SELECT a.privilege_type AS right_text FROM aclexplode(v_table.relacl) a WHERE a.grantee = 'llmspell_app'::regrole
          UNION ALL
          SELECT format('%s (%s)', a.privilege_type, string_agg(t.attname, ', ' ORDER BY t.attnum))
          FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) a
          WHERE t.attrelid = target AND a.grantee = 'llmspell_app'::regrole GROUP BY a.privilege_type) AS r;
    -- Only where something differs: a GRANT inside an extension script makes all rights of the table, a
    -- user's own too, those that the extension brings along, and a dump would leave the user's out.
    IF v_rights IS DISTINCT FROM app_rights
        OR EXISTS (SELECT FROM aclexplode(v_table.relacl) a
                   WHERE a.grantee = ANY (v_ours) AND a.grantee <> 'llmspell_app'::regrole
                     AND (a.grantee <> 'llmspell_admin'::regrole OR a.privilege_type <> 'MAINTAIN'))
    THEN
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, llmspell_app, llmspell_admin, llmspell_tenants', target);
        IF app_rights IS NOT NULL THEN
            EXECUTE format('GRANT %s ON %s TO llmspell_app', app_rights, target);
        END IF;
    END IF;
    IF NOT has_table_privilege('llmspell_admin', target, 'MAINTAIN') THEN
        PERFORM _grant_maintain(target);
    END IF;
    IF v_has_tenant AND NOT v_table.relispartition AND NOT v_is_kept AND NOT has_column_privilege('llmspell_tenants', target, 'tenant_id', 'SELECT') THEN
        EXECUTE format('GRANT SELECT (tenant_id) ON %s TO llmspell_tenants', target);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._table_secure(regclass, text) IS 'Gives a table its owner, its wall where it has tenants, and its grants; app_rights: those of llmspell_app, in alphabetical order, NULL for none.';

CREATE OR REPLACE FUNCTION llmspell_internal._apply_security(register_dump boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_schema constant oid := 'llmspell'::regnamespace;
    -- Tables without tenants, by name: who may read them, and which rows a dump takes along.
    v_shared constant jsonb := '{
        "refinery_schema_history": {"app": "SELECT", "dump": "WHERE version > 15"},
        "vector_spaces":           {"app": "SELECT", "dump": "WHERE NOT builtin"},
        "vector_index_config":     {"app": "SELECT"},
        "vector_calibrations":     {"app": "SELECT (space, exact_us, ann_us, exact_rows, efs, recalls, calibrated_at)"},
        "_index_ledger":           {"dump": "WHERE false"},
        "_feed_epochs":            {},
        "_event_log_retention":    {},
        "_maintenance":            {"dump": "WHERE false"}
    }';
    -- Tables that functions alone write, and what llmspell_app may do with them itself.
    v_internal constant jsonb := '{"artifact_chunk": "SELECT", "artifact_upload": null, "artifact_gc_queue": null, "artifact_turn": null, "vector_tenant_indexes": "SELECT"}';
    -- Internal functions that run as their owner and that llmspell_app may call, each looked at by a person.
    v_reviewed constant text[] := ARRAY['_artifact_collect', '_artifact_collectable_objects', '_artifact_data_faults', '_artifact_forget_object', '_artifact_rechunk', '_artifact_structure_faults', '_event_log_cover', '_feed_end', '_feed_epoch_claim', '_index_faults', '_vector_indexes'];
    v_relation record;
    v_wanted text;
    v_function record;
BEGIN
    FOR v_relation IN
        SELECT c.oid, c.relname, c.relkind, c.relispartition, c.relacl, c.oid::regclass AS name,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS has_tenant,
            EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS is_member,
            c.oid IN (SELECT k.relation FROM _event_log_detached() k) AS is_kept
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
        IF NOT v_relation.has_tenant AND NOT v_shared ? v_relation.relname THEN
            RAISE EXCEPTION 'table % has no tenant_id and is not listed as shared', v_relation.name
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'Add the column, or add the table to the list in _apply_security().';
        END IF;
        -- Months are reached through event_log, and internal tables through functions.
        v_wanted := CASE
            WHEN NOT v_relation.has_tenant THEN v_shared -> v_relation.relname ->> 'app'
            WHEN v_internal ? v_relation.relname THEN v_internal ->> v_relation.relname
            WHEN NOT v_relation.relispartition AND NOT v_relation.is_kept AND v_relation.relname NOT LIKE '\_%' THEN 'DELETE, INSERT, SELECT, UPDATE'
        END;
        PERFORM _table_secure(v_relation.oid, v_wanted);
        IF register_dump AND v_relation.is_member AND v_relation.relkind = 'r' THEN
            PERFORM pg_extension_config_dump(v_relation.oid, coalesce(v_shared -> v_relation.relname ->> 'dump', ''));
        END IF;
    END LOOP;

    -- PUBLIC gets nothing; what a function grants to llmspell_app or llmspell_admin stands under it, and a public
    -- name that grants nothing is for llmspell_app.
    FOR v_function IN
        SELECT p.oid::regprocedure AS signature, p.proname::text, p.prosecdef, p.pronamespace <> v_schema AS is_internal,
            p.proowner = 'llmspell_tenants'::regrole AS is_over_wall,
            EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 'llmspell_app'::regrole) AS for_app,
            EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 'llmspell_admin'::regrole) AS for_admin
        FROM pg_proc p WHERE p.pronamespace IN (v_schema, 'llmspell_internal'::regnamespace)
    LOOP
        IF v_function.for_app AND v_function.is_internal AND v_function.prosecdef AND v_function.proname <> ALL (v_reviewed) THEN
            RAISE EXCEPTION 'function % runs as its owner, is granted to llmspell_app and has not been reviewed', v_function.signature
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'Look at what a caller can make it do, then add it to the list in _apply_security().';
        END IF;
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, llmspell_app, llmspell_admin', v_function.signature);
        -- The owner runs what policies, triggers and definer functions call, but does not see over the wall.
        IF v_function.is_over_wall THEN
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM llmspell_owner', v_function.signature);
        ELSE
            IF v_function.prosecdef THEN
                EXECUTE format('ALTER FUNCTION %s OWNER TO llmspell_owner', v_function.signature);
            END IF;
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_owner', v_function.signature);
        END IF;
        IF v_function.for_admin THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_admin', v_function.signature);
        ELSIF v_function.for_app OR NOT v_function.is_internal THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_app', v_function.signature);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._apply_security(boolean) IS 'Sets owner, wall and grants of every table of the schema (members, months, vector spaces) and owner and grants of every function. A table without tenant_id that is not listed as shared raises 55000. register_dump: also tell pg_dump to take the rows of members along; only inside an extension script.';

-- Months have the indexes of this version, also after an upgrade.
SELECT llmspell_internal._event_log_equip(m.relation) FROM llmspell_internal._event_log_months() m;

SELECT llmspell_internal._apply_security(register_dump => true);

DELETE FROM llmspell._index_ledger;
INSERT INTO llmspell._index_ledger (index_name, definition)
SELECT index_name, definition FROM llmspell_internal._index_definitions();
