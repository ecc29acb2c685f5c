"""TOPSIS: nearness to the ideal, distance from the anti-ideal.

References
----------
.. [1] Hwang, C. L., Yoon, K. (1981). Multiple Attribute Decision Making. Springer.
   doi:10.1007/978-3-642-48318-9
.. [2] Tzeng, G. H., Huang, J. J. (2011). Multiple Attribute Decision Making. CRC Press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.appraisal.mcda.common import decide, rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from contado.kernel.errors import Finding

__all__ = ["Topsis", "topsis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topsis:
    """Similarity to the ideal in [0, 1] and rank; similarity None where all alternatives are the same."""

    similarity: list[float | None]
    rank: list[int]
    findings: list[Finding]


def topsis(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    normalisation: str = "vector",
) -> Topsis:
    """Rank alternatives by ``d- / (d+ + d-)``, Euclidean distances to the anti-ideal and the ideal [1]_.

    Parameters
    ----------
    matrix, sense, weights, normalisation
        As for `wsm`.

    Examples
    --------
    The example of [2]_:

    >>> found = topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], ["max"] * 3, [0.3, 0.4, 0.3])
    >>> [round(s, 4) for s in found.similarity]
    [0.5037, 0.6581, 0.7482, 0.334]
    """
    decision = decide(matrix, sense, weights, normalisation)
    values = decision.values * decision.weights
    to_ideal = np.sqrt(((values - values.max(axis=0)) ** 2).sum(axis=1))
    to_anti = np.sqrt(((values - values.min(axis=0)) ** 2).sum(axis=1))
    span = to_ideal + to_anti
    similarity = to_anti / np.where(span > 0, span, 1.0)
    shown = [float(s) if known else None for s, known in zip(similarity, span > 0, strict=True)]
    return Topsis(similarity=shown, rank=rank(similarity), findings=decision.findings)
