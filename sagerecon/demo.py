"""The whole story on the demo company: a move of three days, killed and interfered with, in a minute.

The rehearsal Sage answers on loopback under a virtual clock; `sagerecon apply` runs as a process of its own,
so that it can really be killed. What came of it is counted in the rehearsal's own books, not in ours.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import requests

from sagerecon import commands
from sagerecon.model.clock import DAY, Clock, instant, instant_text
from sagerecon.model.errors import ProjectError
from sagerecon.package import catalog, fixture
from sagerecon.planning.plan import Action, Plan
from sagerecon.project import FILE, Project
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.faults import Fault, Occasion, ScheduledFaults, Trouble
from sagerecon.rehearsal.limits import every_day
from sagerecon.rehearsal.overview import overview, references
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
from sagerecon.rehearsing import open_rehearsal
from sagerecon.report import terminal
from sagerecon.report.screen import Screen

COMPANY = "Fothergill & Daughters Ltd"

#: When the move begins, in the rehearsal's time.
STARTS_AT = instant("2026-01-05T08:00:00Z")

#: How long an answer takes, in the rehearsal's time.
LATENCY = 600

#: The call at which the first process is killed: in the middle of the first day.
KILLED_AT = 700

#: Another app of the company makes so many calls on the second day.
FOREIGN_CALLS = 300

#: The exit code of a paused run.
PAUSED = 3

#: A folder that holds this file is a demo of ours and may be replaced.
MARK = ".sagerecon-demo"

#: The same command may go on this often; a move of three days needs five or six goes.
GOES = 20


@dataclass(slots=True)
class Tale:
    """What happened on the way, for the summary."""

    goes: int = 0
    killed_at: int = 0


def tell(folder: Path, screen: Screen) -> bool:
    """The whole story, left under `folder`; whether nothing was lost or doubled and everything ties out."""
    folder = folder.resolve()
    _make_room(folder)
    clock = SharedClock(folder / "clock", STARTS_AT)
    os.environ[commands.REHEARSAL_CLOCK] = str(folder / "clock")
    faults = ScheduledFaults()
    project = commands.init(folder / "project", "brook", fixture("wholesaler") / "extracts", COMPANY)
    sage = open_rehearsal(project, clock, seed=1, faults=faults, latency=LATENCY)
    with serve(sage) as server:
        _point_at(project, server.url)
        return _told(folder, screen, sage, faults, clock)


def _told(folder: Path, screen: Screen, sage: RehearsalSage, faults: ScheduledFaults, clock: Clock) -> bool:
    project = commands.open_project(folder / "project")
    _chapter(screen, f"{COMPANY} signs in")
    with project.open_session() as session:
        signed = commands.login(project, clock, session, consent_by_robot)
    screen.say(f"Consent was given on the rehearsal's own page; the business is {signed.name}.")
    project = commands.open_project(folder / "project")

    _chapter(screen, "The source is frozen and held against itself")
    with screen.meter("reading") as meter:
        prepared = commands.snapshot(project, clock, lambda file, rows: meter(rows, 0, file))
    screen.show(terminal.source_files((file.path, file.rows) for file in prepared.files))
    screen.findings([finding for finding in prepared.findings if finding.code != "choice"])

    _chapter(screen, "The plan")
    made = commands.plan(project, clock, prepared=prepared)
    screen.show(terminal.plan_summary(made))

    _chapter(screen, "The run: killed once, an answer lost, a 429, another app")
    before = _contents(sage, project, clock)
    _interfere(sage, faults, project)
    tale = _carry_out(project, sage, clock, screen)
    after = _contents(sage, project, clock)

    _chapter(screen, "Sage is read back and held against the source")
    with project.open_session() as session, screen.meter("reading back") as meter:
        result = commands.reconcile(
            project,
            clock,
            session,
            prepared=prepared,
            on_plan=lambda plan: screen.say(f"Reading back takes {plan.header.calls:,} calls."),
            on_progress=lambda progress: meter(progress.done, progress.of, progress.label),
        )
    if not isinstance(result, commands.Reconciled):
        screen.complain(f"Reading back did not end: {result.why}")
        return False
    found = result.reconciliation
    screen.show(terminal.completeness(found.completeness), terminal.tie_outs(found.tie_outs))
    pages = commands.report(project, clock, folder / "reports", result)

    faults_found = [*_doubled(sage, project, clock, made), *_lost(project, clock, made, before, after)]
    unexpected = [v for v in found.findings if v.verdict.value != "quarantined"]
    _summary(screen, made, tale, before, after, sage)
    for fault in faults_found:
        screen.complain(fault)
    screen.show(*terminal.verdicts(found) if unexpected else ())
    ties = all(tie_out.ties for tie_out in found.tie_outs)
    screen.say(
        f"Nothing lost, nothing doubled; {len(found.tie_outs)} tie-outs agree to the penny."
        if ties and not faults_found and not unexpected
        else "The demo did not come out as it must.",
        "bold green" if ties and not faults_found and not unexpected else "bold red",
    )
    screen.say("Reports: " + ", ".join(str(page) for page in pages))
    return ties and not faults_found and not unexpected


def consent_by_robot(url: str) -> None:
    """Do on the rehearsal's consent page what a person would: pick the first choice, allow, follow back."""

    def visit() -> None:
        with requests.Session() as browser:
            browser.trust_env = False
            page = browser.get(url, timeout=30).text
            choice = re.search(r'name="choice" value="([^"]+)"', page)
            if choice is not None:
                form = {"choice": unescape(choice.group(1)), "answer": "allow"}
                browser.post(url, data=form, timeout=30)

    threading.Thread(target=visit, daemon=True).start()


