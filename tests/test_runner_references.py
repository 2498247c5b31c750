"""Sage's ids in place of references."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.documents.package import catalog
from sagerecon.model.draft import Reference
from sagerecon.model.key import Key, NaturalKey
from sagerecon.runner.references import resolve_references

KINDS = catalog()

KNOWN = {("contact", "customers/C1"): "A1", ("ledger_account", NaturalKey("nominal_code", "41")): "L1"}


class Ids:
    def sage_id(self, kind: str, key: Key) -> str | None:
        return KNOWN.get((kind, key))

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        return {"payment_on_account": {"id": "P1"}} if key == "payments/1" else None


def test_references_become_ids_and_values_become_json() -> None:
    missing: list[Reference] = []
    body = {
        "contact_id": Reference("contact", "customers/C1"),
        "date": date(2026, 1, 31),
        "total_amount": Decimal("12.5"),
        "lines": [{"ledger_account_id": Reference("ledger_account", NaturalKey("nominal_code", "0041"))}],
        "artefact_id": Reference("contact_payment", "payments/1", "payment_on_account"),
        "tax_rate_id": Reference("tax_rate", NaturalKey("id", "GB_STANDARD")),
    }
    assert resolve_references(body, Ids(), KINDS, missing) == {
        "contact_id": "A1",
        "date": "2026-01-31",
        "total_amount": "12.50",
        "lines": [{"ledger_account_id": "L1"}],
        "artefact_id": "P1",
        "tax_rate_id": "GB_STANDARD",
    }
    assert missing == []


def test_references_without_an_id_are_listed() -> None:
    missing: list[Reference] = []
    wanted = [Reference("contact", "customers/C2"), Reference("contact_payment", "x", "payment_on_account")]
    resolve_references(wanted, Ids(), KINDS, missing)
    assert missing == wanted
