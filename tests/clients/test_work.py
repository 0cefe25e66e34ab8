#!/usr/bin/env -S python3 -m pytest
"""Where work waits, as a worker of many tenants sees it: what it is told, what else it may do, and what that costs."""

import contextlib

import pytest
from functions import functions
from lib import A, B, ROLE, app, drop_role, equal, one, raises, rows, server, test

MEMBER_OF = "llmspell_worker"
APP, BOTH = f"{ROLE}_app", f"{ROLE}_both"
IDLE = 2000
PENDING = "SELECT tenant_id, kind, queue, name, waiting FROM llmspell.work_pending"


@pytest.fixture(scope="module", autouse=True)
def roles():
    with server() as connection:
        connection.execute(f"CREATE ROLE {APP} LOGIN IN ROLE llmspell_app; CREATE ROLE {BOTH} LOGIN IN ROLE llmspell_app, llmspell_worker")
    yield
    drop_role(APP, BOTH)


def save(connection, name, count, queue="default", **options):
    arguments = "".join(f", {key} => %({key})s" for key in options)
    connection.execute(f"SELECT count(*) FROM generate_series(1, %(count)s) n, llmspell.workflow_save(concat(%(queue)s::text, %(name)s::text, n), %(name)s::text, '{{}}', queue => %(queue)s{arguments})",
                       {"name": name, "queue": queue, "count": count, **options})


def visited(connection):
    """The pages that a call reads, with what it returns in mind already planned."""
    connection.execute("SELECT count(*) FROM llmspell.work_pending()")
    plan = connection.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM llmspell.work_pending()").fetchone()[0][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@test
def numbers():
    """the counts of several tenants: due workflows by queue and name, free episodes; not what is held, ahead, spent or over"""
    with app(A, role=APP) as a, app(B, role=APP) as b, app() as worker:
        equal(rows(worker, PENDING + "()"), [], "nothing yet")
        save(a, "import", 3)
        save(a, "mail", 2, "slow")
        save(b, None, 1)
        save(a, "ahead", 2, run_at="2100-01-01Z")
        save(a, "over", 2, status="completed")
        one(a, "SELECT count(*) FROM llmspell.workflow_claim(name => 'import')")
        a.execute("SELECT llmspell.episode_add('s', 'user', 'hello ' || n) FROM generate_series(1, 3) n")
        one(a, "SELECT count(*) FROM llmspell.episode_claim(max_rows => 1)")
        b.execute("SELECT llmspell.episode_add('s', 'user', 'hello')")
        b.execute("SELECT llmspell.episode_mark_processed(ARRAY(SELECT id FROM llmspell.episode_claim()))")
        whole = [(A, "episodes", None, None, 2), (A, "workflows", "default", "import", 2), (A, "workflows", "slow", "mail", 2), (B, "workflows", "default", None, 1)]
        equal(rows(worker, PENDING + "()"), whole)
        equal(rows(worker, PENDING + "('{workflows}')"), whole[1:])
        equal(rows(worker, PENDING + "('{}')"), [])
        equal(rows(worker, "SELECT DISTINCT oldest <= now() FROM llmspell.work_pending()"), [(True,)])
        # A lease that has run out waits again, an attempt that was the last does not.
        a.execute("UPDATE llmspell.workflow_states SET lease_expires_at = now() - interval '1 hour' WHERE lease_expires_at IS NOT NULL")
        a.execute("UPDATE llmspell.workflow_states SET max_attempts = 1, attempt = 1 WHERE queue = 'slow'")
        whole[1:3] = [(A, "workflows", "default", "import", 3)]
        equal(rows(worker, PENDING + "()"), whole, "after a lease ran out")
        after, paged = None, []
        while page := rows(worker, "SELECT tenant_id, kind, queue, name, waiting, cursor FROM llmspell.work_pending(max_rows => 1, after => %s)", [after]):
            paged.append(page[0][:5])
            after = page[0][5]
        equal(paged, whole, "page by page")
        for arguments, state in (("'{nothing}'", "22023"), ("ARRAY[NULL]", "22004"), ("max_rows => -1", "22023"), ("after => '[]'", "22023"), ("after => '[1,2,3,4]'", "22023"), ("after => 'x'", "22023")):
            with raises(state, what=arguments):
                rows(worker, f"SELECT * FROM llmspell.work_pending({arguments})")


