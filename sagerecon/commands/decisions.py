"""Show what waits for a decision, and record or drop a decision."""

from __future__ import annotations

import getpass
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sagerecon.commands.decision_effects import remember_members
from sagerecon.commands.plans import decided_positions
from sagerecon.commands.preparation import prepare
from sagerecon.model.catalog import Catalog
from sagerecon.model.clock import Clock, day_of, whole_second
from sagerecon.model.errors import ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.pairing.answers import STANDINGS, DecisionAnswer, answers
from sagerecon.pairing.decide import DecidedPositions, entities_chosen_twice
from sagerecon.pairing.decisions import Covers, Decision, Side, group_name
from sagerecon.pairing.figures import covers, figures, theirs_digest
from sagerecon.pairing.groups import NOT_IN_SOURCE, Group, claims_on, groups, offered_answers
from sagerecon.pairing.objections import differing_fields, objection
from sagerecon.pairing.position import Position
from sagerecon.pairing.referrers import blocked_reversals, refused_replacements
from sagerecon.pairing.refused import as_offered, is_left_alone
from sagerecon.pairing.settlement import Settlement
from sagerecon.pairing.standing import Standing, standing
from sagerecon.project.decisions_file import DECISIONS_FILE, project_decisions
from sagerecon.project.decisions_text import with_decision, without_decision
from sagerecon.project.private_files import write_private
from sagerecon.project.project import Project
from sagerecon.project.store import open_store


