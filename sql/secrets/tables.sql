-- API keys, stored encrypted.

CREATE TABLE llmspell.api_keys (
    key_id varchar(255) COLLATE "C" NOT NULL,
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    service varchar(255) COLLATE "C" NOT NULL,
    encrypted_key bytea NOT NULL,
    key_metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    usage_count bigint NOT NULL DEFAULT 0,
    rotated_from varchar(255) COLLATE "C",
    deactivated_at timestamptz,
    PRIMARY KEY (tenant_id, key_id),
    CONSTRAINT storable CHECK (llmspell_internal._storable(encrypted_key, 'encrypted_key') AND llmspell_internal._storable(key_metadata, 'key_metadata'))
);
-- One active key; the guide's UNIQUE (tenant_id, service, is_active) also allows one inactive key
-- only, and so breaks the second rotation.
CREATE UNIQUE INDEX idx_api_keys_active ON llmspell.api_keys (tenant_id, service) WHERE is_active;
CREATE INDEX idx_api_keys_tenant_service ON llmspell.api_keys (tenant_id, service, created_at DESC);
CREATE INDEX idx_api_keys_expiration ON llmspell.api_keys (tenant_id, expires_at) WHERE expires_at IS NOT NULL;

COMMENT ON TABLE llmspell.api_keys IS 'API keys of services, encrypted.';
COMMENT ON COLUMN llmspell.api_keys.key_id IS 'Names the key within the tenant.';
COMMENT ON COLUMN llmspell.api_keys.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.api_keys.service IS 'Service that the key is for.';
COMMENT ON COLUMN llmspell.api_keys.encrypted_key IS 'The encrypted key.';
COMMENT ON COLUMN llmspell.api_keys.key_metadata IS 'The client''s metadata.';
COMMENT ON COLUMN llmspell.api_keys.created_at IS 'When it was stored.';
COMMENT ON COLUMN llmspell.api_keys.last_used_at IS 'When it was last used.';
COMMENT ON COLUMN llmspell.api_keys.expires_at IS 'When it expires; NULL for never.';
COMMENT ON COLUMN llmspell.api_keys.is_active IS 'Whether it is in use; one active key for a service.';
COMMENT ON COLUMN llmspell.api_keys.usage_count IS 'How often it was used.';
COMMENT ON COLUMN llmspell.api_keys.rotated_from IS 'The key it replaced.';
COMMENT ON COLUMN llmspell.api_keys.deactivated_at IS 'When it ceased to be active.';
COMMENT ON INDEX llmspell.idx_api_keys_active IS 'One active key for a service.';
COMMENT ON INDEX llmspell.idx_api_keys_tenant_service IS 'For the keys of a service, newest first.';
COMMENT ON INDEX llmspell.idx_api_keys_expiration IS 'For finding what has expired.';
