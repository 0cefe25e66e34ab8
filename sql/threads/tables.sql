-- Threads: checkpoints as a graph, with the values of their channels, pending writes, and messages by position.
-- Locks: every write locks the row of its thread; what looks for unused blobs locks it against all others.

CREATE TABLE llmspell.threads (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    thread_id varchar(255) COLLATE "C" NOT NULL,
    family_id uuid NOT NULL DEFAULT uuidv7(),
    message_count bigint NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, thread_id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX idx_threads_family ON llmspell.threads (tenant_id, family_id);
COMMENT ON TABLE llmspell.threads IS 'Threads of checkpoints and messages; a thread comes into being with the first of them.';
COMMENT ON COLUMN llmspell.threads.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.threads.thread_id IS 'Id of the thread, as the client chose it.';
COMMENT ON COLUMN llmspell.threads.family_id IS 'Shared by a thread and its copies, which share their blobs.';
COMMENT ON COLUMN llmspell.threads.message_count IS 'How many messages the thread has, which is also the sequence of the last one.';
COMMENT ON COLUMN llmspell.threads.created_at IS 'When the thread came into being.';
COMMENT ON COLUMN llmspell.threads.updated_at IS 'When its messages last changed.';
COMMENT ON INDEX llmspell.idx_threads_family IS 'For the threads that share blobs.';

CREATE TABLE llmspell.thread_checkpoints (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    thread_id varchar(255) COLLATE "C" NOT NULL,
    namespace varchar(1000) COLLATE "C" NOT NULL,
    checkpoint_id varchar(255) COLLATE "C" NOT NULL,
    parent_id varchar(255) COLLATE "C",
    checkpoint jsonb NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    run_id text COLLATE "C" CHECK (octet_length(run_id) <= 1000),
    channels text[] NOT NULL DEFAULT '{}',
    blob_ids uuid[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, thread_id, namespace, checkpoint_id),
    -- An index entry has at most 2,704 bytes.
    CONSTRAINT fits_its_indexes CHECK (octet_length(tenant_id) + octet_length(thread_id) + octet_length(namespace) + octet_length(checkpoint_id) <= 2600),
    CONSTRAINT blob_for_each_channel CHECK (cardinality(channels) = cardinality(blob_ids)),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(checkpoint, 'checkpoint') AND llmspell_internal._storable(metadata, 'metadata')
        AND llmspell_internal._storable(channels, 'channels'))
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX idx_thread_checkpoints_id ON llmspell.thread_checkpoints (tenant_id, checkpoint_id, thread_id, namespace);
CREATE INDEX idx_thread_checkpoints_run ON llmspell.thread_checkpoints (tenant_id, run_id) WHERE run_id IS NOT NULL;
COMMENT ON TABLE llmspell.thread_checkpoints IS 'Checkpoints of threads, each with its parent and the blobs that hold the values of its channels.';
COMMENT ON COLUMN llmspell.thread_checkpoints.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.thread_checkpoints.thread_id IS 'The thread.';
COMMENT ON COLUMN llmspell.thread_checkpoints.namespace IS 'Empty for the graph itself, the path of a subgraph otherwise.';
COMMENT ON COLUMN llmspell.thread_checkpoints.checkpoint_id IS 'Id of the checkpoint; the latest one is the greatest by bytes.';
COMMENT ON COLUMN llmspell.thread_checkpoints.parent_id IS 'The checkpoint before, in the same namespace; NULL for none.';
COMMENT ON COLUMN llmspell.thread_checkpoints.checkpoint IS 'The checkpoint without the values that are in blobs.';
COMMENT ON COLUMN llmspell.thread_checkpoints.metadata IS 'What checkpoint_list filters by.';
COMMENT ON COLUMN llmspell.thread_checkpoints.run_id IS 'run_id of the metadata, where it has at most 1,000 bytes.';
COMMENT ON COLUMN llmspell.thread_checkpoints.channels IS 'Channels whose values are in blobs.';
COMMENT ON COLUMN llmspell.thread_checkpoints.blob_ids IS 'The blob of each of them.';
COMMENT ON COLUMN llmspell.thread_checkpoints.created_at IS 'When it was first stored.';
COMMENT ON INDEX llmspell.idx_thread_checkpoints_id IS 'For checkpoint_list over all threads, newest first.';
COMMENT ON INDEX llmspell.idx_thread_checkpoints_run IS 'For thread_delete_runs.';

CREATE TABLE llmspell.thread_writes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    thread_id varchar(255) COLLATE "C" NOT NULL,
    namespace varchar(1000) COLLATE "C" NOT NULL,
    checkpoint_id varchar(255) COLLATE "C" NOT NULL,
    task_id varchar(255) COLLATE "C" NOT NULL,
    idx int NOT NULL,
    task_path text COLLATE "C" NOT NULL DEFAULT '' CHECK (octet_length(task_path) <= 65536),
    channel text COLLATE "C" NOT NULL CHECK (octet_length(channel) <= 65536),
    write_type text COLLATE "C" NOT NULL CHECK (octet_length(write_type) <= 65536),
    value bytea,
    blob_id uuid,
    PRIMARY KEY (tenant_id, thread_id, namespace, checkpoint_id, task_id, idx),
    CONSTRAINT fits_its_index CHECK (octet_length(tenant_id) + octet_length(thread_id) + octet_length(namespace) + octet_length(checkpoint_id) + octet_length(task_id) <= 2600),
    CONSTRAINT value_or_blob CHECK (num_nonnulls(value, blob_id) = 1),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(value, 'value'))
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE llmspell.thread_writes IS 'Pending writes of checkpoints: what the tasks that followed one wrote.';
COMMENT ON COLUMN llmspell.thread_writes.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.thread_writes.thread_id IS 'The thread.';
COMMENT ON COLUMN llmspell.thread_writes.namespace IS 'As in thread_checkpoints.';
COMMENT ON COLUMN llmspell.thread_writes.checkpoint_id IS 'The checkpoint, which may be stored later.';
COMMENT ON COLUMN llmspell.thread_writes.task_id IS 'The task.';
COMMENT ON COLUMN llmspell.thread_writes.idx IS 'Number of the write within the task; below 0 for one that replaces the former.';
COMMENT ON COLUMN llmspell.thread_writes.task_path IS 'Path of the task; writes are ordered by it.';
COMMENT ON COLUMN llmspell.thread_writes.channel IS 'The channel.';
COMMENT ON COLUMN llmspell.thread_writes.write_type IS 'How the value is encoded, as the client says.';
COMMENT ON COLUMN llmspell.thread_writes.value IS 'The value, where it is short.';
COMMENT ON COLUMN llmspell.thread_writes.blob_id IS 'The blob that holds a longer value.';

