"""Propose a mapping of a dataset to a kind, by the names and types of its columns, for review."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sagerecon.model.catalog import Field, Kind
from sagerecon.model.type import DATE, DATETIME, DECIMAL, INTEGER, TEXT, Columns, Type

#: What marks a line that a person has to look at.
REVIEW = "REVIEW"

#: Words by which other systems call a field of Sage.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "reference": ("ref", "number", "no", "nr", "code", "document_number", "invoice_number", "id"),
    "name": ("company", "company_name", "customer", "supplier", "display_name", "title", "description"),
    "description": ("name", "title", "item", "details"),
    "nominal_code": ("account", "account_code", "code", "number", "nominal"),
    "item_code": ("code", "sku", "stock_code", "part", "number"),
    "display_name": ("name",),
    "date": ("invoice_date", "document_date", "txn_date", "issued", "posted"),
    "due_date": ("due", "due_on"),
    "total_amount": ("total", "amount", "balance", "open", "gross"),
    "tax_number": ("vat_number", "vat_no", "vat", "tax_id"),
    "notes": ("note", "memo", "comment", "comments"),
    "credit_limit": ("limit",),
}

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
class Proposal:
    """What a mapping is proposed for."""

    name: str  #: of the mapping
    dataset: str
    columns: Columns  #: of the dataset
    unique: Set[str]  #: the columns with a different value in each row
    kind: Kind
    mappings: Mapping[str, str]  #: the first mapping of the project to each kind


def mapping_text(wanted: Proposal) -> str:
    """Return the text of the proposed mapping. Lines that a person must look at are marked `REVIEW`."""
    kind = wanted.kind
    fields = [field for field in kind.fields.values() if field.create and not field.read_only]
    fields.sort(key=lambda field: not field.required)
    left = [name for name in wanted.columns if not name.startswith("_")]
    found: dict[str, str] = {}
    for words_of in (_same_name, _other_words):  # what has the same name first, whatever the order of fields
        for field in fields:
            is_open = field.name not in found and (not field.refers_to or field.required)
            if is_open and (column := _column(field, words_of(field), left, wanted.columns)) is not None:
                found[field.name] = column
                left.remove(column)
    key = _key(wanted, found)
    known = (each.field for each in kind.natural_keys)
    identity = next((name for name in known if found.get(name) in wanted.unique), "")
    lines = [
        "# yaml-language-server: $schema=../.sagerecon/mapping.schema.json",
        f"# Proposed from names and values. Look at each line marked {REVIEW}, then run: sagerecon check",
        "sagerecon: mapping/v1",
        f"mapping: {wanted.name}",
        f"source: {{dataset: {wanted.dataset}, key: [{key}]}}"
        + ("" if key in wanted.unique else f"  # {REVIEW}: no column has a different value in each row"),
        f"target: {{kind: {kind.name}, "
        + (
            f"identity: {{{identity}: {found[identity]}}}, on_existing: adopt_if_equal}}"
            if identity
            else f"on_existing: create}}  # {REVIEW}: no column identifies the record in Sage"
        ),
        "unmapped: {source: error, target: error_if_required}",
    ]
    unused = [name for name in left if name != key]
    if unused:
        lines.append("ignore:")
        lines += [f'  {name}: {{reason: "{REVIEW}: map it, or say why not"}}' for name in unused]
    lines.append("fields:" if found else f"fields: {{}}  # {REVIEW}: write the fields below, and remove {{}}")
    lines += _field_lines(wanted, fields, found)
    return "\n".join(lines) + "\n"


def _field_lines(wanted: Proposal, fields: Sequence[Field], found: Mapping[str, str]) -> Iterator[str]:
    for field in fields:
        if field.name in found:
            yield f"  {field.name}: {_source(wanted, field, found[field.name])}"
        elif field.required:
            yield f"  # {REVIEW}: {field.name} is required, and no column was found for it.{_example(field)}"


def _source(wanted: Proposal, field: Field, column: str) -> str:
    """Return where a field has its value from, with a mark where that is only likely."""
    mark = "" if _plain(column) == field.name else f"  # {REVIEW}: is it this column?"
    if field.refers_to:
        mapping = wanted.mappings.get(field.refers_to)
        if mapping is None:
            return (
                f"{{from: {column}}}  # {REVIEW}: it refers to a {field.refers_to}; draft its mapping first"
            )
        return f"{{ref: {{mapping: {mapping}, by: {column}, on_missing: quarantine}}}}{mark}"
    if field.type == "text" and wanted.columns[column] == TEXT and field.max_length:
        steps = f"[{{max_length: {field.max_length}, on_overflow: quarantine}}]"
        return f"{{from: {column}, do: {steps}}}{mark}"
    return f"{{from: {column}}}{mark}"


def _example(field: Field) -> str:
    if field.enum:
        value = json.dumps([field.enum[0]]) if field.type == "list" else field.enum[0]
        return f" Such as {field.name}: {{value: {value}}}"
    return ""


def _same_name(field: Field) -> Sequence[str]:
    return field.name, field.name.removesuffix("_id")


def _other_words(field: Field) -> Sequence[str]:
    """Return the words by which other systems call a field; amounts only where one is required."""
    return _WORDS.get(field.name, ()) if field.required or field.type != "decimal" else ()


def _column(field: Field, words: Sequence[str], left: Sequence[str], columns: Columns) -> str | None:
    """Return the column that is called by one of the words, or by one much like the first; None for none."""
    takes = (TEXT, INTEGER) if field.refers_to else _TAKES.get(field.type, ())
    fitting = {_plain(name): name for name in left if columns[name] in takes}
    for word in words:
        if word in fitting:
            return fitting[word]
    if not field.required or not words:
        return None
    close = difflib.get_close_matches(words[0], fitting, n=1, cutoff=_SIMILAR)
    return fitting[close[0]] if close else None


def _key(wanted: Proposal, found: Mapping[str, str]) -> str:
    """Return the column that identifies a record: its id, what Sage knows it by, or the first unique one.

    Where no column is unique, return the first named as a code, or the first of all, or `id`.
    """
    ids = ("id", f"{wanted.dataset}_id", f"{wanted.kind.name}_id")
    codes = [name for name in wanted.columns if _plain(name) in ids]
    codes += [name for name in wanted.columns if _CODE.search(_plain(name))]
    known = [found[each.field] for each in wanted.kind.natural_keys if each.field in found]
    columns = [name for name in wanted.columns if not name.startswith("_")]
    likely = [*codes, *columns, "id"]
    return next((name for name in (*codes, *known, *columns) if name in wanted.unique), likely[0])


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
