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
