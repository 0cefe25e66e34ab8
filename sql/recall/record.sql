-- Recalls that are written down, and what has become of their rows since.

CREATE OR REPLACE FUNCTION llmspell_internal._recall_read(kinds text[], ids uuid[], tables text[], valid_at timestamptz, known_at timestamptz)
RETURNS TABLE (n bigint, content text, at timestamptz, valid_from timestamptz, valid_to timestamptz, source text, session_id text, role text, scope text, metadata jsonb)
STABLE PARALLEL RESTRICTED ROWS 30 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', '_recall_read_wrapper';
COMMENT ON FUNCTION llmspell_internal._recall_read(text[], uuid[], text[], timestamptz, timestamptz) IS 'Rows of any kind by their ids, those that are there; n is the place in the arrays.
Errors: 42501 no tenant, 22023 no such kind.';
GRANT EXECUTE ON FUNCTION llmspell_internal._recall_read(text[], uuid[], text[], timestamptz, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._recall_hash(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(sha256(convert_to(content, 'UTF8')), 'hex');
COMMENT ON FUNCTION llmspell_internal._recall_hash(text) IS 'SHA-256 of a text, by which a recorded row is known again.';
GRANT EXECUTE ON FUNCTION llmspell_internal._recall_hash(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.recall_record(query_text text DEFAULT NULL, query_embedding @extschema:vector@.vector DEFAULT NULL, session_id text DEFAULT NULL,
    scope text DEFAULT NULL, kinds text[] DEFAULT NULL, filter jsonb DEFAULT NULL, max_tokens int DEFAULT 1000, max_rows int DEFAULT 100,
    valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, weights double precision[] DEFAULT '{1,1}', min_score double precision DEFAULT NULL,
    kind_weights jsonb DEFAULT NULL, mmr_lambda double precision DEFAULT NULL, language text DEFAULT NULL, context double precision DEFAULT 0.5, space text DEFAULT NULL,
    correlation_id uuid DEFAULT NULL)
RETURNS SETOF llmspell_internal.recall_record_row
LANGUAGE plpgsql VOLATILE ROWS 30
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_valid_at constant timestamptz := coalesce(recall_record.valid_at, now());
    -- The present knowledge: no version that this statement sees is later.
    v_known_at constant timestamptz := coalesce(NULLIF(recall_record.known_at, 'infinity'), clock_timestamp());
    v_rows recall_row[];
    v_event uuid;
BEGIN
    v_rows := ARRAY(
        SELECT r FROM recall(recall_record.query_text, recall_record.query_embedding, recall_record.session_id, recall_record.scope, recall_record.kinds,
            recall_record.filter, recall_record.max_tokens, recall_record.max_rows, v_valid_at, recall_record.known_at, recall_record.weights,
            recall_record.min_score, recall_record.kind_weights, recall_record.mmr_lambda, recall_record.language, recall_record.context, recall_record.space) r);
    SELECT e.event_id INTO v_event FROM event_append('recall.recorded', jsonb_build_object(
        'query', jsonb_strip_nulls(jsonb_build_object('query_text', recall_record.query_text, 'query_embedding_hash', _recall_hash(recall_record.query_embedding::text),
            'session_id', recall_record.session_id, 'scope', recall_record.scope, 'kinds', recall_record.kinds, 'filter', recall_record.filter,
            'max_tokens', recall_record.max_tokens, 'max_rows', recall_record.max_rows, 'known_at', recall_record.known_at, 'weights', recall_record.weights,
            'min_score', CASE WHEN abs(recall_record.min_score) < 'Infinity' THEN recall_record.min_score END, 'kind_weights', recall_record.kind_weights, 'mmr_lambda', recall_record.mmr_lambda,
            'language', recall_record.language, 'context', recall_record.context, 'space', recall_record.space)),
        'snapshot', jsonb_build_object('valid_at', v_valid_at, 'known_at', v_known_at, 'transactions', pg_current_snapshot()::text),
        'rows', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', r.kind, 'id', r.id, 'hash', _recall_hash(r.content), 'tokens', r.tokens, 'score', r.score,
            'own_score', r.own_score, 'context_score', r.context_score, 'vector_score', r.vector_score, 'text_score', r.text_score, 'space', r.space,
            'left_out', r.left_out)) ORDER BY r.n), '[]')
            FROM unnest(v_rows) WITH ORDINALITY AS r (kind, id, content, tokens, score, own_score, context_score, vector_score, text_score, at, valid_from, valid_to,
                source, session_id, role, scope, space, metadata, left_out, n))),
        recall_record.correlation_id) e;
    RETURN QUERY SELECT v_event, r.* FROM unnest(v_rows) AS r;
