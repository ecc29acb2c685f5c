"""Meters as a table -> checked rows before and after an event; a bad meter is refused, the others go on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.errors import ColumnNotFound, DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Days = NDArray[np.int64]

__all__ = [
    "BASELINE_DAYS",
    "BASELINE_MOST_DAYS",
    "COLUMNS",
    "Meter",
    "Period",
    "Refusal",
    "meters_from_table",
]

COLUMNS: Final = ("meter", "date", "energy_kwh", "temperature_degc")
BASELINE_DAYS: Final = 270
"""Nine months: the shortest baseline a screening accepts."""
BASELINE_MOST_DAYS: Final = 731
"""Two years: what lies further back is another building."""
_LEAST_SHARE: Final = 0.9
"""Share of the shortest baseline that must be there, gaps taken off."""
_DAILY_GAP: Final = 1.5
_BILL_MOST_DAYS: Final = 100
_TEMPERATURE_MAX: Final = 55.0
"""No daily mean of outdoor air on Earth: degrees Fahrenheit were written."""
_EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A meter that cannot be answered, and why."""

    meter: str
    rule: str
    message: str
    hint: str
    date: dt.date | None = None
    days_used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Rows of one meter in the order of time, without unknown cells."""

    start: Days
    """First day of each row, days since 1970-01-01."""
    days: Floats
    energy_d: Floats
    """Mean consumption a day [kWh/d]."""
    temperature_degc: Floats

    def date(self, row: int) -> dt.date:
        """Return the first day of a row."""
        return _EPOCH + dt.timedelta(days=int(self.start[row]))

    def take(self, mask: NDArray[np.bool_]) -> Period:
        """Return the rows of a mask."""
        return Period(
            start=self.start[mask],
            days=self.days[mask],
            energy_d=self.energy_d[mask],
            temperature_degc=self.temperature_degc[mask],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A checked meter: its baseline and its reporting period."""

    name: str
    before: Period
    after: Period
    days_missing: int


class _Refused(Exception):
    def __init__(self, rule: str, message: str, hint: str, day: int | None = None, used: int = 0) -> None:
        super().__init__(message)
        self.rule, self.hint, self.used = rule, hint, used
        self.date = None if day is None else _EPOCH + dt.timedelta(days=int(day))


def meters_from_table(
    table: pa.Table, *, event: dt.date, refused: Mapping[str, Refusal]
) -> list[Meter | Refusal]:
    """Return each meter checked, or its refusal, in the order of the names.

    Raises
    ------
    ColumnNotFound
        A column is missing.
    DataError
        ``empty_table``: there is no row.
    """
    missing = [c for c in COLUMNS if c not in table.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, table.column_names, table="meters")
    if table.num_rows == 0:
        raise DataError("meters: no rows.", rule="empty_table", hint="give one row a day or a bill")
    names = np.array([str(n) for n in table.column("meter").to_pylist()])
    day, energy, temperature = _arrays(table)
    order = np.lexsort((day, names))
    known, first = np.unique(names[order], return_index=True)
    split = np.split(order, first[1:])
    boundary = (event - _EPOCH).days
    answers: list[Meter | Refusal] = []
    for name, rows in zip(known.tolist(), split, strict=True):
        if name in refused:
            answers.append(refused[name])
            continue
        try:
            answers.append(_meter(name, day[rows], energy[rows], temperature[rows], boundary))
        except _Refused as why:
            answers.append(
                Refusal(
                    meter=name,
                    rule=why.rule,
                    message=f"Meter {name}: {why}",
                    hint=why.hint,
                    date=why.date,
                    days_used=why.used,
                )
            )
    return answers


def _arrays(table: pa.Table) -> tuple[Days, Floats, Floats]:
    """Return days since 1970 (the least integer where unknown), energies and temperatures (NaN where unknown)."""
    import pyarrow as pa

    dates = table.column("date").cast(pa.date32()).cast(pa.int32()).fill_null(np.iinfo(np.int32).min)
    energy = table.column("energy_kwh").cast(pa.float64()).to_numpy()
    temperature = table.column("temperature_degc").cast(pa.float64()).to_numpy()
    return dates.to_numpy().astype(np.int64), energy.astype(float), temperature.astype(float)


