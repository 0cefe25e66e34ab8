CREATE OR REPLACE FUNCTION llmspell_internal._tg_agent_states_update() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    IF NEW.state_data IS DISTINCT FROM OLD.state_data THEN
        NEW.data_version := OLD.data_version + 1;
        -- Not now(): a transaction that began earlier may write later.
        NEW.state_since := greatest(clock_timestamp(), OLD.state_since);
    ELSE
        NEW.data_version := OLD.data_version;
        NEW.state_since := OLD.state_since;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_agent_states_update() IS 'updated_at, and one version more where the state differs.';
CREATE OR REPLACE TRIGGER agent_states_update BEFORE UPDATE ON llmspell.agent_states
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_agent_states_update();

-- A trigger, not a foreign key: pg_restore -j loads the two tables in any order.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_agent_states_delete() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    DELETE FROM agent_state_history h WHERE h.tenant_id = OLD.tenant_id AND h.agent_id = OLD.agent_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_agent_states_delete() IS 'The history goes with its agent.';
CREATE OR REPLACE TRIGGER agent_states_delete AFTER DELETE ON llmspell.agent_states
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_agent_states_delete();

CREATE OR REPLACE FUNCTION llmspell_internal._tg_agent_states_rename() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    UPDATE agent_state_history h SET agent_id = NEW.agent_id, tenant_id = NEW.tenant_id
    WHERE h.tenant_id = OLD.tenant_id AND h.agent_id = OLD.agent_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_agent_states_rename() IS 'The history follows its agent.';
CREATE OR REPLACE TRIGGER agent_states_rename AFTER UPDATE OF tenant_id, agent_id ON llmspell.agent_states
    FOR EACH ROW WHEN (NEW.agent_id <> OLD.agent_id OR NEW.tenant_id <> OLD.tenant_id)
    EXECUTE FUNCTION llmspell_internal._tg_agent_states_rename();

CREATE OR REPLACE FUNCTION llmspell_internal._json_check(state jsonb) RETURNS void
    IMMUTABLE PARALLEL SAFE LANGUAGE c AS 'MODULE_PATHNAME', '_json_check_wrapper';
