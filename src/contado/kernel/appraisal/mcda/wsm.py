"""Weighted sum.

References
----------
.. [1] Fishburn, P. C. (1967). Additive utilities with incomplete product sets: application to priorities and
   assignments. Operations Research 15(3), 537-542. doi:10.1287/opre.15.3.537
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contado.kernel.appraisal.mcda.common import decide, rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from contado.kernel.errors import Finding

__all__ = ["WeightedSum", "wsm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedSum:
    """Score and rank of each alternative."""

    score: list[float]
    rank: list[int]
    findings: list[Finding]


def wsm(
    matrix: ArrayLike, sense: Sequence[str], weights: ArrayLike | None = None, *, normalisation: str = "none"
) -> WeightedSum:
    """Score alternatives by the weighted sum of their values [1]_.

    Parameters
    ----------
    matrix
        Values, shape (alternatives, criteria).
    sense
        ``max`` or ``min`` of each criterion; one to be made small counts with its sign turned (``minmax``: as
        1 less the scaled value).
    weights
        Of the criteria; scaled to sum 1, default equal.
    normalisation
        ``none``, ``sum``, ``vector`` or ``minmax``.

    Examples
    --------
    >>> wsm([[1, 0, 3], [0, 5, 6]], ["max", "max", "max"]).rank
    [2, 1]
    """
    decision = decide(matrix, sense, weights, normalisation)
    score = decision.values @ decision.weights
    return WeightedSum(score=score.tolist(), rank=rank(score), findings=decision.findings)
