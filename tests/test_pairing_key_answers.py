"""Each natural key that the catalog names is answered by the listing that a plan reads, in the rehearsal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from small_business import Clerk
from test_rehearsal_examples import answers

from sagerecon.documents.package import catalog
from sagerecon.model.key_path import key_path, why_never_found
from sagerecon.pairing.natural_key import key_answer_fields, key_names, natural_keys
from sagerecon.planning.cost import listing_query

CATALOG = catalog()
KEYS = [(kind.name, key.field) for kind in CATALOG for key in kind.natural_keys]

#: Kinds that the rehearsal does not play: they are for other countries, or one for all businesses.
NOT_PLAYED = {"business", "journal_code", "purchase_corrective_invoice", "sales_corrective_invoice"}


@pytest.fixture(scope="module")
def clerk() -> Clerk:
    """Return a clerk whose business has a record of each kind with a natural key."""
    clerk = Clerk(multi_currency=True)
    answers(clerk)
    customer = clerk.customer("Ash Ltd", reference="ASH01")
    line, opening = clerk.line(), {"date": "2025-12-31"}
    lines = [
        {"ledger_account_id": clerk.account(41), "debit": "1", "credit": "0"},
        {"ledger_account_id": clerk.account(3000), "debit": "0", "credit": "1"},
    ]
    document = {"contact_id": customer, "date": "2026-01-05", "reference": "R1"}
    clerk.post("sales_credit_note", credit_note_lines=[line], **document)
    clerk.post("sales_quote", quote_lines=[line], expiry_date="2026-02-05", **document)
    clerk.post("sales_estimate", estimate_lines=[line], expiry_date="2026-02-05", **document)
    quick = {"quick_entry_type_id": "INVOICE", "net_amount": "5", "ledger_account_id": clerk.account(4000)}
    clerk.post("sales_quick_entry", **quick, **document)
    clerk.post("bank_opening_balance", bank_account_id=clerk.bank(), debit="5", credit="0", **opening)
    account = {"ledger_account_id": clerk.account(30), "debit": "5", "credit": "0"}
    clerk.post("ledger_account_opening_balance", **account, **opening)
    clerk.post("opening_balance_journal", reference="OBJ", journal_lines=lines, **opening)
    return clerk


@pytest.mark.parametrize(("name", "field"), KEYS, ids=[".".join(key) for key in KEYS])
def test_each_key_of_the_catalog_is_answered_or_resolved(name: str, field: str, clerk: Clerk) -> None:
    kind = CATALOG[name]
    assert why_never_found(CATALOG, kind, field) == ""
    shown = list(key_answer_fields(CATALOG, kind, field))
    assert shown
    reply = clerk.request("GET", kind.path, **listing_query(kind, shown, 200))
    if reply.status == 404:
        assert name in NOT_PLAYED
        return
    assert reply.status == 200, reply.body
    items = reply.body["$items"]
    assert items, f"the test's business has no {name}"
    found = [
        key for item in items for key in natural_keys(CATALOG, kind, item, key_names(CATALOG, kind, [field]))
    ]
    is_plain = "." not in field and kind.fields.get(field) is not None and not _is_resolved(name, field)
    assert found or (is_plain and all(field in item for item in items)), items[0]


def _is_resolved(name: str, field: str) -> bool:
    """Return whether the value is found elsewhere, so that an empty field proves nothing."""
    return any(key.same_as for key in CATALOG[name].natural_keys if key.field == field)


def _dotted_links() -> Iterator[str]:
    for kind in CATALOG:
        for link in kind.fields.values():
            target = CATALOG.kinds.get(link.refers_to)
            if target is not None and not link.fields and link.answered and link.type != "list":
                yield from (f"{kind.name}:{link.answered_as}.{key.field}" for key in target.natural_keys)


@pytest.mark.parametrize("name", list(_dotted_links()))
def test_a_key_through_any_link_is_typed_by_the_kind_it_leads_to(name: str) -> None:
    owner, _, path = name.partition(":")
    link, _, rest = path.partition(".")
    kind = CATALOG[owner]
    through = key_path(CATALOG, kind, path)
    own = next(f for f in kind.fields.values() if f.answered_as == link)
    direct = key_path(CATALOG, CATALOG[own.refers_to], rest)
    assert through is not None
    assert direct is not None
    assert (through.linked_kind, through.field) == (own.refers_to, direct.field)
