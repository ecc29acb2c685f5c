"""The price method on a programme: its sites are enumerated as options, or their best options asked for at prices.

Sites of few interventions are enumerated whole and pruned by dominance. Larger ones start with a few options;
at the prices that these give each site's best option is found exactly (`components`) and added, until none is
missing (column generation). The bound is sum_sites max(0, best margin) + prices x money - floor prices x
floors, with every margin over *all* options of the site: it holds at any prices, and a reader who has the
prices can recompute it.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.errors import InfeasibleProgramme, SolverStopped
from contado.kernel.portfolio.components import SiteOption, Sites
from contado.kernel.portfolio.edit import Extension
from contado.kernel.portfolio.milp import build, choice_of
from contado.kernel.portfolio.mixes import Mix, mix_of
from contado.kernel.portfolio.options import Options
from contado.kernel.portfolio.options_model import options_model
from contado.kernel.portfolio.payments import pay, split_cents
from contado.kernel.portfolio.price_dual import Dual, dual_prices
from contado.kernel.portfolio.price_loops import path_of
from contado.kernel.portfolio.price_round import round_plan
from contado.kernel.portfolio.price_stop import Stop
from contado.kernel.portfolio.result import Choice, Result, assemble
from contado.kernel.portfolio.rounding import Ledger
from contado.kernel.solver import Solution, solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from contado.kernel.portfolio.components import Prices
    from contado.kernel.portfolio.price_loops import Path
    from contado.kernel.portfolio.problem import Problem
    from contado.kernel.progress import Cancel, Progress

__all__ = ["programme_bound_eur", "solve_by_prices"]

_WHOLE = 300
"""Sets of starts up to which a site is enumerated."""
_EXACT = 20_000
"""Options up to which their prices come from the linear programme itself."""
_SMOOTHED = (1e-2, 1e-4)
"""Gaps for whose smoothing a small programme is rounded too: its exact prices stand on an edge."""
_SEARCHED = 1_000
"""Possible starts up to which an exact search over the most doubtful ones follows, for `_NODES` nodes."""
_OPEN = 100
"""Doubtful decisions that it leaves open, about."""
_NODES = 20
_ROUNDS = 40
_DEAR = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Multiples of the first prices at which the large sites give their first options."""


