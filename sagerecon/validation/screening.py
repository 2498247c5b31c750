"""Quarantine drafts that break a rule, that share a key, or that refer to a record that will not be sent."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, Node, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import Key
from sagerecon.validation.duplicates import keys_of, quarantined, set_apart
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
    ) -> None:
        """Screen the outcomes of a business.

        Args:
            counts: whether a record that shares an identity was decided to be the one that counts.
        """
        self._catalog = catalog
        self._counts = counts
        self._counted: dict[int, Reference] = {}  # the number of a key -> the record that counts in its place
        self._settings = settings
        self._count = 0
        self._numbers: dict[tuple[str, str], int] = {}  # kind and draft key -> the number that stands for it
        self._own = array("q")  # by position, the number of the outcome's own key
        self._is_sent = bytearray()  # by position
        self._ends = array("q")  # by position, where its references end in the next
        self._references = array("q")  # the numbers of the drafts that drafts refer to
        self._first: dict[tuple[str, Key], int] = {}  # kind and key -> the first position with it
        self._sharing: set[int] = set()  # positions of drafts that share a key
        self.has_orphans = False  #: whether a draft refers to a record of ours that is not sent

    def check(self, outcome: Outcome) -> Outcome:
        """Return the next outcome, quarantined where a rule finds an error."""
        if isinstance(outcome, Draft):
            found = (finding for rule in RULES for finding in rule(outcome, self._catalog, self._settings))
            errors = [finding for finding in found if finding.severity is Severity.ERROR]
            outcome = quarantined(outcome, errors) if errors else outcome
        self._own.append(self._number(outcome.kind, outcome.key))
        self._is_sent.append(isinstance(outcome, Draft))
        if isinstance(outcome, Draft):
            for key in keys_of(outcome):
                first = self._first.setdefault((outcome.kind, key), self._count)
                if first != self._count:
                    self._sharing |= {first, self._count}
            for reference in outcome.references:
                if isinstance(reference.key, str):
                    self._references.append(self._number(reference.kind, reference.key))
        self._ends.append(len(self._references))
        self._count += 1
        return outcome

    def set_aside(self, outcomes: Outcomes) -> None:
        """Quarantine the drafts that share a key, and those that refer to a record of ours that is not sent.

        A reference by natural key is kept: the entity may be in Sage already.

        Args:
            outcomes: what `check` returned, in the same order.
        """
        positions = sorted(self._sharing)
        sharing = [draft for at in positions if isinstance(draft := outcomes[at], Draft)]
        place_of_draft = {id(draft): at for at, draft in zip(positions, sharing, strict=True)}
        for draft, outcome in set_apart(sharing, self._counts):
            at = place_of_draft[id(draft)]
            if not isinstance(outcome, Draft):
                outcomes[at] = outcome
                self._is_sent[at] = False
            if isinstance(outcome, LeftOut):
                counted = Reference(draft.kind, outcome.merged_into)
                self._counted[self._number(draft.kind, draft.key)] = counted
        while orphans := dict(self._orphans(outcomes)):
            self._replace(outcomes, orphans)
        self._redirect(outcomes)

    def _replace(self, outcomes: Outcomes, found: Mapping[int, Sequence[Finding]]) -> None:
        for at, findings in found.items():
            draft = outcomes[at]
            if isinstance(draft, Draft):
                orphan = replace(draft, body=self._redirected(draft.body))
                outcomes[at] = quarantined(draft, findings, orphan=orphan)
                self._is_sent[at] = False
                self.has_orphans = True

    def _redirect(self, outcomes: Outcomes) -> None:
        """Let what refers to a record refer to the one that counts in its place."""
        begin = 0
        for at, end in enumerate(self._ends if self._counted else ()):
            if self._is_sent[at] and not self._counted.keys().isdisjoint(self._references[begin:end]):
                draft = outcomes[at]
                if isinstance(draft, Draft):
                    outcomes[at] = replace(draft, body=self._redirected(draft.body))
            begin = end

    def _redirected(self, node: Node) -> Any:
        match node:
            case Reference(key=str()):
                counted = self._counted.get(self._number(node.kind, str(node.key)))
                return node if counted is None else replace(node, key=counted.key)
            case Mapping():
                return {name: self._redirected(child) for name, child in node.items()}
            case list() | tuple():
                return [self._redirected(child) for child in node]
            case _:
                return node

    def _number(self, kind: str, key: str) -> int:
        return self._numbers.setdefault((kind, key), len(self._numbers))

    def _orphans(self, outcomes: Outcomes) -> Iterator[tuple[int, Sequence[Finding]]]:
        """Yield the position and the findings of each draft that refers to a record that is not sent."""
        sent = bytearray(len(self._numbers))
        not_sent: dict[int, int] = {}  # the number of a key -> the last position with it
        for at, number in enumerate(self._own):
            if self._is_sent[at]:
                sent[number] = True
            else:
                not_sent[number] = at
        for number, counted in self._counted.items():
            sent[number] = sent[self._number(counted.kind, str(counted.key))]
        begin = 0
        for at, end in enumerate(self._ends):
            if self._is_sent[at] and not all(sent[number] for number in self._references[begin:end]):
                draft = outcomes[at]
                if isinstance(draft, Draft):
                    yield at, list(self._orphan_findings(draft, sent, not_sent, outcomes))
            begin = end

    def _orphan_findings(
        self, draft: Draft, sent: bytearray, not_sent: Mapping[int, int], outcomes: Outcomes
    ) -> Iterator[Finding]:
        for reference in dict.fromkeys(draft.references):
            if isinstance(reference.key, str):
                number = self._numbers[reference.kind, reference.key]
                if not sent[number]:
                    at = not_sent.get(number)
                    yield _orphan_finding(draft, reference, None if at is None else outcomes[at])


def _orphan_finding(draft: Draft, reference: Reference, record: Outcome | None) -> Finding:
    """Return the finding for a reference to `record`, which is not sent; None where there is none."""
    where = f" ({record.origins[0]})" if record is not None and record.origins else ""
    if isinstance(record, Quarantined):
        why, hint = f"{record.label or reference.key}{where} is quarantined", "Correct that record first."
    elif record is not None:
        why, hint = f"{record.label or reference.key}{where} is left out", "Leave this one out as well."
    else:
        why, hint = f"there is no {reference}", "Add the record, or correct the key in the source."
    return Finding(
        Code.REFERENCE_MISSING,
        place_of(draft),
        f"{described(draft)} refers to a record that will not be in Sage: {why}.",
        hint,
    )
