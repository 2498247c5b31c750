"""Differences between a published API document and the catalog.

Descriptions, examples and order are ignored. Intended differences are listed in the catalog's
`deviations` and counted separately.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sagerecon.drift.published import Published, PublishedField, PublishedOperation, names_of
from sagerecon.model.availability import has_field, has_operation
from sagerecon.model.catalog import Api, Catalog, Field, Kind, Operation

_PAGING = frozenset(("page", "items_per_page"))


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `aspect` says what differs, such as `length`; `subject` says in which part."""

    resource: str
    aspect: str
    subject: str
    in_catalog: str = ""
    in_document: str = ""

    @property
    def name(self) -> str:
        """The difference in the form of the catalog's deviations: `contacts: length name`."""
        return f"{self.resource}: {self.aspect} {self.subject}".rstrip()


@dataclass(frozen=True, slots=True)
class Drift:
    """The differences, and the number of further ones that are deviations of the catalog."""

    changes: tuple[Change, ...]
    known_deviations: int


def compare(catalog: Catalog, published: Published, country: str = "", edition: str = "") -> Drift:
    """Return the differences of the document from the catalog.

    With a country or an edition, only differences that affect such a business are returned.
    """
    view = _View(country, edition, frozenset(catalog.api.countries))
    found = list(dict.fromkeys(_changes(catalog, published, view)))
    unexpected = [change for change in found if not _is_deviation(catalog.api, change)]
    return Drift(tuple(unexpected), len(found) - len(unexpected))


@dataclass(frozen=True, slots=True)
class _View:
    country: str
    edition: str
    countries: frozenset[str] = frozenset()  #: the countries of the API; others are no longer offered

    def has_operation(self, operation: Operation) -> bool:
        return has_operation(operation, self.country, self.edition)

    def has_field(self, field: Field) -> bool:
        return has_field(field, self.country, self.edition)


def _is_deviation(api: Api, change: Change) -> bool:
    return any(fnmatchcase(change.name, pattern.replace("[", "[[]")) for pattern in api.deviations)


def _changes(catalog: Catalog, published: Published, view: _View) -> Iterator[Change]:
    documented = published.operations()
    for resource in sorted({operation.resource for operation in documented.values()}):
        if catalog.by_resource(resource) is None:
            yield Change(
                resource, "resource added", "", in_document=", ".join(names_of(documented, resource))
            )
    documented_resources = {operation.resource for operation in documented.values()}
    for kind in catalog:
        known = [operation for operation in kind.operations.values() if view.has_operation(operation)]
        if known and kind.resource not in documented_resources:
            yield Change(kind.resource, "resource removed", "", in_catalog=f"{len(known)} operations")
        elif known:
            yield from _kind_changes(kind, known, documented, published, view)


def _kind_changes(
    kind: Kind,
    known: list[Operation],
    documented: Mapping[tuple[str, str], PublishedOperation],
    published: Published,
    view: _View,
) -> Iterator[Change]:
    in_catalog = {(each.method, each.path.replace("{key}", "{}")) for each in kind.operations.values()}
    for (method, path), other in documented.items():
        if other.resource == kind.resource and (method, path) not in in_catalog:
            yield Change(kind.resource, "operation added", f"{method} {path.replace('{}', '{key}')}")
    is_response_compared = False
    for operation in known:
        found = documented.get((operation.method, operation.path.replace("{key}", "{}")))
        if found is None:
            yield Change(kind.resource, "operation removed", f"{operation.method} {operation.path}")
            continue
        yield from _edition_changes(kind, operation, found, view)
        yield from _filter_changes(kind, operation, found)
        if operation.name in ("create", "update") and found.body is not None:
            body = published.body_of(found, kind.name)
            yield from _request_changes(kind, operation.name, body, published, view)
        if (
            not is_response_compared
            and operation.name in ("read", "list", "create")
            and found.response is not None
        ):
            is_response_compared = True
            yield from _response_changes(kind, found, published, view)


def _edition_changes(
    kind: Kind, operation: Operation, found: PublishedOperation, view: _View
) -> Iterator[Change]:
    """Yield the editions in which the countries of an operation differ, if its description states them."""
    if not found.editions:
        return
    countries = {view.country} if view.country else view.countries
    for edition in (view.edition,) if view.edition else ("start", "standard", "plus"):
        in_catalog = countries & set(operation.editions.get(edition, ()))
        documented = countries & found.editions.get(edition, frozenset())
        if in_catalog != documented:
            yield Change(
                resource=kind.resource,
                aspect="editions of",
                subject=f"{operation.name} in {edition}",
                in_catalog=_joined(in_catalog),
                in_document=_joined(documented),
            )


def _filter_changes(kind: Kind, operation: Operation, found: PublishedOperation) -> Iterator[Change]:
    is_first = operation.name == "list" or (operation.name == "read" and not kind.can("list"))
    filters = kind.filters if is_first else kind.read_filters if operation.name == "read" else ()
    in_catalog, documented = {*filters, *operation.query}, found.query.keys() - _PAGING
    for name in sorted(documented - in_catalog):
        yield Change(kind.resource, "filter added", f"{operation.name} {name}")
    for name in sorted(in_catalog - documented - _PAGING):
        yield Change(kind.resource, "filter removed", f"{operation.name} {name}")


