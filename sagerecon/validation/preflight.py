"""Compare figures of the source that should be equal, and name the records in the gap between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sagerecon.model.code import Code
from sagerecon.model.control import Control, Figure, Item
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.money import difference, grouped, magnitude, total
from sagerecon.model.two_sides import Suggestion
from sagerecon.validation.alike import MOST_KEYS, key_suggestions
from sagerecon.validation.gap import items_explaining
from sagerecon.validation.sides import Matched, matched

#: Records or buckets named in one sentence.
MOST_NAMED = 10

_WAYS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference between two figures, in one bucket or in total."""

    bucket: str
    amount: Decimal
    items: tuple[Item, ...] | None  #: the records that explain it, if exactly one smallest set does


def compare_figures(control: Control) -> Iterator[Finding]:
    """Yield one finding with all figures of a control.

    Its severity is INFO where they agree and the control's own where they differ. Then it states each gap,
    with the records that explain it if exactly one smallest set does. A control of one figure should be zero.
    """
    if len(control.figures) == 1:
        yield _should_be_zero(control)
        return
    places = _places(control)
    ways = _WAYS[len(control.figures)] if len(control.figures) < len(_WAYS) else str(len(control.figures))
    stated = "; ".join(f"{figure.about} {grouped(_sum(figure), places)}" for figure in control.figures)
    first, *others = control.figures
    gaps = [sentence for other in others if (sentence := _gap_sentence(first, other, control.items, places))]
    message = f"{control.about}, {ways} ways: {stated}."
    if gaps:
        yield Finding(
            code=Code.FIGURES_DIFFER,
            place=control.place,
            message=f"{message} {' '.join(gaps)}",
            hint=control.hint,
            severity=control.severity,
        )
    else:
        yield Finding(Code.FIGURES_AGREE, control.place, f"{message} They agree.", severity=Severity.INFO)


def _should_be_zero(control: Control) -> Finding:
    (figure,) = control.figures
    amount, places = _sum(figure), _places(control)
    if not amount:
        message = f"{control.about}: {figure.about} {grouped(amount, places)}, as expected."
        return Finding(Code.FIGURE_ZERO, control.place, message, severity=Severity.INFO)
    message = f"{control.about}: {figure.about} should be zero and is {grouped(amount, places)}."
    if control.items and total(item.amount for item in control.items) == amount:
        message += f" It consists of {_named(control.items, places)}."
    return Finding(
        code=Code.FIGURE_NOT_ZERO,
        place=control.place,
        message=message,
        hint=control.hint,
        severity=control.severity,
    )


def _gap_sentence(first: Figure, other: Figure, items: Sequence[Item], places: int) -> str:
    """Return how far `other` is from `first`, and why; empty where they agree in every bucket."""
    gaps = list(_gaps(first, other, items))
    if not gaps:
        return ""
    whole = total(gap.amount for gap in gaps)
    if whole:
        more_or_less = "less" if whole > 0 else "more"
        text = (
            f"{_capital(other.about)}: {grouped(magnitude(whole), places)} {more_or_less} than {first.about}"
        )
    else:
        text = f"{_capital(other.about)}: the same total as {first.about} but not the same parts"
    hint = "" if _is_total(first) or _is_total(other) else _bucket_hint(first, other)
    return f"{text}; {_reasons(gaps, places)}.{hint}"


def _reasons(gaps: Sequence[Gap], places: int) -> str:
    explained = [item for gap in gaps for item in gap.items or ()]
    open_gaps = [gap for gap in gaps if gap.items is None]
    parts = []
    if explained:
        verb = "accounts" if len(explained) == 1 else "account"
        parts.append(f"{_named(explained, places)} {verb} for {'it' if not open_gaps else 'a part'}")
    if open_gaps == list(gaps) and not any(gap.bucket for gap in gaps):
        parts.append("no single set of records accounts for it")
    elif open_gaps:
        named = [f"{gap.bucket or 'without a name'} ({grouped(gap.amount, places)})" for gap in open_gaps]
        parts.append(f"no single set of records accounts for it in {_listed(named)}")
    return ", and ".join(parts)


def _gaps(first: Figure, other: Figure, items: Sequence[Item]) -> Iterator[Gap]:
    """Yield the gaps by bucket where both figures have buckets, else the gap in total."""
    if _is_total(first) or _is_total(other):
        amount = difference(_sum(first), _sum(other))
        if amount:
            yield Gap("", amount, items_explaining(amount, items))
        return
    by_bucket = _by_bucket(items)
    for bucket in _buckets(first, other):
        amount = difference(total(bucket.left), total(bucket.right))
        if amount:
            yield Gap(bucket.key, amount, items_explaining(amount, by_bucket.get(bucket.key, ())))


def _buckets(first: Figure, other: Figure) -> Iterator[Matched[str, Decimal]]:
    """Yield the amounts of both figures bucket by bucket; a figure has none in a bucket that it lacks."""
    return matched(sorted(first.amounts.items()), sorted(other.amounts.items()))


def _bucket_hint(first: Figure, other: Figure) -> str:
    """Return by which rule the buckets of one figure alone would be those of the other; empty for none."""
    alone = [bucket for bucket in _buckets(first, other) if not (bucket.left and bucket.right)]
    missing = [(bucket.key,) for bucket in alone if bucket.left][:MOST_KEYS]
    extra = [(bucket.key,) for bucket in alone if bucket.right][:MOST_KEYS]
    best: Suggestion | None = next(iter(key_suggestions(missing, extra)), None)
    if best is None:
        return ""
    return f" {best.count:,} of {counted(best.of, 'name')} that {first.about} alone has match {best.rule}."


def _by_bucket(items: Sequence[Item]) -> Mapping[str, Sequence[Item]]:
    buckets: dict[str, list[Item]] = {}
    for item in items:
        buckets.setdefault(item.bucket, []).append(item)
    return buckets


def _is_total(figure: Figure) -> bool:
    return set(figure.amounts) <= {""}


def _sum(figure: Figure) -> Decimal:
    return total(figure.amounts.values())


def _named(items: Sequence[Item], places: int) -> str:
    return _listed([f"{item.label} ({grouped(item.amount, places)})" for item in items])


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED:,} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _places(control: Control) -> int:
    """Return the decimals to show: none where all figures are counts, else at least two."""
    amounts = [amount for figure in control.figures for amount in figure.amounts.values()]
    exponents = [exponent for amount in amounts if isinstance(exponent := amount.as_tuple().exponent, int)]
    finest = -min(exponents, default=0)
    return max(finest, 2) if finest > 0 else 0
