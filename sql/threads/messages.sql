-- Messages of a thread, by position. A thread's row is locked by each write, so that positions have no gaps.

CREATE OR REPLACE FUNCTION llmspell_internal._messages_turn(thread_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_count bigint;
BEGIN
    -- A write, not a lock, so that a transaction with an older snapshot fails with 40001.
    UPDATE threads t SET updated_at = now() WHERE t.tenant_id = v_tenant AND t.thread_id = _messages_turn.thread_id
    RETURNING t.message_count INTO v_count;
    RETURN coalesce(v_count, 0);
END
$$;
COMMENT ON FUNCTION llmspell_internal._messages_turn(text) IS 'Takes the turn of writing messages of a thread, and returns the sequence of its last one; 0 for none.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._messages_turn(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._messages_expect(thread_id text, expected_sequence bigint, sequence bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF expected_sequence < 0 THEN
        RAISE EXCEPTION 'expected_sequence must not be negative, got %', expected_sequence
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give 0 for a thread without messages, NULL for any.';
    END IF;
    IF expected_sequence <> sequence THEN
        RAISE EXCEPTION 'thread "%" does not end at the expected sequence', left(thread_id, 100)
            USING ERRCODE = 'LS409', DETAIL = format('expected sequence %s, current sequence %s', expected_sequence, sequence),
                  HINT = 'Read the messages behind the expected sequence, and append with the sequence of the last one.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._messages_expect(text, bigint, bigint) IS 'Compares the sequence that a caller expects of the last message of a thread with the one that it has.
Errors: LS409 another one, 22023 negative.';
GRANT EXECUTE ON FUNCTION llmspell_internal._messages_expect(text, bigint, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.message_append(thread_id text, messages jsonb, expected_sequence bigint DEFAULT NULL, message_ids text[] DEFAULT NULL)
RETURNS TABLE (message_id text, sequence bigint)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_thread constant text := _thread_key(message_append.thread_id);
    v_messages constant jsonb := _given(message_append.messages, 'messages');
    v_last bigint;
    v_taken text;
BEGIN
    IF jsonb_typeof(v_messages) <> 'array' THEN
        RAISE EXCEPTION 'messages must be a JSON array, got %', jsonb_typeof(v_messages) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Put a single message into brackets.';
    END IF;
    PERFORM _json_check(v_messages);
    IF cardinality(message_append.message_ids) <> jsonb_array_length(v_messages) THEN
        RAISE EXCEPTION 'messages and message_ids must have equal length, got % and %', jsonb_array_length(v_messages), cardinality(message_append.message_ids)
            USING ERRCODE = 'array_subscript_error';
    END IF;
    PERFORM _thread_key(v_thread, task_id => _short_text(i.id, 'message_ids', 255)) FROM unnest(message_append.message_ids) AS i (id);
    PERFORM _thread_open(v_thread);
    v_last := _messages_turn(v_thread);
    PERFORM _messages_expect(v_thread, message_append.expected_sequence, v_last);
    SELECT i.id INTO v_taken FROM unnest(message_append.message_ids) AS i (id)
    WHERE (SELECT count(*) FROM unnest(message_append.message_ids) AS o (id) WHERE o.id = i.id) > 1
       OR EXISTS (SELECT FROM thread_messages m WHERE m.tenant_id = v_tenant AND m.thread_id = v_thread AND m.message_id = i.id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'thread "%" has a message "%" already', left(v_thread, 100), left(v_taken, 100)
            USING ERRCODE = 'unique_violation', HINT = 'Change it with message_update, or give the new message an id of its own.';
    END IF;
    RETURN QUERY
    INSERT INTO thread_messages AS m (tenant_id, thread_id, sequence, message_id, message)
    SELECT v_tenant, v_thread, v_last + e.n, coalesce(message_append.message_ids[e.n], uuidv7()::text), e.message
    FROM jsonb_array_elements(v_messages) WITH ORDINALITY AS e (message, n)
    ORDER BY e.n
    RETURNING m.message_id::text, m.sequence;
    UPDATE threads t SET message_count = v_last + jsonb_array_length(v_messages)
    WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread;
END
$$;
COMMENT ON FUNCTION llmspell.message_append(text, jsonb, bigint, text[]) IS 'Appends the messages of a JSON array to a thread, and returns the id and sequence of each.
Errors: 42501 no tenant, LS409 the last message is not at expected_sequence, 23505 an id is taken, 22004 null, 22001 id too long, 22023 no array or negative expected_sequence, 2202E unequal arrays, 54000 too large or too deep.
Example: SELECT sequence FROM llmspell.message_append(''t1'', ''[{"role": "user", "content": "hello"}]'');';

CREATE OR REPLACE FUNCTION llmspell.message_list(thread_id text, newest int DEFAULT NULL, max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS SETOF llmspell_internal.message_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_thread constant text := _given(message_list.thread_id, 'thread_id');
    v_rows constant int := _max_rows(coalesce(message_list.max_rows, 100));
    v_after bigint := 0;
BEGIN
    IF message_list.after IS NOT NULL THEN
        IF message_list.after !~ '^\d{1,18}$' THEN
            RAISE EXCEPTION 'after is not a cursor of this list: "%"', left(message_list.after, 60)
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the cursor of the last row that you got.';
        END IF;
        v_after := message_list.after;
    END IF;
    IF message_list.newest < 0 THEN
        RAISE EXCEPTION 'newest must not be negative, got %', message_list.newest USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF message_list.newest IS NOT NULL THEN
        v_after := greatest(v_after, (SELECT t.message_count FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread) - message_list.newest);
    END IF;
    RETURN QUERY
    SELECT m.sequence, m.message_id::text, m.message, m.created_at, m.updated_at, m.sequence::text FROM thread_messages m
    WHERE m.tenant_id = v_tenant AND m.thread_id = v_thread AND m.sequence > v_after
    ORDER BY m.sequence
    LIMIT v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.message_list(text, integer, integer, text) IS 'Lists the messages of a thread, or its newest ones, in their order.
Errors: 42501 no tenant, 22004 null thread_id, 22023 negative newest or max_rows, or after is no cursor.
Example: SELECT sequence, message FROM llmspell.message_list(''t1'', newest => 20);';

CREATE OR REPLACE FUNCTION llmspell_internal._message_sequence(thread_id text, message_id text, sequence bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    PERFORM _given(_message_sequence.thread_id, 'thread_id');
    IF num_nonnulls(_message_sequence.message_id, _message_sequence.sequence) <> 1 THEN
        RAISE EXCEPTION 'exactly one of message_id and sequence must be given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN coalesce(_message_sequence.sequence, (
        SELECT m.sequence FROM thread_messages m
        WHERE m.tenant_id = v_tenant AND m.thread_id = _message_sequence.thread_id AND m.message_id = _message_sequence.message_id));
END
$$;
COMMENT ON FUNCTION llmspell_internal._message_sequence(text, text, bigint) IS 'The position of a message that is given by its id or sequence; NULL where there is no such id.
Errors: 42501 no tenant, 22004 null thread_id, 22023 not exactly one of id and sequence.';
GRANT EXECUTE ON FUNCTION llmspell_internal._message_sequence(text, text, bigint) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.message_get(thread_id text, message_id text DEFAULT NULL, sequence bigint DEFAULT NULL)
RETURNS SETOF llmspell_internal.message_row
LANGUAGE plpgsql STABLE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_sequence constant bigint := _message_sequence(message_get.thread_id, message_get.message_id, message_get.sequence);
BEGIN
    RETURN QUERY
    SELECT m.sequence, m.message_id::text, m.message, m.created_at, m.updated_at, m.sequence::text FROM thread_messages m
    WHERE m.tenant_id = v_tenant AND m.thread_id = message_get.thread_id AND m.sequence = v_sequence;
END
$$;
COMMENT ON FUNCTION llmspell.message_get(text, text, bigint) IS 'Returns a message by its id or its sequence: one row, or none.
Errors: 42501 no tenant, 22004 null thread_id, 22023 not exactly one of id and sequence.
Example: SELECT message FROM llmspell.message_get(''t1'', sequence => 1);';

CREATE OR REPLACE FUNCTION llmspell.message_update(thread_id text, message jsonb, message_id text DEFAULT NULL, sequence bigint DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_sequence bigint;
BEGIN
    PERFORM _json_check(_given(message_update.message, 'message')), _messages_turn(_given(message_update.thread_id, 'thread_id'));
    v_sequence := _message_sequence(message_update.thread_id, message_update.message_id, message_update.sequence);
    UPDATE thread_messages m SET message = message_update.message, updated_at = now()
    WHERE m.tenant_id = v_tenant AND m.thread_id = message_update.thread_id AND m.sequence = v_sequence;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION llmspell.message_update(text, jsonb, text, bigint) IS 'Replaces a message, which is given by its id or its sequence; true where it is there.
Errors: 42501 no tenant, 22004 null, 22023 not exactly one of id and sequence, 54000 too large or too deep.
Example: SELECT llmspell.message_update(''t1'', ''{"role": "user", "content": "good day"}'', sequence => 1);';

CREATE OR REPLACE FUNCTION llmspell.message_pop(thread_id text, max_rows int DEFAULT 1) RETURNS SETOF llmspell_internal.message_row
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_rows constant int := _max_rows(coalesce(message_pop.max_rows, 1));
    v_last constant bigint := _messages_turn(_given(message_pop.thread_id, 'thread_id'));
BEGIN
    RETURN QUERY
    SELECT m.sequence, m.message_id::text, m.message, m.created_at, m.updated_at, m.sequence::text FROM thread_messages m
    WHERE m.tenant_id = v_tenant AND m.thread_id = message_pop.thread_id AND m.sequence > v_last - v_rows
    ORDER BY m.sequence;
    DELETE FROM thread_messages m
    WHERE m.tenant_id = v_tenant AND m.thread_id = message_pop.thread_id AND m.sequence > v_last - v_rows;
    UPDATE threads t SET message_count = greatest(v_last - v_rows, 0) WHERE t.tenant_id = v_tenant AND t.thread_id = message_pop.thread_id;
END
$$;
COMMENT ON FUNCTION llmspell.message_pop(text, integer) IS 'Takes the last messages off a thread, and returns them in their order.
Errors: 42501 no tenant, 22004 null thread_id, 22023 negative max_rows.
Example: SELECT message FROM llmspell.message_pop(''t1'');';

CREATE OR REPLACE FUNCTION llmspell.message_clear(thread_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_last constant bigint := _messages_turn(_given(message_clear.thread_id, 'thread_id'));
    v_count bigint;
BEGIN
    DELETE FROM thread_messages m WHERE m.tenant_id = v_tenant AND m.thread_id = message_clear.thread_id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE threads t SET message_count = 0 WHERE t.tenant_id = v_tenant AND t.thread_id = message_clear.thread_id AND v_last > 0;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.message_clear(text) IS 'Deletes the messages of a thread, and leaves its checkpoints; returns how many.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.message_clear(''t1'');';
