"""Plant faults in a module or a room, one at a time, and list those that no test notices: `make mutants`.

mutmut does the work in a copy of the tree below build/mutants, with the tests that mirror the room:
`python tests/mutants.py sagerecon/planning/budget.py`, or no argument for every room of `ROOMS`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
WORK = HERE / "build" / "mutants"

#: Each room with the tests that run for its faults. Tests that start processes do not see a planted fault.
ROOMS: dict[str, tuple[str, ...]] = {
    "model": ("model", "mapping_t", "planning", "validation", "reconciliation"),
    "mapping": ("mapping", "error_gallery"),
    "validation": ("validation", "commands_books"),
    "pairing": ("pairing", "reconciliation", "runner.py", "runner_conversation"),
    "planning": ("planning", "runner.py", "runner_conversation"),
    "reconciliation": ("reconciliation", "pairing", "commands_books"),
    "runner": ("runner.py", "runner_conversation", "runner_crashes", "planning_request"),
    "store": ("store_call", "store_opening", "store_run", "store_vault", "runner.py"),
    "cli": ("cli",),
}

_SETTINGS = """
[tool.mutmut]
source_paths = ["sagerecon"]
only_mutate = {modules}
also_copy = ["specs", "mappings", "fixtures", "docs", "README.md"]
do_not_mutate_patterns = ['^\\s*"[^"]* [^"]*",?$']  # a line that is only a sentence; its wording may change
pytest_add_cli_args = ["-q", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = {tests}
"""


def main() -> int:
    """Run the tool and return 1 where a fault survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as sagerecon/planning/budget.py")
    parser.add_argument("--tests", nargs="*", default=[], help="test files to run instead of the room's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    survived = 0
    for module in options.modules or [f"sagerecon/{room}/*" for room in ROOMS]:
        folder = _copy(module, options.tests or _tests(module))
        environment = {**os.environ, "PYTHONPATH": "."}  # the copy, not the tree that is installed
        command = [sys.executable, "-m", "mutmut"]
        run = [*command, "run", "--max-children", str(options.jobs)]
        with (folder / "mutmut.log").open("w") as log:
            subprocess.run(
                run, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
            )
        survived += _show(module, folder, command, environment)
    return 1 if survived else 0


def _tests(module: str) -> list[str]:
    """Return the test files of the module's room."""
    wanted = ROOMS[module.split("/")[1]]
    files = sorted(path for path in HERE.glob("tests/test_*.py"))
    return [
        f"tests/{file.name}" for file in files if file.name.startswith(tuple(f"test_{w}" for w in wanted))
    ]


def _copy(module: str, tests: list[str]) -> Path:
    """Copy what is needed into a folder of its own, with mutmut's settings, and return it."""
    folder = WORK / module.removeprefix("sagerecon/").rstrip("/*").replace("/", "_").removesuffix(".py")
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("sagerecon", "tests", "specs", "mappings", "fixtures", "docs"):
        shutil.copytree(HERE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "README.md", folder)
    settings = _SETTINGS.format(modules=json.dumps([module]), tests=json.dumps(tests))
    (folder / "pyproject.toml").write_text((HERE / "pyproject.toml").read_text() + settings)
    return folder


def _show(module: str, folder: Path, command: list[str], environment: dict[str, str]) -> int:
    """Print the figures and the survivors, each as a difference, and return how many there are."""

    def ask(*words: str) -> str:
        asked = [*command, *words]
        return subprocess.run(
            asked, cwd=folder, env=environment, capture_output=True, text=True, check=False
        ).stdout

    ask("export-cicd-stats")
    file = folder / "mutants" / "mutmut-cicd-stats.json"
    if not file.exists():
        sys.stdout.write(f"{module}: mutmut failed; see {folder / 'mutmut.log'}\n")
        return 1
    figures = json.loads(file.read_text())
    if not figures.get("killed") and not figures.get("survived"):
        sys.stdout.write(f"{module}: the tests fail without a fault; see {folder / 'mutmut.log'}\n")
        return 1
    parts = ", ".join(f"{count} {word}" for word, count in figures.items() if count and word != "score")
    sys.stdout.write(f"{module}: {parts}\n")
    names = [line.split(":")[0].strip() for line in ask("results").splitlines() if ": survived" in line]
    for name in names:
        sys.stdout.write(ask("show", name) + "\n")
    return len(names)


if __name__ == "__main__":
    sys.exit(main())
