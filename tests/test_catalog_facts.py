"""The catalog against Sage's published facts, field by field.

Deliberate differences are listed with their reasons in `specs/api.yaml` under deviations. Everything else
must agree, and a deviation that no longer exists must be removed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from sagerecon.documents import package
from sagerecon.model.catalog import Field, Kind, Operation

SAGE = Path(__file__).resolve().parents[2] / "shared" / "sage"
FACTS = SAGE / "openapi-facts.json"

pytestmark = pytest.mark.skipif(not FACTS.is_file(), reason=f"{FACTS} is not on this machine")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A difference between the catalog and the facts."""

    resource: str
    subject: str
    ours: object
    theirs: object

    def __str__(self) -> str:
        return f"{self.resource}: {self.subject}: ours {self.ours!r}, theirs {self.theirs!r}"

    def is_covered_by(self, pattern: str) -> bool:
        """Return whether a deviation of this pattern covers it."""
        return fnmatchcase(f"{self.resource}: {self.subject}", pattern.replace("[", "[[]"))


def test_catalog_agrees_with_the_published_facts(capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    catalog = package.catalog()
    deviations = catalog.api.deviations
    found = list(disagreements(facts))
    beyond = [str(each) for each in found if not any(each.is_covered_by(name) for name in deviations)]
    unused = [name for name in deviations if not any(each.is_covered_by(name) for each in found)]
    with capsys.disabled():
        sys.stdout.write(
            f"\ncatalog: {len(catalog.kinds)} resources, {sum(len(kind.operations) for kind in catalog)} "
            f"operations, {sum(1 for kind in catalog for _ in walk(kind.fields))} fields; "
            f"{len(found)} deviations with a reason, {len(beyond)} disagreements beyond them\n"
        )
    assert beyond == []
    assert unused == []


def test_nested_answers_are_those_of_the_published_models() -> None:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    models = {
        document: json.loads((SAGE / file).read_text(encoding="utf-8"))["definitions"]
        for document, file in (("2025-11", "openapi-2025-11-merged.json"), ("2025-02", "openapi.json"))
    }
    wrong, compared = [], 0
    for kind in package.catalog():
        theirs = facts["resources"][kind.resource]
        stated = {fact["field"]: fact.get("ref") or fact.get("items") for fact in theirs["response_fields"]}
        for field in kind.fields.values():
            model = models[theirs["document"]].get(stated.get(field.answered_as) or "")
            if not field.answered or field.refers_to or model is None:
                continue
            compared += 1
            ours = {child.answered_as for child in field.fields.values() if child.answered}
            if ours != model["properties"].keys():
                wrong.append(f"{kind.resource}: {field.name}: {sorted(ours ^ model['properties'].keys())}")
    assert wrong == []
    assert compared > 100


def test_every_key_of_a_published_example_is_in_the_catalog() -> None:
    paths = json.loads((SAGE / "openapi-2025-11-merged.json").read_text(encoding="utf-8"))["paths"]
    wrong, compared = [], 0
    for kind in package.catalog():
        for operation in ("list", "read"):
            path = kind.operations[operation].path if kind.can(operation) else ""
            answer = paths.get(path, {}).get("get", {}).get("responses", {}).get("200", {})
            for example in answer.get("examples", {}).values():
                records = example.get("$items", [example]) if isinstance(example, dict) else example
                known = {field.answered_as for field in kind.fields.values()} | {*kind.base_fields, "$path"}
                for record in records:
                    compared += 1
                    wrong += [f"{kind.resource}: {key}" for key in record.keys() - known]
    assert sorted(set(wrong)) == []
    assert compared > 200


def disagreements(facts: Mapping[str, Any]) -> Iterator[Disagreement]:
    """Yield every difference, with the value of each side."""
    kinds = {kind.resource: kind for kind in package.catalog()}
    yield from _compare("all", {"resources": (set(kinds), set(facts["resources"]))})
    for resource, theirs in facts["resources"].items():
        if (kind := kinds.get(resource)) is None:
            continue
        yield from _compare(resource, dict(_header(kind, theirs, facts)))
        yield from _operations(kind, theirs)
        for verb, sent in (("post", "create"), ("put", "update")):
            flat = {fact["field"]: fact for fact in theirs.get(f"{verb}_fields", ())}
            yield from _sent(kind, flat, _restricted(theirs), sent)
        yield from _answers(kind, theirs)


def _compare(resource: str, pairs: Mapping[str, tuple[object, object]]) -> Iterator[Disagreement]:
    for subject, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield Disagreement(resource, subject, ours, theirs)


def _header(
    kind: Kind, theirs: Mapping[str, Any], facts: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[object, object]]]:
    first = theirs["operations"].get("list") or theirs["operations"]["get"]
    query = {parameter["name"]: parameter for parameter in first.get("query", ())}
    pages = {"page", "items_per_page"}
    yield "path", (kind.path, theirs["path"])
    yield "wrapper", (kind.name, theirs.get("body_wrapper", kind.name))
    yield "filters", (set(kind.filters), set(query) - pages)
    yield "required filters", (set(kind.required_filters), {n for n, p in query.items() if p["required"]})
    yield "sort keys", (list(kind.sort_keys), query.get("sort", {}).get("sort_keys", []))
    yield "changes", (bool(kind.changed_since), theirs["supports"]["updated_or_created_since"])
    yield "deletions", (bool(kind.deleted_since), theirs["supports"]["deleted_since"])
    yield "search", (bool(kind.search), bool(theirs["search_matches"] and "search" in query))
    largest = query.get("items_per_page", {}).get("maximum", 200)
    yield "largest page", (kind.items_per_page or package.catalog().api.items_per_page, largest)
    if "list" in theirs["operations"]:
        reading = theirs["operations"].get("get", {}).get("query", ())
        yield "read filters", (set(kind.read_filters), {parameter["name"] for parameter in reading})
    wrappers = facts["idempotency_from_guides"]["wrappers"]
    yield "idempotency", (kind.is_idempotent, kind.name in wrappers)
    serial = facts["avoid_parallel_post_from_guides"]["resources"]
    yield "parallel posts", (kind.parallel_posts, kind.resource not in serial)
    if kind.resource in facts["static_lists_from_guides"]["resources"]:
        yield "fixed list", (kind.is_fixed_list, True)
    known = {key.field for key in kind.natural_keys}
    for name in theirs["natural_key_fields"]:
        yield f"natural key {name}", (name in known, True)


