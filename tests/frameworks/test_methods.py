#!/usr/bin/env -S python3 -m pytest
"""The methods of the client package: every function in each of the four ways, the types of answers, and arguments of Python's types."""

import asyncio
import collections
import contextlib
import dataclasses
import datetime
import inspect
import os
import pathlib
import re
import subprocess
import sys
import types
import typing
import uuid

import numpy
import psycopg
import pytest
from functions import functions
from lib import A, B, ROLE, ROOT, Skip, app, equal, fill, raises, server, test
from llmspell import AsyncTenant, AsyncTransaction, Conflict, Tenant, Transaction, rows
from llmspell._calls import Caller
from llmspell._generated.async_methods import AsyncMethods
from llmspell._generated.methods import Methods
from psycopg_pool import ConnectionPool

sys.path.insert(0, str(ROOT / "tests/pooling"))
import test_pgbouncer as pgbouncer

DSN = f"user={ROLE}"


def fits(value, hint):
    """Whether the value is what the annotation says."""
    if hint is typing.Any:
        return True
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, part) for part in typing.get_args(hint))
    if origin is list:
        # Tags that a raw statement wrote may be NULL.
        return isinstance(value, list) and all(fits(item, typing.get_args(hint)[0]) or item is None for item in value)
    if hint is type(None):
        return value is None
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return type(value) is hint and not [name for name, kind in hints.items() if not fits(getattr(value, name), kind)]
    return type(value) is hint


def misfits(value, hint):
    """Names of the columns that are not what their class says, for the message."""
    return [f"{type(item).__name__}.{name} = {getattr(item, name)!r:.40}" for item in (value if isinstance(value, list) else [value]) if dataclasses.is_dataclass(item)
            for name, kind in typing.get_type_hints(type(item)).items() if not fits(getattr(item, name), kind)] or [f"{value!r:.100} is no {hint}"]


def arguments(function, given):
    vectors = lambda text: [float(part) for part in text.strip("[]").split(",")]
    for position, value in given.items():
        kind = function.types[position]
        yield function.names[position], vectors(value) if kind == "vector" else [vectors(part) for part in value] if kind == "vector[]" else value


def outcome(tenant, function, given):
    """What a method answers in a transaction that is undone: (value, SQLSTATE)."""
    try:
        with tenant.transaction() as transaction:
            value = getattr(transaction, function.name)(**dict(arguments(function, given)))
            raise psycopg.Rollback()
        return value, None
    except psycopg.Error as error:
        return None, error.sqlstate or str(error)
    except IndexError:
        return "no row", None


@test
def generated():
    """there is a method for each function of llmspell_app but those that set the tenant, for both kinds of connections, with the arguments of SQL"""
    with server() as owner:
        public = {f.name: f for f in functions(owner, role="llmspell_app") if f.name not in ("tenant_set", "tenant_clear")}
    for methods in (Methods, AsyncMethods):
        found = {name: method for name, method in vars(methods).items() if inspect.isfunction(method)}
        equal(sorted(found), sorted(public))
        for name, method in found.items():
            parameters = list(inspect.signature(method).parameters.values())[1:]
            equal([p.name for p in parameters], public[name].names, name)
            needed = len(public[name].types) - public[name].defaults
            equal([p.default is inspect.Parameter.empty for p in parameters], [n < needed for n in range(len(parameters))], name)
            equal(method.__doc__.count("Errors:") + method.__doc__.count("Example:") > 0, True, name)
            equal(inspect.iscoroutinefunction(method), methods is AsyncMethods, name)


