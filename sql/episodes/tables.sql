-- Episodes: what was said and done, session by session. Their vectors are in spaces of their own, by the
-- same code as all vectors, so that memories and documents do not mix.

CREATE TABLE llmspell.episodes (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    id uuid NOT NULL DEFAULT uuidv7(),
    session_id varchar(247) COLLATE "C" NOT NULL,
    role varchar(255) COLLATE "C" NOT NULL,
    content text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    idempotency_key varchar(255) COLLATE "C",
    attempt int NOT NULL DEFAULT 0,
    lease_expires_at timestamptz,
    language text NOT NULL DEFAULT 'simple',
    fts tsvector,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT finite_occurred_at CHECK (isfinite(occurred_at))
);
CREATE UNIQUE INDEX idx_episodes_key ON llmspell.episodes (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX idx_episodes_session ON llmspell.episodes (tenant_id, session_id, occurred_at, id);
CREATE INDEX idx_episodes_unprocessed ON llmspell.episodes (tenant_id, session_id, occurred_at, id) WHERE processed_at IS NULL;
CREATE INDEX idx_episodes_unprocessed_oldest ON llmspell.episodes (tenant_id, occurred_at, id) WHERE processed_at IS NULL;
CREATE INDEX idx_episodes_occurred ON llmspell.episodes (tenant_id, occurred_at, id);
CREATE INDEX idx_episodes_metadata ON llmspell.episodes USING gin (tenant_id, metadata llmspell.jsonb_path_lp_ops) WITH (fastupdate = off);
CREATE INDEX idx_episodes_fts ON llmspell.episodes USING gin (tenant_id, fts llmspell.tsvector_lp_ops) WITH (fastupdate = off) WHERE fts IS NOT NULL;

COMMENT ON TABLE llmspell.episodes IS 'What was said and done in sessions.';
COMMENT ON COLUMN llmspell.episodes.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.episodes.id IS 'Names the episode within the tenant.';
COMMENT ON COLUMN llmspell.episodes.session_id IS 'The session that it belongs to; need not be in table sessions.';
COMMENT ON COLUMN llmspell.episodes.role IS 'Who spoke or acted: user, assistant, system, tool or another.';
COMMENT ON COLUMN llmspell.episodes.content IS 'What was said.';
COMMENT ON COLUMN llmspell.episodes.metadata IS 'What to filter by and to give back.';
COMMENT ON COLUMN llmspell.episodes.occurred_at IS 'When it took place.';
COMMENT ON COLUMN llmspell.episodes.recorded_at IS 'When it was stored.';
COMMENT ON COLUMN llmspell.episodes.processed_at IS 'When what is to be learned from it was; NULL until then.';
COMMENT ON COLUMN llmspell.episodes.idempotency_key IS 'The caller''s name for the act of adding it: a second one with the same key adds nothing.';
COMMENT ON COLUMN llmspell.episodes.attempt IS 'How often it was claimed for processing.';
COMMENT ON COLUMN llmspell.episodes.lease_expires_at IS 'Until when somebody processes it; NULL where nobody does.';
COMMENT ON COLUMN llmspell.episodes.language IS 'Text search configuration of content.';
COMMENT ON COLUMN llmspell.episodes.fts IS 'The words of content, kept by a trigger.';
COMMENT ON INDEX llmspell.idx_episodes_fts IS 'For fts OPERATOR(llmspell.@@).';
COMMENT ON INDEX llmspell.idx_episodes_key IS 'One episode for each key.';
COMMENT ON INDEX llmspell.idx_episodes_metadata IS 'For metadata OPERATOR(llmspell.@>).';
COMMENT ON INDEX llmspell.idx_episodes_occurred IS 'For the oldest, and for deleting them.';
COMMENT ON INDEX llmspell.idx_episodes_session IS 'For one session in order.';
COMMENT ON INDEX llmspell.idx_episodes_unprocessed IS 'For what is left to process of one session.';
COMMENT ON INDEX llmspell.idx_episodes_unprocessed_oldest IS 'For what is left to process of all sessions.';
