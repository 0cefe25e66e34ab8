-- Every column of every row is what it was, counts are what they should be.
DO $$
DECLARE
  v_table text;
  v_columns text;
  v_count bigint;
BEGIN
  FOR v_table IN SELECT relname FROM pg_class WHERE relnamespace = 'guide_old'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'refinery_schema_history' LOOP
    SELECT string_agg(quote_ident(attname), ', ') INTO v_columns FROM pg_attribute
    WHERE attrelid = format('guide_old.%I', v_table)::regclass AND attnum > 0
      AND attname NOT IN ('reference_count', 'artifact_count', 'storage_type', 'data', 'large_object_oid');
    EXECUTE format('SELECT count(*) FROM ((SELECT %2$s FROM guide_old.%1$I EXCEPT ALL SELECT %2$s FROM llmspell.%1$I)
      UNION ALL (SELECT %2$s FROM llmspell.%1$I EXCEPT ALL SELECT %2$s FROM guide_old.%1$I)) AS d', v_table, v_columns) INTO v_count;
    ASSERT v_count = 0, format('%s: %s rows differ', v_table, v_count);
  END LOOP;
  ASSERT (SELECT count(*) = 17 FROM pg_class WHERE relnamespace = 'guide_old'::regnamespace AND relkind IN ('r', 'p')
    AND NOT relispartition AND relname <> 'refinery_schema_history'), 'a table is missing';
  ASSERT (SELECT count(*) FROM llmspell.event_log_2023_11) > 0 AND (SELECT count(*) FROM llmspell.event_log_2023_12) > 0, 'months';
  ASSERT (SELECT reference_count FROM llmspell.artifact_content WHERE tenant_id = 'acme' AND content_hash = encode(sha256('1'), 'hex')) = 3, 'count';
  ASSERT NOT EXISTS (SELECT FROM llmspell.verify() WHERE component <> 'isolation'), 'verify';
END
$$;
DROP SCHEMA guide_old CASCADE;
DROP EXTENSION llmspell;
