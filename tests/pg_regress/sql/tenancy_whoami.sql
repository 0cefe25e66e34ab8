-- whoami answers the two questions.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
\x on
SELECT * FROM llmspell.whoami();
SELECT llmspell.tenant_set('acme', false);
SELECT * FROM llmspell.whoami();
SET row_security = off;
SELECT row_security, hint FROM llmspell.whoami();
RESET row_security;
RESET SESSION AUTHORIZATION;
SELECT superuser, hint LIKE 'Role % bypasses row level security%' AS warns FROM llmspell.whoami();
CREATE ROLE regress_bypass BYPASSRLS IN ROLE llmspell_app;
SET ROLE regress_bypass;
SELECT role, superuser, bypassrls, hint FROM llmspell.whoami();
RESET ROLE;
DROP ROLE regress_bypass;
