CREATE OR REPLACE FUNCTION llmspell_internal._event_log_has(at timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', '_event_log_has_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_log_has(timestamptz) IS 'Whether the log has a month for a time.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_has(timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_window() RETURNS TABLE (months_back int, months_ahead int)
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_event_log_window_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_log_window() IS 'The months before and after the current one that may be made, by llmspell.event_log_months_back and _ahead.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_window() TO llmspell_admin;

-- The one place that knows the bounds and the name of a month, whatever the session's TimeZone.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_month(month date, OUT name text, OUT since timestamptz, OUT until timestamptz, OUT bound text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT 'event_log_' || to_char(m.first, 'YYYY_MM'), m.first, m.next,
        format('FOR VALUES FROM (''%s+00'') TO (''%s+00'')',
            to_char(m.first, 'YYYY-MM-DD HH24:MI:SS'), to_char(m.next, 'YYYY-MM-DD HH24:MI:SS'))
    FROM (SELECT date_trunc('month', month)::timestamp AT TIME ZONE 'UTC' AS first,
                 (date_trunc('month', month) + interval '1 month')::timestamp AT TIME ZONE 'UTC' AS next) AS m
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_month(date) IS 'Name, half-open bounds and bound text of the UTC month that a date lies in.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_month(date) TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_month(date) TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_skipped(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'SKIPPED: Partition ' || name || ' already exists';
COMMENT ON FUNCTION llmspell_internal._event_log_skipped(text) IS 'The answer of the makers of months for a month that exists.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_months()
RETURNS TABLE (relation regclass, month date, since timestamptz, until timestamptz, detach_pending boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
    SELECT p.oid, CASE WHEN m.bound = p.bound THEN p.since::date END, p.since, p.until, p.inhdetachpending
    FROM (SELECT b.*, coalesce(substring(b.bound, '^FOR VALUES FROM \(''([^'']+)''\)')::timestamptz, '-infinity') AS since,
              coalesce(substring(b.bound, ' TO \(''([^'']+)''\)$')::timestamptz, 'infinity') AS until
          FROM (SELECT c.oid, i.inhdetachpending, pg_get_expr(c.relpartbound, c.oid) AS bound
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'llmspell.event_log'::regclass) AS b) AS p
    LEFT JOIN LATERAL _event_log_month(CASE WHEN isfinite(p.since) AND p.since < '200000-01-01' THEN p.since::date END) AS m ON true
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_months() IS 'The partitions of the log; month is NULL where the bounds are not those of one UTC month.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_months() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_has_month(month date) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
BEGIN
    -- Through pg_inherits and by bound, not by name: a detached month keeps its name.
    RETURN EXISTS (
        SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'llmspell.event_log'::regclass AND NOT i.inhdetachpending
          AND pg_get_expr(c.relpartbound, c.oid) = (_event_log_month(month)).bound);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_has_month(date) IS 'Whether the month of a date is attached to event_log.';

-- The one list of what a month has besides its primary key.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_month_indexes() RETURNS TABLE (suffix text, is_unique boolean, definition text, purpose text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    VALUES
        ('correlation_idx', false, 'USING btree (tenant_id, correlation_id, "timestamp")', 'For what belongs together.'),
        ('type_idx', false, 'USING btree (tenant_id, event_type, "timestamp")', 'For events of a type, by time.'),
        ('id_idx', false, 'USING btree (tenant_id, event_id)', 'For an event by its id, and for repeats.'),
        ('feed_idx', false, 'USING btree (tenant_id, feed_epoch, feed_xid, feed_pos)', 'For the feed.'),
        ('stream_idx', true, 'USING btree (tenant_id, stream, stream_version) WHERE (stream IS NOT NULL)', 'For streams.')
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_month_indexes() IS 'The indexes of each month beside its primary key, as pg_get_indexdef gives them.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_month_indexes() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_month_faults(target regclass) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'has no valid primary key (tenant_id, timestamp, event_id)'
    WHERE NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = target AND x.indisvalid AND x.indisprimary
                      AND pg_get_indexdef(x.indexrelid) LIKE '% USING btree (tenant_id, "timestamp", event_id)')
    UNION ALL
    SELECT 'has no valid index ' || w.definition
    FROM _event_log_month_indexes() w
    WHERE NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = target AND x.indisvalid AND x.indisunique = w.is_unique
                      AND right(pg_get_indexdef(x.indexrelid), length(w.definition) + 1) = ' ' || w.definition)
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_month_faults(regclass) IS 'Indexes that a month lacks: one text each.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_month_faults(regclass) TO llmspell_app;

-- Written once and never changed, so pages are filled, and vacuum comes for the sake of the visibility
-- map and of freezing: after a twentieth of new rows, at ten times the server''s rate (cost_delay of 10 ms
-- with a limit of 1000, as the guide has it, is that rate exactly), so that it ends before the next one is due.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_equip(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_name constant name := (SELECT c.relname FROM pg_class c WHERE c.oid = target);
    v_index record;
    v_index_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = target AND x.indisprimary) THEN
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (tenant_id, timestamp, event_id)', target, v_name || '_pkey');
    END IF;
    FOR v_index IN
        SELECT w.* FROM _event_log_month_indexes() w
        WHERE 'has no valid index ' || w.definition IN (SELECT f FROM _event_log_month_faults(target) AS f)
    LOOP
        v_index_name := v_name || '_' || v_index.suffix;
        -- The object that has the name is not the month that is wanted.
        IF EXISTS (SELECT FROM pg_class c JOIN pg_index x ON x.indexrelid = c.oid WHERE x.indrelid = target AND c.relname = v_index_name) THEN
            EXECUTE format('DROP INDEX %s', format('%I.%I', (SELECT c.relnamespace::regnamespace FROM pg_class c WHERE c.oid = target), v_index_name));
        END IF;
        EXECUTE format('CREATE %s INDEX %I ON %s %s', CASE WHEN v_index.is_unique THEN 'UNIQUE' END, v_index_name, target, v_index.definition);
    END LOOP;
    EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_scale_factor = 0.05,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 2, autovacuum_vacuum_cost_limit = 2000)', target);
    PERFORM _wall_build(target), _statistics_hide(target);
    EXECUTE format('GRANT MAINTAIN ON %s TO llmspell_admin', target);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_equip(regclass) IS 'Gives a month what it lacks of keys, indexes, storage parameters, wall and rights.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_free_name(name text, in_schema text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_name text := name;
    v_n int := 1;
