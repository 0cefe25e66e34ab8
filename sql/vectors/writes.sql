-- Writing vectors. All of it by the caller's rights, under the wall.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_space(space text, dims int, purpose text) RETURNS llmspell.vector_spaces
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_space vector_spaces;
    v_other text;
BEGIN
    IF _vector_space.space IS NOT NULL THEN
        SELECT s.* INTO v_space FROM vector_spaces s WHERE s.name = _vector_space.space AND s.purpose = _vector_space.purpose;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no space "%" for %', left(_vector_space.space, 60), _vector_space.purpose
                USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
        END IF;
        IF v_space.dims <> _vector_space.dims THEN
            RAISE EXCEPTION 'space "%" has % dimensions, this vector has %', v_space.name, v_space.dims, _vector_space.dims
                USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN v_space;
    END IF;
    SELECT s.* INTO v_space FROM vector_spaces s
    WHERE s.dims = _vector_space.dims AND s.purpose = _vector_space.purpose
    ORDER BY NOT s.builtin, s.name LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no space for vectors of % dimensions, there are spaces of %', _vector_space.dims,
            (SELECT string_agg(d.dims::text, ', ' ORDER BY d.dims) FROM (SELECT DISTINCT s.dims FROM vector_spaces s WHERE s.purpose = _vector_space.purpose) AS d)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'An operator makes another one: SELECT llmspell.vector_space_create(…).';
    END IF;
    -- Which of two models is meant cannot be guessed; the guide's own table always can.
    SELECT string_agg(s.name, ', ' ORDER BY s.name) INTO v_other FROM vector_spaces s
    WHERE s.dims = _vector_space.dims AND s.purpose = _vector_space.purpose AND NOT v_space.builtin AND s.name <> v_space.name;
    IF v_other IS NOT NULL THEN
        RAISE EXCEPTION 'several spaces have % dimensions: %, %', _vector_space.dims, v_space.name, v_other
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name one: space => ''…''.';
    END IF;
    RETURN v_space;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_space(text, integer, text) IS 'The space of a vector: the named one, else the one of its dimensions. Error: 22023 there is none, several, or one of other dimensions.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_space(text, integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_space(space text, purpose text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF _vector_check_space.space IS NOT NULL
        AND NOT EXISTS (SELECT FROM vector_spaces s WHERE s.name = _vector_check_space.space AND s.purpose = _vector_check_space.purpose)
    THEN
        RAISE EXCEPTION 'there is no space "%" for %', left(_vector_check_space.space, 60), _vector_check_space.purpose
            USING ERRCODE = 'invalid_parameter_value', HINT = 'See llmspell.vector_spaces().';
    END IF;
    RETURN _vector_check_space.space;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_check_space(text, text) IS 'Returns the name of a space, or NULL for all of them, unchanged; 22023 where there is none of that name.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_space(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_nonzero(embedding @extschema:vector@.vector, metric text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_length constant double precision := @extschema:vector@.vector_norm(embedding);
BEGIN
    IF metric = 'cosine' AND v_length = 0 THEN
        RAISE EXCEPTION 'a vector of zeros has no direction' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'The model gave nothing for this text: leave it out.';
    ELSIF v_length > 1e15 OR metric = 'cosine' AND v_length < 1e-15 THEN
        RAISE EXCEPTION 'a vector must be % long, this one is %', CASE metric WHEN 'cosine' THEN '1e-15 to 1e15' ELSE 'at most 1e15' END, v_length
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Scale it; models give vectors of about length 1.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_check_nonzero IS 'Raises 22023 for a vector so long, or so short where distances are angles, that distances cannot be computed. See nonzero_embedding.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_nonzero TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_language(language text) RETURNS regconfig
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_config regconfig;
BEGIN
    SELECT c.oid::regconfig INTO v_config
    FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
    WHERE c.cfgname = _vector_language.language AND pg_ts_config_is_visible(c.oid)
       OR n.nspname || '.' || c.cfgname = _vector_language.language
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no text search configuration "%"', left(_vector_language.language, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use simple, english or another one of SELECT cfgname FROM pg_ts_config.';
    END IF;
    RETURN v_config;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_language(text) IS 'The text search configuration of a name; 22023 where there is none, or null.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_language(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_add(embedding @extschema:vector@.vector, scope text DEFAULT 'global', metadata jsonb DEFAULT '{}', content text DEFAULT NULL,
    id uuid DEFAULT NULL, event_time timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    language text DEFAULT 'simple', space text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_id uuid;
