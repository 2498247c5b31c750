"""What a validation rule is, and what it needs to know of the business."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class BusinessSettings:
    """The settings of the business in Sage that decide which drafts it accepts; None where not known."""

    accounts_start: date | None = None
    lockdown: date | None = None
    country: str = ""
    edition: str = ""
    is_tax_registered: bool = True


#: Yields a finding for each fault of a draft.
Rule: TypeAlias = Callable[[Draft, Catalog, BusinessSettings], Iterator[Finding]]


def described(draft: Draft) -> str:
    """Return the draft's kind and its name for people: `sales invoice 1021`."""
    return f"{draft.kind.replace('_', ' ')} {draft.label or draft.key}"


def place_of(draft: Draft) -> Place:
    """Return the source row of a draft; its place in the mapping where it has none."""
    return draft.origins[0] if draft.origins else draft.place or NOWHERE
