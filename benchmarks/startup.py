"""CPU seconds from the start of a command to its end: the median of several runs, after one to warm up.

python benchmarks/startup.py [RUNS]

`--help` is what a shell waits for; `check` and `status` run in a project of the demo company.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from sagerecon.commands import projects
from sagerecon.documents.package import fixture


def cpu_seconds(arguments: list[str]) -> float:
    """Run a command and return its CPU time, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "sagerecon", *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(runs: int) -> None:
    """Print a line for each command."""
    with tempfile.TemporaryDirectory() as folder:
        project = projects.init(Path(folder) / "project", "brook", fixture("wholesaler") / "extracts")
        for name in ("--help", "check", "status"):
            arguments = [name] if name == "--help" else [name, "--project", str(project.folder)]
            cpu_seconds(arguments)
            seconds = [cpu_seconds(arguments) for _ in range(runs)]
            print(f"{name:<8} {statistics.median(seconds):.2f} s (fastest {min(seconds):.2f} s)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
