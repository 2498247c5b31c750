"""Control totals: one figure taken in several ways over the same grouping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.finding import Severity
from sagerecon.model.place import NOWHERE, Place


@dataclass(frozen=True, slots=True)
class Figure:
    """One way of taking a control total: the amount of each bucket, such as a customer.

    A figure that is only known as a total has the one bucket "".
    """

    name: str  #: open_invoices
    about: str  #: open invoices
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Item:
    """A record that makes up a control total and so may account for a gap in it."""

    bucket: str
    label: str  #: invoice 1039
    amount: Decimal
    origin: Place


@dataclass(frozen=True, slots=True)
class Control:
    """Figures of the source that ought to agree with each other, and the records they are made of.

    A control of one figure ought to be zero, as a trial balance is.
    """

    name: str
    about: str
    figures: tuple[Figure, ...]
    items: tuple[Item, ...] = ()
    severity: Severity = Severity.WARNING
    hint: str = ""
    place: Place = NOWHERE
