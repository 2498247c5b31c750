"""The commands `plan`, `apply` and `status`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.options import HERE, AllowHost, Env, Folder, Json


def plan(
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write; by default .sagerecon/plan.jsonl."),
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Show what each mapping costs in calls, as a formula.")
    ] = False,
    base: Annotated[
        Path | None,
        typer.Option(
            "--base", metavar="PLAN", help="Show which mappings cost more or less than in this plan."
        ),
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option("--max-calls", metavar="N", min=0, help="Fail if the plan takes more calls.")
    ] = None,
    max_days: Annotated[
        int | None, typer.Option("--max-days", metavar="N", min=0, help="Fail if the plan takes more days.")
    ] = None,
    json: Json = False,
) -> None:
    """Plan what to send, in which order, on which day, for how many calls."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.cli.destination import show_destination
    from sagerecon.commands import costs, plans, preparation, projects
    from sagerecon.commands.destination import destination
    from sagerecon.model.errors import ValidationError
    from sagerecon.model.not_carried import not_carried_document
    from sagerecon.report.not_carried import plan_not_carried
    from sagerecon.report.terminal.costs import cost_changes, cost_table
    from sagerecon.report.terminal.not_carried import not_carried_lines
    from sagerecon.report.terminal.plan import (
        action_counts,
        needs_review,
        plan_summary,
        requirement_documents,
    )

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        show_destination(screen, destination(opened))
        with screen.progress("planning"):
            prepared = preparation.prepare(opened)
            try:
                made = plans.plan(opened, projects.open_clock(opened.address), output, prepared)
            except ValidationError:  # such as a broken opening control, which these records may explain
                screen.show(*not_carried_lines(preparation.not_carried_records(prepared)))
                raise
        for record in plan_not_carried(made) if json else ():
            screen.event("not_carried", **not_carried_document(record))
        screen.show(*not_carried_lines(plan_not_carried(made)))
        screen.findings(made.header.findings)
        screen.show(plan_summary(made))
        if not made.header.business:
            screen.notice(
                "Not signed in: apply refuses this plan, because it is for no business."
                " Sign in first: sagerecon auth login. Then plan again: sagerecon plan"
            )
        screen.event(
            "result",
            plan=made.hash,
            calls=made.header.calls,
            lower_bound=made.header.lower_bound,
            windows=len(made.header.windows),
            actions=action_counts(made),
            sage_must_hold=requirement_documents(made),
            stop_when_blocked=f"{made.header.stop_when_blocked:f}%",
            finishes_p50=made.header.finishes_p50,
            finishes_p90=made.header.finishes_p90,
        )
        if cost or base is not None:
            own = costs.plan_shares(opened, made)
            for share in own:
                screen.event("cost", name=share.name, calls=share.calls, formula=share.formula)
            screen.show(cost_table(own))
        if base is not None:
            changes = costs.changes_since(opened, base, made)
            for change in changes:
                screen.event("cost_change", name=change.name, before=change.before, after=change.after)
            screen.show(*cost_changes(changes))
        screen.print(f"Plan {made.hash[:12]} written to {output or opened.name(opened.plan_file)}.")
        if exceeded := costs.exceeded(made, max_calls, max_days):
            screen.error(exceeded)
            raise typer.Exit(NEEDS_REVIEW)
        if needs_review(made):
            raise typer.Exit(NEEDS_REVIEW)
        if made.header.business:
            screen.print(f"Next: sagerecon apply{f' {shlex.quote(str(output))}' if output else ''}")


