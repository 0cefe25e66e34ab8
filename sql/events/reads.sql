-- Reading the event log. Months outside the time asked for are left alone.
--
-- Generic plans throughout: planning for each month anew takes longer than the probe, and the months that a plan
-- leaves out are found when it starts.

CREATE OR REPLACE FUNCTION llmspell_internal._event_glob(pattern text) RETURNS TABLE (prefix text, like_pattern text, exact boolean)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_event_glob_wrapper';
COMMENT ON FUNCTION llmspell_internal._event_glob(text) IS 'A pattern of * and ?: its beginning, the same for LIKE, and whether it has no wildcard.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_glob(text) TO llmspell_app;

-- Inlined, so that it costs nothing: no SET, not STRICT. Orders are by its columns: by those of the table, each row would
-- have these twice, to be filtered out.
CREATE OR REPLACE FUNCTION llmspell_internal._event_row(l llmspell.event_log, cursor text) RETURNS SETOF llmspell_internal.event_row
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.event_id, l.event_type::text, l.correlation_id, l.timestamp, l.sequence, l.language::text, l.payload, l.stream::text, l.stream_version, cursor;
END;
COMMENT ON FUNCTION llmspell_internal._event_row(llmspell.event_log, text) IS 'A row of the log as functions return it.';
GRANT EXECUTE ON FUNCTION llmspell_internal._event_row(llmspell.event_log, text) TO llmspell_app;

