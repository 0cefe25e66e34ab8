-- Functions alone write these tables. The chunks may be read, as a client of the manifest's format would.
CREATE OR REPLACE FUNCTION llmspell_internal._artifact_table_rules() RETURNS SETOF llmspell_internal._table_rule
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('artifact_chunk'::regclass, 'SELECT', NULL::text, NULL::boolean, NULL),
           ('artifact_upload', NULL, NULL, NULL, 'expires_at'),
           ('artifact_gc_queue', NULL, NULL, NULL, 'zero_since'),
           ('artifact_turn', NULL, NULL, NULL, NULL)
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_table_rules() IS 'Tables that functions alone write.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_tasks() RETURNS SETOF llmspell_internal._task
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Late in a round: a session that stores artifacts of the tenant waits until the transaction ends.
    VALUES ('artifacts', 85, 'SELECT g.contents + g.uploads FROM artifact_gc($1) g',
        'SELECT u.tenant_id FROM artifact_upload u WHERE u.expires_at <= statement_timestamp()
         UNION ALL
         SELECT q.tenant_id FROM artifact_gc_queue q WHERE q.zero_since <= statement_timestamp() - interval ''10 minutes''')
$$;
COMMENT ON FUNCTION llmspell_internal._artifact_tasks() IS 'Deletes contents without artifacts, and expired uploads.';

CREATE OR REPLACE FUNCTION llmspell_internal._artifact_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT 'artifacts', v.object, format('%s: %s', v.code, v.detail) FROM artifact_verify() v $$;
COMMENT ON FUNCTION llmspell_internal._artifact_faults(text) IS 'Counts and manifests that contradict the rows.';
GRANT EXECUTE ON FUNCTION llmspell_internal._artifact_faults(text) TO llmspell_app;

COMMENT ON TRIGGER artifact_content_insert ON llmspell.artifact_content IS 'Restore: the count starts at 1, and is counted again as the artifacts come.';
COMMENT ON TRIGGER artifact_content_queue ON llmspell.artifact_content IS 'Restore: does nothing, since the queue is in the dump.';
COMMENT ON TRIGGER artifact_content_restore ON llmspell.artifact_content IS 'Restore: waits until no other table of the family is being loaded.';
COMMENT ON TRIGGER artifacts_count_insert ON llmspell.artifacts IS 'Restore: does nothing, artifacts_restore_count counts in its place.';
COMMENT ON TRIGGER artifacts_restore ON llmspell.artifacts IS 'Restore: waits its turn, and suspends foreign keys, since the parents may come later.';
COMMENT ON TRIGGER artifacts_restore_count ON llmspell.artifacts IS 'Restore: counts the artifacts.';
COMMENT ON TRIGGER artifacts_restore_end ON llmspell.artifacts IS 'Restore: enforces foreign keys again.';
