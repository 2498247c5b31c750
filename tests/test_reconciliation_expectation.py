"""The expected figures of the source, with the codes of the crosswalk."""

from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.reconciliation.expectation import expected_balances, open_items, taxed_amounts
from sagerecon.reconciliation.subledger import OpenItem
from sagerecon.reconciliation.tax import TaxedAmount
from sagerecon.reconciliation.tie_out import Adjustment, ExpectedBalance

ROW = (Place("balances.csv", 7),)


def record(**values: Any) -> Record:
    return Record("balances", "1", values, ROW)


def test_an_account_without_a_row_in_the_crosswalk_keeps_its_own_code() -> None:
    rows = [record(account=code, name=None, amount=Decimal("5.00")) for code in ("BANK", "CASH")]
    expected, adjustments = expected_balances(rows, {"BANK": "1200"}.get)
    assert [(balance.code, balance.target) for balance in expected] == [("BANK", "1200"), ("CASH", "CASH")]
    assert adjustments == []


def test_a_row_with_a_reason_is_an_adjusting_entry_and_no_balance() -> None:
    rows = [
        record(account="BANK", name="Bank", amount=Decimal("5.00"), adjustment=None),
        record(account="BANK", name="Audit", amount=Decimal("-1.00"), adjustment="counted twice"),
    ]
    assert expected_balances(rows, {"BANK": "1200"}.get) == (
        [ExpectedBalance("BANK", "Bank", Decimal("5.00"), "1200", ROW)],
        [Adjustment("1200", Decimal("-1.00"), "Audit", "counted twice")],
    )


def test_an_open_item_is_due_on_its_own_date_where_it_has_no_due_date() -> None:
    day, due = date(2017, 3, 1), date(2017, 3, 31)
    usual = {"contact": "customers/C1", "name": "Oak", "document": "I1", "amount": Decimal("5.00")}
    items = open_items([record(**usual, date=day, due_date=due), record(**usual, date=day), record(**usual)])
    assert items == [
        OpenItem("customers/C1", "Oak", "I1", Decimal("5.00"), due, dated)
        for due, dated in ((due, day), (day, day), (None, None))
    ]


def test_tax_is_taken_by_sages_rate_of_its_month() -> None:
    asked: list[tuple[str, date]] = []

    def target(code: str, day: date) -> str | None:
        asked.append((code, day))
        return {"S": "GB_STANDARD"}.get(code)

    usual = {"period": "2017-03", "ledger": "sales", "net": Decimal("10.00"), "tax": Decimal("2.00")}
    rates = [amount.rate for amount in taxed_amounts([record(code=c, **usual) for c in ("S", "Q")], target)]
    assert rates == ["GB_STANDARD", "Q"]
    assert asked == [("S", date(2017, 3, 1)), ("Q", date(2017, 3, 1))]
    (only,) = taxed_amounts([record(code="S", **usual)], target)
    assert only == TaxedAmount("GB_STANDARD", "2017-03", "sales", Decimal("10.00"), Decimal("2.00"))
