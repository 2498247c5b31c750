"""Names in a catalog file that a schema cannot check: kinds, fields and filters that do not exist."""

from __future__ import annotations

from collections.abc import Iterator

from sagerecon.documents.document import Node
from sagerecon.model.catalog import BASE_FIELDS, Catalog, Kind
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.suggestion import suggestion

#: The keys of `posts` and `ledger` whose value is a field of the kind.
_POSTS = ("account", "from_account", "due_date", "outstanding", "settled")
_LEDGER = ("code", "account", "types")


def check_names(node: Node, catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for each name in one file that names nothing, and for each field declared twice."""
    kind = catalog[node["kind"].text]
    for twice in _declared_twice(node):
        sentence = "fields already declares it, and what is sent is also answered."
        yield Finding(Code.DUPLICATE_FIELD, twice.named_at, sentence, "Remove it from answers.")
    for link in _links(node):
        if link.text not in catalog:
            sentence = f"there is no kind '{link.text}'."
            yield Finding(Code.UNKNOWN_KIND, link.place, sentence, catalog.suggest(link.text))
    for path, named in (*_paths(node), *_line_paths(node), *_posting_paths(node)):
        if not _is_known(kind, path, catalog):
            hint = suggestion(path.removesuffix(".id"), kind.fields)
            yield Finding(Code.UNKNOWN_FIELD, named.place, f"{kind.name} has no field '{path}'.", hint)
    for name in (*_items(node, "filters"), *_items(node, "read_filters")):
        if name.text not in catalog.api.filters:
            hint = suggestion(name.text, catalog.api.filters)
            yield Finding(Code.UNKNOWN_FILTER, name.place, f"api.yaml has no filter '{name.text}'.", hint)


def _declared_twice(node: Node) -> Iterator[Node]:
    fields, answers = _child(node, "fields"), _child(node, "answers")
    for name, field in (*fields.children().items(), *answers.children().items()):
        if name in answers and field is not answers[name]:
            yield answers[name]
        yield from _declared_twice(field)


def _is_known(kind: Kind, path: str, catalog: Catalog) -> bool:
    owner, _, last = path.rpartition(".")
    if last in BASE_FIELDS:  # every entity has these, so no file declares them
        return not owner or catalog.field_at(kind.name, owner) is not None
    return catalog.field_at(kind.name, path) is not None


def _links(node: Node) -> Iterator[Node]:
    for name in ("fields", "answers"):
        for field in _child(node, name).children().values():
            if (target := field.get("refers_to")) is not None:
                yield from target.items() or (target,)
            yield from _links(field)


def _paths(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield each path to a field of the kind, and where it is written."""
    for key in _items(node, "natural_keys"):
        yield key["field"].text, key["field"]
        if (other := key.get("same_as")) is not None:
            yield other.text, other
    named = [*_items(node, "label"), *_values(node, ("amount", "date"))]
    named += _child(node, "yields").children().values()
    for path in (*named, *_values(_child(node, "ledger"), _LEDGER)):
        yield path.text, path


def _line_paths(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the paths to the lines and to their fields."""
    lines = _child(node, "lines")
    prefix = ""
    if (items := lines.get("items")) is not None:
        prefix = f"{items.text}."
    for name, named in lines.children().items():
        yield named.text if name == "items" else prefix + named.text, named


def _posting_paths(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield the paths to the fields that say what the kind books."""
    posts = _child(node, "posts")
    for named in (*_values(posts, _POSTS), *_items(posts, "amounts")):
        yield named.text, named
    yield from _child(posts, "types").children().items()
    if (settles := posts.get("settles")) is not None:
        items = settles["items"]
        yield items.text, items
        for named in _values(settles, ("document", "amount", "discount")):
            yield f"{items.text}.{named.text}", named


def _child(node: Node, name: str) -> Node:
    """Return the child of this name, or a node that has no children."""
    found = node.get(name)
    return Node(None, node.place) if found is None else found


def _values(node: Node, names: tuple[str, ...]) -> list[Node]:
    return [found for name in names if (found := node.get(name)) is not None]


def _items(node: Node, name: str) -> tuple[Node, ...]:
    found = node.get(name)
    return found.items() if found is not None else ()