_NAMES = {"list": "list", "post": "create", "get": "read", "put": "update", "delete": "delete"}


def _operations(kind: Kind, theirs: Mapping[str, Any]) -> Iterator[Disagreement]:
    stated = {_NAMES[name]: facts for name, facts in theirs["operations"].items()}
    for facts in theirs["extra_operations"]:
        stated[facts["path"].rsplit("/", 1)[1]] = facts
    yield from _compare(kind.resource, {"operations": (set(kind.operations), set(stated))})
    for name in stated.keys() & kind.operations.keys():
        ours, facts = kind.operations[name], stated[name]
        yield from _compare(kind.resource, dict(_operation(name, ours, facts)))


def _operation(
    name: str, ours: Operation, facts: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[object, object]]]:
    yield f"method of {name}", (ours.method, facts["method"])
    yield f"path of {name}", (ours.path, facts["path"])
    yield f"status of {name}", (str(ours.status) in facts["success"], True)
    editions = {edition: sorted(countries) for edition, countries in facts["availability"].items()}
    yield f"editions of {name}", ({e: sorted(c) for e, c in ours.editions.items()}, editions)
    yield f"access of {name}", ((ours.needs_every_area, dict(ours.needs)), _access(facts["access"]))
    headers = {header["name"] for header in facts.get("headers", ())}
    yield f"headers of {name}", (set(ours.headers), headers)
    if name not in ("list", "read"):
        query = {parameter["name"] for parameter in facts.get("query", ())}
        yield f"query of {name}", (set(ours.query), query)


_ROLES = {"Read Only": "read_only", "Restricted Access": "restricted", "Full Access": "full"}


