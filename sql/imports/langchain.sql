-- Vectors from the tables of LangChain's vector stores for Postgres.

CREATE OR REPLACE FUNCTION llmspell.import_langchain(source_schema text, source_table text DEFAULT 'langchain_pg_embedding', tenant text DEFAULT NULL, dry_run boolean DEFAULT true, collection text DEFAULT NULL, scope text DEFAULT NULL,
    space text DEFAULT NULL, language text DEFAULT NULL, id_column text DEFAULT NULL, content_column text DEFAULT NULL, embedding_column text DEFAULT NULL, metadata_column text DEFAULT NULL)
RETURNS TABLE (kind text, total bigint, imported bigint, present bigint, skipped bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _import_begin(import_langchain.tenant);
    v_dry constant boolean := coalesce(import_langchain.dry_run, true);
    v_source constant regclass := _import_table(_given(import_langchain.source_schema, 'source_schema'), coalesce(import_langchain.source_table, 'langchain_pg_embedding'));
    v_types record := _import_types();
    v_is_collected boolean;
    v_query text;
    v_rows constant int := 200;
    v_row record;
    v_texts text[] := '{}';
    v_contents text[] := '{}';
    v_scopes text[] := '{}';
    v_metadatas jsonb[] := '{}';
    v_embeddings @extschema:vector@.vector[] := '{}';
    v_bytes bigint := 0;
    v_place text;
    v_state text;
    v_message text;
    v_detail text;
    v_hint text;
BEGIN
    kind := 'vectors';
    total := 0;
    imported := 0;
    present := 0;
    skipped := 0;
    IF v_source IS NULL THEN
        RAISE EXCEPTION 'schema "%" has no table "%"', left(import_langchain.source_schema, 100), left(coalesce(import_langchain.source_table, 'langchain_pg_embedding'), 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the schema and the table that the vector store was made with.';
    END IF;
    v_is_collected := _import_column(v_source, 'collection_id', '{uuid}', false) IS NOT NULL;
    IF import_langchain.collection IS NOT NULL AND NOT v_is_collected THEN
        RAISE EXCEPTION 'table % has no collections', v_source USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave collection out.';
    END IF;
    v_query := _import_vectors_query(v_source, v_is_collected,
        coalesce(import_langchain.id_column, CASE WHEN NOT v_is_collected THEN 'langchain_id' WHEN _import_column(v_source, 'id', v_types.ids, false) IS NULL THEN 'uuid' ELSE 'id' END),
        coalesce(import_langchain.content_column, CASE WHEN v_is_collected THEN 'document' ELSE 'content' END),
        coalesce(import_langchain.embedding_column, 'embedding'),
        coalesce(import_langchain.metadata_column, CASE WHEN v_is_collected THEN 'cmetadata' ELSE 'langchain_metadata' END), import_langchain.metadata_column IS NOT NULL);
    FOR v_row IN EXECUTE v_query USING import_langchain.collection LOOP
        v_place := format('vector "%s" or one of the %s before it', v_row.text_id, v_rows);
        total := total + 1;
        IF v_row.embedding IS NULL OR v_row.text_id IS NULL THEN
            skipped := skipped + 1;
            CONTINUE;
        END IF;
        v_texts := array_append(v_texts, v_row.text_id);
        v_contents := array_append(v_contents, v_row.content);
        v_scopes := array_append(v_scopes, coalesce(import_langchain.scope, 'custom:' || v_row.collection, 'global'));
        v_metadatas := array_append(v_metadatas, v_row.metadata);
        v_embeddings := array_append(v_embeddings, v_row.embedding);
        v_bytes := v_bytes + octet_length(v_row.content) + pg_column_size(v_row.metadata);
        IF cardinality(v_texts) >= v_rows OR v_bytes > 8388608 THEN
            imported := imported + _import_vectors(v_embeddings, v_texts, v_scopes, v_metadatas, v_contents, import_langchain.language, import_langchain.space, v_dry);
            v_texts := '{}';
            v_contents := '{}';
            v_scopes := '{}';
            v_metadatas := '{}';
            v_embeddings := '{}';
            v_bytes := 0;
        END IF;
    END LOOP;
    imported := imported + _import_vectors(v_embeddings, v_texts, v_scopes, v_metadatas, v_contents, import_langchain.language, import_langchain.space, v_dry);
    present := total - skipped - imported;
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
    IF v_place IS NULL THEN
        RAISE;
    END IF;
    RAISE EXCEPTION USING ERRCODE = v_state, MESSAGE = v_message, DETAIL = concat_ws(E'\n', NULLIF(v_detail, ''), 'while importing ' || left(v_place, 500)),
        HINT = coalesce(NULLIF(v_hint, ''), 'Nothing was imported.');
END
$$;
COMMENT ON FUNCTION llmspell.import_langchain(text, text, text, boolean, text, text, text, text, text, text, text, text) IS 'Copies the vectors of a table of LangChain''s PGVector or PGVectorStore; only counts unless dry_run is false.
Errors: 42501 no tenant, or no SELECT on the table, 22004 null, 22023 no such table, column or collections, or no space of the dimensions, 42804 another type, 0A000 not READ COMMITTED, those of vector_put.
Example: SELECT * FROM llmspell.import_langchain(''public'', tenant => ''acme'', dry_run => false);';

CREATE OR REPLACE FUNCTION llmspell_internal._import_vectors_query(source regclass, is_collected boolean, id_column text, content_column text, embedding_column text, metadata_column text,
    is_metadata_needed boolean) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_types record := _import_types();
    v_id constant text := _import_column(source, id_column, v_types.ids, true);
    v_content constant text := _import_column(source, content_column, v_types.texts, true);
    v_embedding constant text := _import_column(source, embedding_column, v_types.vectors, true);
    v_metadata constant text := _import_column(source, metadata_column, v_types.documents, is_metadata_needed OR is_collected);
    v_collections regclass;
    v_columns text;
BEGIN
    IF is_collected THEN
        SELECT _import_table(n.nspname, 'langchain_pg_collection') INTO v_collections FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = source;
        IF v_collections IS NULL THEN
            RAISE EXCEPTION 'there is no table langchain_pg_collection beside %', source USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM _import_column(v_collections, 'uuid', '{uuid}', true), _import_column(v_collections, 'name', v_types.texts, true);
    ELSE
        -- Metadata in columns of their own.
        SELECT string_agg(format('(%L, to_jsonb(t.%I))', a.attname, a.attname), ', ' ORDER BY a.attnum) INTO v_columns
        FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
        WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (ARRAY[id_column, content_column, embedding_column, metadata_column]::name[])
          AND y.typnamespace = 'pg_catalog'::regnamespace AND y.oid <> 'tsvector'::regtype;
    END IF;
    RETURN format('SELECT t.%s::text AS text_id, t.%s::text AS content, t.%s::@extschema:vector@.vector AS embedding, %s AS collection, %s || %s AS metadata FROM %s t %s ORDER BY t.%1$s',
        v_id, v_content, v_embedding, CASE WHEN is_collected THEN 'c.name::text' ELSE 'NULL::text' END,
        coalesce('coalesce(NULLIF(t.' || v_metadata || '::jsonb, ''null''), ''{}'')', '''{}''::jsonb'),
        coalesce('(SELECT coalesce(jsonb_object_agg(m.k, m.v) FILTER (WHERE m.v IS NOT NULL), ''{}'') FROM (VALUES ' || v_columns || ') AS m (k, v))', '''{}''::jsonb'),
        source, CASE WHEN is_collected THEN format('JOIN %s c ON c.uuid = t.collection_id AND ($1 IS NULL OR c.name = $1)', v_collections) ELSE 'WHERE $1 IS NULL' END);
END
$$;
COMMENT ON FUNCTION llmspell_internal._import_vectors_query(regclass, boolean, text, text, text, text, boolean) IS 'The statement that reads a table of vectors of LangChain; $1 is the collection.
Errors: 22023, 42804 as import_langchain.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_vectors_query(regclass, boolean, text, text, text, text, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._import_vectors(embeddings @extschema:vector@.vector[], text_ids text[], scopes text[], metadatas jsonb[], contents text[], language text, space text,
    dry_run boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_group record;
    v_space text;
    v_known text[];
    v_new record;
    v_count bigint := 0;
BEGIN
    PERFORM _require_tenant();
    FOR v_group IN SELECT @extschema:vector@.vector_dims(e.embedding) AS dims, array_agg(e.n::int) AS places FROM unnest(embeddings) WITH ORDINALITY AS e (embedding, n) GROUP BY 1 ORDER BY 1 LOOP
        v_space := coalesce(_import_vectors.space, (_vector_space(NULL, v_group.dims, 'vectors', true)).name);
        v_known := ARRAY(SELECT g.text_id FROM vector_get(text_ids => ARRAY(SELECT text_ids[p] FROM unnest(v_group.places) AS p), space => v_space) g);
        SELECT array_agg(embeddings[p] ORDER BY p) AS embeddings, array_agg(text_ids[p] ORDER BY p) AS text_ids, array_agg(scopes[p] ORDER BY p) AS scopes,
            array_agg(metadatas[p] ORDER BY p) AS metadatas, array_agg(contents[p] ORDER BY p) AS contents
        INTO v_new FROM unnest(v_group.places) AS p WHERE text_ids[p] <> ALL (v_known);
        v_count := v_count + coalesce(cardinality(v_new.text_ids), 0);
        IF NOT dry_run AND v_new.text_ids IS NOT NULL THEN
            PERFORM FROM vector_put_many(v_new.embeddings, v_new.text_ids, v_new.scopes, v_new.metadatas, v_new.contents, language => _import_vectors.language, space => v_space);
        END IF;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._import_vectors IS 'Stores those vectors whose text ids are not there yet, and returns how many.
Errors: as import_langchain.';
GRANT EXECUTE ON FUNCTION llmspell_internal._import_vectors TO llmspell_app;
