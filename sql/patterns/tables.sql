-- Learned patterns: how often a value followed a key.

CREATE TABLE llmspell.procedural_patterns (
    pattern_id uuid NOT NULL DEFAULT uuidv7(),
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    scope varchar(500) COLLATE "C" NOT NULL,
    key varchar(500) COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    frequency int NOT NULL DEFAULT 1,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unique_procedural_pattern PRIMARY KEY (tenant_id, scope, key, value),
    CONSTRAINT positive_frequency CHECK (frequency > 0),
    -- An index entry has at most 2,704 bytes with its headers.
    CONSTRAINT fits_its_key CHECK (octet_length(tenant_id) + octet_length(scope) + octet_length(key) + octet_length(value) <= 2600)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
CREATE INDEX idx_procedural_patterns_lookup ON llmspell.procedural_patterns (tenant_id, frequency DESC, scope, key, value)
    WHERE frequency >= 3;

COMMENT ON TABLE llmspell.procedural_patterns IS 'Learned patterns: how often a value was seen under a key in a scope.';
COMMENT ON COLUMN llmspell.procedural_patterns.pattern_id IS 'Surrogate id of the guide; not unique by constraint.';
COMMENT ON COLUMN llmspell.procedural_patterns.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.procedural_patterns.scope IS 'Where the pattern holds.';
COMMENT ON COLUMN llmspell.procedural_patterns.key IS 'The observation.';
COMMENT ON COLUMN llmspell.procedural_patterns.value IS 'The outcome that followed.';
COMMENT ON COLUMN llmspell.procedural_patterns.frequency IS 'How often; from 3 on a pattern counts as learned.';
COMMENT ON COLUMN llmspell.procedural_patterns.first_seen IS 'When it was first seen.';
COMMENT ON COLUMN llmspell.procedural_patterns.last_seen IS 'When it was last seen.';
COMMENT ON COLUMN llmspell.procedural_patterns.created_at IS 'When the row was made.';
COMMENT ON COLUMN llmspell.procedural_patterns.updated_at IS 'When the row was last written.';
COMMENT ON INDEX llmspell.idx_procedural_patterns_lookup IS 'For learned patterns, most frequent first.';

CREATE TYPE llmspell_internal.pattern_row AS (
    scope text,
    key text,
    value text,
    frequency int,
    first_seen timestamptz,
    last_seen timestamptz,
    cursor text
);
COMMENT ON TYPE llmspell_internal.pattern_row IS 'A row of pattern_list.';
