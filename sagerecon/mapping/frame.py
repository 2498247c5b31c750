"""What a running expression or transform sees of one record, and how it refuses a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model.code import Code
from sagerecon.model.draft import Change
from sagerecon.model.money import decimal_text
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT, UNKNOWN, Type, list_of


class RefusalError(Exception):
    """A value of the record cannot become what the mapping asks for; the record is quarantined."""

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Frame:
    """One record on its way: its row, what has been worked out, what was altered, what was refused."""

    __slots__ = ("changes", "elements", "faults", "fields", "indices", "lets", "row")

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row
        self.lets: dict[str, Any] = {}
        self.elements: dict[str, Any] = {}  #: the item of each list being walked, by its name
        self.indices: list[int] = []
        self.fields: dict[str, Any] = {}  #: the target's fields, for checks
        self.changes: list[Change] = []
        self.faults: list[tuple[RefusalError, str, Place]] = []

    def where(self, path: str) -> str:
        """`path` with each `[]` as the position in the list being walked, counted from 1."""
        for index in self.indices:
            path = path.replace("[]", f"[{index + 1}]", 1)
        return path

    def change(self, path: str, before: Any, after: Any, rule: str, place: Place) -> None:
        """Remember that a rule altered a value."""
        self.changes.append(Change(self.where(path), plain_text(before), plain_text(after), rule, place))

    def refuse(self, error: RefusalError, path: str, place: Place) -> None:
        """Remember that a field cannot be made."""
        error.__traceback__ = None  # or a million quarantined records would keep their frames alive
        self.faults.append((error, self.where(path), place))


Read: TypeAlias = Callable[[Frame], Any]


@dataclass(frozen=True, slots=True)
class Typed:
    """A value to come: its type, how to read it off a frame, and what is known of it beforehand.

    `constants` are all the values it can have, with the places that state them, where they are known
    before a row is read; `kind` is the kind of Sage entity a reference leads to.
    """

    type: Type
    read: Read
    constants: tuple[tuple[Any, Place], ...] = ()
    kind: str = ""


REFERENCE = Type("reference")
NUMBERS = ("integer", "decimal")


def constant(value: Any, type_: Type, place: Place = NOWHERE) -> Typed:
    """A value that is always the same."""
    return Typed(type_, lambda _: value, ((value, place),))


NOTHING = Typed(UNKNOWN, lambda _: None)


def type_of(value: Any) -> Type:
    """The type of a value that is there."""
    match value:
        case None:
            return UNKNOWN
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case Decimal():
            return DECIMAL
        case str():
            return TEXT
        case datetime():
            return DATETIME
        case date():
            return DATE
        case list() | tuple():
            return list_of(type_of(value[0]) if value else UNKNOWN)
        case Mapping():
            return Type("object", fields={str(name): type_of(item) for name, item in value.items()})
        case _:
            return UNKNOWN


def plain_text(value: Any) -> str:
    """A value as people read it and as keys are made of it: plain digits, ISO dates, nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return decimal_text(value, least_places=0)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(plain_text(item) for item in value)
    return str(value)


def a(type_: Type | str) -> str:
    """The type's name with its article: `an integer`, `text`."""
    name = str(type_)
    if name in ("text", "unknown") or name.startswith("list"):
        return name if not name.startswith("list") else f"a {name}"
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def iso_day(text: str) -> date:
    """The day written as 2017-03-31, and in no other of ISO's ways.

    Raises:
        ValueError: it is not written so.
    """
    if len(text) != len("2017-03-31"):
        raise ValueError(f"'{text}' is not a date such as 2017-03-31")
    return date.fromisoformat(text)
