"""Growth of the roads' roughness: lives of the surface as the fusion has them, families once a section."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from contado.practices.manto_stradale import MantoStradale, growth
from contado.testing.toy import toy_territory

DAY = dt.date(2026, 6, 10)


@pytest.mark.parametrize(("day", "life"), [(9, "S#0"), (10, "S#0"), (11, "S#1")])
def test_a_pass_on_the_day_of_the_works_reads_the_old_surface(day, life):
    done = [{"section_id": "S", "date": DAY}, {"section_id": "T", "date": DAY}]
    days = np.array([f"2026-06-{day:02}"], "datetime64[D]")
    assert growth._lives(pd.Series(["S"]), days, done, dt.date(2026, 7, 1)) == [life]


def test_each_section_has_one_family_however_often_it_was_driven(tmp_path, monkeypatch):
    toy = toy_territory(tmp_path / "toy", MantoStradale())
    sections = {s["section_id"]: s for s in toy.read("pavement_lrs_section").to_pylist()}
    once, asked = growth.family, []
    monkeypatch.setattr(growth, "family", lambda row, on: asked.append(row["section_id"]) or once(row, on))
    growth.fitted(toy, sections, dt.date(2026, 6, 1))
    driven = set(toy.read("pavement_cell_obs")["section_id"].to_pylist())
    assert sorted(asked) == sorted(driven & set(sections))
