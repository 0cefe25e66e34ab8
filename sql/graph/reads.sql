-- Reads of the graph at one moment of both times: valid_at (null: now) and known_at (null or infinity: as known
-- now). They write nothing. The open ends of a period are NULL outside. The planner evaluates stable functions
-- for its estimates, therefore a check of an id asks for the tenant by itself, first.

CREATE OR REPLACE FUNCTION llmspell_internal._graph_at(alias text, known_at timestamptz, valid_parameter text DEFAULT '$2', known_parameter text DEFAULT '$3') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Plain comparisons, which have an index under row level security; a row ahead of the clock is current all the same.
-- Inlined, therefore without format(), which is not immutable.
RETURN alias || '.tenant_id = $1 AND ' || alias || '.valid_time_start <= ' || valid_parameter || ' AND ' || alias || '.valid_time_end > ' || valid_parameter
    || ' AND ' || alias || CASE WHEN COALESCE(known_at, 'infinity') = 'infinity' THEN '.transaction_time_end = ''infinity'''
        ELSE '.transaction_time_start <= ' || known_parameter || ' AND ' || alias || '.transaction_time_end > ' || known_parameter END;
COMMENT ON FUNCTION llmspell_internal._graph_at(text, timestamptz, text, text) IS 'The condition that a version holds at a moment of both times, as text for EXECUTE; $1 is the tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_at(text, timestamptz, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_as_of(entity_id uuid, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL)
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_type text, source_id text, created_at timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'),
        e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity'), e.source_kind, e.source_id, e.created_at
    FROM llmspell.entities e
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND COALESCE(entity_as_of.known_at, 'infinity') = 'infinity'
      AND e.tenant_id = llmspell.current_tenant() AND e.entity_id = ANY (ARRAY[llmspell_internal._tenant_given(entity_as_of.entity_id, 'entity_id')])
      AND e.transaction_time_end = 'infinity'
      AND e.valid_time_start <= COALESCE(entity_as_of.valid_at, now()) AND e.valid_time_end > COALESCE(entity_as_of.valid_at, now())
    UNION ALL
    (SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'),
        e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity'), e.source_kind, e.source_id, e.created_at
    FROM llmspell.entities e
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND entity_as_of.known_at < 'infinity'
      AND e.tenant_id = llmspell.current_tenant() AND e.entity_id = llmspell_internal._tenant_given(entity_as_of.entity_id, 'entity_id')
      AND e.transaction_time_start <= entity_as_of.known_at AND e.transaction_time_end > entity_as_of.known_at
      AND e.valid_time_start <= COALESCE(entity_as_of.valid_at, now()) AND e.valid_time_end > COALESCE(entity_as_of.valid_at, now())
    -- Only versions that raw statements wrote overlap.
    ORDER BY e.transaction_time_start DESC LIMIT 1);
