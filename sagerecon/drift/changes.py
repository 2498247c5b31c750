"""What a published document says otherwise than the catalog, as far as it concerns a move.

Prose, examples and order are passed over. What the catalog says otherwise on purpose is in its
`deviations`, and told apart.
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
    """One difference: `what` is a word such as `length`, `subject` what it is about."""

    resource: str
    what: str
    subject: str
    ours: str = ""
    theirs: str = ""

    @property
    def name(self) -> str:
        """The difference as the catalog's deviations write it."""
        return f"{self.resource}: {self.what} {self.subject}".rstrip()


@dataclass(frozen=True, slots=True)
class Drift:
    """All differences, and how many more the catalog has on purpose."""

    changes: tuple[Change, ...]
    meant: int


def compare(catalog: Catalog, published: Published, country: str = "", edition: str = "") -> Drift:
    """What the document says otherwise; with a country and an edition, what concerns a business there."""
    view = _View(country, edition, frozenset(catalog.api.countries))
    found = list(dict.fromkeys(_changes(catalog, published, view)))
    beyond = [change for change in found if not _is_meant(catalog.api, change)]
    return Drift(tuple(beyond), len(found) - len(beyond))


@dataclass(frozen=True, slots=True)
class _View:
    country: str
    edition: str
    countries: frozenset[str] = frozenset()  #: those of the API; others have left it

    def has_operation(self, operation: Operation) -> bool:
        return has_operation(operation, self.country, self.edition)

    def has_field(self, field: Field) -> bool:
        return has_field(field, self.country, self.edition)


def _is_meant(api: Api, change: Change) -> bool:
    return any(fnmatchcase(change.name, pattern.replace("[", "[[]")) for pattern in api.deviations)


def _changes(catalog: Catalog, published: Published, view: _View) -> Iterator[Change]:
    theirs = published.operations()
    for resource in sorted({operation.resource for operation in theirs.values()}):
        if catalog.by_resource(resource) is None:
            yield Change(resource, "resource added", "", theirs=", ".join(names_of(theirs, resource)))
    there = {operation.resource for operation in theirs.values()}
    for kind in catalog:
        known = [operation for operation in kind.operations.values() if view.has_operation(operation)]
        if known and kind.resource not in there:
            yield Change(kind.resource, "resource gone", "", ours=f"{len(known)} operations")
        elif known:
            yield from _kind(kind, known, theirs, published, view)


def _kind(
    kind: Kind,
    known: list[Operation],
    theirs: Mapping[tuple[str, str], PublishedOperation],
    published: Published,
    view: _View,
) -> Iterator[Change]:
    ours = {(each.method, each.path.replace("{key}", "{}")) for each in kind.operations.values()}
    for (method, path), other in theirs.items():
        if other.resource == kind.resource and (method, path) not in ours:
            yield Change(kind.resource, "operation added", f"{method} {path.replace('{}', '{key}')}")
    answered = False
    for operation in known:
        found = theirs.get((operation.method, operation.path.replace("{key}", "{}")))
        if found is None:
            yield Change(kind.resource, "operation gone", f"{operation.method} {operation.path}")
            continue
        yield from _editions(kind, operation, found, view)
        yield from _query(kind, operation, found)
        if operation.name in ("create", "update") and found.body is not None:
            body = published.wrapped(found, kind.name)
            yield from _sent(kind, operation.name, body, published, view)
        if not answered and operation.name in ("read", "list", "create") and found.answer is not None:
            answered = True
            yield from _answered(kind, found, published, view)


def _editions(kind: Kind, operation: Operation, found: PublishedOperation, view: _View) -> Iterator[Change]:
    """Where an operation is available, as far as the document's prose says."""
    if not found.editions:
        return
    countries = {view.country} if view.country else view.countries
    for edition in (view.edition,) if view.edition else ("start", "standard", "plus"):
        ours = countries & set(operation.editions.get(edition, ()))
        theirs = countries & found.editions.get(edition, frozenset())
        if ours != theirs:
            yield Change(
                kind.resource, "editions of", f"{operation.name} in {edition}", _words(ours), _words(theirs)
            )


