"""Reading and checking a `sources.yaml`, with all errors reported in one pass."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from sagerecon.documents.document import Node, read_document
from sagerecon.documents.schema import check_schema
from sagerecon.files.patterns import pattern_fault
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.limits import JSON_DEPTH, SOURCE_ENTRIES
from sagerecon.sources.columns_yaml import check_columns, read_columns
from sagerecon.sources.database_yaml import DATABASES, check_origin
from sagerecon.sources.definitions import (
    NAME,
    CheckQuery,
    ControlQuery,
    Dataset,
    FigureQuery,
    Query,
    SourceFile,
    Sources,
)
from sagerecon.sources.formats import ENCODED, FORMATS, default_encoding, format_of, records_findings
from sagerecon.sources.not_read import not_read
from sagerecon.sources.notation import PLAIN
from sagerecon.sources.notation_yaml import check_notation, read_notation
from sagerecon.sources.row_rules_yaml import check_row_rules, read_row_rule, read_row_rules

_PARTS = ("files", "datasets", "controls", "checks")

_SHEETS = ("xlsx", "ods", "xls")
_SHEETS_AND_CSV = ("csv", *_SHEETS)

#: Keys of a file that apply to some formats only.
_FORMATS_OF_KEY = {
    "records": ("json", "xml", "saft", "iif", "sie"),
    "count": ("json",),
    "delimiter": ("csv",),
    "quote": ("csv",),
    "skip": _SHEETS_AND_CSV,
    "header": _SHEETS_AND_CSV,
    "start": _SHEETS_AND_CSV,
    "end": _SHEETS_AND_CSV,
    "keep": _SHEETS_AND_CSV,
    "pass_over": _SHEETS_AND_CSV,
    "short_rows": ("csv",),
    "trailing_delimiter": ("csv",),
    "merged": _SHEETS,
    "sheet": _SHEETS,
    "url": ("postgresql",),
    "password_env": ("postgresql",),
    "table": DATABASES,
    "query": DATABASES,
    "encoding": ENCODED,
}


#: Encodings of host names and of Python's own source text.
_NOT_OF_FILES = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})


def read_sources(text: str, file: str, schema: Mapping[str, Any]) -> tuple[Sources, list[Finding]]:
    """Return what a `sources.yaml` declares, and a finding for each error in it.

    `schema` is `specs/schemas/sources.schema.json`. What is declared with errors is in `broken`, and must not
    be used; where the file cannot be read, nothing is declared, and it is not whole.
    """
    root, findings = read_document(text, file)
    if not root.children():
        return Sources(file, is_whole=False), findings or [
            Finding(Code.NOT_A_MAPPING, root.place, "the file is not a mapping of keys to values.")
        ]
    if finding := _too_many(root):
        return Sources(file, is_whole=False), [finding]
    findings += check_schema(root, schema)
    lines = text.splitlines()
    sources = Sources(
        file=file,
        files={name: _file(name, node) for name, node in _children(root, "files")},
        datasets={name: _dataset(name, node, lines) for name, node in _children(root, "datasets")},
        controls={name: _control(name, node, lines) for name, node in _children(root, "controls")},
        checks={name: _check(name, node, lines) for name, node in _children(root, "checks")},
    )
    for part in _PARTS:
        findings += [finding for name, node in _children(root, part) if (finding := _check_name(name, node))]
    for name, node in _children(root, "files"):
        findings += _check_file(sources.files[name], node)
    for _, node in _children(root, "controls"):
        findings += [
            finding for name, child in _children(node, "figures") if (finding := _check_name(name, child))
        ]
    findings = sorted(set(findings), key=lambda finding: (finding.place, finding.code, finding.message))
    return replace(sources, broken=frozenset(_broken(root, findings))), findings


def _broken(root: Node, findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the names of the files and datasets that have an error inside their declaration."""
    at = {finding.place for finding in findings if finding.severity is Severity.ERROR}
    for part in ("files", "datasets"):
        for name, node in _children(root, part):
            if not at.isdisjoint(node.places()):
                yield name


