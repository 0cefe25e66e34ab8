#!/usr/bin/env -S python3 -m pytest
"""llmspell-mcp, by the SDK's own client over stdio: its tools, two servers at once, another tenant, a lost connection."""

import asyncio
import contextlib
import json
import os
import sys

import jsonschema
import pytest
from lib import A, B, ROLE, ROOT, SOAK, Skip, app, equal, one, server, test
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.shared.exceptions import MCPError

sys.path.insert(0, str(ROOT / "tests/pooling"))
import test_pgbouncer as pgbouncer

GRAPH = ["create_entities", "create_relations", "add_observations", "delete_entities", "delete_observations", "delete_relations", "read_graph", "search_nodes", "open_nodes"]
FILES = ["file_view", "file_create", "file_str_replace", "file_insert", "file_delete", "file_rename"]
WRITES = 1000 if SOAK else 400
ADA = {"name": "Ada", "entityType": "person", "observations": ["writes notes"]}
ENGINE = {"name": "Engine", "entityType": "machine", "observations": []}
PROGRAMS = {"from": "Ada", "to": "Engine", "relationType": "programs"}


@contextlib.asynccontextmanager
async def connected(tenant, mode="auto", dsn=None):
    environment = {name: value for name, value in os.environ.items() if name.startswith(("PG", "PYTHON"))} | {"PGUSER": ROLE}
    arguments = ["-m", "llmspell.mcp", "--tenant", tenant, *(["--dsn", dsn] if dsn is not None else [])]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments, env=environment), mode=mode) as client:
        yield client


async def told(client, name, **arguments):
    """The text of an answer, and its structure; an error of the tool is the text alone."""
    answer = await client.call_tool(name, arguments)
    text = "".join(part.text for part in answer.content)
    return f"error: {text}" if answer.is_error else (text, answer.structured_content)


def run(work):
    try:
        asyncio.run(asyncio.wait_for(work(), 120))
    except BaseExceptionGroup as group:  # the client's, around what failed
        error = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


@test
def listed():
    """both ways to begin a session, and all tools with schemas that are JSON Schema; what only reads says so"""
    async def work():
        for mode in ("auto", "legacy"):
            async with connected(A, mode) as client:
                equal(client.server_info.name, "llmspell")
                tools = {tool.name: tool for tool in (await client.list_tools()).tools}
                equal(list(tools), [*GRAPH, "recall", *FILES])
                for tool in tools.values():
                    for schema in filter(None, (tool.input_schema, tool.output_schema)):
                        jsonschema.Draft202012Validator.check_schema(schema)
                        equal(schema["type"], "object")
                    equal(bool(tool.description and tool.title), True)
                equal({name for name, tool in tools.items() if tool.annotations.read_only_hint}, {"read_graph", "search_nodes", "open_nodes", "recall", "file_view"})
                equal([tool.output_schema is None for tool in tools.values()], [False] * 10 + [True] * 6)
    run(work)


