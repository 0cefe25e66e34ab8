#!/usr/bin/env -S python3 -m pytest
"""pgbouncer in transaction mode, one server connection for all clients: a tenant set for the transaction does not
leak to the next client. One set for the session does, which docs/tenancy.md says."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import psycopg
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import A, B, ROLE, SOAK, equal, one, raises, rows, test

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="llmspell-pgbouncer-"))
BOUNCER = shutil.which("pgbouncer")
pooler = PORT = None


def start():
    """Starts the pooler on a free port of loopback, as an unprivileged user as it refuses root."""
    global pooler
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (FOLDER / "users").write_text(f'"{ROLE}" ""\n')
    (FOLDER / "pgbouncer.ini").write_text(f"""[databases]
pooled = host={os.environ['PGHOST']} port={os.environ['PGPORT']} dbname={os.environ['PGDATABASE']}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {FOLDER}/users
pool_mode = transaction
default_pool_size = 1
max_client_conn = 100
ignore_startup_parameters = extra_float_digits
logfile = {FOLDER}/log
""")
    run_as = {}
    if os.geteuid() == 0:
        names = [n for n in (os.environ.get("LLMSPELL_RUNAS"), "postgres", "nobody") if n]
        user = next(u for u in pwd.getpwall() for n in names[:1] + names if u.pw_name == n)
        run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        for path in (FOLDER, *FOLDER.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
    pooler = subprocess.Popen([BOUNCER, "-q", FOLDER / "pgbouncer.ini"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **run_as)
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return port
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"pgbouncer does not start: {(FOLDER / 'log').read_text()[-500:]}")


@pytest.fixture(scope="module", autouse=True)
def pool():
    global PORT
    if not BOUNCER:
        pytest.skip("pgbouncer is not installed (package pgbouncer)")
    try:
        PORT = start()
        yield
    finally:
        if pooler:
            pooler.terminate()
            pooler.wait(10)
        shutil.rmtree(FOLDER)


def client():
    """A client of the pool: pgbouncer 1.18 knows no prepared statements in transaction mode."""
    return psycopg.connect(host="127.0.0.1", port=PORT, dbname="pooled", user=ROLE, autocommit=True, prepare_threshold=None)


def backend(connection):
    return one(connection, "SELECT pg_backend_pid()")


@test
def no_leak():
    """two clients on one backend, 1,000 interleaved transactions: tenant_set(t, true) ends with each"""
    turns = 5000 if SOAK else 500
    with client() as a, client() as b, client() as nobody:
        equal(backend(a), backend(b), "backend")
        for connection, tenant in ((a, A), (b, B)):
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                connection.execute("INSERT INTO llmspell.test_data (tenant_id, value) SELECT %s, 'x' FROM generate_series(1, %s)", [tenant, 3 if tenant == A else 5])
        for turn in range(turns):
            for connection, tenant, count in ((a, A, 3), (b, B, 5)):
                connection.execute("BEGIN")
                equal(one(connection, "SELECT llmspell.current_tenant()"), None)
                connection.execute("SELECT llmspell.tenant_set(%s, true)", [tenant])
                equal(rows(connection, "SELECT tenant_id, count(*) FROM llmspell.test_data GROUP BY 1"), [(tenant, count)])
                connection.execute("COMMIT" if turn % 2 else "ROLLBACK")
            if turn % 10 == 0:
                equal(one(nobody, "SELECT llmspell.current_tenant()"), None)
                equal(one(nobody, "SELECT count(*) FROM llmspell.test_data"), 0)
        equal(backend(a), backend(b), "backend")


@test
def no_leak_after_errors():
    """an error in the transaction, and a client that goes away in the middle of one, leave no tenant behind"""
    for turn in range(100):
        with client() as a, client() as b:
            a.execute("BEGIN")
            a.execute("SELECT llmspell.tenant_set(%s)", [A])
            with raises("22012"):
                a.execute("SELECT 1/0")
            if turn % 3 == 0:
                a.execute("ROLLBACK")
            elif turn % 3 == 1:
                a.execute("COMMIT")
            else:
                a.pgconn.finish()
            equal(one(b, "SELECT llmspell.current_tenant()"), None)
            equal(one(b, "SELECT count(*) FROM llmspell.test_data"), 0)
            with raises("42501"):
                b.execute("INSERT INTO llmspell.test_data (tenant_id, value) VALUES (%s, 'stray')", [A])


@test
def kv_functions():
    """the key-value functions work through the pool, and refuse outside a tenant's transaction"""
    with client() as a, client() as b:
        for connection, tenant in ((a, A), (b, B)):
            for i in range(20):
                with connection.transaction():
                    connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                    connection.execute("SELECT llmspell.kv_set(%s, %s)", [f"k{i % 5}", tenant.encode()])
                    equal(one(connection, "SELECT value FROM llmspell.kv_get(%s)", [f"k{i % 5}"]), tenant.encode())
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                equal(rows(connection, "SELECT key, version FROM llmspell.kv_list()"), [(f"k{i}", 4) for i in range(5)])
                connection.execute("SAVEPOINT s")
                with raises("LS409"):
                    connection.execute("SELECT llmspell.kv_set('k0', '', expected_version => 1)")
                connection.execute("ROLLBACK TO s")
                equal(one(connection, "SELECT llmspell.kv_delete_prefix('')"), 5)
            with raises("42501"):
                connection.execute("SELECT llmspell.kv_get('k0')")


