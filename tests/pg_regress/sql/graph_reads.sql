-- Reads at a point of both times: lists, search, differences, beliefs, walks.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-reads';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TEMP TABLE t (label text PRIMARY KEY, at timestamptz);
SELECT count(*) FROM llmspell.entity_put_many((SELECT jsonb_agg(jsonb_build_object('entity_id', regress.id(n), 'entity_type', CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END,
    'name', 'node ' || lpad(n::text, 2, '0'), 'properties', jsonb_build_object('n', n, 'tags', jsonb_build_array('t' || n % 3), 'note', 'Ünique words ' || n),
    'valid_from', '2026-01-01Z')) FROM generate_series(1, 12) n));
INSERT INTO t SELECT 'first', max(known_from) FROM llmspell.entity_history(regress.id(1));
-- 1 -> 2 -> 3 -> 4 -> 1, 1 -> 3 from March on, 5 -> 5, 2 -> 6 of another type, 7 alone
SELECT count(*) FROM llmspell.relationship_put_many((SELECT jsonb_agg(jsonb_build_object('relationship_id', regress.id(i), 'from_entity', regress.id(f), 'to_entity', regress.id(o),
    'relationship_type', k, 'valid_from', v)) FROM (VALUES (101, 1, 2, 'a', '2026-01-01Z'), (102, 2, 3, 'a', '2026-01-01Z'), (103, 3, 4, 'a', '2026-02-01Z'), (104, 4, 1, 'a', '2026-01-01Z'),
    (105, 1, 3, 'a', '2026-03-01Z'), (106, 5, 5, 'a', '2026-01-01Z'), (107, 2, 6, 'b', '2026-01-01Z'), (108, 1, 2, 'a', '2026-01-01Z')) AS e (i, f, o, k, v)));
INSERT INTO t SELECT 'edges', max(known_from) FROM llmspell.relationship_history(regress.id(101));