def _query(kind: Kind, operation: Operation, found: PublishedOperation) -> Iterator[Change]:
    is_first = operation.name == "list" or (operation.name == "read" and not kind.can("list"))
    filters = kind.filters if is_first else kind.read_filters if operation.name == "read" else ()
    ours, theirs = {*filters, *operation.query}, found.query.keys() - _PAGING
    for name in sorted(theirs - ours):
        yield Change(kind.resource, "filter added", f"{operation.name} {name}")
    for name in sorted(ours - theirs - _PAGING):
        yield Change(kind.resource, "filter gone", f"{operation.name} {name}")


def _sent(
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
    stated = dict(_stated(published, body, {path for path in every if _opens(known.get(path))}))
    yield from _fields(kind, f"sent on {operation}", known.keys(), stated.keys(), every)
    for path in sorted(known.keys() & stated.keys()):
        field, facts = known[path], stated[path]
        yield from _differences(kind, path, field, facts)
        if operation == "create" and field.required != facts.is_required:
            yield Change(kind.resource, "required", path, _yes(field.required), _yes(facts.is_required))


def _differences(kind: Kind, path: str, field: Field, facts: PublishedField) -> Iterator[Change]:
    length = facts.max_length if facts.max_length is not None else field.max_length
    items = "text" if field.refers_to else field.items
    pairs = {
        "type": (field.type, facts.type),
        "items": (items, facts.items or items) if field.type == "list" else ("", ""),
        "length": (_count(field.max_length), _count(length)),
        "enum": (", ".join(field.enum), ", ".join(facts.enum)),
        "least": (_count(field.least), _count(facts.least)),
        "most": (_count(field.most), _count(facts.most)),
    }
    if facts.type == "decimal":  # the catalog keeps bounds of whole numbers only
        pairs["least"] = pairs["most"] = ("", "")
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield Change(kind.resource, what, path, ours, theirs)


def _answered(kind: Kind, found: PublishedOperation, published: Published, view: _View) -> Iterator[Change]:
    stated = published.fields(found.answer)
    if kind.name in stated and len(stated) == 1:  # some models have a wrapper that the answer lacks
        stated = published.fields(stated[kind.name].fields)
    every = {field.answered_as for field in kind.fields.values() if field.answered}
    known = {
        field.answered_as: field for field in kind.fields.values() if field.answered and view.has_field(field)
    }
    base = {"id", "displayed_as", "$path"}
    yield from _fields(kind, "answered", known.keys() - base, stated.keys() - base, every)
    for name in sorted(known.keys() & stated.keys()):
        field, facts = known[name], stated[name]
        link = "list" if field.type == "list" else "object"
        type_ = link if field.refers_to else field.type
        if type_ != facts.type:
            yield Change(kind.resource, "answered type", name, type_, facts.type)
        if field.type == "text" and not field.refers_to and field.max_length != facts.max_length:
            if facts.max_length is None and not field.read_only:
                continue  # the length is one of what is sent
            ours, theirs = _count(field.max_length), _count(facts.max_length)
            yield Change(kind.resource, "answered length", name, ours, theirs)


def _fields(
    kind: Kind, what: str, known: Iterable[str], stated: Iterable[str], every: Iterable[str]
) -> Iterator[Change]:
    known, stated = set(known), set(stated)
    for path in sorted(stated - set(every) - {"idempotency_id"}):
        yield Change(kind.resource, what, path, theirs="added")
    for path in sorted(known - stated):
        yield Change(kind.resource, what, path, theirs="gone")


def _walk(fields: Iterable[Field], view: _View, before: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        if view.has_field(field):
            path = f"{before}{field.name}"
            yield path, field
            if field.fields and not field.refers_to:
                yield from _walk(field.fields.values(), view, f"{path}{_step(field)}")


def _stated(
    published: Published, schema: Mapping[str, object] | None, opened: set[str], before: str = ""
) -> Iterator[tuple[str, PublishedField]]:
    """The fields of a body; those within objects and lists that the catalog opens too."""
    for name, field in published.fields(schema).items():
        path = f"{before}{name}"
        yield path, field
        if path in opened:
            yield from _stated(
                published, field.fields, opened, f"{path}{'[].' if field.type == 'list' else '.'}"
            )


def _opens(field: Field | None) -> bool:
    return field is not None and bool(field.fields) and not field.refers_to


def _step(field: Field) -> str:
    return "[]." if field.type == "list" else "."


def _words(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _count(number: int | None) -> str:
    return "" if number is None else str(number)
