"""Lives of a road's surface, by legal days: works end one, and passes from the next day on read the new one.

Of a pass on the day of the works nobody knows which came first, so it counts for the old surface. Every reader
of works follows this rule: the fusion of the cells and the growth of a road's roughness.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from contado.engines.pavement.segmentation.cuts import renewed
from contado.kernel.dates import local
from contado.kernel.errors import ColumnNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

Days = np.ndarray[tuple[Any, ...], np.dtype[np.datetime64]]

__all__ = ["Days", "LegalDay", "Renewals", "lasting", "legal_days", "lived", "read_from"]

_TINY_M = 1.0
"""Works that share no more than this with a stretch lie beside it [m]."""


@dataclass(frozen=True, slots=True)
class LegalDay:
    """A day of the law, and where."""

    on: date
    timezone: str = local.ROME

    @property
    def begins(self) -> pd.Timestamp:
        """First instant, in UTC."""
        return _midnight(self.on, self.timezone)

    @property
    def ends(self) -> pd.Timestamp:
        """First instant of the next day, in UTC."""
        return _midnight(self.on + timedelta(days=1), self.timezone)


def _midnight(day: date, timezone: str) -> pd.Timestamp:
    return pd.Timestamp(local.place(datetime.combine(day, time()), timezone).instant)


def legal_days(values: pd.Series[Any], timezone: str = local.ROME) -> Days:
    """Return the legal days of instants; a date is one, and so is a time without a zone.

    Examples
    --------
    >>> instants = pd.Series(pd.to_datetime(["2026-06-01T21:30Z", "2026-06-01T22:30Z"]))
    >>> legal_days(instants).astype(str).tolist()
    ['2026-06-01', '2026-06-02']
    """
    found = pd.to_datetime(values)
    if found.dt.tz is not None:
        found = found.dt.tz_convert(local.zone(timezone)).dt.tz_localize(None)
    days: Days = found.to_numpy("datetime64[us]").astype("datetime64[D]")
    return days


def read_from(works: Days) -> Days:
    """Return the legal day from which passes read the surface that works of a day made."""
    return works + np.timedelta64(1, "D")


def lived(days: Days, works: Days) -> NDArray[np.int64]:
    """Return how many of the works on a surface came before each observation read it.

    Parameters
    ----------
    days
        Legal days of the observations, shape (n,).
    works
        Days of the works, in any order.
    """
    return np.searchsorted(np.sort(read_from(works)), days, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """Works on one section: ends [m] and legal days, shape (works,).

    A state goes on where works renewed less than half of a cell. What is to be the truth of a stretch is asked more
    of: works on any part of it part what was measured before from what is measured after.
    """

    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]
    day: Days

    @classmethod
    def of(cls, works: Iterable[Mapping[str, Any]]) -> Renewals:
        """Return the rows of table ``pavement_works`` of a section."""
        rows = list(works)
        from_m, to_m = (np.array([row[name] for row in rows], np.float64) for name in ("from_m", "to_m"))
        return cls(from_m=from_m, to_m=to_m, day=np.array([row["date"] for row in rows], "datetime64[D]"))

    def lived(
        self, from_m: NDArray[np.float64], to_m: NDArray[np.float64], on: Days | date | None
    ) -> NDArray[np.int64]:
        """Return how many of the works on each stretch were done before its surface was read.

        Parameters
        ----------
        from_m, to_m
            Ends of the stretches [m], shape (n,).
        on
            Legal day of the reading, of each stretch or of all; NaT is before all works, None after them.

        Examples
        --------
        >>> works = Renewals.of([{"from_m": 50.0, "to_m": 90.0, "date": date(2027, 7, 10)}])
        >>> ends = np.array([0.0, 100.0]), np.array([100.0, 200.0])
        >>> works.lived(*ends, date(2027, 7, 10)).tolist(), works.lived(*ends, date(2027, 7, 11)).tolist()
        ([0, 0], [1, 0])
        """
        shared = np.minimum(to_m[:, None], self.to_m) - np.maximum(from_m[:, None], self.from_m)
        day: Days = np.atleast_1d(np.asarray(date.max if on is None else on, "datetime64[D]"))
        return np.asarray(((shared > _TINY_M) & (read_from(self.day) <= day[:, None])).sum(axis=1), np.int64)


def lasting(frame: pd.DataFrame, works: pa.Table | None, day: LegalDay) -> Days:
    """Return, for each observation, the legal day from which its cell's present surface is read; NaT from ever.

    Parameters
    ----------
    frame
        section_id, cell, cell_m; all rows of a section together.
    works
        section_id, from_m, to_m, date; which cells they renew is told by `cuts.renewed`.
    day
        Works after this day are not known yet.

    Raises
    ------
    ColumnNotFound
        A column of the works is missing.
    """
    life = np.full(len(frame), np.datetime64("NaT"), "datetime64[D]")
    if works is None or works.num_rows == 0 or frame.empty:
        return life
    missing = [n for n in ("section_id", "from_m", "to_m", "date") if n not in works.column_names]
    if missing:
        raise ColumnNotFound.from_missing(missing, works.column_names, table="works")
    section = frame["section_id"].to_numpy(object)
    edges = np.concatenate(([0], np.flatnonzero(section[1:] != section[:-1]) + 1, [section.size]))
    rows_of = {section[a]: slice(a, b) for a, b in pairwise(edges)}
    cell_m = frame["cell_m"].to_numpy(float)
    start = frame["cell"].to_numpy(float) * cell_m
    done = legal_days(works["date"].to_pandas(), day.timezone)
    columns = (works[n].to_pylist() for n in ("section_id", "from_m", "to_m"))
    for name, from_m, to_m, when, first in zip(*columns, done, read_from(done), strict=True):
        rows = rows_of.get(str(name))
        if rows is not None and when <= np.datetime64(day.on):
            part = life[rows]
            anew = renewed(start[rows], start[rows] + cell_m[rows], from_m, to_m)
            part[anew & (np.isnat(part) | (part < first))] = first
    return life
