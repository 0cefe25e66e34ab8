-- Claims: turns, queues, attempts, pauses, leases.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'claims';
CREATE TEMP VIEW w WITH (security_invoker = true) AS SELECT workflow_id, status, reason, attempt FROM llmspell.workflow_list() ORDER BY 1;
-- claims one after the other, each with a lease that runs out at once: the worker crashes
CREATE FUNCTION regress.crash(times int, statuses text[] DEFAULT '{pending}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_taken text[];
BEGIN
    FOR i IN 1..times LOOP
        v_taken := v_taken || coalesce((SELECT c.workflow_id FROM llmspell.workflow_claim(crash.statuses, lease => '1 microsecond') c), '-');
        PERFORM pg_sleep(0.001);
    END LOOP;
    RETURN array_to_string(v_taken, ' ');
END
$$;
SELECT count(*) FROM llmspell.workflow_save('bad1', NULL, '{}');
SELECT count(*) FROM llmspell.workflow_save('bad2', NULL, '{}');
SELECT regress.crash(3);
SELECT count(*) FROM llmspell.workflow_save('new1', NULL, '{}');
SELECT count(*) FROM llmspell.workflow_save('new2', NULL, '{}');
-- what crashes takes turns with fresh work
SELECT regress.crash(12);
SELECT count(*) FROM llmspell.workflow_claim(max_rows => 10);
SELECT count(*) AS nothing_left FROM llmspell.workflow_claim(max_rows => 10);
SELECT count(*) FROM w CROSS JOIN LATERAL llmspell.workflow_delete(w.workflow_id) d WHERE d;
-- beyond max_attempts it fails with a reason, and makes room for others
SELECT count(*) FROM llmspell.workflow_save('spent', NULL, '{}', max_attempts => 2);
SELECT count(*) FROM llmspell.workflow_save('spent too', NULL, '{}', max_attempts => 2);
SELECT regress.crash(4);
SELECT count(*) FROM llmspell.workflow_save('other', NULL, '{}');
SELECT regress.crash(1);
SELECT * FROM w;
SELECT regress.crash(3, '{failed}');
-- more attempts
SELECT count(*) FROM llmspell.workflow_save('spent', NULL, '{}', max_attempts => 3);
SELECT workflow_id, attempt, fence FROM llmspell.workflow_claim('{failed}');
SELECT llmspell.workflow_release('spent', 3) > 0 AS released;
SELECT status, reason, attempt, max_attempts FROM llmspell.workflow_get('spent');
-- a new run by hand is an attempt too, and clears the reason
SELECT previous_status FROM llmspell.workflow_update_status('spent too', 'running');
SELECT status, reason, attempt FROM llmspell.workflow_get('spent too');
SELECT previous_status FROM llmspell.workflow_update_status('spent too', 'Failed', reason => 'no such file');
SELECT workflow_id, reason FROM llmspell.workflow_list('failed', 1, after => (SELECT cursor FROM llmspell.workflow_list('failed', 1)));
SELECT count(*) FROM w CROSS JOIN LATERAL llmspell.workflow_delete(w.workflow_id) d WHERE d;
-- pauses double, to a day
SELECT n, llmspell_internal._workflow_pause('1 minute', n) AS minute, llmspell_internal._workflow_pause('2 days', n) AS days, llmspell_internal._workflow_pause(NULL, n) AS none FROM unnest(ARRAY[0, 1, 2, 3, 11, 12, 2147483647]) n;
SELECT count(*) FROM llmspell.workflow_save('paused', NULL, '{}', backoff => '1 hour');
SELECT workflow_id FROM llmspell.workflow_claim();
SELECT llmspell.workflow_release('paused', 1) > 0 AS released;
SELECT run_at - now() BETWEEN '59 minutes' AND '61 minutes' AS an_hour FROM llmspell.workflow_get('paused');
SELECT count(*) AS paused FROM llmspell.workflow_claim();
UPDATE llmspell.workflow_states SET run_at = now();
SELECT workflow_id, attempt FROM llmspell.workflow_claim(lease => '1 microsecond');
SELECT run_at - lease_expires_at AS pause FROM llmspell.workflow_get('paused');
SELECT count(*) AS paused FROM llmspell.workflow_claim();
-- the lost lease is still its holder's, who may say when it goes on
SELECT llmspell.workflow_extend('paused', 2, '1 minute') > now() AS extended;
SELECT run_at - lease_expires_at AS pause FROM llmspell.workflow_get('paused');
SELECT llmspell.workflow_release('paused', 2, run_at => '2100-01-01Z') > 0 AS released;
SELECT run_at = '2100-01-01Z' AS as_said FROM llmspell.workflow_get('paused');
-- not before run_at, then in its order
SELECT count(*) FROM llmspell.workflow_save('later', NULL, '{}', run_at => now() + interval '1 hour');
SELECT count(*) FROM llmspell.workflow_save('second', NULL, '{}', run_at => now() - interval '1 hour');
SELECT count(*) FROM llmspell.workflow_save('first', NULL, '{}', run_at => now() - interval '2 hours');
SELECT workflow_id FROM llmspell.workflow_claim();
SELECT workflow_id FROM llmspell.workflow_claim();
SELECT count(*) FROM llmspell.workflow_claim();
SELECT count(*) FROM llmspell.workflow_save('later', NULL, '{}', run_at => now());
SELECT workflow_id FROM llmspell.workflow_claim();
-- queues
SELECT count(*) FROM llmspell.workflow_save('mail', NULL, '{}', queue => 'mail');
SELECT count(*) FROM llmspell.workflow_claim();
SELECT workflow_id FROM llmspell.workflow_claim(queue => 'mail');
SELECT workflow_id, queue FROM llmspell.workflow_list() WHERE queue <> 'default';
-- by name, in one queue: what crashes takes turns with fresh work, the others stay
CREATE FUNCTION regress.crash_named(times int, name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_taken text[];
BEGIN
    FOR i IN 1..times LOOP
        v_taken := v_taken || coalesce((SELECT c.workflow_id FROM llmspell.workflow_claim(lease => '1 microsecond', queue => 'named', name => crash_named.name) c), '-');
        PERFORM pg_sleep(0.001);
    END LOOP;
    RETURN array_to_string(v_taken, ' ');
END
$$;
SELECT count(*) FROM unnest('{a1,a2,b1}'::text[]) u, llmspell.workflow_save(u, left(u, 1), '{}', queue => 'named');
SELECT regress.crash_named(3, 'a');
SELECT count(*) FROM llmspell.workflow_save('a3', 'a', '{}', queue => 'named');
SELECT regress.crash_named(6, 'a'), regress.crash_named(2, 'b'), regress.crash_named(1, 'c');
SELECT count(*) FROM llmspell.workflow_claim(name => 'a');
SELECT attempt FROM llmspell.workflow_get('b1');
SELECT count(*) FROM llmspell.workflow_save('a2', NULL, '{}', 'failed');
SELECT workflow_id FROM llmspell.workflow_claim('{failed}', 10, queue => 'named', name => 'b');
SELECT workflow_id, name FROM llmspell.workflow_claim('{failed,pending}', 2, queue => 'named', name => 'a') ORDER BY 1;
SELECT workflow_id FROM llmspell.workflow_claim(max_rows => 10, queue => 'named') ORDER BY 1;
-- the longest name of all
SELECT count(*) FROM llmspell.workflow_save('long', repeat('𝄞', 500), '{}', queue => 'named');
SELECT length(name) FROM llmspell.workflow_claim(queue => 'named', name => repeat('𝄞', 500));
-- spent attempts fail without another claim
SELECT count(*) FROM unnest('{once,twice,held,ahead}'::text[]) u, llmspell.workflow_save(u, NULL, '{}', queue => u, max_attempts => CASE u WHEN 'twice' THEN 2 ELSE 1 END);
SELECT count(*) FROM unnest('{once,twice,ahead}'::text[]) u, llmspell.workflow_claim(queue => u, lease => '1 microsecond');
SELECT count(*) FROM llmspell.workflow_claim(queue => 'held');
SELECT count(*) FROM llmspell.workflow_save('ahead', NULL, '{}', run_at => now() + interval '1 day');
SET SESSION AUTHORIZATION regress_admin;
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'workflows';
SELECT detail FROM llmspell.maintenance_run() WHERE task = 'workflows';
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'claims';
SELECT workflow_id, reason FROM llmspell.workflow_list('failed');
SELECT workflow_id, status, reason FROM llmspell.workflow_list() WHERE workflow_id IN ('twice', 'held', 'ahead') ORDER BY 1;
-- a save that also prolongs the claim
SELECT lease_expires_at > now() + interval '50 minutes' AS prolonged FROM llmspell.workflow_save('mail', NULL, '{"n": 1}', fence => 1, lease => '1 hour');
SELECT lease_expires_at > now() + interval '50 minutes' AS kept FROM llmspell.workflow_save('mail', NULL, '{"n": 2}', fence => 1);
SELECT lease_expires_at FROM llmspell.workflow_save('mail', NULL, '{"n": 3}', 'completed', fence => 1, lease => '1 hour');
-- refused
SELECT regress.try('SELECT llmspell.' || f) FROM unnest(ARRAY[
    $$workflow_save('first', NULL, '{}', lease => '1 hour')$$, $$workflow_save('mail', NULL, '{}', fence => 1, lease => '1 hour')$$, $$workflow_save('x', NULL, '{}', max_attempts => 0)$$,
    $$workflow_save('x', NULL, '{}', queue => repeat('x', 101))$$, $$workflow_claim(queue => repeat('x', 101))$$, $$workflow_claim(name => repeat('x', 501))$$, $$workflow_claim(ARRAY[NULL])$$,
    $$workflow_release('first', 1, 'completed', 'why')$$, $$workflow_release('first', 1, 'failed', repeat('x', 1001))$$, $$workflow_update_status('first', 'completed', reason => 'why')$$]) f;
SELECT i, left(regress.try(format('SELECT llmspell.workflow_claim(lease => %L)', i)), 40) AS claim, left(regress.try(format('SELECT llmspell.workflow_extend(''first'', 1, lease => %L)', i)), 5) AS extend,
    left(regress.try(format('SELECT llmspell.workflow_save(''first'', NULL, ''{}'', fence => 1, lease => %L)', i)), 5) AS save, left(regress.try(format('SELECT llmspell.workflow_save(''first'', NULL, ''{}'', backoff => %L)', i)), 5) AS backoff
FROM unnest(ARRAY['-12 months 361 days', '0', '-1 second', 'infinity', '-infinity', '1000000 years']) WITH ORDINALITY u (i, n) ORDER BY n;
