"""Tables that a fusion reads from files of a person's choice: observations of cells and works, typed and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from contado.engines.pavement import columns
from contado.engines.pavement.lives import legal_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

__all__ = ["observed", "works_of"]

_NUMBERS: Final = ("cell", "iri_m_km", "sd_log", "sd_cal_log", "cell_m")
_LENGTH_OF_DAY: Final = len("2026-05-01")
_UNMEASURED: Final = "a cell that was not measured has no IRI, not zero"


def observed(table: pa.Table, *, name: str = "cell_obs", lines: Sequence[int] | None = None) -> pa.Table:
    """Return observations of cells with numbers and instants, the other columns as they are.

    Raises
    ------
    DataError
        ``missing_column``, ``missing_value``, ``not_a_number``, ``bad_number``, ``iri_not_positive``,
        ``negative_value``, ``bad_date``: each with its lines.
    """
    columns.require(table, ["section_id", "cell", "drive_id", "t_utc", "iri_m_km", "sd_log"], name)
    for column in ("section_id", "drive_id"):
        words = columns.names(table, column, name, lines=lines, unique=False)
        table = _with(table, column, pa.array(words, pa.string()))
    number = {c: columns.numbers(table, c, name, lines=lines) for c in _NUMBERS}
    cell, iri, sd = number["cell"], number["iri_m_km"], number["sd_log"]
    for column, bad, rule, hint in (
        ("cell", cell != np.rint(cell), "bad_number", "cells are counted: 0, 1, 2 ..."),
        ("iri_m_km", iri <= 0, "iri_not_positive", _UNMEASURED),
        ("sd_log", np.isnan(sd) & ~np.isnan(iri), "missing_value", "give the standard deviation of log IRI"),
        ("sd_log", sd < 0, "negative_value", "a standard deviation is 0 or more"),
        ("sd_cal_log", number["sd_cal_log"] < 0, "negative_value", "a standard deviation is 0 or more"),
        ("cell_m", number["cell_m"] <= 0, "length_not_positive", "the length of a cell is above 0"),
    ):
        if column in table.column_names:
            columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)
    for column in _NUMBERS:
        if column in table.column_names:
            kind = pa.int64() if column == "cell" else pa.float64()
            table = _with(table, column, pa.array(number[column], from_pandas=True).cast(kind))
    return _with(table, "t_utc", _instants(table, "t_utc", name, lines))


def works_of(table: pa.Table, *, name: str = "works", lines: Sequence[int] | None = None) -> pa.Table:
    """Return works with section_id, from_m, to_m and date, typed; an instant is told as its legal day.

    Raises
    ------
    DataError
        ``missing_column``, ``missing_value``, ``not_a_number``, ``interval_order``, ``bad_date``: each with its lines.
    """
    columns.require(table, ["section_id", "from_m", "to_m", "date"], name)
    words = columns.names(table, "section_id", name, lines=lines, unique=False)
    start, end = (columns.numbers(table, c, name, lines=lines) for c in ("from_m", "to_m"))
    date = _days(table, "date", name, lines)
    for column, bad, rule, hint in (
        ("from_m", np.isnan(start), "missing_value", "say where the works begin"),
        ("to_m", np.isnan(end), "missing_value", "say where the works end"),
        ("to_m", end <= start, "interval_order", "to_m lies beyond from_m"),
        (
            "date",
            date.is_null().to_numpy(zero_copy_only=False),
            "missing_value",
            "say when the works were done",
        ),
    ):
        columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)
    return pa.table({"section_id": words, "from_m": start, "to_m": end, "date": date})


def _with(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _days(table: pa.Table, column: str, name: str, lines: Sequence[int] | None) -> pa.Array:
    """Return a column of days: one written as a day is that day wherever it is read (errors of `_instants`)."""
    instants = _instants(table, column, name, lines).to_pandas()
    kind = table.schema.field(column).type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        written = np.zeros(len(instants), bool)
    elif pa.types.is_temporal(kind):
        written = np.ones(len(instants), bool)
    else:
        cells = table[column].to_pandas().fillna("").astype(str).str.strip()
        written = (cells.str.len() <= _LENGTH_OF_DAY).to_numpy(bool)
    days = np.where(written, legal_days(instants, "UTC"), legal_days(instants))
    return pa.array(days, pa.date32())


def _instants(table: pa.Table, column: str, name: str, lines: Sequence[int] | None) -> pa.Array:
    """Return a column of instants or days, empty cells as null; only the order year, month, day is read.

    Raises
    ------
    DataError
        ``bad_date``: a cell is neither, with its line.
    """
    import pandas as pd

    values = table[column]
    hint = "write a day as 2026-05-01, an instant as 2026-05-01T08:00:00Z"
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        known = np.flatnonzero(values.is_valid().to_numpy())
        columns.refuse(known, table, column, name, "bad_date", hint, lines)
    cells = values.to_pandas()
    found = pd.to_datetime(cells, utc=True, format="ISO8601", errors="coerce")
    bad: Flags = (found.isna() & cells.notna() & (cells.astype(str).str.strip() != "")).to_numpy()
    columns.refuse(np.flatnonzero(bad), table, column, name, "bad_date", hint, lines)
    return pa.array(found.astype("datetime64[us, UTC]"), pa.timestamp("us", "UTC"))
