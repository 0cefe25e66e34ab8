#!/usr/bin/env -S python3 -m pytest
"""The key-value store from outside, over TCP, as a login role of llmspell_app."""

import random
import threading
import time

import psycopg
from lib import A, B, SOAK, app, equal, one, raises, rows, test

LIMIT = 134217728
SET = "SELECT version, created FROM llmspell.kv_set(%s, %s, metadata => %s, expected_version => %s, ttl => %s)"


def kv_set(connection, key, value, metadata=None, expected=None, ttl=None, **options):
    metadata = psycopg.types.json.Jsonb(metadata) if metadata is not None else None
    return connection.execute(SET, [key, value, metadata, expected, ttl], **options).fetchone()


def kv_get(connection, key, **options):
    row = connection.execute("SELECT value, metadata, version, expires_at FROM llmspell.kv_get(%s)", [key], **options).fetchone()
    return row


def alive(connection):
    """An error must leave the session usable, with its tenant."""
    equal(one(connection, "SELECT llmspell.current_tenant()"), A)


@test
def every_kind_of_key_and_value_comes_back():
    """values and keys come back byte for byte, text and binary, prepared and not"""
    values = [b"", bytes(range(256)), b"\0" * 1000, random.Random(1).randbytes(100_000)]
    keys = ["", "k" * 500, "名" * 500, "𝄞" * 375, "%", "_", "\\", "'", "a\nb\tc", "e\u0301", "\u00e9", "\U0010ffff", "\x01", " "]
    metadata = [None, {}, [], "text", 0, {"text": "é𝄞\u0001", "list": [1, None, 2.5], "deep": {"a": {"b": True}}}]
    with app(A) as connection:
        for options in ({}, {"binary": True}, {"prepare": True}, {"prepare": True, "binary": True}):
            connection.execute("SELECT llmspell.kv_delete_prefix('')")
            wanted = {}
            for i, key in enumerate(keys):
                wanted[key] = (values[i % len(values)], metadata[i % len(metadata)])
                equal(kv_set(connection, key, *wanted[key], **options), (1, True), repr(key))
            for key, (value, meta) in wanted.items():
                equal(kv_get(connection, key, **options), (value, meta, 1, None), repr(key[:10]))
            equal(sorted(wanted, key=str.encode), [r[0] for r in rows(connection, "SELECT key FROM llmspell.kv_list('')")])
            equal(one(connection, "SELECT llmspell.kv_count()"), len(keys))
        equal(one(connection, "SELECT llmspell.kv_delete_prefix('')"), len(keys))
        equal(kv_get(connection, "%"), None)


@test
def versions_and_conflicts():
    """expected_version: null any, 0 must not exist, n exactly; a conflict is LS409 and names both versions"""
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
        equal(kv_set(connection, "v", b"1", expected=0), (1, True))
        equal(kv_set(connection, "v", b"2"), (2, False))
        equal(kv_set(connection, "v", b"3", expected=2), (3, False))
        for expected in (0, 2, 4, 2**62):
            with raises("LS409") as found:
                kv_set(connection, "v", b"x", expected=expected)
            detail = found.error.diag.message_detail or ""
            assert str(expected) in detail and "3" in detail, detail
            assert found.error.diag.message_hint, "no hint"
            alive(connection)
        equal(kv_get(connection, "v"), (b"3", None, 3, None))
        with raises("22023"):
            kv_set(connection, "v", b"x", expected=-1)
        with raises("LS409"):
            kv_set(connection, "absent", b"x", expected=1)
        with raises("LS409"):
            connection.execute("SELECT llmspell.kv_delete('v', 2)")
        equal(one(connection, "SELECT llmspell.kv_delete('v', 3)"), True)
        equal(one(connection, "SELECT llmspell.kv_delete('v')"), False)
        equal(one(connection, "SELECT llmspell.kv_delete('v', 0)"), False)
        with raises("LS409"):
            connection.execute("SELECT llmspell.kv_delete('v', 1)")
        equal(kv_set(connection, "v", b"again"), (1, True), "a version starts again after delete")
        connection.execute("UPDATE llmspell.kv_store SET value = 'raw', version = 77 WHERE key = 'v'")
        equal(kv_get(connection, "v"), (b"raw", None, 2, None), "a raw writer bumps the version by one")


