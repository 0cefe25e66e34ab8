-- The security ledger: row security, policies, rights and definer functions of every object, months aside.
\pset format unaligned
SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, ARRAY(SELECT m.roleid::regrole FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS member_of
FROM pg_roles r WHERE rolname LIKE 'llmspell\_%' ORDER BY 1;
-- the superuser's own entry is left out: its name is the machine's
CREATE FUNCTION pg_temp.acl(acl aclitem[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE replace(a.grantee::regrole::text, 'llmspell_', '') END || ':' || a.privs, ' ' ORDER BY a.grantee::regrole::text COLLATE "C")
    FROM (SELECT grantee, string_agg(lower(privilege_type), ',' ORDER BY privilege_type) AS privs FROM aclexplode(acl)
          WHERE grantee = 0 OR grantee NOT IN (SELECT oid FROM pg_roles WHERE rolsuper) GROUP BY grantee) a $$;
SELECT nspname, pg_temp.acl(nspacl) FROM pg_namespace WHERE nspname = 'llmspell';
SELECT c.relname, c.relowner::regrole AS owner, c.relrowsecurity AS rls, c.relforcerowsecurity AS force, pg_temp.acl(c.relacl) AS acl,
    (SELECT pg_temp.acl(a.attacl) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS tenant_id_acl,
    (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies, e.extcondition[array_position(e.extconfig, c.oid)] AS dump
FROM pg_class c CROSS JOIN llmspell._extension() e
WHERE c.relnamespace = 'llmspell'::regnamespace AND c.relkind NOT IN ('i', 'I') AND NOT c.relispartition ORDER BY 1;
SELECT polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check, count(*)
FROM pg_policy WHERE polrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace AND NOT relispartition) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1;
SELECT p.oid::regprocedure AS function, CASE WHEN o.rolsuper THEN 'superuser' ELSE o.rolname END AS owner, p.prosecdef AS definer, p.provolatile AS v, p.proparallel AS par, p.proleakproof AS lp,
    pg_temp.acl(p.proacl) AS acl, array_to_string(p.proconfig, '; ') AS config
FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner WHERE p.pronamespace = 'llmspell'::regnamespace ORDER BY p.proname COLLATE "C";
SELECT tgrelid::regclass AS "table", tgname, pg_get_triggerdef(oid) FROM pg_trigger
WHERE NOT tgisinternal AND tgparentid = 0 AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'llmspell'::regnamespace) ORDER BY tgrelid::regclass::text COLLATE "C", tgname;
