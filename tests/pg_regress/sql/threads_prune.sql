-- Copies, deletions and prunes of threads: what stays is whole, what nobody uses goes.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'threads';
-- A chain of checkpoints whose only channel grows.
CREATE FUNCTION regress.grow(thread text, count int, namespace text DEFAULT '', parents jsonb DEFAULT '{}') RETURNS void LANGUAGE sql AS $$
    SELECT llmspell.checkpoint_put(thread, namespace, 'c' || i, CASE WHEN i > 1 THEN 'c' || i - 1 END, jsonb_build_object('channel_versions', jsonb_build_object('m', i)),
        jsonb_build_object('run_id', 'run-' || i, 'parents', parents), '{m}', '{text}', ARRAY[convert_to((SELECT string_agg(md5(j::text), '') FROM generate_series(1, 10 + i) AS j), 'UTF8')])
    FROM generate_series(1, count) AS i $$;
CREATE FUNCTION regress.shown(thread text) RETURNS TABLE (namespace text, checkpoints text, whole boolean) LANGUAGE sql AS $$
    SELECT c.namespace, string_agg(c.checkpoint_id || ' < ' || coalesce(c.parent_id, '-'), ', ' ORDER BY c.checkpoint_id),
        bool_and(octet_length(c.channel_values[1]) = 32 * (10 + substr(c.checkpoint_id, 2)::int))
    FROM llmspell.checkpoint_list(thread) AS c GROUP BY c.namespace ORDER BY c.namespace $$;

SELECT regress.grow('t', 6);
SELECT llmspell.checkpoint_writes_put('t', '', 'c3', 'task', '{a}', '{b}', ARRAY[decode(repeat('00', 2000), 'hex')]), llmspell.checkpoint_writes_put('t', '', 'c6', 'task', '{a}', '{b}', ARRAY[decode(repeat('01', 2000), 'hex')]);
SELECT sequence FROM llmspell.message_append('t', '["hello", "there"]');
-- a copy has everything, and no bytes of its own
SELECT count(*) AS blobs FROM llmspell.thread_blobs;
SELECT llmspell.thread_copy('t', 'copy');
SELECT count(*) AS blobs FROM llmspell.thread_blobs;
SELECT * FROM regress.shown('copy');
SELECT count(*) FROM ((SELECT checkpoint_id, parent_id, checkpoint, metadata, channels, channel_values, write_values FROM llmspell.checkpoint_list('t')) EXCEPT
                      (SELECT checkpoint_id, parent_id, checkpoint, metadata, channels, channel_values, write_values FROM llmspell.checkpoint_list('copy'))) AS d;
SELECT message_count FROM llmspell.thread_list();
SELECT sequence, message FROM llmspell.message_list('copy');
SELECT regress.try($$SELECT llmspell.thread_copy('none', 'x')$$);
SELECT regress.try($$SELECT llmspell.thread_copy('t', 'copy')$$);
SELECT regress.try($$SELECT llmspell.thread_copy('t', 't')$$);
-- both go on apart
SELECT llmspell.checkpoint_put('copy', '', 'c7', 'c6', '{"channel_versions": {"m": 7}}', NULL, '{m}', '{text}', ARRAY[convert_to((SELECT string_agg(md5(j::text), '') FROM generate_series(1, 17) AS j), 'UTF8')]);
-- the first is deleted: what the copy needs stays
SELECT llmspell.thread_delete('t');
SELECT count(*) FROM llmspell.checkpoint_list('t');
SELECT * FROM regress.shown('copy');
SELECT * FROM llmspell.thread_gc();
SELECT * FROM regress.shown('copy');
-- the last is deleted: nothing stays
SELECT llmspell.thread_delete('copy'), llmspell.thread_delete('copy') AS again;
SELECT (SELECT count(*) FROM llmspell.threads) AS threads, (SELECT count(*) FROM llmspell.thread_checkpoints) AS checkpoints, (SELECT count(*) FROM llmspell.thread_blobs) AS blobs,
    (SELECT count(*) FROM llmspell.thread_writes) AS writes, (SELECT count(*) FROM llmspell.thread_messages) AS messages;
SELECT * FROM llmspell.thread_gc();

-- runs: their checkpoints and writes go, in all threads; children get the nearest ancestor that stays
SELECT regress.grow('r', 6), regress.grow('r', 3, 'child:1'), regress.grow('other', 2);
SELECT llmspell.thread_delete_runs('{run-3,run-4,run-1,unknown}');
SELECT * FROM regress.shown('r');
SELECT * FROM regress.shown('other');
SELECT llmspell.thread_delete_runs('{}');
SELECT llmspell.thread_delete('r'), llmspell.thread_delete('other');

