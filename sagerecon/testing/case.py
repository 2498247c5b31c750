"""Run one test: map its record, screen the outcome, and compare it with what is expected."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.documents.document import Node
from sagerecon.mapping.compiled import CompiledMapping
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.record_context import plain_text
from sagerecon.mapping.scope import PART
from sagerecon.model.code import Code
from sagerecon.model.draft import Change, Draft, LeftOut, Outcome, Quarantined
from sagerecon.model.finding import Finding
from sagerecon.model.key import source_key
from sagerecon.model.money import decimal
from sagerecon.model.place import Place
from sagerecon.model.record import Record
from sagerecon.model.value import Scalar, canonical
from sagerecon.testing.shown import change_text, leaves, plain
from sagerecon.testing.tests_file import Case

#: What a test expects in place of a field that must not be sent.
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Result:
    """A test that was run, with a finding for each difference; none where it passed."""

    case: Case
    differences: tuple[Finding, ...]
    outcome: Outcome | None = None  #: None where the mapping does not apply to the record

    @property
    def passed(self) -> bool:
        """Whether the outcome is as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Trial:
    """A test with its record in the types of its dataset."""

    case: Case
    row: Mapping[str, Any]
    references: Collection[str] | None = None  #: the records and entities that there are; None for any
    parameters: Mapping[str, Scalar] = field(default_factory=dict)  #: in the place of those of the project
    crosswalks: Mapping[str, Crosswalk] = field(default_factory=dict)  #: likewise

    @property
    def circumstances(self) -> str:
        """The parameters and crosswalks that it states, as text; empty where it states none."""
        if not self.parameters and not self.crosswalks:
            return ""
        tables = {
            name: [(entry.source, entry.target) for entry in table.entries]
            for name, table in self.crosswalks.items()
        }
        return canonical([dict(self.parameters), tables])


#: Screens an outcome as `plan` does.
Screen: TypeAlias = Callable[[Outcome], Outcome]


def outcome_of(mapping: CompiledMapping, record: Record, screen: Screen) -> Outcome | None:
    """Return the outcome of a record, screened; None where the mapping does not apply to it.

    Of a record that the mapping splits it is the part in its values; one of which no part is made is itself.
    """
    if mapping.recipe.split:
        wanted = record.values.get(PART)
        whole = replace(record, values={name: each for name, each in record.values.items() if name != PART})
        made = [
            outcome for part, outcome in mapping.made_of(whole) if part.values.get(PART) in (None, wanted)
        ]
    else:
        made = list(mapping.outcomes(record))
    outcome = made[0] if made else None
    return None if outcome is None else screen(outcome)


def record_of(case: Case, row: Mapping[str, Any], mapping: CompiledMapping) -> Record:
    """Return the record of a test, whose origin is its place in the file with the tests."""
    key = source_key(plain_text(row.get(column)) for column in mapping.key)
    values = {**row, PART: case.part} if case.part else row
    return Record(dataset=mapping.dataset, key=key, values=values, origins=(case.place,))


def compare(case: Case, outcome: Outcome | None, references: Collection[str] | None) -> Result:
    """Compare the outcome of a test with what is expected.

    Args:
        outcome: None where the mapping does not apply to the record.
        references: the records and entities that there are; None for any.
    """
    if isinstance(outcome, Draft) and references is not None:
        outcome = _without_lost(outcome, references)
    found = tuple(_differences(case.expect, outcome))
    return Result(case, tuple(_failure(case, place, message, outcome) for place, message in found), outcome)


def _without_lost(draft: Draft, references: Collection[str]) -> Outcome:
    """Return the draft, quarantined where it refers to what there is not."""
    lost = [str(found) for found in draft.references if str(found) not in references]
    if not lost:
        return draft
    findings = tuple(
        Finding(Code.REFERENCE_MISSING, draft.origins[0], f"there is no {each}.") for each in lost
    )
    return Quarantined(
        kind=draft.kind,
        key=draft.key,
        findings=findings,
        origins=draft.origins,
        amount=draft.amount,
        label=draft.label,
    )


def _failure(case: Case, place: Place, message: str, outcome: Outcome | None) -> Finding:
    hint = ""
    if isinstance(outcome, Quarantined):
        hint = " ".join(str(finding.message) for finding in outcome.findings)
    return Finding(Code.TEST_FAILED, place, f"test '{case.name}': {message}", hint)


