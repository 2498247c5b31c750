"""Check values against the fields of Sage, and convert them to the types of those fields."""

from __future__ import annotations

from typing import Any

from sagerecon.documents.document import Node
from sagerecon.mapping.constants import compile_constant
from sagerecon.mapping.faults import Faults
from sagerecon.mapping.record_context import (
    NUMBERS,
    REFERENCE,
    CompiledValue,
    Reader,
    RecordContext,
    RefusalError,
    plain_text,
    type_of,
    with_article,
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

#: The hint where a value of one type is given to a field of another.
_CONVERSIONS = {
    ("text", "decimal"): "Convert the amount: do: [{money: {scale: 2}}].",
    ("text", "date"): "Convert the date: do: [{date: '%d/%m/%Y'}].",
    ("datetime", "date"): "Take the day: do: [date].",
    ("text", "boolean"): "Map each text to true or false: do: [{enum: {Y: true, N: false}}].",
    ("decimal", "integer"): "Convert it to a whole number: do: [integer].",
    ("text", "list"): "Write a list: value: [A], or split the text: do: [{split: ','}].",
    ("list", "text"): "Take one item: do: [{nth: 1}], or join them: do: [{join: ', '}].",
}


def type_of_field(field: Field) -> Type:
    """Return the type that a field has in the expression of a check."""
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
    """Return the field that describes one item of a list."""
    if field.fields or field.type == "unknown":
        return Field(field.name, "object" if field.fields else "unknown", fields=field.fields)
    of = field.items or "text"
    return Field(field.name, of, enum=field.enum, refers_to=field.refers_to, targets=field.targets)


def fit_constant(node: Node, field: Field) -> CompiledValue:
    """Return the constant in `node`, converted to the type of the field."""
    return compile_constant(node, type_of_field(field))


def fit(
    value: CompiledValue, field: Field, node: Node, path: str, catalog: Catalog, faults: Faults
) -> Reader:
    """Return a reader that converts the value to the type of `field`; a mismatch is a finding at `node`."""
    if not _accepts(value, field, node, path, faults):
        return value.read
    items = [
        (item, place)
        for given, place in value.constants
        for item in (given if isinstance(given, list) else [given])
    ]
    for constant, place in items:
        _check_constant(constant, field, place, path, catalog, faults)
    if value.type == UNKNOWN:
        return _check_at_run_time(value.read, field)
    if field.type == "decimal" and value.type == INTEGER:
        return _convert(value.read, decimal)
    if field.type == "integer" and value.type == TEXT:
        return _convert(value.read, _read_integer)
    if field.type == "text" and value.type == INTEGER:
        return _convert(value.read, str)
    return value.read


def natural_value(value: Any, field: Field | None) -> Any:
    """Return the value of a natural key as Sage answers it: a number where the field is an integer.

    Raises:
        RefusalError: The value is not a number, and the field is an integer.
    """
    if field is not None and field.type == "integer" and isinstance(value, str):
        return _read_integer(value)
    return plain_text(value)


def _accepts(value: CompiledValue, field: Field, node: Node, path: str, faults: Faults) -> bool:
    given, wanted = value.type.name, field.type
    if value.type == REFERENCE or (given == "list" and value.type.item == REFERENCE):
        return _accepts_reference(value, field, node, path, faults)
    if wanted not in (*_TYPES, "list", "object") or given in (wanted, "unknown"):
        return True
    if (given, wanted) in (("integer", "decimal"), ("text", "integer"), ("integer", "text")):
        return True
    if wanted == "list" and given == "text" and field.fields:
        hint = "Describe each item: each: {from: lines}, fields: {…}."
    elif wanted == "object":
        hint = f"Describe its fields: {field.name}: {{fields: {{…}}}}."
    elif given in NUMBERS and wanted == "date":
        hint = ""
    elif wanted == "text":
        hint = _CONVERSIONS.get((given, wanted), "Convert it to text: do: [text].")
    else:
        hint = _CONVERSIONS.get((given, wanted), "")
    if wanted == "boolean" and given == "text" and value.constants:
        word = plain_text(value.constants[0][0])
        faults.add(
            Code.TEXT_NOT_BOOLEAN,
            node.place,
            f"{path} is a boolean, and '{word}' is text.",
            "Write true or false.",
        )
        return False
    faults.add(
        Code.WRONG_FIELD_TYPE,
        node.place,
        f"{path} is {with_article(wanted)}, and the value is {with_article(value.type)}.",
        hint,
    )
    return False


def _accepts_reference(value: CompiledValue, field: Field, node: Node, path: str, faults: Faults) -> bool:
    if field.type == "unknown":
        return True  # of a field that does not exist, which is a finding of its own
    if not field.refers_to:
        faults.add(
            Code.WRONG_REFERENCE, node.place, f"{path} is not a reference field.", "Use from: or value:."
        )
        return False
    if value.kind and not field.accepts(value.kind):
        wanted = " or ".join(field.targets or (field.refers_to,))
        faults.add(
            Code.WRONG_REFERENCE,
            node.place,
            f"{path} refers to {wanted}, not to {value.kind}.",
        )
        return False
    if (field.type == "list") is not (value.type.name == "list"):
        faults.add(
            Code.WRONG_REFERENCE,
            node.place,
            f"{path} needs {'a list of references' if field.type == 'list' else 'a single reference'}.",
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
        message = f"'{text}' has {len(text)} characters; {path} allows at most {field.max_length}."
        faults.add(Code.CONSTANT_TOO_LONG, place, message, "Shorten it.")
    if choices and text not in choices:
        faults.add_unknown(
            Code.CONSTANT_NOT_ALLOWED, place, f"'{text}' is not an allowed value of {path}.", text, choices
        )
    if field.type == "integer" and isinstance(value, str) and not _is_integer(value):
        faults.add(
            Code.CONSTANT_NOT_ALLOWED, place, f"{path} is an integer, and '{text}' is not a whole number."
        )


def _is_integer(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdecimal()


def _read_integer(text: Any) -> int:
    plain = str(text).strip()
    if not _is_integer(plain):
        raise RefusalError(Code.NOT_WHOLE, f"'{text}' is not a whole number")
    return int(plain)


def _convert(read: Reader, convert: Any) -> Reader:
    def converted(record: RecordContext) -> Any:
        value = read(record)
        return None if value is None or value == "" else convert(value)

    return converted


def _check_at_run_time(read: Reader, field: Field) -> Reader:
    """Return a reader that checks the type of each value, where it is not known before a row is read."""
    wanted = type_of_field(field)

    def checked(record: RecordContext) -> Any:
        value = read(record)
        if value is None or wanted == UNKNOWN or type_of(value).name == wanted.name:
            return value
        if wanted == DECIMAL and type_of(value) == INTEGER:
            return decimal(value)
        if wanted == INTEGER and isinstance(value, str):
            return _read_integer(value)
        if wanted == TEXT and type_of(value) == INTEGER:
            return str(value)
        raise RefusalError(
            Code.WRONG_FIELD_TYPE,
            f"'{plain_text(value)}' is {with_article(type_of(value))}, not {with_article(wanted)}",
        )

    return checked
