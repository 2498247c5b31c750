"""The tokens of one grant, refreshed one at a time over all workers."""

from __future__ import annotations

import threading
from typing import Protocol

from sagerecon.model.clock import Clock
from sagerecon.model.errors import AuthorizationError, NoAnswerError
from sagerecon.model.tokens import Tokens
from sagerecon.sage.tokens import GrantEndedError, Vault

_SIGN_IN = "Sign in: sagerecon auth login."


class Refresher(Protocol):
    """Asks the token endpoint for the next generation; `Authorization` is one."""

    def refresh(self, tokens: Tokens) -> Tokens: ...


class GrantTokens:
    """Tokens from a vault that are fit for use; satisfies `TokenSource`.

    A refresh is noted before it is sent and its answer stored before it is used. Where the answer was lost
    the old refresh token is tried once more, which helps if Sage has not used it up; `invalid_grant` then
    ends the grant.
    """

    def __init__(self, grant: str, vault: Vault, refresher: Refresher, clock: Clock) -> None:
        self._grant = grant
        self._vault = vault
        self._refresher = refresher
        self._clock = clock
        self._newest: Tokens | None = None
        self._lock = threading.Lock()

    def current(self) -> Tokens:
        """Tokens whose access token can be used now, refreshed first where that was due."""
        with self._lock:
            tokens = self._newest or self._load()
            if tokens.is_due(self._clock.now()):
                try:
                    tokens = self._refreshed(tokens)
                except NoAnswerError:
                    if not tokens.is_alive(self._clock.now()):
                        raise
            self._newest = tokens
            return tokens

    def replaced(self, refused: Tokens) -> Tokens:
        """Newer tokens than `refused`, whose access token Sage did not accept."""
        with self._lock:
            tokens = self._load()
            if tokens.generation == refused.generation:
                tokens = self._refreshed(tokens)
            self._newest = tokens
            return tokens

    def _refreshed(self, tokens: Tokens) -> Tokens:
        with self._vault.refresh_lease(self._grant, tokens.generation) as is_ours:
            if not is_ours:
                return self._load()
            self._vault.mark_refresh_sent(self._grant, tokens.generation)
            try:
                fresh = self._asked(tokens)
            except GrantEndedError:
                self._vault.forget(self._grant)
                self._newest = None
                raise
            return self._vault.save(self._grant, fresh, tokens.generation)

    def _asked(self, tokens: Tokens) -> Tokens:
        try:
            return self._refresher.refresh(tokens)
        except NoAnswerError as first:
            if not first.sent:
                raise
        try:
            return self._refresher.refresh(tokens)
        except NoAnswerError as second:
            raise NoAnswerError(second.message, sent=False) from None  # of the call itself nothing was sent

    def _load(self) -> Tokens:
        tokens = self._vault.load(self._grant)
        if tokens is None:
            raise AuthorizationError("Nobody has signed in.", _SIGN_IN)
        return tokens
