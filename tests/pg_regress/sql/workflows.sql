-- Workflows: lifecycle, transitions, claims with leases and fences.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'workflows';
CREATE TEMP VIEW w WITH (security_invoker = true) AS SELECT workflow_id, status, started_at IS NOT NULL AS started, completed_at IS NOT NULL AS completed, attempt, version FROM llmspell.workflow_states ORDER BY 1;
SELECT * FROM llmspell.workflow_save('w1', 'import', '{"a": 1}', 'Running', 1);
SELECT * FROM llmspell.workflow_save('w2', NULL, '{}');
SELECT * FROM llmspell.workflow_save('w3', NULL, '{}', 'COMPLETED');
SELECT * FROM w;
-- NULL keeps what is there
SELECT * FROM llmspell.workflow_save('w1', NULL, '{"a": 2}');
SELECT name, state, status, current_step, version FROM llmspell.workflow_get('w1');
SELECT * FROM llmspell.workflow_update_status('w1', 'Failed', 'running');
SELECT * FROM w WHERE workflow_id = 'w1';
SELECT * FROM llmspell.workflow_update_status('w1', 'running');
SELECT * FROM w WHERE workflow_id = 'w1';
SELECT * FROM llmspell.workflow_update_status('w1', 'completed');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.workflow_update_status('w1', 'pending')$$, $$SELECT llmspell.workflow_update_status('w1', 'failed')$$,
    $$SELECT llmspell.workflow_save('w1', NULL, '{}', 'pending')$$, $$SELECT llmspell.workflow_update_status('w1', 'done')$$,
    $$SELECT llmspell.workflow_update_status('w1', 'completed', 'running')$$, $$SELECT llmspell.workflow_update_status('absent', 'running')$$,
    $$SELECT llmspell.workflow_update_status('w1', NULL)$$, $$SELECT llmspell.workflow_save('w1', NULL, '{}', expected_version => 1)$$,
    $$SELECT llmspell.workflow_save('new', NULL, '{}', expected_version => 1)$$, $$SELECT llmspell.workflow_save('new', NULL, NULL)$$,
    $$SELECT llmspell.workflow_save(NULL, NULL, '{}')$$, $$SELECT llmspell.workflow_save('new', NULL, '{}', current_step => -1)$$]) s;
SELECT version, created FROM llmspell.workflow_save('w1', NULL, '{}', expected_version => 5);
-- raw writers: the same lifecycle
INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data, status) VALUES ('workflows', 'raw', '{}', 'running');
UPDATE llmspell.workflow_states SET status = 'cancelled' WHERE workflow_id = 'raw';
UPDATE llmspell.workflow_states SET status = 'pending' WHERE workflow_id = 'raw';
SELECT * FROM w WHERE workflow_id = 'raw';
SELECT llmspell.workflow_delete('raw'), llmspell.workflow_delete('raw');
-- newest first, by page
UPDATE llmspell.workflow_states SET created_at = now() - interval '1 hour' * right(workflow_id, 1)::int;
SELECT workflow_id, status FROM llmspell.workflow_list();
SELECT workflow_id FROM llmspell.workflow_list(max_rows => 1, after => (SELECT cursor FROM llmspell.workflow_list(max_rows => 1)));
SELECT workflow_id FROM llmspell.workflow_list('Completed');
-- a cursor of a row that has gone
SELECT cursor FROM llmspell.workflow_list(max_rows => 1) \gset
BEGIN;
SELECT llmspell.workflow_delete((SELECT workflow_id FROM llmspell.workflow_list(max_rows => 1)));
SELECT workflow_id FROM llmspell.workflow_list(after => :'cursor');
ROLLBACK;
SELECT regress.try(s) FROM unnest(ARRAY['SELECT * FROM llmspell.workflow_list(after => ''gone'')', 'SELECT * FROM llmspell.workflow_list(''x'')', 'SELECT * FROM llmspell.workflow_list(max_rows => -1)']) s;
SELECT status, workflows, retried, average_duration >= '0' AS lasted FROM llmspell.workflow_stats();
-- claims
SELECT workflow_id, attempt, fence, lease_expires_at > now() AS leased FROM llmspell.workflow_claim(max_rows => 5);
SELECT count(*) AS nothing_left FROM llmspell.workflow_claim(max_rows => 5);
SELECT * FROM w WHERE workflow_id = 'w2';
SELECT llmspell.workflow_extend('w2', 1, '1 hour') > now() + interval '50 minutes' AS extended;
-- a lease that ran out is claimable, and the former holder finds out
UPDATE llmspell.workflow_states SET lease_expires_at = now() - interval '1 second' WHERE workflow_id = 'w2';
SELECT workflow_id, attempt, fence FROM llmspell.workflow_claim();
SELECT regexp_replace(regress.try(s), 'until .* \|', 'until T |') FROM unnest(ARRAY['SELECT llmspell.workflow_extend(''w2'', 1)', 'SELECT llmspell.workflow_release(''w2'', 1)', 'SELECT llmspell.workflow_release(''w2'', NULL)',
    'SELECT llmspell.workflow_release(''absent'', 1)', 'SELECT llmspell.workflow_extend(''w2'', 2, ''0'')', 'SELECT llmspell.workflow_claim(ARRAY[''x''])',
    'SELECT llmspell.workflow_claim(max_rows => -1)']) s;
SELECT llmspell.workflow_release('w2', 2) > 0 AS released;
SELECT workflow_id, attempt, fence FROM llmspell.workflow_claim(ARRAY['Pending', 'failed']);
SELECT llmspell.workflow_release('w2', 3, 'Failed') > 0 AS released;
SELECT * FROM w WHERE workflow_id = 'w2';
SELECT regress.try('SELECT llmspell.workflow_release(''w2'', 3)');
SELECT workflow_id, attempt, fence FROM llmspell.workflow_claim(ARRAY['failed']);
-- writes under a fence
SELECT regexp_replace(regress.try(s), 'until .* \|', 'until T |') FROM unnest(ARRAY[$$SELECT llmspell.workflow_save('w2', NULL, '{}', 'completed', fence => 3)$$,
    $$SELECT llmspell.workflow_update_status('w2', 'completed', fence => 3)$$, $$SELECT llmspell.workflow_release('w2', 4, 'running')$$]) s;
SELECT version > 0 AS saved FROM llmspell.workflow_save('w2', NULL, '{"done": true}', 'completed', fence => 4);
-- the statuses in the order given
SELECT count(*) FROM llmspell.workflow_save('p1', NULL, '{}');
SELECT count(*) FROM llmspell.workflow_save('f1', NULL, '{}', 'failed');
SELECT workflow_id FROM llmspell.workflow_claim(ARRAY['failed', 'pending', 'failed']);
SELECT workflow_id FROM llmspell.workflow_claim(ARRAY['failed', 'pending', 'failed'], 5);
