"""The plan: data only, with several readers that cannot disagree.

A plan file is JSON Lines, each line canonical JSON: the header first, then one step a line, so that a
plan of any length is written and read as a stream and two plans compare line by line. Its name is the
hash of those bytes. Runner, report, dry run and cost gate read the same steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any

from sagerecon.model.draft import (
    Body,
    Change,
    Node,
    OnExisting,
    Reference,
    read_reference,
    reference_document,
)
from sagerecon.model.errors import PlanStaleError
from sagerecon.model.finding import Finding, finding_document, read_finding
from sagerecon.model.money import decimal, decimal_text
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.value import canonical, read_json

FORMAT = "plan/v2"


class Action(Enum):
    """What a step does; doing nothing is an action too, so that a plan accounts for every record."""

    READ = "read"  #: read a listing or a single entity; changes nothing
    CREATE = "create"  #: no entity is known to bear this key; one found by then is adopted instead
    ADOPT = "adopt"  #: an equal entity is there already; only its id is kept
    UPDATE = "update"  #: an entity is there and differs; send the fields that do
    SKIP = "skip"  #: recorded by an earlier run with the same content; nothing is sent
    LEAVE_OUT = "leave_out"  #: deliberately not carried, by a named rule
    QUARANTINE = "quarantine"  #: cannot be sent as it is; a person must look
    DELETE = "delete"  #: in a rollback plan
    VOID = "void"  #: in a rollback plan; uses up the document's number


#: Actions that may change what Sage holds.
WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.VOID})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, or not to do, with its reason and its price.

    `number` counts from 1 in the order of sending. For a READ, `path` and `query` say what to list and
    `calls` how many pages are expected; all pages are followed.
    """

    number: int
    action: Action
    kind: str
    key: str
    reason: str
    calls: int = 0
    window: int = 0  #: the budget window it falls in, from 1; 0 where it costs no call
    body: Body = field(default_factory=dict)
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    on_existing: OnExisting = OnExisting.CREATE
    reversibility: str = ""
    label: str = ""
    amount: Decimal | None = None
    origins: tuple[Place, ...] = ()
    mapping: Place = NOWHERE
    changes: tuple[Change, ...] = ()
    rule: str = ""  #: the named rule by which it is left out
    findings: tuple[Finding, ...] = ()  #: why it is quarantined
    expect: Mapping[str, str] = field(default_factory=dict)  #: of a READ: path -> what must stand there


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in which calls are made before the rolling day's budget is used up.

    `opens` and `closes` are milliseconds after the start of the run.
    """

    number: int
    opens: int
    closes: int
    calls: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the plan was made from, what it costs, and when it would end."""

    business: str
    purpose: str  #: `load`, `read_back` or `rollback`
    snapshot: str  #: fingerprint of the source snapshot
    mappings: str  #: fingerprint of the mapping files and crosswalks
    catalog: str  #: fingerprint of the catalog
    id_map: str  #: fingerprint of the id map when the plan was made
    made_at: str
    calls: int
    lower_bound: int  #: the least calls any plan for these records could make
    bound_reason: str  #: why the plan is above the lower bound, or that it is not
    per_minute: int | None
    per_day: int | None
    reserve: int
    starts_at: str
    finishes_p50: str
    finishes_p90: str
    windows: tuple[Window, ...]
    findings: tuple[Finding, ...] = ()  #: warnings and statements a reader must see before approving


@dataclass(frozen=True)
class Plan:
    """A header and its steps in the order of sending. `read_as` is its name where it was read from a file."""

    header: Header
    steps: tuple[Step, ...]
    read_as: str = field(default="", compare=False)

    @cached_property
    def hash(self) -> str:
        """The plan's name: the SHA-256 of its file, as 64 hex characters."""
        return self.read_as or _hash_of(plan_lines(self))


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan's file, line by line."""
    yield canonical({"sagerecon": FORMAT, "steps": len(plan.steps), **_header_document(plan.header)}) + "\n"
    for step in plan.steps:
        yield canonical(step_document(step)) + "\n"


