-- Filling a space: rows that lack a vector are queued, claimed with a lease and a fence, and stored.

-- Arguments: the purpose of the spaces, and the column that names the row. For rows that were added, a statement trigger with
-- the transition table fresh; for a text that changed, a row trigger.
CREATE OR REPLACE FUNCTION llmspell_internal._tg_embedding_queue() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
DECLARE
    v_insert constant text := 'INSERT INTO llmspell.embedding_queue (tenant_id, space, id)
        SELECT f.tenant_id, g.space, f.%I FROM %s f CROSS JOIN llmspell.vector_generations g JOIN llmspell.vector_spaces s ON s.name = g.space
        WHERE g.is_tracked AND s.purpose = $1 ORDER BY g.space, f.%I ON CONFLICT DO NOTHING';
BEGIN
    IF _is_restoring() OR NOT EXISTS (SELECT FROM vector_generations g WHERE g.is_tracked) THEN
        RETURN NULL;
    END IF;
    IF TG_LEVEL = 'ROW' THEN
        EXECUTE format(v_insert, TG_ARGV[1], '(SELECT ($2).*)', TG_ARGV[1]) USING TG_ARGV[0], NEW;
    ELSE
        EXECUTE format(v_insert, TG_ARGV[1], 'fresh', TG_ARGV[1]) USING TG_ARGV[0];
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION llmspell_internal._tg_embedding_queue() IS 'Queues new or changed rows for the spaces of a purpose that are kept complete; mostly there is none.';

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_dequeue(space text, ids uuid[]) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
    DELETE FROM embedding_queue q WHERE q.tenant_id = _require_tenant() AND q.space = _embedding_dequeue.space AND q.id = ANY (_embedding_dequeue.ids)
        AND EXISTS (SELECT FROM vector_generations g WHERE g.space = _embedding_dequeue.space)
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_dequeue(text, uuid[]) IS 'Takes rows that have a vector of a space now out of its queue.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_dequeue(text, uuid[]) TO llmspell_app;

