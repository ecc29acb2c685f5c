"""Homogeneous segments of a road: where its roughness changes level.

PELT (pruned exact linear time) finds the cuts that minimise the sum of squares of log IRI about the
segment means plus a penalty a cut, each segment at least so long. Because the logarithm turns a factor
into a constant, multiplying all IRI by a number moves no cut.

References
----------
[1] R. Killick, P. Fearnhead, I. A. Eckley, "Optimal detection of changepoints with a linear computational
   cost", JASA 107 (2012), doi:10.1080/01621459.2012.737745.
[2] AASHTO, Guide for Design of Pavement Structures, 1993, appendix J: cumulative differences (CDA).
[3] Austroads, Guide to Pavement Technology part 5: homogeneous where length >= 100 m and the coefficient
   of variation <= 0.25.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from contado.engines.pavement.segmentation._cda import cumulative_differences
from contado.engines.pavement.segmentation.cuts import first_cells
from contado.kernel.errors import DataError, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["HOMOGENEOUS_CV", "LEAST_M", "Segments", "faults", "noise_sd", "segment", "warm_up"]

HOMOGENEOUS_CV = 0.25
"""Largest coefficient of variation of a homogeneous segment [3]."""

LEAST_M = 100.0
"""Least length of a segment [m] [3]."""
_MAD_TO_SD = 1.4826
_TOUCH_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Segments that tile the cells they were cut from.

    Attributes
    ----------
    from_m, to_m
        Ends of each segment [m], shape (k,).
    iri_m_km
        Mean IRI of its cells [m/km].
    cv
        Standard deviation (n - 1) over mean; NaN for a segment of one cell.
    first_cell, cells
        Index of its first cell and their number.
    findings
        Gaps between the cells, and stretches between forced cuts shorter than the least length.
    """

    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]
    iri_m_km: NDArray[np.float64]
    cv: NDArray[np.float64]
    first_cell: NDArray[np.int64]
    cells: NDArray[np.int64]
    findings: tuple[Finding, ...] = ()

    @property
    def homogeneous_share(self) -> float:
        """Share of the length in segments with a coefficient of variation within `HOMOGENEOUS_CV`."""
        length = self.to_m - self.from_m
        good = np.isnan(self.cv) | (self.cv <= HOMOGENEOUS_CV)
        return float(length[good].sum() / length.sum()) if length.size else 1.0


def noise_sd(log_iri: NDArray[np.float64]) -> float:
    """Return the robust standard deviation of the cells about their segment's level.

    ``1.4826 median|y[i+1] - y[i]| / sqrt 2``: differences of neighbours hardly see the levels. Where most neighbours
    are equal, as rounded readings are, the median says nothing, and the root mean square takes its place.
    """
    if log_iri.size < 2:
        return 0.0
    apart = np.abs(np.diff(log_iri))
    typical = _MAD_TO_SD * np.median(apart) or np.sqrt(np.mean(apart**2))
    return float(typical / np.sqrt(2.0))


def _repeats(log_iri: NDArray[np.float64], cell_m: float, min_length_m: float) -> int:
    """Return how many cells in a row carry one reading, as those of a survey of longer cells do; 1 = each its own.

    Levels of a road are longer than a segment's least length; readings are not.
    """
    ends = np.flatnonzero(np.diff(log_iri) != 0)
    together = int(np.gcd.reduce(np.diff(ends))) if ends.size > 1 else 1
    return together if together * cell_m <= min_length_m + _TOUCH_M else 1


def _cost_of_a_cut(log_iri: NDArray[np.float64], cell_m: float, min_length_m: float) -> float:
    """Return ``2 ln(n) s^2`` of n readings; one that is repeated over k cells weighs as k, so its cut does too."""
    k = _repeats(log_iri, cell_m, min_length_m)
    first = 0 if k == 1 else (int(np.flatnonzero(np.diff(log_iri))[0]) + 1) % k
    readings = log_iri[first::k]
    return float(2.0 * k * np.log(readings.size) * noise_sd(readings) ** 2)


def warm_up() -> None:
    """Compile the search, or load it from disk, so that what follows is computation only."""
    segment([0.0, 100.0], [100.0, 200.0], [1.0, 2.0])


