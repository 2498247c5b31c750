"""Transforms of text."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from sagerecon.mapping.letter_case import title
from sagerecon.mapping.record_context import RefusalError, plain_text, replaced, require_text
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
    without_options,
)
from sagerecon.model.code import Code
from sagerecon.model.draft import SHORT_REFERENCE
from sagerecon.model.limits import TEXT as LONGEST_TEXT
from sagerecon.model.type import TEXT, UNKNOWN, list_of

#: Characters of a shortened reference that come from the hash: 30 bits, so that among a thousand references
#: with the same beginning two collide in one of two thousand companies. Validation finds such duplicates.
_HASHED = 6

#: What Sage takes as the reference of a contact.
_LENGTH_OF_REFERENCE = 10


def _max_length(options: Options) -> BoundTransform:
    length = options["length"]
    cuts = options["on_overflow"] == "cut"

    def apply(value: Any, _: Any) -> Any:
        if len(value) <= length:
            return value
        if cuts:
            return value[:length].rstrip()
        raise RefusalError(
            Code.TOO_LONG,
            f"'{value}' has {len(value)} characters; at most {length} are allowed",
            "Shorten it in the source, or let the mapping cut it: on_overflow: cut.",
        )

    return BoundTransform(apply, TEXT)


def _replace(options: Options) -> BoundTransform:
    pairs = [(old, plain_text(node.value)) for old, node in options["table"].items() if old]

    def apply(value: Any, _: Any) -> Any:
        for old, new in pairs:
            value = replaced(value, old, new)
        return value

    return BoundTransform(apply, TEXT)


def _pad(options: Options) -> BoundTransform:
    width, filler = options["width"], options["with"][:1] or " "
    if options["side"] == "right":
        return BoundTransform(lambda value, _: value.ljust(width, filler), TEXT)
    return BoundTransform(lambda value, _: value.rjust(width, filler), TEXT)


def _title(options: Options) -> BoundTransform:
    keep = options["keep"]
    return BoundTransform(lambda value, _: title(value, keep), TEXT)


def short_reference(text: str, length: int) -> str:
    """Return `text` with at most `length` characters: a longer one ends in six characters of its hash."""
    if len(text) <= length:
        return text
    mark = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:_HASHED]
    return text[: length - _HASHED] + mark


def _short_reference(options: Options) -> BoundTransform:
    length = options["length"]
    return BoundTransform(lambda value, _: short_reference(value, length), TEXT)


def _split(options: Options) -> BoundTransform:
    separator = options["by"]
    return BoundTransform(lambda value, _: [part.strip() for part in value.split(separator)], list_of(TEXT))


def _join(options: Options) -> BoundTransform:
    separator = options["with"]

    def apply(value: Any, _: Any) -> Any:
        texts = [plain_text(item) for item in value if item is not None and item != ""]
        require_text(sum(map(len, texts)) + len(separator) * len(texts))
        return separator.join(texts)

    return BoundTransform(apply, TEXT)


def _nth(options: Options) -> BoundTransform:
    number = options["position"]
    index = number - 1 if number > 0 else number
    item = options.input.type.item or UNKNOWN

    def apply(value: Any, _: Any) -> Any:
        return value[index] if number and -len(value) <= index < len(value) else None

    return BoundTransform(apply, item)


def _blank_to_null() -> Apply:
    return lambda value, _: value if not isinstance(value, str) or value.strip() else None


_LENGTH = Parameter("length", "integer", required=True, minimum=1)
_OVERFLOW = Parameter("on_overflow", "word", "quarantine", choices=("cut", "quarantine"))

TEXT_TRANSFORMS = (
    Transform(
        name="trim",
        group=Group.TEXT,
        about="Removes leading and trailing white space.",
        input_types=("text",),
        build=without_options(str.strip, TEXT),
        example=Example("trim", "'  Oak Ltd '", "Oak Ltd"),
        reports_change=True,
    ),
    Transform(
        name="squeeze",
        group=Group.TEXT,
        about="Replaces each run of white space by one space, and removes it at both ends.",
        input_types=("text",),
        build=without_options(lambda value: " ".join(value.split()), TEXT),
        example=Example("squeeze", "'Oak   Ltd'", "Oak Ltd"),
        reports_change=True,
    ),
    Transform(
        name="upper",
        group=Group.TEXT,
        grows=True,
        about="Converts to upper case.",
        input_types=("text",),
        build=without_options(str.upper, TEXT),
        example=Example("upper", "gb", "GB"),
        reports_change=True,
    ),
    Transform(
        name="lower",
        group=Group.TEXT,
        grows=True,
        about="Converts to lower case.",
        input_types=("text",),
        build=without_options(str.lower, TEXT),
        example=Example("lower", "AP@Oak.UK", "ap@oak.uk"),
        reports_change=True,
    ),
    Transform(
        name="title",
        group=Group.TEXT,
        grows=True,
        about="Begins each word in capitals or in small letters with a capital, as in O'Brien and McDonald.",
        input_types=("text",),
        build=_title,
        example=Example("{title: {keep: [PLC]}}", '"O\'BRIEN PLC"', '"O\'Brien PLC"'),
        parameters=(Parameter("keep", "texts", ()),),
        reports_change=True,
        note=(
            "Words of mixed case and words with digits stay as they are, and so do words of up to three "
            "capitals in a text that is not in capitals throughout. `keep` lists words to write as given."
        ),
    ),
    Transform(
        name="casefold",
        group=Group.TEXT,
        grows=True,
        about="Converts to the form in which Unicode compares text without regard to case.",
        input_types=("text",),
        build=without_options(str.casefold, TEXT),
        example=Example("casefold", "STRAßE", "strasse"),
        reports_change=True,
    ),
    Transform(
        name="strip_spaces",
        group=Group.TEXT,
        about="Removes all white space.",
        input_types=("text",),
        build=without_options(lambda value: "".join(value.split()), TEXT),
        example=Example("strip_spaces", "'GB 123 4567 89'", "GB123456789"),
        reports_change=True,
    ),
    Transform(
        name="digits",
        group=Group.CODES,
        about="Keeps the digits 0 to 9 only.",
        input_types=("text",),
        build=without_options(lambda value: "".join(c for c in value if c in "0123456789"), TEXT),
        example=Example("digits", "'(01234) 567-890'", "'01234567890'"),
        reports_change=True,
    ),
    Transform(
        name="max_length",
        group=Group.TEXT,
        about="Limits the length; a longer text is cut, or quarantines the record.",
        input_types=("text",),
        build=_max_length,
        example=Example("{max_length: 10, on_overflow: cut}", "Montgomery Bros", "Montgomery"),
        parameters=(_LENGTH, _OVERFLOW),
        reports_change=True,
    ),
    Transform(
        name=SHORT_REFERENCE,
        group=Group.IDENTITY,
        about="Limits the length of a reference; a longer one ends in six characters of its hash.",
        input_types=("text",),
        build=_short_reference,
        example=Example("short_reference", "MONTGOMERY-BROTHERS", "MONT4D5RLK"),
        parameters=(Parameter("length", "integer", _LENGTH_OF_REFERENCE, minimum=_HASHED + 1),),
        reports_change=True,
        note=(
            "The default suits the reference of a contact. Equal texts give equal references, on every "
            "machine and in every run. `snapshot` finds two records with the same one, and lists each old "
            "and new reference with `--json`."
        ),
    ),
    Transform(
        name="replace",
        group=Group.TEXT,
        grows=True,
        about="Replaces each key of the table by its value, in the order of the table.",
        input_types=("text",),
        build=_replace,
        example=Example("{replace: {'&': and}}", "Oak & Elm", "Oak and Elm"),
        parameters=(Parameter("table", "table", required=True),),
        reports_change=True,
    ),
    Transform(
        name="pad",
        group=Group.CODES,
        grows=True,
        about="Pads to a width, on the left by default.",
        input_types=("text",),
        build=_pad,
        example=Example("{pad: {width: 4, with: '0'}}", "'10'", "'0010'"),
        parameters=(
            Parameter("width", "integer", required=True, minimum=1, maximum=LONGEST_TEXT.most),
            Parameter("with", "text", " "),
            Parameter("side", "word", "left", choices=("left", "right")),
        ),
        reports_change=True,
    ),
    Transform(
        name="prefix",
        group=Group.CODES,
        grows=True,
        about="Adds text before the value.",
        input_types=("text",),
        build=lambda options: BoundTransform(lambda value, _: options["text"] + value, TEXT),
        example=Example("{prefix: C-}", "'17'", "C-17"),
        parameters=(Parameter("text", "text", required=True),),
        reports_change=True,
    ),
    Transform(
        name="suffix",
        group=Group.CODES,
        grows=True,
        about="Adds text after the value.",
        input_types=("text",),
        build=lambda options: BoundTransform(lambda value, _: value + options["text"], TEXT),
        example=Example("{suffix: -OLD}", "'17'", "17-OLD"),
        parameters=(Parameter("text", "text", required=True),),
        reports_change=True,
    ),
    Transform(
        name="blank_to_null",
        group=Group.TEXT,
        gives=SAME_TYPE,
        about="Converts empty text and white space to null.",
        input_types=SCALARS,
        build=lambda options: BoundTransform(_blank_to_null(), options.input.type),
        example=Example("blank_to_null", "'  '", "null"),
    ),
    Transform(
        name="text",
        group=Group.TEXT,
        grows=True,
        about="Converts to text: plain digits, ISO dates, true or false.",
        input_types=SCALARS,
        build=without_options(plain_text, TEXT),
        example=Example("text", "17", "'17'"),
    ),
    Transform(
        name="split",
        group=Group.LISTS,
        gives="list of text",
        about="Splits into a list at a separator; each part is trimmed.",
        input_types=("text",),
        build=_split,
        example=Example("{split: ','}", "'a, b'", "[a, b]"),
        parameters=(Parameter("by", "text", required=True),),
    ),
    Transform(
        name="join",
        group=Group.LISTS,
        grows=True,
        about="Joins the items of a list with a separator; null and empty items are skipped.",
        input_types=("list",),
        build=_join,
        example=Example("{join: ', '}", "[a, null, b]", "a, b"),
        parameters=(Parameter("with", "text", required=True),),
    ),
    Transform(
        name="nth",
        group=Group.LISTS,
        gives="an item",
        about="Takes the item at a position, 1 for the first, -1 for the last; null if the list is shorter.",
        input_types=("list",),
        build=_nth,
        example=Example("{nth: 2}", "[a, b]", "b"),
        parameters=(Parameter("position", "integer", required=True),),
    ),
)
