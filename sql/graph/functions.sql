-- What a version said is never changed by our functions: they only end it. Raw statements may, and are found out.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_graph_changed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_graph_changed() IS 'Marks a version of which more was changed than that it ended.';
-- Short conditions, as the server reads them anew for each statement.
CREATE OR REPLACE TRIGGER entities_changed BEFORE UPDATE ON llmspell.entities FOR EACH ROW
    WHEN (OLD.transaction_time_end <> 'infinity' OR NEW.transaction_time_end = 'infinity'
        OR NEW.valid_time_end <> OLD.valid_time_end OR NEW.properties <> OLD.properties)
    EXECUTE FUNCTION llmspell_internal._tg_graph_changed();
CREATE OR REPLACE TRIGGER relationships_changed BEFORE UPDATE ON llmspell.relationships FOR EACH ROW
    WHEN (OLD.transaction_time_end <> 'infinity' OR NEW.transaction_time_end = 'infinity'
        OR NEW.valid_time_end <> OLD.valid_time_end OR NEW.properties <> OLD.properties)
    EXECUTE FUNCTION llmspell_internal._tg_graph_changed();
