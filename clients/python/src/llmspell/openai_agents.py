"""Sessions of the OpenAI Agents SDK, over the messages of a thread."""

from __future__ import annotations

import uuid
from typing import Any

from agents.items import TResponseInputItem
from agents.memory import SessionSettings
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from ._steps import Adapter, AnyConnection, AnyTenant, Call, Steps
from .tenant import statement

__all__ = ["LlmspellSession"]

_LIST = statement('r.message, r."cursor"', "message_list(@text, max_rows => %s, after => %s)")
_NEWEST = statement("r.message", "message_list(@text, newest => %s, max_rows => %s)")
_APPEND = statement("1", "message_append(@text, %s, message_ids => %s::text[])")
_POP = statement("r.message", "message_pop(@text)")
_CLEAR = statement("1", "message_clear(@text)")
_PAGE = 1000


class LlmspellSession(Adapter):
    """The items of one conversation of a tenant, in the order in which they were added, whoever adds them.

    `session_id` is the id of the thread.
    """

    def __init__(self, session_id: str, tenant: AnyTenant | str, connection: AnyConnection | None = None, *,
                 session_settings: SessionSettings | dict[str, Any] | None = None) -> None:
        self._set_tenant(tenant, connection)
        self.session_id = session_id
        self.session_settings = SessionSettings(**session_settings) if isinstance(session_settings, dict) else session_settings or SessionSettings()

    def _items(self, limit: int | None) -> Steps[list[TResponseInputItem]]:
        if limit is not None:
            rows = (yield Call(_NEWEST, [self.session_id, limit, limit])) if limit > 0 else []
            return [item for item, in rows]
        found: list[TResponseInputItem] = []
        after: str | None = None
        while True:
            rows = yield Call(_LIST, [self.session_id, _PAGE, after])
            found += [item for item, _ in rows]
            if len(rows) < _PAGE:
                return found
            after = rows[-1][1]

    def _add(self, items: list[TResponseInputItem]) -> Steps[None]:
        if not items:
            return
        try:
            yield Call(_APPEND, [self.session_id, Jsonb(items), [str(uuid.uuid4()) for _ in items]])
        except UniqueViolation:
            # The ids are new: the call went through before its connection was lost, and was sent again.
            pass

    def _pop(self) -> Steps[TResponseInputItem | None]:
        rows = yield Call(_POP, [self.session_id], repeatable=False)
        return rows[0][0] if rows else None

    def _clear(self) -> Steps[None]:
        yield Call(_CLEAR, [self.session_id])

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """All items, or the latest ones, in order; `session_settings.limit` holds where no limit is given."""
        return await self._arun(self._items(self.session_settings.limit if limit is None else limit))

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Adds items at the end, all or none."""
        await self._arun(self._add(items))

    async def pop_item(self) -> TResponseInputItem | None:
        """Takes the last item off."""
        return await self._arun(self._pop())

    async def clear_session(self) -> None:
        """Deletes all items."""
        await self._arun(self._clear())
