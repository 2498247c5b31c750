"""Look at a file that is not declared: read it whole, tell its columns, and declare it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from sagerecon.files.patterns import matching_paths
from sagerecon.model.code import Code
from sagerecon.model.column_figures import ColumnFigures, Misfit
from sagerecon.model.count import counted
from sagerecon.model.finding import Finding, Severity
from sagerecon.model.place import Place
from sagerecon.model.type import BOOLEAN, DATE, DATETIME, DECIMAL, INTEGER, TEXT
from sagerecon.model.value import Scalar
from sagerecon.sources.bounded import Allowance, BoundedConnection, SqlError
from sagerecon.sources.database import open_for_loading, open_for_reading, quote_identifier
from sagerecon.sources.databases import Databases
from sagerecon.sources.definitions import MAX_SCALE, Column, RowRule, SourceFile
from sagerecon.sources.detected import Detected, column_names, warning
from sagerecon.sources.detection import as_pattern, detect_columns, detect_file
from sagerecon.sources.files import source_error
from sagerecon.sources.formats import format_of
from sagerecon.sources.guess import Reading, Readings, Text, number_marks, read_texts, with_marks
from sagerecon.sources.notation import PLAIN
from sagerecon.sources.query import CompiledQuery
from sagerecon.sources.row_rules import TotalRow
from sagerecon.sources.sql_finding import sql_finding
from sagerecon.sources.table_reader import ChangeWriter, FindingCollector, read_table
from sagerecon.sources.tables import load_table

#: The formats whose parts are sheets, which are rarely named by what they hold.
_WORKBOOKS = ("xlsx", "ods", "xls")

#: The types of which values have an order.
_SCALARS = (TEXT, INTEGER, DECIMAL, BOOLEAN, DATE, DATETIME)

#: Seconds for the queries of a look, which are no other person's.
_SECONDS = 600

_BATCH_ROWS = 1_000

#: The types of which a column is read in turn, until one fits all cells.
_WIDER = {"integer": "decimal", "boolean": "text", "date": "datetime", "datetime": "text"}
_SCALES = (2, 6, MAX_SCALE)

#: The rule by which headings below the first are passed over, as where files were joined.
_REPEATED = RowRule("headings", is_header=True)

#: The notation by which a text with control characters is read; the snapshot lists what it changes.
_WITHOUT_CONTROLS = replace(PLAIN, controls="remove")


@dataclass(frozen=True, slots=True)
class FileLook:
    """A file: how it can be declared, and the figures of its columns."""

    file: SourceFile
    rows: int
    parts: tuple[str, ...]  #: its sheets, tables or lists of records, if it may have several
    columns: tuple[ColumnFigures, ...]  #: of the columns of `file`, in their order
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a user names, or the files of one table by a pattern, and the part that is meant."""

    folder: Path  #: resolved
    pattern: str  #: below the folder, as `path` of a declaration
    first: Path  #: the first file of them
    part: str  #: the sheet of a workbook, the table of a database, or the kind of records

    @property
    def table(self) -> str:
        """The name of its table."""
        is_named = self.part and format_of(self.first.name) not in _WORKBOOKS
        stem = self.part.rpartition(".")[2] if is_named else self.first.stem
        return column_names([stem if self.pattern == as_pattern(self.first.name) else self.folder.name])[0]


def named_file(name: str) -> NamedFile | None:
    """Return what `FILE`, `FILE#PART` or a pattern such as `folder/*.csv` names; None for no file."""
    marks = [at for at, character in enumerate(name) if character == "#"]
    for path, part in ((name, ""), *((name[:at], name[at + 1 :]) for at in marks)):
        if not path:
            continue
        if Path(path).is_file():
            file = Path(path).resolve()
            return NamedFile(file.parent, as_pattern(file.name), file, part)
        if any(mark in Path(path).name for mark in "*?["):
            folder = Path(path).parent.resolve()
            found = matching_paths(folder, Path(path).name, [folder]) if folder.is_dir() else []
            if found:
                return NamedFile(folder, Path(path).name, found[0], part)
    return None


