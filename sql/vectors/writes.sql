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

-- The one way in. A row is replaced where its id or, without one, its text id is there already. Keys are taken in their
-- order, so that two calls wait for each other and never deadlock.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_write(space llmspell.vector_spaces, embeddings @extschema:vector@.vector[], scopes text[], metadatas jsonb[],
    contents text[], ids uuid[], text_ids text[], times timestamptz[], expiries timestamptz[], languages text[], replaces boolean)
RETURNS TABLE (id uuid, text_id text, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_table constant text := (_vector_write.space).table_name;
    v_metric constant text := (_vector_write.space).metric;
    v_ids constant uuid[] := ARRAY(SELECT coalesce(_vector_write.ids[n], uuidv7()) FROM generate_series(1, cardinality(_vector_write.embeddings)) AS n);
    v_is_keyed constant boolean := _vector_write.replaces AND array_length(array_remove(_vector_write.ids, NULL), 1) IS NOT NULL;
    v_is_named constant boolean := _vector_write.replaces AND array_length(array_remove(_vector_write.text_ids, NULL), 1) IS NOT NULL;
    v_insert constant text := format(
        'INSERT INTO llmspell.%I AS v (id, tenant_id, scope, embedding, metadata, content, event_time, expires_at, language, text_id)
         SELECT r.id, $1, coalesce(r.scope, ''global''), r.embedding, coalesce(r.metadata, ''{}''), r.content, r.event_time, r.expires_at, r.language, r.text_id
         FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS r (id, scope, embedding, metadata, content, event_time, expires_at, language, text_id, given)', v_table);
    -- An update would enter the vector into its index again, so that one that changes nothing is skipped.
    v_replace constant text :=
        'SET (embedding, scope, metadata, content, event_time, expires_at, language, text_id, updated_at)
             = (EXCLUDED.embedding, EXCLUDED.scope, EXCLUDED.metadata, EXCLUDED.content, EXCLUDED.event_time, EXCLUDED.expires_at, EXCLUDED.language,
                coalesce(EXCLUDED.text_id, v.text_id), now())
         WHERE v.embedding OPERATOR(@extschema:vector@.<>) EXCLUDED.embedding
            OR (v.scope, v.metadata, v.content, v.event_time, v.expires_at, v.language, v.text_id) IS DISTINCT FROM
               (EXCLUDED.scope, EXCLUDED.metadata, EXCLUDED.content, EXCLUDED.event_time, EXCLUDED.expires_at, EXCLUDED.language,
                coalesce(EXCLUDED.text_id, v.text_id))';
    v_made uuid[];
BEGIN
    PERFORM _vector_check_length(e, v_metric) FROM unnest(_vector_write.embeddings) AS e;
    IF v_metric <> 'cosine' AND _vector_has_halves((_vector_write.space).name) THEN
        PERFORM _vector_check_half(e) FROM unnest(_vector_write.embeddings) AS e;
    END IF;
    PERFORM _check_scope(s) FROM (SELECT DISTINCT s FROM unnest(_vector_write.scopes) AS s WHERE s IS NOT NULL) AS s;
    PERFORM _json_check(d) FROM unnest(_vector_write.metadatas) AS d WHERE d <> '{}';
    PERFORM _vector_language(l) FROM (SELECT DISTINCT l FROM unnest(_vector_write.languages) AS l) AS l;
    PERFORM _vector_check_text_ids(_vector_write.text_ids);
    IF NOT v_is_keyed AND NOT v_is_named THEN
        EXECUTE v_insert
        USING v_tenant, v_ids, scopes, embeddings, metadatas, contents, times, expiries, languages, text_ids, ids;
        -- Asked after the rows are there: who makes another space of the line waits for those who did not know of it.
        IF EXISTS (SELECT FROM vector_generations g WHERE g.space = (_vector_write.space).name) THEN
            PERFORM _vector_line_follow((_vector_write.space).name, v_ids);
        END IF;
        RETURN QUERY SELECT i, NULL::text, true FROM unnest(v_ids) AS i;
        RETURN;
    END IF;
    PERFORM _vector_check_twice(_vector_write.ids, _vector_write.text_ids);
    IF v_is_keyed THEN
        EXECUTE format('WITH w AS (%s WHERE r.given IS NOT NULL ORDER BY r.id ON CONFLICT (tenant_id, id) DO UPDATE %s RETURNING new.id, old.id IS NULL AS created)
                        SELECT array_agg(w.id) FROM w WHERE w.created', v_insert, v_replace)
        INTO v_made USING v_tenant, v_ids, scopes, embeddings, metadatas, contents, times, expiries, languages, text_ids, ids;
    END IF;
    EXECUTE format('%s WHERE r.given IS NULL ORDER BY r.text_id COLLATE "C" ON CONFLICT (tenant_id, text_id) WHERE text_id IS NOT NULL DO UPDATE %s', v_insert, v_replace)
    USING v_tenant, v_ids, scopes, embeddings, metadatas, contents, times, expiries, languages, text_ids, ids;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _vector_check_made(_vector_write.space, _vector_write.ids, _vector_write.text_ids);
    END IF;
    -- Where a text id was there already, the row has kept its id. Look-ups by key, as statistics may be old.
    RETURN QUERY EXECUTE format(
        'SELECT v.id, v.text_id::text, CASE WHEN r.given IS NULL THEN v.id = r.id ELSE r.id IN (SELECT m FROM unnest($5) AS m) END
         FROM unnest($2, $3, $4) WITH ORDINALITY AS r (id, text_id, given, n)
         CROSS JOIN LATERAL (SELECT v.id, v.text_id FROM llmspell.%1$I v WHERE v.tenant_id = $1 AND v.id = r.id AND (r.given IS NOT NULL OR r.text_id IS NULL)
                             UNION ALL
                             SELECT v.id, v.text_id FROM llmspell.%1$I v WHERE v.tenant_id = $1 AND v.text_id = r.text_id AND r.given IS NULL OFFSET 0) AS v
         ORDER BY r.n', v_table)
    USING v_tenant, v_ids, text_ids, ids, v_made;
    IF EXISTS (SELECT FROM vector_generations g WHERE g.space = (_vector_write.space).name) THEN
        EXECUTE format('SELECT array_agg(v.id) FROM llmspell.%I v WHERE v.tenant_id = $1 AND (v.id = ANY ($2) OR v.text_id = ANY ($3))', v_table)
        INTO v_made USING v_tenant, v_ids, text_ids;
        PERFORM _vector_line_follow((_vector_write.space).name, v_made);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_write IS 'Stores vectors, in place of those of the same ids where these are replaced, and returns their ids in order.
Errors: those of vector_put_many.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_write TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_made(space llmspell.vector_spaces, ids uuid[], text_ids text[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    EXECUTE format('SELECT _raise_unseen(''vector'', w.name)
                    FROM (SELECT v.id::text AS name FROM llmspell.%1$I v WHERE v.tenant_id = $1 AND v.id = ANY ($2)
                          UNION ALL SELECT v.text_id FROM llmspell.%1$I v WHERE v.tenant_id = $1 AND v.text_id = ANY ($3)) AS w
                    GROUP BY w.name HAVING count(*) > 1', (_vector_check_made.space).table_name)
    USING _require_tenant(), _vector_check_made.ids, _vector_check_made.text_ids;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_check_made(llmspell.vector_spaces, uuid[], text[]) IS 'Refuses vectors that a transaction with a kept snapshot has made while it still sees those that another has deleted.
Errors: 40001.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_made(llmspell.vector_spaces, uuid[], text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_text_ids(text_ids text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _short_text(t, 'text_id', 255) FROM unnest(text_ids) AS t WHERE t IS NOT NULL;
    IF '' = ANY (text_ids) THEN
        RAISE EXCEPTION 'text_id must not be empty' USING ERRCODE = 'invalid_parameter_value', HINT = 'Without one give NULL.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_check_text_ids(text[]) IS 'Checks the ids of a client, of which any may be null.
Errors: 22001 over 255 characters, 22023 empty.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_text_ids(text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_check_twice(ids uuid[], text_ids text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_twice record;
BEGIN
    SELECT k.name, k.value INTO v_twice
    FROM (SELECT 'id' AS name, i::text AS value FROM unnest(ids) AS i UNION ALL SELECT 'text_id', t FROM unnest(text_ids) AS t) AS k
    WHERE k.value IS NOT NULL GROUP BY k.name, k.value HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% "%" is given twice', v_twice.name, left(v_twice.value, 100) USING ERRCODE = 'invalid_parameter_value', HINT = 'Give each row once.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_check_twice(uuid[], text[]) IS 'Refuses an id or a text id that stands twice.
Errors: 22023 it does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_check_twice(uuid[], text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_write_many(embeddings @extschema:vector@.vector[], scopes text[], metadatas jsonb[], contents text[], ids uuid[],
    text_ids text[], items jsonb, language text, space text, replaces boolean)
RETURNS TABLE (id uuid, text_id text, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_space vector_spaces;
    v_language constant text := _search_language(_vector_write_many.language);
    v_embeddings @extschema:vector@.vector[] := _vector_write_many.embeddings;
    v_scopes text[] := _vector_write_many.scopes;
    v_metadatas jsonb[] := _vector_write_many.metadatas;
    v_contents text[] := _vector_write_many.contents;
    v_ids uuid[] := _vector_write_many.ids;
    v_text_ids text[] := _vector_write_many.text_ids;
    v_times timestamptz[];
    v_expiries timestamptz[];
    v_languages text[];
    v_count int;
    v_dims int;
    v_other int;
    v_wrong text;
BEGIN
    IF num_nonnulls(_vector_write_many.embeddings, _vector_write_many.items) <> 1 THEN
        RAISE EXCEPTION 'give either embeddings or items' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF _vector_write_many.items IS NOT NULL THEN
        IF jsonb_typeof(_vector_write_many.items) <> 'array' THEN
            RAISE EXCEPTION 'items must be an array of objects, not %', jsonb_typeof(_vector_write_many.items) USING ERRCODE = 'invalid_parameter_value',
                HINT = 'For instance [{"embedding": [0.1, …], "scope": "global", "metadata": {}, "content": "…"}].';
        END IF;
        IF num_nonnulls(v_scopes, v_metadatas, v_contents, v_ids, v_text_ids) > 0 THEN
            RAISE EXCEPTION 'items and arrays must not both be given' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        SELECT array_agg(CASE WHEN jsonb_typeof(i.value -> 'embedding') = 'array' THEN (i.value -> 'embedding')::text::@extschema:vector@.vector END ORDER BY i.n),
            array_agg(coalesce(i.value ->> 'scope', 'global') ORDER BY i.n), array_agg(NULLIF(i.value -> 'metadata', 'null') ORDER BY i.n),
            array_agg(i.value ->> 'content' ORDER BY i.n), array_agg((i.value ->> 'id')::uuid ORDER BY i.n), array_agg(i.value ->> 'text_id' ORDER BY i.n),
            array_agg((i.value ->> 'at')::timestamptz ORDER BY i.n),
            array_agg(CASE WHEN i.value ->> 'ttl' IS NULL THEN NULLIF((i.value ->> 'expires_at')::timestamptz, 'infinity')
                           ELSE _expiry((i.value ->> 'expires_at')::timestamptz, (i.value ->> 'ttl')::interval) END ORDER BY i.n),
            array_agg(coalesce(i.value ->> 'language', v_language) ORDER BY i.n)
        INTO v_embeddings, v_scopes, v_metadatas, v_contents, v_ids, v_text_ids, v_times, v_expiries, v_languages
        FROM jsonb_array_elements(_vector_write_many.items) WITH ORDINALITY AS i (value, n);
    END IF;
    SELECT string_agg(a.name, ', ') INTO v_wrong
    FROM (VALUES ('embeddings', array_ndims(v_embeddings), array_lower(v_embeddings, 1)), ('scopes', array_ndims(v_scopes), array_lower(v_scopes, 1)),
        ('metadatas', array_ndims(v_metadatas), array_lower(v_metadatas, 1)), ('contents', array_ndims(v_contents), array_lower(v_contents, 1)),
        ('ids', array_ndims(v_ids), array_lower(v_ids, 1)), ('text_ids', array_ndims(v_text_ids), array_lower(v_text_ids, 1))) AS a (name, dimensions, first)
    WHERE a.dimensions > 1 OR a.first <> 1;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'arrays must have one dimension and begin at 1, these do not: %', v_wrong USING ERRCODE = 'array_subscript_error';
    END IF;
    v_count := coalesce(cardinality(v_embeddings), 0);
    SELECT string_agg(format('%s has %s', a.name, a.length), ', ') INTO v_wrong
    FROM (VALUES ('scopes', cardinality(v_scopes)), ('metadatas', cardinality(v_metadatas)), ('contents', cardinality(v_contents)), ('ids', cardinality(v_ids)),
        ('text_ids', cardinality(v_text_ids))) AS a (name, length)
    WHERE a.length <> v_count;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'arrays of one call must have one length: embeddings has %, %', v_count, v_wrong USING ERRCODE = 'array_subscript_error';
    END IF;
    IF v_count = 0 THEN
        RETURN;
    END IF;
    IF array_position(v_embeddings, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'embedding % must not be null', array_position(v_embeddings, NULL) USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT min(@extschema:vector@.vector_dims(e)), max(@extschema:vector@.vector_dims(e)) INTO v_dims, v_other FROM unnest(v_embeddings) AS e;
    IF v_dims <> v_other THEN
        RAISE EXCEPTION 'vectors of one call must have the same dimensions, found % and %', v_dims, v_other
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Make a call for each space.';
    END IF;
    v_space := _vector_space(_vector_write_many.space, v_dims, 'vectors', true);
    RETURN QUERY SELECT w.* FROM _vector_write(v_space, v_embeddings, v_scopes, v_metadatas, v_contents, v_ids, v_text_ids, v_times, v_expiries,
        coalesce(v_languages, array_fill(v_language, ARRAY[v_count])), _vector_write_many.replaces) w;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_write_many IS 'Stores vectors of one space from arrays or from items, and returns their ids in order.
Errors: those of vector_put_many.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_write_many TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_add(embedding @extschema:vector@.vector, scope text DEFAULT 'global', metadata jsonb DEFAULT '{}', content text DEFAULT NULL,
    id uuid DEFAULT NULL, at timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    language text DEFAULT NULL, space text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_space constant vector_spaces := _vector_space(vector_add.space, @extschema:vector@.vector_dims(_given(vector_add.embedding, 'embedding')), 'vectors', true);
BEGIN
    RETURN (SELECT w.id FROM _vector_write(v_space, ARRAY[vector_add.embedding], ARRAY[vector_add.scope], ARRAY[vector_add.metadata], ARRAY[vector_add.content],
        ARRAY[vector_add.id], NULL, ARRAY[vector_add.at], ARRAY[_expiry(vector_add.expires_at, vector_add.ttl)], ARRAY[_search_language(vector_add.language)], false) w);
END
$$;
COMMENT ON FUNCTION llmspell.vector_add IS 'Stores a vector and returns its id.
Errors: 42501 no tenant, 22004 null, 22023 no space of its dimensions, its length, scope, language, ttl, class 22 not finite, 23505 the id is taken, 54000 metadata too large or too deep.
Example: SELECT llmspell.vector_add(array_fill(0.1, ARRAY[384])::vector, ''user:1'', ''{"kind": "note"}'', ''some text'');';

CREATE OR REPLACE FUNCTION llmspell.vector_put(embedding @extschema:vector@.vector, text_id text DEFAULT NULL, scope text DEFAULT 'global', metadata jsonb DEFAULT '{}', content text DEFAULT NULL,
    id uuid DEFAULT NULL, at timestamptz DEFAULT NULL, expires_at timestamptz DEFAULT NULL, ttl interval DEFAULT NULL,
    language text DEFAULT NULL, space text DEFAULT NULL)
RETURNS llmspell_internal.vector_put_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_put vector_put_row;
    v_space constant vector_spaces := _vector_space(vector_put.space, @extschema:vector@.vector_dims(_given(vector_put.embedding, 'embedding')), 'vectors', true);
BEGIN
    SELECT w.id, w.created INTO v_put FROM _vector_write(v_space, ARRAY[vector_put.embedding], ARRAY[vector_put.scope], ARRAY[vector_put.metadata], ARRAY[vector_put.content],
        ARRAY[vector_put.id], ARRAY[vector_put.text_id], ARRAY[vector_put.at], ARRAY[_expiry(vector_put.expires_at, vector_put.ttl)], ARRAY[_search_language(vector_put.language)], true) w;
    RETURN v_put;
END
$$;
COMMENT ON FUNCTION llmspell.vector_put IS 'Stores a vector, or replaces the one of the same id or text id, and returns its id.
Errors: those of vector_add, 22001 text_id over 255 characters, 22023 text_id empty, 23505 the text id is that of another id.
Example: SELECT id, created FROM llmspell.vector_put(array_fill(0.1, ARRAY[384])::vector, ''doc-1'', content => ''some text'');';

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
AS $$
BEGIN
    RETURN ARRAY(SELECT w.id FROM _vector_write_many(vector_add_many.embeddings, vector_add_many.scopes, vector_add_many.metadatas, vector_add_many.contents,
        vector_add_many.ids, NULL, vector_add_many.items, vector_add_many.language, vector_add_many.space, false) w);
END
$$;
COMMENT ON FUNCTION llmspell.vector_add_many IS 'Stores many vectors of one space, all or none, from arrays or from items, and returns their ids in order.
Errors: those of vector_add, 2202E arrays of several lengths or with other bounds, 22023 vectors of several dimensions, neither or both ways.
Example: SELECT llmspell.vector_add_many(items => jsonb_build_array(jsonb_build_object(''embedding'', array_fill(0.1, ARRAY[384]), ''content'', ''some text'')));';

CREATE OR REPLACE FUNCTION llmspell.vector_put_many(embeddings @extschema:vector@.vector[] DEFAULT NULL, text_ids text[] DEFAULT NULL, scopes text[] DEFAULT NULL,
    metadatas jsonb[] DEFAULT NULL, contents text[] DEFAULT NULL, ids uuid[] DEFAULT NULL, items jsonb DEFAULT NULL, language text DEFAULT NULL, space text DEFAULT NULL)
RETURNS TABLE (id uuid, text_id text, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY SELECT w.* FROM _vector_write_many(vector_put_many.embeddings, vector_put_many.scopes, vector_put_many.metadatas, vector_put_many.contents,
        vector_put_many.ids, vector_put_many.text_ids, vector_put_many.items, vector_put_many.language, vector_put_many.space, true) w;
END
$$;
COMMENT ON FUNCTION llmspell.vector_put_many IS 'Stores or replaces many vectors of one space, all or none, from arrays or from items; a row for each, in order.
Errors: those of vector_put and vector_add_many, 22023 an id or a text id given twice.
Example: SELECT id, created FROM llmspell.vector_put_many(items => jsonb_build_array(jsonb_build_object(''embedding'', array_fill(0.1, ARRAY[384]), ''text_id'', ''doc-1'')));';

CREATE OR REPLACE FUNCTION llmspell.vector_get(ids uuid[] DEFAULT NULL, text_ids text[] DEFAULT NULL, space text DEFAULT NULL)
RETURNS SETOF llmspell_internal.vector_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_spaces text[];
    v_query text;
BEGIN
    IF num_nonnulls(vector_get.ids, vector_get.text_ids) = 0 THEN
        RAISE EXCEPTION 'give ids, text_ids or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT array_agg(t.name ORDER BY t.n), string_agg(format('SELECT v.id, v.text_id, ($4)[%s] AS space, v.scope, v.metadata, v.content, v.embedding, v.event_time, v.created_at, v.updated_at, v.expires_at
            FROM llmspell.%I v WHERE v.tenant_id = $3 AND %%s AND (v.expires_at IS NULL OR v.expires_at > statement_timestamp())', t.n, t.table_name), ' UNION ALL ' ORDER BY t.n)
    INTO v_spaces, v_query FROM _vector_tables(vector_get.space, false) WITH ORDINALITY AS t (name, table_name, n);
    -- Look-ups by key, as statistics may be old.
    RETURN QUERY EXECUTE format(
        'SELECT f.id, f.text_id::text, f.space::text, f.scope::text, f.metadata, f.content, f.embedding::@extschema:vector@.vector, f.event_time, f.created_at, f.updated_at, f.expires_at
         FROM (SELECT 1 AS part, i.n, v.* FROM unnest($1) WITH ORDINALITY AS i (id, n) CROSS JOIN LATERAL (%s OFFSET 0) AS v
               UNION ALL
               SELECT 2, i.n, v.* FROM unnest($2) WITH ORDINALITY AS i (text_id, n) CROSS JOIN LATERAL (%s OFFSET 0) AS v) AS f
         ORDER BY f.part, f.n, f.space', replace(v_query, '%s', 'v.id = i.id'), replace(v_query, '%s', 'v.text_id = i.text_id'))
    USING vector_get.ids, vector_get.text_ids, v_tenant, v_spaces;
END
$$;
COMMENT ON FUNCTION llmspell.vector_get IS 'Vectors by id, by text id or by both, in the order of the ids, from every space or one; unknown ids give no row.
Errors: 42501 no tenant, 22004 neither ids nor text_ids, 22023 no such space.
Example: SELECT text_id, content, metadata FROM llmspell.vector_get(text_ids => ''{doc-1}'');';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_tables(space text, whole_line boolean) RETURNS TABLE (name text, table_name text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF _vector_tables.space IS NOT NULL THEN
        RETURN QUERY SELECT s.name, s.table_name FROM _vector_space_named(_vector_tables.space, 'vectors') s;
        IF whole_line THEN
            RETURN QUERY SELECT s.name, s.table_name FROM _vector_line(_vector_tables.space) s;
        END IF;
        RETURN;
    END IF;
    RETURN QUERY SELECT s.name, s.table_name FROM vector_spaces s WHERE s.purpose = 'vectors' AND (whole_line OR _vector_state(s.name) = 'active') ORDER BY s.name;
    RETURN QUERY SELECT s.name::text, 'vector_small_' || s.number FROM vector_small_spaces s WHERE s.tenant_id = _require_tenant() ORDER BY s.number;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_tables(text, boolean) IS 'The table of a space for vectors, or of all that are active; with their whole lines for writes.
Errors: 22023 no such space.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_tables(text, boolean) TO llmspell_app;

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
    FOR v_table IN SELECT t.table_name FROM _vector_tables(vector_update_metadata.space, true) t LOOP
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
    FOR v_table IN SELECT t.table_name FROM _vector_tables(_vector_delete.space, true) t LOOP
        EXECUTE format('DELETE FROM llmspell.%I WHERE tenant_id = $1 AND %s', v_table,
            CASE _vector_delete.by
                WHEN 'ids' THEN 'id = ANY ($2)'
                WHEN 'text_ids' THEN 'text_id = ANY ($2)'
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
COMMENT ON FUNCTION llmspell_internal._vector_delete IS 'Deletes vectors by ids, by text ids, by scope or by expiry (value: the most rows of a space), and returns how many.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_delete TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.vector_delete(ids uuid[] DEFAULT NULL, text_ids text[] DEFAULT NULL, space text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    IF num_nonnulls(vector_delete.ids, vector_delete.text_ids) = 0 THEN
        RAISE EXCEPTION 'give ids, text_ids or both' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    RETURN CASE WHEN vector_delete.ids IS NOT NULL THEN _vector_delete('ids', vector_delete.ids, vector_delete.space) ELSE 0 END
        + CASE WHEN vector_delete.text_ids IS NOT NULL THEN _vector_delete('text_ids', vector_delete.text_ids, vector_delete.space) ELSE 0 END;
END
$$;
COMMENT ON FUNCTION llmspell.vector_delete(uuid[], text[], text) IS 'Deletes vectors by id, by text id or by both, in every space or in one, and returns how many.
Errors: 42501 no tenant, 22004 neither ids nor text_ids, 22023 no such space.
Example: SELECT llmspell.vector_delete(text_ids => ''{doc-1}'');';

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
