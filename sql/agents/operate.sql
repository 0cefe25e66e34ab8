CREATE OR REPLACE FUNCTION llmspell_internal._agent_faults(tenant text) RETURNS SETOF llmspell_internal._fault
LANGUAGE sql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT 'agent_states', v.agent_id, 'does not match its checksum ' || v.stored_checksum FROM agent_state_verify() v
    UNION ALL
    SELECT 'agent_state_history', format('%s/%s', h.agent_id, h.version), format('is packed beside version %s, which is missing', h.base_version)
    FROM agent_state_history h
    WHERE h.tenant_id = tenant AND h.base_version IS NOT NULL
      AND NOT EXISTS (SELECT FROM agent_state_history b
                      WHERE b.tenant_id = tenant AND b.agent_id = h.agent_id AND b.version = h.base_version AND b.base_version IS NULL)
$$;
COMMENT ON FUNCTION llmspell_internal._agent_faults(text) IS 'Checksums that do not match, and versions that cannot be unpacked.';
GRANT EXECUTE ON FUNCTION llmspell_internal._agent_faults(text) TO llmspell_app;
