"""Aged debtors and creditors per contact, against their control accounts on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sagerecon.model.catalog import Catalog
from sagerecon.model.draft import Draft
from sagerecon.model.entity import Entity, Written
from sagerecon.reconciliation.tie_out import ControlPair, TieOut
from sagerecon.reconciliation.verdict import RecordVerdict

#: Days overdue at the as-at date; what is not due yet comes first.
BUCKETS = ("not due", "1-30 days", "31-60 days", "61-90 days", "older")


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One unsettled document. A claim on a customer and a debt to a supplier are positive, credits negative."""

    contact: str  #: the contact's key on both sides: a draft key, or Sage's id for one we do not know
    name: str
    label: str
    amount: Decimal
    due: date | None  #: its own date where it has no due date; None counts as not due


def open_items_wanted(drafts: Iterable[Draft], side: str) -> list[OpenItem]:
    """The open items our drafts stand for; `side` is `CUSTOMER` or `VENDOR`."""
    raise NotImplementedError


def open_items_held(
    entities: Iterable[Entity], written: Iterable[Written], catalog: Catalog, side: str
) -> list[OpenItem]:
    """The open items Sage holds, each under its contact's draft key where the id map knows it."""
    raise NotImplementedError


def tie_contacts(
    name: str,
    about: str,
    source: Iterable[OpenItem],
    sage: Iterable[OpenItem],
    as_at: date,
    *,
    control: ControlPair | None = None,
    balances: Mapping[str, tuple[str, Decimal]] | None = None,
    verdicts: Iterable[RecordVerdict] = (),
) -> TieOut:
    """Each contact's open items on both sides, aged by due date, under the control account.

    `balances` are Sage's own balances, contact key -> (name, amount): where given they are Sage's side, and
    the open items only spread them over the buckets.
    """
    raise NotImplementedError
