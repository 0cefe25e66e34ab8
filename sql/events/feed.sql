CREATE OR REPLACE FUNCTION llmspell_internal._feed_cluster() RETURNS TABLE (system_identifier text, timeline int)
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '_feed_cluster_wrapper';
COMMENT ON FUNCTION llmspell_internal._feed_cluster() IS 'Identifier and timeline of the cluster; timeline 0 during recovery.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_cluster() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._feed_epoch_claim() RETURNS TABLE (epoch int, durable boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_here record;
    v_newest record;
BEGIN
    SELECT * INTO v_here FROM _feed_cluster();
    SELECT e.epoch, bool_or(e.system_identifier = v_here.system_identifier AND e.timeline = v_here.timeline) AS here,
        bool_or(e.system_identifier = v_here.system_identifier AND e.timeline = v_here.timeline AND e.added_by <> pg_current_xact_id()) AS durable
    INTO v_newest
    FROM _feed_epochs e GROUP BY e.epoch ORDER BY e.epoch DESC LIMIT 1;
    IF v_newest.here THEN
        epoch := v_newest.epoch;
        durable := v_newest.durable;
    ELSE
        epoch := coalesce(v_newest.epoch, 0) + 1;
        durable := false;
        INSERT INTO _feed_epochs (epoch, system_identifier, timeline) VALUES (epoch, v_here.system_identifier, v_here.timeline);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._feed_epoch_claim() IS 'The epoch of this cluster and timeline, added where it is new; durable: whether that is committed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_epoch_claim() TO llmspell_app;

-- Below which place everything has been decided. A statement of its own would see another snapshot.
CREATE OR REPLACE FUNCTION llmspell_internal._feed_end() RETURNS TABLE (epoch int, xid xid8)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    -- Rows of another cluster are decided, whatever their transactions were called.
    SELECT coalesce((
            SELECT e.epoch + CASE WHEN bool_or(e.system_identifier = c.system_identifier) THEN 0 ELSE 1 END
            FROM _feed_epochs e GROUP BY e.epoch ORDER BY e.epoch DESC LIMIT 1), 1),
        pg_snapshot_xmin(pg_current_snapshot())
    FROM _feed_cluster() c
