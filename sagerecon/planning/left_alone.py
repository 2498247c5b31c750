"""Findings about the records that a plan leaves alone, one for each group of records with one reason."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.money import grouped, total
from sagerecon.pairing.answers import STANDING_NAMES, DecisionAnswer
from sagerecon.pairing.groups import Group, decide_command, decide_command_of, drop_command, show_command
from sagerecon.pairing.renames import RenameRule
from sagerecon.pairing.standing import Standing
from sagerecon.planning.step import KeepStep, Step, WaitStep, name_of, place_of

#: Records named in the finding of a group; the steps of the plan name all.
_EXAMPLES = 3

#: What is the matter with a record for which others wait; the latter is followed by the decision's subject.
WAITS, LEFT_OUT_BY = "which waits", "which is left out by decision "

_AGAIN = "then run: sagerecon snapshot, sagerecon plan"

#: What to do about records that may be earlier ones, by the rule that pairs them.
_REMEDIES = {
    RenameRule.OTHER_KIND.value: "Let the mapping make the earlier kind again",
    RenameRule.OTHER_MAPPING.value: "Give the mapping its earlier name",
    RenameRule.LEADING_ZEROS.value: (
        "Restore the keys in the source, or rebuild them in the SQL of the dataset (lpad)"
    ),
}
_OTHER_REMEDY = "Restore the earlier keys in the source, or rebuild them in the SQL of the dataset"

_Left = TypeVar("_Left", bound=WaitStep | KeepStep)


#: By kind and draft key, the group with which a record can be decided on.
Decidable: TypeAlias = Mapping[tuple[str, str], Group]


def left_alone(steps: Sequence[Step], decidable: Mapping[tuple[str, str], Group] = {}) -> Iterator[Finding]:
    """Yield a finding for each group: renamed, waiting for another record, waiting, kept in Sage.

    Args:
        decidable: the group of each record that a decision can settle.
    """
    waiting = [step for step in steps if isinstance(step, WaitStep)]
    renamed = [step for step in waiting if step.earlier]
    of_kind = Counter(step.kind for step in renamed)
    for group in _groups(renamed, decidable):
        yield _decidable(_renamed(group, of_kind[group[0].kind]), group, decidable)
    for group in _groups([step for step in waiting if step.refers_to]):
        yield _dependent(group)
    for group in _groups([step for step in waiting if step.is_withheld]):
        yield _withheld(group)
    for group in _groups([step for step in waiting if step.refused], decidable):
        yield _decidable(_refused(group), group, decidable)
    others = [s for s in waiting if not (s.earlier or s.refers_to or s.decided or s.refused)]
    for group in _groups(others, decidable):
        yield _decidable(_undecided(group), group, decidable)
    kept = [step for step in steps if isinstance(step, KeepStep)]
    for left in _groups(kept, decidable):
        of_group = decidable.get((left[0].kind, left[0].key))
        refused = {offer.answer for offer in of_group.offers if offer.refused} if of_group else set()
        yield _decidable(_kept(left, DecisionAnswer.REVERSE in refused), left, decidable)


def _decidable(finding: Finding, group: Sequence[WaitStep | KeepStep], decidable: Decidable) -> Finding:
    """Return the finding with the command by which the group is decided on, and all that it decides on."""
    of_group = decidable.get((group[0].kind, group[0].key))
    if of_group is None:
        return finding
    count, verb = len(of_group.positions), "Or decide" if finding.hint else "Decide"
    on = f" on all {count:,} records of {of_group.name}" if count > len(group) and of_group.offered else ""
    return replace(finding, hint=f"{finding.hint} {verb}{on}: {decide_command_of(of_group)}".lstrip())


def _renamed(group: Sequence[WaitStep], of_kind: int) -> Finding:
    """Return the finding about drafts that one rule explains.

    Args:
        of_kind: the number of drafts of the kind that may be earlier records, by any rule.
    """
    rule = group[0].rule
    pairs = _examples([f"{step.key} (earlier: {alternatives(step.earlier)})" for step in group])
    return _finding(
        Code.RENAMED_IN_SOURCE,
        group[0],
        f"{_counted(group)} may have been recorded by an earlier run under another key"
        f" ({rule}: {len(group):,} of {of_kind:,}): {pairs}. Not sent, so that nothing is doubled.",
        f"{_REMEDIES.get(rule, _OTHER_REMEDY)}, {_AGAIN}.",
    )


def _dependent(group: Sequence[WaitStep]) -> Finding:
    pairs = _examples([f"{step.key} (refers to {step.refers_to})" for step in group])
    verbs = ("refers", "is") if len(group) == 1 else ("refer", "are")
    if decision := group[0].decided:
        hint = f"Drop that decision (sagerecon decide drop {shlex.quote(decision)})"
        if all(step.standing is Standing.NEW for step in group):
            each = "it" if len(group) == 1 else "each"
            command = decide_command(group[0].key, DecisionAnswer.LEAVE_OUT.value)
            hint += f", or leave {each} out as well: {command}"
        return _finding(
            Code.REFERS_TO_WAITING,
            group[0],
            f"{_counted(group)} {verbs[0]} to a record that is left out by decision,"
            f" and {verbs[1]} not sent: {pairs}.",
            hint,
        )
    waits = all(step.reason.endswith(WAITS) for step in group)
    what = "a record that waits" if waits else "a record that waits or is in Sage no more"
    return _finding(
        Code.REFERS_TO_WAITING,
        group[0],
        f"{_counted(group)} {verbs[0]} to {what}, and {verbs[1]} not sent: {pairs}.",
        "Decide on the records that wait, or correct them, first."
        if waits
        else "Decide on those records first; what Sage no longer holds can be written again"
        " if the source has it.",
    )


def _undecided(group: Sequence[WaitStep]) -> Finding:
    if group[0].standing in (Standing.ALREADY_IN_SAGE, Standing.DUPLICATE_IN_SAGE):
        return _finding(
            Code.UNCERTAIN_IN_SAGE,
            group[0],
            f"Sage may hold {_counted(group)} already: {_examples([s.key for s in group])}."
            f" Not sent until that is decided. The first: {group[0].reason}",
            "Compare it with Sage.",
        )
    return _finding(
        Code.UNDECIDED,
        group[0],
        f"Not sent: {_counted(group)} ({group[0].standing.value}): {_examples([s.key for s in group])}.",
        "Compare source and Sage, and correct one of them.",
    )


def _withheld(group: Sequence[WaitStep]) -> Finding:
    name, they_are = group[0].decided, "it is" if len(group) == 1 else "they are"
    of_group = ":" + STANDING_NAMES.get(group[0].standing, "")
    is_empty = "/" in name or of_group not in name  # the key is lost, or no record has the group's standing
    shown = group[0].key if is_empty else name
    return _finding(
        Code.UNDECIDED,
        group[0],
        f"Not sent: {_counted(group)} ({group[0].standing.value}): {_examples([s.key for s in group])}."
        f" What was decided about {name} has no effect any more.",
        f"Decide again: {show_command(shown)}. Or drop that decision, so that {they_are} sent:"
        f" {drop_command(name)}",
    )


def _refused(group: Sequence[WaitStep]) -> Finding:
    it_is, first = ("It is", "") if len(group) == 1 else ("They are", "The first: ")
    once = "once the source or what Sage holds has changed"
    return _finding(
        Code.REJECTED,
        group[0],
        f"Not sent again: {_counted(group)} ({group[0].standing.value}): {_examples([s.key for s in group])}."
        f" {first}{group[0].refused}",
        f"{it_is} sent again {once}: correct Sage, then run sagerecon reconcile.",
    )


def _kept(group: Sequence[KeepStep], is_reversal_refused: bool) -> Finding:
    rule, standing = group[0].rule, group[0].standing
    why = f"left out by rule {rule} now" if rule else standing.value
    names = _examples([f"{step.key} ({step.label})" if step.label else step.key for step in group])
    is_gone = standing is Standing.GONE_FROM_SOURCE
    edited = f", and edited in Sage since ({', '.join(group[0].edited)})" if group[0].edited else ""
    undone = ", or delete them there by hand" if edited else ", or reverse them in Sage"
    undone = undone if edited or not is_reversal_refused else ""
    return _finding(
        Code.GONE_FROM_SOURCE if is_gone else Code.UNDECIDED,
        group[0],
        f"{_counted(group)} recorded by an earlier run, {why}{edited}: {names}. Left in Sage unchanged.",
        f"Restore them in the source{undone}." if is_gone else "",
    )


def _finding(code: Code, first: WaitStep | KeepStep, message: str, hint: str) -> Finding:
    return Finding(code=code, place=place_of(first), message=message, hint=hint, severity=Severity.WARNING)


def _groups(steps: Iterable[_Left], decidable: Mapping[tuple[str, str], Group] = {}) -> list[list[_Left]]:
    """Return the steps by the group that a decision settles, else by kind and mapping, and by reason."""
    groups: dict[tuple[object, ...], list[_Left]] = {}
    for step in steps:
        waits_for_another = isinstance(step, WaitStep) and bool(step.refers_to)
        besides = step.decided if isinstance(step, WaitStep) else step.edited
        refused = step.refused.replace(name_of(step), "") if isinstance(step, WaitStep) else ""
        reason = besides if waits_for_another else (step.standing, step.rule, besides, refused)
        of_group = decidable.get((step.kind, step.key))
        name = (of_group.name, of_group.is_alone) if of_group else _family(step)
        groups.setdefault((name, reason), []).append(step)
    return list(groups.values())


def _family(step: WaitStep | KeepStep) -> tuple[str, str]:
    return step.kind, step.key.partition("/")[0]


def _counted(group: Sequence[WaitStep | KeepStep]) -> str:
    """Return the number of records with their kind, and their amount where they have one."""
    count, amounts = len(group), [step.amount for step in group if step.amount is not None]
    text = f"{count:,} {group[0].kind} record{'' if count == 1 else 's'}"
    return f"{text} ({grouped(total(amounts))})" if amounts else text


def alternatives(keys: Sequence[str]) -> str:
    """Return the keys of which one is meant: `A or B`; of more than three, the number of the others."""
    more = f", or {len(keys) - _EXAMPLES:,} more" if len(keys) > _EXAMPLES else ""
    return f"{' or '.join(keys[:_EXAMPLES])}{more}"


def _examples(names: Sequence[str]) -> str:
    more = f", and {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    return f"{', '.join(names[:_EXAMPLES])}{more}"
