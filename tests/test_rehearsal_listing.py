"""Lists of a rehearsal business: the envelope, the pages, the fields, the filters."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from small_business import Clerk

from sagerecon.model.clock import instant_text


def names(clerk: Clerk, path: str = "/contacts", **query: str) -> list[str]:
    return [str(item["displayed_as"]) for item in clerk.get(path, **query)["$items"]]


@pytest.fixture
def clerk() -> Clerk:
    """Five customers, c0 to c4, beside the two system contacts."""
    clerk = Clerk()
    for number in range(5):
        clerk.customer(f"c{number}", main_contact_person={"email": f"c{number}@example.com"})
    return clerk


def test_an_item_has_three_fields_unless_more_are_asked_for(clerk: Clerk) -> None:
    [first, *_] = clerk.get("/contacts", exclude_system="true")["$items"]
    assert set(first) == {"id", "displayed_as", "$path"}
    [first, *_] = clerk.get("/contacts", exclude_system="true", attributes="name, reference,nonsense")[
        "$items"
    ]
    assert set(first) == {"id", "displayed_as", "$path", "name", "reference"}
    [first, *_] = clerk.get("/contacts", exclude_system="true", attributes="all")["$items"]
    assert first == clerk.get(first["$path"])
    assert set(clerk.get(first["$path"], attributes="name")) == {"id", "displayed_as", "$path", "name"}


def test_the_envelope_counts_and_names_its_neighbours_without_the_version(clerk: Clerk) -> None:
    page = clerk.get("/contacts", items_per_page="3", page="2", attributes="name")
    assert (page["$total"], page["$page"], page["$itemsPerPage"], len(page["$items"])) == (7, 2, 3, 3)
    assert page["$next"] == "/contacts?page=3&items_per_page=3&attributes=name"
    assert page["$back"] == "/contacts?page=1&items_per_page=3&attributes=name"
    last = clerk.get("/contacts", **dict(parse_qsl(urlsplit(page["$next"]).query)))
    assert (last["$next"], len(last["$items"])) == (None, 1)


def test_a_page_beyond_the_end_is_the_last_page_again(clerk: Clerk) -> None:
    beyond = clerk.get("/contacts", items_per_page="3", page="99")
    assert (beyond["$page"], len(beyond["$items"])) == (3, 1)
    assert clerk.get("/journals", page="4")["$items"] == []


@pytest.mark.parametrize(
    ("asked", "given"), [("", 20), ("0", 1), ("200", 200), ("201", 200), ("x", 20), ("-1", 20)]
)
def test_pages_have_20_items_and_at_most_200(clerk: Clerk, asked: str, given: int) -> None:
    assert clerk.get("/contacts", items_per_page=asked)["$itemsPerPage"] == given


def test_pages_partition_the_list(clerk: Clerk) -> None:
    pages = [names(clerk, items_per_page="3", page=str(page)) for page in (1, 2, 3)]
    assert [name for page in pages for name in page] == names(clerk)


def test_search_looks_into_names_and_references(clerk: Clerk) -> None:
    clerk.vendor("Zoë & Co", reference="ZOE01")
    assert names(clerk, search="zoë") == ["Zoë & Co (ZOE01)"]
    assert names(clerk, search="oe01") == ["Zoë & Co (ZOE01)"]
    assert names(clerk, search="c0\nc1") == []
    clerk.put("contact", clerk.get("/contacts", search="zoë")["$items"][0]["id"], name="Yew")
    assert names(clerk, search="zoë") == []
    assert names(clerk, search="yew") == ["Yew (ZOE01)"]
    assert names(clerk, "/ledger_accounts", search="4010") == ["Sales of Services (4010)"]


def test_documents_are_searched_by_reference_and_contact(clerk: Clerk) -> None:
    customer = clerk.customer("Ash")
    clerk.invoice(customer, reference="OLD-17")
    clerk.invoice(customer, reference="OLD-18")
    assert names(clerk, "/sales_invoices", search="old-17") == ["SI-1"]
    assert names(clerk, "/sales_invoices", search="ash") == ["SI-1", "SI-2"]


def test_filters_of_contacts(clerk: Clerk) -> None:
    vendor = clerk.vendor("Elm")
    assert names(clerk, contact_type_id="VENDOR") == ["HMRC Payments (HMRC Pay)", "Elm"]
    assert names(clerk, email="C3@example.com") == ["c3"]
    assert names(clerk, nonsense="1", updated_from="2099-01-01") == names(clerk)
    fields = {"address_type_id": "ACCOUNTS", "name": "HQ", "is_main_address": True, "contact_id": vendor}
    clerk.post("address", address_line_1="1 High St", **fields)
    assert names(clerk, "/addresses", contact_id=vendor) == ["1 High St"]
    assert names(clerk, "/contact_persons", contact_id=vendor) == []


def test_changes_include_their_moment_and_deletions_do_not(clerk: Clerk) -> None:
    ash = clerk.customer("Ash")
    made = instant_text(clerk.now)
    oak = clerk.customer("Oak")
    assert names(clerk, updated_or_created_since=made) == ["Ash", "Oak"]
    changed = clerk.now + 1_000
    clerk.put("contact", ash, notes="x")
    assert names(clerk, updated_or_created_since=instant_text(changed)) == ["Ash"]
    assert names(clerk, updated_or_created_since="2025-01-01") == names(clerk)
    deleted = clerk.now + 1_000
    clerk.now += 500  # the answers know whole seconds only
    clerk.delete("contact", oak)
    assert names(clerk, deleted_since=instant_text(deleted)) == []
    assert names(clerk, deleted_since=instant_text(deleted - 1_000)) == ["Oak"]
    assert "Oak" not in names(clerk)
    reply = clerk.ask("GET", "/contacts", updated_or_created_since="yesterday")
    assert (reply.status, reply.body[0]["$source"]) == (400, "updated_or_created_since")


def test_a_payment_changes_the_invoice_it_settles(clerk: Clerk) -> None:
    customer = clerk.customer("Ash")
    invoice = clerk.invoice(customer)["id"]
    clerk.invoice(customer)
    moment = instant_text(clerk.now + 1_000)
    clerk.receipt(customer, "20.00", (invoice, "20.00"))
    assert names(clerk, "/sales_invoices", updated_or_created_since=moment) == ["SI-1"]
    assert names(clerk, "/sales_invoices", status_id="PART_PAID") == ["SI-1"]
    assert names(clerk, "/sales_invoices", status_id="UNPAID") == ["SI-2"]


def test_bookings_are_listed_by_contact_date_and_type(clerk: Clerk) -> None:
    ash, elm = clerk.customer("Ash"), clerk.customer("Elm")
    clerk.invoice(ash, date="2026-01-05", reference="a1")
    clerk.invoice(elm, date="2026-01-06", reference="e1")
    clerk.invoice(ash, date="2026-01-07", reference="a2")
    path = "/sales_invoices"
    assert names(clerk, path, contact_id=ash) == ["SI-1", "SI-3"]
    assert names(clerk, path, contact_id=ash, from_date="2026-01-06") == ["SI-3"]
    assert names(clerk, path, from_date="2026-01-06", to_date="2026-01-06") == ["SI-2"]
    assert names(clerk, path, sort="date:desc") == ["SI-3", "SI-2", "SI-1"]
    assert names(clerk, path, sort="nonsense") == ["SI-1", "SI-2", "SI-3"]
    clerk.receipt(ash, "10.00", reference="R")
    assert names(clerk, "/transactions", transaction_type_id="CUSTOMER_RECEIPT") == ["R"]
    transaction = clerk.get("/transactions", transaction_type_id="CUSTOMER_RECEIPT")["$items"][0]["id"]
    entries = clerk.get("/ledger_entries", transaction_id=transaction, attributes="debit,credit")["$items"]
    assert [(entry["debit"], entry["credit"]) for entry in entries] == [("10.0", "0.0"), ("0.0", "10.0")]
    debtors = clerk.get("/ledger_entries", ledger_account_id=clerk.account(1100))
    assert debtors["$total"] == 4
    by_type = clerk.get("/ledger_entries", transaction_type_id="CUSTOMER_RECEIPT")
    assert by_type["$total"] == 2


def test_transactions_name_their_origin(clerk: Clerk) -> None:
    invoice = clerk.invoice(clerk.customer("Ash"), reference="OLD-1")
    [item] = clerk.get("/transactions", attributes="all")["$items"]
    assert item["origin"] == {
        "id": invoice["id"],
        "displayed_as": "SI-1",
        "$path": f"/sales_invoices/{invoice['id']}",
    }
    assert (item["total"], item["reference"], item["deleted"]) == ("120.0", "OLD-1", False)


def test_balances_of_contacts_as_at_a_day(clerk: Clerk) -> None:
    ash, elm = clerk.customer("Ash"), clerk.vendor("Elm")
    clerk.invoice(ash, date="2026-01-05")
    clerk.receipt(ash, "20.00", date="2026-01-10")
    fields = {"contact_id": elm, "date": "2026-01-05", "due_date": "2026-01-05"}
    clerk.post("purchase_invoice", invoice_lines=[clerk.line(account=5000)], **fields)

    def balance(contact: str, **query: str) -> Decimal:
        return Decimal(clerk.get(f"/contacts/{contact}", show_balance="true", **query)["balance"])

    assert (balance(ash), balance(elm)) == (Decimal(100), Decimal(120))
    assert balance(ash, context_date="2026-01-09") == Decimal(120)
    assert balance(ash, context_date="2026-01-04") == 0
    assert "balance" not in clerk.get(f"/contacts/{ash}")
    listed = clerk.get("/contacts", show_balance="true", search="ash")["$items"]
    assert [item["balance"] for item in listed] == ["100.0"]


def test_nested_attributes_open_the_records_that_are_linked(clerk: Clerk) -> None:
    contact = clerk.customer("Ash", main_address={"city": "Leeds", "postal_code": "LS1"})
    [item] = clerk.get("/contacts", search="ash", attributes="all", nested_attributes="city")["$items"]
    assert item["main_address"]["city"] == "Leeds"
    assert "postal_code" not in item["main_address"]
    whole = clerk.get(f"/contacts/{contact}", nested_attributes="all")["main_address"]
    assert (whole["postal_code"], whole["country"]["id"]) == ("LS1", "GB")


def test_ledger_accounts_by_where_they_may_be_used(clerk: Clerk) -> None:
    sales = names(clerk, "/ledger_accounts", visible_in="sales", items_per_page="200")
    assert "Sales of Goods (4000)" in sales
    assert "Rent (7100)" not in sales
    hidden = names(clerk, "/ledger_accounts", not_visible_in="sales", items_per_page="200")
    assert "Rent (7100)" in hidden
    assert set(sales).isdisjoint(hidden)


def test_what_is_not_settled_is_listed_by_contact_and_name(clerk: Clerk) -> None:
    ash, elm = clerk.customer("Ash"), clerk.customer("Elm")
    clerk.invoice(ash)
    clerk.invoice(elm)
    assert names(clerk, "/unallocated_artefacts") == ["SI-1", "SI-2"]
    assert names(clerk, "/unallocated_artefacts", contact_id=elm) == ["SI-2"]
    assert names(clerk, "/unallocated_artefacts", search="as") == ["SI-1"]
    assert (
        clerk.get("/unallocated_artefacts", items_per_page="1", page="2")["$items"][0]["displayed_as"]
        == "SI-2"
    )


def test_fixed_lists_are_lists_like_others(clerk: Clerk) -> None:
    page = clerk.get("/countries", items_per_page="200")
    assert page["$total"] > 180
    assert {"id": "GB", "displayed_as": "United Kingdom (GB)", "$path": "/countries/GB"} in page["$items"]
    assert clerk.get("/artefact_statuses/PART_PAID")["displayed_as"] == "Part Paid"
    assert clerk.get("/ledger_account_types")["$total"] == 13
