-- Our functions never change the content of a version, they only close it. A raw statement that does is recorded.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_graph_changed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_graph_changed() IS 'Sets changed_at of a version that was changed other than by being closed.';
-- Short conditions, as the server reads them anew for each statement.
CREATE OR REPLACE TRIGGER entities_changed BEFORE UPDATE ON llmspell.entities FOR EACH ROW
    WHEN (OLD.transaction_time_end <> 'infinity' OR NEW.transaction_time_end = 'infinity'
        OR NEW.valid_time_end <> OLD.valid_time_end OR NEW.properties <> OLD.properties)
    EXECUTE FUNCTION llmspell_internal._tg_graph_changed();
CREATE OR REPLACE TRIGGER relationships_changed BEFORE UPDATE ON llmspell.relationships FOR EACH ROW
    WHEN (OLD.transaction_time_end <> 'infinity' OR NEW.transaction_time_end = 'infinity'
        OR NEW.valid_time_end <> OLD.valid_time_end OR NEW.properties <> OLD.properties)
    EXECUTE FUNCTION llmspell_internal._tg_graph_changed();
