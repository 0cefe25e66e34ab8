#!/usr/bin/env -S python3 -m pytest
"""kill -9 of the server under load: what was acknowledged is there afterwards, exactly.

Four clients write keys, artifacts with their counts, and contents whole and in parts, each noting a write
before it is sent and what it was told. Then the postmaster is killed, or a backend, or one after the other;
after the restart each note is held against the rows."""

import os
import pathlib
import random
import signal
import sys
import threading
import time

import psycopg
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))
from lib import SOAK, app, call, create_database, equal, fill, kill_cluster, one, rows, server, start_cluster, stop_cluster, test, wait_until

CLUSTER = f"test-crash-{os.getpid()}"
MEMBER_OF = None
ROUNDS, LOAD = (20, 2.0) if SOAK else (2, 0.7)
DATABASE, WRITER = "crash", "writer"
SESSION = "10000000-0000-0000-0000-000000000001"
STORE = "10000000-0000-0000-0000-000000000003"
# Two of one kind compress, two do not; the clients store versions of them.
CONTENTS = [random.Random(1).randbytes(150_000), random.Random(2).randbytes(90_000),
            b"".join(b"%d\n" % i for i in range(30_000)), b"".join(b"line %d\n" % (i * i) for i in range(8_000))]


def start():
    """Starts the cluster, perhaps on another port than before."""
    start_cluster(CLUSTER, "--durable")


@pytest.fixture(scope="module", autouse=True)
def cluster():
    start()
    yield
    stop_cluster(CLUSTER)


def kill_backend():
    """Kills one backend: the server ends all the others and recovers by itself."""
    with server(DATABASE) as connection:
        victims = [r[0] for r in rows(connection, "SELECT pid FROM pg_stat_activity WHERE usename = %s", [WRITER])]
    os.kill(random.choice(victims), signal.SIGKILL)


def recovered():
    try:
        with server(DATABASE):
            return True
    except psycopg.OperationalError:
        return False


class Client(threading.Thread):
    """Writes until its connection breaks. `sure` holds what was acknowledged, `unsure` the one write in flight."""

    def __init__(self, number, sure):
        super().__init__()
        self.tenant, self.random = f"crash-{number}", random.Random(number * 1000 + len(sure))
        self.sure, self.unsure, self.problem, self.writes = sure, None, None, 0

    def run(self):
        try:
            with app(self.tenant, dbname=DATABASE, role=WRITER) as connection:
                while True:
                    self.write(connection)
                    self.writes += 1
        except psycopg.OperationalError as error:
            # The server went away: 57P01, 57P02, 57P03, or no SQLSTATE at all.
            if error.sqlstate and not error.sqlstate.startswith(("57P", "08")):
                self.problem = error
        except Exception as error:
            self.problem = error

    def write(self, connection):
        if self.random.random() < 0.7:
            self.write_rows(connection)
        else:
            self.write_contents(connection)
        self.unsure = None

    def write_contents(self, connection):
        choice = self.random.random()
        made = [name for kind, name in self.sure if kind == "content"]
        if choice < 0.25 and made:
            name = self.random.choice(made)
            self.unsure = ("content", name, None)
            connection.execute("SELECT llmspell.artifact_delete(artifact_id) FROM llmspell.artifact_list(%s, %s)", [STORE, name])
            del self.sure[("content", name)]
        elif choice < 0.4:
            connection.execute("SELECT * FROM llmspell.artifact_gc(1000, '0')")
        else:
            content = bytearray(self.random.choice(CONTENTS))
            content[self.random.randrange(10) * 1000] ^= 1
            content, name = bytes(content), f"{len(self.sure)} {self.random.randrange(10**9)}"
            self.unsure = ("content", name, content)
            if choice < 0.8:
                connection.execute("SELECT * FROM llmspell.artifact_put(%s, %s, %b)", [STORE, name, content])
            else:
                upload = one(connection, "SELECT llmspell.artifact_upload_begin(%s, %s)", [STORE, name])
                for start in range(0, len(content), 50_000):
                    connection.execute("SELECT llmspell.artifact_upload_append(%s, %s, %b)", [upload, start, content[start:start + 50_000]])
                connection.execute("SELECT * FROM llmspell.artifact_upload_finish(%s)", [upload])
            self.sure[("content", name)] = content

    def write_rows(self, connection):
        choice, name = self.random.random(), f"k{self.random.randrange(50)}"
        if choice < 0.5:
            value = self.random.randbytes(self.random.choice([0, 10, 1000, 9000]))
            self.unsure = ("kv", name, value)
            connection.execute("SELECT llmspell.kv_set(%s, %s)", [name, value])
            self.sure[("kv", name)] = value
        elif choice < 0.65:
            self.unsure = ("kv", name, None)
            connection.execute("SELECT llmspell.kv_delete(%s)", [name])
            self.sure.pop(("kv", name), None)
        elif choice < 0.9:
            contents = self.random.sample("123", 3)
            # Three rows at once: all of them or none.
            self.unsure = ("artifacts", name, contents)
            connection.execute("""INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
                SELECT llmspell.current_tenant(), %s || ':' || n, %s, 1000 + 3 * %s + n, repeat(h, 64), '{}', 'n', 't', 'm', 1 FROM unnest(%s::text[]) WITH ORDINALITY AS u (h, n)
                ON CONFLICT (tenant_id, artifact_id) DO UPDATE SET content_hash = EXCLUDED.content_hash""", [name, SESSION, int(name[1:]), contents])
            self.sure[("artifacts", name)] = contents
        else:
            self.unsure = ("artifacts", name, None)
            connection.execute("DELETE FROM llmspell.artifacts WHERE artifact_id LIKE %s || ':%%' AND sequence >= 1000", [name])
            self.sure.pop(("artifacts", name), None)