def _request_changes(
    kind: Kind, operation: str, body: Mapping[str, object] | None, published: Published, view: _View
) -> Iterator[Change]:
    known = {
        path: field
        for path, field in _walk(kind.fields.values(), view)
        if (field.create if operation == "create" else field.update)
    }
    every = {
        path
        for path, field in _walk(kind.fields.values(), _View("", ""))
        if (field.create if operation == "create" else field.update)
    }
    stated = dict(
        _documented_fields(published, body, {path for path in every if _has_nested_fields(known.get(path))})
    )
    yield from _field_changes(kind, f"request field on {operation}", known.keys(), stated.keys(), every)
    for path in sorted(known.keys() & stated.keys()):
        field, facts = known[path], stated[path]
        yield from _fact_changes(kind, path, field, facts)
        if operation == "create" and field.required != facts.is_required:
            yield Change(
                resource=kind.resource,
                aspect="required",
                subject=path,
                in_catalog=_yes_or_no(field.required),
                in_document=_yes_or_no(facts.is_required),
            )


def _fact_changes(kind: Kind, path: str, field: Field, facts: PublishedField) -> Iterator[Change]:
    length = facts.max_length if facts.max_length is not None else field.max_length
    items = "text" if field.refers_to else field.items
    pairs = {
        "type": (field.type, facts.type),
        "items": (items, facts.items or items) if field.type == "list" else ("", ""),
        "length": (_number_text(field.max_length), _number_text(length)),
        "enum": (", ".join(field.enum), ", ".join(facts.enum)),
        "minimum": (_number_text(field.least), _number_text(facts.minimum)),
        "maximum": (_number_text(field.most), _number_text(facts.maximum)),
    }
    if facts.type == "decimal":  # the catalog has bounds of whole numbers only
        pairs["minimum"] = pairs["maximum"] = ("", "")
    for aspect, (in_catalog, documented) in pairs.items():
        if in_catalog != documented:
            yield Change(
                resource=kind.resource,
                aspect=aspect,
                subject=path,
                in_catalog=in_catalog,
                in_document=documented,
            )


def _response_changes(
    kind: Kind, found: PublishedOperation, published: Published, view: _View
) -> Iterator[Change]:
    stated = published.fields(found.response)
    if kind.name in stated and len(stated) == 1:  # some models have a wrapper that the response lacks
        stated = published.fields(stated[kind.name].fields)
    every = {field.answered_as for field in kind.fields.values() if field.answered}
    known = {
        field.answered_as: field for field in kind.fields.values() if field.answered and view.has_field(field)
    }
    base = {"id", "displayed_as", "$path"}
    yield from _field_changes(kind, "response field", known.keys() - base, stated.keys() - base, every)
    for name in sorted(known.keys() & stated.keys()):
        field, facts = known[name], stated[name]
        link = "list" if field.type == "list" else "object"
        type_ = link if field.refers_to else field.type
        if type_ != facts.type:
            yield Change(
                resource=kind.resource,
                aspect="response type",
                subject=name,
                in_catalog=type_,
                in_document=facts.type,
            )
        if field.type == "text" and not field.refers_to and field.max_length != facts.max_length:
            if facts.max_length is None and not field.read_only:
                continue  # the length limits what is sent, not what is returned
            in_catalog, documented = _number_text(field.max_length), _number_text(facts.max_length)
            yield Change(
                resource=kind.resource,
                aspect="response length",
                subject=name,
                in_catalog=in_catalog,
                in_document=documented,
            )


def _field_changes(
    kind: Kind, aspect: str, known: Iterable[str], stated: Iterable[str], every: Iterable[str]
) -> Iterator[Change]:
    known, stated = set(known), set(stated)
    for path in sorted(stated - set(every) - {"idempotency_id"}):
        yield Change(kind.resource, aspect, path, in_document="added")
    for path in sorted(known - stated):
        yield Change(kind.resource, aspect, path, in_document="removed")


def _walk(fields: Iterable[Field], view: _View, before: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        if view.has_field(field):
            path = f"{before}{field.name}"
            yield path, field
            if field.fields and not field.refers_to:
                yield from _walk(field.fields.values(), view, f"{path}{_separator(field)}")


def _documented_fields(
    published: Published, schema: Mapping[str, object] | None, expanded: set[str], before: str = ""
) -> Iterator[tuple[str, PublishedField]]:
    """Yield the path and facts of each field of a body, including nested fields that the catalog has."""
    for name, field in published.fields(schema).items():
        path = f"{before}{name}"
        yield path, field
        if path in expanded:
            yield from _documented_fields(
                published, field.fields, expanded, f"{path}{'[].' if field.type == 'list' else '.'}"
            )


def _has_nested_fields(field: Field | None) -> bool:
    return field is not None and bool(field.fields) and not field.refers_to


def _separator(field: Field) -> str:
    return "[]." if field.type == "list" else "."


def _joined(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _number_text(number: int | None) -> str:
    return "" if number is None else str(number)
