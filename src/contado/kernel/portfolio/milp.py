"""The exact MILP: one column a start, one a payment, tight caps, money in thousands of euro.

Columns: x[i,t] start of i in year t (binary); y[i,t,f] >= 0 payment of source f; u[i,f] use of a
source that must be decided on (see `mixes`); where it pays all or nothing its payments are its amount times u;
z[r,t] joint worksite (continuous); p[r,t] both ends of an `enhances` started by t (continuous);
c[t] cost of one intervention whose cost is a variable (`free_cost`, for its break-even).
HiGHS in whole euros with tight tolerances gave wrong optima; thousands with default tolerances do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from contado.kernel.portfolio.mixes import Mix, mix_of
from contado.kernel.portfolio.payments import pay
from contado.kernel.portfolio.problem import OWN, Problem
from contado.kernel.portfolio.result import Choice
from contado.kernel.solver import Model, RowBuilder, Solution, solve_in_child
from contado.kernel.solver import solve as solve_here

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from contado.kernel.progress import Cancel, Progress

__all__ = [
    "UNIT_CENTS",
    "Columns",
    "build",
    "choice_of",
    "claim_of",
    "in_eur",
    "once_each",
    "start_columns",
    "starts_of",
    "ties",
]

UNIT_CENTS = 100_000.0
"""Cents in the model's unit of money, 1,000 EUR."""
_USED = 1e-6
"""A payment below a thousandth of a euro is the solver's dust."""
_IN_PROCESS = 400
"""Binaries up to which HiGHS runs in this process, where nobody watches or can stop it."""
_AT_ONCE = 60
"""Binaries up to which it does so even where somebody may: such a model ends in well under a second."""

_SEARCHED = 300
"""Binaries from which a neighbourhood search comes before the proof."""


@dataclass(slots=True)
class Columns:
    """Where each variable stands: (i, year) -> x, (i, year, source) -> y, and so on."""

    x: dict[tuple[int, int], int] = field(default_factory=dict)
    y: dict[tuple[int, int, str], int] = field(default_factory=dict)
    u: dict[tuple[int, str], int] = field(default_factory=dict)
    z: dict[tuple[int, int], int] = field(default_factory=dict)
    p: dict[tuple[int, int], int] = field(default_factory=dict)
    c: dict[int, int] = field(default_factory=dict)
    free_cost: int | None = None
    charges: dict[tuple[str, int], list[tuple[int, float]]] = field(default_factory=dict)
    budget_rows: dict[tuple[str, int], int] = field(default_factory=dict)
    floor_rows: dict[tuple[str, str], int] = field(default_factory=dict)
    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)

    def add(self, cost: float, upper: float, *, integer: bool) -> int:
        """Add a column and return its number."""
        self.cost.append(cost)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1


def build(
    problem: Problem, *, free_cost: int | None = None, spare_cents: bool = False
) -> tuple[Model, Columns]:
    """Compile the problem into arrays; the model is testable entry by entry before it is solved.

    With ``free_cost`` the cost of that intervention is a variable, and what sources may pay follows it.
    With ``spare_cents`` each budget keeps a cent for each payment that is spread over years, whose parts are
    rounded.
    """
    columns, rows = Columns(free_cost=free_cost), RowBuilder()
    start_columns(problem, columns)
    _worksite_columns(problem, columns, rows)
    once_each(problem, columns, rows)
    _payments(problem, columns, rows)
    ties(problem, columns, rows)
    _budgets(problem, columns, rows, spare_cents=spare_cents)
    _floors(problem, columns, rows)
    return rows.finish(cost=columns.cost, upper=columns.upper, integer=columns.integer), columns


def start_columns(problem: Problem, columns: Columns) -> None:
    """Add x[i,t] for each start that some source may pay something of."""
    for i in range(len(problem.ids)):
        free = i == columns.free_cost or problem.cost_cents[i] == 0
        payable = free or sum(problem.caps_cents(i).values()) > 0
        for year in problem.starts(i) if payable else ():
            columns.x[i, year] = columns.add(problem.value_eur(i, year) / 1000, 1.0, integer=True)


