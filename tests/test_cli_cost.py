"""`plan --cost`: calls of each mapping, against another plan and against limits."""

from pathlib import Path

import pytest
from tiny import MAPPING, write_tiny
from typer.testing import CliRunner, Result

from sagerecon.cli.main import app
from sagerecon.commands.costs import exceeded
from sagerecon.planning.shares import Share, ShareChange, changed_shares


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [arguments[0], "-p", str(folder), *arguments[1:]])


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny(tmp_path_factory.mktemp("tiny"))
    assert run(folder, "snapshot").exit_code == 0
    assert run(folder, "plan", "-o", str(folder / "base.jsonl")).exit_code == 0
    return folder


def test_the_calls_of_each_mapping_are_shown_with_their_formula(planned: Path) -> None:
    found = run(planned, "plan", "--cost")
    lines = [line.split() for line in found.stdout.splitlines()]
    assert ["customers", "2", "1", "for", "each", "of", "2", "created"] in lines
    assert ["reading", "contact", "1", "pages", "of", "200"] in lines
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("limits", "code", "message"),
    [
        (("--max-calls", "4"), 0, ""),
        (("--max-calls", "3"), 1, "The plan takes 4 calls, more than 3."),
        (("--max-days", "1"), 0, ""),
        (
            ("--max-calls", "3", "--max-days", "0"),
            1,
            "The plan takes 4 calls, more than 3 and 1 day, more than 0.",
        ),
    ],
)
def test_a_plan_that_exceeds_a_limit_fails(
    planned: Path, limits: tuple[str, ...], code: int, message: str
) -> None:
    found = run(planned, "plan", *limits)
    assert (found.exit_code, message in found.stderr) == (code, True), found.output


def test_a_plan_is_compared_with_another(planned: Path) -> None:
    base = ("--base", str(planned / "base.jsonl"))
    assert "The base plan costs the same." in run(planned, "plan", *base).stdout
    mapping = planned / "mappings" / "customers.yaml"
    mapping.write_text(
        MAPPING.replace("fields:", "leave_out: [{name: no, when: 'ref == \"C1\"', reason: x}]\nfields:")
    )
    shown = run(planned, "plan", *base).stdout
    mapping.write_text(MAPPING)
    assert "customers: 2 calls, now 1 (-1).\n-1 calls against the base plan.\n" in shown
    assert run(planned, "plan", "--base", str(planned / "none.jsonl")).exit_code == 2


def test_mappings_that_are_new_or_gone_have_changed() -> None:
    before, after = [Share("a", 3, ""), Share("b", 1, "")], [Share("b", 1, ""), Share("c", 2, "")]
    assert changed_shares(before, after) == [ShareChange("a", 3, 0), ShareChange("c", 0, 2)]


def test_without_limits_nothing_is_exceeded(planned: Path) -> None:
    from sagerecon.commands.plan_file import read_plan_file  # noqa: PLC0415

    plan = read_plan_file(planned / "base.jsonl", "base.jsonl", is_named=True)
    assert exceeded(plan, None, None) == ""
