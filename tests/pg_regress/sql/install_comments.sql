-- Every object of the extension says what it is for; no public function is overloaded; no name is a reserved word.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend d CROSS JOIN llmspell_internal._extension() e
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_namespace'::regclass)
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL ORDER BY 1;
SELECT a.attrelid::regclass, a.attname AS without_comment FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
  AND col_description(c.oid, a.attnum) IS NULL ORDER BY 1, 2;
SELECT i.indexrelid::regclass AS without_comment FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'llmspell'::regnamespace AND NOT c.relispartition AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) AND obj_description(i.indexrelid, 'pg_class') IS NULL;
SELECT proname AS overloaded FROM pg_proc WHERE pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) GROUP BY 1 HAVING count(*) > 1;
SELECT p.proname, u.name AS reserved_argument FROM pg_proc p CROSS JOIN unnest(p.proargnames) u (name) JOIN pg_get_keywords() k ON k.word = u.name AND k.catcode IN ('R', 'T')
WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace);
-- plpgsql and sql functions pin their search_path; those without are sql-standard bodies, bound when made
SELECT p.proname AS not_pinned FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=pg_catalog, %pg_temp');
-- every function for users shows how it is called
SELECT p.proname AS without_example FROM pg_proc p
WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND p.proname NOT LIKE '\_%' AND obj_description(p.oid, 'pg_proc') !~ '\sExample: .*;$' ORDER BY 1;
