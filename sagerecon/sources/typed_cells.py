"""Converting cells that have types of their own, as those of databases and Parquet files have."""

from __future__ import annotations

import math
from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID

from sagerecon.model.code import Code
from sagerecon.sources.cell import Cell, CellConverter, CellError
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.rows import converter


def typed_converter(column: Column, file: SourceFile) -> CellConverter:
    """Return the function that converts a typed cell by its column.

    A binary float is read as the shortest digits that stand for it: 19.99 as 19.99, and 0.1 + 0.2 as
    0.30000000000000004, which is then too fine for most columns.

    Raises:
        CellError: by the returned function, if the cell does not match the column, or is a float so large
            that it stands for several amounts.
    """
    convert = converter(column, file)
    step = Decimal(1).scaleb(-column.scale if column.type == "decimal" else 0)

    def convert_typed(cell: object) -> Cell:
        if isinstance(cell, float):
            return convert(_number(cell, step))
        if isinstance(cell, bytes | bytearray | memoryview):
            raise CellError(Code.NOT_TEXT, f"the cell holds {len(cell):,} bytes, not text.")
        return convert(str(cell) if isinstance(cell, UUID | time | timedelta) else cell)

    return convert_typed


def _number(cell: float, step: Decimal) -> int | Decimal:
    if not math.isfinite(cell):
        raise CellError(Code.NOT_DECIMAL, f"'{cell}' is not a number.")
    if Decimal(math.ulp(cell)) >= step:
        message = f"{cell!r} is a binary float, too large to be exact."
        raise CellError(Code.UNCERTAIN_NUMBER, message, "Store such amounts as DECIMAL or as text.")
    return int(cell) if cell.is_integer() else Decimal(repr(cell))
