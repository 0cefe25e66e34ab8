-- Choosing and building indexes, other dimensions, a tenant's own index, measuring.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SET SESSION AUTHORIZATION regress_admin;
\x on
SELECT * FROM llmspell.vector_index_ensure('vectors_768', 'hnsw');
SELECT * FROM llmspell.vector_index_ensure('vectors_768', 'hnsw', blocking => true);
\x off
SELECT space, method, m, ef_construction, index_name FROM llmspell.vector_index_config;
SELECT name, index_method, index_state FROM llmspell.vector_space_list() WHERE dims = 768;
SELECT component, object, left(fault, 10) AS fault FROM llmspell.verify() WHERE component = 'indexes';
SELECT statement FROM llmspell.vector_index_ensure('vectors_384', 'hnsw', m => 24, ef_construction => 200);
SELECT method, index_name, state FROM llmspell.vector_index_ensure('vectors_384');
SELECT method, index_name, state, superseded FROM llmspell.vector_index_ensure('vectors_3072', 'none');
SELECT method, index_name, state FROM llmspell.vector_index_ensure('vectors_3072', 'auto');
SELECT regress.try(format('SELECT * FROM llmspell.vector_index_ensure(%s)', a)) FROM unnest(ARRAY[
    $$'nowhere'$$, $$NULL, 'hnsw'$$, $$'vectors_384', 'btree'$$, $$'vectors_384', NULL$$, $$'vectors_3072', 'hnsw'$$, $$'vectors_384', 'hnsw', m => 1$$, $$'vectors_384', 'hnsw', m => 101$$,
    $$'vectors_384', 'hnsw', m => 40, ef_construction => 64$$, $$'vectors_384', 'hnsw', ef_construction => 1001$$, $$'vectors_384', 'none', m => 8$$, $$'vectors_384', 'hnsw', lists => '{10}'$$, $$NULL, lists => '{5}'$$]) AS a;
-- VectorChord is refused where it is not installed; what would be run is the same everywhere
SELECT regress.try($$SELECT * FROM llmspell.vector_index_ensure('vectors_384', 'vchordrq')$$) IN
    ('0A000 | index method vchordrq is not installed | VectorChord brings it: put vchord into shared_preload_libraries, restart, and run CREATE EXTENSION vchord; or use hnsw.', '1 rows') AS refused_or_done;
RESET SESSION AUTHORIZATION;
DELETE FROM llmspell.vector_index_config WHERE method LIKE 'vchord%';
SELECT llmspell_internal._vector_index_ddl('vector_embeddings_768', 768, 'cosine', 'vchordrq', NULL, NULL, '{1000}', 'idx_x', 'CREATE INDEX CONCURRENTLY');
SELECT llmspell_internal._vector_index_ddl('vector_embeddings_3072', 3072, 'cosine', 'vchordrq', NULL, NULL, NULL, 'idx_x', 'CREATE INDEX');
SELECT llmspell_internal._vector_index_ddl('vector_embeddings_768', 768, 'l2', 'vchordrq', NULL, NULL, '{100,10000}', 'idx_x', 'CREATE INDEX');
SELECT llmspell_internal._vector_index_ddl('vector_embeddings_768', 768, 'ip', 'vchordg', 32, 64, NULL, 'idx_x', 'CREATE INDEX', 'o''neil');
SELECT llmspell_internal._vector_index_ddl('vector_embeddings_768', 768, metric, 'hnsw_halfvec', 16, 64, NULL, 'idx_x', 'CREATE INDEX') FROM unnest(ARRAY['cosine', 'l2', 'ip']) AS metric;
-- no name is cut; method and parameters stay
SELECT n, length(n) FROM (SELECT llmspell_internal._vector_index_name(t, s) AS n FROM unnest(ARRAY['vector_embeddings_384', 'vector_space_' || repeat('x', 28), 'vector_space_' || repeat('x', 27) || 'y']) AS t,
    unnest(ARRAY['_vchordg_m100_e1000', '_t_0123456789abcdef_vchordg_m100_e1000']) AS s) AS r;
