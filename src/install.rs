//! The order in which the files of `sql/install` enter the install script: as sorted by name.
//! pgrx orders only what `requires` connects, so every file names its predecessor; the first one
//! after the bootstrap also names the functions that later files evaluate while they are created.

use pgrx::extension_sql_file;

extension_sql_file!("../sql/install/00_schema.sql", name = "i00_schema", bootstrap);
extension_sql_file!("../sql/install/05_common.sql", name = "i05_common", requires = [tenancy::sql::current_tenant, tenancy::sql::_require_tenant, tenancy::sql::_tenant_source, tenancy::sql::tenant_set, tenancy::sql::tenant_clear, tenancy::sql::_check_scope, text::sql::_prefix_end, text::sql::_max_rows, events::sql::_event_log_window, introspection::sql::version]);
extension_sql_file!("../sql/install/10_tenancy.sql", name = "i10_tenancy", requires = ["i05_common"]);
extension_sql_file!("../sql/install/15_leakproof.sql", name = "i15_leakproof", requires = ["i10_tenancy"]);
extension_sql_file!("../sql/install/20_kv.sql", name = "i20_kv", requires = ["i15_leakproof"]);
extension_sql_file!("../sql/install/25_agent_states.sql", name = "i25_agent_states", requires = ["i20_kv"]);
extension_sql_file!("../sql/install/30_workflow_states.sql", name = "i30_workflow_states", requires = ["i25_agent_states"]);
extension_sql_file!("../sql/install/35_sessions.sql", name = "i35_sessions", requires = ["i30_workflow_states"]);
extension_sql_file!("../sql/install/40_patterns.sql", name = "i40_patterns", requires = ["i35_sessions"]);
extension_sql_file!("../sql/install/45_vectors.sql", name = "i45_vectors", requires = ["i40_patterns"]);
extension_sql_file!("../sql/install/50_graph.sql", name = "i50_graph", requires = ["i45_vectors"]);
extension_sql_file!("../sql/install/55_artifacts.sql", name = "i55_artifacts", requires = ["i50_graph"]);
extension_sql_file!("../sql/install/60_events.sql", name = "i60_events", requires = ["i55_artifacts"]);
extension_sql_file!("../sql/install/65_hooks.sql", name = "i65_hooks", requires = ["i60_events"]);
extension_sql_file!("../sql/install/70_secrets.sql", name = "i70_secrets", requires = ["i65_hooks"]);
extension_sql_file!("../sql/install/75_compatibility.sql", name = "i75_compatibility", requires = ["i70_secrets"]);
extension_sql_file!("../sql/install/80_introspection.sql", name = "i80_introspection", requires = ["i75_compatibility"]);
extension_sql_file!("../sql/install/82_verify.sql", name = "i82_verify", requires = ["i80_introspection"]);
extension_sql_file!("../sql/install/85_tenants.sql", name = "i85_tenants", requires = ["i82_verify"]);
extension_sql_file!("../sql/install/90_security.sql", name = "i90_security", finalize);
