-- Forgetting, and repair of what raw statements left behind.

CREATE OR REPLACE FUNCTION llmspell_internal._entity_erase(entity_id uuid) RETURNS TABLE (entity_rows bigint, relationship_rows bigint)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', '_entity_erase_wrapper';
COMMENT ON FUNCTION llmspell_internal._entity_erase(uuid) IS 'Deletes every version of an entity and of the relationships from and to it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_erase(uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._graph_copies(entity_id uuid) RETURNS jsonb
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
            INTO v_count USING v_tenant, '%' || _graph_copies.entity_id || '%';
        IF v_count > 0 THEN
            v_found := v_found || jsonb_build_object(v_column.name, coalesce((v_found ->> v_column.name)::bigint, 0) + v_count);
        END IF;
    END LOOP;
    RETURN v_found;
END
$$;
COMMENT ON FUNCTION llmspell_internal._graph_copies(uuid) IS 'How many rows of the tenant name an id in a JSON column, by table and column.';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_copies(uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._entity_hash(entity_id uuid) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN encode(sha256(convert_to(entity_id::text, 'UTF8')), 'hex');
COMMENT ON FUNCTION llmspell_internal._entity_hash(uuid) IS 'The hash of an id that entity_erasures keeps.';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_hash(uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.entity_erase(entity_id uuid, find_copies boolean DEFAULT true)
RETURNS TABLE (entity_rows bigint, relationship_rows bigint, copies jsonb, not_searched text)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_find constant boolean := coalesce(entity_erase.find_copies, true);
BEGIN
    SELECT e.entity_rows, e.relationship_rows INTO entity_rows, relationship_rows FROM _entity_erase(entity_erase.entity_id) e;
    IF entity_rows + relationship_rows > 0 THEN
        INSERT INTO entity_erasures (tenant_id, entity_hash, entity_rows, relationship_rows)
        VALUES (v_tenant, _entity_hash(entity_erase.entity_id), entity_rows, relationship_rows);
    END IF;
    copies := CASE WHEN v_find THEN _graph_copies(entity_erase.entity_id) END;
    not_searched := 'texts and bytes (names, contents of artifacts, values of keys), embeddings made from them, backups, write-ahead log, standbys';
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.entity_erase(uuid, boolean) IS 'Deletes every version of an entity and its relationships; copies counts the rows that still name its id.
Errors: 42501 no tenant, 22004 null entity_id, 40001 versions that this transaction does not see: run it again.
Example: SELECT * FROM llmspell.entity_erase(''00000000-0000-0000-0000-000000000003'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_erase(relationship_id uuid) RETURNS bigint
LANGUAGE c VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_erase_wrapper';
COMMENT ON FUNCTION llmspell.relationship_erase(uuid) IS 'Deletes every version of a relationship, and returns how many.
Errors: 42501 no tenant, 22004 null, 40001 versions that this transaction does not see: run it again.
Example: SELECT llmspell.relationship_erase(''00000000-0000-0000-0000-00000000000b'');';

CREATE OR REPLACE FUNCTION llmspell.tx_horizon() RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    -- A standby does not know what is open on the primary.
    IF pg_is_in_recovery() THEN
        RETURN NULL;
    END IF;
    -- Nothing says when a prepared transaction began.
    IF EXISTS (SELECT FROM pg_prepared_xacts p WHERE p.database = current_database()) THEN
        RETURN NULL;
    END IF;
    -- Any open transaction may still write, with the time at which it began; one that is active may not have
    -- published its beginning yet.
    RETURN least(now(), (
        SELECT min(coalesce(a.xact_start, CASE WHEN a.state = 'active' THEN a.query_start END))
        FROM pg_stat_activity a WHERE a.datname = current_database() AND a.backend_type <> 'autovacuum worker')) - interval '1 microsecond';
END
$$;
COMMENT ON FUNCTION llmspell.tx_horizon() IS 'The time until which answers by known_at are final: no open transaction can write before it. NULL where unknown.
Errors: 42501 no tenant.
Example: SELECT llmspell.tx_horizon();';

CREATE OR REPLACE FUNCTION llmspell.entity_prune(older_than interval DEFAULT NULL, before timestamptz DEFAULT NULL)
RETURNS TABLE (entity_rows bigint, relationship_rows bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant timestamptz := _prune_before(entity_prune.older_than, entity_prune.before);
    v_horizon constant timestamptz := coalesce(tx_horizon(), '-infinity');
BEGIN
    IF v_before > v_horizon THEN
        RAISE EXCEPTION 'versions known until % may still be added: a transaction that is open began at %', v_before, v_horizon
            USING ERRCODE = 'datetime_field_overflow', HINT = 'Give a time that llmspell.tx_horizon() has passed.';
    END IF;
    -- Rows that somebody else is about to delete are left to them: so nothing is waited for.
    DELETE FROM entities e WHERE e.tenant_id = v_tenant AND e.ctid = ANY (ARRAY(
        SELECT x.ctid FROM entities x WHERE x.tenant_id = v_tenant AND x.transaction_time_end <= v_before FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS entity_rows = ROW_COUNT;
    DELETE FROM relationships r WHERE r.tenant_id = v_tenant AND r.ctid = ANY (ARRAY(
        SELECT x.ctid FROM relationships x WHERE x.tenant_id = v_tenant AND x.transaction_time_end <= v_before FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS relationship_rows = ROW_COUNT;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.entity_prune(interval, timestamptz) IS 'Deletes the versions of entities and relationships that were closed before a time, and returns how many.
Errors: 42501 no tenant, 22023 not exactly one argument, or older_than not positive, 22008 later than tx_horizon().
Example: SELECT * FROM llmspell.entity_prune(older_than => interval ''5 years'');';
