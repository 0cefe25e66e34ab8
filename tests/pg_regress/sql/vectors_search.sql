-- Search: always k where k exist, the same order each time, on either way.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('circle', 4), llmspell.vector_space_create('two_a', 2, metric => 'l2'), llmspell.vector_space_create('two_b', 2, metric => 'ip');
RESET SESSION AUTHORIZATION;
-- Points on a circle: point n is at n tenths of a degree. Tenant many has 3,000 of them, few has 30, one has one.
INSERT INTO llmspell.vector_space_circle (tenant_id, id, scope, embedding, metadata, created_at)
SELECT t.tenant, lpad(n::text, 32, '0')::uuid, 'user:' || n % 3, ARRAY[cosd(n / 10.0), sind(n / 10.0), 0, 0]::real[], jsonb_build_object('n', n, 'rare', n % 100 = 0),
    '2026-01-01+00'::timestamptz + n * interval '1 hour'
FROM (VALUES ('search-many', 3000, 1), ('search-few', 30, 100), ('search-one', 1, 1)) AS t (tenant, count, step), generate_series(t.step, t.count * t.step, t.step) AS n;
ANALYZE llmspell.vector_space_circle;
SET SESSION AUTHORIZATION regress_app;
CREATE FUNCTION regress.found(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_found text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', count(*), string_agg(ltrim(left(id::text, 8) || right(replace(id::text, ''-'', ''''), 24), ''0''), '','' ORDER BY distance, id), bool_and(exact), bool_and(complete)) FROM %s', statement) INTO v_found;
    RETURN v_found;
END $$;
SET app.current_tenant_id = 'search-many';
SELECT route, reason, row_count, estimated, exact_rows, index_method, candidates FROM llmspell.vector_explain(regress.at(50), 5);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5)$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, mode => 'exact')$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, mode => 'ann', ef_search => 200)$$);
SELECT route, reason, row_count FROM llmspell.vector_explain(regress.at(50), 5, mode => 'exact');
SELECT route, reason FROM llmspell.vector_explain(regress.at(50), 5, recall => 1);
SELECT ef_search FROM llmspell.vector_explain(regress.at(50), 5, recall => 0.9);
SELECT ef_search FROM llmspell.vector_explain(regress.at(50), 5, ef_search => 77);
SET hnsw.ef_search = 55;
SELECT ef_search FROM llmspell.vector_explain(regress.at(50), 5);
SELECT count(*) FROM llmspell.vector_search(regress.at(50), 5);
-- nothing of the search's own settings is left
SELECT current_setting('hnsw.ef_search') AS ef, current_setting('hnsw.iterative_scan') AS iterative, current_setting('enable_sort') AS sort, current_setting('enable_seqscan') AS seqscan;
RESET hnsw.ef_search;
-- conditions; scores; a threshold that nothing, something, everything passes
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, scope => 'user:1')$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, filter => '{"rare": true}')$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, filter => '{"n": 7}')$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, since => '2026-01-01 07:00+00', until => '2026-01-01 10:00+00')$$);
SELECT regress.found($$llmspell.vector_search(regress.at(200), 5, max_distance => -1)$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 50, max_distance => 0.00001)$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 3, max_distance => 'infinity')$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5, scope => 'user:9')$$);
SELECT count(*), count(DISTINCT id) FROM llmspell.vector_search(regress.at(180), 1000);
SELECT round(distance::numeric, 4) AS distance, round(score::numeric, 4) AS score, scope, metadata, content, created_at AT TIME ZONE 'UTC' AS created_at
FROM llmspell.vector_search(regress.at(60), 1);
-- few: each row is looked at; ties by id
SET app.current_tenant_id = 'search-few';
SELECT route, row_count, estimated FROM llmspell.vector_explain(regress.at(50), 5);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5)$$);
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 1000)$$) LIKE '30 %' AS all_of_them;
-- forced on the index, which is not allowed to walk to its end, it may come back short, and says so
SELECT count(*) BETWEEN 0 AND 30 AS some, coalesce(bool_or(exact), false) AS exact FROM llmspell.vector_search(regress.at(359), 30, mode => 'ann', ef_search => 1);
SELECT llmspell.vector_add(regress.at(10), id => ('00000000-0000-0000-0000-00000000' || x)::uuid) FROM unnest(ARRAY['ffff', 'eeee', 'aaaa', 'cccc']) AS x;
SELECT right(id::text, 4) AS id FROM llmspell.vector_search(regress.at(10), 4);
-- expired
SELECT llmspell.vector_add(regress.at(77), expires_at => '2020-01-01', id => '00000000-0000-0000-0000-000000000077');
SELECT llmspell.vector_add(regress.at(77), ttl => '1 hour', id => '00000000-0000-0000-0000-000000000078');
SELECT regress.found($$llmspell.vector_search(regress.at(77), 1)$$), regress.found($$llmspell.vector_search(regress.at(77), 2, include_expired => true)$$);
SET app.current_tenant_id = 'search-one';
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5)$$);
SET app.current_tenant_id = 'search-none';
SELECT regress.found($$llmspell.vector_search(regress.at(50.01), 5)$$);
-- one prepared statement, a generic plan, tenants of every size in turn
SET plan_cache_mode = force_generic_plan;
PREPARE near(vector, int) AS SELECT count(*), bool_and(exact) AS exact, bool_and(complete) AS complete FROM llmspell.vector_search($1, $2, since => '2000-01-01');
SET app.current_tenant_id = 'search-many';
EXECUTE near(regress.at(50), 5);
SET app.current_tenant_id = 'search-one';
EXECUTE near('[1,0,0,0]', 10);
SET app.current_tenant_id = 'search-few';
EXECUTE near('[1,0,0,0]', 10);
SET app.current_tenant_id = 'search-many';
EXECUTE near(regress.at(50), 5);
RESET app.current_tenant_id;
SELECT regress.try($$EXECUTE near('[1,0,0,0]', 10)$$);
RESET plan_cache_mode;
-- a remembered count that is no longer true costs time, never rows
SET app.current_tenant_id = 'search-many';
DELETE FROM llmspell.vector_space_circle WHERE metadata ->> 'n' > '2';
SELECT count(*) AS left_over FROM llmspell.vector_space_circle;
SELECT count(*), bool_and(complete) FROM llmspell.vector_search(regress.at(300), 1000);
SELECT route FROM llmspell.vector_explain(regress.at(300), 1000);
-- reads write nothing
BEGIN READ ONLY;
SELECT count(*) FROM llmspell.vector_search(regress.at(3), 5);
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;
-- only the direction of a query counts, however long it is; exact, as the index may miss one of two at the same distance
SELECT q, (SELECT string_agg(id::text || round(distance::numeric, 6), ',' ORDER BY distance, id) FROM llmspell.vector_search(q, 3, mode => 'exact')) = (SELECT string_agg(id::text || round(distance::numeric, 6), ',' ORDER BY distance, id) FROM llmspell.vector_search(regress.at(0), 3, mode => 'exact')) AS same
FROM unnest(ARRAY['[1e-40,0,0,0]', '[1e-30,0,0,0]', '[3e38,0,0,0]']::vector[]) AS q;
-- other metrics
SELECT llmspell.vector_add_many(ARRAY['[1,0]', '[3,0]', '[0,2]', '[0,0]']::vector[], space => 'two_a') IS NOT NULL AS a, llmspell.vector_add_many(ARRAY['[1,0]', '[3,0]', '[0,2]', '[0,0]']::vector[], space => 'two_b') IS NOT NULL AS b;
SELECT distance, score FROM llmspell.vector_search('[1,0]', 3, space => 'two_a');
SELECT distance, score FROM llmspell.vector_search('[1,0]', 3, space => 'two_b');
SELECT regress.try($$SELECT * FROM llmspell.vector_search('[1e16,0]', 3, space => 'two_a')$$), regress.try($$SELECT llmspell.vector_add('[1e16,0]', space => 'two_a')$$);
-- where half the precision proves nothing every row is looked at in full
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('wide', 1901, 'l2');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_app;
CREATE FUNCTION regress.small(n int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(1e-8 * sin(i * n))::real[]::vector FROM generate_series(1, 1901) AS i $$;
SELECT llmspell.vector_add(regress.small(n), id => lpad(n::text, 32, '0')::uuid) IS NOT NULL FROM generate_series(1, 60) AS n \g /dev/null
SELECT count(*) FILTER (WHERE right(v.id::text, 2)::int = n) AS right_ones, bool_and(exact) AS exact, bool_and(complete) AS complete FROM generate_series(1, 60, 7) AS n, llmspell.vector_search(regress.small(n), 1) v;
-- 3072 dimensions: scanned at half the precision, ranked in full, and certain of it
SELECT llmspell.vector_add(regress.ramp(3072, i / 7.0), id => lpad(i::text, 32, '0')::uuid, metadata => jsonb_build_object('i', i)) IS NOT NULL AS added FROM generate_series(1, 200) AS i \g /dev/null
SELECT metadata ->> 'i' AS i, round(distance::numeric, 3) AS distance, exact, complete FROM llmspell.vector_search(regress.ramp(3072, 5 / 7.0), 3);
SELECT array_agg(a.id) = array_agg(b.id) AS same FROM llmspell.vector_search(regress.ramp(3072, 0.3), 20) WITH ORDINALITY a JOIN llmspell.vector_search(regress.ramp(3072, 0.3), 20, mode => 'exact') WITH ORDINALITY b USING (ordinality);
