#!/usr/bin/env -S python3 -m pytest
"""Sessions of the OpenAI Agents SDK: its runner with a model stub, limits, writers at once, tenants, lost connections."""

import asyncio
import sys
import uuid

import psycopg
from agents import Agent, Runner, SessionSettings, function_tool, set_tracing_disabled
from agents.items import ModelResponse
from agents.memory import Session
from agents.models.interface import Model
from agents.run import RunConfig
from agents.usage import Usage
from lib import A, B, ROOT, equal, one, raises, server, test
from llmspell import AsyncTenant, Tenant
from llmspell.openai_agents import LlmspellSession
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from psycopg_pool import AsyncConnectionPool, ConnectionPool

sys.path.insert(0, str(ROOT / "tests/frameworks"))
from connections import dsn, pooled

set_tracing_disabled(True)


class Counter(Model):
    """In place of a language model: calls a tool where it is asked to, else tells how many items it was given."""

    async def get_response(self, system_instructions, input, *rest, **more):
        last = input[-1]
        if last.get("content") == "use the tool":
            output = [ResponseFunctionToolCall(type="function_call", name="add", arguments='{"a": 2, "b": 3}', call_id="call-1")]
        else:
            text = f"{len(input)} items" if "output" not in last else f"the tool said {last['output']}"
            output = [ResponseOutputMessage(id="m", type="message", role="assistant", status="completed", content=[ResponseOutputText(type="output_text", text=text, annotations=[])])]
        return ModelResponse(output=output, usage=Usage(), response_id=None)

    def stream_response(self, *rest, **more):
        raise NotImplementedError


@function_tool
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


AGENT = Agent(name="counter", model=Counter(), tools=[add])


def user(text):
    return {"role": "user", "content": text}


def texts(items):
    return [item["content"] for item in items]


@test
def a_runner_remembers():
    """the runner of the SDK goes on in a session, with tools; another session and another tenant begin anew; a limit gives the latest"""
    async def work():
        async with AsyncTenant.connect(dsn(), A) as a, AsyncTenant.connect(dsn(), B) as b:
            session = LlmspellSession("talk", a)
            assert isinstance(session, Session)
            answers = [(await Runner.run(AGENT, text, session=session)).final_output for text in ("one", "two", "use the tool", "four")]
            equal(answers, ["1 items", "3 items", "the tool said 5", "9 items"])
            for other in (LlmspellSession("other talk", a), LlmspellSession("talk", b)):
                equal((await Runner.run(AGENT, "one", session=other)).final_output, "1 items")
            items = await session.get_items()
            equal((len(items), items[0], [item.get("type") for item in items[4:7]]), (10, user("one"), [None, "function_call", "function_call_output"]))
            equal((await session.get_items(3), await session.get_items(0), await session.get_items(100)), (items[-3:], [], items))
            brief = LlmspellSession("talk", a, session_settings=SessionSettings(limit=2))
            equal((await brief.get_items(), await brief.get_items(1)), (items[-2:], items[-1:]))
            equal((await Runner.run(AGENT, "five", session=LlmspellSession("talk", a, session_settings={"limit": 2}))).final_output, "3 items")
            config = RunConfig(session_settings=SessionSettings(limit=1))
            equal((await Runner.run(AGENT, "six", session=session, run_config=config)).final_output, "2 items")
    asyncio.run(work())


@test
def items_of_a_session():
    """add, pop, clear: in order, whole, more than a page; nothing is added by a call that fails"""
    async def work():
        async with AsyncTenant.connect(dsn(), A) as tenant:
            session = LlmspellSession(f"items-{uuid.uuid4()}", tenant)
            equal((await session.get_items(), await session.pop_item()), ([], None))
            await session.add_items([])
            many = [user(f"{n} é") for n in range(2500)]
            await session.add_items(many)
            equal((await session.get_items(), await session.get_items(1700)), (many, many[-1700:]))
            equal([await session.pop_item(), await session.pop_item()], [many[-1], many[-2]])
            nested = {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "a", "n": [1.5, None, True, {}]}]}
            await session.add_items([nested])
            equal(await session.get_items(2), [many[-3], nested])
            with raises("22P05"):
                await session.add_items([user("good"), user("a\0b")])
            equal(len(await session.get_items()), 2499)
            await session.clear_session()
            equal((await session.get_items(), await session.pop_item()), ([], None))
            await session.add_items([user("anew")])
            equal(await session.get_items(), [user("anew")])
    asyncio.run(work())


