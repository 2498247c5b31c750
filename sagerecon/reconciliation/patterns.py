"""Patterns over several verdicts: swapped values, and the effects of records without a draft."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from sagerecon.model.draft import Draft, Outcome
from sagerecon.model.money import negative, product
from sagerecon.reconciliation.chart_of_accounts import ChartOfAccounts
from sagerecon.reconciliation.postings import Effects, effects_of
from sagerecon.reconciliation.verdict import Difference, RecordVerdict, Shape


def mark_swapped_values(verdicts: Sequence[RecordVerdict]) -> list[RecordVerdict]:
    """Return the verdicts with swapped values marked, as in two invoices whose amounts were exchanged."""
    seen = {
        (verdict.kind, difference.field, difference.source, difference.sage)
        for verdict in verdicts
        for difference in verdict.differences
    }

    def marked(kind: str, difference: Difference) -> Difference:
        mirror = (kind, difference.field, difference.sage, difference.source)
        is_plain = difference.shape in (Shape.VALUE, Shape.ROUNDING)
        return replace(difference, shape=Shape.SWAPPED) if is_plain and mirror in seen else difference

    return [
        replace(verdict, differences=tuple(marked(verdict.kind, d) for d in verdict.differences))
        if verdict.differences
        else verdict
        for verdict in verdicts
    ]


def add_estimated_effects(
    verdicts: Sequence[RecordVerdict], outcomes: Sequence[Outcome], chart: ChartOfAccounts
) -> list[RecordVerdict]:
    """Return the verdicts with estimated effects for quarantined records.

    A quarantined record has an amount and no body. Where every draft of its mapping posts its amount to the
    same accounts, as open items do, the record is taken to miss there with its own amount.
    """
    needed = {verdict.key.partition("/")[0] for verdict in verdicts if verdict.is_set_aside}
    if not needed:
        return list(verdicts)
    usual = _usual(
        (outcome for outcome in outcomes if isinstance(outcome, Draft) and outcome.mapping in needed), chart
    )
    return [
        replace(
            verdict,
            effects=_scaled(usual.get(verdict.key.partition("/")[0], {}), negative(verdict.amount)),
            is_estimate=True,
        )
        if verdict.is_set_aside and verdict.amount is not None and not verdict.is_recorded
        else verdict
        for verdict in verdicts
    ]


def _usual(drafts: Iterable[Draft], chart: ChartOfAccounts) -> dict[str, Effects]:
    """Return, by mapping, what a draft posts for each unit of its amount; only where all drafts agree."""
    usual: dict[str, Effects | None] = {}
    for draft in drafts:
        if not draft.amount:
            continue
        effects = effects_of(draft.kind, draft.body, chart)
        signs = {code: _sign(amount, draft.amount) for code, amount in effects.items()}
        ratios = None if None in signs.values() else {c: s for c, s in signs.items() if s is not None}
        known = usual.setdefault(draft.mapping, ratios)
        if known != ratios:
            usual[draft.mapping] = None
    return {mapping: effects for mapping, effects in usual.items() if effects is not None}


def _sign(effect: Decimal, amount: Decimal) -> Decimal | None:
    if effect == amount:
        return Decimal(1)
    return Decimal(-1) if effect == negative(amount) else None


def _scaled(effects: Effects, by: Decimal) -> Effects:
    return {code: product(amount, by) for code, amount in effects.items() if by}
