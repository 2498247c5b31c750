"""Defaults from the invoice settings for documents: number prefix, due date, notes and terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.documents import DocumentType
from sagerecon.rehearsal.books.hooks import Hooks, days_after
from sagerecon.rehearsal.books.preferences import PREFIXES, settings_row
from sagerecon.rehearsal.books.records import Row, Values
from sagerecon.rehearsal.books.refusal import Fault

#: Settings that are copied to a new document's empty fields, by document kind and field.
_TEXTS = {
    "sales_invoice": {
        "notes": "default_note_on_invoice",
        "terms_and_conditions": "invoice_terms_and_conditions",
    },
    "sales_credit_note": {"notes": "default_note_on_credit_note"},
    "sales_quote": {"notes": "default_note_on_quote", "terms_and_conditions": "quote_terms_and_conditions"},
    "sales_estimate": {
        "notes": "default_note_on_estimate",
        "terms_and_conditions": "estimate_terms_and_conditions",
    },
}


def with_invoice_settings(document_type: DocumentType, hooks: Hooks) -> Hooks:
    """Return the hooks of a document type with defaults from the invoice settings added."""

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        if old is None:
            _apply_settings(company, document_type, values)
        yield from hooks.complete(company, values, old)

    return replace(hooks, complete=complete)


def _apply_settings(company: Company, document_type: DocumentType, values: Values) -> None:
    settings = settings_row(company, "invoice_settings").values
    prefix = PREFIXES.get(document_type.kind, "")
    if (
        prefix
        and not values.get(document_type.number)
        and values.get(f"{document_type.number}_prefix") is None
    ):
        values[f"{document_type.number}_prefix"] = settings.get(prefix) or ""
    for field, name in _TEXTS.get(document_type.kind, {}).items():
        if values.get(field) is None and settings.get(name):
            values[field] = settings[name]
    days = (
        settings.get("customer_credit_days" if document_type.side == "CUSTOMER" else "vendor_credit_days")
        or 0
    )
    contact = company.find(values["contact"])
    has_own = contact is not None and contact.values.get("credit_days") is not None
    if document_type.lines == "invoice_lines" and days and not has_own and not values.get("due_date"):
        values["due_date"] = days_after(values["date"], days)
