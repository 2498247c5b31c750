"""The context in which a part of a mapping is compiled: names, catalog, crosswalks, other mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from sagerecon.documents.document import Node
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.expression import compile_expression
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.path import read_path
from sagerecon.mapping.pipeline import apply_transforms
from sagerecon.mapping.probe import Probe
from sagerecon.mapping.record_context import CompiledValue, Reader
from sagerecon.mapping.scope import Scope
from sagerecon.model.catalog import Catalog
from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, Type


@dataclass(frozen=True, slots=True)
class Header:
    """What other mappings need to refer to one: its name, the kind it makes, its key columns."""

    name: str
    kind: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a part of one mapping file is compiled against."""

    scope: Scope
    catalog: Catalog
    headers: Mapping[str, Header]
    crosswalks: Mapping[str, Crosswalk | None]
    faults: Faults
    country: str = ""  #: of the business, if the project names it
    edition: str = ""
    probe: Probe | None = None  #: counts which parts are used, where tests ask
    today: date | None = None  #: as for the environment
    readers: dict[str, list[tuple[Reader, Place]]] = field(default_factory=dict)
    """Field path -> its readers outside lists, each with its place; several where `choose` has several."""

    def within(self, scope: Scope) -> Context:
        """Return the same context with the names of `scope`."""
        return replace(self, scope=scope)

    def keep_reader(self, path: str, read: Reader, place: Place) -> None:
        """Keep the reader of a field, unless it is inside a list, where it needs the current item."""
        if not self.scope.elements:
            self.readers.setdefault(path, []).append((read, place))

    def condition(self, node: Node) -> Reader:
        """Compile the condition in `node`; its reader gives true or false."""
        return compile_expression(node, self.scope, self.faults, BOOLEAN).read

    def expression(self, node: Node, wanted: Type | None = None) -> CompiledValue:
        """Compile the expression in `node`."""
        return compile_expression(node, self.scope, self.faults, wanted)

    def path(self, node: Node) -> CompiledValue:
        """Compile the dotted path in `node`."""
        return read_path(node, self.scope, self.faults)

    def apply_transforms(self, value: CompiledValue, do: Node | None, path: str) -> CompiledValue:
        """Compile the transforms of `do` over `value`; changes are recorded under `path`."""
        return apply_transforms(value, do, path, self.scope, self.faults, self.crosswalks, self.probe)
