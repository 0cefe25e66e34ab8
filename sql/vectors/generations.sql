-- Generations: spaces that hold vectors of the same rows by several models, of which searches use one.
--
-- A line is named after its first space. A space without a row of vector_generations is a line of its own, and active.

CREATE OR REPLACE TRIGGER vector_generations_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON llmspell.vector_generations
    FOR EACH STATEMENT EXECUTE FUNCTION llmspell_internal._tg_vector_config();

CREATE OR REPLACE FUNCTION llmspell_internal._vector_line(space text) RETURNS SETOF llmspell.vector_spaces
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT s.* FROM vector_generations g JOIN vector_generations o ON o.line = g.line JOIN vector_spaces s ON s.name = o.space
    WHERE g.space = _vector_line.space AND o.space <> g.space ORDER BY s.name
$$;
COMMENT ON FUNCTION llmspell_internal._vector_line(text) IS 'The other spaces of the line of a space; mostly none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_line(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_state(space text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ SELECT coalesce((SELECT g.state FROM vector_generations g WHERE g.space = _vector_state.space), 'active') $$;
COMMENT ON FUNCTION llmspell_internal._vector_state(text) IS 'active, building or former.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_state(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_sources(space text)
RETURNS TABLE (relation text, id text, content text, condition text, columns text, expressions text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_embedding_source', 1) AS f LOOP
        RETURN QUERY EXECUTE format('SELECT s.relation, s.id, s.content, s.condition, s.columns, s.expressions FROM %s($1) s', v_function) USING _embedding_sources.space;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_sources(text) IS 'Where the rows of a space come from, by what the domains registered.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_sources(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_embedding_sources(space text) RETURNS SETOF llmspell_internal._embedding_source
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT format('llmspell.%I', s.table_name), 'r.id', 'r.content', '(r.expires_at IS NULL OR r.expires_at > statement_timestamp())',
        'scope, metadata, content, event_time, expires_at, language, text_id, created_at',
        'r.scope, r.metadata, r.content, r.event_time, r.expires_at, r.language, r.text_id, r.created_at'
    FROM _vector_line(space) s WHERE s.purpose = 'vectors'
$$;
COMMENT ON FUNCTION llmspell_internal._vector_embedding_sources(text) IS 'Texts beside the vectors of the other spaces of a line.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_embedding_sources(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_rows(space text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT string_agg(format('SELECT %s AS id, %s AS content FROM %s r WHERE r.tenant_id = $1 AND %s', s.id, s.content, s.relation, s.condition), ' UNION ALL ')
    FROM _embedding_sources(space) s
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_rows(text) IS 'The text of a query for the rows of a tenant, $1, that a space is to have: id, content; NULL for no source.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_rows(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_missing(space text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT format('SELECT s.id, bool_or(s.content IS NOT NULL) AS has_text FROM (%s) AS s
                   WHERE NOT EXISTS (SELECT FROM llmspell.%I v WHERE v.tenant_id = $1 AND v.id = s.id) GROUP BY s.id', _embedding_rows(space), v.table_name)
    FROM vector_spaces v WHERE v.name = space AND _embedding_rows(space) IS NOT NULL
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_missing(text) IS 'The text of a query for the rows of a tenant, $1, that lack a vector of a space; NULL where it has no source.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_missing(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_fill(space text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_missing constant text := _embedding_missing(_embedding_fill.space);
    v_rows bigint := 0;
BEGIN
    IF v_missing IS NOT NULL THEN
        EXECUTE format('INSERT INTO llmspell.embedding_queue (tenant_id, space, id) SELECT $1, $2, m.id FROM (%s) AS m WHERE m.has_text ORDER BY m.id ON CONFLICT DO NOTHING', v_missing)
        USING v_tenant, _embedding_fill.space;
        GET DIAGNOSTICS v_rows = ROW_COUNT;
    END IF;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_fill(text) IS 'Queues the rows of the tenant that lack a vector of a space, and returns how many were not queued before.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_fill(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_count_missing(space text, OUT missing bigint, OUT without_text bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_missing constant text := _embedding_missing(_embedding_count_missing.space);
BEGIN
    missing := 0;
    without_text := 0;
    IF v_missing IS NOT NULL THEN
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE NOT m.has_text) FROM (%s) AS m', v_missing) INTO missing, without_text USING v_tenant;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_count_missing(text) IS 'How many rows of the tenant lack a vector of a space, and how many of these have no text to make one of.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_count_missing(text) TO llmspell_app;

