CREATE OR REPLACE FUNCTION llmspell_internal._item_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('items'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'expires_at') $$;
COMMENT ON FUNCTION llmspell_internal._item_table_rules() IS 'Maintenance finds the tenants that have expired items.';

CREATE OR REPLACE FUNCTION llmspell_internal._item_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('items', 32, 'SELECT item_sweep($1)', 'SELECT i.tenant_id FROM items i WHERE i.expires_at <= statement_timestamp()') $$;
COMMENT ON FUNCTION llmspell_internal._item_tasks() IS 'Deletes expired items.';

CREATE OR REPLACE FUNCTION llmspell_internal._item_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'items', _item_cursor(i.namespace, i.key), f.fault FROM items i
    CROSS JOIN LATERAL (
        SELECT 'its words are missing' AS fault WHERE i.content IS NOT NULL AND i.fts IS NULL
        UNION ALL
        SELECT 'its embeddings have several dimensions' WHERE (SELECT count(DISTINCT @extschema:vector@.vector_dims(e)) FROM unnest(i.embeddings) AS e) > 1
    ) AS f
    WHERE i.tenant_id = _item_faults.tenant
$$;
COMMENT ON FUNCTION llmspell_internal._item_faults(text) IS 'Items that searches cannot find as they should.';
GRANT EXECUTE ON FUNCTION llmspell_internal._item_faults(text) TO llmspell_app;
