"""Why a decision cannot be carried out for a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sagerecon.model.catalog import Catalog, Field, Kind
from sagerecon.model.count import with_article
from sagerecon.model.draft import Draft, Quarantined
from sagerecon.model.entity import Entity
from sagerecon.pairing.answers import DecisionAnswer, apart
from sagerecon.pairing.decisions import Decision, Side
from sagerecon.pairing.position import Position
from sagerecon.pairing.standing import Standing


def objection(
    position: Position, decision: Decision, claims: Mapping[tuple[str, str], int], catalog: Catalog
) -> str:
    """Return why a decision cannot be carried out for a position, and what to do; empty where it can.

    Args:
        claims: by kind and key of each record written earlier, the number of new drafts that may be it.
    """
    kind = catalog[position.kind]
    match decision.answer:
        case DecisionAnswer.SAME_RECORD:
            return _against_same_record(position, decision, claims)
        case DecisionAnswer.REVERSE | DecisionAnswer.REPLACE:
            return _against_reversal(position, kind) or _against_number(position, decision, kind)
        case DecisionAnswer.PUSH | DecisionAnswer.FIELDS:
            return _against_push(position, decision, kind)
        case DecisionAnswer.ADOPT | DecisionAnswer.THIS_ONE:
            return _against_adopting(position, decision)
        case DecisionAnswer.WRITE_AGAIN:
            return _against_writing_again(position, kind)
        case _:
            return ""


def differing_fields(position: Position) -> tuple[str, ...]:
    """Return the fields on which source and Sage differ since one of the two was changed.

    Those that Sage altered as they were written are not among them: it would alter them again.
    """
    found = position.agreement
    sent = [name for name in found.source_changes if name in found.differences]
    return tuple(dict.fromkeys((*sent, *found.edited)))


def pushed_fields(position: Position, decision: Decision) -> tuple[str, ...]:
    """Return the fields that Sage gets from the source: all that differ, or those that are said to be ours.

    A field that is blank in the source and was filled in Sage is cleared. One that only the source changed,
    and of which nothing is said, is sent as it is without a decision.
    """
    differing = differing_fields(position)
    if decision.answer is not DecisionAnswer.FIELDS:
        return differing
    return tuple(name for name in differing if decision.fields.get(name, Side.OURS) is Side.OURS)


def _against_same_record(
    position: Position, decision: Decision, claims: Mapping[tuple[str, str], int]
) -> str:
    earlier = position.rename.earlier if position.rename else ()
    keys = [record.key for record in earlier]
    if decision.earlier:
        keys = [key for key in keys if key == decision.earlier]
        if not keys:
            return f"{decision.earlier} is not among the earlier records that it may be"
    elif len(keys) > 1:
        return f"it may be {' or '.join(keys[:3])}; name the one it is with --from"
    elif claims[position.kind, keys[0]] > 1:
        return f"other records may be {keys[0]} too; decide on each by itself, with --from"
    record = next(record for record in earlier if record.key == keys[0])
    if record.kind != position.kind:
        before, now = with_article(record.kind), with_article(position.kind)
        return f"{record.key} was written as {before}, which cannot become {now}"
    return ""


def adopted_entity(position: Position, decision: Decision) -> Entity | None:
    """Return the entity that a draft was decided to be; None where that is not clear."""
    entities = position.suspect.entities if position.suspect else ()
    if decision.sage_id:
        return next((entity for entity in entities if entity.sage_id == decision.sage_id), None)
    return entities[0] if len(entities) == 1 else None


def _against_adopting(position: Position, decision: Decision) -> str:
    suspect, outcome = position.suspect, position.outcome
    if suspect is None and isinstance(outcome, Quarantined) and outcome.duplicates:
        return ""
    if suspect is None and position.owner:
        return f"{position.owner} is the same entity in Sage; correct one of the two in the source"
    if suspect is None and position.is_written:
        return "no run has found an entity in Sage that may be it; use write_again"
    if suspect is None:
        return f"several records of the source have the key {position.key}; correct it there"
    entity = adopted_entity(position, decision)
    if entity is None and decision.sage_id:
        known = " or ".join(suspect.sage_ids[:3])
        return f"{decision.sage_id} is not among the entities that it may be: {known}"
    if entity is None:
        return f"it may be {' or '.join(suspect.sage_ids[:3])}; name the one it is with --sage-id"
    if (owner := suspect.owners.get(entity.sage_id, position.key)) != position.key:
        instead = apart(decision.standing).value
        return f"{entity.displayed_as or entity.sage_id} in Sage belongs to {owner}; use {instead}"
    return ""


def _against_writing_again(position: Position, kind: Kind) -> str:
    if not kind.can("create"):
        return f"{kind.name} cannot be created in Sage; use accept"
    if (suspect := position.suspect) is not None and suspect.is_equal:
        (entity,) = suspect.entities
        name = entity.displayed_as or entity.sage_id
        return f"{name} in Sage is equal to it, and would be doubled; use adopt, or delete it there first"
    return ""


def _against_reversal(position: Position, kind: Kind) -> str:
    if not kind.can("delete"):
        return (
            f"Sage has no way to delete {with_article(kind.name)}; correct it there by hand, then decide keep"
        )
    if position.written is not None and position.written.adopted:
        return "it was in Sage before the move, and was adopted; delete it there by hand, then decide keep"
    if position.owner:
        return f"it is {position.owner} in Sage too, which stays there; decide keep"
    if edits := position.agreement.edits:
        names = ", ".join(dict.fromkeys(edit.field for edit in edits))
        return (
            f"it was edited in Sage since it was written ({names}); delete it there by hand, or decide keep"
        )
    return ""


def _against_number(position: Position, decision: Decision, kind: Kind) -> str:
    """Return why a document that is voided cannot be created again: it would have the same number."""
    if decision.answer is not DecisionAnswer.REPLACE or not kind.is_voided:
        return ""
    body = position.outcome.body if isinstance(position.outcome, Draft) else {}
    sent = position.written.sent if position.written is not None else {}
    for key in kind.natural_keys:
        if key.field.endswith("_number") and body.get(key.field) and body[key.field] == sent.get(key.field):
            number = f"{key.field} {body[key.field]}"
            return f"Sage keeps the {number} for the void {kind.name}; correct it there by hand, or use keep"
    return ""


def _against_push(position: Position, decision: Decision, kind: Kind) -> str:
    is_ours = decision.standing is Standing.SOURCE_CHANGED
    instead = (DecisionAnswer.KEEP if is_ours else DecisionAnswer.ACCEPT).value
    if not kind.can("update"):
        return f"Sage has no update for {with_article(kind.name)}; correct it there by hand, or use {instead}"
    if decision.answer is DecisionAnswer.FIELDS:
        unnamed = [name for name in position.agreement.edited if name not in decision.fields]
        if unnamed:
            return f"it is not said which side counts for {', '.join(unnamed)}"
    fields = pushed_fields(position, decision)
    if fixed := [path for name in fields if name in kind.fields for path in _fixed(kind.fields[name])]:
        return f"Sage does not let {', '.join(fixed)} be changed; correct it there by hand, or use {instead}"
    body = position.outcome.body if isinstance(position.outcome, Draft) else {}
    cleared = [name for name in fields if name in kind.fields and body.get(name) in (None, "")]
    if needed := [name for name in cleared if kind.fields[name].required]:
        return f"Sage does not let {', '.join(needed)} be cleared; correct it there by hand, or use {instead}"
    return ""


def why_fixed(changed: Iterable[str], kind: Kind) -> str:
    """Return why no update brings the changed fields of a record to Sage; empty where one does."""
    if not kind.can("update"):
        return f"Sage has no update for {with_article(kind.name)}"
    fixed = [name for name in changed if name in kind.fields and not kind.fields[name].update]
    return f"Sage does not let {', '.join(fixed)} be changed" if fixed else ""


def _fixed(field: Field, path: str = "") -> Iterator[str]:
    """Yield the paths of a field, and of those inside it, that may be sent on create only."""
    path = f"{path}.{field.name}" if path else field.name
    if not field.update:
        yield path
    else:
        for child in field.fields.values():
            if child.create:
                yield from _fixed(child, path)
