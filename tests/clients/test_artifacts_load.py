#!/usr/bin/env -S python3 -m pytest
"""Artifacts under concurrency: nothing lost, nothing left over, every count exact, no deadlock."""

import hashlib
import random
import threading
import time

import psycopg
from artifacts import blake3, clear, collect, faults, get, put, session, upload
from lib import A, SOAK, app, equal, one, rows, server, test

SECONDS = 60 if SOAK else 3
RECOUNT = """
    SELECT 'content', c.content_hash::text FROM llmspell.artifact_content c
    WHERE c.tenant_id = %(tenant)s AND c.reference_count <> 1 + (
        SELECT count(*) FROM llmspell.artifacts a WHERE (a.tenant_id, a.content_hash) = (c.tenant_id, c.content_hash))
    UNION ALL SELECT 'session', s.session_id::text FROM llmspell.sessions s
    WHERE s.tenant_id = %(tenant)s AND s.artifact_count <> (
        SELECT count(*) FROM llmspell.artifacts a WHERE (a.tenant_id, a.session_id) = (s.tenant_id, s.session_id))
    UNION ALL SELECT 'chunk', encode(k.chunk_hash, 'hex') FROM llmspell.artifact_chunk k
    WHERE k.tenant_id = %(tenant)s AND k.refs <> (
        SELECT count(*) FROM llmspell.artifact_content c
        WHERE c.tenant_id = k.tenant_id AND EXISTS (
            SELECT FROM llmspell_internal._artifact_manifest(c.manifest) AS m WHERE m.chunk_hash = k.chunk_hash))"""


def all_at_once(work, arguments):
    """Each in a thread with a connection of its own, which begins when all are there; what they raised."""
    problems, barrier = [], threading.Barrier(len(arguments))

    def run(argument):
        try:
            with app(A) as connection:
                barrier.wait(30)
                work(connection, argument)
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=[argument]) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 120)
        assert not thread.is_alive(), "a client hangs"
    return problems


