"""Validation of a request body against the catalog: types, lengths, enums, references, all in one pass.

The result is typed: links, exact amounts, ISO days, under the names they are answered with. Unknown fields
and read-only fields are ignored, as Sage does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.clock import instant
from sagerecon.model.money import rounded
from sagerecon.rehearsal.books.company import Company
from sagerecon.rehearsal.books.records import Link, Values
from sagerecon.rehearsal.books.refusal import REQUIRED, Fault, invalid

#: Limit of an amount: twelve digits before the decimal point.
LARGEST = Decimal(10) ** 12
TOO_LARGE = "The amount is too large."
_MOST_PLACES = 10
_MOST_DIGITS = 18

#: Labels in messages about missing records, for kinds whose label is not derived from the name.
_LABELS = {"ledger_account": "Ledger Account", "bank_account": "Bank Account", "contact": "Contact"}


def read_wrapper(kind: Kind, body: Any) -> Mapping[str, Any]:
    """Return the object under the kind's name.

    Raises:
        Refusal: the body has no such object.
    """
    if isinstance(body, Mapping) and isinstance(body.get(kind.name), Mapping):
        wrapped: Mapping[str, Any] = body[kind.name]
        return wrapped
    raise invalid(Fault(REQUIRED, kind.name))


def check_body(
    company: Company, kind: Kind, body: Mapping[str, Any], *, creating: bool, is_whole: bool = True
) -> tuple[Values, list[Fault]]:
    """Return the typed values of the fields given, and all faults found in them.

    A new record must have all required fields, unless `is_whole` is off.
    """
    check = _Check(company, creating)
    values = check.fields(kind.fields, body, "", needs_all=creating and is_whole)
    return values, check.faults


def size_faults(values: Mapping[str, Any], path: str = "") -> Iterator[Fault]:
    """Yield faults for amounts too large to store, such as products of valid amounts."""
    for name, value in values.items():
        if isinstance(value, Decimal):
            if abs(value) >= LARGEST:
                yield Fault(TOO_LARGE, path + name)
        elif isinstance(value, dict):
            yield from size_faults(value, f"{path}{name}.")
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from size_faults(item, f"{path}{name}.")


class _Check:
    def __init__(self, company: Company, creating: bool) -> None:
        self.company = company
        self.creating = creating
        self.faults: list[Fault] = []

    def fields(
        self, fields: Mapping[str, Field], body: Mapping[str, Any], path: str, *, needs_all: bool
    ) -> Values:
        values: Values = {}
        country = self.company.identity.country
        is_start = self.company.identity.edition == "start"
        for name, field in fields.items():
            if field.read_only or not (field.create if self.creating else field.update):
                continue
            if (field.countries and country not in field.countries) or (is_start and not field.in_start):
                continue
            value = body.get(name)
            if value is None or value == "" or (value == [] and field.required):
                if field.required and (needs_all or name in body):
                    self.faults.append(Fault(REQUIRED, path + name))
                elif name in body:
                    values[field.answered_as] = None
                continue
            values[field.answered_as] = self.value(field, value, path + name)
        return values

    def value(self, field: Field, value: Any, path: str) -> Any:
        """Return `value` converted to the field's type."""
        if field.targets:
            return self.reference(field, value, path)
        try:
            typed = _READERS[field.type](self, field, value, path)
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            self.faults.append(Fault(f"{_label(field.name)} is invalid.", path))
            return None
        if field.enum and isinstance(typed, str) and typed not in field.enum:
            self.faults.append(Fault(f"{_label(field.name)} is not included in the list.", path))
        return typed

    def reference(self, field: Field, value: Any, path: str) -> Any:
        """Return one link, or several for a list of ids."""
        if field.type == "list" or field.name.endswith("_ids"):
            if not isinstance(value, list):
                self.faults.append(Fault(f"{_label(field.name)} is invalid.", path))
                return []
            return [self.link(field, item, path) for item in value]
        return self.link(field, value, path)

    def link(self, field: Field, value: Any, path: str) -> Link | None:
        """Return the link to an existing record."""
        if not isinstance(value, str):
            self.faults.append(Fault(f"{_label(field.name)} is invalid.", path))
            return None
        if field.enum and value not in field.enum:
            self.faults.append(Fault(f"{_label(field.name)} is not included in the list.", path))
        link = Link(field.refers_to, value)
        if len(field.targets) > 1:  # one of several kinds: the booking's rules check it
            return link
        if not self.company.has(link):
            label = _LABELS.get(link.kind, _label(link.kind).title())
            self.faults.append(Fault(f"Couldn't find {label}.", path))
        return link


def _label(name: str) -> str:
    return name.removesuffix("_ids").removesuffix("_id").replace("_", " ").capitalize()


def _text(check: _Check, field: Field, value: Any, path: str) -> str:
    if isinstance(value, (list, dict, bool)):
        raise TypeError
    text = str(value)
    if field.max_length is not None and len(text) > field.max_length:
        message = f"{_label(field.name)} is too long (maximum is {field.max_length} characters)."
        check.faults.append(Fault(message, path))
    return text


def _integer(_check: _Check, field: Field, value: Any, _path: str) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError
    if (field.least is not None and number < field.least) or (field.most is not None and number > field.most):
        raise ValueError
    return int(number)


def _decimal(_check: _Check, field: Field, value: Any, _path: str) -> Decimal:
    number = _number(value)
    return number if field.decimals is None else rounded(number, field.decimals)


def _number(value: Any) -> Decimal:
    if not isinstance(value, (str, int, Decimal)) or isinstance(value, bool):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValueError
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or exponent < -_MOST_PLACES or len(digits) > _MOST_DIGITS:
        raise ValueError
    return number + 0 if exponent <= 0 else number.quantize(Decimal(1))


def _boolean(_check: _Check, _field: Field, value: Any, _path: str) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError


def _date(_check: _Check, _field: Field, value: Any, _path: str) -> str:
    day = date.fromisoformat(value)
    if len(value) != 10:
        raise ValueError
    return day.isoformat()


def _datetime(_check: _Check, _field: Field, value: Any, _path: str) -> str:
    instant(value)
    return str(value)


def _object(check: _Check, field: Field, value: Any, path: str) -> Values:
    if not isinstance(value, Mapping):
        raise TypeError
    return check.fields(field.fields, value, path + ".", needs_all=check.creating)


def _list(check: _Check, field: Field, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    if not field.fields:
        return list(value)
    items: list[Any] = []
    for item in value:
        if not isinstance(item, Mapping):
            raise TypeError
        items.append(_item(check, field, item, path))
    return items


def _item(check: _Check, field: Field, item: Mapping[str, Any], path: str) -> Values:
    """Return a line. Lines replace the earlier ones, so each must be complete; a known id is kept."""
    values = check.fields(field.fields, item, path + ".", needs_all=True)
    id = item.get("id")
    if isinstance(id, str):
        values["id"] = id
    return values


_READERS: Mapping[str, Callable[[_Check, Field, Any, str], Any]] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "object": _object,
    "list": _list,
}