def _worksite_columns(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    """Z <= x_a, z <= x_b; with floors also z >= x_a + x_b - 1, for the saving lowers what a place gets."""
    for r, relation in enumerate(problem.relations):
        if relation.kind != "joint_worksite":
            continue
        for year in problem.years:
            pair = [columns.x.get((k, year)) for k in (relation.a, relation.b)]
            if pair[0] is None or pair[1] is None:
                continue
            z = columns.add(0.0, 1.0, integer=False)
            columns.z[r, year] = z
            for x in pair:
                rows.add([z, x], [1.0, -1.0], upper=0.0)  # type: ignore[list-item]
            if problem.floors_cents:
                rows.add([z, *pair], [1.0, -1.0, -1.0], lower=-1.0)  # type: ignore[list-item]


def once_each(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    """State that an intervention starts once at most, and one of a choice group."""
    groups: dict[str, list[int]] = {}
    for i, group in enumerate(problem.groups):
        mine = [columns.x[i, y] for y in problem.years if (i, y) in columns.x]
        groups.setdefault(f"group {group}" if group else f"one {i}", []).extend(mine)
    for mine in groups.values():
        if len(mine) > 1:
            rows.add(mine, [1.0] * len(mine), upper=1.0)


def _payments(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    savings: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for (r, year), z in columns.z.items():
        relation = problem.relations[r]
        savings.setdefault((relation.a, year), []).append((z, relation.saving_cents / UNIT_CENTS))
    caps = [problem.caps_cents(i) for i in range(len(problem.ids))]
    if columns.free_cost is not None:
        caps[columns.free_cost] = problem.open_caps_cents(columns.free_cost)
    flags = {i: problem.flagged(i, caps[i]) for i in {i for i, _ in columns.x}}
    for i, year in list(columns.x):
        for f in flags[i]:
            if (i, f) not in columns.u:
                columns.u[i, f] = columns.add(0.0, 1.0, integer=True)
        _pay_start(problem, columns, rows, (i, year), caps[i], flags[i], savings.get((i, year), []))
    for i, mine in sorted(flags.items()):
        _companions(problem, columns, rows, i, mine)
        for f in mine:
            if problem.offers[i][f].all_or_nothing:
                _all_or_nothing(problem, columns, rows, (i, f), caps[i][f] / UNIT_CENTS)
            if problem.offers[i][f].public_share < 1:
                _own_share(problem, columns, rows, (i, f), savings)


def _pay_start(
    problem: Problem,
    columns: Columns,
    rows: RowBuilder,
    start: tuple[int, int],
    caps: dict[str, int],
    flagged: list[str],
    savings: list[tuple[int, float]],
) -> None:
    """Payments of one start: they sum to cost less savings, within caps, alone where they must be."""
    i, year = start
    x = columns.x[start]
    offers = problem.offers[i]
    exclusive = {f for f in caps if not offers[f].cumulable}
    cells = [f for f in caps if problem.charges(i, year, f)]
    for f in cells:
        cap = caps[f] / UNIT_CENTS
        y = columns.add(0.0, cap, integer=False)
        columns.y[i, year, f] = y
        for paid, share in problem.charges(i, year, f):
            columns.charges.setdefault((f, paid), []).append((y, share))
        rows.add([y, x], [1.0, -cap], upper=0.0)
        alone = [columns.u[i, g] for g in flagged if g in exclusive]
        if f in flagged:
            rows.add([y, columns.u[i, f]], [1.0, -cap], upper=0.0)
        elif f != OWN and alone:
            rows.add([y, *alone], [1.0, *[cap] * len(alone)], upper=cap)
    ys = [columns.y[i, year, f] for f in cells]
    zs, amounts = [z for z, _ in savings], [a for _, a in savings]
    if i == columns.free_cost:
        most = sum(caps[f] for f in cells) / UNIT_CENTS + sum(amounts)
        base, cost = _free_cost(problem, columns, rows, start, most), 1.0
    else:
        base, cost = x, float(problem.cost_cents[i]) / UNIT_CENTS
    rows.add([*ys, *zs, base], [*[1.0] * len(ys), *amounts, -cost], lower=0.0, upper=0.0)


def _companions(problem: Problem, columns: Columns, rows: RowBuilder, i: int, flagged: list[str]) -> None:
    """At most one of the flagged sources that may not pay beside each other."""
    exclusive = [f for f in flagged if not problem.offers[i][f].cumulable]
    if len(exclusive) > 1:
        rows.add([columns.u[i, f] for f in exclusive], [1.0] * len(exclusive), upper=1.0)
    for f, g in combinations(flagged, 2):
        if not problem.together(i, f, g) and not {f, g} <= {*exclusive}:
            rows.add([columns.u[i, f], columns.u[i, g]], [1.0, 1.0], upper=1.0)


def _all_or_nothing(
    problem: Problem, columns: Columns, rows: RowBuilder, use: tuple[int, str], whole: float
) -> None:
    """Source f pays for i its whole amount (in thousands) where it is used."""
    i, f = use
    mine = [c for (k, _, g), c in columns.y.items() if (k, g) == use]
    if i != columns.free_cost:
        rows.add([*mine, columns.u[use]], [*[1.0] * len(mine), -whole], lower=0.0, upper=0.0)
        return
    rate, capped = problem.rates(i)[f], problem.fixed_cap_cents(i, f)
    costs = list(columns.c.values())
    most = rate * max(columns.upper[c] for c in costs)
    paid, at_rate = [1.0] * len(mine), [-rate] * len(costs)
    if capped is None:
        rows.add([*mine, *costs, columns.u[use]], [*paid, *at_rate, -most], lower=-most)
        return
    limited, cap = columns.add(0.0, 1.0, integer=True), capped / UNIT_CENTS
    rows.add([*mine, *costs, columns.u[use], limited], [*paid, *at_rate, -most, most], lower=-most)
    rows.add([*mine, columns.u[use], limited], [*paid, -cap, -cap], lower=-cap)


def _own_share(
    problem: Problem,
    columns: Columns,
    rows: RowBuilder,
    use: tuple[int, str],
    savings: dict[tuple[int, int], list[tuple[int, float]]],
) -> None:
    """Public money at most a share of the cost (less savings) of i where source f is used."""
    i, f = use
    share = problem.offers[i][f].public_share
    mine = [c for (k, _, g), c in columns.y.items() if k == i and g != OWN]
    zs = [z for (k, _), pairs in savings.items() if k == i for z in pairs]
    if i == columns.free_cost:
        most = float(sum(problem.open_caps_cents(i).values())) / UNIT_CENTS
        costs = list(columns.c.values())
        left = [*[1.0] * len(mine), *[-share] * len(costs), most]
        rows.add([*mine, *costs, columns.u[use]], left, upper=most)
        return
    cost = float(problem.cost_cents[i]) / UNIT_CENTS
    xs = [c for (k, _), c in columns.x.items() if k == i]
    rows.add(
        [*mine, columns.u[use], *[z for z, _ in zs], *xs],
        [*[1.0] * len(mine), (1 - share) * cost, *[share * a for _, a in zs], *[-cost] * len(xs)],
        upper=0.0,
    )


def _free_cost(
    problem: Problem, columns: Columns, rows: RowBuilder, start: tuple[int, int], most: float
) -> int:
    """Add the cost of a start as a variable: 0 without the start, and each rate follows it."""
    i, year = start
    c = columns.add(0.0, most, integer=False)
    columns.c[year] = c
    rows.add([c, columns.x[start]], [1.0, -most], upper=0.0)
    for f, rate in problem.rates(i).items():
        if (i, year, f) in columns.y:
            rows.add([columns.y[i, year, f], c], [1.0, -rate], upper=0.0)
    return c


def ties(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    """State what relations ask of starts: `requires`, `excludes`, and what `enhances` adds."""
    _dependencies(problem, columns, rows)
    _synergies(problem, columns, rows)


def _dependencies(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    for relation in problem.relations:
        a = [(y, columns.x[relation.a, y]) for y in problem.years if (relation.a, y) in columns.x]
        b = [(y, columns.x[relation.b, y]) for y in problem.years if (relation.b, y) in columns.x]
        if relation.kind == "excludes" and a and b:
            both = [c for _, c in a + b]
            rows.add(both, [1.0] * len(both), upper=1.0)
        elif relation.kind == "requires":
            for year, _ in a:
                mine = [c for y, c in a if y <= year]
                theirs = [c for y, c in b if y <= year]
                rows.add([*mine, *theirs], [*[1.0] * len(mine), *[-1.0] * len(theirs)], upper=0.0)


def _synergies(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    """`enhances`: with a and b started by t, the value of a grows by its factor, from the later start."""
    discount = {y: (1 + problem.discount_rate_share) ** -(y - problem.base_year) for y in problem.years}
    after = dict(zip(problem.years, [discount[y] for y in problem.years[1:]] + [0.0], strict=True))
    for r, relation in enumerate(problem.relations):
        if relation.kind != "enhances":
            continue
        gain = relation.effect_factor * float(problem.benefit_eur[relation.a]) / 1000
        for year in problem.years:
            started = [
                [columns.x[k, y] for y in problem.years if y <= year and (k, y) in columns.x]
                for k in (relation.a, relation.b)
            ]
            if not started[0] or not started[1]:
                continue
            p = columns.add(gain * (discount[year] - after[year]), 1.0, integer=False)
            columns.p[r, year] = p
            for side in started:
                rows.add([p, *side], [1.0, *[-1.0] * len(side)], upper=0.0)
            both = started[0] + started[1]
            rows.add([p, *both], [1.0, *[-1.0] * len(both)], lower=-1.0)


def _budgets(problem: Problem, columns: Columns, rows: RowBuilder, *, spare_cents: bool) -> None:
    for (source, year), cents in sorted(problem.budget_cents.items()):
        mine = columns.charges.get((source, year))
        if mine:
            paid, shares = [c for c, _ in mine], [share for _, share in mine]
            left = cents - (sum(share < 1 for share in shares) if spare_cents else 0)
            columns.budget_rows[source, year] = rows.add(paid, shares, upper=left / UNIT_CENTS)


def _floors(problem: Problem, columns: Columns, rows: RowBuilder) -> None:
    for (kind, key), cents in sorted(problem.floors_cents.items()):
        mine = [c for (i, _, source), c in columns.y.items() if _counts(problem, kind, key, i, source)]
        columns.floor_rows[kind, key] = rows.add(mine, [1.0] * len(mine), lower=cents / UNIT_CENTS)


def _counts(problem: Problem, kind: str, key: str, i: int, source: str) -> bool:
    """Whether a payment of ``source`` to intervention ``i`` counts towards a floor."""
    return {"municipality": problem.municipalities[i], "domain": problem.domains[i], "source": source}[
        kind
    ] == key


def claim_of(
    model: Model,
    *,
    gap_share: float = 0.0,
    time_limit_s: float = 60.0,
    seed: int = 0,
    improvements: int | None = None,
    groups: Sequence[Sequence[int]] = (),
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Solution:
    """Solve a model in this process when it is small, else in a child that can be stopped.

    Where it is large and ``groups`` of columns are given, it begins with a neighbourhood search over these.
    ``progress`` hears of plans and bounds in EUR.
    """
    watched = progress is not None or cancel is not None or improvements is not None
    binaries = int(model.integer.sum())
    if binaries <= (_AT_ONCE if watched else _IN_PROCESS):
        return solve_here(model, gap_share=gap_share, time_limit_s=time_limit_s, seed=seed)
    told = None if progress is None else in_eur(progress)
    return solve_in_child(
        model,
        gap_share=gap_share,
        time_limit_s=time_limit_s,
        seed=seed,
        improvements=improvements,
        groups=groups if binaries > _SEARCHED else (),
        progress=told,
        cancel=cancel,
    )


def in_eur(progress: Progress) -> Progress:
    """Return a progress that passes plans and bounds of the model, in thousands, on in EUR."""

    def told(
        stage: str, done: float, total: float | None = None, info: Mapping[str, object] | None = None
    ) -> None:
        money = {k: v * 1000 for k, v in (info or {}).items() if k != "gap" and isinstance(v, float)}
        progress(stage, done, total, {**(info or {}), **money})

    return told


def starts_of(columns: Columns, x: NDArray[np.float64]) -> dict[int, int]:
    """Return the start year of each intervention that a solution chooses."""
    return {i: year for (i, year), c in columns.x.items() if x[c] > 0.5}


def choice_of(problem: Problem, columns: Columns, x: NDArray[np.float64]) -> Choice:
    """Return a solution's starts with their canonical payments.

    Raises
    ------
    CertificateFailed
        The starts cannot be paid to the cent.
    """
    starts = starts_of(columns, x)
    return Choice(starts=starts, payments=pay(problem, starts, _mixes(problem, columns, x, starts)))


def _mixes(
    problem: Problem, columns: Columns, x: NDArray[np.float64], starts: dict[int, int]
) -> dict[int, Mix]:
    """For each chosen intervention, the sources that may pay beside those it uses, and the share of own money."""
    mixes: dict[int, Mix] = {}
    for i, year in starts.items():
        caps = problem.caps_cents(i)
        used = {
            f
            for f in problem.flagged(i, caps)
            if (c := columns.y.get((i, year, f))) is not None and x[c] > _USED and x[columns.u[i, f]] > 0.5
        }
        mixes[i] = mix_of(problem, i, caps, used)
    return mixes
