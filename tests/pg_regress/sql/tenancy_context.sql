-- The tenant in force: how it is set, how it ends, what may name one.
\i `echo $PG_ABS_SRCDIR/begin.psql`
SET SESSION AUTHORIZATION regress_app;
SELECT llmspell.current_tenant() IS NULL AS none;
-- for the session
SELECT llmspell.tenant_set('acme', false), llmspell.current_tenant();
SELECT tenant, tenant_source, hint FROM llmspell.whoami();
-- for the transaction
BEGIN;
SELECT llmspell.tenant_set('other');
SELECT llmspell.current_tenant();
SELECT tenant, tenant_source FROM llmspell.whoami();
SAVEPOINT s;
SELECT llmspell.tenant_set('third');
ROLLBACK TO s;
SELECT llmspell.current_tenant();
COMMIT;
SELECT llmspell.current_tenant();
-- outside a transaction block it has no effect, and says so
SET client_min_messages = notice;
SELECT llmspell.tenant_set('lost');
SET client_min_messages = warning;
SELECT llmspell.current_tenant();
-- clearing, RESET, the empty string and DISCARD ALL all mean: none
SELECT llmspell.tenant_clear();
SELECT llmspell.current_tenant() IS NULL AS none;
SET app.current_tenant_id = 'acme';
RESET app.current_tenant_id;
SELECT llmspell.current_tenant() IS NULL AS none;
SET app.current_tenant_id = '';
SELECT llmspell.current_tenant() IS NULL AS none;
SELECT set_config('app.current_tenant_id', 'acme', false), llmspell.current_tenant();
DISCARD ALL;
SELECT llmspell.current_tenant() IS NULL AS none;
SET SESSION AUTHORIZATION regress_app;
BEGIN;
SET LOCAL app.current_tenant_id = 'acme';
COMMIT;
SELECT llmspell.current_tenant() IS NULL AS none;
-- what may name a tenant
BEGIN;
SELECT regress.try(format('SELECT llmspell.tenant_set(%L)', t)) FROM unnest(ARRAY[NULL, '', E'a\tb', E'\u0085',
    repeat('x', 256), repeat('é', 255), ' ', 'a''; DROP TABLE x; --', '%_', '名前']) WITH ORDINALITY AS u (t, n) ORDER BY n;
ROLLBACK;
SELECT left(regress.try(format('SELECT set_config(''app.current_tenant_id'', %L, false)', t)), 140)
FROM unnest(ARRAY[E'a\nb', repeat('x', 256), repeat('x', 1000000)]) WITH ORDINALITY AS u (t, n) ORDER BY n;
-- a name is exact
SELECT llmspell.tenant_set('Acme ', false) = 'Acme ' AS exact;
-- nobody without rights plants a tenant for later sessions
SELECT regress.try('ALTER ROLE regress_app SET app.current_tenant_id = ''acme''');
