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
    PERFORM _check_scope(scope), _short_text(key, 'key', 500), _required(value, 'value');
    -- An index entry holds 2,704 bytes with its headers.
    IF v_bytes > 2600 THEN
        RAISE EXCEPTION 'tenant, scope, key and value have at most 2600 bytes together, these have %', v_bytes
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Record a hash of the value, and keep the value in the key-value store.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._pattern_check(text, text, text) IS 'Raises what is wrong with a pattern: 42501 no tenant, 22004 null, 22023 no scope, 22001 key over 500 characters, 54000 over 2,600 bytes together with the tenant id.';
GRANT EXECUTE ON FUNCTION llmspell_internal._pattern_check(text, text, text) TO llmspell_app;

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
COMMENT ON FUNCTION llmspell.pattern_record(text, text, text) IS 'Counts that value followed key in scope (global, user:<id>, …) and returns how often it has by now. Errors: 42501 no tenant, 22004 null, 22023 no scope, 22001 key over 500 characters, 54000 over 2,600 bytes together with scope, key and tenant id. Example: SELECT llmspell.pattern_record(''user:42'', ''after:login'', ''open:inbox'');';

CREATE OR REPLACE FUNCTION llmspell.pattern_record_many(patterns jsonb) RETURNS TABLE (scope text, key text, value text, frequency int)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    IF jsonb_typeof(_required(pattern_record_many.patterns, 'patterns')) <> 'array' THEN
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
END
$$;
COMMENT ON FUNCTION llmspell.pattern_record_many(jsonb) IS 'Counts an array of {"scope", "key", "value"}, all or nothing, the same one several times where it occurs several times, and returns each with how often it was seen by now. Errors: as pattern_record, 22023 no array. Example: SELECT * FROM llmspell.pattern_record_many(''[{"scope": "global", "key": "k", "value": "v"}]'');';

CREATE OR REPLACE FUNCTION llmspell.pattern_frequency(scope text, key text, value text) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE((
        SELECT p.frequency FROM llmspell.procedural_patterns p
        WHERE llmspell_internal._require_tenant() IS NOT NULL
          AND p.tenant_id = llmspell.current_tenant() AND p.scope = llmspell_internal._required(pattern_frequency.scope, 'scope')
          AND p.key = llmspell_internal._required(pattern_frequency.key, 'key') AND p.value = llmspell_internal._required(pattern_frequency.value, 'value')), 0);
END;
COMMENT ON FUNCTION llmspell.pattern_frequency(text, text, text) IS 'How often value followed key in scope; 0 for never. Errors: 42501 no tenant, 22004 null. Example: SELECT llmspell.pattern_frequency(''user:42'', ''theme'', ''dark'');';

