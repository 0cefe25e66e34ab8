-- Calls by name: one statement for what clients do in several, with arguments and rows as JSON. The statement that calls a
-- function is made of the catalog alone; what the client gives is its one parameter.

CREATE OR REPLACE FUNCTION llmspell_internal._call_nearest(name text, known text[]) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_call_nearest_wrapper';
COMMENT ON FUNCTION llmspell_internal._call_nearest(text, text[]) IS 'The known name that a name is nearest to; NULL where none is near.';
GRANT EXECUTE ON FUNCTION llmspell_internal._call_nearest(text, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._call_functions() RETURNS SETOF pg_proc
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT p.* FROM pg_proc p
    WHERE p.pronamespace = 'llmspell'::regnamespace AND p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
      AND p.proname NOT IN ('call', 'call_many')
$$;
COMMENT ON FUNCTION llmspell_internal._call_functions() IS 'The functions that call() calls.';
GRANT EXECUTE ON FUNCTION llmspell_internal._call_functions() TO llmspell_app;

-- pgvector's types are told by their names, as an extension gives its types other numbers in each database.
CREATE OR REPLACE FUNCTION llmspell_internal._call_argument(name text, type oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE
        WHEN t.oid IN ('jsonb'::regtype, 'json'::regtype) THEN format('NULLIF($1 -> %L, ''null'')::%s', name, format_type(t.oid, NULL))
        WHEN t.oid = 'bytea'::regtype THEN format('decode($1 ->> %L, ''base64'')', name)
        WHEN e.oid IS NULL THEN format('($1 ->> %L)::%s', name, q.type)
        ELSE format('CASE jsonb_typeof($1 -> %1$L) WHEN ''array'' THEN ARRAY(SELECT %2$s FROM jsonb_array_elements($1 -> %1$L) WITH ORDINALITY AS a (e, n) ORDER BY a.n) ELSE ($1 ->> %1$L)::%3$s END',
            name, CASE
                WHEN e.oid IN ('jsonb'::regtype, 'json'::regtype) THEN 'NULLIF(a.e, ''null'')'
                WHEN e.oid = 'bytea'::regtype THEN 'decode(a.e #>> ''{}'', ''base64'')'
                ELSE format('(a.e #>> ''{}'')::%s', format('%I.%I', en.nspname, e.typname)) END,
            q.type)
        END
    FROM pg_type t JOIN pg_namespace tn ON tn.oid = t.typnamespace
    LEFT JOIN (pg_type e JOIN pg_namespace en ON en.oid = e.typnamespace) ON e.oid = t.typelem AND t.typcategory = 'A'
    CROSS JOIN LATERAL (SELECT format('%I.%I', tn.nspname, t.typname) AS type) AS q
    WHERE t.oid = _call_argument.type
$$;
COMMENT ON FUNCTION llmspell_internal._call_argument(text, oid) IS 'The expression that reads an argument of a type from the JSON object $1.';
GRANT EXECUTE ON FUNCTION llmspell_internal._call_argument(text, oid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._call_column(name text, type oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT CASE
        WHEN t.oid = 'void'::regtype THEN 'NULL'
        WHEN t.oid = 'bytea'::regtype THEN format('translate(encode(%s, ''base64''), E''\n'', '''')', name)
        WHEN e.oid = 'bytea'::regtype THEN format('(SELECT jsonb_agg(translate(encode(a.e, ''base64''), E''\n'', '''') ORDER BY a.n) FROM unnest(%s) WITH ORDINALITY AS a (e, n))', name)
        WHEN t.typname IN ('vector', 'halfvec') THEN format('%s::text::jsonb', name)
        WHEN e.typname IN ('vector', 'halfvec') THEN format('(SELECT jsonb_agg(a.e::text::jsonb ORDER BY a.n) FROM unnest(%s) WITH ORDINALITY AS a (e, n))', name)
        ELSE name END
    FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' WHERE t.oid = _call_column.type
$$;
COMMENT ON FUNCTION llmspell_internal._call_column(text, oid) IS 'The expression that makes a column of a type a value for JSON.';
GRANT EXECUTE ON FUNCTION llmspell_internal._call_column(text, oid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._call_statement(name text, given text[]) RETURNS TABLE (function oid, statement text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function pg_proc;
    v_known text[];
    v_wrong text;
    v_near text;
    v_arguments text;
    v_columns text;
    v_names text;
BEGIN
    PERFORM _given(_call_statement.given, 'given');
    SELECT p.* INTO v_function FROM _call_functions() p WHERE p.proname = _given(_call_statement.name, 'name');
    IF NOT FOUND THEN
        v_near := _call_nearest(_call_statement.name, ARRAY(SELECT p.proname::text FROM _call_functions() p WHERE has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1));
        RAISE EXCEPTION 'there is no function "%"', left(_call_statement.name, 100) USING ERRCODE = 'invalid_parameter_value',
            HINT = coalesce('Did you mean "' || v_near || '"?', 'docs/ has a page for each kind of function; \df llmspell.* lists them.');
    END IF;
    v_known := coalesce(v_function.proargnames[:v_function.pronargs], '{}');
    SELECT g INTO v_wrong FROM unnest(_call_statement.given) AS g WHERE g <> ALL (v_known) LIMIT 1;
    IF FOUND THEN
        v_near := _call_nearest(v_wrong, v_known);
        RAISE EXCEPTION 'function "%" has no argument "%"', v_function.proname, left(v_wrong, 100) USING ERRCODE = 'invalid_parameter_value',
            HINT = concat('Did you mean "' || v_near || '"? ', CASE WHEN v_known = '{}' THEN 'It takes none.' ELSE format('It takes %s.', array_to_string(v_known, ', ')) END);
    END IF;
    SELECT k INTO v_wrong FROM unnest(v_known[:v_function.pronargs - v_function.pronargdefaults]) AS k WHERE k <> ALL (_call_statement.given) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'function "%" needs the argument "%"', v_function.proname, v_wrong USING ERRCODE = 'invalid_parameter_value',
            HINT = format('It takes %s.', array_to_string(v_known, ', '));
    END IF;
    SELECT string_agg(format('%I => %s', a.name, _call_argument(a.name, a.type)), ', ' ORDER BY a.n) INTO v_arguments
    FROM unnest(v_known, v_function.proargtypes::oid[]) WITH ORDINALITY AS a (name, type, n) WHERE a.name = ANY (_call_statement.given);
    SELECT string_agg(format('%L, %s', c.name, _call_column(format('r.%I', c.name), c.type)), ', ' ORDER BY c.n), string_agg(quote_ident(c.name), ', ' ORDER BY c.n)
    INTO v_columns, v_names
    FROM (
        -- Of a table, of the type of row that it returns, or the one value.
        SELECT a.name, a.type, a.n FROM unnest(v_function.proargnames, v_function.proallargtypes, v_function.proargmodes) WITH ORDINALITY AS a (name, type, mode, n)
        WHERE a.mode IN ('t', 'o')
        UNION ALL
        SELECT a.attname, a.atttypid, a.attnum FROM pg_type t JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE t.oid = v_function.prorettype
        UNION ALL
        SELECT 'result', v_function.prorettype, 1 FROM pg_type t
        WHERE t.oid = v_function.prorettype AND t.typrelid = 0 AND NOT coalesce(v_function.proargmodes && ARRAY['t', 'o']::"char"[], false)
    ) AS c (name, type, n);
    RETURN QUERY SELECT v_function.oid, format('SELECT jsonb_build_object(%s) FROM llmspell.%I(%s) AS r (%s)', v_columns, v_function.proname, v_arguments, v_names);
END
$$;
COMMENT ON FUNCTION llmspell_internal._call_statement(text, text[]) IS 'The statement that calls a function with some of its arguments, of the JSON object $1, and makes JSON of its rows.
Errors: 22004 null, 22023 no such function or argument, or an argument that it needs is missing.';
GRANT EXECUTE ON FUNCTION llmspell_internal._call_statement(text, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.call(name text, arguments jsonb DEFAULT '{}', tenant text DEFAULT NULL) RETURNS SETOF jsonb
LANGUAGE c VOLATILE ROWS 10
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Times are written as those of UTC, and one without a zone is read as such.
SET timezone = 'UTC'
AS 'MODULE_PATHNAME', 'call_wrapper';
COMMENT ON FUNCTION llmspell.call(text, jsonb, text) IS 'Calls a function by name with arguments from JSON, for a tenant in this transaction; its rows as JSON objects.
Errors: 22004 no name, 22023 no such function or argument, or tenant, 42501 not allowed, and those of the function.
Example: SELECT * FROM llmspell.call(''kv_get_text'', ''{"key": "user:42"}'', ''acme'');';

CREATE OR REPLACE FUNCTION llmspell.call_many(calls jsonb, tenant text DEFAULT NULL) RETURNS TABLE (place int, result_rows jsonb)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_call jsonb;
BEGIN
    IF jsonb_typeof(_given(calls, 'calls')) <> 'array' THEN
        RAISE EXCEPTION 'calls must be an array of objects, not %', jsonb_typeof(calls) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For instance [{"name": "kv_get_text", "arguments": {"key": "k"}}].';
    END IF;
    place := 0;
    FOR v_call IN SELECT c FROM jsonb_array_elements(calls) AS c LOOP
        place := place + 1;
        IF jsonb_typeof(v_call) <> 'object' OR v_call - 'name' - 'arguments' <> '{}' THEN
            RAISE EXCEPTION 'call % must be an object of a name and arguments, got %', place, left(v_call::text, 60) USING ERRCODE = 'invalid_parameter_value';
        END IF;
        -- In their order: each sees what those before it did.
        result_rows := (SELECT coalesce(jsonb_agg(r), '[]') FROM call(v_call ->> 'name', coalesce(NULLIF(v_call -> 'arguments', 'null'), '{}'), call_many.tenant) AS r);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.call_many(jsonb, text) IS 'Calls functions in the order of an array of {"name", "arguments"}, all or nothing; the rows of each as an array.
Errors: 22004 null, 22023 no array of such objects, and those of call.
Example: SELECT * FROM llmspell.call_many(''[{"name": "kv_count"}, {"name": "kv_list"}]'', ''acme'');';
