"""A rehearsal business: its initial records, validation, refusals, and saving."""

from __future__ import annotations

import json

import pytest
from small_business import BUSINESS_ID, START, Clerk, messages

from sagerecon.documents.package import catalog
from sagerecon.rehearsal.books.business import Business, new_business
from sagerecon.rehearsal.request import READ_ONLY, RESTRICTED


def test_a_new_business_has_a_chart_two_bank_accounts_and_system_contacts() -> None:
    clerk = Clerk()
    accounts = clerk.get("/ledger_accounts", attributes="nominal_code", items_per_page="200")["$items"]
    codes = {account["nominal_code"]: account["displayed_as"] for account in accounts}
    assert codes[1100] == "Trade Debtors (1100)"
    assert codes[41] == "Fixtures and Fittings Depreciation to Date (0041)"
    assert codes[9999] == "Opening Balances Control Account (9999)"
    assert {1200, 1230, 2100, 2200, 2201, 3000, 4000, 5000, 7000} <= set(codes)
    banks = clerk.get("/bank_accounts", attributes="bank_account_type")["$items"]
    assert [bank["bank_account_type"]["id"] for bank in banks] == ["CHECKING", "CASH_IN_HAND"]
    contacts = clerk.get("/contacts")["$items"]
    assert [contact["displayed_as"] for contact in contacts] == [
        "HMRC Reclaimed (HMRC Rec)",
        "HMRC Payments (HMRC Pay)",
    ]
    assert clerk.get("/contacts", exclude_system="true")["$total"] == 0


def test_the_facts_of_a_business_include_country_and_subscription() -> None:
    business = new_business(
        catalog(), BUSINESS_ID, "Oak", country="IE", edition="start", currency="EUR", now=START
    )
    facts = business.facts()
    assert facts["country"] == {"id": "IE", "displayed_as": "Ireland (IE)"}
    assert [(each["id"], each["active"]) for each in facts["subscriptions"]] == [("START", True)]
    assert (business.id, business.name, business.country, business.edition) == (
        BUSINESS_ID,
        "Oak",
        "IE",
        "start",
    )


def test_a_contact_creates_its_address_and_its_person() -> None:
    clerk = Clerk()
    contact = clerk.post(
        "contact",
        name="Oak Ltd",
        contact_type_ids=["CUSTOMER"],
        reference="OAK01",
        credit_limit="2000",
        main_address={"address_line_1": "1 High St", "city": "Leeds", "country_id": "GB"},
        main_contact_person={"name": "Ann Reed", "email": "a@example.com"},
    )
    assert contact["displayed_as"] == "Oak Ltd (OAK01)"
    assert contact["credit_limit"] == "2000.0"
    assert contact["email"] == "a@example.com"
    address = clerk.get(contact["main_address"]["$path"])
    assert (address["displayed_as"], address["contact"]["id"]) == ("1 High St", contact["id"])
    person = clerk.get(contact["main_contact_person"]["$path"])
    assert (person["is_main_contact"], person["address"]["id"]) == (True, address["id"])
    clerk.put("contact", contact["id"], main_address={"city": "York"})
    moved = clerk.get(contact["main_address"]["$path"])
    assert (moved["city"], moved["address_line_1"]) == ("York", "1 High St")
    assert clerk.get("/addresses", contact_id=contact["id"])["$total"] == 1


def test_a_new_main_address_replaces_the_old_one() -> None:
    clerk = Clerk()
    contact = clerk.customer(main_address={"city": "Leeds"})
    fields = {"address_type_id": "ACCOUNTS", "name": "New", "is_main_address": True, "contact_id": contact}
    new = clerk.post("address", **fields)["id"]
    assert clerk.get(f"/contacts/{contact}")["main_address"]["id"] == new
    flags = clerk.get("/addresses", contact_id=contact, attributes="is_main_address")["$items"]
    assert [flag["is_main_address"] for flag in flags] == [False, True]
    assert clerk.delete("address", new).status == 204
    assert clerk.get(f"/contacts/{contact}")["main_address"] is None


