"""The records with one kind, standing and rule, which one decision can settle."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sagerecon.model.draft import LeftOut
from sagerecon.pairing.answers import FOR_ONE, DecisionAnswer, answers, price
from sagerecon.pairing.decisions import Covers, group_name
from sagerecon.pairing.figures import covers, figures
from sagerecon.pairing.position import Position
from sagerecon.pairing.renames import RenameRule
from sagerecon.pairing.standing import Standing, standing

#: The rule of renamed records of which several earlier ones, or several new ones, may be the same.
AMBIGUOUS = "ambiguous"

#: The rule of records that the source has no row of, where others of their kind are left out by a rule.
NOT_IN_SOURCE = "not_in_source"


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer about a record or a group: how it is typed, or why it cannot be given."""

    answer: DecisionAnswer
    parameters: str = ""  #: what is typed after it, with the names of what the user fills in
    refused: str = ""  #: why it is not offered; empty where it is

    @property
    def words(self) -> str:
        """The answer as it is typed."""
        return f"{self.answer.value} {self.parameters}".rstrip()


@dataclass(frozen=True, slots=True)
class Group:
    """Records with one kind, standing and rule; or a single one of them, named by its key."""

    kind: str
    standing: Standing
    rule: str = ""
    positions: tuple[Position, ...] = ()
    key: str = ""  #: of the single record
    offers: tuple[Offer, ...] = ()  #: every answer of its standing, where it is known which can be given
    others: int = 0  #: records that its name means besides, about which nobody has to decide with it

    @property
    def name(self) -> str:
        """Its name on the command line."""
        return self.key or group_name(self.kind, self.standing, self.rule)

    @property
    def covers(self) -> Covers:
        """What a decision about it would cover."""
        return covers(map(figures, self.positions))

    @property
    def answers(self) -> tuple[DecisionAnswer, ...]:
        """The answers of its standing, without those that are given for one record at a time.

        Of a duplicate in Sage it is said by itself which entity counts.
        """
        if self.key:
            return answers(self.standing)
        if self.standing is Standing.DUPLICATE_IN_SAGE:
            return ()
        return tuple(answer for answer in answers(self.standing) if answer not in FOR_ONE)

    @property
    def offered(self) -> tuple[Offer, ...]:
        """The answers that `take` accepts about it; none where its name means others too."""
        return tuple(offer for offer in self.offers if not offer.refused)

    @property
    def not_offered(self) -> Mapping[str, tuple[DecisionAnswer, ...]]:
        """The answers that cannot be given, by the reason."""
        found: dict[str, tuple[DecisionAnswer, ...]] = {}
        for offer in self.offers:
            if offer.refused:
                found[offer.refused] = (*found.get(offer.refused, ()), offer.answer)
        return found


def groups(positions: Iterable[Position]) -> list[Group]:
    """Return the groups of positions, in the order of their first record.

    Beside groups with a rule, the one without is given a rule too: without one, a name means all of them.
    """
    found = list(positions)
    claims = claims_on(found)
    members: dict[tuple[str, Standing, str], list[Position]] = {}
    for position in found:
        members.setdefault((position.kind, standing(position), rule_of(position, claims)), []).append(
            position
        )
    ruled = {(kind, of) for kind, of, rule in members if rule}
    return [
        Group(kind, of, rule or (NOT_IN_SOURCE if (kind, of) in ruled else ""), tuple(group))
        for (kind, of, rule), group in members.items()
    ]


def decide_command_of(group: Group) -> str:
    """Return the command that decides on a group, and why it lacks an answer; or what shows its first record.

    Of several answers the command has none yet, and they are named after it.
    """
    possible = group.offered
    if not possible:
        return show_command(group.positions[0].key)
    refused = (f"{', '.join(a.value for a in names)} ({why})" for why, names in group.not_offered.items())
    missing = f". Not offered: {'; '.join(refused)}" if group.not_offered else ""
    if len(possible) == 1:
        return decide_command(group.name, possible[0].words) + missing
    *others, last = (_priced(offer, len(group.positions)) for offer in possible)
    names = f"{', '.join(others)} or {last}"
    return f"{decide_command(group.name, 'ANSWER')}, where ANSWER is {names}{missing}"


def _priced(offer: Offer, records: int) -> str:
    calls = price(offer.answer, records)
    return f"{offer.words} ({calls})" if calls else offer.words


def decide_command(name: str, words: str) -> str:
    """Return the command that records a decision about a key or a group.

    Args:
        words: the answer as it is typed.
    """
    return f'sagerecon decide take {shlex.quote(name)} {words} --because "WHY"'


def drop_command(name: str) -> str:
    """Return the command that drops the decision about a key or a group."""
    return f"sagerecon decide drop {shlex.quote(name)}"


def show_command(name: str) -> str:
    """Return the command that shows a record or a group."""
    return f"sagerecon decide show {shlex.quote(name)}"


def claims_on(positions: Iterable[Position]) -> Mapping[tuple[str, str], int]:
    """Return by kind and key of each record written earlier the number of new drafts that may be it."""
    return Counter(
        (record.kind, record.key)
        for position in positions
        if position.rename is not None
        for record in position.rename.earlier
    )


def rule_of(position: Position, claims: Mapping[tuple[str, str], int]) -> str:
    """Return the name of the rule that explains the standing of a record; empty where none does."""
    if position.rename is not None:
        return AMBIGUOUS if _is_ambiguous(position, claims) else _name(position.rename.rule)
    return position.outcome.rule if isinstance(position.outcome, LeftOut) else ""


def _is_ambiguous(position: Position, claims: Mapping[tuple[str, str], int]) -> bool:
    earlier = position.rename.earlier if position.rename else ()
    return len(earlier) != 1 or any(claims[record.kind, record.key] > 1 for record in earlier)


def _name(rule: RenameRule) -> str:
    return rule.name.lower()


def selected(groups: Sequence[Group], kind: str, of: Standing, rule: str) -> tuple[Position, ...]:
    """Return the positions of a kind and standing: those that the rule explains, or all without a rule."""
    return tuple(
        position
        for group in groups
        if group.kind == kind and group.standing is of and rule in ("", group.rule or NOT_IN_SOURCE)
        for position in group.positions
    )
