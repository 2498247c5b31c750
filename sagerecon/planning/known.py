"""What earlier runs recorded of a company, as a plan needs it."""

from __future__ import annotations

from typing import Protocol

from sagerecon.model.key import Key


class KnownEntities(Protocol):
    """The id map: which entity has which key, and with what content it was written."""

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Return Sage's id for a draft key or a natural key, or None."""
        ...

    def content(self, kind: str, key: str) -> str | None:
        """Return the fingerprint of the body an earlier run recorded for a draft key, or None."""
        ...

    def fingerprint(self) -> str:
        """Return the fingerprint of the id map."""
        ...
