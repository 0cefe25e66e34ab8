#!/usr/bin/env -S python3 -m pytest
"""Damaged artifacts: never other bytes, always an error, and artifact_verify names what is damaged."""

import contextlib
import random

from artifacts import clear, collect, faults, get, get_range, put, session, unreadable
from lib import A, SOAK, app, equal, one, rows, server, test

CHUNKS = """SELECT m.chunk_hash, m.byte_offset, m.raw_len, k.codec, octet_length(k.data),
        EXISTS (SELECT FROM llmspell.artifact_chunk d WHERE d.tenant_id = k.tenant_id AND d.base_hash = k.chunk_hash)
    FROM llmspell.artifact_content c, llmspell_internal._artifact_manifest(c.manifest) AS m
    JOIN llmspell.artifact_chunk k ON k.tenant_id = %s AND k.chunk_hash = m.chunk_hash
    WHERE c.tenant_id = %s AND c.content_hash = %s ORDER BY m.byte_offset"""
ROW = "WHERE tenant_id = %s AND chunk_hash = %b"
CONTENT = "WHERE tenant_id = %s AND content_hash = %s"


def chunks(admin, stored):
    return rows(admin, CHUNKS, [A, A, stored.content_hash])


@contextlib.contextmanager
def changed(admin, table, assignment, where, *args):
    """A row with the assignment, or deleted; afterwards it is as it was."""
    admin.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM llmspell.{table} {where}", args)
    equal(one(admin, "SELECT count(*) FROM kept"), 1)
    # No trigger guards or counts, as none does where a disk loses a bit.
    admin.execute("SET session_replication_role = replica")
    admin.execute(f"UPDATE llmspell.{table} SET {assignment} {where}" if assignment else f"DELETE FROM llmspell.{table} {where}", args)
    try:
        yield
    finally:
        admin.execute(f"DELETE FROM llmspell.{table} {where}", args)
        admin.execute(f"INSERT INTO llmspell.{table} SELECT * FROM kept")
        admin.execute("DROP TABLE kept; RESET session_replication_role")


def flipped(admin, chunk_hash, at, bit=1):
    return changed(admin, "artifact_chunk", f"data = set_byte(data, {at}, get_byte(data, {at}) # {bit})", ROW, A, chunk_hash)


class Stored:
    """Contents whose chunks have every codec: random bytes, text, and a version of each beside it."""

    def __init__(self, connection):
        clear(connection)
        chooser = random.Random(1)
        noise = chooser.randbytes(400_000)
        text = b"".join(b"%d %d\n" % (i, chooser.randrange(10**6)) for i in range(30_000))
        self.data = {}
        owner = session(connection)
        for name, data in {"noise": noise, "text": text}.items():
            edited = bytearray(data)
            for at in range(50_000, len(data), 50_000):
                edited[at] ^= 1
            for version in (data, bytes(edited)):
                self.data[put(connection, owner, name, version)] = version

    def damaged(self, connection, ranges):
        """ranges: stored -> what cannot be read of it. All else can, and is what was stored."""
        for stored, data in self.data.items():
            bad = ranges.get(stored, [])
            if not bad:
                assert get(connection, stored.artifact_id) == data, "other bytes"
                continue
            unreadable(connection, "SELECT llmspell.artifact_get(%s)", stored.artifact_id)
            unreadable(connection, "SELECT llmspell.artifact_get_by_hash(%s)", stored.content_hash)
            unreadable(connection, "SELECT * FROM llmspell.artifact_read_chunks(%s)", stored.artifact_id)
            for start, length in bad:
                for at, n in ((start, 1), (start + length - 1, 1), (start, length), (max(start - 10, 0), 20)):
                    unreadable(connection, "SELECT llmspell.artifact_get_range(%s, %s, %s)", stored.artifact_id, at, n)
                unreadable(connection, "SELECT * FROM llmspell.artifact_read_chunks(%s, %s, 10) LIMIT 1", stored.artifact_id, start)
            at = 0
            for start, length in [*sorted(bad), (len(data), 0)]:
                assert get_range(connection, stored.artifact_id, at, start - at) == data[at:start], f"other bytes between {at} and {start}"
                if start > at:
                    part = connection.execute("SELECT part FROM llmspell.artifact_read_chunks(%s, %s, 1000) LIMIT 1", [stored.artifact_id, at], binary=True).fetchone()[0]
                    wanted = data[at:at + 1000]
                    assert part == wanted or start - at < 1000
                at = start + length


