COMMENT ON TRIGGER workflow_states_write ON llmspell.workflow_states IS 'Restore: leaves a row as the dump has it.';