@dataclass(frozen=True, slots=True)
class Decidable:
    """What waits for decisions, and what became of those that were made."""

    waiting: tuple[Group, ...]
    settlement: Settlement
    #: Every group on which a decision can be made, whether or not one is in effect.
    groups: tuple[Group, ...]
    catalog: Catalog
    positions: Sequence[Position] = ()

    @property
    def needs_review(self) -> bool:
        """Whether something waits, or a decision has no effect any more."""
        return bool(self.waiting or self.settlement.lapsed or self.settlement.impossible)

    def offered(self, subject: Subject) -> tuple[DecisionAnswer, ...]:
        """Return the answers that can be given about a subject, without those that its records refuse."""
        possible = possible_answers(subject)
        is_in_use = subject.standing is Standing.SOURCE_CHANGED and bool(
            refused_replacements(subject.positions, self.positions, self.settlement.by_record, self.catalog)
        )
        return offered_answers(possible, subject.standing, subject.positions, is_in_use=is_in_use)

    def in_effect(self, subject: Subject) -> tuple[Decision, ...]:
        """Return the decisions in effect about the records of a subject, each once."""
        found = (self.settlement.of(position) for position in subject.positions)
        return tuple({id(decision): decision for decision in found if decision is not None}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user says on the command line about the records of a subject."""

    answer: str
    because: str
    by: str = ""  #: empty for the name under which the user is signed in to this machine
    until: date | None = None
    earlier: str = ""
    sage_id: str = ""
    fields: Mapping[str, Side] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """The records that a name on the command line means."""

    kind: str
    standing: Standing
    rule: str = ""
    key: str = ""  #: of the one record; empty for a group
    positions: tuple[Position, ...] = ()

    @property
    def name(self) -> str:
        """The name of the record or the group on the command line."""
        return self.key or group_name(self.kind, self.standing, self.rule)

    @property
    def covers(self) -> Covers:
        """What a decision about them would cover."""
        return covers(map(figures, self.positions))


def decidable(project: Project, clock: Clock) -> Decidable:
    """Return what waits for a decision, by the pairing that a plan of the current snapshot uses.

    Raises:
        ProjectFileError: `decisions.yaml` has errors.
        MappingError: the mappings have errors.
    """
    decided, undecided = _positions(project, clock)
    can_be_decided = [at for at in (*decided.positions, *decided.unknown) if answers(standing(at))]
    waiting = [
        at
        for at in can_be_decided
        if decided.settlement.of(at) is None
        and (is_left_alone(at) or decided.settlement.withholding(at) is not None)
    ]
    renamed = [at for at in undecided.positions if standing(at) is Standing.RENAMED_IN_SOURCE]
    others = [at for at in can_be_decided if standing(at) is not Standing.RENAMED_IN_SOURCE]
    found = (*groups(renamed), *groups(others))
    keys = {(at.kind, at.key, standing(at)) for at in waiting}
    in_effect = decided.settlement.by_record
    return Decidable(
        waiting=tuple(as_offered(_among(found, keys), decided.positions, in_effect, project.catalog)),
        settlement=decided.settlement,
        groups=found,
        catalog=project.catalog,
        positions=decided.positions,
    )


def _among(found: Iterable[Group], keys: Collection[tuple[str, str, Standing]]) -> Iterator[Group]:
    """Yield the groups with those of their records that wait."""
    for group in found:
        left = tuple(at for at in group.positions if (at.kind, at.key, group.standing) in keys)
        if left:
            yield replace(group, positions=left)


def subject_of(name: str, among: Sequence[Group]) -> Subject:
    """Return the records that a key, a label that one record has, or the name of a group means.

    Raises:
        ProjectError: there is nothing of that name on which a decision can be made.
    """
    for group in among:
        if name in (group.name, group_name(group.kind, group.standing, group.rule or NOT_IN_SOURCE)):
            return Subject(group.kind, group.standing, group.rule, positions=group.positions)
    whole = [group for group in among if name == group_name(group.kind, group.standing, "")]
    if whole:
        positions = tuple(position for group in whole for position in group.positions)
        return Subject(whole[0].kind, whole[0].standing, positions=positions)
    records = [(group, position) for group in among for position in group.positions]
    named = [found for found in records if found[1].key == name]
    named = named or [found for found in records if _label(found[1]) == name]
    if len(named) == 1:
        ((group, position),) = named
        return Subject(group.kind, group.standing, key=position.key, positions=(position,))
    if named and all(position.key == name for _, position in named):
        raise ProjectError(
            f"{len(named)} records of the source have the key '{name}'.",
            "Give each its own key in the source.",
        )
    if named:
        keys = ", ".join(position.key for _, position in named[:3])
        raise ProjectError(f"{len(named)} records are called '{name}'.", f"Name one by its key: {keys}.")
    raise _unknown(name, among)


def _unknown(name: str, among: Sequence[Group]) -> ProjectError:
    """Return the error about a name that means nothing, with the groups or the key that may be meant."""
    parts = [group.name for group in among if name in group.name.split(":")]
    known = [*(group.name for group in among), *(at.key for group in among for at in group.positions[:1000])]
    if name.partition(":")[2] in STANDINGS:
        message, hint = f"No record has the standing of '{name}' now.", ""
    else:
        message = f"There is no record and no group '{name}' on which a decision can be made."
        hint = f"Its groups are: {', '.join(parts)}." if parts else suggestion(name, known)
    return ProjectError(message, hint or "See what waits: sagerecon decide list")


def _label(position: Position) -> str:
    known = position.outcome or position.written
    return known.label if known is not None else ""


def take(project: Project, clock: Clock, name: str, choice: Choice) -> Decision:
    """Record a decision in `decisions.yaml`, in place of an earlier one about the same records.

    Raises:
        ProjectError: the answer is none of this subject's, or cannot be carried out; nothing was written.
        ProjectFileError: `decisions.yaml` has errors.
    """
    found = decidable(project, clock)
    subject = subject_of(name, found.groups)
    decision = _decision(subject, choice, day_of(clock.now()))
    claims = claims_on(at for group in found.groups for at in group.positions)
    for position in subject.positions:
        if why := objection(position, decision, claims, project.catalog):
            raise ProjectError(f"{position.key}: '{choice.answer}' is not possible: {why}.")
    decided = {**found.settlement.by_record, **{(at.kind, at.key): decision for at in subject.positions}}
    refused = {
        **blocked_reversals(found.positions, decided, project.catalog),
        **entities_chosen_twice(found.positions, decided),
    }
    for record, why in refused.items():
        if decided[record] is decision:
            raise ProjectError(f"{record[1]}: '{choice.answer}' is not possible: {why}.")
    remember_members(project, subject.positions)
    path = project.folder / DECISIONS_FILE
    text = project.text(path) if path.exists() else ""
    write_private(path, [with_decision(text, decision, project.catalog)])
    return decision


def drop(project: Project, name: str) -> tuple[Decision, ...]:
    """Remove the decisions about a key or a group from `decisions.yaml`, and return them.

    Args:
        name: of the group, or the key of the record, with or without its mapping where that is plain.

    Raises:
        ProjectError: there is none.
        ProjectFileError: `decisions.yaml` has errors.
    """
    entries = project_decisions(project)
    about = tuple(entry for entry in entries if entry.subject == name)
    if not about:
        in_source = tuple(entry for entry in entries if entry.key.partition("/")[2] == name)
        about = in_source if len({entry.subject for entry in in_source}) == 1 else ()
    if not about:
        hint = suggestion(name, [entry.subject for entry in entries]) or "See them: sagerecon decide list"
        raise ProjectError(f"There is no decision about '{name}' in {DECISIONS_FILE}.", hint)
    path = project.folder / DECISIONS_FILE
    text = project.text(path)
    for entry in reversed(about):  # from the end, so that the places of the others stay right
        text = without_decision(text, entry, project.catalog)
    write_private(path, [text])
    return about


def sides(ours: Collection[str], theirs: Collection[str]) -> dict[str, Side]:
    """Return of each named field which side counts.

    Raises:
        ProjectError: a field is named for both sides.
    """
    found = {**dict.fromkeys(ours, Side.OURS), **dict.fromkeys(theirs, Side.THEIRS)}
    if both := sorted(set(ours) & set(theirs)):
        raise ProjectError(f"{', '.join(both)}: both --ours and --theirs.", "Name each field once.")
    return found


def _positions(project: Project, clock: Clock) -> tuple[DecidedPositions, DecidedPositions]:
    """Return the positions by the decisions in effect, and those without any decision.

    They are the same unless a decision makes an earlier record one that the source has now.
    """
    prepared = prepare(project)
    prepared.raise_on_errors()
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        contents = company.id_map.known().contents
        decided = decided_positions(project, prepared, contents, company, clock)
        if not any(made.standing is Standing.RENAMED_IN_SOURCE for made in project_decisions(project)):
            return decided, decided
        return decided, decided_positions(project, prepared, contents, company, clock, with_decisions=False)


def _decision(subject: Subject, choice: Choice, today: date) -> Decision:
    """Return the decision; raise where the subject does not allow the answer or lacks what it needs."""
    allowed = possible_answers(subject)
    names = ", ".join(answer.value for answer in allowed)
    answer = next((answer for answer in allowed if answer.value == choice.answer), None)
    if answer is None:
        valid = [found.value for found in answers(subject.standing)]
        why = "is given for one record at a time" if choice.answer in valid else "is no answer to this"
        raise ProjectError(
            f"'{choice.answer}' {why}: {subject.standing.value}.",
            suggestion(choice.answer, [found.value for found in allowed]) or f"Possible: {names}.",
        )
    because = " ".join(choice.because.split())
    if not because:
        raise ProjectError("A decision needs a reason.", "Give it with --because TEXT")
    if choice.until is not None and subject.standing is Standing.DUPLICATE_IN_SOURCE:
        raise ProjectError("--until does not apply to a duplicate in the source.", "Leave it out.")
    if choice.until is not None and choice.until < today:
        raise ProjectError(f"--until {choice.until} is over already.", f"Today is {today}.")
    if (
        answer is DecisionAnswer.THIS_ONE
        and subject.standing is Standing.DUPLICATE_IN_SAGE
        and not choice.sage_id
    ):
        raise ProjectError("It is not said which entity counts.", "Name it with --sage-id ID")
    _check_sides(subject, answer, choice.fields)
    decision = Decision(
        standing=subject.standing,
        kind=subject.kind,
        rule=subject.rule,
        key=subject.key,
        answer=answer,
        because=because,
        by=" ".join(choice.by.split()) or _user(),
        on=today,
        until=choice.until,
        covers=subject.covers,
        earlier=choice.earlier,
        sage_id=choice.sage_id,
        fields=choice.fields,
    )
    refused = max((one.at for at in subject.positions for one in at.refusals), default=0)
    theirs = theirs_digest(subject.positions[0], decision.left_fields) if decision.left_fields else ""
    covered = replace(decision.covers, theirs=theirs, refused=whole_second(refused))
    return replace(decision, covers=covered)


def _check_sides(subject: Subject, answer: DecisionAnswer, fields: Mapping[str, Side]) -> None:
    """Raise where fields are named that do not belong to the answer, or that do not differ."""
    if answer is not DecisionAnswer.FIELDS:
        if fields:
            raise ProjectError(
                f"--ours and --theirs do not apply to '{answer.value}'.", "Use them with field_by_field"
            )
        return
    differing = differing_fields(subject.positions[0])
    if not fields:
        raise ProjectError(
            f"It is not said which side counts for {', '.join(differing)}.",
            "Name each with --ours FIELD or --theirs FIELD",
        )
    if other := [name for name in fields if name not in differing]:
        hint = suggestion(other[0], differing) or f"Fields that differ: {', '.join(differing)}."
        raise ProjectError(f"Source and Sage do not differ in '{other[0]}'.", hint)


def possible_answers(subject: Subject) -> tuple[DecisionAnswer, ...]:
    """Return the answers that can be given about a subject."""
    if subject.key:
        return answers(subject.standing)
    return Group(subject.kind, subject.standing, subject.rule, subject.positions).answers


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise ProjectError("It is not known who decides.", "Give the name with --by NAME") from error