COMMENT ON FUNCTION llmspell_internal._json_check(jsonb) IS 'Raises what is wrong with a JSON document that is to be stored: 22004 null, 54000 over 64 MiB or nested over 1,000 deep.';
GRANT EXECUTE ON FUNCTION llmspell_internal._json_check(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._json_checksum(state jsonb) RETURNS bytea
    IMMUTABLE PARALLEL SAFE LANGUAGE c AS 'MODULE_PATHNAME', '_json_checksum_wrapper';
COMMENT ON FUNCTION llmspell_internal._json_checksum(jsonb) IS 'SHA-256 of the canonical text of a JSON document (RFC 8785 with keys by code point and exact decimal numbers): equal for equal documents, however spelled. Errors: 22004 null, 54000 over 64 MiB or nested over 1,000 deep.';
GRANT EXECUTE ON FUNCTION llmspell_internal._json_checksum(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._text_pack(data text, base text) RETURNS TABLE (packed bytea, beside boolean)
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_text_pack_wrapper';
COMMENT ON FUNCTION llmspell_internal._text_pack(text, text) IS 'Packs a text with zstd, beside a similar one where that takes less than half; beside tells whether it does. Error: XX001 over 256 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._text_pack(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._text_unpack(packed bytea, base text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '_text_unpack_wrapper';
COMMENT ON FUNCTION llmspell_internal._text_unpack(bytea, text) IS 'Undoes _text_pack. Error: XX001 damaged, cut off, or another base.';
GRANT EXECUTE ON FUNCTION llmspell_internal._text_unpack(bytea, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_unpack(tenant text, agent_id text, version int) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT _text_unpack(h.packed, CASE WHEN b.packed IS NOT NULL THEN _text_unpack(b.packed, NULL) END)
    FROM agent_state_history h
    LEFT JOIN agent_state_history b ON b.tenant_id = h.tenant_id AND b.agent_id = h.agent_id AND b.version = h.base_version
    WHERE h.tenant_id = _agent_state_unpack.tenant AND h.agent_id = _agent_state_unpack.agent_id
      AND h.version = _agent_state_unpack.version
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_unpack(text, text, integer) IS 'The text of a kept state; NULL where it was not kept. Error: XX001 damaged, or what it was packed beside is missing.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_unpack(text, text, integer) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_keep(kept llmspell.agent_states, replaced_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_text constant text := kept.state_data::text;
    v_base record;
    v_packed record;
BEGIN
    -- Measured on a 50 kB state that changes slowly: one whole state in 64 takes the least space.
    SELECT h.version, _text_unpack(h.packed, NULL) AS state INTO v_base
    FROM agent_state_history h
    WHERE h.tenant_id = kept.tenant_id AND h.agent_id = kept.agent_id AND h.version < kept.data_version
      AND h.version > kept.data_version - 64 AND h.base_version IS NULL
    ORDER BY h.version DESC
    LIMIT 1
    -- Gone already for others, it must not serve: 40001 under REPEATABLE READ.
    FOR KEY SHARE;
    SELECT * INTO v_packed FROM _text_pack(v_text, v_base.state);
    INSERT INTO agent_state_history (tenant_id, agent_id, version, agent_type, schema_version, checksum,
                                     saved_at, replaced_at, size_bytes, base_version, packed)
    VALUES (kept.tenant_id, kept.agent_id, kept.data_version, kept.agent_type, kept.schema_version, kept.checksum,
            kept.state_since, _agent_state_keep.replaced_at, octet_length(v_text),
            CASE WHEN v_packed.beside THEN v_base.version END, v_packed.packed);
END
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_keep(llmspell.agent_states, timestamptz) IS 'Packs a former state into the history.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_keep(llmspell.agent_states, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.agent_state_save(agent_id text, agent_type text, state jsonb, expected_version bigint DEFAULT NULL,
                                          schema_version int DEFAULT 1, keep_history boolean DEFAULT false)
RETURNS TABLE (state_id uuid, version bigint, created boolean, changed boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_checksum constant bytea := _json_checksum(agent_state_save.state);
    v_old agent_states;
    v_since timestamptz;
    v_seen boolean := true;
BEGIN
    PERFORM _short_text(agent_state_save.agent_id, 'agent_id', 255), _short_text(agent_state_save.agent_type, 'agent_type', 100),
        _required(agent_state_save.schema_version, 'schema_version'), _check_expected(agent_state_save.expected_version);
    LOOP
        created := false;
        IF agent_state_save.keep_history THEN
            SELECT * INTO v_old FROM agent_states a
            WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_save.agent_id
            FOR NO KEY UPDATE;
            v_seen := FOUND;
        END IF;
        -- Nothing is written where nothing differs.
        UPDATE agent_states a
        SET agent_type = agent_state_save.agent_type, state_data = agent_state_save.state,
            schema_version = agent_state_save.schema_version, checksum = encode(v_checksum, 'hex'), own_checksum = v_checksum
        WHERE v_seen AND a.tenant_id = v_tenant AND a.agent_id = agent_state_save.agent_id
          AND (agent_state_save.expected_version IS NULL OR a.data_version = agent_state_save.expected_version)
          AND (a.own_checksum IS DISTINCT FROM v_checksum OR a.state_data <> agent_state_save.state
               OR a.agent_type <> agent_state_save.agent_type OR a.schema_version <> agent_state_save.schema_version
               OR a.checksum <> encode(v_checksum, 'hex'))
        RETURNING new.state_id, new.data_version, new.data_version > old.data_version, new.state_since
        INTO state_id, version, changed, v_since;
        IF FOUND THEN
            IF agent_state_save.keep_history AND changed THEN
                PERFORM _agent_state_keep(v_old, v_since);
            END IF;
            EXIT;
        END IF;

        SELECT a.state_id, a.data_version, a.state_data <> agent_state_save.state INTO state_id, version, changed
        FROM agent_states a WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_save.agent_id;
        IF FOUND AND version IS DISTINCT FROM coalesce(agent_state_save.expected_version, version)
            OR NOT FOUND AND agent_state_save.expected_version > 0
        THEN
            PERFORM _raise_conflict('agent', agent_state_save.agent_id, agent_state_save.expected_version, coalesce(version, 0));
        END IF;
        EXIT WHEN NOT changed;
        -- Somebody else changed it between the two statements.
        CONTINUE WHEN changed;

        INSERT INTO agent_states AS a (tenant_id, agent_id, agent_type, state_data, schema_version, checksum, own_checksum)
        VALUES (v_tenant, agent_state_save.agent_id, agent_state_save.agent_type, agent_state_save.state,
                agent_state_save.schema_version, encode(v_checksum, 'hex'), v_checksum)
        ON CONFLICT (tenant_id, agent_id) DO NOTHING
        RETURNING a.state_id, a.data_version, true, true INTO state_id, version, created, changed;
        EXIT WHEN FOUND;
        -- Somebody else made the agent meanwhile: look again.
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_save(text, text, jsonb, bigint, integer, boolean) IS 'Saves an agent''s state and returns (state_id, version, created, changed): the version goes up by one only where the state differs. expected_version: NULL any, 0 must not exist, n exactly that version, else LS409. keep_history: keep the former state as a checkpoint. Errors: 42501 no tenant, 22004 null, 22001 agent_id over 255 or agent_type over 100 characters, 54000 state over 64 MiB or nested over 1,000 deep, 23514 schema_version below 1. Example: SELECT version FROM llmspell.agent_state_save(''a1'', ''chat'', ''{"step": 1}'', keep_history => true);';

CREATE OR REPLACE FUNCTION llmspell.agent_state_get(agent_id text)
RETURNS TABLE (state_id uuid, agent_type text, state jsonb, version bigint, schema_version int, checksum text,
               created_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.state_id, a.agent_type, a.state_data, a.data_version, a.schema_version, a.checksum, a.created_at, a.updated_at
    FROM llmspell.agent_states a
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND a.tenant_id = llmspell.current_tenant() AND a.agent_id = llmspell_internal._required(agent_state_get.agent_id, 'agent_id');
END;
COMMENT ON FUNCTION llmspell.agent_state_get(text) IS 'The current state of an agent: one row, or none. Errors: 42501 no tenant, 22004 null. Example: SELECT state, version FROM llmspell.agent_state_get(''a1'');';

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_list(wanted_type text, max_rows int, after text)
RETURNS TABLE (agent_id text, agent_type text, version bigint, schema_version int, updated_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    -- In a variable: an expression in the query would not go into the index under row level security.
    v_from constant text := coalesce(_agent_state_list.after || E'\x01', '');
BEGIN
    IF _agent_state_list.wanted_type IS NULL THEN
        RETURN QUERY
        SELECT a.agent_id::text, a.agent_type::text, a.data_version::bigint, a.schema_version, a.updated_at
        FROM agent_states a
        WHERE a.tenant_id = v_tenant AND a.agent_id >= v_from
        ORDER BY a.agent_id
        LIMIT _max_rows(_agent_state_list.max_rows);
    ELSE
        RETURN QUERY
        SELECT a.agent_id::text, a.agent_type::text, a.data_version::bigint, a.schema_version, a.updated_at
        FROM agent_states a
        WHERE a.tenant_id = v_tenant AND a.agent_type = _agent_state_list.wanted_type
          AND a.agent_id >= v_from
        ORDER BY a.agent_id
        LIMIT _max_rows(_agent_state_list.max_rows);
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_list IS 'What agent_state_list does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_list TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.agent_state_list(agent_type text DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (agent_id text, agent_type text, version bigint, schema_version int, updated_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._agent_state_list(agent_state_list.agent_type, agent_state_list.max_rows, agent_state_list.after);
END;
COMMENT ON FUNCTION llmspell.agent_state_list(text, integer, text) IS 'Agents by id in byte order, of one type or of all, without their states. For the next page give the last agent_id as after. Errors: 42501 no tenant, 22004, 22023 max_rows. Example: SELECT agent_id FROM llmspell.agent_state_list(''chat'', 100, after => ''planner'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_delete(agent_id text, expected_version bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_actual bigint;
BEGIN
    PERFORM _required(agent_state_delete.agent_id, 'agent_id'), _check_expected(agent_state_delete.expected_version);
    DELETE FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_delete.agent_id
      AND (agent_state_delete.expected_version IS NULL OR a.data_version = agent_state_delete.expected_version);
    IF FOUND THEN
        RETURN true;
    END IF;
    SELECT l.version INTO v_actual FROM agent_state_get(agent_state_delete.agent_id) l;
    IF agent_state_delete.expected_version <> coalesce(v_actual, 0) THEN
        PERFORM _raise_conflict('agent', agent_state_delete.agent_id, agent_state_delete.expected_version, coalesce(v_actual, 0));
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_delete(text, bigint) IS 'Deletes an agent''s state and its history; true where it existed. Errors: 42501 no tenant, 22004 null, LS409 another version. Example: SELECT llmspell.agent_state_delete(''planner'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_verify() RETURNS TABLE (agent_id text, stored_checksum text, computed_checksum text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_foreign bigint;
BEGIN
    RETURN QUERY
    SELECT a.agent_id::text, a.checksum::text, encode(_json_checksum(a.state_data), 'hex')
    FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.checksum = encode(a.own_checksum, 'hex')
      AND a.own_checksum <> _json_checksum(a.state_data)
    ORDER BY a.agent_id;
    SELECT count(*) INTO v_foreign FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.checksum IS DISTINCT FROM encode(a.own_checksum, 'hex');
    IF v_foreign > 0 THEN
        RAISE NOTICE '% agent states carry a checksum that another client computed, and were not checked', v_foreign;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_verify() IS 'Agents whose state does not match the checksum that agent_state_save wrote: no row where all is well. Rows whose checksum another client computed cannot be checked; a NOTICE counts them. Error: 42501 no tenant. Example: SELECT * FROM llmspell.agent_state_verify();';

CREATE OR REPLACE FUNCTION llmspell.agent_state_history(agent_id text, max_rows int DEFAULT 100, before_version bigint DEFAULT NULL)
RETURNS TABLE (version bigint, agent_type text, schema_version int, checksum text, saved_at timestamptz, replaced_at timestamptz,
               size_bytes int, stored_bytes int)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT h.version, h.agent_type, h.schema_version, h.checksum, h.saved_at, h.replaced_at, h.size_bytes, octet_length(h.packed)
    FROM llmspell.agent_state_history h
    WHERE llmspell_internal._require_tenant() IS NOT NULL
      AND h.tenant_id = llmspell.current_tenant() AND h.agent_id = llmspell_internal._required(agent_state_history.agent_id, 'agent_id')
      AND h.version < (SELECT COALESCE(agent_state_history.before_version, 9223372036854775807))
    ORDER BY h.version DESC
    LIMIT llmspell_internal._max_rows(agent_state_history.max_rows);
END;
COMMENT ON FUNCTION llmspell.agent_state_history(text, integer, bigint) IS 'The checkpoints of an agent, newest first, without their states: when each was current, its size as JSON text and as stored, bytes. For the next page give the last version as before_version. Errors: 42501 no tenant, 22004 null, 22023 negative max_rows. Example: SELECT version, saved_at FROM llmspell.agent_state_history(''planner'', 10);';

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_at(agent_id text, wanted_version bigint, at timestamptz)
RETURNS TABLE (version bigint, state jsonb, agent_type text, schema_version int, checksum text, saved_at timestamptz)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _required(_agent_state_at.agent_id, 'agent_id');
    IF (_agent_state_at.wanted_version IS NULL) = (_agent_state_at.at IS NULL) THEN
        RAISE EXCEPTION 'one of version and at must be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT a.data_version::bigint, a.state_data, a.agent_type::text, a.schema_version, a.checksum::text, a.state_since
    FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.agent_id = _agent_state_at.agent_id
      AND (a.data_version = _agent_state_at.wanted_version OR a.state_since <= _agent_state_at.at);
    IF FOUND THEN
        RETURN;
    END IF;
    IF _agent_state_at.wanted_version IS NULL THEN
        SELECT h.version INTO _agent_state_at.wanted_version
        FROM agent_state_history h
        WHERE h.tenant_id = v_tenant AND h.agent_id = _agent_state_at.agent_id
          AND _agent_state_at.at >= h.saved_at AND _agent_state_at.at < h.replaced_at
        ORDER BY h.version DESC
        LIMIT 1;
    END IF;
    RETURN QUERY
    SELECT h.version::bigint, _agent_state_unpack(v_tenant, h.agent_id, h.version)::jsonb, h.agent_type::text,
        h.schema_version, h.checksum::text, h.saved_at
    FROM agent_state_history h
    WHERE h.tenant_id = v_tenant AND h.agent_id = _agent_state_at.agent_id AND h.version = _agent_state_at.wanted_version;
END
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_at IS 'What agent_state_at does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_at TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.agent_state_at(agent_id text, version bigint DEFAULT NULL, at timestamptz DEFAULT NULL)
RETURNS TABLE (version bigint, state jsonb, agent_type text, schema_version int, checksum text, saved_at timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._agent_state_at(agent_state_at.agent_id, agent_state_at.version, agent_state_at.at);
END;
COMMENT ON FUNCTION llmspell.agent_state_at(text, bigint, timestamptz) IS 'The state of an agent in a version, or at a moment, current or kept: one row, or none where it was not kept. Errors: 42501 no tenant, 22004 null agent_id, 22023 both or neither of version and at. Example: SELECT state FROM llmspell.agent_state_at(''a1'', at => now() - interval ''1 hour'');';

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_restore(agent_id text, wanted_version bigint)
RETURNS TABLE (state_id uuid, version bigint, created boolean, changed boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_kept record;
BEGIN
    PERFORM _required(_agent_state_restore.wanted_version, 'version');
    SELECT * INTO v_kept FROM agent_state_at(_agent_state_restore.agent_id, _agent_state_restore.wanted_version) k;
    IF NOT FOUND THEN
        PERFORM _raise_missing('checkpoint', format('%s of agent %s', _agent_state_restore.wanted_version, _agent_state_restore.agent_id));
    END IF;
    RETURN QUERY SELECT * FROM agent_state_save(_agent_state_restore.agent_id, v_kept.agent_type, v_kept.state,
        schema_version => v_kept.schema_version, keep_history => true);
END
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_restore IS 'What agent_state_restore does; plpgsql wants other names for inputs than for outputs.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_restore TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.agent_state_restore(agent_id text, version bigint)
RETURNS TABLE (state_id uuid, version bigint, created boolean, changed boolean)
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT * FROM llmspell_internal._agent_state_restore(agent_state_restore.agent_id, agent_state_restore.version);
END;
COMMENT ON FUNCTION llmspell.agent_state_restore(text, bigint) IS 'Makes a kept state the current one again, as a new version; the state it replaces is kept. Returns as agent_state_save. Errors: 42501 no tenant, 22004 null, P0002 no such version. Example: SELECT version FROM llmspell.agent_state_restore(''planner'', 3);';

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_prunable(tenant text, agent_id text, keep_last int, older_than interval) RETURNS SETOF int
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT r.version
    FROM (SELECT h.version, h.replaced_at, row_number() OVER (ORDER BY h.version DESC) AS rank
          FROM agent_state_history h
          WHERE h.tenant_id = _agent_state_prunable.tenant AND h.agent_id = _agent_state_prunable.agent_id) AS r
    WHERE r.rank > coalesce(keep_last, 0) AND (older_than IS NULL OR r.replaced_at < statement_timestamp() - older_than)
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_prunable(text, text, integer, interval) IS 'The kept versions that agent_state_prune forgets.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_prunable(text, text, integer, interval) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.agent_state_prune(agent_id text, keep_last int DEFAULT NULL, older_than interval DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_goes int[];
    v_orphan record;
    v_base int;
    v_base_text text;
    v_text text;
    v_packed record;
BEGIN
    PERFORM _required(agent_state_prune.agent_id, 'agent_id');
    IF agent_state_prune.keep_last IS NULL AND agent_state_prune.older_than IS NULL
        OR agent_state_prune.keep_last < 0 OR agent_state_prune.older_than < '0'
    THEN
        RAISE EXCEPTION 'keep_last or older_than must be given, neither may be negative: got % and %',
            coalesce(agent_state_prune.keep_last::text, 'null'), coalesce(agent_state_prune.older_than::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- One pruner and no saver at a time: both pack beside what is there.
    PERFORM FROM agent_states a WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_prune.agent_id FOR NO KEY UPDATE;
    v_goes := ARRAY(SELECT _agent_state_prunable(v_tenant, agent_state_prune.agent_id, agent_state_prune.keep_last, agent_state_prune.older_than));
    -- What stays but was packed beside what goes is packed anew, beside the first of its kind that stays.
    FOR v_orphan IN
        SELECT h.version FROM agent_state_history h
        WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_prune.agent_id
          AND h.base_version = ANY (v_goes) AND NOT h.version = ANY (v_goes)
        ORDER BY h.version
    LOOP
        v_text := _agent_state_unpack(v_tenant, agent_state_prune.agent_id, v_orphan.version);
        IF v_base_text IS NULL OR v_orphan.version >= v_base + 64 THEN
            v_base_text := NULL;
        END IF;
        SELECT * INTO v_packed FROM _text_pack(v_text, v_base_text);
        UPDATE agent_state_history h
        SET packed = v_packed.packed, base_version = CASE WHEN v_packed.beside THEN v_base END
        WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_prune.agent_id AND h.version = v_orphan.version;
        IF NOT v_packed.beside THEN
            v_base := v_orphan.version;
            v_base_text := v_text;
        END IF;
    END LOOP;
    DELETE FROM agent_state_history h
    WHERE h.tenant_id = v_tenant AND h.agent_id = agent_state_prune.agent_id AND h.version = ANY (v_goes);
    RETURN cardinality(v_goes);
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_prune(text, integer, interval) IS 'Forgets checkpoints of an agent and returns how many: those beyond the newest keep_last, and only those replaced longer than older_than ago where that is given. Errors: 42501 no tenant, 22004 null agent_id, 22023 neither given, or negative, 22008 beyond the first timestamp. Example: SELECT llmspell.agent_state_prune(''planner'', keep_last => 100);';
