"""Arguments in, exit code out."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from sagerecon.cli.catalog import catalog
from sagerecon.cli.console import LOOK, Json, command
from sagerecon.commands import auth as sign_ins
from sagerecon.commands import demo as story
from sagerecon.commands import (
    explanations,
    new_project,
    plans,
    projects,
    reconciliations,
    reports,
    runs,
    sources,
)
from sagerecon.commands import sandbox as sandboxes
from sagerecon.documents import package
from sagerecon.model.clock import DAY, SystemClock, instant_text
from sagerecon.model.finding import Finding, Severity
from sagerecon.report import terminal
from sagerecon.report.reconciliation_document import reconciliation_summary
from sagerecon.report.screen import ProgressCallback, Screen, paths_text
from sagerecon.runner.progress import Event, Progress
from sagerecon.runner.run import PATIENCE, Ended, RunOutcome

#: The same in every format; a person must look is 1, a fault of ours 70.
PAUSED = 3

#: What a run's counts are called where the bare word would puzzle.
_WORDS = {
    Event.RATE_LIMITED: "rate limited by Sage (429) and sent again",
    Event.WAITING: "waits",
    Event.LEFT_OUT: "left out",
    Event.BEFORE: "finished before",
    Event.LOOKED_UP: "looked up",
    Event.RESENT: "sent again after an answer was lost",
}

app = typer.Typer(
    name="sagerecon",
    help="Moves a company's books into Sage Business Cloud Accounting, and proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
auth = typer.Typer(help="Sign in to Sage, or to a sandbox.", no_args_is_help=True)
app.add_typer(auth, name="auth")
app.add_typer(catalog, name="catalog")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sagerecon {package.version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """Moves a company's books into Sage Business Cloud Accounting, and proves it."""
    del version


