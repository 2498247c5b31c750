"""Read YAML as nodes that know their file, line and column.

Only `true`, `false`, `null` and plain integers without a leading zero are typed; everything else is text. So
`NO` is Norway, `0010` is a code, and `12.10` is text until a field is declared as decimal. Duplicate keys,
tabs and tags are findings, as are aliases that contain themselves or expand without end. Mappings, sources,
projects and the catalog are all read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.limits import YAML_CHARACTERS, YAML_DEPTH, YAML_EXPANSION, YAML_VALUES
from sagerecon.model.place import Place

#: libyaml is ten times faster; PyYAML's own loader is used where PyYAML was built without it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Integers of more digits are text: they are codes, and Python refuses to convert very long ones.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

#: Characters of a text that count as one value where an alias repeats it.
_LONG_SCALAR = 100

Plain: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Node:
    """One YAML node. `value` is a scalar, a tuple of nodes, or a dict of nodes by key."""

    value: str | int | bool | tuple[Node, ...] | dict[str, Node] | None
    place: Place
    key_place: Place | None = None  #: the place of its key, for a value in a mapping

    def __getitem__(self, key: str) -> Node:
        return self.children()[key]

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, key: str) -> Node | None:
        """Return the child under `key`; None where there is none."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def children(self) -> dict[str, Node]:
        """Return the nodes of a mapping by key; empty for any other node."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> tuple[Node, ...]:
        """Return the nodes of a list; empty for any other node."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def text(self) -> str:
        """The scalar as text."""
        return "" if self.value is None else str(self.value)

    @property
    def named_at(self) -> Place:
        """The place of the key, or of the value where there is no key."""
        return self.key_place or self.place

    def plain(self) -> Plain:
        """Return the value without places, as the `json` module would."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def places(self) -> Iterator[Place]:
        """Yield the place of this node and of every node below it, and of their keys."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield from {node.place, node.named_at}
            stack += [*node.children().values(), *node.items()]

    def at(self, path: Iterable[str | int]) -> Node:
        """Return the node at `path`, or the deepest existing node on the way to it."""
        node = self
        for step in path:
            if isinstance(step, int):
                if step >= len(node.items()):
                    break
                node = node.items()[step]
            elif (child := node.get(step)) is not None:
                node = child
            else:
                break
        return node


def read_document(text: str, file: str) -> tuple[Node, list[Finding]]:
    """Return the root node of a YAML text and the findings on it.

    Where there are errors, the node holds what could be read.
    """
    empty = Node({}, Place(file, 1, 1))
    if len(text) > YAML_CHARACTERS.most:
        sentence = f"the file has {len(text):,} characters; {YAML_CHARACTERS.sentence}."
        return empty, [Finding(Code.FILE_TOO_LARGE, Place(file), sentence, "Split it.")]
    if tab := _tab(text, file):
        return empty, [tab]
    try:
        findings = list(_scan(text, file)) if "!" in text or _may_be_large(text) else []
        if findings and findings[-1].code is Code.FILE_TOO_LARGE:
            return empty, findings[-1:]
        root = yaml.compose(text, Loader=_LOADER)
        if root is None:
            return empty, [Finding(Code.EMPTY_FILE, Place(file), "the file is empty.")]
        return _Reading(file, findings).node(root, None), findings
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        sentence = " ".join(part for part in (error.context, error.problem) if part)
        return empty, [Finding(Code.NOT_YAML, place, f"not YAML: {sentence}.")]
    except (yaml.YAMLError, UnicodeError) as error:
        first = str(error).partition("\n")[0]
        return empty, [Finding(Code.NOT_YAML, Place(file), f"not YAML: {first}.")]


def _tab(text: str, file: str) -> Finding | None:
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            place = Place(file, number, indent.index("\t") + 1)
            return Finding(Code.TAB, place, "a tab in the indentation.", "Use spaces.")
    return None


def _may_be_large(text: str) -> bool:
    """Return whether a text may hold more values than are read: each but the first follows one of these."""
    return sum(map(text.count, "\n\r\u0085\u2028\u2029,:[{-?")) >= YAML_VALUES.most


