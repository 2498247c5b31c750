"""A grant's tokens, and who may change them when.

A grant is one user's consent; several companies may hang on it. Sage rotates the refresh token at each
refresh and refuses every older one, so a lost refresh ends the grant: refreshes are made one at a time,
under a lease that holds across processes, and the new tokens are durable before anybody uses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sagerecon.model.clock import SECOND
from sagerecon.model.errors import AuthorizationError
from sagerecon.model.tokens import Tokens


class Vault(Protocol):
    """Keeps the tokens of each grant, encrypted and durable, for every worker of every process."""

    def load(self, grant: str) -> Tokens | None:
        """The newest tokens with their generation, or None where nobody has signed in."""
        ...

    def refresh_lease(self, grant: str, generation: int) -> AbstractContextManager[bool]:
        """A lease on refreshing the grant; waits while another worker holds it.

        Entering gives True where `generation` is still the newest, so that it is for us to refresh, and
        False where another worker has refreshed meanwhile: load again. A holder that dies loses the
        lease after a minute; a live one needs at most 40 seconds.
        """
        ...

    def mark_refresh_sent(self, grant: str, generation: int) -> None:
        """Note durably, before the bytes leave, that this generation's refresh token is being used."""
        ...

    def save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        """Store `tokens` durably in place of `generation` and give them with their own, one higher.

        None for a new sign-in, which replaces whatever stands. Clears `refresh_sent_at`.

        Raises:
            StoreError: another generation stands there by now; nothing was changed.
        """
        ...

    def forget(self, grant: str) -> None:
        """Drop the grant: it was revoked, or Sage has refused its refresh token."""
        ...


class TokenSource(Protocol):
    """Where a client gets a bearer token from."""

    def current(self) -> Tokens:
        """Tokens whose access token can be used now, refreshed first where that was due.

        Raises:
            AuthorizationError: nobody has signed in, or the sign-in has ended.
            NoAnswerError: the token endpoint gave no usable answer (`sent` is False: no call was made).
        """
        ...

    def replaced(self, refused: Tokens) -> Tokens:
        """Newer tokens than `refused`, whose access token Sage did not accept; errors as `current`."""
        ...


def tokens_of(document: Mapping[str, Any], now: int) -> Tokens:
    """The tokens in an answer of the token endpoint that came at `now`.

    Raises:
        AuthorizationError: the answer lacks a token or its life.
    """
    try:
        return Tokens(
            access=document["access_token"],
            refresh=document["refresh_token"],
            obtained_at=now,
            expires_at=now + int(document["expires_in"]) * SECOND,
            refresh_expires_at=now + int(document["refresh_token_expires_in"]) * SECOND,
            requested_by=document.get("requested_by_id", ""),
            scope=_words(document.get("scope", "")),
        )
    except (KeyError, TypeError, ValueError):
        raise AuthorizationError("The answer to the sign-in holds no tokens.") from None


def _words(scope: str | list[str]) -> str:
    """A scope as text; oauthlib makes a list of it."""
    return scope if isinstance(scope, str) else " ".join(scope)


class GrantEndedError(AuthorizationError):
    """The refresh token is not accepted any more: whatever hangs on the grant waits for a new sign-in."""
