"""ELECTRE III (ranking) and ELECTRE TRI (sorting): outranking with a degree of credibility.

References
----------
.. [1] Roy, B. (1978). ELECTRE III: un algorithme de classements fondé sur une représentation floue des préférences en
   présence de critères multiples. Cahiers du CERO 20(1), 3-24.
.. [2] Figueira, J., Mousseau, V., Roy, B. (2005). ELECTRE methods. In: Multiple Criteria Decision Analysis: State of
   the Art Surveys, Springer, 133-153. doi:10.1007/0-387-23081-5_4
.. [3] Mousseau, V., Slowinski, R., Zielniewicz, P. (2000). A user-oriented implementation of the ELECTRE-TRI method
   integrating preference elicitation support. Computers & Operations Research 27(7-8), 757-777.
   doi:10.1016/S0305-0548(99)00117-3
.. [4] Maystre, L. Y., Pictet, J., Simos, J. (1994). Méthodes multicritères ELECTRE. Presses polytechniques et
   universitaires romandes, Lausanne.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from contado.kernel.appraisal.mcda.common import EPSILON, decide, optional, refuse, share, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding

__all__ = ["Electre3", "ElectreTri", "Thresholds", "credibility", "electre_3", "electre_tri"]

Relation = Literal["P", "N", "I", "R"]
"""Preferred, not preferred (the other is), indifferent, incomparable."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Indifference q, preference p and veto v (inf: none) of each criterion, f8[criteria] each."""

    q: NDArray[np.float64]
    p: NDArray[np.float64]
    v: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Electre3:
    """Credibility, the two distillations (ranks), their common part, and the rank in it.

    ``rank`` is 1 + the longest chain of alternatives preferred one to the next above it.
    """

    credibility: list[list[float | None]]
    descending: list[int]
    ascending: list[int]
    relation: list[list[Relation]]
    rank: list[int]
    findings: list[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectreTri:
    """Category of each alternative, 0 = the worst, by the two rules; credibility against each profile."""

    pessimistic: list[int]
    optimistic: list[int]
    credibility: list[list[float]]
    credibility_of_profiles: list[list[float]]
    findings: list[Finding]


def credibility(
    a: NDArray[np.float64], b: NDArray[np.float64], weights: NDArray[np.float64], thresholds: Thresholds
) -> NDArray[np.float64]:
    """Return the credibility that row i of ``a`` is at least as good as row j of ``b`` [1]_.

    Parameters
    ----------
    a, b
        Values, more is better, shapes (n, criteria), (k, criteria).
    weights
        Summing to 1.
    thresholds
        q <= p <= v.

    Notes
    -----
    Of criterion k with shortfall ``s = b_k - a_k``: concordance 1 up to q, 0 from p, linear between; discordance
    0 up to p, 1 from v, linear between. ``sigma = C prod_{d_k > C} (1 - d_k) / (1 - C)``, C the weighted
    concordance.
    """
    shortfall = b[None, :, :] - a[:, None, :]
    q, p, v = thresholds.q, thresholds.p, thresholds.v
    agree = _falling(shortfall, q, p)
    against = 1 - _falling(shortfall, p, v)
    overall = agree @ weights
    over = against > overall[:, :, None] + EPSILON
    room = np.where(overall < 1, 1 - overall, 1.0)[:, :, None]
    return np.asarray(np.round(overall * np.where(over, (1 - against) / room, 1.0).prod(axis=2), 12))


def _falling(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """1 up to ``low``, 0 from ``high`` on, linear between; a step just above ``low`` where they are equal."""
    room = np.where(np.isfinite(high) & (high > low), high - low, 1.0)
    slope = np.clip((np.where(np.isfinite(high), high, np.inf) - x) / room, 0.0, 1.0)
    return np.where(x <= low + EPSILON, 1.0, np.where(high > low, slope, 0.0))


def _thresholds(q: ArrayLike, p: ArrayLike, v: ArrayLike | None, criteria: int) -> Thresholds:
    veto = np.full(criteria, np.inf) if v is None else _per_criterion("v", v, criteria, empty=np.inf)
    found = Thresholds(_per_criterion("q", q, criteria), _per_criterion("p", p, criteria), veto)
    if (found.q < 0).any() or (found.p < found.q).any() or (found.v < found.p).any():
        raise refuse("Thresholds must keep 0 <= q <= p <= v on every criterion.", "check q, p and v")
    return found


def _per_criterion(
    name: str, given: ArrayLike, criteria: int, empty: float | None = None
) -> NDArray[np.float64]:
    """A threshold of each criterion from one number or a list; None = none where ``empty`` allows."""
    cells = (
        given if isinstance(given, list | tuple) else np.atleast_1d(np.asarray(given, dtype=object)).tolist()
    )
    cells = list(cells) * criteria if len(cells) == 1 else list(cells)
    try:
        found = np.array([empty if c is None else c for c in cells], dtype=np.float64)
    except (TypeError, ValueError):
        found = np.array([np.nan])
    if found.shape != (criteria,) or np.isnan(found).any():
        raise refuse(
            f"{name} = {given!r} does not give {criteria} thresholds.", "one number, or one a criterion"
        )
    return found


def electre_3(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    q: ArrayLike = 0.0,
    p: ArrayLike = 0.0,
    v: ArrayLike | None = None,
    normalisation: str = "none",
    discrimination: tuple[float, float] = (0.30, -0.15),
) -> Electre3:
    """Rank alternatives by the descending and ascending distillation of their credibilities [1]_, [2]_.

    Parameters
    ----------
    matrix, sense, weights, normalisation
        As for `wsm`.
    q, p, v
        Indifference, preference and veto thresholds, in the units of the (normalised) criterion; one number or
        one a criterion; no veto where None.
    discrimination
        alpha and beta of the discrimination threshold ``s(sigma) = alpha + beta sigma``.

    Examples
    --------
    >>> found = electre_3([[10.0, 10.0], [5.0, 5.0], [1.0, 1.0]], ["max", "max"], q=1, p=2)
    >>> found.descending, found.ascending, found.rank
    ([1, 2, 3], [1, 2, 3], [1, 2, 3])
    """
    decision = decide(matrix, sense, weights, normalisation)
    thresholds = _thresholds(q, p, v, decision.values.shape[1])
    if len(discrimination) != 2 or not all(isinstance(d, int | float) for d in discrimination):
        raise refuse(f"discrimination = {discrimination!r} is not alpha and beta.", "0.3 and -0.15 are usual")
    sigma = credibility(decision.values, decision.values, decision.weights, thresholds)
    descending = _distil(sigma, *discrimination, best_first=True)
    upward = _distil(sigma, *discrimination, best_first=False)
    ascending = [max(upward) + 1 - r for r in upward]
    relation = [
        [_relation(descending, ascending, i, j) for j in range(len(sigma))] for i in range(len(sigma))
    ]
    return Electre3(
        credibility=optional(sigma),
        descending=descending,
        ascending=ascending,
        relation=relation,
        rank=_levels(relation, descending, ascending),
        findings=decision.findings,
    )


def _distil(sigma: NDArray[np.float64], alpha: float, beta: float, *, best_first: bool) -> list[int]:
    """Ranks from 1 in the order of extraction."""
    ranks = np.zeros(len(sigma), dtype=np.int64)
    left = np.arange(len(sigma))
    place = 1
    while len(left):
        taken = _extract(sigma, left, alpha, beta, best_first=best_first)
        ranks[taken] = place
        left = np.setdiff1d(left, taken)
        place += 1
    found: list[int] = ranks.tolist()
    return found


def _extract(
    sigma: NDArray[np.float64], left: NDArray[np.int64], alpha: float, beta: float, *, best_first: bool
) -> NDArray[np.int64]:
    """One distillation: lower the cut until one is left on top (or bottom), or the cut is 0."""
    chosen = left
    cut = _off_diagonal(sigma[np.ix_(chosen, chosen)]).max(initial=0.0)
    while len(chosen) > 1:
        part = sigma[np.ix_(chosen, chosen)]
        others = _off_diagonal(part)
        cut = others[others < cut - (alpha + beta * cut) - EPSILON].max(initial=0.0)
        beats = (part > cut + EPSILON) & (part > part.T + alpha + beta * part + EPSILON)
        np.fill_diagonal(beats, val=False)
        quality = beats.sum(axis=1) - beats.sum(axis=0)
        chosen = chosen[quality == (quality.max() if best_first else quality.min())]
        if cut <= 0:
            break
    return chosen


def _off_diagonal(part: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(part[~np.eye(len(part), dtype=bool)])


def _relation(descending: Sequence[int], ascending: Sequence[int], i: int, j: int) -> Relation:
    down, up = descending[i] - descending[j], ascending[i] - ascending[j]
    if down == up == 0:
        return "I"
    if down <= 0 and up <= 0:
        return "P"
    return "N" if down >= 0 and up >= 0 else "R"


def _levels(relation: list[list[Relation]], descending: Sequence[int], ascending: Sequence[int]) -> list[int]:
    """Longest chain above each; whoever is preferred has the smaller sum of ranks, so that order will do."""
    ranks = [1] * len(relation)
    for j in sorted(range(len(relation)), key=lambda i: descending[i] + ascending[i]):
        ranks[j] = 1 + max((ranks[i] for i in range(len(relation)) if relation[i][j] == "P"), default=0)
    return ranks


def electre_tri(
    matrix: ArrayLike,
    sense: Sequence[str],
    weights: ArrayLike | None = None,
    *,
    profiles: ArrayLike,
    q: ArrayLike = 0.0,
    p: ArrayLike = 0.0,
    v: ArrayLike | None = None,
    cut: float = 0.75,
) -> ElectreTri:
    """Sort alternatives into categories bounded by profiles [3]_.

    Parameters
    ----------
    matrix, sense, weights
        As for `wsm`; values as they are.
    profiles
        Bounds between categories, the worst first, shape (categories - 1, criteria).
    q, p, v
        As for `electre_3`.
    cut
        Credibility from which an alternative outranks a profile, 0.5 to 1.

    Notes
    -----
    Pessimistic: the category above the highest profile that the alternative outranks. Optimistic: the one
    below the lowest profile that is preferred to the alternative (outranks it and is not outranked by it).
    """
    decision = decide(matrix, sense, weights)
    bounds = _bounds(profiles, sense, decision.values.shape[1])
    thresholds = _thresholds(q, p, v, decision.values.shape[1])
    if share("cut", cut) < 0.5:
        raise refuse(f"cut = {cut} is below 0.5.", "a majority is needed: 0.5 to 1")
    over = credibility(decision.values, bounds, decision.weights, thresholds)
    under = credibility(bounds, decision.values, decision.weights, thresholds)
    outranks = over >= cut - EPSILON
    preferred = np.greater_equal(under.T, cut - EPSILON) & ~outranks
    count = bounds.shape[0]
    return ElectreTri(
        pessimistic=_last_true(outranks).tolist(),
        optimistic=np.where(preferred.any(axis=1), preferred.argmax(axis=1), count).tolist(),
        credibility=over.tolist(),
        credibility_of_profiles=under.tolist(),
        findings=decision.findings,
    )


def _bounds(profiles: ArrayLike, sense: Sequence[str], criteria: int) -> NDArray[np.float64]:
    """The profiles turned so that more is better."""
    width = table(profiles).shape[1]
    if width != criteria:
        raise refuse(f"The profiles have {width} criteria, the matrix {criteria}.", "one number a criterion")
    bounds = decide(profiles, sense, None).values
    if (bounds[1:] < bounds[:-1] - EPSILON).any():
        raise refuse(
            "A profile is worse than the one before it.", "profiles go from the worst bound to the best"
        )
    return bounds


def _last_true(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """1 + index of the last True of each row, 0 where there is none."""
    last = flags.shape[1] - flags[:, ::-1].argmax(axis=1)
    return np.asarray(np.where(flags.any(axis=1), last, 0))
