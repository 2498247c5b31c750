"""Small changes of a mapping, each of which its tests should notice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.transform import Parameter
from sagerecon.mapping.transforms import TRANSFORMS
from sagerecon.model.place import Place
from sagerecon.model.type import Columns

#: What takes the place of each operator in an expression.
_OPERATORS = {
    "==": "!=",
    "!=": "==",
    "<=": "<",
    ">=": ">",
    "<": "<=",
    ">": ">=",
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "and": "or",
    "or": "and",
    "not": "",
}

_TOKEN = re.compile(
    r"""'[^']*' | "[^"]*" | == | != | <= | >= | [<>+*/-] | \b(?:and|or|not)\b | \b\d+(?:\.\d+)?\b"""
    r""" | [\w.]+ | \s+ | .""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")

#: What takes the place of a word.
_WORDS = {
    "otherwise": {"omit": "quarantine", "quarantine": "omit"},
    "on_missing": {"omit": "quarantine", "quarantine": "omit"},
    "expect": {"at_most_one": "first", "exactly_one": "at_most_one", "first": "at_most_one"},
}

#: The keys whose values are expressions.
_EXPRESSIONS = ("when", "where", "assert", "expr")

#: The keys that do not decide what is sent.
_LEFT = ("reason", "name", "merge_into", "as", "part", "mapping", "kind", "field")

#: The lists of rules, each of which may be missing, and all of them.
_RULES = ("leave_out", "quarantine", "checks", "choices")

#: The steps to a part of a YAML file: keys, and positions in lists.
Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a mapping; `what` says which, for people. `node` is None where the part is removed."""

    place: Place
    what: str
    path: Path
    node: Node | None

    def of(self, root: Node) -> Node:
        """Return the mapping file with the change."""
        return _edited(root, self.path, self.node) or root


def _edited(root: Node, path: Path, node: Node | None) -> Node | None:
    """Return `root` with the part at a path replaced or removed."""
    if not path:
        return node
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = root.items()
        changed = _edited(items[step], rest, node)
        inserted = () if changed is None else (changed,)
        return replace(root, value=(*items[:step], *inserted, *items[step + 1 :]))
    children = dict(root.children())
    changed = _edited(children[step], rest, node)
    if changed is None:
        del children[step]
    else:
        children[step] = changed
    return replace(root, value=children)


def mutants(root: Node, columns: Columns) -> Iterator[Mutant]:
    """Yield each small change of a mapping; some are refused by the compiler, which is to notice them.

    Args:
        root: of the mapping file.
        columns: of its dataset.
    """
    walk = _Walk(columns)
    for name in ("let", *_RULES, "fields"):
        if name in root:
            yield from walk.part(root[name], (name,), name)
    source = root.get("source")
    if source is not None and "where" in source:
        yield from _expression(source["where"], ("source", "where"))
    amount = root.get("amount")
    if amount is not None and not amount.children():
        yield from _expression(amount, ("amount",))