def test_all_faults_of_a_body_are_reported_at_once() -> None:
    reply = Clerk().send(
        "sales_invoice", contact_id="nobody", date="5/1/2026", invoice_lines=[{"unit_price": "x"}]
    )
    assert reply.status == 422
    assert [fault["$dataCode"] for fault in reply.body] == ["RecordInvalid"] * len(reply.body)
    assert messages(reply) == [
        ("contact_id", "Couldn't find Contact."),
        ("date", "Date is invalid."),
        ("invoice_lines.description", "This field is required."),
        ("invoice_lines.ledger_account_id", "This field is required."),
        ("invoice_lines.unit_price", "Unit price is invalid."),
        ("invoice_lines.quantity", "This field is required."),
        ("invoice_lines.tax_rate_id", "This field is required."),
    ]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "x" * 101}, ("name", "Name is too long (maximum is 100 characters).")),
        ({"reference": "12345678901"}, ("reference", "Reference is too long (maximum is 10 characters).")),
        ({"contact_type_ids": []}, ("contact_type_ids", "This field is required.")),
        ({"contact_type_ids": "CUSTOMER"}, ("contact_type_ids", "Contact type is invalid.")),
        ({"credit_days": "366"}, ("credit_days", "Credit days is invalid.")),
        ({"credit_limit": "NaN"}, ("credit_limit", "Credit limit is invalid.")),
        ({"credit_limit": "1e400"}, ("credit_limit", "Credit limit is invalid.")),
        ({"main_address": "here"}, ("main_address", "Main address is invalid.")),
        ({"main_address": {"country_id": "XX"}}, ("main_address.country_id", "Couldn't find Country.")),
        (
            {"contact_type_ids": ["CUSTOMER", "VENDOR"]},
            ("contact_type_ids", "Contact types is invalid: choose exactly one."),
        ),
    ],
)
def test_a_contact_is_validated_against_the_catalog(
    fields: dict[str, object], fault: tuple[str, str]
) -> None:
    reply = Clerk().send("contact", **{"name": "Oak", "contact_type_ids": ["CUSTOMER"], **fields})
    assert (reply.status, messages(reply)) == (422, [fault])


def test_a_body_needs_its_wrapper() -> None:
    for body in (None, [], {}, {"contact": "Oak"}, {"contacts": {"name": "Oak"}}):
        reply = Clerk().request("POST", "/contacts", body)
        assert (reply.status, messages(reply)) == (422, [("contact", "This field is required.")])


def test_unknown_and_read_only_fields_are_ignored() -> None:
    clerk = Clerk()
    contact = clerk.post(
        "contact", name="Oak", contact_type_ids=["CUSTOMER"], nonsense=1, balance="5", system=True
    )
    assert contact["system"] is False
    assert "nonsense" not in contact


def test_references_codes_and_numbers_are_unique() -> None:
    clerk = Clerk()
    first = clerk.customer(reference="OAK01")
    taken = [("reference", "Reference has already been taken.")]
    again = clerk.send("contact", name="Ash", contact_type_ids=["VENDOR"], reference="oak01")
    assert messages(again) == taken
    second = clerk.customer("Ash", reference="ASH01")
    assert messages(clerk.put("contact", second, reference="OAK01")) == taken
    assert clerk.put("contact", first, reference="OAK01").status == 200
    clerk.delete("contact", first)
    assert clerk.put("contact", second, reference="OAK01").status == 200
    account = {"ledger_account_type_id": "SALES", "included_in_chart": True, "name": "X", "display_name": "X"}
    reply = clerk.send("ledger_account", nominal_code=4000, **account)
    assert messages(reply) == [("nominal_code", "Nominal code has already been taken.")]
    clerk.invoice(second, invoice_number="17")
    fields = {"contact_id": second, "date": "2026-01-05", "invoice_lines": [clerk.line()]}
    reply = clerk.send("sales_invoice", invoice_number="17", **fields)
    assert messages(reply) == [("invoice_number", "Invoice number has already been taken.")]


def test_a_nominal_code_is_an_integer_and_shows_four_digits() -> None:
    clerk = Clerk()
    fields = {
        "ledger_account_type_id": "FIXED_ASSETS",
        "included_in_chart": True,
        "name": "Tools",
        "display_name": "Tools",
    }
    account = clerk.post("ledger_account", nominal_code="0042", **fields)
    assert (account["nominal_code"], account["displayed_as"]) == (42, "Tools (0042)")
    assert clerk.request("DELETE", f"/ledger_accounts/{account['id']}").status == 405


