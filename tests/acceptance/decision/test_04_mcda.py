"""Decision, item 4: published examples, PROMETHEE by sorting, invariance, consistency."""

import json

import numpy as np
import pytest

from contado.cli.app import run
from contado.kernel.appraisal import mcda

TOLERANCES = {"rank": 0, "kernel": 0, "compromise_set": 0}


def differences(found, expected):
    """Largest difference of each key; None stands for None."""
    for key, want in expected.items():
        have = np.array(found[key], dtype=float)
        yield key, float(np.nanmax(np.abs(have - np.array(want, dtype=float)), initial=0.0))


@pytest.mark.item("decision", 4, "mcda/published_examples.json", "within its tolerances")
def test_published_examples(shared, capsys, figure):
    path = shared("planning/mcda/published_examples.json")
    assert run(["appraisal", "mcda", str(path), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    cases = json.loads(path.read_text())
    worst = 0.0
    for case, result in zip(cases, results, strict=True):
        assert result["method"] == case["method"]
        for key, difference in differences(result, case["expected"]):
            limit = TOLERANCES.get(key, case.get("atol", 1e-9))
            worst = max(worst, difference / limit if limit else float(difference > 0) * 2)
            assert difference <= limit, (case["source"], key)
    figure(f"{len(cases)} examples, worst {worst:.2f} of the tolerance")


@pytest.mark.item("decision", 4, "PROMETHEE II by sorting against all pairs", "1e-12")
def test_promethee(figure):
    x = np.random.default_rng(0).normal(size=(1500, 5))
    x[:, 0] = np.round(x[:, 0], 1)
    weights = np.array([0.1, 0.3, 0.2, 0.25, 0.15])
    pairs = sum(w * np.sign(c[:, None] - c[None, :]).sum(axis=1) for w, c in zip(weights, x.T, strict=True))
    found = mcda.promethee(x, ["max"] * 5, weights)
    difference = np.abs(np.array(found.phi) - pairs / (len(x) - 1)).max()
    figure(f"{difference:.1e}")
    assert difference <= 1e-12


@pytest.mark.item("decision", 4, "affine rescaling, minmax methods", "no rank changes")
def test_invariance(figure):
    rng = np.random.default_rng(4)
    changed = tried = 0
    for _ in range(200):
        matrix, sense = rng.random((8, 4)), ["max", "min", "max", "min"]
        moved = matrix * rng.uniform(0.01, 100, 4) + rng.uniform(-1000, 1000, 4)
        for method in (mcda.wsm, mcda.topsis, mcda.vikor, mcda.promethee):
            first, second = (method(x, sense, normalisation="minmax").rank for x in (matrix, moved))
            changed += first != second
            tried += 1
    figure(f"{changed} of {tried}")
    assert changed == 0


@pytest.mark.item(
    "decision", 4, "AHP: consistent matrix; house of Saaty 1990", "CR 0; CR 0.169 names 0, 2, 6"
)
def test_consistency(figure):
    weights = np.random.default_rng(1).uniform(0.1, 5, 9)
    consistent = mcda.ahp(weights[:, None] / weights[None, :])
    assert consistent.consistency_ratio == 0
    house = np.ones((8, 8))
    upper = "5 3 7 6 6 .3333333333333333 .25  .3333333333333333 5 3 3 .2 .14285714285714285  6 3 4 6 .2  "
    upper += (
        ".3333333333333333 .25 .14285714285714285 .125  .5 .2 .16666666666666666  .2 .16666666666666666  .5"
    )
    house[np.triu_indices(8, 1)] = [float(c) for c in upper.split()]
    house = np.where(np.tri(8, k=-1) > 0, 1 / house.T, house)
    found = mcda.ahp(house)
    figure(
        f"CR {consistent.consistency_ratio}; CR {found.consistency_ratio:.3f} names {found.findings[0].row}"
    )
    assert found.consistency_ratio == pytest.approx(0.169, abs=0.0005)
    assert "0, 2, 6" in found.findings[0].message


@pytest.mark.item("decision", 4, "ELECTRE TRI, road projects of Ticino", "both assignments of 1994")
def test_electre_tri(figure):
    matrix = [
        [-120, -284, 5, 3.5, 18],
        [-150, -269, 2, 4.5, 24],
        [-100, -413, 4, 5.5, 17],
        [-60, -596, 6, 8.0, 20],
        [-30, -1321, 8, 7.5, 16],
        [-80, -734, 5, 4.0, 21],
        [-45, -982, 7, 8.5, 13],
    ]
    found = mcda.electre_tri(
        matrix,
        ["max"] * 5,
        [25, 45, 10, 12, 8],
        profiles=[[-100, -1000, 4, 4, 15], [-50, -500, 7, 7, 20]],
        q=[15, 80, 1, 0.5, 1],
        p=[40, 350, 3, 3.5, 5],
        v=[100, 850, 5, 4.5, 8],
    )
    figure(f"{found.pessimistic} {found.optimistic}")
    assert (found.pessimistic, found.optimistic) == ([1, 0, 1, 2, 0, 1, 1], [1, 2, 1, 2, 1, 1, 1])


@pytest.mark.item("decision", 4, "SMAA: same seed; row sums", "equal; 1")
def test_smaa(figure):
    x = np.random.default_rng(2).random((7, 4))
    first, second = (mcda.smaa(x, ["max"] * 4, draws=2000, seed=11) for _ in range(2))
    figure("equal; 1")
    assert first == second
    assert np.array(first.acceptability).sum(axis=1) == pytest.approx(np.ones(7))


@pytest.mark.item("decision", 4, "bad_mcda_input", "exit 2; constant criterion a finding")
def test_bad_inputs(tmp_path, capsys, figure):
    base = {"matrix": [[1, 2], [3, 2]], "sense": ["max", "max"], "weights": [1, 1]}
    file = tmp_path / "cases.json"
    bad = [{**base, "method": "TOPSYS"}, {**base, "method": "TOPSIS", "weights": [1]}]
    bad += [{**base, "method": "TOPSIS", "weights": [0, 0]}]
    for case in bad:
        file.write_text(json.dumps([case]))
        assert run(["appraisal", "mcda", str(file), "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["rule"] == "bad_mcda_input"
    file.write_text(json.dumps([{**base, "method": "TOPSIS"}]))
    assert run(["appraisal", "mcda", str(file), "--json"]) == 0
    assert [f["rule"] for f in json.loads(capsys.readouterr().out)["findings"]] == ["bad_mcda_input"]
    figure("3 refused, 1 finding")
