"""Reads one entity of Sage by its id."""

from __future__ import annotations

from collections.abc import Mapping

from sagerecon.model.call import Call
from sagerecon.model.clock import MINUTE
from sagerecon.model.entity import Entity
from sagerecon.planning.settling import Meaning, meaning
from sagerecon.runner.answer import ABSENT, error_text
from sagerecon.runner.context import RunContext

#: How long a listing answers for steps that are carried out after it; an older one is not relied on.
LISTING_HOLDS = 30 * MINUTE


def listed_entity(kind: str, sage_id: str, context: RunContext) -> Entity | None:
    """Return an entity as a listing of this run showed it, once; None where it is to be read by itself."""
    listed = context.looks.pop((kind, sage_id), None)
    if listed is None or context.clock.now() - listed.read_at > LISTING_HOLDS:
        return None
    return listed.entity


def read_entity(kind: str, sage_id: str, context: RunContext, *, settling: bool = False) -> Entity | str:
    """Return an entity as Sage holds it, without a body where it is not found; else why it cannot be read.

    Args:
        settling: it settles a step in doubt, and may use the calls that the budget keeps for that.
    """
    known = context.catalog[kind]
    query = {"nested_attributes": "all"} if "nested_attributes" in known.read_filters else {}
    path = known.operations["read"].path.replace("{key}", sage_id)
    answer = context.caller.get(Call("GET", path, query), settling=settling)
    if answer is None:
        return "Sage gave no usable answer"
    if answer.status in ABSENT:
        return Entity(kind, sage_id, {})
    if meaning(answer) is not Meaning.DONE or not isinstance(answer.body, Mapping):
        return error_text(answer)
    return Entity(kind, sage_id, answer.body)
