-- Contradictions that raw statements left behind, and their repair.

CREATE OR REPLACE FUNCTION llmspell.graph_check() RETURNS TABLE (element text, element_id uuid, fault text, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    WITH versions AS (
        SELECT 'entity' AS element, e.entity_id AS id, e.valid_time_start AS vs, e.valid_time_end AS ve, e.transaction_time_start AS ts, e.transaction_time_end AS te, e.changed_at
        FROM entities e WHERE e.tenant_id = v_tenant
        UNION ALL
        SELECT 'relationship', r.relationship_id, r.valid_time_start, r.valid_time_end, r.transaction_time_start, r.transaction_time_end, r.changed_at
        FROM relationships r WHERE r.tenant_id = v_tenant
    ), cover AS (
        SELECT e.entity_id, range_agg(tstzrange(e.valid_time_start, e.valid_time_end)) AS periods
        FROM entities e WHERE e.tenant_id = v_tenant AND e.transaction_time_end = 'infinity' GROUP BY e.entity_id
    )
    SELECT a.element, a.id, 'overlap', format('versions known from %s and %s both say something of %s and of what is known at %s',
        a.ts, b.ts, greatest(a.vs, b.vs), greatest(a.ts, b.ts))
    FROM versions a JOIN versions b USING (element, id)
    WHERE (a.ts, a.vs) < (b.ts, b.vs) AND a.vs < b.ve AND b.vs < a.ve AND a.ts < b.te AND b.ts < a.te
    UNION ALL
    SELECT v.element, v.id, 'changed history', format('the version known from %s of the period from %s was changed at %s', v.ts, v.vs, v.changed_at)
    FROM versions v WHERE v.changed_at IS NOT NULL
    UNION ALL
    SELECT v.element, v.id, 'recorded in the future', format('the version known from %s to %s', v.ts, v.te)
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
COMMENT ON FUNCTION llmspell.graph_check() IS 'The contradictions in the graph of the tenant, which only raw statements can cause. Reads the whole graph.
Errors: 42501 no tenant.
Example: SELECT * FROM llmspell.graph_check();';

CREATE OR REPLACE FUNCTION llmspell.graph_repair(element_id uuid) RETURNS TABLE (known_from timestamptz, repaired int, removed int)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant uuid := _given(graph_repair.element_id, 'element_id');
    v_clock constant timestamptz := clock_timestamp();
    v_rows int;
BEGIN
    PERFORM _graph_lock(ARRAY[v_id], '{}', ARRAY[v_id], true);
    -- Later than every stamp that is not in the future.
    SELECT greatest(now(), max(s.stamp) + interval '1 microsecond') INTO known_from
    FROM (
        SELECT e.transaction_time_start FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        UNION ALL SELECT e.transaction_time_end FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        UNION ALL SELECT r.transaction_time_start FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        UNION ALL SELECT r.transaction_time_end FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
    ) AS s (stamp) WHERE s.stamp <= v_clock;
    -- Recorded and closed in the future: nobody could ever read it.
    DELETE FROM entities e WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        AND e.transaction_time_start > v_clock AND e.transaction_time_end < 'infinity';
    GET DIAGNOSTICS removed = ROW_COUNT;
    DELETE FROM relationships r WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        AND r.transaction_time_start > v_clock AND r.transaction_time_end < 'infinity';
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    removed := removed + v_rows;
    UPDATE entities e SET transaction_time_end = known_from WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        AND e.transaction_time_end > v_clock AND e.transaction_time_end < 'infinity';
    GET DIAGNOSTICS repaired = ROW_COUNT;
    UPDATE entities e SET transaction_time_start = known_from WHERE e.tenant_id = v_tenant AND e.entity_id = v_id
        AND e.transaction_time_start > v_clock;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    repaired := repaired + v_rows;
    UPDATE relationships r SET transaction_time_end = known_from WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        AND r.transaction_time_end > v_clock AND r.transaction_time_end < 'infinity';
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    repaired := repaired + v_rows;
    UPDATE relationships r SET transaction_time_start = known_from WHERE r.tenant_id = v_tenant AND r.relationship_id = v_id
        AND r.transaction_time_start > v_clock;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    repaired := repaired + v_rows;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.graph_repair(uuid) IS 'Brings versions that a raw statement recorded in the future back to now; graph_check() then calls them changed.
Errors: 42501 no tenant, 22004 null.
Example: SELECT * FROM llmspell.graph_repair(''00000000-0000-0000-0000-000000000001'');';
