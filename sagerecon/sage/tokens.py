"""The ports through which tokens are kept and used.

A grant is the consent of one user, for one or more companies. Sage rotates the refresh token at each refresh
and refuses every older one, so that a lost answer ends the grant. Therefore one process at a time refreshes a
grant, under a lease, and the new tokens are stored before they are used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sagerecon.model.clock import SECOND, instant_text
from sagerecon.model.door import Door
from sagerecon.model.errors import AuthorizationError
from sagerecon.model.tokens import Tokens
from sagerecon.model.typed import require_types

#: What a token may consist of; one is sent in a header. RFC 6749, appendix A.12
_IN_HEADER = re.compile(r"[ -~]+")


class Vault(Protocol):
    """Keeps the tokens of each grant, encrypted and durable, for all processes."""

    def load(self, grant: str) -> Tokens | None:
        """Return the newest tokens with their generation, or None where there was no sign-in."""
        ...

    def refresh_lease(self, grant: str, generation: int) -> AbstractContextManager[bool]:
        """Return a context manager that waits for the lease on refreshing the grant.

        Entering it returns True where `generation` is still the newest, so that the caller must refresh, and
        False where another process has refreshed in the meantime, so that the caller loads the tokens
        again. The lease of a process that was killed expires after at most 75 seconds; a running process
        needs at most 40.
        """
        ...

    def mark_refresh_sent(self, grant: str, generation: int) -> bool:
        """Record, before the request is sent, that the refresh token of this generation is being used.

        Returns False, and records nothing, where another process has replaced the tokens in the meantime:
        the caller was suspended for longer than its lease.
        """
        ...

    def save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        """Replace the tokens of `generation`, and return the new ones with their own, next generation.

        Clears `refresh_sent_at`.

        Args:
            generation: the one expected in the vault; None for a new sign-in, which replaces any.

        Raises:
            StoreError: the vault holds another generation; nothing was changed.
        """
        ...

    def forget(self, grant: str, generation: int) -> bool:
        """Delete the tokens of a grant that was revoked or whose refresh token Sage has refused.

        Returns False, and deletes nothing, where the vault holds another generation.
        """
        ...


class TokenSource(Protocol):
    """Supplies a client with bearer tokens."""

    def current(self, door: Door) -> Tokens:
        """Return tokens whose access token is valid now; they are refreshed first where that is due.

        Args:
            door: books each request to the token endpoint.

        Raises:
            AuthorizationError: there was no sign-in, or it has ended.
            NoAnswerError: the token endpoint gave no usable answer. `sent` is False: no call was made.
            PausedError, StoreError: the door did not book a request, and nothing was sent.
        """
        ...

    def replaced(self, refused: Tokens, door: Door) -> Tokens:
        """Return tokens newer than `refused`, whose access token Sage did not accept; errors as `current`."""
        ...


def read_tokens(document: Mapping[str, Any], now: int) -> Tokens:
    """Return the tokens in an answer that the token endpoint gave at the instant `now`.

    Raises:
        AuthorizationError: a token or its lifetime is missing in the answer.
    """
    try:
        tokens = Tokens(
            access=document["access_token"],
            refresh=document["refresh_token"],
            obtained_at=now,
            expires_at=now + int(document["expires_in"]) * SECOND,
            refresh_expires_at=now + int(document["refresh_token_expires_in"]) * SECOND,
            requested_by=document.get("requested_by_id", ""),
            scope=_scope_text(document.get("scope", "")),
        )
        return _checked(tokens)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise AuthorizationError(
            "The answer of the token endpoint contains no valid tokens.",
            "Sign in again: sagerecon auth login",
        ) from None


def _checked(tokens: Tokens) -> Tokens:
    """Return tokens that can be kept, sent and shown.

    Raises:
        ValueError, ArithmeticError: they cannot.
    """
    require_types(tokens)
    for moment in (tokens.expires_at, tokens.refresh_expires_at):
        instant_text(moment)  # which no later year than 9999 has
    if not (_IN_HEADER.fullmatch(tokens.access) and _IN_HEADER.fullmatch(tokens.refresh)):
        raise ValueError("a token has characters that none has")
    return tokens


def _scope_text(scope: str | list[str]) -> str:
    """Return a scope as text, because oauthlib splits it into a list."""
    return scope if isinstance(scope, str) else " ".join(scope)


class GrantEndedError(AuthorizationError):
    """Sage no longer accepts the refresh token: every company of the grant needs a new sign-in."""
