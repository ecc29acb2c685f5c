"""Surveys with a profiler: which rows calibrate cars, which only check them, which are the newest.

A stretch that calibrated a car says nothing about how well that car reads: rows of role ``validation`` of table
``pavement_survey`` never reach the calibration, and what has calibrated is remembered for good.
Runs of one day over one stretch are repetitions: their mean is the IRI, their spread the instrument's own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from contado.kernel import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from contado.kernel.labels import Label

    Floats = NDArray[np.float64]
    Row = Mapping[str, Any]

__all__ = ["ROLES", "Run", "Survey", "calibrating", "campaigns", "newest", "survey_of", "validating"]

ROLES: Final = ("calibration", "validation")
SAME_CAMPAIGN_D: Final = 30
"""Surveys that are no further apart than this belong to one campaign [days]."""
WHOLE: Final = 0.999
"""Share of a stretch that shorter surveyed cells must fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A surveyed stretch: mean of its runs, squared deviations of their log IRI, degrees of freedom."""

    section: str
    from_m: float
    to_m: float
    iri_m_km: float
    day: date | None
    instrument: str | None
    sd_log: float | None
    squares: float
    freedom: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Surveyed stretches, shape (stretches,), and what is known of the instrument.

    ``repeat_sd_log`` is the sd of log IRI of one run about the mean of its stretch, None without repetition;
    ``stated_sd_log`` what the rows state.
    """

    section: NDArray[np.str_]
    from_m: Floats
    to_m: Floats
    iri_m_km: Floats
    label: Label
    first_on: date | None = None
    last_on: date | None = None
    instruments: tuple[str, ...] = ()
    repeat_sd_log: float | None = None
    repeats: int = 0
    stated_sd_log: float | None = None
    cells: int = 0
    """Surveyed cells before short ones were joined."""


def calibrating(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of table ``pavement_survey`` that may calibrate: those without a role too."""
    return [row for row in rows if (row.get("role") or ROLES[0]) == ROLES[0]]


def validating(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that only check what cars read."""
    return [row for row in rows if row.get("role") == ROLES[1]]


def campaigns(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows by campaign in the order of time; rows without a date are one campaign, the first.

    Examples
    --------
    >>> days = [date(2026, 4, 1), date(2025, 4, 1), date(2026, 4, 20), None]
    >>> [[row["date"] and row["date"].day for row in own] for own in campaigns({"date": d} for d in days)]
    [[None], [1], [1, 20]]
    """
    found: list[list[Row]] = []
    last: date | None = None
    for row in sorted(rows, key=_day):
        day = row.get("date")
        joined = day == last if day is None or last is None else day - last <= timedelta(days=SAME_CAMPAIGN_D)
        if not found or not joined:
            found.append([])
        found[-1].append(row)
        last = day
    return found


def _day(row: Row) -> date:
    return row.get("date") or date.min


def newest(rows: Iterable[Row]) -> list[Run]:
    """Return each surveyed stretch once, by section and place: of those that overlap, the latest day's."""
    by_section: dict[str, dict[date, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        by_section[str(row["section_id"])][_day(row)].append(row)
    return [run for section in sorted(by_section) for run in _of_section(by_section[section])]


def _of_section(days: Mapping[date, Sequence[Row]]) -> list[Run]:
    kept: list[Run] = []
    for day in sorted(days, reverse=True):
        later = np.array([(r.from_m, r.to_m) for r in kept], np.float64).reshape(-1, 2)
        runs = _runs(days[day])
        kept += [r for r in runs if not np.any((r.from_m < later[:, 1]) & (r.to_m > later[:, 0]))]
    return sorted(kept, key=lambda run: run.from_m)


def _runs(rows: Sequence[Row]) -> list[Run]:
    """Return the stretches of one day and section, repeated ones once."""
    places: dict[tuple[float, float], list[Row]] = defaultdict(list)
    for row in rows:
        places[float(row["from_m"]), float(row["to_m"])].append(row)
    return [_mean(place, own) for place, own in sorted(places.items())]


def _mean(place: tuple[float, float], rows: Sequence[Row]) -> Run:
    logs = np.log(np.array([row["iri_m_km"] for row in rows], np.float64))
    stated = [float(sd) for row in rows if (sd := row.get("sd_log")) is not None]
    return Run(
        section=str(rows[0]["section_id"]),
        from_m=place[0],
        to_m=place[1],
        iri_m_km=float(np.exp(logs.mean())),
        day=rows[0].get("date"),
        instrument=next((str(name) for row in rows if (name := row.get("instrument"))), None),
        sd_log=max(stated, default=None),
        squares=float(np.sum((logs - logs.mean()) ** 2)),
        freedom=len(rows) - 1,
        label=labels.weakest(_label(row) for row in rows) or "estimated",
    )


def _label(row: Row) -> str:
    """Return how a surveyed value was born: one without instrument or day is not taken for measured."""
    named = row.get("instrument") and row.get("date")
    return row.get("label") or ("measured" if named else "estimated")


def survey_of(rows: Iterable[Row], stretch_m: float = 100.0) -> Survey:
    """Return what was surveyed as stretches of at least ``stretch_m`` [m].

    Shorter cells are joined on the grid of that length, where they fill a stretch whole: IRI is a mean of
    absolute values, so that of a stretch is the mean of its cells by length (ASTM E1926).
    """
    runs = newest(rows)
    stretches = _stretches(runs, stretch_m)
    from_m, to_m, iri = np.array([s[1:] for s in stretches], np.float64).reshape(-1, 3).T
    days = [run.day for run in runs if run.day is not None]
    squares, freedom = sum(r.squares for r in runs), sum(r.freedom for r in runs)
    stated = [r.sd_log for r in runs if r.sd_log is not None]
    return Survey(
        section=np.array([s[0] for s in stretches], np.str_),
        from_m=from_m,
        to_m=to_m,
        iri_m_km=iri,
        label=labels.weakest(r.label for r in runs) or "estimated",
        first_on=min(days, default=None),
        last_on=max(days, default=None),
        instruments=tuple(sorted({r.instrument for r in runs if r.instrument})),
        repeat_sd_log=float(np.sqrt(squares / freedom)) if freedom else None,
        repeats=freedom,
        stated_sd_log=float(np.sqrt(np.mean(np.square(stated)))) if stated else None,
        cells=len(runs),
    )


def _stretches(runs: Sequence[Run], stretch_m: float) -> list[tuple[str, float, float, float]]:
    """Return section, ends and IRI of the stretches in order; a cell of that length stays as it is."""
    found: list[tuple[str, float, float, float]] = []
    joined: dict[tuple[str, int], list[Run]] = defaultdict(list)
    for run in runs:
        if run.to_m - run.from_m >= WHOLE * stretch_m:
            found.append((run.section, run.from_m, run.to_m, run.iri_m_km))
        else:
            joined[run.section, int((run.from_m + run.to_m) / 2 // stretch_m)].append(run)
    for (section, number), cells in joined.items():
        lengths = np.array([c.to_m - c.from_m for c in cells])
        if lengths.sum() >= WHOLE * stretch_m:
            iri = float(np.average([c.iri_m_km for c in cells], weights=lengths))
            found.append((section, number * stretch_m, (number + 1) * stretch_m, iri))
    return sorted(found)
