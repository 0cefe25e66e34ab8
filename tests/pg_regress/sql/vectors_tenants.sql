-- Sizes of tenants, and the indexes of tenants that maintenance decides where no worker builds them.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
INSERT INTO llmspell.vector_index_config (space, method, m, ef_construction, index_name, recorded_at) VALUES ('circle', 'hnsw', 4, 16, 'idx_vector_space_circle_hnsw', '2000-01-01');
DROP INDEX llmspell.idx_vector_space_circle_hnsw;
INSERT INTO llmspell.vector_space_circle (tenant_id, scope, embedding)
SELECT t.tenant, 'global', ARRAY[cosd(n / 100.0), sind(n / 100.0), 0.001, 0]::real[]
FROM (VALUES ('large', 16000), ('middle', 3500), ('it''s %I "mine"', 3200), ('small', 900)) AS t (tenant, count), generate_series(1, t.count) AS n;
ANALYZE llmspell.vector_space_circle;
SELECT space, state FROM llmspell.vector_index_ensure() WHERE space = 'circle';
-- before maintenance: counted, or estimated within a factor of two
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'large';
SELECT route, row_count BETWEEN 8000 AND 32000 AS within_two, estimated, own_index FROM llmspell.vector_explain(regress.at(7), space => 'circle');
SELECT route, row_count BETWEEN 8000 AND 32000 AS within_two, estimated FROM llmspell.vector_explain(regress.at(7), space => 'circle', scope => 'global');
SET app.current_tenant_id = 'middle';
SELECT route, reason, row_count, estimated, own_index FROM llmspell.vector_explain(regress.at(7), space => 'circle');
-- maintenance keeps the sizes and decides; it says what is to be built
SET SESSION AUTHORIZATION regress_admin;
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'tenant indexes';
\x on
SELECT tenant, space, regexp_replace(index_name, '_t_[0-9a-f]+_', '_t_…_') AS index_name, row_count, automatic, state, progress, attempts, last_error,
    regexp_replace(regexp_replace(statement, '_t_[0-9a-f]+_', '_t_…_'), '[a-z]+\.vector_cosine_ops', '….vector_cosine_ops') AS statement, cursor
FROM llmspell.vector_tenant_index_list();
\x off
SELECT tenant FROM llmspell.vector_tenant_index_list(1);
SELECT tenant FROM llmspell.vector_tenant_index_list(5, (SELECT cursor FROM llmspell.vector_tenant_index_list(1)));
SELECT regress.try(format('SELECT * FROM llmspell.vector_tenant_index_list(%s)', a)) FROM unnest(ARRAY['-1']) AS a;
SELECT current_setting('app.current_tenant_id') AS tenant_is_as_before;
-- nothing else builds them: they are neither lost nor a fault
SELECT space, tenant FROM llmspell.vector_index_ensure(blocking => false) WHERE tenant IS NOT NULL;
SELECT object FROM llmspell.verify() WHERE component = 'indexes';
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'large';
SELECT row_count BETWEEN 8000 AND 32000 AS within_two, estimated FROM llmspell.vector_explain(regress.at(8), space => 'circle');
SELECT space, row_count FROM llmspell.vector_tenant_sizes;
SELECT regress.try('SELECT * FROM llmspell.vector_tenant_index_list()'), regress.try('UPDATE llmspell.vector_tenant_sizes SET row_count = 1'), regress.try('DELETE FROM llmspell.vector_tenant_indexes');
-- what is recorded and not built does not change the way of a search
SET app.current_tenant_id = 'middle';
SELECT route, own_index FROM llmspell.vector_explain(regress.at(7), space => 'circle');
SELECT count(*), bool_and(complete) FROM llmspell.vector_search(regress.at(7), 10, space => 'circle');
-- what is built is used at once
RESET SESSION AUTHORIZATION;
SELECT set_config('app.current_tenant_id', '', false);
SELECT statement FROM llmspell.vector_tenant_index_list() WHERE tenant = 'middle' \gset
\set QUIET on
:statement
SELECT tenant, state, statement IS NULL AS nothing_to_do FROM llmspell.vector_tenant_index_list() ORDER BY tenant COLLATE "C";
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'middle';
SELECT route, ef_search, own_index FROM llmspell.vector_explain(regress.at(7), space => 'circle');
SELECT count(*), bool_and(complete) FROM llmspell.vector_search(regress.at(7), 10, space => 'circle');
-- an operator declines, also what is not built yet, and takes the decision back
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = '';
SELECT regexp_replace(d, '_t_[0-9a-f]+_', '_t_…_') AS statement FROM llmspell.vector_tenant_demote('middle', 'circle') AS d;
SELECT count(*) FROM llmspell.vector_tenant_demote('it''s %I "mine"', 'circle');
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'tenant indexes';
SELECT tenant, automatic, state FROM llmspell.vector_tenant_index_list() ORDER BY tenant COLLATE "C";
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = '';
SELECT state FROM llmspell.vector_tenant_promote('middle', 'circle', blocking => true);
SELECT tenant, automatic, state FROM llmspell.vector_tenant_index_list() WHERE tenant = 'middle';
-- a build that did not end is told, and waits longer each time
RESET SESSION AUTHORIZATION;
DELETE FROM llmspell.vector_tenant_indexes WHERE tenant_id <> 'middle';
SET SESSION AUTHORIZATION regress_admin;
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'tenant indexes';
SELECT tenant, space FROM llmspell_internal._vector_build_next(true);
SELECT tenant, space FROM llmspell_internal._vector_build_next(false);
SELECT count(*) AS too_early FROM llmspell_internal._vector_build_next(false);
SELECT attempts, last_error, retry_at > now() + interval '4 minutes' AS waits FROM llmspell.vector_tenant_index_list() WHERE automatic;
RESET SESSION AUTHORIZATION;
UPDATE llmspell.vector_tenant_indexes SET retry_at = NULL WHERE is_automatic;
SET SESSION AUTHORIZATION regress_admin;
SELECT count(*) FROM llmspell_internal._vector_build_next(false);
SELECT attempts, retry_at > now() + interval '9 minutes' AS waits FROM llmspell.vector_tenant_index_list() WHERE automatic;
-- a tenant that shrinks loses its size, and what was decided for it
RESET SESSION AUTHORIZATION;
DELETE FROM llmspell.vector_space_circle WHERE tenant_id LIKE 'it%' AND random() < 0.9;
SET SESSION AUTHORIZATION regress_admin;
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'tenant indexes';
SELECT tenant, state FROM llmspell.vector_tenant_index_list() WHERE automatic;
SELECT llmspell_internal._vector_build_ended(tenant, space, statement, NULL) FROM llmspell_internal._vector_build_next(false);
SELECT tenant FROM llmspell.vector_tenant_index_list();
