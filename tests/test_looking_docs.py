"""docs/looking.md: its examples are what the commands print."""

import re
import shlex
from pathlib import Path

import pytest
from test_cli_compare import NEW, OLD
from typer.testing import CliRunner

from sagerecon.cli.main import app

TEXT = (Path(__file__).parents[1] / "docs" / "looking.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    \$ sagerecon (.+)\n((?:    .*\n)+)", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize(("command", "shown"), EXAMPLES)
def test_each_example_is_what_is_printed(
    command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.csv").write_text(OLD)
    Path("new.csv").write_text(NEW)
    printed = CliRunner(env={"COLUMNS": "200"}).invoke(app, shlex.split(command)).stdout
    assert [line.rstrip() for line in printed.splitlines()] == [
        line.removeprefix("    ") for line in shown.splitlines()
    ]


def test_the_page_has_examples() -> None:
    assert EXAMPLES
