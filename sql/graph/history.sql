-- The versions of one entity or relationship along the two times, and how two moments differ.

CREATE OR REPLACE FUNCTION llmspell.entity_history(entity_id uuid)
RETURNS TABLE (entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_type text, source_id text, changed_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT e.entity_type::text, e.name::text, e.properties, NULLIF(e.valid_time_start, '-infinity'), NULLIF(e.valid_time_end, 'infinity'),
        e.transaction_time_start, NULLIF(e.transaction_time_end, 'infinity'), e.source_kind, e.source_id, e.changed_at
    FROM llmspell.entities e
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND e.tenant_id = llmspell.current_tenant()
      AND e.entity_id = llmspell_internal._tenant_given(entity_history.entity_id, 'entity_id')
    ORDER BY e.transaction_time_start, e.valid_time_start;
END;
COMMENT ON FUNCTION llmspell.entity_history(uuid) IS 'All versions of an entity, by known_from and valid_from. changed_at is set where a raw statement changed one.
Errors: 42501 no tenant, 22004 null.
Example: SELECT valid_from, valid_to, known_from, known_to, properties FROM llmspell.entity_history(''00000000-0000-0000-0000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_history(relationship_id uuid)
RETURNS TABLE (from_entity uuid, to_entity uuid, relationship_type text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_type text, source_id text, changed_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT r.from_entity, r.to_entity, r.relationship_type::text, r.properties, NULLIF(r.valid_time_start, '-infinity'), NULLIF(r.valid_time_end, 'infinity'),
        r.transaction_time_start, NULLIF(r.transaction_time_end, 'infinity'), r.source_kind, r.source_id, r.changed_at
    FROM llmspell.relationships r
    WHERE llmspell_internal._require_tenant() IS NOT NULL AND r.tenant_id = llmspell.current_tenant()
      AND r.relationship_id = llmspell_internal._tenant_given(relationship_history.relationship_id, 'relationship_id')
    ORDER BY r.transaction_time_start, r.valid_time_start;
END;
COMMENT ON FUNCTION llmspell.relationship_history(uuid) IS 'All versions of a relationship, as entity_history.
Errors: 42501 no tenant, 22004 null.
Example: SELECT valid_from, valid_to, known_from, known_to FROM llmspell.relationship_history(''00000000-0000-0000-0000-00000000000a'');';

CREATE OR REPLACE FUNCTION llmspell.entity_timeline(entity_id uuid, known_at timestamptz DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_gaps boolean DEFAULT false)
RETURNS TABLE (valid_from timestamptz, valid_to timestamptz, entity_type text, name text, properties jsonb)
LANGUAGE c STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_timeline_wrapper';
COMMENT ON FUNCTION llmspell.entity_timeline(uuid, timestamptz, timestamptz, timestamptz, boolean) IS 'The periods of valid time of an entity as known at one moment, within [since, until); equal neighbours are one row.
Errors: 42501 no tenant, 22004 null entity_id, 22000 since not before until.
Example: SELECT valid_from, valid_to, properties FROM llmspell.entity_timeline(''00000000-0000-0000-0000-000000000001'', since => ''2026-01-01Z'');';

CREATE OR REPLACE FUNCTION llmspell.entity_knowledge(entity_id uuid, valid_at timestamptz DEFAULT now())
RETURNS TABLE (known_from timestamptz, known_to timestamptz, entity_type text, name text, properties jsonb)
LANGUAGE c STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_knowledge_wrapper';
COMMENT ON FUNCTION llmspell.entity_knowledge(uuid, timestamptz) IS 'The periods of transaction time of an entity at one moment of valid time; equal neighbours are one row.
Errors: 42501 no tenant, 22004 null entity_id.
Example: SELECT known_from, known_to, properties FROM llmspell.entity_knowledge(''00000000-0000-0000-0000-000000000001'', ''2026-03-15Z'');';

CREATE OR REPLACE FUNCTION llmspell.entity_believed(entity_id uuid, event_id uuid, valid_at timestamptz DEFAULT now())
RETURNS TABLE (entity_id uuid, entity_type text, name text, properties jsonb, valid_from timestamptz, valid_to timestamptz,
    known_from timestamptz, known_to timestamptz, source_type text, source_id text, created_at timestamptz)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT a.*
    FROM (SELECT min(e.timestamp) AS known_at FROM llmspell.event_log e
          WHERE llmspell_internal._require_tenant() IS NOT NULL AND e.tenant_id = llmspell.current_tenant()
            AND e.event_id = llmspell_internal._tenant_given(entity_believed.event_id, 'event_id')) AS k
    CROSS JOIN LATERAL llmspell.entity_as_of(llmspell_internal._tenant_given(entity_believed.entity_id, 'entity_id'), entity_believed.valid_at, k.known_at) AS a
    WHERE k.known_at IS NOT NULL;
END;
COMMENT ON FUNCTION llmspell.entity_believed(uuid, uuid, timestamptz) IS 'The entity at valid_at (null: now), as it was known at the time of an event; no row where there is no such event.
Errors: 42501 no tenant, 22004 null entity_id or event_id.
Example: SELECT name FROM llmspell.entity_believed(''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-0000000000e1'');';

CREATE OR REPLACE FUNCTION llmspell_internal._graph_change(before jsonb, after jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN before IS NULL AND after IS NOT NULL THEN 'added' WHEN before IS NOT NULL AND after IS NULL THEN 'removed' WHEN before <> after THEN 'changed' END;
END;
COMMENT ON FUNCTION llmspell_internal._graph_change(jsonb, jsonb) IS 'How two states of an element differ: added, removed or changed; NULL where they are equal.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_change(jsonb, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_diff(entity_id uuid, from_valid_at timestamptz DEFAULT NULL, from_known_at timestamptz DEFAULT NULL,
    to_valid_at timestamptz DEFAULT NULL, to_known_at timestamptz DEFAULT NULL)
RETURNS TABLE (change text, old_value jsonb, new_value jsonb, properties_changed jsonb)
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT llmspell_internal._graph_change(d.before, d.after), d.before, d.after,
        llmspell_internal._json_diff(COALESCE(d.before -> 'properties', '{}'), COALESCE(d.after -> 'properties', '{}'))::jsonb
    FROM (SELECT
        (SELECT jsonb_build_object('entity_type', a.entity_type, 'name', a.name, 'properties', a.properties)
         FROM llmspell.entity_as_of(entity_diff.entity_id, entity_diff.from_valid_at, entity_diff.from_known_at) a) AS before,
        (SELECT jsonb_build_object('entity_type', a.entity_type, 'name', a.name, 'properties', a.properties)
         FROM llmspell.entity_as_of(entity_diff.entity_id, entity_diff.to_valid_at, entity_diff.to_known_at) a) AS after) AS d
    WHERE llmspell_internal._graph_change(d.before, d.after) IS NOT NULL;
END;
COMMENT ON FUNCTION llmspell.entity_diff(uuid, timestamptz, timestamptz, timestamptz, timestamptz) IS 'How an entity differs between two moments of both times (null: now); no row where it is equal.
Errors: 42501 no tenant, 22004 null entity_id.
Example: SELECT change, properties_changed FROM llmspell.entity_diff(''00000000-0000-0000-0000-000000000001'', from_valid_at => ''2026-01-01Z'');';

CREATE OR REPLACE FUNCTION llmspell.graph_diff(from_valid_at timestamptz DEFAULT NULL, from_known_at timestamptz DEFAULT NULL,
    to_valid_at timestamptz DEFAULT NULL, to_known_at timestamptz DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (element text, element_id uuid, change text, old_value jsonb, new_value jsonb, properties_changed jsonb, cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(graph_diff.max_rows, 100));
    v_from_valid_at constant timestamptz := coalesce(graph_diff.from_valid_at, now());
    v_to_valid_at constant timestamptz := coalesce(graph_diff.to_valid_at, now());
    v_from_known_at constant timestamptz := coalesce(graph_diff.from_known_at, 'infinity');
    v_to_known_at constant timestamptz := coalesce(graph_diff.to_known_at, 'infinity');
    v_element constant text := split_part(graph_diff.after, '/', 1);
    v_id constant text := split_part(graph_diff.after, '/', 2);
    v_state constant text :=
        'SELECT ''entity'' AS element, e.entity_id AS id, jsonb_build_object(''entity_type'', e.entity_type, ''name'', e.name, ''properties'', e.properties) AS said
         FROM entities e WHERE (%1$s) %4$s
         UNION ALL
         SELECT ''relationship'', r.relationship_id, jsonb_build_object(''relationship_type'', r.relationship_type, ''from_entity'', r.from_entity,
             ''to_entity'', r.to_entity, ''properties'', r.properties)
         FROM relationships r WHERE (%2$s) %5$s
           AND EXISTS (SELECT FROM entities f WHERE f.entity_id = r.from_entity AND %3$s)
           AND EXISTS (SELECT FROM entities f WHERE f.entity_id = r.to_entity AND %3$s)';
    v_entities text;
    v_edges text;
BEGIN
    IF v_element NOT IN ('entity', 'relationship') OR NOT pg_input_is_valid(v_id, 'uuid') THEN
        RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(graph_diff.after, 60)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the cursor of the last row of a page, or NULL for the first page.';
    END IF;
    -- At one moment of valid time only what was recorded or closed in between can differ; an edge also with its ends.
    IF v_from_valid_at = v_to_valid_at THEN
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
        || format('SELECT element, id, _graph_change(b.said, a.said), b.said, a.said,
                       _json_diff(coalesce(b.said -> ''properties'', ''{}''), coalesce(a.said -> ''properties'', ''{}''))::jsonb, element || ''/'' || id
                   FROM (%s) AS b FULL JOIN (%s) AS a USING (element, id)
                   WHERE _graph_change(b.said, a.said) IS NOT NULL AND ($6 IS NULL OR (element, id) > ($6, $7))
                   ORDER BY element, id LIMIT $8',
            format(v_state, _graph_at('e', v_from_known_at, '$2', '$3'), _graph_at('r', v_from_known_at, '$2', '$3'), _graph_at('f', v_from_known_at, '$2', '$3'),
                CASE WHEN v_entities IS NOT NULL THEN 'AND e.entity_id IN (SELECT c.entity_id FROM candidates c)' END,
                CASE WHEN v_edges IS NOT NULL THEN 'AND r.relationship_id IN (SELECT c.relationship_id FROM edges c)' END),
            format(v_state, _graph_at('e', v_to_known_at, '$4', '$5'), _graph_at('r', v_to_known_at, '$4', '$5'), _graph_at('f', v_to_known_at, '$4', '$5'),
                CASE WHEN v_entities IS NOT NULL THEN 'AND e.entity_id IN (SELECT c.entity_id FROM candidates c)' END,
                CASE WHEN v_edges IS NOT NULL THEN 'AND r.relationship_id IN (SELECT c.relationship_id FROM edges c)' END))
    USING v_tenant, v_from_valid_at, v_from_known_at, v_to_valid_at, v_to_known_at, v_element, v_id::uuid, v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.graph_diff(timestamptz, timestamptz, timestamptz, timestamptz, integer, text) IS 'All entities and relationships that differ between two moments of both times (null: now), by element and id.
Errors: 42501 no tenant, 22023 negative max_rows, after is no cursor.
Example: SELECT element, element_id, change FROM llmspell.graph_diff(from_known_at => now() - interval ''1 day'');';
