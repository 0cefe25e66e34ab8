-- Writes over a period of valid time, from now on in transaction time. The library plans and applies them.
--
-- enable_seqscan = off, here and in the walks: the library keeps the plans of its statements, and one that was
-- made while a table was small must not stay when it has grown.

CREATE OR REPLACE FUNCTION llmspell.entity_put(entity_id uuid, entity_type text, name text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT NULL, source_type text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_put_wrapper';
COMMENT ON FUNCTION llmspell.entity_put(uuid, text, text, jsonb, timestamptz, timestamptz, text, text) IS 'Says what an entity is in [valid_from, valid_to), whatever was said before; null valid_to is open.
Errors: 42501 no tenant, 22004 null, 22001 a text is too long, 22023 properties or source_type, 22000 valid_from not before valid_to, 22008 a version is ahead of the clock, 40001 or 23P01 changed by another transaction.
Example: SELECT * FROM llmspell.entity_put(''00000000-0000-0000-0000-000000000001'', ''person'', ''Ada'', ''{"job": "analyst"}'', ''2026-01-01Z'');';

CREATE OR REPLACE FUNCTION llmspell.entity_insert(entity_id uuid, entity_type text, name text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT NULL, source_type text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_insert_wrapper';
COMMENT ON FUNCTION llmspell.entity_insert(uuid, text, text, jsonb, timestamptz, timestamptz, text, text) IS 'Says what an entity is in a period in which nothing is said of it yet.
Errors: as entity_put; 23P01 it exists somewhere in the period, DETAIL tells where.
Example: SELECT * FROM llmspell.entity_insert(''00000000-0000-0000-0000-000000000002'', ''person'', ''Grace'');';

CREATE OR REPLACE FUNCTION llmspell.entity_patch(entity_id uuid, properties jsonb, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT NULL,
    entity_type text DEFAULT NULL, name text DEFAULT NULL, source_type text DEFAULT NULL, source_id text DEFAULT NULL, remove text[] DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_patch_wrapper';
COMMENT ON FUNCTION llmspell.entity_patch(uuid, jsonb, timestamptz, timestamptz, text, text, text, text, text[]) IS 'Merges properties, a type or a name into what holds of an entity in a period, and removes the properties named.
Errors: as entity_put; 22023 the properties of a version are no object.
Example: SELECT * FROM llmspell.entity_patch(''00000000-0000-0000-0000-000000000001'', ''{"desk": 7}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_upsert(entity_id uuid, entity_type text, name text, properties jsonb DEFAULT '{}', valid_from timestamptz DEFAULT now(),
    valid_to timestamptz DEFAULT NULL, source_type text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_upsert_wrapper';
COMMENT ON FUNCTION llmspell.entity_upsert(uuid, text, text, jsonb, timestamptz, timestamptz, text, text) IS 'Merges as entity_patch where something is said of the entity, and says it as entity_put elsewhere.
Errors: as both; 22004 null entity_type or name where nothing is said.
Example: SELECT * FROM llmspell.entity_upsert(''00000000-0000-0000-0000-000000000001'', ''person'', ''Ada'', ''{"floor": 2}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_correct(entity_id uuid, valid_at timestamptz, properties jsonb, entity_type text DEFAULT NULL, name text DEFAULT NULL,
    source_type text DEFAULT NULL, source_id text DEFAULT NULL, mode text DEFAULT 'merge')
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_correct_wrapper';
COMMENT ON FUNCTION llmspell.entity_correct(uuid, timestamptz, jsonb, text, text, text, text, text) IS 'Merges into (mode ''replace'': replaces) what holds at valid_at, over the whole period that the timeline shows.
Errors: as entity_put; 22023 mode, P0002 nothing holds at valid_at.
Example: SELECT * FROM llmspell.entity_correct(''00000000-0000-0000-0000-000000000001'', now(), ''{"job": "engineer"}'');';

CREATE OR REPLACE FUNCTION llmspell.entity_retract(entity_id uuid, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT NULL, on_edges text DEFAULT 'cascade')
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'entity_retract_wrapper';
COMMENT ON FUNCTION llmspell.entity_retract(uuid, timestamptz, timestamptz, text) IS 'Says that an entity does not exist in a period, nor its relationships; on_edges ''restrict'' refuses where there are.
Errors: as entity_put; 22023 on_edges, 23503 it has relationships.
Example: SELECT * FROM llmspell.entity_retract(''00000000-0000-0000-0000-000000000001'', ''2026-06-01Z'', ''2026-07-01Z'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_put(relationship_id uuid, from_entity uuid, to_entity uuid, relationship_type text, properties jsonb DEFAULT '{}',
    valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT NULL, on_missing text DEFAULT 'error', source_type text DEFAULT NULL, source_id text DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_put_wrapper';
COMMENT ON FUNCTION llmspell.relationship_put(uuid, uuid, uuid, text, jsonb, timestamptz, timestamptz, text, text, text) IS 'Says that a relationship leads from one entity to another in a period; on_missing: error, clip or allow.
Errors: as entity_put; 22023 on_missing, 23503 an entity is missing in part of the period.
Example: SELECT * FROM llmspell.relationship_put(''00000000-0000-0000-0000-00000000000a'', ''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000002'', ''knows'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_patch(relationship_id uuid, properties jsonb, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT NULL,
    relationship_type text DEFAULT NULL, source_type text DEFAULT NULL, source_id text DEFAULT NULL, remove text[] DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_patch_wrapper';
COMMENT ON FUNCTION llmspell.relationship_patch(uuid, jsonb, timestamptz, timestamptz, text, text, text, text[]) IS 'Merges properties or a type into what holds of a relationship in a period, and removes the properties named.
Errors: as entity_patch.
Example: SELECT * FROM llmspell.relationship_patch(''00000000-0000-0000-0000-00000000000a'', ''{"since": 1833}'');';

CREATE OR REPLACE FUNCTION llmspell.relationship_retract(relationship_id uuid, valid_from timestamptz DEFAULT now(), valid_to timestamptz DEFAULT NULL)
RETURNS TABLE (known_from timestamptz, closed int, added int)
LANGUAGE c VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
SET enable_seqscan = off
AS 'MODULE_PATHNAME', 'relationship_retract_wrapper';
COMMENT ON FUNCTION llmspell.relationship_retract(uuid, timestamptz, timestamptz) IS 'Says that a relationship does not hold in a period.
Errors: as entity_put.
Example: SELECT * FROM llmspell.relationship_retract(''00000000-0000-0000-0000-00000000000a'');';
