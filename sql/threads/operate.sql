CREATE OR REPLACE FUNCTION llmspell_internal._thread_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('thread_garbage'::regclass, 'DELETE, INSERT, SELECT, UPDATE', NULL::text, NULL::boolean, 'family_id') $$;
COMMENT ON FUNCTION llmspell_internal._thread_table_rules() IS 'Maintenance finds the tenants that have unused blobs.';

CREATE OR REPLACE FUNCTION llmspell_internal._thread_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('threads', 49, 'SELECT g.families FROM thread_gc($1) g', 'SELECT g.tenant_id FROM thread_garbage g') $$;
COMMENT ON FUNCTION llmspell_internal._thread_tasks() IS 'Deletes unused values of channels.';

CREATE OR REPLACE FUNCTION llmspell_internal._thread_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'threads', format('%s/%s/%s', r.thread_id, r.namespace, r.checkpoint_id), format('needs blob %s, which is missing', r.blob_id)
    FROM (SELECT c.thread_id, c.namespace, c.checkpoint_id, t.family_id, u.blob_id
          FROM thread_checkpoints c LEFT JOIN threads t ON t.tenant_id = tenant AND t.thread_id = c.thread_id CROSS JOIN LATERAL unnest(c.blob_ids) AS u (blob_id)
          WHERE c.tenant_id = tenant
          UNION ALL
          SELECT w.thread_id, w.namespace, w.checkpoint_id, t.family_id, w.blob_id
          FROM thread_writes w LEFT JOIN threads t ON t.tenant_id = tenant AND t.thread_id = w.thread_id
          WHERE w.tenant_id = tenant AND w.blob_id IS NOT NULL) AS r
    WHERE NOT EXISTS (SELECT FROM thread_blobs b WHERE b.tenant_id = tenant AND b.family_id = r.family_id AND b.blob_id = r.blob_id)
    UNION ALL
    SELECT 'threads', b.blob_id::text, format('is packed beside blob %s, which is missing', b.base_id)
    FROM thread_blobs b
    WHERE b.tenant_id = tenant AND b.base_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM thread_blobs o WHERE o.tenant_id = tenant AND o.family_id = b.family_id AND o.blob_id = b.base_id AND o.step < b.step)
    UNION ALL
    SELECT 'threads', coalesce(t.thread_id, m.thread_id), format('has %s messages up to position %s, and counts %s', m.messages, m.last, coalesce(t.message_count, 0))
    FROM (SELECT t.thread_id, t.message_count FROM threads t WHERE t.tenant_id = tenant) AS t
    FULL JOIN (SELECT m.thread_id, count(*) AS messages, max(m.sequence) AS last FROM thread_messages m WHERE m.tenant_id = tenant GROUP BY m.thread_id) AS m
        ON m.thread_id = t.thread_id
    WHERE (coalesce(m.messages, 0), coalesce(m.last, 0)) IS DISTINCT FROM (t.message_count, t.message_count)
$$;
COMMENT ON FUNCTION llmspell_internal._thread_faults(text) IS 'Values that cannot be read, and messages whose positions have gaps.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_faults(text) TO llmspell_app;
