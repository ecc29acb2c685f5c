"""Estimated cells against surveyed stretches of the same road: paired by the length they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from contado.engines.pavement.campaigns import Survey
    from contado.kernel.labels import Label

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Stretch = tuple[str, float, float]

__all__ = ["MIN_SHARED", "Cells", "Pairs", "align", "chosen", "touched"]

MIN_SHARED: Final = 0.8
"""Share of a surveyed stretch that measured cells must cover; less says something of another piece of road."""
_TINY_M: Final = 0.5
"""Stretches that share less than this only touch each other [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Estimated cells, shape (cells,); NaN unknown, ends of the 90 % interval too.

    ``speed_m_s`` is the mean speed of the passes, ``day`` the ordinal of the last one.
    """

    section: NDArray[np.str_]
    from_m: Floats
    to_m: Floats
    iri_m_km: Floats
    low_m_km: Floats
    high_m_km: Floats
    passes: Floats
    speed_m_s: Floats
    day: Floats
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Surveyed stretches with what was estimated of them, shape (stretches,), by section and place."""

    section: NDArray[np.str_]
    from_m: Floats
    to_m: Floats
    surveyed_m_km: Floats
    estimated_m_km: Floats
    low_m_km: Floats
    high_m_km: Floats
    passes: Floats
    speed_m_s: Floats
    day: Floats
    cells: NDArray[np.int64]
    """Number of estimated cells that lie in the stretch."""

    @property
    def error_log(self) -> Floats:
        """Log of estimated over surveyed IRI."""
        found: Floats = np.log(self.estimated_m_km / self.surveyed_m_km)
        return found

    @property
    def length_km(self) -> float:
        """Length of all stretches."""
        return float((self.to_m - self.from_m).sum()) / 1000


def touched(survey: Survey, stretches: Iterable[Stretch]) -> Flags:
    """Return which surveyed stretches share road with one of ``stretches`` (section, from, to [m])."""
    found = np.zeros(survey.from_m.size, bool)
    for section, from_m, to_m in stretches:
        shared = np.minimum(survey.to_m, to_m) - np.maximum(survey.from_m, from_m)
        found |= (survey.section == section) & (shared > _TINY_M)
    return found


def align(cells: Cells, survey: Survey) -> tuple[Pairs, Flags]:
    """Return the stretches that measured cells cover, and which of the survey these are.

    IRI and both ends of the interval are means over the stretch weighed by the shared length: IRI is a mean of
    absolute values along the road. The ends' mean takes the errors of the cells of a stretch for one and the
    same, so where a stretch holds several cells its interval is as wide as it can be.
    """
    cells = _select(cells, np.isin(cells.section, survey.section) & np.isfinite(cells.iri_m_km))
    weights = np.zeros((survey.from_m.size, cells.from_m.size))
    for section in np.unique(survey.section):
        rows, columns = np.flatnonzero(survey.section == section), np.flatnonzero(cells.section == section)
        ends = np.minimum(survey.to_m[rows, None], cells.to_m[None, columns])
        starts = np.maximum(survey.from_m[rows, None], cells.from_m[None, columns])
        weights[np.ix_(rows, columns)] = np.clip(ends - starts, 0.0, None)
    covered = weights.sum(axis=1) >= MIN_SHARED * (survey.to_m - survey.from_m)
    weights = weights[covered]
    pairs = Pairs(
        section=survey.section[covered],
        from_m=survey.from_m[covered],
        to_m=survey.to_m[covered],
        surveyed_m_km=survey.iri_m_km[covered],
        estimated_m_km=_mean(weights, cells.iri_m_km),
        low_m_km=_mean(weights, cells.low_m_km),
        high_m_km=_mean(weights, cells.high_m_km),
        passes=_least(weights, cells.passes),
        speed_m_s=_mean(weights, cells.speed_m_s),
        day=-_least(weights, -cells.day),
        cells=(weights > _TINY_M).sum(axis=1),
    )
    return pairs, covered


def _mean(weights: Floats, values: Floats) -> Floats:
    """Return the weighed mean of each row; unknown where a cell that counts is unknown."""
    unknown = weights @ np.isnan(values).astype(np.float64) > 0
    mean = weights @ np.nan_to_num(values) / np.maximum(weights.sum(axis=1), 1e-300)
    return np.where(unknown, np.nan, mean)


def _least(weights: Floats, values: Floats) -> Floats:
    """Return the least value among the cells of each row; NaN where none is known."""
    inside = np.where((weights > _TINY_M) & np.isfinite(values), values, np.inf)
    least = inside.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(least), least, np.nan)


def chosen(pairs: Pairs, keep: Flags) -> Pairs:
    """Return some of the stretches."""
    return Pairs(**{name: getattr(pairs, name)[keep] for name in Pairs.__slots__})


def _select(cells: Cells, keep: Flags) -> Cells:
    arrays = {name: getattr(cells, name)[keep] for name in Cells.__slots__ if name != "label"}
    return Cells(**arrays, label=cells.label)
