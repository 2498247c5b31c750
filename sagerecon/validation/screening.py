"""Quarantine drafts that break a rule, that share a key, or that refer to a record that will not be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import Key, NaturalKey
from sagerecon.validation.rule import BusinessSettings, described, place_of
from sagerecon.validation.rules import RULES


def screen(outcomes: Sequence[Outcome], catalog: Catalog, settings: BusinessSettings) -> list[Outcome]:
    """Return the outcomes, with each draft that must not be sent replaced by a `Quarantined`.

    A draft is quarantined when a rule finds an error in it, when another draft has the same key, or when it
    refers to a record that is not sent. The last is repeated until no further draft is affected.
    """
    screened = [_checked(outcome, catalog, settings) for outcome in outcomes]
    return _without_orphans(_without_duplicates(screened))


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


def _checked(outcome: Outcome, catalog: Catalog, settings: BusinessSettings) -> Outcome:
    """Return the outcome, quarantined where a rule finds an error."""
    if not isinstance(outcome, Draft):
        return outcome
    findings = [f for rule in RULES for f in rule(outcome, catalog, settings) if f.severity is Severity.ERROR]
    return quarantined(outcome, findings) if findings else outcome


def _without_duplicates(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes, with all drafts quarantined that share a key: they would be one entity in Sage."""
    found = _duplicate_findings([outcome for outcome in outcomes if isinstance(outcome, Draft)])
    return [
        quarantined(outcome, found[id(outcome)])
        if isinstance(outcome, Draft) and id(outcome) in found
        else outcome
        for outcome in outcomes
    ]


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
        keys: list[Key] = [
            draft.key,
            *(NaturalKey(field, value) for field, value in draft.identity.items()),
        ]
        for key in keys:
            by_key.setdefault((draft.kind, key), []).append(draft)
    return by_key


def _without_orphans(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the outcomes, with drafts quarantined that refer to a record of ours that is not sent.

    A reference by natural key is kept: the entity may be in Sage already.
    """
    while True:
        keys = {(o.kind, o.key) for o in outcomes if isinstance(o, Draft)}
        others = [outcome for outcome in outcomes if not isinstance(outcome, Draft)]
        not_sent: dict[tuple[str, Key], Outcome] = {(other.kind, other.key): other for other in others}
        screened: list[Outcome] = []
        for outcome in outcomes:
            missing = _missing(outcome, keys) if isinstance(outcome, Draft) else []
            if isinstance(outcome, Draft) and missing:
                findings = list(_orphan_findings(outcome, missing, not_sent))
                screened.append(quarantined(outcome, findings))
            else:
                screened.append(outcome)
        if screened == outcomes:
            return screened
        outcomes = screened


def _missing(draft: Draft, keys: Set[tuple[str, str]]) -> list[Reference]:
    return [r for r in draft.references if isinstance(r.key, str) and (r.kind, r.key) not in keys]


def _orphan_findings(
    draft: Draft, missing: Sequence[Reference], not_sent: Mapping[tuple[str, Key], Outcome]
) -> Iterator[Finding]:
    for reference in dict.fromkeys(missing):
        record = not_sent.get((reference.kind, reference.key))
        where = f" ({record.origins[0]})" if record is not None and record.origins else ""
        if isinstance(record, Quarantined):
            why, hint = f"{record.label or reference.key}{where} is quarantined", "Correct that record first."
        elif record is not None:
            why, hint = f"{record.label or reference.key}{where} is left out", "Leave this one out as well."
        else:
            why, hint = f"there is no {reference}", "Add the record, or correct the key in the source."
        yield Finding(
            Code.REFERENCE_MISSING,
            place_of(draft),
            f"{described(draft)} refers to a record that will not be in Sage: {why}.",
            hint,
        )
