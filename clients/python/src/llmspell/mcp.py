"""A server of the Model Context Protocol over stdio: a graph to remember by, recall, and files, of one tenant."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import psycopg
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool, ToolAnnotations
from psycopg import AsyncConnection, IsolationLevel
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from .tenant import AsyncTenant

Schema = dict[str, Any]


def _object(properties: Schema, *optional: str) -> Schema:
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional]}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _number(description: str) -> Schema:
    return {"type": "integer", "description": description}


def _list(items: Schema, description: str | None = None) -> Schema:
    return {"type": "array", "items": items, **({"description": description} if description else {})}


_ENTITY = _object({"name": _text("The name of the entity"), "entityType": _text("The type of the entity"),
                   "observations": _list({"type": "string"}, "An array of observation contents associated with the entity")})
_RELATION = _object({"from": _text("The name of the entity where the relation starts"), "to": _text("The name of the entity where the relation ends"),
                     "relationType": _text("The type of the relation")})
_GRAPH = _object({"entities": _list(_ENTITY), "relations": _list(_RELATION)})
_DONE = _object({"success": {"type": "boolean"}, "message": {"type": "string"}})
_PATH = _text("The path, which begins with /memories")

# Name, title, description, input, output; what comes after says whether it only reads, deletes, and may be repeated without effect.
_Tool = tuple[str, str, str, Schema, "Schema | None", str]
_GRAPH_TOOLS: list[_Tool] = [
    ("create_entities", "Create Entities", "Create multiple new entities in the knowledge graph", _object({"entities": _list(_ENTITY)}), _object({"entities": _list(_ENTITY)}), ""),
    ("create_relations", "Create Relations", "Create multiple new relations between entities in the knowledge graph. Relations should be in active voice",
     _object({"relations": _list(_RELATION)}), _object({"relations": _list(_RELATION)}), ""),
    ("add_observations", "Add Observations", "Add new observations to existing entities in the knowledge graph",
     _object({"observations": _list(_object({"entityName": _text("The name of the entity to add the observations to"),
                                             "contents": _list({"type": "string"}, "An array of observation contents to add")}))}),
     _object({"results": _list(_object({"entityName": {"type": "string"}, "addedObservations": _list({"type": "string"})}))}), ""),
    ("delete_entities", "Delete Entities", "Delete multiple entities and their associated relations from the knowledge graph",
     _object({"entityNames": _list({"type": "string"}, "An array of entity names to delete")}), _DONE, "deletes repeatable"),
    ("delete_observations", "Delete Observations", "Delete specific observations from entities in the knowledge graph",
     _object({"deletions": _list(_object({"entityName": _text("The name of the entity containing the observations"),
                                          "observations": _list({"type": "string"}, "An array of observations to delete")}))}), _DONE, "deletes repeatable"),
    ("delete_relations", "Delete Relations", "Delete multiple relations from the knowledge graph",
     _object({"relations": _list(_RELATION, "An array of relations to delete")}), _DONE, "deletes repeatable"),
    ("read_graph", "Read Graph", "Read the entire knowledge graph", _object({}), _GRAPH, "reads"),
    ("search_nodes", "Search Nodes", "Search for nodes in the knowledge graph based on a query",
     _object({"query": _text("The search query to match against entity names, types, and observation content")}), _GRAPH, "reads"),
    ("open_nodes", "Open Nodes", "Open specific nodes in the knowledge graph by their names",
     _object({"names": _list({"type": "string"}, "An array of entity names to retrieve")}), _GRAPH, "reads"),
]
_FILE_TOOLS: list[_Tool] = [
    ("file_view", "View File", "Show a memory file with line numbers, or a directory two levels deep",
     _object({"path": _PATH, "view_range": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2, "description": "First and last line, -1 for the end"}}, "view_range"),
     None, "reads"),
    ("file_create", "Create File", "Store a new memory file", _object({"path": _PATH, "file_text": _text("The content of the file")}), None, ""),
    ("file_str_replace", "Edit File", "Replace a text that stands once in a memory file",
     _object({"path": _PATH, "old_str": _text("The text to replace, verbatim"), "new_str": _text("The text that takes its place")}), None, "deletes"),
    ("file_insert", "Insert Lines", "Insert lines into a memory file",
     _object({"path": _PATH, "insert_line": _number("The line after which to insert, 0 for the beginning"), "insert_text": _text("The text to insert")}), None, ""),
    ("file_delete", "Delete File", "Delete a memory file, or a directory with all below it", _object({"path": _PATH}), None, "deletes"),
    ("file_rename", "Rename File", "Move a memory file or a directory", _object({"old_path": _PATH, "new_path": _text("The new path, which begins with /memories")}), None, "deletes"),
]
_RECALL: _Tool = (
    "recall", "Recall", "What is remembered that belongs to a question: conversations, documents, facts and habits, best first, within a budget of tokens",
    _object({"query": _text("The question, or what the conversation is about"), "max_tokens": _number("How many tokens may come back, 1000 if it is not given"),
             "session_id": _text("Only what was said in this session, among conversations"),
             "kinds": {"type": "array", "items": {"enum": ["episode", "document", "entity", "relationship", "pattern"]}, "description": "Only these kinds"}}, "max_tokens", "session_id", "kinds"),
    _object({"memories": _list({"type": "object"}), "left_out": {"type": ["object", "null"], "description": "What did not fit, for each kind"}}), "reads")
_TOOLS = [*_GRAPH_TOOLS, _RECALL, *_FILE_TOOLS]
_READS = {tool[0] for tool in _TOOLS if tool[5] == "reads"}


def _tool(name: str, title: str, description: str, arguments: Schema, answer: Schema | None, flags: str) -> Tool:
    reads = flags == "reads"
    hints = ToolAnnotations(read_only_hint=reads, destructive_hint="deletes" in flags, idempotent_hint=reads or "repeatable" in flags, open_world_hint=False)
    return Tool(name=name, title=title, description=description, input_schema=arguments, output_schema=answer, annotations=hints)


def _answer(text: str, structured: Any = None, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured, is_error=is_error)


def _refusal(error: psycopg.Error) -> CallToolResult:
    """What the model is told: the message and the hint, which say what to do."""
    hint = error.diag.message_hint
    return _answer((error.diag.message_primary or str(error)) + (f"\n{hint}" if hint else ""), is_error=True)


class Tools:
    """The tools of a tenant."""

    def __init__(self, tenant: AsyncTenant) -> None:
        self.tenant = tenant

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        if all(name != tool[0] for tool in _TOOLS):
            raise MCPError(INVALID_PARAMS, f"unknown tool: {name}")
        try:
            try:
                return await self._run(name, arguments)
            except (SerializationFailure, DeadlockDetected):  # nothing of it was stored
                return await self._run(name, arguments)
        except psycopg.Error as error:
            return _refusal(error)

    async def _run(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        if name == "recall":
            return await self._recall(**{"query": None, **arguments})
        repeatable = name in _READS
        if name.startswith("file_"):
            command = {**arguments, "command": name.removeprefix("file_")}
            (text,), = await self.tenant.execute("SELECT llmspell.memory_tool(%s)", [Jsonb(command)], repeatable=repeatable)
            return _answer(text)
        (answer,), = await self.tenant.execute("SELECT llmspell.mcp_memory(%s, %s)", [name, Jsonb(arguments)], repeatable=repeatable)
        # The reference server's text: the message, the list alone, or the graph.
        shown = answer["message"] if "message" in answer else json.dumps(next(iter(answer.values())) if len(answer) == 1 else answer, indent=2, ensure_ascii=False)
        return _answer(shown, answer)

    async def _recall(self, query: str | None, max_tokens: int | None = None, session_id: str | None = None, kinds: list[str] | None = None, **unknown: Any) -> CallToolResult:
        if unknown:
            return _answer(f"recall has no argument {', '.join(unknown)}", is_error=True)
        found = await self.tenant.recall(query_text=query, max_tokens=max_tokens, session_id=session_id, kinds=kinds)
        memories = [{"kind": row.kind, "content": row.content, "score": row.score, "tokens": row.tokens, "at": row.at and row.at.isoformat(), "source": row.source,
                     "session_id": row.session_id, "role": row.role} for row in found if row.kind != "left_out"]
        left_out = next((row.left_out for row in found if row.kind == "left_out"), None)
        return _answer("\n".join(f"[{memory['kind']}] {memory['content']}" for memory in memories) or "Nothing is remembered of this.", {"memories": memories, "left_out": left_out})


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    connection.prepare_threshold = None  # for any pooler in between
    # mcp_memory writes in READ COMMITTED alone; the default of the role may be another level.
    await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)


def server(dsn: str, tenant: str) -> Server[Tools]:
    """The server of a tenant, over a pool of its own."""
    @asynccontextmanager
    async def lifespan(_: Server[Tools]) -> AsyncIterator[Tools]:
        # Checked before each call: the model cannot know whether a write over a lost connection was done.
        async with AsyncConnectionPool(dsn, min_size=1, max_size=4, timeout=15, configure=_configure, check=AsyncConnectionPool.check_connection,
                                       kwargs={"application_name": "llmspell-mcp"}, open=False) as pool:
            yield Tools(AsyncTenant(tenant, pool))

    async def list_tools(_: ServerRequestContext[Tools], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_tool(*tool) for tool in _TOOLS])

    async def call_tool(context: ServerRequestContext[Tools], params: CallToolRequestParams) -> CallToolResult:
        return await context.lifespan_context.call(params.name, params.arguments or {})

    return Server("llmspell", version=version("llmspell"), title="llmspell", lifespan=lifespan, on_list_tools=list_tools, on_call_tool=call_tool,
                  instructions="Memory that lasts: a knowledge graph of entities, relations and observations; recall, which finds what belongs to a question; files under /memories.")


async def _serve(dsn: str, tenant: str) -> None:
    serving = server(dsn, tenant)
    async with stdio_server() as (read, write):
        await serving.run(read, write, serving.create_initialization_options())


def main() -> None:
    parser = argparse.ArgumentParser(prog="llmspell-mcp", description="Serves the memory of a tenant to an MCP client over stdio.")
    parser.add_argument("--dsn", default=os.environ.get("LLMSPELL_DSN", ""), help="how to connect; LLMSPELL_DSN, or libpq's environment (PGHOST, …), if it is not given")
    parser.add_argument("--tenant", default=os.environ.get("LLMSPELL_TENANT"), help="the tenant; LLMSPELL_TENANT if it is not given")
    given = parser.parse_args()
    if not given.tenant:
        parser.error("a tenant is needed: --tenant or LLMSPELL_TENANT")
    asyncio.run(_serve(given.dsn, given.tenant))


if __name__ == "__main__":
    main()
