-- Writes of many entities or relationships: all or nothing, an array of objects with the arguments of the single
-- form by name.

CREATE OR REPLACE FUNCTION llmspell_internal._graph_lock(entities uuid[], ends uuid[], relationships uuid[], existence boolean) RETURNS void
LANGUAGE c VOLATILE STRICT
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', '_graph_lock_wrapper';
COMMENT ON FUNCTION llmspell_internal._graph_lock(uuid[], uuid[], uuid[], boolean) IS 'Locks what the writes lock, all at once, to the end of the transaction.
Errors: 54000 too many keys.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_lock(uuid[], uuid[], uuid[], boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_write_many(operation text, entries jsonb)
RETURNS TABLE (id uuid, known_from timestamptz, closed int, added int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_of_edges constant boolean := operation LIKE 'relationship%';
    v_entry record;
    v_ids uuid[];
    v_ends uuid[];
BEGIN
    PERFORM _require_tenant();
    IF jsonb_typeof(_given(entries, 'entries')) <> 'array' THEN
        RAISE EXCEPTION 'entries must be a JSON array of objects, got %', jsonb_typeof(entries)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give [{"entity_id": …, "properties": …}, …], with the arguments of the single form.';
    END IF;
    SELECT array_agg(k.id) FILTER (WHERE k.id IS NOT NULL), array_agg(n.id) FILTER (WHERE n.id IS NOT NULL) INTO v_ids, v_ends
    FROM jsonb_to_recordset(entries) AS e (entity_id uuid, relationship_id uuid, from_entity uuid, to_entity uuid)
    CROSS JOIN LATERAL (SELECT CASE WHEN v_of_edges THEN e.relationship_id ELSE e.entity_id END) AS k (id)
    CROSS JOIN LATERAL (VALUES (e.from_entity), (e.to_entity)) AS n (id);
    -- All at once: two batches wait for each other, and do not deadlock.
    PERFORM _graph_lock(CASE WHEN v_of_edges THEN '{}' ELSE coalesce(v_ids, '{}') END, CASE WHEN v_of_edges THEN coalesce(v_ends, '{}') ELSE '{}' END,
        CASE WHEN v_of_edges THEN coalesce(v_ids, '{}') ELSE '{}' END, operation = 'entity_retract');
    FOR v_entry IN
        SELECT e.*, coalesce(e.properties, '{}') AS given_properties
        FROM jsonb_to_recordset(entries) AS e (entity_id uuid, relationship_id uuid, entity_type text, relationship_type text, name text,
            from_entity uuid, to_entity uuid, properties jsonb, valid_from timestamptz, valid_to timestamptz, on_edges text, on_missing text,
            source_type text, source_id text, remove text[])
    LOOP
        id := CASE WHEN v_of_edges THEN v_entry.relationship_id ELSE v_entry.entity_id END;
        CASE operation
            WHEN 'entity_put' THEN
                SELECT w.* INTO known_from, closed, added FROM entity_put(v_entry.entity_id, v_entry.entity_type, v_entry.name, v_entry.given_properties,
                    v_entry.valid_from, v_entry.valid_to, v_entry.source_type, v_entry.source_id) AS w;
            WHEN 'entity_insert' THEN
                SELECT w.* INTO known_from, closed, added FROM entity_insert(v_entry.entity_id, v_entry.entity_type, v_entry.name, v_entry.given_properties,
                    v_entry.valid_from, v_entry.valid_to, v_entry.source_type, v_entry.source_id) AS w;
            WHEN 'entity_patch' THEN
                SELECT w.* INTO known_from, closed, added FROM entity_patch(v_entry.entity_id, v_entry.given_properties, v_entry.valid_from, v_entry.valid_to,
                    v_entry.entity_type, v_entry.name, v_entry.source_type, v_entry.source_id, v_entry.remove) AS w;
            WHEN 'entity_upsert' THEN
                SELECT w.* INTO known_from, closed, added FROM entity_upsert(v_entry.entity_id, v_entry.entity_type, v_entry.name, v_entry.given_properties,
                    v_entry.valid_from, v_entry.valid_to, v_entry.source_type, v_entry.source_id) AS w;
            WHEN 'entity_retract' THEN
                SELECT w.* INTO known_from, closed, added FROM entity_retract(v_entry.entity_id, v_entry.valid_from, v_entry.valid_to, v_entry.on_edges) AS w;
            WHEN 'relationship_put' THEN
                SELECT w.* INTO known_from, closed, added FROM relationship_put(v_entry.relationship_id, v_entry.from_entity, v_entry.to_entity, v_entry.relationship_type,
                    v_entry.given_properties, v_entry.valid_from, v_entry.valid_to, v_entry.on_missing, v_entry.source_type, v_entry.source_id) AS w;
            WHEN 'relationship_patch' THEN
                SELECT w.* INTO known_from, closed, added FROM relationship_patch(v_entry.relationship_id, v_entry.given_properties, v_entry.valid_from, v_entry.valid_to,
                    v_entry.relationship_type, v_entry.source_type, v_entry.source_id, v_entry.remove) AS w;
            WHEN 'relationship_retract' THEN
                SELECT w.* INTO known_from, closed, added FROM relationship_retract(v_entry.relationship_id, v_entry.valid_from, v_entry.valid_to) AS w;
        END CASE;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_write_many(text, jsonb) IS 'Runs an operation for each entry, with all keys locked first.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_write_many(text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_put_many(entries jsonb)
RETURNS TABLE (entity_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('entity_put', entity_put_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.entity_put_many(jsonb) IS 'entity_put for each entry, all or nothing: a row for each, in order.
Errors: as entity_put; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.entity_put_many(''[{"entity_id": "00000000-0000-0000-0000-000000000003", "entity_type": "person", "name": "Mary"}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_insert_many(entries jsonb)
RETURNS TABLE (entity_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('entity_insert', entity_insert_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.entity_insert_many(jsonb) IS 'entity_insert for each entry, all or nothing: a row for each, in order.
Errors: as entity_insert; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.entity_insert_many(''[{"entity_id": "00000000-0000-0000-0000-000000000003", "entity_type": "person", "name": "Mary"}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_patch_many(entries jsonb)
RETURNS TABLE (entity_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('entity_patch', entity_patch_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.entity_patch_many(jsonb) IS 'entity_patch for each entry, all or nothing: a row for each, in order.
Errors: as entity_patch; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.entity_patch_many(''[{"entity_id": "00000000-0000-0000-0000-000000000001", "properties": {"desk": 8}}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_upsert_many(entries jsonb)
RETURNS TABLE (entity_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('entity_upsert', entity_upsert_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.entity_upsert_many(jsonb) IS 'entity_upsert for each entry, all or nothing: a row for each, in order.
Errors: as entity_upsert; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.entity_upsert_many(''[{"entity_id": "00000000-0000-0000-0000-000000000001", "entity_type": "person", "name": "Ada"}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_retract_many(entries jsonb)
RETURNS TABLE (entity_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('entity_retract', entity_retract_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.entity_retract_many(jsonb) IS 'entity_retract for each entry, all or nothing: a row for each, in order.
Errors: as entity_retract; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.entity_retract_many(''[{"entity_id": "00000000-0000-0000-0000-000000000003"}]'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_put_many(entries jsonb)
RETURNS TABLE (relationship_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('relationship_put', relationship_put_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.relationship_put_many(jsonb) IS 'relationship_put for each entry, all or nothing: a row for each, in order.
Errors: as relationship_put; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.relationship_put_many(''[{"relationship_id": "00000000-0000-0000-0000-00000000000a", "from_entity": "00000000-0000-0000-0000-000000000001", "to_entity": "00000000-0000-0000-0000-000000000002", "relationship_type": "knows"}]'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_patch_many(entries jsonb)
RETURNS TABLE (relationship_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('relationship_patch', relationship_patch_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.relationship_patch_many(jsonb) IS 'relationship_patch for each entry, all or nothing: a row for each, in order.
Errors: as relationship_patch; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.relationship_patch_many(''[{"relationship_id": "00000000-0000-0000-0000-00000000000a", "properties": {"since": 1834}}]'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_retract_many(entries jsonb)
RETURNS TABLE (relationship_id uuid, known_from timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT w.id, w.known_from, w.closed, w.added FROM llmspell_internal._graph_write_many('relationship_retract', relationship_retract_many.entries) AS w;
END;
COMMENT ON FUNCTION llmspell.relationship_retract_many(jsonb) IS 'relationship_retract for each entry, all or nothing: a row for each, in order.
Errors: as relationship_retract; 22023 entries is no array of objects.
Example: SELECT * FROM llmspell.relationship_retract_many(''[{"relationship_id": "00000000-0000-0000-0000-00000000000a"}]'');';