-- < ANY (ARRAY[…]) is no second bound to the planner, which under a generic plan takes two unknown bounds for half a
-- percent of the rows and would read the whole time by the primary key.
CREATE OR REPLACE FUNCTION llmspell.event_get(event_id uuid, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS SETOF llmspell_internal.event_row
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_since constant timestamptz := coalesce(event_get.since, '-infinity');
    v_until constant timestamptz := coalesce(event_get.until, 'infinity');
BEGIN
    PERFORM _given(event_get.event_id, 'event_id');
    RETURN QUERY
    SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
    WHERE l.tenant_id = v_tenant AND l.event_id = event_get.event_id AND l.timestamp >= v_since AND l.timestamp < ANY (ARRAY[v_until])
    ORDER BY r.at LIMIT 1;
END
$$;
COMMENT ON FUNCTION llmspell.event_get(uuid, timestamptz, timestamptz) IS 'An event by its id, or no row; since and until limit the months that are looked at.
Errors: 42501 no tenant, 22004 event_id null.
Example: SELECT event_type, payload FROM llmspell.event_get(''0198c0de-0000-7000-8000-000000000001'');';

-- One statement for each index and direction; an infinite v_at stands for no cursor, since no event has an infinite
-- time. The conditions are few, since each is set up for every month. CASE keeps what is not asked for out of the
-- planner's estimates, where OR … IS NULL would claim that few rows fit.
CREATE OR REPLACE FUNCTION llmspell.event_list(pattern text DEFAULT NULL, correlation_id uuid DEFAULT NULL, filter jsonb DEFAULT NULL,
    since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, newest_first boolean DEFAULT true, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.event_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(event_list.max_rows, 100));
    v_newest constant boolean := coalesce(event_list.newest_first, true);
BEGIN
    -- The most frequent call, before all that follows is worked out.
    IF num_nonnulls(event_list.pattern, event_list.filter, event_list.since, event_list.until, event_list.after) = 0 AND event_list.correlation_id IS NOT NULL THEN
        IF v_newest THEN
            RETURN QUERY
            SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
            WHERE l.tenant_id = v_tenant AND l.correlation_id = event_list.correlation_id
            ORDER BY r.at DESC, r.event_id DESC LIMIT v_rows;
        ELSE
            RETURN QUERY
            SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
            WHERE l.tenant_id = v_tenant AND l.correlation_id = event_list.correlation_id
            ORDER BY r.at, r.event_id LIMIT v_rows;
        END IF;
        RETURN;
    END IF;
    DECLARE
        v_at constant timestamptz := coalesce(_cursor_at(event_list.after), CASE WHEN v_newest THEN 'infinity' ELSE '-infinity' END::timestamptz);
        v_id constant uuid := coalesce(_cursor_uuid(event_list.after), '00000000-0000-0000-0000-000000000000');
        v_since constant timestamptz := greatest(event_list.since, CASE WHEN v_newest THEN '-infinity' ELSE v_at END);
        v_until constant timestamptz := least(event_list.until, CASE WHEN v_newest THEN v_at + interval '1 microsecond' ELSE 'infinity' END);
        -- No index holds what payloads contain, so any payload may be asked for nothing.
        v_operators constant jsonb := _filter_operators(event_list.filter);
        v_filter constant jsonb := coalesce(_filter_contains(event_list.filter), CASE WHEN v_operators IS NOT NULL THEN '{}'::jsonb END);
        v_prefix text := '';
        v_end text;
        v_like text := '%';
        v_exact boolean := false;
    BEGIN
        IF event_list.pattern IS NOT NULL THEN
            SELECT g.prefix, g.like_pattern, g.exact INTO v_prefix, v_like, v_exact FROM _event_glob(_short_text(event_list.pattern, 'pattern', 255)) g;
        END IF;
        IF event_list.correlation_id IS NOT NULL THEN
            IF v_newest THEN
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.correlation_id = event_list.correlation_id AND l.event_type LIKE v_like
                  AND l.timestamp >= v_since AND l.timestamp < ANY (ARRAY[v_until]) AND (l.timestamp, l.event_id) < (v_at, v_id)
                  AND CASE WHEN v_filter IS NULL THEN true ELSE l.payload OPERATOR(llmspell.@>) v_filter END
                  AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(l.payload, v_operators) END
                ORDER BY r.at DESC, r.event_id DESC LIMIT v_rows;
            ELSE
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.correlation_id = event_list.correlation_id AND l.event_type LIKE v_like
                  AND l.timestamp >= v_since AND l.timestamp < ANY (ARRAY[v_until]) AND (l.timestamp, l.event_id) > (v_at, v_id)
                  AND CASE WHEN v_filter IS NULL THEN true ELSE l.payload OPERATOR(llmspell.@>) v_filter END
                  AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(l.payload, v_operators) END
                ORDER BY r.at, r.event_id LIMIT v_rows;
            END IF;
        ELSIF v_exact AND v_filter IS NULL THEN
            IF v_newest THEN
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.event_type = v_prefix
                  AND l.timestamp >= v_since AND l.timestamp < ANY (ARRAY[v_until]) AND (l.timestamp, l.event_id) < (v_at, v_id)
                ORDER BY r.at DESC, r.event_id DESC LIMIT v_rows;
            ELSE
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.event_type = v_prefix
                  AND l.timestamp >= v_since AND l.timestamp < ANY (ARRAY[v_until]) AND (l.timestamp, l.event_id) > (v_at, v_id)
                ORDER BY r.at, r.event_id LIMIT v_rows;
            END IF;
        ELSIF event_list.pattern IS NULL AND v_filter IS NULL THEN
            IF v_newest THEN
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant
                  AND l.timestamp >= v_since AND l.timestamp < v_until AND (l.timestamp, l.event_id) < (v_at, v_id)
                ORDER BY r.at DESC, r.event_id DESC LIMIT v_rows;
            ELSE
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant
                  AND l.timestamp >= v_since AND l.timestamp < v_until AND (l.timestamp, l.event_id) > (v_at, v_id)
                ORDER BY r.at, r.event_id LIMIT v_rows;
            END IF;
        ELSIF event_list.pattern IS NULL THEN
            IF v_newest THEN
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.payload OPERATOR(llmspell.@>) v_filter
                  AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(l.payload, v_operators) END
                  AND l.timestamp >= v_since AND l.timestamp < v_until AND (l.timestamp, l.event_id) < (v_at, v_id)
                ORDER BY r.at DESC, r.event_id DESC LIMIT v_rows;
            ELSE
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.payload OPERATOR(llmspell.@>) v_filter
                  AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(l.payload, v_operators) END
                  AND l.timestamp >= v_since AND l.timestamp < v_until AND (l.timestamp, l.event_id) > (v_at, v_id)
                ORDER BY r.at, r.event_id LIMIT v_rows;
            END IF;
        ELSE
            v_end := _prefix_end(v_prefix);
            IF v_newest THEN
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.event_type >= v_prefix AND l.event_type < v_end AND l.event_type LIKE v_like
                  AND l.timestamp >= v_since AND l.timestamp < v_until AND (l.timestamp, l.event_id) < (v_at, v_id)
                  AND CASE WHEN v_filter IS NULL THEN true ELSE l.payload OPERATOR(llmspell.@>) v_filter END
                  AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(l.payload, v_operators) END
                ORDER BY r.at DESC, r.event_id DESC LIMIT v_rows;
            ELSE
                RETURN QUERY
                SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, _cursor_of_uuid(l.timestamp, l.event_id)) r
                WHERE l.tenant_id = v_tenant AND l.event_type >= v_prefix AND l.event_type < v_end AND l.event_type LIKE v_like
                  AND l.timestamp >= v_since AND l.timestamp < v_until AND (l.timestamp, l.event_id) > (v_at, v_id)
                  AND CASE WHEN v_filter IS NULL THEN true ELSE l.payload OPERATOR(llmspell.@>) v_filter END
                  AND CASE WHEN v_operators IS NULL THEN true ELSE _filter_matches(l.payload, v_operators) END
                ORDER BY r.at, r.event_id LIMIT v_rows;
            END IF;
        END IF;
    END;
