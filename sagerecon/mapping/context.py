"""What a part of a mapping is compiled in: its names, the catalog, the tables and the other mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.expression import compile_expression
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.frame import Read, Typed
from sagerecon.mapping.path import read_path
from sagerecon.mapping.pipeline import through
from sagerecon.mapping.scope import Scope
from sagerecon.model.catalog import Catalog
from sagerecon.model.type import BOOLEAN, Type


@dataclass(frozen=True, slots=True)
class Header:
    """What other mappings need to know of one: its name, what it makes, and by what key."""

    name: str
    kind: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of a part of one mapping file."""

    scope: Scope
    catalog: Catalog
    headers: Mapping[str, Header]
    crosswalks: Mapping[str, Crosswalk]
    faults: Faults
    country: str = ""  #: of the business, where the project says it
    edition: str = ""

    def within(self, scope: Scope) -> Context:
        """The same with other names."""
        return replace(self, scope=scope)

    def condition(self, node: Node) -> Read:
        """How to read whether the condition in `node` holds."""
        return compile_expression(node, self.scope, self.faults, BOOLEAN).read

    def expression(self, node: Node, wanted: Type | None = None) -> Typed:
        """The value of the expression in `node`."""
        return compile_expression(node, self.scope, self.faults, wanted)

    def path(self, node: Node) -> Typed:
        """The value at the dotted path in `node`."""
        return read_path(node, self.scope, self.faults)

    def through(self, value: Typed, do: Node | None, path: str) -> Typed:
        """The value after the transforms of `do`."""
        return through(value, do, path, self.scope, self.faults, self.crosswalks)
