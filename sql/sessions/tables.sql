-- Sessions: snapshots with expiry, and the count of their artifacts.

CREATE TABLE llmspell.sessions (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    session_id uuid NOT NULL DEFAULT uuidv7(),
    session_data jsonb NOT NULL,
    status varchar(20) COLLATE "C" NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_accessed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    artifact_count int NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL DEFAULT 1,
    artifact_sequence bigint NOT NULL DEFAULT 0,
    name varchar(255) COLLATE "C",
    subject varchar(255) COLLATE "C",
    title varchar(255) COLLATE "C",
    PRIMARY KEY (tenant_id, session_id),
    CONSTRAINT valid_session_status CHECK (status IN ('active', 'archived', 'expired')),
    CONSTRAINT non_negative_artifact_count CHECK (artifact_count >= 0),
    CONSTRAINT session_name_is_no_id CHECK (NOT llmspell_internal._session_is_id(name))
-- Room for the next version of a row in its page.
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX idx_sessions_tenant_status ON llmspell.sessions (tenant_id, status, created_at DESC, session_id DESC);
CREATE INDEX idx_sessions_created ON llmspell.sessions (tenant_id, created_at DESC, session_id DESC);
CREATE INDEX idx_sessions_tenant_expires ON llmspell.sessions (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX unique_session_name ON llmspell.sessions (tenant_id, name) WHERE name IS NOT NULL;
CREATE INDEX idx_sessions_subject ON llmspell.sessions (tenant_id, subject, created_at DESC, session_id DESC) WHERE subject IS NOT NULL;
CREATE INDEX idx_sessions_title ON llmspell.sessions (tenant_id, title, created_at DESC, session_id DESC) WHERE title IS NOT NULL;

COMMENT ON TABLE llmspell.sessions IS 'Sessions. Deleting one deletes its artifacts.';
COMMENT ON COLUMN llmspell.sessions.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.sessions.session_id IS 'Names the session within the tenant.';
COMMENT ON COLUMN llmspell.sessions.session_data IS 'The snapshot.';
COMMENT ON COLUMN llmspell.sessions.status IS 'active, archived or expired.';
COMMENT ON COLUMN llmspell.sessions.created_at IS 'When the session began.';
COMMENT ON COLUMN llmspell.sessions.last_accessed_at IS 'When it was last used, to a minute.';
COMMENT ON COLUMN llmspell.sessions.expires_at IS 'When it expires; NULL for never.';
COMMENT ON COLUMN llmspell.sessions.artifact_count IS 'How many artifacts it has; kept by triggers, whatever an INSERT says.';
COMMENT ON COLUMN llmspell.sessions.updated_at IS 'When the row was last written.';
COMMENT ON INDEX llmspell.idx_sessions_tenant_status IS 'Lists sessions by status, newest first.';
COMMENT ON COLUMN llmspell.sessions.version IS 'From 1; one more with each write, whoever writes; counting artifacts does not count.';
COMMENT ON COLUMN llmspell.sessions.artifact_sequence IS 'The number of its next artifact, above all it ever had; kept by triggers.';
COMMENT ON INDEX llmspell.idx_sessions_created IS 'Lists sessions, newest first.';
COMMENT ON INDEX llmspell.idx_sessions_tenant_expires IS 'Finds sessions that have expired.';
COMMENT ON COLUMN llmspell.sessions.name IS 'The caller''s own name of the session, unique within the tenant; NULL for none.';
COMMENT ON COLUMN llmspell.sessions.subject IS 'Whom or what the session is about, a user for instance.';
COMMENT ON COLUMN llmspell.sessions.title IS 'Title for people.';
COMMENT ON INDEX llmspell.unique_session_name IS 'Finds a session by its name.';
COMMENT ON INDEX llmspell.idx_sessions_subject IS 'Lists sessions of a subject, newest first.';
COMMENT ON INDEX llmspell.idx_sessions_title IS 'Lists sessions with a title, newest first.';

-- How long expired sessions are kept, for each tenant that wants an end.
CREATE TABLE llmspell.session_retention (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    keep interval NOT NULL CHECK (keep >= '0'),
    PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE llmspell.session_retention IS 'How long a tenant keeps sessions after their expiry; without a row, for ever.';
COMMENT ON COLUMN llmspell.session_retention.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.session_retention.keep IS 'How long, from expires_at on.';

CREATE TYPE llmspell_internal.session_created AS (session_id uuid, version bigint, created boolean);
COMMENT ON TYPE llmspell_internal.session_created IS 'A session that has begun.';
CREATE TYPE llmspell_internal.session_row AS (
    session_id uuid, name text, subject text, title text, status text, version bigint, artifact_count int, created_at timestamptz,
    last_accessed_at timestamptz, expires_at timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.session_row IS 'A session in a list.';