def _too_many(root: Node) -> Finding | None:
    """Return a finding if there are more files and queries than are read."""
    entries = [child for part in _PARTS for _, child in _children(root, part)]
    entries += [child for _, node in _children(root, "controls") for _, child in _children(node, "figures")]
    if len(entries) <= SOURCE_ENTRIES.most:
        return None
    message = f"{len(entries):,} files and queries; {SOURCE_ENTRIES.sentence}."
    return Finding(Code.SQL_LIMIT, root.place, message, "Leave out those that are not needed.")


def _file(name: str, node: Node) -> SourceFile:
    path = _text(node, "path")
    file_format = _text(node, "format") or ("postgresql" if "url" in node else format_of(path))
    notation = read_notation(node, PLAIN)
    return SourceFile(
        name=name,
        path=path,
        format=file_format,
        columns=read_columns(node, file_format, notation),
        place=node.named_at,
        optional=_flag(node, "optional"),
        records=_steps(node, "records"),
        count=_steps(node, "count"),
        encoding=_text(node, "encoding", default_encoding(file_format)),
        delimiter=_text(node, "delimiter", "\t" if path.lower().endswith(".tsv") else ","),
        quote=_text(node, "quote", '"'),
        skip=_whole(node, "skip"),
        notation=notation,
        has_header=_text(node, "header") != "none",
        header=tuple(" ".join(item.text.split()) for item in node["header"].items())
        if "header" in node
        else (),
        start=read_row_rule(node, "start"),
        end=read_row_rule(node, "end"),
        keep=read_row_rules(node, "keep"),
        pass_over=read_row_rules(node, "pass_over"),
        short_rows=_text(node, "short_rows"),
        trailing_delimiter=_flag(node, "trailing_delimiter"),
        merged=_text(node, "merged"),
        sheet=_text(node, "sheet"),
        url=_text(node, "url"),
        password_env=_text(node, "password_env"),
        table=_text(node, "table"),
        query=_text(node, "query"),
        path_place=next((node[key].place for key in ("path", "url") if key in node), node.named_at),
    )


def _dataset(name: str, node: Node, lines: list[str]) -> Dataset:
    return Dataset(name, _text(node, "about"), _query(node, lines))


def _control(name: str, node: Node, lines: list[str]) -> ControlQuery:
    figures = tuple(
        FigureQuery(figure, _text(child, "about") or figure.replace("_", " "), _query(child, lines))
        for figure, child in _children(node, "figures")
    )
    severity = _severity(node)
    items = _query(node["items"], lines) if "items" in node else None
    about = _text(node, "about") or name.replace("_", " ")
    return ControlQuery(
        name=name,
        about=about,
        severity=severity,
        hint=_text(node, "hint"),
        figures=figures,
        items=items,
        place=node.named_at,
    )


def _check(name: str, node: Node, lines: list[str]) -> CheckQuery:
    return CheckQuery(name, _severity(node), _text(node, "hint"), _query(node, lines))


def _severity(node: Node) -> Severity:
    severities = {severity.value: severity for severity in Severity}
    return severities.get(_text(node, "severity"), Severity.WARNING)


def _query(node: Node, lines: list[str]) -> Query:
    sql = node.get("sql")
    if sql is None:
        return Query("", node.place)
    line = lines[sql.place.line - 1] if sql.place.line <= len(lines) else ""
    return Query(sql.text, sql.place, is_block=line[sql.place.column - 1 : sql.place.column] == "|")