-- Bytes that are packed do not compress.
CREATE TABLE llmspell.thread_blobs (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    family_id uuid NOT NULL,
    blob_id uuid NOT NULL DEFAULT uuidv7(),
    base_id uuid,
    step smallint NOT NULL DEFAULT 0,
    blob_type text COLLATE "C" NOT NULL CHECK (octet_length(blob_type) <= 65536),
    size_bytes int NOT NULL CHECK (size_bytes BETWEEN 0 AND 134217728),
    packed bytea NOT NULL,
    PRIMARY KEY (tenant_id, family_id, blob_id),
    CONSTRAINT base_has_a_lower_step CHECK ((base_id IS NULL) = (step = 0) AND step BETWEEN 0 AND 63),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(packed, 'packed'))
) WITH (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE llmspell.thread_blobs ALTER COLUMN packed SET STORAGE EXTERNAL;
COMMENT ON TABLE llmspell.thread_blobs IS 'Values of channels, each packed beside a former one of its channel. Read them with checkpoint_get.';
COMMENT ON COLUMN llmspell.thread_blobs.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.thread_blobs.family_id IS 'The family of threads that use it.';
COMMENT ON COLUMN llmspell.thread_blobs.blob_id IS 'Id of the blob.';
COMMENT ON COLUMN llmspell.thread_blobs.base_id IS 'The blob that it is packed beside; NULL where it is packed alone.';
COMMENT ON COLUMN llmspell.thread_blobs.step IS 'Number of versions since the one that is packed alone.';
COMMENT ON COLUMN llmspell.thread_blobs.blob_type IS 'How the value is encoded, as the client says.';
COMMENT ON COLUMN llmspell.thread_blobs.size_bytes IS 'Length of the value.';
COMMENT ON COLUMN llmspell.thread_blobs.packed IS 'The packed value.';

CREATE TABLE llmspell.thread_garbage (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    family_id uuid NOT NULL,
    garbage_id uuid NOT NULL DEFAULT uuidv7(),
    PRIMARY KEY (tenant_id, family_id, garbage_id)
);
COMMENT ON TABLE llmspell.thread_garbage IS 'Families of threads that may have blobs which nobody uses, for thread_gc.';
COMMENT ON COLUMN llmspell.thread_garbage.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.thread_garbage.family_id IS 'The family.';
COMMENT ON COLUMN llmspell.thread_garbage.garbage_id IS 'Tells entries of a family apart, so that no writer waits for another.';

CREATE TABLE llmspell.thread_messages (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    thread_id varchar(255) COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    message_id varchar(255) COLLATE "C" NOT NULL,
    message jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, thread_id, sequence),
    CONSTRAINT unique_message_id UNIQUE (tenant_id, thread_id, message_id),
    CONSTRAINT fits_its_indexes CHECK (octet_length(tenant_id) + octet_length(thread_id) + octet_length(message_id) <= 2600),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(message, 'message'))
) WITH (autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE llmspell.thread_messages IS 'Messages of threads, numbered from 1 without gaps.';
COMMENT ON COLUMN llmspell.thread_messages.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.thread_messages.thread_id IS 'The thread.';
COMMENT ON COLUMN llmspell.thread_messages.sequence IS 'Place in the thread, from 1.';
COMMENT ON COLUMN llmspell.thread_messages.message_id IS 'Id of the message, unique in the thread.';
COMMENT ON COLUMN llmspell.thread_messages.message IS 'The message.';
COMMENT ON COLUMN llmspell.thread_messages.created_at IS 'When it was stored.';
COMMENT ON COLUMN llmspell.thread_messages.updated_at IS 'When it was last written.';

CREATE TYPE llmspell_internal.checkpoint_row AS (
    thread_id text, namespace text, checkpoint_id text, parent_id text, checkpoint jsonb, metadata jsonb, created_at timestamptz,
    channels text[], channel_types text[], channel_values bytea[],
    write_task_ids text[], write_channels text[], write_types text[], write_values bytea[], cursor text
);
COMMENT ON TYPE llmspell_internal.checkpoint_row IS 'A checkpoint with the values of its channels and its pending writes.';

CREATE TYPE llmspell_internal.message_row AS (
    sequence bigint, message_id text, message jsonb, created_at timestamptz, updated_at timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.message_row IS 'A message of a thread.';
