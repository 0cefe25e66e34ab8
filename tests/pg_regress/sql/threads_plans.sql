-- As llmspell_app, each read of threads has its index, also in a generic plan.
\i `echo $PG_ABS_SRCDIR/begin.psql`
INSERT INTO llmspell.threads (tenant_id, thread_id, message_count) SELECT 'plans-' || n % 4, 't' || n / 4, 0 FROM generate_series(0, 3999) n;
INSERT INTO llmspell.thread_checkpoints (tenant_id, thread_id, namespace, checkpoint_id, checkpoint, metadata, run_id)
SELECT 'plans-' || n % 4, 't' || n / 4 % 1000, '', 'c' || lpad((n / 4000)::text, 6, '0'), '{}', '{}', 'run-' || n / 4 FROM generate_series(0, 39999) n;
INSERT INTO llmspell.thread_messages (tenant_id, thread_id, sequence, message_id, message) SELECT 'plans-' || n % 4, 't' || n / 400, 1 + n / 4 % 100, 'm' || n / 4, '1' FROM generate_series(0, 39999) n;
ANALYZE llmspell.threads, llmspell.thread_checkpoints, llmspell.thread_messages;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'plans-1';
SET plan_cache_mode = force_generic_plan;
PREPARE latest(text, text) AS SELECT checkpoint_id FROM llmspell.thread_checkpoints WHERE tenant_id = $1 AND thread_id = $2 AND namespace = '' AND checkpoint_id < 'd' ORDER BY checkpoint_id DESC LIMIT 1;
SELECT regress.plan('EXECUTE latest(''plans-1'', ''t5'')');
PREPARE everywhere(text) AS SELECT checkpoint_id FROM llmspell.thread_checkpoints
WHERE tenant_id = $1 AND checkpoint_id < 'd' AND (checkpoint_id, thread_id, namespace) < ('d', 'd', 'd') ORDER BY checkpoint_id DESC, thread_id DESC, namespace DESC LIMIT 10;
SELECT regress.plan('EXECUTE everywhere(''plans-1'')');
PREPARE runs(text, text[]) AS SELECT checkpoint_id FROM llmspell.thread_checkpoints WHERE tenant_id = $1 AND run_id = ANY ($2);
SELECT regress.plan('EXECUTE runs(''plans-1'', ''{run-5}'')');
PREPARE messages(text, text, bigint) AS SELECT message FROM llmspell.thread_messages WHERE tenant_id = $1 AND thread_id = $2 AND sequence > $3 ORDER BY sequence LIMIT 10;
SELECT regress.plan('EXECUTE messages(''plans-1'', ''t5'', 3)');
PREPARE message(text, text, text) AS SELECT message FROM llmspell.thread_messages WHERE tenant_id = $1 AND thread_id = $2 AND message_id = $3;
SELECT regress.plan('EXECUTE message(''plans-1'', ''t5'', ''m3'')');
