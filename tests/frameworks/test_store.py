#!/usr/bin/env -S python3 -m pytest
"""LangGraph's stores behave as LangGraph documents and tests its Postgres store, over a connection, a pool, asyncio, and PgBouncer."""

import asyncio
import math
import random
import sys
import threading
import time
import uuid

import psycopg
from langchain_core.embeddings import Embeddings
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import GetOp, Item, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from lib import A, B, ROOT, equal, one, raises, server, test
from llmspell import Tenant
from llmspell.langgraph import AsyncLlmspellStore, LlmspellStore
from psycopg_pool import AsyncConnectionPool, ConnectionPool

sys.path.insert(0, str(ROOT / "tests/frameworks"))
from connections import dsn, pooled


class Letters(Embeddings):
    """The letters of a text, each a random direction, so that texts with the same letters are near."""

    dims = 50

    def direction(self, letter):
        draw = random.Random(ord(letter))
        return [draw.gauss(0, 1) for _ in range(self.dims)]

    def embed_query(self, text):
        total = [sum(parts) for parts in zip(*map(self.direction, text or " "))]
        length = math.sqrt(sum(x * x for x in total))
        return [x / length for x in total]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


def everywhere(check, **options):
    """Runs the check with an empty store of each kind; the one for asyncio is called from another thread than its event loop's."""
    def tenant():
        return f"store-{uuid.uuid4()}"

    with LlmspellStore.from_conn_string(dsn(), tenant(), **options) as store:
        check(store)
    with ConnectionPool(dsn(), min_size=1, max_size=2, open=False) as pool:
        check(LlmspellStore(tenant(), pool, **options))
    with pooled() as conninfo, LlmspellStore.from_conn_string(conninfo, tenant(), prepare_threshold=None, **options) as store:
        check(store)

    async def work():
        async with AsyncLlmspellStore.from_conn_string(dsn(), tenant(), **options) as store:
            await asyncio.to_thread(check, store)
    asyncio.run(work())


@test
def batches():
    """operations of a batch in any order: each result is at its place, reads do not see the batch's own writes, the last write of a key counts"""
    def check(store):
        store.put(("test", "foo"), "key1", {"data": "value1"})
        store.put(("test", "bar"), "key2", {"data": "value2"})
        results = store.batch([GetOp(("test", "foo"), "key1"), PutOp(("test", "bar"), "key2", {"data": "new"}), SearchOp(("test",), filter={"data": "value1"}),
                               ListNamespacesOp(limit=10), GetOp(("test",), "key3"), GetOp(("test", "bar"), "key2"), GetOp(("test", "foo"), "key1")])
        assert isinstance(results[0], Item)
        equal((results[0].value, results[0].key, results[0].namespace), ({"data": "value1"}, "key1", ("test", "foo")))
        equal([results[1], results[4]], [None, None])
        equal([item.key for item in results[2]], ["key1"])
        equal(results[3], [("test", "bar"), ("test", "foo")])
        equal((results[5].value, results[6]), ({"data": "value2"}, results[0]))
        equal(store.get(("test", "bar"), "key2").value, {"data": "new"})
        equal(store.batch([PutOp(("test",), "a", {"n": 1}), PutOp(("test",), "a", {"n": 2}), PutOp(("test",), "b", {"n": 3}), PutOp(("test", "bar"), "key2", None)]), [None] * 4)
        equal([(item.key, item.value) for item in store.search(("test",))], [("a", {"n": 2}), ("b", {"n": 3}), ("key1", {"data": "value1"})])
        store.batch([PutOp(("test",), "a", None), PutOp(("test",), "b", None)])
        equal(len(store.search(("test",))), 1)
        equal(store.batch([]), [])
        many = [PutOp(("many", str(n % 7)), f"{n:03}", {"n": n}) for n in range(500)]
        store.batch(many)
        equal([item.value["n"] for item in store.batch([GetOp(op.namespace, op.key) for op in many])], list(range(500)))
        # All of a batch or nothing.
        with raises("22023"):
            store.batch([PutOp(("many", "0"), "000", None), PutOp(("many", ""), "k", {})])
        equal(store.get(("many", "0"), "000").value, {"n": 0})
    everywhere(check)


