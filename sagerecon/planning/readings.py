"""The reading steps of a plan: which listings are read, and which fields they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from sagerecon.model.catalog import Catalog, Kind
from sagerecon.model.draft import Draft, OnExisting
from sagerecon.model.key import NaturalKey
from sagerecon.model.key_path import is_answered_in_listing, key_path
from sagerecon.model.reading import Reading
from sagerecon.pairing.held import GONE_FIELDS
from sagerecon.pairing.natural_key import canonical_field, key_answer_fields, normal_key
from sagerecon.planning.cost import listing_query, page_size, pages
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
    drafts: Sequence[Draft],
    created: Set[str],
    index: DraftIndex,
    known: KnownEntities,
    catalog: Catalog,
) -> Iterator[ReadStep]:
    """Yield one listing for each kind of which Sage may hold something the drafts mean.

    These are the kinds of new drafts that look for an existing entity, and the kinds that drafts refer to by
    a natural key which is not known yet.

    Args:
        created: the keys of the drafts that are created.
        index: every draft of the plan, those that wait included.
    """
    wanted, searches = _wanted(drafts, created, index, known, catalog)
    for name, fields in wanted.items():
        kind = catalog[name]
        fields.update(answer_fields(kind, GONE_FIELDS))
        page = page_size(kind, catalog)
        calls = pages(known.counts.get(name, 0), page)
        keys = searches.get(name)
        if keys and len(keys) < calls:
            yield from (_search(kind, key, fields, page) for key in sorted(keys, key=str))
            continue
        yield ReadStep(
            calls=calls,
            kind=name,
            key=f"{kind.resource}/existing",
            reason="finds what Sage holds already, so that nothing is created twice",
            path=kind.path,
            query=listing_query(kind, fields, page),
            label=kind.resource.replace("_", " "),
        )


def _search(kind: Kind, key: NaturalKey, fields: Iterable[str], page: int) -> ReadStep:
    """Return the search for one entity: cheaper than the listing where few are looked for among many."""
    return ReadStep(
        kind=kind.name,
        key=f"{kind.resource}/{key.field} {key.value}",
        reason="finds an entity that records refer to",
        path=kind.path,
        query={**listing_query(kind, fields, page), "search": key.value},
        label=kind.resource.replace("_", " "),
    )


def read_back(kind: Kind, expected: int, catalog: Catalog) -> ReadStep:
    """Return the listing of all fields of `kind`, in pages for `expected` entities."""
    page = page_size(kind, catalog)
    return ReadStep(
        kind=kind.name,
        key=f"{kind.resource}/read-back",
        reason="reads what Sage holds now, to compare it with what was written",
        calls=pages(expected, page),
        path=kind.path,
        query=listing_query(kind, answer_fields(kind, kind.fields), page),
        label=kind.resource.replace("_", " "),
    )


def confirm_absence(
    listing: Reading, kind: Kind, missing: Sequence[str], after: str, catalog: Catalog
) -> list[ReadStep]:
    """Return the steps that look for entities which a listing in several pages lacks, the fewest calls.

    An entity that moved to an earlier page while another was deleted and a third added is on none of them.
    So each is asked for by itself; or the listing is read again where that has fewer pages.

    Args:
        missing: the Sage ids of these entities.
        after: the run that read the listing; another run of it gives other steps.
    """
    name, why = kind.resource, "whether what a listing in several pages lacks is in Sage"
    if len(missing) > listing.pages or not kind.can("read"):
        again = read_back(kind, 0, catalog)
        return [replace(again, key=f"{name}/read-again after {after}", reason=why, calls=listing.pages)]
    query = {"nested_attributes": "all"} if "nested_attributes" in kind.read_filters else {}
    return [
        ReadStep(
            kind=kind.name,
            key=f"{name}/{sage_id} after {after}",
            reason=why,
            path=kind.operations["read"].path.replace("{key}", sage_id),
            query=query,
            label=f"{kind.name.replace('_', ' ')} {sage_id}",
            sage_id=sage_id,
        )
        for sage_id in missing
    ]


def _wanted(
    drafts: Sequence[Draft], created: Set[str], index: DraftIndex, known: KnownEntities, catalog: Catalog
) -> tuple[dict[str, set[str]], dict[str, set[NaturalKey]]]:
    """Return the answer fields of each kind to read, and the keys of the kinds that a search can find."""
    fields: dict[str, set[str]] = {}
    searches: dict[str, set[NaturalKey]] = {}
    listed: set[str] = set()
    for draft in drafts:
        kind = catalog[draft.kind]
        if draft.key in created and draft.on_existing is not OnExisting.CREATE and kind.can("list"):
            wanted = fields.setdefault(draft.kind, set())
            listed.add(draft.kind)
            wanted.update(answer_fields(kind, draft.body))
            for name in draft.identity:
                _add_key(fields, kind, name, catalog)
        for reference in draft.references:
            key, target = reference.key, catalog[reference.kind]
            if not isinstance(key, NaturalKey) or key.field == "id":
                continue  # an entry of one of Sage's fixed lists needs no look-up: the value is its id
            normal = normal_key(catalog, target, key)
            is_known = (reference.kind, normal) in known.natural_keys
            if index.get(reference) is None and not is_known:
                before = set(fields)
                wanted = _add_key(fields, target, key.field, catalog)
                listed |= set(fields) - before - {target.name}
                if _is_searched(target, normal.field):
                    searches.setdefault(target.name, set()).add(normal)
                else:
                    listed.add(target.name)
                if reference.part:
                    wanted.add(target.yields.get(reference.part, "").partition(".")[0])
    return fields, {name: keys for name, keys in searches.items() if name not in listed}


def _is_searched(kind: Kind, field: str) -> bool:
    return any(key.field == field and key.filter == "search" for key in kind.natural_keys)


def _add_key(fields: dict[str, set[str]], kind: Kind, name: str, catalog: Catalog) -> set[str]:
    """Add the answer fields that show a key; return those of its kind.

    Where a listing shows of a link on the way no more than its id, the linked kind is listed too: one page
    at least costs one call, as does each entity of its own.
    """
    wanted = fields.setdefault(kind.name, set())
    wanted.update(shown for shown in key_answer_fields(catalog, kind, name) if shown not in kind.base_fields)
    path = key_path(catalog, kind, canonical_field(kind, name))
    if path is not None and not is_answered_in_listing(kind, path):
        _add_key(fields, catalog[path.linked_kind], path.linked_field, catalog)
    return wanted


def answer_fields(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    """Yield the answer fields to ask a listing for to see `names`; for a dotted name, the object it is in."""
    answered = {field.answered_as for field in kind.fields.values() if field.answered}
    for name in names:
        first = name.partition(".")[0]
        field = kind.fields.get(first)
        shown = field.answered_as if field is not None else first
        if shown in answered:
            yield shown
