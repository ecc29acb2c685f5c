"""PROMETHEE I and II in O(n log n): sorting and prefix sums instead of all pairs.

References
----------
.. [1] Brans, J. P., Vincke, P. (1985). A preference ranking organisation method (the PROMETHEE method for multiple
   criteria decision-making). Management Science 31(6), 647-656. doi:10.1287/mnsc.31.6.647
.. [2] Brans, J. P., Vincke, P., Mareschal, B. (1986). How to select and how to rank projects: the PROMETHEE method.
   European Journal of Operational Research 24(2), 228-238. doi:10.1016/0377-2217(86)90044-5
.. [3] Greengard, L., Strain, J. (1991). The fast Gauss transform. SIAM J. Sci. Stat. Comput. 12(1), 79-94.
   doi:10.1137/0912004
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from contado.kernel.appraisal.mcda.common import EPSILON, decide, rank, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding

__all__ = ["PREFERENCES", "Preference", "Promethee", "promethee"]

Preference = Literal["usual", "u_shape", "v_shape", "level", "linear", "gaussian"]
PREFERENCES: Final = ("usual", "u_shape", "v_shape", "level", "linear", "gaussian")

_SPELLINGS: Final = {"ushape": "u_shape", "vshape": "v_shape", "vshape2": "linear", "vshapelinear": "linear"}
"""Other names in use; the linear function is also known as the V-shape with indifference."""

_NEEDS: Final = {
    "usual": (),
    "u_shape": ("q",),
    "v_shape": ("p",),
    "level": ("q", "p"),
    "linear": ("q", "p"),
    "gaussian": ("s",),
}
_REACH: Final = 9.0
"""Distance [s] at which exp(-d^2 / 2) is below 3e-18."""
_TERMS: Final = 36
"""Terms of the expansion: (9 x 0.5)^36 / 36! is below 1e-18."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promethee:
    """Leaving, entering and net flow, rank by net flow, and the partial order of PROMETHEE I.

    ``preferred`` and ``incomparable`` list pairs of indices; None above 300 alternatives, where the flows say it.
    """

    phi: list[float]
    phi_plus: list[float]
    phi_minus: list[float]
    rank: list[int]
    preferred: list[tuple[int, int]] | None
    incomparable: list[tuple[int, int]] | None
    findings: list[Finding]


def promethee(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    normalisation: str = "none",
    preference: str | Sequence[str] = "usual",
    q: float | Sequence[float | None] | None = None,
    p: float | Sequence[float | None] | None = None,
    s: float | Sequence[float | None] | None = None,
) -> Promethee:
    """Rank alternatives by outranking flows [1]_, [2]_.

    Parameters
    ----------
    matrix, sense, weights, normalisation
        As for `wsm`.
    preference
        Preference function of the difference d > 0, one or one a criterion: ``usual`` 1; ``u_shape`` 1 when d > q;
        ``v_shape`` min(1, d / p); ``level`` 0.5 when d > q, 1 when d > p; ``linear`` (d - q) / (p - q) between
        q and p; ``gaussian`` 1 - exp(-d^2 / 2 s^2).
    q, p, s
        Thresholds in the units of the (normalised) criterion, one or one a criterion.

    Raises
    ------
    UsageError
        ``bad_mcda_input``: unknown preference function, or a threshold it needs is missing or does not fit.

    Notes
    -----
    ``phi+_i = sum_k w_k sum_j P_k(x_i - x_j) / (n - 1)``. With the usual function ``sum_j`` is the number of
    alternatives below; with the others it is a difference of prefix sums of the sorted column, with the Gaussian a
    one-dimensional fast Gauss transform [3]_.

    Examples
    --------
    >>> found = promethee([[4, 3, 2], [3, 2, 4], [5, 1, 3]], ["max"] * 3, [0.5, 0.3, 0.2])
    >>> [round(f, 6) for f in found.phi], found.rank
    ([0.1, -0.3, 0.2], [2, 3, 1])
    """
    decision = decide(matrix, sense, weights, normalisation)
    n, m = decision.values.shape
    functions = _functions(preference, m)
    thresholds = {name: _per_criterion(given, m) for name, given in (("q", q), ("p", p), ("s", s))}
    plus, minus = np.zeros(n), np.zeros(n)
    for k, (weight, column) in enumerate(zip(decision.weights, decision.values.T, strict=True)):
        numbers = _checked(functions[k], {name: cells[k] for name, cells in thresholds.items()}, k)
        plus += weight * _above(column, functions[k], numbers)
        minus += weight * _above(-column, functions[k], numbers)
    pairs = max(n - 1, 1)
    plus, minus = plus / pairs, minus / pairs
    preferred, incomparable = _partial(plus, minus) if n <= 300 else (None, None)
    return Promethee(
        phi=(plus - minus).tolist(),
        phi_plus=plus.tolist(),
        phi_minus=minus.tolist(),
        rank=rank(plus - minus),
        preferred=preferred,
        incomparable=incomparable,
        findings=decision.findings,
    )


def _functions(preference: str | Sequence[str], criteria: int) -> list[str]:
    given = [preference] * criteria if isinstance(preference, str) else list(preference)
    names = [
        _SPELLINGS.get(str(f).lower().translate({ord(c): None for c in "_- "}), str(f).lower()) for f in given
    ]
    unknown = [f for f in names if f not in PREFERENCES]
    if unknown:
        raise refuse(f"There is no preference function {unknown[0]!r}.", f"valid: {', '.join(PREFERENCES)}")
    if len(names) != criteria:
        raise refuse(
            f"{criteria} criteria need {criteria} preference functions; found {len(names)}.",
            "one, or one each",
        )
    return names


