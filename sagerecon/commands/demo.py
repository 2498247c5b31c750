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

from sagerecon.commands import auth, new_project, plans, projects, reconciliations, reports, runs, sources
from sagerecon.commands.preparation import Prepared
from sagerecon.commands.sandbox import open_rehearsal
from sagerecon.documents.package import catalog, fixture
from sagerecon.model.clock import DAY, Clock, instant, instant_text
from sagerecon.model.errors import ProjectError
from sagerecon.planning.plan import Plan
from sagerecon.planning.step import CreateStep, QuarantinedStep, SkipStep, UpdateStep
from sagerecon.project.project import FILE, Project
from sagerecon.reconciliation.verdict import Verdict
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.limits import daily_calls
from sagerecon.rehearsal.overview import overview, references
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
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

#: Records of the demo company that cannot be carried as they are; its README lists them.
PLANTED = 6

#: The exit code of a paused run.
PAUSED = 3

#: A folder that holds this file is a demo of ours and may be replaced.
MARK = ".sagerecon-demo"

#: The same command may go on this often; a move of three days needs five or six goes.
GOES = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story is told: the rehearsal, its time and its troubles, and whom it is told to."""

    folder: Path
    screen: Screen
    sage: RehearsalSage
    faults: ScheduledFaults
    clock: Clock

    @property
    def project(self) -> Project:
        """The project as it stands now."""
        return projects.open_project(self.folder / "project")

    def contents(self) -> dict[str, int]:
        """How many records of each resource stand in the business."""
        books = self.sage.business(self.project.business.id)
        contents = overview(books, catalog(), self.clock.now())["contents"]
        return {str(name): int(count) for name, count in contents.items()}

    def chapter(self, title: str) -> None:
        """A heading."""
        self.screen.event("chapter", title=title)
        self.screen.say(f"\n{title}", "bold")


def tell(folder: Path, screen: Screen) -> bool:
    """The whole story, left under `folder`; whether nothing was lost or doubled and everything ties out."""
    folder = folder.resolve()
    _make_room(folder)
    clock = SharedClock(folder / "clock", STARTS_AT)
    os.environ[projects.REHEARSAL_CLOCK] = str(folder / "clock")
    faults = ScheduledFaults()
    project = new_project.init(folder / "project", "brook", fixture("wholesaler") / "extracts", COMPANY)
    sage = open_rehearsal(project, clock, seed=1, faults=faults, latency=LATENCY)
    with serve(sage) as server:
        _point_at(project, server.url)
        stage = Stage(folder, screen, sage, faults, clock)
        _sign_in(stage)
        prepared = _freeze(stage)
        made = _plan(stage, prepared)
        before = stage.contents()
        goes = _run(stage)
        after = stage.contents()
        reconciled = _read_back(stage, prepared)
        wrong = [
            *_doubled(stage, made),
            *_lost(stage, made, before, after),
            *_not_as_planted(made, reconciled),
        ]
        _summarize(stage, made, goes, before, after)
        return _conclude(stage, reconciled, wrong)


def _sign_in(stage: Stage) -> None:
    stage.chapter(f"{COMPANY} signs in")
    with stage.project.open_session() as session:
        signed = auth.login(stage.project, stage.clock, session, consent_by_robot)
    stage.screen.say(f"Consent was given on the rehearsal's own page; the business is {signed.name}.")


def _freeze(stage: Stage) -> Prepared:
    stage.chapter("The source is frozen and held against itself")
    with stage.screen.progress("reading") as meter:
        prepared = sources.snapshot(stage.project, stage.clock, lambda file, rows: meter(rows, 0, file))
    stage.screen.show(terminal.source_files((file.path, file.rows) for file in prepared.files))
    stage.screen.findings(prepared.findings)
    return prepared


def _plan(stage: Stage, prepared: Prepared) -> Plan:
    stage.chapter("The plan")
    made = plans.plan(stage.project, stage.clock, prepared=prepared)
    stage.screen.show(terminal.plan_summary(made))
    return made


def _read_back(stage: Stage, prepared: Prepared) -> reconciliations.Reconciled:
    stage.chapter("Sage is read back and held against the source")
    with stage.project.open_session() as session, stage.screen.progress("reading back") as meter:
        result = reconciliations.reconcile(
            stage.project,
            stage.clock,
            session,
            prepared=prepared,
            on_plan=lambda plan: stage.screen.say(f"Reading back takes {plan.header.calls:,} calls."),
            on_progress=lambda progress: meter(progress.done, progress.of, progress.label),
        )
    if not isinstance(result, reconciliations.Reconciled):
        raise ProjectError(f"Reading back did not end: {result.why}", "Tell the demo again.")
    found = result.reconciliation
    stage.screen.show(terminal.completeness(found.completeness), terminal.tie_outs(found.tie_outs))
    return result


def _conclude(stage: Stage, reconciled: reconciliations.Reconciled, wrong: list[str]) -> bool:
    pages = reports.report(stage.project, stage.clock, stage.folder / "reports", reconciled)
    tie_outs = reconciled.reconciliation.tie_outs
    wrong += [f"{tie_out.about} does not tie out." for tie_out in tie_outs if not tie_out.ties]
    for sentence in wrong:
        stage.screen.error(sentence)
    if wrong:
        stage.screen.say("The demo did not come out as it must.", "bold red")
    else:
        told = f"Nothing lost, nothing doubled; {len(tie_outs)} tie-outs agree to the penny. "
        told += f"{PLANTED} records that are wrong in the source wait for a person, as they must."
        stage.screen.say(told, "bold green")
    stage.screen.say("Reports: " + ", ".join(str(page) for page in pages))
    return not wrong


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


def _run(stage: Stage) -> int:
    """How often the same command had to go: the first process is killed, the others pause by the day."""
    stage.chapter("The run: killed once, an answer lost, a 429, another app")
    _interfere(stage)
    say, clock = stage.screen.say, stage.clock
    with stage.screen.progress("sending") as meter:
        for go in range(1, GOES + 1):
            code, result = _apply(stage, KILLED_AT if go == 1 else None, meter)
            if go == 1:
                say(f"  {instant_text(clock.now())}  killed (SIGKILL) after {stage.sage.calls:,} calls")
            elif code == PAUSED:
                say(f"  {instant_text(clock.now())}  paused: {result['why']}")
                clock.sleep(instant(result["until"]) - clock.now())
            else:
                say(f"  {instant_text(clock.now())}  finished")
                return go
    return GOES


def _interfere(stage: Stage) -> None:
    """An answer lost after the booking, a 500 after one, a 429, and another app on the second day."""
    stage.faults.add(Trigger(150, "POST", "/sales_invoices"), Fault(FaultType.ANSWER_LOST))
    stage.faults.add(Trigger(90, "POST", "/purchase_invoices"), Fault(FaultType.ERROR_SAVED, status=500))
    stage.faults.add(Trigger(300, "POST", "/contacts"), Fault(FaultType.TOO_MANY))
    second_day = STARTS_AT + DAY - STARTS_AT % DAY
    stage.sage.schedule_foreign_calls(stage.project.business.id, daily_calls(second_day, 1, FOREIGN_CALLS))


def _apply(
    stage: Stage, victim: int | None, meter: Callable[[int, int, str], None]
) -> tuple[int, Mapping[str, str]]:
    """One go of `sagerecon apply` as a process: its exit code and its last word."""
    words = [sys.executable, "-m", "sagerecon", "apply", "--project", str(stage.project.folder), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    result: Mapping[str, str] = {}
    assert process.stdout is not None  # noqa: S101 - asked for above
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress":
            meter(event["completed"], event["total"], event["detail"])
        elif event["event"] in ("result", "error"):
            result = event
        if victim is not None and stage.sage.calls >= victim:
            process.kill()
            break
    process.stdout.close()
    return process.wait(), result


def _doubled(stage: Stage, made: Plan) -> Iterator[str]:
    """Every reference of ours that stands in Sage more than once, counted in Sage's own listings."""
    drafts = [step for step in made.steps if isinstance(step, CreateStep | UpdateStep | SkipStep)]
    created = [step for step in drafts if isinstance(step, CreateStep)]
    kinds = {step.kind for step in created if "reference" in step.identity}
    ours = {
        (step.kind, step.identity["reference"]) for step in drafts if step.kind in kinds and step.identity
    }
    books = stage.sage.business(made.header.business)
    for kind in sorted(kinds):
        seen = Counter(references(books, catalog()[kind].path, stage.clock.now()))
        wanted = Counter(step.identity["reference"] for step in created if step.kind == kind)
        for reference, count in seen.items():
            if (kind, reference) in ours and count > wanted[reference]:
                yield f"{kind} {reference} stands in Sage {count} times."


