"""Decide from a last look at Sage whether an update may be sent. Nothing that a user wrote is overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagerecon.model.draft import Body
from sagerecon.model.entity import Entity, Written
from sagerecon.model.value import fingerprint
from sagerecon.pairing.agreement import body_differences, sage_edits
from sagerecon.pairing.canonical import flat, wanted_tree
from sagerecon.pairing.comparison_rules import ComparisonRules, Edit
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.standing import Standing
from sagerecon.pairing.unsent import not_named


@dataclass(frozen=True, slots=True)
class LastLook:
    """The standing of a record just before its update is sent, and what was edited in Sage since."""

    standing: Standing
    edits: tuple[Edit, ...] = ()  #: those that the update does not agree with
    found: tuple[Edit, ...] = ()  #: all

    @property
    def fingerprint(self) -> str:
        """The name of all edits found; a decision covers those that it was made for."""
        return edits_fingerprint(self.found)


def edits_fingerprint(edits: Sequence[Edit]) -> str:
    """Return the name of these edits in Sage, whatever their order; empty where there are none."""
    return fingerprint(sorted([edit.path, edit.mark] for edit in edits)) if edits else ""


def last_look(written: Written, held: Entity, body: Body, by: ComparisonRules) -> LastLook:
    """Return the standing of a record: source changed, converged, both changed, deleted or missing in Sage.

    A field that source and Sage have changed alike is no edit, and neither is an amount within a tolerance:
    by the same rules a plan updates the record, and a reconciliation verifies it.

    Args:
        held: what Sage holds; without a body where Sage does not find it.
        body: all that Sage is to hold after the update, with ids and with None for a field that is cleared.
    """
    if (gone := _gone(held)) is not None:
        return LastLook(gone)
    found = sage_edits(written, held, by)
    apart = body_differences(body, held, by, is_tolerant=True)
    left = not_named(found, flat(wanted_tree(body, by.fields, by.identities)))
    if not apart and not left:
        return LastLook(Standing.CONVERGED, found, found)
    edits = tuple(edit for edit in found if edit.field in apart or edit in left)
    return LastLook(Standing.BOTH_CHANGED if edits else Standing.SOURCE_CHANGED, edits, found)


def look_in_doubt(written: Written, held: Entity, sent: Body, by: ComparisonRules) -> LastLook:
    """Return the standing of a record whose update may have been carried out already.

    Sage carries an update out as a whole. So where it holds every value that was sent, they are ours
    (converged), whatever else was edited.

    Args:
        sent: the fields of the update, with ids.
    """
    if (gone := _gone(held)) is not None:
        return LastLook(gone)
    if not body_differences(sent, held, by):
        return LastLook(Standing.CONVERGED)
    edits = sage_edits(written, held, by)
    return LastLook(Standing.BOTH_CHANGED if edits else Standing.SOURCE_CHANGED, edits, edits)


def _gone(held: Entity) -> Standing | None:
    if not held.body:
        return Standing.MISSING_IN_SAGE
    return Standing.DELETED_IN_SAGE if is_gone(held) else None
