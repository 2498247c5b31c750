"""Books as a whole through the commands: what stops a plan, as-at, control accounts, adjusting entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from moves import Move, signed_in
from small_books import write_small_books

from sagerecon.commands import plans, reconciliations, sources
from sagerecon.model.draft import Quarantined
from sagerecon.model.errors import ValidationError
from sagerecon.planning.plan import Plan
from sagerecon.reconciliation.tie_out import TieOut

ACCOUNTS, DOCUMENTS = "data/accounts.csv", "data/documents.csv"
CHECK = """\
checks:
  parties_have_long_names:
    about: Names are long
    severity: error
    hint: Correct it.
    sql: SELECT name || ' is too short' AS message, _origin FROM parties WHERE name = 'Oak Ltd'
controls:"""


@contextmanager
def moving(folder: Path, changes: Mapping[str, tuple[str, str]] = {}) -> Iterator[Move]:
    with signed_in(write_small_books(folder, changes)) as opened:
        yield opened


def ties(move: Move) -> Mapping[str, TieOut]:
    return {tie.name: tie for tie in move.reconcile().reconciliation.tie_outs}


def test_everything_ties_out_with_its_control_accounts(tmp_path: Path) -> None:
    with moving(tmp_path) as move:
        assert move.load().counts == {"read": 3, "created": 7}
        found = ties(move)
    assert {name: tie.ties for name, tie in found.items()} == {
        "trial_balance": True,
        "debtors": True,
        "creditors": True,
        "opening_control": True,
    }
    pairs = [found[name].control for name in ("debtors", "creditors")]
    assert [(pair.code, pair.source, pair.sage) for pair in pairs if pair] == [
        ("1100", Decimal("120.00"), Decimal("120")),
        ("2100", Decimal("20.00"), Decimal("20")),
    ]
    assert [(line.source, line.sage) for line in found["creditors"].lines] == [
        (Decimal("20.00"), Decimal("20.0"))
    ]


@pytest.mark.parametrize(("day", "moved"), [("2017-04-15", 7), ("2017-04-30", 7), ("2017-05-01", 0)])
def test_the_trial_balance_is_read_as_at_and_not_at_the_cut_over(
    tmp_path: Path, day: str, moved: int
) -> None:
    readings: list[Plan] = []
    with moving(tmp_path) as move:
        move.load()
        accounts = move.by_other_hand("GET", "/ledger_accounts", items_per_page="200").body["$items"]
        vans, capital = (
            next(a["id"] for a in accounts if f"({code})" in a["displayed_as"]) for code in ("0030", "3000")
        )
        lines = [
            {"ledger_account_id": vans, "debit": "7.00", "credit": "0", "details": "More"},
            {"ledger_account_id": capital, "debit": "0", "credit": "7.00", "details": "More"},
        ]
        body = {"journal": {"date": day, "reference": "X", "journal_lines": lines}}
        assert move.by_other_hand("POST", "/journals", body).status == 201
        result = reconciliations.reconcile(move.project, move.clock, move.session, on_plan=readings.append)
    assert isinstance(result, reconciliations.Reconciled)
    tie = next(tie for tie in result.reconciliation.tie_outs if tie.name == "trial_balance")
    assert {line.code: line.difference for line in tie.lines if line.difference} == (
        {"30": moved, "3000": -moved} if moved else {}
    )
    assert str(tie.as_at) == "2017-04-30"
    (step,) = (step for step in readings[0].steps if step.kind == "trial_balance")
    assert step.query == {"from_date": "2017-03-31", "to_date": "2017-04-30"}


def owe(move: Move, contact: str) -> None:
    """Add an open invoice of 7.00 as another user."""
    contacts = move.by_other_hand("GET", "/contacts", attributes="reference").body["$items"]
    debt = {
        "contact_opening_balance_type_id": "INVOICE",
        "contact_id": next(found["id"] for found in contacts if found["reference"] == contact),
        "date": "2017-03-31",
        "reference": "X",
        "total_amount": "7.00",
    }
    body = {"contact_opening_balance": debt}
    assert move.by_other_hand("POST", "/contact_opening_balances", body).status == 201


def test_what_was_in_sage_before_the_move_is_not_extra(tmp_path: Path) -> None:
    """Reconcile after a load that read no open items, so that only their age shows where they come from."""
    with moving(tmp_path) as move:
        contact = {"name": "Old Ltd", "reference": "OLD", "contact_type_ids": ["CUSTOMER"]}
        move.by_other_hand("POST", "/contacts", {"contact": contact})
        owe(move, "OLD")
        move.clock.sleep(60_000)
        move.load()
        move.clock.sleep(60_000)
        owe(move, "OLD")
        found = move.reconcile().reconciliation
    (line,) = (line for line in found.sage if line.kind == "contact_opening_balance")
    assert (line.ours.count, line.pre_existing.count, line.extra.count) == (4, 1, 1)


def test_a_control_account_is_read_on_each_side_by_itself(tmp_path: Path) -> None:
    with moving(tmp_path) as move:
        move.load()
        owe(move, "C1")
        found = ties(move)
    pairs = [found[name].control for name in ("debtors", "creditors")]
    assert [(pair.source, pair.sage) for pair in pairs if pair] == [(120, 127), (20, 20)]
    assert {name: tie.ties for name, tie in found.items()} == {
        "trial_balance": False,
        "debtors": False,
        "creditors": True,
        "opening_control": False,
    }


def test_an_adjusting_entry_counts_in_the_control_account_too(tmp_path: Path) -> None:
    entry = "DEBTORS,Debtors,121.00,\nDEBTORS,Found in the audit,-1.00,never invoiced\n"
    with moving(tmp_path, {ACCOUNTS: ("DEBTORS,Debtors,120.00,\n", entry)}) as move:
        move.load()
        found = ties(move)
    (debtors,) = (line for line in found["trial_balance"].lines if line.code == "1100")
    assert (debtors.source, debtors.adjustment, debtors.sage) == (Decimal("121.00"), Decimal("-1.00"), 120)
    assert found["debtors"].control is not None
    assert found["debtors"].control.source == Decimal("120.00")
    assert all(tie.ties for tie in found.values())


def test_without_a_source_balance_the_control_account_is_checked_on_sages_side(tmp_path: Path) -> None:
    line = "  trial_balance: {dataset: balances, crosswalk: nominals}\n"
    with moving(tmp_path, {"sagerecon.yaml": (line, "")}) as move:
        move.load()
        found = ties(move)
    assert "trial_balance" not in found
    assert [found[name].control.source for name in ("debtors", "creditors")] == [None, None]  # type: ignore[union-attr]
    assert all(tie.ties for tie in found.values())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"crosswalks/nominals.csv": ("VANS,30\n", "")}, "account_without_rule"),
        ({ACCOUNTS: ("120.00", "120.01")}, "figure_not_zero"),
        ({"sources.yaml": ("controls:", CHECK)}, "parties_have_long_names"),
    ],
)
def test_an_error_of_the_source_stops_the_plan(
    tmp_path: Path, changes: Mapping[str, tuple[str, str]], code: str
) -> None:
    with moving(tmp_path, changes) as move:
        prepared = sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
        assert code in [finding.code for finding in prepared.findings if finding.severity.value == "error"]
        with pytest.raises(ValidationError) as refused:
            plans.plan(move.project, move.clock)
        assert code in [finding.code for finding in refused.value.findings]
        assert not move.project.plan_file.exists()


@pytest.mark.parametrize(
    ("settings", "quarantined"),
    [
        ("lockdown: 2017-03-01", {"documents/B1": "locked_period", "documents/I1": "locked_period"}),
        ("edition: plus", {}),
    ],
)
def test_the_settings_of_the_business_are_checked(
    tmp_path: Path, settings: str, quarantined: Mapping[str, str]
) -> None:
    changes = {"sagerecon.yaml": ("currency: GBP}", f"currency: GBP, {settings}}}")}
    with moving(tmp_path, changes) as move:
        outcomes = sources.snapshot(move.project, move.clock, lambda _file, _rows: None).outcomes
    refused = (outcome for outcome in outcomes if isinstance(outcome, Quarantined))
    found = {one.key: one.findings[0].code for one in refused if one.key.startswith("documents/")}
    assert found == quarantined


def test_effects_are_booked_to_the_control_accounts_of_the_project(tmp_path: Path) -> None:
    codes = ("debtors: 1100, creditors: 2100, opening: 9999", "debtors: 1101, creditors: 2101, opening: 9998")
    with moving(tmp_path, {"sagerecon.yaml": codes}) as move:
        sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
        verdicts = {verdict.key: verdict for verdict in move.reconcile().reconciliation.verdicts}
    assert verdicts["documents/I1"].effects == {"1101": Decimal("-130.00"), "9998": Decimal("130.00")}
    assert verdicts["documents/B1"].effects == {"2101": Decimal("30.00"), "9998": Decimal("-30.00")}


def test_a_warning_of_a_mapping_is_in_the_plan(tmp_path: Path) -> None:
    unread = {
        "mappings/opening.yaml": ("source: ignore", "source: warn"),
        "sources.yaml": ("AS id, list", "AS id, 1 AS more, list"),
    }
    with moving(tmp_path, unread) as move:
        move.load()
        codes = [finding.code for finding in plans.plan(move.project, move.clock).header.findings]
    assert "unmapped_source" in codes


def test_a_warning_about_a_file_is_a_finding(tmp_path: Path) -> None:
    with moving(tmp_path, {"data/parties.csv": ("Oak Ltd", "Oak \ufffd Ltd")}) as move:
        prepared = sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
    assert "letters_lost" in [finding.code for finding in prepared.findings]


def test_a_warning_of_the_source_does_not(tmp_path: Path) -> None:
    warned = {"sources.yaml": ("severity: error", "severity: warning")}
    with moving(tmp_path, {ACCOUNTS: ("120.00", "120.01"), **warned}) as move:
        prepared = sources.snapshot(move.project, move.clock, lambda _file, _rows: None)
        assert "figure_not_zero" in [finding.code for finding in prepared.findings]
        assert plans.plan(move.project, move.clock).header.calls
