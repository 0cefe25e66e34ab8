-- Checks that every domain uses: an argument is given, an interval leads to a later moment.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET timezone = 'UTC';
SELECT llmspell_internal._given('x'::text, 'a') AS text, llmspell_internal._given(1, 'a') AS number, llmspell_internal._given(ARRAY['x'], 'a') AS list;
SELECT regress.try('SELECT llmspell_internal._given(' || s || ')') FROM unnest(ARRAY['NULL::int, ''a''', '1, NULL']) s;
-- an interval is returned as it is
SELECT llmspell_internal._positive(NULL, 'a') IS NULL AS "null", llmspell_internal._positive('1 month -1 day', 'a') AS mixed,
    llmspell_internal._positive('0.000001 seconds', 'a') AS least;
SELECT i, regress.try(format('SELECT llmspell_internal._positive(%L, %L)', i, 'older_than'))
FROM unnest(ARRAY['0', '-1 second', '-12 months 361 days', '1 month -32 days', 'infinity', '-infinity', '-178000000 years', '-100000 years 1 day',
    '-178000000 years 2147483647 days', '178000000 years', '300000 years', '290000 years']) i;
SELECT regress.try($$SELECT llmspell_internal._positive('1 day', NULL)$$);
-- a moment of expiry
SELECT llmspell_internal._expiry(NULL, NULL) AS never, llmspell_internal._expiry('infinity', NULL) AS infinite, llmspell_internal._expiry('2020-01-01 00:00+00', NULL) AS past,
    llmspell_internal._expiry(NULL, '1 hour') = statement_timestamp() + interval '1 hour' AS later;
SELECT regress.try('SELECT llmspell_internal._expiry(' || s || ')')
FROM unnest(ARRAY['now(), ''1 hour''', 'NULL, ''0''', 'NULL, ''infinity''', 'NULL, ''300000 years''']) s;
-- a text fits, a page has a size
SELECT regress.try('SELECT llmspell_internal.' || s)
FROM unnest(ARRAY['_short_text(NULL, ''a'', 3)', '_short_text(''éééé'', ''a'', 3)', '_short_text(''x'', NULL, 3)', '_short_text(''x'', ''a'', NULL)', '_max_rows(NULL)', '_max_rows(-1)']) s;