def deadlocks():
    with server() as admin:
        admin.execute("SELECT pg_stat_clear_snapshot()")
        return one(admin, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def healthy(connection, what):
    """After a last collection everything agrees, and only what artifacts have is there."""
    collect(connection)
    equal(rows(connection, RECOUNT, {"tenant": A}), [], f"{what}: recount")
    equal(faults(connection), [], f"{what}: artifact_verify")
    equal(rows(connection, "SELECT content_hash FROM llmspell.artifact_content WHERE reference_count = 1"), [], f"{what}: left over")


def shared_contents(number):
    """Contents that share most of their chunks, some of them beside one another."""
    chooser = random.Random(7)
    blocks = [chooser.randbytes(120_000) for _ in range(4)] + [b"".join(b"%d of %d\n" % (i, n) for i in range(12_000)) for n in range(4)]
    contents = []
    for i in range(number):
        content = bytearray(b"".join(chooser.sample(blocks, 3)))
        content[1000 * i] ^= 1
        contents.append(bytes(content))
    return contents


class Worker:
    """One client; what it made, it alone deletes, so that it knows what must be there."""

    def __init__(self, number, sessions, contents, hashes):
        self.random, self.number = random.Random(number), number
        self.sessions, self.contents, self.hashes = sessions, contents, hashes
        self.mine, self.done, self.made = {}, 0, 0

    def store(self, connection):
        content = self.random.randrange(len(self.contents))
        name = self.random.choice(("shared", f"own {self.number} {self.made}"))
        self.made += 1
        how = put if self.random.random() < 0.7 else lambda *args: upload(*args, part=100_000)
        stored = how(connection, self.random.choice(self.sessions), name, self.contents[content])
        if stored.created:
            self.mine[stored.artifact_id] = content

    def delete(self, connection):
        # All of them now and then, so that contents lose their last artifact.
        names = list(self.mine)
        for name in names if self.random.random() < 0.3 else self.random.sample(names, min(len(names), 2)):
            equal(one(connection, "SELECT llmspell.artifact_delete(%s)", [name]), True)
            del self.mine[name]

    def read(self, connection):
        if self.mine:
            name = self.random.choice(list(self.mine))
            assert get(connection, name) == self.contents[self.mine[name]], f"{name}: other bytes"

    def run(self, connection):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            self.random.choices((self.store, self.delete, self.read, lambda c: collect(c)), (6, 3, 2, 2))[0](connection)
            self.done += 1


class RawWorker(Worker):
    """A client of the guide in a session of its own: content if it is not there, then the artifact, two transactions."""

    def __init__(self, *args):
        super().__init__(*args)
        self.refused = 0

    def store(self, connection):
        content = self.random.randrange(len(self.contents))
        data = self.contents[content]
        content_hash = self.random.choice(self.hashes[content])
        connection.execute("""INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes)
            VALUES (%s, %s, 'bytea', %b, %s) ON CONFLICT (tenant_id, content_hash) DO NOTHING""", [A, content_hash, data, len(data)])
        owner, number = self.sessions[-1 - self.number % 2], self.made
        self.made += 1
        name = f"{owner}:{number}:{content_hash}"
        try:
            connection.execute("""INSERT INTO llmspell.artifacts
                (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
                VALUES (%s, %s, %s, %s, %s, '{}', 'raw', 'file', 'text/plain', %s)""", [A, name, owner, number, content_hash, len(data)])
            self.mine[name] = content
        except psycopg.errors.ForeignKeyViolation:
            # Collected in between, as grace is 0 here.
            self.refused += 1

    def delete(self, connection):
        for name in self.random.sample(list(self.mine), min(len(self.mine), 3)):
            connection.execute("DELETE FROM llmspell.artifacts WHERE tenant_id = %s AND artifact_id = %s", [A, name])
            del self.mine[name]


@test
def put_delete_collect():
    """8 clients put, put again, delete the last and collect with grace 0, raw clients among them"""
    contents = shared_contents(8)
    before = deadlocks()
    with app(A) as connection:
        clear(connection)
        sessions = [session(connection) for _ in range(5)]
        hashes = [(blake3(connection, c), hashlib.sha256(c).hexdigest()) for c in contents]
        # The last two belong to the raw clients, who number their artifacts themselves.
        workers = [Worker(i, sessions[:3], contents, hashes) for i in range(6)] + [RawWorker(i, sessions, contents, hashes) for i in (6, 7)]
        equal(all_at_once(lambda own, worker: worker.run(own), workers), [])
        equal(deadlocks(), before, "deadlocks")
        healthy(connection, "after the load")
        print(f"# {sum(w.done for w in workers)} operations, {sum(w.made for w in workers)} stored, {workers[6].refused + workers[7].refused} foreign keys refused", flush=True)
        assert all(w.done > 3 for w in workers), [w.done for w in workers]
        wanted = {name: content for w in workers for name, content in w.mine.items()}
        equal({r[0] for r in rows(connection, "SELECT artifact_id FROM llmspell.artifacts")}, set(wanted), "artifacts")
        for name, content in wanted.items():
            assert get(connection, name) == contents[content], f"{name}: other bytes"
            assert name.rpartition(":")[2] in hashes[content], f"{name}: another hash"
        while [r for r in rows(connection, "SELECT * FROM llmspell.artifact_migrate(1000)") if r[1]]:
            pass
        healthy(connection, "after the migration")
        for name, content in wanted.items():
            assert get(connection, name) == contents[content], f"{name}: other bytes after the migration"
        clear(connection)


@test
def one_copy():
    """32 clients store the same new content: one content, one copy of each chunk, reference_count 33"""
    data = random.Random(8).randbytes(600_000)
    with app(A) as connection:
        for way in (put, lambda *args: upload(*args, part=250_000)):
            clear(connection)
            sessions = [session(connection) for _ in range(4)]
            found = []
            equal(all_at_once(lambda own, i: found.append(way(own, sessions[i % 4], f"name {i}", data)), list(range(32))), [])
            equal(rows(connection, "SELECT reference_count, size_bytes FROM llmspell.artifact_content"), [(33, len(data))])
            equal({f.created for f in found}, {True})
            equal(sorted((f.artifact_id.split(":")[0], f.sequence) for f in found), sorted((str(s), n) for s in sessions for n in range(8)))
            sizes = rows(connection, "SELECT sum(raw_len), min(refs), max(refs), count(*) > 5 FROM llmspell.artifact_chunk")
            equal(sizes, [(len(data), 1, 1, True)])
            equal(sum(f.stored_bytes > 0 for f in found), 1) if way is put else None
            healthy(connection, "32 clients")
        found = []
        equal(all_at_once(lambda own, i: found.append(put(own, sessions[0], "one name", data + b"!")), list(range(32))), [])
        equal(sorted(f.created for f in found), [False] * 31 + [True])
        equal(len({f.artifact_id for f in found}), 1)
        clear(connection)


@test
def opposite_orders():
    """transactions that store the same contents in opposite order, in different sessions, and one that deletes them: no deadlock"""
    before = deadlocks()
    rounds = 100 if SOAK else 6
    with app(A) as connection:
        clear(connection)
        sessions = [session(connection) for _ in range(3)]

        def batches(own, number):
            for turn in range(rounds):
                chooser = random.Random(turn)
                contents = [chooser.randbytes(1000) + bytes(chooser.randrange(30_000)) for _ in range(8)]
                with own.transaction():
                    for i, content in enumerate(contents[::-1] if number % 2 else contents):
                        put(own, sessions[number % 3], f"{number} {i}", content)
                if number == 3:
                    with own.transaction():
                        for (name,) in rows(own, "SELECT artifact_id FROM llmspell.artifact_list(%s)", [sessions[0]]):
                            own.execute("SELECT llmspell.artifact_delete(%s)", [name])
                        collect(own)

        equal(all_at_once(batches, list(range(4))), [])
        equal(deadlocks(), before, "deadlocks")
        healthy(connection, "opposite orders")
        clear(connection)


@test
def cascades():
    """a session is deleted while clients put and upload into it: they are told that it is gone, nothing else"""
    before = deadlocks()
    contents = shared_contents(4)
    end = time.monotonic() + SECONDS / 2
    with app(A) as connection:
        clear(connection)
        sessions = [session(connection) for _ in range(3)]

        def work(own, number):
            chooser, done = random.Random(number), 0
            while time.monotonic() < end:
                place = chooser.randrange(3)
                if number < 2:
                    time.sleep(0.02)
                    place = chooser.choice(((0,), (1, 2))[number])
                    gone, sessions[place] = sessions[place], session(own)
                    if number:
                        equal(one(own, "SELECT llmspell.session_delete(%s)", [gone]), True)
                    else:
                        own.execute("DELETE FROM llmspell.sessions WHERE session_id = %s", [gone])
                    collect(own)
                    continue
                try:
                    if number < 5:
                        put(own, sessions[place], f"{number}", chooser.choice(contents))
                    else:
                        upload(own, sessions[place], f"{number}", chooser.choice(contents), 100_000)
                    done += 1
                except psycopg.Error as error:
                    if error.sqlstate != "P0002":
                        raise
            assert number < 2 or done, "nothing was stored"

        equal(all_at_once(work, list(range(7))), [])
        equal(deadlocks(), before, "deadlocks")
        # Uploads whose session went wait until they expire.
        with server() as admin:
            admin.execute("UPDATE llmspell.artifact_upload SET expires_at = now() WHERE tenant_id = %s", [A])
        healthy(connection, "cascades")
        clear(connection)


@test
def queued_again():
    """a raw client stores a content again while its old entry in the queue is collected: it stays queued"""
    data = b"stored, collected, stored"
    content_hash = hashlib.sha256(data).hexdigest()
    insert = "INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes) VALUES (%s, %s, 'bytea', %b, %s)"
    with app(A) as connection, app(A, autocommit=False) as other, server() as admin:
        clear(connection)
        # What remains of one that was collected as large object.
        admin.execute("INSERT INTO llmspell.artifact_gc_queue VALUES (%s, %s, now() - interval '1 hour')", [A, content_hash])
        other.execute(insert, [A, content_hash, data, len(data)])
        thread = threading.Thread(target=collect, args=[connection])
        thread.start()
        thread.join(0.3)
        other.commit()
        thread.join(10)
        equal(faults(connection, "structure"), [])
        clear(connection)

