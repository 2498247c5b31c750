"""Compare the sides of one record in pairs: the draft now, what was written, and what Sage holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sagerecon.model.catalog import Field
from sagerecon.model.comparison import How
from sagerecon.model.draft import Body, Draft
from sagerecon.model.entity import Entity, Written
from sagerecon.pairing.canonical import (
    UNANSWERED,
    Leaf,
    Row,
    Tree,
    flat,
    held_tree,
    joined,
    shown,
    wanted_tree,
)
from sagerecon.pairing.comparison_rules import ComparisonRules, Edit, equal, field_of, rule_of, tolerated
from sagerecon.pairing.identity import Link
from sagerecon.pairing.unsent import UnsentEdits, is_all_shown, not_named, unsent_edits


@dataclass(frozen=True, slots=True)
class Agreement:
    """The fields on which the sides of a record differ, two sides at a time; empty where the two agree.

    Fields are those of the kind, without parts: a changed city is a changed `main_address`.
    """

    source_changes: tuple[str, ...] = ()  #: the draft now against what was written
    sage_changes: tuple[str, ...] = ()  #: what Sage holds against what was written
    differences: tuple[str, ...] = ()  #: what Sage holds against the draft now, as far as it shows it
    edits: tuple[Edit, ...] = ()  #: the values edited in Sage, as the look before an update finds them

    @property
    def is_due(self) -> bool:
        """Whether the source changed a field, and Sage is not known to hold the new value."""
        return any(name in self.differences for name in self.source_changes)

    @property
    def edited(self) -> tuple[str, ...]:
        """The fields that Sage changed otherwise than the source did."""
        return tuple(
            name for name in self.sage_changes if name in self.differences or name not in self.source_changes
        )

    @property
    def is_edited(self) -> bool:
        """Whether Sage changed a field otherwise than the source did."""
        return bool(self.edited)


AGREED = Agreement()


def agreement(draft: Draft | None, written: Written, held: Entity | None, by: ComparisonRules) -> Agreement:
    """Return where the three sides of a record differ: plan and proof ask this one function.

    Args:
        draft: None of a record that the source lost: only Sage can have changed it.
        held: what Sage holds; None where that was not read since the write, so that nothing is known of it.
    """
    changed = () if draft is None else source_changes(draft, written, by)
    if held is None:
        return Agreement(changed, differences=changed)
    unsent = unsent_edits(written, held, by)
    edited = _edited_fields(_edits(written, held, by, unsent))
    edits = _edits(written, held, _as_looked_at(written, held, by), unsent) if edited else ()
    differing = edited if draft is None else _differences(draft, written, held, by, unsent)
    return Agreement(changed, edited, differing, edits)


def _as_looked_at(written: Written, held: Entity, by: ComparisonRules) -> ComparisonRules:
    """Return the rules of the look before an update: links are compared by Sage id."""
    ours = frozenset(filter(by.identities.is_ours, inner_ids(written, held, by.fields)))
    return ComparisonRules(by.fields, by.rules, ours=ours)


def source_changes(draft: Draft, written: Written, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields on which the draft differs from what was written; those that either names count."""
    now = flat(wanted_tree(draft.body, by.fields, by.identities))
    sent = flat(wanted_tree(written.sent, by.fields, by.identities))
    return _changed((*sent, *now), now, sent, by)


