"""The kinds that are kept here, and how their records behave."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.rehearsal.accounts import BANK_ACCOUNT, LEDGER_ACCOUNT, PRODUCT, SERVICE
from sagerecon.rehearsal.banking import other_payment_conduct, transfer_conduct
from sagerecon.rehearsal.conduct import Conduct
from sagerecon.rehearsal.documents import SORTS, document_conduct
from sagerecon.rehearsal.journals import (
    account_opening_conduct,
    bank_opening_conduct,
    contact_opening_conduct,
    journal_conduct,
    opening_journal_conduct,
)
from sagerecon.rehearsal.people import ADDRESS, CONTACT, PERSON
from sagerecon.rehearsal.settlements import allocation_conduct, payment_conduct

CONDUCTS: Mapping[str, Conduct] = {
    "contact": CONTACT,
    "address": ADDRESS,
    "contact_person": PERSON,
    "ledger_account": LEDGER_ACCOUNT,
    "bank_account": BANK_ACCOUNT,
    "product": PRODUCT,
    "service": SERVICE,
    **{sort.kind: document_conduct(sort) for sort in SORTS},
    "contact_payment": payment_conduct(),
    "contact_allocation": allocation_conduct(),
    "other_payment": other_payment_conduct(),
    "bank_transfer": transfer_conduct(),
    "journal": journal_conduct(),
    "contact_opening_balance": contact_opening_conduct(),
    "bank_opening_balance": bank_opening_conduct(),
    "ledger_account_opening_balance": account_opening_conduct(),
    "opening_balance_journal": opening_journal_conduct(),
}
