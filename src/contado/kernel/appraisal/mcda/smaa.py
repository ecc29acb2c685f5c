"""SMAA-2: which weights would put an alternative first, when weights (and values) are not known.

References
----------
.. [1] Lahdelma, R., Salminen, P. (2001). SMAA-2: stochastic multicriteria acceptability analysis for group
   decision making. Operations Research 49(3), 444-454. doi:10.1287/opre.49.3.444.11220
.. [2] Tervonen, T., Lahdelma, R. (2007). Implementing stochastic multicriteria acceptability analysis. European
   Journal of Operational Research 178(2), 500-513. doi:10.1016/j.ejor.2005.12.037
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from contado.kernel.appraisal.mcda.common import decide, refuse, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from contado.kernel.errors import Finding

__all__ = ["Smaa", "draw_weights", "selection_share", "smaa"]

_CELLS: Final = 2_000_000
"""Utilities held at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smaa:
    """Rank acceptability, central weights and confidence.

    ``acceptability[i][r]`` is the share of draws in which alternative i has rank r + 1; ``central_weights[i]`` the
    mean of the weights that put it first (None: no draw did); ``confidence[i]`` the share of draws of the values
    in which it is first under its central weights.
    """

    acceptability: list[list[float]]
    central_weights: list[list[float] | None]
    confidence: list[float | None]
    draws: int
    seed: int
    findings: list[Finding]


def smaa(
    matrix: ArrayLike,
    sense: Sequence[str],
    *,
    normalisation: str = "none",
    draws: int = 10_000,
    seed: int = 0,
    spread: ArrayLike = 0.0,
    order: Sequence[int] | None = None,
    depth: int | None = None,
) -> Smaa:
    """Analyse a decision without known weights [1]_, by seeded simulation [2]_; utilities are weighted sums.

    Parameters
    ----------
    matrix, sense, normalisation
        As for `wsm`.
    draws
        Number of draws.
    seed
        Of the generator: same seed, same answer.
    spread
        Half-width of the uniform interval of each value, as a share of it; a number or one a criterion.
    order
        Criteria from the most to the least important: weights are drawn with that order (ordinal information).
    depth
        Keep the first so many ranks only (many alternatives); default all.

    Notes
    -----
    Weights are uniform on the simplex (normalised exponentials). Equal utilities share the better rank. With
    known values the weights that put an alternative first are a convex set, which holds their mean: confidence 1.

    Examples
    --------
    >>> found = smaa([[1.0, 0.0], [0.0, 1.0]], ["max", "max"], draws=100_000)
    >>> round(found.acceptability[0][0], 2), [round(w, 2) for w in found.central_weights[0]]
    (0.5, [0.75, 0.25])
    """
    decision = decide(matrix, sense, None, normalisation)
    width = _spread(spread, decision.values.shape[1])
    n = len(decision.values)
    kept = n if depth is None else min(whole("depth", depth, 1), n)
    whole("draws", draws, 1)
    rng = np.random.default_rng(whole("seed", seed, 0))
    places, central = _simulate(
        decision.values, width, kept, rng, _blocks(draws, decision.values.size), order
    )
    first = places[:, 0]
    known = first > 0
    means = central / np.where(known, first, 1)[:, None]
    return Smaa(
        acceptability=(places / draws).tolist(),
        central_weights=[row if ok else None for row, ok in zip(means.tolist(), known.tolist(), strict=True)],
        confidence=_confidence(decision.values, width, means, known, draws, rng),
        draws=draws,
        seed=seed,
        findings=decision.findings,
    )