def test_a_bank_account_creates_its_ledger_account() -> None:
    clerk = Clerk()
    details = {"account_name": "Savings", "account_number": "123"}
    bank = clerk.post(
        "bank_account", bank_account_type_id="SAVINGS", nominal_code=1250, bank_account_details=details
    )
    assert bank["displayed_as"] == "Savings (1250)"
    account = clerk.get(bank["ledger_account"]["$path"])
    assert (account["nominal_code"], account["bank_attached"]) == (1250, True)
    free = clerk.post(
        "bank_account", bank_account_type_id="SAVINGS", bank_account_details={"account_name": "More"}
    )
    assert free["displayed_as"] == "More (1210)"
    assert clerk.delete("bank_account", free["id"]).status == 204
    assert clerk.delete("bank_account", clerk.bank()).status == 405


def test_a_contact_of_the_wrong_type_is_not_found() -> None:
    clerk = Clerk()
    customer, vendor = clerk.customer(), clerk.vendor()
    fields = {"date": "2026-01-05", "invoice_lines": [clerk.line()]}
    reply = clerk.send("sales_invoice", contact_id=vendor, **fields)
    assert messages(reply) == [("", "Couldn't find Customer.")]
    reply = clerk.send("purchase_invoice", contact_id=customer, due_date="2026-02-05", **fields)
    assert messages(reply) == [("", "Couldn't find Supplier.")]
    assert messages(clerk.send("contact_payment", **clerk.payment("VENDOR_PAYMENT", customer, "1.00"))) == [
        ("", "Couldn't find Supplier.")
    ]


def test_a_contact_in_use_cannot_be_deleted() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    assert clerk.get(f"/contacts/{customer}")["deletable"] is True
    clerk.invoice(customer)
    assert clerk.get(f"/contacts/{customer}")["deletable"] is False
    reply = clerk.delete("contact", customer)
    assert (reply.status, reply.body[0]["$dataCode"]) == (405, "MethodNotAllowed")
    assert clerk.put("contact", customer, contact_type_ids=["VENDOR"]).status == 422
    system = clerk.get("/contacts")["$items"][0]["id"]
    assert clerk.delete("contact", system).status == 405
    assert clerk.put("contact", system, name="X").status == 422


def test_item_codes_are_unique_and_used_items_cannot_be_deleted() -> None:
    clerk = Clerk()
    accounts = {
        "sales_ledger_account_id": clerk.account(4000),
        "purchase_ledger_account_id": clerk.account(5000),
    }
    product = clerk.post("product", description="Chair", item_code="CH-1", **accounts)
    assert (product["displayed_as"], product["active"], product["deletable"]) == ("Chair", True, True)
    reply = clerk.send("service", description="Repair", item_code="CH-1", **accounts)
    assert messages(reply) == [("item_code", "Item code has already been taken.")]
    clerk.invoice(clerk.customer(), clerk.line(product_id=product["id"]))
    assert clerk.get(f"/products/{product['id']}")["deletable"] is False
    assert clerk.delete("product", product["id"]).status == 405


def test_an_update_is_partial_and_null_clears() -> None:
    clerk = Clerk()
    customer = clerk.customer(
        notes="old", reference="OAK01", bank_account_details={"account_name": "O", "iban": "I"}
    )
    changed = clerk.put("contact", customer, notes=None, bank_account_details={"iban": "J"}).body
    assert (changed["notes"], changed["reference"]) == (None, "OAK01")
    assert (changed["bank_account_details"]["account_name"], changed["bank_account_details"]["iban"]) == (
        "O",
        "J",
    )
    assert messages(clerk.put("contact", customer, name=None)) == [("name", "This field is required.")]


