-- Agent state: versions, checksums, checkpoints.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'agents';
SELECT state_id IS NOT NULL AS has_id, version, created, changed FROM llmspell.agent_state_save('a1', 'chat', '{"n": 1.0, "bb": [1, 2], "c": "é\""}');
-- equal, however spelled: nothing is written
SELECT version, created, changed FROM llmspell.agent_state_save('a1', 'chat', '{"c": "\u00e9\"", "bb": [1e0, 2.00], "n": 1}');
SELECT version, state, schema_version, checksum, checksum = encode(sha256(convert_to('{"bb":[1,2],"c":"é\"","n":1}', 'UTF8')), 'hex') AS canonical FROM llmspell.agent_state_get('a1');
-- type and form change without a version
SELECT version, created, changed FROM llmspell.agent_state_save('a1', 'talk', '{"n": 1.0, "bb": [1, 2], "c": "é\""}', schema_version => 2);
SELECT agent_type, version, schema_version FROM llmspell.agent_state_get('a1');
SELECT version, created, changed FROM llmspell.agent_state_save('a1', 'chat', '{"n": 2}', expected_version => 1);
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.agent_state_save('a1', 'chat', '{}', expected_version => 1)$$, $$SELECT llmspell.agent_state_save('a1', 'chat', '{}', expected_version => 0)$$,
    $$SELECT llmspell.agent_state_save('new', 'chat', '{}', expected_version => 1)$$, $$SELECT llmspell.agent_state_save('a1', 'chat', '{}', expected_version => -1)$$,
    $$SELECT llmspell.agent_state_save('a1', 'chat', NULL)$$, $$SELECT llmspell.agent_state_save(NULL, 'chat', '{}')$$, $$SELECT llmspell.agent_state_save('a1', NULL, '{}')$$,
    $$SELECT llmspell.agent_state_save('a1', 'chat', '{}', schema_version => 0)$$, $$SELECT llmspell.agent_state_save(repeat('x', 256), 'chat', '{}')$$,
    $$SELECT llmspell.agent_state_delete('a1', 1)$$, $$SELECT llmspell.agent_state_get(NULL)$$]) s;
