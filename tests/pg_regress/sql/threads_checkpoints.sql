-- Checkpoints: values by channel and version, forks, the latest, pending writes, lists.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
CREATE FUNCTION regress.bytes(VARIADIC words text[]) RETURNS bytea[] LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(convert_to(w, 'UTF8')) FROM unnest(words) AS w $$;
CREATE FUNCTION regress.texts(data bytea[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ SELECT array_agg(convert_from(d, 'UTF8')) FROM unnest(data) AS d $$;
-- no tenant
SELECT regress.try($$SELECT llmspell.checkpoint_put('t', '', 'c1', NULL, '{}')$$);
SELECT regress.try($$SELECT llmspell.checkpoint_get('t')$$);
SET app.current_tenant_id = 'threads';

-- only what changed is given; the rest is what the parent has in the same version
SELECT llmspell.checkpoint_put('t', '', 'c1', NULL, '{"v": 1, "channel_versions": {"a": 1, "b": 1}}', '{"source": "input", "step": 0}', '{a,b}', '{json,msgpack}', regress.bytes('a1', 'b1'));
SELECT llmspell.checkpoint_put('t', '', 'c2', 'c1', '{"channel_versions": {"a": 2, "b": 1}}', '{"source": "loop", "step": 1, "run_id": "r1"}', '{a}', '{json}', regress.bytes('a2'));
SELECT llmspell.checkpoint_put('t', '', 'c3', 'c2', '{"channel_versions": {"b": 1, "new": 1}}', '{"source": "loop", "step": 2, "run_id": "r1"}', '{new}', '{json}', regress.bytes('n1'));
-- a fork from the same parent: the version is the same, the value is its own
SELECT llmspell.checkpoint_put('t', '', 'c2x', 'c1', '{"channel_versions": {"a": 2, "b": 1}}', '{"source": "fork"}', '{a}', '{json}', regress.bytes('a2 of the fork'));
SELECT c.checkpoint_id, c.parent_id, c.channels, c.channel_types, regress.texts(c.channel_values) AS values
FROM unnest(ARRAY['c1', 'c2', 'c2x', 'c3', 'none']) WITH ORDINALITY AS i (id, n) CROSS JOIN LATERAL llmspell.checkpoint_get('t', '', i.id) AS c ORDER BY i.n;
-- the latest of a namespace, and of one that has none
SELECT c.checkpoint_id, c.metadata, c.write_channels FROM llmspell.checkpoint_get('t') AS c;
SELECT count(*) FROM llmspell.checkpoint_get('t', 'child:1');
SELECT count(*) FROM llmspell.checkpoint_get('another');
-- a parent that is not stored: values are found by their versions; a value in the checkpoint itself is not looked for
SELECT llmspell.checkpoint_put('t', '', 'c4', 'not stored', '{"channel_versions": {"a": 2, "b": 1, "inline": 1}, "channel_values": {"inline": true}}');
SELECT c.channels, regress.texts(c.channel_values) AS values FROM llmspell.checkpoint_get('t', '', 'c4') AS c;
-- a channel that is given without a value has none
SELECT llmspell.checkpoint_put('t', '', 'c5', 'c4', '{"channel_versions": {"a": 3, "b": 2}}', NULL, '{a,b}', '{json,empty}', ARRAY['\x00'::bytea, NULL]);
SELECT c.channels, c.channel_values, c.metadata FROM llmspell.checkpoint_get('t', '', 'c5') AS c;
-- again with the same id: the checkpoint is replaced
SELECT llmspell.checkpoint_put('t', '', 'c5', 'c4', '{"channel_versions": {"a": 4}}', '{"again": true}', '{a}', '{json}', regress.bytes('a4'));
SELECT c.checkpoint, c.metadata, regress.texts(c.channel_values) AS values FROM llmspell.checkpoint_get('t', '', 'c5') AS c;

-- expected_parent: the latest checkpoint must be the one that the writer knows
SELECT regress.try($$SELECT llmspell.checkpoint_put('e', '', 'c1', NULL, '{}', expected_parent => 'c0')$$);
SELECT llmspell.checkpoint_put('e', '', 'c1', NULL, '{}', expected_parent => '');
SELECT llmspell.checkpoint_put('e', '', 'c2', 'c1', '{}', expected_parent => 'c1');
SELECT llmspell.checkpoint_put('e', '', 'c2', 'c1', '{}', expected_parent => 'c1') AS "the same call again";
SELECT regress.try($$SELECT llmspell.checkpoint_put('e', '', 'c3', 'c1', '{}', expected_parent => 'c1')$$);

-- a list that grows is stored as what it grows by, and each version is read whole
DO $$
DECLARE
    v_list text := '';
BEGIN
    FOR i IN 1..150 LOOP
        v_list := v_list || md5(i::text) || md5((-i)::text);
        PERFORM llmspell.checkpoint_put('long', '', 'c' || lpad(i::text, 3, '0'), CASE WHEN i > 1 THEN 'c' || lpad((i - 1)::text, 3, '0') END,
            jsonb_build_object('channel_versions', jsonb_build_object('messages', i)), NULL, '{messages}', '{text}', ARRAY[convert_to(v_list, 'UTF8')]);
    END LOOP;
END
$$;
SELECT checkpoints, blobs, size_bytes, size_bytes / stored_bytes > 15 AS small FROM llmspell.thread_stats('long');
SELECT count(*) FILTER (WHERE octet_length(c.channel_values[1]) = 64 * right(c.checkpoint_id, 3)::int AND md5(c.channel_values[1]) = md5((
    SELECT string_agg(md5(i::text) || md5((-i)::text), '' ORDER BY i) FROM generate_series(1, right(c.checkpoint_id, 3)::int) AS i))) AS right, count(*)
FROM llmspell.checkpoint_list('long', max_rows => 1000) AS c;
SELECT max(step) AS last_step, max(chain) AS longest_chain FROM (
    SELECT step, length(replace(step::int::bit(8)::text, '0', '')) + 1 AS chain FROM llmspell.thread_blobs) AS b;

-- writes: in the order of task path, task and index; what is there stays, with an index below 0 is replaced
SELECT llmspell.checkpoint_writes_put('w', '', 'c1', 'task-b', '{x,y}', '{json,json}', regress.bytes('b0', 'b1'), task_path => 'p2');
SELECT llmspell.checkpoint_writes_put('w', '', 'c1', 'task-a', '{x}', '{json}', regress.bytes('a0'), task_path => 'p2');
SELECT llmspell.checkpoint_writes_put('w', '', 'c1', 'task-z', '{x,__error__}', '{json,json}', regress.bytes('z0', 'first'), ARRAY[0, -1], task_path => 'p1');
SELECT llmspell.checkpoint_put('w', '', 'c1', NULL, '{}') AS "stored after its writes";
SELECT llmspell.checkpoint_writes_put('w', '', 'c1', 'task-z', '{x,__error__}', '{json,json}', regress.bytes('other', repeat('second ', 200)), ARRAY[0, -1], task_path => 'p1') AS replaced;
SELECT c.write_task_ids, c.write_channels, c.write_types, ARRAY(SELECT left(t, 14) FROM unnest(regress.texts(c.write_values)) AS t) AS values FROM llmspell.checkpoint_get('w') AS c;
SELECT octet_length(c.write_values[1]) AS long FROM llmspell.checkpoint_get('w') AS c;

-- lists: of a namespace, of a thread, of all
SELECT llmspell.checkpoint_put('t', 'child:1', 'c3', NULL, '{}', '{"source": "loop"}');
SELECT thread_id, namespace, checkpoint_id FROM llmspell.checkpoint_list('t', '');
SELECT thread_id, namespace, checkpoint_id FROM llmspell.checkpoint_list('t', filter => '{"source": "loop"}');
SELECT thread_id, namespace, checkpoint_id FROM llmspell.checkpoint_list('t', filter => '{"source": {"$in": ["loop", "fork"]}, "step": {"$exists": true}}');
SELECT thread_id, namespace, checkpoint_id FROM llmspell.checkpoint_list('t', '', filter => '{"source": "loop", "step": {"$gte": 2}}');
SELECT thread_id, namespace, checkpoint_id FROM llmspell.checkpoint_list('t', '', before => 'c3');
SELECT thread_id, namespace, checkpoint_id, channel_values IS NULL AS bare FROM llmspell.checkpoint_list(filter => '{"source": "loop"}', with_values => false);
SELECT count(*) FROM llmspell.checkpoint_list('t', '', 'c3', filter => '{"source": "input"}');
CREATE FUNCTION regress.pages(arguments text, size int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    v_after text;
    v_row record;
    v_rows int;
BEGIN
    LOOP
        v_rows := 0;
        FOR v_row IN EXECUTE format('SELECT * FROM llmspell.checkpoint_list(%s, with_values => false, max_rows => %s, after => %L)', arguments, size, v_after) LOOP
            v_rows := v_rows + 1;
            v_after := v_row.cursor;
            RETURN NEXT v_row.thread_id || '/' || v_row.namespace || '/' || v_row.checkpoint_id;
        END LOOP;
        EXIT WHEN v_rows < size;
    END LOOP;
END
$$;
-- pages of any size are the list
SELECT a.arguments, count(DISTINCT s.list) AS lists, min(cardinality(s.list)) AS rows
FROM unnest(ARRAY['''t'', ''''', '''t''', 'NULL', '''t'', before => ''c4''']) AS a (arguments)
CROSS JOIN LATERAL (SELECT ARRAY(SELECT regress.pages(a.arguments, n)) AS list FROM unnest(ARRAY[1, 2, 3, 1000]) AS n) AS s
GROUP BY a.arguments ORDER BY a.arguments;

-- errors
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.checkpoint_put(NULL, '', 'c', NULL, '{}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', NULL, NULL, '{}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', 'c', NULL, NULL)$$,
    $$SELECT llmspell.checkpoint_put(repeat('t', 256), '', 'c', NULL, '{}')$$,
    $$SELECT llmspell.checkpoint_put('t', repeat('n', 1001), 'c', NULL, '{}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', 'c', repeat('p', 256), '{}')$$,
    $$SELECT llmspell.checkpoint_put(repeat('é', 255), repeat('n', 1000), 'c', NULL, '{}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', 'c', NULL, '{}', channels => '{a}', channel_types => '{}', channel_values => '{}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', 'c', NULL, '{}', channels => '{a,a}', channel_types => '{b,b}', channel_values => '{c,d}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', 'c', NULL, '{}', channels => '{NULL}', channel_types => '{b}', channel_values => '{c}')$$,
    $$SELECT llmspell.checkpoint_put('t', '', 'c', NULL, '{}', channels => '{a}', channel_types => '{NULL}', channel_values => '{c}')$$,
    $$SELECT llmspell.checkpoint_writes_put('t', '', 'c', 'k', '{a,b}', '{x}', '{y}')$$,
    $$SELECT llmspell.checkpoint_writes_put('t', '', 'c', 'k', '{a}', '{x}', '{NULL}')$$,
    $$SELECT llmspell.checkpoint_writes_put('t', '', 'c', NULL, '{a}', '{x}', '{y}')$$,
    $$SELECT llmspell.checkpoint_list('t', after => 'c1')$$,
    $$SELECT llmspell.checkpoint_list('t', after => '["c1", "t"]')$$,
    $$SELECT llmspell.checkpoint_list('t', after => '["c1", "t", 1]')$$,
    $$SELECT llmspell.checkpoint_list('t', filter => '[]')$$,
    $$SELECT llmspell.checkpoint_list('t', max_rows => -1)$$]) AS s;
-- another tenant has nothing of it
SET app.current_tenant_id = 'another';
SELECT count(*) FROM llmspell.checkpoint_list();
SELECT count(*) FROM llmspell.checkpoint_get('t');
