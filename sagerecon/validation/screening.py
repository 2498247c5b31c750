"""Drafts that break a rule are quarantined with every reason, and so is what cannot stand without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Outcome, Quarantined, Reference
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.key import Key, NaturalKey
from sagerecon.validation.rules import RULES, Books, named


def screen(outcomes: Sequence[Outcome], catalog: Catalog, books: Books) -> list[Outcome]:
    """The outcomes, with each draft that must not be sent as it is turned into a `Quarantined`.

    A draft goes when a rule finds an error in it, when two bear one key, or when it refers to a record
    that has gone; the last is carried on until nothing changes. The rest proceeds.
    """
    screened = [_by_rules(outcome, catalog, books) for outcome in outcomes]
    screened = _without_twins(screened)
    return _without_orphans(screened)


def quarantined(draft: Draft, findings: Sequence[Finding]) -> Quarantined:
    """The draft set aside, with its reasons."""
    return Quarantined(draft.kind, draft.key, tuple(findings), draft.origins, draft.amount, draft.label)


def _by_rules(outcome: Outcome, catalog: Catalog, books: Books) -> Outcome:
    if not isinstance(outcome, Draft):
        return outcome
    findings = [f for rule in RULES for f in rule(outcome, catalog, books) if f.severity is Severity.ERROR]
    return quarantined(outcome, findings) if findings else outcome


def _without_twins(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Two drafts of one kind with one natural key would be one entity in Sage: both wait for a person."""
    twins: dict[tuple[str, Key], list[Draft]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Draft):
            twins.setdefault((outcome.kind, outcome.key), []).append(outcome)
            for field, value in outcome.identity.items():
                twins.setdefault((outcome.kind, NaturalKey(field, value)), []).append(outcome)
    found: dict[int, list[Finding]] = {}
    told: set[frozenset[int]] = set()
    for (kind, key), drafts in twins.items():
        group = frozenset(id(draft) for draft in drafts)
        if len(drafts) < 2 or group in told:
            continue
        told.add(group)
        for draft in drafts:
            others = ", ".join(str(o.origins[0]) for o in drafts if o is not draft and o.origins)
            found.setdefault(id(draft), []).append(
                Finding(
                    Code.DUPLICATE_KEY,
                    draft.origins[0] if draft.origins else draft.place,
                    f"{named(draft)} has the same {kind} key as another record ({key}; see {others}).",
                    "Give each its own key, or leave one out by a named rule.",
                )
            )
    return [
        quarantined(outcome, found[id(outcome)])
        if isinstance(outcome, Draft) and id(outcome) in found
        else outcome
        for outcome in outcomes
    ]


def _without_orphans(outcomes: list[Outcome]) -> list[Outcome]:
    """Drafts whose reference leads to no draft of ours; a natural key may be in Sage already and stays."""
    while True:
        keys = {(o.kind, o.key) for o in outcomes if isinstance(o, Draft)}
        others = [outcome for outcome in outcomes if not isinstance(outcome, Draft)]
        gone: dict[tuple[str, Key], Outcome] = {(other.kind, other.key): other for other in others}
        screened: list[Outcome] = []
        for outcome in outcomes:
            missing = _missing(outcome, keys) if isinstance(outcome, Draft) else []
            if isinstance(outcome, Draft) and missing:
                screened.append(quarantined(outcome, list(_orphan_findings(outcome, missing, gone))))
            else:
                screened.append(outcome)
        if screened == outcomes:
            return screened
        outcomes = screened


def _missing(draft: Draft, keys: Set[tuple[str, str]]) -> list[Reference]:
    return [r for r in draft.references() if isinstance(r.key, str) and (r.kind, r.key) not in keys]


def _orphan_findings(
    draft: Draft, missing: Sequence[Reference], gone: Mapping[tuple[str, Key], Outcome]
) -> Iterator[Finding]:
    for reference in dict.fromkeys(missing):
        record = gone.get((reference.kind, reference.key))
        where = f" ({record.origins[0]})" if record is not None and record.origins else ""
        if isinstance(record, Quarantined):
            why, hint = f"{record.label or reference.key}{where} is quarantined", "Mend that record first."
        elif record is not None:
            why, hint = f"{record.label or reference.key}{where} is left out", "Leave this one out as well."
        else:
            why, hint = f"there is no {reference}", "Add the record, or correct the key in the source."
        yield Finding(
            Code.REFERENCE_MISSING,
            draft.origins[0] if draft.origins else draft.place,
            f"{named(draft)} refers to a record that will not be in Sage: {why}.",
            hint,
        )