def _lost(stage: Stage, made: Plan, before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[str]:
    """Every kind of which Sage holds another number more than before than the plan created."""
    aside = {record.step.key for record in runs.status(stage.project, stage.clock).aside}
    adopted = runs.adopted_keys(stage.project, stage.clock)
    created = Counter(
        catalog()[step.kind].resource
        for step in made.steps
        if isinstance(step, CreateStep) and step.key not in aside and step.key not in adopted
    )
    created["ledger_accounts"] += created["bank_accounts"]  # Sage makes one for each
    for resource, count in created.items():
        more = after.get(resource, 0) - before.get(resource, 0)
        if more != count:
            yield f"Sage holds {more:,} {resource} more than before, and the plan created {count:,}."


def _not_as_planted(made: Plan, reconciled: reconciliations.Reconciled) -> Iterator[str]:
    """What waits for a person beside the faults planted in the source, or a planted one that got through."""
    planned = sorted(step.key for step in made.steps if isinstance(step, QuarantinedStep))
    if len(planned) != PLANTED:
        yield f"{PLANTED} faults were planted in the source, and the plan sets {len(planned)} records aside."
    found = reconciled.reconciliation.open_verdicts
    waiting = sorted(verdict.key for verdict in found if verdict.verdict is Verdict.QUARANTINED)
    if waiting != planned:
        yield f"{len(waiting)} records wait for a person, and the plan set {len(planned)} aside."
    for verdict in found:
        if verdict.verdict is not Verdict.QUARANTINED:
            yield f"{verdict.label or verdict.id}: {verdict.verdict.value}. {verdict.reason}"


def _summarize(
    stage: Stage, made: Plan, goes: int, before: Mapping[str, int], after: Mapping[str, int]
) -> None:
    stage.chapter("What came of it")
    more = {resource: count - before.get(resource, 0) for resource, count in after.items()}
    created = {resource: count for resource, count in more.items() if count > 0}
    stage.screen.show(terminal.created_records(created))
    header, sage = made.header, stage.sage
    foreign, refused = sage.limits.foreign_calls(header.business)
    stage.screen.say(
        f"{sage.calls:,} calls in all, reading back included; the plan has {header.calls:,} and could not do "
        f"with fewer than {header.lower_bound:,}. {goes} goes of one command, the first killed; "
        f"another app made {foreign:,} calls and was refused {refused:,} times."
    )
    bound = header.lower_bound
    stage.screen.event("summary", created=created, calls=sage.calls, planned=header.calls, bound=bound)
