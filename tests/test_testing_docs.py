"""docs/testing.md: its examples are what `sagerecon test` prints."""

import re
from pathlib import Path

from tiny import MAPPING, write_tiny
from typer.testing import CliRunner

from sagerecon.cli.main import app

TEXT = (Path(__file__).parents[1] / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```yaml\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^    \$ sagerecon test(.*)\n((?:    .*\n)+)", TEXT, flags=re.MULTILINE)


def printed(folder: Path, options: str) -> list[str]:
    found = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["test", "-p", str(folder), *options.split()])
    return [line.rstrip() for line in found.stdout.splitlines()]


def lines(text: str) -> list[str]:
    return [line.removeprefix("    ").rstrip() for line in text.splitlines()]


def test_each_example_is_what_is_printed(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    mapping = tmp_path / "mappings" / "customers.yaml"
    tests = tmp_path / "mappings" / "customers.tests.yaml"
    given, sample = FILES
    (failing, update, differing) = SHOWN
    mapping.write_text(MAPPING + "tests: customers.tests.yaml\n")
    tests.write_text(given)
    assert printed(tmp_path, failing[0]) == lines(failing[1])
    tests.write_text(sample)
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "contacts.csv").write_text((tmp_path / "data" / "contacts.csv").read_text())
    assert printed(tmp_path, update[0]) == lines(update[1])
    mapping.write_text(mapping.read_text().replace("[squeeze]", "[squeeze, upper]"))
    shown = [line for line in printed(tmp_path, differing[0]) if not line.startswith("error")]
    assert shown == lines(differing[1])