def _hash_of(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
    return digest.hexdigest()


def read_plan(lines: Iterable[str], file: str) -> Plan:
    """The plan of a file that `plan_lines` wrote.

    Raises:
        PlanStaleError: the file is not a plan of this format, or was cut short.
    """
    try:
        digest = hashlib.sha256()
        documents = (read_json(line) for line in _hashed(lines, digest.update))
        head = next(documents)
        if head.pop("sagerecon") != FORMAT:
            raise PlanStaleError(f"{file} is a plan of another format.", "Make it again: sagerecon plan.")
        count = head.pop("steps")
        made = Plan(_header(head), tuple(read_step(document) for document in documents))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise PlanStaleError(f"{file} is not a whole plan.", "Make it again: sagerecon plan.") from error
    if len(made.steps) != count:
        raise PlanStaleError(f"{file} is not a whole plan.", "Make it again: sagerecon plan.")
    return made


def _hashed(lines: Iterable[str], update: Callable[[bytes], None]) -> Iterator[str]:
    for line in lines:
        update(f"{line.rstrip(chr(10))}\n".encode())
        yield line


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
    """The body that `node_document` wrote."""
    if isinstance(document, dict):
        if "$ref" in document:
            return read_reference(document)
        return {name: read_node(child) for name, child in document.items()}
    if isinstance(document, list):
        return [read_node(child) for child in document]
    return document


def _header_document(header: Header) -> dict[str, Any]:
    document = {name: getattr(header, name) for name in Header.__slots__}
    document["windows"] = [[w.number, w.opens, w.closes, w.calls] for w in header.windows]
    document["findings"] = [finding_document(finding) for finding in header.findings]
    return document


def _header(document: dict[str, Any]) -> Header:
    document["windows"] = tuple(Window(*window) for window in document["windows"])
    document["findings"] = tuple(read_finding(finding) for finding in document["findings"])
    return Header(**document)


def step_document(step: Step) -> dict[str, Any]:
    """A step as JSON: only what says something, so that a line stays readable."""
    document: dict[str, Any] = {
        "number": step.number,
        "action": step.action.value,
        "kind": step.kind,
        "key": step.key,
        "reason": step.reason,
        "calls": step.calls,
        "window": step.window,
        "body": node_document(step.body),
        "path": step.path,
        "query": dict(step.query),
        "identity": dict(step.identity),
        "on_existing": step.on_existing.value,
        "reversibility": step.reversibility,
        "label": step.label,
        "amount": None if step.amount is None else decimal_text(step.amount),
        "origins": [str(place) for place in step.origins],
        "mapping": str(step.mapping),
        "changes": [[c.field, c.before, c.after, c.rule, str(c.place)] for c in step.changes],
        "rule": step.rule,
        "findings": [finding_document(finding) for finding in step.findings],
        "expect": dict(step.expect),
    }
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}


def read_step(document: dict[str, Any]) -> Step:
    """The step that `step_document` wrote."""
    get = document.get
    return Step(
        number=document["number"],
        action=Action(document["action"]),
        kind=document["kind"],
        key=document["key"],
        reason=document["reason"],
        calls=document["calls"],
        window=document["window"],
        body=read_node(get("body", {})),
        path=get("path", ""),
        query=get("query", {}),
        identity=get("identity", {}),
        on_existing=OnExisting(get("on_existing", "create")),
        reversibility=get("reversibility", ""),
        label=get("label", ""),
        amount=None if get("amount") is None else decimal(document["amount"]),
        origins=tuple(Place.parse(text) for text in get("origins", ())),
        mapping=Place.parse(get("mapping", "")),
        changes=tuple(_change(change) for change in get("changes", ())),
        rule=get("rule", ""),
        findings=tuple(read_finding(finding) for finding in get("findings", ())),
        expect=get("expect", {}),
    )


def _change(document: list[str]) -> Change:
    field_name, before, after, rule, place = document
    return Change(field_name, before, after, rule, Place.parse(place))
