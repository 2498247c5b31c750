"""The steps by which a record is written: created, updated, or taken over under a new key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sagerecon.model.catalog import Kind
from sagerecon.model.code import Code
from sagerecon.model.count import with_article
from sagerecon.model.draft import Draft, node_document, read_node
from sagerecon.model.entity import Entity, Written
from sagerecon.model.finding import Finding
from sagerecon.model.value import fingerprint
from sagerecon.pairing.before_update import edits_fingerprint
from sagerecon.pairing.decisions import Decision
from sagerecon.pairing.groups import show_command
from sagerecon.pairing.objections import pushed_fields
from sagerecon.pairing.owners import RecordKey
from sagerecon.pairing.position import Position
from sagerecon.pairing.suspect import Suspect
from sagerecon.planning.step import AdoptStep, CreateStep, QuarantinedStep, RenameStep, UpdateStep
from sagerecon.planning.step_fields import draft_fields, record_fields


def created(draft: Draft, kind: Kind, suspect: Suspect | None = None) -> CreateStep:
    """Return the creation of a draft.

    Args:
        suspect: the entities in Sage that were decided to be other records, and those that are gone.
    """
    others = "" if suspect is None else ", ".join(suspect.sage_ids)
    reason = "no earlier run recorded it"
    return CreateStep(
        **draft_fields(draft),
        reason=f"{reason}; decided to be another record than {others}" if others else reason,
        apart=() if suspect is None else (*suspect.sage_ids, *suspect.gone),
        on_existing=draft.on_existing,
        reversibility=kind.operations["create"].reversibility if kind.can("create") else "",
    )


def replaced(draft: Draft, written: Written, kind: Kind) -> CreateStep:
    """Return the creation of a record whose entity is deleted first."""
    reason = "decided to be deleted, and created as the source has it now"
    return replace(created(draft, kind), reason=reason, replaces=written.sage_id)


def adopted(draft: Draft, entity: Entity, decision: Decision, replaces: str = "") -> AdoptStep:
    """Return the step by which a draft takes over an entity that Sage holds already, by decision.

    Args:
        replaces: the Sage id of the entity that the record had, and that is no longer in Sage.
    """
    return AdoptStep(
        **draft_fields(draft),
        reason=f"decided by {decision.by} to be {entity.displayed_as or entity.sage_id} in Sage:"
        f" {decision.because}",
        sage_id=entity.sage_id,
        replaces=replaces,
    )


def adopted_as_equal(draft: Draft, entity: Entity) -> AdoptStep:
    """Return the step by which a draft takes over an entity that is equal to it by the last reading."""
    return AdoptStep(
        **draft_fields(draft),
        reason=f"{entity.displayed_as or entity.sage_id} in Sage is equal to it by the last reading",
        sage_id=entity.sage_id,
        is_equal=True,
        on_existing=draft.on_existing,
    )


def written_again(draft: Draft, kind: Kind, replaces: str, suspect: Suspect | None = None) -> CreateStep:
    """Return the creation of a record whose entity is no longer in Sage.

    Args:
        replaces: the Sage id of that entity.
        suspect: the entities in Sage that were decided to be other records.
    """
    why = "decided to be written again, since Sage no longer holds it"
    return replace(created(draft, kind, suspect), reason=why, replaces=replaces)


def updated(draft: Draft, changed: tuple[str, ...], kind: Kind) -> UpdateStep | QuarantinedStep:
    """Return the update of the changed fields; a quarantined step where Sage does not let one be changed."""
    if not kind.can("update"):
        return _changed_after_write(draft, kind, f"Sage has no update for {with_article(draft.kind)}")
    fixed = [name for name in changed if name in kind.fields and not kind.fields[name].update]
    if fixed:
        return _changed_after_write(draft, kind, f"Sage does not let {', '.join(fixed)} be changed")
    return UpdateStep(
        **draft_fields(draft),
        reason=f"changed in the source or the mapping since an earlier run recorded it: {', '.join(changed)}",
        changed=changed,
        reversibility=kind.operations["update"].reversibility,
    )


def pushed(position: Position, draft: Draft, decision: Decision, kind: Kind) -> UpdateStep | None:
    """Return the update by which Sage gets the fields that a decision says; None where none is left to send.

    The fields that the decision leaves to Sage stay recorded as they were written.
    """
    fields, left = pushed_fields(position, decision), decision.left_fields
    if not fields or position.written is None:
        return None
    before = read_node(position.written.sent)
    ours = {name: value for name, value in draft.body.items() if name not in left}
    theirs = {name: value for name, value in before.items() if name in left}
    return UpdateStep(
        **draft_fields(replace(draft, body={**ours, **theirs})),
        reason=f"decided by {decision.by}: send {', '.join(fields)}: {decision.because}",
        changed=fields,
        covers=edits_fingerprint(position.agreement.edits),
        left=left,
        reversibility=kind.operations["update"].reversibility,
    )


def renamed(position: Position, earlier: Mapping[RecordKey, Written]) -> RenameStep | None:
    """Return the step by which a key takes over what was written under an earlier one.

    A record that refers to such a key keeps its own, and is recorded anew with the key that it refers to now.
    """
    draft, written = position.outcome, position.written
    if not isinstance(draft, Draft) or written is None:
        return None
    before = earlier.get((position.kind, position.key))
    body = read_node(written.sent)
    if before is None and fingerprint(node_document(body)) == position.content:
        return None
    key = before.key if before is not None else position.key
    reason = f"decided to be {key}" if before is not None else "refers to a record under its key of today"
    return RenameStep(
        **record_fields(draft),
        body=body,
        identity=written.identity,
        mapping=draft.place,
        changes=draft.changes,
        reason=reason,
        earlier=key,
        sage_id=written.sage_id,
    )


def _changed_after_write(draft: Draft, kind: Kind, why: str) -> QuarantinedStep:
    hint = "Correct it in Sage, or delete it there, then create a new plan."
    if kind.can("delete"):
        hint = f"{hint} Or decide: {show_command(draft.key)}"
    finding = Finding(
        Code.CHANGED_AFTER_WRITE,
        draft.origins[0] if draft.origins else draft.place,
        f"{draft.label or draft.key} was written with other content, and {why}.",
        hint,
    )
    return QuarantinedStep(
        **record_fields(draft),
        reason=finding.message,
        findings=(finding,),
        changes=draft.changes,
    )