def solve_by_prices(
    problem: Problem,
    *,
    gap_share: float = 1e-4,
    time_limit_s: float = 60.0,
    seed: int = 0,
    path: Path | None = None,
    stop_after: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Result:
    """Choose by prices, pay to the cent, verify.

    Raises
    ------
    InfeasibleProgramme
        There are floors and nothing can start.
    SolverStopped
        No plan was found that keeps every budget and floor.
    """
    started = time.perf_counter()
    stop = Stop(ends_s=started + time_limit_s, cancel=cancel, after=stop_after)
    run = _Run(problem, path_of(path), seed, gap_share, stop)
    prices, bound = run.prices()
    if progress is not None:
        progress("prices", 1, 2, {"bound": bound})
    choices = [_completed(problem, run.sites, plan, prices) for plan in run.plans()]
    if not (choices and stop.ended):
        choices += [c for c in [run.core(prices)] if c is not None]
    if not choices:
        raise _without_plan(problem)
    choice = max(choices, key=lambda c: problem.plan_value_eur(c.starts))
    claim = Solution(
        status="feasible",
        x=None,
        value=None,
        bound=None,
        row_dual=None,
        seconds=time.perf_counter() - started,
        nodes=0,
        solver=f"price method, {run.path}",
        improvements=stop.at,
    )
    money = {cell: prices.get(cell, 0.0) for cell in sorted(problem.budget_cents)}
    floors = {key: prices.get(key, 0.0) for key in sorted(problem.floors_cents)}
    result = assemble(
        problem,
        choice,
        claim,
        money,
        floor_prices=floors,
        price_bound_eur=bound,
        gap_share=gap_share,
        method="price",
    )
    if progress is not None:
        progress("plan", 2, 2, {"plan": result.value_eur, "bound": bound, "gap": result.gap_share})
    return result


def programme_bound_eur(problem: Problem, prices: Prices) -> float:
    """Return the bound [EUR] that prices of budgets and floors prove, recomputed over all options of all sites."""
    sites = Sites(problem)
    return _bound(problem, prices, [sites.best(members, prices)[0] for members in sites.members])


def _bound(problem: Problem, prices: Prices, margins: Iterable[float]) -> float:
    money = [prices.get(cell, 0.0) * cents / 100 for cell, cents in problem.budget_cents.items()]
    floors = [-prices.get(key, 0.0) * cents / 100 for key, cents in problem.floors_cents.items()]
    return math.fsum([*margins, *money, *floors])


def _without_plan(problem: Problem) -> InfeasibleProgramme | SolverStopped:
    if not any(problem.starts(i) for i in range(len(problem.ids))):
        return InfeasibleProgramme(
            "No programme keeps all rules: nothing can start, yet there are floors.",
            hint="plan without floors",
        )
    return SolverStopped(
        "The price method found no plan that keeps every budget and floor.",
        hint="lower the floors, or solve with --method milp, which says whether they can be met",
    )


@dataclass(slots=True)
class _Columns:
    """Options of one site, each once."""

    members: tuple[int, ...]
    options: dict[SiteOption, None]
    whole: bool


class _Run:
    """One solve: options of the sites, their prices, a plan."""

    def __init__(
        self,
        problem: Problem,
        path: Path,
        seed: int,
        gap_share: float,
        stop: Stop,
    ) -> None:
        self.problem, self.path, self.seed, self.gap = problem, path, seed, gap_share
        self.stop = stop
        self.sites = Sites(problem)
        keys: list[tuple[str, str | int]] = [*sorted(problem.budget_cents), *sorted(problem.floors_cents)]
        self.rows = {key: r for r, key in enumerate(keys)}
        self.n_budgets = len(problem.budget_cents)
        self.columns = [self._first(members) for members in self.sites.members]
        self.best: tuple[float, NDArray[np.float64]] = (math.inf, np.zeros(len(self.rows)))

    def _first(self, members: tuple[int, ...]) -> _Columns:
        """Return all undominated options of a small site; of a large one the best at some prices."""
        if self.sites.count(members) <= _WHOLE:
            every = list(self.sites.every(members))
            return _Columns(members, dict.fromkeys(self._undominated(every)), whole=True)
        benefit = math.fsum(float(self.problem.benefit_eur[i]) for i in members)
        cost = sum(int(self.problem.cost_cents[i]) for i in members) / 100
        level = max(benefit, 0.0) / max(cost, 1.0)
        found: dict[SiteOption, None] = {}
        for times in _DEAR:
            option = self.sites.best(members, dict.fromkeys(self.problem.budget_cents, times * level))[1]
            if option is not None:
                found[option] = None
        return _Columns(members, found, whole=False)

    def _undominated(self, options: Sequence[SiteOption]) -> list[SiteOption]:
        """Leave out options that another one of the site beats or equals in value and on every row."""
        uses = np.array([self._dense(o) for o in options]).reshape(len(options), len(self.rows))
        order = sorted(range(len(options)), key=lambda k: (-options[k].value_eur, uses[k].sum(), k))
        kept: list[int] = []
        for k in order:
            if not (uses[kept] <= uses[k]).all(axis=1).any():
                kept.append(k)
        return [options[k] for k in sorted(kept)]

    def _dense(self, option: SiteOption) -> NDArray[np.float64]:
        row = np.zeros(len(self.rows))
        for r, cents in self._entries(option).items():
            row[r] = cents
        return row

    def _entries(self, option: SiteOption) -> dict[int, int]:
        """Return what an option takes from each row [cents]; payments count negative on floors."""
        problem, found = self.problem, dict[int, int]()
        for (i, year), payments in zip(option.starts, option.payments, strict=True):
            for source, cents in payments:
                cells = problem.charges(i, year, source)
                parts = split_cents(cents, [share for _, share in cells])
                charged = [((source, y), part) for (y, _), part in zip(cells, parts, strict=True)]
                floors = (
                    ("municipality", problem.municipalities[i]),
                    ("domain", problem.domains[i]),
                    ("source", source),
                )
                for key, part in [*charged, *((key, -cents) for key in floors)]:
                    if key in self.rows:
                        r = self.rows[key]
                        found[r] = found.get(r, 0) + part
        return {r: cents for r, cents in found.items() if cents}

    def _options(self) -> tuple[Options, list[SiteOption]]:
        """State the columns at hand as a programme of options."""
        listed = [list(c.options) for c in self.columns if c.options]
        flat = [o for options in listed for o in options]
        entries = [sorted(self._entries(o).items()) for o in flat]
        width, m = max([1, *(len(e) for e in entries)]), len(self.rows)
        row = np.full((len(flat), width), m, dtype=np.int16)
        amount = np.zeros((len(flat), width))
        for k, mine in enumerate(entries):
            row[k, : len(mine)] = [r for r, _ in mine]
            amount[k, : len(mine)] = [x for _, x in mine]
        limit = [*(self.problem.budget_cents[c] for c in sorted(self.problem.budget_cents))]
        limit += [-self.problem.floors_cents[key] for key in sorted(self.problem.floors_cents)]
        options = Options(
            ptr=np.cumsum([0, *(len(options) for options in listed)]).astype(np.int64),
            benefit=np.array([o.value_eur * 100 for o in flat]),
            row=row,
            amount=amount,
            limit=np.array(limit, dtype=np.float64),
            n_budgets=self.n_budgets,
            source_row=np.arange(len(flat)),
            budgets=tuple(f"{source} {year}" for source, year in sorted(self.problem.budget_cents)),
            municipalities=tuple(key for _, key in sorted(self.problem.floors_cents)),
        )
        return options, flat

    def prices(self) -> tuple[Prices, float]:
        """Return the prices with the least bound found, and that bound [EUR], over all options of all sites."""
        start: NDArray[np.float64] | None = None
        for _ in range(_ROUNDS):
            options, _flat = self._options()
            if not options.n_options:
                break
            start = self._dual(options, start)
            added = self._price(start)
            if not added or self.stop.reached():
                break
        if self.best[0] == math.inf:
            self._price(np.zeros(len(self.rows)))
        return self._named(self.best[1]), self.best[0]

    def _dual(self, options: Options, start: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return prices of the columns at hand: the exact relaxation's where it is small, else the path's."""
        if options.n_options <= _EXACT:
            dual = solve(options_model(options).relaxed()).row_dual
            if dual is not None:
                return np.abs(dual[: options.n_rows])
        return dual_prices(
            options, gap_share=self.gap, seed=self.seed, stop=self.stop, path=self.path, start=start
        ).prices

    def _named(self, prices: NDArray[np.float64]) -> Prices:
        prices = np.maximum(prices, 0.0)
        return {key: float(prices[r]) for key, r in self.rows.items()}

    def _price(self, vector: NDArray[np.float64]) -> int:
        """Ask every site for its best option at the prices: the bound they prove; return how many were missing."""
        prices, added = self._named(vector), 0
        margins: list[float] = []
        worth = (
            0.01 * self.gap * abs(self.best[0]) / max(1, len(self.columns))
            if self.best[0] < math.inf
            else 0.0
        )
        for columns in self.columns:
            if columns.whole:
                margins.append(self._known(columns, prices))
                continue
            margin, option = self.sites.best(columns.members, prices)
            margins.append(margin)
            if option is not None and option not in columns.options:
                added += margin > self._known(columns, prices) + worth
                columns.options[option] = None
        bound = _bound(self.problem, prices, margins)
        if bound < self.best[0]:
            self.best = bound, vector
        return added

    def _known(self, columns: _Columns, prices: Prices) -> float:
        return max([0.0, *(self._margin(o, prices) for o in columns.options)])

    def _margin(self, option: SiteOption, prices: Prices) -> float:
        keys = list(self.rows)
        return option.value_eur - math.fsum(
            prices[keys[r]] * c / 100 for r, c in self._entries(option).items()
        )

    def plans(self) -> Iterator[list[SiteOption]]:
        """Yield plans that keep every row: rounded at the best prices and, where it is small, at smoothed ones."""
        options, flat = self._options()
        if not options.n_options:
            if not self.problem.floors_cents:
                yield []
            return
        at = [self.best[1]]
        if options.n_options <= _EXACT and not self.stop.ended:
            at += [
                dual_prices(options, gap_share=g, seed=self.seed, path=self.path).prices for g in _SMOOTHED
            ]
        for prices in at:
            dual = Dual(prices=prices, bound=options.bound(prices), passes=0, at_ceiling=False)
            plan = round_plan(options, dual, gap_share=self.gap, stop=self.stop, path=self.path)
            if plan is not None:
                yield [flat[o] for o in sorted(plan.chosen.tolist())]

    def core(self, prices: Prices) -> Choice | None:
        """Return the plan of a short exact search over the decisions that cost least at the prices, or None.

        Only for small programmes; decisions whose loss is larger stay as the prices have them.
        """
        problem = self.problem
        model, columns = build(problem)
        if not 0 < len(columns.x) <= _SEARCHED:
            return None
        loss = self.sites.losses(prices)
        limit = sorted(x for x in loss.values() if x > 0)[: 2 * _OPEN][-1:] or [0.0]
        changed = Extension(model)
        for (i, year), c in columns.x.items():
            others = [loss[i, y] for y in (None, *problem.starts(i)) if y != year]
            if loss[i, year] > limit[0]:
                changed.bound(c, upper=0.0)
            elif min(others) > limit[0]:
                changed.bound(c, lower=1.0)
        claim = solve(changed.finish(), gap_share=self.gap, seed=self.seed, max_nodes=_NODES)
        return None if claim.x is None else choice_of(problem, columns, claim.x)


def _completed(problem: Problem, sites: Sites, plan: Iterable[SiteOption], prices: Prices) -> Choice:
    """Spend what the plan leaves: further starts, the largest margins first; then canonical payments."""
    ledger = Ledger(problem)
    for option in plan:
        for i, year in option.starts:
            ledger.book(i, year, option.paid()[i])
    for _, i, year in sorted(_left_out(problem, sites, prices)):
        if i not in ledger.starts and not ledger.lowers_another(i, year):
            ledger.start(i, year)
    mixes = {i: _mix(problem, i, paid) for i, paid in ledger.payments.items()}
    return Choice(starts=ledger.starts, payments=pay(problem, ledger.starts, mixes))


def _left_out(problem: Problem, sites: Sites, prices: Prices) -> Iterator[tuple[float, int, int]]:
    """Yield (margin with its sign turned, intervention, year) of every start of positive value."""
    for i in range(len(problem.ids)):
        for year in problem.starts(i):
            margin = sites.margin(i, year, prices)
            if margin is not None and problem.value_eur(i, year) > 0:
                yield -margin, i, year


def _mix(problem: Problem, i: int, paid: Mapping[str, int]) -> Mix:
    caps = problem.caps_cents(i)
    return mix_of(problem, i, caps, {f for f in problem.flagged(i, caps) if paid.get(f)})
