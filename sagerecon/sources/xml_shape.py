"""Detect which elements of an XML file are records, and the columns of these."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import XML_DEPTH
from sagerecon.model.place import Place
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.detected import Detected, Part, longest, no_part, which_part
from sagerecon.sources.files import source_error
from sagerecon.sources.nested_shape import Keys, NestedShape
from sagerecon.sources.saft_sections import SAFT_ROOT, SAFT_SECTIONS, Paths
from sagerecon.sources.xml_fields import ATTRIBUTE, PARENT, Element
from sagerecon.sources.xml_records import XmlRecords
from sagerecon.sources.xml_text import XmlText, local_name, xml_errors, xml_pieces

#: Paths of elements that are kept; a file with more has names that are values.
_MOST_PATHS = 20_000


def detect_xml(path: Path, file: SourceFile, part: str) -> Detected:
    """Return how an XML file can be declared; one of SAF-T by its sections.

    Raises:
        SourceError: it is no XML, or has no such elements, or none that are records.
    """
    place = Place(path.name)
    outline = _Outline()
    with xml_errors(path.name):
        for piece in xml_pieces(path):
            outline.parse(piece)
        outline.close()
    tables = _saft_tables(outline) if outline.root.name == SAFT_ROOT else {}
    file = replace(file, format="saft") if tables else file
    tables = tables or {".".join(node.path): _Table((node.path,), node.count) for node in outline.records()}
    by_path = {".".join(node.path): node for node in outline.root.all()}
    if part in by_path and part not in tables:
        node = by_path[part]
        file, tables = replace(file, format="xml"), {part: _Table((node.path,), node.count)}
    if not tables:
        message = "the file has no element that holds others."
        raise source_error(Finding(Code.RECORDS_NOT_THERE, place, message))
    if part and part not in tables:
        raise no_part(Code.RECORDS_NOT_THERE, place, "the file is XML", part, list(tables))
    parts = [Part(name, table.rows) for name, table in tables.items()]
    outermost = [each for each in parts if not tables[each.name].is_inside]
    chosen = part or longest(outermost or parts).name
    paths = tables[chosen].paths
    shape = _shape(path, paths, {node.path for node in outline.root.all() if node.is_repeated})
    columns, findings = shape.columns()
    several = () if part else which_part(place, "the file", parts, chosen)
    records = (chosen,) if file.format == "saft" else paths[0]
    declared = replace(file, records=records, columns=columns)
    return Detected(declared, tuple(tables), (*several, *findings))


@dataclass(frozen=True, slots=True)
class _Table:
    """Elements that are records: their paths from the root, and how many there are."""

    paths: Paths
    rows: int
    is_inside: bool = False  #: whether they lie in records of another table


@dataclass(slots=True)
class _Node:
    """The elements at one path."""

    name: str
    path: Keys
    count: int = 0
    is_repeated: bool = False  #: whether an element holds several of them
    has_attributes: bool = False
    inner: dict[str, _Node] = field(default_factory=dict)

    def all(self) -> Iterator[_Node]:
        """Yield the elements at this path and at those inside."""
        yield self
        for node in self.inner.values():
            yield from node.all()

    @property
    def has_values(self) -> bool:
        """Whether it holds values of its own: an attribute, or an element that holds no other."""
        return self.has_attributes or any(not node.inner for node in self.inner.values())


class _Outline(XmlText):
    """Counts the elements at each path."""

    def __init__(self) -> None:
        super().__init__()
        self.root = _Node("", ())
        self._open: list[tuple[_Node | None, set[str]]] = []
        self._paths = 0

    def records(self) -> Iterator[_Node]:
        """Yield the elements that may be records, those inside others left out.

        These are elements of which another holds several, or if there are none, those that hold values.
        """
        found = list(_outermost(self.root, lambda node: node.is_repeated and bool(node.inner)))
        found = found or list(_outermost(self.root, lambda node: node.is_repeated))
        yield from found or _outermost(self.root, lambda node: node.has_values)

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local_name(tag)
        around, names = self._open[-1] if self._open else (None, set())
        if not self._open:
            node: _Node | None = _Node(name, (name,))
            self.root = node  # type: ignore[assignment]
        else:
            node = self._inner(around, name) if around is not None else None
        if node is not None:
            node.count += 1
            node.has_attributes |= bool(attributes) and bool(self._open)
            node.is_repeated |= name in names
            names.add(name)
        self._open.append((node, set()))

    def _inner(self, around: _Node, name: str) -> _Node | None:
        if name not in around.inner:
            if self._paths >= _MOST_PATHS or len(self._open) > XML_DEPTH.most:
                return None
            self._paths += 1
            around.inner[name] = _Node(name, (*around.path, name))
        return around.inner[name]

    def _end(self, tag: str) -> None:
        del tag
        self._open.pop()

    def _text(self, text: str) -> None:
        """Pass over a text."""


def _outermost(node: _Node, is_wanted: Callable[[_Node], bool]) -> Iterator[_Node]:
    """Yield the elements that are wanted, and of those inside them none."""
    if is_wanted(node):
        yield node
    else:
        for inner in node.inner.values():
            yield from _outermost(inner, is_wanted)


def _saft_tables(outline: _Outline) -> dict[str, _Table]:
    """Return the sections of a SAF-T file that have records."""
    counts = {node.path: node.count for node in outline.root.all()}
    there = {name: [path for path in paths if path in counts] for name, paths in SAFT_SECTIONS.items()}
    known = {path for paths in there.values() for path in paths}
    return {
        name: _Table(
            SAFT_SECTIONS[name],
            sum(counts[path] for path in paths),
            is_inside=any(path[:length] in known for path in paths for length in range(1, len(path))),
        )
        for name, paths in there.items()
        if paths
    }


def _shape(path: Path, paths: Paths, repeated: Collection[Keys]) -> NestedShape:
    """Return the values of all records."""
    lists = {
        each[len(start) :] for start in paths for each in repeated if each[: len(start)] == start != each
    }

    def leaves(element: Element, at: Keys) -> Iterator[tuple[Keys, object]]:
        for key, value in element.items():
            if key == PARENT:
                continue
            if key.startswith(ATTRIBUTE):
                yield (key,), value
            elif (*at, key) in lists or isinstance(value, list):
                yield (key,), value if isinstance(value, list) else [value]
            else:
                for inner, leaf in leaves(value, (*at, key)):
                    yield (key, *inner), leaf
        if not element.has_elements:
            yield (), element.text.strip()

    shape = NestedShape(leaves, Place(path.name), ATTRIBUTE)
    records = XmlRecords(paths, frozenset())
    with xml_errors(path.name):
        for piece in xml_pieces(path):
            for record in records.feed(piece):
                shape.add(record)
        records.close()
    return shape
