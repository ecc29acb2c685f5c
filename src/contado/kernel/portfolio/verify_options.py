"""The auditor of large programmes: recomputes a plan and its bound from the plain tables.

It imports nothing of the optimiser and no solver. Money is added in whole cents.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from contado.kernel.portfolio.verify import Verdict, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["recomputed_bound_eur", "verify_options"]


def verify_options(tables: Mapping[str, pa.Table], chosen: Sequence[int], *, floors: bool = True) -> Verdict:
    """Check the chosen options against the tables of an options folder.

    Parameters
    ----------
    tables
        ``options, budgets`` and optional ``sites, equity_floors``.
    chosen
        Numbers of rows of ``options``, from 0.
    floors
        Whether the floors count.
    """
    options = tables["options"]
    known = [o for o in chosen if 0 <= o < options.num_rows]
    picked = options.take(np.array(known, dtype=np.int64))
    violations = [
        Violation(rule="unknown_option", key=str(o), message="there is no such row")
        for o in chosen
        if not 0 <= o < options.num_rows
    ]
    violations += _once(picked, known)
    violations += _budgets(tables["budgets"], picked)
    if floors and "equity_floors" in tables:
        violations += _floors(tables, picked)
    value = math.fsum(picked["benefit_eur"].to_pylist())
    return Verdict(value_eur=value, violations=tuple(violations))


def recomputed_bound_eur(
    tables: Mapping[str, pa.Table], prices: Mapping[str, float], floor_prices: Mapping[str, float]
) -> float:
    """Return sum_sites max(0, max_o v_o) + prices.B - floor_prices.F, from prices as they are printed.

    v_o = benefit - sum price x cost + floor price of the site's municipality x payments. No plan that
    keeps the rules is worth more, whatever the prices (weak duality), as long as none is negative.
    """
    options = tables["options"]
    v = _column(options, "benefit_eur")
    paid = np.zeros(options.num_rows)
    for budget, cost in _entries(options):
        amount = _column(options, cost)
        paid += amount
        v -= amount * np.array([prices.get(str(b), 0.0) for b in options[budget].to_pylist()])
    if floor_prices:
        home = _homes(tables)
        sites = options["site"].to_pylist()
        v += paid * np.array([floor_prices.get(home.get(str(s), ""), 0.0) for s in sites])
    _, site = np.unique(np.array(options["site"].to_pylist(), dtype=str), return_inverse=True)
    margin = np.zeros(site.max(initial=-1) + 1)
    np.maximum.at(margin, site, v)
    terms = [prices.get(str(b["budget"]), 0.0) * b["budget_eur"] for b in tables["budgets"].to_pylist()]
    if floor_prices:
        rows = tables["equity_floors"].to_pylist()
        terms += [-floor_prices.get(str(f["municipality"]), 0.0) * f["min_spend_eur"] for f in rows]
    return math.fsum([*margin.tolist(), *terms])


def _cents(amount: float | None) -> int:
    return round(amount * 100) if amount is not None else 0


def _column(table: pa.Table, name: str) -> NDArray[np.float64]:
    return np.array([x or 0.0 for x in table[name].to_pylist()], dtype=np.float64)


def _entries(options: pa.Table) -> list[tuple[str, str]]:
    """Return the pairs of columns (budget, cost) of an option."""
    names = [n for n in options.column_names if n.startswith("budget_")]
    return [(n, f"cost_{n.removeprefix('budget_')}_eur") for n in sorted(names)]


def _payments(picked: pa.Table) -> Iterator[tuple[str, str, int]]:
    """Yield site, budget and cents of every payment."""
    sites = [str(s) for s in picked["site"].to_pylist()]
    for budget, cost in _entries(picked):
        rows = zip(sites, picked[budget].to_pylist(), picked[cost].to_pylist(), strict=True)
        for site, name, amount in rows:
            if name is not None and amount:
                yield site, str(name), _cents(amount)


def _once(picked: pa.Table, known: Sequence[int]) -> Iterator[Violation]:
    first: dict[str, int] = {}
    for site, o in zip(picked["site"].to_pylist(), known, strict=True):
        if str(site) in first:
            text = f"options {first[str(site)]} and {o} are chosen"
            yield Violation(rule="one_per_site", key=str(site), message=text)
        first[str(site)] = o


def _budgets(budgets: pa.Table, picked: pa.Table) -> Iterator[Violation]:
    limit = {str(b["budget"]): _cents(b["budget_eur"]) for b in budgets.to_pylist()}
    spent: dict[str, int] = {}
    for _, name, cents in _payments(picked):
        spent[name] = spent.get(name, 0) + cents
    for name, cents in sorted(spent.items()):
        if cents > limit.get(name, 0):
            yield _money("budget", name, limit.get(name, 0), cents, "budget exceeded")


def _homes(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    if "sites" not in tables:
        return {}
    return {str(r["site"]): str(r["municipality"]) for r in tables["sites"].to_pylist()}


def _floors(tables: Mapping[str, pa.Table], picked: pa.Table) -> Iterator[Violation]:
    home, spent = _homes(tables), dict[str, int]()
    for site, _, cents in _payments(picked):
        place = home.get(site, "")
        spent[place] = spent.get(place, 0) + cents
    for row in tables["equity_floors"].to_pylist():
        place, floor = str(row["municipality"]), _cents(row["min_spend_eur"])
        if spent.get(place, 0) < floor:
            found = spent.get(place, 0)
            yield _money("floor", f"municipality {place}", floor, found, "less than the floor is spent")


def _money(rule: str, key: str, limit: int, found: int, text: str) -> Violation:
    return Violation(
        rule=rule,
        key=key,
        message=f"{text}: {found / 100:.2f} EUR where {limit / 100:.2f} EUR is the limit",
        limit_eur=limit / 100,
        found_eur=found / 100,
        excess_eur=(found - limit) / 100,
    )
