"""Move a company from IIF files of QuickBooks Desktop: open items, and whole documents after the cut-over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from moves import Move, move
from pack_moves import left_out, opening_items, refusal, snapshot, tied_out
from small_iif import LISTS, TRANSACTIONS, write_iif

from sagerecon.commands.preparation import prepare
from sagerecon.model.draft import Draft, LeftOut, Quarantined
from sagerecon.model.finding import Severity
from sagerecon.testing.shown import plain

YEAR = {"year_start: null": "year_start: '2026-01-01'"}
AUTUMN = {**YEAR, "cut_over: 2026-12-31": "cut_over: 2026-09-30"}

#: A bill whose number another supplier has used.
SAME_NUMBER = """\
TRNS||BILL|12/30/2026|Accounts Payable|Ash Timber|-10.00|B-9|
SPL||BILL|12/30/2026|Office Supplies||10.00|
ENDTRNS
"""

#: A journal that writes off a part of what a customer owes.
WRITE_OFF = """\
TRNS||GENERAL JOURNAL|12/30/2026|Accounts Receivable|Oakham Stores|-20.00|J2|
SPL||GENERAL JOURNAL|12/30/2026|Office Supplies||20.00|
ENDTRNS
"""

#: A journal whose first line has no amount, and a check that was voided.
WITHOUT_FIRST = """\
TRNS||GENERAL JOURNAL|12/30/2026|Checking||0.00|J3|
SPL||GENERAL JOURNAL|12/30/2026|Rent Expense||15.00|
SPL||GENERAL JOURNAL|12/30/2026|Office Supplies||-15.00|
ENDTRNS
TRNS||CHECK|12/30/2026|Checking||0.00|105|VOID
SPL||CHECK|12/30/2026|Rent Expense||0.00|
ENDTRNS
"""


@contextmanager
def small(folder: Path, changes: Mapping[str, str], transactions: str = TRANSACTIONS) -> Iterator[Move]:
    """Yield the move of the joiner, with other transactions where they are given."""
    data = write_iif(folder / "data", {"lists": LISTS, "transactions": transactions})
    with move(folder / "project", "quickbooks-desktop", data, changes) as opened:
        yield opened


def test_no_line_of_an_address_is_lost(tmp_path: Path) -> None:
    heading = "!CUST\tNAME\tBADDR1\tBADDR2\tBADDR3\tBADDR4\tBADDR5\n"
    five = "CUST\tElm Yard\tElm Yard\tUnit 7\t4 Mill Lane\tEly\tCB7 4AA\n"
    three = "CUST\tFir Yard\tUnit 8\t\t5 Mill Lane\tEly\t\n"
    data = write_iif(tmp_path / "data", {"lists": LISTS, "transactions": TRANSACTIONS})
    (data / "more.iif").write_text(heading + five + three)
    with move(tmp_path / "project", "quickbooks-desktop", data, YEAR) as moved:
        bodies = {o.key: plain(o.body) for o in snapshot(moved).outcomes if isinstance(o, Draft)}
    made = [bodies[f"customers/{name} Yard"]["main_address"] for name in ("Elm", "Fir")]
    parts = ("address_line_1", "address_line_2", "city")
    assert [tuple(address[part] for part in parts) for address in made] == [
        ("Unit 7", "4 Mill Lane", "Ely, CB7 4AA"),
        ("Unit 8", "5 Mill Lane", "Ely"),
    ]


def test_what_is_open_at_the_year_end_is_worked_out_from_all_transactions(tmp_path: Path) -> None:
    choices = {**YEAR, "sub_customers: keep": "sub_customers: join", "items: leave_out": "items: create"}
    with small(tmp_path, choices, TRANSACTIONS + SAME_NUMBER + WRITE_OFF) as moved:
        outcomes = snapshot(moved).outcomes
    assert not any(isinstance(o, Quarantined) for o in outcomes)
    assert opening_items(outcomes) == {
        "1002": ("INVOICE", "250.00"),  # Oakham, after 540 marked as paid: 1,080 less 480, 300, 30 and 20
        "1005": ("INVOICE", "300.00"),
        "7004": ("CREDIT_NOTE", "-45.00"),  # Elm: 250 less 50 credited, and 245 paid
        "A-71": ("INVOICE", "-350.00"),  # Ash: 900 less 300 and 250
        "B-9-T15": ("INVOICE", "-200.00"),  # Beech: 220 less 20 credited
        "B-9-T24": ("INVOICE", "-10.00"),
    }
    assert Counter(left_out(outcomes).values()) == {
        "settled": 11,
        "before_cut_over": 7,
        "unused": 2,
        "no_customer_or_vendor": 1,
        "joined_to_parent": 1,
    }
    merged = {o.key: o.merged_into for o in outcomes if isinstance(o, LeftOut) and o.merged_into}
    assert merged == {"customers/Oakham Stores:Shop fit": "customers/Oakham Stores"}
    items = [o.key for o in outcomes if isinstance(o, Draft) and o.kind in ("product", "service")]
    assert items == ["products/Door", "services/Fitting"]
    (journal,) = (o for o in outcomes if isinstance(o, Draft) and o.kind == "opening_balance_journal")
    lines = journal.body["journal_lines"]
    assert isinstance(lines, list | tuple)
    amounts = {line["details"]: str(line["debit"] - line["credit"]) for line in lines}  # type: ignore[index,operator,call-overload]
    assert amounts == {
        "Capital Stock": "-8000.00",
        "Cost of Goods Sold": "200.00",
        "Furniture and Equipment": "1200.00",
        "Inventory Asset": "300.00",
        "Job Materials": "500.00",
        "Office Supplies": "205.00",  # 75 + 120 - 20 + 10, and 20 that was written off
        "Retained Earnings": "400.00",  # the rent of 2025
        "Sales": "-1970.00",
        "Sales Tax Payable": "-120.00",
    }


def test_open_items_and_the_documents_after_the_cut_over_tie_out(tmp_path: Path) -> None:
    with small(tmp_path, AUTUMN, TRANSACTIONS + WITHOUT_FIRST) as moved:
        prepared = snapshot(moved)
        assert [str(f) for f in prepared.findings if f.severity is not Severity.INFO] == []
        assert not any(isinstance(o, Quarantined) for o in prepared.outcomes)
        assert opening_items(prepared.outcomes) == {
            "1002": ("INVOICE", "600.00"),
            "1003": ("INVOICE", "200.00"),
            "A-71": ("INVOICE", "-600.00"),
        }
        drafts = [o for o in prepared.outcomes if isinstance(o, Draft)]
        after = {d.label: str(d.amount) for d in drafts if d.priority >= 40}
        assert after == {
            "invoice 1005": "300.00",
            "credit memo 1006": "30.00",
            "bill B-9": "220.00",
            "bill credit BC-1": "20.00",
            "receipt 7003": "300.00",
            "receipt 7004": "245.00",
            "payment 104": "250.00",
            "general journal J1": "200.00",
            "transfer T22": "50.00",
            "general journal J3": "15.00",
        }
        assert left_out(prepared.outcomes)["journals/T25"] == "worth_nothing"
        balances = {b.name: str(b.amount) for b in prepared.expectations.balances or ()}
        assert {name: balances[name] for name in ("Checking", "Accounts Receivable", "Accounts Payable")} == {
            "Checking": "7065.00",  # 8,000 - 400 + 540 + 480 - 1,200 - 300, then - 250 + 245 - 50
            "Accounts Receivable": "525.00",
            "Accounts Payable": "-550.00",
        }
        assert tied_out(moved) == {
            "trial_balance": "0.00",
            "debtors": "525.00",
            "creditors": "550.00",
            "bank": "7,340.00",  # with 300 undeposited, and 25 owed on the card
            "opening_control": "0.00",
        }


def test_what_does_not_agree_stops_the_plan(tmp_path: Path) -> None:
    changes = {
        "|Company Credit Card||50.00": "|Company Credit Card||51.00",
        "SPL||BILL|10/12/2026|Office Supplies": "SPL||BILL|10/12/2026|Stationery",
        "|Oakham Stores|300.00|1005": "|Okham|300.00|1005",
        "|-540.00\nENDTRNS\nTRNS||DEPOSIT": "|-540.00\nENDTRNS\nTRNS|T1|DEPOSIT",
        "|06/03/2026|N": "|06/03/2026|Y",
    }
    transactions = TRANSACTIONS + WRITE_OFF
    for before, now in changes.items():
        assert before in transactions
        transactions = transactions.replace(before, now, 1)
    with small(tmp_path, AUTUMN, transactions) as moved:
        messages = refusal(moved)
        (mixed,) = (o for o in prepare(moved.project).outcomes if o.key.startswith("mixed/"))
    assert isinstance(mixed, Quarantined)
    assert (mixed.label, str(mixed.amount)) == ("general journal J2", "20.00")
    assert "enter it in Sage" in str(mixed.findings[0])
    for message in (
        "transfer without a number is off by 1.00.",
        "a line of 120.00 posts to account 'Stationery', which is not in the list of accounts.",
        "invoice 1005 over 300.00 is of 'Okham', which is not in the list of customers.",
        "the id T1 is that of 2 transactions.",
        "invoice 1002 is marked as paid, and 600.00 of it is open.",
        "account Company Credit Card is stated with -25.00, and its transactions sum to -24.00.",
    ):
        assert message in messages
