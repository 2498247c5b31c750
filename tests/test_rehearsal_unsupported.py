"""Every operation of the catalog is supported, or refused with a reason from one list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_business import Clerk

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.unsupported import REFUSED_OPERATIONS, REMOVED_KINDS, unsupported_reason

EVERY = [(kind, operation) for kind in catalog() for operation in kind.operations.values()]

MANUAL = Path(__file__).parents[1] / "docs" / "sandbox.md"

#: Kinds that the gateway answers itself.
ACCOUNT_KINDS = ("business", "user")


def test_every_operation_is_answered_or_refused_with_a_reason() -> None:
    business = Clerk().business
    neither = [
        f"{operation.method} {operation.path}"
        for kind, operation in EVERY
        if kind.name not in ACCOUNT_KINDS
        and not business.offers(kind, operation.name)
        and not unsupported_reason(kind, operation.name)
    ]
    assert neither == []


def test_the_refused_operations_exist_in_the_catalog() -> None:
    assert set(REMOVED_KINDS) <= set(catalog().kinds)
    named = {(kind.name, operation.name) for kind, operation in EVERY}
    assert set(REFUSED_OPERATIONS) <= named


def test_the_manual_lists_what_is_refused() -> None:
    text = " ".join(MANUAL.read_text(encoding="utf-8").split())
    rows: dict[str, list[str]] = {
        reason: [] for reason in (*REMOVED_KINDS.values(), *REFUSED_OPERATIONS.values())
    }
    for kind, reason in REMOVED_KINDS.items():
        rows[reason].append(f"`{catalog()[kind].resource}`")
    for reason, resources in rows.items():
        assert f"| {reason} |" in text, reason
        [refused] = re.findall(rf"\| ([^|]*) \| {re.escape(reason)} \|", text)
        assert all(resource in refused for resource in resources), refused


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("POST", "/sales_corrective_invoices", "supports Spain"),
        ("GET", "/datev_settings", "supports Germany"),
        ("GET", "/tax_offices", "supports Germany"),
        ("PUT", "/migrations", "no migrations"),
        ("POST", "/journal_codes", "supports France"),
        ("POST", "/tax_rates", "US businesses"),
        ("POST", "/draft_tax_returns", "tax authority"),
        ("POST", "/tax_returns/obligation_periods", "tax authority"),
    ],
)
def test_a_refusal_has_its_reason(method: str, path: str, words: str) -> None:
    reply = Clerk().request(method, path, {})
    assert reply.status == 404
    assert words in reply.body[0]["$message"]


def test_a_new_business_has_no_tax_returns() -> None:
    clerk = Clerk()
    assert clerk.get("/tax_returns")["$items"] == []
    assert clerk.get("/draft_tax_returns")["$items"] == []
    assert clerk.request("GET", "/tax_returns/1").status == 404
