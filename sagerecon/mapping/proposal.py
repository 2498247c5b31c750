"""Propose a mapping of a dataset to a kind, by the names and types of its columns, for review."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sagerecon.mapping.column_words import WORDS, Subject, joined, plain, side, subject
from sagerecon.model.catalog import Field, Kind
from sagerecon.model.type import DATE, DATETIME, DECIMAL, INTEGER, TEXT, Columns, Type

#: What marks a line that a person has to look at.
REVIEW = "REVIEW"

#: Whose number the records of a kind are known by; that of a document for all others.
_SUBJECTS: Mapping[str, Subject] = {
    "contact": Subject.CONTACT,
    "ledger_account": Subject.ACCOUNT,
    "bank_account": Subject.ACCOUNT,
    "product": Subject.ITEM,
    "service": Subject.ITEM,
    "stock_item": Subject.ITEM,
}

#: The fields that hold the number of a record itself.
_NUMBERS = ("reference", "nominal_code", "item_code")

#: The field with the amount of a document, the kind of open documents, and the types by the sign.
_TOTAL = "total_amount"
_OPEN = "contact_opening_balance"
_CREDIT_TYPES = {"INVOICE", "CREDIT_NOTE"}

#: The fields of objects that are about the record, and not about the object.
_OF_THE_RECORD = ("name", "reference", "notes")

#: The value that a choice between customers and suppliers has by the side.
_OF_SIDE = {"customer": "CUSTOMER", "supplier": "VENDOR"}

#: The subjects of which a name without a word for a number may be the number, such as `Beleg` and `Konto`.
_BARE = (Subject.DOCUMENT, Subject.ACCOUNT)

#: The ends of names of columns that hold the codes of records.
_CODE = re.compile(r"(?:^|_)(?:id|no|nr|number|code|ref|reference)$")

#: The types of columns that a field takes as they are.
_TAKES: Mapping[str, tuple[Type, ...]] = {
    "text": (TEXT, INTEGER),
    "integer": (INTEGER,),
    "decimal": (DECIMAL, INTEGER),
    "date": (DATE,),
    "datetime": (DATETIME, DATE),
}

#: How alike two names are that may mean the same.
_SIMILAR = 0.8


@dataclass(frozen=True, slots=True)
class KnownMapping:
    """A mapping of the project, by the column that is its key."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a mapping is proposed for."""

    name: str  #: of the mapping
    dataset: str
    columns: Columns  #: of the dataset
    unique: Set[str]  #: the columns with a different value in each row
    kind: Kind
    mappings: Mapping[str, Sequence[KnownMapping]]  #: those of the project to each kind
    negative: Set[str] = frozenset()  #: the columns with a number below zero

    @property
    def subject(self) -> Subject:
        """Whose number its records are known by."""
        return _SUBJECTS.get(self.kind.name, Subject.DOCUMENT)


def mapping_text(wanted: Proposal) -> str:
    """Return the text of the proposed mapping. Lines that a person must look at are marked `REVIEW`."""
    kind = wanted.kind
    fields = [field for field in kind.fields.values() if field.create and not field.read_only]
    fields.sort(key=lambda field: not field.required)
    left = [name for name in wanted.columns if not name.startswith("_")]
    found: dict[str, str] = {}
    # What has the same name first, then what names the subject, whatever the order of fields.
    for find in (_same_name, _same_subject, _other_words):
        for field in fields:
            is_open = field.name not in found and (not field.refers_to or field.required)
            if is_open and (column := find(wanted, field, left)) is not None:
                found[field.name] = column
                left.remove(column)
    inner = _inner_fields(wanted, fields, left)
    key = _key(wanted, found)
    known = (each.field for each in kind.natural_keys)
    identity = next((name for name in known if found.get(name) in wanted.unique), "")
    lines = [
        "# yaml-language-server: $schema=../.sagerecon/mapping.schema.json",
        f"# Proposed from names and values. Look at each line marked {REVIEW}, then run: sagerecon check",
        "sagerecon: mapping/v1",
        f"mapping: {wanted.name}",
        f"source: {{dataset: {wanted.dataset}, key: [{key}]}}" + _key_mark(wanted, key),
        f"target: {{kind: {kind.name}, "
        + (
            f"identity: {{{identity}: {found[identity]}}}, on_existing: adopt_if_equal}}"
            if identity
            else f"on_existing: create}}  # {REVIEW}: no column identifies the record in Sage"
        ),
        *_amount_lines(wanted, found),
        "unmapped: {source: error, target: error_if_required}",
    ]
    unused = [name for name in left if name != key]
    if unused:
        lines.append("ignore:")
        lines += [f'  {name}: {{reason: "{REVIEW}: map it, or say why not"}}' for name in unused]
    lines.append(
        "fields:" if found or inner else f"fields: {{}}  # {REVIEW}: write the fields below, and remove {{}}"
    )
    lines += [*_field_lines(wanted, fields, found), *_inner_lines(wanted, inner)]
    return "\n".join(lines) + "\n"


