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

-- Digits of one width, so that cursors sort as texts in the order of the feed.
CREATE OR REPLACE FUNCTION llmspell_internal._feed_cursor(epoch int, xid xid8, pos bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lpad(epoch::text, 10, '0') || '/' || lpad(xid::text, 20, '0') || '/' || lpad(pos::text, 19, '0');
COMMENT ON FUNCTION llmspell_internal._feed_cursor(integer, xid8, bigint) IS 'The cursor of a place in the feed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_cursor(integer, xid8, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._feed_place(cursor text, argument text) RETURNS TABLE (epoch int, xid xid8, pos bigint)
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    -- Leading zeros would make it octal.
    v_xid constant text := coalesce(NULLIF(ltrim(substr(cursor, 12, 20), '0'), ''), '0');
BEGIN
    IF cursor IS NULL THEN
        RETURN QUERY SELECT -1, '0'::xid8, 0::bigint;
        RETURN;
    END IF;
    IF length(cursor) = 51 AND translate(cursor, '0123456789', '') = '//' AND substr(cursor, 11, 1) = '/' AND substr(cursor, 32, 1) = '/'
        AND pg_input_is_valid(left(cursor, 10), 'int') AND pg_input_is_valid(v_xid, 'xid8') AND pg_input_is_valid(right(cursor, 19), 'bigint')
    THEN
        RETURN QUERY SELECT left(cursor, 10)::int, v_xid::xid8, right(cursor, 19)::bigint;
        RETURN;
    END IF;
    RAISE EXCEPTION '% is not a cursor of the feed: "%"', argument, left(cursor, 60) USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Give the cursor of a row of event_feed, what event_subscribe returned, or NULL for the beginning.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._feed_place(text, text) IS 'The place that a cursor of the feed stands for; NULL stands for the beginning.
Errors: 22023 not a cursor.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_place(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_feed(max_rows int DEFAULT 100, after text DEFAULT NULL) RETURNS SETOF llmspell_internal.event_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(event_feed.max_rows, 100));
    v_after record;
    v_end record;
BEGIN
    SELECT * INTO v_after FROM _feed_place(event_feed.after, 'after');
    SELECT * INTO v_end FROM _feed_end();
    RETURN QUERY
    SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _feed_cursor(l.feed_epoch, l.feed_xid, l.feed_pos)) r
    WHERE l.tenant_id = v_tenant
      AND (l.feed_epoch, l.feed_xid, l.feed_pos) > (v_after.epoch, v_after.xid, v_after.pos)
      AND (l.feed_epoch, l.feed_xid) < (v_end.epoch, v_end.xid)
    ORDER BY l.feed_epoch, l.feed_xid, l.feed_pos
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.event_feed(integer, text) IS 'Every own event once, in an order that late commits do not disturb; no rows: nothing new, keep the cursor.
Errors: 42501 no tenant, 22023 max_rows, after.
Example: SELECT event_type, payload, cursor FROM llmspell.event_feed(100);';

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
LANGUAGE plpgsql STABLE ROWS 1
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
COMMENT ON FUNCTION llmspell.event_feed_lag() IS 'How many committed own events wait for an older transaction, and since when; blocker_… for llmspell_admin only.
Errors: 42501 no tenant.
Example: SELECT held_events, seconds FROM llmspell.event_feed_lag();';

