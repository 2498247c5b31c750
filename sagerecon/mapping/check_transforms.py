"""Transforms that check a value: numbers with check digits, and forms given by a pattern."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import re2

from sagerecon.mapping.record_context import RecordContext, RefusalError
from sagerecon.mapping.transform import BoundTransform, Example, Group, Options, Parameter, Transform
from sagerecon.model.code import Code
from sagerecon.model.type import TEXT

#: The kinds of numbers, with the module of python-stdnum that checks each and what messages call it.
_KINDS = {
    "gb_vat": ("stdnum.gb.vat", "a VAT number of the United Kingdom"),
    "ie_vat": ("stdnum.ie.vat", "a VAT number of Ireland"),
    "eu_vat": ("stdnum.eu.vat", "a VAT number of the European Union"),
    "gb_utr": ("stdnum.gb.utr", "a unique taxpayer reference of the United Kingdom"),
    "ca_bn": ("stdnum.ca.bn", "a business number of Canada"),
    "iban": ("stdnum.iban", "an IBAN"),
    "bic": ("stdnum.bic", "a BIC"),
}

#: No number of these kinds has more characters, its spaces and hyphens counted.
_LONGEST_NUMBER = 100

_ON_INVALID = Parameter("on_invalid", "word", "quarantine", choices=("quarantine", "omit", "keep"))
_PATTERN = Parameter("pattern", "text", required=True)


def _checked(
    options: Options, is_valid: Callable[[str], bool], code: Code, wanted: str, hint: str
) -> BoundTransform:
    """Return the step that gives a valid value as it is, and does with another what `on_invalid` says."""
    keeps, omits, path = options["on_invalid"] == "keep", options["on_invalid"] == "omit", options.path

    def apply(value: Any, record: RecordContext) -> Any:
        if is_valid(value):
            return value
        if omits:
            return None
        if not keeps:
            raise RefusalError(code, f"'{value}' is not {wanted}", hint)
        if path:
            record.change(path, value, value, options.rule, options.place)
        return value

    return BoundTransform(apply, TEXT)


def _valid(options: Options) -> BoundTransform:
    module, wanted = _KINDS[options["kind"]]
    check = import_module(module).is_valid

    def is_valid(value: str) -> bool:
        return len(value) <= _LONGEST_NUMBER and bool(check(value))

    hint = "Correct it in the source, or write on_invalid: omit or on_invalid: keep."
    return _checked(options, is_valid, Code.INVALID_NUMBER, wanted, hint)


def _pattern(options: Options) -> Any:
    """Return the compiled pattern; None, with a finding, where it is not valid."""
    settings = re2.Options()
    settings.log_errors = False  # the engine would write them to the terminal
    try:
        return re2.compile(options["pattern"], settings)
    except (re2.error, UnicodeEncodeError) as error:
        what = error.args[0] if isinstance(error, re2.error) else "it has a half of a character"
        reason = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        options.faults.add(
            Code.WRONG_OPTION,
            options.place,
            f"the pattern '{options['pattern']}' is invalid: {reason}.",
            "Patterns have the syntax of RE2, which has no look-ahead and no back-references.",
        )
        return None


def _matches(options: Options) -> BoundTransform | None:
    if (pattern := _pattern(options)) is None:
        return None
    return _checked(
        options,
        lambda value: pattern.fullmatch(value) is not None,
        Code.NOT_MATCHED,
        f"of the form {options['pattern']}",
        "Correct it in the source, or write on_invalid: omit or on_invalid: keep.",
    )


def _extract(options: Options) -> BoundTransform | None:
    if (pattern := _pattern(options)) is None:
        return None
    group = 1 if pattern.groups else 0

    def apply(value: Any, _: Any) -> Any:
        found = pattern.search(value)
        if found is not None:
            return found.group(group)
        if options["on_invalid"] == "omit":
            return None
        raise RefusalError(
            Code.NOT_MATCHED,
            f"nothing in '{value}' is of the form {options['pattern']}",
            "Correct it in the source, or write on_invalid: omit.",
        )

    return BoundTransform(apply, TEXT)


CHECK_TRANSFORMS = (
    Transform(
        name="valid",
        group=Group.VALIDATION,
        about="Checks a number that has check digits; the value stays as it is.",
        input_types=("text",),
        build=_valid,
        example=Example("{valid: gb_vat}", "'GB 980 7806 84'", "'GB 980 7806 84'"),
        parameters=(Parameter("kind", "word", required=True, choices=tuple(_KINDS)), _ON_INVALID),
        reports_change=True,
        note="An invalid number quarantines the record, is omitted, or is kept and listed as a change.",
    ),
    Transform(
        name="matches",
        group=Group.VALIDATION,
        about="Checks that the whole text has the form of a pattern; the value stays as it is.",
        input_types=("text",),
        build=_matches,
        example=Example("{matches: '[A-Z]{2}[0-9]{4}'}", "AB1234", "AB1234"),
        parameters=(_PATTERN, _ON_INVALID),
        reports_change=True,
        note="Patterns have the syntax of RE2: a match takes time in proportion to the length of the text.",
    ),
    Transform(
        name="extract",
        group=Group.VALIDATION,
        about="Takes the first part of the text that has the form of a pattern, or its first group.",
        input_types=("text",),
        build=_extract,
        example=Example("{extract: 'INV-([0-9]+)'}", "Re INV-0042 of May", "'0042'"),
        parameters=(_PATTERN, Parameter("on_invalid", "word", "quarantine", choices=("quarantine", "omit"))),
        reports_change=True,
    ),
)