def apply(
    plan_file: Annotated[
        Path | None, typer.Argument(metavar="PLAN", help="The plan file; by default .sagerecon/plan.jsonl.")
    ] = None,
    project: Folder = HERE,
    allow_host: AllowHost = None,
    env: Env = "",
    wait: Annotated[
        bool, typer.Option(help="Wait until the call budget allows more, instead of pausing.")
    ] = False,
    as_planned: Annotated[
        bool,
        typer.Option(
            "--as-planned",
            help="Continue a plan as it was created, though its source or mappings have changed.",
        ),
    ] = False,
    distrust_store: Annotated[
        bool,
        typer.Option(
            "--distrust-store",
            help="Read Sage first, and adopt what it holds already though the store does not know it.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the price of --distrust-store.")] = False,
    json: Json = False,
) -> None:
    """Send the plan to Sage. The same command resumes a run that was paused or stopped."""
    from sagerecon.cli.confirmation import confirm
    from sagerecon.cli.console import command, stopping
    from sagerecon.cli.destination import show_destination
    from sagerecon.cli.outcome import show_outcome, show_progress
    from sagerecon.commands import projects, runs
    from sagerecon.commands.destination import destination
    from sagerecon.commands.sessions import open_session
    from sagerecon.model.clock import DAY
    from sagerecon.runner.door import PATIENCE
    from sagerecon.runner.progress import Event

    with command(json) as screen, stopping() as should_stop:
        opened = projects.open_project(project, allow_host or (), env)
        show_destination(screen, destination(opened))
        if distrust_store:
            confirm(screen, f"--distrust-store reads {runs.distrust_text(opened, plan_file)}.", yes)
        with open_session(opened) as session, screen.progress("sending") as meter:
            outcome = runs.apply(
                opened,
                projects.open_clock(opened.address),
                session,
                plan_file,
                patience_ms=2 * DAY if wait else PATIENCE,
                as_planned=as_planned,
                distrust_store=distrust_store,
                should_stop=should_stop,
                on_notice=screen.notice,
                on_progress=lambda progress: show_progress(meter, progress),
            )
        is_reading = distrust_store and not outcome.counts.keys() - {Event.READ, Event.WAITING}
        show_outcome(screen, outcome, f"sagerecon apply{' --distrust-store' if is_reading else ''}")


def status(project: Folder = HERE, allow_host: AllowHost = None, env: Env = "", json: Json = False) -> None:
    """Show the progress of the newest run, the call budget, and the records that need review."""
    from sagerecon.cli.console import NEEDS_REVIEW, command
    from sagerecon.commands import projects
    from sagerecon.commands import status as statuses
    from sagerecon.model.clock import instant_text
    from sagerecon.model.count import counted
    from sagerecon.report.execution_document import run_document
    from sagerecon.report.terminal.run import run_status

    with command(json) as screen:
        opened = projects.open_project(project, allow_host or (), env)
        found = statuses.status(opened, projects.open_clock(opened.address))
        screen.event(
            "result",
            state=found.run.state.value if found.run else "none",
            run=run_document(found.run) if found.run else None,
            steps=found.run.steps if found.run else 0,
            counts=dict(found.counts),
            in_doubt=found.in_doubt,
            calls_last_minute=found.calls_last_minute,
            calls_last_day=found.calls_last_day,
            day_limit=found.budget.day_limit,
            rate_limited=found.rate_limited,
            quarantined=[aside.step.key for aside in found.aside],
            left_out=[record.key for record in found.left_out],
            waiting=list(found.waiting),
            closed_until=instant_text(found.closed_until) if found.closed_until else "",
            incomplete_store=found.is_incomplete,
        )
        screen.show(
            *run_status(
                found.run,
                found.counts,
                found.in_doubt,
                (found.calls_last_minute, found.calls_last_day),
                found.budget,
                found.aside,
                found.left_out,
            )
        )
        if found.closed_until:
            screen.print(f"Sage asked to wait: no call is made before {instant_text(found.closed_until)}.")
        screen.findings(found.findings)
        if found.waiting:
            screen.print(
                f"Not sent until it is decided what they are: {counted(len(found.waiting), 'record')}."
                " See how: sagerecon decide list"
            )
        if found.aside or found.waiting or found.is_incomplete:
            raise typer.Exit(NEEDS_REVIEW)
