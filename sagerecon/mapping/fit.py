"""Whether a value may stand in a field of Sage's, and how it gets there."""

from __future__ import annotations

from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.constants import constant_of
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.frame import (
    NUMBERS,
    REFERENCE,
    Frame,
    Read,
    RefusalError,
    Typed,
    a,
    plain_text,
    type_of,
)
from sagerecon.model.catalog import Catalog, Field
from sagerecon.model.code import Code
from sagerecon.model.money import decimal
from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT, UNKNOWN, Type, list_of

_TYPES = {
    "text": TEXT,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
}

#: What to write where a value of one type stands in a field of another.
_BRIDGES = {
    ("text", "decimal"): "Read the amount: do: [{money: {scale: 2}}].",
    ("text", "date"): "Read the date: do: [{date: '%d/%m/%Y'}].",
    ("datetime", "date"): "Take the day: do: [date].",
    ("text", "boolean"): "Say which text means what: do: [{enum: {Y: true, N: false}}].",
    ("decimal", "integer"): "Read it as a whole number: do: [integer].",
    ("text", "list"): "Give a list: value: [A], or do: [{split: ','}].",
    ("list", "text"): "Take one item: do: [{nth: 1}], or join them: do: [{join: ', '}].",
}


def type_of_field(field: Field) -> Type:
    """The type a field has in an expression of a check."""
    if field.type == "list":
        item = (
            Type("object", fields={n: type_of_field(f) for n, f in field.fields.items()})
            if field.fields
            else TEXT
        )
        return list_of(item)
    if field.type == "object":
        return Type("object", fields={name: type_of_field(child) for name, child in field.fields.items()})
    return _TYPES.get(field.type, UNKNOWN)


def item_field(field: Field) -> Field:
    """The field of one item of a list."""
    if field.fields or field.type == "unknown":
        return Field(field.name, "object" if field.fields else "unknown", fields=field.fields)
    of = field.items or "text"
    return Field(field.name, of, enum=field.enum, refers_to=field.refers_to, targets=field.targets)


def fit_constant(node: Node, field: Field) -> Typed:
    """A value written out in the mapping, read as the field wants it."""
    return constant_of(node, type_of_field(field))


def fit(value: Typed, field: Field, node: Node, path: str, catalog: Catalog, faults: Faults) -> Read:
    """How to read the value as the field takes it; what cannot be is a fault at `node`."""
    if not _takes(value, field, node, path, faults):
        return value.read
    items = [
        (item, place)
        for given, place in value.constants
        for item in (given if isinstance(given, list) else [given])
    ]
    for constant, place in items:
        _check_constant(constant, field, place, path, catalog, faults)
    if value.type == UNKNOWN:
        return _checked(value.read, field)
    if field.type == "decimal" and value.type == INTEGER:
        return _converted(value.read, decimal)
    if field.type == "integer" and value.type == TEXT:
        return _converted(value.read, _whole)
    if field.type == "text" and value.type == INTEGER:
        return _converted(value.read, str)
    return value.read


def natural_value(value: Any, field: Field | None) -> Any:
    """The value of a natural key as Sage would answer it: a number where the field is one.

    Raises:
        RefusalError: it cannot be that.
    """
    if field is not None and field.type == "integer" and isinstance(value, str):
        return _whole(value)
    return plain_text(value)


def _takes(value: Typed, field: Field, node: Node, path: str, faults: Faults) -> bool:
    given, wanted = value.type.name, field.type
    if value.type == REFERENCE or (given == "list" and value.type.item == REFERENCE):
        return _takes_reference(value, field, node, path, faults)
    if wanted not in (*_TYPES, "list", "object") or given in (wanted, "unknown"):
        return True
    if (given, wanted) in (("integer", "decimal"), ("text", "integer"), ("integer", "text")):
        return True
    if wanted == "list" and given == "text" and field.fields:
        hint = "Give each line its fields: each: {from: lines}, fields: {…}."
    elif wanted == "object":
        hint = f"Give its fields: {field.name}: {{fields: {{…}}}}."
    elif given in NUMBERS and wanted == "date":
        hint = ""
    elif wanted == "text":
        hint = _BRIDGES.get((given, wanted), "Write it out: do: [text].")
    else:
        hint = _BRIDGES.get((given, wanted), "")
    if wanted == "boolean" and given == "text" and value.constants:
        word = plain_text(value.constants[0][0])
        faults.add(
            Code.TEXT_NOT_BOOLEAN,
            node.place,
            f"'{word}' is text, and {path} wants true or false.",
            "Write true or false.",
        )
        return False
    faults.add(
        Code.WRONG_FIELD_TYPE, node.place, f"{path} is {a(wanted)}, and this gives {a(value.type)}.", hint
    )
    return False


def _takes_reference(value: Typed, field: Field, node: Node, path: str, faults: Faults) -> bool:
    if not field.refers_to:
        faults.add(Code.WRONG_REFERENCE, node.place, f"{path} takes no reference.", "Use from: or value:.")
        return False
    if value.kind and not field.accepts(value.kind):
        wanted = " or ".join(field.targets or (field.refers_to,))
        faults.add(
            Code.WRONG_REFERENCE,
            node.place,
            f"{path} refers to a {wanted}, and this refers to a {value.kind}.",
        )
        return False
    if (field.type == "list") is not (value.type.name == "list"):
        faults.add(
            Code.WRONG_REFERENCE,
            node.place,
            f"{path} takes {'a list of references' if field.type == 'list' else 'one reference'}.",
        )
        return False
    return True


def _check_constant(
    value: Any, field: Field, place: Place, path: str, catalog: Catalog, faults: Faults
) -> None:
    text = plain_text(value)
    choices = catalog.choices(field)
    if value is None:
        return
    if field.max_length and isinstance(value, str) and len(value) > field.max_length:
        message = f"'{text}' has {len(text)} characters, and {path} takes {field.max_length}."
        faults.add(Code.CONSTANT_TOO_LONG, place, message, "Shorten it.")
    if choices and text not in choices:
        faults.unknown(Code.CONSTANT_NOT_ALLOWED, place, f"{path} cannot be '{text}'.", text, choices)
    if field.type == "integer" and isinstance(value, str) and not _is_whole(value):
        faults.add(Code.CONSTANT_NOT_ALLOWED, place, f"{path} is a whole number, and '{text}' is none.")


def _is_whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdecimal()


def _whole(text: Any) -> int:
    plain = str(text).strip()
    if not _is_whole(plain):
        raise RefusalError(Code.NOT_WHOLE, f"'{text}' is not a whole number")
    return int(plain)


def _converted(read: Read, convert: Any) -> Read:
    def converted(frame: Frame) -> Any:
        value = read(frame)
        return None if value is None or value == "" else convert(value)

    return converted


def _checked(read: Read, field: Field) -> Read:
    """Reads a value whose type was not known beforehand, and refuses what the field does not take."""
    wanted = type_of_field(field)

    def checked(frame: Frame) -> Any:
        value = read(frame)
        if value is None or wanted == UNKNOWN or type_of(value).name == wanted.name:
            return value
        if wanted == DECIMAL and type_of(value) == INTEGER:
            return decimal(value)
        if wanted == INTEGER and isinstance(value, str):
            return _whole(value)
        if wanted == TEXT and type_of(value) == INTEGER:
            return str(value)
        raise RefusalError(
            Code.WRONG_FIELD_TYPE, f"'{plain_text(value)}' is {a(type_of(value))}, not {a(wanted)}"
        )

    return checked