def sage_changes(written: Written, held: Entity, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields on which Sage no longer holds what was written; see `sage_edits`."""
    return _edited_fields(sage_edits(written, held, by))


def sage_edits(written: Written, held: Entity, by: ComparisonRules) -> tuple[Edit, ...]:
    """Return the values that Sage holds instead of those that were written.

    A value that Sage altered as it was written is no change: its answer at the time has it already. One that
    an entity had when it was adopted by decision is a change, for no run has written the other. So is a value
    that was never sent, where Sage answered it otherwise at the time: see `unsent_edits`.
    """
    return _edits(written, held, by, unsent_edits(written, held, by))


def _edits(written: Written, held: Entity, by: ComparisonRules, unsent: UnsentEdits) -> tuple[Edit, ...]:
    return (*_sent_edits(written, held, by), *unsent.filled) or unsent.calculated


def _sent_edits(written: Written, held: Entity, by: ComparisonRules) -> tuple[Edit, ...]:
    """Return the values that were sent and edited since; see `sage_edits`."""
    sent = wanted_tree(written.sent, by.fields, by.identities)
    now = _held_row(sent, held.body, by)
    then = _held_row(sent, written.answer, by)
    expected = {
        path: now.get(path) if not written.is_claimed and _is_kept(path, now, then, by) else leaf
        for path, leaf in flat(sent).items()
    }
    paths = _changed_paths((*expected, *_added_lines(now)), now, expected, by, is_tolerant=True)
    return tuple(_edit(path, expected.get(path), now.get(path)) for path in paths)


def inner_ids(written: Written, held: Entity, fields: Mapping[str, Field]) -> Iterator[str]:
    """Yield the Sage ids of the entities inside an entity, in fields that were not sent.

    One that our own records made is no edit; `ComparisonRules.ours` has these.
    """
    for name, known in fields.items():
        value = None if name in written.sent or known.refers_to else held.body.get(known.answered_as)
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                yield item["id"]


def filled_edits(written: Written, held: Entity, by: ComparisonRules, draft: Draft) -> tuple[Edit, ...]:
    """Return the values that draft and written record leave to Sage, and that were edited there since."""
    return _filled(draft, written, held, by, unsent_edits(written, held, by))


def _filled(
    draft: Draft, written: Written, held: Entity, by: ComparisonRules, unsent: UnsentEdits
) -> tuple[Edit, ...]:
    found = unsent.filled
    if not found and unsent.calculated and not _sent_edits(written, held, by):
        found = unsent.calculated
    return not_named(found, flat(wanted_tree(draft.body, by.fields, by.identities))) if found else ()


def is_shown(written: Written, held: Entity, by: ComparisonRules) -> bool:
    """Return whether an answer shows each value that the answer to the write showed.

    A listing may lack the fields inside an object; nothing may be concluded of what is not shown.
    """
    sent = wanted_tree(written.sent, by.fields, by.identities)
    now, then = _held_row(sent, held.body, by), _held_row(sent, written.answer, by)
    is_sent_shown = all(now.get(path) is not UNANSWERED or then.get(path) is UNANSWERED for path in now)
    return is_sent_shown and is_all_shown(written, held, by)


def is_body_shown(body: Body, held: Entity, by: ComparisonRules) -> bool:
    """Return whether an answer shows each value of a body that is compared."""
    now = _held_row(wanted_tree(body, by.fields, by.identities), held.body, by)
    return all(leaf is not UNANSWERED or rule_of(path, by).how is How.IGNORE for path, leaf in now.items())


def differences(draft: Draft, written: Written, held: Entity, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields on which Sage differs from the draft; those that either names or named count.

    What neither names counts where it was edited in Sage: see `unsent_edits`. A field that the source changed
    and Sage does not show counts too: it is not known whether Sage holds it. Amounts within a named tolerance
    agree.
    """
    return _differences(draft, written, held, by, unsent_edits(written, held, by))


def _differences(
    draft: Draft, written: Written, held: Entity, by: ComparisonRules, unsent: UnsentEdits
) -> tuple[str, ...]:
    wanted = wanted_tree(draft.body, by.fields, by.identities)
    sent = wanted_tree(written.sent, by.fields, by.identities)
    source, before = flat(wanted), flat(sent)
    now = _held_row(joined(sent, wanted), held.body, by)
    moved = _changed_paths((*before, *source), source, before, by)
    hidden = (path for path in moved if now.get(path) is UNANSWERED)
    paths = _changed_paths((*source, *before, *_added_lines(now)), now, source, by, is_tolerant=True)
    filled = (edit.path for edit in _filled(draft, written, held, by, unsent))
    return tuple(dict.fromkeys(map(field_of, (*paths, *hidden, *filled))))


def body_differences(
    body: Body, held: Entity, by: ComparisonRules, *, is_tolerant: bool = False
) -> tuple[str, ...]:
    """Return the fields that a body has with another value than Sage.

    Args:
        body: of a draft, or of a request, with ids.
        is_tolerant: accept an amount within a named tolerance.
    """
    wanted = wanted_tree(body, by.fields, by.identities)
    now = _held_row(wanted, held.body, by)
    paths = (*flat(wanted), *_added_lines(now))
    found = _changed_paths(paths, now, flat(wanted), by, is_tolerant=is_tolerant)
    return tuple(dict.fromkeys(map(field_of, found)))


def _changed(paths: Iterable[str], now: Row, before: Row, by: ComparisonRules) -> tuple[str, ...]:
    """Return the fields of the paths at which two rows differ by the rules, each once."""
    return tuple(dict.fromkeys(map(field_of, _changed_paths(paths, now, before, by))))


def _changed_paths(
    paths: Iterable[str], now: Row, before: Row, by: ComparisonRules, *, is_tolerant: bool = False
) -> Iterator[str]:
    """Yield the paths at which two rows differ by the rules, each once.

    Args:
        is_tolerant: accept what Sage made of an amount, within a named tolerance.
    """
    for path in dict.fromkeys(paths):
        rule, left, right = rule_of(path, by), now.get(path), before.get(path)
        if rule.how is How.IGNORE or left is UNANSWERED or equal(left, right, rule.how):
            continue
        if not is_tolerant or not tolerated(left, right, rule.tolerance):
            yield path


def _is_kept(path: str, now: Row, then: Row, by: ComparisonRules) -> bool:
    """Return whether Sage holds at `path` what it answered when the record was written."""
    answered = then.get(path)
    return answered is not UNANSWERED and equal(now.get(path), answered, rule_of(path, by).how)


def _held_row(anchor: Tree, answer: Mapping[str, Any], by: ComparisonRules) -> Row:
    return flat(held_tree(anchor, answer, by.fields, by.identities))


def _added_lines(row: Row) -> Iterator[str]:
    """Yield the paths of lines in Sage beyond those that were sent."""
    return (path for path, leaf in row.items() if path.endswith("]") and leaf is not None)


def _edited_fields(edits: Iterable[Edit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(edit.field for edit in edits))


def _edit(path: str, written: Leaf, held: Leaf) -> Edit:
    mark = held.key if isinstance(held, Link) else shown(held)
    return Edit(path, shown(written), shown(held), mark)
