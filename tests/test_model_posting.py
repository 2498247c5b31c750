"""What each kind books is recorded in the catalog, and in no stage a second time."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sagerecon.documents.package import catalog
from sagerecon.model.catalog import Kind
from sagerecon.model.posting import Direction, Family, Side

PACKAGE = Path(__file__).resolve().parents[1] / "sagerecon"

#: Literals in a stage that are also the name of a kind, by file, with the reason.
ALLOWED = {
    ("reconciliation/balances.py", "currency"): "a field of a bank account",
    ("reconciliation/balances.py", "trial_balance"): "Sage's wrapper for the trial balance",
    ("reconciliation/sage_readings.py", "trial_balance"): "a report of Sage's, which is read like a kind",
    ("reconciliation/tie_out.py", "trial_balance"): "the name of a tie-out",
    ("reconciliation/expectation.py", "contact"): "a column of the source's own dataset",
    ("reconciliation/expectation.py", "currency"): "a column of the source's own dataset",
    ("reconciliation/open_items.py", "currency"): "a field of a document",
    ("validation/tie_out_rows.py", "contact"): "a column of the source's own dataset",
    ("validation/tie_out_rows.py", "currency"): "a column of the source's own dataset",
    ("validation/tie_out_rows.py", "trial_balance"): "the name of a tie-out",
}

POSTING = [kind for kind in catalog() if kind.posting is not None]


@pytest.mark.parametrize("room", ["validation", "reconciliation", "pairing"])
def test_no_stage_names_a_kind(room: str) -> None:
    kinds = {kind.name for kind in catalog()}
    named = {
        (path.relative_to(PACKAGE).as_posix(), node.value)
        for path in sorted((PACKAGE / room).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in kinds
    }
    assert named == {place for place in ALLOWED if place[0].startswith(room)}


def test_a_type_decides_side_and_sign() -> None:
    payment = catalog()["contact_payment"].posting
    assert payment is not None
    refund = payment.direction_of({"transaction_type": "VENDOR_REFUND"}.__getitem__)
    assert refund == Direction(Side.VENDOR, 1)
    assert refund.debit == -1
    assert payment.direction_of(lambda _: "UNKNOWN") == Direction()


def test_each_part_is_decided_by_the_first_type_that_has_it() -> None:
    opening = catalog()["contact_opening_balance"].posting
    assert opening is not None
    types = {
        "contact_opening_balance_type": "CREDIT_NOTE",
        "transaction_type": "VENDOR_OPENING_BALANCE_CREDIT_NOTE",
    }
    assert opening.direction_of(types.__getitem__) == Direction(Side.VENDOR, -1)
    assert opening.direction_of(lambda _: "") == Direction(None, 1)


@pytest.mark.parametrize("kind", POSTING, ids=lambda kind: kind.name)
def test_each_type_is_a_value_of_its_field(kind: Kind) -> None:
    assert kind.posting is not None
    for name, values in kind.posting.types.items():
        field = catalog().field_at(kind.name, name)
        assert field is not None
        words = field.enum or tuple(catalog()[field.refers_to].values)
        assert set(values) <= set(words)
        if field.enum and field.required:
            assert set(values) == set(words)


@pytest.mark.parametrize("kind", POSTING, ids=lambda kind: kind.name)
def test_each_family_has_the_fields_its_arithmetic_needs(kind: Kind) -> None:
    posting, lines = kind.posting, kind.lines
    assert posting is not None
    has = {
        Family.DOCUMENT: (kind.contact, lines.account, lines.net, lines.tax, lines.tax_rate, kind.date),
        Family.OPENING_ITEM: (kind.contact, kind.amount, kind.date),
        Family.OPENING_BALANCE: (lines.account, lines.debit, lines.credit),
        Family.JOURNAL: (lines.items, lines.account, lines.debit, lines.credit, kind.date),
        Family.CONTACT_PAYMENT: (kind.contact, kind.amount, posting.account, posting.settles, kind.date),
        Family.OTHER_PAYMENT: (kind.amount, posting.account, lines.account, lines.total, kind.date),
        Family.TRANSFER: (kind.amount, posting.account, posting.from_account, kind.date),
        Family.ALLOCATION: (kind.contact, posting.settles, kind.date),
    }
    assert all(has[posting.family])
    if posting.settles is not None and posting.settles.remainder:
        assert posting.settles.remainder in kind.yields


def test_accounts_bank_accounts_and_contacts_are_known_in_reading_order() -> None:
    assert [kind.name for kind in catalog().ledger_kinds] == ["ledger_account", "bank_account", "contact"]
