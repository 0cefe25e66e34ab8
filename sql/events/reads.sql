-- Reading the event log. Every page ends at a key (ts, event_id), and months outside the time asked for
-- are left alone.
--
-- Generic plans throughout: planning for each month anew takes longer than the probe, and which months a
-- plan leaves out is found when it starts.

CREATE OR REPLACE FUNCTION llmspell_internal._event_page(max_rows int, after_ts timestamptz, after_id uuid) RETURNS int
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF (after_ts IS NULL) <> (after_id IS NULL) THEN
        RAISE EXCEPTION 'after_ts and after_id must be given together' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give ts and event_id of the last row of the page before.';
    END IF;
    RETURN _max_rows(max_rows);
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_page(integer, timestamptz, uuid) IS 'The checked size of a page after a key. Errors: 22004, 22023 max_rows, 22023 half a key.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_page(integer, timestamptz, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_glob(pattern text) RETURNS TABLE (prefix text, like_pattern text)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_event_glob_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_glob(text) IS 'What every event type that fits a pattern of * and ? begins with, and the pattern for LIKE; NULL where there is no wildcard.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_glob(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._event_get(event_id uuid, since timestamptz, until timestamptz)
RETURNS TABLE (id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb, stream text, stream_version bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_since constant timestamptz := coalesce(_event_get.since, '-infinity');
    v_until constant timestamptz := coalesce(_event_get.until, 'infinity');
BEGIN
    PERFORM _required(_event_get.event_id, 'event_id');
    RETURN QUERY
    SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload, l.stream::text, l.stream_version
    FROM event_log l
    WHERE l.tenant_id = v_tenant AND l.event_id = _event_get.event_id AND l.timestamp >= v_since AND l.timestamp < v_until
    ORDER BY l.timestamp
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION llmspell_internal._event_get(uuid, timestamptz, timestamptz) IS 'What event_get does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_get(uuid, timestamptz, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.event_get(event_id uuid, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS TABLE (event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb,
               stream text, stream_version bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._event_get(event_get.event_id, event_get.since, event_get.until);
END;
COMMENT ON FUNCTION llmspell.event_get(uuid, timestamptz, timestamptz) IS 'An event by its id: one row, or none; the oldest where raw clients wrote the id more than once. With since and until (half-open) only their months are looked at. Errors: 42501 no tenant, 22004 null. Example: SELECT event_type, payload FROM llmspell.event_get(''0198c0de-0000-7000-8000-000000000001'');';

-- after_ts and after_id at the open end stand for no key: no event has an infinite time.
CREATE OR REPLACE FUNCTION llmspell.events_by_type(pattern text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, max_rows int DEFAULT 100,
                                        after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL, newest_first boolean DEFAULT true)
RETURNS TABLE (event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _event_page(max_rows, after_ts, after_id);
    v_newest constant boolean := _required(newest_first, 'newest_first');
    v_since constant timestamptz := greatest(coalesce(since, '-infinity'), CASE WHEN NOT v_newest THEN after_ts END);
    v_until constant timestamptz := coalesce(until, 'infinity');
    v_after_ts constant timestamptz := coalesce(after_ts, CASE WHEN v_newest THEN 'infinity' ELSE '-infinity' END::timestamptz);
    v_after_id constant uuid := coalesce(after_id, '00000000-0000-0000-0000-000000000000');
    v_prefix text;
    v_end text;
    v_like text;
BEGIN
    SELECT g.prefix, g.like_pattern INTO v_prefix, v_like FROM _event_glob(_short_text(events_by_type.pattern, 'pattern', 255)) g;
    IF v_like IS NULL AND v_newest THEN
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.event_type = v_prefix AND l.timestamp >= v_since AND l.timestamp < v_until
          AND l.timestamp <= v_after_ts AND (l.timestamp, l.event_id) < (v_after_ts, v_after_id)
        ORDER BY l.timestamp DESC, l.event_id DESC LIMIT v_rows;
    ELSIF v_like IS NULL THEN
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.event_type = v_prefix AND l.timestamp >= v_since AND l.timestamp < v_until
          AND (l.timestamp, l.event_id) > (v_after_ts, v_after_id)
        ORDER BY l.timestamp, l.event_id LIMIT v_rows;
    ELSIF v_newest THEN
        v_end := _prefix_end(v_prefix);
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.event_type >= v_prefix AND l.event_type < v_end AND l.event_type LIKE v_like
          AND l.timestamp >= v_since AND l.timestamp < v_until
          AND l.timestamp <= v_after_ts AND (l.timestamp, l.event_id) < (v_after_ts, v_after_id)
        ORDER BY l.timestamp DESC, l.event_id DESC LIMIT v_rows;
    ELSE
        v_end := _prefix_end(v_prefix);
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.event_type >= v_prefix AND l.event_type < v_end AND l.event_type LIKE v_like
          AND l.timestamp >= v_since AND l.timestamp < v_until
          AND (l.timestamp, l.event_id) > (v_after_ts, v_after_id)
        ORDER BY l.timestamp, l.event_id LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.events_by_type(text, timestamptz, timestamptz, integer, timestamptz, uuid, boolean) IS 'Events whose type fits a pattern (* any text, ? one character, everything else literal), since <= ts < until, newest first or, with newest_first false, oldest first. For the next page give ts and event_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004 null, 22001 pattern over 255 characters, 22023 max_rows, half a key. Example: SELECT ts, payload FROM llmspell.events_by_type(''agent.*'', since => now() - interval ''1 day'');';

CREATE OR REPLACE FUNCTION llmspell_internal._events_by_correlation(correlation_id uuid, since timestamptz, until timestamptz, max_rows int,
                                                after_ts timestamptz, after_id uuid, newest_first boolean)
RETURNS TABLE (event_id uuid, event_type text, correlation uuid, ts timestamptz, sequence bigint, language text, payload jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    -- What is asked most, without the conditions that each month would have to be given.
    IF since IS NULL AND until IS NULL AND after_ts IS NULL AND after_id IS NULL AND newest_first IS FALSE
        AND max_rows >= 0 AND _events_by_correlation.correlation_id IS NOT NULL
    THEN
        RETURN QUERY
        SELECT f.event_id, f.event_type::text, f.correlation_id, f.timestamp, f.sequence, f.language::text, f.payload
        FROM (SELECT l.event_id, l.event_type, l.correlation_id, l.timestamp, l.sequence, l.language, l.payload FROM event_log l
              WHERE l.tenant_id = v_tenant AND l.correlation_id = _events_by_correlation.correlation_id
              ORDER BY l.timestamp, l.event_id LIMIT max_rows) AS f;
        RETURN;
    END IF;
    DECLARE
        v_rows constant int := _event_page(max_rows, after_ts, after_id);
        v_newest constant boolean := _required(newest_first, 'newest_first');
        v_since constant timestamptz := greatest(coalesce(since, '-infinity'), CASE WHEN NOT v_newest THEN after_ts END);
        v_until constant timestamptz := coalesce(until, 'infinity');
        v_after_ts constant timestamptz := coalesce(after_ts, CASE WHEN v_newest THEN 'infinity' ELSE '-infinity' END::timestamptz);
        v_after_id constant uuid := coalesce(after_id, '00000000-0000-0000-0000-000000000000');
    BEGIN
        PERFORM _required(_events_by_correlation.correlation_id, 'correlation_id');
        IF v_newest THEN
            RETURN QUERY
            SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
            WHERE l.tenant_id = v_tenant AND l.correlation_id = _events_by_correlation.correlation_id AND l.timestamp >= v_since AND l.timestamp < v_until
              AND l.timestamp <= v_after_ts AND (l.timestamp, l.event_id) < (v_after_ts, v_after_id)
            ORDER BY l.timestamp DESC, l.event_id DESC LIMIT v_rows;
        ELSE
            RETURN QUERY
            SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
            WHERE l.tenant_id = v_tenant AND l.correlation_id = _events_by_correlation.correlation_id AND l.timestamp >= v_since AND l.timestamp < v_until
              AND (l.timestamp, l.event_id) > (v_after_ts, v_after_id)
            ORDER BY l.timestamp, l.event_id LIMIT v_rows;
        END IF;
    END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._events_by_correlation(uuid, timestamptz, timestamptz, integer, timestamptz, uuid, boolean) IS 'What events_by_correlation does.';
GRANT EXECUTE ON FUNCTION llmspell_internal._events_by_correlation(uuid, timestamptz, timestamptz, integer, timestamptz, uuid, boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.events_by_correlation(correlation_id uuid, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, max_rows int DEFAULT 100,
                                               after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL, newest_first boolean DEFAULT false)
RETURNS TABLE (event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._events_by_correlation(events_by_correlation.correlation_id, events_by_correlation.since, events_by_correlation.until,
        events_by_correlation.max_rows, events_by_correlation.after_ts, events_by_correlation.after_id, events_by_correlation.newest_first);
END;
COMMENT ON FUNCTION llmspell.events_by_correlation(uuid, timestamptz, timestamptz, integer, timestamptz, uuid, boolean) IS 'Events that belong together, oldest first or, with newest_first true, newest first. With since and until (half-open) only their months are looked at; without, all. For the next page give ts and event_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004 null, 22023 max_rows, half a key. Example: SELECT ts, event_type FROM llmspell.events_by_correlation(''0198c0de-0000-7000-8000-000000000002'');';

CREATE OR REPLACE FUNCTION llmspell.events_search(filter jsonb, since timestamptz, until timestamptz, max_rows int DEFAULT 100,
                                       after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL, newest_first boolean DEFAULT true)
RETURNS TABLE (event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _event_page(max_rows, after_ts, after_id);
    v_newest constant boolean := _required(newest_first, 'newest_first');
    v_since constant timestamptz := greatest(_required(since, 'since'), CASE WHEN NOT v_newest THEN after_ts END);
    v_until constant timestamptz := _required(until, 'until');
    v_after_ts constant timestamptz := coalesce(after_ts, CASE WHEN v_newest THEN 'infinity' ELSE '-infinity' END::timestamptz);
    v_after_id constant uuid := coalesce(after_id, '00000000-0000-0000-0000-000000000000');
BEGIN
    PERFORM _required(events_search.filter, 'filter');
    IF v_newest THEN
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.payload OPERATOR(llmspell.@>) events_search.filter AND l.timestamp >= v_since AND l.timestamp < v_until
          AND l.timestamp <= v_after_ts AND (l.timestamp, l.event_id) < (v_after_ts, v_after_id)
        ORDER BY l.timestamp DESC, l.event_id DESC LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.payload OPERATOR(llmspell.@>) events_search.filter AND l.timestamp >= v_since AND l.timestamp < v_until
          AND (l.timestamp, l.event_id) > (v_after_ts, v_after_id)
        ORDER BY l.timestamp, l.event_id LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.events_search(jsonb, timestamptz, timestamptz, integer, timestamptz, uuid, boolean) IS 'Events of a time (since <= ts < until) whose payload contains the filter, newest first or, with newest_first false, oldest first. Reads the events of that time one by one, as the payload has no index. For the next page give ts and event_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004 null, 22023 max_rows, half a key. Example: SELECT ts, payload FROM llmspell.events_search(''{"agent": "a1"}'', now() - interval ''1 day'', now());';

CREATE OR REPLACE FUNCTION llmspell.events_by_time(since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, max_rows int DEFAULT 100,
                                        after_ts timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL, newest_first boolean DEFAULT true)
RETURNS TABLE (event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _event_page(max_rows, after_ts, after_id);
    v_newest constant boolean := _required(newest_first, 'newest_first');
    v_since constant timestamptz := greatest(coalesce(since, '-infinity'), CASE WHEN NOT v_newest THEN after_ts END);
    v_until constant timestamptz := coalesce(until, 'infinity');
    v_after_ts constant timestamptz := coalesce(after_ts, CASE WHEN v_newest THEN 'infinity' ELSE '-infinity' END::timestamptz);
    v_after_id constant uuid := coalesce(after_id, '00000000-0000-0000-0000-000000000000');
BEGIN
    IF v_newest THEN
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.timestamp >= v_since AND l.timestamp < v_until
          AND l.timestamp <= v_after_ts AND (l.timestamp, l.event_id) < (v_after_ts, v_after_id)
        ORDER BY l.timestamp DESC, l.event_id DESC LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload FROM event_log l
        WHERE l.tenant_id = v_tenant AND l.timestamp >= v_since AND l.timestamp < v_until
          AND (l.timestamp, l.event_id) > (v_after_ts, v_after_id)
        ORDER BY l.timestamp, l.event_id LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.events_by_time(timestamptz, timestamptz, integer, timestamptz, uuid, boolean) IS 'Events of a time, since <= ts < until, newest first or, with newest_first false, oldest first. For the next page give ts and event_id of the last row as after_ts and after_id. Errors: 42501 no tenant, 22004, 22023 max_rows, half a key. Example: SELECT ts, event_type FROM llmspell.events_by_time(since => now() - interval ''1 hour'');';

CREATE OR REPLACE FUNCTION llmspell.stream_read(stream text, from_version bigint DEFAULT 1, max_rows int DEFAULT 100)
RETURNS TABLE (version bigint, event_id uuid, event_type text, correlation_id uuid, ts timestamptz, sequence bigint, language text, payload jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(max_rows);
BEGIN
    PERFORM _short_text(stream_read.stream, 'stream', 255), _required(stream_read.from_version, 'from_version');
    RETURN QUERY
    SELECT l.stream_version, l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload
    FROM event_log l
    WHERE l.tenant_id = v_tenant AND l.stream = stream_read.stream AND l.stream_version >= stream_read.from_version
    ORDER BY l.stream_version
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.stream_read(text, bigint, integer) IS 'Events of a stream from a version on, in their order. For the next page give the last version plus one. What retention has taken away is not there. Errors: 42501 no tenant, 22004 null, 22001 name too long, 22023 max_rows. Example: SELECT version, event_type, payload FROM llmspell.stream_read(''order-1'');';

CREATE OR REPLACE FUNCTION llmspell.event_stats(since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS TABLE (events bigint, first_at timestamptz, last_at timestamptz, payload_bytes bigint, by_type jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_since constant timestamptz := coalesce(since, '-infinity');
    v_until constant timestamptz := coalesce(until, 'infinity');
BEGIN
    RETURN QUERY
    SELECT coalesce(sum(t.n), 0)::bigint, min(t.first_at), max(t.last_at), coalesce(sum(t.bytes), 0)::bigint,
        coalesce(jsonb_object_agg(t.event_type, t.n), '{}')
    FROM (SELECT l.event_type, count(*) AS n, min(l.timestamp) AS first_at, max(l.timestamp) AS last_at, sum(pg_column_size(l.payload)) AS bytes
          FROM event_log l
          WHERE l.tenant_id = v_tenant AND l.timestamp >= v_since AND l.timestamp < v_until
          GROUP BY l.event_type) AS t;
END
$$;
COMMENT ON FUNCTION llmspell.event_stats(timestamptz, timestamptz) IS 'The own events of a time, since <= ts < until: how many, first and last time (NULL where there is none), bytes of their payloads as stored, and how many of each type. Reads them all. Error: 42501 no tenant. Example: SELECT events, by_type FROM llmspell.event_stats(now() - interval ''1 day'');';
