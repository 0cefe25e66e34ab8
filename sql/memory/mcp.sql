-- The nine tools of the reference memory server of the Model Context Protocol, over the graph. An entity has a name that is
-- the tenant's only one: its id is made of the name, so that the locks of the graph make two writers wait for each other.
-- A fact that holds without an end is there, whenever it began: a writer that waited may have an earlier now() than the one before
-- it. What is deleted stays in the graph's history.

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_id(kind text, names text[]) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT encode(substr(sha256(convert_to('mcp ' || kind || to_jsonb(names)::text, 'UTF8')), 1, 16), 'hex')::uuid $$;
COMMENT ON FUNCTION llmspell_internal._mcp_id(text, text[]) IS 'The id of an entity by its name, or of a relationship by the names of its ends and its type.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_id(text, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_objects(arguments jsonb, argument text, names text[]) RETURNS SETOF jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_value constant jsonb := _given(NULLIF(arguments -> argument, 'null'), argument);
    v_object jsonb;
    v_name text;
BEGIN
    IF jsonb_typeof(v_value) <> 'array' THEN
        RAISE EXCEPTION '% must be an array of objects, not %', argument, jsonb_typeof(v_value) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR v_object IN SELECT o FROM jsonb_array_elements(v_value) AS o LOOP
        FOREACH v_name IN ARRAY names LOOP
            IF jsonb_typeof(v_object) <> 'object' OR jsonb_typeof(v_object -> v_name) IS DISTINCT FROM 'string' THEN
                RAISE EXCEPTION '% must have a string "%", got %', argument, v_name, left(v_object::text, 60) USING ERRCODE = 'invalid_parameter_value';
            END IF;
        END LOOP;
        RETURN NEXT v_object;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._mcp_objects(jsonb, text, text[]) IS 'The objects of an array among the arguments of a tool, each with some strings.
