CREATE OR REPLACE FUNCTION llmspell.backend_type() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT 'postgresql' $$;
COMMENT ON FUNCTION llmspell.backend_type() IS 'Returns the kind of backend, for clients that know several: postgresql.
Example: SELECT llmspell.backend_type();';

CREATE OR REPLACE FUNCTION llmspell.characteristics() RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT jsonb_build_object('persistent', true, 'transactional', true, 'prefix_scan', true,
        'atomic_ops', true, 'multi_tenant', true, 'versions', true)
$$;
COMMENT ON FUNCTION llmspell.characteristics() IS 'Returns the abilities of the backend as a JSON object of booleans.
Example: SELECT llmspell.characteristics();';

CREATE OR REPLACE FUNCTION llmspell.migration_version() RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT coalesce(max(version), 0) FROM refinery_schema_history $$;
COMMENT ON FUNCTION llmspell.migration_version() IS 'Returns the number of the newest migration whose work is done: 15.
Example: SELECT llmspell.migration_version();';