def affected(admin, own, chunk_hash):
    """Where contents have the chunk, or one that needs it as base."""
    needing = {bytes(r[0]) for r in rows(admin, """WITH RECURSIVE chunk AS (
            SELECT %b::bytea AS chunk_hash
            UNION SELECT k.chunk_hash FROM chunk c JOIN llmspell.artifact_chunk k ON k.tenant_id = %s AND k.base_hash = c.chunk_hash)
        SELECT chunk_hash FROM chunk""", [chunk_hash, A])}
    found = {stored: [(start, length) for h, start, length, *_ in chunks(admin, stored) if bytes(h) in needing] for stored in own.data}
    return {stored: places for stored, places in found.items() if places}


@test
def a_flipped_byte():
    """one byte of a chunk of each codec: its range is XX001, all else is read, artifact_verify names that chunk alone"""
    with app(A) as connection, server() as admin:
        own = Stored(connection)
        equal(faults(connection), [])
        kinds = {}
        for stored in own.data:
            for chunk_hash, _, _, codec, length, is_base in chunks(admin, stored):
                kinds.setdefault((codec, is_base), (bytes(chunk_hash), length))
        assert {codec for codec, _ in kinds} == {0, 1, 2} and (0, True) in kinds and (1, True) in kinds, kinds.keys()
        for (codec, is_base), (chunk_hash, length) in kinds.items():
            with flipped(admin, chunk_hash, length // 2):
                where = affected(admin, own, chunk_hash)
                assert where and (not is_base or len(where) > 1), where
                own.damaged(connection, where)
                found = faults(connection)
                equal([row[:2] for row in found], [("chunk_damaged", chunk_hash.hex())], f"codec {codec}")
                for stored in where:
                    if any(bytes(h) == chunk_hash for h, *_ in chunks(admin, stored)):
                        assert stored.content_hash in found[0][2], found
                equal(faults(connection, "structure"), [])
                equal(rows(connection, "SELECT code FROM llmspell.artifact_verify('data', 100)"), [("chunk_damaged",)])
            equal(faults(connection), [], "after it was put right")
        own.damaged(connection, {})
        clear(connection)


@test
def every_byte():
    """any byte of a chunk: what is read is an error or what was stored, and artifact_verify says the same"""
    with app(A) as connection, server() as admin:
        own = Stored(connection)
        admin.execute("SELECT llmspell.tenant_set(%s, false)", [A])
        chooser, undetected = random.Random(2), 0
        for stored, data in own.data.items():
            for codec in (0, 1, 2):
                of_codec = [c for c in chunks(admin, stored) if c[3] == codec]
                if not of_codec:
                    continue
                chunk_hash, start, raw_len, _, length, _ = min(of_codec, key=lambda c: c[4])
                places = {0, 1, 2, 3, 4, 5, 6, length - 1, length - 2, *(chooser.randrange(length) for _ in range(200 if SOAK else 12))}
                for at in sorted(p for p in places if 0 <= p < length):
                    with flipped(admin, chunk_hash, at, 1 << chooser.randrange(8)):
                        try:
                            got = get_range(connection, stored.artifact_id, start, raw_len)
                        except Exception as error:
                            equal(getattr(error, "sqlstate", error), "XX001")
                            got = None
                        # What artifact_verify asks for each chunk.
                        found = one(admin, "SELECT llmspell_internal._artifact_chunk_fault(%b)", [chunk_hash])
                        equal(found is None, got is not None, f"codec {codec}, byte {at}: {found}")
                        if got is not None:
                            undetected += 1
                            assert codec and got == data[start:start + raw_len], f"codec {codec}, byte {at}: other bytes"
        print(f"# {undetected} flips of bits that zstd does not use", flush=True)
        equal(faults(connection), [])
        clear(connection)


@test
def other_damage():
    """a missing chunk, wrong refs, depth, length or base, a cut manifest, another content: each named, once"""
    with app(A) as connection, server() as admin:
        own = Stored(connection)
        former, version = list(own.data)[2:]
        held = {c[0] for c in chunks(admin, former)}
        both = next(c[0] for c in chunks(admin, version) if c[0] in held and not c[5])
        beside = next(c[0] for c in chunks(admin, version) if c[3] == 2)
        base = one(admin, f"SELECT base_hash FROM llmspell.artifact_chunk {ROW}", [A, beside])
        content = version.content_hash
        # What is done to which row, the faults by code and object, and whether the version can be read then.
        for table, assignment, key, wanted, readable in (
            ("artifact_chunk", None, both, [("chunk_missing", both)] * 2, False),
            ("artifact_chunk", None, beside, [("chunk_missing", beside)], False),
            ("artifact_chunk", None, base, [("chunk_missing", base), ("chunk_base", beside), ("chunk_damaged", beside)], False),
            ("artifact_chunk", "refs = refs + 1", both, [("chunk_refs", both)], True),
            ("artifact_chunk", "refs = 0", base, [("chunk_refs", base)], True),
            ("artifact_chunk", "raw_len = raw_len + 1", beside, [("chunk_length", beside), ("chunk_damaged", beside)], False),
            ("artifact_chunk", "depth = 3", beside, [("chunk_base", beside)], True),
            ("artifact_chunk", "codec = 7", beside, [("chunk_damaged", beside)], False),
            ("artifact_chunk", "data = ''", beside, [("chunk_damaged", beside)], False),
            ("artifact_chunk", "base_hash = chunk_hash", beside, [("chunk_base", beside), ("chunk_damaged", beside)], False),
            ("artifact_content", "manifest = substr(manifest, 1, octet_length(manifest) - 1)", content, [("manifest", f"content {content}")], False),
            ("artifact_content", "manifest = substr(manifest, 1, octet_length(manifest) - 36)", content,
             [("manifest", f"content {content}"), ("content_hash", content)], None),
            ("artifact_content", "manifest = ''", content, [("manifest", f"content {content}"), ("content_hash", content)], None),
            ("artifact_content", "manifest = substr(manifest, 37) || substr(manifest, 1, 36)", content, [("content_hash", content)], None),
            ("artifact_content", "size_bytes = size_bytes + 1", content, [("manifest", f"content {content}")], None),
        ):
            what = f"{table}: {assignment or 'deleted'}"
            with changed(admin, table, assignment, ROW if table == "artifact_chunk" else CONTENT, A, key):
                found = [row[:2] for row in faults(connection)]
                if table == "artifact_content":
                    # What a manifest does not have, is not referred to.
                    found = [row for row in found if row[0] != "chunk_refs"]
                equal(sorted(found), sorted((code, row if isinstance(row, str) else row.hex()) for code, row in wanted), what)
                if readable is False:
                    unreadable(connection, "SELECT llmspell.artifact_get(%s)", version.artifact_id)
                elif readable:
                    assert get(connection, version.artifact_id) == own.data[version]
            equal(faults(connection), [], f"after {what}")
        clear(connection)


@test
def storing_beside_damage():
    """a version of a damaged one is stored and read all the same, and the damaged one can be deleted"""
    with app(A) as connection, server() as admin:
        own = Stored(connection)
        stored, data = list(own.data.items())[2]
        owner = stored.artifact_id.split(":")[0]
        chunk_hash, *_, length, _ = chunks(admin, stored)[0]
        admin.execute(f"UPDATE llmspell.artifact_chunk SET data = set_byte(data, {length // 2}, get_byte(data, {length // 2}) # 1) {ROW}", [A, chunk_hash])
        edited = b"before" + data
        new = put(connection, owner, "text", edited)
        assert get(connection, new.artifact_id) == edited
        unreadable(connection, "SELECT llmspell.artifact_get(%s)", stored.artifact_id)
        for each in own.data:
            equal(one(connection, "SELECT llmspell.artifact_delete(%s)", [each.artifact_id]), True)
        collect(connection)
        equal(faults(connection), [])
        assert get(connection, new.artifact_id) == edited
        clear(connection)