@dataclass(frozen=True, slots=True)
class _Walk:
    """Walks through a mapping and yields the changes of each part."""

    columns: Columns

    def part(self, node: Node, path: Path, role: str) -> Iterator[Mutant]:
        """Yield the changes of a part.

        Args:
            role: the key of the part; for the fields of an object and for a `let`, `value`.
        """
        if role in _EXPRESSIONS:
            yield from _expression(node, path)
        elif role == "do":
            for at, item in enumerate(node.items()):
                yield from _transform(item, (*path, at))
        elif node.items():
            yield from self._list(node, path, role)
        elif node.children():
            yield from self._children(node, path, role)
        else:
            yield from self._scalar(node, path, role)

    def _children(self, node: Node, path: Path, role: str) -> Iterator[Mutant]:
        for name, child in node.children().items():
            inside = (*path, name)
            if role == "default" and name == "when":
                continue  # blank or null: no condition
            if role == "fields" or name in ("default", "when", "where"):
                yield Mutant(child.named_at, f"without {name}", inside, None)
            if role in ("fields", "let") or name not in _LEFT:
                yield from self.part(child, inside, "" if role in ("fields", "let") else name)

    def _list(self, node: Node, path: Path, role: str) -> Iterator[Mutant]:
        items = node.items()
        for at, item in enumerate(items):
            if role in _RULES or (role in ("choose", "items", "value") and len(items) > 1):
                name = item.get("name") or item.get("when") or item
                yield Mutant(item.place, f"without {name.text or 'this item'}", (*path, at), None)
            if role == "choose" and at and "otherwise" not in item:
                swapped = replace(node, value=(*items[: at - 1], item, items[at - 1], *items[at + 1 :]))
                yield Mutant(item.place, "this branch before the one above", path, swapped)
            yield from self.part(item, (*path, at), role if role == "value" else "")

    def _scalar(self, node: Node, path: Path, role: str) -> Iterator[Mutant]:
        instead: str | int | bool | None = None
        if role in _WORDS:
            instead = _WORDS[role].get(node.text)
        elif role in ("from", "by", "each") and node.text in self.columns:
            type_ = self.columns[node.text]
            alike = [name for name in self.columns if self.columns[name] == type_ and name[0] != "_"]
            instead = next((name for name in alike if name != node.text), None)
        elif role in ("value", "default"):
            instead = _another(node.value)
        if instead is not None:
            yield Mutant(node.place, f"{role}: {_shown(instead)}", path, replace(node, value=instead))


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _another(value: object) -> str | int | bool | None:
    """Return another constant of the same type."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() if _NUMBER.fullmatch(value):
            return _next_number(value)
        case str():
            return f"{value}X"
        case _:
            return None


def _next_number(text: str) -> str:
    whole, point, rest = text.partition(".")
    return f"{int(whole) + 1}{point}{rest}"


def _expression(node: Node, path: Path) -> Iterator[Mutant]:
    """Yield an expression with each operator and number changed; a condition without any is negated."""
    tokens = _TOKEN.findall(node.text)
    texts = []
    for at, token in enumerate(tokens):
        instead = _next_number(token) if _NUMBER.fullmatch(token) else _OPERATORS.get(token)
        if instead is not None:
            texts.append("".join((*tokens[:at], instead, *tokens[at + 1 :])))
    for text in texts or [f"not ({node.text})"]:
        yield Mutant(node.place, text, path, replace(node, value=text))


def _transform(item: Node, path: Path) -> Iterator[Mutant]:
    """Yield the pipeline without a transform, and the transform with each of its options changed."""
    name = next((name for name in item.children() if name in TRANSFORMS), item.text)
    yield Mutant(item.place, f"without {name}", path, None)
    if name not in TRANSFORMS or name not in item:
        return
    parameters = {parameter.name: parameter for parameter in TRANSFORMS[name].parameters}
    first = next(iter(parameters.values()), None)
    main = item[name]
    options: dict[tuple[str, ...], Node] = {(name, key): child for key, child in main.children().items()}
    if first is not None and first.type == "table" and main.children():
        yield from _table(main, (*path, name))
        options = {}
    elif first is not None and not main.children():
        yield from _option(main, first, (*path, name))
    options |= {(key,): child for key, child in item.children().items() if key != name}
    for steps, node in options.items():
        if steps[-1] in parameters:
            yield from _option(node, parameters[steps[-1]], (*path, *steps))


def _option(node: Node, parameter: Parameter, path: Path) -> Iterator[Mutant]:
    instead: str | int | None = next((word for word in parameter.choices if word != node.value), None)
    is_single = parameter.type in ("integer", "number", "text") or (
        parameter.type == "texts" and not node.items()
    )
    if instead is None and is_single:
        instead = _another(node.value)
    if instead is not None:
        yield Mutant(node.place, f"{parameter.name}: {instead}", path, replace(node, value=instead))


def _table(node: Node, path: Path) -> Iterator[Mutant]:
    """Yield a table without each of its entries, and with the value of another one."""
    entries = node.children()
    for name, child in entries.items():
        if len(entries) > 1:
            yield Mutant(child.named_at, f"without the entry {name}", (*path, name), None)
        other = next((each for each in entries.values() if each.plain() != child.plain()), None)
        if other is not None:
            what = f"the entry {name} with the value of another"
            yield Mutant(child.place, what, (*path, name), replace(child, value=other.value))
