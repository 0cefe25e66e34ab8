#!/usr/bin/env -S python3 -m pytest
"""Threads: checkpoints and messages of many writers at once, of tenants with the same ids, and through the pooler's way."""

import concurrent.futures
import os
import random
import signal
import subprocess
import sys
import time

import psycopg
from lib import A, B, SOAK, app, equal, one, raises, rows, server, test

ROUNDS = 200 if SOAK else 25
PUT = "SELECT llmspell.checkpoint_put(%s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s)"


def put(connection, thread, number, value, parent=None, namespace=""):
    """A checkpoint whose only channel has this value; returns its id."""
    name = f"c{number:06}"
    versions = f'{{"channel_versions": {{"messages": {number}}}}}'
    connection.execute(PUT, [thread, namespace, name, parent, versions, f'{{"step": {number}}}', ["messages"], ["bytes"], [value]], binary=True)
    return name


def values(connection, thread):
    """Every checkpoint of a thread with the value of its channel, oldest first."""
    found = connection.execute("SELECT checkpoint_id, channel_values FROM llmspell.checkpoint_list(%s, '', max_rows => 10000)", [thread], binary=True)
    return [(name, bytes(value[0])) for name, value in reversed(found.fetchall())]


def growing(seed, count):
    """What a list of messages looks like as it grows: bytes that compress little, the head changes with the length."""
    source, body, found = random.Random(seed), b"", []
    for n in range(count):
        body += source.randbytes(source.randrange(20, 600))
        found.append(n.to_bytes(2, "big") + body)
    return found


def faults():
    with app(A) as connection:
        return [row for row in rows(connection, "SELECT component, object, fault FROM llmspell.verify()") if row[0] == "threads"]


def together(work, count=8):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [job.result() for job in [pool.submit(work, n) for n in range(count)]]


@test
def eight_threads():
    """eight writers on eight threads, pruned and copied meanwhile: each reads what it wrote, to the byte"""
    def work(writer):
        history = growing(writer, ROUNDS)
        with app(A) as connection:
            parent = None
            for number, value in enumerate(history):
                parent = put(connection, f"own-{writer}", number, value, parent)
                if number % 10 == 9:
                    connection.execute("SELECT llmspell.thread_prune(ARRAY[%s], keep_last => 5)", [f"own-{writer}"])
                    connection.execute("SELECT llmspell.thread_copy(%s, %s)", [f"own-{writer}", f"copy-{writer}-{number}"])
                    connection.execute("SELECT * FROM llmspell.thread_gc()")
            wanted = {f"c{number:06}": value for number, value in enumerate(history)}
            for thread in [f"own-{writer}", *(f"copy-{writer}-{n}" for n in range(9, ROUNDS, 10))]:
                found = values(connection, thread)
                assert found and all(wanted[name] == value for name, value in found), thread
            for number in range(9, ROUNDS, 10):
                equal(one(connection, "SELECT llmspell.thread_delete(%s)", [f"copy-{writer}-{number}"]), True)
            connection.execute("SELECT * FROM llmspell.thread_gc()")
            found = values(connection, f"own-{writer}")
            assert found[-1] == (f"c{ROUNDS - 1:06}", history[-1]) and all(wanted[name] == value for name, value in found)
    together(work)
    equal(faults(), [])
    with app(A) as connection:
        connection.execute("SELECT llmspell.thread_delete(thread_id) FROM llmspell.thread_list(1000)")
        connection.execute("SELECT * FROM llmspell.thread_gc()")
        equal(one(connection, "SELECT count(*) FROM llmspell.thread_blobs"), 0, "values that nobody uses")


@test
def one_thread():
    """eight writers on one thread: branches from the same parents keep their own values; with expected_parent one of eight stores each step"""
    def branch(writer):
        history = growing(writer, ROUNDS)
        with app(A) as connection:
            parent = None
            for number, value in enumerate(history):
                parent = put(connection, "shared", number * 8 + writer, value, parent)
        return {f"c{number * 8 + writer:06}": value for number, value in enumerate(history)}

    wanted = {name: value for part in together(branch) for name, value in part.items()}
    with app(A) as connection:
        equal(dict(values(connection, "shared")) == wanted, True, "branches")

    def race(writer):
        stored = 0
        with app(A) as connection:
            for _ in range(ROUNDS):
                latest = connection.execute("SELECT checkpoint_id FROM llmspell.checkpoint_get('race')").fetchone()
                latest = latest[0] if latest else ""
                name = f"{int(latest or 0) + 1:06}"
                try:
                    stored += one(connection, "SELECT llmspell.checkpoint_put('race', '', %s, %s, %s, expected_parent => %s)",
                                  [f"{name}", latest or None, psycopg.types.json.Jsonb({"writer": writer}), latest])
                except psycopg.Error as error:
                    assert error.sqlstate == "LS409", error
        return stored

    stored = sum(together(race))
    with app(A) as connection:
        found = rows(connection, "SELECT checkpoint_id, parent_id FROM llmspell.checkpoint_list('race', with_values => false, max_rows => 10000)")
    equal(len(found), stored, "checkpoints that were told to be stored")
    equal([parent for _, parent in found], [name for name, _ in found[1:]] + [None], "one line")
    equal(faults(), [])


