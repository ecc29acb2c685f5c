"""Definition of done of the road engine, item 8: homogeneous segments."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from contado.engines.pavement import segment
from contado.kernel import tables
from contado.verbs import load


@pytest.fixture
def cells(shared):
    return tables.read(shared("roads/segmentation/iri_10m.csv")).table


def f1(found, true, within=20.0):
    """F1 of boundaries, each true one met at most once."""
    free, hits = list(true), 0
    for place in found:
        near = [t for t in free if abs(t - place) <= within]
        if near:
            free.remove(min(near, key=lambda t: abs(t - place)))
            hits += 1
    return 2 * hits / (len(found) + len(true))


@pytest.mark.item("pavement", 8, "F1 of boundaries within 20 m, open file", ">= 0.70, above SHS 0.51")
def test_boundaries(cells, figure):
    true = cells["from_m"].to_numpy()[1:][np.diff(cells["true_segment"].to_numpy()) != 0]
    blind = cells.select(["from_m", "to_m", "iri_m_km"])
    found = segment(*blind.columns)
    score = f1(found.to_m[:-1], true)
    older = f1(segment(*blind.columns, method="cda").to_m[:-1], true)
    figure(f"{score:.3f} ({found.cells.size} segments); CDA {older:.2f}")
    assert score >= 0.70
    assert score > older >= 0.29


@pytest.mark.item("pavement", 8, "segments with CV <= 0.25; least length; tiling", ">= 95 %; 100 m; yes")
def test_segments_are_homogeneous_long_and_tile(cells, shared, figure):
    verb = load("pavement segment")
    answer = verb(verb.request(cells=shared("roads/segmentation/iri_10m.csv")))
    rows = answer.segments
    share = np.mean([r.cv <= 0.25 for r in rows])
    least = min(r.to_m - r.from_m for r in rows)
    figure(f"{100 * share:.0f} %; {least:.0f} m; yes")
    assert share >= 0.95
    assert least >= 100
    assert rows[0].from_m == cells["from_m"][0].as_py()
    assert rows[-1].to_m == cells["to_m"][-1].as_py()
    assert all(a.to_m == b.from_m for a, b in pairwise(rows))
    assert sum(r.cells for r in rows) == cells.num_rows


@pytest.mark.item("pavement", 8, "all IRI times 2.5", "same boundaries")
def test_scale_invariance(cells, figure):
    start, end, iri = (cells[n].to_numpy() for n in ("from_m", "to_m", "iri_m_km"))
    np.testing.assert_array_equal(segment(start, end, iri).to_m, segment(start, end, 2.5 * iri).to_m)
    figure("same")


@pytest.mark.item("pavement", 8, "one step", "found within 20 m")
def test_one_step(figure):
    worst, extra = 0.0, 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        place = int(rng.integers(20, 180))
        iri = np.exp(np.where(np.arange(200) < place, 0.8, 1.3) + rng.normal(0, 0.16, 200))
        found = segment(np.arange(200) * 10.0, np.arange(1, 201) * 10.0, iri)
        extra += found.cells.size - 2
        worst = max(worst, np.abs(found.to_m[:-1] - 10 * place).min())
    figure(f"{worst:.0f} m at most over 20 seeds, {extra} further cuts")
    assert worst <= 20


@pytest.mark.item("pavement", 8, "forced cuts (owner, bridge) on the open file", "all are ends of segments")
def test_forced_cuts(shared, tmp_path, figure):
    cuts = tmp_path / "cuts.csv"
    cuts.write_text("from_m,to_m,reason\n1230,1410,bridge\n3170,5000,owner\n")
    verb = load("pavement segment")
    answer = verb(verb.request(cells=shared("roads/segmentation/iri_10m.csv"), cuts=cuts))
    told = {r.to_m: r.cut_by for r in answer.segments if r.cut_by}
    figure(f"{len(told)} of 4")
    assert told == {1230.0: ["bridge"], 1410.0: ["bridge"], 3170.0: ["owner"], 5000.0: ["owner"]}
