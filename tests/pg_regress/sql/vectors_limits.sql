-- A search refuses bad arguments, and the session lives.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('circle', 4);
SELECT llmspell.vector_space_create('three', 3);
SET SESSION AUTHORIZATION regress_app;
SELECT regress.try($$SELECT * FROM llmspell.vector_search('[1,2,3]')$$);
SET app.current_tenant_id = 'limits';
SELECT regress.try(format('SELECT * FROM llmspell.vector_search(%s)', a)) FROM unnest(ARRAY[
    $$NULL$$, $$'[1,2,3]', NULL$$, $$'[1,2,3]', 0$$, $$'[1,2,3]', -1$$, $$'[1,2,3]', 1001$$, $$'[1,2,3]', 2147483647$$, $$'[1,2,3]', 2147483648$$,
    $$'[1,2,3]', mode => NULL$$, $$'[1,2,3]', mode => 'fast'$$, $$'[1,2,3]', include_expired => NULL$$,
    $$'[1,2,3]', ef_search => 0$$, $$'[1,2,3]', ef_search => 1001$$, $$'[1,2,3]', recall => 0$$, $$'[1,2,3]', recall => 1.1$$, $$'[1,2,3]', recall => 'NaN'$$,
    $$'[1,2,3]', max_distance => 'NaN'$$, $$'[0,0,0]'$$, $$'[NaN,0,0]'$$, $$'[Infinity,0,0]'$$, $$'[1e39,0,0]'$$, $$'[]'$$, $$'[1,null]'$$,
    $$ARRAY[1, NULL, 3]::real[]::vector$$, $$ARRAY[1, 'NaN', 3]::real[]::vector$$, $$ARRAY[1, '-Infinity', 3]::real[]::vector$$,
    $$'[1,2,3,4,5]'$$, $$'[1,2,3]', space => 'nowhere'$$, $$'[1,2,3]', space => 'circle'$$,
    $$'[1,2,3]', filter => '[]'$$, $$'[1,2,3]', filter => '7'$$, $$'[1,2,3]', filter => 'null'$$,
    $$array_fill(1, ARRAY[16001])::vector$$]) AS a;
SELECT left(regress.try(format('SELECT * FROM llmspell.vector_search(''[1,2,3]'', filter => %L)', repeat('{"a":', 10000) || '1' || repeat('}', 10000))), 5) AS deep;
SELECT regress.try(format('SELECT * FROM llmspell.vector_search(''[1,2,3]'', filter => %L)', repeat('{"a":', 900) || '1' || repeat('}', 900))) AS less_deep;
SELECT regress.try($$SELECT * FROM llmspell.vector_search('[1,2,3]', since => '-infinity', until => 'infinity', max_distance => '-Infinity')$$);
SELECT regress.try(format('SELECT llmspell.vector_add(%s)', a)) FROM unnest(ARRAY[
    $$NULL$$, $$'[0,0,0]'$$, $$'[1,2,3]', NULL$$, $$'[1,2,3]', 'nobody:1'$$, $$'[1,2,3]', metadata => NULL$$, $$'[1,2,3]', language => 'klingon'$$, $$'[1,2,3]', language => NULL$$,
    $$'[1,2,3]', expires_at => 'infinity', ttl => '1 day'$$, $$'[1,2,3]', ttl => '-1 day'$$, $$'[1,2,3]', expires_at => '-infinity'$$]) AS a;
SELECT left(regress.try(format('SELECT llmspell.vector_add(''[1,2,3]'', metadata => %L)', repeat('[', 6000) || repeat(']', 6000))), 5) AS deep_metadata;
SELECT regress.try(format('SELECT * FROM llmspell.hybrid_search(%s)', a)) FROM unnest(ARRAY[
    $$NULL, NULL$$, $$'x', NULL$$, $$'x', NULL, space => 'nowhere'$$, $$'x', '[1,2,3]', 0$$, $$'x', '[1,2,3]', weights => '{1}'$$, $$'x', '[1,2,3]', weights => '{0,0}'$$,
    $$'x', '[1,2,3]', weights => '{-1,2}'$$, $$'x', '[1,2,3]', weights => '{NaN,1}'$$, $$'x', '[1,2,3]', weights => '{1,NULL}'$$, $$'x', '[1,2,3]', rrf_k => 0$$,
    $$'x', '[1,2,3]', half_life => '0'$$, $$'x', '[1,2,3]', half_life => 'infinity'$$, $$'x', '[1,2,3]', mmr_lambda => 1.5$$, $$'x', '[1,2,3]', mmr_lambda => 'NaN'$$,
    $$'x', '[1,2,3]', language => 'klingon'$$, $$'x', '[1,2,3]', filter => '[]'$$, $$'x', '[1,2,3]', include_expired => NULL$$, $$'', '[1,2,3]'$$, $$'a & b | !c''"(', '[1,2,3]'$$]) AS a;
SELECT count(*) > 0 AS alive FROM llmspell.vector_space_list();
-- not for the application
SELECT left(regress.try(s), 5) AS refused FROM unnest(ARRAY[$$SELECT llmspell.vector_space_create('x', 5)$$, $$SELECT llmspell.vector_index_ensure()$$,
    $$SELECT llmspell.vector_tenant_promote('limits')$$, $$SELECT llmspell.vector_calibrate()$$, $$SELECT llmspell.vector_recall_audit()$$,
    $$INSERT INTO llmspell.vector_spaces (name, table_name, dims, metric) VALUES ('x', 'kv_store', 1, 'l2')$$, $$UPDATE llmspell.vector_spaces SET table_name = 'kv_store'$$,
    $$DELETE FROM llmspell.vector_index_config$$, $$DELETE FROM llmspell.vector_calibrations$$]) AS s;
