"""The commands `reconcile`, `report` and `explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def reconcile(
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    max_calls: Annotated[
        int | None, typer.Option(help="Maximum number of API calls for reading back.")
    ] = None,
    json: Json = False,
) -> None:
    """Read Sage back and compare it with the source."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.cli.outcome import review_text, show_outcome, show_progress
    from sagerecon.commands import projects, reconciliations
    from sagerecon.commands.sessions import open_session
    from sagerecon.model.count import counted
    from sagerecon.reconciliation.accepted import can_be_accepted
    from sagerecon.report.reconciliation_document import reconciliation_summary
    from sagerecon.report.terminal.reconciliation import (
        accepted,
        completeness,
        read_over,
        tie_out_notes,
        tie_outs,
        unread,
        verdicts,
    )
    from sagerecon.report.verdict_document import ties_out_text
    from sagerecon.runner.run import RunOutcome

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        with open_session(opened) as session, screen.progress("reading back") as meter:
            result = reconciliations.reconcile(
                opened,
                projects.open_clock(opened.address),
                session,
                max_calls=max_calls,
                on_plan=lambda reading: screen.print(
                    f"Reading back takes {counted(reading.header.calls, 'call')}."
                ),
                on_progress=lambda progress: show_progress(meter, progress),
            )
        if isinstance(result, RunOutcome):
            show_outcome(screen, result, "sagerecon reconcile")
            return
        found = result.reconciliation
        screen.event("result", **reconciliation_summary(found))
        screen.findings(result.changed)
        screen.show(completeness(found.completeness), tie_outs(found.tie_outs, found.not_taken))
        screen.show(*tie_out_notes(found.tie_outs), *read_over(found), *unread(found))
        screen.show(*verdicts(found), *accepted(found))
        if found.ties_out:
            screen.print(f"{ties_out_text(found)}.", "bold")
            screen.print("Next: sagerecon report")
            return
        screen.print(review_text(found), "bold")
        if not found.incomplete_store and any(map(can_be_accepted, found.open_verdicts)):
            screen.print("Some of them can be settled by decision: sagerecon decide list")
        raise typer.Exit(NEEDS_REVIEW)


def report(
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder to write to; by default reports.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the report to read, sign and file: HTML and JSON with the same figures."""
    from sagerecon.cli.console import command
    from sagerecon.commands import projects, reports
    from sagerecon.report.screen import paths_text

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        paths = reports.report(opened, projects.open_clock(opened.address), output)
        screen.event("result", files=[str(path) for path in paths])
        screen.print(f"Written: {paths_text(paths)}")


def explain(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY[.FIELD]",
            help="A record's key or label, such as customers/C001 or 'invoice 1021'; .FIELD shows one field.",
        ),
    ],
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    json: Json = False,
) -> None:
    """Show one record: source row, draft, planned step, request, Sage id, verdict; or one of its fields."""
    from sagerecon.cli.console import command
    from sagerecon.commands import explanations, projects
    from sagerecon.reconciliation.candidate import candidate_document
    from sagerecon.reconciliation.field_explanation import field_document
    from sagerecon.report.terminal.record import field_history, record_history

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        found = explanations.explain(opened, projects.open_clock(opened.address), key)
        facts: dict[str, object] = {"key": found.outcome.key}
        facts["sage_id"] = found.written.sage_id if found.written else ""
        facts["may_be"] = [candidate_document(candidate) for candidate in found.candidates]
        outcome, written, verdict, may_be = found.outcome, found.written, found.verdict, found.candidates
        if found.field is not None:
            screen.event("result", **facts, **field_document(found.field))
            screen.show(*field_history(found.field, outcome, written, verdict, may_be, found.found))
            return
        screen.event("result", **facts)
        screen.show(*record_history(found.record, outcome, found.step, written, verdict, may_be))
