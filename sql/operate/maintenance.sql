-- Maintenance: one bounded step after the other, by pg_cron or by the background worker. For llmspell_admin.
--
-- A round goes through the tasks in order. A task with a query for what is due visits those tenants one by one, with the
-- tenant set, through the ordinary functions, under the wall.

-- As the owner, who may call what the domains registered.
CREATE OR REPLACE FUNCTION llmspell_internal._maintenance_tasks() RETURNS TABLE (task text, place int, call text, due text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_function regproc;
BEGIN
    FOR v_function IN SELECT f FROM _registered('_task') AS f LOOP
        RETURN QUERY EXECUTE format('SELECT t.* FROM %s() AS t', v_function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintenance_tasks() IS 'The tasks that the domains registered.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintenance_tasks() TO llmspell_admin;
GRANT EXECUTE ON FUNCTION llmspell_internal._maintenance_tasks() TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._maintenance_next() RETURNS TABLE (task text, progress text, call text, due text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF NOT _exclusive('maintenance', false) THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM _maintenance m JOIN _maintenance_tasks() t USING (task) WHERE m.is_pending) THEN
        DELETE FROM _maintenance m WHERE m.task NOT IN (SELECT t.task FROM _maintenance_tasks() t);
        INSERT INTO _maintenance AS m (task, place, is_pending)
        SELECT t.task, t.place, true FROM _maintenance_tasks() t
        ON CONFLICT (task) DO UPDATE SET is_pending = true, progress = '', place = EXCLUDED.place;
    END IF;
    RETURN QUERY
    SELECT m.task, m.progress, t.call, t.due FROM _maintenance m JOIN _maintenance_tasks() t USING (task) WHERE m.is_pending ORDER BY m.place, m.task LIMIT 1;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintenance_next() IS 'The next task, of a new round where the last is over; no row where another session does maintenance.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintenance_next() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._maintenance_record(task text, progress text, is_over boolean, detail text, error text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE _maintenance m
    SET progress = coalesce(_maintenance_record.progress, m.progress), is_pending = NOT _maintenance_record.is_over,
        last_run = clock_timestamp(), last_detail = _maintenance_record.detail, last_error = coalesce(_maintenance_record.error, m.last_error),
        last_error_at = CASE WHEN _maintenance_record.error IS NULL THEN m.last_error_at ELSE clock_timestamp() END
    WHERE m.task = _maintenance_record.task;
    RETURN NOT EXISTS (SELECT FROM _maintenance m JOIN _maintenance_tasks() t USING (task) WHERE m.is_pending);
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintenance_record(text, text, boolean, text, text) IS 'Records what a step did, and returns whether the round is over.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintenance_record(text, text, boolean, text, text) TO llmspell_admin;

-- Up to ten batches of each tenant, so that none keeps the others waiting; for about half a second.
CREATE OR REPLACE FUNCTION llmspell_internal._maintain_tenants(task text, progress text) RETURNS llmspell_internal._step
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET app.current_tenant_id = ''
-- A tenant whose rows another transaction holds is skipped until the next round.
SET lock_timeout = '200ms'
AS $$
#variable_conflict use_variable
DECLARE
    v_stop constant timestamptz := clock_timestamp() + interval '500 ms';
    v_step llmspell_internal._step := (progress, true, NULL, NULL);
    -- The text is what a domain registered, never text of the caller.
    v_call constant text := (SELECT t.call FROM _maintenance_tasks() t WHERE t.task = _maintain_tenants.task);
    v_tenant text;
    v_tenants int := 0;
    v_changed bigint := 0;
    v_batch bigint;
    v_skipped int := 0;
BEGIN
    FOR v_tenant IN SELECT t FROM _tenants_due(task, progress, 50) AS t LOOP
        IF v_tenants > 0 AND clock_timestamp() > v_stop THEN
            v_step.is_over := false;
            EXIT;
        END IF;
        BEGIN
            PERFORM set_config('app.current_tenant_id', v_tenant, true);
            FOR i IN 1 .. 10 LOOP
                EXECUTE v_call INTO v_batch USING 1000;
                v_changed := v_changed + v_batch;
                EXIT WHEN v_batch < 1000 OR clock_timestamp() > v_stop;
            END LOOP;
        EXCEPTION
            WHEN lock_not_available THEN
                v_skipped := v_skipped + 1;
                v_step.error := format('tenant "%s" was skipped: another transaction holds its rows', v_tenant);
            WHEN OTHERS THEN
                v_step.error := format('tenant "%s": %s: %s', v_tenant, SQLSTATE, SQLERRM);
        END;
        v_step.progress := v_tenant;
        v_tenants := v_tenants + 1;
    END LOOP;
    v_step.is_over := v_step.is_over AND v_tenants < 50;
    v_step.detail := format('%s tenants, %s rows', v_tenants, v_changed) || CASE WHEN v_skipped > 0 THEN format(', %s skipped', v_skipped) ELSE '' END;
    RETURN v_step;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_tenants(text, text) IS 'A step of a task that is done tenant by tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_tenants(text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._maintain_index(progress text) RETURNS llmspell_internal._step
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '400ms'
AS $$
DECLARE
    v_index _index_ledger;
BEGIN
    -- Those of constraints can only be made with their constraint: verify() names them.
    SELECT l.* INTO v_index FROM _index_ledger l
    WHERE l.index_name::text COLLATE "C" > progress AND l.index_name NOT IN (SELECT d.index_name FROM _index_definitions() d)
      AND l.definition NOT LIKE 'CREATE UNIQUE%' AND _index_is_ours(l.definition)
    ORDER BY l.index_name::text COLLATE "C"
    LIMIT 1;
    IF FOUND THEN
        EXECUTE v_index.definition;
    END IF;
    RETURN ROW(v_index.index_name, v_index.index_name IS NULL, 'built: ' || v_index.index_name, NULL)::llmspell_internal._step;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_index(text) IS 'Builds the next index that the extension has and the database lacks.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_index(text) TO llmspell_admin;

-- Autovacuum never analyses a partitioned table, and a restored one not before rows change.
CREATE OR REPLACE FUNCTION llmspell_internal._maintain_statistics(progress text) RETURNS llmspell_internal._step
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_table record;
BEGIN
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind INTO v_table
    FROM pg_class c
    WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND c.oid::regclass::text COLLATE "C" > progress
      AND CASE c.relkind
          WHEN 'p' THEN coalesce(pg_stat_get_last_analyze_time(c.oid), '-infinity') < now() - interval '1 day'
              AND EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                          WHERE i.inhparent = c.oid AND (p.reltuples > 0 OR pg_stat_get_live_tuples(p.oid) > 0))
          ELSE pg_stat_get_mod_since_analyze(c.oid) > 50 + 0.1 * greatest(c.reltuples, 0) OR c.reltuples < 0 AND pg_stat_get_live_tuples(c.oid) > 0
          END
    ORDER BY c.oid::regclass::text COLLATE "C"
    LIMIT 1;
    IF FOUND THEN
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s %s', CASE v_table.relkind WHEN 'p' THEN 'ONLY' END, v_table.name);
    END IF;
    RETURN ROW(v_table.name, v_table.name IS NULL, 'analysed: ' || v_table.name, NULL)::llmspell_internal._step;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_statistics(text) IS 'Analyses the next table whose statistics are old.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_statistics(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.maintenance_step() RETURNS TABLE (task text, done boolean, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_next record;
    v_step llmspell_internal._step;
BEGIN
    SELECT * INTO v_next FROM _maintenance_next();
    IF NOT FOUND THEN
        done := true;
        detail := 'another session is at it';
        RETURN NEXT;
        RETURN;
    END IF;
    task := v_next.task;
    BEGIN
        IF v_next.due IS NULL THEN
            EXECUTE v_next.call INTO v_step USING v_next.progress;
        ELSE
            v_step := _maintain_tenants(v_next.task, v_next.progress);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        v_step := (NULL, true, NULL, format('%s: %s', SQLSTATE, SQLERRM));
    END;
    detail := coalesce('error: ' || v_step.error, NULLIF(v_step.detail, ''), 'nothing to do');
    done := _maintenance_record(task, v_step.progress, v_step.is_over, detail, v_step.error);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.maintenance_step() IS 'Does the next bounded step of maintenance; done says that the round is over. For llmspell_admin.
Example: SELECT task, done, detail FROM llmspell.maintenance_step();';
GRANT EXECUTE ON FUNCTION llmspell.maintenance_step() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.maintenance_run(max_time interval DEFAULT '30 seconds') RETURNS TABLE (task text, done boolean, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_stop timestamptz;
BEGIN
    max_time := coalesce(max_time, '30 seconds');
    v_stop := clock_timestamp() + _positive(max_time, 'max_time');
    IF v_stop > clock_timestamp() + interval '1 day' THEN
        RAISE EXCEPTION 'max_time must be at most a day, got %', max_time USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Call it again: the next call continues where the last one stopped.';
    END IF;
    LOOP
        SELECT s.task, s.done, s.detail INTO task, done, detail FROM maintenance_step() s;
        RETURN NEXT;
        EXIT WHEN done OR clock_timestamp() >= v_stop;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.maintenance_run(interval) IS 'Does steps of maintenance until the round is over or max_time has passed. For llmspell_admin.
Errors: 22023 max_time not positive, or more than a day.
Example: SELECT task, detail FROM llmspell.maintenance_run(''10 seconds'');';
GRANT EXECUTE ON FUNCTION llmspell.maintenance_run(interval) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.maintenance_status()
RETURNS TABLE (task text, pending boolean, last_run timestamptz, last_detail text, last_error text, last_error_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT s.task, s.pending, s.last_run, s.last_detail, s.last_error, s.last_error_at
    FROM (
        SELECT t.place, t.task, coalesce(m.is_pending, true) AS pending, m.last_run, m.last_detail, m.last_error, m.last_error_at
        FROM _maintenance_tasks() t LEFT JOIN _maintenance m USING (task)
        UNION ALL
        SELECT 100, 'background worker', NULL, max(a.backend_start), CASE WHEN count(*) > 0 THEN 'running' ELSE 'not running' END, NULL, NULL
        FROM pg_stat_activity a WHERE a.backend_type = 'llmspell maintenance' AND a.datname = current_database()
    ) AS s
    ORDER BY s.place
$$;
COMMENT ON FUNCTION llmspell.maintenance_status() IS 'Lists the tasks: whether each is pending, its last run and last error; and the background worker. For llmspell_admin.
Example: SELECT task, last_run, last_error FROM llmspell.maintenance_status();';
GRANT EXECUTE ON FUNCTION llmspell.maintenance_status() TO llmspell_admin;
