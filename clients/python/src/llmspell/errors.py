"""Errors of the server that have a class of their own beside those of psycopg."""

from __future__ import annotations

import re

import psycopg

_VERSIONS = re.compile(r'expected [a-z]+ "?(.*?)"?, (?:current|latest) [a-z]+ "?(.*?)"?(?:$|,)')


class Conflict(psycopg.DatabaseError, code="LS409"):
    """Somebody else has changed what was to be written: read it again, apply the change to it, and write with that version."""

    def _version(self, place: int) -> int | str | None:
        found = _VERSIONS.match(self.diag.message_detail or "")
        return None if found is None else int(found[place]) if found[place].isdecimal() else found[place] or None

    @property
    def expected(self) -> int | str | None:
        """The version that was expected, 0 for none; of other conflicts the sequence, fence, status or checkpoint."""
        return self._version(1)

    @property
    def current(self) -> int | str | None:
        """The version that is there, 0 for none."""
        return self._version(2)
