#!/usr/bin/env -S python3 -m pytest
"""LangChain: its own suites for vector stores, key-value stores and caches; filters, words, diversity, tenants, and writers at once."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from datetime import timedelta

import psycopg
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation
from lib import A, B, ROOT, equal, raises, test
from llmspell import AsyncTenant, Tenant
from llmspell.langchain import LlmspellByteStore, LlmspellCache, LlmspellVectorStore
from psycopg_pool import AsyncConnectionPool, ConnectionPool

sys.path.insert(0, str(ROOT / "tests/frameworks"))
from connections import dsn, pooled

# Of the version that is pinned: 12 tests of vector stores each with and without asyncio and a guard, then 12 with asyncio; 12 of
# stores, 8 of caches, with and without asyncio.
SUITES = {"TestVectorStore": 25, "TestAsyncVectorStore": 12, "TestByteStore": 12, "TestAsyncByteStore": 12, "TestCache": 8, "TestAsyncCache": 8}


def conforms(conninfo):
    """Runs the suites; every test must have run and passed."""
    command = [sys.executable, "-m", "pytest", "-v", "--noconftest", "-c", "/dev/null", "--rootdir", "/", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto",
               "-k", "not TestAsyncVectorStore or _async", ROOT / "tests/frameworks/langchain_suites.py"]
    done = subprocess.run(command, env={**os.environ, "LLMSPELL_CONNINFO": conninfo}, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = {}
    for name, verdict in re.findall(r"::(\w+)::\S+ (\w+)", done.stdout):
        assert verdict == "PASSED", f"{name}: {done.stdout[-3000:]}"
        found[name] = found.get(name, 0) + 1
    equal((done.returncode, found), (0, SUITES), done.stdout[-500:])


@test
def suites():
    """langchain-tests: every test of vector stores, key-value stores and caches, sync and async"""
    conforms(dsn())


@test
def suites_through_pgbouncer():
    """langchain-tests: the same through PgBouncer in transaction mode"""
    with pooled() as conninfo:
        conforms(conninfo)


class Words(Embeddings):
    """A dimension for each word of a few."""

    words = ("apple", "pear", "boat", "sea", "red", "green")

    def embed_query(self, text):
        return [text.split().count(word) + 0.01 for word in self.words]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


TEXTS = ["red apple", "green apple", "green pear", "boat on the sea"]
METADATAS = [{"n": 1, "kind": "fruit"}, {"n": 2, "kind": "fruit"}, {"n": 3, "kind": "fruit"}, {"n": 4, "kind": "ship"}]
IDS = ["a", "b", "c", "d"]


@test
def vectors_are_found():
    """filters with operators, scores, vectors, diversity, words, a retriever, and from_texts"""
    with Tenant.connect(dsn(), A) as tenant:
        store = LlmspellVectorStore.from_texts(TEXTS, Words(), METADATAS, ids=IDS, tenant=tenant, space="small:found")
        found = store.similarity_search_with_score("red apple", 2)
        equal([document.id for document, _ in found], ["a", "b"])
        assert 1 >= found[0][1] > 0.999 > found[1][1]
        equal(found[0][0], Document(id="a", page_content="red apple", metadata={"n": 1, "kind": "fruit"}))
        equal([d.id for d in store.similarity_search("apple", filter={"n": {"$gte": 2}, "kind": {"$in": ["fruit"]}})], ["b", "c"])
        equal([d.id for d in store.similarity_search_by_vector(Words().embed_query("sea"), 1)], ["d"])
        equal([d.id for d in store.similarity_search("red apple", max_distance=0.1)], ["a"])
        equal([d.id for d in store.max_marginal_relevance_search("red apple", 2, lambda_mult=1)], ["a", "b"])
        assert "d" in [d.id for d in store.max_marginal_relevance_search("red apple", 2, lambda_mult=0)]
        equal([d.id for d in store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.99}).invoke("green pear")], ["c"])
        equal([d.id for d in store.as_retriever(search_type="mmr", search_kwargs={"k": 1}).invoke("green pear")], ["c"])
        hybrid = LlmspellVectorStore(tenant, Words(), space="small:found", hybrid=True)
        equal(hybrid.similarity_search("boat", 1)[0].id, "d")
        with raises("22023"):
            store.similarity_search("apple", filter={"n": {"$greater": 2}})
        ids = store.add_documents([Document(page_content="red boat"), Document(id="d", page_content="boat", metadata={"n": 5})])
        equal([d.page_content for d in store.get_by_ids([ids[0]])], ["red boat"])
        equal(store.get_by_ids(["d"])[0].metadata, {"n": 5})
        # What was stored without a text id is found by its UUID.
        uuid, = tenant.execute("SELECT llmspell.vector_add('[1,0,0,0,0,1]', content => 'sql', space => 'small:found')::text")[0]
        equal([(d.id, d.page_content) for d in store.get_by_ids([uuid, "unknown"])], [(uuid, "sql")])
        store.delete([uuid, "a"])
        equal([d.id for d in store.get_by_ids([uuid, "a", "b"])], ["b"])
        store.delete()
        equal(store.similarity_search("apple"), [])
        for wrong in (lambda: LlmspellVectorStore(tenant, Words()).delete(), lambda: store.add_texts(["x"], [{}, {}]), lambda: store.add_texts(["x"], ids=["1", "2"])):
            with contextlib.suppress(ValueError):
                wrong()
                raise AssertionError("no error")


@test
def tenants_do_not_meet():
    """two tenants with the same ids and keys over one connection: each has its own vectors, bytes and answers; the rest of the session has no tenant"""
    def both(a, b):
        # As often as plans are kept.
        for tenant, text in ((a, "red apple"), (b, "green pear")) * 12:
            LlmspellVectorStore(tenant, Words(), space="small:wall").add_texts([text], ids=["same"])
            LlmspellByteStore(tenant, prefix="wall:").mset([("same", text.encode())])
            LlmspellCache(tenant).update("prompt", "model", [Generation(text=text)])
        for tenant, text in ((a, "red apple"), (b, "green pear")) * 12:
            store, data, cache = LlmspellVectorStore(tenant, Words(), space="small:wall"), LlmspellByteStore(tenant, prefix="wall:"), LlmspellCache(tenant)
            equal([d.page_content for d in store.similarity_search("apple", 10)], [text])
            equal([d.page_content for d in store.get_by_ids(["same"])], [text])
            equal((data.mget(["same"]), list(data.yield_keys())), ([text.encode()], ["same"]))
            equal(cache.lookup("prompt", "model"), [Generation(text=text)])
        for change in (lambda t: LlmspellVectorStore(t, Words(), space="small:wall").delete(["same"]), lambda t: LlmspellByteStore(t, prefix="wall:").mdelete(["same"]),
                       lambda t: LlmspellCache(t).clear()):
            change(a)
        equal(LlmspellVectorStore(b, Words(), space="small:wall").get_by_ids(["same"])[0].page_content, "green pear")
        equal(LlmspellByteStore(b, prefix="wall:").mget(["same"]), [b"green pear"])
        equal(LlmspellCache(b).lookup("prompt", "model"), [Generation(text="green pear")])
        LlmspellVectorStore(b, Words(), space="small:wall").delete()
        LlmspellByteStore(b, prefix="wall:").mdelete(["same"])

    with psycopg.connect(dsn(), autocommit=True) as connection:
        both(Tenant(A, connection), Tenant(B, connection))
        equal(connection.execute("SELECT llmspell.current_tenant()").fetchall(), [(None,)])
        with raises("42501"):
            LlmspellByteStore(Tenant("", connection)).mget(["same"])
    with psycopg.connect(dsn()) as connection:  # which is not in autocommit mode
        both(Tenant(A, connection), Tenant(B, connection))
        equal(connection.info.transaction_status, psycopg.pq.TransactionStatus.IDLE)
    with pooled() as conninfo, Tenant.connect(conninfo, A, prepare_threshold=None) as a, Tenant.connect(conninfo, B, prepare_threshold=None) as b:
        both(a, b)


@test
def bytes_and_answers():
    """keys by prefix and page by page, lives, a model with a cache, and classes that no cache makes"""
    with ConnectionPool(dsn(), min_size=1, max_size=2, open=False) as pool:
        outer, inner = LlmspellByteStore(A, pool), LlmspellByteStore(A, pool, prefix="page:")
        inner.mset([(f"{n:05}", b"x") for n in range(2500)] + [("00000", b"last")])
        equal(list(inner.yield_keys()), [f"{n:05}" for n in range(2500)])
        equal(list(inner.yield_keys(prefix="0249")), [f"{n:05}" for n in range(2490, 2500)])
        equal(outer.mget(["page:00000", "00000"]), [b"last", None])
        brief = LlmspellByteStore(A, pool, prefix="brief:", ttl=timedelta(milliseconds=200))
        brief.mset([("k", b"v")])
        equal(brief.mget(["k"]), [b"v"])
        time.sleep(0.3)
        equal((brief.mget(["k"]), list(brief.yield_keys())), ([None], []))

        cache = LlmspellCache(A, pool, prefix="answers:")
        model = FakeListChatModel(responses=["one", "two"], cache=cache)
        equal([model.invoke("hello").content, model.invoke("hello").content, model.invoke("other").content], ["one", "one", "two"])
        answer = [ChatGeneration(message=AIMessage("yes", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]))]
        cache.update("p", "m", answer)
        equal(cache.lookup("p", "m"), answer)
        outer.mset([(key, b'["{\\"lc\\": 1, \\"type\\": \\"constructor\\", \\"id\\": [\\"langchain\\", \\"prompts\\", \\"prompt\\", \\"PromptTemplate\\"], \\"kwargs\\": {}}"]')
                    for key in outer.yield_keys(prefix="answers:")])
        try:
            cache.lookup("p", "m")
            raise AssertionError("a class that is no answer was made")
        except ValueError:
            pass
        cache.clear()
        equal((cache.lookup("p", "m"), list(outer.yield_keys(prefix="answers:")), len(list(inner.yield_keys()))), (None, [], 2500))


@test
def many_at_once():
    """tasks of two tenants over one pool of asyncio store and read at the same time, each what is its own; a connection for asyncio has no sync methods"""
    async def work():
        async with AsyncConnectionPool(dsn(), min_size=3, max_size=3, open=False) as pool:
            async def task(name, n):
                store, data = LlmspellVectorStore(name, Words(), pool, space="small:many"), LlmspellByteStore(name, pool, prefix=f"many-{n}:")
                await store.aadd_texts([f"{name} apple"], ids=[str(n)])
                await data.amset([("k", f"{name} {n}".encode())])
                return await data.amget(["k"]), [d.page_content for d in await store.aget_by_ids([str(n)])], [key async for key in data.ayield_keys()]
            names = [(name, n) for name in (A, B) for n in range(10)]
            for (name, n), found in zip(names, await asyncio.gather(*(task(*name) for name in names))):
                equal(found, ([f"{name} {n}".encode()], [f"{name} apple"], ["k"]))
            store = LlmspellVectorStore(AsyncTenant(A, pool), Words(), space="small:many")
            equal(len(await store.asimilarity_search("apple", 20)), 10)
            equal(len(await store.amax_marginal_relevance_search("apple", 5)), 5)
            try:
                store.similarity_search("apple")
                raise AssertionError("no error")
            except TypeError:
                pass
    asyncio.run(work())