-- As the owner, who alone may change the description of spaces and take locks.
CREATE OR REPLACE FUNCTION llmspell_internal._vector_generation_add(space text, replaces text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_line constant text := coalesce((SELECT g.line FROM vector_generations g WHERE g.space = replaces), replaces);
BEGIN
    INSERT INTO vector_generations (space, line, state, is_tracked) VALUES (replaces, v_line, 'active', false) ON CONFLICT DO NOTHING;
    INSERT INTO vector_generations (space, line, state, is_tracked) VALUES (_vector_generation_add.space, v_line, 'building', true);
    PERFORM _embedding_sources_lock(_vector_generation_add.space);
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_generation_add(text, text) IS 'Records a new space of a line, and waits for those who write rows and do not know of it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_generation_add(text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_sources_lock(space text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_relation text;
BEGIN
    FOR v_relation IN SELECT DISTINCT s.relation FROM _embedding_sources(_embedding_sources_lock.space) s ORDER BY 1 LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE MODE', v_relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_sources_lock(text) IS 'Keeps everybody from writing the rows that a space is to have, until the transaction ends.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_sources_lock(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._vector_generation_switch(space text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_line constant text := (SELECT g.line FROM vector_generations g WHERE g.space = _vector_generation_switch.space);
BEGIN
    -- A space that is being built stays so.
    UPDATE vector_generations g SET state = 'former', is_tracked = false WHERE g.line = v_line AND g.state = 'active';
    UPDATE vector_generations g SET state = 'active', is_tracked = true, activated_at = now() WHERE g.space = _vector_generation_switch.space;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_generation_switch(text) IS 'Makes a space the active one of its line.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_generation_switch(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_check_complete(space text, until timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
DECLARE
    v_tenants text[] := ARRAY(SELECT t FROM _tenants() AS t);
    v_left text[];
    v_tenant text;
    v_count record;
    v_missing bigint;
    v_without_text bigint;
BEGIN
    LOOP
        v_left := '{}';
        v_missing := 0;
        v_without_text := 0;
        FOREACH v_tenant IN ARRAY v_tenants LOOP
            PERFORM set_config('app.current_tenant_id', v_tenant, true);
            SELECT c.* INTO v_count FROM _embedding_count_missing(_embedding_check_complete.space) c;
            IF v_count.missing > 0 THEN
                v_left := v_left || v_tenant;
                v_missing := v_missing + v_count.missing;
                v_without_text := v_without_text + v_count.without_text;
            END IF;
        END LOOP;
        EXIT WHEN v_missing = 0;
        IF until IS NULL OR clock_timestamp() >= until THEN
            RAISE EXCEPTION '% rows lack a vector in space "%"', v_missing, _embedding_check_complete.space USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = format('%s of them have no text to make one of.', v_without_text),
                HINT = 'Workers fill it by llmspell.embedding_pending and embedding_put; force => true switches all the same, and searches do not find these rows by meaning until then.';
        END IF;
        -- Nobody else adds rows now.
        v_tenants := v_left;
        PERFORM pg_sleep(0.05);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_check_complete(text, timestamptz) IS 'Refuses a space in which rows of any tenant lack a vector; waits for workers until then.
Errors: 55000 rows lack one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_check_complete(text, timestamptz) TO llmspell_admin;

-- With the caller's rights, as it looks into each tenant under the wall.
CREATE OR REPLACE FUNCTION llmspell.vector_space_activate(space text, force boolean DEFAULT false, wait interval DEFAULT NULL)
RETURNS TABLE (former text, missing bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
AS $$
#variable_conflict use_variable
DECLARE
    v_space constant vector_spaces := _vector_space_named(vector_space_activate.space);
    v_until constant timestamptz := clock_timestamp() + _positive(vector_space_activate.wait, 'wait');
    v_force constant boolean := coalesce(vector_space_activate.force, false);
    v_tenant text;
BEGIN
    former := (SELECT s.name FROM _vector_line(v_space.name) s WHERE _vector_state(s.name) = 'active');
    missing := 0;
    IF former IS NULL THEN
        -- It is the active one.
        RETURN NEXT;
        RETURN;
    END IF;
    IF NOT v_force THEN
        -- First without a lock, so that nobody waits for a refusal.
        IF v_until IS NULL THEN
            PERFORM _embedding_check_complete(v_space.name, NULL);
        END IF;
        PERFORM _embedding_sources_lock(v_space.name), _embedding_check_complete(v_space.name, v_until);
    END IF;
    PERFORM _vector_generation_switch(v_space.name);
    FOR v_tenant IN SELECT t FROM _tenants() AS t LOOP
        PERFORM set_config('app.current_tenant_id', v_tenant, true);
        DELETE FROM embedding_queue q WHERE q.tenant_id = v_tenant AND q.space = former;
        missing := missing + CASE WHEN v_force THEN _embedding_fill_counted(v_space.name) ELSE 0 END;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.vector_space_activate(text, boolean, interval) IS 'Makes searches use a space in place of the active one of its line; refuses while rows lack a vector, unless forced.
Errors: 22004 null, 22023 no such space, wait not positive, 55000 rows lack a vector.
Example: SELECT former, missing FROM llmspell.vector_space_activate(''bge_m3'', wait => ''10 seconds'');';
GRANT EXECUTE ON FUNCTION llmspell.vector_space_activate(text, boolean, interval) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_fill_counted(space text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _embedding_fill(_embedding_fill_counted.space);
    RETURN (SELECT c.missing FROM _embedding_count_missing(_embedding_fill_counted.space) c);
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_fill_counted(text) IS 'Queues the rows of the tenant that lack a vector of a space, and returns how many lack one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_fill_counted(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.embedding_coverage()
RETURNS TABLE (space text, purpose text, model text, dims int, state text, row_count bigint, missing bigint, without_text bigint, queued bigint, claimed bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_tenant constant text := _require_tenant();
    v_space record;
BEGIN
    FOR v_space IN
        SELECT s.* FROM vector_spaces s LEFT JOIN vector_generations g ON g.space = s.name
        ORDER BY s.purpose, coalesce(g.line, s.name), s.created_at, s.name
    LOOP
        EXECUTE format('SELECT count(*) FROM llmspell.%I v WHERE v.tenant_id = $1', v_space.table_name) INTO row_count USING v_tenant;
        -- Spaces that neither have a row of the tenant nor are to have one.
        CONTINUE WHEN row_count = 0 AND NOT EXISTS (SELECT FROM vector_generations g WHERE g.space = v_space.name);
        space := v_space.name;
        purpose := v_space.purpose;
        model := v_space.model;
        dims := v_space.dims;
        state := _vector_state(v_space.name);
        SELECT c.missing, c.without_text INTO missing, without_text FROM _embedding_count_missing(v_space.name) c;
        SELECT count(*), count(*) FILTER (WHERE q.lease_expires_at > clock_timestamp()) INTO queued, claimed
        FROM embedding_queue q WHERE q.tenant_id = v_tenant AND q.space = v_space.name;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.embedding_coverage() IS 'The vectors of the tenant in each space, how many rows lack one, and how many are queued and claimed.
Errors: 42501 no tenant.
Example: SELECT space, model, state, row_count, missing FROM llmspell.embedding_coverage();';

CREATE OR REPLACE FUNCTION llmspell_internal._vector_line_follow(space text, ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_table constant text := (_vector_space_named(_vector_line_follow.space, 'vectors')).table_name;
    v_other record;
BEGIN
    PERFORM _embedding_dequeue(_vector_line_follow.space, _vector_line_follow.ids);
    FOR v_other IN SELECT o.name, o.table_name, g.is_tracked FROM _vector_line(_vector_line_follow.space) o JOIN vector_generations g ON g.space = o.name LOOP
        -- The vector of another text goes; what else changed is copied.
        EXECUTE format('DELETE FROM llmspell.%I o USING llmspell.%I v WHERE o.tenant_id = $1 AND o.id = ANY ($2) AND v.tenant_id = $1 AND v.id = ANY ($2) AND v.id = o.id
                        AND v.content IS DISTINCT FROM o.content', v_other.table_name, v_table) USING v_tenant, ids;
        EXECUTE format('UPDATE llmspell.%I o SET (scope, metadata, event_time, expires_at, language, text_id, updated_at) = (v.scope, v.metadata, v.event_time, v.expires_at, v.language, v.text_id, now())
                        FROM llmspell.%I v WHERE o.tenant_id = $1 AND o.id = ANY ($2) AND v.tenant_id = $1 AND v.id = ANY ($2) AND v.id = o.id
                        AND (o.scope, o.metadata, o.event_time, o.expires_at, o.language, o.text_id) IS DISTINCT FROM (v.scope, v.metadata, v.event_time, v.expires_at, v.language, v.text_id)',
            v_other.table_name, v_table) USING v_tenant, ids;
        IF v_other.is_tracked THEN
            EXECUTE format('INSERT INTO llmspell.embedding_queue (tenant_id, space, id) SELECT $1, $3, v.id FROM llmspell.%I v
                            WHERE v.tenant_id = $1 AND v.id = ANY ($2) AND v.content IS NOT NULL AND NOT EXISTS (SELECT FROM llmspell.%I o WHERE o.tenant_id = $1 AND o.id = v.id)
                            ORDER BY v.id ON CONFLICT DO NOTHING', v_table, v_other.table_name) USING v_tenant, ids, v_other.name;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._vector_line_follow(text, uuid[]) IS 'After rows of a space were written: their vectors in the other spaces of its line are kept, or queued.';
GRANT EXECUTE ON FUNCTION llmspell_internal._vector_line_follow(text, uuid[]) TO llmspell_app;
