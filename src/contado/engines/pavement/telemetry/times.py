"""Times as loggers write them, to seconds from the first row."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.telemetry.columns import Column
    from contado.engines.pavement.telemetry.textfile import RawFile

__all__ = ["seconds", "start_utc"]

_SCALE: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_CLOCK: Final = re.compile(r"\s*(\d{1,2}):(\d{2}):(\d{2})(?:[:.,](\d{1,9}))?\s*")
_OFFSET: Final = re.compile(r"T.*[+-]\d{2}(:?\d{2})?$")
_DAY_S: Final = 86_400.0


def seconds(raw: RawFile, header: str, column: Column) -> NDArray[np.float64]:
    """Return a column of times [s]; a clock of the day counts from its first row, midnight crossed or not.

    Raises
    ------
    DataError
        ``not_a_number``: a cell is no time.
    """
    if column.unit in _SCALE:
        return raw.numbers(header) * _SCALE[column.unit]
    if column.unit == "iso":
        return _from_iso(raw, header)
    return _from_clock(raw, header)


def _from_clock(raw: RawFile, header: str) -> NDArray[np.float64]:
    times = np.array([_clock_s(raw, header, k, cell) for k, cell in enumerate(raw.text(header))])
    told = np.isfinite(times)  # an empty cell beside midnight must not hide the step over it
    known = times[told]
    steps = np.diff(known, prepend=known[:1])
    turns = np.cumsum(np.where(steps < -_DAY_S / 2, 1, 0) - np.where(steps > _DAY_S / 2, 1, 0))
    times[told] = known - known[:1] + turns * _DAY_S
    return times


def _clock_s(raw: RawFile, header: str, k: int, cell: str | None) -> float:
    """Seconds since midnight; NaN for an empty cell."""
    if cell is None or not cell.strip():
        return float("nan")
    if (match := _CLOCK.fullmatch(cell)) is None:
        raise _no_time(raw, header, k, cell)
    hours, minutes, whole, fraction = match.groups()
    return int(hours) * 3600.0 + int(minutes) * 60.0 + int(whole) + float(f"0.{fraction or 0}")


def _from_iso(raw: RawFile, header: str) -> NDArray[np.float64]:
    cells = raw.text(header)
    instants = np.full(len(cells), np.datetime64("NaT"), "datetime64[ns]")
    for k, cell in enumerate(cells):
        if cell is not None and cell.strip():
            try:
                instants[k] = _instant(cell)
            except ValueError:
                raise _no_time(raw, header, k, cell) from None
    known = instants[~np.isnat(instants)]
    if known.size == 0:
        return np.full(len(cells), np.nan)
    elapsed: NDArray[np.float64] = (instants - known[0]) / np.timedelta64(1, "s")
    return elapsed


def _instant(cell: str) -> np.datetime64:
    """Return the UTC of an ISO 8601 cell; without an offset it is UTC already."""
    text = cell.strip().replace(" ", "T")
    if _OFFSET.search(text):
        text = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None).isoformat()
    return np.datetime64(text.removesuffix("Z"), "ns")


def _no_time(raw: RawFile, header: str, k: int, cell: str) -> DataError:
    return DataError(
        f"{raw.name}: {header} in row {k + raw.first_row} is {cell!r}, not a time.",
        rule="not_a_number",
        hint="times are written 16:22:42:557, 16:22:42.557 or 2026-03-02T09:11:00Z",
        rows=[k + raw.first_row],
        field=header,
    )


def start_utc(cell: str | None, t_s: float) -> str | None:
    """Return the UTC of t = 0 from the UTC of the row at ``t_s``, or None where it is no instant.

    Examples
    --------
    >>> start_utc("2026-03-02T09:11:05Z", 5.0)
    '2026-03-02T09:11:00Z'
    """
    if cell is None or not np.isfinite(t_s):
        return None
    try:
        instant = _instant(cell).astype("datetime64[us]")
    except ValueError:
        return None
    start = instant - np.timedelta64(round(t_s * 1e6), "us")
    return None if np.isnat(start) else f"{start}".removesuffix(".000000") + "Z"
