"""Compile the named rules of a mapping: what to leave out, quarantine, check, choose and compare."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sagerecon.documents.document import Node
from sagerecon.mapping.context import Context
from sagerecon.mapping.fit import type_of_field
from sagerecon.mapping.probe import counted_when
from sagerecon.mapping.recipe import Check, Choice, Rule, with_hint
from sagerecon.mapping.reference import compile_record_key
from sagerecon.model.catalog import Kind
from sagerecon.model.code import Code
from sagerecon.model.comparison import Comparison, How, Tolerance
from sagerecon.model.money import decimal


def compile_rules(node: Node | None, context: Context, kind: Kind | None = None) -> Iterator[Rule]:
    """Yield the compiled rules of a `leave_out:` or `quarantine:`, in their order.

    Args:
        kind: that the mapping makes, into which records may be merged.
    """
    names: set[str] = set()
    for rule in node.items() if node is not None else ():
        name, when = rule.get("name"), rule.get("when")
        if name is None or when is None:
            continue
        if name.text in names:
            context.faults.add(
                Code.DUPLICATE_RULE,
                name.place,
                f"the rule name '{name.text}' is used twice.",
                "Give each rule its own name.",
            )
        names.add(name.text)
        into = rule.get("merge_into")
        merged = compile_record_key(into, context) if into is not None and "mapping" in into else None
        if merged is not None and into is not None and kind is not None:
            _check_kind(into["mapping"], kind, context)
        yield Rule(
            name=name.text,
            when=counted_when(context.condition(when), context.probe, name.text, rule.place, is_met=True),
            reason=_text(rule, "reason") or name.text,
            place=rule.place,
            merged_into=merged,
            hint=_text(rule, "hint"),
        )


def _text(rule: Node, key: str) -> str:
    """Return the text under a key of a rule; empty where it has none."""
    found = rule.get(key)
    return found.text if found is not None else ""


def _check_kind(mapping: Node, kind: Kind, context: Context) -> None:
    """Add a finding where records are merged into those of another kind."""
    header = context.headers[mapping.text]
    if header.kind and header.kind != kind.name:
        message = f"{mapping.text} makes a {header.kind}, and this mapping a {kind.name}."
        hint = "Merge records into those of a mapping of the same kind."
        context.faults.add(Code.MERGED_INTO_ANOTHER_KIND, mapping.place, message, hint)


def compile_checks(
    node: Node | None, fields: Node | None, kind: Kind | None, context: Context
) -> Iterator[Check]:
    """Yield the compiled checks; a name in them is a field of the target first, then a let or a column."""
    known = kind.fields if kind is not None else {}
    mapped = fields.children() if fields is not None else {}
    types = {
        name: type_of_field(known[name]) for name in mapped if name in known and not known[name].refers_to
    }
    inner = context.within(context.scope.with_fields(types))
    for check in node.items() if node is not None else ():
        name, test = check.get("name"), check.get("assert")
        if name is None or test is None:
            continue
        yield Check(
            name=name.text,
            holds=counted_when(inner.condition(test), context.probe, name.text, check.place, is_met=False),
            text=test.text,
            reason=_text(check, "reason"),
            place=check.place,
            hint=_text(check, "hint"),
        )


def compile_choices(node: Node | None, fields: Node | None, context: Context) -> Iterator[Choice]:
    """Yield the compiled choices."""
    mapped = fields.children() if fields is not None else {}
    for choice in node.items() if node is not None else ():
        when, field, reason = choice.get("when"), choice.get("field"), choice.get("reason")
        if when is None or field is None or reason is None:
            continue
        if field.text not in mapped:
            context.faults.add_unknown(
                Code.UNKNOWN_FIELD,
                field.place,
                f"the mapping has no field '{field.text}'.",
                field.text,
                mapped,
            )
        column = choice.get("from")
        before = context.path(column).read if column is not None else None
        yield Choice(
            when=counted_when(
                context.condition(when), context.probe, f"choice {field.text}", choice.place, is_met=True
            ),
            field=field.text,
            before=before,
            reason=with_hint(reason.text, _text(choice, "hint")),
            place=choice.place,
        )


def compile_comparisons(node: Node | None, kind: Kind | None, context: Context) -> dict[str, Comparison]:
    """Return how each field is compared with Sage, by its dotted path."""
    found: dict[str, Comparison] = {}
    for path, rule in (node.children() if node is not None else {}).items():
        if kind is not None and context.catalog.field_at(kind.name, path) is None:
            context.faults.add_unknown(
                Code.UNKNOWN_FIELD, rule.named_at, f"{kind.name} has no field '{path}'.", path, kind.fields
            )
        how = rule.get("compare")
        words = {way.value: way for way in How}
        found[path] = Comparison(
            words.get(how.text, How.EXACT) if how is not None else How.EXACT, _tolerance(rule, path, context)
        )
    return found


def _tolerance(rule: Node, path: str, context: Context) -> Tolerance | None:
    size, reason, name = rule.get("tolerance"), rule.get("reason"), rule.get("name")
    if size is None:
        return None
    amount = Decimal()
    try:
        amount = decimal(size.text)
    except ValueError as error:
        context.faults.add(Code.WRONG_TOLERANCE, size.place, f"the tolerance is invalid: {error}.")
    if amount < 0:
        context.faults.add(Code.WRONG_TOLERANCE, size.place, "the tolerance is negative.")
    if reason is None:
        context.faults.add(
            Code.WRONG_TOLERANCE,
            size.place,
            "the tolerance has no reason.",
            "Add reason: a sentence that finance can sign.",
        )
    return Tolerance(name.text if name else path, amount, reason.text if reason else "")
