"""Compare the sides of one record in pairs: the draft now, what was written, and what Sage holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.catalog import Field
from sagerecon.model.comparison import EXACT, Comparison, How
from sagerecon.model.draft import Body, Draft
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.canonical import UNANSWERED, Leaf, Row, Tree, flat, held_tree, shown, wanted_tree
from sagerecon.pairing.identity import Identities

_INDEX = re.compile(r"\[\d+\]")

_BLANK: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Agreement:
    """The fields on which the sides of a record differ, two sides at a time; empty where the two agree.

    Fields are those of the kind, without parts: a changed city is a changed `main_address`.
    """

    source_changes: tuple[str, ...] = ()  #: the draft now against what was written
    sage_changes: tuple[str, ...] = ()  #: what Sage holds against what was written
    differences: tuple[str, ...] = ()  #: what Sage holds against the draft now


AGREED = Agreement()


@dataclass(frozen=True, slots=True)
class Edit:
    """A value in Sage that is not the one that was written."""

    path: str
    written: str  #: as text; the value that Sage answered then, where it kept that one for a time
    held: str

    @property
    def field(self) -> str:
        """The field of the kind that has the value."""
        return _field_of(self.path)

    def __str__(self) -> str:
        return f"{without_positions(self.path)} was written as '{self.written}' and is '{self.held}' in Sage"


@dataclass(frozen=True, slots=True)
class ComparisonRules:
    """How the records of one mapping are compared.

    `rules` are those of the mapping, by field path without list positions.
    """

    fields: Mapping[str, Field]
    rules: Mapping[str, Comparison] = field(default_factory=dict)
    identities: Identities = field(default_factory=Identities)


def source_changes(draft: Draft, written: Written, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields on which the draft differs from what was written; those that either names count."""
    now = flat(wanted_tree(draft.body, by.fields, by.identities))
    sent = flat(wanted_tree(written.sent, by.fields, by.identities))
    return _changed((*sent, *now), now, sent, by)


def sage_changes(written: Written, held: Entity, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields on which Sage no longer holds what was written; see `sage_edits`."""
    return tuple(dict.fromkeys(edit.field for edit in sage_edits(written, held, by)))


def sage_edits(written: Written, held: Entity, by: ComparisonRules) -> tuple[Edit, ...]:
    """Return the values that Sage holds instead of those that were written.

    A value that Sage altered as it was written is no change: its answer at the time has it already. A field
    that was blank in that answer and is filled now is a change, although it was never sent.
    """
    sent = wanted_tree(written.sent, by.fields, by.identities)
    now = _held_row(sent, held.body, by)
    then = _held_row(sent, written.answer, by)
    expected = {
        path: now.get(path) if _is_kept(path, now, then, by) else leaf for path, leaf in flat(sent).items()
    }
    paths = _changed_paths((*expected, *_added_lines(now)), now, expected, by)
    return (
        *(Edit(path, shown(expected.get(path)), shown(now.get(path))) for path in paths),
        *(
            Edit(name, "", _text(held.body[_answered_as(name, by)]))
            for name in _filled(written, held, by.fields)
        ),
    )


def is_shown(written: Written, held: Entity, by: ComparisonRules) -> bool:
    """Return whether an answer shows each value that the answer to the write showed of what was sent.

    A listing may lack the fields inside an object; nothing may be concluded of what is not shown.
    """
    sent = wanted_tree(written.sent, by.fields, by.identities)
    now, then = _held_row(sent, held.body, by), _held_row(sent, written.answer, by)
    return all(now.get(path) is not UNANSWERED or then.get(path) is UNANSWERED for path in now)


def differences(draft: Draft, held: Entity, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields that the draft has with another value than Sage."""
    return body_differences(draft.body, held, by)


def body_differences(body: Body, held: Entity, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields that a body has with another value than Sage.

    Args:
        body: of a draft, or of a request, with ids.
    """
    wanted = wanted_tree(body, by.fields, by.identities)
    now = _held_row(wanted, held.body, by)
    return _changed((*flat(wanted), *_added_lines(now)), now, flat(wanted), by)


def without_positions(path: str) -> str:
    """Return a path without its list positions: `invoice_lines.unit_price`."""
    return _INDEX.sub("", path)


def equal(left: Leaf, right: Leaf, how: How = How.EXACT) -> bool:
    """Return whether two leaves are equal; None and empty text are."""
    if left in (None, "") or right in (None, ""):
        return left in (None, "") and right in (None, "")
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left, how) == _folded(right, how)
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return left == right


def _folded(text: str, how: How) -> str:
    match how:
        case How.CASEFOLD:
            return text.casefold()
        case How.SPACING:
            return " ".join(text.split())
        case _:
            return text


def _changed(paths: Iterable[str], now: Row, before: Row, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields of the paths at which two rows differ by the rules, each once."""
    return tuple(dict.fromkeys(map(_field_of, _changed_paths(paths, now, before, by))))


def _changed_paths(paths: Iterable[str], now: Row, before: Row, by: ComparisonRules) -> Iterator[str]:
    """Yield the paths at which two rows differ by the rules, each once."""
    for path in dict.fromkeys(paths):
        how = _rule(path, by).how
        is_compared = how is not How.IGNORE and now.get(path) is not UNANSWERED
        if is_compared and not equal(now.get(path), before.get(path), how):
            yield path


def _is_kept(path: str, now: Row, then: Row, by: ComparisonRules) -> bool:
    """Return whether Sage holds at `path` what it answered when the record was written."""
    answered = then.get(path)
    return answered is not UNANSWERED and equal(now.get(path), answered, _rule(path, by).how)


def _filled(written: Written, held: Entity, fields: Mapping[str, Field]) -> Iterator[str]:
    """Yield the fields that can be sent, were not, were blank in the answer, and are filled now."""
    for name, known in fields.items():
        if name in written.sent or known.read_only or not (known.create or known.update):
            continue
        then = written.answer.get(known.answered_as, known)  # `known` itself, where it was not answered
        if then in _BLANK and held.body.get(known.answered_as) not in _BLANK:
            yield name


def _held_row(anchor: Tree, answer: Mapping[str, Any], by: ComparisonRules) -> Row:
    return flat(held_tree(anchor, answer, by.fields, by.identities))


def _added_lines(row: Row) -> Iterator[str]:
    """Yield the paths of lines in Sage beyond those that were sent."""
    return (path for path, leaf in row.items() if path.endswith("]") and leaf is not None)


def _answered_as(name: str, by: ComparisonRules) -> str:
    return by.fields[name].answered_as


def _text(value: Any) -> str:
    """Return a value of an answer for people."""
    return (
        str(value.get("displayed_as") or value.get("id") or value) if isinstance(value, dict) else str(value)
    )


def _rule(path: str, by: ComparisonRules) -> Comparison:
    return by.rules.get(without_positions(path), EXACT)


def _field_of(path: str) -> str:
    return without_positions(path).partition(".")[0]
