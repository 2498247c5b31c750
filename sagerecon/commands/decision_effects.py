"""The decisions of a project that are in effect, and what is said about those that are not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sagerecon.model.clock import Clock, day_of
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import STATE_FILE
from sagerecon.model.value import encodable
from sagerecon.pairing.decide import Decisions
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.figures import digest_of, figures
from sagerecon.pairing.groups import drop_command
from sagerecon.pairing.position import Position
from sagerecon.pairing.renames import marks
from sagerecon.pairing.settlement import Settlement
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.private_files import is_there, make_private_folder, read_text, write_private
from sagerecon.project.project import Project


def decisions_in_effect(project: Project, clock: Clock) -> Decisions:
    """Return the decisions of a project, with what is needed to know whether they still hold.

    Raises:
        ProjectFileError: `decisions.yaml` has errors; every finding is attached.
    """
    entries = project_decisions(project)
    members = {entry.covers.fingerprint: _members(project, entry) for entry in entries}
    return Decisions(
        entries=entries,
        today=day_of(clock.now()),
        members={covered: frozenset(found) for covered, found in members.items()},
        keys={
            covered: {key: frozenset(known) for key, *known in filter(None, found.values())}
            for covered, found in members.items()
        },
    )


def remember_members(project: Project, positions: Iterable[Position]) -> None:
    """Remember the records of a decision: their keys, and by what they may be told under another key.

    One about many holds while some of them are carried out; once it has lapsed, these are the ones that wait.

    Raises:
        ProjectError: they cannot be written.
    """
    found = {}
    for at in positions:
        known = marks(at.outcome, project.catalog) if isinstance(at.outcome, Draft) else ()
        found[figures(at).digest] = [at.key, *sorted(known)]
    path = _members_file(project, digest_of(list(found)))
    make_private_folder(path.parent)
    write_private(path, [json.dumps(found, sort_keys=True)])


def without_effect(settlement: Settlement) -> Iterator[Finding]:
    """Yield a warning for each decision that lapsed or cannot be carried out."""
    for verb, entries in (
        ("has lapsed", settlement.lapsed),
        ("has no effect", settlement.impossible),
    ):
        for entry in entries:
            decision = entry.decision
            what = f"the decision '{decision.answer.value}' about {decision.subject}"
            yield Finding(
                code=Code.REJECTED if entry.is_refused else Code.DECISION_LAPSED,
                place=decision.place,
                message=f"{what} {verb}: {entry.why}.",
                hint=f"Decide again, or drop it: {drop_command(decision.subject)}",
                severity=Severity.WARNING,
            )


def _members(project: Project, decision: Decision) -> Mapping[str, Sequence[str]]:
    """Return the key and the marks of each record of a decision, by its digest; none if not known.

    Earlier versions kept the key without marks, or the digest alone.
    """
    path = _members_file(project, decision.covers.fingerprint)
    if not is_there(path):
        return {}
    try:
        read = json.loads(read_text(path, project.name(path), STATE_FILE, follow=False))
        found = {encodable(str(name)): _texts(read[name]) if isinstance(read, dict) else () for name in read}
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if digest_of(list(found)) == decision.covers.fingerprint else {}


def _texts(value: object) -> Sequence[str]:
    """Return a text, or the texts of a list."""
    return [encodable(str(item)) for item in value] if isinstance(value, list) else [encodable(str(value))]


def _members_file(project: Project, fingerprint: str) -> Path:
    name = "".join(letter for letter in fingerprint if letter.isalnum())
    return project.state / "decided" / f"{name}.json"
