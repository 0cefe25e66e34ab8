-- Event log, partitioned by UTC month.
--
-- The parent carries no key and no index of its own, and the install makes no month: a month made
-- here would be a member of the extension and lose its rows in a dump, and a parent with keys makes
-- restore double those of the months. Each month carries its keys and indexes itself.

CREATE TABLE llmspell.event_log (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    event_id uuid NOT NULL,
    event_type varchar(255) COLLATE "C" NOT NULL,
    correlation_id uuid NOT NULL,
    timestamp timestamptz NOT NULL,
    sequence bigint NOT NULL,
    language varchar(50) NOT NULL,
    payload jsonb NOT NULL,
    feed_epoch int NOT NULL DEFAULT llmspell_internal._feed_epoch(),
    feed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    feed_pos bigint NOT NULL DEFAULT llmspell_internal._feed_pos(),
    stream varchar(255) COLLATE "C",
    -- No CHECK on the two: each costs an INSERT 3 microseconds.
    stream_version bigint,
    CONSTRAINT storable CHECK (llmspell_internal._storable(payload, 'payload'))
) PARTITION BY RANGE (timestamp);

COMMENT ON TABLE llmspell.event_log IS 'Event log, one partition for each UTC month.';
COMMENT ON COLUMN llmspell.event_log.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.event_log.event_id IS 'Names the event; unique together with its timestamp.';
COMMENT ON COLUMN llmspell.event_log.event_type IS 'Kind of event, for instance agent.state_changed.';
COMMENT ON COLUMN llmspell.event_log.correlation_id IS 'Shared by events that belong together.';
COMMENT ON COLUMN llmspell.event_log.timestamp IS 'When it happened.';
COMMENT ON COLUMN llmspell.event_log.sequence IS 'Order among events, the client''s.';
COMMENT ON COLUMN llmspell.event_log.language IS 'Where it came from: rust, lua, javascript, python, sql.';
COMMENT ON COLUMN llmspell.event_log.payload IS 'The whole event.';
COMMENT ON COLUMN llmspell.event_log.feed_epoch IS 'Epoch of the cluster that wrote it, see _feed_epochs; 0 for rows from before the feed.';
COMMENT ON COLUMN llmspell.event_log.feed_xid IS 'The transaction that wrote it.';
COMMENT ON COLUMN llmspell.event_log.feed_pos IS 'Its place among the events of its transaction, from 1.';
COMMENT ON COLUMN llmspell.event_log.stream IS 'The stream that it belongs to, see stream_append; NULL for none.';
COMMENT ON COLUMN llmspell.event_log.stream_version IS 'Its place in the stream, from 1 without gaps.';

