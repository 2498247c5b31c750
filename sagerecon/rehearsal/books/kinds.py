"""The supported kinds and their hooks."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.rehearsal.books.accounts import BANK_ACCOUNT, LEDGER_ACCOUNT, PRODUCT, SERVICE
from sagerecon.rehearsal.books.analysis import ANALYSIS_TYPE, ANALYSIS_TYPE_CATEGORY, with_analysis
from sagerecon.rehearsal.books.attachments import ATTACHMENT
from sagerecon.rehearsal.books.banking import other_payment_hooks, transfer_hooks
from sagerecon.rehearsal.books.contacts import ADDRESS, CONTACT, PERSON
from sagerecon.rehearsal.books.deposits import deposit_hooks
from sagerecon.rehearsal.books.documents import DOCUMENT_TYPES, OFFER_TYPES, DocumentType, document_hooks
from sagerecon.rehearsal.books.exchange_rates import BUSINESS_EXCHANGE_RATE
from sagerecon.rehearsal.books.fulfilment import with_stock
from sagerecon.rehearsal.books.hooks import Hooks
from sagerecon.rehearsal.books.journals import (
    account_opening_hooks,
    bank_opening_hooks,
    contact_opening_hooks,
    journal_hooks,
    opening_journal_hooks,
)
from sagerecon.rehearsal.books.numbering import with_invoice_settings
from sagerecon.rehearsal.books.price_types import PAYMENT_PAGE, price_type_hooks
from sagerecon.rehearsal.books.quick_entries import quick_entry_hooks
from sagerecon.rehearsal.books.reconciliations import RECONCILIATION
from sagerecon.rehearsal.books.settlements import allocation_hooks, payment_hooks
from sagerecon.rehearsal.books.stock import STOCK_ITEM, STOCK_MOVEMENT
from sagerecon.rehearsal.books.tax_profile import TAX_PROFILE


def _document(document_type: DocumentType) -> Hooks:
    area = "SALES" if document_type.side == "CUSTOMER" else "EXPENSES"
    hooks = with_analysis(
        area, document_type.lines, with_invoice_settings(document_type, document_hooks(document_type))
    )
    return with_stock(document_type, hooks) if document_type.posts else hooks


KIND_HOOKS: Mapping[str, Hooks] = {
    "contact": CONTACT,
    "address": ADDRESS,
    "contact_person": PERSON,
    "ledger_account": LEDGER_ACCOUNT,
    "bank_account": BANK_ACCOUNT,
    "product_sales_price_type": price_type_hooks("product_sales_price_type"),
    "service_rate_type": price_type_hooks("service_rate_type"),
    "product": PRODUCT,
    "service": SERVICE,
    "stock_item": STOCK_ITEM,
    "stock_movement": STOCK_MOVEMENT,
    "analysis_type": ANALYSIS_TYPE,
    "analysis_type_category": ANALYSIS_TYPE_CATEGORY,
    "business_exchange_rate": BUSINESS_EXCHANGE_RATE,
    "tax_profile": TAX_PROFILE,
    **{document_type.kind: _document(document_type) for document_type in (*DOCUMENT_TYPES, *OFFER_TYPES)},
    "sales_quick_entry": with_analysis("SALES", "", quick_entry_hooks("sales_quick_entry")),
    "purchase_quick_entry": with_analysis("EXPENSES", "", quick_entry_hooks("purchase_quick_entry")),
    "contact_payment": payment_hooks(),
    "contact_allocation": allocation_hooks(),
    "other_payment": with_analysis("BANKING", "payment_lines", other_payment_hooks()),
    "bank_transfer": transfer_hooks(),
    "bank_deposit": deposit_hooks(),
    "bank_reconciliation": RECONCILIATION,
    "journal": with_analysis("JOURNALS", "journal_lines", journal_hooks()),
    "contact_opening_balance": contact_opening_hooks(),
    "bank_opening_balance": bank_opening_hooks(),
    "ledger_account_opening_balance": account_opening_hooks(),
    "opening_balance_journal": opening_journal_hooks(),
    "attachment": ATTACHMENT,
    "hosted_artefact_payment_setting": PAYMENT_PAGE,
}
