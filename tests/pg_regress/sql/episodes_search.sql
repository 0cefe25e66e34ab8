-- Narrowing a search of episodes: role, sessions, distance, score, age; ended sessions are hidden, and deleted with their session.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT llmspell.vector_space_create('said', 4, for_episodes => true);
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'episodes-s';
SELECT count(e.id) FROM generate_series(1, 8) AS n CROSS JOIN LATERAL llmspell.episode_add('s' || n % 2, CASE WHEN n % 4 < 2 THEN 'user' ELSE 'tool' END, 'word ' || n, regress.at(n * 10),
    at => '2023-01-01+00'::timestamptz + n * interval '1 day', id => regress.id(n)) AS e;
CREATE FUNCTION regress.hits(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text; BEGIN EXECUTE format('SELECT string_agg(right(id::text, 1), '' '') FROM (SELECT id FROM llmspell.episode_search(%s, context => 0)) AS r', call) INTO v; RETURN v; END $$;
SELECT regress.hits($$query_embedding => regress.at(0)$$) AS all_of_them, regress.hits($$query_embedding => regress.at(0), role => 'user'$$) AS users, regress.hits($$query_text => 'word', role => 'tool'$$) AS tools,
    regress.hits($$query_embedding => regress.at(0), exclude_session => 's1'$$) AS others, regress.hits($$query_text => 'word', exclude_session => 's0', role => 'user'$$) AS both;
SELECT regress.hits($$query_embedding => regress.at(0), max_distance => 0.07$$) AS near, regress.hits($$query_embedding => regress.at(0), role => 'nobody'$$) AS none,
    regress.hits($$query_embedding => regress.at(0), min_score => 0.9$$) AS best;
-- in 2023 a chat of 2023 is new
SELECT round(max(score)::numeric, 6) AS now FROM llmspell.episode_search('word', context => 0, half_life => '1 day');
SELECT round(max(score)::numeric, 6) AS then FROM llmspell.episode_search('word', context => 0, half_life => '1 day', half_life_at => '2023-01-09+00');
SELECT round(max(score)::numeric, 6) AS floor FROM llmspell.episode_search('word', context => 0, half_life => '1 day', half_life_floor => 0.25);
SELECT regress.hits($$query_text => 'word', half_life => '1 day', half_life_at => '2023-01-09+00'$$) AS newest_first;
SELECT regress.try(format('SELECT * FROM llmspell.episode_search(''word'', %s)', a)) FROM unnest(ARRAY[$$half_life_floor => 1.5$$, $$half_life_floor => -1$$, $$max_distance => 'NaN'$$, $$min_score => 'NaN'$$]) AS a;
-- a session that has expired is hidden: in lists, and in searches by vector and words, however many of its episodes are near
SELECT created FROM llmspell.session_create(regress.id(100));
SELECT count(e.id) FROM generate_series(1, 30) AS n CROSS JOIN LATERAL llmspell.episode_add(regress.id(100)::text, 'user', 'word word', regress.at(n / 100.0)) AS e;
SELECT count(*) AS alive FROM llmspell.episode_list(regress.id(100)::text);
SELECT count(*) AS hits FROM llmspell.episode_search('word', regress.at(0), 5) WHERE session_id LIKE '0%';
RESET SESSION AUTHORIZATION;
UPDATE llmspell.sessions SET expires_at = now() - interval '1 s' WHERE tenant_id = 'episodes-s';
SET SESSION AUTHORIZATION regress_app;
SELECT count(*) AS listed FROM llmspell.episode_list(regress.id(100)::text);
SELECT count(*) AS of_all FROM llmspell.episode_list();
SELECT count(*) AS ended FROM llmspell.episode_list(regress.id(100)::text, include_expired => true);
SELECT regress.hits($$'word', regress.at(0), 5$$) AS others, regress.hits($$query_text => 'word', max_rows => 3$$) AS words, regress.hits($$query_embedding => regress.at(0), max_rows => 9$$) AS vectors;
SELECT count(*) AS hits FROM llmspell.episode_search('word', regress.at(0), 5, include_expired => true) WHERE session_id LIKE '0%';
SELECT llmspell.session_delete(regress.id(100));
SELECT count(*) AS left_over FROM llmspell.episodes WHERE session_id LIKE '0%';
SELECT count(*) AS vectors FROM llmspell.episode_embeddings_4;
