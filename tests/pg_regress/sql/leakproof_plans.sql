-- The leakproof operators: same answers as core's, and their GIN index works under row level security.
\i `echo $PG_ABS_SRCDIR/begin.psql`
INSERT INTO llmspell.entities (tenant_id, entity_type, name, properties, valid_time_start)
SELECT 'lp-' || n % 4, 't', 'e' || n, jsonb_build_object('n', n, 'tags', jsonb_build_array('t' || n % 100)), '2026-01-01' FROM generate_series(1, 8000) n;
CREATE TABLE llmspell.lp_probe (tenant_id varchar(255) COLLATE "C" NOT NULL CHECK (tenant_id <> ''), tags text[], words tsvector);
INSERT INTO llmspell.lp_probe SELECT 'lp-' || n % 4, ARRAY['a' || n % 50, 'b' || n], to_tsvector('simple', 'word' || n % 200 || ' other' || n) FROM generate_series(1, 8000) n;
CREATE INDEX lp_probe_tags ON llmspell.lp_probe USING gin (tenant_id, tags llmspell.text_array_lp_ops) WITH (fastupdate = off);
CREATE INDEX lp_probe_words ON llmspell.lp_probe USING gin (tenant_id, words llmspell.tsvector_lp_ops) WITH (fastupdate = off);
SELECT llmspell_internal._apply_security();
ANALYZE llmspell.entities, llmspell.lp_probe;
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'lp-1';
SELECT regress.plan($$SELECT name FROM llmspell.entities WHERE properties OPERATOR(llmspell.@>) '{"n": 4321}' AND transaction_time_end = 'infinity'$$);
SELECT name FROM llmspell.entities WHERE properties OPERATOR(llmspell.@>) '{"n": 4321}' AND transaction_time_end = 'infinity';
-- core's operator has no index here
SELECT regress.plan($$SELECT name FROM llmspell.entities WHERE properties @> '{"n": 4321}' AND transaction_time_end = 'infinity'$$);
SELECT regress.plan($$SELECT * FROM llmspell.lp_probe WHERE tags OPERATOR(llmspell.@>) ARRAY['b4321']$$);
SELECT tags FROM llmspell.lp_probe WHERE tags OPERATOR(llmspell.@>) ARRAY['b4321'];
SELECT regress.plan($$SELECT * FROM llmspell.lp_probe WHERE words OPERATOR(llmspell.@@) 'other4321'::tsquery$$);
SELECT words FROM llmspell.lp_probe WHERE words OPERATOR(llmspell.@@) 'other4321'::tsquery;
-- prefix and negated searches go through the same class
SELECT count(*) FROM llmspell.lp_probe WHERE words OPERATOR(llmspell.@@) 'other432:* & !word121'::tsquery;
SELECT count(*) FROM llmspell.lp_probe WHERE words @@ 'other432:* & !word121'::tsquery;
SELECT count(*) FROM llmspell.entities WHERE properties OPERATOR(llmspell.@>) '{"tags": ["t21"]}';
SELECT count(*) FROM llmspell.entities WHERE properties @> '{"tags": ["t21"]}';
-- another tenant's rows stay out
SELECT count(*) FROM llmspell.entities WHERE properties OPERATOR(llmspell.@>) '{"n": 4322}';
