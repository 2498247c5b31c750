"""Supplies the tokens of one grant, and refreshes them when that is due."""

from __future__ import annotations

import threading
from typing import Protocol

from sagerecon.model.clock import Clock
from sagerecon.model.door import Door, counted
from sagerecon.model.errors import AuthorizationError, NoAnswerError
from sagerecon.model.tokens import Tokens
from sagerecon.sage.tokens import GrantEndedError, Vault

_SIGN_IN = "Run: sagerecon auth login"


class Refresher(Protocol):
    """Requests new tokens from the token endpoint; `Authorization` does."""

    def refresh(self, tokens: Tokens) -> Tokens:
        """Return the tokens of the next generation.

        Raises:
            GrantEndedError: Sage no longer accepts the refresh token.
            NoAnswerError: no usable answer came.
        """
        ...


class GrantTokens:
    """Supplies valid tokens from a vault; satisfies `TokenSource`, which documents its methods.

    A refresh is recorded before it is sent, and its answer is stored before it is used. Where the answer was
    lost, the old refresh token is sent once more, which works if Sage had not received the first request. The
    error `invalid_grant` ends the grant.
    """

    def __init__(self, grant: str, vault: Vault, refresher: Refresher, clock: Clock) -> None:
        self._grant = grant
        self._vault = vault
        self._refresher = refresher
        self._clock = clock
        self._newest: Tokens | None = None
        self._lock = threading.Lock()

    def current(self, door: Door) -> Tokens:
        with self._lock:
            tokens = self._newest or self._load()
            if tokens.is_due(self._clock.now()):
                try:
                    tokens = self._refresh(tokens, door)
                except NoAnswerError:
                    if not tokens.is_alive(self._clock.now()):
                        raise
            self._newest = tokens
            return tokens

    def replaced(self, refused: Tokens, door: Door) -> Tokens:
        with self._lock:
            tokens = self._load()
            if tokens.generation == refused.generation:
                tokens = self._refresh(tokens, door)
            self._newest = tokens
            return tokens

    def _refresh(self, tokens: Tokens, door: Door) -> Tokens:
        door.book()  # may wait for longer than the lease is valid, so it comes first
        with self._vault.refresh_lease(self._grant, tokens.generation) as is_ours:
            door.confirm()  # waiting for the lease may take longer than the lock on the company is valid
            if not is_ours or not self._vault.mark_refresh_sent(self._grant, tokens.generation):
                door.refund()
                return self._load()
            try:
                fresh = self._request(tokens, door)
            except GrantEndedError:
                self._newest = None
                if not self._vault.forget(self._grant, tokens.generation):
                    return self._load()  # another process has replaced the tokens that Sage refused
                raise
            return self._vault.save(self._grant, fresh, tokens.generation)

    def _request(self, tokens: Tokens, door: Door) -> Tokens:
        try:
            with counted(door):
                return self._refresher.refresh(tokens)
        except NoAnswerError as first:
            # `sent` speaks of the request for tokens here; the API call was not sent.
            if not first.sent or not door.book_without_waiting():
                raise NoAnswerError(first.message, sent=False) from None
        try:
            with counted(door):
                return self._refresher.refresh(tokens)
        except NoAnswerError as second:
            raise NoAnswerError(second.message, sent=False) from None

    def _load(self) -> Tokens:
        tokens = self._vault.load(self._grant)
        if tokens is None:
            raise AuthorizationError("Not signed in.", _SIGN_IN)
        return tokens
