"""Connections of one tenant, over a psycopg connection or a pool of them."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from ._generated.async_methods import AsyncMethods
from ._generated.methods import Methods

# For the transaction alone, so that a pooler may give the connection to another tenant afterwards.
_SET = "SELECT pg_catalog.set_config('app.current_tenant_id', %s, true)"


# The connections of the transactions that the code which runs now is inside of.
_inside: ContextVar[tuple[AsyncConnection[Any], ...]] = ContextVar("_inside", default=())

Rows = list[tuple[Any, ...]]


def statement(columns: str, *calls: str, rest: str = "", inlined: bool = False) -> str:
    """A statement for `Tenant.run`, of the columns of one function or several, which sets the tenant by itself: one round trip.

    One argument at least of each is written `@type` in place of `%s`: it depends on the tenant, so that this is set first.
    """
    found = [re.subn(r"@(\w+(?:\[\])?)", r"CASE WHEN t.tenant IS NOT NULL THEN %s::\1 END", f"llmspell.{call}") for call in calls]
    if not all(count for _, count in found):
        raise ValueError(f"no argument depends on the tenant: {calls}")
    # With ordinality, or the planner may put the function's own query in its place, and read before the tenant is set. Only
    # where that is another call, it takes less.
    functions = ", ".join(call for call, _ in found)
    return f"SELECT {columns} FROM {_SET[7:]} AS t (tenant) CROSS JOIN LATERAL ROWS FROM ({functions}) {'' if inlined else 'WITH ORDINALITY '}AS r {rest}".rstrip()


def _lost(connection: Connection[Any] | AsyncConnection[Any] | None) -> bool:
    return connection is None or connection.broken or connection.closed


def _free(connection: Connection[Any] | AsyncConnection[Any]) -> None:
    """Refuses a connection whose transaction is open: the tenant of another one would be in force in it until its end."""
    if connection.info.transaction_status in (TransactionStatus.ACTIVE, TransactionStatus.INTRANS, TransactionStatus.INERROR):
        raise psycopg.ProgrammingError("a transaction is open on the connection: call the methods of that, or use a pool")


class Transaction(Methods):
    """A transaction of a tenant: the functions as methods, `execute` of its connection, and what else the connection has."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection

    def execute(self, query: Any, params: Any = None, **options: Any) -> Cursor[Any]:
        """Runs one statement; see psycopg's `Connection.execute`."""
        return self.connection.execute(query, params, **options)

    def _rows(self, query: str, params: Sequence[Any], repeatable: bool) -> list[tuple[Any, ...]]:
        with self.connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            return cursor.execute(query, params).fetchall()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


class Tenant(Methods):
    """One tenant's way to the database: each function of the schema is a method, which runs in a transaction of its own.

    `connection` is a connection in autocommit mode, which is used by one thread at a time, or a pool of such.
    """

    def __init__(self, tenant: str, connection: Connection[Any] | ConnectionPool[Any]) -> None:
        self.tenant = tenant
        self._source = connection
        self._lock = threading.RLock()

    @classmethod
    @contextmanager
    def connect(cls, conninfo: str, tenant: str, **options: Any) -> Iterator[Tenant]:
        """A tenant with a connection of its own, which is closed at the end of the block."""
        with psycopg.connect(conninfo, **{"autocommit": True, **options}) as connection:
            yield cls(tenant, connection)

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:
        if isinstance(self._source, Connection):
            with self._lock:
                _free(self._source)
                yield self._source
        else:
            with self._source.connection() as connection:
                if not connection.autocommit:
                    connection.set_autocommit(True)
                yield connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction of the tenant, for several calls or statements."""
        with self._connection() as connection, connection.transaction():
            connection.execute(_SET, [self.tenant])
            yield Transaction(connection)

    def execute(self, query: str, params: Sequence[Any] = (), *, repeatable: bool = False) -> Rows:
        """Runs one statement in a transaction of its own; returns its rows.

        A `repeatable` statement may run twice: it is sent again, once, over another connection of the pool where its
        own was lost.
        """
        return self._sent(self._in_transaction, query, params, repeatable)

    def run(self, statement: str, params: Sequence[Any] = (), *, repeatable: bool = False) -> Rows:
        """Runs a statement made by `statement`, in one round trip; see `execute`."""
        return self._sent(self._alone, statement, params, repeatable)

    def _sent(self, run: Callable[[Connection[Any], str, Sequence[Any]], Rows], query: str, params: Sequence[Any], repeatable: bool) -> Rows:
        connection: Connection[Any] | None = None
        try:
            with self._connection() as connection:
                return run(connection, query, params)
        except psycopg.OperationalError:
            if not repeatable or isinstance(self._source, Connection) or not _lost(connection):
                raise
        self._source.check()
        with self._connection() as connection:
            return run(connection, query, params)

    def _rows(self, query: str, params: Sequence[Any], repeatable: bool) -> Rows:
        return self.execute(query, params, repeatable=repeatable)

    def _in_transaction(self, connection: Connection[Any], query: str, params: Sequence[Any]) -> Rows:
        # No pipeline: PgBouncer 1.18 keeps the server connection for the Flush that psycopg may send after its Sync.
        with connection.transaction(), connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            cursor.execute(_SET, [self.tenant])
            cursor.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    def _alone(self, connection: Connection[Any], query: str, params: Sequence[Any]) -> Rows:
        if not connection.autocommit:
            with connection.transaction():
                return connection.cursor(binary=True, row_factory=tuple_row).execute(query, [self.tenant, *params]).fetchall()
        return connection.cursor(binary=True, row_factory=tuple_row).execute(query, [self.tenant, *params]).fetchall()


class AsyncTransaction(AsyncMethods):
    """A transaction of a tenant, for asyncio; see `Transaction`."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self.connection = connection

    async def execute(self, query: Any, params: Any = None, **options: Any) -> AsyncCursor[Any]:
        """Runs one statement; see psycopg's `AsyncConnection.execute`."""
        return await self.connection.execute(query, params, **options)

    async def _rows(self, query: str, params: Sequence[Any], repeatable: bool) -> list[tuple[Any, ...]]:
        async with self.connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            return await (await cursor.execute(query, params)).fetchall()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


