"""The settings of a business besides the financial ones, and the details it may change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sagerecon.model.clock import instant_text
from sagerecon.rehearsal.books.chart import CARRIAGE, DISCOUNT_ALLOWED, DISCOUNT_RECEIVED
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.records import Link, Row, Values
from sagerecon.rehearsal.books.refusal import Fault
from sagerecon.rehearsal.books.unsupported import UNSUPPORTED_FEATURES

#: Nominal codes of the default ledger accounts in the settings.
_DEFAULT_ACCOUNTS = {
    "bank_charges": 7900,
    "bank_interest_received": 4910,
    "bank_interest_charges_paid": 7900,
    "exchange_rate_gains": 4900,
    "exchange_rate_losses": 8200,
    "sales": 4000,
    "sales_discount": 4009,
    "purchase": 5000,
    "purchase_discount": 5009,
    "product_sales": 4000,
    "product_purchase": 5000,
    "service_sales": 4010,
    "service_purchase": 5010,
    "stock_purchase": 1001,
    "other_receipt": 4900,
    "other_payment": 8200,
    "customer_receipt_discount": 4009,
    "vendor_payment_discount": 5009,
    "carriage": 4905,
}

#: Roles of the default ledger accounts that the rehearsal itself posts to.
_POSTED_ACCOUNTS = {
    "customer_receipt_discount_ledger_account": DISCOUNT_ALLOWED,
    "vendor_payment_discount_ledger_account": DISCOUNT_RECEIVED,
    "carriage_ledger_account": CARRIAGE,
}

#: The next numbers in the invoice settings, and the kind of each.
NUMBERED = {
    "next_invoice_number": "sales_invoice",
    "next_credit_note_number": "sales_credit_note",
    "next_quote_number": "sales_quote",
}

#: The setting with the number prefix of each kind.
PREFIXES = {
    "sales_invoice": "sales_invoice_number_prefix",
    "sales_credit_note": "sales_credit_note_number_prefix",
    "sales_quote": "quote_number_prefix",
    "sales_estimate": "estimate_number_prefix",
}


def _default_business_settings(company: Company) -> Values:
    accounts = {
        f"{name}_ledger_account": Link("ledger_account", company.keys["ledger_account.nominal_code", code])
        for name, code in _DEFAULT_ACCOUNTS.items()
    }
    is_british = company.identity.country == "GB"
    return {
        "smart_transaction_enabled": False,
        "wizard_complete": True,
        "default_ledger_accounts": accounts,
        "business_type": Link("business_type", "LIMITED"),
        "country_of_registration": Link("country_of_registration", "ENGLAND_AND_WALES")
        if is_british
        else None,
    }


def _default_invoice_settings(_company: Company) -> Values:
    return {
        "separate_invoice_credit_note_numbering": True,
        "sales_invoice_number_prefix": "SI-",
        "sales_credit_note_number_prefix": "SCN-",
        "quote_number_prefix": "SQ-",
        "estimate_number_prefix": "SE-",
        "quick_entry_prefix": "QE-",
        "quote_default_days_to_expiry": 30,
        "estimate_default_days_to_expiry": 30,
        "customer_credit_days": 0,
        "vendor_credit_days": 0,
        "customer_credit_terms": "immediate_invoice",
        "vendor_credit_terms": "immediate_payment",
        "document_headings": {
            "sales_invoice": "Sales Invoice",
            "sales_credit_note": "Sales Credit Note",
            "sales_corrective_invoice": None,
            "sales_quote": "Sales Quote",
            "sales_estimate": "Sales Estimate",
            "pro_forma": "Pro Forma Invoice",
            "remittance_advice": "Remittance Advice",
            "statement": "Statement",
            "delivery_note": "Delivery Note",
        },
        "line_item_titles": {
            "description": "Description",
            "unit_price": "Price/Rate",
            "quantity": "Qty/Hrs",
            "discount": "Discount",
        },
        "footer_details": {"column_1": "", "column_2": "", "column_3": ""},
        "print_contact_details": {
            "business_name": True,
            "contact_name": True,
            "website": True,
            "telephone": True,
            "mobile": True,
            "email_address": True,
            "due_date": True,
            "default_delivery_address": "INVOICE_ADDRESS",
        },
        "print_statements": {"days_overdue": True, "table_of_balances": True},
    }


def _default_cis_settings(_company: Company) -> Values:
    return {"contractor": False, "subcontractor": False}


def _default_email_settings(_company: Company) -> Values:
    return {"pdf_attached": True, "send_bcc": False, "default_messages": []}


#: The kinds of settings, each with a function that returns the defaults.
DEFAULT_SETTINGS: Mapping[str, Callable[[Company], Values]] = {
    "business_settings": _default_business_settings,
    "invoice_settings": _default_invoice_settings,
    "cis_settings": _default_cis_settings,
    "email_settings": _default_email_settings,
}


def settings_row(company: Company, kind: str) -> Row:
    """Return the only record of a kind of settings."""
    return company.table(kind).rows[kind]


def preference_faults(company: Company, kind: str, values: Values) -> Iterator[Fault]:
    """Yield faults for settings that the rehearsal does not support."""
    if kind == "cis_settings":
        for name in ("contractor", "subcontractor"):
            if values.get(name):
                yield Fault(UNSUPPORTED_FEATURES["construction"], name)
    if kind == "invoice_settings":
        if not values.get("separate_invoice_credit_note_numbering"):
            yield Fault(UNSUPPORTED_FEATURES["one_numbering"], "separate_invoice_credit_note_numbering")
        for name, numbered in NUMBERED.items():
            if values.get(name) is not None and values[name] <= company.numbers.get(numbered, 0):
                yield Fault("The number has been used.", name)
    if kind == "business_settings":
        accounts = values.get("default_ledger_accounts") or {}
        for name, role in _POSTED_ACCOUNTS.items():
            account = accounts.get(name)
            if account is not None and account.id != company.controls[role]:
                yield Fault(UNSUPPORTED_FEATURES["usual_account"], f"default_ledger_accounts.{name}_id")


def write_preferences(company: Company, kind: str, values: Values, now: int) -> None:
    """Replace a kind of settings; next numbers are stored with the number sequences."""
    for name, numbered in NUMBERED.items() if kind == "invoice_settings" else ():
        number = values.pop(name, None)
        if number is not None:
            company.numbers[numbered] = number - 1
    row = settings_row(company, kind)
    row.values = values
    company.table(kind).touch(row, now)


def preferences_answer(company: Company, kind: str) -> Row:
    """Return a kind of settings as a record to answer, with the current next numbers."""
    row = settings_row(company, kind)
    values = dict(row.values)
    if kind == "invoice_settings":
        values |= {name: company.numbers.get(numbered, 0) + 1 for name, numbered in NUMBERED.items()}
    if kind == "business_settings":
        values["business_created_at"] = instant_text(row.created_at)
    shown = Row(row.id, row.sequence, row.created_at, values)
    shown.updated_at = row.updated_at
    return shown


#: Fields of a business that can be changed, besides its name.
DETAILS = (
    "address_line_1",
    "address_line_2",
    "city",
    "region",
    "postal_code",
    "telephone",
    "mobile",
    "website",
)


def update_details(company: Company, given: Values, now: int) -> None:
    """Update the details of a business."""
    if given.get("name"):
        company.identity = replace(company.identity, name=given["name"])
    row = company.table("business").rows["business"]
    row.values |= {name: given[name] for name in DETAILS if name in given}
    company.table("business").touch(row, now)
