"""Decision, item 19: each task prints its ratios, and names the peers that are not there."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from contado.cli.app import run

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
TASKS = {
    "portfolio.build": (300, ["linopy"], {"to_highs_s", "read_and_sort_s"}),
    "portfolio.price": (2000, ["OR-Tools PDLP with rounding"], {"gap", "bound_eur", "peak_mb"}),
    "portfolio.floors": (2000, ["OR-Tools PDLP with the same rounding"], {"gap", "coarse_gap"}),
    "portfolio.milp": (7, [], {"value_eur", "proven_gap"}),
    "portfolio.front": (12, ["pyaugmecon"], {"points", "complete", "solves", "augmecon_r_ratio"}),
    "appraisal.promethee": (40, ["pymcdm", "pymcdm TOPSIS"], {"topsis_s", "smaa_s"}),
    "monitoring.savings": (3, ["opendsm"], {"median_error_points", "coverage"}),
}
"""Size, peers of other environments, figures."""


def answer(capsys, task, n):
    assert run(["bench", task, "--n", str(n), "--json", "--quiet"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["tasks"]
    return found


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.item("decision", 19, "each task: keys, ratios, absent peers by name", "all printed")
def test_each_task(task, shared, capsys, monkeypatch, tmp_path, figure):
    n, absent, figures = TASKS[task]
    if task == "portfolio.milp":
        shared("planning/programme/tiny7")
    monkeypatch.setenv("CONTADO_PEERS", str(tmp_path))
    found = answer(capsys, task, n)
    skipped = {s["name"]: s["reason"] for s in found["skipped"]}
    figure(f"{len(found['peers'])} ratios; skipped: {', '.join(skipped) or 'none'}")
    assert found["task"] == task
    assert found["n"] == n
    assert found["ours"]["cpu_s"] > 0
    assert figures <= set(found["figures"])
    assert set(absent) <= set(skipped)
    assert all(skipped.values())
    for peer in found["peers"]:
        assert peer["version"]
        assert peer["ratio"] == pytest.approx(peer["cpu_s"] / found["ours"]["cpu_s"], rel=0.5) or peer["note"]
        assert peer["identical"] is not False


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("peers", BENCHMARKS / "peers.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "peers", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.item("decision", 19, "a peer that is there gives a ratio", "version, seconds, ratio")
def test_a_peer_that_is_there(peers, tmp_path, monkeypatch, figure):
    (tmp_path / "pymcdm" / "bin").mkdir(parents=True)
    (tmp_path / "pymcdm" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("CONTADO_PEERS", str(tmp_path))
    monkeypatch.setitem(peers.ENVIRONMENTS, "pymcdm", peers.Environment(("numpy",)))
    script = tmp_path / "peer.py"
    script.write_text(
        "from peers import serve\n"
        "def work(given):\n"
        "    sum(k * k for k in range(300_000))\n"
        "    return {'twice': 2 * given['x']}\n"
        "serve(work)\n"
    )
    # the link leads to our own environment's base: its packages are found through the path
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    found = peers.ask("pymcdm", script, x=[1.0, 2.0])
    assert found.arrays["twice"].tolist() == [2.0, 4.0]
    assert found.cpu_s > 0
    assert found.peak_mb > 5
    sides = {
        "there": lambda: {"version": found.version, "cpu_s": found.cpu_s},
        "absent": lambda: peers.interpreter("linopy"),
        "broken": lambda: 1 / 0,
    }
    ((there,), skipped) = peers.beside(0.5 * found.cpu_s, sides)
    figure(f"ratio {there['ratio']:.1f}")
    assert there["ratio"] == pytest.approx(2.0)
    assert [s["name"] for s in skipped] == ["absent", "broken"]
    assert "ZeroDivisionError" in skipped[1]["reason"]


@pytest.mark.item("decision", 19, "AUGMECON-R's solves, counted on a known front", "each point found")
def test_augmecon_replayed(monkeypatch, figure):
    spec = importlib.util.spec_from_file_location("augmecon", BENCHMARKS / "portfolio/front/augmecon.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    points = [(5, 1, 1), (4, 3, 1), (4, 1, 3), (1, 3, 3)]
    done, infeasible, found = module.solves(points, [1, 1])
    figure(f"{done} solves, {infeasible} of them without a plan, for {found} points")
    assert found == len(points)
    assert done >= found


@pytest.mark.item("decision", 17, "the textbook formulation agrees with ours", "same optimum on tiny7")
def test_the_textbook_formulation(shared, capsys, figure):
    shared("planning/programme/tiny7")
    found = answer(capsys, "portfolio.milp", 7)
    figure(f"{found['figures']['value_eur']:,.2f} EUR")
    assert found["figures"]["value_eur"] == pytest.approx(791_482.33, abs=0.01)
    assert [p["identical"] for p in found["peers"]] == [True]
