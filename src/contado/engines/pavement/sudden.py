"""Roads that change from one pass to the next, although nobody recorded works.

A pass far from what was read before may be an error, and a gate by the median of all passes calls it one: so it would
the first years of a new surface. Therefore passes are looked at in the order of time. One that lies beyond the gate,
seen from the median of the last ones, is a surprise; surprises in a row, to the same side, that agree with each other
and lie on three days are a new level, which begins with the first of them. A pass within the gate ends the row, so
that single outliers, and two of one day, begin nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import Finding
from contado.kernel.jit import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.bias import Fleet, Passes
    from contado.engines.pavement.fusion import FuseSettings
    from contado.engines.pavement.lives import Days

__all__ = ["Changes", "changes", "last_level"]

_DAYS = 3
"""Days on which surprises must be read to be believed, and passes that must stand against them."""
_RECENT = 7
"""Passes of which the median is what a further one is compared with."""
_MEDIAN_VARIANCE = 1.57
"""Variance of the median of normal values over that of their mean: pi / 2."""
_TOLD = 20
"""Findings of single sections; what is beyond is counted in one."""


@njit(nogil=True)
def _agree(
    level: NDArray[np.float64], variance: NDArray[np.float64], rows: NDArray[np.int64], k: float
) -> bool:  # pragma: no cover - compiled
    """Whether all passes lie within the gate, seen from their median."""
    middle = np.median(level[rows])
    return bool(np.all(np.abs(level[rows] - middle) <= k * np.sqrt(variance[rows])))


@njit(nogil=True)
def last_level(
    offsets: NDArray[np.int64],
    level: NDArray[np.float64],
    variance: NDArray[np.float64],
    t_y: NDArray[np.float64],
    day: NDArray[np.int64],
    gate: float,
    q2_per_y: float,
    growth_variance: float,
) -> NDArray[np.int64]:  # pragma: no cover - compiled
    """Return the row with which the present level of each cell begins, shape (cells,).

    Rows of the cell c are ``offsets[c]:offsets[c+1]``, in order of time ``t_y`` [years]; ``level`` is log IRI without
    bias and expected growth, ``variance`` that of one pass, ``day`` a number of its legal day.
    """
    began = offsets[:-1].copy()
    for c in range(began.size):
        first, last = offsets[c], offsets[c + 1]
        held = np.empty(last - first, np.int64)
        row = np.empty(last - first, np.int64)
        n, m, up = 0, 0, False
        for i in range(first, last):
            if n > 0:
                recent = held[max(0, n - _RECENT) : n]
                dt = t_y[i] - t_y[recent].mean()
                seen = _MEDIAN_VARIANCE * variance[recent].mean() / recent.size
                sd = np.sqrt(variance[i] + seen + q2_per_y * dt + growth_variance * dt * dt)
                away = level[i] - np.median(level[recent])
            if n == 0 or abs(away) <= gate * sd:
                held[n] = i
                n, m = n + 1, 0
                continue
            if (away > 0) != up:
                m, up = 0, away > 0
            row[m] = i
            m += 1
            while not _agree(level, variance, row[:m], gate):
                row[: m - 1] = row[1:m].copy()
                m -= 1
            if np.unique(day[row[:m]]).size >= _DAYS:
                if n >= _DAYS:
                    began[c] = row[0]
                held[:m] = row[:m]
                n, m = m, 0
    return began


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Cells that changed without works, shape (cells that changed,).

    ``cell`` numbers, ``day`` the legal day from which passes read the new level, ``before`` and ``after`` the median
    IRI on either side [m/km].
    """

    cell: NDArray[np.int64]
    day: Days
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    def findings(self, sections: NDArray[np.object_]) -> list[Finding]:
        """Tell the changes by section and direction; ``sections`` are those of the changed cells."""
        rougher = self.after > self.before
        keys = sorted({(str(s), bool(r)) for s, r in zip(sections, rougher, strict=True)})
        told = [self._finding(s, r, (sections == s) & (rougher == r)) for s, r in keys[:_TOLD]]
        if rest := keys[_TOLD:]:
            told.append(
                _finding(f"{len(rest)} further sections have cells that changed without works.", None)
            )
        return told

    def _finding(self, section: str, rougher: bool, mine: NDArray[np.bool_]) -> Finding:
        one, other = (float(np.median(iri[mine])) for iri in (self.before, self.after))
        asked = "sudden damage?" if rougher else "works not recorded?"
        days = self.day[mine]
        return _finding(
            f"{section}: {int(mine.sum())} cells changed since {days.min()}, from {one:.1f} to {other:.1f} m/km "
            f"in the median; {asked}",
            section,
        )


def _finding(message: str, section: str | None) -> Finding:
    return Finding(
        severity="warning",
        rule="changed_without_works",
        table="cell_obs",
        row=section,
        message=message,
        hint="look at the place; record what was done with --works. Earlier passes do not count for the state",
        action="row_set_aside",
    )


def changes(
    passes: Passes, fleet: Fleet, days: Days, options: FuseSettings
) -> tuple[Changes, NDArray[np.bool_]]:
    """Return which cells changed, and which of the passes read the present level.

    Parameters
    ----------
    passes, fleet
        Observations in the order of cell and time, and the biases of their vehicles.
    days
        Legal day of each pass.
    """
    number = int(passes.cell.max()) + 1 if passes.cell.size else 0
    offsets = np.searchsorted(passes.cell, np.arange(number + 1)).astype(np.int64)
    began = last_level(
        offsets,
        passes.y - fleet.mean[passes.era] - options.growth_per_y * passes.t_y,
        passes.variance,
        passes.t_y,
        days.astype(np.int64),
        options.huber_k,
        options.drift_sd**2,
        options.growth_sd_per_y**2,
    )
    cell = np.flatnonzero(began > offsets[:-1])
    iri = np.exp(passes.y)
    found = Changes(
        cell=cell,
        day=days[began[cell]],
        before=np.array([np.median(iri[offsets[c] : began[c]]) for c in cell.tolist()], float),
        after=np.array([np.median(iri[began[c] : offsets[c + 1]]) for c in cell.tolist()], float),
    )
    return found, np.arange(passes.y.size) >= began[passes.cell]