@test
def every_answer(monkeypatch):
    """each function with its required and with all arguments, on a tenant with rows and on one without: the answer is of the type that is promised, and no row is left out"""
    most, many = collections.Counter(), Caller._many

    def counted(self, function, values):
        found = many(self, function, values)
        most[function.name] = max(most[function.name], len(found))
        return found
    monkeypatch.setattr(Caller, "_many", counted)
    with app(A) as connection:
        fill(connection, A)
    with server() as owner:
        public = [f for f in functions(owner, role="llmspell_app") if f.name not in ("tenant_set", "tenant_clear")]
    wrong, seen, states = [], collections.Counter(), {}
    with Tenant.connect(DSN, A) as full, Tenant.connect(DSN, "empty") as empty:
        for function in public:
            hint = typing.get_type_hints(getattr(Methods, function.name))["return"]
            for tenant in (full, empty):
                for given in (function.required(), function.all_plausible()):
                    value, state = outcome(tenant, function, given)
                    if state:
                        states.setdefault(function.name, set()).add(state)
                        continue
                    seen[function.name] += 1
                    if not fits(value, hint):
                        wrong += [f"{function.name}: {text}" for text in misfits(value, hint)]
    equal(sorted(set(wrong)), [])
    lists = {function.name for function in public if typing.get_origin(typing.get_type_hints(getattr(Methods, function.name))["return"]) is list}
    equal({name: count for name, count in most.items() if count > 1 and name not in lists}, {}, "functions that say ROWS 1")
    assert any(count > 1 for count in most.values())
    equal({name: found for name, found in states.items() if not all(re.fullmatch("22...|23...|P0002|42501|LS409", state) for state in found)}, {})


@test
def rows_of_the_least():
    """rows with no more than must be given are of the types that are promised, too"""
    with Tenant.connect(DSN, "least") as t:
        session, entity, other, edge = t.session_create().session_id, uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        t.workflow_save("w", None, {})
        t.agent_state_save("a", "type", {}, keep_history=True)
        t.agent_state_save("a", "type", [], keep_history=True)
        t.kv_set("k", b"")
        t.vector_add([1.0] * 384, id=entity)
        episode = t.episode_add("s", "user", "content").id
        t.item_put([], "k", {})
        t.entity_put(entity, "type", "name")
        t.entity_put(other, "type", "name")
        t.relationship_put(edge, entity, other, "type")
        t.event_append("type", {})
        t.stream_append("stream", [{"event_type": "type", "payload": {}}])
        execution = t.hook_record("hook", "type", context=b"").execution_id
        t.message_append("t", [None])
        t.checkpoint_put("t", "", "1", None, {})
        t.pattern_record("global", "k", "v")
        artifact = t.artifact_put(session_id=session, name="n", data=b"").artifact_id
        calls = {"session_get": [session], "session_list": [], "session_stats": [], "workflow_get": ["w"], "workflow_list": [], "workflow_claim": [], "workflow_stats": [], "agent_state_get": ["a"],
                 "agent_state_list": [], "agent_state_history": ["a"], "kv_get": ["k"], "kv_list": [], "kv_get_many": [["k"]], "vector_get": [], "vector_search": [[1.0] * 384], "vector_stats": [],
                 "vector_explain": [[1.0] * 384], "vector_space_list": [], "hybrid_search": ["content", None], "episode_get": [episode], "episode_list": [], "episode_search": [], "episode_around": [episode],
                 "episode_claim": [], "episode_backlog": [], "item_get": [[], "k"], "item_list": [], "item_search": [], "namespace_list": [], "entity_as_of": [entity], "entity_list": [], "entity_history": [entity],
                 "entity_timeline": [entity], "entity_knowledge": [entity], "entity_diff": [entity], "entity_search": [], "relationship_as_of": [edge], "relationship_history": [edge], "graph_neighbors": [entity],
                 "graph_traverse": [entity], "graph_shortest_path": [entity, other], "graph_subgraph": [[entity, other]], "graph_diff": [], "graph_by_source": ["event", "1"], "event_list": [], "event_feed": [],
                 "event_stats": [], "event_feed_lag": [], "stream_read": ["stream"], "hook_get": [execution], "hook_list": [], "get_hook_history_stats": [], "message_list": ["t"], "checkpoint_get": ["t"],
                 "checkpoint_list": [], "thread_list": [], "thread_stats": ["t"], "pattern_list": [], "pattern_predict": ["global", "k"], "artifact_info": [artifact], "artifact_list": [], "artifact_stats": [],
                 "artifact_verify": [], "recall": [], "recall_record": [], "storage_list": [], "whoami": [], "verify_isolation": [], "embedding_coverage": []}
        first = {"session_get": "session_id", "artifact_info": "artifact_id"}
        options = {"vector_get": {"ids": [entity]}, "episode_search": {"query_text": "content"}, "entity_search": {"query_text": "name"},
                   "item_search": {"filter": {}}, "graph_traverse": {"with_path": True, "with_names": True, "include_start": True}, "recall": {"query_text": "content"},
                   "recall_record": {"query_text": "content", "max_tokens": 1}, "pattern_list": {"min_frequency": 1}}
        wrong = []
        for name, given in calls.items():
            named = {first[name]: given[0]} if name in first else {}
            value = getattr(t, name)(*([] if named else given), **named, **options.get(name, {}))
            hint = typing.get_type_hints(getattr(Methods, name))["return"]
            if not fits(value, hint):
                wrong += [f"{name}: {text}" for text in misfits(value, hint)]
        equal(wrong, [])