def _access(sentences: list[str]) -> tuple[bool, dict[str, str]]:
    """Return whether every area is needed, and the lowest allowed role by area."""
    areas: dict[str, str] = {}
    every = any("in the areas" in sentence for sentence in sentences)
    for sentence in sentences:
        names, _, roles = sentence.rpartition(":")
        named = {_ROLES[role.strip()] for role in roles.split(",") if role.strip() in _ROLES}
        least = next((role for role in _ROLES.values() if role in named), "")
        areas |= {area: least for area in names.split("`")[1::2] if least}
    return every, areas


def _sent(
    kind: Kind, stated: Mapping[str, Mapping[str, Any]], restricted: Mapping[str, list[str]], operation: str
) -> Iterator[Disagreement]:
    ours = {
        path: field
        for path, field in walk(kind.fields)
        if (field.create if operation == "create" else field.update) and kind.can(operation)
    }
    for path in ours.keys() ^ stated.keys():
        yield Disagreement(
            kind.resource, f"request field on {operation} {path}", path in ours, path in stated
        )
    for path in ours.keys() & stated.keys():
        field, facts = ours[path], stated[path]
        pairs: dict[str, tuple[object, object]] = {
            f"type {path}": (field.type, _type(facts)),
            f"least {path}": (field.least, facts.get("minimum")),
            f"most {path}": (field.most, facts.get("maximum")),
            f"link {path}": (
                bool(field.refers_to),
                bool(facts.get("reference_id") or facts.get("reference_ids")),
            ),
            f"enum {path}": (list(field.enum), facts.get("enum", [])),
            f"country {path}": (
                list(field.countries),
                facts["countries_mentioned"]
                if facts.get("country_restricted")
                else restricted.get(field.answered_as, [])
                if "." not in path
                else [],
            ),
        }
        if operation == "create":
            pairs[f"required {path}"] = (field.required, facts["required"])
        if "max_length" in facts:
            pairs[f"length {path}"] = (field.max_length, facts["max_length"])
        if facts.get("items"):
            pairs[f"items {path}"] = (
                _items(field),
                "text" if facts["items"] == "string" else facts["items"],
            )
        yield from _compare(kind.resource, pairs)


def _answers(kind: Kind, theirs: Mapping[str, Any]) -> Iterator[Disagreement]:
    stated = {fact["field"]: fact for fact in theirs["response_fields"]}
    ours = {field.answered_as: field for field in kind.fields.values() if field.answered}
    named = ours.keys() | set(kind.base_fields)
    for name in named ^ stated.keys():
        yield Disagreement(kind.resource, f"response field {name}", name in named, name in stated)
    for name in ours.keys() & stated.keys():
        field, facts = ours[name], stated[name]
        pairs: dict[str, tuple[object, object]] = {f"response type {name}": (_answered(field), _type(facts))}
        if field.type == "text" and not field.refers_to:
            pairs[f"response length {name}"] = (field.max_length, facts.get("max_length"))
        if facts["read_only"]:
            pairs[f"read only {name}"] = (field.read_only, True)
        if facts.get("country_restricted"):
            pairs[f"response country {name}"] = (list(field.countries), facts["countries_mentioned"])
        if facts.get("not_in_start"):
            pairs[f"start {name}"] = (field.in_start, False)
        yield from _compare(kind.resource, pairs)


def _restricted(theirs: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        fact["field"]: fact["countries_mentioned"]
        for fact in theirs["response_fields"]
        if fact.get("country_restricted")
    }


def _answered(field: Field) -> str:
    """Return the type in an answer: a link is sent as an id and answered as an object."""
    if field.refers_to:
        return "list" if field.type == "list" else "object"
    return field.type


_TYPES = {"number": "decimal", "string": "text", "array": "list"}
_FORMATS = {"date": "date", "date-time": "datetime"}


def _type(facts: Mapping[str, Any]) -> str:
    stated: str = facts["type"]
    return _FORMATS.get(facts.get("format", ""), _TYPES.get(stated, stated))


def _items(field: Field) -> str:
    return "text" if field.refers_to else field.items


def walk(fields: Mapping[str, Field], before: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every field with its path as in the facts: `invoice_lines[].description`."""
    for name, field in fields.items():
        path = f"{before}{name}"
        yield path, field
        yield from walk(field.fields, f"{path}[]." if field.type == "list" else f"{path}.")
