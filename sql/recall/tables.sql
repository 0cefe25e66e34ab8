CREATE TYPE llmspell_internal.recall_row AS (
    kind text, id uuid, content text, tokens int, score double precision, own_score double precision, context_score double precision,
    vector_score double precision, text_score double precision, at timestamptz, valid_from timestamptz, valid_to timestamptz, source text,
    session_id text, role text, scope text, space text, metadata jsonb, left_out jsonb
);
COMMENT ON TYPE llmspell_internal.recall_row IS 'Rows of recall.';

CREATE TYPE llmspell_internal.recall_record_row AS (
    event_id uuid, kind text, id uuid, content text, tokens int, score double precision, own_score double precision, context_score double precision,
    vector_score double precision, text_score double precision, at timestamptz, valid_from timestamptz, valid_to timestamptz, source text,
    session_id text, role text, scope text, space text, metadata jsonb, left_out jsonb
);
COMMENT ON TYPE llmspell_internal.recall_record_row IS 'Rows of recall_record.';

CREATE TYPE llmspell_internal.recall_replay_row AS (
    state text, kind text, id uuid, content text, tokens int, score double precision, own_score double precision, context_score double precision,
    vector_score double precision, text_score double precision, at timestamptz, valid_from timestamptz, valid_to timestamptz, source text,
    session_id text, role text, scope text, space text, metadata jsonb, left_out jsonb
);
COMMENT ON TYPE llmspell_internal.recall_replay_row IS 'Rows of recall_replay.';
