#!/usr/bin/env -S python3 -m pytest
"""What maintenance and the list of tenants cost with many tenants, and what one tenant's open transaction keeps them from."""

from lib import A, B, app, equal, one, rows, server, test

MEMBER_OF = "llmspell_admin"
TENANTS = 10000


@test
def held_tenant_is_skipped():
    """a tenant whose rows an open transaction holds is skipped and named, and the others are maintained"""
    with app(A, autocommit=False) as holder, app() as operator, app(A) as first, app(B) as second:
        for connection in (first, second):
            connection.execute("SELECT llmspell.artifact_upload_begin((SELECT session_id FROM llmspell.session_create()), 'name', 'text/plain')")
        with server() as superuser:
            superuser.execute("UPDATE llmspell.artifact_upload SET expires_at = now() - interval '1 hour'")
        session = one(holder, "SELECT session_id FROM llmspell.session_create()")
        holder.execute("SELECT llmspell.artifact_put(%s, 'n', 'data')", [session])
        done = rows(operator, "SELECT detail FROM llmspell.maintenance_run() WHERE task = 'artifacts'")
        equal(len(done), 1)
        assert f'tenant "{A}" was skipped' in done[0][0], done
        equal(rows(operator, "SELECT last_error IS NOT NULL FROM llmspell.maintenance_status() WHERE task = 'artifacts'"), [(True,)])
        with server() as superuser:
            equal(rows(superuser, "SELECT tenant_id FROM llmspell.artifact_upload"), [(A,)], "the other tenant's upload is gone")
        holder.rollback()
        equal(rows(operator, "SELECT detail FROM llmspell.maintenance_run() WHERE task = 'artifacts'"), [("1 tenants, 1 rows",)])


@test
def locks_by_number():
    """no advisory lock that a session can take keeps maintenance from its work; another session's maintenance does"""
    with app(A) as anybody, app() as operator, app(autocommit=False) as other:
        anybody.execute("SELECT pg_advisory_lock('llmspell._maintenance'::regclass::oid::int, n) FROM generate_series(0, 60) AS n")
        anybody.execute("SELECT pg_advisory_lock(n) FROM generate_series(0, 2000) AS n")
        equal(len(rows(operator, "SELECT * FROM llmspell.maintenance_run()")) > 3, True)
        equal(len(rows(other, "SELECT * FROM llmspell.maintenance_step()")), 1)
        equal(rows(operator, "SELECT * FROM llmspell.maintenance_run()"), [(None, True, "another session is at it")], "while another session does it")
        other.rollback()
        equal(len(rows(operator, "SELECT * FROM llmspell.maintenance_run()")) > 3, True)


@test
def queries_of_superusers():
    """llmspell_admin sees what applications run, and that a superuser has a transaction open, but not its query"""
    with server() as superuser, app(A) as application, app() as operator:
        for connection in (superuser, application):
            connection.execute("BEGIN")
            connection.execute("SELECT 'secret'")
        seen = dict(rows(operator, "SELECT pid, query FROM llmspell.health_transactions"))
        equal((seen[superuser.info.backend_pid], seen[application.info.backend_pid]), (None, "SELECT 'secret'"))


@test
def idle_tenants():
    """a round over 10,000 tenants without work takes one step a task, and the list of tenants reads by index alone"""
    with server() as superuser, app() as operator:
        superuser.execute("""INSERT INTO llmspell.kv_store (tenant_id, key, value, expires_at)
            SELECT 'idle-' || t, 'k' || k, 'v', CASE WHEN k = 1 THEN now() + interval '1 day' END FROM generate_series(1, %s) t, generate_series(1, 3) k""", [TENANTS])
        superuser.execute("""INSERT INTO llmspell.sessions (tenant_id, session_data, expires_at) SELECT 'idle-' || t, '{}', now() + interval '1 day' FROM generate_series(1, %s) t""", [TENANTS])
        superuser.execute("ANALYZE llmspell.kv_store, llmspell.sessions")
        operator.execute("SELECT count(*) FROM llmspell.maintenance_run('1 minute')")
        # Statistics may have a table more to do.
        steps = rows(operator, "SELECT task FROM llmspell.maintenance_run('1 minute') WHERE task <> 'statistics'")
        equal(len(steps), one(operator, "SELECT count(*) FROM llmspell.maintenance_status() WHERE task NOT IN ('statistics', 'background worker')"))
        took = one(operator, "SELECT extract(epoch FROM clock_timestamp() - statement_timestamp()) FROM (SELECT count(*) FROM llmspell.maintenance_run('1 minute')) r")
        print(f"a round: {took:.3f} s")
        equal(one(operator, "SELECT count(*) FROM llmspell.tenant_list(1000)"), 1000)
        took = one(operator, "SELECT extract(epoch FROM clock_timestamp() - statement_timestamp()) FROM (SELECT count(*) FROM llmspell.tenant_list(1000)) r")
        print(f"a list of 1000: {took:.3f} s")
        after, seen = None, 0
        while page := rows(operator, "SELECT cursor FROM llmspell.tenant_list(5000, %s)", [after]):
            after, seen = page[-1][0], seen + len(page)
        assert seen >= TENANTS, seen
