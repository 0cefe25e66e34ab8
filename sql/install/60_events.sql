-- Event log, partitioned by UTC month.
--
-- The parent carries no key and no index of its own, and the install makes no month: a month made
-- here would be a member of the extension and lose its rows in a dump, and a parent with keys makes
-- restore double those of the months. Each month carries its keys and indexes itself.

CREATE TABLE llmspell.event_log (
    tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
    event_id uuid NOT NULL,
    event_type varchar(255) COLLATE "C" NOT NULL,
    correlation_id uuid NOT NULL,
    timestamp timestamptz NOT NULL,
    sequence bigint NOT NULL,
    language varchar(50) NOT NULL,
    payload jsonb NOT NULL
) PARTITION BY RANGE (timestamp);

COMMENT ON TABLE llmspell.event_log IS 'Event log. Months are made by ensure_future_event_log_partitions() and create_event_log_partition(); each has the primary key (tenant_id, timestamp, event_id).';
COMMENT ON COLUMN llmspell.event_log.tenant_id IS 'Owner of the row.';
COMMENT ON COLUMN llmspell.event_log.event_id IS 'Names the event; unique together with its timestamp.';
COMMENT ON COLUMN llmspell.event_log.event_type IS 'Kind of event, for instance agent.state_changed.';
COMMENT ON COLUMN llmspell.event_log.correlation_id IS 'Shared by events that belong together.';
COMMENT ON COLUMN llmspell.event_log.timestamp IS 'When it happened.';
COMMENT ON COLUMN llmspell.event_log.sequence IS 'Order among events, the client''s.';
COMMENT ON COLUMN llmspell.event_log.language IS 'Where it came from: rust, lua, javascript, python, sql.';
COMMENT ON COLUMN llmspell.event_log.payload IS 'The whole event.';

COMMENT ON FUNCTION llmspell._event_log_window() IS 'How many months before and after the current one may be made: llmspell.event_log_months_back and _ahead.';

