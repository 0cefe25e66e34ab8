-- As llmspell_app, every read of the state stores has its index, and lists need no sort. The statements of
\i `echo $PG_ABS_SRCDIR/begin.psql`
-- plpgsql functions are copied from them, as generic plans with what the functions put into variables.
INSERT INTO llmspell.sessions (tenant_id, session_id, session_data, name, subject, title, status, created_at, expires_at)
SELECT 'state-plans-' || n % 4, md5('s' || n)::uuid, '{}', 'session ' || n, 'user ' || n % 100, 'title ' || n % 1000, (ARRAY['active', 'archived', 'expired', 'active'])[1 + n / 4 % 4],
    now() - n * interval '1 second', CASE WHEN n % 10 < 2 THEN now() + (n - 1000) * interval '1 minute' END FROM generate_series(0, 19999) n;
INSERT INTO llmspell.agent_states (tenant_id, agent_id, agent_type, state_data, checksum)
SELECT 'state-plans-' || n % 4, 'agent ' || n, 'type ' || n / 4 % 20, '{}', '' FROM generate_series(0, 19999) n;
INSERT INTO llmspell.agent_state_history (tenant_id, agent_id, version, agent_type, schema_version, checksum, saved_at, replaced_at, size_bytes, packed, label)
SELECT 'state-plans-' || n % 4, 'agent ' || n % 40, 1 + n / 40, 't', 1, '', now() - n * interval '2 minutes', now() - n * interval '1 minute', 0, '', 'label ' || n / 40
FROM generate_series(0, 19999) n;
INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, workflow_name, state_data, status, created_at, lease_expires_at)
SELECT 'state-plans-' || n % 4, 'workflow ' || n, 'name ' || n / 20 % 50, '{}', (ARRAY['pending', 'running', 'completed', 'failed', 'cancelled'])[1 + n / 4 % 5],
    now() - n * interval '1 second', CASE WHEN n / 4 % 5 = 1 THEN now() + n * interval '1 second' END FROM generate_series(0, 19999) n;
INSERT INTO llmspell.procedural_patterns (tenant_id, scope, key, value, frequency)
SELECT 'state-plans-' || n % 4, 'user:' || n / 400, 'after:' || n / 40 % 10, 'open:' || n, 1 + n / 4 % 10 / 8 * (n % 50) FROM generate_series(0, 19999) n;
VACUUM (ANALYZE) llmspell.sessions, llmspell.agent_states, llmspell.agent_state_history, llmspell.workflow_states, llmspell.procedural_patterns;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'state-plans-1';
SET plan_cache_mode = force_generic_plan;

-- reads by key
SELECT regress.plan($$SELECT * FROM llmspell.session_get('0198a5f0-0000-7000-8000-000000000001')$$);
SELECT regress.plan($$SELECT * FROM llmspell.agent_state_get('agent 1')$$);
SELECT regress.plan($$SELECT * FROM llmspell.workflow_get('workflow 1')$$);

-- session_list: all that have not expired, one status, one subject, one title
PREPARE sessions_all(text, timestamptz, uuid, text, int) AS
    SELECT r.* FROM llmspell.sessions s CROSS JOIN LATERAL llmspell_internal._session_row(s) r
    WHERE s.tenant_id = $1 AND s.created_at <= $2 AND (s.created_at < $2 OR s.session_id > $3)
      AND llmspell_internal._session_is_shown(s.status, s.expires_at, $4)
    ORDER BY s.created_at DESC, s.session_id LIMIT $5;
SELECT regress.plan($$EXECUTE sessions_all('state-plans-1', 'infinity', NULL, NULL, 10)$$);
PREPARE sessions_status(text, timestamptz, uuid, text, int) AS
    SELECT r.* FROM llmspell.sessions s CROSS JOIN LATERAL llmspell_internal._session_row(s) r
    WHERE s.tenant_id = $1 AND s.status = $4 AND s.created_at <= $2 AND (s.created_at < $2 OR s.session_id > $3)
      AND llmspell_internal._session_is_shown(s.status, s.expires_at, $4)
    ORDER BY s.created_at DESC, s.session_id LIMIT $5;
SELECT regress.plan($$EXECUTE sessions_status('state-plans-1', 'infinity', NULL, 'active', 10)$$);
PREPARE sessions_subject(text, timestamptz, uuid, text, int, text) AS
    SELECT r.* FROM llmspell.sessions s CROSS JOIN LATERAL llmspell_internal._session_row(s) r
    WHERE s.tenant_id = $1 AND s.subject = $6 AND s.created_at <= $2 AND (s.created_at < $2 OR s.session_id > $3)
      AND llmspell_internal._session_is_shown(s.status, s.expires_at, $4)
    ORDER BY s.created_at DESC, s.session_id LIMIT $5;
