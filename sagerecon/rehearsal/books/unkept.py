"""What the catalog knows and the rehearsal refuses, each with its reason: resources, operations, and ways
of keeping books."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.model.catalog import Kind
from sagerecon.rehearsal.books.refusal import Fault, Refusal

#: Resources that stand in Sage's document of February 2025 and are gone from the newest one.
GONE: Mapping[str, str] = {
    "sales_corrective_invoice": "Corrective invoices are Spanish, and Spain has left this API.",
    "purchase_corrective_invoice": "Corrective invoices are Spanish, and Spain has left this API.",
    "corrective_reason_code": "Corrective invoices are Spanish, and Spain has left this API.",
    "datev_settings": "DATEV is German, and Germany has left this API.",
    "tax_office": "The tax offices are German, and Germany has left this API.",
    "journal_code": "Journal codes are French, and France has left this API.",
    "journal_code_type": "Journal codes are French, and France has left this API.",
    "migrations": "The newest document of the API has no migrations any more.",
    "migration_tax_return": "The newest document of the API has no migrations any more.",
}

_AUTHORITY = "A tax return is made from the periods of the tax authority, and the rehearsal has none."
_RATES = "Only businesses in the US ever wrote tax rates; those of this country are given."

#: Operations of kinds that are kept.
REFUSED: Mapping[tuple[str, str], str] = {
    ("tax_rate", "create"): _RATES,
    ("tax_rate", "update"): _RATES,
    ("tax_rate", "delete"): _RATES,
    ("draft_tax_return", "create"): _AUTHORITY,
    ("tax_return", "obligation_periods"): _AUTHORITY,
    ("bank_account", "bank_feed"): "A bank feed needs a bank, and the rehearsal has none.",
}

#: Ways of keeping books that are refused wherever they are asked for.
WAYS: Mapping[str, str] = {
    "flat_rate": "The rehearsal keeps books for standard and cash accounting, not for flat rate schemes.",
    "cash_in_canada": "Canada knows no cash accounting scheme.",
    "currency_charge": "The rehearsal keeps no currency conversion charges; book them as another payment.",
    "transfer_currency": "The rehearsal keeps transfers between bank accounts of one currency only.",
    "part_recoverable": "The rehearsal keeps books for tax that is reclaimed in full or not at all.",
    "vat_reverse_charge": "The rehearsal keeps no books for vat reverse charge.",
    "destination_consignment": "The rehearsal keeps no books for destination consignment.",
    "postponed_accounting": "The rehearsal keeps no books for postponed accounting.",
    "import": "The rehearsal keeps no books for import.",
    "vat_exempt_consignment": "The rehearsal keeps no books for vat exempt consignment.",
    "cis_applicable_amount": "The rehearsal keeps no books for cis applicable amount.",
    "construction": "The rehearsal keeps no books for the construction industry scheme.",
    "one_numbering": "The rehearsal numbers invoices and credit notes apart.",
    "usual_account": "The rehearsal books this to the account of the default chart, whatever the settings.",
    "withholding_tax_amount": "The rehearsal keeps no books for withholding tax amount.",
}


def why_not(kind: Kind, operation: str) -> str:
    """Why the operation is refused here, or empty."""
    return GONE.get(kind.name, "") or REFUSED.get((kind.name, operation), "")


def unkept(reason: str) -> Refusal:
    """404 with the reason: Sage, too, knows nothing under such an address any more."""
    return Refusal(404, [Fault(reason, code="RecordNotFound")])
