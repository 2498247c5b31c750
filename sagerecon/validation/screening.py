"""Quarantine drafts that break a rule, that share a key, or that refer to a record that will not be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import Any, Protocol

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import (
    DUPLICATE_RULE,
    SHORT_REFERENCE,
    Draft,
    LeftOut,
    Node,
    Outcome,
    Quarantined,
    Reference,
)
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import NOWHERE
from sagerecon.validation.duplicates import quarantined, set_apart
from sagerecon.validation.key_register import KeyRegister
from sagerecon.validation.rule import BusinessSettings, described, place_of
from sagerecon.validation.rules import RULES


class Outcomes(Protocol):
    """The outcomes of all records by position, in memory or in a file."""

    def __getitem__(self, position: int, /) -> Outcome:
        """Return the outcome at a position."""
        ...

    def __setitem__(self, position: int, outcome: Outcome, /) -> None:
        """Replace the outcome at a position."""
        ...


def screen(outcomes: Iterable[Outcome], catalog: Catalog, settings: BusinessSettings) -> list[Outcome]:
    """Return the outcomes, with each draft that must not be sent replaced by a `Quarantined`."""
    screening = Screening(catalog, settings)
    screened = [screening.check(outcome) for outcome in outcomes]
    screening.set_aside(screened)
    return screened


class Screening:
    """Screens outcomes that come one after the other, and holds the keys and references of each alone.

    A draft is quarantined when a rule finds an error in it, when another draft has the same key, or when it
    refers to a record that is not sent. The last is repeated until no further draft is affected.
    """

    def __init__(
        self,
        catalog: Catalog,
        settings: BusinessSettings,
        counts: Callable[[Quarantined], bool] = lambda _: False,
        shortened: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        """Screen the outcomes of a business.

        Args:
            counts: whether a record that shares an identity was decided to be the one that counts.
            shortened: by mapping, the fields whose references it shortens, each with what its changes are
                listed under: the field itself, or a let.
        """
        self._catalog = catalog
        self._counts = counts
        self._settings = settings
        self._shortened = shortened
        self._register = KeyRegister()
        self.has_orphans = False  #: whether a draft refers to a record of ours that is not sent

    def check(self, outcome: Outcome) -> Outcome:
        """Return the next outcome, quarantined where a rule finds an error."""
        if isinstance(outcome, Draft):
            found = (finding for rule in RULES for finding in rule(outcome, self._catalog, self._settings))
            errors = [finding for finding in found if finding.severity is Severity.ERROR]
            outcome = quarantined(outcome, errors) if errors else outcome
        if self._shortened and isinstance(outcome, Draft):
            self._add_short(outcome)
        self._register.add(outcome)
        return outcome

    def set_aside(self, outcomes: Outcomes) -> None:
        """Quarantine the drafts that share a key, and those that refer to a record of ours that is not sent.

        A reference to a record that is merged into another leads to that one. A record that a mapping merges
        into one which is not sent is quarantined. A reference by natural key is kept: the entity may be in
        Sage already.

        Args:
            outcomes: what `check` returned, in the same order.
        """
        self._set_apart(outcomes)
        self._set_aside_same_short(outcomes)
        self._register.follow_merges()
        for number in count(1):
            orphans = self._register.orphans(number)
            for at in orphans:
                self._set_aside_orphan(outcomes, at, number)
            if not orphans:
                break
        for at in self._register.merged_into_nothing():
            outcomes[at] = _merged_into_nothing(outcomes[at])
        for at in self._register.referring_to_counted():
            draft = outcomes[at]
            if isinstance(draft, Draft):
                outcomes[at] = replace(draft, body=self._redirected(draft.body))

    def _set_apart(self, outcomes: Outcomes) -> None:
        """Quarantine or leave out the drafts that share a key with another."""
        positions = self._register.sharing()
        sharing = [draft for at in positions if isinstance(draft := outcomes[at], Draft)]
        place_of_draft = {id(draft): at for at, draft in zip(positions, sharing, strict=True)}
        for draft, outcome in set_apart(sharing, self._counts):
            at = place_of_draft[id(draft)]
            if not isinstance(outcome, Draft):
                outcomes[at] = outcome
                self._register.set_aside(at, 0)
            if isinstance(outcome, LeftOut):
                self._register.count_instead(draft, (draft.kind, outcome.merged_into))

    def _add_short(self, draft: Draft) -> None:
        originals = {
            change.field: change.before for change in draft.changes if change.rule.startswith(SHORT_REFERENCE)
        }
        for field, listed in self._shortened.get(draft.mapping, {}).items():
            if isinstance(value := draft.body.get(field), str):
                self._register.add_short(draft.kind, field, value, originals.get(listed, value))

    def _set_aside_same_short(self, outcomes: Outcomes) -> None:
        """Quarantine the drafts whose references are the same only because they were shortened."""
        for same in self._register.same_short():
            for at, field, value, original in same:
                draft = outcomes[at]
                if not isinstance(draft, Draft):
                    continue
                other = next(each for _, _, _, each in same if each != original)
                message = (
                    f"{described(draft)}: {field} '{original}' and '{other}' are both shortened to '{value}'."
                )
                hint = "Give one of them another reference in the source, or allow more characters: length."
                finding = Finding(Code.SAME_SHORT_REFERENCE, place_of(draft), message, hint)
                outcomes[at] = quarantined(draft, [finding])
                self._register.set_aside(at, 0)

    def _set_aside_orphan(self, outcomes: Outcomes, at: int, number: int) -> None:
        """Quarantine a draft that refers to a record which is not sent, in a round of this number."""
        draft = outcomes[at]
        if isinstance(draft, Draft):
            lost = self._register.lost(at, number)
            references = dict.fromkeys(found for found in draft.references if (found.kind, found.key) in lost)
            findings = [self._orphan_finding(draft, found, outcomes, number) for found in references]
            orphan = replace(draft, body=self._redirected(draft.body))
            outcomes[at] = quarantined(draft, findings, orphan=orphan)
            self._register.set_aside(at, number)
            self.has_orphans = True

    def _orphan_finding(self, draft: Draft, reference: Reference, outcomes: Outcomes, number: int) -> Finding:
        at = self._register.last_unsent(reference.kind, str(reference.key), number)
        if at is not None:
            return _orphan_finding(draft, reference, outcomes[at])
        return _orphan_finding(
            draft, reference, None, self._register.with_other_zeros(reference.kind, str(reference.key))
        )

    def _redirected(self, node: Node) -> Any:
        """Return a part of a body in which each reference leads to the record that counts."""
        match node:
            case Reference(key=str()):
                counted = self._register.counted_instead(node.kind, str(node.key))
                return node if counted is None else replace(node, key=counted)
            case Mapping():
                return {name: self._redirected(child) for name, child in node.items()}
            case list() | tuple():
                return [self._redirected(child) for child in node]
            case _:
                return node


def _merged_into_nothing(record: Outcome) -> Outcome:
    """Return a record that its mapping merges into one which is not sent, quarantined."""
    if not isinstance(record, LeftOut) or record.rule == DUPLICATE_RULE or not record.merged_into:
        return record  # it only shares its key with one that is merged
    place = record.origins[0] if record.origins else NOWHERE
    named = f"{record.kind.replace('_', ' ')} {record.label or record.key}"
    message = f"{named} is merged into {record.merged_into}, which will not be in Sage."
    hint = "Correct that record first, or merge this one into another."
    finding = Finding(Code.MERGED_INTO_NOTHING, place, message, hint)
    return Quarantined(
        kind=record.kind,
        key=record.key,
        findings=(finding,),
        origins=record.origins,
        amount=record.amount,
        label=record.label,
    )


def _orphan_finding(
    draft: Draft, reference: Reference, record: Outcome | None, other_zeros: str = ""
) -> Finding:
    """Return the finding for a reference to `record`, which is not sent; None where there is none.

    Args:
        other_zeros: a known key that differs in leading zeros alone.
    """
    where = f" ({record.origins[0]})" if record is not None and record.origins else ""
    if isinstance(record, Quarantined):
        why, hint = f"{record.label or reference.key}{where} is quarantined", "Correct that record first."
    elif record is not None:
        why, hint = f"{record.label or reference.key}{where} is left out", "Leave this one out as well."
    elif other_zeros:
        why = f"there is no {reference}, but '{other_zeros}'"
        digits = len(other_zeros.rpartition("/")[2])
        hint = f"Give both keys the same zeros in the SQL of a dataset: lpad(code::TEXT, {digits}, '0')."
    else:
        why, hint = f"there is no {reference}", "Add the record, or correct the key in the source."
    return Finding(
        Code.REFERENCE_MISSING,
        place_of(draft),
        f"{described(draft)} refers to a record that will not be in Sage: {why}.",
        hint,
    )
