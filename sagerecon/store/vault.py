"""Tokens, encrypted at rest; one refresh at a time over all processes."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sagerecon.model.tokens import Tokens


class SealedVault:
    """Keeps the tokens of each grant; satisfies `sage.tokens.Vault` without knowing it."""

    def load(self, grant: str) -> Tokens | None:
        """The newest tokens with their generation, or None where nobody has signed in."""
        raise NotImplementedError

    def refresh_lease(self, grant: str, generation: int) -> AbstractContextManager[bool]:
        """A lease on refreshing; True where `generation` is still the newest."""
        raise NotImplementedError

    def mark_refresh_sent(self, grant: str, generation: int) -> None:
        """Note durably that this generation's refresh token is being used."""
        raise NotImplementedError

    def save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        """Store `tokens` in place of `generation` and give them with their own."""
        raise NotImplementedError

    def forget(self, grant: str) -> None:
        """Drop the grant."""
        raise NotImplementedError