BEGIN
    v_space := _vector_space(vector_add.space, @extschema:vector@.vector_dims(_required(vector_add.embedding, 'embedding')), 'vectors');
    PERFORM _check_scope(vector_add.scope), _vector_check_nonzero(vector_add.embedding, v_space.metric), _vector_language(vector_add.language);
    IF vector_add.metadata <> '{}' THEN
        PERFORM _json_check(vector_add.metadata);
    END IF;
    EXECUTE format('INSERT INTO llmspell.%I (id, tenant_id, scope, embedding, metadata, content, event_time, expires_at, language)
                    VALUES (coalesce($1, uuidv7()), $2, $3, $4, coalesce($5, ''{}''), $6, $7, $8, $9) RETURNING id', v_space.table_name)
    INTO v_id
    USING vector_add.id, v_tenant, vector_add.scope, vector_add.embedding, vector_add.metadata, vector_add.content,
        vector_add.event_time, _expiry(vector_add.expires_at, vector_add.ttl), vector_add.language;
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION llmspell.vector_add IS 'Stores a vector in the space of its dimensions, or in the named one, and returns its id. content: the text, for hybrid_search, whose words are taken by the text search configuration language. event_time: when that happened. expires_at or ttl: when searches stop finding it. Errors: 42501 no tenant, 22004 null, 22023 no space for the dimensions, a vector of zeros or of a length outside 1e-15 to 1e15, scope, language, both expires_at and ttl, class 22 not finite, 23505 the id is taken, 54000 metadata too large or too deep. Example: SELECT llmspell.vector_add(array_fill(0.1, ARRAY[384])::vector, ''user:1'', ''{"kind": "note"}'', ''some text'');';

CREATE OR REPLACE FUNCTION llmspell.vector_add_half(embedding bytea, scope text DEFAULT 'global', metadata jsonb DEFAULT '{}', content text DEFAULT NULL,
    id uuid DEFAULT NULL, event_time timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    language text DEFAULT 'simple', space text DEFAULT NULL)
RETURNS uuid
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT vector_add(_vector_from_halves(_required(vector_add_half.embedding, 'embedding')), vector_add_half.scope, vector_add_half.metadata,
        vector_add_half.content, vector_add_half.id, vector_add_half.event_time, vector_add_half.expires_at, vector_add_half.ttl,
        vector_add_half.language, vector_add_half.space)
$$;
COMMENT ON FUNCTION llmspell.vector_add_half IS 'As vector_add, for a vector given as IEEE 754 half-precision numbers, little-endian, two bytes each. Errors: those of vector_add, 22023 an odd number of bytes, none, more than 16000 numbers, or one that is not finite. Example: SELECT llmspell.vector_add_half(decode(repeat(''003c'', 384), ''hex''));';

CREATE OR REPLACE FUNCTION llmspell.vector_add_many(embeddings @extschema:vector@.vector[] DEFAULT NULL, scopes text[] DEFAULT NULL, metadatas jsonb[] DEFAULT NULL,
    contents text[] DEFAULT NULL, ids uuid[] DEFAULT NULL, items jsonb DEFAULT NULL, language text DEFAULT 'simple', space text DEFAULT NULL)
RETURNS uuid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
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
            array_agg((i.value ->> 'event_time')::timestamptz ORDER BY i.n), array_agg((i.value ->> 'expires_at')::timestamptz ORDER BY i.n),
            array_agg(coalesce(i.value ->> 'language', vector_add_many.language) ORDER BY i.n)
        INTO v_embeddings, v_scopes, v_metadatas, v_contents, v_ids, v_times, v_expiries, v_languages
        FROM jsonb_array_elements(vector_add_many.items) WITH ORDINALITY AS i (value, n);
    END IF;
    SELECT string_agg(a.name, ', ') INTO v_wrong
    FROM (VALUES ('embeddings', array_ndims(v_embeddings), array_lower(v_embeddings, 1)), ('scopes', array_ndims(v_scopes), array_lower(v_scopes, 1)),
        ('metadatas', array_ndims(v_metadatas), array_lower(v_metadatas, 1)), ('contents', array_ndims(v_contents), array_lower(v_contents, 1)),
        ('ids', array_ndims(v_ids), array_lower(v_ids, 1))) AS a (name, dimensions, first)
    WHERE a.dimensions > 1 OR a.first <> 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'arrays must have one dimension and begin at 1, which these do not: %', v_wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_count := coalesce(cardinality(v_embeddings), 0);
    SELECT string_agg(format('%s has %s', a.name, a.length), ', ') INTO v_wrong
    FROM (VALUES ('scopes', cardinality(v_scopes)), ('metadatas', cardinality(v_metadatas)), ('contents', cardinality(v_contents)), ('ids', cardinality(v_ids))) AS a (name, length)
    WHERE a.length <> v_count;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'arrays of one call must have one length: embeddings has %, %', v_count, v_wrong
            USING ERRCODE = 'invalid_parameter_value';
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
    PERFORM _vector_check_nonzero(e, v_space.metric) FROM unnest(v_embeddings) AS e;
    PERFORM _check_scope(s) FROM (SELECT DISTINCT s FROM unnest(v_scopes) AS s WHERE s IS NOT NULL) AS s;
    PERFORM _json_check(d) FROM unnest(v_metadatas) AS d WHERE d <> '{}';
    PERFORM _vector_language(l) FROM (SELECT DISTINCT l FROM unnest(coalesce(v_languages, ARRAY[vector_add_many.language])) AS l) AS l;
    SELECT array_agg(coalesce(v_ids[n], uuidv7()) ORDER BY n) INTO v_ids FROM generate_series(1, v_count) AS n;
    EXECUTE format('INSERT INTO llmspell.%I (id, tenant_id, scope, embedding, metadata, content, event_time, expires_at, language)
                    SELECT r.id, $1, coalesce(r.scope, ''global''), r.embedding, coalesce(r.metadata, ''{}''), r.content, r.event_time, r.expires_at, coalesce(r.language, $2)
                    FROM unnest($3, $4, $5, $6, $7, $8, $9, $10) AS r (id, scope, embedding, metadata, content, event_time, expires_at, language)', v_space.table_name)
    USING v_tenant, vector_add_many.language, v_ids, v_scopes, v_embeddings, v_metadatas, v_contents, v_times, v_expiries, v_languages;
    RETURN v_ids;
END
$$;
COMMENT ON FUNCTION llmspell.vector_add_many IS 'Stores many vectors of one space in one statement, all or none, and returns their ids in the same order. Either arrays of one length (scopes, metadatas, contents and ids may be NULL), or items, an array of objects with embedding, and scope, metadata, content, id, event_time, expires_at, language as wanted. Errors: those of vector_add, 22023 arrays of several lengths, of several dimensions or with other bounds, vectors of several dimensions, or neither or both ways. Example: SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object(''embedding'', array_fill(0.1, ARRAY[384]), ''content'', ''some text'')));';

CREATE OR REPLACE FUNCTION llmspell.vector_update_metadata(id uuid, metadata jsonb, space text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _required(vector_update_metadata.id, 'id');
    v_metadata constant jsonb := _required(vector_update_metadata.metadata, 'metadata');
    v_space text;
    v_found boolean := false;
    v_rows bigint;
BEGIN
    PERFORM _json_check(v_metadata), _vector_check_space(vector_update_metadata.space, 'vectors');
    FOR v_space IN
        SELECT s.table_name FROM vector_spaces s
        WHERE s.purpose = 'vectors' AND (vector_update_metadata.space IS NULL OR s.name = vector_update_metadata.space) ORDER BY s.name
    LOOP
        -- An update enters the vector into its index anew, so one that changes nothing is not made.
        EXECUTE format('UPDATE llmspell.%I SET metadata = $3, updated_at = now() WHERE tenant_id = $1 AND id = $2 AND metadata IS DISTINCT FROM $3', v_space)
        USING v_tenant, v_id, v_metadata;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        IF v_rows = 0 THEN
            EXECUTE format('SELECT count(*) FROM llmspell.%I WHERE tenant_id = $1 AND id = $2', v_space) INTO v_rows USING v_tenant, v_id;
        END IF;
        v_found := v_found OR v_rows > 0;
    END LOOP;
    RETURN v_found;
END
$$;
COMMENT ON FUNCTION llmspell.vector_update_metadata(uuid, jsonb, text) IS 'Replaces the metadata of a vector; returns whether it exists. Errors: 42501 no tenant, 22004 null, 22023 no such space, 54000 metadata too large or too deep. Example: SELECT llmspell.vector_update_metadata(''00000000-0000-0000-0000-000000000001'', ''{"seen": true}'');';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_delete(condition text, value anyelement, space text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space text;
    v_rows bigint;
    v_count bigint := 0;
BEGIN
    PERFORM _vector_check_space(_vector_delete.space, 'vectors');
    FOR v_space IN
        SELECT s.table_name FROM vector_spaces s
        WHERE s.purpose = 'vectors' AND (_vector_delete.space IS NULL OR s.name = _vector_delete.space) ORDER BY s.name
    LOOP
        EXECUTE format('DELETE FROM llmspell.%I WHERE tenant_id = $1 AND %s', v_space,
            CASE condition WHEN 'ids' THEN 'id = ANY ($2)' WHEN 'scope' THEN 'scope = $2'
                 WHEN 'expired' THEN format('id IN (SELECT id FROM llmspell.%I WHERE tenant_id = $1 AND expires_at <= now() ORDER BY expires_at LIMIT $2)', v_space) ELSE 'false' END)
        USING v_tenant, value;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_count := v_count + v_rows;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_delete IS 'Deletes vectors of the tenant by ids, scope or expiry (at most value rows of each space), and returns how many.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_delete TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_delete(ids uuid[], space text DEFAULT NULL) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT _vector_delete('ids', _required(ids, 'ids'), space) $$;
COMMENT ON FUNCTION llmspell.vector_delete(uuid[], text) IS 'Deletes vectors by id, in every space or the named one, and returns how many there were. Errors: 42501 no tenant, 22004 null, 22023 no such space. Example: SELECT llmspell.vector_delete(ARRAY[''00000000-0000-0000-0000-000000000001'']::uuid[]);';

CREATE OR REPLACE FUNCTION llmspell.vector_delete_scope(scope text, space text DEFAULT NULL) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT _vector_delete('scope', _required(scope, 'scope'), space) $$;
COMMENT ON FUNCTION llmspell.vector_delete_scope(text, text) IS 'Deletes all vectors of a scope, in every space or the named one, and returns how many there were. Errors: 42501 no tenant, 22004 null, 22023 no such space. Example: SELECT llmspell.vector_delete_scope(''session:1'');';

CREATE OR REPLACE FUNCTION llmspell.vector_sweep(max_rows int DEFAULT 1000) RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT _vector_delete('expired', _max_rows(_required(max_rows, 'max_rows')), NULL) $$;
COMMENT ON FUNCTION llmspell.vector_sweep(integer) IS 'Deletes vectors that have expired, oldest first, at most max_rows of each space, and returns how many. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT llmspell.vector_sweep();';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_stats(only_scope text)
RETURNS TABLE (space text, dims int, row_count bigint, with_content bigint, expired bigint, bytes bigint, oldest timestamptz, newest timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
BEGIN
    FOR v_space IN SELECT s.* FROM vector_spaces s WHERE s.purpose = 'vectors' ORDER BY s.dims, s.name LOOP
        -- Of a value out of line a row has a pointer of 18 bytes, and a TOAST table chunks of 1996 bytes, four to
        -- a page; the last one, though shorter, mostly takes the place of a whole one. 24: header of a row, 8: its bitmap of nulls, 6: alignment of its columns, 4: its place in the page.
        RETURN QUERY EXECUTE format(
            'SELECT $1, $2, count(*), count(content), count(*) FILTER (WHERE expires_at <= now()),
                 sum(8192 / floor(8168.0 / least(4 + 8 * ceil((r.bytes + 24 + 6 + CASE WHEN num_nulls(content, event_time, expires_at, fts) > 0 THEN 8 ELSE 0 END
                         + 16 + CASE WHEN event_time IS NULL THEN 0 ELSE 8 END + CASE WHEN expires_at IS NULL THEN 0 ELSE 8 END) / 8.0), 8168))
                     + r.toasted)::bigint, min(created_at), max(created_at)
             FROM llmspell.%I CROSS JOIN LATERAL (
                 SELECT sum(CASE WHEN v.chunk IS NULL THEN v.size ELSE 18 END) AS bytes,
                     sum(CASE WHEN v.chunk IS NULL THEN 0 ELSE v.size / 1996 * 2048 + CASE WHEN v.size %% 1996 < 980 THEN 1536 ELSE 2048 END END) AS toasted
                 FROM (VALUES (pg_column_size(id), NULL::oid), (pg_column_size(tenant_id), NULL), (pg_column_size(scope), NULL), (pg_column_size(language), NULL),
                     (pg_column_size(embedding), pg_column_toast_chunk_id(embedding)), (pg_column_size(metadata), pg_column_toast_chunk_id(metadata)),
                     (pg_column_size(content), pg_column_toast_chunk_id(content)), (pg_column_size(fts), pg_column_toast_chunk_id(fts)),
                     (%s, NULL)) AS v (size, chunk)) AS r
             WHERE tenant_id = $3 %s HAVING count(*) > 0',
            v_space.table_name, CASE WHEN _vector_halves(v_space.dims) THEN 'pg_column_size(embedding_half)' ELSE '0' END,
            CASE WHEN only_scope IS NOT NULL THEN 'AND scope = $4' END)
        USING v_space.name, v_space.dims, v_tenant, only_scope;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_stats(text) IS 'What vector_stats does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_stats(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_stats(scope text DEFAULT NULL)
RETURNS TABLE (space text, dims int, row_count bigint, with_content bigint, expired bigint, bytes bigint, oldest timestamptz, newest timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT * FROM _vector_stats(scope) $$;
COMMENT ON FUNCTION llmspell.vector_stats(text) IS 'The tenant''s vectors, of one scope or all: a row for each space that has some, with how many, how many with content, how many expired, the bytes that they take in the table, with what is out of line and the ends of pages in which no other fits, without indexes, and the oldest and newest created_at. Errors: 42501 no tenant. Example: SELECT space, row_count, bytes FROM llmspell.vector_stats();';