def _per_criterion(given: float | Sequence[float | None] | None, criteria: int) -> list[float | None]:
    if given is None or isinstance(given, int | float):
        return [given] * criteria
    if not isinstance(given, list | tuple) or len(given) != criteria:
        raise refuse(
            f"{criteria} criteria need {criteria} thresholds; found {len(given)}.", "one, or one a criterion"
        )
    return list(given)


def _checked(function: str, given: dict[str, float | None], criterion: int) -> dict[str, float]:
    """The thresholds a function needs."""
    found: dict[str, float] = {}
    for name in _NEEDS[function]:
        value = given[name]
        if (
            not isinstance(value, int | float)
            or not math.isfinite(value)
            or value < 0
            or (name != "q" and value == 0)
        ):
            raise refuse(
                f"Criterion {criterion}: {function} needs {name}; found {value!r}.", f"give {name} above 0"
            )
        found[name] = float(value)
    if found.get("q", 0.0) > found.get("p", math.inf):
        raise refuse(f"Criterion {criterion}: q {found['q']} is above p {found['p']}.", "q <= p")
    return found


def _above(column: NDArray[np.float64], function: str, t: dict[str, float]) -> NDArray[np.float64]:
    """Sum over the others of the preference of each value over theirs."""
    values, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    below = _Below(values, counts)
    if function == "usual":
        total = below.count(0.0)
    elif function == "u_shape":
        total = below.count(t["q"])
    elif function == "level":
        total = 0.5 * (below.count(t["q"]) + below.count(t["p"]))
    elif function == "gaussian":
        total = below.count(0.0) - _gaussian(values, counts, t["s"])
    else:
        total = below.ramp(t.get("q", 0.0), t["p"])
    return np.asarray(total[place])


class _Below:
    """Prefix sums over the distinct values of a column, ascending."""

    def __init__(self, values: NDArray[np.float64], counts: NDArray[np.int64]) -> None:
        self.values = values
        self.counts = np.concatenate([[0], np.cumsum(counts)])
        # extended precision: sums of a million values are differenced below
        self.centre = values[len(values) // 2]
        self.sums = np.concatenate([[0], np.cumsum(counts * (values - self.centre).astype(np.longdouble))])

    def position(self, distance: float) -> NDArray[np.int64]:
        """How many distinct values lie more than ``distance`` below each, by the rounding of ``x - y > distance``."""
        x = self.values
        found = np.searchsorted(x, x - distance, side="left")
        for _ in range(3):
            found -= (found > 0) & ~(x - x[np.maximum(found - 1, 0)] > distance)
            found += (found < len(x)) & (x - x[np.minimum(found, len(x) - 1)] > distance)
        return np.asarray(found)

    def count(self, distance: float) -> NDArray[np.float64]:
        """How many alternatives lie more than ``distance`` below each."""
        return np.asarray(self.counts[self.position(distance)], dtype=np.float64)

    def ramp(self, q: float, p: float) -> NDArray[np.float64]:
        """Sum of 0 up to q, (d - q) / (p - q) to p, 1 beyond."""
        far, near = self.position(p), self.position(q)
        if p <= q:
            return np.asarray(self.counts[near], dtype=np.float64)
        between = self.counts[near] - self.counts[far]
        span = between * ((self.values - self.centre).astype(np.longdouble) - q) - (
            self.sums[near] - self.sums[far]
        )
        return np.asarray(self.counts[far] + span / (p - q), dtype=np.float64)


def _gaussian(values: NDArray[np.float64], counts: NDArray[np.int64], s: float) -> NDArray[np.float64]:
    """Sum over the values below of ``exp(-d^2 / 2 s^2)``, by cells of width s.

    With x = c + a and y = e + b, c and e the centres of their cells and z = x - e in units of s,
    ``exp(-(z - b)^2 / 2) = exp(-z^2 / 2) sum_t z^t / t! (b^t exp(-b^2 / 2))``: the bracket is summed once a cell, within the
    own cell as a prefix sum.
    """
    x = (values - values[0]) / s
    cell = np.floor(x).astype(np.int64)
    offset = x - cell - 0.5
    first = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
    cells, which = cell[first], np.cumsum(np.concatenate([[0], cell[1:] != cell[:-1]]))
    distances = range(1, math.ceil(_REACH) + 1)
    source = [_cell_at(cells, cell - d) for d in distances]
    factors = [np.exp(-((offset + d) ** 2) / 2) for d in distances]
    own = np.exp(-(offset**2) / 2)
    total, moment = np.zeros(len(x)), counts * np.exp(-(offset**2) / 2)
    for term in range(_TERMS):
        sums = np.concatenate([np.add.reduceat(moment, first), [0.0]])
        running = np.cumsum(moment) - moment
        total += own * (running - running[first][which])
        for index, factor in zip(source, factors, strict=True):
            total += factor * sums[index]
        moment = moment * offset
        own = own * offset / (term + 1)
        factors = [f * (offset + d) / (term + 1) for f, d in zip(factors, distances, strict=True)]
    return total


def _cell_at(cells: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of each wanted cell, ``len(cells)`` where it is empty."""
    found = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    return np.where(cells[found] == wanted, found, len(cells))


def _partial(
    plus: NDArray[np.float64], minus: NDArray[np.float64]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """PROMETHEE I: preferred when no flow is worse and one is better; incomparable when the flows disagree."""
    leave = plus[:, None] - plus[None, :]
    enter = minus[None, :] - minus[:, None]
    better = (leave >= -EPSILON) & (enter >= -EPSILON) & ((leave > EPSILON) | (enter > EPSILON))
    disagree = np.triu((leave * enter < 0) & (np.abs(leave) > EPSILON) & (np.abs(enter) > EPSILON))
    pairs = [[(int(i), int(j)) for i, j in np.argwhere(found)] for found in (better, disagree)]
    return pairs[0], pairs[1]
