"""Text cells <-> typed Arrow arrays: parse what a CSV holds, say which cells cannot be read.

An empty cell is unknown (null). Numbers have a decimal point; `contado.kernel.tables.csv_dialect` turns
decimal commas into points first.

Examples
--------
>>> import pyarrow as pa
>>> parse(pa.array(["1.5", "", "x"]), pa.float64())[1]
[2]
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["format_column", "parse", "plain_numbers"]

_NUMBER: Final = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_INTEGER: Final = r"^[+-]?\d{1,18}(\.0*)?$"
_UNKNOWN: Final = ("", "nan", "null", "none", "na", "n/a")
_TRUE: Final = ("true", "1", "yes", "si", "sì", "vero")
_FALSE: Final = ("false", "0", "no", "falso")


def parse(text: pa.Array, kind: pa.DataType) -> tuple[pa.Array, list[int]]:
    """Return ``text`` (string array) as an array of type ``kind``, and the indices that cannot be read.

    Cells that cannot be read, and empty ones, are null.
    """
    if pa.types.is_string(kind):
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), []
    if (numbers := plain_numbers(text, kind)) is not None:
        return numbers, []
    trimmed = pc.utf8_trim_whitespace(text)
    blank = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(_UNKNOWN))
    cells = pc.if_else(blank, pa.scalar(None, pa.string()), trimmed)
    parsed: pa.Array = _parser(kind)(cells)
    bad = pc.and_(pc.is_valid(cells), pc.is_null(parsed))
    return parsed, pc.indices_nonzero(bad).to_pylist()


def plain_numbers(text: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Return a column in which every cell is empty or a finite number as Arrow reads it, else None.

    The quick way for the many columns that hold nothing else.
    """
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return None
    try:
        values = pc.cast(pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), kind)
    except pa.ArrowInvalid:
        return None
    if pa.types.is_integer(kind):  # Arrow reads 0x1F too
        return None if pc.any(pc.match_substring(text, "x", ignore_case=True)).as_py() else values
    return values if pc.all(pc.is_finite(values)).as_py() is not False else None


def _parser(kind: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    if pa.types.is_floating(kind):
        return _floats
    if pa.types.is_integer(kind):
        return _integers
    if pa.types.is_boolean(kind):
        return _booleans
    return lambda cells: pa.array([_scalar(cell, kind) for cell in cells.to_pylist()], kind)


def _floats(cells: pa.Array) -> pa.Array:
    good = pc.match_substring_regex(cells, _NUMBER)
    plain = pc.replace_substring_regex(pc.if_else(good, cells, None), r"^\+", "")
    values = pc.cast(plain, pa.float64())
    return pc.if_else(pc.is_finite(values), values, None)


def _integers(cells: pa.Array) -> pa.Array:
    good = pc.match_substring_regex(cells, _INTEGER)
    plain = pc.replace_substring_regex(pc.if_else(good, cells, None), r"^\+|\.0*$", "")
    return pc.cast(plain, pa.int64())


def _booleans(cells: pa.Array) -> pa.Array:
    lower = pc.utf8_lower(cells)
    yes = pc.is_in(lower, value_set=pa.array(_TRUE))
    no = pc.is_in(lower, value_set=pa.array(_FALSE))
    return pc.if_else(pc.or_(yes, no), yes, pa.scalar(None, pa.bool_()))


def _scalar(cell: str | None, kind: pa.DataType) -> Any:
    """Read one cell of a date, instant, list or geometry; None where it cannot be read."""
    if cell is None:
        return None
    try:
        if pa.types.is_list(kind):
            return _list(cell, kind.value_type)
        if pa.types.is_binary(kind):
            return bytes.fromhex(cell)
        return _time(cell, kind)
    except ValueError:
        return None


def _list(cell: str, item: pa.DataType) -> list[Any]:
    parts = [part.strip() for part in cell.split(";")]
    kept = [part for part in parts if part]
    if not pa.types.is_floating(item):
        return kept
    numbers = [float(part) for part in kept]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(cell)
    return numbers


def _time(cell: str, kind: pa.DataType) -> Any:
    from datetime import UTC, date, datetime

    if pa.types.is_date(kind):
        if "/" in cell:  # 31/12/2026, as Italian offices write it
            day, month, year = cell.split("/")
            return date(int(year), int(month), int(day))
        return date.fromisoformat(cell[:10])
    instant = datetime.fromisoformat(cell)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def format_column(column: pa.ChunkedArray) -> list[str]:
    """Return a column's cells as text that `parse` reads back bit for bit; null is ''."""
    kind = column.type
    writers: Mapping[bool, Callable[[Any], str]] = {
        pa.types.is_floating(kind): repr,
        pa.types.is_boolean(kind): lambda v: "true" if v else "false",
        pa.types.is_list(kind) or pa.types.is_large_list(kind): lambda v: ";".join(map(str, v)),
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind): lambda v: v.hex(),
        pa.types.is_timestamp(kind): lambda v: v.isoformat().replace("+00:00", "Z"),
    }
    write = writers.get(True, str)
    return ["" if value is None else write(value) for value in column.to_pylist()]
