-- Index operators that work under row level security.
--
-- Under RLS the planner lets only leakproof operators reach an index before the policy is tested.
-- jsonb @>, tsvector @@ and text[] @> are not marked leakproof in core. The aliases below are, for
-- these built-in functions alone, each for the reason given: their result is a boolean, and no
-- input of their types makes them raise an error or a message that carries a value.
-- Selectivity estimators are core's own for the operator that is aliased.

-- GIN indexes of words take new rows through a list of 64 kB, which saves writes much (docs/design/gin.md). Those of
-- documents have none: the planner counts its pages, and would read a fresh table in its order instead.

-- jsonb_contains: walks two already parsed documents; its only errors are for malformed binary
-- jsonb, which no SQL value is, and for the depth of the stack. It goes no deeper than either document,
-- and every document that a table of tenants stores is at most 1,000 deep (_storable), which needs less stack
-- than the server grants by default. So no error depends on a stored value. Long documents are walked here, in the same
-- way, as the server's function asks for no interrupts.
CREATE OR REPLACE FUNCTION llmspell_internal._jsonb_contains(document jsonb, part jsonb) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'MODULE_PATHNAME', '_jsonb_contains_wrapper';

-- ts_match_vq: looks up lexemes in a sorted array; no error depends on the vector.
CREATE OR REPLACE FUNCTION llmspell_internal._ts_match(tsvector, tsquery) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'ts_match_vq';

-- arraycontains on text[]: compares elements with texteq, which is leakproof itself; the error for
-- differing element types cannot happen as both sides are text[].
CREATE OR REPLACE FUNCTION llmspell_internal._text_array_contains(text[], text[]) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE LEAKPROOF AS 'arraycontains';

COMMENT ON FUNCTION llmspell_internal._jsonb_contains(jsonb, jsonb) IS 'As pg_catalog.jsonb_contains, marked leakproof, and ended by interrupts.';
GRANT EXECUTE ON FUNCTION llmspell_internal._jsonb_contains(jsonb, jsonb) TO llmspell_app;
COMMENT ON FUNCTION llmspell_internal._ts_match(tsvector, tsquery) IS 'pg_catalog.ts_match_vq, marked leakproof.';
GRANT EXECUTE ON FUNCTION llmspell_internal._ts_match(tsvector, tsquery) TO llmspell_app;
COMMENT ON FUNCTION llmspell_internal._text_array_contains(text[], text[]) IS 'pg_catalog.arraycontains for text[], marked leakproof.';
GRANT EXECUTE ON FUNCTION llmspell_internal._text_array_contains(text[], text[]) TO llmspell_app;

CREATE OPERATOR llmspell.@> (
    FUNCTION = llmspell_internal._jsonb_contains, LEFTARG = jsonb, RIGHTARG = jsonb,
    RESTRICT = contsel, JOIN = contjoinsel);
CREATE OPERATOR llmspell.@@ (
    FUNCTION = llmspell_internal._ts_match, LEFTARG = tsvector, RIGHTARG = tsquery,
    RESTRICT = tsmatchsel, JOIN = tsmatchjoinsel);
-- arraycontsel would look for the core operator and fail each query.
CREATE OPERATOR llmspell.@> (
    FUNCTION = llmspell_internal._text_array_contains, LEFTARG = text[], RIGHTARG = text[],
    RESTRICT = contsel, JOIN = contjoinsel);

COMMENT ON OPERATOR llmspell.@> (jsonb, jsonb) IS 'Contains, as jsonb @>, but keeps its index under row level security. Write OPERATOR(llmspell.@>).';
COMMENT ON OPERATOR llmspell.@@ (tsvector, tsquery) IS 'Matches, as tsvector @@, but keeps its index under row level security. Write OPERATOR(llmspell.@@).';
COMMENT ON OPERATOR llmspell.@> (text[], text[]) IS 'Contains, as anyarray @>, but keeps its index under row level security. Write OPERATOR(llmspell.@>).';

-- The GIN classes: core's support functions under the leakproof operators.
CREATE OPERATOR CLASS llmspell.jsonb_path_lp_ops FOR TYPE jsonb USING gin AS
    OPERATOR 7 llmspell.@> (jsonb, jsonb),
    FUNCTION 1 btint4cmp (int4, int4),
    FUNCTION 2 gin_extract_jsonb_path (jsonb, internal, internal),
    FUNCTION 3 gin_extract_jsonb_query_path (jsonb, internal, int2, internal, internal, internal, internal),
    FUNCTION 4 gin_consistent_jsonb_path (internal, int2, jsonb, int4, internal, internal, internal, internal),
    FUNCTION 6 gin_triconsistent_jsonb_path (internal, int2, jsonb, int4, internal, internal, internal),
    STORAGE int4;
CREATE OPERATOR CLASS llmspell.tsvector_lp_ops FOR TYPE tsvector USING gin AS
    OPERATOR 1 llmspell.@@ (tsvector, tsquery),
    FUNCTION 1 gin_cmp_tslexeme (text, text),
    FUNCTION 2 gin_extract_tsvector (tsvector, internal, internal),
    FUNCTION 3 gin_extract_tsquery (tsvector, internal, int2, internal, internal, internal, internal),
    FUNCTION 4 gin_tsquery_consistent (internal, int2, tsvector, int4, internal, internal, internal, internal),
    FUNCTION 5 gin_cmp_prefix (text, text, int2, internal),
    FUNCTION 6 gin_tsquery_triconsistent (internal, int2, tsvector, int4, internal, internal, internal),
    STORAGE text;
CREATE OPERATOR CLASS llmspell.text_array_lp_ops FOR TYPE text[] USING gin AS
    OPERATOR 2 llmspell.@> (text[], text[]),
    FUNCTION 1 bttextcmp (text, text),
    FUNCTION 2 ginarrayextract (anyarray, internal, internal),
    FUNCTION 3 ginqueryarrayextract (anyarray, internal, int2, internal, internal, internal, internal),
    FUNCTION 4 ginarrayconsistent (internal, int2, anyarray, int4, internal, internal, internal, internal),
    FUNCTION 6 ginarraytriconsistent (internal, int2, anyarray, int4, internal, internal, internal),
    STORAGE text;

COMMENT ON OPERATOR CLASS llmspell.jsonb_path_lp_ops USING gin IS 'As jsonb_path_ops, for OPERATOR(llmspell.@>).';
COMMENT ON OPERATOR CLASS llmspell.tsvector_lp_ops USING gin IS 'As tsvector_ops, for OPERATOR(llmspell.@@).';
COMMENT ON OPERATOR CLASS llmspell.text_array_lp_ops USING gin IS 'As array_ops, for OPERATOR(llmspell.@>) on text[].';
