"""The outcome of a record: a draft of the entity that Sage should hold, quarantined, or left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from sagerecon.model.finding import Finding
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.money import decimal_text
from sagerecon.model.place import Place
from sagerecon.model.value import Scalar


@dataclass(frozen=True, slots=True)
class Reference:
    """A link from a draft to an entity, by kind and key; the Sage id replaces it when the draft is sent.

    `key` is the key of another draft, or a natural key of an entity that may be in Sage already. `part`
    names an id inside the answer that is not the entity's own (`payment_on_account` of a contact
    payment), as the catalog's `yields` lists them.
    """

    kind: str
    key: Key
    part: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.key}" + (f" ({self.part})" if self.part else "")


def reference_document(reference: Reference) -> dict[str, str]:
    """Return a reference as JSON: its kind as `$ref`, then `key` of a draft or `by` and `value` in Sage."""
    document = {"$ref": reference.kind}
    match reference.key:
        case NaturalKey(field, value):
            document |= {"by": field, "value": value}
        case key:
            document["key"] = key
    return {**document, "part": reference.part} if reference.part else document


def read_reference(document: Mapping[str, str]) -> Reference:
    """Return the reference that `reference_document` wrote.

    Raises:
        KeyError: a part of it is missing.
    """
    key: Key = NaturalKey(document["by"], document["value"]) if "by" in document else document["key"]
    return Reference(document["$ref"], key, document.get("part", ""))


#: A request body before ids are known: what JSON holds, and references at its leaves.
Body: TypeAlias = "Mapping[str, Node]"
Node: TypeAlias = "Scalar | Reference | Sequence[Node] | Mapping[str, Node]"


class OnExisting(Enum):
    """What to do if Sage already holds an entity with the same natural key."""

    ADOPT_IF_EQUAL = "adopt_if_equal"  #: adopt it if the fields to be sent agree, else quarantine the record
    ADOPT = "adopt"  #: adopt it whatever its other fields are
    ERROR = "error"  #: quarantine the record
    CREATE = "create"  #: do not look it up; for kinds without a natural key


class Change(NamedTuple):
    """A value altered by a mapping, to be signed off by finance.

    A record has many, so that they are tuples, which are made faster than other values.
    """

    field: str
    before: str
    after: str
    rule: str
    place: Place


@dataclass(frozen=True, slots=True)
class Draft:
    """One entity that Sage should hold.

    `key` is `mapping/source key`, unique over all mappings. `identity` has the fields of Sage that identify
    the entity on both sides, such as `{"reference": "C001"}`. `amount` is the amount of the record in the
    source, which the completeness check sums; None for kinds without amounts.
    """

    kind: str
    key: str
    body: Body
    identity: Mapping[str, str]
    origins: tuple[Place, ...]
    place: Place  #: the mapping's `target`
    on_existing: OnExisting = OnExisting.ADOPT_IF_EQUAL
    amount: Decimal | None = None
    changes: tuple[Change, ...] = ()
    label: str = ""  #: its name for people: "Oak Ltd", "invoice 1021"
    priority: int = 0  #: a lower number is written first, where references allow it
    references: tuple[Reference, ...] = field(init=False, repr=False, compare=False)  #: as in the body

    def __post_init__(self) -> None:
        """Collect the references of the body once; order, readings and checks ask for them again."""
        object.__setattr__(self, "references", tuple(references_in(self.body)))

    @property
    def mapping(self) -> str:
        """The name of the mapping that made this draft."""
        return self.key.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that cannot become a draft, with all reasons. The other records are not affected."""

    kind: str
    key: str
    findings: tuple[Finding, ...]
    origins: tuple[Place, ...]
    amount: Decimal | None = None
    label: str = ""
    duplicates: str = ""  #: where it shares an identity with records of other keys, the fingerprint of all
    #: The draft, if nothing else is wrong with it than that it refers to a record which the source does not
    #: give: it can be sent where Sage holds that record.
    orphan: Draft | None = None


#: The transform that shortens a reference, as the rule of a change begins.
SHORT_REFERENCE = "short_reference"

#: The rule that leaves out a record because another one of its identity was decided to count.
DUPLICATE_RULE = "duplicate_in_source"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that is not moved on purpose, by a named rule with its reason."""

    kind: str
    key: str
    rule: str
    reason: str
    origins: tuple[Place, ...]
    amount: Decimal | None = None
    label: str = ""
    merged_into: str = ""  #: the draft key of the record it was merged into, if it was


Outcome: TypeAlias = Draft | Quarantined | LeftOut


def references_in(node: Node) -> Iterator[Reference]:
    """Yield every reference in `node`, in its order."""
    found: list[Reference] = []
    _collect_references(node, found)
    return iter(found)


#: The types of nearly all leaves; a call for each takes longer than all the rest.
_LEAVES = frozenset({str, int, bool, Decimal, date, datetime, type(None)})


def _collect_references(node: Node, found: list[Reference]) -> None:
    if isinstance(node, Reference):
        found.append(node)
    elif isinstance(node, dict | Mapping):
        for child in node.values():
            if type(child) not in _LEAVES:
                _collect_references(child, found)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for child in node:
            if type(child) not in _LEAVES:
                _collect_references(child, found)


def without_references(node: Node, removed: Set[Reference]) -> Any:
    """Return `node` without the fields that hold one of the references, and without lists of them."""
    if isinstance(node, Mapping):
        kept = {name: child for name, child in node.items() if not _holds(child, removed)}
        return {name: without_references(child, removed) for name, child in kept.items()}
    if isinstance(node, list | tuple):
        return [without_references(child, removed) for child in node]
    return node


def _holds(node: Node, references: Set[Reference]) -> bool:
    if isinstance(node, list | tuple):
        return any(isinstance(child, Reference) and child in references for child in node)
    return isinstance(node, Reference) and node in references


def node_document(node: Node) -> Any:
    """Return a body as JSON, with each reference as `reference_document` writes it."""
    if isinstance(node, Reference):
        return reference_document(node)
    if isinstance(node, Mapping):
        return {name: node_document(child) for name, child in node.items()}
    if isinstance(node, list | tuple):
        return [node_document(child) for child in node]
    if isinstance(node, Decimal):
        return decimal_text(node)  # Sage asks for decimals as strings
    return node


def read_node(document: Any) -> Any:
    """Return the body that `node_document` wrote."""
    if isinstance(document, dict):
        if "$ref" in document:
            return read_reference(document)
        return {name: read_node(child) for name, child in document.items()}
    if isinstance(document, list):
        return [read_node(child) for child in document]
    return document
