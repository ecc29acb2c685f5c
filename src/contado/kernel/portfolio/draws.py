"""Draws of costs and benefits from their intervals, and the plan of each draw.

Each draw takes every intervention's cost and benefit independently from a triangular law on [low, high]
whose mode is the stated value: symmetric when the interval is symmetric about it; an interval that is
empty or of equal ends has width zero. No draw leaves its interval.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from contado.kernel.errors import InfeasibleProgramme
from contado.kernel.portfolio.milp import build, claim_of, starts_of
from contado.kernel.portfolio.rounding import round_shares
from contado.kernel.portfolio.search import force_out
from contado.kernel.solver import WarmLP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from contado.kernel.portfolio.problem import Problem

__all__ = ["Intervals", "Method", "Replanner", "intervals", "sample", "triangular"]

Method = Literal["milp", "lp_rounding", "price"]

EXACT_MAX = 60
"""Starts (intervention x year) up to which every draw is planned by the MILP."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Low and high ends of cost [cents] and benefit [EUR] of n interventions; equal ends = width zero."""

    cost: NDArray[np.float64]
    benefit: NDArray[np.float64]

    @property
    def open(self) -> bool:
        """Whether any interval has a width."""
        return bool((np.diff(self.cost) > 0).any() or (np.diff(self.benefit) > 0).any())


def intervals(problem: Problem) -> Intervals:
    """Read the intervals of a problem's rows (shape (n, 2) each)."""
    rows = problem.rows.get("interventions", ())
    cost = [_ends(r, "cost", float(c), 100.0) for r, c in zip(rows, problem.cost_cents.tolist(), strict=True)]
    benefit = [
        _ends(r, "benefit", float(b), 1.0) for r, b in zip(rows, problem.benefit_eur.tolist(), strict=True)
    ]
    return Intervals(
        cost=np.array(cost, dtype=np.float64).reshape(-1, 2),
        benefit=np.array(benefit, dtype=np.float64).reshape(-1, 2),
    )


def _ends(row: Mapping[str, Any], what: str, value: float, scale: float) -> tuple[float, float]:
    low, high = (_number(row.get(f"{what}_{end}_eur")) * scale for end in ("low", "high"))
    return (low, high) if low < high else (value, value)


def _number(cell: Any) -> float:
    """Return a cell as a number; NaN, which is below and above nothing, for an empty one."""
    return math.nan if cell is None or cell == "" else float(cell)


def sample(problem: Problem, draws: int, seed: int) -> list[Problem]:
    """Return the problem under ``draws`` seeded draws of its costs and benefits."""
    ends = intervals(problem)
    u = np.random.default_rng(seed).random((draws, len(problem.ids), 2))
    costs = triangular(u[..., 0], ends.cost, problem.cost_cents.astype(np.float64))
    benefits = triangular(u[..., 1], ends.benefit, problem.benefit_eur)
    low, high = np.ceil(ends.cost[:, 0]), np.floor(ends.cost[:, 1])
    cents = np.clip(np.rint(costs), low, np.maximum(low, high)).astype(np.int64)
    return [problem.with_figures(cost_cents=c, benefit_eur=b) for c, b in zip(cents, benefits, strict=True)]


def triangular(
    u: NDArray[np.float64], ends: NDArray[np.float64], mode: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Invert the distribution function of the triangular law on ``ends`` (n, 2) at ``u`` (draws, n)."""
    low, high = ends[:, 0], ends[:, 1]
    width = np.where(high > low, high - low, 1.0)
    top = np.clip((np.clip(mode, low, high) - low) / width, 0.0, 1.0)
    rising = low + width * np.sqrt(u * top)
    falling = high - width * np.sqrt((1 - u) * (1 - top))
    return np.where(high > low, np.clip(np.where(u < top, rising, falling), low, high), mode)


class Replanner:
    """Plans one draw after the other: exactly where that is quick, else the LP with rounding."""

    def __init__(self, problem: Problem, *, gap_share: float = 1e-4, time_limit_s: float = 60.0) -> None:
        model, _ = build(problem)
        self.method: Method = "milp" if int(model.integer.sum()) <= EXACT_MAX else "lp_rounding"
        self._gap, self._time = gap_share, time_limit_s
        self._lp = WarmLP()
        if self.method == "lp_rounding":
            self._lp.solve(model)

    def plan(self, drawn: Problem, *, among: Mapping[int, int] | None = None) -> dict[int, int]:
        """Return the starts of the best plan of a draw, or of the best part of the starts ``among``.

        Raises
        ------
        InfeasibleProgramme
            The floors cannot be met in this draw.
        """
        model, columns = build(drawn)
        if among is not None:
            model = force_out(model, columns.x, [i for i in range(len(drawn.ids)) if i not in among])
        exact = self.method == "milp"
        claim = (
            claim_of(model, gap_share=self._gap, time_limit_s=self._time) if exact else self._lp.solve(model)
        )
        if claim.x is None:
            raise InfeasibleProgramme(
                "No programme keeps the floors in this draw.", hint="plan without floors"
            )
        if exact:
            return starts_of(columns, claim.x)
        shares = {start: float(claim.x[c]) for start, c in columns.x.items() if claim.x[c] > 1e-7}
        return round_shares(drawn, shares, among=among)
