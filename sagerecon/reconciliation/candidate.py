"""What a record may be that no run has written under its key, with the values of each side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sagerecon.model.entity import Written
from sagerecon.reconciliation.field_explanation import FieldSides, sides_document


class Found(Enum):
    """What the last reading of Sage says about an entity."""

    FOUND = "found"
    NOT_FOUND = "not found"  #: its kind was read whole since it was written
    NOT_READ = "not read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record written earlier under another key, or an entity in Sage that no run has written."""

    sage_id: str
    key: str  #: the earlier key; empty for an entity in Sage
    name: str  #: by which Sage displays it
    written: Written | None  #: under the earlier key
    found: Found
    values: Mapping[str, Any] | None  #: the fields of the draft as Sage holds them; None where it has none
    sides: tuple[FieldSides, ...] = ()  #: of the field that was asked for, if one was


def candidate_document(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate as JSON, with what was sent and what Sage holds."""
    document = {"key": candidate.key, "sage_id": candidate.sage_id, "in_sage": candidate.found.value}
    if candidate.sides:
        return {**document, "values": sides_document(candidate.sides)}
    sent = candidate.written.sent if candidate.written is not None else None
    return {**document, "sent": sent, "sage": candidate.values}
