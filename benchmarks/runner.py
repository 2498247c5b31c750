"""Measure the durable calls per second of the runner, beside what the disk alone allows.

    python benchmarks/runner.py [CALLS] [FOLDER]

The Sage is in memory and answers at once under a virtual clock, so what is measured is our own work and the
disk's. The floor is two bare SQLite commits a call, the intent's and the outcome's, of 300 bytes each.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sagerecon.documents.package import catalog
from sagerecon.model.call import Answer, Call
from sagerecon.model.draft import Draft, OnExisting, Reference
from sagerecon.model.place import Place
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.planning.budget import Budget
from sagerecon.planning.planner import Calendar, Provenance, plan_steps
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.runner.run import Ended, run
from sagerecon.store.opening import open_store


class InstantSage:
    """A Sage that accepts every request and answers with an entity of about 1 KB."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.made = 0

    def ready(self) -> int:
        return self.clock.now() + 300_000

    def call(self, call: Call) -> Answer:
        self.clock.sleep(600)
        if call.body is None:
            return Answer(200, {"$total": 0, "$page": 1, "$items": []}, size=60)
        self.made += 1
        (content,) = call.body.values()
        return Answer(201, {"id": f"{self.made:032x}", **content, "more": "x" * 500}, size=1_000)


def drafts(count: int) -> Iterator[Draft]:
    """Return drafts: half customers, half invoices, one for each."""
    for number in range(count // 2):
        reference = f"C{number}"
        body: dict[str, Any] = {"name": f"Firm {number}", "contact_type_ids": ["CUSTOMER"]}
        place = (Place("customers.csv", number + 2),)
        yield Draft(
            "contact",
            f"customers/{reference}",
            {**body, "reference": reference},
            {"reference": reference},
            place,
            Place("customers.yaml", 3),
        )
    line = {"description": "Work", "quantity": "1", "unit_price": "10.00", "tax_amount": "2.00"}
    for number in range(count // 2):
        yield Draft(
            "sales_invoice",
            f"invoices/{number}",
            {
                "contact_id": Reference("contact", f"customers/C{number}"),
                "date": "2026-01-01",
                "reference": f"I{number}",
                "invoice_lines": [line, line],
            },
            {"reference": f"I{number}"},
            (Place("invoices.csv", number + 2),),
            Place("invoices.yaml", 3),
            OnExisting.CREATE,
        )


def floor(folder: Path, calls: int) -> float:
    """Return calls per second where each call is two durable commits and nothing else."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT)")
    begun = time.perf_counter()
    for number in range(2 * calls):
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, "x" * 300))
    taken = time.perf_counter() - begun
    connection.close()
    return calls / taken


def main(calls: int, folder: Path) -> None:
    clock = VirtualClock()
    budget = Budget(100, 2_500)
    with open_store(f"sqlite:///{folder / 'store.db'}", clock, None) as store:
        company = store.company("B")
        begun = time.perf_counter()
        provenance, calendar = Provenance("B", "", "", ""), Calendar(clock.now())
        plan = plan_steps(
            pair_with_recorded(list(drafts(calls)), Recorded(), catalog()),
            company.id_map.known(),
            catalog(),
            budget,
            provenance,
            calendar,
        )
        planned = time.perf_counter() - begun
        sage = InstantSage(clock)
        begun, cpu = time.perf_counter(), time.process_time()
        outcome = run(plan, sage, company.run_log, clock, budget, catalog(), patience_ms=2 * 86_400_000)
        taken, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert outcome.ended is Ended.FINISHED and sage.made == calls, outcome
    days = (clock.now() - VirtualClock().now()) / 86_400_000
    print(f"planning      {calls:>8,} steps in {planned:.2f} s")
    print(f"runner        {calls / taken:>8,.0f} durable calls/s  ({1e6 * cpu / calls:,.0f} us CPU a call)")
    print(f"floor         {floor(folder, min(calls, 2_000)):>8,.0f} calls/s of two bare commits")
    print(f"virtual time  {days:>8.2f} days, {outcome.counts.get('rate_limited', 0)} calls rate limited")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    with TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        main(wanted, Path(name))
