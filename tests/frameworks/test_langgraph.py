#!/usr/bin/env -S python3 -m pytest
"""The client package: LangGraph's conformance suite, its graphs, a pool, a lost connection, and the examples of the README."""

import asyncio
import contextlib
import io
import os
import re
import sys
import uuid

import psycopg
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import START, MessagesState, StateGraph
from lib import A, B, ROLE, ROOT, equal, one, raises, server, test
from llmspell import AsyncTenant, Tenant
from llmspell.langgraph import AsyncLlmspellSaver, LlmspellSaver
from psycopg_pool import AsyncConnectionPool, ConnectionPool

sys.path.insert(0, str(ROOT / "tests/frameworks"))
from connections import dsn, pooled

# Of the version that is pinned.
SUITE = {"put": 17, "put_writes": 10, "get_tuple": 10, "list": 16, "delete_thread": 5, "delete_for_runs": 7, "copy_thread": 8, "prune": 8}


def conforms(open_saver):
    """Runs the suite with a tenant of its own for each capability; every test must have run and passed."""
    @checkpointer_test(name="llmspell")
    async def saver():
        async with open_saver(f"conformance-{uuid.uuid4()}") as opened:
            yield opened

    report = asyncio.run(validate(saver))
    found = {name: (result.tests_passed, result.tests_failed, result.failures) for name, result in report.results.items()}
    equal(found, {name: (count, 0, []) for name, count in SUITE.items()})
    assert report.passed_all()


@test
def conformance_of_the_async_saver():
    """langgraph-checkpoint-conformance: 81 of 81 for AsyncLlmspellSaver"""
    conforms(lambda tenant: AsyncLlmspellSaver.from_conn_string(dsn(), tenant))


@test
def conformance_of_the_saver():
    """langgraph-checkpoint-conformance: 81 of 81 for LlmspellSaver"""
    @contextlib.asynccontextmanager
    async def opened(tenant):
        with LlmspellSaver.from_conn_string(dsn(), tenant) as saver:
            yield saver
    conforms(opened)


@test
def conformance_over_a_pool():
    """langgraph-checkpoint-conformance: 81 of 81 over a pool"""
    @contextlib.asynccontextmanager
    async def opened(tenant):
        async with AsyncConnectionPool(dsn(), min_size=1, max_size=3, open=False) as pool:
            yield AsyncLlmspellSaver(tenant, pool)
    conforms(opened)


@test
def conformance_through_pgbouncer():
    """langgraph-checkpoint-conformance: 81 of 81 through PgBouncer in transaction mode, beside another tenant on the same server connection"""
    with pooled() as conninfo:
        conforms(lambda tenant: AsyncLlmspellSaver.from_conn_string(conninfo, tenant, prepare_threshold=None))
        with Tenant.connect(conninfo, A, prepare_threshold=None) as a, Tenant.connect(conninfo, B, prepare_threshold=None) as b:
            for n in range(100):
                for tenant in (a, b):
                    equal(tenant.execute("SELECT count(*) FROM llmspell.message_append('pooled', jsonb_build_array(llmspell.current_tenant()))"), [(1,)])
            for tenant, name in ((a, A), (b, B)):
                equal(tenant.execute("SELECT message #>> '{}', count(*), max(sequence) FROM llmspell.message_list('pooled', max_rows => 1000) GROUP BY 1"), [(name, 100, 100)])


def talker():
    builder = StateGraph(MessagesState)
    builder.add_node("model", lambda state: {"messages": [("ai", f"{len(state['messages'])} messages")]})
    builder.add_edge(START, "model")
    return builder


