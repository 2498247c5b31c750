"""The figures of one column of a table: its type, blanks, distinct values, least and greatest, total."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.value import Scalar


@dataclass(frozen=True, slots=True)
class Misfit:
    """A text that a type does not fit, and the address of the first row that has it."""

    text: str
    origin: str
    hint: str = ""  #: what reads it, if that is known


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """One column: how it is or can be declared, and its figures over all rows."""

    title: str
    name: str
    type: str  #: with the format of its dates
    rows: int  #: that are not blank
    blanks: int
    distinct: int
    least: Scalar = None
    greatest: Scalar = None
    total: Decimal | None = None  #: of numbers
    samples: tuple[str, ...] = ()
    nearest: str = ""  #: another type, which fits `fits` rows
    fits: int = 0
    misfits: tuple[Misfit, ...] = ()
