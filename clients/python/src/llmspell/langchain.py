"""Vector store, key-value store and cache of LangChain."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from langchain_core._api.beta_decorator import suppress_langchain_beta_warning
from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.load import dumps, loads
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk
from langchain_core.stores import ByteStore
from langchain_core.vectorstores import VectorStore
from psycopg.types.json import Jsonb

from ._steps import Adapter, AnyConnection, AnyTenant, Call, Embed, Steps
from .tenant import statement

__all__ = ["LlmspellByteStore", "LlmspellCache", "LlmspellVectorStore"]

_VECTOR_PUT = statement("r.text_id", "vector_put_many(items => @jsonb, space => %s)")
_VECTOR_GET = statement("r.id, r.text_id, r.content, r.metadata", "vector_get(%s::uuid[], @text[], %s)")
_VECTOR_DELETE = statement("1", "vector_delete(%s::uuid[], @text[], %s)")
_VECTOR_DELETE_SCOPE = statement("1", "vector_delete_scope(@text, %s)")
_FOUND = "r.id, r.text_id, r.content, r.metadata, r.score"
_CONDITIONS = "max_rows => %s, scope => @text, filter => %s, max_distance => %s, space => %s"
_VECTOR_SEARCH = statement(_FOUND, f"vector_search(%s, {_CONDITIONS})")
_HYBRID_SEARCH = statement(_FOUND, f"hybrid_search(%s, %s, {_CONDITIONS}, mmr_lambda => %s)")

_KV_GET = statement("r.key, r.value", "kv_get_many(@text[])")
_KV_SET = statement("1", "kv_set_many(@text[], %b::bytea[], ttl => %s)")
_KV_DELETE = statement("1", "kv_delete_many(@text[])")
_KV_DELETE_PREFIX = statement("1", "kv_delete_prefix(@text)")
_KV_LIST = statement('r.key, r."cursor"', "kv_list(@text, %s, %s)")
_PAGE = 1000

# The classes of a model's answers: no object of another class is made from stored bytes.
_ANSWERS: list[Any] = [ChatGeneration, ChatGenerationChunk, Generation, GenerationChunk, AIMessage, AIMessageChunk, ChatMessage, ChatMessageChunk,
            FunctionMessage, FunctionMessageChunk, HumanMessage, HumanMessageChunk, SystemMessage, SystemMessageChunk, ToolMessage, ToolMessageChunk]


def _vector(numbers: Sequence[float]) -> str:
    return f"[{','.join(repr(float(n)) for n in numbers)}]"


def _uuids(ids: Iterable[str]) -> list[uuid.UUID]:
    found = []
    for name in ids:
        try:
            found.append(uuid.UUID(name))
        except ValueError:
            pass
    return found


def _document(row: tuple[Any, ...]) -> Document:
    return Document(id=row[1] or str(row[0]), page_content=row[2] or "", metadata=row[3])


class LlmspellVectorStore(Adapter, VectorStore):
    """Texts of one tenant with their embeddings and metadata.

    `space` is a space that an operator made, or one of the tenant's own, whose name begins with `small:`; without it
    the space is that of vectors of the same length. Ids are unique in a space. With `hybrid`, searches look at the
    words of the query, too. A `filter` is one of llmspell, with operators. Scores grow as texts are nearer.
    """

    def __init__(self, tenant: AnyTenant | str, embedding: Embeddings, connection: AnyConnection | None = None, *,
                 space: str | None = None, scope: str | None = None, language: str | None = None, hybrid: bool = False) -> None:
        self._set_tenant(tenant, connection)
        self._embedding, self.space, self.scope, self.language, self.hybrid = embedding, space, scope, language, hybrid

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    @classmethod
    def from_texts(cls, texts: list[str], embedding: Embeddings, metadatas: list[dict[str, Any]] | None = None, *, ids: list[str] | None = None, **kwargs: Any) -> LlmspellVectorStore:
        store = cls(embedding=embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(cls, texts: list[str], embedding: Embeddings, metadatas: list[dict[str, Any]] | None = None, *, ids: list[str] | None = None, **kwargs: Any) -> LlmspellVectorStore:
        store = cls(embedding=embedding, **kwargs)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    def _add(self, texts: Iterable[str], metadatas: Sequence[dict[str, Any]] | None, ids: Sequence[str | None] | None) -> Steps[list[str]]:
        contents = list(texts)
        for name, given in (("metadatas", metadatas), ("ids", ids)):
            if given and len(given) != len(contents):
                raise ValueError(f"{len(contents)} texts and {len(given)} {name}")
        if not contents:
            return []
        names = [name or str(uuid.uuid4()) for name in ids or [None] * len(contents)]
        vectors = yield Embed(self._embedding, contents)
        items = {
            name: {"embedding": [float(n) for n in vector], "text_id": name, "content": content, "metadata": metadata,
                   "scope": self.scope or "global", **({"language": self.language} if self.language else {})}
            for name, content, vector, metadata in zip(names, contents, vectors, metadatas or [{}] * len(contents))
        }
        yield Call(_VECTOR_PUT, [Jsonb(list(items.values())), self.space])
        return names

    def add_texts(self, texts: Iterable[str], metadatas: list[dict[str, Any]] | None = None, *, ids: list[str] | None = None, **kwargs: Any) -> list[str]:
        return self._run(self._add(texts, metadatas, ids))

    async def aadd_texts(self, texts: Iterable[str], metadatas: list[dict[str, Any]] | None = None, *, ids: list[str] | None = None, **kwargs: Any) -> list[str]:
        return await self._arun(self._add(texts, metadatas, ids))

    def _get(self, ids: Sequence[str]) -> Steps[list[Document]]:
        rows = yield Call(_VECTOR_GET, [_uuids(ids), list(ids), self.space])
        return list({row[0]: _document(row) for row in rows}.values())

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return self._run(self._get(ids))

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return await self._arun(self._get(ids))

    def _delete(self, ids: Sequence[str] | None) -> Steps[bool]:
        if ids is not None:
            yield Call(_VECTOR_DELETE, [_uuids(ids), list(ids), self.space])
        elif self.space is None:
            raise ValueError("give ids, or delete all of a store that has a space of its own")
        else:
            yield Call(_VECTOR_DELETE_SCOPE, [self.scope or "global", self.space])
        return True

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        return self._run(self._delete(ids))

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        return await self._arun(self._delete(ids))

    def _find(self, query: str | None, vector: Sequence[float] | None, k: int, filter: dict[str, Any] | None = None,
              max_distance: float | None = None, diversity: float | None = None) -> Steps[list[tuple[Document, float]]]:
        if vector is None:
            vector, = yield Embed(self._embedding, [query or ""], query=True)
        conditions = [k, self.scope, None if filter is None else Jsonb(filter), max_distance, self.space]
        if diversity is not None or self.hybrid and query:
            words = query if self.hybrid else None
            rows = yield Call(_HYBRID_SEARCH, [words, _vector(vector), *conditions, diversity])
        else:
            rows = yield Call(_VECTOR_SEARCH, [_vector(vector), *conditions])
        return [(_document(row), row[4]) for row in rows]

    def similarity_search_with_score(self, query: str, k: int = 4, filter: dict[str, Any] | None = None, **kwargs: Any) -> list[tuple[Document, float]]:
        return self._run(self._find(query, None, k, filter, kwargs.get("max_distance")))

    async def asimilarity_search_with_score(self, query: str, k: int = 4, filter: dict[str, Any] | None = None, **kwargs: Any) -> list[tuple[Document, float]]:
        return await self._arun(self._find(query, None, k, filter, kwargs.get("max_distance")))

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in await self.asimilarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score_by_vector(self, embedding: list[float], k: int = 4, filter: dict[str, Any] | None = None, **kwargs: Any) -> list[tuple[Document, float]]:
        return self._run(self._find(None, embedding, k, filter, kwargs.get("max_distance")))

    async def asimilarity_search_with_score_by_vector(self, embedding: list[float], k: int = 4, filter: dict[str, Any] | None = None, **kwargs: Any) -> list[tuple[Document, float]]:
        return await self._arun(self._find(None, embedding, k, filter, kwargs.get("max_distance")))

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score_by_vector(embedding, k, **kwargs)]

    async def asimilarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in await self.asimilarity_search_with_score_by_vector(embedding, k, **kwargs)]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda score: score

    # The database chooses among the candidates, so `fetch_k` has no effect.
    def max_marginal_relevance_search(self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self._run(self._find(query, None, k, kwargs.get("filter"), kwargs.get("max_distance"), lambda_mult))]

    async def amax_marginal_relevance_search(self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any) -> list[Document]:
        return [document for document, _ in await self._arun(self._find(query, None, k, kwargs.get("filter"), kwargs.get("max_distance"), lambda_mult))]

    def max_marginal_relevance_search_by_vector(self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self._run(self._find(None, embedding, k, kwargs.get("filter"), kwargs.get("max_distance"), lambda_mult))]

    async def amax_marginal_relevance_search_by_vector(self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any) -> list[Document]:
        return [document for document, _ in await self._arun(self._find(None, embedding, k, kwargs.get("filter"), kwargs.get("max_distance"), lambda_mult))]


class LlmspellByteStore(Adapter, ByteStore):
    """Bytes of one tenant under keys that begin with `prefix`, which the keys of the store do not show."""

    def __init__(self, tenant: AnyTenant | str, connection: AnyConnection | None = None, *, prefix: str = "", ttl: timedelta | None = None) -> None:
        self._set_tenant(tenant, connection)
        self.prefix, self.ttl = prefix, ttl

    def _get(self, keys: Sequence[str]) -> Steps[list[bytes | None]]:
        rows = yield Call(_KV_GET, [[self.prefix + key for key in keys]])
        found = {key: bytes(value) for key, value in rows}
        return [found.get(self.prefix + key) for key in keys]

    def _set(self, pairs: Sequence[tuple[str, bytes]]) -> Steps[None]:
        values = {self.prefix + key: value for key, value in pairs}
        yield Call(_KV_SET, [list(values), list(values.values()), self.ttl])

    def _delete(self, keys: Sequence[str]) -> Steps[None]:
        yield Call(_KV_DELETE, [[self.prefix + key for key in keys]])

    def _page(self, prefix: str | None, after: str | None) -> Steps[tuple[list[str], str | None]]:
        rows = yield Call(_KV_LIST, [self.prefix + (prefix or ""), _PAGE, after])
        return [key[len(self.prefix):] for key, _ in rows], rows[-1][1] if len(rows) == _PAGE else None

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        return self._run(self._get(keys))

    async def amget(self, keys: Sequence[str]) -> list[bytes | None]:
        return await self._arun(self._get(keys))

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        self._run(self._set(key_value_pairs))

    async def amset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        await self._arun(self._set(key_value_pairs))

    def mdelete(self, keys: Sequence[str]) -> None:
        self._run(self._delete(keys))

    async def amdelete(self, keys: Sequence[str]) -> None:
        await self._arun(self._delete(keys))

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        keys, after = self._run(self._page(prefix, None))
        yield from keys
        while after is not None:
            keys, after = self._run(self._page(prefix, after))
            yield from keys

    async def ayield_keys(self, *, prefix: str | None = None) -> AsyncIterator[str]:
        after: str | None = None
        while True:
            keys, after = await self._arun(self._page(prefix, after))
            for key in keys:
                yield key
            if after is None:
                return


class LlmspellCache(Adapter, BaseCache):
    """Answers of language models of one tenant, under keys that begin with `prefix`."""

    def __init__(self, tenant: AnyTenant | str, connection: AnyConnection | None = None, *, prefix: str = "llm_cache:", ttl: timedelta | None = None) -> None:
        if not prefix:
            raise ValueError("a cache needs a prefix: clear() deletes all keys that begin with it")
        self._set_tenant(tenant, connection)
        self.prefix, self.ttl = prefix, ttl

    def _key(self, prompt: str, llm_string: str) -> str:
        return self.prefix + hashlib.sha256(json.dumps([prompt, llm_string]).encode()).hexdigest()

    def _lookup(self, prompt: str, llm_string: str) -> Steps[RETURN_VAL_TYPE | None]:
        rows = yield Call(_KV_GET, [[self._key(prompt, llm_string)]])
        if not rows:
            return None
        with suppress_langchain_beta_warning():
            return [loads(text, allowed_objects=_ANSWERS) for text in json.loads(bytes(rows[0][1]))]

    def _update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> Steps[None]:
        value = json.dumps([dumps(generation) for generation in return_val]).encode()
        yield Call(_KV_SET, [[self._key(prompt, llm_string)], [value], self.ttl])

    def _clear(self) -> Steps[None]:
        yield Call(_KV_DELETE_PREFIX, [self.prefix])

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return self._run(self._lookup(prompt, llm_string))

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return await self._arun(self._lookup(prompt, llm_string))

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        self._run(self._update(prompt, llm_string, return_val))

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        await self._arun(self._update(prompt, llm_string, return_val))

    def clear(self, **kwargs: Any) -> None:
        self._run(self._clear())

    async def aclear(self, **kwargs: Any) -> None:
        await self._arun(self._clear())
