"""What the invoice settings give a document that does not bring it: a prefix, a due date, terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.conduct import Conduct, days_after
from sagerecon.rehearsal.books.documents import Sort
from sagerecon.rehearsal.books.preferences import PREFIXES, setting
from sagerecon.rehearsal.books.records import Row, Values
from sagerecon.rehearsal.books.refusal import Fault

#: Which of the settings stand on a new document where nothing else does.
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


def preferred(sort: Sort, conduct: Conduct) -> Conduct:
    """The conduct of documents of a sort under the invoice settings."""

    def complete(company: Company, values: Values, old: Row | None) -> Iterator[Fault]:
        if old is None:
            _prefer(company, sort, values)
        yield from conduct.complete(company, values, old)

    return replace(conduct, complete=complete)


def _prefer(company: Company, sort: Sort, values: Values) -> None:
    settings = setting(company, "invoice_settings").values
    prefix = PREFIXES.get(sort.kind, "")
    if prefix and not values.get(sort.number) and values.get(f"{sort.number}_prefix") is None:
        values[f"{sort.number}_prefix"] = settings.get(prefix) or ""
    for field, name in _TEXTS.get(sort.kind, {}).items():
        if values.get(field) is None and settings.get(name):
            values[field] = settings[name]
    days = settings.get("customer_credit_days" if sort.side == "CUSTOMER" else "vendor_credit_days") or 0
    contact = company.find(values["contact"])
    has_own = contact is not None and contact.values.get("credit_days") is not None
    if sort.lines == "invoice_lines" and days and not has_own and not values.get("due_date"):
        values["due_date"] = days_after(values["date"], days)