-- prune: the newest of each namespace, and what its value is made of
SELECT regress.grow('p', 9), regress.grow('p', 3, 'child:1'), regress.grow('p2', 4);
SELECT llmspell.thread_prune('{p,none}', keep_last => 2);
SELECT * FROM regress.shown('p');
SELECT llmspell.thread_prune('{p}');
SELECT * FROM regress.shown('p');
SELECT * FROM regress.shown('p2');
SELECT count(*) AS blobs FROM llmspell.thread_blobs b JOIN llmspell.threads t ON t.family_id = b.family_id WHERE t.thread_id = 'p';
SELECT llmspell.thread_prune('{p}', 'delete'), llmspell.thread_prune('{}'), llmspell.thread_prune('{none}');
SELECT thread_id FROM llmspell.thread_list();
-- an age, of all threads
UPDATE llmspell.thread_checkpoints SET created_at = now() - interval '2 days' WHERE thread_id = 'p2' AND checkpoint_id < 'c4';
SELECT llmspell.thread_prune(older_than => '3 days') AS none, llmspell.thread_prune(keep_last => 2, older_than => '1 day') AS two;
SELECT * FROM regress.shown('p2');
SELECT llmspell.thread_prune(strategy => 'delete', older_than => '1 day') AS one;
SELECT * FROM regress.shown('p2');

-- calls of a subgraph go with the checkpoint of the graph that made them, a subgraph with a memory of its own stays
SELECT regress.grow('s', 3), regress.grow('s', 2, 'node:task-1', '{"": "c1"}'), regress.grow('s', 2, 'node:task-3', '{"": "c3"}'), regress.grow('s', 2, 'memory', '{"": "c1"}');
SELECT llmspell.thread_prune('{s}');
SELECT * FROM regress.shown('s');

-- a delta channel needs the writes back to its last whole value
SELECT llmspell.checkpoint_put('d', '', 'c1', NULL, '{"channel_versions": {"m": 1}}', '{}', '{m}', '{text}', ARRAY['whole, too old'::bytea]);
SELECT llmspell.checkpoint_put('d', '', 'c2', 'c1', '{"channel_versions": {"m": 2}}', '{}', '{m}', '{text}', ARRAY['whole'::bytea]);
SELECT llmspell.checkpoint_put('d', '', 'c' || n, 'c' || n - 1, jsonb_build_object('channel_versions', jsonb_build_object('m', n)),
    jsonb_build_object('counters_since_delta_snapshot', jsonb_build_object('m', ARRAY[n - 2, n - 2])), '{m}', '{empty}', ARRAY[NULL::bytea]) FROM generate_series(3, 6) AS n;
SELECT llmspell.checkpoint_writes_put('d', '', 'c' || n, 'task', '{m}', '{text}', ARRAY[('delta ' || n)::bytea]) FROM generate_series(1, 5) AS n;
SELECT llmspell.thread_prune('{d}');
SELECT checkpoint_id, parent_id, channel_values, write_values FROM llmspell.checkpoint_list('d');

-- a circle of parents ends
INSERT INTO llmspell.thread_checkpoints (tenant_id, thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata)
SELECT 'threads', 'circle', '', 'c' || n, 'c' || CASE n WHEN 3 THEN 2 ELSE 3 - n END, '{}', '{"counters_since_delta_snapshot": {"m": [1, 1]}}' FROM generate_series(1, 3) AS n;
INSERT INTO llmspell.threads (tenant_id, thread_id) VALUES ('threads', 'circle');
SELECT llmspell.thread_prune('{circle}'), llmspell.thread_delete_runs('{none}');

SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.thread_prune('{p}', 'keep')$$,
    $$SELECT llmspell.thread_prune('{p}', keep_last => -1)$$,
    $$SELECT llmspell.thread_prune('{p}', older_than => '-1 day')$$,
    $$SELECT llmspell.thread_prune(strategy => 'delete')$$,
    $$SELECT llmspell.thread_prune('{p}', 'delete', keep_last => 1)$$,
    $$SELECT llmspell.thread_delete_runs(NULL)$$,
    $$SELECT llmspell.thread_delete(NULL)$$,
    $$SELECT llmspell.thread_copy('s', NULL)$$,
    $$SELECT llmspell.thread_stats(NULL)$$,
    $$SELECT llmspell.thread_gc(-1)$$]) AS s;
SELECT * FROM llmspell.verify() WHERE component = 'threads';
-- what is damaged is found
DELETE FROM llmspell.thread_blobs b USING llmspell.thread_checkpoints c WHERE c.thread_id = 's' AND c.namespace = '' AND b.blob_id = c.blob_ids[1];
SELECT regress.try($$SELECT llmspell.checkpoint_get('s')$$) ~ '^XX001 \| blob [0-9a-f]{32} is missing$' AS missing;
SELECT object, regexp_replace(fault, '[0-9a-f-]{36}', '…') AS fault FROM llmspell.verify() WHERE component = 'threads';
SET app.current_tenant_id = '';
SET SESSION AUTHORIZATION regress_admin;
-- maintenance deletes what copies left
SET app.current_tenant_id = 'maintained';
SELECT regress.grow('m', 3), llmspell.thread_copy('m', 'm2'), llmspell.thread_delete('m'), llmspell.thread_prune('{m2}');
SELECT count(*) AS waiting FROM llmspell.thread_garbage;
RESET app.current_tenant_id;
SELECT task, done, detail FROM llmspell.maintenance_run() WHERE task = 'threads';
SET app.current_tenant_id = 'maintained';
SELECT count(*) AS waiting FROM llmspell.thread_garbage;
SELECT count(*) AS blobs FROM llmspell.thread_blobs;
