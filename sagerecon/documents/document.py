"""A YAML text as values in which every node knows its file, line and column.

The reading is strict, as YAML 1.2's core schema and a little stricter: only `true`, `false`, `null`
and plain integers without a leading zero are typed; everything else stays text. So `NO` is Norway,
`0010` is a code and `12.10` is text until a field says decimal. Duplicate keys, tabs and tags are
findings, and so are aliases that hold themselves or unfold without end. All of our own files are read
here: mappings, sources, projects and the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jsonschema
import yaml

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion

#: A file larger than this is not one of ours; composing it would cost seconds before the first finding.
LARGEST_CHARACTERS = 5_000_000

#: How many values aliases may unfold to; a few lines of them can stand for billions.
LARGEST_UNFOLDING = 10_000

#: How deep values may stand inside each other; ours need about ten, and a walk over thousands overflows.
DEEPEST = 50

#: libyaml composes the same nodes ten times faster; PyYAML's own reader is there where it was built without.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: An integer of more digits is a code; Python would refuse to read one of thousands.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

Plain: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Node:
    """One YAML node. `value` is a scalar, a tuple of nodes, or a dict of nodes by key."""

    value: str | int | bool | tuple[Node, ...] | dict[str, Node] | None
    place: Place
    key_place: Place | None = None  #: where the key stands, for a value in a mapping

    def __getitem__(self, key: str) -> Node:
        return self.children()[key]

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, key: str) -> Node | None:
        """The child under `key`, or None; also None where this node has no keys."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def children(self) -> dict[str, Node]:
        """The nodes by key; empty where this node has none."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> tuple[Node, ...]:
        """The nodes of a list; empty where this node is none."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def text(self) -> str:
        """The scalar as text."""
        return "" if self.value is None else str(self.value)

    @property
    def named_at(self) -> Place:
        """Where the key stands, or the value where there is no key."""
        return self.key_place or self.place

    def plain(self) -> Plain:
        """The value without places, as `json` would give it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: Iterable[str | int]) -> Node:
        """The node at `path`, or the deepest one on the way to it."""
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
    """The root node of a YAML text, and what is wrong with it.

    With findings of severity error the node holds what could be read.
    """
    empty = Node({}, Place(file, 1, 1))
    if len(text) > LARGEST_CHARACTERS:
        return empty, [Finding(Code.FILE_TOO_LARGE, Place(file), f"the file has {len(text):,} characters.")]
    if tab := _tab(text, file):
        return empty, [tab]
    try:
        root = yaml.compose(text, Loader=_LOADER)
        findings = list(_tags(text, file))
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


def check_schema(node: Node, schema: Mapping[str, Any]) -> list[Finding]:
    """What `node` breaks of a JSON Schema, each at the line and column of the node it is about."""
    validator = jsonschema.Draft202012Validator(schema)
    findings = [finding for error in validator.iter_errors(node.plain()) for finding in _explain(error, node)]
    return sorted(set(findings), key=lambda finding: (finding.place, finding.code, finding.message))


def _tab(text: str, file: str) -> Finding | None:
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            place = Place(file, number, indent.index("\t") + 1)
            return Finding(Code.TAB, place, "a tab in the indent.", "Use spaces.")
    return None


def _tags(text: str, file: str) -> Iterator[Finding]:
    """Each `!tag`; the events tell it from the type that YAML finds by itself."""
    if "!" not in text:
        return
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.NodeEvent) and (tag := getattr(event, "tag", None)):
            yield Finding(Code.TAG, _place(event, file), f"the tag {tag} is not allowed.", "Take it out.")


def _place(node: yaml.Node | yaml.NodeEvent, file: str) -> Place:
    mark: Any = node.start_mark  # the stubs allow None, which neither reader leaves
    return Place(file, mark.line + 1, mark.column + 1)


class _Reading:
    """The walk over one file's YAML nodes."""

    def __init__(self, file: str, findings: list[Finding]) -> None:
        self._file = file
        self._findings = findings
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._unfolded = 0

    def node(self, node: yaml.Node, key_place: Place | None) -> Node:
        """Our node for a YAML node."""
        place = _place(node, self._file)
        if isinstance(node, yaml.ScalarNode):
            return Node(_scalar(str(node.value), node.style), place, key_place)
        if not self._may_unfold(node, place):
            return Node(None, place, key_place)
        self._open.add(id(node))
        value: dict[str, Node] | tuple[Node, ...]
        if isinstance(node, yaml.MappingNode):
            value = self._entries(node)
        else:
            value = tuple(self.node(item, None) for item in node.value)
        self._open.discard(id(node))
        return Node(value, place, key_place)

    def _may_unfold(self, node: yaml.Node, place: Place) -> bool:
        """Whether a node may be read: for the first time, or again through an alias, within limits."""
        if id(node) in self._open:
            self._findings.append(Finding(Code.ALIAS, place, "an alias that holds itself."))
            return False
        if len(self._open) >= DEEPEST:
            sentence = f"more than {DEEPEST} values stand inside each other."
            self._findings.append(Finding(Code.TOO_DEEP, place, sentence))
            return False
        if self._unfolded > LARGEST_UNFOLDING:
            return False
        if id(node) in self._seen:
            self._unfolded += 1 + len(node.value)
            if self._unfolded > LARGEST_UNFOLDING:
                sentence = f"the aliases unfold to more than {LARGEST_UNFOLDING:,} values."
                self._findings.append(Finding(Code.ALIAS, place, sentence, "Write the values out."))
                return False
        self._seen.add(id(node))
        return True

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
                sentence = f"'{name}' stands here twice; the first is on line {first}."
                self._findings.append(Finding(Code.DUPLICATE_KEY, at, sentence))
                continue
            entries[name] = self.node(value, at)
        return entries


