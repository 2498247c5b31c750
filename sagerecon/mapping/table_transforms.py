"""Transforms that look a value up or stand in for one: enum, crosswalk, default."""

from __future__ import annotations

from typing import Any

from sagerecon.mapping.constants import constant_of
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.expression import common_type
from sagerecon.mapping.frame import Frame, Read, RefusalError, a, plain_text
from sagerecon.mapping.path import read_path
from sagerecon.mapping.transform import SCALARS, Example, Options, Parameter, Step, Transform, day_of
from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import TEXT, UNKNOWN


def _enum(options: Options) -> Step | None:
    table: dict[str, Any] = {}
    constants: list[tuple[Any, Place]] = []
    gives = options.input.type if options["else"] == "keep" else UNKNOWN
    for name, node in options["table"].items():
        value = constant_of(node)
        joined = common_type(gives, value.type)
        if joined is None:
            options.faults.add(
                Code.MIXED_TYPES,
                node.place,
                f"the other values of this enum are {gives}, this is {a(value.type)}.",
            )
            return None
        gives = joined
        table[name] = value.constants[0][0]
        constants.append((table[name], node.place))
    keeps, omits = options["else"] == "keep", options["else"] == "omit"
    known = ", ".join(table)

    def apply(value: Any, _: Frame) -> Any:
        text = plain_text(value)
        if text in table:
            return table[text]
        if keeps:
            return value
        if omits:
            return None
        raise RefusalError(
            Code.NOT_IN_ENUM,
            f"'{text}' is none of {known}",
            "Add it to the enum, or say what else: else: keep or omit.",
        )

    return Step(apply, gives, () if keeps else tuple(constants))


def _crosswalk(options: Options) -> Step | None:
    name = options["table"]
    table = options.crosswalks.get(name)
    if table is None:
        hint = suggestion(name, options.crosswalks) or f"Write the table crosswalks/{name}.csv."
        options.faults.add(Code.UNKNOWN_CROSSWALK, options.place, f"there is no crosswalk '{name}'.", hint)
        return None
    day = _day(options, table)
    keys = _keys(options, table)
    if day is None and table.has_dates:
        message = f"the rows of {name} hold for a time, and nothing says which day counts."
        options.faults.add(
            Code.CROSSWALK_NEEDS_DATE, options.place, message, "Name a date column: at: invoice_date."
        )
    if keys is None:
        return None
    omits = options["else"] == "omit"

    def apply(value: Any, frame: Frame) -> Any:
        source = plain_text(value)
        on = day_of(day(frame)) if day is not None else None
        more = {key: plain_text(read(frame)) for key, read in keys.items()}
        found = table.lookup(source, on, **more)
        if found is not None or omits:
            return found
        also = "".join(f", {key} '{text}'" for key, text in more.items()) + (f" on {on}" if on else "")
        hint = f"Add it to {table.file}, or a row with * for all the rest."
        raise RefusalError(Code.NOT_IN_CROSSWALK, f"{name} has no entry for '{source}'{also}", hint)

    return Step(apply, TEXT, table.targets())


def _day(options: Options, table: Crosswalk) -> Read | None:
    if (node := options.nodes.get("at")) is None:
        return None
    value = read_path(node, options.scope, options.faults)
    if value.type.name not in ("date", "datetime", "unknown"):
        options.faults.add(
            Code.WRONG_OPTION,
            node.place,
            f"at must be a date, and '{node.text}' is {a(value.type)}.",
            "Read it in a let: {do: [date]}.",
        )
    if not table.has_dates:
        options.faults.add(
            Code.WRONG_OPTION,
            node.place,
            f"no row of {table.name} has valid_from or valid_to.",
            "Take at out.",
        )
    return value.read


def _keys(options: Options, table: Crosswalk) -> dict[str, Read] | None:
    node = options.nodes.get("with")
    names = (node.items() or (node,)) if node is not None else ()
    reads: dict[str, Read] = {}
    for item in names:
        if item.text not in table.keys:
            options.faults.unknown(
                Code.WRONG_OPTION,
                item.place,
                f"{table.name} has no column '{item.text}'.",
                item.text,
                table.keys,
            )
        else:
            reads[item.text] = read_path(item, options.scope, options.faults).read
    missing = [key for key in table.keys if key not in {item.text for item in names}]
    if missing:
        options.faults.add(
            Code.CROSSWALK_NEEDS_KEY,
            options.place,
            f"{table.name} is looked up by {', '.join(missing)} as well.",
            f"Name a column or a let of that name: with: [{', '.join(table.keys)}].",
        )
    return reads if len(reads) == len(table.keys) else None


def _default(options: Options) -> Step | None:
    value = constant_of(options.nodes["value"], options.input.type)
    joined = common_type(options.input.type, value.type)
    if joined is None:
        options.faults.add(
            Code.MIXED_TYPES,
            options.nodes["value"].place,
            f"the value is {a(options.input.type)}, and this default is {a(value.type)}.",
        )
        return None
    instead = value.constants[0][0]

    def apply(value: Any, _: Frame) -> Any:
        return instead if value is None or (isinstance(value, str) and not value.strip()) else value

    return Step(apply, joined, on_null=True)


TABLE_TRANSFORMS = (
    Transform(
        "enum",
        "The value that stands beside it in a short table.",
        ("text", "integer", "boolean"),
        _enum,
        Example("{enum: {UK: GB, EIRE: IE}, else: keep}", "UK", "GB"),
        (
            Parameter("table", "table", required=True),
            Parameter("else", "word", "quarantine", words=("quarantine", "keep", "omit")),
        ),
        words="A value that is not in the table quarantines the record, unless else says keep or omit.",
    ),
    Transform(
        "crosswalk",
        "The Sage code that a crosswalk of the project gives for it.",
        ("text", "integer"),
        _crosswalk,
        Example("{crosswalk: tax, at: day}", "S", "GB_STANDARD"),
        (
            Parameter("table", "text", required=True),
            Parameter("at", "name"),
            Parameter("with", "names"),
            Parameter("else", "word", "quarantine", words=("quarantine", "omit")),
        ),
        words="`at` names the date that counts, `with` the further key columns. A code that is not in the "
        "table quarantines the record, unless the table has a row whose source is `*` or else says omit.",
    ),
    Transform(
        "default",
        "Another value where it is null or blank.",
        SCALARS,
        _default,
        Example("{default: GB}", "null", "GB"),
        (Parameter("value", "value", required=True),),
        alters=True,
    ),
)
