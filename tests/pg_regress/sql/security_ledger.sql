-- The parts that the ledgers of the domains leave out: the roles, the rules, and whether every member is in one of them.
\i `echo $PG_ABS_SRCDIR/begin.psql`
\i `echo $PG_ABS_SRCDIR/ledger.psql`
SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, ARRAY(SELECT m.roleid::regrole FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS member_of
FROM pg_roles r WHERE rolname LIKE 'llmspell\_%' ORDER BY 1;
SELECT nspname, pg_temp.rights(nspacl), has_schema_privilege('llmspell_owner', oid, 'CREATE') AS owner_creates FROM pg_namespace WHERE nspname ~ '^llmspell' ORDER BY 1;
-- each member has a domain, each domain its ledger
SELECT relname AS without_domain FROM tables WHERE domain IS NULL
UNION ALL SELECT proname FROM functions WHERE domain IS NULL ORDER BY 1;
\set ledgers `cd "$PG_ABS_SRCDIR/sql" && echo *_ledger.sql`
SELECT domain AS without_ledger FROM domains WHERE NOT domain || '_ledger.sql' = ANY (string_to_array(:'ledgers', ' '));
-- the exceptions from the rules: one owner; rows of tenants behind the wall, and the tenant's name shown to the list of tenants alone
SELECT relname AS not_by_the_rule FROM tables
WHERE (relowner, relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy p WHERE p.polrelid = tables.oid), pg_temp.rights(tenant_acl))
    IS DISTINCT FROM ('llmspell_owner'::regrole::oid, of_tenants AND relkind <> 'v', of_tenants AND relkind <> 'v', CASE WHEN of_tenants THEN 5 ELSE 0 END, CASE WHEN of_tenants THEN 'tenants:select' END)
ORDER BY 1;
SELECT DISTINCT relkind, (SELECT string_agg(lower(privilege_type), ',' ORDER BY privilege_type) FROM aclexplode(relacl) WHERE grantee = 'llmspell_owner'::regrole) AS owner_may FROM tables ORDER BY 1, 2;
SELECT polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid) AS using, pg_get_expr(polwithcheck, polrelid) AS check, count(*) = (SELECT count(*) FROM tables WHERE of_tenants) AS everywhere
FROM pg_policy WHERE polrelid IN (SELECT oid FROM tables) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1;
-- a function runs as its caller and is the installer's, or runs as an owner that is no superuser; the owner of the tables may call each
SELECT name AS not_by_the_rule FROM functions f JOIN pg_roles o ON o.oid = f.proowner
WHERE f.prosecdef = o.rolsuper OR NOT has_function_privilege('llmspell_owner', f.oid, 'EXECUTE') ORDER BY 1;
-- all that llmspell_worker may do in the schemas: functions, and any right on tables, views and their columns
SELECT f.name::text AS worker_may FROM functions f WHERE has_function_privilege('llmspell_worker', f.oid, 'EXECUTE')
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^llmspell') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND (has_table_privilege('llmspell_worker', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN') OR has_any_column_privilege('llmspell_worker', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));
-- no function takes a lock that any session could take by its number
SELECT name AS lock_by_number FROM functions WHERE coalesce(prosrc, '') || coalesce(pg_get_function_sqlbody(oid), '') ~ 'pg_(try_)?advisory' ORDER BY 1;
