"""What Sage must already hold: entities that drafts refer to, made by no draft and no earlier run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import references_in
from sagerecon.model.key import Key, NaturalKey
from sagerecon.pairing.natural_key import normal_key
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.step import AdoptStep, CreateStep, SkipStep, Step, UpdateStep, WriteStep, place_of

#: The share of the writes, in per cent, above which a run does not begin while they are blocked.
STOP_WHEN_BLOCKED = Decimal(5)

#: Users of an entity that the plan names as examples.
_EXAMPLES = 3

#: Kind and natural key of an entity, in the spelling of `normal_key`.
EntityKey = tuple[str, NaturalKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """An entity that Sage must hold."""

    kind: str
    key: NaturalKey
    users: int  #: records to be written that refer to it
    blocked: int  #: records that cannot be written without it: its users, and what refers to these
    examples: tuple[str, ...]  #: where in the source the first users are

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


def requirements(steps: Sequence[Step], known: KnownEntities, catalog: Catalog) -> tuple[Requirement, ...]:
    """Return what Sage must hold, the entity that blocks most first.

    Args:
        steps: each after those that it refers to.
    """
    users: Counter[EntityKey] = Counter()
    blocked: Counter[EntityKey] = Counter()
    examples: dict[EntityKey, list[str]] = {}
    for step, direct, needed in needs(steps, catalog, lambda entity: entity not in known.natural_keys):
        users.update(direct)
        blocked.update(needed)
        for entity in direct:
            if len(places := examples.setdefault(entity, [])) < _EXAMPLES:
                places.append(str(place_of(step)))
    ordered = sorted(blocked, key=lambda e: (-blocked[e], -users[e], e[0], e[1].field, e[1].value))
    return tuple(
        Requirement(
            kind=entity[0],
            key=entity[1],
            users=users[entity],
            blocked=blocked[entity],
            examples=tuple(examples[entity]),
        )
        for entity in ordered
    )


def needs(
    steps: Iterable[Step], catalog: Catalog, is_needed: Callable[[EntityKey], bool]
) -> Iterator[tuple[WriteStep, frozenset[EntityKey], frozenset[EntityKey]]]:
    """Yield each write with the entities that it refers to, and with all that it needs through other writes.

    Args:
        steps: each after those that it refers to.
        is_needed: whether an entity that no step makes counts.
    """
    spelt: dict[EntityKey, EntityKey] = {}
    made: dict[tuple[str, Key], str] = {}  # what a step makes, by its keys -> the step's key
    needed: dict[str, frozenset[EntityKey]] = {}  # of the steps that need anything

    def normal(kind: str, key: NaturalKey) -> EntityKey:
        entity = (kind, key)
        if entity not in spelt:
            spelt[entity] = (kind, normal_key(catalog, catalog[kind], key))
        return spelt[entity]

    for step in steps:
        if not isinstance(step, CreateStep | AdoptStep | UpdateStep | SkipStep):
            continue
        made[step.kind, step.key] = step.key
        for field, value in step.identity.items():
            made.setdefault(normal(step.kind, NaturalKey(field, value)), step.key)
        if isinstance(step, SkipStep | AdoptStep):
            continue
        direct: set[EntityKey] = set()
        through: set[EntityKey] = set()
        for reference in references_in(step.body):
            key = reference.key
            if not isinstance(key, NaturalKey):
                through |= needed.get(made.get((reference.kind, key), ""), frozenset())
            elif key.field != "id":  # an entry of one of Sage's fixed lists
                entity = normal(reference.kind, key)
                if entity in made:
                    through |= needed.get(made[entity], frozenset())
                elif is_needed(entity):
                    direct.add(entity)
        if direct or through:
            needed[step.key] = frozenset(direct | through)
        yield step, frozenset(direct), frozenset(direct | through)


def is_above(blocked: int, of: int, share: Decimal) -> bool:
    """Return whether more than `share` per cent are blocked; an equal share is not more, nor is 0 of 0."""
    return blocked * 100 > share * of