-- a choice whose method is not installed fails alone: the other spaces are reported
BEGIN;
INSERT INTO llmspell.vector_index_config (space, method, index_name) VALUES ('vectors_1536', 'vchordrq', 'idx_vector_1536_vchordrq');
UPDATE pg_am SET amname = 'vchord_away' WHERE amname = 'vchordrq';
SELECT space, state, statement, reason FROM llmspell.vector_index_ensure() WHERE space IN ('vectors_1536', 'vectors_3072');
ROLLBACK;
SET SESSION AUTHORIZATION regress_admin;
-- dimensions of every kind
SELECT llmspell.vector_space_create('dims_' || d, d) FROM unnest(ARRAY[1, 1024, 1900, 1901, 3900, 3901, 16000]) AS d;
SELECT name, index_method FROM llmspell.vector_space_list() WHERE name LIKE 'dims_%';
SELECT c.relname, a.attname, a.attstorage, c.reloptions FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relname LIKE 'vector_space_dims%' AND c.relkind = 'r' AND a.attname LIKE 'embedding%' ORDER BY length(c.relname), 1, 2;
SELECT regress.try(format('SELECT llmspell.vector_space_create(%s)', a)) FROM unnest(ARRAY[$$'dims_1', 5$$, $$'Upper', 5$$, $$'x; drop', 5$$, $$'', 5$$, $$NULL, 5$$, $$'x', NULL$$, $$'x', 0$$, $$'x', 16001$$, $$'x', 5, 'hamming'$$,
    $$'x', 384, for_episodes => true$$, $$repeat('x', 29), 5$$, $$'dims_1_pkey', 5$$]) AS a;