def _make_room(folder: Path) -> None:
    """An empty folder of ours; an earlier demo gives way, anything else does not."""
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).exists():
                raise ProjectError(f"{folder} is not empty and not a demo.", "Name another with --folder.")
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("A demo of sagerecon; it may be deleted.\n", encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{folder} cannot be used: {error.strerror or error}.") from error


def _point_at(project: Project, address: str) -> None:
    with (project.folder / FILE).open("a", encoding="utf-8") as file:
        file.write(f"\nsage:\n  address: {address}\n")


def _interfere(sage: RehearsalSage, faults: ScheduledFaults, project: Project) -> None:
    """An answer lost after the booking, a 500 after one, a 429, and another app on the second day."""
    faults.add(Occasion(150, "POST", "/sales_invoices"), Fault(Trouble.ANSWER_LOST))
    faults.add(Occasion(90, "POST", "/purchase_invoices"), Fault(Trouble.ERROR_SAVED, status=500))
    faults.add(Occasion(300, "POST", "/contacts"), Fault(Trouble.TOO_MANY))
    second_day = STARTS_AT + DAY - STARTS_AT % DAY
    sage.expect_foreign(project.business.id, every_day(second_day, 1, FOREIGN_CALLS))


def _carry_out(project: Project, sage: RehearsalSage, clock: Clock, screen: Screen) -> Tale:
    """Give the same command again and again until it is done; the first process is killed on its way."""
    tale = Tale()
    with screen.meter("sending") as meter:
        while tale.goes < GOES:
            tale.goes += 1
            victim = KILLED_AT if tale.goes == 1 else None
            code, result = _apply(project, sage, victim, meter)
            if victim is not None:
                tale.killed_at = sage.calls
                screen.say(f"  {instant_text(clock.now())}  killed (SIGKILL) after {sage.calls:,} calls")
            elif code == PAUSED:
                until = instant(result["until"])
                screen.say(f"  {instant_text(clock.now())}  paused: {result['why']}")
                clock.sleep(until - clock.now())
            else:
                screen.say(f"  {instant_text(clock.now())}  finished")
                break
    return tale


def _apply(
    project: Project,
    sage: RehearsalSage,
    victim: int | None,
    meter: Callable[[int, int, str], None],
) -> tuple[int, Mapping[str, str]]:
    """One go of `sagerecon apply` as a process: its exit code and its last word."""
    words = [sys.executable, "-m", "sagerecon", "apply", "--project", str(project.folder), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    result: Mapping[str, str] = {}
    assert process.stdout is not None  # noqa: S101 - asked for above
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress":
            meter(event["done"], event["of"], event["note"])
        elif event["event"] in ("result", "error"):
            result = event
        if victim is not None and sage.calls >= victim:
            process.kill()
            break
    process.stdout.close()
    return process.wait(), result


def _contents(sage: RehearsalSage, project: Project, clock: Clock) -> dict[str, int]:
    """How many records of each resource stand in the business."""
    contents = overview(sage.business(project.business.id), catalog(), clock.now())["contents"]
    return {str(name): int(count) for name, count in contents.items()}


def _doubled(sage: RehearsalSage, project: Project, clock: Clock, made: Plan) -> Iterator[str]:
    """Every reference of ours that stands in Sage more than once, counted in Sage's own listings."""
    kinds = {
        step.kind for step in made.steps if step.action is Action.CREATE and "reference" in step.identity
    }
    ours = {
        (step.kind, step.identity["reference"]) for step in made.steps if step.kind in kinds and step.identity
    }
    books = sage.business(project.business.id)
    for kind in sorted(kinds):
        seen = Counter(references(books, catalog()[kind].path, clock.now()))
        wanted = Counter(
            step.identity["reference"]
            for step in made.steps
            if step.kind == kind and step.action is Action.CREATE
        )
        for reference, count in seen.items():
            if (kind, reference) in ours and count > wanted[reference]:
                yield f"{kind} {reference} stands in Sage {count} times."


def _lost(
    project: Project, clock: Clock, made: Plan, before: Mapping[str, int], after: Mapping[str, int]
) -> Iterator[str]:
    """Every kind of which Sage holds another number more than before than the plan created."""
    aside = {record.step.key for record in commands.status(project, clock).aside}
    adopted = commands.adopted_keys(project, clock)
    created = Counter(
        catalog()[step.kind].resource
        for step in made.steps
        if step.action is Action.CREATE and step.key not in aside and step.key not in adopted
    )
    created["ledger_accounts"] += created["bank_accounts"]  # Sage makes one for each
    for resource, count in created.items():
        more = after.get(resource, 0) - before.get(resource, 0)
        if more != count:
            yield f"Sage holds {more:,} {resource} more than before, and the plan created {count:,}."


def _summary(
    screen: Screen,
    made: Plan,
    tale: Tale,
    before: Mapping[str, int],
    after: Mapping[str, int],
    sage: RehearsalSage,
) -> None:
    _chapter(screen, "What came of it")
    created = {
        resource: after[resource] - before.get(resource, 0)
        for resource in after
        if after[resource] > before.get(resource, 0)
    }
    screen.show(terminal.created(created))
    header = made.header
    foreign, refused = sage.limits.foreign_calls(header.business)
    screen.say(
        f"{sage.calls:,} calls in all, reading back included; the plan has {header.calls:,} and could not do "
        f"with fewer than {header.lower_bound:,}. {tale.goes} goes of one command, the first killed; "
        f"another app made {foreign:,} calls and was refused {refused:,} times."
    )
    screen.event("summary", created=created, calls=sage.calls, planned=header.calls, bound=header.lower_bound)


def _chapter(screen: Screen, title: str) -> None:
    screen.event("chapter", title=title)
    screen.say(f"\n{title}", "bold")
