#!/usr/bin/env -S python3 -m pytest
"""A killed client and a server that starts again lose nothing that was told to be stored."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid

import psycopg
import pytest
from langgraph.checkpoint.base import empty_checkpoint
from lib import A, SOAK, create_database, equal, server, start_cluster, stop_cluster, test, wait_until
from llmspell.langchain import LlmspellByteStore
from llmspell.langgraph import LlmspellSaver, LlmspellStore
from psycopg_pool import ConnectionPool

MEMBER_OF = None
CLUSTER, LOGIN = f"test-lost-{os.getpid()}", "lost_app"
WRITES = 20
# A client that tells of each call which came back; values differ, so that they are stored one by one.
CLIENT = f"""
import sys
from llmspell.langgraph import LlmspellSaver
with LlmspellSaver.from_conn_string("user={LOGIN}", "{A}") as saver:
    config = {{"configurable": {{"thread_id": sys.argv[1], "checkpoint_ns": "", "checkpoint_id": "c"}}}}
    for n in range(100000):
        saver.put_writes(config, [("channel", [n, k, "x" * 5000]) for k in range({WRITES})], f"{{n:06}}")
        print(n, flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def own_server():
    start_cluster(CLUSTER, "--durable")
    create_database("lost")
    os.environ["PGDATABASE"] = "lost"
    with server() as superuser:
        superuser.execute(f"CREATE ROLE {LOGIN} LOGIN IN ROLE llmspell_app")
    yield
    stop_cluster(CLUSTER)


@test
def a_client_that_is_killed():
    """kill -9 in the middle of put_writes: each call that came back is stored whole, the one that did not is stored whole or not at all"""
    rounds, torn = (40 if SOAK else 4), 0
    with LlmspellSaver.from_conn_string(f"user={LOGIN}", A) as saver:
        for _ in range(rounds):
            thread = str(uuid.uuid4())
            config = saver.put({"configurable": {"thread_id": thread, "checkpoint_ns": ""}}, {**empty_checkpoint(), "id": "c"}, {"source": "loop"}, {})
            client = subprocess.Popen([sys.executable, "-c", CLIENT, thread], stdout=subprocess.PIPE, text=True)
            told = int(client.stdout.readline())
            time.sleep(random.uniform(0.02, 0.2))
            client.send_signal(signal.SIGKILL)
            told = max([told, *map(int, client.stdout.read().split())])
            client.wait()
            # The server may still be at the last call.
            with server() as superuser:
                while superuser.execute("SELECT 1 FROM pg_stat_activity WHERE usename = %s AND state <> 'idle' AND pid <> pg_backend_pid()", [LOGIN]).fetchone():
                    time.sleep(0.01)
            writes = saver.get_tuple(config).pending_writes
            calls = len(writes) // WRITES
            equal([(task, value[:2]) for task, _, value in writes], [(f"{n:06}", [n, k]) for n in range(calls) for k in range(WRITES)])
            assert told + 1 <= calls <= told + 2, f"{told + 1} calls came back, {calls} are stored"
            torn += calls == told + 2
    print(f"# {torn} of {rounds} last calls were stored without an answer")


@test
def a_server_that_restarts():
    """a server process is killed, so that the server starts again: the next call of each goes on over new connections, once, and all that was told is there"""
    def restart(pool):
        with pool.connection() as one_of_it, pool.connection() as other:
            victim, witness = one_of_it.info.backend_pid, other.info.backend_pid
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/proc/{witness}"), "the server goes on")
        wait_until(answers, "the server does not start again")

    def answers():
        try:
            with server():
                return True
        except psycopg.OperationalError:
            return False

    with ConnectionPool(f"user={LOGIN}", min_size=2, max_size=2, open=False) as pool:
        saver, store, data = LlmspellSaver(A, pool), LlmspellStore(A, pool), LlmspellByteStore(A, pool)
        config, ids = {"configurable": {"thread_id": "restart", "checkpoint_ns": ""}}, []
        for n in range(3):
            checkpoint = {**empty_checkpoint(), "channel_values": {"list": [n] * 1000}, "channel_versions": {"list": n + 1}}
            config = saver.put(config, checkpoint, {"source": "loop", "step": n}, {"list": n + 1})
            saver.put_writes(config, [("list", [n])], "task")
            store.put(("restart",), str(n), {"n": n})
            data.mset([(f"restart-{n}", b"x")])
            ids.append(checkpoint["id"])
            restart(pool)
        found = {t.checkpoint["id"]: (t.checkpoint["channel_values"], t.pending_writes) for t in saver.list({"configurable": {"thread_id": "restart"}})}
        equal(found, {name: ({"list": [n] * 1000}, [("task", "list", [n])]) for n, name in enumerate(ids)})
        equal([item.key for item in store.search(("restart",))], ["0", "1", "2"])
        equal(list(data.yield_keys(prefix="restart-")), [f"restart-{n}" for n in range(3)])
