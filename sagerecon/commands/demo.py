"""The demo: the move of a company in three days, killed and disturbed on the way, in a minute.

The rehearsal Sage answers on loopback under a virtual clock; `sagerecon apply` runs as a process of its own,
so that it can really be killed. The result is counted in the rehearsal's own books, not in ours.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import requests

from sagerecon.commands import auth, plans, projects, reconciliations, reports, runs, sources, status
from sagerecon.commands.demo_audit import PLANTED, doubled_records, lost_records, unexpected_findings
from sagerecon.commands.preparation import Prepared
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.commands.sessions import open_session
from sagerecon.documents.package import fixture
from sagerecon.files.folders import make_private_folder
from sagerecon.files.writing import write_text
from sagerecon.model.clock import DAY, Clock, instant, instant_text
from sagerecon.model.errors import ProjectError
from sagerecon.planning.plan import Plan
from sagerecon.project.project import FILE, Project
from sagerecon.rehearsal.clock import SharedClock
from sagerecon.rehearsal.faults import Fault, FaultType, ScheduledFaults, Trigger
from sagerecon.rehearsal.limits import daily_calls
from sagerecon.rehearsal.overview import overview
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.rehearsal.server import serve
from sagerecon.report.screen import Screen
from sagerecon.report.terminal.plan import plan_summary
from sagerecon.report.terminal.reconciliation import completeness, tie_outs
from sagerecon.report.terminal.run import created_records
from sagerecon.report.terminal.sources import source_files
from sagerecon.runner.run import Ended

COMPANY = "Fothergill & Daughters Ltd"

#: When the move begins, in the rehearsal's time.
STARTS_AT = instant("2026-01-05T08:00:00Z")

#: How long an answer takes, in milliseconds of the rehearsal's time.
LATENCY = 600

#: The call at which the first process is killed: in the middle of the first day.
KILLED_AT = 700

#: Calls that another app of the company makes on the second day.
FOREIGN_CALLS = 300

#: The exit code of a paused run.
PAUSED = 3

#: A folder with this file was made by the demo and may be replaced.
MARK = ".sagerecon-demo"

#: The most processes that one plan may take; a move of three days needs five or six.
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Demo:
    """What each part of the demo works with: the project, the rehearsal, its clock and its faults."""

    folder: Path
    screen: Screen
    sage: RehearsalSage
    faults: ScheduledFaults
    clock: Clock

    @property
    def project(self) -> Project:
        """The project, read again: signing in records its business."""
        return projects.open_project(self.folder / "project")

    def contents(self) -> dict[str, int]:
        """Return the number of records in the business, by resource."""
        project = self.project
        books = self.sage.business(project.business.id)
        contents = overview(books, project.catalog, self.clock.now())["contents"]
        return {str(name): int(count) for name, count in contents.items()}

    def heading(self, title: str) -> None:
        """Show a heading."""
        self.screen.event("heading", title=title)
        self.screen.print("")
        self.screen.print(title, "bold")


def run_demo(folder: Path, screen: Screen) -> bool:
    """Run the demo and leave its files in `folder`.

    Returns:
        Whether nothing was lost or doubled, only the planted records need review, and everything ties out.
    """
    folder = folder.resolve()
    _clear(folder)
    clock = SharedClock(folder / "clock", STARTS_AT)
    os.environ[projects.REHEARSAL_CLOCK] = str(folder / "clock")
    os.environ["XDG_STATE_HOME"] = str(folder / "state")  # the next demo begins with a new store
    faults = ScheduledFaults()
    project = projects.init(folder / "project", "brook", fixture("wholesaler") / "extracts", COMPANY)
    business = expected_business(project)
    sage = open_rehearsal(project.catalog, business, clock, seed=1, faults=faults, latency=LATENCY)
    with serve(sage) as server:
        _set_address(project.folder / FILE, server.url)
        demo = Demo(folder=folder, screen=screen, sage=sage, faults=faults, clock=clock)
        _sign_in(demo)
        prepared = _snapshot(demo)
        plan = _plan(demo, prepared)
        before = demo.contents()
        attempts = _run(demo)
        after = demo.contents()
        reconciled = _reconcile(demo, prepared)
        problems = [*_audit(demo, plan, before, after), *unexpected_findings(plan, reconciled.reconciliation)]
        _summarize(demo, plan, attempts, before, after)
        return _conclude(demo, reconciled, problems)


def _sign_in(demo: Demo) -> None:
    demo.heading(f"{COMPANY} signs in")
    project = demo.project
    with open_session(project) as session:
        signed = auth.login(project, demo.clock, session, consent_automatically)
    demo.screen.print(f"Consent was given on the rehearsal's own page; the business is {signed.name}.")


def _snapshot(demo: Demo) -> Prepared:
    demo.heading("The snapshot: the source is frozen and its totals are cross-checked")
    with demo.screen.progress("reading") as meter:
        prepared = sources.snapshot(demo.project, demo.clock, lambda file, rows: meter(rows, 0, file))
    demo.screen.show(source_files((file.path, file.rows) for file in prepared.files))
    demo.screen.findings(prepared.findings)
    return prepared


def _plan(demo: Demo, prepared: Prepared) -> Plan:
    demo.heading("The plan")
    plan = plans.plan(demo.project, demo.clock, prepared=prepared)
    demo.screen.show(plan_summary(plan))
    return plan


def _run(demo: Demo) -> int:
    """Apply the plan in as many processes as it takes and return their number; the first is killed."""
    demo.heading("The run: killed once, an answer lost, a 429, another app")
    _schedule_faults(demo)
    show, clock = demo.screen.print, demo.clock
    with demo.screen.progress("sending") as meter:
        for attempt in range(1, ATTEMPTS + 1):
            code, result = _apply(demo, KILLED_AT if attempt == 1 else None, meter)
            if attempt == 1:
                show(f"  {instant_text(clock.now())}  killed (SIGKILL) after {demo.sage.calls:,} calls")
            elif code == PAUSED:
                show(f"  {instant_text(clock.now())}  paused: {result['why']}")
                clock.sleep(instant(result["until"]) - clock.now())
            elif result.get("ended") == Ended.UNFINISHED:
                show(f"  {instant_text(clock.now())}  not finished: {result['to_do']} records still to do")
            else:
                show(f"  {instant_text(clock.now())}  finished")
                return attempt
    return ATTEMPTS


def _schedule_faults(demo: Demo) -> None:
    """Schedule an answer lost after its booking, a 500 after one, a 429, and another app's calls."""
    demo.faults.add(Trigger(150, "POST", "/sales_invoices"), Fault(FaultType.ANSWER_LOST))
    demo.faults.add(Trigger(90, "POST", "/purchase_invoices"), Fault(FaultType.ERROR_SAVED, status=500))
    demo.faults.add(Trigger(300, "POST", "/contacts"), Fault(FaultType.TOO_MANY))
    second_day = STARTS_AT + DAY - STARTS_AT % DAY
    demo.sage.schedule_foreign_calls(demo.project.business.id, daily_calls(second_day, 1, FOREIGN_CALLS))


