"""Exact optima of programmes of few rows, by listing what the relaxation's prices do not rule out.

At prices y of the rows, c.x = U - sum of |d_j| over the columns that x sets against the sign of their reduced
cost d = c - A'y - sum of |y_r| x what x leaves on row r, with U the bound of weak duality. So the plans within
G of U are among the sets of columns whose |d_j| add up to G at most. These are listed depth first, least loss
first; the first G that holds a plan gives the optimum, and nothing rests on the solver that gave the prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.portfolio.price_loops import path_of
from contado.kernel.solver import solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from contado.kernel.solver import Model

    Vector = NDArray[np.float64]

__all__ = ["Enumeration"]

_ROWS = 12
"""Rows up to which listing pays: each adds to the loss of the relaxation."""
_MOST = 3_000_000
"""Sets looked at before a search is given up, a fraction of a second."""
_GROWTH = 1.5


@dataclass(slots=True)
class Enumeration:
    """Solves binary programmes of one family one after another; learns how far optima lie from U."""

    guess: float = 0.0
    ended: int = 0
    given_up: int = 0

    def fits(self, model: Model) -> bool:
        """Whether the loops are compiled, all columns are binary and rows are few."""
        binary = model.integer.all() and (model.lower >= 0).all() and (model.upper <= 1).all()
        return (
            path_of() == "compiled"
            and self.given_up <= 2 + self.ended
            and model.n_rows <= _ROWS
            and bool(binary)
        )

    def best(self, model: Model) -> tuple[bool, Vector | None]:
        """Return whether the search came to its end, and the optimum (n), None where there is no plan."""
        claim = solve(model.relaxed())
        if claim.status == "infeasible":
            return True, None
        if claim.status != "optimal" or claim.row_dual is None:
            return False, None
        listing = _listing(model, claim.row_dual)
        limit = max(self.guess, 1e-3 * abs(listing.bound))
        everything = float(listing.loss.sum() + listing.row_loss_most)
        while True:
            found, x, gap = listing.within(limit)
            if not found:
                self.given_up += 1
                return False, None
            if x is not None:
                self.ended += 1
                self.guess = max(0.9 * self.guess, 1.1 * gap)
                return True, x
            if limit > everything:
                return True, None
            limit *= _GROWTH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """Columns by rising loss, what setting each against its sign changes, and the state none is set so."""

    model: Model
    bound: float
    base: Vector
    order: NDArray[np.int64]
    loss: Vector
    change: Vector
    """What a turned column adds to each row (number of columns, m)."""
    activity: Vector
    price: Vector

    @property
    def row_loss_most(self) -> float:
        """More than rows can ever lose by what is left on them."""
        reach = np.abs(self.activity) + np.abs(self.change).sum(axis=0)
        sides = np.where(self.price > 0, self.model.row_upper, self.model.row_lower)
        return float((np.abs(self.price) * (reach + np.where(self.price == 0, 0.0, np.abs(sides)))).sum())

    def within(self, limit: float) -> tuple[bool, Vector | None, float]:
        """Return whether all plans within ``limit`` of the bound were looked at, the best, and its distance."""
        from contado.kernel.portfolio.enumerate_kernels import search

        turned = np.zeros(len(self.order), dtype=np.bool_)
        gap = search(
            self.loss,
            self.change,
            self.activity.copy(),
            self.model.row_lower,
            self.model.row_upper,
            self.price,
            limit,
            _MOST,
            turned,
        )
        if gap == -1.0:
            return False, None, gap
        if gap > limit:
            return True, None, gap
        x = self.base.copy()
        x[self.order[turned]] = 1.0 - x[self.order[turned]]
        return True, x, gap


def _listing(model: Model, row_dual: Vector) -> _Listing:
    """Order the free columns of a model by their loss at the prices."""
    dense = model.dense()
    bound, price = min((_bound(model, dense, sign * row_dual) for sign in (1.0, -1.0)), key=lambda b: b[0])
    reduced = model.cost - price @ dense
    free = model.upper > model.lower
    base = np.where(free, (reduced > 0).astype(float), model.lower)
    order = np.flatnonzero(free)
    order = order[np.argsort(np.abs(reduced[order]), kind="stable")]
    return _Listing(
        model=model,
        bound=bound,
        base=base,
        order=order,
        loss=np.abs(reduced[order]),
        change=np.ascontiguousarray((dense[:, order] * (1.0 - 2.0 * base[order])).T),
        activity=dense @ base,
        price=price,
    )


def _bound(model: Model, dense: Vector, price: Vector) -> tuple[float, Vector]:
    """Return the bound of weak duality and the prices it uses: none on a side without end."""
    usable = np.where(price > 0, np.isfinite(model.row_upper), np.isfinite(model.row_lower))
    y = np.where(usable, price, 0.0)
    reduced = model.cost - y @ dense
    sides = np.where(y > 0, model.row_upper, model.row_lower)
    rows = float((y[y != 0] * sides[y != 0]).sum())
    return rows + float(np.maximum(reduced * model.lower, reduced * model.upper).sum()), y
