"""Analysis types and categories, and lines with categories."""

from __future__ import annotations

from typing import Any

import pytest
from small_business import Clerk, messages


def types(clerk: Clerk) -> dict[str, str]:
    """Return the ids of the six types by name."""
    return {item["displayed_as"]: item["id"] for item in clerk.get("/analysis_types")["$items"]}


def category(clerk: Clerk, type: str = "Department", code: str = "01", name: str = "North") -> str:
    """Create a category and return its id."""
    id = types(clerk)[type]
    return str(clerk.post("analysis_type_category", code=code, name=name, analysis_type_id=id)["id"])


def test_there_are_three_types_for_lines_and_three_for_groups() -> None:
    clerk = Clerk()
    assert list(types(clerk)) == [
        "Department",
        "Customer Group",
        "Cost Centre",
        "Supplier Group",
        "Project",
        "Product Group",
    ]
    assert clerk.get("/analysis_types", analysis_type_level="TRANSACTION")["$total"] == 3
    assert clerk.get("/analysis_types", analysis_type_level="2")["$total"] == 3
    assert clerk.request("POST", "/analysis_types", {"analysis_type": {"name": "x"}}).status == 405
    assert clerk.delete("analysis_type", types(clerk)["Project"]).status == 405


def test_a_type_is_renamed_and_keeps_its_level() -> None:
    clerk = Clerk()
    made = category(clerk)
    id = types(clerk)["Department"]
    reply = clerk.put("analysis_type", id, name="Branch", analysis_type_level=["GROUP"])
    assert (reply.body["displayed_as"], reply.body["analysis_type_level"]["identifier"]) == (
        "Branch",
        "TRANSACTION",
    )
    assert clerk.get(f"/analysis_type_categories/{made}")["analysis_type"]["displayed_as"] == "Branch"
    assert messages(clerk.put("analysis_type", id, active_areas=["SALES", "STOCK"])) == [
        ("active_areas", "Active areas is not included in the list.")
    ]
    group = types(clerk)["Customer Group"]
    assert messages(clerk.put("analysis_type", group, active_areas=["SALES"])) == [
        ("active_areas", "An analysis type for groups has no active areas.")
    ]


def test_categories_are_numbered_within_their_type() -> None:
    clerk = Clerk()
    made = category(clerk)
    shown = clerk.get(f"/analysis_type_categories/{made}")
    assert (shown["displayed_as"], shown["code"], shown["combined_id"]) == ("North", "01", "1,1")
    assert category(clerk, "Project") != made
    fields: dict[str, Any] = {"name": "South", "analysis_type_id": types(clerk)["Department"]}
    assert messages(clerk.send("analysis_type_category", code="01", **fields)) == [
        ("code", "Code has already been taken.")
    ]
    assert messages(clerk.send("analysis_type_category", code="A1", **fields)) == [
        ("code", "Code must be a number.")
    ]
    listed = clerk.get(f"/analysis_types/{types(clerk)['Department']}")["analysis_type_categories"]
    assert [each["name"] for each in listed] == ["North"]
    assert clerk.put("analysis_type_category", made, name="East").body["name"] == "East"
    assert clerk.delete("analysis_type_category", made).status == 204


def test_a_category_in_use_cannot_be_deleted() -> None:
    clerk = Clerk()
    made = category(clerk)
    invoice = clerk.invoice(clerk.customer(), clerk.line(analysis_type_categories=[made]))
    assert [each["id"] for each in invoice["invoice_lines"][0]["analysis_type_categories"]] == [made]
    reply = clerk.delete("analysis_type_category", made)
    assert (reply.status, reply.body[0]["$message"]) == (
        405,
        "You cannot delete an Analysis Type Category that is in use.",
    )
    changed = clerk.put("sales_invoice", invoice["id"], notes="x")
    assert changed.body["invoice_lines"][0]["analysis_type_categories"][0]["id"] == made


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        (["SALES"], ""),
        (["EXPENSES", "BANKING"], "analysis_type_categories are not enabled for Active Area SALES"),
        ([], "analysis_type_categories are not enabled for Active Area SALES"),
    ],
)
def test_lines_take_categories_of_types_active_in_their_area(areas: list[str], message: str) -> None:
    clerk = Clerk()
    made = category(clerk)
    clerk.put("analysis_type", types(clerk)["Department"], active_areas=areas)
    line = clerk.line(analysis_type_categories=[made])
    fields = {"contact_id": clerk.customer(), "date": "2026-01-05", "invoice_lines": [line]}
    reply = clerk.send("sales_invoice", **fields)
    found = [text for _, text in messages(reply)] if reply.status == 422 else []
    assert found == ([message] if message else [])


def test_a_line_has_at_most_one_existing_category_of_a_type() -> None:
    clerk = Clerk()
    twice = [category(clerk, code="1"), category(clerk, code="2")]
    group = category(clerk, "Customer Group")
    for given, message in (
        (twice, "There can be one category of each analysis type."),
        (["ab"], "Couldn't find Analysis Type Category."),
        ([group], "analysis_type_categories are not enabled for Active Area JOURNALS"),
    ):
        lines = [
            {"ledger_account_id": clerk.account(code), "debit": debit, "credit": credit}
            for code, debit, credit in ((8000, "1", "0"), (51, "0", "1"))
        ]
        lines[0]["analysis_type_categories"] = given  # type: ignore[assignment]
        reply = clerk.send("journal", date="2026-01-31", reference="J", journal_lines=lines)
        assert messages(reply) == [("journal_lines.analysis_type_categories", message)]


def test_quick_entries_and_other_payments_take_categories() -> None:
    clerk = Clerk()
    made = category(clerk)
    line = {"ledger_account_id": clerk.account(7500), "total_amount": "1", "analysis_type_categories": [made]}
    paid = {"transaction_type_id": "OTHER_PAYMENT", "date": "2026-01-10", "total_amount": "1"}
    assert clerk.post("other_payment", **paid, payment_lines=[line])
    clerk.put("analysis_type", types(clerk)["Department"], active_areas=["SALES"])
    assert clerk.send("other_payment", **paid, payment_lines=[line]).status == 422


def test_the_start_edition_has_no_analysis_types() -> None:
    assert Clerk(edition="start").request("GET", "/analysis_types").status == 403
