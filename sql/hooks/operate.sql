CREATE OR REPLACE FUNCTION llmspell_internal._hook_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('hook_history'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'timestamp, retention_priority'),
           ('hook_retention', 'DELETE, INSERT, SELECT, UPDATE', NULL, NULL, 'keep, max_priority')
$$;
COMMENT ON FUNCTION llmspell_internal._hook_table_rules() IS 'Maintenance finds the tenants that have executions to delete.';

CREATE OR REPLACE FUNCTION llmspell_internal._hook_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('hooks', 40, 'SELECT hook_sweep($1)',
        'SELECT r.tenant_id FROM hook_retention r
         WHERE EXISTS (SELECT FROM hook_history h
                       WHERE h.tenant_id = r.tenant_id AND h.timestamp < now() - r.keep AND h.retention_priority <= r.max_priority)')
$$;
COMMENT ON FUNCTION llmspell_internal._hook_tasks() IS 'Deletes executions that the tenant no longer keeps.';
