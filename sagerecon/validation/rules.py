"""What must hold of each draft before a call is spent on it.

A rule is a function that yields; the book is a tuple.

Lengths, types and required fields come from the catalog; dates from the business's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.catalog import Catalog, Field
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.money import grouped, total
from sagerecon.model.place import NOWHERE, Place

#: Kinds that carry what was owed or held before the accounts start; Sage wants them dated before that day.
OPENING_KINDS = frozenset(
    {
        "contact_opening_balance",
        "bank_opening_balance",
        "ledger_account_opening_balance",
        "opening_balance_journal",
    }
)

#: Kinds whose lines must sum to zero, and the list that holds them.
BALANCED_KINDS = {"journal": "journal_lines"}


@dataclass(frozen=True, slots=True)
class Books:
    """What of the business's settings a draft is judged by. None where a date is not known."""

    accounts_start: date | None = None
    lockdown: date | None = None


Rule: TypeAlias = Callable[[Draft, Catalog, Books], Iterator[Finding]]


def fields_are_whole(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """Every required field is there, and no value is longer or finer than Sage takes."""
    del books
    yield from _check_fields(draft, draft.body, catalog[draft.kind].fields, "")


def lines_balance(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """The lines of a journal sum to zero: debits equal credits."""
    del catalog, books
    if (name := BALANCED_KINDS.get(draft.kind)) is None:
        return
    lines = _lines(draft.body, name)
    debit, credit = _sum(lines, "debit"), _sum(lines, "credit")
    if debit != credit:
        yield Finding(
            "unbalanced",
            _source(draft),
            f"{named(draft)} is off by {grouped(debit - credit)}: "
            f"debits {grouped(debit)}, credits {grouped(credit)}.",
            "Correct it in the source; sagerecon never invents the missing line.",
        )


def dates_are_open(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """Opening entries lie before the accounts start, everything else not before it nor locked."""
    del catalog
    day = draft.body.get("date")
    if not isinstance(day, date):
        return
    start = books.accounts_start
    if start is not None and draft.kind in OPENING_KINDS and day >= start:
        yield Finding(
            "opening_after_start",
            _source(draft),
            f"{named(draft)} is dated {day}, and opening entries must lie before the start date {start}.",
            "Check the cut-over date and the accounts start date.",
        )
    if start is not None and draft.kind not in OPENING_KINDS and day < start:
        yield Finding(
            "before_start",
            _source(draft),
            f"{named(draft)} is dated {day}, before the accounts start on {start}.",
            "Carry it in the opening balances, or leave it out by a named rule.",
        )
    if books.lockdown is not None and day <= books.lockdown:
        yield Finding(
            "locked_period",
            _source(draft),
            f"{named(draft)} is dated {day}, and the books are locked up to {books.lockdown}.",
            "Move the lock-down date in Sage's financial settings for the time of the move.",
        )


def payment_covers_allocations(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """A payment settles no more than it amounts to; what is left over stays on account."""
    del catalog, books
    if draft.kind != "contact_payment":
        return
    allocated = _sum(_lines(draft.body, "allocated_artefacts"), "amount")
    amount = draft.body.get("total_amount")
    if isinstance(amount, Decimal) and allocated > amount:
        yield Finding(
            "over_allocated",
            _source(draft),
            f"{named(draft)} is {grouped(amount)} and would settle {grouped(allocated)}.",
            "Correct the allocations in the source.",
        )


def allocations_cancel(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """The amounts of a contact allocation sum to zero: invoices against credits."""
    del catalog, books
    if draft.kind != "contact_allocation":
        return
    residual = _sum(_lines(draft.body, "allocated_artefacts"), "amount")
    if residual:
        yield Finding(
            "allocation_not_zero",
            _source(draft),
            f"{named(draft)} sums to {grouped(residual)} instead of zero.",
            "Allocate the same amount on both sides.",
        )


RULES: tuple[Rule, ...] = (
    fields_are_whole,
    lines_balance,
    dates_are_open,
    payment_covers_allocations,
    allocations_cancel,
)


def named(draft: Draft) -> str:
    """What a person calls the draft, with its kind."""
    return f"{draft.kind.replace('_', ' ')} {draft.label or draft.key}"


def _check_fields(
    draft: Draft, body: Mapping[str, Any], fields: Mapping[str, Field], path: str
) -> Iterator[Finding]:
    for name, field in fields.items():
        where = f"{path}{name}"
        value = body.get(name)
        if value is None or value in ("", []):
            if field.required and field.create and not field.read_only:
                yield Finding(
                    "required",
                    _source(draft),
                    f"{named(draft)} has no {where}, which Sage requires.",
                    "Give it a value in the mapping, or a default with its reason.",
                )
            continue
        yield from _check_value(draft, value, field, where)


def _check_value(draft: Draft, value: Any, field: Field, where: str) -> Iterator[Finding]:
    if isinstance(value, Reference):
        return
    if isinstance(value, Mapping):
        yield from _check_fields(draft, value, field.fields, f"{where}.")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            if isinstance(item, Mapping):
                yield from _check_fields(draft, item, field.fields, f"{where}[{number}].")
    elif isinstance(value, str):
        if field.max_length and len(value) > field.max_length:
            yield Finding(
                "too_long",
                _source(draft),
                f"{named(draft)}: {where} has {len(value)} characters and Sage takes {field.max_length}.",
                "Shorten it by a rule: {max_length: …, on_overflow: cut}.",
            )
        if field.enum and value not in field.enum:
            yield Finding(
                "not_allowed",
                _source(draft),
                f"{named(draft)}: {where} cannot be '{value}'.",
                f"Allowed: {', '.join(field.enum)}.",
            )
    elif isinstance(value, Decimal) and field.decimals is not None:
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > field.decimals:
            yield Finding(
                "too_fine",
                _source(draft),
                f"{named(draft)}: {where} is {value}, and Sage keeps {field.decimals} decimals.",
                "Round it by a rule: {money: {scale: 2}}.",
            )


def _lines(body: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    lines = body.get(name)
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list | tuple) else []


def _sum(lines: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return total(amount for line in lines if isinstance(amount := line.get(name), Decimal))


def _source(draft: Draft) -> Place:
    return draft.origins[0] if draft.origins else draft.place or NOWHERE