-- lists, in pages
SELECT name, valid_from, valid_to, cursor FROM llmspell.entity_list('odd', valid_at => '2026-02-01Z', max_rows => 2);
SELECT name FROM llmspell.entity_list('odd', valid_at => '2026-02-01Z', max_rows => 2, after => regress.id(3)::text);
SELECT count(*) FROM llmspell.entity_list(valid_at => '2026-02-01Z');
SELECT count(*) FROM llmspell.entity_list(valid_at => '2025-12-31 23:59:59.999999Z');
SELECT count(*) FROM llmspell.entity_list(known_at => (SELECT at - interval '1 microsecond' FROM t WHERE label = 'first'));
SELECT count(*) FROM llmspell.entity_list(known_at => (SELECT at FROM t WHERE label = 'first'));
SELECT count(*) FROM llmspell.entity_list(known_at => 'infinity'), llmspell.entity_list(max_rows => 0) x;
SELECT name FROM llmspell.entity_list('even', filter => '{"tags": ["t1"]}');
SELECT count(*) FROM llmspell.entity_list(filter => '{"n": 99}');
-- search
SELECT name FROM llmspell.entity_list(name_prefix => 'node 1');
SELECT name FROM llmspell.entity_list(query_text => 'Ünique 7');
SELECT name FROM llmspell.entity_list(query_text => '"words 7" or "words 8"', entity_type => 'even');
SELECT count(*) FROM llmspell.entity_list(query_text => ''' & | ! ( :* "'), llmspell.entity_list(name_prefix => '%') y;
SELECT name FROM llmspell.entity_list(name_prefix => 'node', filter => '{"n": 3}', max_rows => 1);
-- neighbours
SELECT relationship_id = regress.id(101) AS first, relationship_type, outgoing, name, cursor = relationship_id::text AS own_cursor FROM llmspell.graph_neighbors(regress.id(1), 'both');
SELECT name, outgoing FROM llmspell.graph_neighbors(regress.id(1), 'in');
SELECT name FROM llmspell.graph_neighbors(regress.id(1), 'out', valid_at => '2026-02-01Z', max_rows => 1, after => regress.id(101)::text);
SELECT name FROM llmspell.graph_neighbors(regress.id(2), 'out', ARRAY['b']);
SELECT name, outgoing FROM llmspell.graph_neighbors(regress.id(5));
SELECT name, outgoing FROM llmspell.graph_neighbors(regress.id(5), 'both');
SELECT count(*) FROM llmspell.graph_neighbors(regress.id(99));
SELECT count(*) FROM llmspell.graph_neighbors(regress.id(1), known_at => (SELECT at FROM t WHERE label = 'first'));
-- walks: each node once, smallest depth, smallest parent, smallest edge
SELECT depth, name, right(parent_id::text, 2) AS parent, right(relationship_id::text, 3) AS edge, relationship_type, valid_from, valid_to FROM llmspell.graph_traverse(regress.id(1), 5, with_names => true);
SELECT depth, name FROM llmspell.graph_traverse(regress.id(1), 5, valid_at => '2026-02-15Z', with_names => true);
SELECT depth, name FROM llmspell.graph_traverse(regress.id(1), 5, valid_at => '2026-01-15Z', include_start => true, with_names => true);
SELECT depth, name, array_length(path, 1) AS path FROM llmspell.graph_traverse(regress.id(1), 5, ARRAY['a'], 'in', with_path => true, with_names => true);
SELECT depth, relationship_type, name FROM llmspell.graph_traverse(regress.id(6), 2, direction => 'both', include_start => true, with_names => true);
SELECT depth, name FROM llmspell.graph_traverse(regress.id(1), 5, ARRAY['b'], with_names => true);
SELECT depth, name FROM llmspell.graph_traverse(regress.id(1), 5, '{}', with_names => true);
SELECT count(*) FROM llmspell.graph_traverse(regress.id(5)), llmspell.graph_traverse(regress.id(5), include_start => true) x;
SELECT (SELECT count(*) FROM llmspell.graph_traverse(regress.id(7))) AS alone, (SELECT count(*) FROM llmspell.graph_traverse(regress.id(99))) AS absent,
    (SELECT count(*) FROM llmspell.graph_traverse(regress.id(1), 0)) AS depth_0, (SELECT count(*) FROM llmspell.graph_traverse(regress.id(1), valid_at => '2025-01-01Z')) AS before,
    (SELECT count(*) FROM llmspell.graph_traverse(regress.id(1), known_at => (SELECT at FROM t WHERE label = 'first'))) AS known_before_edges,
    (SELECT count(*) FROM llmspell.graph_traverse(regress.id(1), 9, known_at => (SELECT at FROM t WHERE label = 'edges'))) AS known_with_edges;
SELECT regress.try('SELECT * FROM llmspell.graph_traverse(regress.id(1), 5, max_nodes => 3)');
SELECT regress.try('SELECT * FROM llmspell.graph_traverse(regress.id(1), 5, max_nodes => 4)');
-- shortest paths
SELECT length, ARRAY(SELECT right(e::text, 2) FROM unnest(entities) e) AS entities, ARRAY(SELECT right(r::text, 3) FROM unnest(relationships) r) AS edges, valid_from, valid_to
FROM llmspell.graph_shortest_path(regress.id(1), regress.id(4));
SELECT length, valid_from FROM llmspell.graph_shortest_path(regress.id(1), regress.id(4), valid_at => '2026-02-15Z');
SELECT length, entities = ARRAY[regress.id(1)] AS itself, relationships, valid_from, valid_to FROM llmspell.graph_shortest_path(regress.id(1), regress.id(1));
SELECT length FROM llmspell.graph_shortest_path(regress.id(6), regress.id(1));
SELECT length FROM llmspell.graph_shortest_path(regress.id(6), regress.id(1), direction => 'in');
SELECT length FROM llmspell.graph_shortest_path(regress.id(6), regress.id(1), direction => 'both');
SELECT length FROM llmspell.graph_shortest_path(regress.id(1), regress.id(4), 1);
SELECT count(*) FROM llmspell.graph_shortest_path(regress.id(1), regress.id(99));
SELECT regress.try('SELECT * FROM llmspell.graph_shortest_path(regress.id(1), regress.id(4), max_nodes => 2)');
-- a part of the graph
SELECT element, element_type, name FROM llmspell.graph_subgraph(ARRAY[regress.id(1), regress.id(2), regress.id(6), regress.id(99), regress.id(1), NULL], '2026-02-01Z');
SELECT count(*) FROM llmspell.graph_subgraph('{}');
-- differences: equal is none, the way back is the inverse, and two differences make the third
SELECT closed, added FROM llmspell.entity_patch(regress.id(1), '{"n": 100, "new": [1, 2]}', '2026-06-01Z');
SELECT closed, added FROM llmspell.entity_retract(regress.id(4), '2026-05-01Z');
SELECT added FROM llmspell.entity_put(regress.id(13), 'odd', 'node 13', '{}', '2026-04-01Z');
SELECT change, old_value -> 'properties' ->> 'n' AS before, new_value -> 'properties' ->> 'n' AS after, properties_changed
FROM llmspell.entity_diff(regress.id(1), '2026-02-01Z', NULL, '2026-07-01Z', NULL);
SELECT count(*) FROM llmspell.entity_diff(regress.id(1), '2026-02-01Z', NULL, '2026-03-01Z', NULL), llmspell.entity_diff(regress.id(99)) x;
SELECT element, right(element_id::text, 3) AS id, change, properties_changed FROM llmspell.graph_diff('2026-07-01Z', (SELECT at FROM t WHERE label = 'edges'), '2026-07-01Z', NULL);
SELECT element, right(element_id::text, 3) AS id, change FROM llmspell.graph_diff('2026-02-15Z', NULL, '2026-07-01Z', NULL);
SELECT element, right(element_id::text, 3) AS id, change FROM llmspell.graph_diff('2026-02-15Z', NULL, '2026-07-01Z', NULL, 2, 'entity/00000000-0000-0000-0000-000000000001');
WITH p (n, v, k) AS (VALUES (1, '2026-02-15Z'::timestamptz, NULL::timestamptz), (2, '2026-07-01Z', NULL), (3, '2026-07-01Z', (SELECT at FROM t WHERE label = 'edges')), (4, '2026-07-01Z', '-infinity')),
d AS (SELECT a.n AS a, b.n AS b, g.* FROM p a, p b, LATERAL llmspell.graph_diff(a.v, a.k, b.v, b.k) g)
SELECT (SELECT count(*) FROM d WHERE a = b) AS of_equal,
    (SELECT count(*) FROM d x FULL JOIN d y ON x.a = y.b AND x.b = y.a AND x.element_id = y.element_id
     WHERE x.old_value IS DISTINCT FROM y.new_value OR x.new_value IS DISTINCT FROM y.old_value) AS not_inverse,
    (SELECT count(*) FROM d x JOIN d y ON x.b = y.a AND x.element_id = y.element_id AND x.a <> y.b LEFT JOIN d z ON z.a = x.a AND z.b = y.b AND z.element_id = x.element_id
     WHERE x.new_value IS DISTINCT FROM y.old_value OR x.old_value IS DISTINCT FROM CASE WHEN z.element_id IS NULL THEN y.new_value ELSE z.old_value END) AS not_composed,
    (SELECT count(*) FROM d) AS differences;
-- what was believed when an event was written
SELECT count(*) FROM llmspell.ensure_future_event_log_partitions();
INSERT INTO llmspell.event_log (tenant_id, event_id, event_type, correlation_id, timestamp, sequence, language, payload)
SELECT 'graph-reads', regress.id(n), 'decision', regress.id(1), at, 1, 'sql', '{}' FROM (SELECT 500 AS n, at FROM t WHERE label = 'edges' UNION ALL SELECT 501, at - interval '1 us' FROM t WHERE label = 'first') e;
SELECT properties ->> 'n' AS n FROM llmspell.entity_believed(regress.id(1), regress.id(500), '2026-07-01Z');
SELECT properties ->> 'n' AS n FROM llmspell.entity_as_of(regress.id(1), '2026-07-01Z');
SELECT count(*) FROM llmspell.entity_believed(regress.id(1), regress.id(501), '2026-07-01Z');
SELECT count(*) FROM llmspell.entity_believed(regress.id(1), regress.id(502));
-- knowledge: the same point, as belief went
SELECT known_from = (SELECT at FROM t WHERE label = 'first') AS from_first, known_to IS NULL AS still, properties ->> 'n' AS n FROM llmspell.entity_knowledge(regress.id(1), '2026-07-01Z') ORDER BY 1 DESC;
-- all of it in a transaction that may not write
BEGIN READ ONLY;
SELECT (SELECT count(*) FROM llmspell.graph_traverse(regress.id(1), 9)) + (SELECT count(*) FROM llmspell.graph_shortest_path(regress.id(1), regress.id(3)))
    + (SELECT count(*) FROM llmspell.entity_timeline(regress.id(1))) + (SELECT count(*) FROM llmspell.entity_knowledge(regress.id(1))) + (SELECT count(*) FROM llmspell.graph_subgraph(ARRAY[regress.id(1)]))
    + (SELECT count(*) FROM llmspell.graph_check()) + (SELECT count(*) FROM llmspell.entity_list(name_prefix => 'node 1')) + (SELECT count(*) FROM llmspell.graph_diff()) AS rows,
    llmspell.tx_horizon() < now() AS horizon;
SELECT pg_current_xact_id_if_assigned() IS NULL AS wrote_nothing;
COMMIT;