def found(connection):
    state = {("kv", key): bytes(value) for key, value in rows(connection, "SELECT key, value FROM llmspell.kv_store WHERE key ~ '^k[0-9]'")}
    for name, contents in rows(connection, """SELECT split_part(artifact_id, ':', 1), array_agg(left(content_hash, 1) ORDER BY artifact_id)
                                              FROM llmspell.artifacts WHERE session_id = %s AND sequence >= 1000 GROUP BY 1""", [SESSION]):
        state[("artifacts", name)] = contents
    for name, content, is_hash in connection.execute("""
            SELECT a.name, g.content, a.content_hash = encode(llmspell.blake3(g.content), 'hex')
            FROM llmspell.artifacts a, llmspell.artifact_get(a.artifact_id) AS g (content) WHERE a.session_id = %s""", [STORE], binary=True):
        assert is_hash, f"{name} does not have its hash"
        state[("content", name)] = content
    return state


def check(clients):
    for client in clients:
        assert client.problem is None, repr(client.problem)
        with app(client.tenant, dbname=DATABASE, role=WRITER) as connection:
            state = found(connection)
            if client.unsure:
                kind, name, value = client.unsure
                # In flight: as before or as sent, nothing between; what it is, the next round starts from.
                now = state.get((kind, name))
                assert now in (value, client.sure.get((kind, name))), f"{client.tenant} {kind} {name}: neither before nor after"
                client.sure.pop((kind, name), None)
                if now is not None:
                    client.sure[(kind, name)] = now
            different = [k for k in {*state, *client.sure} if state.get(k) != client.sure.get(k)]
            equal(different, [], f"{client.tenant}: acknowledged and found differ")
            equal(rows(connection, "SELECT * FROM llmspell.verify()"), [])
            # The hashes of fill.sql's raw contents are made up.
            equal(rows(connection, "SELECT code, object, detail FROM llmspell.artifact_verify('data') WHERE (code, left(object, 60)) NOT IN "
                                   "(SELECT 'content_hash', repeat(n::text, 60) FROM generate_series(1, 3) AS n)"), [])
    with server(DATABASE) as connection:
        equal(rows(connection, """
            SELECT c.tenant_id, c.content_hash FROM llmspell.artifact_content c
            WHERE c.reference_count <> 1 + (SELECT count(*) FROM llmspell.artifacts a WHERE (a.tenant_id, a.content_hash) = (c.tenant_id, c.content_hash))
            UNION ALL SELECT s.tenant_id, s.session_id::text FROM llmspell.sessions s
            WHERE s.artifact_count <> (SELECT count(*) FROM llmspell.artifacts a WHERE (a.tenant_id, a.session_id) = (s.tenant_id, s.session_id))"""), [], "counts")


@test
def setup():
    """a cluster of its own that writes durably"""
    create_database(DATABASE)
    with server(DATABASE) as connection:
        connection.execute("CREATE EXTENSION amcheck")
        connection.execute(f"CREATE ROLE {WRITER} LOGIN IN ROLE llmspell_app")
        equal(rows(connection, "SELECT name FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting <> 'on'"), [])
    with app(dbname=DATABASE, role=WRITER) as connection:
        for number in range(4):
            fill(connection, f"crash-{number}")
    # The sequence of the store soon passes that of the rows that the clients write themselves.
    with server(DATABASE) as connection:
        for number in range(4):
            with connection.transaction():
                connection.execute("SET LOCAL ROLE llmspell_owner")
                connection.execute("SELECT llmspell.tenant_set(%s)", [f"crash-{number}"])
                connection.execute("UPDATE llmspell.sessions SET artifact_sequence = 999 WHERE session_id = %s", [STORE])


@test
def kill_the_server():
    """4 clients write while the server or a backend is killed: acknowledged writes are there, others wholly or not at all, counts are exact, verify and amcheck are clean"""
    sure, writes = [{} for _ in range(4)], 0
    for turn in range(ROUNDS):
        clients = [Client(number, sure[number]) for number in range(4)]
        for client in clients:
            client.start()
        time.sleep(LOAD * (0.5 + random.random() / 2))
        # The server; a backend; a backend and soon after the server.
        if turn % 3:
            kill_backend()
            time.sleep(0.1)
        if turn % 3 != 1:
            kill_cluster(CLUSTER)
        for client in clients:
            client.join(30)
            assert not client.is_alive(), "a client hangs"
        start()
        wait_until(recovered, "the server does not recover")
        check(clients)
        assert all(client.writes for client in clients), "a client wrote nothing"
        writes += sum(client.writes for client in clients)
        if SOAK or turn == ROUNDS - 1:
            call(["pg_amcheck", "--schema", "llmspell", "--heapallindexed", "--parent-check", "-j", "2", DATABASE])
    assert writes > 100, writes


@test
def kill_during_install():
    """the server is killed during CREATE EXTENSION: nothing is left, and the next install succeeds"""
    create_database("half", None)
    with server("half") as connection:
        connection.execute("CREATE EXTENSION vector; CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist")

    def install():
        try:
            with server("half") as connection:
                connection.execute("CREATE EXTENSION llmspell")
        except psycopg.OperationalError:
            pass

    thread = threading.Thread(target=install)
    thread.start()
    time.sleep(0.1)
    kill_cluster(CLUSTER)
    thread.join()
    start()
    with server("half") as connection:
        if not rows(connection, "SELECT 1 FROM pg_extension WHERE extname = 'llmspell'"):
            equal(rows(connection, "SELECT nspname FROM pg_namespace WHERE nspname = 'llmspell'"), [])
            connection.execute("CREATE EXTENSION llmspell")
        equal(rows(connection, "SELECT * FROM llmspell_internal._security_faults()"), [])