@test
def one_item():
    """put, get, update and delete; times; nothing in another namespace"""
    def check(store):
        namespace, value = ("test", "documents"), {"title": "Test", "list": [1, 2.5, None, True, "é"], "nested": {"a": {}}}
        store.put(namespace, "doc", value)
        item = store.get(namespace, "doc")
        equal((item.namespace, item.key, item.value), (namespace, "doc", value))
        store.put(namespace, "doc", {"title": "new"})
        updated = store.get(namespace, "doc")
        equal((updated.value, updated.created_at), ({"title": "new"}, item.created_at))
        assert updated.updated_at > item.updated_at and updated.updated_at.tzinfo is not None
        equal(store.get(("test", "other"), "doc"), None)
        store.delete(namespace, "doc")
        store.delete(namespace, "doc")
        equal(store.get(namespace, "doc"), None)
    everywhere(check)


@test
def namespaces():
    """listing by prefix, suffix, * and depth, with pages; segments are matched whole"""
    def check(store):
        listed = [("foo",), ("foo", "child"), ("foobar",), ("foobar", "baz"), ("uid", "a", "b", "alice"), ("uid", "users", "alice"), ("uid", "users", "malice")]
        for namespace in listed:
            store.put(namespace, "k", {"v": 1})
        equal(store.list_namespaces(), listed)
        equal(store.list_namespaces(prefix=("foo",)), listed[:2])
        equal(store.list_namespaces(suffix=("alice",)), [("uid", "a", "b", "alice"), ("uid", "users", "alice")])
        equal(store.list_namespaces(prefix=("uid", "*", "alice")), [("uid", "users", "alice")])
        equal(store.list_namespaces(prefix=("uid",), suffix=("users", "*")), listed[5:])
        equal(store.list_namespaces(max_depth=1), [("foo",), ("foobar",), ("uid",)])
        equal(store.list_namespaces(max_depth=2, prefix=("uid",)), [("uid", "a"), ("uid", "users")])
        equal(store.list_namespaces(limit=2, offset=1), listed[1:3])
        equal(store.list_namespaces(offset=6), listed[6:])
        several = [MatchCondition("prefix", ("uid", "*")), MatchCondition("prefix", ("*", "users")), MatchCondition("suffix", ("*",))]
        equal(store.batch([ListNamespacesOp(several), ListNamespacesOp([MatchCondition("prefix", ("foo",)), MatchCondition("prefix", ("uid",))])]), [listed[5:], []])
    everywhere(check)


@test
def prefixes():
    """a search stops at the segment's boundary, takes _ and % as they are, and an empty prefix finds all"""
    def check(store):
        for namespace in (("foo",), ("foo", "child"), ("foo", "child", "deep"), ("foobar",), ("foobar", "baz"), ("user_1",), ("userX1",), ("a%b",), ("axxb",)):
            store.put(namespace, "k", {"v": 1})
        for prefix, wanted in ((("foo",), 3), (("foobar",), 2), (("foo", "child"), 2), (("fo",), 0), (("user_1",), 1), (("a%b",), 1), ((), 9)):
            found = store.search(prefix, limit=100)
            equal(len(found), wanted, prefix)
            assert all(item.namespace[:len(prefix)] == prefix and item.score is None for item in found)
    everywhere(check)


@test
def filters():
    """values, nested values, equal arrays, each operator, pages"""
    def check(store):
        for n, value in enumerate(({"author": "Alice", "n": 1, "tags": ["a"]}, {"author": "Bob", "n": 2.5, "tags": ["a", "b"]}, {"author": "Alice", "n": 10, "by": {"x": {"y": 1}, "z": [1]}},
                                   {"n": None, "tags": []})):
            store.put(("test", "docs" if n < 2 else "images"), f"doc{n}", value)

        def found(filter, prefix=("test",), **page):
            return [int(item.key[3:]) for item in store.search(prefix, filter=filter, **page)]
        for filter, wanted in (({"author": "Alice"}, [0, 2]), ({"tags": ["a"]}, [0]), ({"tags": ["a", "b"]}, [1]), ({"tags": []}, [3]), ({"by": {"x": {"y": 1}}}, [2]), ({"by": {"z": [1]}}, [2]),
                               ({"by": {"z": []}}, []), ({"n": None}, [3]), ({"n": {"$eq": 1}}, [0]), ({"n": {"$ne": 1}}, [1, 2, 3]), ({"n": {"$gt": 1}}, [1, 2]), ({"n": {"$gte": 1}}, [0, 1, 2]),
                               ({"n": {"$lt": 10}}, [0, 1]), ({"n": {"$lte": 10}}, [0, 1, 2]), ({"n": {"$gte": 2, "$lt": 10}, "author": "Bob"}, [1]), ({"n": {"$in": [1, 10]}}, [0, 2]),
                               ({"tags": {"$eq": ["a"]}}, [0]), ({"author": {"$gt": "Alice"}}, [1])):
            equal(found(filter), wanted, filter)
        equal((found({"author": "Alice"}, ("test", "docs")), found(None, limit=2), found(None, limit=2, offset=2), found(None, offset=3)), ([0], [0, 1], [2, 3], [3]))
        with raises("22023"):
            found({"n": {"$greater": 1}})
    everywhere(check)