def look_at_file(named: NamedFile, work_folder: Path, progress: Callable[[str, int], None]) -> FileLook:
    """Read a file whole, and return how it can be declared.

    Args:
        work_folder: for temporary files; private.

    Raises:
        SourceError: it cannot be read.
        OSError: the temporary files cannot be written.
    """
    path = named.first
    detected = detect_file(path, named.table, named.part)
    detected = replace(detected, file=_of_all_files(detected.file, named))
    if not detected.file.columns:
        return FileLook(
            file=detected.file, rows=0, parts=detected.parts, columns=(), findings=detected.findings
        )
    file, rows, findings = _load(detected, named.folder, work_folder, progress)
    with closing(open_for_reading(work_folder / "look.duckdb", _SECONDS)) as connection:
        looks = list(_columns(connection, file, rows))
    marks, open_columns = number_marks([readings for _, readings in looks if readings is not None])
    file = with_marks(file, marks)
    ambiguous = {readings.column.name: rivals for readings, rivals in open_columns}
    columns, declared = [], []
    for column, (figures, readings) in zip(file.columns, looks, strict=True):
        if readings is None:
            columns.append(figures)
            declared.append(column)
            continue
        chosen, found = _choose(readings, marks, ambiguous.get(column.name, []), Place(path.name))
        findings += found
        columns.append(_with_reading(figures, readings, chosen))
        declared.append(column if chosen is None else _column(chosen, readings, file))
        findings += _notation_findings(readings, declared[-1], Place(path.name))
    return FileLook(
        file=replace(file, columns=tuple(declared)),
        rows=rows,
        parts=detected.parts,
        columns=tuple(columns),
        findings=(*detected.findings, *findings),
    )


def _of_all_files(file: SourceFile, named: NamedFile) -> SourceFile:
    """Return the declaration of the first file of a pattern with the columns that others have besides.

    A column that a file lacks is optional. A file that has few columns in common with the first is left to
    its reader, which says so.
    """
    file = replace(file, path=named.pattern)
    others = matching_paths(named.folder, named.pattern, [named.folder])[1:]
    for path in others if file.has_header else ():
        there = detect_columns(path.resolve(), file, named.part)
        common = {_position(column) for column in there} & {_position(column) for column in file.columns}
        if len(common) * 2 >= len(file.columns):
            file = replace(file, columns=_united(file.columns, there))
    return file


