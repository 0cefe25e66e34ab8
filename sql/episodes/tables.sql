-- Episodes: the turns of conversations. Their vectors are in spaces of their own, so that memories and documents do
-- not mix.

CREATE TABLE llmspell.episodes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    id uuid NOT NULL DEFAULT uuidv7(),
    session_id varchar(247) COLLATE "C" NOT NULL,
    role varchar(255) COLLATE "C" NOT NULL,
    content text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    processed_at timestamptz,
    idempotency_key varchar(255) COLLATE "C",
    attempt int NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    expires_at timestamptz,
    language text NOT NULL DEFAULT get_current_ts_config()::text,
    fts tsvector,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT finite_occurred_at CHECK (isfinite(occurred_at)),
    CONSTRAINT session_id_in_lower_case CHECK (session_id = lower(session_id) OR NOT llmspell_internal._session_is_id(session_id)),
    CONSTRAINT dumpable CHECK (llmspell_internal._storable(content, 'content') AND llmspell_internal._storable(metadata, 'metadata') AND llmspell_internal._storable(language, 'language'))
);
CREATE UNIQUE INDEX idx_episodes_key ON llmspell.episodes (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX idx_episodes_session ON llmspell.episodes (tenant_id, session_id, occurred_at, recorded_at, id);
CREATE INDEX idx_episodes_unprocessed ON llmspell.episodes (tenant_id, session_id, occurred_at, recorded_at, id) WHERE processed_at IS NULL;
CREATE INDEX idx_episodes_unprocessed_oldest ON llmspell.episodes (tenant_id, occurred_at, recorded_at, id) WHERE processed_at IS NULL;
CREATE INDEX idx_episodes_occurred ON llmspell.episodes (tenant_id, occurred_at, recorded_at, id);
CREATE INDEX idx_episodes_expires ON llmspell.episodes (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_episodes_metadata ON llmspell.episodes USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_episodes_fts ON llmspell.episodes USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (gin_pending_list_limit = 64) WHERE fts IS NOT NULL;

COMMENT ON TABLE llmspell.episodes IS 'Turns of conversations and other events of sessions.';
COMMENT ON COLUMN llmspell.episodes.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.episodes.id IS 'Identifies the episode within the tenant.';
COMMENT ON COLUMN llmspell.episodes.session_id IS 'The session that it belongs to: any text, or the name or id of a row of sessions, whichever it came under.';
COMMENT ON COLUMN llmspell.episodes.role IS 'The speaker or actor: user, assistant, system, tool or another.';
COMMENT ON COLUMN llmspell.episodes.content IS 'The text.';
COMMENT ON COLUMN llmspell.episodes.metadata IS 'Data of the client, which searches can filter by.';
COMMENT ON COLUMN llmspell.episodes.occurred_at IS 'When it took place.';
COMMENT ON COLUMN llmspell.episodes.recorded_at IS 'When it was stored; orders episodes of one time.';
COMMENT ON COLUMN llmspell.episodes.processed_at IS 'When it was processed; NULL before.';
COMMENT ON COLUMN llmspell.episodes.idempotency_key IS 'Key of the client; a second episode with the same key is not stored.';
COMMENT ON COLUMN llmspell.episodes.attempt IS 'How often it was claimed for processing.';
COMMENT ON COLUMN llmspell.episodes.fence IS 'Fencing number: one more with each claim.';
COMMENT ON COLUMN llmspell.episodes.expires_at IS 'The time from which reads no longer find it; NULL for never.';
COMMENT ON COLUMN llmspell.episodes.lease_expires_at IS 'End of the current claim; NULL where there is none.';
COMMENT ON COLUMN llmspell.episodes.language IS 'Text search configuration of content.';
COMMENT ON COLUMN llmspell.episodes.fts IS 'The words of content, kept by a trigger.';
COMMENT ON INDEX llmspell.idx_episodes_expires IS 'For expired episodes.';
COMMENT ON INDEX llmspell.idx_episodes_fts IS 'For fts OPERATOR(llmspell.@@).';
COMMENT ON INDEX llmspell.idx_episodes_key IS 'For idempotency_key.';
COMMENT ON INDEX llmspell.idx_episodes_metadata IS 'For metadata OPERATOR(llmspell.@>).';
COMMENT ON INDEX llmspell.idx_episodes_occurred IS 'For all sessions in order, and for pruning.';
COMMENT ON INDEX llmspell.idx_episodes_session IS 'For one session in order.';
COMMENT ON INDEX llmspell.idx_episodes_unprocessed IS 'For the unprocessed of one session.';
COMMENT ON INDEX llmspell.idx_episodes_unprocessed_oldest IS 'For the unprocessed of all sessions.';

CREATE TYPE llmspell_internal.episode_added AS (id uuid, created boolean);
COMMENT ON TYPE llmspell_internal.episode_added IS 'Rows of episode_add and episode_add_many.';

CREATE TYPE llmspell_internal.episode_row AS (
    id uuid, session_id text, role text, content text, metadata jsonb, at timestamptz, recorded_at timestamptz, processed_at timestamptz,
    expires_at timestamptz, cursor text
);
COMMENT ON TYPE llmspell_internal.episode_row IS 'Rows of episode_list.';

CREATE TYPE llmspell_internal.episode_hit AS (
    id uuid, session_id text, role text, content text, metadata jsonb, at timestamptz, recorded_at timestamptz, processed_at timestamptz,
    expires_at timestamptz, score double precision, distance double precision, vector_rank bigint, text_rank bigint,
    own_score double precision, context_score double precision, vector_score double precision, text_score double precision, complete boolean
);
COMMENT ON TYPE llmspell_internal.episode_hit IS 'Rows of episode_search.';

CREATE TYPE llmspell_internal.episode_claim AS (
    id uuid, session_id text, role text, content text, metadata jsonb, at timestamptz, attempt int, fence bigint, lease_expires_at timestamptz
);
COMMENT ON TYPE llmspell_internal.episode_claim IS 'Rows of episode_claim.';