$$;
COMMENT ON FUNCTION llmspell_internal._feed_end() IS 'The first place of the feed that may still change: the epoch of this cluster, and its oldest running transaction.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_end() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._feed_cursor(cursor text) RETURNS TABLE (epoch int, xid xid8, pos bigint)
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_parts constant text[] := regexp_match(cursor, '^(\d{1,10})/(\d{1,20})/(\d{1,19})$');
BEGIN
    IF cursor IS NULL OR cursor = '' THEN
        RETURN QUERY SELECT -1, '0'::xid8, 0::bigint;
    ELSIF v_parts IS NULL OR NOT pg_input_is_valid(v_parts[1], 'int') OR NOT pg_input_is_valid(v_parts[2], 'xid8')
        OR NOT pg_input_is_valid(v_parts[3], 'bigint')
    THEN
        RAISE EXCEPTION 'invalid cursor "%"', left(cursor, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give next_cursor of a row of events_after, what event_subscribe returned, or NULL for the beginning.';
    ELSE
        RETURN QUERY SELECT v_parts[1]::int, v_parts[2]::xid8, v_parts[3]::bigint;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._feed_cursor(text) IS 'The place that a cursor stands for; NULL and '''' stand for the beginning. Error: 22023.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_cursor(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.events_after(cursor text DEFAULT NULL, max_rows int DEFAULT 100)
RETURNS TABLE (next_cursor text, event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb,
               stream text, stream_version bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(max_rows);
    v_after record;
    v_end record;
BEGIN
    SELECT * INTO v_after FROM _feed_cursor(events_after.cursor);
    SELECT * INTO v_end FROM _feed_end();
    RETURN QUERY
    SELECT format('%s/%s/%s', l.feed_epoch, l.feed_xid, l.feed_pos), l.event_id, l.event_type::text, l.correlation_id, l.timestamp,
        l.sequence, l.language::text, l.payload, l.stream::text, l.stream_version
    FROM event_log l
    WHERE l.tenant_id = v_tenant
      AND (l.feed_epoch, l.feed_xid, l.feed_pos) > (v_after.epoch, v_after.xid, v_after.pos)
      AND (l.feed_epoch, l.feed_xid) < (v_end.epoch, v_end.xid)
    ORDER BY l.feed_epoch, l.feed_xid, l.feed_pos
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.events_after(text, integer) IS 'The own events after a cursor, each once, whoever wrote them and whenever they commit: those of one transaction together in the order they were written, transactions in the order of their ids. Events wait until every older transaction of the server has ended, see event_feed_lag. Each row has next_cursor, the cursor after it; no rows: nothing new, keep the cursor. cursor NULL: from the beginning. Errors: 42501 no tenant, 22004, 22023 max_rows, 22023 cursor. Example: SELECT next_cursor, event_type, payload FROM llmspell.events_after(NULL, 100);';

CREATE OR REPLACE FUNCTION llmspell_internal._feed_blocker() RETURNS TABLE (pid int, seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT b.pid, extract(epoch FROM clock_timestamp() - b.since)::double precision
    FROM (
        SELECT a.pid, a.xact_start AS since, age(a.backend_xid) AS age FROM pg_stat_activity a WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
        UNION ALL
        -- A prepared transaction has no process.
        SELECT 0, p.prepared, age(p.transaction) FROM pg_prepared_xacts p
    ) AS b
    ORDER BY b.age DESC
    LIMIT 1
$$;
COMMENT ON FUNCTION llmspell_internal._feed_blocker() IS 'The oldest transaction of the server that writes: process (0 for a prepared one) and age.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_blocker() TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.event_feed_lag()
RETURNS TABLE (held_events bigint, seconds double precision, blocker_pid int, blocker_seconds double precision)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_end record;
BEGIN
    SELECT * INTO v_end FROM _feed_end();
    SELECT count(*), coalesce(greatest(extract(epoch FROM clock_timestamp() - min(l.timestamp)), 0), 0)::double precision
    INTO held_events, seconds
    FROM event_log l
    WHERE l.tenant_id = v_tenant AND (l.feed_epoch, l.feed_xid) >= (v_end.epoch, v_end.xid);
    IF held_events > 0 AND pg_has_role(current_user, 'llmspell_admin', 'USAGE') THEN
        SELECT b.pid, b.seconds INTO blocker_pid, blocker_seconds FROM _feed_blocker() b;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.event_feed_lag() IS 'How far the feed lags behind: held_events, the own events that are committed and wait for an older transaction, and seconds since the time of the oldest of them (0 where none waits). For llmspell_admin also what they wait for: blocker_pid (0: a prepared transaction) and blocker_seconds, its age; else NULL. Error: 42501 no tenant. Example: SELECT held_events, seconds FROM llmspell.event_feed_lag();';

CREATE OR REPLACE FUNCTION llmspell_internal._event_consumer(consumer text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _require_tenant();
    IF _short_text(consumer, 'consumer', 255) = '' THEN
        RAISE EXCEPTION 'consumer must not be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN consumer;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_consumer(text) IS 'The checked name of a consumer. Errors: 42501 no tenant, 22004, 22001, 22023.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_consumer(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_subscribe(consumer text, from_now boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_found record;
BEGIN
    PERFORM _event_consumer(event_subscribe.consumer), _required(from_now, 'from_now');
    INSERT INTO event_consumers AS c (tenant_id, consumer, epoch, xid, pos)
    SELECT v_tenant, event_subscribe.consumer, CASE WHEN from_now THEN e.epoch ELSE -1 END, CASE WHEN from_now THEN e.xid ELSE '0'::xid8 END, 0
    FROM _feed_end() e
    ON CONFLICT (tenant_id, consumer) DO NOTHING;
    SELECT c.epoch, c.xid, c.pos INTO v_found FROM event_consumers c WHERE c.tenant_id = v_tenant AND c.consumer = event_subscribe.consumer;
    RETURN CASE WHEN v_found.epoch >= 0 THEN format('%s/%s/%s', v_found.epoch, v_found.xid, v_found.pos) END;
END
$$;
COMMENT ON FUNCTION llmspell.event_subscribe(text, boolean) IS 'The cursor of a consumer (1 to 255 characters), NULL at the beginning of the feed. A new consumer begins at the beginning, or with from_now at what commits from now on. Errors: 42501 no tenant, 22004 null, 22001 name too long, 22023 empty. Example: SELECT event_type, next_cursor FROM llmspell.events_after(llmspell.event_subscribe(''mailer''), 100);';

CREATE OR REPLACE FUNCTION llmspell.event_ack(consumer text, cursor text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_cursor record;
    v_now record;
BEGIN
    PERFORM _event_consumer(event_ack.consumer), _required(event_ack.cursor, 'cursor');
    SELECT * INTO v_cursor FROM _feed_cursor(event_ack.cursor);
    UPDATE event_consumers c SET epoch = v_cursor.epoch, xid = v_cursor.xid, pos = v_cursor.pos, acked_at = now()
    WHERE c.tenant_id = v_tenant AND c.consumer = event_ack.consumer AND (c.epoch, c.xid, c.pos) < (v_cursor.epoch, v_cursor.xid, v_cursor.pos);
    SELECT c.epoch, c.xid, c.pos INTO v_now FROM event_consumers c WHERE c.tenant_id = v_tenant AND c.consumer = event_ack.consumer;
    IF NOT FOUND THEN
        PERFORM _raise_missing('consumer', event_ack.consumer);
    END IF;
    RETURN CASE WHEN v_now.epoch >= 0 THEN format('%s/%s/%s', v_now.epoch, v_now.xid, v_now.pos) END;
END
$$;
COMMENT ON FUNCTION llmspell.event_ack(text, text) IS 'Remembers that a consumer has done everything up to a cursor, and returns its cursor. Never goes back: an older cursor changes nothing. Errors: 42501 no tenant, 22004 null, 22001, 22023 arguments, P0002 no such consumer. Example: SELECT llmspell.event_ack(''mailer'', ''1/1234/1'');';

CREATE OR REPLACE FUNCTION llmspell.event_unsubscribe(consumer text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _event_consumer(event_unsubscribe.consumer);
    DELETE FROM event_consumers c WHERE c.tenant_id = v_tenant AND c.consumer = event_unsubscribe.consumer;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.event_unsubscribe(text) IS 'Forgets a consumer; true where there was one. Errors: 42501 no tenant, 22004 null, 22001, 22023 arguments. Example: SELECT llmspell.event_unsubscribe(''mailer'');';
