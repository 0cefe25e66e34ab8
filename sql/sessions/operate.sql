CREATE OR REPLACE FUNCTION llmspell_internal._session_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('sessions'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'expires_at, status'),
           ('session_retention', 'DELETE, INSERT, SELECT, UPDATE', NULL, NULL, 'keep')
$$;
COMMENT ON FUNCTION llmspell_internal._session_table_rules() IS 'Maintenance finds the tenants that have sessions to expire or to delete.';

CREATE OR REPLACE FUNCTION llmspell_internal._session_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('sessions', 20, 'SELECT s.expired + s.deleted FROM session_sweep($1) s',
        'SELECT s.tenant_id FROM sessions s WHERE s.expires_at <= statement_timestamp() AND s.status <> ''expired''
         UNION ALL
         SELECT r.tenant_id FROM session_retention r
         WHERE EXISTS (SELECT FROM sessions s WHERE s.tenant_id = r.tenant_id AND s.expires_at <= statement_timestamp() - r.keep AND s.status = ''expired'')')
$$;
COMMENT ON FUNCTION llmspell_internal._session_tasks() IS 'Marks sessions as expired, and deletes those that the tenant no longer keeps.';

COMMENT ON TRIGGER sessions_insert ON llmspell.sessions IS 'Restore: the counts start at 0, and are counted again as the artifacts come.';
COMMENT ON TRIGGER sessions_restore ON llmspell.sessions IS 'Restore: waits until no other table of the family is being loaded.';
