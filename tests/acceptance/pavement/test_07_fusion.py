"""Definition of done of the road engine, item 7: fusion."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from contado.engines.pavement import fuse
from contado.kernel import tables
from contado.verbs import load

ON = date(2027, 6, 30)


def history(seed=0, *, cells=1500, vehicles=5, drives=15, days=700, noise=0.09):
    """Simulate drives over roads that worsen: biased cars, noise, growth and drift of log IRI."""
    rng = np.random.default_rng(seed)
    bias = rng.normal(0, 0.06, vehicles)
    bias -= bias.mean()
    growth = rng.normal(0.05, 0.03, cells)
    when = np.sort(rng.uniform(0, days, drives)) - days
    x = rng.normal(np.log(2.5), 0.4, cells)
    rows = []
    for d, t in enumerate(when):
        dt = (t - when[d - 1]) / 365.25 if d else 0.0
        x = x + growth * dt + rng.normal(0, 0.05 * np.sqrt(dt), cells)
        y = x + bias[d % vehicles] + rng.normal(0, noise, cells)
        stamp = pd.Timestamp(ON, tz="UTC") + pd.Timedelta(days=float(t))
        table = {
            "section_id": ["S1"] * cells,
            "cell": np.arange(cells),
            "drive_id": [f"car{d % vehicles}_pass{d}"] * cells,
            "t_utc": pa.array([stamp] * cells, pa.timestamp("us", "UTC")),
            "iri_m_km": np.exp(y),
            "sd_log": np.full(cells, noise),
            "label": ["simulated"] * cells,
        }
        rows.append(pa.table(table))
    dt = -when[-1] / 365.25
    return rows, np.exp(x + growth * dt + rng.normal(0, 0.05 * np.sqrt(dt), cells))


@pytest.mark.item("pavement", 7, "90 % intervals of a simulated history", "85-95 %")
def test_intervals_cover(figure):
    rows, truth = history()
    cells = fuse(rows, on=ON).cells
    low, high = (cells[n].to_numpy() for n in ("low_m_km", "high_m_km"))
    share = float(np.mean((low <= truth) & (truth <= high)))
    figure(f"{100 * share:.1f} %")
    assert 0.85 <= share <= 0.95


@pytest.mark.item("pavement", 7, "permuted arrival of the drives", "equal to 1e-9")
def test_order_of_arrival_does_not_matter(figure, tmp_path):
    rows, _ = history(1, cells=300)
    for k, table in enumerate(rows):
        tables.write_parquet(table, tmp_path / f"{k}.parquet")
    states = []
    verb = load("pavement fuse")
    for name, order in (("one", range(15)), ("other", [7, 3, 14, 0, 9, 1, 12, 5, 2, 13, 4, 11, 6, 10, 8])):
        previous = None
        for part in (list(order)[:6], list(order)[6:]):
            answer = verb(
                verb.request(
                    observations=[str(tmp_path / f"{k}.parquet") for k in part],
                    out=tmp_path / name,
                    previous=previous,
                    on=ON,
                )
            )
            previous = tmp_path / name / "cell_state.parquet"
        states.append(np.array([[c.iri_m_km, c.low_m_km, c.high_m_km, c.growth_per_y] for c in answer.cells]))
    worst = float(np.abs(states[0] / states[1] - 1).max())
    figure(f"{worst:.0e} relative")
    assert worst <= 1e-9


@pytest.mark.item("pavement", 7, "repeated drives", "change nothing")
def test_repeated_drives_are_ignored(figure):
    rows, _ = history(2, cells=200)
    once = fuse(rows, on=ON)
    renamed = rows[0].set_column(2, "drive_id", pa.array(["again_pass1"] * 200))
    twice = fuse([*rows, renamed, rows[5]], on=ON, previous=once.cells)
    assert once.cells.equals(twice.cells)
    assert twice.drives_used == ()
    figure(f"{len(twice.drives_repeated)} repeated, same bytes")


@pytest.mark.item("pavement", 7, "works", "reset the state")
def test_works_reset(figure):
    rows, _ = history(3, cells=50)
    stamp = pd.Timestamp("2027-06-20", tz="UTC")
    after = rows[0].set_column(3, "t_utc", pa.array([stamp] * 50, pa.timestamp("us", "UTC")))
    after = after.set_column(2, "drive_id", pa.array(["car0_pass99"] * 50))
    after = after.set_column(4, "iri_m_km", pa.array(np.full(50, 1.1)))
    works = pa.table({"section_id": ["S1"], "from_m": [0.0], "to_m": [500.0], "date": [date(2027, 6, 18)]})
    cells = fuse([*rows, after], on=ON, works=works).cells.to_pylist()
    renewed = [c for c in cells if c["to_m"] <= 500]
    assert {c["n_passes"] for c in renewed} == {1}
    assert {c["n_passes"] for c in cells if c["from_m"] >= 500} == {16}
    assert all(abs(c["iri_m_km"] / 1.1 - 1) < 0.1 for c in renewed)
    figure(f"{len(renewed)} cells renewed, 1 pass each")