@test
def every_tool():
    """each tool with its answer and each error, as the reference implementations give them"""
    async def work():
        async with connected(A) as client:
            equal(await told(client, "create_entities", entities=[ADA, ENGINE, ADA]), (json.dumps([ADA, ENGINE], indent=2), {"entities": [ADA, ENGINE]}))
            equal((await told(client, "create_entities", entities=[ADA]))[1], {"entities": []})
            equal((await told(client, "create_relations", relations=[PROGRAMS]))[1], {"relations": [PROGRAMS]})
            equal((await told(client, "add_observations", observations=[{"entityName": "Ada", "contents": ["writes notes", "likes tea"]}]))[1],
                  {"results": [{"entityName": "Ada", "addedObservations": ["likes tea"]}]})
            equal(await told(client, "add_observations", observations=[{"entityName": "nobody", "contents": []}]), "error: Entity with name nobody not found")
            found = {"entities": [{**ADA, "observations": ["writes notes", "likes tea"]}], "relations": [PROGRAMS]}
            text, structure = await told(client, "search_nodes", query="TEA")
            equal((json.loads(text), structure), (found, found))
            equal((await told(client, "open_nodes", names=["Engine"]))[1], {"entities": [ENGINE], "relations": [PROGRAMS]})
            equal((await told(client, "delete_observations", deletions=[{"entityName": "Ada", "observations": ["likes tea"]}])),
                  ("Observations deleted successfully", {"success": True, "message": "Observations deleted successfully"}))
            equal((await told(client, "read_graph"))[1], {"entities": [ADA, ENGINE], "relations": [PROGRAMS]})
            text, structure = await told(client, "recall", query="Who writes notes?", max_tokens=100)
            equal(("Ada" in text, structure["memories"][0]["kind"], structure["left_out"]), (True, "entity", None))
            equal([memory["kind"] for memory in (await told(client, "recall", query="notes", kinds=["episode"]))[1]["memories"]], [])
            equal((await told(client, "delete_relations", relations=[PROGRAMS]))[0], "Relations deleted successfully")
            equal((await told(client, "delete_entities", entityNames=["Ada", "Engine", "nobody"]))[0], "Entities deleted successfully")
            equal((await told(client, "read_graph"))[1], {"entities": [], "relations": []})

            path = "/memories/notes/ada.txt"
            equal(await told(client, "file_create", path=path, file_text="one\ntwo\n"), (f"File created successfully at: {path}", None))
            equal(await told(client, "file_create", path=path, file_text=""), f"error: File {path} already exists")
            equal((await told(client, "file_view", path=path, view_range=[2, 2]))[0], f"Here's the content of {path} with line numbers:\n     2\ttwo")
            equal((await told(client, "file_str_replace", path=path, old_str="two", new_str="2"))[0].startswith("The memory file has been edited."), True)
            equal((await told(client, "file_insert", path=path, insert_line=0, insert_text="zero\n"))[0], f"The file {path} has been edited.")
            equal((await told(client, "file_rename", old_path=path, new_path="/memories/ada"))[0].startswith("Successfully renamed"), True)
            equal("/memories/ada" in (await told(client, "file_view", path="/memories"))[0], True)
            equal((await told(client, "file_delete", path="/memories/ada"))[0], "Successfully deleted /memories/ada")
            equal(await told(client, "file_view", path="/etc/passwd"), "error: Path must start with /memories, got: /etc/passwd")

            for wrong in ({"entities": 1}, {"entities": [{}]}, {}):
                equal((await told(client, "create_entities", **wrong)).startswith("error: "), True)
            equal((await told(client, "recall", question="?")).startswith("error: "), True)
            equal((await told(client, "file_view")).startswith("error: "), True)
            with pytest.raises(MCPError):
                await client.call_tool("drop_everything", {})
            equal((await told(client, "read_graph"))[1], {"entities": [], "relations": []})
    run(work)