def _meter(name: str, day: Days, energy: Floats, temperature: Floats, boundary: int) -> Meter:
    _check_cells(day, energy, temperature)
    length = _lengths(day, energy)
    known = np.isfinite(energy) & np.isfinite(temperature) & np.isfinite(length)
    whole = (day >= boundary) | (day + np.where(known, length, 0) <= boundary)
    recent = day >= boundary - BASELINE_MOST_DAYS
    usable = known & whole
    safe = np.where(known, length, 1.0)
    rows = Period(start=day, days=safe, energy_d=energy / safe, temperature_degc=temperature)
    before, after = rows.take(usable & recent & (day < boundary)), rows.take(usable & (day >= boundary))
    _check_periods(before, after, boundary)
    return Meter(
        name=name, before=before, after=after, days_missing=_missing(day, length, before, after, boundary)
    )


def _check_cells(day: Days, energy: Floats, temperature: Floats) -> None:
    if day[0] < -1_000_000:
        raise _Refused("bad_date", "a row has no date.", "give every row its first day, as 2026-10-01")
    twice = np.flatnonzero(np.diff(day) == 0)
    if len(twice):
        date = _EPOCH + dt.timedelta(days=int(day[twice[0]]))
        count = len(twice)
        raise _Refused(
            "duplicate_dates",
            f"{date} stands twice ({count} repeated {'date' if count == 1 else 'dates'}).",
            "keep one row a day; give each meter a name of its own",
            int(day[twice[0]]),
        )
    if not np.nan_to_num(energy).any():
        raise _Refused("all_zero", "all energies are zero or unknown.", "check the meter and its column")
    hot = np.flatnonzero(np.abs(np.nan_to_num(temperature)) > _TEMPERATURE_MAX)
    if len(hot):
        raise _Refused(
            "bad_temperature",
            f"temperature_degc = {temperature[hot[0]]:g} is no outdoor temperature in degC.",
            "convert degrees Fahrenheit: (F - 32) / 1.8",
            int(day[hot[0]]),
        )


def _lengths(day: Days, energy: Floats) -> Floats:
    """Return the length [d] of each row: one, or of a bill the days to the next; NaN where it cannot be told."""
    if len(day) < 2:
        return np.ones(len(day))
    gap = np.diff(day).astype(float)
    usual = float(np.median(gap))
    if usual < _DAILY_GAP:
        return np.ones(len(day))
    last = usual if np.isfinite(energy[-1]) else np.nan
    length = np.append(gap, last)
    length[length > max(_BILL_MOST_DAYS, 1.5 * usual)] = np.nan
    return length


def _check_periods(before: Period, after: Period, boundary: int) -> None:
    used = int(before.days.sum())
    span = boundary - int(before.start[0]) if len(before.start) else 0
    if span < BASELINE_DAYS or used < _LEAST_SHARE * BASELINE_DAYS or len(before.start) < 6:
        raise _Refused(
            "short_baseline",
            f"{used} usable days of baseline over {span} days before the event; nine months are the least.",
            "give 12 to 24 months before the event",
            int(before.start[0]) if len(before.start) else None,
            used,
        )
    if not before.energy_d.any():
        raise _Refused(
            "all_zero", "the whole baseline is zero.", "check the meter and its column", None, used
        )
    if not len(after.start):
        raise _Refused("no_reporting", "no usable day on or after the event.", "check --event", None, used)


def _missing(day: Days, length: Floats, before: Period, after: Period, boundary: int) -> int:
    """Return the days between first and last row, 24 months of baseline at most, that could not be used."""
    first = max(int(day[0]), boundary - BASELINE_MOST_DAYS)
    last = int(day[-1] + length[-1]) if np.isfinite(length[-1]) else int(day[-1])
    return max(last - first - round(float(before.days.sum() + after.days.sum())), 0)
