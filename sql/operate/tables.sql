-- Row types and tables of maintenance, verify() and security.sql.
--
-- A domain registers with them by functions of llmspell_internal, in sql/<domain>/operate.sql, which are found by the
-- type of row that they return: whoever adds one names it nowhere else.

CREATE TYPE llmspell_internal._task AS (task text, place int, call text, due text);
COMMENT ON TYPE llmspell_internal._task IS 'A task of maintenance, from functions without arguments; see docs/maintenance.md.';

CREATE TYPE llmspell_internal._step AS (progress text, is_over boolean, detail text, error text);
COMMENT ON TYPE llmspell_internal._step IS 'Result of a step of a task: how far it is, whether it is over, and what to tell.';

CREATE TYPE llmspell_internal._work AS (kind text, call text);
COMMENT ON TYPE llmspell_internal._work IS 'A kind of work that waits, from functions without arguments; see sql/operate/work.sql.';

CREATE TYPE llmspell_internal._waiting AS (tenant_id text COLLATE "C", queue text COLLATE "C", name text COLLATE "C", waiting bigint, oldest timestamptz);
COMMENT ON TYPE llmspell_internal._waiting IS 'Work of one tenant that waits.';

CREATE TYPE llmspell_internal._fault AS (component text, object text, fault text);
COMMENT ON TYPE llmspell_internal._fault IS 'A fault for verify(): of the schema from functions without arguments, of a tenant''s rows from those of one.';

CREATE TYPE llmspell_internal._health_item AS (place int, item text, value text, threshold text, ok boolean, advice text);
COMMENT ON TYPE llmspell_internal._health_item IS 'A line of health_check(), from functions without arguments.';

CREATE TYPE llmspell_internal._table_rule AS (relation regclass, app_rights text, dump text, is_listed boolean, due_columns text);
COMMENT ON TYPE llmspell_internal._table_rule IS 'How a table differs from the ordinary one, from functions without arguments; see sql/security.sql.';

CREATE TYPE llmspell_internal._erased AS (object text);
COMMENT ON TYPE llmspell_internal._erased IS 'Objects of a tenant removed besides its rows, by functions of one argument, the tenant.';

CREATE TABLE llmspell._index_ledger (
    index_name name PRIMARY KEY,
    definition text NOT NULL
);
COMMENT ON TABLE llmspell._index_ledger IS 'The indexes that this version of the extension has; filled at the end of the install script.';
COMMENT ON COLUMN llmspell._index_ledger.index_name IS 'Name of the index.';
COMMENT ON COLUMN llmspell._index_ledger.definition IS 'Its definition, as pg_get_indexdef gives it.';

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
COMMENT ON TABLE llmspell._maintenance IS 'Tasks left to do in the present round of maintenance, and what each did last.';
COMMENT ON COLUMN llmspell._maintenance.task IS 'Name of the task.';
COMMENT ON COLUMN llmspell._maintenance.place IS 'Its place in a round.';
COMMENT ON COLUMN llmspell._maintenance.is_pending IS 'Whether it is still to do in this round.';
COMMENT ON COLUMN llmspell._maintenance.progress IS 'The tenant or table that it did last; empty at its beginning.';
COMMENT ON COLUMN llmspell._maintenance.last_run IS 'When a step of it last ended.';
COMMENT ON COLUMN llmspell._maintenance.last_detail IS 'Result of that step.';
COMMENT ON COLUMN llmspell._maintenance.last_error IS 'Its last error.';
COMMENT ON COLUMN llmspell._maintenance.last_error_at IS 'When that error was.';
