"""All that is known of one record when its verdict is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagerecon.model.draft import Draft, Outcome, Quarantined
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.pairing.key_ladder import NO_MATCH, Match
from sagerecon.pairing.position import Position


@dataclass(frozen=True, slots=True)
class Evidence:
    """The position of a record, and what a reconciliation knows besides."""

    position: Position
    match: Match = NO_MATCH
    why_unread: str = ""  #: why its kind, which was asked for, was not read whole
    is_deletion_unknown: bool = False  #: the deleted entities of its kind were not read whole
    rejected: Sequence[Finding] = ()  #: why the run set it aside
    #: Those that it may be in Sage, of which no other record's verdict has the effect; None where that is not
    #: asked, for it has one entity or none.
    perhaps: Sequence[Entity] | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What the source gives now."""
        return self.position.outcome

    @property
    def draft(self) -> Draft | None:
        """The draft, if the source gives one."""
        return self.outcome if isinstance(self.outcome, Draft) else None

    @property
    def written(self) -> Written | None:
        """What an earlier run wrote or adopted."""
        return self.position.written

    @property
    def entity(self) -> Entity | None:
        """What Sage holds now; None where it was not found."""
        held = self.position.held
        return None if held is None else held.entity

    @property
    def entities(self) -> Sequence[Entity]:
        """What Sage holds of it, or may hold; each entity is one record's."""
        if self.perhaps is not None:
            return self.perhaps
        return () if self.entity is None else (self.entity,)

    @property
    def is_set_aside(self) -> bool:
        """Whether findings keep the source's record from being sent."""
        return isinstance(self.outcome, Quarantined)

    @property
    def suspicion(self) -> str:
        """Why it may be in Sage already although no run has written it; empty where it is no suspect."""
        suspect = self.position.suspect
        return suspect.reason if suspect is not None and suspect.entities else ""

    @property
    def earlier(self) -> tuple[Written, ...]:
        """The records written earlier that it may be."""
        return self.position.rename.earlier if self.position.rename else ()