@test
def expiry():
    """an expired key is gone at once for every function, starts again at version 1, and can be swept"""
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
        kv_set(connection, "t", b"1")
        kv_set(connection, "t", b"2", ttl="100 milliseconds")
        kv_set(connection, "u", b"1", ttl="100 milliseconds")
        kv_set(connection, "w", b"1", ttl="100 milliseconds")
        kv_set(connection, "stays", b"1", ttl="1 hour")
        equal(kv_get(connection, "t")[2], 2)
        # One transaction: expiry goes by the statement's time, not by the transaction's.
        with connection.transaction():
            equal(one(connection, "SELECT llmspell.kv_count()"), 4)
            time.sleep(0.15)
            equal(kv_get(connection, "t"), None)
            equal(one(connection, "SELECT llmspell.kv_exists('t')"), False)
            equal(one(connection, "SELECT llmspell.kv_count()"), 1)
            equal(rows(connection, "SELECT key FROM llmspell.kv_list()"), [("stays",)])
            equal(rows(connection, "SELECT key FROM llmspell.kv_get_many(ARRAY['t', 'stays'])"), [("stays",)])
        equal(one(connection, "SELECT llmspell.kv_delete('w')"), False, "an expired key does not exist for delete")
        with raises("LS409"):
            kv_set(connection, "t", b"3", expected=2)
        equal(kv_set(connection, "t", b"3", expected=0), (1, True))
        equal(kv_get(connection, "t")[3], None)
        equal(one(connection, "SELECT llmspell.kv_sweep(0)"), 0)
        equal(one(connection, "SELECT llmspell.kv_sweep()"), 1)
        equal(one(connection, "SELECT count(*) FROM llmspell.kv_store"), 2)
        for ttl in ("0", "-1 second", "-1 month", "infinity"):
            with raises("22023"):
                kv_set(connection, "t", b"", ttl=ttl)
        kv_set(connection, "t", b"", ttl="1000 years")
        equal(one(connection, "SELECT llmspell.kv_exists('t')"), True)
        with raises("22008"):
            kv_set(connection, "t", b"", ttl="178000000 years")
        alive(connection)


@test
def batches():
    """batches are atomic, in key order, and refuse what a single call refuses"""
    many = "SELECT key, version, created FROM llmspell.kv_set_many(%s::text[], %s::bytea[])"
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
        keys = [f"k{i:04}" for i in range(1000)]
        shuffled = random.Random(2).sample(keys, len(keys))
        equal(rows(connection, many, [shuffled, [k.encode() for k in shuffled]]), [(k, 1, True) for k in keys])
        equal(rows(connection, many, [["k0001", "new"], [b"", b"1"]]), [("k0001", 2, False), ("new", 1, True)])
        got = rows(connection, "SELECT key, value FROM llmspell.kv_get_many(%s)", [["nothing", "k0002", "k0001", "k0002"]])
        equal(got, [("k0001", b""), ("k0002", b"k0002")])
        for state, arguments in {
            "2202E": [["a", "b"], [b"1"]],
            "22023": [["a", "a"], [b"1", b"2"]],
            "22004": [["a", None], [b"1", b"2"]],
            "22001": [["a", "b" * 501], [b"1", b"2"]],
        }.items():
            with raises(state):
                connection.execute(many, arguments)
            alive(connection)
        with raises("22004"):
            connection.execute(many, [["a", "b"], [b"1", None]])
        with raises("22004"):
            connection.execute(many, [None, [b"1"]])
        equal(one(connection, "SELECT llmspell.kv_exists('a')"), False, "a refused batch stores nothing")
        equal(rows(connection, many, [[], []]), [])
        equal(one(connection, "SELECT llmspell.kv_delete_many(%s)", [["k0001", "k0001", "nothing", "new"]]), 2)
        equal(one(connection, "SELECT llmspell.kv_delete_prefix('k')"), 999)


@test
def paging_and_prefixes():
    """keyset paging over 2,500 keys gives each once, in byte order; % and _ are plain characters"""
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
        chooser = random.Random(3)
        letters = "ab%_\\'\u00e9\U0001d11e\uffff"
        keys = {"".join(chooser.choices(letters, k=chooser.randint(1, 12))) for _ in range(4000)}
        keys = sorted(keys, key=str.encode)[:2500]
        connection.execute("SELECT FROM llmspell.kv_set_many(%s::text[], %s::bytea[])", [keys, [b"x"] * len(keys)])
        for prefix in ("", "a", "%", "_", "a%", "\\", "'", "\u00e9", "\U0001d11e", "\uffff", "nothing"):
            wanted = [k for k in keys if k.startswith(prefix)]
            got, after = [], None
            while True:
                page = rows(connection, "SELECT key FROM llmspell.kv_list(%s, 100, %s)", [prefix, after])
                got += [r[0] for r in page]
                if len(page) < 100:
                    break
                after = got[-1]
            equal(got, wanted, prefix)
            equal(one(connection, "SELECT llmspell.kv_count(%s)", [prefix]), len(wanted), prefix)
        equal(rows(connection, "SELECT key FROM llmspell.kv_list('', 0)"), [])
        with raises("22023"):
            connection.execute("SELECT FROM llmspell.kv_list('', -1)")
        equal(one(connection, "SELECT llmspell.kv_delete_prefix('%')"), sum(k.startswith("%") for k in keys))