END
$$;
COMMENT ON FUNCTION llmspell.recall_record IS 'As recall, and appends an event of type recall.recorded with the query, its moment, and the ids, hashes and scores.
Errors: those of recall, 25006 in a READ ONLY transaction and on a standby. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT event_id, kind, content FROM llmspell.recall_record(''where is the parser?'', max_tokens => 500);';

CREATE OR REPLACE FUNCTION llmspell.recall_replay(event_id uuid) RETURNS SETOF llmspell_internal.recall_replay_row
LANGUAGE plpgsql STABLE ROWS 30
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_payload jsonb;
    v_kinds text[];
    v_ids uuid[];
    v_tables text[];
    v_ended text[];
BEGIN
    SELECT e.payload INTO v_payload FROM event_get(recall_replay.event_id) e WHERE e.event_type = 'recall.recorded';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no recorded recall "%"', recall_replay.event_id USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the event_id that recall_record returned.';
    END IF;
    SELECT coalesce(array_agg(r.kind ORDER BY r.n), '{}'), coalesce(array_agg(r.id ORDER BY r.n), '{}'), coalesce(array_agg(s.table_name ORDER BY r.n), '{}')
    INTO v_kinds, v_ids, v_tables
    FROM ROWS FROM (jsonb_to_recordset(v_payload -> 'rows') AS (kind text, id uuid, space text)) WITH ORDINALITY AS r (kind, id, space, n)
    LEFT JOIN vector_spaces s ON s.name = r.space
    WHERE r.id IS NOT NULL;
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT f.* FROM _recall_read(v_kinds, v_ids, v_tables, (v_payload #>> '{snapshot,valid_at}')::timestamptz, (v_payload #>> '{snapshot,known_at}')::timestamptz) f
    ), ended AS MATERIALIZED (
        SELECT _episode_ended_sessions(ARRAY(SELECT DISTINCT f.session_id FROM found f WHERE f.session_id IS NOT NULL)) AS sessions
    )
    SELECT CASE WHEN r.id IS NULL THEN 'same' WHEN f.n IS NULL THEN 'missing' WHEN _recall_hash(f.content) <> r.hash THEN 'changed' ELSE 'same' END,
        r.kind, r.id, f.content, r.tokens, r.score, r.own_score, r.context_score, r.vector_score, r.text_score, f.at, f.valid_from, f.valid_to, f.source,
        f.session_id, f.role, f.scope, r.space, f.metadata, r.left_out
    FROM ROWS FROM (jsonb_to_recordset(v_payload -> 'rows') AS (kind text, id uuid, hash text, tokens int, score double precision, own_score double precision,
        context_score double precision, vector_score double precision, text_score double precision, space text, left_out jsonb)) WITH ORDINALITY
        AS r (kind, id, hash, tokens, score, own_score, context_score, vector_score, text_score, space, left_out, n)
    -- The row that tells of what is left out is the last, so the places are those of the arrays.
    LEFT JOIN found f ON f.n = r.n AND (f.session_id IS NULL OR f.session_id <> ALL (coalesce((SELECT e.sessions FROM ended e), '{}')))
    ORDER BY r.n;
END
$$;
COMMENT ON FUNCTION llmspell.recall_replay(uuid) IS 'The rows of a recorded recall in their order, with what has become of each: same, changed or missing.
Errors: 42501 no tenant, 22004 event_id null, 22023 no recorded recall.
Example: SELECT state, kind, id FROM llmspell.recall_replay(''0198c0de-0000-7000-8000-000000000001'') WHERE state <> ''same'';';
