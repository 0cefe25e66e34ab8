-- Key-value store: bytes under a text key, with versions and expiry.
-- Locks: a write locks the one row it writes; the batch forms lock rows in key order.

CREATE TABLE llmspell.kv_store (
    kv_id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    key varchar(500) COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL DEFAULT 1,
    expires_at timestamptz,
    value_type text COLLATE "C" NOT NULL DEFAULT 'bytes',
    CONSTRAINT unique_kv_key PRIMARY KEY (tenant_id, key),
    -- Mostly one call, as each node of an expression costs each statement; the bound of the key also bounds the index.
    CONSTRAINT valid_kv CHECK (octet_length(key) <= 1500 AND llmspell_internal._kv_valid(version, value, value_type, metadata))
-- Room for the next version of a row in its page: an update then touches no index.
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX idx_kv_store_expires ON llmspell.kv_store (tenant_id, expires_at) WHERE expires_at IS NOT NULL;

COMMENT ON TABLE llmspell.kv_store IS 'Key-value store. Rows whose expires_at has passed do not exist for the kv_* functions.';
COMMENT ON COLUMN llmspell.kv_store.kv_id IS 'Surrogate id of the guide; not unique by constraint.';
COMMENT ON COLUMN llmspell.kv_store.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.kv_store.key IS 'Key, 0 to 500 characters and 1,500 bytes, compared by bytes.';
COMMENT ON COLUMN llmspell.kv_store.value IS 'Value, at most 128 MiB.';
COMMENT ON COLUMN llmspell.kv_store.metadata IS 'Anything the client wants to keep beside the value.';
COMMENT ON COLUMN llmspell.kv_store.created_at IS 'When the key came into being (again, after expiry).';
COMMENT ON COLUMN llmspell.kv_store.updated_at IS 'When the row was last written.';
COMMENT ON COLUMN llmspell.kv_store.version IS 'From 1; one more with each write, whoever writes.';
COMMENT ON COLUMN llmspell.kv_store.expires_at IS 'When the key ceases to exist; NULL for never.';
COMMENT ON COLUMN llmspell.kv_store.value_type IS 'Type of the value: bytes, text or json, the last two in UTF-8.';
COMMENT ON INDEX llmspell.idx_kv_store_expires IS 'For kv_sweep.';
