"""What Sage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing read back from Sage, as its JSON answer with numbers exact."""

    kind: str
    sage_id: str
    body: Mapping[str, Any]

    @property
    def displayed_as(self) -> str:
        """Sage's own words for it."""
        return str(self.body.get("displayed_as", ""))
