"""What the rehearsal keeps no books for, and what it says to whoever asks for it: one list, so that
nobody has to find out by trying."""

from __future__ import annotations

from collections.abc import Mapping

NOT_KEPT: Mapping[str, str] = {
    "flat_rate": "The rehearsal keeps books for standard and cash accounting, not for flat rate schemes.",
    "cash_in_canada": "Canada knows no cash accounting scheme.",
    "currency_charge": "The rehearsal keeps no currency conversion charges; book them as another payment.",
    "transfer_currency": "The rehearsal keeps transfers between bank accounts of the same currency only.",
    "part_recoverable": "The rehearsal keeps books for tax that is reclaimed in full or not at all.",
    "vat_reverse_charge": "The rehearsal keeps no books for vat reverse charge.",
    "destination_consignment": "The rehearsal keeps no books for destination consignment.",
    "postponed_accounting": "The rehearsal keeps no books for postponed accounting.",
    "import": "The rehearsal keeps no books for import.",
    "vat_exempt_consignment": "The rehearsal keeps no books for vat exempt consignment.",
    "cis_applicable_amount": "The rehearsal keeps no books for cis applicable amount.",
    "withholding_tax_amount": "The rehearsal keeps no books for withholding tax amount.",
}
