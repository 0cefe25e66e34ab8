-- Patterns: counting, learned ones, prediction, forgetting.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'patterns';
SELECT llmspell.pattern_record('user:1', 'k', 'v');
SELECT llmspell.pattern_record('user:1', 'k', 'v');
SELECT * FROM llmspell.pattern_record_many('[{"scope": "user:1", "key": "k", "value": "v"}, {"scope": "user:1", "key": "k", "value": "v"}, {"scope": "global", "key": "k", "value": "w"}, {"scope": "user:1", "key": "k", "value": "u"}]');
SELECT llmspell.pattern_frequency('user:1', 'k', 'v'), llmspell.pattern_frequency('user:1', 'k', 'never');
SELECT scope, key, value, frequency FROM llmspell.pattern_list();
SELECT scope, key, value, frequency FROM llmspell.pattern_list(min_frequency => 1);
SELECT value, cursor FROM llmspell.pattern_list('user:1', 1, 1);
SELECT value FROM llmspell.pattern_list('user:1', 1, 1, after => (SELECT cursor FROM llmspell.pattern_list('user:1', 1, 1)));
SELECT value, frequency, probability FROM llmspell.pattern_predict('user:1', 'k');
UPDATE llmspell.procedural_patterns SET last_seen = now() - interval '10 days' WHERE value = 'v';
SELECT value, frequency, round(probability::numeric, 3) AS probability FROM llmspell.pattern_predict('user:1', 'k', half_life => '5 days');
SELECT value, round(probability::numeric, 3) AS probability FROM llmspell.pattern_predict('user:1', 'k', 1, half_life => '1 microsecond');
SELECT regress.try(s) FROM unnest(ARRAY[
    $$SELECT llmspell.pattern_record('nobody', 'k', 'v')$$, $$SELECT llmspell.pattern_record('global', NULL, 'v')$$, $$SELECT llmspell.pattern_record('global', 'k', NULL)$$,
    $$SELECT llmspell.pattern_record('global', repeat('k', 501), 'v')$$, $$SELECT llmspell.pattern_record('global', 'k', repeat('v', 2600))$$,
    $$SELECT llmspell.pattern_record_many('{}')$$, $$SELECT llmspell.pattern_record_many('[{"scope": "global"}]')$$, $$SELECT llmspell.pattern_record_many(NULL)$$,
    $$SELECT llmspell.pattern_list(after => '{}')$$, $$SELECT llmspell.pattern_list(after => '[1, 2')$$, $$SELECT llmspell.pattern_list(after => '["x", "a", "b", "c"]')$$, $$SELECT llmspell.pattern_predict('global', 'k', half_life => '0')$$,
    $$SELECT llmspell.pattern_prune()$$, $$SELECT llmspell.pattern_prune('-1 day')$$, $$SELECT llmspell.pattern_prune('0')$$, $$SELECT llmspell.pattern_prune('infinity')$$,
    $$SELECT llmspell.pattern_prune('1 day', now())$$, $$SELECT llmspell.pattern_prune(below_frequency => -1)$$]) s;
-- incompressible values up to the bound fit their index entries
SELECT llmspell.pattern_record('global', 'k', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 80) n)) AS n FROM generate_series(1, 4);
SELECT llmspell.pattern_prune('5 days', below_frequency => 2), llmspell.pattern_prune('5 days');
SELECT llmspell.pattern_prune(below_frequency => 100);
