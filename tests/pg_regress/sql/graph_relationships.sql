-- Edges hold only where both ends exist; retracting an entity retracts them in the same instant; erasing leaves nothing.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-edges';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE FUNCTION regress.edge(n int) RETURNS TABLE (valid_from timestamptz, valid_to timestamptz, believed boolean, properties jsonb) LANGUAGE sql AS $$
    SELECT valid_from, valid_to, known_to IS NULL, properties FROM llmspell.relationship_history(regress.id(n)) ORDER BY known_from, valid_from $$;
-- X lives as two adjacent versions, Y is open
SELECT count(*) FROM llmspell.entity_put_many(jsonb_build_array(
    jsonb_build_object('entity_id', regress.id(1), 'entity_type', 'x', 'name', 'X', 'valid_from', '2026-01-01Z', 'valid_to', '2026-04-01Z'),
    jsonb_build_object('entity_id', regress.id(1), 'entity_type', 'x', 'name', 'X2', 'valid_from', '2026-04-01Z', 'valid_to', '2026-06-01Z'),
    jsonb_build_object('entity_id', regress.id(2), 'entity_type', 'y', 'name', 'Y', 'valid_from', '2026-01-01Z')));
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT * FROM llmspell.relationship_put(regress.id(10), regress.id(1), regress.id(2), 'knows', '{}', '2026-03-01Z')$$,
    $$SELECT * FROM llmspell.relationship_put(regress.id(10), regress.id(1), regress.id(99), 'knows', '{}', '2025-12-01Z', '2026-02-01Z')$$,
    $$SELECT * FROM llmspell.relationship_put(regress.id(10), regress.id(1), regress.id(2), 'knows', '{}', '2026-03-01Z', on_missing => 'maybe')$$]) s;
SELECT closed, added FROM llmspell.relationship_put(regress.id(10), regress.id(1), regress.id(2), 'knows', '{"n": 1}', '2026-03-01Z', on_missing => 'clip');
SELECT * FROM regress.edge(10);
-- the union of two versions covers
SELECT closed, added FROM llmspell.relationship_put(regress.id(11), regress.id(1), regress.id(2), 'knows', '{}', '2026-02-01Z', '2026-05-01Z');
-- to itself, a second of the same type, the other way
SELECT added FROM llmspell.relationship_put(regress.id(12), regress.id(2), regress.id(2), 'knows', '{}', '2026-02-01Z');
SELECT added FROM llmspell.relationship_put(regress.id(13), regress.id(2), regress.id(1), 'likes', '{}', '2026-02-01Z', '2026-05-01Z');
-- clipped to nothing, and allowed all the same
SELECT closed, added FROM llmspell.relationship_put(regress.id(14), regress.id(98), regress.id(99), 'knows', on_missing => 'clip');
SELECT closed, added FROM llmspell.relationship_put(regress.id(15), regress.id(1), regress.id(99), 'knows', '{}', '2026-02-01Z', on_missing => 'allow');
SELECT count(*) AS shown FROM llmspell.relationship_as_of(regress.id(15), '2026-03-01Z');
SELECT element, element_id = regress.id(15) AS the_one, fault, detail FROM llmspell.graph_check();
SELECT llmspell.relationship_erase(regress.id(15));
-- patch and retract
SELECT closed, added FROM llmspell.relationship_patch(regress.id(10), '{"w": 0.5}', '2026-03-15Z', '2026-04-15Z');
SELECT * FROM regress.edge(10) WHERE believed;
SELECT closed, added FROM llmspell.relationship_retract(regress.id(10), '2026-04-01Z', '2026-04-15Z');
SELECT * FROM regress.edge(10) WHERE believed;
-- restrict names them; cascade ends all in one instant
SELECT regress.try($$SELECT * FROM llmspell.entity_retract(regress.id(1), '2026-04-20Z', '2026-06-01Z', 'restrict')$$);
SELECT llmspell.tx_horizon() IS NOT NULL AS h, count(*) AS edges_before FROM llmspell.graph_neighbors(regress.id(1), 'both', valid_at => '2026-04-25Z');
SELECT w.closed, w.added FROM llmspell.entity_retract(regress.id(1), '2026-04-20Z', '2026-06-01Z') w;
SELECT count(*) AS edges_after FROM llmspell.graph_neighbors(regress.id(1), 'both', valid_at => '2026-04-25Z');
SELECT count(DISTINCT transaction_time_start) AS instants FROM (
    SELECT transaction_time_start FROM llmspell.relationships WHERE valid_time_end = '2026-04-20Z' UNION ALL
    SELECT transaction_time_start FROM llmspell.entities WHERE valid_time_end = '2026-04-20Z') x;
-- as it was known the instant before, the edge is there
SELECT count(*) FROM llmspell.relationship_as_of(regress.id(11), '2026-04-25Z',
    (SELECT max(transaction_time_start) - interval '1 microsecond' FROM llmspell.entities WHERE entity_id = regress.id(1)));
