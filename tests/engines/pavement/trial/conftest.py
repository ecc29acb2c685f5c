"""Invented panels: sections by campaigns and cells, with a known difference of growth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest


@pytest.fixture
def panel_of():
    """Function that invents a panel."""

    def make(
        *,
        treated=2,
        control=12,
        effect=0.0,
        sd=0.012,
        ages=(0.0, 1.0, 2.0, 3.0, 4.0),
        cells=5,
        seed=0,
        noise=0.02,
    ) -> dict[str, list]:
        chance = np.random.default_rng(seed)
        season = chance.normal(0, 0.02, len(ages))
        rows: dict[str, list] = {n: [] for n in ("section", "group", "from_m", "age_years", "iri_m_km")}
        for s in range(treated + control):
            growth = 0.075 + chance.normal(0, sd) + (effect if s < treated else 0.0)
            base = chance.normal(0.2, 0.1) + chance.normal(0, 0.1, cells)
            for age, shift in zip(ages, season, strict=True):
                log = base + growth * max(age, 0.0) + shift + chance.normal(0, noise, cells)
                rows["section"] += [f"S{s:02d}"] * cells
                rows["group"] += ["treated" if s < treated else "control"] * cells
                rows["from_m"] += [20.0 * c for c in range(cells)]
                rows["age_years"] += [age] * cells
                rows["iri_m_km"] += np.exp(log).tolist()
        return rows

    return make


@pytest.fixture
def table_of(panel_of):
    """Function that invents a panel as a table."""
    return lambda **how: pa.table(panel_of(**how))