@test
def a_graph_remembers():
    """a graph goes on where it stopped, goes back, and takes another branch; another tenant with the same thread begins anew"""
    builder = talker()
    thread = {"configurable": {"thread_id": "talk"}}
    with LlmspellSaver.from_conn_string(dsn(), A) as saver, LlmspellSaver.from_conn_string(dsn(), B) as other:
        graph = builder.compile(checkpointer=saver)
        for text in ("one", "two", "three"):
            answer = graph.invoke({"messages": [("user", text)]}, thread)
        equal(answer["messages"][-1].content, "5 messages")
        history = list(graph.get_state_history(thread))
        equal([len(state.values.get("messages", [])) for state in history][:3], [6, 5, 4])
        back = next(state for state in history if len(state.values.get("messages", [])) == 2 and not state.next)
        branch = graph.invoke({"messages": [("user", "instead")]}, back.config)
        equal([m.content for m in branch["messages"]], ["one", "1 messages", "instead", "3 messages"])
        equal(len(list(graph.get_state_history(thread))) > len(history), True)
        equal(builder.compile(checkpointer=other).invoke({"messages": [("user", "hello")]}, thread)["messages"][-1].content, "1 messages")
        saver.copy_thread("talk", "copy")
        equal(graph.get_state({"configurable": {"thread_id": "copy"}}).values == graph.get_state(thread).values, True)


@test
def tenants_do_not_meet():
    """two tenants with the same threads over one connection, also PgBouncer's, as often as plans are kept: each reads, lists, copies and deletes its own"""
    def check(connections):
        savers = [(LlmspellSaver(tenant), tenant.tenant) for tenant in connections]
        thread = f"wall-{uuid.uuid4()}"
        configs = [{"configurable": {"thread_id": thread, "checkpoint_ns": ""}}] * 2
        for n in range(20):
            for k, (saver, name) in enumerate(savers):
                checkpoint = {**empty_checkpoint(), "id": f"{n:04}", "channel_values": {"list": [name] * 100}, "channel_versions": {"list": n + 1}}
                configs[k] = saver.put(configs[k], checkpoint, {"source": "loop", "step": n}, {"list": n + 1})
                saver.put_writes(configs[k], [("list", name)], "task")
            for saver, name in savers:
                found = saver.get_tuple({"configurable": {"thread_id": thread}})
                equal((found.checkpoint["channel_values"], found.pending_writes), ({"list": [name] * 100}, [("task", "list", name)]))
                listed = list(saver.list({"configurable": {"thread_id": thread}}))
                equal([(t.checkpoint["id"], t.checkpoint["channel_values"]["list"][0]) for t in listed], [(f"{m:04}", name) for m in range(n, -1, -1)])
        (a, _), (b, name) = savers
        a.copy_thread(thread, f"{thread}-copy")
        equal(b.get_tuple({"configurable": {"thread_id": f"{thread}-copy"}}), None)
        a.prune([thread])
        a.delete_for_runs([thread])
        a.delete_thread(thread)
        equal((a.get_tuple({"configurable": {"thread_id": thread}}), len(list(b.list({"configurable": {"thread_id": thread}})))), (None, 20))

    with psycopg.connect(dsn(), autocommit=True) as connection:
        check([Tenant(A, connection), Tenant(B, connection)])
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
        for call in (lambda saver: saver.get_tuple({"configurable": {"thread_id": "wall"}}), lambda saver: list(saver.list(None))):
            with raises("42501"):
                call(LlmspellSaver("", connection))
    with pooled() as conninfo, Tenant.connect(conninfo, A, prepare_threshold=None) as a, Tenant.connect(conninfo, B, prepare_threshold=None) as b:
        check([a, b])


@test
def many_graphs_at_once():
    """eight graphs of one tenant and eight of another over one pool of four: each has its own state"""
    async def work():
        async with AsyncConnectionPool(dsn(), min_size=4, max_size=4, open=False) as pool:
            async def one_thread(tenant, n):
                graph = talker().compile(checkpointer=AsyncLlmspellSaver(tenant, pool))
                thread = {"configurable": {"thread_id": f"many-{n}"}}
                for turn in range(5):
                    state = await graph.ainvoke({"messages": [("user", f"{tenant} {n} {turn}")]}, thread)
                return [m.content for m in state["messages"] if m.type == "human"]
            names = [(tenant, n) for tenant in (A, B) for n in range(8)]
            return dict(zip(names, await asyncio.gather(*(one_thread(*name) for name in names))))

    for (tenant, n), found in asyncio.run(work()).items():
        equal(found, [f"{tenant} {n} {turn}" for turn in range(5)])


