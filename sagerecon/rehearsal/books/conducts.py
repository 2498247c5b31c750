"""The kinds that are kept here, and how their records behave."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.rehearsal.books.accounts import BANK_ACCOUNT, LEDGER_ACCOUNT, PRODUCT, SERVICE
from sagerecon.rehearsal.books.analysis import ANALYSIS_TYPE, ANALYSIS_TYPE_CATEGORY, analysed
from sagerecon.rehearsal.books.attachments import ATTACHMENT
from sagerecon.rehearsal.books.banking import other_payment_conduct, transfer_conduct
from sagerecon.rehearsal.books.conduct import Conduct
from sagerecon.rehearsal.books.deposits import deposit_conduct
from sagerecon.rehearsal.books.documents import OFFERS, SORTS, Sort, document_conduct
from sagerecon.rehearsal.books.exchange import BUSINESS_EXCHANGE_RATE
from sagerecon.rehearsal.books.fulfilment import stocked
from sagerecon.rehearsal.books.journals import (
    account_opening_conduct,
    bank_opening_conduct,
    contact_opening_conduct,
    journal_conduct,
    opening_journal_conduct,
)
from sagerecon.rehearsal.books.numbering import preferred
from sagerecon.rehearsal.books.people import ADDRESS, CONTACT, PERSON
from sagerecon.rehearsal.books.price_types import PAYMENT_PAGE, price_type_conduct
from sagerecon.rehearsal.books.quick_entries import quick_entry_conduct
from sagerecon.rehearsal.books.reconciliations import RECONCILIATION
from sagerecon.rehearsal.books.settlements import allocation_conduct, payment_conduct
from sagerecon.rehearsal.books.stock import STOCK_ITEM, STOCK_MOVEMENT
from sagerecon.rehearsal.books.tax_profile import TAX_PROFILE


def _document(sort: Sort) -> Conduct:
    area = "SALES" if sort.side == "CUSTOMER" else "EXPENSES"
    conduct = analysed(area, sort.lines, preferred(sort, document_conduct(sort)))
    return stocked(sort, conduct) if sort.books else conduct


CONDUCTS: Mapping[str, Conduct] = {
    "contact": CONTACT,
    "address": ADDRESS,
    "contact_person": PERSON,
    "ledger_account": LEDGER_ACCOUNT,
    "bank_account": BANK_ACCOUNT,
    "product_sales_price_type": price_type_conduct("product_sales_price_type"),
    "service_rate_type": price_type_conduct("service_rate_type"),
    "product": PRODUCT,
    "service": SERVICE,
    "stock_item": STOCK_ITEM,
    "stock_movement": STOCK_MOVEMENT,
    "analysis_type": ANALYSIS_TYPE,
    "analysis_type_category": ANALYSIS_TYPE_CATEGORY,
    "business_exchange_rate": BUSINESS_EXCHANGE_RATE,
    "tax_profile": TAX_PROFILE,
    **{sort.kind: _document(sort) for sort in (*SORTS, *OFFERS)},
    "sales_quick_entry": analysed("SALES", "", quick_entry_conduct("sales_quick_entry")),
    "purchase_quick_entry": analysed("EXPENSES", "", quick_entry_conduct("purchase_quick_entry")),
    "contact_payment": payment_conduct(),
    "contact_allocation": allocation_conduct(),
    "other_payment": analysed("BANKING", "payment_lines", other_payment_conduct()),
    "bank_transfer": transfer_conduct(),
    "bank_deposit": deposit_conduct(),
    "bank_reconciliation": RECONCILIATION,
    "journal": analysed("JOURNALS", "journal_lines", journal_conduct()),
    "contact_opening_balance": contact_opening_conduct(),
    "bank_opening_balance": bank_opening_conduct(),
    "ledger_account_opening_balance": account_opening_conduct(),
    "opening_balance_journal": opening_journal_conduct(),
    "attachment": ATTACHMENT,
    "hosted_artefact_payment_setting": PAYMENT_PAGE,
}
