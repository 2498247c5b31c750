"""The figures that both sides must show at the as-at date, as the source states them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.model.finding import Finding
from sagerecon.model.outcome_document import places_document, read_places
from sagerecon.model.record import Record
from sagerecon.project.project import TieOutSource
from sagerecon.reconciliation.expectation import expected_balances, open_items, taxed_amounts
from sagerecon.reconciliation.open_items import OpenItem
from sagerecon.reconciliation.tax import TaxedAmount
from sagerecon.reconciliation.tie_out import Adjustment, ExpectedBalance
from sagerecon.sources.snapshot import Snapshot
from sagerecon.validation.chart import accounts_are_mapped
from sagerecon.validation.tie_out_rows import tie_out_rows


@dataclass(frozen=True, slots=True)
class Expectations:
    """The source's figures for each tie-out; None for a tie-out whose dataset the project does not name."""

    balances: tuple[ExpectedBalance, ...] | None
    adjustments: tuple[Adjustment, ...]
    debtors: tuple[OpenItem, ...] | None
    creditors: tuple[OpenItem, ...] | None
    banks: tuple[ExpectedBalance, ...] | None
    tax: tuple[TaxedAmount, ...] | None
    lacking: Mapping[str, str]  #: by tie-out, why it cannot be computed from the rows of its dataset


def expectations_document(expected: Expectations) -> list[Any]:
    """Return the expectations as lists, from which `read_expectations` returns the same."""
    return [
        _balances_document(expected.balances),
        [[entry.target, entry.amount, entry.name, entry.reason] for entry in expected.adjustments],
        _items_document(expected.debtors),
        _items_document(expected.creditors),
        _balances_document(expected.banks),
        None
        if expected.tax is None
        else [[each.rate, each.period, each.direction, each.net, each.tax] for each in expected.tax],
        dict(expected.lacking),
    ]


def read_expectations(document: list[Any]) -> Expectations:
    """Return the expectations that `expectations_document` wrote."""
    balances, adjustments, debtors, creditors, banks, tax, lacking = document
    return Expectations(
        balances=_read_balances(balances),
        adjustments=tuple(Adjustment(*entry) for entry in adjustments),
        debtors=_read_items(debtors),
        creditors=_read_items(creditors),
        banks=_read_balances(banks),
        tax=None if tax is None else tuple(TaxedAmount(*each) for each in tax),
        lacking=lacking,
    )


def _balances_document(balances: tuple[ExpectedBalance, ...] | None) -> list[Any] | None:
    if balances is None:
        return None
    return [[b.code, b.name, b.amount, b.target, places_document(b.origins)] for b in balances]


def _read_balances(document: list[Any] | None) -> tuple[ExpectedBalance, ...] | None:
    if document is None:
        return None
    return tuple(
        ExpectedBalance(code=code, name=name, amount=amount, target=target, origins=read_places(origins))
        for code, name, amount, target, origins in document
    )


def _items_document(items: tuple[OpenItem, ...] | None) -> list[Any] | None:
    if items is None:
        return None
    return [
        [
            item.contact,
            item.name,
            item.label,
            item.amount,
            item.due,
            item.dated,
            item.currency,
            item.in_currency,
        ]
        for item in items
    ]


def _read_items(document: list[Any] | None) -> tuple[OpenItem, ...] | None:
    if document is None:
        return None
    return tuple(
        OpenItem(
            contact=contact,
            name=name,
            label=label,
            amount=amount,
            due=due,
            dated=dated,
            currency=currency,
            in_currency=in_currency,
        )
        for contact, name, label, amount, due, dated, currency, in_currency in document
    )


@dataclass(frozen=True, slots=True)
class TieOutRows:
    """The rows of the datasets that a project names for its tie-outs, and the crosswalks of their codes."""

    sources: Mapping[str, TieOutSource]
    snapshot: Snapshot
    crosswalks: Mapping[str, Crosswalk]

    def expectations(self, lacking: Mapping[str, Sequence[Finding]] = {}) -> Expectations:
        """Return the source's figures for each tie-out.

        Args:
            lacking: what the rows of a tie-out lack, by its name.
        """
        trial_balance, adjustments = self._balances("trial_balance")
        banks, _ = self._balances("bank")
        return Expectations(
            balances=trial_balance,
            adjustments=adjustments,
            debtors=self._open_items("debtors"),
            creditors=self._open_items("creditors"),
            banks=banks,
            tax=self._tax(),
            lacking={name: findings[0].message for name, findings in lacking.items()},
        )

    def lacking(self) -> dict[str, list[Finding]]:
        """Return by tie-out a finding for each value that its rows lack; without those that have all."""
        found = {
            name: list(tie_out_rows(name, source.dataset, self.snapshot.records(source.dataset, ())))
            for name, source in self.sources.items()
        }
        return {name: findings for name, findings in found.items() if findings}

    def unmapped_accounts(self) -> Iterator[Finding]:
        """Yield a finding for each account of the trial balance that its crosswalk does not map."""
        if rows := self._rows("trial_balance"):
            crosswalk = self.sources["trial_balance"].crosswalk
            yield from accounts_are_mapped(rows, self._target("trial_balance"), crosswalk)

    def _rows(self, name: str) -> Iterator[Record] | None:
        source = self.sources.get(name)
        return self.snapshot.records(source.dataset, ()) if source else None

    def _target(self, name: str) -> Callable[[str], str | None]:
        crosswalk = self.crosswalks[self.sources[name].crosswalk]
        return lambda code: crosswalk.lookup(code)  # noqa: PLW0108 - its other parameters are not ours

    def _balances(self, name: str) -> tuple[tuple[ExpectedBalance, ...] | None, tuple[Adjustment, ...]]:
        rows = self._rows(name)
        if rows is None:
            return None, ()
        balances, adjustments = expected_balances(rows, self._target(name))
        return tuple(balances), tuple(adjustments)

    def _open_items(self, name: str) -> tuple[OpenItem, ...] | None:
        rows = self._rows(name)
        return None if rows is None else tuple(open_items(rows))

    def _tax(self) -> tuple[TaxedAmount, ...] | None:
        rows = self._rows("tax")
        if rows is None:
            return None
        return tuple(taxed_amounts(rows, self.crosswalks[self.sources["tax"].crosswalk].lookup))
