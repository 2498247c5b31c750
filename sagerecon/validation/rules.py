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
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.money import grouped, total
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.posting import Family, Lines, Posting
from sagerecon.model.suggestion import suggestion


@dataclass(frozen=True, slots=True)
class Books:
    """What of the business's settings a draft is judged by. None where a date is not known."""

    accounts_start: date | None = None
    lockdown: date | None = None
    country: str = ""
    edition: str = ""
    is_tax_registered: bool = True


Rule: TypeAlias = Callable[[Draft, Catalog, Books], Iterator[Finding]]


def kind_is_available(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """The business's edition and country can create such a thing at all."""
    if not books.country or not books.edition:
        return
    operation = catalog[draft.kind].operations.get("create")
    if operation is None or not operation.is_available(books.country, books.edition):
        yield Finding(
            Code.NOT_AVAILABLE,
            _source(draft),
            f"{named(draft)} cannot be made in the {books.edition} edition in {books.country}.",
            "Choose an edition that has it, or another kind of entity.",
        )


def fields_are_whole(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """Every required field is there, and no value is longer, finer or other than Sage takes."""
    kind = catalog[draft.kind]
    yield from _Fields(draft, catalog, books).faults(draft.body, kind.fields, kind.needed, "")


def tax_is_registered(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """A business that is not registered for tax refuses any."""
    if books.is_tax_registered:
        return
    lines = catalog[draft.kind].lines
    if tax := _sum(_lines(draft, lines), lines.tax):
        yield Finding(
            Code.TAX_NOT_REGISTERED,
            _source(draft),
            f"{named(draft)} bears tax of {grouped(tax)}, and the business is not registered for tax.",
            "Carry the tax in the net, or register the business in Sage first.",
        )


def lines_balance(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """The lines of a journal sum to zero: debits equal credits."""
    del books
    kind = catalog[draft.kind]
    if kind.posting is None or kind.posting.family is not Family.JOURNAL:
        return
    lines = _lines(draft, kind.lines)
    debit, credit = _sum(lines, kind.lines.debit), _sum(lines, kind.lines.credit)
    if debit != credit:
        yield Finding(
            Code.UNBALANCED,
            _source(draft),
            f"{named(draft)} is off by {grouped(debit - credit)}: "
            f"debits {grouped(debit)}, credits {grouped(credit)}.",
            "Correct it in the source; sagerecon never invents the missing line.",
        )


def dates_are_open(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """Opening entries lie before the accounts start, everything else not before it nor locked."""
    kind = catalog[draft.kind]
    day = draft.body.get(kind.date)
    if not isinstance(day, date):
        return
    start = books.accounts_start
    is_opening = kind.posting is not None and kind.posting.is_opening
    if start is not None and is_opening and day >= start:
        yield Finding(
            Code.OPENING_AFTER_START,
            _source(draft),
            f"{named(draft)} is dated {day}, and opening entries must lie before the start date {start}.",
            "Check the cut-over date and the accounts start date.",
        )
    if start is not None and not is_opening and day < start:
        yield Finding(
            Code.BEFORE_START,
            _source(draft),
            f"{named(draft)} is dated {day}, before the accounts start on {start}.",
            "Carry it in the opening balances, or leave it out by a named rule.",
        )
    if books.lockdown is not None and day <= books.lockdown:
        yield Finding(
            Code.LOCKED_PERIOD,
            _source(draft),
            f"{named(draft)} is dated {day}, and the books are locked up to {books.lockdown}.",
            "Move the lock-down date in Sage's financial settings for the time of the move.",
        )


def payment_covers_allocations(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """A payment settles no more than it amounts to; what is left over stays on account."""
    del books
    kind = catalog[draft.kind]
    if kind.posting is None or kind.posting.family is not Family.CONTACT_PAYMENT:
        return
    allocated = _allocated(draft, kind.posting)
    amount = draft.body.get(kind.amount)
    if isinstance(amount, Decimal) and allocated > amount:
        yield Finding(
            Code.OVER_ALLOCATED,
            _source(draft),
            f"{named(draft)} is {grouped(amount)} and would settle {grouped(allocated)}.",
            "Correct the allocations in the source.",
        )


def allocations_cancel(draft: Draft, catalog: Catalog, books: Books) -> Iterator[Finding]:
    """The amounts of a contact allocation sum to zero: invoices against credits."""
    del books
    posting = catalog[draft.kind].posting
    if posting is None or posting.family is not Family.ALLOCATION:
        return
    residual = _allocated(draft, posting)
    if residual:
        yield Finding(
            Code.ALLOCATION_NOT_ZERO,
            _source(draft),
            f"{named(draft)} sums to {grouped(residual)} instead of zero.",
            "Allocate the same amount on both sides.",
        )


RULES: tuple[Rule, ...] = (
    kind_is_available,
    fields_are_whole,
    tax_is_registered,
    lines_balance,
    dates_are_open,
    payment_covers_allocations,
    allocations_cancel,
)


def named(draft: Draft) -> str:
    """What a person calls the draft, with its kind."""
    return f"{draft.kind.replace('_', ' ')} {draft.label or draft.key}"


#: What counts as not given.
_EMPTY: tuple[object, ...] = (None, "", [], ())


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one draft against the catalog."""

    draft: Draft
    catalog: Catalog
    books: Books

    def faults(
        self, body: Mapping[str, Any], fields: Mapping[str, Field], needed: Sequence[str], path: str
    ) -> Iterator[Finding]:
        """What is missing or wrong among the fields of one object."""
        for name in needed:
            if body.get(name) in _EMPTY and self._applies(fields[name]):
                yield self._finding(
                    Code.REQUIRED,
                    f"has no {path}{name}, which Sage requires.",
                    "Give it a value in the mapping, or a default with its reason.",
                )
        for name, value in body.items():
            if value not in _EMPTY and (field := fields.get(name)) is not None:
                yield from self._value(value, field, f"{path}{name}")

    def _applies(self, field: Field) -> bool:
        return not field.countries or not self.books.country or self.books.country in field.countries

    def _value(self, value: Any, field: Field, where: str) -> Iterator[Finding]:
        match value:
            case str():
                yield from self._text(value, field, where)
            case Decimal():
                yield from self._amount(value, field, where)
            case bool() | Reference():
                return
            case int():
                yield from self._number(value, field, where)
            case list() | tuple():
                for number, item in enumerate(value):
                    if isinstance(item, Mapping):
                        yield from self.faults(item, field.fields, field.needed, f"{where}[{number}].")
                    else:
                        yield from self._value(item, field, where)
            case Mapping():
                yield from self.faults(value, field.fields, field.needed, f"{where}.")

    def _text(self, value: str, field: Field, where: str) -> Iterator[Finding]:
        if field.max_length and len(value) > field.max_length:
            yield self._finding(
                Code.TOO_LONG,
                f"{where} has {len(value)} characters and Sage takes {field.max_length}.",
                "Shorten it by a rule: {max_length: …, on_overflow: cut}.",
            )
        choices = self.catalog.choices(field)
        if choices and value not in choices:
            hint = suggestion(value, choices) or f"Allowed: {', '.join(choices)}."
            yield self._finding(Code.NOT_ALLOWED, f"{where} cannot be '{value}'.", hint)

    def _amount(self, value: Decimal, field: Field, where: str) -> Iterator[Finding]:
        exponent = value.normalize().as_tuple().exponent
        if field.decimals is not None and isinstance(exponent, int) and -exponent > field.decimals:
            yield self._finding(
                Code.TOO_FINE,
                f"{where} is {value}, and Sage keeps {field.decimals} decimals.",
                "Round it by a rule: {money: {scale: 2}}.",
            )

    def _number(self, value: int, field: Field, where: str) -> Iterator[Finding]:
        least, most = field.least, field.most
        if (least is not None and value < least) or (most is not None and value > most):
            yield self._finding(
                Code.OUT_OF_RANGE,
                f"{where} is {value}, and Sage takes {least} to {most}.",
                "Give it another in the mapping or its crosswalk.",
            )

    def _finding(self, code: Code, message: str, hint: str) -> Finding:
        joint = " " if message.startswith("has ") else ": "
        return Finding(code, _source(self.draft), f"{named(self.draft)}{joint}{message}", hint)


def _lines(draft: Draft, lines: Lines) -> Sequence[Mapping[str, Any]]:
    """Return the lines of a draft; its body where its kind has no list of lines."""
    return _items(draft, lines.items) if lines.items else [draft.body]


def _allocated(draft: Draft, posting: Posting) -> Decimal:
    settles = posting.settles
    return Decimal() if settles is None else _sum(_items(draft, settles.items), settles.amount)


def _items(draft: Draft, name: str) -> Sequence[Mapping[str, Any]]:
    items = draft.body.get(name)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []


def _sum(lines: Sequence[Mapping[str, Any]], name: str) -> Decimal:
    return total(amount for line in lines if isinstance(amount := line.get(name), Decimal))


def _source(draft: Draft) -> Place:
    return draft.origins[0] if draft.origins else draft.place or NOWHERE
