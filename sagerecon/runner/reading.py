"""Carries out a reading: page by page, each recorded before the next is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import references_in
from sagerecon.model.entity import Entity
from sagerecon.model.errors import OtherBooksError
from sagerecon.model.key import NaturalKey
from sagerecon.model.key_path import KeyPath, key_path
from sagerecon.pairing.held import is_gone
from sagerecon.pairing.natural_key import at_path, canonical_field, key_names, linked_key, natural_keys
from sagerecon.pairing.position import EntityReading
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import Meaning, Reached, State, meaning
from sagerecon.planning.step import CreateStep, ReadStep, SkipStep, UpdateStep, name_of
from sagerecon.runner.answer import ABSENT, error_text
from sagerecon.runner.context import RunContext
from sagerecon.runner.pages import Page, read_page, unexpected_values
from sagerecon.runner.progress import Event

#: How often a listing that loses entities meanwhile is read.
READINGS = 3

#: The hint of a listing that does not show the value of a key.
OTHER_KEY = "Name another key in the mapping (by:, identity:), then create a new plan: sagerecon plan"


def read(step: ReadStep, context: RunContext, before: Reached) -> None:
    """Read every page of the listing and record its entities.

    A listing that loses entities between two pages moves up, so that one which is still there may be on
    neither. Such a listing is read again from its first page; if it changes each time, it was not read whole.

    Args:
        before: how far an earlier start came.

    Raises:
        OtherBooksError: Sage answers another value than the step expects.
    """
    for _ in range(READINGS):
        if _read_pages(step, context, before):
            return
        before = Reached(State.PLANNED)
    why = f"entities were deleted while it was read, {READINGS} times in a row"
    _park(step, context, f"{name_of(step)} cannot be read whole: {why}.")


def _read_pages(step: ReadStep, context: RunContext, before: Reached) -> bool:
    """Read and record pages up to the last; return False where the listing lost entities meanwhile."""
    page, total, seen = before.pages, before.total, set[str]()
    while True:
        page += 1
        query = {**step.query, "page": str(page)} if page > 1 else step.query
        answer = context.caller.get(Call("GET", step.path, query))
        if step.sage_id and answer is not None and answer.status in ABSENT:
            context.log.record_page(context.run, step, page, [], total=0, is_last=True)
            context.reporter.report(Event.READ, step)
            return True
        if answer is None or meaning(answer) is not Meaning.DONE:
            _set_aside(step, context, answer)
            return True
        found = read_page(answer.body, page, step.query)
        if found.is_repeated:
            page -= 1
        if wrong := unexpected_values(found.items, step.expect):
            raise OtherBooksError(wrong)
        if lacking := _unanswered(step, context, found):
            why = f"Sage's listing of {name_of(step)} does not show {', '.join(lacking)}"
            _park(step, context, f"{why}, by which records look entities up.", OTHER_KEY)
            return True
        entities = _entities(step, context, found)
        seen.update(entity.sage_id for entity, _ in entities)
        has_ids = all("id" in item for item in found.items)
        is_unchanged = has_ids and (page == 1 or found.total == total)
        is_missing = found.is_last and is_unchanged and before.entities + len(seen) < found.total
        if found.is_cut or found.total < total or is_missing:
            return False
        total = found.total
        _keep_looks(step, context, entities)
        context.log.record_page(context.run, step, page, entities, total=total, is_last=found.is_last)
        if found.is_last:
            context.reporter.report(Event.READ, step)
            return True
        context.caller.check_stop()


def key_fields(plan: Plan, catalog: Catalog) -> dict[str, set[str]]:
    """Return by kind the fields by which `plan` recognises entities.

    These are the natural keys of what it reads, and those that it uses. A plan that only reads back
    recognises nothing.
    """
    if plan.header.purpose is not Purpose.LOAD:
        return {}
    fields = used_keys(plan, catalog)
    for step in plan.steps:
        if isinstance(step, ReadStep) and step.kind in catalog:
            kind = catalog[step.kind]
            names = key_names(catalog, kind, (key.field for key in kind.natural_keys))
            fields.setdefault(step.kind, set()).update(names)
    return fields


def used_keys(plan: Plan, catalog: Catalog) -> dict[str, set[str]]:
    """Return by kind the fields of the identities and references of `plan`, and of the links they cross."""
    fields: dict[str, set[str]] = {}

    def add(kind: str, *names: str) -> None:
        known = fields.setdefault(kind, set())
        new = [name for name in names if name not in known]
        if not new or kind not in catalog:
            return
        known.update(key_names(catalog, catalog[kind], new))
        for name in new:
            crossed = linked_key(catalog, catalog[kind], NaturalKey(name, ""))
            if crossed is not None:
                add(crossed[1].name, crossed[2].field)

    for step in plan.steps:
        if isinstance(step, CreateStep | UpdateStep | SkipStep):
            add(step.kind, *step.identity)
            for reference in references_in(step.body):
                if isinstance(reference.key, NaturalKey):
                    add(reference.kind, reference.key.field)
    return fields


def _entities(step: ReadStep, context: RunContext, page: Page) -> list[tuple[Entity, list[NaturalKey]]]:
    """Return the entities of a page with their natural keys; nothing refers to one that was deleted."""
    kind = context.catalog[step.kind]
    fields = sorted(context.key_fields.get(step.kind, ()))
    entities = [Entity(step.kind, str(body.get("id", step.key)), body) for body in page.items]
    return [
        (entity, [] if is_gone(entity) else [*natural_keys(context.catalog, kind, entity.body, fields)])
        for entity in entities
    ]


def _keep_looks(
    step: ReadStep, context: RunContext, entities: Sequence[tuple[Entity, Sequence[NaturalKey]]]
) -> None:
    """Keep the entities that this plan looks at before it updates or adopts them."""
    awaited = context.awaited.get(step.kind, ())
    now = context.clock.now()
    for entity, _ in entities:
        if entity.sage_id in awaited:
            context.looks[entity.kind, entity.sage_id] = EntityReading(entity, now)


def _unanswered(step: ReadStep, context: RunContext, page: Page) -> list[str]:
    """Return the keys used by the plan of whose value the page shows no more than a link to a kind not read.

    Nothing may be concluded from such a page: the entity that a record looks for may be on it.
    """
    kind = context.catalog[step.kind]
    lacking = []
    for name in sorted(context.used_keys.get(step.kind, ())):
        path = key_path(context.catalog, kind, canonical_field(kind, name))
        if path is None or not path.link or path.linked_kind in context.listed:
            continue
        links = [at_path(item, path.link.split(".")) for item in page.items]
        if any(isinstance(link, Mapping) and _inside(path) not in link for link in links):
            lacking.append(canonical_field(kind, name))
    return list(dict.fromkeys(lacking))


def _inside(path: KeyPath) -> str:
    """Return the first name of a key's path beyond the link."""
    return path.names[len(path.link.split("."))]


def _set_aside(step: ReadStep, context: RunContext, answer: Answer | None) -> None:
    why = "Sage gave no usable answer" if answer is None else error_text(answer)
    _park(step, context, f"{name_of(step)} cannot be read: {why}.")


def _park(step: ReadStep, context: RunContext, message: str, hint: str = "") -> None:
    context.unreadable.add(step.kind)
    context.park(step, Code.UNREADABLE, message, hint or context.retry)
