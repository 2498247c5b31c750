"""The completeness equation: nothing fell through, in count and in money, on either side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """So many, worth so much."""

    count: int = 0
    amount: Decimal = Decimal()


@dataclass(frozen=True, slots=True)
class SourceLine:
    """read = created + already there + left out + merged + quarantined + not yet written, for one mapping."""

    kind: str
    mapping: str
    read: Tally
    created: Tally
    already_there: Tally
    left_out: Tally
    merged: Tally
    quarantined: Tally
    not_yet_written: Tally


@dataclass(frozen=True, slots=True)
class SageLine:
    """held = ours + there before + came along + extra, for one kind.

    What came along is what Sage made by itself with one of ours, as a bank account's ledger account.
    """

    kind: str
    held: Tally
    ours: Tally
    there_before: Tally
    came_along: Tally
    extra: Tally
