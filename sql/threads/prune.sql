-- Copying and deleting threads and checkpoints.

CREATE OR REPLACE FUNCTION llmspell.thread_copy(source_thread_id text, target_thread_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_source threads;
    v_count bigint;
BEGIN
    PERFORM _thread_key(thread_copy.source_thread_id), _thread_key(thread_copy.target_thread_id);
    SELECT t.* INTO v_source FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = thread_copy.source_thread_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM _raise_missing('thread', thread_copy.source_thread_id);
    END IF;
    INSERT INTO threads AS t (tenant_id, thread_id, family_id) VALUES (v_tenant, thread_copy.target_thread_id, v_source.family_id)
    ON CONFLICT (tenant_id, thread_id) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'thread "%" exists already', left(thread_copy.target_thread_id, 100)
            USING ERRCODE = 'unique_violation', HINT = 'Copy to another thread, or delete this one first.';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM _raise_unseen('thread', t.thread_id) FROM threads t
        WHERE t.tenant_id = v_tenant AND t.thread_id = thread_copy.target_thread_id GROUP BY t.thread_id HAVING count(*) > 1;
    END IF;
    INSERT INTO thread_checkpoints (tenant_id, thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, run_id, channels, blob_ids, created_at)
    SELECT c.tenant_id, thread_copy.target_thread_id, c.namespace, c.checkpoint_id, c.parent_id, c.checkpoint, c.metadata, c.run_id, c.channels, c.blob_ids, c.created_at
    FROM thread_checkpoints c WHERE c.tenant_id = v_tenant AND c.thread_id = thread_copy.source_thread_id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM _thread_blobs_check(thread_copy.source_thread_id, v_source.family_id, ARRAY(
        SELECT u.blob_id FROM thread_checkpoints c CROSS JOIN LATERAL unnest(c.blob_ids) AS u (blob_id)
        WHERE c.tenant_id = v_tenant AND c.thread_id = thread_copy.source_thread_id
        UNION
        SELECT w.blob_id FROM thread_writes w WHERE w.tenant_id = v_tenant AND w.thread_id = thread_copy.source_thread_id AND w.blob_id IS NOT NULL));
    INSERT INTO thread_writes (tenant_id, thread_id, namespace, checkpoint_id, task_id, idx, task_path, channel, write_type, value, blob_id)
    SELECT w.tenant_id, thread_copy.target_thread_id, w.namespace, w.checkpoint_id, w.task_id, w.idx, w.task_path, w.channel, w.write_type, w.value, w.blob_id
    FROM thread_writes w WHERE w.tenant_id = v_tenant AND w.thread_id = thread_copy.source_thread_id;
    INSERT INTO thread_messages (tenant_id, thread_id, sequence, message_id, message, created_at, updated_at)
    SELECT m.tenant_id, thread_copy.target_thread_id, m.sequence, m.message_id, m.message, m.created_at, m.updated_at
    FROM thread_messages m WHERE m.tenant_id = v_tenant AND m.thread_id = thread_copy.source_thread_id;
    UPDATE threads t
    SET message_count = (SELECT coalesce(max(m.sequence), 0) FROM thread_messages m WHERE m.tenant_id = v_tenant AND m.thread_id = thread_copy.target_thread_id)
    WHERE t.tenant_id = v_tenant AND t.thread_id = thread_copy.target_thread_id AND v_source.message_count > 0;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.thread_copy(text, text) IS 'Copies a thread to a new one, which shares the blobs of the first; returns the number of checkpoints.
Errors: 42501 no tenant, P0002 no such thread, 23505 the other one exists, 22004 null, 22001 id too long.
Example: SELECT llmspell.thread_copy(''t1'', ''t2'');';

CREATE OR REPLACE FUNCTION llmspell.thread_delete(thread_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_thread constant text := _given(thread_delete.thread_id, 'thread_id');
    v_family uuid;
BEGIN
    SELECT t.family_id INTO v_family FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM thread_checkpoints c WHERE c.tenant_id = v_tenant AND c.thread_id = v_thread;
    DELETE FROM thread_writes w WHERE w.tenant_id = v_tenant AND w.thread_id = v_thread;
    DELETE FROM thread_messages m WHERE m.tenant_id = v_tenant AND m.thread_id = v_thread;
    IF NOT _thread_is_empty(v_thread) THEN
        RAISE EXCEPTION 'could not serialize access: thread "%" was written meanwhile', left(v_thread, 100)
            USING ERRCODE = 'serialization_failure', HINT = 'Run the transaction again.';
    END IF;
    PERFORM _thread_collect(v_family, v_thread);
    DELETE FROM threads t WHERE t.tenant_id = v_tenant AND t.thread_id = v_thread;
    RETURN true;
END
$$;
COMMENT ON FUNCTION llmspell.thread_delete(text) IS 'Deletes a thread with its checkpoints, writes and messages; true where it existed.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.thread_delete(''t1'');';

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoints_drop(thread_id text, namespace text, checkpoint_ids text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_count bigint;
    v_child record;
    v_parent text;
BEGIN
    -- A checkpoint that stays gets its nearest ancestor that stays as its parent.
    FOR v_child IN
        SELECT c.checkpoint_id, c.parent_id FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoints_drop.thread_id AND c.namespace = _checkpoints_drop.namespace
          AND c.parent_id = ANY (checkpoint_ids) AND c.checkpoint_id <> ALL (checkpoint_ids)
    LOOP
        v_parent := v_child.parent_id;
        -- A circle of parents ends here as well.
        FOR v_step IN 1..cardinality(checkpoint_ids) LOOP
            EXIT WHEN v_parent IS NULL OR v_parent <> ALL (checkpoint_ids);
            SELECT c.parent_id INTO v_parent FROM thread_checkpoints c
            WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoints_drop.thread_id AND c.namespace = _checkpoints_drop.namespace AND c.checkpoint_id = v_parent;
        END LOOP;
        UPDATE thread_checkpoints c SET parent_id = CASE WHEN v_parent <> ALL (checkpoint_ids) THEN v_parent END
        WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoints_drop.thread_id AND c.namespace = _checkpoints_drop.namespace AND c.checkpoint_id = v_child.checkpoint_id;
    END LOOP;
    DELETE FROM thread_checkpoints c
    WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoints_drop.thread_id AND c.namespace = _checkpoints_drop.namespace AND c.checkpoint_id = ANY (checkpoint_ids);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    DELETE FROM thread_writes w
    WHERE w.tenant_id = v_tenant AND w.thread_id = _checkpoints_drop.thread_id AND w.namespace = _checkpoints_drop.namespace AND w.checkpoint_id = ANY (checkpoint_ids);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoints_drop(text, text, text[]) IS 'Deletes checkpoints of a namespace with their writes, and gives their children their nearest ancestor that stays.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoints_drop(text, text, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.thread_delete_runs(run_ids text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_runs constant text[] := _given(thread_delete_runs.run_ids, 'run_ids');
    v_thread record;
    v_part record;
    v_count bigint := 0;
BEGIN
    FOR v_thread IN
        SELECT t.thread_id, t.family_id FROM threads t
        WHERE t.tenant_id = v_tenant AND t.thread_id = ANY (ARRAY(SELECT DISTINCT c.thread_id FROM thread_checkpoints c WHERE c.tenant_id = v_tenant AND c.run_id = ANY (v_runs)))
        ORDER BY t.thread_id FOR UPDATE
    LOOP
        FOR v_part IN
            SELECT c.namespace, array_agg(c.checkpoint_id::text) AS ids FROM thread_checkpoints c
            WHERE c.tenant_id = v_tenant AND c.run_id = ANY (v_runs) AND c.thread_id = v_thread.thread_id
            GROUP BY c.namespace
        LOOP
            v_count := v_count + _checkpoints_drop(v_thread.thread_id, v_part.namespace, v_part.ids);
        END LOOP;
        PERFORM _thread_collect(v_thread.family_id, v_thread.thread_id);
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.thread_delete_runs(text[]) IS 'Deletes the checkpoints whose metadata has one of these run_ids, with their writes, in all threads; returns how many.
Errors: 42501 no tenant, 22004 null.
Example: SELECT llmspell.thread_delete_runs(''{run-1}'');';

-- A delta channel stores what changed, as writes; its value is found by going back to the last checkpoint that has it whole.
CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_needs(thread_id text, namespace text, checkpoint_id text) RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_next text := checkpoint_id;
    v_open text[];
    v_row record;
    v_seen jsonb := '{}';
BEGIN
    WHILE v_next IS NOT NULL AND NOT v_seen ? v_next LOOP
        SELECT c.parent_id, c.metadata, c.channels INTO v_row FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoint_needs.thread_id AND c.namespace = _checkpoint_needs.namespace AND c.checkpoint_id = v_next;
        EXIT WHEN NOT FOUND;
        RETURN NEXT v_next;
        v_seen := v_seen || jsonb_build_object(v_next, true);
        IF v_open IS NULL THEN
            v_open := CASE WHEN jsonb_typeof(v_row.metadata -> 'counters_since_delta_snapshot') = 'object'
                          THEN ARRAY(SELECT jsonb_object_keys(v_row.metadata -> 'counters_since_delta_snapshot')) ELSE '{}' END;
        END IF;
        v_open := ARRAY(SELECT o.channel FROM unnest(v_open) AS o (channel) WHERE o.channel <> ALL (v_row.channels));
        EXIT WHEN cardinality(v_open) = 0;
        v_next := v_row.parent_id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_needs(text, text, text) IS 'A checkpoint and the ancestors that the values of its delta channels are made of.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_needs(text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_prune_one(thread_id text, keep_last int, before timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_root text[];
    v_space record;
    v_goes text[];
    v_count bigint := 0;
BEGIN
    -- The graph itself comes first; a call of a subgraph goes with the checkpoint of the graph that it belongs to.
    FOR v_space IN
        SELECT c.namespace, array_agg(c.checkpoint_id::text ORDER BY c.checkpoint_id DESC) AS ids,
            array_agg(c.checkpoint_id::text ORDER BY c.checkpoint_id DESC) FILTER (WHERE c.created_at < _thread_prune_one.before) AS aged,
            (array_agg(c.metadata -> 'parents' ->> '' ORDER BY c.checkpoint_id DESC))[1] AS caller
        FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.thread_id = _thread_prune_one.thread_id
        GROUP BY c.namespace
        ORDER BY c.namespace
    LOOP
        IF v_space.namespace <> '' AND position(':' IN v_space.namespace) > 0 AND v_space.caller = ANY (v_root) THEN
            v_goes := v_space.ids;
        ELSE
            v_goes := v_space.ids[_thread_prune_one.keep_last + 1:];
            IF _thread_prune_one.before IS NOT NULL THEN
                v_goes := ARRAY(SELECT unnest(v_goes) INTERSECT SELECT unnest(v_space.aged));
            END IF;
            v_goes := ARRAY(SELECT unnest(v_goes)
                            EXCEPT
                            SELECT n.id FROM (SELECT unnest(v_space.ids) EXCEPT SELECT unnest(v_goes)) AS s (id)
                            CROSS JOIN LATERAL _checkpoint_needs(_thread_prune_one.thread_id, v_space.namespace, s.id) AS n (id));
        END IF;
        IF v_space.namespace = '' THEN
            v_root := v_goes;
        END IF;
        CONTINUE WHEN cardinality(v_goes) = 0;
        v_count := v_count + _checkpoints_drop(_thread_prune_one.thread_id, v_space.namespace, v_goes);
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell_internal._thread_prune_one(text, integer, timestamptz) IS 'Prunes each namespace of a locked thread.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_prune_one(text, integer, timestamptz) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.thread_prune(thread_ids text[] DEFAULT NULL, strategy text DEFAULT 'keep_latest', keep_last int DEFAULT NULL, older_than interval DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_strategy constant text := lower(coalesce(thread_prune.strategy, 'keep_latest'));
    v_keep int := coalesce(thread_prune.keep_last, 1);
    v_before constant timestamptz := statement_timestamp() - _positive(thread_prune.older_than, 'older_than');
    v_thread record;
    v_dropped bigint;
    v_count bigint := 0;
BEGIN
    IF v_strategy NOT IN ('keep_latest', 'delete') THEN
        RAISE EXCEPTION 'unknown strategy "%"', left(thread_prune.strategy, 60) USING ERRCODE = 'invalid_parameter_value', HINT = 'Use keep_latest or delete.';
    END IF;
    IF v_keep < 0 THEN
        RAISE EXCEPTION 'keep_last must not be negative, got %', thread_prune.keep_last USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF v_strategy = 'delete' THEN
        IF thread_prune.keep_last IS NOT NULL OR thread_prune.thread_ids IS NULL AND v_before IS NULL THEN
            RAISE EXCEPTION 'strategy delete takes thread_ids or older_than, and no keep_last' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        v_keep := 0;
    END IF;
    FOR v_thread IN
        SELECT t.thread_id, t.family_id, t.message_count FROM threads t
        WHERE t.tenant_id = v_tenant AND (thread_prune.thread_ids IS NULL OR t.thread_id = ANY (thread_prune.thread_ids))
        ORDER BY t.thread_id FOR UPDATE
    LOOP
        v_dropped := _thread_prune_one(v_thread.thread_id, v_keep, v_before);
        CONTINUE WHEN v_dropped = 0;
        v_count := v_count + v_dropped;
        IF v_strategy = 'delete' AND v_thread.message_count = 0 AND _thread_is_empty(v_thread.thread_id) THEN
            PERFORM thread_delete(v_thread.thread_id);
        ELSE
            PERFORM _thread_collect(v_thread.family_id, v_thread.thread_id);
        END IF;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.thread_prune(text[], text, integer, interval) IS 'Deletes checkpoints but the newest keep_last of each namespace, and what they need; returns how many.
Errors: 42501 no tenant, 22023 unknown strategy, or an argument out of range or without what it needs, 22008 beyond the last timestamp.
Example: SELECT llmspell.thread_prune(''{t1}'', keep_last => 10);';