def segment(
    from_m: ArrayLike,
    to_m: ArrayLike,
    iri_m_km: ArrayLike,
    *,
    min_length_m: float = LEAST_M,
    penalty: float | None = None,
    cuts_m: Sequence[float] = (),
    method: Literal["pelt", "cda"] = "pelt",
) -> Segments:
    """Cut cells into homogeneous segments.

    Parameters
    ----------
    from_m, to_m
        Ends of the cells [m], shape (n,), in order and without overlap; a gap ends a segment.
    iri_m_km
        IRI of the cells [m/km], all above 0.
    min_length_m
        Least length of a segment [m].
    penalty
        Cost of one cut in squared log IRI; by default ``2 ln(n) s^2`` of n readings with s = `noise_sd`. It supposes
        that the errors of neighbours are independent: where they are not (an autoregression of 0.5), it cuts noise too.
    cuts_m
        Places where a segment must end [m] (age of the surface, municipality, bridge, owner); each acts
        at the cell edge nearest to it.
    method
        ``pelt`` [1]; ``cda`` [2] for comparison with older plans (it sees only where a road crosses its own mean).

    Raises
    ------
    DataError
        IRI not positive (`iri_not_positive`), cells not in order (`cells_not_in_order`), no cell
        (`empty_table`).
    """
    # copies: the search is compiled once more for arrays that nobody may write to, as columns of a table are
    start, end, iri = (np.array(a, np.float64, order="C") for a in (from_m, to_m, iri_m_km))
    _check(start, end, iri)
    from contado.engines.pavement.segmentation._pelt import (
        pelt,  # compiled: only for input that passed the check
    )

    y = np.log(iri)
    cell_m = float(np.median(end - start))
    cost_of_a_cut = _cost_of_a_cut(y, cell_m, min_length_m) if penalty is None else penalty
    gaps = np.flatnonzero(start[1:] > end[:-1] + _TOUCH_M) + 1
    ends, findings = [], [_gap(end[g - 1], start[g]) for g in gaps]
    for first, last in _stretches(start, end, cuts_m, gaps):
        stretch = y[first:last]
        if end[last - 1] - start[first] < min_length_m:
            findings.append(_short(start[first], end[last - 1], min_length_m))
        ends_of = (start[first:last], end[first:last])
        if method == "cda":
            found = cumulative_differences(iri[first:last], ends_of[1] - ends_of[0], min_length_m)
        else:
            found = pelt(stretch - stretch.mean(), *ends_of, min_length_m, cost_of_a_cut)
        ends += [first + int(e) for e in found]
    return _summarise(start, end, iri, np.array(ends, np.int64), tuple(findings))


def faults(
    start: NDArray[np.float64], end: NDArray[np.float64], iri: NDArray[np.float64]
) -> tuple[tuple[str, NDArray[np.intp], str, str], ...]:
    """Return column, rows (from 0), rule and hint of what no cells can have."""
    order = "one row a cell, in the order of from_m, to_m above from_m"
    unmeasured = "leave out cells that were not measured; they are unknown, not zero"
    return (
        ("iri_m_km", np.flatnonzero(~((iri > 0) & np.isfinite(iri))), "iri_not_positive", unmeasured),
        ("from_m", np.flatnonzero(~np.isfinite(start)), "cells_not_in_order", order),
        ("to_m", np.flatnonzero(~((end > start) & np.isfinite(end))), "cells_not_in_order", order),
        ("from_m", np.flatnonzero(start[1:] < end[:-1] - _TOUCH_M) + 1, "cells_not_in_order", order),
    )


def _check(start: NDArray[np.float64], end: NDArray[np.float64], iri: NDArray[np.float64]) -> None:
    if iri.size == 0:
        raise DataError("There is no cell to cut.", rule="empty_table", hint="give at least one row of cells")
    for column, bad, rule, hint in faults(start, end, iri):
        if bad.size:
            row = int(bad[0])
            raise DataError(
                f"cells, row {row + 1}: {start[row]:g} to {end[row]:g} m with an IRI of {iri[row]:g}.",
                rule=rule,
                hint=hint,
                rows=[int(i) + 1 for i in bad[:20]],
                field=column,
            )


def _stretches(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    cuts_m: Sequence[float],
    gaps: NDArray[np.int64],
) -> list[tuple[int, int]]:
    """Return the runs of cells between gaps and forced cuts."""
    edges = sorted({0, *first_cells(cuts_m, start, end), *gaps.tolist(), end.size})
    return list(pairwise(edges))


def _gap(from_m: float, to_m: float) -> Finding:
    return Finding(
        severity="note",
        rule="gap",
        message=f"No cell covers {from_m:g}-{to_m:g} m; the segment ends there.",
        hint="cells that were not measured stay unknown",
    )


def _short(from_m: float, to_m: float, min_length_m: float) -> Finding:
    return Finding(
        severity="note",
        rule="short_between_cuts",
        message=f"{from_m:g}-{to_m:g} m is shorter than {min_length_m:g} m and stays a segment of its own.",
        hint="gaps and forced cuts win over the least length",
    )


def _summarise(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    iri: NDArray[np.float64],
    ends: NDArray[np.int64],
    findings: tuple[Finding, ...],
) -> Segments:
    first = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    cells = ends - first
    mean = np.add.reduceat(iri, first) / cells
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = iri / np.repeat(mean, cells) - 1
        cv = np.sqrt(np.add.reduceat(apart**2, first) / (cells - 1))
    return Segments(
        from_m=start[first],
        to_m=end[ends - 1],
        iri_m_km=mean,
        cv=cv,
        first_cell=first,
        cells=cells,
        findings=findings,
    )
