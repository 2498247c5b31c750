"""Measure the most memory that a snapshot and its preparation take, for ten times the records.

python benchmarks/memory.py [RECORDS]

Each number of records has a process of its own. The floor is a process that has imported the program. DuckDB
sorts and groups in memory up to its own limit, and on disk beyond it; nothing else may grow with the records.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from trade import write_trade

#: Records of a block of a trade.
BLOCK = 100_000

MEASURE = """
import gc, sys, time
from pathlib import Path
from sagerecon.commands import projects
from sagerecon.commands.preparation import prepare
from sagerecon.model.clock import SystemClock
from sagerecon.project.snapshots import take_snapshot

def most(what):
    status = Path("/proc/self/status").read_text()
    megabytes = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(f"{what:<34}{megabytes:>8,} MB {time.process_time() - start:>8.1f} s")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew

gc.set_threshold(100_000, 20, 20)
start = time.process_time()
project = projects.open_project(Path(sys.argv[1]), ())
most("  floor: the program alone")
take_snapshot(project, SystemClock(), lambda *_: None)
most("  snapshot")
prepared = prepare(project)
assert len(prepared.outcomes) > int(sys.argv[2]) * 0.9
most("  mapping and screening")
"""


def main(records: int) -> None:
    """Print what a tenth of the records and all of them take."""
    for count in (records // 10, records):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "trade"
            write_trade(folder, min(count, BLOCK), max(count // BLOCK, 1))
            print(f"{count:,} records", flush=True)
            subprocess.run([sys.executable, "-c", MEASURE, str(folder), str(count)], check=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
