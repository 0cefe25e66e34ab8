-- Shared by the functions of threads: keys, the row of a thread, and its blobs.

CREATE OR REPLACE FUNCTION llmspell_internal._thread_blob_add(family_id uuid, former uuid, blob_type text, value bytea) RETURNS uuid
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_thread_blob_add_wrapper';
COMMENT ON FUNCTION llmspell_internal._thread_blob_add(uuid, uuid, text, bytea) IS 'Stores a value, beside its former version where there is one and that pays, and returns the id of its blob.
Errors: 42501 no tenant, 22004 null, 54000 over 128 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_blob_add(uuid, uuid, text, bytea) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_blobs_get(family_id uuid, blob_ids uuid[]) RETURNS TABLE (blob_types text[], blob_values bytea[])
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 1
AS 'MODULE_PATHNAME', '_thread_blobs_get_wrapper';
COMMENT ON FUNCTION llmspell_internal._thread_blobs_get(uuid, uuid[]) IS 'The types and values of blobs, in the order of their ids.
Errors: 42501 no tenant, XX001 one is missing or damaged, 54000 over 256 MiB.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_blobs_get(uuid, uuid[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_blob_get(family_id uuid, blob_id uuid) RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '_thread_blob_get_wrapper';
COMMENT ON FUNCTION llmspell_internal._thread_blob_get(uuid, uuid) IS 'The value of a blob.
Errors: 42501 no tenant, XX001 it is missing or damaged.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_blob_get(uuid, uuid) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_blobs_unused(family_id uuid, only_thread text) RETURNS uuid[]
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_thread_blobs_unused_wrapper';
COMMENT ON FUNCTION llmspell_internal._thread_blobs_unused(uuid, text) IS 'The blobs of a family that nobody uses; NULL where only_thread is given and there are other threads.
Errors: 42501 no tenant, 22004 null family_id.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_blobs_unused(uuid, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_is_empty(thread_id text) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_thread_is_empty_wrapper';
COMMENT ON FUNCTION llmspell_internal._thread_is_empty(text) IS 'Whether a thread has no checkpoint, write or message, also of those that an older snapshot hides.
Errors: 42501 no tenant, 22004 null.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_is_empty(text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_blobs_exist(family_id uuid, blob_ids uuid[]) RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '_thread_blobs_exist_wrapper';
COMMENT ON FUNCTION llmspell_internal._thread_blobs_exist(uuid, uuid[]) IS 'Whether blobs are there, whatever an older snapshot shows.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_blobs_exist(uuid, uuid[]) TO llmspell_app;

-- The thread is locked, so what is there stays. Below REPEATABLE READ the statement that found the blobs saw that.
CREATE OR REPLACE FUNCTION llmspell_internal._thread_blobs_check(thread_id text, family_id uuid, blob_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' AND NOT _thread_blobs_exist(family_id, blob_ids) THEN
        RAISE EXCEPTION 'could not serialize access: thread "%" was pruned meanwhile', left(thread_id, 100)
            USING ERRCODE = 'serialization_failure', HINT = 'Run the transaction again.';
    END IF;
END
$$;
COMMENT ON FUNCTION llmspell_internal._thread_blobs_check(text, uuid, uuid[]) IS 'Refuses blobs that are shown by an older snapshot only.
Errors: 42501 no tenant, 40001.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_blobs_check(text, uuid, uuid[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_key(thread_id text, namespace text DEFAULT '', checkpoint_id text DEFAULT '', task_id text DEFAULT '')
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
BEGIN
    PERFORM _short_text(thread_id, 'thread_id', 255), _short_text(namespace, 'namespace', 1000),
        _short_text(checkpoint_id, 'checkpoint_id', 255), _short_text(task_id, 'task_id', 255);
    -- Beside the longest tenant they fit into an index.
    IF octet_length(thread_id) + octet_length(namespace) + octet_length(checkpoint_id) + octet_length(task_id) > 1500 THEN
        RAISE EXCEPTION 'the ids of a row have at most 1500 bytes together, those of thread "%" have %', left(thread_id, 60),
            octet_length(thread_id) + octet_length(namespace) + octet_length(checkpoint_id) + octet_length(task_id)
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Use a hash of what does not fit.';
    END IF;
    RETURN thread_id;
END
$$;
COMMENT ON FUNCTION llmspell_internal._thread_key(text, text, text, text) IS 'Returns the id of a thread, after a check of all ids of a row.
Errors: 22004 null, 22001 too long, 54000 over 1,500 bytes together.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_key(text, text, text, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell_internal._thread_open(thread_id text) RETURNS uuid
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_family uuid;
BEGIN
    LOOP
        SELECT t.family_id INTO v_family FROM threads t
        WHERE t.tenant_id = v_tenant AND t.thread_id = _thread_open.thread_id FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO threads AS t (tenant_id, thread_id) VALUES (v_tenant, _thread_open.thread_id)
        ON CONFLICT (tenant_id, thread_id) DO NOTHING RETURNING t.family_id INTO v_family;
        EXIT WHEN FOUND;
        -- Another session made the thread meanwhile.
    END LOOP;
    RETURN v_family;
END
$$;
COMMENT ON FUNCTION llmspell_internal._thread_open(text) IS 'Makes a thread where there is none, locks it against its deletion and against thread_gc, and returns its family.
Errors: 42501 no tenant.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_open(text) TO llmspell_app;

-- Only the own thread is locked: waiting for its copies could end in a deadlock of calls on other threads.
CREATE OR REPLACE FUNCTION llmspell_internal._thread_collect(family_id uuid, only_thread text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_unused constant uuid[] := _thread_blobs_unused(_thread_collect.family_id, _thread_collect.only_thread);
BEGIN
    IF v_unused IS NULL THEN
        INSERT INTO thread_garbage (tenant_id, family_id) VALUES (v_tenant, _thread_collect.family_id);
        RETURN 0;
    END IF;
    DELETE FROM thread_blobs b
    WHERE b.tenant_id = v_tenant AND b.family_id = _thread_collect.family_id AND b.blob_id = ANY (v_unused);
    RETURN cardinality(v_unused);
END
$$;
COMMENT ON FUNCTION llmspell_internal._thread_collect(uuid, text) IS 'Deletes unused blobs of a locked family, or of a locked thread without copies; with copies, leaves them to thread_gc.
Errors: 42501 no tenant, 22004 null family_id.';
GRANT EXECUTE ON FUNCTION llmspell_internal._thread_collect(uuid, text) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.thread_gc(max_rows int DEFAULT 1000) RETURNS TABLE (families bigint, blobs bigint)
LANGUAGE plpgsql VOLATILE ROWS 1
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_family uuid;
    v_locked bigint;
BEGIN
    families := 0;
    blobs := 0;
    FOR v_family IN
        SELECT DISTINCT g.family_id FROM thread_garbage g WHERE g.tenant_id = v_tenant
        ORDER BY 1 LIMIT _max_rows(coalesce(thread_gc.max_rows, 1000))
    LOOP
        -- Nobody waits here: a family whose threads are being written is left for the next time.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM threads t WHERE t.tenant_id = v_tenant AND t.family_id = v_family FOR UPDATE SKIP LOCKED) AS l;
        CONTINUE WHEN v_locked < (SELECT count(*) FROM threads t WHERE t.tenant_id = v_tenant AND t.family_id = v_family);
        DELETE FROM thread_garbage g WHERE g.tenant_id = v_tenant AND g.family_id = v_family;
        blobs := thread_gc.blobs + _thread_collect(v_family);
        families := thread_gc.families + 1;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION llmspell.thread_gc(integer) IS 'Deletes blobs that no thread uses any more, of at most max_rows families of threads, and returns how many.
Errors: 42501 no tenant, 22023 negative max_rows.
Example: SELECT * FROM llmspell.thread_gc();';
