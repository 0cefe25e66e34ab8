-- Walks along relationships at one moment of both times. A relationship counts where both its entities exist.

CREATE OR REPLACE FUNCTION llmspell.graph_neighbors(start uuid, direction text DEFAULT 'out', relationship_types text[] DEFAULT NULL, valid_at timestamptz DEFAULT now(),
    known_at timestamptz DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (relationship_id uuid, relationship_type text, outgoing boolean, entity_id uuid, entity_type text, name text, entity_properties jsonb,
    relationship_properties jsonb, valid_from timestamptz, valid_to timestamptz, cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Whatever the statistics say, each edge looks its other end up by id.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_start constant uuid := _given(graph_neighbors.start, 'start');
    v_direction constant text := coalesce(graph_neighbors.direction, 'out');
    v_rows constant int := _max_rows(coalesce(graph_neighbors.max_rows, 100));
    v_after constant uuid := _cursor_key(graph_neighbors.after);
    v_edges text;
BEGIN
    IF v_direction NOT IN ('out', 'in', 'both') THEN
        RAISE EXCEPTION 'direction must be one of out, in, both, got "%"', left(v_direction, 60) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_edges := concat_ws(' UNION ALL ',
        CASE WHEN v_direction <> 'in' THEN 'SELECT r.*, true AS outgoing, r.to_entity AS other FROM relationships r WHERE r.from_entity = $4 AND %1$s' END,
        -- An edge to itself is one neighbour, not two.
        CASE WHEN v_direction <> 'out' THEN 'SELECT r.*, false AS outgoing, r.from_entity AS other FROM relationships r WHERE r.to_entity = $4 AND %1$s'
            || CASE WHEN v_direction = 'both' THEN ' AND r.from_entity <> $4' ELSE '' END END);
    RETURN QUERY EXECUTE format(
        'SELECT r.relationship_id, r.relationship_type::text, r.outgoing, e.entity_id, e.entity_type::text, e.name::text, e.properties, r.properties,
             NULLIF(r.valid_time_start, ''-infinity''), NULLIF(r.valid_time_end, ''infinity''), r.relationship_id::text
         FROM (' || v_edges || ') AS r JOIN entities e ON e.entity_id = r.other
         WHERE %2$s AND EXISTS (SELECT FROM entities s WHERE s.entity_id = $4 AND %3$s)
           AND ($5 IS NULL OR r.relationship_type = ANY ($5)) AND ($6 IS NULL OR r.relationship_id > $6)
         ORDER BY r.relationship_id LIMIT $7', _graph_at('r', known_at), _graph_at('e', known_at), _graph_at('s', known_at))
    USING v_tenant, coalesce(graph_neighbors.valid_at, now()), graph_neighbors.known_at, v_start, graph_neighbors.relationship_types, v_after, v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.graph_neighbors(uuid, text, text[], timestamptz, timestamptz, integer, text) IS 'The relationships of an entity (direction out, in or both; some types or all) with the entity at the other end, by id.
Errors: 42501 no tenant, 22004 null start, 22023 direction, negative max_rows, after is no cursor.
Example: SELECT relationship_type, name FROM llmspell.graph_neighbors(''00000000-0000-0000-0000-000000000001'');';

CREATE OR REPLACE FUNCTION llmspell.graph_traverse(start uuid, max_depth int DEFAULT 3, relationship_types text[] DEFAULT NULL, direction text DEFAULT 'out',
    valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, max_nodes int DEFAULT 10000, include_start boolean DEFAULT false,
    with_path boolean DEFAULT false, with_names boolean DEFAULT false)
RETURNS TABLE (entity_id uuid, entity_type text, name text, depth int, parent_id uuid, relationship_id uuid, relationship_type text,
    valid_from timestamptz, valid_to timestamptz, path uuid[])
LANGUAGE c STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'graph_traverse_wrapper';
COMMENT ON FUNCTION llmspell.graph_traverse(uuid, integer, text[], text, timestamptz, timestamptz, integer, boolean, boolean, boolean) IS 'The entities reached from start, each once at its smallest depth with the entity and relationship before it.
Errors: 42501 no tenant, 22004 null start, 22023 direction, negative max_depth or max_nodes, 54000 more than max_nodes, or paths of over 10,000,000 ids.
Example: SELECT depth, relationship_type, name FROM llmspell.graph_traverse(''00000000-0000-0000-0000-000000000001'', 2, with_names => true);';

CREATE OR REPLACE FUNCTION llmspell.graph_shortest_path(from_entity uuid, to_entity uuid, max_depth int DEFAULT 10, relationship_types text[] DEFAULT NULL,
    direction text DEFAULT 'out', valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, max_nodes int DEFAULT 100000)
RETURNS TABLE (length int, entities uuid[], relationships uuid[], valid_from timestamptz, valid_to timestamptz)
LANGUAGE c STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS 'MODULE_PATHNAME', 'graph_shortest_path_wrapper';
COMMENT ON FUNCTION llmspell.graph_shortest_path(uuid, uuid, integer, text[], text, timestamptz, timestamptz, integer) IS 'A shortest path between two entities, and when all of it holds; of several the one with the smallest ids.
Errors: 42501 no tenant, 22004 null from_entity or to_entity, 22023 direction, negative max_depth or max_nodes, 54000 more than max_nodes.
Example: SELECT length, entities FROM llmspell.graph_shortest_path(''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000002'');';

CREATE OR REPLACE FUNCTION llmspell.graph_subgraph(entity_ids uuid[], valid_at timestamptz DEFAULT now(), known_at timestamptz DEFAULT NULL, relationship_types text[] DEFAULT NULL)
RETURNS TABLE (element text, element_id uuid, element_type text, name text, from_entity uuid, to_entity uuid, properties jsonb, valid_from timestamptz, valid_to timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_ids constant uuid[] := _given(graph_subgraph.entity_ids, 'entity_ids');
BEGIN
    IF cardinality(v_ids) > 100000 THEN
        RAISE EXCEPTION 'entity_ids has at most 100000 elements, this one has %', cardinality(v_ids) USING ERRCODE = 'program_limit_exceeded';
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH nodes AS MATERIALIZED (
             SELECT e.entity_id, e.entity_type, e.name, e.properties, e.valid_time_start, e.valid_time_end
             FROM (SELECT DISTINCT unnest($4)) AS w (id) JOIN entities e ON e.entity_id = w.id WHERE %s
         )
         SELECT ''entity'', n.entity_id, n.entity_type::text, n.name::text, NULL::uuid, NULL::uuid, n.properties,
             NULLIF(n.valid_time_start, ''-infinity''), NULLIF(n.valid_time_end, ''infinity'') FROM nodes n
         UNION ALL
         SELECT ''relationship'', r.relationship_id, r.relationship_type::text, NULL, r.from_entity, r.to_entity, r.properties,
             NULLIF(r.valid_time_start, ''-infinity''), NULLIF(r.valid_time_end, ''infinity'')
         FROM nodes n JOIN relationships r ON r.from_entity = n.entity_id
         WHERE %s AND r.to_entity IN (SELECT o.entity_id FROM nodes o) AND ($5 IS NULL OR r.relationship_type = ANY ($5))
         ORDER BY 1, 2', _graph_at('e', known_at), _graph_at('r', known_at))
    USING v_tenant, coalesce(graph_subgraph.valid_at, now()), graph_subgraph.known_at, v_ids, graph_subgraph.relationship_types;
END
$$;
COMMENT ON FUNCTION llmspell.graph_subgraph(uuid[], timestamptz, timestamptz, text[]) IS 'Those of some entities that exist, and the relationships among them (of some types or all), by element and id.
Errors: 42501 no tenant, 22004 null entity_ids, 54000 over 100,000 ids.
Example: SELECT element, element_type, name FROM llmspell.graph_subgraph(ARRAY[''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000002'']::uuid[]);';