Folder = Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")]
HERE = Path()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")],
    erp: Annotated[str, typer.Option("--from", help="The ready mappings to start from.")] = "quickbooks",
    data: Annotated[Path | None, typer.Option(help="The folder with the source's extracts.")] = None,
    company: Annotated[str, typer.Option(help="The company's name, as it stands on the reports.")] = "",
    cut_over: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day of the old books.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a project from a ready mapping."""
    with command(json) as screen:
        project = new_project.init(folder, erp, data, company, cut_over.date() if cut_over else None)
        screen.event("result", folder=str(project.folder), mappings=len(project.mapping_files))
        screen.say(f"{project.folder} is ready, with {len(project.mapping_files)} mappings from {erp}.")
        screen.say(f"Look through sagerecon.yaml, then: cd {folder} && sagerecon snapshot")


@app.command()
def snapshot(project: Folder = HERE, json: Json = False) -> None:
    """Read the source, freeze it, and hold its figures against each other."""
    with command(json) as screen:
        opened = projects.open_project(project)
        with screen.progress("reading") as meter:
            clock = projects.open_clock(opened)
            prepared = sources.snapshot(opened, clock, lambda file, rows: meter(rows, 0, file))
        files = [(file.path, file.rows) for file in prepared.files]
        screen.event("result", snapshot=prepared.snapshot, files=dict(files))
        screen.show(terminal.source_files(files))
        screen.findings(prepared.findings)
        screen.say(f"Snapshot {prepared.snapshot[:12]} stands.")
        _exit_by(prepared.findings)


@app.command()
def check(project: Folder = HERE, json: Json = False) -> None:
    """Prove the catalog and the mappings, offline and without data."""
    with command(json) as screen:
        compiled = sources.check(projects.open_project(project))
        screen.findings(compiled.findings)
        screen.event("result", mappings=len(compiled.mappings), findings=len(compiled.findings))
        screen.say(f"The catalog and {len(compiled.mappings)} mappings are sound.")
        _exit_by(compiled.findings)


@app.command()
def plan(
    project: Folder = HERE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the plan goes.")] = None,
    json: Json = False,
) -> None:
    """What would be sent, in which order, on which day, at what price."""
    with command(json) as screen:
        opened = projects.open_project(project)
        with screen.progress("planning"):
            made = plans.plan(opened, projects.open_clock(opened), output)
        screen.findings(made.header.findings)
        screen.show(terminal.plan_summary(made))
        screen.event(
            "result",
            plan=made.hash,
            calls=made.header.calls,
            lower_bound=made.header.lower_bound,
            windows=len(made.header.windows),
            finishes_p50=made.header.finishes_p50,
            finishes_p90=made.header.finishes_p90,
        )
        screen.say(f"Plan {made.hash[:12]} is in {output or opened.name(opened.plan_file)}.")
        if terminal.quarantined_count(made):
            raise typer.Exit(LOOK)


@app.command()
def apply(
    plan_file: Annotated[Path | None, typer.Argument(metavar="[PLAN]", help="The plan; the newest.")] = None,
    project: Folder = HERE,
    wait: Annotated[bool, typer.Option(help="Sleep through closed windows instead of pausing.")] = False,
    json: Json = False,
) -> None:
    """Carry the plan out; the same command goes on where it stopped."""
    with command(json) as screen, stopping() as should_stop:
        opened = projects.open_project(project)
        with opened.open_session() as session, screen.progress("sending") as meter:
            outcome = runs.apply(
                opened,
                projects.open_clock(opened),
                session,
                plan_file,
                patience_ms=2 * DAY if wait else PATIENCE,
                should_stop=should_stop,
                on_progress=lambda progress: _meter(meter, progress),
            )
        _ended(screen, outcome, "sagerecon apply")


@app.command()
def status(project: Folder = HERE, json: Json = False) -> None:
    """How far the run is, what the budget leaves, what was set aside."""
    with command(json) as screen:
        opened = projects.open_project(project)
        standing = runs.status(opened, projects.open_clock(opened))
        screen.event(
            "result",
            state=standing.state or "none",
            steps=standing.steps,
            counts=dict(standing.counts),
            in_doubt=standing.in_doubt,
            calls_last_minute=standing.calls_last_minute,
            calls_last_day=standing.calls_last_day,
            day_limit=standing.budget.day_limit,
            rate_limited=standing.rate_limited,
            quarantined=[aside.step.key for aside in standing.aside],
        )
        screen.show(
            *terminal.run_status(
                standing.state or "none",
                standing.steps,
                standing.counts,
                standing.in_doubt,
                (standing.calls_last_minute, standing.calls_last_day),
                standing.budget,
                standing.aside,
            )
        )
        if standing.aside:
            raise typer.Exit(LOOK)


@app.command()
def reconcile(
    project: Folder = HERE,
    max_calls: Annotated[int | None, typer.Option(help="Read back in so many calls at most.")] = None,
    json: Json = False,
) -> None:
    """Read Sage back and hold it against the source."""
    with command(json) as screen:
        opened = projects.open_project(project)
        with opened.open_session() as session, screen.progress("reading back") as meter:
            result = reconciliations.reconcile(
                opened,
                projects.open_clock(opened),
                session,
                max_calls=max_calls,
                on_plan=lambda reading: screen.say(f"Reading back takes {reading.header.calls:,} calls."),
                on_progress=lambda progress: _meter(meter, progress),
            )
        if isinstance(result, RunOutcome):
            _ended(screen, result, "sagerecon reconcile")
            return
        found = result.reconciliation
        screen.event("result", **reconciliation_summary(found))
        screen.show(terminal.completeness(found.completeness), terminal.tie_outs(found.tie_outs))
        screen.show(*terminal.verdicts(found))
        screen.say("Everything ties out." if found.ties_out else "A person must look.", "bold")
        if not found.ties_out:
            raise typer.Exit(LOOK)


@app.command()
def report(
    project: Folder = HERE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The folder for the pages.")] = None,
    json: Json = False,
) -> None:
    """Pages to read, sign and file: HTML and JSON with the same figures."""
    with command(json) as screen:
        opened = projects.open_project(project)
        paths = reports.report(opened, projects.open_clock(opened), output)
        screen.event("result", files=[str(path) for path in paths])
        screen.say(f"Written: {paths_text(paths)}")


@app.command()
def explain(
    key: Annotated[
        str, typer.Argument(metavar="KEY[.FIELD]", help="Such as customers/C001 or 'invoice 1021'.")
    ],
    project: Folder = HERE,
    json: Json = False,
) -> None:
    """One record's way: source row, each step, request, Sage id, verdict."""
    with command(json) as screen:
        opened = projects.open_project(project)
        found = explanations.explain(opened, projects.open_clock(opened), key)
        lines = [
            *terminal.record_history(found.record, found.outcome, found.step, found.written, found.verdict)
        ]
        screen.event("result", key=found.outcome.key, sage_id=found.written.sage_id if found.written else "")
        screen.show(*lines)


