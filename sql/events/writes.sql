CREATE OR REPLACE FUNCTION llmspell_internal._event_dedup_window() RETURNS int
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_event_dedup_window_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_dedup_window() IS 'llmspell.event_dedup_window, seconds.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_dedup_window() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_concealed(ids uuid[], since timestamptz, until timestamptz) RETURNS boolean
LANGUAGE c VOLATILE STRICT
AS 'MODULE_PATHNAME', '_event_concealed_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_concealed(uuid[], timestamptz, timestamptz) IS 'Whether an event with one of the ids is committed, but not in the snapshot of this transaction.';

-- The unique index makes a second transaction with the same id wait for the first one, without an entry in the
-- server's lock table, which is small and shared by all tenants. The row is deleted at once: others still wait for
-- the transaction, and nothing is left of it but a dead row.
CREATE OR REPLACE FUNCTION llmspell_internal._event_claim(ids uuid[], since timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_place tid;
    v_places tid[];
BEGIN
    IF cardinality(ids) = 1 THEN
        INSERT INTO _event_ids AS i (tenant_id, event_id) VALUES (v_tenant, ids[1]) RETURNING i.ctid INTO v_place;
        DELETE FROM _event_ids i WHERE i.ctid = v_place;
    ELSE
        WITH claimed AS (
            INSERT INTO _event_ids AS i (tenant_id, event_id)
            -- In one order, so that two with common ids do not wait for each other.
            SELECT DISTINCT v_tenant, u.id FROM unnest(ids) AS u (id) ORDER BY 2
            RETURNING i.ctid
        )
        SELECT array_agg(c.ctid) INTO v_places FROM claimed c;
        DELETE FROM _event_ids i WHERE i.ctid = ANY (v_places);
    END IF;
    IF _event_concealed(ids, since, until) THEN
        RAISE EXCEPTION 'another transaction appended an event with this id after the snapshot of this one' USING ERRCODE = 'serialization_failure',
            HINT = 'Run the transaction again.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_claim(uuid[], timestamptz, timestamptz) IS 'Waits for other transactions that append events with these ids, and makes later ones wait for this one.
Errors: 40001 such an event, from since to until, was committed after the snapshot.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_claim(uuid[], timestamptz, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_known(event_id uuid, near timestamptz) RETURNS TABLE (sequence bigint, at timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Planning for the months would take longer than all else.
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_window constant interval := make_interval(secs => _event_dedup_window());
BEGIN
    PERFORM _event_claim(ARRAY[_event_known.event_id], near - v_window, near + v_window);
    RETURN QUERY
    SELECT l.sequence, l.timestamp
    FROM event_log l
    WHERE l.tenant_id = v_tenant AND l.event_id = _event_known.event_id AND l.timestamp >= near - v_window AND l.timestamp <= ANY (ARRAY[near + v_window])
    ORDER BY l.timestamp
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_known(uuid, timestamptz) IS 'The oldest event with an id around a time, if any; locks the id until the end of the transaction.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_known(uuid, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_micros(at timestamptz) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_event_micros_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_micros(timestamptz) IS 'Microseconds since 1970, the sequence of an event that brings none.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_micros(timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_id() RETURNS uuid
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_event_id_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_id() IS 'A UUID of version 7, as uuidv7() makes them, and cheaper.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_id() TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_append(event_type text, payload jsonb, correlation_id uuid DEFAULT NULL, event_id uuid DEFAULT NULL,
                                      at timestamptz DEFAULT NULL, language text DEFAULT 'sql', sequence bigint DEFAULT NULL)
RETURNS TABLE (event_id uuid, sequence bigint, at timestamptz, created boolean)
    VOLATILE PARALLEL UNSAFE ROWS 1 LANGUAGE c AS 'MODULE_PATHNAME', 'event_append_wrapper';
COMMENT ON FUNCTION llmspell.event_append(text, jsonb, uuid, uuid, timestamptz, text, bigint) IS 'Appends an event, once for an event_id of the caller''s, and makes its month where it is missing.
Errors: 42501 no tenant, 22004 null, 22001 a text too long, 22023 a text empty, 22008 at infinite or outside the window of months, 23505 the same id and time where the window is shorter, 40001 the id was committed after the snapshot, 25006 on a standby.
Example: SELECT event_id, at FROM llmspell.event_append(''agent.started'', ''{"agent": "a1"}'');';

CREATE OR REPLACE FUNCTION llmspell_internal._event_bad(events jsonb, n bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_event constant jsonb := events -> (n - 1)::int;
BEGIN
    RAISE EXCEPTION 'event % of the array %', n,
        CASE WHEN v_event ->> 'event_type' IS NULL THEN 'has no event_type'
             WHEN length(v_event ->> 'event_type') NOT BETWEEN 1 AND 255 THEN 'has an event_type that is empty or longer than 255 characters'
             WHEN v_event ->> 'payload' IS NULL THEN 'has no payload'
             ELSE 'has a language that is empty or longer than 50 characters' END
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'An event is an object with event_type and payload, and may have correlation_id, event_id, at, language and sequence.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_bad(jsonb, bigint) IS 'Raises 22023 for an event of an array that cannot be written.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_bad(jsonb, bigint) TO llmspell_app;

-- All ways to append many lead here. ids and times are looked for only where some event brings its own.
CREATE OR REPLACE FUNCTION llmspell_internal._events_insert(events jsonb, stream text, first_version bigint)
RETURNS TABLE (event_id uuid, sequence bigint, at timestamptz, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_window constant interval := make_interval(secs => _event_dedup_window());
    v_now constant timestamptz := clock_timestamp();
    v_first timestamptz := v_now;
    v_last timestamptz := v_now;
    v_ids uuid[];
    v_month timestamptz;
    v_epoch int;
    v_xid xid8;
BEGIN
    IF jsonb_typeof(_given(_events_insert.events, 'events')) <> 'array' THEN
        RAISE EXCEPTION 'events must be a JSON array, got a JSON %', jsonb_typeof(_events_insert.events) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Looks into the array where it lies; taking it apart would copy every event.
    IF jsonb_path_exists(_events_insert.events, '$[*].event_id') OR jsonb_path_exists(_events_insert.events, '$[*].at') THEN
        SELECT coalesce(min(e.at), v_now), coalesce(max(e.at), v_now), array_agg(e.event_id) FILTER (WHERE e.event_id IS NOT NULL)
        INTO v_first, v_last, v_ids
        FROM jsonb_to_recordset(_events_insert.events) AS e (at timestamptz, event_id uuid);
        v_first := least(v_first, v_now);
        v_last := greatest(v_last, v_now);
        FOR v_month IN
            SELECT DISTINCT ON (CASE WHEN isfinite(e.at) THEN date_trunc('month', e.at, 'UTC') ELSE e.at END) e.at
            FROM jsonb_to_recordset(_events_insert.events) AS e (at timestamptz) WHERE e.at IS NOT NULL
        LOOP
            IF NOT _event_log_has(v_month) THEN
                PERFORM _event_log_cover(v_month);
            END IF;
        END LOOP;
        -- Those of a stream are claimed before its head is locked.
        IF v_ids IS NOT NULL AND _events_insert.stream IS NULL THEN
            PERFORM _event_claim(v_ids, v_first - v_window, v_last + v_window);
        END IF;
    END IF;
    IF NOT _event_log_has(v_now) THEN
        PERFORM _event_log_cover(v_now);
    END IF;
    IF v_ids IS NULL THEN
        -- The values of the defaults, for all rows at once.
        v_epoch := _feed_epoch();
        v_xid := pg_current_xact_id();
        RETURN QUERY
        INSERT INTO event_log AS l (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload, feed_epoch, feed_xid, feed_pos, stream, stream_version)
        SELECT v_tenant, i.id, i.event_type, coalesce(i.correlation_id, i.id), i.at, coalesce(i.sequence, _event_micros(i.at)),
            coalesce(i.language, 'sql'), i.payload, v_epoch, v_xid, _feed_pos(), _events_insert.stream, _events_insert.first_version + i.n - 1
        FROM (SELECT CASE WHEN length(e.event_type) BETWEEN 1 AND 255 AND e.payload IS NOT NULL AND (e.language IS NULL OR length(e.language) BETWEEN 1 AND 50)
                  THEN e.event_type ELSE _event_bad(_events_insert.events, e.n) END AS event_type,
                  e.payload, e.correlation_id, e.language, e.sequence, e.n,
                  _event_id() AS id, coalesce(e.at, clock_timestamp()) AS at
              FROM ROWS FROM (jsonb_to_recordset(_events_insert.events)
                  AS (event_type text, payload jsonb, correlation_id uuid, at timestamptz, language text, sequence bigint))
                  WITH ORDINALITY AS e (event_type, payload, correlation_id, at, language, sequence, n)) AS i
        RETURNING l.event_id, l.sequence, l.timestamp, true;
        RETURN;
    END IF;
    RETURN QUERY
    WITH given AS MATERIALIZED (
        SELECT CASE WHEN length(e.event_type) BETWEEN 1 AND 255 AND e.payload IS NOT NULL AND (e.language IS NULL OR length(e.language) BETWEEN 1 AND 50)
                THEN e.event_type ELSE _event_bad(_events_insert.events, e.n) END AS event_type,
            e.payload, e.correlation_id, e.language, e.sequence, e.n, e.event_id AS own_id,
            coalesce(e.event_id, _event_id()) AS id, coalesce(e.at, clock_timestamp()) AS at,
            e.event_id IS NOT NULL AND row_number() OVER (PARTITION BY e.event_id ORDER BY e.n) > 1 AS is_repeat
        FROM ROWS FROM (jsonb_to_recordset(_events_insert.events)
            AS (event_type text, payload jsonb, correlation_id uuid, event_id uuid, at timestamptz, language text, sequence bigint))
            WITH ORDINALITY AS e (event_type, payload, correlation_id, event_id, at, language, sequence, n)
    ), known AS MATERIALIZED (
        SELECT l.event_id, l.sequence, l.timestamp
        FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.event_id = ANY (v_ids) AND l.timestamp >= v_first - v_window AND l.timestamp <= v_last + v_window
    ), sorted AS MATERIALIZED (
        SELECT g.*, k.event_id AS known_id, k.sequence AS known_sequence, k.timestamp AS known_at
        FROM given g
        LEFT JOIN LATERAL (
            SELECT * FROM known k
            WHERE k.event_id = g.own_id AND k.timestamp BETWEEN g.at - v_window AND g.at + v_window
            ORDER BY k.timestamp LIMIT 1) AS k ON true
    ), written AS (
        INSERT INTO event_log AS l (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload, stream, stream_version)
        SELECT v_tenant, s.id, s.event_type, coalesce(s.correlation_id, s.id), s.at, coalesce(s.sequence, _event_micros(s.at)),
            coalesce(s.language, 'sql'), s.payload, _events_insert.stream, _events_insert.first_version + s.n - 1
        FROM sorted s WHERE s.known_id IS NULL AND NOT s.is_repeat
        ORDER BY s.n
        RETURNING l.event_id, l.sequence, l.timestamp
    )
    SELECT s.id, coalesce(s.known_sequence, w.sequence), coalesce(s.known_at, w.timestamp), s.known_id IS NULL AND NOT s.is_repeat
    FROM sorted s
    LEFT JOIN written w ON w.event_id = s.id
    ORDER BY s.n;
END
$$;
COMMENT ON FUNCTION llmspell_internal._events_insert(jsonb, text, bigint) IS 'Checks and writes an array of events; in a stream from the version on.';
GRANT EXECUTE ON FUNCTION llmspell_internal._events_insert(jsonb, text, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_append_many(events jsonb)
RETURNS TABLE (event_id uuid, sequence bigint, at timestamptz, created boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT i.event_id, i.sequence, i.at, i.created FROM llmspell_internal._events_insert(event_append_many.events, NULL, NULL) i;
END;
COMMENT ON FUNCTION llmspell.event_append_many(jsonb) IS 'Appends an array of events, all or none, and answers in their order; each has the fields of event_append.
Errors: 42501 no tenant, 22004 null, 22023 not such an array, 22P02, 22007 a field of another form, 22008 at infinite or outside the window of months, 40001 an id was committed after the snapshot.
Example: SELECT event_id, created FROM llmspell.event_append_many(''[{"event_type": "a.b", "payload": {"n": 1}}, {"event_type": "a.c", "payload": {}}]'');';

CREATE OR REPLACE FUNCTION llmspell.event_import(events jsonb)
RETURNS TABLE (event_id uuid, sequence bigint, at timestamptz, created boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_bad record;
    v_month date;
BEGIN
    PERFORM _require_tenant();
    IF jsonb_typeof(_given(event_import.events, 'events')) <> 'array' THEN
        RAISE EXCEPTION 'events must be a JSON array, got a JSON %', jsonb_typeof(event_import.events) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT e.n, e.at INTO v_bad
    FROM ROWS FROM (jsonb_to_recordset(event_import.events) AS (at timestamptz)) WITH ORDINALITY AS e (at, n)
    WHERE e.at IS NULL OR e.at NOT BETWEEN '1970-01-01 00:00:00+00' AND now() + interval '1 day'
    ORDER BY e.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'event % of the array %', v_bad.n, coalesce('has a time that does not lie between 1970 and now: ' || v_bad.at, 'has no time')
            USING ERRCODE = CASE WHEN v_bad.at IS NULL THEN 'invalid_parameter_value' ELSE 'datetime_field_overflow' END,
                  HINT = 'Give each event the time at which it happened as "at".';
    END IF;
    FOR v_month IN SELECT DISTINCT date_trunc('month', e.at AT TIME ZONE 'UTC')::date FROM jsonb_to_recordset(event_import.events) AS e (at timestamptz) ORDER BY 1 LOOP
        PERFORM _event_log_open(v_month);
    END LOOP;
    RETURN QUERY SELECT i.event_id, i.sequence, i.at, i.created FROM _events_insert(event_import.events, NULL, NULL) i;
END
$$;
COMMENT ON FUNCTION llmspell.event_import(jsonb) IS 'Appends an array of past events, as event_append_many does, and makes months outside the window for them.
Errors: 42501 no tenant, 22004 null, 22023 not such an array, or an event without a time, 22008 a time before 1970 or in the future.
Example: SELECT count(*) FROM llmspell.event_import(''[{"event_type": "a.b", "payload": {"n": 1}, "at": "2011-05-01T12:00:00Z"}]'');';
GRANT EXECUTE ON FUNCTION llmspell.event_import(jsonb) TO llmspell_admin;

CREATE OR REPLACE FUNCTION llmspell.event_store(payload jsonb)
RETURNS TABLE (event_id uuid, sequence bigint, at timestamptz, created boolean)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_field record;
BEGIN
    PERFORM _require_tenant();
    IF jsonb_typeof(_given(event_store.payload, 'payload')) <> 'object' THEN
        RAISE EXCEPTION 'payload must be a JSON object, got a JSON %', jsonb_typeof(event_store.payload) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- In a query: in an expression pg_input_is_valid keeps the first type that it was called with.
    SELECT f.path, f.type, event_store.payload #>> f.path AS value INTO v_field
        FROM (VALUES (1, ARRAY['id'], 'uuid'), (2, ARRAY['event_type'], 'varchar'), (3, ARRAY['metadata', 'correlation_id'], 'uuid'),
                     (4, ARRAY['timestamp'], 'timestamptz'), (5, ARRAY['sequence'], 'bigint'), (6, ARRAY['language'], 'varchar')) AS f (n, path, type)
        WHERE event_store.payload #>> f.path IS NULL OR NOT pg_input_is_valid(event_store.payload #>> f.path, f.type)
        ORDER BY f.n
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'event field "%" %', array_to_string(v_field.path, '.'), CASE WHEN v_field.value IS NULL THEN 'is missing'
            ELSE format('must be of type %s, got "%s"', v_field.type, left(v_field.value, 60)) END
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'An event object has id, event_type, metadata.correlation_id, timestamp, sequence and language.';
    END IF;
    RETURN QUERY
    SELECT a.event_id, a.sequence, a.at, a.created
    FROM event_append(event_store.payload ->> 'event_type', event_store.payload, (event_store.payload #>> '{metadata,correlation_id}')::uuid,
        (event_store.payload ->> 'id')::uuid, (event_store.payload ->> 'timestamp')::timestamptz, event_store.payload ->> 'language',
        (event_store.payload ->> 'sequence')::bigint) a;
END
$$;
COMMENT ON FUNCTION llmspell.event_store(jsonb) IS 'Stores a whole event object: it becomes the payload, and its fields the columns.
Errors: 42501 no tenant, 22004 null, 22023 a field missing or of another form, 22001 a text too long, 22008 timestamp outside the window of months.
Example: SELECT created FROM llmspell.event_store(''{"id": "0198c0de-0000-7000-8000-000000000001", "event_type": "agent.started", "timestamp": "2026-11-01T12:00:00Z", "sequence": 1, "language": "rust", "metadata": {"correlation_id": "0198c0de-0000-7000-8000-000000000002"}}'');';

CREATE OR REPLACE FUNCTION llmspell_internal._stream_repeated(stream text, events jsonb, expected_version bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- A time without a zone is one of UTC.
SET timezone = 'UTC'
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_window constant interval := make_interval(secs => _event_dedup_window());
    v_count constant bigint := jsonb_array_length(_stream_repeated.events);
    v_ids uuid[];
    v_first timestamptz;
    v_last timestamptz;
    v_version bigint;
BEGIN
    SELECT array_agg(e.event_id ORDER BY e.n) FILTER (WHERE e.event_id IS NOT NULL), min(coalesce(e.at, now())), max(coalesce(e.at, now()))
    INTO v_ids, v_first, v_last
    FROM ROWS FROM (jsonb_to_recordset(_stream_repeated.events) AS (event_id uuid, at timestamptz)) WITH ORDINALITY AS e (event_id, at, n);
    IF v_ids IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _event_claim(v_ids, v_first - v_window, v_last + v_window);
    IF cardinality(v_ids) = v_count THEN
        SELECT max(l.stream_version) INTO v_version
        FROM event_log l JOIN unnest(v_ids) WITH ORDINALITY AS u (id, n) ON l.event_id = u.id
        WHERE l.tenant_id = v_tenant AND l.event_id = ANY (v_ids) AND l.timestamp >= v_first - v_window AND l.timestamp <= ANY (ARRAY[v_last + v_window])
          AND l.stream = _stream_repeated.stream
        HAVING count(*) = v_count AND min(l.stream_version - u.n) = max(l.stream_version - u.n)
           AND min(l.stream_version) - 1 = coalesce(_stream_repeated.expected_version, min(l.stream_version) - 1);
    END IF;
    RETURN v_version;
END
$$;
COMMENT ON FUNCTION llmspell_internal._stream_repeated(text, jsonb, bigint) IS 'Claims the ids of events for a stream; the version of the last where all are there already, as one append left them.';
GRANT EXECUTE ON FUNCTION llmspell_internal._stream_repeated(text, jsonb, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.stream_append(stream text, events jsonb, expected_version bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_count bigint;
    v_version bigint;
    v_created bigint;
BEGIN
    IF _short_text(stream_append.stream, 'stream', 255) = '' THEN
        RAISE EXCEPTION 'stream must not be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM _check_expected(stream_append.expected_version);
    IF jsonb_typeof(_given(stream_append.events, 'events')) <> 'array' THEN
        RAISE EXCEPTION 'events must be a JSON array, got a JSON %', jsonb_typeof(stream_append.events) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_count := jsonb_array_length(stream_append.events);
    IF jsonb_path_exists(stream_append.events, '$[*].event_id') THEN
        v_version := _stream_repeated(stream_append.stream, stream_append.events, stream_append.expected_version);
        IF v_version IS NOT NULL THEN
            RETURN v_version;
        END IF;
    END IF;
    IF v_count > 0 AND coalesce(stream_append.expected_version, 0) = 0 THEN
        INSERT INTO event_streams AS s (tenant_id, stream, version)
        VALUES (v_tenant, stream_append.stream, v_count)
        ON CONFLICT (tenant_id, stream) DO UPDATE SET version = s.version + EXCLUDED.version, updated_at = now()
        WHERE stream_append.expected_version IS NULL
        RETURNING s.version INTO v_version;
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM _raise_unseen('stream', s.stream) FROM event_streams s
            WHERE s.tenant_id = v_tenant AND s.stream = stream_append.stream GROUP BY s.stream HAVING count(*) > 1;
        END IF;
    ELSIF v_count > 0 THEN
        UPDATE event_streams s SET version = s.version + v_count, updated_at = now()
        WHERE s.tenant_id = v_tenant AND s.stream = stream_append.stream AND s.version = stream_append.expected_version
        RETURNING s.version INTO v_version;
    ELSE
        SELECT s.version INTO v_version FROM event_streams s WHERE s.tenant_id = v_tenant AND s.stream = stream_append.stream FOR NO KEY UPDATE;
        v_version := coalesce(v_version, 0);
        IF v_version <> stream_append.expected_version THEN
            PERFORM _raise_conflict('stream', stream_append.stream, stream_append.expected_version, v_version);
        END IF;
        RETURN v_version;
    END IF;
    IF v_version IS NULL THEN
        SELECT s.version INTO v_version FROM event_streams s WHERE s.tenant_id = v_tenant AND s.stream = stream_append.stream;
        PERFORM _raise_conflict('stream', stream_append.stream, stream_append.expected_version, coalesce(v_version, 0));
    END IF;
    SELECT count(*) FILTER (WHERE i.created) INTO v_created
    FROM _events_insert(stream_append.events, stream_append.stream, v_version - v_count + 1) i;
    -- A repeat would leave a gap.
    IF v_created < v_count THEN
        RAISE EXCEPTION '% of the % events of stream "%" exist already', v_count - v_created, v_count, left(stream_append.stream, 100)
            USING ERRCODE = 'unique_violation', HINT = 'Each event_id can be appended once; leave the event out, or give it no event_id.';
    END IF;
    RETURN v_version;
END
$$;
COMMENT ON FUNCTION llmspell.stream_append(text, jsonb, bigint) IS 'Appends an array of events to a stream and returns the version of the last; versions count from 1 without gaps.
Errors: 42501 no tenant, 22004 null, 22001 stream over 255 characters, 22023 arguments, LS409 another version, 23505 some event_id exists, and those of event_append_many.
Example: SELECT llmspell.stream_append(''order-1'', ''[{"event_type": "order.placed", "payload": {}}]'', 0);';