@test
def by_meaning():
    """vectors of whole documents: order, scores by cosine, filters, pages, updates, items that are not indexed, no query, many languages"""
    def check(store):
        letters = Letters()
        for key, text, color, score in (("doc1", "red apple", "red", 4.5), ("doc2", "red car", "red", 3.0), ("doc3", "green apple", "green", 4.0), ("doc4", "blue car", "blue", 3.5)):
            store.put(("test",), key, {"text": text, "color": color, "score": score}, index=["text"])

        def found(query, **options):
            return [item.key for item in store.search(("test",), query=query, **options)]
        equal(found("apple", filter={"color": "red"}), ["doc1", "doc2"])
        equal(found("car", filter={"color": "red"}, refresh_ttl=False), ["doc2", "doc1"])
        equal(found("bbbbluuu", filter={"score": {"$gt": 3.2}})[0], "doc4")
        equal(found("apple", filter={"score": {"$gte": 4.0}, "color": "green"}), ["doc3"])
        equal((len(found("car", limit=2)), found("car", limit=2) + found("car", limit=2, offset=2)), (2, found("car")))
        scores = {item.key: item.score for item in store.search((), query="red car")}
        for key, text in (("doc1", "red apple"), ("doc2", "red car")):
            wanted = sum(a * b for a, b in zip(letters.embed_query("red car"), letters.embed_query(text)))
            assert abs(scores[key] - wanted) < 1e-3, (key, scores[key], wanted)
        equal([item.score for item in store.search(("test",))], [None] * 4)
        equal(len(store.search(("test",), query="")), 4)
        for query in ("test " * 100, "test!@#$%^&*()", "é"):
            equal(len(found(query)), 4)
        # What is written anew is found by its new text, and what is not indexed by none.
        store.put(("test",), "doc1", {"text": "zany zebra"}, index=["text"])
        equal(found("zany zebra")[0], "doc1")
        store.put(("test",), "doc2", {"text": "zany zebra"}, index=False)
        assert "doc2" not in found("zany zebra") and "doc2" in found(None)
        store.batch([PutOp(("words",), str(n), {"text": text}) for n, text in enumerate(("这是中文", "これは日本語です", "이건 한국어야", "Это русский", "यह रूसी है"))])
        for n, text in enumerate(("这是中文", "これは日本語です", "이건 한국어야", "Это русский", "यह रूसी है")):
            equal(store.search(("words",), query=text)[0].key, str(n))
    everywhere(check, index={"dims": 50, "embed": Letters()})


@test
def by_field():
    """fields of the store and of an operation, each a vector of its own, the nearest of which counts; arrays"""
    def check(store):
        store.put(("test",), "doc1", {"key1": "xxx", "key2": "yyy", "key3": "zzz"})
        store.put(("test",), "doc2", {"key0": "uuu", "key1": "vvv", "key2": "www", "key3": "xxx"})
        first, second = store.search(("test",), query="xxx")
        assert {first.key, second.key} == {"doc1", "doc2"} and abs(first.score - 1) < 1e-3 and abs(second.score - 1) < 1e-3
        for query, key in (("uuu", "doc2"), ("zzz", "doc1")):
            first, second = store.search(("test",), query=query)
            assert first.key == key and abs(first.score - 1) < 1e-3 and second.score < 0.9
        assert all(item.score < 0.9 for item in store.search(("test",), query="www"))
        store.batch([PutOp(("own",), "a", {"key0": "aaa", "key9": "bbb"}, index=["key9"]), PutOp(("own",), "b", {"parts": [{"text": "ccc"}, {"text": "ddd"}]}, index=["parts[*].text"]),
                     PutOp(("own",), "c", {"key0": "eee"}, index=False), PutOp(("own",), "d", {"other": "eee"})])
        for query, key in (("bbb", "a"), ("ddd", "b"), ("ccc", "b")):
            best = store.search(("own",), query=query)[0]
            assert best.key == key and abs(best.score - 1) < 1e-3
        equal(len(store.search(("own",), query="eee")), 2)
        equal(len(store.search(("own",))), 4)
    everywhere(check, index={"dims": 50, "embed": lambda texts: Letters().embed_documents(texts), "fields": ["key0", "key1", "key3"]})


