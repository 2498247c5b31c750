"""The open items and taxed amounts that drafts make, as the source's side of a tie-out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.model.posting import LedgerRole, Side
from sagerecon.pairing.field_reader import FieldReader
from sagerecon.pairing.identity import Identities
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.open_items import OpenEntity, OpenItem, open_items
from sagerecon.reconciliation.tax import TaxedAmount, taxed_amounts


def open_items_wanted(drafts: Iterable[Draft], side: Side, catalog: Catalog) -> list[OpenItem]:
    """Return the open items of one side that drafts would make."""
    drafts = list(drafts)
    chart = ChartOfAccounts(catalog, Identities())
    chart.learn_drafts(drafts)
    contacts = [draft for draft in drafts if catalog[draft.kind].has_role(LedgerRole.CONTACT)]
    names = {contact.key: contact.label for contact in contacts}
    found = [
        OpenEntity(catalog[draft.kind], draft.key, draft.label, FieldReader(draft.body, chart.identities))
        for draft in drafts
    ]
    return open_items(found, chart, names, side, date.max)


def taxed_wanted(drafts: Iterable[Draft], catalog: Catalog) -> list[TaxedAmount]:
    """Return the net and tax of each line of drafts."""
    identities = Identities()
    return [
        amount
        for draft in drafts
        for amount in taxed_amounts(catalog[draft.kind], FieldReader(draft.body, identities))
    ]
