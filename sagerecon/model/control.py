"""Control totals: one figure, taken in several ways over the same grouping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.finding import Severity
from sagerecon.model.place import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Figure:
    """One way of taking a control total: the amount of each bucket, such as a customer.

    A figure that is known as a total only has the single bucket "".
    """

    name: str  #: open_invoices
    about: str  #: open invoices
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Item:
    """A record that is part of a control total and may explain a difference in it."""

    bucket: str
    label: str  #: invoice 1039
    amount: Decimal
    origin: Place


@dataclass(frozen=True, slots=True)
class Control:
    """Figures of the source that must agree with each other, and the records they consist of.

    A control with one figure must be zero, such as a trial balance.
    """

    name: str
    about: str
    figures: tuple[Figure, ...]
    items: tuple[Item, ...] = ()
    severity: Severity = Severity.WARNING
    hint: str = ""
    place: Place = NOWHERE
