-- The graph's errors; a refused call stores nothing.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-errors';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT * FROM llmspell.entity_put(NULL, 't', 'n')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), NULL, 'n')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', NULL)$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', '[1]')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', '"text"')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', '{}', '2026-01-01Z', '2026-01-01Z')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', '{}', '2026-01-02Z', '2026-01-01Z')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', '{}', 'infinity')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', '{}', '-infinity', '-infinity')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), repeat('t', 256), 'n')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', repeat('n', 501))$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', source_type => 'event')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', source_type => 'rumour', source_id => 'x')$$,
    $$SELECT * FROM llmspell.entity_put(regress.id(1), 't', 'n', source_type => 'event', source_id => repeat('x', 256))$$,
    $$SELECT * FROM llmspell.entity_upsert(regress.id(1), NULL, 'n')$$,
    $$SELECT * FROM llmspell.entity_correct(regress.id(1), '2026-01-01Z', '{}')$$,
    $$SELECT * FROM llmspell.entity_correct(regress.id(1), NULL, '{}')$$,
    $$SELECT * FROM llmspell.entity_correct(regress.id(1), now(), '{}', mode => 'guess')$$,
    $$SELECT * FROM llmspell.entity_list(filter => '[]')$$,
    $$SELECT * FROM llmspell.entity_list(filter => '1')$$,
    $$SELECT * FROM llmspell.entity_list(filter => '"x"')$$,
    $$SELECT * FROM llmspell.entity_find(NULL)$$,
    $$SELECT * FROM llmspell.entity_find(repeat('n', 501))$$,
    $$SELECT * FROM llmspell.entity_retract(regress.id(1), on_edges => 'ignore')$$,
    $$SELECT * FROM llmspell.entity_patch(regress.id(1), NULL)$$,
    $$SELECT * FROM llmspell.relationship_put(regress.id(1), NULL, regress.id(2), 't')$$,
    $$SELECT * FROM llmspell.relationship_put(regress.id(1), regress.id(2), regress.id(2), NULL)$$,
    $$SELECT * FROM llmspell.entity_put_many(NULL)$$,
    $$SELECT * FROM llmspell.entity_put_many('{}')$$,
    $$SELECT * FROM llmspell.entity_put_many('[{"entity_type": "t", "name": "n"}]')$$,
    $$SELECT * FROM llmspell.entity_put_many('[{"entity_id": "00000000-0000-0000-0000-000000000001", "entity_type": "t", "name": "n"}, {"entity_id": "00000000-0000-0000-0000-000000000002"}]')$$,
    $$SELECT * FROM llmspell.graph_traverse(NULL)$$,
    $$SELECT * FROM llmspell.graph_traverse(regress.id(1), -1)$$,
    $$SELECT * FROM llmspell.graph_traverse(regress.id(1), direction => 'sideways')$$,
    $$SELECT * FROM llmspell.graph_traverse(regress.id(1), max_nodes => -1)$$,
    $$SELECT * FROM llmspell.graph_shortest_path(regress.id(1), NULL)$$,
    $$SELECT * FROM llmspell.graph_neighbors(regress.id(1), 'up')$$,
    $$SELECT * FROM llmspell.graph_subgraph(NULL)$$,
    $$SELECT * FROM llmspell.graph_subgraph((SELECT array_agg(regress.id(n)) FROM generate_series(1, 100001) n))$$,
    $$SELECT * FROM llmspell.entity_timeline(regress.id(1), since => '2026-01-01Z', until => '2026-01-01Z')$$,
    $$SELECT * FROM llmspell.entity_list(max_rows => -1)$$,
    $$SELECT * FROM llmspell.entity_list(after => 'page 2')$$,
    $$SELECT * FROM llmspell.graph_neighbors(regress.id(1), after => '')$$,
    $$SELECT * FROM llmspell.graph_diff(after => 'entity')$$,
    $$SELECT * FROM llmspell.graph_diff(after => 'event/00000000-0000-0000-0000-000000000001')$$,
    $$SELECT * FROM llmspell.graph_by_source(NULL, 'x')$$,
    $$SELECT * FROM llmspell.entity_prune()$$,
    $$SELECT * FROM llmspell.entity_prune('1 day', now())$$,
    $$SELECT * FROM llmspell.entity_prune('-12 months 361 days')$$,
    $$SELECT * FROM llmspell.entity_erase(NULL)$$]) s;
