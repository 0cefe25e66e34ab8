-- Writing checkpoints and pending writes.

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_expect(thread_id text, namespace text, checkpoint_id text, expected_parent text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_latest record;
BEGIN
    -- Those who expect something come one after the other; a write, so that REPEATABLE READ notices as well.
    UPDATE threads t SET updated_at = t.updated_at
    WHERE t.tenant_id = v_tenant AND t.thread_id = _checkpoint_expect.thread_id;
    SELECT c.checkpoint_id, c.parent_id INTO v_latest FROM thread_checkpoints c
    WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoint_expect.thread_id AND c.namespace = _checkpoint_expect.namespace
    ORDER BY c.checkpoint_id DESC
    LIMIT 1;
    -- The same call again finds its own checkpoint.
    IF coalesce(v_latest.checkpoint_id, '') <> _checkpoint_expect.expected_parent
        AND (v_latest.checkpoint_id, coalesce(v_latest.parent_id, '')) IS DISTINCT FROM (_checkpoint_expect.checkpoint_id, _checkpoint_expect.expected_parent)
    THEN
        RAISE EXCEPTION 'thread "%" does not have the expected latest checkpoint', left(_checkpoint_expect.thread_id, 100)
            USING ERRCODE = 'LS409',
                  DETAIL = format('expected checkpoint "%s", latest checkpoint "%s"', left(_checkpoint_expect.expected_parent, 100), left(v_latest.checkpoint_id, 100)),
                  HINT = 'Read the latest checkpoint, apply the change to it, and write with it as the parent.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_expect(text, text, text, text) IS 'Checks which checkpoint of a namespace is the latest; empty for none.
Errors: 42501 no tenant, LS409 another one.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_expect(text, text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.checkpoint_put(thread_id text, namespace text, checkpoint_id text, parent_id text, checkpoint jsonb,
                                        metadata jsonb DEFAULT NULL, channels text[] DEFAULT NULL, channel_types text[] DEFAULT NULL,
                                        channel_values bytea[] DEFAULT NULL, expected_parent text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Planned once, and for an index whatever the size of the table is by then: planning takes as long as all else.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_namespace constant text := coalesce(checkpoint_put.namespace, '');
    v_metadata constant jsonb := coalesce(checkpoint_put.metadata, '{}');
    v_given constant text[] := coalesce(checkpoint_put.channels, '{}');
    v_versions constant jsonb := checkpoint_put.checkpoint -> 'channel_versions';
    v_run constant text := v_metadata ->> 'run_id';
    v_family uuid;
    v_parent record;
    v_channels text[];
    v_blobs uuid[];
    v_replaced uuid[];
    v_created boolean;
BEGIN
    PERFORM _thread_key(checkpoint_put.thread_id, v_namespace, checkpoint_put.checkpoint_id), _json_check(_given(checkpoint_put.checkpoint, 'checkpoint')), _json_check(v_metadata),
        _short_text(coalesce(checkpoint_put.parent_id, ''), 'parent_id', 255);
    PERFORM _checkpoint_channels_check(v_given, coalesce(checkpoint_put.channel_types, '{}'), coalesce(checkpoint_put.channel_values, '{}'));
    v_family := _thread_open(checkpoint_put.thread_id);
    IF checkpoint_put.expected_parent IS NOT NULL THEN
        PERFORM _checkpoint_expect(checkpoint_put.thread_id, v_namespace, checkpoint_put.checkpoint_id, checkpoint_put.expected_parent);
    END IF;
    SELECT c.checkpoint -> 'channel_versions' AS versions, c.channels, c.blob_ids INTO v_parent FROM thread_checkpoints c
    WHERE c.tenant_id = v_tenant AND c.thread_id = checkpoint_put.thread_id AND c.namespace = v_namespace AND c.checkpoint_id = checkpoint_put.parent_id;
    -- The channels that the parent has in the same version, and those that were given, beside the parent's version of them.
    SELECT array_agg(n.channel ORDER BY n.channel COLLATE "C"), array_agg(n.blob_id ORDER BY n.channel COLLATE "C") INTO v_channels, v_blobs
    FROM (
        SELECT p.channel, p.blob_id FROM unnest(v_parent.channels, v_parent.blob_ids) AS p (channel, blob_id)
        WHERE v_versions ->> p.channel = v_parent.versions ->> p.channel AND p.channel <> ALL (v_given)
        UNION ALL
        SELECT g.channel, _thread_blob_add(v_family, v_parent.blob_ids[array_position(v_parent.channels, g.channel)], g.type, g.value)
        FROM unnest(v_given, checkpoint_put.channel_types, checkpoint_put.channel_values) AS g (channel, type, value)
        WHERE g.value IS NOT NULL
        UNION ALL
        SELECT o.channel, o.blob_id
        FROM _checkpoint_older(checkpoint_put.thread_id, v_namespace, checkpoint_put.checkpoint, v_parent.versions, v_given) AS o
    ) AS n;
    PERFORM _thread_blobs_check(checkpoint_put.thread_id, v_family, v_blobs);
    INSERT INTO thread_checkpoints AS c (tenant_id, thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, run_id, channels, blob_ids)
    VALUES (v_tenant, checkpoint_put.thread_id, v_namespace, checkpoint_put.checkpoint_id, checkpoint_put.parent_id, checkpoint_put.checkpoint, v_metadata,
            CASE WHEN octet_length(v_run) <= 1000 THEN v_run END, coalesce(v_channels, '{}'), coalesce(v_blobs, '{}'))
    ON CONFLICT (tenant_id, thread_id, namespace, checkpoint_id) DO UPDATE
    SET parent_id = EXCLUDED.parent_id, checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata, run_id = EXCLUDED.run_id,
        channels = EXCLUDED.channels, blob_ids = EXCLUDED.blob_ids
    RETURNING old.blob_ids, old.checkpoint_id IS NULL INTO v_replaced, v_created;
    IF NOT v_created AND v_replaced IS DISTINCT FROM coalesce(v_blobs, '{}') THEN
        INSERT INTO thread_garbage (tenant_id, family_id) VALUES (v_tenant, v_family);
    END IF;
    RETURN v_created;
END
$$;
COMMENT ON FUNCTION llmspell.checkpoint_put(text, text, text, text, jsonb, jsonb, text[], text[], bytea[], text) IS 'Stores a checkpoint; the values given are stored, those of its other channels are found by version. True if new.
Errors: 42501 no tenant, LS409 the latest checkpoint is not expected_parent, 22004 null, 22001 id too long, 22023 a channel twice, 2202E unequal arrays, 54000 too large.
Example: SELECT llmspell.checkpoint_put(''t1'', '''', ''c1'', NULL, ''{"channel_versions": {"messages": 1}}'', channels => ''{messages}'', channel_types => ''{json}'', channel_values => ARRAY[''[]''::bytea]);';

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_channels_check(channels text[], channel_types text[], channel_values bytea[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_twice text;
BEGIN
    IF cardinality(channels) <> cardinality(channel_types) OR cardinality(channels) <> cardinality(channel_values) THEN
        RAISE EXCEPTION 'channels, channel_types and channel_values must have equal length, got %, % and %',
            cardinality(channels), cardinality(channel_types), cardinality(channel_values) USING ERRCODE = 'array_subscript_error';
    END IF;
    PERFORM _given(c.channel, 'channels'), CASE WHEN c.value IS NOT NULL THEN _given(c.type, 'channel_types') END, _storable(c.value, 'channel_values')
    FROM unnest(channels, channel_types, channel_values) AS c (channel, type, value);
    IF cardinality(channels) < 2 THEN
        RETURN;
    END IF;
    SELECT c.channel INTO v_twice FROM unnest(channels) AS c (channel) GROUP BY c.channel HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'channel "%" is given twice', left(v_twice, 100) USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_channels_check(text[], text[], bytea[]) IS 'Checks the values of channels.
Errors: 22004 null, 22023 a channel twice, 2202E unequal length, 54000 a value over 128 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_channels_check(text[], text[], bytea[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._checkpoint_older(thread_id text, namespace text, checkpoint jsonb, parent_versions jsonb, given text[])
RETURNS TABLE (channel text, blob_id uuid)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_version record;
BEGIN
    IF jsonb_typeof(checkpoint -> 'channel_versions') IS DISTINCT FROM 'object' THEN
        RETURN;
    END IF;
    FOR v_version IN
        SELECT v.key, v.value FROM jsonb_each_text(checkpoint -> 'channel_versions') AS v
        WHERE v.key <> ALL (given) AND v.value IS DISTINCT FROM parent_versions ->> v.key
          AND NOT coalesce(checkpoint -> 'channel_values' ? v.key, false)
    LOOP
        RETURN QUERY
        SELECT v_version.key, c.blob_ids[array_position(c.channels, v_version.key)] FROM thread_checkpoints c
        WHERE c.tenant_id = v_tenant AND c.thread_id = _checkpoint_older.thread_id AND c.namespace = _checkpoint_older.namespace
          AND v_version.key = ANY (c.channels) AND c.checkpoint -> 'channel_versions' ->> v_version.key = v_version.value
        ORDER BY c.checkpoint_id DESC
        LIMIT 1;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._checkpoint_older(text, text, jsonb, jsonb, text[]) IS 'Blobs of channels that are neither given nor the parent''s, by their versions in other checkpoints of the namespace.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._checkpoint_older(text, text, jsonb, jsonb, text[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.checkpoint_writes_put(thread_id text, namespace text, checkpoint_id text, task_id text, channels text[],
                                               write_types text[], write_values bytea[], indexes int[] DEFAULT NULL, task_path text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
-- Planned once, and for an index whatever the size of the table is by then: planning takes as long as all else.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_namespace constant text := coalesce(checkpoint_writes_put.namespace, '');
    v_indexes int[] := checkpoint_writes_put.indexes;
    v_family uuid;
    v_replaced uuid;
    v_count bigint := 0;
    v_garbage boolean := false;
BEGIN
    PERFORM _thread_key(checkpoint_writes_put.thread_id, v_namespace, checkpoint_writes_put.checkpoint_id, checkpoint_writes_put.task_id);
    PERFORM _given(checkpoint_writes_put.channels, 'channels'), _given(checkpoint_writes_put.write_types, 'write_types'), _given(checkpoint_writes_put.write_values, 'write_values');
    v_indexes := coalesce(v_indexes, ARRAY(SELECT generate_series(0, cardinality(checkpoint_writes_put.channels) - 1)));
    IF cardinality(checkpoint_writes_put.channels) <> ALL (ARRAY[cardinality(checkpoint_writes_put.write_types), cardinality(checkpoint_writes_put.write_values), cardinality(v_indexes)]) THEN
        RAISE EXCEPTION 'channels, write_types, write_values and indexes must have equal length, got %, %, % and %', cardinality(checkpoint_writes_put.channels),
            cardinality(checkpoint_writes_put.write_types), cardinality(checkpoint_writes_put.write_values), cardinality(v_indexes) USING ERRCODE = 'array_subscript_error';
    END IF;
    PERFORM _given(w.channel, 'channels'), _given(w.type, 'write_types'), _storable(_given(w.value, 'write_values'), 'write_values'), _given(w.idx, 'indexes')
    FROM unnest(checkpoint_writes_put.channels, checkpoint_writes_put.write_types, checkpoint_writes_put.write_values, v_indexes) AS w (channel, type, value, idx);
    v_family := _thread_open(checkpoint_writes_put.thread_id);
    FOR v_replaced IN
        INSERT INTO thread_writes AS w (tenant_id, thread_id, namespace, checkpoint_id, task_id, idx, task_path, channel, write_type, value, blob_id)
        SELECT v_tenant, checkpoint_writes_put.thread_id, v_namespace, checkpoint_writes_put.checkpoint_id, checkpoint_writes_put.task_id, n.idx,
            coalesce(checkpoint_writes_put.task_path, ''), n.channel, n.type, CASE WHEN octet_length(n.value) < 1024 THEN n.value END,
            CASE WHEN octet_length(n.value) >= 1024 THEN _thread_blob_add(v_family, NULL, n.type, n.value) END
        FROM (SELECT DISTINCT ON (g.idx) g.* FROM unnest(checkpoint_writes_put.channels, checkpoint_writes_put.write_types, checkpoint_writes_put.write_values, v_indexes)
                  WITH ORDINALITY AS g (channel, type, value, idx, place)
              ORDER BY g.idx, CASE WHEN g.idx < 0 THEN -g.place ELSE g.place END) AS n
        ORDER BY n.idx
        ON CONFLICT (tenant_id, thread_id, namespace, checkpoint_id, task_id, idx) DO UPDATE
        SET task_path = EXCLUDED.task_path, channel = EXCLUDED.channel, write_type = EXCLUDED.write_type, value = EXCLUDED.value, blob_id = EXCLUDED.blob_id
        -- A task's writes stay as they were first; its end, an error or an interrupt, is replaced.
        WHERE w.idx < 0
        RETURNING old.blob_id
    LOOP
        v_count := v_count + 1;
        v_garbage := v_garbage OR v_replaced IS NOT NULL;
    END LOOP;
    -- Values of writes that were there already may have been stored for nothing.
    IF v_garbage OR v_count < cardinality(v_indexes) THEN
        INSERT INTO thread_garbage (tenant_id, family_id) VALUES (v_tenant, v_family);
    END IF;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION llmspell.checkpoint_writes_put(text, text, text, text, text[], text[], bytea[], int[], text) IS 'Stores what a task wrote after a checkpoint; what is there stays, or is replaced where its index is below 0.
Errors: 42501 no tenant, 22004 null, 22001 id too long, 2202E unequal arrays, 54000 too large.
Example: SELECT llmspell.checkpoint_writes_put(''t1'', '''', ''c1'', ''task-1'', ''{messages}'', ''{json}'', ARRAY[''[]''::bytea]);';