Errors: 22004 missing, 22023 of another form.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_objects(jsonb, text, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_entities(names text[] DEFAULT NULL)
RETURNS TABLE (entity_id uuid, name text, entity_type text, observations jsonb, created_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_ids uuid[];
BEGIN
    IF _mcp_entities.names IS NULL THEN
        RETURN QUERY
        SELECT e.entity_id, e.name::text, e.entity_type::text, coalesce(e.properties -> 'observations', '[]'), e.created_at FROM entities e
        WHERE e.tenant_id = v_tenant AND e.transaction_time_end = 'infinity' AND e.valid_time_end = 'infinity'
          AND e.entity_id = _mcp_id('entity', ARRAY[e.name::text]);
        RETURN;
    END IF;
    v_ids := ARRAY(SELECT DISTINCT _mcp_id('entity', ARRAY[n]) FROM unnest(_mcp_entities.names) AS n);
    RETURN QUERY
    SELECT e.entity_id, e.name::text, e.entity_type::text, coalesce(e.properties -> 'observations', '[]'), e.created_at FROM entities e
    WHERE e.tenant_id = v_tenant AND e.transaction_time_end = 'infinity' AND e.valid_time_end = 'infinity' AND e.entity_id = ANY (v_ids);
END
$$;
COMMENT ON FUNCTION llmspell_internal._mcp_entities(text[]) IS 'The entities that the tools made and that are there, all or by name.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_entities(text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_graph(ids uuid[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_entities jsonb;
    v_relations jsonb;
    v_edges uuid[];
BEGIN
    SELECT jsonb_agg(jsonb_build_object('name', e.name, 'entityType', e.entity_type, 'observations', e.observations) ORDER BY e.created_at, e.name COLLATE "C") INTO v_entities
    FROM _mcp_entities() e WHERE _mcp_graph.ids IS NULL OR e.entity_id = ANY (_mcp_graph.ids);
    IF _mcp_graph.ids IS NOT NULL THEN
        v_edges := ARRAY(
            SELECT r.relationship_id FROM relationships r
            WHERE r.tenant_id = v_tenant AND r.transaction_time_end = 'infinity' AND r.from_entity = ANY (_mcp_graph.ids)
            UNION
            SELECT r.relationship_id FROM relationships r
            WHERE r.tenant_id = v_tenant AND r.transaction_time_end = 'infinity' AND r.to_entity = ANY (_mcp_graph.ids));
    END IF;
    SELECT jsonb_agg(jsonb_build_object('from', r.properties -> 'from', 'to', r.properties -> 'to', 'relationType', r.relationship_type)
        ORDER BY r.created_at, r.properties ->> 'from' COLLATE "C", r.properties ->> 'to' COLLATE "C", r.relationship_type) INTO v_relations
    FROM relationships r
    WHERE r.tenant_id = v_tenant AND r.transaction_time_end = 'infinity' AND r.valid_time_end = 'infinity'
      AND (_mcp_graph.ids IS NULL OR r.relationship_id = ANY (v_edges))
      AND r.relationship_id = _mcp_id('relationship', ARRAY[r.properties ->> 'from', r.properties ->> 'to', r.relationship_type::text]);
    RETURN jsonb_build_object('entities', coalesce(v_entities, '[]'), 'relations', coalesce(v_relations, '[]'));
END
$$;
COMMENT ON FUNCTION llmspell_internal._mcp_graph(uuid[]) IS 'Entities by id, all for NULL, with the relations that they are an end of.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_graph(uuid[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_create_entities(arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_entities constant jsonb[] := ARRAY(SELECT o FROM _mcp_objects(arguments, 'entities', '{name,entityType}') AS o);
    v_new jsonb[];
    v_at timestamptz;
BEGIN
    PERFORM _item_array(e -> 'observations', 'observations') FROM unnest(v_entities) AS e;
    PERFORM _graph_lock(ARRAY(SELECT _mcp_id('entity', ARRAY[e ->> 'name']) FROM unnest(v_entities) AS e), '{}', '{}', false);
    -- The first of a name, where it is not there.
    v_new := ARRAY(
        SELECT n.e FROM (SELECT DISTINCT ON (u.e ->> 'name') u.e, u.n FROM unnest(v_entities) WITH ORDINALITY AS u (e, n) ORDER BY u.e ->> 'name', u.n) AS n
        WHERE n.e ->> 'name' NOT IN (SELECT k.name FROM _mcp_entities(ARRAY(SELECT u ->> 'name' FROM unnest(v_entities) AS u)) k)
        ORDER BY n.n);
    v_at := now();
    PERFORM entity_put(_mcp_id('entity', ARRAY[e ->> 'name']), e ->> 'entityType', e ->> 'name', jsonb_build_object('observations', e -> 'observations'), v_at) FROM unnest(v_new) AS e;
    RETURN jsonb_build_object('entities', to_jsonb(ARRAY(
        SELECT jsonb_build_object('name', e -> 'name', 'entityType', e -> 'entityType', 'observations', e -> 'observations') FROM unnest(v_new) AS e)));
END
$$;
COMMENT ON FUNCTION llmspell_internal._mcp_create_entities(jsonb) IS 'Makes the entities whose names are not there, and returns them.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_create_entities(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_create_relations(arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_relations constant jsonb[] := ARRAY(SELECT o FROM _mcp_objects(arguments, 'relations', '{from,to,relationType}') AS o);
    v_names constant text[] := ARRAY(SELECT DISTINCT n FROM unnest(v_relations) AS r CROSS JOIN LATERAL (VALUES (r ->> 'from'), (r ->> 'to')) AS x (n));
    v_ids constant uuid[] := ARRAY(SELECT _mcp_id('relationship', ARRAY[r ->> 'from', r ->> 'to', r ->> 'relationType']) FROM unnest(v_relations) AS r);
    v_there uuid[];
    v_missing text;
    v_new jsonb[];
    v_at timestamptz;
BEGIN
    PERFORM _graph_lock('{}', ARRAY(SELECT _mcp_id('entity', ARRAY[n]) FROM unnest(v_names) AS n), v_ids, false);
    SELECT n INTO v_missing FROM unnest(v_names) AS n WHERE n NOT IN (SELECT k.name FROM _mcp_entities(v_names) k) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Entity with name % not found', left(v_missing, 500) USING ERRCODE = 'no_data_found';
    END IF;
    v_there := ARRAY(SELECT r.relationship_id FROM relationships r
                     WHERE r.tenant_id = v_tenant AND r.transaction_time_end = 'infinity' AND r.valid_time_end = 'infinity' AND r.relationship_id = ANY (v_ids));
    v_new := ARRAY(
        SELECT n.r FROM (SELECT DISTINCT ON (u.id) u.r, u.id, u.n FROM unnest(v_relations, v_ids) WITH ORDINALITY AS u (r, id, n) ORDER BY u.id, u.n) AS n
        WHERE n.id <> ALL (v_there) ORDER BY n.n);
    v_at := now();
    PERFORM relationship_put(_mcp_id('relationship', ARRAY[r ->> 'from', r ->> 'to', r ->> 'relationType']), _mcp_id('entity', ARRAY[r ->> 'from']), _mcp_id('entity', ARRAY[r ->> 'to']),
        r ->> 'relationType', jsonb_build_object('from', r -> 'from', 'to', r -> 'to'), v_at, on_missing => 'clip') FROM unnest(v_new) AS r;
    RETURN jsonb_build_object('relations', to_jsonb(ARRAY(
        SELECT jsonb_build_object('from', r -> 'from', 'to', r -> 'to', 'relationType', r -> 'relationType') FROM unnest(v_new) AS r)));
END
$$;
COMMENT ON FUNCTION llmspell_internal._mcp_create_relations(jsonb) IS 'Makes the relations that are not there, and returns them.
Errors: P0002 an entity is not there.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_create_relations(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._mcp_observe(arguments jsonb, argument text, contents text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_changes constant jsonb[] := ARRAY(SELECT o FROM _mcp_objects(arguments, argument, '{entityName}') AS o);
    v_adds constant boolean := contents = 'contents';
    v_change jsonb;
    v_old jsonb;
    v_new jsonb;
    v_results jsonb := '[]';
BEGIN
    PERFORM _item_array(c -> contents, contents) FROM unnest(v_changes) AS c;
    PERFORM _graph_lock(ARRAY(SELECT _mcp_id('entity', ARRAY[c ->> 'entityName']) FROM unnest(v_changes) AS c), '{}', '{}', false);
    FOREACH v_change IN ARRAY v_changes LOOP
        SELECT e.observations INTO v_old FROM _mcp_entities(ARRAY[v_change ->> 'entityName']) e;
        IF NOT FOUND THEN
            CONTINUE WHEN NOT v_adds;
            RAISE EXCEPTION 'Entity with name % not found', left(v_change ->> 'entityName', 500) USING ERRCODE = 'no_data_found';
        END IF;
        IF v_adds THEN
            SELECT coalesce(jsonb_agg(c.text ORDER BY c.n), '[]') INTO v_new
            FROM jsonb_array_elements(v_change -> contents) WITH ORDINALITY AS c (text, n) WHERE NOT v_old @> jsonb_build_array(c.text);
            v_results := v_results || jsonb_build_object('entityName', v_change -> 'entityName', 'addedObservations', v_new);
            v_new := v_old || v_new;
        ELSE
            SELECT coalesce(jsonb_agg(o.text ORDER BY o.n), '[]') INTO v_new
            FROM jsonb_array_elements(v_old) WITH ORDINALITY AS o (text, n) WHERE NOT (v_change -> contents) @> jsonb_build_array(o.text);
        END IF;
        IF v_new <> v_old THEN
            PERFORM entity_patch(_mcp_id('entity', ARRAY[v_change ->> 'entityName']), jsonb_build_object('observations', v_new), now());
        END IF;
    END LOOP;
    RETURN v_results;
END
$$;
COMMENT ON FUNCTION llmspell_internal._mcp_observe(jsonb, text, text) IS 'Adds the contents that are not there to entities, or takes observations away; what was added to each.
Errors: P0002 an entity is not there to be added to.';
GRANT EXECUTE ON FUNCTION llmspell_internal._mcp_observe(jsonb, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.mcp_memory(tool text, arguments jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_tool constant text := _given(mcp_memory.tool, 'tool');
    v_arguments constant jsonb := coalesce(mcp_memory.arguments, '{}');
    v_ids uuid[];
    v_done constant text := ' deleted successfully';
BEGIN
    IF jsonb_typeof(v_arguments) <> 'object' THEN
        RAISE EXCEPTION 'arguments must be an object, not %', jsonb_typeof(v_arguments) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- A transaction that keeps its first snapshot would write over what others did while it waited.
    IF v_tool ~ '^(create|add|delete)_' AND current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'tool "%" writes, which it does in READ COMMITTED alone', left(v_tool, 60) USING ERRCODE = 'feature_not_supported';
    END IF;
    CASE v_tool
        WHEN 'create_entities' THEN
            RETURN _mcp_create_entities(v_arguments);
        WHEN 'create_relations' THEN
            RETURN _mcp_create_relations(v_arguments);
        WHEN 'add_observations' THEN
            RETURN jsonb_build_object('results', _mcp_observe(v_arguments, 'observations', 'contents'));
        WHEN 'delete_observations' THEN
            PERFORM _mcp_observe(v_arguments, 'deletions', 'observations');
            RETURN jsonb_build_object('success', true, 'message', 'Observations' || v_done);
        WHEN 'delete_entities' THEN
            v_ids := ARRAY(SELECT DISTINCT e.entity_id FROM _mcp_entities(_item_array(v_arguments -> 'entityNames', 'entityNames')) e);
            PERFORM entity_retract_many((SELECT coalesce(jsonb_agg(jsonb_build_object('entity_id', i, 'valid_from', now())), '[]') FROM unnest(v_ids) AS i));
            RETURN jsonb_build_object('success', true, 'message', 'Entities' || v_done);
        WHEN 'delete_relations' THEN
            v_ids := ARRAY(SELECT DISTINCT _mcp_id('relationship', ARRAY[r ->> 'from', r ->> 'to', r ->> 'relationType']) FROM _mcp_objects(v_arguments, 'relations', '{from,to,relationType}') AS r);
            PERFORM _graph_lock('{}', '{}', v_ids, false);
            v_ids := ARRAY(SELECT r.relationship_id FROM relationships r
                           WHERE r.tenant_id = v_tenant AND r.relationship_id = ANY (v_ids) AND r.transaction_time_end = 'infinity' AND r.valid_time_end = 'infinity');
            PERFORM relationship_retract_many((SELECT coalesce(jsonb_agg(jsonb_build_object('relationship_id', i, 'valid_from', now())), '[]') FROM unnest(v_ids) AS i));
            RETURN jsonb_build_object('success', true, 'message', 'Relations' || v_done);
        WHEN 'read_graph' THEN
            RETURN _mcp_graph(NULL);
        WHEN 'open_nodes' THEN
            RETURN _mcp_graph(ARRAY(SELECT e.entity_id FROM _mcp_entities(_item_array(v_arguments -> 'names', 'names')) e));
        WHEN 'search_nodes' THEN
            IF jsonb_typeof(v_arguments -> 'query') IS DISTINCT FROM 'string' THEN
                RAISE EXCEPTION 'query must be a string' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            RETURN _mcp_graph(ARRAY(
                SELECT e.entity_id FROM _mcp_entities() e
                WHERE strpos(_folded(e.name), _folded(v_arguments ->> 'query')) > 0 OR strpos(_folded(e.entity_type), _folded(v_arguments ->> 'query')) > 0
                   OR EXISTS (SELECT FROM jsonb_array_elements_text(e.observations) AS o WHERE strpos(_folded(o), _folded(v_arguments ->> 'query')) > 0)));
        ELSE
            RAISE EXCEPTION 'unknown tool: "%"', left(v_tool, 60) USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Use create_entities, create_relations, add_observations, delete_entities, delete_observations, delete_relations, read_graph, search_nodes or open_nodes.';
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.mcp_memory(text, jsonb) IS 'Runs a tool of the MCP reference memory server over the graph; its structured answer.
Errors: 42501 no tenant, 22004 or 22023 arguments, P0002 an entity is not there, 0A000 a write in another isolation than READ COMMITTED.
Example: SELECT llmspell.mcp_memory(''create_entities'', ''{"entities": [{"name": "Ada", "entityType": "person", "observations": ["writes notes"]}]}'');';