SELECT * FROM llmspell.graph_check();
-- both ends in one transaction
BEGIN;
SELECT closed > 0 AS done FROM llmspell.entity_retract(regress.id(1), '2026-02-01Z', '2026-03-01Z');
SELECT closed > 0 AS done FROM llmspell.entity_retract(regress.id(2), '2026-02-01Z', '2026-03-01Z');
COMMIT;
SELECT * FROM llmspell.graph_check();
-- other ends for an edge
SELECT added FROM llmspell.entity_put(regress.id(3), 'z', 'Z', '{}', '2026-01-01Z');
SELECT closed, added FROM llmspell.relationship_put(regress.id(13), regress.id(2), regress.id(3), 'likes', '{}', '2026-03-10Z', '2026-03-20Z');
SELECT valid_from, to_entity = regress.id(3) AS to_z FROM llmspell.relationship_history(regress.id(13)) WHERE known_to IS NULL ORDER BY 1;
-- provenance
SELECT added FROM llmspell.entity_put(regress.id(4), 's', 'from an event', '{"a": 1}', '2026-01-01Z', source_type => 'event', source_id => 'e1');
SELECT added FROM llmspell.relationship_put(regress.id(16), regress.id(3), regress.id(4), 'cites', '{}', '2026-01-01Z', source_type => 'event', source_id => 'e1');
SELECT added FROM llmspell.entity_patch(regress.id(4), '{"b": 2}', '2026-02-01Z');
SELECT added FROM llmspell.entity_put(regress.id(4), 's', 'from an artifact', '{}', '2026-03-01Z', source_type => 'artifact', source_id => 'a1');
SELECT element, name, element_type, valid_from, valid_to, properties, known_to IS NULL AS believed FROM llmspell.graph_by_source('event', 'e1', include_superseded => true);
SELECT element, name, valid_from, valid_to FROM llmspell.graph_by_source('event', 'e1');
SELECT element, name, valid_from FROM llmspell.graph_by_source('artifact', 'a1');
SELECT count(*) FROM llmspell.graph_by_source('episode', 'e1');
-- erase: nothing at any point, and where the id is still named
INSERT INTO llmspell.hook_history (tenant_id, hook_id, hook_type, correlation_id, hook_context, result_data, timestamp, duration_ms, triggering_component, component_id, context_size)
VALUES ('graph-edges', 'h', 'before', gen_random_uuid(), '', jsonb_build_object('entity', regress.id(2)), now(), 1, 'a', 'b', 0);
SELECT entity_rows > 0 AS entity, relationship_rows > 0 AS edges, copies, not_searched FROM llmspell.entity_erase(regress.id(2));
SELECT (SELECT count(*) FROM llmspell.entities WHERE entity_id = regress.id(2)) AS entity,
    (SELECT count(*) FROM llmspell.relationships WHERE regress.id(2) IN (from_entity, to_entity)) AS edges,
    (SELECT count(*) FROM llmspell.entity_as_of(regress.id(2), '2026-01-15Z', now())) AS as_of;
SELECT entity_rows, relationship_rows, copies IS NULL AS not_looked FROM llmspell.entity_erase(regress.id(2), find_copies => false);
SELECT count(*), bool_and(entity_hash = encode(sha256(convert_to(regress.id(2)::text, 'UTF8')), 'hex')) AS right_hash, bool_and(erased_by = session_user) AS by_me FROM llmspell.entity_erasures;
-- prune keeps what was known at the horizon or later
SELECT regress.try($$SELECT * FROM llmspell.entity_prune(before => now() + interval '1 hour')$$) LIKE '22008 | versions known until%' AS too_late;
CREATE TEMP TABLE cut AS SELECT max(known_to) AS k FROM llmspell.entity_history(regress.id(4)) WHERE known_to IS NOT NULL;
CREATE TEMP TABLE kept AS SELECT k, v, (SELECT properties FROM llmspell.entity_as_of(regress.id(4), v, k)) FROM cut, generate_series('2026-01-01Z'::timestamptz, '2026-04-01Z', '7 days') v;
SELECT entity_rows > 0 AS pruned FROM cut, llmspell.entity_prune(before => k);
SELECT count(*) AS lost FROM kept WHERE properties IS DISTINCT FROM (SELECT a.properties FROM llmspell.entity_as_of(regress.id(4), v, k) a);
SELECT * FROM llmspell.entity_prune(older_than => '1 year');
SELECT count(*) AS closed_before FROM llmspell.entities, cut WHERE transaction_time_end <= k;
-- another tenant sees and touches none of it
SET app.current_tenant_id = 'graph-edges-2';
SELECT (SELECT count(*) FROM llmspell.entity_history(regress.id(1))) + (SELECT count(*) FROM llmspell.relationship_history(regress.id(11)))
    + (SELECT count(*) FROM llmspell.graph_traverse(regress.id(1), valid_at => '2026-03-15Z')) + (SELECT count(*) FROM llmspell.graph_by_source('event', 'e1'))
    + (SELECT entity_rows + relationship_rows FROM llmspell.entity_erase(regress.id(1))) + (SELECT count(*) FROM llmspell.entity_erasures) AS seen;
SELECT added FROM llmspell.entity_insert(regress.id(1), 'x', 'the same id', '{}', '2026-01-01Z');
SELECT regress.try($$SELECT * FROM llmspell.relationship_put(regress.id(11), regress.id(1), regress.id(3), 'knows', '{}', '2026-02-01Z', '2026-03-01Z')$$);
