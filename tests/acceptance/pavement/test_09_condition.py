"""Definition of done of the road engine, item 9: condition and priority."""

from __future__ import annotations

import numpy as np
import pytest

from contado.verbs import load

HEADER = "segment,iri_m_km,length_m,severity_per_100m,aadt,accident_rate,hydro_risk"
INPUTS = (1, 3, 4, 5, 6)
"""Columns of HEADER that a priority grows with."""


def graded(tmp_path, rows):
    file = tmp_path / "segments.csv"
    lines = (",".join("" if v is None else str(v) for v in row) for row in rows)
    file.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    verb = load("pavement condition")
    return verb(verb.request(segments=file)).segments


def random_rows(seed, count=200):
    rng = np.random.default_rng(seed)
    values = zip(
        rng.lognormal(1, 0.5, count),
        rng.uniform(100, 2000, count),
        rng.exponential(20, count),
        rng.lognormal(8.5, 1, count),
        rng.exponential(0.4, count),
        rng.uniform(0, 1, count),
        strict=True,
    )
    return [[f"s{i}", *(float(x) for x in v)] for i, v in enumerate(values)]


@pytest.mark.item("pavement", 9, "condition and priority in each input", "monotone")
def test_monotone_in_each_input(tmp_path, figure):
    rows = random_rows(0)
    before = graded(tmp_path, rows)
    for column in INPUTS:
        worse = [[*r[:column], r[column] * 1.3 + 0.01, *r[column + 1 :]] for r in rows]
        worse = [[*r[:6], min(r[6], 1.0)] for r in worse]
        after = graded(tmp_path, worse)
        assert all(b.priority >= a.priority - 1e-12 for a, b in zip(before, after, strict=True))
        assert all(b.condition_index <= a.condition_index for a, b in zip(before, after, strict=True))
    figure(f"{len(rows)} segments x {len(INPUTS)} inputs")


@pytest.mark.item("pavement", 9, "contributions of `why`", "sum to the priority")
def test_why_sums_to_the_priority(tmp_path, figure):
    rows = random_rows(1)
    rows[3][4] = rows[7][5] = rows[7][6] = None
    found = graded(tmp_path, rows)
    worst = max(abs(sum(w.contribution or 0 for w in s.why) - s.priority) for s in found)
    figure(f"{worst:.0e}")
    assert worst <= 1e-12
    assert sorted(s.rank for s in found) == list(range(1, len(rows) + 1))


@pytest.mark.item("pavement", 9, "four colours", "breaks 70, 50, 30, lower bound included")
def test_four_colours(tmp_path, figure):
    iri = [1 - np.log(ci / 100) / 0.26 for ci in (70.001, 69.999, 50.001, 49.999, 30.001, 29.999)]
    found = graded(tmp_path, [[f"s{i}", x, 100, 0, "", "", ""] for i, x in enumerate(iri)])
    colours = [s.criticality for s in found]
    figure(", ".join(dict.fromkeys(colours)))
    assert colours == ["verde", "giallo", "giallo", "arancione", "arancione", "rosso"]
