-- Search by words and meaning, of vectors and episodes alike.

CREATE OR REPLACE FUNCTION llmspell_internal._search_language(language text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT coalesce(_search_language.language, get_current_ts_config()::text) $$;
COMMENT ON FUNCTION llmspell_internal._search_language(text) IS 'A language, or where none is given that of default_text_search_config.';
GRANT EXECUTE ON FUNCTION llmspell_internal._search_language(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._search_config(language text) RETURNS regconfig
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Rows may outlive the configuration that they were stored by.
    SELECT coalesce((SELECT c.oid::regconfig FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
        WHERE c.cfgname = _search_config.language AND pg_ts_config_is_visible(c.oid) OR n.nspname || '.' || c.cfgname = _search_config.language
        LIMIT 1), 'simple'::regconfig)
$$;
COMMENT ON FUNCTION llmspell_internal._search_config(text) IS 'The text search configuration of a language, simple where there is none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._search_config(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._search_terms(language text, query_text text) RETURNS TABLE (lexeme text, place int)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT l.lexeme, l.positions[1]::int FROM unnest(to_tsvector(_search_config(_search_terms.language), _search_terms.query_text)) AS l
    ORDER BY 2, l.lexeme COLLATE "C" LIMIT 64
$$;
COMMENT ON FUNCTION llmspell_internal._search_terms(text, text) IS 'The first 64 lexemes of a query in a language, with their places in it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._search_terms(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._search_strict(language text, query_text text) RETURNS tsquery
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET client_min_messages = warning
AS $$
    SELECT CASE WHEN numnode(q.query) > 0 THEN q.query END
    FROM websearch_to_tsquery(_search_config(_search_strict.language), _search_strict.query_text) AS q (query)
$$;
COMMENT ON FUNCTION llmspell_internal._search_strict(text, text) IS 'The words that phrases and exclusions demand in a language; NULL where their words are all stop words.';
GRANT EXECUTE ON FUNCTION llmspell_internal._search_strict(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._search(query_embedding @extschema:vector@.vector, query_text text, space text, words_table text, max_rows int,
    scope text, filter jsonb, since timestamptz, until timestamptz, excluded text[], episode_role text, include_expired boolean,
    max_distance double precision, language text, fusion text, weights double precision[], rrf_k int, context double precision,
    half_life double precision, age_at timestamptz, half_life_floor double precision, mmr_lambda double precision, min_score double precision,
    valid_at timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (place bigint, id uuid, score double precision, own_score double precision, context_score double precision,
    vector_score double precision, text_score double precision, vector_rank bigint, text_rank bigint, distance double precision, complete boolean)
STABLE PARALLEL RESTRICTED ROWS 10 COST 10000 LANGUAGE c
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', '_search_wrapper';
COMMENT ON FUNCTION llmspell_internal._search IS 'The best rows by vector and by words in order; words_table NULL, and scope, excluded as sessions: of episodes.
Errors: 42501 no tenant, 22023 an argument out of range.';
GRANT EXECUTE ON FUNCTION llmspell_internal._search TO llmspell_app;
