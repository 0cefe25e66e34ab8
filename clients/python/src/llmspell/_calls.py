"""How a function of the schema is called, and its answer made into objects. The generated methods are built on this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar, Union

from psycopg.types.json import Jsonb

R = TypeVar("R")


class _Listable(Protocol):
    def tolist(self) -> Any: ...


# numpy's arrays are listable.
Vector = Union[Sequence[float], _Listable]
Vectors = Union[Sequence[Vector], _Listable]
Bytes = Union[bytes, bytearray, memoryview]
Binder = Callable[[Any], Any]


def floats(values: Any) -> list[float]:
    return [float(value) for value in (values.tolist() if hasattr(values, "tolist") else values)]


def vector(values: Any) -> str:
    return f"[{','.join(map(repr, floats(values)))}]"


def vectors(values: Iterable[Any]) -> str:
    return "{" + ",".join("NULL" if value is None else f'"{vector(value)}"' for value in values) + "}"


def jsonb(value: Any) -> Any:
    return value if isinstance(value, Jsonb) else Jsonb(value)


def jsonbs(values: Iterable[Any]) -> list[Any]:
    return [None if value is None else jsonb(value) for value in values]


def binary(value: Any) -> Any:
    if isinstance(value, str):  # which the server would take for its own notation of bytes
        raise TypeError("bytes are needed, not a str")
    return value


def binaries(values: Iterable[Any]) -> list[Any]:
    return [binary(value) for value in values]


def value(found: Any) -> Any:
    return found


class Function(Generic[R]):
    """A function of the schema: its name, the columns that are read, its arguments as (text in the call, binder)."""

    __slots__ = ("name", "columns", "arguments", "required", "make", "repeatable", "_texts")

    def __init__(self, name: str, columns: str, arguments: Sequence[tuple[str, Binder | None]], required: int, make: Callable[..., R], *, repeatable: bool) -> None:
        self.name, self.columns, self.arguments, self.required, self.make, self.repeatable = name, columns, arguments, required, make, repeatable
        self._texts: dict[tuple[int, ...], str] = {}

    def statement(self, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """The call with these values; None is left out where the argument has a default."""
        given = tuple(n for n, given in enumerate(values) if given is not None or n < self.required)
        text = self._texts.get(given)
        if text is None:
            call = f"llmspell.{self.name}({', '.join(self.arguments[n][0] for n in given)})"
            text = self._texts[given] = f"SELECT {self.columns} FROM {call}" if self.columns else f"SELECT {call}"
        return text, [self._bound(n, values[n]) for n in given]

    def _bound(self, n: int, given: Any) -> Any:
        binder = self.arguments[n][1]
        # JSON has a null of its own.
        return binder(given) if binder is not None and (given is not None or binder is jsonb) else given


class Caller:
    """Runs functions; a subclass says how one statement is run."""

    def _rows(self, query: str, params: Sequence[Any], repeatable: bool) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def _many(self, function: Function[R], values: Sequence[Any]) -> list[R]:
        return [function.make(*row) for row in self._rows(*function.statement(values), function.repeatable)]

    def _maybe(self, function: Function[R], values: Sequence[Any]) -> R | None:
        found = self._many(function, values)
        return found[0] if found else None

    def _one(self, function: Function[R], values: Sequence[Any]) -> R:
        return self._many(function, values)[0]


class AsyncCaller:
    """Runs functions, for asyncio; a subclass says how one statement is run."""

    async def _rows(self, query: str, params: Sequence[Any], repeatable: bool) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    async def _many(self, function: Function[R], values: Sequence[Any]) -> list[R]:
        return [function.make(*row) for row in await self._rows(*function.statement(values), function.repeatable)]

    async def _maybe(self, function: Function[R], values: Sequence[Any]) -> R | None:
        found = await self._many(function, values)
        return found[0] if found else None

    async def _one(self, function: Function[R], values: Sequence[Any]) -> R:
        return (await self._many(function, values))[0]