-- scalars and null are documents
SELECT version FROM llmspell.agent_state_save('scalar', 't', 'null');
SELECT checksum = encode(sha256('null'), 'hex') AS canonical FROM llmspell.agent_state_get('scalar');
-- listing
SELECT count(*) FROM llmspell.agent_state_save('b1', 'other', '1');
SELECT count(*) FROM llmspell.agent_state_save('b2', 'other', '2');
SELECT agent_id, agent_type, version FROM llmspell.agent_state_list();
SELECT agent_id FROM llmspell.agent_state_list('other', 1, after => 'b1');
SELECT array_agg(cursor = agent_id) AS cursors FROM llmspell.agent_state_list(max_rows => NULL);
SELECT regress.try('SELECT * FROM llmspell.agent_state_list(max_rows => -1)');
-- a checkpoint stays, whatever comes after; what was not saved as one is lost
SELECT version, checkpoint FROM generate_series(1, 3) n CROSS JOIN LATERAL llmspell.agent_state_save('c1', 'chat', jsonb_build_object('n', n), keep_history => true);
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 99}');
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 100}');
SELECT version, size_bytes, saved_at < replaced_at AS in_order, stored_bytes > 0 AS stored, cursor FROM llmspell.agent_state_history('c1');
SELECT version FROM llmspell.agent_state_history('c1', 1, after => '3');
SELECT version, state FROM llmspell.agent_state_at('c1', 3);
SELECT version, state FROM llmspell.agent_state_at('c1', 5);
SELECT count(*) AS not_kept FROM llmspell.agent_state_at('c1', 4);
SELECT version, state FROM llmspell.agent_state_at('c1', at => now());
SELECT version, state FROM llmspell.agent_state_at('c1', at => (SELECT saved_at FROM llmspell.agent_state_history('c1') WHERE version = 2));
SELECT count(*) AS before_all FROM llmspell.agent_state_at('c1', at => '-infinity');
-- a restore keeps the state that it replaces
SELECT version, created, changed, checkpoint FROM llmspell.agent_state_restore('c1', 3);
SELECT version, state FROM llmspell.agent_state_get('c1');
SELECT array_agg(version) FROM llmspell.agent_state_history('c1');
-- also a raw UPDATE keeps the checkpoint that it replaces, and is none itself
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 3}', keep_history => true);
UPDATE llmspell.agent_states SET state_data = '{"raw": 1}' WHERE agent_id = 'c1';
UPDATE llmspell.agent_states SET state_data = '{"raw": 2}' WHERE agent_id = 'c1';
SELECT array_agg(version) FROM llmspell.agent_state_history('c1');
SELECT version, checkpoint FROM llmspell.storage_set('agent:chat:c1', '{"n": 8}') CROSS JOIN LATERAL llmspell.agent_state_save('c1', 'chat', '{"n": 8}');
-- an equal state becomes a checkpoint without a new version, and is listed while it is current
SELECT version, changed, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 8}', keep_history => true);
SELECT version, replaced_at, stored_bytes FROM llmspell.agent_state_history('c1', 1);
SELECT array_agg(version) FROM llmspell.agent_state_history('c1', 2);
SELECT count(*) FROM llmspell.agent_state_history('c1', 0);
-- labels: of the newest checkpoint that has it
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 8}', label => 'good');
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 8}', keep_history => true);
SELECT version, label FROM llmspell.agent_state_at('c1', label => 'good');
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 9}');
SELECT version, label FROM llmspell.agent_state_history('c1', 2);
SELECT version, state, label FROM llmspell.agent_state_at('c1', label => 'good');
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 10}', label => 'good');
SELECT version, label FROM llmspell.agent_state_at('c1', label => 'good');
SELECT version, changed FROM llmspell.agent_state_save('c1', 'chat', '{"n": 11}');
SELECT version, changed FROM llmspell.agent_state_restore('c1', label => 'good');
SELECT state FROM llmspell.agent_state_get('c1');
-- a label goes with its checkpoint: the next one without a label has none
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 12}', label => 'odd');
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 13}');
SELECT version, checkpoint FROM llmspell.agent_state_save('c1', 'chat', '{"n": 13}', keep_history => true);
SELECT version, label FROM llmspell.agent_state_history('c1', 2);
-- what is kept of a type of agents
SELECT llmspell.agent_history_get('logged'), llmspell.agent_history_set('logged', 'All');
SELECT llmspell.agent_history_get('logged');
SELECT array_agg(checkpoint) FROM generate_series(1, 3) n CROSS JOIN LATERAL llmspell.agent_state_save('l1', 'logged', to_jsonb(n));
SELECT array_agg(version) FROM llmspell.agent_state_history('l1');
SELECT llmspell.agent_history_set('logged', 'none');
SELECT array_agg(checkpoint) FROM generate_series(4, 5) n CROSS JOIN LATERAL llmspell.agent_state_save('l1', 'logged', to_jsonb(n), keep_history => true, label => 'x');
SELECT array_agg(version) FROM llmspell.agent_state_history('l1');
SELECT version, checkpoint FROM llmspell.agent_state_restore('l1', 1);
SELECT array_agg(version) FROM llmspell.agent_state_history('l1');
SELECT llmspell.agent_history_set('logged', 'checkpoints');
SELECT regress.try(s) FROM unnest(ARRAY['SELECT * FROM llmspell.agent_state_at(''a1'')', 'SELECT * FROM llmspell.agent_state_at(''a1'', 1, now())',
    'SELECT * FROM llmspell.agent_state_restore(''a1'', 99)', 'SELECT * FROM llmspell.agent_state_restore(''a1'', NULL)', 'SELECT * FROM llmspell.agent_state_restore(''a1'', label => ''absent'')',
    'SELECT llmspell.agent_state_prune(''a1'')', 'SELECT llmspell.agent_state_prune(''a1'', -1)', 'SELECT llmspell.agent_state_prune(NULL, 1)',
    'SELECT llmspell.agent_state_prune(''c1'', older_than => ''-12 months 361 days'')', 'SELECT llmspell.agent_state_prune(''c1'', older_than => ''infinity'')',
    'SELECT llmspell.agent_state_prune(''c1'', older_than => ''1 day'', before => now())', 'SELECT * FROM llmspell.agent_state_history(''a1'', after => ''x'')',
    'SELECT * FROM llmspell.agent_state_history(NULL)', 'SELECT llmspell.agent_state_save(''a1'', ''chat'', ''1'', label => repeat(''x'', 101))',
    'SELECT llmspell.agent_history_set(''chat'', ''some'')', 'SELECT llmspell.agent_history_set(NULL, ''all'')', 'SELECT llmspell.agent_history_set(''chat'', NULL)', 'SELECT llmspell.agent_history_get(NULL)']) s;
