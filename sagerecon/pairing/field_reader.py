"""Reading the fields of a draft's body and of Sage's answer alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sagerecon.model.draft import Reference
from sagerecon.model.key import NaturalKey
from sagerecon.model.money import in_base
from sagerecon.model.posting import EXCHANGE_RATE, base_amount
from sagerecon.pairing.identity import Identities, as_decimal, as_reference


class FieldReader:
    """Reads a draft's body or an answer by the same names: `contact` is `contact_id` or an object."""

    def __init__(self, content: Mapping[str, Any], identities: Identities) -> None:
        self._content = content
        self._identities = identities

    def link(self, name: str) -> str:
        """Return the identity behind `name_id` or the object `name`; empty where there is none."""
        value = self._content.get(f"{name}_id", self._content.get(name))
        if (reference := as_reference(value)) is not None:
            return self._identities.by_reference(reference).key
        if isinstance(value, dict):
            value = value.get("id")
        return self._identities.by_id(str(value)).key if value else ""

    def amount(self, name: str) -> Decimal | None:
        """Return the number under `name`, given as a number or, as Sage sends money, as text."""
        return as_decimal(self._content.get(name))

    def base_amount(self, name: str) -> Decimal | None:
        """Return the number under `name` in the currency of the business: as stated, else converted."""
        return base_amount(self.amount, name)

    def in_base(self, amount: Decimal) -> Decimal:
        """Return an amount in the currency of the business, at the exchange rate of this entity."""
        rate = self.amount(EXCHANGE_RATE)
        return in_base(amount, rate) if rate else amount

    def text(self, name: str) -> str:
        """Return the value under `name` as text; empty where there is none."""
        value = self._content.get(name)
        return "" if value is None else str(value)

    def type_id(self, name: str) -> str:
        """Return the fixed id behind `name_id` or the object `name`, as `CUSTOMER_RECEIPT`."""
        value = self._content.get(f"{name}_id") or self._content.get(name)
        if isinstance(value, dict):
            value = value.get("id", "")
        if isinstance(value, Reference):
            return value.key.value if isinstance(value.key, NaturalKey) else value.key
        return str(value or "")

    def day(self, name: str) -> date | None:
        """Return the day under `name`, given as a date or as text; None where there is none."""
        value = self._content.get(name)
        if isinstance(value, date):
            return value
        return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None

    def type_ids(self, name: str) -> tuple[str, ...]:
        """Return the fixed ids of a list: `contact_types`, which is sent as `contact_type_ids`."""
        values = self._content.get(f"{name.removesuffix('s')}_ids") or self._content.get(name)
        found = values if isinstance(values, list | tuple) else ()
        return tuple(str(item.get("id", "") if isinstance(item, dict) else item) for item in found)

    def items(self, name: str) -> Iterator[FieldReader]:
        """Yield the objects of the list `name`."""
        values = self._content.get(name)
        for value in values if isinstance(values, list | tuple) else ():
            if isinstance(value, dict):
                yield FieldReader(value, self._identities)