END
$$;
COMMENT ON FUNCTION llmspell.event_list(text, uuid, jsonb, timestamptz, timestamptz, boolean, integer, text) IS 'Events by type pattern, correlation, payload and time (since <= at < until), newest first unless told otherwise.
Errors: 42501 no tenant, 22001 pattern over 255 characters, 22023 max_rows, after. A filter may have operators (docs/filters.md): 22023 where it is wrong, 54000 too large.
Example: SELECT at, event_type, cursor FROM llmspell.event_list(pattern => ''agent.*'', since => now() - interval ''1 day'');';

CREATE OR REPLACE FUNCTION llmspell.stream_read(stream text, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.event_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(stream_read.max_rows, 100));
    v_after bigint := 0;
BEGIN
    PERFORM _short_text(stream_read.stream, 'stream', 255);
    IF stream_read.after IS NOT NULL THEN
        IF stream_read.after !~ '^(0|[1-9]\d{0,17})$' THEN
            RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(stream_read.after, 60) USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Give the cursor of the last row of a page, which is its version, or NULL for the first page.';
        END IF;
        v_after := stream_read.after;
    END IF;
    RETURN QUERY
    SELECT r.* FROM event_log l CROSS JOIN LATERAL _event_row(l, l.stream_version::text) r
    WHERE l.tenant_id = v_tenant AND l.stream = stream_read.stream AND l.stream_version > v_after
    ORDER BY r.stream_version LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.stream_read(text, integer, text) IS 'Events of a stream in their order; the cursor of a row is its version.
Errors: 42501 no tenant, 22004 stream null, 22001 stream over 255 characters, 22023 max_rows, after.
Example: SELECT stream_version, event_type, payload FROM llmspell.stream_read(''order-1'');';

CREATE OR REPLACE FUNCTION llmspell.event_stats(since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS TABLE (events bigint, first_at timestamptz, last_at timestamptz, payload_bytes bigint, by_type jsonb)
LANGUAGE plpgsql STABLE ROWS 1
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
COMMENT ON FUNCTION llmspell.event_stats(timestamptz, timestamptz) IS 'Number, first and last time, stored bytes and types of the own events of a time; reads them all.
Errors: 42501 no tenant.
Example: SELECT events, by_type FROM llmspell.event_stats(now() - interval ''1 day'');';
