"""The decisions of a project that are in effect, and what is said about those that are not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from sagerecon.model.clock import Clock, day_of
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.pairing.decide import Decisions
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.figures import covers, digest_of, figures
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement
from sagerecon.project.decisions_file import project_decisions
from sagerecon.project.private_files import make_private_folder, read_text, write_private
from sagerecon.project.project import Project


def decisions_in_effect(project: Project, clock: Clock) -> Decisions:
    """Return the decisions of a project, with what is needed to know whether they still hold.

    Raises:
        ProjectFileError: `decisions.yaml` has errors; every finding is attached.
    """
    entries = project_decisions(project)
    return Decisions(
        entries=entries,
        today=day_of(clock.now()),
        members={entry.covers.fingerprint: _members(project, entry) for entry in entries},
    )


def remember_members(project: Project, positions: Iterable[Position]) -> None:
    """Remember the records of a decision about many, so that it holds while some of them are carried out.

    Raises:
        ProjectError: they cannot be written.
    """
    found = [figures(position) for position in positions]
    path = _members_file(project, covers(found).fingerprint)
    make_private_folder(path.parent)
    write_private(path, [json.dumps(sorted(record.digest for record in found))])


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
                code=Code.DECISION_LAPSED,
                place=decision.place,
                message=f"{what} {verb}: {entry.why}.",
                hint=f"Decide again, or drop it: sagerecon decide drop {decision.subject}",
                severity=Severity.WARNING,
            )


def _members(project: Project, decision: Decision) -> Set[str]:
    """Return the digests of the records that a decision was made about; none where they are not known."""
    path = _members_file(project, decision.covers.fingerprint)
    if decision.key or not path.exists():
        return frozenset()
    try:
        found = list(map(str, json.loads(read_text(path, project.name(path)))))
    except (ValueError, TypeError):
        return frozenset()
    return frozenset(found) if digest_of(found) == decision.covers.fingerprint else frozenset()


def _members_file(project: Project, fingerprint: str) -> Path:
    name = "".join(letter for letter in fingerprint if letter.isalnum())
    return project.state / "decided" / f"{name}.json"
