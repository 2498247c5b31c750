"""Many like records are one entry with a count, whatever a command shows of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from moves import Move, signed_in
from tiny import MAPPING, PROJECT, write_tiny
from typer.testing import CliRunner

from sagerecon.cli.main import app
from sagerecon.commands import sessions
from sagerecon.rehearsal.faults import Fault, FaultType, Trigger

MANY = 200

#: The most lines that a command may show of them.
LINES = 60

#: The codes of done, and of needs review.
DONE, REVIEW = 0, 1


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Move]:
    """Yield a move of many contacts whose commands call its rehearsal Sage in this process."""
    write_tiny(tmp_path)
    (tmp_path / "sagerecon.yaml").write_text(PROJECT.partition("sage:")[0])
    write_contacts(tmp_path, "Firm {0}")
    with signed_in(tmp_path) as move:
        monkeypatch.setattr(sessions, "open_session", lambda _project: nullcontext(move.session))
        monkeypatch.setattr("sagerecon.commands.projects.open_clock", lambda _address: move.clock)
        yield move


def write_contacts(folder: Path, name: str) -> None:
    rows = [f"C{number:04d},{name.format(word(number))}" for number in range(MANY)]
    (folder / "data/contacts.csv").write_text("\n".join(["ref,name", *rows]) + "\n")


def word(number: int) -> str:
    """Return a name without digits, one for each number."""
    return "".join(chr(ord("A") + int(digit)) for digit in f"{number:04d}")


def lines(move: Move, *words: str) -> None:
    """Run a command and check how much it shows; of a page, without the lists that are folded."""
    ran = CliRunner(env={"COLUMNS": "100"}).invoke(app, [*words, "--project", str(move.folder)])
    assert isinstance(ran.exception, SystemExit | None), ran.exception
    assert ran.exit_code in (DONE, REVIEW), ran.output
    assert len(ran.output.splitlines()) <= LINES, ran.output[:4_000]
    if words[0] == "report":
        page = (move.folder / "reports" / "report.html").read_text()
        open_part = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
        assert open_part.count("<tr>") <= 2 * LINES


def walk(move: Move) -> None:
    """Run every command that shows records."""
    commands = (
        ("check",), ("snapshot",), ("plan",), ("apply",), ("status",), ("plan",), ("reconcile",), ("report",),
        ("explain", "customers/C0007"), ("explain", "customers/C0007.name"),
    )  # fmt: skip
    for words in commands:
        lines(move, *words)


def too_long(move: Move) -> None:
    """Let the mapping quarantine every record, each with its name in the message."""
    move.folder.joinpath("mappings/customers.yaml").write_text(
        MAPPING.replace("do: [squeeze]", "do: [{max_length: 5, on_overflow: quarantine}]")
    )


def rejected(move: Move) -> None:
    """Let Sage reject every record."""
    move.faults.add(Trigger(1, "POST", "/contacts", times=10 * MANY), Fault(FaultType.ERROR, status=422))


def blocked(move: Move) -> None:
    """Let every record refer to something that Sage lacks, each to another."""
    reference = "{ref: {kind: ledger_account, by: {nominal_code: ref}, on_missing: quarantine}}"
    move.folder.joinpath("mappings/customers.yaml").write_text(
        f"{MAPPING}  default_sales_ledger_account_id: {reference}\n"
    )


@pytest.mark.parametrize("trouble", [too_long, rejected, blocked])
def test_many_like_records_are_few_lines(moving: Move, trouble: Callable[[Move], None]) -> None:
    trouble(moving)
    walk(moving)


def edit_all(move: Move) -> None:
    for item in contacts(move):
        change = {"contact": {"name": f"{item['name']} Holding"}}
        move.by_other_hand("PUT", f"/contacts/{item['id']}", change)


def delete_all(move: Move) -> None:
    for item in contacts(move):
        move.by_other_hand("DELETE", f"/contacts/{item['id']}")


def rename_in_source(move: Move) -> None:
    write_contacts(move.folder, "Company {0}")


def edit_both(move: Move) -> None:
    edit_all(move)
    rename_in_source(move)


def renumber(move: Move) -> None:
    path = move.folder / "data/contacts.csv"
    path.write_text(path.read_text().replace("\nC", "\nc-"))


def add_in_sage(move: Move) -> None:
    for number in range(MANY):
        body = {"contact": {"name": f"Extra {word(number)}", "contact_type_ids": ["CUSTOMER"]}}
        move.by_other_hand("POST", "/contacts", body)


def contacts(move: Move) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for page in range(1, MANY // 200 + 1):
        query = {"items_per_page": "200", "page": str(page), "attributes": "all", "exclude_system": "true"}
        found += move.by_other_hand("GET", "/contacts", **query).body["$items"]
    assert len(found) == MANY
    return found


def delete_and_add(move: Move) -> None:
    delete_all(move)
    add_in_sage(move)


@pytest.mark.parametrize("change", [edit_both, renumber, delete_and_add])
def test_many_like_changes_are_few_lines(moving: Move, change: Callable[[Move], None]) -> None:
    moving.load()
    lines(moving, "reconcile")
    change(moving)
    for command in ("reconcile", "snapshot", "plan", "apply", "status", "reconcile", "report"):
        lines(moving, command)