def _scan(text: str, file: str) -> Iterator[Finding]:
    """Yield a finding for each explicit `!tag`, which only events show, and for the first value too many."""
    values = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if not isinstance(event, yaml.NodeEvent):
            continue
        values += 1
        if values > YAML_VALUES.most:
            sentence = f"the file has more than {YAML_VALUES.most:,} values; {YAML_VALUES.sentence}."
            yield Finding(Code.FILE_TOO_LARGE, _place(event, file), sentence, "Split it.")
            return
        if tag := getattr(event, "tag", None):
            yield Finding(Code.TAG, _place(event, file), f"the tag {tag} is not allowed.", "Remove it.")


def _place(node: yaml.Node | yaml.NodeEvent, file: str) -> Place:
    mark: Any = node.start_mark  # None by the stubs, but both loaders set it
    return Place(file, mark.line + 1, mark.column + 1)


class _Reading:
    """Converts the YAML nodes of one file, and counts what its aliases expand to."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self._file = file
        self._findings = findings
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._expanded = 0

    def node(self, node: yaml.Node, key_place: Place | None) -> Node:
        """Return our node for a YAML node."""
        place = _place(node, self._file)
        if isinstance(node, yaml.ScalarNode):
            if len(node.value) > _LONG_SCALAR and not self._may_repeat(node, place):
                return Node(None, place, key_place)
            return Node(_scalar(str(node.value), node.style), place, key_place)
        if not self._may_expand(node, place):
            return Node(None, place, key_place)
        self._open.add(id(node))
        value: dict[str, Node] | tuple[Node, ...]
        if isinstance(node, yaml.MappingNode):
            value = self._entries(node)
        else:
            value = tuple(self.node(item, None) for item in node.value)
        self._open.discard(id(node))
        return Node(value, place, key_place)

    def _may_repeat(self, node: yaml.ScalarNode, place: Place) -> bool:
        """Return whether a long text may be read: the first time, or again within the limit of aliases."""
        if id(node) in self._seen:
            return self._expand(len(node.value) // _LONG_SCALAR, place)
        self._seen.add(id(node))
        return True

    def _may_expand(self, node: yaml.Node, place: Place) -> bool:
        """Return whether a node may be read: for the first time, or again by an alias within the limits."""
        if id(node) in self._open:
            self._findings.append(Finding(Code.ALIAS, place, "an alias that contains itself."))
            return False
        if len(self._open) >= YAML_DEPTH.most:
            sentence = f"values are nested more than {YAML_DEPTH.most} levels deep."
            self._findings.append(Finding(Code.TOO_DEEP, place, sentence))
            return False
        if self._expanded > YAML_EXPANSION.most:
            return False
        if id(node) in self._seen:
            return self._expand(1 + len(node.value), place)
        self._seen.add(id(node))
        return True

    def _expand(self, values: int, place: Place) -> bool:
        """Count what an alias repeats, and return whether all of them together stay within the limit."""
        self._expanded += values
        if self._expanded <= YAML_EXPANSION.most:
            return True
        sentence = f"the aliases expand to more than {YAML_EXPANSION.most:,} values."
        self._findings.append(Finding(Code.ALIAS, place, sentence, "Write out the values."))
        return False

    def _entries(self, node: yaml.MappingNode) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key, value in node.value:
            at = _place(key, self._file)
            if not isinstance(key, yaml.ScalarNode):
                self._findings.append(Finding(Code.KEY_NOT_TEXT, at, "a key must be text."))
                continue
            name = str(key.value)
            if name in entries:
                first = entries[name].named_at.line
                sentence = f"duplicate key '{name}'; the first is on line {first}."
                self._findings.append(Finding(Code.DUPLICATE_KEY, at, sentence))
                continue
            entries[name] = self.node(value, at)
        return entries


def _scalar(text: str, style: str | None) -> str | int | bool | None:
    if style:  # quoted and block scalars are always text
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
