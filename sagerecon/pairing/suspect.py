"""A record that Sage may hold already although no run has written it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from sagerecon.model.code import Code
from sagerecon.model.draft import Body, Draft, node_document
from sagerecon.model.entity import Entity
from sagerecon.model.value import fingerprint

#: The findings with which a run sets a record aside for being suspected.
SUSPICIONS = frozenset({Code.AMBIGUOUS, Code.DIFFERS, Code.EXISTS, Code.UNCERTAIN_IN_SAGE})


class _Record(Protocol):
    """A record with the body that would be created."""

    @property
    def kind(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def body(self) -> Body: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A record that must not be created before it is decided whether Sage holds it already."""

    kind: str
    key: str
    entities: tuple[Entity, ...]  #: those that it may be, as they were last read
    reason: str  #: one sentence
    content: str = ""  #: the fingerprint of the body that was compared with them
    seen_at: int = 0  #: when they were compared, in milliseconds since 1970
    by_key: bool = False  #: whether a run that looks for the record's natural key finds them again
    gone: tuple[str, ...] = ()  #: the Sage ids of those that are no longer in Sage
    owners: Mapping[str, str] = field(default_factory=dict)  #: by Sage id, the record that has the entity
    is_equal: bool = False  #: the one entity has all that the record has
    is_adoptable: bool = (
        False  #: it was found by its key, too; a plan adopts it unless a decision says otherwise
    )

    @classmethod
    def of(
        cls, record: _Record, entities: Sequence[Entity], reason: str, now: int, *, by_key: bool = False
    ) -> Self:
        """Return the suspicion that one of these entities is a record.

        Args:
            record: a draft, or a step with its body.
            now: milliseconds since 1970.
            by_key: whether a look for the record's natural key has found them.
        """
        return cls(
            kind=record.kind,
            key=record.key,
            entities=tuple(entities),
            reason=reason,
            content=fingerprint(node_document(record.body)),
            seen_at=now,
            by_key=by_key,
        )

    @property
    def sage_ids(self) -> tuple[str, ...]:
        """The Sage ids of the entities that are in Sage."""
        return tuple(entity.sage_id for entity in self.entities)

    def still_concerns(self, draft: Draft) -> bool:
        """Return whether it keeps a draft from being created.

        A draft that was changed since is looked for by its natural key again as it is created; what was found
        otherwise, no look would find.
        """
        return not self.by_key or self.content == fingerprint(node_document(draft.body))
