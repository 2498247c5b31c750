"""The examples of docs/: whole projects that are moved into a rehearsal Sage, project files, datasets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from moves import signed_in
from source_cases import parse_sources

from sagerecon.commands import mappings
from sagerecon.documents import package
from sagerecon.model.money import grouped
from sagerecon.model.place import NOWHERE
from sagerecon.project.file import read_project
from sagerecon.runner.run import Ended
from sagerecon.sources.dataset import compile_queries
from sagerecon.validation.tie_out_rows import COLUMNS, OPTIONAL, tie_out_columns

DOCS = Path(__file__).parents[1] / "docs"

#: A file of an example: its path alone on a line, then its text.
FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)

EXAMPLE = re.compile(r"^<!-- example -->\n```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def example(name: str) -> str:
    (text,) = EXAMPLE.findall(page(name))
    return str(text)


def rows(name: str, heading: str) -> list[list[str]]:
    """Return the names in backticks in each cell of the table under a heading, row by row."""
    section = re.split(r"^#+ ", page(name).split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    return [[" ".join(re.findall(r"`([\w.]+)`", cell)) for cell in line.split("|")[1:-1]] for line in table]


def named(name: str, heading: str) -> set[str]:
    """Return the names in the first column of the table under a heading."""
    return {name for row in rows(name, heading) for name in row[0].split()}


@pytest.mark.parametrize("name", ["opening-balances.md", "receivables-only.md"])
def test_the_project_of_a_page_ties_out_with_the_figures_it_shows(tmp_path: Path, name: str) -> None:
    text = page(name)
    for path, content in FILE.findall(text):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    with signed_in(tmp_path) as moved:
        assert [str(finding) for finding in mappings.check(moved.project).findings] == []
        assert moved.load().ended is Ended.FINISHED
        reconciliation = moved.reconcile().reconciliation
    assert [v.reason for v in reconciliation.open_verdicts] == []
    assert reconciliation.ties_out
    shown = text.split("`sagerecon reconcile` prints:\n\n")[1].split("\n\n")[0].splitlines()[1:]
    printed = [
        f"{tie.about} {len(tie.lines)} {grouped(tie.totals.expected)} {grouped(tie.totals.sage)}"
        f" {grouped(tie.totals.difference)} ties out"
        for tie in reconciliation.tie_outs
    ]
    assert [" ".join(line.split()) for line in shown] == printed


def test_the_project_file_of_the_page_has_no_errors(tmp_path: Path) -> None:
    for path in ("sources.yaml", "mappings/customers.yaml", "crosswalks/accounts.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "exports").mkdir()
    (tmp_path / "sagerecon.yaml").write_text(example("project.md"))
    project = read_project(tmp_path)
    assert (project.company, str(project.as_at)) == ("Oak Ltd", "2027-01-31")
    assert project.parameters["base_currency"] == "GBP"


def test_the_page_of_the_project_file_lists_every_key() -> None:
    keys = package.schema("project")["properties"]
    told = named("project.md", "## Keys")
    assert {name.partition(".")[0] for name in told} == set(keys) - {"sagerecon"}
    assert {name.partition(".")[2] for name in told} - {""} == set(keys["sage"]["properties"])
    for part in ("business", "budget"):
        assert named("project.md", f"### {part}") == set(keys[part]["properties"])


def test_the_dataset_of_the_page_fits_its_tie_out() -> None:
    compiled, findings = compile_queries(parse_sources(example("tie-outs.md")), {})
    assert [str(finding) for finding in findings] == []
    columns = {name: query.columns for name, query in compiled.datasets.items()}
    assert list(tie_out_columns("debtors", "debtors", NOWHERE, columns)) == []


def test_the_page_of_the_tie_outs_lists_every_column() -> None:
    for names, columns in rows("tie-outs.md", "## The datasets"):
        for name in names.split():
            assert {*COLUMNS[name], *OPTIONAL.get(name, {})} <= set(columns.split())