def _united(first: Sequence[Column], other: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns of two files, or of the items of a list in both."""
    columns = {_position(column): column for column in first}
    there = {_position(column): column for column in other}
    columns |= {at: replace(columns[at], optional=True) for at in columns.keys() - there.keys()}
    for at, column in there.items():
        known = columns.get(at)
        if known is None:
            columns[at] = replace(column, optional=True)
        elif known.type == column.type == "list":
            columns[at] = replace(known, columns=_united(known.columns, column.columns))
    names = column_names("_".join(column.path) or column.name for column in columns.values())
    return tuple(replace(each, name=name) for each, name in zip(columns.values(), names, strict=True))


def _position(column: Column) -> tuple[tuple[str, ...], int, int]:
    """Return where a file has a column."""
    return column.path, column.number, column.occurrence


class _Misfits(FindingCollector):
    """Collects findings, and the names of the columns whose cells have errors."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: set[str] = set()
        self.rules: dict[str, RowRule] = {}  #: that would pass over rows which are no records

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        if finding.severity is Severity.ERROR:
            self.columns.add(finding.message.partition(":")[0])
        if finding.code is Code.HEADER_REPEATED:
            self.rules[_REPEATED.name] = _REPEATED
        if isinstance(finding, TotalRow) and len(finding.rule.tests) > 1:
            # A text alone may name a record too; beside cells that are blank in this row it does not.
            self.rules.setdefault(finding.rule.name, finding.rule)
        super().add(finding)

    def warning(self, column: Column, consequence: str) -> Finding:
        """Return the first finding about a cell of a column as a warning, with what follows from it."""
        first = next(each for each in self.all() if each.message.startswith(f"{column.name}:"))
        message = f"{first.message} {consequence}"
        return replace(first, message=message, hint="", severity=Severity.WARNING)


def _load(
    detected: Detected, folder: Path, work_folder: Path, progress: Callable[[str, int], None]
) -> tuple[SourceFile, int, list[Finding]]:
    """Load the table with the narrowest types that fit; return its declaration, rows and findings."""
    # A table without rows is one, too; whether it is allowed is asked of the one that is declared.
    file = replace(detected.file, optional=True)
    said: dict[str, Finding] = {}  #: of columns that are not read as they are, by their names
    lines = work_folder / "look.ndjson"
    while True:
        misfits = _Misfits()
        # What is changed on reading is listed by the snapshot; here the values alone are looked at.
        changes = ChangeWriter(len)
        facts = read_table(file, folder, lines, misfits, changes, progress, (), Databases())
        names = {column.name for column in file.columns} & misfits.columns
        known = {rule.name for rule in file.pass_over}
        rules = [rule for name, rule in misfits.rules.items() if name not in known]
        if not names and not rules:
            break
        lines.unlink()
        file = replace(file, pass_over=(*file.pass_over, *rules))
        columns = [_wider(column) if column.name in names else column for column in file.columns]
        for column, wider in zip(file.columns, columns, strict=True):
            if wider is None:
                said[column.name] = misfits.warning(column, "The column is left out.")
            elif wider.notation is not column.notation:
                said[column.name] = misfits.warning(column, "Such characters are removed on reading.")
        file = replace(file, columns=tuple(column for column in columns if column is not None))
    rows = sum(fact.rows for fact in facts)
    file = replace(file, optional=not rows)
    with closing(open_for_loading(work_folder / "look.duckdb")) as connection:
        load_table(connection, file, lines, rows)
    return file, rows, [*said.values(), *misfits.all()]


def _wider(column: Column) -> Column | None:
    """Return the column with the next type; None where no type reads its cells."""
    if column.type == "decimal":
        scale = next((scale for scale in _SCALES if scale > column.scale), None)
        return replace(column, type="text") if scale is None else replace(column, scale=scale)
    if column.type == "text" and column.notation is None:
        return replace(column, notation=_WITHOUT_CONTROLS)
    wider = _WIDER.get(column.type)
    return replace(column, type=wider) if wider is not None else None


def _columns(
    connection: BoundedConnection, file: SourceFile, rows: int
) -> Iterator[tuple[ColumnFigures, Readings | None]]:
    """Yield the figures of each column, and how its texts can be read if it holds text."""
    for column in file.columns:
        if column.type == "list":
            yield _figures(column, rows=rows, blanks=0, distinct=0), None
        elif column.type == "text":
            readings = read_texts(column, _texts(connection, file, column), file)
            yield _text_look(readings, rows), readings
        else:
            yield _typed_look(connection, file, column, rows), None


def _texts(connection: BoundedConnection, file: SourceFile, column: Column) -> Iterator[Text]:
    """Yield each text of a column once, in the order of their first rows."""
    for value, count, origin in _values(connection, file, column):
        yield Text(str(value), count, origin)


def _values(
    connection: BoundedConnection, file: SourceFile, column: Column
) -> Iterator[tuple[Scalar, int, str]]:
    name, table = quote_identifier(column.name), quote_identifier(file.name)
    sql = (
        f"SELECT {name}, count(*), arg_min(_origin, rowid) FROM {table} "  # noqa: S608 - quoted identifiers
        f"WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY min(rowid)"
    )
    query = connection.query(sql, None, Allowance(_SECONDS))
    try:
        while rows := query.fetch(_BATCH_ROWS):
            yield from rows
    finally:
        query.close()


def _typed_look(connection: BoundedConnection, file: SourceFile, column: Column, rows: int) -> ColumnFigures:
    """Return the figures of a column whose cells have a type."""
    name, table = quote_identifier(column.name), quote_identifier(file.name)
    is_number = column.type in ("integer", "decimal")
    total = f"sum({name})" if is_number else "NULL"
    filled, distinct, least, greatest, whole = connection.row(
        f"SELECT count({name}), count(DISTINCT {name}), min({name}), max({name}), {total} FROM {table}"  # noqa: S608 - quoted identifiers
    )
    samples = [str(value) for value, _, _ in islice(_values(connection, file, column), 3)]
    return _figures(
        column,
        rows=filled,
        blanks=rows - filled,
        distinct=distinct,
        least=least,
        greatest=greatest,
        total=Decimal(whole) if whole is not None else None,
        samples=tuple(samples),
    )


def _text_look(readings: Readings, rows: int) -> ColumnFigures:
    return _figures(
        readings.column,
        rows=readings.rows,
        blanks=rows - readings.rows,
        distinct=readings.distinct,
        least=readings.least,
        greatest=readings.greatest,
        samples=tuple(sample.text for sample in readings.samples[:3]),
    )


def _figures(column: Column, **figures: Any) -> ColumnFigures:
    return ColumnFigures(title=_title(column), name=column.name, type=_type(column), **figures)


def _type(column: Column) -> str:
    return f"{column.type} {column.formats[0]}" if column.formats else column.type


def _choose(
    readings: Readings, marks: tuple[str, str], rivals: Sequence[Reading], place: Place
) -> tuple[Reading | None, list[Finding]]:
    """Return the reading that is declared; None for text. What is ambiguous is a finding, and is text."""
    if not readings.rows or readings.has_codes:
        return None, []
    if readings.has_point_zeros:
        return None, [_point_zeros(readings, place)]
    if rivals:
        return None, [_ambiguous(readings, rivals, place)]
    for types in (("boolean",), ("integer",), ("decimal",), ("date",), ("datetime",)):
        fitting = [each for each in readings.fitting(*types) if types != ("decimal",) or each.marks == marks]
        if not fitting:
            continue
        if len({each.seen for each in fitting}) > 1:
            return None, [_ambiguous(readings, fitting, place)]
        days = readings.fitting("date") if types == ("integer",) else []
        found = [_ambiguous(readings, [fitting[0], *days], place)] if days else []
        return fitting[0], found
    return None, []


def _ambiguous(readings: Readings, rivals: Sequence[Reading], place: Place) -> Finding:
    """Return the finding for a column that several readings fit."""
    by_values: dict[int, Reading] = {}
    for rival in rivals:
        by_values.setdefault(rival.seen, rival)
    each_once = list(by_values.values())
    shown = " or ".join(rival.about for rival in each_once)
    example = readings.example(each_once)
    rows = counted(readings.rows, "row")
    message = f"column '{_title(readings.column)}' may be {shown}: all {rows} fit each of them"
    hint = "Ask where the file comes from, and declare the one that is right."
    return warning(Code.AMBIGUOUS_COLUMN, place, f"{message}{f'; {example}' if example else ''}.", hint)


def _point_zeros(readings: Readings, place: Place) -> Finding:
    """Return the finding for whole numbers that are written as a program writes binary floats."""
    sample, name = readings.samples[0], readings.column.name
    message = (
        f"column '{_title(readings.column)}' may be codes or numbers: all are whole and end in .0, "
        f"such as '{sample.text}' ({sample.origin})."
    )
    hint = (
        f"Of codes, drop the .0 in the SQL of a dataset: regexp_replace({name}, '[.]0$', ''). "
        "For numbers, set type: decimal."
    )
    return warning(Code.AMBIGUOUS_COLUMN, place, message, hint)


def _column(chosen: Reading, readings: Readings, file: SourceFile) -> Column:
    """Return the column as it is declared by a reading, with the decimals that its numbers have."""
    is_decimal = chosen.column.type == "decimal"
    column = replace(chosen.column, scale=max(chosen.scale, _SCALES[0]) if is_decimal else _SCALES[0])
    if not readings.nulls:
        return column
    words = tuple(dict.fromkeys(each.text.strip() for each in readings.nulls))
    return replace(column, notation=replace(column.notation or file.notation, null_words=words))


def _notation_findings(readings: Readings, column: Column, place: Place) -> Iterator[Finding]:
    """Yield how the cells of a column are read whose notation is declared for it alone."""
    notation, title = column.notation or PLAIN, f"column '{_title(column)}'"
    said = []
    if notation.signs:
        said.append(f"{title}: CR beside an amount is read as negative, and DR as positive.")
    if notation.century:
        first = notation.century
        said.append(f"{title}: years of two digits are read as {first} to {first + 99}.")
    if readings.nulls:
        words = ", ".join(dict.fromkeys(f"'{each.text}'" for each in readings.nulls))
        rows = counted(readings.rows - readings.filled, "row")
        is_text = column.type == "text"
        does = f"If it means an empty cell, set null_words: [{words}]." if is_text else "It is read as empty."
        said.append(f"{title} has {words} in {rows}. {does}")
    for message in said:
        yield replace(warning(Code.NOTATION_TOLD, place, message), severity=Severity.INFO)
    if len(readings.currencies) > 1 and column.type == "text":
        marks = ", ".join(f"'{mark}'" for mark in readings.currencies)
        message = f"{title} may be amounts in several currencies: {marks}."
        hint = "Tell them apart in the SQL of a dataset, before anything is summed."
        yield warning(Code.AMBIGUOUS_COLUMN, place, message, hint)


def _with_reading(figures: ColumnFigures, readings: Readings, chosen: Reading | None) -> ColumnFigures:
    """Return the figures of a column of texts with the reading that is declared, or with the nearest one."""
    if chosen is not None:
        empty = readings.rows - readings.filled
        return replace(
            figures,
            rows=readings.filled,
            blanks=figures.blanks + empty,
            distinct=figures.distinct - len(readings.nulls),
            type=_type(chosen.column),
            least=chosen.least,
            greatest=chosen.greatest,
            total=chosen.sum if chosen.column.type in ("integer", "decimal") else None,
        )
    nearest = readings.nearest()
    is_ambiguous = any(each.rows == readings.rows for each in readings.tried)
    if nearest is None or readings.has_codes or is_ambiguous:
        return figures
    misfits = tuple(Misfit(each.text, each.origin, nearest.hint(each.text)) for each in nearest.misfits)
    return replace(figures, nearest=nearest.about, fits=nearest.rows, misfits=misfits)


def _title(column: Column) -> str:
    return ".".join(column.path)


def look_at_rows(
    connection: BoundedConnection, compiled: CompiledQuery, seconds: int
) -> tuple[int, list[ColumnFigures]]:
    """Return the number of rows of a dataset, and the figures of its columns.

    Args:
        seconds: of execution, for each query.

    Raises:
        SourceError: the SQL fails on this data.
    """
    try:
        (rows,) = _one(connection, compiled, "count(*)", seconds)
        return rows, [
            _dataset_look(connection, compiled, column, rows, seconds)
            for column in compiled.columns
            if not column.startswith("_")
        ]
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line + 1)) from error


