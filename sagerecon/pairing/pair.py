"""Pair the records of the source with those of earlier runs: one position for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, Outcome, node_document
from sagerecon.model.entity import Entity, Written
from sagerecon.model.value import fingerprint
from sagerecon.pairing.agreement import AGREED, ComparisonRules, agreement
from sagerecon.pairing.aliases import Aliases, under_todays_key
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.pairing.renames import MappingNames, Rename, find_renames

#: Kind and draft key of a record.
RecordKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What earlier runs recorded: the fingerprint of each body, and the records a pairing needs in full."""

    contents: Mapping[RecordKey, str] = field(default_factory=dict)
    written: Mapping[RecordKey, Written] = field(default_factory=dict)

    def under(self, aliases: Aliases) -> Recorded:
        """Return the records as if they had been written under the keys that they have now."""
        written = {key: under_todays_key(record, aliases) for key, record in self.written.items()}
        renamed = {key: written[key] for key in aliases if key in written}
        kept = {key: content for key, content in self.contents.items() if key not in renamed}
        return Recorded(
            contents={**kept, **{(record.kind, record.key): record.content for record in renamed.values()}},
            written={(record.kind, record.key): record for record in written.values()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFromSage:
    """The entities that were read from Sage, by kind and Sage id, and the identities behind their links.

    An entity without a body is one that Sage did not find when it was asked for it.
    """

    entities: Mapping[tuple[str, str], EntityReading] = field(default_factory=dict)
    deleted: Set[tuple[str, str]] = frozenset()  #: those that Sage reports as deleted
    identities: Identities = field(default_factory=Identities)
    ours: Set[str] = frozenset()  #: of the entities inside them, those that our own records made


NOT_READ = ReadFromSage()


def needed_in_full(outcomes: Sequence[Outcome], contents: Mapping[RecordKey, str]) -> frozenset[RecordKey]:
    """Return the recorded records that pairing compares: those changed, left out or lost in the source.

    Args:
        contents: the fingerprint of the body that was recorded, by kind and draft key.
    """
    unchanged = {
        (outcome.kind, outcome.key)
        for outcome in outcomes
        if isinstance(outcome, Draft) and _is_as_recorded(outcome, contents.get((outcome.kind, outcome.key)))
    }
    return frozenset(contents.keys() - unchanged)


def pair_with_recorded(
    outcomes: Sequence[Outcome],
    recorded: Recorded,
    catalog: Catalog,
    comparisons: Mapping[str, Mapping[str, Comparison]] = {},
    read: ReadFromSage = NOT_READ,
    apart: Set[str] = frozenset(),
) -> list[Position]:
    """Return a position for each record of the source, then one for each record that the source lost.

    Where Sage was not read since a write, its answer to the write is taken as what it holds. What it may hold
    besides is read by the plan before it writes. A lost record that may be a new draft under another key is
    in that draft's position.

    Args:
        recorded: `written` has at least the records that `needed_in_full` names.
        comparisons: the comparison rules of each mapping, by field path.
        apart: the keys of drafts that are certainly none of the records written earlier.
    """
    present = {(outcome.kind, outcome.key) for outcome in outcomes}
    lost = [recorded.written[key] for key in sorted(recorded.contents.keys() - present)]
    new = [o for o in outcomes if isinstance(o, Draft) and (o.kind, o.key) not in recorded.contents]
    names = MappingNames(
        now={outcome.key.partition("/")[0] for outcome in outcomes},
        earlier={key.partition("/")[0] for _, key in recorded.contents},
    )
    rules = _Rules(catalog, comparisons, read)
    renames = find_renames(new, lost, names, catalog)
    renames = {key: rename for key, rename in renames.items() if key not in apart}
    renamed = {(record.kind, record.key) for rename in renames.values() for record in rename.earlier}
    return [
        *(_position(o, recorded, renames.get(o.key), rules, read) for o in outcomes),
        *(_lost(record) for record in lost if (record.kind, record.key) not in renamed),
    ]


@dataclass(frozen=True, slots=True)
class _Rules:
    """How drafts are compared, whatever their mapping."""

    catalog: Catalog
    comparisons: Mapping[str, Mapping[str, Comparison]]
    read: ReadFromSage

    def of(self, draft: Draft) -> ComparisonRules:
        """Return how a draft is compared."""
        fields = self.catalog[draft.kind].fields
        rules = self.comparisons.get(draft.mapping, {})
        return ComparisonRules(fields, rules, self.read.identities, self.read.ours)


def _position(
    outcome: Outcome, recorded: Recorded, rename: Rename | None, rules: _Rules, read: ReadFromSage
) -> Position:
    key = (outcome.kind, outcome.key)
    content, written = recorded.contents.get(key), recorded.written.get(key)
    found = None if written is None else _read_since(written, read)
    is_deleted = found is not None and _is_deleted(found.entity, read)
    is_absent = found is not None and (is_deleted or not found.entity.body)
    held = None if is_absent else found
    compared = AGREED
    if isinstance(outcome, Draft) and written is not None:
        entity = None if held is None else held.entity
        compared = agreement(outcome, written, entity, rules.of(outcome))
    return Position(
        kind=outcome.kind,
        key=outcome.key,
        outcome=outcome,
        content=content,
        written=written,
        held=held,
        coverage=_coverage(content, is_absent=is_absent),
        is_deleted=is_deleted,
        rename=rename,
        agreement=compared,
    )


def _coverage(content: str | None, *, is_absent: bool) -> Coverage:
    """Return how much was read; Sage was asked for the entity itself where it is known to be absent."""
    if is_absent:
        return Coverage.WHOLE
    return Coverage.BEFORE_WRITING if content is None else Coverage.AS_ANSWERED


def _is_deleted(entity: Entity, read: ReadFromSage) -> bool:
    return is_gone(entity) or (entity.kind, entity.sage_id) in read.deleted


def _read_since(written: Written, read: ReadFromSage) -> EntityReading | None:
    """Return the entity of a record if it was read after the record was written.

    The instant of a write is that of its answer, so that a reading of the same instant shows it.
    """
    found = read.entities.get((written.kind, written.sage_id))
    return found if found is not None and found.read_at >= written.written_at else None


def _lost(record: Written) -> Position:
    return Position(
        kind=record.kind,
        key=record.key,
        content=record.content,
        written=record,
        coverage=Coverage.AS_ANSWERED,
    )


def _is_as_recorded(draft: Draft, content: str | None) -> bool:
    """Return whether a draft has the recorded content; an empty fingerprint is that of no known body."""
    return content is not None and content in ("", fingerprint(node_document(draft.body)))
