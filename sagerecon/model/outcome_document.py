"""Outcomes and source records as JSON values, from which the same outcomes and records are read."""

from __future__ import annotations

from typing import Any

from sagerecon.model.draft import Change, Draft, LeftOut, OnExisting, Outcome, Quarantined
from sagerecon.model.finding import finding_document, read_finding
from sagerecon.model.place import Place
from sagerecon.model.record import Record

_DRAFT, _QUARANTINED, _LEFT_OUT = "draft", "quarantined", "left_out"


def outcome_document(outcome: Outcome) -> list[Any]:
    """Return an outcome as a list: its sort, what every outcome has, and what its sort has."""
    every = [outcome.kind, outcome.key, outcome.label, outcome.amount, places_document(outcome.origins)]
    match outcome:
        case Draft():
            changes = [change_document(change) for change in outcome.changes]
            return [
                _DRAFT,
                *every,
                outcome.body,
                dict(outcome.identity),
                outcome.place.address,
                outcome.on_existing.value,
                changes,
                outcome.priority,
            ]
        case Quarantined():
            findings = [finding_document(finding) for finding in outcome.findings]
            orphan = None if outcome.orphan is None else outcome_document(outcome.orphan)
            return [_QUARANTINED, *every, findings, outcome.duplicates, orphan]
        case LeftOut():
            return [_LEFT_OUT, *every, outcome.rule, outcome.reason, outcome.merged_into]


def read_outcome(document: list[Any]) -> Outcome:
    """Return the outcome that `outcome_document` wrote.

    Raises:
        ValueError: the list is not of that form.
    """
    sort, every, rest = document[0], _read_every(document[1:6]), document[6:]
    if sort == _DRAFT:
        return _read_draft(every, rest)
    if sort == _QUARANTINED:
        findings, duplicates, orphan = rest
        found = tuple(read_finding(finding) for finding in findings)
        draft = None if orphan is None else _read_draft(_read_every(orphan[1:6]), orphan[6:])
        return Quarantined(**every, findings=found, duplicates=duplicates, orphan=draft)
    rule, reason, merged_into = rest
    return LeftOut(**every, rule=rule, reason=reason, merged_into=merged_into)


def _read_every(document: list[Any]) -> dict[str, Any]:
    """Return what every outcome has."""
    kind, key, label, amount, origins = document
    return {"kind": kind, "key": key, "label": label, "amount": amount, "origins": read_places(origins)}


def _read_draft(every: dict[str, Any], rest: list[Any]) -> Draft:
    body, identity, place, on_existing, changes, priority = rest
    return Draft(
        **every,
        body=body,
        identity=identity,
        place=Place.parse(place),
        on_existing=OnExisting(on_existing),
        changes=tuple(read_change(change) for change in changes),
        priority=priority,
    )


def record_document(record: Record) -> list[Any]:
    """Return a source record as a list: dataset, key, values, origins."""
    return [record.dataset, record.key, dict(record.values), places_document(record.origins)]


def read_record(document: list[Any]) -> Record:
    """Return the record that `record_document` wrote.

    Raises:
        ValueError: the list is not of that form.
    """
    dataset, key, values, origins = document
    return Record(dataset, key, values, read_places(origins))


def places_document(places: tuple[Place, ...]) -> list[str]:
    """Return places as their addresses."""
    return [place.address for place in places]


def read_places(addresses: list[str]) -> tuple[Place, ...]:
    """Return the places that `places_document` wrote."""
    return tuple([Place.parse(address) for address in addresses])


def change_document(change: Change) -> list[str]:
    """Return a change as JSON."""
    return [change.field, change.before, change.after, change.rule, change.place.address]


def read_change(document: list[str]) -> Change:
    """Return the change that `change_document` wrote."""
    field, before, after, rule, place = document
    return Change(field=field, before=before, after=after, rule=rule, place=Place.parse(place))
