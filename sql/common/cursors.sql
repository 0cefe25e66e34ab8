-- Cursors of the lists that go by time and then by id, and of those that go by an id alone.

-- COST is over 10, so that a list that sorts makes cursors of the rows of its page alone.
CREATE OR REPLACE FUNCTION llmspell_internal._cursor(at timestamptz, id text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', '_cursor_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor(timestamptz, text) IS 'The cursor of a row by its time and id; the time is kept to the microsecond, whatever driver carries it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor(timestamptz, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_of_uuid(at timestamptz, id uuid) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', '_cursor_of_uuid_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_of_uuid(timestamptz, uuid) IS 'The cursor of a row by its time and id, as _cursor makes it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_of_uuid(timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_of_times(first timestamptz, second timestamptz, id uuid) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', '_cursor_of_times_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_of_times(timestamptz, timestamptz, uuid) IS 'The cursor of a row by two times and an id: _cursor of the first time and the cursor of the rest.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_of_times(timestamptz, timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_of_number(id uuid, number bigint) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', '_cursor_of_number_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_of_number(uuid, bigint) IS 'The cursor of a row by an id and a number: both, with a colon between them.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_of_number(uuid, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_at(after text) RETURNS timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_cursor_at_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_at(text) IS 'The time of a cursor, NULL of NULL.
Errors: 22023 not a cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_at(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_id(after text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_cursor_id_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_id(text) IS 'The id of a cursor, NULL of NULL.
Errors: 22023 not a cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_id(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_uuid(after text) RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_cursor_uuid_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_uuid(text) IS 'The id of a cursor in a list whose ids are UUIDs, NULL of NULL.
Errors: 22023 not a cursor, or its id is no UUID.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_uuid(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._cursor_key(after text) RETURNS uuid
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_cursor_key_wrapper';
COMMENT ON FUNCTION llmspell_internal._cursor_key(text) IS 'The cursor of a list in the order of one UUID as that UUID, NULL of NULL.
Errors: 22023 not a UUID.';
GRANT EXECUTE ON FUNCTION llmspell_internal._cursor_key(text) TO llmspell_app;
