-- The memory tool of Anthropic's API: files under /memories as items, with the texts of its reference implementation. A
-- directory is a namespace, and exists while a file is in it.

CREATE OR REPLACE FUNCTION llmspell_internal._memory_refuse(message text, kind text DEFAULT '') RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = CASE kind WHEN 'missing' THEN 'P0002' WHEN 'there' THEN '23505' WHEN 'large' THEN '54000' ELSE '22023' END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_refuse(text, text) IS 'Raises an error with a text of the reference implementation, which a client hands to the model.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_refuse(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_argument(command jsonb, name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF coalesce(jsonb_typeof(command -> name), 'null') = 'null' THEN
        RAISE EXCEPTION 'command "%" needs "%"', left(command ->> 'command', 60), name USING ERRCODE = 'null_value_not_allowed';
    ELSIF jsonb_typeof(command -> name) <> 'string' THEN
        RAISE EXCEPTION '% must be a string, not %', name, jsonb_typeof(command -> name) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN command ->> name;
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_argument(jsonb, text) IS 'A text of a command.
Errors: 22004 missing or null, 22023 no text.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_argument(jsonb, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_path(path text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_segment text;
    v_segments text[] := '{}';
BEGIN
    IF path !~ '^/memories(/|$)' THEN
        PERFORM _memory_refuse(format('Path must start with /memories, got: %s', left(path, 500)));
    END IF;
    -- Before it is taken apart: a namespace has no more.
    IF octet_length(path) > 3000 THEN
        PERFORM _memory_refuse('Path is too long', 'large');
    END IF;
    FOREACH v_segment IN ARRAY string_to_array(substr(path, length('/memories/') + 1), '/') LOOP
        CASE v_segment
            WHEN '' THEN NULL;
            WHEN '.' THEN NULL;
            WHEN '..' THEN
                IF v_segments = '{}' THEN
                    PERFORM _memory_refuse(format('Path %s would escape /memories directory', left(path, 500)));
                END IF;
                v_segments := v_segments[:cardinality(v_segments) - 1];
            ELSE v_segments := v_segments || v_segment;
        END CASE;
    END LOOP;
    RETURN ARRAY['memories'] || v_segments;
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_path(text) IS 'The segments of a path, with memories as the first.
Errors: 22023 a path that is not below /memories, 54000 over 3,000 bytes.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_path(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_kind(path text[]) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF cardinality(path) > 1 AND EXISTS (SELECT FROM item_get(path[:cardinality(path) - 1], path[cardinality(path)])) THEN
        RETURN 'file';
    ELSIF cardinality(path) = 1 OR EXISTS (SELECT FROM item_list(path, max_rows => 1)) THEN
        RETURN 'directory';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_kind(text[]) IS 'Whether a path is a file or a directory; NULL where it does not exist.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_kind(text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_size(bytes bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    SELECT concat(CASE WHEN bytes % u.size = 0 THEN (bytes / u.size)::text ELSE to_char(bytes::numeric / u.size, 'FM9999990.0') END, u.unit)
    FROM (VALUES (1::bigint, 'B'), (1024, 'K'), (1048576, 'M'), (1073741824, 'G')) AS u (size, unit)
    WHERE bytes >= u.size OR u.size = 1 ORDER BY u.size DESC LIMIT 1
$$;
COMMENT ON FUNCTION llmspell_internal._memory_size(bigint) IS 'A size as the memory tool shows it: 12B, 1.5K, 2M.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_size(bigint) TO llmspell_app;

-- A file is locked while it is edited.
CREATE OR REPLACE FUNCTION llmspell_internal._memory_file(path text, segments text[], for_update boolean) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_namespace constant text := _item_path(segments[:cardinality(segments) - 1], 'path');
    v_content text;
BEGIN
    IF for_update THEN
        PERFORM FROM items i WHERE i.tenant_id = v_tenant AND i.namespace = v_namespace AND i.key = segments[cardinality(segments)] FOR UPDATE;
    END IF;
    CASE _memory_kind(segments)
        WHEN 'file' THEN NULL;
        WHEN 'directory' THEN PERFORM _memory_refuse(format('The path %s is not a file.', path));
        ELSE PERFORM _memory_refuse(format('The path %s does not exist. Please provide a valid path.', path), 'missing');
    END CASE;
    SELECT g.value ->> 'text' INTO v_content FROM item_get(segments[:cardinality(segments) - 1], segments[cardinality(segments)]) g;
    RETURN coalesce(v_content, '');
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_file(text, text[], boolean) IS 'The text of a file.
Errors: P0002 none there, 22023 a directory.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_file(text, text[], boolean) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_store(segments text[], content text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM item_put(segments[:cardinality(segments) - 1], segments[cardinality(segments)], jsonb_build_object('text', content), index_text => content);
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_store(text[], text) IS 'Stores the text of a file, which searches by words find.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_store(text[], text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_view(path text, segments text[], view_range jsonb) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_tenant constant text := _require_tenant();
    v_first constant text := _item_path(segments, 'path');
    v_end constant text := _item_subtree_end(v_first);
    v_depth constant int := cardinality(segments);
    v_lines text[];
    v_from int := 1;
    v_to int;
BEGIN
    CASE _memory_kind(segments)
        WHEN 'directory' THEN
            RETURN concat(format(E'Here''re the files and directories up to 2 levels deep in %s, excluding hidden items:\n', path), (
                WITH files AS (
                    SELECT (_item_segments(i.namespace) || i.key::text)[v_depth + 1:] AS name, octet_length(i.value ->> 'text')::bigint AS bytes
                    FROM items i WHERE i.tenant_id = v_tenant AND i.namespace >= v_first AND i.namespace < v_end
                      AND (i.expires_at IS NULL OR i.expires_at > statement_timestamp())
                ), shown AS (
                    SELECT f.name[:d.depth] AS name, cardinality(f.name) > d.depth AS is_directory, sum(f.bytes)::bigint AS bytes
                    FROM files f CROSS JOIN generate_series(0, 2) AS d (depth)
                    WHERE cardinality(f.name) >= d.depth AND NOT EXISTS (SELECT FROM unnest(f.name[:d.depth]) AS s WHERE starts_with(s, '.'))
                    GROUP BY 1, 2
                )
                SELECT string_agg(concat(_memory_size(s.bytes), E'\t', path, CASE WHEN s.name <> '{}' THEN '/' END, array_to_string(s.name, '/'),
                    CASE WHEN s.is_directory AND s.name <> '{}' THEN '/' END), E'\n' ORDER BY s.name COLLATE "C")
                FROM (SELECT * FROM shown UNION ALL SELECT '{}', true, 0 WHERE NOT EXISTS (SELECT FROM shown)) AS s));
        WHEN 'file' THEN
            v_lines := string_to_array(_memory_file(path, segments, false), E'\n');
            v_lines := CASE WHEN v_lines = '{}' THEN ARRAY[''] ELSE v_lines END;
            IF cardinality(v_lines) > 999999 THEN
                PERFORM _memory_refuse(format('File %s exceeds maximum line limit of 999,999 lines.', path), 'large');
            END IF;
            v_to := cardinality(v_lines);
            IF jsonb_typeof(view_range) = 'array' AND jsonb_array_length(view_range) = 2 THEN
                v_from := greatest(1, (view_range ->> 0)::int);
                v_to := CASE WHEN (view_range ->> 1)::int = -1 THEN v_to WHEN (view_range ->> 1)::int < 0 THEN v_to + (view_range ->> 1)::int ELSE (view_range ->> 1)::int END;
            END IF;
            RETURN concat(format(E'Here''s the content of %s with line numbers:\n', path), (
                SELECT string_agg(concat(lpad(l.n::text, 6), E'\t', l.line), E'\n' ORDER BY l.n)
                FROM unnest(v_lines) WITH ORDINALITY AS l (line, n) WHERE l.n BETWEEN v_from AND v_to));
        ELSE
            PERFORM _memory_refuse(format('The path %s does not exist. Please provide a valid path.', path), 'missing');
    END CASE;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_view(text, text[], jsonb) IS 'A directory, or a file with line numbers.
Errors: P0002 none there, 54000 too many lines.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_view(text, text[], jsonb) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_replace(path text, segments text[], old_str text, new_str text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_content text := _memory_file(path, segments, true);
    v_pieces text[] := CASE WHEN old_str = '' THEN ARRAY[''] ELSE string_to_array(v_content, old_str) END;
    v_lines text[];
    v_line int;
BEGIN
    IF cardinality(v_pieces) <= 1 THEN
        PERFORM _memory_refuse(format('No replacement was performed, old_str `%s` did not appear verbatim in %s.', old_str, path));
    ELSIF cardinality(v_pieces) > 2 THEN
        -- The text before each occurrence: the pieces so far, and what was found between them.
        v_lines := ARRAY(
            SELECT 1 + sum(length(p.piece) - length(replace(p.piece, E'\n', ''))) OVER (ORDER BY p.n) + (p.n - 1) * (length(old_str) - length(replace(old_str, E'\n', '')))
            FROM unnest(v_pieces) WITH ORDINALITY AS p (piece, n) ORDER BY p.n LIMIT least(cardinality(v_pieces) - 1, 1000));
        PERFORM _memory_refuse(format('No replacement was performed. Multiple occurrences of old_str `%s` in lines: %s. Please ensure it is unique',
            old_str, array_to_string(v_lines, ', ')));
    END IF;
    v_content := v_pieces[1] || new_str || v_pieces[2];
    PERFORM _memory_store(segments, v_content);
    v_line := 1 + length(v_pieces[1]) - length(replace(v_pieces[1], E'\n', ''));
    v_lines := string_to_array(v_content, E'\n');
    v_lines := CASE WHEN v_lines = '{}' THEN ARRAY[''] ELSE v_lines END;
    RETURN E'The memory file has been edited. Here is the snippet showing the change (with line numbers):\n' || (
        SELECT string_agg(concat(lpad(n::text, 6), E'\t', v_lines[n]), E'\n' ORDER BY n)
        FROM generate_series(greatest(1, v_line - 2), least(cardinality(v_lines), v_line + 2)) AS n);
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_replace(text, text[], text, text) IS 'Replaces the one place where a text stands in a file.
Errors: P0002 no such file, 22023 a directory, or the text stands there not once.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_replace(text, text[], text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_insert(path text, segments text[], insert_line int, insert_text text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_content text := _memory_file(path, segments, true);
    -- Without the empty tail that a last line break leaves.
    v_lines text[] := string_to_array(regexp_replace(v_content, '\n\Z', ''), E'\n');
BEGIN
    IF v_content = '' OR v_content = E'\n' THEN
        v_lines := CASE v_content WHEN '' THEN '{}' ELSE ARRAY[''] END;
    END IF;
    IF insert_line NOT BETWEEN 0 AND cardinality(v_lines) THEN
        PERFORM _memory_refuse(format('Invalid `insert_line` parameter: %s. It should be within the range [0, %s].', insert_line, cardinality(v_lines)));
    END IF;
    v_lines := v_lines[:insert_line] || rtrim(insert_text, E'\n') || v_lines[insert_line + 1:];
    v_content := array_to_string(v_lines, E'\n');
    PERFORM _memory_store(segments, v_content || CASE WHEN right(v_content, 1) = E'\n' THEN '' ELSE E'\n' END);
    RETURN format('The file %s has been edited.', path);
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_insert(text, text[], integer, text) IS 'Inserts lines after a line of a file.
Errors: P0002 no such file, 22023 a directory, or no such line.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_insert(text, text[], integer, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_create(path text, segments text[], content text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF _memory_kind(segments) IS NOT NULL THEN
        PERFORM _memory_refuse(format('File %s already exists', path), 'there');
    END IF;
    PERFORM _memory_refuse(format('The path /%s is not a directory.', array_to_string(segments[:n], '/')))
    FROM generate_series(2, cardinality(segments) - 1) AS n WHERE _memory_kind(segments[:n]) = 'file';
    BEGIN
        PERFORM item_put(segments[:cardinality(segments) - 1], segments[cardinality(segments)], jsonb_build_object('text', content), index_text => content, expected_version => 0);
    EXCEPTION WHEN SQLSTATE 'LS409' THEN
        -- Another process was faster.
        PERFORM _memory_refuse(format('File %s already exists', path), 'there');
    END;
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_create(text, text[], text) IS 'Stores a new file.
Errors: 23505 it exists, 22023 a file stands where a directory should.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_create(text, text[], text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._memory_rename(old_path text, new_path text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_old constant text[] := _memory_path(old_path);
    v_new constant text[] := _memory_path(new_path);
    v_kind text;
BEGIN
    IF cardinality(v_old) = 1 THEN
        PERFORM _memory_refuse('Cannot rename the /memories directory itself');
    ELSIF _memory_kind(v_new) IS NOT NULL THEN
        PERFORM _memory_refuse(format('The destination %s already exists', new_path), 'there');
    END IF;
    v_kind := _memory_kind(v_old);
    IF v_kind IS NULL THEN
        PERFORM _memory_refuse(format('The path %s does not exist', old_path), 'missing');
    ELSIF v_new[:cardinality(v_old)] = v_old THEN
        PERFORM _memory_refuse(format('The path %s cannot be moved into itself', old_path));
    END IF;
    PERFORM _memory_refuse(format('The path /%s is not a directory.', array_to_string(v_new[:n], '/')))
    FROM generate_series(2, cardinality(v_new) - 1) AS n WHERE _memory_kind(v_new[:n]) = 'file';
    BEGIN
        IF v_kind = 'file' THEN
            IF NOT item_rename(v_old[:cardinality(v_old) - 1], v_old[cardinality(v_old)], v_new[:cardinality(v_new) - 1], v_new[cardinality(v_new)]) THEN
                PERFORM _memory_refuse(format('The path %s does not exist', old_path), 'missing');
            END IF;
        ELSE
            PERFORM namespace_rename(v_old, v_new);
        END IF;
    EXCEPTION WHEN unique_violation THEN
        PERFORM _memory_refuse(format('The destination %s already exists', new_path), 'there');
    END;
    RETURN format('Successfully renamed %s to %s', old_path, new_path);
END
$$;
COMMENT ON FUNCTION llmspell_internal._memory_rename(text, text) IS 'Moves a file or a directory.
Errors: 22023 a path, 23505 the destination exists, P0002 the source does not.';
GRANT EXECUTE ON FUNCTION llmspell_internal._memory_rename(text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.memory_tool(command jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_command constant jsonb := _given(memory_tool.command, 'command');
    v_path text;
    v_segments text[];
BEGIN
    PERFORM _require_tenant();
    IF jsonb_typeof(v_command) <> 'object' THEN
        RAISE EXCEPTION 'command must be an object, not %', jsonb_typeof(v_command) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For instance {"command": "view", "path": "/memories"}.';
    END IF;
    IF v_command ->> 'command' = 'rename' THEN
        RETURN _memory_rename(_memory_argument(v_command, 'old_path'), _memory_argument(v_command, 'new_path'));
    ELSIF v_command ->> 'command' IS NULL OR v_command ->> 'command' NOT IN ('view', 'create', 'str_replace', 'insert', 'delete') THEN
        RAISE EXCEPTION 'unknown command: "%"', left(coalesce(v_command ->> 'command', ''), 60) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Use view, create, str_replace, insert, delete or rename.';
    END IF;
    v_path := _memory_argument(v_command, 'path');
    v_segments := _memory_path(v_path);
    CASE v_command ->> 'command'
        WHEN 'view' THEN
            RETURN _memory_view(v_path, v_segments, v_command -> 'view_range');
        WHEN 'create' THEN
            PERFORM _memory_create(v_path, v_segments, _memory_argument(v_command, 'file_text'));
            RETURN format('File created successfully at: %s', v_path);
        WHEN 'str_replace' THEN
            RETURN _memory_replace(v_path, v_segments, _memory_argument(v_command, 'old_str'), coalesce(v_command ->> 'new_str', ''));
        WHEN 'insert' THEN
            IF jsonb_typeof(v_command -> 'insert_line') IS DISTINCT FROM 'number' THEN
                RAISE EXCEPTION 'insert_line must be a number' USING ERRCODE = 'invalid_parameter_value';
            END IF;
            RETURN _memory_insert(v_path, v_segments, (v_command -> 'insert_line')::int, _memory_argument(v_command, 'insert_text'));
        WHEN 'delete' THEN
            IF cardinality(v_segments) = 1 THEN
                PERFORM _memory_refuse('Cannot delete the /memories directory itself');
            END IF;
            IF NOT item_delete(v_segments[:cardinality(v_segments) - 1], v_segments[cardinality(v_segments)]) AND namespace_delete(v_segments) = 0 THEN
                PERFORM _memory_refuse(format('The path %s does not exist', v_path), 'missing');
            END IF;
            RETURN format('Successfully deleted %s', v_path);
    END CASE;
END
$$;
COMMENT ON FUNCTION llmspell.memory_tool(jsonb) IS 'Runs a command of Anthropic''s memory tool on files under /memories, which are items; its answer as text.
Errors: 42501 no tenant, 22004 an argument missing, 22023 a command or path, or no single place to edit, 23505 the file exists, P0002 it does not, 54000 too large.
Example: SELECT llmspell.memory_tool(''{"command": "create", "path": "/memories/notes.txt", "file_text": "hello\n"}'');';
