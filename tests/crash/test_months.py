#!/usr/bin/env -S python3 -m pytest
"""kill -9 while months of the event log are made, archived and dropped: each is there whole or not at all."""

import os
import pathlib
import sys
import threading
import time

import psycopg
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import SOAK, create_database, equal, kill_cluster, one, rows, server, start_cluster, stop_cluster, test

CLUSTER = f"test-months-{os.getpid()}"
MEMBER_OF = None
ROUNDS = 10 if SOAK else 3


def start():
    """Starts the cluster, perhaps on another port than before."""
    start_cluster(CLUSTER, "--durable")


@pytest.fixture(scope="module", autouse=True)
def cluster():
    start()
    yield
    stop_cluster(CLUSTER)


def work(seed, sure):
    """Makes months, writes into each, archives some, drops the oldest; notes what was acknowledged."""
    try:
        with server("months") as connection:
            connection.execute("SET llmspell.event_log_months_back = 1200")
            connection.execute("SET app.current_tenant_id = 'crash'")
            for n in range(30 + seed * 200, 230 + seed * 200):
                month = one(connection, "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => %s))::date", [n])
                one(connection, "SELECT llmspell.create_event_log_partition(%s, %s + interval '1 month')", [month, month])
                one(connection, "SELECT count(*) FROM llmspell.event_append('e', '1', at => %s)", [month])
                sure.append(month)
                if n % 3 == 0:
                    one(connection, "SELECT llmspell.event_log_archive(%s)", [month])
    except psycopg.Error:
        pass


@test
def killed():
    """after each kill every month has its keys, indexes, wall and rows, and no other relation is left"""
    create_database("months")
    sure = []
    for number in range(ROUNDS):
        threads = [threading.Thread(target=work, args=[seed, sure]) for seed in (number % 5,)]
        for thread in threads:
            thread.start()
        time.sleep(0.5 + 0.13 * number)
        kill_cluster(CLUSTER)
        for thread in threads:
            thread.join()
        start()
        with server("months") as connection:
            equal(rows(connection, "SELECT * FROM llmspell_internal._schema_faults()"), [])
            equal(rows(connection, "SELECT * FROM llmspell_internal._security_faults()"), [])
            equal(rows(connection, """SELECT c.oid::regclass::text FROM pg_class c WHERE c.relname LIKE 'event\\_log\\_2%' AND c.relkind = 'r'
                AND c.oid NOT IN (SELECT relation FROM llmspell_internal._event_log_months()) AND c.oid NOT IN (SELECT relation FROM llmspell_internal._event_log_detached() WHERE is_archived)"""), [])
            known = {r[0] for r in rows(connection, "SELECT month FROM llmspell_internal._event_log_months() UNION SELECT month FROM llmspell_internal._event_log_detached()")}
            equal(sorted(set(sure) - known), [], "months that were acknowledged")
            equal(one(connection, "SELECT count(*) FROM llmspell.maintenance_run() WHERE detail LIKE 'error%'"), 0)
    assert len(sure) > ROUNDS, sure
