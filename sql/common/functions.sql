-- Checks and helpers that several components share.

CREATE OR REPLACE FUNCTION llmspell_internal._raise_conflict(what text, name text, expected bigint, actual bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% "%" does not have the expected version', what, left(name, 100)
        USING ERRCODE = 'LS409',
              DETAIL = format('expected version %s, current version %s', expected, actual),
              HINT = 'Read it again, apply the change to what you read, and write with that version.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._raise_conflict(text, text, bigint, bigint) IS 'Raises LS409, a conflict of versions, with both versions in DETAIL; version 0 is a row that does not exist.';
GRANT EXECUTE ON FUNCTION llmspell_internal._raise_conflict(text, text, bigint, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._raise_unseen(what text, name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% "%" was deleted by a transaction that this one does not see', what, left(name, 100)
        USING ERRCODE = 'serialization_failure', HINT = 'Run the transaction again.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._raise_unseen(text, text) IS 'Raises 40001 for a row that a transaction with a kept snapshot has made while it still sees one that another deleted.';
GRANT EXECUTE ON FUNCTION llmspell_internal._raise_unseen(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._check_expected(expected_version bigint) RETURNS void
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF expected_version < 0 THEN
        RAISE EXCEPTION 'expected_version must not be negative, got %', expected_version
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give 0 for "must not exist", NULL for any.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._check_expected(bigint) IS 'Checks an expected version.
Errors: 22023 negative.';
GRANT EXECUTE ON FUNCTION llmspell_internal._check_expected(bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._raise_missing(what text, name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% "%" does not exist', what, left(name, 100) USING ERRCODE = 'no_data_found';
END
$$;
COMMENT ON FUNCTION llmspell_internal._raise_missing(text, text) IS 'Raises P0002: a row does not exist.';
GRANT EXECUTE ON FUNCTION llmspell_internal._raise_missing(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._given(value anyelement, argument text) RETURNS anyelement
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_given_wrapper';
COMMENT ON FUNCTION llmspell_internal._given(anyelement, text) IS 'Returns an argument unchanged.
Errors: 22004 null.';
GRANT EXECUTE ON FUNCTION llmspell_internal._given(anyelement, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._positive(value interval, argument text) RETURNS interval
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_positive_wrapper';
COMMENT ON FUNCTION llmspell_internal._positive(interval, text) IS 'Returns an interval unchanged that is NULL, or finite and leads to a later moment than the start of the statement.
Errors: 22023 not positive or infinite, 22008 beyond the last timestamp.';
GRANT EXECUTE ON FUNCTION llmspell_internal._positive(interval, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._prune_before(older_than interval, before timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF num_nonnulls(older_than, before) <> 1 THEN
        RAISE EXCEPTION 'exactly one of older_than and before must be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN coalesce(before, statement_timestamp() - _positive(older_than, 'older_than'));
END
$$;
COMMENT ON FUNCTION llmspell_internal._prune_before(interval, timestamptz) IS 'The time before which things are removed, given as such or as an age.
Errors: 22023 none or both given, or older_than not positive.';
GRANT EXECUTE ON FUNCTION llmspell_internal._prune_before(interval, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._expiry(expires_at timestamptz, ttl interval) RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_expiry_wrapper';
COMMENT ON FUNCTION llmspell_internal._expiry(timestamptz, interval) IS 'Returns the moment of expiry given as such or as an interval from now; NULL for never.
Errors: 22023 both given, or ttl not positive or infinite, 22008 beyond the last timestamp.';
GRANT EXECUTE ON FUNCTION llmspell_internal._expiry(timestamptz, interval) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_updated_at() IS 'Keeps updated_at.';

-- key >= p AND key < _prefix_end(p) keeps its index under row level security and in generic plans, which LIKE and ^@
-- do not.
CREATE OR REPLACE FUNCTION llmspell_internal._prefix_end(prefix text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_prefix_end_wrapper';
COMMENT ON FUNCTION llmspell_internal._prefix_end(text) IS 'Returns the exclusive upper bound, in COLLATE "C", of the keys of at most 512 characters that begin with prefix.';
GRANT EXECUTE ON FUNCTION llmspell_internal._prefix_end(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._folded(value text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_folded_wrapper';
COMMENT ON FUNCTION llmspell_internal._folded(text) IS 'A text in lower case, by the rules of Unicode for all languages.';
GRANT EXECUTE ON FUNCTION llmspell_internal._folded(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._short_text(value text, argument text, max_chars int) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_short_text_wrapper';
COMMENT ON FUNCTION llmspell_internal._short_text(text, text, integer) IS 'Returns a text argument unchanged.
Errors: 22004 null, 22001 over max_chars characters.';
GRANT EXECUTE ON FUNCTION llmspell_internal._short_text(text, text, integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._max_rows(max_rows int) RETURNS int
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_max_rows_wrapper';
COMMENT ON FUNCTION llmspell_internal._max_rows(integer) IS 'Returns a page size of 0 or more unchanged.
Errors: 22004 null, 22023 negative.';
GRANT EXECUTE ON FUNCTION llmspell_internal._max_rows(integer) TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._max_rows(integer) TO llmspell_tenants;
