#!/usr/bin/env -S python3 -m pytest
"""The background worker: maintains by itself, is no login, comes back after its end, survives a task that fails."""

import os
import time

import pytest
from lib import create_database, equal, one, rows, server, start_cluster, stop_cluster, test

CLUSTER = f"test-worker-{os.getpid()}"
MEMBER_OF = None
WORKER = "SELECT pid, usename, datname FROM pg_stat_activity WHERE backend_type = 'llmspell maintenance'"


def until(connection, query, wanted, what, seconds=60):
    deadline = time.monotonic() + seconds
    while (found := rows(connection, query)) != wanted:
        assert time.monotonic() < deadline, f"{what}: {found}"
        time.sleep(0.1)


@pytest.fixture(scope="module", autouse=True)
def cluster():
    yield
    stop_cluster(CLUSTER)


@test
def starts():
    """with the library preloaded it waits for its database and the extension"""
    start_cluster(CLUSTER, "-c", "shared_preload_libraries=llmspell_ext", "-c", "llmspell.maintenance_database=kept", "-c", "llmspell.maintenance_interval=1s")
    create_database("kept")
    with server("kept") as connection:
        until(connection, "SELECT usename, datname FROM pg_stat_activity WHERE backend_type = 'llmspell maintenance'", [("llmspell_admin", "kept")], "worker")
        equal(one(connection, "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'llmspell_admin'"), False)


@test
def maintains():
    """it makes months and sweeps what is due, of every tenant"""
    with server("kept") as connection:
        connection.execute("CREATE ROLE worker_app LOGIN IN ROLE llmspell_app")
    with server("kept", user="worker_app") as connection:
        for tenant in ("one", "two"):
            connection.execute("SELECT llmspell.tenant_set(%s, false)", [tenant])
            connection.execute("SELECT llmspell.kv_set('k', '', ttl => '1 millisecond'), llmspell.kv_set('stays', '')")
    with server("kept") as connection:
        until(connection, "SELECT tenant_id, key FROM llmspell.kv_store ORDER BY 1", [("one", "stays"), ("two", "stays")], "expired keys")
        until(connection, "SELECT count(*) FROM llmspell_internal._event_log_months()", [(4,)], "months")
        equal(rows(connection, "SELECT last_detail FROM llmspell.maintenance_status() WHERE task = 'background worker'"), [("running",)])
        equal(rows(connection, "SELECT task FROM llmspell.maintenance_status() WHERE last_error IS NOT NULL"), [])


@test
def survives():
    """a task that fails does not end it, and when it is ended it comes back"""
    with server("kept") as connection:
        [(pid, *_)] = rows(connection, WORKER)
        connection.execute("ALTER FUNCTION llmspell.kv_sweep(int) RENAME TO gone")
        # A key that is due: only then is there a tenant to sweep.
        with server("kept", user="worker_app") as one_of_them:
            one_of_them.execute("SELECT llmspell.tenant_set('one', false)")
            one_of_them.execute("SELECT llmspell.kv_set('k', '', ttl => '1 millisecond')")
        until(connection, "SELECT task FROM llmspell.maintenance_status() WHERE last_error IS NOT NULL", [("keys",)], "the error is told")
        connection.execute("ALTER FUNCTION llmspell.gone(int) RENAME TO kv_sweep")
        equal(rows(connection, WORKER)[0][0], pid)
        connection.execute("ALTER FUNCTION llmspell.maintenance_step() RENAME TO gone")
        connection.execute("CREATE FUNCTION llmspell.maintenance_step() RETURNS TABLE (task text, done boolean, detail text) LANGUAGE sql AS 'SELECT NULL, 1 / 0 = 0, NULL'")
        until(connection, f"SELECT count(*) FROM ({WORKER}) w WHERE pid = {pid}", [(0,)], "an error ends it")
        connection.execute("DROP FUNCTION llmspell.maintenance_step()")
        connection.execute("ALTER FUNCTION llmspell.gone() RENAME TO maintenance_step")
        connection.execute("UPDATE llmspell._maintenance SET last_run = NULL")
        until(connection, "SELECT count(*) FROM llmspell._maintenance WHERE last_run IS NULL", [(0,)], "it comes back")
