"""Converting cells that have types of their own, as those of databases and Parquet files have."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Sequence
from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID

from sagerecon.model.code import Code
from sagerecon.sources.cell import Cell, CellConverter, CellError, display_text
from sagerecon.sources.definitions import Column, SourceFile
from sagerecon.sources.rows import converter

#: Bits of the digits of a binary float of 32 bits.
_SINGLE_BITS = 24


class GarbledText(bytes):
    """A text of a database whose bytes are not in the encoding of its texts, which is UTF-8."""


class Single(float):
    """A binary float that is stored in 32 bits, which have six to nine digits."""

    def __repr__(self) -> str:
        """Return the shortest digits that stand for it: 19.99, not 19.989999771118164."""
        texts = (f"{float(self):.{digits}g}" for digits in range(6, 10))
        return repr(float(next((text for text in texts if _stored(float(text)) == _stored(self)), self)))

    __str__ = __repr__


def with_singles(cells: Sequence[object], numbers: Collection[int]) -> Sequence[object]:
    """Return the cells of a row, those with these numbers as floats of 32 bits."""
    return [
        Single(cell) if number in numbers and isinstance(cell, float) else cell
        for number, cell in enumerate(cells)
    ]


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
            try:
                return convert(_number(cell, step))
            except CellError as error:
                if error.code is Code.TOO_FINE:
                    error.hint += " It is a binary float: a DECIMAL would be exact."
                raise
        if isinstance(cell, GarbledText):
            seems = display_text(cell.decode("cp1252", "replace"))
            message = f"the text is not in UTF-8, as it must be in this database; in cp1252 it is {seems}."
            raise CellError(Code.NOT_IN_ENCODING, message, "Store it in the database as UTF-8.")
        if isinstance(cell, bytes | bytearray | memoryview):
            raise CellError(Code.NOT_TEXT, f"the cell holds {len(cell):,} bytes, not text.")
        return convert(str(cell) if isinstance(cell, UUID | time | timedelta) else cell)

    return convert_typed


def _number(cell: float, step: Decimal) -> int | Decimal:
    if not math.isfinite(cell):
        raise CellError(Code.NOT_DECIMAL, f"'{cell}' is not a number.")
    if Decimal(_distance(cell)) >= step:
        message = f"{cell!r} is a binary float, too large to be exact."
        raise CellError(Code.UNCERTAIN_NUMBER, message, "Store such amounts as DECIMAL or as text.")
    return int(cell) if cell.is_integer() else Decimal(repr(cell))


def _distance(cell: float) -> float:
    """Return how far the next float is that is stored in as many bits."""
    return math.ldexp(1, math.frexp(cell)[1] - _SINGLE_BITS) if isinstance(cell, Single) else math.ulp(cell)


def _stored(number: float) -> float:
    (stored,) = struct.unpack("f", struct.pack("f", number))
    return float(stored)
