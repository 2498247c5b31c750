"""Transforms that look a value up or replace it: enum, crosswalk, default."""

from __future__ import annotations

from typing import Any

from sagerecon.mapping.constants import compile_constant
from sagerecon.mapping.crosswalk import Crosswalk
from sagerecon.mapping.expression import common_type
from sagerecon.mapping.path import read_path
from sagerecon.mapping.probe import Part
from sagerecon.mapping.record_context import Reader, RecordContext, RefusalError, plain_text, with_article
from sagerecon.mapping.transform import (
    SAME_TYPE,
    SCALARS,
    Apply,
    BoundTransform,
    Example,
    Group,
    Options,
    Parameter,
    Transform,
    day_of,
)
from sagerecon.model.code import Code
from sagerecon.model.place import Place
from sagerecon.model.suggestion import suggestion
from sagerecon.model.type import TEXT, UNKNOWN


def _enum(options: Options) -> BoundTransform | None:
    table: dict[str, Any] = {}
    constants: list[tuple[Any, Place]] = []
    gives = options.input.type if options["else"] == "keep" else UNKNOWN
    for name, node in options["table"].items():
        value = compile_constant(node)
        joined = common_type(gives, value.type)
        if joined is None:
            options.faults.add(
                Code.MIXED_TYPES,
                node.place,
                f"the values of the enum have different types: {gives} and {value.type}.",
            )
            return None
        gives = joined
        table[name] = value.constants[0][0]
        constants.append((table[name], node.place))
    keeps, omits = options["else"] == "keep", options["else"] == "omit"
    known = ", ".join(table)

    def apply(value: Any, _: RecordContext) -> Any:
        text = plain_text(value)
        if text in table:
            return table[text]
        if keeps:
            return value
        if omits:
            return None
        raise RefusalError(
            Code.NOT_IN_ENUM,
            f"'{text}' is not in the enum ({known})",
            "Add it to the enum, or write else: keep or else: omit.",
        )

    return BoundTransform(_counted_entries(apply, options), gives, () if keeps else tuple(constants))


def _counted_entries(apply: Apply, options: Options) -> Apply:
    """Return the step of an enum; each entry counts as used when its key is met."""
    if options.probe is None:
        return apply
    entries = options["table"].items()
    counts = {name: options.probe.counter(Part.ENUM, name, node.named_at) for name, node in entries}

    def counted(value: Any, record: RecordContext) -> Any:
        if (count := counts.get(plain_text(value))) is not None:
            count()
        return apply(value, record)

    return counted


def _crosswalk(options: Options) -> BoundTransform | None:
    name = options["table"]
    table = options.crosswalks.get(name)
    if table is None and name in options.crosswalks:
        return None  # it has a finding of its own
    if table is None:
        hint = suggestion(name, options.crosswalks) or f"Create the file crosswalks/{name}.csv."
        options.faults.add(Code.UNKNOWN_CROSSWALK, options.place, f"there is no crosswalk '{name}'.", hint)
        return None
    day = _day(options, table)
    keys = _keys(options, table)
    if day is None and table.has_dates:
        message = f"crosswalk {name} has effective dates, and no date is given."
        options.faults.add(
            Code.CROSSWALK_NEEDS_DATE, options.place, message, "Name a date column: at: invoice_date."
        )
    if keys is None:
        return None
    omits = options["else"] == "omit"

    def apply(value: Any, record: RecordContext) -> Any:
        source = plain_text(value)
        on = day_of(day(record)) if day is not None else None
        more = {key: plain_text(read(record)) for key, read in keys.items()}
        found = table.lookup(source, on, **more)
        if found is not None or omits:
            return found
        also = "".join(f", {key} '{text}'" for key, text in more.items()) + (f" on {on}" if on else "")
        hint = f"Add it to {table.file}, or add a row with source * for all other codes."
        raise RefusalError(Code.NOT_IN_CROSSWALK, f"{name} has no entry for '{source}'{also}", hint)

    return BoundTransform(apply, TEXT, table.targets())


def _day(options: Options, table: Crosswalk) -> Reader | None:
    if (node := options.nodes.get("at")) is None:
        return None
    value = read_path(node, options.scope, options.faults)
    if value.type.name not in ("date", "datetime", "unknown"):
        options.faults.add(
            Code.WRONG_OPTION,
            node.place,
            f"at must be a date, and '{node.text}' is {with_article(value.type)}.",
            "Convert it in a let: {do: [date]}.",
        )
    if not table.has_dates:
        options.faults.add(
            Code.WRONG_OPTION,
            node.place,
            f"crosswalk {table.name} has no effective dates.",
            "Remove at:.",
        )
    return value.read


def _keys(options: Options, table: Crosswalk) -> dict[str, Reader] | None:
    node = options.nodes.get("with")
    names = (node.items() or (node,)) if node is not None else ()
    reads: dict[str, Reader] = {}
    for item in names:
        if item.text not in table.keys:
            options.faults.add_unknown(
                Code.WRONG_OPTION,
                item.place,
                f"crosswalk {table.name} has no column '{item.text}'.",
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
            f"crosswalk {table.name} also needs {', '.join(missing)} to look up a code.",
            f"Name columns or lets: with: [{', '.join(table.keys)}].",
        )
    return reads if len(reads) == len(table.keys) else None


def _default(options: Options) -> BoundTransform | None:
    value = compile_constant(options.nodes["value"], options.input.type)
    joined = common_type(options.input.type, value.type)
    if joined is None:
        options.faults.add(
            Code.MIXED_TYPES,
            options.nodes["value"].place,
            f"the value and its default have different types: {options.input.type} and {value.type}.",
        )
        return None
    instead = value.constants[0][0]

    def apply(value: Any, _: RecordContext) -> Any:
        return instead if value is None or (isinstance(value, str) and not value.strip()) else value

    return BoundTransform(apply, joined, accepts_null=True)


TABLE_TRANSFORMS = (
    Transform(
        name="enum",
        group=Group.CODES,
        gives="as its table",
        about="Replaces the value by the one that a short table gives for it.",
        input_types=("text", "integer", "boolean"),
        build=_enum,
        example=Example("{enum: {UK: GB, EIRE: IE}, else: keep}", "UK", "GB"),
        parameters=(
            Parameter("table", "table", required=True),
            Parameter("else", "word", "quarantine", choices=("quarantine", "keep", "omit")),
        ),
        note="A value that is not in the table quarantines the record, unless `else` is keep or omit.",
    ),
    Transform(
        name="crosswalk",
        group=Group.CODES,
        about="Replaces a source code by the Sage code of a crosswalk of the project.",
        input_types=("text", "integer"),
        build=_crosswalk,
        example=Example("{crosswalk: tax, at: day}", "S", "GB_STANDARD"),
        parameters=(
            Parameter("table", "text", required=True),
            Parameter("at", "name"),
            Parameter("with", "names"),
            Parameter("else", "word", "quarantine", choices=("quarantine", "omit")),
        ),
        note=(
            "`at` names the column of the effective date, `with` the further key columns. A code that is not "
            "in the table quarantines the record, unless the table has a row for `*` or `else` is omit."
        ),
    ),
    Transform(
        name="default",
        group=Group.TEXT,
        gives=SAME_TYPE,
        about="Replaces null and blank text by a constant.",
        input_types=SCALARS,
        build=_default,
        example=Example("{default: GB}", "null", "GB"),
        parameters=(Parameter("value", "value", required=True),),
        reports_change=True,
    ),
)
