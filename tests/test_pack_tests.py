"""The tests that each mapping pack brings with it hold, and use every part of its mappings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands import projects
from sagerecon.documents import package

#: The packs with mappings.
PACKS = [name for name in package.packs() if any(package.pack(name).glob("mappings/*.yaml"))]
#: The line of a project, and the one with the mappings that a pack keeps aside for those who want them.
USUAL, ALL = "mappings: [mappings/*.yaml]", "mappings: [mappings/*.yaml, whole_documents/*.yaml]"


def with_all_mappings(folder: Path, name: str) -> Path:
    """Create a project with a cut-over and accounts of its own, from all mappings that a pack has."""
    projects.init(folder, name, None, "Oak Ltd", date(2019, 5, 31))
    if (accounts := folder / "crosswalks" / "accounts.csv").exists():
        accounts.write_text("source,target\nS-1,4000\n", "utf-8")
    if (folder / "whole_documents").exists():
        text = (folder / "sagerecon.yaml").read_text("utf-8")
        (folder / "sagerecon.yaml").write_text(text.replace(USUAL, ALL), "utf-8")
    return folder


@pytest.mark.parametrize("name", PACKS)
def test_the_tests_of_a_pack_hold_in_a_new_project_and_use_all_of_it(tmp_path: Path, name: str) -> None:
    folder = with_all_mappings(tmp_path / "project", name)
    runner = CliRunner(env={"COLUMNS": "200"})
    found = runner.invoke(app, ["test", "-p", str(folder), "--fail-under", "100"])
    assert found.exit_code == 0, found.output
    assert found.stdout.endswith(" tests, 0 failed.\n")
    tested = {line.split()[0] for line in found.stdout.splitlines() if line.endswith("100.0")}
    files = {path for path in folder.rglob("*.yaml") if path.parent.name in ("mappings", "whole_documents")}
    assert tested == {
        path.relative_to(folder).as_posix() for path in files if not path.name.endswith(".tests.yaml")
    }


@pytest.mark.parametrize("name", PACKS)
def test_the_readme_of_a_pack_says_how_its_tests_are_run(name: str) -> None:
    assert "`sagerecon test -p mymove`" in (package.pack(name) / "README.md").read_text("utf-8")
