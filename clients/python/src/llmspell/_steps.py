"""Common parts of the adapters of frameworks: an operation is a generator of steps, which runs with and without asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from psycopg import AsyncConnection, Connection
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from .tenant import AsyncTenant, Tenant

Result = TypeVar("Result")
AnyTenant = Tenant | AsyncTenant
AnyConnection = Connection[Any] | ConnectionPool[Any] | AsyncConnection[Any] | AsyncConnectionPool[Any]


class Embedder(Protocol):
    """LangChain's `Embeddings`."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]: ...
    def embed_query(self, text: str) -> list[float]: ...
    async def aembed_documents(self, texts: list[str]) -> list[list[float]]: ...
    async def aembed_query(self, text: str) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Call:
    """A statement; its rows are the answer."""

    statement: str
    params: Sequence[Any]
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Embed:
    """Texts, or one query, whose vectors are the answer."""

    embedder: Embedder
    texts: list[str]
    query: bool = False


Steps = Generator[Call | Embed, Any, Result]


def run(tenant: Tenant, steps: Steps[Result]) -> Result:
    """Runs the steps of an operation; an error is raised where its step was yielded."""
    resume: Callable[[Any], Call | Embed] = steps.send
    answer: Any = None
    while True:
        try:
            step = resume(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        try:
            if isinstance(step, Call):
                answer = tenant.run(step.statement, step.params, repeatable=step.repeatable)
            elif step.query:
                answer = [step.embedder.embed_query(text) for text in step.texts]
            else:
                answer = step.embedder.embed_documents(step.texts)
            resume = steps.send
        except Exception as error:
            resume, answer = steps.throw, error


async def arun(tenant: AnyTenant, steps: Steps[Result]) -> Result:
    """Runs the steps of an operation for asyncio; over a connection without asyncio, in a thread."""
    if isinstance(tenant, Tenant):
        return await asyncio.to_thread(run, tenant, steps)
    resume: Callable[[Any], Call | Embed] = steps.send
    answer: Any = None
    while True:
        try:
            step = resume(answer)
        except StopIteration as end:
            result: Result = end.value
            return result
        try:
            if isinstance(step, Call):
                answer = await tenant.run(step.statement, step.params, repeatable=step.repeatable)
            elif step.query:
                answer = [await step.embedder.aembed_query(text) for text in step.texts]
            else:
                answer = await step.embedder.aembed_documents(step.texts)
            resume = steps.send
        except Exception as error:
            resume, answer = steps.throw, error


class Adapter:
    """An object of a framework that stores what is one tenant's."""

    tenant: AnyTenant

    def _set_tenant(self, tenant: AnyTenant | str, connection: AnyConnection | None) -> None:
        if isinstance(tenant, str):
            if connection is None:
                raise TypeError("a connection or a pool is needed with the name of a tenant")
            tenant = AsyncTenant(tenant, connection) if isinstance(connection, (AsyncConnection, AsyncConnectionPool)) else Tenant(tenant, connection)
        self.tenant = tenant

    def _run(self, steps: Steps[Result]) -> Result:
        if isinstance(self.tenant, AsyncTenant):
            raise TypeError("the connection is one for asyncio: await the method whose name begins with a")
        return run(self.tenant, steps)

    async def _arun(self, steps: Steps[Result]) -> Result:
        return await arun(self.tenant, steps)
