-- Recall: the rows that belong in a prompt, from all that a tenant knows.

CREATE OR REPLACE FUNCTION llmspell_internal._recall(query_embedding @extschema:vector@.vector, query_text text, kinds text[], session_keys text[], scope text,
    document_spaces text[], document_tables text[], episode_space text, entity_space text, relationship_space text, filter jsonb, max_tokens int, max_rows int,
    valid_at timestamptz, known_at timestamptz, weights double precision[], min_score double precision, kind_weights jsonb, mmr_lambda double precision,
    language text, context double precision)
RETURNS SETOF llmspell_internal.recall_row
STABLE PARALLEL RESTRICTED ROWS 30 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', '_recall_wrapper';
COMMENT ON FUNCTION llmspell_internal._recall IS 'The rows of recall, where the spaces are known.
Errors: 42501 no tenant, 22023 an argument out of range.';
GRANT EXECUTE ON FUNCTION llmspell_internal._recall TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._recall_kinds(kinds text[]) RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_recall_kinds_wrapper';
COMMENT ON FUNCTION llmspell_internal._recall_kinds(text[]) IS 'The kinds of rows that names stand for, each once; all where none is given.
Errors: 22023 no such kind.';
GRANT EXECUTE ON FUNCTION llmspell_internal._recall_kinds(text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._recall_space(dims int, purpose text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- One that is being filled is not searched yet.
    IF EXISTS (SELECT FROM vector_spaces s WHERE s.dims = _recall_space.dims AND s.purpose = _recall_space.purpose AND _vector_state(s.name) = 'active') THEN
        RETURN (_vector_space(NULL, _recall_space.dims, _recall_space.purpose)).name;
    ELSIF NOT EXISTS (SELECT FROM vector_spaces s WHERE s.dims = _recall_space.dims AND _vector_state(s.name) = 'active') THEN
        PERFORM _vector_space(NULL, _recall_space.dims, 'vectors');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._recall_space(integer, text) IS 'The space of a purpose for vectors of so many dimensions; NULL where only others have one.
Errors: 22023 no space of these dimensions at all, several.';
GRANT EXECUTE ON FUNCTION llmspell_internal._recall_space(integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._recall_documents(dims int, space text) RETURNS SETOF llmspell.vector_spaces
LANGUAGE plpgsql STABLE ROWS 3
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_has boolean;
BEGIN
    IF _recall_documents.dims IS NOT NULL THEN
        IF _recall_documents.space IS NOT NULL THEN
            RETURN NEXT _vector_space(_recall_documents.space, _recall_documents.dims, 'vectors');
        ELSE
            RETURN QUERY SELECT s.* FROM vector_spaces s WHERE s.name = _recall_space(_recall_documents.dims, 'vectors');
        END IF;
    ELSIF _recall_documents.space IS NOT NULL THEN
        RETURN NEXT _vector_space_named(_recall_documents.space, 'vectors');
    ELSE
        FOR v_space IN SELECT s.* FROM vector_spaces s WHERE s.purpose = 'vectors' AND _vector_state(s.name) = 'active' ORDER BY NOT s.builtin, s.dims, s.name LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM llmspell.%I WHERE tenant_id = $1 AND fts IS NOT NULL)', v_space.table_name) INTO v_has USING v_tenant;
            IF v_has THEN
                RETURN NEXT v_space;
            END IF;
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._recall_documents(integer, text) IS 'The spaces whose texts are looked through: the named one, that of the dimensions, or all that have texts.
Errors: 22023 no such space, several.';
GRANT EXECUTE ON FUNCTION llmspell_internal._recall_documents(integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.recall(query_text text DEFAULT NULL, query_embedding @extschema:vector@.vector DEFAULT NULL, session_id text DEFAULT NULL,
    scope text DEFAULT NULL, kinds text[] DEFAULT NULL, filter jsonb DEFAULT NULL, max_tokens int DEFAULT 1000, max_rows int DEFAULT 100,
    valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, weights double precision[] DEFAULT '{1,1}', min_score double precision DEFAULT NULL,
    kind_weights jsonb DEFAULT NULL, mmr_lambda double precision DEFAULT NULL, language text DEFAULT NULL, context double precision DEFAULT 0.5, space text DEFAULT NULL)
RETURNS SETOF llmspell_internal.recall_row
LANGUAGE plpgsql STABLE ROWS 30
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_kinds constant text[] := _recall_kinds(recall.kinds);
    v_dims constant int := @extschema:vector@.vector_dims(recall.query_embedding);
    v_names text[];
    v_tables text[];
BEGIN
    IF num_nonnulls(recall.query_text, recall.query_embedding) = 0 THEN
        RAISE EXCEPTION 'give query_text, query_embedding or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF recall.language IS NOT NULL THEN
        PERFORM _vector_language(recall.language);
    END IF;
    IF 'document' = ANY (v_kinds) THEN
        SELECT array_agg(s.name), array_agg(s.table_name) INTO v_names, v_tables FROM _recall_documents(v_dims, recall.space) s;
    END IF;
    RETURN QUERY
    SELECT r.* FROM _recall(recall.query_embedding, recall.query_text, v_kinds, _episode_keys(recall.session_id), recall.scope, v_names, v_tables,
        CASE WHEN v_dims IS NOT NULL AND 'episode' = ANY (v_kinds) THEN _recall_space(v_dims, 'episodes') END,
        CASE WHEN v_dims IS NOT NULL AND 'entity' = ANY (v_kinds) THEN _recall_space(v_dims, 'entities') END,
        CASE WHEN v_dims IS NOT NULL AND 'relationship' = ANY (v_kinds) THEN _recall_space(v_dims, 'relationships') END,
        recall.filter, recall.max_tokens, recall.max_rows, coalesce(recall.valid_at, now()), NULLIF(recall.known_at, 'infinity'), recall.weights, recall.min_score,
        recall.kind_weights, recall.mmr_lambda, recall.language, recall.context) r;
END
$$;
COMMENT ON FUNCTION llmspell.recall IS 'Returns the rows of all kinds that belong in a prompt of max_tokens, best first; a last row says what did not fit.
Errors: 42501 no tenant, 22004 both queries null, 22023 max_tokens, max_rows, kinds, weights, kind_weights, min_score, mmr_lambda, context, language, space, dimensions, a vector of zeros. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT kind, content, tokens FROM llmspell.recall(''where is the parser?'', max_tokens => 500);';

CREATE OR REPLACE FUNCTION llmspell.token_estimate(content text) RETURNS int
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'token_estimate_wrapper';
COMMENT ON FUNCTION llmspell.token_estimate(text) IS 'How many tokens recall counts for a text.
Example: SELECT llmspell.token_estimate(''Where did we put the parser?'');';
