"""Savers of LangGraph's checkpoints."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import AsyncConnection, Connection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from ..tenant import AsyncTenant, Tenant, statement

__all__ = ["AsyncLlmspellSaver", "LlmspellSaver"]

_PUT = statement("1", "checkpoint_put(@text, %s, %s, %s, %s, %s, %b::text[], %b::text[], %b::bytea[])")
_PUT_WRITES = statement("1", "checkpoint_writes_put(@text, %s, %s, %s, %b::text[], %b::text[], %b::bytea[], %b::int[], %s)")
_ROW = """r.thread_id, r.namespace, r.checkpoint_id, r.parent_id, r.checkpoint, r.metadata, r.channels, r.channel_types, r.channel_values,
    r.write_task_ids, r.write_channels, r.write_types, r.write_values, r."cursor" """
_GET = statement(_ROW, "checkpoint_get(@text, %s, %s)", inlined=True)
_LIST = statement(_ROW, "checkpoint_list(@text, %s, %s, %s, %s, max_rows => %s, after => %s)", inlined=True)
_DELETE = statement("1", "thread_delete(@text)")
_DELETE_RUNS = statement("1", "thread_delete_runs(@text[])")
_COPY = statement("1", "thread_copy(@text, %s)")
_PRUNE = statement("1", "thread_prune(@text[], %s)")

# Values that stay in the checkpoint's JSON: those that come back as they were, and are short.
_SHORT = 256
# Of states of 200 kB as many as the server keeps in memory.
_PAGE = 20


def _is_inline(value: Any) -> bool:
    kind = type(value)
    return value is None or kind is bool or kind is int or (kind is str and len(value) <= _SHORT and value.isprintable())


def _config(thread_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}}


class _Saver(BaseCheckpointSaver[str]):
    """What both savers share: arguments of the statements, and checkpoints from their rows."""

    def get_next_version(self, current: str | int | None, channel: None = None) -> str:
        number = 0 if current is None else current if isinstance(current, int) else int(current.split(".")[0])
        return f"{number + 1:032}.{random.random():016}"

    def _put_arguments(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions) -> tuple[RunnableConfig, list[Any]]:
        configurable = config["configurable"]
        thread_id, namespace = str(configurable["thread_id"]), configurable.get("checkpoint_ns", "")
        values = checkpoint["channel_values"]
        inline = {channel: value for channel, value in values.items() if _is_inline(value)}
        changed = [channel for channel in new_versions if channel not in inline]
        types: list[str] = []
        data: list[bytes | None] = []
        for channel in changed:
            kind, value = self.serde.dumps_typed(values[channel]) if channel in values else ("empty", None)
            types.append(kind)
            data.append(value)
        document = {**checkpoint, "channel_values": inline}
        stored = _config(thread_id, namespace, checkpoint["id"])
        return stored, [thread_id, namespace, checkpoint["id"], configurable.get("checkpoint_id"), Jsonb(document),
                        Jsonb(get_serializable_checkpoint_metadata(config, metadata)), changed, types, data]

    def _write_arguments(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str) -> list[Any]:
        configurable = config["configurable"]
        dumped = [self.serde.dumps_typed(value) for _, value in writes]
        return [str(configurable["thread_id"]), configurable.get("checkpoint_ns", ""), configurable["checkpoint_id"], task_id,
                [channel for channel, _ in writes], [kind for kind, _ in dumped], [value for _, value in dumped],
                [WRITES_IDX_MAP.get(channel, n) for n, (channel, _) in enumerate(writes)], task_path]

    @staticmethod
    def _get_arguments(config: RunnableConfig) -> list[Any]:
        configurable = config["configurable"]
        return [str(configurable["thread_id"]), configurable.get("checkpoint_ns", ""), get_checkpoint_id(config)]

    @staticmethod
    def _list_arguments(config: RunnableConfig | None, filter: dict[str, Any] | None, before: RunnableConfig | None) -> list[Any]:
        configurable = config["configurable"] if config else {}
        thread_id = configurable.get("thread_id")
        return [None if thread_id is None else str(thread_id), configurable.get("checkpoint_ns"), get_checkpoint_id(config) if config else None,
                Jsonb(filter) if filter else None, get_checkpoint_id(before) if before else None]

    def _tuple(self, row: tuple[Any, ...]) -> CheckpointTuple:
        thread_id, namespace, checkpoint_id, parent_id, checkpoint, metadata, channels, kinds, values = row[:9]
        tasks, written, write_kinds, write_values = (part or [] for part in row[9:13])
        loads = self.serde.loads_typed
        loaded = {channel: loads((kind, bytes(value))) for channel, kind, value in zip(channels, kinds, values)}
        return CheckpointTuple(
            config=_config(thread_id, namespace, checkpoint_id),
            checkpoint=cast(Checkpoint, {**checkpoint, "channel_values": {**(checkpoint.get("channel_values") or {}), **loaded}}),
            metadata=metadata,
            parent_config=_config(thread_id, namespace, parent_id) if parent_id else None,
            pending_writes=[(task, channel, loads((kind, bytes(value)))) for task, channel, kind, value in zip(tasks, written, write_kinds, write_values)],
        )


class LlmspellSaver(_Saver):
    """Saves the checkpoints of one tenant; its methods for asyncio run in a thread."""

    def __init__(self, tenant: Tenant | str, connection: Connection[Any] | ConnectionPool[Any] | None = None, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde)
        if isinstance(tenant, str):
            if connection is None:
                raise TypeError("a connection or a pool is needed with the name of a tenant")
            tenant = Tenant(tenant, connection)
        self.tenant = tenant

    @classmethod
    @contextmanager
    def from_conn_string(cls, conninfo: str, tenant: str, **options: Any) -> Iterator[LlmspellSaver]:
        """A saver with a connection of its own."""
        with Tenant.connect(conninfo, tenant, **options) as connected:
            yield cls(connected)

    def setup(self) -> None:
        """Does nothing: the tables come with the extension."""

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        rows = self.tenant.run(_GET, self._get_arguments(config), repeatable=True)
        return self._tuple(rows[0]) if rows else None

    def list(self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None, before: RunnableConfig | None = None, limit: int | None = None) -> Iterator[CheckpointTuple]:
        arguments, after, left = self._list_arguments(config, filter, before), None, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            rows = self.tenant.run(_LIST, [*arguments, size, after], repeatable=True)
            for row in rows:
                yield self._tuple(row)
            if len(rows) < size:
                return
            after, left = rows[-1][-1], None if left is None else left - size

    def put(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions) -> RunnableConfig:
        stored, arguments = self._put_arguments(config, checkpoint, metadata, new_versions)
        self.tenant.run(_PUT, arguments, repeatable=True)
        return stored

    def put_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        self.tenant.run(_PUT_WRITES, self._write_arguments(config, writes, task_id, task_path), repeatable=True)

    def delete_thread(self, thread_id: str) -> None:
        self.tenant.run(_DELETE, [str(thread_id)], repeatable=True)

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        self.tenant.run(_DELETE_RUNS, [[*map(str, run_ids)]], repeatable=True)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        self.tenant.run(_COPY, [str(source_thread_id), str(target_thread_id)])

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        self.tenant.run(_PRUNE, [[*map(str, thread_ids)], strategy], repeatable=True)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None, before: RunnableConfig | None = None, limit: int | None = None) -> AsyncIterator[CheckpointTuple]:
        found = self.list(config, filter=filter, before=before, limit=limit)
        while (item := await asyncio.to_thread(next, found, None)) is not None:
            yield item

    async def aput(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions) -> RunnableConfig:
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        await asyncio.to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await asyncio.to_thread(self.prune, thread_ids, strategy=strategy)


class AsyncLlmspellSaver(_Saver):
    """Saves the checkpoints of one tenant, for asyncio."""

    def __init__(self, tenant: AsyncTenant | str, connection: AsyncConnection[Any] | AsyncConnectionPool[Any] | None = None, *, serde: SerializerProtocol | None = None) -> None:
        super().__init__(serde=serde)
        if isinstance(tenant, str):
            if connection is None:
                raise TypeError("a connection or a pool is needed with the name of a tenant")
            tenant = AsyncTenant(tenant, connection)
        self.tenant = tenant

    @classmethod
    @asynccontextmanager
    async def from_conn_string(cls, conninfo: str, tenant: str, **options: Any) -> AsyncIterator[AsyncLlmspellSaver]:
        """A saver with a connection of its own."""
        async with AsyncTenant.connect(conninfo, tenant, **options) as connected:
            yield cls(connected)

    async def setup(self) -> None:
        """Does nothing: the tables come with the extension."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        rows = await self.tenant.run(_GET, self._get_arguments(config), repeatable=True)
        return self._tuple(rows[0]) if rows else None

    async def alist(self, config: RunnableConfig | None, *, filter: dict[str, Any] | None = None, before: RunnableConfig | None = None, limit: int | None = None) -> AsyncIterator[CheckpointTuple]:
        arguments, after, left = self._list_arguments(config, filter, before), None, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(left, _PAGE)
            rows = await self.tenant.run(_LIST, [*arguments, size, after], repeatable=True)
            for row in rows:
                yield self._tuple(row)
            if len(rows) < size:
                return
            after, left = rows[-1][-1], None if left is None else left - size

    async def aput(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata, new_versions: ChannelVersions) -> RunnableConfig:
        stored, arguments = self._put_arguments(config, checkpoint, metadata, new_versions)
        await self.tenant.run(_PUT, arguments, repeatable=True)
        return stored

    async def aput_writes(self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = "") -> None:
        await self.tenant.run(_PUT_WRITES, self._write_arguments(config, writes, task_id, task_path), repeatable=True)

    async def adelete_thread(self, thread_id: str) -> None:
        await self.tenant.run(_DELETE, [str(thread_id)], repeatable=True)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        await self.tenant.run(_DELETE_RUNS, [[*map(str, run_ids)]], repeatable=True)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await self.tenant.run(_COPY, [str(source_thread_id), str(target_thread_id)])

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await self.tenant.run(_PRUNE, [[*map(str, thread_ids)], strategy], repeatable=True)
