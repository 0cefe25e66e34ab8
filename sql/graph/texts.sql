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
    -- A restore brings the words along; the text search configuration may have changed since.
    IF TG_OP = 'INSERT' AND NEW.fts IS NOT NULL AND _is_restoring() THEN
        RETURN NEW;
    END IF;
    NEW.fts := to_tsvector(NEW.language::regconfig, _entity_content(NEW.entity_type, NEW.name, NEW.properties));
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_entity_words() IS 'Keeps fts, the words of an entity as a text.';
CREATE OR REPLACE TRIGGER entities_words BEFORE INSERT OR UPDATE OF entity_type, name, properties, language, fts ON llmspell.entities
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_entity_words();

-- Names of the ends may change while the relationship stays; a search adds those of the moment that it asks for.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_relationship_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.fts IS NOT NULL AND _is_restoring() THEN
        RETURN NEW;
    END IF;
    NEW.fts := to_tsvector(NEW.language::regconfig, _relationship_content(NEW.relationship_type, NULL, NULL, NEW.properties));
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_relationship_words() IS 'Keeps fts, the words of a relationship without its ends.';
CREATE OR REPLACE TRIGGER relationships_words BEFORE INSERT OR UPDATE OF relationship_type, properties, language, fts ON llmspell.relationships
    FOR EACH ROW EXECUTE FUNCTION llmspell_internal._tg_relationship_words();
COMMENT ON TRIGGER entities_words ON llmspell.entities IS 'Restore: leaves the words as the dump has them.';
COMMENT ON TRIGGER relationships_words ON llmspell.relationships IS 'Restore: leaves the words as the dump has them.';
