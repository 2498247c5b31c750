"""Which records may not be deleted in Sage, because others that stay there refer to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft, Reference, read_node, references_in
from sagerecon.model.key import Key, NaturalKey
from sagerecon.pairing.answers import DecisionAnswer, proposal
from sagerecon.pairing.consequences import Proposal
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.natural_key import normal_key
from sagerecon.pairing.position import Position
from sagerecon.pairing.settlement import Settlement, WithoutEffect
from sagerecon.pairing.standing import Standing, standing

#: Kind and draft key of a record.
_RecordKey = tuple[str, str]

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class _Link:
    """A record that refers to one that is to be deleted."""

    referrer: _RecordKey
    target: _RecordKey
    is_written: bool  #: in Sage, and not only by the draft


def without_blocked_reversals(
    positions: Sequence[Position], settlement: Settlement, catalog: Catalog
) -> Settlement:
    """Return the decisions without those that delete what a record refers to that stays in Sage."""
    blocked = blocked_reversals(positions, settlement.by_record, catalog)
    if not blocked:
        return settlement
    refused = {id(settlement.by_record[record]): record for record in reversed(list(blocked))}
    impossible = [
        WithoutEffect(settlement.by_record[record], f"{record[1]}: {blocked[record]}")
        for record in refused.values()
    ]
    records = [record for record, found in settlement.by_record.items() if id(found) in refused]
    others = replace(settlement.without(records), impossible=(*settlement.impossible, *impossible))
    return without_blocked_reversals(positions, others, catalog)


def blocked_reversals(
    positions: Iterable[Position], decisions: Mapping[_RecordKey, Decision], catalog: Catalog
) -> dict[_RecordKey, str]:
    """Return why records that are decided to be deleted cannot be, by kind and draft key.

    A record that is deleted for good must be referred to by none; one that is created again, by none that
    is in Sage and stays there. A document that Sage voids stays there, and refers to what it did.
    """
    return Referrers(positions, catalog).blocked(decisions)


class Referrers:
    """What refers to records that may be deleted. It looks through all records once for many questions."""

    def __init__(self, positions: Iterable[Position], catalog: Catalog) -> None:
        self._positions, self._catalog = list(positions), catalog
        self._targets: set[_RecordKey] = set()
        self._found: list[_Link] = []

    def blocked(self, decisions: Mapping[_RecordKey, Decision]) -> dict[_RecordKey, str]:
        """Return why records that are decided to be deleted cannot be, and what to do first."""
        deleted = _deletions(decisions)
        if not deleted:
            return {}
        links = [link for link in self._links(deleted.keys()) if link.target in deleted]
        return _blocked(self._positions, links, deleted, self._catalog)

    def _links(self, records: Set[_RecordKey]) -> Sequence[_Link]:
        """Return the links to these records, among others."""
        if not records <= self._targets:
            gone = {(at.kind, at.key) for at in self._positions if at.is_written and at.outcome is None}
            self._targets |= gone | records
            self._found = list(_links(self._positions, self._targets, self._catalog))
        return self._found


def _deletions(decisions: Mapping[_RecordKey, Decision]) -> dict[_RecordKey, Proposal]:
    """Return what is done about each record that is decided to be deleted."""
    return {
        record: proposal(decision.standing, decision.answer)
        for record, decision in decisions.items()
        if is_deletion(decision)
    }


def _blocked(
    positions: Sequence[Position],
    links: Iterable[_Link],
    deleted: Mapping[_RecordKey, Proposal],
    catalog: Catalog,
) -> dict[_RecordKey, str]:
    """Return why records cannot be deleted, by kind and draft key, and what to do first.

    Args:
        links: to the records that are to be deleted.
        deleted: what is to be done about each of them.
    """
    in_the_way: dict[_RecordKey, list[_Link]] = {}
    void: dict[_RecordKey, list[str]] = {}
    for link in links:
        if _is_in_the_way(link, deleted):
            in_the_way.setdefault(link.target, []).append(link)
        elif link.is_written and catalog[link.referrer[0]].is_voided:
            void.setdefault(link.target, []).append(link.referrer[1])
    for at in positions:
        if at.void_referrers and (at.kind, at.key) in deleted:
            void.setdefault((at.kind, at.key), []).extend(at.void_referrers)
    why_void = "to it, and Sage keeps what it voids; keep it"
    referrers = {link.referrer for links in in_the_way.values() for link in links}
    standings = {record: standing(at) for at in positions if (record := (at.kind, at.key)) in referrers}
    return {
        **{record: f"{_names(keys)} {why_void}" for record, keys in void.items()},
        **{record: _reason(links, standings) for record, links in in_the_way.items()},
    }


def is_deletion(decision: Decision) -> bool:
    """Return whether what is decided begins with a deletion in Sage."""
    return proposal(decision.standing, decision.answer) in (Proposal.REVERSE, Proposal.REPLACE)


def _is_in_the_way(link: _Link, deleted: Mapping[_RecordKey, Proposal]) -> bool:
    """Return whether what a link comes from keeps what it leads to from being deleted."""
    is_for_good = deleted[link.target] is Proposal.REVERSE
    match deleted.get(link.referrer):
        case Proposal.REVERSE:
            return False
        case Proposal.REPLACE:
            return is_for_good and not link.is_written
        case _:
            return is_for_good or link.is_written


def _reason(links: Sequence[_Link], standings: Mapping[_RecordKey, Standing]) -> str:
    """Return what keeps a record from being deleted, and what to do first about that.

    Args:
        standings: of the records that refer to it.
    """
    referrers = dict.fromkeys(link.referrer for link in links)
    written = {link.referrer for link in links if link.is_written}
    them = "that" if len(referrers) == 1 else "these"
    first = dict.fromkeys(
        _way_out(them, standings.get(record), is_written=record in written) for record in referrers
    )
    return f"{_names([key for _, key in referrers])} to it; {' or '.join(first)} first, or keep it"


def _way_out(them: str, found: Standing | None, *, is_written: bool) -> str:
    """Return what to do about a record that refers to one that is to be deleted."""
    if found in (Standing.GONE_FROM_SOURCE, None):
        return f"reverse {them}"
    if found is Standing.SOURCE_CHANGED:
        return f"{DecisionAnswer.REPLACE.value} {them}"
    return f"delete {them} in Sage by hand" if is_written else f"correct {them} in the source"


def _names(keys: Sequence[str]) -> str:
    """Return the records that refer to another, with the verb."""
    names = list(dict.fromkeys(keys))
    more = f" and {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    return f"{', '.join(names[:_EXAMPLES])}{more} {'refers' if len(names) == 1 else 'refer'}"


def _links(positions: Sequence[Position], records: Set[_RecordKey], catalog: Catalog) -> Iterator[_Link]:
    """Yield every link to one of these records."""
    targets = _Targets(positions, records, catalog)
    for position in positions:
        record = (position.kind, position.key)
        for key, references, is_written in _references(position):
            for target in dict.fromkeys(chain.from_iterable(map(targets.get, references))):
                if target != record:
                    yield _Link((position.kind, key), target, is_written)


def _references(position: Position) -> Iterator[tuple[str, Iterable[Reference], bool]]:
    """Yield the references of a record with its key: of its draft, and of what was written of it.

    What was written of a record that is not compared is its draft. One that Sage holds no more refers to
    nothing there.
    """
    if isinstance(position.outcome, Draft):
        is_written = position.is_written and position.written is None
        yield position.key, position.outcome.references, is_written
    if position.written is not None and not position.is_absent:
        yield position.key, references_in(read_node(dict(position.written.sent))), True
    for earlier in position.rename.earlier if position.rename is not None else ():
        yield earlier.key, references_in(read_node(dict(earlier.sent))), True


class _Targets:
    """Records that may be deleted, by the keys with which others refer to them."""

    def __init__(self, positions: Iterable[Position], records: Set[_RecordKey], catalog: Catalog) -> None:
        self._catalog = catalog
        self._kinds = {kind for kind, _ in records}
        self._records: dict[tuple[str, Key], list[_RecordKey]] = {record: [record] for record in records}
        for position in positions:
            if (position.kind, position.key) in records and position.written is not None:
                for field, value in position.written.identity.items():
                    key = self._normal(position.kind, NaturalKey(field, value))
                    self._records.setdefault((position.kind, key), []).append((position.kind, position.key))

    def get(self, reference: Reference) -> Sequence[_RecordKey]:
        """Return the records that a reference may mean."""
        if reference.kind not in self._kinds:
            return ()
        return self._records.get((reference.kind, self._normal(reference.kind, reference.key)), ())

    def _normal(self, kind: str, key: Key) -> Key:
        return normal_key(self._catalog, self._catalog[kind], key) if isinstance(key, NaturalKey) else key
