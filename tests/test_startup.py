"""A command imports what it uses and nothing else; importing all libraries takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tiny import write_tiny

PROGRAM = """
import json, sys
from sagerecon.cli.main import app

try:
    app(json.loads(sys.argv[1]), standalone_mode=False)
finally:
    print("\\n" + json.dumps(sorted(sys.modules)))
"""


def modules_of(*arguments: str) -> set[str]:
    """Return the modules that a process has imported when the command is done."""
    words = [sys.executable, "-c", PROGRAM, json.dumps(arguments)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def rooms(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("sagerecon.")}


def test_help_imports_no_part_of_the_program_but_the_command_line() -> None:
    modules = modules_of("--help")
    assert rooms(modules) == {"cli", "model"}
    assert {"sagerecon.cli.console", "sagerecon.model.catalog"} & modules == set()
    libraries = {
        "yaml",
        "jsonschema",
        "sqlalchemy",
        "duckdb",
        "requests",
        "cryptography",
        "openpyxl",
        "jinja2",
    }
    assert libraries & modules == set()


def test_check_opens_neither_store_nor_network(tmp_path: Path) -> None:
    modules = modules_of("check", "--project", str(write_tiny(tmp_path)))
    assert "duckdb" in modules
    assert {"sqlalchemy", "requests", "cryptography", "openpyxl"} & modules == set()
    assert rooms(modules) & {"store", "sage", "runner", "planning", "reconciliation"} == set()
    assert {
        "sagerecon.rehearsal.sage",
        "sagerecon.report.pages",
        "sagerecon.sources.snapshot",
    } & modules == set()


def test_status_opens_the_store_alone(tmp_path: Path) -> None:
    modules = modules_of("status", "--project", str(write_tiny(tmp_path)))
    assert "sqlalchemy" in modules
    libraries = {"duckdb", "jinja2", "requests", "cryptography", "openpyxl", "sqlalchemy.dialects.postgresql"}
    assert libraries & modules == set()
    assert rooms(modules) & {"sources", "sage", "mapping", "validation", "runner"} == set()
    assert {"sagerecon.rehearsal.sage", "sagerecon.report.pages"} & modules == set()