-- The one place that knows the bounds and the name of a month, whatever the session's TimeZone.
CREATE FUNCTION llmspell._event_log_month(month date, OUT name text, OUT since timestamptz, OUT until timestamptz, OUT bound text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, llmspell, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT 'event_log_' || to_char(m.first, 'YYYY_MM'), m.first, m.next,
        format('FOR VALUES FROM (''%s+00'') TO (''%s+00'')',
            to_char(m.first, 'YYYY-MM-DD HH24:MI:SS'), to_char(m.next, 'YYYY-MM-DD HH24:MI:SS'))
    FROM (SELECT date_trunc('month', month)::timestamp AT TIME ZONE 'UTC' AS first,
                 (date_trunc('month', month) + interval '1 month')::timestamp AT TIME ZONE 'UTC' AS next) AS m
$$;
COMMENT ON FUNCTION llmspell._event_log_month(date) IS 'Name, bounds (half-open) and partition bound text of the UTC month that a date lies in.';

CREATE FUNCTION llmspell._event_log_skipped(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'SKIPPED: Partition ' || name || ' already exists';
COMMENT ON FUNCTION llmspell._event_log_skipped(text) IS 'What the makers of months answer for one that is there.';

CREATE FUNCTION llmspell._event_log_has_month(month date) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
BEGIN
    -- Through pg_inherits and by bound, not by name: an advisory lock does not refresh the cache of
    -- names, and a detached month keeps its name.
    RETURN EXISTS (
        SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'llmspell.event_log'::regclass AND NOT i.inhdetachpending
          AND pg_get_expr(c.relpartbound, c.oid) = (_event_log_month(month)).bound);
END
$$;
COMMENT ON FUNCTION llmspell._event_log_has_month(date) IS 'Whether the month of a date is attached to event_log.';

CREATE FUNCTION llmspell._event_log_lock(wait boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
SET lock_timeout = '10s'
AS $$
DECLARE
    v_key constant int := 'llmspell.event_log'::regclass::oid::int;
BEGIN
    IF NOT wait THEN
        RETURN pg_try_advisory_xact_lock(v_key, 0);
    END IF;
    PERFORM pg_advisory_xact_lock(v_key, 0);
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell._event_log_lock(boolean) IS 'Makes this transaction the only one that makes months; false where another one does and wait is false. Error: 55P03 after 10 seconds.';

CREATE FUNCTION llmspell._event_log_make_month(month date) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET lock_timeout = '2s'
AS $$
DECLARE
    v_month record;
    v_window record;
    v_this_month constant date := date_trunc('month', now())::date;
    v_attempt int := 0;
BEGIN
    SELECT * INTO v_month FROM _event_log_month(month);
    IF _event_log_has_month(month) THEN
        RETURN _event_log_skipped(v_month.name);
    END IF;
    SELECT * INTO v_window FROM _event_log_window();
    IF month < v_this_month - make_interval(months => v_window.months_back)
        OR month > v_this_month + make_interval(months => v_window.months_ahead)
    THEN
        RAISE EXCEPTION 'month % lies outside the window of % months back and % ahead', to_char(month, 'YYYY-MM'),
            v_window.months_back, v_window.months_ahead
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'A superuser can widen llmspell.event_log_months_back or llmspell.event_log_months_ahead.';
    END IF;
    -- One maker at a time; who waited finds the month made.
    PERFORM _event_log_lock(wait => true);
    IF _event_log_has_month(month) THEN
        RETURN _event_log_skipped(v_month.name);
    END IF;
    IF EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relname = v_month.name) THEN
        RAISE EXCEPTION 'a relation llmspell.% exists and is no partition of event_log', v_month.name
            USING ERRCODE = 'duplicate_table', HINT = 'Attach it again, or rename it or move it to another schema.';
    END IF;
    -- LIKE and ATTACH: CREATE … PARTITION OF would lock out every reader of the log.
    EXECUTE format('CREATE TABLE llmspell.%I (LIKE llmspell.event_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', v_month.name);
    EXECUTE format('ALTER TABLE llmspell.%1$I ADD CONSTRAINT %2$I PRIMARY KEY (tenant_id, timestamp, event_id)', v_month.name, v_month.name || '_pkey');
    EXECUTE format('CREATE INDEX %2$I ON llmspell.%1$I (tenant_id, correlation_id, timestamp)', v_month.name, v_month.name || '_correlation_idx');
    EXECUTE format('CREATE INDEX %2$I ON llmspell.%1$I (tenant_id, event_type, timestamp)', v_month.name, v_month.name || '_type_idx');
    PERFORM _wall_build(format('llmspell.%I', v_month.name)::regclass);
    -- With the bound as CHECK the attach need not scan, and a later one can reuse it.
    EXECUTE format('ALTER TABLE llmspell.%I ADD CONSTRAINT %I CHECK (timestamp >= %L AND timestamp < %L)',
        v_month.name, v_month.name || '_month_check', v_month.since, v_month.until);
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE llmspell.event_log ATTACH PARTITION llmspell.%I %s', v_month.name, v_month.bound);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            v_attempt := v_attempt + 1;
            IF v_attempt = 5 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
    RETURN format('CREATED: Partition %s [%s to %s)', v_month.name, v_month.since, v_month.until);
END
$$;
COMMENT ON FUNCTION llmspell._event_log_make_month(date) IS 'Makes the UTC month that a date lies in, with its keys, indexes and wall, unless it is there. Errors: 22008 outside the window, 42P07 another relation has its name, 55P03 the log stays locked.';

CREATE FUNCTION llmspell.create_event_log_partition(start_month timestamptz, end_month timestamptz) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, pg_temp
AS $$
DECLARE
    v_month date;
BEGIN
    IF start_month IS NULL OR end_month IS NULL THEN
        RAISE EXCEPTION 'argument "%" must not be null', CASE WHEN start_month IS NULL THEN 'start_month' ELSE 'end_month' END
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- A date given as text or date arrives as midnight of the session's TimeZone.
    SELECT m.first INTO v_month
    FROM (VALUES (start_month AT TIME ZONE 'UTC', end_month AT TIME ZONE 'UTC'),
                 (start_month::timestamp, end_month::timestamp)) AS m (first, next)
    WHERE isfinite(m.first) AND m.first = date_trunc('month', m.first) AND m.next = m.first + interval '1 month'
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not one calendar month: % to %', start_month, end_month
            USING ERRCODE = 'datetime_field_overflow',
                  HINT = 'Give the first day of a month and the first day of the next, for instance 2026-11-01 and 2026-12-01.';
    END IF;
    RETURN _event_log_make_month(v_month);
END
$$;
COMMENT ON FUNCTION llmspell.create_event_log_partition(timestamptz, timestamptz) IS 'Makes one UTC month of the event log: CREATED: … or SKIPPED: …. Give the first day of the month and of the next, in UTC or in the session''s TimeZone. Errors: 22004 null, 22008 not one month, or outside llmspell.event_log_months_back (24) and _ahead (4), 42P07 another relation has its name, 55P03 the log stays locked for 10 seconds. Example: SELECT llmspell.create_event_log_partition(''2026-11-01'', ''2026-12-01'');';

CREATE FUNCTION llmspell.ensure_future_event_log_partitions() RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, pg_temp
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
            ELSE _event_log_make_month(v_month.first::date) END;
    END LOOP;
    RETURN v_answers;
END
$$;
COMMENT ON FUNCTION llmspell.ensure_future_event_log_partitions() IS 'Makes the current UTC month and the next three where they are missing; returns exactly four texts, CREATED: … or SKIPPED: …. Takes no lock where all exist, and waits for another transaction that makes months only while the current one is missing. Errors: 42P07 another relation has the name of a month, 55P03 the log stays locked. Example: SELECT llmspell.ensure_future_event_log_partitions();';
