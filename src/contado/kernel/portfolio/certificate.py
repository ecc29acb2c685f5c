"""A bound that a reader can recompute: weak duality, from printed prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.solver import Model

__all__ = ["weak_duality_bound"]


def weak_duality_bound(model: Model, row_dual: NDArray[np.float64] | None) -> float | None:
    """Return an upper bound on every plan's value, from any row prices (m); None without prices.

    For prices y: c.x = (c - A'y).x + y.(A x) <= sum_j max(d_j l_j, d_j u_j) + sum_r (y_r+ hi_r - y_r- lo_r),
    with d = c - A'y. A price on a side that is infinite counts as 0, so the bound holds for any y and does
    not rest on the solver that suggested it.
    """
    if row_dual is None:
        return None
    return min(_bound(model, sign * row_dual) for sign in (1.0, -1.0))


def _bound(model: Model, price: NDArray[np.float64]) -> float:
    usable = np.where(price > 0, np.isfinite(model.row_upper), np.isfinite(model.row_lower))
    y = np.where(usable, price, 0.0)
    rows = np.repeat(np.arange(model.n_rows), np.diff(model.start))
    reduced = model.cost - np.bincount(model.index, weights=model.value * y[rows], minlength=model.n_columns)
    upper = np.where(y > 0, model.row_upper, 0.0)
    lower = np.where(y < 0, model.row_lower, 0.0)
    columns = np.maximum(reduced * model.lower, reduced * model.upper)
    return float(np.sum(columns) + np.sum(y * upper) + np.sum(y * lower))