def draw_weights(
    criteria: int, draws: int, seed: int = 0, order: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Return weights uniform on the simplex, shape (draws, criteria), as `smaa` draws them."""
    return _weights(np.random.default_rng(seed), draws, criteria, order)


def selection_share(
    choose: Callable[[NDArray[np.float64]], ArrayLike], criteria: int, *, draws: int = 200, seed: int = 0
) -> NDArray[np.float64]:
    """Return the share of weight draws in which each intervention is chosen.

    Parameters
    ----------
    choose
        Function from weights f8[criteria] to what it chooses, bool[interventions].
    criteria, draws, seed
        Of the weights.
    """
    chosen = [np.asarray(choose(w), dtype=np.float64) for w in draw_weights(criteria, draws, seed)]
    return np.asarray(np.mean(chosen, axis=0))


def _blocks(draws: int, cells: int) -> list[int]:
    """Sizes of the blocks in which the draws are made."""
    size = max(1, _CELLS // cells)
    return [size] * (draws // size) + ([draws % size] if draws % size else [])


def _simulate(
    values: NDArray[np.float64],
    width: NDArray[np.float64],
    depth: int,
    rng: np.random.Generator,
    blocks: Sequence[int],
    order: Sequence[int] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts of the first ``depth`` ranks, and sums of the weights that put each alternative first."""
    n, m = values.shape
    places = np.zeros((n, depth), dtype=np.int64)
    central = np.zeros((n, m))
    for count in blocks:
        weights = _weights(rng, count, m, order)
        ranks = _ranks(_utility(values, width, weights, rng))
        draw, who = np.nonzero(ranks < depth)
        found = who * depth + ranks[draw, who]
        places += np.bincount(found, minlength=n * depth).reshape(n, depth)
        draw, who = np.nonzero(ranks == 0)
        np.add.at(central, who, weights[draw])
    return places, central


def _weights(
    rng: np.random.Generator, count: int, criteria: int, order: Sequence[int] | None
) -> NDArray[np.float64]:
    drawn = rng.standard_exponential((count, criteria))
    drawn /= drawn.sum(axis=1, keepdims=True)
    if order is None:
        return drawn
    if sorted(order) != list(range(criteria)):
        raise refuse(
            f"The order {list(order)} does not name each of {criteria} criteria once.", "indices from 0"
        )
    placed = np.empty_like(drawn)
    placed[:, list(order)] = -np.sort(-drawn, axis=1)
    return placed


def _utility(
    values: NDArray[np.float64],
    width: NDArray[np.float64],
    weights: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Utilities, shape (draws, alternatives)."""
    if not width.any():
        return np.asarray(weights @ values.T)
    drawn = values * (1 + width * rng.uniform(-1, 1, (len(weights), *values.shape)))
    return np.asarray(np.einsum("dnm,dm->dn", drawn, weights))


def _ranks(utility: NDArray[np.float64]) -> NDArray[np.int64]:
    """Ranks from 0 within each draw; equal utilities share the better one."""
    order = np.argsort(-utility, axis=1, kind="stable")
    ordered = np.take_along_axis(utility, order, axis=1)
    fresh = np.ones(ordered.shape, dtype=bool)
    fresh[:, 1:] = ordered[:, 1:] < ordered[:, :-1]
    place = np.maximum.accumulate(np.where(fresh, np.arange(ordered.shape[1]), 0), axis=1)
    ranks = np.empty(order.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, place, axis=1)
    return ranks


def _confidence(
    values: NDArray[np.float64],
    width: NDArray[np.float64],
    central: NDArray[np.float64],
    known: NDArray[np.bool_],
    draws: int,
    rng: np.random.Generator,
) -> list[float | None]:
    """Share of the draws of the values in which each alternative is first under its own central weights."""
    if not width.any():
        return [1.0 if k else None for k in known]
    who = np.flatnonzero(known)
    hits = np.zeros(len(who), dtype=np.int64)
    for count in _blocks(draws, len(values) * max(len(who), values.shape[1])):
        noise = width * rng.uniform(-1, 1, (count, *values.shape))
        utility = (values * (1 + noise)) @ central[who].T  # [draw, alternative, whose central weights]
        hits += (utility[:, who, np.arange(len(who))] >= utility.max(axis=1)).sum(axis=0)
    share = dict(zip(who.tolist(), (hits / draws).tolist(), strict=True))
    return [share.get(i) for i in range(len(values))]


def _spread(spread: ArrayLike, criteria: int) -> NDArray[np.float64]:
    try:
        width = np.broadcast_to(np.asarray(spread, dtype=np.float64), (criteria,))
    except (TypeError, ValueError):
        width = np.array([np.nan])
    if not np.isfinite(width).all() or width.min() < 0:
        raise refuse(
            f"The spread {spread!r} is not one number at least 0, or one a criterion.",
            "0.1 is 10 % either way",
        )
    return width
