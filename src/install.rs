//! The order in which the files of `sql/install` enter the install script: as sorted by name.
//! pgrx orders only what `requires` connects, so every file names its predecessor; the first one
//! after the bootstrap also names the functions that later files evaluate while they are created.

use pgrx::extension_sql_file;

extension_sql_file!("../sql/install/00_schema.sql", name = "i00_schema", bootstrap);
extension_sql_file!(
    "../sql/install/05_common.sql",
    name = "i05_common",
    requires = [
        tenancy::sql::current_tenant,
        tenancy::sql::_require_tenant,
        tenancy::sql::_required,
        tenancy::sql::_tenant_source,
        tenancy::sql::tenant_set,
        tenancy::sql::tenant_clear,
        tenancy::sql::_check_scope,
        text::sql::_prefix_end,
        text::sql::_max_rows,
        text::sql::_short_text,
        artifacts::sql::blake3,
        artifacts::sql::blake3_keyed,
        artifacts::sql::compress,
        artifacts::sql::decompress,
        artifacts::sql::artifact_get,
        artifacts::sql::artifact_get_by_hash,
        artifacts::sql::artifact_get_range,
        artifacts::sql::_artifact_store,
        artifacts::sql::_artifact_read,
        artifacts::sql::_artifact_hash,
        artifacts::sql::_artifact_manifest,
        artifacts::sql::_artifact_manifest_fault,
        artifacts::sql::_artifact_chunk_fault,
        artifacts::sql::_artifact_max_bytes,
        events::sql::_event_dedup_window,
        events::sql::_event_micros,
        events::sql::_event_id,
        events::sql::event_append,
        events::sql::_event_glob,
        events::sql::_event_log_has,
        events::sql::_event_log_window,
        events::sql::_feed_cluster,
        events::sql::_feed_epoch,
        events::sql::_feed_pos,
        hooks::sql::_hook_pack,
        hooks::sql::_hook_unpack,
        introspection::sql::version,
        kv::sql::_kv_check,
        json::sql::_json_check,
        json::sql::_json_checksum,
        pack::sql::_text_pack,
        pack::sql::_text_unpack,
        storage::sql::_storage_route,
        vectors::sql::vector_search,
        vectors::sql::vector_explain,
        vectors::sql::_vector_from_halves,
        vectors::sql::_fusion_score,
        vectors::sql::_fusion_order,
        vectors::sql::_fusion_diversify,
        vectors::sql::_vector_break_even,
        vectors::sql::_vector_check_k,
        vectors::sql::_vector_spaces_changed
    ]
);
extension_sql_file!("../sql/install/10_tenancy.sql", name = "i10_tenancy", requires = ["i05_common"]);
extension_sql_file!("../sql/install/15_leakproof.sql", name = "i15_leakproof", requires = ["i10_tenancy"]);
extension_sql_file!("../sql/install/20_kv.sql", name = "i20_kv", requires = ["i15_leakproof"]);
extension_sql_file!("../sql/install/25_agent_states.sql", name = "i25_agent_states", requires = ["i20_kv"]);
extension_sql_file!(
    "../sql/install/30_workflow_states.sql",
    name = "i30_workflow_states",
    requires = ["i25_agent_states"]
);
extension_sql_file!(
    "../sql/install/35_sessions.sql",
    name = "i35_sessions",
    requires = ["i30_workflow_states"]
);
extension_sql_file!("../sql/install/40_patterns.sql", name = "i40_patterns", requires = ["i35_sessions"]);
extension_sql_file!("../sql/install/43_storage.sql", name = "i43_storage", requires = ["i40_patterns"]);
extension_sql_file!("../sql/install/45_vectors.sql", name = "i45_vectors", requires = ["i43_storage"]);
extension_sql_file!(
    "../sql/install/46_vector_writes.sql",
    name = "i46_vector_writes",
    requires = ["i45_vectors"]
);
extension_sql_file!(
    "../sql/install/47_vector_search.sql",
    name = "i47_vector_search",
    requires = ["i46_vector_writes"]
);
extension_sql_file!(
    "../sql/install/48_vector_indexes.sql",
    name = "i48_vector_indexes",
    requires = ["i47_vector_search"]
);
extension_sql_file!(
    "../sql/install/48_vector_measures.sql",
    name = "i48_vector_measures",
    requires = ["i48_vector_indexes"]
);
extension_sql_file!(
    "../sql/install/49_episodes.sql",
    name = "i49_episodes",
    requires = ["i48_vector_measures"]
);
extension_sql_file!("../sql/install/50_graph.sql", name = "i50_graph", requires = ["i49_episodes"]);
extension_sql_file!(
    "../sql/install/51_graph_writes.sql",
    name = "i51_graph_writes",
    requires = ["i50_graph"]
);
extension_sql_file!(
    "../sql/install/52_graph_reads.sql",
    name = "i52_graph_reads",
    requires = ["i51_graph_writes"]
);
extension_sql_file!(
    "../sql/install/55_artifacts.sql",
    name = "i55_artifacts",
    requires = ["i52_graph_reads"]
);
extension_sql_file!(
    "../sql/install/56_artifacts_store.sql",
    name = "i56_artifacts_store",
    requires = ["i55_artifacts"]
);
extension_sql_file!(
    "../sql/install/57_artifacts_collect.sql",
    name = "i57_artifacts_collect",
    requires = ["i56_artifacts_store"]
);
extension_sql_file!(
    "../sql/install/58_artifacts_read.sql",
    name = "i58_artifacts_read",
    requires = ["i57_artifacts_collect"]
);
extension_sql_file!(
    "../sql/install/59_artifacts_verify.sql",
    name = "i59_artifacts_verify",
    requires = ["i58_artifacts_read"]
);
extension_sql_file!("../sql/install/60_events.sql", name = "i60_events", requires = ["i59_artifacts_verify"]);
extension_sql_file!(
    "../sql/install/61_events_write.sql",
    name = "i61_events_write",
    requires = ["i60_events"]
);
extension_sql_file!(
    "../sql/install/62_events_read.sql",
    name = "i62_events_read",
    requires = ["i61_events_write"]
);
extension_sql_file!(
    "../sql/install/63_events_feed.sql",
    name = "i63_events_feed",
    requires = ["i62_events_read"]
);
extension_sql_file!(
    "../sql/install/64_events_retention.sql",
    name = "i64_events_retention",
    requires = ["i63_events_feed"]
);
extension_sql_file!("../sql/install/65_hooks.sql", name = "i65_hooks", requires = ["i64_events_retention"]);
extension_sql_file!("../sql/install/70_secrets.sql", name = "i70_secrets", requires = ["i65_hooks"]);
extension_sql_file!(
    "../sql/install/75_compatibility.sql",
    name = "i75_compatibility",
    requires = ["i70_secrets"]
);
extension_sql_file!(
    "../sql/install/80_introspection.sql",
    name = "i80_introspection",
    requires = ["i75_compatibility"]
);
extension_sql_file!("../sql/install/82_verify.sql", name = "i82_verify", requires = ["i80_introspection"]);
extension_sql_file!("../sql/install/85_tenants.sql", name = "i85_tenants", requires = ["i82_verify"]);
extension_sql_file!(
    "../sql/install/87_maintenance.sql",
    name = "i87_maintenance",
    requires = ["i85_tenants"]
);
extension_sql_file!("../sql/install/88_health.sql", name = "i88_health", requires = ["i87_maintenance"]);
extension_sql_file!("../sql/install/90_security.sql", name = "i90_security", finalize);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_file_is_listed_in_order_after_its_predecessor() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/install");
        let mut files: Vec<String> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let blocks: Vec<&str> = include_str!("install.rs").split("\nextension_sql_file!(").skip(1).collect();
        assert_eq!(files.len(), blocks.len());
        for (i, (file, block)) in files.iter().zip(&blocks).enumerate() {
            let name = |file: &str| format!("\"i{}\"", file.trim_end_matches(".sql"));
            assert!(block.contains(&format!("\"../sql/install/{file}\"")), "{file} is not number {i}");
            assert!(block.contains(&format!("name = {}", name(file))), "{file} has another name");
            let first_or_last = i <= 1 || i == files.len() - 1;
            assert!(
                first_or_last || block.contains(&format!("requires = [{}", name(&files[i - 1]))),
                "{file}"
            );
        }
    }
}
