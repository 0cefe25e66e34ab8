-- Copies a database of the guide, whose schema has been renamed to guide_old, into the tables of the
-- extension: all or nothing, in one transaction. The steps around it are in migration.md.
--
--   psql -X -d DATABASE -f docs/migrate_from_guide.sql
--
-- Run it as a superuser: anybody else would see no rows on either side.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL search_path = pg_catalog;
SET LOCAL timezone = 'UTC';
SET LOCAL row_security = off;
-- With the line above: this is a restore, so triggers leave the rows as they were.
SET LOCAL check_function_bodies = off;
-- Old events need their months.
SET LOCAL llmspell.event_log_months_back = 1200;
SET LOCAL llmspell.event_log_months_ahead = 1200;

-- Parents before children.
CREATE TEMP TABLE migrated_table (position int PRIMARY KEY, name text NOT NULL, old_rows bigint, new_rows bigint) ON COMMIT DROP;
INSERT INTO pg_temp.migrated_table (position, name)
SELECT t.position, t.name FROM unnest(ARRAY[
    'test_data', 'vector_embeddings_384', 'vector_embeddings_768', 'vector_embeddings_1536', 'vector_embeddings_3072',
    'entities', 'relationships', 'procedural_patterns', 'agent_states', 'kv_store', 'workflow_states',
    'sessions', 'artifact_content', 'artifacts', 'event_log', 'hook_history', 'api_keys']) WITH ORDINALITY AS t (name, position);

\echo 'Checking'
DO $check$
DECLARE
    v_table text;
    v_count bigint;
    v_version int;
    v_faults text := '';
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'run this as a superuser';
    END IF;
    IF to_regclass('guide_old.refinery_schema_history') IS NOT NULL THEN
        SELECT max(version) INTO v_version FROM guide_old.refinery_schema_history;
        IF v_version IS DISTINCT FROM 15 THEN
            RAISE EXCEPTION 'guide_old is at migration %, not 15', v_version;
        END IF;
    END IF;
    FOR v_table IN SELECT name FROM pg_temp.migrated_table ORDER BY position LOOP
        -- No writer changes what is being copied.
        EXECUTE format('LOCK TABLE guide_old.%I IN SHARE MODE', v_table);
        EXECUTE format('SELECT count(*) FROM (SELECT FROM llmspell.%I LIMIT 1) AS r', v_table) INTO v_count;
        IF v_count > 0 THEN
            v_faults := v_faults || format(E'\nllmspell.%s is not empty', v_table);
        END IF;
        EXECUTE format('SELECT count(*) FROM guide_old.%I WHERE tenant_id = '''' OR tenant_id ~ ''[[:cntrl:]]''', v_table) INTO v_count;
        IF v_count > 0 THEN
            v_faults := v_faults || format(E'\nguide_old.%s has %s rows whose tenant_id is empty or has control characters', v_table, v_count);
        END IF;
    END LOOP;
    SELECT count(*) INTO v_count FROM guide_old.kv_store WHERE octet_length(value) > 134217728;
    IF v_count > 0 THEN
        v_faults := v_faults || format(E'\nguide_old.kv_store has %s values of more than 128 MiB', v_count);
    END IF;
    FOR v_table IN VALUES ('entity'), ('relationship') LOOP
        EXECUTE format($sql$
            SELECT count(*) FROM guide_old.%2$I a
            WHERE a.transaction_time_end = 'infinity' AND EXISTS (
                SELECT FROM guide_old.%2$I b
                WHERE b.tenant_id = a.tenant_id AND b.%1$I = a.%1$I AND b.transaction_time_end = 'infinity'
                  AND b.transaction_time_start > a.transaction_time_start
                  AND b.valid_time_start < a.valid_time_end AND b.valid_time_end > a.valid_time_start)
            $sql$, v_table || '_id', CASE v_table WHEN 'entity' THEN 'entities' ELSE 'relationships' END) INTO v_count;
        IF v_count > 0 THEN
            v_faults := v_faults || format(E'\n%s current versions of one %s hold at the same time as a later one', v_count, v_table);
        END IF;
    END LOOP;
    IF v_faults <> '' THEN
        RAISE EXCEPTION 'nothing is copied:%', v_faults USING HINT = 'docs/migration.md has a statement for each.';
    END IF;
