-- Internal functions that are given NULL refuse it in words, or answer NULL: none reports an internal error.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SET app.current_tenant_id = 'nulls';
SELECT p.oid::regprocedure AS function, left(regress.try(format('SELECT %s(%s)', p.oid::regproc,
    (SELECT string_agg(format('NULL::%s', CASE t::regtype::text WHEN 'anyelement' THEN 'text' WHEN 'anyarray' THEN 'text[]' ELSE t::regtype::text END), ', ' ORDER BY n)
     FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n)))), 100) AS answer
INTO TEMP answers
FROM pg_proc p
WHERE p.pronamespace = 'llmspell_internal'::regnamespace AND p.prokind = 'f' AND p.pronargs > 0
  AND p.prorettype NOT IN ('trigger'::regtype, 'internal'::regtype) AND NOT 'internal'::regtype = ANY (p.proargtypes) AND has_function_privilege(p.oid, 'EXECUTE');
SELECT count(*) > 50 AS many FROM answers;
-- except native ones that only checked functions call
SELECT function, answer FROM answers WHERE answer ~ '^(XX|2000|58|39)' AND function::text !~ '_(agent_state_keep|text_pack|text_unpack)\(' ORDER BY function::text COLLATE "C";
