-- Reads of the graph at a point of both times: valid_at (null: now) and known_at (null or infinity: what is
-- believed now). They write nothing.

CREATE OR REPLACE FUNCTION llmspell_internal._graph_at(alias text, known_at timestamptz, valid_parameter text DEFAULT '$2', known_parameter text DEFAULT '$3') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Plain comparisons, which have an index under row level security; a row ahead of the clock is current all the same.
    SELECT format('%1$s.tenant_id = $1 AND %1$s.valid_time_start <= %2$s AND %1$s.valid_time_end > %2$s AND %4$s',
        alias, valid_parameter, known_parameter,
        CASE WHEN coalesce(known_at, 'infinity') = 'infinity' THEN format('%s.transaction_time_end = ''infinity''', alias)
            ELSE format('%1$s.transaction_time_start <= %2$s AND %1$s.transaction_time_end > %2$s', alias, known_parameter) END)
$$;
COMMENT ON FUNCTION llmspell_internal._graph_at(text, timestamptz, text, text) IS 'The condition that a version holds at a point of both times, as text for EXECUTE: tenant as $1, valid time and transaction time as the parameters named.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_at(text, timestamptz, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_as_of(id uuid, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL)
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_kind text, source_id text, created_at timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, e.valid_time_start, e.valid_time_end,
        e.transaction_time_start, e.transaction_time_end, e.source_kind, e.source_id, e.created_at
    FROM llmspell.entities e
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND COALESCE(entity_as_of.known_at, 'infinity') = 'infinity'
      AND e.tenant_id = llmspell.current_tenant() AND e.entity_id = ANY (ARRAY[llmspell_internal._required(entity_as_of.id, 'id')])
      AND e.transaction_time_end = 'infinity'
      AND e.valid_time_start <= COALESCE(entity_as_of.valid_at, now()) AND e.valid_time_end > COALESCE(entity_as_of.valid_at, now())
    UNION ALL
    (SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, e.valid_time_start, e.valid_time_end,
        e.transaction_time_start, e.transaction_time_end, e.source_kind, e.source_id, e.created_at
    FROM llmspell.entities e
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND entity_as_of.known_at < 'infinity'
      AND e.tenant_id = llmspell.current_tenant() AND e.entity_id = llmspell_internal._required(entity_as_of.id, 'id')
      AND e.transaction_time_start <= entity_as_of.known_at AND e.transaction_time_end > entity_as_of.known_at
      AND e.valid_time_start <= COALESCE(entity_as_of.valid_at, now()) AND e.valid_time_end > COALESCE(entity_as_of.valid_at, now())
    -- Only versions that raw statements wrote overlap.
    ORDER BY e.transaction_time_start DESC LIMIT 1);
