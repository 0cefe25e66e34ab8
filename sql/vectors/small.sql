-- Small spaces: up to 8 of a tenant, made by the first vector that is stored in them, for experiments without an operator.
--
-- The n-th of every tenant is in table vector_small_<n>, which has no fixed dimensions and no index for nearest
-- neighbours. So a tenant makes no table, and the functions of other spaces serve these as they are.

CREATE OR REPLACE FUNCTION llmspell_internal._vector_small_limits(OUT max_spaces int, OUT max_rows int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT 8, 10000;
END;
COMMENT ON FUNCTION llmspell_internal._vector_small_limits() IS 'How many small spaces a tenant may have, and how many rows each.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_small_limits() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_small_space(space text, dims int DEFAULT NULL, writes boolean DEFAULT false) RETURNS llmspell.vector_spaces
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_max constant int := (_vector_small_limits()).max_spaces;
    v_found record;
    v_number int;
    v_space vector_spaces;
BEGIN
    PERFORM _short_text(_vector_small_space.space, 'space', 100);
    LOOP
        SELECT s.* INTO v_found FROM vector_small_spaces s WHERE s.tenant_id = v_tenant AND s.name = _vector_small_space.space;
        EXIT WHEN FOUND;
        SELECT min(n) INTO v_number FROM generate_series(1, v_max) AS n WHERE NOT EXISTS (SELECT FROM vector_small_spaces s WHERE s.tenant_id = v_tenant AND s.number = n);
        IF v_number IS NULL THEN
            RAISE EXCEPTION 'a tenant has at most % small spaces, "%" would be another one', v_max, _vector_small_space.space USING ERRCODE = 'program_limit_exceeded',
                HINT = 'Delete one by llmspell.vector_space_delete, or let an operator make a space: SELECT llmspell.vector_space_create(…).';
        END IF;
        -- Before its first vector it is empty, as the table of its number is for this tenant.
        EXIT WHEN NOT _vector_small_space.writes;
        IF _vector_small_space.space = 'small:' OR _vector_small_space.dims > _vector_max_dims('hnsw') THEN
            RAISE EXCEPTION 'there cannot be a space "%" of % dimensions', _vector_small_space.space, _vector_small_space.dims USING ERRCODE = 'invalid_parameter_value',
                HINT = format('Give it a name after small: and 1 to %s dimensions.', _vector_max_dims('hnsw'));
        END IF;
        INSERT INTO vector_small_spaces (tenant_id, name, number, dims) VALUES (v_tenant, _vector_small_space.space, v_number, _vector_small_space.dims) ON CONFLICT DO NOTHING;
        IF current_setting('transaction_isolation') <> 'read committed' AND NOT FOUND THEN
            RAISE EXCEPTION 'space was made by a transaction that this one does not see' USING ERRCODE = 'serialization_failure', HINT = 'Try again.';
        END IF;
    END LOOP;
    IF v_found.dims <> _vector_small_space.dims THEN
        RAISE EXCEPTION 'space "%" has % dimensions, this vector has %', v_found.name, v_found.dims, _vector_small_space.dims USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_space.name := _vector_small_space.space;
    v_space.table_name := 'vector_small_' || coalesce(v_found.number, v_number);
    v_space.dims := coalesce(v_found.dims, _vector_small_space.dims);
    v_space.metric := 'cosine';
    v_space.purpose := 'vectors';
    v_space.builtin := false;
    v_space.created_at := v_found.created_at;
    RETURN v_space;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_small_space(text, integer, boolean) IS 'A small space of the tenant as a row of vector_spaces; a write makes it.
Errors: 42501 no tenant, 22001 a name over 100 characters, 22023 no name, too many or other dimensions, 54000 too many spaces.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_small_space(text, integer, boolean) TO llmspell_app;

-- One writer at a time stores and counts, in every isolation level. There is one lock for all small spaces of a tenant, so that
-- calls on several of them do not deadlock.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_small_turn(tenant text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    LOOP
        UPDATE vector_small_spaces s SET updated_at = statement_timestamp()
        WHERE s.tenant_id = tenant AND s.number = (SELECT min(m.number) FROM vector_small_spaces m WHERE m.tenant_id = tenant);
        IF FOUND THEN
            RETURN true;
        ELSIF NOT EXISTS (SELECT FROM vector_small_spaces s WHERE s.tenant_id = tenant) THEN
            RETURN false;
        END IF;
        -- The one with the least number was deleted meanwhile.
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_small_turn(text) IS 'Waits until no other transaction stores rows in small spaces of the tenant; false where it has none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_small_turn(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_vector_small() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_max constant int := (_vector_small_limits()).max_rows;
    v_tenant text;
    v_space record;
    v_other int;
    v_rows bigint;
BEGIN
    IF _is_restoring() THEN
        RETURN NULL;
    END IF;
    IF TG_WHEN = 'BEFORE' THEN
        -- Before any key is taken, so that two who store the same ids do not deadlock.
        PERFORM _vector_small_turn(current_tenant()) WHERE current_tenant() IS NOT NULL;
        RETURN NULL;
    END IF;
    FOR v_tenant IN SELECT DISTINCT f.tenant_id FROM fresh f LOOP
        -- Of another tenant than the session's, as a superuser adds them.
        IF TG_OP = 'INSERT' AND v_tenant IS DISTINCT FROM current_tenant() THEN
            PERFORM _vector_small_turn(v_tenant);
        END IF;
        SELECT s.* INTO v_space FROM vector_small_spaces s WHERE s.tenant_id = v_tenant AND s.number = TG_ARGV[0]::int;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the tenant has no small space in table %', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation',
                HINT = 'llmspell.vector_put makes it: give a space whose name begins with small:.';
        END IF;
        SELECT @extschema:vector@.vector_dims(f.embedding) INTO v_other FROM fresh f WHERE f.tenant_id = v_tenant AND @extschema:vector@.vector_dims(f.embedding) <> v_space.dims LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'space "%" has % dimensions, this vector has %', v_space.name, v_space.dims, v_other USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF TG_OP = 'INSERT' THEN
            EXECUTE format('SELECT count(*) FROM (SELECT FROM llmspell.%I v WHERE v.tenant_id = $1 LIMIT $2 + 1) AS r', TG_TABLE_NAME) INTO v_rows USING v_tenant, v_max;
            IF v_rows > v_max THEN
                RAISE EXCEPTION 'space "%" takes at most % vectors', v_space.name, v_max USING ERRCODE = 'program_limit_exceeded',
                    HINT = 'An operator makes a space for more: SELECT llmspell.vector_space_create(…).';
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_vector_small() IS 'Keeps a small space within its dimensions and its number of rows.
Errors: 22023 other dimensions, 23503 no such space, 54000 too many rows.';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_small_bound(number int) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_trigger record;
BEGIN
    FOR v_trigger IN
        SELECT format('vector_small_%s_%s', number, t.suffix) AS name, t.event
        FROM (VALUES ('turn', 'BEFORE INSERT'), ('insert', 'AFTER INSERT'), ('update', 'AFTER UPDATE')) AS t (suffix, event)
    LOOP
        EXECUTE format('CREATE TRIGGER %I %s ON llmspell.%I %s FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_vector_small(%L)', v_trigger.name, v_trigger.event,
            'vector_small_' || number, CASE WHEN v_trigger.event LIKE 'AFTER%' THEN 'REFERENCING NEW TABLE AS fresh' END, number);
        EXECUTE format('COMMENT ON TRIGGER %I ON llmspell.%I IS %L', v_trigger.name, 'vector_small_' || number, 'Restore: does nothing, as the rows were within the bounds.');
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_small_bound(integer) IS 'Makes the triggers that keep the n-th small spaces within their bounds.';

CREATE OR REPLACE FUNCTION llmspell.vector_space_delete(space text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_number int;
BEGIN
    IF NOT starts_with(_given(vector_space_delete.space, 'space'), 'small:') THEN
        RAISE EXCEPTION 'space "%" belongs to all tenants', left(vector_space_delete.space, 60) USING ERRCODE = 'insufficient_privilege',
            HINT = 'Only small spaces, which a tenant makes itself, are deleted by it.';
    END IF;
    PERFORM _vector_small_turn(v_tenant);
    DELETE FROM vector_small_spaces s WHERE s.tenant_id = v_tenant AND s.name = vector_space_delete.space RETURNING s.number INTO v_number;
    IF v_number IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DELETE FROM llmspell.%I v WHERE v.tenant_id = $1', 'vector_small_' || v_number) USING v_tenant;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.vector_space_delete(text) IS 'Deletes a small space of the tenant with its vectors; returns whether there was one.
Errors: 42501 no tenant, or a space of all tenants; 22004 null.
Example: SELECT llmspell.vector_space_delete(''small:demo'');';