@test
def state_functions():
    """the state functions work through the pool, reads also in a READ ONLY transaction, and refuse outside a tenant's transaction"""
    session = "00000000-0000-0000-0000-000000000001"
    writes = [
        "SELECT version FROM llmspell.agent_state_save('a', 't', to_jsonb(%s::text), keep_history => true)",
        "SELECT version FROM llmspell.workflow_save('w', 'n', to_jsonb(%s::text))",
        f"SELECT llmspell.storage_set('session:{session}', convert_to(to_jsonb(%s::text)::text, 'UTF8'))",
        "SELECT llmspell.pattern_record('global', 'k', %s)",
    ]
    reads = {
        "SELECT state FROM llmspell.agent_state_get('a')": None,
        "SELECT state FROM llmspell.agent_state_at('a', 1)": None,
        "SELECT count(*) FROM llmspell.agent_state_history('a')": 1,
        "SELECT count(*) FROM llmspell.agent_state_list()": 1,
        "SELECT count(*) FROM llmspell.agent_state_verify()": 0,
        "SELECT state FROM llmspell.workflow_get('w')": None,
        "SELECT count(*) FROM llmspell.workflow_list()": 1,
        "SELECT workflows FROM llmspell.workflow_stats()": 1,
        f"SELECT state FROM llmspell.session_get('{session}')": None,
        "SELECT count(*) FROM llmspell.session_list()": 1,
        "SELECT sessions FROM llmspell.session_stats()": 1,
        "SELECT llmspell.pattern_frequency('global', 'k', current_setting('app.current_tenant_id'))": 3,
        "SELECT count(*) FROM llmspell.pattern_list()": 1,
        "SELECT value FROM llmspell.pattern_predict('global', 'k')": None,
        "SELECT convert_from(llmspell.storage_get('agent:t:a'), 'UTF8')::jsonb": None,
        f"SELECT convert_from(llmspell.storage_get('session:{session}'), 'UTF8')::jsonb": None,
        "SELECT llmspell.storage_exists('custom:workflow_w:state')": True,
        "SELECT count(*) FROM llmspell.storage_list('agent:')": 1,
        f"SELECT count(*) FROM llmspell.storage_get_many(ARRAY['agent:t:a', 'session:{session}'])": 2,
    }
    with client() as a, client() as b:
        equal(backend(a), backend(b), "backend")
        for _ in range(3):
            for connection, tenant in ((a, A), (b, B)):
                with connection.transaction():
                    connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                    for statement in writes:
                        connection.execute(statement, [tenant])
        for connection, tenant in ((a, A), (b, B)):
            connection.execute("BEGIN READ ONLY")
            connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
            for statement, wanted in reads.items():
                equal(one(connection, statement), tenant if wanted is None else wanted, statement)
            connection.execute("SAVEPOINT s")
            with raises("25006"):
                connection.execute(writes[0], [f"{tenant} again"])
            connection.execute("ROLLBACK TO s")
            connection.execute("COMMIT")
            for statement in reads:
                with raises("42501", what=statement):
                    connection.execute(statement)
        for connection, tenant in ((a, A), (b, B)):
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                equal(rows(connection, "SELECT workflow_id, fence FROM llmspell.workflow_claim()"), [("w", 1)])
                equal(rows(connection, "SELECT store, deleted FROM llmspell.storage_clear()"), [("agent", 1), ("kv", 0), ("session", 1), ("workflow", 1)])
                equal(one(connection, "SELECT llmspell.pattern_prune(below_frequency => 9)"), 1)


@test
def set_local_outside_a_transaction():
    """tenant_set(t, true) outside a transaction block warns 25P01 and leaves nothing behind"""
    with client() as a, client() as b:
        notices = []
        a.add_notice_handler(lambda diagnostic: notices.append(diagnostic.sqlstate))
        a.execute("SELECT llmspell.tenant_set(%s)", [A])
        equal(notices, ["25P01"])
        for connection in (a, b):
            equal(one(connection, "SELECT llmspell.current_tenant()"), None)


@test
def session_settings_do_leak():
    """a tenant set for the session reaches the next client of the pool: the documented reason to set it for the transaction"""
    with client() as a, client() as b:
        a.execute("SELECT set_config('app.current_tenant_id', %s, false)", [A])
        equal(one(b, "SELECT llmspell.current_tenant()"), A)
        assert one(b, "SELECT count(*) FROM llmspell.test_data") > 0
        equal(one(b, "SELECT tenant_source FROM llmspell.whoami()"), "session")
        b.execute("SELECT llmspell.tenant_clear()")
        equal(one(a, "SELECT llmspell.current_tenant()"), None)
