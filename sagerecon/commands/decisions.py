"""Show what waits for a decision, and record or drop a decision."""

from __future__ import annotations

import getpass
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sagerecon.commands.decision_effects import remember_members
from sagerecon.commands.memory import why_incomplete
from sagerecon.commands.plans import decided_positions
from sagerecon.commands.preparation import prepare
from sagerecon.model.clock import Clock, day_of, whole_second
from sagerecon.model.errors import ProjectError
from sagerecon.model.suggestion import suggestion
from sagerecon.pairing import decidable as pairing
from sagerecon.pairing.answers import STANDINGS, DecisionAnswer, answers
from sagerecon.pairing.decidable import Decidable
from sagerecon.pairing.decisions import Decision, Side, group_name
from sagerecon.pairing.figures import theirs_digest
from sagerecon.pairing.groups import NOT_IN_SOURCE, Group, selected, show_command
from sagerecon.pairing.objections import differing_fields
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing
from sagerecon.project.decisions_file import DECISIONS_FILE, project_decisions
from sagerecon.project.decisions_text import with_decision, without_decision
from sagerecon.project.private_files import write_private
from sagerecon.project.project import Project
from sagerecon.project.store import open_store


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


def decidable(project: Project, clock: Clock) -> Decidable:
    """Return what waits for a decision, by the pairing that a plan of the current snapshot uses.

    Raises:
        ProjectFileError: `decisions.yaml` has errors.
        MappingError: the mappings have errors.
    """
    prepared = prepare(project)
    prepared.raise_on_errors()
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        contents = company.id_map.known().contents
        decided = decided_positions(project, prepared, contents, company, clock)
        incomplete = why_incomplete(company)
    return replace(pairing.decidable(decided, project.catalog), incomplete_store=incomplete)


def in_effect(found: Decidable, subject: Group) -> tuple[Decision, ...]:
    """Return the decisions in effect about the records of a subject, each once."""
    every = (found.settlement.of(position) for position in subject.positions)
    return tuple({id(decision): decision for decision in every if decision is not None}.values())


def subjects_of(name: str, among: Sequence[Group]) -> tuple[Group, ...]:
    """Return the records that a key, a label that one record has, or the name of a group means.

    One record is several subjects where it is decided whether it is an earlier one: that question, and what
    is to be decided besides, such as about what was edited in Sage.

    Raises:
        ProjectError: there is nothing of that name on which a decision can be made.
    """
    for group in among:
        for rule in dict.fromkeys((group.rule, group.rule or NOT_IN_SOURCE, "")):
            if name == group_name(group.kind, group.standing, rule):
                positions = selected(among, group.kind, group.standing, rule)
                return (Group(group.kind, group.standing, rule, positions),)
    records = [(group, position) for group in among for position in group.positions]
    named = [found for found in records if found[1].key == name]
    named = named or [found for found in records if _label(found[1]) == name]
    each = {(group.kind, group.standing, at.key) for group, at in named}
    if named and len({at.key for _, at in named}) == 1 and len(each) == len(named):
        return tuple(
            Group(group.kind, group.standing, key=position.key, positions=(position,))
            for group, position in named
        )
    if named and all(position.key == name for _, position in named):
        raise ProjectError(
            f"{len(named)} records of the source have the key '{name}'.",
            "Give each its own key in the source.",
        )
    if named:
        keys = ", ".join(position.key for _, position in named[:3])
        raise ProjectError(f"{len(named)} records are called '{name}'.", f"Name one by its key: {keys}.")
    raise _unknown(name, among)


def subject_of(name: str, among: Sequence[Group], answer: str = "") -> Group:
    """Return the subject of a name about which an answer can be given; the first where it is none of theirs.

    Raises:
        ProjectError: there is nothing of that name on which a decision can be made.
    """
    found = subjects_of(name, among)
    fitting = (each for each in found if answer in [valid.value for valid in answers(each.standing)])
    return next(fitting, found[0])


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
    subject = subject_of(name, found.groups, choice.answer)
    left = found.left_to(subject)
    if not left:
        raise ProjectError(
            f"Each record of {subject.name} has a decision of its own, which one about all does not replace.",
            f"Decide on each: {show_command(subject.positions[0].key)}",
        )
    subject = replace(subject, positions=left)
    decision = _decision(subject, choice, day_of(clock.now()))
    refused = found.refusals(decision, subject)
    for (_, key), why in refused.items():
        share = "" if subject.key else found.share_of(subject, refused)
        hint = f"{share[:1].upper()}{share[1:]}." if share else ""
        raise ProjectError(f"{key}: '{choice.answer}' is not possible: {why}.", hint)
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


def _decision(subject: Group, choice: Choice, today: date) -> Decision:
    """Return the decision; raise where the subject does not allow the answer or lacks what it needs."""
    allowed = subject.answers
    names = ", ".join(answer.value for answer in allowed)
    answer = next((answer for answer in allowed if answer.value == choice.answer), None)
    if answer is None:
        valid = [found.value for found in answers(subject.standing)]
        first = subject.positions[0]
        why = "is given for one record at a time" if choice.answer in valid else "is no answer to this"
        raise ProjectError(
            f"'{choice.answer}' {why}: {subject.standing.value}.",
            suggestion(choice.answer, [found.value for found in allowed])
            or (f"Possible: {names}." if names else f"Decide on each: {show_command(first.key)}"),
        )
    _check_options(subject, answer, choice, today)
    decision = Decision(
        standing=subject.standing,
        kind=subject.kind,
        rule=subject.rule,
        key=subject.key,
        answer=answer,
        because=" ".join(choice.because.split()),
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


def _check_options(subject: Group, answer: DecisionAnswer, choice: Choice, today: date) -> None:
    """Raise where the user says what does not belong to an answer, or not what it needs."""
    takes_id = bool(subject.key) and answer in (DecisionAnswer.THIS_ONE, DecisionAnswer.ADOPT)
    takes_earlier = bool(subject.key) and subject.standing is Standing.RENAMED_IN_SOURCE
    needs_id = answer is DecisionAnswer.THIS_ONE and subject.standing is Standing.DUPLICATE_IN_SAGE
    if not choice.because.split():
        raise ProjectError("A decision needs a reason.", "Give it with --because TEXT")
    if choice.until is not None and subject.standing is Standing.DUPLICATE_IN_SOURCE:
        raise ProjectError("--until does not apply to a duplicate in the source.", "Leave it out.")
    if choice.until is not None and choice.until < today:
        raise ProjectError(f"--until {choice.until} is over already.", f"Today is {today}.")
    if needs_id and not choice.sage_id:
        raise ProjectError("It is not said which entity counts.", "Name it with --sage-id ID")
    for option, is_wrong in (
        ("--sage-id", choice.sage_id and not takes_id),
        ("--from", choice.earlier and not takes_earlier),
    ):
        if is_wrong:
            raise ProjectError(f"{option} does not apply to '{answer.value}' about {subject.name}.")
    _check_sides(subject, answer, choice.fields)


def _check_sides(subject: Group, answer: DecisionAnswer, fields: Mapping[str, Side]) -> None:
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise ProjectError("It is not known who decides.", "Give the name with --by NAME") from error
