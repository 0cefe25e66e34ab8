-- As llmspell_app, reads of the graph and what a write reads, copied from the library, have their index. The walks are in tests/clients/test_reads.py.
\i `echo $PG_ABS_SRCDIR/begin.psql`
INSERT INTO llmspell.entities (tenant_id, entity_id, entity_type, name, properties, valid_time_start, transaction_time_start, transaction_time_end)
SELECT 'graph-plans-' || n % 4, md5('n' || n)::uuid, 'type ' || n / 4 % 20, 'name ' || n, jsonb_build_object('n', n), '2020-01-01Z', '2025-01-01Z'::timestamptz + v * interval '1 day',
    CASE WHEN v < 4 THEN '2025-01-02Z'::timestamptz + v * interval '1 day' ELSE 'infinity' END
FROM generate_series(0, 7999) n, generate_series(0, 4) v;
INSERT INTO llmspell.relationships (tenant_id, relationship_id, from_entity, to_entity, relationship_type, valid_time_start, transaction_time_start)
SELECT 'graph-plans-' || n % 4, md5('r' || n)::uuid, md5('n' || n % 8000)::uuid, md5('n' || (n * 4 + n) % 8000)::uuid, 'type ' || n % 3, '2020-01-01Z', '2025-01-01Z' FROM generate_series(0, 31999) n;
VACUUM (ANALYZE) llmspell.entities, llmspell.relationships;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-plans-1';
-- as of, known now and then
SELECT regress.plan($$SELECT name FROM llmspell.entity_as_of(md5('n1')::uuid)$$);
SELECT regress.plan($$SELECT name FROM llmspell.entity_as_of(md5('n1')::uuid, now(), '2025-01-03Z')$$);
SELECT regress.plan($$SELECT * FROM llmspell.entity_history(md5('n1')::uuid)$$);
SET plan_cache_mode = force_generic_plan;
PREPARE as_of(uuid, timestamptz, timestamptz) AS SELECT name FROM llmspell.entity_as_of($1, $2, $3);
SELECT regress.plan($$EXECUTE as_of(md5('n1')::uuid, now(), NULL)$$);
-- what a write reads
PREPARE versions(text, uuid, timestamptz, timestamptz, timestamptz) AS
    SELECT 1 FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = ANY (ARRAY[$2]) AND transaction_time_end = 'infinity' AND valid_time_start < $4 AND valid_time_end > $3
    UNION ALL SELECT 2 FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = $2 AND transaction_time_start >= $5
    UNION ALL SELECT 3 FROM llmspell.entities WHERE tenant_id = $1 AND entity_id = $2 AND transaction_time_end > $5 AND transaction_time_end < 'infinity';
SELECT regress.plan($$EXECUTE versions('graph-plans-1', md5('n1')::uuid, now(), 'infinity', now())$$);
RESET plan_cache_mode;
-- lists: by type in order, by property, by prefix
SELECT regress.plan(format('SELECT e.name FROM llmspell.entities e WHERE %s AND e.entity_type = ''type 3'' ORDER BY e.entity_id LIMIT 10',
    replace(replace(llmspell_internal._graph_at('e', NULL), '$1', '''graph-plans-1'''), '$2', 'now()')));
SELECT regress.plan(format('SELECT e.name FROM llmspell.entities e WHERE %s AND e.entity_type = ''type 3'' ORDER BY e.entity_id LIMIT 10',
    replace(replace(replace(llmspell_internal._graph_at('e', now()), '$1', '''graph-plans-1'''), '$2', 'now()'), '$3', '''2025-01-03Z''')));
SELECT regress.plan(format('SELECT e.name FROM llmspell.entities e WHERE %s AND e.properties OPERATOR(llmspell.@>) ''{"n": 5}'' ORDER BY e.entity_id LIMIT 10',
    replace(replace(llmspell_internal._graph_at('e', NULL), '$1', '''graph-plans-1'''), '$2', 'now()')));
SELECT regress.plan(format('SELECT e.name FROM llmspell.entities e WHERE %s AND llmspell_internal._name_key(e.name) COLLATE "C" >= ''name 77'' AND llmspell_internal._name_key(e.name) COLLATE "C" < llmspell_internal._prefix_end(''name 77'') ORDER BY e.entity_id LIMIT 10',
    replace(replace(llmspell_internal._graph_at('e', NULL), '$1', '''graph-plans-1'''), '$2', 'now()')));
-- a plan made for one tenant serves the next one right
SELECT count(*) FROM llmspell.graph_traverse(md5('n1')::uuid, 1), llmspell.entity_as_of(md5('n1')::uuid) e;
SET app.current_tenant_id = 'graph-plans-2';
SELECT count(*) FROM llmspell.graph_traverse(md5('n1')::uuid, 1, include_start => true);
EXECUTE as_of(md5('n1')::uuid, now(), NULL);
