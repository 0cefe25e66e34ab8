-- The extension under whichever of its two names is installed, the roles, and what tests share.
DO $$
BEGIN
    EXECUTE format('CREATE EXTENSION %I CASCADE', (
        SELECT name FROM pg_available_extensions WHERE name IN ('llmspell', 'llmspell_ext') ORDER BY name LIMIT 1));
    BEGIN
        CREATE ROLE regress_app LOGIN IN ROLE llmspell_app;
    EXCEPTION WHEN duplicate_object THEN NULL; END;
    BEGIN
        CREATE ROLE regress_admin LOGIN IN ROLE llmspell_admin;
    EXCEPTION WHEN duplicate_object THEN NULL; END;
    BEGIN
        CREATE ROLE regress_nobody LOGIN;
    EXCEPTION WHEN duplicate_object THEN NULL; END;
END
$$;
CREATE SCHEMA regress;
GRANT USAGE ON SCHEMA regress TO PUBLIC;
GRANT CREATE ON SCHEMA regress TO regress_app;
-- What a statement answers: its error as SQLSTATE, message, detail and hint, or how many rows.
CREATE FUNCTION regress.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_rows bigint;
    v_state text; v_message text; v_detail text; v_hint text;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows || ' rows';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
        v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', v_state, v_message, NULLIF(v_detail, ''), NULLIF(v_hint, ''));
END
$$;
-- The nodes of a plan that tell which index is used and how.
CREATE FUNCTION regress.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    v_line text;
BEGIN
    FOR v_line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        RETURN NEXT v_line;
    END LOOP;
END
$$;
