"""Roads that change from one pass to the next, although nobody recorded works.

A pass far from what was read before may be an error, and a gate by the median of all passes calls it one: so it would
the first years of a new surface. Therefore passes are looked at in the order of time. One that lies beyond the gate,
seen from the median of the last ones, is a surprise; surprises in a row, to the same side, that agree with each other
and lie on three days are a new level, which begins with the first of them. A pass within the gate ends the row, so
that single outliers, and two of one day, begin nothing.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.engines.pavement.state import bias
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.engines.pavement.state.bias import Fleet, Passes
    from contado.engines.pavement.state.lives import Days
    from contado.engines.pavement.state.settings import FuseSettings

__all__ = ["Changes", "changes"]

_TOLD: Final = 20
"""Findings of single sections; what is beyond is counted in one."""


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

    Passes on either side of a change pull the biases of the vehicles apart, which hides it in some cells; so the biases
    are estimated again with the two sides as cells of their own, and the passes looked at again.

    Parameters
    ----------
    passes, fleet
        Observations in the order of cell and time, and the biases of their vehicles.
    days
        Legal day of each pass.
    """
    number = int(passes.cell.max()) + 1 if passes.cell.size else 0
    offsets = np.searchsorted(passes.cell, np.arange(number + 1)).astype(np.int64)
    began = _began(passes, fleet, offsets, days, options)
    if (began > offsets[:-1]).any():
        new = np.diff(passes.cell, prepend=-1) > 0
        new[began] = True
        sides = dataclasses.replace(passes, cell=(np.cumsum(new) - 1).astype(np.int64))
        began = _began(passes, bias.estimate(sides, options), offsets, days, options)
    cell = np.flatnonzero(began > offsets[:-1])
    iri = np.exp(passes.y)
    found = Changes(
        cell=cell,
        day=days[began[cell]],
        before=np.array([np.median(iri[offsets[c] : began[c]]) for c in cell.tolist()], float),
        after=np.array([np.median(iri[began[c] : offsets[c + 1]]) for c in cell.tolist()], float),
    )
    return found, np.arange(passes.y.size) >= began[passes.cell]


def _began(
    passes: Passes, fleet: Fleet, offsets: NDArray[np.int64], days: Days, options: FuseSettings
) -> NDArray[np.int64]:
    """Return the pass with which the present level of each cell begins, shape (cells,)."""
    from contado.engines.pavement.state._level_scan import last_level

    return last_level(
        offsets,
        passes.y - fleet.mean[passes.era] - options.growth_per_y * passes.t_y,
        passes.variance,
        passes.t_y,
        days.astype(np.int64),
        options.huber_k,
        options.drift_sd**2,
        options.growth_sd_per_y**2,
    )