@test
def writers_at_once():
    """eight writers of one session, in two threads' loops: nothing is lost, each writer's items are in its order, and a call's items stay together"""
    async def work():
        async with AsyncConnectionPool(dsn(), min_size=4, max_size=4, open=False) as pool:
            async def writer(n):
                for turn in range(20):
                    await LlmspellSession("crowd", A, pool).add_items([user(f"{n} {turn} {part}") for part in "ab"])
            await asyncio.gather(*(writer(n) for n in range(8)))
    async def both():
        with ConnectionPool(dsn(), min_size=1, max_size=1, open=False) as pool:
            session = LlmspellSession("crowd", A, pool)
            await asyncio.gather(asyncio.to_thread(asyncio.run, work()), *(session.add_items([user(f"x {n} a"), user(f"x {n} b")]) for n in range(20)))
            return texts(await session.get_items())

    found = asyncio.run(both())
    equal(len(found), 2 * 9 * 20)
    assert all(found[n][:-1] == found[n + 1][:-1] and found[n][-1] + found[n + 1][-1] == "ab" for n in range(0, len(found), 2))
    for n in range(8):
        equal([text for text in found if text.startswith(f"{n} ")], [f"{n} {turn} {part}" for turn in range(20) for part in "ab"])


@test
def a_session_that_is_lost():
    """connections of a pool are ended between and within calls: each item that was added is there once"""
    async def work():
        async with AsyncConnectionPool(f"{dsn()} application_name=openai", min_size=2, max_size=2, open=False) as pool:
            with server() as superuser:
                session = LlmspellSession("lost", A, pool)
                for n in range(10):
                    await session.add_items([user(str(n))])
                    superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'openai'")
                equal(texts(await session.get_items()), [str(n) for n in range(10)])
                # The call is stored, but its answer is lost; the same call again adds nothing.
                once, call = [], AsyncTenant.run

                async def answers_get_lost(tenant, statement, params, **options):
                    rows = await call(tenant, statement, params, **options)
                    if "message_append" in statement and not once:
                        once.append(1)
                        return await call(tenant, statement, params, **options)
                    return rows
                AsyncTenant.run = answers_get_lost
                try:
                    await session.add_items([user("ten"), user("eleven")])
                finally:
                    AsyncTenant.run = call
                equal((once, texts(await session.get_items(3))), ([1], ["9", "ten", "eleven"]))
    asyncio.run(work())


@test
def tenants_do_not_meet():
    """two tenants with the same session over one connection, also PgBouncer's: each has its own items"""
    async def check(a, b):
        name = f"wall-{uuid.uuid4()}"
        sessions = [(LlmspellSession(name, a), A), (LlmspellSession(name, b), B)]
        for n in range(20):
            for session, tenant in sessions:
                await session.add_items([user(f"{tenant} {n}")])
        for session, tenant in sessions:
            equal(texts(await session.get_items()), [f"{tenant} {n}" for n in range(20)])
            equal(texts(await session.get_items(1)), [f"{tenant} 19"])
        equal((await sessions[0][0].pop_item())["content"], f"{A} 19")
        await sessions[0][0].clear_session()
        equal((await sessions[0][0].get_items(), len(await sessions[1][0].get_items())), ([], 20))

    with psycopg.connect(dsn(), autocommit=True) as connection:
        asyncio.run(check(Tenant(A, connection), Tenant(B, connection)))
        equal(one(connection, "SELECT llmspell.current_tenant()"), None)
        with raises("42501"):
            asyncio.run(LlmspellSession("wall", "", connection).get_items())

    async def through_pgbouncer(conninfo):
        async with AsyncTenant.connect(conninfo, A, prepare_threshold=None) as a, AsyncTenant.connect(conninfo, B, prepare_threshold=None) as b:
            await check(a, b)
    with pooled() as conninfo:
        asyncio.run(through_pgbouncer(conninfo))
