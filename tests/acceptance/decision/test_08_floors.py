"""Decision, item 8: floors of 133 municipalities on a large programme."""

import itertools
import json
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from contado.cli.app import run
from contado.kernel.portfolio import Problem
from contado.kernel.portfolio.milp import build
from contado.kernel.portfolio.price import solve_options
from contado.kernel.solver import Model, solve


@pytest.fixture(scope="module")
def family(bench):
    """The generator of the bench family, with the compiled loops loaded."""
    module = bench("portfolio/price")
    solve_options(module.family(300, floors=5), gap_share=1e-2, method="price")
    return module.family


@pytest.mark.item("decision", 8, "1e4 sites, 133 floors of 0.5 pro rata", "all met, gap 0.2 % in 5 s")
def test_floors_at_scale(family, figure):
    worst, slowest = 0.0, 0.0
    for seed in (0, 1, 2):
        options = family(10_000, seed=seed, floors=133)
        started = time.perf_counter()
        result = solve_options(options, gap_share=2e-3, time_limit_s=5.0)
        slowest = max(slowest, time.perf_counter() - started)
        worst = max(worst, result.gap_share)
        position = {row: o for o, row in enumerate(options.source_row.tolist())}
        used = options.use(np.array([position[row] for row in result.chosen]))
        assert (used <= options.limit).all()
    figure(f"worst gap {worst:.2e} in {slowest:.2f} s, three programmes")
    assert worst <= 2e-3
    assert slowest <= 5.0


@pytest.mark.item("decision", 8, "floor prices reproduce the bound", "1e-9 relative")
def test_floor_prices(family, figure):
    options = family(10_000, floors=133)
    result = solve_options(options, gap_share=2e-3)
    prices = np.array([*result.prices.values(), *result.floor_prices.values()])
    margin = np.zeros(options.n_sites)
    priced = np.append(prices, 0.0)
    v = options.benefit - (options.amount * priced[options.row]).sum(axis=1)
    np.maximum.at(margin, options.site, v)
    bound = (margin.sum() + prices @ options.limit) / 100
    figure(f"{abs(bound - result.bound_eur) / bound:.1e}")
    assert bound == pytest.approx(result.bound_eur, rel=1e-9)


@pytest.mark.item("decision", 8, "tiny7 with soft floors", "largest shortfall of full enumeration")
def test_soft_floors(shared, capsys, tmp_path, figure):
    folder = shared("planning/programme/tiny7")
    higher = tmp_path / "higher"
    shutil.copytree(folder, higher, copy_function=shutil.copyfile)
    higher.chmod(0o755)
    (higher / "equity_floors.csv").write_text("municipality,min_spend_eur\nM1,390000\nM2,300000\nM3,160000\n")
    found = []
    for case in (folder, higher):
        run(["portfolio", "solve", str(case), "--floors", "soft", "--json", "--quiet"])
        answer = json.loads(capsys.readouterr().out)
        least = enumerated(Problem.from_folder(case))
        found.append(f"{answer['largest_shortfall']:.4f} = {least:.4f}")
        assert answer["verified"]
        assert answer["largest_shortfall"] == pytest.approx(least, abs=1e-6)
    figure("; with higher floors ".join(found))


def enumerated(problem):
    """The least largest relative shortfall over all sets of starts that can be paid."""
    model, columns = build(problem)
    bounded = replace(model, row_lower=model.row_lower.copy())
    rows = list(columns.floor_rows.values())
    floors = model.row_lower[rows]
    bounded.row_lower[rows] = -np.inf
    least = 1.0
    starts = [[None, *problem.starts(i)] for i in range(len(problem.ids))]
    for choice in itertools.product(*starts):
        paid = paid_most(problem, choice)
        if max(1 - p / f for p, f in zip(paid, floors, strict=True)) < least:
            fixed = {c: float(choice[i] == y) for (i, y), c in columns.x.items()}
            least = min(least, shortfall(bounded, fixed, rows, floors))
    return least


def paid_most(problem, choice):
    """What the places would be paid if every chosen start cost its full sum, in thousands."""
    places = [key for _, key in sorted(problem.floors_cents)]
    total = dict.fromkeys(places, 0.0)
    for i, year in enumerate(choice):
        if year is not None:
            total[problem.municipalities[i]] += problem.cost_cents[i] / 1e5
    return list(total.values())


def shortfall(model, fixed, rows, floors):
    """The largest shortfall of fixed starts when their payments are chosen best; 1 where they cannot be paid."""
    lower, upper = np.append(model.lower, 0.0), np.append(model.upper, 1.0)
    for column, value in fixed.items():
        lower[column] = upper[column] = value
    t, start = model.n_columns, model.start
    ends = [int(start[r + 1]) for r in rows]
    row_lower = model.row_lower.copy()
    row_lower[rows] = floors
    shift = np.searchsorted(ends, start, side="right")
    claim = solve(
        Model(
            cost=np.append(np.zeros(t), -1.0),
            lower=lower,
            upper=upper,
            integer=np.append(model.integer, False),
            row_lower=row_lower,
            row_upper=model.row_upper,
            start=(start + shift).astype(np.int32),
            index=np.insert(model.index, ends, t).astype(np.int32),
            value=np.insert(model.value, ends, floors),
        ),
        gap_share=0.0,
    )
    return 1.0 if claim.x is None else -claim.value