def _check_file(file: SourceFile, node: Node) -> Iterator[Finding]:
    yield from check_columns(node, file.format, file.notation)
    yield from check_notation(node, file.notation)
    yield from check_row_rules(node, file.has_header)
    yield from _check_positions(file)
    if "path" in node and not file.format and (known := not_read(file.path)):
        what, way_out = known
        message = f"'{file.path}' is {what}, which is not read."
        yield Finding(Code.UNKNOWN_FORMAT, node["path"].place, message, way_out)
    elif "path" in node and not file.format:
        yield Finding(
            Code.UNKNOWN_FORMAT,
            node["path"].place,
            f"the format of '{file.path}' cannot be derived from its suffix.",
            f"Add format:, one of {', '.join(FORMATS)}.",
        )
    path = PurePosixPath(file.path)
    if path.is_absolute() or ".." in path.parts or "\\" in file.path:
        yield Finding(
            Code.OUTSIDE_FOLDER,
            node["path"].place,
            f"path '{file.path}' is outside the data folder.",
            "Use a path inside the data folder, with / between folders.",
        )
    elif "path" in node and (fault := pattern_fault(file.path)):
        message = f"path '{file.path}' names no files: {fault}."
        yield Finding(Code.NOT_A_PATTERN, node["path"].place, message, "Write it as name.csv, or as *.csv.")
    for key, formats in _FORMATS_OF_KEY.items():
        if key in node and file.format and file.format not in formats:
            place = node[key].named_at
            yield Finding(Code.KEY_NOT_FOR_FORMAT, place, f"'{key}' does not apply to {file.format}.")
    for key, steps in (("records", file.records), ("count", file.count)):
        if len(steps) > JSON_DEPTH.most:
            message = f"the path has {len(steps)} steps; {JSON_DEPTH.sentence}."
            yield Finding(Code.TOO_DEEP, node[key].place, message)
    yield from check_origin(file, node)
    yield from records_findings(file)
    yield from _check_text_settings(file, node)


def _check_positions(file: SourceFile) -> Iterator[Finding]:
    """Yield a finding for each column that is declared by a title where there is no header row."""
    for column in file.columns if not file.has_header else ():
        if not column.number:
            message = f"there is no header row in which column '{column.name}' could be found."
            yield Finding(Code.MISSING_COLUMN, column.place, message, "Give its position: column: 1.")


def _check_text_settings(file: SourceFile, node: Node) -> Iterator[Finding]:
    if not _is_text_encoding(file.encoding):
        yield Finding(
            Code.UNKNOWN_ENCODING,
            node["encoding"].place,
            f"'{file.encoding}' is no encoding of text files.",
            "Common encodings: utf-8, cp1252, cp437, iso-8859-1, utf-16.",
        )


def _is_text_encoding(name: str) -> bool:
    """Return whether text is written in an encoding; Python calls base64 and zlib encodings, too."""
    try:
        codec = codecs.lookup(name)
        return codec.name not in _NOT_OF_FILES and "a,1\n".encode(name).decode(name) == "a,1\n"
    except Exception:  # whatever a codec raises, such as binascii.Error of base64: it reads no text
        return False


def _check_name(name: str, node: Node) -> Finding | None:
    if NAME.fullmatch(name):
        return None
    return Finding(
        Code.BAD_NAME,
        node.named_at,
        f"'{name}' is not a valid name.",
        "Start with a lower-case letter; use lower-case letters, digits and _.",
    )


def _children(node: Node, key: str) -> list[tuple[str, Node]]:
    child = node.get(key)
    return list(child.children().items()) if child is not None else []


def _text(node: Node, key: str, definding: str = "") -> str:
    child = node.get(key)
    return child.text if child is not None and not isinstance(child.value, dict | tuple) else definding


def _titles(node: Node) -> tuple[str, ...]:
    header = node.get("header")
    return tuple(" ".join(item.text.split()) for item in header.items()) if header is not None else ()


def _flag(node: Node, key: str) -> bool:
    child = node.get(key)
    return child is not None and child.value is True


def _whole(node: Node, key: str) -> int:
    child = node.get(key)
    return child.value if child is not None and isinstance(child.value, int) else 0


def _steps(node: Node, key: str) -> tuple[str, ...]:
    child = node.get(key)
    if child is None:
        return ()
    return tuple(item.text for item in child.items()) or tuple(child.text.split("."))
