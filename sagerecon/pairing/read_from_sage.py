"""What was read from Sage, and the position of a record by it: plan and proof ask these functions alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from sagerecon.model.catalog import Catalog, Field
from sagerecon.model.comparison import Comparison
from sagerecon.model.draft import Draft, OnExisting, Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.reading import Reading, kinds_read_whole
from sagerecon.pairing.agreement import body_differences
from sagerecon.pairing.comparison_rules import ComparisonRules
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.key_ladder import HeldMatch, KeyLadder, MatchMethod
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.pairing.refusal import Refusal, Refusals
from sagerecon.pairing.suspect import Suspect


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFromSage:
    """The entities that were read from Sage, by kind and Sage id, and the identities behind their links.

    An entity without a body is one that Sage did not find when it was asked for it.
    """

    entities: Mapping[tuple[str, str], EntityReading] = field(default_factory=dict)
    whole: Mapping[str, int] = field(default_factory=dict)  #: kinds read whole -> when that reading began
    deleted: Set[str] = frozenset()  #: Sage ids that Sage reports as deleted
    identities: Identities = field(default_factory=Identities)
    suspects: Mapping[RecordKey, Suspect] = field(default_factory=dict)  #: records that Sage may hold already
    fields: Mapping[str, Mapping[str, Field]] = field(default_factory=dict)  #: by kind of a suspect
    unowned: Sequence[Entity] = ()  #: of kinds read whole, those that may be a draft and that no record owns
    in_doubt: Set[RecordKey] = frozenset()  #: records that a run sent without an answer
    refusals: Refusals = field(default_factory=dict)  #: what Sage refused of a record
    #: By kind and draft key, the keys of the records that runs have voided, and that refer to it still.
    void_referrers: Mapping[RecordKey, tuple[str, ...]] = field(default_factory=dict)
    #: What the key ladder found among them, by kind and key of a draft.
    matches: Mapping[RecordKey, HeldMatch] = field(default_factory=dict)

    def of(self, written: Written) -> EntityReading | None:
        """Return the entity of a record as it was read since it was written; None where it was not.

        It has no body where a reading of its whole kind, begun after the write, did not find it.
        """
        found = self.entities.get((written.kind, written.sage_id))
        began = self.whole.get(written.kind)
        if found is None and began is not None:
            found = EntityReading(Entity(written.kind, written.sage_id, {}), began)
        return found if found is not None and found.read_at >= written.written_at else None

    def is_deleted(self, written: Written, found: EntityReading | None) -> bool:
        """Return whether Sage reports the entity of a record as deleted, or shows it so."""
        if found is not None and found.entity.body:
            return is_gone(found.entity)
        return written.sage_id in self.deleted

    def with_earlier(self, earlier: ReadFromSage) -> ReadFromSage:
        """Return what was read, and what an earlier reading found of the kinds that this one did not read."""
        return replace(
            self,
            entities={**earlier.entities, **self.entities},
            whole={**earlier.whole, **self.whole},
            deleted=self.deleted | earlier.deleted,
        )

    def with_suspects(
        self,
        suspects: Mapping[RecordKey, Suspect],
        owner: Callable[[str, str], str | None],
        catalog: Catalog,
    ) -> ReadFromSage:
        """Return what was read with the suspects, as they are by these readings.

        Args:
            suspects: as comparisons with Sage found them.
            owner: returns the record that has the entity of a kind and Sage id; None where none has it.
        """
        found = {record: self._of_suspect(suspect) for record, suspect in suspects.items()}
        for record, suspect in found.items():
            owners = {entity.sage_id: owner(entity.kind, entity.sage_id) for entity in suspect.entities}
            known = {sage_id: key for sage_id, key in owners.items() if key is not None}
            found[record] = replace(suspect, owners=known)
        fields = {kind: catalog[kind].fields for kind, _ in found}
        return replace(self, suspects=found, fields=fields)

    def with_matches(
        self,
        outcomes: Iterable[Outcome],
        contents: Collection[RecordKey],
        written: Mapping[RecordKey, Written],
        catalog: Catalog,
        comparisons: Mapping[str, Mapping[str, Comparison]],
    ) -> ReadFromSage:
        """Return what was read with the entities that drafts may be of which Sage holds no entity of ours.

        Args:
            contents: kind and key of the records that runs have written.
            written: what was written of those that may be in Sage no more.
            comparisons: the comparison rules of each mapping, by field path.
        """
        if not self.unowned:
            return self
        drafts = [
            outcome
            for outcome in outcomes
            if isinstance(outcome, Draft)
            and (
                (outcome.kind, outcome.key) not in contents
                or self._is_absent(written.get((outcome.kind, outcome.key)))
            )
        ]
        ladder = KeyLadder(
            catalog=catalog,
            identities=self.identities,
            comparisons=comparisons,
            seen_at=self.whole,
            in_doubt=self.in_doubt,
        )
        taken = {sage_id for suspect in self.suspects.values() for sage_id in suspect.sage_ids}
        held = (entity for entity in self.unowned if entity.sage_id not in self.deleted)
        return replace(self, matches=self._each_entity_once(ladder.match(drafts, held, taken)))

    def match_of(self, outcome: Outcome, *, is_renamed: bool = False) -> HeldMatch | None:
        """Return what the key ladder found for a draft.

        Args:
            is_renamed: the draft may be a record written earlier; that is to be decided first.
        """
        if is_renamed or not isinstance(outcome, Draft):
            return None
        return self.matches.get((outcome.kind, outcome.key))

    def looked_up(self, outcome: Outcome, *, is_renamed: bool = False) -> str:
        """Return the Sage id of the entity that the run which creates a draft adopts; empty for none."""
        match = self.match_of(outcome, is_renamed=is_renamed)
        return match.entities[0].sage_id if match is not None and match.is_adopted else ""

    def suspect_of(
        self, outcome: Outcome, *, is_renamed: bool = False, is_written: bool = False
    ) -> Suspect | None:
        """Return the entities that a record may be which no run has written, or which is no longer in Sage.

        One that a run found by its natural key, and that was corrected in Sage since until it is equal, is no
        suspect any more: the next run finds it again, and adopts it if it is equal still.

        Args:
            is_renamed: the draft may be a record written earlier.
            is_written: an earlier run wrote it; what it may be now is always to be decided.
        """
        if not isinstance(outcome, Draft):
            return None
        kept = self.suspects.get((outcome.kind, outcome.key))
        if kept is not None and (not kept.still_concerns(outcome) or self._is_corrected(outcome, kept)):
            kept = None
        match = self.match_of(outcome, is_renamed=is_renamed)
        if match is None or (match.is_adopted and not is_written):
            return kept
        if kept is not None and kept.entities and not _is_answered(kept, match.suspect):
            return kept
        return match.suspect if kept is None else replace(match.suspect, gone=kept.gone)

    def refusals_of(self, written: Written, outcome: Outcome | None) -> tuple[Refusal, ...]:
        """Return what Sage refused of a record, and would be sent to it as it was."""
        refused = self.refusals.get((written.kind, written.key), ())
        found = self.of(written) if refused else None
        return tuple(
            one
            for one in refused
            if one.holds(outcome, written, found.entity if found and found.read_at > one.at else None)
        )

    def _each_entity_once(self, matches: Mapping[RecordKey, HeldMatch]) -> Mapping[RecordKey, HeldMatch]:
        """Return the matches; what several records may be is adopted for none of them without a decision."""
        claims: dict[str, set[RecordKey]] = {}
        for record, suspect in [*self.suspects.items(), *((at, m.suspect) for at, m in matches.items())]:
            for sage_id in suspect.sage_ids:
                claims.setdefault(sage_id, set()).add(record)
        return {
            record: match
            if all(len(claims[sage_id]) == 1 for sage_id in match.suspect.sage_ids)
            else replace(match, suspect=replace(match.suspect, is_adoptable=False))
            for record, match in matches.items()
        }

    def _is_absent(self, written: Written | None) -> bool:
        """Return whether the entity of a record that was written is known to be in Sage no more."""
        if written is None:
            return False
        found = self.of(written)
        return self.is_deleted(written, found) or (found is not None and not found.entity.body)

    def _is_corrected(self, draft: Draft, suspect: Suspect) -> bool:
        """Return whether the one entity that a draft may be is equal to it by a reading since."""
        if not suspect.by_key or len(suspect.entities) != 1 or suspect.owners:
            return False
        (entity,) = suspect.entities
        rules = ComparisonRules(self.fields[draft.kind], identities=self.identities)
        is_adopted = draft.on_existing is OnExisting.ADOPT_IF_EQUAL
        return is_adopted and bool(entity.body) and not body_differences(draft.body, entity, rules)

    def _of_suspect(self, suspect: Suspect) -> Suspect:
        """Return a suspect with its entities as they were read since, without those that are gone."""
        there = []
        for entity in suspect.entities:
            reading = self.entities.get((entity.kind, entity.sage_id))
            now = reading.entity if reading is not None and reading.read_at > suspect.seen_at else entity
            is_missed = reading is None and self.whole.get(entity.kind, 0) > suspect.seen_at
            is_missed = is_missed or (now is not entity and not now.body)
            if not (is_missed or is_gone(now) or entity.sage_id in self.deleted):
                there.append(now)
        ids = {entity.sage_id for entity in there}
        gone = tuple(sage_id for sage_id in suspect.sage_ids if sage_id not in ids)
        return replace(suspect, entities=tuple(there), gone=gone)


def _is_answered(kept: Suspect, found: Suspect) -> bool:
    """Return whether a reading since shows that the entity which a record may be is equal to it."""
    return kept.sage_ids == found.sage_ids and found.is_equal and found.seen_at >= kept.seen_at


NOT_READ = ReadFromSage()


def as_listed(
    listings: Iterable[Reading],
    entities: Iterable[Entity],
    deleted: Set[str] = frozenset(),
    identities: Identities | None = None,
    read_until: int = 0,
) -> ReadFromSage:
    """Return what the listings of a reconciliation found.

    A kind that was not read whole says nothing about its entities, but for those that it shows as deleted.
    Those are deleted whenever they were read.

    Args:
        read_until: an instant up to which every record was written before Sage was read. It is known where
            the id map is as it was then; two clocks that were compared with Sage's differ by seconds.
    """
    found, shown = tuple(listings), tuple(entities)
    whole = kinds_read_whole(found)
    began: dict[str, int] = {}
    for reading in found:
        began[reading.kind] = min(reading.started_at, began.get(reading.kind, reading.started_at))
    began = {kind: max(at, read_until) for kind, at in began.items()}
    return ReadFromSage(
        entities={
            (entity.kind, entity.sage_id): EntityReading(entity, began[entity.kind])
            for entity in shown
            if entity.kind in whole
        },
        whole={kind: at for kind, at in began.items() if kind in whole},
        deleted={*deleted, *(entity.sage_id for entity in shown if is_gone(entity))},
        identities=Identities() if identities is None else identities,
    )


def written_position(
    written: Written, outcome: Outcome | None, read: ReadFromSage, unread: Coverage, *, owner: str = ""
) -> Position:
    """Return the position of a record of an earlier run, without the agreement of its sides.

    Where it is no longer in Sage, a user may have entered another entity there.

    Args:
        outcome: what the source gives now; None where it lost the record.
        unread: how much was read where the entity was not read since it was written.
        owner: the key of the record that owns its entity, where that is another one.
    """
    found = read.of(written)
    is_deleted = read.is_deleted(written, found)
    is_absent = is_deleted or (found is not None and not found.entity.body)
    suspect = read.suspect_of(outcome, is_written=True) if is_absent and outcome is not None else None
    return Position(
        kind=written.kind,
        key=written.key,
        outcome=outcome,
        content=written.content,
        written=written,
        held=None if is_absent else found,
        coverage=Coverage.WHOLE if found is not None or is_deleted else unread,
        is_deleted=is_deleted,
        match_method=MatchMethod.ID_MAP,
        owner=owner,
        suspect=suspect if suspect is not None and suspect.entities else None,
        void_referrers=read.void_referrers.get((written.kind, written.key), ()),
        refusals=read.refusals_of(written, outcome),
    )
