"""Write what was detected of a file as its entry in a `sources.yaml`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from sagerecon.documents.document import Node, read_document
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.formats import default_encoding, format_of, is_nested
from sagerecon.sources.notation import PLAIN, Notation
from sagerecon.sources.row_rules import row_rule_text

_HEAD = "sagerecon: sources/v1\n"

#: A text that YAML reads as itself.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.%/-]*(?: [A-Za-z0-9_.%/-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


class CannotAppendError(ValueError):
    """An entry cannot be added to a `sources.yaml`; the text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The declaration of a file, and what is to be said about its columns, by their names."""

    file: SourceFile
    comments: Mapping[str, str]


def with_entry(text: str, name: str, entry: Entry) -> str:
    """Return the text of a `sources.yaml` with the file, and a dataset of all its rows.

    Args:
        text: as it is now; empty for a new file.
        name: of the file, in messages.

    Raises:
        CannotAppendError: it declares a file or a dataset of this name already, or is not written in blocks.
    """
    table = entry.file.name
    text = text if text.strip() else _HEAD
    root, _ = read_document(text, name)
    for part in ("files", "datasets"):
        if part in root and table in root[part]:
            place = root[part][table].named_at
            raise CannotAppendError(
                f"{place}: '{table}' is declared already. Remove it, or give another --name."
            )
    text = _with_block(text, name, "files", list(_file_lines(entry)))
    is_word = duckdb.tokenize(table)[0][1] == duckdb.token_type.keyword
    sql = f"'SELECT * FROM \"{table}\"'" if is_word else f"SELECT * FROM {table}"  # noqa: S608 - a name of `column_names`
    return _with_block(text, name, "datasets", [f"  {table}: {{sql: {sql}}}"])


def _with_block(text: str, name: str, part: str, block: Sequence[str]) -> str:
    """Return the text of a YAML file with a block at the end of a part, which is made where it is absent."""
    root, _ = read_document(text, name)
    lines = text.rstrip("\n").split("\n")
    if part not in root:
        return "\n".join((*lines, f"{part}:", *block)) + "\n"
    node = root[part]
    children = list(node.children().values())
    if node.value == {} and lines[node.named_at.line - 1].rstrip() == f"{part}: {{}}":
        lines[node.named_at.line - 1] = f"{part}:"
        return "\n".join((*lines[: node.named_at.line], *block, *lines[node.named_at.line :])) + "\n"
    if any(child.named_at.line == node.named_at.line or child.named_at.column != 3 for child in children) or (
        node.value is not None and not children
    ):
        raise CannotAppendError(f"{node.named_at}: '{part}' is not a block that is indented by two spaces.")
    at = _end(lines, root, part)
    return "\n".join((*lines[:at], *block, *lines[at:])) + "\n"


def _end(lines: Sequence[str], root: Node, part: str) -> int:
    """Return the number of lines before what follows a part, but for blank ones and comments."""
    first = root[part].named_at.line
    starts = [node.named_at.line - 1 for node in root.children().values()]
    at = min((start for start in starts if start >= first), default=len(lines))
    while at > first and (not lines[at - 1].strip() or lines[at - 1].startswith("#")):
        at -= 1
    return at


def _file_lines(entry: Entry) -> Iterator[str]:
    file = entry.file
    yield f"  {file.name}:"
    yield f"    path: {_text(file.path)}"
    if format_of(file.path) != file.format:
        yield f"    format: {file.format}"
    if file.records:
        records = (
            _text(".".join(file.records))
            if not any("." in key for key in file.records)
            else _list(file.records)
        )
        yield f"    records: {records}"
    if file.encoding.replace("-sig", "") != default_encoding(file.format).replace("-sig", ""):
        yield f"    encoding: {file.encoding}"
    if file.format == "csv" and file.delimiter != ("\t" if file.path.lower().endswith(".tsv") else ","):
        yield f"    delimiter: {json.dumps(file.delimiter)}"
    if file.skip:
        yield f"    skip: {file.skip}"
    if file.sheet:
        yield f"    sheet: {_text(file.sheet)}"
    if file.table:
        yield f"    table: {_text(file.table)}"
    if file.notation.decimal != ".":
        yield f"    decimal: {json.dumps(file.notation.decimal)}"
    if file.notation.thousands:
        yield f"    thousands: {json.dumps(file.notation.thousands)}"
    if not file.has_header:
        yield "    header: none"
    if file.short_rows:
        yield f"    short_rows: {file.short_rows}"
    if file.trailing_delimiter:
        yield "    trailing_delimiter: true"
    if file.optional:
        yield "    optional: true"
    if file.pass_over:
        yield f"    pass_over: {{{', '.join(map(row_rule_text, file.pass_over))}}}"
    yield "    columns:"
    for column in file.columns:
        for line in entry.comments.get(column.name, "").splitlines():
            yield f"      # {line}"
        yield f"      {column.name}: {_column(column, nested=is_nested(file.format))}"


def _column(column: Column, *, nested: bool) -> str:
    keys: list[str] = []
    if nested and column.path != (column.name,):
        dotted = any("." in key for key in column.path)
        keys.append(f"path: {_list(column.path) if dotted else _text('.'.join(column.path) or '.')}")
    elif not nested and column.number:
        keys.append(f"column: {column.number}")
    elif not nested and column.path != (column.name,):
        keys.append(f"column: {_text(column.path[0])}")
    if column.occurrence:
        keys.append(f"occurrence: {column.occurrence}")
    keys.append(f"type: {column.type}")
    if column.type == "decimal" and column.scale != 2:
        keys.append(f"scale: {column.scale}")
    if column.formats:
        keys.append(f"format: {json.dumps(column.formats[0])}")
    if column.words:
        words = ", ".join(f"{_text(word)}: {str(value).lower()}" for word, value in column.words.items())
        keys.append(f"words: {{{words}}}")
    keys += _notation_keys(column.notation or PLAIN)
    if column.optional:
        keys.append("optional: true")
    if column.columns:
        inner = ", ".join(f"{each.name}: {_column(each, nested=nested)}" for each in column.columns)
        keys.append(f"columns: {{{inner}}}")
    return f"{{{', '.join(keys)}}}"


def _notation_keys(notation: Notation) -> Iterator[str]:
    """Yield what a column declares of its own notation, of that which is told from a file."""
    if notation.currency:
        yield f"currency: {_list(notation.currency)}"
    if notation.signs:
        signs = ", ".join(
            f"{mark}: {'negative' if negative else 'positive'}" for mark, negative in notation.signs
        )
        yield f"signs: {{{signs}}}"
    if notation.century:
        yield f"century: {notation.century}"
    if notation.null_words:
        yield f"null_words: {_list(notation.null_words)}"
    if notation.controls:
        yield f"controls: {notation.controls}"


def _list(keys: Sequence[str]) -> str:
    return f"[{', '.join(_text(key) for key in keys)}]"


def _text(text: str) -> str:
    """Return a text as YAML, without quotes where it needs none."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