@test
def types_of_arguments():
    """what Python has goes in, and comes back as it was: JSON with its null, bytes, vectors of lists and of numpy, ids, times, intervals, arrays"""
    at, id = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.timezone.utc), uuid.uuid4()
    with Tenant.connect(DSN, A) as tenant:
        for value in ({"a": [1, 2.5, None, "é"]}, [], None, "text", 0, True):
            tenant.kv_set_json("types", value)
            equal(tenant.kv_get_json("types").value, value)
        for value in (b"\0\xff", bytearray(b"ab"), memoryview(b"")):
            tenant.kv_set("types", value, ttl=datetime.timedelta(hours=1), metadata={"n": None})
            found = tenant.kv_get("types")
            equal((found.value, found.metadata), (bytes(value), {"n": None}))
            equal(datetime.timedelta(0) < found.expires_at - datetime.datetime.now(datetime.timezone.utc) <= datetime.timedelta(hours=1), True)
        for write in (lambda: tenant.kv_set("k", "text"), lambda: tenant.kv_set_many(["k"], ["text"])):
            with pytest.raises(TypeError):
                write()
        tenant.kv_set_many(["a", "b"], [b"1", b"2"], metadata=[{"n": 1}, None])
        equal([(row.key, row.metadata) for row in tenant.kv_get_many(["a", "b"])], [("a", {"n": 1}), ("b", None)])

        vector = numpy.linspace(-1, 1, 384, dtype=numpy.float32)
        equal(tenant.vector_put(vector, text_id="np", id=id, at=at, content="numbers", metadata={}), rows.VectorPutRow(id, True))
        equal(tenant.vector_put(list(map(float, vector)), text_id="np", content="numbers").created, False)
        found, = tenant.vector_get(text_ids=["np"])
        equal((found.id, found.embedding == vector.tolist()), (id, True))
        equal([row.created for row in tenant.vector_put_many(embeddings=numpy.ones((2, 384)), text_ids=["one", "two"], metadatas=[{"n": 1}, {}])], [True, True])
        equal(tenant.vector_search(vector, max_rows=1, recall=1, filter={"n": 1})[0].metadata, {"n": 1})
        equal({row.text_id for row in tenant.hybrid_search("numbers", None, weights=[1, 0.5], space="vectors_384")}, {"np"})
        equal([row.query_number for row in tenant.vector_search_many([vector, vector], max_rows=1)], [1, 2])

        entity = uuid.uuid4()
        tenant.entity_put(entity, "person", "Ada", properties={"n": 1}, valid_from=at)
        found = tenant.entity_as_of(str(entity), valid_at=at)
        equal((found.entity_id, found.valid_from, found.valid_to, found.properties), (entity, at, None, {"n": 1}))
        equal(tenant.entity_as_of(entity, valid_at=at - datetime.timedelta(days=1)), None)
        equal(tenant.namespace_list(namespace_prefix=["none"]), [])
        equal(tenant.item_put(["users", "42"], "k", {"n": 1}, embeddings=[[1, 0], numpy.array([0, 1])]).created, True)
        equal(tenant.item_list(namespace_prefix=["users"])[0].namespace, ["users", "42"])
        equal([(m.message, m.sequence) for m in tenant.message_list("none")], [])
        equal([row.sequence for row in tenant.message_append("t", [{"role": "user"}, "text"])], [1, 2])
        equal(tenant.checkpoint_put("t", "", "1", None, {}, channels=["c", "d"], channel_types=["x", "empty"], channel_values=[b"1", None]), True)
        equal(tenant.checkpoint_get("t").channel_values, [b"1"])
        tenant.session_retention_set(datetime.timedelta(days=30))
        equal(tenant.session_retention_get(), datetime.timedelta(days=30))
        tenant.session_retention_set(None)
        equal(tenant.session_retention_get(), None)
        equal(tenant.call("kv_count", arguments={"prefix": "types"}), [{"result": 1}])


