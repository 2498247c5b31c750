"""Move the closing balances of a SAF-T file, with data of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from moves import Move, move
from pack_moves import left_out, opening_items, snapshot, tied_out

from sagerecon.commands import plans
from sagerecon.model.draft import Quarantined
from sagerecon.model.errors import ValidationError

#: Accounts: number, name, opening and closing balance, debit positive.
ACCOUNTS = (
    ("1240", "Biler", "200.00", "200.00"),
    ("1500", "Kundefordringer", "100.00", "400.00"),
    ("1920", "Bankinnskudd", "900.00", "750.00"),
    ("2000", "Aksjekapital", "-1200.00", "-1200.00"),
    ("2400", "Leverandørgjeld", "0", "-50.00"),
    ("3000", "Salg", "0", "-300.00"),
    ("6300", "Leie", "0", "200.00"),
    ("8960", "Overføringer annen egenkapital", "0", "0"),
)


def sides(name: str, amount: str) -> str:
    side = "Credit" if amount.startswith("-") else "Debit"
    return f"<{name}{side}Balance>{amount.removeprefix('-')}</{name}{side}Balance>"


def line(account: str, amount: str) -> str:
    side = "Credit" if amount.startswith("-") else "Debit"
    money = f"<{side}Amount><Amount>{amount.removeprefix('-')}</Amount></{side}Amount>"
    return f"<Line><RecordID>1</RecordID><AccountID>{account}</AccountID>{money}</Line>"


ACCOUNTS_XML = "".join(
    f"<Account><AccountID>{code}</AccountID><AccountDescription>{name}</AccountDescription>"
    f"{sides('Opening', opening)}{sides('Closing', closing)}</Account>\n"
    for code, name, opening, closing in ACCOUNTS
)

LEDGER = f"""<?xml version="1.0" encoding="UTF-8"?>
<AuditFile xmlns="urn:StandardAuditFile-Taxation-Financial:NO">
<Header><Company><Name>Eik AS</Name></Company><DefaultCurrencyCode>NOK</DefaultCurrencyCode>
<SelectionCriteria><PeriodStart>1</PeriodStart><PeriodStartYear>2026</PeriodStartYear>
<PeriodEnd>12</PeriodEnd><PeriodEndYear>2026</PeriodEndYear></SelectionCriteria></Header>
<MasterFiles>
<GeneralLedgerAccounts>
{ACCOUNTS_XML}</GeneralLedgerAccounts>
<Customers>
<Customer><Name>Bjørk AS</Name><Address><StreetName>Storgata 1</StreetName><City>Oslo</City>
<PostalCode>0155</PostalCode></Address><CustomerID>10001</CustomerID><AccountID>1500</AccountID>
{sides("Opening", "100.00")}{sides("Closing", "450.00")}</Customer>
<Customer><Name>Gran AS</Name><CustomerID>10002</CustomerID><AccountID>1500</AccountID>
{sides("Opening", "0")}{sides("Closing", "-50.00")}</Customer>
</Customers>
<Suppliers>
<Supplier><Name>Furu AS</Name><SupplierID>20001</SupplierID><AccountID>2400</AccountID>
{sides("Opening", "0")}{sides("Closing", "-50.00")}</Supplier>
</Suppliers>
<AnalysisTypeTable>
<AnalysisTypeTableEntry><AnalysisType>A</AnalysisType><AnalysisTypeDescription>Avdeling</AnalysisTypeDescription>
<AnalysisID>1</AnalysisID><AnalysisIDDescription>Verksted</AnalysisIDDescription></AnalysisTypeTableEntry>
<AnalysisTypeTableEntry><AnalysisType>X</AnalysisType><AnalysisTypeDescription>Annet</AnalysisTypeDescription>
<AnalysisID>9</AnalysisID><AnalysisIDDescription>Ymse</AnalysisIDDescription></AnalysisTypeTableEntry>
</AnalysisTypeTable>
</MasterFiles>
<GeneralLedgerEntries><Journal><JournalID>GL</JournalID>
<Transaction><TransactionID>1</TransactionID><TransactionDate>2026-03-01</TransactionDate>
{line("1500", "300.00")}{line("3000", "-300.00")}</Transaction>
<Transaction><TransactionID>2</TransactionID><TransactionDate>2026-04-01</TransactionDate>
{line("6300", "200.00")}{line("1920", "-150.00")}{line("2400", "-50.00")}</Transaction>
</Journal></GeneralLedgerEntries>
</AuditFile>
"""


@contextmanager
def small(folder: Path, text: str = LEDGER, changes: Mapping[str, str] = {}) -> Iterator[Move]:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "audit.xml").write_text(text, encoding="utf-8")
    with move(folder / "project", "saft", folder / "data", changes) as opened:
        yield opened


def test_balances_of_accounts_and_contacts_tie_out(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        outcomes = snapshot(moved).outcomes
        assert not any(isinstance(o, Quarantined) for o in outcomes)
        assert opening_items(outcomes) == {
            "BAL-C-10001": ("INVOICE", "450.00"),
            "BAL-C-10002": ("CREDIT_NOTE", "-50.00"),
            "BAL-S-20001": ("INVOICE", "-50.00"),
        }
        assert left_out(outcomes) == {
            "ledger_accounts/1500": "control_account",
            "ledger_accounts/2400": "control_account",
            "ledger_accounts/8960": "unused",
            "analysis_categories/X|9": "no_type",
        }
        assert tied_out(moved) == {
            "trial_balance": "0.00",
            "debtors": "400.00",
            "creditors": "50.00",
            "bank": "750.00",
            "opening_control": "0.00",
        }


def test_a_result_without_an_account_needs_one(tmp_path: Path) -> None:
    text = LEDGER.replace(sides("Closing", "-300.00"), sides("Closing", "-400.00"))
    text = text.replace(line("3000", "-300.00"), line("3000", "-400.00"))
    text = text.replace(line("1500", "300.00"), line("1500", "300.00") + line("8960", "100.00"))
    with small(tmp_path / "unnamed", text) as moved:
        snapshot(moved)
        with pytest.raises(ValidationError) as refused:
            plans.plan(moved.project, moved.clock)
        assert "parameters.result_account" in "\n".join(map(str, refused.value.findings))


def test_the_result_is_carried_by_a_named_adjusting_entry(tmp_path: Path) -> None:
    start = LEDGER.index("<GeneralLedgerEntries>")
    text = LEDGER[:start] + "</AuditFile>\n"  # without transactions, the closing balances stand alone
    text = text.replace(sides("Closing", "-300.00"), sides("Closing", "-400.00"))
    with small(tmp_path, text, {"result_account: null": "result_account: '8960'"}) as moved:
        assert tied_out(moved)["trial_balance"] == "0.00"
        adjustments = snapshot(moved).expectations.adjustments
    assert [(a.target, str(a.amount)) for a in adjustments] == [("18960", "100.00")]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (sides("Closing", "450.00"), sides("Closing", "440.00"), "10.00 more than balances of customers"),
        (line("6300", "200.00"), line("6300", "190.00"), "transaction 2 is off by -10.00"),
        (line("6300", "200.00"), line("6300", "190.00"), "in 6300 (10.00)"),
        ("<PeriodEnd>12", "<PeriodEnd>11", "the period of the file ends on 2026-11-30, not on 2026-12-31"),
        ("<DefaultCurrencyCode>NOK", "<DefaultCurrencyCode>SEK", "are in SEK, not in NOK"),
    ],
)
def test_what_does_not_fit_stops_the_plan(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert before in LEDGER
    with small(tmp_path, LEDGER.replace(before, after)) as moved:
        snapshot(moved)
        with pytest.raises(ValidationError) as refused:
            plans.plan(moved.project, moved.clock)
    assert message in "\n".join(map(str, refused.value.findings))
