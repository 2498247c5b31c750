"""A vault in memory that is safe between threads and records its changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sagerecon.model.clock import Clock
from sagerecon.model.errors import StoreError
from sagerecon.model.tokens import Tokens


class MemoryVault:
    """The tokens of each grant; `events` lists the changes in their order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[str, Tokens] = {}
        self._lease = threading.RLock()
        self.events: list[str] = []
        self.meanwhile: Callable[[], object] | None = None  #: called while a worker waits for the lease

    def load(self, grant: str) -> Tokens | None:
        return self._tokens.get(grant)

    @contextmanager
    def refresh_lease(self, grant: str, generation: int) -> Iterator[bool]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        with self._lease:
            tokens = self._tokens.get(grant)
            yield tokens is not None and tokens.generation == generation

    def mark_refresh_sent(self, grant: str, generation: int) -> bool:
        if self._tokens[grant].generation != generation:
            return False
        self.events.append("sent")
        self._tokens[grant] = replace(self._tokens[grant], refresh_sent_at=self._clock.now())
        return True

    def save(self, grant: str, tokens: Tokens, generation: int | None) -> Tokens:
        held = self._tokens.get(grant)
        if generation is not None and (held is None or held.generation != generation):
            raise StoreError("The vault holds another generation.")
        self.events.append("saved")
        next_generation = held.generation + 1 if held else 1
        self._tokens[grant] = replace(tokens, generation=next_generation, refresh_sent_at=0)
        return self._tokens[grant]

    def forget(self, grant: str, generation: int) -> bool:
        if grant not in self._tokens or self._tokens[grant].generation != generation:
            return False
        self.events.append("deleted")
        del self._tokens[grant]
        return True
