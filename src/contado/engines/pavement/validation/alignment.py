"""Estimated cells against surveyed stretches of the same road: paired by the length they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from contado.engines.pavement.measuring.campaigns import Survey
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
    shared = _shared(cells, survey)
    covered = shared.sum() >= MIN_SHARED * (survey.to_m - survey.from_m)
    shared = shared.of_rows(covered)
    pairs = Pairs(
        section=survey.section[covered],
        from_m=survey.from_m[covered],
        to_m=survey.to_m[covered],
        surveyed_m_km=survey.iri_m_km[covered],
        estimated_m_km=shared.mean(cells.iri_m_km),
        low_m_km=shared.mean(cells.low_m_km),
        high_m_km=shared.mean(cells.high_m_km),
        passes=shared.least(cells.passes),
        speed_m_s=shared.mean(cells.speed_m_s),
        day=-shared.least(-cells.day),
        cells=np.bincount(shared.row[shared.length_m > _TINY_M], minlength=shared.rows),
    )
    return pairs, covered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """Length [m] that stretches (rows) and cells share, one entry a pair that shares any."""

    rows: int
    row: NDArray[np.int64]
    cell: NDArray[np.int64]
    length_m: Floats

    def of_rows(self, keep: Flags) -> _Shared:
        """Return the entries of some rows, which are numbered anew."""
        inside = keep[self.row]
        number = np.cumsum(keep) - 1
        return _Shared(
            rows=int(keep.sum()),
            row=number[self.row[inside]],
            cell=self.cell[inside],
            length_m=self.length_m[inside],
        )

    def sum(self, values: Floats | float = 1.0) -> Floats:
        """Return the sum of length times value (of each entry) by row."""
        found: Floats = np.bincount(self.row, self.length_m * values, self.rows).astype(np.float64)
        return found

    def mean(self, values: Floats) -> Floats:
        """Return the weighed mean of each row's cells; unknown where a cell that counts is unknown."""
        return self.sum(values[self.cell]) / np.maximum(self.sum(), 1e-300)

    def least(self, values: Floats) -> Floats:
        """Return the least value among the cells of each row; NaN where none is known."""
        least = np.full(self.rows, np.inf)
        counts = (self.length_m > _TINY_M) & np.isfinite(values[self.cell])
        np.minimum.at(least, self.row[counts], values[self.cell[counts]])
        return np.where(np.isfinite(least), least, np.nan)


def _shared(cells: Cells, survey: Survey) -> _Shared:
    """Return what stretches and cells of the same section share."""
    of_cells, of_stretches = (
        _by_section(cells.section, cells.from_m),
        _by_section(survey.section, survey.from_m),
    )
    rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for section in sorted(of_stretches.keys() & of_cells.keys()):
        row, cell = of_stretches[section], of_cells[section]
        # no cell before `first` reaches the stretch, even where cells overlap; none from `last` on begins in it
        first = np.searchsorted(np.maximum.accumulate(cells.to_m[cell]), survey.from_m[row], side="right")
        last = np.searchsorted(cells.from_m[cell], survey.to_m[row], side="left")
        count = np.maximum(last - first, 0)
        rows.append(np.repeat(row, count))
        behind = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        columns.append(cell[np.repeat(first, count) + behind])
    row, cell = np.concatenate(rows), np.concatenate(columns)
    starts = np.maximum(survey.from_m[row], cells.from_m[cell])
    length = np.minimum(survey.to_m[row], cells.to_m[cell]) - starts
    some = length > 0
    return _Shared(rows=survey.from_m.size, row=row[some], cell=cell[some], length_m=length[some])


def _by_section(section: NDArray[np.str_], from_m: Floats) -> dict[str, NDArray[np.int64]]:
    """Return the places of each section's rows in order of their start."""
    if section.size == 0:
        return {}
    order = np.lexsort((from_m, section))
    names, first = np.unique(section[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, first[1:]), strict=True))


def chosen(pairs: Pairs, keep: Flags) -> Pairs:
    """Return some of the stretches."""
    return Pairs(**{name: getattr(pairs, name)[keep] for name in Pairs.__slots__})


def _select(cells: Cells, keep: Flags) -> Cells:
    arrays = {name: getattr(cells, name)[keep] for name in Cells.__slots__ if name != "label"}
    return Cells(**arrays, label=cells.label)
