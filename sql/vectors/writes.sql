-- Writing vectors, with the caller's rights.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_language(language text) RETURNS regconfig
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_config regconfig;
BEGIN
    -- Without a query of the catalog. The input of the type also takes a number, a hyphen for none, and other spellings.
    IF language <> '-' AND pg_input_is_valid(language, 'regconfig') THEN
        v_config := language::regconfig;
    END IF;
    IF (v_config::text IN (language, substr(language, strpos(language, '.') + 1))) IS NOT TRUE THEN
        RAISE EXCEPTION 'there is no text search configuration "%"', left(_vector_language.language, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use simple, english or another one of SELECT cfgname FROM pg_ts_config.';
    END IF;
    RETURN v_config;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_language(text) IS 'The text search configuration of a name.
Errors: 22023 none, or null.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_language(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_has_halves(space text) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT EXISTS (SELECT FROM vector_index_config c WHERE c.space = _vector_has_halves.space AND c.method = 'hnsw_halfvec') $$;
COMMENT ON FUNCTION llmspell_internal._vector_has_halves(text) IS 'Whether an index of half precision was chosen for a space.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_has_halves(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_add(embedding @extschema:vector@.vector, scope text DEFAULT 'global', metadata jsonb DEFAULT '{}', content text DEFAULT NULL,
    id uuid DEFAULT NULL, at timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    language text DEFAULT NULL, space text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_scope constant text := coalesce(vector_add.scope, 'global');
    v_language constant text := _search_language(vector_add.language);
    v_space vector_spaces;
    v_id uuid;
BEGIN
    v_space := _vector_space(vector_add.space, @extschema:vector@.vector_dims(_given(vector_add.embedding, 'embedding')), 'vectors');
    PERFORM _check_scope(v_scope), _vector_check_length(vector_add.embedding, v_space.metric), _vector_language(v_language);
    IF vector_add.metadata <> '{}' THEN
        PERFORM _json_check(vector_add.metadata);
    END IF;
    IF v_space.metric <> 'cosine' AND _vector_has_halves(v_space.name) THEN
        PERFORM _vector_check_half(vector_add.embedding);
    END IF;
    EXECUTE format('INSERT INTO llmspell.%I (id, tenant_id, scope, embedding, metadata, content, event_time, expires_at, language)
                    VALUES (coalesce($1, uuidv7()), $2, $3, $4, coalesce($5, ''{}''), $6, $7, $8, $9) RETURNING id', v_space.table_name)
    INTO v_id
    USING vector_add.id, v_tenant, v_scope, vector_add.embedding, vector_add.metadata, vector_add.content,
        vector_add.at, _expiry(vector_add.expires_at, vector_add.ttl), v_language;
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION llmspell.vector_add IS 'Stores a vector and returns its id.
Errors: 42501 no tenant, 22004 null, 22023 no space of its dimensions, its length, scope, language, ttl, class 22 not finite, 23505 the id is taken, 54000 metadata too large or too deep.
Example: SELECT llmspell.vector_add(array_fill(0.1, ARRAY[384])::vector, ''user:1'', ''{"kind": "note"}'', ''some text'');';

CREATE OR REPLACE FUNCTION llmspell.vector_add_half(embedding bytea, scope text DEFAULT 'global', metadata jsonb DEFAULT '{}', content text DEFAULT NULL,
    id uuid DEFAULT NULL, at timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    language text DEFAULT NULL, space text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    RETURN vector_add(_vector_from_halves(_given(vector_add_half.embedding, 'embedding')), vector_add_half.scope, vector_add_half.metadata,
        vector_add_half.content, vector_add_half.id, vector_add_half.at, vector_add_half.expires_at, vector_add_half.ttl,
        vector_add_half.language, vector_add_half.space);
END
$$;
COMMENT ON FUNCTION llmspell.vector_add_half IS 'Stores a vector of half-precision numbers, little-endian, two bytes each.
Errors: those of vector_add, 22023 an odd number of bytes, none, more than 16000 numbers, or one that is not finite.
Example: SELECT llmspell.vector_add_half(decode(repeat(''003c'', 384), ''hex''));';

CREATE OR REPLACE FUNCTION llmspell.vector_add_many(embeddings @extschema:vector@.vector[] DEFAULT NULL, scopes text[] DEFAULT NULL, metadatas jsonb[] DEFAULT NULL,
    contents text[] DEFAULT NULL, ids uuid[] DEFAULT NULL, items jsonb DEFAULT NULL, language text DEFAULT NULL, space text DEFAULT NULL)
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_language constant text := _search_language(vector_add_many.language);
    v_embeddings @extschema:vector@.vector[] := vector_add_many.embeddings;
    v_scopes text[] := vector_add_many.scopes;
    v_metadatas jsonb[] := vector_add_many.metadatas;
    v_contents text[] := vector_add_many.contents;
    v_ids uuid[] := vector_add_many.ids;
    v_times timestamptz[];
    v_expiries timestamptz[];
    v_languages text[];
    v_count int;
    v_dims int;
    v_other int;
    v_wrong text;
BEGIN
    IF num_nonnulls(vector_add_many.embeddings, vector_add_many.items) <> 1 THEN
        RAISE EXCEPTION 'give either embeddings or items' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF vector_add_many.items IS NOT NULL THEN
        IF jsonb_typeof(vector_add_many.items) <> 'array' THEN
            RAISE EXCEPTION 'items must be an array of objects, not %', jsonb_typeof(vector_add_many.items) USING ERRCODE = 'invalid_parameter_value',
                HINT = 'For instance [{"embedding": [0.1, …], "scope": "global", "metadata": {}, "content": "…"}].';
        END IF;
        IF num_nonnulls(v_scopes, v_metadatas, v_contents, v_ids) > 0 THEN
            RAISE EXCEPTION 'items and arrays must not both be given' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        SELECT array_agg(CASE WHEN jsonb_typeof(i.value -> 'embedding') = 'array' THEN (i.value -> 'embedding')::text::@extschema:vector@.vector END ORDER BY i.n),
            array_agg(coalesce(i.value ->> 'scope', 'global') ORDER BY i.n), array_agg(NULLIF(i.value -> 'metadata', 'null') ORDER BY i.n),
            array_agg(i.value ->> 'content' ORDER BY i.n), array_agg((i.value ->> 'id')::uuid ORDER BY i.n),
            array_agg((i.value ->> 'at')::timestamptz ORDER BY i.n), array_agg(NULLIF((i.value ->> 'expires_at')::timestamptz, 'infinity') ORDER BY i.n),
            array_agg(coalesce(i.value ->> 'language', v_language) ORDER BY i.n)
        INTO v_embeddings, v_scopes, v_metadatas, v_contents, v_ids, v_times, v_expiries, v_languages
        FROM jsonb_array_elements(vector_add_many.items) WITH ORDINALITY AS i (value, n);
    END IF;
    SELECT string_agg(a.name, ', ') INTO v_wrong
    FROM (VALUES ('embeddings', array_ndims(v_embeddings), array_lower(v_embeddings, 1)), ('scopes', array_ndims(v_scopes), array_lower(v_scopes, 1)),
        ('metadatas', array_ndims(v_metadatas), array_lower(v_metadatas, 1)), ('contents', array_ndims(v_contents), array_lower(v_contents, 1)),
        ('ids', array_ndims(v_ids), array_lower(v_ids, 1))) AS a (name, dimensions, first)
    WHERE a.dimensions > 1 OR a.first <> 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'arrays must have one dimension and begin at 1, these do not: %', v_wrong USING ERRCODE = 'array_subscript_error';
    END IF;
    v_count := coalesce(cardinality(v_embeddings), 0);
    SELECT string_agg(format('%s has %s', a.name, a.length), ', ') INTO v_wrong
    FROM (VALUES ('scopes', cardinality(v_scopes)), ('metadatas', cardinality(v_metadatas)), ('contents', cardinality(v_contents)), ('ids', cardinality(v_ids))) AS a (name, length)
    WHERE a.length <> v_count;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'arrays of one call must have one length: embeddings has %, %', v_count, v_wrong USING ERRCODE = 'array_subscript_error';
    END IF;
    IF v_count = 0 THEN
        RETURN '{}';
    END IF;
    IF array_position(v_embeddings, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'embedding % must not be null', array_position(v_embeddings, NULL) USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT min(@extschema:vector@.vector_dims(e)), max(@extschema:vector@.vector_dims(e)) INTO v_dims, v_other FROM unnest(v_embeddings) AS e;
    IF v_dims <> v_other THEN
        RAISE EXCEPTION 'vectors of one call must have the same dimensions, found % and %', v_dims, v_other
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Make a call for each space.';
    END IF;
    v_space := _vector_space(vector_add_many.space, v_dims, 'vectors');
    PERFORM _vector_check_length(e, v_space.metric) FROM unnest(v_embeddings) AS e;
    IF v_space.metric <> 'cosine' AND _vector_has_halves(v_space.name) THEN
        PERFORM _vector_check_half(e) FROM unnest(v_embeddings) AS e;
    END IF;
    PERFORM _check_scope(s) FROM (SELECT DISTINCT s FROM unnest(v_scopes) AS s WHERE s IS NOT NULL) AS s;
    PERFORM _json_check(d) FROM unnest(v_metadatas) AS d WHERE d <> '{}';
    PERFORM _vector_language(l) FROM (SELECT DISTINCT l FROM unnest(coalesce(v_languages, ARRAY[v_language])) AS l) AS l;
    SELECT array_agg(coalesce(v_ids[n], uuidv7()) ORDER BY n) INTO v_ids FROM generate_series(1, v_count) AS n;
    EXECUTE format('INSERT INTO llmspell.%I (id, tenant_id, scope, embedding, metadata, content, event_time, expires_at, language)
                    SELECT r.id, $1, coalesce(r.scope, ''global''), r.embedding, coalesce(r.metadata, ''{}''), r.content, r.event_time, r.expires_at, coalesce(r.language, $2)
                    FROM unnest($3, $4, $5, $6, $7, $8, $9, $10) AS r (id, scope, embedding, metadata, content, event_time, expires_at, language)', v_space.table_name)
    USING v_tenant, v_language, v_ids, v_scopes, v_embeddings, v_metadatas, v_contents, v_times, v_expiries, v_languages;
    RETURN v_ids;
END
$$;
COMMENT ON FUNCTION llmspell.vector_add_many IS 'Stores many vectors of one space, all or none, from arrays or from items, and returns their ids in order.
Errors: those of vector_add, 2202E arrays of several lengths or with other bounds, 22023 vectors of several dimensions, neither or both ways.
Example: SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object(''embedding'', array_fill(0.1, ARRAY[384]), ''content'', ''some text'')));';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tables(space text) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF _vector_tables.space IS NOT NULL THEN
        RETURN NEXT (_vector_space_named(_vector_tables.space, 'vectors')).table_name;
        RETURN;
    END IF;
    RETURN QUERY SELECT s.table_name FROM vector_spaces s WHERE s.purpose = 'vectors' ORDER BY s.name;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tables(text) IS 'The table of a space for vectors, or of all of them.
Errors: 22023 no such space.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tables(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_update_metadata(id uuid, metadata jsonb, space text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _given(vector_update_metadata.id, 'id');
    v_metadata constant jsonb := _given(vector_update_metadata.metadata, 'metadata');
    v_table text;
    v_found boolean := false;
    v_rows bigint;
BEGIN
    PERFORM _json_check(v_metadata);
    FOR v_table IN SELECT t FROM _vector_tables(vector_update_metadata.space) AS t LOOP
        -- An update would enter the vector into its index again, so that one that changes nothing is skipped.
        EXECUTE format('UPDATE llmspell.%I SET metadata = $3, updated_at = now() WHERE tenant_id = $1 AND id = $2 AND metadata IS DISTINCT FROM $3', v_table)
        USING v_tenant, v_id, v_metadata;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows = 0 THEN
            EXECUTE format('SELECT count(*) FROM llmspell.%I WHERE tenant_id = $1 AND id = $2', v_table) INTO v_rows USING v_tenant, v_id;
        END IF;
        v_found := v_found OR v_rows > 0;
    END LOOP;
    RETURN v_found;
END
$$;
COMMENT ON FUNCTION llmspell.vector_update_metadata(uuid, jsonb, text) IS 'Replaces the metadata of a vector; returns whether it exists.
Errors: 42501 no tenant, 22004 null, 22023 no such space, 54000 metadata too large or too deep.
Example: SELECT llmspell.vector_update_metadata(''00000000-0000-0000-0000-000000000001'', ''{"seen": true}'');';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_delete(by text, value anyelement, space text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_table text;
    v_rows bigint;
    v_count bigint := 0;
BEGIN
    FOR v_table IN SELECT t FROM _vector_tables(_vector_delete.space) AS t LOOP
        EXECUTE format('DELETE FROM llmspell.%I WHERE tenant_id = $1 AND %s', v_table,
            CASE _vector_delete.by
                WHEN 'ids' THEN 'id = ANY ($2)'
                WHEN 'scope' THEN 'scope = $2'
                -- An array, so that stale statistics cannot make a nested loop of it.
                WHEN 'expiry' THEN format('id = ANY (ARRAY(SELECT id FROM llmspell.%I WHERE tenant_id = $1 AND expires_at <= now() ORDER BY expires_at LIMIT $2))', v_table) ELSE 'false' END)
        USING v_tenant, _vector_delete.value;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_count := v_count + v_rows;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_delete IS 'Deletes vectors by ids, by scope or by expiry (value: the most rows of a space), and returns how many.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_delete TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_delete(ids uuid[], space text DEFAULT NULL) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT _vector_delete('ids', _given(ids, 'ids'), space) $$;
COMMENT ON FUNCTION llmspell.vector_delete(uuid[], text) IS 'Deletes vectors by id, in every space or in one, and returns how many.
Errors: 42501 no tenant, 22004 null, 22023 no such space.
Example: SELECT llmspell.vector_delete(ARRAY[''00000000-0000-0000-0000-000000000001'']::uuid[]);';

CREATE OR REPLACE FUNCTION llmspell.vector_delete_scope(scope text, space text DEFAULT NULL) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT _vector_delete('scope', _given(scope, 'scope'), space) $$;
COMMENT ON FUNCTION llmspell.vector_delete_scope(text, text) IS 'Deletes all vectors of a scope, in every space or in one, and returns how many.
Errors: 42501 no tenant, 22004 null, 22023 no such space.
Example: SELECT llmspell.vector_delete_scope(''session:1'');';

CREATE OR REPLACE FUNCTION llmspell.vector_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT _vector_delete('expiry', _max_rows(coalesce(max_rows, 1000)), NULL) $$;
COMMENT ON FUNCTION llmspell.vector_sweep(integer) IS 'Deletes expired vectors, oldest first, at most max_rows of each space, and returns how many.
Errors: 42501 no tenant, 22023 max_rows.
Example: SELECT llmspell.vector_sweep();';
