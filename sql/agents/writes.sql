CREATE OR REPLACE FUNCTION llmspell.agent_history_get(agent_type text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce((SELECT p.history::text FROM llmspell.agent_history_policies p
                     WHERE p.tenant_id = llmspell.current_tenant()
                       AND p.agent_type = llmspell_internal._given(agent_history_get.agent_type, 'agent_type')), 'checkpoints')
    WHERE llmspell_internal._require_tenant() IS NOT NULL;
END;
COMMENT ON FUNCTION llmspell.agent_history_get(text) IS 'Returns which saved states of a type of agents are kept: all, checkpoints (the default) or none.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.agent_history_get(''chat'');';

CREATE OR REPLACE FUNCTION llmspell.agent_history_set(agent_type text, history text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_history constant text := lower(_given(agent_history_set.history, 'history'));
BEGIN
    PERFORM _short_text(agent_history_set.agent_type, 'agent_type', 100);
    IF v_history NOT IN ('all', 'checkpoints', 'none') THEN
        RAISE EXCEPTION 'unknown history "%"', left(agent_history_set.history, 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use all, checkpoints or none.';
    END IF;
    INSERT INTO agent_history_policies (tenant_id, agent_type, history) VALUES (v_tenant, agent_history_set.agent_type, v_history)
    ON CONFLICT (tenant_id, agent_type) DO UPDATE SET history = EXCLUDED.history;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _raise_unseen('history of', p.agent_type) FROM agent_history_policies p
        WHERE p.tenant_id = v_tenant AND p.agent_type = agent_history_set.agent_type GROUP BY p.agent_type HAVING count(*) > 1;
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell.agent_history_set(text, text) IS 'Sets which saved states of a type of agents are kept from now on: all, checkpoints or none.
Errors: 42501 no tenant, 22004 null, 22001 agent_type over 100 characters, 22023 unknown history.
Example: SELECT llmspell.agent_history_set(''chat'', ''all'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_save(agent_id text, agent_type text, state jsonb, expected_version bigint DEFAULT NULL,
                                          schema_version int DEFAULT 1, keep_history boolean DEFAULT false, label text DEFAULT NULL)
RETURNS TABLE (state_id uuid, version bigint, created boolean, changed boolean, checkpoint boolean)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_id constant text := _short_text(agent_state_save.agent_id, 'agent_id', 255);
    v_type constant text := _short_text(agent_state_save.agent_type, 'agent_type', 100);
    v_checksum constant bytea := _json_checksum(agent_state_save.state);
    v_schema_version constant int := coalesce(agent_state_save.schema_version, 1);
    v_label constant text := CASE WHEN agent_state_save.label IS NOT NULL THEN _short_text(agent_state_save.label, 'label', 100) END;
    v_checkpoint boolean;
BEGIN
    IF agent_state_save.expected_version IS NOT NULL THEN
        PERFORM _check_expected(agent_state_save.expected_version);
    END IF;
    v_checkpoint := CASE (SELECT p.history FROM agent_history_policies p WHERE p.tenant_id = v_tenant AND p.agent_type = v_type)
                        WHEN 'all' THEN true
                        WHEN 'none' THEN false
                        ELSE coalesce(agent_state_save.keep_history, false) OR v_label IS NOT NULL
                    END;
    LOOP
        created := false;
        -- Nothing is written where nothing differs.
        UPDATE agent_states a
        SET agent_type = v_type, state_data = agent_state_save.state,
            schema_version = v_schema_version, checksum = encode(v_checksum, 'hex'), own_checksum = v_checksum,
            checkpoint_version = CASE WHEN NOT v_checkpoint THEN a.checkpoint_version
                                      WHEN a.state_data <> agent_state_save.state THEN a.data_version + 1
                                      ELSE a.data_version END,
            checkpoint_label = CASE WHEN NOT v_checkpoint THEN a.checkpoint_label
                                    WHEN v_label IS NULL AND a.checkpoint_version = a.data_version AND a.state_data = agent_state_save.state
                                        THEN a.checkpoint_label
                                    ELSE v_label END
        WHERE a.tenant_id = v_tenant AND a.agent_id = v_id
          AND (agent_state_save.expected_version IS NULL OR a.data_version = agent_state_save.expected_version)
          AND (a.own_checksum IS DISTINCT FROM v_checksum OR a.state_data <> agent_state_save.state
               OR a.agent_type <> v_type OR a.schema_version <> v_schema_version
               OR a.checksum <> encode(v_checksum, 'hex')
               OR v_checkpoint AND (a.checkpoint_version IS DISTINCT FROM a.data_version
                                    OR v_label IS NOT NULL AND a.checkpoint_label IS DISTINCT FROM v_label))
        RETURNING new.state_id, new.data_version, new.data_version > old.data_version, new.checkpoint_version IS NOT DISTINCT FROM new.data_version
        INTO state_id, version, changed, checkpoint;
        EXIT WHEN FOUND;

        SELECT a.state_id, a.data_version, a.state_data <> agent_state_save.state, a.checkpoint_version IS NOT DISTINCT FROM a.data_version
        INTO state_id, version, changed, checkpoint
        FROM agent_states a WHERE a.tenant_id = v_tenant AND a.agent_id = v_id;
        IF FOUND AND version IS DISTINCT FROM coalesce(agent_state_save.expected_version, version)
            OR NOT FOUND AND agent_state_save.expected_version > 0
        THEN
            PERFORM _raise_conflict('agent', v_id, agent_state_save.expected_version, coalesce(version, 0));
        END IF;
        EXIT WHEN NOT changed;
        -- Another session changed it between the two statements.
        CONTINUE WHEN changed;

        INSERT INTO agent_states AS a (tenant_id, agent_id, agent_type, state_data, schema_version, checksum, own_checksum,
                                       checkpoint_version, checkpoint_label)
        VALUES (v_tenant, v_id, v_type, agent_state_save.state,
                v_schema_version, encode(v_checksum, 'hex'), v_checksum, CASE WHEN v_checkpoint THEN 1 END,
                CASE WHEN v_checkpoint THEN v_label END)
        ON CONFLICT (tenant_id, agent_id) DO NOTHING
        RETURNING a.state_id, a.data_version, true, true, v_checkpoint INTO state_id, version, created, changed, checkpoint;
        EXIT WHEN FOUND;
        -- Another session made the agent meanwhile: look again.
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_save(text, text, jsonb, bigint, integer, boolean, text) IS 'Saves an agent''s state; with keep_history or a label as a checkpoint, which stays until it is pruned.
Errors: 42501 no tenant, LS409 another version, 22004 null, 22001 agent_id over 255, agent_type or label over 100 characters, 22023 expected_version, 54000 state too large or too deep, 23514 schema_version below 1.
Example: SELECT version FROM llmspell.agent_state_save(''a1'', ''chat'', ''{"step": 1}'', label => ''first plan'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_delete(agent_id text, expected_version bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_actual bigint;
BEGIN
    PERFORM _given(agent_state_delete.agent_id, 'agent_id'), _check_expected(agent_state_delete.expected_version);
    DELETE FROM agent_states a
    WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_delete.agent_id
      AND (agent_state_delete.expected_version IS NULL OR a.data_version = agent_state_delete.expected_version);
    IF FOUND THEN
        RETURN true;
    END IF;
    SELECT g.version INTO v_actual FROM agent_state_get(agent_state_delete.agent_id) g;
    IF agent_state_delete.expected_version <> coalesce(v_actual, 0) THEN
        PERFORM _raise_conflict('agent', agent_state_delete.agent_id, agent_state_delete.expected_version, coalesce(v_actual, 0));
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_delete(text, bigint) IS 'Deletes an agent''s state and its history; returns whether it existed.
Errors: 42501 no tenant, LS409 another version, 22004 null, 22023 expected_version.
Example: SELECT llmspell.agent_state_delete(''planner'');';

CREATE OR REPLACE FUNCTION llmspell.agent_state_restore(agent_id text, version bigint DEFAULT NULL, label text DEFAULT NULL)
RETURNS SETOF llmspell_internal.agent_state_saved
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_kept record;
BEGIN
    -- A prune, or a save of a state that this must keep, comes before or after.
    PERFORM FROM agent_states a WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_restore.agent_id FOR NO KEY UPDATE;
    SELECT k.* INTO v_kept FROM agent_state_at(agent_state_restore.agent_id, agent_state_restore.version, label => agent_state_restore.label) k;
    IF NOT FOUND THEN
        PERFORM _raise_missing('checkpoint', format('%s of agent %s', coalesce(agent_state_restore.version::text, agent_state_restore.label), agent_state_restore.agent_id));
    END IF;
    -- The state that is replaced becomes a checkpoint, so that a restore can be undone.
    UPDATE agent_states a SET checkpoint_version = a.data_version, checkpoint_label = NULL
    WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_restore.agent_id
      AND a.checkpoint_version IS DISTINCT FROM a.data_version AND a.data_version <> v_kept.version
      AND agent_history_get(a.agent_type) <> 'none';
    RETURN QUERY
    SELECT s.state_id, s.version, s.created, s.changed, s.checkpoint
    FROM agent_state_save(agent_state_restore.agent_id, v_kept.agent_type, v_kept.state, schema_version => v_kept.schema_version) s;
END
$$;
COMMENT ON FUNCTION llmspell.agent_state_restore(text, bigint, text) IS 'Makes a kept state the current one again, as a new version; the state that it replaces is kept.
Errors: 42501 no tenant, 22004 null agent_id, 22023 both or neither of version and label, P0002 no such checkpoint.
Example: SELECT version FROM llmspell.agent_state_restore(''planner'', 3);';

CREATE OR REPLACE FUNCTION llmspell_internal._agent_state_prunable(tenant text, agent_id text, keep_last int, before timestamptz) RETURNS SETOF int
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT r.version
    FROM (SELECT h.version, h.replaced_at, row_number() OVER (ORDER BY h.version DESC) AS rank
          FROM agent_state_history h
          WHERE h.tenant_id = _agent_state_prunable.tenant AND h.agent_id = _agent_state_prunable.agent_id) AS r
    WHERE r.rank > coalesce(keep_last, 0) AND (before IS NULL OR r.replaced_at < before)
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_prunable(text, text, integer, timestamptz) IS 'Returns the versions that agent_state_prune deletes.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_prunable(text, text, integer, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.agent_state_prune(agent_id text, keep_last int DEFAULT NULL, older_than interval DEFAULT NULL,
                                           before timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_before constant timestamptz := coalesce(agent_state_prune.before, statement_timestamp() - _positive(agent_state_prune.older_than, 'older_than'));
    v_goes int[];
    v_orphan record;
    v_base int;
    v_base_text text;
    v_text text;
    v_packed record;
BEGIN
    PERFORM _given(agent_state_prune.agent_id, 'agent_id');
    IF agent_state_prune.before IS NOT NULL AND agent_state_prune.older_than IS NOT NULL THEN
        RAISE EXCEPTION 'older_than and before must not both be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF agent_state_prune.keep_last IS NULL AND v_before IS NULL THEN
        RAISE EXCEPTION 'one of keep_last, older_than and before must be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF agent_state_prune.keep_last < 0 THEN
        RAISE EXCEPTION 'keep_last must not be negative, got %', agent_state_prune.keep_last USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Pruning and saving both choose bases, so they take turns.
    PERFORM FROM agent_states a WHERE a.tenant_id = v_tenant AND a.agent_id = agent_state_prune.agent_id FOR NO KEY UPDATE;
    v_goes := ARRAY(SELECT _agent_state_prunable(v_tenant, agent_state_prune.agent_id, agent_state_prune.keep_last, v_before));
    -- States that stay, with a base that goes, are packed anew against the first such state that stays.
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
COMMENT ON FUNCTION llmspell.agent_state_prune(text, integer, interval, timestamptz) IS 'Deletes checkpoints beyond the newest keep_last and replaced before a moment, where given; returns how many.
Errors: 42501 no tenant, 22004 null agent_id, 22023 no criterion, older_than and before, or one out of range, 22008 beyond the last timestamp.
Example: SELECT llmspell.agent_state_prune(''planner'', keep_last => 100);';
