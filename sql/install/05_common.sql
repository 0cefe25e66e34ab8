-- What several components share.

CREATE FUNCTION llmspell._raise_conflict(what text, name text, expected bigint, actual bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% "%" was changed by somebody else', what, left(name, 100)
        USING ERRCODE = 'LS409',
              DETAIL = format('expected version %s, current version %s', expected, actual),
              HINT = 'Read it again, apply the change to what you read, and write with that version.';
END
$$;
COMMENT ON FUNCTION llmspell._raise_conflict(text, text, bigint, bigint) IS 'Raises LS409, the one optimistic-concurrency error, with both versions in DETAIL (version 0: does not exist).';

CREATE FUNCTION llmspell._tg_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell._tg_updated_at() IS 'Keeps updated_at.';

COMMENT ON FUNCTION llmspell._prefix_end(text) IS 'Exclusive upper bound, in COLLATE "C", of the texts of at most 512 characters that begin with the prefix: key >= p AND key < _prefix_end(p) keeps its index under row level security and in generic plans, which LIKE and ^@ do not.';
COMMENT ON FUNCTION llmspell._max_rows(integer) IS 'Returns a page size of 0 or more unchanged. Errors: 22004 null, 22023 negative.';
