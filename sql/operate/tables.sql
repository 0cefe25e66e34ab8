-- Self-checks.

-- What the install made, for verify() to compare with; filled at the end of the install script.
CREATE TABLE llmspell._index_ledger (
    index_name name PRIMARY KEY,
    definition text NOT NULL
);
COMMENT ON TABLE llmspell._index_ledger IS 'The indexes that this version of the extension has, as pg_get_indexdef gives them.';
COMMENT ON COLUMN llmspell._index_ledger.index_name IS 'Name of the index.';
COMMENT ON COLUMN llmspell._index_ledger.definition IS 'Its definition.';-- Maintenance: one bounded step after the other, by pg_cron or by the background worker. For llmspell_admin.
--
-- A round goes through the tasks in order. What is different for each tenant runs with that tenant set, through
-- the ordinary functions, under the wall. Taking months away comes last: it locks readers of the event log
-- out until the transaction ends.

CREATE TABLE llmspell._maintenance (
    task text PRIMARY KEY,
    place int NOT NULL,
    is_pending boolean NOT NULL DEFAULT false,
    progress text NOT NULL DEFAULT '',
    last_run timestamptz,
    last_detail text,
    last_error text,
    last_error_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE llmspell._maintenance IS 'What maintenance has to do in the round that is under way, and what it did last.';
COMMENT ON COLUMN llmspell._maintenance.task IS 'Name of the task.';
COMMENT ON COLUMN llmspell._maintenance.place IS 'Its place in a round.';
COMMENT ON COLUMN llmspell._maintenance.is_pending IS 'Whether it is still to do in this round.';
COMMENT ON COLUMN llmspell._maintenance.progress IS 'Which tenant or table it did last; empty at its beginning.';
COMMENT ON COLUMN llmspell._maintenance.last_run IS 'When a step of it last ended.';
COMMENT ON COLUMN llmspell._maintenance.last_detail IS 'What that step did.';
COMMENT ON COLUMN llmspell._maintenance.last_error IS 'Its last error.';
COMMENT ON COLUMN llmspell._maintenance.last_error_at IS 'When that was.';
