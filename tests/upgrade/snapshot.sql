-- Everything in the catalog that makes a database of the extension what it is, one line each, without
-- oids. Two databases of the same version must not differ in any line, however they came to be.
-- Positions of columns count: a new column goes last in the install script too.

SET search_path = pg_catalog;
SET timezone = 'UTC';
SET datestyle = 'ISO';

WITH rel AS (
    SELECT c.*, c.oid::regclass::text AS name FROM pg_class c
    WHERE c.relnamespace IN ('llmspell'::regnamespace, 'public'::regnamespace)
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' AND e.extname NOT LIKE 'llmspell%')
), fun AS (
    SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace)
), acl AS (
    SELECT 'relation ' || name AS object, relacl AS acl, relowner AS owner, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS kind FROM rel
    UNION ALL
    SELECT 'column ' || name || '.' || a.attname, a.attacl, relowner, 'c' FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT 'function ' || name, proacl, proowner, 'f' FROM fun
    UNION ALL
    SELECT 'schema ' || nspname, nspacl, nspowner, 'n' FROM pg_namespace WHERE nspname IN ('llmspell', 'llmspell_internal')
    UNION ALL
    SELECT 'initial ' || pg_describe_object(i.classoid, i.objoid, i.objsubid), i.initprivs, 10::oid, NULL
    FROM pg_init_privs i JOIN pg_depend d ON d.classid = i.classoid AND d.objid = i.objoid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid WHERE i.privtype = 'e' AND e.extname LIKE 'llmspell%'
), line AS (
    SELECT 'extension' AS kind, extname::text AS object,
        concat_ws(' ', extversion, extrelocatable, extowner::regrole, (SELECT string_agg(c.oid || ' ' || c.condition, ', ' ORDER BY c.oid COLLATE "C")
            FROM (SELECT o::regclass::text, extcondition[i] FROM unnest(extconfig) WITH ORDINALITY AS u (o, i)) AS c (oid, condition))) AS detail
    FROM pg_extension WHERE extname LIKE 'llmspell%'
    UNION ALL
    SELECT 'member', pg_describe_object(d.classid, d.objid, 0), ''
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
    WHERE d.deptype = 'e' AND e.extname LIKE 'llmspell%'
    UNION ALL
    SELECT 'needs', e.extname, string_agg(r.extname, ' ' ORDER BY r.extname)
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.objid AND d.classid = 'pg_extension'::regclass
    JOIN pg_extension r ON r.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
    WHERE e.extname LIKE 'llmspell%' GROUP BY e.extname
    UNION ALL
    SELECT 'relation', name, concat_ws(' ', relkind, relpersistence, relowner::regrole, 'rls', relrowsecurity, 'force', relforcerowsecurity,
        'replident', relreplident, 'options', reloptions, 'partition', pg_get_expr(relpartbound, oid), 'key', pg_get_partkeydef(oid),
        (SELECT 'toast ' || array_to_string(t.reloptions, ',') FROM pg_class t WHERE t.oid = rel.reltoastrelid))
    FROM rel WHERE relkind NOT IN ('i', 'I', 't', 'c')
    UNION ALL
    SELECT 'column', name || '.' || a.attname, concat_ws(' ', rank() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
        format_type(a.atttypid, a.atttypmod), 'not null', a.attnotnull, 'storage', a.attstorage, 'compression', a.attcompression,
        'collation', (SELECT collname FROM pg_collation WHERE oid = a.attcollation), 'default', pg_get_expr(x.adbin, x.adrelid),
        'identity', a.attidentity, 'generated', a.attgenerated, 'statistics', a.attstattarget, 'options', a.attoptions)
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid LEFT JOIN pg_attrdef x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
    WHERE rel.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', name || ' ' || conname, concat_ws(' ', contype, pg_get_constraintdef(k.oid), 'validated', convalidated, 'enforced', conenforced,
        'local', conislocal, 'inherited', coninhcount)
    FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid
    UNION ALL
    SELECT 'index', i.indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(i.indexrelid), 'valid', indisvalid, 'primary', indisprimary,
        'clustered', indisclustered, 'partition of', (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = i.indexrelid))
    FROM rel JOIN pg_index i ON i.indrelid = rel.oid
    UNION ALL
    SELECT 'trigger', name || ' ' || tgname, concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled)
    FROM rel JOIN pg_trigger t ON t.tgrelid = rel.oid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'policy', name || ' ' || polname, concat_ws(' ', polcmd, polpermissive, polroles::regrole[], 'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))
    FROM rel JOIN pg_policy p ON p.polrelid = rel.oid
    UNION ALL
    SELECT 'rule', name || ' ' || rulename, pg_get_ruledef(r.oid) FROM rel JOIN pg_rewrite r ON r.ev_class = rel.oid
    UNION ALL
    SELECT 'statistics', stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace = 'llmspell'::regnamespace
    UNION ALL
    SELECT 'function', name, concat_ws(' ', prokind, proowner::regrole, 'definer', prosecdef, 'leakproof', proleakproof, 'strict', proisstrict,
        'set', proretset, provolatile, proparallel, 'cost', procost, prorows, 'support', prosupport, 'config', proconfig) ||
        E'\n' || CASE WHEN prokind <> 'a' THEN pg_get_functiondef(oid) ELSE '' END
    FROM fun
    UNION ALL
    SELECT 'type', t.oid::regtype::text, concat_ws(' ', typtype, typowner::regrole, typcategory, typnotnull, typdefault)
    FROM pg_type t WHERE t.typnamespace = 'llmspell'::regnamespace
    UNION ALL
    SELECT 'operator', o.oid::regoperator::text, concat_ws(' ', oprowner::regrole, oprresult::regtype, oprcode, oprrest, oprjoin, oprcom::regoperator, oprnegate::regoperator, oprcanmerge, oprcanhash)
    FROM pg_operator o WHERE o.oprnamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace)
    UNION ALL
    SELECT 'operator class', opcname, concat_ws(' ', opcowner::regrole, opcintype::regtype, opcdefault, opckeytype::regtype,
        (SELECT string_agg(concat_ws(' ', amopstrategy, amoppurpose, amopopr::regoperator), ', ' ORDER BY amopstrategy) FROM pg_amop WHERE amopfamily = opcfamily),
        (SELECT string_agg(concat_ws(' ', amprocnum, amproc::regprocedure), ', ' ORDER BY amprocnum) FROM pg_amproc WHERE amprocfamily = opcfamily))
    FROM pg_opclass WHERE opcnamespace = 'llmspell'::regnamespace
    UNION ALL
    SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), description
    FROM pg_description d
    WHERE d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT oid FROM rel)
       OR d.classoid = 'pg_proc'::regclass AND d.objoid IN (SELECT oid FROM fun)
       OR d.classoid = 'pg_namespace'::regclass AND d.objoid IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace)
       OR d.classoid = 'pg_extension'::regclass AND d.objoid IN (SELECT oid FROM pg_extension WHERE extname LIKE 'llmspell%')
       OR d.classoid = 'pg_type'::regclass AND d.objoid IN (SELECT oid FROM pg_type WHERE typnamespace = 'llmspell'::regnamespace)
       OR d.classoid = 'pg_constraint'::regclass AND d.objoid IN (SELECT oid FROM pg_constraint WHERE conrelid IN (SELECT oid FROM rel))
       OR d.classoid = 'pg_trigger'::regclass AND d.objoid IN (SELECT oid FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM rel))
       OR d.classoid = 'pg_policy'::regclass AND d.objoid IN (SELECT oid FROM pg_policy WHERE polrelid IN (SELECT oid FROM rel))
       OR d.classoid = 'pg_operator'::regclass AND d.objoid IN (SELECT oid FROM pg_operator WHERE oprnamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace))
       OR d.classoid = 'pg_opclass'::regclass AND d.objoid IN (SELECT oid FROM pg_opclass WHERE opcnamespace = 'llmspell'::regnamespace)
    UNION ALL
    SELECT 'rights', object, (SELECT string_agg(concat_ws(' ', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.privilege_type,
            CASE WHEN x.is_grantable THEN 'with grant option' END, 'by', x.grantor::regrole), ', ' ORDER BY x.grantee::regrole::text COLLATE "C", x.privilege_type)
        FROM aclexplode(coalesce(acl.acl, CASE WHEN acl.kind <> 'c' THEN acldefault(acl.kind::"char", acl.owner) END)) x)
    FROM acl
    UNION ALL
    SELECT 'setting', coalesce((SELECT datname FROM pg_database WHERE oid = setdatabase), '*'), concat_ws(' ', setrole::regrole, setconfig)
    FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'default rights', defaclnamespace::regnamespace::text, concat_ws(' ', defaclrole::regrole, defaclobjtype, defaclacl) FROM pg_default_acl
)
SELECT kind || ' | ' || object || ' | ' || coalesce(detail, '') FROM line ORDER BY kind COLLATE "C", object COLLATE "C", detail COLLATE "C";