CREATE OR REPLACE FUNCTION llmspell_internal._event_consumer(consumer text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF _short_text(consumer, 'consumer', 255) = '' THEN
        RAISE EXCEPTION 'consumer must not be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN consumer;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_consumer(text) IS 'The checked name of a consumer.
Errors: 22004 null, 22001 over 255 characters, 22023 empty.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_consumer(text) TO llmspell_app;

-- Beyond the end a consumer would miss what it never got.
CREATE OR REPLACE FUNCTION llmspell_internal._feed_served(cursor text) RETURNS TABLE (epoch int, xid xid8, pos bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SELECT p.epoch, p.xid, p.pos INTO epoch, xid, pos FROM _feed_place(_feed_served.cursor, 'cursor') p;
    IF (SELECT (_feed_served.epoch, _feed_served.xid, _feed_served.pos) > (e.epoch, e.xid, 0::bigint) FROM _feed_end() e) THEN
        RAISE EXCEPTION 'cursor lies beyond what the feed has served: "%"', _feed_served.cursor USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the cursor of a row of event_feed, or what event_subscribe returned.';
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell_internal._feed_served(text) IS 'The place of a cursor that the feed may have handed out.
Errors: 22023 not a cursor, or beyond the end of the feed.';
GRANT EXECUTE ON FUNCTION llmspell_internal._feed_served(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_consumer_cursor(consumer text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_at record;
BEGIN
    SELECT c.epoch, c.xid, c.pos INTO v_at FROM event_consumers c WHERE c.tenant_id = v_tenant AND c.consumer = _event_consumer_cursor.consumer;
    IF NOT FOUND THEN
        PERFORM _raise_missing('consumer', _event_consumer_cursor.consumer);
    END IF;
    RETURN CASE WHEN v_at.epoch >= 0 THEN _feed_cursor(v_at.epoch, v_at.xid, v_at.pos) END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_consumer_cursor(text) IS 'The cursor of a consumer, NULL at the beginning of the feed.
Errors: 42501 no tenant, P0002 no such consumer.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_consumer_cursor(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_subscribe(consumer text, from_now boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_consumer constant text := _event_consumer(event_subscribe.consumer);
BEGIN
    INSERT INTO event_consumers AS c (tenant_id, consumer, epoch, xid, pos)
    SELECT v_tenant, v_consumer, CASE WHEN from_now THEN e.epoch ELSE -1 END, CASE WHEN from_now THEN e.xid ELSE '0'::xid8 END, 0
    FROM _feed_end() e
    ON CONFLICT (tenant_id, consumer) DO NOTHING;
    IF FOUND AND current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _raise_unseen('consumer', c.consumer) FROM event_consumers c
        WHERE c.tenant_id = v_tenant AND c.consumer = v_consumer GROUP BY c.consumer HAVING count(*) > 1;
    END IF;
    RETURN _event_consumer_cursor(v_consumer);
END
$$;
COMMENT ON FUNCTION llmspell.event_subscribe(text, boolean) IS 'The cursor of a consumer, which is made where it is new: at the beginning of the feed, or at its end by from_now.
Errors: 42501 no tenant, 22004 consumer null, 22001 over 255 characters, 22023 empty.
Example: SELECT event_type, cursor FROM llmspell.event_feed(100, after => llmspell.event_subscribe(''mailer''));';

CREATE OR REPLACE FUNCTION llmspell.event_ack(consumer text, cursor text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_consumer constant text := _event_consumer(event_ack.consumer);
    v_to record;
BEGIN
    PERFORM _given(event_ack.cursor, 'cursor');
    SELECT * INTO v_to FROM _feed_served(event_ack.cursor);
    UPDATE event_consumers c SET epoch = v_to.epoch, xid = v_to.xid, pos = v_to.pos, acked_at = now()
    WHERE c.tenant_id = v_tenant AND c.consumer = v_consumer AND (c.epoch, c.xid, c.pos) < (v_to.epoch, v_to.xid, v_to.pos);
    RETURN CASE WHEN FOUND THEN _feed_cursor(v_to.epoch, v_to.xid, v_to.pos) ELSE _event_consumer_cursor(v_consumer) END;
END
$$;
COMMENT ON FUNCTION llmspell.event_ack(text, text) IS 'Remembers that a consumer has done everything up to a cursor, and returns its cursor; never goes back.
Errors: 42501 no tenant, 22004 null, 22001 or 22023 consumer, 22023 cursor no cursor or not served yet, P0002 no such consumer.
Example: SELECT llmspell.event_ack(''mailer'', max(cursor)) FROM llmspell.event_feed(100, after => llmspell.event_subscribe(''mailer''));';

CREATE OR REPLACE FUNCTION llmspell.event_seek(consumer text, cursor text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_consumer constant text := _event_consumer(event_seek.consumer);
    v_to record;
BEGIN
    SELECT * INTO v_to FROM _feed_served(event_seek.cursor);
    UPDATE event_consumers c SET epoch = v_to.epoch, xid = v_to.xid, pos = v_to.pos, acked_at = now()
    WHERE c.tenant_id = v_tenant AND c.consumer = v_consumer;
    RETURN _event_consumer_cursor(v_consumer);
END
$$;
COMMENT ON FUNCTION llmspell.event_seek(text, text) IS 'Sets a consumer back, or forward, to a cursor, NULL for the beginning of the feed, and returns its cursor.
Errors: 42501 no tenant, 22004 consumer null, 22001 or 22023 consumer, 22023 cursor no cursor or not served yet, P0002 no such consumer.
Example: SELECT llmspell.event_seek(''mailer'');';

CREATE OR REPLACE FUNCTION llmspell.event_unsubscribe(consumer text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_consumer constant text := _event_consumer(event_unsubscribe.consumer);
BEGIN
    DELETE FROM event_consumers c WHERE c.tenant_id = v_tenant AND c.consumer = v_consumer;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.event_unsubscribe(text) IS 'Forgets a consumer; true where there was one.
Errors: 42501 no tenant, 22004 consumer null, 22001 over 255 characters, 22023 empty.
Example: SELECT llmspell.event_unsubscribe(''mailer'');';
