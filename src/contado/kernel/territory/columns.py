"""Numbers of a table that was read, with the line of what is no number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import ColumnNotFound, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["integers", "line_of", "need", "numbers"]


def need(table: pa.Table, names: Sequence[str], file: str) -> None:
    """Raise where one of ``names`` is missing.

    Raises
    ------
    ColumnNotFound
        Rule ``missing_column``, with the nearest name present.
    """
    if missing := [name for name in names if name not in table.column_names]:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=file, used=names)


def line_of(row: int, lines: Sequence[int] | None) -> int:
    """Return the line of a text file, or the 1-based row of a table, of row ``row`` (from 0)."""
    return int(lines[row]) if lines is not None else row + 1


def numbers(table: pa.Table, name: str, file: str, lines: Sequence[int] | None = None) -> NDArray[np.float64]:
    """Return a column as floats, null as NaN.

    Raises
    ------
    DataError
        Rule ``not_a_number``, with the line.
    """
    column = table[name]
    try:
        values: NDArray[np.float64] = column.cast("float64").to_numpy(zero_copy_only=False)
    except (ValueError, NotImplementedError):
        values, bad = _of_text(column)
        if not bad:
            return values
    else:
        return values
    rows = [line_of(row, lines) for row in bad[:20]]
    raise DataError(
        f"{file}, line {rows[0]}: {name} is {column[bad[0]].as_py()!r}, not a number.",
        rule="not_a_number",
        hint="correct the line",
        rows=rows,
        field=name,
    )


def integers(table: pa.Table, name: str, file: str, lines: Sequence[int] | None = None) -> NDArray[np.int64]:
    """Return a column as whole numbers.

    Raises
    ------
    DataError
        Rule ``not_a_number``, with the line: text, null or a fraction.
    """
    values = numbers(table, name, file, lines)
    bad = np.flatnonzero(~np.isfinite(values) | (values != np.rint(values)))
    if len(bad):
        line = line_of(int(bad[0]), lines)
        raise DataError(
            f"{file}, line {line}: {name} is no whole number.",
            rule="not_a_number",
            hint="correct the line",
            rows=[line],
            field=name,
        )
    result: NDArray[np.int64] = table[name].cast("int64").to_numpy(zero_copy_only=False)
    return result


def _of_text(column: pa.ChunkedArray) -> tuple[NDArray[np.float64], list[int]]:
    """Return the numbers that stand in cells of text, and the rows (from 0) that keep the column from being numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from contado.kernel.tables import cells, csv_dialect

    text = pa.array(["" if cell is None else str(cell).strip() for cell in column.to_pylist()], pa.string())
    bad = pc.indices_nonzero(csv_dialect.not_numbers(text)).to_pylist()
    values, endless = cells.parse(text, pa.float64())
    return values.to_numpy(zero_copy_only=False), bad or endless
