-- The tools of the MCP memory server over the graph.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'mcp';
\pset tuples_only on
\pset format unaligned
SELECT llmspell.mcp_memory('read_graph');
SELECT llmspell.mcp_memory('create_entities', '{"entities": [{"name": "Ada", "entityType": "person", "observations": ["writes notes"]}, {"name": "Engine", "entityType": "machine", "observations": []}, {"name": "Ada", "entityType": "twin", "observations": []}]}');
SELECT llmspell.mcp_memory('create_entities', '{"entities": [{"name": "Ada", "entityType": "other", "observations": ["x"]}, {"name": "Charles", "entityType": "person", "observations": ["builds", "writes"]}]}');
SELECT llmspell.mcp_memory('create_relations', '{"relations": [{"from": "Ada", "to": "Engine", "relationType": "programs"}, {"from": "Charles", "to": "Engine", "relationType": "builds"}, {"from": "Ada", "to": "Engine", "relationType": "programs"}]}');
SELECT llmspell.mcp_memory('create_relations', '{"relations": [{"from": "Ada", "to": "Engine", "relationType": "programs"}, {"from": "Ada", "to": "Charles", "relationType": "knows"}]}');
SELECT llmspell.mcp_memory('add_observations', '{"observations": [{"entityName": "Ada", "contents": ["writes notes", "lives in London"]}, {"entityName": "Engine", "contents": ["has gears", "has gears"]}]}');
SELECT llmspell.mcp_memory('read_graph');
SELECT llmspell.mcp_memory('search_nodes', '{"query": "WRITES"}');
SELECT llmspell.mcp_memory('search_nodes', '{"query": "nothing"}');
SELECT llmspell.mcp_memory('open_nodes', '{"names": ["Charles", "Nobody"]}');
SELECT llmspell.mcp_memory('delete_observations', '{"deletions": [{"entityName": "Ada", "observations": ["lives in London", "x"]}, {"entityName": "Nobody", "observations": ["x"]}]}');
SELECT llmspell.mcp_memory('delete_relations', '{"relations": [{"from": "Ada", "to": "Charles", "relationType": "knows"}, {"from": "Ada", "to": "Nobody", "relationType": "knows"}]}');
SELECT llmspell.mcp_memory('delete_entities', '{"entityNames": ["Charles", "Nobody"]}');
SELECT llmspell.mcp_memory('read_graph');
-- again, in one transaction
BEGIN;
SELECT llmspell.mcp_memory('create_entities', '{"entities": [{"name": "Charles", "entityType": "person", "observations": ["is back"]}]}');
SELECT llmspell.mcp_memory('add_observations', '{"observations": [{"entityName": "Charles", "contents": ["and more"]}]}');
SELECT llmspell.mcp_memory('open_nodes', '{"names": ["Charles"]}');
SELECT llmspell.mcp_memory('delete_entities', '{"entityNames": ["Charles"]}');
SELECT llmspell.mcp_memory('open_nodes', '{"names": ["Charles"]}');
COMMIT;
-- entities that others made are not the tools' own; what was deleted stays in history
SELECT count(*) FROM llmspell.entity_put('00000000-0000-0000-0000-000000000001', 'person', 'Grace');
SELECT llmspell.mcp_memory('open_nodes', '{"names": ["Grace"]}');
SELECT count(*) > 1 AS kept FROM llmspell.entity_history((SELECT entity_id FROM llmspell.entities WHERE name = 'Charles' LIMIT 1));
SELECT regress.try(format('SELECT llmspell.mcp_memory(%L, %L)', t, a)) FROM (VALUES ('forget_all', '{}'), ('create_entities', '{}'), ('create_entities', '{"entities": [{"name": 1}]}'), ('create_entities', '{"entities": {}}'),
    ('create_entities', '{"entities": [{"name": "x", "entityType": "y"}]}'), ('create_entities', '{"entities": [{"name": "x", "entityType": "y", "observations": [1]}]}'), ('create_relations', '{"relations": [{"from": "Ada", "to": "Nobody", "relationType": "knows"}]}'),
    ('add_observations', '{"observations": [{"entityName": "Nobody", "contents": []}]}'), ('search_nodes', '{}'), ('open_nodes', '{"names": "Ada"}'), ('read_graph', '[]')) AS c (t, a);
SELECT regress.try(format('SELECT llmspell.mcp_memory(%L, %L)', 'create_entities', jsonb_build_object('entities', jsonb_build_array(jsonb_build_object('name', repeat('x', 501), 'entityType', 'y', 'observations', '[]'::jsonb)))));
SELECT regress.try('SELECT llmspell.mcp_memory(NULL)');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT regress.try($$SELECT llmspell.mcp_memory('create_entities', '{"entities": []}')$$);
SELECT llmspell.mcp_memory('open_nodes', '{"names": ["Ada"]}');
COMMIT;
SET app.current_tenant_id = 'mcp-other';
SELECT llmspell.mcp_memory('read_graph');
SELECT llmspell.mcp_memory('create_entities', '{"entities": [{"name": "Ada", "entityType": "namesake", "observations": []}]}');
RESET app.current_tenant_id;
SELECT regress.try($$SELECT llmspell.mcp_memory('read_graph')$$);
