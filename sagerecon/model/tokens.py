"""One generation of a grant's tokens: what the door to the API uses and the vault keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

#: An access token is replaced when this share of its life is over.
REFRESH_AT_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Tokens:
    """One generation of a grant's tokens. Instants are milliseconds since 1970; the secrets never print.

    `generation` counts rotations and is set by the vault. `refresh_sent_at` is when a refresh with this
    refresh token went out whose answer was never stored, 0 where none did.
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
        """Whether the access token should be replaced before it is used again."""
        life = self.expires_at - self.obtained_at
        return now >= self.obtained_at + life * REFRESH_AT_PERCENT // 100

    def is_alive(self, now: int) -> bool:
        """Whether the access token is still accepted."""
        return now < self.expires_at
