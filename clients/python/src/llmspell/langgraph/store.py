"""Stores of LangGraph: JSON documents in namespaces, over the items of llmspell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    ensure_embeddings,
    get_text_at_path,
)
from psycopg.types.json import Jsonb

from .._steps import Adapter, AnyConnection, AnyTenant, Call, Embed, Steps, arun
from ..tenant import AsyncTenant, Tenant, statement

__all__ = ["AsyncLlmspellStore", "LlmspellStore"]

_GET = statement("r.value, r.created_at, r.updated_at, r.ttl", "item_get(@text[], %s)")
_GET_MANY = statement("r.namespace, r.key, r.value, r.created_at, r.updated_at, r.ttl", "item_get_many(@jsonb)")
_TOUCH = statement("1", "item_touch_many(@jsonb)")
_FOUND = "r.namespace, r.key, r.value, r.created_at, r.updated_at, r.ttl"
_LIST = statement(_FOUND, "item_list(@text[], %s, %s)", rest="OFFSET %s")
_SEARCH = statement(f"{_FOUND}, r.vector_score", "item_search(@text[], %s, query_embedding => %s, max_rows => %s)", rest="OFFSET %s")
_SEARCH_WORDS = statement(f"{_FOUND}, r.text_score", "item_search(@text[], %s, query_text => %s, max_rows => %s)", rest="OFFSET %s")
_NAMESPACES = statement("r.namespace", "namespace_list(@text[], %s::text[], %s, %s)", rest="OFFSET %s")
_PUT = statement("1", "item_put(@text[], %s, %s, %s)")
_PUT_MANY = statement("1", "item_put_many(@jsonb)")
_DELETE = statement("1", "item_delete(@text[], %s)")
_DELETE_MANY = statement("1", "item_delete_many(@jsonb)")
_DELETE_AND_PUT = statement("1", "item_delete_many(@jsonb)", "item_put_many(@jsonb)")
_SWEEP = statement("r", "item_sweep(@int)")
_SWEPT = 10_000

Place = tuple[tuple[str, ...], str]


def _places(places: Iterable[Place]) -> Jsonb:
    return Jsonb([{"namespace": namespace, "key": key} for namespace, key in places])


def _filter(value: Any) -> Any:
    """LangGraph asks for equal arrays, where a plain one would ask for their elements; at the top keys are fields, and their operators begin with $."""
    if isinstance(value, dict):
        return {key: part if key.startswith("$") else _filter(part) for key, part in value.items()}
    return {"$eq": value} if isinstance(value, (list, tuple)) else value


def _joined(conditions: Sequence[MatchCondition], kind: str) -> list[str] | None:
    """The one path that all conditions of a kind come to; None where no namespace can meet them."""
    merged: list[str] = []
    for condition in conditions:
        if condition.match_type != kind:
            continue
        path = list(condition.path) if kind == "prefix" else list(condition.path)[::-1]
        for n, segment in enumerate(path):
            if n == len(merged):
                merged.append(segment)
            elif "*" in (merged[n], segment):
                merged[n] = segment if merged[n] == "*" else merged[n]
            elif merged[n] != segment:
                return None
    return merged if kind == "prefix" else merged[::-1]


def _item(namespace: Sequence[str], key: str, value: Any, created_at: Any, updated_at: Any) -> Item:
    return Item(value=value, key=key, namespace=tuple(namespace), created_at=created_at, updated_at=updated_at)


class _Store(Adapter, BaseStore):
    """The steps of a batch, for both stores."""

    supports_ttl = True

    def __init__(self, tenant: AnyTenant | str, connection: AnyConnection | None = None, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None) -> None:
        super().__init__()
        self._set_tenant(tenant, connection)
        self.index_config, self.ttl_config = index, ttl
        self.embeddings = ensure_embeddings(index["embed"]) if index and index.get("embed") else None
        fields = (index or {}).get("fields") or ["$"]
        self._fields = [fields] if isinstance(fields, str) else fields
        if index and index.get("distance_type", "cosine") != "cosine":
            raise ValueError(f"items are compared by cosine, not {index['distance_type']}")  # type: ignore[typeddict-item]

    def _batch(self, ops: Iterable[Op]) -> Steps[list[Result]]:
        listed = list(ops)
        results: list[Result] = [None] * len(listed)
        read: set[Place] = set()
        gets = [(n, op) for n, op in enumerate(listed) if isinstance(op, GetOp)]
        if gets:
            yield from self._get(gets, results, read)
        for n, op in enumerate(listed):
            if isinstance(op, SearchOp):
                results[n] = yield from self._search(op, read)
            elif isinstance(op, ListNamespacesOp):
                results[n] = yield from self._namespaces(op)
        if read:
            yield Call(_TOUCH, [_places(sorted(read))])
        writes = {(op.namespace, op.key): op for op in listed if isinstance(op, PutOp)}
        if writes:
            yield from self._write(writes)
        return results

    def _get(self, gets: list[tuple[int, GetOp]], results: list[Result], read: set[Place]) -> Steps[None]:
        if len(gets) == 1:
            n, op = gets[0]
            rows = yield Call(_GET, [list(op.namespace), op.key])
            found = {(op.namespace, op.key): row for row in rows}
        else:
            rows = yield Call(_GET_MANY, [_places(sorted({(op.namespace, op.key) for _, op in gets}))])
            found = {(tuple(row[0]), row[1]): row[2:] for row in rows}
        for n, op in gets:
            row = found.get((op.namespace, op.key))
            if row is not None:
                results[n] = _item(op.namespace, op.key, *row[:3])
                if op.refresh_ttl and row[3] is not None:
                    read.add((op.namespace, op.key))

    def _search(self, op: SearchOp, read: set[Place]) -> Steps[list[SearchItem]]:
        arguments = [list(op.namespace_prefix), Jsonb(_filter(op.filter)) if op.filter else None]
        page = [op.limit + op.offset, op.offset]
        if not op.query or self.index_config is None:
            rows = yield Call(_LIST, [*arguments, *page])
        elif self.embeddings is None:
            rows = yield Call(_SEARCH_WORDS, [*arguments, op.query, *page])
        else:
            vector, = yield Embed(self.embeddings, [op.query], query=True)
            rows = yield Call(_SEARCH, [*arguments, str([float(n) for n in vector]), *page])
        if op.refresh_ttl:
            read.update((tuple(row[0]), row[1]) for row in rows if row[5] is not None)
        return [SearchItem(tuple(row[0]), row[1], row[2], row[3], row[4], row[6] if len(row) > 6 else None) for row in rows]

    def _namespaces(self, op: ListNamespacesOp) -> Steps[list[tuple[str, ...]]]:
        conditions = op.match_conditions or ()
        prefix, suffix = _joined(conditions, "prefix"), _joined(conditions, "suffix")
        if prefix is None or suffix is None:
            return []
        rows = yield Call(_NAMESPACES, [prefix, suffix, op.max_depth, op.limit + op.offset, op.offset])
        return [tuple(namespace) for namespace, in rows]

    def _write(self, writes: dict[Place, PutOp]) -> Steps[None]:
        deleted = [place for place, op in writes.items() if op.value is None]
        put = [(place, op) for place, op in writes.items() if op.value is not None]
        texts = [self._texts(op) for _, op in put]
        if len(writes) == 1 and not any(texts):
            (namespace, key), op = next(iter(writes.items()))
            if op.value is None:
                yield Call(_DELETE, [list(namespace), key])
            else:
                yield Call(_PUT, [list(namespace), key, Jsonb(dict(op.value)), None if op.ttl is None else timedelta(minutes=op.ttl)])
            return
        items: list[dict[str, Any]] = [{"namespace": namespace, "key": key, "value": dict(op.value or {}), **({} if op.ttl is None else {"ttl": f"{op.ttl * 60} seconds"})}
                 for (namespace, key), op in put]
        if self.embeddings is None:
            for item, found in zip(items, texts):
                item.update({"index_text": "\n".join(found)} if found else {})
        elif any(texts):
            vectors = iter((yield Embed(self.embeddings, [text for found in texts for text in found])))
            for item, found in zip(items, texts):
                item.update({"embeddings": [[float(n) for n in next(vectors)] for _ in found]} if found else {})
        if deleted and items:
            yield Call(_DELETE_AND_PUT, [_places(deleted), Jsonb(items)])
        elif items:
            yield Call(_PUT_MANY, [Jsonb(items)])
        else:
            yield Call(_DELETE_MANY, [_places(deleted)])

    def _texts(self, op: PutOp) -> list[str]:
        if self.index_config is None or op.index is False or op.value is None:
            return []
        return [text for path in (self._fields if op.index is None else op.index) for text in get_text_at_path(op.value, path)]

    def _sweep(self) -> Steps[int]:
        count, swept = 0, _SWEPT
        while swept == _SWEPT:
            swept = (yield Call(_SWEEP, [_SWEPT]))[0][0]
            count += swept
        return count


class LlmspellStore(_Store):
    """Stores the items of one tenant; its methods for asyncio run in a thread.

    An expired item is gone at once, whether swept or not. With `index` but no `embed`, searches go by words.
    """

    @classmethod
    @contextmanager
    def from_conn_string(cls, conninfo: str, tenant: str, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None, **options: Any) -> Iterator[LlmspellStore]:
        """A store with a connection of its own."""
        with Tenant.connect(conninfo, tenant, **options) as connected:
            yield cls(connected, index=index, ttl=ttl)

    def setup(self) -> None:
        """Does nothing: the tables come with the extension."""

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        return self._run(self._batch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return await self._arun(self._batch(ops))

    def sweep_ttl(self) -> int:
        """Frees the space of expired items, as maintenance does."""
        return self._run(self._sweep())


class AsyncLlmspellStore(_Store):
    """Stores the items of one tenant, for asyncio; see `LlmspellStore`."""

    def __init__(self, tenant: AsyncTenant | str, connection: AnyConnection | None = None, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None) -> None:
        super().__init__(tenant, connection, index=index, ttl=ttl)
        self._loop = asyncio.get_running_loop()

    @classmethod
    @asynccontextmanager
    async def from_conn_string(cls, conninfo: str, tenant: str, *, index: IndexConfig | None = None, ttl: TTLConfig | None = None, **options: Any) -> AsyncIterator[AsyncLlmspellStore]:
        """A store with a connection of its own."""
        async with AsyncTenant.connect(conninfo, tenant, **options) as connected:
            yield cls(connected, index=index, ttl=ttl)

    async def setup(self) -> None:
        """Does nothing: the tables come with the extension."""

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return await arun(self.tenant, self._batch(ops))

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """For code that runs in another thread than the store's event loop."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self._loop:
            raise asyncio.InvalidStateError("a call from the event loop of the store would wait for itself: await the method whose name begins with a")
        return asyncio.run_coroutine_threadsafe(self.abatch(ops), self._loop).result()

    async def sweep_ttl(self) -> int:
        """Frees the space of expired items, as maintenance does."""
        return await arun(self.tenant, self._sweep())
