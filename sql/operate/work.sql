-- Work that waits, for workers that serve many tenants.
--
-- The call of a kind has two parameters, a tenant and a number. It returns what waits of that tenant and of those after
-- it in byte order, whole tenants, until so many rows are of later tenants. It runs as llmspell_tenants, over the wall,
-- and reads the columns that the domain names as due_columns in its table rules.

CREATE OR REPLACE FUNCTION llmspell_internal._work_kinds() RETURNS TABLE (kind text, call text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_work') AS f LOOP
        RETURN QUERY EXECUTE format('SELECT w.* FROM %s() AS w', v_function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._work_kinds() IS 'The kinds of work that the domains registered.';
GRANT EXECUTE ON FUNCTION llmspell_internal._work_kinds() TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._work_place(after text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_place text[];
BEGIN
    IF after IS NULL THEN
        RETURN ARRAY['', '', '', ''];
    END IF;
    -- Four short texts at most: deeper nesting than the parser takes is no cursor either.
    IF octet_length(after) < 8192 AND pg_input_is_valid(after, 'jsonb') AND jsonb_typeof(after::jsonb) = 'array' THEN
        v_place := ARRAY(SELECT CASE WHEN jsonb_typeof(e) = 'string' THEN e #>> '{}' END FROM jsonb_array_elements(after::jsonb) AS e);
    END IF;
    IF v_place IS NULL OR cardinality(v_place) <> 4 OR array_position(v_place, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'after is not a cursor of work_pending: "%"', left(after, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the cursor of the last row of the page before, or NULL for the first page.';
    END IF;
    RETURN v_place;
END
$$;
COMMENT ON FUNCTION llmspell_internal._work_place(text) IS 'Tenant, kind, queue and name that a cursor of work_pending stands for.
Errors: 22023 no such cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._work_place(text) TO llmspell_tenants;

-- The third function that sees over the wall. Every query of a kind has its index; a fresh table has no statistics that
-- would say so.
CREATE OR REPLACE FUNCTION llmspell.work_pending(kinds text[] DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (tenant_id text, kind text, queue text, name text, waiting bigint, oldest timestamptz, cursor text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
#variable_conflict use_variable
DECLARE
    v_rows constant int := _max_rows(coalesce(work_pending.max_rows, 100));
    v_after constant text[] := _work_place(work_pending.after);
    v_unknown text;
    v_calls text;
BEGIN
    IF array_position(kinds, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'kinds must not contain null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT u INTO v_unknown FROM unnest(kinds) AS u WHERE u NOT IN (SELECT k.kind FROM _work_kinds() k) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown kind of work "%"', left(v_unknown, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = format('Use %s, or NULL for all.', (SELECT string_agg(k.kind, ', ' ORDER BY k.kind) FROM _work_kinds() k));
    END IF;
    -- The text is what domains registered, never text of the caller.
    SELECT string_agg(format('SELECT %L AS kind, k.* FROM (%s) AS k', k.kind, k.call), ' UNION ALL ') INTO v_calls
    FROM _work_kinds() k WHERE kinds IS NULL OR k.kind = ANY (kinds);
    IF v_calls IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT w.tenant_id, w.kind, w.queue, w.name, w.waiting, w.oldest, json_build_array(w.tenant_id, w.kind, p.queue, p.name)::text
         FROM (%s) AS w CROSS JOIN LATERAL (SELECT coalesce(w.queue, '''') AS queue, coalesce(w.name, '''') AS name) AS p
         WHERE (w.tenant_id COLLATE "C", w.kind COLLATE "C", p.queue COLLATE "C", p.name COLLATE "C") > ($1, $3, $4, $5)
         ORDER BY w.tenant_id COLLATE "C", w.kind COLLATE "C", p.queue COLLATE "C", p.name COLLATE "C"
         LIMIT $2', v_calls)
    USING v_after[1], v_rows, v_after[2], v_after[3], v_after[4];
END
$$;
COMMENT ON FUNCTION llmspell.work_pending(text[], integer, text) IS 'Where work waits, of all tenants, by tenant, kind, queue and name. For llmspell_worker and llmspell_admin.
Errors: 22023 unknown kind, max_rows, after; 22004 a null kind.
Example: SELECT tenant_id, queue, waiting FROM llmspell.work_pending(''{workflows}'');';
GRANT EXECUTE ON FUNCTION llmspell.work_pending(text[], integer, text) TO llmspell_worker;
GRANT EXECUTE ON FUNCTION llmspell.work_pending(text[], integer, text) TO llmspell_admin;
ALTER FUNCTION llmspell.work_pending(text[], integer, text) OWNER TO llmspell_tenants;