CREATE OR REPLACE FUNCTION llmspell_internal._patterns_learned(min_frequency int, wanted_scope text, max_rows int, after jsonb)
RETURNS TABLE (scope text, key text, value text, frequency int, first_seen timestamptz, last_seen timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_frequency constant int := coalesce((_patterns_learned.after ->> 'frequency')::int, 2147483647);
    v_after constant text[] := ARRAY[_patterns_learned.after ->> 'scope', _patterns_learned.after ->> 'key', _patterns_learned.after ->> 'value'];
BEGIN
    IF array_position(v_after, NULL) IS NOT NULL AND _patterns_learned.after IS NOT NULL
        OR _patterns_learned.after IS NOT NULL AND _patterns_learned.after ->> 'frequency' IS NULL
    THEN
        RAISE EXCEPTION 'after must have frequency, scope, key and value' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the last row of the page before, for instance to_jsonb(p).';
    END IF;
    IF _required(_patterns_learned.min_frequency, 'min_frequency') >= 3 THEN
        -- The constant lets the planner use the index of learned patterns.
        RETURN QUERY
        SELECT p.scope::text, p.key::text, p.value, p.frequency, p.first_seen, p.last_seen
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.frequency >= 3 AND p.frequency >= _patterns_learned.min_frequency
          AND p.frequency <= v_frequency
          AND (_patterns_learned.wanted_scope IS NULL OR p.scope = _patterns_learned.wanted_scope)
          AND (_patterns_learned.after IS NULL OR p.frequency < v_frequency
               OR (p.scope, p.key, p.value) > (v_after[1], v_after[2], v_after[3]))
        ORDER BY p.frequency DESC, p.scope, p.key, p.value
        LIMIT _max_rows(_patterns_learned.max_rows);
    ELSE
        RETURN QUERY
        SELECT p.scope::text, p.key::text, p.value, p.frequency, p.first_seen, p.last_seen
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.frequency >= _patterns_learned.min_frequency
          AND p.frequency <= v_frequency
          AND (_patterns_learned.wanted_scope IS NULL OR p.scope = _patterns_learned.wanted_scope)
          AND (_patterns_learned.after IS NULL OR p.frequency < v_frequency
               OR (p.scope, p.key, p.value) > (v_after[1], v_after[2], v_after[3]))
        ORDER BY p.frequency DESC, p.scope, p.key, p.value
        LIMIT _max_rows(_patterns_learned.max_rows);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._patterns_learned IS 'What patterns_learned does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._patterns_learned TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.patterns_learned(min_frequency int DEFAULT 3, scope text DEFAULT NULL, max_rows int DEFAULT 100, after jsonb DEFAULT NULL)
RETURNS TABLE (scope text, key text, value text, frequency int, first_seen timestamptz, last_seen timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._patterns_learned(patterns_learned.min_frequency, patterns_learned.scope, patterns_learned.max_rows, patterns_learned.after);
END;
COMMENT ON FUNCTION llmspell.patterns_learned(integer, text, integer, jsonb) IS 'Patterns seen min_frequency times or more, in one scope or in all, most frequent first. From 3 on an index answers; below, all patterns of the tenant are read. For the next page give the last row as after: to_jsonb(row). Errors: 42501 no tenant, 22004, 22023 max_rows, after. Example: SELECT key, value, frequency FROM llmspell.patterns_learned(3, scope => ''user:42'');';

CREATE OR REPLACE FUNCTION llmspell.pattern_predict(scope text, key text, max_rows int DEFAULT 10, half_life interval DEFAULT NULL)
RETURNS TABLE (value text, frequency int, probability double precision, last_seen timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_half_life constant double precision := extract(epoch FROM pattern_predict.half_life);
BEGIN
    IF v_half_life <= 0 THEN
        RAISE EXCEPTION 'half_life must be positive, got %', pattern_predict.half_life USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT w.value, w.frequency, w.weight / sum(w.weight) OVER (), w.last_seen
    FROM (
        SELECT p.value, p.frequency, p.last_seen,
            -- An exponent below -1000 would underflow and raise.
            p.frequency * CASE WHEN v_half_life IS NULL THEN 1
                ELSE power(2::double precision, greatest(-least(greatest(extract(epoch FROM statement_timestamp() - p.last_seen), 0) / v_half_life, 1000), -1000)) END AS weight
        FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant AND p.scope = _required(pattern_predict.scope, 'scope') AND p.key = _required(pattern_predict.key, 'key')
    ) AS w
    ORDER BY w.weight DESC, w.value
    LIMIT _max_rows(pattern_predict.max_rows);
END
$$;
COMMENT ON FUNCTION llmspell.pattern_predict(text, text, integer, interval) IS 'What is likely to follow key in scope: the values seen, most likely first. The probability is the share of a value among all values of the key; with half_life an observation counts half after that time since the value was last seen (exponential decay). Errors: 42501 no tenant, 22004, 22023 max_rows, half_life not positive. Example: SELECT value, probability FROM llmspell.pattern_predict(''user:42'', ''after:login'', 3);';

CREATE OR REPLACE FUNCTION llmspell.pattern_forget(older_than interval DEFAULT NULL, below int DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_count bigint;
BEGIN
    IF pattern_forget.older_than IS NULL AND pattern_forget.below IS NULL OR pattern_forget.older_than < '0' OR pattern_forget.below < 0 THEN
        RAISE EXCEPTION 'older_than or below must be given, neither may be negative: got % and %',
            coalesce(pattern_forget.older_than::text, 'null'), coalesce(pattern_forget.below::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- In key order, as pattern_record_many locks.
    WITH due AS (
        SELECT p.scope, p.key, p.value FROM procedural_patterns p
        WHERE p.tenant_id = v_tenant
          AND (pattern_forget.older_than IS NULL OR p.last_seen < statement_timestamp() - pattern_forget.older_than)
          AND (pattern_forget.below IS NULL OR p.frequency < pattern_forget.below)
        ORDER BY p.scope, p.key, p.value
        FOR UPDATE
    )
    DELETE FROM procedural_patterns p USING due d
    WHERE p.tenant_id = v_tenant AND p.scope = d.scope AND p.key = d.key AND p.value = d.value;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.pattern_forget(interval, integer) IS 'Deletes patterns last seen longer than older_than ago, and seen less often than below, where given, and returns how many. Errors: 42501 no tenant, 22023 neither given, or negative, 22008 beyond the first timestamp. Example: SELECT llmspell.pattern_forget(''90 days'', below => 3);';