CREATE OR REPLACE FUNCTION llmspell.embedding_pending(space text, max_rows int DEFAULT 100, lease interval DEFAULT '5 minutes')
RETURNS TABLE (id uuid, content text, attempt int, fence bigint, lease_expires_at timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_space constant vector_spaces := _vector_space_named(embedding_pending.space);
    v_now constant timestamptz := clock_timestamp();
    v_until constant timestamptz := v_now + coalesce(_positive(embedding_pending.lease, 'lease'), '5 minutes');
    v_rows constant int := _max_rows(coalesce(embedding_pending.max_rows, 100));
    v_source constant text := _embedding_rows(v_space.name);
    v_ids uuid[];
    v_left int := v_rows;
    v_found int;
    v_is_filled boolean := false;
BEGIN
    WHILE v_left > 0 AND v_source IS NOT NULL LOOP
        v_ids := ARRAY(SELECT q.id FROM embedding_queue q
                       WHERE q.tenant_id = v_tenant AND q.space = v_space.name AND (q.lease_expires_at IS NULL OR q.lease_expires_at <= v_now)
                       ORDER BY q.id LIMIT v_left FOR UPDATE SKIP LOCKED);
        IF cardinality(v_ids) = 0 THEN
            -- Raw statements queue nothing: before there is nothing to do, the rows themselves are asked, once.
            EXIT WHEN v_is_filled OR EXISTS (SELECT FROM embedding_queue q WHERE q.tenant_id = v_tenant AND q.space = v_space.name);
            v_is_filled := true;
            PERFORM _embedding_fill(v_space.name);
            CONTINUE;
        END IF;
        -- The text is remembered by its hash: a vector of an older one is refused. Look-ups by key, as statistics may be old.
        RETURN QUERY EXECUTE format($sql$
            WITH claimed AS (
                UPDATE llmspell.embedding_queue q SET attempt = q.attempt + 1, fence = q.fence + 1, lease_expires_at = $4,
                    content_hash = (SELECT sha256(convert_to(min(s.content), 'UTF8')) FROM (%1$s) AS s WHERE s.id = q.id)
                WHERE q.tenant_id = $1 AND q.space = $3 AND q.id = ANY ($2)
                  AND (SELECT min(s.content) FROM (%1$s) AS s WHERE s.id = q.id) IS NOT NULL
                  AND (SELECT true FROM llmspell.%2$I v WHERE v.tenant_id = $1 AND v.id = q.id) IS NULL
                RETURNING q.id, q.attempt, q.fence, q.lease_expires_at
            )
            SELECT c.id, (SELECT min(s.content) FROM (%1$s) AS s WHERE s.id = c.id), c.attempt, c.fence, c.lease_expires_at FROM claimed c ORDER BY c.id$sql$,
            v_source, v_space.table_name)
        USING v_tenant, v_ids, v_space.name, v_until;
        GET DIAGNOSTICS v_found = ROW_COUNT;
        v_left := v_left - v_found;
        -- The rows that are left have a vector, or are gone.
        DELETE FROM embedding_queue q WHERE q.tenant_id = v_tenant AND q.space = v_space.name AND q.id = ANY (v_ids)
            AND (q.lease_expires_at IS NULL OR q.lease_expires_at <= v_now);
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell.embedding_pending(text, integer, interval) IS 'Claims rows that lack a vector of a space, with their texts, until the lease ends.
Errors: 42501 no tenant, 22004 null, 22023 no such space, max_rows, lease not positive.
Example: SELECT id, fence, content FROM llmspell.embedding_pending(''bge_m3'', 32);';

CREATE OR REPLACE FUNCTION llmspell.embedding_put(space text, ids uuid[], embeddings @extschema:vector@.vector[], fences bigint[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_ids constant uuid[] := _given(embedding_put.ids, 'ids');
    v_count constant int := cardinality(v_ids);
    v_space vector_spaces;
    v_source record;
    v_lost text;
    v_done uuid[] := '{}';
    v_part uuid[];
BEGIN
    PERFORM _given(embedding_put.embeddings, 'embeddings');
    v_space := _vector_space_named(embedding_put.space);
    IF cardinality(embedding_put.embeddings) <> v_count OR cardinality(embedding_put.fences) <> v_count THEN
        RAISE EXCEPTION 'arrays of one call must have one length: ids has %, embeddings has %, fences has %', v_count,
            cardinality(embedding_put.embeddings), coalesce(cardinality(embedding_put.fences)::text, 'none') USING ERRCODE = 'array_subscript_error';
    END IF;
    IF array_position(v_ids, NULL) IS NOT NULL OR array_position(embedding_put.embeddings, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'ids and embeddings must not contain null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM _vector_check_twice(v_ids, NULL);
    PERFORM _vector_space(v_space.name, @extschema:vector@.vector_dims(e), v_space.purpose), _vector_check_length(e, v_space.metric) FROM unnest(embedding_put.embeddings) AS e;
    IF v_space.metric <> 'cosine' AND _vector_has_halves(v_space.name) THEN
        PERFORM _vector_check_half(e) FROM unnest(embedding_put.embeddings) AS e;
    END IF;
    -- In their order, so that two calls wait for each other and never deadlock.
    PERFORM FROM embedding_queue q WHERE q.tenant_id = v_tenant AND q.space = v_space.name AND q.id = ANY (v_ids) ORDER BY q.id FOR UPDATE;
    -- The rows keep their texts until the vectors are stored.
    FOR v_source IN SELECT s.* FROM _embedding_sources(v_space.name) s LOOP
        EXECUTE format('SELECT FROM %s r WHERE r.tenant_id = $1 AND %s = ANY ($2) ORDER BY %s FOR SHARE', v_source.relation, v_source.id, v_source.id) USING v_tenant, v_ids;
    END LOOP;
    IF embedding_put.fences IS NOT NULL THEN
        EXECUTE format(
            'SELECT string_agg(w.id::text, '', '' ORDER BY w.n) FROM unnest($2, $3) WITH ORDINALITY AS w (id, fence, n)
             WHERE (SELECT q.fence = w.fence AND q.content_hash = (SELECT sha256(convert_to(min(s.content), ''UTF8'')) FROM (%s) AS s WHERE s.id = w.id)
                    FROM llmspell.embedding_queue q WHERE q.tenant_id = $1 AND q.space = $4 AND q.id = w.id) IS NOT TRUE',
            coalesce(_embedding_rows(v_space.name), 'SELECT NULL::uuid AS id, NULL::text AS content WHERE $1 IS NULL'))
        INTO v_lost USING v_tenant, v_ids, embedding_put.fences, v_space.name;
        IF v_lost IS NOT NULL THEN
            RAISE EXCEPTION 'the claim of % rows is lost', (SELECT count(*) FROM regexp_split_to_table(v_lost, ', '))
                USING ERRCODE = 'LS409', DETAIL = format('lost: %s', left(v_lost, 1000)),
                      HINT = 'Another worker has claimed them since, their texts have changed, or they are gone: leave them out.';
        END IF;
    END IF;
    FOR v_source IN SELECT s.* FROM _embedding_sources(v_space.name) s LOOP
        EXECUTE format(
            'WITH w AS (INSERT INTO llmspell.%I AS v (tenant_id, id, embedding, %s)
             SELECT $1, w.id, w.embedding, r.* FROM unnest($2, $3) AS w (id, embedding)
             CROSS JOIN LATERAL (SELECT %s FROM %s r WHERE r.tenant_id = $1 AND %s = w.id AND %s LIMIT 1) AS r
             WHERE w.id <> ALL ($4) ORDER BY w.id
             ON CONFLICT (tenant_id, id) DO UPDATE SET embedding = EXCLUDED.embedding, updated_at = now() RETURNING v.id) SELECT array_agg(w.id) FROM w',
            v_space.table_name, v_source.columns, v_source.expressions, v_source.relation, v_source.id, v_source.condition)
        INTO v_part USING v_tenant, v_ids, embedding_put.embeddings, v_done;
        v_done := v_done || v_part;
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            PERFORM _vector_check_made(v_space, v_part);
        END IF;
    END LOOP;
    PERFORM _embedding_dequeue(v_space.name, v_ids);
    RETURN cardinality(v_done);
END
$$;
COMMENT ON FUNCTION llmspell.embedding_put IS 'Stores the vectors of rows in a space, while their claims hold, and returns how many; rows that are gone are left out.
Errors: 42501 no tenant, 22004 null, 2202E arrays of several lengths, 22023 no such space, other dimensions, a vector of zeros, an id given twice, LS409 a claim is lost.
Example: SELECT llmspell.embedding_put(''bge_m3'', ids => $1, embeddings => $2, fences => $3);';

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_work() RETURNS SETOF llmspell_internal._work
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$ VALUES ('embeddings', 'SELECT * FROM _embedding_waiting($1, $2)') $$;
COMMENT ON FUNCTION llmspell_internal._embedding_work() IS 'Rows that lack a vector, by space.';

CREATE OR REPLACE FUNCTION llmspell_internal._embedding_waiting(first_tenant text, max_rows int) RETURNS SETOF llmspell_internal._waiting
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now constant timestamptz := clock_timestamp();
    v_tenant text := first_tenant;
    v_space text := '';
    v_left int := max_rows;
    v_next record;
BEGIN
    LOOP
        SELECT q.tenant_id, q.space INTO v_next FROM embedding_queue q
        WHERE (q.tenant_id, q.space) > (v_tenant, v_space) ORDER BY q.tenant_id, q.space LIMIT 1;
        -- Whole tenants: the next one begins only while rows are wanted.
        EXIT WHEN NOT FOUND OR v_left <= 0 AND v_next.tenant_id <> v_tenant;
        v_tenant := v_next.tenant_id;
        v_space := v_next.space;
        RETURN QUERY
        SELECT v_tenant, v_space, NULL::text, count(*), min(d.queued_at)
        FROM (SELECT q.queued_at FROM embedding_queue q
              WHERE q.tenant_id = v_tenant AND q.space = v_space AND (q.lease_expires_at IS NULL OR q.lease_expires_at <= v_now) ORDER BY q.id LIMIT 1000) AS d
        HAVING count(*) > 0;
        v_left := v_left - CASE WHEN FOUND AND v_tenant <> first_tenant THEN 1 ELSE 0 END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION llmspell_internal._embedding_waiting(text, integer) IS 'Rows that lack a vector and that nobody has claimed, by tenant and space, at most 1,000 of each.';
GRANT EXECUTE ON FUNCTION llmspell_internal._embedding_waiting(text, integer) TO llmspell_tenants;