def _scalar(text: str, style: str | None) -> str | int | bool | None:
    if style:  # quoted or block text is text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _explain(error: jsonschema.ValidationError, root: Node) -> Iterator[Finding]:
    node = root.at(error.absolute_path)
    where = _where(error)
    match error.validator:
        case "additionalProperties":
            allowed = _allowed(error.schema)
            for name, child in node.children().items():
                if name not in allowed:
                    hint = suggestion(name, allowed) or f"Allowed here: {', '.join(sorted(allowed))}."
                    if " " in name and child.value is None:  # {reason: one thing, and another}
                        hint = "A comma ends a text inside {}; put the text into quotes."
                    yield Finding(Code.UNKNOWN_KEY, child.named_at, f"unknown key '{name}'.", hint)
        case "required":
            missing = [name for name in _texts(error.validator_value) if name not in node.children()]
            for name in missing:
                yield Finding(Code.MISSING_KEY, node.named_at, f"{where} needs the key '{name}'.")
        case "enum" | "const":
            values = error.validator_value if error.validator == "enum" else [error.validator_value]
            words = [str(word) for word in _texts(values)]
            hint = suggestion(node.text, words) or f"Allowed: {', '.join(words)}."
            yield Finding(Code.NOT_ALLOWED, node.place, f"{where} cannot be '{node.text}'.", hint)
        case "type":
            yield Finding(Code.WRONG_TYPE, node.place, f"{where} must be {_types([error])}.")
        case "oneOf" | "anyOf" if error.context:
            yield from _nearest(error, root)
        case _:
            yield Finding(Code.NOT_VALID, node.place, f"{where}: {error.message}.")


def _nearest(error: jsonschema.ValidationError, root: Node) -> Iterator[Finding]:
    """The faults of the branch that came closest: the one that went deepest, then has the fewest."""
    branches: dict[object, list[jsonschema.ValidationError]] = {}
    for child in error.context or ():
        branches.setdefault(child.schema_path[0], []).append(child)
    if all(_is_of_another_type(branch, error) for branch in branches.values()):
        types = _types([child for branch in branches.values() for child in branch])
        yield Finding(
            Code.WRONG_TYPE, root.at(error.absolute_path).place, f"{_where(error)} must be {types}."
        )
        return
    depths = {key: max(len(child.absolute_path) for child in branch) for key, branch in branches.items()}
    best = min(
        branches,
        key=lambda key: (any(c.validator == "type" for c in branches[key]), -depths[key], len(branches[key])),
    )
    for child in branches[best]:
        yield from _explain(child, root)


def _is_of_another_type(
    branch: Sequence[jsonschema.ValidationError], error: jsonschema.ValidationError
) -> bool:
    """Whether the branch fails because the value itself is of another type."""
    return [(child.validator, child.absolute_path) for child in branch] == [("type", error.absolute_path)]


def _where(error: jsonschema.ValidationError) -> str:
    return ".".join(str(step) for step in error.absolute_path) or "the file"


def _types(errors: Iterable[jsonschema.ValidationError]) -> str:
    """`object or string`, of errors that each want one type or several."""
    wanted = (error.validator_value for error in errors)
    return " or ".join(name for value in wanted for name in (_texts(value) or [str(value)]))


def _allowed(schema: Any) -> set[str]:
    return set(schema.get("properties", {})) if isinstance(schema, Mapping) else set()


def _texts(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
