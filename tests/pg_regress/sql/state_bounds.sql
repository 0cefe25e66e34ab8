-- Documents at the bounds: stored and read back equal, or refused.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'bounds';
SELECT regress.try(format('SELECT llmspell.%s', f)) FROM unnest(ARRAY[
    $$agent_state_save('d', 't', (repeat('[', 1001) || repeat(']', 1001))::jsonb)$$, $$workflow_save('d', NULL, (repeat('[', 1001) || repeat(']', 1001))::jsonb)$$,
    $$session_create(state => (repeat('{"a":', 1001) || '1' || repeat('}', 1001))::jsonb)$$, $$session_update('00000000-0000-0000-0000-000000000001', (repeat('[', 1001) || repeat(']', 1001))::jsonb)$$,
    $$storage_set('agent:t:d', convert_to(repeat('[', 1001) || repeat(']', 1001), 'UTF8'))$$, $$agent_state_save('d', 't', ('"' || repeat('x', 68000000) || '"')::jsonb)$$,
    $$workflow_save('d', NULL, ('"' || repeat('x', 68000000) || '"')::jsonb)$$, $$agent_state_save('d', 't', '"\u0000"')$$]) f;
SELECT version FROM llmspell.agent_state_save('deep', 't', (repeat('[', 1000) || repeat(']', 1000))::jsonb, keep_history => true);
SELECT version FROM llmspell.agent_state_save('deep', 't', '{"a": 1, "a": 2, "n": 1e400, "m": 1e-400}', keep_history => true);
SELECT state = '{"a": 2, "n": 1e400, "m": 1e-400}' AS equal FROM llmspell.agent_state_get('deep');
SELECT state = (repeat('[', 1000) || repeat(']', 1000))::jsonb AS equal FROM llmspell.agent_state_at('deep', 1);
SELECT * FROM llmspell.agent_state_verify();
SELECT llmspell.agent_state_delete('deep');
-- a few bytes of number can be 131,072 digits of text
SELECT regress.try($$SELECT llmspell.agent_state_save('bomb', 't', (SELECT jsonb_agg('1e131000'::numeric) FROM generate_series(1, 600)))$$),
    regress.try($$SELECT llmspell.workflow_save('bomb', NULL, (SELECT jsonb_agg('1e131000'::numeric) FROM generate_series(1, 600)))$$);
-- raw writers meet the bounds of a dump, too
SELECT regress.try(format(s, b)) FROM unnest(ARRAY[
    $$INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, checksum, state_data) VALUES ('bounds', 'raw', 't', '', %s)$$,
    $$INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, state_data) VALUES ('bounds', 'raw', %s)$$,
    $$INSERT INTO llmspell.sessions (tenant_id, session_data) VALUES ('bounds', %s)$$,
    $$UPDATE llmspell.agent_states SET state_data = %s$$, $$UPDATE llmspell.workflow_states SET state_data = %s$$, $$UPDATE llmspell.sessions SET session_data = %s$$]) WITH ORDINALITY AS w (s, n)
CROSS JOIN unnest(ARRAY[$$'{"a": 1}'$$, $$(repeat('[', 1001) || repeat(']', 1001))::jsonb$$, $$(SELECT jsonb_agg('1e131071'::jsonb) FROM generate_series(1, 9000))$$]) WITH ORDINALITY AS v (b, m) ORDER BY n, m;
