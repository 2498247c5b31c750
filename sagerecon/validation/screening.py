"""Quarantine drafts that break a rule, that share a key, or that refer to a record that will not be sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import Key, NaturalKey
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

    def __init__(self, catalog: Catalog, settings: BusinessSettings) -> None:
        self._catalog = catalog
        self._settings = settings
        self._count = 0
        self._numbers: dict[tuple[str, str], int] = {}  # kind and draft key -> the number that stands for it
        self._own = array("q")  # by position, the number of the outcome's own key
        self._is_sent = bytearray()  # by position
        self._ends = array("q")  # by position, where its references end in the next
        self._references = array("q")  # the numbers of the drafts that drafts refer to
        self._first: dict[tuple[str, Key], int] = {}  # kind and key -> the first position with it
        self._sharing: set[int] = set()  # positions of drafts that share a key

    def check(self, outcome: Outcome) -> Outcome:
        """Return the next outcome, quarantined where a rule finds an error."""
        if isinstance(outcome, Draft):
            found = (finding for rule in RULES for finding in rule(outcome, self._catalog, self._settings))
            errors = [finding for finding in found if finding.severity is Severity.ERROR]
            outcome = quarantined(outcome, errors) if errors else outcome
        self._own.append(self._number(outcome.kind, outcome.key))
        self._is_sent.append(isinstance(outcome, Draft))
        if isinstance(outcome, Draft):
            for key in _keys(outcome):
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
        found = _duplicate_findings(sharing)
        self._replace(outcomes, {at: found[id(draft)] for at, draft in zip(positions, sharing, strict=True)})
        while orphans := dict(self._orphans(outcomes)):
            self._replace(outcomes, orphans)

    def _replace(self, outcomes: Outcomes, found: Mapping[int, Sequence[Finding]]) -> None:
        for at, findings in found.items():
            draft = outcomes[at]
            if isinstance(draft, Draft):
                outcomes[at] = quarantined(draft, findings)
                self._is_sent[at] = False

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


def quarantined(draft: Draft, findings: Sequence[Finding]) -> Quarantined:
    """Return the outcome of a draft that is set aside, with its reasons."""
    return Quarantined(
        kind=draft.kind,
        key=draft.key,
        findings=tuple(findings),
        origins=draft.origins,
        amount=draft.amount,
        label=draft.label,
    )


def _duplicate_findings(drafts: Sequence[Draft]) -> Mapping[int, Sequence[Finding]]:
    """Return the findings of drafts that share a key with another, by `id()` of the draft."""
    found: dict[int, list[Finding]] = {}
    reported: set[frozenset[int]] = set()
    for (kind, key), sharing in _by_key(drafts).items():
        group = frozenset(id(draft) for draft in sharing)
        if len(sharing) < 2 or group in reported:
            continue
        reported.add(group)
        for draft in sharing:
            others = ", ".join(str(o.origins[0]) for o in sharing if o is not draft and o.origins)
            found.setdefault(id(draft), []).append(
                Finding(
                    Code.DUPLICATE_KEY,
                    place_of(draft),
                    f"{described(draft)} has the same {kind} key as another record ({key}; see {others}).",
                    "Give each its own key, or leave one out by a named rule.",
                )
            )
    return found


def _by_key(drafts: Sequence[Draft]) -> Mapping[tuple[str, Key], list[Draft]]:
    """Return the drafts by kind and key, under their draft key and each of their natural keys."""
    by_key: dict[tuple[str, Key], list[Draft]] = {}
    for draft in drafts:
        for key in _keys(draft):
            by_key.setdefault((draft.kind, key), []).append(draft)
    return by_key


def _keys(draft: Draft) -> list[Key]:
    """Return the draft key of a draft, and each of its natural keys."""
    return [draft.key, *(NaturalKey(field, value) for field, value in draft.identity.items())]


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