SELECT count(*) FROM llmspell.entities;
-- null is an argument that was not given
SELECT w.closed, w.added FROM llmspell.entity_put(regress.id(9), 't', 'n', NULL, NULL, NULL, NULL, NULL) w;
SELECT properties, valid_from = known_from AS from_now, valid_to, known_to FROM llmspell.entity_as_of(regress.id(9), NULL, NULL);
SELECT w.closed, w.added FROM llmspell.entity_retract(regress.id(9), NULL, NULL, NULL) w;
SELECT count(*) FROM llmspell.graph_traverse(regress.id(9), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), llmspell.graph_shortest_path(regress.id(9), regress.id(9), NULL, NULL, NULL, NULL, NULL, NULL);
-- an insert over what is there says where it is
SELECT added FROM llmspell.entity_insert(regress.id(1), 't', 'n', '{}', '2026-01-01Z', '2026-02-01Z');
SELECT added FROM llmspell.entity_insert(regress.id(1), 't', 'n', '{}', '2026-03-01Z', NULL);
SELECT regress.try($$SELECT * FROM llmspell.entity_insert(regress.id(1), 't', 'n', '{}', '2026-01-15Z', '2026-04-01Z')$$);
SELECT added FROM llmspell.entity_insert(regress.id(1), 't', 'n', '{}', '2026-02-01Z', '2026-03-01Z');
-- a patch where nothing is said adds nothing; a correction merges over the whole period that the timeline shows
SELECT closed, added FROM llmspell.entity_patch(regress.id(2), '{"a": 1}', '-infinity');
SELECT closed, added FROM llmspell.entity_correct(regress.id(1), '2026-02-10Z', '{"fixed": true}', name => 'm');
SELECT valid_from, valid_to, name, properties FROM llmspell.entity_timeline(regress.id(1));
-- values that jsonb keeps to the last digit
SELECT added FROM llmspell.entity_patch(regress.id(1), '{"big": 123456789012345678901234567890.1230, "text": "é \u0001 \" \\ } , {", "nested": {"a": [1, {"b": null}]}}', '2026-02-10Z', '2026-02-11Z');
SELECT properties FROM llmspell.entity_as_of(regress.id(1), '2026-02-10Z');
SELECT closed, added FROM llmspell.entity_patch(regress.id(1), '{"big": 123456789012345678901234567890.1230}', '2026-02-10Z', '2026-02-11Z');
-- the same with a property that comes and goes; merged by default, replaced on request
SELECT closed, added FROM llmspell.entity_put(regress.id(20), 'person', 'Ada', '{"city": "Rome", "born": 1815}', '2026-01-01Z');
SELECT closed, added FROM llmspell.entity_patch(regress.id(20), '{"desk": 7}', '2026-03-01Z', '2026-04-01Z');
SELECT closed, added FROM llmspell.entity_patch(regress.id(20), '{}', '2026-03-01Z', '2026-04-01Z', remove => ARRAY['desk', 'chair']);
SELECT count(*) AS shown FROM llmspell.entity_timeline(regress.id(20));
SELECT closed, added FROM llmspell.entity_correct(regress.id(20), '2026-02-01Z', '{"city": "Oslo"}');
SELECT valid_from, valid_to, properties FROM llmspell.entity_timeline(regress.id(20));
SELECT closed, added FROM llmspell.entity_correct(regress.id(20), '2026-02-01Z', '{"city": "Bergen"}', mode => 'replace');
SELECT valid_from, valid_to, name, properties FROM llmspell.entity_timeline(regress.id(20));
SELECT closed, added FROM llmspell.entity_patch_many('[{"entity_id": "00000000-0000-0000-0000-000000000020", "valid_from": "2026-01-01Z", "remove": ["city"]}]');
SELECT properties FROM llmspell.entity_as_of(regress.id(20), '2026-02-01Z');
-- names by any case, exactly and by their beginning
SELECT count(*) FROM llmspell.entity_put_many((SELECT jsonb_agg(jsonb_build_object('entity_id', regress.id(30 + n), 'entity_type', 'place', 'name', name, 'valid_from', '2026-01-01Z'))
    FROM (VALUES (1, 'Århus'), (2, 'århus'), (3, 'ÅRHUS C'), (4, 'ΟΔΟΣ'), (5, 'οδος')) AS v (n, name)));
SELECT name FROM llmspell.entity_find('ÅRHUS');
SELECT name FROM llmspell.entity_find('årh', is_prefix => true, max_rows => 2);
SELECT name FROM llmspell.entity_find('årh', 'place', true, after => regress.id(32)::text);
SELECT name FROM llmspell.entity_find('Οδοσ');
SELECT name FROM llmspell.entity_list(name_prefix => 'Å');
SELECT count(*) FROM llmspell.entity_find('århus', 'person');
-- every length that is documented, together with the longest tenant
SET app.current_tenant_id = '';
SELECT set_config('app.current_tenant_id', (SELECT string_agg(chr(128512 + n * 7919 % 60), '') FROM generate_series(1, 255) n), false) IS NOT NULL AS longest;
SELECT added FROM llmspell.entity_put(regress.id(1), (SELECT string_agg(chr(128512 + n * 7907 % 60), '') FROM generate_series(1, 255) n),
    (SELECT string_agg(chr(128512 + n * 7901 % 60), '') FROM generate_series(1, 500) n), '{}', '2026-01-01Z', source_type => 'event',
    source_id => (SELECT string_agg(chr(128512 + n * 7883 % 60), '') FROM generate_series(1, 255) n));
SELECT length(a.name) FROM llmspell.entity_as_of(regress.id(1), '2026-01-02Z') a, LATERAL llmspell.entity_find(a.name) f WHERE f.name = a.name;
-- without a tenant
RESET app.current_tenant_id;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT * FROM llmspell.entity_put(NULL, NULL, NULL)', 'SELECT * FROM llmspell.graph_traverse(NULL)', 'SELECT llmspell.tx_horizon()']) s;
