-- Raw statements of existing clients go on working inside the constraints; what they spoil is found, and repaired.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-raw';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
-- as the guide's client does: insert, then close and insert
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start) VALUES ('graph-raw', regress.id(1), 't', 'raw', '{"v": 1}', '2026-01-01Z');
SELECT regress.try($$INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start) VALUES ('graph-raw', regress.id(1), 't', 'second', '2026-02-01Z')$$) LIKE '23P01%' AS refused;
SELECT regress.try($$INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, valid_time_end) VALUES ('graph-raw', regress.id(1), 't', 'empty', '2026-02-01Z', '2026-02-01Z')$$) LIKE '23514%' AS refused;
BEGIN;
UPDATE llmspell.entities SET valid_time_end = clock_timestamp(), transaction_time_end = clock_timestamp() WHERE entity_id = regress.id(1) AND transaction_time_end = 'infinity';
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, transaction_time_start)
VALUES ('graph-raw', regress.id(1), 't', 'raw', '{"v": 2}', '2026-01-01Z', clock_timestamp());
COMMIT;
SELECT properties FROM llmspell.entity_as_of(regress.id(1));
-- ours go on from there
SELECT closed, added FROM llmspell.entity_patch(regress.id(1), '{"w": 3}', '2026-02-01Z');
SELECT valid_from, valid_to, properties FROM llmspell.entity_timeline(regress.id(1));
-- cutting valid time when closing changed what had been believed
SELECT element, fault FROM llmspell.graph_check();
-- to change or to replace a version that others saw is found; ours never does
UPDATE llmspell.entities SET properties = '{"v": 0}' WHERE entity_id = regress.id(1) AND properties = '{"v": 1}';
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, transaction_time_start, transaction_time_end)
VALUES ('graph-raw', regress.id(2), 't', 'one', '2026-01-01Z', '2026-01-01Z', '2026-02-01Z'), ('graph-raw', regress.id(2), 't', 'two', '2026-01-15Z', '2026-01-15Z', '2026-03-01Z');
INSERT INTO llmspell.relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, valid_time_start) VALUES ('graph-raw', regress.id(10), regress.id(1), regress.id(99), 'r', '2026-01-01Z');
SELECT element, right(element_id::text, 2) AS id, fault, regexp_replace(detail, '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+', '…', 'g') AS detail FROM llmspell.graph_check();
SELECT name FROM llmspell.entity_as_of(regress.id(2), '2026-01-20Z', '2026-01-20Z');
SELECT valid_from, name FROM llmspell.entity_timeline(regress.id(2), '2026-01-20Z');
SELECT count(*) FROM llmspell.graph_neighbors(regress.id(1), 'both'), llmspell.graph_traverse(regress.id(1), include_start => true) x;
-- properties that are no object: readable, replaceable, not to be merged into
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start) VALUES ('graph-raw', regress.id(3), 't', 'list', '[1, 2]', '2026-01-01Z');
SELECT regress.try($$SELECT * FROM llmspell.entity_patch(regress.id(3), '{"a": 1}')$$);
SELECT properties FROM llmspell.entity_as_of(regress.id(3));
SELECT change, properties_changed FROM llmspell.entity_diff(regress.id(3), from_valid_at => '2025-01-01Z');
SELECT closed, added FROM llmspell.entity_put(regress.id(3), 't', 'list', '{"a": 1}', '2026-01-01Z');
-- a stamp from the future: refused, named, repaired
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, transaction_time_start) VALUES ('graph-raw', regress.id(4), 't', 'future', '2026-01-01Z', '2099-01-01Z');
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, transaction_time_start, transaction_time_end)
VALUES ('graph-raw', regress.id(4), 't', 'never', '2025-01-01Z', '2098-01-01Z', '2098-02-01Z'), ('graph-raw', regress.id(4), 't', 'ended', '2024-01-01Z', '2026-01-01Z', '2098-02-01Z');
SELECT regress.try(s) FROM unnest(ARRAY[$$SELECT * FROM llmspell.entity_put(regress.id(4), 't', 'n')$$, $$SELECT * FROM llmspell.entity_retract(regress.id(4))$$]) s;
SELECT fault, count(*) FROM llmspell.graph_check() WHERE element_id = regress.id(4) GROUP BY 1 ORDER BY 1;
SELECT name FROM llmspell.entity_as_of(regress.id(4));
SELECT repaired, removed, known_from <= clock_timestamp() AS now FROM llmspell.graph_repair(regress.id(4));
SELECT name, known_to IS NULL AS current, known_from <= now() AS not_ahead FROM llmspell.entity_history(regress.id(4)) ORDER BY known_from, name;
SELECT closed, added FROM llmspell.entity_put(regress.id(4), 't', 'n', '{}', '2026-06-01Z');
SELECT fault, count(*) FROM llmspell.graph_check() WHERE element_id = regress.id(4) GROUP BY 1 ORDER BY 1;
-- a little ahead is followed, as far as the setting says
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, valid_time_start, transaction_time_start) VALUES ('graph-raw', regress.id(5), 't', 'ahead', '2026-01-01Z', now() + interval '30 seconds');
SELECT known_from > now() + interval '29 seconds' AS after_it, closed, added FROM llmspell.entity_patch(regress.id(5), '{"a": 1}', '2026-01-01Z');
RESET SESSION AUTHORIZATION;
SET llmspell.max_tx_skew = '10s';
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-raw';
SELECT regress.try($$SELECT * FROM llmspell.entity_patch(regress.id(5), '{"b": 1}', '2026-01-01Z')$$) LIKE '22008 | a version of entity % was recorded in the future, at % | More than 10 s ahead%' AS refused;
SELECT regress.try('SET llmspell.max_tx_skew = 100') LIKE '42501%' AS not_the_apps;
RESET SESSION AUTHORIZATION;
RESET llmspell.max_tx_skew;
