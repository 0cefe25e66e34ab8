#!/usr/bin/env -S python3 -m pytest
"""Artifacts from outside, over TCP, as a login role of llmspell_app: sizes, memory, other tenants, raw clients."""

import contextlib
import hashlib
import pathlib
import random
import threading

from artifacts import CAP, append, blake3, clear, collect, faults, get, get_range, put, session, upload
from lib import A, B, ROLE, SOAK, app, drop_role, equal, one, raises, rows, server, test

MIB = 1 << 20


@contextlib.contextmanager
def role_setting(name, value):
    """A setting that only a superuser may give, for sessions of the program that begin in the block."""
    with server() as admin:
        admin.execute(f"ALTER ROLE {ROLE} SET {name} = '{value}'")
        try:
            yield
        finally:
            admin.execute(f"ALTER ROLE {ROLE} RESET {name}")


@test
def sizes():
    """0, 1, 1 MiB - 1, 1 MiB, 1 MiB + 1 and 100 MiB: put, get, ranges, parts, upload, the same again"""
    chooser = random.Random(1)
    with app(A) as connection:
        clear(connection)
        owner = session(connection)
        for size in (0, 1, MIB - 1, MIB, MIB + 1, CAP):
            data = chooser.randbytes(size)
            view = memoryview(data)
            stored = put(connection, owner, f"whole {size}", data)
            equal(stored.size_bytes, size)
            assert size <= stored.stored_bytes <= size * 1.01, stored
            whole = get(connection, stored.artifact_id)
            assert whole == data, f"{size}: the content changed"
            del whole
            for start, length in [(0, 0), (0, 1), (size, 1), (size + 5, 1), (max(size - 1, 0), 9), (2**62, 2**62), (size // 2, 2**40),
                                  *((chooser.randrange(size + 1), chooser.randrange(min(size, 200_000) + 1)) for _ in range(20))]:
                if size == CAP and length > CAP:
                    length = MIB
                assert get_range(connection, stored.artifact_id, start, length) == view[start:start + length], f"{size}: {start} {length}"
            at = 0
            part_bytes = max(1, size // 3 + 1)
            for start, part in connection.execute("SELECT * FROM llmspell.artifact_read_chunks(%s, 0, %s)", [stored.artifact_id, part_bytes], binary=True):
                equal(start, at)
                assert part == view[at:at + part_bytes], f"{size}: part at {at}"
                at += len(part)
            equal(at, size)
            # An upload of the largest is in memory_of_parts.
            for part in () if size == CAP and not SOAK else (max(1, size // 5), 4 * MIB):
                # How the parts are cut does not matter: no chunk is new.
                again = upload(connection, owner, f"parts of {part} {size}", data, part, stored.content_hash)
                equal((again.content_hash, again.size_bytes, again.stored_bytes, again.created), (stored.content_hash, size, 0, True))
                same = upload(connection, owner, f"parts of {part} {size}", data, part)
                equal((same.artifact_id, same.created), (again.artifact_id, False))
            same = put(connection, owner, f"whole {size}", data)
            equal((same.artifact_id, same.created, same.stored_bytes), (stored.artifact_id, False, 0))
        equal(blake3(connection, b""), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")
        with raises("54000"):
            put(connection, owner, "over", bytes(CAP + 1))
        equal(rows(connection, "SELECT FROM llmspell.artifact_list(name => 'over')"), [])
        equal(faults(connection, "structure"), [])
        clear(connection)


@test
def limit():
    """the limit is a superuser's: at it yes, one byte over it 54000, for puts, uploads and raw rows; what is there stays readable"""
    with app(A) as connection:
        clear(connection)
        owner = session(connection)
        large = put(connection, owner, "before", random.Random(2).randbytes(5000))
        with raises("42501"):
            connection.execute("SET llmspell.artifact_max_bytes = 1000")
    with role_setting("llmspell.artifact_max_bytes", "1000B"), app(A) as connection:
        for size, state in ((1000, None), (1001, "54000"), (100_000, "54000")):
            data = random.Random(size).randbytes(size)
            with raises(state) if state else contextlib.nullcontext():
                put(connection, owner, "put", data)
            number = one(connection, "SELECT llmspell.artifact_upload_begin(%s, 'upload')", [owner])
            append(connection, number, 0, data[:999])
            with raises(state) if state else contextlib.nullcontext():
                append(connection, number, 999, data[999:])
            with raises("54000"):
                append(connection, number, 1000, b"x")
            with raises("54000"):
                append(connection, number, 2**62, b"x")
            equal(connection.execute("SELECT content_hash FROM llmspell.artifact_upload_finish(%s)", [number]).fetchone()[0],
                  blake3(connection, data[:1000 if state is None else 999]))
            for said, kept in ((size, data), (10, data), (size, b"")):
                over = state and max(said, len(kept)) > 1000
                with raises("54000") if over else contextlib.nullcontext(), connection.transaction():
                    connection.execute("""INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, size_bytes)
                        VALUES (%s, %s, 'bytea', %b, %s)""", [A, hashlib.sha256(f"{said}{kept}".encode()).hexdigest(), kept, said])
        equal(len(get(connection, large.artifact_id)), 5000)
    with role_setting("llmspell.artifact_max_bytes", CAP + 1), app(A) as connection:
        if SOAK:
            equal(put(connection, owner, "raised", bytes(CAP + 1)).size_bytes, CAP + 1)
        with raises("54000"):
            put(connection, owner, "raised", bytes(CAP + 2))
    with server() as admin, raises("22023"):
        admin.execute("LOAD 'llmspell_ext'")
        admin.execute(f"SET llmspell.artifact_max_bytes = {(512 << 20) + 1}")
    with app(A) as connection:
        clear(connection)
    with app() as connection:
        # Before the session has loaded the library, which then takes the value back.
        connection.execute("SET llmspell.artifact_max_bytes = '512MB'")
        connection.execute("SELECT llmspell.blake3('')")
        equal(one(connection, "SHOW llmspell.artifact_max_bytes"), "100MB")


class Memory(threading.Thread):
    """Samples the anonymous memory of a session's backend: with Memory(connection) as memory: …; memory.peak, bytes."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.file = pathlib.Path(f"/proc/{connection.info.backend_pid}/status")
        self.peak, self.ended = 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.002):
            line = next(line for line in self.file.read_text().splitlines() if line.startswith("RssAnon"))
            self.peak = max(self.peak, int(line.split()[1]) * 1024)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def at_most(memory, limit, what):
    print(f"# {what}: {memory.peak / MIB:.0f} MiB of {limit / MIB:.0f}", flush=True)
    assert MIB < memory.peak <= limit, f"{what}: {memory.peak / MIB:.0f} MiB, at most {limit / MIB:.0f}"


TRIVIAL = """CREATE FUNCTION public.trivial(data bytea) RETURNS TABLE (size int) LANGUAGE plpgsql VOLATILE
             AS $$ BEGIN size := octet_length(data); RETURN NEXT; END $$"""


@test
def memory_of_puts():
    """RssAnon of a put of 100 MiB: 3 times its size; with a custom plan 32 MiB more than any function takes"""
    data = random.Random(3).randbytes(CAP)
    other = data[::-1] if SOAK else data[:48 * MIB]
    with app(A) as connection:
        clear(connection)
        owner = session(connection)
    with app(A) as connection, Memory(connection) as memory:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        put(connection, owner, "put", data)
    at_most(memory, 3 * CAP, "put, generic plan")
    # The message, the parameter and its copy in the plan are the server's.
    with server() as admin:
        admin.execute(TRIVIAL)
        try:
            with app(A) as connection, Memory(connection) as floor:
                connection.execute("SELECT * FROM public.trivial(%b)", [other]).fetchone()
            with app(A) as connection, Memory(connection) as memory:
                put(connection, owner, "other", other)
        finally:
            admin.execute("DROP FUNCTION public.trivial")
    assert floor.peak > len(other), floor.peak
    at_most(memory, floor.peak + 32 * MIB, "put, custom plan")
    with app(A) as connection:
        clear(connection)


@test
def memory_of_parts():
    """RssAnon of an upload of 100 MiB in parts of 4 MiB and of its reading through a cursor: 64 MiB"""
    data = random.Random(5).randbytes(CAP)
    with app(A) as connection:
        clear(connection)
        owner = session(connection)
    with app(A) as connection, Memory(connection) as memory:
        stored = upload(connection, owner, "upload", data, 4 * MIB)
    assert stored.stored_bytes >= CAP, stored
    at_most(memory, 64 * MIB, "upload")
    with app(A) as connection, Memory(connection) as memory, connection.transaction(), connection.cursor("parts", binary=True) as cursor:
        cursor.itersize, at = 1, 0
        for start, part in cursor.execute("SELECT * FROM llmspell.artifact_read_chunks(%s)", [stored.artifact_id]):
            assert start == at and part == data[at:at + MIB], f"part at {at}"
            at += len(part)
        equal(at, CAP)
    at_most(memory, 64 * MIB, "reading")
    with app(A) as connection:
        clear(connection)


@test
def other_tenants():
    """another tenant reads nothing by id, hash or manifest, and cannot use an upload; nobody writes the store's own tables"""
    data = random.Random(5).randbytes(300_000)
    with app(A) as a, app(B) as b, server() as admin:
        clear(a), clear(b)
        owner, theirs = session(a), session(b)
        stored = put(a, owner, "secret", data)
        number = one(a, "SELECT llmspell.artifact_upload_begin(%s, 'upload')", [owner])
        append(a, number, 0, data[:200_000])
        manifest = one(admin, "SELECT manifest FROM llmspell.artifact_content WHERE tenant_id = %s AND content_hash = %s", [A, stored.content_hash])
        length = len(data)
        equal(one(a, "SELECT llmspell_internal._artifact_read(%b, 0, %s)", [manifest, length]) == data, True)
        equal(get(b, stored.artifact_id), None)
        equal(get_range(b, stored.artifact_id, 0, 10), None)
        equal(one(b, "SELECT llmspell.artifact_get_by_hash(%s)", [stored.content_hash]), None)
        equal(rows(b, "SELECT * FROM llmspell.artifact_info(%s)", [stored.artifact_id]), [])
        equal(rows(b, "SELECT * FROM llmspell.artifact_read_chunks(%s)", [stored.artifact_id]), [])
        equal(rows(b, "SELECT found FROM llmspell.artifact_exists(ARRAY[%s])", [stored.content_hash]), [(False,)])
        equal(rows(b, "SELECT * FROM llmspell.artifact_list()"), [])
        equal(one(b, "SELECT llmspell.artifact_delete(%s)", [stored.artifact_id]), False)
        for query in ("SELECT llmspell_internal._artifact_read(%b, 0, 10)", "SELECT llmspell_internal._artifact_hash(%b)"):
            # To B the chunks do not exist.
            with raises("XX001", "42501"):
                b.execute(query, [manifest])
        for query in ("SELECT llmspell.artifact_upload_append(%s, 200000, 'x')", "SELECT llmspell.artifact_upload_append(%s, 0, 'x')",
                      "SELECT llmspell.artifact_upload_finish(%s)"):
            with raises("P0002"):
                b.execute(query, [number])
        equal(one(b, "SELECT llmspell.artifact_upload_abort(%s)", [number]), False)
        equal(one(b, "SELECT count(*) FROM llmspell.artifact_chunk"), 0)
        for table in ("artifact_upload", "artifact_gc_queue"):
            for connection in (a, b):
                with raises("42501"):
                    connection.execute(f"SELECT FROM llmspell.{table}")
        for query in ("SELECT * FROM llmspell.artifact_put(%s, 'n', 'x')", "SELECT llmspell.artifact_upload_begin(%s, 'n')"):
            with raises("P0002"):
                b.execute(query, [owner])
        for parent in (stored.artifact_id, "no such"):
            with raises("P0002"):
                b.execute("SELECT * FROM llmspell.artifact_put(%s, 'n', 'x', parent_artifact_id => %s)", [theirs, parent])
        # The same content is stored once more: that it is there cannot be told from what it takes.
        copy = put(b, theirs, "own", data)
        equal((copy.content_hash, copy.stored_bytes), (stored.content_hash, stored.stored_bytes))
        equal(one(b, "SELECT llmspell.artifact_delete(%s)", [copy.artifact_id]), True)
        collect(b)
        append(a, number, 200_000, data[200_000:])
        equal(a.execute("SELECT content_hash, stored_bytes FROM llmspell.artifact_upload_finish(%s)", [number]).fetchone(), (stored.content_hash, 0))
        assert get(a, stored.artifact_id) == data
        for table, column in {"artifact_chunk": "refs", "artifact_upload": "next_offset", "artifact_gc_queue": "zero_since"}.items():
            for query in (f"INSERT INTO llmspell.{table} (tenant_id) VALUES ('{A}')", f"UPDATE llmspell.{table} SET {column} = {column}",
                          f"DELETE FROM llmspell.{table}", f"TRUNCATE llmspell.{table}"):
                with raises("42501", what=query):
                    a.execute(query)
        equal(faults(a), [])
        equal(faults(b), [])
        clear(a), clear(b)


def raw(connection, owner, number, content_hash, data, compressed=None, large_object=None):
    """What a client of the guide writes: the content if it is not there, then the artifact; compressed: from how many bytes."""
    kind = "large_object" if large_object else "bytea"
    connection.execute("""INSERT INTO llmspell.artifact_content (tenant_id, content_hash, storage_type, data, large_object_oid, size_bytes, is_compressed, original_size_bytes)
        VALUES (%s, %s, %s, %b, %s, %s, %s, %s) ON CONFLICT (tenant_id, content_hash) DO NOTHING""",
        [A, content_hash, kind, None if large_object else data, large_object, len(data), compressed is not None, compressed])
    name = f"{owner}:{number}:{content_hash}"
    connection.execute("""INSERT INTO llmspell.artifacts (tenant_id, artifact_id, session_id, sequence, content_hash, metadata, name, artifact_type, mime_type, size_bytes)
        VALUES (%s, %s, %s, %s, %s, '{}', %s, 'file', 'text/plain', %s)""", [A, name, owner, number, content_hash, f"raw {number}", len(data) if compressed is None else compressed])
    return name


@test
def raw_clients():
    """bytea and large objects of clients of the guide: read as they are, migrated with their artifacts, verified"""
    chooser = random.Random(6)
    other = f"{ROLE}_other"
    with app(A) as connection, server() as admin:
        clear(connection)
        owner = session(connection)
        admin.execute(f"CREATE ROLE {other}")

        def sha256(data):
            return hashlib.sha256(data).hexdigest()

        def large_object(data):
            return one(connection, "SELECT lo_from_bytea(0, %b)", [data])

        def compress(data, codec):
            return one(connection, "SELECT llmspell.compress(%b, %s)", [data, codec])

        text = b"".join(b"line %d\n" % i for i in range(30_000))
        chunk = chooser.randbytes(200_000)
        # Number -> stored bytes, uncompressed, hash, large object: each kind under each hash.
        wanted = {}
        for hashed in (sha256, lambda data: blake3(connection, data)):
            for kind in ("bytea", "large object"):
                for content in (b"", b"x", text, chunk):
                    for codec in (None, "lz4", "zstd"):
                        # Different contents, or ON CONFLICT would keep the first alone.
                        data = content + b"%d" % len(wanted) if content else b"" if (kind, codec) == ("bytea", None) else b"%d" % len(wanted)
                        stored = compress(data, codec) if codec else data
                        number = len(wanted)
                        oid = large_object(stored) if kind == "large object" else None
                        name = raw(connection, owner, number, hashed(data), stored, len(data) if codec else None, oid)
                        wanted[number] = name, stored, data, oid
        liar = raw(connection, owner, len(wanted), "ab" * 32, chunk)
        foreign_data = chooser.randbytes(100_000)
        foreign_oid = large_object(foreign_data)
        foreign = raw(connection, owner, len(wanted) + 1, sha256(foreign_data), foreign_data, None, foreign_oid)
        gone_oid = large_object(b"gone")
        gone = raw(connection, owner, len(wanted) + 2, sha256(b"gone"), b"gone", None, gone_oid)
        connection.execute("SELECT lo_unlink(%s)", [gone_oid])
        admin.execute(f"ALTER LARGE OBJECT {foreign_oid} OWNER TO {other}")

        def count():
            return one(connection, "SELECT count(*) FROM llmspell.artifact_content")

        contents = count()
        for name, stored, _, _ in wanted.values():
            equal(get(connection, name), stored, "read as it is")
            equal(get_range(connection, name, 3, 5), stored[3:8])
            equal(get_range(connection, name, len(stored), 5), b"")
            equal(b"".join(r[1] for r in connection.execute("SELECT * FROM llmspell.artifact_read_chunks(%s, 0, 70000)", [name], binary=True)), stored)
        with raises("42501"):
            get(connection, foreign)
        expected = {("content_hash", "ab" * 32), ("large_object", foreign.split(":")[2]), ("large_object", gone.split(":")[2])}
        equal({row[:2] for row in faults(connection)}, expected)

        # Piece by piece until nothing moves.
        moved = 0
        while step := [r for r in rows(connection, "SELECT * FROM llmspell.artifact_migrate(7)") if r[1]]:
            assert len(step) <= 7, step
            moved += len(step)
        equal(moved, len(wanted))
        equal(count(), contents - 1, "the empty content was there under both hashes")
        left = {r[0]: r[1:] for r in rows(connection, "SELECT * FROM llmspell.artifact_migrate()")}
        equal({h: new for h, (new, _) in left.items()}, {h: None for _, h in expected})
        assert all(why for _, why in left.values()), left
        equal({r[0] for r in rows(connection, "SELECT content_hash FROM llmspell.artifact_content WHERE storage_type <> 'chunked'")}, set(left))
        for name, _, data, oid in wanted.values():
            equal(get(connection, name), data, "after the migration")
            equal(rows(connection, "SELECT content_hash, size_bytes = %s FROM llmspell.artifact_info(%s)", [len(data), name]), [(blake3(connection, data), True)])
            if oid:
                equal(one(admin, "SELECT count(*) FROM pg_largeobject_metadata WHERE oid = %s", [oid]), 0, "unlinked")
        equal(get(connection, liar), chunk)
        equal(one(admin, "SELECT lo_get(%s)", [foreign_oid]) == foreign_data, True)
        equal({row[:2] for row in faults(connection)}, expected)
        # Whoever may, completes it; and what is collected leaves no large object.
        admin.execute(f"ALTER LARGE OBJECT {foreign_oid} OWNER TO {ROLE}")
        equal([r[1] for r in rows(connection, "SELECT * FROM llmspell.artifact_migrate() WHERE new_content_hash IS NOT NULL")], [blake3(connection, foreign_data)])
        waste = large_object(b"waste")
        raw(connection, owner, len(wanted) + 3, sha256(b"waste"), b"waste", None, waste)
        theirs = large_object(b"theirs")
        raw(connection, owner, len(wanted) + 4, sha256(b"theirs"), b"theirs", None, theirs)
        admin.execute(f"ALTER LARGE OBJECT {theirs} OWNER TO {other}")
        connection.execute("DELETE FROM llmspell.sessions")
        collect(connection)
        equal(rows(admin, "SELECT oid FROM pg_largeobject_metadata WHERE oid = ANY (%s)", [[waste, theirs]]), [(theirs,)])
        equal(rows(connection, "SELECT content_hash FROM llmspell.artifact_content"), [(sha256(b"theirs"),)])
        admin.execute(f"ALTER LARGE OBJECT {theirs} OWNER TO {ROLE}")
        clear(connection)
    drop_role(other)