@test
def messages_of_eight():
    """eight writers append to one thread: places have no gaps, nothing is lost, the order of each writer is kept"""
    def work(writer):
        with app(A) as connection:
            for number in range(ROUNDS):
                connection.execute("SELECT count(*) FROM llmspell.message_append('talk', %s)", [psycopg.types.json.Jsonb([[writer, number], "pair"])])
                if number % 5 == 4:
                    connection.execute("SELECT llmspell.message_update('talk', %s, sequence => 1)", [psycopg.types.json.Jsonb([writer, -1])])
    together(work)
    with app(A) as connection:
        found = rows(connection, "SELECT sequence, message FROM llmspell.message_list('talk', max_rows => 100000)")
        equal([place for place, _ in found], list(range(1, 16 * ROUNDS + 1)))
        own = [message for _, message in found[2:] if message != "pair"]
        for writer in range(8):
            numbers = [number for w, number in own if w == writer]
            equal(numbers, sorted(numbers), f"writer {writer}")
        equal(len(own), 8 * ROUNDS - 1)
        equal([place for place, _ in rows(connection, "SELECT sequence, message FROM llmspell.message_list('talk', newest => 3)")], [16 * ROUNDS - 2, 16 * ROUNDS - 1, 16 * ROUNDS])
    equal(faults(), [])


@test
def snapshots():
    """with an older snapshot nothing is taken for unused that another transaction has come to use, and places stay unique"""
    with app(A) as connection, app(A, autocommit=False) as old:
        first = put(connection, "snapshot", 1, bytes(range(256)) * 20)
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM llmspell.thread_list()")
        later = bytes(range(256)) * 20 + b"more"
        put(connection, "snapshot", 2, later, first)
        connection.execute("SELECT llmspell.thread_copy('snapshot', 'snapshot-copy')")
        old.execute("SELECT llmspell.thread_prune('{snapshot}', 'delete')")
        old.commit()
        equal(values(connection, "snapshot"), [("c000002", later)], "stored meanwhile")
        equal(values(connection, "snapshot-copy")[-1], ("c000002", later), "copied meanwhile")
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM llmspell.message_list('snapshot')")
        put(connection, "snapshot", 3, later, "c000002")
        with raises("40001"):
            old.execute("SELECT llmspell.thread_delete('snapshot')")
        old.rollback()
        equal(len(values(connection, "snapshot")), 2, "stored while it was to be deleted")
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM llmspell.message_list('snapshot')")
        connection.execute("SELECT count(*) FROM llmspell.message_append('snapshot', '[1]')")
        with raises("40001"):
            old.execute("SELECT count(*) FROM llmspell.message_append('snapshot', '[2]')")
        old.rollback()
        equal(rows(connection, "SELECT sequence, message FROM llmspell.message_list('snapshot')"), [(1, 1)])
        # What was pruned meanwhile is not taken over, and serves as no base.
        put(connection, "snapshot-2", 1, bytes(range(256)) * 20)
        for call in ("SELECT llmspell.thread_copy('snapshot-2', 'snapshot-3')",
                     """SELECT llmspell.checkpoint_put('snapshot-2', '', 'c000009', 'c000001', '{"channel_versions": {"messages": 1}}')"""):
            old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            old.execute("SELECT count(*) FROM llmspell.thread_list()")
            connection.execute("SELECT llmspell.thread_prune('{snapshot-2}', 'delete')")
            put(connection, "snapshot-2", 2, b"other")
            with raises("40001"):
                old.execute(call)
            old.rollback()
            connection.execute("SELECT llmspell.thread_prune('{snapshot-2}', 'delete')")
            put(connection, "snapshot-2", 1, bytes(range(256)) * 20)
        connection.execute("SELECT llmspell.message_append('snapshot-2', '[1]')")
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM llmspell.thread_list()")
        connection.execute("SELECT llmspell.thread_prune('{snapshot-2}', 'delete')")
        put(old, "snapshot-2", 5, later, "c000001")
        old.commit()
        equal(values(connection, "snapshot-2"), [("c000005", later)], "beside what was pruned")
    equal(faults(), [])


