"""Ids and secrets derived from a seed, so that the same rehearsal gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


class Ids:
    """A stream of 32-hex ids per purpose; its position can be saved."""

    def __init__(self, seed: int | str, made: Mapping[str, int] | None = None) -> None:
        self.seed = seed
        self._made = dict(made or {})

    def next(self, purpose: str) -> str:
        """Return the next id, 32 hex characters."""
        number = self._made[purpose] = self._made.get(purpose, 0) + 1
        return hashlib.sha256(f"{self.seed}/{purpose}/{number}".encode()).hexdigest()[:32]

    def secret(self, purpose: str, length: int) -> str:
        """Return a secret of `length` hex characters, for tokens."""
        text = ""
        while len(text) < length:
            text += self.next(purpose)
        return text[:length]

    def document(self) -> dict[str, int]:
        """Return how many ids were made for each purpose."""
        return dict(self._made)