@test
def two_servers():
    """two servers on one tenant with interleaved writes to the same entities, relations and files: nothing is lost; another tenant sees nothing"""
    async def work():
        async with connected("two") as one_server, connected("two") as other, connected(B) as stranger:
            await told(one_server, "create_entities", entities=[ADA, ENGINE])
            await told(one_server, "file_create", path="/memories/log", file_text="")

            async def write(client, who, part):
                for n in range(part, WRITES // 2, 4):
                    name = f"{who}-{n}"
                    match n % 4:
                        case 0: answer = await told(client, "add_observations", observations=[{"entityName": "Ada", "contents": [name]}])
                        case 1: answer = await told(client, "create_entities", entities=[{"name": name, "entityType": "note", "observations": []}, ENGINE])
                        case 2: answer = await told(client, "create_relations", relations=[{"from": "Ada", "to": "Engine", "relationType": name}])
                        case _: answer = await told(client, "file_insert", path="/memories/log", insert_line=0, insert_text=name)
                    assert not isinstance(answer, str), answer

            await asyncio.gather(*(write(client, who, part) for client, who in ((one_server, "one"), (other, "other")) for part in range(4)))
            wanted = lambda part: {f"{who}-{n}" for who in ("one", "other") for n in range(part, WRITES // 2, 4)}
            graph = (await told(other, "read_graph"))[1]
            ada, = (entity for entity in graph["entities"] if entity["name"] == "Ada")
            equal((len(ada["observations"]), set(ada["observations"]) - {"writes notes"}), (WRITES // 4 + 1, wanted(0)))
            equal({entity["name"] for entity in graph["entities"]}, wanted(1) | {"Ada", "Engine"})
            equal({relation["relationType"] for relation in graph["relations"]}, wanted(2))
            lines = (await told(one_server, "file_view", path="/memories/log"))[0].splitlines()[1:]
            equal({line.split("\t")[1] for line in lines} - {""}, wanted(3))
            equal((await told(stranger, "read_graph"))[1], {"entities": [], "relations": []})
            equal((await told(stranger, "search_nodes", query="Ada"))[1], {"entities": [], "relations": []})
            equal((await told(stranger, "recall", query="Ada"))[1]["memories"], [])
            equal((await told(stranger, "file_view", path="/memories/log")).startswith("error: The path /memories/log does not exist"), True)
    run(work)


@test
def lost_connections():
    """the connections of a server are ended: the next calls are answered all the same; a write that was under way says so, and can be tried again"""
    async def work():
        async with connected(A) as client:
            with server() as superuser, app(A) as holder:
                end = lambda: superuser.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'llmspell-mcp'")
                end()
                await told(client, "file_create", path="/memories/lost", file_text="one")
                end()
                equal((await told(client, "file_view", path="/memories/lost"))[0].splitlines()[1:], ["     1\tone"])
                holder.execute("BEGIN")
                holder.execute("SELECT FROM llmspell.items WHERE key = 'lost' FOR UPDATE")
                under_way = asyncio.create_task(told(client, "file_insert", path="/memories/lost", insert_line=1, insert_text="two"))
                waiting = "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'llmspell-mcp' AND wait_event_type = 'Lock'"
                while not one(superuser, waiting):
                    await asyncio.sleep(0.02)
                end()
                equal((await under_way).startswith("error: terminating connection"), True)
                holder.execute("ROLLBACK")
                await told(client, "file_insert", path="/memories/lost", insert_line=1, insert_text="two")
                equal((await told(client, "file_view", path="/memories/lost"))[0].splitlines()[1:3], ["     1\tone", "     2\ttwo"])
    run(work)


@test
def through_pgbouncer():
    """two tenants' servers over one server connection of PgBouncer in transaction mode: each has its own"""
    if not pgbouncer.BOUNCER:
        raise Skip("pgbouncer is not installed (package pgbouncer)")

    async def work():
        async with connected("pooled-a", dsn=dsn) as a, connected("pooled-b", dsn=dsn) as b:
            for n in range(20):
                for client, name in ((a, f"a-{n}"), (b, f"b-{n}")):
                    equal((await told(client, "create_entities", entities=[{**ADA, "name": name}]))[1]["entities"][0]["name"], name)
            for client, letter in ((a, "a"), (b, "b")):
                equal({entity["name"] for entity in (await told(client, "read_graph"))[1]["entities"]}, {f"{letter}-{n}" for n in range(20)})
    try:
        dsn = f"host=127.0.0.1 port={pgbouncer.start()} dbname=pooled user={ROLE}"
        run(work)
    finally:
        if pgbouncer.pooler:
            pgbouncer.pooler.terminate()
            pgbouncer.pooler.wait(10)


@test
def another_isolation():
    """a role whose transactions are serializable by default can write"""
    async def work():
        async with connected(A, dsn="options='-c default_transaction_isolation=serializable'") as client:
            equal((await told(client, "create_entities", entities=[{**ADA, "name": "Serial"}]))[1], {"entities": [{**ADA, "name": "Serial"}]})
    run(work)
    with app(A) as connection:
        equal(one(connection, "SELECT jsonb_array_length(llmspell.mcp_memory('open_nodes', '{\"names\": [\"Serial\"]}') -> 'entities')"), 1)
