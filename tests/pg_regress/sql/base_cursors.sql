-- Cursors of lists by time and id: exact, whatever the session's settings, and refused when they are none.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET ROLE regress_app;
SET search_path = llmspell, llmspell_internal, public;
SET TimeZone = 'Asia/Kathmandu';
SELECT at, _cursor(at, id) AS cursor, _cursor_at(_cursor(at, id)) = at AS same_time, _cursor_id(_cursor(at, id)) = id AS same_id
FROM (VALUES ('2026-11-30 08:00:00.123456+00'::timestamptz, 'a'), ('1969-12-31 23:59:59.999999+00', 'b/c'), ('4714-11-24 00:00+00 BC', ''), ('294276-12-31 23:59:59.999999+00', 'é'),
    ('infinity', 'x'), ('-infinity', 'x')) AS v (at, id);
SELECT _cursor_uuid(_cursor('epoch', regress.id(7)::text));
SELECT _cursor(NULL, 'a') IS NULL AND _cursor(now(), NULL) IS NULL AND _cursor_at(NULL) IS NULL AND _cursor_id(NULL) IS NULL AND _cursor_uuid(NULL) IS NULL AS null_of_null;
SELECT c AS cursor, regress.try(format('SELECT llmspell_internal.%I(%L)', f, c)) FROM unnest(ARRAY['', 'x', '1', '01/a', '1.5/a', '9224318016000000000/a', '2026-11-30/a', E'1\n/a']) AS c,
    unnest(ARRAY['_cursor_at', '_cursor_id']) AS f;
SELECT regress.try($$SELECT llmspell_internal._cursor_uuid('0/a')$$);
-- of a UUID, and of a pattern, by functions of their own: the same text
SELECT bool_and(_cursor_of_uuid(at, id) = _cursor(at, id::text)) AS same, count(*)
FROM unnest(ARRAY['2026-11-30 08:00:00.123456+00', '1999-12-31 23:59:59.999999+00', '1969-12-31 23:59:59+00', '294276-12-31 23:59:59.999999+00', 'infinity', '-infinity']::timestamptz[]) AS at,
    unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ABCDEF01-2345-6789-abcd-ef0123456789']::uuid[]) AS id;
SELECT _pattern_cursor(n, s, 'é', '') = jsonb_build_array(n, s, 'é', '')::text AS same FROM (VALUES (3, 'user:1'), (-1, E'"\\/\b\f\n\r\t\x01\x1f\x7f')) AS v (n, s);
-- A list that sorts makes cursors of the rows of its page alone: what costs 10 or less is worked out before the sort.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language g ON g.oid = p.prolang
WHERE p.pronamespace = 'llmspell_internal'::regnamespace AND g.lanname = 'c' AND p.proname ~ '_cursor(_of_uuid)?$' AND p.procost <= 10;
EXPLAIN (VERBOSE, COSTS OFF) SELECT _cursor_of_uuid(at, '00000000-0000-0000-0000-000000000001') FROM generate_series('2026-01-01Z'::timestamptz, '2026-02-01Z', '1 day') AS at ORDER BY at DESC LIMIT 1;
