"""Canonical values of both sides: the fields we send, flat, typed by the catalog, references as identities.

Sage answers money as text ("120.0"), links as objects and lists in an order of its own; a plan file holds
dates as text. The canonical values of both sides compare with `==`.
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
from sagerecon.pairing.natural_key import at_path


class Unanswered(Enum):
    """The value of a field that Sage's answer does not contain, so it cannot be compared."""

    UNANSWERED = "unanswered"


UNANSWERED = Unanswered.UNANSWERED

#: Tested first: most values are one of these, and testing for the abstract types is slow.
_SCALARS = (str, Decimal, int, date, type(None))

Leaf: TypeAlias = "str | int | bool | Decimal | date | datetime | Link | Unanswered | None"
Tree: TypeAlias = "Leaf | tuple[Tree, ...] | dict[str, Tree]"
Row: TypeAlias = Mapping[str, Leaf]


def wanted_tree(body: Mapping[str, Any], fields: Mapping[str, Field], identities: Identities) -> Tree:
    """Return a draft's body, or a body sent earlier, as canonical values under the names we send."""
    return {
        name: _wanted(value, fields.get(name) or Field(name, ""), identities) for name, value in body.items()
    }


def held_tree(anchor: Tree, answer: object, fields: Mapping[str, Field], identities: Identities) -> Tree:
    """Return an answer's values of the fields in `anchor`, in the shape and order of the anchor."""
    if not isinstance(anchor, dict):
        return UNANSWERED
    if answer is None:
        return dict.fromkeys(anchor)
    if not isinstance(answer, Mapping):
        return dict.fromkeys(anchor, UNANSWERED)
    held: dict[str, Tree] = {}
    for name, part in anchor.items():
        known = fields.get(name) or Field(name, "")
        value = answered(known, answer)
        if value is UNANSWERED:
            held[name] = _everywhere(part, UNANSWERED)
        else:
            held[name] = _held(part, value, known, identities)
    return held


def answered(known: Field, answer: Mapping[str, Any]) -> object:
    """Return the value of a field in an answer, as Sage gives it; UNANSWERED where the answer has none.

    Where Sage answers a field as null that the catalog finds elsewhere too, the value is looked for there:
    `nominal_code` of a bank account is that of its ledger account.
    """
    value = answer.get(known.answered_as, UNANSWERED)
    if not known.same_as or value not in (None, "", UNANSWERED):
        return value
    found = at_path(answer, known.same_as.split("."))
    return UNANSWERED if found is None else found


def joined(first: Tree, second: Tree) -> Tree:
    """Return the fields of both trees, so that a field sent by either is compared."""
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
    """Return the leaves by path: `invoice_lines[0].unit_price`. A list of plain values is one leaf."""
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
    """Return a leaf as text for people and JSON."""
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
        return identities.by_reference(reference)
    if isinstance(value, dict):
        return wanted_tree(value, known.fields, identities)
    if isinstance(value, list | tuple):
        return tuple(_wanted(item, known, identities) for item in value)
    return typed(value, known.type)


def _scalar(value: object, known: Field, identities: Identities) -> Leaf:
    if isinstance(value, str) and value and _is_link(known):
        return identities.by_id(value)
    return typed(value, known.type)


def _held(anchor: Tree, value: object, known: Field, identities: Identities) -> Tree:
    if isinstance(anchor, tuple):
        return _held_list(anchor, value, known, identities)
    if isinstance(anchor, dict):
        return held_tree(anchor, value, known.fields, identities)
    if isinstance(value, dict) and "id" in value:
        return identities.by_id(str(value["id"]), str(value.get("displayed_as") or ""))
    return _scalar(value, known, identities)


def _held_list(anchor: tuple[Tree, ...], value: object, known: Field, identities: Identities) -> Tree:
    items = list(value) if isinstance(value, list | tuple) else []
    if not _is_list_of_objects(anchor):
        return tuple(_held(None, item, known, identities) for item in items)
    return _aligned(anchor, items, known, identities)


def _aligned(
    anchor: tuple[Tree, ...], items: list[Any], known: Field, identities: Identities
) -> tuple[Tree, ...]:
    """Return the items in the order of the anchor, then those that it has not."""
    paired, more = paired_items(anchor, items, known, identities)
    return (
        *(
            _everywhere(part, None) if item is None else held_tree(part, item, known.fields, identities)
            for part, item in zip(anchor, paired, strict=True)
        ),
        *map(_more, more),
    )


def paired_items(
    anchor: Sequence[Tree], items: Sequence[Any], known: Field, identities: Identities
) -> tuple[list[Any], list[Any]]:
    """Return for each part of the anchor the item that is it, or None, and the items beyond them.

    Equal items are paired first, the rest in their order.
    """
    unused = dict(enumerate(items))
    found: list[Any] = []
    for number, part in enumerate(anchor):
        order = [number, *(other for other in unused if other != number)]
        is_it = (
            other
            for other in order
            if other in unused and _agrees(part, held_tree(part, unused[other], known.fields, identities))
        )
        other = next(is_it, None)
        found.append(None if other is None else unused.pop(other))
    paired = [unused.pop(next(iter(unused))) if item is None and unused else item for item in found]
    return paired, list(unused.values())


def _more(item: object) -> str:
    """Return a text for an item that Sage holds and that was not sent."""
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
    """Return `value` as the type that the catalog names; as text where it cannot be read so."""
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
