"""The records with one kind, standing and rule, which one decision can settle."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sagerecon.model.draft import LeftOut
from sagerecon.pairing.answers import DELETIONS, FOR_ONE, DecisionAnswer, answers, price
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
class Group:
    """Records with one kind, standing and rule."""

    kind: str
    standing: Standing
    rule: str
    positions: tuple[Position, ...]
    is_in_use: bool = False  #: another record, which stays in Sage, keeps one of them from being deleted
    is_part: bool = False  #: others have its kind, standing and rule, and do not wait

    @property
    def name(self) -> str:
        """Its name on the command line."""
        return group_name(self.kind, self.standing, self.rule)

    @property
    def covers(self) -> Covers:
        """What a decision about it would cover."""
        return covers(map(figures, self.positions))

    @property
    def answers(self) -> tuple[DecisionAnswer, ...]:
        """The answers that can be given for all of its records at once.

        Of a duplicate in Sage it is said by itself which entity counts.
        """
        if self.standing is Standing.DUPLICATE_IN_SAGE:
            return ()
        is_entered_again = all(position.suspect is not None for position in self.positions)
        is_clear = self.rule not in (AMBIGUOUS, _name(RenameRule.OTHER_KIND))
        return tuple(
            answer
            for answer in answers(self.standing)
            if answer not in FOR_ONE
            and (is_clear or answer is not DecisionAnswer.SAME_RECORD)
            and (is_entered_again or answer is not DecisionAnswer.ADOPT)
        )

    @property
    def offered(self) -> tuple[DecisionAnswer, ...]:
        """The answers that can be given, without those that its records are known to refuse.

        There is none where a decision about the group would be about others, too.
        """
        if self.is_part:
            return ()
        return offered_answers(self.answers, self.standing, self.positions, is_in_use=self.is_in_use)


def offered_answers(
    possible: Iterable[DecisionAnswer],
    standing: Standing,
    positions: Sequence[Position],
    *,
    is_in_use: bool = False,
) -> tuple[DecisionAnswer, ...]:
    """Return the answers that a decision can give, without deletions that are known to be impossible.

    What the source changed is sent without a decision; `push` sends again what Sage has refused.
    """
    refused = set(DELETIONS) if is_in_use or any(at.agreement.edits for at in positions) else set()
    if standing is Standing.SOURCE_CHANGED and not all(at.refusal(is_deletion=False) for at in positions):
        refused.add(DecisionAnswer.PUSH)
    return tuple(answer for answer in possible if answer not in refused)


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
    """Return the command that decides on a group; or shows its first record where none does.

    Of several answers the command has none yet, and they are named after it.
    """
    possible = group.offered
    if not possible:
        return show_command(group.positions[0].key)
    if len(possible) == 1:
        return decide_command(group.name, possible[0].value)
    *others, last = (_priced(answer, len(group.positions)) for answer in possible)
    names = f"{', '.join(others)} or {last}"
    return f"{decide_command(group.name, 'ANSWER')}, where ANSWER is {names}"


def _priced(answer: DecisionAnswer, records: int) -> str:
    calls = price(answer, records)
    return f"{answer.value} ({calls})" if calls else answer.value


def decide_command(name: str, answer: str) -> str:
    """Return the command that records a decision about a key or a group."""
    sides = " --ours FIELD --theirs FIELD" if answer == DecisionAnswer.FIELDS.value else ""
    return f'sagerecon decide take {shlex.quote(name)} {answer}{sides} --because "WHY"'


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
