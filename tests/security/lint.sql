-- Catalog lint: one row for each way in which the wall between tenants could be open; no row is right.
-- Run as superuser, after the install, after months were made, after a restore and after an upgrade.

WITH p AS (SELECT 'llmspell'::text AS s, 'llmspell_app'::regrole::oid AS app),
rel AS (SELECT c.*, (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid=c.oid AND a.attname='tenant_id' AND NOT a.attisdropped) AS tcol
        FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace, p WHERE n.nspname=p.s),
fn AS (SELECT f.* FROM pg_proc f JOIN pg_namespace n ON n.oid=f.pronamespace, p WHERE n.nspname IN (p.s, p.s||'_internal')),
acl AS (SELECT r.oid, r.relname, r.relkind, r.relispartition, r.relowner, x.grantee, x.privilege_type FROM rel r, aclexplode(r.relacl) x WHERE x.grantee<>r.relowner)
, found AS (
SELECT 'L01 rls off' AS lint, oid::regclass::text AS object, '' AS detail FROM rel WHERE relkind IN ('r','p') AND tcol IS NOT NULL AND NOT relrowsecurity
UNION ALL SELECT 'L02 force rls off', oid::regclass::text, '' FROM rel WHERE relkind IN ('r','p') AND tcol IS NOT NULL AND NOT relforcerowsecurity
UNION ALL SELECT 'L03 partition directly granted', oid::regclass::text, string_agg(privilege_type||'>'||CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, ',')
    FROM acl
    WHERE relispartition AND NOT (privilege_type='MAINTAIN' AND grantee='llmspell_admin'::regrole) GROUP BY 1,2
UNION ALL SELECT 'L04 owner bypasses rls or can log in', r.oid::regclass::text, o.rolname
    FROM rel r JOIN pg_roles o ON o.oid=r.relowner
    WHERE r.relkind IN ('r','p','v','m') AND (o.rolsuper OR o.rolbypassrls OR o.rolcanlogin)
UNION ALL SELECT 'L05 reachable table without tenant_id', r.oid::regclass::text, ''
    FROM rel r, p
    WHERE r.relkind IN ('r','p') AND r.tcol IS NULL AND (has_any_column_privilege(p.app, r.oid,'SELECT') OR has_table_privilege(p.app,r.oid,'INSERT,UPDATE,DELETE'))
UNION ALL SELECT 'L06 rls without policy (non-partition)', oid::regclass::text, ''
    FROM rel r
    WHERE relkind IN ('r','p') AND relrowsecurity AND NOT relispartition AND NOT EXISTS(SELECT 1 FROM pg_policy q WHERE q.polrelid=r.oid)
UNION ALL SELECT 'L07 permissive policy that does not name tenant_id', q.polrelid::regclass::text, q.polname
    FROM pg_policy q JOIN rel r ON r.oid=q.polrelid
    WHERE q.polpermissive AND ((q.polqual IS NOT NULL AND pg_get_expr(q.polqual,q.polrelid) !~ 'tenant_id') OR (q.polwithcheck IS NOT NULL AND pg_get_expr(q.polwithcheck,q.polrelid) !~ 'tenant_id')) AND NOT EXISTS(SELECT 1 FROM pg_policy z WHERE z.polrelid=q.polrelid AND NOT z.polpermissive AND z.polcmd='*' AND z.polroles='{0}' AND pg_get_expr(z.polqual,z.polrelid) ~ 'tenant_id')
UNION ALL SELECT 'L08 definer function search_path not pinned / pg_temp not last', f.oid::regprocedure::text, coalesce(array_to_string(f.proconfig,';'),'-')
    FROM fn f
    WHERE f.prosecdef AND NOT EXISTS(SELECT 1 FROM unnest(f.proconfig) c WHERE c ~ '^search_path=.*pg_temp"?$' AND c !~ '(public|\$user)')
UNION ALL SELECT 'L09 definer function executable by PUBLIC', f.oid::regprocedure::text, '' FROM fn f WHERE f.prosecdef AND has_function_privilege('public', f.oid,'EXECUTE')
UNION ALL SELECT 'L10 definer function owned by a superuser and callable by app', f.oid::regprocedure::text, o.rolname
    FROM fn f JOIN pg_roles o ON o.oid=f.proowner, p
    WHERE f.prosecdef AND o.rolsuper AND has_function_privilege(p.app, f.oid,'EXECUTE')
UNION ALL SELECT 'L11 view without security_invoker', r.oid::regclass::text, ''
    FROM rel r, p
    WHERE r.relkind='v' AND has_table_privilege(p.app,r.oid,'SELECT') AND NOT coalesce(r.reloptions,'{}') && '{security_invoker=true,security_invoker=on,security_invoker=1}'
UNION ALL SELECT 'L12 matview/foreign table reachable', r.oid::regclass::text, r.relkind::text FROM rel r, p WHERE r.relkind IN ('m','f') AND has_table_privilege(p.app,r.oid,'SELECT')
UNION ALL SELECT 'L13 dangerous table privilege', oid::regclass::text, privilege_type FROM acl WHERE privilege_type IN ('TRUNCATE','REFERENCES','TRIGGER') OR privilege_type='MAINTAIN' AND grantee<>'llmspell_admin'::regrole
UNION ALL SELECT 'L14 unique/exclusion index without tenant_id', i.indexrelid::regclass::text, ''
    FROM pg_index i JOIN rel r ON r.oid=i.indrelid
    WHERE (i.indisunique OR i.indisexclusion) AND r.tcol IS NOT NULL AND NOT r.relispartition AND NOT (r.tcol = ANY(i.indkey))
UNION ALL SELECT 'L15 fk between tenant tables without tenant_id', k.conrelid::regclass::text, k.conname
    FROM pg_constraint k JOIN rel a ON a.oid=k.conrelid JOIN rel b ON b.oid=k.confrelid
    WHERE k.contype='f' AND k.conparentid=0 AND a.tcol IS NOT NULL AND b.tcol IS NOT NULL AND NOT (a.tcol = ANY(k.conkey) AND b.tcol = ANY(k.confkey))
UNION ALL SELECT 'L16 tenant getter marked IMMUTABLE', f.oid::regprocedure::text, ''
    FROM fn f
    WHERE f.provolatile='i' AND (f.prosrc ~* 'current_setting|current_tenant' OR f.proname ~* 'current_tenant')
UNION ALL SELECT 'L17 leakproof outside pg_catalog', f.oid::regprocedure::text, '' FROM pg_proc f WHERE f.proleakproof AND f.pronamespace<>'pg_catalog'::regnamespace
UNION ALL SELECT 'L18 default acl grants to others', coalesce(n.nspname,'(any schema)'), d.defaclobjtype::text||' '||x.privilege_type||'>'||CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid=d.defaclnamespace, aclexplode(d.defaclacl) x, p
    WHERE (n.nspname=p.s OR n.nspname IS NULL) AND x.grantee<>d.defaclrole AND d.defaclobjtype IN ('r','L','f')
UNION ALL SELECT 'L19 app role too strong', rolname, concat_ws(',',CASE WHEN rolsuper THEN 'SUPERUSER' END,CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,CASE WHEN rolcreaterole THEN 'CREATEROLE' END,CASE WHEN rolcreatedb THEN 'CREATEDB' END,CASE WHEN rolreplication THEN 'REPLICATION' END)
    FROM pg_roles, p
    WHERE oid=p.app AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL SELECT 'L20 app role is a member of', m.roleid::regrole::text, '' FROM pg_auth_members m, p WHERE m.member=p.app
UNION ALL SELECT 'L21 tenant_id nullable or no non-empty check', r.oid::regclass::text, CASE WHEN NOT a.attnotnull THEN 'nullable' ELSE 'no check' END
    FROM rel r JOIN pg_attribute a ON a.attrelid=r.oid AND a.attnum=r.tcol
    WHERE r.relkind IN ('r','p') AND NOT r.relispartition AND (NOT a.attnotnull OR (a.atttypid='text'::regtype AND NOT EXISTS(SELECT 1 FROM pg_constraint k WHERE k.conrelid=r.oid AND k.contype='c' AND r.tcol=ANY(k.conkey))))
UNION ALL SELECT 'L22 tenant_id collation not deterministic', r.oid::regclass::text, co.collname
    FROM rel r JOIN pg_attribute a ON a.attrelid=r.oid AND a.attnum=r.tcol JOIN pg_collation co ON co.oid=a.attcollation
    WHERE NOT co.collisdeterministic
UNION ALL SELECT 'L23 app can create temp tables', current_database(), '' FROM p WHERE has_database_privilege(p.app,current_database(),'TEMP')
UNION ALL SELECT 'L24 app can create in schema', n.nspname, '' FROM pg_namespace n, p WHERE n.nspname !~ '^pg_(temp|toast)' AND has_schema_privilege(p.app,n.oid,'CREATE')
UNION ALL SELECT 'L25 schema owner is not superuser/NOLOGIN', n.nspname, o.rolname FROM pg_namespace n JOIN pg_roles o ON o.oid=n.nspowner, p WHERE n.nspname=p.s AND NOT o.rolsuper AND o.rolcanlogin
UNION ALL SELECT 'L26 large object owned by or granted to app/PUBLIC', m.oid::text, ''
    FROM pg_largeobject_metadata m, p
    WHERE m.lomowner=p.app OR EXISTS(SELECT 1 FROM aclexplode(m.lomacl) x WHERE x.grantee IN (0,p.app))
UNION ALL SELECT 'L27 lo_* write functions executable by app', f.oid::regprocedure::text, ''
    FROM pg_proc f, p
    WHERE f.pronamespace='pg_catalog'::regnamespace AND f.proname IN ('lo_creat','lo_create','lo_from_bytea','lo_put','lo_open','lo_get','lo_unlink') AND has_function_privilege(p.app,f.oid,'EXECUTE')
UNION ALL SELECT 'L28 secret-like setting stored in the catalog', coalesce(d.datname,'*')||'/'||coalesce(r.rolname,'*'), split_part(c,'=',1)
    FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid=s.setdatabase LEFT JOIN pg_roles r ON r.oid=s.setrole, unnest(s.setconfig) c
    WHERE split_part(c,'=',1) ~* '(key|secret|passw|token)'
UNION ALL SELECT 'L29 extension table/sequence not registered for pg_dump', r.oid::regclass::text, e.extname
    FROM rel r JOIN pg_depend d ON d.classid='pg_class'::regclass AND d.objid=r.oid AND d.deptype='e' JOIN pg_extension e ON e.oid=d.refobjid
    WHERE r.relkind IN ('r','S') AND NOT r.oid = ANY(coalesce(e.extconfig,'{}'))
UNION ALL SELECT 'L30 trigger that fires during a restore and does not say what it does then', t.tgrelid::regclass::text, t.tgname
    FROM pg_trigger t JOIN rel r ON r.oid=t.tgrelid
    WHERE NOT t.tgisinternal AND (t.tgtype & 4)=4 AND coalesce(obj_description(t.oid,'pg_trigger'),'') NOT LIKE 'Restore: %'
UNION ALL SELECT 'L31 no index leading with tenant_id', r.oid::regclass::text, ''
    FROM rel r
    WHERE r.relkind IN ('r','p') AND r.tcol IS NOT NULL AND NOT r.relispartition AND NOT EXISTS(SELECT 1 FROM pg_index i WHERE i.indrelid=r.oid AND i.indkey[0]=r.tcol)
), expected (lint, object, detail) AS (VALUES
    -- Names, not patterns: what is not written here is a fault.
    ('L05', 'llmspell.refinery_schema_history', ''),
    ('L05', 'llmspell.vector_calibrations', ''),
    ('L05', 'llmspell.vector_generations', ''),
    ('L05', 'llmspell.vector_index_config', ''),
    ('L05', 'llmspell.vector_spaces', ''),
    ('L17', 'llmspell_internal._jsonb_contains(jsonb,jsonb)', ''),
    -- Folds and cuts a name; its only error is out of memory.
    ('L17', 'llmspell_internal._name_key(text)', ''),
    ('L17', 'llmspell_internal._text_array_contains(text[],text[])', ''),
    ('L17', 'llmspell_internal._ts_match(tsvector,tsquery)', ''),
    ('L23', current_database(), ''),
    ('L27', 'lo_creat(integer)', ''),
    ('L27', 'lo_create(oid)', ''),
    ('L27', 'lo_from_bytea(oid,bytea)', ''),
    ('L27', 'lo_get(oid)', ''),
    ('L27', 'lo_get(oid,bigint,integer)', ''),
    ('L27', 'lo_open(oid,integer)', ''),
    ('L27', 'lo_put(oid,bigint,bytea)', ''),
    ('L27', 'lo_unlink(oid)', ''),
    ('L29', 'llmspell._event_ids', 'llmspell'),
    ('L31', 'llmspell.event_log', '')
)
SELECT f.lint, f.object, f.detail FROM found f
WHERE NOT EXISTS (SELECT FROM expected e WHERE (left(f.lint, 3), f.object, f.detail) = (e.lint, e.object, e.detail))
ORDER BY 1, 2, 3;
