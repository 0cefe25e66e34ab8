-- History of another system, with its own transaction times. For llmspell_admin.

CREATE OR REPLACE FUNCTION llmspell_internal._graph_import_entries(entries jsonb, of_edges boolean) RETURNS llmspell_internal.graph_version[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_clock constant timestamptz := clock_timestamp();
    v_entry record;
    v_rows graph_version[] := '{}';
BEGIN
    IF jsonb_typeof(_given(entries, 'entries')) <> 'array' THEN
        RAISE EXCEPTION 'entries must be a JSON array of objects, got %', jsonb_typeof(entries) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give a version in each object, with "valid_from" and "known_from", and "valid_to" and "known_to" where they are not open.';
    ELSIF jsonb_array_length(entries) > 1000 THEN
        RAISE EXCEPTION 'one call imports at most 1000 versions, got %', jsonb_array_length(entries) USING ERRCODE = 'program_limit_exceeded',
            HINT = 'Import in several calls, each entity or relationship in the order of known_from.';
    END IF;
    FOR v_entry IN
        SELECT e.*, coalesce(e.valid_to, 'infinity') AS valid_end, coalesce(e.known_to, 'infinity') AS known_end, coalesce(e.properties, '{}') AS object
        FROM ROWS FROM (jsonb_to_recordset(entries) AS (tenant_id text, entity_id uuid, relationship_id uuid, entity_type text, relationship_type text, name text,
            from_entity uuid, to_entity uuid, properties jsonb, valid_from timestamptz, valid_to timestamptz, known_from timestamptz, known_to timestamptz,
            source_type text, source_id text)) WITH ORDINALITY AS e (tenant_id, entity_id, relationship_id, entity_type, relationship_type, name,
            from_entity, to_entity, properties, valid_from, valid_to, known_from, known_to, source_type, source_id, n)
    LOOP
        IF v_entry.tenant_id <> v_tenant THEN
            RAISE EXCEPTION 'entry % is of tenant "%"', v_entry.n, left(v_entry.tenant_id, 100) USING ERRCODE = 'insufficient_privilege',
                HINT = format('The tenant in force is "%s": set the other one, and import its entries in a call of their own.', v_tenant);
        END IF;
        PERFORM _given(v_entry.valid_from, 'valid_from'), _given(v_entry.known_from, 'known_from');
        IF of_edges THEN
            PERFORM _given(v_entry.relationship_id, 'relationship_id'), _given(v_entry.from_entity, 'from_entity'), _given(v_entry.to_entity, 'to_entity'),
                _short_text(v_entry.relationship_type, 'relationship_type', 255);
        ELSE
            PERFORM _given(v_entry.entity_id, 'entity_id'), _short_text(v_entry.entity_type, 'entity_type', 255), _short_text(v_entry.name, 'name', 500);
        END IF;
        IF jsonb_typeof(v_entry.object) <> 'object' THEN
            RAISE EXCEPTION 'properties of entry % are no JSON object', v_entry.n USING ERRCODE = 'invalid_parameter_value';
        ELSIF v_entry.source_type NOT IN ('event', 'episode', 'artifact') THEN
            RAISE EXCEPTION 'unknown source_type "%"', left(v_entry.source_type, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'Use event, episode or artifact.';
        ELSIF num_nonnulls(v_entry.source_type, v_entry.source_id) = 1 THEN
            RAISE EXCEPTION 'source_type and source_id of entry % go together', v_entry.n USING ERRCODE = 'invalid_parameter_value';
        ELSIF v_entry.valid_from >= v_entry.valid_end THEN
            RAISE EXCEPTION 'entry % is valid from % to %, which is no period', v_entry.n, v_entry.valid_from, v_entry.valid_end USING ERRCODE = 'data_exception';
        ELSIF v_entry.known_from >= v_entry.known_end THEN
            RAISE EXCEPTION 'entry % is known from % to %, which is no period', v_entry.n, v_entry.known_from, v_entry.known_end USING ERRCODE = 'data_exception';
        ELSIF NOT isfinite(v_entry.known_from) OR v_entry.known_from > v_clock OR v_entry.known_end > v_clock AND isfinite(v_entry.known_end) THEN
            RAISE EXCEPTION 'entry % is known from % to %, which lies not in the past', v_entry.n, v_entry.known_from, v_entry.known_end
                USING ERRCODE = 'datetime_field_overflow', HINT = 'Give when the other system recorded the version and closed it; leave known_to out where it is current.';
        END IF;
        IF v_entry.source_id IS NOT NULL THEN
            PERFORM _short_text(v_entry.source_id, 'source_id', 255);
        END IF;
        v_rows := v_rows || ROW(v_entry.n, CASE WHEN of_edges THEN v_entry.relationship_id ELSE v_entry.entity_id END,
            CASE WHEN of_edges THEN v_entry.relationship_type ELSE v_entry.entity_type END, CASE WHEN NOT of_edges THEN v_entry.name END,
            CASE WHEN of_edges THEN v_entry.from_entity END, CASE WHEN of_edges THEN v_entry.to_entity END, v_entry.object, v_entry.valid_from, v_entry.valid_end,
            v_entry.known_from, v_entry.known_end, v_entry.source_type, v_entry.source_id, NULL)::graph_version;
    END LOOP;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_import_entries(jsonb, boolean) IS 'The versions that are to be imported, each checked by itself.
Errors: as entity_import.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_import_entries(jsonb, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_versions(of_edges boolean, ids uuid[]) RETURNS SETOF llmspell_internal.graph_version
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF of_edges THEN
        RETURN QUERY
        SELECT 0::bigint, r.relationship_id, r.relationship_type::text, NULL::text, r.from_entity, r.to_entity, r.properties, r.valid_time_start, r.valid_time_end,
            r.transaction_time_start, r.transaction_time_end, r.source_kind, r.source_id, r.created_at
        FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = ANY (ids);
    ELSE
        RETURN QUERY
        SELECT 0::bigint, e.entity_id, e.entity_type::text, e.name::text, NULL::uuid, NULL::uuid, e.properties, e.valid_time_start, e.valid_time_end,
            e.transaction_time_start, e.transaction_time_end, e.source_kind, e.source_id, e.created_at
        FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = ANY (ids);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_versions(boolean, uuid[]) IS 'The stored versions of entities or relationships.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_versions(boolean, uuid[]) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_import(entries jsonb, of_edges boolean, include_erased boolean)
RETURNS TABLE (id uuid, known_from timestamptz, valid_from timestamptz, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- The length of the arrays decides how they are joined.
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_what constant text := CASE WHEN of_edges THEN 'relationship' ELSE 'entity' END;
    v_rows constant graph_version[] := _graph_import_entries(entries, of_edges);
    v_ids uuid[];
    v_ends uuid[];
    v_old graph_version[];
    v_new graph_version[];
    v_bad record;
BEGIN
    -- The comparison needs the rows that are there: an older snapshot does not show them.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'an import needs READ COMMITTED, this transaction is %', upper(current_setting('transaction_isolation')) USING ERRCODE = 'feature_not_supported';
    END IF;
    SELECT array_agg(DISTINCT r.id) INTO v_ids FROM unnest(v_rows) r;
    SELECT array_agg(DISTINCT u.id) INTO v_ends FROM unnest(v_rows) r CROSS JOIN LATERAL (VALUES (r.from_entity), (r.to_entity)) AS u (id) WHERE u.id IS NOT NULL;
    -- As every write of the graph does, all at once.
    PERFORM _graph_lock(CASE WHEN of_edges THEN '{}' ELSE coalesce(v_ids, '{}') END, coalesce(v_ends, '{}'), CASE WHEN of_edges THEN coalesce(v_ids, '{}') ELSE '{}' END, false);
    v_old := ARRAY(SELECT v FROM _graph_versions(of_edges, v_ids) v);
    -- The same version again is none; the stored one may have been closed since.
    v_new := ARRAY(
        SELECT r FROM unnest(v_rows) r
        WHERE NOT EXISTS (
            SELECT FROM unnest(v_old || v_rows) o
            WHERE o.n < r.n AND o.id = r.id AND o.known_from = r.known_from AND o.valid_from = r.valid_from AND o.valid_to = r.valid_to
              AND (o.known_to = r.known_to OR o.n = 0 AND r.known_to = 'infinity')
              AND (o.kind, o.properties) = (r.kind, r.properties) AND (o.name, o.from_entity, o.to_entity, o.source_type, o.source_id)
                  IS NOT DISTINCT FROM (r.name, r.from_entity, r.to_entity, r.source_type, r.source_id)));
    -- Of an erased entity nothing but the hash of its id is left.
    SELECT r.n, r.id, max(a.erased_at) AS erased_at INTO v_bad
    FROM unnest(v_new) r JOIN entity_erasures a ON a.tenant_id = v_tenant AND a.entity_hash = _entity_hash(r.id)
    WHERE NOT of_edges AND NOT include_erased AND NOT EXISTS (SELECT FROM unnest(v_old) o WHERE o.id = r.id)
    GROUP BY r.n, r.id ORDER BY r.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is of entity %, which was erased at %', v_bad.n, v_bad.id, v_bad.erased_at USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Leave it out, or give include_erased => true where it is to come back.';
    END IF;
    SELECT r.n, r.id, r.known_from, max(o.known_from) AS newest INTO v_bad
    FROM unnest(v_new) r JOIN unnest(v_old) o ON o.id = r.id AND o.known_from > r.known_from
    GROUP BY r.n, r.id, r.known_from ORDER BY r.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is known from %, before what is stored of % %', v_bad.n, v_bad.known_from, v_what, v_bad.id
            USING ERRCODE = 'datetime_field_overflow', DETAIL = format('The newest stored version is known from %s.', v_bad.newest),
                  HINT = 'Import the versions of an id in the order of known_from, before anything else writes it.';
    END IF;
    SELECT r.n, r.id, o.known_from, o.known_to, o.valid_from, o.valid_to INTO v_bad
    FROM unnest(v_new) r
    JOIN (SELECT u.* FROM unnest(v_old || v_new) u WHERE u.n > 0 OR u.known_to > (SELECT min(w.known_from) FROM unnest(v_new) w)) AS o ON o.id = r.id AND o.n < r.n
     AND o.valid_from < r.valid_to AND r.valid_from < o.valid_to AND o.known_from < r.known_to AND r.known_from < o.known_to
    ORDER BY r.n, o.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % overlaps another version of % %', v_bad.n, v_what, v_bad.id USING ERRCODE = 'exclusion_violation',
            DETAIL = format('The other one is valid from %s to %s, and known from %s to %s.', v_bad.valid_from, v_bad.valid_to, v_bad.known_from, v_bad.known_to),
            HINT = 'At each moment of both axes one thing is said: end one of them where the other begins.';
    END IF;
    IF of_edges THEN
        -- An end is an entity of the tenant; that of a current version holds as long as the version does.
        SELECT r.n, u.id INTO v_bad
        FROM unnest(v_new) r CROSS JOIN LATERAL (VALUES (r.from_entity), (r.to_entity)) AS u (id)
        WHERE NOT EXISTS (SELECT FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = u.id)
           OR r.known_to = 'infinity' AND NOT tstzmultirange(tstzrange(r.valid_from, r.valid_to)) <@ coalesce(
               (SELECT range_agg(tstzrange(e.valid_time_start, e.valid_time_end)) FROM entities e
                WHERE e.tenant_id = v_tenant AND e.entity_id = u.id AND e.transaction_time_end = 'infinity'), '{}')
        ORDER BY r.n LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'entry % has an end that is missing in its period: entity %', v_bad.n, v_bad.id USING ERRCODE = 'foreign_key_violation',
                HINT = 'Import the entities first.';
        END IF;
        INSERT INTO relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, properties, valid_time_start, valid_time_end,
            transaction_time_start, transaction_time_end, created_at, source_kind, source_id)
        SELECT v_tenant, r.id, r.from_entity, r.to_entity, r.kind, r.properties, r.valid_from, r.valid_to, r.known_from, r.known_to, f.at, r.source_type, r.source_id
        FROM unnest(v_new) r JOIN (SELECT o.id, min(coalesce(o.created_at, o.known_from)) AS at FROM unnest(v_old || v_new) o GROUP BY o.id) AS f ON f.id = r.id;
    ELSE
        INSERT INTO entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, valid_time_end,
            transaction_time_start, transaction_time_end, created_at, source_kind, source_id)
        SELECT v_tenant, r.id, r.kind, r.name, r.properties, r.valid_from, r.valid_to, r.known_from, r.known_to, f.at, r.source_type, r.source_id
        FROM unnest(v_new) r JOIN (SELECT o.id, min(coalesce(o.created_at, o.known_from)) AS at FROM unnest(v_old || v_new) o GROUP BY o.id) AS f ON f.id = r.id;
    END IF;
    RETURN QUERY
    SELECT r.id, r.known_from, r.valid_from, r.n IN (SELECT w.n FROM unnest(v_new) w) FROM unnest(v_rows) r ORDER BY r.n;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_import(jsonb, boolean, boolean) IS 'Checks and stores versions with transaction times of their own, all or none.
Errors: as entity_import.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_import(jsonb, boolean, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.entity_import(entries jsonb, include_erased boolean DEFAULT false)
RETURNS TABLE (entity_id uuid, known_from timestamptz, valid_from timestamptz, created boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT i.id, i.known_from, i.valid_from, i.created FROM llmspell_internal._graph_import(entity_import.entries, false, coalesce(entity_import.include_erased, false)) AS i;
END;
COMMENT ON FUNCTION llmspell.entity_import(jsonb, boolean) IS 'Stores versions of entities of another system with their own known_from and known_to. For llmspell_admin.
Errors: 42501 no tenant or an entry of another, 22004 null, 22001 a text is too long, 22023 another form, 22000 no period, 22008 known in the future or before what is stored, 23P01 versions overlap, 54000 too many entries, 55000 the entity was erased, 0A000 another isolation level.
Example: SELECT created FROM llmspell.entity_import(''[{"entity_id": "00000000-0000-0000-0000-000000000009", "entity_type": "person", "name": "Ada", "valid_from": "2020-01-01Z", "known_from": "2020-05-01Z"}]'');';
GRANT EXECUTE ON FUNCTION llmspell.entity_import(jsonb, boolean) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.relationship_import(entries jsonb)
RETURNS TABLE (relationship_id uuid, known_from timestamptz, valid_from timestamptz, created boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT i.id, i.known_from, i.valid_from, i.created FROM llmspell_internal._graph_import(relationship_import.entries, true, false) AS i;
END;
COMMENT ON FUNCTION llmspell.relationship_import(jsonb) IS 'Stores versions of relationships of another system with their own known_from and known_to. For llmspell_admin.
Errors: as entity_import; 23503 an end is missing.
Example: SELECT created FROM llmspell.relationship_import(''[]'');';
GRANT EXECUTE ON FUNCTION llmspell.relationship_import(jsonb) TO llmspell_admin;
