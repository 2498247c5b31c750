"""One canonical row per side: the fields we send, flat, typed by the catalog, references as source identity.

Sage answers money as strings ("120.0"), links as objects and lists in an order of its own; a plan file
holds dates as text. After this module both sides are plain values that compare with `==`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from sagerecon.model.catalog import Field
from sagerecon.model.money import decimal_text
from sagerecon.model.value import canonical
from sagerecon.pairing.identity import Identities, Link, as_decimal, as_reference


class Unanswered(Enum):
    """The answer does not show the field, so nothing can be said of it."""

    UNANSWERED = "unanswered"


UNANSWERED = Unanswered.UNANSWERED

#: Told first, for most values are one of these and the abstract types are slow to ask.
_SCALARS = (str, Decimal, int, date, type(None))

Leaf: TypeAlias = "str | int | bool | Decimal | date | datetime | Link | Unanswered | None"
Tree: TypeAlias = "Leaf | tuple[Tree, ...] | dict[str, Tree]"
Row: TypeAlias = Mapping[str, Leaf]


def wanted_tree(body: Mapping[str, Any], fields: Mapping[str, Field], identities: Identities) -> Tree:
    """A draft's body, or the body an earlier run sent, as canonical values by the names we send."""
    return {
        name: _wanted(value, fields.get(name) or Field(name, ""), identities) for name, value in body.items()
    }


def held_tree(anchor: Tree, answer: object, fields: Mapping[str, Field], identities: Identities) -> Tree:
    """What an answer says of the fields in `anchor`, in the anchor's shape and order."""
    if not isinstance(anchor, dict):
        return UNANSWERED
    if answer is None:
        return dict.fromkeys(anchor)
    if not isinstance(answer, dict):
        return dict.fromkeys(anchor, UNANSWERED)
    held: dict[str, Tree] = {}
    for name, part in anchor.items():
        known = fields.get(name) or Field(name, "")
        if known.answered_as in answer:
            held[name] = _held(part, answer[known.answered_as], known, identities)
        else:
            held[name] = _everywhere(part, UNANSWERED)
    return held


def joined(first: Tree, second: Tree) -> Tree:
    """The fields of both, so that what either side sends is looked for."""
    if isinstance(first, dict) and isinstance(second, dict):
        shared = {name: joined(first[name], second[name]) for name in first if name in second}
        return {**second, **first, **shared}
    if _is_list_of_objects(first) and _is_list_of_objects(second):
        left, right = _items(first), _items(second)
        pairs = [joined(a, b) for a, b in zip(left, right, strict=False)]
        longer = max(left, right, key=len)
        return (*pairs, *longer[len(pairs) :])
    return first


def flat(tree: Tree, path: str = "") -> dict[str, Leaf]:
    """The leaves by path: `invoice_lines[0].unit_price`. A list of plain values is one leaf, as text."""
    row: dict[str, Leaf] = {}
    _flatten(tree, path, row)
    return row


def _flatten(tree: Tree, path: str, row: dict[str, Leaf]) -> None:
    if isinstance(tree, tuple):
        if _is_list_of_objects(tree):
            for number, child in enumerate(tree):
                _flatten(child, f"{path}[{number}]", row)
        else:
            row[path] = ", ".join(sorted(_key(leaf) for leaf in tree))
    elif isinstance(tree, dict):
        for name, child in tree.items():
            _flatten(child, f"{path}.{name}" if path else name, row)
    else:
        row[path] = tree


def _key(leaf: Tree) -> str:
    if isinstance(leaf, dict | tuple):
        return canonical(leaf)
    return leaf.key if isinstance(leaf, Link) else shown(leaf)


def shown(leaf: Leaf) -> str:
    """A leaf as people and JSON read it."""
    if leaf is None:
        return ""
    if isinstance(leaf, Decimal):
        return decimal_text(leaf)
    if isinstance(leaf, bool):
        return "yes" if leaf else "no"
    if isinstance(leaf, date):
        return leaf.isoformat()
    if leaf is UNANSWERED:
        return "not shown in Sage's answer"
    return str(leaf)