SELECT regress.plan($$EXECUTE sessions_subject('state-plans-1', 'infinity', NULL, NULL, 10, 'user 7')$$);
PREPARE sessions_title(text, timestamptz, uuid, text, int, text) AS
    SELECT r.* FROM llmspell.sessions s CROSS JOIN LATERAL llmspell_internal._session_row(s) r
    WHERE s.tenant_id = $1 AND s.title = $6 AND s.created_at <= $2 AND (s.created_at < $2 OR s.session_id > $3)
      AND llmspell_internal._session_is_shown(s.status, s.expires_at, $4)
    ORDER BY s.created_at DESC, s.session_id LIMIT $5;
SELECT regress.plan($$EXECUTE sessions_title('state-plans-1', 'infinity', NULL, NULL, 10, 'title 7')$$);
PREPARE session_named(text, text) AS SELECT s.session_id FROM llmspell.sessions s WHERE s.tenant_id = $1 AND s.name = $2;
SELECT regress.plan($$EXECUTE session_named('state-plans-1', 'session 7')$$);
-- session_sweep: what to mark, what to delete
PREPARE due(text, timestamptz, int) AS
    SELECT s.session_id FROM llmspell.sessions s
    WHERE s.tenant_id = $1 AND s.expires_at <= $2 AND s.status <> 'expired'
    ORDER BY s.expires_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED;
SELECT regress.plan($$EXECUTE due('state-plans-1', now(), 10)$$);
PREPARE kept(text, timestamptz, interval, int) AS
    SELECT s.session_id FROM llmspell.sessions s
    WHERE s.tenant_id = $1 AND s.expires_at <= $2 - $3 AND s.status = 'expired'
    ORDER BY s.expires_at LIMIT $4 FOR UPDATE SKIP LOCKED;
SELECT regress.plan($$EXECUTE kept('state-plans-1', now(), '1 day', 10)$$);

-- _agent_state_list: all, one type
PREPARE agents_all(text, text, int) AS
    SELECT a.agent_id::text, a.agent_type::text FROM llmspell.agent_states a
    WHERE a.tenant_id = $1 AND a.agent_id >= $2 ORDER BY a.agent_id LIMIT $3;
SELECT regress.plan($$EXECUTE agents_all('state-plans-1', '', 10)$$);
PREPARE agents_type(text, text, int, text) AS
    SELECT a.agent_id::text, a.agent_type::text FROM llmspell.agent_states a
    WHERE a.tenant_id = $1 AND a.agent_type = $4 AND a.agent_id >= $2 ORDER BY a.agent_id LIMIT $3;
SELECT regress.plan($$EXECUTE agents_type('state-plans-1', '', 10, 'type 1')$$);
-- agent_state_history, agent_state_at, _agent_state_keep
PREPARE checkpoints(text, text, bigint, int) AS
    SELECT h.version::bigint, h.label::text FROM llmspell.agent_state_history h
    WHERE h.tenant_id = $1 AND h.agent_id = $2 AND h.version < $3 ORDER BY h.version DESC LIMIT $4;
SELECT regress.plan($$EXECUTE checkpoints('state-plans-1', 'agent 1', 9223372036854775807, 10)$$);
PREPARE kept_label(text, text, text) AS
    SELECT h.version FROM llmspell.agent_state_history h
    WHERE h.tenant_id = $1 AND h.agent_id = $2 AND h.label = $3 ORDER BY h.version DESC LIMIT 1;
SELECT regress.plan($$EXECUTE kept_label('state-plans-1', 'agent 1', 'label 5')$$);
PREPARE kept_state(text, text, bigint) AS
    SELECT h.agent_type::text FROM llmspell.agent_state_history h WHERE h.tenant_id = $1 AND h.agent_id = $2 AND h.version = $3;
SELECT regress.plan($$EXECUTE kept_state('state-plans-1', 'agent 1', 7)$$);
PREPARE kept_at(text, text, timestamptz) AS
    SELECT h.version FROM llmspell.agent_state_history h
    WHERE h.tenant_id = $1 AND h.agent_id = $2 AND $3 >= h.saved_at AND $3 < h.replaced_at ORDER BY h.version DESC LIMIT 1;
SELECT regress.plan($$EXECUTE kept_at('state-plans-1', 'agent 1', now())$$);
PREPARE base(text, text, int) AS
    SELECT h.version FROM llmspell.agent_state_history h
    WHERE h.tenant_id = $1 AND h.agent_id = $2 AND h.version < $3 AND h.version > $3 - 64 AND h.base_version IS NULL
    ORDER BY h.version DESC LIMIT 1;
SELECT regress.plan($$EXECUTE base('state-plans-1', 'agent 1', 40)$$);

-- _workflow_list: all, one status
PREPARE workflows_all(text, timestamptz, text, int) AS
    SELECT w.workflow_id::text, w.created_at FROM llmspell.workflow_states w
    WHERE w.tenant_id = $1 AND w.created_at <= $2 AND (w.created_at < $2 OR w.workflow_id > $3)
    ORDER BY w.created_at DESC, w.workflow_id LIMIT $4;