SELECT llmspell.vector_space_create('talk_1024', 1024, for_episodes => true);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'indexes';
SELECT count(llmspell.vector_add(regress.ramp(d, n), space => 'dims_' || d)) FROM unnest(ARRAY[1, 1024, 1900, 1901, 3900, 3901, 16000]) AS d, generate_series(1, 3) AS n;
SELECT d, exact, round(distance::numeric, 3) AS distance FROM unnest(ARRAY[1024, 1901, 3900, 3901, 16000]) AS d, LATERAL llmspell.vector_search(regress.ramp(d, 2), 1, space => 'dims_' || d);
SELECT created FROM llmspell.episode_add('s', 'user', 'x', regress.ramp(1024, 1));
SELECT bool_and(has_table_privilege('llmspell_admin', format('llmspell.%I', s.table_name), 'MAINTAIN')) AS maintain FROM llmspell.vector_spaces s;
-- the wall stands around what is made later
SET app.current_tenant_id = 'indexes-2';
SELECT count(*) FROM llmspell.vector_space_dims_1024;
SELECT left(regress.try($$INSERT INTO llmspell.vector_space_dims_1024 (tenant_id, scope, embedding) SELECT 'indexes', 'global', regress.ramp(1024, 1)$$), 5);
-- a tenant with an index of its own: the planner takes it
RESET SESSION AUTHORIZATION;
INSERT INTO llmspell.vector_space_circle (tenant_id, scope, embedding)
SELECT 'indexes-' || n % 2, 'global', ARRAY[cosd(n / 100.0), sind(n / 100.0), 0.001, 0]::real[] FROM generate_series(1, 6000) AS n;
ANALYZE llmspell.vector_space_circle;
SET SESSION AUTHORIZATION regress_admin;
\x on
SELECT space, index_name, state, drop_first, statement, superseded FROM llmspell.vector_tenant_promote('indexes-1', 'circle');
SELECT space, index_name, state, drop_first, statement, superseded FROM llmspell.vector_tenant_promote('indexes-1', blocking => true);
\x off
SELECT regress.try(format('SELECT llmspell.vector_tenant_promote(%s)', a)) FROM unnest(ARRAY[$$NULL$$, $$''$$, $$'nobody'$$, $$'indexes-1', 'nowhere'$$, $$'indexes-1', 'dims_1'$$, $$'indexes', 'dims_3901'$$]) AS a;
SELECT current_setting('app.current_tenant_id') AS tenant_is_as_before;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'indexes-1';
SELECT idx_scan AS before FROM pg_stat_user_indexes WHERE indexrelname LIKE 'idx\_vector\_space\_circle\_t\_%' \gset
SELECT count(*) FROM llmspell.vector_search(regress.at(7), 10);
SELECT pg_stat_force_next_flush();
SELECT idx_scan - :before AS scans FROM pg_stat_user_indexes WHERE indexrelname LIKE 'idx\_vector\_space\_circle\_t\_%';
-- after another choice it is another index, and the old one is named; one that is invalid is not accepted
SET SESSION AUTHORIZATION regress_admin;
SELECT state FROM llmspell.vector_index_ensure('circle', 'hnsw', m => 8, blocking => true);
\x on
SELECT state, drop_first, statement, superseded FROM llmspell.vector_tenant_promote('indexes-1', 'circle');
SELECT state, drop_first, statement, superseded FROM llmspell.vector_tenant_promote('indexes-1', 'circle', blocking => true);
RESET SESSION AUTHORIZATION;
UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text LIKE '%idx_vector_space_circle_t_%_m8_%';
SET SESSION AUTHORIZATION regress_admin;
SELECT state, drop_first, statement, superseded FROM llmspell.vector_tenant_promote('indexes-1', 'circle');
SELECT space, tenant, state, drop_first, superseded, reason FROM llmspell.vector_index_ensure() WHERE tenant IS NOT NULL;
\x off
-- what is recorded and missing is known, to the operator and to the tenant alone, and built again
RESET SESSION AUTHORIZATION;
DO $$ BEGIN EXECUTE format('DROP INDEX %s', (SELECT indexrelid::regclass FROM pg_index WHERE indexrelid::regclass::text LIKE '%idx_vector_space_circle_t_%_m8_%')); END $$;
SET SESSION AUTHORIZATION regress_app;
SELECT object, fault FROM llmspell.verify() WHERE component = 'indexes';
SET app.current_tenant_id = 'indexes-0';
SELECT object, fault FROM llmspell.verify() WHERE component = 'indexes';
SELECT count(*) AS of_others FROM llmspell.vector_tenant_indexes;
SELECT regress.try($$INSERT INTO llmspell.vector_tenant_indexes (tenant_id, space, index_name) VALUES ('indexes-0', 'circle', 'x')$$);
SET SESSION AUTHORIZATION regress_admin;
SELECT space, tenant, state FROM llmspell.health_vector_indexes WHERE state NOT IN ('present', 'none');
SELECT value, ok FROM llmspell.health_check() WHERE item = 'vector indexes';
SELECT space, tenant, state FROM llmspell.vector_index_ensure() WHERE state NOT IN ('present', 'none');
SELECT current_setting('app.current_tenant_id') AS tenant_is_as_before;
-- taken away again
SELECT * FROM llmspell.vector_tenant_demote('indexes-1', 'circle');
SELECT count(*) FROM llmspell.vector_tenant_demote('indexes-1', 'circle', blocking => true);
SELECT * FROM llmspell.vector_tenant_demote('indexes-1', 'circle');
SELECT regress.try(format('SELECT llmspell.vector_tenant_demote(%s)', a)) FROM unnest(ARRAY[$$NULL, 'circle'$$, $$'', 'circle'$$, $$'x', NULL$$, $$'x', 'nowhere'$$]) AS a;
-- erasing a tenant leaves no index that names it
RESET SESSION AUTHORIZATION;
INSERT INTO llmspell.vector_space_dims_1 (tenant_id, scope, embedding) VALUES ('it''s \ "mine"', 'global', '[1]');
SET SESSION AUTHORIZATION regress_admin;
SELECT state FROM llmspell.vector_tenant_promote('it''s \ "mine"', blocking => true);
SELECT state FROM llmspell.vector_tenant_promote('it''s \ "mine"');
SELECT sum(row_count) AS would_go FROM llmspell.tenant_erase('it''s \ "mine"') WHERE row_count > 0;
SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%' || md5('it''s \ "mine"') || '%';
SELECT table_name, row_count FROM llmspell.tenant_erase('it''s \ "mine"', dry_run => false) WHERE row_count > 0;
SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%' || md5('it''s \ "mine"') || '%';
-- long and short vectors have half the precision and are in the index
SELECT state FROM llmspell.vector_index_ensure('dims_1024', 'hnsw_halfvec', blocking => true);
RESET SESSION AUTHORIZATION;
BEGIN;
INSERT INTO llmspell.vector_space_dims_1024 (tenant_id, scope, embedding)
SELECT 'long', 'global', regress.ramp(1024, 10 + n) * array_fill(l, ARRAY[1024])::real[]::vector FROM unnest(ARRAY[1e6, 1e-12]) AS l, generate_series(1, 3) AS n;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
CREATE FUNCTION regress.unit() RETURNS halfvec LANGUAGE sql IMMUTABLE AS $$ SELECT l2_normalize(regress.ramp(1024, 12))::halfvec(1024) $$;
SELECT regress.plan('SELECT FROM llmspell.vector_space_dims_1024 ORDER BY l2_normalize(embedding)::halfvec(1024) <=> (SELECT regress.unit()) LIMIT 9') AS plan;
SELECT tenant_id, count(*) FROM (SELECT tenant_id FROM llmspell.vector_space_dims_1024 ORDER BY l2_normalize(embedding)::halfvec(1024) <=> (SELECT regress.unit()) LIMIT 9) AS r GROUP BY 1 ORDER BY 1;
ROLLBACK;
SET SESSION AUTHORIZATION regress_admin;
SELECT state, superseded FROM llmspell.vector_index_ensure('dims_1024');
SELECT state, superseded FROM llmspell.vector_index_ensure('circle');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'indexes-1';
-- measured with a tenant's rows, kept for all
SET SESSION AUTHORIZATION regress_admin;
SELECT row_count, exact_us > 0 AS exact, ann_us > 0 AS ann, ef_search BETWEEN 40 AND 1000 AS ef, recall BETWEEN 0.9 AND 1 AS recall, exact_rows BETWEEN 500 AND 200000 AS exact_rows FROM llmspell.vector_calibrate('circle', 10);
-- of how many rows it is nobody learns
SELECT regress.try('SELECT space_rows FROM llmspell.vector_calibrations'), regress.try('SELECT exact_rows FROM llmspell.vector_calibrations') AS others;
RESET SESSION AUTHORIZATION;
SELECT k.space_rows = greatest(c.reltuples, 0) AS by_statistics FROM llmspell.vector_calibrations k, pg_class c WHERE k.space = 'circle' AND c.oid = 'llmspell.vector_space_circle'::regclass;
BEGIN;
UPDATE pg_class SET reltuples = -1 WHERE oid = 'llmspell.vector_space_circle'::regclass;
SET LOCAL ROLE regress_admin;
SELECT count(*) FROM llmspell.vector_calibrate('circle', 10);
RESET ROLE;
SELECT space_rows FROM llmspell.vector_calibrations WHERE space = 'circle';
ROLLBACK;
SET SESSION AUTHORIZATION regress_admin;
SELECT v.exact_rows = e.exact_rows AND v.calibrated_at IS NOT NULL AS used FROM llmspell.vector_space_list() v, llmspell.vector_explain(regress.at(7)) e WHERE v.name = 'circle';
SELECT regress.try($$SELECT * FROM llmspell.vector_calibrate('nowhere')$$), regress.try($$SELECT * FROM llmspell.vector_calibrate('circle', 1)$$), regress.try($$SELECT * FROM llmspell.vector_calibrate('dims_1')$$);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'indexes-few';
SELECT count(llmspell.vector_add(regress.at(n))) FROM generate_series(1, 3) AS n;
SET app.current_tenant_id = 'indexes-some';
SELECT count(llmspell.vector_add(regress.at(n))) FROM generate_series(1, 30) AS n;
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = 'indexes-1';
SELECT bucket, tenants > 0 AS tenants, queries > 0 AS queries, recall > 0.98 AS recall, complete FROM llmspell.vector_recall_audit('circle', 3);
SELECT current_setting('app.current_tenant_id') AS tenant_is_as_before;
SELECT regress.try($$SELECT * FROM llmspell.vector_recall_audit('nowhere')$$), regress.try($$SELECT * FROM llmspell.vector_recall_audit('circle', 0)$$);
-- how much room an index takes
SELECT method, index_bytes BETWEEN 1.9e9 AND 2.2e9 AS about_2_gb FROM llmspell.vector_index_estimate(1000000, 384);
SELECT method FROM llmspell.vector_index_estimate(1000000, 3072, 24);
SELECT regress.try($$SELECT * FROM llmspell.vector_index_estimate(-1, 384)$$), regress.try($$SELECT * FROM llmspell.vector_index_estimate(1, 0)$$), regress.try($$SELECT * FROM llmspell.vector_index_estimate(1, NULL)$$);
-- maintenance builds where there is none at all, and nobody has just chosen it
SET client_min_messages = error;
SELECT state FROM llmspell.vector_index_ensure('dims_1024', 'hnsw', m => 8);
SELECT state FROM llmspell.vector_index_ensure('dims_1', 'hnsw', m => 8);
RESET SESSION AUTHORIZATION;
DROP INDEX llmspell.idx_vector_space_dims_1_hnsw;
SET SESSION AUTHORIZATION regress_admin;
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'vector indexes';
RESET SESSION AUTHORIZATION;
UPDATE llmspell.vector_index_config SET recorded_at = now() - interval '2 hours';
SET SESSION AUTHORIZATION regress_admin;
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'vector indexes';
SELECT state FROM llmspell.vector_index_ensure('dims_1', blocking => true);
SELECT state, superseded FROM llmspell.vector_index_ensure('dims_1024');
RESET SESSION AUTHORIZATION;
-- nor the one that the extension brought along and another replaced
BEGIN;
DROP INDEX llmspell.idx_vector_768_hnsw;
SET LOCAL SESSION AUTHORIZATION regress_admin;
SELECT count(*) FROM llmspell.maintenance_run() WHERE detail LIKE 'built%';
ROLLBACK;
RESET client_min_messages;
-- an invalid one goes first
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'llmspell.idx_vector_768_hnsw_m16_e128'::regclass;
SELECT name, index_state FROM llmspell.vector_space_list() WHERE index_state NOT IN ('present', 'none');
SELECT state, drop_first, statement IS NOT NULL AS to_build, superseded FROM llmspell.vector_index_ensure('vectors_768', 'hnsw');
SELECT state, drop_first, statement, superseded FROM llmspell.vector_index_ensure('vectors_768', 'hnsw', blocking => true);
-- what is recorded and missing is built
DROP INDEX llmspell.idx_vector_768_hnsw_m16_e128, llmspell.idx_vector_384_hnsw;
SET SESSION AUTHORIZATION regress_admin;
SELECT space, index_name, state FROM llmspell.vector_index_ensure(blocking => false) WHERE state <> 'present' AND state <> 'none';
SELECT space, index_name, state FROM llmspell.vector_index_ensure() WHERE state <> 'present' AND state <> 'none';
SELECT space, index_name, state FROM llmspell.vector_index_ensure('vectors_768');
RESET SESSION AUTHORIZATION;
DROP INDEX llmspell.idx_vector_768_hnsw_m16_e128;
DELETE FROM llmspell.vector_index_config;
DELETE FROM llmspell.vector_calibrations;
SELECT * FROM llmspell.verify() WHERE component = 'indexes';
