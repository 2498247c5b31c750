"""Measure seconds and peak memory of the commands after a load, each in a process of its own.

    python benchmarks/reconciliation.py [RECORDS] [FOLDER]

Seconds are those of the processor. A generated trade is loaded into the rehearsal Sage and read back first,
by the commands themselves; beyond 10,000 records the rows of the store are repeated. That takes most of the
time, so what was loaded is kept in FOLDER, if one is given, and measured again from there. The floor reads
the same rows once and parses their JSON, and keeps nothing.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trade import write_trade

from sagerecon.commands import (
    decisions,
    explanations,
    plans,
    preparation,
    reconciliations,
    reports,
    runs,
    sources,
)
from sagerecon.commands.budget import call_budget
from sagerecon.commands.decisions import Choice
from sagerecon.commands.provenance import provenance
from sagerecon.commands.read_back import ReadBack
from sagerecon.commands.rehearsals import expected_business, open_rehearsal
from sagerecon.model.value import fingerprint
from sagerecon.planning.plan import Plan
from sagerecon.project.decisions_file import DECISIONS_FILE
from sagerecon.project.file import read_project
from sagerecon.project.project import Project
from sagerecon.project.sage import GRANT, SANDBOX_APP, SANDBOX_SECRET, sage_access
from sagerecon.project.state import write_business
from sagerecon.project.store import open_store
from sagerecon.rehearsal.adapter import mount
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.rehearsal.sage import RehearsalSage
from sagerecon.runner.run import Ended, RunOutcome
from sagerecon.sage.session import open_session
from sagerecon.sage.tokens import read_tokens
from sagerecon.store.runs import question

#: Records that are loaded by the commands themselves; what is more are repetitions of them.
BLOCK = 10_000

_APART = 1_000_000  #: between the numbers of the blocks
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_NUMBER = re.compile(r"\b([CIR])00(-\d{5})\b")
_CONTENTS: dict[tuple[str, str], str] = {}
_SAGES: list[RehearsalSage] = []  #: that of this process

#: The stages in the order in which they are measured, by the state of the project in which they run.
STAGES = {
    "nothing written": ("prepare anew", "plan", "explain", "report"),
    "all written": ("floor", "prepare", "plan", "reconcile", "report", "explain"),
    "all different": ("reconcile", "report", "explain", "plan", "decide list", "decide"),
    "all decided": ("reconcile", "report", "explain", "plan"),  # by the decisions of the state before
}


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
    _SAGES.append(sage)
    _read_back(project, prepared.snapshot, clock)
    (folder / "clock").write_text(str(clock.now()))


def grow(folder: Path, records: int, blocks: int) -> None:
    """Repeat the block of records that was loaded, in the source and in the rows of the store."""
    for name in ("data", "mappings"):
        shutil.rmtree(folder / name)
    write_trade(folder, records, blocks)
    project = read_project(folder)
    connection = sqlite3.connect(project.state / "store.sqlite", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=OFF")
    connection.executescript(
        """BEGIN;
        CREATE TEMP TABLE mapped AS SELECT * FROM id_map WHERE kind != 'bank_account';
        CREATE TEMP TABLE ours AS SELECT sage_id FROM mapped;
        CREATE TEMP TABLE made AS SELECT steps.* FROM steps JOIN mapped USING (run, number);
        CREATE TEMP TABLE keys AS SELECT * FROM natural_keys WHERE sage_id IN ours;
        CREATE TEMP TABLE read AS SELECT * FROM held WHERE sage_id IN ours;"""
    )
    shared = {row[0] for row in connection.execute("SELECT sage_id FROM held WHERE sage_id NOT IN ours")}
    copies = {"made": "steps", "mapped": "id_map", "keys": "natural_keys", "read": "held"}
    for block in range(1, blocks):
        for source, target in copies.items():
            rows = (
                _of_block(dict(row), block, shared)
                for row in connection.execute(f"SELECT * FROM {source}")  # noqa: S608
            )
            columns = [each[1] for each in connection.execute(f"PRAGMA table_info({target})")]
            marks = ", ".join(f":{column}" for column in columns)
            connection.executemany(f"INSERT INTO {target} VALUES ({marks})", rows)  # noqa: S608
    _state_sums(connection, blocks)
    connection.execute("COMMIT")
    clock = VirtualClock(int((folder / "clock").read_text()))
    prepared = sources.snapshot(project, clock, lambda _file, _rows: None)
    try:
        _read_back(project, prepared.snapshot, clock, _not_asked)
    except _Asked as asked:  # what was read answers the question of the whole
        connection.execute(
            "UPDATE runs SET question = ? WHERE purpose = 'read_back'", (question(asked.plan),)
        )
    connection.execute("UPDATE runs SET snapshot = ?", (prepared.snapshot,))
    connection.close()


def _of_block(row: dict[str, Any], block: int, shared: Collection[str]) -> dict[str, Any]:
    """Return the row of the same record in another block: its numbers, and the ids that are its own."""

    def own_id(found: re.Match[str]) -> str:
        return found[0] if found[0] in shared else f"{block:08}{found[0][8:]}"

    for name, value in row.items():
        if isinstance(value, str) and name not in ("business", "run", "content"):
            row[name] = _ID.sub(own_id, _NUMBER.sub(rf"\g<1>{block:02}\g<2>", value))
    if "content" in row:  # the fingerprint of what was sent
        row["content"] = _CONTENTS.pop((row["kind"], row["key"]))
    elif "step" in row:
        _CONTENTS[row["kind"], row["key"]] = fingerprint(json.loads(row["step"])["body"])
    if "number" in row:
        row["number"] += block * _APART if "position" not in row else 0
    if "position" in row:
        row["position"] += block * _APART
    return row


def _state_sums(connection: sqlite3.Connection, blocks: int) -> None:
    """State the sums over all blocks: of the trial balance, and of the entities that were read."""
    (text,) = connection.execute("SELECT body FROM held WHERE kind = 'trial_balance'").fetchone()
    text = re.sub(r'"(-?\d+(?:\.\d+)?)"', lambda found: f'"{Decimal(found[1]) * blocks}"', text)
    connection.execute("UPDATE held SET body = ? WHERE kind = 'trial_balance'", (text,))


class _Asked(Exception):
    """Raised with the plan of a reading instead of carrying it out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan


