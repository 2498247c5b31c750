"""What a snapshot's columns hold, as figures."""

from __future__ import annotations

from dataclasses import dataclass

from sagerecon.model.value import Scalar


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of one table. `distinct`, `least` and `greatest` are None for a list."""

    table: str
    column: str
    type: str
    rows: int
    nulls: int
    distinct: int | None
    least: Scalar
    greatest: Scalar
    longest: int | None  #: characters of a text, items of a list