@test
def a_server_that_ends_sessions():
    """sessions of a pool are ended: the next calls go over new ones, and what was told to be stored is there"""
    with ConnectionPool(f"{dsn()} application_name=lost", min_size=2, max_size=2, open=False) as pool, server() as superuser:
        saver = LlmspellSaver(A, pool)
        config = {"configurable": {"thread_id": "lost", "checkpoint_ns": ""}}
        ids = []
        for n in range(10):
            checkpoint = {**empty_checkpoint(), "channel_values": {"list": [n] * 100}, "channel_versions": {"list": n + 1}}
            config = saver.put(config, checkpoint, {"source": "loop", "step": n}, {"list": n + 1})
            saver.put_writes(config, [("list", [n])], "task")
            ids.append(checkpoint["id"])
            superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lost'")
        found = {t.checkpoint["id"]: (t.checkpoint["channel_values"], t.pending_writes) for t in saver.list({"configurable": {"thread_id": "lost"}})}
        equal(found, {name: ({"list": [n] * 100}, [("task", "list", [n])]) for n, name in enumerate(ids)})


@test
def values_of_every_kind():
    """what Python has comes back as it was: whole numbers as floats, infinities, text with zeros, long texts, bytes, nothing"""
    values = {"float": 2.0, "large": 1e300, "inf": float("inf"), "zero": "a\0b", "long": "é" * 1000, "bytes": b"\0\xff", "none": None, "int": 10**30,
              "true": True, "text": "short", "list": [1, "a", None], "empty": [], "dict": {"a": {"b": 2.5}}}
    with LlmspellSaver.from_conn_string(dsn(), A) as saver:
        versions = {name: saver.get_next_version(None) for name in values}
        config = saver.put({"configurable": {"thread_id": "kinds", "checkpoint_ns": ""}},
                           {**empty_checkpoint(), "channel_values": values, "channel_versions": versions}, {"source": "input", "step": -1}, versions)
        found = saver.get_tuple(config).checkpoint["channel_values"]
        equal({name: (type(found[name]), found[name]) for name in values}, {name: (type(value), value) for name, value in values.items()})
        assert saver.get_next_version(versions["list"]) > versions["list"]


@test
def the_tenant_is_of_a_transaction():
    """after each call the connection has no tenant, also after an error; calls on one connection from many tasks do not mix"""
    with psycopg.connect(dsn(), autocommit=True) as connection:
        a, b = Tenant(A, connection), Tenant(B, connection)
        equal(a.execute("SELECT llmspell.current_tenant()"), [(A,)])
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
        with raises("22012"):
            a.execute("SELECT 1 / 0")
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
        with raises("22012"), b.transaction() as inner:
            inner.execute("SELECT llmspell.kv_set_text('k', 'v')")
            inner.execute("SELECT 1 / 0")
        equal(b.execute("SELECT value FROM llmspell.kv_get_text('k')"), [])
        equal(b.execute("DO $$ BEGIN END $$"), [])

    async def work():
        async with AsyncTenant.connect(dsn(), A) as tenant:
            return await asyncio.gather(*(tenant.execute("SELECT %s::int, llmspell.current_tenant()", [n]) for n in range(20)))
    equal(asyncio.run(work()), [[(n, A)] for n in range(20)])


@test
def examples_of_the_readme():
    """the examples of clients/python/README.md print what is printed there"""
    text = (ROOT / "clients/python/README.md").read_text()
    examples = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", text, re.DOTALL)
    assert len(examples) >= 2
    os.environ["PGUSER"], before = ROLE, os.environ["PGUSER"]
    try:
        for code, wanted in examples:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
            equal(printed.getvalue(), wanted)
    finally:
        os.environ["PGUSER"] = before


@test
def the_package_is_typed():
    """the package says that it is typed, and has the version of the extension"""
    import importlib.metadata
    import importlib.resources
    assert importlib.resources.files("llmspell").joinpath("py.typed").is_file()
    version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    equal(importlib.metadata.version("llmspell"), version)
