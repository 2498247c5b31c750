"""What we want Sage to hold, and what became of a record that gives no draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from sagerecon.model.finding import Finding
from sagerecon.model.key import Key, NaturalKey
from sagerecon.model.place import Place
from sagerecon.model.value import Scalar


@dataclass(frozen=True, slots=True)
class Reference:
    """A draft naming another thing in Sage by kind and key; its Sage id is put in when it is sent.

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
    """What to do when Sage holds an entity with the same natural key already."""

    ADOPT_IF_EQUAL = "adopt_if_equal"  #: take its id when the fields we would send agree, else a person looks
    ADOPT = "adopt"  #: take its id whatever its other fields say
    ERROR = "error"  #: a person must look
    CREATE = "create"  #: do not look; for kinds without a natural key


@dataclass(frozen=True, slots=True)
class Change:
    """A value altered on the way, which a finance team signs: field, before, after, and by which rule."""

    field: str
    before: str
    after: str
    rule: str
    place: Place


@dataclass(frozen=True, slots=True)
class Draft:
    """One entity we want Sage to hold.

    `key` is `mapping/source key` and unique over all mappings; `identity` holds the Sage fields
    that identify the entity on both sides, such as `{"reference": "C001"}`; `amount` is the money
    this record stands for in the source (None for kinds without money), which the completeness
    equation adds up.
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
    label: str = ""  #: what people call it: "Oak Ltd", "invoice 1021"
    priority: int = 0  #: lower goes first where references leave a choice

    @property
    def mapping(self) -> str:
        """The name of the mapping that made this draft."""
        return self.key.partition("/")[0]

    def references(self) -> Iterator[Reference]:
        """Every reference in the body, in the body's order."""
        return references_in(self.body)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that cannot become a draft, with all the reasons; the rest goes on without it."""

    kind: str
    key: str
    findings: tuple[Finding, ...]
    origins: tuple[Place, ...]
    amount: Decimal | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record deliberately not carried, by a named rule with its reason."""

    kind: str
    key: str
    rule: str
    reason: str
    origins: tuple[Place, ...]
    amount: Decimal | None = None
    label: str = ""
    merged_into: str = ""  #: the draft key of the record that stands for it, where it was merged


Outcome: TypeAlias = Draft | Quarantined | LeftOut


def references_in(node: Node) -> Iterator[Reference]:
    """Every reference at the leaves of `node`."""
    if isinstance(node, str | int | Decimal | date | None):
        return  # nearly every leaf; asking whether it is a Mapping would cost ten times as much
    if isinstance(node, Reference):
        yield node
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from references_in(child)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for child in node:
            yield from references_in(child)
