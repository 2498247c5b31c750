"""Measure what the call ledger, planning, and the file of a plan cost.

    python benchmarks/store.py [DECISIONS] [STEPS]

A decision asks both windows, books the call and commits, as the runner does before each call.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from runner import drafts

from sagerecon.documents.package import catalog
from sagerecon.model.typed import require_types
from sagerecon.pairing.pair import Recorded, pair_with_recorded
from sagerecon.planning.budget import Budget
from sagerecon.planning.plan import plan_lines, read_plan
from sagerecon.planning.planner import Calendar, Provenance, plan_steps
from sagerecon.rehearsal.clock import VirtualClock
from sagerecon.store.opening import open_store


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of `work`."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(decisions: int, steps: int, folder: Path) -> None:
    clock = VirtualClock()
    with open_store(f"sqlite:///{folder / 'store.db'}", clock, None) as store:
        company, budget = store.company("B"), Budget(100, 2_500)
        log = company.run_log
        begun = time.perf_counter()
        for _ in range(decisions):
            while moment := log.book(budget):
                clock.sleep(moment - clock.now())
            clock.sleep(600)
            log.received(1_000)
        log.flush()
        taken = time.perf_counter() - begun
        print(f"ledger    {decisions / taken:>9,.0f} decisions/s, each with its commit")

        begun = time.perf_counter()
        provenance, calendar = Provenance("B", "", "", ""), Calendar(clock.now())
        plan = plan_steps(
            pair_with_recorded(list(drafts(steps)), Recorded(), catalog()),
            company.id_map.known(),
            catalog(),
            budget,
            provenance,
            calendar,
        )
        print(f"planning  {steps:>9,} steps in {time.perf_counter() - begun:.2f} s")
        begun = time.perf_counter()
        lines = [line.encode() for line in plan_lines(plan)]
        size = sum(map(len, lines))
        print(f"its file  {size:>9,} bytes written in {time.perf_counter() - begun:.2f} s")
        read = seconds(lambda: read_plan(lines, "plan.jsonl"))
        checked = seconds(lambda: [require_types(step) for step in plan.steps])
        floor = seconds(lambda: [json.loads(line) for line in lines])
        print(f"read      {steps:>9,} steps in {read:.2f} s, of which the check of types {checked:.2f} s")
        print(f"floor     {steps:>9,} steps in {floor:.2f} s: json.loads alone")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    with TemporaryDirectory() as name:
        main(*(numbers or (3_000, 10_000))[:2], Path(name))
