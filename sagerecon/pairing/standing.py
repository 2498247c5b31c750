"""The standing of a record: one of a closed set, by the first row of a table that applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sagerecon.pairing.held import Origin
from sagerecon.pairing.key_ladder import MatchMethod
from sagerecon.pairing.position import Coverage, Position, Source


class Standing(Enum):
    """How the sides of a record compare. The value is what people read."""

    DUPLICATE_IN_SOURCE = "duplicate in the source"  #: several of its records have one identity or entity
    QUARANTINED = "quarantined"
    LEFT_OUT = "left out"  #: by a named rule or gone from the source, and not in Sage
    GONE_FROM_SOURCE = "gone from the source"  #: written, and not in the source now or left out since
    NOT_READ = "not read"  #: it is not known whether Sage holds it
    ALREADY_IN_SAGE = "already in Sage"  #: not written by us; one entity has its key or content
    DUPLICATE_IN_SAGE = "duplicate in Sage"  #: not written by us; several entities have its key or content
    RENAMED_IN_SOURCE = "renamed in the source"  #: it may be a record that was written under another key
    NEW = "new"
    UNCHANGED = "unchanged"
    SOURCE_CHANGED = "source changed"
    EDITED_IN_SAGE = "edited in Sage"
    CONVERGED = "converged"  #: source and Sage were changed alike
    BOTH_CHANGED = "both changed"
    DELETED_IN_SAGE = "deleted in Sage"
    MISSING_IN_SAGE = "missing in Sage"
    SYSTEM = "system"  #: made by Sage itself along with a record of ours
    THERE_BEFORE = "there before"  #: in Sage before the first run
    UNKNOWN_IN_SAGE = "unknown in Sage"  #: created after the first run, and not by us


def standing(position: Position) -> Standing:
    """Return the standing of a record: that of the first row that applies."""
    return next(row.standing for row in ROWS if row.applies(position))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: what the sides must be, with None for any, and what else must be true."""

    standing: Standing
    source: Source | None = None
    written: bool | None = None
    held: bool | None = None
    when: Callable[[Position], bool] = lambda _: True

    def applies(self, position: Position) -> bool:
        """Return whether the row describes this position."""
        return (
            self.source in (None, position.source)
            and self.written in (None, position.is_written)
            and self.held in (None, position.is_held)
            and self.when(position)
        )


def _is_unread(position: Position) -> bool:
    """Return whether the entity may be in Sage without having been read. One reported as deleted is not."""
    return position.coverage is not Coverage.WHOLE and not position.is_deleted


def _is_not_looked_for(position: Position) -> bool:
    """Return whether Sage may hold an entity that nothing has found: its kind could not be read whole.

    A kind that was not asked for at all matters where the mapping looks for an existing entity. One that a
    comparison has found already is not looked for.
    """
    is_read = position.coverage in (Coverage.WHOLE, Coverage.BEFORE_WRITING)
    is_missed = position.coverage is Coverage.FAILED or (position.looks_for_existing and not is_read)
    return is_missed and not _alike(position)


def _is_matched(position: Position) -> bool:
    """Return whether one entity has its natural key, or may be it by what both hold."""
    return position.match_method is MatchMethod.NATURAL_KEY or _alike(position) == 1


def _is_ambiguous(position: Position) -> bool:
    """Return whether several entities have its natural key, or may be it by what they hold."""
    return position.match_method is MatchMethod.AMBIGUOUS or _alike(position) > 1


def _alike(position: Position) -> int:
    """Return the number of entities that may be the record by what both hold."""
    return len(position.suspect.entities) if position.suspect else 0


def _is_renamed(position: Position) -> bool:
    return position.rename is not None


def _is_shared(position: Position) -> bool:
    """Return whether another record owns its entity."""
    return bool(position.owner)


def _is_unchanged(position: Position) -> bool:
    return not position.agreement.source_changes and not position.agreement.sage_changes


def _is_alike(position: Position) -> bool:
    return not position.agreement.is_due and not position.agreement.is_edited


def _is_not_edited(position: Position) -> bool:
    return not position.agreement.is_edited


def _is_not_due(position: Position) -> bool:
    return not position.agreement.is_due


def _is_absent(position: Position) -> bool:
    return position.is_absent


def _is_deleted(position: Position) -> bool:
    return position.is_deleted


def _is_of(origin: Origin) -> Callable[[Position], bool]:
    return lambda position: position.origin is origin


_DRAFT = Source.DRAFT

#: The first row that applies decides. A kind that was not read whole gives no evidence that an entity is
#: absent, so those rows come before all that depend on it; a report that it was deleted is evidence.
ROWS: tuple[Row, ...] = (
    Row(source=Source.DUPLICATE, standing=Standing.DUPLICATE_IN_SOURCE),
    Row(source=Source.QUARANTINED, standing=Standing.QUARANTINED),
    Row(source=Source.LEFT_OUT, written=False, standing=Standing.LEFT_OUT),
    Row(source=Source.LEFT_OUT, written=True, when=_is_absent, standing=Standing.LEFT_OUT),
    Row(source=Source.NOTHING, written=True, when=_is_absent, standing=Standing.LEFT_OUT),
    Row(source=Source.LEFT_OUT, written=True, standing=Standing.GONE_FROM_SOURCE),
    Row(written=True, held=False, when=_is_unread, standing=Standing.NOT_READ),
    Row(source=_DRAFT, written=False, held=False, when=_is_not_looked_for, standing=Standing.NOT_READ),
    Row(source=_DRAFT, written=False, when=_is_ambiguous, standing=Standing.DUPLICATE_IN_SAGE),
    Row(source=_DRAFT, written=False, when=_is_matched, standing=Standing.ALREADY_IN_SAGE),
    Row(source=_DRAFT, written=False, when=_is_renamed, standing=Standing.RENAMED_IN_SOURCE),
    Row(source=_DRAFT, written=False, standing=Standing.NEW),
    Row(source=_DRAFT, written=True, held=True, when=_is_shared, standing=Standing.DUPLICATE_IN_SOURCE),
    Row(source=_DRAFT, written=True, held=True, when=_is_unchanged, standing=Standing.UNCHANGED),
    Row(source=_DRAFT, written=True, held=True, when=_is_alike, standing=Standing.CONVERGED),
    Row(source=_DRAFT, written=True, held=True, when=_is_not_edited, standing=Standing.SOURCE_CHANGED),
    Row(source=_DRAFT, written=True, held=True, when=_is_not_due, standing=Standing.EDITED_IN_SAGE),
    Row(source=_DRAFT, written=True, held=True, standing=Standing.BOTH_CHANGED),
    Row(source=Source.NOTHING, written=True, standing=Standing.GONE_FROM_SOURCE),
    Row(source=_DRAFT, written=True, held=False, when=_is_deleted, standing=Standing.DELETED_IN_SAGE),
    Row(source=_DRAFT, written=True, held=False, standing=Standing.MISSING_IN_SAGE),
    Row(when=_is_of(Origin.CREATED_BY_SAGE), standing=Standing.SYSTEM),
    Row(when=_is_of(Origin.PRE_EXISTING), standing=Standing.THERE_BEFORE),
    Row(standing=Standing.UNKNOWN_IN_SAGE),
)
