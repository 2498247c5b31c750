"""Move a company from Sage 50 by opening items, with tables of our own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from moves import Move, move
from pack_moves import left_out, opening_items, refusal, snapshot, tied_out

from sagerecon.model.draft import Draft, Quarantined

TABLES = {
    "SALES_LEDGER": """\
        ACCOUNT_REF,NAME,ADDRESS_1,ADDRESS_3,ADDRESS_5,E_MAIL,VAT_REG_NUMBER,BALANCE
        OAK001,Oak Stores,1 High Street,Leeds,LS1 1AA,ap@oak.example,GB 123 4567 89,269.989999999999998
        ELM001,Elm & Sons,,,,,,0
    """,
    "PURCHASE_LEDGER": """\
        ACCOUNT_REF,NAME,BALANCE
        OAK001,Oak Timber,120
    """,
    "NOMINAL_LEDGER": """\
        ACCOUNT_REF,NAME,BALANCE
        0030,Office Equipment,500
        0040,Furniture,0
        1100,Debtors Control Account,269.99
        1200,Bank Current Account,1000
        2100,Creditors Control Account,-120
        2200,Sales Tax Control Account,-60
        3000,Ordinary Shares,-1000
        4000,Sales North,-700
        7100,Rent,110.01
        9999,Mispostings Account,0
    """,
    "BANK": """\
        ACCOUNT_REF
        1200
    """,
    "AUDIT_HEADER": """\
        TRAN_NUMBER,TYPE,ACCOUNT_REF,DATE,DUE_DATE,INV_REF,DETAILS,GROSS_AMOUNT,OUTSTANDING,DELETED_FLAG
        1,SI,OAK001,01/12/2026 00:00:00,31/12/2026 00:00:00,501,Chairs,360,300,0
        2,SI,OAK001,02/12/2026 00:00:00,01/01/2027 00:00:00,502,Void,99,99,1
        3,SC,OAK001,2026-12-03,,501,Broken chair,10.01,10.01,0
        4,SA,OAK001,2026-12-04,,,On account,-20,-20,0
        5,SR,OAK001,2026-12-05,,501,Receipt,60,0,0
        6,SI,ELM001,2026-11-05,,490,Desk,50,0,0
        7,PI,OAK001,2026-12-06,2027-01-05,T-9,Timber,120,120,0
        8,JD,,2026-12-07,,,Rent,110.01,0,0
    """,
    "AUDIT_JOURNAL": """\
        TRAN_NUMBER,NOMINAL_CODE,DATE,AMOUNT,DELETED_FLAG
        1,1100,2026-12-01,269.989999999999998,0
        1,0030,2026-12-01,500,0
        1,1200,2026-12-01,1000,0
        1,2100,2026-12-06,-120,0
        1,2200,2026-12-06,-60,0
        1,3000,2026-12-06,-1000,0
        1,4000,2026-12-06,-700,0
        2,4000,2026-12-06,-99,1
        8,7100,2026-12-07,110.01,0
    """,
    "STOCK": """\
        STOCK_CODE,DESCRIPTION,NOMINAL_CODE
        CH1,Chair,4000
    """,
}


@contextmanager
def small(folder: Path, changes: Mapping[str, str] = {}, **tables: str) -> Iterator[Move]:
    """Yield the move of a small company; `tables` replaces texts above, by table."""
    data = folder / "data"
    data.mkdir(parents=True)
    for name, text in {**TABLES, **tables}.items():
        (data / f"{name}.csv").write_text("".join(f"{row.strip()}\n" for row in text.strip().splitlines()))
    with move(folder / "project", "sage50", data, changes) as opened:
        yield opened


def test_open_items_and_balances_tie_out(tmp_path: Path) -> None:
    with small(tmp_path) as moved:
        outcomes = snapshot(moved).outcomes
        assert not any(isinstance(o, Quarantined) for o in outcomes)
        assert opening_items(outcomes) == {
            "501-1": ("INVOICE", "300.00"),
            "501-3": ("CREDIT_NOTE", "-10.01"),
            "SA4": ("CREDIT_NOTE", "-20.00"),
            "T-9": ("INVOICE", "-120.00"),
        }
        assert left_out(outcomes) == {
            "open_sales/6": "settled",
            "ledger_accounts/0040": "unused",
            "ledger_accounts/9999": "unused",
            "products/CH1": "not_wanted",
        }
        contacts = {
            o.key: o.body["reference"] for o in outcomes if isinstance(o, Draft) and o.kind == "contact"
        }
        assert contacts["customers/OAK001"] == "C-OAK001"
        assert contacts["suppliers/OAK001"] == "S-OAK001"
        assert tied_out(moved) == {
            "trial_balance": "0.00",
            "debtors": "269.99",
            "creditors": "120.00",
            "bank": "1,000.00",
            "opening_control": "0.00",
        }


def test_stock_records_become_products_by_choice(tmp_path: Path) -> None:
    with small(tmp_path, {"products: leave_out": "products: create"}) as moved:
        products = [o.key for o in snapshot(moved).outcomes if isinstance(o, Draft) and o.kind == "product"]
        assert products == ["products/CH1"]


@pytest.mark.parametrize(
    ("table", "before", "after", "message"),
    [
        ("AUDIT_HEADER", "360,300,0", "360,310,0", "10.00 less than open documents"),
        (
            "PURCHASE_LEDGER",
            "Oak Timber,120",
            "Oak Timber,121",
            "Supplier balances: 1.00 more than open documents",
        ),
        ("AUDIT_JOURNAL", "8,7100,2026-12-07,110.01,0", "", "account 7100 has the balance 110.01"),
        ("NOMINAL_LEDGER", "4000,Sales North,-700", "", "posts -700.00 to nominal account 4000"),
        ("AUDIT_HEADER", "7,PI,OAK001", "7,PI,ASH001", "document T-9 over 120.00 is of account ASH001"),
    ],
)
def test_what_does_not_agree_stops_the_plan(
    tmp_path: Path, table: str, before: str, after: str, message: str
) -> None:
    with small(tmp_path, {}, **{table: TABLES[table].replace(before, after)}) as moved:
        assert message in refusal(moved)