def _differences(expect: Node, outcome: Outcome | None) -> Iterator[tuple[Place, str]]:
    """Yield what differs, each with the place of what was expected."""
    made = _made(outcome)
    if expect.value == "nothing":
        if outcome is not None:
            yield expect.place, f"the outcome is {made}; the mapping should not apply to the record."
        return
    if (rule := expect.get("left_out")) is not None:
        yield from _left_out(expect, rule, outcome, made)
    elif (codes := expect.get("quarantined")) is not None:
        wanted = {code.text for code in codes.items() or (codes,)}
        found = {str(each.code) for each in outcome.findings} if isinstance(outcome, Quarantined) else set()
        if wanted != found:
            expected = ", ".join(sorted(wanted))
            yield codes.place, f"the outcome is {made}; quarantined ({expected}) is expected."
            return
    elif not isinstance(outcome, Draft):
        yield expect.named_at, f"the outcome is {made}; a draft is expected."
    else:
        yield from _fields(expect, outcome)
        if (changes := expect.get("changes")) is not None:
            yield from _changes(changes, outcome.changes)
    if (amount := expect.get("amount")) is not None and outcome is not None:
        yield from _amount(amount, outcome.amount)


def _made(outcome: Outcome | None) -> str:
    match outcome:
        case None:
            return "none"
        case Draft():
            return "a draft"
        case LeftOut():
            return f"left out by {outcome.rule}"
        case Quarantined():
            codes = ", ".join(sorted({str(finding.code) for finding in outcome.findings}))
            return f"quarantined ({codes})"


def _left_out(expect: Node, rule: Node, outcome: Outcome | None, made: str) -> Iterator[tuple[Place, str]]:
    if not isinstance(outcome, LeftOut) or outcome.rule != rule.text:
        yield rule.place, f"the outcome is {made}; left out by {rule.text} is expected."
        return
    into = expect.get("merged_into")
    if into is not None and into.text != outcome.merged_into:
        yield into.place, f"it is merged into '{outcome.merged_into}'; '{into.text}' is expected."


def _amount(expected: Node, found: Decimal | None) -> Iterator[tuple[Place, str]]:
    if found is None:
        yield expected.place, f"it has no amount; {_quoted(expected.text)} is expected."
    elif not _is_equal(expected, found):
        yield expected.place, f"the amount is {_quoted(found)}; {_quoted(expected.text)} is expected."


def _fields(expect: Node, draft: Draft) -> Iterator[tuple[Place, str]]:
    """Yield the fields that differ: all of them for `draft`, those that are named for `fields`."""
    whole, some = expect.get("draft"), expect.get("fields")
    body = plain(draft.body)
    if whole is not None:
        wanted = dict(_expected_leaves(whole))
        found = dict(leaves(body))
        for path, value in found.items():
            if path not in wanted:
                yield whole.named_at, f"{path} is {_quoted(value)}; it is not expected."
        yield from _different(wanted, found)
    if some is not None:
        found = dict(leaves(body))
        wanted = {
            path + rest: node
            for path, child in some.children().items()
            for rest, node in _expected_leaves(child)
        }
        yield from _different(wanted, found)


def _different(wanted: Mapping[str, Node], found: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for path, node in wanted.items():
        if node.value == ABSENT:
            inside = (each for each in found if each == path or each.startswith((f"{path}.", f"{path}[")))
            if (sent := next(inside, None)) is not None:
                yield node.place, f"{sent} is {_quoted(found[sent])}; it should not be sent."
        elif path not in found:
            yield node.place, f"{path} is not sent; {_quoted(node.text)} is expected."
        elif not _is_equal(node, found[path]):
            yield node.place, f"{path} is {_quoted(found[path])}; {_quoted(node.text)} is expected."


def _expected_leaves(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Yield each single value that is expected, with its path."""
    if node.children():
        for name, child in node.children().items():
            yield from _expected_leaves(child, f"{path}.{name}" if path else name)
    elif node.items():
        for number, child in enumerate(node.items(), start=1):
            yield from _expected_leaves(child, f"{path}[{number}]")
    else:
        yield path, node


def _is_equal(node: Node, found: Any) -> bool:
    """Return whether a value is the expected one; amounts are equal whatever their decimals: 2 and 2.00."""
    if isinstance(found, bool) or isinstance(node.value, bool):
        return node.value is found
    if isinstance(found, int | Decimal):
        try:
            return decimal(node.text) == found
        except ValueError:
            return False
    return bool(node.text == found)


def _changes(expected: Node, changes: tuple[Change, ...]) -> Iterator[tuple[Place, str]]:
    """Yield the changes that differ from the list of those that are expected, in their order."""
    for number, node in enumerate(expected.items()):
        if number >= len(changes):
            yield node.place, "there is no further change."
            continue
        change = changes[number]
        stated = {name: getattr(change, name) for name in node.children()}
        if any(child.text != stated[name] for name, child in node.children().items()):
            yield node.place, f"the change is {change_text(change)}."
    for change in changes[len(expected.items()) :]:
        yield expected.named_at, f"this change is not expected: {change_text(change)}."


def _quoted(value: Any) -> str:
    return plain_text(value) if isinstance(value, bool) else f"'{plain_text(value)}'"