-- prune
SELECT llmspell.agent_state_prune('c1', keep_last => 100), llmspell.agent_state_prune('c1', older_than => '1 hour'), llmspell.agent_state_prune('c1', before => '-infinity');
SELECT llmspell.agent_state_prune('c1', keep_last => 2), llmspell.agent_state_prune('c1', keep_last => 1, before => 'infinity');
SELECT version FROM llmspell.agent_state_history('c1');
-- 300 checkpoints of a state of 50 kB that changes slowly take a fraction, and prune keeps them readable
DO $$
DECLARE
    v_state jsonb := jsonb_build_object('log', (SELECT jsonb_agg(jsonb_build_object('i', n, 'text', md5(n::text))) FROM generate_series(1, 900) n));
BEGIN
    FOR i IN 1..300 LOOP
        v_state := jsonb_set(v_state, ARRAY['log', (i % 900)::text, 'text'], to_jsonb(md5('v' || i)));
        PERFORM llmspell.agent_state_save('big', 't', v_state, keep_history => true);
    END LOOP;
END
$$;
SELECT count(*), min(size_bytes) > 50000 AS of_50_kb, sum(size_bytes) / sum(stored_bytes) >= 10 AS ten_times_smaller FROM llmspell.agent_state_history('big', 1000);
SELECT bool_and(checksum = encode(llmspell_internal._json_checksum((SELECT state FROM llmspell.agent_state_at('big', h.version))), 'hex')) AS all_readable FROM llmspell.agent_state_history('big', 1000) h;
SELECT llmspell.agent_state_prune('big', keep_last => 150);
SELECT count(*), bool_and(checksum = encode(llmspell_internal._json_checksum((SELECT state FROM llmspell.agent_state_at('big', h.version))), 'hex')) AS all_readable FROM llmspell.agent_state_history('big', 1000) h;
-- raw writers get versions; their checksums are theirs
UPDATE llmspell.agent_states SET state_data = '{"raw": true}', data_version = 99 WHERE agent_id = 'a1';
SELECT version FROM llmspell.agent_state_get('a1');
SET client_min_messages = notice;
SELECT agent_id, stored_checksum = computed_checksum AS same FROM llmspell.agent_state_verify();
UPDATE llmspell.agent_states SET checksum = 'theirs' WHERE agent_id = 'a1';
SELECT * FROM llmspell.agent_state_verify();
RESET client_min_messages;
SELECT llmspell.agent_state_delete('a1'), llmspell.agent_state_delete('a1'), llmspell.agent_state_delete('big', 300), llmspell.agent_state_delete('c1'), llmspell.agent_state_delete('l1');
SELECT count(*) AS history_left FROM llmspell.agent_state_history;
-- the history follows a renamed agent, and a damaged one is said
SELECT count(*) FROM generate_series(1, 4) i CROSS JOIN LATERAL llmspell.agent_state_save('r', 't', jsonb_build_object('i', i, 'text', repeat(md5('x'), 50)), keep_history => true);
UPDATE llmspell.agent_states SET agent_id = 'r2' WHERE agent_id = 'r';
SELECT count(*) FROM llmspell.agent_state_history('r2');
DELETE FROM llmspell.agent_state_history WHERE agent_id = 'r2' AND version = 1;
SELECT regress.try('SELECT * FROM llmspell.agent_state_at(''r2'', 2)');
SELECT * FROM llmspell.verify() WHERE component LIKE 'agent%';
