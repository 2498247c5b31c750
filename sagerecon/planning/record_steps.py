"""The step of each record of the source: what is done about it, and why."""

from __future__ import annotations

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, LeftOut, Quarantined, node_document
from sagerecon.model.finding import Finding
from sagerecon.model.value import fingerprint
from sagerecon.planning.known import KnownEntities
from sagerecon.planning.step import CreateStep, LeftOutStep, QuarantinedStep, SkipStep, UpdateStep


def draft_step(
    draft: Draft, known: KnownEntities, catalog: Catalog
) -> CreateStep | UpdateStep | SkipStep | QuarantinedStep:
    """Return what to do about a draft, by what an earlier run recorded for its key."""
    kind = catalog[draft.kind]
    recorded = known.contents.get((draft.kind, draft.key))
    if recorded is None:
        return CreateStep(
            kind=draft.kind,
            key=draft.key,
            reason="no earlier run recorded it",
            label=draft.label,
            amount=draft.amount,
            origins=draft.origins,
            body=draft.body,
            identity=draft.identity,
            mapping=draft.place,
            changes=draft.changes,
            on_existing=draft.on_existing,
            reversibility=kind.operations["create"].reversibility if kind.can("create") else "",
        )
    if recorded in ("", fingerprint(node_document(draft.body))):
        return SkipStep(
            kind=draft.kind,
            key=draft.key,
            reason="an earlier run recorded it with the same content",
            label=draft.label,
            amount=draft.amount,
            origins=draft.origins,
            body=draft.body,
            identity=draft.identity,
            mapping=draft.place,
            changes=draft.changes,
        )
    if kind.can("update"):
        return UpdateStep(
            kind=draft.kind,
            key=draft.key,
            reason="the source or the mapping has changed since an earlier run recorded it",
            label=draft.label,
            amount=draft.amount,
            origins=draft.origins,
            body=draft.body,
            identity=draft.identity,
            mapping=draft.place,
            changes=draft.changes,
            reversibility=kind.operations["update"].reversibility,
        )
    return _changed_after_write(draft)


def passed_step(outcome: Quarantined | LeftOut) -> LeftOutStep | QuarantinedStep:
    """Return the step of a record that did not become a draft."""
    if isinstance(outcome, LeftOut):
        return LeftOutStep(
            kind=outcome.kind,
            key=outcome.key,
            reason=outcome.reason,
            label=outcome.label,
            amount=outcome.amount,
            origins=outcome.origins,
            rule=outcome.rule,
        )
    return QuarantinedStep(
        kind=outcome.kind,
        key=outcome.key,
        reason=" ".join(finding.message for finding in outcome.findings),
        label=outcome.label,
        amount=outcome.amount,
        origins=outcome.origins,
        findings=outcome.findings,
    )


def _changed_after_write(draft: Draft) -> QuarantinedStep:
    finding = Finding(
        Code.CHANGED_AFTER_WRITE,
        draft.origins[0] if draft.origins else draft.place,
        f"{draft.label or draft.key} was written with other content, and Sage has no update for"
        f" a {draft.kind}.",
        "Correct it in Sage, or delete it there, then create a new plan.",
    )
    return QuarantinedStep(
        kind=draft.kind,
        key=draft.key,
        reason=finding.message,
        label=draft.label,
        amount=draft.amount,
        origins=draft.origins,
        findings=(finding,),
        changes=draft.changes,
    )
