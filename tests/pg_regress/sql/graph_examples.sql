-- The worked examples of bi-temporal updates. Transaction times are shown by the names under which they were kept.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'graph-examples';
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TEMP TABLE stamps (label text, at timestamptz PRIMARY KEY);
CREATE FUNCTION regress.keep(label text, at timestamptz) RETURNS void LANGUAGE sql AS $$ INSERT INTO stamps SELECT label, at ON CONFLICT DO NOTHING $$;
CREATE FUNCTION regress.day(t timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT to_char(t, 'YYYY-MM-DD') $$;
CREATE FUNCTION regress.stamp(t timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT s.label FROM stamps s WHERE s.at = t), (SELECT s.label || '+1us' FROM stamps s WHERE s.at + interval '1 microsecond' = t), t::text) $$;
CREATE FUNCTION regress.versions(entity uuid) RETURNS TABLE (valid text, known text, properties jsonb) LANGUAGE sql AS $$
    SELECT format('[%s, %s)', regress.day(h.valid_from), regress.day(h.valid_to)), format('[%s, %s)', regress.stamp(h.known_from), regress.stamp(h.known_to)), h.properties
    FROM llmspell.entity_history(entity) h $$;
CREATE FUNCTION regress.put(label text, n int, properties jsonb, valid_from timestamptz, valid_to timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s closed, %s added', w.closed, w.added) FROM llmspell.entity_put(regress.id(n), 'person', 'Ada', properties, valid_from, valid_to) w
    CROSS JOIN LATERAL regress.keep(label, w.known_from) $$;

-- E1 a first fact, open
SELECT regress.put('T01', 1, '{"job": "A"}', '2026-01-01Z', 'infinity');
-- E2 another one in the middle splits it
SELECT regress.put('T02', 1, '{"job": "B"}', '2026-03-01Z', '2026-04-01Z');
SELECT * FROM regress.versions(regress.id(1));
SELECT v, k, a.properties ->> 'job' AS job
FROM (VALUES ('2026-03-15Z'::timestamptz, '0'::interval), ('2026-03-15Z', '-1 microsecond'), ('2026-03-01Z', '0'), ('2026-04-01Z', '0'), ('2025-12-31Z', '0')) AS p (v, k)
LEFT JOIN LATERAL llmspell.entity_as_of(regress.id(1), v, (SELECT at FROM stamps WHERE label = 'T02') + k) a ON true;
-- E3 a patch across two versions
SELECT w.closed, w.added, regress.keep('T03', w.known_from) FROM llmspell.entity_patch(regress.id(1), '{"x": 1}', '2026-02-01Z', '2026-03-15Z') w;
SELECT * FROM regress.versions(regress.id(1));
-- E4 a hole
SELECT w.closed, w.added, regress.keep('T04', w.known_from) FROM llmspell.entity_retract(regress.id(1), '2026-06-01Z', '2026-07-01Z') w;
SELECT (SELECT properties FROM llmspell.entity_as_of(regress.id(1), '2026-06-15Z', at)) AS at_t04,
    (SELECT properties FROM llmspell.entity_as_of(regress.id(1), '2026-06-15Z', at - interval '1 microsecond')) AS before FROM stamps WHERE label = 'T04';
-- E5 what is said already makes no version
SELECT regress.put('T05', 1, '{"job": "A"}', '2026-04-01Z', '2026-05-01Z');
SELECT count(*) FROM regress.versions(regress.id(1));
-- E6 an upsert fills the hole and merges beside it
SELECT w.closed, w.added, regress.keep('T06', w.known_from) FROM llmspell.entity_upsert(regress.id(1), 'person', 'Ada', '{"y": 2}', '2026-06-15Z', '2026-07-15Z') w;
SELECT * FROM regress.versions(regress.id(1));
-- E7 two in one transaction leave one version, and each replaced one ends once
BEGIN;
SELECT regress.put('T07', 1, '{"job": "C"}', '2026-01-01Z', 'infinity');
SELECT regress.put('T07', 1, '{"job": "D"}', '2026-01-01Z', 'infinity');
COMMIT;
SELECT * FROM regress.versions(regress.id(1)) WHERE known LIKE '%T07%';
SELECT count(*) FROM regress.versions(regress.id(1)) WHERE properties = '{"job": "C"}';
-- E8 the clock goes back: a version from later than now is followed by the next microsecond
SELECT regress.put('first', 2, '{"job": "D"}', '2026-01-01Z', 'infinity');
UPDATE llmspell.entities SET transaction_time_start = now() + interval '20 seconds' WHERE entity_id = regress.id(2);
SELECT regress.keep('later', transaction_time_start) FROM llmspell.entities WHERE entity_id = regress.id(2);
SELECT regress.put('Z', 2, '{"job": "Z"}', '2026-01-01Z', 'infinity');
SELECT valid, replace(known, '[Z,', '[later+1us,') AS known, properties FROM regress.versions(regress.id(2));
SELECT z.at - l.at AS after FROM stamps z, stamps l WHERE z.label = 'Z' AND l.label = 'later';
-- E10 a fact for the future needs no job
SELECT w.closed, w.added FROM llmspell.entity_put(regress.id(3), 'person', 'Ada', '{"job": "now"}', now() - interval '1 day', 'infinity') w;
SELECT w.closed, w.added FROM llmspell.entity_put(regress.id(3), 'person', 'Ada', '{"job": "X"}', now() + interval '30 days', 'infinity') w;
SELECT (SELECT properties FROM llmspell.entity_as_of(regress.id(3))) AS now, (SELECT properties FROM llmspell.entity_as_of(regress.id(3), now() + interval '31 days')) AS in_31_days;
-- E11 a late fact before the first one leaves the hole between
SELECT regress.put('A', 4, '{"job": "A"}', '2026-01-01Z', 'infinity'), regress.put('P', 4, '{"job": "P"}', '2025-06-01Z', '2025-07-01Z');
SELECT regress.day(valid_from), regress.day(valid_to), properties FROM llmspell.entity_timeline(regress.id(4), include_gaps => true);
-- E12 from -infinity on
SELECT regress.put('always', 5, '{"job": "A"}', '-infinity', 'infinity'), regress.put('until', 5, '{"job": "B"}', '-infinity', '2026-01-01Z');
SELECT * FROM regress.versions(regress.id(5));
SELECT valid_time_start, valid_time_end, transaction_time_end FROM llmspell.entities WHERE entity_id = regress.id(5) AND transaction_time_end = 'infinity' ORDER BY 1;
SELECT properties FROM llmspell.entity_as_of(regress.id(5), '-infinity');
-- E13 portions that are a microsecond apart, or none
SELECT regress.put('a', 6, '{"n": 1}', '2026-01-01Z', '2026-01-02Z'), regress.put('b', 6, '{"n": 2}', '2026-01-02Z', '2026-01-02 00:00:00.000001Z'),
    regress.put('c', 6, '{"n": 3}', '2026-01-02 00:00:00.000001Z', '2026-01-03Z');
SELECT valid_from, valid_to, properties FROM llmspell.entity_history(regress.id(6));
-- E14 a portion equal to the version leaves nothing over
SELECT regress.put('whole', 6, '{"n": 4}', '2026-01-02Z', '2026-01-02 00:00:00.000001Z');
-- E15 one over several versions and holes
SELECT regress.put('d', 7, '{"n": 1}', '2026-01-01Z', '2026-02-01Z'), regress.put('e', 7, '{"n": 2}', '2026-03-01Z', '2026-04-01Z'), regress.put('f', 7, '{"n": 1}', '2026-05-01Z', '2026-06-01Z');
SELECT regress.put('all', 7, '{"n": 9}', '2026-01-15Z', '2026-05-15Z');
SELECT * FROM regress.versions(regress.id(7)) WHERE known LIKE '%, )';
-- E16 what a savepoint undoes leaves no trace, and what follows still collapses
SELECT regress.put('before', 8, '{"n": 1}', '2026-01-01Z', 'infinity');
BEGIN;
SAVEPOINT s;
SELECT closed, added FROM llmspell.entity_patch(regress.id(8), '{"lost": 1}', '2026-01-01Z');
ROLLBACK TO s;
SAVEPOINT s;
SELECT w.closed, w.added, regress.keep('one', w.known_from) FROM llmspell.entity_patch(regress.id(8), '{"x": 1}', '2026-01-01Z') w;
RELEASE s;
SAVEPOINT t;
SELECT closed, added FROM llmspell.entity_patch(regress.id(8), '{"y": 1}', '2026-01-01Z') w;
COMMIT;
SELECT * FROM regress.versions(regress.id(8));
-- values equal in two places are one stretch, but two where something else lies between
SELECT regress.day(valid_from), regress.day(valid_to), properties FROM llmspell.entity_timeline(regress.id(7), since => '2026-01-10Z', until => '2026-05-20Z', include_gaps => true);

-- The property of Snodgrass (January 1998); coalesced timelines by what was known
SELECT regress.put('10', 9, '{"owner": 145}', '1998-01-10Z', 'infinity');
SELECT regress.put('15', 9, '{"owner": 827}', '1998-01-15Z', 'infinity');
SELECT w.closed, w.added, regress.keep('20', w.known_from) FROM llmspell.entity_retract(regress.id(9), '1998-01-20Z') w;
SELECT regress.put('23', 9, '{"owner": 145}', '1998-01-03Z', '1998-01-10Z');
SELECT w.closed, w.added, regress.keep('26', w.known_from) FROM llmspell.entity_retract(regress.id(9), '1998-01-03Z', '1998-01-05Z') w;
BEGIN;
SELECT regress.put('28', 9, '{"owner": 145}', '1998-01-05Z', '1998-01-12Z');
SELECT regress.put('28', 9, '{"owner": 827}', '1998-01-12Z', '1998-01-20Z');
COMMIT;
SELECT w.closed, w.added, regress.keep('30', w.known_from) FROM llmspell.entity_retract(regress.id(9), '1998-01-05Z', '1998-01-12Z') w;
SELECT s.label AS known, string_agg(format('[%s,%s)%s', to_char(t.valid_from, 'DD'), coalesce(to_char(t.valid_to, 'DD'), 'inf'),
        t.properties ->> 'owner'), ' ' ORDER BY t.valid_from)
FROM stamps s CROSS JOIN LATERAL llmspell.entity_timeline(regress.id(9), s.at) t
WHERE s.label IN ('10', '15', '20', '23', '26', '28', '30') GROUP BY s.label ORDER BY 1;
SELECT count(*) FROM llmspell.graph_check() WHERE fault <> 'changed history';
