-- pattern_record keeps updated_at itself.
CREATE OR REPLACE TRIGGER procedural_patterns_update BEFORE UPDATE ON llmspell.procedural_patterns
    FOR EACH ROW WHEN (NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at) EXECUTE FUNCTION llmspell_internal._tg_updated_at();

CREATE OR REPLACE FUNCTION llmspell_internal._pattern_check(scope text, key text, value text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_bytes constant int := octet_length(_require_tenant()) + octet_length(scope) + octet_length(key) + octet_length(value);
BEGIN
    PERFORM _check_scope(scope), _short_text(key, 'key', 500), _given(value, 'value');
    -- An index entry holds 2,704 bytes with its headers.
    IF v_bytes > 2600 THEN
        RAISE EXCEPTION 'tenant, scope, key and value have at most 2600 bytes together, these have %', v_bytes
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Record a hash of the value, and keep the value in the key-value store.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._pattern_check(text, text, text) IS 'Checks a pattern that is new.
Errors: 42501 no tenant, 22004 null, 22023 no scope, 22001 key over 500 characters, 54000 over 2,600 bytes with the tenant id.';
GRANT EXECUTE ON FUNCTION llmspell_internal._pattern_check(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._pattern_content(scope text, key text, value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN scope || ': ' || translate(key, ':_', '  ') || ' -> ' || translate(value, ':_', '  ');
COMMENT ON FUNCTION llmspell_internal._pattern_content(text, text, text) IS 'A pattern as a text: "user:42: after login -> open inbox".';
GRANT EXECUTE ON FUNCTION llmspell_internal._pattern_content(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.pattern_record(scope text, key text, value text) RETURNS int
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_frequency int;
BEGIN
    -- Known patterns first: they need no check.
    UPDATE procedural_patterns p SET frequency = p.frequency + 1, last_seen = now(), updated_at = now()
    WHERE p.tenant_id = v_tenant AND p.scope = pattern_record.scope AND p.key = pattern_record.key AND p.value = pattern_record.value
    RETURNING p.frequency INTO v_frequency;
    IF NOT FOUND THEN
        PERFORM _pattern_check(pattern_record.scope, pattern_record.key, pattern_record.value);
        INSERT INTO procedural_patterns AS p (tenant_id, scope, key, value)
        VALUES (v_tenant, pattern_record.scope, pattern_record.key, pattern_record.value)
        ON CONFLICT (tenant_id, scope, key, value) DO UPDATE
        SET frequency = p.frequency + 1, last_seen = now(), updated_at = now()
        RETURNING p.frequency INTO v_frequency;
    END IF;
    RETURN v_frequency;
END
$$;
COMMENT ON FUNCTION llmspell.pattern_record(text, text, text) IS 'Counts that value followed key in scope, and returns how often it has by now.
Errors: 42501 no tenant, 22004 null, 22023 no scope, 22001 key over 500 characters, 54000 over 2,600 bytes with scope, key and tenant id.
Example: SELECT llmspell.pattern_record(''user:42'', ''after:login'', ''open:inbox'');';

CREATE OR REPLACE FUNCTION llmspell.pattern_record_many(patterns jsonb) RETURNS TABLE (scope text, key text, value text, frequency int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF jsonb_typeof(_given(pattern_record_many.patterns, 'patterns')) <> 'array' THEN
        RAISE EXCEPTION 'patterns must be a JSON array of objects, got %', jsonb_typeof(pattern_record_many.patterns)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give [{"scope": …, "key": …, "value": …}, …].';
    END IF;
    PERFORM _pattern_check(i.scope, i.key, i.value)
    FROM jsonb_to_recordset(pattern_record_many.patterns) AS i (scope text, key text, value text);
    -- In key order: two batches with the same patterns wait for each other, and do not deadlock.
    RETURN QUERY
    INSERT INTO procedural_patterns AS p (tenant_id, scope, key, value, frequency)
    SELECT v_tenant, i.scope, i.key, i.value, count(*)
    FROM jsonb_to_recordset(pattern_record_many.patterns) AS i (scope text COLLATE "C", key text COLLATE "C", value text COLLATE "C")
    GROUP BY i.scope, i.key, i.value
    ORDER BY i.scope, i.key, i.value
    ON CONFLICT (tenant_id, scope, key, value) DO UPDATE
    SET frequency = p.frequency + EXCLUDED.frequency, last_seen = now(), updated_at = now()
    RETURNING p.scope::text, p.key::text, p.value, p.frequency;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        -- Counted one by one: a join by a unique key stops at the first row.
        PERFORM _raise_unseen('pattern', i.key) FROM jsonb_to_recordset(pattern_record_many.patterns) AS i (scope text, key text, value text)
        WHERE (SELECT count(*) FROM procedural_patterns p
               WHERE p.tenant_id = v_tenant AND p.scope = i.scope AND p.key = i.key AND p.value = i.value) > 1;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.pattern_record_many(jsonb) IS 'Counts each {"scope", "key", "value"} of an array, all or nothing, and returns how often each was seen by now.
Errors: as pattern_record, 22023 no array.
Example: SELECT * FROM llmspell.pattern_record_many(''[{"scope": "global", "key": "k", "value": "v"}]'');';

CREATE OR REPLACE FUNCTION llmspell.pattern_frequency(scope text, key text, value text) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE((
        SELECT p.frequency FROM llmspell.procedural_patterns p
        WHERE llmspell_internal._require_tenant() IS NOT NULL
          AND p.tenant_id = llmspell.current_tenant() AND p.scope = llmspell_internal._given(pattern_frequency.scope, 'scope')
          AND p.key = llmspell_internal._given(pattern_frequency.key, 'key') AND p.value = llmspell_internal._given(pattern_frequency.value, 'value')), 0);
END;
COMMENT ON FUNCTION llmspell.pattern_frequency(text, text, text) IS 'Returns how often value followed key in scope; 0 for never.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.pattern_frequency(''user:42'', ''theme'', ''dark'');';

-- COST is over 10, so that a list that sorts makes cursors of the rows of its page alone.
CREATE OR REPLACE FUNCTION llmspell_internal._pattern_cursor(frequency int, scope text, key text, value text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', '_pattern_cursor_wrapper';
COMMENT ON FUNCTION llmspell_internal._pattern_cursor(integer, text, text, text) IS 'Returns the cursor of a row of pattern_list.';
GRANT EXECUTE ON FUNCTION llmspell_internal._pattern_cursor(integer, text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._pattern_cursor_parts(after text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_parts jsonb;
BEGIN
    IF after IS NULL THEN
        RETURN NULL;
    END IF;
    BEGIN
        v_parts := after;
        IF _pattern_cursor((v_parts ->> 0)::int, v_parts ->> 1, v_parts ->> 2, v_parts ->> 3) IS NOT DISTINCT FROM after THEN
            RETURN v_parts;
        END IF;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        NULL;
    END;
    RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(after, 60)
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the column cursor of the last row of the page before.';
END
$$;
COMMENT ON FUNCTION llmspell_internal._pattern_cursor_parts(text) IS 'Returns frequency, scope, key and value of a cursor of pattern_list as an array.
Errors: 22023 not a cursor of this list.';
GRANT EXECUTE ON FUNCTION llmspell_internal._pattern_cursor_parts(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.pattern_list(scope text DEFAULT NULL, min_frequency int DEFAULT 3, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.pattern_row
LANGUAGE plpgsql STABLE
-- Each order is that of an index: a page never reads and sorts all that match, whatever the statistics say.
SET enable_sort = off
-- Planning would take half as long as reading a page, and the plan is the same each time, whatever the tenant.
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_after constant jsonb := _pattern_cursor_parts(pattern_list.after);
    v_frequency constant int := (v_after ->> 0)::int;
    v_below constant int := coalesce(v_frequency - 1, 2147483647);
    v_least constant int := coalesce(pattern_list.min_frequency, 3);
    -- One scope, or all from the least text to the greatest: a range, which goes into the index.
    v_first constant text := coalesce(pattern_list.scope, '');
    v_last constant text := coalesce(pattern_list.scope, repeat(chr(1114111), 500));
    v_rows int := _max_rows(coalesce(pattern_list.max_rows, 100));
    v_found int;
BEGIN
    IF v_least >= 3 THEN
        -- Those as frequent as the last row of the page before, then the others: each from where the index has them.
        -- The constant lets the planner use the index of learned patterns.
        IF v_frequency >= v_least THEN
            RETURN QUERY
            SELECT p.scope::text, p.key::text, p.value, p.frequency, p.first_seen, p.last_seen, _pattern_cursor(p.frequency, p.scope, p.key, p.value)
            FROM procedural_patterns p
            WHERE p.tenant_id = v_tenant AND p.frequency >= 3 AND p.frequency = v_frequency
              AND p.scope >= v_first AND p.scope <= v_last
              AND (p.scope, p.key, p.value) > (v_after ->> 1, v_after ->> 2, v_after ->> 3)
            ORDER BY p.scope, p.key, p.value
            LIMIT v_rows;
            GET DIAGNOSTICS v_found = ROW_COUNT;
            v_rows := v_rows - v_found;
        END IF;
        RETURN QUERY
        SELECT p.scope::text, p.key::text, p.value, p.frequency, p.first_seen, p.last_seen, _pattern_cursor(p.frequency, p.scope, p.key, p.value)
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.frequency >= 3 AND p.frequency >= v_least AND p.frequency <= v_below
          AND p.scope >= v_first AND p.scope <= v_last
        ORDER BY p.frequency DESC, p.scope, p.key, p.value
        LIMIT v_rows;
    ELSIF pattern_list.scope IS NULL THEN
        RETURN QUERY
        SELECT p.scope::text, p.key::text, p.value, p.frequency, p.first_seen, p.last_seen, _pattern_cursor(p.frequency, p.scope, p.key, p.value)
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.frequency >= v_least
          AND (v_after IS NULL OR p.frequency < v_frequency
               OR p.frequency = v_frequency AND (p.scope, p.key, p.value) > (v_after ->> 1, v_after ->> 2, v_after ->> 3))
        ORDER BY p.frequency DESC, p.scope, p.key, p.value
        LIMIT v_rows;
    ELSE
        RETURN QUERY
        SELECT p.scope::text, p.key::text, p.value, p.frequency, p.first_seen, p.last_seen, _pattern_cursor(p.frequency, p.scope, p.key, p.value)
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.scope = pattern_list.scope AND p.frequency >= v_least
          AND (v_after IS NULL OR p.frequency < v_frequency
               OR p.frequency = v_frequency AND (p.scope, p.key, p.value) > (v_after ->> 1, v_after ->> 2, v_after ->> 3))
        ORDER BY p.frequency DESC, p.scope, p.key, p.value
        LIMIT v_rows;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.pattern_list(text, integer, integer, text) IS 'Returns patterns seen min_frequency times or more, in one scope or in all, most frequent first.
Errors: 42501 no tenant, 22023 max_rows, after.
Example: SELECT key, value, frequency FROM llmspell.pattern_list(''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.pattern_predict(scope text, key text, max_rows int DEFAULT 10, half_life interval DEFAULT NULL)
RETURNS TABLE (value text, frequency int, probability double precision, last_seen timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_half_life constant double precision := extract(epoch FROM _positive(pattern_predict.half_life, 'half_life'));
BEGIN
    RETURN QUERY
    SELECT w.value, w.frequency, w.weight / sum(w.weight) OVER (), w.last_seen
    FROM (
        SELECT p.value, p.frequency, p.last_seen,
            -- An exponent below -1000 would underflow and raise.
            p.frequency * CASE WHEN v_half_life IS NULL THEN 1
                ELSE power(2::double precision, greatest(-least(greatest(extract(epoch FROM statement_timestamp() - p.last_seen), 0) / v_half_life, 1000), -1000)) END AS weight
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.scope = _given(pattern_predict.scope, 'scope') AND p.key = _given(pattern_predict.key, 'key')
    ) AS w
    ORDER BY w.weight DESC, w.value
    LIMIT _max_rows(coalesce(pattern_predict.max_rows, 10));
END
$$;
COMMENT ON FUNCTION llmspell.pattern_predict(text, text, integer, interval) IS 'Returns the values seen after key in scope with their probabilities, most likely first.
Errors: 42501 no tenant, 22004 null, 22023 max_rows or half_life, 22008 half_life beyond the last timestamp.
Example: SELECT value, probability FROM llmspell.pattern_predict(''user:42'', ''after:login'', 3);';

CREATE OR REPLACE FUNCTION llmspell.pattern_prune(older_than interval DEFAULT NULL, before timestamptz DEFAULT NULL, below_frequency int DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant timestamptz := coalesce(pattern_prune.before, statement_timestamp() - _positive(pattern_prune.older_than, 'older_than'));
    v_places tid[];
    v_count bigint;
BEGIN
    IF pattern_prune.older_than IS NOT NULL AND pattern_prune.before IS NOT NULL THEN
        RAISE EXCEPTION 'older_than and before must not both be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF v_before IS NULL AND pattern_prune.below_frequency IS NULL THEN
        RAISE EXCEPTION 'older_than, before or below_frequency must be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF pattern_prune.below_frequency < 0 THEN
        RAISE EXCEPTION 'below_frequency must not be negative, got %', pattern_prune.below_frequency USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- In key order, as pattern_record_many locks; then by their place, as kv_delete_many explains.
    v_places := ARRAY(
        SELECT p.ctid FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant
          AND (v_before IS NULL OR p.last_seen < v_before)
          AND (pattern_prune.below_frequency IS NULL OR p.frequency < pattern_prune.below_frequency)
        ORDER BY p.scope, p.key, p.value
        FOR UPDATE);
    DELETE FROM procedural_patterns p WHERE p.tenant_id = v_tenant AND p.ctid = ANY (v_places);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.pattern_prune(interval, timestamptz, integer) IS 'Deletes patterns last seen before a moment and seen less often than below_frequency, where given; returns how many.
Errors: 42501 no tenant, 22023 no criterion, both older_than and before, or one that is not positive, 22008 beyond the first timestamp.
Example: SELECT llmspell.pattern_prune(''90 days'', below_frequency => 3);';