class AsyncTenant(AsyncMethods):
    """One tenant's way to the database, for asyncio; see `Tenant`."""

    def __init__(self, tenant: str, connection: AsyncConnection[Any] | AsyncConnectionPool[Any]) -> None:
        self.tenant = tenant
        self._source = connection
        self._lock = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def connect(cls, conninfo: str, tenant: str, **options: Any) -> AsyncIterator[AsyncTenant]:
        """A tenant with a connection of its own, which is closed at the end of the block."""
        async with await AsyncConnection.connect(conninfo, **{"autocommit": True, **options}) as connection:
            yield cls(tenant, connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        if isinstance(self._source, AsyncConnection):
            if self._lock.locked() and self._source in _inside.get():
                _free(self._source)  # or it would wait for itself
            async with self._lock:
                _free(self._source)
                yield self._source
        else:
            async with self._source.connection() as connection:
                if not connection.autocommit:
                    await connection.set_autocommit(True)
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncTransaction]:
        """A transaction of the tenant, for several calls or statements."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_SET, [self.tenant])
            before = _inside.set((*_inside.get(), connection))
            try:
                yield AsyncTransaction(connection)
            finally:
                _inside.reset(before)

    async def execute(self, query: str, params: Sequence[Any] = (), *, repeatable: bool = False) -> Rows:
        """Runs one statement in a transaction of its own; see `Tenant.execute`."""
        return await self._sent(self._in_transaction, query, params, repeatable)

    async def run(self, statement: str, params: Sequence[Any] = (), *, repeatable: bool = False) -> Rows:
        """Runs a statement made by `statement`, in one round trip; see `Tenant.execute`."""
        return await self._sent(self._alone, statement, params, repeatable)

    async def _sent(self, run: Callable[[AsyncConnection[Any], str, Sequence[Any]], Awaitable[Rows]], query: str, params: Sequence[Any], repeatable: bool) -> Rows:
        connection: AsyncConnection[Any] | None = None
        try:
            async with self._connection() as connection:
                return await run(connection, query, params)
        except psycopg.OperationalError:
            if not repeatable or isinstance(self._source, AsyncConnection) or not _lost(connection):
                raise
        await self._source.check()
        async with self._connection() as connection:
            return await run(connection, query, params)

    async def _rows(self, query: str, params: Sequence[Any], repeatable: bool) -> Rows:
        return await self.execute(query, params, repeatable=repeatable)

    async def _in_transaction(self, connection: AsyncConnection[Any], query: str, params: Sequence[Any]) -> Rows:
        async with connection.transaction(), connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            await cursor.execute(_SET, [self.tenant])
            await cursor.execute(query, params)
            return await cursor.fetchall() if cursor.description else []

    async def _alone(self, connection: AsyncConnection[Any], query: str, params: Sequence[Any]) -> Rows:
        if not connection.autocommit:
            async with connection.transaction():
                return await (await connection.cursor(binary=True, row_factory=tuple_row).execute(query, [self.tenant, *params])).fetchall()
        return await (await connection.cursor(binary=True, row_factory=tuple_row).execute(query, [self.tenant, *params])).fetchall()
