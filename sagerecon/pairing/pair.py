"""Pair the records of the source with those of earlier runs: one position for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from sagerecon.model.catalog import Catalog
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, LeftOut, Outcome, node_document
from sagerecon.model.entity import Written
from sagerecon.model.value import fingerprint
from sagerecon.pairing.agreement import agreement
from sagerecon.pairing.aliases import Aliases, under_todays_key
from sagerecon.pairing.comparison_rules import ComparisonRules
from sagerecon.pairing.held_references import with_held_references
from sagerecon.pairing.identity import Identities, as_decimal
from sagerecon.pairing.owners import RecordKey, owners_of_shared
from sagerecon.pairing.position import Coverage, Position
from sagerecon.pairing.read_from_sage import NOT_READ, ReadFromSage, written_position
from sagerecon.pairing.renames import MappingNames, Rename, find_renames


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
    outcomes = tuple(with_held_references(outcomes, recorded.contents.keys()))
    read = read.with_matches(outcomes, recorded.contents.keys(), recorded.written, catalog, comparisons)
    present = {(outcome.kind, outcome.key) for outcome in outcomes}
    lost = [recorded.written[key] for key in sorted(recorded.contents.keys() - present)]
    new = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Draft)
        and (outcome.kind, outcome.key) not in recorded.contents
        and outcome.key not in apart
    ]
    names = MappingNames(
        now={outcome.key.partition("/")[0] for outcome in outcomes},
        earlier={key.partition("/")[0] for _, key in recorded.contents},
    )
    rules = _Rules(catalog, comparisons, read.identities)
    owners = owners_of_shared(recorded.written.values(), outcomes)
    renames = find_renames(new, lost, names, catalog, read.identities)
    renamed = {(record.kind, record.key) for rename in renames.values() for record in rename.earlier}
    return [
        *(_position(o, recorded, renames.get(o.key), rules, read, owners) for o in outcomes),
        *(_lost(record, None, rules, read) for record in lost if (record.kind, record.key) not in renamed),
    ]


@dataclass(frozen=True, slots=True)
class _Rules:
    """How drafts are compared, whatever their mapping."""

    catalog: Catalog
    comparisons: Mapping[str, Mapping[str, Comparison]]
    identities: Identities

    def of(self, kind: str, mapping: str) -> ComparisonRules:
        """Return how the records of a kind and a mapping are compared."""
        return ComparisonRules(self.catalog[kind].fields, self.comparisons.get(mapping, {}), self.identities)


def _position(
    outcome: Outcome,
    recorded: Recorded,
    rename: Rename | None,
    rules: _Rules,
    read: ReadFromSage,
    owners: Mapping[RecordKey, str],
) -> Position:
    key = (outcome.kind, outcome.key)
    content, written = recorded.contents.get(key), recorded.written.get(key)
    if written is None:
        is_renamed, is_new = rename is not None, content is None
        return Position(
            kind=outcome.kind,
            key=outcome.key,
            outcome=outcome,
            content=content,
            coverage=Coverage.BEFORE_WRITING if is_new else Coverage.AS_ANSWERED,
            rename=rename,
            suspect=read.suspect_of(outcome, is_renamed=is_renamed) if is_new else None,
            looked_up=read.looked_up(outcome, is_renamed=is_renamed) if is_new else "",
        )
    owner = owners.get(key, "")
    if isinstance(outcome, LeftOut):
        return _lost(written, outcome, rules, read, owner)
    position = written_position(written, outcome, read, Coverage.AS_ANSWERED, owner=owner)
    if not isinstance(outcome, Draft):
        return position
    found = agreement(outcome, written, position.entity, rules.of(outcome.kind, outcome.mapping))
    return replace(position, agreement=found)


def _lost(
    written: Written, outcome: LeftOut | None, rules: _Rules, read: ReadFromSage, owner: str = ""
) -> Position:
    """Return the position of a record that the source lost or leaves out, with what Sage changed of it.

    Sage's answer to the write counts where nothing was read since.
    """
    position = written_position(written, outcome, read, Coverage.AS_ANSWERED, owner=owner)
    entity = position.entity
    found = agreement(None, written, entity, rules.of(written.kind, written.mapping))
    if entity is None or not found.is_edited:
        return position
    amount = as_decimal(entity.body.get(rules.catalog[written.kind].amount))
    return replace(position, agreement=found, amount=amount)


def _is_as_recorded(draft: Draft, content: str | None) -> bool:
    """Return whether a draft has the recorded content; an empty fingerprint is that of no known body."""
    return content is not None and content in ("", fingerprint(node_document(draft.body)))