END;
COMMENT ON FUNCTION llmspell.entity_as_of(uuid, timestamptz, timestamptz) IS 'The entity at valid_at (null: now), as it was known at known_at (null: as known now): one row or none.
Errors: 42501 no tenant, 22004 null entity_id.
Example: SELECT name, properties FROM llmspell.entity_as_of(''00000000-0000-0000-0000-000000000001'', ''2026-03-15Z'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_as_of(relationship_id uuid, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL)
RETURNS TABLE (relationship_id uuid, from_entity uuid, to_entity uuid, relationship_type text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_type text, source_id text, created_at timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT r.relationship_id, r.from_entity, r.to_entity, r.relationship_type::text, r.properties, NULLIF(r.valid_time_start, '-infinity'),
        NULLIF(r.valid_time_end, 'infinity'), r.transaction_time_start, NULLIF(r.transaction_time_end, 'infinity'), r.source_kind, r.source_id, r.created_at
    FROM llmspell.relationships r
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND COALESCE(relationship_as_of.known_at, 'infinity') = 'infinity'
      AND r.tenant_id = llmspell.current_tenant() AND r.relationship_id = ANY (ARRAY[llmspell_internal._tenant_given(relationship_as_of.relationship_id, 'relationship_id')])
      AND r.transaction_time_end = 'infinity'
      AND r.valid_time_start <= COALESCE(relationship_as_of.valid_at, now()) AND r.valid_time_end > COALESCE(relationship_as_of.valid_at, now())
      AND EXISTS (SELECT FROM llmspell.entities f WHERE f.tenant_id = llmspell.current_tenant() AND f.entity_id = r.from_entity AND f.transaction_time_end = 'infinity'
          AND f.valid_time_start <= COALESCE(relationship_as_of.valid_at, now()) AND f.valid_time_end > COALESCE(relationship_as_of.valid_at, now()))
      AND EXISTS (SELECT FROM llmspell.entities t WHERE t.tenant_id = llmspell.current_tenant() AND t.entity_id = r.to_entity AND t.transaction_time_end = 'infinity'
          AND t.valid_time_start <= COALESCE(relationship_as_of.valid_at, now()) AND t.valid_time_end > COALESCE(relationship_as_of.valid_at, now()))
    UNION ALL
    (SELECT r.relationship_id, r.from_entity, r.to_entity, r.relationship_type::text, r.properties, NULLIF(r.valid_time_start, '-infinity'),
        NULLIF(r.valid_time_end, 'infinity'), r.transaction_time_start, NULLIF(r.transaction_time_end, 'infinity'), r.source_kind, r.source_id, r.created_at
    FROM llmspell.relationships r
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND relationship_as_of.known_at < 'infinity'
      AND r.tenant_id = llmspell.current_tenant() AND r.relationship_id = llmspell_internal._tenant_given(relationship_as_of.relationship_id, 'relationship_id')
      AND r.transaction_time_start <= relationship_as_of.known_at AND r.transaction_time_end > relationship_as_of.known_at
      AND r.valid_time_start <= COALESCE(relationship_as_of.valid_at, now()) AND r.valid_time_end > COALESCE(relationship_as_of.valid_at, now())
      AND EXISTS (SELECT FROM llmspell.entities f WHERE f.tenant_id = llmspell.current_tenant() AND f.entity_id = r.from_entity
          AND f.transaction_time_start <= relationship_as_of.known_at AND f.transaction_time_end > relationship_as_of.known_at
          AND f.valid_time_start <= COALESCE(relationship_as_of.valid_at, now()) AND f.valid_time_end > COALESCE(relationship_as_of.valid_at, now()))
      AND EXISTS (SELECT FROM llmspell.entities t WHERE t.tenant_id = llmspell.current_tenant() AND t.entity_id = r.to_entity
          AND t.transaction_time_start <= relationship_as_of.known_at AND t.transaction_time_end > relationship_as_of.known_at
          AND t.valid_time_start <= COALESCE(relationship_as_of.valid_at, now()) AND t.valid_time_end > COALESCE(relationship_as_of.valid_at, now()))
    ORDER BY r.transaction_time_start DESC LIMIT 1);
END;
COMMENT ON FUNCTION llmspell.relationship_as_of(uuid, timestamptz, timestamptz) IS 'The relationship at a moment of both times; none where one of its entities does not exist then.
Errors: 42501 no tenant, 22004 null relationship_id.
Example: SELECT relationship_type, to_entity FROM llmspell.relationship_as_of(''00000000-0000-0000-0000-00000000000a'');';

CREATE OR REPLACE FUNCTION llmspell.entity_list(entity_type text DEFAULT NULL, name_prefix text DEFAULT NULL, query_text text DEFAULT NULL, filter jsonb DEFAULT NULL,
    valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.entity_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(entity_list.max_rows, 100));
    v_valid_at constant timestamptz := coalesce(entity_list.valid_at, now());
    v_after constant uuid := _cursor_key(entity_list.after);
    v_filter constant jsonb := _filter_contains(entity_list.filter);
    v_operators constant jsonb := _filter_operators(entity_list.filter);
    v_name_key constant text := _name_key(entity_list.name_prefix);
    v_present constant boolean := coalesce(entity_list.known_at, 'infinity') = 'infinity';
BEGIN
    -- The most frequent question, a first page by one condition, has a plan of its own, which is kept.
    IF v_present AND entity_list.name_prefix IS NULL AND entity_list.query_text IS NULL AND v_after IS NULL
        AND (entity_list.entity_type IS NULL) <> (v_filter IS NULL) AND (v_operators IS NULL OR v_filter IS NOT NULL)
    THEN
        IF v_filter IS NULL THEN
            RETURN QUERY
            SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'),
                e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity'), e.entity_id::text
            FROM entities e
            WHERE e.tenant_id = v_tenant AND e.entity_type = entity_list.entity_type AND e.transaction_time_end = 'infinity'
              AND e.valid_time_start <= v_valid_at AND e.valid_time_end > v_valid_at
            ORDER BY e.entity_id LIMIT v_rows;
        ELSE
            RETURN QUERY
            SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'),
                e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity'), e.entity_id::text
            FROM entities e
            -- Only the index of the properties knows >=, and CASE is in none: without statistics other indexes seem to cost nothing.
            WHERE e.tenant_id = v_tenant AND e.properties OPERATOR(llmspell.@>) v_filter AND e.transaction_time_end >= 'infinity'
              AND CASE WHEN e.valid_time_start <= v_valid_at THEN e.valid_time_end > v_valid_at ELSE false END
              AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(e.properties, v_operators) END
            ORDER BY e.entity_id LIMIT v_rows;
        END IF;
        RETURN;
    END IF;
    -- Only constant texts are put together: the conditions that are given decide which index serves.
    RETURN QUERY EXECUTE concat_ws(' AND ',
        'SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, ''-infinity''), NULLIF(e.valid_time_end, ''infinity''),
             e.transaction_time_start, NULLIF(e.transaction_time_end, ''infinity''), e.entity_id::text
         FROM entities e WHERE ' || CASE WHEN v_present AND v_filter IS NOT NULL AND num_nonnulls(entity_list.entity_type, entity_list.name_prefix) = 0
            THEN 'e.tenant_id = $1 AND e.transaction_time_end >= ''infinity'' AND CASE WHEN e.valid_time_start <= $2 THEN e.valid_time_end > $2 ELSE false END'
            ELSE _graph_at('e', entity_list.known_at) END,
        CASE WHEN entity_list.entity_type IS NOT NULL THEN 'e.entity_type = $4' END,
        CASE WHEN v_filter IS NOT NULL THEN 'e.properties OPERATOR(llmspell.@>) $5' END,
        CASE WHEN v_operators IS NOT NULL THEN '_filter_matches(e.properties, $13)' END,
        CASE WHEN entity_list.name_prefix IS NOT NULL THEN
            -- The index knows folded beginnings of names.
            '_name_key(e.name) COLLATE "C" >= $11 AND _name_key(e.name) COLLATE "C" < $12 AND e.name >= $6 AND e.name < $7' END,
        CASE WHEN entity_list.query_text IS NOT NULL THEN
            '(to_tsvector(''simple'', e.name) || jsonb_to_tsvector(''simple'', e.properties, ''["string"]'')) @@ websearch_to_tsquery(''simple'', $8)' END,
        CASE WHEN v_after IS NOT NULL THEN 'e.entity_id > $9' END)
        || ' ORDER BY e.entity_id LIMIT $10'
    USING v_tenant, v_valid_at, entity_list.known_at, entity_list.entity_type, v_filter, entity_list.name_prefix, _prefix_end(entity_list.name_prefix),
        entity_list.query_text, v_after, v_rows, v_name_key, _prefix_end(v_name_key), v_operators;
END
$$;
COMMENT ON FUNCTION llmspell.entity_list(text, text, text, jsonb, timestamptz, timestamptz, integer, text) IS 'The entities at a moment of both times by type, beginning of the name, words and properties, in the order of ids.
Errors: 42501 no tenant, 22023 negative max_rows, after is no cursor. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT entity_id, name FROM llmspell.entity_list(''person'', filter => ''{"job": "analyst"}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_find(name text, entity_type text DEFAULT NULL, is_prefix boolean DEFAULT false, valid_at timestamptz DEFAULT now(),
    max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.entity_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(entity_find.max_rows, 100));
    v_valid_at constant timestamptz := coalesce(entity_find.valid_at, now());
    v_after constant uuid := coalesce(_cursor_key(entity_find.after), '00000000-0000-0000-0000-000000000000');
    v_key constant text := _name_key(_short_text(entity_find.name, 'name', 500));
    v_folded constant text := _folded(entity_find.name);
    v_is_prefix constant boolean := coalesce(entity_find.is_prefix, false);
BEGIN
    RETURN QUERY
    SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'),
        e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity'), e.entity_id::text
    FROM entities e
    WHERE e.tenant_id = v_tenant AND e.transaction_time_end = 'infinity'
      AND _name_key(e.name) COLLATE "C" >= v_key AND _name_key(e.name) COLLATE "C" < CASE WHEN v_is_prefix THEN _prefix_end(v_key) ELSE v_key || chr(1) END
      AND CASE WHEN v_is_prefix THEN starts_with(_folded(e.name), v_folded) ELSE _folded(e.name) = v_folded END
      AND (entity_find.entity_type IS NULL OR e.entity_type = entity_find.entity_type)
      AND e.valid_time_start <= v_valid_at AND e.valid_time_end > v_valid_at AND e.entity_id >= v_after AND (entity_find.after IS NULL OR e.entity_id > v_after)
    ORDER BY e.entity_id LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.entity_find(text, text, boolean, timestamptz, integer, text) IS 'The entities of that name, or whose name begins with it (is_prefix), upper and lower case alike, in the order of ids.
Errors: 42501 no tenant, 22004 null name, 22001 name over 500 characters, 22023 negative max_rows, after is no cursor.
Example: SELECT entity_id, name FROM llmspell.entity_find(''ada'', ''person'');';

CREATE OR REPLACE FUNCTION llmspell.graph_by_source(source_type text, source_id text, known_at timestamptz DEFAULT NULL, include_superseded boolean DEFAULT false)
RETURNS TABLE (element text, element_id uuid, element_type text, name text, from_entity uuid, to_entity uuid, properties jsonb,
    valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_kind constant text := _given(graph_by_source.source_type, 'source_type');
    v_id constant text := _given(graph_by_source.source_id, 'source_id');
    v_known_at constant timestamptz := coalesce(graph_by_source.known_at, 'infinity');
    v_all constant boolean := coalesce(graph_by_source.include_superseded, false);
BEGIN
    RETURN QUERY
    SELECT 'entity', e.entity_id, e.entity_type::text, e.name::text, NULL::uuid, NULL::uuid, e.properties,
        NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'), e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity')
    FROM entities e
    WHERE e.tenant_id = v_tenant AND e.source_kind = v_kind AND e.source_id = v_id
      AND (v_all OR e.transaction_time_end = 'infinity' AND v_known_at = 'infinity' OR e.transaction_time_start <= v_known_at AND e.transaction_time_end > v_known_at)
    UNION ALL
    SELECT 'relationship', r.relationship_id, r.relationship_type::text, NULL, r.from_entity, r.to_entity, r.properties,
        NULLIF(r.valid_time_start, '-infinity'), NULLIF(r.valid_time_end, 'infinity'), r.transaction_time_start, NULLIF(r.transaction_time_end, 'infinity')
    FROM relationships r
    WHERE r.tenant_id = v_tenant AND r.source_kind = v_kind AND r.source_id = v_id
      AND (v_all OR r.transaction_time_end = 'infinity' AND v_known_at = 'infinity' OR r.transaction_time_start <= v_known_at AND r.transaction_time_end > v_known_at)
    ORDER BY 1, 2, 10, 8 NULLS FIRST;
END
$$;
COMMENT ON FUNCTION llmspell.graph_by_source(text, text, timestamptz, boolean) IS 'The versions taken from an event, episode or artifact: those known at known_at (null: now), or all there ever were.
Errors: 42501 no tenant, 22004 null source_type or source_id.
Example: SELECT element, name, valid_from FROM llmspell.graph_by_source(''event'', ''3f1c'');';
