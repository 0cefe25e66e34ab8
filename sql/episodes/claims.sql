-- Processing episodes: claims with a lease and a fence.

CREATE OR REPLACE FUNCTION llmspell.episode_claim(session_id text DEFAULT NULL, max_rows int DEFAULT 100, lease interval DEFAULT '5 minutes')
RETURNS SETOF llmspell_internal.episode_claim
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_now constant timestamptz := clock_timestamp();
    v_until constant timestamptz := v_now + coalesce(_positive(episode_claim.lease, 'lease'), '5 minutes');
BEGIN
    -- The condition stands in the text, as each of the two orders has its own index.
    RETURN QUERY EXECUTE format($sql$
        WITH free AS MATERIALIZED (
            SELECT f.id FROM %s (
                SELECT e.id, e.occurred_at, e.recorded_at FROM llmspell.episodes e
                WHERE e.tenant_id = $1 AND e.processed_at IS NULL %s AND (e.lease_expires_at IS NULL OR e.lease_expires_at <= $3)
                ORDER BY e.occurred_at, e.recorded_at, e.id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED) AS f
            ORDER BY f.occurred_at, f.recorded_at, f.id LIMIT $4
        ), claimed AS (
            UPDATE llmspell.episodes e SET attempt = e.attempt + 1, fence = e.fence + 1, lease_expires_at = $5
            WHERE e.tenant_id = $1 AND e.id = ANY (ARRAY(SELECT f.id FROM free f))
            RETURNING e.*
        )
        SELECT c.id, llmspell_internal._session_key(c.session_id), c.role::text, c.content, c.metadata, c.occurred_at, c.attempt, c.fence, c.lease_expires_at
        FROM claimed c ORDER BY c.occurred_at, c.recorded_at, c.id$sql$,
        CASE WHEN episode_claim.session_id IS NOT NULL THEN 'unnest($2) AS k (key) CROSS JOIN LATERAL' END,
        CASE WHEN episode_claim.session_id IS NOT NULL THEN 'AND e.session_id = k.key' END)
    USING v_tenant, _episode_keys(episode_claim.session_id), v_now, _max_rows(coalesce(episode_claim.max_rows, 100)), v_until;
END
$$;
COMMENT ON FUNCTION llmspell.episode_claim(text, integer, interval) IS 'Claims unprocessed episodes, of a session or of all, oldest first, until the lease ends.
Errors: 42501 no tenant, 22023 max_rows, lease not positive.
Example: SELECT id, fence, content FROM llmspell.episode_claim(''s1'', 10);';

CREATE OR REPLACE FUNCTION llmspell.episode_mark_processed(ids uuid[], fences bigint[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
    v_ids constant uuid[] := _given(episode_mark_processed.ids, 'ids');
    v_lost text;
    v_rows bigint;
BEGIN
    IF cardinality(episode_mark_processed.fences) <> cardinality(v_ids) THEN
        RAISE EXCEPTION 'arrays of one call must have one length: ids has %, fences has %', cardinality(v_ids), cardinality(episode_mark_processed.fences)
            USING ERRCODE = 'array_subscript_error';
    END IF;
    -- Locked in the order of claims, so that two calls wait for each other and never deadlock.
    PERFORM FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = ANY (v_ids) ORDER BY e.occurred_at, e.recorded_at, e.id FOR NO KEY UPDATE;
    IF episode_mark_processed.fences IS NOT NULL THEN
        SELECT string_agg(w.id::text, ', ' ORDER BY w.n) INTO v_lost
        FROM unnest(v_ids, episode_mark_processed.fences) WITH ORDINALITY AS w (id, fence, n)
        WHERE NOT EXISTS (SELECT FROM episodes e WHERE e.tenant_id = v_tenant AND e.id = w.id AND e.fence = w.fence);
        IF v_lost IS NOT NULL THEN
            RAISE EXCEPTION 'the claim of % episodes is lost', (SELECT count(*) FROM regexp_split_to_table(v_lost, ', '))
                USING ERRCODE = 'LS409', DETAIL = format('lost: %s', left(v_lost, 1000)),
                      HINT = 'Another worker has claimed them since, or they are gone: leave them out, and undo what was written for them.';
        END IF;
    END IF;
    UPDATE episodes e SET processed_at = now(), lease_expires_at = NULL
    WHERE e.tenant_id = v_tenant AND e.id = ANY (v_ids) AND e.processed_at IS NULL;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
COMMENT ON FUNCTION llmspell.episode_mark_processed(uuid[], bigint[]) IS 'Marks episodes as processed, while their claims hold, and returns how many were not before.
Errors: 42501 no tenant, 22004 null, 2202E arrays of several lengths, LS409 a claim is lost.
Example: SELECT llmspell.episode_mark_processed(ARRAY[''00000000-0000-0000-0000-000000000001'']::uuid[], ''{1}'');';

CREATE OR REPLACE FUNCTION llmspell.episode_backlog(max_rows int DEFAULT 100, after text DEFAULT NULL)
RETURNS TABLE (session_id text, unprocessed bigint, oldest timestamptz, cursor text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, llmspell, llmspell_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_tenant constant text := _require_tenant();
BEGIN
    RETURN QUERY
    -- A session stands once, at its name where it has episodes under that.
    SELECT k.keys[1], g.unprocessed + coalesce(o.unprocessed, 0), least(g.oldest, o.oldest), g.key
    FROM (SELECT e.session_id::text AS key, count(*) AS unprocessed, min(e.occurred_at) AS oldest FROM episodes e
          WHERE e.tenant_id = v_tenant AND e.processed_at IS NULL AND e.session_id > coalesce(episode_backlog.after, '')
          GROUP BY e.session_id ORDER BY e.session_id OFFSET 0) AS g
    CROSS JOIN LATERAL (SELECT _session_keys(g.key) AS keys OFFSET 0) AS k
    LEFT JOIN LATERAL (SELECT e.session_id, count(*) AS unprocessed, min(e.occurred_at) AS oldest FROM episodes e
                       WHERE e.tenant_id = v_tenant AND e.processed_at IS NULL AND e.session_id = (array_remove(k.keys, g.key))[1]
                       GROUP BY e.session_id OFFSET 0) AS o ON true
    WHERE o.session_id IS DISTINCT FROM k.keys[1]
    ORDER BY g.key
    LIMIT _max_rows(coalesce(episode_backlog.max_rows, 100));
END
$$;
COMMENT ON FUNCTION llmspell.episode_backlog(integer, text) IS 'Sessions with unprocessed episodes, claimed ones too: how many, and the time of the oldest.
Errors: 42501 no tenant, 22023 max_rows.
Example: SELECT session_id, unprocessed FROM llmspell.episode_backlog();';