def _apply(
    demo: Demo, kill_at: int | None, meter: Callable[[int, int, str], None]
) -> tuple[int, Mapping[str, str]]:
    """Run `sagerecon apply` as a process; return its exit code and its last event.

    Args:
        kill_at: the number of calls at which the process is killed; None lets it end by itself.
    """
    words = [sys.executable, "-m", "sagerecon", "apply", "--project", str(demo.project.folder), "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    result: Mapping[str, str] = {}
    assert process.stdout is not None  # noqa: S101 - asked for above
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress":
            meter(event["completed"], event["total"], event["detail"])
        elif event["event"] in ("result", "error"):
            result = event
        if kill_at is not None and demo.sage.calls >= kill_at:
            process.kill()
            break
    process.stdout.close()
    return process.wait(), result


def _reconcile(demo: Demo, prepared: Prepared) -> reconciliations.Reconciled:
    demo.heading("The reconciliation: Sage is read back and compared with the source")
    project = demo.project
    with open_session(project) as session, demo.screen.progress("reading back") as meter:
        result = reconciliations.reconcile(
            project,
            demo.clock,
            session,
            prepared=prepared,
            on_plan=lambda plan: demo.screen.print(f"Reading back takes {plan.header.calls:,} calls."),
            on_progress=lambda progress: meter(progress.done, progress.of, progress.label),
        )
    if not isinstance(result, reconciliations.Reconciled):
        raise ProjectError(f"Reading back did not finish: {result.why}", "Run the demo again.")
    found = result.reconciliation
    demo.screen.show(completeness(found.completeness), tie_outs(found.tie_outs, found.not_taken))
    return result


def _audit(demo: Demo, plan: Plan, before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    project, now = demo.project, demo.clock.now()
    books = demo.sage.business(plan.header.business)
    aside = {record.step.key for record in status.status(project, demo.clock).aside}
    not_created = aside | runs.adopted_keys(project, demo.clock)
    return [
        *doubled_records(plan, project.catalog, books, now),
        *lost_records(plan, project.catalog, not_created, before, after),
    ]


def _summarize(
    demo: Demo, plan: Plan, attempts: int, before: Mapping[str, int], after: Mapping[str, int]
) -> None:
    demo.heading("The result")
    more = {resource: count - before.get(resource, 0) for resource, count in after.items()}
    created = {resource: count for resource, count in more.items() if count > 0}
    demo.screen.show(created_records(created))
    header, sage = plan.header, demo.sage
    run = status.status(demo.project, demo.clock).run
    own = run.calls.sent if run is not None else 0
    foreign, refused = sage.limits.foreign_calls(header.business)
    demo.screen.print(
        f"{own:,} calls of the run; the plan has {header.calls:,} and its lower bound is "
        f"{header.lower_bound:,}. {sage.calls:,} calls in total, reading back and sign-in included. "
        f"{attempts} starts of one command, the first killed; "
        f"another app made {foreign:,} calls and was refused {refused:,} times."
    )
    bound = header.lower_bound
    demo.screen.event("summary", created=created, calls=sage.calls, planned=header.calls, bound=bound)


def _conclude(demo: Demo, reconciled: reconciliations.Reconciled, problems: list[str]) -> bool:
    """Write the report and show the verdict of the demo: whether there are no problems."""
    pages = reports.report(demo.project, demo.clock, demo.folder / "reports")
    tie_outs = reconciled.reconciliation.tie_outs
    problems += [f"{tie_out.about} does not tie out." for tie_out in tie_outs if not tie_out.ties]
    problems += reconciled.reconciliation.unread
    for problem in problems:
        demo.screen.error(problem)
    if problems:
        demo.screen.print("The demo failed.", "bold red")
    else:
        demo.screen.print(
            f"Nothing lost, nothing doubled; {len(tie_outs)} tie-outs agree to the penny. "
            f"{PLANTED} records that are wrong in the source are in quarantine, as expected.",
            "bold green",
        )
    demo.screen.print("Reports: " + ", ".join(str(page) for page in pages))
    return not problems


def consent_automatically(url: str, _redirect: str) -> None:
    """Give consent on the rehearsal's page as a browser would: first choice, allow, follow the redirect."""

    def visit() -> None:
        with requests.Session() as browser:
            browser.trust_env = False
            page = browser.get(url, timeout=30).text
            fields = re.findall(r'name="(token|choice)" value="([^"]+)"', page)
            form = {name: unescape(value) for name, value in reversed(fields)}
            if "choice" in form:
                browser.post(url, data={**form, "answer": "allow"}, timeout=30)

    threading.Thread(target=visit, daemon=True).start()


def _clear(folder: Path) -> None:
    """Make an empty folder for the demo. An earlier demo is deleted; anything else is refused."""
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).exists():
                raise ProjectError(
                    f"{folder} is not empty and not an earlier demo.", "Name another folder: --folder."
                )
            shutil.rmtree(folder)
        make_private_folder(folder)
        write_text(folder / MARK, ["A demo of sagerecon; it may be deleted.\n"])
    except OSError as error:
        raise ProjectError(f"{folder} cannot be used: {error.strerror or error}.") from error


def _set_address(project_file: Path, address: str) -> None:
    """Add the sandbox's address to the project file."""
    write_text(project_file, [project_file.read_text(encoding="utf-8"), f"\nsage:\n  address: {address}\n"])
