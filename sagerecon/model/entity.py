"""What Sage holds, and what we had written there."""

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


@dataclass(frozen=True, slots=True)
class Written:
    """One record as an earlier run left it: what we sent, what Sage answered, and when.

    `sent` is the plan's body with references still by key (`plan.node_document`), so that it compares
    with a draft of today; `answer` is Sage's JSON. An adopted entity was not sent: `sent` is what we
    wanted and `answer` what was found. `content` is the fingerprint of `sent`.
    """

    kind: str
    key: str
    sage_id: str
    sent: Mapping[str, Any]
    answer: Mapping[str, Any]
    written_at: int
    content: str
    adopted: bool = False
    snapshot: str = ""  #: fingerprint of the source snapshot its plan was made from
    mappings: str = ""  #: fingerprint of the mappings its plan was made from
