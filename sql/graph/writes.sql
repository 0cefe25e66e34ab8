-- Writes of the graph: over a portion of valid time, from now on in transaction time. The library plans and
-- applies them; here are their faces, batches, and what is rare.
--
-- enable_seqscan = off, here and in the walks: the library keeps the plans of its statements, and one that was
-- made while a table was small must not stay when it has grown.

CREATE OR REPLACE FUNCTION llmspell.entity_put(id uuid, type text, name text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT 'infinity', source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_put_wrapper';
COMMENT ON FUNCTION llmspell.entity_put(uuid, text, text, jsonb, timestamptz, timestamptz, text, text) IS 'Says that in [valid_from, valid_to) the entity is this, whatever was said before; outside nothing changes. Returns the transaction time and how many versions were closed and added: none where it says so already. Nulls: valid_to is open. Errors: 42501 no tenant, 22004 null, 22001 type over 255 or name over 500 characters, 22023 properties no object, or source_kind none of event, episode, artifact, 22000 valid_from not before valid_to, 22008 a version of the entity was recorded in the future, 40001 or 23P01 changed by another transaction: run it again. Example: SELECT * FROM llmspell.entity_put(''00000000-0000-0000-0000-000000000001'', ''person'', ''Ada'', ''{"job": "analyst"}'', ''2026-01-01Z'');';

CREATE OR REPLACE FUNCTION llmspell.entity_insert(id uuid, type text, name text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT 'infinity', source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_insert_wrapper';
COMMENT ON FUNCTION llmspell.entity_insert(uuid, text, text, jsonb, timestamptz, timestamptz, text, text) IS 'As entity_put, but fails with 23P01 where the entity exists anywhere in the period; DETAIL tells where. Errors: as entity_put. Example: SELECT * FROM llmspell.entity_insert(''00000000-0000-0000-0000-000000000002'', ''person'', ''Grace'');';

CREATE OR REPLACE FUNCTION llmspell.entity_patch(id uuid, properties jsonb, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT 'infinity',
    type text DEFAULT NULL, name text DEFAULT NULL, source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_patch_wrapper';
COMMENT ON FUNCTION llmspell.entity_patch(uuid, jsonb, timestamptz, timestamptz, text, text, text, text) IS 'Merges properties (as jsonb ||), and a type or name that is not null, into what is said in [valid_from, valid_to); where nothing is said nothing changes, and 0 versions are added where nothing is said at all. Errors: as entity_put; 22023 a version whose properties are no object. Example: SELECT * FROM llmspell.entity_patch(''00000000-0000-0000-0000-000000000001'', ''{"desk": 7}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_upsert(id uuid, type text, name text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT 'infinity', source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_upsert_wrapper';
COMMENT ON FUNCTION llmspell.entity_upsert(uuid, text, text, jsonb, timestamptz, timestamptz, text, text) IS 'Merges into what is said, as entity_patch, and says it as entity_put where nothing is said. Errors: as both; 22004 a null type or name where nothing is said. Example: SELECT * FROM llmspell.entity_upsert(''00000000-0000-0000-0000-000000000001'', ''person'', ''Ada'', ''{"floor": 2}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_correct(id uuid, valid_at timestamptz, properties jsonb, type text DEFAULT NULL, name text DEFAULT NULL,
    source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_correct_wrapper';
COMMENT ON FUNCTION llmspell.entity_correct(uuid, timestamptz, jsonb, text, text, text, text) IS 'Replaces the current version that holds at valid_at, in exactly its period; a null type or name stays. Errors: as entity_put; P0002 there is no such version. Example: SELECT * FROM llmspell.entity_correct(''00000000-0000-0000-0000-000000000001'', now(), ''{"job": "engineer"}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_retract(id uuid, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT 'infinity', on_edges text DEFAULT 'cascade')
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_retract_wrapper';
COMMENT ON FUNCTION llmspell.entity_retract(uuid, timestamptz, timestamptz, text) IS 'Says that in [valid_from, valid_to) the entity is not there, nor its relationships: these are retracted in the same instant (on_edges cascade), or 23503 names them (restrict). closed and added count versions of both. What was believed before stays readable. Errors: 42501 no tenant, 22004 null, 22023 on_edges, 22000 valid_from not before valid_to, 22008, 40001, 23P01 as entity_put. Example: SELECT * FROM llmspell.entity_retract(''00000000-0000-0000-0000-000000000001'', ''2026-06-01Z'', ''2026-07-01Z'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_put(id uuid, from_entity uuid, to_entity uuid, type text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT 'infinity', on_missing text DEFAULT 'error', source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_put_wrapper';
COMMENT ON FUNCTION llmspell.relationship_put(uuid, uuid, uuid, text, jsonb, timestamptz, timestamptz, text, text, text) IS 'Says that in [valid_from, valid_to) this relationship leads from one entity to the other. Where one of them does not exist: on_missing error fails with 23503 and the missing periods, clip says it only where both exist, allow says it all the same (reads do not show it there). Errors: as entity_put; 22023 on_missing. Example: SELECT * FROM llmspell.relationship_put(''00000000-0000-0000-0000-00000000000a'', ''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000002'', ''knows'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_patch(id uuid, properties jsonb, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT 'infinity',
    type text DEFAULT NULL, source_kind text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_patch_wrapper';
COMMENT ON FUNCTION llmspell.relationship_patch(uuid, jsonb, timestamptz, timestamptz, text, text, text) IS 'Merges properties, and a type that is not null, into what is said of a relationship in [valid_from, valid_to). Errors: as entity_patch. Example: SELECT * FROM llmspell.relationship_patch(''00000000-0000-0000-0000-00000000000a'', ''{"since": 1833}'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_retract(id uuid, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT 'infinity')
RETURNS TABLE (tx_time timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_retract_wrapper';
COMMENT ON FUNCTION llmspell.relationship_retract(uuid, timestamptz, timestamptz) IS 'Says that in [valid_from, valid_to) the relationship is not there. Errors: 42501 no tenant, 22004 null, 22000, 22008, 40001, 23P01 as entity_put. Example: SELECT * FROM llmspell.relationship_retract(''00000000-0000-0000-0000-00000000000a'');';

CREATE OR REPLACE FUNCTION llmspell_internal._graph_lock(entities uuid[], ends uuid[], relationships uuid[], existence boolean) RETURNS void
LANGUAGE c VOLATILE STRICT
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', '_graph_lock_wrapper';
COMMENT ON FUNCTION llmspell_internal._graph_lock(uuid[], uuid[], uuid[], boolean) IS 'Locks as the writes do, in their order, to the end of the transaction: entities (existence: that they exist, too), that ends exist (shared), and relationships. Many keys lock the graph of the tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_lock(uuid[], uuid[], uuid[], boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_write_many(operation text, entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_of_edges constant boolean := operation LIKE 'relationship%';
    v_entry record;
    v_ids uuid[];
    v_ends uuid[];
BEGIN
    IF jsonb_typeof(_required(entries, 'entries')) <> 'array' THEN
        RAISE EXCEPTION 'entries must be a JSON array of objects, got %', jsonb_typeof(entries)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give [{"id": …, "properties": …}, …], with the arguments of the single form.';
    END IF;
    SELECT array_agg(e.id) FILTER (WHERE e.id IS NOT NULL), array_agg(n.id) FILTER (WHERE n.id IS NOT NULL) INTO v_ids, v_ends
    FROM jsonb_to_recordset(entries) AS e (id uuid, from_entity uuid, to_entity uuid)
    CROSS JOIN LATERAL (VALUES (e.from_entity), (e.to_entity)) AS n (id);
    -- All at once and in order: two batches wait for each other, and do not deadlock.
    PERFORM _graph_lock(CASE WHEN v_of_edges THEN '{}' ELSE coalesce(v_ids, '{}') END, CASE WHEN v_of_edges THEN coalesce(v_ends, '{}') ELSE '{}' END,
        CASE WHEN v_of_edges THEN coalesce(v_ids, '{}') ELSE '{}' END, operation = 'entity_retract');
    FOR v_entry IN
        SELECT e.id, e.type, e.name, e.from_entity, e.to_entity, coalesce(e.properties, '{}') AS properties, e.source_kind, e.source_id,
            coalesce(e.valid_from, now()) AS valid_from, coalesce(e.valid_to, 'infinity') AS valid_to,
            coalesce(e.on_edges, 'cascade') AS on_edges, coalesce(e.on_missing, 'error') AS on_missing
        FROM jsonb_to_recordset(entries) AS e (id uuid, type text, name text, from_entity uuid, to_entity uuid, properties jsonb,
            valid_from timestamptz, valid_to timestamptz, on_edges text, on_missing text, source_kind text, source_id text)
    LOOP
        id := v_entry.id;
        CASE operation
            WHEN 'entity_put' THEN
                SELECT w.* INTO tx_time, closed, added FROM entity_put(v_entry.id, v_entry.type, v_entry.name, v_entry.properties,
                    v_entry.valid_from, v_entry.valid_to, v_entry.source_kind, v_entry.source_id) AS w;
            WHEN 'entity_insert' THEN
                SELECT w.* INTO tx_time, closed, added FROM entity_insert(v_entry.id, v_entry.type, v_entry.name, v_entry.properties,
                    v_entry.valid_from, v_entry.valid_to, v_entry.source_kind, v_entry.source_id) AS w;
            WHEN 'entity_patch' THEN
                SELECT w.* INTO tx_time, closed, added FROM entity_patch(v_entry.id, v_entry.properties, v_entry.valid_from, v_entry.valid_to,
                    v_entry.type, v_entry.name, v_entry.source_kind, v_entry.source_id) AS w;
            WHEN 'entity_upsert' THEN
                SELECT w.* INTO tx_time, closed, added FROM entity_upsert(v_entry.id, v_entry.type, v_entry.name, v_entry.properties,
                    v_entry.valid_from, v_entry.valid_to, v_entry.source_kind, v_entry.source_id) AS w;
            WHEN 'entity_retract' THEN
                SELECT w.* INTO tx_time, closed, added FROM entity_retract(v_entry.id, v_entry.valid_from, v_entry.valid_to, v_entry.on_edges) AS w;
            WHEN 'relationship_put' THEN
                SELECT w.* INTO tx_time, closed, added FROM relationship_put(v_entry.id, v_entry.from_entity, v_entry.to_entity, v_entry.type,
                    v_entry.properties, v_entry.valid_from, v_entry.valid_to, v_entry.on_missing, v_entry.source_kind, v_entry.source_id) AS w;
            WHEN 'relationship_patch' THEN
                SELECT w.* INTO tx_time, closed, added FROM relationship_patch(v_entry.id, v_entry.properties, v_entry.valid_from, v_entry.valid_to,
                    v_entry.type, v_entry.source_kind, v_entry.source_id) AS w;
            WHEN 'relationship_retract' THEN
                SELECT w.* INTO tx_time, closed, added FROM relationship_retract(v_entry.id, v_entry.valid_from, v_entry.valid_to) AS w;
        END CASE;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_write_many(text, jsonb) IS 'What the batches do: the single form for each entry, in order, after all locks.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_write_many(text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_put_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('entity_put', entity_put_many.entries);
END;
COMMENT ON FUNCTION llmspell.entity_put_many(jsonb) IS 'Says of many entities what they are, all or nothing: an array of objects with the arguments of entity_put by name, absent ones as their defaults. Returns a row for each, in order. Errors: as entity_put; 22023 no array. Example: SELECT * FROM llmspell.entity_put_many(''[{"id": "00000000-0000-0000-0000-000000000001", "type": "person", "name": "Ada"}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_insert_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('entity_insert', entity_insert_many.entries);
END;
COMMENT ON FUNCTION llmspell.entity_insert_many(jsonb) IS 'Says of many new entities what they are, all or nothing: an array of objects with the arguments of entity_insert by name, absent ones as their defaults. Returns a row for each, in order. Errors: as entity_insert; 22023 no array. Example: SELECT * FROM llmspell.entity_insert_many(''[{"id": "00000000-0000-0000-0000-000000000003", "type": "person", "name": "Mary"}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_patch_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('entity_patch', entity_patch_many.entries);
END;
COMMENT ON FUNCTION llmspell.entity_patch_many(jsonb) IS 'Merges into many entities, all or nothing: an array of objects with the arguments of entity_patch by name, absent ones as their defaults. Returns a row for each, in order. Errors: as entity_patch; 22023 no array. Example: SELECT * FROM llmspell.entity_patch_many(''[{"id": "00000000-0000-0000-0000-000000000001", "properties": {"desk": 8}}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_upsert_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('entity_upsert', entity_upsert_many.entries);
END;
COMMENT ON FUNCTION llmspell.entity_upsert_many(jsonb) IS 'Merges into many entities or says them, all or nothing: an array of objects with the arguments of entity_upsert by name, absent ones as their defaults. Returns a row for each, in order. Errors: as entity_upsert; 22023 no array. Example: SELECT * FROM llmspell.entity_upsert_many(''[{"id": "00000000-0000-0000-0000-000000000001", "type": "person", "name": "Ada"}]'');';

CREATE OR REPLACE FUNCTION llmspell.entity_retract_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('entity_retract', entity_retract_many.entries);
END;
COMMENT ON FUNCTION llmspell.entity_retract_many(jsonb) IS 'Retracts many entities, all or nothing: an array of objects with the arguments of entity_retract by name, absent ones as their defaults. Returns a row for each, in order. Errors: as entity_retract; 22023 no array. Example: SELECT * FROM llmspell.entity_retract_many(''[{"id": "00000000-0000-0000-0000-000000000003"}]'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_put_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('relationship_put', relationship_put_many.entries);
END;
COMMENT ON FUNCTION llmspell.relationship_put_many(jsonb) IS 'Says many relationships, all or nothing: an array of objects with the arguments of relationship_put by name, absent ones as their defaults. Returns a row for each, in order. Errors: as relationship_put; 22023 no array. Example: SELECT * FROM llmspell.relationship_put_many(''[{"id": "00000000-0000-0000-0000-00000000000a", "from_entity": "00000000-0000-0000-0000-000000000001", "to_entity": "00000000-0000-0000-0000-000000000002", "type": "knows"}]'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_patch_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('relationship_patch', relationship_patch_many.entries);
END;
COMMENT ON FUNCTION llmspell.relationship_patch_many(jsonb) IS 'Merges into many relationships, all or nothing: an array of objects with the arguments of relationship_patch by name, absent ones as their defaults. Returns a row for each, in order. Errors: as relationship_patch; 22023 no array. Example: SELECT * FROM llmspell.relationship_patch_many(''[{"id": "00000000-0000-0000-0000-00000000000a", "properties": {"since": 1834}}]'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_retract_many(entries jsonb)
RETURNS TABLE (id uuid, tx_time timestamptz, closed int, added int)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._graph_write_many('relationship_retract', relationship_retract_many.entries);
END;
COMMENT ON FUNCTION llmspell.relationship_retract_many(jsonb) IS 'Retracts many relationships, all or nothing: an array of objects with the arguments of relationship_retract by name, absent ones as their defaults. Returns a row for each, in order. Errors: as relationship_retract; 22023 no array. Example: SELECT * FROM llmspell.relationship_retract_many(''[{"id": "00000000-0000-0000-0000-00000000000a"}]'');';

CREATE OR REPLACE FUNCTION llmspell_internal._entity_erase(id uuid) RETURNS TABLE (entity_rows bigint, relationship_rows bigint)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', '_entity_erase_wrapper';
COMMENT ON FUNCTION llmspell_internal._entity_erase(uuid) IS 'Deletes every version of an entity and of the relationships from and to it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_erase(uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_copies(id uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_column record;
    v_count bigint;
    v_found jsonb := '{}';
BEGIN
    FOR v_column IN
        SELECT t.relation, t.component || '.' || a.attname AS name, a.attname
        FROM _tenant_tables() t JOIN pg_attribute a ON a.attrelid = t.relation
        WHERE a.atttypid = 'jsonb'::regtype AND NOT a.attisdropped AND has_table_privilege(split_part(_rows_of(t.relation), ' ', 1), 'SELECT')
        ORDER BY t.component, a.attname
    LOOP
        EXECUTE format('SELECT count(*) FROM %s tenant_id = $1 AND %I::text LIKE $2', _rows_of(v_column.relation), v_column.attname)
            INTO v_count USING v_tenant, '%' || id || '%';
        IF v_count > 0 THEN
            v_found := v_found || jsonb_build_object(v_column.name, coalesce((v_found ->> v_column.name)::bigint, 0) + v_count);
        END IF;
    END LOOP;
    RETURN v_found;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_copies(uuid) IS 'How many rows of the tenant name an id in a JSON column, by table and column.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_copies(uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_erase(id uuid, find_copies boolean DEFAULT true)
RETURNS TABLE (entity_rows bigint, relationship_rows bigint, copies jsonb, not_searched text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_find constant boolean := _required(entity_erase.find_copies, 'find_copies');
BEGIN
    SELECT e.entity_rows, e.relationship_rows INTO entity_rows, relationship_rows FROM _entity_erase(entity_erase.id) e;
    IF entity_rows + relationship_rows > 0 THEN
        INSERT INTO entity_erasures (tenant_id, entity_hash, entity_rows, relationship_rows)
        VALUES (v_tenant, encode(sha256(convert_to(entity_erase.id::text, 'UTF8')), 'hex'), entity_rows, relationship_rows);
    END IF;
    copies := CASE WHEN v_find THEN _graph_copies(entity_erase.id) END;
    not_searched := 'texts and bytes (names, contents of artifacts, values of keys), embeddings made from them, backups, write-ahead log, standbys';
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.entity_erase(uuid, boolean) IS 'Deletes every version of an entity, and of all relationships from and to it, at all times, and notes in entity_erasures that it happened. Returns how many versions went, which rows still name the id (copies: by table and JSON column, for instance event_log.payload; find_copies false does not look), and where nobody looked. Other copies are erased by who made them. Errors: 42501 no tenant, 22004 null, 40001 versions that this transaction does not see: run it again. Example: SELECT * FROM llmspell.entity_erase(''00000000-0000-0000-0000-000000000003'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_erase(id uuid) RETURNS bigint
LANGUAGE c VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_erase_wrapper';
COMMENT ON FUNCTION llmspell.relationship_erase(uuid) IS 'Deletes every version of a relationship, at all times, and returns how many. Errors: 42501 no tenant, 22004 null, 40001. Example: SELECT llmspell.relationship_erase(''00000000-0000-0000-0000-00000000000b'');';

CREATE OR REPLACE FUNCTION llmspell.tx_horizon() RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    -- What a primary has open a standby does not know.
    IF pg_is_in_recovery() THEN
        RETURN NULL;
    END IF;
    -- When a prepared transaction began is written nowhere.
    IF EXISTS (SELECT FROM pg_prepared_xacts p WHERE p.database = current_database()) THEN
        RETURN '-infinity';
    END IF;
    -- Any open transaction may write yet, with the time at which it began; one that is active has perhaps not
    -- said yet that it began.
    RETURN least(now(), (
        SELECT min(coalesce(a.xact_start, CASE WHEN a.state = 'active' THEN a.query_start END))
        FROM pg_stat_activity a WHERE a.datname = current_database() AND a.backend_type <> 'autovacuum worker')) - interval '1 microsecond';
END
$$;
COMMENT ON FUNCTION llmspell.tx_horizon() IS 'Until when answers as known at a time are repeatable: no transaction that is still open can write at or before it. Just before the beginning of the oldest open transaction of the database, the own one included; -infinity while a prepared one waits; NULL on a standby, which cannot know. Errors: 42501 no tenant. Example: SELECT llmspell.tx_horizon();';

CREATE OR REPLACE FUNCTION llmspell.entity_prune(horizon timestamptz) RETURNS TABLE (entity_rows bigint, relationship_rows bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_latest constant timestamptz := tx_horizon();
BEGIN
    IF _required(entity_prune.horizon, 'horizon') > v_latest THEN
        RAISE EXCEPTION 'horizon % is after %, when a transaction that is still open began', entity_prune.horizon, v_latest
            USING ERRCODE = 'datetime_field_overflow', HINT = 'Give a time that llmspell.tx_horizon() has passed.';
    END IF;
    DELETE FROM entities e WHERE e.tenant_id = v_tenant AND e.transaction_time_end <= entity_prune.horizon;
    GET DIAGNOSTICS entity_rows = ROW_COUNT;
    DELETE FROM relationships r WHERE r.tenant_id = v_tenant AND r.transaction_time_end <= entity_prune.horizon;
    GET DIAGNOSTICS relationship_rows = ROW_COUNT;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.entity_prune(timestamptz) IS 'Deletes the versions of entities and relationships that were closed at horizon or before, and returns how many. What was known at horizon or later reads as before; what was known earlier is gone. Reads all versions of the tenant. Errors: 42501 no tenant, 22004 null, 22008 horizon after tx_horizon(). Example: SELECT * FROM llmspell.entity_prune(now() - interval ''5 years'');';

CREATE OR REPLACE FUNCTION llmspell.graph_repair(id uuid) RETURNS TABLE (tx_time timestamptz, repaired int, removed int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _required(graph_repair.id, 'id');
    v_clock constant timestamptz := clock_timestamp();
    v_rows int;
BEGIN
    PERFORM _graph_lock(ARRAY[v_id], '{}', ARRAY[v_id], true);
    -- After all that is not in the future.
    SELECT greatest(now(), max(s.stamp) + interval '1 microsecond') INTO tx_time
    FROM (
        SELECT e.transaction_time_start FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        UNION ALL SELECT e.transaction_time_end FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        UNION ALL SELECT r.transaction_time_start FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        UNION ALL SELECT r.transaction_time_end FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
    ) AS s (stamp) WHERE s.stamp <= v_clock;
    -- Closed before it was recorded, as far as anybody could see: it was never believed.
    DELETE FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        AND e.transaction_time_start > v_clock AND e.transaction_time_end < 'infinity';
    GET DIAGNOSTICS removed = ROW_COUNT;
    DELETE FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        AND r.transaction_time_start > v_clock AND r.transaction_time_end < 'infinity';
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    removed := removed + v_rows;
    UPDATE entities e SET transaction_time_end = tx_time WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        AND e.transaction_time_end > v_clock AND e.transaction_time_end < 'infinity';
    GET DIAGNOSTICS repaired = ROW_COUNT;
    UPDATE entities e SET transaction_time_start = tx_time WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        AND e.transaction_time_start > v_clock;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    repaired := repaired + v_rows;
    UPDATE relationships r SET transaction_time_end = tx_time WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        AND r.transaction_time_end > v_clock AND r.transaction_time_end < 'infinity';
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    repaired := repaired + v_rows;
    UPDATE relationships r SET transaction_time_start = tx_time WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        AND r.transaction_time_start > v_clock;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    repaired := repaired + v_rows;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.graph_repair(uuid) IS 'Brings versions of an entity or relationship that a raw statement recorded in the future (by a wrong clock) back to now, so that it can be written again: returns the time that they have now, how many, and how many were removed since they also ended in the future. graph_check() tells of them as changed. Errors: 42501 no tenant, 22004 null. Example: SELECT * FROM llmspell.graph_repair(''00000000-0000-0000-0000-000000000001'');';
