"""The bench family: large programmes made from a seed, as arrays, as tables and as our options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.portfolio.options import Options

if TYPE_CHECKING:
    import pyarrow as pa

BUDGETS, SOURCES, YEARS = 20, 4, 5
SHARES = np.array([0.4, 0.6, 0.8, 1.0])
SCALES = np.array([0.5, 1.0, 1.6])


def columns(n, seed=0, floors=0, pro_rata=0.5, choices=None):
    """Arguments of `Options.from_arrays`: ``n`` sites, 2-8 options each (or ``choices``), 5 years x 4 sources.

    A floor asks ``pro_rata`` of all budgets, shared by the cost of a municipality's sites.
    """
    rng = np.random.default_rng(seed)
    cost = rng.lognormal(10.6, 1.0, n)
    sizes = rng.integers(2, 9, n) if choices is None else np.full(n, choices)
    site = np.repeat(np.arange(n), sizes)
    o = len(site)
    year, first = rng.integers(0, YEARS, o), rng.integers(0, SOURCES, o)
    second = (first + rng.integers(1, SOURCES, o)) % SOURCES
    share, scale = rng.choice(SHARES, o), rng.choice(SCALES, o)
    benefit = cost[site] * np.repeat(rng.lognormal(0, 0.6, n), sizes) * scale**0.85 * 0.97**year
    paid = np.rint(cost[site] * scale)
    part = np.rint(paid * share)
    budget = np.column_stack([year * SOURCES + first, year * SOURCES + second])
    total = 0.15 * cost.sum() / BUDGETS * rng.uniform(0.6, 1.4, BUDGETS)
    made = {
        "site": site,
        "benefit_eur": np.rint(benefit),
        "budget": budget,
        "cost_eur": np.column_stack([part, paid - part]),
        "budget_eur": np.rint(total),
    }
    if floors:
        place = rng.integers(0, floors, n)
        floor = pro_rata * total.sum() * np.bincount(place, cost, minlength=floors) / cost.sum()
        made |= {"municipality": place[site], "floor_eur": np.floor(floor)}
    return made


def family(n, seed=0, floors=0, pro_rata=0.5):
    """The same as a programme."""
    return Options.from_arrays(**columns(n, seed, floors, pro_rata))


def tables(n, seed=0, choices=None) -> dict[str, pa.Table]:
    """The same as the Arrow tables of an options folder, without floors."""
    import pyarrow as pa

    made = columns(n, seed, choices=choices)
    names = pa.array([f"{2027 + r // SOURCES}-s{r % SOURCES}" for r in range(BUDGETS)])
    cost, budget = made["cost_eur"], made["budget"]
    options = {"site": made["site"], "benefit_eur": made["benefit_eur"]}
    for k, letter in enumerate("ab"):
        options[f"budget_{letter}"] = names.take(pa.array(budget[:, k]))
        options[f"cost_{letter}_eur"] = cost[:, k]
    return {
        "options": pa.table(options),
        "budgets": pa.table({"budget": names, "budget_eur": made["budget_eur"]}),
    }
