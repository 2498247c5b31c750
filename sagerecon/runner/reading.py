"""Carries out a reading: page by page, each recorded before the next is asked for."""

from __future__ import annotations

from sagerecon.model.call import Answer, Call
from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import references_in
from sagerecon.model.entity import Entity
from sagerecon.model.errors import OtherBooksError
from sagerecon.model.key import NaturalKey
from sagerecon.pairing.natural_key import natural_keys
from sagerecon.planning.plan import Plan, Purpose
from sagerecon.planning.settling import Meaning, Reached, State, meaning
from sagerecon.planning.step import CreateStep, ReadStep, SkipStep, UpdateStep, name_of
from sagerecon.runner.answer import error_text
from sagerecon.runner.context import RunContext
from sagerecon.runner.pages import Page, read_page, unexpected_values
from sagerecon.runner.progress import Event

#: How often a listing that loses entities meanwhile is read.
READINGS = 3


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
    context.unreadable.add(step.kind)
    why = f"entities were deleted while it was read, {READINGS} times in a row"
    context.park(step, Code.UNREADABLE, f"{name_of(step)} cannot be read whole: {why}.")


def _read_pages(step: ReadStep, context: RunContext, before: Reached) -> bool:
    """Read and record pages up to the last; return False where the listing lost entities meanwhile."""
    page, total, seen = before.pages, before.total, set[str]()
    while True:
        page += 1
        query = {**step.query, "page": str(page)} if page > 1 else step.query
        answer = context.caller.get(Call("GET", step.path, query))
        if answer is None or meaning(answer) is not Meaning.DONE:
            _set_aside(step, context, answer)
            return True
        found = read_page(answer.body, page, step.query)
        if found.is_repeated:
            page -= 1
        if wrong := unexpected_values(found.items, step.expect):
            raise OtherBooksError(wrong)
        entities = _entities(step, context, found)
        seen.update(entity.sage_id for entity, _ in entities)
        has_ids = all("id" in item for item in found.items)
        is_unchanged = has_ids and not before.pages and (page == 1 or found.total == total)
        is_missing = found.is_last and is_unchanged and len(seen) < found.total
        if found.is_cut or found.total < total or is_missing:
            return False
        total = found.total
        context.log.record_page(context.run, step, page, entities, total=total, is_last=found.is_last)
        if found.is_last:
            context.reporter.report(Event.READ, step)
            return True
        context.caller.check_stop()


def key_fields(plan: Plan, catalog: Catalog) -> dict[str, set[str]]:
    """Return by kind the fields by which `plan` recognises entities.

    These are the natural keys of what it reads, and the fields of its identities and references. A plan that
    only reads back recognises nothing.
    """
    fields: dict[str, set[str]] = {}
    if plan.header.purpose is not Purpose.LOAD:
        return fields
    for step in plan.steps:
        if isinstance(step, ReadStep) and step.kind in catalog:
            names = fields.setdefault(step.kind, set())
            names.update(key.field for key in catalog[step.kind].natural_keys)
        elif isinstance(step, CreateStep | UpdateStep | SkipStep):
            fields.setdefault(step.kind, set()).update(step.identity)
            for reference in references_in(step.body):
                if isinstance(reference.key, NaturalKey):
                    fields.setdefault(reference.kind, set()).add(reference.key.field)
    return fields


def _entities(step: ReadStep, context: RunContext, page: Page) -> list[tuple[Entity, list[NaturalKey]]]:
    kind = context.catalog[step.kind]
    fields = sorted(context.key_fields.get(step.kind, ()))
    return [
        (Entity(step.kind, str(body.get("id", step.key)), body), list(natural_keys(kind, body, fields)))
        for body in page.items
    ]


def _set_aside(step: ReadStep, context: RunContext, answer: Answer | None) -> None:
    why = "Sage gave no usable answer" if answer is None else error_text(answer)
    context.unreadable.add(step.kind)
    context.park(step, Code.UNREADABLE, f"{name_of(step)} cannot be read: {why}.")
