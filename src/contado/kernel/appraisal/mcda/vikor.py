"""VIKOR: compromise between the utility of most and the regret of one criterion.

References
----------
.. [1] Opricovic, S., Tzeng, G. H. (2004). Compromise solution by MCDM methods. European Journal of Operational
   Research 156(2), 445-455. doi:10.1016/S0377-2217(03)00020-1
.. [2] Opricovic, S., Tzeng, G. H. (2007). Extended VIKOR method in comparison with outranking methods. European
   Journal of Operational Research 178(2), 514-529. doi:10.1016/j.ejor.2006.01.020
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.appraisal.mcda.common import EPSILON, decide, rank, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding

__all__ = ["Vikor", "vikor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vikor:
    """Group utility S, individual regret R, their mix Q (less is better), rank by Q, compromise set."""

    S: list[float]
    R: list[float]
    Q: list[float]
    rank: list[int]
    compromise_set: list[int]
    findings: list[Finding]


def vikor(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    normalisation: str = "none",
    v: float = 0.5,
) -> Vikor:
    """Rank alternatives by VIKOR [1]_ and say which of them are the compromise.

    Parameters
    ----------
    matrix, sense, weights, normalisation
        As for `wsm`.
    v
        Weight of the group utility against the individual regret, 0 to 1.

    Notes
    -----
    ``S = sum w (f* - f) / (f* - f-)``, ``R = max``, ``Q = v (S - S*) / (S- - S*) + (1 - v) (R - R*) / (R- - R*)``. The
    best by Q stands alone when its advantage is at least ``1 / (m - 1)`` and it is best by S or R too; without
    the second the first two are the set, without the first all within ``1 / (m - 1)`` of the best.

    Examples
    --------
    The mountain example of [1]_:

    >>> found = vikor([[1, 3000], [2, 3750], [5, 4500]], ["min", "max"], [0.5, 0.5])
    >>> found.Q, found.compromise_set
    ([1.0, 0.0, 1.0], [1])
    """
    decision = decide(matrix, sense, weights, normalisation)
    share("v", v)
    best, worst = decision.values.max(axis=0), decision.values.min(axis=0)
    lost = decision.weights * (best - decision.values) / np.where(best > worst, best - worst, 1.0)
    utility, regret = lost.sum(axis=1), lost.max(axis=1)
    mixed = v * _unit(utility) + (1 - v) * _unit(regret)
    return Vikor(
        S=utility.tolist(),
        R=regret.tolist(),
        Q=mixed.tolist(),
        rank=rank(mixed, best="least"),
        compromise_set=_compromise(utility, regret, mixed),
        findings=decision.findings,
    )


def _unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    span = x.max() - x.min()
    return np.asarray((x - x.min()) / span if span > 0 else np.zeros_like(x))


def _compromise(
    utility: NDArray[np.float64], regret: NDArray[np.float64], mixed: NDArray[np.float64]
) -> list[int]:
    order = np.argsort(mixed, kind="stable")
    first, count = order[0], len(order)
    if count == 1:
        return [int(first)]
    advantage = 1 / (count - 1)
    if mixed[order[1]] - mixed[first] < advantage - EPSILON:
        return sorted(int(i) for i in order if mixed[i] - mixed[first] < advantage - EPSILON)
    stable = utility[first] <= utility.min() + EPSILON or regret[first] <= regret.min() + EPSILON
    return [int(first)] if stable else sorted(int(i) for i in order[:2])
