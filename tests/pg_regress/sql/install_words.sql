-- The words of the public surface: one word for one idea, lists that page alike, comments of one form. No row is right.
\i `echo $PG_ABS_SRCDIR/begin.psql`
CREATE TEMP VIEW surface AS
SELECT p.oid, p.proname, p.proretset, p.prorettype::regtype AS returns, p.proargnames, p.pronargs, p.proargtypes,
    -- of the function's table, or of the type of row that it returns
    coalesce(NULLIF(p.proargnames[p.pronargs + 1:], '{}'), ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)) AS columns,
    pg_get_function_arguments(p.oid) AS arguments
FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype WHERE p.pronamespace = 'llmspell'::regnamespace AND p.prokind = 'f' AND p.proname NOT LIKE '\_%';
-- words that have a better one
SELECT DISTINCT s.proname, u.word FROM surface s CROSS JOIN unnest(s.proargnames || s.columns) AS u (word)
WHERE u.word IN ('k', 'limit', 'offset', 'ts', 'timestamp', 'occurred_at', 'event_time', 'created_from', 'created_to', 'valid_before', 'valid_after', 'sample', 'below', 'at_known', 'next_cursor', 'after_ts', 'after_id', 'before_version', 'from_version', 'query')
ORDER BY 1, 2;
-- every list ends in max_rows and after, every row of it in a cursor
SELECT s.proname, s.arguments, s.columns FROM surface s
WHERE s.proname LIKE '%\_list' AND (s.arguments !~ '(^|, )max_rows integer DEFAULT 100, after text DEFAULT NULL::text(, |$)' OR s.columns[array_length(s.columns, 1)] IS DISTINCT FROM 'cursor')
ORDER BY 1;
-- what deletes says whether, or how many
SELECT s.proname, s.returns FROM surface s WHERE s.proname ~ '_(delete|delete_many|delete_prefix)$' AND s.returns NOT IN ('boolean'::regtype, 'bigint'::regtype) ORDER BY 1;
-- a comment is one line of at most 120 characters; Errors: and Example: stand on lines of their own
SELECT p.proname, length(split_part(c.text, E'\n', 1)) AS first_line FROM pg_proc p CROSS JOIN LATERAL (SELECT obj_description(p.oid, 'pg_proc') AS text) AS c
WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace) AND length(split_part(c.text, E'\n', 1)) > 120 ORDER BY 1;
SELECT p.proname FROM pg_proc p CROSS JOIN LATERAL (SELECT obj_description(p.oid, 'pg_proc') AS text) AS c
WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace)
  AND (c.text ~ '[^\n](Errors?|Example): ' OR c.text ~ E'\n(?!(Errors|Example): )' OR c.text ~ E'\nExample: .*[^;]$') ORDER BY 1;
-- and so is that of every table, view, column, index, type and trigger
SELECT pg_describe_object(d.classoid, d.objoid, d.objsubid) AS object, length(d.description)
FROM pg_description d WHERE (length(d.description) > 120 OR d.description LIKE E'%\n%') AND (
    d.classoid = 'pg_class'::regclass AND (SELECT c.relnamespace FROM pg_class c WHERE c.oid = d.objoid) = 'llmspell'::regnamespace
    OR d.classoid = 'pg_trigger'::regclass OR d.classoid = 'pg_type'::regclass AND (SELECT t.typnamespace FROM pg_type t WHERE t.oid = d.objoid) = 'llmspell_internal'::regnamespace)
ORDER BY 1;