@test
def one_transaction():
    """several methods and statements in one transaction: all or nothing, a savepoint in it, cursors as ever"""
    with Tenant.connect(DSN, A) as tenant:
        with raises("22012"), tenant.transaction() as transaction:
            transaction.kv_set_text("in", "1")
            transaction.execute("SELECT 1 / 0")
        equal(tenant.kv_get_text("in"), None)
        with tenant.transaction() as transaction:
            equal(type(transaction), Transaction)
            transaction.kv_set_text("in", "1")
            with contextlib.suppress(psycopg.errors.DivisionByZero), transaction.transaction():
                transaction.kv_set_text("in", "2")
                transaction.execute("SELECT 1 / 0")
            equal(transaction.execute("SELECT value FROM llmspell.kv_get_text(%s)", ["in"]).fetchone(), ("1",))
            with transaction.cursor() as cursor:
                equal(cursor.execute("SELECT llmspell.current_tenant()").fetchone(), (A,))
        equal(tenant.kv_get_text("in").value, "1")


@test
def an_open_transaction():
    """a connection whose transaction is open serves no other call: of the same tenant, of another, of a task; nothing hangs, and no tenant gets what is another's"""
    refused = lambda: pytest.raises(psycopg.ProgrammingError, match="a transaction is open")
    with psycopg.connect(DSN, autocommit=True) as connection:
        a, b = Tenant(A, connection), Tenant(B, connection)
        with a.transaction() as transaction:
            for tenant in (a, b):
                with refused():
                    tenant.kv_set_text("open", tenant.tenant)
                with refused(), tenant.transaction():
                    pass
            transaction.kv_set_text("open", "1")
        with connection.transaction(), refused():
            b.kv_set_text("open", "2")
        equal((a.kv_get_text("open").value, b.kv_get_text("open")), ("1", None))

    async def work():
        async with await psycopg.AsyncConnection.connect(DSN, autocommit=True) as connection:
            a, b = AsyncTenant(A, connection), AsyncTenant(B, connection)
            async with a.transaction() as transaction:
                for tenant in (a, b):
                    with refused():
                        await tenant.kv_set_text("open", tenant.tenant)
                    with refused():
                        await asyncio.gather(*(tenant.kv_set_text("open", tenant.tenant) for _ in range(3)))
                await transaction.kv_set_text("open", "3")
            equal(((await a.kv_get_text("open")).value, await b.kv_get_text("open")), ("3", None))

            async def write(n):
                async with a.transaction() as transaction:
                    await transaction.kv_set_text("open", str(n))
            await asyncio.gather(*(write(n) for n in range(5)), *(a.kv_get_text("open") for _ in range(5)))  # each waits its turn
    asyncio.run(asyncio.wait_for(work(), 30))


@test
def a_conflict():
    """LS409 is a Conflict with both versions, by a method, a statement and a statement of another connection; other errors are those of psycopg"""
    with Tenant.connect(DSN, A) as tenant, app(A) as connection:
        tenant.kv_set_text("conflict", "1")
        for write in (lambda: tenant.kv_set_text("conflict", "2", expected_version=7), lambda: connection.execute("SELECT llmspell.kv_set_text('conflict', '2', expected_version => 7)")):
            with pytest.raises(Conflict) as caught:
                write()
            equal((caught.value.expected, caught.value.current, caught.value.sqlstate), (7, 1, "LS409"))
        tenant.message_append("conflict", [1, 2])
        tenant.workflow_save("conflict", "w", {})
        others = {(0, 2): lambda: tenant.message_append("conflict", [3], expected_sequence=0), (0, 1): lambda: tenant.workflow_save("conflict", "w", {}, expected_version=0),
                  ("running", "pending"): lambda: tenant.workflow_update_status("conflict", "completed", expected_status="running"),
                  ("9", None): lambda: tenant.checkpoint_put("conflict", "", "9", "9", {}, expected_parent="9")}
        for wanted, write in others.items():
            with pytest.raises(Conflict) as caught:
                write()
            equal((caught.value.expected, caught.value.current), wanted if wanted != ("9", None) else (9, None))
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            tenant.kv_list(max_rows=-1)
        with pytest.raises(psycopg.errors.NullValueNotAllowed):
            tenant.kv_get(None)


