-- Many queries in one call: the same rows as one call for each, and as many errors as they deserve.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_admin;
SELECT llmspell.vector_space_create('four', 4), llmspell.vector_space_create('far', 3, metric => 'l2'), llmspell.vector_space_create('inner3', 5, metric => 'ip');
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'other';
SELECT cardinality(llmspell.vector_add_many((SELECT array_agg(regress.at(n)) FROM generate_series(0, 359, 7) AS n)));
SET app.current_tenant_id = 'many';
SELECT cardinality(llmspell.vector_add_many((SELECT array_agg(regress.at(n)) FROM generate_series(0, 359, 10) AS n), ids => ARRAY(SELECT regress.id(n) FROM generate_series(0, 359, 10) AS n),
    metadatas => ARRAY(SELECT jsonb_build_object('even', n % 20 = 0) FROM generate_series(0, 359, 10) AS n), scopes => ARRAY(SELECT 'user:' || n % 3 FROM generate_series(0, 359, 10) AS n)));
SELECT query_number, right(id::text, 3) AS id, distance::numeric(5,4), score::numeric(5,4), scope, metadata, content, text_id, exact, complete
FROM llmspell.vector_search_many(ARRAY[regress.at(11), regress.at(99)], 2);
-- ties by id, and a query that is given twice
SELECT query_number, right(id::text, 3) AS id FROM llmspell.vector_search_many(ARRAY[regress.at(15), regress.at(205), regress.at(15)], 2);
-- the same as call by call, for each metric, with every condition, to the last digit; halves and whole vectors
CREATE FUNCTION pg_temp.differ(queries vector[], arguments text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_differ bigint;
BEGIN
    EXECUTE format('WITH m AS (SELECT * FROM llmspell.vector_search_many($1, %1$s)),
        o AS (SELECT q.n::int AS query_number, s.* FROM unnest($1) WITH ORDINALITY AS q (v, n) CROSS JOIN LATERAL llmspell.vector_search(q.v, %1$s) s)
        SELECT count(*) FROM ((SELECT * FROM m EXCEPT ALL SELECT * FROM o) UNION ALL (SELECT * FROM o EXCEPT ALL SELECT * FROM m)) AS d', arguments)
    INTO v_differ USING queries;
    RETURN v_differ;
END
$$;
SELECT a, pg_temp.differ(ARRAY(SELECT regress.at(n) FROM generate_series(3, 300, 21) AS n), a) FROM unnest(ARRAY['5', '100', $$5, filter => '{"even": true}'$$, $$7, 'user:1'$$,
    '9, max_distance => 0.05', $$5, since => now() - interval '1 hour'$$, $$5, until => '2000-01-01'$$, $$5, mode => 'exact'$$, $$5, mode => 'ann'$$, $$3, recall => 0.9$$, $$3, include_expired => true$$]) AS a;
SELECT cardinality(llmspell.vector_add_many((SELECT array_agg(regress.ramp(d, n)) FROM generate_series(1, 20) AS n))) FROM unnest(ARRAY[3, 5, 384, 3072]) AS d;
SELECT d, pg_temp.differ(ARRAY(SELECT regress.ramp(d, n + 0.5) FROM generate_series(1, q) AS n), '4') FROM unnest(ARRAY[3, 5, 384, 3072, 3072], ARRAY[6, 6, 6, 2, 6]) AS u (d, q);
SELECT pg_temp.differ(ARRAY['[1e-30,0,0,0]', '[1e30,0,0,0]']::vector[], '4');
-- where the index is taken
SET SESSION AUTHORIZATION regress_admin;
SET app.current_tenant_id = 'many';
SELECT cardinality(llmspell.vector_add_many((SELECT array_agg(regress.at(n / 20.0)) FROM generate_series(1, 7200) AS n)));
SELECT route FROM llmspell.vector_explain(regress.at(5), 3, since => '2000-01-01', ef_search => 100);
SELECT count(*) AS rows, count(DISTINCT query_number) AS queries, bool_or(exact) AS exact, bool_and(complete) AS complete, count(*) FILTER (WHERE distance < 0.01) > 30 AS near
FROM llmspell.vector_search_many(ARRAY(SELECT regress.at(n) FROM generate_series(3, 300, 21) AS n), 3, since => '2000-01-01', ef_search => 100);
SET SESSION AUTHORIZATION regress_app;
SELECT count(*) FROM llmspell.vector_search_many('{}');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.vector_search_many(NULL)$$, $$SELECT llmspell.vector_search_many(ARRAY[regress.at(1), NULL])$$,
    $$SELECT llmspell.vector_search_many(ARRAY[regress.at(1), '[1,2,3]'])$$, $$SELECT llmspell.vector_search_many(ARRAY[regress.at(1), '[0,0,0,0]'])$$,
    $$SELECT llmspell.vector_search_many(ARRAY[[regress.at(1)]])$$, $$SELECT llmspell.vector_search_many(array_fill(regress.at(1), ARRAY[1001]))$$,
    $$SELECT llmspell.vector_search_many(ARRAY[regress.at(1)], 0)$$, $$SELECT llmspell.vector_search_many(ARRAY[regress.at(1)], mode => 'x')$$,
    $$SELECT llmspell.vector_search_many(ARRAY['[1,2]']::vector[])$$]) AS s;
SELECT count(*) FROM llmspell.vector_search_many(array_fill(regress.at(1), ARRAY[1000]), 1);
RESET app.current_tenant_id;
SELECT regress.try($$SELECT llmspell.vector_search_many(ARRAY[regress.at(1)])$$);
