"""Lists of a rehearsal business: the envelope, pages, fields and filters."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from small_business import Clerk

from sagerecon.documents.package import catalog
from sagerecon.model.clock import instant_text
from sagerecon.rehearsal.books.filters import FILTERS
from sagerecon.rehearsal.books.kinds import KIND_HOOKS
from sagerecon.rehearsal.books.reports import contact_balance


def names(clerk: Clerk, path: str = "/contacts", **query: str) -> list[str]:
    return [str(item["displayed_as"]) for item in clerk.get(path, **query)["$items"]]


@pytest.fixture
def clerk() -> Clerk:
    """Return a clerk with five customers, c0 to c4, besides the two system contacts."""
    clerk = Clerk()
    for number in range(5):
        clerk.customer(f"c{number}", main_contact_person={"email": f"c{number}@example.com"})
    return clerk


def test_an_item_has_three_fields_by_default(clerk: Clerk) -> None:
    [first, *_] = clerk.get("/contacts", exclude_system="true")["$items"]
    assert set(first) == {"id", "displayed_as", "$path"}
    [first, *_] = clerk.get("/contacts", exclude_system="true", attributes="name, reference,nonsense")[
        "$items"
    ]
    assert set(first) == {"id", "displayed_as", "$path", "name", "reference"}
    [first, *_] = clerk.get("/contacts", exclude_system="true", attributes="all")["$items"]
    assert first == clerk.get(first["$path"])
    assert set(clerk.get(first["$path"], attributes="name")) == {"id", "displayed_as", "$path", "name"}


def test_the_envelope_has_totals_and_links_without_the_version(clerk: Clerk) -> None:
    page = clerk.get("/contacts", items_per_page="3", page="2", attributes="name")
    assert (page["$total"], page["$page"], page["$itemsPerPage"], len(page["$items"])) == (7, 2, 3, 3)
    assert page["$next"] == "/contacts?page=3&items_per_page=3&attributes=name"
    assert page["$back"] == "/contacts?page=1&items_per_page=3&attributes=name"
    last = clerk.get("/contacts", **dict(parse_qsl(urlsplit(page["$next"]).query)))
    assert (last["$next"], len(last["$items"])) == (None, 1)


def test_a_page_beyond_the_end_is_the_last_page(clerk: Clerk) -> None:
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


def test_search_covers_names_and_references(clerk: Clerk) -> None:
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


def test_change_filters_include_the_instant_and_deletions_exclude_it(clerk: Clerk) -> None:
    ash = clerk.customer("Ash")
    made = instant_text(clerk.now)
    oak = clerk.customer("Oak")
    assert names(clerk, updated_or_created_since=made) == ["Ash", "Oak"]
    changed = clerk.now + 1_000
    clerk.put("contact", ash, notes="x")
    assert names(clerk, updated_or_created_since=instant_text(changed)) == ["Ash"]
    assert names(clerk, updated_or_created_since="2025-01-01") == names(clerk)
    deleted = clerk.now + 1_000
    clerk.now += 500  # answers have whole seconds only
    clerk.delete("contact", oak)
    assert names(clerk, deleted_since=instant_text(deleted)) == []
    assert names(clerk, deleted_since=instant_text(deleted - 1_000)) == ["Oak"]
    assert "Oak" not in names(clerk)
    reply = clerk.request("GET", "/contacts", updated_or_created_since="yesterday")
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


def test_balances_of_contacts(clerk: Clerk) -> None:
    ash, elm = clerk.customer("Ash"), clerk.vendor("Elm")
    clerk.invoice(ash, date="2026-01-05")
    clerk.receipt(ash, "20.00", date="2026-01-10")
    fields = {"contact_id": elm, "date": "2026-01-05", "due_date": "2026-01-05"}
    clerk.post("purchase_invoice", invoice_lines=[clerk.line(account=5000)], **fields)

    def balance(contact: str, **query: str) -> Decimal:
        return Decimal(clerk.get(f"/contacts/{contact}", show_balance="true", **query)["balance"])

    assert (balance(ash), balance(elm)) == (Decimal(100), Decimal(120))
    # `context_date` concerns the tax treatment: a program that uses it as the day of the balance must notice.
    assert balance(ash, context_date="2026-01-09") == Decimal(100)
    assert contact_balance(clerk.business.company, ash, "2026-01-09") == Decimal(120)
    assert contact_balance(clerk.business.company, ash, "2026-01-04") == 0
    assert "balance" not in clerk.get(f"/contacts/{ash}")
    listed = clerk.get("/contacts", show_balance="true", search="ash")["$items"]
    assert [item["balance"] for item in listed] == ["100.0"]


def test_nested_attributes_expand_linked_records(clerk: Clerk) -> None:
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


def test_open_artefacts_are_listed_by_contact_and_name(clerk: Clerk) -> None:
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


#: Query parameters that select no records, with their effect.
NOT_FILTERS = {
    "attributes": "the fields of an answer",
    "nested_attributes": "the fields of linked records",
    "sort": "the order",
    "search": "looks through texts, for every kind that has it",
    "show_balance": "adds a field",
    "show_balance_details": "adds a field",
    "show_payments_allocations": "adds a field",
    "exclude_deleted_entries": "what is counted in balance_details",
    "context_date": "the day of the tax treatment",
    "show_unfinished_recurring_invoices_status": "there are no recurring invoices",
    "sort_order_from_user_setting": "there are no user settings of that kind",
    "exclude_stripe": "there are no Stripe accounts",
    "appName": "not documented",
    "generate_filter_url": "not documented: its place in the answer is unknown",
    "copilot_vat_back_url": "not documented",
    "legacy_attachment_context_type": "ids of the API before this one",
    "legacy_attachment_context_id": "ids of the API before this one",
}


def test_every_filter_of_the_catalog_is_applied_or_has_a_reason() -> None:
    ignored = []
    for kind in catalog():
        if kind.name not in (*KIND_HOOKS, "transaction", "ledger_entry", "tax_return"):
            continue
        fields = {field.answered_as for field in kind.fields.values()}
        for name in kind.filters:
            is_applied = (
                name in NOT_FILTERS
                or (kind.name, name) in FILTERS
                or ("", name) in FILTERS
                or name in (kind.changed_since, kind.deleted_since)
                or (name.endswith("_id") and name.removesuffix("_id") in {*fields, "contact"})
            )
            if not is_applied:
                ignored.append((kind.name, name))
        assert "search" not in kind.filters or kind.search, kind.name
    assert ignored == []


def test_every_sort_key_of_the_catalog_sorts() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    for day in ("2026-01-07", "2026-01-05", "2026-01-06"):
        clerk.invoice(customer, date=day, due_date=day)
        clerk.receipt(customer, "1.00", date=day, reference=day)
    for path in ("/sales_invoices", "/contact_payments"):
        kind = catalog()["sales_invoice" if "sales" in path else "contact_payment"]
        for key in kind.sort_keys:
            query = {"attributes": "all", "sort": f"{key}:asc"}
            rising = [item[key] for item in clerk.get(path, **query)["$items"]]
            assert rising == sorted(rising) and len(set(rising)) == 3
            query["sort"] = f"{key}:desc"
            assert [item[key] for item in clerk.get(path, **query)["$items"]] == rising[::-1]


def test_filters_of_ledger_accounts(clerk: Clerk) -> None:
    controls = clerk.get("/ledger_accounts", show_control_accounts="true", attributes="is_control_account")
    assert controls["$total"] and all(item["is_control_account"] for item in controls["$items"])
    others = clerk.get("/ledger_accounts", show_control_accounts="false", attributes="is_control_account")
    assert others["$total"] + controls["$total"] == clerk.get("/ledger_accounts")["$total"]
    every = clerk.get("/ledger_accounts")["$total"]
    assert 0 < clerk.get("/ledger_accounts", visible_in="other_payments")["$total"] < every
    bank = clerk.post(
        "bank_account", bank_account_type_id="CHECKING", bank_account_details={"account_name": "Old"}
    )
    clerk.put("bank_account", bank["id"], is_active=False)
    shown = clerk.get("/ledger_accounts", filter_inactive_bank_accounts="true")["$total"]
    assert shown == clerk.get("/ledger_accounts")["$total"] - 1


def test_reversed_entries_can_be_left_out_of_the_turnover(clerk: Clerk) -> None:
    invoice = clerk.invoice(clerk.customer("Ash"))["id"]
    clerk.put("sales_invoice", invoice, invoice_lines=[clerk.line("50.00", "10.00")])
    path = f"/ledger_accounts/{clerk.account(4000)}"

    def turnover(**query: str) -> tuple[str, str]:
        details = clerk.get(path, show_balance_details="true", **query)["balance_details"]
        return details["debits"], details["credits"]

    assert turnover() == ("100.0", "150.0")
    assert turnover(exclude_deleted_entries="true") == ("0.0", "50.0")
    clerk.business = type(clerk.business).from_document(clerk.business.document(), catalog())
    assert turnover(exclude_deleted_entries="true") == ("0.0", "50.0")


def test_contacts_of_the_home_currency() -> None:
    clerk = Clerk(multi_currency=True)
    clerk.customer("Eiche", currency_id="EUR")
    clerk.customer("Oak")
    assert names(clerk, exclude_system="true", filter_foreign_currencies="true") == ["Oak"]


def test_returns_by_their_period(clerk: Clerk) -> None:
    for start, end in (("2026-01-01", "2026-03-31"), ("2026-04-01", "2026-06-30")):
        clerk.business.file_tax_return(start, end, clerk.now)
    query = {"from_period_start_date": "2026-02-01", "to_period_start_date": "2026-04-01"}
    [found] = clerk.get("/tax_returns", attributes="period_end_date", **query)["$items"]
    assert found["period_end_date"] == "2026-06-30"


def test_a_search_finds_what_was_changed_removed_and_made_since() -> None:
    clerk = Clerk()
    ids = [clerk.customer(f"Firm {number}") for number in range(1200)]
    assert clerk.get("/contacts", search="firm")["$total"] == 1200
    clerk.put("contact", ids[700], name="Ash")
    clerk.delete("contact", ids[3])
    clerk.customer("Firm of the end")
    assert clerk.get("/contacts", search="firm")["$total"] == 1199
    assert names(clerk, search="ash") == ["Ash"]
    last = clerk.get("/contacts", search="firm", page="6", items_per_page="200")
    assert [item["displayed_as"] for item in last["$items"]][-1] == "Firm of the end"
    since = instant_text(clerk.now - 60_000)
    assert clerk.get("/contacts", updated_or_created_since=since, search="ash")["$total"] == 1
