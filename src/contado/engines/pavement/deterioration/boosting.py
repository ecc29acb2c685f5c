"""Gradient boosting of small trees on binned inputs, in arrays; unknown inputs have a bin of their own.

Each round fits a tree of a given depth to what is still unexplained and adds a small share of it. All rows count alike
unless the caller weighs them: `ltpp` gives rows of a section that was surveyed n times the weight n to the -0.75, so that
a road that was surveyed often counts little more than another.

References
----------
[1] J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Ann. Statist. 29 (2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bins = NDArray[np.int64]
    Vector = NDArray[np.float64]

__all__ = ["BoostSettings", "Boosted", "boost"]

_BINS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostSettings:
    """How the trees grow."""

    rounds: int = 200
    rate: float = 0.05
    """Share of each tree that is added."""
    depth: int = 4
    shrinkage: float = 5.0
    """Weight that draws a leaf to zero, in rows."""
    columns_share: float = 0.4
    """Share of the columns that a tree may use, drawn anew for each."""
    rows_share: float = 0.7
    """Share of the rows that a tree is fitted to."""
    least_rows: float = 10.0
    """Least weight of a leaf, in rows."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Tree:
    """Split column and bin of each inner node, in heap order (-1: everything goes left), and leaf values."""

    column: Bins
    bin: Bins
    leaf: Vector


@dataclass(frozen=True, slots=True)
class Boosted:
    """A fitted model: bin edges of each column, mean, trees."""

    edges: tuple[Vector, ...]
    mean: float
    rate: float
    trees: tuple[_Tree, ...]

    def predict(self, x: NDArray[np.float64]) -> Vector:
        """Return the prediction for each row of ``x`` (k, columns); NaN = unknown."""
        bins = _binned(x, self.edges)
        total = np.full(x.shape[0], self.mean)
        for tree in self.trees:
            total += self.rate * tree.leaf[_leaf_of(tree, bins)]
        return total


def boost(
    x: NDArray[np.float64],
    y: Vector,
    *,
    weight: Vector | None = None,
    settings: BoostSettings | None = None,
) -> Boosted:
    """Fit a model to rows.

    Parameters
    ----------
    x, y
        Inputs (k, columns; NaN = unknown) and what is to be predicted (k).
    weight
        Weight of each row (k), of mean 1; None = all alike.
    settings
        See `BoostSettings`.
    """
    options = settings or BoostSettings()
    rng = np.random.default_rng(options.seed)
    w = np.ones(y.size) if weight is None else weight
    edges = tuple(np.unique(np.nanquantile(c, np.linspace(0, 1, _BINS)[1:-1])) for c in _known(x))
    bins = _binned(x, edges)
    mean = float(np.average(y, weights=w))
    rest = y - mean
    trees = []
    for _ in range(options.rounds):
        kept = w * (rng.random(y.size) < options.rows_share)
        columns = rng.permutation(x.shape[1])[: max(1, round(options.columns_share * x.shape[1]))]
        tree = _grown(bins, rest, kept, np.sort(columns), options)
        rest -= options.rate * tree.leaf[_leaf_of(tree, bins)]
        trees.append(tree)
    return Boosted(edges, mean, options.rate, tuple(trees))


def _known(x: NDArray[np.float64]) -> list[Vector]:
    """Return the columns; one without any known value counts as zeros."""
    return [c if np.isfinite(c).any() else np.zeros(1) for c in x.T]


def _binned(x: NDArray[np.float64], edges: tuple[Vector, ...]) -> Bins:
    """Return the bin of each value; the last bin holds what is unknown."""
    bins = np.column_stack([np.searchsorted(e, c, side="left") for e, c in zip(edges, x.T, strict=True)])
    return np.where(np.isnan(x), _BINS, bins)


def _leaf_of(tree: _Tree, bins: Bins) -> Bins:
    """Return the leaf that each row falls into."""
    node = np.zeros(bins.shape[0], np.int64)
    rows = np.arange(bins.shape[0])
    for _ in range((tree.column.size + 1).bit_length() - 1):
        right = bins[rows, tree.column[node]] > tree.bin[node]
        node = 2 * node + 1 + right
    return node - tree.column.size


def _grown(bins: Bins, rest: Vector, weight: Vector, columns: Bins, options: BoostSettings) -> _Tree:
    """Grow one tree level by level: every node of a level takes its best split at once."""
    inner = 2**options.depth - 1
    column, cut = np.zeros(inner, np.int64), np.full(inner, _BINS + 1)
    node = np.zeros(rest.size, np.int64)
    for level in range(options.depth):
        first = 2**level - 1
        chosen = _splits(bins, rest, weight, node - first, 2**level, columns, options)
        column[first : first + 2**level], cut[first : first + 2**level] = chosen
        right = bins[np.arange(rest.size), column[node]] > cut[node]
        node = 2 * node + 1 + right
    leaf = node - inner
    mass = np.bincount(leaf, weight, 2**options.depth)
    return _Tree(column, cut, np.bincount(leaf, weight * rest, 2**options.depth) / (mass + options.shrinkage))


def _splits(
    bins: Bins,
    rest: Vector,
    weight: Vector,
    node: Bins,
    count: int,
    columns: Bins,
    options: BoostSettings,
) -> tuple[Bins, Bins]:
    """Return column and bin of the best split of each node; a node that none improves keeps all on the left."""
    size = _BINS + 1
    best = np.zeros(count)
    column, cut = np.zeros(count, np.int64), np.full(count, _BINS + 1)
    for c in columns.tolist():
        key = node * size + bins[:, c]
        mass = np.bincount(key, weight, count * size).reshape(count, size).cumsum(axis=1)
        total = np.bincount(key, weight * rest, count * size).reshape(count, size).cumsum(axis=1)
        left, right = mass, mass[:, -1:] - mass
        won = total**2 / (left + options.shrinkage) + (total[:, -1:] - total) ** 2 / (
            right + options.shrinkage
        )
        won -= total[:, -1:] ** 2 / (mass[:, -1:] + options.shrinkage)
        won = np.where((left >= options.least_rows) & (right >= options.least_rows), won, 0.0)
        top = won.argmax(axis=1)
        gain = won[np.arange(count), top]
        better = gain > best
        best[better], column[better], cut[better] = gain[better], c, top[better]
    return column, cut