END;
COMMENT ON FUNCTION llmspell.entity_as_of(uuid, timestamptz, timestamptz) IS 'The entity at valid_at (null: now), as it was known at known_at (null or infinity: as believed now): one row or none. Errors: 42501 no tenant, 22004 null id. Example: SELECT name, properties FROM llmspell.entity_as_of(''00000000-0000-0000-0000-000000000001'', ''2026-03-15Z'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_as_of(id uuid, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL)
RETURNS TABLE (relationship_id uuid, from_entity uuid, to_entity uuid, relationship_type text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_kind text, source_id text, created_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _required(relationship_as_of.id, 'id');
    RETURN QUERY EXECUTE format(
        'SELECT r.relationship_id, r.from_entity, r.to_entity, r.relationship_type::text, r.properties, r.valid_time_start, r.valid_time_end,
             r.transaction_time_start, r.transaction_time_end, r.source_kind, r.source_id, r.created_at
         FROM relationships r
         WHERE r.relationship_id = $4 AND %s
           AND EXISTS (SELECT FROM entities f WHERE f.entity_id = r.from_entity AND %s)
           AND EXISTS (SELECT FROM entities t WHERE t.entity_id = r.to_entity AND %s)
         ORDER BY r.transaction_time_start DESC LIMIT 1',
        _graph_at('r', known_at), _graph_at('f', known_at), _graph_at('t', known_at))
    USING v_tenant, coalesce(relationship_as_of.valid_at, now()), relationship_as_of.known_at, relationship_as_of.id;
END
$$;
COMMENT ON FUNCTION llmspell.relationship_as_of(uuid, timestamptz, timestamptz) IS 'The relationship at a point of both times, as entity_as_of; none where one of its entities does not exist there. Errors: 42501 no tenant, 22004 null id. Example: SELECT relationship_type, to_entity FROM llmspell.relationship_as_of(''00000000-0000-0000-0000-00000000000a'');';

CREATE OR REPLACE FUNCTION llmspell.entity_history(id uuid)
RETURNS TABLE (entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_kind text, source_id text, changed_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT e.entity_type::text, e.name::text, e.properties, e.valid_time_start, e.valid_time_end,
        e.transaction_time_start, e.transaction_time_end, e.source_kind, e.source_id, e.changed_at
    FROM llmspell.entities e
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND e.tenant_id = llmspell.current_tenant() AND e.entity_id = llmspell_internal._required(entity_history.id, 'id')
    ORDER BY e.transaction_time_start, e.valid_time_start;
END;
COMMENT ON FUNCTION llmspell.entity_history(uuid) IS 'All versions of an entity: what was said (of the period valid_from to valid_to), and when it was believed (known_from to known_to), by known_from and valid_from. changed_at: a raw statement changed it. Errors: 42501 no tenant, 22004 null. Example: SELECT valid_from, valid_to, known_from, known_to, properties FROM llmspell.entity_history(''00000000-0000-0000-0000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_history(id uuid)
RETURNS TABLE (from_entity uuid, to_entity uuid, relationship_type text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_kind text, source_id text, changed_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.from_entity, r.to_entity, r.relationship_type::text, r.properties, r.valid_time_start, r.valid_time_end,
        r.transaction_time_start, r.transaction_time_end, r.source_kind, r.source_id, r.changed_at
    FROM llmspell.relationships r
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND r.tenant_id = llmspell.current_tenant()
      AND r.relationship_id = llmspell_internal._required(relationship_history.id, 'id')
    ORDER BY r.transaction_time_start, r.valid_time_start;
END;
COMMENT ON FUNCTION llmspell.relationship_history(uuid) IS 'All versions of a relationship, as entity_history. Errors: 42501 no tenant, 22004 null. Example: SELECT valid_from, valid_to, known_from, known_to FROM llmspell.relationship_history(''00000000-0000-0000-0000-00000000000a'');';

CREATE OR REPLACE FUNCTION llmspell_internal._entity_timeline(id uuid, known_at timestamptz, since timestamptz, until timestamptz, include_gaps boolean)
RETURNS TABLE (start timestamptz, finish timestamptz, entity_type text, name text, properties text)
LANGUAGE c STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', '_entity_timeline_wrapper';
COMMENT ON FUNCTION llmspell_internal._entity_timeline(uuid, timestamptz, timestamptz, timestamptz, boolean) IS 'What entity_timeline does, with the properties as text.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_timeline(uuid, timestamptz, timestamptz, timestamptz, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_timeline(id uuid, known_at timestamptz DEFAULT NULL, since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity',
    include_gaps boolean DEFAULT false)
RETURNS TABLE (valid_from timestamptz, valid_to timestamptz, entity_type text, name text, properties jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.start, t.finish, t.entity_type, t.name, t.properties::jsonb
    FROM llmspell_internal._entity_timeline(entity_timeline.id, entity_timeline.known_at, entity_timeline.since, entity_timeline.until, entity_timeline.include_gaps) AS t;
END;
COMMENT ON FUNCTION llmspell.entity_timeline(uuid, timestamptz, timestamptz, timestamptz, boolean) IS 'What is said of an entity between since and until, as known at known_at (null: now): stretches of valid time in order, clamped to the window, neighbours that say the same as one. include_gaps adds rows with a null name where nothing is said. Errors: 42501 no tenant, 22004 null id or include_gaps, 22000 since not before until. Example: SELECT valid_from, valid_to, properties FROM llmspell.entity_timeline(''00000000-0000-0000-0000-000000000001'', since => ''2026-01-01Z'', until => ''2027-01-01Z'');';

CREATE OR REPLACE FUNCTION llmspell_internal._entity_knowledge(id uuid, valid_at timestamptz)
RETURNS TABLE (start timestamptz, finish timestamptz, entity_type text, name text, properties text)
LANGUAGE c STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', '_entity_knowledge_wrapper';
COMMENT ON FUNCTION llmspell_internal._entity_knowledge(uuid, timestamptz) IS 'What entity_knowledge does, with the properties as text.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_knowledge(uuid, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_knowledge(id uuid, valid_at timestamptz DEFAULT now())
RETURNS TABLE (known_from timestamptz, known_to timestamptz, entity_type text, name text, properties jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.start, t.finish, t.entity_type, t.name, t.properties::jsonb
    FROM llmspell_internal._entity_knowledge(entity_knowledge.id, entity_knowledge.valid_at) AS t;
END;
COMMENT ON FUNCTION llmspell.entity_knowledge(uuid, timestamptz) IS 'What was believed of an entity at valid_at (null: now), and when: stretches of transaction time in order, neighbours that say the same as one. Errors: 42501 no tenant, 22004 null id. Example: SELECT known_from, known_to, properties FROM llmspell.entity_knowledge(''00000000-0000-0000-0000-000000000001'', ''2026-03-15Z'');';

CREATE OR REPLACE FUNCTION llmspell.entity_believed(id uuid, event_id uuid, at timestamptz DEFAULT now())
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_kind text, source_id text, created_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_known_at timestamptz;
BEGIN
    PERFORM _required(entity_believed.id, 'id'), _required(entity_believed.event_id, 'event_id');
    SELECT min(e.timestamp) INTO v_known_at FROM event_log e WHERE e.tenant_id = v_tenant AND e.event_id = entity_believed.event_id;
    IF v_known_at IS NOT NULL THEN
        RETURN QUERY SELECT * FROM entity_as_of(entity_believed.id, entity_believed.at, v_known_at);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.entity_believed(uuid, uuid, timestamptz) IS 'The entity at a time (null: now), as it was known at the timestamp of an event of event_log: what an agent believed when the event was written. No row where there is no such event. Errors: 42501 no tenant, 22004 null. Example: SELECT b.name FROM llmspell.event_log e, llmspell.entity_believed(''00000000-0000-0000-0000-000000000001'', e.event_id) b WHERE e.event_type = ''decision'';';

CREATE OR REPLACE FUNCTION llmspell_internal._entities_find(valid_at timestamptz, known_at timestamptz, wanted_type text, filter jsonb, name_prefix text, query_text text, max_rows int, after uuid)
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(max_rows);
    v_valid_at constant timestamptz := coalesce(valid_at, now());
BEGIN
    -- What is asked most, a first page, has a plan of its own, which is kept.
    IF coalesce(known_at, 'infinity') = 'infinity' AND name_prefix IS NULL AND query_text IS NULL AND after IS NULL
        AND (wanted_type IS NULL) <> (filter IS NULL)
    THEN
        IF filter IS NULL THEN
            RETURN QUERY
            SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, e.valid_time_start, e.valid_time_end, e.transaction_time_start, e.transaction_time_end
            FROM entities e
            WHERE e.tenant_id = v_tenant AND e.entity_type = wanted_type AND e.transaction_time_end = 'infinity'
              AND e.valid_time_start <= v_valid_at AND e.valid_time_end > v_valid_at
            ORDER BY e.entity_id LIMIT v_rows;
        ELSE
            RETURN QUERY
            SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, e.valid_time_start, e.valid_time_end, e.transaction_time_start, e.transaction_time_end
            FROM entities e
            WHERE e.tenant_id = v_tenant AND e.properties OPERATOR(llmspell.@>) filter AND e.transaction_time_end = 'infinity'
              AND e.valid_time_start <= v_valid_at AND e.valid_time_end > v_valid_at
            ORDER BY e.entity_id LIMIT v_rows;
        END IF;
        RETURN;
    END IF;
    -- Only constant texts are put together: which conditions there are decides which index serves.
    RETURN QUERY EXECUTE concat_ws(' AND ',
        'SELECT e.entity_id, e.entity_type::text, e.name::text, e.properties, e.valid_time_start, e.valid_time_end, e.transaction_time_start, e.transaction_time_end
         FROM entities e WHERE ' || _graph_at('e', known_at),
        CASE WHEN wanted_type IS NOT NULL THEN 'e.entity_type = $4' END,
        CASE WHEN filter IS NOT NULL THEN 'e.properties OPERATOR(llmspell.@>) $5' END,
        CASE WHEN name_prefix IS NOT NULL THEN 'e.name >= $6 AND e.name < $7' END,
        CASE WHEN query_text IS NOT NULL THEN
            '(to_tsvector(''simple'', e.name) || jsonb_to_tsvector(''simple'', e.properties, ''["string"]'')) @@ websearch_to_tsquery(''simple'', $8)' END,
        CASE WHEN after IS NOT NULL THEN 'e.entity_id > $9' END)
        || ' ORDER BY e.entity_id LIMIT $10'
    USING v_tenant, v_valid_at, known_at, wanted_type, filter, name_prefix, _prefix_end(name_prefix), query_text, after, v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._entities_find(timestamptz, timestamptz, text, jsonb, text, text, integer, uuid) IS 'What entities_as_of and entities_search do; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entities_find(timestamptz, timestamptz, text, jsonb, text, text, integer, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entities_as_of(entity_type text DEFAULT NULL, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, filter jsonb DEFAULT NULL,
    max_rows int DEFAULT 100, after uuid DEFAULT NULL)
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._entities_find(entities_as_of.valid_at, entities_as_of.known_at, entities_as_of.entity_type, entities_as_of.filter, NULL, NULL,
        entities_as_of.max_rows, entities_as_of.after);
END;
COMMENT ON FUNCTION llmspell.entities_as_of(text, timestamptz, timestamptz, jsonb, integer, uuid) IS 'The entities of a type (null: all) that hold at valid_at (null: now), as known at known_at (null: now), whose properties contain filter where it is given; by id. For the next page give the last entity_id as after. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT entity_id, name FROM llmspell.entities_as_of(''person'', filter => ''{"job": "analyst"}'');';

CREATE OR REPLACE FUNCTION llmspell.entities_search(name_prefix text DEFAULT NULL, query_text text DEFAULT NULL, entity_type text DEFAULT NULL, filter jsonb DEFAULT NULL,
    valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, max_rows int DEFAULT 100, after uuid DEFAULT NULL)
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._entities_find(entities_search.valid_at, entities_search.known_at, entities_search.entity_type, entities_search.filter,
        entities_search.name_prefix, entities_search.query_text, entities_search.max_rows, entities_search.after);
END;
COMMENT ON FUNCTION llmspell.entities_search(text, text, text, jsonb, timestamptz, timestamptz, integer, uuid) IS 'The entities whose name begins with name_prefix (by bytes) and whose name or texts in properties match query_text, words as in a web search ("or", -word, "a phrase"; no stemming); what is null does not matter. By id, paged as entities_as_of. A prefix, a type and a filter have indexes; query_text reads what these leave. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT name FROM llmspell.entities_search(name_prefix => ''Ad'');';

CREATE OR REPLACE FUNCTION llmspell_internal._json_diff(before jsonb, after jsonb) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_json_diff_wrapper';
COMMENT ON FUNCTION llmspell_internal._json_diff(jsonb, jsonb) IS 'The members that differ between two objects: {"key": {"before": …, "after": …}}; NULL where one is no object.';
GRANT EXECUTE ON FUNCTION llmspell_internal._json_diff(jsonb, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_change(before jsonb, after jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN before IS NULL AND after IS NOT NULL THEN 'added' WHEN before IS NOT NULL AND after IS NULL THEN 'removed' WHEN before <> after THEN 'changed' END;
END;
COMMENT ON FUNCTION llmspell_internal._graph_change(jsonb, jsonb) IS 'How two states of an entity or relationship differ: added, removed, changed; NULL where not.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_change(jsonb, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_diff(id uuid, valid_before timestamptz, known_before timestamptz, valid_after timestamptz, known_after timestamptz)
RETURNS TABLE (change text, before jsonb, after jsonb, properties_changed jsonb)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT llmspell_internal._graph_change(d.before, d.after), d.before, d.after,
        llmspell_internal._json_diff(COALESCE(d.before -> 'properties', '{}'), COALESCE(d.after -> 'properties', '{}'))::jsonb
    FROM (SELECT
        (SELECT jsonb_build_object('type', a.entity_type, 'name', a.name, 'properties', a.properties)
         FROM llmspell.entity_as_of(entity_diff.id, entity_diff.valid_before, entity_diff.known_before) a) AS before,
        (SELECT jsonb_build_object('type', a.entity_type, 'name', a.name, 'properties', a.properties)
         FROM llmspell.entity_as_of(entity_diff.id, entity_diff.valid_after, entity_diff.known_after) a) AS after) AS d
    WHERE llmspell_internal._graph_change(d.before, d.after) IS NOT NULL;
END;
COMMENT ON FUNCTION llmspell.entity_diff(uuid, timestamptz, timestamptz, timestamptz, timestamptz) IS 'How an entity differs between two points of valid time and transaction time (nulls as in entity_as_of): added, removed or changed, what it said at both, and the properties that differ; no row where it says the same. Errors: 42501 no tenant, 22004 null id. Example: SELECT change, properties_changed FROM llmspell.entity_diff(''00000000-0000-0000-0000-000000000001'', ''2026-01-01Z'', NULL, now(), NULL);';

CREATE OR REPLACE FUNCTION llmspell_internal._graph_diff(valid_before timestamptz, known_before timestamptz, valid_after timestamptz, known_after timestamptz, max_rows int, last jsonb)
RETURNS TABLE (kind text, id uuid, change text, before jsonb, after jsonb, properties_changed jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(max_rows);
    v_valid_before constant timestamptz := coalesce(valid_before, now());
    v_valid_after constant timestamptz := coalesce(valid_after, now());
    v_known_before constant timestamptz := coalesce(known_before, 'infinity');
    v_known_after constant timestamptz := coalesce(known_after, 'infinity');
    v_state constant text :=
        'SELECT ''entity'' AS kind, e.entity_id AS id, jsonb_build_object(''type'', e.entity_type, ''name'', e.name, ''properties'', e.properties) AS said
         FROM entities e WHERE (%1$s) %4$s
         UNION ALL
         SELECT ''relationship'', r.relationship_id, jsonb_build_object(''type'', r.relationship_type, ''from'', r.from_entity, ''to'', r.to_entity, ''properties'', r.properties)
         FROM relationships r WHERE (%2$s) %5$s
           AND EXISTS (SELECT FROM entities f WHERE f.entity_id = r.from_entity AND %3$s)
           AND EXISTS (SELECT FROM entities f WHERE f.entity_id = r.to_entity AND %3$s)';
    v_entities text;
    v_edges text;
BEGIN
    IF last IS NOT NULL AND (last ->> 'kind' IS NULL OR last ->> 'id' IS NULL) THEN
        RAISE EXCEPTION 'after must have kind and id' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the last row of the page before, for instance to_jsonb(d).';
    END IF;
    -- At one point of valid time only what was recorded or closed in between can differ; an edge also with its ends.
    IF v_valid_before = v_valid_after THEN
        v_entities := 'SELECT x.entity_id FROM entities x WHERE x.tenant_id = $1
            AND (x.transaction_time_start > least($3, $5) AND x.transaction_time_start <= greatest($3, $5)
                 OR x.transaction_time_end > least($3, $5) AND x.transaction_time_end <= greatest($3, $5) AND x.transaction_time_end < ''infinity'')';
        v_edges := 'SELECT x.relationship_id FROM relationships x WHERE x.tenant_id = $1
            AND (x.transaction_time_start > least($3, $5) AND x.transaction_time_start <= greatest($3, $5)
                 OR x.transaction_time_end > least($3, $5) AND x.transaction_time_end <= greatest($3, $5) AND x.transaction_time_end < ''infinity''
                 OR x.from_entity IN (SELECT c.entity_id FROM candidates c) OR x.to_entity IN (SELECT c.entity_id FROM candidates c))';
    END IF;
    RETURN QUERY EXECUTE
        coalesce('WITH candidates AS MATERIALIZED (' || v_entities || '), edges AS MATERIALIZED (' || v_edges || ') ', '')
        || format('SELECT kind, id, _graph_change(b.said, a.said), b.said, a.said,
                       _json_diff(coalesce(b.said -> ''properties'', ''{}''), coalesce(a.said -> ''properties'', ''{}''))::jsonb
                   FROM (%s) AS b FULL JOIN (%s) AS a USING (kind, id)
                   WHERE _graph_change(b.said, a.said) IS NOT NULL AND ($6 IS NULL OR (kind, id) > ($6, $7))
                   ORDER BY kind, id LIMIT $8',
            format(v_state, _graph_at('e', v_known_before, '$2', '$3'), _graph_at('r', v_known_before, '$2', '$3'), _graph_at('f', v_known_before, '$2', '$3'),
                CASE WHEN v_entities IS NOT NULL THEN 'AND e.entity_id IN (SELECT c.entity_id FROM candidates c)' END,
                CASE WHEN v_edges IS NOT NULL THEN 'AND r.relationship_id IN (SELECT c.relationship_id FROM edges c)' END),
            format(v_state, _graph_at('e', v_known_after, '$4', '$5'), _graph_at('r', v_known_after, '$4', '$5'), _graph_at('f', v_known_after, '$4', '$5'),
                CASE WHEN v_entities IS NOT NULL THEN 'AND e.entity_id IN (SELECT c.entity_id FROM candidates c)' END,
                CASE WHEN v_edges IS NOT NULL THEN 'AND r.relationship_id IN (SELECT c.relationship_id FROM edges c)' END))
    USING v_tenant, v_valid_before, v_known_before, v_valid_after, v_known_after, last ->> 'kind', (last ->> 'id')::uuid, v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_diff(timestamptz, timestamptz, timestamptz, timestamptz, integer, jsonb) IS 'What graph_diff does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_diff(timestamptz, timestamptz, timestamptz, timestamptz, integer, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.graph_diff(valid_before timestamptz, known_before timestamptz, valid_after timestamptz, known_after timestamptz,
    max_rows int DEFAULT 1000, after jsonb DEFAULT NULL)
RETURNS TABLE (kind text, id uuid, change text, before jsonb, after jsonb, properties_changed jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_diff(graph_diff.valid_before, graph_diff.known_before, graph_diff.valid_after, graph_diff.known_after,
        graph_diff.max_rows, graph_diff.after);
END;
COMMENT ON FUNCTION llmspell.graph_diff(timestamptz, timestamptz, timestamptz, timestamptz, integer, jsonb) IS 'All entities and relationships that differ between two points of valid time and transaction time (nulls as in entity_as_of): as entity_diff, by kind (entity, relationship) and id. For the next page give the last row as after: to_jsonb(row). With one valid time only what was recorded in between is compared, else everything. Errors: 42501 no tenant, 22004, 22023 max_rows, after. Example: SELECT kind, id, change FROM llmspell.graph_diff(now(), now() - interval ''1 day'', now(), NULL);';

CREATE OR REPLACE FUNCTION llmspell.graph_neighbors(id uuid, direction text DEFAULT 'both', types text[] DEFAULT NULL, valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL,
    max_rows int DEFAULT 100, after uuid DEFAULT NULL)
RETURNS TABLE (relationship_id uuid, relationship_type text, outgoing boolean, entity_id uuid, entity_type text, name text, entity_properties jsonb,
    relationship_properties jsonb, valid_from timestamptz, valid_to timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(graph_neighbors.max_rows);
    v_edges text;
BEGIN
    PERFORM _required(graph_neighbors.id, 'id');
    IF _required(graph_neighbors.direction, 'direction') NOT IN ('out', 'in', 'both') THEN
        RAISE EXCEPTION 'direction must be one of out, in, both, got "%"', left(graph_neighbors.direction, 60) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_edges := concat_ws(' UNION ALL ',
        CASE WHEN graph_neighbors.direction <> 'in' THEN 'SELECT r.*, true AS outgoing, r.to_entity AS other FROM relationships r WHERE r.from_entity = $4 AND %1$s' END,
        -- An edge to itself is one neighbour, not two.
        CASE WHEN graph_neighbors.direction <> 'out' THEN 'SELECT r.*, false AS outgoing, r.from_entity AS other FROM relationships r WHERE r.to_entity = $4 AND %1$s'
            || CASE WHEN graph_neighbors.direction = 'both' THEN ' AND r.from_entity <> $4' ELSE '' END END);
    RETURN QUERY EXECUTE format(
        'SELECT r.relationship_id, r.relationship_type::text, r.outgoing, e.entity_id, e.entity_type::text, e.name::text, e.properties, r.properties,
             r.valid_time_start, r.valid_time_end
         FROM (' || v_edges || ') AS r JOIN entities e ON e.entity_id = r.other
         WHERE %2$s AND EXISTS (SELECT FROM entities s WHERE s.entity_id = $4 AND %3$s)
           AND ($5 IS NULL OR r.relationship_type = ANY ($5)) AND ($6 IS NULL OR r.relationship_id > $6)
         ORDER BY r.relationship_id LIMIT $7', _graph_at('r', known_at), _graph_at('e', known_at), _graph_at('s', known_at))
    USING v_tenant, coalesce(graph_neighbors.valid_at, now()), graph_neighbors.known_at, graph_neighbors.id, graph_neighbors.types, graph_neighbors.after, v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.graph_neighbors(uuid, text, text[], timestamptz, timestamptz, integer, uuid) IS 'The relationships of an entity at a point of both times, out, in or both ways, of some types or all, with the entity at the other end; by relationship. For the next page give the last relationship_id as after. Errors: 42501 no tenant, 22004 null id, direction or max_rows, 22023 direction, max_rows. Example: SELECT relationship_type, name FROM llmspell.graph_neighbors(''00000000-0000-0000-0000-000000000001'', ''out'');';

CREATE OR REPLACE FUNCTION llmspell.graph_traverse(start uuid, max_depth int DEFAULT 3, types text[] DEFAULT NULL, direction text DEFAULT 'out', valid_at timestamptz DEFAULT now(),
    known_at timestamptz DEFAULT NULL, max_nodes int DEFAULT 10000, include_start boolean DEFAULT false, with_path boolean DEFAULT false, with_names boolean DEFAULT false)
RETURNS TABLE (entity_id uuid, entity_type text, name text, depth int, parent_id uuid, relationship_id uuid, valid_from timestamptz, valid_to timestamptz, path uuid[])
LANGUAGE c STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'graph_traverse_wrapper';
COMMENT ON FUNCTION llmspell.graph_traverse(uuid, integer, text[], text, timestamptz, timestamptz, integer, boolean, boolean, boolean) IS 'The entities that are reached from one along relationships (of some types or all; out, in or both ways) at a point of both times: each once, at its smallest depth, with the entity and relationship before it (of several those with the smallest id) and the period in which the relationships of its path all hold; by depth and id. path holds the ids from the start on where with_path is given, entity_type and name are read where with_names is (which doubles the cost). Nothing where the start does not exist. Errors: 42501 no tenant, 22004 null, 22023 direction, negative max_depth or max_nodes, 54000 more than max_nodes are reached, or paths of more than 10,000,000 ids. Example: SELECT depth, name FROM llmspell.graph_traverse(''00000000-0000-0000-0000-000000000001'', 2, with_names => true);';

CREATE OR REPLACE FUNCTION llmspell.graph_shortest_path(from_entity uuid, to_entity uuid, max_depth int DEFAULT 10, types text[] DEFAULT NULL, direction text DEFAULT 'out',
    valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, max_nodes int DEFAULT 100000)
RETURNS TABLE (length int, entities uuid[], relationships uuid[], valid_from timestamptz, valid_to timestamptz)
LANGUAGE c STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'graph_shortest_path_wrapper';
COMMENT ON FUNCTION llmspell.graph_shortest_path(uuid, uuid, integer, text[], text, timestamptz, timestamptz, integer) IS 'A shortest path between two entities at a point of both times, and the period in which all its relationships hold; of several the one with the smallest ids, in their order. No row where there is none of at most max_depth relationships, or one of the two does not exist; length 0 from an entity to itself. Errors: 42501 no tenant, 22004 null, 22023 direction, negative max_depth or max_nodes, 54000 more than max_nodes had to be looked at. Example: SELECT length, entities FROM llmspell.graph_shortest_path(''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000002'');';

CREATE OR REPLACE FUNCTION llmspell.graph_subgraph(ids uuid[], valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, types text[] DEFAULT NULL)
RETURNS TABLE (kind text, id uuid, type text, name text, from_entity uuid, to_entity uuid, properties jsonb, valid_from timestamptz, valid_to timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF cardinality(_required(graph_subgraph.ids, 'ids')) > 100000 THEN
        RAISE EXCEPTION 'ids has at most 100000 elements, this one has %', cardinality(graph_subgraph.ids) USING ERRCODE = 'program_limit_exceeded';
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH nodes AS MATERIALIZED (
             SELECT e.entity_id, e.entity_type, e.name, e.properties, e.valid_time_start, e.valid_time_end
             FROM (SELECT DISTINCT unnest($4)) AS w (id) JOIN entities e ON e.entity_id = w.id WHERE %s
         )
         SELECT ''entity'', n.entity_id, n.entity_type::text, n.name::text, NULL::uuid, NULL::uuid, n.properties, n.valid_time_start, n.valid_time_end FROM nodes n
         UNION ALL
         SELECT ''relationship'', r.relationship_id, r.relationship_type::text, NULL, r.from_entity, r.to_entity, r.properties, r.valid_time_start, r.valid_time_end
         FROM nodes n JOIN relationships r ON r.from_entity = n.entity_id
         WHERE %s AND r.to_entity IN (SELECT o.entity_id FROM nodes o) AND ($5 IS NULL OR r.relationship_type = ANY ($5))
         ORDER BY 1, 2', _graph_at('e', known_at), _graph_at('r', known_at))
    USING v_tenant, coalesce(graph_subgraph.valid_at, now()), graph_subgraph.known_at, graph_subgraph.ids, graph_subgraph.types;
END
$$;
COMMENT ON FUNCTION llmspell.graph_subgraph(uuid[], timestamptz, timestamptz, text[]) IS 'Of some entities those that exist at a point of both times, and the relationships among them (of some types or all): rows of kind entity, then relationship, by id. Errors: 42501 no tenant, 22004 null ids, 54000 over 100,000 ids. Example: SELECT kind, type, name FROM llmspell.graph_subgraph(ARRAY[''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000002'']::uuid[]);';

CREATE OR REPLACE FUNCTION llmspell_internal._graph_by_source(wanted_kind text, wanted_id text, known_at timestamptz, include_superseded boolean)
RETURNS TABLE (kind text, id uuid, type text, name text, from_entity uuid, to_entity uuid, properties jsonb,
    valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_known_at constant timestamptz := coalesce(known_at, 'infinity');
    v_all constant boolean := _required(include_superseded, 'include_superseded');
BEGIN
    PERFORM _required(wanted_kind, 'source_kind'), _required(wanted_id, 'source_id');
    RETURN QUERY
    SELECT 'entity', e.entity_id, e.entity_type::text, e.name::text, NULL::uuid, NULL::uuid, e.properties,
        e.valid_time_start, e.valid_time_end, e.transaction_time_start, e.transaction_time_end
    FROM entities e
    WHERE e.tenant_id = v_tenant AND e.source_kind = wanted_kind AND e.source_id = wanted_id
      AND (v_all OR e.transaction_time_end = 'infinity' AND v_known_at = 'infinity' OR e.transaction_time_start <= v_known_at AND e.transaction_time_end > v_known_at)
    UNION ALL
    SELECT 'relationship', r.relationship_id, r.relationship_type::text, NULL, r.from_entity, r.to_entity, r.properties,
        r.valid_time_start, r.valid_time_end, r.transaction_time_start, r.transaction_time_end
    FROM relationships r
    WHERE r.tenant_id = v_tenant AND r.source_kind = wanted_kind AND r.source_id = wanted_id
      AND (v_all OR r.transaction_time_end = 'infinity' AND v_known_at = 'infinity' OR r.transaction_time_start <= v_known_at AND r.transaction_time_end > v_known_at)
    ORDER BY 1, 2, 10, 8;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_by_source(text, text, timestamptz, boolean) IS 'What graph_by_source does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_by_source(text, text, timestamptz, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.graph_by_source(source_kind text, source_id text, known_at timestamptz DEFAULT NULL, include_superseded boolean DEFAULT false)
RETURNS TABLE (kind text, id uuid, type text, name text, from_entity uuid, to_entity uuid, properties jsonb,
    valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_by_source(graph_by_source.source_kind, graph_by_source.source_id, graph_by_source.known_at, graph_by_source.include_superseded);
END;
COMMENT ON FUNCTION llmspell.graph_by_source(text, text, timestamptz, boolean) IS 'The versions of entities and relationships that were taken from a source, an event, episode or artifact: those known at known_at (null: now), or with include_superseded all there ever were; by kind, id, known_from, valid_from. Errors: 42501 no tenant, 22004 null. Example: SELECT kind, name, valid_from FROM llmspell.graph_by_source(''event'', ''3f1c'');';

CREATE OR REPLACE FUNCTION llmspell.graph_check() RETURNS TABLE (kind text, id uuid, fault text, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    WITH versions AS (
        SELECT 'entity' AS kind, e.entity_id AS id, e.valid_time_start AS vs, e.valid_time_end AS ve, e.transaction_time_start AS ts, e.transaction_time_end AS te, e.changed_at
        FROM entities e WHERE e.tenant_id = v_tenant
        UNION ALL
        SELECT 'relationship', r.relationship_id, r.valid_time_start, r.valid_time_end, r.transaction_time_start, r.transaction_time_end, r.changed_at
        FROM relationships r WHERE r.tenant_id = v_tenant
    ), cover AS (
        SELECT e.entity_id, range_agg(tstzrange(e.valid_time_start, e.valid_time_end)) AS periods
        FROM entities e WHERE e.tenant_id = v_tenant AND e.transaction_time_end = 'infinity' GROUP BY e.entity_id
    )
    SELECT a.kind, a.id, 'overlap', format('versions known from %s and %s both say something of %s and of what is known at %s',
        a.ts, b.ts, greatest(a.vs, b.vs), greatest(a.ts, b.ts))
    FROM versions a JOIN versions b USING (kind, id)
    WHERE (a.ts, a.vs) < (b.ts, b.vs) AND a.vs < b.ve AND b.vs < a.ve AND a.ts < b.te AND b.ts < a.te
    UNION ALL
    SELECT v.kind, v.id, 'changed history', format('the version known from %s of the period from %s was changed at %s', v.ts, v.vs, v.changed_at)
    FROM versions v WHERE v.changed_at IS NOT NULL
    UNION ALL
    SELECT v.kind, v.id, 'recorded in the future', format('the version known from %s to %s', v.ts, v.te)
    FROM versions v WHERE v.ts > clock_timestamp() + interval '1 minute' OR v.te > clock_timestamp() + interval '1 minute' AND v.te < 'infinity'
    UNION ALL
    SELECT 'relationship', r.relationship_id, 'dangling', format('entity %s is missing in %s', n.entity_id, n.missing)
    FROM relationships r
    CROSS JOIN LATERAL (
        SELECT DISTINCT d.entity_id, tstzmultirange(tstzrange(r.valid_time_start, r.valid_time_end))
            - coalesce((SELECT c.periods FROM cover c WHERE c.entity_id = d.entity_id), '{}') AS missing
        FROM (VALUES (r.from_entity), (r.to_entity)) AS d (entity_id)) AS n
    WHERE r.tenant_id = v_tenant AND r.transaction_time_end = 'infinity' AND NOT isempty(n.missing)
    ORDER BY 1, 2, 3, 4;
END
$$;
COMMENT ON FUNCTION llmspell.graph_check() IS 'What contradicts itself in the graph of the tenant, which only raw statements bring about: versions that overlap on both axes, versions whose content was changed after the fact, or cut when they were closed (changed history), those recorded more than a minute ahead of the clock (recorded in the future), and current relationships where an entity does not exist (dangling). Reads the whole graph. Errors: 42501 no tenant. Example: SELECT * FROM llmspell.graph_check();';
