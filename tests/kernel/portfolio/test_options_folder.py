"""Options folders: floors as goals, draws and repeated runs through the verbs."""

import csv
import itertools
import json

import numpy as np
import pytest

from contado.cli.app import run


def write(path, name, header, rows):
    with (path / name).open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def folder(path, floors=(), interval=False):
    """Four sites of three options on two budgets, two municipalities."""
    rng = np.random.default_rng(3)
    rows = []
    for site, _ in itertools.product(range(4), range(3)):
        cost, benefit = rng.integers(10, 60, 2).tolist(), int(rng.integers(20, 200))
        ends = [0.5 * benefit, 1.5 * benefit] if interval else ["", ""]
        rows.append([f"S{site}", benefit, "1", cost[0], "2", cost[1], *ends])
    header = ["site", "benefit_eur", "budget_a", "cost_a_eur", "budget_b", "cost_b_eur"]
    write(path, "options.csv", [*header, "benefit_low_eur", "benefit_high_eur"], rows)
    write(
        path,
        "budgets.csv",
        ["budget", "year", "source", "budget_eur"],
        [["1", 2027, "own", 80], ["2", 2027, "region", 90]],
    )
    write(path, "sites.csv", ["site", "municipality"], [[f"S{k}", f"M{k % 2}"] for k in range(4)])
    if floors:
        write(path, "equity_floors.csv", ["municipality", "min_spend_eur"], floors)
    return rows


def answer(capsys, *words):
    code = run(["portfolio", "solve", *map(str, words), "--json", "--quiet"])
    return code, json.loads(capsys.readouterr().out)


def every(rows):
    """All choices that keep both budgets: (value, spending of M0, of M1)."""
    for picks in itertools.product([None, 0, 1, 2], repeat=4):
        mine = [rows[3 * s + k] for s, k in enumerate(picks) if k is not None]
        if sum(r[3] for r in mine) <= 80 and sum(r[5] for r in mine) <= 90:
            spent = {q: sum(r[3] + r[5] for r in mine if int(r[0][1]) % 2 == q) for q in (0, 1)}
            yield sum(r[1] for r in mine), spent[0], spent[1]


def test_soft_floors_make_the_largest_shortfall_least(tmp_path, capsys):
    rows = folder(tmp_path, floors=[["M0", 120], ["M1", 110]])
    _, found = answer(capsys, tmp_path, "--floors", "soft", "--gap", "0")
    least = min(max(0.0, 1 - a / 120, 1 - b / 110) for _, a, b in every(rows))
    assert least > 0
    assert found["verified"]
    assert found["largest_shortfall"] == pytest.approx(least, abs=1e-3)
    assert found["proof"] == "prices"


def test_soft_floors_that_can_be_met_are_met(tmp_path, capsys):
    rows = folder(tmp_path, floors=[["M0", 40], ["M1", 30]])
    _, found = answer(capsys, tmp_path, "--floors", "soft", "--gap", "0")
    assert found["largest_shortfall"] == 0.0
    assert found["value"] == max(v for v, a, b in every(rows) if a >= 40 and b >= 30)


def test_draws_of_width_zero_are_the_plan_itself(tmp_path, capsys):
    rows = folder(tmp_path)
    _, found = answer(capsys, tmp_path, "--draws", "5")
    chosen = {rows[o][0] for o in found["chosen"]}
    assert found["draws"] == 5
    assert found["selection_frequency"] == {f"S{k}": float(f"S{k}" in chosen) for k in range(4)}
    assert found["value_low"] == found["value_high"] == found["value"]


def test_draws_are_repeated_by_their_seed_and_stay_in_their_intervals(tmp_path, capsys):
    folder(tmp_path, interval=True)
    words = (tmp_path, "--draws", "30", "--seed", "4")
    (_, one), (_, two) = answer(capsys, *words), answer(capsys, *words)
    assert one["selection_frequency"] == two["selection_frequency"]
    assert 0.5 * one["value"] <= one["value_low"] < one["value_high"] <= 1.5 * one["value"]
    assert one["replan_method"] == "price"


@pytest.mark.parametrize("words", [(), ("--floors", "soft"), ("--method", "price")])
def test_a_run_is_repeated_byte_for_byte(tmp_path, capsys, words):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    folder(source, floors=[["M0", 60], ["M1", 50]])
    answer(capsys, source, "--out", out, *words)
    code = run(["rerun", str(out / "run.json"), "--json", "--quiet"])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["identical"]
    assert found["sha256"] == found["sha256_recorded"]


def test_a_programme_by_prices_is_repeated_byte_for_byte(tmp_path, capsys, shared):
    answer(capsys, shared("planning/programme/tiny7"), "--no-floors", "--method", "price", "--out", tmp_path)
    record = json.loads((tmp_path / "run.json").read_bytes())
    assert record["method"] == "price"
    run(["rerun", str(tmp_path / "run.json"), "--json", "--quiet"])
    assert json.loads(capsys.readouterr().out)["identical"]


def test_scenarios_are_refused_with_a_hint(tmp_path, capsys):
    folder(tmp_path)
    scenarios = tmp_path / "s.csv"
    scenarios.write_text("scenario,intervention_id,benefit_eur\na,S0,1\n")
    code = run(["portfolio", "solve", str(tmp_path), "--scenarios", str(scenarios), "--json", "--quiet"])
    assert code == 2
    assert "programme folder" in capsys.readouterr().out
