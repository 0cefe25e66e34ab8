CREATE OR REPLACE FUNCTION llmspell_internal._json_check(state jsonb) RETURNS void
    IMMUTABLE PARALLEL SAFE LANGUAGE c AS 'MODULE_PATHNAME', '_json_check_wrapper';
COMMENT ON FUNCTION llmspell_internal._json_check(jsonb) IS 'Refuses a JSON document that cannot be stored.
Errors: 22004 null, 54000 over 64 MiB as text or nested over 1,000 deep.';
GRANT EXECUTE ON FUNCTION llmspell_internal._json_check(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._json_checksum(state jsonb) RETURNS bytea
    IMMUTABLE PARALLEL SAFE LANGUAGE c AS 'MODULE_PATHNAME', '_json_checksum_wrapper';
COMMENT ON FUNCTION llmspell_internal._json_checksum(jsonb) IS 'Returns the SHA-256 of the canonical text of a JSON document: equal for equal documents, however spelled.
Errors: 22004 null, 54000 over 64 MiB as text or nested over 1,000 deep.';
GRANT EXECUTE ON FUNCTION llmspell_internal._json_checksum(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._json_diff(before jsonb, after jsonb) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_json_diff_wrapper';
COMMENT ON FUNCTION llmspell_internal._json_diff(jsonb, jsonb) IS 'The members that differ: {"key": {"old_value": …, "new_value": …}}; NULL where an argument is no object.';
GRANT EXECUTE ON FUNCTION llmspell_internal._json_diff(jsonb, jsonb) TO llmspell_app;
