CREATE OR REPLACE FUNCTION llmspell_internal._maintenance_tasks() RETURNS TABLE (task text, place int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES ('event months', 10), ('sessions', 20), ('keys', 30), ('hooks', 40), ('vectors', 50), ('indexes', 70), ('vector indexes', 75), ('statistics', 80), ('artifacts', 85), ('event retention', 90)
$$;
COMMENT ON FUNCTION llmspell_internal._maintenance_tasks() IS 'The tasks of a round, in order.';

CREATE OR REPLACE FUNCTION llmspell_internal._maintenance_next() RETURNS TABLE (task text, progress text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF NOT pg_try_advisory_xact_lock('llmspell._maintenance'::regclass::oid::int, 0) THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM _maintenance m JOIN _maintenance_tasks() t USING (task) WHERE m.is_pending) THEN
        DELETE FROM _maintenance m WHERE m.task NOT IN (SELECT t.task FROM _maintenance_tasks() t);
        INSERT INTO _maintenance AS m (task, place, is_pending)
        SELECT t.task, t.place, true FROM _maintenance_tasks() t
        ON CONFLICT (task) DO UPDATE SET is_pending = true, progress = '', place = EXCLUDED.place;
    END IF;
    RETURN QUERY
    SELECT m.task, m.progress FROM _maintenance m JOIN _maintenance_tasks() t USING (task) WHERE m.is_pending ORDER BY m.place LIMIT 1;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintenance_next() IS 'The next task, of a new round where the last is over, and how far it is; no row where another session is at it.';
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
COMMENT ON FUNCTION llmspell_internal._maintenance_record(text, text, boolean, text, text) IS 'Notes what a step did; whether the round is over.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintenance_record(text, text, boolean, text, text) TO llmspell_admin;

-- Up to ten batches of each tenant, so that none keeps the others waiting; for about half a second.
CREATE OR REPLACE FUNCTION llmspell_internal._maintain_tenants(task text, progress text) RETURNS TABLE (new_progress text, is_over boolean, detail text, error text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
    v_stop constant timestamptz := clock_timestamp() + interval '500 ms';
    v_tenant text;
    v_tenants int := 0;
    v_changed bigint := 0;
    v_batch bigint;
BEGIN
    new_progress := progress;
    is_over := true;
    FOR v_tenant IN SELECT t FROM _tenants(progress, 50) AS t LOOP
        IF v_tenants > 0 AND clock_timestamp() > v_stop THEN
            is_over := false;
            EXIT;
        END IF;
        BEGIN
            PERFORM set_config('app.current_tenant_id', v_tenant, true);
            FOR i IN 1 .. 10 LOOP
                -- A statement each, so that what is wrong with one function is not wrong with all.
                CASE task
                    WHEN 'sessions' THEN SELECT e.expired + e.deleted INTO v_batch FROM session_sweep(1000) e;
                    WHEN 'keys' THEN v_batch := kv_sweep(1000);
                    WHEN 'hooks' THEN v_batch := hook_sweep(1000);
                    WHEN 'vectors' THEN v_batch := vector_sweep(1000);
                    -- Late in a round: who stores artifacts of the tenant waits until the transaction ends.
                    WHEN 'artifacts' THEN SELECT g.contents + g.uploads INTO v_batch FROM artifact_gc(1000) g;
                END CASE;
                v_changed := v_changed + v_batch;
                EXIT WHEN v_batch < 1000 OR clock_timestamp() > v_stop;
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            error := format('tenant "%s": %s: %s', v_tenant, SQLSTATE, SQLERRM);
        END;
        new_progress := v_tenant;
        v_tenants := v_tenants + 1;
    END LOOP;
    is_over := is_over AND v_tenants < 50;
    PERFORM set_config('app.current_tenant_id', v_before, true);
    detail := format('%s tenants, %s rows', v_tenants, v_changed);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_tenants(text, text) IS 'A step of a task that is done tenant by tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_tenants(text, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._maintain_index(progress text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '400ms'
AS $$
#variable_conflict use_variable
DECLARE
    v_object text;
    v_definition text;
BEGIN
    SELECT f.object, f.definition INTO v_object, v_definition
    FROM (SELECT DISTINCT m.relation::text AS object, NULL AS definition
          FROM _event_log_months() m CROSS JOIN LATERAL _event_log_month_faults(m.relation) AS x (fault)
          UNION ALL
          -- Those of constraints are the table's own affair, and verify() tells of them; for nearest
          -- neighbours somebody may have chosen another, which is a task of its own.
          SELECT l.index_name::text, l.definition FROM _index_ledger l
          WHERE l.index_name NOT IN (SELECT d.index_name FROM _index_definitions() d) AND l.definition NOT LIKE 'CREATE UNIQUE%' AND l.definition NOT LIKE '% USING hnsw %') AS f
    WHERE f.object COLLATE "C" > progress
    ORDER BY f.object COLLATE "C"
    LIMIT 1;
    IF v_definition IS NOT NULL THEN
        EXECUTE v_definition;
    ELSIF v_object IS NOT NULL THEN
        PERFORM _event_log_dress(v_object::regclass);
    END IF;
    RETURN v_object;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_index(text) IS 'Builds the next index that the extension has and the database lacks, and returns its name or that of the month; NULL where there is none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_index(text) TO llmspell_admin;

-- One a step. Only where searches have no index at all, as after a restore: what somebody chose is otherwise
-- theirs to build, as this keeps writers of the table waiting.
CREATE OR REPLACE FUNCTION llmspell_internal._maintain_vector_indexes() RETURNS TABLE (is_over boolean, detail text, error text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_before constant text := coalesce(current_tenant(), '');
    v_index record;
    v_done text[] := '{}';
    v_failed text[] := '{}';
BEGIN
    is_over := true;
    FOR v_index IN SELECT e.* FROM _vector_index_ensure(NULL, 'auto', NULL, NULL, NULL, false) e WHERE e.state IN ('missing', 'invalid', 'failed') LOOP
        IF v_index.state = 'failed' THEN
            v_failed := v_failed || format('%s: %s', v_index.index_name, v_index.reason);
        ELSIF NOT v_index.is_lost THEN
            v_done := v_done || format('pending: %s', v_index.index_name);
        ELSIF is_over THEN
            BEGIN
                PERFORM set_config('app.current_tenant_id', coalesce(v_index.tenant, v_before), true);
                PERFORM _vector_index_make(v_index.space, v_index.tenant, true);
                IF v_index.tenant IS NOT NULL THEN
                    PERFORM _vector_tenant_record(v_index.tenant, v_index.space, v_index.index_name);
                END IF;
                v_done := v_done || format('built: %s', v_index.index_name);
                is_over := false;
            EXCEPTION WHEN OTHERS THEN
                v_failed := v_failed || format('%s: %s: %s', v_index.index_name, SQLSTATE, SQLERRM);
            END;
        END IF;
    END LOOP;
    PERFORM set_config('app.current_tenant_id', v_before, true);
    detail := NULLIF(array_to_string(v_done, ', '), '');
    error := NULLIF(array_to_string(v_failed, ', '), '');
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_vector_indexes() IS 'Builds the next index for nearest neighbours that is lost, and tells what was chosen and is not built.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_vector_indexes() TO llmspell_admin;

-- The log itself is never analysed by autovacuum, and what was just restored not yet.
CREATE OR REPLACE FUNCTION llmspell_internal._maintain_statistics(progress text) RETURNS text
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
    RETURN v_table.name;
END
$$;
COMMENT ON FUNCTION llmspell_internal._maintain_statistics(text) IS 'Analyses the next table whose statistics are old, and returns its name; NULL where there is none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._maintain_statistics(text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.maintenance_step() RETURNS TABLE (task text, done boolean, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_progress text;
    v_over boolean := true;
    v_error text;
BEGIN
    SELECT n.task, n.progress INTO task, v_progress FROM _maintenance_next() n;
    IF NOT FOUND THEN
        done := true;
        detail := 'another session is at it';
        RETURN NEXT;
        RETURN;
    END IF;
    BEGIN
        CASE
            WHEN task = 'event months' THEN
                detail := (SELECT string_agg(a, ', ') FROM unnest(ensure_future_event_log_partitions()) AS a WHERE a NOT LIKE '% already exists');
            WHEN task IN ('sessions', 'keys', 'hooks', 'vectors', 'artifacts') THEN
                SELECT t.new_progress, t.is_over, t.detail, t.error INTO v_progress, v_over, detail, v_error
                FROM _maintain_tenants(task, v_progress) t;
            WHEN task = 'indexes' THEN
                v_progress := _maintain_index(v_progress);
                detail := 'built: ' || v_progress;
                v_over := v_progress IS NULL;
            WHEN task = 'vector indexes' THEN
                SELECT v.is_over, v.detail, v.error INTO v_over, detail, v_error FROM _maintain_vector_indexes() v;
            WHEN task = 'statistics' THEN
                v_progress := _maintain_statistics(v_progress);
                detail := 'analysed: ' || v_progress;
                v_over := v_progress IS NULL;
            WHEN task = 'event retention' THEN
                detail := array_to_string(_event_log_retain(3), ', ');
                v_over := detail IS NULL;
        END CASE;
    EXCEPTION WHEN OTHERS THEN
        v_error := format('%s: %s', SQLSTATE, SQLERRM);
        v_over := true;
    END;
    detail := coalesce('error: ' || v_error, NULLIF(detail, ''), 'nothing to do');
    done := _maintenance_record(task, v_progress, v_over, detail, v_error);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.maintenance_step() IS 'Does the next bounded step of maintenance: event months (makes the current and the next three), sessions, keys, hooks, vectors, artifacts (tenant by tenant, what is due by their own settings), indexes (builds what is missing), vector indexes (builds those of spaces, and of tenants with one of their own, that have none at all, as after a restore, and were chosen more than an hour ago; tells others as pending), statistics (ANALYZE where old), event retention (up to three months). Returns the task, whether the round is over with it (done), and what it did; an error of a task is told there, and does not end the round. task NULL: another session is at it. llmspell_admin only. Example: SELECT task, done, detail FROM llmspell.maintenance_step();';
GRANT EXECUTE ON FUNCTION llmspell.maintenance_step() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.maintenance_run(max_time interval DEFAULT '30 seconds') RETURNS TABLE (task text, done boolean, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    v_stop timestamptz;
BEGIN
    IF max_time IS NULL THEN
        RAISE EXCEPTION 'argument "max_time" must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT isfinite(max_time) OR max_time <= '0' OR max_time > '1 day' THEN
        RAISE EXCEPTION 'max_time must be more than nothing and at most a day, got %', max_time USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_stop := clock_timestamp() + max_time;
    LOOP
        SELECT s.task, s.done, s.detail INTO task, done, detail FROM maintenance_step() s;
        RETURN NEXT;
        EXIT WHEN done OR clock_timestamp() >= v_stop;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.maintenance_run(interval) IS 'Does steps of maintenance until the round is over or max_time has passed, and returns a row for each, as maintenance_step does; the next call goes on where this one stopped. One transaction, each task in a subtransaction. llmspell_admin only. Errors: 22004 null, 22023 max_time not more than nothing, or more than a day. Example: SELECT task, detail FROM llmspell.maintenance_run(''10 seconds'');';
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
COMMENT ON FUNCTION llmspell.maintenance_status() IS 'What maintenance did last, task by task: whether it is still to do in this round, when a step of it ended, what it did, its last error and when that was; and since when the background worker runs. llmspell_admin only. Example: SELECT task, last_run, last_error FROM llmspell.maintenance_status();';
GRANT EXECUTE ON FUNCTION llmspell.maintenance_status() TO llmspell_admin;
