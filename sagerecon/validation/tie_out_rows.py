"""Check that the datasets of the tie-outs have the columns, and their rows the values, that tie-outs need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sagerecon.model.clock import first_day
from sagerecon.model.code import Code
from sagerecon.model.finding import Finding
from sagerecon.model.place import NOWHERE, Place
from sagerecon.model.record import Record
from sagerecon.model.type import DATE, DECIMAL, INTEGER, TEXT, UNKNOWN, Columns, Type

_CODE = (TEXT, INTEGER)
_ACCOUNTS = {"account": _CODE, "name": (TEXT,), "amount": (DECIMAL,)}
_CONTACTS = {
    "contact": _CODE,
    "name": (TEXT,),
    "document": _CODE,
    "date": (DATE,),
    "amount": (DECIMAL,),
}
_IN_CURRENCY = {"currency": (TEXT,), "currency_amount": (DECIMAL,)}
_TAX = {"ledger": (TEXT,), "code": _CODE, "period": (TEXT,), "net": (DECIMAL,), "tax": (DECIMAL,)}

#: By tie-out, the columns that its dataset must have, each with the types that it may have.
COLUMNS: Mapping[str, Mapping[str, tuple[Type, ...]]] = {
    "trial_balance": _ACCOUNTS,
    "debtors": _CONTACTS,
    "creditors": _CONTACTS,
    "bank": _ACCOUNTS,
    "tax": _TAX,
}

#: By tie-out, the columns of which its dataset has all or none.
OPTIONAL: Mapping[str, Mapping[str, tuple[Type, ...]]] = {
    "debtors": _IN_CURRENCY,
    "creditors": _IN_CURRENCY,
}

#: The columns that may be empty: they are for people.
_MAY_BE_EMPTY = frozenset({"name", "document"})

_EXAMPLES = 3


def tie_out_columns(
    name: str, dataset: str, place: Place, datasets: Mapping[str, Columns], broken: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield a finding where the dataset of a tie-out does not exist, and for each column that does not fit.

    Args:
        name: of the tie-out, such as `debtors`.
        broken: datasets that have a finding of their own.
        place: where the project declares the tie-out.
    """
    if dataset in broken:
        return
    if dataset not in datasets:
        yield Finding(
            Code.UNKNOWN_DATASET,
            place,
            f"the tie-out {name} names dataset '{dataset}', which sources.yaml does not have.",
            f"Name one of: {', '.join(sorted(datasets)) or 'none is declared'}.",
        )
        return
    columns = datasets[dataset]
    for column, types in _wanted(name, columns).items():
        found = columns.get(column)
        wanted = " or ".join(map(str, types))
        if found is None:
            yield Finding(
                Code.MISSING_COLUMN,
                place,
                f"the tie-out {name} needs the column '{column}' ({wanted}) of dataset '{dataset}'.",
                f"Return it in the SQL of the dataset. It has: {', '.join(_shown(columns))}.",
            )
        elif found not in (*types, UNKNOWN):
            yield Finding(
                Code.WRONG_COLUMN,
                place,
                f"the tie-out {name} needs the column '{column}' of dataset '{dataset}' as {wanted};"
                f" it is {found}.",
                "Cast it in the SQL of the dataset.",
            )


def tie_out_rows(name: str, dataset: str, rows: Iterable[Record]) -> Iterator[Finding]:
    """Yield a finding for each column of a tie-out's dataset that is empty in some rows, or is no month."""
    empty: dict[str, list[Record]] = {}
    strange: list[Record] = []
    for row in rows:
        for column in _wanted(name, row.values).keys() - _MAY_BE_EMPTY:
            if row.values[column] in (None, ""):
                empty.setdefault(column, []).append(row)
        if "period" in COLUMNS[name] and row.values["period"] and first_day(row.values["period"]) is None:
            strange.append(row)
    for column in sorted(empty):
        yield Finding(
            Code.MISSING_VALUE,
            _place(empty[column]),
            f"the tie-out {name} needs '{column}' in each row of dataset '{dataset}', and"
            f" {_counted(empty[column])} without it.",
            "Give it a value in the source or in the SQL of the dataset, or leave these rows out there.",
        )
    if strange:
        periods = ", ".join(sorted({f"'{row.values['period']}'" for row in strange})[:_EXAMPLES])
        yield Finding(
            Code.NOT_A_DATE,
            _place(strange),
            f"the tie-out {name} needs 'period' as a month such as 2017-03, and {_counted(strange)} with"
            f" another: {periods}.",
            "Write it in the SQL of the dataset with strftime(date, '%Y-%m').",
        )


def _wanted(name: str, present: Collection[str]) -> Mapping[str, tuple[Type, ...]]:
    """Return the columns that a tie-out needs, given the columns that its dataset has."""
    optional = OPTIONAL.get(name, {})
    return {**COLUMNS[name], **optional} if optional.keys() & set(present) else COLUMNS[name]


def _shown(columns: Collection[str]) -> list[str]:
    return [column for column in columns if not column.startswith("_")]


def _place(rows: list[Record]) -> Place:
    return next((row.origins[0] for row in rows if row.origins), NOWHERE)


def _counted(rows: list[Record]) -> str:
    return "1 row is" if len(rows) == 1 else f"{len(rows):,} rows are"
