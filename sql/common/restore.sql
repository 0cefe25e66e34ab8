-- Not for llmspell_app: whoever has such a lock keeps the others waiting.
CREATE OR REPLACE FUNCTION llmspell_internal._exclusive(name text, wait boolean) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_exclusive_wrapper';
COMMENT ON FUNCTION llmspell_internal._exclusive(text, boolean) IS 'Makes this transaction the only one with this name until it ends; false where another one is and wait is false.';

-- pg_restore -j loads tables side by side and in no order, as it does not know the foreign keys
-- between tables of an extension. Where a child comes before its parents its keys cannot be checked,
-- and both must not be loaded at once, or the counts miss each other.
CREATE OR REPLACE FUNCTION llmspell_internal._is_restoring() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- Dumps set both; a role that is subject to row level security can do nothing in such a session.
    SELECT current_setting('row_security') = 'off' AND current_setting('check_function_bodies') = 'off';
END;
COMMENT ON FUNCTION llmspell_internal._is_restoring() IS 'Whether this session restores a dump, by the settings that pg_dump writes at its head.';
GRANT EXECUTE ON FUNCTION llmspell_internal._is_restoring() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_restore_begin() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _exclusive('restore', true);
    IF TG_ARGV[0] = 'child' THEN
        PERFORM set_config('llmspell.restoring', 'on', true), set_config('session_replication_role', 'replica', true);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_restore_begin() IS 'Before a restore of related tables: loads one at a time, and suspends the foreign keys of a child.';

CREATE OR REPLACE FUNCTION llmspell_internal._tg_restore_end() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM set_config('llmspell.restoring', 'off', true), set_config('session_replication_role', 'origin', true);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_restore_end() IS 'After rows of a child were restored: foreign keys are checked again.';
