"""Finding the elements at a path of an XML text that a stranger may have made, while it is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.limits import RECORD, XML_DEPTH, XML_RECORD, Limit
from sagerecon.sources.saft_sections import Paths
from sagerecon.sources.xml_fields import ATTRIBUTE, PARENT, Element
from sagerecon.sources.xml_text import XmlError, XmlText, local_name

#: Names that are kept of the elements beside the records, for a message.
_MOST_NAMES = 200

_Steps: TypeAlias = "dict[str, Any]"


class XmlRecords(XmlText):
    """Builds the elements at some paths, each as it ends, and nothing of the rest.

    A document type declaration is refused, so that no entity can be declared, inside or outside the file.
    Namespaces are passed over: an element is found by its local name.
    """

    def __init__(self, paths: Paths, needed: Collection[tuple[int, str]]) -> None:
        """Begin a text.

        Args:
            paths: from the root, which is their first step, to the records.
            needed: what records need of the elements around them: how many levels up, and the name of an
                attribute or of an element without elements.
        """
        self._steps = _tree(paths)
        self._levels: dict[int, set[str]] = {}  #: the names that are needed, by the depth of the element
        for path in paths:
            for up, name in needed:
                self._levels.setdefault(len(path) - up, set()).add(name)
        self._around: list[tuple[Element, _Steps | None]] = []  #: the open elements that are not in a record
        self._open: list[Element] = []  #: those of the record that is being read, it first
        self._value: list[str] | None = None  #: the text of an element around the records that is needed
        self._texts: list[list[str]] = []
        self._passed = 0  #: depth inside an element that leads to no record
        self._found: list[Element] = []
        self._nodes = self._characters = 0
        super().__init__()
        self.root = ""
        self.deepest: tuple[str, ...] = ()  #: the part of a path that exists
        self.deepest_line = 0
        self._names_there: dict[str, None] = {}

    @property
    def names_there(self) -> tuple[str, ...]:
        """The names of the elements in the deepest element of a path that exists."""
        return tuple(self._names_there)

    def feed(self, piece: bytes) -> Iterator[Element]:
        """Yield the records that end in the next bytes.

        Raises:
            XmlError: they are not XML, or pass a limit.
        """
        self.parse(piece)
        found, self._found = self._found, []
        yield from found

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local_name(tag)
        if self._open:
            self._start_inside(name, attributes)
            return
        if self._passed:
            if self._value is not None:
                message = f"'{name}' stands in an element that is read as a value."
                raise self.error(Code.NOT_TEXT, message, f"Correct the path with {PARENT} in sources.yaml.")
            self._passed += 1
            return
        if not self._around:
            self.root = name
        steps = self._around[-1][1] if self._around else self._steps
        path = (*self._path(), name)
        inner = steps.get(name) if steps is not None else None
        if steps is not None and inner is None:
            self._note_name(name)
        if inner == {}:
            self._start_inside(name, attributes)
        elif inner is None:
            self._passed = 1
            if self._is_needed(name):
                self._value = []
        else:
            element = self._element(name, attributes)
            if self._around:
                element[PARENT] = self._around[-1][0]
            self._around.append((element, inner))
            self._note_depth(path)

    def _start_inside(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a record, or an element in one."""
        if len(self._open) >= XML_DEPTH.most:
            raise self._limit_error(Code.TOO_DEEP, "the record is nested too deeply", XML_DEPTH)
        element = self._element(name, attributes)
        if self._open:
            self._open[-1].add(name, element)
        else:
            self._nodes = self._characters = 0
            if self._around:
                element[PARENT] = self._around[-1][0]
                self._note_records()
        self._open.append(element)
        self._texts.append([])
        self._nodes += 1 + len(attributes)
        self._characters += sum(map(len, attributes.values()))
        if self._nodes > XML_RECORD.most:
            raise self._limit_error(Code.TOO_LONG, "the record is too large", XML_RECORD)

    def _end(self, tag: str) -> None:
        if self._open:
            element = self._open.pop()
            element.text = "".join(self._texts.pop())
            if not self._open:
                self._found.append(element)
        elif self._passed:
            self._passed -= 1
            if not self._passed and self._value is not None:
                self._keep(local_name(tag), "".join(self._value))
                self._value = None
        else:
            self._around.pop()

    def _text(self, text: str) -> None:
        if self._open:
            self._texts[-1].append(text)
            self._characters += len(text)
            if self._characters > RECORD.most:
                raise self._limit_error(Code.TOO_LONG, "the record is too long", RECORD)
        elif self._value is not None and self._passed == 1:
            self._value.append(text)

    def _element(self, name: str, attributes: Mapping[str, str]) -> Element:
        line, column = self.position
        element = Element(name, line, column)
        for key, value in attributes.items():
            name = local_name(key)
            step = f"{ATTRIBUTE}{name}"
            if name == key or step not in element:
                element[step] = value
            elif name not in attributes:  # of two namespaces, and neither is the one without
                element[step] = [element[step], value]
        return element

    def _path(self) -> tuple[str, ...]:
        return tuple(element.name for element, _ in self._around)

    def _is_needed(self, name: str) -> bool:
        return name in self._levels.get(len(self._around), ())

    def _keep(self, name: str, text: str) -> None:
        """Keep the value of an element beside the records that they need.

        Raises:
            XmlError: it comes after records, or for the second time, so that they would differ.
        """
        around = self._around[-1][0]
        if name in around or around.has_records:
            what = "occurs twice" if name in around else "comes after records that need it"
            hint = "Read the element that holds it and the records as one record, with a list."
            raise self.error(Code.RECORDS_NOT_THERE, f"'{name}' {what}.", hint)
        element = self._element(name, {})
        element.text = text
        around[name] = element

    def _note_records(self) -> None:
        for element, _ in self._around:
            element.has_records = True

    def _note_depth(self, path: tuple[str, ...]) -> None:
        if len(path) > len(self.deepest):
            self.deepest, self.deepest_line = path, self.position[0]
            self._names_there = {}

    def _note_name(self, name: str) -> None:
        if self._path() == self.deepest and len(self._names_there) < _MOST_NAMES:
            self._names_there[name] = None

    def _limit_error(self, code: Code, what: str, limit: Limit) -> XmlError:
        return self.error(code, f"{what}; {limit.sentence}.", "Correct 'records' in sources.yaml.")


def _tree(paths: Paths) -> _Steps:
    """Return the paths as nested steps; the last step of each is empty."""
    tree: _Steps = {}
    for path in paths:
        steps = tree
        for step in path:
            steps = steps.setdefault(step, {})
    return tree