def _amount_lines(wanted: Proposal, found: Mapping[str, str]) -> Iterator[str]:
    """Yield the amount of an open or sales document for the completeness check; what is owed is negative."""
    if (total := found.get(_TOTAL)) and (wanted.kind.name == _OPEN or wanted.kind.name.startswith("sales_")):
        is_owed = wanted.kind.name == _OPEN and side(*wanted.columns, wanted.dataset) == "supplier"
        yield f"amount: {_quoted(f'-{total}') if is_owed else total}"


def _quoted(expression: str) -> str:
    return f"'{expression}'"


def _has_credits(wanted: Proposal, found: Mapping[str, str]) -> bool:
    """Return whether negative totals are documents of another type."""
    return found.get(_TOTAL) in wanted.negative


def _field_lines(wanted: Proposal, fields: Sequence[Field], found: Mapping[str, str]) -> Iterator[str]:
    for field in fields:
        if field.name == _TOTAL and _has_credits(wanted, found):
            yield f"  {field.name}: {{expr: 'abs({found[field.name]})'}}"
        elif set(field.enum) >= _CREDIT_TYPES and field.name not in found and _has_credits(wanted, found):
            expression = f'"INVOICE" if {found[_TOTAL]} >= 0 else "CREDIT_NOTE"'
            yield f"  {field.name}: {{expr: '{expression}'}}  # {REVIEW}: is what is negative a credit note?"
        elif field.name in found:
            yield f"  {field.name}: {_source(wanted, field, found[field.name])}"
        elif field.required:
            example = _example(wanted, field)
            yield f"  # {REVIEW}: {field.name} is required, and no column was found for it.{example}"


def _inner_fields(wanted: Proposal, fields: Sequence[Field], left: list[str]) -> dict[str, dict[str, str]]:
    """Return the columns for the texts inside objects, such as an address; each is removed from `left`."""
    found: dict[str, dict[str, str]] = {}
    for outer in (field for field in fields if field.type == "object"):
        for field in outer.fields.values():
            if field.type != "text" or field.name not in WORDS or field.name in _OF_THE_RECORD:
                continue
            column = _same_name(wanted, field, left) or _other_words(wanted, field, left)
            if column is not None:
                found.setdefault(outer.name, {})[field.name] = column
                left.remove(column)
    return found