def _not_asked(plan: Plan) -> None:
    raise _Asked(plan)


def _read_back(
    project: Project, snapshot: str, clock: VirtualClock, on_plan: Callable[[Plan], None] = lambda _: None
) -> None:
    with open_session() as session, open_store(project, clock) as store:
        reading = ReadBack(
            cut_over=project.cut_over,
            as_at=project.as_at,
            provenance=provenance(project, snapshot, clock),
            also=[],
            company=store.company(project.business.id),
            catalog=project.catalog,
            clock=clock,
            budget=call_budget(project.limits, project.catalog.api),
            max_calls=None,
            on_plan=on_plan,
            on_progress=lambda _: None,
        )
        if _SAGES:
            mount(session, _SAGES[0])
        sage = sage_access(project).open_reader(store.vault, session, clock)
        while isinstance(outcome := reading.run(sage), RunOutcome):
            assert outcome.until is not None, outcome
            clock.sleep(outcome.until - clock.now())


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


def unwrite(folder: Path) -> None:
    """Remove the store, so that nothing was written, and its witness."""
    for path in (*read_project(folder).state.glob("store*"), folder / "witness"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def change_everything(folder: Path) -> None:
    """Change each record in Sage: its reference, and one penny of a payment, so that accounts differ too."""
    connection = sqlite3.connect(read_project(folder).state / "store.sqlite")
    connection.execute(
        """UPDATE held SET body = json_set(body, '$.reference', json_extract(body, '$.reference') || ' X')
        WHERE kind IN ('contact', 'sales_invoice', 'contact_payment')"""
    )
    connection.execute(
        """UPDATE held SET body = json_set(body, '$.total_amount', printf('%.2f',
            json_extract(body, '$.total_amount') + 0.01)) WHERE kind = 'contact_payment'"""
    )
    connection.commit()
    connection.close()


def stage(name: str, folder: Path, expect: str) -> None:
    """Run one stage in this process, and print its seconds and megabytes as JSON.

    Args:
        expect: the state of the project.
    """
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
            "reconcile": lambda: _judged(reconciliations.reconcile(project, clock, session), expect),
            "report": lambda: reports.report(project, clock),
            "decide list": lambda: decisions.decidable(project, clock),
            "decide": lambda: accept_everything(project, clock),
            "explain": lambda: explanations.explain(project, clock, "receipts/R00-00007"),
        }
        begun = time.process_time()  # others may use the machine at the same time
        works[name]()
        taken = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([taken, peak]))


def accept_everything(project: Project, clock: VirtualClock) -> None:
    """Accept every difference, by one decision on each kind of entity."""
    for name in dict.fromkeys(group.name for group in decisions.decidable(project, clock).groups):
        decisions.take(project, clock, name, Choice(answer="accept", because="measured", by="benchmark"))


def _judged(found: object, state: str) -> None:
    assert isinstance(found, reconciliations.Reconciled), found
    result = found.reconciliation
    if state == "all different":
        assert len(result.open_verdicts) >= len(result.verdicts) - 1, len(result.open_verdicts)  # the bank
    else:
        assert not result.open_verdicts, result.open_verdicts[:3]


#: How the project that was loaded is changed before a state of it is measured.
CHANGES: Mapping[str, Callable[[Path], None]] = {
    "nothing written": unwrite,
    "all different": change_everything,
    "all decided": change_everything,
}


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
        blocks = max(1, records // BLOCK)
        _child("--load", str(records // blocks), folder=project)
        if blocks > 1:
            _child("--grow", str(records // blocks), str(blocks), folder=project)
        print(f"loaded {records:,} records in {time.perf_counter() - begun:,.0f} s")
        project.rename(loaded)
    print(f"{'':34} {'seconds':>8} {'MB':>8}   of {records:,} records")
    for state, stages in STAGES.items():
        decided = (project / DECISIONS_FILE).read_text() if state == "all decided" else ""
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(loaded, project)  # a witness names the folder of its project
        if state in CHANGES:
            CHANGES[state](project)
        if decided:
            (project / DECISIONS_FILE).write_text(decided)
        for name in stages:
            taken, peak = json.loads(_child("--stage", name, state, folder=project))
            print(f"{state + ': ' + name:34} {taken:>8.2f} {peak:>8,.0f}", flush=True)
        _print_sizes(project)


def _print_sizes(folder: Path) -> None:
    """Print the size of the plan, of the pages of the report and of the store, in megabytes."""
    project = read_project(folder)
    paths = (project.plan_file, *sorted((folder / "reports").glob("*")), project.state / "store.sqlite")
    sizes = (f"{path.name} {path.stat().st_size / 1e6:,.1f} MB" for path in paths if path.exists())
    print(", ".join(sizes), flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--load", count, target]:
            load(Path(target), int(count))
        case ["--grow", count, times, target]:
            grow(Path(target), int(count), int(times))
        case ["--stage", wanted, state, target]:
            stage(wanted, Path(target), state)
        case [count, target]:
            Path(target).mkdir(parents=True, exist_ok=True)
            main(int(count), Path(target).resolve())
        case given:
            with TemporaryDirectory() as name:
                main(int(given[0]) if given else 1_000, Path(name))
