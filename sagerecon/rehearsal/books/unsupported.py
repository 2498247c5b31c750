"""Resources, operations and features that the rehearsal refuses, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.refusal import Fault, Refusal

#: Resources of Sage's API document of February 2025 that the newest one no longer has.
REMOVED_KINDS: Mapping[str, str] = {
    "sales_corrective_invoice": "Corrective invoices are Spanish; this API no longer supports Spain.",
    "purchase_corrective_invoice": "Corrective invoices are Spanish; this API no longer supports Spain.",
    "corrective_reason_code": "Corrective invoices are Spanish; this API no longer supports Spain.",
    "datev_settings": "DATEV is German; this API no longer supports Germany.",
    "tax_office": "Tax offices are German; this API no longer supports Germany.",
    "journal_code": "Journal codes are French; this API no longer supports France.",
    "journal_code_type": "Journal codes are French; this API no longer supports France.",
    "migrations": "The newest version of the API has no migrations.",
    "migration_tax_return": "The newest version of the API has no migrations.",
}

_AUTHORITY = "Tax returns need the tax authority's periods, which the rehearsal does not have."
_RATES = "Tax rates can only be written by US businesses; in this country they are read-only."

#: Unsupported operations of supported kinds.
REFUSED_OPERATIONS: Mapping[tuple[str, str], str] = {
    ("tax_rate", "create"): _RATES,
    ("tax_rate", "update"): _RATES,
    ("tax_rate", "delete"): _RATES,
    ("draft_tax_return", "create"): _AUTHORITY,
    ("tax_return", "obligation_periods"): _AUTHORITY,
    ("bank_account", "bank_feed"): "The rehearsal does not support bank feeds.",
}

#: Features that are refused in any request.
UNSUPPORTED_FEATURES: Mapping[str, str] = {
    "flat_rate": "The rehearsal supports standard and cash accounting only, no flat rate schemes.",
    "cash_in_canada": "Canada has no cash accounting scheme.",
    "currency_charge": "The rehearsal does not support currency charges. Book them as other payments.",
    "transfer_currency": "The rehearsal supports transfers between bank accounts of the same currency only.",
    "part_recoverable": "The rehearsal supports tax that is recoverable in full or not at all.",
    "vat_reverse_charge": "The rehearsal does not support reverse charge VAT.",
    "destination_consignment": "The rehearsal does not support destination consignment.",
    "postponed_accounting": "The rehearsal does not support postponed accounting.",
    "import": "The rehearsal does not support VAT on imports.",
    "vat_exempt_consignment": "The rehearsal does not support VAT exempt consignment.",
    "cis_applicable_amount": "The rehearsal does not support the construction industry scheme.",
    "construction": "The rehearsal does not support the construction industry scheme.",
    "one_numbering": "The rehearsal numbers invoices and credit notes separately.",
    "usual_account": "The rehearsal always posts this to the account of the default chart.",
    "withholding_tax_amount": "The rehearsal does not support withholding tax.",
}


def unsupported_reason(kind: Kind, operation: str) -> str:
    """Return why the operation is refused, or an empty string."""
    return REMOVED_KINDS.get(kind.name, "") or REFUSED_OPERATIONS.get((kind.name, operation), "")


def unsupported(reason: str) -> Refusal:
    """Return a 404 with the reason: Sage, too, answers 404 for resources it has removed."""
    return Refusal(404, [Fault(reason, code="RecordNotFound")])
