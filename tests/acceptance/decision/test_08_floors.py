"""Decision, item 8: floors of 133 municipalities on a large programme."""

import importlib.util
import time
from pathlib import Path

import numpy as np
import pytest

from contado.kernel.portfolio.price import solve_options

BENCH = Path(__file__).resolve().parents[3] / "benchmarks" / "portfolio" / "price" / "bench.py"


@pytest.fixture(scope="module")
def family():
    """The generator of the bench family, with the compiled loops loaded."""
    spec = importlib.util.spec_from_file_location("price_bench", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
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
