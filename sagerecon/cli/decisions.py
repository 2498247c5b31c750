"""The commands `decide list`, `decide show`, `decide take` and `decide drop`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json

Name = Annotated[
    str,
    typer.Argument(
        metavar="KEY-or-GROUP",
        help="A record's key or label, or the name of a group.",
    ),
]

_NOT_BEFORE = "Decide nothing yet about what Sage holds, for it is not known whether a run wrote it."


def list_decisions(
    project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False
) -> None:
    """List what waits for a decision, with the command for each, and the decisions that were made."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands import decisions, projects
    from sagerecon.report.decisions_document import decision_document
    from sagerecon.report.terminal.decisions import (
        group_document,
        group_lines,
        held_up_lines,
        settled_lines,
    )

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        found = decisions.decidable(opened, projects.open_clock(opened.address))
        waiting = found.waiting
        if found.incomplete_store:
            screen.notice(f"{_NOT_BEFORE} {found.incomplete_store}")
        for group in waiting:
            screen.event("waiting", **group_document(group))
            for line in group_lines(group):
                screen.print_unbroken(line)
        held_up = found.held_up
        for subject, positions in held_up.items():
            screen.event("held_up", by=subject, keys=[position.key for position in positions])
            for line in held_up_lines(subject, positions):
                screen.print_unbroken(line)
        settled = found.settlement
        for entry in (*settled.lapsed, *settled.impossible):
            screen.event("without_effect", why=entry.why, **decision_document(entry.decision))
        for decision in settled.idle:
            screen.event("idle", **decision_document(decision))
        for line in settled_lines(settled):
            screen.print_unbroken(line)
        screen.event(
            "result",
            waiting=sum(len(group.positions) for group in waiting),
            held_up=sum(map(len, held_up.values())),
            lapsed=len(settled.lapsed),
            impossible=len(settled.impossible),
            idle=len(settled.idle),
            in_effect=len({*settled.renames, *settled.by_record}),
        )
        if waiting or held_up or settled.lapsed or settled.impossible:
            raise typer.Exit(NEEDS_REVIEW)
        screen.print("Nothing waits for a decision.")


def show(
    name: Name, project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False
) -> None:
    """Show every record of a group, or one record, and what can be decided."""
    from sagerecon.cli.console import command
    from sagerecon.commands import decisions, projects
    from sagerecon.report.terminal.decisions import subject_document, subject_lines

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        found = decisions.decidable(opened, projects.open_clock(opened.address))
        if found.incomplete_store:
            screen.notice(f"{_NOT_BEFORE} {found.incomplete_store}")
        subjects = [
            replace(subject, offers=found.offers(subject))
            for subject in decisions.subjects_of(name, found.groups)
        ]
        shown = []
        for subject in subjects:
            in_effect = decisions.in_effect(found, subject)
            for line in subject_lines(subject, in_effect, found):
                screen.print_unbroken(line)
            shown.append(subject_document(subject, in_effect))
        screen.event("result", **shown[0], besides=shown[1:])


def take(
    name: Name,
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="One of the answers that `list` names.")],
    because: Annotated[str, typer.Option("--because", help="Why, for those who read the evidence.")],
    by: Annotated[str, typer.Option("--by", help="Who decides; by default the user of this machine.")] = "",
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="The last day on which it holds."),
    ] = None,
    earlier: Annotated[
        str, typer.Option("--from", help="Of several earlier records, the key of the one that it is.")
    ] = "",
    sage_id: Annotated[str, typer.Option("--sage-id", help="Of several in Sage, the id that counts.")] = "",
    ours: Annotated[list[str] | None, typer.Option("--ours", help="A field that Sage gets.")] = None,
    theirs: Annotated[list[str] | None, typer.Option("--theirs", help="A field that stays.")] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    json: Json = False,
) -> None:
    """Record a decision in decisions.yaml. It counts for the next plan; nothing is sent."""
    from sagerecon.cli.console import command
    from sagerecon.commands import decisions, projects
    from sagerecon.report.decisions_document import decision_document
    from sagerecon.report.terminal.decisions import decision_lines

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        choice = decisions.Choice(
            answer=answer,
            because=because,
            by=by,
            until=until.date() if until else None,
            earlier=earlier,
            sage_id=sage_id,
            fields=decisions.sides(ours or (), theirs or ()),
        )
        decision = decisions.take(opened, projects.open_clock(opened.address), name, choice)
        screen.event("result", **decision_document(decision))
        for line in decision_lines("Decided", decision):
            screen.print_unbroken(line)
        screen.print("Nothing was sent. It counts for the next plan, and for the next reconciliation:")
        screen.print("sagerecon plan, sagerecon reconcile")


def drop(
    name: Name, project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False
) -> None:
    """Remove the decision about a record or a group from decisions.yaml."""
    from sagerecon.cli.console import command
    from sagerecon.commands import decisions, projects
    from sagerecon.report.decisions_document import decision_document
    from sagerecon.report.terminal.decisions import decision_lines

    with command(json) as screen:
        dropped = decisions.drop(projects.open_project(project, allow_host or (), env), name)
        screen.event("result", dropped=[decision_document(decision) for decision in dropped])
        for decision in dropped:
            for line in decision_lines("Dropped", decision):
                screen.print_unbroken(line)
