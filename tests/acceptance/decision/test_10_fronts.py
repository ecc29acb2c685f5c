"""Decision, item 10: complete fronts, equal to the reference files; a stopped run gives a part of them."""

import csv
import json

import numpy as np
import pytest

from contado.cli.app import run
from contado.kernel.portfolio.front import Objectives, front, read_knapsack
from contado.kernel.solver import RowBuilder


def reference(folder):
    with (folder / "pareto_sols.csv").open() as file:
        return {tuple(float(v) for v in row[1:]) for row in list(csv.reader(file))[1:]}


@pytest.mark.parametrize(("name", "n", "solves"), [("2kp50", 35, 36), ("2kp100", 121, 122)])
@pytest.mark.item("decision", 10, "two objectives: points and solves", "35 in 36, 121 in 122; equal")
def test_two_objectives(shared, capsys, figure, name, n, solves):
    folder = shared(f"planning/momkp/{name}")
    assert run(["portfolio", "front", str(folder), "--time-limit-s", "1200", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    figure(f"{answer['n']} in {answer['solves']}")
    assert {tuple(p) for p in answer["points"]} == reference(folder)
    assert (answer["n"], answer["solves"], answer["complete"]) == (n, solves, True)


@pytest.mark.slow
@pytest.mark.item("decision", 10, "3kp40: points", "389, equal")
def test_three_objectives(shared, figure):
    folder = shared("planning/momkp/3kp40")
    found = front(read_knapsack(folder), time_limit_s=3600)
    figure(f"{len(found.points)} in {found.solves} solves")
    assert found.complete
    assert set(found.points) == reference(folder)


@pytest.mark.parametrize(("name", "limit_s"), [("2kp50", "0.05"), ("3kp40", "2")])
@pytest.mark.item("decision", 10, "stopped before its end", "part of the true front, not complete, exit 3")
def test_a_stopped_run(shared, capsys, figure, name, limit_s):
    folder = shared(f"planning/momkp/{name}")
    assert run(["portfolio", "front", str(folder), "--time-limit-s", limit_s, "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    figure(f"{answer['n']} points")
    assert not answer["complete"]
    assert {tuple(p) for p in answer["points"]} <= reference(folder)


@pytest.mark.item("decision", 10, "max (x1, 3 x1 + 4 x2): extreme points", "(8, 184), (20, 160)")
def test_the_analytic_example(figure):
    rows = RowBuilder()
    rows.add([0, 1], [5.0, 4.0], upper=200.0)
    model = rows.finish(cost=[0.0, 0.0], upper=[20.0, 40.0], integer=[True, True])
    found = front(Objectives(model=model, weights=np.array([[1.0, 0.0], [3.0, 4.0]])))
    ends = found.points[-1], found.points[0]
    figure(str(ends))
    assert found.complete
    assert ends == ((8.0, 184.0), (20.0, 160.0))


def brute_force(weights, points):
    values = {tuple(weights @ x) for x in points}
    return {
        v
        for v in values
        if not any(w != v and all(a >= b for a, b in zip(w, v, strict=False)) for w in values)
    }


@pytest.mark.parametrize("p", [2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_small_fronts_against_brute_force(p, seed):
    rng = np.random.default_rng(seed)
    n = 8
    weights, use = rng.integers(0, 12, (p, n)).astype(float), rng.integers(1, 9, n).astype(float)
    rows = RowBuilder()
    rows.add(list(range(n)), use.tolist(), upper=float(use.sum() // 2))
    model = rows.finish(cost=[0.0] * n, upper=[1.0] * n, integer=[True] * n)
    every = [np.array([(k >> j) & 1 for j in range(n)], dtype=float) for k in range(2**n)]
    inside = [x for x in every if use @ x <= use.sum() // 2]
    found = front(Objectives(model=model, weights=weights))
    assert found.complete
    assert set(found.points) == brute_force(weights, inside)
