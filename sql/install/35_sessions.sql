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
    PRIMARY KEY (tenant_id, session_id),
    CONSTRAINT valid_session_status CHECK (status IN ('active', 'archived', 'expired')),
    CONSTRAINT non_negative_artifact_count CHECK (artifact_count >= 0)
);
CREATE INDEX idx_sessions_tenant_status ON llmspell.sessions (tenant_id, status, created_at DESC, session_id);
CREATE INDEX idx_sessions_tenant_expires ON llmspell.sessions (tenant_id, expires_at) WHERE expires_at IS NOT NULL;

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
COMMENT ON INDEX llmspell.idx_sessions_tenant_status IS 'For listing sessions by status, newest first.';
COMMENT ON INDEX llmspell.idx_sessions_tenant_expires IS 'For finding what has expired.';

-- artifact_count is kept by the triggers of artifacts alone: it starts at 0 whatever an INSERT says
-- (a restored session gets its count back with its artifacts), and an UPDATE of it by anybody but those,
-- which run as the owner, has no effect. Counting is no access: it leaves the times alone.
CREATE FUNCTION llmspell._tg_sessions_insert() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    NEW.artifact_count := 0;
    IF _is_restoring() THEN
        NEW.artifact_count := (SELECT count(*) FROM artifacts a
                               WHERE a.tenant_id = NEW.tenant_id AND a.session_id = NEW.session_id);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell._tg_sessions_insert() IS 'Starts artifact_count at 0; in a restore, at the artifacts that came before.';
CREATE TRIGGER sessions_insert BEFORE INSERT ON llmspell.sessions
    FOR EACH ROW EXECUTE FUNCTION llmspell._tg_sessions_insert();

CREATE FUNCTION llmspell._tg_sessions_count() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    NEW.artifact_count := OLD.artifact_count;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell._tg_sessions_count() IS 'Undoes a direct UPDATE of artifact_count.';
CREATE TRIGGER sessions_count BEFORE UPDATE OF artifact_count ON llmspell.sessions
    FOR EACH ROW WHEN (current_user <> 'llmspell_owner') EXECUTE FUNCTION llmspell._tg_sessions_count();

CREATE FUNCTION llmspell._tg_sessions_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    -- To a minute: repeated access need not write.
    IF NEW.last_accessed_at < now() - interval '1 minute' THEN
        NEW.last_accessed_at := now();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell._tg_sessions_update() IS 'updated_at, and last_accessed_at to a minute.';
CREATE TRIGGER sessions_update
    BEFORE UPDATE OF session_id, session_data, status, created_at, last_accessed_at, expires_at, updated_at ON llmspell.sessions
    FOR EACH ROW EXECUTE FUNCTION llmspell._tg_sessions_update();

CREATE TRIGGER sessions_restore BEFORE INSERT ON llmspell.sessions
    FOR EACH STATEMENT WHEN (llmspell._is_restoring()) EXECUTE FUNCTION llmspell._tg_restore_begin('parent');
