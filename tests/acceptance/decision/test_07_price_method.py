"""Decision, item 7: the price method on options10k, its bound recomputed from what is printed."""

import csv
import gzip
import json
import random
import shutil

import numpy as np
import pytest

from contado.cli.app import run

FOLDER = "planning/options10k"


@pytest.fixture(scope="module")
def warm():
    """The compiled loops, loaded: a first compilation is no part of a solve."""
    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price import solve_options

    site = np.arange(6).repeat(2)
    budget = np.column_stack([np.tile([0, 1], 6), np.full(12, -1)])
    cost = np.column_stack([np.linspace(1, 2, 12), np.zeros(12)])
    money = np.array([4.0, 4.0])
    solve_options(
        Options.from_arrays(
            site=site, benefit_eur=cost[:, 0], budget=budget, cost_eur=cost, budget_eur=money
        ),
        method="price",
    )


@pytest.fixture(scope="module")
def solved(warm, shared):
    return answer(shared(FOLDER))


def answer(folder):
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run(
            [
                "portfolio",
                "solve",
                str(folder),
                "--gap",
                "4.5e-4",
                "--time-limit-s",
                "10",
                "--json",
                "--quiet",
            ]
        )
    return code, json.loads(out.getvalue())


def rows(folder):
    with gzip.open(folder / "options.csv.gz", "rt") as file:
        options = list(csv.DictReader(file))
    with (folder / "budgets.csv").open() as file:
        return options, list(csv.DictReader(file))


@pytest.mark.item("decision", 7, "options10k: bound, plan, gap", "514,090,000; 513,800,000; 4.5e-4 in 10 s")
def test_bound_plan_and_gap(solved, figure):
    code, found = solved
    figure(
        f"{found['bound']:,.0f}; {found['value']:,.0f}; {found['gap']:.2e} in {found['seconds']['solve']:.2f} s"
    )
    assert code == 0
    assert found["verified"]
    assert found["bound"] <= 514_090_000
    assert found["value"] >= 513_800_000
    assert found["gap"] <= 4.5e-4
    assert found["seconds"]["solve"] <= 10


@pytest.mark.item("decision", 7, "bound recomputed from the printed prices", "1e-9 relative")
def test_bound_from_prices(solved, shared, figure):
    _, found = solved
    options, budgets = rows(shared(FOLDER))
    price = {p["budget"]: p["price"] for p in found["prices"]}
    margin = {}
    for o in options:
        v = float(o["benefit_eur"]) - price[o["budget_a"]] * float(o["cost_a_eur"])
        if o["budget_b"]:
            v -= price[o["budget_b"]] * float(o["cost_b_eur"])
        margin[o["site"]] = max(margin.get(o["site"], 0.0), v)
    bound = sum(margin.values()) + sum(price[b["budget"]] * float(b["budget_eur"]) for b in budgets)
    difference = abs(bound - found["bound"]) / bound
    figure(f"{difference:.1e}")
    assert min(price.values()) >= 0
    assert difference <= 1e-9


@pytest.mark.item("decision", 7, "plan recomputed from its rows", "feasible, same value")
def test_plan_from_rows(solved, shared, figure):
    _, found = solved
    options, budgets = rows(shared(FOLDER))
    chosen = [options[k] for k in found["chosen"]]
    left = {b["budget"]: float(b["budget_eur"]) for b in budgets}
    for o in chosen:
        left[o["budget_a"]] -= float(o["cost_a_eur"])
        left[o["budget_b"]] -= float(o["cost_b_eur"])
    figure(f"{len(chosen)} sites, least left {min(left.values()):.0f} EUR")
    assert len({o["site"] for o in chosen}) == len(chosen)
    assert min(left.values()) >= 0
    assert sum(float(o["benefit_eur"]) for o in chosen) == found["value"]


@pytest.mark.item("decision", 7, "rows in another order", "same plan, bound and prices")
def test_row_order(solved, shared, tmp_path, figure):
    _, found = solved
    options, _ = rows(shared(FOLDER))
    mixed = list(range(len(options)))
    random.Random(1).shuffle(mixed)
    shutil.copy(shared(FOLDER) / "budgets.csv", tmp_path / "budgets.csv")
    with (tmp_path / "options.csv").open("w") as file:
        writer = csv.DictWriter(file, list(options[0]))
        writer.writeheader()
        writer.writerows(options[k] for k in mixed)
    _, again = answer(tmp_path)
    assert sorted(mixed[k] for k in again["chosen"]) == found["chosen"]
    assert again["bound"] == found["bound"]
    assert again["prices"] == found["prices"]
    figure("identical")


@pytest.mark.item(
    "decision", 7, "options10k without a compiler (numpy)", "514,090,000; 513,800,000; 4.5e-4 in 10 s"
)
def test_without_a_compiler(shared, figure):
    import time

    from contado.kernel.portfolio.options import Options
    from contado.kernel.portfolio.price import solve_options
    from contado.kernel.portfolio.verify_options import verify_options
    from contado.kernel.tables.exchange import read_folder

    tables = read_folder(shared(FOLDER)).tables
    options = Options.from_tables(tables)
    started = time.perf_counter()
    found = solve_options(options, gap_share=4.5e-4, time_limit_s=10, method="price", path="numpy")
    seconds = time.perf_counter() - started
    figure(f"{found.bound_eur:,.0f}; {found.value_eur:,.0f}; {found.gap_share:.2e} in {seconds:.2f} s")
    assert found.solver == "price method, numpy"
    assert verify_options(tables, found.chosen).ok
    assert found.bound_eur <= 514_090_000
    assert found.value_eur >= 513_800_000
    assert found.gap_share <= 4.5e-4
    assert seconds <= 10
