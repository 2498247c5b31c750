"""Compare the sides of one record in pairs: the draft now, what was written, and what Sage holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagerecon.model.catalog import Field
from sagerecon.model.comparison import EXACT, Comparison, How
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.canonical import UNANSWERED, Leaf, Row, Tree, flat, held_tree, wanted_tree
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
    """Return the fields on which Sage no longer holds what was written.

    A value that Sage altered as it was written is no change: its answer at the time has it already. A field
    that was blank in that answer and is filled now is a change, although it was never sent.
    """
    sent = wanted_tree(written.sent, by.fields, by.identities)
    now = _held_row(sent, held.body, by)
    then = _held_row(sent, written.answer, by)
    expected = {
        path: now.get(path) if _is_kept(path, now, then, by) else leaf for path, leaf in flat(sent).items()
    }
    changed = _changed((*expected, *_added_lines(now)), now, expected, by)
    return tuple(dict.fromkeys((*changed, *_filled(written, held, by.fields))))


def differences(draft: Draft, held: Entity, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields that the draft has with another value than Sage."""
    wanted = wanted_tree(draft.body, by.fields, by.identities)
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
    changed: dict[str, None] = {}
    for path in dict.fromkeys(paths):
        how = _rule(path, by).how
        is_compared = how is not How.IGNORE and now.get(path) is not UNANSWERED
        if is_compared and not equal(now.get(path), before.get(path), how):
            changed[_field_of(path)] = None
    return tuple(changed)


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


def _rule(path: str, by: ComparisonRules) -> Comparison:
    return by.rules.get(without_positions(path), EXACT)


def _field_of(path: str) -> str:
    return without_positions(path).partition(".")[0]
