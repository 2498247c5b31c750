"""One generation of the tokens of a grant, which the client uses and the vault stores."""

from __future__ import annotations

from dataclasses import dataclass, field

from sagerecon.model.clock import MINUTE

#: An access token is replaced after this percentage of its lifetime.
REFRESH_AT_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Tokens:
    """One generation of the tokens of a grant; `repr` hides them. Instants are milliseconds since 1970.

    `generation` counts rotations and is set by the vault. `refresh_sent_at` is when a refresh with this
    refresh token was sent whose answer was never stored; 0 if there was none.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    obtained_at: int
    expires_at: int
    refresh_expires_at: int
    generation: int = 0
    refresh_sent_at: int = 0
    requested_by: str = ""  #: Sage's id of the user who consented
    scope: str = ""

    def is_due(self, now: int) -> bool:
        """Return whether the access token should be replaced before it is used again.

        A token that was obtained later than now shows that the clock was set back; the answer to its
        replacement states the time.
        """
        life = self.expires_at - self.obtained_at
        return now < self.obtained_at - MINUTE or now >= self.obtained_at + life * REFRESH_AT_PERCENT // 100

    def is_alive(self, now: int) -> bool:
        """Return whether the access token has not expired."""
        return now < self.expires_at