@test
def by_words():
    """an index without vectors finds by words; without an index a query lists"""
    def check(store):
        store.batch([PutOp(("test",), "a", {"text": "an apple a day"}), PutOp(("test",), "b", {"text": "a boat at sea"}), PutOp(("test",), "c", {"text": "apple"}, index=False)])
        equal([item.key for item in store.search(("test",), query="apple")], ["a"])
        assert store.search(("test",), query="apple")[0].score > 0
    everywhere(check, index={"fields": ["text"]})
    with LlmspellStore.from_conn_string(dsn(), f"store-{uuid.uuid4()}") as store:
        store.put((A,), "k", {"text": "apple"})
        equal([(item.key, item.score) for item in store.search((A,), query="pear")], [("k", None)])
    try:
        LlmspellStore(A, psycopg.connect(dsn()), index={"dims": 2, "embed": Letters(), "distance_type": "l2"})
        raise AssertionError("no error")
    except ValueError:
        pass


@test
def lives():
    """an item lives for its ttl, anew with each read that refreshes and with each write; an expired one is in no answer, swept or not"""
    def expires(store, tenant, key):
        with server() as superuser:
            return one(superuser, "SELECT expires_at FROM llmspell.items WHERE tenant_id = %s AND key = %s", [tenant, key])

    def expire(tenant, key):
        with server() as superuser:
            superuser.execute("UPDATE llmspell.items SET expires_at = now() - interval '1 minute' WHERE tenant_id = %s AND key = %s", [tenant, key])

    def check(store):
        tenant, namespace = store.tenant.tenant, ("lives",)
        store.put(namespace, "brief", {"n": 1}, ttl=0.005)
        time.sleep(0.35)
        equal((store.get(namespace, "brief"), store.search(namespace), store.list_namespaces()), (None, [], []))
        store.put(namespace, "default", {"n": 1})
        store.put(namespace, "for ever", {"n": 1}, ttl=None)
        store.put(namespace, "own", {"n": 1}, ttl=10)
        equal((expires(store, tenant, "default") is None, expires(store, tenant, "for ever")), (False, None))
        before = {key: expires(store, tenant, key) for key in ("default", "own")}
        store.get(namespace, "default", refresh_ttl=False)
        store.search(namespace, refresh_ttl=False)
        store.batch([GetOp(namespace, "default", False), GetOp(namespace, "own", False)])
        equal({key: expires(store, tenant, key) for key in before}, before)
        for read in (lambda: store.get(namespace, "default"), lambda: store.search(namespace), lambda: store.batch([GetOp(namespace, "default"), GetOp(namespace, "x")]),
                     lambda: store.search(namespace, query="n", filter={"n": 1}), lambda: store.put(namespace, "default", {"n": 1})):
            read()
            after = expires(store, tenant, "default")
            assert after > before["default"]
            before["default"] = after
        assert expires(store, tenant, "own") > before["own"]
        equal(store.get(namespace, "for ever").value, {"n": 1})
        expire(tenant, "default")
        before = expires(store, tenant, "default")
        equal((store.get(namespace, "default"), [item.key for item in store.search(namespace, limit=2)]), (None, ["for ever", "own"]))
        equal(expires(store, tenant, "default"), before)
        # One operation after the other, as the store for asyncio gives back a coroutine.
        swept = store.sweep_ttl()
        if asyncio.iscoroutine(swept):
            swept = asyncio.run_coroutine_threadsafe(swept, store._loop).result()
        equal(swept, 2)
    everywhere(check, ttl={"default_ttl": 5, "refresh_on_read": True}, index={"dims": 50, "embed": Letters()})

    with LlmspellStore.from_conn_string(dsn(), f"store-{uuid.uuid4()}", ttl={"default_ttl": 5, "refresh_on_read": False}) as store:
        store.put(("a",), "k", {"n": 1})
        before = expires(store, store.tenant.tenant, "k")
        store.get(("a",), "k")
        equal(expires(store, store.tenant.tenant, "k"), before)


