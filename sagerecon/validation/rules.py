"""The rules that each draft must keep before a call is spent on it.

A rule is a function that yields findings; `RULES` is the tuple of them all. What a kind books and by which
fields is read from the catalog, dates and registrations from the settings of the business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft
from sagerecon.model.finding import Finding
from sagerecon.model.money import difference, grouped, total
from sagerecon.model.posting import Family, Lines, Posting
from sagerecon.validation.field_rules import fields_are_valid
from sagerecon.validation.rule import BusinessSettings, Rule, described, place_of


def kind_is_available(draft: Draft, catalog: Catalog, settings: BusinessSettings) -> Iterator[Finding]:
    """Check that the business's edition and country can create the kind."""
    if not settings.country or not settings.edition:
        return
    operation = catalog[draft.kind].operations.get("create")
    if operation is None or not operation.is_available(settings.country, settings.edition):
        yield Finding(
            Code.NOT_AVAILABLE,
            place_of(draft),
            f"{described(draft)} cannot be created in the {settings.edition} edition in {settings.country}.",
            "Choose an edition that has it, or another kind of entity.",
        )


def tax_is_registered(draft: Draft, catalog: Catalog, settings: BusinessSettings) -> Iterator[Finding]:
    """Check that a draft has no tax where the business is not registered for tax."""
    if settings.is_tax_registered:
        return
    lines = catalog[draft.kind].lines
    if tax := _sum(_lines(draft, lines), lines.tax):
        yield Finding(
            Code.TAX_NOT_REGISTERED,
            place_of(draft),
            f"{described(draft)} has tax of {grouped(tax)}, and the business is not registered for tax.",
            "Include the tax in the net amount, or register the business for tax in Sage first.",
        )


def lines_balance(draft: Draft, catalog: Catalog, settings: BusinessSettings) -> Iterator[Finding]:
    """Check that the debits of a journal equal its credits."""
    del settings
    kind = catalog[draft.kind]
    if kind.posting is None or kind.posting.family is not Family.JOURNAL:
        return
    lines = _lines(draft, kind.lines)
    debit, credit = _sum(lines, kind.lines.debit), _sum(lines, kind.lines.credit)
    if debit != credit:
        yield Finding(
            Code.UNBALANCED,
            place_of(draft),
            f"{described(draft)} is off by {grouped(difference(debit, credit))}: "
            f"debits {grouped(debit)}, credits {grouped(credit)}.",
            "Correct it in the source; sagerecon never adds a balancing line.",
        )


def dates_are_open(draft: Draft, catalog: Catalog, settings: BusinessSettings) -> Iterator[Finding]:
    """Check that only opening entries are dated before the accounts start, and nothing in a locked period.

    What posts nothing, such as a quote, may have any date.
    """
    kind = catalog[draft.kind]
    day = draft.body.get(kind.date)
    if not isinstance(day, date) or kind.posting is None:
        return
    start = settings.accounts_start
    is_opening = kind.posting.is_opening
    if start is not None and is_opening and day >= start:
        yield Finding(
            Code.OPENING_AFTER_START,
            place_of(draft),
            f"{described(draft)} is dated {day}; opening entries must be dated before the start, {start}.",
            "Check the cut-over date and the accounts start date.",
        )
    if start is not None and not is_opening and day < start:
        yield Finding(
            Code.BEFORE_START,
            place_of(draft),
            f"{described(draft)} is dated {day}, before the accounts start on {start}.",
            "Carry it in the opening balances, or leave it out by a named rule.",
        )
    if settings.lockdown is not None and day <= settings.lockdown:
        yield Finding(
            Code.LOCKED_PERIOD,
            place_of(draft),
            f"{described(draft)} is dated {day}, and the books are locked up to {settings.lockdown}.",
            "Move the lock-down date in Sage's financial settings for the time of the move.",
        )


def payment_covers_allocations(
    draft: Draft, catalog: Catalog, settings: BusinessSettings
) -> Iterator[Finding]:
    """Check that a payment settles no more than its amount; what is left stays on account."""
    del settings
    kind = catalog[draft.kind]
    if kind.posting is None or kind.posting.family is not Family.CONTACT_PAYMENT:
        return
    allocated = _allocated(draft, kind.posting)
    amount = draft.body.get(kind.amount)
    if isinstance(amount, Decimal) and allocated > amount:
        yield Finding(
            Code.OVER_ALLOCATED,
            place_of(draft),
            f"{described(draft)} is {grouped(amount)} and would settle {grouped(allocated)}.",
            "Correct the allocations in the source.",
        )


def allocations_cancel(draft: Draft, catalog: Catalog, settings: BusinessSettings) -> Iterator[Finding]:
    """Check that the amounts of a contact allocation sum to zero."""
    del settings
    posting = catalog[draft.kind].posting
    if posting is None or posting.family is not Family.ALLOCATION:
        return
    residual = _allocated(draft, posting)
    if residual:
        yield Finding(
            Code.ALLOCATION_NOT_ZERO,
            place_of(draft),
            f"{described(draft)} sums to {grouped(residual)} instead of zero.",
            "Allocate the same amount on both sides.",
        )


RULES: tuple[Rule, ...] = (
    kind_is_available,
    fields_are_valid,
    tax_is_registered,
    lines_balance,
    dates_are_open,
    payment_covers_allocations,
    allocations_cancel,
)


def _lines(draft: Draft, lines: Lines) -> Sequence[Mapping[str, Any]]:
    """Return the lines of a draft; its body where its kind has no list of lines."""
    return _items(draft, lines.items) if lines.items else [draft.body]


def _allocated(draft: Draft, posting: Posting) -> Decimal:
    """Return the sum of the allocations of a payment or an allocation."""
    settles = posting.settles
    return Decimal() if settles is None else _sum(_items(draft, settles.items), settles.amount)


def _items(draft: Draft, name: str) -> Sequence[Mapping[str, Any]]:
    items = draft.body.get(name)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []


def _sum(lines: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return total(amount for line in lines if isinstance(amount := line.get(name), Decimal))
