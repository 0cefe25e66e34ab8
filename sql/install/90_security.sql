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
CREATE FUNCTION llmspell._grant_maintain(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
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
COMMENT ON FUNCTION llmspell._grant_maintain(regclass) IS 'Grants MAINTAIN on a table to llmspell_admin, and keeps what others were granted out of what the extension brings along.';

CREATE FUNCTION llmspell._table_secure(target regclass, app_rights text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
DECLARE
    v_ours constant oid[] := ARRAY[0, 'llmspell_app'::regrole, 'llmspell_admin'::regrole, 'llmspell_tenants'::regrole]::oid[];
    v_has_tenant constant boolean := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = target AND a.attname = 'tenant_id' AND NOT a.attisdropped);
    v_is_kept constant boolean := target IN (SELECT k.relation FROM _event_log_kept() k);
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
COMMENT ON FUNCTION llmspell._table_secure(regclass, text) IS 'Gives a table its owner, its wall where it has tenants, and its grants; app_rights: those of llmspell_app, in alphabetical order, NULL for none.';

CREATE FUNCTION llmspell._apply_security(register_dump boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
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
    -- Functions for llmspell_admin: they make or drop tables, or show or change other tenants.
    v_admin constant text[] := ARRAY['protect_table', '_wall_build', 'tenant_list', 'tenant_stats', 'tenant_erase', '_tenants', '_tenant_check',
        'vector_space_create', 'vector_index_ensure', 'vector_tenant_promote', 'vector_tenant_demote',
        '_vector_index_choose', '_vector_index_make', '_vector_index_ensure', '_vector_tenant_promote', '_vector_tenant_record', '_vector_tenant_drop', 'vector_calibrate', 'vector_recall_audit',
        '_vector_calibrate', '_vector_calibration_store', '_vector_recall_audit', '_vector_samples', '_vector_own',
        'event_log_retention_set', 'event_log_partitions', 'event_log_archive', 'event_log_attach', 'cleanup_old_event_log_partitions', '_event_log_retain',
        'maintenance_step', 'maintenance_run', 'maintenance_status', '_maintenance_next', '_maintenance_record', '_maintain_tenants', '_maintain_index',
        '_maintain_vector_indexes', '_maintain_statistics', 'health_check', '_health_sessions', '_health_statements', '_health_connections', '_feed_blocker'];
    -- Internal functions that run with the rights of llmspell_app; all others are the owner's alone.
    v_helpers constant text[] := ARRAY[
        '_require_tenant', '_required', '_tenant_source', '_check_scope', '_prefix_end', '_max_rows', '_short_text', '_raise_conflict',
        '_kv_check', '_check_expected', '_raise_missing', '_expiry', '_is_restoring', '_json_check', '_json_checksum', '_text_pack', '_text_unpack',
        '_agent_state_list', '_agent_state_at', '_agent_state_restore', '_workflow_list', '_session_create', '_session_list', '_patterns_learned',
        '_agent_state_unpack', '_agent_state_keep', '_agent_state_prunable', '_workflow_is_terminal', '_workflow_status',
        '_workflow_check_transition', '_workflow_lock_claim', '_session_status', '_pattern_check', '_storage_route',
        '_storage_json', '_storage_set_session', '_extension', '_tenant_tables', '_rows_of', '_count_rows', '_wall_faults', '_wall_policies', '_is_wall_rule',
        '_vector_space', '_vector_check_space', '_vector_check_nonzero', '_vector_language', '_vector_from_halves', '_vector_delete', '_vector_stats',
        '_vector_halves', '_vector_index_defaults', '_vector_index_wanted', '_vector_indexes', '_vector_index_prefix', '_vector_index_in_force', '_vector_check_k', '_vector_break_even',
        '_words_query', '_fusion_check', '_fusion_score', '_fusion_order',
        '_fusion_diversify', '_fused', '_hybrid_search', '_episode_add', '_episode_faults', '_episodes_by_session', '_episode_search', '_episodes_unprocessed',
        '_graph_lock', '_graph_write_many', '_entity_erase', '_graph_copies', '_graph_at', '_entity_timeline', '_entity_knowledge', '_entities_find',
        '_json_diff', '_graph_change', '_graph_diff', '_graph_by_source',
        '_artifact_size_check', '_artifact_max_bytes', '_artifact_read', '_artifact_legacy', '_artifact_check_parts', '_artifact_manifest', '_artifact_manifest_fault', '_artifact_list',
        '_artifact_collect', '_artifact_collectable_objects', '_artifact_forget_object', '_artifact_unlink', '_artifact_rechunk', '_artifact_is_hash', '_artifact_uncompressed',
        '_artifact_structure_faults', '_artifact_data_faults', '_artifact_object_faults',
        '_security_faults', '_index_faults', '_tenant_faults', '_event_log_month', '_event_log_months', '_event_log_kept',
        '_event_log_month_indexes', '_event_log_month_faults', '_event_log_has', '_event_log_cover', '_event_dedup_window', '_event_claim',
        '_event_known', '_event_id', '_event_micros', '_event_bad', '_events_insert', '_event_page', '_event_glob', '_event_get', '_events_by_correlation',
        '_feed_cluster', '_feed_epoch', '_feed_epoch_claim', '_feed_pos', '_feed_end', '_feed_cursor', '_event_consumer',
        '_hook_pack', '_hook_unpack', '_hook_context', '_hook_record', '_hook_get', '_hooks_by_correlation', '_hooks_by_hook', '_hooks_by_type',
        '_retention_before', '_retention_keep', '_jsonb_contains', '_ts_match', '_text_array_contains'];
    v_relation record;
    v_wanted text;
    v_function record;
BEGIN
    FOR v_relation IN
        SELECT c.oid, c.relname, c.relkind, c.relispartition, c.relacl, c.oid::regclass AS name,
            EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS has_tenant,
            EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS is_member,
            c.oid IN (SELECT k.relation FROM _event_log_kept() k) AS is_kept
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

    FOR v_function IN
        SELECT p.oid::regprocedure AS signature, p.proname::text, p.prosecdef, p.prokind
        FROM pg_proc p WHERE p.pronamespace = v_schema
    LOOP
        IF v_function.proname = '_tenants' THEN
            EXECUTE format('ALTER FUNCTION %s OWNER TO llmspell_tenants', v_function.signature);
        ELSIF v_function.prosecdef THEN
            EXECUTE format('ALTER FUNCTION %s OWNER TO llmspell_owner', v_function.signature);
        END IF;
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, llmspell_app, llmspell_admin', v_function.signature);
        -- The owner runs what policies, triggers and definer functions call, but does not see over the wall.
        IF v_function.proname = '_tenants' THEN
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM llmspell_owner', v_function.signature);
        ELSE
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_owner', v_function.signature);
        END IF;
        IF v_function.proname = ANY (v_admin) THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_admin', v_function.signature);
        ELSIF v_function.proname NOT LIKE '\_%' OR v_function.proname = ANY (v_helpers) THEN
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO llmspell_app', v_function.signature);
        END IF;
    END LOOP;
    GRANT EXECUTE ON FUNCTION llmspell._tenant_tables(), llmspell._event_log_kept(), llmspell._event_log_month(date) TO llmspell_tenants;
END
$$;
COMMENT ON FUNCTION llmspell._apply_security(boolean) IS 'Sets owner, wall and grants of every table of the schema (members, months, vector spaces) and owner and grants of every function. A table without tenant_id that is not listed as shared raises 55000. register_dump: also tell pg_dump to take the rows of members along; only inside an extension script.';

SELECT llmspell._apply_security(register_dump => true);

INSERT INTO llmspell._index_ledger (index_name, definition)
SELECT index_name, definition FROM llmspell._index_definitions();
