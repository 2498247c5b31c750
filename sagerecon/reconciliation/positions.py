"""The position of each record by the evidence of one reconciliation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft, Outcome
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.pairing.claims import Denied
from sagerecon.pairing.held import Held
from sagerecon.pairing.identity import Identities
from sagerecon.pairing.key_ladder import NO_MATCH
from sagerecon.pairing.position import Coverage, EntityReading, Position
from sagerecon.pairing.read_from_sage import ReadFromSage, written_position
from sagerecon.pairing.renames import MappingNames, Rename, find_renames
from sagerecon.pairing.suspect import SUSPICIONS
from sagerecon.reconciliation.evidence import Evidence
from sagerecon.reconciliation.sage_readings import SageReadings


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was read from Sage, and what the run set aside."""

    sage: Held
    read: ReadFromSage
    incomplete: Mapping[str, str]  #: why each kind that was asked for was not read whole
    deletions_unknown: frozenset[str]
    rejected: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    denied: Denied = field(default_factory=dict)  #: what records are decided not to be

    @classmethod
    def of(
        cls,
        sage: Held,
        read: ReadFromSage,
        readings: SageReadings,
        rejected: Mapping[str, Sequence[Finding]],
        denied: Denied,
    ) -> Facts:
        """Return the facts of one reconciliation."""
        return cls(
            sage=sage,
            read=read,
            incomplete=readings.incomplete,
            deletions_unknown=readings.deletions_unknown,
            rejected=rejected,
            denied=denied,
        )

    def of_written(
        self, outcome: Outcome | None, written: Written, claimed: set[str], owner: str = ""
    ) -> Evidence:
        """Return the evidence of a record that was written.

        Args:
            outcome: None if the source lost it.
            claimed: the Sage ids of the entities that others may be; gets those that this record may be.
            owner: the key of the record that owns its entity, where that is another one.
        """
        unread = Coverage.FAILED if written.kind in self.incomplete else Coverage.NEVER
        why_unread = self.incomplete.get(written.kind, "")
        if written.kind in self.read.whole:
            why_unread = "it was written after the reading of its kind began"
        position = written_position(written, outcome, self.read, unread, owner=owner)
        suspect = position.suspect
        return Evidence(
            position,
            why_unread=why_unread,
            is_deletion_unknown=written.kind in self.deletions_unknown,
            rejected=self.rejected.get(written.key, ()),
            perhaps=None if suspect is None else self._claim(position, suspect.entities, claimed),
        )

    def of_unwritten(
        self,
        outcome: Outcome,
        entity: Entity | None,
        rename: Rename | None,
        claimed: set[str],
    ) -> Evidence:
        """Return the evidence of a record that no run has written.

        A kind that was not asked for is read whole before a plan writes it. A suspect is as in a plan: for
        what a run set aside because of it, the suspect counts, which may have gone since.

        Args:
            entity: that of the one record written earlier that it may be.
            claimed: the Sage ids of the entities that others may be; gets those that this record may be.
        """
        found = self.read.match_of(outcome, is_renamed=rename is not None)
        suspect = self.read.suspect_of(outcome, is_renamed=rename is not None)
        rejected = self.rejected.get(outcome.key, ())
        if suspect is not None or (outcome.kind, outcome.key) in self.read.suspects:
            rejected = [finding for finding in rejected if finding.code not in SUSPICIONS]
        may_be = suspect.entities if suspect is not None else found.entities if found is not None else ()
        denied = self.denied.get((outcome.kind, outcome.key), frozenset())
        if len(may_be) == 1:
            entity = may_be[0] if may_be[0].sage_id not in claimed | denied else None
        is_of_ladder = found is not None and found.entities == may_be
        match = found.match if found is not None and is_of_ladder else NO_MATCH
        position = Position(
            kind=outcome.kind,
            key=outcome.key,
            outcome=outcome,
            held=self._reading(entity),
            coverage=self._coverage(outcome.kind, Coverage.BEFORE_WRITING),
            match_method=match.method,
            rename=rename,
            suspect=suspect,
        )
        why_unread = self.incomplete.get(outcome.kind, "")
        perhaps = self._claim(position, may_be, claimed) if may_be else None
        return Evidence(position, match, why_unread, rejected=rejected, perhaps=perhaps)

    def _claim(self, position: Position, may_be: Sequence[Entity], claimed: set[str]) -> Sequence[Entity]:
        """Return the entities that a record may be and no record before it, and add them to the claimed."""
        denied = self.denied.get((position.kind, position.key), frozenset())
        owners = position.suspect.owners if position.suspect is not None else {}
        taken = claimed | denied | owners.keys()
        claimed.update(entity.sage_id for entity in may_be if entity.sage_id not in denied)
        return [entity for entity in may_be if entity.sage_id not in taken]

    def _coverage(self, kind: str, unasked: Coverage) -> Coverage:
        if kind in self.read.whole:
            return Coverage.WHOLE
        return Coverage.FAILED if kind in self.incomplete else unasked

    def _reading(self, entity: Entity | None) -> EntityReading | None:
        return None if entity is None else EntityReading(entity, self.read.whole.get(entity.kind, 0))


@dataclass(frozen=True, slots=True)
class Renames:
    """The drafts that may be records written earlier under another key."""

    by_key: Mapping[str, Rename]

    @classmethod
    def among(
        cls,
        outcomes: Sequence[Outcome],
        records: Sequence[Written],
        catalog: Catalog,
        identities: Identities,
        apart: Collection[str] = frozenset(),
    ) -> Renames:
        """Return those between what the source has now and what earlier runs wrote.

        Args:
            identities: the id map.
            apart: the keys of drafts that were decided to be none of the records written earlier.
        """
        present = {(outcome.kind, outcome.key) for outcome in outcomes}
        recorded = {(record.kind, record.key) for record in records}
        lost = [record for record in records if (record.kind, record.key) not in present]
        if not lost:
            return cls({})
        lost.sort(key=lambda record: (record.kind, record.key))
        new = [
            outcome
            for outcome in outcomes
            if isinstance(outcome, Draft)
            and (outcome.kind, outcome.key) not in recorded
            and outcome.key not in apart
        ]
        names = MappingNames(
            now={key.partition("/")[0] for _, key in present},
            earlier={record.key.partition("/")[0] for record in records},
        )
        return cls(find_renames(new, lost, names, catalog, identities))

    @property
    def certain(self) -> Mapping[str, Written]:
        """The earlier record of each draft that may be one only, where no other draft may be it."""
        claims: dict[tuple[str, str], int] = {}
        for rename in self.by_key.values():
            for record in rename.earlier:
                claims[record.kind, record.key] = claims.get((record.kind, record.key), 0) + 1
        pairs = {key: rename.earlier[0] for key, rename in self.by_key.items() if len(rename.earlier) == 1}
        return {key: record for key, record in pairs.items() if claims[record.kind, record.key] == 1}