def _inner_lines(wanted: Proposal, inner: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for outer, columns in inner.items():
        yield f"  {outer}:"
        yield "    fields:"
        for name, column in columns.items():
            yield f"      {name}: {_source(wanted, wanted.kind.fields[outer].fields[name], column)}"


def _source(wanted: Proposal, field: Field, column: str) -> str:
    """Return where a field has its value from, with a mark where that is only likely."""
    mark = "" if plain(column) == field.name else f"  # {REVIEW}: is it this column?"
    if field.refers_to:
        known = wanted.mappings.get(field.refers_to, ())
        if not known:
            return (
                f"{{from: {column}}}  # {REVIEW}: it refers to a {field.refers_to}; draft its mapping first"
            )
        likely = _likely_mappings(wanted, known, column)
        if len(likely) > 1:
            mark = f"  # {REVIEW}: is it the mapping {' or '.join(each.name for each in likely)}?"
        return f"{{ref: {{mapping: {likely[0].name}, by: {column}, on_missing: quarantine}}}}{mark}"
    if field.type == "text" and wanted.columns[column] == TEXT and field.max_length:
        steps = f"[{{max_length: {field.max_length}, on_overflow: quarantine}}]"
        return f"{{from: {column}, do: {steps}}}{mark}"
    return f"{{from: {column}}}{mark}"


def _likely_mappings(wanted: Proposal, known: Sequence[KnownMapping], column: str) -> Sequence[KnownMapping]:
    """Return the mappings that a column may refer to: whose key it is, or which are about the same side."""
    same_key = [each for each in known if plain(each.key) == plain(column)]
    of_side = side(column) or side(wanted.name, wanted.dataset)
    same_side = [each for each in known if of_side and side(each.name, each.key) == of_side]
    return same_key or same_side or known


def _example(wanted: Proposal, field: Field) -> str:
    if field.enum:
        likely = _OF_SIDE.get(side(wanted.name, wanted.dataset, *wanted.columns), field.enum[0])
        value = likely if likely in field.enum else field.enum[0]
        return f" Such as {field.name}: {{value: {json.dumps([value]) if field.type == 'list' else value}}}"
    if field.type == "list":
        return " Select its items as a list in the SQL of the dataset: list({...})."
    return ""


def _same_name(wanted: Proposal, field: Field, left: Sequence[str]) -> str | None:
    names = (field.name, field.name.removesuffix("_id"))
    return _first(names, _fitting(wanted, field, left)) or _similar(wanted, field, names[0], left)


def _same_subject(wanted: Proposal, field: Field, left: Sequence[str]) -> str | None:
    """Return the column with the number that a field holds: of the record itself, or of what it refers to."""
    if not field.refers_to and field.name not in _NUMBERS:
        return None
    of = _SUBJECTS.get(field.refers_to) if field.refers_to else wanted.subject
    named = [(name, *subject(name)) for name in _fitting(wanted, field, left).values()]
    numbers = [name for name, found, is_number in named if found is of and is_number]
    if not field.refers_to and of is Subject.CONTACT:  # `Account No` of a customer is their number
        numbers += [name for name, found, is_number in named if found is Subject.ACCOUNT and is_number]
    bare = [name for name, found, _ in named if found is of and (field.refers_to or of in _BARE)]
    return next(iter((*numbers, *bare)), None) if of else None


def _other_words(wanted: Proposal, field: Field, left: Sequence[str]) -> str | None:
    """Return the column that is called by a word of other systems; of an amount only if it is needed."""
    has_lines = any(name.endswith("_lines") for name in wanted.kind.fields)  # which make up the total
    is_needed = field.required or field.type != "decimal" or (field.name == _TOTAL and not has_lines)
    words = WORDS.get(field.name, ()) if is_needed else ()
    found = _first(words, _fitting(wanted, field, left))
    return found or (_similar(wanted, field, words[0], left) if words else None)


def _fitting(wanted: Proposal, field: Field, left: Sequence[str]) -> dict[str, str]:
    """Return the columns that a field takes, by their names without what joins their words."""
    takes = (TEXT, INTEGER) if field.refers_to else _TAKES.get(field.type, ())
    return {joined(name): name for name in left if wanted.columns[name] in takes}


def _first(words: Sequence[str], fitting: Mapping[str, str]) -> str | None:
    return next((fitting[joined(word)] for word in words if joined(word) in fitting), None)


def _similar(wanted: Proposal, field: Field, word: str, left: Sequence[str]) -> str | None:
    """Return the column of a required field that is called much like a word."""
    if not field.required:
        return None
    fitting = _fitting(wanted, field, left)
    close = difflib.get_close_matches(joined(word), fitting, n=1, cutoff=_SIMILAR)
    return fitting[close[0]] if close else None


def _key(wanted: Proposal, found: Mapping[str, str]) -> str:
    """Return the column that identifies a record: its id, its number, what Sage knows it by, or another code.

    A column with the number of another thing is the last that is taken. Where no column is unique, return the
    most likely one of all, or `id`.
    """
    ids = ("id", f"{wanted.dataset}_id", f"{wanted.kind.name}_id")
    columns = [name for name in wanted.columns if not name.startswith("_")]
    own = [name for name in columns if not _is_of_another(wanted, name)]
    likely = [name for name in own if plain(name) in ids]
    likely += [name for name in own if subject(name) == (wanted.subject, True)]
    likely += [found[name] for name in _NUMBERS if found.get(name) in own]
    likely += [name for name in own if _CODE.search(plain(name))]
    likely += [found[each.field] for each in wanted.kind.natural_keys if found.get(each.field) in own]
    likely += [*own, *columns, "id"]
    return next((name for name in likely if name in wanted.unique), likely[0])


def _key_mark(wanted: Proposal, key: str) -> str:
    """Return the mark of a key that is only likely."""
    if key not in wanted.unique:
        return f"  # {REVIEW}: no column has a different value in each row"
    return f"  # {REVIEW}: is it the number of the record?" if _is_of_another(wanted, key) else ""


def _is_of_another(wanted: Proposal, column: str) -> bool:
    """Return whether a column says by its name that it is about something else than the record."""
    of, _ = subject(column)
    is_account_of_contact = (of, wanted.subject) == (Subject.ACCOUNT, Subject.CONTACT)
    return of not in (None, wanted.subject) and not is_account_of_contact
