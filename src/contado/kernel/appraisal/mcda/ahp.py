"""AHP: weights from pairwise comparisons, and how consistent these are.

References
----------
.. [1] Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.
.. [2] Saaty, T. L. (1990). How to make a decision: the analytic hierarchy process. European Journal of
   Operational Research 48(1), 9-26. doi:10.1016/0377-2217(90)90057-I
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.appraisal.mcda.common import refuse
from contado.kernel.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = ["RANDOM_INDEX", "Ahp", "ahp"]

RANDOM_INDEX: Final[Mapping[int, float]] = {
    3: 0.58,
    4: 0.90,
    5: 1.12,
    6: 1.24,
    7: 1.32,
    8: 1.41,
    9: 1.45,
    10: 1.49,
}
"""Mean consistency index of random matrices [1]_ (to be confirmed)."""

_LIMIT: Final = 0.10
_RECIPROCAL: Final = 0.06
"""Published matrices round 1/9 to 0.11 and 1/3 to 0.33: a product this near 1 is a reciprocal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahp:
    """Weights (sum 1), principal eigenvalue, consistency ratio (None where no random index is known)."""

    weights: list[float]
    lambda_max: float
    consistency_ratio: float | None
    findings: list[Finding]


def ahp(comparisons: ArrayLike) -> Ahp:
    """Return the principal eigenvector of pairwise comparisons and their consistency ratio [1]_, [2]_.

    Parameters
    ----------
    comparisons
        Positive reciprocal matrix, shape (n, n): how many times row i matters as much as column j.

    Raises
    ------
    UsageError
        ``bad_mcda_input``: not square, not positive, not reciprocal.

    Notes
    -----
    ``CR = ((lambda_max - n) / (n - 1)) / RI``. Above 0.10 a warning names the triad i, j, k whose a_ij a_jk is
    farthest from a_ik.

    Examples
    --------
    >>> found = ahp([[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]])
    >>> [round(w, 6) for w in found.weights], found.consistency_ratio
    ([0.571429, 0.285714, 0.142857], 0.0)
    """
    a = _checked(comparisons)
    n = len(a)
    values, vectors = np.linalg.eig(a)
    top = int(np.argmax(values.real))
    weights = np.abs(vectors[:, top].real)
    weights /= weights.sum()
    largest = float(values[top].real)
    if abs(largest - n) < 1e-12 * n * n:
        largest = float(n)  # Perron: n for a consistent matrix; what is left is rounding
    ratio = _ratio(largest, n)
    findings = [] if ratio is None or ratio <= _LIMIT else [_inconsistent(a, ratio)]
    if ratio is None:
        findings.append(_no_index(n))
    return Ahp(weights=weights.tolist(), lambda_max=largest, consistency_ratio=ratio, findings=findings)


def _ratio(largest: float, n: int) -> float | None:
    if n < 3:
        return 0.0
    return (largest - n) / (n - 1) / RANDOM_INDEX[n] if n in RANDOM_INDEX else None


def _checked(comparisons: ArrayLike) -> NDArray[np.float64]:
    try:
        a = np.array(comparisons, dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse(
            "The comparisons hold rows of different lengths, or no numbers.", "give a square matrix"
        ) from None
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        raise refuse(f"The comparisons have shape {a.shape}.", "give a square matrix")
    if not np.isfinite(a).all() or a.min() <= 0:
        raise refuse(
            "A comparison is unknown or not above 0.", "write 1/3 where the other matters three times as much"
        )
    off = np.abs(a * a.T - 1)
    if off.max() > _RECIPROCAL:
        i, j = np.unravel_index(int(off.argmax()), a.shape)
        raise refuse(
            f"Comparisons {i}, {j} = {a[i, j]:g} and {j}, {i} = {a[j, i]:g} are no reciprocals.",
            "a_ji = 1 / a_ij",
        )
    return a


def _inconsistent(a: NDArray[np.float64], ratio: float) -> Finding:
    logs = np.log(a)
    i, j, k = max(combinations(range(len(a)), 3), key=lambda t: abs(_error(logs, *t)))
    return Finding(
        severity="warning",
        rule="inconsistent_comparisons",
        message=f"Consistency ratio {ratio:.3f} is above 0.10; the worst triad is {i}, {j}, {k}: "
        f"{i} over {j} is {a[i, j]:g}, {j} over {k} is {a[j, k]:g}, so {i} over {k} should be near "
        f"{a[i, j] * a[j, k]:g} and is {a[i, k]:g}.",
        table="comparisons",
        row=f"{i},{j},{k}",
        hint="ask these three comparisons again",
    )


def _error(logs: NDArray[np.float64], i: int, j: int, k: int) -> float:
    return float(logs[i, j] + logs[j, k] - logs[i, k])


def _no_index(n: int) -> Finding:
    return Finding(
        severity="warning",
        rule="no_parameter",
        message=f"No random index for {n} things compared: the consistency ratio is unknown.",
        table="comparisons",
        hint="group the criteria in a hierarchy of at most 10 each",
    )
