"""Every mapping pack makes a project without errors, and is described."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagerecon.commands import mappings, projects
from sagerecon.documents import package

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", package.packs())
def test_a_project_of_the_pack_has_no_errors(tmp_path: Path, name: str) -> None:
    (tmp_path / "data").mkdir()
    project = projects.init(tmp_path / "project", name, tmp_path / "data", "Oak Ltd")
    assert [str(finding) for finding in mappings.check(project).findings] == []


@pytest.mark.parametrize("name", package.packs())
def test_the_pack_is_described(name: str) -> None:
    text = (package.pack(name) / "README.md").read_text(encoding="utf-8")
    assert f"sagerecon init mymove --from {name} --data EXPORT_FOLDER" in text
    assert "## What is moved" in text
    assert f"(mappings/{name}/README.md)" in README
