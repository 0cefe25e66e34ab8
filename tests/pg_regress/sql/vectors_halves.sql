-- Half precision only where it fits: by default for angles alone, with a clear limit; an index that finds too little is refused.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create(metric || '_' || dims, dims, metric) FROM unnest(ARRAY['l2', 'ip']) AS metric, unnest(ARRAY[768, 1901]) AS dims;
SELECT name, index_method FROM llmspell.vector_space_list() WHERE metric <> 'cosine';
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'halves';
SELECT llmspell.vector_add((ARRAY[v] || array_fill(1, ARRAY[767])::real[])::vector, space => 'l2_768') IS NOT NULL AS added FROM unnest(ARRAY[65504, 70000, 1e15, -1e14]::real[]) AS v;
SELECT count(*) FROM unnest(llmspell.vector_add_many((SELECT array_agg(array_fill(-70000, ARRAY[1901])::vector) FROM generate_series(1, 2)), space => 'ip_1901')) AS id;
SELECT round(distance::numeric, 1) AS distance, exact FROM llmspell.vector_search((ARRAY[65504] || array_fill(1, ARRAY[767])::real[])::vector, 2, space => 'l2_768');
SELECT exact, complete FROM llmspell.vector_search(array_fill(1, ARRAY[1901])::vector, 2, space => 'ip_1901');
-- chosen all the same, it says what it cannot hold
RESET SESSION AUTHORIZATION;
TRUNCATE llmspell.vector_space_l2_768;
SET SESSION AUTHORIZATION regress_admin;
SELECT state FROM llmspell.vector_index_ensure('l2_768', 'hnsw_halfvec', blocking => true);
SET SESSION AUTHORIZATION regress_app;
SELECT regress.try(format('SELECT llmspell.vector_add((ARRAY[%s] || array_fill(1, ARRAY[767])::real[])::vector, space => ''l2_768'')', v)) FROM unnest(ARRAY[65504, 65520, -1e9]) AS v;
SELECT regress.try($$SELECT llmspell.vector_add_many(ARRAY[array_fill(1, ARRAY[768])::vector, array_fill(7e4, ARRAY[768])::vector], space => 'l2_768')$$);
-- all vectors near 40,000: half precision tells them apart no more, and the index is refused
SET SESSION AUTHORIZATION regress_admin;
SELECT state FROM llmspell.vector_index_ensure('l2_768', 'hnsw', blocking => true);
RESET SESSION AUTHORIZATION;
DROP INDEX llmspell.idx_vector_space_l2_768_half_m16_e128;
INSERT INTO llmspell.vector_space_l2_768 (tenant_id, scope, embedding)
SELECT 'halves', 'global', (SELECT array_agg(40000 + sin(n * i) ORDER BY i)::real[]::vector FROM generate_series(1, 768) AS i) FROM generate_series(1, 300) AS n;
SET SESSION AUTHORIZATION regress_admin;
SELECT regexp_replace(regress.try($$SELECT FROM llmspell.vector_index_ensure('l2_768', 'hnsw_halfvec', blocking => true)$$), '0\.\d+ of', '0.x of') AS refused;
SELECT index_method, index_state FROM llmspell.vector_space_list() WHERE name = 'l2_768';
-- built by an operator, it is found by the next call, and no search uses it
RESET SESSION AUTHORIZATION;
SELECT statement FROM llmspell.vector_index_ensure('l2_768', 'hnsw_halfvec') \gexec
DROP INDEX llmspell.idx_vector_space_l2_768_hnsw;
SET SESSION AUTHORIZATION regress_admin;
SELECT state, regexp_replace(reason, '0\.\d+ of', '0.x of') AS reason FROM llmspell.vector_index_ensure('l2_768', 'hnsw_halfvec');
SELECT index_recall < 0.9 AS bad, index_checked_at IS NOT NULL AS checked FROM llmspell.vector_space_list() WHERE name = 'l2_768';
SELECT object, regexp_replace(fault, '0\.\d+ of', '0.x of') AS fault FROM llmspell.verify() WHERE component = 'indexes';
SET SESSION AUTHORIZATION regress_app;
SELECT route, reason FROM llmspell.vector_explain(array_fill(40000, ARRAY[768])::vector, space => 'l2_768');
SELECT bool_and(exact AND complete) AS exact FROM llmspell.vector_search(array_fill(40000, ARRAY[768])::vector, 5, mode => 'ann', space => 'l2_768');
SET SESSION AUTHORIZATION regress_admin;
SELECT regress.try($$SELECT llmspell.vector_calibrate('l2_768')$$);
-- one that is good says how good
SELECT state FROM llmspell.vector_index_ensure('l2_768', 'hnsw', blocking => true);
SELECT index_recall >= 0.9 AS good FROM llmspell.vector_space_list() WHERE name = 'l2_768';