def test_unknown_paths_ids_and_methods() -> None:
    clerk = Clerk()
    for path in (
        "/nothing",
        "/contacts/ab12",
        "/contacts/ab12/more",
        "/currencies/XXX",
        "/datev_settings",
        "/",
    ):
        reply = clerk.request("GET", path)
        assert (reply.status, reply.body[0]["$dataCode"]) == (404, "RecordNotFound"), path
    for method, path in (("POST", "/contact_types"), ("PUT", "/journals/x"), ("PATCH", "/contacts/x")):
        reply = clerk.request(method, path, {})
        assert (reply.status, reply.body[0]["$dataCode"]) == (405, "MethodNotAllowed"), path


def test_each_role_has_its_permissions() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    reader = Clerk(clerk.business, READ_ONLY)
    assert reader.request("GET", f"/contacts/{customer}").status == 200
    reply = reader.send("contact", name="Ash", contact_type_ids=["CUSTOMER"])
    assert (reply.status, reply.body[0]["$dataCode"]) == (403, "MultiUserAccessDenied")
    restricted = Clerk(clerk.business, RESTRICTED)
    assert restricted.put("contact", customer, notes="x").status == 200
    assert restricted.delete("contact", customer).status == 403
    assert clerk.delete("contact", customer).status == 204


def test_the_start_edition_has_fewer_operations() -> None:
    clerk = Clerk(edition="start")
    customer = clerk.customer(main_address={"city": "Leeds"}, credit_limit="5")
    assert clerk.get(f"/contacts/{customer}")["credit_limit"] is None
    assert clerk.request("GET", "/purchase_invoices").status == 200
    reply = clerk.send("purchase_invoice", contact_id=clerk.vendor())
    assert (reply.status, reply.body[0]["$dataCode"]) == (403, "AuthorizationFailure")
    fields = {
        "contact_opening_balance_type_id": "INVOICE",
        "date": "2025-12-31",
        "reference": "O",
        "total_amount": "1",
    }
    assert clerk.send("contact_opening_balance", contact_id=customer, **fields).status == 403
    payment = clerk.payment("CUSTOMER_RECEIPT", customer, "10.00")
    assert messages(clerk.send("contact_payment", **payment)) == [
        ("allocated_artefacts", "Payments on account are not available in the start edition.")
    ]
    address = {
        "address_type_id": "ACCOUNTS",
        "name": "Second",
        "is_main_address": False,
        "contact_id": customer,
    }
    assert clerk.send("address", **address).status == 422


def test_unsupported_features_are_refused() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    fields = {"contact_id": customer, "date": "2026-01-05", "invoice_lines": [clerk.line()]}
    reply = clerk.send("sales_invoice", vat_reverse_charge=True, currency_id="EUR", **fields)
    assert messages(reply) == [
        ("currency_id", "Multi-currency is not enabled for this business."),
        ("vat_reverse_charge", "The rehearsal does not support reverse charge VAT."),
    ]


def test_the_accounts_start_date_cannot_pass_a_booking() -> None:
    clerk = Clerk()
    clerk.invoice(clerk.customer(), date="2026-01-05")
    change = {"financial_settings": {"accounts_start_date": "2026-01-06"}}
    reply = clerk.request("PUT", "/financial_settings", change)
    assert messages(reply) == [("accounts_start_date", "There are bookings on the other side of this date.")]
    change = {"financial_settings": {"accounts_start_date": "2025-07-01"}}
    assert clerk.request("PUT", "/financial_settings", change).body["accounts_start_date"] == "2025-07-01"


def test_the_standard_rate_has_a_history() -> None:
    clerk = Clerk()
    rate = clerk.get("/tax_rates/GB_STANDARD")
    assert rate["percentage"] == "20.0"
    assert rate["percentages"][-2:] == [
        {"percentage": "17.5", "from_date": "2010-01-01", "to_date": "2011-01-03"},
        {"percentage": "20.0", "from_date": "2011-01-04", "to_date": None},
    ]
    assert clerk.get("/tax_rates/GB_STANDARD", date="2009-06-30")["percentage"] == "15.0"
    names = [rate["id"] for rate in clerk.get("/tax_rates")["$items"]]
    assert names == ["GB_STANDARD", "GB_LOWER", "GB_ZERO", "GB_EXEMPT", "GB_NO_TAX"]


