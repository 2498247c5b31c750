"""Which parts of the mappings the tests have used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.mapping.probe import Point
from sagerecon.model.money import rounded


@dataclass(frozen=True, slots=True)
class Covered:
    """How many parts of a mapping file the tests have used, and those that they have not."""

    file: str
    used: int
    missing: tuple[Point, ...]

    @property
    def parts(self) -> int:
        """The number of parts that can be used."""
        return self.used + len(self.missing)

    @property
    def percent(self) -> Decimal:
        """The share of the parts that were used, rounded down to one decimal: 100.0 is all of them."""
        return percent(self.used, self.parts)


def percent(used: int, parts: int) -> Decimal:
    """Return a share in per cent, rounded down to one decimal; 100 where there are no parts."""
    return rounded(Decimal(100 * used) / parts, 1, "ROUND_DOWN") if parts else Decimal("100.0")


def coverage(uses: Mapping[Point, int]) -> Iterator[Covered]:
    """Yield what was used of each mapping file, by its name."""
    files: dict[str, list[Point]] = {}
    for point in sorted(uses):
        files.setdefault(point.place.file, []).append(point)
    for file, points in files.items():
        missing = tuple(point for point in points if not uses[point])
        yield Covered(file, len(points) - len(missing), missing)