BEGIN
    -- Names of indexes must be free too.
    WHILE EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = in_schema::regnamespace
                  AND c.relname IN (v_name, v_name || '_pkey', v_name || '_id_idx'))
    LOOP
        v_n := v_n + 1;
        v_name := name || '_' || v_n;
    END LOOP;
    RETURN v_name;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_free_name(text, text) IS 'The name, with a number after it where a relation has it.';

-- A lock on a table that only the owner may lock: an advisory lock anybody could take by its number.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_lock(wait boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '60s'
AS $$
BEGIN
    IF wait THEN
        LOCK TABLE llmspell._event_log_retention IN SHARE UPDATE EXCLUSIVE MODE;
    ELSE
        LOCK TABLE llmspell._event_log_retention IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;
    END IF;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    IF wait THEN
        RAISE;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_lock(boolean) IS 'Makes this transaction the only one that makes months; false where another one does and wait is false.
Errors: 55P03 after a minute.';

-- DETACH waits for every reader of the log, and later readers queue behind it: so each attempt waits less than half
-- a second, with a pause in which the queue drains.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_alter(action text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET lock_timeout = '400ms'
AS $$
DECLARE
    v_attempt int := 0;
BEGIN
    LOOP
        BEGIN
            EXECUTE 'ALTER TABLE llmspell.event_log ' || action;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            v_attempt := v_attempt + 1;
            IF v_attempt = 8 THEN
                RAISE EXCEPTION 'the event log is in use' USING ERRCODE = 'lock_not_available',
                    HINT = 'Try again when the long transactions that use it are over; llmspell.health_transactions shows them.';
            END IF;
        END;
        PERFORM pg_sleep(0.25);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_alter(text) IS 'ALTER TABLE event_log with short waits and retries.
Errors: 55P03 after 8 attempts.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_make_month(month date, in_window boolean) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
DECLARE
    v_month record;
    v_window record;
    v_this_month constant date := date_trunc('month', now())::date;
    v_first date;
    v_last date;
    v_name text;
BEGIN
    SELECT * INTO v_window FROM _event_log_window();
    v_first := v_this_month - make_interval(months => v_window.months_back);
    v_last := v_this_month + make_interval(months => v_window.months_ahead + 1) - interval '1 day';
    -- Before anything is reckoned with it: months far away overflow.
    IF in_window AND (NOT isfinite(month) OR month NOT BETWEEN v_first AND v_last) AND NOT EXISTS (
        SELECT FROM _event_log_months() m WHERE NOT m.detach_pending AND m.month = date_trunc('month', _event_log_make_month.month)::date)
    THEN
        RAISE EXCEPTION 'month % lies outside the window of % months back and % ahead', to_char(month, 'YYYY-MM'),
            v_window.months_back, v_window.months_ahead
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'A superuser can widen llmspell.event_log_months_back or llmspell.event_log_months_ahead.';
    END IF;
    SELECT * INTO v_month FROM _event_log_month(month);
    IF _event_log_has_month(month) THEN
        RETURN _event_log_skipped(v_month.name);
    END IF;
    -- One maker at a time; after waiting the month may be there.
    PERFORM _event_log_lock(wait => true);
    -- The second looks at what is there now: the first sees what the transaction's snapshot does.
    IF _event_log_has_month(month) OR _event_log_has(month::timestamptz) THEN
        RETURN _event_log_skipped(v_month.name);
    END IF;
    v_name := _event_log_free_name(v_month.name, 'llmspell');
    IF v_name <> v_month.name THEN
        RAISE WARNING 'a relation llmspell.% exists and is no partition of event_log: the month becomes llmspell.%', v_month.name, v_name
            USING HINT = format('Where it holds the events of the month, copy them: INSERT INTO llmspell.event_log SELECT * FROM llmspell.%I;', v_month.name);
    END IF;
    -- LIKE and ATTACH: CREATE … PARTITION OF would lock out every reader of the log.
    EXECUTE format('CREATE TABLE llmspell.%I (LIKE llmspell.event_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', v_name);
    PERFORM _event_log_equip(format('llmspell.%I', v_name)::regclass);
    -- With the bound as CHECK the attach need not scan, and a later one can reuse it.
    EXECUTE format('ALTER TABLE llmspell.%I ADD CONSTRAINT %I CHECK (timestamp >= %L AND timestamp < %L)',
        v_name, v_name || '_month_check', v_month.since, v_month.until);
    PERFORM _event_log_alter(format('ATTACH PARTITION llmspell.%I %s', v_name, v_month.bound));
    RETURN format('CREATED: Partition %s [%s to %s)', v_name, v_month.since, v_month.until);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_make_month(date, boolean) IS 'Makes the UTC month of a date, with its keys, indexes and wall, unless it exists.
Errors: 22008 outside the window where that is asked for, 55P03 the log stays locked.';

CREATE OR REPLACE FUNCTION llmspell.create_event_log_partition(partition_start timestamptz, partition_end timestamptz) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_month date;
BEGIN
    PERFORM _given(partition_start, 'partition_start'), _given(partition_end, 'partition_end');
    -- A date given as text or date arrives as midnight of the session's TimeZone.
    SELECT m.first INTO v_month
    FROM (VALUES (partition_start AT TIME ZONE 'UTC', partition_end AT TIME ZONE 'UTC'),
                 (partition_start::timestamp, partition_end::timestamp)) AS m (first, next)
    WHERE isfinite(m.first) AND m.first = date_trunc('month', m.first) AND m.next = m.first + interval '1 month'
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not one calendar month: % to %', partition_start, partition_end
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'Give the first day of a month and the first day of the next, for instance 2026-11-01 and 2026-12-01.';
    END IF;
    RETURN _event_log_make_month(v_month, in_window => true);
END
$$;
COMMENT ON FUNCTION llmspell.create_event_log_partition(timestamptz, timestamptz) IS 'Makes one UTC month of the event log, from its first day to the first day of the next: CREATED: … or SKIPPED: ….
Errors: 22004 null, 22008 not one month, or outside the window of months, 55P03 the log stays locked.
Example: SELECT llmspell.create_event_log_partition(''2026-11-01'', ''2026-12-01'');';

CREATE OR REPLACE FUNCTION llmspell.ensure_future_event_log_partitions() RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
DECLARE
    v_there constant text[] := ARRAY(
        SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'llmspell.event_log'::regclass AND NOT i.inhdetachpending);
    v_month record;
    v_answers text[];
BEGIN
    -- Clients call this before every event: where all months are there, one look at the catalog must do,
    -- and nobody waits for another's open transaction while this month is there.
    FOR v_month IN
        SELECT d.first, m.name, m.bound
        FROM generate_series(date_trunc('month', now()), date_trunc('month', now()) + interval '3 months', '1 month') AS d (first)
        CROSS JOIN LATERAL _event_log_month(d.first::date) AS m
        ORDER BY d.first
    LOOP
        v_answers := v_answers || CASE
            WHEN v_month.bound = ANY (v_there) THEN _event_log_skipped(v_month.name)
            WHEN v_month.first > now() AND NOT _event_log_lock(wait => false)
                THEN 'SKIPPED: Partition ' || v_month.name || ' is being made by another transaction'
            ELSE _event_log_make_month(v_month.first::date, in_window => true) END;
    END LOOP;
    RETURN v_answers;
END
$$;
COMMENT ON FUNCTION llmspell.ensure_future_event_log_partitions() IS 'Makes the current UTC month and the next three where they are missing; four texts, CREATED: … or SKIPPED: ….
Errors: 55P03 the log stays locked.
Example: SELECT llmspell.ensure_future_event_log_partitions();';

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_cover(at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
    IF NOT isfinite(_event_log_cover.at) THEN
        RAISE EXCEPTION 'an event must have a finite time, got %', _event_log_cover.at USING ERRCODE = 'datetime_field_overflow';
    END IF;
    PERFORM _event_log_make_month(_event_log_cover.at::date, in_window => true);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_cover(timestamptz) IS 'Makes the month of an event where it is missing.
Errors: 22008 infinite, or outside the window of months.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_cover(timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_open(month date) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
    PERFORM _event_log_make_month(_event_log_open.month, in_window => false);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_open(date) IS 'Makes a month for past events, also outside the window.
Errors: 55P03 the log stays locked.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_open(date) TO llmspell_admin;
