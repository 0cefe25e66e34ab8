-- The contract: every table and column of the guide, and what is added.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\pset format unaligned
SELECT c.relname AS "table", string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN '' ELSE '?' END
    || coalesce(' = ' || pg_get_expr(d.adbin, d.adrelid), ''), ', ' ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition GROUP BY 1 ORDER BY 1;
SELECT conrelid::regclass AS "table", conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'llmspell'::regnamespace AND contype <> 'n' AND conparentid = 0
  AND conrelid NOT IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'llmspell.event_log'::regclass) ORDER BY conrelid::regclass::text COLLATE "C", conname;
SELECT * FROM llmspell._index_ledger ORDER BY index_name;
-- GIN: led by the tenant; those of words alone have a list of new rows, a short one
SELECT c.oid::regclass AS gin_otherwise FROM pg_class c JOIN pg_am m ON m.oid = c.relam AND m.amname = 'gin' JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
WHERE c.relnamespace = 'llmspell'::regnamespace AND (a.attname <> 'tenant_id' OR c.reloptions IS DISTINCT FROM
    CASE WHEN EXISTS (SELECT FROM pg_attribute w WHERE w.attrelid = c.oid AND w.attname = 'fts') THEN '{gin_pending_list_limit=64}' ELSE '{fastupdate=off}' END::text[]);
-- stored inline: the embedding, and with it the columns that the scan filters by
SELECT c.relname, a.attstorage, c.reloptions FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'embedding'
WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind = 'r' ORDER BY 1;
INSERT INTO llmspell.vector_embeddings_1536 (tenant_id, scope, embedding) SELECT 'tables', 'global', array_fill(random(), ARRAY[1536])::vector FROM generate_series(1, 20);
SELECT pg_relation_size(reltoastrelid) AS toasted FROM pg_class WHERE oid = 'llmspell.vector_embeddings_1536'::regclass;
DELETE FROM llmspell.vector_embeddings_1536 WHERE tenant_id = 'tables';
SELECT version, name, checksum FROM llmspell.refinery_schema_history ORDER BY 1;