@test
def limits():
    """16 MB (100 MB with SOAK) come back; one byte over 128 MiB is 54000, 501 characters 22001, null 22004"""
    with app(A) as connection:
        big = random.Random(4).randbytes((100 if SOAK else 16) * 1_000_000)
        kv_set(connection, "big", big, binary=True)
        assert kv_get(connection, "big", binary=True)[0] == big, "the value changed"
        over = "SELECT FROM llmspell.kv_set('over', decode(repeat('00', %s), 'hex'))"
        with raises("54000"):
            connection.execute(over, [LIMIT + 1])
        alive(connection)
        with raises("54000"):
            connection.execute("INSERT INTO llmspell.kv_store (tenant_id, key, value) VALUES (%s, 'over', decode(repeat('00', %s), 'hex'))", [A, LIMIT + 1])
        if SOAK:
            connection.execute(over, [LIMIT])
            equal(one(connection, "SELECT octet_length(value) FROM llmspell.kv_get('over')"), LIMIT)
        for state, key, value in (("22001", "k" * 501, b""), ("22001", "é" * 501, b""), ("22004", None, b""), ("22004", "k", None)):
            with raises(state):
                kv_set(connection, key, value)
            alive(connection)
        with raises("22P05", "22021", "DataError"):
            kv_set(connection, "nul\0", b"")
        alive(connection)
        connection.execute("SELECT llmspell.kv_delete_prefix('')")


@test
def pipeline():
    """pipeline mode: answers in order, an error spares what was committed before it"""
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
        with connection.pipeline():
            cursors = [connection.execute(SET, [f"p{i % 50}", str(i).encode(), None, None, None], prepare=True) for i in range(500)]
            reads = [connection.execute("SELECT value FROM llmspell.kv_get(%s)", [f"p{i}"], prepare=True) for i in range(50)]
        equal([c.fetchone() for c in cursors], [(i // 50 + 1, i < 50) for i in range(500)])
        equal([c.fetchone()[0] for c in reads], [str(450 + i).encode() for i in range(50)])
        with raises("22001"):
            with connection.pipeline() as pipeline:
                connection.execute(SET, ["before", b"", None, None, None])
                pipeline.sync()
                connection.execute(SET, ["k" * 501, b"", None, None, None])
                connection.execute(SET, ["after", b"", None, None, None])
        alive(connection)
        equal(rows(connection, "SELECT key FROM llmspell.kv_list() WHERE key !~ '^p'"), [("before",)])
        connection.execute("SELECT llmspell.kv_delete_prefix('')")


@test
def no_lost_update():
    """8 clients increment one key by expected_version: no update is lost"""
    clients, each = 8, 200 if SOAK else 40
    problems = []
    with app(A) as connection:
        connection.execute("SELECT llmspell.kv_delete_prefix('')")
        kv_set(connection, "n", b"0")

    def increment():
        try:
            with app(A) as connection:
                for _ in range(each):
                    while True:
                        value, _, version, _ = kv_get(connection, "n")
                        try:
                            kv_set(connection, "n", str(int(value) + 1).encode(), expected=version)
                            break
                        except psycopg.Error as error:
                            if error.sqlstate != "LS409":
                                raise
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=increment) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(problems, [])
    with app(A) as connection:
        value, _, version, _ = kv_get(connection, "n")
        equal((int(value), version), (clients * each, clients * each + 1))


@test
def first_writers():
    """of 8 clients that create one key with expected_version 0, one wins and the others get LS409"""
    for attempt in range(5):
        barrier, results = threading.Barrier(8), []

        def create(number):
            with app(A) as connection:
                barrier.wait()
                try:
                    results.append(kv_set(connection, f"first{attempt}", str(number).encode(), expected=0))
                except psycopg.Error as error:
                    results.append(error.sqlstate)

        threads = [threading.Thread(target=create, args=[n]) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(sorted(results, key=str), sorted([(1, True)] + ["LS409"] * 7, key=str))


@test
def tenants_share_no_keys():
    """two tenants use the same keys without noticing each other"""
    with app(A) as a, app(B) as b:
        equal(kv_set(a, "same", b"a", expected=0), (1, True))
        equal(kv_set(b, "same", b"b", expected=0), (1, True))
        equal(kv_set(b, "same", b"b2"), (2, False))
        equal(kv_get(a, "same"), (b"a", None, 1, None))
        equal(one(b, "SELECT llmspell.kv_delete_prefix('')"), 1)
        equal(kv_get(a, "same"), (b"a", None, 1, None))
        a.execute("SELECT llmspell.kv_delete_prefix('')")

