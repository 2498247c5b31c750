"""Transforms of text."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from sagerecon.mapping.frame import RefusalError, plain_text
from sagerecon.mapping.transform import SCALARS, Apply, Example, Options, Parameter, Step, Transform, simple
from sagerecon.model.code import Code
from sagerecon.model.type import TEXT, UNKNOWN, list_of

#: Characters of a shortened reference that come from the hash: 30 bits, so that two of a thousand
#: references with one beginning meet once in two thousand companies. Twins are caught before the first call.
_HASHED = 6


def _max_length(options: Options) -> Step:
    length = options["length"]
    cuts = options["on_overflow"] == "cut"

    def apply(value: Any, _: Any) -> Any:
        if len(value) <= length:
            return value
        if cuts:
            return value[:length].rstrip()
        raise RefusalError(
            Code.TOO_LONG,
            f"'{value}' has {len(value)} characters, and {length} are allowed",
            "Shorten it in the source, or let the mapping cut it: on_overflow: cut.",
        )

    return Step(apply, TEXT)


def _replace(options: Options) -> Step:
    pairs = [(old, plain_text(node.value)) for old, node in options["table"].items() if old]

    def apply(value: Any, _: Any) -> Any:
        for old, new in pairs:
            value = value.replace(old, new)
        return value

    return Step(apply, TEXT)


def _pad(options: Options) -> Step:
    width, filler = options["width"], options["with"][:1] or " "
    if options["side"] == "right":
        return Step(lambda value, _: value.ljust(width, filler), TEXT)
    return Step(lambda value, _: value.rjust(width, filler), TEXT)


def unique_key(text: str, length: int) -> str:
    """`text` where it fits into `length` characters, else its beginning and six characters of its hash."""
    if len(text) <= length:
        return text
    mark = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:_HASHED]
    return text[: length - _HASHED] + mark


def _unique_key(options: Options) -> Step:
    length = options["length"]
    return Step(lambda value, _: unique_key(value, length), TEXT)


def _split(options: Options) -> Step:
    separator = options["by"]
    return Step(lambda value, _: [part.strip() for part in value.split(separator)], list_of(TEXT))


def _join(options: Options) -> Step:
    separator = options["with"]

    def apply(value: Any, _: Any) -> Any:
        return separator.join(plain_text(item) for item in value if item is not None and item != "")

    return Step(apply, TEXT)


def _nth(options: Options) -> Step:
    number = options["position"]
    index = number - 1 if number > 0 else number
    item = options.input.type.item or UNKNOWN

    def apply(value: Any, _: Any) -> Any:
        return value[index] if number and -len(value) <= index < len(value) else None

    return Step(apply, item)


def _blank_to_null() -> Apply:
    return lambda value, _: value if not isinstance(value, str) or value.strip() else None


_LENGTH = Parameter("length", "integer", required=True, least=1)
_OVERFLOW = Parameter("on_overflow", "word", "quarantine", words=("cut", "quarantine"))

TEXT_TRANSFORMS = (
    Transform(
        "trim",
        "Without blanks at its ends.",
        ("text",),
        simple(str.strip, TEXT),
        Example("trim", "'  Oak Ltd '", "Oak Ltd"),
        alters=True,
    ),
    Transform(
        "squeeze",
        "With each run of blanks and line ends as one blank, and none at its ends.",
        ("text",),
        simple(lambda value: " ".join(value.split()), TEXT),
        Example("squeeze", "'Oak   Ltd'", "Oak Ltd"),
        alters=True,
    ),
    Transform(
        "upper", "In capitals.", ("text",), simple(str.upper, TEXT), Example("upper", "gb", "GB"), alters=True
    ),
    Transform(
        "lower",
        "In small letters.",
        ("text",),
        simple(str.lower, TEXT),
        Example("lower", "AP@Oak.UK", "ap@oak.uk"),
        alters=True,
    ),
    Transform(
        "casefold",
        "As letters compare when their case does not count.",
        ("text",),
        simple(str.casefold, TEXT),
        Example("casefold", "STRAßE", "strasse"),
        alters=True,
    ),
    Transform(
        "strip_spaces",
        "Without any blank.",
        ("text",),
        simple(lambda value: "".join(value.split()), TEXT),
        Example("strip_spaces", "'GB 123 4567 89'", "GB123456789"),
        alters=True,
    ),
    Transform(
        "digits",
        "Only its digits.",
        ("text",),
        simple(lambda value: "".join(c for c in value if c in "0123456789"), TEXT),
        Example("digits", "'(01234) 567-890'", "'01234567890'"),
        alters=True,
    ),
    Transform(
        "max_length",
        "The text if it is no longer; a longer one is cut, or quarantines the record.",
        ("text",),
        _max_length,
        Example("{max_length: 10, on_overflow: cut}", "Montgomery Bros", "Montgomery"),
        (_LENGTH, _OVERFLOW),
        alters=True,
    ),
    Transform(
        "unique_key",
        "A short reference: the text if it fits, else its beginning and six characters of its hash.",
        ("text",),
        _unique_key,
        Example("{unique_key: {length: 10}}", "MONTGOMERY-BROTHERS", "MONT4D5RLK"),
        (Parameter("length", "integer", required=True, least=_HASHED + 1),),
        alters=True,
        words="Equal texts give equal keys, on every machine and in every run.",
    ),
    Transform(
        "replace",
        "With each text of the table as the one beside it, in the table's order.",
        ("text",),
        _replace,
        Example("{replace: {'&': and}}", "Oak & Elm", "Oak and Elm"),
        (Parameter("table", "table", required=True),),
        alters=True,
    ),
    Transform(
        "pad",
        "Filled up to a width, on the left unless told otherwise.",
        ("text",),
        _pad,
        Example("{pad: {width: 4, with: '0'}}", "'10'", "'0010'"),
        (
            Parameter("width", "integer", required=True, least=1),
            Parameter("with", "text", " "),
            Parameter("side", "word", "left", words=("left", "right")),
        ),
        alters=True,
    ),
    Transform(
        "prefix",
        "With a text before it.",
        ("text",),
        lambda options: Step(lambda value, _: options["text"] + value, TEXT),
        Example("{prefix: C-}", "'17'", "C-17"),
        (Parameter("text", "text", required=True),),
        alters=True,
    ),
    Transform(
        "suffix",
        "With a text after it.",
        ("text",),
        lambda options: Step(lambda value, _: value + options["text"], TEXT),
        Example("{suffix: -OLD}", "'17'", "17-OLD"),
        (Parameter("text", "text", required=True),),
        alters=True,
    ),
    Transform(
        "blank_to_null",
        "Null where there is nothing but blanks.",
        SCALARS,
        lambda options: Step(_blank_to_null(), options.input.type),
        Example("blank_to_null", "'  '", "null"),
    ),
    Transform(
        "text",
        "As text: plain digits, ISO dates, true or false.",
        SCALARS,
        simple(plain_text, TEXT),
        Example("text", "17", "'17'"),
    ),
    Transform(
        "split",
        "The list of its parts, each without blanks at its ends.",
        ("text",),
        _split,
        Example("{split: ','}", "'a, b'", "[a, b]"),
        (Parameter("by", "text", required=True),),
    ),
    Transform(
        "join",
        "The items of a list as one text; null and blank ones are passed over.",
        ("list",),
        _join,
        Example("{join: ', '}", "[a, null, b]", "a, b"),
        (Parameter("with", "text", required=True),),
    ),
    Transform(
        "nth",
        "The item at a position, 1 for the first, -1 for the last; null where the list is shorter.",
        ("list",),
        _nth,
        Example("{nth: 2}", "[a, b]", "b"),
        (Parameter("position", "integer", required=True),),
    ),
)
