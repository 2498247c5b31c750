"""The completeness equation: on each side, the counts and amounts of the classes add up to the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sagerecon.model.errors import ConservationError
from sagerecon.model.money import total
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.held import Origin
from sagerecon.reconciliation.verdict import RecordVerdict


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of records and the sum of their amounts."""

    count: int = 0
    amount: Decimal = Decimal()

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, total((self.amount, other.amount)))

    def __str__(self) -> str:
        return f"{self.count} worth {self.amount}"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """read = created + already there + left out + merged + quarantined + not yet written, for one mapping.

    A record that was taken to Sage counts as created or already there, whatever became of it since. The
    verdicts say what became of it.
    """

    kind: str
    mapping: str
    read: Tally
    created: Tally
    already_there: Tally
    left_out: Tally
    merged: Tally
    quarantined: Tally
    not_yet_written: Tally

    @property
    def parts(self) -> Tally:
        """The right-hand side of the equation."""
        carried = self.created + self.already_there
        return carried + self.left_out + self.merged + self.quarantined + self.not_yet_written


@dataclass(frozen=True, slots=True)
class SageLine:
    """held = ours + pre-existing + created by Sage + extra, for one kind.

    Created by Sage are its system records, and what it makes along with one of ours, such as the ledger
    account of a bank.
    """

    kind: str
    held: Tally
    ours: Tally
    pre_existing: Tally
    created_by_sage: Tally
    extra: Tally

    @property
    def parts(self) -> Tally:
        """The right-hand side of the equation."""
        return self.ours + self.pre_existing + self.created_by_sage + self.extra


#: (kind, mapping) on the source's side and (kind, "") on Sage's.
Group: TypeAlias = tuple[str, str]


class Counter:
    """Tallies by group and class."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[Group, str], Tally] = {}

    def add(self, group: Group, part: str, amount: Decimal | None) -> None:
        """Count one record with its amount; None counts as zero."""
        tally = self._tallies.get((group, part), Tally())
        self._tallies[group, part] = tally + Tally(1, Decimal() if amount is None else amount)

    def get(self, group: Group, part: str) -> Tally:
        """Return the tally of one class."""
        return self._tallies.get((group, part), Tally())

    @property
    def groups(self) -> list[Group]:
        """The groups, in the order in which they were first counted."""
        return list(dict.fromkeys(group for group, _ in self._tallies))


def source_lines(read: Counter, verdicts: Iterable[RecordVerdict]) -> tuple[SourceLine, ...]:
    """Return the proven equation of each mapping.

    Args:
        read: the records, counted when they were read.
        verdicts: the verdicts, from which the classes are counted.

    Raises:
        ConservationError: a record is missing, or is counted twice.
    """
    parts = Counter()
    for verdict in verdicts:
        if verdict.is_wanted:
            parts.add(group_of(verdict.kind, verdict.key), _class(verdict), verdict.amount)
    lines = tuple(
        SourceLine(
            kind=group[0],
            mapping=group[1],
            read=read.get(group, "read"),
            created=parts.get(group, "created"),
            already_there=parts.get(group, "already_there"),
            left_out=parts.get(group, "left_out"),
            merged=parts.get(group, "merged"),
            quarantined=parts.get(group, "quarantined"),
            not_yet_written=parts.get(group, "not_yet_written"),
        )
        for group in dict.fromkeys((*read.groups, *parts.groups))
    )
    for line in lines:
        _conserve(f"records read of {line.mapping} = their classes", line.read, line.parts)
    return lines


def sage_lines(
    held: Counter, classes: Mapping[str, Iterable[tuple[Origin, Decimal | None]]]
) -> tuple[SageLine, ...]:
    """Return the proven equation of each kind that was read back.

    Args:
        held: the entities, counted when they were read back.
        classes: the origin and amount of each entity, by kind.

    Raises:
        ConservationError: an entity is missing, or is counted twice.
    """
    parts = Counter()
    for kind, entities in classes.items():
        for origin, amount in entities:
            parts.add((kind, ""), origin.value, amount)
    lines = tuple(
        SageLine(
            kind=group[0],
            held=held.get(group, "held"),
            ours=parts.get(group, Origin.OURS.value),
            pre_existing=parts.get(group, Origin.PRE_EXISTING.value),
            created_by_sage=parts.get(group, Origin.CREATED_BY_SAGE.value),
            extra=parts.get(group, Origin.EXTRA.value),
        )
        for group in sorted(dict.fromkeys((*held.groups, *parts.groups)))
    )
    for line in lines:
        _conserve(f"{line.kind} held by Sage = their classes", line.held, line.parts)
    return lines


def group_of(kind: str, key: str) -> Group:
    """Return the group in which a record is counted: its kind and its mapping."""
    return kind, key.partition("/")[0]


def _conserve(law: str, whole: Tally, parts: Tally) -> None:
    if whole != parts:
        raise ConservationError(law, whole, parts)


def _class(verdict: RecordVerdict) -> str:
    if verdict.is_merged:
        return "merged"
    if verdict.verdict is Verdict.LEFT_OUT:
        return "left_out"
    if verdict.is_recorded:
        return "created" if verdict.is_created else "already_there"
    match verdict.verdict:
        case _ if verdict.is_set_aside:
            return "quarantined"
        case Verdict.QUARANTINED:
            return "quarantined"
        case _:
            return "not_yet_written"
