-- Vectors of facts, in spaces of their own: an entity or relationship has one vector in a space, for all its versions.
-- It follows the current version and goes with the last one.

CREATE OR REPLACE FUNCTION llmspell_internal._graph_vectors_follow(purpose text, tenant text, id uuid, scope text, properties jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = _graph_vectors_follow.purpose ORDER BY s.name LOOP
        EXECUTE format('UPDATE llmspell.%I SET scope = $3, metadata = $4 WHERE tenant_id = $1 AND id = $2', v_table)
        USING _graph_vectors_follow.tenant, _graph_vectors_follow.id, _graph_vectors_follow.scope, _graph_vectors_follow.properties;
    END LOOP;
    INSERT INTO embedding_queue (tenant_id, space, id)
    SELECT _graph_vectors_follow.tenant, g.space, _graph_vectors_follow.id
    FROM vector_generations g JOIN vector_spaces s ON s.name = g.space
    WHERE g.is_tracked AND s.purpose = _graph_vectors_follow.purpose ORDER BY g.space
    ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_vectors_follow(text, text, uuid, text, jsonb) IS 'Copies what searches filter by to the vectors of a fact, and queues it for spaces that are kept complete.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_vectors_follow(text, text, uuid, text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_vectors_forget(purpose text, tenant text, ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = _graph_vectors_forget.purpose ORDER BY s.name LOOP
        EXECUTE format('DELETE FROM llmspell.%I WHERE tenant_id = $1 AND id = ANY ($2)', v_table) USING _graph_vectors_forget.tenant, _graph_vectors_forget.ids;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_vectors_forget(text, text, uuid[]) IS 'Deletes the vectors of facts.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_vectors_forget(text, text, uuid[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_entity_vectors_follow() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- The version that holds last, of those known now.
    IF NOT _is_restoring() AND NOT EXISTS (
        SELECT FROM entities e WHERE e.tenant_id = NEW.tenant_id AND e.entity_id = NEW.entity_id AND e.transaction_time_end = 'infinity'
            AND e.valid_time_start > NEW.valid_time_start)
    THEN
        PERFORM _graph_vectors_follow('entities', NEW.tenant_id, NEW.entity_id, NEW.entity_type, NEW.properties);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_entity_vectors_follow() IS 'Keeps the vectors of entities with their current versions.';

CREATE OR REPLACE FUNCTION llmspell_internal._tg_entity_vectors() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_some record;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR v_some IN SELECT g.tenant_id, array_agg(DISTINCT g.entity_id) AS ids FROM gone g GROUP BY g.tenant_id LOOP
            -- The last version takes the vector along.
            PERFORM _graph_vectors_forget('entities', v_some.tenant_id, ARRAY(
                SELECT i FROM unnest(v_some.ids) AS i
                WHERE NOT EXISTS (SELECT FROM entities e WHERE e.tenant_id = v_some.tenant_id AND e.entity_id = i)));
        END LOOP;
    ELSIF NOT _is_restoring() THEN
        PERFORM _graph_vectors_truncate('entities');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_entity_vectors() IS 'Deletes the vectors of entities that are gone.';

CREATE OR REPLACE FUNCTION llmspell_internal._tg_relationship_vectors_follow() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- The version that holds last, of those known now.
    IF NOT _is_restoring() AND NOT EXISTS (
        SELECT FROM relationships r WHERE r.tenant_id = NEW.tenant_id AND r.relationship_id = NEW.relationship_id AND r.transaction_time_end = 'infinity'
            AND r.valid_time_start > NEW.valid_time_start)
    THEN
        PERFORM _graph_vectors_follow('relationships', NEW.tenant_id, NEW.relationship_id, NEW.relationship_type, NEW.properties);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_relationship_vectors_follow() IS 'Keeps the vectors of relationships with their current versions.';

CREATE OR REPLACE FUNCTION llmspell_internal._tg_relationship_vectors() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_some record;
BEGIN
    IF TG_OP = 'DELETE' THEN
        FOR v_some IN SELECT g.tenant_id, array_agg(DISTINCT g.relationship_id) AS ids FROM gone g GROUP BY g.tenant_id LOOP
            -- The last version takes the vector along.
            PERFORM _graph_vectors_forget('relationships', v_some.tenant_id, ARRAY(
                SELECT i FROM unnest(v_some.ids) AS i
                WHERE NOT EXISTS (SELECT FROM relationships r WHERE r.tenant_id = v_some.tenant_id AND r.relationship_id = i)));
        END LOOP;
    ELSIF NOT _is_restoring() THEN
        PERFORM _graph_vectors_truncate('relationships');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_relationship_vectors() IS 'Deletes the vectors of relationships that are gone.';

CREATE OR REPLACE FUNCTION llmspell_internal._graph_vectors_truncate(purpose text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT s.table_name FROM vector_spaces s WHERE s.purpose = _graph_vectors_truncate.purpose ORDER BY s.name LOOP
        EXECUTE format('TRUNCATE llmspell.%I', v_table);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_vectors_truncate(text) IS 'Empties the spaces of facts that are truncated.';

-- A statement trigger would keep what each statement has inserted, for nothing where there is no such space.
CREATE OR REPLACE TRIGGER entities_vectors AFTER INSERT ON llmspell.entities
    FOR EACH ROW WHEN (NEW.transaction_time_end = 'infinity' AND llmspell_internal._vector_has_space('entities'))
    EXECUTE FUNCTION llmspell_internal._tg_entity_vectors_follow();
CREATE OR REPLACE TRIGGER entities_vectors_delete AFTER DELETE ON llmspell.entities REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT WHEN (llmspell_internal._vector_has_space('entities')) EXECUTE FUNCTION llmspell_internal._tg_entity_vectors();
CREATE OR REPLACE TRIGGER entities_vectors_truncate AFTER TRUNCATE ON llmspell.entities
    FOR EACH STATEMENT WHEN (llmspell_internal._vector_has_space('entities')) EXECUTE FUNCTION llmspell_internal._tg_entity_vectors();
CREATE OR REPLACE TRIGGER relationships_vectors AFTER INSERT ON llmspell.relationships
    FOR EACH ROW WHEN (NEW.transaction_time_end = 'infinity' AND llmspell_internal._vector_has_space('relationships'))
    EXECUTE FUNCTION llmspell_internal._tg_relationship_vectors_follow();
CREATE OR REPLACE TRIGGER relationships_vectors_delete AFTER DELETE ON llmspell.relationships REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT WHEN (llmspell_internal._vector_has_space('relationships')) EXECUTE FUNCTION llmspell_internal._tg_relationship_vectors();
CREATE OR REPLACE TRIGGER relationships_vectors_truncate AFTER TRUNCATE ON llmspell.relationships
    FOR EACH STATEMENT WHEN (llmspell_internal._vector_has_space('relationships')) EXECUTE FUNCTION llmspell_internal._tg_relationship_vectors();

COMMENT ON TRIGGER entities_vectors ON llmspell.entities IS 'Restore: does nothing, since vectors come along as they were.';
COMMENT ON TRIGGER relationships_vectors ON llmspell.relationships IS 'Restore: does nothing, since vectors come along as they were.';

-- Its argument says what the space holds.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_graph_embedding() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF _is_restoring() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.tenant_id, OLD.id) = (NEW.tenant_id, NEW.id) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_ARGV[0] = 'entities' THEN
        PERFORM FROM entities e WHERE e.tenant_id = NEW.tenant_id AND e.entity_id = NEW.id FOR KEY SHARE;
    ELSE
        PERFORM FROM relationships r WHERE r.tenant_id = NEW.tenant_id AND r.relationship_id = NEW.id FOR KEY SHARE;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no % "%" for its embedding', CASE TG_ARGV[0] WHEN 'entities' THEN 'entity' ELSE 'relationship' END, NEW.id
            USING ERRCODE = 'foreign_key_violation', HINT = 'Record the fact first.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_graph_embedding() IS 'Refuses a vector without its entity or relationship, and locks the versions of that.
Errors: 23503 no such fact.';

CREATE OR REPLACE FUNCTION llmspell_internal._graph_vector_set(purpose text, id uuid, embedding @extschema:vector@.vector, space text, scope text, properties jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space constant vector_spaces := _vector_space(_graph_vector_set.space, @extschema:vector@.vector_dims(_graph_vector_set.embedding), _graph_vector_set.purpose, true);
BEGIN
    PERFORM _vector_check_length(_graph_vector_set.embedding, v_space.metric);
    -- A recall of the past leaves out what was embedded later.
    EXECUTE format('INSERT INTO llmspell.%I (tenant_id, id, scope, embedding, metadata) VALUES ($1, $2, $3, $4, $5)
                    ON CONFLICT (tenant_id, id) DO UPDATE SET embedding = EXCLUDED.embedding, scope = EXCLUDED.scope, metadata = EXCLUDED.metadata,
                        created_at = now(), updated_at = now()', v_space.table_name)
    USING v_tenant, _graph_vector_set.id, _graph_vector_set.scope, _graph_vector_set.embedding, _graph_vector_set.properties;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _vector_check_made(v_space, ARRAY[_graph_vector_set.id]);
    END IF;
    PERFORM _embedding_dequeue(v_space.name, ARRAY[_graph_vector_set.id]);
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_vector_set IS 'Stores the vector of a fact in place of the one there is.
Errors: 22023 no space of these dimensions, several, a vector of zeros.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_vector_set TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_vector_set(entity_id uuid, embedding @extschema:vector@.vector, space text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_entity record;
BEGIN
    PERFORM _given(entity_vector_set.entity_id, 'entity_id'), _given(entity_vector_set.embedding, 'embedding');
    SELECT e.entity_type, e.properties INTO v_entity FROM entities e
    WHERE e.tenant_id = v_tenant AND e.entity_id = entity_vector_set.entity_id AND e.transaction_time_end = 'infinity'
    ORDER BY e.valid_time_start DESC LIMIT 1 FOR KEY SHARE;
    IF FOUND THEN
        PERFORM _graph_vector_set('entities', entity_vector_set.entity_id, entity_vector_set.embedding, entity_vector_set.space, v_entity.entity_type, v_entity.properties);
        RETURN true;
    END IF;
    -- The dimensions are checked all the same.
    PERFORM _vector_space(entity_vector_set.space, @extschema:vector@.vector_dims(entity_vector_set.embedding), 'entities');
    RETURN false;
END
$$;
COMMENT ON FUNCTION llmspell.entity_vector_set IS 'Stores the vector of an entity, in place of the one there is; false where no entity is known now.
Errors: 42501 no tenant, 22004 null, 22023 no space for entities of these dimensions, several, a vector of zeros.
Example: SELECT llmspell.entity_vector_set(''00000000-0000-0000-0000-000000000001'', array_fill(0.1, ARRAY[384])::vector);';

CREATE OR REPLACE FUNCTION llmspell.relationship_vector_set(relationship_id uuid, embedding @extschema:vector@.vector, space text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_edge record;
BEGIN
    PERFORM _given(relationship_vector_set.relationship_id, 'relationship_id'), _given(relationship_vector_set.embedding, 'embedding');
    SELECT r.relationship_type, r.properties INTO v_edge FROM relationships r
    WHERE r.tenant_id = v_tenant AND r.relationship_id = relationship_vector_set.relationship_id AND r.transaction_time_end = 'infinity'
    ORDER BY r.valid_time_start DESC LIMIT 1 FOR KEY SHARE;
    IF FOUND THEN
        PERFORM _graph_vector_set('relationships', relationship_vector_set.relationship_id, relationship_vector_set.embedding, relationship_vector_set.space,
            v_edge.relationship_type, v_edge.properties);
        RETURN true;
    END IF;
    PERFORM _vector_space(relationship_vector_set.space, @extschema:vector@.vector_dims(relationship_vector_set.embedding), 'relationships');
    RETURN false;
END
$$;
COMMENT ON FUNCTION llmspell.relationship_vector_set IS 'Stores the vector of a relationship, in place of the one there is; false where none is known now.
Errors: 42501 no tenant, 22004 null, 22023 no space for relationships of these dimensions, several, a vector of zeros.
Example: SELECT llmspell.relationship_vector_set(''00000000-0000-0000-0000-00000000000a'', array_fill(0.1, ARRAY[384])::vector);';

-- The version that holds last, of those known now.
CREATE OR REPLACE FUNCTION llmspell_internal._graph_embedding_sources(space text) RETURNS SETOF llmspell_internal._embedding_source
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT f.relation, 'r.' || f.key, f.content,
        format('r.transaction_time_end = ''infinity'' AND NOT EXISTS (SELECT FROM %1$s n WHERE n.tenant_id = r.tenant_id AND n.%2$s = r.%2$s
            AND n.transaction_time_end = ''infinity'' AND n.valid_time_start > r.valid_time_start)', f.relation, f.key),
        'scope, metadata', f.kind || ', r.properties'
    FROM vector_spaces s
    JOIN (VALUES
        ('entities', 'llmspell.entities', 'entity_id', 'r.entity_type', 'llmspell_internal._entity_content(r.entity_type, r.name, r.properties)'),
        ('relationships', 'llmspell.relationships', 'relationship_id', 'r.relationship_type',
         'llmspell_internal._relationship_content(r.relationship_type, llmspell_internal._entity_name(r.tenant_id, r.from_entity), llmspell_internal._entity_name(r.tenant_id, r.to_entity), r.properties)'))
        AS f (purpose, relation, key, kind, content) ON f.purpose = s.purpose
    WHERE s.name = _graph_embedding_sources.space
$$;
COMMENT ON FUNCTION llmspell_internal._graph_embedding_sources(text) IS 'The texts of facts, for the spaces that hold their vectors.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_embedding_sources(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._entity_name(tenant text, entity_id uuid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT e.name FROM entities e
    WHERE e.tenant_id = _entity_name.tenant AND e.entity_id = _entity_name.entity_id AND e.transaction_time_end = 'infinity'
    ORDER BY e.valid_time_start DESC LIMIT 1
$$;
COMMENT ON FUNCTION llmspell_internal._entity_name(text, uuid) IS 'The name of an entity, as known now, in its last period.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_name(text, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_vector_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_space record;
BEGIN
    FOR v_space IN SELECT s.table_name, s.purpose, left(s.purpose, CASE s.purpose WHEN 'entities' THEN -3 ELSE -1 END) || CASE s.purpose WHEN 'entities' THEN 'y' ELSE '' END AS fact
                   FROM vector_spaces s WHERE s.purpose IN ('entities', 'relationships') ORDER BY s.name LOOP
        RETURN QUERY EXECUTE format(
            'SELECT ''graph'', $1, format(''%%s embeddings without their %3$s'', count(*)) FROM llmspell.%1$I v
             WHERE v.tenant_id = $2 AND NOT EXISTS (SELECT FROM llmspell.%2$I f WHERE f.tenant_id = $2 AND f.%3$s_id = v.id) HAVING count(*) > 0',
            v_space.table_name, v_space.purpose, v_space.fact)
        USING v_space.table_name, tenant;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_vector_faults(text) IS 'The number of embeddings that belong to no fact, for each table that has some.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_vector_faults(text) TO llmspell_app;
