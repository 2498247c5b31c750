"""What a step sends once ids are known, and the natural keys by which an answer is known again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sagerecon.model.catalog import Catalog, Field, Kind
from sagerecon.model.draft import Node, Reference
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.money import decimal_text
from sagerecon.planning.plan import Action, Plan, Step


class Ids(Protocol):
    """Where ids come from."""

    def sage_id(self, kind: str, key: Key) -> str | None:
        """Sage's id for a draft key, or for a natural key that one entity bears."""
        ...

    def answer(self, kind: str, key: Key) -> Mapping[str, Any] | None:
        """What Sage said of the entity that bears the key."""
        ...


def filled_in(node: Node, ids: Ids, catalog: Catalog, missing: list[Reference]) -> Any:
    """`node` as JSON with each reference's Sage id in its place; those without one go to `missing`."""
    if isinstance(node, Reference):
        found = resolve(node, ids, catalog)
        if found is None:
            missing.append(node)
        return found
    if isinstance(node, Mapping):
        return {name: filled_in(child, ids, catalog, missing) for name, child in node.items()}
    if isinstance(node, list | tuple):
        return [filled_in(child, ids, catalog, missing) for child in node]
    if isinstance(node, Decimal):
        return decimal_text(node)
    if isinstance(node, date):
        return node.isoformat()
    return node


def resolve(reference: Reference, ids: Ids, catalog: Catalog) -> str | None:
    """Sage's id for what `reference` names, or for the part of it that it asks for."""
    key = reference.key
    if isinstance(key, NaturalKey):
        key = normal_key(catalog[reference.kind], key)
        if key.field == "id" and not reference.part:
            return key.value  # one of Sage's fixed words is its own id
    if not reference.part:
        return ids.sage_id(reference.kind, key)
    answer = ids.answer(reference.kind, key)
    path = catalog[reference.kind].yields.get(reference.part, "")
    found = None if answer is None or not path else _at(answer, path.split("."))
    return str(found) if found else None


def normal_key(kind: Kind, key: NaturalKey) -> NaturalKey:
    """Return the key in the one spelling the id map keeps: Sage's account 0041 is the integer 41."""
    field = _field(kind, key.field)
    if field is None or field.type != "integer" or not key.value.isdecimal():
        return key
    digits = "".join(str(int(digit)) for digit in key.value)  # int() refuses more than 4,300 digits
    return replace(key, value=digits.lstrip("0") or "0")


def natural_keys(kind: Kind, answer: Mapping[str, Any], fields: Iterable[str]) -> list[NaturalKey]:
    """The keys the entity in `answer` bears in these fields."""
    keys = []
    for name in fields:
        value = _at(answer, _answer_path(kind, name))
        if isinstance(value, Mapping):
            value = value.get("id")
        if value is not None and value != "" and not isinstance(value, list):
            keys.append(normal_key(kind, NaturalKey(name, str(value))))
    return keys


def key_fields(plan: Plan, catalog: Catalog) -> dict[str, set[str]]:
    """By kind, the fields by which this plan recognises entities: identities, references, natural keys."""
    fields: dict[str, set[str]] = {}
    for step in plan.steps:
        if step.action is Action.READ and step.kind in catalog:
            names = fields.setdefault(step.kind, set())
            names.update(key.field for key in catalog[step.kind].natural_keys)
        fields.setdefault(step.kind, set()).update(step.identity)
        for reference in _references(step):
            if isinstance(reference.key, NaturalKey):
                fields.setdefault(reference.kind, set()).add(reference.key.field)
    return fields


def _references(step: Step) -> Iterator[Reference]:
    todo: list[Node] = [step.body]
    while todo:
        node = todo.pop()
        if isinstance(node, Reference):
            yield node
        elif isinstance(node, Mapping):
            todo.extend(node.values())
        elif isinstance(node, list | tuple):
            todo.extend(node)


def _answer_path(kind: Kind, name: str) -> list[str]:
    """Where a field, perhaps dotted, stands in an answer."""
    first, *rest = name.split(".")
    field = kind.fields.get(first)
    return [field.answered_as if field is not None else first, *rest]


def _field(kind: Kind, name: str) -> Field | None:
    """The field, perhaps dotted; None where the catalog does not know it."""
    first, *rest = name.split(".")
    field = kind.fields.get(first)
    for part in rest:
        field = field.fields.get(part) if field is not None else None
    return field


def _at(document: Any, path: Iterable[str]) -> Any:
    for part in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document