@test
def asyncio_too():
    """the same methods for asyncio, alone and in a transaction; another tenant sees nothing"""
    async def work():
        async with AsyncTenant.connect(DSN, A) as a, AsyncTenant.connect(DSN, B) as b:
            equal((await a.kv_set_text("async", "1")).created, True)
            equal(((await a.kv_get_text("async")).value, await b.kv_get_text("async"), await b.kv_count()), ("1", None, 0))
            async with a.transaction() as transaction:
                equal(type(transaction), AsyncTransaction)
                await transaction.kv_set_text("async", "2")
                equal((await (await transaction.execute("SELECT llmspell.kv_count()")).fetchone())[0], await transaction.kv_count())
            with pytest.raises(Conflict):
                await a.kv_set_text("async", "3", expected_version=1)
            found = await asyncio.gather(*(a.kv_get_text("async") for _ in range(20)))
            equal({row.value for row in found}, {"2"})
    asyncio.run(work())


@test
def reads_over_a_lost_connection():
    """a read is sent again over a new connection of the pool where its own was ended, a write is not"""
    with ConnectionPool(f"{DSN} application_name=methods", min_size=1, max_size=1, open=False) as pool, server() as superuser:
        tenant = Tenant(A, pool)
        tenant.kv_set_text("lost", "1")
        end = lambda: superuser.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'methods'")
        end()
        equal(tenant.kv_get_text("lost").value, "1")
        end()
        with pytest.raises(psycopg.OperationalError):
            tenant.kv_set_text("lost", "2")
        equal(tenant.kv_get_text("lost").value, "1")


@test
def through_pgbouncer():
    """methods of two tenants in turn over one server connection of PgBouncer in transaction mode, alone and in transactions: each sees its own"""
    if not pgbouncer.BOUNCER:
        raise Skip("pgbouncer is not installed (package pgbouncer)")
    try:
        pooled = f"host=127.0.0.1 port={pgbouncer.start()} dbname=pooled user={ROLE}"
        with Tenant.connect(pooled, "pooled-a", prepare_threshold=None) as a, Tenant.connect(pooled, "pooled-b", prepare_threshold=None) as b:
            for n in range(10):
                for tenant in (a, b):
                    tenant.kv_set_text(f"k{n}", tenant.tenant)
                    with tenant.transaction() as transaction:
                        transaction.item_put(["n"], str(n), {"of": tenant.tenant})
                        equal(transaction.kv_count(), n + 1)
            for tenant in (a, b):
                equal({row.value for n in range(10) for row in [tenant.kv_get_text(f"k{n}")]}, {tenant.tenant})
                equal({row.value["of"] for row in tenant.item_list()}, {tenant.tenant})
    finally:
        if pgbouncer.pooler:
            pgbouncer.pooler.terminate()
            pgbouncer.pooler.wait(10)


@test
def typed():
    """mypy --strict finds no fault in the package, and knows what a method answers"""
    package = ROOT / "clients/python/src/llmspell"
    cache = f"{os.environ['LLMSPELL_BUILD']}/mypy"
    user = pathlib.Path(os.environ["LLMSPELL_RUN"]) / "typed.py"
    user.write_text("""from llmspell import AsyncTenant, Tenant, rows

def work(tenant: Tenant) -> None:
    reveal_type(tenant.kv_get_text("k"))
    reveal_type(tenant.kv_set_text("k", "v").version)
    reveal_type(tenant.episode_search(query_text="q")[0].content)
    reveal_type(tenant.kv_count())
    with tenant.transaction() as transaction:
        reveal_type(transaction.entity_list())
    tenant.kv_set_text("k", 1)

async def awaited(tenant: AsyncTenant) -> None:
    reveal_type(await tenant.session_get())
""")
    check = lambda path: subprocess.run([sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", cache, str(path)], text=True, cwd=package.parent,
                                        capture_output=True).stdout.replace(f"{user}:", "")
    equal(check(package), "")
    equal(re.findall(r'type is "(.*)"|(incompatible type "int")', check(user)),
          [(name, "") for name in ("llmspell._generated.rows.KvGetTextRow | None", "int", "str", "int", "list[llmspell._generated.rows.EntityRow]")]
          + [("", 'incompatible type "int"'), ("llmspell._generated.rows.SessionGetRow | None", "")])
