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
COMMENT ON FUNCTION llmspell_internal._agent_state_unpack(text, text, integer) IS 'Returns the text of a checkpoint; NULL where the version is none.
Errors: XX001 damaged, or its base is missing.';
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
    -- One whole state in 64 takes the least space, measured on a 50 kB state that changes slowly.
    SELECT h.version, _text_unpack(h.packed, NULL) AS state INTO v_base
    FROM agent_state_history h
    WHERE h.tenant_id = kept.tenant_id AND h.agent_id = kept.agent_id AND h.version < kept.data_version
      AND h.version > kept.data_version - 64 AND h.base_version IS NULL
    ORDER BY h.version DESC
    LIMIT 1
    -- A base that another transaction has pruned must not be used: 40001 under REPEATABLE READ.
    FOR KEY SHARE;
    SELECT * INTO v_packed FROM _text_pack(v_text, v_base.state);
    INSERT INTO agent_state_history (tenant_id, agent_id, version, agent_type, schema_version, checksum,
                                     saved_at, replaced_at, size_bytes, base_version, packed, label)
    VALUES (kept.tenant_id, kept.agent_id, kept.data_version, kept.agent_type, kept.schema_version, kept.checksum,
            kept.state_since, _agent_state_keep.replaced_at, octet_length(v_text),
            CASE WHEN v_packed.beside THEN v_base.version END, v_packed.packed, kept.checkpoint_label);
END
$$;
COMMENT ON FUNCTION llmspell_internal._agent_state_keep(llmspell.agent_states, timestamptz) IS 'Packs a state that is being replaced into the history.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_state_keep(llmspell.agent_states, timestamptz) TO llmspell_app;

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
        IF OLD.checkpoint_version = OLD.data_version THEN
            PERFORM _agent_state_keep(OLD, NEW.state_since);
        END IF;
    ELSE
        NEW.data_version := OLD.data_version;
        NEW.state_since := OLD.state_since;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_agent_states_update() IS 'Counts the version where the state differs, and packs a checkpoint that is being replaced into the history.';
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
COMMENT ON FUNCTION llmspell_internal._tg_agent_states_delete() IS 'Deletes the history of a deleted agent.';
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
COMMENT ON FUNCTION llmspell_internal._tg_agent_states_rename() IS 'Renames the history with its agent.';
CREATE OR REPLACE TRIGGER agent_states_rename AFTER UPDATE OF tenant_id, agent_id ON llmspell.agent_states
    FOR EACH ROW WHEN (NEW.agent_id <> OLD.agent_id OR NEW.tenant_id <> OLD.tenant_id)
    EXECUTE FUNCTION llmspell_internal._tg_agent_states_rename();