@test
def the_wall():
    """two tenants with the same ids never meet, nor does a transaction without a tenant reach either"""
    with app() as connection:
        for tenant, value in ((A, b"of a" * 200), (B, b"of b" * 200)):
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                parent = put(connection, "same", 1, value)
                put(connection, "same", 2, value + b"!", parent)
                connection.execute("SELECT llmspell.checkpoint_writes_put('same', '', 'c000002', 'task', '{a}', '{b}', %s)", [[value]])
                connection.execute("SELECT count(*) FROM llmspell.message_append('same', %s, message_ids => '{m}')", [psycopg.types.json.Jsonb([value.decode()])])
        for tenant, value in ((A, b"of a" * 200), (B, b"of b" * 200)):
            with connection.transaction():
                connection.execute("SELECT llmspell.tenant_set(%s)", [tenant])
                equal(values(connection, "same"), [("c000001", value), ("c000002", value + b"!")])
                equal(bytes(one(connection, "SELECT write_values[1] FROM llmspell.checkpoint_get('same')")), value)
                equal(one(connection, "SELECT message #>> '{}' FROM llmspell.message_get('same', 'm')"), value.decode())
        # Ids of another tenant's family and blobs lead nowhere.
        with server() as superuser:
            family, blob = superuser.execute("SELECT family_id, blob_id FROM llmspell.thread_blobs WHERE tenant_id = %s LIMIT 1", [B]).fetchone()
        with connection.transaction():
            connection.execute("SELECT llmspell.tenant_set(%s)", [A])
            equal(rows(connection, "SELECT * FROM llmspell_internal._thread_blobs_get(%s, '{}')", [family]), [([], [])])
            equal(one(connection, "SELECT llmspell_internal._thread_blobs_unused(%s, NULL)", [family]), [])
            with raises("XX001"), connection.transaction():
                connection.execute("SELECT llmspell_internal._thread_blob_get(%s, %s)", [family, blob])
            equal(one(connection, "SELECT llmspell.thread_delete('same')"), True)
        with connection.transaction():
            connection.execute("SELECT llmspell.tenant_set(%s)", [B])
            equal(len(values(connection, "same")), 2, "after the other's was deleted")
            equal(one(connection, "SELECT count(*) FROM llmspell.message_list('same')"), 1)
        with raises("42501"):
            connection.execute("SELECT llmspell.checkpoint_get('same')")


@test
def a_killed_writer():
    """SIGKILL of a client between and within puts of writes: what was acknowledged is there, nothing is half there"""
    program = """
import sys, psycopg
connection = psycopg.connect(user=sys.argv[1], autocommit=True)
connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", [sys.argv[2]])
for n in range(100000):
    connection.execute("SELECT llmspell.checkpoint_put('killed', '', %s, NULL, '{}')", [f"{n:06}"])
    connection.execute("SELECT llmspell.checkpoint_writes_put('killed', '', %s, 'task', '{a,b}', '{t,t}', %s)", [f"{n:06}", [b"x" * 3000, b"y"]])
    print(n, flush=True)
"""
    from lib import ROLE
    for _ in range(10 if SOAK else 2):
        child = subprocess.Popen([sys.executable, "-c", program, ROLE, A], stdout=subprocess.PIPE, text=True)
        for _ in range(random.randrange(5, 40)):
            last = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        last = max([last, *map(int, child.stdout.read().split())])
        time.sleep(0.1)
        with app(A) as connection:
            stored = rows(connection, "SELECT checkpoint_id, cardinality(write_values) FROM llmspell.checkpoint_list('killed', max_rows => 1000)")
            written = {name: count for name, count in stored}
            assert all(written.get(f"{n:06}") == 2 for n in range(last + 1)), "a write that was acknowledged is not there"
            assert set(written.values()) <= {2, None}, "a part of a task's writes"
            connection.execute("SELECT llmspell.thread_delete('killed')")
    equal(faults(), [])


@test
def large_values():
    """a value of some megabytes grows by its end, and is stored as what it grows by; values of over 256 MiB are refused, before they are read"""
    source = random.Random(1)
    body = source.randbytes(6_000_000)
    with app(A) as connection:
        parent = put(connection, "large", 1, body)
        for number in range(2, 6):
            body += source.randbytes(1000)
            parent = put(connection, "large", number, body, parent)
        equal(values(connection, "large")[-1][1] == body, True)
        size, stored = connection.execute("SELECT size_bytes, stored_bytes FROM llmspell.thread_stats('large')").fetchone()
        assert stored < size / 3, (size, stored)
        half = bytes(120_000_000)
        connection.execute(PUT, ["bomb", "", "c1", None, '{"channel_versions": {"a": 1, "b": 1, "c": 1}}', "{}", ["a"], ["t"], [half]], binary=True)
        for n, name in enumerate("bc"):
            connection.execute(PUT, ["bomb", "", f"c{n + 2}", f"c{n + 1}", '{"channel_versions": {"a": 1, "b": 1, "c": 1}}', "{}", [name], ["t"], [half]], binary=True)
        with raises("54000"):
            connection.execute("SELECT channels FROM llmspell.checkpoint_get('bomb')")
        equal(one(connection, "SELECT count(*) FROM llmspell.checkpoint_list('bomb', with_values => false)"), 3)
        connection.execute("SELECT llmspell.thread_delete('bomb')")
