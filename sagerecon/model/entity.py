"""Entities in Sage as they were read, and records as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sagerecon.model.place import Place

#: Parts of an answer that change without anybody's doing.
NOISE = frozenset({"$path", "displayed_as", "updated_at", "created_at"})


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity read from Sage, as its JSON answer with exact numbers."""

    kind: str
    sage_id: str
    body: Mapping[str, Any]

    @property
    def displayed_as(self) -> str:
        """The name by which Sage displays it."""
        return str(self.body.get("displayed_as", ""))


@dataclass(frozen=True, slots=True)
class Written:
    """One record as an earlier run wrote it: what was sent, what Sage answered, and when.

    `sent` is the body of the plan, with references by key (`plan.node_document`), so that it can be compared
    with a current draft; `answer` is the JSON of Sage. An adopted entity was not sent: `sent` is the body
    that was planned, and `answer` is the entity that was found. `content` is the fingerprint of `sent`.
    """

    kind: str
    key: str
    sage_id: str
    sent: Mapping[str, Any]
    answer: Mapping[str, Any]
    written_at: int
    content: str
    adopted: bool = False
    is_claimed: bool = False  #: it was adopted by decision, whatever it held: its differences are edits
    label: str = ""  #: its name for people, as the draft had it
    amount: Decimal | None = None  #: its amount in the source
    identity: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[Place, ...] = ()  #: its source rows at the time
    snapshot: str = ""  #: fingerprint of the source snapshot its plan was made from
    mappings: str = ""  #: fingerprint of the mappings its plan was made from

    @property
    def mapping(self) -> str:
        """The name of the mapping that made its draft."""
        return self.key.partition("/")[0]