SELECT regress.plan($$EXECUTE workflows_all('state-plans-1', 'infinity', NULL, 10)$$);
PREPARE workflows_status(text, timestamptz, text, int, text) AS
    SELECT w.workflow_id::text, w.created_at FROM llmspell.workflow_states w
    WHERE w.tenant_id = $1 AND w.status = $5 AND w.created_at <= $2 AND (w.created_at < $2 OR w.workflow_id > $3)
    ORDER BY w.created_at DESC, w.workflow_id LIMIT $4;
SELECT regress.plan($$EXECUTE workflows_status('state-plans-1', 'infinity', NULL, 10, 'failed')$$);
-- workflow_claim, as its head sets it: what is due, whether nobody held it or the lease ran out, and the update
SET enable_bitmapscan = off;
PREPARE claimable(text, text, text, timestamptz, int) AS
    SELECT w.workflow_id, coalesce(w.attempt >= w.max_attempts, false) FROM llmspell.workflow_states w
    WHERE w.tenant_id = $1 AND w.queue = $2 AND w.run_at <= $4
      AND CASE WHEN w.lease_expires_at IS NOT NULL THEN 'pending'
               WHEN w.status = 'pending' OR w.status = 'running' OR w.max_attempts IS NULL OR w.attempt < w.max_attempts THEN w.status END = $3
      AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= $4)
    ORDER BY w.run_at, w.workflow_id LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED;
SELECT regress.plan($$EXECUTE claimable('state-plans-1', 'default', 'pending', now(), 1)$$);
PREPARE claimable_by_name(text, text, text, timestamptz, int, text, text) AS
    SELECT w.workflow_id, coalesce(w.attempt >= w.max_attempts, false) FROM llmspell.workflow_states w
    WHERE w.tenant_id = $1 AND w.queue = $2 AND w.run_at <= $4
      AND llmspell_internal._name_key(w.workflow_name) COLLATE "C" = $7 AND w.workflow_name = $6
      AND CASE WHEN w.lease_expires_at IS NOT NULL THEN 'pending'
               WHEN w.status = 'pending' OR w.status = 'running' OR w.max_attempts IS NULL OR w.attempt < w.max_attempts THEN w.status END = $3
      AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= $4)
    ORDER BY w.run_at LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED;
SELECT regress.plan($$EXECUTE claimable_by_name('state-plans-1', 'default', 'pending', now(), 1, 'name 7', 'name 7')$$);
RESET enable_bitmapscan;
-- what maintenance fails
PREPARE spent(text, timestamptz, int) AS
    SELECT w.workflow_id FROM llmspell.workflow_states w
    WHERE w.tenant_id = $1 AND w.run_at <= $2 AND w.attempt >= w.max_attempts AND (w.lease_expires_at IS NOT NULL OR w.status = 'pending')
      AND (w.lease_expires_at IS NULL OR w.lease_expires_at <= $2)
    ORDER BY w.run_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED;
SELECT regress.plan($$EXECUTE spent('state-plans-1', now(), 10)$$);
PREPARE claim(text, text[]) AS
    UPDATE llmspell.workflow_states w SET status = 'running', fence = w.fence + 1 WHERE w.tenant_id = $1 AND w.workflow_id = ANY ($2);
SELECT regress.plan($$EXECUTE claim('state-plans-1', ARRAY['workflow 1'])$$);

-- pattern_list: in all scopes, in one; pattern_predict
PREPARE learned(text, int, int, text, jsonb, text[], int) AS
    SELECT p.scope::text, p.key::text, p.value, p.frequency FROM llmspell.procedural_patterns p
    WHERE p.tenant_id = $1 AND p.frequency >= 3 AND p.frequency >= $2 AND p.frequency <= $3
      AND ($4 IS NULL OR p.scope = $4)
      AND ($5 IS NULL OR p.frequency < $3 OR (p.scope, p.key, p.value) > ($6[1], $6[2], $6[3]))
    ORDER BY p.frequency DESC, p.scope, p.key, p.value LIMIT $7;
SELECT regress.plan($$EXECUTE learned('state-plans-1', 3, 2147483647, NULL, NULL, NULL, 100)$$);
SET plan_cache_mode = force_custom_plan;
SELECT regress.plan($$EXECUTE learned('state-plans-1', 3, 2147483647, 'user:1', NULL, NULL, 100)$$);
SET plan_cache_mode = force_generic_plan;
PREPARE predict(text, text, text) AS
    SELECT p.value, p.frequency FROM llmspell.procedural_patterns p WHERE p.tenant_id = $1 AND p.scope = $2 AND p.key = $3;
SELECT regress.plan($$EXECUTE predict('state-plans-1', 'user:1', 'after:1')$$);
PREPARE frequency(text, text, text, text) AS
    SELECT p.frequency FROM llmspell.procedural_patterns p WHERE p.tenant_id = $1 AND p.scope = $2 AND p.key = $3 AND p.value = $4;
SELECT regress.plan($$EXECUTE frequency('state-plans-1', 'user:1', 'after:1', 'open:1')$$);

DEALLOCATE ALL;
