"""Recognises an answer that Sage repeats from an earlier creation, of a run that the store does not know.

A store that was lost, or restored from an older copy, sends a creation under the name that it had before.
Sage then creates nothing: for seven days it answers from memory, also where the entity was deleted since.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from sagerecon.model.clock import MINUTE
from sagerecon.model.entity import Entity
from sagerecon.pairing.held import created_at, is_absent
from sagerecon.planning.settling import Attempt
from sagerecon.planning.step import CreateStep
from sagerecon.runner.lookup import Found, LookUp, is_another
from sagerecon.runner.request import ReadEntity, Request

#: How far an entity may be dated before its own sending. Our clock follows the times that Sage states, and
#: may be ahead of Sage's by the time that an answer takes, a minute at most.
CLOCK_ERROR = MINUTE


def is_repeated(attempt: Attempt, entity: Entity) -> bool:
    """Return whether an answer is that to an earlier creation: its entity is older than the first sending.

    An answer that does not date its entity is taken for one to this sending. Of the kinds with an idempotency
    id only `hosted_artefact_payment_setting` has no `created_at`.
    """
    created = created_at(entity)
    if created is None or not attempt.idempotency_id or not isinstance(attempt.step, CreateStep):
        return False
    return created < attempt.first_sent_at - CLOCK_ERROR


def look_at_repeated(
    attempt: Attempt, entity: Entity, owner: Callable[[str, str], str | None]
) -> Generator[Request, Any, LookUp]:
    """Return whether the entity of a repeated answer is the record: Sage holds it still, and no other has it.

    Args:
        owner: returns the draft key recorded for an entity, by kind and Sage id.
    """
    if is_another(entity.sage_id, attempt, owner):
        return LookUp(Found.ABSENT)
    held: Entity | str = yield ReadEntity(entity.kind, entity.sage_id)
    if isinstance(held, str):
        return LookUp(Found.UNKNOWN, why=f"Sage answered with an older one, which cannot be read: {held}")
    return LookUp(Found.ABSENT) if is_absent(held) else LookUp(Found.OURS)
