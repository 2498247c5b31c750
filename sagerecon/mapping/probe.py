"""Counting which parts of a mapping records have used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sagerecon.mapping.record_context import Reader, RecordContext
from sagerecon.model.place import Place


class Part(StrEnum):
    """What a part of a mapping is."""

    FIELD = "field"  #: used when it gave a value
    BRANCH = "branch"  #: of a `choose`, used when it was taken; or an outcome of a condition
    ENUM = "enum"  #: one entry, used when its key was met
    DEFAULT = "default"  #: used when it replaced a value
    RULE = "rule"  #: used when it applied, and a check when it failed


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One part of a mapping that records can use, at its place in the mapping file."""

    place: Place
    part: Part
    name: str

    @property
    def described(self) -> str:
        """The part for people: `field main_address.city`, `enum entry UK`."""
        return f"{'enum entry' if self.part is Part.ENUM else self.part.value} {self.name}"


class Probe:
    """Counts the uses of each part of the mappings that are compiled with it."""

    def __init__(self) -> None:
        self.uses: dict[Point, int] = {}

    def counter(self, part: Part, name: str, place: Place) -> Callable[[], None]:
        """Return what counts one use of a part, which has none yet."""
        point = Point(place, part, name)
        uses = self.uses
        uses.setdefault(point, 0)

        def count() -> None:
            uses[point] += 1

        return count


def counted_when_given(read: Reader, probe: Probe | None, name: str, place: Place) -> Reader:
    """Return the reader of a field; it counts as used when it gives a value."""
    if probe is None:
        return read
    count = probe.counter(Part.FIELD, name, place)

    def counted(record: RecordContext) -> Any:
        value = read(record)
        if value is not None and value != "":
            count()
        return value

    return counted


def counted_when_read(read: Reader, probe: Probe | None, part: Part, name: str, place: Place) -> Reader:
    """Return a reader that counts as used when it is read, also where it refuses the record."""
    if probe is None:
        return read
    count = probe.counter(part, name, place)

    def counted(record: RecordContext) -> Any:
        count()
        return read(record)

    return counted


def counted_outcomes(condition: Reader, probe: Probe | None, name: str, place: Place) -> Reader:
    """Return a condition of which both outcomes are branches."""
    if probe is None:
        return condition
    met = probe.counter(Part.BRANCH, f"{name} is met", place)
    unmet = probe.counter(Part.BRANCH, f"{name} is not met", place)

    def counted(record: RecordContext) -> Any:
        value = condition(record)
        (met if value else unmet)()
        return value

    return counted


def counted_when(condition: Reader, probe: Probe | None, name: str, place: Place, *, is_met: bool) -> Reader:
    """Return the condition of a rule, which counts as used when the condition is met, or is not met."""
    if probe is None:
        return condition
    count = probe.counter(Part.RULE, name, place)

    def counted(record: RecordContext) -> Any:
        value = condition(record)
        if bool(value) is is_met:
            count()
        return value

    return counted
