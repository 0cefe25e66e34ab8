-- The memory tool: files under /memories, with the answers of the reference implementation.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'memory';
\pset tuples_only on
\pset format unaligned
CREATE FUNCTION pg_temp.run(VARIADIC command text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_command jsonb := jsonb_object(command);
BEGIN
    IF v_command ? 'insert_line' THEN
        v_command := v_command || jsonb_build_object('insert_line', (v_command ->> 'insert_line')::int);
    END IF;
    IF v_command ? 'view_range' THEN
        v_command := v_command || jsonb_build_object('view_range', (v_command ->> 'view_range')::jsonb);
    END IF;
    RETURN llmspell.memory_tool(v_command);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT pg_temp.run('command', 'view', 'path', '/memories');
SELECT pg_temp.run('command', 'create', 'path', '/memories/notes.txt', 'file_text', E'one\ntwo\nthree\n');
SELECT pg_temp.run('command', 'create', 'path', '/memories/notes.txt', 'file_text', 'again');
SELECT pg_temp.run('command', 'create', 'path', '/memories/notes.txt/below', 'file_text', 'x');
SELECT pg_temp.run('command', 'view', 'path', '/memories/notes.txt');
SELECT pg_temp.run('command', 'view', 'path', '/memories/notes.txt', 'view_range', '[2, 3]');
SELECT pg_temp.run('command', 'view', 'path', '/memories/notes.txt', 'view_range', '[3, -1]');
SELECT pg_temp.run('command', 'view', 'path', '/memories/none.txt');
SELECT pg_temp.run('command', 'create', 'path', '/memories/empty', 'file_text', '');
SELECT pg_temp.run('command', 'view', 'path', '/memories/empty');
-- edited
SELECT pg_temp.run('command', 'str_replace', 'path', '/memories/notes.txt', 'old_str', 'two', 'new_str', E'2\n2.5');
SELECT pg_temp.run('command', 'str_replace', 'path', '/memories/notes.txt', 'old_str', 'absent', 'new_str', '');
SELECT pg_temp.run('command', 'str_replace', 'path', '/memories/notes.txt', 'old_str', E'e', 'new_str', '');
SELECT pg_temp.run('command', 'str_replace', 'path', '/memories/none.txt', 'old_str', 'e', 'new_str', '');
SELECT pg_temp.run('command', 'str_replace', 'path', '/memories', 'old_str', 'e', 'new_str', '');
SELECT pg_temp.run('command', 'insert', 'path', '/memories/notes.txt', 'insert_line', '0', 'insert_text', E'zero\n');
SELECT pg_temp.run('command', 'insert', 'path', '/memories/notes.txt', 'insert_line', '5', 'insert_text', 'last');
SELECT pg_temp.run('command', 'insert', 'path', '/memories/notes.txt', 'insert_line', '7', 'insert_text', 'too far');
SELECT pg_temp.run('command', 'insert', 'path', '/memories/notes.txt', 'insert_line', '-1', 'insert_text', 'too far');
SELECT pg_temp.run('command', 'insert', 'path', '/memories/empty', 'insert_line', '0', 'insert_text', 'first');
SELECT pg_temp.run('command', 'view', 'path', '/memories/notes.txt');
SELECT pg_temp.run('command', 'view', 'path', '/memories/empty');
-- directories, two levels deep, without what is hidden
SELECT pg_temp.run('command', 'create', 'path', '/memories/a/b/c/deep.txt', 'file_text', repeat('x', 1536));
SELECT pg_temp.run('command', 'create', 'path', '/memories/a/.hidden', 'file_text', 'x');
SELECT pg_temp.run('command', 'create', 'path', '/memories/a/./x/../b.txt', 'file_text', repeat('x', 2048));
SELECT pg_temp.run('command', 'create', 'path', '/memories/ab', 'file_text', 'not in a');
SELECT pg_temp.run('command', 'view', 'path', '/memories');
SELECT pg_temp.run('command', 'view', 'path', '/memories/a/b/');
SELECT pg_temp.run('command', 'create', 'path', '/memories/a', 'file_text', 'x');
-- renamed
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories/ab', 'new_path', '/memories/a/b.txt');
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories/ab', 'new_path', '/memories/new/place.txt');
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories/a/b', 'new_path', '/memories/moved');
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories/a', 'new_path', '/memories/a/x');
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories/a', 'new_path', '/memories/new');
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories/none', 'new_path', '/memories/x');
SELECT pg_temp.run('command', 'rename', 'old_path', '/memories', 'new_path', '/memories/x');
SELECT pg_temp.run('command', 'view', 'path', '/memories/moved/c/deep.txt') = E'Here''s the content of /memories/moved/c/deep.txt with line numbers:\n     1\t' || repeat('x', 1536);
-- deleted
SELECT pg_temp.run('command', 'delete', 'path', '/memories/moved');
SELECT pg_temp.run('command', 'delete', 'path', '/memories/moved');
SELECT pg_temp.run('command', 'delete', 'path', '/memories/new/place.txt');
SELECT pg_temp.run('command', 'view', 'path', '/memories/new');
SELECT pg_temp.run('command', 'delete', 'path', '/memories');
-- no way out, and nothing but what it knows
SELECT pg_temp.run('command', 'view', 'path', p) FROM unnest(ARRAY['/etc/passwd', '/memories/../etc/passwd', '/memories/a/../../x', '/memoriesx', 'memories/a', '', '../memories', '/memories/..', '/memories/..%2f..', E'/memories/a\tb', '/memories/' || repeat('x', 3000)]) AS p;
SELECT regress.try(format('SELECT llmspell.memory_tool(%L)', c)) FROM unnest(ARRAY['[]', '{}', '{"command": "format"}', '{"command": "view"}', '{"command": "view", "path": 1}', '{"command": "create", "path": "/memories/x"}',
    '{"command": "insert", "path": "/memories/empty", "insert_line": "1", "insert_text": "x"}', '{"command": "rename", "old_path": "/memories/x"}']) AS c;
SELECT regress.try('SELECT llmspell.memory_tool(NULL)');
-- files are items, which searches find
SELECT namespace, key FROM llmspell.item_search('{memories}', query_text => 'zero');
SET app.current_tenant_id = 'memory-other';
SELECT pg_temp.run('command', 'view', 'path', '/memories');
RESET app.current_tenant_id;
SELECT pg_temp.run('command', 'view', 'path', '/memories');
