"""The reading steps of a plan: which listings are read, and which fields they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.draft import Draft, OnExisting
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.natural_key import normal_key
from sagerecon.planning.cost import listing_query, pages
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.order import DraftIndex
from sagerecon.planning.step import ReadStep

_SETTINGS = "financial_settings"


def read_settings(expect: Mapping[str, str], catalog: Catalog) -> Iterator[ReadStep]:
    """Yield the step that compares the financial settings with `expect` before the first write.

    Args:
        expect: field path -> the value the drafts were made for; no step where it is empty.
    """
    if expect:
        yield ReadStep(
            kind=_SETTINGS,
            key=f"{_SETTINGS}/expected",
            reason="checks the settings of the business against the project",
            path=catalog[_SETTINGS].path,
            label="financial settings",
            expect=expect,
        )


def read_existing(
    drafts: Sequence[Draft], index: DraftIndex, known: KnownEntities, catalog: Catalog
) -> Iterator[ReadStep]:
    """Yield one listing for each kind of which Sage may hold something the drafts mean.

    These are the kinds of new drafts that look for an existing entity, and the kinds that drafts refer to by
    a natural key which is not known yet.

    Args:
        index: every draft of the plan, those that wait included.
    """
    for name, fields in _fields_by_kind(drafts, index, known, catalog).items():
        kind = catalog[name]
        yield ReadStep(
            kind=name,
            key=f"{kind.resource}/existing",
            reason="finds what Sage holds already, so that nothing is created twice",
            path=kind.path,
            query=listing_query(kind, fields, kind.items_per_page or catalog.api.items_per_page),
            label=kind.resource.replace("_", " "),
        )


def read_back(kind: Kind, expected: int, catalog: Catalog) -> ReadStep:
    """Return the listing of all fields of `kind`, in pages for `expected` entities."""
    page = kind.items_per_page or catalog.api.items_per_page
    return ReadStep(
        kind=kind.name,
        key=f"{kind.resource}/read-back",
        reason="reads what Sage holds now, to compare it with what was written",
        calls=pages(expected, page),
        path=kind.path,
        query=listing_query(kind, answer_fields(kind, kind.fields), page),
        label=kind.resource.replace("_", " "),
    )


def _fields_by_kind(
    drafts: Sequence[Draft], index: DraftIndex, known: KnownEntities, catalog: Catalog
) -> dict[str, set[str]]:
    fields: dict[str, set[str]] = {}
    for draft in drafts:
        kind = catalog[draft.kind]
        is_new = (draft.kind, draft.key) not in known.contents
        if is_new and draft.on_existing is not OnExisting.CREATE and kind.can("list"):
            wanted = fields.setdefault(draft.kind, set())
            wanted.update(answer_fields(kind, (*draft.identity, *draft.body)))
        for reference in draft.references:
            key, target = reference.key, catalog[reference.kind]
            if not isinstance(key, NaturalKey) or key.field == "id":
                continue  # an entry of one of Sage's fixed lists needs no look-up: the value is its id
            is_known = (reference.kind, normal_key(target, key)) in known.natural_keys
            if index.get(reference) is None and not is_known:
                wanted = fields.setdefault(reference.kind, set())
                wanted.update(answer_fields(target, (key.field,)))
                if reference.part:
                    wanted.add(target.yields.get(reference.part, "").partition(".")[0])
    return fields


def answer_fields(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    """Yield the answer fields to ask a listing for to see `names`; for a dotted name, the object it is in."""
    answered = {field.answered_as for field in kind.fields.values() if field.answered}
    for name in names:
        first = name.partition(".")[0]
        field = kind.fields.get(first)
        shown = field.answered_as if field is not None else first
        if shown in answered:
            yield shown
