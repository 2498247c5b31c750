"""The completeness equation: nothing fell through, in count and in money, on either side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.errors import ConservationError
from sagerecon.model.money import total
from sagerecon.reconciliation.verdict import RecordVerdict, Verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """So many, worth so much."""

    count: int = 0
    amount: Decimal = Decimal()

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, total((self.amount, other.amount)))

    def __str__(self) -> str:
        return f"{self.count} worth {self.amount}"


@dataclass(frozen=True, slots=True)
class SourceLine:
    """read = created + already there + left out + merged + quarantined + not yet written, for one mapping.

    Where a record was taken to Sage it counts as created or already there, whatever became of it since:
    that is what the verdicts say.
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
    """held = ours + there before + came along + extra, for one kind.

    What came along is what Sage made by itself with one of ours, as a bank account's ledger account.
    """

    kind: str
    held: Tally
    ours: Tally
    there_before: Tally
    came_along: Tally
    extra: Tally

    @property
    def parts(self) -> Tally:
        """The right-hand side of the equation."""
        return self.ours + self.there_before + self.came_along + self.extra


class Counter:
    """Tallies by group and class, taken as things pass."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[tuple[str, str], str], list[Tally]] = {}

    def add(self, group: tuple[str, str], part: str, amount: Decimal | None) -> None:
        """Count one thing."""
        tally = self._tallies.setdefault((group, part), [Tally()])
        tally[0] += Tally(1, Decimal() if amount is None else amount)

    def get(self, group: tuple[str, str], part: str) -> Tally:
        """What was counted."""
        return self._tallies.get((group, part), [Tally()])[0]

    @property
    def groups(self) -> list[tuple[str, str]]:
        """The groups in the order of their first thing."""
        return list(dict.fromkeys(group for group, _ in self._tallies))


#: The groups are (kind, mapping) on the source's side and (kind, "") on Sage's.
Group = tuple[str, str]


def source_lines(read: Counter, verdicts: Iterable[RecordVerdict]) -> tuple[SourceLine, ...]:
    """The equation of each mapping, proven: `read` was counted as the records came in.

    Raises:
        ConservationError: a record fell through, or counts twice.
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
    held: Counter, classes: Mapping[str, Iterable[tuple[str, Decimal | None]]]
) -> tuple[SageLine, ...]:
    """The equation of each kind read back, proven: `held` was counted as the entities came in.

    Raises:
        ConservationError: an entity fell through, or counts twice.
    """
    parts = Counter()
    for kind, entities in classes.items():
        for part, amount in entities:
            parts.add((kind, ""), part, amount)
    lines = tuple(
        SageLine(
            kind=group[0],
            held=held.get(group, "held"),
            ours=parts.get(group, "ours"),
            there_before=parts.get(group, "there_before"),
            came_along=parts.get(group, "came_along"),
            extra=parts.get(group, "extra"),
        )
        for group in sorted(dict.fromkeys((*held.groups, *parts.groups)))
    )
    for line in lines:
        _conserve(f"{line.kind} held by Sage = their classes", line.held, line.parts)
    return lines


def group_of(kind: str, key: str) -> Group:
    """The line a record counts in."""
    return kind, key.partition("/")[0]


def _conserve(law: str, whole: Tally, parts: Tally) -> None:
    if whole != parts:
        raise ConservationError(law, whole, parts)


def _class(verdict: RecordVerdict) -> str:
    if verdict.is_merged:
        return "merged"
    if verdict.is_recorded:
        return "created" if verdict.is_created else "already_there"
    match verdict.verdict:
        case Verdict.LEFT_OUT:
            return "left_out"
        case Verdict.QUARANTINED:
            return "quarantined"
        case _:
            return "not_yet_written"
