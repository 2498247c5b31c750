"""The catalog for a terminal of 80 columns, as rich renderables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import RenderableType

from sagerecon.drift.changes import Change
from sagerecon.model.catalog import Api, Catalog, Field, Kind, Operation, Percentages
from sagerecon.model.money import decimal_text
from sagerecon.report.terminal.shown import ShownTable, ShownText

_LETTERS = {"list": "L", "create": "C", "read": "R", "update": "U", "delete": "D"}
_EDITIONS = {"start": "Start", "standard": "Standard", "plus": "Plus"}
_MAX_NAME_WIDTH = 35
_ROLES = {"read_only": "any role", "restricted": "Restricted or Full", "full": "Full"}


def kinds(catalog: Catalog) -> Iterator[RenderableType]:
    """Yield the kinds by section, with their operations."""
    table = _table("kind", "operations", "idempotent", "undo of create")
    section = ""
    for kind in sorted(catalog, key=lambda kind: (kind.section, kind.name)):
        if kind.section != section:
            section = kind.section
            table.add_row(ShownText(section.replace("_", " "), style="bold"))
        table.add_row(
            f"  {kind.name}",
            _operation_letters(kind),
            "yes" if kind.is_idempotent else "",
            _reversibility(kind),
        )
    yield table
    yield ShownText(
        "L list, C create, R read, U update, D delete. Idempotent: honours idempotency_id.", "dim"
    )


def kind(found: Kind, api: Api) -> Iterator[RenderableType]:
    """Yield everything that the catalog knows about a kind."""
    yield ShownText(f"{found.name}  {found.path}", style="bold")
    yield ShownText(found.about)
    yield from _heading("Operations", [*_operations(found)])
    request_fields = [*_request_fields(found.fields.values())]
    if request_fields:
        yield from _heading("Request fields", [_field_table(request_fields)])
    response_fields = [
        (depth, field) for depth, field in _walk(found.fields.values()) if field.read_only and depth == 0
    ]
    if response_fields:
        yield from _heading("Response-only fields", [_response_table(response_fields)])
    yield from _heading("Keys and filters", [*_access(found, api)])
    yield from _heading("Notes", [*_facts(found)])


def changes(found: Sequence[Change], known_deviations: int) -> Iterator[RenderableType]:
    """Yield the differences of an API document from the catalog, by resource."""
    table = _table("difference", "", "catalog", "document")
    resource = ""
    for change in found:
        if change.resource != resource:
            resource = change.resource
            table.add_row(ShownText(resource, style="bold"))
        cells = (f"  {change.aspect}", change.subject, change.in_catalog, change.in_document)
        table.add_row(*cells)
    if found:
        yield table
    count = f"{len(found):,} difference{'' if len(found) == 1 else 's'}"
    yield ShownText(f"{count}; {known_deviations:,} known deviations, with reasons in the catalog.")


def _operation_letters(found: Kind) -> str:
    letters = "".join(letter for name, letter in _LETTERS.items() if found.can(name))
    return " ".join((letters, *(name for name in found.operations if name not in _LETTERS))).strip()


def _reversibility(found: Kind) -> str:
    create = found.operations.get("create")
    return create.reversibility if create is not None else ""


def _operations(found: Kind) -> Iterator[RenderableType]:
    places = {name: _availability(operation) for name, operation in found.operations.items()}
    is_same = len(set(places.values())) == 1
    if is_same:
        yield ShownText(f"Available in {next(iter(places.values()))}.")
    table = _table("operation", "call", *(() if is_same else ("availability",)), "role", "undo")
    for name, operation in found.operations.items():
        availability = () if is_same else (places[name],)
        table.add_row(
            name,
            f"{operation.method} {operation.path}",
            *availability,
            _roles(operation),
            operation.reversibility,
        )
    yield table


def _availability(operation: Operation) -> str:
    """Return the countries with their editions, or only the countries if all editions have the same."""
    by_countries: dict[str, list[str]] = {}
    for edition, name in _EDITIONS.items():
        countries = ", ".join(operation.editions.get(edition, ()))
        if countries:
            by_countries.setdefault(countries, []).append(name)
    if [len(names) for names in by_countries.values()] == [len(_EDITIONS)]:
        return next(iter(by_countries))
    return "; ".join(f"{countries} ({', '.join(names)})" for countries, names in by_countries.items())


def _roles(operation: Operation) -> str:
    if not operation.needs:
        return "any role"
    role = next(iter(operation.needs.values()))
    joint = " and " if operation.needs_every_area else " or "
    return f"{_ROLES.get(role, role)} in {joint.join(operation.needs)}"


def _request_fields(fields: Iterable[Field], depth: int = 0) -> Iterator[tuple[int, Field]]:
    return ((depth, field) for depth, field in _walk(fields, depth) if not field.read_only)


def _walk(fields: Iterable[Field], depth: int = 0) -> Iterator[tuple[int, Field]]:
    for field in fields:
        yield depth, field
        if not field.refers_to:
            yield from _walk(field.fields.values(), depth + 1)


def _field_table(fields: Iterable[tuple[int, Field]]) -> ShownTable:
    table = _table("field", "type", "required", "max", "refers to, notes")
    named = [("  " * depth + field.name, field) for depth, field in fields]
    _fix_name_width(table, (name for name, _ in named))
    for name, field in named:
        table.add_row(
            name,
            _type(field),
            "yes" if field.required else "",
            "" if field.max_length is None else f"{field.max_length:,}",
            _notes(field),
        )
    return table


def _response_table(fields: Iterable[tuple[int, Field]]) -> ShownTable:
    table = _table("field", "type", "refers to, notes")
    for _, field in fields:
        table.add_row(field.answered_as, _type(field), _notes(field))
    return table


def _type(field: Field) -> str:
    if field.type == "decimal" and field.decimals == 2:
        return "money"
    if field.type == "list":
        return "ids" if field.refers_to else "list"
    return "id" if field.refers_to and not field.read_only else field.type


def _notes(field: Field) -> str:
    return "; ".join(_field_notes(field))


def _field_notes(field: Field) -> Iterator[str]:
    if field.targets:
        yield " or ".join(field.targets)
    if field.enum:
        yield f"one of {', '.join(field.enum)}"
    if field.least is not None or field.most is not None:
        yield f"{'' if field.least is None else field.least} to {'' if field.most is None else field.most}"
    if not field.read_only and field.create != field.update:
        yield "on create only" if field.create else "on update only"
    if field.countries:
        yield f"{', '.join(field.countries)} only"
    if not field.in_start:
        yield "not in Start"
    if field.about:
        yield field.about.removesuffix(".")


def _access(found: Kind, api: Api) -> Iterator[RenderableType]:
    for key in found.natural_keys:
        method = f"found with {key.filter}" if key.filter else "found by reading the list"
        other = f", answered as {key.same_as}" if key.same_as else ""
        yield ShownText(f"Natural key {key.field}, {method}{', unique' if key.is_unique else ''}{other}.")
    if found.search:
        yield ShownText(f"search covers {', '.join(found.search)}.")
    if found.sort_keys:
        yield ShownText(f"Sorts by {', '.join(found.sort_keys)}.")
    if found.changed_since or found.deleted_since:
        yield ShownText(f"Changes: {' and '.join(filter(None, (found.changed_since, found.deleted_since)))}.")
    names = [*dict.fromkeys((*found.filters, *found.read_filters))]
    if names:
        table = _table("filter", "type", "of", "")
        for name in names:
            table.add_row(name, *_filter(found, api, name))
        yield table


def _filter(found: Kind, api: Api, name: str) -> tuple[str, str, str]:
    known = api.filters[name]
    both = name in found.filters, name in found.read_filters
    of = {(True, True): "list, one", (True, False): "list", (False, True): "one"}[both]
    if not found.can("list"):
        of = "one"
    required = " (required)" if name in found.required_filters else ""
    return known.type, of, known.about + required


def _facts(found: Kind) -> Iterator[RenderableType]:
    if found.is_fixed_list:
        yield ShownText("- Fixed list maintained by Sage; read-only.")
    if found.is_idempotent:
        yield ShownText("- Honours idempotency_id: a repeated request creates one record.")
    if not found.parallel_posts:
        yield ShownText("- Sage requires POST requests one at a time.")
    if found.posts:
        yield ShownText(f"- Books to {', '.join(found.posts)}.")
    if found.amount:
        yield ShownText(f"- Amount field: {found.amount}.")
    for quirk in found.quirks:
        yield ShownText(f"- {quirk}")
    if found.values:
        yield from _values(found.values, are_examples=found.values_are_examples)
    if found.percentages:
        yield from _percentages(found.percentages)


def _values(values: Mapping[str, str], *, are_examples: bool) -> Iterator[RenderableType]:
    table = _table("id (examples)" if are_examples else "id", "meaning")
    for id_, meaning in values.items():
        table.add_row(id_, meaning)
    yield table


def _percentages(rates: Mapping[str, Percentages]) -> Iterator[RenderableType]:
    table = _table("id", "from", "percentage")
    for id_, steps in rates.items():
        for day, percentage in steps:
            table.add_row(id_, str(day), decimal_text(percentage))
    yield table


def _heading(title: str, parts: Sequence[RenderableType]) -> Iterator[RenderableType]:
    if parts:
        yield ShownText()
        yield ShownText(title, style="bold")
        yield from parts


def _table(*headings: str) -> ShownTable:
    table = ShownTable()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _fix_name_width(table: ShownTable, names: Iterable[str]) -> None:
    """Set the width of the first column so that names are not broken, up to a maximum."""
    width = min(max((len(name) for name in names), default=0), _MAX_NAME_WIDTH)
    table.columns[0].width = width  # rich does not shrink a fixed width
