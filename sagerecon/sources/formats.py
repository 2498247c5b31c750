"""The formats of source files: what each is called, how it is recognised, how its columns are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.suggestion import suggestion
from sagerecon.sources.definitions import SourceFile
from sagerecon.sources.saft_sections import SAFT_SECTIONS
from sagerecon.sources.sie_records import SIE_RECORDS


@dataclass(frozen=True, slots=True)
class Format:
    """One format of source files."""

    title: str  #: what a file of it is called in a message: `JSON`, `an XLSX workbook`
    suffixes: tuple[str, ...]
    is_nested: bool = False  #: columns are found by a path in each record, not by the title in a header row
    #: What `require_format` calls a file of it by its first bytes; empty for plain text.
    signatures: tuple[str, ...] = ()
    encoding: str = "utf-8-sig"  #: of a file that declares none
    #: Kinds of records that it has, and the fields of each; either is empty if there may be any.
    records: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    is_binary: bool = False  #: whether no file of it is text
    has_parts: bool = True  #: whether a file may hold several tables


FORMATS: Mapping[str, Format] = {
    "json": Format("JSON", (".json",), is_nested=True, signatures=("JSON",)),
    "jsonl": Format(
        "JSON lines", (".jsonl", ".ndjson"), is_nested=True, signatures=("JSON",), has_parts=False
    ),
    "csv": Format("CSV", (".csv", ".tsv"), has_parts=False),
    "xlsx": Format(
        "an XLSX workbook",
        (".xlsx",),
        signatures=("an XLSX workbook", "a workbook or another zip archive"),
        is_binary=True,
    ),
    "ods": Format(
        "an ODS workbook",
        (".ods",),
        signatures=("an ODS workbook", "a workbook or another zip archive"),
        is_binary=True,
    ),
    "xls": Format(
        "an XLS workbook", (".xls",), signatures=("a workbook in the old .xls format",), is_binary=True
    ),
    "xml": Format("XML", (".xml",), is_nested=True, signatures=("XML",)),
    "saft": Format(
        "SAF-T",
        (),
        is_nested=True,
        signatures=("XML",),
        records={section: frozenset() for section in SAFT_SECTIONS},
    ),
    "iif": Format("IIF", (".iif",), signatures=("IIF",)),
    "parquet": Format("Parquet", (".parquet",), signatures=("Parquet",), is_binary=True, has_parts=False),
    "sqlite": Format(
        "a SQLite database",
        (".sqlite", ".sqlite3", ".db", ".db3"),
        signatures=("a SQLite database",),
        is_binary=True,
    ),
    "postgresql": Format("a PostgreSQL database", ()),
    "sie": Format(
        "SIE",
        (".se", ".si", ".sie"),
        is_nested=True,
        signatures=("SIE",),
        encoding="cp437",
        records=SIE_RECORDS,
    ),
}

#: What `records` is in the formats that need it and may have any.
_NEEDED_RECORDS = {
    "xml": "the path of their element from the root, such as Export.Invoices.Invoice",
    "iif": "the list that holds them, such as TRNS or CUST",
}

#: The formats whose encoding can be declared; others state their own, or have none.
ENCODED = ("json", "jsonl", "csv", "iif", "sie")

_BY_SUFFIX = {suffix: name for name, kind in FORMATS.items() for suffix in kind.suffixes}


def format_of(path: str) -> str:
    """Return the format of a file by the suffix of its name, or an empty text."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower(), "")


def is_nested(file_format: str) -> bool:
    """Return whether the columns of a format are found by paths; False where the format is not known."""
    return file_format in FORMATS and FORMATS[file_format].is_nested


def default_encoding(file_format: str) -> str:
    """Return the encoding of a file that declares none."""
    return FORMATS[file_format].encoding if file_format in FORMATS else "utf-8-sig"


def records_findings(file: SourceFile) -> Iterator[Finding]:
    """Yield a finding for each kind of records, or field of them, that the format of a file does not have."""
    kinds = FORMATS[file.format].records if file.format in FORMATS else {}
    if file.format in _NEEDED_RECORDS and not file.records:
        message = f"no records of the {FORMATS[file.format].title} file are named."
        hint = f"Set records: to {_NEEDED_RECORDS[file.format]}."
        yield Finding(Code.UNKNOWN_RECORDS, file.place, message, hint)
    if not kinds:
        return
    title, name = FORMATS[file.format].title, ".".join(file.records)
    if name not in kinds:
        message = (
            f"{title} has no records '{name}'." if name else f"no records of the {title} file are named."
        )
        hint = suggestion(name, kinds) or f"Set records: to one of {', '.join(kinds)}."
        yield Finding(Code.UNKNOWN_RECORDS, file.place, message, hint)
        return
    for column in file.columns:
        if kinds[name] and column.path and column.path[0] not in kinds[name]:
            message = f"the record '{name}' of {title} has no field '{column.path[0]}'."
            fields = sorted(kinds[name])
            hint = suggestion(column.path[0], fields) or f"Its fields are {', '.join(fields)}."
            yield Finding(Code.UNKNOWN_FIELD, column.place, message, hint)
