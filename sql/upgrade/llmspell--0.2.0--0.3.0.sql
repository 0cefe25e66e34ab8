-- From 0.2.0 to 0.3.0: what scripts/upgrade-script cannot derive from the install script.

ALTER TABLE llmspell.artifact_content
    DROP CONSTRAINT max_artifact_size,
    ADD CONSTRAINT max_artifact_size CHECK (size_bytes <= 536870912),
    ALTER COLUMN manifest SET STORAGE EXTERNAL;

CREATE TABLE llmspell.artifact_chunk (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    chunk_hash bytea NOT NULL CHECK (octet_length(chunk_hash) = 32),
    refs int NOT NULL CHECK (refs >= 0),
    codec smallint NOT NULL,
    raw_len int NOT NULL,
    depth smallint NOT NULL DEFAULT 0,
    base_hash bytea,
    data bytea NOT NULL,
    PRIMARY KEY (tenant_id, chunk_hash)
) WITH (fillfactor = 90);
ALTER TABLE llmspell.artifact_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX idx_artifact_chunk_base ON llmspell.artifact_chunk (tenant_id, base_hash) WHERE base_hash IS NOT NULL;

CREATE TABLE llmspell.artifact_upload (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    upload_id uuid NOT NULL DEFAULT uuidv7(),
    next_offset bigint NOT NULL DEFAULT 0,
    tail bytea NOT NULL DEFAULT '',
    manifest bytea NOT NULL DEFAULT '',
    meta jsonb NOT NULL,
    stored_bytes bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, upload_id)
);
ALTER TABLE llmspell.artifact_upload ALTER COLUMN tail SET STORAGE EXTERNAL, ALTER COLUMN manifest SET STORAGE EXTERNAL;
CREATE INDEX idx_artifact_upload_expires ON llmspell.artifact_upload (tenant_id, expires_at);

CREATE TABLE llmspell.artifact_gc_queue (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    content_hash varchar(64) COLLATE "C" NOT NULL,
    zero_since timestamptz NOT NULL DEFAULT now(),
    large_object_oid oid,
    PRIMARY KEY (tenant_id, content_hash)
);

CREATE TABLE llmspell.artifact_turn (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    turns bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id)
) WITH (fillfactor = 10);

-- Contents that clients left without an artifact were never collected.
INSERT INTO llmspell.artifact_gc_queue (tenant_id, content_hash)
SELECT c.tenant_id, c.content_hash FROM llmspell.artifact_content c WHERE c.reference_count = 1;

ALTER TABLE llmspell.sessions ADD COLUMN artifact_sequence bigint NOT NULL DEFAULT 0;
ALTER TABLE llmspell.sessions DISABLE TRIGGER USER;
UPDATE llmspell.sessions s SET artifact_sequence = a.next
FROM (SELECT tenant_id, session_id, max(sequence) + 1 AS next FROM llmspell.artifacts GROUP BY 1, 2) AS a
WHERE s.tenant_id = a.tenant_id AND s.session_id = a.session_id;
ALTER TABLE llmspell.sessions ENABLE TRIGGER USER;
