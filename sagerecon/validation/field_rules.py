"""Check the fields of a draft against the catalog: required ones, lengths, decimals, ranges, choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sagerecon.model.catalog import Catalog, Field
from sagerecon.model.code import Code
from sagerecon.model.draft import Draft, Reference
from sagerecon.model.finding import Finding
from sagerecon.model.money import places_of
from sagerecon.model.suggestion import suggestion
from sagerecon.validation.rule import BusinessSettings, described, place_of

#: Values that count as missing.
_EMPTY: tuple[object, ...] = (None, "", [], ())


def fields_are_valid(draft: Draft, catalog: Catalog, settings: BusinessSettings) -> Iterator[Finding]:
    """Check that required fields have values, and that Sage accepts every value."""
    kind = catalog[draft.kind]
    yield from _Fields(draft, catalog, settings).faults(draft.body, kind.fields, kind.needed, "")


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one draft, checked against the catalog."""

    draft: Draft
    catalog: Catalog
    settings: BusinessSettings

    def faults(
        self, body: Mapping[str, Any], fields: Mapping[str, Field], needed: Sequence[str], path: str
    ) -> Iterator[Finding]:
        """Yield the faults of one object. `path` is its own path, with the separator at the end."""
        for name in needed:
            if body.get(name) in _EMPTY and self._applies(fields[name]):
                yield self._finding(
                    Code.REQUIRED,
                    f"has no {path}{name}, which Sage requires.",
                    "Give it a value in the mapping, or a default with its reason.",
                )
        for name, value in body.items():
            if value not in _EMPTY and (field := fields.get(name)) is not None:
                yield from self._value(value, field, f"{path}{name}")

    def _applies(self, field: Field) -> bool:
        country = self.settings.country
        return not field.countries or not country or country in field.countries

    def _value(self, value: Any, field: Field, where: str) -> Iterator[Finding]:
        match value:
            case str():
                yield from self._text(value, field, where)
            case Decimal():
                yield from self._amount(value, field, where)
            case bool() | Reference():
                return
            case int():
                yield from self._number(value, field, where)
            case list() | tuple():
                for number, item in enumerate(value):
                    if isinstance(item, Mapping):
                        yield from self.faults(item, field.fields, field.needed, f"{where}[{number}].")
                    else:
                        yield from self._value(item, field, where)
            case Mapping():
                yield from self.faults(value, field.fields, field.needed, f"{where}.")

    def _text(self, value: str, field: Field, where: str) -> Iterator[Finding]:
        if field.max_length and len(value) > field.max_length:
            yield self._finding(
                Code.TOO_LONG,
                f"{where} has {len(value)} characters; Sage accepts at most {field.max_length}.",
                "Shorten it in the mapping: {max_length: …, on_overflow: cut}.",
            )
        choices = self.catalog.choices(field)
        if choices and value not in choices:
            hint = suggestion(value, choices) or f"Allowed: {', '.join(choices)}."
            yield self._finding(Code.NOT_ALLOWED, f"{where} cannot be '{value}'.", hint)

    def _amount(self, value: Decimal, field: Field, where: str) -> Iterator[Finding]:
        if field.decimals is not None and places_of(value) > field.decimals:
            yield self._finding(
                Code.TOO_FINE,
                f"{where} is {value}; Sage accepts at most {field.decimals} decimals.",
                "Round it in the mapping: {money: {scale: 2}}.",
            )

    def _number(self, value: int, field: Field, where: str) -> Iterator[Finding]:
        least, most = field.least, field.most
        if (least is not None and value < least) or (most is not None and value > most):
            yield self._finding(
                Code.OUT_OF_RANGE,
                f"{where} is {value}; Sage accepts {least} to {most}.",
                "Map it to another value, or correct the crosswalk.",
            )

    def _finding(self, code: Code, message: str, hint: str) -> Finding:
        separator = " " if message.startswith("has ") else ": "
        return Finding(code, place_of(self.draft), f"{described(self.draft)}{separator}{message}", hint)
