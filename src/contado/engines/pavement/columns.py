"""Number columns of a table that a person wrote: typed, checked, unknown cells as NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contado.kernel.errors import ColumnNotFound, DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["choices", "numbers", "refuse", "require", "texts"]


def require(table: pa.Table, columns: Sequence[str], name: str) -> None:
    """Raise `ColumnNotFound` when one of ``columns`` is absent."""
    missing = [c for c in columns if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table=name)


def texts(table: pa.Table, column: str) -> list[str]:
    """Return a column as text."""
    return [str(v) for v in table[column].to_pylist()]


def choices(
    table: pa.Table,
    column: str,
    name: str,
    valid: Sequence[str],
    *,
    lines: Sequence[int] | None = None,
    meaning: Callable[[str], str | None] | None = None,
) -> list[str]:
    """Return a column of words of a fixed list; ``meaning`` turns other words for them into the listed ones.

    Raises
    ------
    UsageError
        ``unknown_choice``: another word, with its line and all valid ones.
    """
    found: list[str] = []
    for row, word in enumerate(texts(table, column)):
        known = meaning(word) if meaning is not None else word.strip()
        if known is None or known not in valid:
            line = lines[row] if lines is not None else row + 1
            where = "line" if lines is not None else "row"
            listed = ", ".join(valid)
            raise UsageError(
                f"{name}, {where} {line}: {column} is {word!r}; valid: {listed}.",
                rule="unknown_choice",
                hint=did_you_mean(word, valid) or f"valid: {listed}",
                rows=[line],
                field=column,
            )
        found.append(known)
    return found


def numbers(
    table: pa.Table, column: str, name: str, *, lines: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Return a column as floats, empty cells as NaN, an absent column as all NaN.

    Raises
    ------
    DataError
        A cell is no number (`not_a_number`), with its line.
    """
    if column not in table.column_names:
        return np.full(table.num_rows, np.nan)
    values = table[column]
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        found = pc.utf8_trim_whitespace(values)
        empty = pc.fill_null(pc.equal(found, ""), True)
        good = pc.fill_null(
            pc.match_substring_regex(found, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"), False
        )
        bad = np.flatnonzero(~pc.or_(empty, good).to_numpy())
        refuse(bad, table, column, name, "not_a_number", "write a number with a decimal point", lines)
        values = pc.if_else(empty, None, found)
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def refuse(
    bad: NDArray[np.intp],
    table: pa.Table,
    column: str,
    name: str,
    rule: str,
    hint: str,
    lines: Sequence[int] | None = None,
) -> None:
    """Raise `DataError` with rule, lines and the first value when there is any ``bad`` row.

    Without ``lines`` the rows count from 1, as in a Parquet file.
    """
    if not bad.size:
        return
    places = [lines[int(i)] if lines is not None else int(i) + 1 for i in bad[:20]]
    where = "line" if lines is not None else "row"
    value = table[column][int(bad[0])].as_py()
    raise DataError(
        f"{name}, {where} {places[0]}: {column} = {value!r}.", rule=rule, hint=hint, rows=places, field=column
    )
