"""From prices to a plan: sites of small loss are moved until every row is kept and little is left over.

At prices l the gap of a plan splits exactly into *margins given up* (sum of M_i - v of what is chosen) and
*prices x slack*. A sweep lets each site take the alternative for which losses + priced slack + priced
shortage is least; what is short afterwards is repaired by least loss per euro, what is left is filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.portfolio.price_loops import loops, path_of

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price_dual import Dual
    from contado.kernel.portfolio.price_loops import Path
    from contado.kernel.portfolio.price_stop import Stop

    Vector = NDArray[np.float64]
    Numbers = NDArray[np.int64]

__all__ = ["Plan", "plan_of", "round_plan"]

_CANDIDATES = 40_000
_A_ROW = 150
_ROUNDS = 6
_FLOOR_STEPS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_STEPS = 17
_LEAST_STEP, _GROWTH = 0.001, 1.5
_LAST_SWEEPS = 20
_MOVES = 3_000
_FILLS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Chosen options (numbers), their value, and the gap's two parts [cents]."""

    chosen: Numbers
    value: float
    margins_given_up: float
    priced_slack: float


@dataclass(slots=True)
class _State:
    """A choice of every site (N; -1 for nothing) and what it leaves on the rows (m + 1)."""

    choice: Numbers
    slack: Vector

    def copy(self) -> _State:
        return _State(self.choice.copy(), self.slack.copy())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """What a sweep works on: losses, candidates, prices by row (m + 1)."""

    options: Options
    kernels: ModuleType
    loss: Vector
    loss_none: Vector
    sites: Numbers
    start: Numbers
    number: Numbers
    prices: Vector

    def sweep(self, state: _State, spare: Vector, short: Vector, aim: Vector, times: int) -> None:
        """Sweep until nothing changes, at most ``times`` times."""
        for _ in range(times):
            changed = self.kernels.sweep(
                self.sites,
                self.start,
                self.number,
                state.choice,
                state.slack,
                self.options.row,
                self.options.amount,
                self.loss,
                self.loss_none,
                spare,
                short,
                aim,
            )
            if not changed:
                return

    def repair(self, state: _State, rows: tuple[int, int], free: tuple[int, int]) -> float:
        """Mend the rows from..to; return what they still lack [cents]. ``free`` rows may become short."""
        lacking: float = self.kernels.repair(
            self.sites,
            self.start,
            self.number,
            state.choice,
            state.slack,
            self.options.row,
            self.options.amount,
            self.loss,
            self.loss_none,
            *rows,
            *free,
            _MOVES,
        )
        return lacking

    def fill(self, state: _State) -> None:
        """Spend what is left: switches to more benefit that every row allows, the largest gains first."""
        options, gain = self.options, np.empty(len(self.number))
        of = np.repeat(self.sites, np.diff(self.start))
        for _ in range(_FILLS):
            found = self.kernels.gains(
                self.sites,
                self.start,
                self.number,
                state.choice,
                state.slack,
                options.row,
                options.amount,
                options.benefit,
                gain,
            )
            if not found:
                return
            best = np.argsort(-gain, kind="stable")[:found]
            self.kernels.switch(
                of[best],
                self.number[best],
                state.choice,
                state.slack,
                options.row,
                options.amount,
                options.benefit,
            )


def round_plan(
    options: Options, dual: Dual, *, gap_share: float, stop: Stop | None = None, path: Path | None = None
) -> Plan | None:
    """Return the best plan found that keeps every row, or None.

    Parameters
    ----------
    stop
        Asked after each round whether to end with the best plan so far; None = never.
    path
        Compiled or numpy loops; None = the fastest at hand.
    """
    field, state = _prepare(options, dual, loops(path_of(path)))
    nb, m = options.n_budgets, options.n_rows
    typical = _typical_payment(options)
    aim = np.zeros(m + 1)
    aim[:nb] = 0.006 * typical
    if m > nb:
        _meet_floors(field, state, nb, m)
    best: tuple[float, _State] | None = None
    for turn in range(_ROUNDS):
        _spend_budgets(field, state, aim, upper_half=turn > 0)
        mended, lacked = _mended(field, state, nb, m)
        if mended is not None:
            value = _value(options, mended.choice)
            if best is None or value > best[0]:
                best = value, mended
            if dual.bound - best[0] <= gap_share * abs(dual.bound):
                break
        aim[:nb] += 1.5 * lacked[:nb]
        aim[nb:] += 1.2 * lacked[nb:]
        aim[lacked == 0] *= 0.7
        if stop is not None and stop.reached():
            break
    return None if best is None else _plan(field, *best)


def _prepare(options: Options, dual: Dual, kernels: ModuleType) -> tuple[_Field, _State]:
    """Start from each site's best option at the prices, and pick the candidates."""
    v, starts = options.values(dual.prices), options.ptr[:-1]
    margin = np.maximum(np.maximum.reduceat(v, starts), 0.0)
    loss = np.where(_affordable(options), np.repeat(margin, np.diff(options.ptr)) - v, np.inf)
    choice = _best_options(options, loss, margin)
    sites, start, number = _candidates(options, kernels, loss, margin, choice)
    slack = np.append(options.limit - options.use(choice[choice >= 0]), 0.0)
    field = _Field(
        options=options,
        kernels=kernels,
        loss=loss,
        loss_none=margin,
        sites=sites,
        start=start,
        number=number,
        prices=np.append(dual.prices, 0.0),
    )
    return field, _State(choice, slack)


