-- One checker of scope strings.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SELECT llmspell_internal._check_scope(s) FROM unnest(ARRAY['global', 'agent:a', 'custom:x:y', 'hook:h', 'session:1', 'tool:t', 'user:u', 'workflow:w']) s;
SELECT regress.try(format('SELECT llmspell_internal._check_scope(%L)', s)) FROM unnest(ARRAY[NULL, '', 'Global', 'user:', 'team:x', E'user:a\nb', 'user:' || repeat('x', 251)]) WITH ORDINALITY u (s, n) ORDER BY n;