-- Empty but for what open transactions append, so that nothing is lost with its contents.
CREATE UNLOGGED TABLE llmspell._event_ids (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    event_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
COMMENT ON TABLE llmspell._event_ids IS 'Ids of events that open transactions append; no row outlives its transaction.';
COMMENT ON COLUMN llmspell._event_ids.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell._event_ids.event_id IS 'The id.';

CREATE TYPE llmspell_internal.event_row AS (
    event_id uuid,
    event_type text,
    correlation_id uuid,
    at timestamptz,
    sequence bigint,
    language text,
    payload jsonb,
    stream text,
    stream_version bigint,
    cursor text
);
COMMENT ON TYPE llmspell_internal.event_row IS 'An event as functions return it, with the place after it in the list.';
-- Appending to the event log: single, in batches, whole event objects, streams.

CREATE TABLE llmspell.event_streams (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    stream varchar(255) COLLATE "C" NOT NULL CHECK (stream <> ''),
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, stream)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
COMMENT ON TABLE llmspell.event_streams IS 'Heads of streams: an append locks the row of its stream, so that versions have no gaps.';
COMMENT ON COLUMN llmspell.event_streams.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.event_streams.stream IS 'Name of the stream.';
COMMENT ON COLUMN llmspell.event_streams.version IS 'Version of its newest event.';
COMMENT ON COLUMN llmspell.event_streams.created_at IS 'When its first event was appended.';
COMMENT ON COLUMN llmspell.event_streams.updated_at IS 'When its newest event was appended.';-- The feed: every event of a tenant once, in an order that late commits do not disturb.
--
-- A place in it is (epoch, transaction, position). Only transactions below the oldest that still runs are
-- served, so what commits later always lies after every cursor handed out. A sequence would not do: numbers
-- are drawn before the commit. Transaction ids begin anew in another cluster, where a dump may be restored;
-- epochs keep the old ones before the new ones.

-- One row for each transaction that met a new cluster, or a new timeline, first: several may, and none
-- waits for another.
CREATE TABLE llmspell._feed_epochs (
    epoch int NOT NULL,
    system_identifier text NOT NULL,
    timeline int NOT NULL,
    added_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (epoch, system_identifier, timeline, added_by)
);
COMMENT ON TABLE llmspell._feed_epochs IS 'The cluster that wrote the events of each epoch of the feed.';
COMMENT ON COLUMN llmspell._feed_epochs.epoch IS 'Counts from 1.';
COMMENT ON COLUMN llmspell._feed_epochs.system_identifier IS 'The cluster, as pg_control_system() has it.';
COMMENT ON COLUMN llmspell._feed_epochs.timeline IS 'Its timeline: another one may give the same transaction ids again.';
COMMENT ON COLUMN llmspell._feed_epochs.added_by IS 'The transaction that added the row.';

CREATE TABLE llmspell.event_consumers (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    consumer varchar(255) COLLATE "C" NOT NULL CHECK (consumer <> ''),
    epoch int NOT NULL,
    xid xid8 NOT NULL,
    pos bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    acked_at timestamptz,
    PRIMARY KEY (tenant_id, consumer)
) WITH (fillfactor = 50);
COMMENT ON TABLE llmspell.event_consumers IS 'How far consumers of the feed have come.';
COMMENT ON COLUMN llmspell.event_consumers.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.event_consumers.consumer IS 'Name of the consumer.';
COMMENT ON COLUMN llmspell.event_consumers.epoch IS 'Epoch of the last acknowledged event; -1 before the first.';
COMMENT ON COLUMN llmspell.event_consumers.xid IS 'Its transaction.';
COMMENT ON COLUMN llmspell.event_consumers.pos IS 'Its position.';
COMMENT ON COLUMN llmspell.event_consumers.created_at IS 'When the consumer subscribed.';
COMMENT ON COLUMN llmspell.event_consumers.acked_at IS 'When it last acknowledged.';-- Months of the event log leave: dropped, detached, or archived, and come back. For llmspell_admin.

-- A schema of the extension, so that a dump takes the tables in it along and restores them.
CREATE SCHEMA llmspell_archive;
COMMENT ON SCHEMA llmspell_archive IS 'Archived months of llmspell.event_log.';
GRANT USAGE, CREATE ON SCHEMA llmspell_archive TO llmspell_owner;
GRANT USAGE ON SCHEMA llmspell_archive TO llmspell_admin;

CREATE TABLE llmspell._event_log_retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    keep interval NOT NULL,
    mode text NOT NULL CHECK (mode IN ('drop', 'detach', 'archive')),
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE llmspell._event_log_retention IS 'How long months of the event log are kept; no row: for ever.';
COMMENT ON COLUMN llmspell._event_log_retention.only_row IS 'There is one log.';
COMMENT ON COLUMN llmspell._event_log_retention.keep IS 'A month leaves when its end is longer ago.';
COMMENT ON COLUMN llmspell._event_log_retention.mode IS 'Fate of an old month: drop, detach or archive.';
COMMENT ON COLUMN llmspell._event_log_retention.changed_at IS 'When this was set.';
