"""The remedy of changed records that a plan does not send, because they refer to one that waits."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import replace

from sagerecon.model.draft import Draft, Outcome
from sagerecon.pairing.consequences import Verdict
from sagerecon.pairing.owners import RecordKey
from sagerecon.reconciliation.verdict import RecordVerdict
from sagerecon.reconciliation.wording import remedy_of_waiting

#: The kind and key of a record, or of what a draft refers to.
_Named = tuple[str, Hashable]

_CHANGED = frozenset({Verdict.SOURCE_CHANGED, Verdict.MAPPING_CHANGED})

#: Verdicts on a record that waits until it is decided on, and with it what refers to it.
_WAITS = frozenset({Verdict.RENAMED, Verdict.DELETED, Verdict.MISSING})


def with_waiting(
    verdicts: Sequence[RecordVerdict],
    outcomes: Iterable[Outcome],
    renamed: Collection[str],
    refused: Collection[RecordKey],
) -> list[RecordVerdict]:
    """Return the verdicts, of which those on changed records say what must be decided on before.

    Args:
        renamed: the keys of drafts that may be records written earlier, also where Sage was not read.
        refused: kind and draft key of the records of which Sage refused what was sent.
    """
    roots: dict[_Named, str] = {
        (at.kind, at.key): at.key
        for at in verdicts
        if _waits(at) or (at.key in renamed and not at.is_recorded)
    }
    changed = {(at.kind, at.key) for at in verdicts if at.verdict in _CHANGED} - set(refused)
    if not roots or not changed:
        return list(verdicts)
    needs: dict[_Named, set[_Named]] = {
        (draft.kind, draft.key): {(found.kind, found.key) for found in draft.references}
        for draft in outcomes
        if isinstance(draft, Draft) and (draft.kind, draft.key) in changed
    }
    waiting = _waiting(needs, roots)
    return [
        replace(verdict, remedy=remedy_of_waiting(root))
        if (root := waiting.get((verdict.kind, verdict.key)))
        else verdict
        for verdict in verdicts
    ]


def _waits(verdict: RecordVerdict) -> bool:
    """Return whether a plan does nothing about a record, nor about what refers to it, without a decision."""
    match verdict.verdict:
        case Verdict.ALREADY_IN_SAGE | Verdict.DUPLICATE:
            is_unwritten = bool(verdict.key) and not verdict.is_recorded and not verdict.is_set_aside
            return is_unwritten and not verdict.is_left_to_plan
        case found:
            return found in _WAITS


def _waiting(needs: Mapping[_Named, Set[_Named]], roots: Mapping[_Named, str]) -> Mapping[_Named, str]:
    """Return by record that refers to one that waits, if only through others, the key of that one.

    Args:
        needs: what each changed record refers to.
        roots: the key of each record that waits for itself.
    """
    waiting = dict(roots)
    found: dict[_Named, str] = {}
    while new := {
        record: min(waiting[need] for need in on if need in waiting)
        for record, on in needs.items()
        if record not in found and not waiting.keys().isdisjoint(on)
    }:
        found |= new
        waiting |= new
    return found
