-- The extension's own description of itself.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SELECT llmspell.version() = (llmspell_internal._extension()).extversion AS library_and_sql_agree, llmspell.backend_type(), llmspell.characteristics(), llmspell.migration_version();
SET app.current_tenant_id = 'intro';
SELECT version FROM llmspell.kv_set('k', 'v');
SELECT llmspell.status() #> '{rows,kv_store}' AS kv, llmspell.status() -> 'tenant' AS tenant, llmspell.status() -> 'tables' AS tables,
    ARRAY(SELECT jsonb_object_keys(llmspell.status() -> 'versions') ORDER BY 1) AS versions, llmspell.status() -> 'settings' AS settings;
BEGIN READ ONLY;
SELECT llmspell.status() #> '{rows,kv_store}' AS kv, count(*) FROM llmspell.kv_list();
SELECT convert_from(value, 'UTF8') FROM llmspell.kv_get('k');
COMMIT;
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = 'intro';
SELECT llmspell.status() -> 'tables' ? 'kv_store' AS admin_sees_tables;
RESET app.current_tenant_id;
SELECT s -> 'tenant' AS tenant, s -> 'rows' AS rows, s -> 'tables' ? 'kv_store' AS tables FROM llmspell.status() s;
SET app.current_tenant_id = 'intro';
SELECT llmspell.kv_delete_prefix('');