END
$check$;

\echo 'Making the months of the event log'
SELECT llmspell.create_event_log_partition(m.first AT TIME ZONE 'UTC', (m.first + interval '1 month') AT TIME ZONE 'UTC') AS month
FROM (SELECT DISTINCT date_trunc('month', timestamp AT TIME ZONE 'UTC') AS first FROM guide_old.event_log) AS m
ORDER BY m.first;

\echo 'Copying'
DO $copy$
DECLARE
    v_table record;
    v_columns text;
    v_index record;
BEGIN
    FOR v_table IN SELECT * FROM pg_temp.migrated_table ORDER BY position LOOP
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO v_columns
        FROM pg_attribute a
        WHERE a.attrelid = format('guide_old.%I', v_table.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
        -- A vector index is built in a fraction of the time when the rows are there already.
        SELECT c.oid::regclass::text AS name, pg_get_indexdef(c.oid) AS definition, obj_description(c.oid) AS comment INTO v_index
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
        WHERE i.indrelid = format('llmspell.%I', v_table.name)::regclass AND m.amname = 'hnsw';
        IF v_index.name IS NOT NULL THEN
            EXECUTE format('DROP INDEX %s', v_index.name);
        END IF;
        EXECUTE format('INSERT INTO llmspell.%1$I (%2$s) SELECT %2$s FROM guide_old.%1$I', v_table.name, v_columns);
        IF v_index.definition IS NOT NULL THEN
            EXECUTE v_index.definition;
            EXECUTE format('COMMENT ON INDEX %s IS %L', v_index.name, v_index.comment);
        END IF;
        EXECUTE format('UPDATE pg_temp.migrated_table SET old_rows = (SELECT count(*) FROM guide_old.%1$I),
            new_rows = (SELECT count(*) FROM llmspell.%1$I) WHERE name = %1$L', v_table.name);
        RAISE NOTICE '%: % rows', v_table.name, (SELECT new_rows FROM pg_temp.migrated_table WHERE name = v_table.name);
    END LOOP;
END
$copy$;
SELECT llmspell.ensure_future_event_log_partitions() AS months;

\echo 'Checking the result'
DO $verify$
DECLARE
    v_faults text;
BEGIN
    SELECT string_agg(fault, E'\n') INTO v_faults FROM (
        SELECT format('%s: %s rows before, %s after', name, old_rows, new_rows)
        FROM pg_temp.migrated_table WHERE old_rows IS DISTINCT FROM new_rows
        UNION ALL
        SELECT format('artifact_content of tenant %s, %s: reference_count %s, artifacts %s', c.tenant_id, c.content_hash, c.reference_count, a.n)
        FROM llmspell.artifact_content c CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM llmspell.artifacts a WHERE a.tenant_id = c.tenant_id AND a.content_hash = c.content_hash) AS a
        WHERE c.reference_count <> 1 + a.n
        UNION ALL
        SELECT format('session %s of tenant %s: artifact_count %s, artifacts %s', s.session_id, s.tenant_id, s.artifact_count, a.n)
        FROM llmspell.sessions s CROSS JOIN LATERAL (
            SELECT count(*) AS n FROM llmspell.artifacts a WHERE a.tenant_id = s.tenant_id AND a.session_id = s.session_id) AS a
        WHERE s.artifact_count <> a.n
    ) AS f (fault);
    IF v_faults IS NOT NULL THEN
        RAISE EXCEPTION E'nothing is copied:\n%', v_faults;
    END IF;
END
$verify$;
SELECT name AS table, new_rows AS rows FROM pg_temp.migrated_table ORDER BY position;
SELECT count(*) AS contents_in_large_objects FROM llmspell.artifact_content WHERE storage_type = 'large_object';
COMMIT;
ANALYZE;