def _wanted(value: object, known: Field, identities: Identities) -> Tree:
    if isinstance(value, _SCALARS):
        return _scalar(value, known, identities)
    if (reference := as_reference(value)) is not None:
        return identities.of_reference(reference)
    if isinstance(value, dict):
        return wanted_tree(value, known.fields, identities)
    if isinstance(value, list | tuple):
        return tuple(_wanted(item, known, identities) for item in value)
    return typed(value, known.type)


def _scalar(value: object, known: Field, identities: Identities) -> Leaf:
    if isinstance(value, str) and value and _is_link(known):
        return identities.of_id(value)
    return typed(value, known.type)


def _held(anchor: Tree, value: object, known: Field, identities: Identities) -> Tree:
    if isinstance(anchor, tuple):
        return _held_list(anchor, value, known, identities)
    if isinstance(anchor, dict):
        return held_tree(anchor, value, known.fields, identities)
    if isinstance(value, dict) and "id" in value:
        return identities.of_id(str(value["id"]), str(value.get("displayed_as") or ""))
    return _scalar(value, known, identities)


def _held_list(anchor: tuple[Tree, ...], value: object, known: Field, identities: Identities) -> Tree:
    items = list(value) if isinstance(value, list | tuple) else []
    if not _is_list_of_objects(anchor):
        return tuple(_held(None, item, known, identities) for item in items)
    return _aligned(anchor, items, known, identities)


def _aligned(
    anchor: tuple[Tree, ...], items: list[Any], known: Field, identities: Identities
) -> tuple[Tree, ...]:
    """The items in the anchor's order: equal ones find each other, the rest pair up as they come."""
    unused = dict(enumerate(items))
    found: list[Tree | None] = []
    for number, part in enumerate(anchor):
        order = [number, *(other for other in unused if other != number)]
        match: Tree | None = None
        for other in order:
            if other in unused:
                candidate = held_tree(part, unused[other], known.fields, identities)
                if _agrees(part, candidate):
                    match = candidate
                    del unused[other]
                    break
        found.append(match)
    result: list[Tree] = []
    for part, match in zip(anchor, found, strict=True):
        if match is not None:
            result.append(match)
        elif unused:
            other = unused.pop(next(iter(unused)))
            result.append(held_tree(part, other, known.fields, identities))
        else:
            result.append(_everywhere(part, None))
    return (*result, *(_more(item) for item in unused.values()))


def _more(item: object) -> str:
    """What stands for an item that Sage has and nobody sent."""
    return str(item.get("displayed_as") or "another line") if isinstance(item, dict) else str(item)


def _agrees(part: Tree, candidate: Tree) -> bool:
    left, right = flat(part), flat(candidate)
    return all(
        right.get(path) in (leaf, UNANSWERED) or _blank(leaf, right.get(path)) for path, leaf in left.items()
    )


def _blank(left: object, right: object) -> bool:
    return left in (None, "") and right in (None, "")


def _everywhere(part: Tree, leaf: Leaf) -> Tree:
    if isinstance(part, dict):
        return {name: _everywhere(child, leaf) for name, child in part.items()}
    if _is_list_of_objects(part):
        return tuple(_everywhere(child, leaf) for child in _items(part))
    return leaf


def _is_link(known: Field) -> bool:
    return bool(known.refers_to) or known.name.endswith(("_id", "_ids"))


def _is_list_of_objects(tree: Tree) -> bool:
    return isinstance(tree, tuple) and bool(tree) and isinstance(tree[0], Mapping)


def _items(tree: Tree) -> Sequence[Tree]:
    return tree if isinstance(tree, tuple) else ()


def typed(value: Any, name: str) -> Leaf:
    """`value` as its type in the catalog says; as it is where it cannot be read so."""
    if value is None or isinstance(value, bool):
        return value
    try:
        return _typed(value, name)
    except ValueError:
        return str(value)


def _typed(value: Any, name: str) -> Leaf:
    match name:
        case "decimal":
            number = as_decimal(value)
            return str(value) if number is None else number
        case "integer":
            return int(value)
        case "boolean":
            return {"true": True, "false": False}.get(str(value).lower(), str(value))
        case "date":
            return date.fromisoformat(str(value)[:10])
        case "datetime":
            return datetime.fromisoformat(str(value))
        case _:
            return decimal_text(value, 0) if isinstance(value, Decimal) else shown(value)
