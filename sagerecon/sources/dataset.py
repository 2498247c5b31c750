"""Datasets, controls and checks: compiled SQL, its columns, and its rows as records, totals and findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sagerecon.model.code import CheckName, Code
from sagerecon.model.control import Control, Figure, Item
from sagerecon.model.finding import Finding
from sagerecon.model.key import source_key
from sagerecon.model.limits import DATASET_ROWS, SQL_SECONDS
from sagerecon.model.money import decimal_text, total
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.record import Record
from sagerecon.model.type import DECIMAL, INTEGER, TEXT, UNKNOWN, Columns, Type, list_of
from sagerecon.model.value import Scalar, Value
from sagerecon.sources.bounded import Allowance, BoundedConnection, SqlError
from sagerecon.sources.database import open_in_memory
from sagerecon.sources.definitions import CheckQuery, ControlQuery, Query, Sources
from sagerecon.sources.files import source_error
from sagerecon.sources.query import CompiledQuery, QueryCompiler
from sagerecon.sources.rows import ORIGIN
from sagerecon.sources.sql_finding import sql_finding
from sagerecon.sources.tables import table_columns, table_sql

#: Number of rows fetched at a time.
_BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class CompiledControl:
    """A control whose SQL fits the tables of the snapshot."""

    declared: ControlQuery
    figures: tuple[CompiledQuery, ...]
    items: CompiledQuery | None


@dataclass(frozen=True, slots=True)
class CompiledCheck:
    """A check whose SQL fits the tables of the snapshot."""

    declared: CheckQuery
    rows: CompiledQuery


@dataclass(frozen=True, slots=True)
class CompiledSources:
    """All SQL of a sources.yaml, compiled against the tables of its files."""

    declared: Sources
    datasets: Mapping[str, CompiledQuery]
    controls: tuple[CompiledControl, ...]
    checks: tuple[CompiledCheck, ...]
    tables: Mapping[str, Sequence[tuple[str, str]]]  #: the columns of each file's table with their types

    @property
    def broken(self) -> frozenset[str]:
        """The datasets that are declared, and of which an error keeps the columns from being known."""
        return frozenset(self.declared.datasets) - frozenset(self.datasets)

    @property
    def columns(self) -> Mapping[str, Columns]:
        """The columns of each dataset without errors, including `_origin`."""
        return {name: compiled.columns for name, compiled in self.datasets.items()}


def compile_queries(
    sources: Sources, parameters: Mapping[str, Scalar], seconds: int = SQL_SECONDS.most
) -> tuple[CompiledSources, list[Finding]]:
    """Compile all datasets, controls and checks against empty tables. Needs no data.

    What is declared with errors is left out, and so is silently what reads it. Return what could be compiled,
    and a finding for each error in any SQL; the first SQL that passes a limit is the last that is compiled.

    Args:
        seconds: of execution, for all SQL together, since there is no data.
    """
    files = {name: file for name, file in sources.files.items() if name not in sources.broken}
    with closing(open_in_memory(map(table_sql, files.values()), seconds)) as connection:
        tables_made = table_columns(connection, files)
        compiler = QueryCompiler(connection, sources, parameters, Allowance(seconds))
        datasets: dict[str, CompiledQuery] = {}
        for name, dataset in sources.datasets.items():
            compiled = compiler.dataset(name)
            if compiled is not None:
                errors = list(_check_columns(dataset.query, compiled.columns, {ORIGIN: _ORIGINS}))
                compiler.findings += errors
                if not errors:
                    datasets[name] = compiled
        controls = [_control(control, compiler) for control in sources.controls.values()]
        checks = [_check(check, compiler) for check in sources.checks.values()]
        findings = sorted(set(compiler.findings), key=lambda found: (found.place, found.code, found.message))
    shape = CompiledSources(
        declared=sources,
        datasets=datasets,
        controls=tuple(control for control in controls if control is not None),
        checks=tuple(check for check in checks if check is not None),
        tables=tables_made,
    )
    return shape, findings


def read_records(
    connection: BoundedConnection, name: str, compiled: CompiledQuery, key: Sequence[str]
) -> Iterator[Record]:
    """Yield the records of a dataset, in the order of its SQL.

    Raises:
        SourceError: the SQL fails on this data, or a column of `key` does not exist.
    """
    for column in key:
        if column not in compiled.columns:
            message = f"dataset '{name}' has no key column '{column}'."
            raise source_error(Finding(Code.NO_SUCH_COLUMN, compiled.query.place, message))
    for values in read_rows(connection, compiled):
        text = source_key(_text(values[column]) for column in key)
        yield Record(name, text, values, _places(values[ORIGIN]))


def count_records(connection: BoundedConnection, compiled: CompiledQuery) -> int:
    """Return the number of rows that a query returns.

    Raises:
        SourceError: the SQL fails on this data.
    """
    sql = f"SELECT count(*) FROM (\n{compiled.sql}\n)"  # noqa: S608 - the SQL of sources.yaml, checked to be one SELECT
    try:
        row = connection.row(sql, compiled.values)
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line + 1)) from error
    return int(row[0]) if row else 0


def read_rows(connection: BoundedConnection, compiled: CompiledQuery) -> Iterator[Mapping[str, Value]]:
    """Yield the rows of a query as mappings from column name to value.

    Raises:
        SourceError: the SQL fails on this data.
    """
    names = tuple(compiled.columns)
    query = None
    try:
        _require_few(connection, compiled)
        query = connection.query(compiled.sql, compiled.values)
        while rows := query.fetch(_BATCH_ROWS):
            for row in rows:
                yield dict(zip(names, row, strict=True))
    except SqlError as error:
        raise source_error(sql_finding(compiled.query, error, compiled.first_line)) from error
    finally:
        if query is not None:
            query.close()


def _require_few(connection: BoundedConnection, compiled: CompiledQuery) -> None:
    """Check how many rows a query returns before any is fetched: a query may return them without an end."""
    most = DATASET_ROWS.most + 1
    sql = f"SELECT count(*) FROM (SELECT 1 FROM ({compiled.sql}\n) LIMIT {most})"  # noqa: S608 - as above
    (rows,) = connection.row(sql, compiled.values)
    if rows >= most:
        raise SqlError("the query returns too many rows", DATASET_ROWS)


def read_control(connection: BoundedConnection, control: CompiledControl) -> Control:
    """Return the figures of a control on this data, and the items that they are made of.

    Raises:
        SourceError: the SQL fails on this data.
    """
    declared = control.declared
    figures = tuple(
        Figure(figure.name, figure.about, _amounts(connection, compiled))
        for figure, compiled in zip(declared.figures, control.figures, strict=True)
    )
    items = tuple(_items(connection, control.items)) if control.items is not None else ()
    return Control(
        name=declared.name,
        about=declared.about,
        figures=figures,
        items=items,
        severity=declared.severity,
        hint=declared.hint,
        place=declared.place,
    )


def run_check(connection: BoundedConnection, check: CompiledCheck) -> Iterator[Finding]:
    """Yield a finding for each row that breaks the rule of the check.

    Raises:
        SourceError: the SQL fails on this data.
    """
    declared = check.declared
    for row in read_rows(connection, check.rows):
        places = _places(row[ORIGIN])
        place = places[0] if places else declared.query.place
        yield Finding(
            code=CheckName(declared.name),
            place=place,
            message=_text(row["message"]),
            hint=declared.hint,
            severity=declared.severity,
        )


_AMOUNTS = (DECIMAL, INTEGER, UNKNOWN)
_TEXTS = (TEXT, UNKNOWN)
_ORIGINS = (TEXT, list_of(TEXT), UNKNOWN, list_of(UNKNOWN))


def _control(control: ControlQuery, compiler: QueryCompiler) -> CompiledControl | None:
    expected: dict[str, tuple[Type, ...]] = {"bucket": _TEXTS, "amount": _AMOUNTS}
    figures = [_compile_query(compiler, figure.query, expected) for figure in control.figures]
    item_types = {**expected, "label": _TEXTS, ORIGIN: _ORIGINS}
    items = _compile_query(compiler, control.items, item_types) if control.items is not None else None
    compiled = [figure for figure in figures if figure is not None]
    if len(compiled) < len(figures) or (items is None) != (control.items is None):
        return None
    return CompiledControl(control, tuple(compiled), items)


def _check(check: CheckQuery, compiler: QueryCompiler) -> CompiledCheck | None:
    rows = _compile_query(compiler, check.query, {"message": _TEXTS, ORIGIN: _ORIGINS})
    return CompiledCheck(check, rows) if rows is not None else None


def _compile_query(
    compiler: QueryCompiler, query: Query, expected: Mapping[str, tuple[Type, ...]]
) -> CompiledQuery | None:
    compiled = compiler.query(query)
    if compiled is None:
        return None
    errors = list(_check_columns(query, compiled.columns, expected))
    compiler.findings += errors
    return None if errors else compiled


def _check_columns(
    query: Query, columns: Columns, expected: Mapping[str, tuple[Type, ...]]
) -> Iterator[Finding]:
    for name, types in expected.items():
        if name not in columns:
            hint = "Select the _origin of the source rows." if name == ORIGIN else ""
            yield Finding(Code.MISSING_COLUMN, query.place, f"the SQL does not return column '{name}'.", hint)
        elif columns[name] not in types:
            message = f"column '{name}' has type {columns[name]}; it must be {types[0]}."
            yield Finding(Code.WRONG_COLUMN, query.place, message, "Cast the column.")


def _amounts(connection: BoundedConnection, compiled: CompiledQuery) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for row in read_rows(connection, compiled):
        bucket = _text(row["bucket"])
        amounts[bucket] = total((amounts.get(bucket, Decimal()), _amount(row["amount"])))
    return amounts


def _items(connection: BoundedConnection, compiled: CompiledQuery) -> Iterator[Item]:
    for row in read_rows(connection, compiled):
        places = _places(row[ORIGIN])
        yield Item(
            _text(row["bucket"]),
            _text(row["label"]),
            _amount(row["amount"]),
            places[0] if places else NOWHERE,
        )


def _amount(value: Value) -> Decimal:
    return Decimal(value) if isinstance(value, Decimal | int) else Decimal()


def _places(origin: Value) -> tuple[Place, ...]:
    if isinstance(origin, str):
        return (Place.parse(origin),)
    if isinstance(origin, Sequence):
        return tuple(Place.parse(text) for text in origin if isinstance(text, str))
    return ()


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return decimal_text(value, least_places=0)
    if isinstance(value, bool):
        return "true" if value else "false"  # as a mapping writes it in a reference
    return value.isoformat() if isinstance(value, date) else str(value)
