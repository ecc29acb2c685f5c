"""Tables that a fusion reads from files of a person's choice: observations of cells and works, typed and checked."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from contado.engines.pavement import columns
from contado.kernel import tables
from contado.kernel.dates import local
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

__all__ = ["CELL_M", "noticed", "observed", "refuse_mixed", "works_of"]

CELL_M: Final = 100.0
"""Length of a cell where neither the observations nor the person states it [m]."""

_NUMBERS: Final = (
    "cell", "iri_m_km", "sd_log", "sd_cal_log", "sd_model_log", "cell_m", "speed_m_s", "coverage",
)  # fmt: skip
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
        ("cell", cell < 0, "negative_value", "cells are counted from the start of the section: 0, 1, 2 ..."),
        ("iri_m_km", iri <= 0, "iri_not_positive", _UNMEASURED),
        ("sd_log", np.isnan(sd) & ~np.isnan(iri), "missing_value", "give the standard deviation of log IRI"),
        ("sd_log", sd < 0, "negative_value", "a standard deviation is 0 or more"),
        ("sd_cal_log", number["sd_cal_log"] < 0, "negative_value", "a standard deviation is 0 or more"),
        ("sd_model_log", number["sd_model_log"] < 0, "negative_value", "a standard deviation is 0 or more"),
        ("cell_m", number["cell_m"] <= 0, "length_not_positive", "the length of a cell is above 0"),
    ):
        if column in table.column_names:
            columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)
    for column in _NUMBERS:
        if column in table.column_names:
            kind = pa.int64() if column == "cell" else pa.float64()
            table = _with(table, column, pa.array(number[column], from_pandas=True).cast(kind))
    return _with(table, "t_utc", _instants(table, "t_utc", name, lines))


def noticed(table: pa.Table, *, name: str, cell_m: float | None) -> list[Finding]:
    """Tell which columns of observations are not read, and what length of a cell is assumed where none is given."""
    found = columns.unknown(table, [*tables.schema("pavement_cell_obs").by_name, "geometry"], name)
    absent = table.num_rows if "cell_m" not in table.column_names else table["cell_m"].null_count
    if cell_m is None and absent:
        found.append(
            Finding(
                severity="note",
                rule="assumed_value",
                table=name,
                message=f"{name}: {absent} rows do not state cell_m; their cells are taken to be {CELL_M:g} m long.",
                hint="give column cell_m, or --cell-m",
            )
        )
    return found


def refuse_mixed(
    parts: Iterable[tuple[str, pa.Table, Sequence[int] | None]],
    cell_m: float,
    previous: pa.Table | None = None,
) -> None:
    """Refuse sections whose cells have more than one length: their numbers do not name the same places.

    Parameters
    ----------
    parts
        Name, observations as `observed` returns them and lines of each file.
    cell_m
        Length of a cell where a row does not state it [m].
    previous
        State of cells (section_id, from_m, to_m) that they add to.

    Raises
    ------
    DataError
        ``mixed_cells``, with the lines of the cells whose length differs from the first one of their section.
    """
    known: dict[str, float] = {}
    if previous is not None:
        columns.require(previous, ["section_id", "from_m", "to_m"], "previous state")
        ends = (previous[c].to_pylist() for c in ("section_id", "from_m", "to_m"))
        known = {str(section): end - start for section, start, end in zip(*ends, strict=True)}
    for name, table, lines in parts:
        told = columns.numbers(table, "cell_m", name, lines=lines)
        length = np.where(np.isnan(told), cell_m, told)
        sections = table["section_id"].to_pylist()
        for section, one in zip(sections, length.tolist(), strict=True):
            known.setdefault(section, one)
        first = np.array([known[section] for section in sections])
        bad = np.flatnonzero(~np.isclose(length, first, rtol=1e-6, atol=0))
        if bad.size:
            row = int(bad[0])
            places = [lines[int(i)] if lines is not None else int(i) + 1 for i in bad[:20]]
            raise DataError(
                f"{name}, {'row' if lines is None else 'line'} {places[0]}: a cell of {length[row]:g} m on section "
                f"{sections[row]}, whose others are {first[row]:g} m long.",
                rule="mixed_cells",
                hint="fuse cells of one length; make the others anew with process --cell-m",
                rows=places,
                field="cell_m",
            )


def works_of(
    table: pa.Table, *, name: str = "works", lines: Sequence[int] | None = None, timezone: str = local.ROME
) -> pa.Table:
    """Return works typed as table ``pavement_works`` has them, without their source; an instant is its legal day.

    Raises
    ------
    DataError
        ``missing_column``, ``missing_value``, ``not_a_number``, ``interval_order``, ``bad_date``, ``negative_value``,
        ``negative_cost``: each with its lines.
    """
    columns.require(table, ["section_id", "from_m", "to_m", "date"], name)
    words = columns.names(table, "section_id", name, lines=lines, unique=False)
    start, end, cost = (columns.numbers(table, c, name, lines=lines) for c in ("from_m", "to_m", "cost_eur"))
    day = _days(table, "date", name, lines, timezone)
    undated = day.is_null().to_numpy(zero_copy_only=False)
    for column, bad, rule, hint in (
        ("from_m", np.isnan(start), "missing_value", "say where the works begin"),
        ("from_m", start < 0, "negative_value", "metres count from the start of the section"),
        ("to_m", np.isnan(end), "missing_value", "say where the works end"),
        ("to_m", end <= start, "interval_order", "to_m lies beyond from_m"),
        ("date", undated, "missing_value", "say when the works were done"),
        ("cost_eur", cost < 0, "negative_cost", "a cost is 0 or more"),
    ):
        columns.refuse(np.flatnonzero(bad), table, column, name, rule, hint, lines)
    found = {"section_id": pa.array(words, pa.string()), "from_m": start, "to_m": end, "date": day}
    found["cost_eur"] = pa.array(cost, from_pandas=True)
    for column in ("treatment", "intervention_id"):
        if column in table.column_names:
            found[column] = pa.array(
                [word.strip() or None for word in columns.texts(table, column)], pa.string()
            )
    return pa.table(found)


def _with(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _days(table: pa.Table, column: str, name: str, lines: Sequence[int] | None, timezone: str) -> pa.Array:
    """Return a column of days, empty cells as null: 2026-05-01, 01/05/2026 or an instant, which is its legal day.

    Raises
    ------
    DataError
        ``bad_date``: a cell is none of them, with its line.
    """
    found: list[date | None] = []
    bad = []
    for row, cell in enumerate(table[column].to_pylist()):
        try:
            found.append(_day(cell, timezone))
        except ValueError:
            bad.append(row)
    hint = "write a day as 2026-05-01 or 01/05/2026 (day first)"
    columns.refuse(np.array(bad, np.intp), table, column, name, "bad_date", hint, lines)
    return pa.array(found, pa.date32())


def _day(cell: object, timezone: str) -> date | None:
    """Return the day that a cell tells; a time without a zone is one of that day."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell
    if isinstance(cell, str):
        cell = cell.strip()
        if "/" in cell:  # as Italian offices write it, and as every other table is read
            return datetime.strptime(cell, "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
        cell = datetime.fromisoformat(cell)
    if not isinstance(cell, datetime):
        raise ValueError(cell)  # noqa: TRY004 - a cell that tells no day, like any other
    return cell.date() if cell.tzinfo is None else local.legal_day(cell, timezone)


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