@test
def tenants_do_not_meet():
    """two tenants with the same namespaces and keys over one connection, also PgBouncer's: neither finds, changes, lists or deletes what the other has"""
    def check(connections):
        a, b = (LlmspellStore(tenant, index={"dims": 50, "embed": Letters()}) for tenant in connections)
        for n in range(20):
            for store, name in ((a, A), (b, B)):
                store.put(("same",), f"k{n}", {"text": name, "n": n})
        for store, name in ((a, A), (b, B)):
            equal({item.value["text"] for item in store.search(("same",), limit=100)}, {name})
            equal({item.value["text"] for item in store.search(("same",), query=A, limit=100)}, {name})
            equal(store.get(("same",), "k1").value["text"], name)
            equal({item.value["text"] for item in store.batch([GetOp(("same",), "k1"), GetOp(("same",), "k2")])}, {name})
        for n in range(20):
            a.delete(("same",), f"k{n}")
        equal((a.list_namespaces(), len(b.search((), limit=100)), b.list_namespaces()), ([], 20, [("same",)]))
        b.batch([PutOp(("same",), f"k{n}", None) for n in range(20)])
        equal(b.search(()), [])

    with psycopg.connect(dsn(), autocommit=True) as connection:
        check([Tenant(A, connection), Tenant(B, connection)])
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
        with raises("42501"):
            LlmspellStore("", connection).get(("same",), "k1")
    with pooled() as conninfo, Tenant.connect(conninfo, A, prepare_threshold=None) as a, Tenant.connect(conninfo, B, prepare_threshold=None) as b:
        check([a, b])


@test
def many_at_once():
    """500 operations of asyncio at once over a pool, and a graph whose nodes remember, in its own thread and in others"""
    async def work():
        async with AsyncConnectionPool(dsn(), min_size=2, max_size=2, open=False) as pool:
            store = AsyncLlmspellStore(A, pool)
            await asyncio.gather(*(store.aput(("many",), str(n), {"n": n}) for n in range(500)))
            found = await asyncio.gather(*(store.aget(("many",), str(n)) for n in range(500)))
            equal([item.value["n"] for item in found], list(range(500)))
            equal(len(await store.asearch(("many",), filter={"n": {"$gte": 400}}, limit=1000)), 100)
            try:
                store.get(("many",), "0")
                raise AssertionError("no error")
            except asyncio.InvalidStateError:
                pass

            async def in_loop(state, *, store):
                seen = await store.aget(("graph",), "seen")
                await store.aput(("graph",), "seen", {"n": 1 + (seen.value["n"] if seen else 0)})
                return {"messages": [("ai", "done")]}

            def in_thread(state, *, store):
                assert threading.current_thread() is not threading.main_thread()
                return {"messages": [("ai", str(store.get(("graph",), "seen").value["n"]))]}
            builder = StateGraph(MessagesState)
            builder.add_node("in_loop", in_loop)
            builder.add_node("in_thread", in_thread)
            builder.add_edge(START, "in_loop")
            builder.add_edge("in_loop", "in_thread")
            graph = builder.compile(store=store)
            for n in (1, 2):
                equal((await graph.ainvoke({"messages": [("user", "hello")]}))["messages"][-1].content, str(n))
    asyncio.run(work())


@test
def sync_store_in_asyncio():
    """a store over a connection without asyncio runs its async methods in a thread"""
    async def work():
        with LlmspellStore.from_conn_string(dsn(), f"store-{uuid.uuid4()}") as store:
            await asyncio.gather(*(store.aput(("a",), str(n), {"n": n}) for n in range(20)))
            equal(len(await store.asearch(("a",), limit=50)), 20)
            with raises("22023"):
                await store.aput(("a", "a\nb"), "k", {"n": 1})
            equal((await store.aget(("a",), "3")).value, {"n": 3})
    asyncio.run(work())