@app.command()
def sandbox(
    project: Annotated[
        Path | None, typer.Option("--project", "-p", help="A project whose country and dates it takes.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where it listens on 127.0.0.1.")] = 8065,
    seed: Annotated[int, typer.Option(help="The same seed gives the same ids.")] = 1,
    state: Annotated[Path | None, typer.Option(help="A file in which its business lives on.")] = None,
    faults: Annotated[
        str, typer.Option(help="What goes wrong, such as 'answer_lost POST /contacts 3; error=503 any / 9'.")
    ] = "",
    fast: Annotated[
        Path | None,
        typer.Option("--virtual-clock", help="Time passes only as it is slept; kept in this file."),
    ] = None,
    play: Annotated[
        list[str] | None,
        typer.Option(
            help="How Sage behaves where nobody knows, such as 'retry_after=date'; see docs/sandbox.md."
        ),
    ] = None,
    idle: Annotated[int, typer.Option(min=1, help="Seconds until a quiet connection is closed.")] = 120,
    country: Annotated[str, typer.Option(help="GB, IE or CA; without a project.")] = "GB",
    edition: Annotated[str, typer.Option(help="start, standard or plus; without a project.")] = "plus",
    tax_scheme: Annotated[
        str, typer.Option(help="STANDARD, CASH_ACCOUNTING or NOT_REGISTERED.")
    ] = "STANDARD",
    multi_currency: Annotated[bool, typer.Option(help="Documents in other currencies are taken.")] = False,
    skew: Annotated[int, typer.Option(help="Seconds by which its watch is fast.")] = 0,
    spoil: Annotated[
        list[str] | None, typer.Option(help="A record's id; pages that hold it fail with attributes=all.")
    ] = None,
    json: Json = False,
) -> None:
    """The rehearsal Sage as an HTTP server, for any client."""
    with command(json) as screen, stopping() as should_stop:
        opened = projects.open_project(project) if project else None
        serving = sandboxes.sandbox(
            opened,
            wanted=None if opened else sandboxes.wanted(country, edition, tax_scheme, multi_currency),
            skew_seconds=skew,
            spoiled=spoil or (),
            port=port,
            seed=seed,
            state=state,
            faults=faults,
            shared=fast,
            plays=play or (),
            idle_seconds=idle,
        )
        with serving as server:
            screen.event("result", url=server.url)
            screen.say(f"A rehearsal Sage answers at {server.url}; open it to see how to sign in.")
            screen.say(f"In a project's sagerecon.yaml:  sage: {{address: {server.url}}}")
            screen.say("Then: sagerecon auth login")
            if fast is not None:
                screen.say(
                    f"Days pass in seconds for commands with {projects.REHEARSAL_CLOCK}={fast.resolve()}"
                )
            while not should_stop():
                SystemClock().sleep(200)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where everything is left.")] = Path("build/demo"),
    json: Json = False,
) -> None:
    """The whole story on the demo company, against the rehearsal Sage; needs no network."""
    with command(json) as screen:
        if not story.tell(folder, screen):
            raise typer.Exit(LOOK)


@auth.command("login")
def login(
    project: Folder = HERE,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    json: Json = False,
) -> None:
    """Sign in: a page opens, and Sage sends the answer back to this machine."""
    with command(json) as screen:
        opened = projects.open_project(project)
        clock = projects.open_clock(opened)
        with opened.open_session() as session:
            signed = sign_ins.login(opened, clock, session, lambda url: _open(screen, url, browser))
        screen.event("result", business=signed.business, name=signed.name)
        screen.say(f"Signed in to {signed.name} ({signed.business}).")


@auth.command("status")
def login_status(project: Folder = HERE, json: Json = False) -> None:
    """Whether we are signed in, and for how long."""
    with command(json) as screen:
        opened = projects.open_project(project)
        signed = sign_ins.login_status(opened, projects.open_clock(opened))
        screen.event("result", business=signed.business, until=instant_text(signed.until))
        screen.say(
            f"Signed in to business {signed.business or 'none chosen'} until {instant_text(signed.until)}."
        )


@auth.command("logout")
def logout(project: Folder = HERE, json: Json = False) -> None:
    """Revoke the sign-in at Sage and forget it here."""
    with command(json) as screen:
        opened = projects.open_project(project)
        with opened.open_session() as session:
            sign_ins.logout(opened, projects.open_clock(opened), session)
        screen.event("result", signed_in=False)
        screen.say("Signed out.")


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Whether somebody asked us to stop: the first signal finishes the call in flight, the second kills."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        asked.append(number)
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(screen: Screen, outcome: RunOutcome, again: str) -> None:
    screen.event(
        "result",
        ended=outcome.ended.value,
        why=outcome.why,
        until=instant_text(outcome.until) if outcome.until else "",
        calls=outcome.calls,
        counts=dict(outcome.counts),
    )
    counts = ", ".join(f"{count:,} {_WORDS.get(event, event)}" for event, count in outcome.counts.items())
    screen.say(f"{outcome.calls:,} calls: {counts or 'nothing was left to do'}.")
    if outcome.ended is not Ended.FINISHED:
        until = f" It may go on at {instant_text(outcome.until)}." if outcome.until else ""
        screen.say(f"{outcome.ended.value.capitalize()}: {outcome.why}{until} Go on with: {again}")
        raise typer.Exit(PAUSED)
    if outcome.counts.get(Event.PARKED):
        screen.say("Some records were put off by Sage; the same command tries them again.")
    if any(outcome.counts.get(event) for event in (Event.QUARANTINED, Event.BLOCKED, Event.PARKED)):
        screen.say("Some records were set aside; look at them: sagerecon status")
        raise typer.Exit(LOOK)


def _meter(meter: ProgressCallback, progress: Progress) -> None:
    meter(progress.done, progress.of, progress.note or f"{progress.event} {progress.label}")


def _open(screen: Screen, url: str, browser: bool) -> None:
    screen.event("sign_in", url=url)
    screen.say(f"Sign in here:\n{url}")
    if browser:
        typer.launch(url)


def _exit_by(found: Sequence[Finding]) -> None:
    if any(finding.severity is Severity.ERROR for finding in found):
        raise typer.Exit(LOOK)


def main() -> None:
    """The command line; exits with the code that says how it went."""
    # Plans, drafts and verdicts are many small values that live to the end: looking for circles among them
    # at every 700th new one took a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    app()
