"""A company as one JSON document and back; derived data is computed again on loading."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.money import decimal_text
from sagerecon.rehearsal.books.company import Company, Identity
from sagerecon.rehearsal.books.hooks import Hooks, owner_id
from sagerecon.rehearsal.books.ledger import Entry, Posting
from sagerecon.rehearsal.books.records import Identifiers, Link, Row, decode_value, encode_value

FORMAT = 2
_ENTRIES = "ledger_entry"


def save_company(company: Company) -> dict[str, Any]:
    """Return the company as plain JSON."""
    identity = company.identity
    return {
        "format": FORMAT,
        "business": {
            "id": identity.id,
            "name": identity.name,
            "country": identity.country,
            "edition": identity.edition,
            "currency": identity.currency,
            "opened_at": identity.opened_at,
        },
        "seed": company.identifiers.seed,
        "ids_used": company.identifiers.used,
        "sequence": company.sequence,
        "numbers": dict(company.numbers),
        "settings": encode_value(company.settings),
        "settings_updated_at": company.settings_updated_at,
        "controls": dict(company.controls),
        "keys": [[field, value, id] for (field, value), id in company.keys.items()],
        "used_items": sorted([list(link) for link in company.used_items]),
        "tables": {
            kind: {
                "rows": [_save_row(row) for row in table],
                "deleted": [_save_row(row) for row in table.deleted.values()],
            }
            for kind, table in company.tables.items()
            if kind != _ENTRIES and (table.rows or table.deleted)
        },
        "entries": [_save_entry(row) for row in company.ledger.entries if isinstance(row, Entry)],
    }


def load_company(
    document: Mapping[str, Any], catalog: Catalog, hooks_by_kind: Mapping[str, Hooks]
) -> Company:
    """Read the company that `save_company` returned."""
    identity = Identity(**document["business"])
    company = Company(catalog, identity, Identifiers(document["seed"], document["ids_used"]))
    company.sequence = document["sequence"]
    company.numbers = dict(document["numbers"])
    company.settings = decode_value(document["settings"])
    company.settings_updated_at = document["settings_updated_at"]
    company.controls = dict(document["controls"])
    company.keys = {(field, value): id for field, value, id in document["keys"]}
    company.used_items = {Link(kind, id) for kind, id in document["used_items"]}
    for kind, rows in document["tables"].items():
        table = company.table(kind)
        table.restore(map(_load_row, rows["rows"]), map(_load_row, rows["deleted"]))
        for row in table:
            table.set_owner(row, owner_id(row.values))
    _load_entries(company, document["entries"])
    _restore_subledgers(company, hooks_by_kind)
    return company


def _load_entries(company: Company, entries: list[Any]) -> None:
    loaded = [_load_entry(entry) for entry in entries]
    company.ledger.entries.restore(loaded, ())
    for entry in loaded:
        company.ledger.add_to_sums(entry)


def _restore_subledgers(company: Company, hooks_by_kind: Mapping[str, Hooks]) -> None:
    """Rebuild the sub-ledgers: first all documents, then all allocations in creation order."""
    settling: list[tuple[int, Hooks, Row]] = []
    for kind, hooks in hooks_by_kind.items():
        for row in company.table(kind):
            hooks.restore_artefact(company, row)
            settling.append((row.sequence, hooks, row))
    for _, hooks, row in sorted(settling, key=lambda item: item[0]):
        hooks.restore_settlements(company, row)


def _save_row(row: Row) -> list[Any]:
    return [row.id, row.sequence, row.created_at, row.updated_at, row.deleted_at, encode_value(row.values)]


def _load_row(item: list[Any]) -> Row:
    id, sequence, created_at, updated_at, deleted_at, values = item
    row = Row(id, sequence, created_at, decode_value(values))
    row.updated_at, row.deleted_at = updated_at, deleted_at
    return row


def _save_entry(entry: Entry) -> list[Any]:
    amount = decimal_text(entry.amount, least_places=0)
    return [
        entry.id,
        entry.sequence,
        entry.created_at,
        entry.updated_at,
        entry.day,
        entry.account,
        amount,
        entry.contact,
        entry.tax_rate.id if entry.tax_rate else None,
        entry.details,
        entry.transaction,
        entry.deleted,
        entry.currency,
        decimal_text(entry.foreign, least_places=0),
    ]


def _load_entry(item: list[Any]) -> Entry:
    id, sequence, created, updated, day, account, amount, contact, rate, *rest = item
    details, transaction, deleted, currency, foreign = rest
    tax_rate = Link("tax_rate", rate) if rate else None
    posting = Posting(
        account=account,
        amount=Decimal(amount),
        contact=contact,
        tax_rate=tax_rate,
        details=details,
        currency=currency,
        foreign=Decimal(foreign),
    )
    entry = Entry(
        id=id,
        sequence=sequence,
        now=created,
        day=day,
        posting=posting,
        transaction=transaction,
        deleted=deleted,
    )
    entry.updated_at = updated
    return entry
