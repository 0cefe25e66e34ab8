-- Messages of a thread: positions without gaps, the newest in order, ids of the client.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SELECT regress.try($$SELECT llmspell.message_append('t', '[1]')$$);
SET app.current_tenant_id = 'threads';
SELECT sequence, message_id FROM llmspell.message_append('t', '[{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]', 0, '{m1,m2}');
SELECT sequence, length(message_id) FROM llmspell.message_append('t', '["three"]');
SELECT sequence FROM llmspell.message_append('t', '[]');
SELECT sequence FROM llmspell.message_append('t', '["four", null, [5]]', expected_sequence => 3);
SELECT regress.try($$SELECT llmspell.message_append('t', '["late"]', 3)$$);
SELECT sequence, message FROM llmspell.message_list('t');
SELECT sequence, message FROM llmspell.message_list('t', newest => 2);
SELECT sequence, message, cursor FROM llmspell.message_list('t', newest => 4, max_rows => 2);
SELECT sequence, message FROM llmspell.message_list('t', newest => 4, max_rows => 10, after => '4');
SELECT count(*) FROM llmspell.message_list('t', newest => 0);
SELECT count(*) FROM llmspell.message_list('t', newest => 1000);
SELECT count(*) FROM llmspell.message_list('none', newest => 5);
SELECT sequence, message_id, message FROM llmspell.message_get('t', 'm2');
SELECT sequence, message FROM llmspell.message_get('t', sequence => 3);
SELECT count(*) FROM llmspell.message_get('t', 'none');
SELECT llmspell.message_update('t', '"TWO"', 'm2') AS by_id, llmspell.message_update('t', '"THREE"', sequence => 3) AS by_place, llmspell.message_update('t', '1', 'none') AS none;
SELECT sequence, message, updated_at > created_at AS changed FROM llmspell.message_list('t', max_rows => 3);
-- the last ones go; the next one takes their place
SELECT sequence, message FROM llmspell.message_pop('t');
SELECT sequence, message FROM llmspell.message_pop('t', 2);
SELECT sequence FROM llmspell.message_append('t', '["again"]');
SELECT sequence, message FROM llmspell.message_pop('t', 100);
SELECT count(*) FROM llmspell.message_pop('t');
SELECT count(*) FROM llmspell.message_pop('none');
SELECT sequence FROM llmspell.message_append('t', '["new"]', 0, '{m1}');
SELECT llmspell.message_clear('t'), llmspell.message_clear('t') AS again;
SELECT thread_id, message_count FROM llmspell.thread_list();
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.message_append(NULL, '[1]')$$,
    $$SELECT llmspell.message_append('t', NULL)$$,
    $$SELECT llmspell.message_append('t', '{"role": "user"}')$$,
    $$SELECT llmspell.message_append('t', '[1, 2]', message_ids => '{a}')$$,
    $$SELECT llmspell.message_append('t', '[1, 2]', message_ids => '{a,a}')$$,
    $$SELECT llmspell.message_append('t', '[1]', message_ids => '{NULL}')$$,
    $$SELECT llmspell.message_append('t', '[1]', message_ids => ARRAY[repeat('x', 256)])$$,
    $$SELECT llmspell.message_append('t', '[1]', -1)$$,
    $$SELECT llmspell.message_list('t', newest => -1)$$,
    $$SELECT llmspell.message_list('t', max_rows => -1)$$,
    $$SELECT llmspell.message_list('t', after => 'm1')$$,
    $$SELECT llmspell.message_list(NULL)$$,
    $$SELECT llmspell.message_get('t')$$,
    $$SELECT llmspell.message_get('t', 'a', 1)$$,
    $$SELECT llmspell.message_update('t', NULL, 'a')$$,
    $$SELECT llmspell.message_update('t', '1')$$,
    $$SELECT llmspell.message_pop('t', -1)$$]) AS s;
SELECT sequence FROM llmspell.message_append('t', '[1, 2, 3]', message_ids => '{a,b,c}');
SELECT regress.try($$SELECT llmspell.message_append('t', '[4, 5]', message_ids => '{d,b}')$$);
SELECT sequence FROM llmspell.message_append('another', '[1]', message_ids => '{a}');
-- gaps that a raw writer makes are found
DELETE FROM llmspell.thread_messages WHERE thread_id = 't' AND sequence = 2;
INSERT INTO llmspell.thread_messages (tenant_id, thread_id, sequence, message_id, message) VALUES ('threads', 'lost', 1, 'm', '1');
SELECT object, fault FROM llmspell.verify() WHERE component = 'threads' ORDER BY object;
SET app.current_tenant_id = 'another';
SELECT count(*) FROM llmspell.message_list('t');
