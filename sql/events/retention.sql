CREATE OR REPLACE FUNCTION llmspell_internal._retention_before(before timestamptz, argument text) RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _given(before, argument);
    -- A day for clients whose clocks run ahead.
    IF before NOT BETWEEN '1970-01-01 00:00:00+00' AND now() + interval '1 day' THEN
        RAISE EXCEPTION '% must lie between 1970 and now, got %', argument, before USING ERRCODE = 'datetime_field_overflow',
            HINT = 'Give the time before which things may go, for instance now() - interval ''1 year''.';
    END IF;
    RETURN before;
END
$$;
COMMENT ON FUNCTION llmspell_internal._retention_before(timestamptz, text) IS 'The checked time before which things are removed.
Errors: 22004 null, 22008 infinite, before 1970 or in the future.';
GRANT EXECUTE ON FUNCTION llmspell_internal._retention_before(timestamptz, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._retention_keep(keep interval) RETURNS interval
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    -- Compared as moments: intervals compare with months of 30 days.
    -- CASE, since intervals that reach far back leave the range of timestamps.
    IF (CASE WHEN keep < interval '1 hour' OR NOT isfinite(keep) THEN true
            ELSE now() - keep NOT BETWEEN '1970-01-01 00:00:00+00' AND now() - interval '1 hour' END)
    THEN
        RAISE EXCEPTION 'keep must be between one hour and the time since 1970, got %', keep USING ERRCODE = 'invalid_parameter_value',
            HINT = 'To keep for ever, give NULL.';
    END IF;
    RETURN keep;
END
$$;
COMMENT ON FUNCTION llmspell_internal._retention_keep(interval) IS 'A checked time to keep things, or NULL.
Errors: 22023 less than an hour, infinite, or reaching back beyond 1970, 22008 beyond the first timestamp.';
GRANT EXECUTE ON FUNCTION llmspell_internal._retention_keep(interval) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_log_retention_set(keep interval, mode text DEFAULT 'drop') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM _retention_keep(event_log_retention_set.keep);
    IF event_log_retention_set.keep IS NULL THEN
        DELETE FROM _event_log_retention;
        RETURN;
    END IF;
    event_log_retention_set.mode := coalesce(event_log_retention_set.mode, 'drop');
    IF event_log_retention_set.mode NOT IN ('drop', 'detach', 'archive') THEN
        RAISE EXCEPTION 'mode must be drop, detach or archive, got "%"', left(event_log_retention_set.mode, 60)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO _event_log_retention (keep, mode) VALUES (event_log_retention_set.keep, event_log_retention_set.mode)
    ON CONFLICT (only_row) DO UPDATE SET keep = EXCLUDED.keep, mode = EXCLUDED.mode, changed_at = now();
END
$$;
COMMENT ON FUNCTION llmspell.event_log_retention_set(interval, text) IS 'How long months are kept after their end, for all tenants, and whether they are then dropped, detached or archived.
Errors: 22023 keep or mode, 22008 keep beyond the first timestamp.
Example: SELECT llmspell.event_log_retention_set(''2 years'', ''archive'');';
GRANT EXECUTE ON FUNCTION llmspell.event_log_retention_set(interval, text) TO llmspell_admin;

-- By the CHECK that every month has from its making, not by name: tables get new names.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_detached() RETURNS TABLE (relation regclass, month date, is_archived boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
    SELECT DISTINCT k.oid, k.first, k.relnamespace = 'llmspell_archive'::regnamespace
    FROM (SELECT c.oid, c.relnamespace, pg_get_constraintdef(n.oid) AS definition,
              substring(pg_get_constraintdef(n.oid), '>= ''(\d{4,6}-\d\d-01) 00:00:00\+00''')::date AS first
          FROM pg_class c JOIN pg_constraint n ON n.conrelid = c.oid AND n.contype = 'c' AND n.convalidated
          WHERE c.relnamespace IN ('llmspell'::regnamespace, 'llmspell_archive'::regnamespace)
            AND c.relkind = 'r' AND NOT c.relispartition AND c.relname LIKE 'event\_log\_%') AS k
    CROSS JOIN LATERAL _event_log_month(k.first) AS m
    WHERE k.definition = format('CHECK ((("timestamp" >= ''%s+00''::timestamp with time zone) AND ("timestamp" < ''%s+00''::timestamp with time zone)))',
        m.since AT TIME ZONE 'UTC', m.until AT TIME ZONE 'UTC')
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_detached() IS 'Months that were detached or archived.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_detached() TO llmspell_app;
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_detached() TO llmspell_tenants;

CREATE OR REPLACE FUNCTION llmspell.event_log_retention_get() RETURNS TABLE (keep interval, mode text, updated_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT r.keep, r.mode, r.changed_at FROM _event_log_retention r
$$;
COMMENT ON FUNCTION llmspell.event_log_retention_get() IS 'Returns the settings of event_log_retention_set; no row: months are kept for ever.
Example: SELECT keep, mode FROM llmspell.event_log_retention_get();';
GRANT EXECUTE ON FUNCTION llmspell.event_log_retention_get() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.event_log_partition_list(max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (month date, partition text, rows bigint, bytes bigint, state text, misaligned boolean, cursor text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
AS $$
    WITH there AS (
        SELECT m.relation, coalesce(m.month, CASE WHEN isfinite(m.since) THEN date_trunc('month', m.since)::date END) AS month,
            CASE WHEN m.detach_pending THEN 'detach pending' ELSE 'attached' END AS state, m.month IS NULL AS misaligned
        FROM _event_log_months() m
        UNION ALL
        SELECT k.relation, k.month, CASE WHEN k.is_archived THEN 'archived' ELSE 'detached' END, false FROM _event_log_detached() k
    ), listed AS (
        SELECT coalesce(t.month, '-infinity') AS place, t.month, t.relation::text AS partition,
            greatest(c.reltuples::bigint, pg_stat_get_live_tuples(t.relation), 0) AS rows, pg_total_relation_size(t.relation) AS bytes, t.state, t.misaligned
        FROM there t JOIN pg_class c ON c.oid = t.relation
        UNION ALL
        -- Gaps: events of these months are refused to raw writers.
        SELECT g.first::date, g.first::date, NULL, NULL, NULL, 'missing', false
        FROM generate_series((SELECT least(min(t.month), date_trunc('month', now())) FROM there t WHERE t.state = 'attached'),
            (SELECT greatest(max(t.month), date_trunc('month', now()) + interval '3 months') FROM there t WHERE t.state = 'attached'), '1 month') AS g (first)
        WHERE NOT EXISTS (SELECT FROM _event_log_months() m WHERE NOT m.detach_pending
                          AND m.since <= g.first AND m.until >= g.first + interval '1 month')
    )
    SELECT l.month, l.partition, l.rows, l.bytes, l.state, l.misaligned, _cursor(l.place, coalesce(l.partition, ''))
    FROM listed l
    WHERE after IS NULL OR (l.place, coalesce(l.partition, '') COLLATE "C") > (_cursor_at(after), _cursor_id(after) COLLATE "C")
    ORDER BY l.place, coalesce(l.partition, '') COLLATE "C"
    LIMIT _max_rows(coalesce(max_rows, 100))
$$;
COMMENT ON FUNCTION llmspell.event_log_partition_list(integer, text) IS 'The months of the event log, all tenants together, with those that were detached or archived and the gaps.
Errors: 22023 max_rows, after.
Example: SELECT month, state, rows, bytes FROM llmspell.event_log_partition_list();';
GRANT EXECUTE ON FUNCTION llmspell.event_log_partition_list(integer, text) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_past(month date) RETURNS date
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
AS $$
BEGIN
    PERFORM _given(month, 'month');
    IF NOT isfinite(month) OR month >= date_trunc('month', now())::date OR month < '1970-01-01' THEN
        RAISE EXCEPTION 'month must be over and not before 1970, got %', month USING ERRCODE = 'datetime_field_overflow',
            HINT = 'Give a date of a month before the current one, in UTC.';
    END IF;
    RETURN date_trunc('month', month)::date;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_past(date) IS 'The first day of a month that is over.
Errors: 22004 null, 22008 infinite, current, in the future or before 1970.';

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_detach(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _event_log_alter(format('DETACH PARTITION %s', target));
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_detach(regclass) IS 'Detaches a month.
Errors: 55P03 the log is in use.';

-- Indexes move with their table, and their names must be free there too.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_move(target regclass, to_schema text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_name constant text := (SELECT c.relname FROM pg_class c WHERE c.oid = target);
    v_new constant text := _event_log_free_name(v_name, to_schema);
    v_index record;
BEGIN
    IF v_new <> v_name THEN
        EXECUTE format('ALTER TABLE %s RENAME TO %I', target, v_new);
        FOR v_index IN
            SELECT x.indexrelid::regclass AS name, v_new || substr(c.relname, length(v_name) + 1) AS new_name
            FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
            WHERE x.indrelid = target AND starts_with(c.relname, v_name || '_')
        LOOP
            EXECUTE format('ALTER INDEX %s RENAME TO %I', v_index.name, v_index.new_name);
        END LOOP;
    END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA %I', target, to_schema);
    RETURN v_new;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_move(regclass, text) IS 'Moves a detached month to another schema, and returns the name that it has there.';

CREATE OR REPLACE FUNCTION llmspell.event_log_archive(month date) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_month constant date := _event_log_past(event_log_archive.month);
    v_relation regclass;
    v_attached boolean;
    v_name text;
    v_new text;
BEGIN
    PERFORM _event_log_lock(wait => true);
    SELECT f.relation, f.attached INTO v_relation, v_attached
    FROM (SELECT m.relation, true AS attached FROM _event_log_months() m WHERE m.month = v_month AND NOT m.detach_pending
          UNION ALL
          SELECT k.relation, false FROM _event_log_detached() k WHERE k.month = v_month AND NOT k.is_archived) AS f
    ORDER BY f.attached DESC, f.relation
    LIMIT 1;
    IF NOT FOUND THEN
        PERFORM _raise_missing('month', to_char(v_month, 'YYYY-MM'));
    END IF;
    IF v_attached THEN
        PERFORM _event_log_detach(v_relation);
    END IF;
    SELECT c.relname INTO v_name FROM pg_class c WHERE c.oid = v_relation;
    v_new := _event_log_move(v_relation, 'llmspell_archive');
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, llmspell_app', v_relation);
    RETURN format('ARCHIVED: Partition %s to llmspell_archive.%s', v_name, v_new);
END
$$;
COMMENT ON FUNCTION llmspell.event_log_archive(date) IS 'Moves a month that is over (any date of it) out of the event log into schema llmspell_archive.
Errors: 22004 null, 22008 month, P0002 no such month, 55P03 the log stays in use.
Example: SELECT llmspell.event_log_archive(''2026-01-01'');';
GRANT EXECUTE ON FUNCTION llmspell.event_log_archive(date) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.event_log_attach(month date) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_month record;
    v_kept record;
    v_column record;
BEGIN
    IF NOT isfinite(_given(event_log_attach.month, 'month')) OR event_log_attach.month NOT BETWEEN '1970-01-01' AND '9999-12-31' THEN
        RAISE EXCEPTION 'month must lie between 1970 and 9999, got %', event_log_attach.month USING ERRCODE = 'datetime_field_overflow';
    END IF;
    SELECT m.*, date_trunc('month', event_log_attach.month)::date AS first INTO v_month FROM _event_log_month(event_log_attach.month) m;
    PERFORM _event_log_lock(wait => true);
    SELECT k.relation, k.is_archived, c.relname, c.relowner::regrole AS owner INTO v_kept
    FROM _event_log_detached() k JOIN pg_class c ON c.oid = k.relation
    WHERE k.month = v_month.first
    ORDER BY k.is_archived, length(c.relname), c.relname
    LIMIT 1;
    IF NOT FOUND THEN
        PERFORM _raise_missing('detached or archived month', to_char(v_month.first, 'YYYY-MM'));
    END IF;
    IF _event_log_has_month(v_month.first) THEN
        RAISE EXCEPTION 'month % is attached already, % holds events of it too', to_char(v_month.first, 'YYYY-MM'), v_kept.relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format('As a superuser, copy them: INSERT INTO llmspell.event_log SELECT * FROM %s;', v_kept.relation);
    END IF;
    IF v_kept.owner <> 'llmspell_owner'::regrole THEN
        RAISE EXCEPTION '% belongs to %', v_kept.relation, v_kept.owner USING ERRCODE = 'insufficient_privilege',
            HINT = format('As a superuser: ALTER TABLE %s OWNER TO llmspell_owner;', v_kept.relation);
    END IF;
    -- One that was archived by an older version: its rows come before the feed.
    FOR v_column IN
        SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS expression
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = 'llmspell.event_log'::regclass AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attname NOT IN (SELECT o.attname FROM pg_attribute o WHERE o.attrelid = v_kept.relation AND o.attnum > 0 AND NOT o.attisdropped)
        ORDER BY a.attnum
    LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s %s %s %s', v_kept.relation, v_column.attname, v_column.type,
            CASE WHEN v_column.type LIKE 'character%' THEN 'COLLATE "C"' END,
            CASE v_column.attname WHEN 'feed_epoch' THEN 'DEFAULT 0' WHEN 'feed_xid' THEN format('DEFAULT %L::xid8', pg_current_xact_id())
                 WHEN 'feed_pos' THEN 'DEFAULT llmspell_internal._feed_pos()' END,
            CASE WHEN v_column.attnotnull THEN 'NOT NULL' END);
        IF v_column.expression IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', v_kept.relation, v_column.attname, v_column.expression);
        END IF;
    END LOOP;
    IF v_kept.is_archived THEN
        PERFORM _event_log_move(v_kept.relation, 'llmspell');
    END IF;
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, llmspell_app', v_kept.relation);
    PERFORM _event_log_equip(v_kept.relation);
    PERFORM _event_log_alter(format('ATTACH PARTITION %s %s', v_kept.relation, v_month.bound));
    RETURN format('ATTACHED: Partition %s', (SELECT c.relname FROM pg_class c WHERE c.oid = v_kept.relation));
END
$$;
COMMENT ON FUNCTION llmspell.event_log_attach(date) IS 'Brings a month (any date of it) that was detached, archived or restored from a file back into the event log.
Errors: 22004 null, 22008 month, P0002 there is none, 55000 attached already, 42501 the table belongs to somebody else, 55P03 the log stays in use.
Example: SELECT llmspell.event_log_attach(''2026-01-01'');';
GRANT EXECUTE ON FUNCTION llmspell.event_log_attach(date) TO llmspell_admin;

-- Anybody may make a view of a month, also one that fails when it is read.
CREATE OR REPLACE FUNCTION llmspell_internal._event_log_drop(target regclass) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_name constant text := (SELECT c.relname FROM pg_class c WHERE c.oid = target);
    v_kept_by text := (
        SELECT string_agg(DISTINCT format('%s of %s', pg_describe_object('pg_class'::regclass, v.oid, 0), v.relowner::regrole), ', ')
        FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = target);
BEGIN
    IF v_kept_by IS NULL THEN
        BEGIN
            -- Detached first: that waits in short turns, a DROP would wait in one.
            PERFORM _event_log_detach(target);
            EXECUTE format('DROP TABLE %s', target);
            RETURN format('DROPPED: Partition %s', v_name);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            GET STACKED DIAGNOSTICS v_kept_by = PG_EXCEPTION_DETAIL;
        END;
    END IF;
    RETURN format('KEPT: Partition %s is used by %s', v_name, v_kept_by);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_drop(regclass) IS 'Drops a month, or tells what depends on it.
Errors: 55P03 the log is in use.';

CREATE OR REPLACE FUNCTION llmspell.cleanup_old_event_log_partitions(before_date timestamptz) RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
DECLARE
    v_before constant timestamptz := _retention_before(before_date, 'before_date');
    v_month record;
    v_answers text[];
BEGIN
    PERFORM _event_log_lock(wait => true);
    FOR v_month IN
        SELECT m.relation FROM _event_log_months() m
        WHERE m.until <= least(v_before, date_trunc('month', now())) AND NOT m.detach_pending
        ORDER BY m.since
    LOOP
        v_answers := v_answers || _event_log_drop(v_month.relation);
    END LOOP;
    RETURN coalesce(v_answers, ARRAY['No partitions to drop']);
END
$$;
COMMENT ON FUNCTION llmspell.cleanup_old_event_log_partitions(timestamptz) IS 'Drops the months that ended by a time, never the current one, with the events of all tenants in them.
Errors: 22004 null, 22008 infinite, before 1970 or in the future, 55P03 the log stays in use.
Example: SELECT llmspell.cleanup_old_event_log_partitions(now() - interval ''2 years'');';
GRANT EXECUTE ON FUNCTION llmspell.cleanup_old_event_log_partitions(timestamptz) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell_internal._event_log_retain(max_months int) RETURNS text[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_retention record;
    v_month record;
    v_answer text;
    v_answers text[];
    v_removed int := 0;
BEGIN
    SELECT r.mode, least(_retention_before(now() - r.keep, 'keep'), date_trunc('month', now())) AS before INTO v_retention FROM _event_log_retention r;
    IF NOT FOUND THEN
        RETURN v_answers;
    END IF;
    FOR v_month IN
        SELECT m.relation, m.month, c.relname FROM _event_log_months() m JOIN pg_class c ON c.oid = m.relation
        WHERE m.until <= v_retention.before AND NOT m.detach_pending AND (m.month IS NOT NULL OR v_retention.mode <> 'archive')
        ORDER BY m.since
    LOOP
        PERFORM _event_log_lock(wait => true);
        CASE v_retention.mode
            WHEN 'drop' THEN
                v_answer := _event_log_drop(v_month.relation);
            WHEN 'detach' THEN
                PERFORM _event_log_detach(v_month.relation);
                v_answer := format('DETACHED: Partition %s', v_month.relname);
            WHEN 'archive' THEN
                v_answer := event_log_archive(v_month.month);
        END CASE;
        v_answers := v_answers || v_answer;
        IF v_answer NOT LIKE 'KEPT: %' THEN
            v_removed := v_removed + 1;
            EXIT WHEN v_removed = max_months;
        END IF;
    END LOOP;
    RETURN v_answers;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_log_retain(integer) IS 'Removes at most so many months that are no longer kept, and tells which of them cannot go; NULL where there was none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_log_retain(integer) TO llmspell_admin;
