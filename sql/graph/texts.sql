-- Facts as texts: what is shown of them, and the words that they are found by.

CREATE OR REPLACE FUNCTION llmspell_internal._graph_text(properties jsonb) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_graph_text_wrapper';
COMMENT ON FUNCTION llmspell_internal._graph_text(jsonb) IS 'Properties as text, cut after 60,000 bytes: "job: analyst; tags: a, b".';
GRANT EXECUTE ON FUNCTION llmspell_internal._graph_text(jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._entity_content(entity_type text, name text, properties jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN name || ' (' || replace(entity_type, '_', ' ') || ')' || COALESCE(': ' || NULLIF(llmspell_internal._graph_text(properties), ''), '');
COMMENT ON FUNCTION llmspell_internal._entity_content(text, text, jsonb) IS 'An entity as a text: "Ada (person): job: analyst".';
GRANT EXECUTE ON FUNCTION llmspell_internal._entity_content(text, text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._relationship_content(relationship_type text, from_name text, to_name text, properties jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN COALESCE(from_name || ' ', '') || replace(relationship_type, '_', ' ') || COALESCE(' ' || to_name, '') || COALESCE(': ' || NULLIF(llmspell_internal._graph_text(properties), ''), '');
COMMENT ON FUNCTION llmspell_internal._relationship_content(text, text, text, jsonb) IS 'A relationship as a sentence: "Ada works at Acme: since: 2020".';
GRANT EXECUTE ON FUNCTION llmspell_internal._relationship_content(text, text, text, jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._tg_entity_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.fts := to_tsvector(NEW.language::regconfig, _entity_content(NEW.entity_type, NEW.name, NEW.properties));
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_entity_words() IS 'Keeps fts, the words of an entity as a text.';
-- The functions, and a restore, give the words of a new version.
CREATE OR REPLACE TRIGGER entities_words BEFORE INSERT ON llmspell.entities
    FOR EACH ROW WHEN (NEW.fts IS NULL) EXECUTE FUNCTION llmspell_internal._tg_entity_words();
CREATE OR REPLACE TRIGGER entities_words_update BEFORE UPDATE OF entity_type, name, properties, language, fts ON llmspell.entities
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_entity_words();

-- Names of the ends may change while the relationship stays; a search adds those of the moment that it asks for.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_relationship_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    NEW.fts := to_tsvector(NEW.language::regconfig, _relationship_content(NEW.relationship_type, NULL, NULL, NEW.properties));
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_relationship_words() IS 'Keeps fts, the words of a relationship without its ends.';
-- The functions, and a restore, give the words of a new version.
CREATE OR REPLACE TRIGGER relationships_words BEFORE INSERT ON llmspell.relationships
    FOR EACH ROW WHEN (NEW.fts IS NULL) EXECUTE FUNCTION llmspell_internal._tg_relationship_words();
CREATE OR REPLACE TRIGGER relationships_words_update BEFORE UPDATE OF relationship_type, properties, language, fts ON llmspell.relationships
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_relationship_words();
COMMENT ON TRIGGER entities_words ON llmspell.entities IS 'Restore: leaves the words as the dump has them.';
COMMENT ON TRIGGER relationships_words ON llmspell.relationships IS 'Restore: leaves the words as the dump has them.';
