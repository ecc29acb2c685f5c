"""ELECTRE I (choice) and ELECTRE II (ranking).

References
----------
.. [1] Roy, B. (1968). Classement et choix en présence de points de vue multiples (la méthode ELECTRE). RAIRO 2(8),
   57-75. doi:10.1051/ro/196802V100571
.. [2] Roy, B., Bertier, P. (1973). La méthode ELECTRE II. In: Ross, M. (ed.) OR'72, North-Holland, 291-302.
.. [3] Cebrián, L. I. G., Porcar, A. M. (2009). Localización empresarial en Aragón. Revista de Métodos Cuantitativos
   para la Economía y la Empresa 7, 31-56.
.. [4] Wang, X., Triantaphyllou, E. (2008). Ranking irregularities when evaluating alternatives by using some
   ELECTRE methods. Omega 36(1), 45-63. doi:10.1016/j.omega.2005.12.003
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.appraisal.mcda.common import EPSILON, Decision, decide, optional, rank, refuse, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding

__all__ = ["Electre1", "Electre2", "electre_1", "electre_2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Electre1:
    """Concordance and discordance (row against column, diagonal None) and the kernel."""

    concordance: list[list[float | None]]
    discordance: list[list[float | None]]
    kernel: list[int]
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Electre2:
    """Score (mean of the two rankings, less is better), its dense rank, and the two rankings."""

    score: list[float]
    rank: list[int]
    rank_direct: list[int]
    rank_inverse: list[int]
    findings: list[Finding]


def electre_1(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    normalisation: str = "none",
    p: float = 0.65,
    q: float = 0.35,
) -> Electre1:
    """Return the alternatives that no other outranks [1]_.

    Parameters
    ----------
    matrix, sense, weights, normalisation
        As for `wsm`.
    p, q
        a outranks b when their concordance is at least p and their discordance at most q.

    Notes
    -----
    Concordance ``c(a, b)`` = sum of the weights of the criteria where a is at least as good as b; discordance
    ``d(a, b)`` = the largest shortfall of a, over the largest range of any criterion after normalisation.

    Examples
    --------
    The example of [3]_:

    >>> table = [[6, 5, 28, 5, 5], [4, 2, 25, 10, 9], [5, 7, 35, 9, 6], [6, 1, 27, 6, 7], [6, 8, 30, 7, 9], [5, 6, 26, 4, 8]]
    >>> electre_1(table, ["max", "max", "min", "max", "max"], [25, 25, 10, 20, 20], normalisation="sum").kernel
    [4]
    """
    decision = decide(matrix, sense, weights, normalisation)
    agree, object_ = concordance(decision), discordance(decision)
    outranks = (agree >= share("p", p) - EPSILON) & (object_ <= share("q", q) + EPSILON)
    np.fill_diagonal(outranks, val=False)
    return Electre1(
        concordance=optional(agree),
        discordance=optional(object_),
        kernel=np.flatnonzero(~outranks.any(axis=0)).tolist(),
        findings=decision.findings,
    )


def concordance(decision: Decision) -> NDArray[np.float64]:
    """Return the weight of the criteria where the row is at least as good as the column."""
    x, w = decision.values, decision.weights
    return np.asarray(sum(w[k] * (x[:, None, k] >= x[None, :, k]) for k in range(len(w))))


def discordance(decision: Decision) -> NDArray[np.float64]:
    """Return the largest shortfall of the row against the column over the largest range of a criterion."""
    x = decision.values
    shortfall = np.zeros((len(x), len(x)))
    for column in x.T:
        np.maximum(shortfall, column[None, :] - column[:, None], out=shortfall)
    span = float((x.max(axis=0) - x.min(axis=0)).max())
    return shortfall / span if span > 0 else shortfall


def electre_2(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    normalisation: str = "none",
    p: Sequence[float] = (0.65, 0.5, 0.35),
    q: Sequence[float] = (0.65, 0.35),
) -> Electre2:
    """Rank alternatives by strong and weak outranking [2]_.

    Parameters
    ----------
    matrix, sense, weights, normalisation
        As for `wsm`.
    p
        Concordance levels p0 >= p1 >= p2.
    q
        Discordance levels q0 >= q1.

    Notes
    -----
    Only where c(a, b) > c(b, a): strong when (c >= p0 and d <= q0) or (c >= p1 and d <= q1); weak when c >= p2 and
    d <= q0 and not strong. A ranking takes, again and again, the alternatives that nobody left outranks (where
    there is none, all that are left tie); the inverse one does so on the transposed graphs and is reversed.

    Examples
    --------
    The example of [4]_:

    >>> table = [[1, 2, 1, 5, 2, 2, 4], [3, 5, 3, 5, 3, 3, 3], [3, 5, 3, 5, 3, 2, 2], [1, 2, 2, 5, 1, 1, 1], [1, 1, 3, 5, 4, 1, 5]]
    >>> found = electre_2(table, ["max"] * 7, [0.078, 0.118, 0.157, 0.314, 0.235, 0.039, 0.059])
    >>> found.rank, found.score
    ([4, 1, 3, 5, 2], [3.0, 1.0, 2.0, 4.0, 1.5])
    """
    p0, p1, p2 = _levels("p", p, 3)
    q0, q1 = _levels("q", q, 2)
    decision = decide(matrix, sense, weights, normalisation)
    agree, object_ = concordance(decision), discordance(decision)
    above = agree > agree.T + EPSILON
    strong = above & (
        ((agree >= p0 - EPSILON) & (object_ <= q0 + EPSILON))
        | ((agree >= p1 - EPSILON) & (object_ <= q1 + EPSILON))
    )
    weak = above & (agree >= p2 - EPSILON) & (object_ <= q0 + EPSILON) & ~strong
    direct = _ranking(strong | weak)
    backward = _ranking((strong | weak).T)
    inverse = [max(backward) + 1 - r for r in backward]
    score = [(a + b) / 2 for a, b in zip(direct, inverse, strict=True)]
    return Electre2(
        score=score,
        rank=rank(score, best="least", dense=True),
        rank_direct=direct,
        rank_inverse=inverse,
        findings=decision.findings,
    )


def _levels(name: str, levels: Sequence[float], count: int) -> list[float]:
    found = [share(f"{name}{i}", level) for i, level in enumerate(levels)]
    if len(found) != count or found != sorted(found, reverse=True):
        raise refuse(
            f"{name} = {found}: {count} levels, none above the one before, are needed.",
            "lower the later ones",
        )
    return found


def _ranking(outranks: NDArray[np.bool_]) -> list[int]:
    """Ranks from 1: those whom nobody left outranks, then again without them."""
    ranks = np.zeros(len(outranks), dtype=np.int64)
    left = np.ones(len(outranks), dtype=bool)
    place = 1
    while left.any():
        free = left & ~outranks[left].any(axis=0)
        taken = free if free.any() else left
        ranks[taken] = place
        left = left & ~taken
        place += 1
    found: list[int] = ranks.tolist()
    return found