def test_the_same_seed_and_requests_give_the_same_bytes() -> None:
    def play(seed: int) -> str:
        clerk = Clerk(seed=seed)
        customer = clerk.customer()
        clerk.receipt(customer, "50.00", (clerk.invoice(customer)["id"], "20.00"))
        return json.dumps(clerk.business.document())

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_a_saved_business_continues_after_loading() -> None:
    clerk = Clerk()
    customer = clerk.customer(reference="OAK01")
    invoice = clerk.invoice(customer)["id"]
    receipt = clerk.receipt(customer, "50.00", (invoice, "20.00"))
    clerk.invoice(customer, status_id="DRAFT")
    clerk.delete("sales_invoice", clerk.invoice(customer)["id"], void_reason="x")
    text = json.dumps(clerk.business.document())
    later = Clerk(Business.from_document(json.loads(text), catalog()))
    later.now = clerk.now
    assert json.dumps(later.business.document()) == text
    for path in (
        f"/sales_invoices/{invoice}",
        f"/contact_payments/{receipt['id']}",
        "/unallocated_artefacts",
    ):
        assert later.get(path) == clerk.get(path)
    assert later.get("/contacts", show_balance="true") == clerk.get("/contacts", show_balance="true")
    assert messages(later.send("contact", name="A", contact_type_ids=["CUSTOMER"], reference="OAK01"))
    later.now = clerk.now
    assert later.invoice(customer) == clerk.invoice(customer)
    assert later.business.document() == clerk.business.document()


def test_a_refusal_changes_nothing() -> None:
    clerk = Clerk()
    customer = clerk.customer()
    invoice = clerk.invoice(customer)["id"]
    clerk.receipt(customer, "20.00", (invoice, "20.00"))
    before = json.dumps(clerk.business.document())
    refused = [
        clerk.put("sales_invoice", invoice, invoice_lines=[clerk.line("1.00", "0.20")]),
        clerk.put("sales_invoice", invoice, date="2010-06-01"),  # when the tax rate was different
        clerk.delete("sales_invoice", invoice, void_reason="x"),
        clerk.delete("contact", customer),
        clerk.send(
            "contact_payment", **clerk.payment("CUSTOMER_RECEIPT", customer, "1.00", (invoice, "2.00"))
        ),
        clerk.send("sales_invoice", contact_id=customer),
    ]
    assert [reply.status for reply in refused] == [422, 422, 422, 405, 422, 422]
    assert json.dumps(clerk.business.document()) == before


def test_a_bank_account_may_use_an_existing_ledger_account() -> None:
    clerk = Clerk()
    fields = {
        "ledger_account_type_id": "BANK",
        "included_in_chart": True,
        "name": "Loan",
        "display_name": "Loan",
    }
    account = clerk.post("ledger_account", nominal_code=1300, **fields)["id"]
    fields = {"bank_account_type_id": "LOAN", "bank_account_details": {"account_name": "Loan"}}
    bank = clerk.post("bank_account", ledger_account_id=account, **fields)
    assert bank["displayed_as"] == "Loan (1300)"
    refusal = [("ledger_account_id", "The ledger account already has another purpose.")]
    for taken in (account, clerk.account(1100)):
        assert messages(clerk.send("bank_account", ledger_account_id=taken, **fields)) == refusal
    assert clerk.delete("bank_account", bank["id"]).status == 204
    assert clerk.get(f"/ledger_accounts/{account}")["bank_attached"] is False


def test_every_entry_of_the_catalogs_fixed_lists_is_supported() -> None:
    company = Clerk().business.company
    for kind in catalog():
        if kind.is_fixed_list:
            entries = company.fixed_list(kind.name)
            assert entries is not None
            assert set(kind.values) <= set(entries), kind.name
            assert kind.values_are_examples or not kind.values or set(entries) == set(kind.values), kind.name


def test_a_product_of_amounts_that_is_too_large_is_refused() -> None:
    clerk = Clerk()
    line = clerk.line("999999999999", "0", quantity="999999999999", tax_rate_id="GB_ZERO")
    given = {"contact_id": clerk.customer("C1"), "date": "2026-01-05"}
    reply = clerk.send("sales_quote", **given, expiry_date="2026-02-05", quote_lines=[line])
    assert reply.status == 422
    assert ("total_amount", "The amount is too large.") in messages(reply)
