"""Measure seconds and peak memory of the commands after a load, each in a process of its own.

    python benchmarks/reconciliation.py [RECORDS] [FOLDER]

A generated trade is loaded into the rehearsal Sage and read back first, by the commands themselves. That
takes most of the time, so what was loaded is kept in FOLDER, if one is given, and measured again from there.
The floor reads the same rows once and parses their JSON, and keeps nothing.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from trade import write_trade

from sagerecon.commands import explanations, plans, preparation, reconciliations, reports, runs, sources
from sagerecon.commands.budget import call_budget
from sagerecon.commands.plan_file import provenance
from sagerecon.commands.read_back import ReadBack
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.project.file import read_project
from sagerecon.project.project import Project
from sagerecon.project.sage import GRANT, SANDBOX_APP, SANDBOX_SECRET, sage_access
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.runner.run import Ended
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import read_tokens

#: The stages in the order in which they are measured.
STAGES = ("floor", "prepare anew", "prepare", "plan", "reconcile", "report", "explain")


def load(folder: Path, records: int) -> None:
    """Load a trade into a rehearsal Sage and read it back; leave the project in `folder`."""
    write_trade(folder, records)
    clock = VirtualClock()
    project = read_project(folder)
    sage = open_rehearsal(project.catalog, expected_business(project), clock, seed=7, latency=200)
    business = next(iter(sage.membership.businesses))
    write_business(project.state, business)
    project = read_project(folder)
    with open_store(project, clock) as store:
        store.vault.save(GRANT, read_tokens(sage.grant(SANDBOX_APP, "owner", business), clock.now()), None)
    with open_session() as session:
        mount(session, sage)
        prepared = sources.snapshot(project, clock, lambda _file, _rows: None)
        plans.plan(project, clock, prepared=prepared)
        while (outcome := runs.apply(project, clock, session)).ended is Ended.PAUSED:
            assert outcome.until is not None, outcome
            clock.sleep(outcome.until - clock.now())
        assert outcome.ended is Ended.FINISHED, outcome
        _read_back(project, prepared, clock, session)
    (folder / "clock").write_text(str(clock.now()))


def _read_back(
    project: Project, prepared: preparation.Prepared, clock: VirtualClock, session: object
) -> None:
    with open_store(project, clock) as store:
        company = store.company(project.business.id)
        reading = ReadBack(
            cut_over=project.cut_over,
            as_at=project.as_at,
            provenance=provenance(project, prepared.snapshot),
            company=company,
            catalog=project.catalog,
            clock=clock,
            budget=call_budget(project.limits, project.catalog.api),
            max_calls=None,
            on_plan=lambda _: None,
            on_progress=lambda _: None,
        )
        sage = sage_access(project).open_reader(store.vault, session, clock)  # type: ignore[arg-type]
        while not hasattr(outcome := reading.run(sage), "reading"):
            clock.sleep(outcome.until - clock.now())  # type: ignore[operator]


def read_once(project: Project) -> None:
    """Read every row that a reconciliation reads, and parse its JSON."""
    (prepared,) = project.state.glob("prepared-*.db")
    queries = {
        prepared: ("SELECT document FROM outcomes",),
        project.state / "store.sqlite": (
            "SELECT step FROM steps WHERE answer != ''",
            "SELECT answer FROM steps WHERE answer != ''",
            "SELECT body FROM held",
        ),
    }
    for path, statements in queries.items():
        connection = sqlite3.connect(path)
        for statement in statements:
            for (text,) in connection.execute(statement):
                json.loads(text)
        connection.close()


def stage(name: str, folder: Path) -> None:
    """Run one stage in this process, and print its seconds and megabytes as JSON."""
    project = read_project(folder)
    clock = VirtualClock(int((folder / "clock").read_text()))
    if name == "prepare anew":
        for path in project.state.glob("prepared-*.db"):
            path.unlink()
    with open_session() as session:
        works: Mapping[str, Callable[[], object]] = {
            "floor": lambda: read_once(project),
            "prepare anew": lambda: preparation.prepare(project),
            "prepare": lambda: preparation.prepare(project),
            "plan": lambda: plans.plan(project, clock),
            "reconcile": lambda: _ties_out(reconciliations.reconcile(project, clock, session)),
            "report": lambda: reports.report(project, clock),
            "explain": lambda: explanations.explain(project, clock, "receipts/R000007"),
        }
        begun = time.perf_counter()
        works[name]()
        taken = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([taken, peak]))


def _ties_out(found: object) -> None:
    assert isinstance(found, reconciliations.Reconciled), found
    assert found.reconciliation.ties_out, found.reconciliation.open_verdicts[:3]


def _child(*arguments: str, folder: Path) -> str:
    variables = {
        "SAGERECON_CLIENT_ID": SANDBOX_APP,
        "SAGERECON_CLIENT_SECRET": SANDBOX_SECRET,
        "XDG_STATE_HOME": str(folder / "witness"),
    }
    command = [sys.executable, __file__, *arguments, str(folder)]
    return subprocess.run(
        command, check=True, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True
    ).stdout


def main(records: int, folder: Path) -> None:
    """Load where that was not done yet, then measure every stage and print."""
    project, loaded = folder / "project", folder / f"loaded-{records}"
    if not loaded.exists():
        shutil.rmtree(project, ignore_errors=True)
        begun = time.perf_counter()
        _child("--load", str(records), folder=project)
        print(f"loaded {records:,} records in {time.perf_counter() - begun:,.0f} s")
        project.rename(loaded)
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(loaded, project)  # a witness names the folder of its project
    print(f"{'':16} {'seconds':>8} {'MB':>8}   of {records:,} records")
    for name in STAGES:
        taken, peak = json.loads(_child("--stage", name, folder=project))
        print(f"{name:16} {taken:>8.2f} {peak:>8,.0f}", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--load", count, target]:
            load(Path(target), int(count))
        case ["--stage", wanted, target]:
            stage(wanted, Path(target))
        case [count, target]:
            Path(target).mkdir(parents=True, exist_ok=True)
            main(int(count), Path(target).resolve())
        case given:
            with TemporaryDirectory() as name:
                main(int(given[0]) if given else 1_000, Path(name))
