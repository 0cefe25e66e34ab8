-- Filters. A function calls _filter_contains and _filter_operators once, before any row is read. Its statement asks for
-- `document OPERATOR(llmspell.@>) <the first>`, which an index answers, and for `_filter_matches(document, <the second>)`;
-- either condition is left out where its value is NULL.

CREATE OR REPLACE FUNCTION llmspell_internal._filter_contains(filter jsonb) RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_filter_contains_wrapper';
COMMENT ON FUNCTION llmspell_internal._filter_contains(jsonb) IS 'The document that is contained in all that a filter finds: its equalities; NULL where it has operators and no equality.
Errors: 22023 no object, or an operator that is unknown or misplaced, 54000 too large, too deep or too many conditions.';
GRANT EXECUTE ON FUNCTION llmspell_internal._filter_contains(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._filter_operators(filter jsonb) RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_filter_operators_wrapper';
COMMENT ON FUNCTION llmspell_internal._filter_operators(jsonb) IS 'Returns a filter that has operators; NULL for others, which _filter_contains answers.
Errors: those of _filter_contains.';
GRANT EXECUTE ON FUNCTION llmspell_internal._filter_operators(jsonb) TO llmspell_app;

-- Not leakproof: it is never the condition of an index, and so nothing is lost when the wall is tested before it.
CREATE OR REPLACE FUNCTION llmspell_internal._filter_matches(document jsonb, filter jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', '_filter_matches_wrapper';
COMMENT ON FUNCTION llmspell_internal._filter_matches(jsonb, jsonb) IS 'Whether a document is as a filter with operators says; true for a filter without, whose test is OPERATOR(llmspell.@>).
Errors: those of _filter_contains.';
GRANT EXECUTE ON FUNCTION llmspell_internal._filter_matches(jsonb, jsonb) TO llmspell_app;