def _dataset_look(
    connection: BoundedConnection, compiled: CompiledQuery, name: str, rows: int, seconds: int
) -> ColumnFigures:
    quoted, found = quote_identifier(name), compiled.columns[name]
    is_scalar = found in _SCALARS
    span = f"count(DISTINCT {quoted}), min({quoted}), max({quoted})" if is_scalar else "0, NULL, NULL"
    total = f"sum({quoted})" if found in (INTEGER, DECIMAL) else "NULL"
    filled, distinct, least, greatest, whole = _one(
        connection, compiled, f"count({quoted}), {span}, {total}", seconds
    )
    samples: tuple[str, ...] = ()
    if is_scalar:
        (listed,) = _one(connection, compiled, f"list(DISTINCT {quoted} ORDER BY {quoted})[1:3]", seconds)
        samples = tuple(str(value) for value in listed or () if value is not None)
    return ColumnFigures(
        title=name,
        name=name,
        type=str(found),
        rows=filled,
        blanks=rows - filled,
        distinct=distinct,
        least=least,
        greatest=greatest,
        total=Decimal(whole) if whole is not None else None,
        samples=samples,
    )


def _one(
    connection: BoundedConnection, compiled: CompiledQuery, figures: str, seconds: int
) -> tuple[Any, ...]:
    """Return figures of all rows of a dataset."""
    sql = f"SELECT {figures} FROM (\n{compiled.sql}\n)"  # noqa: S608 - quoted identifiers, one checked SELECT
    query = connection.query(sql, compiled.values, Allowance(seconds))
    try:
        return query.fetch(1)[0]
    finally:
        query.close()
