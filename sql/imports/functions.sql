-- Imports of what agent frameworks have stored in tables of the same database. They run with the rights of the caller, who needs
-- SELECT on the tables. Names come from the catalog; a table with a column of another type is refused, so that no cast or operator
-- of a user's own is called.

CREATE OR REPLACE FUNCTION llmspell_internal._import_begin(tenant text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF tenant IS NOT NULL THEN
        PERFORM tenant_set(tenant);
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an import needs READ COMMITTED, this transaction is %', upper(current_setting('transaction_isolation')) USING ERRCODE = 'feature_not_supported';
    END IF;
    RETURN _require_tenant();
END
$$;
COMMENT ON FUNCTION llmspell_internal._import_begin(text) IS 'Sets the tenant for the transaction where one is given, and returns it.
Errors: 42501 no tenant, 22023 the tenant is none, 0A000 not READ COMMITTED.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_begin(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._import_table(source_schema text, name text) RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = _import_table.source_schema AND c.relname = _import_table.name AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
$$;
COMMENT ON FUNCTION llmspell_internal._import_table(text, text) IS 'The table or view of that name in a schema; NULL where there is none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_table(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._import_column(source regclass, name text, types regtype[], is_needed boolean) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_type oid;
BEGIN
    SELECT a.atttypid INTO v_type FROM pg_attribute a
    WHERE a.attrelid = source AND a.attname = _import_column.name AND a.attnum > 0 AND NOT a.attisdropped;
    IF v_type IS NULL AND is_needed THEN
        RAISE EXCEPTION 'table % has no column "%"', source, left(_import_column.name, 100) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Only tables as the framework makes them can be imported; docs/imports.md says which.';
    ELSIF v_type <> ALL (types) THEN
        RAISE EXCEPTION 'column "%" of table % has the type %', left(_import_column.name, 100), source, format_type(v_type, NULL) USING ERRCODE = 'datatype_mismatch',
            HINT = format('It must be one of %s.', array_to_string(types, ', '));
    END IF;
    RETURN CASE WHEN v_type IS NOT NULL THEN quote_ident(_import_column.name) END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._import_column(regclass, text, regtype[], boolean) IS 'The quoted name of a column; NULL where there is none and none is needed.
Errors: 22023 no such column, 42804 another type.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_column(regclass, text, regtype[], boolean) TO llmspell_app;

-- The types that a column may have.
CREATE OR REPLACE FUNCTION llmspell_internal._import_types(OUT texts regtype[], OUT ids regtype[], OUT documents regtype[], OUT vectors regtype[], OUT times regtype[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT '{text,varchar}'::regtype[], '{text,varchar,uuid,integer,bigint}'::regtype[], '{jsonb,json}'::regtype[],
        ARRAY['@extschema:vector@.vector', '@extschema:vector@.halfvec']::regtype[], '{timestamptz}'::regtype[]
$$;
COMMENT ON FUNCTION llmspell_internal._import_types() IS 'Types of columns that hold texts, ids, documents, vectors and times.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_types() TO llmspell_app;
