"""The state of one record while a mapping runs, and the readers that take values from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sagerecon.model import count
from sagerecon.model.code import Code
from sagerecon.model.draft import Change
from sagerecon.model.limits import NESTED_ITEMS, RECORD_ITEMS, RECORD_TEXT
from sagerecon.model.limits import TEXT as TEXT_LIMIT
from sagerecon.model.money import decimal_text
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT, UNKNOWN, Type, list_of


class RefusalError(Exception):
    """A value of the record cannot be converted as the mapping asks; the record is quarantined."""

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        """Keep the message, shortened where it quotes a long value: each refused record keeps one."""
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[: _LONGEST_MESSAGE // 2]} … {message[-_LONGEST_MESSAGE // 2 :]}"
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


#: Characters of a refusal.
_LONGEST_MESSAGE = 1_000

#: Texts of so few characters are not counted, which costs more than they take.
FREE_TEXT = 200


def require_text(size: int) -> None:
    """Check the number of characters of a text before it is made.

    Raises:
        RefusalError: they are more than a text may have.
    """
    if size > TEXT_LIMIT.most:
        raise RefusalError(Code.TOO_LONG, f"the text has {size:,} characters; {TEXT_LIMIT.sentence}")


def replaced(text: str, old: str, new: str) -> str:
    """Return `text` with each `old` replaced by `new`.

    Raises:
        RefusalError: the result would be longer than a text may be.
    """
    if len(new) > len(old):
        require_text(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


class RecordContext:
    """One record being mapped: its row, the lets evaluated so far, the changes made and the faults found."""

    __slots__ = ("changes", "characters", "elements", "faults", "fields", "indices", "items", "lets", "row")

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row
        self.lets: dict[str, Any] = {}
        self.elements: dict[str, Any] = {}  #: the current item of each list being iterated, by its name
        self.indices: list[int] = []
        self.characters = 0  #: of the texts made so far
        self.items = 0  #: of the lists gone through so far
        self.fields: dict[str, Any] = {}  #: the target's fields, for checks
        self.changes: list[Change] = []
        self.faults: list[tuple[RefusalError, str, Place]] = []

    def spend_text(self, size: int) -> None:
        """Count a text of so many characters.

        Raises:
            RefusalError: it, or all texts of the record together, would be too long.
        """
        require_text(size)
        self.characters += size
        if self.characters > RECORD_TEXT.most:
            message = f"the texts made of this record have too many characters; {RECORD_TEXT.sentence}"
            raise RefusalError(Code.TOO_LONG, message)

    def spend_items(self, count: int) -> None:
        """Count the items of a list that an expression goes through.

        Raises:
            RefusalError: they are too many, with those of all lists of the record.
        """
        self.items += count
        if self.items > RECORD_ITEMS.most:
            message = f"expressions go through too many items of lists; {RECORD_ITEMS.sentence}"
            raise RefusalError(Code.TOO_MANY_ITEMS, message)

    def where(self, path: str) -> str:
        """Return `path` with each `[]` replaced by the current position in its list, counted from 1."""
        for index in self.indices:
            path = path.replace("[]", f"[{index + 1}]", 1)
        return path

    def change(self, path: str, before: Any, after: Any, rule: str, place: Place) -> None:
        """Record that a rule changed a value; raise as `spend_text`."""
        old = before if type(before) is str else plain_text(before)
        new = after if type(after) is str else plain_text(after)
        if len(old) + len(new) > FREE_TEXT:
            self.spend_text(max(len(old), len(new)))
        field = self.where(path) if self.indices else path
        self.changes.append(Change(field=field, before=old, after=new, rule=rule, place=place))

    def refuse(self, error: RefusalError, path: str, place: Place) -> None:
        """Record that a field cannot be filled."""
        error.__traceback__ = None  # or a million quarantined records would keep their stack frames alive
        self.faults.append((error, self.where(path), place))


Reader: TypeAlias = Callable[[RecordContext], Any]


@dataclass(frozen=True, slots=True)
class CompiledValue:
    """A compiled value: its type, its reader, and what is known before any row is read.

    `constants` are all values it can have, each with its place in the mapping; empty where they depend on
    the row. `kind` is the kind of Sage entity that a reference leads to.
    """

    type: Type
    read: Reader
    constants: tuple[tuple[Any, Place], ...] = ()
    kind: str = ""


REFERENCE = Type("reference")
NUMBERS = ("integer", "decimal")


def constant(value: Any, type_: Type, place: Place = NOWHERE) -> CompiledValue:
    """Return a compiled value that is the same for each record."""
    return CompiledValue(type_, lambda _: value, ((value, place),))


#: The value of a part that has a fault, so that compiling can continue and find the other faults.
NOTHING = CompiledValue(UNKNOWN, lambda _: None)


def type_of(value: Any) -> Type:
    """Return the type of a value; unknown for null."""
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
    """Return a value as text for messages and keys: plain digits, ISO dates, empty for null."""
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


def require_small(items: Sequence[Any]) -> None:
    """Check that a list of lists, each of which may be the same one, is small when it is written out.

    Raises:
        RefusalError: it has too many items.
    """
    left, open_lists = NESTED_ITEMS.most, [items]
    while open_lists:
        for item in open_lists.pop():
            left -= 1
            if left < 0:
                raise RefusalError(Code.TOO_MANY_ITEMS, f"a list has too many items; {NESTED_ITEMS.sentence}")
            if isinstance(item, list | tuple):
                open_lists.append(item)


def with_article(type_: Type | str) -> str:
    """Return the name of a type with its article: `an integer`, `text`."""
    name = str(type_)
    if name in ("text", "unknown") or name.startswith("list"):
        return name if not name.startswith("list") else f"a {name}"
    return count.with_article(name)


def iso_day(text: str) -> date:
    """Return the date written as 2017-03-31; other ISO 8601 forms are not accepted.

    Raises:
        ValueError: The text is not of that form.
    """
    if len(text) != len("2017-03-31"):
        raise ValueError(f"'{text}' is not a date such as 2017-03-31")
    return date.fromisoformat(text)