def _best_options(options: Options, loss: Vector, margin: Vector) -> Numbers:
    """Return the option of least loss of each site, the first of equals; -1 where nothing does as well."""
    least = np.minimum.reduceat(loss, options.ptr[:-1])
    best = np.flatnonzero(loss == np.repeat(least, np.diff(options.ptr)))[::-1]
    choice = np.full(options.n_sites, -1, dtype=np.int64)
    choice[np.searchsorted(options.ptr, best, side="right") - 1] = best
    choice[margin <= least] = -1
    return choice


def _affordable(options: Options) -> NDArray[np.bool_]:
    """Return whether an option alone exceeds no budget (O); the others are never taken."""
    limit = np.append(options.limit, np.inf)
    limit[options.n_budgets :] = np.inf
    return np.asarray((options.amount <= limit[options.row]).all(axis=1), dtype=np.bool_)


def _candidates(
    options: Options, kernels: ModuleType, loss: Vector, margin: Vector, choice: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the alternatives of least loss, and of each row those of least loss per cent, by site."""
    size = options.n_sites + max(_CANDIDATES, options.n_sites // 8)  # each site's best is among them
    both = np.concatenate([loss, margin])
    limit = np.partition(both, size)[size] if size < len(both) else np.inf
    kept, kept_none = loss <= limit, margin <= limit
    kernels.per_row(options.row, options.amount, loss, options.n_rows, _A_ROW, kept)
    kept &= np.isfinite(loss)
    kept[choice[choice >= 0]] = True
    kept_none |= choice < 0
    found: tuple[Numbers, Numbers, Numbers] = kernels.alternatives_of(options.ptr, kept, kept_none)
    return found


def _typical_payment(options: Options) -> float:
    some = options.amount[:: 1 + options.n_options // 100_000]
    paid = some[some > 0]
    return float(np.median(paid)) if len(paid) else 0.0


def _floor_prices(field: _Field, nb: int) -> tuple[Vector, Vector]:
    """Return the prices of spare and of missing money on the floors (m + 1; 0 on the budgets)."""
    spare, short = np.zeros_like(field.prices), np.zeros_like(field.prices)
    middle = float(np.median(field.prices[:nb])) if nb else 0.0
    spare[nb:-1] = field.prices[nb:-1]
    short[nb:-1] = 2 * field.prices[nb:-1] + 4 * middle
    return spare, short


def _meet_floors(field: _Field, state: _State, nb: int, m: int) -> None:
    """Bring every floor to its least payment, budgets left aside."""
    spare, short = _floor_prices(field, nb)
    aim = np.zeros(m + 1)
    for step in _FLOOR_STEPS:
        field.sweep(state, step * spare, step * short, aim, 8)
    for _ in range(4):
        if (state.slack[nb:m] >= 0).all():
            return
        short = short * 3
        field.sweep(state, spare, short, aim, 8)
    field.repair(state, (nb, m), (0, nb))


def _spend_budgets(field: _Field, state: _State, aim: Vector, *, upper_half: bool) -> None:
    """Raise the prices of budgets from nothing to their full height, floors at theirs."""
    nb = field.options.n_budgets
    price = field.prices[:nb]
    middle = float(np.median(price)) if nb else 0.0
    raised = np.maximum(price, 0.3 * middle)
    spare, short = _floor_prices(field, nb)
    for k in range(_STEPS // 2 if upper_half else 0, _STEPS):
        step = _LEAST_STEP * _GROWTH**k
        spare[:nb], short[:nb] = step * price, 2 * step * raised
        field.sweep(state, spare, short, aim, 3)
    spare[:nb], short[:nb] = price, 3 * raised
    field.sweep(state, spare, short, aim, _LAST_SWEEPS)


def _mended(field: _Field, state: _State, nb: int, m: int) -> tuple[_State | None, Vector]:
    """Return a copy that keeps every row (None where none was found), and what the state lacked (m + 1)."""
    lacked = np.maximum(-state.slack, 0.0)
    lacked[-1] = 0.0
    plan = state.copy()
    field.fill(plan)
    if m > nb and field.repair(plan, (nb, m), (0, nb)) > 0:
        return None, lacked
    if field.repair(plan, (0, nb), (0, 0)) > 0:
        return None, lacked
    field.fill(plan)
    return plan, lacked


def _value(options: Options, choice: Numbers) -> float:
    return float(options.benefit[choice[choice >= 0]].sum())


def _plan(field: _Field, value: float, state: _State) -> Plan:
    taken = state.choice >= 0
    given_up = field.loss[state.choice[taken]].sum() + field.loss_none[~taken].sum()
    return Plan(
        chosen=state.choice[taken],
        value=value,
        margins_given_up=float(given_up),
        priced_slack=float(field.prices @ state.slack),
    )


def plan_of(options: Options, dual: Dual, chosen: Numbers) -> Plan:
    """Return a plan that was found elsewhere, with the two parts of its gap."""
    margin = np.maximum(np.maximum.reduceat(options.values(dual.prices), options.ptr[:-1]), 0.0)
    left = options.limit - options.use(chosen)
    return Plan(
        chosen=chosen,
        value=float(options.benefit[chosen].sum()),
        margins_given_up=float(margin.sum() - options.values(dual.prices)[chosen].sum()),
        priced_slack=float(dual.prices @ left),
    )