@test
def nothing_else():
    """a worker calls no other function, reads and writes no table, becomes no other role, and an application does not ask"""
    with server() as superuser, app() as worker, app(A, role=APP) as application:
        with raises("42501"):
            rows(application, PENDING + "()")
        mine = functions(superuser, internal=False, role=ROLE) + [f for internal in (True,) for f in callable_internals(superuser)]
        equal([f.name for f in mine], ["work_pending"])
        for function in functions(superuser):
            if function.name != "work_pending":
                with raises("42501", what=function.name):
                    function.call(worker, function.required())
        for (table,) in rows(superuser, "SELECT oid::regclass::text FROM pg_class WHERE relnamespace IN ('llmspell'::regnamespace, 'llmspell_internal'::regnamespace, 'llmspell_archive'::regnamespace) AND relkind IN ('r', 'p', 'v')"):
            with raises("42501", what=table):
                worker.execute(f"SELECT count(*) FROM {table}")
        for role in ("llmspell_app", "llmspell_admin", "llmspell_owner", "llmspell_tenants"):
            with raises("42501", what=role):
                worker.execute(f"SET ROLE {role}")
        equal(rows(superuser, "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'llmspell_worker'::regrole"), [])


def callable_internals(connection):
    with contextlib.suppress(AssertionError):
        return functions(connection, internal=True, role=ROLE)
    return []


@test
def loop():
    """a role that is both finds the work of all tenants, sets each and does it, until nothing waits"""
    with app(role=BOTH, autocommit=False) as worker:
        done = 0
        while waiting := rows(worker, "SELECT tenant_id, queue, name FROM llmspell.work_pending('{workflows}')"):
            for tenant, queue, name in waiting:
                worker.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                claimed = rows(worker, "SELECT workflow_id, fence FROM llmspell.workflow_claim(queue => %s, name => %s)", [queue, name])
                worker.commit()
                for workflow, fence in claimed:
                    worker.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                    worker.execute("SELECT llmspell.workflow_release(%s, %s, 'completed')", [workflow, fence])
                    worker.commit()
                    done += 1
            worker.rollback()
        equal(done, 4, "workflows done")


@test
def many_tenants():
    """2,000 idle tenants cost nothing; a tenant with 12,000 workflows does not hide another's, whose pages stay whole"""
    with server() as superuser, app() as worker, app("zebra", role=APP) as last:
        save(last, "late", 1)
        superuser.execute("VACUUM llmspell.workflow_states, llmspell.episodes")
        before = visited(worker)
        superuser.execute("""INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, workflow_name, state_data, status, run_at, lease_expires_at)
            SELECT 'idle-' || t, 'w' || n, 'nightly', '{}', (ARRAY['completed', 'pending', 'running'])[n], now() + interval '1 hour', CASE n WHEN 3 THEN now() + interval '1 hour' END
            FROM generate_series(1, %s) t, generate_series(1, 3) n""", [IDLE])
        superuser.execute("INSERT INTO llmspell.episodes (tenant_id, session_id, role, content, processed_at) SELECT 'idle-' || t, 's', 'user', 'x', now() FROM generate_series(1, %s) t", [IDLE])
        superuser.execute("VACUUM llmspell.workflow_states, llmspell.episodes")
        after = visited(worker)
        print(f"pages read: {before} without, {after} with {IDLE} idle tenants")
        assert after < before + 50, (before, after)
        superuser.execute("""INSERT INTO llmspell.workflow_states (tenant_id, workflow_id, workflow_name, state_data, run_at)
            SELECT 'bulk', 'w' || n, 'bulk', '{}', now() - interval '1 hour' FROM generate_series(1, 12000) n""")
        bulk, late = ("bulk", "workflows", "default", "bulk", 1000), ("zebra", "workflows", "default", "late", 1)
        equal(rows(worker, PENDING + "('{workflows}') WHERE tenant_id IN ('bulk', 'zebra')"), [bulk, late])
        after, paged = None, []
        while page := rows(worker, "SELECT tenant_id, kind, queue, name, waiting, cursor FROM llmspell.work_pending('{workflows}', 1, %s)", [after]):
            paged.append(page[0][:5])
            after = page[0][5]
        equal(paged, [bulk, late], "page by page")
        superuser.execute("DELETE FROM llmspell.workflow_states WHERE tenant_id = 'bulk' AND workflow_id > 'w2'")
        equal(rows(worker, PENDING + "('{workflows}')")[0][4], one(superuser, "SELECT count(*) FROM llmspell.workflow_states WHERE tenant_id = 'bulk'"))
